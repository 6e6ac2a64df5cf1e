"""What a sweep leaves: one JSONL line a cell, and how to read it.

    results = read("exp/full")
    for cell in results.cells: print(cell["task"], cell["upstream"], cell["metrics"])
    results.missing       # planned and not there: never average over these in silence

A cell (`results.jsonl`, sorted by `KEY`, the same bytes for the same plan; no times in it):

    task corpus upstream probe control test_corpus fold seed     what it is (KEY)
        control: "" or "shuffled" (labels of training and development shuffled: has to be at chance)
        test_corpus: "" for the corpus' own test split, else the corpus that a probe of this one was tested on
    kind term label classes      of the task; classes: [] for regression metric metrics dev           the
    metric that counts; {"uar": 0.61, ...} on test, and on dev. null: undefined metric_definition
    {"uar": "one line", ...} lr epoch                     chosen on dev (ties: the smaller, the earlier)
    lr_scores                    [[lr, dev score], ...] of the whole grid layer_weights                [L]
    after the softmax counts                       {"train": {"utterances": 960, "speakers": 16}, "dev":
    ..., "test": ...} absent                       {"dev": [...], "test": [...]} classes without an
    utterance there left_out                     ids of unreadable files left out (empty unless that was
    asked for) predictions                  path below the experiment folder; `predictions(exp, cell)` reads
    it protocol protocol_hash       name, and digest of classes and of who is in which part of each fold
    files_hash                   ids, labels and audio content of train, dev, test upstream_identity
    probe_settings versions job                          name of its files in cells/ and predictions/

A prediction (one line an utterance of the test split): fold, seed, id, speaker, truth, predicted (class
numbers, or values for regression) and, for classification, scores [K] (log posteriors, 4 decimals).

Beside it: `plan.jsonl` (KEY of every planned cell, sorted), `missing.jsonl` (KEY and "reason"),
`timings.jsonl` (a line a job: KEY without fold and seed; seconds, runs, host), and `costs.jsonl` (a line an
upstream and corpus: upstream, corpus, pooling, dtype, identity, parameters, layers, dim, frame_rate,
utterances, audio_seconds, compute_seconds of these utterances when they were made, bytes, hits, misses: the
last two of the last run).
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avspeech.data.manifest import read_jsonl
from avspeech.errors import InputError

JOB_KEY = ("task", "corpus", "upstream", "probe", "control", "test_corpus")
KEY = (*JOB_KEY, "fold", "seed")
RESULTS, PLAN, MISSING = "results.jsonl", "plan.jsonl", "missing.jsonl"
TIMINGS, COSTS = "timings.jsonl", "costs.jsonl"

Record = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """cells: as above; planned: their KEYs; missing: KEY and reason; timings, costs: as above."""

    cells: list[Record]
    planned: list[Record]
    missing: list[Record]
    timings: list[Record] = field(default_factory=list)
    costs: list[Record] = field(default_factory=list)


def key(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a cell is, and its place in the order."""
    return tuple(record[name] for name in KEY)


def read(exp: str | Path) -> Results:
    """The results in an experiment folder. Raises InputError where there are none."""
    exp = Path(exp)
    if not (exp / RESULTS).is_file():
        raise InputError(f"{exp}: no {RESULTS} in it; run the sweep first (avspeech bench run)")
    return Results(*(lines(exp / name) for name in (RESULTS, PLAN, MISSING, TIMINGS, COSTS)))


def predictions(exp: str | Path, cell: Mapping[str, Any]) -> list[Record]:
    """The predictions of one cell, in order of id."""
    return [r for r in lines(Path(exp) / cell["predictions"])
            if r["fold"] == cell["fold"] and r["seed"] == cell["seed"]]


def lines(path: str | Path) -> list[Record]:
    """The records of a JSONL file; none where it is not there."""
    return [record for _, record in read_jsonl(path)] if Path(path).is_file() else []


def write_lines(path: str | Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Writes records one a line, keys sorted, atomically."""
    text = "".join(json.dumps(r, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n" for r in records)
    write_bytes(path, text.encode())


def write_bytes(path: str | Path, data: bytes) -> None:
    """Writes a file aside and renames it: whole or not there. Several writers of one path do not meet."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with open(aside, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
