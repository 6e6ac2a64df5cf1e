"""Reading aloud into files: `avspeech speak`. A text of any length, in bounded memory, whole or not at
all."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.synthesis.synthesizer import Manner, Timestamps

if TYPE_CHECKING:
    from avspeech.synthesis.synthesizer import Synthesizer

CHARACTERS = 4000  # of a paragraph that are analysed at a time
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s+")


def speak_text(synthesizer: Synthesizer, text: str, out: str | Path, timestamps: str | Path | None = None,
               progress: bool = False, **options: Any) -> float:
    """Says a text into a sound file (.wav, .flac, .ogg; mono, 16 bit). Returns its seconds.

    timestamps: a JSON file for the times of words, phones and breaks, and the text. options: of
    `Synthesizer.manner`. Raises InputError as it does; then no file is there.
    """
    return _write(synthesizer, [(0, text)], len(text), text, Path(out), timestamps, progress,
                  synthesizer.manner(**options), None)


def speak_file(synthesizer: Synthesizer, path: str | Path, out: str | Path,
               timestamps: str | Path | None = None, progress: bool = False, **options: Any) -> float:
    """The same for a text file (UTF-8) of any length, read paragraph by paragraph (they are parted by empty
    lines; markup ends with its paragraph). Raises InputError, with the line, for bad markup, and for what
    is not text."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    manner = synthesizer.manner(**options)
    return _write(synthesizer, paragraphs(path), _characters(path), None, Path(out), timestamps, progress,
                  manner, path)


def paragraphs(path: Path) -> Iterator[tuple[int, str]]:
    """(offset in characters, text) of the paragraphs of a text file; a very long one is cut behind a
    sentence, so that no more than some thousand characters are in memory. Raises InputError where it is not
    UTF-8."""
    offset, begun, kept = 0, 0, ""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            while True:
                line = file.readline(CHARACTERS)
                blank = not line.strip()
                if kept and (blank or len(kept) + len(line) > CHARACTERS):
                    cut = len(kept) if blank else _cut(kept)
                    yield begun, kept[:cut]
                    begun, kept = begun + cut, kept[cut:]
                if not line:
                    if kept.strip():
                        yield begun, kept
                    return
                if blank:
                    kept = ""
                else:
                    begun = begun if kept else offset
                    kept += line
                offset += len(line)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason}); save it as UTF-8") from None


def _cut(text: str) -> int:
    """Where to part a text: behind its last sentence, else at its last space, else at its end."""
    ends = [m.end() for m in _SENTENCE_END.finditer(text)]
    return ends[-1] if ends else text.rfind(" ") + 1 or len(text)


def _characters(path: Path) -> int:
    return max(1, path.stat().st_size)  # bytes, near enough for a progress bar


def _write(synthesizer: Synthesizer, parts: Any, total: int, text: str | None, out: Path,
           timestamps: str | Path | None, progress: bool, manner: Manner, source: Path | None) -> float:
    import soundfile
    from tqdm import tqdm

    suffix = out.suffix.lower()
    if suffix not in audio.WRITE_FORMATS:
        raise InputError(f"{out}: cannot write '{suffix}' sound; "
                         f"use one of {', '.join(audio.WRITE_FORMATS)}")
    kind, subtype = audio.WRITE_FORMATS[suffix]
    stamps, done, clipped = Timestamps(), 0, 0
    rate = synthesizer.sample_rate
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out.parent}: cannot make this folder ({error.strerror})") from None
    # Its header is right only at the end, so the name is given then: a reader that is killed leaves no file.
    aside = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with (soundfile.SoundFile(str(aside), "w", rate, 1, subtype, format=kind) as file,
              tqdm(total=total, desc="speak", unit="char", unit_scale=True, disable=not progress) as bar):
            for (offset, part), goes_on in _with_more(parts):
                for piece, said in _said(synthesizer, part, manner, source, offset, goes_on):
                    if timestamps is not None:
                        stamps.add(said, done / rate, offset)
                    clipped += int(np.count_nonzero(np.abs(piece) > 1.0))
                    file.write(np.clip(piece, -1.0, 1.0))
                    done += len(piece)
                bar.update(max(0, min(total, offset + len(part)) - bar.n))
            if not done:
                raise InputError(f"{source}: no word to say in it")
        os.replace(aside, out)
    except soundfile.LibsndfileError as error:
        raise InputError(f"{out}: cannot be written ({error.error_string})") from None
    finally:
        aside.unlink(missing_ok=True)
    if timestamps is not None:
        record = {**({"text": text} if text is not None else {"file": str(source)}), "sample_rate": rate,
                  "duration": round(done / rate, 4), "words": stamps.words, "phones": stamps.phones,
                  "breaks": stamps.breaks}
        _save(Path(timestamps), record)
    if clipped:
        warnings.warn(f"{out}: {clipped} samples beyond full scale were clipped", stacklevel=3)
    return done / rate


def _with_more(parts: Any) -> Iterator[tuple[tuple[int, str], bool]]:
    """Each part, and whether another one follows."""
    before = None
    for part in parts:
        if before is not None:
            yield before, True
        before = part
    if before is not None:
        yield before, False


def _said(synthesizer: Synthesizer, part: str, manner: Manner, source: Path | None, offset: int,
          goes_on: bool) -> Iterator[tuple[np.ndarray, Timestamps]]:
    if source is None:
        yield from synthesizer.pieces(part, manner)
        return
    try:
        script = synthesizer.read(part)
    except InputError as error:
        if "no word" in str(error):  # a line of dashes, say
            return
        raise InputError(f"{source}, paragraph at character {offset}: {error}") from None
    yield from synthesizer.say(script, manner, goes_on)


def _save(path: Path, record: dict[str, Any]) -> None:
    from avspeech.core.storage import write_file

    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    write_file(aside, json.dumps(record, ensure_ascii=False, indent=1).encode() + b"\n")
    os.replace(aside, path)
