"""Recipes: numbered, named stages that exchange files; a finished stage has a marker file.

    recipe = Recipe("tse", schema=Config, doc=__doc__)

    @recipe.stage("prepare", uses=("data",), outputs=lambda cfg, exp: [exp / "data" / "test.jsonl"])
    def prepare(cfg, exp):
        \"\"\"Make the corpus.\"\"\"

    if __name__ == "__main__":
        recipe.main()

The marker of a finished stage, `exp/.stages/NAME.json`, holds the hashes of what went in: the
config sections the stage uses (but for what changes nothing, see `config.free`), its input files
(or, where it declares none, that run of the stage before), the code that it runs (found from its
imports, see `sources`), and the models that the configuration names. On the next run, a stage
whose hashes agree and whose outputs exist is skipped, and a line says so. A stage that fails or is
interrupted leaves no marker. Under torchrun only a stage declared `distributed` runs; select it
with --stage and --stop-stage. Of two processes that come to a stage of one experiment, the second
waits and then finds it finished; a stage declared `shared` lets both in and locks its pieces
itself.

A stage that keeps its work in pieces (the cells of a table, the training of a system) uses the same
rule for each piece: see `runs.finished`. `recipe.forced` is whether --force was given.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import inspect
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avspeech.core import bars, commands, config, pretrained, sources, storage
from avspeech.errors import InputError, telling

COMMAND = "command.json"  # config path and overrides of the run, read by the report
Paths = Callable[[Any, Path], Iterable[Path]]


@dataclass(frozen=True)
class Stage:
    """One step of a recipe, `run(config, exp)`."""

    name: str
    run: Callable[[Any, Path], Any]
    uses: tuple[str, ...] | None = None  # config sections that it depends on; None: all
    inputs: Paths | None = None  # (config, exp) -> files or folders that it reads
    outputs: Paths | None = None  # (config, exp) -> files or folders that it makes
    # (config, exp) -> corpora as distributed, which are too large to be hashed (see `_listing`)
    sources: Paths | None = None
    distributed: bool = False  # whether it may run under torchrun
    shared: bool = False  # whether several processes may run it in one folder and share the work

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.run) or "").split("\n")[0]


class Recipe:
    """The stages of a task in order, and their command line.

    Attributes:
        forced: whether --force was given; stages then make everything again.
    """

    def __init__(self, name: str, schema: type, doc: str | None = None):
        """Makes a recipe without stages.

        Args:
            name: name of the recipe and of its default experiment folder.
            schema: dataclass of its configuration.
            doc: help text.
        """
        self.name, self.schema, self.doc = name, schema, doc or ""
        self.stages: list[Stage] = []
        self.forced = False
        # Each with the stages that need it; none named: all
        self._checks: list[tuple[tuple[str, ...], Callable[[Any, Path], Any]]] = []

    def stage(self, name: str, uses: Sequence[str] | None = None, inputs: Paths | None = None,
              outputs: Paths | None = None, sources: Paths | None = None,
              distributed: bool = False, shared: bool = False) -> Callable:
        """A decorator that declares the next stage. The first line of the function's docstring is
        shown in --help.

        Args:
            name: unique name, not a number.
            uses, inputs, outputs, sources, distributed, shared: see `Stage`.
        """
        unknown = set(uses or ()) - {f.name for f in dataclasses.fields(self.schema)}
        if unknown or name.isdigit() or name in [s.name for s in self.stages]:
            raise ValueError(f"stage '{name}': its name is taken or a number, "
                             f"or it uses unknown sections {unknown}")

        def declare(function: Callable[[Any, Path], Any]) -> Callable[[Any, Path], Any]:
            self.stages.append(Stage(name, function, None if uses is None else tuple(uses), inputs,
                                     outputs, sources, distributed, shared))
            return function

        return declare

    def check(self, function: Callable[[Any, Path], Any]) -> Callable[[Any, Path], Any]:
        """A decorator for a check of the config before any stage: `function(config, exp)` raises an
        InputError for values with which a later stage would fail, perhaps after hours.
        """
        self._checks.append(((), function))
        return function

    def needed(self, *stages: str) -> Callable:
        """A decorator like `check`, for what only these stages need, such as a model to start from:
        it is not called where none of them is to run.
        """
        def declare(function: Callable[[Any, Path], Any]) -> Callable[[Any, Path], Any]:
            self._checks.append((stages, function))
            return function

        return declare

    def models(self, named: Callable[[Any], Mapping[str, str | None]], *stages: str) -> None:
        """Declares models that stages need: they are looked for before the first stage, as by
        `needed`.

        Args:
            named: config -> {key: the model that it names, or None}.
            stages: that need them.
        """
        @self.needed(*stages)
        def look(cfg: Any, exp: Path) -> None:
            for key, model in named(cfg).items():
                if model:
                    with telling(key):
                        pretrained.find(model)

    def main(self, argv: Sequence[str] | None = None) -> None:
        """Runs the command line and leaves the process: 0, 2 for an InputError, 130 when
        interrupted."""
        bars.calm()
        try:
            self.run(argv)
        except InputError as error:
            print(f"avspeech: error: {error}", file=sys.stderr)
            sys.exit(2)
        except KeyboardInterrupt:
            print("avspeech: interrupted; run the same command again to go on from here",
                  file=sys.stderr)
            sys.exit(130)
        except OSError as error:
            line = storage.describe(error)
            if line is None:
                raise
            print(f"avspeech: error: {line}; then run the same command again to go on",
                  file=sys.stderr)
            sys.exit(2)

    def run(self, argv: Sequence[str] | None = None) -> None:
        """Runs the stages that `argv` (default: the command line) asks for. Raises InputError."""
        commands.refuse_empty(sys.argv[1:] if argv is None else argv)
        args = self._parser().parse_intermixed_args(argv)
        cfg: Any = config.load(self.schema, args.config, args.overrides)
        first = self._index(args.stage) if args.stage else 0
        last = self._index(args.stop_stage) if args.stop_stage else len(self.stages) - 1
        if last < first:
            raise InputError(f"--stop-stage {args.stop_stage} comes before --stage {args.stage}")
        exp = Path(args.exp) if args.exp else _default_exp(args.config, self.name)
        chosen = self.stages[first:last + 1]
        if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not all(s.distributed for s in chosen):
            names = ", ".join(s.name for s in self.stages if s.distributed) or "none"
            raise InputError("under torchrun, name one stage with --stage and --stop-stage; "
                             f"able to: {names}")
        for needy, check in self._checks:
            if not needy or {*needy} & {s.name for s in chosen}:
                check(cfg, exp)
        self.forced = args.force
        if not args.dry_run and _is_first_process():
            storage.sweep(exp)
            config.dump(cfg, exp / "config.yaml")
            given = {"program": f"python recipes/{self.name}/run.py", "config": args.config,
                     "overrides": args.overrides}
            storage.write_atomically(exp / COMMAND, (json.dumps(given, indent=1) + "\n").encode())
        # In a dry run: the first stage that would run. What the stages after it would do depends on
        # its outputs, so it is not known.
        pending = None
        for number in range(first, last + 1):
            stage = self.stages[number]
            label = f"{number + 1} {stage.name}"
            if args.dry_run and pending:
                _say(f"{label}: would run (after {pending})")
                continue
            with self._alone(stage, exp, args.dry_run):
                parts = self._parts(number, cfg, exp)
                reason = "forced" if args.force else _reason(stage, parts, cfg, exp)
                if reason is None:
                    _say(f"{label}: finished before, skipped")
                elif args.dry_run:
                    _say(f"{label}: would run ({reason})")
                    pending = stage.name
                else:
                    _say(f"{label}: {stage.summary} ({reason})")
                    seconds = _run(stage, parts, cfg, exp)
                    _say(f"{label}: done in {seconds:.1f} s")

    @contextmanager
    def _alone(self, stage: Stage, exp: Path, dry_run: bool) -> Iterator[None]:
        """Waits until no other process runs this stage in this folder, and keeps others out."""
        if dry_run or stage.shared or not _is_first_process():
            yield
            return
        place = exp / ".stages" / f".{stage.name}.lock"
        with storage.lock(place, wait=False) as mine:
            if mine:
                yield
                return
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:  # the others would wait for this one
            raise InputError(f"{exp}: another process runs stage {stage.name} there; wait for it, "
                             "or use another folder with --exp")
        _say(f"{stage.name}: another process runs it in {exp}, waiting for its end")
        with storage.lock(place):
            yield

    def code(self, function: Callable[..., Any], cfg: Any) -> str:
        """The hash of the code that a stage's function depends on, under a configuration."""
        return sources.code_hash(function, sources.words(config.to_dict(cfg)))

    def _parser(self) -> argparse.ArgumentParser:
        width = max(len(s.name) for s in self.stages)
        stages = "\n".join(f"  {i} {s.name:{width}}  {s.summary}"
                           for i, s in enumerate(self.stages, 1))
        about, lines = config.comments(self.schema), []
        for key, kind, default in config.keys(self.schema):
            value = ("(must be given)" if default is dataclasses.MISSING
                     else config.shown(default))
            lines.append(f"  {key}={value}  ({kind})" + (f"  {about[key]}" if about[key] else ""))
        keys = "\n".join(lines)
        parser = argparse.ArgumentParser(
            prog=os.environ.get("AVSPEECH_RECIPE", None), description=self.doc,
            epilog=f"stages:\n{stages}\n\nconfig keys and their defaults:\n{keys}".replace(
                "%", "%%"),
            formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--config", metavar="YAML", help="differences from the default config")
        parser.add_argument("--exp", metavar="DIR",
                            help="experiment folder (default: exp/NAME beside the conf folder of "
                                 "NAME.yaml)")
        parser.add_argument("--stage", metavar="STAGE",
                            help="first stage to run, by name or number")
        parser.add_argument("--stop-stage", metavar="STAGE",
                            help="last stage to run, by name or number")
        parser.add_argument("--dry-run", action="store_true",
                            help="say what would run, run nothing")
        parser.add_argument("--force", action="store_true",
                            help="run the stages even where they are finished")
        parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE",
                            help="config values, e.g. train.lr=3e-4")
        return parser

    def _index(self, stage: str) -> int:
        names = [s.name for s in self.stages]
        if stage in names:
            return names.index(stage)
        if stage.isdigit() and 1 <= int(stage) <= len(names):
            return int(stage) - 1
        known = ", ".join(f"{i} {name}" for i, name in enumerate(names, 1))
        raise InputError(f"no stage '{stage}'; the stages are {known}")

    def _parts(self, number: int, cfg: Any, exp: Path) -> dict[str, str]:
        """The hashes of what goes into a stage."""
        stage, values = self.stages[number], config.to_dict(cfg)
        used = values if stage.uses is None else {name: values[name] for name in stage.uses}
        decisive = config.without(used, config.free(cfg))
        parts = {"config": _hash(json.dumps(decisive, sort_keys=True)),
                 "code": self.code(stage.run, cfg)}
        named = {w: pretrained.content(w) for w in sources.words(used)
                 if w and pretrained.content(w)}
        if named:
            parts["models"] = _hash(*(f"{word} {named[word]}" for word in sorted(named)))
        if stage.sources is not None:
            parts["sources"] = _hash(*(_listing(Path(p)) for p in stage.sources(cfg, exp)))
        if stage.inputs is not None:
            paths = [Path(p) for p in stage.inputs(cfg, exp)]
            for path in paths:
                if not path.exists():
                    raise InputError(f"stage {stage.name} needs {path}, which does not exist; "
                                     f"{self._maker(path, number, cfg, exp)}")
            parts["inputs"] = _hash(*(_file_hash(path, exp) for path in paths))
        elif number:
            before = self.stages[number - 1].name
            marker = _read_marker(exp, before)
            if marker is None:
                raise InputError(f"stage {stage.name} needs stage {before}, which is not finished "
                                 f"in {exp}; run with --stage {before}")
            parts["stage before"] = _hash(json.dumps(marker, sort_keys=True))
        return parts

    def _maker(self, path: Path, number: int, cfg: Any, exp: Path) -> str:
        """What to do about an input of stage `number` that is not there."""
        for stage in self.stages[:number]:
            made = map(Path, stage.outputs(cfg, exp) if stage.outputs else ())
            if any(place == path or place in path.parents for place in made):
                return f"run with --stage {stage.name}"
        return "run the stage that makes it first"


