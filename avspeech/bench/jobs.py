"""The work of a worker: it describes an upstream, computes features, or trains the probes of a job.

Requests and answers are plain dicts, since they travel between processes. An answer with "error"
(one line) is a failure; the sweep reports it and goes on, and its traceback is in EXP/errors/. An
answer with "busy" says that another sweep is working on the same piece.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import json
import math
import platform
import socket
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.bench.folds import PARTS, Fold, digest
from avspeech.bench.records import write_lines
from avspeech.bench.sounds import batches, check_content, features, identity, read_sound
from avspeech.bench.store import Shelf, fits
from avspeech.core import sources
from avspeech.core.storage import lock, write_atomically
from avspeech.errors import InputError

if TYPE_CHECKING:
    from avspeech.bench.probes import Chosen

Request = Mapping[str, Any]
Answer = dict[str, Any]

DEFINITIONS = {
    "uar": "mean recall of the classes that occur in the test data",
    "war": "share of right answers",
    "wf1": "F1 of each class, weighted by its count in the test data",
    "ccc": "concordance correlation coefficient, population variances",
    "mae": "mean absolute error, in the units of the label",
}


def guarded(work: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    """`work` with failures turned into answers: one failure must not stop the rest of a sweep."""

    @functools.wraps(work)
    def run(request: Request) -> Answer:
        import torch

        torch.set_num_threads(max(1, int(request.get("threads", 1))))
        try:
            return work(request)
        except InputError as error:
            return {"error": str(error)}
        except Exception as error:
            text = " ".join(str(error).split()) or "no message"
            where = Path(request["exp"]) / "errors" / f"{work.__name__}-{time.time_ns():x}.txt"
            wanted = json.dumps(dict(request), default=str)[:2000]
            write_atomically(where, f"{wanted}\n\n{traceback.format_exc()}".encode())
            return {"error": f"{type(error).__name__}: {text[:300]} (traceback in "
                             f"errors/{where.name})"}

    return run


@functools.lru_cache(maxsize=1)
def _upstream(load: str, options: str) -> Any:
    from avspeech.bench import upstreams

    return upstreams.load(load, **json.loads(options))


def open_upstream(request: Request) -> Any:
    """The upstream that a request names; the last one stays loaded."""
    return _upstream(request["load"], json.dumps(request["options"], sort_keys=True))


def _same_upstream(request: Request) -> Any:
    """The upstream of a request; InputError if it is not the one that the sweep has described."""
    for _ in range(2):
        upstream = open_upstream(request)
        if identity(upstream, request["batch_seconds"]) == request["identity"]:
            return upstream
        _upstream.cache_clear()  # loaded before its files changed
    raise InputError(f"upstream {request['upstream']}: not the same here as when the sweep began; "
                     "its files, the code or a package's version differ; run it again")


@guarded
def describe(request: Request) -> Answer:
    """The sizes of an upstream, and its seconds of compute for a second of sound (3 s of noise)."""
    import torch

    _upstream.cache_clear()  # its files may have changed
    upstream = open_upstream(request)
    noise = 0.1 * torch.randn(1, 3 * upstream.sample_rate,
                              generator=torch.Generator().manual_seed(0))
    upstream(noise[:, :upstream.sample_rate])
    began = time.perf_counter()
    hidden, _ = upstream(noise)
    seconds = time.perf_counter() - began
    if hidden.ndim != 4:
        raise InputError(f"upstream {request['upstream']}: gives shape {list(hidden.shape)}; "
                         "[L, B, T, D] is expected")
    if not torch.isfinite(hidden).all():
        raise InputError(f"upstream {request['upstream']}: gives values that are not finite, of 3 "
                         "s of noise")
    return {"identity": identity(upstream, request["batch_seconds"]),
            "layers": int(hidden.shape[0]), "dim": int(hidden.shape[3]),
            "frame_rate": float(upstream.frame_rate), "parameters": int(upstream.parameters),
            "load": seconds / 3, "seen": list(getattr(upstream, "seen", ()))}


@guarded
def extract(request: Request) -> Answer:
    """Computes and stores the features that are not there yet, as one shard.

    Args:
        request: "items" are (key, id, path, start, duration) of the sounds.

    Returns:
        "made": how many; "unreadable": {id: reason} of sounds that could not be used.
    """
    items = request["items"]
    shelf = Shelf(request["store"], request["identity"], request["pooling"], request["dtype"])
    claim = Path(request["store"]) / "claims" / f"{shelf.folder.parent.name}-{items[0][0]}"
    with lock(claim, wait=False) as mine:
        if not mine:
            return {"busy": True}
        shelf.scan()
        items = [item for item in items if item[0] not in shelf]
        if not items:
            return {"made": 0, "unreadable": {}}
        upstream, began = _same_upstream(request), time.perf_counter()
        made: dict[str, np.ndarray] = {}
        unreadable: dict[str, str] = {}
        for batch in batches(items, request["batch_seconds"]):
            waves = {}
            for key, name, path, start, duration in batch:
                try:
                    wave = read_sound(path, start, duration, upstream.sample_rate)
                    check_content(path, start, duration, key)
                    waves[key] = wave
                except InputError as error:
                    unreadable[name] = str(error)
            given = features(upstream, list(waves.values()), request["pooling"]) if waves else []
            of = {key: name for key, name, *_ in batch}
            for key, feature in zip(waves, given):
                if fits(feature, request["dtype"]):
                    made[key] = feature
                else:
                    unreadable[of[key]] = (f"upstream {request['upstream']} gives values that are "
                                           f"not finite as {request['dtype']}")
        seconds = time.perf_counter() - began
        if made:
            audio = sum(item[4] for item in items if item[0] in made)
            path = shelf.write(made)
            write_atomically(path.with_suffix(".json"), json.dumps({
                "corpus": request["corpus"], "utterances": len(made),
                "audio_seconds": round(audio, 3),
                "compute_seconds": round(seconds, 3), "host": socket.gethostname()}).encode())
        return {"made": len(made), "unreadable": unreadable}


@guarded
def probe(request: Request) -> Answer:
    """Trains the probes of a job and writes its predictions, then its cells, unless they exist."""
    exp, name = Path(request["exp"]), request["job"]
    cells = exp / "cells" / f"{name}.jsonl"
    with lock(exp / "claims" / name, wait=False) as mine:
        if cells.is_file():
            return {"done": True}
        if not mine:
            return {"busy": True}
        began = time.perf_counter()
        records, predictions, runs = _probe(request)
        seconds = time.perf_counter() - began
        write_lines(exp / "predictions" / f"{name}.jsonl", predictions)
        write_atomically(exp / "timings" / f"{name}.json", json.dumps(
            request["key"] | {"seconds": round(seconds, 3), "runs": runs,
                              "host": socket.gethostname()},
            sort_keys=True).encode())
        write_lines(cells, records)  # last: this file marks the job as done
        return {"done": True}


def _probe(request: Request) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """The cells, the predictions, and the number of runs of a job.

    The cell of a fold that cannot be trained has a "reason" in place of a result.
    """
    from avspeech.bench.probes import Frames, Pooled, Probe, train

    task = json.loads(Path(request["folds"]).read_text(encoding="utf-8"))
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v
                              for k, v in request["probe"].items()}
    settings = Probe(**values)
    shelf = Shelf(request["store"], request["identity"], settings.pooling, request["dtype"])
    keys, missing = task["keys"], set(shelf.missing(task["keys"]))
    left_out = sorted(i for i, key in zip(task["ids"], keys) if key in missing)
    if left_out and not request["skip_unreadable"]:
        name = next((i for i in left_out if i in request["unreadable"]), left_out[0])
        raise InputError(f"{len(left_out):,} of {len(keys):,} sounds have no features, such as "
                         f"{name} ({request['unreadable'].get(name, 'no reason known')}); mend "
                         "them, or leave them out with skip_unreadable=true")
    kept = [i for i, key in enumerate(keys) if key not in missing]
    place = {old: new for new, old in enumerate(kept)}
    ids = [task["ids"][i] for i in kept]
    groups = [task["groups"][i] for i in kept]
    targets = [task["targets"][i] for i in kept]
    arrays = shelf.read([keys[i] for i in kept])
    source: Any = Pooled(np.stack(arrays)) if settings.pooling == "mean" else Frames(arrays)

    classes, sound = task["classes"], [keys[i] for i in kept]
    records: list[dict[str, Any]] = []
    folds = []
    for f in task["folds"]:
        parts = (tuple(place[i] for i in f[part] if i in place) for part in PARTS)
        fold = Fold(f["name"], *parts)
        reason = _unfit(fold, targets, classes, ids, sound)
        if reason:
            records += [request["key"] | {"fold": fold.name, "seed": seed, "reason": reason}
                        for seed in request["seeds"]]
        else:
            folds.append(fold)
    chosen = train(source, targets, folds, request["seeds"], request["kind"], len(classes),
                   settings, request["metrics"][0],
                   request["key"]["control"] == "shuffled") if folds else []
    by_name = {f.name: f for f in folds}
    predictions: list[dict[str, Any]] = []
    for c in chosen:
        fold = by_name[c.fold]
        records.append(_cell(request, task, c, fold, targets, groups) | {"left_out": left_out})
        predictions += _predictions(request, c, fold, targets, groups, ids)
    return records, predictions, len(chosen) * len(settings.lrs)


def _cell(request: Request, task: Mapping[str, Any], chosen: Chosen, fold: Fold,
          targets: Sequence[float], groups: Sequence[str]) -> dict[str, Any]:
    """The record of the probe that was chosen in a fold.

    Args:
        request: of the job.
        task: the content of its file of folds.
        chosen: the probe.
        fold: the numbers of its utterances.
        targets, groups: of each utterance.
    """
    classes, kind, metrics = task["classes"], request["kind"], request["metrics"]
    counts, absent = {}, {}
    for part in PARTS:
        members = getattr(fold, part)
        counts[part] = {"utterances": len(members), "speakers": len({groups[i] for i in members})}
        known = {targets[i] for i in members}
        absent[part] = [name for k, name in enumerate(classes) if k not in known]
    truth = [targets[i] for i in fold.test]
    return request["key"] | {
        "fold": chosen.fold, "seed": chosen.seed, "kind": kind, "term": request["term"],
        "label": request["label"], "classes": classes, "metric": metrics[0],
        "metrics": _measures(metrics, truth, chosen.predicted, len(classes)),
        "dev": {metrics[0]: _number(chosen.dev)},
        "metric_definition": {m: DEFINITIONS[m] for m in metrics},
        "lr": chosen.lr, "epoch": chosen.epoch,
        "lr_scores": [[lr, _number(s)] for lr, s in chosen.scores],
        "layer_weights": [_number(w) for w in chosen.layer_weights],
        "counts": counts, "absent": {part: absent[part] for part in ("dev", "test")},
        "unlabelled": task["unlabelled"], "gaps": task["gaps"], "seen": request["seen"],
        "predictions": f"predictions/{request['job']}.jsonl",
        "protocol": task["protocol"], "protocol_hash": task["protocol_hash"],
        "files_hash": task["files_hash"], "upstream_identity": request["identity"],
        "probe_settings": request["probe"], "versions": versions(), "job": request["job"]}


def _predictions(request: Request, chosen: Chosen, fold: Fold, targets: Sequence[float],
                 groups: Sequence[str], ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A line for each test utterance of a fold, in the order of their names.

    Args:
        request: of the job.
        chosen: the probe.
        fold: the numbers of its utterances.
        targets, groups, ids: of each utterance.
    """
    whole = request["kind"] != "regression"  # targets are the numbers of classes
    for n in sorted(range(len(fold.test)), key=lambda n: ids[fold.test[n]]):
        i = fold.test[n]
        line = {"fold": chosen.fold, "seed": chosen.seed, "id": ids[i], "speaker": groups[i],
                "truth": int(targets[i]) if whole else targets[i],
                "predicted": int(chosen.predicted[n]) if whole else _number(chosen.predicted[n])}
        if request["kind"] == "classification":
            line["scores"] = [round(float(v), 4) for v in chosen.output[n]]
        yield line


