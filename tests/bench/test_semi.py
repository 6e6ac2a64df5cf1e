"""The recipe of few labels, from vectors to its table."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from avspeech.data.manifest import Utterance, write_manifest
from avspeech.errors import InputError
from avspeech.report import report

FOLDER = Path(__file__).parents[2] / "recipes" / "semi"


@pytest.fixture
def run(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location("recipe_semi_tested", FOLDER / "run.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module.recipe.run
    sys.modules.pop("views", None)


@pytest.fixture
def exp(tmp_path):
    """Eight speakers, two classes that differ in the spread of their frames."""
    rng = np.random.default_rng(0)
    kinds = ("calm", "wild")
    utterances = [Utterance(f"{s}-{n}", "a.wav", 1.0, f"s{s}", text=f"word {n}",
                            labels={"mood": kinds[n % 2]}) for s in range(8) for n in range(10)]
    write_manifest(tmp_path / "data" / "all.jsonl", utterances)
    (tmp_path / "frames").mkdir()
    np.savez(tmp_path / "frames" / "some.npz", **{
        u.id: (rng.standard_normal((30, 6)) * (1 + 2 * (u.labels["mood"] == "wild"))).astype(np.float32) + 0.3
        for u in utterances})
    return tmp_path


def arguments(exp: Path, *more: str) -> list[str]:
    return ["--exp", str(exp), "--stage", "evaluate", "corpus.label=mood", "corpus.protocol=speaker-4fold",
            "encoders={some: {}}", "folds=['1']", "seeds=[0, 1]", "dims=4",
            "train={width: 8, hidden: [8, 4], epochs: 3, rounds: 2}", *more]


def test_table(run, exp, capsys):
    run(arguments(exp))
    rows = report.read_results(exp)[0]
    assert len(rows) == 8 and {r["system"] for r in rows} == {"all labels", "few labels alone",
                                                              "self-training", "multi-view"}
    ours = next(r for r in rows if r["system"] == "multi-view")
    assert ours["acoustic"] > 0.9 and ours["labels"] == 12 and ours["n"] == 20
    page = (exp / "RESULTS.md").read_text()
    assert "multi-view" in page and "simulated" in page
    kept = (exp / "results" / "semi.json").read_bytes()
    run([*arguments(exp), "--force"])
    assert (exp / "results" / "semi.json").read_bytes() == kept


def test_a_file_of_labels(run, exp):
    answers = exp / "answers.jsonl"
    answers.write_text("".join(json.dumps({"id": f"{s}-{n}", "label": ("calm", "wild")[n % 2]}) + "\n"
                               for s in range(8) for n in range(10)))
    run(arguments(exp, "--stop-stage", "evaluate", f"language={{kind: answers, path: '{answers}'}}"))
    assert {r["linguistic"] for r in report.read_results(exp)[0]} == {1.0}
    with pytest.raises(InputError, match="fold '9': does not exist; there are 1, 2, 3, 4"):
        run(arguments(exp, "folds=['9']"))
    with pytest.raises(InputError, match="language.command: empty"):
        run(arguments(exp, "language={kind: command}"))


def test_other_answers_are_evaluated_anew(run, exp):
    answers = exp / "answers.jsonl"
    for right in (1.0, 0.0):
        lines = [{"id": f"{s}-{n}", "label": ("calm", "wild")[(n + (right == 0)) % 2]}
                 for s in range(8) for n in range(10)]
        answers.write_text("".join(json.dumps(line) + "\n" for line in lines))
        run(arguments(exp, "--stop-stage", "evaluate", f"language={{kind: answers, path: '{answers}'}}"))
        assert {r["linguistic"] for r in report.read_results(exp)[0]} == {right}
