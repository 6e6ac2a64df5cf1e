"""ParaLBench: upstreams x tasks, from corpora to a leaderboard.

    python recipes/bench/run.py --config egs/mini/bench/conf/train.yaml [--stage sweep] [seeds=[0]]

`avspeech bench run CONFIG` does the same without stages, and with `--dry-run` prints the plan and
its cost. A sweep that was killed goes on where it was when it is started again. Cells that fail do
not stop the others; the sweep then ends with an error that names them, and its marker is left only
when every cell is there.
"""

from __future__ import annotations

from pathlib import Path

from avspeech.bench import plan, records, sweep
from avspeech.bench.plan import Config
from avspeech.core.recipe import Recipe
from avspeech.data import corpora

recipe = Recipe("bench", schema=Config, doc=__doc__)


@recipe.check
def check(cfg: Config, exp: Path) -> None:
    """Looks for the tasks."""
    plan.check(cfg)


@recipe.stage("prepare", uses=("corpora",),
              sources=lambda cfg, exp: [place for name, c in cfg.corpora.items()
                                        for place in corpora.sources(name, c.source)])
def prepare(cfg: Config, exp: Path) -> None:
    """Write the manifests of the corpora that have a source."""
    plan.prepare(cfg, exp)


@recipe.stage("sweep", outputs=lambda cfg, exp: [exp / records.RESULTS])
def run(cfg: Config, exp: Path) -> None:
    """Compute features once, train all probes, collect the results."""
    sweep.finish(sweep.report(sweep.run(cfg, exp), exp))


if __name__ == "__main__":
    recipe.main()
