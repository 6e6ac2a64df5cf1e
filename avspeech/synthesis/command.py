"""`avspeech speak` and `avspeech score`. Imports what it needs when it is run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from avspeech.core import commands as subcommands
from avspeech.errors import InputError
from avspeech.report import captions_command, transcripts_command


def add_speak(commands: argparse._SubParsersAction) -> None:
    """Adds `speak` to a parser's commands."""
    command = subcommands.add(commands, "speak", _speak,
                       "a text as speech, with the breaks and tones it asks for")
    command.add_argument("text", nargs="?", metavar="TEXT",
                         help="may hold markup: 'I said <brk 0.4> no<rise>.', <fall>, <level>, or "
                              "SSML (docs/text.md)")
    command.add_argument("--file", type=Path, metavar="TXT",
                         help="say this text file, of any length; - reads the standard input")
    command.add_argument("-o", "--out", type=Path, default=Path("speech.wav"), metavar="SOUND",
                         help=".wav, .flac or .ogg; - sends a wav to standard output while it is "
                              "said (default: %(default)s)")
    command.add_argument("--model", metavar="M", help="name, folder or hf:owner/name@revision "
                              "(default: a released voice)")
    command.add_argument("--voice", metavar="V", help="speaker, by name or number")
    command.add_argument("--rate", type=float, default=1.0, metavar="X",
                         help="1.2 is 20 %% faster (default: 1)")
    command.add_argument("--steps", type=int, metavar="N",
                         help="of the flow (default: the voice's own)")
    command.add_argument("--seed", type=int, default=0, metavar="N",
                         help="another seed, another take (default: 0)")
    command.add_argument("--reference", type=Path, metavar="SOUND",
                         help="a recording whose phrase endings are taken where the text asks for "
                              "no tone")
    command.add_argument("--sentence-rest", type=float, metavar="S",
                         help="seconds of silence between two sentences (default: 0.4, or 0.5 "
                              "after …)")
    command.add_argument("--paragraph-rest", type=float, metavar="S",
                         help="seconds of silence between two paragraphs (default: 0.8)")
    command.add_argument("--lexicon", type=Path, metavar="FILE",
                         help="own pronunciations, one a line: a word and its phones in ARPAbet")
    command.add_argument("--timestamps", type=Path, metavar="JSON",
                         help="write when each word is said")
    command.add_argument("--threads", type=subcommands.threads, metavar="N",
                         help="of the CPU (default: 1; PyTorch's own choice where it runs)")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def add_score(commands: argparse._SubParsersAction) -> None:
    """Adds `score` to a parser's commands."""
    command = subcommands.add(commands, "score", _score,
                       "recordings of the same sentences against each other (breaks, tones, F0, "
                       "tempo), timed captions of videos, or transcripts with speakers",
                       add_help=False)
    command.add_argument("-h", "--help", action=_Help, nargs=0,
                         help="show this help message and exit; behind 'captions', 'transcript' or "
                              "'mcorec' that of this kind")
    command.usage = ("avspeech score [options] REF_DIR HYP_DIR\n"
                     "       avspeech score captions [options] REF HYP\n"
                     "       avspeech score transcript [options] REF HYP\n"
                     "       avspeech score mcorec [options] REF HYP")
    # Not subcommands: a folder of recordings may have the name "captions".
    command.add_argument("reference", type=Path, metavar="REF_DIR",
                         help="folder of sounds, of any format; or the word 'captions', "
                              "'transcript' or 'mcorec'")
    command.add_argument("hypothesis", type=Path, metavar="HYP_DIR",
                         help="sounds of the same names; behind such a word the references: a "
                              "file (.json, .jsonl, .vtt, .srt, .stm) or a folder")
    command.add_argument("predicted", type=Path, nargs="?", metavar="HYP",
                         help="behind such a word only: the predictions, a file or folder likewise")
    command.add_argument("--ceiling", type=Path, metavar="DIR",
                         help="the reference resynthesized, measured in a column beside")
    command.add_argument("--manifest", type=Path, metavar="JSONL",
                         help="texts, and words of the reference")
    command.add_argument("--wer", metavar="MODEL",
                         help="word error rate by this Whisper: a folder for CTranslate2, tiny.en "
                              "or base")
    command.add_argument("--mos", action="store_true",
                         help="opinion scores by DNSMOS and DistillMOS")
    command.add_argument("--pitch", metavar="METHOD", help="world, dio, swift or autocorrelation")
    command.add_argument("--pause", type=float, metavar="S",
                         help="a pause from this length on is a break (default: 0.2)")
    command.add_argument("--tone", type=float, metavar="SLOPE",
                         help="a rise or fall from this slope on, in semitones/s (default: 4)")
    command.add_argument("--baseline", type=Path, metavar="FILE",
                         help="scores of an earlier run (its --json), for the change since then")
    command.add_argument("--fail-below", action="append", default=[], metavar="KEY=VALUE",
                         help="exit code 1 where a mean is lower, in the units of --json, for "
                              "example dnsmos=3.2, or change.dnsmos=-0.05 since the baseline")
    command.add_argument("--fail-above", action="append", default=[], metavar="KEY=VALUE",
                         help="exit code 1 where a mean is higher: wer=0.05, failed=0 (of "
                              "hypotheses), change.wer=0.01")
    _add_common(command)
    captions_command.add(command)
    transcripts_command.add(command)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true",
                         help="every pair or video, and the means, as JSON")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


