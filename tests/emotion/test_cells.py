"""Where a cell's training begins."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from avspeech.core import models, pretrained, sources
from avspeech.core.model_files import WEIGHTS
from avspeech.data import protocol
from avspeech.data.manifest import Utterance, write_manifest
from avspeech.emotion import features
from avspeech.emotion.cells import Cell, build, corpora_of, finished, taught_by
from avspeech.emotion.guides import Guide, write_guide
from avspeech.emotion.training import frames_before_pooling
from avspeech.errors import InputError
from avspeech.media import audio

CONFIG = {"mels": 16, "dim": 8, "layers": 1, "heads": 2, "inner": 8}


def cell(init: str) -> Cell:
    return Cell("plain", "fold1", 0, "mini_emotion", "all.jsonl", ".", "cache", config=CONFIG, init=init)


def test_a_folder_gives_what_fits(tmp_path: Path) -> None:
    """All but the head of a model that told another number of classes."""
    theirs = models.build("conv_transformer", **CONFIG, classes=3).state_dict()
    save_file(theirs, tmp_path / WEIGHTS)
    mine = build(cell(str(tmp_path)), protocol.get("mini_emotion")).state_dict()
    same = {name for name, value in mine.items()
            if value.shape == theirs[name].shape and torch.equal(value, theirs[name])}
    assert {name for name in mine if name not in same} == {"head.weight", "head.bias"}


def test_what_is_begun_with_may_learn_more_slowly(tmp_path: Path) -> None:
    save_file(models.build("conv_transformer", **CONFIG, classes=3).state_dict(), tmp_path / WEIGHTS)
    slow = dataclasses.replace(cell(str(tmp_path)), begun=0.1)
    rates = {name: getattr(module, "rate", 1.0)
             for name, module in build(slow, protocol.get("mini_emotion")).to("meta").named_modules()
             if list(module.parameters(recurse=False))}
    assert {name for name, rate in rates.items() if rate == 1} == {"head"}
    assert set(rates.values()) == {0.1, 1.0}
    assert slow.hash != cell(str(tmp_path)).hash
    with pytest.raises(InputError, match="begun"):
        dataclasses.replace(slow, begun=-1.0)


def test_a_graph_begins_with_frames_that_stay(tmp_path: Path) -> None:
    """Those of another kind of model; what it adds learns."""
    sizes = dict(mels=16, dim=8, heads=2, inner=8)
    theirs = models.build("whisper_transformer", **sizes, layers=1, classes=3)
    save_file(theirs.state_dict(), tmp_path / WEIGHTS)
    over = dict(**sizes, nodes="whisper", depth=1, layers=0, learn="none", window=4, step=2, graph="none")
    held = dataclasses.replace(cell(str(tmp_path)), model="dynamic_graph", config=over, begun=0.0)
    model: Any = build(held, protocol.get("mini_emotion"))
    assert torch.equal(model.encode.conv1.weight, theirs.conv1.weight)
    assert not torch.equal(model.head.weight[:, :8], theirs.head.weight[:, :8])
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {name for name, _ in model.named_parameters() if name.startswith("encode.")}
    assert all(p.requires_grad for p in build(dataclasses.replace(held, begun=0.5),
                                              protocol.get("mini_emotion")).parameters())


def test_factors_begin_as_the_plain_layers_in_a_folder(tmp_path: Path) -> None:
    torch.manual_seed(0)
    plain = models.build("conv_transformer", **CONFIG, classes=3)
    save_file(plain.state_dict(), tmp_path / WEIGHTS)
    factorised = dataclasses.replace(cell(str(tmp_path)), begun=0.1,
                                     config={**CONFIG, "hrf": {"ratio": 2, "depth": 2, "where": "ffn"}})
    model: Any = build(factorised, protocol.get("mini_emotion"))
    frames = torch.randn(1, 60, plain.config.mels)
    kept = [frames_before_pooling(m.eval(), frames) for m in (plain, model)]
    torch.testing.assert_close(*kept, atol=1e-5, rtol=1e-4)
    assert all(f.rate == 0.1 for f in model.layers[0].ffn.enter.factors)


def test_counts_are_of_each_corpus() -> None:
    spoken = [Utterance(str(k), "", 1.0, "s", labels={"corpus": c}) for k, c in enumerate("xyyx")]
    groups, counts = corpora_of(spoken, [0, 2, 2, 1], 3)
    assert groups == [0, 1, 1, 0] and counts.tolist() == [[1, 1, 0], [0, 0, 2]]
    assert corpora_of([Utterance("a", "", 1.0, "s")] * 2, [0.5, 1.5], 0)[1].tolist() == [[2]]


def test_a_teacher_must_be_there_and_counts_by_its_weights(tmp_path: Path) -> None:
    taught = dataclasses.replace(cell("random"), teacher=str(tmp_path))
    with pytest.raises(InputError, match="teacher=.*no folder with model.safetensors"):
        taught_by(taught, None, [])  # type: ignore[arg-type]
    assert taught_by(cell("random"), None, []) is None  # type: ignore[arg-type]
    hashes = {cell("random").hash}
    for value in (0.0, 1.0):
        save_file({"x": torch.tensor([value])}, tmp_path / WEIGHTS)
        hashes.add(taught.hash)
    assert len(hashes) == 3


def test_a_released_model_may_be_the_beginning() -> None:
    begun: Any = build(dataclasses.replace(cell("emotion-edge"), model="whisper-edge",
                                           config={"pool_norm": False}), protocol.get("mini_emotion"))
    theirs, _ = pretrained.load("emotion-edge")
    assert torch.equal(begun.conv1.weight, theirs.conv1.weight)


def test_the_hash_is_of_what_a_cell_is_made_of(tmp_path: Path) -> None:
    """Labels, sounds and guide, by content: else a cell of other material would count as finished."""
    rng = np.random.default_rng(0)
    wanted = [Utterance("a", "a.wav", 1.0, "s", labels={"emotion": "sad"})]

    def make(name: str, samples: np.ndarray, frames: str = "guide", label: str = "sad") -> Cell:
        folder = tmp_path / name
        audio.write(folder / "a.wav", samples)
        write_manifest(folder / "all.jsonl", [dataclasses.replace(wanted[0], labels={"emotion": label})])
        features.compute(folder / "cache", wanted, folder, features.FeatureConfig(speeds=()))
        write_guide(folder / "cache" / "guide.npz", [np.ones((2, 3))], frames)
        return dataclasses.replace(cell("random"), manifest=str(folder / "all.jsonl"), root=str(folder),
                                   cache=str(folder / "cache"), guide=Guide("guide.npz"))

    sound, other = (rng.uniform(-0.1, 0.1, 16000).astype(np.float32) for _ in range(2))
    first = make("first", sound)
    assert make("again", sound).hash == first.hash
    assert len({first.hash, make("sound", other).hash, make("guide", sound, "another").hash,
                make("label", sound, label="happy").hash}) == 4
    assert finished(tmp_path, first) is None


def test_what_changes_nothing_of_a_training_is_not_in_the_hash() -> None:
    begun = cell("random")
    for change, same in (({"workers": 3, "log_every": 7, "keep": 1, "checkpoint_every": 9}, True),
                         ({"max_steps": 11}, False), ({"validate_every": 3}, False)):
        other = dataclasses.replace(begun, train=dataclasses.replace(begun.train, **change))
        assert (other.hash == begun.hash) is same, change


def test_the_hash_holds_the_code_that_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cell("random").hash
    assert cell("random").hash == before
    monkeypatch.setattr(sources, "code_hash", lambda function, names: "other code")
    assert cell("random").hash != before


def test_the_hash_is_of_the_weights_not_of_their_place(tmp_path: Path) -> None:
    for name, fill in (("a", 0.0), ("b", 0.0), ("c", 1.0)):
        (tmp_path / name).mkdir()
        save_file({"x": torch.full((2,), fill)}, tmp_path / name / WEIGHTS)
    a, b, c = (cell(str(tmp_path / name)).hash for name in "abc")
    assert a == b != c and a != cell("random").hash


def test_what_cannot_be_begun_with_is_told(tmp_path: Path) -> None:
    wanted = protocol.get("mini_emotion")
    with pytest.raises(InputError, match="no folder with model.safetensors"):
        build(cell("best"), wanted)
    (tmp_path / WEIGHTS).write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a safetensors file"):
        build(cell(str(tmp_path)), wanted)
    save_file({"x": torch.zeros(2)}, tmp_path / WEIGHTS)
    with pytest.raises(InputError, match="0 of the model's"):
        build(cell(str(tmp_path)), wanted)
    whole = build(cell("random"), wanted)
    save_file(whole.state_dict(), tmp_path / WEIGHTS)
    with pytest.raises(InputError, match="nothing is left to learn"):
        build(dataclasses.replace(cell(str(tmp_path)), begun=0.0), wanted)
