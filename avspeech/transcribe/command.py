"""`avspeech transcribe`. Imports what it needs when it is run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from avspeech.core import commands as subcommands


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to a parser's commands."""
    text = "who says what and when in a video, as captions with speakers, JSON and a page"
    command = subcommands.add(commands, "transcribe", _transcribe, text)
    command.add_argument("videos", nargs="+", type=Path, metavar="VIDEO",
                         help="a video with sound; several are synchronized views of the same "
                              "faces, the first one's sound is taken")
    command.add_argument("-o", "--out", type=Path, default=Path("."), metavar="DIR",
                         help="where to write (default: here)")
    command.add_argument("--recognizer", metavar="R",
                         help="'base' or 'tiny.en' (Whisper, where packages hold it), a folder "
                              "with a Whisper model for CTranslate2, a command in quotes, or the "
                              "address of an OpenAI-compatible server, such as "
                              "http://localhost:8000/v1 (default: the packaged Whisper)")
    command.add_argument("--recognizer-model", metavar="M", help="model of the server")
    command.add_argument("--key", metavar="VARIABLE",
                         help="environment variable that holds the key of the server")
    command.add_argument("--language", default="en", metavar="L",
                         help="two letters, or auto (default: %(default)s)")
    command.add_argument("--names", metavar="A,B",
                         help="of the speakers, the largest face first (default: face1,face2)")
    command.add_argument("--face", type=int, metavar="N", help="only this face, counted from 1")
    command.add_argument("--floor", type=float, default=30.0, metavar="DB",
                         help="what is so many dB below the loudest voice is not recognized "
                              "(default: %(default)g)")
    command.add_argument("--piece", type=float, default=28.0, metavar="S",
                         help="seconds of sound that are recognized at a time, at most "
                              "(default: %(default)g)")
    command.add_argument("--mixture", action="store_true",
                         help="extract nothing: give each face the whole sound, to compare")
    command.add_argument("--no-page", action="store_true",
                         help="write no page and no video beside it")
    command.add_argument("--mouth", action="store_true",
                         help="the videos show nothing but the mouth; look for no face")
    command.add_argument("--audio", type=int, metavar="N", help="which track of sound, from 1 "
                         "(default: the one that the file marks, or the first that sounds)")
    command.add_argument("--model", default="mvtf-small", metavar="M",
                         help="that extracts: name, folder or hf:owner/name@revision "
                              "(default: %(default)s)")
    command.add_argument("--threads", type=subcommands.threads, default=2, metavar="N",
                         help="of Whisper (default: %(default)s)")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def _transcribe(args: argparse.Namespace) -> None:
    from avspeech.extraction.extractor import Extractor
    from avspeech.transcribe import recognizers
    from avspeech.transcribe.files import check_pictures, transcribe

    check_pictures(args.videos)  # before anything is loaded
    recognizer = recognizers.named(args.recognizer, args.recognizer_model, args.key,
                                   None if args.language == "auto" else args.language,
                                   args.threads)
    if isinstance(recognizer, recognizers.Endpoint):
        recognizer.check()
    extractor = None if args.mixture else Extractor.from_pretrained(args.model)
    names = None if args.names is None else [name.strip() for name in args.names.split(",")]
    result = transcribe(args.videos, args.out, extractor, recognizer, names=names, face=args.face,
                        floor=args.floor, piece=args.piece, page=not args.no_page,
                        mouth=args.mouth, track=args.audio, progress=not args.quiet)
    for speaker in result.speakers:
        print(f"avspeech: {speaker.remark(args.floor)}", file=sys.stderr)
    for path in result.paths:
        print(path)
