"""One cell of an experiment: one system with one seed on one fold of a protocol.

A cell is trained and tested by `train_cell`, a function of plain values, so that it runs in this
process, in another one or on another machine that sees the same folders. Its folder holds

    cell.json              the settings, their hash, and the results; written last
    model.safetensors      the weights that the development set chose
    dev.jsonl, test.jsonl  a line for each utterance: id, speaker, unit, truth, posteriors
    oracle.jsonl           with `oracle`: test predictions of the step that does best on the test
                           set. Never a result: it shows how much that choice inflates one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import shutil
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from avspeech.core import checkpoint, config, models, sources, storage, trainer
from avspeech.core.model_files import WEIGHTS
from avspeech.data import protocol as protocols
from avspeech.data.manifest import Utterance, read_manifest
from avspeech.data.protocol import Protocol, Split
from avspeech.emotion.beginning import INITS, begun_with, weights_file
from avspeech.emotion.features import Cache, FeatureConfig, MelConfig, digest
from avspeech.emotion.guides import Guide, guide_key, read_guide, whitening
from avspeech.emotion.reparam import expandnet_init
from avspeech.emotion.training import (
    FRAME_RATE,
    AugmentConfig,
    Crops,
    FromFeatures,
    Loss,
    judge,
    measures,
    predict,
    prediction_records,
    write_records,
)
from avspeech.errors import InputError
from avspeech.report import profile

CELL = "cell.json"
ALL_BUT = "all but "
Selection = Literal["dev", "last", "refit", "test_oracle"]


def material(cell: Cell) -> list[str]:
    """Hashes of what a cell is made of beside its settings: manifest, features and guide ("" if
    absent)."""
    manifest = Path(cell.manifest)
    hashes = [storage.content_hash(manifest) if manifest.is_file() else "", digest(cell.cache)]
    if cell.guide is not None:
        hashes.append(guide_key(Path(cell.cache) / cell.guide.file))
    return hashes


def guides_of(cell: Cell, cache: Cache, utterances: Sequence[Utterance]) -> list[np.ndarray] | None:
    """The guide's frames for training utterances, whitened; None for a cell without a guide.

    The dimensions of the encoder are scaled to equal variance first: a few of Whisper's are a
    hundred times as large as others.

    Returns:
        [F, dims] float32 of each utterance: principal components of their frames.
    """
    if cell.guide is None:
        return None
    every = read_guide(Path(cell.cache) / cell.guide.file)
    mine = [every[cache.row[u.id]] for u in utterances]
    mean, components = whitening(np.concatenate(mine), cell.guide.dims)
    return [(frames - mean) @ components for frames in mine]


def protocol_of(cell: Cell) -> Protocol:
    """The protocol of a cell, as its corpus was found."""
    return protocols.get(cell.protocol).as_found(read_manifest(cell.manifest))


def often(cell: Cell, utterance: Utterance) -> int:
    """How often a cell draws an utterance in an epoch: 0 where it does not learn its corpus."""
    return cell.augment.often.get(str(utterance.labels.get("corpus", "")), 1)


def corpora_of(utterances: Sequence[Utterance], targets: Sequence[int | float],
               classes: int) -> tuple[list[int], np.ndarray]:
    """The corpus of each utterance (its label `corpus`), and how many there are of each class.

    Args:
        utterances: to train on.
        targets: their class numbers.
        classes: K; 0 for a regression.

    Returns:
        The number of each utterance's corpus, and counts [G, K] ([G, 1] for a regression).
    """
    of = [str(u.labels.get("corpus", "")) for u in utterances]
    names = sorted(set(of))
    groups = [names.index(name) for name in of]
    counts = np.zeros((len(names), max(classes, 1)), int)
    for group, target in zip(groups, targets):
        counts[group, int(target) if classes else 0] += 1
    return groups, counts


def taught_by(cell: Cell, cache: Cache, utterances: Sequence[Utterance]) -> np.ndarray | None:
    """The posteriors of a cell's teacher for its training utterances, which it hears clean.

    Returns:
        [N, K] float32; None for a cell without a teacher.

    Raises:
        InputError: the teacher was not trained, on other features or for other classes.
    """
    if not cell.teacher:
        return None
    weights_file(cell.teacher, "teacher")
    teacher, record = load_cell(cell.teacher)
    theirs = config.from_dict(Cell, record["cell"], "teacher")
    same = protocol_of(theirs).classes == protocol_of(cell).classes
    if digest(theirs.cache) != cache.digest or not same:
        raise InputError(f"teacher={cell.teacher}: was trained on other features or for other "
                         "classes; give it and its pupil the same")
    each = list({u.id: u for u in utterances}.values())
    said = predict(FromFeatures(teacher), cache, each).astype(np.float32)
    place = {u.id: i for i, u in enumerate(each)}
    return said[[place[u.id] for u in utterances]]


@dataclass
class Cell:
    """One system with one seed on one fold."""

    name: str  # of the system
    fold: str  # of the protocol; "all but FOLD" (a release) trains on the test speakers too
    seed: int
    protocol: str  # a name in `data.protocol`
    manifest: str  # path of the corpus' manifest
    root: str  # what the paths in the manifest are relative to
    cache: str  # folder of the features
    model: str = "conv_transformer"  # a name in `core.models`
    config: dict[str, Any] = field(default_factory=dict)  # differences from that model's settings
    # "random"; "expandnet": the plain model with the weights of the product of `hrf`'s factors; or
    # a released model or a folder with model.safetensors (of a cell or a model), whose weights of
    # matching name and shape are copied
    init: str = "random"
    begun: float = 1.0  # learning-rate multiplier of the copied weights; 0 freezes them
    # share of the weights of `init` in the result, a mean of them and of those at the end
    keep: float = 0.0
    # settings of a model whose training compute this one gets, by more or fewer steps
    match: dict[str, Any] | None = None
    # of the optimizer and loop
    train: trainer.TrainConfig = field(default_factory=trainer.TrainConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)  # what is done to features
    features: FeatureConfig = field(default_factory=FeatureConfig)  # what is kept of an utterance
    structure: float = 0.1  # weight of a graph's structure loss
    guide: Guide | None = None  # frames of a larger model to learn too; None: none
    # folder of a finished cell whose posteriors are learned too (Hinton et al. 2015), for the same
    # features; "": none
    teacher: str = ""
    # what picks the step: "dev", the development set; "last", nothing; "refit", nothing, and
    # development speakers are trained on too; "test_oracle", the test set, which is never a result
    selection: Selection = "dev"
    # also keep the predictions of the step that is best on the test set, apart
    oracle: bool = False
    incomplete: bool = False  # go on although the corpus is not all there

    def __post_init__(self) -> None:
        if not 0 <= self.begun < math.inf:
            raise InputError(f"begun={self.begun}: expected a share of the learning rate, 0 or "
                             "more")
        if not 0 <= self.keep <= 1 or (self.keep and self.init in INITS):
            raise InputError(f"keep={self.keep:g}: expected a share of the weights of init, 0 to 1,"
                             " and an init that is a model")
        if self.selection == "refit" and self.oracle:
            raise InputError("selection=refit validates nothing: there is no step for oracle=true "
                             "to pick")

    @property
    def label(self) -> str:
        return f"{self.name}/{self.fold}-{self.seed}"

    @property
    def hash(self) -> str:
        """Over what decides the outcome: everything but where files lie, the protocol's own hash,
        and the code that trains and tests."""
        record = config.without(config.to_dict(self), config.free(self))
        for key in ("manifest", "root", "cache", "name"):
            del record[key]
        record["protocol"] = protocols.get(self.protocol).hash
        record["made of"] = material(self)
        named = sources.words(record) | {protocols.get(self.protocol).corpus}
        record["code"] = sources.code_hash(train_cell, named)
        if self.init not in INITS:
            record["init"] = hashlib.sha256(weights_file(self.init).read_bytes()).hexdigest()
        del record["teacher"]
        if self.teacher:
            record["teacher"] = storage.content_hash(weights_file(self.teacher, "teacher"))
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def mel_config(model: str, differences: Mapping[str, Any]) -> MelConfig:
    """The front end of a model."""
    full: Any = models.build(model, **differences).config
    return MelConfig(full.mels, full.low, full.high, full.floor, full.filters, full.quietest,
                     full.loudest)


def build(cell: Cell, protocol: Protocol) -> nn.Module:
    """The untrained model of a cell, drawn from torch's generator, which should be seeded."""
    settings = {**cell.config, "classes": len(protocol.classes) or 1}
    model = models.build(cell.model, **settings)
    if cell.init == "random":
        return model
    if cell.init not in INITS:
        return begun_with(model, cell.init, cell.begun, whole=cell.keep > 0)
    return expandnet_init(model)  # Guo et al. 2020


