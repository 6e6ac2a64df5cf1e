"""The help of `avspeech emotion`."""

from __future__ import annotations

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
