"""Extractor on arrays, with models whose right answer is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from avspeech.errors import InputError
from avspeech.extraction.extractor import Extractor
from avspeech.extraction.windows import Windows, disagreement_db

INFO = SimpleNamespace(task="extraction", sample_rate=16000, fps=25.0)


class Filter(torch.nn.Module):
    """A linear filter that looks `context` seconds back and ahead; notes what it was given."""

    def __init__(self, context: float) -> None:
        super().__init__()
        taps = 2 * int(context * 16000 / 64) + 1
        generator = torch.Generator().manual_seed(0)
        kernel = torch.randn(1, 1, taps, generator=generator)
        self.kernel = torch.nn.Parameter(kernel / kernel.norm())
        self.calls: list[tuple] = []

    def forward(self, mixture: torch.Tensor, video: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        assert mixture.dtype == torch.float32 and video.dtype == torch.uint8 and mask.dtype == torch.bool
        assert video.shape[-2:] == (88, 88) and mask.shape == video.shape[:3]
        assert abs(mixture.shape[-1] - video.shape[2] * 640) < 640
        self.calls.append((tuple(mixture.shape), tuple(video.shape), mask.clone()))
        taps = self.kernel.shape[-1]
        return torch.nn.functional.conv1d(
            mixture[:, None], self.kernel, padding=(taps // 2) * 64, dilation=64
        )[:, 0]


class Level(torch.nn.Module):
    """Like a real model: normalises each call by its own level, and depends on all of it a little."""

    def forward(self, mixture: torch.Tensor, video: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        rms = mixture.pow(2).mean(-1, keepdim=True).sqrt()
        return torch.tanh(mixture / rms / 30) * 30 * rms


def same(mixture: torch.Tensor, video: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return mixture


def noise(seconds: float, rate: int = 16000, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))).astype(np.float32)


def crops(seconds: float, fps: float = 25.0, size: int = 96, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (round(seconds * fps), size, size), dtype=np.uint8)


SMALL = Windows(length=2.0, overlap=0.8, fade=0.1)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("fps", [25.0, 30.0, 29.97])
def test_length_and_clock_are_those_of_the_input(rate: int, fps: float) -> None:
    t = np.arange(round(3.37 * rate)) / rate
    audio = (0.3 * np.sin(2 * np.pi * 440 * t) * (t > 1)).astype(np.float32)
    voice = Extractor(same, INFO, windows=SMALL)(audio, crops(3.4, fps), sample_rate=rate, fps=fps)
    assert voice.shape == audio.shape and voice.dtype == np.float32
    assert np.abs(voice - audio)[200:-200].max() < 0.02


def test_frames_are_taken_by_time() -> None:
    seen = []

    def model(mixture, video, mask):
        seen.append(video[0, 0, :, 0, 0].numpy())
        return mixture

    frames = np.broadcast_to(np.arange(120, dtype=np.uint8)[:, None, None], (120, 88, 88))
    Extractor(model, INFO)(noise(2), frames, sample_rate=16000, fps=60)
    assert seen[0].tolist() == [int(np.floor(k / 25 * 60 + 1e-6)) for k in range(50)]


@pytest.mark.parametrize("shape", ["N", "CN", "NC"])
def test_channels_are_averaged(shape: str) -> None:
    left, right = noise(1, seed=1), noise(1, seed=2)
    audio = {"N": (left + right) / 2, "CN": np.stack([left, right]), "NC": np.stack([left, right], 1)}[shape]
    voice = Extractor(same, INFO)(audio, crops(1), sample_rate=16000)
    np.testing.assert_allclose(voice, (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("seconds", [0.0001, 0.03, 0.5, 1.999, 2.0, 2.001, 3.2, 3.21, 7.0])
def test_any_length(seconds: float) -> None:
    audio = noise(seconds)
    voice = Extractor(same, INFO, windows=SMALL)(audio, crops(7), sample_rate=16000)
    np.testing.assert_allclose(voice, audio, atol=1e-6)


@pytest.mark.parametrize("context", [0.05, 0.3])
def test_windows_give_what_one_piece_gives(context: float) -> None:
    audio, mouth = noise(9.3), crops(9.3)
    model = Filter(context)
    cut = Extractor(model, INFO, windows=SMALL)
    joined = cut(audio, mouth, sample_rate=16000)
    assert len(model.calls) == 8 and len(cut.seams) == 7
    whole = Extractor(model, INFO, windows=Windows(length=20))(audio, mouth, sample_rate=16000)
    assert disagreement_db(cut.seams, joined).max() < -90
    assert np.abs(joined - whole).max() < 1e-5


def test_no_step_where_loudness_changes() -> None:
    gain = np.where(np.arange(16000 * 12) < 16000 * 6.3, 1.0, 0.02).astype(np.float32)
    audio = noise(12) * gain
    cut = Extractor(Level(), INFO, windows=SMALL)
    voice = cut(audio, crops(12), sample_rate=16000)
    quiet = voice[round(6.5 * 16000) :]
    level = np.sqrt(np.mean(quiet[: len(quiet) // 800 * 800].reshape(-1, 800) ** 2, axis=1))
    assert level.max() / level.min() < 1.25  # 50 ms of noise vary by themselves
    assert disagreement_db(cut.seams, voice).max() < -40


def test_missing_face_keeps_the_clock() -> None:
    present = np.zeros(250, bool)
    present[100:120] = present[150:200] = True  # 4.0 to 4.8 s and 6.0 to 8.0 s
    audio = noise(10)
    model = Filter(0.01)
    voice = Extractor(model, INFO, windows=Windows(8, 2))(audio, crops(10), sample_rate=16000,
                                                          present=present)
    masks = np.concatenate([call[2][0, 0].numpy() for call in model.calls])
    assert len(model.calls) == 2 and masks.tolist() == [*present[:150], *present[100:]]
    assert not voice[: round(3.5 * 16000)].any() and not voice[round(8.5 * 16000) :].any()
    assert voice[round(4.9 * 16000) : round(5.9 * 16000)].std() > 0.05  # lost between: goes on
    everything = Extractor(model, INFO, when_unseen="model")(
        audio, crops(10), sample_rate=16000, present=present
    )
    inside = slice(round(3.53 * 16000), round(8.47 * 16000))
    np.testing.assert_allclose(voice[inside], everything[inside], atol=1e-6)
    assert everything[:16000].std() > 0.05


def test_never_seen_is_silence_and_the_model_is_not_asked() -> None:
    model = Filter(0.01)
    voice = Extractor(model, INFO)(noise(3), crops(3), sample_rate=16000, present=np.zeros(75, bool))
    assert not voice.any() and len(voice) == 48000 and not model.calls


def test_silence_in_silence_out() -> None:
    voice = Extractor(Level(), INFO, windows=SMALL)(np.zeros(80000, np.float32), crops(5), sample_rate=16000)
    assert not voice.any()


def test_views_in_every_form() -> None:
    a, b = crops(2, seed=1), crops(2, seed=2)
    mask = np.arange(50) >= 10
    for views, present in [
        ([a, b], [mask, ~mask]),
        (np.stack([a, b]), np.stack([mask, ~mask])),
        ({"front": a, "left30": b}, {"front": mask, "left30": ~mask}),
        ([torch.from_numpy(a), b], [torch.from_numpy(mask), ~mask]),
        ([a[:, 4:92, 4:92], b], [mask, ~mask]),
    ]:
        model = Filter(0.01)
        Extractor(model, INFO)(torch.from_numpy(noise(2)), views, sample_rate=16000, present=present)
        assert model.calls[0][1] == (1, 2, 50, 88, 88)
        assert model.calls[0][2][0].tolist() == [mask.tolist(), (~mask).tolist()]


AUDIO, MOUTH = noise(1), crops(1)


@pytest.mark.parametrize(
    ("audio", "views", "options", "words"),
    [
        ((AUDIO * 1000).astype(np.int16), MOUTH, {}, "32768"),
        (np.zeros(0, np.float32), MOUTH, {}, "audio: shape"),
        (np.zeros((2, 2, 9), np.float32), MOUTH, {}, "audio: shape"),
        (np.zeros((999, 999), np.float32), MOUTH, {}, "channels"),
        (np.where(np.arange(16000) == 7, np.nan, AUDIO), MOUTH, {}, "number 7"),
        (np.array(["a"]), MOUTH, {}, "array of floats"),
        (AUDIO, MOUTH.astype(np.float32), {}, "uint8"),
        (AUDIO, MOUTH[:, :50, :50], {}, "96, 96"),
        (AUDIO, MOUTH[:0], {}, "shape"),
        (AUDIO, MOUTH[0], {}, "shape"),
        (AUDIO, [], {}, "at least one"),
        (AUDIO, MOUTH, {"present": np.ones(24, bool)}, "bool [25]"),
        (AUDIO, MOUTH, {"present": np.ones(25)}, "bool [25]"),
        (AUDIO, [MOUTH, MOUTH], {"present": [np.ones(25, bool)]}, "expected one for each of the 2"),
        (AUDIO, MOUTH, {"sample_rate": 0}, "sample_rate"),
        (AUDIO, MOUTH, {"fps": float("nan")}, "fps"),
        (AUDIO, MOUTH, {"face": 2}, "face=2"),
    ],
)
def test_bad_input_is_told_in_one_line(audio, views, options, words) -> None:
    with pytest.raises(InputError) as caught:
        Extractor(same, INFO)(audio, views, **{"sample_rate": 16000, **options})
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_bad_settings() -> None:
    with pytest.raises(InputError):
        Windows(length=2, overlap=1.5)
    with pytest.raises(InputError):
        Extractor(same, INFO, when_unseen="guess")
    with pytest.raises(FloatingPointError):
        Extractor(lambda m, v, k: m * float("nan"), INFO)(AUDIO, MOUTH, sample_rate=16000)


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("bears", [True, False])
@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_products_in_bf16_where_all_agree(monkeypatch, unit: bool, bears: bool, precision: str) -> None:
    monkeypatch.setattr("avspeech.extraction.engine.multiplies_bf16", lambda: unit)
    seen = []

    class Model(torch.nn.Module):
        BF16 = bears

        def forward(self, mixture, video, mask):
            seen.append((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
            return mixture

    Extractor(Model(), INFO, precision=precision)(noise(1), crops(1), sample_rate=16000)
    half = unit and bears and precision == "auto"
    assert seen == [torch.bfloat16 if half else torch.float32]


def test_precision_is_checked() -> None:
    with pytest.raises(InputError, match="precision='half'"):
        Extractor(same, INFO, precision="half")
