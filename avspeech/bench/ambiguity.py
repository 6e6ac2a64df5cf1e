"""DEBATE by an audio language model: it hears a clip, is shown the readings the sentence may have, and
answers with one (`data.corpora.debate`).

    rows = ask(Endpoint("http://localhost:8000/v1", "a-model"), utterances, root)
    score(rows).accuracy, score(rows).chance

What it answers without the sound (`sound=False`) is the text-only baseline: all readings of a sentence are
equally many, so it can be no better than chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.bench.language import Plug, choice
from avspeech.data.corpora import debate
from avspeech.data.manifest import Utterance, resolve


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


def ask(plug: Plug, utterances: Sequence[Utterance], root: str | Path, sound: bool = True,
        part: str = "") -> list[Answer]:
    """The answers on those utterances (of a split `part`, "" for all, also those in none) whose sentence has
    two readings or more among all of them."""
    from tqdm import tqdm

    readings: dict[str, list[str]] = {}
    for u in sorted(utterances, key=lambda u: u.id):
        own = readings.setdefault(u.labels["sentence"], [])
        if u.labels["reading"] not in own:
            own.append(u.labels["reading"])
    asked = [u for u in utterances if len(readings[u.labels["sentence"]]) > 1
             and part in ("", u.labels["split"])]
    rows = []
    for u in tqdm(asked, "asking", unit="clip", disable=None):
        own = sorted(readings[u.labels["sentence"]])  # the order must not tell
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
