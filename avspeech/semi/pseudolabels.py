"""Multi-view pseudo-labels: many utterances, few labels (Li, Zhang, Han, Bell and Lai, ICASSP 2025).

An unlabelled utterance gets one label by its sound (`acoustic_view`: the class at the least Fréchet audio
distance, over several encoders) and one by its words (`linguistic_view`: a language model's). Where both
agree it counts as sure. `iterate` then trains a classifier of both modalities in rounds: on what is labelled
and sure, and on those of the rest for which the last round's classifier agreed with either view. In each
round a random fifth of the sure ones is left out and the classifier begins anew.

Chosen here, where the paper leaves it open: the distances of an encoder are divided by their mean over
classes, then summed over encoders; what is taken from the rest is decided anew in each round; the round of
the best development UAR gives the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avspeech.core.language import Plug, choice
from avspeech.report.metrics import uar
from avspeech.semi import frechet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NONE = -1  # no label


@dataclass(frozen=True)
class Training:
    """width, hidden: of the fused vector and the layers after it; epochs: of a round; rounds: at most;
    patience: rounds without a better development UAR before the end; drop: share of the sure ones left out
    of a round; confidence: what self-training asks of a prediction. Defaults of the paper, but for the
    confidence, which is chosen here."""

    width: int = 768
    hidden: tuple[int, int] = (128, 16)
    epochs: int = 30
    rate: float = 1e-4
    batch: int = 64
    rounds: int = 40
    patience: int = 2
    drop: float = 0.2
    confidence: float = 0.9

    def __post_init__(self) -> None:
        if min(self.width, self.epochs, self.batch, self.rounds, self.patience, *self.hidden) < 1:
            raise ValueError("width, hidden, epochs, batch, rounds and patience should be at least 1")
        if not 0 <= self.drop < 1 or not 0 < self.confidence < 1:
            raise ValueError("drop should be in 0..1, below 1; confidence between 0 and 1")


@dataclass(frozen=True)
class Data:
    """Two vectors for each of n utterances, acoustic [n, A] and linguistic [n, L], and their classes [n]. The
    classes of utterances that count as unlabelled are never looked at but to judge."""

    acoustic: NDArray[np.float32]
    linguistic: NDArray[np.float32]
    targets: Ints
    classes: int

    def __post_init__(self) -> None:
        if not len(self.acoustic) == len(self.linguistic) == len(self.targets):
            raise ValueError("vectors and targets of different lengths")


@dataclass(frozen=True)
class Outcome:
    """predicted: classes of the test utterances; dev: development UAR, one a round; sure, taken: utterances
    with a pseudo-label, before and in the best round; right: share of all of these in that round that are
    right (NaN for none)."""

    predicted: Ints
    dev: tuple[float, ...]
    sure: int = 0
    taken: int = 0
    right: float = float("nan")


def acoustic_view(encoders: Sequence[Sequence[Floats]], labelled: Sequence[int], targets: Sequence[int],
                  unlabelled: Sequence[int], classes: int) -> Ints:
    """A class for each unlabelled utterance: the nearest by Fréchet distance.

    encoders: for each, the frames [T, D] of every utterance; labelled, unlabelled: positions there; targets:
    classes of the labelled. The Gaussian of a class is that of all frames of its labelled utterances. Raises
    ValueError where a class has none.
    """
    total = np.zeros((len(unlabelled), classes))
    for frames in encoders:
        of_class = []
        for k in range(classes):
            own = [frames[i] for i, t in zip(labelled, targets) if t == k]
            if not own:
                raise ValueError(f"class {k} has no labelled utterance")
            of_class.append(frechet.fit(np.concatenate(own)))
        far = frechet.distances([frechet.fit(frames[i]) for i in unlabelled], of_class)
        total += far / far.mean(1, keepdims=True).clip(1e-12)
    return total.argmin(1).astype(np.int64)


def linguistic_view(plug: Plug, ids: Sequence[str], prompts: Sequence[str], classes: Sequence[str]) -> Ints:
    """A class for each utterance by what a language model answers; NONE where it names none."""
    answers = (choice(plug(id, prompt), classes) for id, prompt in zip(ids, prompts))
    return np.array([NONE if a is None else a for a in answers], np.int64)


class Bimodal(nn.Module):
    """Gated fusion and an MLP: g = sigmoid(W [a; l]), g tanh(W a) + (1 - g) tanh(W l), then width ->
    hidden -> classes."""

    def __init__(self, acoustic: int, linguistic: int, classes: int, config: Training) -> None:
        super().__init__()
        self.acoustic = nn.Linear(acoustic, config.width)
        self.linguistic = nn.Linear(linguistic, config.width)
        self.gate = nn.Linear(acoustic + linguistic, config.width)
        sizes = (config.width, *config.hidden)
        layers = [m for a, b in zip(sizes, sizes[1:]) for m in (nn.Linear(a, b), nn.ReLU())]
        self.mlp = nn.Sequential(*layers, nn.Linear(sizes[-1], classes))

    def forward(self, acoustic: Tensor, linguistic: Tensor) -> Tensor:
        """[B, A], [B, L] -> logits [B, K]."""
        gate = torch.sigmoid(self.gate(torch.cat([acoustic, linguistic], -1)))
        fused = gate * torch.tanh(self.acoustic(acoustic)) + (1 - gate) * torch.tanh(
            self.linguistic(linguistic))
        logits: Tensor = self.mlp(fused)
        return logits


def train(data: Data, rows: Ints, labels: Ints, config: Training, seed: int) -> Bimodal:
    """A new classifier, trained on these rows with these labels; cross-entropy with classes weighted by one
    over how many there are. Deterministic for a seed, on one machine."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Bimodal(data.acoustic.shape[1], data.linguistic.shape[1], data.classes, config)
    counts = np.bincount(labels, minlength=data.classes)
    weights = torch.tensor(len(labels) / (data.classes * counts.clip(1)), dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), config.rate)
    rng = np.random.default_rng(seed)
    for _ in range(config.epochs):
        order = rng.permutation(len(rows))
        for start in range(0, len(rows), config.batch):
            part = order[start:start + config.batch]
            loss = nn.functional.cross_entropy(model(*_vectors(data, rows[part])),
                                               torch.from_numpy(labels[part]), weights)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
    return model.eval()


