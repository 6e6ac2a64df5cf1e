"""The scripts in tools/ that need nothing fetched."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from avspeech.bench.upstreams.whisper import Encoder
from avspeech.core import checkpoint, models
from avspeech.core.trainer import TrainConfig
from avspeech.errors import InputError
from avspeech.extraction.lips import LipNetLips
from avspeech.media import audio, video
from avspeech.media.muxing import mux, write_pictures
from avspeech.report import transcripts

ROOT = Path(__file__).resolve().parents[1]


def test_pages_of_several_experiments_become_one(tmp_path: Path) -> None:
    def collect(*names: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(ROOT / "tools/collect.py"),
                               *(str(tmp_path / n) for n in names),
                               "-o", str(tmp_path / "RESULTS.md"), "--title", "All"],
                              capture_output=True, text=True)

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "RESULTS.md").write_text(f"# Page {name}\n\n## Table\n\n| a | # b |\n")
    assert collect("one", "two").returncode == 0
    assert (tmp_path / "RESULTS.md").read_text() == (
        "# All\n\n## Page one\n\n### Table\n\n| a | # b |\n\n## Page two\n\n### Table\n\n| a | # b |\n")
    absent = collect("one", "three")
    assert absent.returncode == 2 and "three" in absent.stderr and absent.stderr.count("\n") == 1


def test_two_talkers_stand_side_by_side_and_their_words_beside_them(tmp_path: Path) -> None:
    pytest.importorskip("av")
    rng = np.random.default_rng(0)
    for name, grey, gain in (("bbaf2n", 40, 0.2), ("swiz3n", 200, 0.02)):
        write_pictures(tmp_path / "p.mkv", np.full((25, 32, 48, 3), grey, np.uint8), 25.0)
        audio.write(tmp_path / "s.wav", gain * rng.uniform(-1, 1, 16_000).astype(np.float32), 16_000)
        mux(tmp_path / "p.mkv", tmp_path / "s.wav", tmp_path / f"{name}.mp4")
    (tmp_path / "bbaf2n.align").write_text("0 5000 sil\n5000 10000 bin\n10000 15000 blue\n")
    make = tool("two_talkers").make
    make([tmp_path / "bbaf2n.mp4"], [tmp_path / "swiz3n.mp4"], tmp_path / "pair.mp4", late=1.0)
    shown = list(video.read_frames(tmp_path / "pair.mp4"))
    assert len(shown) == 50 and shown[30].shape == (32, 96, 3)
    assert abs(int(shown[30][16, 24, 0]) - 40) < 8 and abs(int(shown[30][16, 72, 0]) - 200) < 8
    power = np.square(audio.read(tmp_path / "pair.mp4", 16_000)[: 32_000]).reshape(2, -1).mean(1)
    assert 0.7 < power[0] / power[1] < 1.4  # brought to one level, one after the other
    said = transcripts.read(tmp_path / "pair.vtt").segments
    assert [(s.speaker, s.start, s.end, s.text) for s in said] == [
        ("left", 0.2, 0.6, "bin blue"), ("right", 1.0, 2.0, "set white in z three now")]
    with pytest.raises(InputError, match="sentence of GRID"):
        make([(tmp_path / "swiz3n.mp4").rename(tmp_path / "x.mp4")], [tmp_path / "x.mp4"], tmp_path / "y.mp4")
    write_pictures(tmp_path / "p.mkv", iter(np.zeros((5, 64, 48, 3), np.uint8)), 25.0)
    mux(tmp_path / "p.mkv", tmp_path / "s.wav", tmp_path / "lwik5s.mp4")
    with pytest.raises(InputError, match="height"):
        make([tmp_path / "bbaf2n.mp4"], [tmp_path / "lwik5s.mp4"], tmp_path / "y.mp4")
    with pytest.raises(InputError, match="size"):
        make([tmp_path / "bbaf2n.mp4", tmp_path / "lwik5s.mp4"], [tmp_path / "bbaf2n.mp4"],
             tmp_path / "y.mp4")
    assert not (tmp_path / "y.mp4").exists()


def tool(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def whisper(folder: Path, sounds: int) -> Encoder:
    """A small Whisper of random weights in a folder as transformers has it, and so many sounds beside it."""
    torch.manual_seed(0)
    encoder = Encoder(20, 16, 2, 32, 2, 1500)
    (folder / "config.json").write_text(json.dumps({
        "model_type": "whisper", "num_mel_bins": 20, "d_model": 16, "encoder_attention_heads": 2,
        "encoder_ffn_dim": 32, "encoder_layers": 2, "max_source_positions": 1500}))
    save_file({f"encoder.{name}": x for name, x in encoder.state_dict().items()},
              folder / "model.safetensors")
    for i in range(sounds):
        audio.write(folder / f"{i}.wav", np.random.default_rng(i).normal(0, 0.1, 9000).astype(np.float32))
    return encoder


def test_a_folder_of_whisper_becomes_what_training_begins_with(tmp_path: Path) -> None:
    begin = tool("begin_with_whisper").begin
    encoder = whisper(tmp_path, sounds=0)
    with pytest.raises(InputError, match="no sound file"):
        begin(tmp_path, tmp_path, tmp_path / "begun", 1, 20)
    whisper(tmp_path, sounds=3)
    begin(tmp_path, tmp_path, tmp_path / "begun", 1, 20)
    begun = load_file(tmp_path / "begun" / "model.safetensors")
    assert torch.equal(begun["conv1.weight"], encoder.conv1.weight)
    assert begun["layers.0.ffn.leave.weight"].shape == (16, 20) and not any("head" in name for name in begun)


def lipnet() -> dict[str, np.ndarray]:
    """LipNet's convolutions and norms as Keras has them, of random weights."""
    make = np.random.default_rng(0)
    arrays = {}
    for number, shape in enumerate([(3, 5, 5, 3, 32), (3, 5, 5, 32, 64), (3, 3, 3, 64, 96)], 1):
        arrays[f"conv{number}/kernel"] = make.normal(0, 0.1, shape).astype(np.float32)
        for name in ("conv/bias", "batc/gamma", "batc/beta", "batc/moving_mean", "batc/moving_variance"):
            arrays[name.replace("/", f"{number}/")] = make.uniform(0.5, 1, shape[-1]).astype(np.float32)
    return arrays


