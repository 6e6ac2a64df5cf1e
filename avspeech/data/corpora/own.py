"""Videos of one's own: a folder for each speaker, in it videos of that face alone, speaking with
nobody else.

Long videos are cut into pieces. The largest face of a picture is the speaker's.
"""

from __future__ import annotations

import math
from pathlib import Path

from avspeech.core.listing import files_below, is_hidden
from avspeech.data.corpora import headers, layout
from avspeech.data.corpora.scan import HeldOut, Read, Scan, dealt, read
from avspeech.data.manifest import Utterance, View
from avspeech.errors import InputError
from avspeech.media.video import FPS

SUFFIXES = (".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
            ".mts", ".ts", ".webm", ".wmv")
SHORTEST = 1.5  # seconds of a piece


def _videos(source: Path) -> tuple[list[tuple[str, Path]], list[str]]:
    """((speaker, video) by speaker and name, what is left out). Raises InputError for no video."""
    found: list[tuple[str, Path]] = []
    twice, others = [], [p for p in sorted(source.iterdir())
                         if _is_file(p)] if source.is_dir() else []
    for folder in layout.folders(source):
        first: dict[str, Path] = {}
        for path in (p for p in files_below(folder) if p.is_file()):
            if path.parent != folder or path.suffix.lower() not in SUFFIXES:
                others.append(path)
            elif first.setdefault(path.stem, path) != path:
                twice.append(layout.below(path, source))
        found += [(folder.name, path) for path in first.values()]
    if not found:
        reason = "no video in its folders" if source.is_dir() else "no such folder"
        raise InputError(f"{source}: {reason}; expected a folder for each speaker with videos of "
                         "that "
                         f"speaker: {source}/ann/monday.mp4 ({', '.join(SUFFIXES)})")
    problems = layout.grouped("videos left out, another has their name", twice)
    return found, problems + layout.grouped(
        "files left out, which are no video by their name or not right in a speaker's folder",
        [layout.below(path, source) for path in others])


def _is_file(path: Path) -> bool:
    return path.is_file() and not is_hidden(path.name)


def _pieces(speaker: str, path: Path, source: Path, seconds: float) -> Read:
    where, media = layout.below(path, source), headers.whole(path)
    if not (media.audio and media.video):
        raise InputError(f"{where}: {'no picture' if media.audio else 'no sound'}")
    length = min(media.audio, media.video)
    if length < SHORTEST:
        raise InputError(f"{where}: {length:.2f} s; expected {SHORTEST} s or more")
    count = math.ceil(length / seconds)
    # On frames, so that sound and picture of a piece stay together
    cuts = [round(length * k / count * FPS) / FPS for k in range(count)] + [length]
    name = f"own-{speaker}-{path.stem}"
    return Read([Utterance(id=f"{name}-{k:04}" if count > 1 else name, audio=where, start=start,
                           duration=round(end - start, 4), speaker=f"own-{speaker}",
                           views=(View(where, "front", start=start),))
                 for k, (start, end) in enumerate(zip(cuts, cuts[1:]))])


def scan(source: Path, held: HeldOut = HeldOut(), seconds: float = 10.0) -> Scan[tuple[str, Path]]:
    """The videos in `source`, SPEAKER/NAME.mp4 and the like.

    Args:
        source: the folder.
        seconds: of a piece at most.

    Raises:
        InputError: where there is no video.
    """
    if not seconds >= 2 * SHORTEST:
        raise InputError(f"own: seconds={seconds}: expected {2 * SHORTEST} or more")
    found, problems = _videos(source)
    whole = f"{len({speaker for speaker, _ in found})} speakers, {len(found):,} videos"
    return Scan(found, [whole], problems, lambda one: _pieces(*one, source, seconds),
                dealt(held), noun="videos", timed=True)


def check(source: str | Path) -> list[str]:
    """Finds what is wrong, one line for each problem: videos that do not open, without sound or
    picture, too short, or with the name of another. Raises InputError where there is no video."""
    return read("own", Path(source), scan(Path(source)), 4)[1]
