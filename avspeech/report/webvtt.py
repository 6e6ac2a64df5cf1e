"""Reads and writes WebVTT (W3C, WebVTT: The Web Video Text Tracks Format, sections 3 to 6).

SubRip (.srt), which has commas in its times and no header, is read as well.

    for cue in webvtt.read("captions.vtt"):
        for speaker, text in cue.spoken():
            ...
    webvtt.write("captions.vtt", [webvtt.Line(0.5, 1.25, "Good morning.", "Anna")])
"""

from __future__ import annotations

import html
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from avspeech.core import storage
from avspeech.errors import InputError

_TIME = r"(?:(\d{2,6}):)?([0-5]\d):([0-5]\d\.\d{3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?", re.ASCII)
_SUBRIP = re.compile(r"\s*(\d{1,3}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})"
                     r"\s*-->\s*(\d{1,3}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})(\s.*)?", re.ASCII)
_PLACE = re.compile(r"\{\\[^{}]*\}")  # where SubRip shows a text, as {\an8}
SUFFIXES = (".vtt", ".srt")
OTHERS = (".ass", ".ssa", ".sub", ".smi", ".ttml", ".dfxp", ".xml", ".sbv", ".lrc", ".stl", ".scc")
# What the format reads as a tag; a '<' before a space, as in "1 < 2", is kept as text.
TAG = re.compile(r"<(?:/?[A-Za-z]|/|\.|\d)[^<>]*>")
VOICE = re.compile(r"<(/?)v(?=[\s.>])[^<>]*>")
# Captions that roll show each line twice, in the cue in which it comes and in the next one
ROLLING = 0.25  # of all cues, from which on it is no chance
_NAME = re.compile(r"<v(?:\.[^\s<>]*)?\s*([^<>]*)>")


@dataclass(frozen=True)
class Cue:
    """A cue of a file."""

    start: float  # seconds
    end: float  # seconds, at least `start`
    lines: tuple[str, ...]  # as written, with tags
    line: int  # of its time, counted from 1

    def spoken(self) -> list[tuple[str | None, str]]:
        """The texts of the cue without tags, each with the speaker that a voice tag names.

        A voice span lasts to its end tag, to the next voice tag, or to the end of the cue. Texts of
        one speaker that follow each other are joined, line breaks are spaces.
        """
        found: list[tuple[str | None, str]] = []
        speaker: str | None = None
        text = "\n".join(self.lines)
        place = 0
        for tag in [*VOICE.finditer(text), None]:
            piece = text[place: tag.start() if tag else len(text)]
            piece = " ".join(html.unescape(TAG.sub("", piece)).split())
            if piece:
                if found and found[-1][0] == speaker:
                    piece = f"{found.pop()[1]} {piece}"
                found.append((speaker, piece))
            if tag:
                place = tag.end()
                name = _NAME.fullmatch(tag[0]) if not tag[1] else None
                speaker = " ".join(html.unescape(name[1]).split()) or None if name else None
        return found


@dataclass(frozen=True)
class Line:
    """What `write` writes as a cue."""

    start: float  # seconds
    end: float  # seconds
    text: str
    speaker: str = ""  # for a voice tag; "": none


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, with or without a byte-order mark.

    Raises:
        InputError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start}: no UTF-8; save it as UTF-8") from None


