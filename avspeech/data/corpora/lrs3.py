"""LRS3-TED: face tracks of TED and TEDx talks with their sentences; 224x224 at 25 fps,
16 kHz sound in the .mp4.

T. Afouras, J. S. Chung, A. Zisserman, "LRS3-TED: a large-scale dataset for visual speech
recognition", arXiv:1809.00496. A speaker is taken to be the video (YouTube id) a track comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avspeech.data.corpora import dealing, headers, layout, tables
from avspeech.data.corpora.scan import HeldOut, Parts, Read, Scan, dealt
from avspeech.data.manifest import Utterance, View
from avspeech.errors import InputError

ABOUT = layout.About(
    name="LRS3",
    page="https://mmai.io/datasets/lip_reading/",
    terms="since 2024 not offered for download there: ask its authors; of TED talks, "
    "which are CC BY-NC-ND 4.0",
    layout="pretrain, trainval and test with <video>/<nnnnn>.mp4 and .txt beside it",
)

PARTS = ("pretrain", "trainval", "test")
# Of the release in use (v0.4, table on the corpus page); the paper's first version gives test as
# 451 and 1,452.
VIDEOS = {"pretrain": 5_090, "trainval": 4_004, "test": 412}
UTTERANCES = {"pretrain": 118_516, "trainval": 31_982, "test": 1_321}


@dataclass(frozen=True)
class Track:
    """One track: part, video "00j9bKdiOjk", number "50001"; text is None where there is no .txt."""

    part: str
    video: str
    number: str
    path: Path
    text: Path | None

    @property
    def name(self) -> str:
        return f"{self.part}/{self.video}/{self.number}"


@dataclass(frozen=True)
class Annotation:
    """What a .txt says. words: [start, end, word], seconds; only `pretrain` has them."""

    text: str
    confidence: int | None = None
    words: list[list] = field(default_factory=list)


def read_annotation(path: Path) -> Annotation:
    """Reads the .txt beside a clip: "Text:", "Conf:", "Ref:", then tables headed
    "FRAME X Y W H" and, in pretrain, "WORD START END ASDSCORE". Raises InputError for a file
    without "Text:" or a bad row of words."""
    text, confidence, words, table = None, None, [], ""
    for number, line in enumerate(tables.lines(path), 1):
        cells = line.split()
        if not cells:
            table = ""
        elif cells[0] == "Text:":
            text = " ".join(cells[1:])
        elif cells[0] == "Conf:" and len(cells) == 2 and cells[1].isdigit():
            confidence = int(cells[1])
        elif cells[0] in ("FRAME", "WORD") and len(cells) > 2:
            table = cells[0]
        elif table == "WORD":
            try:
                word, start, end = cells[0], float(cells[1]), float(cells[2])
            except (IndexError, ValueError):
                raise InputError(f"{path}:{number}: expected 'WORD START END ASDSCORE', "
                                 f"got '{line[:40]}'") from None
            if not 0 <= start <= end:
                raise InputError(f"{path}:{number}: the word ends before it starts")
            words.append([start, end, word])
    if text is None:
        raise InputError(f"{path}: no line that begins with 'Text:'")
    return Annotation(text, confidence, words)


def tracks(source: Path, strange: list[Path] | None = None) -> list[Track]:
    """All existing tracks, by part, video and number; `strange` takes the films of other names."""
    found = []
    for part in PARTS:
        for folder in layout.folders(source / part):
            texts = {p.stem: p for p in layout.files(folder, ".txt")}
            found += [Track(part, folder.name, p.stem, p, texts.get(p.stem))
                      for p in layout.files(folder, ".mp4", stem=r"\d{5}", strange=strange)]
    return found


def _per_part(found: Sequence[Track]) -> dict[str, tuple[int, int]]:
    """(videos, tracks) of each part."""
    counts = {}
    for part in PARTS:
        videos = [c.video for c in found if c.part == part]
        counts[part] = (len(set(videos)), len(videos))
    return counts


def summary(found: Sequence[Track]) -> list[str]:
    """Counts against the published ones, a line a part."""
    return [f"{part}: {layout.counted(videos, VIDEOS[part], 'videos')}, "
            + layout.counted(tracks, UTTERANCES[part], "utterances")
            for part, (videos, tracks) in _per_part(found).items()]


def _missing(source: Path, found: Sequence[Track]) -> list[str]:
    counts = _per_part(found)
    problems = layout.grouped("parts missing", [part for part in PARTS if not counts[part][1]])
    problems += [line for part, line in zip(PARTS, summary(found))
                 if counts[part][1] and counts[part] != (VIDEOS[part], UTTERANCES[part])]
    problems += layout.grouped("clips without .txt", [c.name for c in found if c.text is None])
    have = {(c.part, c.video, c.number) for c in found}
    problems += layout.grouped(".txt without a clip", [
        f"{part}/{folder.name}/{p.stem}" for part in PARTS for folder
        in layout.folders(source / part)
        for p in layout.files(folder, ".txt") if (part, folder.name, p.stem) not in have])
    test = {c.video for c in found if c.part == "test"}
    problems += layout.grouped("test videos that are also in pretrain or trainval", sorted(
        {c.video for c in found if c.part != "test"} & test))
    return problems + layout.empty([c.path for c in found], source)


def utterance(name: str, path: Path, text: Path | None, source: Path, corpus: str, speaker: str,
              min_seconds: float = 0.0, **labels: str) -> Read:
    """Reads one track, here or of LRS2, whose files are alike.

    Args:
        name: "part/video/number".
        path: of the film.
        text: of the .txt beside it; None: there is none.
        source: the corpus.
        corpus: its name in the registry.
        speaker: without the name of the corpus.
        min_seconds: shorter ones are left out.
        **labels: further ones.
    """
    media = headers.whole(path)
    if not (media.audio and media.video):
        raise InputError(f"{name}: {'no picture' if media.audio else 'no sound'}")
    if media.audio < min_seconds:
        return Read([], [(f"clips left out, shorter than {min_seconds:g} s", name)])
    problems, said, own = [], None, dict[str, Any](labels)
    if text is not None:
        try:
            annotation = read_annotation(text)
            said = annotation.text
            own |= {"confidence": annotation.confidence, "words": annotation.words}
        except InputError as error:
            problems.append(("annotations that cannot be read", str(error)))
    where = layout.below(path, source)
    return Read([Utterance(
        id=f"{corpus}-{name.replace('/', '-')}", audio=where, duration=media.audio,
        speaker=f"{corpus}-{speaker}", text=said, views=(View(where, "face"),),
        labels={key: value for key, value in own.items() if value not in (None, [])})], problems)


def _id(track: Track) -> str:
    return f"lrs3-{track.part}-{track.video}-{track.number}"


def _split(pairs: Sequence[tuple[Track, Utterance]], seed: int,
           dev: float) -> dict[str, list[Utterance]]:
    """The published test set; dev is some videos of trainval, of which nothing is left in train."""
    tested = {c.video for c, _ in pairs if c.part == "test"}
    # The same seconds can be in pretrain and in trainval, so of dev videos only the trainval clips
    # are used.
    dev_part = "trainval" if any(c.part == "trainval" for c, _ in pairs) else "pretrain"
    pool = {c.video for c, _ in pairs if c.part == dev_part} - tested
    held = {v for v, name in dealing.pick(pool, seed, dev, 0).items()
            if name == "dev"} if pool else set()
    parts: dict[str, list[Utterance]] = {name: [] for name in dealing.SPLITS}
    for track, utterance in pairs:
        if track.part == "test":
            parts["test"].append(utterance)
        elif track.video in held:
            if track.part == dev_part:
                parts["dev"].append(utterance)
        elif track.video not in tested:
            parts["train"].append(utterance)
    return parts


def scan(source: Path, held: HeldOut = HeldOut(""),
         parts: str | Sequence[str] | None = None, min_seconds: float = 0.0) -> Scan[Track]:
    """The existing tracks: the published test set where it is there, dev from trainval by video.
    Labels: confidence, and words in pretrain.

    Args:
        source: the corpus.
        parts: only these of pretrain, trainval and test; default: all.
        min_seconds: shorter clips are left out.
    """
    if (source / "main").is_dir() and (source / "pretrain").is_dir():
        raise InputError(f"{source}: with main and pretrain it is LRS2, corpus 'lrs2'; expected "
                         f"{ABOUT.layout} of LRS3")
    strange: list[Path] = []
    found = tracks(source, strange)
    if not found:
        return Scan([], [])
    wanted = layout.chosen("parts", parts, PARTS)
    taken = {_id(c): c for c in found if c.part in wanted}

    def split(utterances: list[Utterance]) -> tuple[Parts, str]:
        if any(taken[u.id].part == "test" for u in utterances):
            return _split([(taken[u.id], u) for u in utterances], held.seed, held.dev), "published"
        return dealt(held)(utterances)

    return Scan(list(taken.values()), summary(found),
                _missing(source, found) + layout.misnamed(strange, source, "LRS3"),
                lambda track: utterance(track.name, track.path, track.text, source, "lrs3",
                                        track.video, min_seconds), split)
