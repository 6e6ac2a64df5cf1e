"""The sound of one file: which track, which channels, how long, and its samples from any place on.

The kind of a file is known by its content, not by its suffix. Sound without compression (and FLAC)
is read by libsndfile, which knows how long it is and finds any place in it. All else is decoded by
FFmpeg from its beginning, and a part of it is cut from there: after a seek the times of many
formats are some samples out, decoders need a run-up, and the length that a header tells may be an
estimate. What FFmpeg does not know, libsndfile reads from the beginning. So a part always equals
the same part of the whole.

A file is gone through once before its first sample is given out. Only then is it known how long it
is, which track sounds, whether its channels cancel each other, and whether its samples are clipped,
far beyond full scale or around another value than zero. Short sounds are kept from this pass, and a
long one that is read in order goes on where the last part ended.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media import endings, float_bytes
from avspeech.media.clipping import HARDLY_CLIPPED
from avspeech.media.decoding import (
    ASIDE,
    DEFAULT,
    can_decode,
    check_exists,
    open_container,
    sound_tracks,
    told_end,
)
from avspeech.media.levels import (
    MOST_CHANNELS,
    OFFSET,
    PARTLY,
    RATES,
    SILENCE_DB,
    ChannelLevels,
)
from avspeech.media.notes import BYTES, CUT_OFF, EARLY, SILENT, Note
from avspeech.media.tracks import (
    MISSED,
    TELLS_LENGTH,
    decode_track,
    open_sndfile,
    read_in_order,
    sndfile_errors,
)

KEPT = 32 * 2**20  # bytes of one sound that are kept from the first pass
# The first bytes of files that libsndfile tries to read first
EXACT_MAGIC = (b"RIFF", b"RIFX", b"RF64", b"FORM", b".snd", b"fLaC", b"caff", b"riff")
# Codings that FFmpeg decodes wrongly, not at all, or not to the end
ORDER_CODINGS = ("G721_", "G723_", "NMS_", "ALAC_", "DPCM_", "DWVW_")
# What the sound of a film begins with that is kept as if it were samples (IEC 61937; DTS of 16 and
# 14 bits), within so many bytes: FFmpeg decodes it
BURSTS = (b"\x72\xf8\x1f\x4e", b"\xfe\x7f\x01\x80", b"\xff\x1f\x00\xe8")
BURST = 16384
FIELD = ("its channels are those of a sound field (ambisonics): the first, which hears all sides, "
         "was taken alone")
FIELDS = (4, 9, 16)  # channels of one
STEADY = "track {} has one steady sound alone, such as a tone, hum or time code"
JUDGED = 0.1  # seconds; the mean of a shorter sound is no offset
MOSTLY = 0.5  # share of zeros at the end from which on they are a fault
EXACT_CODINGS = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW")

@dataclass(frozen=True)
class Sound:
    """What is known of a file's sound before its samples are read."""

    rate: int  # samples a second
    samples: int  # from the clock's zero to the end
    reader: str  # "seek": libsndfile; "ffmpeg"; "order": libsndfile, from the beginning on
    track: int  # which of the file's tracks of sound, from 1
    channels: int
    taken: tuple[int, ...] | None  # the channels that are averaged; None: all
    scale: float  # samples are divided by it
    offset: float  # what its samples then lie around, where that is not zero: of the recorder
    level: float  # decibels of full scale
    damaged: tuple[float, ...]  # seconds at which packets did not decode
    notes: tuple[Note, ...]  # sentences for the user
    steady: bool = False  # it is a tone, hum, hiss or time code from beginning to end

    @property
    def faults(self) -> tuple[Note, ...]:
        """The notes that tell of a file that is not whole, or not what it seems."""
        return tuple(note for note in self.notes if note.fault)

    def mixed(self, samples: np.ndarray) -> np.ndarray:
        """`[C, n]` as they were decoded -> `[n]` float32."""
        if self.taken is not None and len(samples) == self.channels:
            samples = samples[list(self.taken)]
        with np.errstate(invalid="ignore", over="ignore"):  # as in `ChannelLevels.add`
            one = samples.mean(axis=0)
        return np.asarray(one if self.scale == 1 else one / self.scale, np.float32)


