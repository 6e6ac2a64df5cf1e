"""`avspeech extract` and `avspeech models convert`. Imports what it needs when it is run."""

from __future__ import annotations

import argparse
from pathlib import Path

from avspeech.core import commands as subcommands


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to a parser's commands."""
    text = "the voice of each face in a video, as wav and mp4"
    command = subcommands.add(commands, "extract", _extract, text)
    command.add_argument(
        "videos",
        nargs="+",
        type=Path,
        metavar="VIDEO",
        help="a video with sound; several are synchronized views of the same faces, "
        "the first one's sound is taken",
    )
    command.add_argument("-o", "--out", type=Path, default=Path("."), metavar="DIR",
                         help="where to write (default: here)")
    command.add_argument("--face", type=_face, default=None, metavar="N|all",
                         help="which face, counted from 1 (default: all)")
    command.add_argument("--mouth", action="store_true",
                         help="the videos show nothing but the mouth; look for no face")
    command.add_argument("--audio", type=int, metavar="N", help="which track of sound, from 1 "
                         "(default: the one that the file marks, or the first that sounds)")
    command.add_argument("--model", default="mvtf-small", metavar="M",
                         help="name or folder (default: %(default)s)")
    command.add_argument("--voice", type=Path, metavar="SOUND", help="a recording of the speaker "
                         "of --face, some seconds of their voice alone")
    command.add_argument("--json", action="store_true", help="write what was put out, and how sure "
                         "it is, every half second, beside each wav")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def add_convert(actions: argparse._SubParsersAction) -> None:
    """Adds `convert` to the actions of `avspeech models`."""
    text = "a lip encoder that another project trained, as a model folder to begin training with"
    command = subcommands.add(actions, "convert", _convert, text)
    command.add_argument("checkpoint", type=Path, metavar="CHECKPOINT",
                         help="weights of torch.save or safetensors")
    command.add_argument("--as", dest="kind", required=True, metavar="KIND",
                         help="lrw-prelu, lrw-swish, lrw-relu, av-hubert or auto-avsr")
    command.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER")
    command.add_argument("--licence", required=True, metavar="TEXT",
                         help="what the authors of the checkpoint allow; kept in the folder")
    command.add_argument("--model", default="mvtf-paper", metavar="NAME",
                         help="configuration around the lips (default: %(default)s)")


def _convert(args: argparse.Namespace) -> None:
    from avspeech.extraction.convert import KINDS, convert

    folder, left_out = convert(args.checkpoint, args.kind, args.out, args.licence, args.model)
    print(f"{folder}: {args.model} with the lips of {args.checkpoint} "
          f"(lips={KINDS[args.kind].lips}); {left_out} tensors of other parts left out")


def _face(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a number from 1 on nor all")
    return int(text)


def _extract(args: argparse.Namespace) -> None:
    from avspeech.extraction.extractor import extract_files

    paths = extract_files(args.videos, args.out, face=args.face, model=args.model,
                          progress=not args.quiet, mouth=args.mouth, track=args.audio,
                          records=args.json, voice=args.voice)
    for path in paths:
        print(path)
