"""Emotions of utterances: from a corpus and a protocol to models and their numbers.

    python recipes/ser/run.py --config egs/ravdess/ser/conf/edge.yaml corpus.source=/path/to/ravdess

An experiment is systems x folds x seeds. Each of these cells is trained in a folder of its own,
`exp/cells/<system>/<fold>-<seed>/`, in `workers` processes of one thread each, or on a Dask cluster
(`scheduler=tcp://host:8786`, shared folders). A cell that is finished with the same settings,
sounds, labels and code is not trained again; a run that is killed loses the cells that were being
trained. The development speakers of a fold pick the weights. With `selection=test_oracle` the test
speakers do, to show how much that inflates a number; such numbers are no results.

Manifest and features are in `data/` beside the experiment's folder, shared by all experiments there
with the same corpus, source and options.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from avspeech.core import config, models, ranges, trainer
from avspeech.core.recipe import Recipe
from avspeech.data import corpora, protocol
from avspeech.data.corpora import layout
from avspeech.emotion.cells import Cell, Selection, mel_config
from avspeech.emotion.features import FRAMES, INDEX, FeatureConfig
from avspeech.emotion.guides import Guide
from avspeech.emotion.training import AugmentConfig
from avspeech.errors import InputError, telling


@dataclass
class Judge:
    """Corpora that nothing was trained on, on which the models are judged at the end."""

    corpora: dict[str, str] = field(default_factory=dict)  # {corpus: its folder}
    # of these, the ones that are also judged in noise, at 8 kHz, through GSM and at -40 dB
    grid: tuple[str, ...] = ()
    # further models to judge, e.g. released ones that these may replace: {name: model or folder}
    beside: dict[str, str] = field(default_factory=dict)
    # {system: the one of `beside` that it may replace}, for a table of gains
    before: dict[str, str] = field(default_factory=dict)
    incomplete: bool = False  # accept a corpus that is not as published; the table says so


@dataclass
class Calibrate:
    """Released models that get the temperature which fits answers to left-out corpora; their
    weights stay."""

    models: dict[str, str] = field(default_factory=dict)  # {system: released model or folder}
    # {system: corpora, folders below corpus.source, that its released model did not learn and
    # answers itself}
    unheard: dict[str, list[str]] = field(default_factory=dict)
    # {system: other fields of the released model's configuration that change no weight}
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Corpus:
    """Where the sounds come from."""

    source: str | None = None  # the corpus as distributed; null for one made on the spot
    options: dict[str, Any] = field(default_factory=dict)  # of the corpus' `prepare`
    # go on with another number of utterances than published; results say so
    incomplete: bool = False


@dataclass
class System:
    """A model and its training, as differences from the experiment's."""

    model: str | None = None  # a name in `core.models`; null: the experiment's
    config: dict[str, Any] = field(default_factory=dict)  # differences of the model's settings
    train: dict[str, Any] = field(default_factory=dict)  # differences of `train`
    augment: dict[str, Any] = field(default_factory=dict)  # differences of `augment`
    # "random"; "expandnet": begins with the product of the factors of config.hrf, and trains that;
    # or a folder of a cell or model whose weights are copied ("{seed}" and "{fold}" in it are
    # replaced by the cell's, as they stand in the names of folders)
    init: str = "random"
    begun: float = 1.0  # learning-rate multiplier of the copied weights; 0: they stay as they are
    # share of the weights of `init` in the result, a mean of them and of those at the end; 0: none
    keep: float = 0.0
    # {what `init` was trained on: its license}; the card has them beside those of `release`
    also: dict[str, str] = field(default_factory=dict)
    limits: list[str] = field(default_factory=list)  # lines for its card, after those of `release`
    match: str | None = None  # a system whose training compute this one gets
    guided: bool = False  # also learn the frames of `guide`, in training alone
    # whose posteriors this one also learns: a system, fold by fold, or the folder of a cell of
    # another experiment ("{fold}" and "{seed}" in it are replaced)
    teacher: str | None = None
    baseline: str | None = None  # a system that the report compares it with, utterance by utterance

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "begun")
        ranges.between(self, 0, 1, "keep")