def survey(path: str | Path, track: int | None = None) -> Sound:
    """What there is to know of a file's sound.

    Args:
        path: a sound or video file.
        track: which of its tracks of sound, from 1; None: the one that the file marks as default,
            or the first, or, where that is silent or cannot be decoded, the next one that sounds.

    Raises:
        InputError: there is no sound in it that can be decoded, or no such track.
    """
    check_exists(path)
    identity = _identity(path)
    try:
        return _survey(*identity, track)
    except InputError as error:  # it names the file as it was given
        raise InputError(str(error).replace(identity[0], str(path), 1)) from None


def seconds(path: str | Path, track: int | None = None) -> float:
    """How long a file's sound is; only what libsndfile finds no place in is decoded for it. Raises
    InputError."""
    check_exists(path)
    if track in (None, 1) and _sndfile_reader(path) == "seek":
        with contextlib.suppress(*sndfile_errors()), open_sndfile(path) as file:
            return file.frames / file.samplerate
    sound = survey(path, track)
    return sound.samples / sound.rate


def part(path: str | Path, sound: Sound, begin: int, end: int | None = None) -> np.ndarray:
    """Samples `begin` to `end` of a file at its own rate, `[n]` float32; fewer where it ends."""
    key = (*_identity(path), sound, os.getpid())
    kept = getattr(_here, "kept", None)
    if kept is not None and kept[0] == key[:-1]:
        return kept[1][begin:end].copy()
    if sound.reader == "seek":
        found = []
        wanted = None if end is None else max(0, end - begin)
        for piece in pieces(path, sound, begin):
            found.append(piece if wanted is None else piece[:wanted])
            if wanted is not None:
                wanted -= len(found[-1])
                if wanted <= 0:
                    break
        return np.concatenate(found) if found else np.zeros(0, np.float32)
    reading = getattr(_here, "reading", None)
    if reading is None or reading.key != key or reading.begin > begin:
        reading = _here.reading = _Reading(key, _in_order(path, sound), sound.rate)
    return reading.part(begin, end)


def pieces(path: str | Path, sound: Sound, begin: int = 0) -> Iterator[np.ndarray]:
    """The samples from `begin` on, `[n]` float32, in pieces of about a second."""
    if sound.reader != "seek":
        yield from _from(_in_order(path, sound), begin)
        return
    import soundfile

    done = begin
    try:
        with open_sndfile(path) as file:
            file.seek(min(begin, file.frames))
            for piece in file.blocks(blocksize=sound.rate, dtype="float32", always_2d=True):
                yield sound.mixed(piece.T)
                done += len(piece)
    except soundfile.LibsndfileError:  # damage: FFmpeg goes on behind it
        yield from _from(_in_order(path, replace(sound, reader="ffmpeg")), done)


def promised(path: str | Path) -> float | None:
    """Seconds of sound that the header of a file promises; None where it has no sure number."""
    if check_exists(path)[:4] in EXACT_MAGIC:
        with contextlib.suppress(*sndfile_errors()), open_sndfile(path) as file:
            if _exact(path, file):
                return file.frames / file.samplerate
    try:
        container = open_container(path)
    except InputError:
        survey(path)  # what libsndfile alone reads
        return None
    with container:
        timed = TELLS_LENGTH & set(container.format.name.split(","))
        streams = [s for s in sound_tracks(container) if s.duration]
        if not streams or not timed:
            return None
        return told_end(container, streams[0])


_here = threading.local()  # .kept: (key, samples) of one sound; .reading: a `_Reading`