def lines_of(path: Path) -> list[str]:
    """The lines of a file (`text_of`), which end as on any system: with CR LF, LF or CR."""
    return text_of(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def read(path: str | Path) -> list[Cue]:
    """The cues of a file, in the order of the file; one named .srt is SubRip. Warns where their
    words or times are hardly what they are taken for.

    Raises:
        InputError: it cannot be read, or a line is not as the format has it.
    """
    path = Path(path)
    lines = [line.replace("\0", "\ufffd") for line in lines_of(path)]
    subrip = path.suffix.lower() == ".srt"
    if subrip:
        lines = [_as_webvtt(line) for line in lines]
        if not any("-->" in line for line in lines):
            raise InputError(f"{path}: no time in it, as 00:00:01,000 --> 00:00:02,500 of SubRip")
    elif not re.fullmatch(r"WEBVTT([ \t].*)?", lines[0]):
        other = any(map(_SUBRIP.fullmatch, lines[:8]))
        raise InputError(f"{path}:1: expected WEBVTT as the first line of a WebVTT file"
                         + ("; this is SubRip: let its name end with .srt" if other else ""))
    cues = []
    number = 0
    while not subrip and number < len(lines) and lines[number] and "-->" not in lines[number]:
        number += 1  # the header
    while number < len(lines):
        if not lines[number].strip():
            number += 1
            continue
        block = number
        while number < len(lines) and lines[number] and "-->" not in lines[number]:
            number += 1
        if number == len(lines) or not lines[number]:  # a block without a time
            if not re.match(r"(NOTE|STYLE|REGION)(\s|$)", lines[block]):
                raise InputError(f"{path}:{block + 1}: expected a time, as 00:01.000 --> 00:02.500")
            continue
        if re.match(r"NOTE(\s|$)", lines[block]):
            raise InputError(f"{path}:{number + 1}: --> is not allowed in a comment")
        if number > block + 1:
            raise InputError(f"{path}:{block + 2}: expected a time below the name of a cue")
        timing = number
        number += 1
        while number < len(lines) and lines[number] and "-->" not in lines[number]:
            number += 1
        start, end = _times(path, timing, lines[timing])
        cues.append(Cue(start, end, tuple(lines[timing + 1: number]), timing + 1))
    if (empty := sum(cue.start == cue.end for cue in cues)):
        warnings.warn(f"{path}: {empty} of {len(cues)} cues end when they begin: they overlap "
                      "nothing", stacklevel=2)
    if any(line.startswith("X-TIMESTAMP-MAP") for line in lines[1: 3]):
        warnings.warn(f"{path}: X-TIMESTAMP-MAP, as pieces of a stream have it, is not followed: "
                      "times count from the beginning of the piece", stacklevel=2)
    texts = [[text for line in cue.lines if (text := TAG.sub("", line).strip())] for cue in cues]
    again = sum(bool(a and b) and b[0] == a[-1] for a, b in zip(texts, texts[1:]))
    if again > max(1, ROLLING * len(cues)):
        warnings.warn(f"{path}: {again} of {len(cues)} cues begin with the line that ends the cue "
                      "before (captions that roll, as YouTube writes them): these words count "
                      "twice", stacklevel=2)
    return cues


def _as_webvtt(line: str) -> str:
    """A line of SubRip as WebVTT has it."""
    found = _SUBRIP.fullmatch(line)
    if found is None:
        return _PLACE.sub("", line)
    h1, m1, s1, f1, h2, m2, s2, f2 = found.groups()[:8]
    return " --> ".join(f"{int(h):02}:{int(m):02}:{int(s):02}.{f.ljust(3, '0')}"
                        for h, m, s, f in ((h1, m1, s1, f1), (h2, m2, s2, f2)))


def instead(path: Path) -> str:
    """What to do with captions of another format, as the end of an error; empty for other files."""
    if path.suffix.lower() not in OTHERS:
        return ""
    return "; convert it to WebVTT or SubRip (ffmpeg -i IN OUT.vtt, or a program for subtitles)"


def _times(path: Path, number: int, timing: str) -> tuple[float, float]:
    match = _TIMING.fullmatch(timing)
    if match is None:
        raise InputError(f"{path}:{number + 1}: '{timing.strip()}' is no time; expected "
                         "00:01.000 --> 00:02.500")
    h1, m1, s1, h2, m2, s2 = match.groups()
    start = round(int(h1 or 0) * 3600 + int(m1) * 60 + float(s1), 3)
    end = round(int(h2 or 0) * 3600 + int(m2) * 60 + float(s2), 3)
    if end < start:
        raise InputError(f"{path}:{number + 1}: the cue ends before it starts")
    return start, end


def write(path: str | Path, lines: Iterable[Line]) -> None:
    """Writes a file, whole or not at all. Texts and names of any content are escaped.

    Args:
        path: the file to write or replace.
        lines: one cue each; a line without text is left out.

    Raises:
        InputError: the place cannot be written to.
    """
    parts = ["WEBVTT\n"]
    for line in lines:
        text = html.escape(_plain(line.text), quote=False)
        if text:
            speaker = html.escape(_plain(line.speaker), quote=False)
            voice = f"<v {speaker}>" if speaker else ""
            parts.append(f"\n{clock(line.start)} --> {clock(line.end)}\n{voice}{text}\n")
    storage.write_atomically(path, "".join(parts).encode())


def _plain(text: str) -> str:
    """One line without control characters; half of a pair of UTF-16 becomes a mark."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def clock(seconds: float) -> str:
    """`hh:mm:ss.mmm`, rounded to a millisecond."""
    milliseconds = round(1000 * seconds)
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{rest:03}"
