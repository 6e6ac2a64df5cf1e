"""Frames, the two views, and the cells of the table."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from avspeech.bench import folds as folding
from avspeech.bench import tasks, upstreams
from avspeech.core import storage
from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance, read_manifest, resolve
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report import report
from avspeech.report.metrics import uar
from avspeech.semi import language, pseudolabels
from avspeech.semi.pseudolabels import NONE, Data

SYSTEMS = ("all labels", "few labels alone", "self-training", "multi-view")


def write_frames(path: Path, load: str, options: dict[str, Any], data: Path) -> None:
    """{utterance id: frames [T, D] float32}: the mean of the encoder's layers."""
    import torch

    encoder = upstreams.load(load, **options)
    root = layout.read_prepared(data).root
    frames: dict[str, Any] = {}
    for u in tqdm(read_manifest(data / "all.jsonl"), load, unit="utterance", disable=None):
        samples = audio.read(resolve(root, u.audio), start=u.start, duration=u.duration)
        frames[u.id] = encoder.encode_long(torch.from_numpy(samples)).mean(0).cpu().numpy()
    with storage.writing(path) as aside:
        np.savez(aside, **frames)


def linguistic(cfg: Any, utterances: list[Utterance], truth: np.ndarray, classes: tuple[str, ...],
               seed: int) -> np.ndarray:
    """The linguistic view of each utterance [n]; NONE for none."""
    plug = cfg.language
    if plug.kind == "simulated":
        rng = np.random.default_rng([seed, 7])
        drawn = rng.integers(0, len(classes), len(truth))
        return np.where(rng.random(len(truth)) < plug.wrong, drawn, truth)
    if plug.kind == "answers":
        asked: Any = language.Answers(plug.path)
    elif plug.kind == "endpoint":
        asked = language.Endpoint(plug.address, plug.model, plug.key_variable)
    else:
        if not plug.command:
            raise InputError("language.command: empty; give the program and its arguments as a list")
        asked = language.Command(plug.command)
    # Filled in by hand: a transcript may hold braces
    prompts = [plug.prompt.replace("{classes}", ", ".join(classes)).replace("{text}", u.text or "")
               for u in utterances]
    return pseudolabels.linguistic_view(asked, [u.id for u in utterances], prompts, classes)


def reduced(frames: list[np.ndarray], train: np.ndarray, dims: int) -> list[np.ndarray]:
    """Frames in the first principal components of the training part; as they are for dims = 0."""
    if not dims or frames[0].shape[1] <= dims:
        return frames
    x = np.concatenate([frames[i] for i in train]).astype(np.float64)
    mean = x.mean(0)
    basis = np.linalg.eigh((x - mean).T @ (x - mean))[1][:, ::-1][:, :dims]
    return [(f - mean) @ basis for f in frames]


def evaluate_all(cfg: Any, exp: Path) -> None:
    """Every fold and seed, four systems; writes results/semi.json."""
    binding = tasks.Binding(cfg.corpus.label, cfg.corpus.protocol)
    task = tasks.Task("semi", "classification", "short", ("uar",), {cfg.corpus.name: binding})
    manifest = {u.id: u for u in read_manifest(exp / "data" / "all.jsonl")}
    found = folding.resolve(task, cfg.corpus.name, list(manifest.values()), cfg.corpus.incomplete)
    known = [fold.name for fold in found.folds]
    for name in cfg.folds:
        if name not in known:
            raise InputError(f"fold '{name}': not there; there are {', '.join(known)}")
    utterances = [manifest[i] for i in found.ids]
    truth = np.array(found.targets, np.int64)
    frames = []
    for name in cfg.encoders:
        with np.load(exp / "frames" / f"{name}.npz") as kept:
            frames.append([kept[i] for i in found.ids])
    texts = pseudolabels.hashed_text([u.text or "" for u in utterances])
    cells = [(f, s) for f in found.folds if f.name in (cfg.folds or known) for s in cfg.seeds]
    asked = None
    rows = []
    for fold, seed in tqdm(cells, "cells", unit="cell", disable=None):
        train, dev, test = (np.array(part, np.int64) for part in (fold.train, fold.dev, fold.test))
        vectors = np.hstack([[f.mean(0) for f in own] for own in frames])
        mean, scale = vectors[train].mean(0), vectors[train].std(0) + 1e-6
        data = Data(((vectors - mean) / scale).astype(np.float32), texts, truth, len(found.classes))
        labelled, hidden = pseudolabels.draw(truth, train, cfg.share, seed)
        if asked is None or cfg.language.kind == "simulated":  # a model is asked once
            asked = linguistic(cfg, utterances, truth, found.classes, seed)
        near = pseudolabels.acoustic_view([reduced(own, train, cfg.dims) for own in frames],
                                          labelled.tolist(), truth[labelled].tolist(), hidden.tolist(),
                                          data.classes)
        said = asked[hidden]
        outcomes = (
            pseudolabels.supervised(data, train, dev, test, cfg.train, seed),
            pseudolabels.supervised(data, labelled, dev, test, cfg.train, seed),
            pseudolabels.self_training(data, labelled, hidden, dev, test, cfg.train, seed),
            pseudolabels.iterate(data, labelled, hidden, near, said, dev, test, cfg.train, seed))
        views = {"acoustic": float(np.mean(near == truth[hidden])),
                 "linguistic": float(np.mean(said[said != NONE] == truth[hidden][said != NONE])),
                 "agreed": float(np.mean(near == said))}
        for system, outcome in zip(SYSTEMS, outcomes):
            rows.append({"system": system, "condition": fold.name, "seed": seed, "n": len(test),
                         "uar": 100 * uar(truth[test].tolist(), outcome.predicted.tolist(), data.classes),
                         "right": 100 * outcome.right if not math.isnan(outcome.right) else None,
                         "sure": outcome.sure, "taken": outcome.taken, "rounds": len(outcome.dev),
                         "labels": len(train) if system == SYSTEMS[0] else len(labelled), **views})
    report.write_results(exp / "results" / "semi.json", rows,
                         {"corpus": cfg.corpus.name, "protocol": found.protocol,
                          "folds": found.protocol_hash, "share": str(cfg.share),
                          "linguistic view": cfg.language.kind})