def _vectors(data: Data, rows: Ints) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(data.acoustic[rows]), torch.from_numpy(data.linguistic[rows])


@torch.inference_mode()
def probabilities(model: Bimodal, data: Data, rows: Ints) -> Floats:
    """[rows, K]."""
    if not len(rows):
        return np.zeros((0, data.classes))
    return model(*_vectors(data, rows)).softmax(-1).double().numpy()


def supervised(data: Data, labelled: Ints, dev: Ints, test: Ints, config: Training, seed: int) -> Outcome:
    """One round on these labels and nothing else."""
    model = train(data, labelled, data.targets[labelled], config, seed)
    return Outcome(probabilities(model, data, test).argmax(1), (_uar(model, data, dev),))


def self_training(data: Data, labelled: Ints, unlabelled: Ints, dev: Ints, test: Ints, config: Training,
                  seed: int) -> Outcome:
    """Rounds on what is labelled, and what the last round's classifier is confident of."""
    nothing = np.zeros(0, np.int64)

    def more(model: Bimodal) -> tuple[Ints, Ints]:
        p = probabilities(model, data, unlabelled)
        confident = p.max(1, initial=0) >= config.confidence
        return unlabelled[confident], p.argmax(1)[confident]

    return _rounds(data, labelled, nothing, nothing, more, dev, test, config, seed)


def iterate(data: Data, labelled: Ints, unlabelled: Ints, acoustic: Ints, linguistic: Ints, dev: Ints,
            test: Ints, config: Training, seed: int) -> Outcome:
    """The method. acoustic, linguistic: the label by each view for each of `unlabelled`, NONE for none."""
    agree = (acoustic == linguistic) & (acoustic != NONE)
    rest, views = unlabelled[~agree], np.stack([acoustic[~agree], linguistic[~agree]])

    def more(model: Bimodal) -> tuple[Ints, Ints]:
        guess = probabilities(model, data, rest).argmax(1)
        taken = (views == guess).any(0)
        return rest[taken], guess[taken]

    return _rounds(data, labelled, unlabelled[agree], acoustic[agree], more, dev, test, config, seed)


def _rounds(data: Data, labelled: Ints, sure: Ints, sure_labels: Ints,
            more: Callable[[Bimodal], tuple[Ints, Ints]], dev: Ints, test: Ints, config: Training,
            seed: int) -> Outcome:
    rng = np.random.default_rng(seed)
    taken = taken_labels = np.zeros(0, np.int64)
    scores: list[float] = []
    best: Outcome | None = None
    since = 0
    for number in range(config.rounds):
        kept = np.sort(rng.permutation(len(sure))[: round(len(sure) * (1 - config.drop))])
        extra = np.concatenate([sure[kept], taken])
        extra_labels = np.concatenate([sure_labels[kept], taken_labels])
        model = train(data, np.concatenate([labelled, extra]),
                      np.concatenate([data.targets[labelled], extra_labels]), config, 1000 * seed + number)
        scores.append(_uar(model, data, dev))
        since += 1
        if best is None or scores[-1] > max(scores[:-1]):
            right = float(np.mean(data.targets[extra] == extra_labels)) if len(extra) else float("nan")
            best = Outcome(probabilities(model, data, test).argmax(1), (), len(sure), len(taken), right)
            since = 0
        if since >= config.patience:
            break
        taken, taken_labels = more(model)
    assert best is not None
    return Outcome(best.predicted, tuple(scores), best.sure, best.taken, best.right)


def _uar(model: Bimodal, data: Data, rows: Ints) -> float:
    guess = probabilities(model, data, rows).argmax(1)
    return uar(data.targets[rows].tolist(), guess.tolist(), data.classes)


def draw(targets: Ints, rows: Ints, share: float, seed: int) -> tuple[Ints, Ints]:
    """(labelled, unlabelled) rows: of each class a `share`, at least one, drawn by the seed; both sorted."""
    rng = np.random.default_rng(seed)
    labelled = []
    for k in np.unique(targets[rows]):
        own = rows[targets[rows] == k]
        labelled += rng.permutation(own)[: max(1, round(share * len(own)))].tolist()
    rest = sorted(set(rows.tolist()) - set(labelled))
    return np.array(sorted(labelled), np.int64), np.array(rest, np.int64)


def hashed_text(texts: Sequence[str], dims: int = 256, sizes: Sequence[int] = (3,)) -> NDArray[np.float32]:
    """[n, dims]: how often each hashed run of so many letters stands in a text, scaled to length 1. What
    stands for a language encoder where there is none."""
    import zlib

    out = np.zeros((len(texts), dims), np.float32)
    for row, text in zip(out, texts):
        plain = f"  {' '.join(text.lower().split())} "
        for size in sizes:
            for i in range(len(plain) - size + 1):
                row[zlib.crc32(plain[i:i + size].encode()) % dims] += 1
        row /= max(float(np.linalg.norm(row)), 1e-6)
    return out
