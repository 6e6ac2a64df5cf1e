"""Reads texts aloud into sound files: `avspeech speak`.

A text of any length in bounded memory: the whole text is checked before its first word is said,
then it is said paragraph by paragraph. Sound and times are written aside and put in place when they
are whole.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from avspeech.core import storage
from avspeech.core.bars import bar
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.media.wav_pipe import WavPipe
from avspeech.synthesis.speech import Manner, Rest, Timestamps
from avspeech.text.script import RESTS

if TYPE_CHECKING:
    from avspeech.synthesis.synthesizer import Synthesizer
    from avspeech.text import Script

CHARACTERS = 4000  # of a paragraph that are analyzed at a time
PIPED = 100_000_000  # bytes of text that are taken from a pipe, which can be read only once
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s+")


@dataclass
class Text:
    """A text that can be read several times."""

    name: str  # for messages
    size: int  # bytes, about
    open: Callable[[], IO[str]]


def speak_text(synthesizer: Synthesizer, text: str, out: str | Path,
               timestamps: str | Path | None = None,
               progress: bool = False, tell: Callable[[str], None] | None = None, *,
               sentence_rest: float | None = None, paragraph_rest: float | None = None,
               **options: Any) -> float:
    """Says a text into a sound file.

    Args:
        synthesizer: the voice.
        text: what to say, markup allowed.
        out: .wav, .flac or .ogg; mono, 16 bit. "-": a wav on standard output, as it is said.
        timestamps: a JSON file for the times of words, phones and breaks, and the text.
        progress: whether to show a bar.
        tell: takes lines that the user should read, e.g. on what could not be said (default:
            warnings).
        sentence_rest, paragraph_rest: see `Synthesizer.__call__`.
        options: of `Synthesizer.manner`.

    Returns:
        Seconds of sound.

    Raises:
        InputError: bad markup, no word to say, values out of range, or a place that cannot be
            written to; then files that were there are as they were.
    """
    job = _Job(synthesizer, synthesizer.manner(**options), sentence_rest, paragraph_rest)
    script = synthesizer.read(text, sentence_rest, paragraph_rest)
    job.note(script)
    return _write(job, iter([(0, len(text), script)]), len(text), {"text": text}, Path(out),
                  timestamps, progress, tell)


def speak_file(synthesizer: Synthesizer, path: str | Path, out: str | Path,
               timestamps: str | Path | None = None, progress: bool = False,
               tell: Callable[[str], None] | None = None, *, sentence_rest: float | None = None,
               paragraph_rest: float | None = None, **options: Any) -> float:
    """Says a text file of any length into a sound file.

    The text is read paragraph by paragraph: empty lines part them, and markup ends with its
    paragraph. Where saying it fails or is interrupted, what was said is kept beside, as
    NAME.unfinished.SUFFIX.

    Args:
        synthesizer: the voice.
        path: a text file (UTF-8), or a pipe; "-" is the standard input.
        out, timestamps, progress, tell, sentence_rest, paragraph_rest, options: see `speak_text`.

    Returns:
        Seconds of sound.

    Raises:
        InputError: as `speak_text`; for bad markup anywhere in the text before anything is said,
            with its place; for what is not text.
    """
    text = open_text(path)
    job = _Job(synthesizer, synthesizer.manner(**options), sentence_rest, paragraph_rest)
    job.check(text)
    return _write(job, job.scripts(text), text.size, {"file": text.name}, Path(out), timestamps,
                  progress, tell, keep=True)


def open_text(path: str | Path) -> Text:
    """The text of a file, a pipe, or "-", the standard input; a pipe is read into memory.

    Raises:
        InputError: there is no such file, it cannot be read, or a pipe has more than 100 MB.
    """
    name, path = str(path), Path(path)
    try:
        if name == "-":
            return _piped("standard input", sys.stdin.buffer)
        if path.is_dir() or not path.exists():
            raise InputError(f"{path}: {'a folder' if path.is_dir() else 'no such file'}; expected "
                             "a text file")
        if not path.is_file():
            with path.open("rb") as pipe:
                return _piped(name, pipe)
        path.open("rb").close()
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})") from None
    return Text(name, path.stat().st_size, lambda: path.open(encoding="utf-8-sig", newline=""))


def _piped(name: str, pipe: IO[bytes]) -> Text:
    data = pipe.read(PIPED + 1)
    if len(data) > PIPED:
        raise InputError(f"{name}: more than {PIPED // 1_000_000} MB of text; save it as a file "
                         "first")
    return Text(name, len(data),
                lambda: io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""))


@dataclass
class _Part:
    """A paragraph of a text, or a part of one."""

    text: str
    offset: int  # characters before it
    line: int  # from 1
    column: int  # from 0
    ends: bool  # whether its paragraph ends with it

    def place(self, error: InputError) -> str:
        """A message about this part with its place in the whole text."""
        found = re.fullmatch(r"text, (?:line (\d+), )?column (\d+): (.*)", str(error), re.DOTALL)
        if not found:
            return f"line {self.line}: {error}"
        line, column = int(found[1] or 1), int(found[2])
        column += self.column if line == 1 else 0
        return f"line {self.line + line - 1}, column {column}: {found[3]}"


def _parts(text: Text) -> Iterator[_Part]:
    """The paragraphs of a text in order; a very long one is cut behind a sentence, so that no more
    than some thousand characters are in memory. Raises InputError where it is not UTF-8."""
    offset, number, place = 0, 1, 0  # character, line from 1 and column from 0 of what is read next
    part = _Part("", 0, 1, 0, True)
    try:
        with text.open() as file:
            while True:
                line = file.readline(CHARACTERS)
                blank = not line.strip()
                if part.text and (blank or len(part.text) + len(line) > CHARACTERS):
                    cut = len(part.text) if blank else _cut(part.text)
                    before, after = part.text[:cut], part.text[cut:]
                    yield dataclasses.replace(part, text=before, ends=blank)
                    lines = len(re.findall(r"\r\n|\r|\n", before))
                    last = max(before.rfind("\n"), before.rfind("\r")) + 1
                    column = len(before) - last + (0 if last else part.column)
                    part = _Part(after, part.offset + cut, part.line + lines, column, True)
                if not line:
                    if part.text.strip():
                        yield part
                    return
                if blank or not part.text:
                    part = _Part("", offset, number, place, True)
                if not blank:
                    part.text += line
                offset += len(line)
                ended = line.endswith(("\n", "\r"))
                number, place = (number + 1, 0) if ended else (number, place + len(line))
    except UnicodeDecodeError as error:
        raise InputError(f"{text.name}: not UTF-8 text ({error.reason}); "
                         "save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{text.name}: cannot be read ({error.strerror})") from None


def _cut(text: str) -> int:
    """Where to part a text: behind its last sentence, else at its last space, else at its end."""
    ends = [m.end() for m in _SENTENCE_END.finditer(text)]
    return ends[-1] if ends else text.rfind(" ") + 1 or len(text)


@dataclass
class _Job:
    """A text to say, and how."""

    synthesizer: Synthesizer
    manner: Manner
    sentence_rest: float | None
    paragraph_rest: float | None
    unread: list[Any] = field(default_factory=list)  # `text.Unread`
    guessed: dict[str, None] = field(default_factory=dict)  # words, in order

    def check(self, text: Text) -> None:
        """Parses all of a text. Raises InputError for the first fault, and where there is nothing
        in it."""
        from avspeech.text import check

        some = False
        for part in _parts(text):
            try:
                check(part.text, self.synthesizer.language, self.synthesizer.speakers)
            except InputError as error:
                raise InputError(f"{text.name}, {part.place(error)}") from None
            some = some or any(character.isalnum() for character in part.text)
        if not some:
            raise InputError(f"{text.name}: no word to say in it")

    def scripts(self, text: Text) -> Iterator[tuple[int, int, Script]]:
        """(offset, characters, script) of each part that has a word."""
        for part in _parts(text):
            rest = self.paragraph_rest if part.ends else self._rest_within(part.text)
            try:
                script = self.synthesizer.analyze(part.text, self.sentence_rest, rest)
            except InputError as error:
                raise InputError(f"{text.name}, {part.place(error)}") from None
            self.note(script)
            if script.words:
                yield part.offset, len(part.text), script

    def note(self, script: Script) -> None:
        """Keeps what the user should know of a script."""
        self.unread += script.unread
        self.guessed |= {word.text: None for word in script.words if word.source == "guess"}

    def _rest_within(self, part: str) -> float:
        """Seconds of rest behind a part that is not the end of its paragraph."""
        if not _SENTENCE_END.search(part[-20:].rstrip() + " "):
            return 0.0
        for rest in (self.sentence_rest, self.synthesizer.sentence_rest):
            if rest is not None:
                return rest
        return RESTS["."]

    def lines(self) -> list[str]:
        """What could not be said and what was guessed so far."""
        from avspeech.text import Script

        lines = []
        if self.unread:
            lines.append(Script("", (), unread=tuple(self.unread)).unread_line)
        if self.guessed:
            shown = ", ".join(list(self.guessed)[:8]) + (", ..." if len(self.guessed) > 8 else "")
            lines.append(f"the pronunciation of {len(self.guessed)} "
                         f"word{'s' if len(self.guessed) > 1 else ''} is guessed: {shown}")
        return lines


def _write(job: _Job, scripts: Iterator[tuple[int, int, Script]], total: int,
           source: dict[str, str], out: Path, timestamps: str | Path | None, progress: bool,
           tell: Callable[[str], None] | None, keep: bool = False) -> float:
    """Says scripts into files; see `speak_text`. source: names the text in the times. keep: whether
    what was said is kept where the rest fails."""
    rate, stamps, rest = job.synthesizer.sample_rate, Timestamps(), Rest()
    piped = str(out) == "-"
    for path in (None if piped else out, timestamps):
        if path is not None:
            storage.sweep_beside(path)
    with contextlib.ExitStack() as places:
        times: Path | None = None
        if timestamps is not None:
            times = places.enter_context(storage.writing(timestamps))
        file = (_Piped(rate) if piped else
                _Sound(places.enter_context(storage.writing(out)), out, rate))
        try:
            with bar(total=total, desc="speak", unit="char", unit_scale=True,
                     disable=not progress) as shown:
                for offset, characters, script in scripts:
                    for piece, said in job.synthesizer.say(script, job.manner, rest):
                        if times is not None:
                            stamps.add(said, file.frames / rate, offset)
                        file.write(piece)
                    shown.update(max(0, min(total, offset + characters) - shown.n))
            if not file.frames:
                what = f"{source.get('file', 'the text')}: no word to say in it"
                raise InputError("; ".join([what, *job.lines()]))
            file.close()
        except BaseException:
            file.abandon(out.with_name(f"{out.stem}.unfinished{out.suffix}") if keep else None)
            raise
        if times is not None:
            record = {**source, "sample_rate": rate, "duration": round(file.frames / rate, 4),
                      "words": stamps.words, "phones": stamps.phones, "breaks": stamps.breaks}
            if stamps.marks:
                record["marks"] = [{"name": mark["name"], "time": mark["start"]}
                                   for mark in stamps.marks]
            storage.write_file(times,
                               json.dumps(record, ensure_ascii=False, indent=1).encode() + b"\n")
    for line in job.lines():
        if tell is None:
            warnings.warn(line, stacklevel=3)
        else:
            tell(line)
    return file.frames / rate


class _Sound:
    """A sound file that is written piece by piece and known to be whole when it is closed.

    Args:
        aside: where it is written.
        out: its final place, for the format and for messages.
        rate: in hertz.
    """

    def __init__(self, aside: Path, out: Path, rate: int) -> None:
        audio.write_format(out)
        self.aside, self.frames = aside, 0
        self.open = contextlib.ExitStack()
        self.add = self.open.enter_context(audio.sound_writer(aside, rate))

    def write(self, samples: np.ndarray) -> None:
        """Appends samples `[n]` in -1..1."""
        self.add(np.clip(samples, -1.0, 1.0))
        self.frames += len(samples)

    def close(self) -> None:
        """Ends the file. Raises OSError where the disk did not take all of it."""
        self.open.close()

    def abandon(self, keep: Path | None) -> None:
        """Ends the file early. keep: where to move what is whole of it, if anything was said."""
        with contextlib.suppress(OSError):
            self.close()
            if keep is not None and self.frames:
                os.replace(self.aside, keep)
                print(f"what was said until then: {keep}", file=sys.stderr)


class _Piped(WavPipe):
    """Standard output in the place of a `_Sound`."""

    def close(self) -> None:
        """Has nothing to do: all was sent."""

    def abandon(self, keep: Path | None) -> None:
        """Has nothing to keep: the reader has it."""
