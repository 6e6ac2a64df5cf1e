"""LJSpeech: one woman reads seven non-fiction books, 24 hours, 22.05 kHz.

K. Ito, L. Johnson, "The LJ Speech Dataset", version 1.1, 2017. `metadata.csv` has three fields a line, parted
by "|": the clip's name, the text as printed, and the text with numbers and abbreviations in words, which is
taken here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

ABOUT = layout.About(
    name="LJSpeech",
    page="https://keithito.com/LJ-Speech-Dataset/",
    terms="free to download; public domain",
    layout="LJSpeech-1.1/metadata.csv and LJSpeech-1.1/wavs/*.wav",
)

CLIPS, WORDS, HOURS = 13_100, 225_715, 23.92  # the statistics of its page
SPEAKER = "ljspeech"
DEV, TEST = 100, 500  # clips held out, as many as is usual with it


@dataclass(frozen=True)
class Clip:
    """name: "LJ001-0001"; path: of the sound; text: in words; raw: as printed."""

    name: str
    path: Path
    text: str
    raw: str


def read_metadata(path: Path) -> dict[str, tuple[str, str]]:
    """{"LJ001-0001": (text in words, text as printed)}. Raises InputError for a line of other fields."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: cannot be read as text") from None
    texts = {}
    for number, line in enumerate(lines, 1):
        fields = line.split("|")
        if line.strip() and len(fields) != 3:
            raise InputError(f"{path}:{number}: expected 'name|text|text in words', got '{line[:40]}'")
        if line.strip():
            texts[fields[0].strip()] = (fields[2].strip() or fields[1].strip(), fields[1].strip())
    return texts


def _base(source: Path) -> Path:
    return source / "LJSpeech-1.1" if (source / "LJSpeech-1.1").is_dir() else source


def clips(source: str | Path) -> tuple[list[Clip], list[str]]:
    """(clips with sound and text, problems). Raises InputError, saying where to get LJSpeech, for none."""
    base = _base(Path(source))
    if not (base / "metadata.csv").is_file():
        raise layout.absent(source, ABOUT)
    texts = read_metadata(base / "metadata.csv")
    sounds = {p.stem: p for p in layout.files(base / "wavs", ".wav", ".flac")}
    found = [Clip(name, sounds[name], *texts[name]) for name in texts if name in sounds]
    if not found:
        raise layout.absent(source, ABOUT)
    problems = [layout.counted(len(found), CLIPS, "clips")] if len(found) != CLIPS else []
    problems += layout.grouped("lines of metadata.csv without a sound", [n for n in texts if n not in sounds])
    problems += layout.grouped("sounds that metadata.csv does not name",
                               [n for n in sounds if n not in texts])
    return found, problems + layout.empty((c.path for c in found), Path(source))


def prepare(source: str | Path, out: str | Path, seed: int = 0, dev: float = DEV, test: float = TEST,
            workers: int = 4) -> list[Path]:
    """Writes train, dev and test manifests, split by clip.

    dev, test: counts, or shares below 1, held out. Labels: sex; "raw", the text as printed. Raises InputError
    where LJSpeech is absent.
    """
    source = Path(source)
    found, problems = clips(source)

    def work(clip: Clip) -> Utterance:
        return Utterance(id=f"ljspeech-{clip.name}", audio=layout.below(clip.path, source),
                         duration=layout.media(clip.path).audio, speaker=SPEAKER, text=clip.text,
                         labels={"sex": "female", "raw": clip.raw})

    utterances, unusable = layout.gather(found, work, "LJSpeech", workers)
    parts, by = layout.split(utterances, "clip", seed, dev, test) if utterances else ({}, "clip")
    return layout.finish(out, parts, layout.Prepared(
        "ljspeech", str(source.resolve()), by, seed, found=[layout.counted(len(found), CLIPS, "clips")],
        problems=problems + layout.grouped("unusable clips", unusable)))


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each. Raises InputError where LJSpeech is absent."""
    return clips(source)[1]
