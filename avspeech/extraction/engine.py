"""The two engines of an extraction model: torch, and the graphs of its folder, on arrays.

    engine = engine_of(model)                    # of what `pretrained.open_model` gives
    voice = engine(mixture, crops, present)      # [N] of [N], [V, T, 88, 88], [V, T]

Both give the same within `TOLERANCE`. What surrounds them (windows, the choice among voices,
streams) is written once and calls an `Engine`.

The graphs follow each other, so that live extraction can look at each frame once:

- "look": standardized crops `[1, T, 88, 88]` of a view to what its lips look like, `[1, T, C]`.
- "cue": looks `[1, V, T, C]`, present `[1, V, T]` and clock, any `[Tc]`, to planes
  `[1, P, Tc, bands]` at the Tc frames of the STFT.
- "extract": the mixture's spectrum at RMS 1 `[1, 2, Tc, F]` and planes to the voice's.
- "sync", of models that have one: planes and log spectra `[K, Tc, bands]` of voices to the
  embeddings of both, `[1, W, Tc]` and `[K, W, Tc]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np

from avspeech.core.engine import Graphs
from avspeech.core.hardware import multiplies_bf16
from avspeech.errors import InputError
from avspeech.extraction.spectra import Transform, level_of, sound, spectrum

TOLERANCE = 1e-3  # of the greatest difference, relative to the loudest sample of torch's output
LOOK, CUE, EXTRACT, SYNC = "look", "cue", "extract", "sync"  # the graphs
SPLIT = "split"  # that of a splitter
VIEWS = 3  # at most, of the graphs
PIECE = 100  # frames that are looked at together, which bounds the memory


class Engine(Protocol):
    """A model on arrays. Video is crops uint8 `[V, T, 88, 88]`, or `[V, T, C]` of `look`.

    Attributes:
        transform: the STFT; None of a model that guesses no spectra: it only extracts.
        fps: of the video, in frames per second.
        around: frames that `look` sees beside each one; None where it cannot be asked.
    """

    @property
    def transform(self) -> Transform | None: ...
    @property
    def fps(self) -> float: ...
    @property
    def around(self) -> int | None: ...

    def __call__(self, mixture: np.ndarray, video: np.ndarray, present: np.ndarray, /
                 ) -> np.ndarray:
        """The voice `[N]` of a mixture `[N]`, where present `[V, T]` is true."""
        ...

    def planes(self, video: np.ndarray, present: np.ndarray, frames: int) -> np.ndarray:
        """What the lips guess, `[P, Tc, bands]` on their own clock, for so many frames of the
        STFT."""
        ...

    def separate(self, mixture: np.ndarray, planes: np.ndarray) -> np.ndarray:
        """The voice `[N]` of a mixture `[N]`, as such planes for all of its frames tell it."""
        ...

    def embedded(self, planes: np.ndarray, bands: np.ndarray
                 ) -> tuple[np.ndarray, np.ndarray] | None:
        """Embeddings `[Tc, W]` of planes and `[K, Tc, W]` of log spectra `[K, Tc, bands]`, of
        `sync.LipSync`; None where the model has none."""
        ...

    def look(self, crops: np.ndarray) -> np.ndarray:
        """What lips look like, `[T, C]`, in standardized crops float32 `[T, 88, 88]`."""
        ...


def engine_of(model: Any, precision: str = "auto") -> Engine:
    """The engine of what `pretrained.open_model` gives, or of any function of tensors `[B, ...]`
    that a model may be.

    Args:
        model: as above.
        precision: of torch: see `TorchEngine`.
    """
    return GraphEngine(model) if isinstance(model, Graphs) else TorchEngine(model, precision)


class TorchEngine:
    """By torch; see `Engine`.

    Args:
        model: a module, on its own device, or another function of tensors.
        precision: "auto": products in bf16 where the processor has a unit for it and the model is
            known to bear it; "float32": never.
    """

    def __init__(self, model: Any, precision: str = "auto") -> None:
        self.model, self.precision = model, precision
        config: Any = getattr(model, "config", None)
        self.transform: Transform | None = None
        if getattr(config, "planes", 0):
            self.transform = Transform(config.sample_rate, config.n_fft, config.hop, config.bands)
        self.fps = float(getattr(config, "fps", 25.0))
        lips: Any = getattr(getattr(model, "cue", None), "lips", None)
        self.around: int | None = lips.around if hasattr(lips, "look") else None

    @contextmanager
    def computing(self) -> Iterator[Any]:
        """A context in which the model runs, without gradients and in the precision that is set;
        gives a function that brings arrays to its device as tensors `[1, ...]`."""
        import torch

        module = isinstance(self.model, torch.nn.Module)
        parameter = next(self.model.parameters(), None) if module else None
        device = torch.device("cpu") if parameter is None else parameter.device
        bears = device.type == "cpu" and getattr(self.model, "BF16", False)
        half = self.precision == "auto" and bears and multiplies_bf16()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            yield lambda array: torch.from_numpy(array).to(device)[None]

    def __call__(self, *inputs: np.ndarray) -> np.ndarray:
        """The first of the outputs, of any arrays."""
        with self.computing() as given:
            return _array(self.model(*map(given, inputs)))

    def planes(self, video: np.ndarray, present: np.ndarray, frames: int) -> np.ndarray:
        """See `Engine`."""
        with self.computing() as given:
            return _array(self.model.cue(given(video), given(present), frames))

    def separate(self, mixture: np.ndarray, planes: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        with self.computing() as given:
            return _array(self.model.heard(given(mixture), given(planes)).estimate)

    def embedded(self, planes: np.ndarray, bands: np.ndarray
                 ) -> tuple[np.ndarray, np.ndarray] | None:
        """See `Engine`."""
        import torch

        if self.model.sync is None:
            return None
        with self.computing() as given, torch.autocast("cpu", enabled=False):
            lips, voices = self.model.sync.embeddings(given(planes), given(bands)[0])
            return _array(lips).T, np.swapaxes(np.asarray(voices.cpu()), 1, 2)

    def look(self, crops: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        with self.computing() as given:
            return _array(self.model.cue.lips.look(given(crops)))


def _array(tensor: Any) -> np.ndarray:
    """The first row of a tensor, float32."""
    return np.asarray(tensor[0].float().cpu())


class GraphEngine:
    """By onnxruntime; see `Engine`.

    Args:
        graphs: of a model folder.
    """

    def __init__(self, graphs: Graphs) -> None:
        self.graphs = graphs

    # Asked of the graph when it is needed, so that faces are found before it is loaded
    @cached_property
    def _about(self) -> dict[str, str]:
        about = self.graphs.about(EXTRACT)
        if "width" not in about:
            raise InputError(f"{self.graphs.folder}: its graphs are those of an older avspeech; "
                             "make the folder again (avspeech export --to runtime)")
        return about

    @cached_property
    def _stft(self) -> Transform:
        return Transform(*(int(self._about[key])
                           for key in ("sample_rate", "n_fft", "hop", "bands")))

    @cached_property
    def transform(self) -> Transform | None:
        """See `Engine`."""
        return self._stft if int(self._about["planes"]) else None

    @cached_property
    def fps(self) -> float:
        """See `Engine`."""
        return float(self._about["fps"])

    @cached_property
    def around(self) -> int | None:
        """See `Engine`."""
        return int(self._about["around"]) if LOOK in self.graphs.names else None

    def __call__(self, mixture: np.ndarray, video: np.ndarray, present: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        frames = len(mixture) // self._stft.hop + 1
        return self.separate(mixture, self.planes(video, present, frames))

    def separate(self, mixture: np.ndarray, planes: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        level = level_of(mixture)
        parts = self._stft.spectrum(mixture / level)
        voice = self.graphs(EXTRACT, spectrum=_pair(parts)[None], planes=planes[None])[0][0]
        return self._stft.sound(voice[0] + 1j * voice[1], len(mixture)) * level

    def planes(self, video: np.ndarray, present: np.ndarray, frames: int) -> np.ndarray:
        """See `Engine`; at most `VIEWS` views."""
        if len(video) > VIEWS:
            raise InputError(f"{len(video)} views of a face: without torch at most {VIEWS}; give "
                             'fewer, or engine="torch"')
        looks = video
        if video.ndim == 4:  # A view that is never shown counts for nothing
            looks = np.stack([
                self.look(standardized(crops, shown)) if shown.any() and self.around is not None
                else np.zeros((len(crops), int(self._about["width"])), np.float32)
                for crops, shown in zip(video, present, strict=True)])
        clock = np.zeros(frames, np.float32)
        planes: np.ndarray = self.graphs(CUE, looks=looks[None], present=present[None],
                                         clock=clock)[0][0]
        return planes

    def embedded(self, planes: np.ndarray, bands: np.ndarray
                 ) -> tuple[np.ndarray, np.ndarray] | None:
        """See `Engine`."""
        if SYNC not in self.graphs.names:
            return None
        lips, voices = self.graphs(SYNC, planes=planes[None], bands=bands)
        return lips[0].T, np.swapaxes(voices, 1, 2)

    def look(self, crops: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        assert self.around is not None
        pieces = []
        for start in range(0, len(crops), PIECE):
            first = max(0, start - self.around)
            part = crops[first: start + PIECE + self.around]
            pieces.append(self.graphs(LOOK, crops=part[None])[0][0, start - first:][:PIECE])
        return np.concatenate(pieces)


def standardized(crops: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """`lips.standardized` of one view: `[T, H, W]` and bool `[T]` to float32 `[T, H, W]`."""
    x = crops.astype(np.float32)
    if shown.any():
        seen = x[shown] if not shown.all() else x
        mean = seen.mean(dtype=np.float64)
        deviation = np.sqrt(np.square(seen - np.float32(mean)).mean(dtype=np.float64) + 1e-3)
        x = (x - np.float32(mean)) / np.float32(deviation)
    x[~shown] = 0
    return x


def splitter_of(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    """A function from a mixture float32 `[N]` to its voices `[K, N]`, of what
    `pretrained.open_model` gives for a splitter, or of a function of tensors."""
    return partial(_split, model) if isinstance(model, Graphs) else TorchEngine(model)


def _split(graphs: Graphs, mixture: np.ndarray) -> np.ndarray:
    about = graphs.about(SPLIT)
    n, hop = int(about["n_fft"]), int(about["hop"])
    level = level_of(mixture)
    parts = _pair(spectrum(mixture / level, n, hop))
    voices = graphs(SPLIT, spectrum=parts[None])[0][0]
    return sound(voices[:, 0] + 1j * voices[:, 1], len(mixture), n, hop) * level


def _pair(parts: np.ndarray) -> np.ndarray:
    """Real and imaginary parts, float32 `[2, ...]`."""
    return np.stack([parts.real, parts.imag])
