"""What storing features saves, measured: `avspeech bench cost CONFIG`.

On some utterances of the first job of a config it compares one probe on stored features with the
same probe where the upstream runs in every epoch (in time and in predictions), float32 with
float16, and many probes at once with one after another. It also gives the bytes that an hour of
sound takes.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avspeech.bench import jobs, plan
from avspeech.bench.folds import Fold, Folds
from avspeech.bench.plan import Config, Job, Plan, Sound
from avspeech.bench.probes import Chosen, Pooled, Probe, train
from avspeech.errors import InputError


class Live(Pooled):
    """Features that are not kept: each batch reads its sounds and runs the upstream.

    They are scaled as the stored ones are.
    """

    def __init__(self, upstream: Any, sounds: Sequence[Sound], stored: Pooled):
        super().__init__(stored.x)
        self.upstream, self.sounds = upstream, sounds

    def batch(self, rows: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor | None]:
        sounds = [self.sounds[r] for r in rows.flatten().tolist()]
        waves = [jobs.read_sound(s.path, s.start, s.duration, self.upstream.sample_rate)
                 for s in sounds]
        arrays = [jobs.features(self.upstream, [w], "none")[0] for w in waves]
        frames = [torch.as_tensor(a).transpose(0, 1) for a in arrays]
        padded = torch.nn.utils.rnn.pad_sequence(frames, batch_first=True).to(dtype)
        lengths = torch.tensor([len(f) for f in frames])
        there = torch.arange(padded.shape[1])[None] < lengths[:, None]
        return padded.unflatten(0, rows.shape), there.unflatten(0, rows.shape)


def measure(cfg: Config, exp: Path, upstream: str | None = None, utterances: int = 48,
            epochs: int = 3) -> list[str]:
    """Measures what stored features save.

    Args:
        cfg: the config; its first job with the upstream is measured.
        exp: the experiment folder.
        upstream: a name of the config; default: its first.
        utterances: how many to train and test on.
        epochs: how many to run the upstream anew in.

    Returns:
        Lines for the terminal.

    Raises:
        InputError: the upstream is not in the config or cannot be loaded, or there is no job.
    """
    exp = Path(exp).absolute()
    name, made, job = _measured(cfg, exp, upstream)
    encoder = cfg.upstreams[name]
    model = jobs.open_upstream({"load": encoder.load or name, "options": encoder.options})
    folds, sounds = _some(made, job, utterances)
    seconds = sum(s.duration for s in sounds)
    jobs.features(model, [np.zeros(16000, np.float32)], "mean")  # its first call is slower

    lines = [f"{job}: {len(sounds)} utterances, {seconds:.0f} s of sound, {cfg.cluster.threads} "
             "thread(s)"]
    once, x = _timed(lambda: np.stack([jobs.features(model, [jobs.read_sound(
        s.path, s.start, s.duration, model.sample_rate)], "mean")[0] for s in sounds]))
    lines.append(f"features once: {once:.2f} s, {once / seconds * 3600:.0f} s of compute for an "
                 "hour of sound")
    lines += _bytes(x, sounds, model.frame_rate)
    settings = cfg.probes[job.probe]
    if settings.head == "attention":
        raise InputError(f"probe {job.probe}: cost compares probes on pooled features; name "
                         "another first")

    one = dataclasses.replace(settings, lrs=(1e-2,), epochs=epochs, patience=epochs)
    stored = Pooled(x)
    short, kept = _timed(lambda: _train(cfg, made, job, folds, stored, one))
    anew, live = _timed(lambda: _train(cfg, made, job, folds, Live(model, sounds, stored), one))
    lines.append(f"one probe, {epochs} epochs: {once + short:.2f} s with stored features "
                 f"({short:.2f} s beside making them), {anew:.2f} s with the upstream run in every "
                 f"epoch: {anew / (once + short):.1f} times")
    lines.append("same answers: " + _agreement(kept, live))
    half = _train(cfg, made, job, folds, Pooled(x.astype(np.float16)), one)
    lines.append("float16 against float32: " + _agreement(kept, half))

    total = len(cfg.seeds) * len(settings.lrs)
    fixed = dataclasses.replace(settings, patience=settings.epochs)
    together, _ = _timed(lambda: _train(cfg, made, job, folds, stored, fixed, cfg.seeds))
    single, _ = _timed(lambda: _train(cfg, made, job, folds, stored,
                                      dataclasses.replace(fixed, lrs=fixed.lrs[:1]), cfg.seeds[:1]))
    lines.append(f"{total} probes of {settings.epochs} epochs at once: {together:.2f} s, "
                 f"{total / together:.1f} a second; one alone: {single:.2f} s, {1 / single:.1f} a "
                 "second")
    per_epoch = anew / (epochs + 1)  # an epoch, and as much again for development and test
    lines.append(f"all of them: {once + together:.1f} s against "
                 f"{per_epoch * settings.epochs * total:.0f} s (estimated from {epochs} epochs): "
                 f"{per_epoch * settings.epochs * total / (once + together):.0f} times")
    return lines


def _measured(cfg: Config, exp: Path, upstream: str | None) -> tuple[str, Plan, Job]:
    """The upstream, the plan of a config, and the first job in it with that upstream.

    Raises:
        InputError: there is none.
    """
    if not cfg.upstreams:
        raise InputError("the config names no upstream, so there is nothing to measure; expected "
                         "one of a sweep (avspeech bench run)")
    name = upstream or next(iter(cfg.upstreams))
    if name not in cfg.upstreams:
        raise InputError(f"upstream '{name}' is not in the config: {', '.join(cfg.upstreams)}")
    torch.set_num_threads(cfg.cluster.threads)
    plan.prepare(cfg, exp)
    made = plan.make(cfg, exp)
    job = next((j for j in made.jobs
                if j.upstream == name and not j.test_corpus and not j.control), None)
    if job is None:
        raise InputError(f"upstream '{name}' has no job in this config"
                         + "".join(f"; {note}" for note in made.notes[:2]))
    return name, made, job


def _bytes(x: np.ndarray, sounds: Sequence[Sound], frame_rate: float) -> Iterator[str]:
    """Lines on what features take on the disk.

    Args:
        x: means over time `[N, layers, dim]`.
        sounds: what they are of.
        frame_rate: of the frames, in hertz.
    """
    seconds = sum(s.duration for s in sounds)
    frames = sum(max(1, round(s.duration * frame_rate)) for s in sounds)
    for label, size in (("float32", 4), ("float16", 2)):
        pooled, full = (x[0].size * size * n / seconds * 3600 / 2**20
                        for n in (len(sounds), frames))
        yield (f"stored as {label}: {pooled:.2f} MiB for an hour of sound, {full:.0f} MiB as "
               f"frames ({full / pooled:.0f} times)")


def _some(made: Plan, job: Job, count: int) -> tuple[Folds, list[Sound]]:
    """A job's first fold cut to about `count` utterances, evenly taken, and their sounds."""
    folds = made.folds_of(job)
    fold = folds.folds[0]
    size = len(fold.train) + len(fold.dev) + len(fold.test)
    step = max(1, size // count)
    parts = [part[::step] for part in (fold.train, fold.dev, fold.test)]
    kept = [i for part in parts for i in part]
    place = {old: new for new, old in enumerate(kept)}
    train, dev, test = (tuple(map(place.__getitem__, part)) for part in parts)
    small = Fold(fold.name, train, dev, test)
    sounds = [made.sounds[job.corpus][folds.ids[i]] for i in kept]
    return dataclasses.replace(folds, folds=(small,), targets=tuple(folds.targets[i] for i in kept),
                               ids=tuple(folds.ids[i] for i in kept)), sounds


def _train(cfg: Config, made: Plan, job: Job, folds: Folds, features: Pooled, settings: Probe,
           seeds: Sequence[int] = (0,)) -> list[Chosen]:
    task = made.tasks[job.task]
    return train(features, folds.targets, folds.folds, seeds, task.kind, len(folds.classes),
                 settings, task.metrics[0])


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _agreement(one: Sequence[Chosen], other: Sequence[Chosen]) -> str:
    same = sum(int(np.isclose(a.predicted, b.predicted, rtol=1e-3).sum())
               for a, b in zip(one, other))
    total = sum(len(a.predicted) for a in one)
    far = max(float(np.abs(a.output - b.output).max()) for a, b in zip(one, other))
    return f"{same} of {total} predictions, largest difference of an output {far:.2g}"
