"""Dynamic graphs: an utterance is cut into windows; each is a graph of its frames with random and
learned edges.

Gao, Zhao, Zhang, "Adaptive Speech Emotion Representation Learning Based on Dynamic Graph", ICASSP
2024 (arXiv 2405.03956), by its abstract and summaries; what these leave open is a field of
`DynamicGraphConfig` with alternatives; the parts of the graph are in `emotion/graph.py`. The static
line graph, the static complete graph and no graph are the same model with another `graph`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avspeech.core import ranges
from avspeech.emotion.attention import HRF, Pooling, Subsampling, halved
from avspeech.emotion.graph import (
    DEGREES,
    LEARNERS,
    LearnedGraph,
    dice,
    line,
    long_range,
    normalised,
    own,
)
from avspeech.emotion.logmel import LogMelConfig, LogMelModel, frame_mask, masked
from avspeech.emotion.reparam import check_hrf, linear
from avspeech.emotion.whisper_transformer import WhisperEncoder
from avspeech.errors import InputError

CHOICES = {
    "graph": ("dynamic", "line", "complete", "none"),
    "random_edges": ("fresh", "frozen"),
    "nodes": ("conv", "stack", "whisper"),
    "degree": DEGREES,
    "dice_on": ("pairs", "edges"),
    "learn": LEARNERS,
    "readout": ("nodes", "windows"),
}


@dataclass(frozen=True)
class DynamicGraphConfig(LogMelConfig):
    """See `LogMelConfig` for the front end. In `hrf`, the place "ffn" is the linear map of the
    graph layers, "all" also those of the nodes. Fields from `long_range` to `gamma` only count for
    `graph` "dynamic"."""

    # a node: "conv", a frame after convolutions that subsample; "stack", `factor` log-mel frames in
    # a row; "whisper", the mean of factor / 2 frames of a `WhisperEncoder` of width `dim`, such as
    # the one of a `whisper-edge` (`init` of a cell)
    nodes: str = "conv"
    channels: int = 16  # of the first convolution of "conv"
    conv_norm: str = "batch"  # of the convolutions of "conv"
    factor: int = 4  # log-mel frames of a node: 4 or 8; any for "stack", any even for "whisper"
    depth: int = 3  # layers of the encoder of "whisper"
    heads: int = 4  # of its attention
    inner: int = 256  # units of its feed-forward networks
    window: int = 32  # nodes of a window, a multiple of `step`
    step: int = 16  # nodes from one window to the next
    # "dynamic"; or static, for comparison: "line", "complete", "none" (a node sees itself alone)
    graph: str = "dynamic"
    long_range: float = 1.0  # random edges that begin at a node, on average
    # "fresh": drawn for each window of each training batch; "frozen": those of `seed`. Evaluation
    # always uses those of `seed`.
    random_edges: str = "fresh"
    seed: int = 0  # of the random edges
    phi: float = 0.5  # weight of the Dice similarity; 0: none
    degree: str = "damped"  # "damped" (A D^-1 A), "boosted" (A D A) or "plain"; see `graph.dice`
    dice_on: str = "pairs"  # "pairs": any two nodes; "edges": those that an edge joins
    # how the last layer learns its edges: "glcn", "lgrin", "none" (`LearnedGraph`)
    learn: str = "glcn"
    gamma: float = 0.1  # weight within the structure loss; see `graph.LearnedGraph`
    dim: int = 128  # width, D
    layers: int = 3  # graph layers before the last one
    residual: bool = True  # whether graph layers add to what they get, behind a norm
    # "nodes": one pooling over all; "windows": means of windows, then a pooling
    readout: str = "nodes"
    pooling: str = "attention"  # "attention" or "mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        ranges.at_least(self, 1, "channels", "factor", "depth", "heads", "inner", "window", "step",
                        "dim")
        ranges.at_least(self, 0, "long_range", "seed", "phi", "gamma", "layers")


class GraphLayer(nn.Module):
    """relu(A X W): X [N, W, D], A [N, W, W] normalized."""

    def __init__(self, dim: int, residual: bool, dropout: float, hrf: HRF = None):
        super().__init__()
        self.linear = linear(dim, dim, hrf, "ffn")
        self.norm = nn.LayerNorm(dim) if residual else None
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        if self.norm is None:
            return self.dropout(F.relu(adjacency @ self.linear(x)))
        return x + self.dropout(F.relu(adjacency @ self.linear(self.norm(x))))


class Frames(WhisperEncoder):
    """Nodes of an encoder: x [B, T, M] and frames [B] or None -> [B, ceil(T / factor), D] and the
    number of each utterance's nodes."""

    def __init__(self, config: DynamicGraphConfig):
        super().__init__()
        c = config
        self.together = c.factor // 2
        self.make_encoder(c.mels, c.dim, c.heads, c.depth, c.inner)

    def forward(self, x: Tensor, frames: Tensor | None) -> tuple[Tensor, Tensor | None]:
        x, mask = self.encode(x, frames)
        n, x, frames = self.together, masked(self.norm(x), mask), halved(frames)
        count = (x.shape[1] + n - 1) // n
        own = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
        x = F.pad(x, (0, 0, 0, count * n - x.shape[1])).unflatten(1, (count, n)).sum(2)
        own = F.pad(own, (0, count * n - own.shape[1])).unflatten(1, (count, n)).sum(2)
        return x / own.clamp_min(1).unsqueeze(-1), (
            None if frames is None else (frames + n - 1) // n)


class DynamicGraph(LogMelModel):
    """See the module's docstring and `DynamicGraphConfig`."""

    Config = DynamicGraphConfig
    config: DynamicGraphConfig
    static: Tensor
    random: Tensor

    def __init__(self, config: DynamicGraphConfig = DynamicGraphConfig()):
        super().__init__(config)
        c = config
        check_hrf(c.hrf)
        for name, known in CHOICES.items():
            if getattr(c, name) not in known:
                raise InputError(f"model setting {name}='{getattr(c, name)}': "
                                 f"expected one of {', '.join(known)}")
        if c.window % c.step:
            raise InputError(f"model settings window={c.window}, step={c.step}: expected a window "
                             "that is a multiple of the step")
        self.encode: Subsampling | Frames | nn.Module
        if c.nodes == "whisper":
            if c.factor % 2:
                raise InputError(f"model setting factor={c.factor}: expected an even number")
            self.encode = Frames(c)
        elif c.nodes == "conv":
            self.encode = Subsampling(
                c.mels, c.dim, "2d", c.channels, c.factor, c.conv_norm, c.hrf
            )
        else:
            self.encode = linear(c.factor * c.mels, c.dim, c.hrf)
        self.layers = nn.ModuleList([GraphLayer(c.dim, c.residual, c.dropout, c.hrf)
                                     for _ in range(c.layers)])
        self.learned = LearnedGraph(
            c.window, c.dim, c.learn if c.graph == "dynamic" else "none", c.gamma
        )
        self.last = GraphLayer(c.dim, c.residual, c.dropout, c.hrf)
        self.norm = nn.LayerNorm(c.dim)
        self.pool = Pooling(c.dim, c.pooling)
        self.drop = nn.Dropout(c.dropout)
        self.head = nn.Linear(self.pool.out, c.classes)
        fixed = {"complete": 1 - torch.eye(c.window), "none": torch.zeros(c.window, c.window)}
        self.register_buffer("static", fixed.get(c.graph, line(c.window)), persistent=False)
        if c.graph == "dynamic":
            # Stored, as another version of PyTorch might draw others from the seed
            make = torch.Generator().manual_seed(c.seed)
            self.register_buffer("random", long_range((c.window, c.window), c.long_range, make))

    @property
    def begins(self) -> str:
        """Where the weights of another kind of model go that this one begins with."""
        return "encode." if self.config.nodes == "whisper" else ""

    def adjacency(self, mask: Tensor) -> Tensor:
        """The adjacency A, with self-loops, of windows: mask [N, W] of their nodes -> [N, W, W]."""
        c = self.config
        edges = own(self.static, mask)
        if c.graph == "dynamic":
            drawn = self.random
            if self.training and c.random_edges == "fresh":
                drawn = long_range((*mask.shape, c.window), c.long_range, device=mask.device)
            joined = edges + own(drawn, mask)
            similar = dice(joined, c.degree)
            edges = joined + c.phi * (similar * joined if c.dice_on == "edges" else similar)
        return edges + torch.diag_embed(mask.to(edges.dtype))

    def windows(self, x: Tensor) -> Tensor:
        """x [B, T, ...] -> [B, S, W, ...]: a window each `step` nodes, while there are nodes; zeros
        behind."""
        width, step = self.config.window, self.config.step
        # Sizes are spelled out: torch.export does not find them again
        count = (x.shape[1] + step - 1) // step
        number = count - 1 + width // step
        x = F.pad(x, [0, 0] * (x.ndim - 2) + [0, number * step - x.shape[1]])
        x = x.reshape(x.shape[0], number, step, *x.shape[2:])
        return torch.cat([x[:, i : i + count] for i in range(width // step)], 2)

    def structured(self, x: Tensor, frames: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x [B, T, M] from `features`, frames [B] (None: all T) -> logits [B, K], as of
        `classify`, and structure loss []."""
        logits, loss = self._run(self.normalise(x, frame_mask(frames, x.shape[1])), frames)
        return logits / self.config.temperature, loss

    def logits(self, x: Tensor, frames: Tensor | None) -> Tensor:
        return self._run(x, frames)[0]

    def _run(self, x: Tensor, frames: Tensor | None) -> tuple[Tensor, Tensor]:
        c = self.config
        if isinstance(self.encode, (Subsampling, Frames)):
            x, frames = self.encode(x, frames)
        else:
            count = (x.shape[1] + c.factor - 1) // c.factor
            x = F.pad(x, (0, 0, 0, count * c.factor - x.shape[1]))
            x = self.encode(x.reshape(x.shape[0], count, c.factor * x.shape[2]))
            frames = None if frames is None else (frames + c.factor - 1) // c.factor
        mask = frame_mask(frames, x.shape[1])
        mask = torch.ones_like(x[..., 0], dtype=torch.bool) if mask is None else mask
        x = self.drop(self.windows(x))
        mask = self.windows(mask.to(x.dtype)) > 0.5
        batch, number = x.shape[:2]
        x, flat = x.flatten(0, 1), mask.flatten(0, 1)
        adjacency = self.adjacency(flat)
        spread = normalised(adjacency)
        for layer in self.layers:
            x = layer(x, spread)
        joined, loss = self.learned(x, adjacency, flat)
        x = self.norm(self.last(x, joined)).unflatten(0, (batch, number))
        if c.readout == "windows":
            share = mask.to(x.dtype).unsqueeze(-1)
            x = (x * share).sum(2) / share.sum(2).clamp_min(1)
            x = self.pool(x, mask.any(2))
        else:
            x = self.pool(x.flatten(1, 2), mask.flatten(1, 2))
        return self.head(self.drop(x)), loss
