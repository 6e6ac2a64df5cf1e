"""EmoDB: ten actors say ten German sentences in seven emotions.

F. Burkhardt et al., "A database of German emotional speech", Interspeech 2005.

A file's name is its meaning: 03a01Fa is speaker 03, text a01, emotion F (Freude), version a. Unusable takes
were taken out before publication, so there is no full grid to hold it against; what is known is how many
clips each speaker has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

ABOUT = layout.About(
    name="EmoDB",
    page="http://emodb.bilderbar.info/",
    terms="free to download, no agreement; CC0 on its Zenodo page, as far as known",
    layout="wav/*.wav with names such as 03a01Fa.wav",
)

# Speakers, their sex and age, texts and letters: the database's page, "Additional information".
SPEAKERS = {"03": ("male", 31), "08": ("female", 34), "09": ("female", 21), "10": ("male", 32),
            "11": ("male", 26), "12": ("male", 30), "13": ("female", 32), "14": ("female", 35),
            "15": ("male", 25), "16": ("female", 31)}
TEXTS = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
EMOTIONS = {"W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness", "T": "sadness",
            "N": "neutral"}
# Of the published archive: clips of each speaker; 535 in all.
CLIPS = {"03": 49, "08": 58, "09": 43, "10": 38, "11": 55, "12": 35, "13": 61, "14": 69, "15": 56, "16": 71}


@dataclass(frozen=True)
class Clip:
    """One clip: speaker "03", text "a01", emotion "F", version "a" as in its name."""

    speaker: str
    text: str
    emotion: str
    path: Path


def _scan(source: Path) -> tuple[list[Clip], list[str]]:
    folder = source / "wav" if (source / "wav").is_dir() else source
    found, wrong = [], []
    for path in layout.files(folder, ".wav", ".flac"):
        match = re.fullmatch(r"(\d\d)([ab]\d\d)([A-Z])([a-z]?)", path.stem)
        if (match and match.group(1) in SPEAKERS and match.group(2) in TEXTS
            and match.group(3) in EMOTIONS):
            found.append(Clip(match.group(1), match.group(2), match.group(3), path))
        else:
            wrong.append(layout.below(path, source))
    if not found:
        raise layout.absent(source, ABOUT)
    return found, wrong


def clips(source: str | Path) -> list[Clip]:
    """All clips there are, by name. Raises InputError, saying where to get EmoDB, for none."""
    return _scan(Path(source))[0]


def summary(found: Sequence[Clip]) -> str:
    """Counts against the published ones."""
    return (layout.counted(len({c.speaker for c in found}), len(SPEAKERS), "speakers") + ", "
            + layout.counted(len(found), sum(CLIPS.values()), "clips"))


def _missing(source: Path, found: Sequence[Clip], wrong: Sequence[str]) -> list[str]:
    have = {s: sum(c.speaker == s for c in found) for s in SPEAKERS}
    problems = layout.grouped("speakers missing", [s for s in SPEAKERS if not have[s]], len(SPEAKERS))
    problems += layout.grouped("speakers with fewer or more clips than published", [
        f"{s} has {layout.counted(have[s], CLIPS[s], 'clips')}" for s in SPEAKERS
        if have[s] not in (0, CLIPS[s])], len(SPEAKERS))
    problems += layout.grouped("files that are not named as EmoDB's", wrong)
    return problems + layout.empty((c.path for c in found), source)


def _read(source: Path, found: Sequence[Clip], workers: int) -> tuple[list[Utterance], list[str]]:
    def work(clip: Clip) -> Utterance:
        seconds = layout.media(clip.path).audio
        if seconds < 0.8:  # the shortest published clip lasts 1.2 s
            raise InputError(f"{layout.below(clip.path, source)}: {seconds:.2f} s of sound: cut short")
        sex, age = SPEAKERS[clip.speaker]
        return Utterance(id=f"emodb-{clip.path.stem}", audio=layout.below(clip.path, source),
                         duration=seconds, speaker=f"emodb-{clip.speaker}", text=TEXTS[clip.text],
                         labels={"emotion": EMOTIONS[clip.emotion], "statement": clip.text, "sex": sex,
                                 "age": age})

    read, unusable = layout.gather(found, work, "EmoDB", workers)
    return read, layout.grouped("unusable clips", unusable) + layout.cut_short(read)


def prepare(source: str | Path, out: str | Path, incomplete: bool = False, workers: int = 4) -> list[Path]:
    """Writes all.jsonl. Labels: emotion, statement, sex, age.

    incomplete: go on where clips are missing or wrong; workers: threads that open files. Raises InputError
    where EmoDB is absent, and where it is not whole.
    """
    source = Path(source)
    found, wrong = _scan(source)
    utterances, unusable = _read(source, found, workers)
    return layout.finish_whole(out, ABOUT, "emodb", source, utterances, [summary(found)],
                               _missing(source, found, wrong) + unusable, incomplete)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each: speakers, counts, names, files that do not open, a copy that was
    cut to one length. Raises InputError where EmoDB is absent."""
    source = Path(source)
    found, wrong = _scan(source)
    return _missing(source, found, wrong) + _read(source, found, 4)[1]
