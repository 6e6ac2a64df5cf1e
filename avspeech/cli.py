"""The `avspeech` command. Each subcommand is a thin door to a Python call of the same name;
it imports only when run.

Exit codes: 0; 2 for bad input (one line on stderr says what to do) and for problems found;
130 when interrupted, 143 and 129 by SIGTERM and SIGHUP.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avspeech.app import command as app_command
from avspeech.bench import command as bench_command
from avspeech.core import bars, storage
from avspeech.core import commands as subcommands
from avspeech.emotion import command as emotion_command
from avspeech.errors import InputError, hint
from avspeech.extraction import command as extraction_command
from avspeech.synthesis import command as synthesis_command
from avspeech.transcribe import command as transcribe_command
from avspeech.version import __version__

if TYPE_CHECKING:
    from torch import nn


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line `argv` (default: that of the process) and returns its exit code."""
    _open_streams()
    bars.calm()
    given = sys.argv[1:] if argv is None else argv
    args, unknown = _parser().parse_known_args(given)
    if unknown:
        subcommands.refuse_unknown(args.parser, unknown)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name may hold bytes that are no text
            stream.reconfigure(errors="backslashreplace")
    plain, warnings.formatwarning = warnings.formatwarning, _one_line
    try:
        with _stops() as came:
            return _run(args, given, came)
    finally:
        warnings.formatwarning = plain


def _run(args: argparse.Namespace, given: Sequence[str], came: Sequence[int]) -> int:
    try:
        subcommands.refuse_empty(given)
        code = args.run(args)
        sys.stdout.flush()
        return code or 0
    except InputError as error:
        print(f"avspeech: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("avspeech: interrupted", file=sys.stderr)
        return 128 + (came[-1] if came else signal.SIGINT)
    except BrokenPipeError:
        _drop_output()  # the reader of a pipe left
        return 141
    except Exception as error:
        if came:  # a library turned the interruption into an error of its own
            print("avspeech: interrupted", file=sys.stderr)
            return 128 + came[-1]
        line = storage.describe(error) if isinstance(error, OSError) else _missing(error)
        if line is None:
            raise
        print(f"avspeech: error: {line}", file=sys.stderr)
        _drop_output()
        return 2


def _missing(error: Exception) -> str | None:
    """What to do about a package that is not there; None where the error is another one."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    if not name or name.partition(".")[0] == "avspeech":
        return None
    return (f"this needs the Python package '{name.partition('.')[0]}', which is not installed "
            "here; 'avspeech doctor' says what to install, docs/getting-started.md which sets of "
            "packages there are")


@contextlib.contextmanager
def _stops() -> Iterator[list[int]]:
    """Lets SIGTERM and SIGHUP end a command as Ctrl-C does: what it made so far is completed or
    kept, and nothing half written stays. Yields the signals that came."""
    came: list[int] = []

    def stop(number: int, frame: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    usual = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            handler = signal.getsignal(number)
            if handler in (signal.SIG_DFL, signal.default_int_handler):  # nohup ignores SIGHUP
                usual[number] = signal.signal(number, stop)
    try:
        yield came
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


def _open_streams() -> None:
    """Opens standard streams that the caller has closed (`<&-`, `>&-`): without them Python's are
    None, and the next file that is opened would take what is meant for the terminal."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8"))


def _one_line(message: Warning | str, category: type[Warning], filename: str, lineno: int,
              line: str | None = None) -> str:
    """What users are to know, without the place in the code; other warnings keep it."""
    if category is UserWarning:
        return f"avspeech: {message}\n"
    return f"{filename}:{lineno}: {category.__name__}: {message}\n"