@dataclass
class Guiding:
    """A frozen encoder whose frames guided systems learn, in training alone."""

    upstream: str = "whisper-base"  # name or folder, as for `avspeech bench`
    layer: int = 3  # which of its hidden states
    dims: int = 128  # principal components of its frames that are learned
    weight: float = 1.0  # of the mean squared error

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "layer", "weight")
        ranges.at_least(self, 1, "dims")

    @property
    def file(self) -> str:
        name = "".join(c if c.isalnum() else "-" for c in self.upstream)
        return f"guide-{name}-{self.layer}.npz"


@dataclass
class Model:
    """The model of the systems that name none."""

    name: str = "conv-transformer-edge"  # of a model or a named configuration
    config: dict[str, Any] = field(default_factory=dict)  # differences from its settings


@dataclass
class Release:
    """Models that are trained on more speakers, to be used."""

    # systems to train on all speakers but the development speakers of `fold` (with selection=refit:
    # on all)
    systems: tuple[str, ...] = ()
    fold: str = "fold1"  # whose development speakers pick the weights
    committee: bool = False  # one model of all seeds, which gives the mean of their posteriors
    # dB of full scale: the released models amplify a sound of a lower RMS to it, so that its level
    # changes no answer; null: as they were trained
    quietest: float | None = None
    dtype: Literal["float32", "float16"] = "float32"  # in which matrices are stored
    licence: str = "Apache-2.0"  # of the weights
    data: str = "not stated"  # license of the corpus; "": `also` names all there is
    # folder of an experiment whose tests of the same system fit the temperature of the released
    # one, e.g. of left-out corpora; null: this experiment's
    calibrated: str | None = None
    # {what else all of them were trained on: its license}
    also: dict[str, str] = field(default_factory=dict)
    limits: list[str] = field(default_factory=list)  # lines for the models' cards


@dataclass
class Config:
    """An experiment: systems x folds x seeds."""

    corpus: Corpus = field(default_factory=Corpus)  # where the sounds come from
    protocol: str = "ravdess-6fold"  # a name in `data.protocol`
    features: FeatureConfig = field(default_factory=FeatureConfig)  # what is kept of an utterance
    model: Model = field(default_factory=Model)  # of the systems that name none
    systems: dict[str, System] = field(default_factory=dict)  # {name: differences}
    folds: tuple[str, ...] = ()  # which to run; none named: all of the protocol
    seeds: tuple[int, ...] = (0,)  # one training each
    train: trainer.TrainConfig = field(default_factory=trainer.TrainConfig)  # optimizer and loop
    augment: AugmentConfig = field(default_factory=AugmentConfig)  # what is done to features
    structure: float = 0.1  # weight of a graph's structure loss
    guide: Guiding = field(default_factory=Guiding)  # what guided systems learn too
    # what picks a cell's weights: "dev", the development speakers; "last", the last step; "refit",
    # the last step of a training on development speakers too; "test_oracle", the test speakers: no
    # result
    selection: Selection = "dev"
    # also keep the predictions of the step that is best on the test set, for one table
    oracle: bool = False
    release: Release = field(default_factory=Release)  # models to be used
    calibrate: Calibrate = field(default_factory=Calibrate)  # temperatures of released models
    judge: Judge = field(default_factory=Judge)  # on corpora that nothing was trained on
    workers: int = 2  # processes of one thread each
    # address of a Dask scheduler, "local" or "slurm"; null: processes here
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if not self.systems:
            raise InputError("systems: empty; name one, for example systems.plain={}")
        if not self.seeds:
            raise InputError("seeds: empty; at least one is needed")
        ranges.at_least(self, 0, "seeds", "structure")
        ranges.at_least(self, 1, "workers")


