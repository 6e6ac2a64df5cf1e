"""The vocoder's sound of its filters, as arrays: the sources, the STFT and its inverse.

`vocoder.py` has the same for training, by torch; here for the engine that runs without it.
"""

from __future__ import annotations

import functools

import numpy as np

from avspeech.synthesis.settings import VocoderConfig

try:  # takes half the time of NumPy's
    from scipy import fft as transforms
except ImportError:
    transforms = np.fft


@functools.lru_cache(maxsize=8)
def window(n_fft: int, width: int) -> np.ndarray:
    """Hann's window of the STFT, `width` samples in the middle of `[n_fft]`."""
    left = (n_fft - width) // 2
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(width) / width)
    return np.pad(shape, (left, n_fft - width - left))


def spectrum(sound: np.ndarray, config: VocoderConfig) -> np.ndarray:
    """The STFT of a sound: `[N]`, a whole number of hops, to complex `[T, bins]`."""
    n, hop = config.n_fft, config.hop
    pad = (n - hop) // 2
    mode = "reflect" if len(sound) > n else "constant"
    # NumPy's transform of 32 bits takes twice the time of that of 64
    kind = np.float64 if transforms is np.fft else np.float32
    padded = np.pad(sound.astype(kind), (pad, n - hop - pad), mode)  # type: ignore[call-overload]
    frames = np.lib.stride_tricks.sliding_window_view(padded, n)[::hop]
    found = transforms.rfft(frames * window(n, config.window).astype(kind))
    return np.asarray(found, np.complex64)


def inverse(parts: np.ndarray, config: VocoderConfig) -> np.ndarray:
    """The sound `[T * hop]` of a spectrum `[T, bins]`."""
    n, hop = config.n_fft, config.hop
    shape = window(n, config.window).astype(np.float32)
    pieces = np.asarray(transforms.irfft(parts, n), np.float32)
    pieces *= shape
    count = len(pieces)
    turns = -(-n // hop)  # hops that a frame covers
    square = np.square(shape)
    if n % hop:
        pieces = np.pad(pieces, ((0, 0), (0, turns * hop - n)))
        square = np.pad(square, (0, turns * hop - n))
    whole, squares = pieces.reshape(count, turns, hop), square.reshape(turns, hop)
    total = np.zeros((count + turns, hop), np.float32)
    weight = np.zeros((count + turns, hop), np.float32)
    for k in range(turns):  # each turn adds pieces that stand side by side
        total[k: k + count] += whole[:, k]
        weight[k: k + count] += squares[k]
    total /= np.maximum(weight, 1e-3)
    pad = (n - hop) // 2
    return total.reshape(-1)[pad: pad + count * hop]


def polar(size: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Complex numbers of these sizes and angles, as complex64."""
    found = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=found.real)
    np.sin(angle, out=found.imag)
    found *= size
    return found


def stretched(values: np.ndarray, times: int) -> np.ndarray:
    """Values `[..., T]` at `times` places each, by straight lines: `[..., T * times]`."""
    place = (np.arange(times) + 0.5) / times - 0.5  # of the first value's places
    before = int((place < 0).sum())
    share = (place % 1.0).astype(values.dtype)
    edges = np.concatenate([values[..., :1], values, values[..., -1:]], -1)[..., None]
    steps = np.diff(edges, axis=-2)
    found = np.empty((*values.shape, times), values.dtype)
    left = found[..., :before]
    np.multiply(steps[..., :-1, :], share[:before], out=left)
    left += edges[..., :-2, :]
    right = found[..., before:]
    np.multiply(steps[..., 1:, :], share[before:], out=right)
    right += edges[..., 1:-1, :]
    return found.reshape(*values.shape[:-1], -1)


def pulse_train(f0: np.ndarray, hop: int, sample_rate: int) -> np.ndarray:
    """`vocoder.pulse_train` of one sound: F0 `[T]` in hertz to `[T * hop]`."""
    hertz = stretched(f0.astype(np.float32), hop)
    cycles = np.cumsum(hertz, dtype=np.float64)  # in 32 bits the phase would drift
    cycles *= 1 / sample_rate
    cycles -= np.floor(cycles)
    x = cycles.astype(np.float32)
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
