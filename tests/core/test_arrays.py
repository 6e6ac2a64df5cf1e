"""Files of arrays: what is damaged is refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from avspeech.core import arrays
from avspeech.errors import InputError


def test_what_was_written_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.arange(5), b=np.ones((2, 3), np.float32))
    found = arrays.read(tmp_path / "a.npz")
    assert set(found) == {"a", "b"} and found["a"].tolist() == [0, 1, 2, 3, 4]
    assert set(arrays.read(tmp_path / "a.npz", "b")) == {"b"}
    with pytest.raises(InputError, match="a.npz: cannot be read as arrays"):
        arrays.read(tmp_path / "a.npz", "c")


@pytest.mark.parametrize("change", [
    lambda data: b"", lambda data: data[:-30], lambda data: data[30:], lambda data: b"PK" + bytes(100),
    lambda data: data[:400] + bytes([data[400] ^ 1]) + data[401:], lambda data: b"x" * 100])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_is_damaged_is_refused(tmp_path: Path, save: Callable[..., None],
                                    change: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "a.npz"
    save(path, a=np.random.default_rng(0).standard_normal(500))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match="a.npz: cannot be read as arrays .*remove it") as error:
        arrays.read(path)
    assert "\n" not in str(error.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    np.savez(tmp_path / "b.npz", a=np.array([{}], dtype=object))
    for name in ("a.npy", "b.npz", "c.npz", "."):
        with pytest.raises(InputError, match="cannot be read as arrays"):
            arrays.read(tmp_path / name)
