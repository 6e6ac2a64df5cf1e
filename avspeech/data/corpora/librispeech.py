"""LibriSpeech: read audiobooks, 16 kHz FLAC with transcripts. No pictures:
voices to interfere with, and the sex task.

V. Panayotov et al., "Librispeech: an ASR corpus based on public domain audio books", ICASSP 2015.

Besides the corpus as distributed, a folder `one_per_speaker` of single utterances
(<speaker>-<chapter>-<nnnn>.opus or .flac) is read as a part of that name: a small set of many
voices.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, HeldOut, Scan, dealt
from avspeech.errors import InputError

ABOUT = layout.About(
    name="LibriSpeech",
    page="https://www.openslr.org/12/",
    terms="free to download, no agreement; CC BY 4.0",
    layout="LibriSpeech/<part>/<speaker>/<chapter>/*.flac with .trans.txt (or "
           "one_per_speaker/*.opus)",
)

# Speakers: Table 1 of the paper. Utterances: the transcript lines of each archive.
SPEAKERS = {"dev-clean": 40, "dev-other": 33, "test-clean": 40, "test-other": 33,
            "train-clean-100": 251, "train-clean-360": 921, "train-other-500": 1166}
UTTERANCES = {"dev-clean": 2_703, "dev-other": 2_864, "test-clean": 2_620, "test-other": 2_939,
              "train-clean-100": 28_539, "train-clean-360": 104_014, "train-other-500": 148_688}
ONE_PER_SPEAKER = "one_per_speaker"
NAME = r"\d+-\d+-\d+"


def read_transcripts(path: Path) -> dict[str, str]:
    """{"19-198-0000": "NORTHANGER ABBEY ..."} of a .trans.txt.
    Raises InputError for a line without a name."""
    texts: dict[str, str] = {}
    for number, line in enumerate(tables.lines(path), 1):
        name, _, text = line.strip().partition(" ")
        if name and not re.fullmatch(NAME, name):
            raise InputError(f"{path}:{number}: expected '<speaker>-<chapter>-<number> TEXT', "
                             f"got '{line[:40]}'")
        if name:
            tables.put(texts, name, text.strip(), f"{path}:{number}")
    return texts


def read_sexes(path: Path) -> dict[str, str]:
    """{"19": "F"} of SPEAKERS.TXT: lines of "ID | SEX | SUBSET | MINUTES | NAME",
    and comments that begin with ";"."""
    sexes: dict[str, str] = {}
    for number, line in enumerate(tables.lines(path, western=True), 1):
        cells = [cell.strip() for cell in line.split("|")]
        if not line.startswith(";") and len(cells) >= 3 and cells[1] in ("M", "F"):
            tables.put(sexes, cells[0], cells[1], f"{path}:{number}")
    return sexes


def _base(source: Path) -> Path:
    return source / "LibriSpeech" if (source / "LibriSpeech").is_dir() else source


def _sexes(source: Path) -> dict[str, str]:
    paths = (source / "SPEAKERS.TXT", _base(source) / "SPEAKERS.TXT")
    return next((read_sexes(p) for p in paths if p.is_file()), {})


def _chapters(source: Path, part: str) -> list[Path]:
    return [chapter for speaker in layout.folders(_base(source) / part)
            for chapter in layout.folders(speaker)]


def _transcripts(source: Path, part: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for chapter in _chapters(source, part):
        for path in layout.files(chapter, ".txt"):
            texts.update(read_transcripts(path))
    return texts


def clips(source: Path, strange: list[Path] | None = None) -> dict[str, list[Clip]]:
    """{part: its utterances by name}, of the parts that are there; `strange` takes the sounds of
    other names."""
    sexes = _sexes(source)

    def clip(path: Path, text: str | None) -> Clip:
        speaker = path.stem.split("-")[0]
        return Clip(path.stem, path, speaker, {"sex": sexes[speaker]} if speaker in sexes else {},
                    text)

    found = {}
    for part in UTTERANCES:
        texts = _transcripts(source, part)
        found[part] = [clip(p, texts.get(p.stem)) for chapter in _chapters(source, part)
                       for p in layout.files(chapter, ".flac", ".wav", ".opus", stem=NAME,
                                             strange=strange)]
    single = layout.files(source / ONE_PER_SPEAKER, ".opus", ".flac", ".wav", stem=NAME,
                          strange=strange)
    found[ONE_PER_SPEAKER] = [clip(p, None) for p in single]
    return {part: own for part, own in found.items() if own}


def _counted(part: str, own: Sequence[Clip]) -> str:
    speakers = len({c.speaker for c in own})
    if part == ONE_PER_SPEAKER:
        return f"{part}: {len(own):,} utterances of {speakers:,} speakers"
    return (f"{part}: {layout.counted(speakers, SPEAKERS[part], 'speakers')}, "
            + layout.counted(len(own), UTTERANCES[part], "utterances"))


def _missing(source: Path, found: dict[str, list[Clip]], wanted: Sequence[str]) -> list[str]:
    gone = [p for p in UTTERANCES if p in wanted and p not in found]
    problems = layout.grouped("parts missing", gone, limit=len(UTTERANCES))
    problems += [_counted(part, own) for part, own in found.items()
                 if part != ONE_PER_SPEAKER and len(own) != UTTERANCES[part]]
    for part in (p for p in found if p != ONE_PER_SPEAKER):
        # A chapter's transcript names what its folder should hold
        problems += layout.grouped(f"utterances of {part} in a transcript, not in its folder",
                                   sorted(set(_transcripts(source, part))
                                          - {c.id for c in found[part]}))
    problems += layout.grouped("utterances without a transcript", [
        c.id for part, own in found.items() for c in own if c.text is None
        and part != ONE_PER_SPEAKER])
    sexes = _sexes(source)
    if not sexes:
        return [*problems, "SPEAKERS.TXT missing: the speakers' sex is not known"]
    return problems + layout.grouped("speakers not in SPEAKERS.TXT", sorted(
        {c.speaker for own in found.values() for c in own} - set(sexes)))


def scan(source: Path, held: HeldOut = HeldOut(), part: str | Sequence[str] | None = None,
         speakers: str | Sequence[str] | None = None) -> Scan[Clip]:
    """The existing utterances, without views; `held.split` "auto" takes the published train, dev
    and test parts where all three are there. Labels: sex.

    Args:
        source: the corpus.
        part: one part or several ("train-clean-100", ..., "one_per_speaker"); default: the
            published parts there are, or one_per_speaker where there are none.
        speakers: only these ("19", ...); default: all.
    """
    strange: list[Path] = []
    found = clips(source, strange)
    if not found:
        return Scan([], [])
    published = [p for p in found if p != ONE_PER_SPEAKER]
    wanted = layout.chosen("part", part if part is not None else published or None, list(found))
    names = [c.speaker for own in wanted for c in found[own]]
    voices = layout.chosen("speakers", speakers, list(dict.fromkeys(names)))
    taken = {p: [c for c in found[p] if c.speaker in voices] for p in found if p in wanted}
    where = {f"libri-{c.id}": p for p in taken for c in taken[p] if ONE_PER_SPEAKER not in taken}
    return Scan([c for own in taken.values() for c in own],
                [_counted(*item) for item in taken.items()], _missing(source, taken, wanted)
                + layout.misnamed(strange, source, "LibriSpeech"),
                split=dealt(held, where), optional=("sex",), prefixes=("libri", "libri"),
                noun="utterances")


def check(source: str | Path) -> list[str]:
    """Finds what is missing, one line for each problem: parts, counts, transcripts, utterances that
    a transcript names, files of 0 bytes. Opens no file. Raises InputError where LibriSpeech is
    absent."""
    source = Path(source)
    strange: list[Path] = []
    found = clips(source, strange)
    if not found:
        raise layout.absent(source, ABOUT)
    return (_missing(source, found, tuple(UTTERANCES))
            + layout.misnamed(strange, source, "LibriSpeech")
            + layout.empty((c.path for own in found.values() for c in own), source))
