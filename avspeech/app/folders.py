"""The folder for all that the app is given and makes: it ends with the app, and what a killed app
left is removed by the next one."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from avspeech.core import storage

PREFIX = "avspeech-app-"
LOCK = "lock"
YOUNG = 60.0  # seconds; a folder without a lock may be of an app that is just starting


@contextmanager
def work_folder() -> Iterator[Path]:
    """Gives an empty folder that only this user can read, in the folder for temporary files. It is
    removed with the block."""
    base = Path(tempfile.gettempdir())
    sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))
    try:
        with storage.lock(folder / LOCK):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(base: Path) -> None:
    """Removes the folders of apps of this user that were killed.

    Args:
        base: the folder for temporary files.
    """
    for folder in base.glob(f"{PREFIX}*"):
        owner = re.fullmatch(rf"{PREFIX}(\d+)-\w+", folder.name)
        if owner is None or int(owner[1]) == os.getpid():
            continue
        with suppress(OSError):  # another app sweeps too
            stat = folder.lstat()
            if folder.is_symlink() or stat.st_uid != os.getuid():
                continue
            lock = folder / LOCK
            if not lock.exists() and time.time() - stat.st_mtime < YOUNG:
                continue
            with storage.lock(lock, wait=False) as free:
                if free:
                    shutil.rmtree(folder)
