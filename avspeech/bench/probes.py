"""Probes: small heads on frozen features.

All folds, seeds and learning rates of a job are trained as one batched problem:

    chosen = train(Pooled(x), targets, folds, seeds, "classification", classes=8, config=Probe())

The input of a head is a sum over layers, weighted by a softmax that is trained with it. The head
"linear" takes the mean over frames, then one affine map. Since that is linear in the frames, layers
that were averaged over time beforehand give the same result (Yang et al., "SUPERB", Interspeech
2021, use this head). The head "mlp" takes the mean, then a hidden layer with ReLU. The head
"attention" weighs the frames by a trained query, so it needs features of frames.

The sources leave some choices open. Features are standardized per layer and dimension by training
data alone. Classification uses class-balanced cross-entropy, since unweighted recall is what
counts. Ordinal tasks use one direction with K - 1 cuts (Cao, Mirjalili, Raschka, "Rank consistent
ordinal regression", 2020). Regression uses 1 - CCC over the batch, or the squared error, on
standardized targets. The optimizer is AdamW; the layer weights get `layer_lr` times the learning
rate, as logits need larger steps. The learning rate and the epoch are those with the best
development score; of equal scores, those with the smaller rate and the earlier epoch. Test data are
used once, by the chosen run.

Shapes: G groups (a fold and a seed), E learning rates, B batch, U utterances, L layers, D
dimensions, K outputs. Runs share nothing but the arithmetic: order and first weights are drawn per
(fold, seed), so that training one of them alone gives the same up to rounding.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from avspeech.bench.folds import Fold
from avspeech.core import ranges
from avspeech.errors import InputError

# Bytes of the largest tensors of one step: groups that do not fit are trained after the others
BUDGET = 256 * 2**20
# Bytes of one step of a single group beyond which training is refused: most of the memory there is
LARGEST_STEP = int(0.8 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
Params = dict[str, Tensor]


@dataclass(frozen=True)
class Probe:
    """How a probe is built and trained."""

    head: Literal["linear", "mlp", "attention"] = "linear"  # layers behind the pooled features
    lrs: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)  # the grid of learning rates
    epochs: int = 50  # at most
    patience: int = 10  # epochs without a better development score after which a run stops
    batch: int = 32  # utterances
    weight_decay: float = 1e-3  # of AdamW
    layer_lr: float = 3.0  # multiplier of the learning rate of the layer weights
    hidden: int = 128  # units of "mlp"
    balance: bool = True  # weigh classes equally
    loss: Literal["ccc", "mse"] = "ccc"  # of regression

    def __post_init__(self) -> None:
        if not self.lrs or len(set(self.lrs)) < len(self.lrs):
            raise ValueError(f"lrs={list(self.lrs)}: expected one number or more, all different")
        ranges.above(self, 0, "lrs")
        ranges.at_least(self, 1, "epochs", "patience", "batch", "hidden")
        ranges.at_least(self, 0, "weight_decay", "layer_lr")

    @property
    def pooling(self) -> str:
        """The pooling of the features that it reads: "mean" or "none"."""
        return "none" if self.head == "attention" else "mean"


@dataclass
class Chosen:
    """The chosen run of one group (a fold and a seed) and its test predictions."""

    fold: str
    seed: int
    lr: float
    epoch: int
    dev: float
    # (learning rate, development score in the units of the metric; NaN: undefined)
    scores: list[tuple[float, float]]
    layer_weights: list[float]
    # [n, K] on its n test utterances: log posteriors; for ordinal the logits of the cuts; for
    # regression [n, 1] in the units of the targets
    output: np.ndarray
    predicted: np.ndarray  # [n] numbers of classes, or values


class Pooled:
    """Layer-pooled features `x` [U, L, D]."""

    def __init__(self, x: np.ndarray | Tensor):
        self.x = torch.as_tensor(np.asarray(x))
        self.layers, self.dim = self.x.shape[1:]
        self.frames = 1

    def moments(self, rows: Sequence[int], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Mean and inverse standard deviation [L, D] over rows; 0 for a constant dimension."""
        return _moments([self.x[torch.as_tensor(part)].double() for part in _blocks(rows)], dtype)

    def batch(self, rows: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor | None]:
        """[G, B] -> x [G, B, L, D]; there is no time axis."""
        return self.x[rows].to(dtype), None


