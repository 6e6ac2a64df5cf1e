"""The cells of an experiment: trained in processes or on a Dask cluster, and scored."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.bench import cluster
from avspeech.bench.plan import Cluster
from avspeech.core import config, pools
from avspeech.data import protocol as protocols
from avspeech.data.manifest import read_manifest
from avspeech.emotion import cells, training
from avspeech.errors import InputError
from avspeech.report import provenance, report

Cells = Sequence[tuple[Path, cells.Cell]]
Job = tuple[str, dict[str, Any], bool]
TRIES = 2  # deaths of a process after which its cell has failed


def train_all(todo: Cells, workers: int, scheduler: str | None, forced: bool = False) -> None:
    """Trains the cells that are not finished, and prints a line for each.

    Args:
        todo: cells and their folders.
        workers: number of processes.
        scheduler: None, or as `kind` of `bench.plan.Cluster`: the address of a Dask scheduler that
            sees the same folders, "local" or "slurm".
        forced: train finished cells too.

    Raises:
        InputError: cells failed; the others were trained all the same.
    """
    from tqdm import tqdm

    for place, _ in todo if forced else ():
        cells.discard(place)
    waiting = [(place, cell) for place, cell in todo if cells.finished(place, cell) is None]
    if len(waiting) < len(todo):
        print(f"{len(todo) - len(waiting)} of {len(todo)} cells were finished before", flush=True)
    pause, failed = 1 if sys.stderr.isatty() else 60, []
    with tqdm(total=len(waiting), desc="cells", unit="cell", mininterval=pause) as bar:
        for folder, answer in _trained(waiting, workers, scheduler):
            bar.update()
            if "error" in answer:
                failed.append(f"{folder}: {answer['error']}")
                bar.write(f"failed: {failed[-1]}")
                continue
            cell = answer["cell"]
            parts = [part for part in ("dev", "test") if answer[part] is not None]
            figures = [*(f"{part} {answer[part]:.1f}" for part in parts),
                       f"{answer['parameters']:,} parameters",
                       f"{answer['cpu_seconds']:.0f} s of CPU"]
            bar.write(f"{cell['name']}/{cell['fold']}-{cell['seed']}: {', '.join(figures)}")
    if failed:
        raise InputError(f"{len(failed)} of {len(todo)} cells failed, the others are finished; "
                         f"the first: {failed[0]}")


def _trained(waiting: Cells, workers: int,
             scheduler: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """(folder, answer of `cells.train_job`) of cells, in the order in which they are finished.

    Those that another process works on come last.
    """
    jobs = [(str(folder.resolve()), config.to_dict(cell), False) for folder, cell in waiting]
    run: Callable[[Sequence[Job]], Iterator[tuple[Job, dict[str, Any]]]]
    with contextlib.ExitStack() as stack:
        if scheduler is not None:
            pool = stack.enter_context(cluster.workers(Cluster(kind=scheduler, workers=workers)))
            run = functools.partial(pool, cells.train_job)
        elif workers <= 1:
            run = _here
        else:
            run = functools.partial(pooled, cells.train_job, workers=workers)
        busy = []
        for job, answer in run(jobs):
            if answer:
                yield job[0], answer
            else:
                busy.append((*job[:2], True))
        if busy:
            print(f"{len(busy)} cells are being trained by another process, waiting for it",
                  flush=True)
        for job, answer in run(busy):
            yield job[0], answer


def _here(jobs: Sequence[Job]) -> Iterator[tuple[Job, dict[str, Any]]]:
    for job in jobs:
        yield job, cells.train_job(job)


def pooled(work: Callable[[Any], dict[str, Any]], jobs: Sequence[Any],
           workers: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Runs jobs in processes. A process that dies takes no other job with it.

    Each worker is a pool of its own, since a pool whose worker dies cannot tell which job that was.

    Args:
        work: a function at the top of a module.
        jobs: what it is given.
        workers: number of processes.

    Yields:
        (job, answer), in the order in which they are finished; {"error": one line} of a job whose
        worker died `TRIES` times.
    """
    waiting = [(job, 1) for job in reversed(jobs)]
    free = [pools.pool(1) for _ in range(min(workers, len(jobs)))]
    running: dict[Future, tuple[ProcessPoolExecutor, Any, int]] = {}
    try:
        while waiting or running:
            while waiting and free:
                pool, (job, attempt) = free.pop(), waiting.pop()
                running[pool.submit(work, job)] = pool, job, attempt
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                pool, job, attempt = running.pop(future)
                try:
                    answer = future.result()
                    free.append(pool)
                except BrokenProcessPool:
                    pool.shutdown()
                    free.append(pools.pool(1))
                    if attempt < TRIES:
                        waiting.insert(0, (job, attempt + 1))
                        continue
                    answer = {"error": f"its process died each of the {TRIES} times that it ran; "
                                       "does it need more memory than there is?"}
                yield job, answer
    finally:
        for pool in [*free, *(pool for pool, _, _ in running.values())]:
            pool.shutdown(wait=False, cancel_futures=True)


