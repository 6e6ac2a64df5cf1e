"""LibriTTS: LibriSpeech's audiobooks cut into sentences, with punctuation and capitals, 24 kHz.

H. Zen et al., "LibriTTS: A corpus derived from LibriSpeech for text-to-speech", Interspeech 2019.
Each sound has its text as printed (.original.txt) and in words (.normalized.txt), which is taken
here. LibriTTS-R has the same layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, HeldOut, Scan, dealt
from avspeech.data.corpora.tables import spoken

ABOUT = layout.About(
    name="LibriTTS",
    page="https://www.openslr.org/60/",
    terms="free to download; CC BY 4.0",
    layout="LibriTTS/<part>/<speaker>/<chapter>/*.wav with .normalized.txt",
)

# Speakers: the paper's Table 2. Utterances: sounds in the archives.
SPEAKERS = {"dev-clean": 40, "dev-other": 33, "test-clean": 39, "test-other": 33,
            "train-clean-100": 247, "train-clean-360": 904, "train-other-500": 1160}
UTTERANCES = {"dev-clean": 5_736, "dev-other": 4_613, "test-clean": 4_837, "test-other": 5_120,
              "train-clean-100": 33_236, "train-clean-360": 116_500, "train-other-500": 205_044}


def read_sexes(path: Path) -> dict[str, str]:
    """{"14": "female"} of speakers.tsv: lines of reader, "M" or "F", part, name, separated by
    tabs."""
    sexes: dict[str, str] = {}
    for number, line in enumerate(tables.lines(path, western=True), 1):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) >= 2 and cells[1] in ("M", "F"):
            sex = {"M": "male", "F": "female"}[cells[1]]
            tables.put(sexes, cells[0], sex, f"{path}:{number}")
    return sexes


def _base(source: Path) -> Path:
    return next((source / name for name in ("LibriTTS", "LibriTTS_R") if (source / name).is_dir()),
                source)


def clips(source: Path) -> dict[str, list[Clip]]:
    """{part: its sounds by name, with their texts}, of the parts that are there. A name such as
    84_121123_000007_000001 gives speaker, chapter, paragraph and sentence."""
    base = _base(source)
    sexes = read_sexes(base / "speakers.tsv") if (base / "speakers.tsv").is_file() else {}
    found: dict[str, list[Clip]] = {}
    for part in UTTERANCES:
        for folder in (c for speaker in layout.folders(base / part) for c
                       in layout.folders(speaker)):
            for path in layout.files(folder, ".wav", ".flac"):
                name = path.stem.split("_")
                labels = {"chapter": name[1] if len(name) > 1 else "",
                          "raw": spoken(path.with_name(f"{path.stem}.original.txt")),
                          "sex": sexes.get(name[0])}
                found.setdefault(part, []).append(Clip(
                    path.stem, path, name[0], {k: v for k, v in labels.items() if v},
                    spoken(path.with_name(f"{path.stem}.normalized.txt"))))
    return found


def _counted(part: str, own: Sequence[Clip]) -> str:
    return (f"{part}: {layout.counted(len({c.speaker for c in own}), SPEAKERS[part], 'speakers')}, "
            + layout.counted(len(own), UTTERANCES[part], "utterances"))


def _missing(source: Path, found: dict[str, list[Clip]], wanted: Sequence[str]) -> list[str]:
    problems = layout.grouped("parts missing", [p for p in wanted if p not in found],
                              limit=len(UTTERANCES))
    problems += [_counted(part, own) for part, own in found.items() if len(own) != UTTERANCES[part]]
    if not (_base(source) / "speakers.tsv").is_file():
        problems.append("speakers.tsv missing: the speakers' sex is not known")
    return problems + layout.grouped("utterances without .normalized.txt", [
        c.id for own in found.values() for c in own if c.text is None])


def scan(source: Path, held: HeldOut = HeldOut(), part: str | Sequence[str] | None = None,
         speakers: Sequence[str] | None = None) -> Scan[Clip]:
    """The utterances with a text; `held.split` "auto" takes the published train, dev and test parts
    where all three are there, "clip" holds out sentences of every speaker, as a voice of many
    speakers is tested. Labels: sex; "chapter"; "raw", the text as printed.

    Args:
        source: the corpus.
        part: one part or several; default: all that exist.
        speakers: only these ("84", ...); default: all.
    """
    found = clips(source)
    if not found:
        return Scan([], [])
    wanted = layout.chosen("part", part, list(found))
    names = [c.speaker for own in wanted for c in found[own]]
    voices = layout.chosen("speakers", speakers, list(dict.fromkeys(names)))
    taken = {p: [c for c in found[p] if c.speaker in voices] for p in found if p in wanted}
    where = {f"libritts-{c.id}": p for p in taken for c in taken[p]}
    return Scan([c for own in taken.values() for c in own if c.text is not None],
                [_counted(*item) for item in taken.items()], _missing(source, taken, wanted),
                split=dealt(held, where), optional=("sex",), prefixes=("", "libri"),
                noun="utterances")


def check(source: str | Path) -> list[str]:
    """Finds what is missing, one line for each problem: parts, counts, texts, files of 0 bytes.
    Raises InputError where LibriTTS is absent."""
    source = Path(source)
    found = clips(source)
    if not found:
        raise layout.absent(source, ABOUT)
    return _missing(source, found, tuple(UTTERANCES)) + layout.empty(
        (c.path for own in found.values() for c in own), source)
