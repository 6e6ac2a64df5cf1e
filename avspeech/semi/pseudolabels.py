"""Multi-view pseudo-labels: many utterances, few labels (Li, Zhang, Han, Bell and Lai, ICASSP
2025).

An unlabeled utterance gets one label by its sound (`acoustic_view`: the class with the smallest
Fréchet audio distance, over several encoders) and one by its words (`linguistic_view`: a language
model's answer). If both agree, the label counts as sure. `iterate` then trains a classifier of both
modalities in rounds: on the labeled and sure utterances, and on those of the others for which the
classifier of the last round agreed with one of the two labels. In each round a random fifth of the
sure ones is left out, and the classifier starts from random weights.

Chosen here, where the paper gives no details: the distances of an encoder are divided by their mean
over classes and then summed over encoders; which of the other utterances are used is decided again
in each round; the round with the best development UAR gives the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avspeech.core import ranges
from avspeech.core.language import Plug, choice
from avspeech.report.metrics import uar
from avspeech.semi import frechet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NONE = -1  # no label


@dataclass(frozen=True)
class Training:
    """Settings of the training. The defaults are those of the paper, except the confidence, which
    is chosen here."""

    width: int = 768  # of the fused vector
    hidden: tuple[int, int] = (128, 16)  # widths of the layers after it
    epochs: int = 30  # of a round
    rate: float = 1e-4  # learning rate
    batch: int = 64  # utterances in a batch
    rounds: int = 40  # at most
    patience: int = 2  # rounds without a better development UAR before the end
    drop: float = 0.2  # share of the sure utterances that is left out of a round
    confidence: float = 0.9  # lowest posterior that self-training accepts

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "width", "hidden", "epochs", "batch", "rounds", "patience")
        ranges.above(self, 0, "rate", "confidence")
        ranges.below_one(self, "drop", "confidence")


@dataclass(frozen=True)
class Data:
    """Two vectors and a class for each of n utterances. The classes of utterances that count as
    unlabeled are used only to evaluate."""

    acoustic: NDArray[np.float32]  # [n, A]
    linguistic: NDArray[np.float32]  # [n, L]
    targets: Ints  # [n]
    classes: int  # K

    def __post_init__(self) -> None:
        if not len(self.acoustic) == len(self.linguistic) == len(self.targets):
            raise ValueError("vectors and targets of different lengths")


@dataclass(frozen=True)
class Outcome:
    """The result of a training."""

    predicted: Ints  # classes of the test utterances
    dev: tuple[float, ...]  # development UAR of each round
    sure: int = 0  # utterances whose two labels agree
    taken: int = 0  # other utterances with a pseudo-label in the best round
    right: float = float("nan")  # share of correct pseudo-labels in that round; NaN for none


def acoustic_view(encoders: Sequence[Sequence[Floats]], labelled: Sequence[int],
                  targets: Sequence[int], unlabelled: Sequence[int], classes: int) -> Ints:
    """Labels by sound: the class with the smallest Fréchet distance. The Gaussian of a class is
    that of all frames of its labeled utterances.

    Args:
        encoders: for each encoder, the frames [T, D] of every utterance.
        labelled: positions of the labeled utterances.
        targets: their classes.
        unlabelled: positions of the other utterances.
        classes: number of classes.

    Returns:
        A class for each unlabeled utterance.

    Raises:
        ValueError: a class has no labeled utterance.
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


def linguistic_view(plug: Plug, ids: Sequence[str], prompts: Sequence[str],
                    classes: Sequence[str]) -> Ints:
    """Labels by words: the answer of a language model.

    Args:
        plug: the language model.
        ids: of the utterances.
        prompts: what to ask about each.
        classes: their names.

    Returns:
        A class for each utterance, NONE where the answer names none.
    """
    answers = (choice(plug(id, prompt), classes) for id, prompt in zip(ids, prompts))
    return np.array([NONE if a is None else a for a in answers], np.int64)


class Bimodal(nn.Module):
    """Gated fusion of two vectors and an MLP.

    g = sigmoid(W [a; l]); the fused vector is g tanh(W a) + (1 - g) tanh(W l); then width -> hidden
    -> classes.
    """

    def __init__(self, acoustic: int, linguistic: int, classes: int, config: Training) -> None:
        super().__init__()
        self.acoustic = nn.Linear(acoustic, config.width)
        self.linguistic = nn.Linear(linguistic, config.width)
        self.gate = nn.Linear(acoustic + linguistic, config.width)
        sizes = (config.width, *config.hidden)
        layers = [m for a, b in zip(sizes, sizes[1:]) for m in (nn.Linear(a, b), nn.ReLU())]
        self.mlp = nn.Sequential(*layers, nn.Linear(sizes[-1], classes))

    def forward(self, acoustic: Tensor, linguistic: Tensor) -> Tensor:
        """Classifies utterances.

        Args:
            acoustic: [B, A].
            linguistic: [B, L].

        Returns:
            Logits [B, K].
        """
        gate = torch.sigmoid(self.gate(torch.cat([acoustic, linguistic], -1)))
        fused = gate * torch.tanh(self.acoustic(acoustic)) + (1 - gate) * torch.tanh(
            self.linguistic(linguistic))
        logits: Tensor = self.mlp(fused)
        return logits


