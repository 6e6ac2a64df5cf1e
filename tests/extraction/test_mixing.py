"""Mixtures: drawn from a seed, whole on disk, and made as they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from avspeech.data.manifest import Utterance, View
from avspeech.errors import InputError
from avspeech.extraction.mixing import (
    MixConfig,
    Mixture,
    Pool,
    Source,
    Studio,
    draw,
    pink_noise,
    proportions,
    read_mixtures,
    revoiced,
    speech_level,
    write_mixtures,
)
from avspeech.media import audio, video

RATE = 16000


def utterances(speakers: int = 3, each: int = 3,
               views: tuple[str, ...] = ("front", "left_30", "top")) -> list[Utterance]:
    return [Utterance(f"s{s}-{i}", f"s{s}-{i}.wav", 2.0 + 0.1 * i, f"s{s}", text=f"text {i}",
                      views=tuple(View("", v, crops=f"s{s}-{i}.{v}.npz") for v in views))
            for s in range(speakers) for i in range(each)]


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    rng = np.random.default_rng(0)
    everyone = utterances(2, 2, ("front",))
    for u in everyone:
        frames = round(u.duration * 25)
        audio.write(tmp_path / u.audio,
                    (0.1 * rng.standard_normal(round(u.duration * RATE))).astype(np.float32), RATE)
        crops = np.repeat(np.arange(1, frames + 1, dtype=np.uint8), 96 * 96).reshape(frames, 96, 96)
        video.write_crops(tmp_path / u.views[0].crops, crops, np.ones(frames, bool))
    return Studio(everyone, {u.id: (tmp_path, tmp_path) for u in everyone})


def test_drawing_is_a_function_of_the_seed() -> None:
    pool = Pool(utterances())
    for target in pool.targets:
        a, b = (draw(np.random.default_rng(7), pool, target, MixConfig(), "x") for _ in range(2))
        assert a == b


def test_kinds_are_what_they_say() -> None:
    everyone = utterances()
    speaker = {u.id: u.speaker for u in everyone}
    pool, rng = Pool(everyone), np.random.default_rng(0)
    drawn = [draw(rng, pool, pool.targets[i % 9], MixConfig(), str(i)) for i in range(600)]
    counts = proportions(drawn)
    for kind, share in MixConfig().kinds.items():
        assert abs(counts[kind] / 600 - share) < 0.06, kind
    for m in drawn:
        others = {speaker[s.utterance] for s in m.interferers}
        assert m.target not in {s.utterance for s in m.interferers}
        assert len(m.interferers) in ((2, 3) if m.kind == "many" else (1,))
        assert (m.noise_db is not None) == (m.kind == "noise")
        if m.kind == "same":
            assert others == {speaker[m.target]}
        elif m.kind == "two":
            assert speaker[m.target] not in others
    assert 0.05 < counts["views missing"] / 600 < 0.25 and counts["occluded"] > 30


def test_kinds_the_pool_cannot_give_become_others() -> None:
    """One speaker: "two" becomes "same", and is called so; one utterance: an error."""
    rng = np.random.default_rng(0)
    pool = Pool(utterances(1))
    assert {draw(rng, pool, pool.targets[0], MixConfig(kinds={"two": 1}), str(i)).kind
            for i in range(5)} == {"same"}
    alone = Pool(utterances(1, 1))
    with pytest.raises(InputError, match="two utterances"):
        draw(rng, alone, alone.targets[0], MixConfig(), "x")


def test_segments_begin_on_a_video_frame() -> None:
    pool, rng = Pool(utterances()), np.random.default_rng(0)
    for i in range(50):
        m = draw(rng, pool, pool.targets[i % 9], MixConfig(), "x", segment=1.0)
        assert m.duration == 1.0 and abs(m.start * 25 - round(m.start * 25)) < 1e-6 and m.start + 1.0 <= 2.3


def test_the_manifest_holds_everything(tmp_path: Path) -> None:
    pool, rng = Pool(utterances()), np.random.default_rng(3)
    drawn = [draw(rng, pool, pool.targets[i % 9], MixConfig(occluded=0.5), str(i)) for i in range(40)]
    write_mixtures(tmp_path / "m.jsonl", drawn)
    assert read_mixtures(tmp_path / "m.jsonl") == drawn


@pytest.mark.parametrize("more", [
    {}, {"target": "b", "colour": 2}, {"target": "b", "kind": "tow"}, {"target": "b", "duration": "1"},
    {"target": "b", "duration": -1}, {"target": "b", "views": "front"}, {"target": "b", "start": None},
    {"target": "b", "occlusions": [["front", 1]]}, {"target": "b", "interferers": [3]},
    {"target": "b", "interferers": [{"utterance": "c", "gain_db": "loud"}]}])
def test_a_bad_line_is_named(tmp_path: Path, more: dict) -> None:
    line = {"id": "a", "kind": "two", "duration": 1, **more}
    (tmp_path / "m.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(InputError, match="m.jsonl:1"):
        read_mixtures(tmp_path / "m.jsonl")
    (tmp_path / "m.jsonl").write_text("[]\n")
    with pytest.raises(InputError, match="m.jsonl:1"):
        read_mixtures(tmp_path / "m.jsonl")


@pytest.mark.parametrize("recorded", [1.0, 0.1])
def test_levels_are_those_listed_however_loud_the_recordings_are(studio: Studio, recorded: float) -> None:
    studio._sounds["s1-0"] = studio.sound("s1-0") * np.float32(recorded)
    m = Mixture("m", "two", "s0-0", 2.0, interferers=(Source("s1-0", -6.0, 0.0),), views=("front",))
    mixed, target = studio.voices(m)
    voice = mixed - target
    assert 20 * np.log10(speech_level(voice) / speech_level(target)) == pytest.approx(-6.0, abs=0.1)


def test_a_constant_offset_is_no_level() -> None:
    voice = np.random.default_rng(0).normal(0, 0.01, RATE).astype(np.float32)
    assert speech_level(voice + np.float32(0.05)) == pytest.approx(speech_level(voice), rel=0.02)
    assert speech_level(voice[:100]) == 1e-6


def test_offsets_are_those_listed(studio: Studio) -> None:
    for offset, silent in ((0.5, slice(0, 8000)), (-1.0, slice(16000, 32000))):
        mixed, target = studio.voices(Mixture("m", "partial", "s0-0", 2.0,
                                              interferers=(Source("s1-0", 0.0, offset),)))
        rest = mixed - target
        assert not rest[silent].any() and rest[12000 if offset > 0 else 4000] != 0


def test_only_other_speakers_are_played_at_other_speeds() -> None:
    everyone = utterances()
    speaker = {u.id: u.speaker for u in everyone}
    pool, rng = Pool(everyone), np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        mixture = draw(rng, pool, everyone[0], MixConfig(speed=0.2), "x")
        for source in mixture.interferers:
            other = speaker[source.utterance] != speaker[mixture.target]
            assert (0.8 <= source.speed <= 1.2) if other else source.speed == 1
            seen.add(other)
    assert seen == {True, False}


@pytest.mark.parametrize(("wrong", "word"), [
    ({"kinds": {"loud": 1.0}}, "loud"), ({"kinds": {"two": 0.0}}, "kinds"),
    ({"kinds": {"two": -1.0, "same": 2.0}}, "kinds"), ({"kinds": {}}, "kinds"),
    ({"occluded": 1.1}, "occluded=1.1"), ({"missing": -0.1}, "missing=-0.1"), ({"speed": 1}, "speed=1"),
])
def test_what_cannot_be_drawn_is_refused_before_any_drawing(wrong: dict, word: str) -> None:
    with pytest.raises(InputError, match=word):
        MixConfig(**wrong)


@pytest.mark.parametrize("speed, offset", [(0.8, 0.0), (1.25, 0.5), (1.1, -0.7)])
def test_a_faster_voice_is_higher_and_shorter(studio: Studio, speed: float, offset: float) -> None:
    tone = np.sin(2 * np.pi * 500 * np.arange(2 * RATE) / RATE).astype(np.float32)
    studio._sounds["s1-0"] = tone
    mixture = Mixture("x", "two", "s0-0", 2.0, interferers=(Source("s1-0", 0.0, offset, speed),))
    mixed, target = studio.voices(mixture)
    voice = mixed - target
    begin = round(max(offset, 0) * RATE)
    end = min(begin + round((2 + min(offset, 0)) * RATE / speed), 2 * RATE)
    assert len(voice) == 2 * RATE and not voice[:begin].any() and np.abs(voice[end:]).max(initial=0) < 1e-3
    heard = np.abs(np.fft.rfft(voice[begin: end])).argmax() * RATE / (end - begin)
    assert heard == pytest.approx(500 * speed, abs=2)


@pytest.mark.parametrize("pitch", [0.8, 1.0, 1.6])
def test_revoiced_is_as_high_as_asked_with_formants_where_asked(pitch: float) -> None:
    """Pulses of 120 Hz through two resonances: the distance of the harmonics follows `pitch`, the resonances
    (as centroids) follow `formants` and not `pitch`, and nothing moves in time."""
    from scipy.signal import lfilter

    rate, loud = 16000, slice(8000, 24000)
    x = np.zeros(2 * rate)
    x[loud][:: round(rate / 120)] = 1
    for hertz in (800, 2400):
        pole = 0.97 * np.exp(2j * np.pi * hertz / rate)
        x = lfilter([1.0], [1.0, -2 * pole.real, abs(pole) ** 2], x)

    def spectrum(samples: np.ndarray) -> np.ndarray:
        return np.abs(np.fft.rfft(samples[loud] * np.hanning(16000))) ** 2  # bins of 1 Hz

    def centroids(power: np.ndarray) -> np.ndarray:
        return np.array([np.average(np.arange(low, high), weights=power[low:high])
                         for low, high in ((300, 1600), (1600, 4000))])

    found = {}
    for formants in (0.85, 1.0, 1.15):
        made = revoiced(x.astype(np.float32), pitch, formants)
        assert len(made) == len(x) and made.dtype == np.float32
        assert np.sum(made[loud] ** 2) > 0.95 * np.sum(made**2)
        power = spectrum(made)
        around = np.fft.irfft(power)[:400]
        assert rate / (60 + around[60:].argmax()) == pytest.approx(120 * pitch, rel=0.03)
        found[formants] = centroids(power)
    np.testing.assert_allclose(found[1.0], centroids(spectrum(x)), rtol=0.1)
    ratio = found[1.15] / found[0.85]
    assert (ratio > 1.2).all() and (ratio < 1.5).all()


def test_revoiced_leaves_silence_and_snippets_alone() -> None:
    np.testing.assert_array_equal(revoiced(np.zeros(5000, np.float32), 2.0, 1.2), np.zeros(5000))
    np.testing.assert_array_equal(revoiced(np.ones(10, np.float32), 2.0, 1.2), np.ones(10))


def test_a_silent_target_is_silent_and_its_mouth_is_still(studio: Studio) -> None:
    m = Mixture("m", "silent", "s0-0", 2.0, interferers=(Source("s1-0"),), views=("front",))
    mixed, target = studio.voices(m)
    crops, shown = studio.lips(m, ("front",))
    assert not target.any() and mixed.any() and shown.all()
    assert crops.max() <= 5  # never past the first 0.2 s, and frame by frame
    assert np.abs(np.diff(crops[0, :, 0, 0].astype(int))).max() == 1


def test_sound_and_picture_are_of_the_same_part(studio: Studio) -> None:
    m = Mixture("m", "two", "s0-0", 1.0, start=0.4, views=("front",))
    mixed, target = studio.voices(m)
    crops, _ = studio.lips(m, ("front",))
    np.testing.assert_array_equal(target, studio.sound("s0-0")[6400:22400])
    np.testing.assert_array_equal(crops[0, :, 0, 0], np.arange(11, 36))


def test_occluded_and_missing_views_are_not_shown(studio: Studio) -> None:
    m = Mixture("m", "two", "s0-0", 2.0, views=("front",), occlusions=(("front", 0.4, 0.8),))
    crops, shown = studio.lips(m, ("front", "left_30"))
    assert not shown[0, 10:20].any() and shown[0].sum() == 40 and not shown[1].any()
    assert not crops[~shown].any()


def test_pink_noise_is_pink() -> None:
    noise = pink_noise(0, 2**16)
    power = np.abs(np.fft.rfft(noise)) ** 2
    octaves = [power[2**k: 2 ** (k + 1)].sum() for k in range(6, 15)]
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1, abs=1e-3)
    assert max(octaves) / min(octaves) < 1.6  # the same power in each octave
