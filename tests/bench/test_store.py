"""The feature store: by content, whole or not there, many writers."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from avspeech.bench import store
from avspeech.bench.store import Shelf, content_keys
from avspeech.errors import InputError


def some(*keys: str, value: float = 1.0) -> dict[str, np.ndarray]:
    return {key: np.full((2, 3), value + i, np.float32) for i, key in enumerate(keys)}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "model/1:x")
    shelf.write(some("a", "b"))
    assert "a" not in shelf
    shelf.scan()
    assert "a" in shelf and len(shelf) == 2 and shelf.bytes() > 0
    assert shelf.missing(["b", "c", "c", "a"]) == ["c"]
    b, a, again = Shelf(tmp_path, "model/1:x").read(["b", "a", "b"])
    assert (b == 2).all() and (a == 1).all() and (again == b).all()
    with pytest.raises(InputError, match="1 of 2 utterances have no features"):
        shelf.read(["a", "c"])


def test_another_identity_pooling_or_dtype_is_another_shelf(tmp_path: Path) -> None:
    Shelf(tmp_path, "one").write(some("a"))
    for other in (("two", "mean", "float32"), ("one", "none", "float32"), ("one", "mean", "float16")):
        assert len(Shelf(tmp_path, *other)) == 0


def test_half_precision_is_near_and_overflow_is_refused(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "one", dtype="float16")
    shelf.write({"a": np.full((1, 1), 1 / 3)})
    shelf.scan()
    assert shelf.read(["a"])[0] == pytest.approx(1 / 3, rel=1e-3)
    for bad in (1e6, np.nan):
        with pytest.raises(InputError, match="not finite"):
            shelf.write({"b": np.full((1, 1), bad)})


def test_a_damaged_shard_is_as_if_not_there(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "one")
    path = shelf.write(some("a"))
    shelf.write(some("b"))
    path.write_bytes(path.read_bytes()[:-5])
    (shelf.folder / ".half.part").write_bytes(b"x")
    found = Shelf(tmp_path, "one")
    assert "a" not in found and "b" in found
    found.write(some("a"))
    found.scan()
    assert "a" in found


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_feature_that_changed_on_disk_is_not_used(tmp_path: Path, dtype: str) -> None:
    """Before, it was, in silence; a shard of before has no sums, and is read as it is."""
    from safetensors.numpy import save

    shelf = Shelf(tmp_path, "one", dtype=dtype)
    path = shelf.write(some("a", "b"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    found = Shelf(tmp_path, "one", dtype=dtype)
    assert (found.read(["a"])[0] == 1).all()
    with pytest.raises(InputError, match="damaged, its features are not .* remove this file"):
        found.read(["a", "b"])
    path.write_bytes(save({"a": np.full((2, 3), 7, np.float32)}))
    assert (Shelf(tmp_path, "one", dtype=dtype).read(["a"])[0] == 7).all()


def _write(folder: Path, writer: int) -> None:
    for i in range(10):
        Shelf(folder, "one").write(some(f"{i}", f"{i}-{writer % 2}"))


def test_several_writers(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(tmp_path, w)) for w in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    shelf = Shelf(tmp_path, "one")
    assert len(shelf) == 30
    assert len(list(shelf.folder.iterdir())) == 20
    assert all((v == 1).all() for v in shelf.read([str(i) for i in range(10)]))


def test_keys_are_of_content(tmp_path: Path) -> None:
    for name, data in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(data)
    paths = [str(tmp_path / n) for n in "abcd"]
    parts = [(paths[0], 0.0, 1.0), (paths[1], 0.0, 1.0), (paths[2], 0.0, 1.0), (paths[0], 0.5, 1.0),
             (paths[3], 0.0, 1.0)]
    keys = content_keys(tmp_path, parts)
    a, b, c, later, absent = (keys[p] for p in parts)
    assert a == b and len({a, c, later}) == 3 and absent == ""
    assert content_keys(tmp_path, parts) == keys  # from memory
    (tmp_path / "c").write_bytes(b"31")
    assert content_keys(tmp_path, parts)[parts[2]] != c
    (tmp_path / "files.json").write_text("{")
    assert content_keys(tmp_path, parts)[parts[0]] == a


def test_a_content_that_keeps_size_and_time_is_another_key(tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """As rsync -a and cp -p leave it; also where the hash of the old content is remembered."""
    file = tmp_path / "a"
    for settled in (store.SETTLED, -10**18):  # -10**18: remember at once
        monkeypatch.setattr(store, "SETTLED", settled)
        file.write_bytes(b"1234")
        part = (str(file), 0.0, 1.0)
        before, stat = content_keys(tmp_path, [part])[part], file.stat()
        assert content_keys(tmp_path, [part])[part] == before
        file.write_bytes(b"4321")
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert (file.stat().st_size, file.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
        assert content_keys(tmp_path, [part])[part] != before


def test_another_file_in_its_place_is_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SETTLED", -10**18)
    for name, data in (("a", b"1234"), ("b", b"4321")):
        (tmp_path / name).write_bytes(data)
        os.utime(tmp_path / name, ns=(10**18, 10**18))
    part = (str(tmp_path / "a"), 0.0, 1.0)
    before = content_keys(tmp_path, [part])[part]
    (tmp_path / "b").rename(tmp_path / "a")
    assert content_keys(tmp_path, [part])[part] != before


@pytest.mark.parametrize("text", ["[1]", '{"a": 1}', "[" * 100_000])
def test_a_memory_that_is_damaged_costs_time_only(text: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    part = (str(tmp_path / "a"), 0.0, 1.0)
    before = content_keys(tmp_path, [part])
    (tmp_path / "files.json").write_text(text)
    assert content_keys(tmp_path, [part]) == before
