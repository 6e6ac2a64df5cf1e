"""The vocoder's sound of its filters, as arrays: the sources, the STFT and its inverse.

`vocoder.py` has the same for training, by torch; here for the engine that runs without it.
"""

from __future__ import annotations

import numpy as np

from avspeech.synthesis.settings import VocoderConfig


def window(config: VocoderConfig) -> np.ndarray:
    """Hann's window of the STFT, `[n_fft]`."""
    left = (config.n_fft - config.window) // 2
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(config.window) / config.window)
    return np.pad(shape, (left, config.n_fft - config.window - left)).astype(np.float32)


def spectrum(sound: np.ndarray, config: VocoderConfig) -> np.ndarray:
    """The STFT of a sound: `[N]`, a whole number of hops, to complex `[T, bins]`."""
    n, hop = config.n_fft, config.hop
    pad = (n - hop) // 2
    mode = "reflect" if len(sound) > n else "constant"
    padded = np.pad(sound, (pad, n - hop - pad), mode)  # type: ignore[call-overload]
    frames = np.lib.stride_tricks.sliding_window_view(padded, n)[::hop]
    return np.fft.rfft(frames * window(config))


def inverse(parts: np.ndarray, config: VocoderConfig) -> np.ndarray:
    """The sound `[T * hop]` of a spectrum `[T, bins]`."""
    n, hop, shape = config.n_fft, config.hop, window(config)
    pieces = np.fft.irfft(parts, n) * shape
    count = len(pieces)
    turns = -(-n // hop)  # hops that a frame covers
    total, weight = np.zeros(((count + turns) * hop,)), np.zeros(((count + turns) * hop,))
    whole = np.pad(pieces, ((0, 0), (0, turns * hop - n)))
    square = np.pad(np.square(shape), (0, turns * hop - n))
    for k in range(turns):  # each turn adds pieces that stand side by side
        part = slice(k * hop, (k + count) * hop)
        total[part] += whole[:, k * hop: (k + 1) * hop].reshape(-1)
        weight[part] += np.tile(square[k * hop: (k + 1) * hop], count)
    pad = (n - hop) // 2
    sound = total / np.maximum(weight, 1e-3)
    return sound[pad: pad + count * hop].astype(np.float32)


def stretched(values: np.ndarray, times: int) -> np.ndarray:
    """Values `[..., T]` at `times` places each, by straight lines: `[..., T * times]`."""
    count = values.shape[-1]
    place = np.clip((np.arange(count * times) + 0.5) / times - 0.5, 0, count - 1)
    left = np.minimum(place.astype(np.int64), max(0, count - 2))
    share = (place - left).astype(values.dtype)
    right = np.minimum(left + 1, count - 1)
    return values[..., left] * (1 - share) + values[..., right] * share


def pulse_train(f0: np.ndarray, hop: int, sample_rate: int) -> np.ndarray:
    """`vocoder.pulse_train` of one sound: F0 `[T]` in hertz to `[T * hop]`."""
    hertz = stretched(f0.astype(np.float32), hop)
    cycles = np.cumsum(hertz.astype(np.float64) / sample_rate) % 1.0
    x = (2 * np.pi * (cycles - 0.5)).astype(np.float32)
    count = np.floor(0.49 * sample_rate / hertz)
    small = np.abs(x) < 1e-4
    safe = np.where(small, 1.0, x)
    ratio = np.sin((count + 0.5) * safe) / (2 * np.sin(safe / 2))
    return ((np.where(small, count + 0.5, ratio) - 0.5) / np.sqrt(count / 2)).astype(np.float32)
