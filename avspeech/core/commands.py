"""What the subcommands of all wings share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from avspeech.errors import InputError, hint

MOST_THREADS = 1024  # more than processors have; a hundred thousand would take hours to start


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
    command.set_defaults(run=run, parser=command)
    return command


def threads(text: str) -> int:
    """The type of an option that takes a number of threads."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_THREADS):
        raise argparse.ArgumentTypeError(f"'{text}': expected a whole number from 1 to "
                                         f"{MOST_THREADS}")
    return int(text)


def refuse_unknown(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> NoReturn:
    """Ends the process with the usage of the command in question, and what may have been meant.

    Args:
        parser: of the command.
        unknown: what it does not know.
    """
    options = [option for action in parser._actions for option in action.option_strings]
    near = next((found for text in unknown if text.startswith("-")
                 if (found := hint(text.partition("=")[0], options))), "")
    parser.error(f"unrecognized arguments: {' '.join(unknown)}{near}")


def refuse_empty(given: Sequence[str]) -> None:
    """Refuses an empty argument, as a script gives for a variable that is not set: as a path it
    would be the current folder.

    Args:
        given: the command line, without the program.

    Raises:
        InputError: one is empty.
    """
    for place, text in enumerate(given):
        if not text or re.fullmatch(r"--[\w-]+=", text):
            before = f", behind {given[place - 1]}," if place and not text else ""
            raise InputError(f"argument {place + 1}{before} is empty: {text}''; expected a value "
                             "(is a variable of a script not set?)")
