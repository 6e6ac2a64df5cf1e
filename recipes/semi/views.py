"""Frames, the two views, and the results of the recipe."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from avspeech.bench import folds as folding
from avspeech.bench import tasks, upstreams
from avspeech.core import arrays, language, storage
from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance, read_manifest, resolve
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report import report
from avspeech.report.metrics import uar
from avspeech.semi import pseudolabels
from avspeech.semi.pseudolabels import NONE, Data

SYSTEMS = ("all labels", "few labels alone", "self-training", "multi-view")


def write_frames(path: Path, load: str, options: dict[str, Any], data: Path) -> None:
    """Writes {utterance id: frames [T, D] float32}, the mean over the encoder's layers.

    Args:
        path: the .npz file to write.
        load: name or address of the upstream.
        options: of the upstream.
        data: folder of the prepared corpus.
    """
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
    """The linguistic view of each utterance.

    Args:
        cfg: the recipe's configuration.
        utterances: n of them.
        truth: their classes [n], for simulated answers.
        classes: names of the classes.
        seed: of simulated answers.

    Returns:
        Classes [n], NONE for no answer.
    """
    plug = cfg.language
    if plug.kind == "simulated":
        rng = np.random.default_rng([seed, 7])
        drawn = rng.integers(0, len(classes), len(truth))
        return np.where(rng.random(len(truth)) < plug.wrong, drawn, truth)
    if plug.kind == "answers":
        model: Any = language.Answers(plug.path)
    elif plug.kind == "endpoint":
        model = language.Endpoint(plug.address, plug.model, plug.key_variable)
    else:
        model = language.Command(plug.command)
    # Not str.format, because a transcript may contain braces.
    prompts = [plug.prompt.replace("{classes}", ", ".join(classes)).replace("{text}", u.text or "")
               for u in utterances]
    return pseudolabels.linguistic_view(model, [u.id for u in utterances], prompts, classes)


def reduced(frames: list[np.ndarray], train: np.ndarray, dims: int) -> list[np.ndarray]:
    """Frames in the first principal components of the training part.

    Args:
        frames: [T, D] of each utterance.
        train: positions of the training part.
        dims: number of components; 0: return the frames as they are.
    """
    if not dims or frames[0].shape[1] <= dims:
        return frames
    x = np.concatenate([frames[i] for i in train]).astype(np.float64)
    mean = x.mean(0)
    basis = np.linalg.eigh((x - mean).T @ (x - mean))[1][:, ::-1][:, :dims]
    return [(f - mean) @ basis for f in frames]


def evaluate_all(cfg: Any, exp: Path) -> None:
    """Trains and tests the four systems on every fold and seed; writes results/semi.json.

    Args:
        cfg: the recipe's configuration.
        exp: the experiment folder.
    """
    binding = tasks.Binding(cfg.corpus.label, cfg.corpus.protocol)
    task = tasks.Task("semi", "classification", "short", ("uar",), {cfg.corpus.name: binding})
    manifest = {u.id: u for u in read_manifest(exp / "data" / "all.jsonl")}
    found = folding.resolve(task, cfg.corpus.name, list(manifest.values()), cfg.corpus.incomplete)
    known = [fold.name for fold in found.folds]
    for name in cfg.folds:
        if name not in known:
            raise InputError(f"fold '{name}': does not exist; there are {', '.join(known)}")
    utterances = [manifest[i] for i in found.ids]
    truth = np.array(found.targets, np.int64)
    frames = []
    for name in cfg.encoders:
        kept = arrays.read(exp / "frames" / f"{name}.npz", *found.ids)
        frames.append([kept[i] for i in found.ids])
    texts = pseudolabels.hashed_text([u.text or "" for u in utterances])
    means = []
    for own in frames:
        means.append([f.mean(0) for f in own])
    vectors = np.hstack(means)
    cells = [(f, s) for f in found.folds if f.name in (cfg.folds or known) for s in cfg.seeds]
    answers = None
    rows = []
    for fold, seed in tqdm(cells, "cells", unit="cell", disable=None):
        train, dev, test = (np.array(part, np.int64) for part in (fold.train, fold.dev, fold.test))
        mean, scale = vectors[train].mean(0), vectors[train].std(0) + 1e-6
        data = Data(((vectors - mean) / scale).astype(np.float32), texts, truth, len(found.classes))
        labelled, hidden = pseudolabels.draw(truth, train, cfg.share, seed)
        # A real model answers once; simulated answers depend on the seed.
        if answers is None or cfg.language.kind == "simulated":
            answers = linguistic(cfg, utterances, truth, found.classes, seed)
        near = pseudolabels.acoustic_view([reduced(own, train, cfg.dims) for own in frames],
                                          labelled.tolist(), truth[labelled].tolist(),
                                          hidden.tolist(), data.classes)
        words = answers[hidden]
        outcomes = (
            pseudolabels.supervised(data, train, dev, test, cfg.train, seed),
            pseudolabels.supervised(data, labelled, dev, test, cfg.train, seed),
            pseudolabels.self_training(data, labelled, hidden, dev, test, cfg.train, seed),
            pseudolabels.iterate(data, labelled, hidden, near, words, dev, test, cfg.train, seed))
        views = {"acoustic": float(np.mean(near == truth[hidden])),
                 "linguistic": float(np.mean(words[words != NONE]
                                             == truth[hidden][words != NONE])),
                 "agreed": float(np.mean(near == words))}
        absent = ", ".join(c for k, c in enumerate(found.classes) if k not in truth[test])
        for system, outcome in zip(SYSTEMS, outcomes):
            rows.append({"system": system, "condition": fold.name, "seed": seed, "n": len(test),
                         "uar": 100 * uar(truth[test].tolist(), outcome.predicted.tolist(),
                                          data.classes),
                         "absent": absent,
                         "right": report.NONE if math.isnan(outcome.right) else 100 * outcome.right,
                         "sure": outcome.sure, "taken": outcome.taken, "rounds": len(outcome.dev),
                         "labels": len(train) if system == SYSTEMS[0] else len(labelled), **views})
    report.write_results(exp / "results" / "semi.json", rows,
                         {"corpus": cfg.corpus.name, "protocol": found.protocol,
                          "folds": found.protocol_hash, "share": str(cfg.share),
                          "linguistic view": cfg.language.kind})
