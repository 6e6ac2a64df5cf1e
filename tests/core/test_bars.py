"""Progress bars: a terminal is kept up to date, a log gets few lines."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = """
{first}
from avspeech.core import bars
{calm}
for _ in bars.bar(range(40), mininterval=0) if {own} else bars.bar(range(40)):
    import time; time.sleep(0.01)
"""


def lines(calm: bool, own: bool = False, first: str = "", **environment: str) -> int:
    """How often a bar of 40 items is written to a log; `first` is what was imported before."""
    code = CODE.format(first=first, calm="bars.calm()" if calm else "", own=own)
    own_environment = {k: v for k, v in os.environ.items() if not k.startswith("TQDM_")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True,
                          env={**own_environment, **environment})
    assert b"40/40" in done.stderr  # its end is there in any case
    return done.stderr.count(b"\r")


def test_a_log_gets_few_lines() -> None:
    assert lines(True) <= 2 < lines(False)
    assert lines(True, first="import tqdm.std") <= 2  # as torch imports it, and recipes torch


def test_what_wins_does_so_where_tqdm_was_imported_before() -> None:
    assert lines(True, first="from tqdm import tqdm", TQDM_MININTERVAL="0.05") > 2
    assert lines(True, own=True, first="from tqdm import tqdm") > 2


def test_what_the_user_or_the_program_asks_for_wins() -> None:
    assert lines(True, TQDM_MININTERVAL="0.05") > 2
    assert lines(True, own=True) > 2
