from __future__ import annotations

import json
from pathlib import Path

from avspeech.report import provenance


def test_the_command_that_makes_an_experiment_again(tmp_path: Path) -> None:
    def made(config: str | None, *overrides: str, **more: str) -> str:
        record = {"config": config, "overrides": overrides, **more}
        (tmp_path / "command.json").write_text(json.dumps(record))
        return provenance.command(tmp_path)

    assert made("egs/mini/tse/conf/train.yaml") == "bash egs/mini/tse/run.sh"
    assert (made("/here/egs/mini/tse/conf/compare.yaml", "seeds=[0]", "data.corpora.grid.source=/my/grid")
            == "bash egs/mini/tse/run.sh --config egs/mini/tse/conf/compare.yaml seeds='[0]' "
               "data.corpora.grid.source=...")
    assert provenance.config_name(tmp_path) == "compare"
    assert made("my/conf/own.yaml", "seeds=[0]", program="python recipes/ser/run.py") == (
        "python recipes/ser/run.py --config my/conf/own.yaml seeds='[0]'")
    assert (made("/home/me/own.yaml", program="python recipes/ser/run.py")
            == "python recipes/ser/run.py --config .../own.yaml")
    assert (made(None, "train.lr=1", program="python recipes/tse/run.py")
            == "python recipes/tse/run.py train.lr=1")
    of_version_010 = "python recipes/.../run.py --config my/conf/own.yaml"
    assert made("my/conf/own.yaml") == of_version_010
    assert provenance.config_name(tmp_path) == "own"
    assert provenance.command(tmp_path / "nowhere") == "unknown"
    assert provenance.config_name(tmp_path / "nowhere") == "nowhere"


def test_the_command_of_a_config_of_ones_own(tmp_path: Path) -> None:
    def made(config: str | None, program: str) -> str:
        asked = {"program": program, "config": config, "overrides": ["seeds=[0]"]}
        (tmp_path / "command.json").write_text(json.dumps(asked))
        return provenance.command(tmp_path)

    recipe, bench = "python recipes/ser/run.py", "avspeech bench run"
    assert made("my/own config.yaml", recipe) == f"{recipe} --config 'my/own config.yaml' seeds='[0]'"
    assert made(None, recipe) == f"{recipe} seeds='[0]'"
    assert made("my.yaml", bench) == f"{bench} my.yaml seeds='[0]'"
    assert made("/here/egs/mini/ser/conf/train.yaml", recipe) == "bash egs/mini/ser/run.sh seeds='[0]'"
    assert (made("/here/egs/mini/bench/conf/train.yaml", bench)
            == f"{bench} egs/mini/bench/conf/train.yaml seeds='[0]'")
