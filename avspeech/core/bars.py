"""Progress bars on stderr, by tqdm; without tqdm none is shown."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

EVERY = "30"  # seconds


class _None:
    """Stands in for a bar that is not shown."""

    def __init__(self, items: Any = ()) -> None:
        self.items, self.n = items, 0.0

    def __iter__(self) -> Any:
        return iter(self.items)

    def __enter__(self) -> _None:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def update(self, more: float) -> None:
        """Counts."""
        self.n += more


def calm() -> None:
    """Lets bars write a line every `EVERY` seconds, not ten a second, where stderr is a log.

    For commands. tqdm reads its defaults from the environment when it is imported; where it was
    imported before (torch does so), its default is replaced. Processes that are started inherit the
    setting, and what the user has set there wins.
    """
    if sys.stderr.isatty():
        return
    seconds = float(os.environ.setdefault("TQDM_MININTERVAL", EVERY))
    tqdm = getattr(sys.modules.get("tqdm"), "tqdm", None)
    if tqdm is not None:
        tqdm.__init__ = functools.partialmethod(tqdm.__init__, mininterval=seconds)


def bar(items: Any = None, **options: Any) -> Any:
    """A `tqdm.tqdm` of the same arguments.

    A small installation has no tqdm, and a bar that is not shown does not import it.

    Args:
        items: to iterate over; None: the caller calls `update`.
        options: of tqdm.
    """
    if options.get("disable"):
        return _None(items or ())
    try:
        from tqdm import tqdm
    except ImportError:
        return _None(items or ())
    return tqdm(items, **options)
