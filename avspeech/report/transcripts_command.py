"""`avspeech score transcript REF HYP` and `avspeech score mcorec REF HYP`: their options, and what
they print."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from avspeech.errors import InputError

KINDS = {"transcript": "Who said what in a recording: cpWER, tcpWER, the WER of each speaker, and "
                       "the diarization error.",
         "mcorec": "Sessions in the layout of CHiME-9's MCoRec: WER, conversations, and the joint "
                   "error rate."}
_OPTIONS = {"words": "transcript", "collar": "transcript", "der_collar": "transcript",
            "by_name": "transcript", "disfluencies": "mcorec"}


def add(command: argparse.ArgumentParser, kind: str = "") -> None:
    """Adds the options for transcripts to the parser of `score`, each with the default None; those
    of one of `KINDS` alone where it is given."""
    group = command.add_argument_group("who said what" if kind else "who said what (score "
                                       "transcript REF HYP, score mcorec REF HYP)")
    if kind != "mcorec":
        group.add_argument("--words", choices=("plain", "english", "none"),
                           help="how texts are normalized: small letters without punctuation "
                                "(plain, default), by Whisper's rules for English, or not at all")
        group.add_argument("--collar", type=float, metavar="S",
                           help="of the time-constrained cpWER, in seconds (default: 5)")
        group.add_argument("--der-collar", type=float, metavar="S",
                           help="seconds around each bound of the reference that the diarization "
                                "error leaves out (default: 0)")
        group.add_argument("--by-name", action="store_true", default=None,
                           help="the WER of a speaker is that of the same name (default: of the "
                                "partner by cpWER)")
    if kind != "transcript":
        group.add_argument("--disfluencies", type=Path, metavar="FILE",
                           help="mcorec: the baseline's norm_text.py, or a word a line (default: a "
                                "rule of avspeech)")


def options(args: argparse.Namespace, kind: str = "") -> list[str]:
    """The options for transcripts that a command line gives, but for those of `kind`."""
    return [f"--{name.replace('_', '-')}" for name, owner in _OPTIONS.items()
            if getattr(args, name) is not None and owner != kind]


def run(kind: str, args: argparse.Namespace, reference: Path, hypothesis: Path) -> int:
    """Scores a transcript and prints a table, or JSON with `--json`.

    Args:
        kind: one of `KINDS`.
        args: with the options that `add` adds, and `json`.
        reference: file or folder of the reference.
        hypothesis: file or folder of the hypothesis.

    Returns:
        Exit code: 2 where a file of the hypothesis is missing, otherwise 0.

    Raises:
        InputError: nothing can be scored.
    """
    if foreign := options(args, kind):
        raise InputError(f"{foreign[0]} is not for score {kind}")
    from avspeech.report import mcorec, transcript_scores, transcripts

    missing: list[str] = []
    scores: mcorec.McorecScores | transcript_scores.TranscriptScores
    if kind == "mcorec":
        scores = mcorec.score(mcorec.sessions(reference, hypothesis), args.disfluencies)
        missing = scores.missing
    else:
        collar = transcript_scores.COLLAR if args.collar is None else args.collar
        scores = transcript_scores.score(
            transcripts.read(reference), transcripts.read(hypothesis), args.words or "plain",
            collar, bool(args.by_name), args.der_collar or 0.0)
    print(json.dumps(scores.as_dict(), indent=1) if args.json else scores.table())
    for line in missing:
        print(line, file=sys.stderr)
    return 2 if missing else 0
