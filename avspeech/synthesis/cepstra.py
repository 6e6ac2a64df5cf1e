"""Mel-cepstra of speech, the path that aligns two readings of a sentence, and their
distance (MCD).

    a, b = cepstra.mel_cepstra(reference, 22050), cepstra.mel_cepstra(hypothesis, 22050)
    path = cepstra.dtw(a[:, 1:], b[:, 1:])
    cepstra.distortion(a, b, path)                       # dB
"""

from __future__ import annotations

import functools
import importlib.util
import math

import numpy as np

from avspeech.media.stretches import Span, spans

ORDER = 34  # coefficients after the 0th, as the field's evaluations take for 22.05 and 24 kHz
HOP_SECONDS = 0.005
BLOCK = 4000  # frames that are transformed at a time
DIAGONALS = 4096  # whose steps are packed at a time
# Spectra are floored this far below a recording's loudest bin, so that digital silence is finite.
FLOOR_DB = 80.0


def mel_cepstra(samples: np.ndarray, sample_rate: int, order: int = ORDER,
                hop_seconds: float = HOP_SECONDS,
                envelope: str = "auto",
                pitch: tuple[np.ndarray, np.ndarray] | None = None) -> np.ndarray:
    """Mel-cepstral coefficients of a recording.

    The cepstrum of the power spectrum, its frequency axis bent to the mel scale by an all-pass of
    the coefficient `warping(sample_rate)` (Tokuda, Kobayashi, Masuko, Imai, "Mel-generalized
    cepstral analysis", ICSLP 1994; SPTK's sp2mc).

    Args:
        samples: `[N]`.
        sample_rate: in hertz.
        order: coefficients after the 0th.
        hop_seconds: seconds between frames.
        envelope: "world": WORLD's CheapTrick envelope, which knows the F0 (pyworld); "fft": the
            Fourier spectrum of 25 ms, whose harmonics only the low order smooths; "auto": the first
            that is installed. Numbers of the two do not compare.
        pitch: (hertz, voiced) on the same frames, where already known.

    Returns:
        `[T, order + 1]` float64, T = 1 + floor(duration / hop_seconds).
    """
    samples = np.ascontiguousarray(samples, np.float64)
    frames = 1 + math.floor(len(samples) / (sample_rate * hop_seconds) + 1e-6)
    if envelope == "auto":
        envelope = "world" if importlib.util.find_spec("pyworld") else "fft"
    if envelope not in ("world", "fft"):
        raise ValueError(f"envelope '{envelope}': expected auto, world or fft")
    every = list(spans(len(samples), frames, sample_rate, hop_seconds))

    def power_of(span: Span) -> np.ndarray:
        part, first = samples[span.samples], span.begin - span.before
        count = span.end - first
        if envelope == "fft":
            found = _fourier(part, sample_rate, hop_seconds, count)
        else:
            hertz = None if pitch is None else np.asarray(pitch[0], np.float64)[first: span.end]
            found = _cheaptrick(part, sample_rate, hop_seconds, count, hertz)
        return found[span.before:]

    # Of more than one, the spectra would take too much room: they are computed twice
    known = [power_of(every[0])] if len(every) == 1 else None
    top = max(float(power.max()) for power in known or map(power_of, every))
    floor = max(top * 10 ** (-FLOOR_DB / 10), 1e-20)
    found = np.empty((frames, order + 1))
    for span, power in zip(every, known or map(power_of, every), strict=True):
        bend = _bend(power.shape[1], order, warping(sample_rate)).T
        for begin in range(0, len(power), BLOCK):
            part = np.maximum(power[begin: begin + BLOCK], floor)
            cepstrum = np.fft.irfft(np.log(part) / 2)[:, : part.shape[1]]
            cepstrum[:, 1:-1] *= 2
            at = span.begin + begin
            found[at: at + len(part)] = cepstrum @ bend
    return found


