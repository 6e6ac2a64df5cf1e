"""What every upstream is: sound in, hidden states out, whatever made them.

    upstream = upstreams.load("log-mel")
    hidden, frames = upstream(wave, lengths)      # [B, N], [B] -> [L, B, T, D], [B]
    hidden = upstream.encode_long(samples)        # [N] of any length -> [L, T, D]

Held by `tests/bench/upstreams/` for every family:

- Padding changes nothing: an utterance in a padded batch gives what it gives alone, within `TOLERANCE`. A
  family whose network lets padding leak in (group norm over time, unmasked attention) is run in groups of
  equal length, which costs speed and never accuracy.
- Long sound is cut into chunks that overlap and whose outer frames are dropped. A network that sees no
  further than the overlap gives the same as on the whole, within `TOLERANCE`; attention over all of time
  does not, and how far chunks lie from the whole is a measured figure in the family's file.
- `identity` names the numbers: a hash of the weights, of all settings that change the output and of VERSION,
  not of a path or a name. Where it is the same, stored features may be used again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

TOLERANCE = 1e-4  # relative L2 distance, per utterance, of padded to alone and of chunked to whole
VERSION = 1  # counted up when any family's numbers change


class Upstream:
    """A frozen encoder. A family sets the attributes and defines `frames` and `_forward`.

    name: as it was asked for; family: which code; sample_rate: of its input, in hertz; hop: samples a
    frame, 0 where a whole utterance (or chunk) gives one vector, one frame; minimum: samples below which
    zeros are appended; layers, dim: L and D; max_seconds: longer sound is cut into chunks of this length;
    overlap_seconds: which they share with their neighbours; batched: whether unlike lengths may share a
    batch; settings: what else the output depends on.
    """

    family = ""
    sample_rate = 16_000
    hop = 320
    minimum = 400
    layers = 1
    dim = 0
    max_seconds = 30.0
    overlap_seconds = 4.0
    batched = False

    def __init__(self, module: nn.Module | None = None, device: str | torch.device = "cpu",
                 max_seconds: float | None = None, overlap_seconds: float | None = None,
                 **settings: Any) -> None:
        self.name = self.family
        self.device = torch.device(device)
        self.module = None if module is None else module.to(self.device).eval().requires_grad_(False)
        self.max_seconds = self.max_seconds if max_seconds is None else float(max_seconds)
        self.overlap_seconds = self.overlap_seconds if overlap_seconds is None else float(overlap_seconds)
        self.settings = settings
        self._identity = ""
        if not 0 <= self.overlap_seconds < self.max_seconds / 2:
            raise ValueError(f"overlap_seconds {self.overlap_seconds:g} should be at least 0 and below half "
                             f"of max_seconds {self.max_seconds:g}")

    # --- what a family defines ------------------------------------------------------------------------------

    def frames(self, samples: int) -> int:
        """How many frames so many samples give (at least `minimum` of them)."""
        return 1 if not self.hop else -(-samples // self.hop)

    def prepare(self, samples: Tensor) -> Tensor:
        """One whole utterance [N] before anything else: what looks at all of it, such as its loudness."""
        return samples

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        """Hidden states [L, B, T, D] of a batch [B, N]; frames beyond an utterance's own may hold anything.
        Where not `batched`, all lengths are N."""
        raise NotImplementedError

    # --- what is asked of it --------------------------------------------------------------------------------

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
        """SHA-256, in hexadecimal, of what the output depends on beside the sound."""
        if not self._identity:
            settings = [VERSION, self.family, self.sample_rate, self.max_seconds, self.overlap_seconds,
                        self.settings]
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

        wave: [B, N] float32 in -1..1 at `sample_rate`; lengths: [B] samples, all N where None. Frames beyond
        an utterance's own are zero. The whole of each utterance is run at once: for sound that may be longer
        than `max_seconds`, see `encode_long`. Raises ValueError for another shape or type, a length that is
        not in 1..N, and samples that are not finite.
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
        groups = [list(range(len(items)))] if self.batched else [
            [i for i, n in enumerate(sizes) if n == size] for size in sorted(set(sizes))]
        for group in groups:
            batch = nn.utils.rnn.pad_sequence([items[i] for i in group], batch_first=True)
            hidden = self._forward(batch, [sizes[i] for i in group])
            for place, i in enumerate(group):
                out[:, i, : frames[i]] = hidden[:, place, : frames[i]]
        return out, torch.tensor(frames)

    @torch.inference_mode()
    def chunks(self, samples: Tensor) -> Iterator[Tensor]:
        """The hidden states of one utterance [N] of any length, part after part: [L, t, D] each, in all as
        many frames as the whole has. Memory is bounded by `max_seconds`, whatever the length.

        An upstream of one vector an utterance gives one for each of several equal parts.
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
        """Hidden states [L, T, D] of one utterance [N] of any length, by `chunks`. What it returns grows with
        the length (Whisper base: 1.3 GB a half hour); to pool it, go through `chunks`."""
        return torch.cat(list(self.chunks(samples)), dim=1)

    def _prepared(self, samples: Tensor) -> Tensor:
        if samples.ndim != 1 or not samples.is_floating_point() or not len(samples):
            raise ValueError(f"expected samples [N], got {samples.dtype} {list(samples.shape)}")
        if not torch.isfinite(samples).all():
            raise ValueError("samples that are not finite numbers")
        x = self.prepare(samples.to(self.device, torch.float32))
        return nn.functional.pad(x, (0, self.minimum - len(x))) if len(x) < self.minimum else x

    def __repr__(self) -> str:
        return (f"{type(self).__name__}({self.name!r}, layers={self.layers}, dim={self.dim}, "
                f"frame_rate={self.frame_rate:g}, parameters={self.parameters})")
