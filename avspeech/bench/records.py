"""The files that a sweep leaves in its folder (JSONL, one record on each line), and their reader.

    results = read("exp/full")
    for cell in results.cells:
        print(cell["task"], cell["upstream"], cell["metrics"])
    results.missing       # planned cells without a result: never average over these in silence

`results.jsonl` holds one cell on each line, sorted by `KEY`. The same plan gives the same bytes; no
times are in it. The fields of a cell:

    KEY, which cell it is:
      task, corpus, upstream, probe
      control            "", or "shuffled": labels of training and development were shuffled, so
                         that the score has to be at chance
      test_corpus        "" for the corpus' own test split; another corpus, on which probes of this
                         one were tested; or the corpus itself: its own test split on the
                         classes that it shares with the other corpora
      fold, seed
    the task:
      kind, term, label  as in specs/<task>.yaml
      classes            names, in the order of their numbers; [] for regression
      metric             the metric that counts
      metric_definition  {"uar": "one line", ...}
    the result:
      metrics            {"uar": 0.61, ...} on test; null: undefined
      dev                {metric: value} on the development split
      lr, epoch          chosen by `dev` (of equals: the smaller, the earlier)
      lr_scores          [[lr, dev score], ...] of the whole grid
      layer_weights      [L], after the softmax
    the data:
      counts             {"train": {"utterances": 960, "speakers": 16}, "dev": ..., "test": ...}
      absent             {"dev": [...], "test": [...]}: classes without an utterance there
      left_out           ids of unreadable sounds, which were left out (skip_unreadable=true only)
      unlabelled         how many utterances were left out for want of a label that counts
      gaps               what is not as the protocol counts it (with incomplete=true or most)
      seen               whether the upstream was trained on the corpus that is tested
    what the result was made of:
      protocol, protocol_hash    name; digest of classes, gaps, and who is in which part of a fold
      files_hash                 digest of ids, labels and sounds of train, dev and test
      upstream_identity          digest of the upstream and of the code that reads sound
      probe_settings, versions
      job                        name of the job's files in cells/ and predictions/
      predictions                path below the experiment folder; `predictions(exp, cell)` reads it

A prediction is a line for each utterance of the test split: fold, seed, id, speaker, truth,
predicted (numbers of classes, or values for regression) and, for classification, scores [K] (log
posteriors, 4 decimals).

The other files:

    plan.jsonl       KEY of every planned cell, sorted
    missing.jsonl    KEY and "reason" of every planned cell without a result
    notes.jsonl      "note": what was left out, is incomplete, or cannot be compared
    timings.jsonl    for each job: KEY without fold and seed; seconds, runs, host
    costs.jsonl      for each upstream and corpus: upstream, corpus, pooling, dtype, identity,
                     parameters, layers, dim, frame_rate, utterances, audio_seconds,
                     compute_seconds (for these utterances, when their features were made), bytes,
                     and hits and misses of the store in the last run
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from avspeech.core.storage import write_atomically
from avspeech.data.manifest import read_jsonl
from avspeech.errors import InputError

JOB_KEY = ("task", "corpus", "upstream", "probe", "control", "test_corpus")
KEY = (*JOB_KEY, "fold", "seed")
RESULTS, PLAN, MISSING = "results.jsonl", "plan.jsonl", "missing.jsonl"
TIMINGS, COSTS, NOTES = "timings.jsonl", "costs.jsonl", "notes.jsonl"

Record = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """The records of an experiment folder, as described above."""

    cells: list[Record]
    planned: list[Record]  # KEY of each planned cell
    missing: list[Record]  # KEY and reason
    timings: list[Record] = field(default_factory=list)
    costs: list[Record] = field(default_factory=list)
    notes: list[Record] = field(default_factory=list)


def key(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """The KEY of a cell, by which cells are sorted."""
    return tuple(record[name] for name in KEY)


def read(exp: str | Path) -> Results:
    """The results in an experiment folder. Raises InputError where there are none, or where they
    are of other data or contradict each other."""
    exp = Path(exp)
    if not (exp / RESULTS).is_file():
        raise InputError(f"{exp}: no {RESULTS} in it; run the sweep first (avspeech bench run)")
    found = Results(*(lines(exp / name)
                      for name in (RESULTS, PLAN, MISSING, TIMINGS, COSTS, NOTES)))
    return replace(found, cells=_joined(found.cells, exp / RESULTS))


def _joined(cells: list[Record], path: Path) -> list[Record]:
    """The cells, each once, as files of several machines may be put together. Raises InputError
    where they do not belong together."""
    once: dict[tuple[Any, ...], Record] = {}
    for cell in cells:
        if once.setdefault(key(cell), cell) != cell:
            named = ", ".join(map(str, filter(None, key(cell))))
            raise InputError(f"{path}: two results of {named}; keep one of them")
    heard: dict[tuple[str, ...], Record] = {}
    for cell in once.values():
        place = (cell["task"], cell["corpus"], cell["test_corpus"])
        other = heard.setdefault(place, cell)
        if other["files_hash"] != cell["files_hash"]:
            raise InputError(f"{path}: {cell['task']} on {cell['corpus']}: {other['upstream']} and "
                             f"{cell['upstream']} were measured on other sounds, labels or "
                             "speakers, and cannot be compared; measure both on the same")
    return list(once.values())


def predictions(exp: str | Path, cell: Mapping[str, Any]) -> list[Record]:
    """The predictions of one cell, in order of id."""
    return [r for r in lines(Path(exp) / cell["predictions"])
            if r["fold"] == cell["fold"] and r["seed"] == cell["seed"]]


def lines(path: str | Path) -> list[Record]:
    """The records of a JSONL file; none if there is no such file."""
    return [record for _, record in read_jsonl(path)] if Path(path).is_file() else []


def write_lines(path: str | Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Writes one record on each line, with sorted keys, atomically."""
    text = "".join(json.dumps(r, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"
                   for r in records)
    write_atomically(path, text.encode())
