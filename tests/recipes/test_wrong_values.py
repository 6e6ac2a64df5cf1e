"""A wrong value is told before the first stage, not after hours in the stage that uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from recipe_loading import ROOT, recipe_module

from avspeech.errors import InputError


@pytest.mark.parametrize(("task", "override", "words"), [
    ("tse", "model.name=nope", ("'nope'", "mvtf-small")),
    ("tse", "model.config.blocksx=3", ("'blocksx'", "'blocks'")),
    ("tse", "model.config.lips=hawk", ("lips='hawk'", "small")),
    ("tse", "model.config.kernel=-1", ("cannot be built of its settings",)),
    ("tse", "systems.mvtf.model.dims=3", ("'dims'",)),
    ("tse", "systems.mvtf.views=0", ("override systems.mvtf.views", "views=0")),
    ("tse", "model.init=nowhere", ("nowhere",)),
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
    ("ser", "judge.beside.old=nowhere", ("nowhere",)),
    ("ser", "workers=0", ("workers=0",)),
    ("semi", "corpus.name=nope", ("'nope'", "mini_emotion")),
    ("semi", "language.kind=answers", ("language: path: empty",)),
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