recipe = Recipe("ser", schema=Config, doc=__doc__)
# What cells depend on
TRAINING = (
    "corpus",
    "protocol",
    "features",
    "model",
    "systems",
    "folds",
    "seeds",
    "train",
    "augment",
    "structure",
    "guide",
    "selection",
    "oracle",
    "release",
)


def _data(cfg: Config, exp: Path) -> Path:
    """The folder of manifest and features: one for each corpus, place and set of options, so that
    experiments on different material do not share it."""
    source = None if cfg.corpus.source is None else str(Path(cfg.corpus.source).resolve())
    material = json.dumps([source, cfg.corpus.options], sort_keys=True, default=str)
    name = (
        f"{protocol.get(cfg.protocol).corpus}-{hashlib.sha256(material.encode()).hexdigest()[:6]}"
    )
    return exp.resolve().parent / "data" / name


def _cache(cfg: Config, exp: Path, system: System) -> Path:
    name, differences = _model(cfg, system)
    kept = hashlib.sha256(repr(cfg.features).encode()).hexdigest()[:6]
    return _data(cfg, exp) / f"features-{kept}-{mel_config(name, differences).name}"


def _model(cfg: Config, system: System) -> tuple[str, dict[str, Any]]:
    """A system's model and its differences; the experiment's differences are for the experiment's
    model."""
    if system.model not in (None, cfg.model.name):
        return str(system.model), system.config
    return cfg.model.name, {**cfg.model.config, **system.config}


@recipe.check
def check(cfg: Config, exp: Path) -> None:
    """Builds each system's model once, and lists the cells."""
    for name, system in cfg.systems.items():
        model, differences = _model(cfg, system)
        where = f"systems.{name}.config"
        where = where if differences is system.config else f"model.config, {where}"
        with telling(where):
            models.build(model, **differences)
        if system.teacher and system.teacher not in cfg.systems and "/" not in system.teacher:
            raise InputError(f"systems.{name}.teacher: '{system.teacher}': expected the folder of "
                             f"a cell, or a system: {', '.join(cfg.systems)}")
    for _ in cells_of(cfg, exp):
        pass


recipe.models(lambda cfg: {f"calibrate.models.{k}": v for k, v in cfg.calibrate.models.items()},
              "calibrate")
recipe.models(lambda cfg: {f"judge.beside.{k}": v for k, v in cfg.judge.beside.items()}, "judge")


@recipe.needed("judge")
def judged(cfg: Config, exp: Path) -> None:
    """Looks for what the models are judged on."""
    for name, place in cfg.judge.corpora.items():
        corpora.get(name)
        if not Path(place).exists():
            raise InputError(f"judge.corpora.{name}: {place}: no such file or folder")


@recipe.stage("prepare", uses=("corpus", "protocol"),
              sources=lambda cfg, exp: corpora.sources(protocol.get(cfg.protocol).corpus,
                                                       cfg.corpus.source),
              outputs=lambda cfg, exp: [_data(cfg, exp) / "all.jsonl"])
def prepare(cfg: Config, exp: Path) -> None:
    """Write the corpus' manifest; check its counts and the folds for leaks."""
    from avspeech.data.manifest import read_manifest

    wanted, folder = protocol.get(cfg.protocol), _data(cfg, exp)
    options = dict(cfg.corpus.options)
    if (
        cfg.corpus.incomplete and cfg.corpus.source is not None
    ):  # a corpus made on the spot is whole
        options["incomplete"] = True
    corpora.prepare(wanted.corpus, cfg.corpus.source, folder, **options)
    utterances = read_manifest(folder / "all.jsonl")
    wanted = wanted.as_found(utterances)
    splits = wanted.splits(utterances, layout.root_of(folder), cfg.corpus.incomplete)
    print(f"protocol {wanted.title} ({wanted.hash}): {len(splits)} folds, "
          f"{len(wanted.classes) or 'no'} classes, no leak", flush=True)
    if cfg.selection == "test_oracle":
        _shout()


