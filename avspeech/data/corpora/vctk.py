"""VCTK: 110 speakers of English in many accents, about 400 sentences each, two microphones, 48 kHz.

J. Yamagishi, C. Veaux, K. MacDonald, "CSTR VCTK Corpus: English multi-speaker corpus for CSTR voice cloning
toolkit", version 0.92, 2019. The silences at both ends of the sounds are cut already. Known gaps: speaker
p315 has no texts, p280 no second microphone.
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
    name="VCTK",
    page="https://datashare.ed.ac.uk/handle/10283/3443",
    terms="free to download; CC BY 4.0",
    layout="wav48_silence_trimmed/<speaker>/*_mic1.flac and txt/<speaker>/*.txt",
)

SPEAKERS = 110
UTTERANCES = {"mic1": 44_455, "mic2": 43_873}  # sounds of version 0.92 that have a text
WITHOUT_TEXT, WITHOUT_MIC2 = "p315", "p280"


@dataclass(frozen=True)
class Clip:
    """speaker: "p225"; name: "p225_001"; path: of the sound; text, or None."""

    speaker: str
    name: str
    path: Path
    text: str | None


@dataclass(frozen=True)
class Speaker:
    """A line of speaker-info.txt."""

    age: int | None
    sex: str | None
    accent: str | None


def read_speakers(path: Path) -> dict[str, Speaker]:
    """{"p225": Speaker(23, "female", "English")} of speaker-info.txt: columns ID AGE GENDER ACCENTS REGION,
    parted by blanks."""
    speakers = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = re.match(r"([ps]\d+)\s+(\d+)?\s*([MF])\b\s*(\S+)?", line)
        if match:
            age, sex = match.group(2), {"M": "male", "F": "female"}[match.group(3)]
            speakers[match.group(1)] = Speaker(int(age) if age else None, sex, match.group(4))
    return speakers


def _base(source: Path) -> Path:
    return next((source / name for name in ("VCTK-Corpus-0.92", "VCTK-Corpus")
                 if (source / name / "wav48_silence_trimmed").is_dir()), source)


def clips(source: str | Path, microphone: str = "mic1") -> list[Clip]:
    """All sounds of a microphone, by speaker and name. Raises InputError, saying where to get VCTK, for
    none."""
    if microphone not in UTTERANCES:
        raise InputError(f"microphone: expected {' or '.join(UTTERANCES)}, got '{microphone}'")
    base, found = _base(Path(source)), []
    for folder in layout.folders(base / "wav48_silence_trimmed"):
        for path in layout.files(folder, ".flac", ".wav"):
            if path.stem.endswith(f"_{microphone}"):
                name = path.stem[: -len(microphone) - 1]
                text = base / "txt" / folder.name / f"{name}.txt"
                found.append(Clip(folder.name, name, path, _text(text)))
    if not found:
        raise layout.absent(source, ABOUT)
    return found


def _text(path: Path) -> str | None:
    try:
        return " ".join(path.read_text(encoding="utf-8").split()).strip('"') or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: cannot be read as text") from None


def summary(found: Sequence[Clip], microphone: str = "mic1") -> str:
    """Counts against the published ones."""
    return (f"{layout.counted(len({c.speaker for c in found}), SPEAKERS, 'speakers')}, "
            + layout.counted(sum(c.text is not None for c in found), UTTERANCES[microphone],
                             f"utterances with text ({microphone})"))


def _missing(source: Path, found: Sequence[Clip], microphone: str) -> list[str]:
    said = [c for c in found if c.text is not None]
    problems = [] if len(said) == UTTERANCES[microphone] else [summary(found, microphone)]
    problems += layout.grouped("sounds without a text", [
        c.name for c in found if c.text is None and c.speaker != WITHOUT_TEXT])
    if not (_base(source) / "speaker-info.txt").is_file():
        problems.append("speaker-info.txt missing: age, sex and accent are not known")
    return problems + layout.empty((c.path for c in found), source)


def prepare(source: str | Path, out: str | Path, microphone: str = "mic1",
            speakers: Sequence[str] | None = None,
            split: str = "clip", seed: int = 0, dev: float = layout.DEV, test: float = layout.TEST,
            workers: int = 4) -> list[Path]:
    """Writes train, dev and test manifests.

    microphone: "mic1" or "mic2"; speakers: only these ("p225", ...). split: "clip" holds out sentences of
    every speaker, by their text (all speakers read some of the same), "speaker" whole speakers; dev, test:
    shares or counts. Labels: sex, age, accent where known. Raises InputError where VCTK is absent.
    """
    source = Path(source)
    found = clips(source, microphone)
    voices = layout.chosen("speakers", speakers, list(dict.fromkeys(c.speaker for c in found)))
    found = [c for c in found if c.speaker in voices]
    info = _base(source) / "speaker-info.txt"
    known = read_speakers(info) if info.is_file() else {}

    def work(clip: Clip) -> Utterance:
        if clip.text is None:
            raise InputError(f"{clip.name}: no text")
        about = known.get(clip.speaker, Speaker(None, None, None))
        labels = {name: value for name, value in (("sex", about.sex), ("age", about.age), ("accent",
                                                                                           about.accent))
                  if value is not None}
        return Utterance(id=f"vctk-{clip.name}", audio=layout.below(clip.path, source),
                         duration=layout.media(clip.path).audio, speaker=f"vctk-{clip.speaker}",
                         text=clip.text,
                         labels=labels)

    utterances, unusable = layout.gather([c for c in found if c.speaker != WITHOUT_TEXT], work, "VCTK",
                                         workers)
    parts: dict[str, list[Utterance]] = {name: [] for name in layout.SPLITS}
    if split == "clip" and utterances:
        where = layout.pick((_key(u.text) for u in utterances), seed, dev, test)
        for utterance in utterances:
            parts[where[_key(utterance.text)]].append(utterance)
    elif utterances:
        parts, split = layout.split(utterances, split, seed, dev, test)
    return layout.finish(out, parts, layout.Prepared(
        "vctk", str(source.resolve()), "text" if split == "clip" else split, seed, found=[summary(found,
                                                                                                  microphone)],
        problems=_missing(source, found, microphone) + layout.grouped("unusable utterances", unusable)))


def _key(text: str | None) -> str:
    return " ".join(re.findall(r"[a-z']+", (text or "").lower()))


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each, for both microphones. Raises InputError where VCTK is absent."""
    source = Path(source)
    first, second = clips(source, "mic1"), clips(source, "mic2")
    lone = {c.name for c in first} - {c.name for c in second}
    problems = _missing(source, first, "mic1")
    return problems + layout.grouped("sounds of mic1 without one of mic2", sorted(
        name for name in lone if not name.startswith(WITHOUT_MIC2)))
