"""The command line: the right call with the right arguments, one line for bad input, and the exit codes."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import avspeech
from avspeech import cli, doctor
from avspeech.core import storage
from avspeech.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


def stand_in(monkeypatch: pytest.MonkeyPatch, module: str, **names: Any) -> None:
    """Puts a module of the given names in the place of another, for the subcommands import only when run."""
    made = types.ModuleType(module)
    for name, value in names.items():
        setattr(made, name, value)
    monkeypatch.setitem(sys.modules, module, made)
    parent, _, name = module.rpartition(".")
    if parent in sys.modules:
        monkeypatch.setattr(sys.modules[parent], name, made, raising=False)


@pytest.mark.parametrize("argv", [["--help"], ["extract", "--help"], ["models", "--help"],
                                  ["models", "info", "--help"], ["data", "check", "--help"],
                                  ["data", "prepare", "--help"], ["profile", "--help"], ["doctor", "--help"],
                                  ["emotion", "--help"], ["--version"]])
def test_help_and_version(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == 0
    assert ("usage: avspeech" if "--help" in argv else avspeech.__version__) in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["nix"], ["extract"], ["models"], ["data", "check"],
                                  ["extract", "a.mp4", "--face", "0"], ["extract", "a.mp4", "--face", "left"],
                                  ["profile", "m", "--seconds", "x"], ["emotion"],
                                  ["emotion", "a.wav", "--json", "--csv"]])
def test_a_wrong_command_line_exits_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == 2
    assert "error" in capsys.readouterr().err


def commands(parser: argparse.ArgumentParser, names: tuple[str, ...] = ()
             ) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Every subcommand: its names and its parser."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for name, inner in (below[0].choices.items() if below else ()):
        yield from commands(inner, (*names, name))
    if not below:
        yield names, parser


def test_a_misspelled_option_is_told_with_what_may_be_meant(capsys: pytest.CaptureFixture[str]) -> None:
    for names, parser in commands(cli._parser()):
        places = ["x" for a in parser._actions if not a.option_strings and a.nargs not in ("?", "*")]
        needed = [text for a in parser._actions if a.required and a.option_strings
                  for text in (a.option_strings[-1], list(a.choices)[0] if a.choices else "x")]
        for option in {o for a in parser._actions for o in a.option_strings if len(o) > 5}:
            wrong = f"--{option[3]}{option[2]}{option[4:]}"
            with pytest.raises(SystemExit) as caught:
                cli.main([*names, *places, *needed, wrong])
            said = capsys.readouterr().err
            assert caught.value.code == 2 and f"usage: avspeech {' '.join(names)}" in said
            assert f"unrecognized arguments: {wrong} (did you mean '{option}'?)" in said


def test_an_empty_argument_is_never_the_current_folder(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["extract", ""], ["extract", "a.mp4", "-o", ""], ["extract", "a.mp4", "--model", ""],
                 ["emotion", ""], ["emotion", "a.wav", "--model="], ["data", "check", ""],
                 ["models", "info", ""], ["data", "prepare", "grid", "", "out"], ["score", "", "b"],
                 ["export", "", "--to", "onnx", "-o", "x"], ["bench", "report", ""],
                 ["speak", "--file", ""], ["transcribe", "a.mp4", "--recognizer", ""]):
        assert cli.main(argv) == 2, argv
        said = capsys.readouterr().err
        assert "is empty" in said and said.count("\n") == 1, said


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "x", "100000", "²"])
def test_a_number_of_threads_has_bounds(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["emotion", "a.wav"], ["speak", "a"], ["transcribe", "a.mp4"], ["profile", "m"]):
        with pytest.raises(SystemExit) as caught:
            cli.main([*argv, f"--threads={number}"])
        assert caught.value.code == 2 and "expected a whole number from 1 to 1024" in capsys.readouterr().err


@pytest.mark.parametrize(("argv", "expected"), [
    (["a.mp4"], ([Path("a.mp4")], Path("."), None, "mvtf-small", True, False, None, False, None, None)),
    (["a.mp4", "b.mp4", "-o", "out", "--face", "2", "--model", "m", "--quiet", "--mouth", "--audio", "2",
      "--late", "0,-0.08"],
     ([Path("a.mp4"), Path("b.mp4")], Path("out"), 2, "m", False, True, 2, False, None, [0.0, -0.08])),
    (["a.mp4", "--face", "all", "--json", "--voice", "me.wav"],
     ([Path("a.mp4")], Path("."), None, "mvtf-small", True, False, None, True, Path("me.wav"), None)),
])
def test_extract(argv: list[str], expected: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch,
                 capsys: pytest.CaptureFixture[str]) -> None:
    def extract_files(videos: list[Path], out: Path, face: int | None, model: str, progress: bool,
                      mouth: bool, track: int | None, records: bool, voice: Path | None,
                      late: list[float] | None) -> list[Path]:
        assert (videos, out, face, model, progress, mouth, track, records, voice, late) == expected
        return [Path("a_face1.wav"), Path("a_face1.mp4")]

    stand_in(monkeypatch, "avspeech.extraction.files", extract_files=extract_files)
    assert cli.main(["extract", *argv]) == 0
    assert capsys.readouterr().out == "a_face1.wav\na_face1.mp4\n"


@pytest.mark.parametrize(("error", "code", "said"), [
    (InputError("a.mp4: no sound in it"), 2, "avspeech: error: a.mp4: no sound in it\n"),
    (KeyboardInterrupt(), 130, "avspeech: interrupted\n"),
])
def test_errors_are_one_line(error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch,
                             capsys: pytest.CaptureFixture[str]) -> None:
    def extract_files(*args: Any, **options: Any) -> list[Path]:
        raise error

    stand_in(monkeypatch, "avspeech.extraction.files", extract_files=extract_files)
    assert cli.main(["extract", "a.mp4"]) == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("swallowed", [False, True])
def test_signals_end_a_command_cleanly(number: signal.Signals, swallowed: bool, tmp_path: Path,
                                       monkeypatch: pytest.MonkeyPatch,
                                       capsys: pytest.CaptureFixture[str]) -> None:
    def extract_files(*args: Any, **options: Any) -> list[Path]:
        try:
            with storage.writing(tmp_path / "voice.wav") as aside:
                aside.write_bytes(b"half")
                signal.raise_signal(number)
        except KeyboardInterrupt:
            if swallowed:
                raise RuntimeError("of a library") from None
            raise
        return []

    stand_in(monkeypatch, "avspeech.extraction.files", extract_files=extract_files)
    usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(number, usual)  # what starts the tests may ignore it, as nohup does
    try:
        assert cli.main(["extract", "a.mp4"]) == 128 + number
        assert signal.getsignal(number) == usual
    finally:
        signal.signal(number, before)
    assert capsys.readouterr().err == "avspeech: interrupted\n"
    assert not list(tmp_path.iterdir())


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def extract_files(*args: Any, **options: Any) -> list[Path]:
        raise ZeroDivisionError

    stand_in(monkeypatch, "avspeech.extraction.files", extract_files=extract_files)
    with pytest.raises(ZeroDivisionError):
        cli.main(["extract", "a.mp4"])


def test_a_package_that_is_not_there_is_one_line_and_a_file_of_ours_is_a_defect(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for module in ("no_such_module.part", "avspeech.no_such_file"):
        def extract_files(*args: Any, missing: str = module, **options: Any) -> list[Path]:
            raise ModuleNotFoundError(missing, name=missing)

        stand_in(monkeypatch, "avspeech.extraction.files", extract_files=extract_files)
        if module.startswith("avspeech"):
            with pytest.raises(ModuleNotFoundError):
                cli.main(["extract", "a.mp4"])
        else:
            assert cli.main(["extract", "a.mp4"]) == 2
            assert "package 'no_such_module', which is not installed" in capsys.readouterr().err


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-"])
def test_streams_that_the_caller_closed_are_no_defect(closed: str, tmp_path: Path) -> None:
    """Nor does a file that is opened later take their number, and with it what is printed."""
    code = ("import sys; from avspeech import cli\n"
            "def run(args):\n"
            "    file = open('new.txt', 'w')\n"
            "    print('said'); print('told', file=sys.stderr)\n"
            "    file.write(f'{sys.stdin.isatty()} {sys.stdin.read()!r} {file.fileno() > 2}')\n"
            "    return 3\n"
            "cli._doctor = run; sys.exit(cli.main(['doctor']))")
    done = subprocess.run(["sh", "-c", f'"$0" -c "$1" {closed}', sys.executable, code], cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3, done.stderr
    assert (tmp_path / "new.txt").read_text() == "False '' True"
    assert done.stdout == ("" if closed == "1>&-" else "said\n")
    assert done.stderr == ("" if closed == "2>&-" else "told\n")


def test_a_reader_that_leaves_is_no_error() -> None:
    code = "from avspeech import cli; cli._doctor = lambda args: print('x' * 1000000); cli.main(['doctor'])"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               cwd=ROOT)
    assert process.stdout and process.stderr
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()


@dataclass
class Problem:
    utterance: str
    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.utterance}: {self.file}: {self.what}"


@pytest.mark.parametrize(("problems", "code", "summary"), [
    ([], 0, "no problem found"),
    ([Problem("u1", "a.wav", "0 bytes"), Problem("u1", "a.mp4", "no face")], 2, "2 problems in 1 utterances"),
])
def test_data_check(problems: list[Problem], code: int, summary: str, monkeypatch: pytest.MonkeyPatch,
                    capsys: pytest.CaptureFixture[str]) -> None:
    def check_manifest(path: Path, root: Path | None, **options: Any) -> list[Problem]:
        assert (path, root) == (Path("m.jsonl"), None)
        assert options == {"sample_rate": 16000, "fps": None, "progress": True}
        return problems

    stand_in(monkeypatch, "avspeech.data.integrity", check_manifest=check_manifest)
    assert cli.main(["data", "check", "m.jsonl", "--sample-rate", "16000"]) == code
    said = capsys.readouterr()
    assert said.out == "".join(f"{p}\n" for p in problems)
    assert summary in said.err


@pytest.mark.parametrize(("source", "expected"), [("in", Path("in")), ("-", None)])
def test_data_prepare(source: str, expected: Path | None, monkeypatch: pytest.MonkeyPatch,
                      capsys: pytest.CaptureFixture[str]) -> None:
    from avspeech.data import corpora

    def prepare(name: str, source: Path | None, out: Path, **options: Any) -> list[Path]:
        assert (name, source, out, options) == ("grid", expected, Path("out"),
                                                {"seed": 3, "sets": ["a", "b"]})
        return [out / "train.jsonl"]

    monkeypatch.setattr(corpora, "prepare", prepare)
    assert cli.main(["data", "prepare", "grid", source, "out", "seed=3", "sets=[a, b]"]) == 0
    assert capsys.readouterr().out == "out/train.jsonl\n"


@pytest.mark.parametrize("argv", [
    ["data", "prepare", "nix", "in", "out"],
    ["data", "prepare", "grid", "in", "out", "seed"],
    ["data", "prepare", "grid", "in", "out", "seed={"],
    ["data", "prepare", "grid", "in", "out", "seed=*x"],
    ["models", "info", "nix"],
    ["models", "verify", "nix"],
    ["profile", "nix"],
    ["profile", "mvtf-small", "--seconds", "0"],
    ["profile", "mvtf-small", "--seconds", "nan"],
    ["profile", "mvtf-small", "--seconds", "1e12"],
    ["speak", "hi", "-o", "a.wav", "--timestamps", "./a.wav"],
    ["speak", "hi", "-o", "."],
    ["speak", "hi", "-o", "a.wav", "--reference", "a.wav"],
    ["speak", "--file", "a.wav", "-o", "b.wav", "--timestamps", "a.wav"],
    ["export", "emotion-edge", "--to", "onnx", "-o", "."],
    ["export", "emotion-edge", "--to", "onnx-int8", "-o", "dev.jsonl", "--calibrate", "dev.jsonl"],
    ["profile", "nix.onnx"],
    ["emotion", "a.wav", "--model", "nix"],
])
def test_unknown_names_are_one_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 2
    said = capsys.readouterr().err
    assert said.startswith("avspeech: error: ")
    assert said.count("\n") == 1


def test_models_list_and_info(capsys: pytest.CaptureFixture[str]) -> None:
    from avspeech.core import pretrained
    from avspeech.core.models import CONFIGS, MODELS

    assert cli.main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in [*CONFIGS, *MODELS]:
        assert any(line.startswith(f"{name} ") for line in lines)
    for name in pretrained.names():  # read from headers
        parameters = sum(p.numel() for p in pretrained.load(name)[0].parameters())
        assert [line for line in lines if line.startswith(f"{name} ")
                and line.split()[1:2] == ["released,"] and line.split()[4] == f"{parameters:,}"]
    assert cli.main(["models", "info", next(iter(MODELS))]) == 0
    assert "parameters" in capsys.readouterr().out


def test_doctor_tells_of_what_is_missing_and_of_what_fails(monkeypatch: pytest.MonkeyPatch,
                                                           capsys: pytest.CaptureFixture[str]) -> None:
    def missing() -> str:
        raise doctor.Missing("nothing here")

    def broken() -> str:
        raise OSError("libnix.so: no such file\nmore")

    extra = doctor.Extra(("no-such-package",), "wings", "pip install no-such-package[fast]")
    monkeypatch.setattr(doctor, "EXTRAS", {"fly": extra})
    monkeypatch.setattr(doctor, "CHECKS", {"one": lambda: "fine", "two": missing})
    assert cli.main(["doctor"]) == 0
    said, trying = capsys.readouterr()
    assert "trying one ...\ntrying two ...\n" in trying  # a check may take long
    for words in ("no-such-package MISSING", "fine", "NOT INSTALLED", "fly would add wings",
                  "pip install no-such-package[fast]"):
        assert words in said
    monkeypatch.setattr(doctor, "CHECKS", {"four": lambda: importlib.import_module("no_such_module")})
    assert cli.main(["doctor"]) == 0
    assert "NOT INSTALLED: the package 'no_such_module'" in capsys.readouterr().out
    monkeypatch.setattr(doctor, "CHECKS", {"three": broken})
    assert cli.main(["doctor"]) == 1
    assert "libnix.so" in capsys.readouterr().out


def test_doctor_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.examine() == 0, capsys.readouterr().out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_behind_the_output_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "avspeech", "bench", "tasks"], stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("avspeech: error: the output, or a file, cannot be")
    assert "(No space left on device)" in done.stderr and done.stderr.count("\n") == 1


def test_what_users_should_know_is_a_line_without_a_place_in_the_code(
        monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    from avspeech import cli

    seen: list[str] = []

    def run(args: object) -> int:
        for category in (UserWarning, DeprecationWarning):
            seen.append(warnings.formatwarning("no face in it", category, "x.py", 3))
        return 0

    monkeypatch.setattr(cli, "_models_list", run)
    plain = warnings.formatwarning
    assert cli.main(["models", "list"]) == 0 and warnings.formatwarning is plain
    assert seen == ["avspeech: no face in it\n", "x.py:3: DeprecationWarning: no face in it\n"]


def test_an_interruption_while_it_loads_is_one_line(monkeypatch, capsys) -> None:
    """Ctrl-C in the first half of a second was a traceback of the import."""
    import builtins

    from avspeech import __main__

    plainly = builtins.__import__

    def stopped(name, *rest, **named):
        if name == "avspeech.cli":
            raise KeyboardInterrupt
        return plainly(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", stopped)
    assert __main__.main() == 130
    assert capsys.readouterr().err == "avspeech: interrupted\n"
