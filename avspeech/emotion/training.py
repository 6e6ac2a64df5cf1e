"""Labels for whole utterances (emotions, or other labels of a protocol): training data from a cache
of features, the loss, predictions and their measures. `emotion/cells.py` trains and tests with
them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avspeech.core import ranges, storage
from avspeech.core.batching import Batch
from avspeech.data.manifest import Utterance, read_jsonl
from avspeech.data.protocol import Protocol
from avspeech.emotion.features import Cache
from avspeech.errors import InputError
from avspeech.report import metrics

FRAME_RATE = 100  # of log-mel frames, a second
SHORTEST = 40  # frames: no crop is shorter than that, or than the utterance
_NEVER = -1e4  # logit of a class that is not among the answers


@dataclass(frozen=True)
class AugmentConfig:
    """What is done to features when they are drawn for training."""

    copies: bool = True  # draw one of the cache's copies (speeds, rooms); else the utterance itself
    crop: float = 0.7  # a batch is cut to a share, drawn from this to 1, of its shortest utterance
    masks: int = 2  # number of masked stripes on each axis (SpecAugment, Park et al. 2019)
    band: int = 8  # bands of a stripe, at most; it is filled with the utterance's mean
    span: int = 20  # frames of a stripe, at most
    shift: int = 3  # bands up or down, at most (a longer or shorter vocal tract)
    tilt: float = 0.5  # spread of a smooth random filter, in natural log power
    level: float = 0.0  # spread of the level, in natural log power
    noise: float = 0.0  # probability of added noise (`with_noise`), beside that of the copies
    # dB of the speech above that noise, drawn evenly; both are means over bands, which brings
    # speech out some 4 dB higher than means over samples do
    snr: tuple[float, float] = (10.0, 45.0)
    mixup: float = 0.0  # parameter of the Beta distribution (Zhang et al. 2018); 0: no mixing
    smoothing: float = 0.1  # of the labels
    balance: float = 0.5  # classes are weighted by count ** -balance; 0: as they are, 1: equally
    # of several corpora: an answer is chosen among "all" classes, or among those of the
    # utterance's "corpus", so that no class is learned to be absent from a voice or a room
    among: Literal["all", "corpus"] = "all"
    taught: float = 0.5  # share of a teacher's posteriors in what a taught model learns
    # how often an utterance of a corpus (its label `corpus`) is drawn in an epoch; 1 if not named
    often: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ranges.above(self, 0, "crop")
        ranges.between(self, 0, 1, "crop", "balance", "taught", "noise")
        ranges.below_one(self, "smoothing")
        if any(n < 0 for n in self.often.values()):
            raise InputError(f"often={self.often}: expected counts of 0 or more")
        ranges.ascending(self, "snr")
        ranges.at_least(self, 0, "masks", "band", "span", "shift", "tilt", "level", "mixup")


def with_noise(rng: np.random.Generator, x: np.ndarray, snr: float) -> np.ndarray:
    """A log-mel spectrum as it would be with steady noise, white or falling by up to 6 dB an
    octave; `life.with_noise` does that to samples.

    Powers of speech and noise are added, without their product. The power of white noise in a band
    has a gamma distribution. Its shape is 1 in the lowest bands, which are as narrow as a bin, and
    about 5 in the highest (measured: 64 bands of HTK's scale, 80 of Slaney's); neighboring frames
    are next to independent (correlation 0.1 to 0.2).

    Args:
        rng: draws the noise.
        x: [T, M], natural logarithms of power in mel bands, each a mean over its bins.
        snr: dB of the speech above the noise, both as means over frames and bands.

    Returns:
        [T, M] float32.
    """
    place = np.arange(x.shape[1]) / x.shape[1]
    shape = 1 + 4 * place**2
    noise = rng.standard_gamma(shape, x.shape, np.float32) / shape
    # About 5 octaves from the lowest bands to 8 kHz, 6 dB being a factor of 4 of power.
    noise *= 4 ** (-5 * rng.uniform(0, 1) * place)
    power = np.exp(x)
    noise *= power.mean() * 10 ** (-snr / 10) / noise.mean()
    return np.log(power + noise).astype(np.float32)


class Crops:
    """Training data (`batching.Dataset`): features of utterances, augmented and cut anew each time.

    Args:
        cache: holds the features.
        utterances: to train on.
        targets: class numbers or values, one an utterance.
        augment: what is done to features.
        guides: [F, G] of each utterance, frames of a larger model to learn too. Copies at other
            speeds get them at their speed. None: none.
        groups: number of the corpus of each utterance; None: all are of one.
        taught: [N, K], a teacher's posteriors for each utterance, to be learned from every copy of
            it; None: none.
    """

    def __init__(
        self,
        cache: Cache,
        utterances: Sequence[Utterance],
        targets: Sequence[int | float],
        augment: AugmentConfig = AugmentConfig(),
        guides: Sequence[np.ndarray] | None = None,
        groups: Sequence[int] | None = None,
        taught: np.ndarray | None = None,
    ):
        self.cache, self.utterances, self.targets, self.augment = (
            cache,
            utterances,
            targets,
            augment,
        )
        self.guides, self.taught = guides, taught
        self.groups = [0] * len(utterances) if groups is None else groups
        self.lengths = [cache.count(u.id) / FRAME_RATE for u in utterances]

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """id, x [T, M] float32, target, group, draws [2] in 0..1 (for the batch's crop), guide [T,
        G] and taught [K]."""
        rng, a, name = np.random.default_rng(seed), self.augment, self.utterances[index].id
        draws = rng.random(2)
        x = self.cache.frames(name, int(rng.integers(self.cache.copies)) if a.copies else 0)
        bands = x.shape[1]
        mean = float(x.mean())
        if a.shift:
            # Bands that come in at an end repeat the outermost one.
            x = x[:, np.clip(np.arange(bands) + rng.integers(-a.shift, a.shift + 1), 0, bands - 1)]
        if a.tilt:
            waves = np.cos(np.pi * np.arange(1, 4)[:, None] * (np.arange(bands) + 0.5) / bands)
            x = x + (rng.normal(0, a.tilt, 3) @ waves).astype(np.float32)
        if a.level:
            x = x + np.float32(rng.normal(0, a.level))
        # Without noise nothing is drawn for it, so that items of a seed stay what they were
        if a.noise and rng.random() < a.noise:
            x = with_noise(rng, x, float(rng.uniform(*a.snr)))
        x = np.array(x)
        for _ in range(a.masks):
            for axis, most in ((1, a.band), (0, a.span)):
                width = min(int(rng.integers(0, most + 1)), x.shape[axis] // 4)
                start = int(rng.integers(0, x.shape[axis] - width + 1))
                x[(slice(None), slice(start, start + width))[:: 1 if axis else -1]] = mean
        item = {"id": name, "x": x, "target": self.targets[index], "draws": draws,
                "group": self.groups[index]}
        if self.taught is not None:
            item["taught"] = self.taught[index]
        if self.guides is not None:
            guide = self.guides[index]
            item["guide"] = guide[np.arange(len(x)) * len(guide) // len(x)]
        return item

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """{ids, x [B, T, M], target [B], group [B]}, guide [B, T, G] and taught [B, K], all cut to
        one length."""
        shortest = min(len(i["x"]) for i in items)
        share = self.augment.crop + (1 - self.augment.crop) * items[0]["draws"][0]
        length = min(shortest, max(SHORTEST, round(share * shortest)))
        starts = [int(i["draws"][1] * (len(i["x"]) - length + 1)) for i in items]
        cut: dict[str, Any] = {}
        for key in ("x", "guide"):
            if key in items[0]:
                parts = [i[key][s: s + length] for i, s in zip(items, starts)]
                cut[key] = torch.from_numpy(np.stack(parts))
        if "taught" in items[0]:
            cut["taught"] = torch.from_numpy(np.stack([i["taught"] for i in items]))
        return {
            "ids": [i["id"] for i in items],
            "target": torch.as_tensor([i["target"] for i in items]),
            "group": torch.as_tensor([i["group"] for i in items]),
            **cut,
        }


class FromFeatures(nn.Module):
    """Runs a model on features: x [B, T, M], frames [B] or None -> logits [B, K], structure loss
    [].

    The structure loss is 0 for a model without a graph. With guides [B, T, G], `forward` also
    returns the mean squared error of a linear layer on the frames that enter the model's pooling,
    each against the mean of the guides over its time. The model itself is unchanged by that layer.

    Args:
        model: a `LogMelModel`.
        guide: G, outputs of that linear layer; 0: no such layer.

    Raises:
        InputError: a guide for a model without pooling.
    """

    def __init__(self, model: nn.Module, guide: int = 0):
        super().__init__()
        self.model: Any = model
        if guide and not hasattr(model, "pool"):
            raise InputError(
                f"guided: a {type(model).__name__} has no pooling whose frames could be guided"
            )
        width: Any = self.model.config.dim if guide else 0
        self.guide: Any = nn.Linear(width, guide) if guide else None

    def forward(self, x: Tensor, frames: Tensor | None = None,
                guides: Tensor | None = None) -> tuple[Tensor, ...]:
        with _pooled(self.model if guides is not None else None) as kept:
            if hasattr(self.model, "structured"):
                logits, structure = self.model.structured(x, frames)
            else:
                logits, structure = self.model.classify(x, frames), x.new_zeros(())
        if guides is None:
            return logits, structure
        wanted = F.adaptive_avg_pool1d(guides.transpose(1, 2), kept[0].shape[1]).transpose(1, 2)
        return logits, structure, (self.guide(kept[0]) - wanted).square().mean()


@contextlib.contextmanager
def _pooled(model: Any) -> Iterator[list[Tensor]]:
    """Yields a list that collects the inputs of a model's pooling while it runs; for None it stays
    empty."""
    kept: list[Tensor] = []
    hook = (
        None
        if model is None
        else model.pool.register_forward_pre_hook(lambda _, x: kept.append(x[0]))
    )
    try:
        yield kept
    finally:
        if hook is not None:
            hook.remove()


def frames_before_pooling(model: Any, x: Tensor, frames: Tensor | None = None) -> Tensor:
    """The frames that enter a model's pooling: x [B, T, M] from its `features` -> [B, T', D]."""
    with _pooled(model) as kept:
        model.classify(x, frames)
    return kept[0]


class Loss:
    """loss_fn for `trainer.fit`: cross-entropy with smoothing, mixing and class weights, or the
    squared error.

    Args:
        classes: K; 0 for a regression.
        counts: [G, K], utterances of each class in each corpus, for the weights; [K] for one
            corpus.
        augment: smoothing, mixup, balance, among and taught.
        structure: weight of the structure loss of a graph.
        guide: weight of the error against the guides, where the data has them.
    """

    def __init__(
        self,
        classes: int,
        counts: Sequence[Any] | np.ndarray,
        augment: AugmentConfig,
        structure: float = 0.1,
        guide: float = 1.0,
    ):
        self.classes, self.augment, self.structure, self.guide = classes, augment, structure, guide
        table = torch.atleast_2d(torch.as_tensor(counts, dtype=torch.float32))
        some = augment.among == "corpus"
        self.allowed = table > 0 if some else torch.ones_like(table, dtype=torch.bool)
        weights = table.clamp_min(1) ** -augment.balance
        self.weights = weights / weights[self.allowed].mean()

    def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
        x, target, guides = batch["x"], batch["target"], batch.get("guide")
        a, taught = self.augment, batch.get("taught")
        wanted = target.float()[:, None]
        if self.classes:
            group = batch.get("group", torch.zeros_like(target))
            allowed, weights = (t.to(x.device)[group] for t in (self.allowed, self.weights))
            wanted = (
                F.one_hot(target, self.classes).float() * (1 - a.smoothing)
                + a.smoothing * allowed / allowed.sum(1, keepdim=True)
            )
        if a.mixup:
            share = torch.distributions.Beta(a.mixup, a.mixup).sample().to(x.device)
            other = torch.randperm(len(x), device=x.device)
            # Normalisation is a mean over frames, and all have as many: mixing commutes with it.
            x, wanted = x.lerp(x[other], share), wanted.lerp(wanted[other], share)
            guides = None if guides is None else guides.lerp(guides[other], share)
            taught = None if taught is None else taught.lerp(taught[other], share)
            if self.classes:
                weights = weights.lerp(weights[other], share)
                allowed = allowed | allowed[other]
        logits, structure, *rest = model(x) if guides is None else model(x, None, guides)
        if self.classes:
            logits = logits.float()
            among = logits.masked_fill(~allowed, _NEVER).log_softmax(-1)
            loss = -(wanted * weights * among).sum(-1).mean()
            if taught is not None:
                whole = -(taught * logits.log_softmax(-1)).sum(-1).mean()
                loss = loss.lerp(whole, a.taught)
        else:
            loss = (logits - wanted).square().mean()
        shown = {"structure": structure, **({"guide": rest[0]} if rest else {})}
        return loss + self.structure * structure + (self.guide * rest[0] if rest else 0.0), shown


def predict(
    model: FromFeatures,
    cache: Cache,
    utterances: Sequence[Utterance],
    classification: bool = True,
    batch: int = 32,
) -> np.ndarray:
    """The answers of a model.

    Args:
        model: in any mode, which it has again afterwards.
        cache: holds the features.
        utterances: to answer for.
        classification: whether the outputs are classes.
        batch: utterances of a padded batch; like lengths come together.

    Returns:
        [n, K] float64 in the order of the utterances: posteriors, or values [n, 1] for a
        regression.
    """
    order = sorted(range(len(utterances)), key=lambda i: cache.count(utterances[i].id))
    out: dict[int, np.ndarray] = {}
    training, on = model.training, next(model.parameters()).device
    model.eval()
    with torch.no_grad():
        for start in range(0, len(order), batch):
            rows = order[start: start + batch]
            xs = [torch.from_numpy(cache.frames(utterances[i].id)) for i in rows]
            x = nn.utils.rnn.pad_sequence(xs, batch_first=True)
            y = model(x.to(on), torch.tensor([len(x) for x in xs], device=on))[0].double()
            out.update(zip(rows, (y.softmax(-1) if classification else y).cpu().numpy()))
    model.train(training)
    return np.stack([out[i] for i in range(len(order))])


# --- predictions and their measures ------------------------------------------------------------


def prediction_records(protocol: Protocol, utterances: Sequence[Utterance],
                       posteriors: np.ndarray) -> list[dict[str, Any]]:
    """{id, speaker, unit, truth, posteriors} of each utterance, and its corpus if it has such a
    label; utterances of one unit are judged together."""
    records = []
    for u, p in zip(utterances, posteriors, strict=True):
        records.append({
            "id": u.id,
            "speaker": u.speaker,
            "unit": str(u.labels[protocol.unit]) if protocol.unit else u.id,
            "truth": protocol.target(u),
            "posteriors": [round(float(v), 6) for v in p],
            **({"corpus": u.labels["corpus"]} if "corpus" in u.labels else {}),
        })
    return records


def write_records(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """JSON lines, atomically."""
    storage.write_atomically(path, "".join(json.dumps(r) + "\n" for r in records).encode())


def read_records(path: Path) -> list[dict[str, Any]]:
    """What `write_records` wrote. Raises InputError for a file that is absent or no JSON lines."""
    return [record for _, record in read_jsonl(path)]


@dataclass(frozen=True)
class Judged:
    """Truth, prediction and speaker [n] of units: utterances, or groups that a protocol judges
    together."""

    units: list[str]
    truth: np.ndarray
    predicted: np.ndarray
    speakers: list[str]


def judge(records: Sequence[Mapping[str, Any]], classification: bool = True) -> Judged:
    """The answer for each unit by the mean posterior of its utterances, in the order of the units'
    names. Where the records name their corpus, an answer is the best of the classes that occur in
    it."""
    units: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        units.setdefault(record["unit"], []).append(record)
    names = sorted(units)
    means = []
    for n in names:
        means.append(np.mean([r["posteriors"] for r in units[n]], 0))
    mean = np.stack(means)
    truth = np.asarray([units[n][0]["truth"] for n in names])
    of = np.asarray([str(units[n][0].get("corpus", "")) for n in names])
    for corpus in sorted(set(of) - {""}):
        absent = np.setdiff1d(np.arange(mean.shape[1]), truth[of == corpus])
        mean[np.ix_(of == corpus, absent)] = -1
    return Judged(names, truth, mean.argmax(1) if classification else mean[:, 0],
                  [units[n][0]["speaker"] for n in names])


def measures(judged: Judged, classes: int) -> dict[str, float]:
    """uar, war, wf1 in percent; ccc and mae for a regression (classes 0)."""
    t, p = judged.truth, judged.predicted
    if not classes:
        return {"ccc": metrics.ccc(t, p), "mae": metrics.mae(t, p)}
    return {"uar": 100 * metrics.uar(t, p, classes), "war": 100 * metrics.war(t, p, classes),
            "wf1": 100 * metrics.wf1(t, p, classes)}


def temperature(records: Sequence[Mapping[str, Any]]) -> float:
    """What logits should be divided by, for probabilities that say how often answers are right.

    It minimizes the cross-entropy of the posteriors (Guo et al., "On Calibration of Modern Neural
    Networks", ICML 2017), where records name their corpus among the classes that occur in it. Each
    corpus counts as much as another.

    Args:
        records: answers to utterances that the model did not learn, of classes.

    Returns:
        The temperature, 0.2 to 5.
    """
    from scipy.optimize import minimize_scalar

    of = np.asarray([str(r.get("corpus", "")) for r in records])
    truth = np.asarray([r["truth"] for r in records])
    logs = np.log(np.asarray([r["posteriors"] for r in records], float).clip(1e-6))
    for corpus in sorted(set(of) - {""}):
        absent = np.setdiff1d(np.arange(logs.shape[1]), truth[of == corpus])
        logs[np.ix_(of == corpus, absent)] = -np.inf
    counts = {corpus: int((of == corpus).sum()) for corpus in set(of)}
    weights = np.asarray([1 / counts[corpus] for corpus in of]) / len(counts)

    def cost(heat: float) -> float:
        x = logs / np.exp(heat)
        x -= x.max(1, keepdims=True)
        return float(weights @ (np.log(np.exp(x).sum(1)) - x[np.arange(len(x)), truth]))

    best: Any = minimize_scalar(cost, bounds=(np.log(0.2), np.log(5)), method="bounded")
    return round(float(np.exp(best.x)), 3)
