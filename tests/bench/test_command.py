"""`avspeech bench`: the listings, and what a wrong call says."""

from __future__ import annotations

from pathlib import Path

import pytest

from avspeech import cli
from avspeech.bench import tasks, upstreams

ONE = ("upstreams.log-mel={}", "--cluster", "none")


def test_tasks_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "tasks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == tasks.names()
    assert lines[0].split()[1:4] == ["classification", "long", "uar,war,wf1"]


def test_upstreams_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "upstreams"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == upstreams.names()


@pytest.mark.parametrize(("arguments", "message"), [
    (["run", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
    (["run", "conf.yaml", "--exp", "exp", "seed=1"], "unknown key 'seed'; did you mean seeds"),
    (["run", "conf.yaml"], "corpora: empty"),
    (["run", "conf.yaml", "corpora.ravdess.source=/nowhere"], "upstreams: empty; name one"),
    (["run", "conf.yaml", *ONE, "corpora.ravdess.source=/nowhere"], "/nowhere: no such folder"),
    (["run", "conf.yaml", *ONE, "corpora={ravdess: {}}"],
     "no corpus has a source; ravdess: no source given"),
    (["run", "conf.yaml", "corpora={mini_traits: {}}", "upstreams.hubert={}"],
     "upstreams.hubert: upstream 'hubert' is neither a name nor a path (did you mean 'hubert-"),
    (["run", "conf.yaml", "corpora={mini_traits: {}}", "upstreams.mine.load=hubert-base=nowhere"],
     "upstreams.mine: nowhere: no such file or folder, for upstream hubert-base"),
    (["run", "conf.yaml", "corpora={mini_traits: {}}", "upstreams.mine.load=log-mel=conf.yaml"],
     "upstreams.mine: log-mel=conf.yaml: upstream log-mel has no weights, and takes no path"),
    (["run", "conf.yaml", "corpora={mini_traits: {}}", "upstreams.log-mel.options={band: 3}"],
     "upstreams.log-mel: upstream family log-mel has no option 'band'; it has "),
    (["run", "conf.yaml", *ONE, "only=[hubert]"], "only: 'hubert' is not among the upstreams: log-mel"),
    (["run", "conf.yaml", *ONE, "seeds=[]"], "seeds: at least one"),
    (["run", "exp/conf"], "exp/conf: is a folder; expected a YAML file\n"),
    (["cost", "."], ".: is a folder; expected a YAML file, such as conf.yaml"),
    (["cost", "conf.yaml"], "the config names no upstream"),
    (["cost", "conf.yaml", *ONE[:1], "corpora={ravdess: {}}"], "no corpus has a source"),
    (["tasks", "--specs", "conf.yaml"], "conf.yaml: no such folder; expected one with a YAML"),
    (["report", "nowhere"], "no results.jsonl in it; run the sweep first"),
])
def test_a_wrong_call_is_one_line(arguments: list[str], message: str, tmp_path: Path,
                                  monkeypatch: pytest.MonkeyPatch,
                                  capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("conf.yaml").write_text("seeds: [0]\n", encoding="utf-8")
    Path("exp/conf").mkdir(parents=True)
    assert cli.main(["bench", *arguments]) == 2
    told = capsys.readouterr().err
    assert told.startswith("avspeech: error: ") and told.count("\n") == 1 and message in told
