"""VCTK: 110 speakers of English in many accents, about 400 sentences each, two microphones, 48 kHz.

J. Yamagishi, C. Veaux, K. MacDonald, "CSTR VCTK Corpus: English multi-speaker corpus for CSTR voice
cloning toolkit", version 0.92, 2019. The silences at both ends of the sounds are cut already. Known
gaps: speaker p315 has no texts, p280 no second microphone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import dealing, layout, tables
from avspeech.data.corpora.scan import Clip, HeldOut, Parts, Scan, dealt
from avspeech.data.corpora.tables import spoken
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

ABOUT = layout.About(
    name="VCTK",
    page="https://datashare.ed.ac.uk/handle/10283/3443",
    terms="free to download; CC BY 4.0",
    layout="wav48_silence_trimmed/<speaker>/*_mic1.flac and txt/<speaker>/*.txt",
)

SPEAKERS = 110
UTTERANCES = {"mic1": 44_455, "mic2": 43_873}  # sounds of version 0.92 that have a text
WITHOUT_TEXT, WITHOUT_MIC2 = "p315", "p280"


@dataclass(frozen=True)
class Speaker:
    """A line of speaker-info.txt."""

    age: int | None
    sex: str | None
    accent: str | None


def read_speakers(path: Path) -> dict[str, Speaker]:
    """{"p225": Speaker(23, "female", "English")} of speaker-info.txt: columns ID AGE GENDER ACCENTS
    REGION, separated by blanks."""
    speakers: dict[str, Speaker] = {}
    for number, line in enumerate(tables.lines(path, western=True), 1):
        match = re.match(r"([ps]\d+)\s+(\d+)?\s*([MF])\b\s*(\S+)?", line)
        if match:
            age, sex = match.group(2), {"M": "male", "F": "female"}[match.group(3)]
            about = Speaker(int(age) if age else None, sex, match.group(4))
            tables.put(speakers, match.group(1), about, f"{path}:{number}")
    return speakers


def _base(source: Path) -> Path:
    return next((source / name for name in ("VCTK-Corpus-0.92", "VCTK-Corpus")
                 if (source / name / "wav48_silence_trimmed").is_dir()), source)


def clips(source: Path, microphone: str = "mic1") -> list[Clip]:
    """All sounds of a microphone, with their texts.

    Args:
        source: the corpus.
        microphone: "mic1" or "mic2".

    Returns:
        By speaker and name.

    Raises:
        InputError: there is no such microphone.
    """
    if microphone not in UTTERANCES:
        raise InputError(f"microphone: expected {' or '.join(UTTERANCES)}, got '{microphone}'")
    base, found = _base(source), []
    info = base / "speaker-info.txt"
    known = read_speakers(info) if info.is_file() else {}
    for folder in layout.folders(base / "wav48_silence_trimmed"):
        about = known.get(folder.name, Speaker(None, None, None))
        labels = {"sex": about.sex, "age": about.age, "accent": about.accent}
        labels = {name: value for name, value in labels.items() if value is not None}
        for path in layout.files(folder, ".flac", ".wav"):
            if path.stem.endswith(f"_{microphone}"):
                name = path.stem[: -len(microphone) - 1]
                text = spoken(base / "txt" / folder.name / f"{name}.txt")
                found.append(Clip(name, path, folder.name, labels, text.strip('"') if text
                                  else None))
    return found


def _counted(found: Sequence[Clip], microphone: str) -> str:
    return (f"{layout.counted(len({c.speaker for c in found}), SPEAKERS, 'speakers')}, "
            + layout.counted(sum(c.text is not None for c in found), UTTERANCES[microphone],
                             f"utterances with text ({microphone})"))


def _missing(source: Path, found: Sequence[Clip], microphone: str) -> list[str]:
    complete = [c for c in found if c.text is not None]
    problems = [] if len(complete) == UTTERANCES[microphone] else [_counted(found, microphone)]
    problems += layout.grouped("sounds without a text", [
        c.id for c in found if c.text is None and c.speaker != WITHOUT_TEXT])
    info = _base(source) / "speaker-info.txt"
    if not info.is_file():
        return [*problems, "speaker-info.txt missing: age, sex and accent are not known"]
    return problems + layout.grouped("speakers not in speaker-info.txt", sorted(
        {c.speaker for c in found} - set(read_speakers(info))))


def scan(source: Path, held: HeldOut = HeldOut("clip"), microphone: str = "mic1",
         speakers: Sequence[str] | None = None) -> Scan[Clip]:
    """The sounds with a text; `held.split` "clip" holds out sentences of every speaker, by their
    text (all speakers read some of the same). Labels: sex, age, accent where known.

    Args:
        source: the corpus.
        microphone: "mic1" or "mic2".
        speakers: only these ("p225", ...); default: all.
    """
    found = clips(source, microphone)
    if not found:
        return Scan([], [])
    voices = layout.chosen("speakers", speakers, list(dict.fromkeys(c.speaker for c in found)))
    found = [c for c in found if c.speaker in voices]

    def by_text(utterances: list[Utterance]) -> tuple[Parts, str]:
        return dealing.split_by(utterances, lambda u: _key(u.text), held.seed, held.dev,
                                held.test), "text"

    return Scan([c for c in found if c.text is not None], [_counted(found, microphone)],
                _missing(source, found, microphone), noun="utterances",
                split=by_text if held.split == "clip" else dealt(held))


def _key(text: str | None) -> str:
    return " ".join(re.findall(r"[a-z']+", (text or "").lower()))


def check(source: str | Path) -> list[str]:
    """Finds what is missing or wrong, one line for each problem, for both microphones. Raises
    InputError where VCTK is absent."""
    source = Path(source)
    first, second = clips(source, "mic1"), clips(source, "mic2")
    if not first:
        raise layout.absent(source, ABOUT)
    lone = {c.id for c in first} - {c.id for c in second}
    problems = _missing(source, first, "mic1") + layout.empty((c.path for c in first), source)
    return problems + layout.grouped("sounds of mic1 without one of mic2", sorted(
        name for name in lone if not name.startswith(WITHOUT_MIC2)))
