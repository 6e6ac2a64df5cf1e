"""The statistics of a sweep: scores with intervals, comparisons of upstreams, ranks over tasks.

A score is the metric of the task on the test predictions of all folds pooled, so that each
utterance counts once and a class that is absent in one fold does no harm. It is taken for each
seed, then averaged over seeds. Its interval is a percentile bootstrap over speakers. The mean and
spread of the metrics of single folds are given beside it. A score that lacks any planned cell is
missing (NaN), with the reasons, and enters no mean, rank or test.

All bootstraps of one test set draw the same speakers in the same order, so the difference of two
upstreams' draws is a paired bootstrap.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from avspeech.bench import records
from avspeech.data.labels import canonical
from avspeech.errors import InputError

Array = NDArray[np.float64]
LOWER_IS_BETTER = {"mae"}


@dataclass(frozen=True)
class Score:
    """One job over its folds and seeds."""

    task: str
    corpus: str
    upstream: str
    probe: str
    control: str
    test_corpus: str
    kind: str = ""
    term: str = ""
    metric: str = ""
    classes: tuple[str, ...] = ()
    value: float = math.nan  # of `metric`; NaN where cells are missing
    low: float = math.nan  # of the interval
    high: float = math.nan
    by_seed: tuple[float, ...] = ()
    seed_std: float = math.nan  # over n - 1; NaN for one seed
    fold_mean: float = math.nan  # of the cells' own metrics
    fold_std: float = math.nan
    measures: dict[str, float] = field(default_factory=dict)  # every metric of the task, pooled
    recalls: tuple[float, ...] = ()  # [K], of a classification
    confusion: tuple[tuple[float, ...], ...] = ()  # [K, K] counts, averaged over seeds
    weights: tuple[float, ...] = ()  # [L], the mean weight of each layer
    folds: int = 0  # with results
    folds_planned: int = 0
    seeds: int = 0
    utterances: int = 0
    speakers: int = 0
    protocol: str = ""
    protocol_hash: str = ""
    gaps: tuple[str, ...] = ()  # what is not as the protocol counts it, of an incomplete corpus
    seen: bool = False  # the upstream was trained on the corpus that is tested
    unlabelled: int = 0  # utterances left out for want of a label that counts
    missing: tuple[str, ...] = ()  # "fold, seed: reason"
    test_set: str = ""  # hash of ids and truth
    # of the bootstrap
    draws: Array = field(default_factory=lambda: np.empty(0), repr=False, compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        return (self.task, self.corpus, self.upstream, self.probe, self.control, self.test_corpus)

    @property
    def chance(self) -> float:
        """The score of guessing: 1 / K for UAR, 0 for CCC, NaN for WAR and WF1.

        The last two depend on the shares of the classes.
        """
        return {"uar": 1 / max(len(self.classes), 1), "ccc": 0.0}.get(self.metric, math.nan)


def scores(exp: str | Path, results: records.Results | None = None, samples: int = 1000,
           seed: int = 0, level: float = 0.95) -> list[Score]:
    """A Score for every planned job, in the order of the plan's keys.

    Args:
        exp: the experiment folder, whose predictions are read.
        results: of `records.read`; default: read here.
        samples, seed, level: of the bootstrap.

    Raises:
        InputError: there are no results, or the predictions of an existing cell are missing.
    """
    results = results or records.read(exp)
    jobs: dict[tuple[Any, ...], list[records.Record]] = {}
    gaps: dict[tuple[Any, ...], list[str]] = {}
    planned: dict[tuple[Any, ...], set[Any]] = {}
    for record in results.cells:
        jobs.setdefault(_job(record), []).append(record)
    reasons = {records.key(record): str(record.get("reason", "")) for record in results.missing}
    there = {records.key(cell) for cell in results.cells}
    for record in [*results.planned, *results.missing, *results.cells]:
        planned.setdefault(_job(record), set()).add(record["fold"])
        if records.key(record) not in there:
            reason = reasons.get(records.key(record), "not run")
            line = f"fold {record['fold']}, seed {record['seed']}: {reason}"
            gaps.setdefault(_job(record), [])
            if line not in gaps[_job(record)]:
                gaps[_job(record)].append(line)
    return [_score(Path(exp), key, jobs.get(key, []), gaps.get(key, []), len(planned[key]),
                   samples, seed, level) for key in sorted({*jobs, *gaps})]


def _job(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in records.JOB_KEY)


def _score(exp: Path, key: tuple[Any, ...], cells: list[records.Record], gaps: list[str],
           planned: int, samples: int, seed: int, level: float) -> Score:
    named = dict(zip(records.JOB_KEY, key))
    if not cells:
        return Score(**named, missing=tuple(gaps), folds_planned=planned)
    first = cells[0]
    metric, classes = first["metric"], tuple(first["classes"])
    common = dict(kind=first["kind"], term=first.get("term", ""), metric=metric, classes=classes,
                  folds=len({c["fold"] for c in cells}), folds_planned=planned,
                  seeds=len({c["seed"] for c in cells}), protocol=first.get("protocol", ""),
                  protocol_hash=first.get("protocol_hash", ""),
                  gaps=tuple(first.get("gaps", ())), seen=bool(first.get("seen")),
                  unlabelled=first.get("unlabelled", 0),
                  missing=tuple(gaps))
    undefined = [f"fold {c['fold']}, seed {c['seed']}: {metric} is undefined" for c in cells
                 if c["metrics"].get(metric) is None]
    if gaps:
        return Score(**named, **common)
    sums, test_set, speakers, utterances = _sums(exp, cells, len(classes))
    pooled = sums.sum(1)  # [seeds, ...]
    by_seed = measure(metric, pooled, len(classes))
    mean = {name: float(measure(name, pooled, len(classes)).mean()) for name in first["metrics"]}
    draws = np.empty(0)
    low = high = math.nan
    if len(speakers) > 1 and np.isfinite(by_seed).all():
        draws = _draws(metric, sums, len(classes), samples, seed)
        low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2])
    own = [c["metrics"][metric] for c in cells if c["metrics"].get(metric) is not None]
    weights = [c["layer_weights"] for c in cells if c.get("layer_weights")]
    table = pooled.mean(0) if classes else None
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls = () if table is None else tuple((np.diag(table) / table.sum(1)).tolist())
    fold_mean = float(np.mean(own)) if len(own) == len(cells) else math.nan
    return Score(
        **named, **{**common, "missing": tuple(undefined) if np.isnan(by_seed).any() else ()},
        value=float(by_seed.mean()), by_seed=tuple(by_seed.tolist()), seed_std=_std(by_seed),
        low=float(low), high=float(high), fold_mean=fold_mean, fold_std=_fold_std(cells, metric),
        measures=mean, recalls=recalls,
        confusion=() if table is None else tuple(tuple(row) for row in table.tolist()),
        weights=tuple(np.mean(weights, 0).tolist()) if len(weights) == len(cells) else (),
        utterances=utterances, speakers=len(speakers), test_set=test_set, draws=draws)


def _std(values: Array) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _fold_std(cells: list[records.Record], metric: str) -> float:
    """The standard deviation between folds, each averaged over its seeds."""
    folds: dict[Any, list[float]] = {}
    for cell in cells:
        value = cell["metrics"].get(metric)
        folds.setdefault(cell["fold"], []).append(math.nan if value is None else value)
    return _std(np.array([np.mean(values) for values in folds.values()]))


def _sums(exp: Path, cells: list[records.Record],
          classes: int) -> tuple[Array, str, list[str], int]:
    """Sums over the predictions of a job.

    Returns:
        Sums [seeds, speakers, ...] that add up to what `measure` takes; the hash of the test set;
            the speakers; the number of utterances of one seed.
    """
    wanted = {(c["predictions"], c["fold"], c["seed"]) for c in cells}
    found: dict[Any, list[records.Record]] = {}
    seen = set()
    for path in sorted({c["predictions"] for c in cells}):
        for line in records.lines(exp / path):
            if (path, line["fold"], line["seed"]) in wanted:
                seen.add((path, line["fold"], line["seed"]))
                found.setdefault(line["seed"], []).append(line)
    if wanted - seen:
        path, fold, seed = min(wanted - seen, key=str)
        raise InputError(f"{exp / path}: no predictions of fold {fold}, seed {seed}, which "
                         f"{records.RESULTS} has; run the sweep again")
    lines = {seed: sorted(rows, key=lambda r: (str(r["id"]), str(r["fold"])))
             for seed, rows in found.items()}
    hashes = set()
    for rows in lines.values():
        tested = repr([(r["id"], r["truth"]) for r in rows])
        hashes.add(hashlib.sha256(tested.encode()).hexdigest())
    if len(hashes) > 1:
        raise InputError(f"{exp / cells[0]['predictions']}: seeds are not of the same test "
                         "utterances; run the sweep again")
    speakers = sorted({str(r["speaker"]) for rows in lines.values() for r in rows})
    index = {name: i for i, name in enumerate(speakers)}
    some = next(iter(lines.values()))
    center = 0.0 if classes else float(np.mean([r["truth"] for r in some]))
    shape = (classes, classes) if classes else (7,)
    out = np.zeros((len(lines), len(speakers), *shape))
    for table, (_, rows) in zip(out, sorted(lines.items(), key=lambda item: str(item[0]))):
        who = np.array([index[str(r["speaker"])] for r in rows])
        truth = np.array([r["truth"] for r in rows])
        said = np.array([r["predicted"] for r in rows])
        if classes:
            np.add.at(table, (who, truth.astype(int), said.astype(int)), 1)
        else:
            # A joint shift changes neither measure, and keeps digits
            t, p = truth - center, said - center
            terms = [np.ones_like(t), t, p, t * t, p * p, t * p, np.abs(t - p)]
            np.add.at(table, who, np.stack(terms, 1))
    return out, hashes.pop(), speakers, len({str(r["id"]) for r in some})


def measure(name: str, sums: Array, classes: int) -> Array:
    """A metric, as in `avspeech.report.metrics`, from sums over utterances.

    Args:
        name: "uar", "war", "wf1", "ccc" or "mae"; the last two, of classes, are of their numbers.
        sums: counts [..., K, K] whose row is the true class; with classes 0, [..., 7], the sums of
            1, t, p, t^2, p^2, t p and |t - p| over truths t and predictions p.
        classes: K, or 0 for a regression.

    Returns:
        [...]; NaN where the metric is undefined.

    Raises:
        ValueError: the metric is not known.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        if name in ("ccc", "mae"):
            n, t, p, tt, pp, tp, off = np.moveaxis(_moments(sums) if classes else sums, -1, 0)
            if name == "mae":
                return np.asarray(off / n)
            mean_t, mean_p = t / n, p / n
            spread = tt / n - mean_t**2 + pp / n - mean_p**2 + (mean_t - mean_p) ** 2
            shared = 2 * (tp / n - mean_t * mean_p)
            return np.asarray(np.where(spread > 1e-12, shared / spread, np.nan))
        counts, hits = sums.sum(-1), np.diagonal(sums, axis1=-2, axis2=-1)
        if name == "uar":
            return np.asarray(np.nanmean(np.where(counts > 0, hits / counts, np.nan), -1))
        if name == "war":
            return np.asarray(hits.sum(-1) / counts.sum(-1))
        if name == "wf1":
            f1 = 2 * hits / np.maximum(counts + sums.sum(-2), 1)
            return np.asarray((f1 * counts).sum(-1) / counts.sum(-1))
    raise ValueError(f"metric '{name}' is not known")


