"""LRS2-BBC: face tracks of BBC television with their sentences; 160x160 at 25 fps, 16 kHz sound in
the .mp4.

T. Afouras, J. S. Chung, A. Senior, O. Vinyals, A. Zisserman, "Deep audio-visual speech
recognition", TPAMI 2018, arXiv:1809.02108. The parts are by date of broadcast, and are lists that
are published beside the archive; `pretrain` is of the broadcasts of training and validation. Behind
a name in the test list stands NF or MV, here the label `subset`. A speaker is taken to be the
broadcast a track comes from, in which several people may speak.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout, lrs3, tables
from avspeech.data.corpora.scan import HeldOut, Parts, Scan, counts
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

ABOUT = layout.About(
    name="LRS2",
    page="https://www.robots.ox.ac.uk/~vgg/data/lip_reading/lrs2.html",
    terms="for academic research, with an agreement with BBC R&D to sign",
    layout="main and pretrain with <broadcast>/<nnnnn>.mp4 and .txt beside it (in mvlrs_v1), and "
    "the filelists train.txt, val.txt and test.txt beside them or beside mvlrs_v1",
)

# Of the table on the corpus page
UTTERANCES = {"pretrain": 96_318, "train": 45_839, "val": 1_082, "test": 1_243}
LISTS = ("train", "val", "test")
# Where the archive unpacks to, below the folder that has the filelists
PLACES = ("", "mvlrs_v1", "lrs2_v1/mvlrs_v1", "data/lrs2_v1/mvlrs_v1")


@dataclass(frozen=True)
class Track:
    """One track: folder "main" or "pretrain", broadcast "5535415699068794046", number "00001",
    part "pretrain", "train", "val" or "test"; text is None where there is no .txt."""

    folder: str
    broadcast: str
    number: str
    part: str
    subset: str  # what stands behind its name in a list
    path: Path
    text: Path | None

    @property
    def name(self) -> str:
        return f"{self.folder}/{self.broadcast}/{self.number}"


def _list(root: Path, source: Path, part: str) -> Path | None:
    """The filelist of a part: "train.txt", or "Filelist_Train" as the page calls it."""
    names = (part, f"filelist_{part}", f"{part}.txt", f"filelist_{part}.txt")
    places = dict.fromkeys((root, *(p for p in root.parents if p.is_relative_to(source))))
    return next((p for place in places for p in sorted(place.iterdir())
                 if p.name.lower() in names and p.is_file()), None)


def read_lists(root: Path, source: Path) -> dict[str, tuple[str, str]]:
    """The published parts.

    Args:
        root: folder of `main`.
        source: the corpus; lists may be in any folder from here to `root`.

    Returns:
        {"broadcast/number": (part, what stands behind the name)}.

    Raises:
        InputError: a list is missing, or has lines that are no such names or contradict each other.
    """
    parts: dict[str, tuple[str, str]] = {}
    for part in LISTS:
        path = _list(root, source, part)
        if path is None:
            raise InputError(f"{source}: no filelist {part}.txt; put the lists train.txt, val.txt "
                             f"and test.txt, published at {ABOUT.page} beside the archive, there")
        for number, line in enumerate(tables.lines(path), 1):
            cells = line.split()
            if not cells:
                continue
            name = cells[0].replace("\\", "/").removesuffix(".mp4").removeprefix("main/")
            if len(cells) > 2 or len(name.split("/")) != 2:
                raise InputError(f"{path}:{number}: expected '5535415699068794046/00001', got "
                                 f"'{line[:40]}'")
            tables.put(parts, name, (part, "".join(cells[1:])), f"{path}:{number}")
    return parts


def tracks(root: Path, parts: dict[str, tuple[str, str]], strange: list[Path]) -> list[Track]:
    """All existing tracks.

    Args:
        root: folder of `main` and `pretrain`.
        parts: of `read_lists`; those in `main` that no list has get the part "".
        strange: takes the films of other names.
    """
    found = []
    for part in ("pretrain", "main"):
        for folder in layout.folders(root / part):
            texts = {p.stem: p for p in layout.files(folder, ".txt")}
            for path in layout.files(folder, ".mp4", stem=r"\d{5}", strange=strange):
                listed = ((part, "") if part == "pretrain" else
                          parts.get(f"{folder.name}/{path.stem}", ("", "")))
                found.append(Track(part, folder.name, path.stem, *listed, path,
                                   texts.get(path.stem)))
    return found


def _missing(root: Path, source: Path, found: Sequence[Track],
             parts: dict[str, tuple[str, str]]) -> list[str]:
    have = {c.name for c in found}
    problems = layout.grouped("clips of the lists that are not there", [
        name for name in parts if f"main/{name}" not in have])
    problems += layout.grouped("clips left out, which no list has", [
        c.name for c in found if not c.part])
    problems += layout.grouped("clips without .txt", [c.name for c in found if c.text is None])
    problems += layout.grouped(".txt without a clip", [
        f"{part}/{folder.name}/{p.stem}" for part in ("pretrain", "main")
        for folder in layout.folders(root / part) for p in layout.files(folder, ".txt")
        if f"{part}/{folder.name}/{p.stem}" not in have])
    return problems + layout.empty([c.path for c in found], source)


def _split(pairs: Sequence[tuple[Track, Utterance]]) -> tuple[Parts, str]:
    """The published parts; what else there is of a broadcast that is in a later one is in none."""
    last = {c.broadcast: "dev" for c, _ in pairs if c.part == "val"}
    last |= {c.broadcast: "test" for c, _ in pairs if c.part == "test"}
    parts: Parts = {"train": [], "dev": [], "test": []}
    for track, one in pairs:
        own = {"val": "dev", "test": "test"}.get(track.part, "train")
        if own == last.get(track.broadcast, "train"):
            parts[own].append(one)
    return parts, "published"


def scan(source: Path, held: HeldOut = HeldOut(""), parts: str | Sequence[str] | None = None,
         min_seconds: float = 0.0) -> Scan[Track]:
    """The existing tracks in their published parts; `val` is for development. Labels: confidence,
    words in pretrain, subset in test.

    Args:
        source: the corpus.
        parts: only these of pretrain, train, val and test; default: all.
        min_seconds: shorter clips are left out.
    """
    root = next((source / place for place in PLACES if (source / place / "main").is_dir()), None)
    if root is None:
        if (source / "trainval").is_dir():
            raise InputError(f"{source}: with trainval it is LRS3, corpus 'lrs3'; expected "
                             f"{ABOUT.layout} of LRS2")
        return Scan([], [])
    strange: list[Path] = []
    lists = read_lists(root, source)
    found = tracks(root, lists, strange)
    if not found:
        return Scan([], [])
    whole, short = counts(Counter(c.part for c in found if c.part), UTTERANCES, "utterances")
    wanted = layout.chosen("parts", parts, tuple(UTTERANCES))
    taken = {f"lrs2-{c.name.replace('/', '-')}": c for c in found if c.part in wanted}
    return Scan(
        list(taken.values()), whole,
        short + _missing(root, source, found, lists) + layout.misnamed(strange, source, "LRS2"),
        lambda c: lrs3.utterance(c.name, c.path, c.text, source, "lrs2", c.broadcast, min_seconds,
                                 **({"subset": c.subset} if c.subset else {})),
        lambda utterances: _split([(taken[u.id], u) for u in utterances]))