class _Reading:
    """A long sound that is read in order: the last seconds are kept, as parts overlap."""

    def __init__(self, key: Any, source: Iterator[np.ndarray], rate: int) -> None:
        self.key, self.source, self.rate = key, source, rate
        self.begin = self.end = 0  # samples from begin to end are in `held`
        self.held: deque[np.ndarray] = deque()

    def part(self, begin: int, end: int | None) -> np.ndarray:
        while end is None or self.end < end:
            piece = next(self.source, None)
            if piece is None:
                break
            self.held.append(piece)
            self.end += len(piece)
            self._forget(begin)
        stop = self.end if end is None else min(self.end, end)
        found = []
        first = self.begin
        for piece in self.held:
            found.append(piece[max(0, begin - first): max(0, stop - first)])
            first += len(piece)
        whole = np.concatenate(found) if found else np.zeros(0, np.float32)
        self._forget(stop - 3 * self.rate)
        return whole

    def _forget(self, before: int) -> None:
        while self.held and self.begin + len(self.held[0]) <= before:
            self.begin += len(self.held.popleft())


def _identity(path: str | Path) -> tuple[str, int, int, int]:
    """What changes where a file is replaced."""
    about = os.stat(path)
    return os.path.abspath(path), about.st_size, about.st_mtime_ns, about.st_ino


def _exact(path: str | Path, file: Any) -> bool:
    """Whether libsndfile knows a file's length and finds every place in it."""
    if file.format == "W64":  # it takes all that follows for sound
        told, there = endings.bytes_told(path) or (0, 0)
        if there >= told + 8:
            return False
    if endings.without_length(path):
        return False
    return (file.seekable() and 0 < file.frames < 2**40 and RATES[0] <= file.samplerate <= RATES[1]
            and file.subtype.startswith(EXACT_CODINGS))


@functools.lru_cache(maxsize=4096)
def _survey(path: str, size: int, changed: int, inode: int, track: int | None) -> Sound:
    key = (path, size, changed, inode)
    reader = _sndfile_reader(path)
    if reader is not None:
        _only_track(path, track)
        # Where it fails, FFmpeg may know better, and says what is wrong if not
        with contextlib.suppress(*sndfile_errors()):
            return _survey_sndfile(path, key, reader)
    try:
        return _survey_tracks(path, key, track)
    except InputError:
        if track in (None, 1):
            with contextlib.suppress(*sndfile_errors()):
                return _survey_sndfile(path, key, "order")
        raise


def _only_track(path: str, track: int | None) -> None:
    if track not in (None, 1):
        raise InputError(f"{path}: it has one track of sound; expected --audio 1, not {track}")


def _sndfile_reader(path: str | Path) -> str | None:
    """How libsndfile reads a file; None for what FFmpeg should decode."""
    with open(path, "rb") as file:
        begin = file.read(BURST)
    if begin[:4] not in EXACT_MAGIC or any(mark in begin for mark in BURSTS):
        return None
    with contextlib.suppress(*sndfile_errors()), open_sndfile(path) as file:
        if _exact(path, file):
            if file.format == "FLAC":  # is its last sample there, and the last one?
                file.seek(file.frames - 1)
                ends = len(file.read(1)) == 1 and not endings.left_over(path)
                return "seek" if ends else None
            return "seek"
        return "order" if file.subtype.startswith(ORDER_CODINGS) else None
    return None


def _survey_sndfile(path: str, key: Any, reader: str) -> Sound:
    with open_sndfile(path) as file:
        if not RATES[0] <= file.samplerate <= RATES[1]:
            raise ValueError("no sample rate of sound")
        if file.format == "XI":
            raise ValueError("an instrument, whose sample rate is the player's choice")
        other = float_bytes.note(path, file.subtype, file.channels)
        named = file.format == "FLAC" or "Channel Mask" in file.extra_info
    found = Sound(0, 0, reader, 1, 0, None, 1.0, 0.0, math.nan, (), ())
    notes = [Note(other, BYTES, fault=True)] if other else []
    return _measured(path, key, found, [], notes, named)


