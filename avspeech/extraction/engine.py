"""The two engines of an extraction model: torch, and the graph of a released one. Arrays in and out.

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
    """An engine of the graph "extract"."""
    def run(mixture: np.ndarray, crops: np.ndarray, present: np.ndarray) -> np.ndarray:
        return graphs(EXTRACT, mixture=mixture[None], crops=crops[None],
                      present=present[None])[0][0]

    return run