def _drop_output() -> None:
    """What Python flushes at its end must not complain again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="avspeech", description="Audio-visual speech: "
                                     "hear one speaker in a crowd by watching their lips.")
    parser.add_argument("--version", action="version", version=f"avspeech {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    for add in (extraction_command.add, transcribe_command.add, synthesis_command.add_speak,
                emotion_command.add, synthesis_command.add_score, app_command.add, _add_models,
                bench_command.add, _add_data, _add_profile, _add_export):
        add(commands)
    subcommands.add(commands, "doctor", _doctor,
                    "what is installed, what works, what is missing and would give what")
    return parser


def _add_models(commands: argparse._SubParsersAction) -> None:
    models = commands.add_parser("models", help="list, describe and verify models",
                                 description="Models.")
    actions = models.add_subparsers(title="actions", metavar="ACTION", required=True)
    command = subcommands.add(actions, "list", _models_list,
                              "released models, named configurations and the registry")
    command.add_argument("--all", action="store_true",
                         help="build every network, to count the parameters of those not released")
    command = subcommands.add(actions, "info", _models_info,
                              "the card of a model, or the settings of a configuration")
    command.add_argument("model", metavar="NAME|FOLDER")
    command = subcommands.add(actions, "verify", _models_verify,
                              "check a model folder against its SHA256SUMS and load it")
    command.add_argument("model", metavar="NAME|FOLDER")
    command = subcommands.add(actions, "compare", _models_compare,
                              "run a model by its graphs and by torch, and print the differences")
    command.add_argument("models", nargs="*", default=[], metavar="NAME|FOLDER",
                         help="with graphs (default: all released)")
    extraction_command.add_convert(actions)
    command = subcommands.add(actions, "push", _models_push, "write a model folder to a hub")
    command.add_argument("model", metavar="NAME|FOLDER")
    command.add_argument("repository", metavar="OWNER/NAME", help="on the hub; the key is HF_TOKEN")
    command.add_argument("--private", action="store_true", default=None,
                         help="make a new repository private (default: the owner's settings)")
    command.add_argument("--endpoint", metavar="URL",
                         help="another hub (default: HF_ENDPOINT, or Hugging Face)")


def _add_data(commands: argparse._SubParsersAction) -> None:
    data = commands.add_parser("data", help="prepare corpora, check manifests", description="Data.")
    actions = data.add_subparsers(title="actions", metavar="ACTION", required=True)
    command = subcommands.add(actions, "check", _data_check,
                              "decode everything a manifest names and say what is wrong")
    command.add_argument("manifest", type=Path, metavar="MANIFEST",
                         help="a .jsonl file, as `data prepare` writes it")
    command.add_argument("--root", type=Path, metavar="DIR",
                         help="folder to which its paths are relative "
                         "(default: the one that it names, or else its own)")
    command.add_argument("--sample-rate", type=int, metavar="HZ",
                         help="what every sound should have (default: any)")
    command.add_argument("--fps", type=float, metavar="FPS",
                         help="what every video should have (default: any)")
    command = subcommands.add(actions, "prepare", _data_prepare, "write the manifests of a corpus",
                              add_help=False)
    command.add_argument("-h", "--help", action=_PrepareHelp, nargs=0,
                         help="show this help message and exit")
    command.add_argument("corpus", metavar="CORPUS", help="its name, of those below")
    command.add_argument("source", metavar="SOURCE",
                         help="its folder as distributed; - for a corpus made on the spot")
    command.add_argument("out", type=Path, metavar="OUT", help="folder for the manifests")
    command.add_argument("options", nargs="*", default=[], metavar="KEY=VALUE",
                         help="options of the corpus; a wrong one names those that there are")
    command = subcommands.add(actions, "views", _data_views,
                              "a frontal face as cameras beside, above and below would see it")
    command.add_argument("video", type=Path, metavar="VIDEO")
    command.add_argument("-o", "--out", type=Path, default=Path("."), metavar="DIR",
                         help="folder for a video of each view and a contact sheet (default: here)")
    command.add_argument("--yaw", type=float, action="append", metavar="DEGREES",
                         help="of a camera; above 0 at the speaker's left; again for more cameras "
                              "(default: seven views)")
    command.add_argument("--pitch", type=float, action="append", metavar="DEGREES",
                         help="of a camera in front; above 0 above; again for more cameras")
    command.add_argument("--face", type=int, default=1, metavar="N",
                         help="which face, from 1 (default: the largest and longest seen)")


def _add_profile(commands: argparse._SubParsersAction) -> None:
    command = subcommands.add(commands, "profile", _profile,
                              "parameters, MACs, time and memory of a model on this CPU")
    command.add_argument("model", metavar="MODEL",
                         help="named configuration, released model, model folder or exported "
                         ".onnx file")
    command.add_argument("--seconds", type=float, default=10.0, metavar="S",
                         help="length of the audio (default: %(default)g)")
    command.add_argument("--threads", type=subcommands.threads, default=1, metavar="N",
                         help="of the CPU (default: %(default)s)")
    command.add_argument("--repeats", type=int, metavar="N",
                         help="timed forwards (default: 5; 30 of emotion models and .onnx files)")


def _add_export(commands: argparse._SubParsersAction) -> None:
    command = subcommands.add(commands, "export", _export,
                              "a model as one file for a device, compared with the original")
    command.add_argument("model", metavar="MODEL", help="released model or model folder")
    command.add_argument("--to", required=True,
                         choices=("onnx", "onnx-int8", "executorch", "runtime"),
                         help="one file; or runtime: a model folder that this package runs "
                         "without torch")
    command.add_argument("-o", "--out", type=Path, required=True, metavar="FILE|FOLDER",
                         help="the file to write; of runtime a folder")
    command.add_argument("--calibrate", type=Path, metavar="MANIFEST",
                         help="development audio with emotions, on which 8 bits are fitted and "
                         "judged")
    command.add_argument("--root", type=Path, metavar="DIR",
                         help="folder to which its paths are relative "
                         "(default: the one that it names, or else its own)")
    command.add_argument("--force", action="store_true",
                         help="write it also where 8 bits cost more than a point of UAR")


class _PrepareHelp(argparse.Action):
    """`--help` of `data prepare`, with the corpora, whose import loads NumPy."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: Any, option_string: str | None = None) -> None:
        from avspeech.data import corpora

        parser.epilog = (
            f"Corpora: {', '.join(corpora.CORPORA)}. Made on the spot: {', '.join(corpora.MADE)}. "
            "Your own: own (videos of speakers), own_emotion (sounds and their labels). "
            "Where the source lacks the corpus, the message says where to get it.")
        parser.print_help()
        parser.exit()


