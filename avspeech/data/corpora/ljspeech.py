"""LJSpeech: one woman reads seven non-fiction books, 24 hours, 22.05 kHz.

K. Ito, L. Johnson, "The LJ Speech Dataset", version 1.1, 2017. `metadata.csv` has three fields a
line, separated by "|": the clip's name, the text as printed, and the text with numbers and
abbreviations in words, which is taken here.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, HeldOut, Scan, dealt
from avspeech.data.labels import missing
from avspeech.errors import InputError

ABOUT = layout.About(
    name="LJSpeech",
    page="https://keithito.com/LJ-Speech-Dataset/",
    terms="free to download; public domain",
    layout="LJSpeech-1.1/metadata.csv and LJSpeech-1.1/wavs/*.wav",
)

CLIPS = 13_100  # by the statistics of its page
DEV, TEST = 100, 500  # clips held out, as many as is usual with it


def read_metadata(path: Path) -> dict[str, tuple[str, str]]:
    """{"LJ001-0001": (text in words, text as printed)}. Raises InputError for a line of other
    fields."""
    texts: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(tables.lines(path), 1):
        fields = [field.strip() for field in line.split("|")]
        if line.strip() and len(fields) != 3:
            raise InputError(f"{path}:{number}: expected 'name|text|text in words', got "
                             f"'{line[:40]}'")
        if line.strip():  # copies in this form may name files: "wavs/LJ001-0001.wav"
            name = tables.file_name(fields[0])
            name = Path(name).stem if name.lower().endswith(layout.SOUNDS) else name
            tables.put(texts, name, (fields[2] or fields[1], fields[1]), f"{path}:{number}")
    return texts


def _base(source: Path) -> Path:
    return source / "LJSpeech-1.1" if (source / "LJSpeech-1.1").is_dir() else source


def scan(source: Path, held: HeldOut = HeldOut("", 0, DEV, TEST)) -> Scan[Clip]:
    """The clips with sound and text, split by clip. Labels: sex; "raw", the text as printed.

    Raises InputError for a line of metadata.csv that is not of it.
    """
    base = _base(source)
    if not (base / "metadata.csv").is_file():
        return Scan([], [])
    texts = read_metadata(base / "metadata.csv")
    sounds = {p.stem: p for p in layout.files(base / "wavs", ".wav", ".flac")}
    clips = []
    for name, (text, raw) in texts.items():
        if name in sounds and not missing(text):
            clips.append(Clip(name, sounds[name], "", {"sex": "female", "raw": raw}, text))
    whole = layout.counted(len(clips), CLIPS, "clips")
    problems = [whole] if len(clips) != CLIPS else []
    problems += layout.grouped("lines of metadata.csv without a sound",
                               [n for n in texts if n not in sounds])
    problems += layout.grouped("lines of metadata.csv without a text",
                               [n for n, (text, _) in texts.items() if missing(text)])
    problems += layout.grouped("sounds that metadata.csv does not name",
                               [n for n in sounds if n not in texts])
    return Scan(clips, [whole], problems, split=dealt(dataclasses.replace(held, split="clip")))
