"""Pools of processes whose workers end with the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor


def pool(workers: int, start: str | None = "spawn") -> ProcessPoolExecutor:
    """A pool of processes for `with`. Its workers end where the process that made it is gone, e.g.
    was killed; else they would wait for work for ever, or go on with what nobody waits for.

    Args:
        workers: number of processes.
        start: how a process is started; None: as Python does by default.
    """
    return ProcessPoolExecutor(workers, multiprocessing.get_context(start),
                               initializer=_end_with_parent)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
