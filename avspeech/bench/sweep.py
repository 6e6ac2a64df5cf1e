"""The sweep: one forward pass for each upstream and corpus, then the probes, then the results file.

    outcome = run(cfg, Path("exp/full"))
    outcome.missing        # what has no result, with the reason; never averaged over

Every piece is named by all that it depends on, written aside and renamed. So a sweep that was
killed goes on where it was, and two sweeps on one folder share the work. A failing piece does not
stop the others. The results file holds nothing that depends on when, where, or in which order
pieces ran.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from avspeech.bench import cluster, jobs, plan, records
from avspeech.bench.plan import Config, Job, Plan
from avspeech.bench.records import Record
from avspeech.bench.store import SHARD, Shelf, content_keys
from avspeech.core import config as configs
from avspeech.core.storage import lock, sweep, write_atomically
from avspeech.errors import InputError

Say = Callable[[str], None]
# (upstream, corpus) -> utterance id -> why there are no features of it
Unreadable = dict[tuple[str, str], dict[str, str]]
Keys = dict[tuple[str, str], str]  # (corpus, utterance id) -> key in the feature store


@dataclass
class Outcome:
    """The results of a sweep."""

    cells: list[Record]  # results
    missing: list[Record]  # KEY and reason of each planned cell without a result
    hits: int = 0  # features found in the store
    misses: int = 0  # features computed
    seconds: dict[str, float] = field(default_factory=dict)  # by step

    def summary(self) -> list[str]:
        """Lines on the missing cells, one for each reason."""
        reasons = Counter(m["reason"] for m in self.missing)
        return [f"{count:,} cells missing: {reason}" for reason, count in reasons.items()]


def run(cfg: Config, exp: Path, say: Say = print) -> Outcome:
    """Prepares the corpora, computes features, trains probes and writes the results.

    Args:
        cfg: the config.
        exp: the experiment folder.
        say: receives lines for the user.

    Returns:
        The outcome; pieces that failed are in its `missing`.

    Raises:
        InputError: nothing can be run, for instance as a corpus is not there.
    """
    exp = Path(exp).absolute()
    exp.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    for place in {exp, plan.store_of(cfg, exp)}:
        sweep(place)
    plan.prepare(cfg, exp)
    with lock(exp / "plan" / ".lock"):  # another sweep may be writing the same
        made = plan.make(cfg, exp)
        keys = content_keys_of(cfg, exp, made)
    for line in made.notes + [reason for _, _, reason in made.broken]:
        say(line)
    seconds = {"plan": time.monotonic() - began}
    with cluster.workers(cfg.cluster) as pool:
        began = time.monotonic()
        described = _describe(cfg, exp, pool, say)
        named = _names(cfg, made, keys, described)
        waiting = [job for job, name in named.items() if not _cells(exp, name).is_file()]
        say(f"{len(made.cells(cfg.seeds)):,} cells in {len(made.jobs):,} jobs, "
            f"{len(named) - len(waiting):,} of them done before")
        shelves, unreadable = _extract(cfg, exp, made, keys, described, waiting, pool)
        seconds["features"] = time.monotonic() - began
        began = time.monotonic()
        failed = _probe(cfg, exp, made, keys, described, {job: named[job] for job in waiting},
                        unreadable, pool)
        seconds["probes"] = time.monotonic() - began
    for name, answer in described.items():
        if "error" in answer:
            reason = f"upstream {name}: {answer['error']}"
            failed |= {job: reason for job in made.jobs if job.upstream == name}
    outcome = collect(cfg, exp, made, named, failed)
    outcome.seconds = {k: round(v, 2) for k, v in seconds.items()}
    outcome.hits = sum(hits for _, hits, _ in shelves.values())
    outcome.misses = sum(misses for _, _, misses in shelves.values())
    _write_costs(exp, made, described, shelves)
    size = sum(shelf.bytes() for shelf, _, _ in shelves.values())
    taken = ", ".join(f"{name} {value:.1f}" for name, value in outcome.seconds.items())
    say(f"features: {outcome.hits:,} found, {outcome.misses:,} made, {size / 2**20:.1f} MiB; "
        f"seconds: {taken}")
    return outcome


def content_keys_of(cfg: Config, exp: Path, made: Plan) -> Keys:
    """The store's key of each utterance, by (corpus, id)."""
    sounds = {(corpus, name): s for corpus, own in made.sounds.items() for name, s in own.items()}
    parts = {place: (s.path, s.start, s.duration) for place, s in sounds.items()}
    found = content_keys(plan.store_of(cfg, exp), list(parts.values()), progress=True)
    # A file that is not there has no content; by its name it is reported as unreadable later
    return {place: found[part] or f"absent-{'-'.join(place)}" for place, part in parts.items()}


