"""`avspeech extract` and `avspeech models convert`. Imports what it needs when it is run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from avspeech.core import commands as subcommands
from avspeech.errors import InputError


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to a parser's commands."""
    text = "the voice of each face in a video, as wav and mp4"
    command = subcommands.add(commands, "extract", _extract, text)
    command.add_argument(
        "videos",
        nargs="+",
        type=Path,
        metavar="VIDEO",
        help="a video with sound; several are views of the same faces, "
        "the first one's sound is taken; - reads one from a pipe as it comes (MPEG-TS, Matroska)",
    )
    command.add_argument("-o", "--out", type=Path, default=Path("."), metavar="DIR",
                         help="where to write (default: here); of a pipe a .wav file, or - for "
                         "standard output")
    command.add_argument("--latency", type=float, metavar="S", help="of a pipe: seconds from what "
                         "is heard to the voice (default: 0.3)")
    command.add_argument("--face", type=_face, default=None, metavar="N|all",
                         help="which face, counted from 1 (default: all)")
    command.add_argument("--mouth", action="store_true",
                         help="the videos show nothing but the mouth; look for no face")
    command.add_argument("--late", type=_seconds, metavar="S,S,...", help="seconds by which each "
                         "of several videos is late (default: estimated by their sounds and by "
                         "how the mouths move)")
    command.add_argument("--audio", type=int, metavar="N", help="which track of sound, from 1 "
                         "(default: the one that the file marks, or the first that sounds)")
    command.add_argument("--model", default="mvtf-small", metavar="M",
                         help="name, folder or hf:owner/name@revision "
                              "(default: %(default)s)")
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
    command.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER",
                         help="the model folder to write")
    command.add_argument("--licence", "--license", required=True, metavar="TEXT",
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


def _seconds(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}': expected numbers of seconds with commas "
                                         "between, for example 0,0.08") from None


def _extract(args: argparse.Namespace) -> None:
    if Path("-") in args.videos:
        _extract_pipe(args)
        return
    if args.latency is not None:
        raise InputError("--latency: only for a pipe (avspeech extract - -o -)")
    from avspeech.extraction.files import extract_files

    paths = extract_files(args.videos, args.out, face=args.face, model=args.model,
                          progress=not args.quiet, mouth=args.mouth, track=args.audio,
                          records=args.json, voice=args.voice, late=args.late)
    for path in paths:
        print(path)


def _extract_pipe(args: argparse.Namespace) -> None:
    if len(args.videos) > 1 or args.mouth or args.json or args.voice or args.late:
        raise InputError("-: a pipe is one view of faces; give no other video, and no --mouth, "
                         "--json, --voice or --late")
    if str(args.out) != "-" and args.out.suffix != ".wav":
        given = "" if args.out == Path(".") else f"{args.out}: "
        raise InputError(f"{given}for the voice of a pipe give -o FILE.wav, or -o - for standard "
                         "output")
    if str(args.out) == "-":
        from avspeech.media.wav_pipe import refuse_terminal

        refuse_terminal("FILE.wav")
    if sys.stdin.isatty():
        raise InputError("standard input is a terminal; send MPEG-TS or Matroska into it")
    from importlib.util import find_spec

    from avspeech.core.engine import Choice
    from avspeech.core.hardware import multiplies_bf16
    from avspeech.extraction.extractor import Extractor
    from avspeech.extraction.pipe import extract_pipe

    # A stream runs for long: where the processor multiplies bf16, torch takes two thirds of the
    # time of the graphs, and its slower start does not count
    engine: Choice = "torch" if find_spec("torch") and multiplies_bf16() else "auto"
    extractor = Extractor.from_pretrained(args.model, engine=engine, splitter=None)
    stream = extractor.stream(0.3 if args.latency is None else args.latency, face=args.face or 1)
    with open(0, "rb", buffering=0, closefd=False) as source:
        extract_pipe(source, args.out, stream, args.audio)
