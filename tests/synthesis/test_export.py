"""A voice as one ONNX file gives what torch gives, at any number of steps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from avspeech.cli import main
from avspeech.core import models, pretrained
from avspeech.errors import InputError
from avspeech.synthesis import export, one_file

TINY = dict(width=16, layers=1, hidden=32, decoder=(16, 16), blocks=1, duration=16, phrasing=16,
            speaker_width=8, reference=8, tone=16, speakers=("ann", "bob"),
            vocoder=dict(width=16, hidden=32, layers=1, mels=20, n_fft=256, window=256, hop=128,
                         sample_rate=8000, high=4000.0, pitch_width=8))


def tiny(**differences: object) -> torch.nn.Module:
    torch.manual_seed(0)
    model = models.build("prosodyfm", **{**TINY, **differences}).eval()
    torch.nn.init.constant_(model.durations.out.bias, 1.6)
    torch.nn.init.normal_(model.decoder.leave[1].weight, std=0.3)  # it begins near nothing
    return model


INFO = pretrained.ModelInfo("synthesis", "prosodyfm", dict(TINY), sample_rate=8000, fps=None, licence="CC0")


@torch.no_grad()
def test_pulses_that_follow_the_mel_take_the_slopes_asked_for_alone() -> None:
    model = tiny(pulses="mel")
    x, contours, noise = torch.randn(1, 24, 21), torch.zeros(1, 24, 2), torch.randn(1, 24, 128)
    contours[:, 2:8], contours[:, 15:] = torch.tensor([2.0, 1.0]), torch.tensor([1.0, 2.0])
    contours[:, 2:8, 0] += torch.arange(6.0)
    contours[:, 15:, 0] -= torch.arange(9.0)
    read, none, first = (export.Wave(model)(x, contours, noise, torch.tensor([slopes]))[2]
                         for slopes in ([torch.nan], [torch.nan, torch.nan], [4.0, torch.nan]))
    assert torch.equal(read, none) and torch.equal(first[:, 8:], none[:, 8:])
    assert not torch.allclose(first[:, 2:8], none[:, 2:8], rtol=1e-3)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    out = tmp_path_factory.mktemp("export") / "voice.onnx"
    exported = export.write(tiny(), INFO, out)
    assert exported.path == out and exported.size == out.stat().st_size
    assert sorted(exported.parity) == [1, 2, 4, 10] and max(exported.parity.values()) < 1e-3
    assert [p.name for p in out.parent.iterdir()] == ["voice.onnx"]
    return out


@torch.no_grad()
@pytest.mark.parametrize("differences", [{"source": "harmonic"}, {"source": "none"},
                                         {"gates": 4, "smooth": 200.0}])
def test_the_vocoder_without_complex_numbers_is_the_vocoder(differences: dict) -> None:
    model = tiny(vocoder={**TINY["vocoder"], **differences})  # type: ignore[dict-item]
    if "gates" in differences:
        torch.nn.init.normal_(model.vocoder.gate.weight)  # it begins at nothing
    x, contours, noise = torch.randn(1, 37, 21), torch.zeros(1, 37, 2), torch.randn(1, 37, 128)
    contours[:, 9:20] = torch.tensor([2.0, 1.0])
    sound, mel, *f0 = export.Wave(model)(x, contours, noise, torch.full((1, 2), torch.nan))
    more = {"f0": f0[0], "noise": noise.reshape(1, -1)} if f0 else {}
    assert torch.allclose(mel, (x[..., :20] * 2 - 5.5).transpose(1, 2))
    assert torch.allclose(sound, model.vocoder(mel, **more), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("differences", [{}, dict(intonation=False), dict(embeddings="vector", vector=5)])
def test_the_plan_that_is_exported_is_the_plan(differences: dict) -> None:
    model = tiny(**differences)
    ids, last = torch.arange(20, 40)[None], torch.zeros(1, 20, dtype=torch.int64)
    last[0, 5:8], last[0, 17:] = 1, 2
    slopes, seconds = torch.tensor([[4.0, float("nan")]]), torch.full((1, 20), float("nan"))
    seconds[0, 9] = 0.5
    speaker = torch.ones(1, 5) if differences.get("embeddings") else torch.tensor([1])
    rate = torch.full((1, 20), 1.3)
    fused, durations = export.Plan(model)(ids, last, speaker, slopes, rate, seconds)
    wanted = model.plan(ids, speaker=speaker, last=last, slopes=slopes, rate=rate, break_seconds=seconds)
    assert torch.allclose(fused, wanted[0], atol=1e-5) and torch.equal(durations, wanted[1])


@pytest.mark.slow
def test_the_number_of_steps_is_an_input(file: Path) -> None:
    voice = one_file.Voice(file)
    ids = [1, *range(20, 40), 2]
    one, many = (voice(ids, steps=n, seed=1)["mel"] for n in (1, 32))
    assert one.shape == many.shape and not np.allclose(one, many, atol=1e-3)
    assert np.array_equal(voice(ids, steps=32, seed=1)["mel"], many)


@pytest.mark.slow
def test_inputs_steer(file: Path) -> None:
    voice = one_file.Voice(file)
    ids = [1, *range(20, 40), 4, *range(20, 30), 2]  # 4: a break
    plain = voice(ids)
    assert plain["audio"].shape == (128 * plain["durations"].sum(),)
    assert voice(ids, rate=2.0)["durations"].sum() < 0.7 * plain["durations"].sum()
    seconds = np.full(len(ids), np.nan)
    seconds[21] = 0.8
    assert voice(ids, break_seconds=seconds)["durations"][21] == 50  # of 16 ms
    last = [0] * len(ids)
    last[18:21], last[-4:-1] = [1] * 3, [2] * 3
    up, down = (voice(ids, last=last, slopes=[s, np.nan])["mel"] for s in (5.0, -5.0))
    assert up.shape != down.shape or not np.allclose(up, down)
    other = voice(ids, speaker=1)["mel"]
    assert other.shape != plain["mel"].shape or not np.allclose(other, plain["mel"])


@pytest.mark.slow
def test_the_file_says_what_it_is(file: Path) -> None:
    import onnx

    meta = {p.key: p.value for p in onnx.load(file).metadata_props}
    assert meta["task"] == "synthesis" and meta["licence"] == "CC0" and meta["sample_rate"] == "8000"
    assert json.loads(meta["speakers"]) == ["ann", "bob"] and json.loads(meta["symbols"])[4] == "<brk>"


@pytest.mark.slow
def test_what_differs_is_not_kept(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx

    proto = onnx.load(file)
    monkeypatch.setattr(export, "build", lambda model, info: proto)
    with pytest.raises(AssertionError, match="differ|durations"):
        export.write(tiny(mel_mean=-3.0), INFO, tmp_path / "voice.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("differences", [
    dict(intonation=False, breaks=False), dict(embeddings="vector", vector=5), dict(decoder=(16, 16, 16)),
    dict(attention=True), dict(vocoder={**TINY["vocoder"], "source": "none"})])  # type: ignore[dict-item]
def test_other_voices(tmp_path: Path, differences: dict) -> None:
    pytest.importorskip("onnxscript")
    export.write(tiny(**differences), INFO, tmp_path / "voice.onnx")


def test_bad_wishes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="expected a voice"):
        export.export("mvtf-small", tmp_path / "a.onnx")
    folder = pretrained.save(tmp_path / "tiny", tiny(), INFO)
    assert main(["export", str(folder), "--to", "onnx-int8", "-o", str(tmp_path / "a.onnx")]) == 2
    assert "--to onnx" in capsys.readouterr().err