def _request(cfg: Config, exp: Path, upstream: str) -> dict[str, Any]:
    encoder = cfg.upstreams[upstream]
    return {"exp": str(exp), "store": str(plan.store_of(cfg, exp)), "upstream": upstream,
            "load": encoder.load or upstream, "options": encoder.options,
            "dtype": cfg.features.dtype, "batch_seconds": cfg.features.batch_seconds,
            "threads": cfg.cluster.threads}


def _describe(cfg: Config, exp: Path, pool: cluster.Run, say: Say) -> dict[str, dict[str, Any]]:
    """The answer of `jobs.describe` for each upstream, or its error."""
    requests = [_request(cfg, exp, name) for name in cfg.upstreams]
    answers = {request["upstream"]: answer for request, answer in pool(jobs.describe, requests)}
    for name in cfg.upstreams:
        if "error" in answers[name]:
            say(f"upstream {name} fails, the others go on: {answers[name]['error']}")
    return {name: answers[name] for name in cfg.upstreams}


def _names(cfg: Config, made: Plan, keys: Keys, described: dict[str, Any]) -> dict[Job, str]:
    """The names of the files of each job whose upstream works."""
    code = jobs.code()
    files = {place: plan.files_hash(folds, keys) for place, folds in made.folds.items()}
    return {job: plan.job_name(job, made, cfg, described[job.upstream]["identity"],
                               files[job.task, job.corpus, job.test_corpus], code)
            for job in made.jobs if "error" not in described[job.upstream]}


def _cells(exp: Path, name: str) -> Path:
    return exp / "cells" / f"{name}.jsonl"


def _shards(made: Plan, corpus: str, keys: Keys) -> list[list[tuple[str, str, str, float, float]]]:
    """The sounds of a corpus that its tasks need, in shards that depend on these alone."""
    needed = set()
    for folds in made.folds.values():
        needed |= {name for name, own in zip(folds.ids, folds.sources) if own == corpus}
    items = [(keys[corpus, name], name, s.path, s.start, s.duration)
             for name, s in sorted(made.sounds[corpus].items()) if name in needed]
    return [items[i:i + SHARD] for i in range(0, len(items), SHARD)]


def needs(cfg: Config, made: Plan, waiting: Iterable[Job]) -> list[tuple[str, str, str]]:
    """The triples (upstream, corpus, pooling) that jobs read, each once, in order."""
    return list(dict.fromkeys((job.upstream, corpus, cfg.probes[job.probe].pooling)
                              for job in waiting for corpus in made.corpora_of(job)))


