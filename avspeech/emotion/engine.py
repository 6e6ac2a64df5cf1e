"""The two engines of an emotion model: torch, and the graphs of its folder. Arrays in and out.

An engine levels a sound, gives its log-mel spectrum, and classifies a spectrum. Both give the same
logits within `TOLERANCE`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from avspeech.core.engine import Graphs
from avspeech.emotion.frames import OFFSET, SILENT, WINDOW, LogMelConfig
from avspeech.errors import InputError

if TYPE_CHECKING:
    from avspeech.core.pretrained import ModelInfo
    from avspeech.emotion.logmel import LogMelModel

TOLERANCE = 1e-4  # of logits, relative to the largest where that is above 1
SPECTRUM, CLASSIFY = "spectrum", "classify"  # the graphs


class Engine(Protocol):
    """What the recognizer calls."""

    config: LogMelConfig

    def leveled(self, samples: np.ndarray) -> np.ndarray:
        """Samples `[N]` without an offset, at a level that the model was trained for; those that
        are so come back as they are."""

    def spectrum(self, samples: np.ndarray) -> np.ndarray:
        """The log-mel spectrum `[T, M]` of samples `[N]`."""

    def logits(self, spectrum: np.ndarray) -> np.ndarray:
        """Logits `[K]` of a spectrum `[T, M]`."""


class TorchEngine:
    """A model in eval mode, on its own device."""

    def __init__(self, model: LogMelModel) -> None:
        self.model, self.config = model, model.config

    def _run(self, call: Any, array: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            given = torch.from_numpy(np.ascontiguousarray(array))
            found: np.ndarray = call(given.to(self.model.logmel.window.device)[None])[0].cpu()
            return np.asarray(found)

    def leveled(self, samples: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        return self._run(self.model.leveled, samples)

    def spectrum(self, samples: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        return self._run(self.model.logmel, samples)

    def logits(self, spectrum: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        return self._run(self.model.classify, spectrum)


class GraphEngine:
    """The graphs "spectrum" and "classify" of a model folder."""

    def __init__(self, graphs: Graphs, info: ModelInfo) -> None:
        known = {field.name for field in dataclasses.fields(LogMelConfig)}
        self.config = LogMelConfig(**{k: v for k, v in info.config.items() if k in known})
        self.graphs = graphs

    def leveled(self, samples: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        return leveled(samples, self.config.quietest, self.config.loudest)

    def spectrum(self, samples: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
        return self.graphs(SPECTRUM, audio=padded[None])[0][0]

    def logits(self, spectrum: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        return self.graphs(CLASSIFY, spectrum=np.ascontiguousarray(spectrum)[None])[0][0]


def leveled(samples: np.ndarray, quietest: float | None, loudest: float | None) -> np.ndarray:
    """`logmel.leveled` of one sound.

    Args:
        samples: `[N]` float32.
        quietest: dB of full scale to which a lower RMS is raised; None for no limit.
        loudest: dB of full scale to which a higher RMS is lowered; None for no limit.

    Returns:
        `[N]` float32.
    """
    mean = samples.mean(dtype=np.float64)
    centered = (samples - mean).astype(np.float32)
    rms = float(np.sqrt(np.mean(np.square(centered, dtype=np.float64))))
    samples = centered if abs(mean) > OFFSET * rms else samples
    rms = max(rms, SILENT)
    least = 0.0 if quietest is None else 10 ** (quietest / 20)
    most = np.inf if loudest is None else 10 ** (loudest / 20)
    wanted = min(max(rms, least), most)
    return samples if wanted == rms else samples * np.float32(wanted / rms)


def engine_of(model: Any, info: ModelInfo) -> Engine:
    """The engine of what `pretrained.open_model` gives.

    Raises:
        InputError: a model of another kind.
    """
    if isinstance(model, Graphs):
        return GraphEngine(model, info)
    from avspeech.emotion.logmel import LogMelModel

    if not isinstance(model, LogMelModel):
        raise InputError(f"model '{info.model}': expected one that hears log-mel spectra, with a "
                         f"label for each of its outputs; it has {len(info.labels)} labels")
    return TorchEngine(model)
