"""The one exception of the toolkit that is meant for people.

Raise `InputError` for anything a user can mend: a file, a key, a command line. The CLI and the
recipes print its message as one line and exit with code 2; any other exception is a defect of ours
and keeps its traceback.
"""

from __future__ import annotations


class InputError(ValueError):
    """Bad input. The message is one line: which file, which line or key, what was expected, what to
    do."""
