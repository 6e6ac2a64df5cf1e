"""The exception for mistakes that the user can correct.

Raise `InputError` for a file, a key or a command line that is wrong. The CLI and the recipes print
its message as one line and exit with code 2. Any other exception is a defect of the toolkit and
keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class InputError(ValueError):
    """Bad input. The message is one line: which file, line or key, what was expected, what to
    do."""


@contextmanager
def telling(where: str) -> Iterator[None]:
    """Puts a file, line or key in front of the message of an InputError from within."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def such_as(files: Iterable[Path]) -> str:
    """The end of a sentence that says which files may have been meant, three at most; "" if there
    are none."""
    names = [str(file) for file in files][:3]
    return f", such as {' or '.join(names)}" if names else ""


def hint(name: str, known: Iterable[str]) -> str:
    """What may have been meant by a name that is not known: " (did you mean 'mvtf'?)", or ""."""
    close = difflib.get_close_matches(name, list(known), 1)
    return f" (did you mean '{close[0]}'?)" if close else ""