def train(data: Data, rows: Ints, labels: Ints, config: Training, seed: int) -> Bimodal:
    """Trains a new classifier, with cross-entropy weighted by the inverse frequency of the classes.
    It is deterministic for a seed on one machine.

    Args:
        data: all utterances.
        rows: those to train on.
        labels: their labels.
        config: how to train.
        seed: of weights and order.

    Returns:
        The classifier in eval mode.
    """
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
    """The posterior probabilities of utterances.

    Args:
        model: the classifier.
        data: all utterances.
        rows: which of them.

    Returns:
        [rows, K].
    """
    if not len(rows):
        return np.zeros((0, data.classes))
    return model(*_vectors(data, rows)).softmax(-1).double().numpy()


def supervised(data: Data, labelled: Ints, dev: Ints, test: Ints, config: Training,
               seed: int) -> Outcome:
    """Trains once, on the labeled utterances alone.

    Args:
        data: all utterances.
        labelled, dev, test: rows of `data`.
        config: how to train.
        seed: of all random draws.
    """
    model = train(data, labelled, data.targets[labelled], config, seed)
    return Outcome(probabilities(model, data, test).argmax(1), (_uar(model, data, dev),))


def self_training(data: Data, labelled: Ints, unlabelled: Ints, dev: Ints, test: Ints,
                  config: Training, seed: int) -> Outcome:
    """Self-training: rounds on the labeled utterances, and on those of which the classifier of the
    last round is confident.

    Args:
        data: all utterances.
        labelled, unlabelled, dev, test: rows of `data`.
        config: how to train.
        seed: of all random draws.
    """
    nothing = np.zeros(0, np.int64)

    def more(model: Bimodal) -> tuple[Ints, Ints]:
        p = probabilities(model, data, unlabelled)
        confident = p.max(1, initial=0) >= config.confidence
        return unlabelled[confident], p.argmax(1)[confident]

    return _rounds(data, labelled, nothing, nothing, more, dev, test, config, seed)


def iterate(data: Data, labelled: Ints, unlabelled: Ints, acoustic: Ints, linguistic: Ints,
            dev: Ints, test: Ints, config: Training, seed: int) -> Outcome:
    """The method of the paper (see above).

    Args:
        data: all utterances.
        labelled, unlabelled, dev, test: rows of `data`.
        acoustic: label of each of `unlabelled` by its sound, NONE for none.
        linguistic: label of each of `unlabelled` by its words, NONE for none.
        config: how to train.
        seed: of all random draws.
    """
    agree = (acoustic == linguistic) & (acoustic != NONE)
    rest, views = unlabelled[~agree], np.stack([acoustic[~agree], linguistic[~agree]])

    def more(model: Bimodal) -> tuple[Ints, Ints]:
        guess = probabilities(model, data, rest).argmax(1)
        taken = (views == guess).any(0)
        return rest[taken], guess[taken]

    return _rounds(data, labelled, unlabelled[agree], acoustic[agree], more, dev, test, config,
                   seed)


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
                      np.concatenate([data.targets[labelled], extra_labels]), config,
                      1000 * seed + number)
        scores.append(_uar(model, data, dev))
        since += 1
        if best is None or scores[-1] > max(scores[:-1]):
            right = float("nan")
            if len(extra):
                right = float(np.mean(data.targets[extra] == extra_labels))
            best = Outcome(probabilities(model, data, test).argmax(1), (), len(sure), len(taken),
                           right)
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
    """Draws the utterances that keep their label.

    Args:
        targets: classes of all utterances.
        rows: the utterances to draw from.
        share: of each class; at least one utterance is drawn.
        seed: of the draw.

    Returns:
        (labeled rows, unlabeled rows), both sorted.
    """
    rng = np.random.default_rng(seed)
    labelled = []
    for k in np.unique(targets[rows]):
        own = rows[targets[rows] == k]
        labelled += rng.permutation(own)[: max(1, round(share * len(own)))].tolist()
    rest = sorted(set(rows.tolist()) - set(labelled))
    return np.array(sorted(labelled), np.int64), np.array(rest, np.int64)


def hashed_text(texts: Sequence[str], dims: int = 256,
                sizes: Sequence[int] = (3,)) -> NDArray[np.float32]:
    """Counts of hashed character n-grams, a simple substitute for a language encoder.

    Args:
        texts: n texts.
        dims: number of features.
        sizes: lengths of the n-grams.

    Returns:
        [n, dims], each row scaled to length 1.
    """
    import zlib

    out = np.zeros((len(texts), dims), np.float32)
    for row, text in zip(out, texts):
        plain = f"  {' '.join(text.lower().split())} "
        for size in sizes:
            for i in range(len(plain) - size + 1):
                row[zlib.crc32(plain[i:i + size].encode()) % dims] += 1
        row /= max(float(np.linalg.norm(row)), 1e-6)
    return out
