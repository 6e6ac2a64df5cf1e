"""Two processes on one experiment, and processes that die: no work is mixed, or lost with other work."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from avspeech.data import protocol
from avspeech.data.manifest import Utterance, write_manifest
from avspeech.emotion import cells, features
from avspeech.errors import InputError
from avspeech.media import audio

ROOT = Path(__file__).resolve().parents[1]
# A protocol of tones, cells of it, and a driver of them that writes down what it trains and when.
DRIVER = '''
import json, os, signal, sys, time
from pathlib import Path
sys.path.append(str(Path("{root}/recipes/ser")))
from avspeech.core import trainer
from avspeech.data import protocol
from avspeech.emotion import cells, training

TONES = protocol.Protocol(
    "tones", "ravdess", "emotion", "classification", ("low", "high"), {{"low": "low", "high": "high"}},
    "speaker", tuple(protocol.Fold(f"fold{{i}}", (f"s{{i}}",), (f"s{{(i + 1) % 4}}",)) for i in range(4)),
    {{"low": 8, "high": 8}})
protocol.get = lambda name: TONES
HERE = Path("{here}")
SMALL = {{"mels": 16, "channels": 4, "dim": 8, "layers": 1, "heads": 2, "inner": 8, "dropout": 0.0}}

def todo(folder):
    how = trainer.TrainConfig(max_steps=4, batch_seconds=4.0, validate_every=2)
    return [(Path(folder) / f"fold{{i}}-0", cells.Cell(
        "plain", f"fold{{i}}", 0, "tones", str(HERE / "all.jsonl"), str(HERE), str(HERE / "cache"),
        config=SMALL, train=how, augment=training.AugmentConfig(band=2, span=4, shift=1)))
        for i in range(4)]

trained = cells._train_cell

def watched(folder, cell):
    def say(what):
        with open(HERE / "journal", "a") as file:
            file.write(f"{{time.monotonic()}} {{os.getpid()}} {{what}} {{folder.name}}\\n")
    say("begins")
    time.sleep(0.2)
    answer = trained(folder, cell)
    say("ends")
    return answer

cells._train_cell = watched

def dying(job):
    if "fold1" in job[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return cells.train_job(job)

def together():
    """Two drivers at once: forks of this process, which has imported and read what both need."""
    import folds
    _, cell = todo(sys.argv[1])[0]
    model = cells.build(cell, TONES)
    cells.training_macs(model, 16), cell.hash
    drivers = []
    for _ in range(2):
        drivers.append(os.fork())
        if not drivers[-1]:
            folds.train_all(todo(sys.argv[1]), 1, None)
            os._exit(0)
    sys.exit(any([os.waitpid(driver, 0)[1] for driver in drivers]))

if __name__ == "__main__":
    together()
'''


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module above, with its corpus of four speakers who say four tones each."""
    rng = np.random.default_rng(0)
    utterances = []
    for s in range(4):
        for i in range(4):
            kind, n = ("low", "high")[i % 2], 9600 + 800 * i
            pitch = (300 if kind == "low" else 1200) * (1 + 0.02 * s)
            sound = 0.1 * np.sin(2 * np.pi * pitch * np.arange(n) / 16000)
            noisy = (sound + 0.002 * rng.standard_normal(n)).astype(np.float32)
            audio.write(tmp_path / f"s{s}-{i}.wav", noisy)
            utterances.append(Utterance(f"s{s}-{i}", f"s{s}-{i}.wav", n / 16000, f"s{s}",
                                        labels={"emotion": kind}))
    write_manifest(tmp_path / "all.jsonl", utterances)
    features.compute(tmp_path / "cache", utterances, tmp_path, features.FeatureConfig(speeds=()),
                     features.MelConfig(mels=16))
    (tmp_path / "tones_driver.py").write_text(DRIVER.format(root=ROOT, here=tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(protocol, "get", protocol.get)  # what the module changes is put back
    monkeypatch.setattr(cells, "_train_cell", cells._train_cell)
    yield importlib.import_module("tones_driver")
    sys.modules.pop("tones_driver")


def test_two_drivers_of_one_experiment_share_its_cells(driver: ModuleType, tmp_path: Path) -> None:
    both = subprocess.run([sys.executable, str(tmp_path / "tones_driver.py"), str(tmp_path / "exp")],
                          capture_output=True, text=True, timeout=240, check=False)
    assert both.returncode == 0, both.stderr
    lines = [line.split() for line in (tmp_path / "journal").read_text().splitlines()]
    for folder, cell in driver.todo(tmp_path / "exp"):
        mine = [line for line in lines if line[3] == folder.name]
        assert [line[2] for line in mine] == ["begins", "ends"]  # once, by one of them
        assert mine[0][1] == mine[1][1]
        assert cells.finished(folder, cell) is not None
    assert len({line[1] for line in lines}) == 2  # each did something
    assert not list(tmp_path.rglob("*.part*"))


def test_a_worker_that_dies_takes_no_other_cell_with_it(driver: ModuleType, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    folds = importlib.import_module("folds")
    monkeypatch.setattr(cells, "train_job", driver.dying)
    todo = driver.todo(tmp_path / "exp")
    with pytest.raises(InputError, match=r"1 of 4 cells failed.*fold1-0: its process died each"):
        folds.train_all(todo, 2, None)
    done = [folder.name for folder, cell in todo if cells.finished(folder, cell) is not None]
    assert done == ["fold0-0", "fold2-0", "fold3-0"]


def test_a_cell_that_fails_is_one_line_and_the_others_go_on(
        driver: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    folds, train = importlib.import_module("folds"), cells._train_cell

    def failing(folder: Path, cell: cells.Cell) -> dict:
        if cell.fold == "fold2":
            raise ZeroDivisionError("no reason")
        return train(folder, cell)

    monkeypatch.setattr(cells, "_train_cell", failing)
    todo = driver.todo(tmp_path / "exp")
    with pytest.raises(InputError, match=r"1 of 4 cells failed.*ZeroDivisionError: no reason"):
        folds.train_all(todo, 1, None)
    assert "failing" in (tmp_path / "exp" / "fold2-0" / "error.txt").read_text()
    monkeypatch.setattr(cells, "_train_cell", train)
    folds.train_all(todo, 1, None)
    assert "3 of 4 cells were finished before" in capsys.readouterr().out
    assert not list((tmp_path / "exp").rglob("error.txt"))


RECIPE = '''
import sys, time
from dataclasses import dataclass
from pathlib import Path
from avspeech.core.recipe import Recipe

@dataclass
class Config:
    number: int = 0  # nothing

recipe = Recipe("try", schema=Config)

@recipe.stage("work")
def work(cfg, exp):
    """Work."""
    with open(exp / "journal", "a") as file:
        file.write("begins\\n")
        file.flush()
        while not (exp / "go on").exists():
            time.sleep(0.02)
        file.write("ends\\n")

recipe.main(["--exp", sys.argv[1]])
'''


def test_of_two_processes_at_one_stage_the_second_waits(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(RECIPE)
    command = [sys.executable, str(tmp_path / "run.py"), str(tmp_path / "exp")]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    journal = tmp_path / "exp" / "journal"
    while not (journal.exists() and journal.read_text()):
        time.sleep(0.02)
        assert first.poll() is None
    second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert second.stdout is not None
    assert "another process runs it" in second.stdout.readline()
    (tmp_path / "exp" / "go on").touch()  # the first ends only now, however busy the machine is
    said = second.communicate(timeout=60)[0]
    assert first.wait(60) == second.returncode == 0 and "finished before" in said
    assert journal.read_text().split() == ["begins", "ends"]
    assert os.listdir(tmp_path / "exp" / ".stages")  # and the next process finds no lock
    assert subprocess.run(command, capture_output=True).returncode == 0
