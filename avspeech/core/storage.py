"""Files that are whole or absent, locks that end with their process, and the hash of a file's
content."""

from __future__ import annotations

import errno
import fcntl
import functools
import glob
import hashlib
import itertools
import os
import re
import shutil
import socket
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from avspeech.errors import InputError

_HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"
_COUNT = itertools.count()
SETTLED = 2_000_000_000  # nanoseconds since the last change after which a hash is remembered
# Errors of the disk or folder that is written to, and what the user can do about them.
_FULL = "free some space there or write elsewhere"
_DENIED = "write elsewhere, or change the permissions"
_PLACE = {
    errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EFBIG: _FULL, errno.EROFS: "write elsewhere",
    errno.EACCES: _DENIED, errno.EPERM: _DENIED, errno.ENOTDIR: "give another path",
    errno.EISDIR: "give another path", errno.ENAMETOOLONG: "give a shorter name",
    errno.EIO: "check the disk", errno.ESTALE: "check the disk"}


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Gives a place to write a file aside, and moves it to `path` when the block ends.

    After a crash at any point, `path` is either what it was or the whole new file. Where the block
    raises, nothing is left. Folders above `path` are made, and removed again where it raises.

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
    made = [place for place in path.parents if not os.path.exists(place)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        with open(aside, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(aside, path)
        sync_folder(path.parent)
    except InputError:
        raise
    except Exception as error:
        cause = _of_the_place(error, path, aside)
        if cause is None:
            raise
        todo = _PLACE.get(cause.errno or 0, "make sure that the folder stays, or write elsewhere")
        kept = "; the file that was there is unchanged" if os.path.exists(path) else ""
        raise InputError(f"{path}: cannot be written ({cause.strerror}){kept}; {todo}") from None
    finally:
        with suppress(OSError):  # it was moved, or was never made
            aside.unlink()
        with suppress(OSError):  # it holds something
            for place in made:
                place.rmdir()


def _named(error: OSError) -> str:
    """The file that an error is about, which may be a text, bytes or a path; "" if it says none."""
    known = isinstance(error.filename, (str, bytes, os.PathLike))
    return os.fsdecode(error.filename) if known else ""


def _of_the_place(error: Exception, path: Path, aside: Path) -> OSError | None:
    """What is wrong with the place that was written to, where an error came from that."""
    if isinstance(error, OSError) and error.errno is not None:
        name = _named(error)
        # Libraries may put something before the name, such as "file:".
        if name.endswith((str(aside), str(path), str(path.parent))):
            return error
        if not name and error.errno in _PLACE:
            return error
        return None
    # Libraries have errors of their own for a full disk; then the disk still takes nothing.
    try:
        with open(aside, "ab") as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as found:
        return found
    return None


@contextmanager
def scratch() -> Iterator[IO[bytes]]:
    """Gives a file without a name, in the folder for temporary files, that ends with the block.

    Yields:
        A file open for writing and reading.

    Raises:
        InputError: there is no such folder, or no room in it.
    """
    try:
        with tempfile.TemporaryFile(prefix="avspeech-") as file:
            yield file
    except OSError as error:
        if _of_scratch(error):
            raise _no_scratch(error) from None
        raise


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Gives an empty folder for temporary files, which is removed with the block.

    Raises:
        InputError: it cannot be made, or there is no room in it.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="avspeech-") as name:
            yield Path(name)
    except OSError as error:
        if _of_scratch(error):
            raise _no_scratch(error) from None
        raise


def _of_scratch(error: OSError) -> bool:
    name = _named(error)
    known = error.errno in _PLACE or error.errno == errno.ENOENT
    return known and (not name or "avspeech-" in name)


def _no_scratch(error: OSError) -> InputError:
    try:
        place = tempfile.gettempdir()
    except OSError:
        place = os.environ.get("TMPDIR", "TMPDIR")
    reason = "it does not exist" if error.errno == errno.ENOENT else error.strerror
    return InputError(f"{place}: the folder for temporary files cannot be written to ({reason}); "
                      "free some space there, or name another folder by the environment "
                      "variable TMPDIR")


def keep_apart(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | None]) -> None:
    """Refuses two results in one place, a result in the place of an input, and one in the place of
    a folder.

    Args:
        outputs: {option: file to write, or None}; "-" is standard output.
        inputs: {option: file that is read, or None}.

    Raises:
        InputError: something would be lost.
    """
    taken = {os.path.realpath(path): option for option, path in inputs.items()
             if path is not None and str(path) != "-"}
    for option, path in outputs.items():
        if path is None or str(path) == "-":
            continue
        if os.path.isdir(path):  # False where a name is too long: writing says that
            raise InputError(f"{option} {path}: a folder; expected a file to write")
        other = taken.setdefault(os.path.realpath(path), option)
        if other != option:
            raise InputError(f"{option} {path}: the file of {other}, which would be replaced; give "
                             "another path")