@recipe.stage("features", uses=("corpus", "protocol", "features", "model", "systems", "guide"),
              outputs=lambda cfg, exp: [_cache(cfg, exp, s) / name for s in cfg.systems.values()
                                        for name in (INDEX, FRAMES)])
def features(cfg: Config, exp: Path) -> None:
    """Compute log-mel features of each utterance and its augmented copies, once."""
    from guides import compute_guide

    from avspeech.data.manifest import read_manifest
    from avspeech.emotion import features as cached

    folder = _data(cfg, exp)
    utterances = read_manifest(folder / "all.jsonl")
    utterances = protocol.get(cfg.protocol).as_found(utterances).selected(utterances)
    for system in cfg.systems.values():
        name, differences = _model(cfg, system)
        cached.compute(_cache(cfg, exp, system), utterances, layout.root_of(folder), cfg.features,
                       mel_config(name, differences), cfg.workers)
        if system.guided:
            compute_guide(
                _cache(cfg, exp, system) / cfg.guide.file,
                cfg.guide.upstream,
                cfg.guide.layer,
                utterances,
                layout.root_of(folder),
                cfg.features,
            )


def cells_of(cfg: Config, exp: Path) -> Iterator[tuple[Path, Cell]]:
    """Every cell and its folder, in order: a seed's systems, a system's folds; then what is
    released."""
    known = [f.name for f in protocol.get(cfg.protocol).folds]
    for fold in (*cfg.folds, *([cfg.release.fold] if cfg.release.systems else [])):
        if fold not in known:
            raise InputError(f"fold '{fold}': not in {cfg.protocol}; it has {', '.join(known)}")
    for name, system in cfg.systems.items():
        for other in (system.match, system.baseline):
            if other is not None and (other not in cfg.systems or other == name):
                raise InputError(f"systems.{name}: names system '{other}'; the others are "
                                 f"{', '.join(s for s in cfg.systems if s != name) or 'none'}")
    folder = _data(cfg, exp)

    def cell(name: str, fold: str, seed: int) -> tuple[Path, Cell]:
        system = cfg.systems[name]
        model, differences = _model(cfg, system)
        dashed = fold.replace(" ", "-")
        init = system.init.replace("{seed}", str(seed)).replace("{fold}", dashed)
        match = None if system.match is None else _model(cfg, cfg.systems[system.match])[1]
        place = f"{dashed}-{seed}"
        teacher = (system.teacher or "").replace("{seed}", str(seed)).replace("{fold}", dashed)
        if teacher in cfg.systems:
            teacher = str(exp.resolve() / "cells" / teacher / place)
        given = Cell(
            name, fold, seed, cfg.protocol, str(folder / "all.jsonl"), str(layout.root_of(folder)),
            str(_cache(cfg, exp, system)), model, differences, init, system.begun,
            system.keep, match,
            config.from_dict(trainer.TrainConfig, {**config.to_dict(cfg.train), **system.train},
                             f"systems.{name}.train"),
            config.from_dict(AugmentConfig, {**config.to_dict(cfg.augment), **system.augment},
                             f"systems.{name}.augment"),
            cfg.features, cfg.structure,
            Guide(cfg.guide.file, cfg.guide.dims, cfg.guide.weight) if system.guided else None,
            teacher,
            cfg.selection, cfg.oracle, cfg.corpus.incomplete)
        return exp / "cells" / name / place, given

    for seed in cfg.seeds:
        for name in cfg.systems:
            for fold in cfg.folds or known:
                yield cell(name, fold, seed)
    for name in cfg.release.systems:
        if name not in cfg.systems:
            raise InputError(
                f"release.systems: '{name}' is no system; there are {', '.join(cfg.systems)}"
            )
        for seed in cfg.seeds if cfg.release.committee else cfg.seeds[:1]:
            yield cell(name, f"all but {cfg.release.fold}", seed)


@recipe.stage("train", uses=TRAINING, shared=True,
              outputs=lambda cfg, exp: [exp / "cells"])
