"""`avspeech bench`: run, tasks, upstreams, report, cost. Imports what it needs when it is run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from avspeech.core import commands as subcommands
from avspeech.errors import InputError


class _Parser(argparse.ArgumentParser):
    """Takes KEY=VALUE before, between and after options, as the recipes do."""

    within = False

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def, override]
        if self.within:
            return super().parse_known_args(args, namespace)
        self.within = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self.within = False


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `bench` to the commands of a parser."""
    bench = commands.add_parser("bench", help="measure upstreams on paralinguistic tasks",
                                description="ParaLBench: any upstream on any paralinguistic task.")
    actions = bench.add_subparsers(title="actions", metavar="ACTION", required=True,
                                   parser_class=_Parser)

    command = subcommands.add(actions, "run", _run,
                      "prepare, compute features once, train all probes, write the results")
    command.add_argument("config", type=Path, metavar="YAML", help="what to run, e.g. "
                         "egs/paralbench/bench/conf/train.yaml")
    command.add_argument("overrides", nargs="*", default=[], metavar="KEY=VALUE",
                         help="config values, e.g. seeds=[0]")
    command.add_argument("--exp", type=Path, metavar="DIR",
                         help="experiment folder (default: exp/NAME beside the conf folder of "
                              "NAME.yaml)")
    command.add_argument("--cluster", metavar="KIND",
                         help="local, slurm, none, or the address of a Dask scheduler")
    command.add_argument("--workers", type=int, metavar="N",
                         help="how many (default: one for each CPU)")
    command.add_argument("--dry-run", action="store_true",
                         help="print the plan and what it will cost")

    command = subcommands.add(actions, "tasks", _tasks,
                      "the tasks, one a line: kind, term, metrics, corpora")
    command.add_argument("--specs", type=Path, metavar="DIR", help="a folder of further tasks")
    subcommands.add(actions, "upstreams", _upstreams,
            "the upstreams, one a line: family, and where weights are from")

    command = subcommands.add(actions, "report", _report, "from an experiment folder to its tables")
    command.add_argument("exp", type=Path, metavar="DIR", help="what `run` wrote: exp/NAME")

    command = subcommands.add(actions, "cost", _cost,
                      "features once against every epoch anew; bytes; probes a second")
    command.add_argument("config", type=Path, metavar="YAML",
                         help="of a sweep whose features are there")
    command.add_argument("overrides", nargs="*", default=[], metavar="KEY=VALUE")
    command.add_argument("--exp", type=Path, metavar="DIR", help="as for run")
    command.add_argument("--upstream", metavar="U", help="which (default: the first of the config)")
    command.add_argument("--utterances", type=int, default=48, metavar="N",
                         help="of which epochs are run anew (default: %(default)s)")
    command.add_argument("--epochs", type=int, default=3, metavar="N",
                         help="run anew, the rest is estimated (default: %(default)s)")


def _folder(args: argparse.Namespace) -> Path:
    if args.exp:
        return args.exp
    folder = args.config.parent
    return (folder.parent if folder.name == "conf" else folder) / "exp" / args.config.stem


def _run(args: argparse.Namespace) -> None:
    from avspeech.bench import plan, sweep
    from avspeech.core import config
    from avspeech.core.recipe import COMMAND
    from avspeech.core.storage import write_atomically

    cfg = plan.with_options(config.load(plan.Config, args.config, args.overrides), args.cluster,
                            args.workers)
    if args.dry_run:
        print("\n".join(sweep.dry_run(cfg, _folder(args))))
        return
    asked = {"program": "avspeech bench run", "config": str(args.config),
             "overrides": args.overrides}
    write_atomically(_folder(args) / COMMAND, (json.dumps(asked, indent=1) + "\n").encode())
    sweep.finish(sweep.report(sweep.run(cfg, _folder(args)), _folder(args)))


def _tasks(args: argparse.Namespace) -> None:
    from avspeech.bench import tasks

    folders = [tasks.SPECS, *([args.specs] if args.specs else [])]
    for task in [tasks.load(name, folder) for folder in folders for name in tasks.names(folder)]:
        print(f"{task.name:<12} {task.kind:<15} {task.term:<7} {','.join(task.metrics):<12} "
              f"{', '.join(task.corpora)}")


def _upstreams(args: argparse.Namespace) -> None:
    from avspeech.bench import upstreams

    for name, entry in upstreams.UPSTREAMS.items():
        kind = "neural" if entry.neural else "baseline"
        print(f"{name:<20} {kind:<9} {entry.family:<18} {entry.hub or 'no hub'}")


def _report(args: argparse.Namespace) -> None:
    from avspeech.bench import records, sweep

    results = records.read(args.exp)
    sweep.report(sweep.Outcome(results.cells, results.missing), args.exp)


def _cost(args: argparse.Namespace) -> None:
    from avspeech.bench import cost, plan
    from avspeech.core import config

    if args.utterances < 8 or args.epochs < 1:
        raise InputError("--utterances should be at least 8, --epochs at least 1")
    cfg = config.load(plan.Config, args.config, args.overrides)
    for line in cost.measure(cfg, _folder(args), args.upstream, args.utterances, args.epochs):
        print(line)
