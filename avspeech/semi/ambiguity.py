"""DEBATE (`data.corpora.debate`): which reading of an ambiguous sentence does a speaker mean?

With an audio language model, which gets a clip and the possible readings and answers with one:

    rows = ask(Endpoint("http://localhost:8000/v1", "a-model"), utterances, root)
    score(rows).accuracy, score(rows).chance

With probes of any upstream, which are trained on the speakers and sentences of the split "train",
with their weight decay chosen on "dev", and tested on "test":

    scores = probe(embed(upstreams.load("whisper-base"), utterances, root), utterances)
    scores["speech + text"].accuracy

The baseline is what either answers without the sound (`sound=False`, "text"): all readings of a
sentence are equally frequent, so it cannot be better than chance.
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

GRAMS = 128  # features of a reading: its hashed runs of one to three characters
DIRECTIONS = 32  # principal components of the sound that the probes get
DECAYS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


@dataclass(frozen=True)
class Answer:
    """The answer to one clip."""

    id: str
    speaker: str
    right: bool | None  # None: the answer named no reading, or several
    readings: int  # of the sentence


@dataclass(frozen=True)
class Score:
    """The score of a set of answers."""

    accuracy: float  # share of correct answers; no answer counts as wrong
    chance: float  # expected accuracy of guessing
    unanswered: int  # clips without a usable answer
    clips: int


def readings_of(utterances: Sequence[Utterance]) -> dict[str, list[str]]:
    """The readings of each sentence.

    Args:
        utterances: of DEBATE.

    Returns:
        {sentence: readings}, sorted, so that their order does not give the answer away.
    """
    found: dict[str, set[str]] = {}
    for u in utterances:
        found.setdefault(u.labels["sentence"], set()).add(u.labels["reading"])
    return {sentence: sorted(own) for sentence, own in found.items()}


def ask(plug: Plug, utterances: Sequence[Utterance], root: str | Path, sound: bool = True,
        part: str = "") -> list[Answer]:
    """Asks a language model about clips.

    Args:
        plug: the language model.
        utterances: of DEBATE.
        root: folder of the corpus.
        sound: give the model the clip; False: the text alone, as a baseline.
        part: "train", "dev" or "test"; "": all clips, also those in no part.

    Returns:
        The answer to each clip of that part whose sentence has at least two readings.
    """
    from tqdm import tqdm

    readings = readings_of(utterances)
    chosen = [u for u in utterances if len(readings[u.labels["sentence"]]) > 1
              and part in ("", u.labels["split"])]
    rows = []
    for u in tqdm(chosen, "asking", unit="clip", disable=None):
        own = readings[u.labels["sentence"]]
        answer = plug(u.id, debate.prompt(u.labels["sentence"], own),
                      resolve(root, u.audio) if sound else None)
        named = choice(answer, own)
        right = None if named is None else own[named] == u.labels["reading"]
        rows.append(Answer(u.id, u.speaker, right, len(own)))
    return rows


def score(rows: Sequence[Answer]) -> Score:
    """The accuracy of answers, and the chance level.

    Args:
        rows: of `ask`.

    Raises:
        ValueError: there are no answers.
    """
    if not rows:
        raise ValueError("no clip of a sentence with two readings")
    chance = sum(1 / r.readings for r in rows) / len(rows)
    return Score(sum(r.right is True for r in rows) / len(rows), chance,
                 sum(r.right is None for r in rows), len(rows))


def embed(upstream: Any, utterances: Sequence[Utterance], root: str | Path) -> np.ndarray:
    """Embeds utterances by an upstream of the bench.

    Args:
        upstream: the loaded upstream.
        utterances: of DEBATE.
        root: folder of the corpus.

    Returns:
        [n, D]: the mean over frames and layers for each utterance.
    """
    from tqdm import tqdm

    from avspeech.bench.jobs import features, read_sound

    rows = []
    for u in tqdm(utterances, "features", unit="clip", disable=None):
        wave = read_sound(str(resolve(root, u.audio)), u.start, u.duration, upstream.sample_rate)
        rows.append(features(upstream, [wave], "mean")[0].mean(0))
    return np.stack(rows)


def probe(vectors: np.ndarray, utterances: Sequence[Utterance]) -> dict[str, Score]:
    """Trains linear probes, a softmax over the readings of a sentence, and tests them.

    The probe "text" gets the readings. The probe "speech" gets the sound and an arbitrary number
    for each reading, which says nothing about other sentences. The probe "speech + text" gets the
    products of both, so it can learn how the sound relates to the reading.

    Args:
        vectors: [n, D], one for each utterance.
        utterances: of DEBATE.

    Returns:
        {probe: score on the test clips}.

    Raises:
        ValueError: a part of the split has no clip of a sentence with two readings.
    """
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
    # A constant feature is the bias: [n, K + 1].
    x = np.concatenate([x / (x[part["train"]].std(0) + 1e-8), np.ones((len(x), 1))], 1)
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
        predicted = _trained(read, heard, truth, there, part)
        answers = []
        for k in part["test"]:
            u = utterances[rows[k]]
            right = bool(predicted[k] == truth[k])
            answers.append(Answer(u.id, u.speaker, right, int(there[k].sum())))
        found[name] = score(answers)
    return found


def _trained(read: np.ndarray, heard: np.ndarray, truth: np.ndarray, there: np.ndarray,
             part: dict[str, np.ndarray]) -> np.ndarray:
    """The answer [n] to each clip, by the weights whose decay is best on the development part. The
    logit of a reading is a weighted sum of the products of text features [n, R, T] and sound
    features [n, K].
    """
    import torch

    r, h, y = torch.from_numpy(read), torch.from_numpy(heard), torch.from_numpy(truth)
    away = torch.where(torch.from_numpy(there), 0.0, -torch.inf).double()
    rows, dev = torch.from_numpy(part["train"]), torch.from_numpy(part["dev"])
    training = r[rows], h[rows], away[rows]

    def logits(weights: torch.Tensor, r: torch.Tensor, h: torch.Tensor,
               away: torch.Tensor) -> torch.Tensor:
        return (r @ weights @ h.unsqueeze(2)).squeeze(2) + away

    def fit(decay: float) -> torch.Tensor:
        weights = torch.zeros(r.shape[2], h.shape[1], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(logits(weights, *training), y[rows])
            loss = loss + decay * weights.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        return logits(weights.detach(), r, h, away).argmax(1)

    answers = [fit(decay) for decay in DECAYS]
    best = max(range(len(DECAYS)), key=lambda k: float((answers[k] == y)[dev].double().mean()))
    return answers[best].numpy()
