"""`avspeech emotion`. Imports what it needs when it is run."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from avspeech.core import commands as subcommands


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to a parser's commands."""
    text = "the emotion of voices: label, probabilities, and their course"
    command = subcommands.add(commands, "emotion", _run, text, epilog=_expected())
    command.add_argument("files", nargs="+", type=Path, metavar="FILE",
                         help="sound or video, of any length, or a folder of such files")
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
    command.add_argument("--threads", type=subcommands.threads, metavar="N",
                         help="of the CPU (default: 1; PyTorch's own choice where it runs)")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def _expected() -> str:
    """How often the released models are right on corpora they were not trained on, from their
    cards."""
    lines = []
    released = Path(__file__).parents[1] / "released"  # core.pretrained loads NumPy
    for place in sorted(released.glob("emotion-*/config.json")):
        try:
            found = json.loads(place.read_text(encoding="utf-8"))["metrics"]
        except (OSError, ValueError, KeyError):  # `load` says what is wrong with it
            continue
        said = [f"{value:g} % of {match[1]} ({match[2]} classes)" for key, value in found.items()
                if (match := re.fullmatch(r"uar, (\w+) left out, choice of (\d+)", key))]
        off = [value for key, value in found.items() if key.startswith("calibration error, ")]
        if off:
            said.append(f"probabilities off by up to {100 * max(off):.0f} points on average")
        lines += [f"{place.parent.name}: {', '.join(said)}"] if said else []
    return ("Right answers on corpora that no model was trained on, mean over classes: "
            + "; ".join(lines) + ". A guess about how a voice was meant to sound, not about what a "
            "person feels." if lines else "")


def _run(args: argparse.Namespace) -> int:
    from avspeech.core.engine import set_threads
    from avspeech.emotion import recognizer
    from avspeech.emotion.files import print_emotions, sounds_of

    files = sounds_of(args.files)
    window = recognizer.WINDOW if args.window is None else args.window
    hop = min(recognizer.EVERY, window) if args.hop is None else args.hop
    model = recognizer.EmotionRecognizer.from_pretrained(args.model, window=window, hop=hop)
    if args.threads:
        set_threads(model.model, args.threads)
    return 2 if print_emotions(model, files, args.form, not args.quiet, args.audio) else 0