def describe(error: OSError) -> str | None:
    """One line for an error of a place that a command could not read or write, as a last resort.

    Args:
        error: what was raised.

    Returns:
        The line; None for any other error, which is a defect of the program.
    """
    name = _named(error)
    if error.errno in _PLACE:
        what = f"{name}:" if name else "the output, or a file,"
        return f"{what} cannot be read or written ({error.strerror}); {_PLACE[error.errno]}"
    if error.errno == errno.ENOENT and name:
        return f"{name}: {error.strerror}; it was expected to be there, or was removed meanwhile"
    return None


def write_atomically(path: str | Path, data: bytes) -> None:
    """Writes a file as a whole: see `writing`.

    Args:
        path: the file to write or replace.
        data: its content.
    """
    with writing(path) as aside:
        write_file(aside, data)


@contextmanager
def writing_folder(folder: str | Path) -> Iterator[Path]:
    """Gives a new folder aside, and moves it to `folder` when the block ends: see `writing`.

    A process that is killed between two renames leaves the old folder beside; `sweep` puts it back.

    Args:
        folder: to write or replace.

    Yields:
        An empty folder beside it.

    Raises:
        InputError: the place cannot be written to.
    """
    folder = Path(folder)
    mark = f"{_HOST}-{os.getpid()}-{next(_COUNT)}"
    aside, old = (folder.with_name(f".{folder.name}.{mark}.{kind}") for kind in ("part", "old"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir()
        yield aside
        sync_folder(aside)
        if folder.exists():
            os.rename(folder, old)
        os.rename(aside, folder)
        sync_folder(folder.parent)
    except OSError as error:
        name = _named(error)
        mine = name.startswith((str(aside), str(folder), str(old))) or name == str(folder.parent)
        if not (mine or not name and error.errno in _PLACE):
            raise
        todo = _PLACE.get(error.errno or 0, "make sure that the folder stays, or write elsewhere")
        raise InputError(f"{folder}: cannot be written ({error.strerror}); what was there is "
                         f"unchanged; {todo}") from None
    finally:
        with suppress(OSError):
            if old.exists() and not folder.exists():
                os.rename(old, folder)
        for path in (aside, old):
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def made_folder(folder: str | Path) -> Iterator[None]:
    """Makes a folder, and those above it. Those that were made are removed again where the block
    raises and has put nothing into them.

    Args:
        folder: may be there already; then it stays.
    """
    made = [place for place in (Path(folder), *Path(folder).parents) if not place.exists()]
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        with suppress(OSError):  # it holds something
            for place in made:
                place.rmdir()
        raise


def sweep(folder: str | Path) -> None:
    """Removes unfinished files and folders that killed processes of this machine left.

    See `writing` and `writing_folder`.

    Args:
        folder: searched with all folders below it.
    """
    _sweep(Path(folder).rglob(f".*.{_HOST}-*"))


def sweep_beside(path: str | Path) -> None:
    """Removes what killed processes left of a file, in its folder alone (see `sweep`).

    Args:
        path: the file that they were to write.
    """
    path = Path(path)
    stem = glob.escape(os.fsencode(path.stem)[:100].decode("utf-8", "ignore"))
    with suppress(OSError):  # a folder that cannot be listed
        _sweep(path.parent.glob(f".{stem}.{_HOST}-*"))


def _sweep(asides: Iterable[Path]) -> None:
    for aside in asides:
        owner = re.fullmatch(rf"\.(.*)\.{_HOST}-(\d+)-\d+\.(part|old)(\..*)?", aside.name)
        if not owner or _runs(int(owner[2])):
            continue
        with suppress(OSError):  # another process sweeps too
            place = aside.with_name(owner[1])
            if owner[3] == "old" and not place.exists():
                os.rename(aside, place)
            elif aside.is_dir():
                shutil.rmtree(aside)
            else:
                aside.unlink()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def write_file(path: Path, data: bytes) -> None:
    """Writes a file in place and flushes it to the disk. An OSError names the file.

    Args:
        path: the file.
        data: its content.
    """
    with naming(path), open(path, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def sync_folder(path: Path) -> None:
    """Flushes a folder's list of files to the disk. An OSError names the folder."""
    with naming(path):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Errors of writing to an open file name no file; those of this block name `path`."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


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
    file always changes its ctime, which `cp -p` and `rsync -a` cannot keep. A file that has just
    changed is read each time, as it may change again within one tick of the clock.

    Args:
        path: the file.

    Returns:
        64 hexadecimal digits.
    """
    stat = os.stat(path)
    if max(stat.st_mtime_ns, stat.st_ctime_ns) > time.time_ns() - SETTLED:
        return file_hash(path)
    return _content_hash(str(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


@functools.lru_cache(maxsize=200_000)
def _content_hash(path: str, *stat: int) -> str:
    return file_hash(path)


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes, which are read each time; 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
