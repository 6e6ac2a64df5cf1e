"""Scores of transcripts: known errors, pairs of speakers, diarization error against a count of frames."""

from __future__ import annotations

import itertools
import json
import unicodedata
import warnings
from pathlib import Path

import numpy as np
import pytest

from avspeech import cli
from avspeech.errors import InputError
from avspeech.report import transcript_scores as scores
from avspeech.report.transcripts import Segment, Transcript, Word

REFERENCE = Transcript.of([Segment("Anna", 0, 2, "Hello there, my friend."),
                           Segment("Ben", 1, 3, "Good day!")])


def heard(*segments: tuple[str, float, float, str]) -> Transcript:
    return Transcript.of([Segment(*segment) for segment in segments])


def test_speakers_are_paired_for_the_fewest_errors() -> None:
    found = scores.score(REFERENCE, heard(("x", 1, 3, "good day sir"), ("y", 0, 2, "hello there my friend"),
                                          ("z", 5, 6, "noise")))
    assert found.pairs == {"Anna": "y", "Ben": "x"} and found.unpaired == ["z"]
    assert (found.cpwer.insertions, found.cpwer.words) == (2, 6)
    assert found.speakers["Anna"].rate == 0 and found.speakers["Ben"].rate == 0.5
    assert "z" in found.table() and json.dumps(found.as_dict())


def test_words_at_another_time_count_only_without_times() -> None:
    late = heard(("x", 60, 62, "hello there my friend"), ("y", 61, 63, "good day"))
    found = scores.score(REFERENCE, late)
    assert found.cpwer.rate == 0 and found.tcpwer.rate == 2.0
    assert scores.score(REFERENCE, late, collar=100).tcpwer.rate == 0


@pytest.mark.parametrize("begin, right", [(0.0, False), (4.5, True), (8.9, False)])
def test_the_collar_lies_around_the_middle_of_a_word(begin: float, right: bool) -> None:
    """As MeetEval has it, which need not be installed."""
    said, slow = heard(("a", begin, begin + 1, "no")), heard(("x", 0, 10, "no"))
    assert scores.score(said, slow, collar=1.0).tcpwer.rate == (0 if right else 2)


def test_by_name_and_nothing_heard() -> None:
    swapped = heard(("Ben", 0, 2, "hello there my friend"), ("Anna", 1, 3, "good day"))
    assert scores.score(REFERENCE, swapped).cpwer.rate == 0
    assert scores.score(REFERENCE, swapped, by_name=True).speakers["Anna"].rate == 1.0
    with pytest.warns(UserWarning, match="holds no segment"):
        nothing = scores.score(REFERENCE, Transcript.of([], ["face1"]))
    assert nothing.cpwer.deletions == 6 and nothing.pairs["Anna"] is None and nothing.unpaired == ["face1"]
    with pytest.raises(InputError, match="no words"):
        scores.score(heard(("a", 0, 1, "!")), REFERENCE)


def test_names_with_accents_pair_in_both_forms() -> None:
    one, other = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))
    found = scores.score(heard((one, 0, 1, "yes")), heard((other, 0, 1, "yes")), by_name=True)
    assert found.speakers[one].rate == 0 and found.pairs[one] == other


@pytest.mark.parametrize("factor, told", [(1, False), (3, False), (1000, True), (0.001, True)])
def test_times_of_another_unit_and_an_empty_side_are_told(factor: float, told: bool) -> None:
    said = heard(("a", 0, 2, "good day"), ("b", 2, 4, "good night"))
    moved = heard(*((s.speaker, factor * s.start, factor * s.end, s.text) for s in said.segments))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        scores.score(said, moved)
        scores.score(said, heard())
    lines = [str(w.message) for w in found if w.category is UserWarning]
    assert any("milliseconds?" in line for line in lines) == told
    assert any("holds no segment" in line for line in lines)


@pytest.mark.parametrize(("text", "normal"), [
    ("Don\u2019t  STOP!", "don't stop"), ("'tis a 'quote'", "tis a quote"),
    ("caf\u00e9 na\u00efve", "caf\u00e9 na\u00efve"),
    ("\u0928\u092e\u0938\u094d\u0924\u0947, 5.", "\u0928\u092e\u0938\u094d\u0924\u0947 5"), ("--", "")])
def test_plain_texts(text: str, normal: str) -> None:
    assert scores.plain(text) == normal


def frames(spans: list[tuple[float, float]], count: int) -> np.ndarray:
    at = (np.arange(count) + 0.5) / 10
    return np.array([any(a <= t < b for a, b in spans) for t in at])


@pytest.mark.parametrize("seed", range(30))
def test_diarization_error_is_that_of_every_pairing_by_frames(seed: int) -> None:
    """Times are tenths of a second, so frames of 0.1 s count exactly."""
    rng = np.random.default_rng(seed)
    sides = []
    for _ in range(2):
        side = {}
        for k in range(rng.integers(1, 4)):
            starts = rng.integers(0, 90, rng.integers(0, 4))
            side[f"s{k}"] = [(int(s) / 10, int(s + rng.integers(1, 30)) / 10) for s in starts]
        sides.append(side)
    collar = 0.2 if seed % 2 else 0.0
    found = scores.diarization(*sides, collar=collar)
    a, b = ([frames(spans, 130) for spans in side.values()] for side in sides)
    edges = [edge for spans in sides[0].values() for span in scores.joined(spans) for edge in span]
    counted = ~frames([(e - collar, e + collar) for e in edges], 130) if collar else np.ones(130, bool)
    a, b = ([row & counted for row in side] for side in (a, b))
    b += [np.zeros(130, bool)] * (len(a) - len(b))
    right = max(sum((x & b[j]).sum() for x, j in zip(a, order))
                for order in itertools.permutations(range(len(b)), len(a)))
    in_a, in_b = np.sum(a, 0), np.sum(b, 0)
    assert found.total == pytest.approx(in_a.sum() / 10)
    assert found.missed == pytest.approx(np.maximum(0, in_a - in_b).sum() / 10)
    assert found.false_alarm == pytest.approx(np.maximum(0, in_b - in_a).sum() / 10)
    assert found.confusion == pytest.approx((np.minimum(in_a, in_b).sum() - right) / 10)


def test_speech_of_words_bridges_short_gaps_within_a_segment() -> None:
    said = [Segment("a", 0, 9, "x y z", (Word("x", 1, 2), Word("y", 2.3, 3), Word("z", 5, 6))),
            Segment("a", 6.2, 7, "no words")]
    assert scores.speech(said) == [(1, 3), (5, 6), (6.2, 7)]
    apart = [Segment("a", 1, 2, "x", (Word("x", 1, 2),)), Segment("a", 2.1, 3, "y", (Word("y", 2.3, 3),))]
    assert scores.speech(apart) == [(1, 2), (2.3, 3)]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    REFERENCE.write_vtt(tmp_path / "ref.vtt")
    heard(("x", 0, 2, "hello my friend"), ("y", 1, 3, "good day")).write_vtt(tmp_path / "hyp.vtt")
    files = [str(tmp_path / "ref.vtt"), str(tmp_path / "hyp.vtt")]
    assert cli.main(["score", "transcript", *files, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cpwer"]["deletions"] == 1
    assert cli.main(["score", "transcript", *files]) == 0 and "cpWER" in capsys.readouterr().out
    for wrong in (["transcript", *files, "--disfluencies", "x"], ["transcript", *files, "--judge", "x"],
                  ["captions", *files, "--collar", "1"], [*files, "--words", "none"],
                  ["transcript", *files, "--mos"], ["transcript", *files, "--collar", "-1"]):
        assert cli.main(["score", *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1