def _run(stage: Stage, parts: dict[str, str], cfg: Any, exp: Path) -> float:
    """Runs a stage and writes its marker. Returns the seconds it took."""
    marker = _marker(exp, stage.name)
    marker.parent.mkdir(parents=True, exist_ok=True)
    if _is_first_process():
        marker.unlink(missing_ok=True)
    began = time.monotonic()
    stage.run(cfg, exp)
    seconds = time.monotonic() - began
    if _is_first_process():
        absent = [str(p) for p in (stage.outputs(cfg, exp) if stage.outputs else ())
                  if not Path(p).exists()]
        if absent:
            raise RuntimeError(f"stage {stage.name} ended without making {', '.join(absent)}")
        record = {"stage": stage.name, "parts": parts, "seconds": round(seconds, 3),
                  "finished": time.time()}
        storage.write_atomically(marker, json.dumps(record, indent=1).encode())
    return seconds


def _reason(stage: Stage, parts: dict[str, str], cfg: Any, exp: Path) -> str | None:
    """Why a stage has to run, or None."""
    marker = _read_marker(exp, stage.name)
    if marker is None:
        return "not finished yet"
    changed = [name for name in parts | marker["parts"]
               if parts.get(name) != marker["parts"].get(name)]
    if changed:
        return f"{', '.join(changed)} changed"
    absent = [p for p in (stage.outputs(cfg, exp) if stage.outputs else ()) if not Path(p).exists()]
    return f"{absent[0]} is missing" if absent else None


