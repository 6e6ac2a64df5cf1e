"""Sound in and out: any sound or video file as float32 mono at a given rate, on its own clock.

The clock's zero is the start of the container (its earliest stream), so sound and pictures of one
file agree: sound that begins late is preceded by silence. A damaged packet becomes silence, and
what follows keeps its time. `recordings.py` describes how the sound of a file is found and decoded.
"""

from __future__ import annotations

import functools
import io
import logging
import math
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import ranges, storage
from avspeech.core.listing import files_below
from avspeech.errors import InputError
from avspeech.media import recordings
from avspeech.media.decoding import (
    can_decode,
    check_exists,
    container_zero,
    decode_packets,
    open_container,
    seek,
    sound_tracks,
    stream_end,
)
from avspeech.media.levels import MOST_CHANNELS, check_floats, check_rate, mono
from avspeech.media.recordings import promised
from avspeech.media.resampling import resample
from avspeech.media.trimming import SAMPLE_RATE, speech_bounds

__all__ = ["SAMPLE_RATE", "SOUND_SUFFIXES", "blocks", "can_decode", "check_exists", "check_rate",
           "container_zero", "decode_packets", "duration", "mono", "notes_of", "open_container",
           "promised", "read", "resample", "seek", "sound_files", "sound_tracks", "speech_bounds",
           "stream_end", "write", "writing"]

log = logging.getLogger("avspeech")
# Suffixes by which folders are searched for sound; a file that is named is known by its content.
SOUND_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64",
                  ".rf64"}
WRITE_FORMATS = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
# Samples that are written at a time: libsndfile fails on millions at once into Vorbis.
BLOCK = 65536
MARGIN = 0.25  # seconds decoded before and after the wanted part: resampling needs a run-up


def read(path: str | Path, sample_rate: int = SAMPLE_RATE, start: float = 0.0,
         duration: float | None = None, track: int | None = None,
         notes: list[str] | None = None, centered: bool = False) -> np.ndarray:
    """The sound of a file as one channel. Parts equal the same part of the whole.

    Args:
        path: a sound or video file of any format that FFmpeg or libsndfile reads.
        sample_rate: in hertz; the sound is resampled to it.
        start: where the part begins, in seconds on the file's clock.
        duration: seconds of it; None: up to the end. Less comes back where the sound ends sooner.
        track: which of the file's tracks of sound, from 1; None: the one that the file marks as
            default, or the first; where that is silent or cannot be decoded, the next one that
            sounds.
        notes: takes what should be known of the sound (the track of several that was taken,
            channels that cancel each other, samples far beyond full scale, a constant offset).
            None: it is logged, once a file.
        centered: take a constant offset off, before resampling makes a click of its ends.

    Returns:
        `[N]` float32, full scale 1. Channels are averaged, see `mono`.

    Raises:
        InputError: a file that cannot be read or holds no sound, a negative start or duration, or
            a rate that `check_rate` refuses.
    """
    sample_rate = check_rate(sample_rate)
    if not (ranges.within(start, 0, math.inf)
            and (duration is None or ranges.within(duration, 0, math.inf))):
        raise InputError(f"{path}: start {start}, duration {duration}: expected seconds, 0 or more")
    sound = recordings.survey(path, track)
    _tell(path, sound.notes, notes)
    rate = sound.rate
    # A whole number of seconds: a sample in every rate
    begin = max(0, math.floor(start - MARGIN))
    end = None if duration is None else math.ceil((start + duration + MARGIN) * rate)
    samples = recordings.part(path, sound, begin * rate, end)
    if centered and sound.offset:
        samples = samples - np.float32(sound.offset)
    if rate != sample_rate:
        samples = resample(samples, rate, sample_rate)
    skip = round(start * sample_rate) - begin * sample_rate
    wanted = None if duration is None else skip + round(duration * sample_rate)
    return np.ascontiguousarray(samples[skip:wanted])


def blocks(path: str | Path, damaged: list[float] | None = None, track: int | None = None,
           notes: list[str] | None = None) -> Iterator[tuple[np.ndarray, int]]:
    """The whole sound of a file of any length, at its own rate, in pieces of about a second.

    Args:
        path, track, notes: as for `read`.
        damaged: takes the times, in seconds, of packets that do not decode; NaN where unknown.

    Yields:
        Samples `[n]` float32 and the rate in hertz.

    Raises:
        InputError: as `read` does.
    """
    sound = recordings.survey(path, track)
    _tell(path, sound.notes, notes)
    if damaged is not None:
        damaged.extend(sound.damaged)
    for piece in recordings.pieces(path, sound):
        yield piece, sound.rate


def duration(path: str | Path, track: int | None = None) -> float:
    """Seconds from the zero of the clock to the end of the sound, as many as `read` gives.

    Sound with compression is decoded for it; `promised` is what a header says. Raises InputError.
    """
    return recordings.seconds(path, track)


