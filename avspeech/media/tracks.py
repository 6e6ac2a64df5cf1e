"""One track of sound from its beginning to its end: decoded, at one rate, on one clock."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media import chunks, endings, trial
from avspeech.media.clock import JITTER, on_one_clock
from avspeech.media.decoding import (
    ATTACHED_PICTURE,
    FrameReader,
    can_decode,
    container_zero,
    decode_packets,
    open_container,
    prepare_sound,
    sound_tracks,
    told_end,
)
from avspeech.media.levels import RATES
from avspeech.media.notes import EARLY, LOST, SILENT, Note
from avspeech.media.resampling import Resampler

MAX_GAP = 6 * 3600  # seconds of silence that are never exceeded
# Formats whose header has the length of the file. Elsewhere it is estimated from times that may be
# wrong.
TELLS_LENGTH = {"mov", "matroska", "webm", "avi", "asf", "flv"}
# Formats without times: FFmpeg counts their packets, also those that hold no sound
COUNTED = {"mp3", "aac", "loas", "ac3", "eac3", "dts", "amr", "gsm", "g722"}
COUNTS_SAMPLES = {"flac", "tta"}  # formats whose header has the number of samples, or nothing
MISSED = 0.1  # seconds that are missing in the middle, from which on it is said of other formats
MISSING = 1.0  # seconds by which sound may be shorter than the header tells
MISSING_COUNTED = 0.25  # the same where a header counts samples or frames
DISCARD_ALL = 48  # AVDISCARD_ALL: the packets of such a stream are not read
BROKEN = (ValueError, RuntimeError, IndexError, OverflowError, ZeroDivisionError, TypeError)



def decode_track(path: str | Path, track: int, damaged: list[float],
                 notes: list[Note]) -> Iterator[tuple[int, np.ndarray]]:
    """Decodes a track of sound by FFmpeg, from its beginning to its end.

    Args:
        path: a sound or video file.
        track: number of the track, from 1.
        damaged: takes the times of packets that do not decode, in seconds; NaN where unknown.
        notes: takes sentences on times that were not believed, and on a file that breaks off.

    Yields:
        Samples a second, and samples `[C, n]` float32; gaps are filled with silence.

    Raises:
        InputError: FFmpeg has no decoder for it, or its sample rate cannot be.
    """
    with open_container(path) as container:
        stream = sound_tracks(container)[track - 1]
        if not can_decode(stream):
            raise InputError(f"{path}: this FFmpeg has no decoder for its track of sound {track}")
        formats = set(container.format.name.split(","))
        timed = TELLS_LENGTH & formats
        length = container.duration / 1e6 if timed and container.duration else None
        heard = lost = 0
        broken: list[str] = []
        gaps: list[float] = []
        frames = _frames(container, stream, damaged, broken)
        first = next(frames, None)
        if first is None:
            return
        rate, channels = first[0], len(first[2])
        if not RATES[0] <= rate <= RATES[1]:
            why = ("convert it to WAV (ffmpeg -i IN -ar 96000 OUT.wav)"
                   if stream.codec_context.name.startswith("dsd") else "the file is damaged")
            raise InputError(f"{path}: its sound has {rate} samples a second; expected "
                             f"{RATES[0]:,} to {RATES[1]:,}; {why}")
        # The first frame is the run-up of a codec where fragmented MP4 without an edit list has
        # stretched it up to the second one
        run_up = first[2].shape[1] if "mov" in formats else 0
        for piece in on_one_clock(_at_rate(chain([first], frames), rate), rate, length, notes):
            if not isinstance(piece, int):
                channels = len(piece)
                heard += piece.shape[1]
                yield rate, piece
                continue
            if heard > run_up:  # else it begins late
                gaps.append(heard / rate)
                lost += piece
            heard += piece
            if piece > MAX_GAP * rate:
                raise InputError(f"{path}: its time jumps by {piece / rate:.0f} s; the file is "
                                 "damaged")
            while piece > 0:
                yield rate, np.zeros((channels, min(piece, rate)), np.float32)
                piece -= rate
        notes.extend(Note(f"it breaks off: FFmpeg cannot read it up to its end ({reason})", LOST,
                          fault=True) for reason in broken)
        if formats & COUNTS_SAMPLES and not damaged:
            damaged.extend(gaps)
        told, spare = _told(path, container, stream, rate, bool(damaged))
        missing = not broken and heard / rate < told - spare
        if lost >= MISSED * rate or gaps and damaged:
            what = "missing or damaged" if damaged else "not in the file"
            why = "" if damaged else " (lost, or pauses that its recorder left out)"
            notes.append(Note(f"{lost / rate:.2f} s of its sound are {what}, the first at "
                              f"{gaps[0]:.2f} s: it is silent there{why}", SILENT, fault=True))
        elif damaged and not missing:
            since = "" if math.isnan(damaged[0]) else f", the first at {damaged[0]:.2f} s"
            notes.append(Note(f"damaged packets were left out: {len(damaged)}{since}", LOST,
                              fault=True))
        if missing:
            notes.append(Note(f"it ends at {heard / rate:.2f} s, but its header tells of "
                              f"{told:.2f} s: the rest is missing", EARLY, fault=True))


def _told(path: str | Path, container: Any, stream: Any, rate: int,
          damaged: bool) -> tuple[float, float]:
    """Seconds of sound by the header of a file (0 where it does not say), and how many of them may
    be missing. Coded sound in WAV, whose header may be wrong, counts where it is `damaged`."""
    formats = set(container.format.name.split(","))
    if "mp3" in formats:
        return endings.seconds_told(path, rate) or 0.0, MISSING_COUNTED
    if formats & COUNTS_SAMPLES:
        return float((stream.duration or 0) * stream.time_base), 0.005
    end = 0.0
    if formats & TELLS_LENGTH or "wav" in formats and damaged:
        end = told_end(container, stream) if stream.duration else _tagged(container, stream)
    return end, MISSING + 0.02 * end


def _tagged(container: Any, stream: Any) -> float:
    """Seconds of a track by its tag of Matroska; 0 where it has none."""
    hours, _, rest = stream.metadata.get("DURATION", "").partition(":")
    minutes, _, seconds = rest.partition(":")
    try:
        end = 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return 0.0
    return end - (container.start_time or 0) / 1e6


def _frames(container: Any, stream: Any, damaged: list[float],
            broken: list[str]) -> Iterator[tuple[int, Fraction | None, np.ndarray]]:
    """(rate, seconds on the clock, samples `[C, n]`) of each frame of a stream of sound."""
    others = [s for s in container.streams if s.index != stream.index]
    for other in others:
        other.discard = DISCARD_ALL
    others = [s for s in others if s.type in ("audio", "video")
              and not int(s.disposition or 0) & ATTACHED_PICTURE]
    # The sound of a file that holds nothing else begins where its first sample does.
    zero = Fraction(container_zero(container)) if others else None
    read = FrameReader()
    trial.check(container.name.removeprefix("file:"), stream)
    prepare_sound(stream)
    counted = container.format.name in COUNTED
    before: Fraction | None = None
    for frame in decode_packets(container, stream, damaged, broken):
        timed = not counted and frame.pts is not None and frame.time_base
        at = frame.pts * Fraction(frame.time_base) if timed else None
        # RealAudio 14.4 gives all frames one time, which tells nothing of the second one
        at, before = None if at == before else at, at
        zero = at if zero is None and at is not None else zero
        try:
            samples = read(frame)
        except BROKEN:
            damaged.append(math.nan if at is None else float(at - (zero or 0)))
            continue
        if frame.sample_rate > 0 and samples.size:
            yield frame.sample_rate, None if at is None else at - (zero or 0), samples


def _at_rate(frames: Iterable[tuple[int, Fraction | None, np.ndarray]],
             rate: int) -> Iterator[tuple[int | None, np.ndarray]]:
    """(index of the first sample, samples `[C, n]`), those of another rate resampled to `rate`."""
    bend: Resampler | None = None
    begin: Fraction | None = None  # seconds at which what is being resampled began
    channels = 0
    for own, at, samples in frames:
        if not RATES[0] <= own <= RATES[1]:  # damage
            continue
        if bend is not None:
            due = None if begin is None else begin + Fraction(bend.come, bend.rate)
            apart = at is not None and due is not None and abs(at - due) > JITTER
            if apart or (bend.rate, channels) != (own, len(samples)):
                yield _place(begin, bend), bend.finish()
                bend = None
        if own == rate:
            yield None if at is None else round(at * rate), samples
            continue
        if bend is None:
            begin, channels = at, len(samples)
            bend = Resampler(own, rate, channels)
        yield _place(begin, bend), bend(samples)
    if bend is not None:
        yield _place(begin, bend), bend.finish()


def _place(begin: Fraction | None, bend: Resampler) -> int | None:
    """The index of the next sample of a resampler, whose first one is at `begin` seconds."""
    return None if begin is None else round(begin * bend.sample_rate) + bend.gone


@contextlib.contextmanager
def open_sndfile(path: str | Path) -> Iterator[Any]:
    """A file open in libsndfile, which is given no name: it would judge by the suffix."""
    import soundfile

    padded = chunks.opened(path)
    if padded is not None:
        with padded, soundfile.SoundFile(padded) as sound:
            yield sound
        return
    with open(path, "rb") as file, soundfile.SoundFile(file.fileno(), closefd=False) as sound:
        yield sound


def sndfile_errors() -> tuple[type[BaseException], ...]:
    """What `open_sndfile` and its reading may raise."""
    import soundfile

    return soundfile.LibsndfileError, OSError, *BROKEN


def read_in_order(path: str | Path, strict: bool = False) -> Iterator[tuple[int, np.ndarray]]:
    """(rate, samples `[C, n]`) that libsndfile reads, up to a break, which raises if `strict`."""
    with open_sndfile(path) as file:
        while True:
            try:
                piece = file.read(file.samplerate, dtype="float32", always_2d=True)
            except sndfile_errors():
                if strict:
                    raise
                return
            if not len(piece):
                return
            yield file.samplerate, piece.T
