"""The two engines of an extraction model: torch, and the graph of a released one, on arrays.

    engine = engine_of(model)                    # of what `pretrained.open_model` gives
    voice = engine(mixture, crops, present)      # [N] of [N], [V, T, 88, 88], [V, T]

Both give the same within `TOLERANCE`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from avspeech.core.engine import Graphs

TOLERANCE = 1e-3  # of the greatest difference, relative to the loudest sample of torch's output
EXTRACT = "extract"  # the graph
SPLIT = "split"  # that of a splitter
VIEWS = 3  # at most, of the graph

# (mixture float32 [N], crops uint8 [V, T, 88, 88], present bool [V, T]) -> voice float32 [N]
Engine = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def engine_of(model: Any) -> Engine:
    """The engine of what `pretrained.open_model` gives, or of any function of tensors `[B, ...]`
    that a model may be."""
    return graph_engine(model) if isinstance(model, Graphs) else torch_engine(model)


def torch_engine(model: Any) -> Engine:
    """An engine of a module, on its own device, or of another function of tensors."""
    def run(*inputs: np.ndarray) -> np.ndarray:
        import torch

        first = next(model.parameters(), None) if isinstance(model, torch.nn.Module) else None
        device = torch.device("cpu") if first is None else first.device
        with torch.inference_mode():
            voice = model(*(torch.from_numpy(x).to(device)[None] for x in inputs))
            return np.asarray(voice[0].float().cpu())

    return run


def graph_engine(graphs: Graphs) -> Engine:
    """An engine of the graph "extract", which maps a spectrum to that of the voice."""
    def run(mixture: np.ndarray, crops: np.ndarray, present: np.ndarray) -> np.ndarray:
        about = graphs.about(EXTRACT)
        n, hop = int(about["n_fft"]), int(about["hop"])
        level = np.float32(max(float(np.sqrt(np.mean(np.square(mixture, dtype=np.float64)))), 1e-5))
        parts = spectrum(mixture / level, n, hop).T
        both = np.concatenate([parts.real, parts.imag])[None].astype(np.float32)
        voice = graphs(EXTRACT, spectrum=both, mixture=mixture[None], crops=crops[None],
                       present=present[None])[0][0]
        real, imaginary = np.split(voice, 2)
        return sound((real + 1j * imaginary).T, len(mixture), n, hop) * level

    return run


def splitter_of(model: Any) -> Callable[..., np.ndarray]:
    """A function from a mixture float32 `[N]` to its voices `[K, N]`, of what
    `pretrained.open_model` gives for a splitter."""
    if not isinstance(model, Graphs):
        return torch_engine(model)

    def run(mixture: np.ndarray) -> np.ndarray:
        about = model.about(SPLIT)
        n, hop = int(about["n_fft"]), int(about["hop"])
        level = np.float32(max(float(np.sqrt(np.mean(np.square(mixture, dtype=np.float64)))), 1e-5))
        parts = spectrum(mixture / level, n, hop)
        both = np.stack([parts.real, parts.imag])[None].astype(np.float32)
        voices = model(SPLIT, spectrum=both)[0][0]
        return np.stack([sound(real + 1j * imaginary, len(mixture), n, hop) * level
                         for real, imaginary in voices])

    return run


def _window(n: int) -> np.ndarray:
    """The root of Hann's window."""
    return np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(np.float32)


def spectrum(samples: np.ndarray, n: int, hop: int) -> np.ndarray:
    """`MVTF.spectrum` of one sound: `[N]` to complex `[T, F]`, of windows of n samples."""
    padded = np.pad(samples, n // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n)[::hop]
    return np.fft.rfft(frames * _window(n)) / np.sqrt(n / 2)


def sound(parts: np.ndarray, length: int, n: int, hop: int) -> np.ndarray:
    """The inverse of `spectrum`: `[T, F]` to float32 `[length]`."""
    window = _window(n)
    pieces = np.fft.irfft(parts, n) * (window * np.sqrt(n / 2))
    total, weight = (np.zeros(n + hop * (len(pieces) - 1)) for _ in range(2))
    for number, piece in enumerate(pieces):
        place = slice(number * hop, number * hop + n)
        total[place] += piece
        weight[place] += np.square(window)
    kept = slice(n // 2, n // 2 + length)
    return (total[kept] / weight[kept]).astype(np.float32)
