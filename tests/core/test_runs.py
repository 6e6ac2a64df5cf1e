"""What is long in the making is finished, continued or made again, and never mixed."""

from __future__ import annotations

from pathlib import Path

import pytest

from avspeech.core import runs
from avspeech.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished run."""
    folder = tmp_path / "run"
    assert not finished(folder)
    (folder / "product").touch()
    return folder


def finished(folder: Path, lr: float = 0.1, code: str = "a", forced: bool = False) -> bool:
    return runs.finished(folder, folder / "product", {"lr": lr, "shape": (1, 2)}, {"code": code}, forced)


def test_what_is_finished_stays(folder: Path) -> None:
    assert finished(folder) and finished(folder)


@pytest.mark.parametrize("change", [{"code": "b"}, {"forced": True}])
def test_other_code_and_force_begin_anew(folder: Path, change: dict,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "checkpoint").touch()
    assert not finished(folder, **change)
    assert sorted(p.name for p in folder.iterdir()) == [runs.RECORD]
    assert f"made again ({'forced' if 'forced' in change else 'code changed'})" in capsys.readouterr().out
    before = folder.with_name("run.before")
    assert sorted(p.name for p in before.iterdir()) == ["checkpoint", "product", runs.RECORD]
    (folder / "newer").touch()
    assert not finished(folder, code="c") and (before / "newer").exists()


def test_an_interrupted_run_goes_on_by_the_same_code_alone(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert not finished(folder)
    (folder / "checkpoint").touch()
    assert not finished(folder) and (folder / "checkpoint").exists()
    assert not finished(folder, code="b") and not (folder / "checkpoint").exists()


def test_other_settings_are_refused_and_nothing_is_lost(folder: Path) -> None:
    with pytest.raises(InputError, match="other settings.*--force"):
        finished(folder, lr=0.2)
    assert finished(folder)
    assert not finished(folder, lr=0.2, forced=True)


def test_the_refusal_names_what_differs_and_not_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "run"

    def done(settings: dict) -> bool:
        return runs.finished(folder, folder / "product", settings, {}, free=("train.workers", "train.keep"))

    begun = {"train": {"max_steps": 9, "workers": 0, "keep": 2}, "model": {"keep": 0.5, "init": None}}
    assert not done(begun)
    (folder / "checkpoint").touch()
    assert not done({**begun, "train": {"max_steps": 9, "workers": 4, "keep": 1}})
    assert (folder / "checkpoint").exists(), "what is free to change begins nothing anew"
    more = {"max_steps": 12, "workers": 4}
    for changed, said in (({**begun, "train": more}, r"\(train.max_steps=9, now 12\)"),
                          ({**begun, "model": {"keep": 0.25, "init": None}}, r"\(model.keep=0.5, now 0.25\)"),
                          ({**begun, "model": {"keep": 0.5}}, r"\(model.init=null, now not given\)")):
        with pytest.raises(InputError, match=said):
            done(changed)
    (folder / "product").touch()
    assert done({**begun, "train": {"max_steps": 9, "workers": 1}})


def test_a_product_without_a_record_is_refused(folder: Path) -> None:
    (folder / runs.RECORD).write_text("{ not json")
    with pytest.raises(InputError, match="other settings"):
        finished(folder)
