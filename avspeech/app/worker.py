"""The process that does the work of the page, one job at a time.

It keeps the models that it has loaded, so that the second answer comes at once. The server ends it
where a job does not stop, and starts another one.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import tqdm

from avspeech.app.limits import Limits, check_progress
from avspeech.errors import InputError

EVERY = 0.1  # seconds between two reports of progress


class Cancelled(BaseException):
    """The user wants this job no more. Not an Exception, so that nobody takes it for a fault of a
    file."""


class Desk:
    """What a job works with.

    Args:
        send: takes what the server should know: ("progress", ...), ("answers", ...).
        limits: of the page.
    """

    def __init__(self, send: Callable[[tuple[Any, ...]], None], limits: Limits) -> None:
        self.send, self.limits = send, limits
        self.folder = Path()  # for what the job makes
        self.inbox: queue.Queue[bytes | None] = queue.Queue()  # of a microphone; None: the end
        self.kept: tuple[Any, Any] = (None, None)  # (what it was made of, what a job found)
        self.cancelled = threading.Event()
        self._models: dict[str, Any] = {}
        self._reported = 0.0

    def model(self, name: str) -> Any:
        """The pipeline of a released model."""
        import avspeech

        if name not in self._models:
            self.progress("loading the model", 0, None, "")
            self._models[name] = avspeech.load(name)
        return self._models[name]

    def check(self) -> None:
        """Raises Cancelled where the user has given the job up."""
        if self.cancelled.is_set():
            raise Cancelled

    def progress(self, what: str, done: float, total: float | None, unit: str) -> None:
        """Tells how far the job is, and stops it where that is wanted.

        Args:
            what: is done now.
            done: so many of `total`; None: it is not known of how many.
            unit: of both.
        """
        self.check()
        check_progress(done, unit, self.limits)
        now = time.monotonic()
        if now - self._reported >= EVERY or not done or done == total:
            self._reported = now
            self.send(("progress", what, done, total, unit))


class Bar(tqdm.tqdm):
    """A bar of a pipeline that is shown in the page and not in a terminal."""

    desk: Desk  # of this process

    def __init__(self, iterable: Any = None, desc: str | None = None, total: float | None = None,
                 *args: Any, unit: str = "it", disable: bool | None = False,
                 **options: Any) -> None:
        super().__init__(iterable, desc, total, disable=True)
        self.what, self.unit, self.wanted = desc or "", unit, not disable
        if total is None and hasattr(iterable, "__len__"):
            self.total = len(iterable)
        self.update(0)

    def __iter__(self) -> Any:
        for item in self.iterable:
            yield item
            self.update()

    def update(self, n: float | None = 1) -> None:
        """Counts on, and tells the page."""
        self.n += n or 0
        if self.wanted:
            self.desk.progress(self.what, self.n, self.total, self.unit)


class _Notes(logging.Handler):
    """Keeps what the pipelines want the user to know."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def work(connection: Connection, rooms: Mapping[str, Callable[[dict[str, Any], Desk], Any]],
         limits: Limits, folder: str) -> None:
    """Does what the server asks for until it is gone. The function of the process.

    Messages in: ("job", number, kind, request, folder), ("cancel", number), ("sound", number,
    bytes or None). Messages out: what `Desk.send` gets, and at last ("done", result, notes),
    ("failed", line) or ("cancelled",).

    Args:
        connection: to the server.
        rooms: the function of each kind of job.
        limits: of the page.
        folder: for temporary files.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this one
    tempfile.tempdir = folder
    desk = Desk(connection.send, limits)
    Bar.desk = desk
    Bar.set_lock(threading.RLock())  # tqdm's own is shared by processes, and outlives a killed one
    # The pipelines show their progress by tqdm, which they import when they run.
    tqdm.tqdm = Bar  # type: ignore[misc]
    jobs: queue.Queue[tuple[int, str, dict[str, Any], str]] = queue.Queue()
    current = [-1]

    def listen() -> None:
        while True:
            try:
                kind, number, *rest = connection.recv()
            except (EOFError, OSError):
                os._exit(0)  # the server is gone: nobody waits for the rest
            if kind == "job":
                jobs.put((number, *rest))
                desk.cancelled.clear()
                current[0] = number
            elif number != current[0]:
                continue
            elif kind == "cancel":
                desk.cancelled.set()
            else:
                desk.inbox.put(rest[0])

    threading.Thread(target=listen, daemon=True).start()
    while True:
        _, kind, request, place = jobs.get()
        desk.folder, desk.inbox = Path(place), queue.Queue()
        connection.send(_answer(rooms[kind], request, desk))


def _answer(room: Callable[[dict[str, Any], Desk], Any], request: dict[str, Any],
            desk: Desk) -> tuple[Any, ...]:
    """What the server is told at the end of a job."""
    notes = _Notes()
    logger = logging.getLogger("avspeech")
    logger.addHandler(notes)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", UserWarning)
            result = room(request, desk)
        said = [str(w.message) for w in caught if w.category is UserWarning]
        return "done", result, list(dict.fromkeys([*notes.lines, *said]))
    except Cancelled:
        return ("cancelled",)
    except InputError as error:
        return "failed", " ".join(str(error).split())
    except MemoryError:
        return "failed", "there is not enough memory for this on this machine"
    except Exception as error:  # whatever a decoder raises must not end the process
        logging.getLogger("avspeech.app").exception("a job failed")
        return "failed", f"it cannot be processed ({type(error).__name__})"
    finally:
        logger.removeHandler(notes)
