"""What this machine computes with: its processor, its bf16 units, and the devices that torch can
use. Imports nothing heavy."""

from __future__ import annotations

import functools
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from avspeech.errors import InputError

if TYPE_CHECKING:
    import torch


def cpu_name() -> str:
    """The processor's name as the system reports it, with the number of its logical cores."""
    name = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass  # not Linux: the name that the platform module gives
    return f"{name}, {os.cpu_count()} logical cores"


def bf16_units() -> list[str]:
    """The units of this processor that multiply bf16, among "AMX", "AVX-512" and "NEON".

    The list is empty where the system does not report them. Without such a unit bf16 is slower than
    fp32: a training step of mvtf-small took seven times as long with AVX2 alone.
    """
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return []  # not Linux
    units = (("AMX", "amx_bf16"), ("AVX-512", "avx512_bf16"), ("NEON", "bf16"))
    return [name for name, flag in units if flag in words]


@functools.cache
def multiplies_bf16() -> bool:
    """Whether PyTorch computes products faster in bf16 than in fp32 on this processor: with a unit
    of x86 for it. Those of ARM have not been measured."""
    return bool({"AMX", "AVX-512"} & set(bf16_units()))


def usable(device: str | torch.device) -> torch.device:
    """A device for torch.

    Args:
        device: such as "cpu", "cuda" or "cuda:1".

    Raises:
        InputError: torch knows no such device, or cannot use it on this machine.
    """
    import torch

    try:
        found = torch.device(device)
        torch.empty(1, device=found)
    except (AssertionError, NotImplementedError, RuntimeError, TypeError) as error:
        there = [f"cuda:{n}" for n in range(torch.cuda.device_count())]
        reason = str(error).split("\n")[0].split(", ")[0]
        raise InputError(f"device '{device}': torch cannot use it here ({reason}); there are "
                         f"{', '.join(['cpu', *there])}") from None
    return found
