"""From a config to a plan: which jobs there are, on which utterances, in which folds.

A config (the fields are described at `Config` below):

    corpora:                          # by name
      ravdess: {source: /corpora/ravdess}
      mini_traits: {}                 # made on the spot, needs no source
    tasks: [emotion, gender/ravdess]  # on all of these corpora that the task is bound to, or on one
    upstreams:
      log-mel: {}
      mine: {load: "hubert-base=/models/hubert"}
    probes:
      linear: {}
    seeds: [0, 1, 2]

A corpus that needs a source and has none is left out, and the plan's notes say so.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from avspeech.bench import folds as folding
from avspeech.bench import tasks as tasking
from avspeech.bench.folds import Folds, digest
from avspeech.bench.probes import Probe
from avspeech.bench.records import Record
from avspeech.bench.store import mark
from avspeech.bench.tasks import Task
from avspeech.core import config as configs
from avspeech.core import ranges, sources
from avspeech.core.storage import lock, write_atomically
from avspeech.data.labels import canonical
from avspeech.data.manifest import Utterance, read_manifest, resolve
from avspeech.errors import InputError, telling


@dataclass
class Corpus:
    """A corpus of a sweep: its source or its prepared files."""

    source: str | None = None  # folder of the corpus as distributed
    manifest: str | None = None  # a manifest that exists already; then source is not used
    root: str | None = None  # what the manifest's paths are relative to (default: its folder)
    options: dict[str, Any] = field(default_factory=dict)  # of the corpus' `prepare`
    incomplete: bool = False  # go on where the corpus is not whole; all results then say so
    # Utterances to keep at most (see `drawn`); 0: all. All results then say so
    most: int = 0

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "most")


@dataclass
class Encoder:
    """An upstream of a sweep: what to load, and its options."""

    load: str = ""  # name or path, as `upstreams.load` takes it (default: its name in the config)
    options: dict[str, Any] = field(default_factory=dict)  # of `upstreams.load`


@dataclass
class Features:
    """How features are computed and stored."""

    store: str | None = None  # folder (default: features/ in the experiment)
    dtype: Literal["float32", "float16"] = "float32"  # float16 halves the store
    # Seconds of sound in a batch. 0 runs each utterance alone; its features then depend on nothing
    # but itself and the upstream, to the last bit.
    batch_seconds: float = 0.0

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "batch_seconds")


@dataclass
class Cluster:
    """Where jobs run."""

    # "local" (Dask processes on this machine), "slurm", "none" (this process), or the address of a
    # Dask scheduler (tcp://...)
    kind: str = "local"
    workers: int = 0  # 0: one for each CPU
    threads: int = 1  # of each worker
    slurm: dict[str, Any] = field(default_factory=dict)  # keywords of dask_jobqueue.SLURMCluster

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "workers")
        ranges.at_least(self, 1, "threads")
        if self.kind not in ("local", "slurm", "none") and "://" not in self.kind:
            raise InputError(f"cluster: '{self.kind}' is not local, slurm, none, or an address "
                             "(tcp://...)")


@dataclass
class Config:
    """What a sweep runs."""

    corpora: dict[str, Corpus] = field(default_factory=dict)  # by name
    tasks: tuple[str, ...] = ()  # "TASK" or "TASK/CORPUS"; empty: all tasks
    upstreams: dict[str, Encoder] = field(default_factory=dict)  # by a name of your choice
    only: tuple[str, ...] = ()  # run these upstreams; empty: all
    # by a name of your choice; empty: linear
    probes: dict[str, Probe] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0, 1, 2)  # each probe is trained with each of them
    shuffled: tuple[str, ...] = ()  # upstreams that also get the control with shuffled labels
    cross: bool = False  # also test the corpora of a task on each other, where the task allows it
    cross_corpora: tuple[str, ...] = ()  # `cross` is limited to these corpora; empty: all
    cross_upstreams: tuple[str, ...] = ()  # and to these upstreams; empty: all
    skip_unreadable: bool = False  # leave out sounds that cannot be read, and say so in each cell
    specs: str | None = None  # a folder of further tasks
    features: Features = field(default_factory=Features)
    cluster: Cluster = field(default_factory=Cluster)

    def __post_init__(self) -> None:
        # Empty by default: a default entry could not be taken away, since dicts are merged.
        self.probes = self.probes or {"linear": Probe()}
        for key, there in {"only": "upstreams", "shuffled": "upstreams",
                           "cross_upstreams": "upstreams", "cross_corpora": "corpora"}.items():
            strange = [name for name in getattr(self, key) if name not in getattr(self, there)]
            if strange:
                raise ValueError(f"{key}: '{strange[0]}' is not among the {there}: "
                                 f"{', '.join(getattr(self, there)) or 'there are none'}")
        if self.only:
            self.upstreams = {name: self.upstreams[name] for name in self.only}
            for key in ("shuffled", "cross_upstreams"):
                kept = tuple(name for name in getattr(self, key) if name in self.only)
                if getattr(self, key) and not kept and key == "cross_upstreams":
                    self.cross = False  # an empty tuple would mean all of them
                setattr(self, key, kept)
        if not self.seeds:
            raise ValueError("seeds: at least one is needed")
        ranges.at_least(self, 0, "seeds")


@dataclass(frozen=True)
class Job:
    """A job: all folds and seeds of one combination, which are trained as one problem."""

    task: str
    corpus: str
    upstream: str
    probe: str
    control: str = ""  # or "shuffled"
    # Another corpus to test on; or the corpus itself, within its own folds but only on the classes
    # that it shares with the others
    test_corpus: str = ""

    @property
    def key(self) -> dict[str, str]:
        return {"task": self.task, "corpus": self.corpus, "upstream": self.upstream,
                "probe": self.probe, "control": self.control, "test_corpus": self.test_corpus}

    def __str__(self) -> str:
        where = f"{self.task} on {self.corpus}"
        where += f" tested on {self.test_corpus}" if self.test_corpus else ""
        control = f", {self.control}" if self.control else ""
        return f"{where}, {self.upstream}, {self.probe}{control}"


@dataclass(frozen=True)
class Sound:
    """The part of a sound file that is an utterance: the absolute path, and times in seconds."""

    path: str
    start: float
    duration: float


@dataclass
class Plan:
    """The work of a sweep: tasks, folds and jobs."""

    jobs: list[Job]
    tasks: dict[str, Task]  # by name
    folds: dict[tuple[str, str, str], Folds]  # by (task, corpus, test corpus)
    sounds: dict[str, dict[str, Sound]]  # by corpus and utterance id
    notes: list[str] = field(default_factory=list)  # what is left out, incomplete or not comparable
    broken: list[tuple[str, str, str]] = field(default_factory=list)  # (task, corpus, reason)

    def folds_of(self, job: Job) -> Folds:
        return self.folds[job.task, job.corpus, job.test_corpus]

    def corpora_of(self, job: Job) -> list[str]:
        return list(dict.fromkeys(name for name in (job.corpus, job.test_corpus) if name))

    def cells(self, seeds: Sequence[int]) -> list[Record]:
        """The KEY of every cell, sorted.

        A task that cannot be resolved is one cell, with fold "*" and seed -1.
        """
        cells = [{**job.key, "fold": fold.name, "seed": seed} for job in self.jobs
                 for fold in self.folds_of(job).folds for seed in seeds]
        cells += [{**Job(task, corpus, "", "").key, "fold": "*", "seed": -1}
                  for task, corpus, _ in self.broken]
        return sorted(cells, key=lambda c: tuple(c.values()))


def prepare(cfg: Config, exp: Path) -> dict[str, Path]:
    """Writes the manifests of the corpora that have a source or need none.

    A corpus is prepared again when its settings, the files of its source (by their marks,
    `store.mark`) or the code that reads it have changed. Several sweeps may call this at once.

    Args:
        cfg: the config.
        exp: the experiment folder.

    Returns:
        The folder of each corpus that was prepared, by name.

    Raises:
        InputError: the config names no corpora or no upstreams, or a corpus cannot be prepared.
    """
    from avspeech.data import corpora

    examples = {"corpora": "corpora.ravdess.source=/path/to/ravdess",
                "upstreams": "upstreams.log-mel={}"}
    for key, example in examples.items():
        if not getattr(cfg, key):
            raise InputError(f"{key}: empty; name one, for example {example}")
    check(cfg)
    folders = {}
    for name, corpus in cfg.corpora.items():
        if corpus.manifest or (corpus.source is None and _needs_source(name)):
            continue
        folder = exp / "data" / name
        marker = folder / "prepared.json"
        state = {"settings": configs.to_dict(replace(corpus, most=0)),
                 "files": _marks(corpora.sources(name, corpus.source)),
                 "code": sources.module_hash(corpora.get(name).__name__, [name])}
        settings = json.dumps(state, sort_keys=True)
        with lock(folder / ".preparing"):
            if not marker.is_file() or marker.read_text(encoding="utf-8") != settings:
                marker.unlink(missing_ok=True)
                options = dict(corpus.options) | ({"incomplete": True} if corpus.incomplete else {})
                corpora.prepare(name, corpus.source, folder, **options)
                write_atomically(marker, settings.encode())
        folders[name] = folder
    return folders


def _marks(places: Sequence[Path]) -> str:
    """A digest over the marks of files, and of all files below folders."""
    found: list[list[Any]] = []
    for place in places:
        paths = [place] if place.is_file() else []
        for folder, names, files in os.walk(place):
            names.sort()
            paths += [Path(folder, name) for name in sorted(files)]
        for path in paths:
            below = os.path.relpath(path, place)
            try:
                found.append([below, *mark(path)[1:]])
            except OSError:
                found.append([below])  # a link that leads nowhere
    return digest(found)


def make(cfg: Config, exp: Path) -> Plan:
    """The plan of a config whose corpora are prepared.

    Raises:
        InputError: an unknown name, or nothing is left to do.
    """
    from avspeech.data.corpora import layout

    specs = _specs(cfg)
    own = tasking.names(cfg.specs) if cfg.specs else []
    replaced = [name for name in own if name in tasking.names()]
    utterances, sounds, notes = _utterances(cfg, exp)
    notes += [f"task {name}: of {cfg.specs}, in place of the one of avspeech" for name in replaced]
    problems = {name: layout.read_prepared(exp / "data" / name).problems for name in utterances
                if (exp / "data" / name / "corpus.json").is_file()
                and not cfg.corpora[name].manifest}
    plan = Plan([], specs, {}, sounds, notes)
    bound = _bound(cfg, specs, list(utterances))
    for name, corpus in bound:
        try:
            found = folding.resolve(specs[name], corpus, utterances[corpus],
                                    cfg.corpora[corpus].incomplete, problems.get(corpus))
            if cfg.corpora[corpus].most:
                found = folding.few(found, sounds[corpus])
        except InputError as error:
            plan.broken.append((name, corpus, str(error)))
            continue
        plan.folds[name, corpus, ""] = found
        plan.notes += _notes(found)
    if cfg.cross:
        for name in dict.fromkeys(name for name, _ in bound if specs[name].cross):
            _cross(plan, name, cfg.cross_corpora)
    combinations = itertools.product(plan.folds, cfg.upstreams, cfg.probes)
    for (name, corpus, other), upstream, probe in combinations:
        if other and cfg.cross_upstreams and upstream not in cfg.cross_upstreams:
            continue
        plan.jobs.append(Job(name, corpus, upstream, probe, "", other))
        if upstream in cfg.shuffled and not other:
            plan.jobs.append(Job(name, corpus, upstream, probe, "shuffled"))
    if not plan.jobs and not plan.broken:
        reasons = "; ".join(note.removeprefix("left out: ") for note in notes)
        raise InputError("nothing to do: no corpus has a source; "
                         f"{reasons or 'no task is bound to the corpora'}")
    return plan


def _notes(folds: Folds) -> list[str]:
    where, notes = f"{folds.task} on {folds.corpus}", []
    if folds.unlabelled:
        total = folds.unlabelled + len(folds.ids)
        notes.append(f"{where}: {folds.unlabelled:,} of {total:,} utterances have no label that "
                     "counts and are left out")
    notes += [f"{where}: {note}" for note in folds.notes]
    if folds.gaps:
        notes.append(f"{where}: incomplete, not comparable with results on the whole corpus: "
                     + "; ".join(folds.gaps))
    return notes


def _cross(plan: Plan, task: str, corpora: Sequence[str] = ()) -> None:
    """Adds the folds of a task's corpora (some of them; empty: all) tested on each other, all on
    the classes common to all."""
    members = [folds for (name, corpus, other), folds in plan.folds.items()
               if name == task and not other and (not corpora or corpus in corpora)]
    if len(members) < 2:
        return
    classes, members, left = folding.common(members)
    where = f"{task} across corpora"
    for folds in left:
        plan.notes.append(f"{where}: {folds.corpus} is left out; it shares fewer than two classes "
                          "with the others")
    if len(members) < 2:
        return
    if classes:
        plan.notes.append(f"{where}: on the {len(classes)} classes that all have: "
                          f"{', '.join(classes)}")
    for folds in members:
        rest = [c for c in folds.classes if canonical(c) not in classes]
        if rest:
            plan.notes.append(f"{where}: classes of {folds.corpus} that are not in all corpora: "
                              + ", ".join(rest))
    for one, other in itertools.product(members, members):
        if one is other and {canonical(c) for c in one.classes} == set(classes):
            continue  # the corpus' own result is on these classes already
        found = folding.across(one, other, classes)
        if found is None:
            plan.notes.append(f"{where}: {one.corpus} tested on {other.corpus} is left out; a part "
                              "of a fold has no utterance of these classes")
        else:
            plan.folds[task, one.corpus, other.corpus] = found


def _needs_source(name: str) -> bool:
    from avspeech.data import corpora

    return hasattr(corpora.get(name), "ABOUT")


def _utterances(
    cfg: Config, exp: Path,
) -> tuple[dict[str, list[Utterance]], dict[str, dict[str, Sound]], list[str]]:
    """Utterances and sounds of the corpora that have files, and a line for each that has none."""
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
            skipped.append(f"left out: {name}: no source given (corpora.{name}.source)")
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
        counts = Counter(u.id for u in utterances)
        twice = [i for i, count in counts.items() if count > 1]
        if twice:
            raise InputError(f"{manifests[0].parent}: id '{twice[0]}' is in two manifests; ids are "
                             "unique in a corpus")
        found[name] = utterances
        kept = drawn(utterances, corpus.most)
        sounds[name] = {u.id: Sound(str(resolve(root, u.audio)), u.start, u.duration)
                        for u in utterances if u.id in kept}
    return found, sounds, skipped


def drawn(utterances: Sequence[Utterance], most: int) -> set[str]:
    """The ids of at most so many utterances, as evenly by speaker as the numbers allow.

    Speakers take turns, each with its utterances in an order that a hash of their ids gives. So the
    draw depends on nothing but the ids, and a larger one holds a smaller one.

    Args:
        utterances: of a corpus.
        most: how many to keep; 0: all.
    """
    order = sorted(utterances, key=lambda u: hashlib.sha256(u.id.encode()).digest())
    turns: Counter[str] = Counter()
    turn = {}
    for u in order:
        turn[u.id] = turns[u.speaker]
        turns[u.speaker] += 1
    order.sort(key=lambda u: turn[u.id])
    return {u.id for u in order[:most or None]}


def _specs(cfg: Config) -> dict[str, Task]:
    """The tasks by name; those of the config's own folder replace ours."""
    own = tasking.names(cfg.specs) if cfg.specs else []
    return {**{name: tasking.load(name) for name in tasking.names()},
            **{name: tasking.load(name, str(cfg.specs)) for name in own}}


