"""The voice while it is spoken: equal to that of the whole, a fixed time later, in any pieces."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech.errors import InputError
from avspeech.extraction.extractor import Extractor
from avspeech.extraction.lips import standardized
from avspeech.extraction.live import Stream, _Kept, _Looks
from avspeech.extraction.mvtf import MVTF, MVTFConfig
from avspeech.extraction.windows import Windows

INFO = SimpleNamespace(task="extraction", sample_rate=16000, fps=25.0)


class Filter(torch.nn.Module):
    """A linear filter that looks 10 ms back and ahead, and counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        kernel = torch.randn(1, 1, 321, generator=torch.Generator().manual_seed(0))
        self.kernel = torch.nn.Parameter(kernel / kernel.norm())
        self.calls = 0

    def forward(self, mixture: torch.Tensor, video: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        assert abs(mixture.shape[-1] - video.shape[2] * 640) < 640 and mask.shape == video.shape[:3]
        self.calls += 1
        return torch.nn.functional.conv1d(mixture[:, None], self.kernel, padding=160)[:, 0]


def level(mixture: torch.Tensor, video: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Like a real model it depends a little on all that it is given."""
    rms = mixture.pow(2).mean(-1, keepdim=True).sqrt()
    return torch.tanh(mixture / rms / 30) * 30 * rms * (1 + mask.float().mean()) + video.float().mean() / 1e4


def same(mixture: torch.Tensor, video: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return mixture


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * 16000))).astype(np.float32)


def crops(seconds: float, size: int = 96, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (round(seconds * 25), size, size), dtype=np.uint8)


SMALLEST = MVTFConfig(lips_width=2, embed=4, planes=1, bands=8, blocks=1, dim=8, hidden=4, heads=2,
                      guess=8, guess_layers=2)


def in_pieces(stream: Stream, audio: np.ndarray, video: np.ndarray, sizes: list[int],
              present: np.ndarray | None = None) -> np.ndarray:
    """Pushes sound in pieces of `sizes` samples, and with each the frames that begin in it."""
    out, at, frame, turn = [], 0, 0, 0
    while at < len(audio):
        stop = min(len(audio), at + sizes[turn % len(sizes)])
        until = min(len(video), -(-stop * 25 // 16000))
        mask = None if present is None else present[frame:until]
        out.append(stream.push(audio[at:stop], video[frame:until], mask))
        at, frame, turn = stop, until, turn + 1
        assert sum(map(len, out)) == max(0, min(at, frame * 640) - stream.delay)
    out.append(stream.finish())
    return np.concatenate(out)


@pytest.mark.parametrize("latency", [0.1, 0.3, 1.0])
def test_a_model_that_looks_less_far_gives_what_one_piece_gives(latency: float) -> None:
    audio, mouth = noise(2.3), crops(2.3)
    extractor = Extractor(Filter(), INFO)
    voice = in_pieces(extractor.stream(latency, past=max(0.5, 2 * latency)), audio, mouth, [640])
    whole = Extractor(Filter(), INFO, windows=Windows(length=20))(audio, mouth, sample_rate=16000)
    assert voice.shape == audio.shape and voice.dtype == np.float32
    np.testing.assert_allclose(voice, whole, atol=1e-5)
    assert extractor.model.calls > 2 / latency  # type: ignore[attr-defined]


@settings(max_examples=8)
@given(st.lists(st.integers(1, 9000), min_size=1, max_size=6), st.sampled_from([0.06, 0.1, 0.25, 0.3]))
def test_the_pieces_change_nothing_and_the_delay_is_kept(sizes: list[int], latency: float) -> None:
    audio, mouth = noise(1.7), crops(1.7)
    present = np.random.default_rng(0).random(len(mouth)) < 0.8
    sizes = [max(size, 200) for size in sizes]
    extractor = Extractor(level, INFO)
    voice = in_pieces(extractor.stream(latency, past=1.0), audio, mouth, sizes, present)
    at_once = extractor.stream(latency, past=1.0)
    whole = np.concatenate([at_once.push(audio, mouth, present), at_once.finish()])
    assert np.array_equal(voice, whole) and len(voice) == len(audio)


def test_the_pieces_change_nothing_of_a_real_network() -> None:
    torch.manual_seed(0)
    model = MVTF(SMALLEST).eval()
    audio, mouth = noise(1.1), crops(1.1)
    extractor = Extractor(model, INFO)
    voices = [in_pieces(extractor.stream(0.2, past=0.5), audio, mouth, sizes)
              for sizes in ([640], [5000, 13])]
    assert np.array_equal(*voices) and np.abs(voices[0]).max() > 1e-3


@pytest.mark.parametrize("lips", ["lipnet", "small", "resnet"])
def test_each_frame_is_looked_at_as_in_the_whole(lips: str) -> None:
    torch.manual_seed(0)
    model = MVTF(MVTFConfig(lips=lips, lips_width=2, embed=4, planes=1, bands=8, blocks=1, dim=8,
                            hidden=4, heads=2, guess=0)).eval()
    looks = _Looks(Extractor(model, INFO, precision="float32"))
    # The same light in each frame, so that what is known of it does not change on the way
    video = np.stack([np.random.default_rng(k).permutation(crops(0.04, size=88)[0].ravel())
                      for k in range(24)]).reshape(24, 88, 88)
    mask = np.ones(24, bool)
    with torch.inference_mode():
        whole = model.cue.lips.look(standardized(torch.from_numpy(video)[None],
                                                 torch.from_numpy(mask)[None]))[0].numpy()
    kept, shown = _Kept(video), _Kept(mask)
    for first, last in ((0, 5), (0, 9), (2, 10), (8, 20), (12, 24)):
        part = looks.part(kept, shown, first, last)
        sure = last - looks.around if last < 24 else last
        scale = np.abs(whole).max()
        np.testing.assert_allclose(part[: sure - first], whole[first:sure], atol=1e-3 * scale)
        looks.forget(first)


def test_memory_is_bounded() -> None:
    stream = Extractor(same, INFO).stream(0.3, past=1.0)
    sizes = []
    for k in range(80):
        stream.push(noise(0.2, seed=k), crops(0.2, seed=k))
        sizes.append(max(len(kept._rows) for kept in (stream._sound, stream._made)))
    assert max(sizes[40:]) <= 1.5 * 16000 and len(stream._crops._rows) <= 1.5 * 25


@pytest.mark.parametrize("fps", [12.5, 25.0, 30.0, 50.0])
def test_frames_are_taken_by_time(fps: float) -> None:
    seen = []

    def model(mixture, video, mask):
        seen.append(video[0, 0, :, 0, 0].numpy())
        return mixture

    frames = np.broadcast_to(np.arange(round(2 * fps), dtype=np.uint8)[:, None, None],
                             (round(2 * fps), 88, 88))
    stream = Extractor(model, INFO).stream(0.3, fps=fps)
    for k in range(0, len(frames), 3):
        stream.push(frames=frames[k: k + 3])
    stream.push(noise(2))
    stream.finish()
    assert seen[-1].tolist() == [int(np.floor(k / 25 * fps + 1e-6)) for k in range(50)]


def test_the_voice_waits_for_what_lags_behind() -> None:
    stream = Extractor(same, INFO).stream(0.3)
    assert len(stream.push(noise(2))) == 0  # no picture yet
    assert len(stream.push(frames=crops(1))) == round(0.7 * 16000)
    assert len(stream.push(frames=crops(3))) == round(1.0 * 16000)  # the sound is 2 s long
    assert len(stream.finish()) == round(0.3 * 16000)


def test_one_run_fades_into_the_next() -> None:
    """A model that says something else in each run, as no model does: there is no step."""
    runs: list[int] = []

    def counting(mixture: torch.Tensor, video: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        runs.append(len(runs))
        return torch.full_like(mixture, float(len(runs)))

    voice = in_pieces(Extractor(counting, INFO).stream(0.3, past=0.6), noise(3), crops(3), [640])
    assert len(runs) > 5 and voice[0] == 1 and voice[-1] == len(runs)
    assert (np.diff(voice) >= 0).all() and np.diff(voice).max() < 0.05


def test_where_no_face_is_seen_it_is_silent() -> None:
    audio, mouth = noise(5), crops(5)
    present = np.zeros(125, bool)
    present[50:75] = True
    voice = in_pieces(Extractor(same, INFO).stream(0.3, past=0.6), audio, mouth, [640], present)
    assert not voice[: round(1.5 * 16000)].any() and not voice[round(4.0 * 16000):].any()
    np.testing.assert_allclose(voice[2 * 16000: 3 * 16000], audio[2 * 16000: 3 * 16000], atol=1e-6)
    always = Extractor(same, INFO, when_unseen="model").stream(0.3, past=0.6)
    np.testing.assert_allclose(in_pieces(always, audio, mouth, [640], present), audio, atol=1e-6)


@pytest.mark.parametrize(("call", "message"), [
    (lambda e: e.stream(0.01), "latency=0.01"),
    (lambda e: e.stream(0.3, past=0.4), "past=0.4"),
    (lambda e: e.stream(0.3, fps=0), "fps=0"),
    (lambda e: e.stream().push(np.zeros((2, 5), np.float32)), "samples"),
    (lambda e: e.stream().push(np.full(5, np.nan, np.float32)), "NaN"),
    (lambda e: e.stream().push(None, np.zeros((2, 90, 90), np.uint8)), "frames"),
    (lambda e: e.stream().push(None, crops(0.2), np.ones(3, bool)), "present"),
])
def test_refused(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(Extractor(same, INFO))


def test_a_finished_stream_takes_nothing() -> None:
    stream = Extractor(same, INFO).stream()
    assert len(stream.finish()) == 0
    with pytest.raises(InputError, match="finished"):
        stream.push(noise(1))
