"""From a config to a plan: which jobs there are, on which utterances, in which folds.

    corpora:                     # by name; what has no source is left out, unless it is made on the spot
      ravdess: {source: /corpora/ravdess}
    tasks: [emotion, gender/ravdess]      # a task on all corpora above that it is bound to, or on one; []
    is all upstreams: {log-mel: {}, mine: {load: "hubert-base=/models/hubert"}} probes: {linear: {}} seeds:
    [0, 1, 2]
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from avspeech.bench import folds as folding
from avspeech.bench import tasks as tasking
from avspeech.bench.folds import Folds, digest
from avspeech.bench.probes import Probe
from avspeech.bench.records import Record, write_bytes
from avspeech.bench.tasks import Task
from avspeech.core import config as configs
from avspeech.data.manifest import Utterance, read_manifest, resolve
from avspeech.errors import InputError


@dataclass
class Corpus:
    """source: the corpus as distributed. manifest, root: a manifest there is already, and what its paths are
    relative to (default: its folder). options: of the corpus' `prepare`. incomplete: go on where it is not
    whole."""

    source: str | None = None
    manifest: str | None = None
    root: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    incomplete: bool = False


@dataclass
class Encoder:
    """load: name or path of the upstream (default: the name it stands under). options: of the upstream."""

    load: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Features:
    """store: folder (default: features/ in the experiment). batch_seconds: sound in a batch; 0 runs each
    utterance alone, so that a feature hangs on its utterance and upstream only, to the last bit."""

    store: str | None = None
    dtype: Literal["float32", "float16"] = "float32"
    batch_seconds: float = 0.0


@dataclass
class Cluster:
    """kind: "local" (processes of Dask here), "slurm", "none" (this process), or the address of a Dask
    scheduler. workers: 0 is one for each CPU. threads: of each worker. slurm: keywords of
    dask_jobqueue.SLURMCluster."""

    kind: str = "local"
    workers: int = 0
    threads: int = 1
    slurm: dict[str, Any] = field(default_factory=dict)


@dataclass
class Config:
    """upstreams, probes: by any name; only: of these upstreams (empty: all). shuffled: upstreams for which
    the control with shuffled labels is run too. cross: test the corpora of tasks that say so on each other.
    skip_unreadable: leave out sounds that cannot be read, and say so in each cell, instead of failing.
    specs: a folder of further tasks."""

    corpora: dict[str, Corpus] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    upstreams: dict[str, Encoder] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    probes: dict[str, Probe] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0, 1, 2)
    shuffled: tuple[str, ...] = ()
    cross: bool = False
    skip_unreadable: bool = False
    specs: str | None = None
    features: Features = field(default_factory=Features)
    cluster: Cluster = field(default_factory=Cluster)

    def __post_init__(self) -> None:
        # Empty by default: a default entry could not be taken away, since dicts are merged.
        self.probes = self.probes or {"linear": Probe()}
        for key in ("only", "shuffled"):
            strange = [name for name in getattr(self, key) if name not in self.upstreams]
            if strange:
                raise ValueError(f"{key}: '{strange[0]}' is not among the upstreams: "
                                 f"{', '.join(self.upstreams) or 'there are none'}")
        if self.only:
            self.upstreams = {name: self.upstreams[name] for name in self.only}
            self.shuffled = tuple(name for name in self.shuffled if name in self.only)
        if not self.seeds:
            raise ValueError("seeds: at least one is needed")


@dataclass(frozen=True)
class Job:
    """What is trained as one problem: all folds and seeds of these."""

    task: str
    corpus: str
    upstream: str
    probe: str
    control: str = ""
    test_corpus: str = ""

    @property
    def key(self) -> dict[str, str]:
        return {"task": self.task, "corpus": self.corpus, "upstream": self.upstream, "probe": self.probe,
                "control": self.control, "test_corpus": self.test_corpus}

    def __str__(self) -> str:
        where = f"{self.task} on {self.corpus}"
        where += f" tested on {self.test_corpus}" if self.test_corpus else ""
        return f"{where}, {self.upstream}, {self.probe}" + (f", {self.control}" if self.control else "")


@dataclass(frozen=True)
class Sound:
    """The part of a file that is an utterance: absolute path; seconds."""

    path: str
    start: float
    duration: float


@dataclass
class Plan:
    """tasks: by name. folds: by (task, corpus, test corpus). sounds: by corpus and utterance id. skipped: a
    line for each corpus without a source. broken: (task, corpus, reason) of what cannot be resolved."""

    jobs: list[Job]
    tasks: dict[str, Task]
    folds: dict[tuple[str, str, str], Folds]
    sounds: dict[str, dict[str, Sound]]
    skipped: list[str] = field(default_factory=list)
    broken: list[tuple[str, str, str]] = field(default_factory=list)

    def folds_of(self, job: Job) -> Folds:
        return self.folds[job.task, job.corpus, job.test_corpus]

    def corpora_of(self, job: Job) -> list[str]:
        return [job.corpus, job.test_corpus] if job.test_corpus else [job.corpus]

    def cells(self, seeds: Sequence[int]) -> list[Record]:
        """The KEY of every cell, sorted; what cannot be resolved counts as one, of fold "*" and seed -1."""
        cells = [{**job.key, "fold": fold.name, "seed": seed} for job in self.jobs
                 for fold in self.folds_of(job).folds for seed in seeds]
        cells += [{**Job(task, corpus, "", "").key, "fold": "*", "seed": -1}
                  for task, corpus, _ in self.broken]
        return sorted(cells, key=lambda c: tuple(c.values()))


def prepare(cfg: Config, exp: Path) -> dict[str, Path]:
    """Writes the manifests of the corpora that have a source, or need none; their folders by name. What was
    prepared with the same settings is kept. Safe with several at once."""
    from avspeech.data import corpora

    examples = {"corpora": "corpora.ravdess.source=/path/to/ravdess", "upstreams": "upstreams.log-mel={}"}
    for key, example in examples.items():
        if not getattr(cfg, key):
            raise InputError(f"{key}: empty; name one, for example {example}")
    folders = {}
    for name, corpus in cfg.corpora.items():
        if corpus.manifest or (corpus.source is None and _needs_source(name)):
            continue
        folder = exp / "data" / name
        marker, settings = folder / "prepared.json", json.dumps(configs.to_dict(corpus), sort_keys=True)
        with held(folder / ".preparing"):
            if not marker.is_file() or marker.read_text(encoding="utf-8") != settings:
                marker.unlink(missing_ok=True)
                options = dict(corpus.options) | ({"incomplete": True} if corpus.incomplete else {})
                corpora.prepare(name, corpus.source, folder, **options)
                write_bytes(marker, settings.encode())
        folders[name] = folder
    return folders


def make(cfg: Config, exp: Path) -> Plan:
    """The plan. Raises InputError for names that are not known and where nothing is left to do."""
    specs = {name: tasking.load(name) for name in tasking.names()}
    if cfg.specs:
        specs |= {name: tasking.load(name, cfg.specs) for name in tasking.names(cfg.specs)}
    utterances, sounds, skipped = _utterances(cfg, exp)
    plan = Plan([], specs, {}, sounds, skipped)
    bound = _bound(cfg, specs, list(utterances))
    for name, corpus in bound:
        try:
            plan.folds[name, corpus, ""] = folding.resolve(specs[name], corpus, utterances[corpus],
                                                           cfg.corpora[corpus].incomplete)
        except InputError as error:
            plan.broken.append((name, corpus, str(error)))
    if cfg.cross:
        for name, corpus in bound:
            for other in [c for n, c in bound if n == name and c != corpus and specs[n].cross]:
                if (name, corpus, "") in plan.folds and (name, other, "") in plan.folds:
                    found = folding.across(plan.folds[name, corpus, ""], plan.folds[name, other, ""])
                    if found is not None:
                        plan.folds[name, corpus, other] = found
    for (name, corpus, other), upstream, probe in itertools.product(plan.folds, cfg.upstreams, cfg.probes):
        plan.jobs.append(Job(name, corpus, upstream, probe, "", other))
        if upstream in cfg.shuffled and not other:
            plan.jobs.append(Job(name, corpus, upstream, probe, "shuffled"))
    if not plan.jobs and not plan.broken:
        raise InputError("nothing to do: no corpus has a source; "
                         f"{'; '.join(skipped) or 'no task is bound to the corpora'}")
    return plan


def _needs_source(name: str) -> bool:
    from avspeech.data import corpora

    return hasattr(corpora.get(name), "ABOUT")


def _utterances(cfg: Config, exp: Path) -> tuple[dict[str, list[Utterance]], dict[str, dict[str, Sound]],
                                                 list[str]]:
    """Utterances and sounds of the corpora that are there, and a line for each that is not."""
    from avspeech.data.corpora import layout

    found: dict[str, list[Utterance]] = {}
    sounds: dict[str, dict[str, Sound]] = {}
    skipped = []
    for name, corpus in cfg.corpora.items():
        folder = exp / "data" / name
        if corpus.manifest:
            manifests = [Path(corpus.manifest)]
            root = Path(corpus.root or manifests[0].parent)
        elif corpus.source is None and _needs_source(name):
            skipped.append(f"{name}: no source given (corpora.{name}.source)")
            continue
        else:
            whole = folder / "all.jsonl"
            manifests = [whole] if whole.is_file() else [
                p for part in ("train", "dev", "test") if (p := folder / f"{part}.jsonl").is_file()]
            if not manifests:
                raise InputError(f"{folder}: no manifest in it; prepare the corpora first")
            root = layout.root_of(folder)
        utterances = [u for path in manifests for u in read_manifest(path)]
        if corpus.root:
            root = Path(corpus.root)
        found[name] = utterances
        sounds[name] = {u.id: Sound(str(resolve(root, u.audio)), u.start, u.duration) for u in utterances}
    return found, sounds, skipped


def _bound(cfg: Config, specs: dict[str, Task], there: list[str]) -> list[tuple[str, str]]:
    """(task, corpus) of what was asked for and is there."""
    found = []
    for asked in cfg.tasks or sorted(specs):
        name, _, corpus = asked.partition("/")
        if name not in specs:
            raise InputError(f"tasks: '{name}' is not known; known: {', '.join(sorted(specs))}")
        if corpus and corpus not in specs[name].corpora:
            raise InputError(f"tasks: {name} is not bound to '{corpus}'; bound: "
                             f"{', '.join(specs[name].corpora)}; specs/{name}.yaml binds it")
        if corpus and corpus not in cfg.corpora:
            raise InputError(f"tasks: '{asked}' needs corpus {corpus}; give corpora.{corpus}.source")
        found += [(name, c) for c in ([corpus] if corpus else specs[name].corpora) if c in there]
    return list(dict.fromkeys(found))


@contextmanager
def held(path: Path, wait: bool = True) -> Iterator[bool]:
    """Holds a lock that ends with the process, killed or not; False where another process has it and `wait`
    is off. (POSIX record locks: they work on local disks and on NFS with its lock service.)"""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def job_name(job: Job, plan: Plan, cfg: Config, identity: str, files: str, code: str) -> str:
    """The name of a job's files: it changes with all that its numbers depend on."""
    folds, task = plan.folds_of(job), plan.tasks[job.task]
    parts = [job.key, folds.protocol_hash, files, identity, cfg.features.dtype,
             cfg.features.batch_seconds, configs.to_dict(cfg.probes[job.probe]), cfg.seeds, task.metrics,
             task.kind, cfg.skip_unreadable, code]
    plain = "-".join(v for v in job.key.values() if v)
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in plain)
    return f"{safe[:120]}-{digest(parts)}"


def files_hash(folds: Folds, keys: dict[str, str]) -> str:
    """Over ids, targets and sounds, and who is in which part."""
    return digest([[[i, t, keys[i]] for i, t in zip(folds.ids, folds.targets)],
                   [[f.name, f.train, f.dev, f.test] for f in folds.folds]])


def with_options(cfg: Config, cluster: str | None = None, workers: int | None = None) -> Config:
    """The config with what the command line says of the cluster."""
    changed = replace(cfg.cluster, kind=cluster or cfg.cluster.kind,
                      workers=cfg.cluster.workers if workers is None else workers)
    return replace(cfg, cluster=changed)


def store_of(cfg: Config, exp: Path) -> Path:
    return Path(os.path.abspath(cfg.features.store or exp / "features"))