@functools.lru_cache(maxsize=16)
def warping(sample_rate: int) -> float:
    """The all-pass coefficient whose phase comes nearest to the mel scale of Fant (1973), log(1 + f
    / 1000), by least squares: 0.41 at 16 kHz, 0.455 at 22.05 kHz."""
    omega = np.linspace(0, math.pi, 200)
    mel = np.log1p(omega / math.pi * sample_rate / 2 / 1000)
    target = mel / mel[-1] * math.pi
    alphas = np.arange(0.0, 0.9, 0.001)[:, None]
    bent = omega + 2 * np.arctan2(alphas * np.sin(omega), 1 - alphas * np.cos(omega))
    return float(alphas[np.argmin(((bent - target) ** 2).sum(1)), 0])


@functools.lru_cache(maxsize=16)
def _bend(size: int, order: int, alpha: float) -> np.ndarray:
    """`[order + 1, size]`: takes a cepstrum to its mel-cepstrum (Oppenheim, Johnson, "Discrete
    representation of signals", Proc. IEEE 60, 1972: the recursion, run on all unit vectors at
    once)."""
    before = np.zeros((order + 1, size))
    for i in range(size - 1, -1, -1):
        now = np.zeros_like(before)
        now[0] = alpha * before[0]
        now[0, i] += 1.0
        now[1] = (1 - alpha ** 2) * before[0] + alpha * before[1]
        for m in range(2, order + 1):
            now[m] = before[m - 1] + alpha * (before[m] - now[m - 1])
        before = now
    return before


def _cheaptrick(samples: np.ndarray, sample_rate: int, hop: float, frames: int,
                found: np.ndarray | None) -> np.ndarray:
    import pyworld

    if found is None:
        found, _ = pyworld.dio(samples, sample_rate, f0_floor=60.0, frame_period=1000 * hop)
    found = np.ascontiguousarray(np.pad(found[:frames], (0, max(0, frames - len(found)))))
    times = np.arange(frames) * hop
    return pyworld.cheaptrick(samples, found, times, sample_rate)