class _Help(argparse.Action):
    """`--help` of `score`, or of the kind of score that is named before it."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: Any, option_string: str | None = None) -> None:
        kind = str(getattr(namespace, "reference", None))
        about = {"captions": captions_command.ABOUT, **transcripts_command.KINDS}.get(kind)
        if about is not None:
            parser = argparse.ArgumentParser(prog=f"avspeech score {kind}", description=about)
            parser.add_argument("REF", help="the references, a file or a folder")
            parser.add_argument("HYP", help="what is scored, likewise")
            _add_common(parser)
            if kind == "captions":
                captions_command.add(parser)
            else:
                transcripts_command.add(parser, kind)
        parser.print_help()
        parser.exit()


def default_voice() -> str:
    """The released voice that speaks unless another is asked for. Raises InputError where this
    version has none."""
    from avspeech.core import pretrained

    name = next((n for n in pretrained.names() if n.startswith("prosodyfm")), None)
    if name is None:
        raise InputError("no voice is released with this version; give a model folder with --model")
    return name


def _speak(args: argparse.Namespace) -> None:
    if (args.text is None) == (args.file is None):
        raise InputError("give either a text or --file")
    from avspeech.core.engine import set_threads
    from avspeech.core.storage import keep_apart
    from avspeech.synthesis.files import speak_file, speak_text
    from avspeech.synthesis.synthesizer import Synthesizer
    from avspeech.text import read_pronunciations

    keep_apart({"--out": args.out, "--timestamps": args.timestamps},
               {"--file": args.file, "--reference": args.reference, "--lexicon": args.lexicon})
    if str(args.out) == "-":
        from avspeech.media.wav_pipe import refuse_terminal

        refuse_terminal("SPEECH.wav")
    name = default_voice() if args.model is None else args.model
    own = read_pronunciations(args.lexicon) if args.lexicon is not None else None
    voice = Synthesizer.from_pretrained(name, pronunciations=own)
    if args.threads is not None:
        set_threads(voice.model, args.threads)
    options = dict(rate=args.rate, steps=args.steps, seed=args.seed, voice=args.voice,
                   reference=args.reference, sentence_rest=args.sentence_rest,
                   paragraph_rest=args.paragraph_rest)

    def tell(line: str) -> None:
        print(f"avspeech: {line}", file=sys.stderr)

    if args.file is not None:
        speak_file(voice, args.file, args.out, args.timestamps, not args.quiet, tell, **options)
    else:
        speak_text(voice, args.text, args.out, args.timestamps, False, tell, **options)
    if str(args.out) != "-":
        print(args.out)


def _score(args: argparse.Namespace) -> int:
    kind = str(args.reference)
    if args.predicted is not None:
        if kind not in ("captions", *transcripts_command.KINDS):
            raise InputError("expected two folders, REF_DIR HYP_DIR, or: captions REF HYP, or: "
                             "transcript REF HYP, or: mcorec REF HYP")
        sounds = {"--ceiling": args.ceiling is not None, "--manifest": args.manifest is not None,
                  "--wer": args.wer is not None, "--mos": args.mos,
                  "--pitch": args.pitch is not None, "--pause": args.pause is not None,
                  "--tone": args.tone is not None, "--baseline": args.baseline is not None,
                  "--fail-below": bool(args.fail_below), "--fail-above": bool(args.fail_above)}
        given = [name for name, is_given in sounds.items() if is_given]
        if given:
            raise InputError(f"{given[0]} is for recordings; score {kind} does not take it")
        if kind in transcripts_command.KINDS:
            if captions_command.options(args):
                raise InputError(f"{captions_command.options(args)[0]} is for captions; score "
                                 f"{kind} does not take it")
            return transcripts_command.run(kind, args, args.hypothesis, args.predicted)
        if transcripts_command.options(args):
            raise InputError(f"{transcripts_command.options(args)[0]} is for transcripts; score "
                             "captions does not take it")
        return captions_command.run(args, args.hypothesis, args.predicted)
    if kind in ("captions", *transcripts_command.KINDS) and not args.reference.is_dir():
        raise InputError(f"expected two files or folders behind '{kind}': avspeech score {kind} "
                         "REF HYP")
    if captions_command.options(args):
        raise InputError(f"{captions_command.options(args)[0]} is for captions: avspeech score "
                         "captions REF HYP")
    if transcripts_command.options(args):
        raise InputError(f"{transcripts_command.options(args)[0]} is for transcripts: avspeech "
                         "score transcript REF HYP")
    return _score_recordings(args)


def _score_recordings(args: argparse.Namespace) -> int:
    from avspeech.synthesis import gate
    from avspeech.synthesis.scoring import score

    bounds = [gate.Bound.read(text, least=True) for text in args.fail_below]
    bounds += [gate.Bound.read(text, least=False) for text in args.fail_above]
    gate.check(bounds, {"--wer": args.wer is not None, "--mos": args.mos,
                        "--baseline": args.baseline is not None})
    before = gate.Baseline.read(args.baseline) if args.baseline is not None else None
    pause = 0.2 if args.pause is None else args.pause
    tone = 4.0 if args.tone is None else args.tone
    if not (pause > 0 and tone > 0):
        raise InputError("--pause and --tone should be above 0")

    def measure(folder: Path):  # type: ignore[no-untyped-def]
        return score(args.reference, folder, manifest=args.manifest, wer=args.wer, mos=args.mos,
                     method=args.pitch, pause=pause, tone=tone, progress=not args.quiet)

    scores = measure(args.hypothesis)
    top = measure(args.ceiling) if args.ceiling is not None else None
    changes, apart = None, None
    try:
        changes = before.changes(scores) if before is not None else None
    except InputError as error:
        apart = error  # what was measured is printed all the same
    about = before.remarks(scores) if before is not None and apart is None else []
    if args.json:
        import json

        record = scores.as_dict()
        if top is not None:
            record["ceiling"] = top.as_dict()["summary"]
        if changes is not None:
            record["change"] = gate.as_dict(changes)
        print(json.dumps(record, indent=1))
    else:
        print("\n".join([scores.table(top, changes), "", *scores.remarks(), *about]))
    for line in [*scores.problems(args.reference, args.hypothesis),
                 *(about[1:] if args.json else [])]:
        print(line, file=sys.stderr)
    if top is not None:
        for name, why in {**top.failed, **top.unreadable}.items():
            print(f"ceiling: {name}: {why}", file=sys.stderr)
    if apart is not None:
        raise apart
    broken = gate.broken(bounds, scores, changes)
    for line in broken:
        print(f"avspeech: {line}", file=sys.stderr)
    return 2 if scores.unreadable else 1 if broken else 0