def _models_list(args: argparse.Namespace) -> None:
    from avspeech.core import pretrained
    from avspeech.core.models import CONFIGS, MODELS, build

    def built(name: str) -> str:
        return f"{_parameters(build(name)):,}" if args.all else ""

    rows = [("name", "kind", "parameters")]
    rows += [(name, f"released, for {pretrained.read_info(name).task}",
              f"{pretrained.parameters(name):,}") for name in pretrained.names()]
    rows += [(name, f"configuration of {CONFIGS[name][0]}", built(name)) for name in CONFIGS]
    rows += [(name, f"model, {MODELS[name].partition(':')[0]}", built(name)) for name in MODELS]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for name, kind, parameters in rows:
        print(f"{name:{widths[0]}}  {kind:{widths[1]}}  {parameters:>{widths[2]}}".rstrip())


def _parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def _models_info(args: argparse.Namespace) -> None:
    from avspeech.core import models, pretrained

    if (args.model in pretrained.names() or args.model.startswith("hf:")
            or Path(args.model).is_dir()):
        pretrained.read_info(args.model)  # which says where it is no model folder
        print((pretrained.find(args.model) / "README.md").read_text(encoding="utf-8").rstrip())
        return
    import yaml

    from avspeech.core.config import to_dict

    known = [*pretrained.names(), *models.CONFIGS, *models.MODELS]
    if args.model not in known:
        raise InputError(f"model '{args.model}' is not known{hint(args.model, known)}; "
                         f"released: {', '.join(pretrained.names())}; avspeech models list has the "
                         "configurations too")
    model = models.build(args.model)
    print(f"{args.model}: {_parameters(model):,} parameters, not released as a trained model; "
          "its settings:\n")
    print(yaml.safe_dump(to_dict(model.config), sort_keys=False).rstrip())


def _models_verify(args: argparse.Namespace) -> None:
    from avspeech.core import pretrained

    model, info = pretrained.load(args.model)
    print(f"{args.model}: sound; {info.model} for {info.task}, {_parameters(model):,} parameters")


def _models_compare(args: argparse.Namespace) -> int:
    from avspeech.core import pretrained
    from avspeech.core.engine import tolerance
    from avspeech.core.models import runtime_modules

    bad = 0
    for name in args.models or pretrained.names():
        graphs, info = pretrained.open_model(name, engine="onnx")
        runtime, engine = runtime_modules(info.task)
        found = runtime.parity(pretrained.load(name)[0], graphs, info)
        allowed = tolerance(engine, graphs)
        print(f"{name}: graphs beside torch; allowed {allowed:.0e}")
        for what, difference in found.items():
            wrong = not difference <= allowed
            bad += wrong
            print(f"  {what}: {difference:.1e}{'  TOO LARGE' * wrong}")
    return 2 if bad else 0


