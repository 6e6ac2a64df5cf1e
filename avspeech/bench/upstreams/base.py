"""What every upstream is: sound in, hidden states out, whatever network made them.

    upstream = upstreams.load("log-mel")
    hidden, frames = upstream(wave, lengths)      # [B, N], [B] -> [L, B, T, D], [B]
    hidden = upstream.encode_long(samples)        # [N] of any length -> [L, T, D]

`tests/bench/upstreams/` holds every family to these rules:

- Padding changes nothing: an utterance in a padded batch gives what it gives alone, within
  `TOLERANCE`. If padding leaks into a family's network (group norm over time, unmasked attention),
  the family is run in groups of equal length, which costs speed and never accuracy.
- Long sound is cut into chunks that overlap and whose outer frames are dropped. A network that sees
  no further than the overlap gives the same as on the whole, within `TOLERANCE`. Attention over all
  of time does not; each family's file says how far its chunks were from the whole.
- `identity` names the numbers. It is a hash of the weights, of the configuration files beside them,
  of all settings that change the output, of this toolkit's code for the family, and of the versions
  of the packages that compute. Paths and names are not part of it. Stored features are used again
  only where the identity is the same.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from avspeech.core import hardware, sources

TOLERANCE = 1e-4  # relative L2 distance, per utterance, of padded to alone and of chunked to whole
# JSON files that a model's folder may hold beside its weights; all of their content counts
CONFIGURATION = ("config.json", "preprocessor_config.json", "processor_config.json")


class Upstream:
    """A frozen encoder. A family sets the attributes below and defines `frames` and `_forward`.

    Args:
        module: the network, or None where there are no weights.
        folder: the folder of the weights; the configuration files in it count for `identity`.
        device: where the network runs, as torch names it.
        max_seconds: longer sound is cut into chunks of this length; default: the family's.
        overlap_seconds: what neighboring chunks share; default: the family's.
        settings: whatever else the output depends on.

    Raises:
        ValueError: the overlap is not below half of a chunk.
    """

    family = ""  # a key of upstreams.FAMILIES
    sample_rate = 16_000  # of the input, in hertz
    hop = 320  # samples a frame; 0 where a whole utterance (or chunk) gives one vector
    minimum = 400  # samples; shorter sound is padded with zeros
    layers = 1  # L
    dim = 0  # D
    max_seconds = 30.0
    overlap_seconds = 4.0
    batched = False  # whether utterances of different lengths may share a batch
    packages: tuple[str, ...] = ()  # distributions that compute, beside torch and numpy
    seen: tuple[str, ...] = ()  # corpora that the weights were trained on, as far as they say so

    def __init__(self, module: nn.Module | None = None, folder: Path | None = None,
                 device: str | torch.device = "cpu", max_seconds: float | None = None,
                 overlap_seconds: float | None = None, **settings: Any) -> None:
        self.name = self.family  # `upstreams.load` puts the name it was loaded by here
        self.device = hardware.usable(device)
        self.module = module
        if module is not None:
            self.module = module.to(self.device).eval().requires_grad_(False)
        if max_seconds is not None:
            self.max_seconds = float(max_seconds)
        if overlap_seconds is not None:
            self.overlap_seconds = float(overlap_seconds)
        self.settings = settings
        self.configuration = {} if folder is None else _configuration(folder)
        self._identity = ""
        if not 0 <= self.overlap_seconds < self.max_seconds / 2:
            raise ValueError(f"overlap_seconds {self.overlap_seconds:g} should be at least 0 and "
                             f"below half of max_seconds {self.max_seconds:g}")

    # --- what a family defines --------------------------------------------------------------------

    def frames(self, samples: int) -> int:
        """The number of frames that a number of samples (at least `minimum`) gives."""
        return 1 if not self.hop else -(-samples // self.hop)

    def prepare(self, samples: Tensor) -> Tensor:
        """Changes a whole utterance [N] before it is cut, where that depends on all of it."""
        return samples

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        """Hidden states [L, B, T, D] of a batch [B, N]; frames beyond an utterance's own may hold
        anything. Where not `batched`, all lengths are N."""
        raise NotImplementedError

    # --- what users call --------------------------------------------------------------------------

    @property
    def frame_rate(self) -> float:
        """Frames a second; 0 where an utterance gives one vector."""
        return self.sample_rate / self.hop if self.hop else 0.0

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return 0 if self.module is None else sum(p.numel() for p in self.module.parameters())

    @property
    def identity(self) -> str:
        """SHA-256, in hexadecimal, of everything but the sound that the output depends on."""
        if not self._identity:
            versions = {name: _version(name) for name in ("torch", "numpy", *self.packages)}
            module = next(cls.__module__ for cls in type(self).__mro__
                          if cls.__module__.startswith("avspeech."))
            settings = [self.family, self.sample_rate, self.max_seconds, self.overlap_seconds,
                        self.settings, self.configuration, versions,
                        sources.module_hash(module, [self.family])]
            digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
            state = {} if self.module is None else self.module.state_dict()
            for key in sorted(state):
                value = state[key].detach().cpu().contiguous()
                digest.update(f"{key} {value.dtype} {list(value.shape)}".encode())
                digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
            self._identity = digest.hexdigest()
        return self._identity

    @torch.inference_mode()
    def __call__(self, wave: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Hidden states [L, B, T, D] float32 and the frames [B] int64 of each utterance.

        Each utterance is run as a whole; for sound that may be longer than `max_seconds` there is
        `encode_long`.

        Args:
            wave: [B, N] float32 in -1..1 at `sample_rate`.
            lengths: [B] samples of each utterance; default: N for all.

        Returns:
            (hidden states, frames). Hidden states beyond an utterance's own frames are zero.

        Raises:
            ValueError: the shape or type is another, a length lies outside 1..N, or samples are not
                finite.
        """
        if wave.ndim != 2 or wave.dtype != torch.float32:
            raise ValueError(f"expected float32 [B, N], got {wave.dtype} {list(wave.shape)}")
        ends = [wave.shape[1]] * len(wave) if lengths is None else [int(n) for n in lengths]
        if len(ends) != len(wave) or not ends or min(ends) < 1 or max(ends) > wave.shape[1]:
            raise ValueError(f"lengths {ends} do not fit a wave of shape {list(wave.shape)}")
        items = [self._prepared(row[:n]) for row, n in zip(wave, ends)]
        sizes = [len(item) for item in items]
        frames = [self.frames(n) for n in sizes]
        out = torch.zeros(self.layers, len(items), max(frames), self.dim, device=self.device)
        groups: dict[int, list[int]] = {}  # the indices of what is run at once
        for i in sorted(range(len(items)), key=lambda i: 0 if self.batched else sizes[i]):
            groups.setdefault(0 if self.batched else sizes[i], []).append(i)
        for group in groups.values():
            batch = nn.utils.rnn.pad_sequence([items[i] for i in group], batch_first=True)
            hidden = self._forward(batch, [sizes[i] for i in group])
            for place, i in enumerate(group):
                out[:, i, : frames[i]] = hidden[:, place, : frames[i]]
        return out, torch.tensor(frames)

    @torch.inference_mode()
    def chunks(self, samples: Tensor) -> Iterator[Tensor]:
        """Yields the hidden states of one utterance [N] of any length in parts [L, t, D].

        The parts have as many frames together as the whole has. Beside the samples themselves,
        memory is bounded by `max_seconds`. An upstream that gives one vector an utterance gives one
        for each of several equal parts.
        """
        x = self._prepared(torch.as_tensor(samples))
        if len(x) <= self.max_seconds * self.sample_rate:
            yield self._forward(x[None], [len(x)])[:, 0, : self.frames(len(x))]
            return
        size = int(self.max_seconds * self.sample_rate)
        if not self.hop:
            for part in x.chunk(-(-len(x) // size)):
                yield self._forward(part[None], [len(part)])[:, 0, :1]
            return
        total, span = self.frames(len(x)), size // self.hop
        lap = round(self.overlap_seconds * self.sample_rate) // self.hop
        begin = done = 0  # frames
        while done < total:
            part = x[begin * self.hop: (begin + span) * self.hop]
            hidden = self._forward(part[None], [len(part)])[:, 0]
            last = (begin + span) * self.hop >= len(x)
            stop = total if last else begin + span - lap + lap // 2
            yield hidden[:, done - begin: stop - begin]
            begin, done = begin + span - lap, stop

    def encode_long(self, samples: Tensor) -> Tensor:
        """Hidden states [L, T, D] of one utterance [N] of any length, by `chunks`.

        The result grows with the length (Whisper base: 1.3 GB for half an hour). To pool it, use
        `chunks` instead.
        """
        return torch.cat(list(self.chunks(samples)), dim=1)

    def _prepared(self, samples: Tensor) -> Tensor:
        if samples.ndim != 1 or not samples.is_floating_point() or not len(samples):
            raise ValueError(f"expected samples [N], got {samples.dtype} {list(samples.shape)}")
        if not all(torch.isfinite(part).all() for part in samples.split(1 << 20)):
            raise ValueError("samples that are not finite numbers")
        x = self.prepare(samples.to(self.device, torch.float32))
        return nn.functional.pad(x, (0, self.minimum - len(x))) if len(x) < self.minimum else x

    def __repr__(self) -> str:
        return (f"{type(self).__name__}({self.name!r}, layers={self.layers}, dim={self.dim}, "
                f"frame_rate={self.frame_rate:g}, parameters={self.parameters})")


def _configuration(folder: Path) -> dict[str, Any]:
    """The content of the configuration files in a folder, by name."""
    from avspeech.bench.upstreams import folders

    there = [folder / name for name in CONFIGURATION if (folder / name).is_file()]
    return {path.name: folders.config(path) for path in there}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
