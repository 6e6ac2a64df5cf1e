"""Sound in and out: any sound or video file to float32 mono at the rate asked for, on the clock of the file.

The clock's zero is the start of the container (its earliest stream), so sound and pictures of one file agree:
sound that begins late is preceded by silence. A damaged packet becomes silence, and what follows keeps its
time.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError

SAMPLE_RATE = 16000
# Read by libsndfile; everything else, and what it refuses, goes to FFmpeg.
SOUND_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64", ".rf64"}
WRITE_FORMATS = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
MARGIN = 0.25  # seconds decoded before and after the part asked for: resampling and codecs need a run-up
# Seconds a packet's time may differ from the running count of samples before that is corrected
JITTER = 0.010
# Formats without a time for every packet: after a seek FFmpeg's times are a frame or more out. Gone through
# from the beginning instead.
UNSEEKABLE = {"mpeg", "mpegvideo", "m4v", "h264", "hevc", "aac", "mp3", "ac3"}
MAX_GAP = 6 * 3600  # seconds of silence that are believed


def read(path: str | Path, sample_rate: int = SAMPLE_RATE, start: float = 0.0,
         duration: float | None = None) -> np.ndarray:
    """The sound of a file, `[N]` float32 in -1..1, channels averaged, resampled to `sample_rate` hertz.

    start, duration: the part wanted, in seconds on the file's clock; less comes back where the sound ends
    sooner. Raises InputError for a file that cannot be read, holds no sound, or for a negative start or
    duration.
    """
    if start < 0 or (duration is not None and duration < 0) or sample_rate <= 0:
        raise InputError(f"{path}: start {start}, duration {duration}, sample_rate {sample_rate}: "
                         "must not be negative")
    first = round(start * sample_rate)
    wanted = None if duration is None else round(duration * sample_rate)
    samples, rate, begin = _source(path, start, duration)
    if rate != sample_rate:
        samples, begin = _resample(samples, rate, begin, sample_rate)
    skip = first - begin
    if skip < 0:  # not reached with MARGIN, but never shift silently
        samples, skip = np.concatenate([np.zeros(-skip, np.float32), samples]), 0
    return np.ascontiguousarray(samples[skip: None if wanted is None else skip + wanted])


def sound_files(folder: Path) -> list[Path]:
    """Every file below a folder whose suffix is one of sound, in order."""
    return sorted(f for f in folder.rglob("*") if f.suffix.lower() in SOUND_SUFFIXES)


def mono(audio: Any) -> np.ndarray:
    """float32 [N] of floats [N], [C, N] or [N, C] (NumPy or torch), channels averaged. Raises InputError for
    other shapes and types, no samples, and NaN or infinity."""
    array = np.asarray(audio.detach().cpu() if hasattr(audio, "detach") else audio)
    shape = tuple(array.shape)
    if array.dtype.kind in "iu":
        raise InputError(f"audio: {array.dtype} samples, expected floats; divide 16-bit samples by 32768")
    if array.dtype.kind != "f":
        raise InputError(f"audio: type {array.dtype}, expected an array of floats")
    if array.ndim not in (1, 2) or 0 in shape:
        raise InputError(f"audio: shape {shape}, expected [N], [C, N] or [N, C] with at least one sample")
    if array.ndim == 2:
        if min(shape) > 64:
            raise InputError(
                f"audio: shape {shape} has {min(shape)} channels, expected at most 64; one recording a call"
            )
        array = array.mean(axis=int(np.argmin(shape)), dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise InputError(
            f"audio: {len(bad)} samples are NaN or infinite, the first is number {bad[0]}; mend them first"
        )
    return array.astype(np.float32)


def resample(samples: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """`samples` `[N]` at `rate` hertz as float32 at `sample_rate` hertz, `[ceil(N * sample_rate / rate)]`."""
    samples = np.asarray(samples, np.float32)
    return samples if rate == sample_rate else _resample(samples, rate, 0, sample_rate)[0]


def speech_bounds(samples: np.ndarray, sample_rate: int = SAMPLE_RATE, below: float = 40.0,
                  margin: float = 0.08) -> tuple[int, int]:
    """(begin, end) of what is left of `samples` `[N]` without the silence before and after: frames of 10 ms
    (their power averaged over 50 ms) that are more than `below` dB under the loudest one, all but `margin`
    seconds of them. All of it where no frame is louder than the others, and for `below` 0."""
    hop = sample_rate // 100
    count = len(samples) // hop
    if count < 5 or not below:
        return 0, len(samples)
    power = np.square(samples[: count * hop].reshape(count, hop), dtype=np.float64).mean(1)
    power = np.convolve(power, np.full(5, 0.2), "same")
    loud = np.flatnonzero(power >= power.max() * 10 ** (-below / 10))
    edge = round(margin * sample_rate)
    return max(0, int(loud[0]) * hop - edge), min(len(samples), (int(loud[-1]) + 1) * hop + edge)


def _resample(samples: np.ndarray, rate: int, begin: int, sample_rate: int) -> tuple[np.ndarray, int]:
    """`begin`, the index of the first sample at `rate`, must fall on a sample of the new rate: see
    `_source`."""
    import soxr

    length = math.ceil(len(samples) * sample_rate / rate)
    out = soxr.resample(samples, rate, sample_rate, quality="HQ") if len(samples) else samples
    out = np.pad(out[:length], (0, max(0, length - len(out))))
    return out.astype(np.float32, copy=False), begin * sample_rate // rate


def _source(path: str | Path, start: float, duration: float | None) -> tuple[np.ndarray, int, int]:
    """(samples, rate, index of the first sample), with MARGIN around the part asked for. The first index is a
    whole number of seconds: a sample in every rate."""
    begin = max(0, math.floor(start - MARGIN))
    end = None if duration is None else start + duration + MARGIN
    _exists(path)
    if Path(path).suffix.lower() in SOUND_SUFFIXES:
        import soundfile

        try:
            with soundfile.SoundFile(str(path)) as file:
                rate = file.samplerate
                first = min(begin * rate, file.frames)
                file.seek(first)
                count = -1 if end is None else max(0, math.ceil(end * rate) - first)
                return file.read(count, dtype="float32", always_2d=True).mean(axis=1), rate, begin * rate
        except soundfile.LibsndfileError:
            pass  # FFmpeg may know better, and says what is wrong if not
    return _decode(path, begin, end)


def _exists(path: str | Path) -> None:
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file")
    if os.path.getsize(path) == 0:
        raise InputError(f"{path}: the file is empty (0 bytes)")


def open_container(path: str | Path) -> Any:
    """An open PyAV container. Raises InputError, one line, for what is not a file that FFmpeg reads."""
    _exists(path)
    try:
        import av
    except ImportError:
        raise InputError(f"{path}: reading it takes PyAV, which is not installed; pip install av") from None
    try:
        return av.open(f"file:{os.fspath(path)}", metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path}: not a sound or video file that FFmpeg can read "
                         f"({getattr(error, 'strerror', None) or error})") from None


def container_zero(container: Any) -> float:
    """Seconds, in the container's own time, of the clock's zero: where its earliest stream begins."""
    if container.start_time is not None:
        return container.start_time / 1e6
    starts = [float(s.start_time * s.time_base) for s in container.streams if s.start_time is not None]
    return min(starts, default=0.0)


def seek(container: Any, seconds: float) -> bool:
    """Goes to the last key frame before `seconds` on the clock; False where the format does not allow it."""
    import av

    if container.format.name in UNSEEKABLE:
        return False
    try:
        container.seek(int((container_zero(container) + seconds) * 1e6))
    except av.FFmpegError:
        return False
    return True


def decode_packets(container: Any, stream: Any, damaged: list[float] | None = None) -> Iterator[Any]:
    """The frames of a stream, passing over packets that do not decode;
    their times go into `damaged`, in seconds."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            return  # the container breaks off here
        try:
            yield from packet.decode()
        except av.FFmpegError:
            if damaged is not None and packet.size:
                at = packet.pts if packet.pts is not None else packet.dts
                zero = container_zero(container)
                damaged.append(float(at * packet.time_base) - zero if at is not None else math.nan)


