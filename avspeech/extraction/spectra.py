"""The STFT of the extraction models on NumPy arrays, its inverse, and the bands of their cue.

`mvtf.stft` and `mvtf.istft` are the same on tensors, through which training takes its gradients.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from avspeech.errors import InputError

MOST = 2**23  # weights of bands, far above what speech needs


def root_window(n: int) -> np.ndarray:
    """The root of Hann's window, float32 `[n]`."""
    return np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(np.float32)


def spectrum(samples: np.ndarray, n: int, hop: int) -> np.ndarray:
    """The STFT of float32 `[..., N]`, complex64 `[..., T, n / 2 + 1]`, T = N // hop + 1.

    Args:
        samples: any number of sounds.
        n: samples of a window.
        hop: samples between windows.
    """
    padded = np.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(n // 2, n // 2)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, n, -1)[..., ::hop, :]
    parts = np.fft.rfft(frames * (root_window(n) / np.float32(np.sqrt(n / 2))))
    return parts.astype(np.complex64, copy=False)


def sound(parts: np.ndarray, length: int, n: int, hop: int) -> np.ndarray:
    """The inverse of `spectrum`: `[..., T, n / 2 + 1]` to float32 `[..., length]`."""
    window = root_window(n)
    pieces = np.fft.irfft(parts, n) * (window * np.float32(np.sqrt(n / 2)))
    count = pieces.shape[-2]
    total = np.zeros((*pieces.shape[:-2], n + hop * (count - 1)), np.float32)
    weight, square = np.zeros(total.shape[-1], np.float32), np.square(window)
    for number in range(count):
        place = slice(number * hop, number * hop + n)
        total[..., place] += pieces[..., number, :]
        weight[place] += square
    kept = slice(n // 2, n // 2 + length)
    return np.asarray(total[..., kept] / weight[kept], np.float32)


def mel_bands(bands: int, bins: int, sample_rate: int) -> np.ndarray:
    """Triangular bands whose corners are equally spaced in mel from 0 Hz to half the rate.

    The outer two are flat to the edge. The triangles over a bin add up to 1, so the transpose
    interpolates from bands to bins.

    Args:
        bands: their number.
        bins: of the spectrum.
        sample_rate: in Hz.

    Returns:
        float32 `[bands, bins]`.

    Raises:
        InputError: more than `MOST` weights; the numbers may be a stranger's.
    """
    if bands * bins > MOST:
        raise InputError(f"asks for {bands:,} bands of {bins:,} bins; expected at most {MOST:,} "
                         "weights of bands")
    top = 2595 * np.log10(1 + sample_rate / 2 / 700)
    centers = 700 * (10 ** (np.linspace(0, top, bands) / 2595) - 1)
    hertz = np.linspace(0, sample_rate / 2, bins)
    right = np.searchsorted(centers, hertz).clip(1, bands - 1)
    share = (hertz - centers[right - 1]) / (centers[right] - centers[right - 1])
    weights, columns = np.zeros((bands, bins)), np.arange(bins)
    weights[right, columns] = share
    weights[right - 1, columns] = 1 - share
    return weights.astype(np.float32)


@dataclass(frozen=True)
class Transform:
    """The STFT of a model, and the bands of its cue.

    Args:
        sample_rate: in Hz.
        n_fft: samples of a window.
        hop: samples between windows.
        bands: mel-spaced bands of the cue's planes.
    """

    sample_rate: int
    n_fft: int
    hop: int
    bands: int = 64

    @cached_property
    def matrix(self) -> np.ndarray:
        """Of `mel_bands`, `[bands, F]`."""
        return mel_bands(self.bands, self.n_fft // 2 + 1, self.sample_rate)

    def spectrum(self, samples: np.ndarray) -> np.ndarray:
        """The STFT, complex64 `[..., T, F]` of float32 `[..., N]`."""
        return spectrum(samples, self.n_fft, self.hop)

    def sound(self, parts: np.ndarray, length: int) -> np.ndarray:
        """The inverse of `spectrum`, float32 `[..., length]`."""
        return sound(parts, length, self.n_fft, self.hop)

    def log_bands(self, samples: np.ndarray) -> np.ndarray:
        """Log spectrum in the bands, about -1 to 1 for speech of RMS 1: `[..., T, bands]`, as
        `MVTF.log_bands` gives it."""
        parts = self.spectrum(samples)
        power = np.square(parts.real) + np.square(parts.imag)
        matrix = self.matrix
        banded = power @ matrix.T / matrix.sum(1)
        return np.asarray(np.log(banded + np.float32(1e-4)) / 4 + 1, np.float32)


def level_of(samples: np.ndarray) -> np.float32:
    """The RMS of a sound by which models divide it, at least 1e-5."""
    return np.float32(max(float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))), 1e-5))
