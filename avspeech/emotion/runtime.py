"""The graphs of a model folder, by which `emotion.engine` runs it without torch: making them, and
comparing them with torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from avspeech.core import pretrained
from avspeech.core.engine import Graphs
from avspeech.core.graphs import exported
from avspeech.emotion import engine
from avspeech.emotion.logmel import SAMPLE_RATE, WINDOW, LogMelModel

# Samples, where it is compared
LENGTHS = (WINDOW, 5_000, SAMPLE_RATE, 3 * SAMPLE_RATE + 77, 8 * SAMPLE_RATE)


class Frames(nn.Module):
    """audio [1, N] -> log-mel [1, T, M]: the graph "spectrum"."""

    def __init__(self, model: LogMelModel):
        super().__init__()
        self.logmel = model.logmel

    def forward(self, audio: Tensor) -> Tensor:
        found: Tensor = self.logmel(audio)
        return found


class Classifier(nn.Module):
    """spectrum [1, T, M] -> logits [1, K]: the graph "classify"."""

    def __init__(self, model: LogMelModel):
        super().__init__()
        self.model = model

    def forward(self, spectrum: Tensor) -> Tensor:
        return self.model.classify(spectrum)


def graphs(model: LogMelModel, content: bytes) -> dict[str, bytes]:
    """The graphs that `emotion.engine` runs.

    Args:
        model: in eval mode.
        content: of its file of weights.
    """
    samples, frames = torch.export.Dim("samples", min=WINDOW), torch.export.Dim("frames", min=2)
    heard = torch.randn(1, 200, model.config.mels)
    return {engine.SPECTRUM: exported(Frames(model), (torch.zeros(1, 3 * SAMPLE_RATE),),
                                      ({1: samples},), ["spectrum"], content),
            engine.CLASSIFY: exported(Classifier(model), (heard,), ({1: frames},), ["logits"],
                                      content)}


def parity(model: LogMelModel, graphs: Graphs, info: pretrained.ModelInfo) -> dict[str, float]:
    """Compares the two engines of a model, on noise with pauses of several lengths and levels.

    Returns:
        {what was compared: greatest difference of the logits, relative to the largest where that is
        above 1}.
    """
    one, two = engine.TorchEngine(model), engine.GraphEngine(graphs, info)
    found = {}
    rng = np.random.default_rng(0)
    for level in (-10, -50):
        for samples in LENGTHS:
            sound = rng.standard_normal(samples) * 10 ** (level / 20)
            sound *= np.maximum(np.sin(np.arange(samples) * (20 / SAMPLE_RATE)), 0)
            logits = [e.logits(e.spectrum(e.leveled(sound.astype(np.float32)))) for e in (one, two)]
            scale = max(1.0, float(np.abs(logits[0]).max()))
            found[f"{samples / SAMPLE_RATE:.3f} s, {level} dB"] = float(
                np.abs(logits[1] - logits[0]).max()) / scale
    return found
