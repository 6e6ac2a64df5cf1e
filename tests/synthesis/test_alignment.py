"""The aligner finds made-up phones where they were put, pauses where they are, and counts in whole frames."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from avspeech.errors import InputError
from avspeech.synthesis.alignment import PAUSE, STATES, Aligner, features, normalised

PHONES = ("a", "b", "d", "i", "s")


def corpus(count: int, seed: int = 0) -> tuple[list, list, list]:
    """(words, features, true durations of [lead, phones and pauses in order]); phones lie apart."""
    rng = np.random.default_rng(seed)
    places = dict(zip((*PHONES, PAUSE), 3 * rng.normal(size=(len(PHONES) + 1, 8))))
    words, heard, truth = [], [], []
    for _ in range(count):
        said = [tuple(rng.choice(PHONES, rng.integers(1, 4), replace=False))
                for _ in range(rng.integers(2, 5))]
        names, lengths = [PAUSE], [int(rng.integers(4, 12))]
        for number, word in enumerate(said):
            for phone in word:
                names.append(phone)
                lengths.append(int(rng.integers(6, 16)))
            names.append(PAUSE)
            lengths.append(int(rng.integers(10, 20)) if number == len(said) - 1 or rng.random() < 0.3 else 0)
        x = np.concatenate([places[n] + 0.5 * rng.normal(size=(k, 8)) for n, k in zip(names, lengths)])
        x[:, 0] = np.repeat([-5.0 if n == PAUSE else 5.0 for n in names], lengths)  # silence is quiet
        words.append(said)
        heard.append(x.astype(np.float32))
        truth.append((names, lengths))
    return words, heard, truth


def test_boundaries_and_pauses_are_found_from_a_flat_start() -> None:
    words, heard, truth = corpus(24)
    aligner = Aligner(PHONES)
    aligner.fit(words, heard, turns=6, progress=False)
    wrong = pauses = 0
    for alignment, said, x, (names, lengths) in zip(aligner.align(words, heard), words, heard, truth):
        assert alignment.lead + sum(alignment.phones) + sum(alignment.pauses) == len(x) // 2
        assert min(alignment.phones) >= 1 and len(alignment.pauses) == len(said)
        known = np.cumsum(lengths)
        ends, at, phones = [], alignment.lead, iter(alignment.phones)
        for word, pause in zip(said, alignment.pauses):
            for _ in word:
                at += next(phones)
                ends.append(at)
            at += pause
        true_ends = [e for e, n in zip(known, names) if n != PAUSE]
        wrong += sum(abs(2 * a - b) > 4 for a, b in zip(ends, true_ends))
        true_pauses = [k for n, k in zip(names[1:], lengths[1:]) if n == PAUSE]
        pauses += sum((p > 2) != (k > 0) for p, k in zip(alignment.pauses, true_pauses))
    assert wrong <= 8 and pauses <= 2  # the same phone on both sides of a boundary cannot be told apart


def test_pauses_are_found_where_the_ends_are_quieter_still() -> None:
    # Made speech: nothing at all before and behind it, faint noise in its pauses
    rng = np.random.default_rng(0)
    bands = {p: np.sin(2 * np.pi * f * np.arange(8000) / 8000) for p, f in
             zip(PHONES, (300, 700, 1300, 2100, 3300))}
    words, sounds, truth = [], [], []
    for number in range(16):
        said = [tuple(rng.choice(PHONES, 2, replace=False)) for _ in range(4)]
        pieces = [np.zeros(1600)]
        for place, word in enumerate(said):
            pieces += [0.1 * bands[p][:800] + 1e-3 * rng.standard_normal(800) for p in word]
            if place == number % 3:
                pieces.append(2e-5 * rng.standard_normal(1600))
        sounds.append(np.concatenate([*pieces, np.zeros(1600)]).astype(np.float32))
        words.append(said)
        truth.append(number % 3)
    heard = normalised([features(x, 8000, 64) for x in sounds], ["a"] * len(sounds))
    aligner = Aligner(PHONES)
    aligner.fit(words, heard, turns=6, progress=False)
    found = [[place for place, pause in enumerate(a.pauses[:-1]) if pause >= 8]
             for a in aligner.align(words, heard)]
    assert sum(places == [true] for places, true in zip(found, truth)) >= 14


def test_a_fit_takes_no_memory_by_the_length_of_the_corpus() -> None:
    """Beside the features themselves, of which 20 hours are 1.4 GB."""
    words, heard, _ = corpus(40)
    words, heard = 25 * words, 25 * [np.tile(x, 8) for x in heard]
    aligner = Aligner(PHONES)
    tracemalloc.start()
    aligner.fit(words, heard, turns=1, progress=False)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < sum(x.nbytes for x in heard)


def test_a_text_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="longer than the sound"):
        Aligner(PHONES).fit([[("a",) * 9]], [np.zeros((STATES * 8, 4), np.float32)], progress=False)


def test_an_unknown_phone_is_refused() -> None:
    words, heard, _ = corpus(4)
    aligner = Aligner(PHONES)
    aligner.fit(words, heard, turns=1, progress=False)
    with pytest.raises(InputError, match="phones x:"):
        aligner.align([[("x",)]], heard[:1])


def test_features_are_one_row_a_hop_and_normalised_per_speaker() -> None:
    rng = np.random.default_rng(0)
    rows = [features(rng.normal(size=n) * g, 16000, 128) for n, g in ((4000, 0.1), (4000, 0.1), (4096, 0.5))]
    assert [len(r) for r in rows] == [32, 32, 32]
    ready = normalised(rows, ["one", "one", "two"])
    for group in (np.concatenate(ready[:2]), ready[2]):
        assert np.allclose(group.mean(0), 0, atol=1e-3) and np.allclose(group.std(0), 1, atol=0.3)
