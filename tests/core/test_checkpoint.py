from __future__ import annotations

import logging
import math
import os

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from avspeech.core import checkpoint, storage
from avspeech.errors import InputError


def state(value: float) -> dict:
    return {"model": {"weight": torch.full((3, 2), value)}, "step": int(value)}


def same(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (a != a and b != b)


KINDS = [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool]
TENSORS = st.builds(lambda shape, kind: torch.arange(math.prod(shape)).reshape(shape).to(kind),
                    st.lists(st.integers(0, 3), max_size=3), st.sampled_from(KINDS))
STATES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | TENSORS,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=4) | st.integers() | st.just("$tensor"), inner, max_size=3),
    max_leaves=8)


@settings(max_examples=25, deadline=None)
@given(STATES)
def test_any_state_comes_back_as_it_was(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("c")
    checkpoint.save(folder, 1, {"value": value})
    assert same(checkpoint.load_latest(folder)[1], {"value": value})


def test_optimizer_and_tied_weights_come_back(tmp_path):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    checkpoint.save(tmp_path, 7, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    step, read = checkpoint.load_latest(tmp_path)
    assert step == 7 and same(read["optimizer"], optimizer.state_dict())
    model.load_state_dict(read["model"])


def test_what_cannot_be_stored_is_refused_and_leaves_the_last(tmp_path):
    checkpoint.save(tmp_path, 1, state(1))
    with pytest.raises(TypeError, match="model/what.*object"):
        checkpoint.save(tmp_path, 2, {"model": {"what": object()}})
    assert checkpoint.load_latest(tmp_path)[0] == 1


@pytest.mark.parametrize("keep", [1, 3])
def test_keeps_the_newest(tmp_path, keep):
    for step in range(9, 12):  # 9 and 10: by number, not by name
        checkpoint.save(tmp_path, step, state(step), keep)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"step-{s:08d}" for s in range(12 - keep, 12)]


def test_nothing_there(tmp_path):
    assert checkpoint.load_latest(tmp_path) is None
    assert checkpoint.load_latest(tmp_path / "absent") is None


@pytest.mark.parametrize("name", [checkpoint.TENSORS, checkpoint.REST, checkpoint.MARKER])
@pytest.mark.parametrize("harm", ["truncate", "empty", "flip", "delete"])
def test_a_broken_newest_falls_back_to_the_one_before(tmp_path, caplog, name, harm):
    checkpoint.save(tmp_path, 1, state(1))
    path = checkpoint.save(tmp_path, 2, state(2)) / name
    data = path.read_bytes()
    if harm == "delete":
        path.unlink()
    else:
        flipped = data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]
        path.write_bytes({"truncate": data[:-1], "empty": b"", "flip": flipped}[harm])
    with caplog.at_level(logging.WARNING):
        step, read = checkpoint.load_latest(tmp_path)
    assert step == 1 and same(read, state(1))
    # Just what a killed save leaves: no cause for alarm
    incomplete = (name, harm) == (checkpoint.MARKER, "delete")
    assert ("step-00000002" in caplog.text) != incomplete
    checkpoint.save(tmp_path, 2, state(3))  # trained again, it takes the broken one's place
    assert same(checkpoint.load_latest(tmp_path)[1], state(3))


def test_all_broken_is_an_error_not_a_fresh_start(tmp_path):
    for step in (1, 2):
        (checkpoint.save(tmp_path, step, state(step)) / checkpoint.TENSORS).write_bytes(b"")
    with pytest.raises(InputError, match="no checkpoint can be read"):
        checkpoint.load_latest(tmp_path)


def test_the_older_one_stays_until_the_new_one_is_verified(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, 1, state(1), keep=1)
    write = storage.write_file
    with monkeypatch.context() as patch:
        patch.setattr(storage, "write_file", lambda path, data: write(path, data[:-1]))
        with pytest.raises(checkpoint.Corrupt):
            checkpoint.save(tmp_path, 2, state(2), keep=1)
    assert checkpoint.load_latest(tmp_path)[0] == 1


def test_orphans_of_killed_saves_are_removed(tmp_path):
    checkpoint.save(tmp_path, 1, state(1))
    for name in (".aside-2-123", ".aside-old-2-123", "step-00000002"):
        (tmp_path / name).mkdir()
        (tmp_path / name / checkpoint.TENSORS).write_bytes(b"half")
    assert checkpoint.load_latest(tmp_path)[0] == 1
    checkpoint.save(tmp_path, 3, state(3))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-00000001", "step-00000003"]


def test_a_crash_at_any_call_to_the_disk_leaves_a_whole_checkpoint(tmp_path, monkeypatch):
    """Every fsync, rename and removal of a save in turn is where the process 'dies' (an error nothing
    catches)."""
    class Crash(BaseException):
        pass

    def dies_at(number):
        calls = iter(range(10**6))

        def wrap(function):
            def call(*args, **kwargs):
                if next(calls) == number:
                    raise Crash
                return function(*args, **kwargs)
            return call
        return wrap

    for number in range(100):
        folder = tmp_path / str(number)
        checkpoint.save(folder, 1, state(1), keep=1)
        with monkeypatch.context() as patch:
            wrap = dies_at(number)
            for module, name in ((os, "fsync"), (os, "rename"), (os, "replace"), (os, "unlink"),
                                 (os, "mkdir")):
                patch.setattr(module, name, wrap(getattr(module, name)))
            try:
                checkpoint.save(folder, 2, state(2), keep=1)
                break
            except Crash:
                pass
        step, read = checkpoint.load_latest(folder)
        assert step in (1, 2) and same(read, state(step))
        checkpoint.save(folder, 3, state(3), keep=1)
        assert [p.name for p in folder.iterdir()] == ["step-00000003"]
    assert number > 10


def test_load_fitting_takes_what_has_the_same_name_and_shape() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    kept = model[1].weight.clone()
    theirs = {"0.weight": torch.ones(2, 3), "0.bias": torch.ones(2), "1.weight": torch.ones(5, 2),
              "other": torch.ones(1)}
    assert checkpoint.load_fitting(model, theirs) == (2, 4)
    assert torch.equal(model[0].weight, torch.ones(2, 3)) and torch.equal(model[1].weight, kept)


def test_a_share_of_what_was_before_is_kept() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    after = {key: value.clone() for key, value in model.state_dict().items()}
    before = {key: torch.full_like(value, 4) for key, value in after.items()}
    before["0.bias"] = torch.ones(5)  # of another shape
    del before["1.bias"]
    checkpoint.keep_share(model, before, 0.25)
    for key, value in model.state_dict().items():
        mean = key not in ("0.bias", "1.bias") and value.is_floating_point()
        assert torch.allclose(value, 0.75 * after[key] + 1 if mean else after[key])