def training_macs(model: nn.Module, mels: int) -> int:
    """Multiply-accumulates of a forward on 2 s of features, in proportion to those of a training
    step."""
    return profile.count_macs(FromFeatures(model), torch.zeros(1, 2 * FRAME_RATE, mels))[0]


def finished(folder: Path, cell: Cell) -> dict[str, Any] | None:
    """The record of a cell that is finished with the same settings, material and code; else
    None."""
    try:
        record = json.loads((folder / CELL).read_text(encoding="utf-8"))
        return record if record["hash"] == cell.hash and (folder / WEIGHTS).exists() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def discard(folder: Path) -> None:
    """Makes a cell count as not finished."""
    (folder / CELL).unlink(missing_ok=True)


def split_of(protocol: Protocol, cell: Cell) -> Split:
    """The utterances that a cell trains, selects and tests on, checked for leaks.

    Raises:
        InputError: an unknown fold, a leak, or an incomplete corpus.
    """
    whole = cell.fold.startswith(ALL_BUT)
    name = cell.fold.removeprefix(ALL_BUT)
    utterances = read_manifest(cell.manifest)
    splits = {s.name: s for s in protocol.splits(utterances, cell.root, cell.incomplete)}
    if name not in splits:
        raise InputError(f"fold '{name}': not in {protocol.name}; it has {', '.join(splits)}")
    split = splits[name]
    if not whole and cell.selection != "refit":
        return split
    train, dev, test = ((split.train + split.test, split.dev, []) if whole
                        else (split.train, split.dev, split.test))
    split = (Split(cell.fold, train + dev, [], test) if cell.selection == "refit"
             else Split(cell.fold, train, dev, test))
    leaking = protocols.leaks(split, protocol.unit)
    if leaking:
        raise InputError(f"{protocol.name}: {cell.fold}: leak: {'; '.join(leaking)}")
    return split


