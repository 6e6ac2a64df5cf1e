"""The recipe of the splitter."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from recipe_loading import ROOT, check_what_is_trained_again, recipe_module

from avspeech.core import models, pretrained
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report.report import read_results


def test_the_split_recipe_runs_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder of made recordings to a measured model folder, which a run that was cut short
    reaches too."""
    source, rng = tmp_path / "source" / "one_per_speaker", np.random.default_rng(0)
    source.mkdir(parents=True)
    for speaker in range(6):
        t = np.arange(8000) / 16000
        sound = 0.3 * np.sin(2 * np.pi * 200 * 1.3**speaker * t) + 0.01 * rng.standard_normal(len(t))
        audio.write(source / f"{speaker + 10}-1-0000.wav", sound.astype(np.float32), 16000)
    (source.parent / "SPEAKERS.TXT").write_text("".join(
        f"{n + 10} | {'FM'[n % 2]} | train-clean-100 | 25 | Name\n" for n in range(6)))
    small = {"blocks": 1, "dim": 8, "hidden": 8, "heads": 2, "query": 2, "guess": 8, "guess_layers": 1}
    model = models.build("voices-small", **small)
    begun = pretrained.save(tmp_path / "begun", model, pretrained.ModelInfo(
        "separation", "splitter", dataclasses.asdict(model.config), fps=None))
    steps = "{max_steps: 2, batch_seconds: 2, validate_every: 2}"
    arguments = ["--config", str(ROOT / "egs/librispeech/split/conf/train.yaml"),
                 "--exp", str(tmp_path / "exp"), "data.copies=1",
                 f"data.corpora.librispeech.source={source.parent}",
                 "data.corpora.librispeech.options={part: one_per_speaker, split: speaker, dev: 2, test: 2}",
                 f"model.init={begun}", f"model.config={json.dumps(small)}", "scenes.segment=1",
                 "easy.scenes.segment=1",
                 f"easy.train={steps}", f"train={steps}",
                 "measuring={segment: 1, dev_count: 1, test_count: 2}"]
    recipe = recipe_module("split").recipe
    recipe.run(arguments)
    exp = tmp_path / "exp"
    info = pretrained.read_info(exp / "splitter" / "model")
    assert info.task == "separation" and {d["name"] for d in info.training_data} == {"librispeech"}
    rows = read_results(exp / "results" / "splitter.json")[0]
    mean = np.mean([r["si_sdri"] for r in rows if r["kind"] == "two" and r["condition"] == "life"])
    assert info.metrics["test si_sdri/two, life"] == round(float(mean), 2)
    page = (exp / "RESULTS.md").read_text()
    assert f"{mean:.2f} (" in page.split("| splitter | ")[1].splitlines()[0] and "| before |" in page
    assert "both of one sex, clean" in page or "one woman and one man, clean" in page
    assert (exp / "report.html").stat().st_size > 10_000
    product = exp / "splitter" / "model" / "model.safetensors"
    weights = product.read_bytes()
    shutil.rmtree(product.parent)
    recipe.run([*arguments, "--stage", "train"])  # goes on from the last checkpoint, which is the end
    assert product.read_bytes() == weights
    check_what_is_trained_again(recipe, arguments, exp, "splitter/model/model.safetensors", monkeypatch)
    with pytest.raises(InputError, match="other settings"):
        recipe.run([*arguments, "--stage", "train", "--stop-stage", "train", "scenes.room=0.5"])
    once = ["--stage", "train", "--stop-stage", "train", "--force"]
    recipe.run([*arguments, *once, "model.keep=1"])
    kept = pretrained.load(exp / "splitter" / "model")[0].state_dict()
    first = pretrained.load(begun)[0].state_dict()
    assert all(torch.allclose(kept[key], first[key], atol=0.02) for key in first)  # int8
    with pytest.raises(InputError, match="splitter of its shape"):
        recipe.run([*arguments, *once, "model.keep=0.5", "model.config={dim: 16}"])
