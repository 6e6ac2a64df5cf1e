"""Whether samples are what a header says: bytes of another kind, or another number of channels.

Speech is smooth: a sample is near to the one before it. Bytes that are read as numbers of another
kind are not, but become smooth where they are read as what they are. Samples of one channel that
are taken for two, or of two taken for one, are smooth in a way in which no recording is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

ROUGH = 0.6  # power of differences over power: of speech 0.01 to 0.3, of white noise 2
SMOOTHER = 6.0  # times: a reading that is so much smoother is the right one
# Least deviation of a rough piece, of full scale, by bytes of a sample: the lower byte of 16 bits,
# read as the upper one, is noise of 0.3 and more however quiet the sound is, where clicks in a
# quiet room are rough by themselves
LOUD = {2: 0.1, 3: 1e-3, 4: 1e-3}
# Floats that are read as whole numbers of 32 bits are all about half of full scale: their highest
# bits are those of their power of two
POWERS = (0.35, 0.65)
# Two samples of 16 bits in one of 32 have a correlation above LIKE, a piece that is louder than
# HEARD steps of 16 bits; where they are SAME, up to rounding, they are one that was spread
LIKE, HEARD, SAME = 0.4, 20, 256
# Two bytes of mu-law or A-law, read as 16 bits, are so loud and rough, whatever they hold, and read
# as what they are smoother by LAW_SMOOTHER; of samples of 16 bits half the bytes would be noise
LAW_LOUD, LAW_ROUGH, LAW_SMOOTH, LAW_SMOOTHER = 0.4, 0.35, 0.5, 1.4
PIECES = 20  # rough pieces in which other readings are tried, at most
UNIT = 12  # samples of 16 bits: pieces begin on whole samples of every reading
LEAST = 4000  # samples, fewer tell nothing
# Where two channels stand under a header of one, the first and the second samples of pairs differ
# in power, or the differences within pairs and between them do, by more than the ratio TWO_IN_ONE,
# in more than the share MOST of the pieces (a click may do so in one)
TWO_IN_ONE, MOST = 1.5, 0.5
RIGHT = 0.2  # of the rough pieces: from there on another reading is right (a pause is noise in all)
# Where one channel stands under a header of two, the differences within pairs are like those
# between, and smaller than those from a sample of one channel to its next: half or less in speech
ALIKE, ONE_IN_TWO = 1.15, 0.7
LAWS = MU, A = "mu-law", "A-law"


@functools.cache
def law(name: str) -> np.ndarray:
    """What the 256 bytes of mu-law or A-law (ITU-T G.711) stand for, in steps of 16 bits."""
    code = np.arange(256)
    if name == MU:
        code = 255 - code
        size = (((code & 15) << 3) + 132 << (code >> 4 & 7)) - 132
        return np.where(code & 128, -size, size)
    code = code ^ 0x55
    power = code >> 4 & 7
    size = ((code & 15) << 4) + 8 + 256 * (power > 0) << np.maximum(power - 1, 0)
    return np.where(code & 128, size, -size)


def _two(rows: np.ndarray) -> np.ndarray:
    """Two columns of bytes, the lower first, as `[n]` whole numbers."""
    return np.ascontiguousarray(rows).view("<i2")[:, 0]


def _wide(rows: np.ndarray, width: int) -> np.ndarray:
    """All bytes as numbers of so many each, `[n, width]`."""
    flat = rows.reshape(-1)
    return flat[: len(flat) // width * width].reshape(-1, width)


def _bytes32(rows: np.ndarray) -> np.ndarray:
    """The upper halves; nothing where the lower ones are no noise."""
    wide = _wide(rows, 4)
    return _two(wide[:, 2:] if roughness(_two(wide[:, :2])) > ROUGH else wide[:0, 2:])


def _floats(rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = _wide(rows, 4).reshape(-1).view("<f4")
    return found if np.isfinite(found).all() and np.abs(found).max(initial=0) <= 4 else found[:0]


FLOATS = "floats of 32 bits"
# Samples of whole numbers as their bytes [n, width], the lowest first -> what else they may be
READINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the other order of bytes": lambda rows: _two(rows[:, 1::-1]),
    "whole numbers of 16 bits": lambda rows: _two(_wide(rows, 2)),
    "whole numbers of 16 bits that begin a byte later":
        lambda rows: _two(_wide(rows.reshape(-1)[1:], 2)),
    "whole numbers of 24 bits": lambda rows: _two(_wide(rows, 3)[:, 1:]),
    "whole numbers of 32 bits": _bytes32,
    FLOATS: _floats,
    "numbers of 8 bits": lambda rows: rows.reshape(-1).astype(np.int16) - 128,
}


def _bytes(samples: np.ndarray) -> np.ndarray | None:
    """`[C, n]` samples as their bytes `[C * n, width]`; None where they are no whole numbers of 16,
    24 or 32 bits."""
    whole = samples.T.reshape(-1) * 2.0**31
    if np.abs(whole).max() > 2**31 or (whole != np.round(whole)).any():
        return None
    rows = whole.clip(-(2**31), 2**31 - 2**16).astype("<i4").view(np.uint8).reshape(-1, 4)
    return rows[:, 0 if rows[:, 0].any() else 1 if rows[:, 1].any() else 2:]


def _holds_two(samples: np.ndarray) -> bool:
    """Whether the halves of whole numbers of 32 bits are like each other, as two samples of 16 bits
    are: of one sample the lower half is noise."""
    if not (samples[0, :LEAST] * 2.0**23 % 1).any():
        return False
    rows = _bytes(samples)
    if rows is None or rows.shape[1] < 4:
        return False
    lower, upper = (_two(rows[:, k: k + 2]).astype(np.float64) for k in (0, 2))
    if upper.std() < HEARD or lower.std() == 0 or np.abs(upper - lower).max() <= SAME:
        return False
    return bool(np.corrcoef(lower, upper)[0, 1] > LIKE)


def roughness(samples: np.ndarray) -> float:
    """Power of the differences of `[N]` samples over their power; 0 for silence."""
    samples = np.asarray(samples, np.float64)
    samples = samples - samples.mean() if len(samples) else samples
    power = float(np.square(samples).sum())  # not `@`: threads of BLAS wait for each other
    return float(np.square(np.diff(samples)).sum()) / power if power else 0.0


# Samples as bytes -> whole numbers or floats, by what FFmpeg calls such files
HEADERLESS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "s16le": lambda rows: rows.view("<i2"), "s16be": lambda rows: rows.view(">i2"),
    "f32le": lambda rows: _floats(rows), "mulaw": lambda rows: law(MU)[rows],
    "alaw": lambda rows: law(A)[rows]}
SMOOTH, STEPS = 0.3, 20  # roughness of samples at most, and their deviation at least, in steps


def headerless(data: bytes) -> str:
    """What FFmpeg calls samples without a header of whose kind some data are, by their smoothness;
    empty where they are none.

    Args:
        data: from the middle of a file, beginning at a multiple of 4 bytes.
    """
    rows = np.frombuffer(data[: len(data) // 4 * 4], np.uint8)
    if len(rows) < LEAST:
        return ""
    rough = {}
    for name, read in HEADERLESS.items():
        samples = read(rows).astype(np.float64)
        loud = samples.std() * (32768 if name == "f32le" else 1) if len(samples) else 0.0
        rough[name] = roughness(samples) if loud >= STEPS else np.inf
    best = min(rough, key=lambda name: rough[name])
    return best if rough[best] < SMOOTH else ""


class Misread:
    """Gathers by pieces what tells that a sound is not what it seems."""

    def __init__(self) -> None:
        self.count = 0
        self._tried = 0
        self._twos = 0  # pieces of numbers that hold two samples each
        # Pieces for which each reading is the right one
        self._found = dict.fromkeys((*READINGS, *LAWS), 0)
        self._channels = 0
        self._row = np.zeros(0)  # of one channel, not yet looked at
        self._heard = self._paired = 0  # stretches with sound, and those that go in pairs
        self._group = 0  # equal samples, one after another, that all of it is made of
        # Of several channels: power of differences from each to the next one, from the last to the
        # next sample of the first, and from one sample of the first to the next
        self._steps: np.ndarray = np.zeros(1)

    def add(self, samples: np.ndarray) -> None:
        """Takes `[C, n]` float64 more, in order."""
        begin = self.count
        self.count += samples.shape[1]
        self._channels = len(samples)
        if len(samples) == 1:
            self._row = np.concatenate([self._row, samples[0]])
            if len(self._row) >= LEAST:
                even = len(self._row) // 2 * 2
                self._look(self._row[:even])
                self._row = self._row[even:]
        else:
            steps = [*np.diff(samples, axis=0), samples[0, 1:] - samples[-1, :-1],
                     np.diff(samples[0])]
            self._steps = self._steps + np.array([np.square(step).sum() for step in steps])
        samples = samples[:, -begin % UNIT:]
        if self._tried >= PIECES or samples.shape[1] < LEAST:
            return
        if _holds_two(samples):
            self._tried += 1
            self._twos += 1
            return
        rough, sizes = roughness(samples[0]), np.abs(samples[0])
        sizes = sizes[(sizes > 0) & (sizes < 1)]  # a float of zero, and of minus zero
        powers = len(sizes) > 0 and POWERS[0] <= sizes.min() and sizes.max() <= POWERS[1]
        loud = rough >= LAW_ROUGH and samples[0].std() >= LAW_LOUD
        rows = _bytes(samples) if rough >= ROUGH or powers or loud else None
        if rows is None:
            return
        if loud and rows.shape[1] == 2:
            laws = {k: roughness(law(k)[rows.reshape(-1)][:: self._channels]) for k in LAWS}
            best = min(laws, key=lambda k: laws[k])
            if laws[best] < min(LAW_SMOOTH, rough / LAW_SMOOTHER):
                self._tried += 1
                self._found[best] += 1
                return
        suspect = rough >= ROUGH and samples[0].std() >= LOUD[rows.shape[1]]
        if not suspect and (rows.shape[1] == 2 or not powers):
            return
        self._tried += 1
        if powers and rows.shape[1] > 2:  # the lowest byte of floats that had 16 bits is zero
            self._found[FLOATS] += 1
            return
        others = {name: roughness(read(rows)[:: self._channels]) for name, read in READINGS.items()}
        found = min((name for name, rough in others.items() if rough), key=lambda n: others[n],
                    default=None)
        if found is not None and others[found] * SMOOTHER < rough:
            self._found[found] += 1

    def _look(self, row: np.ndarray) -> None:
        """Whether `[N]` samples of one channel, an even number, go in pairs."""
        first, second = row[::2], row[1::2]
        if not row.any():
            return
        powers = np.square(first - first.mean()).sum(), np.square(second - second.mean()).sum()
        steps = np.square(second - first).sum(), np.square(first[1:] - second[:-1]).sum()
        self._heard += 1
        if self._group != 1:
            for part in (row[:LEAST // 10], row):  # of most sounds a few samples tell
                changes = np.flatnonzero(part[1:] != part[:-1])
                self._group = int(np.gcd.reduce(np.diff(changes), initial=self._group))
                if self._group == 1:
                    break
        self._paired += any(max(two) > TWO_IN_ONE * min(two) for two in (powers, steps))

    def note(self) -> str | None:
        """A sentence for the user where the bytes are of another kind; None elsewhere."""
        if self._twos > RIGHT * self._tried:
            return ("its samples are not what its header says: each number of 32 bits holds two "
                    "samples of 16 bits, and one of them was taken; make the file anew")
        name = max(self._found, key=lambda key: self._found[key])
        if self._found[name] > RIGHT * self._tried:
            return (f"its samples are not what its header says: read as {name}, which was not "
                    "done, they are a smooth sound, and as they are noise; make the file anew")
        return None

    def note_channels(self) -> str | None:
        """A sentence where there is another number of channels than the header says."""
        if self.count < LEAST:
            return None
        if self._group > 1:
            many = "pairs" if self._group == 2 else f"groups of {self._group}"
            return (f"its samples go in {many}, which are equal: its rate was raised by repeating "
                    f"them, which sounds harsh, or {self._group} equal channels stand under a "
                    f"header of one (then it is {self._group} times as slow as it should be); "
                    "listen to it")
        if self._paired > MOST * self._heard:
            return ("its samples go in pairs, as if two channels stood under a header of one: it "
                    "may be half as fast as it should be; listen to it")
        if self._channels < 2:
            return None
        *along, next_one = self._steps
        if max(along) < ALIKE * min(along) and max(along) < ONE_IN_TWO * next_one:
            count = self._channels
            many = "two" if count == 2 else f"{count}"
            times = "twice" if count == 2 else f"{count} times"
            return (f"its {'second channel lies' if count == 2 else 'other channels lie'} between "
                    f"the samples of the first, as if one channel stood under a header of {many}: "
                    f"it may be {times} as fast as it should be; listen to it")
        return None