class Frames:
    """Frame-level features: U arrays [L, T, D]."""

    def __init__(self, items: Sequence[np.ndarray]):
        tensors = [torch.as_tensor(np.asarray(i)) for i in items]  # [L, T, D]
        self.items = [t.transpose(0, 1).contiguous() for t in tensors]
        self.layers, self.dim = self.items[0].shape[1:]
        self.frames = max(len(i) for i in self.items)

    def moments(self, rows: Sequence[int], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The moments of `Pooled.moments`, over all frames of the rows."""
        return _moments([self.items[r].double() for r in rows], dtype)

    def batch(self, rows: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor | None]:
        """[G, B] -> x [G, B, T, L, D], and which frames are there, [G, B, T]."""
        items = [self.items[r] for r in rows.flatten().tolist()]
        padded = torch.nn.utils.rnn.pad_sequence(items, batch_first=True).to(dtype)
        lengths = torch.tensor([len(i) for i in items])
        there = torch.arange(padded.shape[1])[None] < lengths[:, None]
        return padded.unflatten(0, rows.shape), there.unflatten(0, rows.shape)


def _blocks(rows: Sequence[int], size: int = 4096) -> list[list[int]]:
    rows = list(rows)
    return [rows[i:i + size] for i in range(0, len(rows), size)]


def _moments(parts: list[Tensor], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    count = sum(len(p) for p in parts)
    mean = torch.stack([p.sum(0) for p in parts]).sum(0) / count
    var = torch.stack([((p - mean) ** 2).sum(0) for p in parts]).sum(0) / count
    scale = (var + mean**2).mean(-1, keepdim=True)  # of the layer: what is far below it is rounding
    inverse = torch.where(var > 1e-10 * scale, var.clamp_min(1e-30).rsqrt(), torch.zeros_like(var))
    return mean.to(dtype), inverse.to(dtype)


def train(features: Pooled | Frames, targets: Sequence[float], folds: Sequence[Fold],
          seeds: Sequence[int], kind: str, classes: int = 0, config: Probe = Probe(),
          metric: str = "uar", shuffled: bool = False, dtype: torch.dtype = torch.float32,
          ) -> list[Chosen]:
    """The chosen probe of every fold and seed, tested.

    Args:
        features: of U utterances.
        targets: [U] numbers of classes, or values.
        folds: positions of utterances.
        seeds: one probe for each fold and seed.
        kind: "classification", "ordinal" or "regression".
        classes: their number; 0 for regression.
        config: of the probe.
        metric: of the development score.
        shuffled: whether to shuffle the targets of training and of development, each among
            themselves, anew for each fold and seed: the control.
        dtype: of the arithmetic.

    Raises:
        InputError: a batch of frames would take more memory than there is.
    """
    groups = [(fold, seed) for fold in folds for seed in seeds]
    one = features.frames * config.batch * features.layers * features.dim * 4 * 3
    one += features.frames * config.batch * len(config.lrs) * features.dim * 4 * 4
    if one > LARGEST_STEP:
        raise InputError(f"probe: a batch of {config.batch} utterances of up to "
                         f"{features.frames:,} frames takes {one / 2**30:.0f} GiB, more than the "
                         f"{LARGEST_STEP / 2**30:.0f} GiB there are; take a smaller batch, the "
                         "head linear or mlp, or shorter utterances")
    size = max(1, BUDGET // one)
    chosen: list[Chosen] = []
    for start in range(0, len(groups), size):
        chosen += _Batch(features, np.asarray(targets, np.float64), groups[start:start + size],
                         kind, classes, config, metric, shuffled, dtype).fit()
    return chosen


def _seed(*parts: Any) -> int:
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:7], "big")


class _Batch:
    """Groups that are trained at once."""

    def __init__(self, features: Pooled | Frames, targets: np.ndarray,
                 groups: Sequence[tuple[Fold, int]], kind: str, classes: int, config: Probe,
                 metric: str, shuffled: bool, dtype: torch.dtype):
        self.features, self.groups, self.kind, self.config = features, groups, kind, config
        self.classes, self.metric, self.dtype = classes, metric, dtype
        self.lrs = sorted(config.lrs)
        moments = {f.name: features.moments(f.train, dtype) for f, _ in groups}
        self.mean = torch.stack([moments[f.name][0] for f, _ in groups])
        self.inverse = torch.stack([moments[f.name][1] for f, _ in groups])
        own = np.stack([_shuffle(targets, f, s) if shuffled else targets for f, s in groups])
        self.truth = own  # [G, U]
        shift, scale = np.zeros(len(groups)), np.ones(len(groups))
        if kind == "regression":
            trained = [own[g, list(f.train)] for g, (f, _) in enumerate(groups)]
            shift = np.array([t.mean() for t in trained])
            scale = np.array([max(t.std(), 1e-12) for t in trained])
        self.shift, self.scale = shift, scale
        y = (own - shift[:, None]) / scale[:, None]
        self.y = torch.as_tensor(y, dtype=dtype if kind == "regression" else torch.int64)
        self.weights = torch.ones(len(groups), max(classes, 1), dtype=dtype)
        if kind == "classification" and config.balance:
            for g, (fold, _) in enumerate(groups):
                counts = np.bincount(own[g, list(fold.train)].astype(int), minlength=classes)
                self.weights[g] = torch.as_tensor(1 / np.maximum(counts, 1), dtype=dtype)

    # --- the model --------------------------------------------------------------------------------

    def start(self) -> Params:
        """The first weights, which are all zero but for a hidden layer.

        A run so begins as the plain mean over layers and frames, and the weights of these move only
        once the map behind them means something. From random maps they run to an accidental layer,
        and the softmax does not come back. A hidden layer is drawn as `nn.Linear` does, per fold
        and seed, the same for every learning rate.
        """
        dim, hidden = self.features.dim, self.config.hidden
        out = self.classes if self.kind == "classification" else 1
        shapes: dict[str, tuple[tuple[int, ...], int]] = {"layers": ((self.features.layers,), 0)}
        if self.config.head == "attention":
            shapes["query"] = ((dim,), 0)
        if self.config.head == "mlp":
            shapes |= {"weight1": ((dim, hidden), dim), "bias1": ((1, hidden), dim)}
            dim = hidden
        shapes["weight"] = ((dim, out), 0)
        shapes["bias"] = ((1, self.classes - 1 if self.kind == "ordinal" else out), 0)

        def drawn(name: str, fold: str, seed: int, shape: tuple[int, ...], fan: int) -> Tensor:
            generator = torch.Generator().manual_seed(_seed(name, fold, seed))
            return (2 * torch.rand(shape, dtype=torch.float64, generator=generator) - 1) / fan**0.5

        params = {}
        for name, (shape, fan) in shapes.items():
            first = torch.stack([drawn(name, f.name, s, shape, fan) if fan else torch.zeros(shape)
                                 for f, s in self.groups])
            each = first[:, None].repeat(1, len(self.lrs), *(1 for _ in shape))
            params[name] = each.to(self.dtype)
        return params

    def forward(self, params: Params, rows: Tensor) -> Tensor:
        """[G, B] utterances -> [G, E, B, K]."""
        x, there = self.features.batch(rows, self.dtype)  # [G, B, (T,) L, D]
        lead = (len(x), *(1 for _ in x.shape[1:-2]))
        x = (x - self.mean.view(*lead, *x.shape[-2:])) * self.inverse.view(*lead, *x.shape[-2:])
        weights = params["layers"].softmax(-1)  # [G, E, L]
        z = weights.view(*lead, *weights.shape[-2:]) @ x  # [G, B, (T,) E, D]
        if there is not None:
            score = torch.einsum("gbted,ged->gbte", z, params["query"]) if "query" in params \
                else z.new_zeros(z.shape[:-1])
            score = score.masked_fill(~there[..., None], float("-inf")).softmax(2)
            z = torch.einsum("gbted,gbte->gbed", z, score)
        z = z.transpose(1, 2)  # [G, E, B, D]
        if "weight1" in params:
            z = torch.relu(z @ params["weight1"] + params["bias1"])
        return z @ params["weight"] + params["bias"]

    def loss(self, out: Tensor, target: Tensor, there: Tensor) -> Tensor:
        """The sum over runs of each one's mean loss, so that no run's gradient sees another.
        out [G, E, B, K], target [G, B], there [G, B] 1 or 0."""
        if self.kind == "classification":
            weight = self.weights.gather(1, target) * there  # [G, B]
            index = target[:, None, :, None].expand(*out.shape[:3], 1)
            log = out.log_softmax(-1).gather(-1, index)[..., 0]
            total = weight.sum(-1).clamp_min(1e-30)[:, None]
            return -((log * weight[:, None]).sum(-1) / total).sum()
        count = there.sum(-1).clamp_min(1)[:, None]
        if self.kind == "ordinal":
            above = target[..., None] > torch.arange(self.classes - 1)  # [G, B, K - 1]
            above = above.to(out.dtype)
            each = F.binary_cross_entropy_with_logits(out, above[:, None].expand_as(out),
                                                      reduction="none")
            return ((each.sum(-1) * there[:, None]).sum(-1) / count).sum()
        said, true, there = out[..., 0], target[:, None], there[:, None]
        if self.config.loss == "mse":
            return (((said - true) ** 2 * there).sum(-1) / count).sum()
        one, other = (said * there).sum(-1) / count, (true * there).sum(-1) / count
        a, b = (said - one[..., None]) * there, (true - other[..., None]) * there
        spread = ((a * a).sum(-1) + (b * b).sum(-1)) / count + (one - other) ** 2
        return (1 - 2 * (a * b).sum(-1) / count / (spread + 1e-8)).sum()

    # --- training ---------------------------------------------------------------------------------

    def fit(self) -> list[Chosen]:
        config, count = self.config, (len(self.groups), len(self.lrs))
        params = self.start()
        state = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in params.items()}
        steps = torch.zeros(len(self.groups), dtype=torch.float64)
        best = {name: p.clone() for name, p in params.items()}
        top = torch.full(count, -torch.inf, dtype=torch.float64)
        epochs = torch.zeros(count, dtype=torch.int64)
        going = torch.ones(count, dtype=torch.bool)
        orders = [torch.Generator().manual_seed(_seed("order", f.name, s)) for f, s in self.groups]
        for epoch in range(1, config.epochs + 1):
            drawn = (torch.as_tensor(f.train)[torch.randperm(len(f.train), generator=order)]
                     for (f, _), order in zip(self.groups, orders))
            plan = [rows.split(config.batch) for rows in drawn]
            for number in range(max(map(len, plan))):
                rows, there = _padded([own[number] if number < len(own) else own[0][:0]
                                       for own in plan])
                self._step(params, state, steps, rows, there.to(self.dtype))
            score = self.scores(params, [f.dev for f, _ in self.groups])
            better = going & (score > top)
            top, epochs = torch.where(better, score, top), torch.where(better, epoch, epochs)
            for name, p in params.items():
                where = better.view(*count, *(1 for _ in p.shape[2:]))
                best[name] = torch.where(where, p, best[name])
            going &= epoch - epochs < config.patience
            if not going.any():
                break
        return self._choose(best, top, epochs)

    def _step(self, params: Params, state: dict[str, tuple[Tensor, Tensor]], steps: Tensor,
              rows: Tensor, there: Tensor) -> None:
        """One step of AdamW for the groups that have a batch left in this epoch."""
        leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
        loss = self.loss(self.forward(leaves, rows), self.y.gather(1, rows), there)
        gradients = torch.autograd.grad(loss, list(leaves.values()))
        active = there.sum(-1) > 0
        steps += active
        lr = torch.as_tensor(self.lrs, dtype=torch.float64)[None] * active[:, None]
        for (name, p), gradient in zip(params.items(), gradients):
            ones = [1] * (p.ndim - 2)
            on = active.view(-1, 1, *ones)
            first, second = state[name]
            first.copy_(torch.where(on, first.lerp(gradient, 0.1), first))
            second.copy_(torch.where(on, second.lerp(gradient * gradient, 0.001), second))
            done = steps.clamp_min(1)
            a, b = ((1 - decay**done).view(-1, 1, *ones).to(p.dtype) for decay in (0.9, 0.999))
            rate = lr * (self.config.layer_lr if name == "layers" else 1.0)
            rate = rate.view(*lr.shape, *ones).to(p.dtype)
            if name.startswith("weight"):
                p.mul_(1 - rate * self.config.weight_decay)
            p.sub_(rate * (first / a) / ((second / b).sqrt() + 1e-8))

    @torch.no_grad()
    def outputs(self, params: Params, parts: Sequence[Sequence[int]]) -> list[Tensor]:
        """The outputs [E, n, K] for the rows of each group."""
        rows, there = _padded([torch.as_tensor(part) for part in parts])
        found = torch.cat([self.forward(params, block)
                           for block in rows.split(self.config.batch, 1)], 2)
        return [out[:, own] for out, own in zip(found, there)]

    def scores(self, params: Params, parts: Sequence[Sequence[int]]) -> Tensor:
        """The metric on the rows of each group, [G, E] float64, the higher the better, or -inf."""
        found = torch.full((len(self.groups), len(self.lrs)), -torch.inf, dtype=torch.float64)
        for g, (out, part) in enumerate(zip(self.outputs(params, parts), parts)):
            truth = torch.as_tensor(self.truth[g, list(part)])
            found[g] = score(self.metric, truth, self._predict(out, g), self.classes)
        return torch.where(found.isnan(), -torch.inf, found)

    def _predict(self, out: Tensor, group: int) -> Tensor:
        """Outputs [..., K] as class numbers or values in units of the targets, float64 [...]."""
        if self.kind == "classification":
            return out.argmax(-1).double()
        if self.kind == "ordinal":
            return (out > 0).sum(-1).double()
        return out[..., 0].double() * self.scale[group] + self.shift[group]

    def _choose(self, best: Params, top: Tensor, epochs: Tensor) -> list[Chosen]:
        picked = top.argmax(1)  # the first of equals: rates ascend
        one = {name: p[torch.arange(len(p)), picked][:, None] for name, p in best.items()}
        chosen = []
        tested = self.outputs(one, [f.test for f, _ in self.groups])
        for g, (fold, seed) in enumerate(self.groups):
            e, out = int(picked[g]), tested[g][0]
            predicted = self._predict(out, g)
            if self.kind == "classification":
                out = out.log_softmax(-1)
            elif self.kind == "regression":
                out = predicted[:, None]
            sign = -1 if self.metric == "mae" else 1  # see `score`
            score_of = [(lr, sign * float(s) if s > -torch.inf else float("nan"))
                        for lr, s in zip(self.lrs, top[g])]
            chosen.append(Chosen(fold.name, seed, self.lrs[e], int(epochs[g, e]), score_of[e][1],
                                 score_of, one["layers"][g, 0].softmax(-1).tolist(),
                                 out.double().numpy(), predicted.numpy()))
        return chosen


def score(metric: str, truth: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """A measure of `avspeech.report.metrics` for many predictions [E, n] of one truth [n] at once.

    Gives [E] float64; "mae" has its sign turned, so that more is better.
    """
    predicted, truth = predicted.double(), truth.double()
    if metric == "mae":
        return -(predicted - truth).abs().mean(-1)
    if metric == "ccc":
        a, b = predicted - predicted.mean(-1, keepdim=True), truth - truth.mean()
        spread = (a * a).mean(-1) + (b * b).mean() + (predicted.mean(-1) - truth.mean()) ** 2
        return 2 * (a * b).mean(-1) / spread
    hits = (predicted == truth).double()
    if metric == "war":
        return hits.mean(-1)
    member = F.one_hot(truth.long(), classes).double()  # [n, K]
    counts, right = member.sum(0), hits @ member
    if metric == "uar":
        return (right / counts.clamp_min(1)).sum(-1) / (counts > 0).sum()
    said = F.one_hot(predicted.long(), classes).double().sum(-2)
    return (2 * right / (counts + said).clamp_min(1) * counts).sum(-1) / counts.sum()


def _shuffle(targets: np.ndarray, fold: Fold, seed: int) -> np.ndarray:
    """Targets with those of training, and those of development, shuffled; the test set stays."""
    rng = np.random.default_rng(_seed("shuffle", fold.name, seed))
    shuffled = targets.copy()
    for part in (fold.train, fold.dev):
        shuffled[list(part)] = targets[rng.permutation(list(part))]
    return shuffled


def _padded(parts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Lists of rows as one [G, B], filled up with row 0, and a mask [G, B] of the given ones."""
    width = max(len(p) for p in parts)
    rows = torch.stack([F.pad(p, (0, width - len(p))) for p in parts])
    return rows, torch.stack([torch.arange(width) < len(p) for p in parts])
