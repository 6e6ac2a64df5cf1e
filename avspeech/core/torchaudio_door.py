"""Imports torchaudio, also where its compiled extension does not load. Only this module imports it.

speechbrain imports torchaudio too, so `load` must be called before speechbrain is imported.

The wheel of torchaudio on PyPI is linked to CUDA; beside a CPU build of torch its compiled
extension does not load, and the import fails. The extension is optional: with a stand-in for
`torchaudio._extension` the rest works (transforms, functional, models). Missing then:
`forced_align`, `rnnt_loss` and the native filters.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def load() -> ModuleType:
    """Imports torchaudio, without its compiled extension where that does not load.

    Returns:
        The module.

    Raises:
        ImportError: torchaudio is not installed.
    """
    if "torchaudio" in sys.modules:
        return sys.modules["torchaudio"]
    try:
        import torchaudio
    except OSError:
        for name in [n for n in sys.modules if n.partition(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _stand_in()
        import torchaudio
    return torchaudio


def has_extension() -> bool:
    """Whether torchaudio's compiled extension is loaded."""
    return bool(load()._extension._IS_TORCHAUDIO_EXT_AVAILABLE)


def _stand_in() -> ModuleType:
    module: Any = ModuleType("torchaudio._extension")
    module._IS_TORCHAUDIO_EXT_AVAILABLE = False
    module._IS_ALIGN_AVAILABLE = False
    module._check_cuda_version = lambda: None
    module.fail_if_no_align = _refuse
    return module


def _refuse(function: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"torchaudio's {function.__name__} needs its compiled extension, "
                           "which does not load here")

    return refuse
