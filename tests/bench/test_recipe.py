"""The recipe, from sounds to a leaderboard, with upstreams that need no weights."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from avspeech.bench import cost, plan, records
from avspeech.bench.probes import Probe
from avspeech.data.manifest import Utterance, write_manifest
from avspeech.errors import InputError
from avspeech.media import audio

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
corpora: {{mini_traits: {{manifest: '{0}/all.jsonl'}}}}
tasks: [gender, age]
upstreams: {{log-mel: {{}}, conv-random: {{}}}}
probes: {{linear: {{epochs: 6, lrs: [0.01]}}}}
seeds: [0]
shuffled: [log-mel]
cluster: {{kind: none}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Eight voices, low and high, of several ages."""
    rng = np.random.default_rng(0)
    rows = []
    for s in range(8):
        for i in range(4):
            hertz = (110 if s % 2 else 220) + rng.uniform(-10, 10)
            t = np.arange(int(16000 * 0.4)) / 16000
            wave = sum(np.sin(2 * np.pi * hertz * k * t) / k for k in range(1, 8)) * 0.2
            audio.write(tmp_path / f"{s}-{i}.wav", wave.astype(np.float32), 16000)
            rows.append(Utterance(f"{s}-{i}", f"{s}-{i}.wav", 0.4, f"s{s}",
                                  labels={"gender": "male" if s % 2 else "female", "age": 20.0 + 5 * s}))
    write_manifest(tmp_path / "all.jsonl", rows)
    (tmp_path / "train.yaml").write_text(CONFIG.format(tmp_path), encoding="utf-8")
    return tmp_path / "train.yaml"


def recipe(name: str = "recipe_bench"):  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location(name, ROOT / "recipes" / "bench" / "run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module.recipe


def test_it_runs_through_and_is_skipped_the_next_time(config: Path, tmp_path: Path,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config", str(config), "--exp", str(tmp_path / "exp")]
    recipe().run(arguments)
    results = records.read(tmp_path / "exp")
    assert len(results.cells) == 4 * 2 * 3 and results.missing == []
    told = np.mean([c["metrics"]["uar"] for c in results.cells
                    if c["task"] == "gender" and c["upstream"] == "log-mel" and not c["control"]])
    assert told == 1.0
    assert "log-mel" in (tmp_path / "exp" / "leaderboard.html").read_text(encoding="utf-8")
    assert "gender" in (tmp_path / "exp" / "RESULTS.md").read_text(encoding="utf-8")
    capsys.readouterr()
    recipe().run(arguments)
    assert capsys.readouterr().out.count("finished before, skipped") == 2


def test_what_fails_leaves_no_marker(config: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no graph")
    arguments = ["--config", str(config), "--exp", str(tmp_path / "exp"),
                 f"upstreams.broken.load={tmp_path / 'broken.onnx'}"]
    for _ in range(2):
        with pytest.raises(InputError, match="8 of 32 cells have no result .* upstream broken: "):
            recipe().run(arguments)
    assert len(records.read(tmp_path / "exp").cells) == 24


def test_cost_says_that_both_ways_agree(config: Path, tmp_path: Path) -> None:
    cfg = plan.Config(corpora={"mini_traits": plan.Corpus(manifest=str(tmp_path / "all.jsonl"))},
                      tasks=("gender",), upstreams={"conv-random": plan.Encoder()}, seeds=(0,),
                      probes={"linear": Probe(epochs=3)}, cluster=plan.Cluster(kind="none"))
    text = "\n".join(cost.measure(cfg, tmp_path / "exp", utterances=32, epochs=2))
    assert "same answers: 8 of 8 predictions" in text
    assert "MiB for an hour of sound" in text and "probes of 3 epochs at once" in text


def test_the_mini_example_in_small(tmp_path: Path) -> None:
    """Generated voices: the informed upstream is above the control, which is near chance."""
    pytest.importorskip("espeakng_loader")
    exp = tmp_path / "exp"
    recipe().run(["--config", str(ROOT / "egs/mini/bench/conf/train.yaml"), "--exp", str(exp),
                  "corpora.mini_traits.options={voices: 12, workers: 1}", "tasks=[gender, emotion]",
                  "only=[log-mel, conv-random]", "seeds=[0]", "cluster.kind=none",
                  "probes.linear={epochs: 12, lrs: [0.003, 0.03]}"])
    results = records.read(exp)
    means = {(task, control): np.mean([c["metrics"]["uar"] for c in results.cells if c["task"] == task
                                       and c["upstream"] == "log-mel" and c["control"] == control])
             for task in ("gender", "emotion") for control in ("", "shuffled")}
    for task, chance in (("gender", 0.5), ("emotion", 0.25)):
        assert means[task, ""] > means[task, "shuffled"] + 0.1
        assert abs(means[task, "shuffled"] - chance) < 0.3
