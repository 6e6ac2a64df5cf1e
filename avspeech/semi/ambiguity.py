"""DEBATE (`data.corpora.debate`): which of the readings that a sentence may have does a speaker mean?

By an audio language model, which hears a clip, is shown the readings, and answers with one:

    rows = ask(Endpoint("http://localhost:8000/v1", "a-model"), utterances, root)
    score(rows).accuracy, score(rows).chance

By probes of any upstream, trained on the speakers and sentences of the split "train", their weight decay
picked on "dev", judged on "test":

    probe(embed(upstreams.load("whisper-base"), utterances, root), utterances)["speech + text"].accuracy

What either answers without the sound (`sound=False`, "text") is the baseline: all readings of a sentence are
equally many, so it can be no better than chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from avspeech.core.language import Plug, choice
from avspeech.data.corpora import debate
from avspeech.data.manifest import Utterance, resolve
from avspeech.semi.pseudolabels import hashed_text

if TYPE_CHECKING:
    import torch

GRAMS = 128  # numbers that stand for a reading: its runs of one to three characters, hashed
DIRECTIONS = 32  # principal components of the sound's vectors that the probes see
DECAYS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


@dataclass(frozen=True)
class Answer:
    """right: None where the answer named no reading, or several; readings: how many there were."""

    id: str
    speaker: str
    right: bool | None
    readings: int


@dataclass(frozen=True)
class Score:
    """accuracy: share of clips that were answered right, no answer counting as wrong; chance: by guessing;
    unanswered: how many had no usable answer."""

    accuracy: float
    chance: float
    unanswered: int
    clips: int


def readings_of(utterances: Sequence[Utterance]) -> dict[str, list[str]]:
    """The readings of each sentence, sorted: their order must not tell."""
    found: dict[str, set[str]] = {}
    for u in utterances:
        found.setdefault(u.labels["sentence"], set()).add(u.labels["reading"])
    return {sentence: sorted(own) for sentence, own in found.items()}


def ask(plug: Plug, utterances: Sequence[Utterance], root: str | Path, sound: bool = True,
        part: str = "") -> list[Answer]:
    """The answers on those utterances (of a split `part`, "" for all, also those in none) whose sentence has
    two readings or more among all of them."""
    from tqdm import tqdm

    readings = readings_of(utterances)
    asked = [u for u in utterances if len(readings[u.labels["sentence"]]) > 1
             and part in ("", u.labels["split"])]
    rows = []
    for u in tqdm(asked, "asking", unit="clip", disable=None):
        own = readings[u.labels["sentence"]]
        said = choice(plug(u.id, debate.prompt(u.labels["sentence"], own),
                           resolve(root, u.audio) if sound else None), own)
        rows.append(Answer(u.id, u.speaker, None if said is None else own[said] == u.labels["reading"],
                           len(own)))
    return rows


def score(rows: Sequence[Answer]) -> Score:
    """Raises ValueError for no answers at all."""
    if not rows:
        raise ValueError("no clip of a sentence with two readings")
    chance = sum(1 / r.readings for r in rows) / len(rows)
    return Score(sum(r.right is True for r in rows) / len(rows), chance,
                 sum(r.right is None for r in rows), len(rows))


def embed(upstream: Any, utterances: Sequence[Utterance], root: str | Path) -> np.ndarray:
    """A vector [D] of each utterance by an upstream of the bench: mean over frames, then over layers."""
    from tqdm import tqdm

    from avspeech.bench.jobs import features, read_sound

    rows = []
    for u in tqdm(utterances, "features", unit="clip", disable=None):
        wave = read_sound(str(resolve(root, u.audio)), u.start, u.duration, upstream.sample_rate)
        rows.append(features(upstream, [wave], "mean")[0].mean(0))
    return np.stack(rows)


def probe(vectors: np.ndarray, utterances: Sequence[Utterance]) -> dict[str, Score]:
    """{"text", "speech", "speech + text": score on the test clips} of linear probes: a softmax over a
    sentence's readings. The first sees the readings; the second the sound, and a number dealt to each
    reading by chance, which other sentences cannot have taught it; the third the products of both, so how the
    sound goes with what is read. vectors: [n, D], one for each utterance. Raises ValueError where a part of
    the split has no clip of a sentence with two readings."""
    readings = readings_of(utterances)
    rows = [i for i, u in enumerate(utterances) if len(readings[u.labels["sentence"]]) > 1]
    part = {p: np.array([k for k, i in enumerate(rows) if utterances[i].labels["split"] == p], int)
            for p in ("train", "dev", "test")}
    empty = [p for p, own in part.items() if not len(own)]
    if empty:
        raise ValueError(f"no clip of a sentence with two readings in: {', '.join(empty)}")
    x = np.asarray(vectors, np.float64)[rows]
    x = (x - x[part["train"]].mean(0)) / (x[part["train"]].std(0) + 1e-8)
    axes = np.linalg.svd(x[part["train"]], full_matrices=False)[2][:DIRECTIONS]
    x = x @ axes.T
    x = np.concatenate([x / (x[part["train"]].std(0) + 1e-8), np.ones((len(x), 1))], 1)  # [n, K + 1]
    most = max(map(len, readings.values()))
    text, number = np.zeros((len(rows), most, GRAMS)), np.zeros((len(rows), most, most))
    truth, there = np.zeros(len(rows), int), np.zeros((len(rows), most), bool)
    for k, i in enumerate(rows):
        sentence = utterances[i].labels["sentence"]
        own = readings[sentence]
        grams = hashed_text(own, GRAMS, (1, 2, 3)).astype(np.float64)
        text[k, : len(own)] = grams - grams.mean(0)
        dealt = np.argsort([crc32(f"{sentence}/{reading}".encode()) for reading in own])
        number[k, dealt, range(len(own))] = 1
        truth[k], there[k, : len(own)] = own.index(utterances[i].labels["reading"]), True

    seen = {"text": (text, np.ones((len(x), 1))), "speech": (number, x), "speech + text": (text, x)}
    found = {}
    for name, (read, heard) in seen.items():
        said = _trained(read, heard, truth, there, part)
        answers = [Answer(utterances[rows[k]].id, utterances[rows[k]].speaker, bool(said[k] == truth[k]),
                          int(there[k].sum())) for k in part["test"]]
        found[name] = score(answers)
    return found


def _trained(read: np.ndarray, heard: np.ndarray, truth: np.ndarray, there: np.ndarray,
             part: dict[str, np.ndarray]) -> np.ndarray:
    """The answer [n] to each clip by the weights whose decay does best on the development part. What speaks
    for a reading is a weighted sum of the products of what is read [n, R, T] and heard [n, K]."""
    import torch

    r, h, y = torch.from_numpy(read), torch.from_numpy(heard), torch.from_numpy(truth)
    away = torch.where(torch.from_numpy(there), 0.0, -torch.inf).double()
    rows, dev = torch.from_numpy(part["train"]), torch.from_numpy(part["dev"])
    taught = r[rows], h[rows], away[rows]

    def logits(weights: torch.Tensor, r: torch.Tensor, h: torch.Tensor, away: torch.Tensor) -> torch.Tensor:
        return (r @ weights @ h.unsqueeze(2)).squeeze(2) + away

    def fit(decay: float) -> torch.Tensor:
        weights = torch.zeros(r.shape[2], h.shape[1], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(logits(weights, *taught), y[rows])
            loss = loss + decay * weights.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        return logits(weights.detach(), r, h, away).argmax(1)

    answers = [fit(decay) for decay in DECAYS]
    best = max(range(len(DECAYS)), key=lambda k: float((answers[k] == y)[dev].double().mean()))
    return answers[best].numpy()
