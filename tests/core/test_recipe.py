"""Recipes: stages run once, again when what goes in changed,
and never count as finished when they were not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from avspeech.core import recipe as recipe_module
from avspeech.core.recipe import Recipe
from avspeech.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Data:
    text: str = "a"


@dataclass
class Train:
    FREE: ClassVar = ("log_every",)

    lr: float = 0.1
    log_every: int = 20


@dataclass
class Config:
    data: Data = field(default_factory=Data)
    train: Train = field(default_factory=Train)


@dataclass
class Toy:
    """A recipe of three stages whose runs are noted."""

    exp: Path
    ran: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recipe = Recipe("toy", Config, doc="A toy.\n\nWith 100% doc.")

        @self.recipe.stage("prepare", uses=("data",),
                           outputs=lambda cfg, exp: [exp / "data.txt"])
        def prepare(cfg: Config, exp: Path) -> None:
            """Make the data."""
            self.ran.append("prepare")
            (exp / "data.txt").write_text(cfg.data.text.strip())

        @self.recipe.stage("train", uses=("train",), inputs=lambda cfg, exp: [exp / "data.txt"],
                           distributed=True)
        def train(cfg: Config, exp: Path) -> None:
            """Train on it."""
            self.ran.append("train")
            if cfg.train.lr > 1:
                raise InputError("train.lr: too high")
            if cfg.train.lr < 0:
                raise KeyboardInterrupt

        @self.recipe.stage("report")
        def report(cfg: Config, exp: Path) -> None:
            """Tell about it."""
            self.ran.append("report")

    def __call__(self, *argv: str) -> list[str]:
        """The stages that a command line runs."""
        self.ran.clear()
        self.recipe.run(["--exp", str(self.exp), *argv])
        return list(self.ran)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    # Which may be edited while this runs
    monkeypatch.setattr(recipe_module.sources, "code_hash", lambda function, names: "the code")
    return Toy(tmp_path / "exp")


ALL = ["prepare", "train", "report"]


def test_a_second_run_does_nothing_and_says_so(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    assert toy() == ALL
    capsys.readouterr()
    assert toy() == []
    said = capsys.readouterr().out
    for number, name in enumerate(ALL, 1):
        assert f"{number} {name}: finished before, skipped" in said


@pytest.mark.parametrize(("argv", "expected"), [
    (["train.lr=0.2"], ["train", "report"]),
    (["train.log_every=5"], []),
    (["data.text=b"], ALL),
    # The data come out the same: what reads only them need not run.
    (["data.text='a '"], ["prepare", "report"]),
    (["--force"], ALL),
    (["--stage", "train", "--force"], ["train", "report"]),
    (["--stage", "2", "--stop-stage", "train", "--force"], ["train"]),
    (["--force", "--stop-stage", "1"], ["prepare"]),
])
def test_what_runs_again(toy: Toy, argv: list[str], expected: list[str]) -> None:
    toy()
    assert toy(*argv) == expected
    toy(*[a for a in argv if "=" in a])
    assert toy(*[a for a in argv if "=" in a]) == []


@pytest.mark.parametrize("argv", [["--exp", ""], ["--exp="], ["--config", ""], ["--stage", ""], [""]])
def test_an_empty_argument_is_not_the_default(toy: Toy, argv: list[str]) -> None:
    with pytest.raises(InputError, match="is empty"):
        toy.recipe.run(argv)
    assert not toy.ran


def test_a_check_stops_a_run_before_it_begins(toy: Toy) -> None:
    @toy.recipe.check
    def check(cfg: Config, exp: Path) -> None:
        if cfg.data.text == "bad":
            raise InputError("data.text: bad")

    for more in ([], ["--dry-run"], ["--stage", "report"]):
        with pytest.raises(InputError, match=r"data\.text: bad"):
            toy("data.text=bad", *more)
    assert not toy.ran and not toy.exp.exists()
    assert toy() == ALL


def test_what_a_stage_needs_is_asked_for_where_it_is_to_run(toy: Toy) -> None:
    @toy.recipe.needed("train")
    def there(cfg: Config, exp: Path) -> None:
        raise InputError("not there")

    assert toy("--stop-stage", "prepare") == ["prepare"]
    for more in ([], ["--stage", "train"], ["--stop-stage", "train", "--dry-run"]):
        with pytest.raises(InputError, match="not there"):
            toy(*more)


def test_what_follows_a_stage_runs_after_it_ran_again(toy: Toy) -> None:
    toy()
    assert toy("--force", "--stage", "train", "--stop-stage", "train") == ["train"]
    assert toy() == ["report"]


def test_options_may_stand_between_overrides(toy: Toy) -> None:
    assert (toy("data.text=x", "--stage", "prepare", "train.lr=0.3", "--stop-stage", "train")
            == ["prepare", "train"])
    assert (toy.exp / "data.txt").read_text() == "x"
    assert "lr: 0.3" in (toy.exp / "config.yaml").read_text()


def test_changed_or_missing_files_run_their_stages_again(toy: Toy) -> None:
    toy()
    (toy.exp / "data.txt").write_text("changed")
    assert toy() == ["train", "report"]
    (toy.exp / "data.txt").unlink()
    assert toy() == ["prepare", "train", "report"]
    (toy.exp / ".stages" / "report.json").write_text("{ not json")
    assert toy() == ["report"]


def test_changed_code_runs_its_stages_again(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    toy()
    monkeypatch.setattr(recipe_module.sources, "code_hash",
                        lambda function, names: "the code" if function.__name__ == "prepare" else "other")
    assert toy() == ["train", "report"]


def test_a_corpus_with_other_files_is_prepared_again(tmp_path: Path) -> None:
    source, ran = tmp_path / "corpus", []
    source.mkdir()
    (source / "a.wav").write_bytes(b"one")
    recipe = Recipe("r", Config)
    recipe.stage("prepare", sources=lambda cfg, exp: [source])(lambda cfg, exp: ran.append(1))
    for count, change in enumerate([lambda: None, lambda: (source / "b.wav").write_bytes(b"two"),
                                    lambda: (source / "a.wav").write_bytes(b"eno")], 1):
        change()
        for _ in range(2):
            recipe.run(["--exp", str(tmp_path / "exp")])
        assert len(ran) == count


def test_a_model_that_the_configuration_names_counts_by_its_content(tmp_path: Path) -> None:
    ran, recipe = [], Recipe("r", Config)
    recipe.stage("train", uses=("data",))(lambda cfg, exp: ran.append(1))
    (tmp_path / "model").mkdir()
    for text in ("first", "first", "second"):
        (tmp_path / "model" / "SHA256SUMS").write_text(text)
        recipe.run(["--exp", str(tmp_path / "exp"), f"data.text={tmp_path / 'model'}"])
    assert len(ran) == 2


def test_a_file_that_goes_in_counts_by_its_content_however_large(toy: Toy) -> None:
    toy()
    file = toy.exp / "data.txt"
    times = os.stat(file)
    file.write_text("b")  # the size and time of before
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert toy() == ["train", "report"]


def test_a_dry_run_tells_and_does_nothing(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    assert toy("--dry-run") == []
    assert not toy.exp.exists()
    assert "1 prepare: would run" in capsys.readouterr().out
    toy()
    capsys.readouterr()
    before = {p: p.read_bytes() for p in toy.exp.rglob("*") if p.is_file()}
    assert toy("--dry-run", "train.lr=0.2") == []
    said = capsys.readouterr().out
    assert "1 prepare: finished before" in said
    assert "2 train: would run (config changed)" in said
    assert "3 report: would run (after train)" in said
    assert {p: p.read_bytes() for p in toy.exp.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(("lr", "error"), [("2", InputError), ("-1", KeyboardInterrupt)])
def test_a_stage_that_fails_leaves_no_marker(toy: Toy, lr: str, error: type[BaseException]) -> None:
    toy()
    with pytest.raises(error):
        toy(f"train.lr={lr}")
    assert not (toy.exp / ".stages" / "train.json").exists()
    assert toy() == ["train", "report"]


def test_a_stage_without_its_outputs_is_a_defect(tmp_path: Path) -> None:
    recipe = Recipe("r", Config)
    recipe.stage("make", outputs=lambda cfg, exp: [exp / "never"])(lambda cfg, exp: None)
    with pytest.raises(RuntimeError, match="never"):
        recipe.run(["--exp", str(tmp_path)])
    assert not (tmp_path / ".stages" / "make.json").exists()


@pytest.mark.parametrize(("argv", "words"), [
    (["--stage", "nix"], "1 prepare, 2 train, 3 report"),
    (["--stage", "4"], "no stage '4'"),
    (["--stage", "0"], "no stage '0'"),
    (["--stage", "report", "--stop-stage", "train"], "comes before"),
    (["--stage", "train"], "data.txt.*run with --stage prepare"),
    (["--stage", "report"], "needs stage train"),
    (["train.lrr=1"], "train.lr"),
    (["--config", "nowhere.yaml"], "nowhere.yaml"),
])
def test_bad_command_lines(toy: Toy, argv: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        toy(*argv)


def test_exit_codes(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    def code(*argv: str) -> object:
        with pytest.raises(SystemExit) as caught:
            toy.recipe.main(["--exp", str(toy.exp), *argv])
        return caught.value.code

    assert code("train.lr=2") == 2
    assert capsys.readouterr().err == "avspeech: error: train.lr: too high\n"
    assert code("train.lr=-1") == 130
    assert code("--help") == 0
    said = capsys.readouterr().out
    for words in ("1 prepare  Make the data.", "3 report   Tell about it.", "train.lr=0.1  (float)",
                  "With 100% doc."):
        assert words in said


@pytest.mark.parametrize(("uses", "name"), [(("nix",), "x"), ((), "prepare"), ((), "7")])
def test_wrong_declarations(toy: Toy, uses: tuple[str, ...], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        toy.recipe.stage(name, uses=uses)


def test_the_experiment_folder_lies_beside_the_conf_folder(tmp_path: Path, toy: Toy) -> None:
    conf = tmp_path / "egs" / "conf" / "small.yaml"
    conf.parent.mkdir(parents=True)
    conf.write_text("train: {lr: 0.5}")
    toy.recipe.run(["--config", str(conf)])
    assert "lr: 0.5" in (tmp_path / "egs" / "exp" / "small" / "config.yaml").read_text()


def test_under_torchrun_only_distributed_stages_run(toy: Toy, monkeypatch: pytest.MonkeyPatch,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    toy("--stop-stage", "prepare")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match="able to: train"):
        toy()
    capsys.readouterr()
    monkeypatch.setenv("RANK", "1")
    assert toy("--stage", "train", "--stop-stage", "train") == ["train"]
    assert not (toy.exp / ".stages" / "train.json").exists()
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("RANK", "0")
    assert toy("--stage", "train", "--stop-stage", "train") == ["train"]
    assert json.loads((toy.exp / ".stages" / "train.json").read_text())["stage"] == "train"


def test_a_killed_stage_leaves_no_marker_and_runs_again(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(textwrap.dedent('''
        from dataclasses import dataclass
        import time
        from avspeech.core.recipe import Recipe

        @dataclass
        class Config:
            seconds: float = 0.0

        recipe = Recipe("slow", Config)

        @recipe.stage("wait", uses=())
        def wait(cfg, exp):
            """Wait."""
            (exp / "began").touch()
            time.sleep(cfg.seconds)

        if __name__ == "__main__":
            recipe.main()
    '''))

    def start(seconds: int) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "run.py", "--exp", "exp", f"seconds={seconds}"],
                                cwd=tmp_path, text=True, stdout=subprocess.PIPE,
                                env={**os.environ, "PYTHONPATH": str(ROOT)})

    def wait_for(done: Callable[[], bool]) -> None:
        until = time.monotonic() + 20
        while not done():
            assert time.monotonic() < until
            time.sleep(0.02)

    process = start(60)
    wait_for((tmp_path / "exp" / "began").exists)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not list((tmp_path / "exp" / ".stages").glob("*.json"))
    assert "not finished yet" in start(0).communicate()[0]
    assert "finished before" in start(0).communicate()[0]