def train_cell(folder: str | Path, values: Mapping[str, Any],
               wait: bool = True) -> dict[str, Any]:
    """Trains and tests a cell on one thread, and on the GPU where there is one.

    A cell that is finished is left as it is; one that was cut short begins again. Of several
    processes that come to a cell, one works on it. The lock lies beside the folder, as the folder
    itself is removed where a cell begins again.

    Args:
        folder: of the cell.
        values: `config.to_dict` of a `Cell`.
        wait: wait for another process that works on it.

    Returns:
        The cell's record, as in cell.json; {} where another process works on it and `wait` is off.

    Raises:
        InputError: the material is missing or does not fit.
    """
    folder, cell = Path(folder), config.from_dict(Cell, values, "cell")
    record = finished(folder, cell)
    if record is not None:
        return record
    with storage.lock(folder.with_name(f".{folder.name}.lock"), wait) as mine:
        if not mine:
            return {}
        record = finished(folder, cell)  # by another process, while this one waited
        if record is not None:
            return record
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return _train_cell(folder, cell)
        finally:
            torch.set_num_threads(threads)


def train_job(job: tuple[str, Mapping[str, Any], bool]) -> dict[str, Any]:
    """`train_cell` of (folder, values, wait), for pools and clusters: an error is an answer.

    Returns:
        As `train_cell`; {"error": one line} where it failed. The traceback of anything but bad
        input is then in `error.txt` in the cell's folder.
    """
    try:
        return train_cell(*job)
    except InputError as error:
        return {"error": str(error)}
    except Exception as error:
        place = Path(job[0]) / "error.txt"
        line = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        try:
            storage.write_atomically(place, traceback.format_exc().encode())
        except InputError:  # a full disk
            return {"error": line}
        return {"error": f"{line} (traceback in {place})"}


def _train_cell(folder: Path, cell: Cell) -> dict[str, Any]:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    began, cpu = time.monotonic(), time.process_time()
    protocol, cache = protocol_of(cell), Cache(cell.cache)
    split = split_of(protocol, cell)
    torch.manual_seed(cell.seed)
    model = build(cell, protocol)
    kept = {key: value.clone() for key, value in model.state_dict().items()} if cell.keep else {}
    drawn = [u for u in split.train for _ in range(often(cell, u))]
    guides = guides_of(cell, cache, drawn)
    network = FromFeatures(model, 0 if guides is None else guides[0].shape[1])
    if getattr(network.model.config, "normalise", "") == "stored":
        frames = np.concatenate([cache.frames(u.id) for u in split.train])
        network.model.set_statistics(torch.from_numpy(frames.mean(0)),
                                     torch.from_numpy(frames.std(0)))
    macs = training_macs(network.model, cache.mels)
    how = _schedule(cell, protocol, cache.mels, macs)
    loss, crops = _lesson(cell, protocol, cache, drawn, guides)
    judged = _Judge(cell, protocol, cache, split)
    network.to(trainer.device())
    result = trainer.fit(network, loss, crops, how, folder / "train",
                         judged.validate if split.dev else None, quiet=True)
    checkpoint.keep_share(network.model, kept, cell.keep)
    scores = judged.write(network, folder)
    checkpoint.write_tensors(folder / WEIGHTS, network.model.state_dict())
    # Of no use to a finished cell
    shutil.rmtree(folder / "train" / "checkpoints", ignore_errors=True)
    (folder / "train" / "best.safetensors").unlink(missing_ok=True)
    heard = {"train": drawn, "dev": split.dev, "test": split.test}
    record = {
        "hash": cell.hash,
        "protocol": protocol.hash,
        "cell": config.to_dict(cell),
        "measure": judged.measure,
        "dev": scores.get("dev"),
        "test": scores.get("test"),
        "best_step": result.best_step,
        "steps": result.steps,
        "parameters": sum(p.numel() for p in network.model.parameters()),
        "training_macs": macs,
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "speakers": {part: len({u.speaker for u in heard[part]}) for part in protocols.PARTS},
    }
    storage.write_atomically(folder / CELL, (json.dumps(record, indent=1) + "\n").encode())
    return record


