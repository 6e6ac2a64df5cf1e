"""Scores as a gate: bounds, and the change since an earlier run."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avspeech.cli import main
from avspeech.errors import InputError
from avspeech.report.intervals import Interval
from avspeech.synthesis import gate
from avspeech.synthesis.scoring import Scores


def scores(**means: float) -> Scores:
    return Scores({}, {name: Interval(mean, mean, mean) for name, mean in means.items()}, {}, {})


@pytest.mark.parametrize("text, least, figure, broken", [
    ("dnsmos=3.2", True, 3.2, False), ("dnsmos=3.2", True, 3.19, True), ("wer=0.05", False, 0.05, False),
    ("wer=0.05", False, 0.051, True), ("wer=1", False, math.nan, True), ("dnsmos=0", True, math.nan, True)])
def test_bounds(text: str, least: bool, figure: float, broken: bool) -> None:
    bound = gate.Bound.read(text, least)
    assert bound.broken_by(figure) is broken
    lines = gate.broken([bound], scores(**{bound.key: figure}), None)
    assert bool(lines) is broken and all(line.startswith(bound.key) for line in lines)


@pytest.mark.parametrize("text", ["dnsmos", "dnsmos=", "dnsmos=high", "dnsmos=nan", "wer=inf", "mos=3", "=3",
                                  "change.failed=0", "change.=1"])
def test_bounds_that_mean_nothing(text: str) -> None:
    with pytest.raises(InputError, match="--fail-above"):
        gate.Bound.read(text, least=False)


@pytest.mark.parametrize("text, least", [
    ("wer=0.05", True), ("change.mcd=-1", True), ("failed=0", True), ("dnsmos=3", False),
    ("change.break_f1=0", False)])
def test_a_bound_that_would_stop_what_is_good(text: str, least: bool) -> None:
    with pytest.raises(InputError, match="is better.*use --fail-" + ("above" if least else "below")):
        gate.Bound.read(text, least)
    assert gate.Bound.read(text, not least) and gate.Bound.read("rate_ratio=1", least)


def test_breaks_by_words_do_not_compare_with_breaks_by_energy() -> None:
    row = {"break_f1": 1.0, "break_twice_hits": 2, "break_total": 2, "mcd": 1.0}
    current = Scores({"a": row}, {}, {}, {"breaks_by": "energy"})
    before = gate.Baseline(Path("old.json"), {"a": row}, {"breaks_by": "words"})
    assert set(before.changes(current)) == {"mcd"}
    assert "breaks_by was words, now it is energy" in before.remarks(current)[1]
    with pytest.raises(InputError, match=r"change\.break_f1"):
        gate.broken([gate.Bound.read("change.break_f1=0", True)], current, before.changes(current))
    mixed = [f"words in {n} pairs, energy in the others" for n in (1, 2)]
    current.settings["breaks_by"] = mixed[0]
    assert "break_f1" in gate.Baseline(Path("old.json"), {"a": row}, {"breaks_by": mixed[1]}).changes(current)


def test_failures_have_a_bound() -> None:
    found, bound = scores(mcd=1.0), gate.Bound.read("failed=0", least=False)
    assert not gate.broken([bound], found, None)
    found.failed["a"] = "silent"
    assert gate.broken([bound], found, None) == ["failed is 1; expected at most 0"]


def test_a_change_is_that_of_the_same_pairs() -> None:
    """More pairs in one of the runs change nothing; a rate is that of the summed counts."""
    rng = np.random.default_rng(0)

    def row(errors: int, mcd: float) -> dict[str, float]:
        return {"wer": errors / 10, "word_errors": errors, "words": 10, "mcd": mcd}

    then = {f"{k}": row(2, float(rng.uniform(4, 8))) for k in range(20)}
    now = {name: row(3, value["mcd"] - 0.5) for name, value in then.items()}
    current = Scores({**now, "new": row(10, 99.0)}, {}, {}, {"pitch": "world"})
    before = gate.Baseline(Path("old.json"), {**then, "gone": row(10, 0.0)}, {"pitch": "world"})
    changes = before.changes(current)
    assert changes["mcd"].mean == pytest.approx(-0.5) and changes["mcd"].high == pytest.approx(-0.5)
    assert changes["wer"].mean == pytest.approx(0.1)
    first, gone = before.remarks(current)
    assert "20 pairs of both runs (of 21 then, 21 now)" in first and gone.endswith("not scored now: gone")
    assert gate.broken([gate.Bound.read("change.wer=0.05", False)], current, changes)
    assert not gate.broken([gate.Bound.read("change.mcd=0", False)], current, changes)


def test_runs_that_cannot_be_compared() -> None:
    current = Scores({"a": {"mcd": 1.0}}, {}, {}, {"pitch": "world", "breaks_by": "energy"})
    for pairs, settings, match in (({"a": {}}, {"pitch": "dio"}, "pitch dio, now with world"),
                                   ({"b": {}}, {"pitch": "world"}, "none of its 1 pairs")):
        with pytest.raises(InputError, match=match):
            gate.Baseline(Path("old.json"), pairs, settings).changes(current)
    gate.Baseline(Path("old.json"), {"a": {}}, {"breaks_by": "words"}).changes(current)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pairs": [], "settings": {}}', "[" * 100_000,
                                  '{"pairs": {"a": 1}, "settings": {}}',
                                  '{"pairs": {"a": {"mcd": "low"}}, "settings": {}}',
                                  '{"pairs": {"a": {"mcd": -Infinity}}, "settings": {}}',
                                  '{"pairs": {"a": {"mcd": 1' + "0" * 400 + '}}, "settings": {}}'])
def test_baselines_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "old.json").write_text(text)
    with pytest.raises(InputError, match="old.json"):
        gate.Baseline.read(tmp_path / "old.json")


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    time = np.arange(16000) / 16000
    for folder, hertz in (("ref", 150), ("hyp", 165)):
        (tmp_path / folder).mkdir()
        for name in "ab":
            tone = sum(np.sin(2 * np.pi * k * hertz * time) / k for k in range(1, 20))
            soundfile.write(tmp_path / folder / f"{name}.wav", 0.1 * tone * (time > 0.2), 16000)
    words = ["score", str(tmp_path / "ref"), str(tmp_path / "hyp"), "--quiet", "--pitch", "autocorrelation"]
    assert main([*words, "--json"]) == 0
    (tmp_path / "old.json").write_text(capsys.readouterr().out)
    old = ["--baseline", str(tmp_path / "old.json")]
    assert main([*words, *old, "--fail-above", "change.log_f0_rmse=0", "--fail-above", "failed=0"]) == 0
    said = capsys.readouterr().out
    assert "change" in said.splitlines()[0] and "+0.000 (+0.000 to +0.000)" in said
    assert main([*words, "--fail-above", "log_f0_rmse=0.01", "--json"]) == 1
    assert "expected at most 0.01" in capsys.readouterr().err
    assert main([*words, *old, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["change"]["log_f0_rmse"] == {"mean": 0, "low": 0, "high": 0}
    for bad, match in ((["--fail-above", "wer=0.1"], "--wer"), (["--fail-below", "dnsmos=3"], "--mos"),
                       (["--fail-above", "change.mcd=0"], "--baseline"), (["--baseline", "none"], "none")):
        assert main([*words, *bad]) == 2
        assert match in capsys.readouterr().err
    (tmp_path / "old.json").write_text((tmp_path / "old.json").read_text().replace("autocorrelation", "dio"))
    assert main([*words, *old]) == 2
    out, err = capsys.readouterr()
    assert "MCD" in out and "measured with pitch dio" in err  # nothing that was measured is lost


@pytest.mark.parametrize("kind, own, other", [
    ("captions", "--judge", "--mos"), ("transcript", "--collar", "--judge"),
    ("mcorec", "--disfluencies", "--words")])
def test_help_of_a_kind_is_its_own(capsys: pytest.CaptureFixture[str], kind: str, own: str,
                                   other: str) -> None:
    with pytest.raises(SystemExit):
        main(["score", kind, "--help"])
    said = capsys.readouterr().out
    assert f"avspeech score {kind}" in said and own in said and other not in said
    assert main(["score", kind, "alone"]) == 2
    assert f"score {kind} REF HYP" in capsys.readouterr().err
