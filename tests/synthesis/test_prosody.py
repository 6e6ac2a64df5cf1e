"""Prosody of signals whose prosody is known."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.errors import InputError
from avspeech.synthesis import prosody
from avspeech.synthesis.prosody import Breaks, Melody, Silence

RATE = 16000


def syllables(contour_hertz: np.ndarray, parts: list[tuple[float, float, int]], seed: int = 0) -> np.ndarray:
    """A sound of `parts` (start, end, vowel) on a given F0 per sample: harmonics under one of three vowel
    shapes, with an attack and decay each, silence between, a little noise."""
    n = np.arange(len(contour_hertz)) / RATE
    phase = 2 * np.pi * np.cumsum(contour_hertz) / RATE
    formants = ((700, 1200), (300, 2300), (400, 800))
    out = np.zeros(len(n))
    for start, end, vowel in parts:
        sound = np.zeros(len(n))
        for k in range(1, 40):
            f = k * contour_hertz
            gain = sum(1 / (1 + ((f - c) / 90) ** 2) for c in formants[vowel]) + 0.02
            sound += np.where(f < 0.45 * RATE, gain * np.sin(k * phase), 0)
        out += sound * np.clip(np.minimum(n - start, end - n) / 0.03, 0, 1)
    return 0.1 * out + 1e-5 * np.random.default_rng(seed).standard_normal(len(n))


def glide(start: float, per_second: float, seconds: float) -> np.ndarray:
    return start * 2 ** (per_second * np.arange(round(seconds * RATE)) / RATE / 12)


PARTS = [(0.1, 0.4, 0), (0.43, 0.7, 1), (1.0, 1.4, 2), (1.43, 1.8, 0)]
WORDS = [(a, b) for a, b, _ in PARTS]


def melody(hertz: np.ndarray, parts: list[tuple[float, float, int]] = PARTS, words: bool = True) -> Melody:
    times = [(a, b) for a, b, _ in parts] if words else None
    return Melody.of(syllables(hertz, parts), RATE, times, method="autocorrelation")


@pytest.fixture(scope="module")
def level() -> Melody:
    return melody(np.full(2 * RATE, 150.0))


def test_silences_and_pauses(level: Melody) -> None:
    found = [(s.start, s.end) for s in level.silences if s.duration > 0.08]
    assert np.allclose(found, [(0, .1), (.7, 1.0), (1.8, 2.0)], atol=0.025)
    assert level.span == pytest.approx((0.1, 1.8), abs=0.025)
    (pause,) = level.pauses()
    assert pause.duration == pytest.approx(0.3, abs=0.03)
    assert prosody.boundary_pauses(WORDS, level.silences)[1] == pytest.approx(0.3, abs=0.03)
    assert (prosody.boundary_pauses(WORDS, level.silences)[[0, 2]] < 0.1).all()
    assert prosody.silences(np.zeros(RATE), RATE) == [Silence(0, 1)]
    assert prosody.silences(np.zeros(10), RATE) == []


def padded(sound: np.ndarray, seconds: float, noise: float = 0.0, front: bool = True) -> np.ndarray:
    rng = np.random.default_rng(1)
    ends = noise * rng.standard_normal((2, round(seconds * RATE)))
    return np.concatenate([ends[0], sound, ends[1]] if front else [sound, ends[1]])


NOISY = 0.002  # of the recording itself: some 35 dB below the speech
CHANGES = {
    "digital silence behind": (lambda x: padded(x, 0.5, front=False), 0.0),
    "digital silence on both sides": (lambda x: padded(x, 3.0), 3.0),
    "one step of 16 bits around": (lambda x: padded(x, 2.0, 1 / 32768), 2.0),
    "an offset": (lambda x: x + 0.01, 0.0),
    "an offset, then silence around": (lambda x: padded(x + 0.01, 0.5), 0.5),
    "silence around, then an offset": (lambda x: padded(x, 0.5) - 0.05, 0.5),
    "30 dB less": (lambda x: x * 10 ** -1.5, 0.0),
    "10 dB more": (lambda x: x * 10 ** 0.5, 0.0),
    "a click in the silence": (lambda x: padded(x, 1.0) + 0.2 * (np.arange(len(x) + 2 * RATE) == 8000), 1.0),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("noise", [0.0, NOISY])
def test_silences_do_not_hang_on_padding_offset_or_level(change: str, noise: float) -> None:
    hertz = np.full(2 * RATE, 150.0)
    sound = syllables(hertz, PARTS) + noise * np.random.default_rng(2).standard_normal(len(hertz))
    make, later = CHANGES[change]
    plain, changed = (Melody.of(x, RATE, method="autocorrelation") for x in (sound, make(sound)))
    assert len(plain.pauses()) == len(changed.pauses()) == 1
    for one, two in ((plain.span, changed.span), *(((a.start, a.end), (b.start, b.end))
                     for a, b in zip(plain.pauses(), changed.pauses(), strict=True))):
        assert np.allclose(np.array(two) - later, one, atol=0.011)
    pair = prosody.compare(plain, changed)
    assert pair.break_score() == Breaks(1, 0, 0)
    assert pair.rate_ratio == pytest.approx(1, abs=0.015)
    assert pair.mcd < 1 and changed.energy_peaks() == plain.energy_peaks()


def test_digital_silence_in_an_edited_recording_hides_no_pause_in_its_noise() -> None:
    """It is no noise to measure the others by: with 30 dB of noise in one pause, both are found."""
    sound = syllables(np.full(2 * RATE, 150.0), [(0.1, 0.4, 0), (0.7, 1.0, 1), (1.3, 1.8, 2)])
    sound += 0.004 * np.random.default_rng(2).standard_normal(len(sound))
    sound[round(0.43 * RATE): round(0.67 * RATE)] = 0
    found = [(s.start, s.end) for s in Melody.of(sound, RATE, method="autocorrelation").pauses()]
    assert np.allclose(found, [(0.4, 0.7), (1.0, 1.3)], atol=0.035)


@pytest.mark.parametrize("more", range(0, 80, 8))
def test_silence_at_the_end_is_no_pause_at_any_length(more: int) -> None:
    """Lengths of all fractions of a frame: the speech ends where it ends, and has one pause."""
    sound = syllables(np.full(2 * RATE, 150.0), PARTS)
    found = Melody.of(padded(sound, 0.3 + more / RATE, front=False), RATE, method="autocorrelation")
    assert found.span == pytest.approx((0.1, 1.8), abs=0.025) and len(found.pauses()) == 1


def test_what_is_silent() -> None:
    rng = np.random.default_rng(0)
    one_step = np.round(rng.standard_normal(RATE) * 0.5) / 32768
    for sound in (np.zeros(RATE), np.full(RATE, 0.2), one_step, one_step - 0.01, np.zeros(10)):
        assert prosody.silent(sound, RATE)
    assert not prosody.silent(10 ** -2.5 * syllables(np.full(2 * RATE, 150.0), PARTS), RATE)


def test_the_same_is_without_error(level: Melody) -> None:
    same = prosody.compare(level, level)
    errors = same.log_f0_rmse, same.gross_pitch_error, same.voicing_error, same.f0_frame_error, same.mcd
    assert errors == (0,) * 5
    assert same.break_score() == Breaks(1, 0, 0) and same.break_score().f1 == 1
    assert same.tone_score() == (2, 2) and same.rate_ratio == 1


def test_a_higher_voice(level: Melody) -> None:
    higher = prosody.compare(level, melody(np.full(2 * RATE, 150.0 * 1.1)))
    assert higher.log_f0_rmse == pytest.approx(math.log(1.1), abs=0.005)
    assert higher.gross_pitch_error == 0
    much = prosody.compare(level, melody(np.full(2 * RATE, 150.0 * 1.4)))
    assert much.gross_pitch_error > 0.97
    voiced = (level.voiced[much.path[:, 0]] & much.hypothesis.voiced[much.path[:, 1]]).mean()
    assert much.f0_frame_error == pytest.approx(much.voicing_error + voiced, abs=0.03)


def test_a_whisper_is_a_voicing_error(level: Melody) -> None:
    sound = np.random.default_rng(0).standard_normal(2 * RATE) * 0.02
    gate = np.zeros(2 * RATE)
    for start, end in WORDS:
        gate[round(start * RATE): round(end * RATE)] = 1
    pair = prosody.compare(level, Melody.of(sound * gate, RATE, method="autocorrelation"))
    assert pair.voicing_error > 0.5 and pair.f0_frame_error >= pair.voicing_error


@pytest.mark.parametrize("per_second", [-9.0, -1.0, 1.0, 9.0])
def test_terminal_slopes(level: Melody, per_second: float) -> None:
    other = melody(glide(150.0 if per_second > 0 else 240.0, per_second, 2.0))
    pair = prosody.compare(other, level)
    for (measured, flat), (start, end) in zip(pair.terminal_slopes(), (WORDS[1], WORDS[3]), strict=True):
        assert measured == pytest.approx(per_second, abs=0.6)
        assert flat == pytest.approx(0, abs=0.3)
        assert other.slope(start, end) == measured
    assert pair.tone_score() == ((0, 2) if abs(per_second) > prosody.TONE else (2, 2))
    # Without word times: the last 0.4 s before pauses, the other reading's found along the path.
    blind = prosody.compare(dataclasses.replace(other, words=None), level)
    assert not blind.by_words
    assert np.allclose([a for a, _ in blind.terminal_slopes()], per_second, atol=0.7)
    other_way = prosody.compare(dataclasses.replace(level, words=None), other)
    assert np.allclose([b for _, b in other_way.terminal_slopes()], per_second, atol=0.7)


def test_a_terminal_slope_ends_where_the_pause_begins_that_the_path_crosses_late(level: Melody) -> None:
    """The path may cross a pause anywhere within it; here 0.15 s behind its begin."""
    line = np.concatenate([glide(200.0, -12.0, 0.5), glide(200.0 * 2 ** -0.5, 12.0, 1.5)])  # turns at 0.5 s
    pair = prosody.compare(dataclasses.replace(level, words=None), melody(line))
    frames = np.arange(len(level.hertz))
    late = dataclasses.replace(pair, path=np.stack([frames, (frames + 30).clip(0, frames[-1])], 1))
    assert late.to_hypothesis(0.7) == pytest.approx(0.85)
    assert late.terminal_slopes()[0][1] == pytest.approx(0, abs=2)  # as much down as up


@pytest.mark.parametrize("semitones", [-4.0, 0.0, 4.0])
@pytest.mark.parametrize("before", [120.0, 260.0])
def test_the_slope_of_a_short_vowel_is_its_own(semitones: float, before: float) -> None:
    """0.15 s of voice between consonants, whatever the pitch of the word before."""
    hertz = np.full(RATE, before)
    at = np.arange(RATE) / RATE
    word = (at >= 0.5) & (at < 0.9)
    hertz[word] = 180 * 2 ** (semitones * ((at[word] - 0.5) / 0.4 - 0.5) / 12)
    heard = melody(hertz, [(0.1, 0.45, 0), (0.6, 0.75, 1)])
    assert 0.4 * heard.slope(0.5, 0.9) == pytest.approx(semitones, abs=0.5)


SHORT = [(0.1, 0.4, 0), (0.43, 0.7, 1), (0.73, 1.13, 2), (1.16, 1.53, 0)]  # the same without its pause
OTHER = [(0.1, 0.4, 0), (0.8, 1.07, 1), (1.1, 1.5, 2), (1.53, 1.9, 0)]  # its pause one word too early


@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize(("parts", "counts"), [
    (PARTS, Breaks(1, 0, 0)), (SHORT, Breaks(0, 0, 1)), (OTHER, Breaks(0, 1, 1))])
def test_breaks(level: Melody, parts: list[tuple[float, float, int]], counts: Breaks, words: bool) -> None:
    pair = prosody.compare(level, melody(np.full(2 * RATE, 170.0), parts, words))
    assert pair.by_words is words
    assert pair.break_score() == counts


def test_a_slower_voice_has_its_times_mapped(level: Melody) -> None:
    slow = [(a * 1.3, b * 1.3, v) for a, b, v in PARTS]
    pair = prosody.compare(level, melody(np.full(round(2.6 * RATE), 150.0), slow, words=False))
    assert pair.break_score() == Breaks(1, 0, 0)
    assert pair.to_reference(1.3) == pytest.approx(1.0, abs=0.06)
    assert pair.to_hypothesis(0.7) == pytest.approx(0.91, abs=0.12)
    assert pair.rate_ratio == pytest.approx(1 / 1.3, abs=0.02)


def test_world_hears_the_same() -> None:
    pytest.importorskip("pyworld")
    sound = syllables(glide(150.0, 6.0, 2.0), PARTS)
    one, two = (Melody.of(sound, RATE, WORDS, method=m, search=(60, 500))
                for m in ("world", "autocorrelation"))
    for word in WORDS:
        assert one.slope(*word) == pytest.approx(two.slope(*word), abs=0.8)


def test_speaking_rate(level: Melody) -> None:
    rate = level.rate()
    assert rate.unit == "energy peaks"
    assert rate.per_second == pytest.approx(4 / 1.7, abs=0.1)
    known = dataclasses.replace(level, phones=17).rate()
    assert known.unit == "phones" and known.per_second == pytest.approx(10, abs=0.3)


def test_tones_by_name() -> None:
    assert [prosody.tone(s) for s in (-9, -4, 0, 4, 9, math.nan)] == ["fall", "level", "level", "level",
                                                                          "rise", ""]
    assert prosody.tone(5, threshold=6) == "level"


pauses = st.lists(st.floats(0, 1), max_size=12)


@given(pauses, st.floats(0.05, 0.9))
def test_break_counts_of_the_same(one: list[float], threshold: float) -> None:
    same = prosody.break_counts(one, one, threshold)
    assert same.inserted == same.missed == 0
    assert same.f1 == 1 if same.hits else math.isnan(same.f1)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12))
def test_f1_is_symmetric_and_the_harmonic_mean(pairs: list[tuple[float, float]]) -> None:
    one, two = zip(*pairs, strict=True)
    a, b = prosody.break_counts(one, two), prosody.break_counts(two, one)
    assert a.hits == b.hits and a.inserted == b.missed
    if a.hits:
        assert a.f1 == b.f1 == pytest.approx(2 * a.precision * a.recall / (a.precision + a.recall))


def test_what_cannot_be_compared(level: Melody) -> None:
    with pytest.raises(ValueError, match="boundaries"):
        prosody.break_counts([0.1], [0.1, 0.2])
    with pytest.raises(ValueError, match="by dio"):
        prosody.compare(dataclasses.replace(level, method="dio"), level)
    nothing = Melody.of(np.zeros(RATE), RATE, method="autocorrelation")
    pair = prosody.compare(nothing, nothing)
    assert math.isnan(pair.log_f0_rmse) and pair.tone_score() == (0, 0) and math.isnan(pair.break_score().f1)


def test_a_path_that_leaves_its_band_is_looked_for_in_a_wider_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading with a long pause of its own is the same reading; one too long to align is told."""
    rng = np.random.default_rng(4)
    said = np.cumsum(rng.standard_normal((300, 5)), 0)
    paused = np.concatenate([said[:40], np.repeat(said[40:41], 200, 0), said[40:]])
    monkeypatch.setattr(prosody, "BAND", 0.1)  # 20 frames
    path = prosody._path(said, paused, prosody.HOP)
    assert np.array_equal(said[path[:, 0]], paused[path[:, 1]])
    monkeypatch.setattr(prosody, "MOST", 10_000)
    with pytest.raises(InputError, match="cut both into sentences"):
        prosody._path(said, paused, prosody.HOP)
