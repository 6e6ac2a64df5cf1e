"""`avspeech score captions REF HYP`: its options, and what it prints."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path

from avspeech.errors import InputError

ABOUT = "Timed captions of videos against references, by the measure SodaM."


def add(command: argparse.ArgumentParser) -> None:
    """Adds the options for captions to the parser of `score`, each with the default None."""
    group = command.add_argument_group("timed captions (score captions REF HYP)")
    group.add_argument("--as-released", action="store_true", default=None,
                       help="by the rules of SodaM's released scorer; default: corrected")
    group.add_argument("--judge", metavar="J",
                       help="which key points a text states: 'words' (default, offline), the "
                            "address of an OpenAI-compatible endpoint, or a command in quotes")
    group.add_argument("--judge-model", metavar="M", help="model of the endpoint")
    group.add_argument("--judge-key", metavar="VARIABLE",
                       help="environment variable that holds the key of the endpoint")
    group.add_argument("--answers", type=Path, metavar="DIR",
                       help="keep the judge's answers in this folder and use those that are there")


def options(args: argparse.Namespace) -> list[str]:
    """The options for captions that a command line gives."""
    names = ("as_released", "judge", "judge_model", "judge_key", "answers")
    return [f"--{name.replace('_', '-')}" for name in names if getattr(args, name) is not None]


def run(args: argparse.Namespace, reference: Path, hypothesis: Path) -> int:
    """Scores captions and prints a table, or JSON with `--json`.

    Args:
        args: with the options that `add` adds, `json` and `quiet`.
        reference: file or folder of references.
        hypothesis: file or folder of predictions.

    Returns:
        Exit code: 2 where something could not be read, otherwise 0.

    Raises:
        InputError: nothing can be scored, or the judge fails.
    """
    from avspeech.report import caption_files, captions

    judge, name = _judge(args)
    scores = captions.score(caption_files.read(reference, reference=True),
                            caption_files.read(hypothesis, reference=False),
                            judge, name, bool(args.as_released), not args.quiet)
    if args.json:
        print(json.dumps(scores.as_dict(), indent=1))
    else:
        print("\n".join([scores.table(), "", *scores.remarks()]))
    for line in [*scores.problems.values(),
                 *(f"{name}: no prediction" for name in scores.missing
                   if f"prediction {name}" not in scores.problems),
                 *(f"{name}: no reference; not scored" for name in scores.unpaired)]:
        print(line, file=sys.stderr)
    return 2 if scores.problems else 0


def _judge(args: argparse.Namespace):  # type: ignore[no-untyped-def]
    from avspeech.core.language import Command, Endpoint
    from avspeech.report.caption_judges import ModelJudge, word_coverage

    judge = "words" if args.judge is None else args.judge
    endpoint = judge.startswith(("http://", "https://"))
    if not endpoint and (args.judge_model or args.judge_key):
        raise InputError("--judge-model and --judge-key belong to an endpoint: --judge http://...")
    if judge == "words":
        if args.answers is not None:
            raise InputError("--answers keeps what a model answers; --judge words needs none")
        return word_coverage, ("words (two thirds of a key point's words in the text; does not "
                               "compare with figures by a language model)")
    if endpoint:
        if not args.judge_model:
            raise InputError("--judge with an address needs --judge-model, the model's name there")
        return (ModelJudge(Endpoint(judge, args.judge_model, args.judge_key or ""), args.answers),
                f"{args.judge_model} at {judge}")
    try:
        arguments = shlex.split(judge)
    except ValueError as error:
        raise InputError(f"--judge {judge}: {error}") from None
    if not arguments:
        raise InputError("--judge: empty; expected words, an address or a command")
    return ModelJudge(Command(arguments), args.answers), f"the command {judge}"
