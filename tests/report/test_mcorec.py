"""MCoRec: files as the challenge lays them out, and its scores on small sessions worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avspeech import cli
from avspeech.errors import InputError
from avspeech.report import mcorec, webvtt

PAIRS = [  # truth, found, F1 over pairs, F1 of each speaker
    ([0, 0, 1, 1], [0, 0, 2, 2], 1.0, [1, 1, 1, 1]),
    ([0, 0, 1, 2], [0, 0, 1, 1], 2 / 3, [1, 1, 0, 0]),
    ([0, 0, 1, 1], [0, 0, 0, 0], 0.5, [0.5, 0.5, 0.5, 0.5]),
    ([0, 0, 1, 1], [0, 1, 0, 1], 0.0, [0, 0, 0, 0]),
    ([0, 1], [0, 1], 0.0, [0, 0]),  # no pair is right, as none is to be found: the challenge's 0
]


@pytest.mark.parametrize(("truth", "found", "f1", "each"), PAIRS)
def test_clustering_f1(truth, found, f1, each) -> None:
    a, b = ({f"spk_{i}": value for i, value in enumerate(side)} for side in (truth, found))
    assert mcorec.pair_f1(a, b) == pytest.approx(f1)
    assert list(mcorec.speaker_f1(a, b).values()) == [round(value, 4) for value in each]


def session(folder: Path, speakers: dict[str, tuple[int, list[tuple[float, float, str]]]]) -> Path:
    for name, (_, cues) in speakers.items():
        webvtt.write(folder / f"{name}.vtt", [webvtt.Line(*cue) for cue in cues])
    mcorec.write_clusters(folder / mcorec.CLUSTERS, {name: number for name, (number, _) in speakers.items()})
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two sessions of two speakers, and what a system wrote, as submitted and as the baseline has it."""
    for name in ("session_1", "session_2"):
        home = tmp_path / "dev" / name
        session(home / "labels", {
            "spk_0": (0, [(1.0, 2.0, "outside"), (11.0, 12.0, "Um, well, it's twenty two."),
                          (99.0, 101.0, "late")]),
            "spk_1": (0, [(12.0, 13.0, "Haha wow, you don't say!")])})
        home.joinpath("metadata.json").write_text(json.dumps({
            s: {"central": {"uem": {"start": 10.0, "end": 100.0}}} for s in ("spk_0", "spk_1")}))
    found = {"spk_0": (3, [(11.0, 12.0, "well it is 22"), (5.0, 5.5, "outside too")]),
             "spk_1": (3, [(12.0, 13.0, "you do not"), (50.0, 51.0, "uh")])}
    session(tmp_path / "system" / "session_1", found)
    session(tmp_path / "system" / "session_2" / "output", found)
    return tmp_path


def test_scores(corpus: Path) -> None:
    pytest.importorskip("transformers")
    scores = mcorec.score(mcorec.sessions(corpus / "dev", corpus / "system"))
    assert list(scores.sessions) == ["session_1", "session_2"]
    one = scores.sessions["session_1"]
    assert one["spk_0"].wer == 0 and one["spk_1"].wer == 0.25  # "you do not say" without "say"
    assert one["spk_0"].joint == 0 and one["spk_1"].joint == 0.125
    assert (scores.wer, scores.mean_f1, scores.joint) == (0.125, 1.0, 0.0625)
    alone = mcorec.score(mcorec.sessions(corpus / "dev/session_1", corpus / "system/session_1"))
    assert alone.sessions["session_1"] == one and "session_1" in alone.table()
    without = mcorec.sessions(corpus / "dev/session_1/labels", corpus / "system/session_1")
    assert mcorec.score(without).sessions["session_1"]["spk_0"] == one["spk_0"]  # metadata.json lies beside


def test_a_missing_transcript_counts_and_is_said(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("transformers")
    (corpus / "system/session_1/spk_1.vtt").unlink()
    assert cli.main(["score", "mcorec", str(corpus / "dev"), str(corpus / "system"), "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["sessions"]["session_1"]["speakers"]["spk_1"]["wer"] == 1.0
    assert told.err.count("\n") == 1 and "spk_1.vtt" in told.err


@pytest.mark.parametrize(("file", "content", "told"), [
    ("system/session_1/speaker_to_cluster.json", '{"spk_0": 1}', "spk_1"),
    ("system/session_1/speaker_to_cluster.json", '{"spk_0": "a", "spk_1": 1}', "whole number"),
    ("dev/session_1/metadata.json", '{"spk_0": {}}', "uem"),
    ("system/session_1/speaker_to_cluster.json", '{"spk_0": 1, "spk_1": 1, "spk_1": 2}', "twice"),
    ("dev/session_1/metadata.json", "[]", "object"),
    ("dev/session_1/labels/spk_0.vtt", "WEBVTT\n", "no words"),
    ("dev/session_1/labels/spk_0.vtt", "x", "spk_0.vtt:1")])
def test_what_is_refused(corpus: Path, capsys: pytest.CaptureFixture[str], file, content, told) -> None:
    pytest.importorskip("transformers")
    (corpus / file).write_text(content)
    assert cli.main(["score", "mcorec", str(corpus / "dev"), str(corpus / "system")]) == 2
    line = capsys.readouterr().err
    assert told in line and line.count("\n") == 1


def test_folders_without_sessions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no session"):
        mcorec.sessions(tmp_path, tmp_path)
    session(tmp_path / "s/labels", {"a": (0, [])})
    with pytest.raises(InputError, match="speaker_to_cluster.json"):
        mcorec.sessions(tmp_path, tmp_path / "none")


@pytest.mark.parametrize("word", "um uh uhm hmm mmm ohh haha hahaha wow yeah ahh er".split())
def test_hesitations_and_laughter_are_left_out(word: str) -> None:
    assert mcorec.DISFLUENCY.fullmatch(word)


@pytest.mark.parametrize("word", "i a am him ham hum who whom he she home o year use her were 22 m".split())
def test_words_are_not(word: str) -> None:
    assert not mcorec.DISFLUENCY.fullmatch(word)


def test_the_list_of_a_file_is_read_and_not_run(tmp_path: Path) -> None:
    listed = tmp_path / "norm_text.py"
    listed.write_text("def f(text):\n    list_disfluencies = set(\n['Um', 'zz'])\n    raise SystemExit\n")
    assert mcorec.read_disfluencies(listed) == {"um", "zz"}
    (tmp_path / "words.txt").write_text("um\nzz\n")
    assert mcorec.read_disfluencies(tmp_path / "words.txt") == {"um", "zz"}
    for content in ("x = 1", "list_disfluencies = open('x')", "list_disfluencies = set([f()])", "def ("):
        listed.write_text(content)
        with pytest.raises(InputError, match="norm_text.py"):
            mcorec.read_disfluencies(listed)
