"""Kills a command at random moments, then lets it finish, and compares its files with those of an
undisturbed run.

    python tools/kill.py --times 40 --out /tmp/spoken -- \\
        avspeech speak --file book.txt -o /tmp/spoken/book.wav

Prints the number of kills and each file that differs, is missing or was left over; the exit code is
1 if there is one. In JSON files the keys of --ignore-keys are not compared, because times differ
between any two runs.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TIMES = "seconds,cpu_seconds,finished,commit,stage before"


def main() -> int:
    """Runs the command line. Returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=40, help="kills (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True,
                        help="folder that the command writes into; it is removed first")
    parser.add_argument("--ignore", action="append", default=["*.html", "log.jsonl", "*tfevents*"],
                        metavar="PATTERN", help="names of files that are not compared")
    parser.add_argument("--ignore-keys", default=TIMES, metavar="KEYS",
                        help="of JSON files (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    command = args.command[1:] if args.command[:1] == ["--"] else args.command

    shutil.rmtree(args.out, ignore_errors=True)
    start = time.monotonic()
    run(command)
    length = time.monotonic() - start
    expected = contents(args)

    shutil.rmtree(args.out, ignore_errors=True)
    draw, kills, ended = random.Random(args.seed), 0, 0
    while kills < args.times:
        if killed(command, draw.uniform(0.0, length)):
            kills += 1
        else:  # it ended before the kill: start from the beginning
            ended += 1
            shutil.rmtree(args.out, ignore_errors=True)
    run(command)
    found = contents(args)
    bad = [f"differs: {name}" for name in expected
           if name in found and found[name] != expected[name]]
    bad += [f"missing: {name}" for name in expected if name not in found]
    bad += [f"left over: {name}" for name in found if name not in expected]
    print(f"{kills} kills within {length:.1f} s, {ended} runs ended before their kill; "
          f"{len(expected)} files, {len(bad)} wrong")
    print("\n".join(bad))
    return 1 if bad else 0


def run(command: list[str]) -> None:
    """Runs the command to its end. If it fails, this program exits."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {done.stderr[-2000:]}")


def killed(command: list[str], after: float) -> bool:
    """Starts the command and kills it with its children after some seconds. Returns False if it
    ended before."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        process.wait(after)
        return False
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def contents(args: argparse.Namespace) -> dict[str, str]:
    """The hash of each file of the output folder, by its relative path."""
    found = {}
    for path in sorted(args.out.rglob("*")):
        if path.is_file() and not any(fnmatch.fnmatch(path.name, pattern)
                                      for pattern in args.ignore):
            data = path.read_bytes()
            if path.suffix == ".json":
                data = json.dumps(without(json.loads(data),
                                          set(args.ignore_keys.split(",")))).encode()
            found[str(path.relative_to(args.out))] = hashlib.sha256(data).hexdigest()
    return found


def without(value: Any, keys: set[str]) -> Any:
    """A JSON value without some keys, at any depth."""
    if isinstance(value, dict):
        return {k: without(v, keys) for k, v in value.items() if k not in keys}
    return [without(v, keys) for v in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
