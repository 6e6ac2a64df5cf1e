"""The jobs of the page: a queue, the process that does them one at a time, and how far they are.

A job that is cancelled is first asked to stop, and stops at its next report of progress. One that
does not is ended with its process, and the next job starts another one. So does a job that ends its
process, as decoders of damaged files may.
"""

from __future__ import annotations

import multiprocessing
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avspeech.app.limits import Limits
from avspeech.app.worker import work
from avspeech.errors import InputError

GRACE = 3.0  # seconds a job has to stop when it is cancelled
LOOK = 0.05  # seconds between two looks at the process
OVER = ("done", "failed", "cancelled")  # states of a job that has ended


@dataclass(eq=False)
class Job:
    """One thing to do."""

    kind: str  # a key of `rooms.ROOMS`
    request: dict[str, Any]
    folder: Path  # for what it makes; removed with the job
    names: dict[str, str] = field(default_factory=dict)  # {a path of ours: the user's own name}
    state: str = "waiting"  # or "running", "done", "failed", "cancelled"
    progress: dict[str, Any] | None = None  # what, done, total, unit
    answers: list[Any] = field(default_factory=list)  # of a microphone, in order
    ready: bool = False  # whether it takes sound
    line: str | None = None  # why it failed
    notes: list[str] = field(default_factory=list)  # what the user should know
    result: Any = None
    dropped: bool = False  # its files go when it has ended
    stop_by: float | None = None  # when it is ended, on the monotonic clock

    def told(self, line: str) -> str:
        """A line with the user's own names in place of our paths."""
        for path, name in sorted(self.names.items(), key=lambda item: -len(item[0])):
            line = line.replace(path, name or "the file")
        return line.replace(f"{self.folder}/", "")


class Jobs:
    """The queue and its process.

    Args:
        folder: for temporary files of the process.
        limits: of the page.
        rooms: the function of each kind of job.
    """

    def __init__(self, folder: Path, limits: Limits,
                 rooms: Mapping[str, Callable[..., Any]]) -> None:
        self.folder, self.limits, self.rooms = folder, limits, rooms
        self._waiting: list[Job] = []
        self._change = threading.Condition()
        self._closed = False
        self._process: Any = None
        self._connection: Any = None
        self._number = 0
        self._running: Job | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(self, job: Job) -> None:
        """Puts a job behind the others. Raises InputError where too many wait."""
        with self._change:
            if len(self._waiting) >= self.limits.jobs:
                raise InputError(f"{len(self._waiting)} jobs wait already; try again when some are "
                                 "done")
            self._waiting.append(job)
            self._change.notify()

    def before(self, job: Job) -> int:
        """How many jobs are done before this one."""
        with self._change:
            if job not in self._waiting:
                return 0
            return self._waiting.index(job) + (self._running is not None)

    def cancel(self, job: Job) -> None:
        """Gives a job up; one that has ended stays as it is."""
        with self._change:
            if job in self._waiting:
                self._waiting.remove(job)
                job.state = "cancelled"
            elif job is self._running and job.stop_by is None:
                job.stop_by = time.monotonic() + GRACE
                self._send(("cancel", self._number))

    def drop(self, job: Job) -> None:
        """Gives a job up and removes its files, as soon as nobody works on them."""
        self.cancel(job)
        with self._change:
            job.dropped = True
            if job.state in OVER:
                shutil.rmtree(job.folder, ignore_errors=True)

    def sound(self, job: Job, data: bytes | None) -> None:
        """Passes sound of a microphone on to its job; None ends it."""
        with self._change:
            if job is self._running:
                self._send(("sound", self._number, data))

    def close(self) -> None:
        """Ends all jobs and the process."""
        with self._change:
            self._closed = True
            for job in self._waiting:
                job.state = "cancelled"
            self._waiting.clear()
            self._change.notify()
        self._end()
        self._thread.join(GRACE)

    def _send(self, message: tuple[Any, ...]) -> None:
        if self._connection is not None:
            try:
                self._connection.send(message)
            except OSError:  # it has ended: `_follow` finds out
                return

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._waiting and not self._closed:
                    self._change.wait()
                if self._closed:
                    return
                job = self._waiting.pop(0)
                self._running, job.state = job, "running"
                started = self._start()
                self._number += 1
                self._send(("job", self._number, job.kind, job.request, str(job.folder)))
            message = self._follow(job) if started is None else ("failed", started)
            with self._change:
                self._running = None
                self._settle(job, message)
                if job.dropped or job.state != "done":
                    shutil.rmtree(job.folder, ignore_errors=True)

    def _settle(self, job: Job, message: tuple[Any, ...]) -> None:
        kind, *rest = message
        if kind == "done":
            job.result, job.notes = rest[0], [job.told(note) for note in rest[1]]
        elif kind == "failed":
            job.line = job.told(rest[0])
        job.progress = None
        job.state = kind

    def _follow(self, job: Job) -> tuple[Any, ...]:
        """Hears what the process says of a job, up to its last message."""
        while True:
            connection, process = self._connection, self._process
            try:
                if connection.poll(LOOK):
                    message = connection.recv()
                    if message[0] == "progress":
                        keys = ("what", "done", "total", "unit")
                        job.progress = dict(zip(keys, message[1:], strict=True))
                    elif message[0] == "answers":
                        job.ready = True
                        job.answers += message[1]
                    else:
                        return message
            except (EOFError, OSError):
                process.join(1.0)
                code = process.exitcode
                self._end()
                if self._closed or job.stop_by is not None:
                    return ("cancelled",)
                why = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
                return ("failed", f"the process that worked on it ended ({why}); the file may be "
                        "damaged, or the memory too small")
            if job.stop_by is not None and time.monotonic() > job.stop_by:
                self._end()
                return ("cancelled",)

    def _start(self) -> str | None:
        """Starts the process where there is none; gives a line where that cannot be done."""
        if self._process is not None and self._process.is_alive():
            return None
        self._end()
        context = multiprocessing.get_context("spawn")
        place = self.folder / "process"
        try:
            place.mkdir(exist_ok=True)
            self._connection, theirs = context.Pipe()
            self._process = context.Process(target=work, daemon=True, args=(
                theirs, self.rooms, self.limits, str(place)))
            self._process.start()
        except OSError as error:
            self._process = None
            return f"no process can be started on this machine ({error.strerror})"
        theirs.close()
        return None

    def _end(self) -> None:
        process, connection = self._process, self._connection
        if process is not None and process.pid is not None:
            process.kill()
            process.join(GRACE)
        if connection is not None:
            connection.close()
        shutil.rmtree(self.folder / "process", ignore_errors=True)