def _extract(cfg: Config, exp: Path, made: Plan, keys: Keys, described: dict[str, Any],
             waiting: Sequence[Job], pool: cluster.Run) -> tuple[dict[Any, Any], Unreadable]:
    """Computes the features that the waiting jobs need.

    Returns:
        ({(upstream, corpus): (shelf, hits, misses)}, and the sounds that gave no features).
    """
    shelves: dict[Any, Any] = {}
    requests = []
    for upstream, corpus, pooling in needs(cfg, made, waiting):
        shelf = Shelf(plan.store_of(cfg, exp), described[upstream]["identity"], pooling,
                      cfg.features.dtype)
        shards = _shards(made, corpus, keys)
        misses = sum(item[0] not in shelf for shard in shards for item in shard)
        shelves[upstream, corpus] = (shelf, sum(map(len, shards)) - misses, misses)
        common = _request(cfg, exp, upstream) | {
            "identity": described[upstream]["identity"], "pooling": pooling, "corpus": corpus}
        for shard in shards:
            if shelf.missing(item[0] for item in shard):
                requests.append(common | {"items": shard})
    unreadable: Unreadable = {}
    for request, answer in _until_done(jobs.extract, requests, pool, "features", "shard"):
        bad = answer.get("unreadable", {})
        if "error" in answer:
            bad = {item[1]: answer["error"] for item in request["items"]}
        unreadable.setdefault((request["upstream"], request["corpus"]), {}).update(bad)
    return shelves, unreadable


def _probe(cfg: Config, exp: Path, made: Plan, keys: Keys, described: dict[str, Any],
           waiting: dict[Job, str], unreadable: Unreadable, pool: cluster.Run) -> dict[Job, str]:
    """Runs the jobs. Returns the reasons of those that failed."""
    paths = {}
    for place in dict.fromkeys((job.task, job.corpus, job.test_corpus) for job in waiting):
        folds = made.folds[place]
        files = plan.files_hash(folds, keys)
        paths[place] = exp / "plan" / f"{'-'.join(p for p in place if p)}-{files}.json"
        record = jobs.folds_record(folds, plan.keys_of(folds, keys), files)
        write_atomically(paths[place], json.dumps(record).encode())
    requests, by_name = [], {}
    for job, name in waiting.items():
        task = made.tasks[job.task]
        bad = {i: why for corpus in made.corpora_of(job)
               for i, why in unreadable.get((job.upstream, corpus), {}).items()}
        by_name[name] = job
        requests.append(_request(cfg, exp, job.upstream) | {
            "job": name, "key": job.key, "identity": described[job.upstream]["identity"],
            "folds": str(paths[job.task, job.corpus, job.test_corpus]), "kind": task.kind,
            "term": task.term,
            "seen": (job.test_corpus or job.corpus) in described[job.upstream]["seen"],
            "label": task.corpora[job.corpus].label, "metrics": list(task.metrics),
            "probe": configs.to_dict(cfg.probes[job.probe]), "seeds": list(cfg.seeds),
            "skip_unreadable": cfg.skip_unreadable, "unreadable": bad})
    answers = _until_done(jobs.probe, requests, pool, "probes", "job")
    return {by_name[request["job"]]: answer["error"] for request, answer in answers
            if "error" in answer}


def _until_done(work: Any, requests: Sequence[Any], pool: cluster.Run, label: str,
                unit: str) -> Any:
    """Yields (request, answer) of all requests, with a progress bar.

    A piece that another sweep works on is requested again until it is done or that sweep has ended.
    """
    from tqdm import tqdm

    silent = None if len(requests) > 1 else True  # None: where there is no terminal
    with tqdm(total=len(requests), desc=label, unit=unit, disable=silent) as bar:
        while requests:
            busy = []
            for request, answer in pool(work, requests):
                if answer.get("busy"):
                    busy.append(request)
                else:
                    bar.update()
                    yield request, answer
            requests = busy
            if busy:
                time.sleep(0.5)


