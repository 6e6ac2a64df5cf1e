"""RAVDESS: 24 actors say two sentences in eight emotions, two intensities, twice; the spoken part.

S. R. Livingstone, F. A. Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song", PLoS ONE
13(5), 2018, doi:10.1371/journal.pone.0196391.

A file's name is modality-channel-emotion-intensity-statement-repetition-actor. A take was published three
times: as sound (modality 03), as video with that same sound (01) and as silent video (02). It counts once
here: by its sound file, or else by its video with sound. Song (channel 02) is another corpus and left out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

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
CLIPS_PER_ACTOR = 60
CLIPS = 1440
SHORTEST = 2.0  # seconds; the shortest published take lasts 2.9 s

_NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")


@dataclass(frozen=True)
class Clip:
    """One take. emotion, intensity, statement, repetition: numbers from 1, as in the name; actor "01"."""

    emotion: int
    intensity: int
    statement: int
    repetition: int
    actor: str
    path: Path

    @property
    def name(self) -> str:
        return f"{self.emotion:02}-{self.intensity:02}-{self.statement:02}-{self.repetition:02}-{self.actor}"


def names() -> list[str]:
    """The names of all 1,440 takes, without modality and channel, by actor: "05-02-01-01-12"."""
    return [f"{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor}"
            for actor, emotion, intensity, statement, repetition
            in itertools.product(ACTORS, range(1, 9), (1, 2), (1, 2), (1, 2))
            if (emotion, intensity) != (1, 2)]


@dataclass
class _Found:
    clips: list[Clip]
    songs: int
    twins: list[str]
    wrong: list[str]


def _files(source: Path) -> list[Path]:
    """Sound and video files of the actors' folders, one or two levels down, or of the folder itself."""
    places = [source, *layout.folders(source)]
    places += [inner for folder in places[1:] for inner in layout.folders(folder)]
    return [p for place in places for p in layout.files(place, ".wav", ".flac", ".mp4")]


def _scan(source: Path) -> _Found:
    known = set(names())
    sound: dict[str, Path] = {}
    video: dict[str, Path] = {}
    found = _Found([], 0, [], [])
    for path in _files(source):
        where = layout.below(path, source)
        match = _NAME.fullmatch(path.stem)
        modality, channel = (match.group(1), match.group(2)) if match else ("", "")
        name = path.stem[6:]
        folder = re.fullmatch(r"Actor_(\d\d)", path.parent.name)
        if channel == "02" and modality in ("01", "02", "03"):
            found.songs += 1
        elif not match or modality not in ("01", "02", "03") or name not in known:
            found.wrong.append(where)
        elif folder and folder.group(1) != name[-2:]:
            found.wrong.append(f"{where} (actor {name[-2:]} by its name)")
        elif modality != "02":  # 02 is silent
            own = sound if modality == "03" else video
            if name in own:
                found.twins.append(where)
            own.setdefault(name, path)
    if not sound and not video:
        raise layout.absent(source, ABOUT)
    found.twins += [layout.below(video[name], source) for name in video if name in sound]
    for name in sorted({**video, **sound}, key=lambda name: (name[-2:], name)):
        emotion, intensity, statement, repetition = (int(part) for part in name.split("-")[:4])
        found.clips.append(Clip(emotion, intensity, statement, repetition, name[-2:],
                                sound.get(name) or video[name]))
    return found


def clips(source: str | Path) -> list[Clip]:
    """All takes there are, each once, by actor and name. Raises InputError,
    saying where to get RAVDESS, for none."""
    return _scan(Path(source)).clips


def summary(found: Sequence[Clip]) -> str:
    """Counts against the published ones: "24 of 24 actors, 1,440 of 1,440 takes"."""
    return (layout.counted(len({c.actor for c in found}), len(ACTORS), "actors") + ", "
            + layout.counted(len(found), CLIPS, "takes"))


def _missing(source: Path, found: _Found) -> list[str]:
    have = {c.name for c in found.clips}
    actors = {c.actor for c in found.clips}
    problems = layout.grouped("actors missing", [a for a in ACTORS if a not in actors], len(ACTORS))
    problems += layout.grouped(f"takes missing, of {CLIPS:,}",
                               [f"03-01-{n}" for n in names() if n not in have and n[-2:] in actors])
    problems += layout.grouped("files that are not of RAVDESS, or not where they should be", found.wrong)
    return problems + layout.empty((c.path for c in found.clips), source)


def _utterance(clip: Clip, source: Path) -> Utterance:
    seconds = layout.media(clip.path).audio
    if seconds < SHORTEST:
        raise InputError(f"{layout.below(clip.path, source)}: {seconds:.2f} s of sound: cut short")
    return Utterance(
        id=f"ravdess-{clip.name}", audio=layout.below(clip.path, source), duration=seconds,
        speaker=f"ravdess-{clip.actor}", text=STATEMENTS[clip.statement - 1],
        labels={"emotion": EMOTIONS[clip.emotion - 1], "intensity": INTENSITIES[clip.intensity - 1],
                "statement": f"{clip.statement}", "repetition": clip.repetition,
                "sex": "male" if int(clip.actor) % 2 else "female"})


def _read(source: Path, found: _Found, workers: int) -> tuple[list[Utterance], list[str]]:
    read, unusable = layout.gather(found.clips, lambda clip: _utterance(clip, source), "RAVDESS", workers)
    return read, layout.grouped("unusable takes", unusable) + layout.cut_short(read)


def prepare(source: str | Path, out: str | Path, incomplete: bool = False, workers: int = 4) -> list[Path]:
    """Writes all.jsonl, one utterance a take. Labels: emotion, intensity, statement, repetition, sex.

    incomplete: go on where takes are missing or wrong; workers: threads that open files. Raises InputError
    where RAVDESS is absent, and where it is not whole.
    """
    source = Path(source)
    found = _scan(source)
    utterances, unusable = _read(source, found, workers)
    notes = [summary(found.clips)]
    if found.songs:
        notes.append(f"{found.songs:,} songs left out")
    notes += layout.grouped("files of takes that are there already, counted once", found.twins, 3)
    return layout.finish_whole(out, ABOUT, "ravdess", source, utterances, notes,
                               _missing(source, found) + unusable, incomplete)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each: actors, takes, names, files that do not open or were cut.

    Raises InputError where RAVDESS is absent.
    """
    source = Path(source)
    found = _scan(source)
    return _missing(source, found) + _read(source, found, 4)[1]