def _moments(table: Array) -> Array:
    """The seven sums [..., 7] of `measure`, from counts [..., K, K] of classes."""
    k = np.arange(table.shape[-1], dtype=float)
    t, p = np.meshgrid(k, k, indexing="ij")
    terms = [np.ones_like(t), t, p, t * t, p * p, t * p, np.abs(t - p)]
    return np.stack([(table * term).sum((-2, -1)) for term in terms], -1)


def _draws(metric: str, sums: Array, classes: int, samples: int, seed: int) -> Array:
    """The score of each resample, [samples]."""
    speakers = sums.shape[1]
    rng = np.random.default_rng(seed)
    counts = np.stack([np.bincount(rng.integers(0, speakers, speakers), minlength=speakers)
                       for _ in range(samples)]).astype(float)
    drawn = np.einsum("rs,ts...->rt...", counts, sums)
    return np.asarray(measure(metric, drawn, classes).mean(1))


class Difference(NamedTuple):
    """The metric of b less that of a (b is higher above 0), its interval, and a two-sided p."""

    value: float
    low: float
    high: float
    p: float


def paired(a: Score, b: Score, level: float = 0.95) -> Difference | None:
    """The paired bootstrap, by speaker, of two scores on the same test utterances.

    Args:
        a, b: of `scores`.
        level: of the interval.

    Returns:
        b less a; None where either score is missing.

    Raises:
        ValueError: the test sets, the metrics or the bootstraps are not the same.
    """
    if math.isnan(a.value) or math.isnan(b.value) or not len(a.draws) or not len(b.draws):
        return None
    if a.test_set != b.test_set or a.metric != b.metric or len(a.draws) != len(b.draws):
        raise ValueError(f"{a.key} and {b.key} were not tested on the same utterances by the same "
                         "metric")
    apart = b.draws - a.draws
    apart = apart[np.isfinite(apart)]
    low, high = np.quantile(apart, [(1 - level) / 2, (1 + level) / 2])
    tail = min((apart <= 0).sum(), (apart >= 0).sum())
    return Difference(b.value - a.value, float(low), float(high),
                      min(2 * (tail + 1) / (len(apart) + 1), 1.0))


