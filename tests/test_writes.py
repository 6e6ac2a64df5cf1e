"""What is written where nothing can be written: the old state stays, and one line says which path."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avspeech import cli
from avspeech.core import checkpoint, config, models, pretrained, storage
from avspeech.core.trainer import TrainConfig
from avspeech.data.manifest import Utterance, write_manifest
from avspeech.errors import InputError
from avspeech.media import audio, video
from avspeech.report import report

SOUND = (0.1 * np.sin(np.arange(20_000) / 7)).astype(np.float32)
SMALL = {"mels": 16, "dim": 8, "layers": 1, "heads": 2, "inner": 8, "channels": 4}


def crops(path: Path) -> None:
    video.write_crops(path, np.zeros((9, 96, 96), np.uint8), np.ones(9, bool))


def manifest(path: Path) -> None:
    write_manifest(path, [Utterance(f"u{i}", f"{i}.wav", 1.0, "a") for i in range(200)])


def tensors(path: Path) -> None:
    checkpoint.write_tensors(path, models.build("conv_transformer", **SMALL).state_dict())


def guide(path: Path) -> None:
    from avspeech.emotion.guides import write_guide

    write_guide(path, [np.ones((200, 30))])


def results(path: Path) -> None:
    report.write_results(path, [{"system": "a", "uar": 0.5}] * 100, {"commit": "abc"})


def model(path: Path) -> None:
    pretrained.save(path, models.build("conv_transformer", **SMALL),
                    pretrained.ModelInfo("emotion", "conv_transformer", SMALL))


def exported(path: Path) -> None:
    """The graph itself is put together elsewhere: it takes seconds."""
    from avspeech.emotion import export

    def graph(light: Any, info: Any, aside: Path) -> None:
        aside.write_bytes(bytes(10_000))

    info = pretrained.ModelInfo("emotion", "conv_transformer", SMALL, labels=list("abcd"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "_onnx", graph)
        patch.setattr(export, "onnx_runner", lambda *_: None)
        patch.setattr(export, "compare", lambda *_: 0.0)
        export.write(models.build("conv_transformer", **SMALL, classes=4).eval(), info, "onnx", path)


WRITES: dict[str, Callable[[Path], Any]] = {
    "sound.wav": lambda path: audio.write(path, SOUND),
    "sound.flac": lambda path: audio.write(path, SOUND),
    "sound.ogg": lambda path: audio.write(path, SOUND),
    "crops.npz": crops, "all.jsonl": manifest, "model.safetensors": tensors, "guide.npz": guide,
    "config.yaml": lambda path: config.dump(TrainConfig(), path),
    "results.json": results, "model": model, "model.onnx": exported,
}


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file can grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def state(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(params=sorted(WRITES))
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Callable[[], Any]]:
    """A path at which something lies, and a function that writes it anew."""
    path = tmp_path / "place" / request.param
    WRITES[request.param](path)
    return path, lambda: WRITES[request.param](path)


@pytest.mark.parametrize("size", [0, 100])
def test_a_full_disk(written: tuple[Path, Callable[[], Any]], size: int) -> None:
    path, write = written
    before = state(path.parent)
    with pytest.raises(InputError, match="File too large.*free some space") as error, limited(size):
        write()
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    assert state(path.parent) == before


@pytest.mark.parametrize("call, number", [("fsync", errno.ENOSPC), ("fsync", errno.EDQUOT),
                                          ("replace", errno.EROFS), ("replace", errno.EACCES)])
def test_a_place_that_fails_at_the_end(written: tuple[Path, Callable[[], Any]], call: str, number: int,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = written
    before = state(path.parent)

    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        if path.name == "model":
            patch.setattr(os, "rename", fail)
        with pytest.raises(InputError, match=os.strerror(number)) as error:
            write()
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    assert state(path.parent) == before


def test_a_folder_that_vanishes(written: tuple[Path, Callable[[], Any]],
                                monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = written
    flush = os.fsync

    def vanish(handle: Any) -> None:
        shutil.rmtree(path.parent, ignore_errors=True)
        flush(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", vanish)
        with pytest.raises(InputError, match="cannot be written .No such file or directory") as error:
            write()
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    write()  # and the folder is made again


def test_a_file_where_a_folder_should_be(written: tuple[Path, Callable[[], Any]]) -> None:
    path, write = written
    shutil.rmtree(path.parent)
    path.parent.write_bytes(b"a file")
    with pytest.raises(InputError) as error:
        write()
    assert str(path.parent) in str(error.value) and "\n" not in str(error.value)
    assert path.parent.read_bytes() == b"a file"


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_disk_that_is_full_at_any_byte_of_a_sound(suffix: str, tmp_path: Path) -> None:
    """Also at the last ones, which libsndfile writes as it closes the file, in silence."""
    path = tmp_path / f"sound{suffix}"
    audio.write(path, SOUND)
    before, size = state(tmp_path), path.stat().st_size
    for less in (1, 2, 10, 100, 1000, size // 2, size):
        with pytest.raises(InputError, match="cannot be written"), limited(size - less):
            audio.write(path, SOUND)
        assert state(tmp_path) == before
    with limited(size):
        audio.write(path, SOUND)
    assert path.stat().st_size == size  # Ogg streams bear a random number


def test_errors_of_libraries_are_of_the_place_only_where_it_takes_nothing(tmp_path: Path) -> None:
    class OfALibrary(Exception):
        pass

    with pytest.raises(OfALibrary), storage.writing(tmp_path / "f"):
        raise OfALibrary
    with pytest.raises(InputError, match="File too large"), limited(10), storage.writing(tmp_path / "f"):
        raise OfALibrary
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given, line", [
    (OSError(errno.ENOSPC, "No space", "/a/b"), "/a/b: cannot be read or written (No space); free"),
    (OSError(errno.ENOSPC, "No space"), "the output, or a file, cannot be read or written (No space)"),
    (PermissionError(errno.EACCES, "Denied", "/a"), "/a: cannot be read or written (Denied); write else"),
    (FileNotFoundError(errno.ENOENT, "No such file", "/a"), "/a: No such file; it was expected"),
    (OSError(errno.ENAMETOOLONG, "Too long", "/a"), "/a: cannot be read or written (Too long); give a")])
def test_the_last_net(given: OSError, line: str, monkeypatch: pytest.MonkeyPatch,
                      capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Whatever else writes or reads: one line and exit code 2, from the command and from recipes."""
    from dataclasses import make_dataclass

    from avspeech import doctor
    from avspeech.core.recipe import Recipe

    def fail(*_: Any) -> None:
        raise given

    monkeypatch.setattr(doctor, "examine", fail)
    monkeypatch.setattr(cli, "_drop_output", lambda: None)
    assert cli.main(["doctor"]) == 2
    assert capsys.readouterr().err.startswith(f"avspeech: error: {line}")
    recipe = Recipe("try", schema=make_dataclass("Config", []))
    recipe.stage("work")(fail)
    with pytest.raises(SystemExit) as left:
        recipe.main(["--exp", str(tmp_path)])
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith(f"avspeech: error: {line}")


