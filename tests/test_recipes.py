"""Every recipe exists, runs from any folder, lists its stages, and its YAML files fit its schema."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from avspeech import text as text_module
from avspeech.core import config, models, pretrained, sources
from avspeech.data.manifest import Utterance, read_manifest, write_manifest
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report.report import read_results

ROOT = Path(__file__).resolve().parents[1]
RECIPES = sorted(p.parent.name for p in ROOT.glob("recipes/*/run.py"))
EXAMPLES = sorted(str(p.parent.relative_to(ROOT)) for p in ROOT.glob("egs/*/*/run.sh"))
YAMLS = sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("egs/*/*/conf/**/*.yaml"))


# Each recipe, and the corpora it is made for.
LISTED = {
    "bench": ("mini", "paralbench"),
    "semi": ("mini",),
    "ser": ("ased", "baved", "crema_d", "daic_woz", "emodb", "emogator", "emovo", "iemocap", "m3ed",
            "many", "mini", "nemo", "own", "ravdess", "turev", "urdu"),
    "split": ("librispeech",),
    "tse": ("grid", "lrs3", "mead", "mini", "own", "voxceleb2"),
    "tts": ("asterisk", "libritts", "ljspeech", "mini", "teacher", "vctk"),
}


@functools.cache
def recipe_module(task: str) -> ModuleType:
    folder = ROOT / "recipes" / task
    spec = importlib.util.spec_from_file_location(f"recipe_{task}", folder / "run.py")
    assert spec and spec.loader
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # as for a script, which imports what lies beside it
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


def test_they_are_listed() -> None:
    assert RECIPES == sorted(LISTED)
    assert EXAMPLES == sorted(f"egs/{corpus}/{task}" for task in LISTED for corpus in LISTED[task])


@pytest.mark.parametrize("example", EXAMPLES)
def test_run_sh_is_a_door(example: str) -> None:
    """An executable of two commands, for a recipe that exists, with its config beside it."""
    script = ROOT / example / "run.sh"
    lines = script.read_text(encoding="utf-8").splitlines()
    assert os.access(script, os.X_OK)
    assert lines[0] == "#!/usr/bin/env bash" and lines[1].startswith("# ")
    commands = [line for line in lines if not line.startswith("#")]
    assert commands == ['here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)',
                        'exec bash "$here/../../../tools/run.sh" "$here" "$@"']
    assert example.rpartition("/")[2] in RECIPES
    assert (ROOT / example / "conf" / "train.yaml").is_file()
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_run_sh_sets_up_and_passes_its_arguments_on(tmp_path: Path) -> None:
    """In a copy of the tree whose path has a blank, from another folder, with a stub for Python."""
    root, example = tmp_path / "a tree", "egs/own/tse"
    for path in (f"{example}/run.sh", "tools/run.sh"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, root / path)
    python = root / ".venv" / "bin" / "python"
    (root / "tools" / "setup.sh").write_text(
        f"mkdir -p '{python.parent}'\n"
        f"printf '#!/bin/sh\\nprintf \"%%s|\" \"$OMP_WAIT_POLICY\" \"$(pwd)\" \"$@\"' >'{python}'\n"
        f"chmod +x '{python}'\n", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    given = ["a b", "data.x=$HOME", "--stage", "train"]
    done = subprocess.run([str(root / example / "run.sh"), *given], cwd=elsewhere, check=False,
                          capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], "OMP_WAIT_POLICY": ""})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("|")[:-1] == [
        "passive", str(elsewhere), str(root / "recipes" / "tse" / "run.py"), "--config",
        str(root / example / "conf" / "train.yaml"), *given]


# Recipes whose config keys still lack comments.


@pytest.mark.parametrize("task", RECIPES)
def test_every_config_key_has_a_comment(task: str) -> None:
    """The comment beside a field's default is its line in --help."""
    about = config.comments(recipe_module(task).recipe.schema)
    assert about
    assert [key for key, comment in about.items() if not comment] == []


@pytest.mark.parametrize("path", YAMLS)
def test_yaml_keys_are_in_the_schema(path: str) -> None:
    schema = recipe_module(path.split("/")[2]).recipe.schema
    assert isinstance(config.load(schema, ROOT / path), schema)


def test_each_open_choice_of_the_graph_has_its_ablation() -> None:
    from avspeech.emotion.dynamic_graph import CHOICES

    schema = recipe_module("ser").recipe.schema
    for field in (*CHOICES, "phi", "gamma", "long_range", "residual", "pooling"):
        name = "graphs" if field == "graph" else f"graph-{field}"
        systems = config.load(schema, ROOT / "egs/ravdess/ser/conf" / f"{name}.yaml").systems.values()
        given = [system.config.get(field) for system in systems]
        assert sum(value is None for value in given) == 1, name  # the choice made
        assert {k for system in systems for k in system.config} == {field}, name
        if field in CHOICES:
            choices = {*CHOICES[field]} - {"whisper"}  # egs/many/ser/conf/graph.yaml
            assert len({*given} & choices) == len(choices) - 1, name


@pytest.mark.parametrize("task", RECIPES)
def test_every_stage_says_what_it_does(task: str) -> None:
    stages = recipe_module(task).recipe.stages
    assert stages
    for stage in stages:
        assert stage.summary.endswith("."), stage.name


