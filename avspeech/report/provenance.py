"""What made an experiment: the commit, the command and the config that a page of results tells."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path


def commit() -> str:
    """The commit of the working tree that this code runs from, with "+" after it where the tree has
    changes; "unknown" outside git."""
    try:
        done = subprocess.run(["git", "describe", "--always", "--dirty=+", "--exclude=*"],
                              capture_output=True, text=True, cwd=Path(__file__).parent, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def command(exp: str | Path) -> str:
    """The command that made an experiment, by its command.json.

    For a config of the examples it is the example's run.sh. For any other it is the program that
    was run, with the config as it was given. Values that are absolute paths are left to the reader
    ("data.source=...").

    Args:
        exp: the experiment folder.

    Returns:
        The command; "unknown" where command.json is missing or damaged.
    """
    given = _command_of(exp)
    if given is None:
        return "unknown"
    path, overrides, program = given
    parts = path.absolute().parts
    # egs/CORPUS/TASK/conf/NAME.yaml
    example = len(parts) > 4 and (parts[-5], parts[-2]) == ("egs", "conf")
    shown = f".../{path.name}" if path.is_absolute() else str(path)
    config = "/".join(parts[-5:]) if example else shlex.quote(shown) if path.name else ""
    if example and not program.startswith("avspeech "):
        program = f"bash {'/'.join(parts[-5:-2])}/run.sh"
        config = config if path.stem != "train" else ""
    if config and not program.startswith("avspeech "):
        config = f"--config {config}"
    values = [f"{key}={'...' if value.startswith('/') else shlex.quote(value)}"
              for key, value in overrides]
    return " ".join([program, *([config] if config else []), *values])


def config_name(exp: str | Path) -> str:
    """The name of an experiment's config without its suffix; the folder's name where that is not
    known."""
    given = _command_of(exp)
    return (given[0].stem if given else "") or Path(exp).name


def _command_of(exp: str | Path) -> tuple[Path, list[list[str]], str] | None:
    """What command.json says: the config, [key, value] of each override, and the program."""
    from avspeech.core.recipe import COMMAND

    try:
        given = json.loads((Path(exp) / COMMAND).read_text(encoding="utf-8"))
        overrides = [str(o).split("=", 1) for o in given["overrides"]]
        program = str(given.get("program") or "python recipes/.../run.py")
        return Path(given["config"] or ""), [o for o in overrides if len(o) == 2], program
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
