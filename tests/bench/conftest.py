"""An experiment folder as a sweep leaves it, with answers drawn at random around the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avspeech.bench import records
from avspeech.report import metrics

TASKS: dict[str, tuple[str, str, int]] = {  # task -> (kind, term, classes)
    "emotion": ("classification", "short", 4), "gender": ("classification", "long", 2),
    "age": ("regression", "long", 0), "accent": ("classification", "long", 3),
    "sentiment": ("ordinal", "short", 3)}


def make(folder: Path, skill: dict[str, float], tasks: Sequence[str] = tuple(TASKS), folds: int = 3,
         seeds: int = 2, speakers: int = 12, each: int = 6, gaps: Sequence[tuple[str, str, int, int]] = (),
         controls: bool = False, cross: bool = False, cls: Callable[[int], list[str]] | None = None) -> Path:
    """skill: by upstream, how often it knows; gaps: (task, upstream, fold, seed) that are missing."""
    rng = np.random.default_rng(0)
    cells, plan, missing, costs = [], [], [], []
    for number, upstream in enumerate(skill):
        costs.append(dict(
            upstream=upstream, corpus="one", pooling="mean", dtype="float32", identity="0" * 64,
            parameters=10 ** (5 + number), layers=number + 2, dim=32, frame_rate=50.0,
            utterances=speakers * each, audio_seconds=360.0, bytes=20000 * (number + 1),
            compute_seconds=2.0 * 4**number, hits=0, misses=speakers * each))
    variants = [("one", "", "")] + ([("one", "shuffled", "")] if controls else [])
    if cross:
        variants += [("two", "", ""), ("one", "", "two"), ("two", "", "one")]
    for task in tasks:
        kind, term, classes = TASKS[task]
        names = (cls or (lambda k: [f"class {i}" for i in range(k)]))(classes)
        for upstream, knows in skill.items():
            for corpus, control, test in variants:
                job = f"{task}-{corpus}-{upstream}{control}{test}".replace("/", "_")
                lines = []
                for fold in range(folds):
                    who = [s for s in range(speakers) if s % folds == fold]
                    truth = np.array([(s + 3 * i) % classes if classes else 20 + s + 5 * (i % 2)
                                      for s in who for i in range(each)])
                    for seed in range(seeds):
                        chance = rng.random(len(truth)) > (0.0 if control else knows * (0.8 if test else 1))
                        n = len(truth)
                        wrong = rng.integers(0, classes, n) if classes else rng.normal(25, 6, n)
                        said = np.where(chance, wrong, truth)
                        identity = dict(task=task, corpus=corpus, upstream=upstream, probe="linear",
                                        control=control, test_corpus=test, fold=fold, seed=seed)
                        plan.append(identity)
                        if (task, upstream, fold, seed) in gaps and not control:
                            missing.append({**identity, "reason": "InputError: a.wav: the file is empty"})
                            continue
                        told = (truth, said, classes) if classes else (truth, said)
                        measures = {m: float(getattr(metrics, m)(*told))
                                    for m in (("uar", "war", "wf1") if classes else ("ccc", "mae"))}
                        weights = rng.dirichlet(np.ones(costs[list(skill).index(upstream)]["layers"]))
                        cells.append({
                            **identity, "kind": kind, "term": term, "label": task, "classes": names,
                            "metric": next(iter(measures)), "metrics": measures, "dev": measures,
                            "metric_definition": {m: m for m in measures}, "lr": 0.01, "epoch": 5,
                            "lr_scores": [[0.01, 0.5]], "layer_weights": weights.tolist(),
                            "counts": {}, "absent": {}, "left_out": [], "protocol": "speaker-3fold",
                            "protocol_hash": "0", "files_hash": "0", "upstream_identity": "0",
                            "probe_settings": {}, "versions": {}, "job": job,
                            "predictions": f"predictions/{job}.jsonl"})
                        for k, (t, p) in enumerate(zip(truth.tolist(), said.tolist())):
                            speaker = f"{test or corpus}-{who[k // each]:02d}"
                            lines.append(dict(fold=fold, seed=seed, id=f"{speaker}-{k % each}",
                                              speaker=speaker, truth=t, predicted=p))
                records.write_lines(folder / "predictions" / f"{job}.jsonl", lines)
    for name, found in ((records.RESULTS, cells), (records.PLAN, plan), (records.MISSING, missing)):
        records.write_lines(folder / name, sorted(found, key=lambda r: tuple(map(str, records.key(r)))))
    records.write_lines(folder / records.COSTS, costs)
    return folder


@pytest.fixture
def make_experiment(tmp_path: Path) -> Callable[..., Path]:
    def build(skill: dict[str, float], **options: Any) -> Path:
        return make(tmp_path / "exp", skill, **options)
    return build
