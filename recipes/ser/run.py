"""Emotions of utterances: from a corpus and a protocol to models, their numbers, and a model to carry away.

    python recipes/ser/run.py --config egs/ravdess/ser/conf/edge.yaml corpus.source=/path/to/ravdess

Experiments are systems x folds x seeds. Each such cell is trained in a folder of its own,
`exp/cells/<system>/<fold>-<seed>/`, in `workers` processes of one thread each, or on a Dask cluster
(`scheduler=tcp://host:8786`, folders shared). What is finished is not done again; a run that is killed loses
the cells in hand. The development speakers of a fold pick the weights. `selection=test_oracle` lets the test
speakers pick them instead, to show what that pretends; its numbers are no results.

Manifest and features lie in `data/` beside the experiment's folder, for all experiments there to share.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from avspeech.core import config, trainer
from avspeech.core.recipe import Recipe
from avspeech.data import corpora, protocol
from avspeech.data.corpora import layout
from avspeech.emotion.cells import Cell, Guide, Selection, mel_config
from avspeech.emotion.features import FeatureConfig
from avspeech.emotion.training import AugmentConfig
from avspeech.errors import InputError


@dataclass
class Corpus:
    """source: the corpus as distributed (none for one made on the spot). options: of its `prepare`.
    incomplete: go on where it is not all there, with another number of utterances than published."""

    source: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    incomplete: bool = False


@dataclass
class System:
    """model: a name in `models`, none for the experiment's; config, train, augment: differences from the
    experiment's; init: "expandnet" begins with the product of the factors that config.hrf asks for, and
    trains that; a folder (a cell's or a model's; "{seed}" in it stands for the seed) gives the weights to
    begin with; begun: these learn at so many times the learning rate; match: a system whose training compute
    this one gets; guided: it also learns what the experiment's guide says; baseline: a system it is compared
    with, utterance by utterance, in the report."""

    model: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)
    augment: dict[str, Any] = field(default_factory=dict)
    init: str = "random"
    begun: float = 1.0
    match: str | None = None
    guided: bool = False
    baseline: str | None = None


@dataclass
class Guiding:
    """A frozen encoder whose frames guided systems learn to tell as they train, and only then:
    upstream: as `avspeech bench` names it; layer: of its hidden states; dims, weight: see
    `tasks.cells.Guide`."""

    upstream: str = "whisper-base"
    layer: int = 3
    dims: int = 128
    weight: float = 1.0

    @property
    def file(self) -> str:
        name = "".join(c if c.isalnum() else "-" for c in self.upstream)
        return f"guide-{name}-{self.layer}.npz"


@dataclass
class Model:
    """name: of a model or a named configuration; config: differences from it."""

    name: str = "conv-transformer-edge"
    config: dict[str, Any] = field(default_factory=dict)


@dataclass
class Release:
    """systems: also trained on all speakers but the development speakers of `fold` (a refit: on all), to be
    carried away.
    committee: with each seed, to be one model that gives the mean of their posteriors. dtype: as which its
    matrices are stored. licence: of the weights; data: the licence of the corpus; also: what `init` was
    trained on, and the licences of that; limits: for the card."""

    systems: tuple[str, ...] = ()
    fold: str = "fold1"
    committee: bool = False
    dtype: Literal["float32", "float16"] = "float32"
    licence: str = "Apache-2.0"
    data: str = "not stated"
    also: dict[str, str] = field(default_factory=dict)
    limits: list[str] = field(default_factory=list)


@dataclass
class Config:
    """folds: which (none named: all of the protocol). selection: what picks a cell's weights: "dev", the
    "last" step, the last after a "refit" (the development speakers are trained on too), or "test_oracle".
    oracle: keep beside the honest predictions those of the step that is best on the test set, for one table.
    structure: weight of a graph's structure loss."""

    corpus: Corpus = field(default_factory=Corpus)
    protocol: str = "ravdess-6fold"
    features: FeatureConfig = field(default_factory=FeatureConfig)
    model: Model = field(default_factory=Model)
    systems: dict[str, System] = field(default_factory=dict)
    folds: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    train: trainer.TrainConfig = field(default_factory=trainer.TrainConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    structure: float = 0.1
    guide: Guiding = field(default_factory=Guiding)
    selection: Selection = "dev"
    oracle: bool = False
    release: Release = field(default_factory=Release)
    workers: int = 2
    scheduler: str | None = None


recipe = Recipe("ser", schema=Config, doc=__doc__)
# What cells depend on
TRAINING = ("corpus", "protocol", "features", "model", "systems", "folds", "seeds", "train", "augment",
            "structure", "guide", "selection", "oracle", "release")


def _data(cfg: Config, exp: Path) -> Path:
    """The folder of manifest and features: one for each corpus, place and set of options, so that
    experiments on different material do not share it."""
    source = None if cfg.corpus.source is None else str(Path(cfg.corpus.source).resolve())
    material = json.dumps([source, cfg.corpus.options], sort_keys=True, default=str)
    name = f"{protocol.get(cfg.protocol).corpus}-{hashlib.sha256(material.encode()).hexdigest()[:6]}"
    return exp.resolve().parent / "data" / name


def _cache(cfg: Config, exp: Path, system: System) -> Path:
    name, differences = _model(cfg, system)
    kept = hashlib.sha256(repr(cfg.features).encode()).hexdigest()[:6]
    return _data(cfg, exp) / f"features-{kept}-{mel_config(name, differences).name}"


def _model(cfg: Config, system: System) -> tuple[str, dict[str, Any]]:
    """A system's model and its differences; the experiment's differences are for the experiment's model."""
    if system.model not in (None, cfg.model.name):
        return str(system.model), system.config
    return cfg.model.name, {**cfg.model.config, **system.config}


@recipe.stage("prepare", uses=("corpus", "protocol"),
              sources=lambda cfg, exp: [cfg.corpus.source] if cfg.corpus.source else [],
              outputs=lambda cfg, exp: [_data(cfg, exp) / "all.jsonl"])
def prepare(cfg: Config, exp: Path) -> None:
    """Write the corpus' manifest; check its counts and the folds for leaks."""
    from avspeech.data.manifest import read_manifest

    wanted, folder = protocol.get(cfg.protocol), _data(cfg, exp)
    options = dict(cfg.corpus.options)
    if cfg.corpus.incomplete and cfg.corpus.source is not None:  # a corpus made on the spot is whole
        options["incomplete"] = True
    corpora.prepare(wanted.corpus, cfg.corpus.source, folder, **options)
    utterances = read_manifest(folder / "all.jsonl")
    splits = wanted.splits(utterances, layout.root_of(folder), cfg.corpus.incomplete)
    wanted = wanted.as_found(utterances)
    print(f"protocol {wanted.title} ({wanted.hash}): {len(splits)} folds, "
          f"{len(wanted.classes) or 'no'} classes, no leak", flush=True)
    if cfg.selection == "test_oracle":
        _shout()


@recipe.stage("features", uses=("corpus", "protocol", "features", "model", "systems", "guide"),
              outputs=lambda cfg, exp: [_cache(cfg, exp, s) for s in cfg.systems.values()])
def features(cfg: Config, exp: Path) -> None:
    """Compute log-mel features of each utterance and its augmented copies, once."""
    from guides import compute_guide

    from avspeech.data.manifest import read_manifest
    from avspeech.emotion import features as cached

    folder = _data(cfg, exp)
    utterances = protocol.get(cfg.protocol).selected(read_manifest(folder / "all.jsonl"))
    for system in cfg.systems.values():
        name, differences = _model(cfg, system)
        cached.compute(_cache(cfg, exp, system), utterances, layout.root_of(folder), cfg.features,
                       mel_config(name, differences), cfg.workers)
        if system.guided:
            compute_guide(_cache(cfg, exp, system) / cfg.guide.file, cfg.guide.upstream, cfg.guide.layer,
                          utterances, layout.root_of(folder), cfg.features)


def cells_of(cfg: Config, exp: Path) -> Iterator[tuple[Path, Cell]]:
    """Every cell and its folder, in order: a seed's systems, a system's folds; then what is released."""
    known = [f.name for f in protocol.get(cfg.protocol).folds]
    if not cfg.systems:
        raise InputError("systems: empty; name one, for example systems.plain={}")
    for fold in (*cfg.folds, cfg.release.fold):
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
        init = system.init.replace("{seed}", str(seed))
        match = None if system.match is None else _model(cfg, cfg.systems[system.match])[1]
        given = Cell(
            name, fold, seed, cfg.protocol, str(folder / "all.jsonl"), str(layout.root_of(folder)),
            str(_cache(cfg, exp, system)), model, differences, init, system.begun, match,
            config.from_dict(trainer.TrainConfig, {**config.to_dict(cfg.train), **system.train},
                             f"systems.{name}.train"),
            config.from_dict(AugmentConfig, {**config.to_dict(cfg.augment), **system.augment},
                             f"systems.{name}.augment"),
            cfg.features, cfg.structure,
            Guide(cfg.guide.file, cfg.guide.dims, cfg.guide.weight) if system.guided else None,
            cfg.selection, cfg.oracle, cfg.corpus.incomplete)
        return exp / "cells" / name / f"{fold.replace(' ', '-')}-{seed}", given

    for seed in cfg.seeds:
        for name in cfg.systems:
            for fold in cfg.folds or known:
                yield cell(name, fold, seed)
    for name in cfg.release.systems:
        if name not in cfg.systems:
            raise InputError(f"release.systems: '{name}' is no system; there are {', '.join(cfg.systems)}")
        for seed in cfg.seeds if cfg.release.committee else cfg.seeds[:1]:
            yield cell(name, f"all but {cfg.release.fold}", seed)


@recipe.stage("train", uses=TRAINING,
              outputs=lambda cfg, exp: [exp / "cells"])
def train(cfg: Config, exp: Path) -> None:
    """Train and test every cell that is not finished."""
    from folds import train_all

    if cfg.selection == "test_oracle":
        _shout()
    train_all(list(cells_of(cfg, exp)), cfg.workers, cfg.scheduler, recipe.forced)


@recipe.stage("evaluate", uses=TRAINING, outputs=lambda cfg, exp: [exp / "results"])
def evaluate(cfg: Config, exp: Path) -> None:
    """Score every finished cell, and each system over all folds."""
    from folds import score_all

    score_all(list(cells_of(cfg, exp)), exp / "results")


@recipe.stage("deploy", uses=TRAINING, outputs=lambda cfg, exp: [exp / "deployed.json"])
def deploy(cfg: Config, exp: Path) -> None:
    """Merge what was factorised, check that the answers stay, write model folders."""
    from deployment import deploy_all

    frontend = {"trim": cfg.features.trim, "margin": cfg.features.margin}
    deploy_all(list(cells_of(cfg, exp)), exp, config.to_dict(cfg.release), frontend)


@recipe.stage("report", outputs=lambda cfg, exp: [exp / "RESULTS.md", exp / "report.html"])
def write_report(cfg: Config, exp: Path) -> None:
    """Write RESULTS.md and one HTML page: tables with intervals by speaker, comparisons, confusions."""
    from results import results_page

    pairs = {name: s.baseline for name, s in cfg.systems.items() if s.baseline}
    results_page(list(cells_of(cfg, exp)), exp, pairs, cfg.selection == "test_oracle")


def _shout() -> None:
    print("!" * 99 + "\nselection=test_oracle: THE TEST SET PICKS THE WEIGHTS. What comes out is no result "
          "and is marked so.\n" + "!" * 99, file=sys.stderr, flush=True)


if __name__ == "__main__":
    recipe.main()
