"""Reads the files of arrays (.npz) that stages keep for later ones."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from avspeech.errors import InputError


def read(path: str | Path, *names: str) -> dict[str, np.ndarray]:
    """Arrays of a file, by name.

    Args:
        path: the .npz file.
        names: the arrays to read; all of them where none is named.

    Raises:
        InputError: the file is missing, is damaged (its checksums do not agree), or has no such
            array.
    """
    try:
        with np.load(path, allow_pickle=False) as kept:
            return {name: kept[name] for name in names or kept.files}
    # An .npy file has no names; a damaged member fails in whatever way zipfile and NumPy have
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, NotImplementedError,
            zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as arrays ({error}); remove it, and run the "
                         "stage that makes it again, by --force") from None
