"""Progress bars on stderr, by tqdm; without tqdm none is shown."""

from __future__ import annotations

from typing import Any


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


def bar(items: Any = None, **options: Any) -> Any:
    """A `tqdm.tqdm` of the same arguments.

    A small installation has no tqdm, and a bar that is not shown does not import it.

    Args:
        items: what is gone through; None: `update` is called.
        options: of tqdm.
    """
    if options.get("disable"):
        return _None(items or ())
    try:
        from tqdm import tqdm
    except ImportError:
        return _None(items or ())
    return tqdm(items, **options)
