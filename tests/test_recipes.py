"""Every recipe exists, runs from any folder, lists its stages, and its YAML files fit its schema."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from recipe_loading import recipe_module

from avspeech.core import config, models

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
    "tse": ("grid", "lrs2", "lrs3", "mead", "mini", "own", "tcd_timit", "voxceleb2"),
    "tts": ("asterisk", "libritts", "ljspeech", "mini", "teacher", "vctk"),
}


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


@pytest.mark.parametrize("task", RECIPES)
def test_every_config_key_has_a_comment(task: str) -> None:
    """The comment beside a field's default is its line in --help."""
    about = config.comments(recipe_module(task).recipe.schema)
    assert about
    assert [key for key, comment in about.items() if not comment] == []


@pytest.mark.parametrize("name", models.MODELS)
def test_every_setting_of_a_model_has_a_comment(name: str) -> None:
    about = config.comments(models.model_class(name).Config)
    assert about and [key for key, comment in about.items() if not comment] == []


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