def notes_of(path: str | Path, track: int | None = None) -> list[str]:
    """The notes that `read` gives on a file's sound. Raises InputError."""
    return list(recordings.survey(path, track).notes)


def _tell(path: str | Path, found: tuple[str, ...], notes: list[str] | None) -> None:
    if notes is not None:
        notes.extend(note for note in found if note not in notes)
        return
    for note in found:
        _say(f"{path}: {note}")


@functools.lru_cache(maxsize=4096)
def _say(line: str) -> None:
    """Once in a process."""
    log.warning("%s", line)


def sound_files(folder: Path, more: Collection[str] = ()) -> list[Path]:
    """Every file below a folder whose suffix is one of sound, or of `more`, in order; see
    `listing.files_below`."""
    return [f for f in files_below(folder)
            if f.suffix.lower() in SOUND_SUFFIXES or f.suffix.lower() in more]


def write(path: str | Path, samples: np.ndarray, sample_rate: int = SAMPLE_RATE) -> None:
    """Writes samples as 16-bit wav (or .flac, .ogg), whole or not at all.

    Samples beyond full scale are clipped, with a warning.

    Args:
        path: the file to write or replace.
        samples: `[N]` or `[N, channels]` in -1..1.
        sample_rate: in hertz.

    Raises:
        InputError: another suffix, another shape or type, NaN or infinite samples, or a place that
            cannot be written to.
    """
    samples = np.asarray(samples)
    check_floats(samples, str(path))
    channels = samples.shape[1] if samples.ndim == 2 else 1
    # A sound of fewer samples than channels is none
    turned = samples.ndim == 2 and channels > len(samples) > 0
    if samples.ndim not in (1, 2) or not 1 <= channels <= MOST_CHANNELS or turned:
        raise InputError(f"{path}: samples of shape {samples.shape}, expected [N], or "
                         f"[N, channels] with at most {MOST_CHANNELS} channels")
    samples = samples.astype(np.float32)
    if not np.isfinite(samples).all():
        raise InputError(f"{path}: refusing to write samples that are NaN or infinite")
    over = int((np.abs(samples) > 1.0).sum())
    if over:
        warnings.warn(f"{path}: {over} samples beyond full scale were clipped: they are not "
                      f"between -1 and 1, but reach {np.abs(samples).max():.4g}", stacklevel=2)
    with writing(path, sample_rate, channels) as add:
        add(np.clip(samples, -1.0, 1.0))


@contextmanager
def writing(path: str | Path, sample_rate: int,
            channels: int = 1) -> Iterator[Callable[[np.ndarray], None]]:
    """Writes a sound file of any length in pieces, whole or not at all (see `storage.writing`).

    Args:
        path: the file to write or replace: .wav, .flac or .ogg, 16 bit.
        sample_rate: in hertz.
        channels: of the file.

    Yields:
        A function that adds samples `[N]` or `[N, channels]` in -1..1.

    Raises:
        InputError: another suffix, a rate that `check_rate` refuses, or a place that cannot be
            written to.
    """
    write_format(path)
    sample_rate = check_rate(sample_rate)
    with storage.writing(path) as aside, sound_writer(aside, sample_rate, channels) as add:
        yield add


@contextmanager
def sound_writer(path: Path, sample_rate: int,
                 channels: int = 1) -> Iterator[Callable[[np.ndarray], None]]:
    """As `writing`, but in place, and with an OSError where the place cannot be written to."""
    import soundfile

    kind, subtype = write_format(path)
    with _Checked(path, "w+") as raw:
        try:
            with soundfile.SoundFile(raw, "w", sample_rate, channels, subtype, format=kind) as file:
                def add(samples: np.ndarray) -> None:
                    for start in range(0, len(samples), BLOCK):
                        file.write(samples[start: start + BLOCK])
                        raw.check()

                yield add
        finally:
            raw.check()  # what libsndfile writes as it closes a file fails in silence


class _Checked(io.FileIO):
    """A file that keeps the first error of writing to it, as libsndfile does not pass it on."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        view, done = memoryview(data), 0
        try:
            while done < len(view):
                done += super().write(view[done:]) or 0
        except OSError as error:
            self.error = self.error or error
        return done

    def check(self) -> None:
        if self.error is not None:
            raise self.error


def write_format(path: str | Path) -> tuple[str, str]:
    """What libsndfile calls the format and the samples of a file to be written, by its suffix.

    Raises:
        InputError: another suffix than those of `WRITE_FORMATS`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITE_FORMATS:
        raise InputError(f"{path}: cannot write '{suffix}' sound; use one of "
                         f"{', '.join(WRITE_FORMATS)}")
    return WRITE_FORMATS[suffix]
