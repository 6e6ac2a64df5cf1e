"""The public names, and that importing them costs nothing until they are used."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import avspeech
from avspeech import doctor

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"torch", "torchaudio", "numpy", "scipy", "cv2", "av", "librosa", "speechbrain", "matplotlib",
         "sklearn", "soundfile", "yaml", "rich", "tqdm"}


def test_the_public_names() -> None:
    assert sorted(avspeech.__all__) == ["EmotionRecognizer", "Extractor", "Splitter", "Synthesizer",
                                        "__version__", "load"]
    assert set(avspeech.__all__) <= set(dir(avspeech))
    for name in avspeech.__all__:
        assert getattr(avspeech, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Synthesiser"):
        avspeech.Synthesiser  # noqa: B018


@pytest.mark.parametrize("statement", [
    "import avspeech",
    "from avspeech import cli; cli._parser().format_help()",
    "from avspeech import load",
])
def test_importing_is_light(statement: str) -> None:
    """Modules loaded are counted, not seconds: a busy machine is slow, not wrong."""
    code = f"import sys; before = set(sys.modules); {statement}; print('\\n'.join(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & HEAVY == set()
    assert "avspeech" in loaded
    assert len(done.stdout.split()) < 150


def test_every_folder_of_the_package_is_installed() -> None:
    """A folder without __init__.py is left out by `packages = find:`."""
    folders = {p.parent for p in (ROOT / "avspeech").rglob("*.py")}
    assert [str(f) for f in folders if not (f / "__init__.py").is_file()] == []


def requirements() -> dict[str, list[str]]:
    """Names of the packages in setup.cfg: {"core": [...], extra: [...]}."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lists = {"core": setup["options"]["install_requires"], **setup["options.extras_require"]}
    return {key: [re.split(r"[<>=\[ ]", line)[0] for line in text.split("\n") if line.strip()]
            for key, text in lists.items()}


def test_doctor_knows_every_dependency() -> None:
    wanted = requirements()
    assert list(doctor.CORE) == wanted.pop("core")
    wanted.pop("all")
    assert set(wanted) <= set(doctor.EXTRAS)
    for name, packages in wanted.items():
        assert list(doctor.EXTRAS[name].packages) == packages


def test_all_is_all_extras() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = dict(setup["options.extras_require"])
    every = re.search(r"\[(.*)\]", extras.pop("all"))
    assert every and every[1].split(",") == list(extras)


def test_torchaudio_comes_in_by_its_door() -> None:
    torch = pytest.importorskip("torch")
    from avspeech.core import torchaudio_door

    torchaudio = torchaudio_door.load()
    assert torchaudio_door.load() is torchaudio
    mel = torchaudio.transforms.MelSpectrogram(16000, n_fft=512, n_mels=40)(torch.randn(1, 1600))
    assert mel.shape == (1, 40, 7)
    if not torchaudio_door.has_extension():
        with pytest.raises(RuntimeError, match="compiled extension"):
            torchaudio.functional.forced_align(torch.zeros(1, 5, 3), torch.ones(1, 2, dtype=torch.int32))


@pytest.mark.parametrize("name", ["audio", "video", "text"])
def test_modules_that_users_import_are_attributes_of_the_package(name: str) -> None:
    code = f"import avspeech; print(avspeech.{name}.__name__); from avspeech import {name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == avspeech.MODULES[name]


@pytest.mark.parametrize(("given", "policy"), [(None, "passive"), ("active", "active")])
def test_waiting_threads_sleep_unless_the_user_says_otherwise(given, policy) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    if given:
        environment["OMP_WAIT_POLICY"] = given
    code = "import os, avspeech.cli; print(os.environ['OMP_WAIT_POLICY'])"
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True,
                           cwd=ROOT)
    assert shown.stdout.strip() == policy
