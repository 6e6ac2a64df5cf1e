"""Resident memory of this process. Imports nothing heavy, since that would count as the model's."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """Resident memory in bytes."""

    loaded: int  # with model and inputs in memory
    peak: int  # the highest value during one forward pass

    @property
    def forward(self) -> int:
        """Memory that the forward pass added."""
        return self.peak - self.loaded


def measure_memory(call: Callable[[], object]) -> Memory | None:
    """Measures the resident memory of this process before `call()` and at its peak.

    Args:
        call: a function without arguments, such as a forward pass.

    Returns:
        The two values, or None where the system cannot report them (not Linux, or a kernel that
        does not let the peak be reset).
    """
    gc.collect()
    try:
        # Resets the peak (VmHWM).
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return None
    loaded = _status("VmRSS")
    call()
    peak = _status("VmHWM")
    return None if loaded is None or peak is None else Memory(loaded, max(peak, loaded))


@contextmanager
def at_most(more: int) -> Iterator[None]:
    """Limits the memory of this process, within a block, to some bytes more than it has now. A
request for more fails, as it does on a machine that has no more. Does nothing where the system
cannot limit it.

    Args:
        more: bytes.
    """
    import resource

    used = _status("VmData")
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if used is None or soft != resource.RLIM_INFINITY and soft < used + more:
        yield
        return
    resource.setrlimit(resource.RLIMIT_DATA, (used + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


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
