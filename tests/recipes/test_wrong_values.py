"""A wrong value is told before the first stage, not after hours in the stage that uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from recipe_loading import ROOT, recipe_module

from avspeech.core import config
from avspeech.errors import InputError


@pytest.mark.parametrize(("task", "override", "words"), [
    ("tse", "model.name=nope", ("'nope'", "mvtf-small")),
    ("tse", "model.config.blocksx=3", ("'blocksx'", "'blocks'")),
    ("tse", "model.config.lips=hawk", ("lips='hawk'", "small")),
    ("tse", "model.config.kernel=-1", ("model.config", "kernel=-1", "1 or more")),
    ("tse", "model.config.blocks=-1", ("model.config", "blocks=-1", "0 or more")),
    ("tse", "systems.mvtf.model={guess: 0, blocks: 0}", ("systems.mvtf.model", "blocks=0")),
    ("tse", "model.config.dim=30000000000", ("cannot be built of its settings",)),
    ("tse", "systems.mvtf.model.dims=3", ("'dims'",)),
    ("tse", "systems.mvtf.views=0", ("override systems.mvtf.views", "views=0")),
    ("tse", "model.init=nowhere", ("model.init: nowhere",)),
    ("tse", "data.corpora.mini.synthetic=[left]", ("data.corpora.mini.synthetic", "'left'")),
    ("tse", "seeds=[]", ("seeds: empty",)),
    ("tse", "mix.test_count=0", ("test_count=0",)),
    ("tts", "align.phonemiser=nope", ("'nope'", "espeak")),
    ("tts", "pitch.method=nope", ("'nope'", "world")),
    ("tts", "sentences.pitch=nope", ("'nope'", "world")),
    ("tts", "pitch.low=600", ("low=600", "high=500")),
    ("tts", "systems.matcha.model.break=1", ("'break'", "'breaks'")),
    ("ser", "protocol=nope", ("'nope'", "ravdess-6fold")),
    ("ser", "folds=[fold9]", ("'fold9'", "fold1")),
    ("ser", "systems.hrf.baseline=nope", ("systems.hrf", "'nope'", "plain")),
    ("ser", "systems.hrf.teacher=nope", ("systems.hrf.teacher", "'nope'")),
    ("ser", "systems.hrf.model=nope", ("'nope'",)),
    ("ser", "release.systems=[nope]", ("release.systems", "'nope'")),
    ("ser", "judge.corpora.emodb=/nowhere", ("judge.corpora.emodb", "/nowhere")),
    ("ser", "judge.beside.old=nowhere", ("judge.beside.old: nowhere",)),
    ("ser", "workers=0", ("workers=0",)),
    ("ser", "model.config.dropout=1.5", ("model.config", "dropout=1.5")),
    ("ser", "model.config.dim=0", ("model.config", "dim=0")),
    ("tts", "model.config.decoder=[96,0]", ("decoder=[96, 0]",)),
    ("tts", "train.lr=.nan", ("override train.lr", "finite")),
    ("semi", "corpus.name=nope", ("'nope'", "mini_emotion")),
    ("semi", "language.kind=answers", ("language.path: empty",)),
    ("semi", "corpus.protocol=nope", ("'nope'",)),
    ("semi", "folds=[fold9]", ("folds", "'fold9'", "fold1")),
    ("semi", "encoders.nope={}", ("encoders.nope", "log-mel")),
    ("semi", "encoders.mine={load: onnx=/nowhere.onnx}", ("encoders.mine", "/nowhere.onnx")),
    ("bench", "tasks=[nope]", ("tasks", "'nope'", "emotion")),
    ("bench", "cluster.kind=foo", ("'foo'", "slurm")),
])
def test_it_is_named_before_anything_runs(tmp_path: Path, task: str, override: str,
                                          words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        recipe_module(task).recipe.run(
            ["--config", str(ROOT / "egs" / "mini" / task / "conf" / "train.yaml"),
             "--exp", str(tmp_path / "exp"), override])
    assert not (tmp_path / "exp").exists()
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("task", ["tse", "tts", "ser", "semi", "bench"])
def test_the_values_of_the_examples_pass(tmp_path: Path, task: str,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    recipe_module(task).recipe.run(
        ["--config", str(ROOT / "egs" / "mini" / task / "conf" / "train.yaml"),
         "--exp", str(tmp_path / "exp"), "--dry-run"])
    assert "1 prepare: would run" in capsys.readouterr().out


# Decibels and semitones, which may be below 0
SIGNED = ("gains", "noise", "noise_db", "direct", "snr", "slopes", "quietest")


@pytest.mark.parametrize("task", ["tse", "tts", "ser", "semi", "bench", "split"])
def test_no_number_may_be_below_0_but_decibels_and_semitones(task: str) -> None:
    """Of every key that holds numbers, where the configuration is read; the message has the key."""
    schema = recipe_module(task).recipe.schema
    corpus = "librispeech" if task == "split" else "mini"
    path = ROOT / "egs" / corpus / task / "conf" / "train.yaml"
    seen = 0
    for key, kind, default in config.keys(schema):
        several = isinstance(default, tuple) and kind != "str"
        values = list(default) if several else [default]
        numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in values)
        if not (values and numbers) or key.rpartition(".")[2] in SIGNED:
            continue
        wrong = str([-1] * len(values) if several else -1)
        with pytest.raises(InputError, match=f"^override {key}: .*{key.rpartition('.')[2]}=\\[?-1"):
            config.load(schema, path, [f"{key}={wrong}"])
        seen += 1
    assert seen > 5


@pytest.mark.parametrize("task", ["tse", "tts", "ser", "semi", "bench", "split"])
def test_the_defaults_that_help_shows_can_be_given(task: str) -> None:
    schema = recipe_module(task).recipe.schema
    corpus = "librispeech" if task == "split" else "mini"
    path = ROOT / "egs" / corpus / task / "conf" / "train.yaml"
    there = {key: default for key, _, default in config.keys(schema) if ".NAME." not in key}
    # Of these an empty one would take nothing away, as dicts are merged
    there = {key: value for key, value in there.items() if not isinstance(value, dict)}
    loaded = config.load(schema, path, [f"{key}={config.shown(value)}" for key, value in there.items()])
    for key, value in there.items():
        found = loaded
        for name in key.split("."):
            found = getattr(found, name)
        assert found == value, key


def test_what_a_stage_alone_needs_is_not_asked_for_by_others(tmp_path: Path) -> None:
    """A page can be written again where the model to begin with, or the corpora to judge on, are gone."""
    for task, override in [("tse", "model.init=nowhere"), ("tts", "model.init=nowhere"),
                           ("ser", "judge.corpora.emodb=/nowhere"), ("ser", "judge.beside.old=nowhere"),
                           ("ser", "calibrate.models.hrf=nowhere")]:
        argv = ["--config", str(ROOT / "egs" / "mini" / task / "conf" / "train.yaml"),
                "--exp", str(tmp_path / "exp"), "--dry-run", override]
        run = recipe_module(task).recipe.run
        run([*argv, "--stop-stage", "prepare"])
        with pytest.raises(InputError, match="nowhere"):
            run(argv)