def _marker(exp: Path, stage: str) -> Path:
    return exp / ".stages" / f"{stage}.json"


def _read_marker(exp: Path, stage: str) -> dict[str, Any] | None:
    try:
        marker = json.loads(_marker(exp, stage).read_text())
        return marker if isinstance(marker["parts"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a marker that cannot be read counts as missing: the stage runs again


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _file_hash(path: Path, exp: Path) -> str:
    """Hash of a file's content, or of the names and contents in a folder."""
    name = os.path.relpath(path, exp)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        return _hash(name, *(f"{p.relative_to(path)} {storage.content_hash(p)}" for p in files))
    return _hash(name, storage.content_hash(path))


def _listing(path: Path) -> str:
    """Hash of names, sizes and times of the files of a corpus as distributed. Their content is
    hashed later, when features or crops are made; this hash only decides whether to look again."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    lines = []
    for file in files:
        stat = file.stat() if file.exists() else None
        lines.append(f"{file} {stat and (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)}")
    return _hash(*lines)


def _default_exp(path: str | None, name: str) -> Path:
    if path is None:
        return Path("exp") / name
    folder = Path(path).parent
    return (folder.parent if folder.name == "conf" else folder) / "exp" / Path(path).stem


def _is_first_process() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _say(line: str) -> None:
    if _is_first_process():
        print(f"stage {line}", flush=True)
