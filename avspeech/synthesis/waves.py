"""The vocoder's sound of its filters, as arrays: the sources, the STFT and its inverse.

`vocoder.py` has the same for training, by torch; here for the engine that runs without it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from avspeech.synthesis.settings import VocoderConfig

try:  # takes half the time of NumPy's
    from scipy import fft as transforms
except ImportError:
    transforms = np.fft

BLOCK = 32  # frames


@functools.lru_cache(maxsize=8)
def window(n_fft: int, width: int) -> np.ndarray:
    """Hann's window of the STFT, `width` samples in the middle of `[n_fft]`."""
    left = (n_fft - width) // 2
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(width) / width)
    return np.pad(shape, (left, n_fft - width - left))


@functools.lru_cache(maxsize=8)
def noise_level(n_fft: int, width: int) -> float:
    """The size of a bin of the STFT, of noise of deviation 1."""
    return float(np.sqrt(np.square(window(n_fft, width)).sum()))


def framed(sound: np.ndarray, config: VocoderConfig) -> np.ndarray:
    """The frames `[T, n_fft]` of the STFT of a sound `[N]`, a whole number of hops: a view."""
    n, hop = config.n_fft, config.hop
    pad = (n - hop) // 2
    mode = "reflect" if len(sound) > n else "constant"
    padded = np.pad(sound, (pad, n - hop - pad), mode)  # type: ignore[call-overload]
    return np.lib.stride_tricks.sliding_window_view(padded, n)[::hop]


def spectrum(frames: np.ndarray, config: VocoderConfig) -> np.ndarray:
    """The spectrum of frames of `framed`: `[T, n_fft]` to complex `[T, bins]`."""
    # NumPy's transform of 32 bits takes twice the time of that of 64
    kind = np.float64 if transforms is np.fft else np.float32
    found = transforms.rfft(frames * window(config.n_fft, config.window).astype(kind))
    return np.asarray(found, np.complex64)


def inverse(parts: Callable[[slice], np.ndarray], count: int, config: VocoderConfig) -> np.ndarray:
    """The sound `[T * hop]` of a spectrum `[T, bins]`.

    Args:
        parts: gives some frames of the spectrum. It is asked for `BLOCK` frames at a time, which a
            processor keeps near at hand from one operation to the next.
        count: T.
        config: of the vocoder.
    """
    n, hop = config.n_fft, config.hop
    shape = window(n, config.window).astype(np.float32)
    turns = -(-n // hop)  # hops that a frame covers
    more = ((0, 0), (0, turns * hop - n))
    squares = np.pad(np.square(shape)[None], more).reshape(turns, hop)
    total = np.zeros((count + turns, hop), np.float32)
    for begin in range(0, count, BLOCK):
        here = slice(begin, min(begin + BLOCK, count))
        pieces = np.asarray(transforms.irfft(parts(here), n), np.float32)
        pieces *= shape
        whole = (np.pad(pieces, more) if n % hop else pieces).reshape(-1, turns, hop)
        for k in range(turns):  # each turn adds pieces that stand side by side
            total[here.start + k: here.stop + k] += whole[:, k]
    # Over the squares of the window that lie above each other: in the middle one of each turn
    sums = np.concatenate([np.zeros_like(squares[:1]), np.cumsum(squares, 0)])
    for row in (*range(turns - 1), *range(max(count, turns - 1), count + turns - 1)):
        total[row] /= np.maximum(sums[min(row + 1, turns)] - sums[max(row - count + 1, 0)], 1e-3)
    total[turns - 1: count] /= np.maximum(sums[-1], 1e-3)
    pad = (n - hop) // 2
    return total.reshape(-1)[pad: pad + count * hop]


def polar(size: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Complex numbers of these sizes and angles, as complex64."""
    found = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=found.real)
    np.sin(angle, out=found.imag)
    found *= size
    return found


def sharpening(bands: int, strength: float, reach: int = 4) -> np.ndarray:
    """The map `[M, M]` of a log-mel `[T, M]` to one that differs by 1 + `strength` times as much
    from its mean over the bands at most `reach` away."""
    place = np.arange(bands)
    near = (np.abs(place - place[:, None]) <= reach).astype(np.float64)
    mean = near / near.sum(0)
    return ((1 + strength) * np.eye(bands) - strength * mean).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _weights(times: int) -> np.ndarray:
    """Weights `[3, times]` of the value before, of its own and of the one behind, at the places of
    a value."""
    place = (np.arange(times) + 0.5) / times - 0.5
    return np.stack([np.maximum(-place, 0), 1 - np.abs(place),
                     np.maximum(place, 0)]).astype(np.float32)


def _neighbors(values: np.ndarray) -> np.ndarray:
    """Each of the values `[..., T]` between its two neighbors: float32 `[..., T, 1, 3]`."""
    edges = np.concatenate([values[..., :1], values, values[..., -1:]], -1, dtype=np.float32)
    return np.lib.stride_tricks.sliding_window_view(edges, 3, -1)[..., None, :]


def stretched(values: np.ndarray, times: int) -> np.ndarray:
    """Values `[..., T]` at `times` places each, by straight lines: float32 `[..., T * times]`."""
    # Many small products: no library puts threads to them
    found = np.matmul(_neighbors(values), _weights(times))
    return found.reshape(*values.shape[:-1], -1)


def pulse_train(f0: np.ndarray, hop: int, sample_rate: int) -> np.ndarray:
    """`vocoder.pulse_train` of one sound: F0 `[T]` in hertz to `[T * hop]`."""
    near, weights = _neighbors(f0), _weights(hop)
    hertz = np.matmul(near, weights).reshape(-1)
    cycles = np.matmul(near, np.cumsum(weights, 1, dtype=np.float32))[:, 0]  # within each frame
    cycles *= np.float32(1 / sample_rate)
    # In 32 bits the phase would drift
    turns = near[:, 0].astype(np.float64) @ weights.sum(1, dtype=np.float64) / sample_rate
    cycles += ((np.cumsum(turns) - turns) % 1.0).astype(np.float32)[:, None]
    cycles -= np.floor(cycles)
    x = cycles.reshape(-1)
    x -= 0.5
    x *= 2 * np.pi
    count = np.floor(np.float32(0.49 * sample_rate) / hertz)
    more = count + np.float32(0.5)
    under = 2 * np.sin(x * np.float32(0.5))
    peaks = np.flatnonzero(np.abs(under) < 1e-4)
    under[peaks] = 1.0
    x *= more
    ratio = np.sin(x, out=x)
    ratio /= under
    ratio[peaks] = more[peaks]
    ratio -= 0.5
    count *= 0.5
    ratio /= np.sqrt(count, out=count)
    return ratio