def collect(cfg: Config, exp: Path, made: Plan, named: dict[Job, str],
            failed: dict[Job, str]) -> Outcome:
    """Writes results, plan, notes, missing and timings from the cells that have results."""
    cells: list[Record] = []
    reasons: dict[tuple[Any, ...], str] = {}
    timings = []
    for name in named.values():
        for record in records.lines(_cells(exp, name)):
            if "reason" in record:
                reasons[records.key(record)] = record["reason"]
            else:
                cells.append(record)
        timings += records.lines(exp / "timings" / f"{name}.json")
    cells.sort(key=records.key)
    planned, have = made.cells(cfg.seeds), {records.key(c) for c in cells}
    broken = {(task, corpus): reason for task, corpus, reason in made.broken}
    why = {tuple(job.key.values()): reason for job, reason in failed.items()}
    missing = []
    for cell in planned:
        place = records.key(cell)
        if place not in have:
            reason = (reasons.get(place) or why.get(place[:len(records.JOB_KEY)])
                      or broken.get((cell["task"], cell["corpus"])) or "not done")
            missing.append(cell | {"reason": reason})
    records.write_lines(exp / records.PLAN, planned)
    records.write_lines(exp / records.MISSING, missing)
    records.write_lines(exp / records.TIMINGS,
                        sorted(timings, key=lambda t: json.dumps(t, sort_keys=True)))
    records.write_lines(exp / records.NOTES, [{"note": note} for note in made.notes])
    records.write_lines(exp / records.RESULTS, cells)
    return Outcome(cells, missing)


def _write_costs(exp: Path, made: Plan, described: dict[str, Any], shelves: dict[Any, Any]) -> None:
    """Writes costs.jsonl; lines of upstreams and corpora that this run did not read are kept."""
    known = {(c["upstream"], c["corpus"], c["pooling"], c["dtype"]): c
             for c in records.lines(exp / records.COSTS)}
    for (upstream, corpus), (shelf, hits, misses) in shelves.items():
        shelf.scan()
        sounds, answer = made.sounds[corpus], described[upstream]
        times = [json.loads(p.read_text(encoding="utf-8"))
                 for p in sorted(shelf.folder.glob("*.json"))]
        own = [t for t in times if t["corpus"] == corpus]
        heard = sum(t["audio_seconds"] for t in own)
        rate = sum(t["compute_seconds"] for t in own) / heard if heard else None
        audio = sum(s.duration for s in sounds.values())
        pooling, dtype = shelf.folder.name.rsplit("-", 1)
        known[upstream, corpus, pooling, dtype] = {
            "upstream": upstream, "corpus": corpus, "pooling": pooling, "dtype": dtype,
            **{name: answer[name] for name in ("identity", "parameters", "layers", "dim",
                                               "frame_rate")},
            "utterances": len(sounds), "audio_seconds": round(audio, 3),
            "compute_seconds": None if rate is None else round(rate * audio, 3),
            "bytes": shelf.bytes(), "hits": hits, "misses": misses}
    records.write_lines(exp / records.COSTS, [known[k] for k in sorted(known)])


