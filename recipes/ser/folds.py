"""All cells of an experiment: trained side by side, in processes or on a Dask cluster, and scored."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import config, processes
from avspeech.data import protocol as protocols
from avspeech.emotion import cells, training
from avspeech.errors import InputError
from avspeech.report import report

Cells = Sequence[tuple[Path, cells.Cell]]


def train_all(todo: Cells, workers: int, scheduler: str | None, forced: bool = False) -> None:
    """Trains every cell that is not finished, or for `forced` every cell. One line for each; Ctrl-C leaves
    what is done as it is."""
    from tqdm import tqdm

    for folder, _ in todo if forced else ():
        cells.discard(folder)
    waiting = [(folder, cell) for folder, cell in todo if cells.finished(folder, cell) is None]
    if len(waiting) < len(todo):
        print(f"{len(todo) - len(waiting)} of {len(todo)} cells were finished before", flush=True)
    pause = 1 if sys.stderr.isatty() else 60
    with tqdm(total=len(waiting), desc="cells", unit="cell", mininterval=pause) as bar:
        for record in _trained(waiting, workers, scheduler):
            cell = record["cell"]
            scores = [f"{part} {record[part]:.1f}" for part in ("dev", "test") if record[part] is not None]
            bar.write(f"{cell['name']}/{cell['fold']}-{cell['seed']}: " + ", ".join(
                [*scores, f"{record['parameters']:,} parameters", f"{record['cpu_seconds']:.0f} s of CPU"]))
            bar.update()


def _trained(waiting: Cells, workers: int, scheduler: str | None) -> Iterator[dict[str, Any]]:
    jobs = [(str(folder), config.to_dict(cell)) for folder, cell in waiting]
    if scheduler is not None:
        try:
            from distributed import Client
            from distributed import as_completed as dask_as_completed
        except ImportError:
            raise InputError("scheduler: needs Dask; pip install 'avspeech[dist]', or leave it out") from None
        with Client(scheduler) as client:
            absolute = [(str(Path(folder).resolve()), values) for folder, values in jobs]
            futures = [client.submit(cells.train_cell, *job, pure=False) for job in absolute]
            for future in dask_as_completed(futures):
                yield future.result()
    elif workers <= 1 or len(jobs) <= 1:
        for job in jobs:
            yield cells.train_cell(*job)
    else:
        pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=processes.end_with_parent)
        try:
            for done in as_completed([pool.submit(cells.train_cell, *job) for job in jobs]):
                yield done.result()
        finally:  # not `with`: leaving that would train all that is waiting, after an error too
            pool.shutdown(cancel_futures=True)


def score_all(done: Cells, out: Path, protocol: str) -> None:
    """`out/<system>.json`: measures of each fold and seed, "pooled" over the folds where none is missing, and
    of the "committee" of all such seeds, by their mean posterior."""
    classes = len(protocols.get(protocol).classes)
    for name in dict.fromkeys(cell.name for _, cell in done):
        rows, together = [], []
        for seed in dict.fromkeys(cell.seed for _, cell in done if cell.name == name):
            answers: dict[str, list[dict[str, Any]]] = {"honest": [], "test_oracle": []}
            mine = [(f, c) for f, c in done if (c.name, c.seed) == (name, seed)
                    and not c.fold.startswith(cells.ALL_BUT)]
            whole = True
            for folder, cell in mine:
                record = cells.finished(folder, cell)
                row: dict[str, Any] = {"system": name, "seed": seed, "condition": cell.fold}
                if record is None:
                    whole = False
                    rows.append(row)
                    continue
                for kind, file in (("honest", "test.jsonl"), ("test_oracle", "oracle.jsonl")):
                    if (folder / file).exists():
                        answers[kind] += training.read_records(folder / file)
                judged = training.judge(training.read_records(folder / "test.jsonl"), bool(classes))
                rows.append({**row, **training.measures(judged, classes), "n": len(judged.units),
                             "dev": record["dev"], "cpu_seconds": record["cpu_seconds"]})
            pooled: dict[str, Any] = {"system": name, "seed": seed, "condition": "pooled"}
            if whole and answers["honest"]:
                together.append(answers["honest"])
                judged = training.judge(answers["honest"], bool(classes))
                pooled |= training.measures(judged, classes) | {"n": len(judged.units)}
                if len(answers["test_oracle"]) == len(answers["honest"]):
                    chosen = training.measures(training.judge(answers["test_oracle"], bool(classes)), classes)
                    pooled |= {f"oracle_{key}": value for key, value in chosen.items()}
            rows.append(pooled)
        if len(together) > 1:
            judged = training.judge(sum(together, []), bool(classes))
            rows.append({"system": name, "seed": None, "condition": "committee", "members": len(together),
                         **training.measures(judged, classes), "n": len(judged.units)})
        report.write_results(out / f"{name}.json", rows, {"protocol": protocols.get(protocol).hash,
                                                          "commit": report.commit()})


def answers_of(done: Cells, name: str, classification: bool) -> dict[str, Any] | None:
    """Of a system, the units of all folds with truth [n], speakers [n] and predictions [n, S] of its complete
    seeds, and the "committee"'s [n, 1], by their mean posterior; None where no seed is complete."""
    columns: list[np.ndarray] = []
    every: list[dict[str, Any]] = []
    first = None
    for seed in dict.fromkeys(cell.seed for _, cell in done if cell.name == name):
        mine = [(f, c) for f, c in done if (c.name, c.seed) == (name, seed)
                and not c.fold.startswith(cells.ALL_BUT)]
        if not mine or any(cells.finished(f, c) is None for f, c in mine):
            continue
        records = [r for f, _ in mine for r in training.read_records(f / "test.jsonl")]
        every += records
        judged = training.judge(records, classification)
        first = first or judged
        columns.append(judged.predicted)
    if first is None:
        return None
    return {"units": first.units, "truth": first.truth, "speakers": first.speakers,
            "predicted": np.stack(columns, 1),
            "committee": training.judge(every, classification).predicted[:, None]}
