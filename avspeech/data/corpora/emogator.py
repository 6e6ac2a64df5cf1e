"""EmoGator: 357 contributors give thirty emotions a voice without words, three times each.

F. Buhl, "EmoGator: A New Open Source Vocal Burst Dataset with Baseline Machine Learning Classification
Methodologies", arXiv 2301.00508.

A file is <contributor>-<emotion>-<instance>.mp3: 000023-05-1 is contributor 23, the fifth emotion, the first
time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance

ABOUT = layout.About(
    name="EmoGator",
    page="https://github.com/fredbuhl/EmoGator",
    terms="free to download, no agreement; Apache 2.0",
    layout="data/mp3/*.mp3",
)

# Counts and names, in the order of their numbers: the README of the published repository.
CONTRIBUTORS, INSTANCES = 357, 3
EMOTIONS = (
    "adoration", "amusement", "anger", "awe", "confusion", "contempt", "contentment", "desire",
    "disappointment", "disgust", "distress", "ecstasy", "elation", "embarrassment", "fear", "guilt",
    "interest", "neutral", "pain", "pride", "realization", "relief", "romantic love", "sadness", "serenity",
    "shame", "surprise (negative)", "surprise (positive)", "sympathy", "triumph")
CLIPS = CONTRIBUTORS * len(EMOTIONS) * INSTANCES  # 32,130


@dataclass(frozen=True)
class Clip:
    """One clip, by the parts of its name."""

    contributor: str
    emotion: str
    path: Path


def names() -> list[str]:
    """The names of all 32,130 clips."""
    return [f"{c:06}-{e:02}-{i}" for c in range(1, CONTRIBUTORS + 1) for e in range(1, len(EMOTIONS) + 1)
            for i in range(1, INSTANCES + 1)]


def _scan(source: Path) -> tuple[list[Clip], list[str]]:
    folder = source / "data" / "mp3" if (source / "data" / "mp3").is_dir() else source
    known = set(names())
    found, wrong = [], []
    for path in layout.files(folder, ".mp3", ".wav", ".flac"):
        if path.stem in known:
            contributor, emotion, _ = path.stem.split("-")
            found.append(Clip(contributor, EMOTIONS[int(emotion) - 1], path))
        else:
            wrong.append(layout.below(path, source))
    if not found:
        raise layout.absent(source, ABOUT)
    return found, wrong


def clips(source: str | Path) -> list[Clip]:
    """All clips there are, by name. Raises InputError, saying where to get EmoGator, for none."""
    return _scan(Path(source))[0]


def summary(found: Sequence[Clip]) -> str:
    """Counts against the published ones."""
    return (layout.counted(len({c.contributor for c in found}), CONTRIBUTORS, "contributors") + ", "
            + layout.counted(len(found), CLIPS, "clips"))


def _missing(source: Path, found: Sequence[Clip], wrong: Sequence[str]) -> list[str]:
    have, contributors = {c.path.stem for c in found}, {c.contributor for c in found}
    problems = layout.grouped("contributors missing", [
        n for n in (f"{c:06}" for c in range(1, CONTRIBUTORS + 1)) if n not in contributors])
    problems += layout.grouped(f"clips missing, of {CLIPS:,}",
                               [n for n in names() if n not in have and n[:6] in contributors])
    problems += layout.grouped("files that are not of EmoGator", wrong)
    return problems + layout.empty((c.path for c in found), source)


def _read(source: Path, found: Sequence[Clip], workers: int) -> tuple[list[Utterance], list[str]]:
    stubs = layout.unfetched((c.path for c in found), source)
    if stubs:
        return [], stubs

    def work(clip: Clip) -> Utterance:
        return Utterance(
            id=f"emogator-{clip.path.stem}", audio=layout.below(clip.path, source),
            duration=layout.media(clip.path).audio, speaker=f"emogator-{clip.contributor}",
            labels={"emotion": clip.emotion})

    read, unusable = layout.gather(found, work, "EmoGator", workers)
    return read, layout.grouped("unusable clips", unusable) + layout.cut_short(read)


def prepare(source: str | Path, out: str | Path, incomplete: bool = False, workers: int = 4) -> list[Path]:
    """Writes all.jsonl. Labels: emotion.

    incomplete: go on where clips are missing or wrong; workers: threads that open files. Raises InputError
    where EmoGator is absent, and where it is not whole.
    """
    source = Path(source)
    found, wrong = _scan(source)
    utterances, unusable = _read(source, found, workers)
    return layout.finish_whole(out, ABOUT, "emogator", source, utterances, [summary(found)],
                               _missing(source, found, wrong) + unusable, incomplete)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each: contributors, clips, names, files that do not open or were not
    fetched. Raises InputError where EmoGator is absent."""
    source = Path(source)
    found, wrong = _scan(source)
    return _missing(source, found, wrong) + _read(source, found, 4)[1]
