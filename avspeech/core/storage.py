"""Files that are whole or absent, locks that end with their process, and the hash of a file's
content."""

from __future__ import annotations

import errno
import fcntl
import functools
import hashlib
import itertools
import os
import re
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from avspeech.errors import InputError

_HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"
_COUNT = itertools.count()
# Errors of the disk or folder that is written to, which the user can mend.
_PLACE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG,
          errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Gives a place to write a file aside, and moves it to `path` when the block ends.

    After a crash at any point, `path` is either what it was or the whole new file. Where the block
    raises, nothing is left. Folders above `path` are made.

    Args:
        path: the file to write or replace.

    Yields:
        A path in the same folder with the same suffix, on which no other process writes.

    Raises:
        InputError: the place cannot be written to (full disk, no permission, a folder that
            vanished).
    """
    path = Path(path)
    # A file name has at most 255 bytes.
    stem = os.fsencode(path.stem)[:100].decode("utf-8", "ignore")
    part = f"{_HOST}-{os.getpid()}-{next(_COUNT)}.part"
    aside = path.with_name(f".{stem}.{part}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        with open(aside, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(aside, path)
        sync_folder(path.parent)
    except OSError as error:
        if error.errno in _PLACE or error.filename in (str(aside), str(path), str(path.parent)):
            raise InputError(f"{path}: cannot be written ({error.strerror}); "
                             "the file that was there is unchanged") from None
        raise
    finally:
        with suppress(OSError):  # it was moved, or was never made
            aside.unlink()


def write_atomically(path: str | Path, data: bytes) -> None:
    """Writes a file as a whole: see `writing`.

    Args:
        path: the file to write or replace.
        data: its content.
    """
    with writing(path) as aside:
        write_file(aside, data)


def sweep(folder: str | Path) -> None:
    """Removes unfinished files that killed processes of this machine left (see `writing`).

    Args:
        folder: searched with all folders below it.
    """
    for aside in Path(folder).rglob(f".*.{_HOST}-*.part*"):
        owner = re.search(rf"\.{_HOST}-(\d+)-\d+\.part", aside.name)
        if owner and not _runs(int(owner[1])):
            aside.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def write_file(path: Path, data: bytes) -> None:
    """Writes a file in place and flushes it to the disk.

    Args:
        path: the file.
        data: its content.
    """
    with open(path, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def sync_folder(path: Path) -> None:
    """Flushes a folder's list of files to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def lock(path: str | Path, wait: bool = True) -> Iterator[bool]:
    """Holds a lock file for this process; the lock ends with the process, killed or not.

    A POSIX record lock: it works on local disks and on NFS with its lock service, and is not
    inherited by child processes, which may outlive a killed parent by seconds.

    Args:
        path: the lock file; its folder is made.
        wait: wait for another process to let go; otherwise yield False where one holds it.

    Yields:
        Whether this process holds the lock.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except (BlockingIOError, PermissionError):
            yield False
            return
        yield True


def content_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes.

    A file is read once a process while its size, times and inode stay as they are; writing to a
    file always changes its ctime, which `cp -p` and `rsync -a` cannot keep.

    Args:
        path: the file.

    Returns:
        64 hexadecimal digits.
    """
    stat = os.stat(path)
    return _content_hash(str(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


@functools.lru_cache(maxsize=200_000)
def _content_hash(path: str, *stat: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