def blocks(path: str | Path, damaged: list[float] | None = None) -> Iterator[tuple[np.ndarray, int]]:
    """(samples `[n]` float32, rate) after one another: the whole sound at its own rate in pieces of
    about a second or less, for files of any length. `damaged`: see `decode_packets`. Raises
    InputError as `read` does."""
    _exists(path)
    if Path(path).suffix.lower() in SOUND_SUFFIXES:
        import soundfile

        try:
            with soundfile.SoundFile(str(path)) as file:
                for piece in file.blocks(blocksize=file.samplerate, dtype="float32", always_2d=True):
                    yield piece.mean(axis=1), file.samplerate
                return
        except soundfile.LibsndfileError:
            pass
    for _, rate, piece in _decode_from(path, 0, None, False, damaged):
        yield piece, rate


def _decode(path: str | Path, begin: int, end: float | None) -> tuple[np.ndarray, int, int]:
    pieces = list(_decode_from(path, begin, end, skip=begin > 0))
    if begin > 0 and (not pieces or pieces[0][0] > begin * pieces[0][1]):
        # the file's index led past the place: go through it all
        pieces = list(_decode_from(path, begin, end, skip=False))
    if not pieces:
        return np.zeros(0, np.float32), SAMPLE_RATE, begin * SAMPLE_RATE
    return np.concatenate([piece for _, _, piece in pieces]), pieces[0][1], begin * pieces[0][1]