def test_lipnets_convolutions_give_what_they_gave() -> None:
    """On standardized grey crops, what LipNet's first layers give for the same crops in colour; away from the
    edge, where black is around the one and grey around the other."""
    module, arrays = tool("begin_with_lipnet"), lipnet()
    encoder = LipNetLips(2).eval()
    module.put(arrays, encoder)
    x = torch.rand(1, 1, 3, 32, 40, generator=torch.Generator().manual_seed(0))
    kernel = torch.from_numpy(arrays["conv1/kernel"]).permute(4, 3, 0, 2, 1)
    bias, mean, variance, gamma, beta = (torch.from_numpy(arrays[name]) for name in (
        "conv1/bias", "batc1/moving_mean", "batc1/moving_variance", "batc1/gamma", "batc1/beta"))
    y = torch.nn.functional.conv3d(x.expand(-1, 3, -1, -1, -1), kernel, bias, (1, 2, 2), (1, 2, 2))
    y = torch.nn.functional.batch_norm(y, mean, variance, gamma, beta, eps=1e-3)
    y = torch.nn.functional.max_pool3d(y.relu(), (1, 2, 2))
    gray, deviation = module.GRAY
    with torch.no_grad():
        torch.testing.assert_close(encoder.frontend[0]((x - gray) / deviation)[:, :, 1, 1:-1, 1:-1],
                                   y[:, :, 1, 1:-1, 1:-1], rtol=1e-3, atol=1e-3)
    with pytest.raises(InputError, match="no 'batc2/gamma'"):
        module.put({name: x for name, x in arrays.items() if name != "batc2/gamma"}, encoder)
    with pytest.raises(InputError, match=r"'conv3/kernel' has shape \(3, 3\)"):
        module.put({**arrays, "conv3/kernel": np.zeros((3, 3), np.float32)}, encoder)
    with pytest.raises(InputError, match=r"'batc1/beta' has shape \(1,\), not \(32,\)"):  # would broadcast
        module.put({**arrays, "batc1/beta": np.zeros(1, np.float32)}, encoder)


def test_a_small_model_is_taught_what_whisper_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tool("distil_whisper")
    monkeypatch.setattr(module, "APART", 3)
    whisper(tmp_path, sounds=2)
    how = TrainConfig(max_steps=2, batch_seconds=1, validate_every=2)
    small = {"mels": 16, "dim": 8, "heads": 2, "layers": 1, "inner": 8}
    monkeypatch.setitem(models.CONFIGS, "small", ("whisper_transformer", small))
    with pytest.raises(InputError, match="2 sound files"):
        module.distil(tmp_path, 1, "small", [tmp_path], tmp_path / "out", how)
    whisper(tmp_path, sounds=5)
    module.distil(tmp_path, 1, "small", [tmp_path], tmp_path / "out", how)
    taught = load_file(tmp_path / "out" / "model.safetensors")
    fitting, own = checkpoint.load_fitting(models.build("small"), taught)
    assert fitting == len(taught) > own / 2 and not any(name.startswith(("head", "pool.")) for name in taught)


STAND_IN = """
import json, os, sys, time
for line in sys.stdin:
    number = int("".join(c for c in os.path.basename(line).split(".")[0] if c.isdigit()))
    if number == 1:
        time.sleep(60)
    if number == 2:
        os._exit(3)
    print("noise of a library", flush=True)
    fault = "Traceback ...\\nKeyError: 'x'" if number == 3 else None
    print(json.dumps({"code": 2 if number > 3 else 0, "fault": fault, "named": number != 5, "text": "said",
                      "seconds": 0.1}), flush=True)
"""


