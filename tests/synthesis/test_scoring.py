"""Two folders against each other: pairing, notes, tables."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
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
    (folders[0] / "lonely.wav").unlink()
    scores = scoring.score(*folders, method="autocorrelation")
    assert sorted(scores.pairs) == ["a", "deep/b"]
    assert (scores.only_reference, scores.only_hypothesis) == ([], ["extra"])
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
    assert "lonely" in scores.failed
    assert scores.settings["breaks_by"] == "words in 1 pairs, energy in the others"
    assert scores.pairs["a"]["break_f1"] == 1
    assert scores.pairs["a"]["rate"] == pytest.approx(14 / 1.7, abs=0.3)
    for bad in ("[" * 100_000, '{"words": [{"start": NaN, "end": 1}]}', '{"words": [1]}',
                '{"words": [[2, 1]]}', "[]", "{", '{"phones": "x"}'):
        (two / "a.json").write_text(bad)
        scores = scoring.score(one, two, method="autocorrelation")
        assert "a.json" in scores.unreadable["a"] and sorted(scores.pairs) == ["deep/b", "lonely"]


def test_word_errors_and_opinions_by_plugs(folders: tuple[Path, Path],
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jiwer")
    monkeypatch.setattr(judges, "Recognizer", lambda model: lambda sound, rate: "I paid 4 dollars!")
    monkeypatch.setattr(judges, "opinion_judges", lambda: {"dnsmos": lambda sound, rate: 3.0})
    (folders[0] / "lonely.wav").unlink()
    (folders[1] / "a.json").write_text('{"text": "I paid <brk 0.2> five dollars."}')
    scores = scoring.score(*folders, wer="m", mos=True, method="autocorrelation")
    assert scores.pairs["a"]["wer"] == 0.25 and scores.pairs["deep/b"]["wer"] == 0
    assert scores.summary["wer"].mean == pytest.approx(1 / 8)
    assert scores.summary["dnsmos"].mean == 3
    assert scores.settings["wer_text"] == "notes or recognizer on the reference"


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


def test_one_file_of_a_low_rate_does_not_spoil_all(tmp_path: Path) -> None:
    sound, folders = voice(120), (tmp_path / "ref", tmp_path / "hyp")
    for folder in folders:
        folder.mkdir()
        for name in "abcd":
            soundfile.write(folder / f"{name}.wav", sound, RATE)
    soundfile.write(folders[1] / "d.wav", sound[::2], RATE // 2)
    with pytest.warns(UserWarning, match=f"d.wav: the lowest sample rate of all; .* {RATE // 2:,} Hz"):
        assert scoring.score(*folders, method="autocorrelation").settings["sample_rate"] == RATE // 2
    soundfile.write(folders[1] / "d.wav", sound[::16], RATE // 16)
    with pytest.raises(InputError, match="d.wav: 1,.* samples a second; expected 8,000 or more"):
        scoring.score(*folders)


def test_headers_that_cannot_be_are_a_failure_of_their_file_alone(tmp_path: Path) -> None:
    """A rate of 1, a coding that nothing decodes, and what macOS puts beside a file."""
    pytest.importorskip("av")
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        for name in ("a", "b", "c"):
            soundfile.write(tmp_path / folder / f"{name}.wav", voice(200.0), RATE)
    (tmp_path / "two" / "._a.wav").write_bytes(b"\0\5\x16\7")
    data = bytearray((tmp_path / "two" / "b.wav").read_bytes())
    data[24:28] = (1).to_bytes(4, "little")
    (tmp_path / "two" / "b.wav").write_bytes(data)
    data[20:22] = b"\x34\x12"
    (tmp_path / "two" / "c.wav").write_bytes(data)
    found = scoring.score(tmp_path / "one", tmp_path / "two", method="dio")
    assert found.settings["sample_rate"] == RATE and set(found.failed) == {"b", "c"}
    assert "a" in found.pairs and not found.unreadable


def test_undefined_is_said_as_such() -> None:
    nothing = scoring.Scores({}, {"break_f1": scoring.intervals.Interval(math.nan, math.nan, math.nan)},
                             {"break_f1": 0}, {})
    assert nothing.as_dict()["summary"]["break_f1"]["mean"] is None
    assert nothing.table().splitlines()[1].split()[-2:] == ["-", "0"]


# --- failures count -----------------------------------------------------------------------------------------


FAILURES = {
    "silent": lambda path: soundfile.write(path, np.zeros(2 * RATE), RATE),
    "an offset alone": lambda path: soundfile.write(path, np.full(2 * RATE, 0.01), RATE),
    "one step of noise": lambda path: soundfile.write(
        path, np.random.default_rng(0).integers(-1, 2, 2 * RATE).astype(np.int16), RATE),
    "too short": lambda path: soundfile.write(path, voice(150)[3000:3100], RATE),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:30]),
    "empty": lambda path: path.write_bytes(b""),
    "no numbers": lambda path: soundfile.write(path, np.full(2 * RATE, np.nan), RATE, subtype="FLOAT"),
    "missing": lambda path: path.unlink()}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_hypothesis_that_failed_counts(tmp_path: Path, failure: str, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    """Its words are deleted, its breaks missed, its tones wrong; it has no part in the other means."""
    pytest.importorskip("jiwer")
    monkeypatch.setattr(judges, "Recognizer", lambda model: lambda sound, rate: "one two three four")
    for folder in ("ref", "hyp"):
        (tmp_path / folder).mkdir()
        for name in ("a", "b"):
            soundfile.write(tmp_path / folder / f"{name}.wav", voice(150), RATE)
    (tmp_path / "ref" / "b.json").write_text('{"text": "one two three four"}')
    FAILURES[failure](tmp_path / "hyp" / "b.wav")
    scores = scoring.score(tmp_path / "ref", tmp_path / "hyp", wer="m", method="autocorrelation")
    assert list(scores.failed) == ["b"] and not scores.unreadable
    assert scores.pairs["b"]["word_errors"] == scores.pairs["b"]["words"] == 4
    assert scores.summary["wer"].mean == 0.5
    assert scores.summary["break_f1"].mean == pytest.approx(2 / 3)  # a hit and one missed
    assert scores.summary["tone_accuracy"].mean == 0.5
    assert scores.counts["break_f1"] == scores.counts["wer"] == 2 and scores.counts["mcd"] == 1
    assert scores.summary["mcd"].mean == 0
    assert main(["score", str(tmp_path / "ref"), str(tmp_path / "hyp"), "--quiet",
                 "--pitch", "autocorrelation"]) == 0
    said = capsys.readouterr()
    assert "1 of 2 hypotheses failed" in said.out
    assert "b" in said.err


def test_words_of_the_reference_say_what_was_missed(tmp_path: Path) -> None:
    for folder, sound in (("ref", voice(150)), ("hyp", 0 * voice(150))):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "a.wav", sound, RATE)
    (tmp_path / "ref" / "a.json").write_text(json.dumps({"words": PARTS}))
    scores = scoring.score(tmp_path / "ref", tmp_path / "hyp", method="autocorrelation")
    assert scores.pairs["a"]["break_total"] == 1 and scores.summary["break_f1"].mean == 0
    assert scores.pairs["a"]["tone_total"] == 2 and math.isnan(scores.summary["mcd"].mean)


def test_a_reference_that_cannot_be_read_is_no_failure_of_the_voice(
        folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    (folders[0] / "a.wav").write_bytes(b"RIFF")
    scores = scoring.score(*folders, method="autocorrelation")
    assert "a" in scores.unreadable and "a" not in scores.failed and "a" not in scores.pairs
    assert main(["score", *map(str, folders), "--quiet", "--pitch", "autocorrelation"]) == 2
    assert "not scored: a: " in capsys.readouterr().err


@pytest.mark.parametrize("change", [
    lambda x: np.concatenate([x, np.zeros(RATE // 2)]), lambda x: x + 0.01, lambda x: 0.03 * x])
def test_the_same_speech_scores_the_same(tmp_path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Silence behind a clip, an offset, another level: 100 % of breaks, tempo 1."""
    sound = voice(150) + 0.002 * np.random.default_rng(3).standard_normal(2 * RATE)
    for folder, samples in (("ref", sound), ("hyp", change(sound))):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "a.wav", samples, RATE, subtype="FLOAT")
    row = scoring.score(tmp_path / "ref", tmp_path / "hyp", method="autocorrelation").pairs["a"]
    assert row["break_f1"] == row["tone_accuracy"] == 1
    assert row["rate_ratio"] == pytest.approx(1, abs=0.01)
    assert row["log_f0_rmse"] < 0.01 and row["gross_pitch_error"] == 0


def test_short_clips_and_missing_judges_are_said(folders: tuple[Path, Path],
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "opinion_judges", lambda: {"distillmos": lambda sound, rate: 3.0})
    scores = scoring.score(*folders, mos=True, method="autocorrelation")
    said = "\n".join(scores.remarks())
    assert "shorter than 7.7 s" in said and "2 of 2 are shorter" in said
    soundfile.write(folders[1] / "deep" / "b.wav", np.tile(voice(150), 4), RATE)  # its reference is short
    longer = scoring.score(*folders, mos=True, method="autocorrelation").remarks()
    assert "1 of 2 are shorter" in "\n".join(longer)
    assert "not installed: dnsmos" in said and "1 of 3 hypotheses failed" in said