def _decode_from(path: str | Path, begin: int, end: float | None, skip: bool,
                 damaged: list[float] | None = None) -> Iterator[tuple[int, int, np.ndarray]]:
    """(index at which decoding began, rate, samples) after one another from second `begin` on, without
    gaps."""
    import av

    with open_container(path) as container:
        if not container.streams.audio:
            raise InputError(f"{path}: no audio stream in it")
        stream = container.streams.audio[0]
        rate = stream.rate or stream.codec_context.sample_rate
        if not rate:
            raise InputError(f"{path}: the audio stream has no sample rate; the file is damaged")
        zero = container_zero(container)
        if skip and not seek(container, begin - MARGIN):
            return
        convert = av.AudioResampler(format="fltp")
        first: int | None = None
        position, running = begin * rate, False  # running: sound has been given out up to position
        for frame in decode_packets(container, stream, damaged):
            if frame.sample_rate != rate:
                raise InputError(f"{path}: the sample rate changes from {rate} to {frame.sample_rate} Hz; "
                                 "convert the file to one rate first")
            sound = np.concatenate([f.to_ndarray() for f in convert.resample(frame)], axis=1).mean(axis=0)
            at = position if frame.pts is None else round((float(frame.pts * frame.time_base) - zero) * rate)
            first = at if first is None else first
            if running and abs(at - position) <= JITTER * rate:
                at = position
            if at > position + MAX_GAP * rate:
                raise InputError(f"{path}: its time jumps by {(at - position) / rate:.0f} s; "
                                 "the file is damaged")
            while at > position:
                gap = min(at - position, rate)
                yield first, rate, np.zeros(gap, np.float32)
                position += gap
            sound = sound[max(0, position - at):].astype(np.float32, copy=False)
            if len(sound):
                running = True
                position += len(sound)
                yield first, rate, sound
            if end is not None and position >= end * rate:
                return
        if first is None and not skip:
            raise InputError(f"{path}: no sound could be decoded from it; the file is damaged or truncated")


def duration(path: str | Path) -> float:
    """Seconds from the clock's zero to the end of the sound, as the file's header tells. Raises
    InputError."""
    _exists(path)
    if Path(path).suffix.lower() in SOUND_SUFFIXES:
        import soundfile

        try:
            info = soundfile.info(str(path))
            return info.frames / info.samplerate
        except soundfile.LibsndfileError:
            pass
    with open_container(path) as container:
        if not container.streams.audio:
            raise InputError(f"{path}: no audio stream in it")
        return stream_end(container, container.streams.audio[0])


def stream_end(container: Any, stream: Any) -> float:
    """Seconds on the clock at which a stream ends: from the header, or else from the times of its packets."""
    zero = container_zero(container)
    if stream.duration:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base) - zero
    import av

    end = 0.0
    try:
        for packet in container.demux(stream):
            if packet.pts is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base) - zero)
    except av.FFmpegError:
        pass  # it breaks off: the end is where it does
    return end


def write(path: str | Path, samples: np.ndarray, sample_rate: int = SAMPLE_RATE) -> None:
    """Writes `[N]` (or `[N, channels]`) samples in -1..1 as 16-bit wav (or .flac, .ogg), atomically.

    Samples beyond full scale are clipped, with a warning. Raises InputError for another suffix and for NaN or
    inf.
    """
    import soundfile

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in WRITE_FORMATS:
        raise InputError(f"{path}: cannot write '{suffix}' sound; use one of {', '.join(WRITE_FORMATS)}")
    samples = np.asarray(samples, np.float32)
    if not np.isfinite(samples).all():
        raise InputError(f"{path}: refusing to write samples that are NaN or infinite")
    over = int((np.abs(samples) > 1.0).sum())
    if over:
        warnings.warn(f"{path}: {over} samples beyond full scale were clipped", stacklevel=2)
    kind, subtype = WRITE_FORMATS[suffix]
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    soundfile.write(str(aside), np.clip(samples, -1.0, 1.0), sample_rate, format=kind, subtype=subtype)
    os.replace(aside, path)