def holm(values: Sequence[float]) -> list[float]:
    """The p values, corrected for their number (Holm 1979)."""
    order = np.argsort(values, kind="stable")
    out, highest = [0.0] * len(values), 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - place) * values[i]))
        out[i] = highest
    return out


@dataclass(frozen=True)
class Ranking:
    """Average ranks over tasks, the Friedman test, and the critical difference of Nemenyi.

    Rank 1 is best, and ties share a rank. `left_out` names the tasks that lack an upstream, with
    that upstream. `statistic`, `p` and `critical_difference` are NaN with fewer than 3 upstreams or
    2 tasks. Each of `groups` is a longest run of upstreams, in order of rank, that do not differ.
    """

    upstreams: tuple[str, ...]
    ranks: tuple[float, ...]
    tasks: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    statistic: float = math.nan
    p: float = math.nan
    critical_difference: float = math.nan
    alpha: float = 0.05
    groups: tuple[tuple[str, ...], ...] = ()


def ranking(values: Mapping[str, Mapping[str, float]], upstreams: Sequence[str],
            alpha: float = 0.05, lower_is_better: Sequence[str] = ()) -> Ranking:
    """Ranks of `upstreams` over tasks, of `values` by task and upstream (Demšar, JMLR 2006).

    Only tasks with a value for every upstream count: the others are left out and named. In the
    tasks of `lower_is_better` the lowest value has rank 1.
    """
    from scipy.stats import friedmanchisquare, rankdata

    tasks, left = [], []
    for task, row in values.items():
        lacking = [u for u in upstreams if not math.isfinite(row.get(u, math.nan))]
        if lacking:
            left.append(f"{task} (no {', '.join(lacking)})")
        else:
            tasks.append(task)
    if not tasks or not upstreams:
        return Ranking(tuple(upstreams), (math.nan,) * len(upstreams), (), tuple(left), alpha=alpha)
    signed = []
    for task in tasks:
        sign = 1 if task in lower_is_better else -1
        signed.append([sign * values[task][u] for u in upstreams])
    table = np.array(signed)
    ranks = rankdata(table, axis=1).mean(0)
    order = np.argsort(ranks, kind="stable")
    names, ranks = [upstreams[i] for i in order], ranks[order]
    k, n = len(upstreams), len(tasks)
    statistic = p = gap = math.nan
    if k >= 3 and n >= 2:
        if (table == table[:, :1]).all():
            statistic, p = 0.0, 1.0  # all tie on each task: SciPy divides by zero here
        else:
            statistic, p = friedmanchisquare(*table.T)
        gap = _quantile(alpha, k) / math.sqrt(2) * math.sqrt(k * (k + 1) / (6 * n))
    groups: list[tuple[str, ...]] = []
    for i in range(k):
        run = [name for name, rank in zip(names[i:], ranks[i:]) if rank - ranks[i] < gap]
        if len(run) > 1 and not (groups and set(run) <= set(groups[-1])):
            groups.append(tuple(run))
    return Ranking(tuple(names), tuple(ranks.tolist()), tuple(tasks), tuple(left), float(statistic),
                   float(p), gap, alpha, tuple(groups))


