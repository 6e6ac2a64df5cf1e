"""The `avspeech` command, also as `python -m avspeech`."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command line; an interruption while it is loaded is no traceback either."""
    try:
        from avspeech.cli import main as run
    except KeyboardInterrupt:
        print("avspeech: interrupted", file=sys.stderr)
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