def test_fuzz_counts_what_hangs_crashes_and_is_not_named(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    fuzz = tool("fuzz")
    monkeypatch.setattr(fuzz, "CHILD", STAND_IN)
    waits = fuzz.Child.ask
    monkeypatch.setattr(fuzz.Child, "ask", lambda self, path, seconds: waits(self, path, min(seconds, 1.0)))
    seeds = dict.fromkeys(fuzz.FORMATS, bytes(range(256)))
    assert fuzz.through("bench", list(range(7)), seeds, tmp_path, 1.0, 2**30) == 4
    said = capsys.readouterr().out
    for count in ("7 files", "1 exit code 0", "3 exit code 2", "1 traceback", "1 hang", "1 crash",
                  "1 not named"):
        assert count in said, said
    assert "hang: 1 (flac, " in said and "KeyError: 'x'" in said


def test_fuzz_damages_by_number() -> None:
    fuzz, data = tool("fuzz"), bytes(range(256)) * 8
    found = [fuzz.damage(data, n) for n in range(120)]
    assert found == [fuzz.damage(data, n) for n in range(120)]
    assert {kind for kind, _ in found} == set(fuzz.KINDS)
    assert sum(out == data for _, out in found) < 6


def test_people_are_mixed_the_same_for_every_model_and_measured(tmp_path: Path) -> None:
    people = tool("people")
    rng = np.random.default_rng(0)
    (tmp_path / "voices").mkdir()
    for i in range(3):
        audio.write(tmp_path / f"voices/{i}.wav", rng.normal(0, 0.1, 20000).astype(np.float32))
    pictures = rng.integers(0, 255, (75, 96, 96), dtype=np.uint8)
    pictures[40:48] = pictures[40] // 2 + rng.integers(0, 3, (8, 96, 96), dtype=np.uint8)
    pictures[10:18] = pictures[10]  # stiller yet, but the face is away for one of them
    clips = [people.Clip("news", person, name, rng.normal(0, 0.05, 48000).astype(np.float32),
                         pictures if name == "1" else 255 - pictures, np.arange(75) != 13)
             for person, name in (("ann", "1"), ("ann", "2"), ("bob", "1"))]
    made = list(people.cases(clips, tmp_path / "voices"))
    assert [c.kind for c in made] == list(people.KINDS) * 3
    for one, again in zip(made, people.cases(clips, tmp_path / "voices"), strict=True):
        np.testing.assert_array_equal(one.mixture, again.mixture)
    another, same, strange, alone, silent = made[:5]
    level = [float(np.sqrt(np.mean(x**2))) for x in (another.target, another.other)]
    assert abs(level[0] / level[1] - 1) < 0.05  # 0 dB
    np.testing.assert_allclose(same.other / clips[1].sound, (same.other / clips[1].sound).mean(), rtol=1e-3)
    np.testing.assert_array_equal(strange.clip.crops, clips[2].crops)
    assert not alone.other.any() and not silent.target.any()
    shown = {picture.tobytes() for picture in silent.clip.crops}
    assert shown == {picture.tobytes() for picture in pictures[40:48]} and people.STILL == 8
    perfect = [people.row(case, 0.5 * case.target) for case in made]
    table = people.summary(perfect)
    last = dict(zip(table[0], table[-1], strict=True))
    assert last["source"] == "all" and last["level"] == "-6.0" and last["picked"] == "100%"
    assert last["silent kept"] == "-120.0"
    worst = people.row(another, another.other)
    assert not worst["picked"] and worst["si_sdri_db"] < -10
    part = people.middle(clips[0], 1.0)
    assert (part.start, part.stop) == (16000, 32000)
    gone = people.away(clips[0], 1.0)
    assert np.flatnonzero(gone.present != clips[0].present).tolist() == list(range(25, 50))
    late = np.where((np.arange(48000) >= part.start) & (np.arange(48000) < part.stop), another.mixture,
                    another.target)  # helps everywhere but there
    assert abs(people.row(another, late, part)["away_si_sdri_db"]) < 1e-6
    with pytest.raises(InputError, match="two people"):
        next(people.cases(clips[:2], tmp_path / "voices"))


def test_voices_are_compared_only_where_the_other_is_installed(tmp_path: Path) -> None:
    texts = tmp_path / "texts.tsv"
    texts.write_text("# comment\nnames\tAnna met Bob.\n\nno kind here\nlong\tOne, two.\n")
    read = tool("compare_hibari").read
    assert read(texts, 0) == [("names", "Anna met Bob."), ("", "no kind here"), ("long", "One, two.")]
    assert [kind for kind, _ in read(texts, 2)] == ["names", ""]
    bare = tmp_path / "python"  # one that has no packages
    bare.write_text(f"#!/bin/sh\nexec {sys.executable} -I -S \"$@\"\n")
    bare.chmod(0o755)
    done = subprocess.run([sys.executable, str(ROOT / "tools/compare_hibari.py"), str(texts),
                           "--hibari-python", str(bare)], capture_output=True, text=True)
    assert done.returncode and "pip install hibari-tts" in done.stderr and done.stderr.count("\n") == 1