def _fourier(samples: np.ndarray, sample_rate: int, hop: float, frames: int) -> np.ndarray:
    width = round(0.025 * sample_rate)
    padded = np.pad(samples, width, mode="edge")  # an offset may not end in a step
    first = np.round(np.arange(frames) * hop * sample_rate).astype(int) + width - width // 2
    size = 1 << math.ceil(math.log2(width))
    window, power = np.hanning(width), np.empty((frames, size // 2 + 1))
    for begin in range(0, frames, 1000):
        piece = padded[first[begin: begin + 1000, None] + np.arange(width)]
        offset = (piece @ window)[:, None] / window.sum()
        power[begin: begin + 1000] = np.abs(np.fft.rfft((piece - offset) * window, size)) ** 2
    power[:, :2] = power[:, 2:3]  # what went with the offset
    return power


def dtw(a: np.ndarray, b: np.ndarray, radius: int | None = None) -> np.ndarray:
    """Finds the cheapest warping path (dynamic time warping).

    Steps (1, 1), (1, 0), (0, 1) of equal weight, Euclidean distance (Sakoe, Chiba, IEEE Trans. ASSP
    26, 1978). One anti-diagonal is one step of NumPy; memory is a quarter of a byte for each place
    in the band (`dtw_bytes`), so minutes of sound fit. (`librosa.sequence.dtw` holds the full
    matrix and compiles for seconds in every process.)

    Args:
        a: `[T, D]`.
        b: `[U, D]`.
        radius: frames of `a` that the path may leave the straight line between the ends (default:
            any).

    Returns:
        `[P, 2]` indices into a and b, from (0, 0) to (T - 1, U - 1).

    Raises:
        ValueError: the shapes do not fit, or there is no frame.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or not len(a) or not len(b):
        raise ValueError(f"expected [T, D] and [U, D] of at least a frame, got {a.shape} and "
                         f"{b.shape}")
    rows = len(a)
    low, high = _band(rows, len(b), radius)
    # Where the cheapest way to a place comes from, two bits each: many diagonals at a time
    packed: list[np.ndarray] = []
    steps = np.zeros((min(len(low), DIAGONALS), int((high - low).max()) + 1), np.int8)
    # Totals by row i of this diagonal and of the last two, with a border in front.
    now, last, before = (np.full(rows + 1, np.inf) for _ in range(3))
    for d in range(len(low)):
        if d > 2:  # what three diagonals ago left there
            now[low[d - 3] + 1: high[d - 3] + 2] = np.inf
        i = np.arange(low[d], high[d] + 1)
        difference = a[i] - b[d - i]
        cost = np.sqrt(np.einsum("nd,nd->n", difference, difference))
        if d == 0:
            now[1] = cost[0]
        else:
            # From (i-1, j-1), (i-1, j), (i, j-1)
            ways = np.stack([before[i], last[i], last[i + 1]])
            best = ways.argmin(0)
            steps[d % DIAGONALS, : len(i)] = best
            now[i + 1] = ways[best, np.arange(len(i))] + cost
        now, last, before = before, now, last
        if d % DIAGONALS == DIAGONALS - 1 or d == len(low) - 1:
            packed.append(np.packbits(steps[..., None] >> np.arange(2, dtype=np.int8) & 1))
    row, d, block = rows - 1, len(low) - 1, len(packed)
    path = np.empty((len(low), 2), np.int32)
    for length in range(len(low)):
        path[length] = row, d - row
        if d == 0:
            break
        if d // DIAGONALS != block:
            block = d // DIAGONALS
            bits = np.unpackbits(packed[block], count=2 * steps.size).reshape(*steps.shape, 2)
        one, two = bits[d % DIAGONALS, row - int(low[d])]
        row -= not two
        d -= 1 if one or two else 2
    return path[length::-1].astype(int)


def dtw_bytes(rows: int, columns: int, radius: int) -> int:
    """The memory that `dtw` takes for its steps, in bytes; arguments as there."""
    low, high = _band(rows, columns, radius)
    return len(low) * (int((high - low).max()) + 1) // 4


def _band(rows: int, columns: int, radius: int | None) -> tuple[np.ndarray, np.ndarray]:
    """First and last row of each anti-diagonal that a path may touch."""
    ratio = (rows - 1) / max(1, columns - 1)
    # On the diagonal d the line passes i = d ratio / (1 + ratio); a step in i leaves it by 1 +
    # ratio frames.
    reach = rows if radius is None else math.ceil(max(radius, 1) / (1 + ratio)) + 1
    every = np.arange(rows + columns - 1)
    middle = np.round(every * ratio / (1 + ratio)).astype(int)
    low = np.maximum(np.maximum(0, every - columns + 1), middle - reach)
    high = np.minimum(np.minimum(rows - 1, every), middle + reach)
    low = np.minimum(low, rows - 1)
    return low, np.maximum(high, low)


def distortion(a: np.ndarray, b: np.ndarray, path: np.ndarray | None = None) -> float:
    """Mel-cepstral distortion: the mean of 10 / ln 10 sqrt(2 sum_d (a_d - b_d)^2) (Kubichek,
    "Mel-cepstral distance measure for objective speech quality assessment", IEEE PACRIM 1993).

    Args:
        a: `[T, D]` mel-cepstra; the 0th coefficient (loudness) does not count.
        b: `[U, D]`.
        path: `[P, 2]` of `dtw` (default: frame by frame).

    Returns:
        dB.

    Raises:
        ValueError: there is no path, and T is not U.
    """
    if path is None:
        if len(a) != len(b):
            raise ValueError(f"{len(a)} and {len(b)} frames: give a path")
        path = np.stack([np.arange(len(a))] * 2, 1)
    difference = a[path[:, 0], 1:] - b[path[:, 1], 1:]
    return float(10 / math.log(10) * np.sqrt(2 * (difference ** 2).sum(1)).mean())
