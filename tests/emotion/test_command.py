"""The help of `avspeech emotion`."""

from __future__ import annotations

import pytest

from avspeech import cli
from avspeech.core import pretrained


def test_the_help_says_how_often_released_models_are_right_elsewhere() -> None:
    actions = [a for a in cli._parser()._actions if a.choices and "emotion" in a.choices]
    words = " ".join(actions[0].choices["emotion"].format_help().split())  # type: ignore
    words = words.replace("- ", "-")  # a name may go on in the next line
    for name in ("emotion-edge", "emotion-phone", "emotion-mcu"):
        said = {key: value for key, value in pretrained.read_info(name).metrics.items()
                if key in ("uar, emodb left out, choice of 6", "uar, urdu left out, choice of 4")}
        assert len(said) == 2
        for key, value in said.items():
            assert f"{value:g} % of {key.split()[1]}" in words.split(f"{name}: ")[1]


def test_a_folder_is_listed_once(tmp_path, monkeypatch):
    from avspeech.emotion import files

    for name in ("b.wav", "a.mp4", "c.txt", "in/d.amr"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    listed, below = [], files.files_below
    monkeypatch.setattr(files, "files_below", lambda folder: listed.append(folder) or below(folder))
    with pytest.warns(UserWarning, match="1 files that are no sounds or videos"):
        found = files.sounds_of([tmp_path, tmp_path / "b.wav"])
    assert [f.name for f in found] == ["a.mp4", "b.wav", "d.amr", "b.wav"] and listed == [tmp_path]