@cache
def _quantile(alpha: float, k: int) -> float:
    """A quantile of the studentized range of k means at known variance; it takes a second."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(1 - alpha, k, np.inf))


@dataclass(frozen=True)
class Cost:
    """The cost of one upstream.

    Seconds of compute and bytes of stored features are for an hour of audio, NaN where none was
    measured.
    """

    upstream: str
    parameters: int
    layers: int
    dim: int
    frame_rate: float
    seconds_per_hour: float
    bytes_per_hour: float


def costs(results: records.Results) -> dict[str, Cost]:
    """The Cost of each upstream, over the corpora whose features were made."""
    out = {}
    for name in dict.fromkeys(str(r["upstream"]) for r in results.costs):
        rows = [r for r in results.costs if r["upstream"] == name]
        timed = [r for r in rows if (r.get("compute_seconds") or 0) > 0
                 and (r.get("audio_seconds") or 0) > 0]
        hours = sum(r["audio_seconds"] for r in timed) / 3600
        stored = [r for r in rows if (r.get("bytes") or 0) > 0
                  and (r.get("audio_seconds") or 0) > 0]
        kept = sum(r["audio_seconds"] for r in stored) / 3600
        out[name] = Cost(
            name, int(rows[0].get("parameters") or 0), int(rows[0].get("layers") or 0),
            int(rows[0].get("dim") or 0), float(rows[0].get("frame_rate") or 0),
            sum(r["compute_seconds"] for r in timed) / hours if hours else math.nan,
            sum(r["bytes"] for r in stored) / kept if kept else math.nan)
    return out


def cross_corpus(
    found: Sequence[Score],
) -> dict[tuple[str, str, str], dict[tuple[str, str], Score]]:
    """Results across corpora, all on the same classes.

    The diagonal, a corpus within its own folds, is the score on the classes that it shares with the
    others; it is the corpus' own score only where that has the same classes. Controls are left out.

    Args:
        found: of `scores`.

    Returns:
        By (task, upstream, probe): the Score of each (training corpus, test corpus).
    """
    out: dict[tuple[str, str, str], dict[tuple[str, str], Score]] = {}
    plain: dict[tuple[str, str, str], list[Score]] = {}
    for s in found:
        if s.control:
            continue
        key = (s.task, s.upstream, s.probe)
        if s.test_corpus:
            out.setdefault(key, {})[s.corpus, s.test_corpus] = s
        else:
            plain.setdefault(key, []).append(s)
    for key, table in out.items():
        kinds = {_names(s) for s in table.values() if s.metric}
        corpora = {name for pair in table for name in pair}
        for s in plain.get(key, []):
            place = (s.corpus, s.corpus)
            if s.corpus in corpora and place not in table and (_names(s) in kinds or not s.metric):
                table[place] = s
    crossed = {}
    for key, table in out.items():
        if any(a != b for a, b in table):
            crossed[key] = table
    return crossed


def _names(score: Score) -> frozenset[str]:
    return frozenset(map(canonical, score.classes))
