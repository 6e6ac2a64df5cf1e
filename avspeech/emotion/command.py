"""`avspeech emotion`. Imports what it needs when it is run."""

from __future__ import annotations

import argparse
from pathlib import Path

from avspeech.core import commands as subcommands
from avspeech.errors import InputError


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to a parser's commands."""
    text = "the emotion of voices: label, probabilities, and their course"
    command = subcommands.add(commands, "emotion", _run, text)
    command.add_argument("files", nargs="+", type=Path, metavar="FILE",
                         help="sound or video, of any length")
    command.add_argument("--model", default="emotion-edge", metavar="M",
                         help="name, folder or hf:owner/name@revision "
                              "(default: %(default)s)")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const="json", default="text",
                      help="a line of JSON for each file")
    form.add_argument("--csv", dest="form", action="store_const", const="csv",
                      help="a line for each file, and for each of its windows")
    command.add_argument("--window", type=float, metavar="S",
                         help="seconds heard at once (default: 6)")
    command.add_argument("--hop", type=float, metavar="S", help="seconds from one window to the "
                         "next (default: 1, or the window if shorter)")
    command.add_argument(
        "--audio",
        type=int,
        metavar="N",
        help="which track of sound of each file, "
        "from 1 (default: the one that the file marks, or the first that sounds)",
    )
    command.add_argument("--threads", type=int, metavar="N",
                         help="of the CPU (default: 1; PyTorch's own choice where it runs)")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def _run(args: argparse.Namespace) -> int:
    from avspeech.core.engine import set_threads
    from avspeech.emotion import recognizer
    from avspeech.emotion.files import print_emotions

    if args.threads is not None and args.threads < 1:
        raise InputError("--threads should be at least 1")
    window = recognizer.WINDOW if args.window is None else args.window
    hop = min(recognizer.EVERY, window) if args.hop is None else args.hop
    model = recognizer.EmotionRecognizer.from_pretrained(args.model, window=window, hop=hop)
    if args.threads:
        set_threads(model.model, args.threads)
    return 2 if print_emotions(model, args.files, args.form, not args.quiet, args.audio) else 0
