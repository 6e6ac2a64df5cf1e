"""The script for devices: what the recognizer says, without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from avspeech.core import models, pretrained
from avspeech.core.config import to_dict
from avspeech.emotion.recognizer import EmotionRecognizer
from avspeech.media import audio

pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")
SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "edge" / "recognise.py"
# Runs the script as if called, prints the posteriors exactly, and what it may not have loaded.
CHECK = """
import runpy, sys
path, *sys.argv[1:] = sys.argv[1:]
script = runpy.run_path(path)
model = script["Recogniser"](sys.argv[1])
for wav in sys.argv[2:]:
    for end, part in script["windows"](script["read_wav"](wav, model.sample_rate), model.sample_rate):
        p = model(part)
        print(end, *(["silence"] if p is None else p.tolist()))
print("loaded", sorted({"torch", "avspeech", "scipy", "soundfile"} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[EmotionRecognizer, Path]:
    from avspeech.emotion import export

    torch.manual_seed(1)
    model = models.build("conv_transformer", classes=3, mels=20, channels=4, dim=16, layers=1, heads=2,
                         inner=16, factor=4).eval()
    info = pretrained.ModelInfo("emotion", "conv_transformer", to_dict(model.config), fps=None,
                                labels=["calm", "happy", "sad"])
    path = tmp_path_factory.mktemp("edge") / "m.onnx"
    export.write(model, info, "onnx", path)
    return EmotionRecognizer(model, info), path


def test_the_script_answers_as_the_recognizer_without_torch(exported: tuple[EmotionRecognizer, Path],
                                                           tmp_path: Path) -> None:
    recognizer, path = exported
    rng = np.random.default_rng(0)
    for name, seconds in (("short", 0.02), ("one", 2.0), ("long", 7.5), ("silence", 1.0)):
        n = round(seconds * 16_000)
        sound = 0.1 * rng.standard_normal(n) * np.abs(np.sin(np.arange(n) / 5_000)) * (name != "silence")
        sound[: n // 3] *= 1e-4
        audio.write(tmp_path / f"{name}.wav", sound, 16_000)
    wavs = [str(tmp_path / f"{name}.wav") for name in ("short", "one", "long", "silence")]
    done = subprocess.run([sys.executable, "-c", CHECK, str(SCRIPT), str(path), *wavs], capture_output=True,
                          text=True, check=True)
    *lines, loaded = done.stdout.splitlines()
    assert loaded == "loaded []"
    said = [line.split() for line in lines]
    expected = [m for wav in wavs for m in recognizer.file(wav).track]
    assert len(said) == len(expected) == 6
    for (end, *values), moment in zip(said, expected, strict=True):
        assert float(end) == moment.end
        if moment.label is None:
            assert values == ["silence"]
        else:
            assert [float(v) for v in values] == pytest.approx(list(moment.posteriors.values()), abs=1e-4)


def test_files_and_samples_as_they_come(exported: tuple[EmotionRecognizer, Path], tmp_path: Path) -> None:
    _, path = exported
    audio.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal(24_000), 16_000)
    audio.write(tmp_path / "rate.wav", np.zeros(800), 8_000)
    run = [sys.executable, str(SCRIPT), str(path)]
    done = subprocess.run([*run, str(tmp_path / "rate.wav"), str(tmp_path / "a.wav")], capture_output=True,
                          text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "ffmpeg" in done.stderr
    assert "a.wav      1.50 s  " in done.stdout
    raw = (tmp_path / "a.wav").read_bytes()[44:]
    done = subprocess.run([*run, "--raw"], input=raw, capture_output=True, check=True)
    assert [line.split()[0] for line in done.stdout.decode().splitlines()] == ["1.0", "1.5"]