def dry_run(cfg: Config, exp: Path) -> list[str]:
    """The lines of the plan and its cost; prepares corpora, tries each upstream on 3 s of noise."""
    exp = Path(exp).absolute()
    plan.prepare(cfg, exp)
    made = plan.make(cfg, exp)
    keys = content_keys_of(cfg, exp, made)
    described = {name: jobs.describe(_request(cfg, exp, name)) for name in cfg.upstreams}
    named = _names(cfg, made, keys, described)
    waiting = [job for job, name in named.items() if not _cells(exp, name).is_file()]
    lines = made.notes + [reason for _, _, reason in made.broken]
    for corpus in made.sounds:
        hours = sum(s.duration for s in made.sounds[corpus].values()) / 3600
        tasks = ", ".join(t for t, c, other in made.folds if c == corpus and not other)
        lines.append(f"corpus {corpus}: {len(made.sounds[corpus]):,} utterances, {hours:.2f} h; "
                     f"{tasks or 'no task'}")
    total = 0.0
    for name, answer in described.items():
        lines.append(f"upstream {name}: " + (f"fails: {answer['error']}" if "error" in answer else
                     f"{answer['parameters']:,} parameters, {answer['layers']} layers of "
                     f"{answer['dim']}, {answer['load']:.3f} s of compute for 1 s of sound (tried "
                     "on 3 s)"))
    for upstream, corpus, pooling in needs(cfg, made, waiting):
        answer = described[upstream]
        shelf = Shelf(plan.store_of(cfg, exp), answer["identity"], pooling, cfg.features.dtype)
        items = [item for shard in _shards(made, corpus, keys) for item in shard]
        absent = [item for item in items if item[0] not in shelf]
        audio = sum(item[4] for item in absent)
        seconds = audio * answer["load"]
        size = answer["layers"] * answer["dim"] * (2 if cfg.features.dtype == "float16" else 4)
        size = int(size * (len(absent) if pooling == "mean" else audio * answer["frame_rate"]))
        total += seconds
        lines.append(f"features {upstream} of {corpus}: {len(items) - len(absent):,} there, "
                     f"{len(absent):,} to make ({audio / 3600:.2f} h, about {_time(seconds)}, "
                     f"{size / 2**20:.1f} MiB)")
    runs = sum(len(made.folds_of(j).folds) * len(cfg.seeds) * len(cfg.probes[j.probe].lrs)
               for j in waiting)
    lines.append(f"{len(made.cells(cfg.seeds)):,} cells in {len(made.jobs):,} jobs, "
                 f"{len(named) - len(waiting):,} of them done before; {runs:,} probes to train")
    lines.append(f"about {_time(total)} of forward passes on one worker, then the probes")
    return lines


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def table(outcome: Outcome) -> list[str]:
    """A table of the mean and spread, over folds and seeds, of the metric that counts.

    It has a line for each task and corpus, and a column for each upstream, probe and control. A
    cell that lacks folds or seeds says how many.
    """
    values: dict[str, dict[str, list[float | None]]] = {}
    for cell in [*outcome.cells, *(m for m in outcome.missing if m["upstream"])]:
        row = f"{cell['task']} on {cell['corpus']}"
        row += f" to {cell['test_corpus']}" if cell["test_corpus"] else ""
        column = " ".join(v for v in (cell["upstream"], cell["probe"], cell["control"]) if v)
        value = cell["metrics"][cell["metric"]] if "metrics" in cell else None
        values.setdefault(row, {}).setdefault(column, []).append(value)
    columns = sorted({c for own in values.values() for c in own})
    rows = [["", *columns]]
    for row, own in sorted(values.items()):
        rows.append([row, *(_text(own.get(c)) for c in columns)])
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for cells in rows:
        lines.append("  ".join(map(str.ljust, cells, widths)).rstrip())
    return lines


def _text(values: list[float | None] | None) -> str:
    if not values:
        return ""
    there = [v for v in values if v is not None]
    if len(there) < len(values):
        return f"missing {len(values) - len(there)} of {len(values)}"
    return f"{mean(there):.3f}" + (f" ± {stdev(there):.3f}" if len(there) > 1 else "")


def report(outcome: Outcome, exp: Path) -> Outcome:
    """Prints the table, writes the leaderboard if there is any result, and prints the paths."""
    from avspeech.bench import leaderboard
    from avspeech.report.provenance import command, commit

    print("\n".join([*table(outcome), *outcome.summary(), f"results: {exp / records.RESULTS}"]))
    made = command(exp)
    meta = {"command": made} if made != "unknown" else {}
    for path in leaderboard.write(exp, meta={**meta, "commit": commit()}) if outcome.cells else []:
        print(path)
    return outcome


def finish(outcome: Outcome) -> None:
    """Raises InputError if cells are missing, so that the exit code is not 0."""
    if outcome.missing:
        total = len(outcome.missing) + len(outcome.cells)
        raise InputError(f"{len(outcome.missing):,} of {total:,} cells have no result "
                         "(missing.jsonl); run it again once that is mended: " +
                         "; ".join(outcome.summary()[:5]))
