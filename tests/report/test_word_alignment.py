"""Alignments of words: the counts of MeetEval and kaldialign, and the time that long texts take."""

from __future__ import annotations

import time

import numpy as np
import pytest

from avspeech.report import transcript_scores as scores
from avspeech.report.transcripts import Segment, Transcript
from avspeech.report.word_alignment import counts, distance


def plainly(reference: list[str], hypothesis: list[str], times: object) -> int:
    """The distance by the table itself."""
    (starts, ends), (hyp_starts, hyp_ends) = times  # type: ignore[misc]
    row = np.arange(len(hypothesis) + 1)
    for i, word in enumerate(reference):
        last, row = row, row + 1
        for j, other in enumerate(hypothesis):
            near = starts[i] < hyp_ends[j] and ends[i] > hyp_starts[j]
            row[j + 1] = min(last[j + 1] + 1, row[j] + 1,
                             last[j] + (word != other) if near else 10**9)
    return int(row[-1])


def some_times(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    starts = rng.uniform(-1, 20, count).round(1)
    if rng.random() < 0.5:
        starts.sort()
    return starts, starts + rng.choice([0, 0.3, 1, 8], count)


@pytest.mark.parametrize("seed", range(40))
def test_distance_is_that_of_the_table_and_the_counts_add_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts = [list(rng.choice(list("abcd"), rng.integers(0, 20))) for _ in range(2)]
    always = tuple((np.zeros(len(t)), np.ones(len(t))) for t in texts)
    for times in (some_times(len(texts[0]), rng), some_times(len(texts[1]), rng)), always:
        expected = plainly(*texts, times)
        assert distance(*texts, times) == expected
        substitutions, deletions, insertions = counts(*texts, times)
        assert substitutions + deletions + insertions == expected
        assert deletions - insertions == len(texts[0]) - len(texts[1])
    assert distance(*texts) == expected and counts(*texts) == counts(*texts, always)


@pytest.mark.parametrize("seed", range(15))
def test_scores_are_those_of_meeteval(seed: int) -> None:
    io, wer = pytest.importorskip("meeteval.io"), pytest.importorskip("meeteval.wer")
    rng = np.random.default_rng(seed)
    sides = []
    for names in ("abc", "xyzw"):
        at = rng.uniform(0, 40, 12).round(1)
        sides.append(Transcript.of(
            Segment(names[rng.integers(0, 3)], t, t + rng.choice([0.5, 2, 9]),
                    " ".join(rng.choice(["a", "bb", "ccccc", "dd"], rng.integers(1, 6))))
            for t in map(float, at)))
    rows = [io.SegLST([{"session_id": "one", "speaker": s.speaker, "start_time": s.start,
                        "end_time": s.end, "words": s.text} for s in side.segments])
            for side in sides]
    found = scores.score(*sides, collar=2.0)
    for own, theirs in ((found.cpwer, wer.cpwer(*rows)["one"]),
                        (found.tcpwer, wer.tcpwer(*rows, collar=2.0)["one"])):
        assert (own.substitutions, own.deletions, own.insertions, own.words) == (
            theirs.substitutions, theirs.deletions, theirs.insertions, theirs.length)


def test_long_meetings_are_scored_in_seconds() -> None:
    """20,000 segments took minutes, and 6 GB of memory where a word lies within the collar of 0."""
    rng = np.random.default_rng(0)
    words = np.array(["the", "of", "one", "two", "three", "red"])
    said = [Segment(f"s{k % 2}", 2.0 * k, 2.0 * k + 3, " ".join(rng.choice(words, 6)))
            for k in range(400)]
    begin = time.process_time()
    found = scores.score(Transcript.of(said), Transcript.of(said[5:]))
    assert time.process_time() - begin < 5
    assert found.cpwer.deletions == found.tcpwer.deletions == 30


def test_any_number_of_speakers_is_scored() -> None:
    """MeetEval takes 20 at most."""
    said = [Segment(f"s{k}", k, k + 1.0, f"word {k}") for k in range(24)]
    heard = [Segment(f"x{k}", k, k + 1.0, f"word {k}") for k in range(23)]
    found = scores.score(Transcript.of(said), Transcript.of(heard))
    assert found.cpwer.deletions == 2 and found.pairs["s7"] == "x7" and found.pairs["s23"] is None
