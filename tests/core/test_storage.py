"""Files are whole or absent; a lock keeps others out; a hash follows the content, not the times."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from avspeech.core import storage
from avspeech.errors import InputError


def test_a_write_replaces_the_whole_file(tmp_path: Path) -> None:
    for text in (b"one", b"second"):
        storage.write_atomically(tmp_path / "new" / "f", text)
        assert (tmp_path / "new" / "f").read_bytes() == text
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["f"]


def test_the_place_aside_keeps_the_suffix_and_long_names_fit(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 240 + ".wav")
    with storage.writing(path) as aside:
        assert aside.suffix == ".wav" and aside.parent == tmp_path
        aside.write_bytes(b"x")
    assert path.read_bytes() == b"x"


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    storage.write_atomically(tmp_path / "f", b"old")
    with pytest.raises(ZeroDivisionError), storage.writing(tmp_path / "f") as aside:
        aside.write_bytes(b"half")
        raise ZeroDivisionError
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("f", b"old")]


@pytest.mark.parametrize("number", [28, 13, 30, 122])
def test_a_place_that_takes_nothing_is_one_line(tmp_path: Path, number: int) -> None:
    storage.write_atomically(tmp_path / "f", b"old")
    with pytest.raises(InputError, match=f"f: cannot be written .{os.strerror(number)}"), \
            storage.writing(tmp_path / "f"):
        raise OSError(number, os.strerror(number))
    assert (tmp_path / "f").read_bytes() == b"old"


def test_a_folder_that_vanishes_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(InputError, match="cannot be written"), storage.writing(tmp_path / "d" / "f") as aside:
        aside.write_bytes(b"x")
        shutil.rmtree(tmp_path / "d")
    with pytest.raises(InputError, match="cannot be written"):
        storage.write_atomically(Path("/dev/null/f"), b"x")


def test_a_library_may_name_a_place_by_a_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"), storage.writing(tmp_path / "a.wav") as aside:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", aside)


def test_errors_of_other_files_are_not_taken_for_ones_of_the_place(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), storage.writing(tmp_path / "f"):
        (tmp_path / "no such input").read_bytes()


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    code = textwrap.dedent("""
        import os, signal, sys
        from avspeech.core import storage
        with storage.writing(sys.argv[1]) as aside:
            aside.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "deep" / "f.txt")])
    assert len(list((tmp_path / "deep").iterdir())) == 1
    with storage.writing(tmp_path / "deep" / "g.txt") as aside:
        aside.write_bytes(b"of a process that runs")
        storage.sweep(tmp_path)
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["g.txt"]


def test_a_lock_keeps_another_process_out(tmp_path: Path) -> None:
    program = """if True:
        import sys
        from avspeech.core import storage
        with storage.lock(sys.argv[1], wait=False) as mine:
            sys.exit(0 if mine else 7)
    """
    command = [sys.executable, "-c", program, str(tmp_path / "deep" / ".lock")]
    with storage.lock(tmp_path / "deep" / ".lock") as mine:
        assert mine and subprocess.run(command).returncode == 7
    assert subprocess.run(command).returncode == 0


def test_a_content_hash_follows_the_content_even_where_size_and_time_stay(tmp_path: Path) -> None:
    file, other = tmp_path / "a.wav", tmp_path / "b.wav"
    file.write_bytes(b"first sound")
    other.write_bytes(b"other sound")
    times = os.stat(file)
    before = storage.content_hash(file)
    shutil.copyfile(other, file)  # the same size
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))  # and the same time
    assert storage.content_hash(file) == storage.content_hash(other) != before
    os.utime(file)
    assert storage.content_hash(file) == storage.content_hash(other)


def test_results_that_would_replace_an_input_or_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a")
    a, same, b = tmp_path / "a", tmp_path / "link", tmp_path / "b"
    for outputs, inputs in (({"--out": a, "--times": same}, {}), ({"--out": same}, {"--text": a}),
                            ({"--out": tmp_path}, {})):
        with pytest.raises(InputError, match="^--(out|times) "):
            storage.keep_apart(outputs, inputs)
    storage.keep_apart({"--out": a, "--times": None}, {"--text": b, "--lexicon": b})
    storage.keep_apart({"--out": Path("-"), "--times": b}, {"--text": Path("-")})


def test_no_empty_folder_is_left_where_nothing_could_be_written(tmp_path: Path) -> None:
    """A full disk left the folder that was made for the file."""
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\); free some"):
        with storage.writing(tmp_path / "out" / "deep" / "a.jsonl") as aside:
            aside.write_text("a")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(aside))
    assert not (tmp_path / "out").exists()
    with pytest.raises(KeyboardInterrupt):
        with storage.writing(tmp_path / "out" / "a.jsonl") as aside:
            aside.write_text("a")
            raise KeyboardInterrupt
    assert not (tmp_path / "out").exists()
