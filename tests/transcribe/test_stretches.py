"""What is worth recognizing: where a voice speaks, in pieces that lose nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avspeech.media import audio
from avspeech.transcribe import stretches

RATE = 16000


def voice(path: Path, seconds: float, bursts: list[tuple[float, float]], level: float = 0.3,
          floor: float = 1e-4) -> stretches.Voice:
    rng = np.random.default_rng(0)
    sound = floor * rng.standard_normal(round(seconds * RATE))
    for start, end in bursts:
        part = slice(round(start * RATE), round(end * RATE))
        sound[part] += level * rng.standard_normal(part.stop - part.start)
    audio.write(path, np.clip(sound, -1, 1).astype(np.float32), RATE)
    return stretches.measure(path)


def spans(v: stretches.Voice, loudest: float, **options: float) -> list[tuple[float, float]]:
    return stretches.stretches(v, stretches.sounding(v, loudest), **options)


def test_speech_is_found_with_a_margin(tmp_path: Path) -> None:
    v = voice(tmp_path / "a.wav", 10, [(2, 3), (3.5, 4), (8, 8.5)])
    found = spans(v, v.loudness)
    assert v.seconds == 10 and np.allclose(found, [(1.75, 4.25), (7.75, 8.75)], atol=0.05)


def test_the_rest_of_another_voice_is_left_out(tmp_path: Path) -> None:
    loud = voice(tmp_path / "a.wav", 6, [(1, 3)])
    rest = voice(tmp_path / "b.wav", 6, [(1, 3)], level=0.3 * 10 ** (-40 / 20), floor=0)
    assert spans(rest, loud.loudness) == []
    assert spans(rest, rest.loudness) != [] and spans(loud, loud.loudness) != []


@pytest.mark.parametrize("sound", ["digital silence", "click", "empty"])
def test_nothing_is_found_where_there_is_nothing(tmp_path: Path, sound: str) -> None:
    v = {"digital silence": lambda: voice(tmp_path / "a.wav", 3, [], floor=0),
         "click": lambda: voice(tmp_path / "a.wav", 3, [(1, 1.02)]),
         "empty": lambda: voice(tmp_path / "a.wav", 0, [])}[sound]()
    assert spans(v, v.loudness if len(v.power) else -20.0) == []


def test_long_speech_is_cut_where_it_is_softest_and_nothing_is_lost(tmp_path: Path) -> None:
    v = voice(tmp_path / "a.wav", 70, [(1, 24.5), (25, 69)])  # a pause of 0.5 s within the last third
    found = spans(v, v.loudness, piece=28)
    assert all(end - start <= 28 for start, end in found) and len(found) == 3
    assert found[0][0] < 1 and found[-1][1] > 69 and all(a[1] == b[0] for a, b in zip(found, found[1:]))
    assert 24.5 <= found[0][1] <= 25


def test_a_word_begins_with_its_sound() -> None:
    runs = [(1.0, 2.0), (3.0, 4.0)]
    assert stretches.tight(0.0, 1.5, runs) == (1.0, 1.5)
    assert stretches.tight(1.5, 3.5, runs) == (1.5, 3.5)
    assert stretches.tight(0.0, 9.0, runs) == (1.0, 4.0)
    assert stretches.tight(2.2, 2.8, runs) == (2.2, 2.8)  # nothing sounds there: left as it is


def test_blocks_are_one_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = voice(tmp_path / "a.wav", 3.333, [(1, 2)])
    monkeypatch.setattr(stretches, "BLOCK", 1)
    assert np.array_equal(stretches.measure(tmp_path / "a.wav").power, whole.power)


def test_a_word_does_not_last_through_a_long_silence() -> None:
    runs = [(1.0, 1.2), (1.5, 2.0), (18.0, 18.2), (18.4, 20.0)]
    assert stretches.spoken(1.0, 18.1, runs) == (1.0, 2.0)  # it is let go on to the next one's sound
    assert stretches.spoken(1.9, 18.8, runs) == (18.0, 18.8)  # it is let begin before the silence
    rng = np.random.default_rng(1)
    for _ in range(200):
        edges = np.sort(rng.uniform(0, 30, 12))
        some = [(float(a), float(b)) for a, b in edges.reshape(-1, 2)]
        start, end = np.sort(rng.uniform(0, 30, 2)).tolist()
        a, b = stretches.spoken(start, end, some)
        assert start <= a <= b <= end
        inside = [(max(s, a), min(e, b)) for s, e in some if s < b and e > a]
        assert all(two[0] - one[1] < stretches.GAP for one, two in zip(inside, inside[1:]))
        if inside:
            assert (a, b) == (inside[0][0], inside[-1][1])
        else:  # there is no sound in it
            assert (a, b) == (start, end)
