"""Levels of samples: channels made one, and what to know about a sound.

No rule here looks at raw samples: power is taken about the mean, so that an offset, which nobody
hears, changes nothing.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media.clipping import CLIPPED, LOUDEST, Clipping
from avspeech.media.coarse import HARDLY_DB, Coarse
from avspeech.media.delays import Delays
from avspeech.media.fields import COUNT as FIELD
from avspeech.media.fields import Field
from avspeech.media.holes import Holes
from avspeech.media.misread import Misread
from avspeech.media.steady import Steady
from avspeech.media.stuck import Stuck
from avspeech.media.tails import Tail
from avspeech.media.timecode import TimeCode
from avspeech.media.wraps import Wraps

RATES = (100, 768_000)  # hertz; others are damage, or kilohertz
MOST_CHANNELS = 64  # more are a damaged header, or no channels
SILENCE_DB = -90.0  # of full scale, one step of 16 bits: below it there is no sound
# Where averaging two channels costs more of their power, they cancel each other; averaging more of
# them, that have nothing in common, costs more by itself
CANCEL_DB = 10.0
SURROUND = (6, 8)  # channels, of which the fourth has bass alone: 5.1 and 7.1
BASS = 150.0  # hertz
SURROUND_DB = 60.0  # below the loudest channel: the one for bass is silent
STRETCH = 16384  # samples within which channels may cancel each other, though not in the whole
# One of two channels is so much louder than the other in this share of the stretches, and the other
# in as many: each has a speaker of its own
APART_DB, APART = 15.0, 0.1
TURN, TURNS = 0.25, 2  # seconds of such a stretch; changes from one to the other, at least
PARTLY = 0.5  # seconds of it from which on it is said
UNITS = (2.0**15, 2.0**23, 2.0**31)  # full scale of whole numbers
OVER = 4.0  # times full scale (12 dB): no codec overshoots by so much
BESIDE = 100.0  # times full scale (40 dB): from there on numbers are of another scale
# Bytes of another coding have a power as noise at full scale has, or more, and a sample is not like
# the one before it, or nearly none is near zero, as half of speech is, and 6 % of a loud tone
FULL_NOISE, UNLIKE, SMALL, NEVER_SMALL = 0.4, 0.15, 0.1, 0.05
# Share of the standard deviation of a sound: a mean within it belongs to the speech (it is 0.013 at
# most in RAVDESS) and stays as it is
AROUND_ZERO = 0.02
OFFSET = 0.01  # of full scale: a constant offset from here on is worth a word
# Samples of flat tops for each jump across full scale, at most, where sound was wrapped; clipped
# hiss may jump by chance
WRAPPED = 5


def mono(audio: Any, notes: list[str] | None = None) -> np.ndarray:
    """One channel of samples.

    Channels are averaged, but for those that cancel each other (one of a pair is often inverted by
    mistake): where the average has lost more than 10 dB against the channels' mean power, the
    loudest is taken alone. A channel with a steady noise beside one with a voice (`steady`) is left
    out.

    Args:
        audio: floats `[N]`, `[C, N]` or `[N, C]`, NumPy or torch.
        notes: takes a sentence where channels were not all averaged.

    Returns:
        float32 `[N]`.

    Raises:
        InputError: other shapes and types, no samples, NaN, infinity, or samples above `BESIDE`.
    """
    if hasattr(audio, "detach"):
        audio = audio.detach().cpu()
        if str(audio.dtype) == "torch.bfloat16":  # NumPy has no such type
            audio = audio.float()
    array = np.asarray(audio)
    shape = tuple(array.shape)
    if array.ndim not in (1, 2) or 0 in shape:
        raise InputError(f"audio: shape {shape}, expected [N], [C, N] or [N, C] with at least one "
                         "sample")
    check_floats(array, "audio")
    if array.ndim == 2 and min(shape) > MOST_CHANNELS:
        raise InputError(f"audio: shape {shape} has {min(shape)} channels, expected at most "
                         f"{MOST_CHANNELS}; one recording a call")
    bad = np.argwhere(~np.isfinite(array)).max(axis=1)
    if len(bad):
        raise InputError(f"audio: {len(bad)} samples are NaN or infinite, the first is number "
                         f"{bad.min()}; mend them first")
    if (peak := float(np.abs(array).max())) > BESIDE:
        raise InputError(f"audio: samples reach {peak:.4g}, expected between -1 and 1; divide "
                         "those on the scale of 16 bits by 32768")
    if array.ndim == 2:
        channels = array if shape[0] <= shape[1] else array.T
        levels = ChannelLevels(len(channels))
        levels.add(channels)
        taken = levels.taken()
        if taken is not None and notes is not None:
            notes.append(levels.note(taken))
        array = (channels if taken is None else channels[list(taken)]).mean(
            axis=0, dtype=np.float64)
    return array.astype(np.float32)


def check_floats(samples: np.ndarray, name: str) -> None:
    """Raises InputError for samples of another type than floats, which says how whole numbers
    become floats.

    Args:
        samples: of any type.
        name: of the argument or file, for the error.
    """
    kind = samples.dtype
    if kind.kind == "i":
        raise InputError(f"{name}: {kind} samples, expected floats between -1 and 1; divide them "
                         f"by {2 ** (8 * kind.itemsize - 1)}")
    if kind.kind == "u":
        half = 2 ** (8 * kind.itemsize - 1)
        raise InputError(f"{name}: {kind} samples, expected floats between -1 and 1; if they are "
                         f"sound, it is (samples - {half}.0) / {half}")
    if kind.kind != "f":
        raise InputError(f"{name}: type {kind}, expected an array of floats")


def check_rate(sample_rate: Any, name: str = "sample_rate") -> int:
    """A sample rate in hertz as int.

    Args:
        sample_rate: a whole number of any type.
        name: of the argument or option, for the error.

    Raises:
        InputError: no such number, or no rate of sound: 16, say, where 16 kHz are meant.
    """
    number = isinstance(sample_rate, Real) and not isinstance(sample_rate, (bool, np.bool_))
    if not number or not RATES[0] <= sample_rate <= RATES[1] or sample_rate != int(sample_rate):
        raise InputError(f"{name}={sample_rate!r}: expected a whole number of hertz from "
                         f"{RATES[0]} to {RATES[1]:,}; 16 kHz are 16000")
    return int(sample_rate)


class ChannelLevels:
    """Power about the mean of each channel of a sound and of their average, gathered by pieces.

    Args:
        channels: how many.
        rate: samples a second; 0: what is repeated or missing is not looked for.
    """

    def __init__(self, channels: int, rate: int = 0) -> None:
        self.rate = rate
        self.count = 0
        self.peak = 0.0
        self.whole = True  # all samples are whole numbers
        self._products = 0.0  # of each sample of the first channel and the next one
        self._small = 0  # samples of it near zero
        self._sum = np.zeros(channels + 1)
        self._square = np.zeros(channels + 1)
        self._stretch: list[Any] = [0, 0.0, 0.0]  # samples, sums, squares
        self._cancelled: list[tuple[int, float]] = []  # samples and power of such stretches
        # Of two channels: samples, sums and squares of a short stretch, and the powers of all
        self._short: Any = np.zeros(5)
        self._pairs: list[np.ndarray] = []
        self._clipping = Clipping(channels)
        self._misread = Misread()
        self._steady = Steady(channels, rate)
        self._code = TimeCode(channels, rate)
        self._delays = Delays(rate) if channels == 2 and rate else None
        self._field = Field(rate) if channels == FIELD and rate else None
        self._coarse = Coarse()
        self._stuck = Stuck(rate) if rate else None
        self._holes = Holes(rate) if rate else None
        self._wraps = Wraps(rate) if rate else None
        self._tail = Tail(rate) if rate else None
        self._bass = 0.0  # power of the differences of the fourth channel, where it may be bass

    def add(self, samples: np.ndarray) -> None:
        """Takes `[C, n]` more; NaN and infinity count as zero."""
        with np.errstate(invalid="ignore"):  # bytes that are no floats may be NaN of any kind
            samples = np.asarray(samples, np.float64)
        samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        if not samples.size:
            return
        self._misread.add(samples)
        if self._stuck is not None:
            self._stuck.add(samples[0])
        if self._holes is not None:
            self._holes.add(samples)
        if self._wraps is not None:
            self._wraps.add(samples)
        if self._tail is not None:
            self._tail.add(samples)
        self._coarse.add(samples)
        self._code.add(samples)
        if self._delays is not None:
            self._delays.add(samples)
        if self._field is not None:
            self._field.add(samples)
        if len(samples) in SURROUND:
            self._bass += float(np.square(np.diff(samples[3])).sum())
        average = samples.mean(axis=0, keepdims=True) if len(samples) > 1 else samples
        rows = np.concatenate([samples, average])
        self.count += samples.shape[1]
        sums, squares = rows.sum(axis=1), np.square(rows).sum(axis=1)
        self._sum += sums
        self._square += squares
        self._steady.add(samples)
        if len(samples) > 1:
            self._add_to_stretch(samples.shape[1], sums, squares)
        if len(samples) == 2 and self.rate:
            self._add_to_pairs(samples)
        first = samples[0] - sums[0] / samples.shape[1]
        self._products += float((first[1:] * first[:-1]).sum())
        self._small += int(np.count_nonzero(np.abs(first) < SMALL))
        self._clipping.add(samples)
        self.peak = self._clipping.peak
        if self.peak > 1 and self.whole:
            self.whole = bool((samples == np.round(samples)).all())

    def _add_to_stretch(self, *more: Any) -> None:
        count, sums, squares = (a + b for a, b in zip(self._stretch, more, strict=True))
        self._stretch = [count, sums, squares]
        if count < STRETCH:
            return
        *each, average = np.maximum(squares / count - (sums / count) ** 2, 0.0)
        if cancel(float(average), each):
            self._cancelled.append((count, float(np.mean(each))))
        self._stretch = [0, 0.0, 0.0]

    def _add_to_pairs(self, samples: np.ndarray) -> None:
        step = max(1, round(TURN * self.rate))
        for part in np.split(samples, range(step, samples.shape[1], step), axis=1):
            self._short[0] += part.shape[1]
            self._short[1:] += *part.sum(axis=1), *np.square(part).sum(axis=1)
            if self._short[0] >= step:
                means = self._short[1:] / self._short[0]
                self._pairs.append(means[2:] - means[:2] ** 2)
                self._short = np.zeros(5)

    def partly(self) -> int:
        """Samples of the stretches in which the channels cancel each other, quiet ones left out."""
        heard = 0.01 * float(np.mean(self.power[:-1]))
        return sum(count for count, power in self._cancelled if power >= heard)

    @property
    def power(self) -> np.ndarray:
        """`[C + 1]` float64: of each channel, then of their average."""
        mean = self._sum / max(1, self.count)
        return np.maximum(self._square / max(1, self.count) - mean**2, 0.0)

    @property
    def decibels(self) -> float:
        """The loudest channel's mean power, in dB of full scale."""
        return float(10 * np.log10(self.power[:-1].max() + 1e-26))

    def cancelling(self) -> int | None:
        """The loudest channel, where averaging would lose more than CANCEL_DB; None elsewhere."""
        *each, average = self.power
        if not cancel(float(average), each):
            return None
        # The first of those that are about as loud, so that pieces of one sound agree.
        return int(np.flatnonzero(np.asarray(each) >= 0.8 * max(each))[0])

    def taken(self) -> tuple[int, ...] | None:
        """The channels that are averaged; None: all. Steady ones are left out; of those that cancel
        each other, or are one sound at two times, one is taken, and of a sound field the first."""
        channels = set(range(len(self._sum) - 1))
        kept = channels - self._left_out().keys()
        if 0 < len(kept) < len(channels):
            return tuple(sorted(kept))
        if self._is_field():
            return (0,)
        if (later := self._later()) is not None:
            return (int(later < 0),)
        alone = self.cancelling()
        return None if alone is None else (alone,)

    def _left_out(self) -> dict[int, float]:
        """Channels that hold something steady beside a voice, or time code, with their levels in dB
        of full scale."""
        codes = {k: float(10 * np.log10(self.power[k] + 1e-20)) for k in self._code.channels()}
        return {**codes, **self._steady.channels()}

    @property
    def steady(self) -> bool:
        """Whether it is nothing but something steady: a tone, hum, hiss, or time code."""
        return self._steady.all or len(self._code.channels()) == len(self._sum) - 1

    def _is_field(self) -> bool:
        return self._field is not None and self._field.is_field()

    def _later(self) -> float | None:
        """Seconds by which the second channel is a later copy of the first."""
        return None if self._delays is None else self._delays.later()

    def offset(self, taken: tuple[int, ...] | None) -> float:
        """The mean of channels (None: of all), or 0 where it is no recorder's offset."""
        rows = [-1] if taken is None else list(taken)
        mean = float(self._sum[rows].mean() / max(1, self.count))
        return mean if abs(mean) > AROUND_ZERO * float(np.sqrt(self.power[rows].mean())) else 0.0

    @property
    def share_clipped(self) -> float:
        """Of the samples, those of flat tops, in the channel that has most."""
        return self._flat / max(1, self.count)

    @property
    def _flat(self) -> int:
        """Samples of flat tops in the channel that has most."""
        return int(self._clipping.tops(self.taken()).max())

    def note_clipped(self) -> str | None:
        """What to say of a sound that was clipped as it was recorded; None elsewhere."""
        return self._clipping.note(self.taken(), self.count, self.note_coarse() is not None)

    def note_coarse(self) -> str | None:
        """What to say of a sound whose samples take few steps; None elsewhere."""
        return self._coarse.note(float(self.power[:-1].max()))

    @property
    def hardly_steps(self) -> bool:
        """Whether the noise of these steps is nearly as loud as the sound."""
        return self._coarse.noise_db(float(self.power[:-1].max())) < HARDLY_DB

    def note_wraps(self) -> str | None:
        """What to say of a sound beyond full scale that was wrapped; None elsewhere."""
        if self._wraps is None or WRAPPED * self._wraps.count < self._flat:
            return None
        return self._wraps.note()

    def note_holes(self) -> str | None:
        """What to say of a sound that breaks off to silence in the middle; None elsewhere."""
        return self._holes.note() if self._holes is not None else None

    @property
    def seconds_of_holes(self) -> float:
        """Of exact silence in the middle of the sound."""
        return self._holes.seconds() if self._holes is not None else 0.0

    def note_tail(self) -> str | None:
        """What to say of zeros behind the sound; None elsewhere."""
        return self._tail.note() if self._tail is not None else None

    @property
    def share_of_tail(self) -> float:
        """Of the sound that is zeros at its end."""
        return self._tail.share if self._tail is not None else 0.0

    def note_surround(self, named: bool = True) -> str | None:
        """What to say of the channels of a film; None elsewhere.

        Args:
            named: the file names loudspeakers, or its coding does. Elsewhere a silent channel may
                be one of a recorder to which nothing was connected.
        """
        each = self.power[:-1]
        if len(each) not in SURROUND or each[2] < 10 ** (SILENCE_DB / 10):
            return None
        most = (2 * np.pi * BASS / max(1, self.rate)) ** 2 * float(self._square[3])
        silent = each[3] <= 10 ** (-SURROUND_DB / 10) * each.max()
        if not named if silent else self._bass > most:
            return None
        return (f"its {len(each)} channels are those of a film ({len(each) - 1}.1) and were "
                "averaged; voices are mostly in the third, the center: to hear them better, give "
                "a file with that one alone (ffmpeg -i IN -af pan=mono|c0=c2 OUT)")

    def note_apart(self) -> str | None:
        """What to say of two channels that take turns; None elsewhere."""
        pairs = np.array(self._pairs).reshape(-1, 2)
        pairs = pairs[pairs.max(axis=1) >= 0.01 * self.power[:-1].mean()]
        alone = 10 ** (APART_DB / 10)
        sides = [pairs[:, k] > alone * pairs[:, 1 - k] for k in (0, 1)]
        turns = np.count_nonzero(np.diff(sides[0][sides[0] | sides[1]]))
        shortest = min(np.count_nonzero(side) for side in sides)
        if turns < TURNS or shortest * TURN < PARTLY or shortest < APART * len(pairs):
            return None
        return ("its two channels take turns, as in a call with a speaker in each, and were "
                "averaged: for one of them, give a file with that one alone (ffmpeg -i IN -af "
                "pan=mono|c0=c0 OUT, or c0=c1)")

    def note_time_code(self) -> str | None:
        """What to say of a sound that is nothing but time code; None elsewhere."""
        if len(self._code.channels()) < len(self._sum) - 1:
            return None
        return ("it is time code (LTC), by which cameras and recorders are brought to one clock, "
                "and no voice; give the file or the track that holds the voice")

    def note_stuck(self) -> str | None:
        """What to say of a sound that repeats itself sample for sample; None elsewhere."""
        return self._stuck.note() if self._stuck is not None else None

    def note_coding(self) -> str | None:
        """What to say of a sound that is noise at full scale, or nowhere near zero, as bytes are
        that hold something else than a header says, or of channels that are not as many as it
        says; None elsewhere."""
        if self.peak > UNITS[-1]:
            return (f"its samples are not what its header says: as floats they reach "
                    f"{self.peak:.2g}; make the file anew")
        if (note := self._coarse.note_reading() or self._misread.note()) is not None:
            return note
        other = self._misread.note_channels()
        power, taken = float(self.power[0]), self.taken()
        if power < FULL_NOISE**2 or self.peak > LOUDEST or taken is not None and 0 not in taken:
            return other
        like_noise = abs(self._products) < UNLIKE * power * self.count
        if not like_noise and (self._small >= NEVER_SMALL * self.count
                               or self.share_clipped >= CLIPPED):
            return other
        return ("it is like noise at full scale: its samples are probably not what its header says "
                "(the order of bytes, their number, mu-law or a compressed sound); listen to it")

    def note(self, taken: tuple[int, ...]) -> str:
        """What to say where `taken` has given channels."""
        count = len(self._sum) - 1
        steady = self._left_out()
        if not steady:
            if self._is_field():
                return ("its channels look like those of a sound field (ambisonics), though "
                        "nothing says so: the first, which hears all sides, was taken alone")
            if (later := self._later()) is not None:
                return (f"its two channels are the same sound {1000 * abs(later):.1f} ms apart, as "
                        f"from two microphones: channel {taken[0] + 1}, the earlier one, was taken "
                        "alone, as together they would cancel some frequencies")
            return (f"its {count} channels cancel each other (one is inverted): channel "
                    f"{taken[0] + 1} was taken alone")
        names = ", ".join(f"number {k + 1} ({level:.0f} dB)" for k, level in steady.items())
        return (f"of its {count} channels a steady noise without a voice, such as hum, hiss or a "
                f"time code, was left out: {names}")

    def scale(self) -> float:
        """What to divide floats by that lie far beyond full scale: 1.0 where they do not."""
        if self.peak <= OVER:
            return 1.0
        if self.whole or self.peak > BESIDE:
            return next((unit for unit in UNITS if self.peak <= unit), self.peak)
        return self.peak

    def note_scale(self) -> str | None:
        """What to say of samples that are not between -1 and 1; None elsewhere."""
        if self.peak <= LOUDEST or self.peak > UNITS[-1]:  # as `note_coding` says
            return None
        what = f"its samples are not between -1 and 1 (full scale), they reach {self.peak:.4g}: "
        scale = self.scale()
        return what + (f"they were divided by {scale:.7g}" if scale != 1 else
                       "players cut off what is beyond; turn it down")


def cancel(average: float, each: Any) -> bool:
    """Whether channels of the powers `each`, whose average has the power `average`, cancel each
    other: it has lost more than CANCEL_DB, and more than channels lose of which one sounds, or that
    have nothing in common."""
    if len(each) < 2:
        return False
    return average * 10 ** (CANCEL_DB / 10) * len(each) / 2 < float(np.mean(each))