def _unfit(fold: Fold, targets: Sequence[float], classes: Sequence[str], ids: Sequence[str],
           sounds: Sequence[str]) -> str | None:
    """The reason why nothing can be learned or measured in a fold, or None."""
    for part in PARTS:
        if not getattr(fold, part):
            return f"fold {fold.name}: no utterance in {part}"
    there = {targets[i] for i in fold.train}
    absent = [name for k, name in enumerate(classes) if k not in there]
    if absent:
        return (f"fold {fold.name}: no training utterance of class {', '.join(absent)}; merge or "
                "drop the class, or take another protocol")
    if not classes and len(there) < 2:
        return f"fold {fold.name}: all training targets are {targets[fold.train[0]]:g}"
    where: dict[str, tuple[str, str]] = {}
    for part in PARTS:
        for i in getattr(fold, part):
            other, twin = where.setdefault(sounds[i], (part, ids[i]))
            if other != part:
                return f"fold {fold.name}: the same sound in {other} and {part}: {twin} = {ids[i]}"
    return None


def _measures(names: Sequence[str], truth: Sequence[float], said: np.ndarray,
              classes: int) -> dict[str, Any]:
    from avspeech.report import metrics

    one = [int(t) for t in truth] if classes else truth
    other = said.astype(int) if classes else said
    return {name: _number(getattr(metrics, name)(one, other, classes)
                          if name in ("uar", "war", "wf1")
                          else getattr(metrics, name)(truth, said)) for name in names}


