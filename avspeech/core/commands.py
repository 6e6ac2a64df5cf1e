"""What the subcommands of all wings share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any


def add(commands: argparse._SubParsersAction, name: str, run: Callable[[argparse.Namespace], Any],
        text: str, **options: Any) -> argparse.ArgumentParser:
    """Adds a subcommand.

    Args:
        commands: of `argparse`, from `add_subparsers`.
        name: of the subcommand.
        run: is called with the parsed arguments; returns an exit code or None.
        text: what the command does, in lower case and without a period: its line in the list of
            commands, and the first line of its own help.
        **options: of `ArgumentParser`.

    Returns:
        The parser of the subcommand, for its arguments.
    """
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".",
                                  **options)
    command.set_defaults(run=run)
    return command
