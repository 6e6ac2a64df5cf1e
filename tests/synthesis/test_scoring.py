"""Two folders against each other: pairing, notes, tables."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avspeech.cli import main
from avspeech.data.manifest import Utterance, write_manifest
from avspeech.errors import InputError
from avspeech.synthesis import judges, scoring

RATE = 16000
PARTS = [(0.1, 0.4), (0.43, 0.7), (1.0, 1.4), (1.43, 1.8)]


def voice(hertz: float, per_second: float = 0.0, parts: list[tuple[float, float]] = PARTS) -> np.ndarray:
    time = np.arange(2 * RATE) / RATE
    line = hertz * 2 ** (per_second * time / 12)
    phase = 2 * np.pi * np.cumsum(line) / RATE
    sound = sum(np.sin(k * phase) / k for k in range(1, 20))
    gate = sum(np.clip(np.minimum(time - a, b - time) / 0.02, 0, 1) for a, b in parts)
    return 0.1 * sound * gate + 1e-5 * np.random.default_rng(0).standard_normal(len(time))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    one, two = tmp_path / "ref", tmp_path / "hyp"
    (one / "deep").mkdir(parents=True)
    (two / "deep").mkdir(parents=True)
    soundfile.write(one / "a.wav", voice(150), RATE)
    soundfile.write(two / "a.flac", voice(165, 8), RATE)  # another format; rises
    soundfile.write(one / "deep" / "b.wav", voice(150), RATE)
    soundfile.write(two / "deep" / "b.wav", voice(150), RATE)
    soundfile.write(one / "lonely.wav", voice(150), RATE)
    soundfile.write(two / "extra.ogg", voice(150), RATE)
    (two / "notes.txt").write_text("no sound")
    return one, two


def test_pairs_means_and_what_has_no_partner(folders: tuple[Path, Path]) -> None:
    scores = scoring.score(*folders, method="autocorrelation")
    assert sorted(scores.pairs) == ["a", "deep/b"]
    assert (scores.only_reference, scores.only_hypothesis) == (["lonely"], ["extra"])
    same = scores.pairs["deep/b"]
    assert same["log_f0_rmse"] == same["mcd"] == 0 and same["break_f1"] == same["tone_accuracy"] == 1
    assert scores.pairs["a"]["tone_accuracy"] == 0  # level in one, rising in the other
    assert scores.summary["tone_accuracy"].mean == 0.5
    assert scores.summary["mcd"].mean == pytest.approx(scores.pairs["a"]["mcd"] / 2)
    assert scores.settings["breaks_by"] == "energy" and scores.settings["rate_unit"] == "energy peaks"
    record = json.loads(json.dumps(scores.as_dict()))
    assert record["summary"]["mcd"]["pairs"] == 2 and record["pairs"]["a"]["break_total"] == 2
    assert "terminal-tone accuracy (%) ↑" in scores.table(scores) and "ceiling" in scores.table(scores)


def test_words_from_json_and_manifest(folders: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = folders
    note = {"text": "one two three four", "words": [{"word": "x", "start": a, "end": b} for a, b in PARTS],
            "phones": ["a"] * 14}
    (two / "a.json").write_text(json.dumps(note))
    words = [[a, b, "x"] for a, b in PARTS]
    write_manifest(tmp_path / "all.jsonl", [Utterance("u1", "ref/a.wav", 2.0, "s", text="one",
                                                      labels={"words": words})])
    scores = scoring.score(one, two, manifest=tmp_path / "all.jsonl", method="autocorrelation")
    assert scores.settings["breaks_by"] == "words in 1 pairs, energy in the others"
    assert scores.pairs["a"]["break_f1"] == 1
    assert scores.pairs["a"]["rate"] == pytest.approx(14 / 1.7, abs=0.3)
    for bad in ('{"words": [1]}', '{"words": [[2, 1]]}', "[]", "{", '{"phones": "x"}'):
        (two / "a.json").write_text(bad)
        scores = scoring.score(one, two, method="autocorrelation")
        assert "a.json" in scores.unreadable["a"] and list(scores.pairs) == ["deep/b"]


def test_word_errors_and_opinions_by_plugs(folders: tuple[Path, Path],
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jiwer")
    monkeypatch.setattr(judges, "Recogniser", lambda model: lambda sound, rate: "I paid 4 dollars!")
    monkeypatch.setattr(judges, "opinion_judges", lambda: {"dnsmos": lambda sound, rate: 3.0})
    (folders[1] / "a.json").write_text('{"text": "I paid <brk 0.2> five dollars."}')
    scores = scoring.score(*folders, wer="m", mos=True, method="autocorrelation")
    assert scores.pairs["a"]["wer"] == 0.25 and scores.pairs["deep/b"]["wer"] == 0
    assert scores.summary["wer"].mean == pytest.approx(1 / 8)
    assert scores.summary["dnsmos"].mean == 3
    assert scores.settings["wer_text"] == "notes or recogniser on the reference"


def test_words_are_compared_as_spoken() -> None:
    assert scoring.plain_words("Dr. Smith paid $4.50<rise>, it’s TRUE.") == scoring.plain_words(
        "doctor smith paid four dollars and fifty cents it's true")
    assert scoring.plain_words("MISTER QUILTER IS THE APOSTLE") == "mister quilter is the apostle".split()
    assert scoring.plain_words("") == []
    assert judges.word_errors([], ["a"]) == (1, 0) and judges.word_errors(["a"], []) == (1, 1)


def test_command(folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = map(str, folders)
    assert main(["score", one, two, "--quiet", "--pitch", "autocorrelation", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["settings"]["pitch"] == "autocorrelation"
    assert "only in" in said.err and "lonely" in said.err and "extra" in said.err
    (tmp_path / "empty").mkdir()
    for words in ([one, str(tmp_path / "none")], [one, str(tmp_path / "empty")], [one, two, "--pause", "0"],
                  [one, two, "--pitch", "yin"]):
        assert main(["score", *words, "--quiet"]) == 2
        assert capsys.readouterr().err.startswith("avspeech: error: ")


def test_two_files_of_one_name_and_broken_ones(tmp_path: Path) -> None:
    for name in ("ref", "hyp"):
        (tmp_path / name).mkdir()
        soundfile.write(tmp_path / name / "a.wav", np.zeros(RATE), RATE)
    with pytest.raises(InputError, match="nothing could be scored.*silent"):
        scoring.score(tmp_path / "ref", tmp_path / "hyp")
    soundfile.write(tmp_path / "ref" / "a.flac", np.zeros(RATE), RATE)
    with pytest.raises(InputError, match="same name"):
        scoring.score(tmp_path / "ref", tmp_path / "hyp")


def test_undefined_is_said_as_such() -> None:
    nothing = scoring.Scores({}, {"break_f1": scoring.metrics.Interval(math.nan, math.nan, math.nan)},
                             {"break_f1": 0}, {})
    assert nothing.as_dict()["summary"]["break_f1"]["mean"] is None
    assert nothing.table().splitlines()[1].split()[-2:] == ["-", "0"]