def _judged(found: Sound, levels: dict[int, ChannelLevels], named: bool) -> Sound:
    """With the channel, scale and notes that follow from its levels, by number of channels.

    Args:
        found: what is known before.
        levels: by the number of channels.
        named: see `ChannelLevels.note_surround`.
    """
    most = max(levels, key=lambda n: levels[n].count)
    taken = found.taken or levels[most].taken()
    scale = max(part.scale() for part in levels.values())
    notes = list(found.notes)

    def tell(text: str | None, about: str = "", fault: bool = False) -> None:
        if text is not None:
            notes.append(Note(text, about, fault))

    def told(*about: str) -> bool:
        return any(note.about in about for note in notes)

    level = levels[most]
    if found.taken is not None:
        pass  # it is told
    elif taken is not None:
        tell(level.note(taken))
    elif (lost := level.partly() / found.rate) >= PARTLY:
        field = ", or they are those of a sound field" if most in FIELDS else ""
        tell(f"for some {lost:.0f} s its channels cancel each other (one is inverted there{field})"
             ": little of the sound is left; give a file with one of them")
    tell(max(levels.values(), key=lambda part: part.peak).note_scale())
    if not told(BYTES):
        tell(level.note_coding(), BYTES, fault=True)
        if not told(BYTES):
            tell(wrapped := level.note_wraps(), fault=True)
            if wrapped is None:
                tell(level.note_clipped(), fault=level.share_clipped >= HARDLY_CLIPPED)
    tell(level.note_time_code(), fault=True)
    tell(level.note_stuck(), fault=True)
    if not told(SILENT, BYTES):
        tell(level.note_holes(), fault=level.seconds_of_holes >= MISSED)
    if found.reader == "seek":  # what was muted in a call is zeros as well
        tell(level.note_tail(), fault=level.share_of_tail >= MOSTLY)
    if not any(note.fault for note in notes):
        tell(level.note_coarse(), fault=level.hardly_steps)
    tell(level.note_surround(named))
    tell(level.note_apart())
    offset = level.offset(taken) / scale if found.samples >= JUDGED * found.rate else 0.0
    if abs(offset) >= OFFSET:
        tell(f"its samples lie around a constant offset of {offset:.3f} of full scale")
    return replace(found, channels=most, taken=taken, scale=scale, offset=offset,
                   notes=tuple(notes), steady=level.steady,
                   level=max(part.decibels for part in levels.values()))


def _survey_tracks(path: str, key: Any, track: int | None) -> Sound:
    """Of a file that FFmpeg decodes."""
    with open_container(path) as container:
        streams = sound_tracks(container)
        names = [_name(stream) for stream in streams]
        fields = [_is_field(stream) for stream in streams]
        named = [can_decode(s) and not s.codec_context.name.startswith("pcm_") for s in streams]
        marked = [k for k, s in enumerate(streams) if int(s.disposition or 0) & DEFAULT]
        usual = [k for k, s in enumerate(streams) if not int(s.disposition or 0) & ASIDE]
    if not names:
        raise InputError(f"{path}: no audio stream in it")
    if track is not None and not 1 <= track <= len(names):
        raise InputError(f"{path}: --audio {track}: its tracks of sound have the numbers 1 to "
                         f"{len(names)}" if len(names) > 1 else
                         f"{path}: --audio {track}: it has one track of sound, number 1")
    first = (marked or usual or [0])[0]
    order = [first, *(k for k in range(len(names)) if k != first)] if track is None else [track - 1]
    failed: InputError | None = None
    other: Sound | None = None  # a track that is silent, or steady
    why = ("asked for" if track is not None else "marked as default" if marked else
           "the first that is no commentary" if first else "the first")
    for k in order:
        try:
            found = _survey_track(path, key, k, fields[k], named[k])
        except InputError as error:
            failed = failed or error
            why = f"track {order[0] + 1} cannot be decoded"
            continue
        if found.level >= SILENCE_DB and not found.steady or len(order) == 1:
            break
        if other is None or other.level < SILENCE_DB <= found.level:
            other, why_other = found, why
        if why != STEADY.format(order[0] + 1):
            why = (STEADY if found.level >= SILENCE_DB else "track {} is silent").format(k + 1)
    else:
        if other is None:
            assert failed is not None
            raise failed
        found, why = other, why_other
    if len(names) > 1:
        name = names[found.track - 1]
        note = Note(f"track {found.track} of its {len(names)} tracks of sound was taken{name}: "
                    f"{why}")
        found = replace(found, notes=(note, *found.notes))
    return found