def check(cfg: Config) -> None:
    """Looks for the tasks and upstreams that a config names, before hours of preparation. Raises
    InputError where one is not known, or a path or an option is wrong. An upstream that is there
    and cannot be loaded costs its own cells alone, so it is no error here."""
    from avspeech.bench import upstreams

    _bound(cfg, _specs(cfg), list(cfg.corpora))
    for name, encoder in cfg.upstreams.items():
        with telling(f"upstreams.{name}"):
            upstreams.check(encoder.load or name, **encoder.options)


def _bound(cfg: Config, specs: dict[str, Task], there: list[str]) -> list[tuple[str, str]]:
    """The pairs (task, corpus) of a config whose corpus has utterances."""
    found = []
    for wanted in cfg.tasks or sorted(specs):
        name, _, corpus = wanted.partition("/")
        if name not in specs:
            raise InputError(f"tasks: '{name}' is not known; known: {', '.join(sorted(specs))}")
        if corpus and corpus not in specs[name].corpora:
            raise InputError(f"tasks: {name} is not bound to '{corpus}'; bound: "
                             f"{', '.join(specs[name].corpora)}; specs/{name}.yaml binds it")
        if corpus and corpus not in cfg.corpora:
            raise InputError(f"tasks: '{wanted}' needs corpus {corpus}; give "
                             f"corpora.{corpus}.source")
        found += [(name, c) for c in ([corpus] if corpus else specs[name].corpora) if c in there]
    return list(dict.fromkeys(found))