# Each recipe is a process of its own, as recipes' folders have files of the same names: a fork of one
# process that has imported what is slow to import, which costs a fraction of a second each.
STARTED = '''
import contextlib, io, json, os, runpy, sys
from pathlib import Path
import torch
from avspeech.core import recipe, sources
from avspeech.emotion import cells
from avspeech.extraction import extractor
from avspeech.synthesis import synthesizer

def started(folder, configs):
    said = []
    for config in configs:
        sys.argv = [str(folder / "run.py"), "--config", config, "--help"]
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                runpy.run_path(sys.argv[0], run_name="__main__")
            except SystemExit as end:
                assert not end.code, (config, end.code)
        said.append(out.getvalue())
    sys.path.insert(0, str(folder))
    import run
    reached = {stage.name: any(where.endswith(".py") for where in sources.code_of(stage.run))
               for stage in run.recipe.stages}
    return {"said": said, "reached": reached}

sources.code_hash(cells.train_cell)  # files that have been read once are known to the forks
for folder, configs in json.loads(sys.argv[1]).items():
    read, write = os.pipe()
    if not (child := os.fork()):
        os.close(read)
        sys.path[0] = folder  # as of a script
        with os.fdopen(write, "w") as pipe:
            pipe.write(json.dumps(started(Path(folder), configs)) + "\\n")
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        print(pipe.read() or "null\\n", end="", flush=True)
    os.waitpid(child, 0)
'''


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Of each recipe: what --help says to each of its examples, and whether its stages' code is found."""
    folder = tmp_path_factory.mktemp("elsewhere")
    asked = {str(ROOT / "recipes" / task): [str(ROOT / f"egs/{corpus}/{task}/conf/train.yaml")
                                            for corpus in LISTED[task]] for task in RECIPES}
    done = subprocess.run([sys.executable, "-c", STARTED, json.dumps(asked)], cwd=folder, text=True,
                          capture_output=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    answers = dict(zip(RECIPES, map(json.loads, done.stdout.splitlines()), strict=True))
    assert None not in answers.values(), done.stderr
    assert not any(folder.iterdir())
    return answers


@pytest.mark.parametrize("task", RECIPES)
def test_help_works_from_any_folder(task: str, started: dict[str, dict[str, Any]]) -> None:
    """With each example's config. That an example's run.sh gives its own is said above."""
    assert len(started[task]["said"]) == len(LISTED[task])
    for stage in recipe_module(task).recipe.stages:
        assert all(f"{stage.name}  " in said for said in started[task]["said"])


@pytest.mark.parametrize("task", RECIPES)
def test_every_stage_of_a_recipe_reaches_the_library(task: str,
                                                     started: dict[str, dict[str, Any]]) -> None:
    """Its hash (`avspeech.core.sources`) is over files of avspeech, too."""
    assert set(started[task]["reached"]) == {stage.name for stage in recipe_module(task).recipe.stages}
    assert all(started[task]["reached"].values())


@pytest.mark.skipif(not (ROOT / ".venv" / "bin" / "python").exists(),
                    reason="run.sh would set up .venv first")
def test_a_run_sh_works_from_any_folder(tmp_path: Path) -> None:
    """One for all: it is the same two commands in each."""
    done = subprocess.run([str(ROOT / "egs/librispeech/split/run.sh"), "--help"], cwd=tmp_path,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(f"{stage.name}  " in done.stdout for stage in recipe_module("split").recipe.stages)
    assert not any(tmp_path.iterdir())


def check_what_is_trained_again(recipe: Any, arguments: list[str], exp: Path, product: str,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    """What a training left is kept where the stage alone has lost its marker; --force, and other code, make
    it anew."""
    only = [*arguments, "--stage", "train", "--stop-stage", "train"]

    def trained_again(*more: str) -> bool:
        before = (exp / product).stat().st_mtime_ns
        recipe.run([*only, *more])
        return (exp / product).stat().st_mtime_ns != before

    (exp / ".stages" / "train.json").unlink(missing_ok=True)
    assert not trained_again()
    assert trained_again("--force")
    assert not trained_again()
    with monkeypatch.context() as patch:
        patch.setattr(sources, "code_hash", lambda function, names=(): "other code")
        assert trained_again()
        assert not trained_again()


def test_the_mini_recipe_runs_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From no data to a voice in a wav and a page, with a model and a corpus as small as they come."""
    pytest.importorskip("espeakng_loader")
    mini = ("data.corpora.mini.options={speakers: 4, utterances: 2, dev_speakers: 1, test_speakers: 1, "
            "views: [front, left_60], rotating: false, workers: 1}")
    model = ("model.config={lips_width: 4, embed: 8, blocks: 1, dim: 8, hidden: 8, heads: 2, query: 2, "
             "guess: 8, guess_layers: 1}")
    steps = [f"{part}={{max_steps: 2, batch_seconds: 4, validate_every: 2}}"
             for part in ("lips", "guess", "train")]
    arguments = ["--config", str(ROOT / "egs/mini/tse/conf/train.yaml"), "--exp", str(tmp_path / "exp"), mini,
                 model, *steps, "mix.test_count=4", "mix.dev_count=3", "mix.segment=1.0",
                 "mix.test.kinds={silent: 0}"]
    recipe = recipe_module("tse").recipe
    recipe.run(arguments)
    exp = tmp_path / "exp"
    wav = next((exp / "extracted" / "mini").glob("*_face1.wav"))
    assert audio.duration(wav) == pytest.approx(audio.duration(exp / "extracted" / "mini" / "mixture.wav"),
                                                abs=0.1)
    page = (exp / "report.html").read_text(encoding="utf-8")
    assert "SI-SDRi" in page and "data:audio" in page and "left 60" in page
    assert "shuffled video" in (exp / "RESULTS.md").read_text(encoding="utf-8")
    check_what_is_trained_again(recipe, arguments, exp, "mvtf-0/model/model.safetensors", monkeypatch)
    with pytest.raises(InputError, match="other settings"):
        recipe.run([*arguments, "--stage", "train", "--stop-stage", "train", "train.lr=0.5"])
    recipe.run(arguments)
    again = [*arguments, "--exp", str(tmp_path / "again"), "--stop-stage", "train",
             f"model.init={exp}/mvtf-0/model"]
    with pytest.raises(InputError, match=r"model.keep=1.5"):
        recipe.run([*again, "model.keep=1.5"])
    recipe.run([*again, "model.keep=1.0"])
    before, after = (load_file(folder / "mvtf-0" / "model" / "model.safetensors")
                     for folder in (exp, tmp_path / "again"))
    assert not [key for key in before  # but for counters of batches
                if before[key].is_floating_point() and not torch.equal(before[key], after[key])]
    card = (exp / "mvtf-0" / "model" / "README.md").read_bytes()
    recipe.run([*again, "model.keep=1.0", "--stage", "evaluate", "--stop-stage", "evaluate"])
    kept, begun = (read_results(tmp_path / "again" / "results" / f"{name}.json")[0]
                   for name in ("mvtf-0-mini", "before-mini"))
    assert [row["si_sdri"] for row in kept] == [row["si_sdri"] for row in begun]
    assert card == (exp / "mvtf-0" / "model" / "README.md").read_bytes()


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


def test_the_mini_emotion_recipe_runs_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From no data to tables and a model folder, with as few words and steps as will do; a cell that is
    finished is not done again."""
    pytest.importorskip("espeakng_loader")
    arguments = ["--config", str(ROOT / "egs/mini/ser/conf/train.yaml"), "--exp", str(tmp_path / "exp"),
                 "corpus.options={sentences: 1, workers: 1}", "corpus.incomplete=true", "features.speeds=[]",
                 "folds=[fold1, fold2]", "train={max_steps: 2, validate_every: 1}", "workers=1",
                 "model.config={mels: 16, dim: 8, layers: 1, heads: 2, inner: 8, dropout: 0}"]
    recipe = recipe_module("ser").recipe
    recipe.run(arguments)
    exp = tmp_path / "exp"
    page = (exp / "RESULTS.md").read_text(encoding="utf-8")
    assert "hrf against plain" in page and "chosen by the test speakers" in page and "Merged against" in page
    from avspeech.data import protocol

    whole = protocol.get("mini_emotion")
    assert f"Speaker-independent, 2 of {len(whole.folds)} folds pooled" in page
    assert "Only these folds were run: fold1, fold2." in page and "nan" not in page
    tested = sum(len(fold.test) for fold in whole.folds[:2])
    assert f"clips of {tested} speakers are tested" in page
    assert "| always '" in page and "| 20.0 |" in page  # of five classes, whatever most clips are
    assert "## Incomplete corpus" in page and whole.hash not in page
    cell = json.loads(next(exp.rglob("cell.json")).read_text(encoding="utf-8"))
    assert cell["protocol"] != whole.hash and cell["protocol"] in page
    assert "svg" in (exp / "report.html").read_text(encoding="utf-8")
    from avspeech.core import pretrained

    model, info = pretrained.load(exp / "models" / "hrf")
    assert cell["protocol"] in info.description and "uar, on 2 of" in str(info.metrics)
    assert info.task == "emotion" and len(info.labels) == 5 and model.config.hrf is None
    assert len(list(exp.rglob("cell.json"))) == 5  # two systems, two folds, and the one for release
    check_what_is_trained_again(recipe, arguments, exp, "cells/hrf/fold1-0/cell.json", monkeypatch)
    next(exp.rglob("hrf/fold1-0/cell.json")).unlink()  # a cell that was cut short
    recipe.run([*arguments, "--stage", "evaluate", "--stop-stage", "report", "--force"])
    page = (exp / "RESULTS.md").read_text(encoding="utf-8")
    assert "hrf/fold1-0" in page.split("## Missing")[1] and "hrf against plain: no complete seed" in page
    with pytest.raises(InputError, match="fold 'fold9'"):
        recipe.run([*arguments, "--stage", "train", "folds=[fold9]"])


def test_experiments_on_other_material_share_neither_features_nor_cells(tmp_path: Path) -> None:
    """Two corpora of the same names and lengths, in experiments of one folder; then a corpus whose sounds
    are replaced in their place."""
    from avspeech.data.corpora import ravdess
    from avspeech.emotion.features import Cache

    rng = np.random.default_rng(0)
    names = [name for name in ravdess.names() if name.split("-")[2:4] == ["01", "01"]]

    def corpus(folder: str) -> str:
        for name in names:
            sound = rng.uniform(-0.1, 0.1, 33_600).astype(np.float32)
            audio.write(tmp_path / folder / f"Actor_{name[-2:]}" / f"03-01-{name}.wav", sound)
        return str(tmp_path / folder)

    recipe = recipe_module("ser").recipe

    def run(exp: str, source: str, *more: str) -> tuple[str, list[dict]]:
        recipe.run(["--config", str(ROOT / "egs/ravdess/ser/conf/edge.yaml"), "--exp", str(tmp_path / exp),
                    f"corpus.source={source}", "corpus.incomplete=true", "features.speeds=[]",
                    "folds=[fold1]", "train={max_steps: 2, validate_every: 1}", "workers=1", "seeds=[0]",
                    "systems={plain: {}}", "release.systems=[]", "release.committee=false",
                    "model={name: conv_transformer, "
                    "config: {mels: 16, dim: 8, layers: 1, heads: 2, inner: 8}}",
                    "--stop-stage", "train", *more])
        cell = json.loads(next((tmp_path / exp).rglob("cell.json")).read_text(encoding="utf-8"))
        rows = (next((tmp_path / exp).rglob("test.jsonl"))).read_text(encoding="utf-8")
        return Cache(cell["cell"]["cache"]).digest, [json.loads(row) for row in rows.splitlines()]

    one, other = corpus("one"), corpus("other")
    first, second = run("first", one), run("second", other)
    assert first[0] != second[0] and first[1] != second[1]
    assert [row["id"] for row in first[1]] == [row["id"] for row in second[1]]
    assert run("first", one) == first  # its own material is still there
    assert corpus("one") == one
    assert run("first", one, "--force")[0] not in (first[0], second[0])
    assert run("first", one)[1] != first[1]


def test_a_guide_is_of_its_sounds_and_its_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of as many utterances of the same names."""
    from avspeech.bench import upstreams
    from avspeech.emotion.features import FeatureConfig
    from avspeech.emotion.guides import guide_key, read_guide

    recipe_module("ser")
    compute = importlib.import_module("guides").compute_guide
    rng, path, config = np.random.default_rng(0), tmp_path / "guide.npz", FeatureConfig()
    spoken = [Utterance("a", "a.wav", 1.0, "s")]

    def guide(again: bool) -> list[np.ndarray]:
        if again:
            audio.write(tmp_path / "a.wav", rng.uniform(-0.1, 0.1, 16_000).astype(np.float32))
        compute(path, "log-mel", 0, spoken, tmp_path, config)
        return read_guide(path)

    first, key = guide(True), guide_key(path)
    written = path.stat().st_mtime_ns
    assert np.array_equal(guide(False)[0], first[0]) and path.stat().st_mtime_ns == written
    second = guide(True)
    assert not np.allclose(second[0], first[0]) and guide_key(path) != key
    key, load = guide_key(path), upstreams.load

    def mended(name: str) -> Any:
        encoder = load(name)
        encoder._identity = "mended"
        return encoder

    monkeypatch.setattr(upstreams, "load", mended)
    guide(False)
    assert guide_key(path) not in ("", key)


def judged_model(folder: Path, data: str) -> Path:
    from avspeech.core import models
    from avspeech.core.pretrained import ModelInfo

    torch.manual_seed(0)
    fields = dict(mels=16, dim=8, layers=1, heads=2, inner=8, classes=3)
    model = models.build("conv_transformer", **fields)
    return pretrained.save(folder, model.eval(), ModelInfo(
        task="emotion", model="conv_transformer", config=dataclasses.asdict(model.config), fps=None,
        labels=["angry", "calm", "sad"], training_data=[{"name": data, "licence": "none"}]))


def test_models_are_judged_on_what_they_were_not_trained_on(tmp_path: Path) -> None:
    recipe_module("ser")
    judging, rng = importlib.import_module("judging"), np.random.default_rng(0)
    for label in ("anger", "sadness", "boredom"):
        for k in range(3):
            audio.write(tmp_path / "sounds" / label / f"s{k}" / f"{k}.wav", 0.1 * rng.standard_normal(9000))
    model = str(judged_model(tmp_path / "model", "ravdess"))
    out, places = tmp_path / "judged", {"own_emotion": str(tmp_path / "sounds")}
    judging.judge_all(out, {"small": model}, ["ravdess"], places, ["own_emotion"], False)
    table, grid, picture = judging.judged_sections(out)
    assert table.rows[0][:4] == ["small", "own_emotion", "2: anger, sadness", "6"]
    assert grid.header[2:] == list(judging.CONDITIONS) and picture.image.startswith(b"<?xml")
    stamps = {p: p.stat().st_mtime_ns for p in out.rglob("*.jsonl")}
    judging.judge_all(out, {"small": model, "old": model}, ["ravdess"], places, ["own_emotion"], False,
                      {"small": "old"})
    gains = next(s for s in judging.judged_sections(out) if s.title.startswith("Gain"))
    assert [row[2:4] for row in gains.rows] == [[c, "+0.0"] for c in judging.CONDITIONS]
    assert all(p.stat().st_mtime_ns == stamp for p, stamp in stamps.items() if p.name != "all.jsonl")
    for trained, of in (("own_emotion", "x"), ("ravdess", "own_emotion")):
        other = str(judged_model(tmp_path / "other", of))
        with pytest.raises(InputError, match="trained on: own_emotion"):
            judging.judge_all(tmp_path / "no", {"other": other}, [trained], places, [], False)


def test_a_released_model_gets_the_temperature_of_corpora_that_it_did_not_learn(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its weights stay, its graphs are made anew, and what it learned is refused."""
    from avspeech.core.pretrained import read_info
    from avspeech.emotion import cells, training

    recipe_module("ser")
    calibration, rng = importlib.import_module("calibration"), np.random.default_rng(0)
    for label in ("anger", "sadness"):
        for k in range(4):
            audio.write(tmp_path / "own_emotion" / label / f"s{k}" / f"{k}.wav",
                        0.1 * rng.standard_normal(9000))
    model, exp = judged_model(tmp_path / "model", "ravdess"), tmp_path / "exp"
    spoken = Utterance("a", "a.wav", 1.0, "s", labels={"corpus": "ased", "emotion": "sad"})
    write_manifest(tmp_path / "all.jsonl", [spoken])
    renewed: list[Path] = []
    monkeypatch.setattr(calibration, "renew_graphs", lambda model, place: renewed.append(place))
    done = [(tmp_path / "cell", cells.Cell("other", "ased", 0, "many-left-out", str(tmp_path / "all.jsonl"),
                                           str(tmp_path), str(tmp_path)))]

    def run(**changes: Any) -> dict[str, Any]:
        calibration.calibrate_all(done, exp, {"small": str(model)}, {"small": ["own_emotion"]},
                                  {"small": changes}, str(tmp_path))
        return json.loads((exp / "calibrated.json").read_text())[0]

    row, new = run(floor_db=50.0), exp / "models" / "small"
    assert (new / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()
    config = read_info(new).config
    assert config["temperature"] == row["temperature"] != row["before"] == 1 and config["floor_db"] == 50
    records = calibration._of_model(exp / "unheard" / "small", "small", read_info(model),
                                    ["sad", "angry", "calm"])
    assert row["answers"] == 8
    assert training.temperature(records) == pytest.approx(row["temperature"], rel=0.01)
    assert renewed == [new]
    with pytest.raises(InputError, match="changes.small: dim: expected one of"):
        run(dim=4)
    model = judged_model(tmp_path / "learned", "own_emotion")
    with pytest.raises(InputError, match="trained on: own_emotion"):
        run()


def test_a_cell_answers_with_what_the_released_model_gets(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers are kept as they are where nothing changes, and else are those of its model so changed."""
    from types import SimpleNamespace

    from avspeech.emotion import cells, training

    recipe_module("ser")
    calibration, make = importlib.import_module("calibration"), torch.Generator().manual_seed(0)
    spoken = [Utterance(x, f"{x}.wav", 1.0, "s") for x in "ab"]
    write_manifest(tmp_path / "all.jsonl", spoken)
    heard = {u.id: 5 * torch.randn(60, 16, generator=make).numpy() for u in spoken}
    cache = SimpleNamespace(frames=heard.__getitem__, count=lambda name: 60)
    torch.manual_seed(0)
    network = models.build("conv_transformer", mels=16, dim=8, layers=1, heads=2, inner=8, classes=2).eval()
    monkeypatch.setattr(calibration, "learned_by", lambda cell: {0})
    monkeypatch.setattr(calibration, "Cache", lambda folder: cache)
    monkeypatch.setattr(calibration.cells, "load_cell", lambda folder: (network, {}))
    cell = cells.Cell("x", "ased", 0, "many-left-out", str(tmp_path / "all.jsonl"), "", "")
    kept = [{"id": u.id, "truth": k, "posteriors": [0.5, 0.5]} for k, u in enumerate(spoken)]
    training.write_records(tmp_path / "test.jsonl", kept)
    assert calibration._of_cell(tmp_path, cell, {}) == kept[:1]  # nobody learned the class of the other
    found = calibration._of_cell(tmp_path, cell, {"floor_db": 20.0})[0]["posteriors"]
    changed = calibration.changed(network, {"floor_db": 20.0})
    with torch.no_grad():
        wanted, plain = (m.classify(torch.from_numpy(heard["a"])[None])[0].softmax(0).tolist()
                         for m in (changed, network))
    assert found == pytest.approx(wanted, abs=1e-5) and found != pytest.approx(plain, abs=1e-4)


def test_a_corpus_that_is_never_drawn_teaches_no_class(tmp_path: Path) -> None:
    """Beside CREMA-D, only RAVDESS has disgust: a cell without both has no answer to it."""
    from avspeech.data import protocol
    from avspeech.emotion import cells
    from avspeech.emotion.training import AugmentConfig

    recipe_module("ser")
    folds = importlib.import_module("folds")
    spoken = [Utterance(f"{c}-{e}", f"{c}-{e}.wav", 1.0, f"{c}-{s}", labels={"corpus": c, "emotion": e})
              for c, s, e in (("ravdess", "01", "disgust"), ("crema_d", "1001", "disgust"),
                              ("nemo", "AK0", "anger"), ("ased", "01", "sad"))]
    write_manifest(tmp_path / "all.jsonl", spoken)
    cell = cells.Cell("x", "ravdess", 0, "many-left-out", str(tmp_path / "all.jsonl"), "", "")
    classes = protocol.get("many-left-out").classes
    learned = {drawn: {classes[k] for k in folds.learned_by(dataclasses.replace(
        cell, augment=AugmentConfig(often={"crema_d": drawn})))} for drawn in (0, 1)}
    assert learned[1] - learned[0] == {"disgust"} and learned[0] == {"angry", "sad"}


def test_each_condition_is_what_it_says() -> None:
    recipe_module("ser")
    judging = importlib.import_module("judging")
    speech = (0.2 * np.random.default_rng(0).standard_normal(16000)).astype(np.float32)
    found = {c: judging.under(c, speech, 0) for c in judging.CONDITIONS}
    assert [rate for _, rate in found.values()] == [16000, 16000, 8000, 8000, 16000]
    noise = found["noise 20 dB"][0] - speech
    assert 10 * np.log10(np.mean(speech ** 2) / np.mean(noise ** 2)) == pytest.approx(20, abs=0.2)
    quiet = found["-40 dB"][0]
    assert 20 * np.log10(np.std(quiet) / np.std(speech)) == pytest.approx(-40, abs=0.1)
    assert len(np.unique(quiet)) < 600  # steps of 16 bits


def test_seeds_are_guided_and_make_a_committee(tmp_path: Path) -> None:
    """Each begins with its own seed's weights, learns from development speakers too, and has a say in it."""
    pytest.importorskip("espeakng_loader")
    shared = ["--config", str(ROOT / "egs/mini/ser/conf/train.yaml"), "seeds=[0, 1]", "workers=1",
              "corpus.options={sentences: 1, workers: 1}", "corpus.incomplete=true", "features.speeds=[]",
              "folds=[fold1]", "train={max_steps: 2, validate_every: 2}", "oracle=false",
              "model.config={mels: 16, dim: 8, layers: 1, heads: 2, inner: 8, dropout: 0}"]
    recipe = recipe_module("ser").recipe
    recipe.run([*shared, "--exp", str(tmp_path / "first"), "release.systems=[]", "--stop-stage", "train"])
    exp = tmp_path / "second"
    recipe.run([*shared, "--exp", str(exp), "selection=refit", "release.committee=true",
                "guide={upstream: log-mel, layer: 0, dims: 4}", "systems.hrf.guided=true",
                f"systems.hrf.init={tmp_path}/first/cells/hrf/fold1-{{seed}}"])
    from avspeech.core import pretrained

    model, info = pretrained.load(exp / "models" / "hrf")
    assert info.model == "committee" and model.config.members == 2 and "2 models" in info.description
    assert "uar, on 1 of" in str(info.metrics) and len(info.metrics) == 3  # none of development speakers
    page = (exp / "RESULTS.md").read_text(encoding="utf-8")
    assert "nan" not in page and "1 of" in page.split("## Speaker-independent")[1].splitlines()[0]
    assert "| hrf, committee |" in page and "2 as one" in page and "committee against its members" in page
    assert not list(exp.rglob("dev.jsonl")) and len(list(exp.rglob("cells/hrf/*/cell.json"))) == 4
    assert '"guide"' in next(exp.rglob("cells/hrf/fold1-0/train/log.jsonl")).read_text(encoding="utf-8")


def test_the_mini_speech_recipe_runs_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From no data to a text read aloud and a page, with a voice and a corpus as small as they come."""
    for package in ("espeakng_loader", "pyworld"):
        pytest.importorskip(package)
    small = ("model.config={width: 16, layers: 1, hidden: 16, decoder: [16, 16], blocks: 1, duration: 8, "
             "speaker_width: 4, phrasing: 8, vocoder: {width: 8, hidden: 16, layers: 1, pitch_width: 8}}")
    arguments = ["--config", str(ROOT / "egs/mini/tts/conf/train.yaml"), "--exp", str(tmp_path / "exp"),
                 "data.corpora.mini_tts.options={speakers: 1, utterances: 5, dev: 1, test: 1, workers: 1}",
                 small, "align.turns=3", "vocoder={max_steps: 2, batch_seconds: 2, validate_every: 2}",
                 "polish={renditions: 1, fit: {max_steps: 1, batch_seconds: 2}}",
                 "train={max_steps: 2, batch_seconds: 4, validate_every: 2}",
                 "sentences={count: 1, shortest: 1, controls: 1, steps: 1, slopes: [4.0], pauses: [0.4]}",
                 "systems.matcha.model.intonation=false"]
    recipe = recipe_module("tts").recipe
    recipe.run(arguments)
    exp = tmp_path / "exp"
    assert audio.duration(exp / "spoken" / "0.wav") > 0.4  # the break that the text asks for, at least
    results = (exp / "RESULTS.md").read_text(encoding="utf-8")
    assert "matcha" in results and "prosodyfm + reference" in results and "pause" in results
    assert "what the corpus was made to say" in results
    assert "data:audio" in (exp / "report.html").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="other settings"):
        recipe.run([*arguments, "--stage", "train", "--stop-stage", "train", "train.lr=0.5"])
    check_what_is_trained_again(recipe, arguments, exp, "matcha-0/model/model.safetensors", monkeypatch)


@pytest.mark.parametrize(("excess", "quiet"), [(0.06, 0.0), (0.06, 0.06), (0.03, 0.06), (-0.02, 0.0)])
def test_pauses_are_made_shorter_by_what_is_heard_too_much(excess: float, quiet: float, tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that end and begin quietly, in a voice that already makes pauses shorter by `quiet`."""
    recipe_module("tts")
    measuring = importlib.import_module("measuring")
    rate, written = 16000, {}

    class Fake:
        config = SimpleNamespace(quiet=quiet)
        model = info = None

        def __init__(self, *args: Any, **options: Any) -> None: ...

        def manner(self, **options: Any) -> None: ...

        def speech(self, script: Any, manner: None) -> SimpleNamespace:
            (pause,) = script.breaks().values()
            silent = pause - quiet + excess
            tone = 0.3 * np.sin(np.arange(rate // 2) * 0.1)
            words = [{"start": 0.0, "end": 0.5}, {"start": 0.5 + silent, "end": 1.0 + silent}]
            return SimpleNamespace(audio=np.concatenate([tone, np.zeros(round(silent * rate)), tone]),
                                   sample_rate=rate, words=words)

    monkeypatch.setattr(Fake, "from_pretrained", Fake, raising=False)
    monkeypatch.setattr(measuring, "Synthesizer", Fake)
    monkeypatch.setattr(measuring.pretrained, "read_info", lambda folder: SimpleNamespace(config={}))
    monkeypatch.setattr(measuring.pretrained, "update", lambda folder, config: written.update(config))
    records = {text: {"script": text_module.analyse(text).as_dict()} for text in ("Two words.", "One.")}
    assert measuring.fit_quiet(tmp_path, records, 1, 0) == pytest.approx(max(0.0, excess), abs=0.02)
    assert written == {"quiet": pytest.approx(max(0.0, excess), abs=0.02)}
    assert measuring.fit_quiet(tmp_path, {"One.": records["One."]}, 1, 0) == quiet


def test_others_are_learned_from_and_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus of role "support" without texts: heard once, learned from, no voice of the result."""
    from avspeech.synthesis import judges

    for package in ("espeakng_loader", "pyworld"):
        pytest.importorskip(package)
    recipe = recipe_module("tts").recipe
    options = "{speakers: %d, utterances: 3, dev: 1, test: 1, workers: 1}"
    arguments = ["--config", str(ROOT / "egs/mini/tts/conf/train.yaml"), "--exp", str(tmp_path / "exp"),
                 "data.corpora.mini_tts.options=" + options % 1,
                 "data.corpora.others={corpus: mini_tts, role: support, recogniser: tiny, options: %s}"
                 % (options % 2), "align={turns: 2, phonemiser: default}", "systems={prosodyfm: {}}",
                 "model.config={width: 8, layers: 1, hidden: 8, decoder: [8, 8], blocks: 1, duration: 8, "
                 "speaker_width: 4, phrasing: 8, vocoder: {width: 8, hidden: 16, layers: 1, pitch_width: 8}}",
                 "vocoder={max_steps: 1, batch_seconds: 2}", "train={max_steps: 1, batch_seconds: 4}",
                 "phrasing.max_steps=1"]
    recipe.run([*arguments, "--stop-stage", "prepare"])
    manifest = tmp_path / "exp/data/others/train.jsonl"
    untold = [dataclasses.replace(u, text=None) for u in read_manifest(manifest)]
    write_manifest(manifest, untold)
    heard = []

    class Fake:
        def __init__(self, model: str) -> None:
            assert model == "tiny"

        def __call__(self, samples: np.ndarray, sample_rate: int) -> str:
            heard.append(len(samples) / sample_rate)
            return "The captain moved two boxes."

    monkeypatch.setattr(judges, "Recognizer", Fake)
    write_texts = importlib.import_module("preparation").write_texts
    for _ in range(2):
        write_texts([manifest], tmp_path / "exp/data/others", "tiny", manifest.with_name("heard.json"))
    assert len(heard) == 2 and heard == pytest.approx([u.duration for u in untold], abs=0.01)
    assert {u.text for u in read_manifest(manifest)} == {"The captain moved two boxes."}
    recipe.run([*arguments, "--stage", "phones", "--stop-stage", "train"])
    scripts = json.loads((tmp_path / "exp/phones/train.json").read_text(encoding="utf-8"))
    assert len(scripts) == 2  # one voice's and one other's: the voice itself is not its own support
    model, _ = pretrained.load(tmp_path / "exp/prosodyfm-0/model")
    assert len(model.config.speakers) == 1 and model.speaker.weight.shape == (1, 4)
    recipe.run([*arguments, "sentences={count: 1, others: 1, recogniser: tiny, pitch: dio, controls: 1}",
                "--stage", "evaluate", "--stop-stage", "evaluate"])
    rows, _ = read_results(tmp_path / "exp/results")
    heard_in = {r["system"] for r in rows if r["condition"] == "others wer" and r["n"] == 1}
    assert heard_in == {"others", "prosodyfm", "matcha"}
    assert not any(r["condition"] == "others mcd" for r in rows)


@pytest.mark.slow
def test_emotion_cells_train_on_a_dask_cluster(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    distributed = pytest.importorskip("distributed")
    arguments = ["--config", str(ROOT / "egs/mini/ser/conf/train.yaml"), "--exp", str(tmp_path / "exp"),
                 "corpus.options={sentences: 1, workers: 1}", "corpus.incomplete=true", "features.speeds=[]",
                 "folds=[fold1]", "train={max_steps: 1, validate_every: 1}", "workers=1",
                 "release.systems=[]", "--stop-stage", "evaluate"]
    with distributed.LocalCluster(1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        recipe_module("ser").recipe.run([*arguments, f"scheduler={cluster.scheduler_address}"])
    assert len(list(tmp_path.rglob("cell.json"))) == 2


def test_an_utterance_without_a_face_interferes_and_stops_nothing(tmp_path: Path) -> None:
    from avspeech.data.manifest import Utterance, View

    tse = recipe_module("tse")
    seen = Utterance("seen", "a.wav", 2.0, "ann", views=(View("a.mp4", crops="a.npz"),))
    blind = Utterance("blind", "b.wav", 2.0, "ann")
    for name, utterances in (("own", [seen, blind]), ("mini", [blind])):
        for split in ("dev", "test"):
            write_manifest(tmp_path / "data" / name / "ready" / f"{split}.jsonl", utterances)
            write_manifest(tmp_path / "data" / name / f"{split}.jsonl", utterances)
    cfg = tse.Config(data=tse.Data({"own": tse.Corpus(source="x"), "mini": tse.Corpus()}))
    (tmp_path / "mixtures").mkdir()
    (tmp_path / "mixtures" / "dev-mini.jsonl").write_text("of an earlier run")
    tse.mixtures(cfg, tmp_path)
    listed = tse._listed(cfg, tmp_path, "dev")
    assert list(listed) == ["own"]
    records = [json.loads(line) for line in listed["own"].read_text().splitlines()]
    assert len(records) == 40
    assert all(r["target"] == "seen" and r["interferers"][0]["utterance"] == "blind" for r in records)


def test_mouth_crops_are_made_anew_where_the_stretch_or_the_video_is_another(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from avspeech.data.manifest import View
    from avspeech.media import mouths, video

    made: list[tuple[float, float]] = []

    def tracks(path: Path, start: float, duration: float) -> list[mouths.MouthTrack]:
        made.append((start, duration))
        frames = round(25 * duration)
        return [mouths.MouthTrack(np.full((frames, 96, 96), len(made), np.uint8), np.ones(frames, bool),
                                  np.zeros((frames, 4), np.float32), np.zeros(frames, np.float32), 25.0)]

    monkeypatch.setattr(video, "mouth_tracks", tracks)
    cropped = recipe_module("tse")._cropped
    (tmp_path / "a.mp4").write_bytes(b"one")

    def shade(start: float, duration: float, code: str = "v1") -> int:
        utterance = Utterance("u", "a.mp4", duration, "ann", start=start,
                              views=(View("a.mp4", start=start),))
        found, problems = cropped((tmp_path, tmp_path, utterance, code))
        assert not problems and len(list((tmp_path / "crops").iterdir())) == 1  # the old ones go
        (view,) = found.views
        crops, *_ = video.read_crops(tmp_path / str(view.crops))
        assert len(crops) == round(25 * duration) and view.start == 0
        return int(crops.max())

    assert [shade(3.0, 1.0), shade(3.0, 1.0), shade(4.5, 1.0), shade(4.5, 2.0)] == [1, 1, 2, 3]
    (tmp_path / "a.mp4").write_bytes(b"two")  # replaced under its name
    assert [shade(4.5, 2.0), shade(4.5, 2.0), shade(4.5, 2.0, "v2")] == [4, 4, 5]


def test_rendered_views_join_the_front_one_and_training_varies_their_cameras(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from avspeech.data.manifest import View
    from avspeech.media import camera_views, mouths

    asked: list[dict[str, camera_views.Camera]] = []

    def views(path: Path, cameras: list, number: int, start: float, duration: float) -> dict:
        asked.append({camera.name: camera for camera in cameras})
        frames = round(25 * duration)
        return {c.name: mouths.MouthTrack(np.full((frames, 96, 96), 9, np.uint8), np.ones(frames, bool))
                for c in cameras}

    monkeypatch.setattr(camera_views, "views", views)
    rendered = recipe_module("tse")._rendered
    (tmp_path / "a.mp4").write_bytes(b"one")
    (tmp_path / "crops").mkdir()
    front = View("a.mp4", crops="crops/u.front.npz")
    utterance = Utterance("u", "a.mp4", 1.0, "ann", views=(View("a.mp4"),))
    cropped = Utterance("u", "a.mp4", 1.0, "ann", views=(front,))

    def names(varied: bool, wanted: tuple[str, ...] = ("left_60", "top")) -> list[str]:
        found, problems = rendered((tmp_path, tmp_path, utterance, cropped, wanted, varied, "v1"))
        assert not problems and all((tmp_path / str(v.crops)).exists() for v in found.views[1:])
        return [view.name for view in found.views]

    assert names(False) == ["front", "left_60", "top"]
    assert asked.pop() == {"left_60": camera_views.Camera("left_60", 60.0),
                           "top": camera_views.Camera("top", 0.0, 30.0)}
    names(False)
    assert not asked  # they are there
    names(True)
    varied = asked.pop()
    assert 0 < abs(varied["left_60"].yaw - 60) <= 5 and varied["left_60"].distance != 8.0
    assert names(False, ("front",)) == ["front"] and not asked
    assert names(False, ("rotating",)) == ["front", "rotating"]
    assert asked.pop()["rotating"] == camera_views.Camera("rotating", -60.0, until=60.0)


@pytest.mark.parametrize("wrong", [{"looks": 2}, {"looks": -1, "begun": 0}, {"copied": ("cue",)},
                                   {"init": "a", "copied": ("cue",), "keep": 0.5}])
def test_what_an_extractor_begins_with_is_checked(wrong: dict[str, Any]) -> None:
    model = recipe_module("tse").Model
    assert model(init="a", copied=("cue.lips.frontend",), begun=0, looks=2).looks == 2
    with pytest.raises(InputError, match=r"model\.(looks|copied|keep)=.*: .*model"):
        model(**wrong)


def compared(spread: float, speakers: int = 8) -> list[dict[str, Any]]:
    """Rows of two systems: the first is 0.6 dB ahead, in each seed by `spread` more or less, and by 1 dB
    more or less from speaker to speaker."""
    rows = []
    for seed, luck in enumerate([-spread, 0.0, spread]):
        for number in range(4 * speakers):
            speaker = number % speakers
            hard = 5 + np.sin(number)
            ahead = 0.6 + luck + (1 if speaker % 2 else -1)
            row = {"seed": seed, "condition": "front", "id": f"m{number}", "speaker": f"s{speaker}"}
            rows += [{**row, "system": "ours", "si_sdri": hard + ahead},
                     {**row, "system": "other", "si_sdri": hard}]
    return rows


def test_the_table_says_how_far_ahead_and_how_many_seeds_would_show_it() -> None:
    recipe_module("tse")
    import evaluation

    tables = {}
    for spread in (0.1, 0.5):
        table = evaluation.differences(compared(spread), "c", ["ours", "other", "before"], ["front"])
        assert [row[0] for row in table.rows] == ["other"]  # nothing is known of the third
        tables[spread] = table.rows[0]
    mean, low, high = (float(x.strip("()")) for x in tables[0.5][1].replace(" to", "").split())
    assert mean == 0.6 and low < 0.3 and high > 0.9  # 8 speakers, and each a decibel off
    assert [tables[spread][2] for spread in (0.1, 0.5)] == ["0.10", "0.50"]
    assert tables[0.1][3] < tables[0.5][3]
    assert "by speaker" in table.note
    lips = [{**r, "lips": r["si_sdri"]} for r in compared(0.1)]
    said = evaluation.differences(lips, "c", ["ours", "other"], ["front"], "lips")
    assert said.header[-1] == "spread" and said.rows[0][1:] == tables[0.1][1:3]
    few = evaluation.differences(compared(0.1, speakers=2), "c", ["ours", "other"], ["front"])
    assert "by mixture" in few.note


@pytest.mark.parametrize("deviation", [0.05, 0.3, 0.8])
def test_so_many_seeds_find_the_difference_four_times_in_five(deviation: float) -> None:
    from scipy.stats import ttest_1samp

    recipe_module("tse")
    import evaluation

    rng = np.random.default_rng(0)
    seeds = evaluation.seeds_needed(deviation)
    for count, enough in ((seeds, True), (max(2, seeds * 2 // 3), False)):
        drawn = rng.normal(evaluation.WORTH, deviation, (4000, count))
        found = (ttest_1samp(drawn, 0, axis=1).pvalue < 0.05).mean()
        assert found >= 0.78 if enough else found < 0.78 or count == seeds
