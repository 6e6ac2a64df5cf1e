"""What the page takes, and one polite line for what it does not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from avspeech.errors import InputError

FRAMES = 25.0  # a second: the clock of the pipelines' bars over pictures
SLACK = 1.5  # times the longest; so much may be decoded of a file whose header says less


@dataclass(frozen=True)
class Limits:
    """What the page takes at most."""

    megabytes: int = 500  # of a file
    minutes: float = 15.0  # of a sound or a video
    characters: int = 5000  # of a text
    pixels: int = 4096 * 2304  # of a picture
    views: int = 4  # videos of one scene
    jobs: int = 12  # that wait
    pages: int = 16  # open at a time
    kept: int = 8  # files that were given to one page and are not removed yet
    idle: float = 900.0  # seconds without a word of a page, after which it counts as closed


def megabytes(size: float) -> str:
    """Bytes as text."""
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def length(seconds: float) -> str:
    """A length of time as text."""
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def check_size(size: int, limits: Limits) -> None:
    """Raises InputError for a file of too many bytes."""
    if size > limits.megabytes * 1_000_000:
        raise InputError(f"the file is larger than {limits.megabytes} MB, the most that this page "
                         "takes; cut it, or use the command line, which takes any size")


def check_file(path: Path, limits: Limits) -> None:
    """Looks at a file before it is worked on.

    Raises:
        InputError: it is empty, a text or a playlist, too long, or its pictures are too large.
    """
    from avspeech.media import audio
    from avspeech.media.decoding import is_list

    with open(path, "rb") as file:
        begin = file.read(4096)
    if not begin:
        raise InputError(f"{path}: the file is empty (0 bytes)")
    if is_list(begin) or _is_text(begin):
        raise InputError(f"{path}: a text or a list, not sound or video")
    seconds = audio.promised(path) or 0.0
    with audio.open_container(path) as container:
        seconds = max(seconds, (container.duration or 0) / 1e6)
        for stream in container.streams.video:
            # A stream that is not known has no size.
            width, height = getattr(stream, "width", 0), getattr(stream, "height", 0)
            if width * height > limits.pixels:
                raise InputError(f"{path}: pictures of {width} x {height} pixels are too large for "
                                 f"this page; up to {limits.pixels / 1e6:.0f} megapixels will do")
    check_length(path, seconds, limits)


def check_length(path: Path, seconds: float, limits: Limits) -> None:
    """Raises InputError for a sound or video of too many seconds."""
    if seconds > 60 * limits.minutes:
        raise InputError(f"{path}: it lasts {length(seconds)}, and this page takes up to "
                         f"{limits.minutes:g} minutes; cut it, or use the command line, which "
                         "takes any length")


def check_progress(done: float, unit: str, limits: Limits) -> None:
    """Raises InputError where a bar of a pipeline has gone beyond what a file may last."""
    seconds = {"frame": done / FRAMES, "s": done}.get(unit, 0.0)
    if seconds > SLACK * 60 * limits.minutes:
        raise InputError("the file goes on for longer than it says, and than the "
                         f"{limits.minutes:g} minutes that this page takes; cut it")


def check_text(text: str, limits: Limits) -> None:
    """Raises InputError for a text of too many characters."""
    if len(text) > limits.characters:
        raise InputError(f"the text has {len(text)} characters, and this page takes up to "
                         f"{limits.characters}; use avspeech speak --file, which takes a book")


def shown_name(name: str) -> str:
    """A file's name as it is shown: without folders and without what is no text. It is never used
    as a path."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(c for c in name if c.isprintable()).strip()
    return name if len(name) <= 80 else f"{name[:60]}...{name[-16:]}" if name else ""


def suffix_of(name: str) -> str:
    """The suffix under which a file is stored: FFmpeg looks at it for some formats."""
    found = re.search(r"\.[A-Za-z0-9]{1,5}$", name)
    return found[0].lower() if found else ""


def _is_text(begin: bytes) -> bool:
    """Whether a file's first bytes are nothing but text."""
    try:
        text = begin.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(begin) - 4:  # more than a character that is cut off
            return False
        text = begin[: error.start].decode("utf-8")
    return all(c.isprintable() or c.isspace() for c in text)