def _number(value: Any) -> float | None:
    """A value rounded to 6 significant digits, since the rest is noise; None where not finite."""
    value = float(value)
    return float(f"{value:.6g}") if math.isfinite(value) else None


@functools.cache
def versions() -> dict[str, str]:
    """Versions of avspeech, Python, torch and NumPy."""
    from avspeech.version import __version__

    found = {"avspeech": __version__, "python": platform.python_version()}
    return found | {name: importlib.metadata.version(name) for name in ("torch", "numpy")}


# The code that turns features into numbers. Not everything that these files import belongs to it:
# the reader of a corpus, for instance, has its effect through the utterances that it gives
NUMBERS = ("bench/jobs.py", "bench/probes.py", "bench/store.py", "report/metrics.py")


def code() -> str:
    """Digest of the code and packages that turn features into numbers; a change runs jobs again."""
    found = sources.code_of(folds_record)  # of this file and all that it imports
    return digest([[found[name] for name in NUMBERS],
                   [versions()[name] for name in ("torch", "numpy")]])


def folds_record(folds: Any, keys: Sequence[str], files_hash: str) -> dict[str, Any]:
    """A `Folds` with the keys of its sounds, as a file for workers."""
    return dataclasses.asdict(folds) | {"keys": list(keys), "files_hash": files_hash}