def _is_field(stream: Any) -> bool:
    """Whether the channels of a stream are those of a sound field: in Opus by its mapping family
    (RFC 8486). PyAV's own layout of a stream is not asked for: some of them end the process."""
    if not can_decode(stream) or stream.codec_context.name not in ("opus", "libopus"):
        return False
    return bytes(stream.codec_context.extradata or b"")[18:19] == b"\2"


def _name(stream: Any) -> str:
    told = [stream.metadata.get(key, "").encode(errors="replace").decode()
            for key in ("title", "language")]
    told = [text for text in told if text and text != "und"]
    return f" ({', '.join(told)[:80]})" if told else ""


def _survey_track(path: str, key: Any, index: int, field: bool, named: bool) -> Sound:
    """Of one track, from 0; `field`: its channels are those of a sound field; `named`: see
    `_judged`."""
    damaged: list[float] = []
    found = Sound(0, 0, "ffmpeg", index + 1, 0, (0,) if field else None, 1.0, 0.0, math.nan, (), ())
    return _measured(path, key, found, damaged, [Note(FIELD)] if field else [], named)


def _measured(path: str, key: Any, found: Sound, damaged: list[float], notes: list[Note],
              named: bool) -> Sound:
    """Goes through the whole sound, and keeps it where it is short. Arguments as for `_judged`;
    damage and notes are added to."""
    losses: list[Note] = []
    levels: dict[int, ChannelLevels] = {}
    kept: list[np.ndarray] | None = []
    samples = size = rate = 0
    for rate, piece in _decoded(path, found, damaged, losses):  # noqa: B007
        if len(piece) > MOST_CHANNELS:
            raise InputError(f"{path}: its header tells of {len(piece)} channels, expected at most "
                             f"{MOST_CHANNELS}; it is damaged, or no recording")
        samples += piece.shape[1]
        if len(piece) not in levels:
            levels[len(piece)] = ChannelLevels(len(piece), rate)
        levels[len(piece)].add(piece)
        size += piece.nbytes
        if kept is not None:
            kept.append(piece)
            kept = kept if size <= KEPT else None
    if not samples:
        raise InputError(
            f"{path}: no sound could be decoded from it; the file is empty, damaged or truncated")
    early = any(note.about == EARLY for note in losses)  # then it is told how much is missing
    ends = [note for note in endings.notes(path) if not (early and note.about == CUT_OFF)]
    found = replace(found, rate=rate, samples=samples, damaged=tuple(damaged),
                    notes=(*ends, *notes, *losses))
    found = _judged(found, levels, named)
    if kept is not None:
        _here.kept = ((*key, found), np.concatenate([found.mixed(piece) for piece in kept]))
    return found


def _in_order(path: str | Path, sound: Sound) -> Iterator[np.ndarray]:
    """All samples `[n]` in pieces of about a second."""
    waiting: list[np.ndarray] = []
    count = 0
    for _, piece in _decoded(path, sound, [], []):
        waiting.append(sound.mixed(piece))
        count += piece.shape[1]
        if count >= sound.rate:
            yield np.concatenate(waiting)
            waiting, count = [], 0
    if waiting:
        yield np.concatenate(waiting)


def _from(source: Iterator[np.ndarray], begin: int) -> Iterator[np.ndarray]:
    """Without the first `begin` samples."""
    for piece in source:
        if len(piece) > begin:
            yield piece[begin:]
        begin = max(0, begin - len(piece))


def _decoded(path: str | Path, sound: Sound, damaged: list[float],
             notes: list[Note]) -> Iterator[tuple[int, np.ndarray]]:
    if sound.reader != "ffmpeg":
        return read_in_order(path, strict=sound.reader == "seek")
    return decode_track(path, sound.track, damaged, notes)
