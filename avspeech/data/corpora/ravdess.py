"""RAVDESS: 24 actors say two sentences in eight emotions, two intensities, twice; the spoken part.

S. R. Livingstone, F. A. Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song",
PLoS ONE 13(5), 2018, doi:10.1371/journal.pone.0196391.

A file's name is modality-channel-emotion-intensity-statement-repetition-actor. A take was published
three times: as sound (modality 03), as video with that same sound (01) and as silent video (02). It
counts once here: by its sound file, or else by its video with sound. Song (channel 02) is another
corpus and left out.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan
from avspeech.data.protocol import Protocol, balanced, identity

ABOUT = layout.About(
    name="RAVDESS",
    page="https://zenodo.org/records/1188976",
    terms="free to download, no agreement; CC BY-NC-SA 4.0",
    layout="Audio_Speech_Actors_01-24/Actor_NN/03-01-*.wav (also Actor_NN/*.wav or *.flac)",
)

# The paper, "File naming convention" and Table 1: 60 spoken takes an actor, 1,440 in all.
EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
INTENSITIES = ("normal", "strong")  # neutral has no strong one
STATEMENTS = ("Kids are talking by the door.", "Dogs are sitting by the door.")
ACTORS = tuple(f"{n:02}" for n in range(1, 25))  # odd: men, even: women
CLIPS = 1440
SHORTEST = 2.0  # seconds; the shortest published take lasts 2.9 s

_NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")


def names() -> list[str]:
    """The names of all 1,440 takes, without modality and channel, by actor: "05-02-01-01-12"."""
    return [f"{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor}"
            for actor, emotion, intensity, statement, repetition
            in itertools.product(ACTORS, range(1, 9), (1, 2), (1, 2), (1, 2))
            if (emotion, intensity) != (1, 2)]


def _files(source: Path) -> list[Path]:
    """Sound and video files of the actors' folders, one or two levels down, or of the folder
    itself."""
    places = [source, *layout.folders(source)]
    places += [inner for folder in places[1:] for inner in layout.folders(folder)]
    return [p for place in places for p in layout.files(place, ".wav", ".flac", ".mp4")]


def scan(source: Path) -> Scan[Clip]:
    """All existing takes, each once, by actor and name. Labels: emotion, intensity, statement,
    repetition, sex."""
    known = set(names())
    sound: dict[str, Path] = {}
    video: dict[str, Path] = {}
    songs, twins, wrong = 0, [], []
    for path in _files(source):
        where = layout.below(path, source)
        match = _NAME.fullmatch(path.stem)
        modality, channel = (match.group(1), match.group(2)) if match else ("", "")
        name = path.stem[6:]
        folder = re.fullmatch(r"Actor_(\d\d)", path.parent.name)
        if channel == "02" and modality in ("01", "02", "03"):
            songs += 1
        elif not match or modality not in ("01", "02", "03") or name not in known:
            wrong.append(where)
        elif folder and folder.group(1) != name[-2:]:
            wrong.append(f"{where} (actor {name[-2:]} by its name)")
        elif modality != "02":  # 02 is silent
            own = sound if modality == "03" else video
            if name in own:
                twins.append(where)
            own.setdefault(name, path)
    twins += [layout.below(video[name], source) for name in video if name in sound]
    clips = [_clip(name, sound.get(name) or video[name])
             for name in sorted({**video, **sound}, key=lambda name: (name[-2:], name))]
    actors = {c.speaker for c in clips}
    problems = layout.grouped("actors missing", [a for a in ACTORS if a not in actors], len(ACTORS))
    problems += layout.grouped(f"takes missing, of {CLIPS:,}", [
        f"03-01-{n}" for n in names() if n not in sound and n not in video and n[-2:] in actors])
    problems += layout.grouped("files that are not of RAVDESS, or not where they should be", wrong)
    found = [layout.counted(len(actors), len(ACTORS), "actors") + ", "
             + layout.counted(len(clips), CLIPS, "takes")]
    found += [f"{songs:,} songs left out"] if songs else []
    found += layout.grouped("files of takes that are there already, counted once", twins, 3)
    return Scan(clips, found, problems, noun="takes", shortest=SHORTEST, varied=True, rate=48_000)


def _clip(name: str, path: Path) -> Clip:
    emotion, intensity, statement, repetition = (int(part) for part in name.split("-")[:4])
    actor = name[-2:]
    return Clip(name, path, actor, {
        "emotion": EMOTIONS[emotion - 1], "intensity": INTENSITIES[intensity - 1],
        "statement": f"{statement}", "repetition": repetition,
        "sex": "male" if int(actor) % 2 else "female"}, STATEMENTS[statement - 1])


# Test actors: the folds of EmoBox (Ma et al., Interspeech 2024), which has no development set; two
# women and two men of the other folds are held out for it here, by the rule of `protocol.balanced`.
_TESTS = [[f"ravdess-{a}" for a in fold.split()] for fold in (
    "01 11 20 21", "04 10 12 14", "08 09 19 23", "03 05 07 24", "02 15 16 18", "06 13 17 22")]
PROTOCOLS = (Protocol(
    name="ravdess-6fold", corpus="ravdess", label="emotion", kind="classification",
    classes=EMOTIONS, mapping=identity(EMOTIONS), group="speaker",
    folds=balanced(_TESTS, {f"ravdess-{a}": "male" if int(a) % 2 else "female" for a in ACTORS}, 2),
    counts={name: 96 if name == "neutral" else 192 for name in EMOTIONS},
    source="test actors: EmoBox; development actors: two women and two men of the folds that "
           "follow"),)