def _schedule(cell: Cell, protocol: Protocol, mels: int, macs: int) -> trainer.TrainConfig:
    """How a cell trains: as it says, for as many steps as have the training compute of the model
    that it has to match, and validated only where a step is picked.

    Args:
        cell: the cell.
        protocol: its protocol.
        mels: bands of its features.
        macs: `training_macs` of its model.
    """
    steps = cell.train.max_steps
    if cell.match is not None:
        other = build(dataclasses.replace(cell, config=cell.match, init="random"), protocol)
        steps = round(steps * training_macs(other, mels) / macs)
    picks = cell.selection not in ("last", "refit") or cell.oracle
    return dataclasses.replace(
        cell.train, max_steps=steps, seed=cell.seed, workers=0, checkpoint_every=steps,
        validate_every=cell.train.validate_every if picks else steps)


def _lesson(cell: Cell, protocol: Protocol, cache: Cache, drawn: Sequence[Utterance],
            guides: list[np.ndarray] | None) -> tuple[Loss, Crops]:
    """The loss and the data that a cell trains on.

    Args:
        cell: the cell.
        protocol: its protocol.
        cache: its features.
        drawn: the training utterances, each as often as an epoch has it.
        guides: of `guides_of`.
    """
    targets = [protocol.target(u) for u in drawn]
    classes = len(protocol.classes)
    groups, counts = corpora_of(drawn, targets, classes)
    loss = Loss(classes, counts, cell.augment, cell.structure,
                cell.guide.weight if cell.guide else 0.0)
    return loss, Crops(cache, drawn, targets, cell.augment, guides, groups,
                       taught_by(cell, cache, drawn))


class _Judge:
    """Judges the model of a cell on development and test utterances, and keeps the test answers of
    the step that does best on them where the cell asks for it.

    Attributes:
        measure: "uar", or "ccc" for a regression.
    """

    def __init__(self, cell: Cell, protocol: Protocol, cache: Cache, split: Split) -> None:
        self.cell, self.protocol, self.cache, self.split = cell, protocol, cache, split
        self.classes = len(protocol.classes)
        self.measure = "uar" if self.classes else "ccc"
        self.best = -np.inf  # on the test set, and what was answered then
        self.oracle: list[dict[str, Any]] | None = None

    def answers(self, trained: FromFeatures, part: Sequence[Utterance]
                ) -> tuple[list[dict[str, Any]], float]:
        """A record for each utterance, and their measure."""
        chosen = bool(self.classes)
        records = prediction_records(self.protocol, part,
                                     predict(trained, self.cache, part, chosen))
        return records, measures(judge(records, chosen), self.classes)[self.measure]

    def validate(self, trained: Any) -> dict[str, float]:
        """What picks the step, as `trainer.fit` wants it."""
        dev = self.answers(trained, self.split.dev)[1]
        values = {"score": dev, f"dev_{self.measure}": dev}
        by_test = self.cell.selection == "test_oracle"
        if self.split.test and (self.cell.oracle or by_test):
            records, test = self.answers(trained, self.split.test)
            if test > self.best:
                self.best, self.oracle = test, records
            if by_test:
                values["score"] = test
        return values

    def write(self, network: FromFeatures, folder: Path) -> dict[str, float]:
        """Writes the answers of the finished model, and gives the measure of "dev" and "test"."""
        scores = {}
        for part in ("dev", "test"):
            if utterances := getattr(self.split, part):
                records, scores[part] = self.answers(network, utterances)
                write_records(folder / f"{part}.jsonl", records)
        if self.oracle is not None and self.cell.oracle:
            write_records(folder / "oracle.jsonl", self.oracle)
        return scores


def load_cell(folder: str | Path) -> tuple[nn.Module, dict[str, Any]]:
    """The model of a finished cell, in eval mode, and its record."""
    folder = Path(folder)
    from safetensors.torch import load_file

    record = json.loads((folder / CELL).read_text(encoding="utf-8"))
    cell = config.from_dict(Cell, record["cell"], str(folder / CELL))
    if cell.init not in INITS:  # where it began no longer matters
        cell = dataclasses.replace(cell, init="random", keep=0.0)
    known = protocols.get(cell.protocol)
    found = known if known.folds != protocols.FROM_WHAT_IS_THERE else protocol_of(cell)
    model = build(cell, found)
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model.eval(), record