def _models_push(args: argparse.Namespace) -> None:
    from avspeech.core import hub

    print(hub.push(args.model, args.repository, args.private, args.endpoint))


def _data_check(args: argparse.Namespace) -> int:
    from avspeech.data.integrity import check_manifest

    problems = check_manifest(args.manifest, args.root, sample_rate=args.sample_rate, fps=args.fps,
                              progress=True)
    for problem in problems:
        print(problem)
    bad = len({p.utterance for p in problems})
    print(f"{args.manifest}: "
          f"{f'{len(problems)} problems in {bad} utterances' if problems else 'no problem found'}",
          file=sys.stderr)
    return 2 if problems else 0


def _data_prepare(args: argparse.Namespace) -> None:
    from avspeech.core import config
    from avspeech.data import corpora

    options = {}
    for option in args.options:
        key, equals, text = option.partition("=")
        if not (key and equals):
            raise InputError(f"'{option}': an option of a corpus is written key=value")
        options[key] = config.value(text, f"option {key}")
    source = None if args.source == "-" else Path(args.source)
    for path in corpora.prepare(args.corpus, source, args.out, **options):
        print(path)


def _data_views(args: argparse.Namespace) -> None:
    from avspeech.data.manifest import VIEW_ANGLES
    from avspeech.media import camera_views

    wanted = [("yaw", angle, 0.0) for angle in args.yaw or ()]
    wanted += [("pitch", 0.0, angle) for angle in args.pitch or ()]
    cameras = [camera_views.Camera(f"{kind}{yaw or pitch:+g}", yaw, pitch)
               for kind, yaw, pitch in wanted]
    cameras = cameras or [camera_views.Camera(name, *angles)
                          for name, angles in VIEW_ANGLES.items()]
    if args.face < 1:
        raise InputError("--face: faces are counted from 1")
    for path in camera_views.write(args.video, cameras, args.out, number=args.face):
        print(path)


def _profile(args: argparse.Namespace) -> None:
    from avspeech.emotion.costs import print_costs

    if not 0 < args.seconds <= 3600 or (args.repeats is not None and args.repeats < 1):
        raise InputError("--seconds should be above 0 and at most 3600, --repeats at least 1")
    print_costs(args.model, args.seconds, args.threads, args.repeats)


def _export(args: argparse.Namespace) -> int:
    from avspeech.core import pretrained

    if args.to != "runtime":
        storage.keep_apart({"--out": args.out}, {"--calibrate": args.calibrate})
    task = pretrained.read_info(args.model).task
    if args.to == "runtime":
        if args.calibrate:
            raise InputError("--calibrate is for --to onnx-int8")
        _export_runtime(args.model, args.out)
        return 0
    if task in ("synthesis", "extraction"):
        if args.to != "onnx" or args.calibrate:
            raise InputError(f"a model for {task} is exported with --to onnx, without --calibrate")
        if task == "synthesis":
            from avspeech.synthesis import export as writer
        else:
            from avspeech.extraction import export as writer  # type: ignore[no-redef]
        for line in writer.export(args.model, args.out).lines():
            print(line)
        return 0
    from avspeech.emotion.export import export

    written = export(args.model, args.to, args.out, args.calibrate, args.root, args.force)
    for line in written.lines():
        print(line)
    return 0


def _export_runtime(model: str, out: Path) -> None:
    import tempfile

    from avspeech.core import exporting, pretrained
    from avspeech.core.models import renew_graphs

    exporting.require("--to runtime")
    with tempfile.TemporaryDirectory() as aside:
        made = Path(aside) / "model"
        worst, allowed = renew_graphs(model, made)
        pretrained.copy(made, out)
    print(f"{out}: a model folder that runs by onnxruntime, without torch")
    print(f"greatest difference from torch {worst:.1e}, allowed {allowed:.0e}")


def _doctor(args: argparse.Namespace) -> int:
    from avspeech.doctor import examine

    return examine()


if __name__ == "__main__":
    sys.exit(main())