def train(cfg: Config, exp: Path) -> None:
    """Train and test every cell that is not finished."""
    from folds import train_all

    if cfg.selection == "test_oracle":
        _shout()
    todo = list(cells_of(cfg, exp))
    for part in ([c for c in todo if not c[1].teacher], [c for c in todo if c[1].teacher]):
        if part:  # teachers first
            train_all(part, cfg.workers, cfg.scheduler, recipe.forced)


@recipe.stage("evaluate", uses=TRAINING, outputs=lambda cfg, exp: [exp / "results"])
def evaluate(cfg: Config, exp: Path) -> None:
    """Score every finished cell, and each system over all folds."""
    from folds import score_all

    score_all(list(cells_of(cfg, exp)), exp / "results")


@recipe.stage("deploy", uses=TRAINING, outputs=lambda cfg, exp: [exp / "deployed.json"])
def deploy(cfg: Config, exp: Path) -> None:
    """Merge factorized layers, check that the answers stay, write model folders."""
    from deployment import deploy_all

    frontend = {"trim": cfg.features.trim, "margin": cfg.features.margin}
    release = config.to_dict(cfg.release)
    cards = {name: {**release, "also": {**cfg.release.also, **system.also},
                    "limits": [*cfg.release.limits, *system.limits]}
             for name, system in cfg.systems.items()}
    deploy_all([c for c in cells_of(cfg, exp) if c[1].name not in cfg.calibrate.models], exp,
               cards, frontend)


@recipe.stage("calibrate", uses=(*TRAINING, "calibrate"))
def calibrate(cfg: Config, exp: Path) -> None:
    """Fit the temperature of released models to left-out corpora, if any are given."""
    from calibration import calibrate_all

    if not cfg.calibrate.models:
        print("calibrate.models: none given", flush=True)
        return
    calibrate_all(list(cells_of(cfg, exp)), exp, cfg.calibrate.models, cfg.calibrate.unheard,
                  cfg.calibrate.changes, cfg.corpus.source)


@recipe.stage("judge", uses=(*TRAINING, "calibrate", "judge"),
              outputs=lambda cfg, exp: [exp / "judged"])
def judge(cfg: Config, exp: Path) -> None:
    """Judge the model folders on corpora that nothing was trained on, if any are given."""
    from judging import judge_all, write_on_card

    (exp / "judged").mkdir(exist_ok=True)
    if not cfg.judge.corpora:
        print("judge.corpora: none given, nothing to judge on", flush=True)
        return
    models = {name: str(exp / "models" / name) for name in {**cfg.systems, **cfg.calibrate.models}
              if (exp / "models" / name).is_dir()}
    for pair in cfg.judge.before.items():
        if pair[0] not in models or pair[1] not in cfg.judge.beside:
            raise InputError(f"judge.before: {pair[0]}: {pair[1]}: expected a system and one of "
                             "judge.beside")
    trained = {protocol.get(cfg.protocol).corpus, *cfg.release.also}
    judge_all(exp / "judged", models | cfg.judge.beside, sorted(trained), cfg.judge.corpora,
              cfg.judge.grid, cfg.judge.incomplete, cfg.judge.before)
    for name, folder in models.items():
        write_on_card(exp / "judged", name, Path(folder))


@recipe.stage("report", outputs=lambda cfg, exp: [exp / "RESULTS.md", exp / "report.html"])
def write_report(cfg: Config, exp: Path) -> None:
    """Write RESULTS.md and report.html: tables with intervals by speaker, and confusions."""
    from results import results_page

    pairs = {name: s.baseline for name, s in cfg.systems.items() if s.baseline}
    results_page(list(cells_of(cfg, exp)), exp, pairs, cfg.selection == "test_oracle")


def _shout() -> None:
    print(
        "!"
        * 99
        + "\nselection=test_oracle: THE TEST SET PICKS THE WEIGHTS. What comes out is no result "
        "and is marked so.\n" + "!" * 99,
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    recipe.main()
