"""`python -m avspeech`: the same as the `avspeech` command."""

from __future__ import annotations

import sys

from avspeech.cli import main

if __name__ == "__main__":
    sys.exit(main())