def test_other_errors_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    from avspeech import doctor

    for given in (OSError("of something else"), OSError(errno.ENOENT, "no name"), KeyError("k")):
        def fail(given: Exception = given) -> int:
            raise given

        monkeypatch.setattr(doctor, "examine", fail)
        with pytest.raises(type(given)):
            cli.main(["doctor"])


@pytest.mark.parametrize("place", ["absent", "/dev/null"])
def test_no_folder_for_temporary_files(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    place = str(tmp_path / place)
    monkeypatch.setattr(tempfile, "tempdir", place)
    for use in (storage.scratch, storage.scratch_folder):
        with pytest.raises(InputError, match=f"{place}: the folder for temporary files.*TMPDIR"):
            with use():
                pass


def test_a_full_folder_for_temporary_files() -> None:
    with pytest.raises(InputError, match="the folder for temporary files.*File too large.*TMPDIR"):
        with limited(10), storage.scratch() as file:
            file.write(bytes(100))
            file.flush()
    with pytest.raises(InputError, match="the folder for temporary files.*File too large.*TMPDIR"):
        with limited(10), storage.scratch_folder() as folder:
            with storage.naming(folder / "f"):
                (folder / "f").write_bytes(bytes(100))


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    place = tmp_path / "model"
    for text in ("one", "second"):
        with storage.writing_folder(place) as aside:
            (aside / "f").write_text(text)
        assert state(tmp_path) == {"model/f": text.encode()}
    with pytest.raises(ZeroDivisionError), storage.writing_folder(place) as aside:
        raise ZeroDivisionError
    assert state(tmp_path) == {"model/f": b"second"} and len(list(tmp_path.iterdir())) == 1


def test_what_killed_processes_left_of_a_file_is_swept_beside_it(tmp_path: Path) -> None:
    dead = f"{storage._HOST}-{2**22 + 1}-0"
    for name in (f".a[1].{dead}.part.wav", f".other.{dead}.part.wav", ".a[1].wav"):
        (tmp_path / name).touch()
    storage.sweep_beside(tmp_path / "a[1].wav")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".a[1].wav", f".other.{dead}.part.wav"]
    storage.sweep_beside(tmp_path / "absent" / "a.wav")


def test_a_folder_is_put_back_after_a_kill_between_two_renames(tmp_path: Path) -> None:
    place = tmp_path / "model"
    dead = f"{storage._HOST}-{2**22 + 1}-0"  # no process has so high a number
    for name, text in (("part", "new"), ("old", "old")):
        aside = tmp_path / f".model.{dead}.{name}"
        aside.mkdir()
        (aside / "f").write_text(text)
    storage.sweep(tmp_path)
    assert state(tmp_path) == {"model/f": b"old"}
    assert [p.name for p in tmp_path.iterdir()] == [place.name]
