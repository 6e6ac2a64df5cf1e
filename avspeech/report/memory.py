"""Resident memory of this process. Imports nothing heavy, so that what is measured is what was
asked for."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """Bytes of resident memory. loaded: with model and inputs in place; peak: the most during one
    forward."""

    loaded: int
    peak: int

    @property
    def forward(self) -> int:
        """What the forward added to what stood there before it."""
        return self.peak - self.loaded


def measure_memory(call: Callable[[], object]) -> Memory | None:
    """Resident memory before and at the peak of `call()`, in this process. None where the system
    (not Linux, or a kernel that does not let the peak be reset) cannot tell."""
    gc.collect()
    try:
        # the peak so far is forgotten
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return None
    loaded = _status("VmRSS")
    call()
    peak = _status("VmHWM")
    return None if loaded is None or peak is None else Memory(loaded, max(peak, loaded))


def _status(key: str) -> int | None:
    """A line of this process's status, in bytes; None where the system has no such file."""
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return None