def job_name(job: Job, plan: Plan, cfg: Config, identity: str, files: str, code: str) -> str:
    """The name of a job's files; it changes with everything that its numbers depend on.

    Args:
        identity: of the features (`sounds.identity`).
        files: of `files_hash`.
        code: of `jobs.code`.
    """
    folds, task = plan.folds_of(job), plan.tasks[job.task]
    parts = [job.key, folds.protocol_hash, files, identity, cfg.features.dtype,
             cfg.features.batch_seconds, configs.to_dict(cfg.probes[job.probe]), cfg.seeds,
             task.metrics, task.kind, task.term, task.corpora[job.corpus].label, folds.unlabelled,
             cfg.skip_unreadable, code]
    plain = "-".join(v for v in job.key.values() if v)
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in plain)
    return f"{safe[:120]}-{digest(parts)}"


def keys_of(folds: Folds, keys: Mapping[tuple[str, str], str]) -> list[str]:
    """The key in the feature store of each utterance of the folds."""
    return [keys[corpus, name] for corpus, name in zip(folds.sources, folds.ids)]


def files_hash(folds: Folds, keys: Mapping[tuple[str, str], str]) -> str:
    """A digest over ids, targets, speakers and sounds, and over who is in which part."""
    utterances = [list(row) for row in zip(folds.ids, folds.targets, folds.groups,
                                           keys_of(folds, keys))]
    return digest([utterances, [[f.name, f.train, f.dev, f.test] for f in folds.folds]])


def with_options(cfg: Config, cluster: str | None = None, workers: int | None = None) -> Config:
    """The config, with the options of the command line for the cluster."""
    changed = replace(cfg.cluster, kind=cluster or cfg.cluster.kind,
                      workers=cfg.cluster.workers if workers is None else workers)
    return replace(cfg, cluster=changed)


def store_of(cfg: Config, exp: Path) -> Path:
    return Path(os.path.abspath(cfg.features.store or exp / "features"))