def protocol_of(done: Cells) -> protocols.Protocol:
    """The protocol of an experiment, with a hash of its own where the corpus is incomplete."""
    cell = done[0][1]
    return protocols.get(cell.protocol).as_found(read_manifest(cell.manifest))


def learned_by(cell: cells.Cell) -> set[int]:
    """The classes that occur in a cell's training."""
    utterances = read_manifest(cell.manifest)
    wanted = protocols.get(cell.protocol).as_found(utterances)
    held = {g for f in wanted.folds if f.name == cell.fold for g in (*f.test, *f.dev)}
    return {int(wanted.target(u)) for u in wanted.selected(utterances)
            if protocols.group_of(wanted, u) not in held and cells.often(cell, u)}


def folds_of(done: Cells) -> list[str]:
    """The folds that an experiment tests, in order."""
    tested = [cell.fold for _, cell in done if not cell.fold.startswith(cells.ALL_BUT)]
    return list(dict.fromkeys(tested))


def score_all(done: Cells, out: Path) -> None:
    """Writes the measures of each system.

    Args:
        done: the cells of an experiment; those that are not finished have a row without measures.
        out: folder for `<system>.json`: a row for each fold and seed; "pooled", over the folds of a
            seed where none is missing; and "committee", the mean posterior of all such seeds.
    """
    protocol = protocol_of(done)
    classes = len(protocol.classes)
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
                             "absent": _absent(judged.truth, protocol),
                             "dev": record["dev"], "cpu_seconds": record["cpu_seconds"]})
            pooled: dict[str, Any] = {"system": name, "seed": seed, "condition": "pooled"}
            if whole and answers["honest"]:
                together.append(answers["honest"])
                judged = training.judge(answers["honest"], bool(classes))
                pooled |= training.measures(judged, classes) | {"n": len(judged.units)}
                if len(answers["test_oracle"]) == len(answers["honest"]):
                    chosen = training.measures(
                        training.judge(answers["test_oracle"], bool(classes)), classes
                    )
                    pooled |= {f"oracle_{key}": value for key, value in chosen.items()}
            rows.append(pooled)
        if len(together) > 1:
            judged = training.judge(sum(together, []), bool(classes))
            rows.append(
                {
                    "system": name,
                    "seed": None,
                    "condition": "committee",
                    "members": len(together),
                    **training.measures(judged, classes),
                    "n": len(judged.units),
                }
            )
        report.write_results(out / f"{name}.json", rows, {"protocol": protocol.hash,
                                                          "commit": provenance.commit()})


def _absent(truth: np.ndarray, protocol: protocols.Protocol) -> str:
    """The classes that do not occur in a test, which its UAR leaves out."""
    return ", ".join(c for k, c in enumerate(protocol.classes) if k not in truth)


def answers_of(done: Cells, name: str, classification: bool) -> dict[str, Any] | None:
    """The answers of a system to the test units of all folds.

    Args:
        done: the cells of an experiment.
        name: of the system.
        classification: whether answers are classes.

    Returns:
        None where no seed is complete; else units, truth [n], speakers [n], predicted [n, S] of the
        S complete seeds, and committee [n, 1], by their mean posterior.
    """
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
