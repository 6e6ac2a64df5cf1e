"""Videos of one's own: a folder for each speaker, in it videos of that face alone, speaking with nobody else.

Long videos are cut into pieces. The largest face of a picture is the speaker's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance, View
from avspeech.errors import InputError
from avspeech.media.video import FPS

SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm")
SHORTEST = 1.5  # seconds of a piece


@dataclass(frozen=True)
class Clip:
    """One video of a speaker."""

    speaker: str
    path: Path


def clips(source: str | Path) -> list[Clip]:
    """All videos there are, by speaker and name. Raises InputError for none."""
    source = Path(source)
    found = [Clip(folder.name, path) for folder in layout.folders(source)
             for path in layout.files(folder, *SUFFIXES)]
    if not found:
        reason = "no video in its folders" if source.is_dir() else "no such folder"
        raise InputError(f"{source}: {reason}; expected a folder for each speaker with videos of that "
                         f"speaker: {source}/ann/monday.mp4 ({', '.join(SUFFIXES)})")
    return found


def _pieces(clip: Clip, source: Path, seconds: float) -> list[Utterance]:
    where, media = layout.below(clip.path, source), layout.media(clip.path)
    if not (media.audio and media.video):
        raise InputError(f"{where}: {'no picture' if media.audio else 'no sound'}")
    length = min(media.audio, media.video)
    if length < SHORTEST:
        raise InputError(f"{where}: {length:.2f} s; expected {SHORTEST} s or more")
    count = math.ceil(length / seconds)
    # On frames, so that sound and picture of a piece stay together
    cuts = [round(length * k / count * FPS) / FPS for k in range(count)] + [length]
    name = f"own-{clip.speaker}-{clip.path.stem}"
    return [Utterance(id=f"{name}-{k:04}" if count > 1 else name, audio=where, start=start,
                      duration=round(end - start, 4), speaker=f"own-{clip.speaker}",
                      views=(View(where, "front", start=start),))
            for k, (start, end) in enumerate(zip(cuts, cuts[1:]))]


def _read(source: Path, found: list[Clip], seconds: float, workers: int) -> tuple[list[Utterance], list[str]]:
    first: dict[tuple[str, str], Path] = {}
    twice = [c for c in found if first.setdefault((c.speaker, c.path.stem), c.path) != c.path]
    read, unusable = layout.gather([c for c in found if c not in twice],
                                   lambda clip: _pieces(clip, source, seconds), "videos", workers)
    problems = layout.grouped("videos left out, another has their name",
                              [layout.below(c.path, source) for c in twice])
    return [u for pieces in read for u in pieces], problems + layout.grouped("unusable videos", unusable)


def prepare(source: str | Path | None, out: str | Path, split: str = "auto", seed: int = 0,
            dev: float = layout.DEV, test: float = layout.TEST, seconds: float = 10.0,
            workers: int = 4) -> list[Path]:
    """Writes train, dev and test manifests of the videos in `source`, SPEAKER/NAME.mp4 and the like.

    split: "auto" (by speaker where there are three or more, else by piece), "speaker", "clip" (by piece, to
    learn and measure the same faces); dev, test: shares or counts held out, 0 for none; seconds: longest
    piece; workers: threads that open files. Raises InputError where there is no video.
    """
    if source is None:
        raise InputError("own: no source given; set it to a folder with a folder of videos for each speaker")
    if not seconds >= 2 * SHORTEST:
        raise InputError(f"own: seconds={seconds}: expected {2 * SHORTEST} or more")
    source = Path(source)
    found = clips(source)
    utterances, problems = _read(source, found, seconds, workers)
    parts, by = layout.split(utterances, split, seed, dev, test) if utterances else ({}, split)
    counts = (f"{len({c.speaker for c in found})} speakers, {len(found)} videos, "
              f"{sum(u.duration for u in utterances) / 60:.1f} minutes")
    return layout.finish(out, parts, layout.Prepared("own", str(source.resolve()), by, seed, found=[counts],
                                                     problems=problems))


def check(source: str | Path) -> list[str]:
    """What is wrong, a line each: videos that do not open, without sound or picture, too short, or with the
    name of another. Raises InputError where there is no video."""
    return _read(Path(source), clips(source), 10.0, workers=4)[1]
