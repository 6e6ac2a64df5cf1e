"""Alone; what several processes do together is tried in test_trainer.py."""

from __future__ import annotations

import torch

from avspeech.core import processes


def test_alone(monkeypatch):
    for world in (None, "1"):
        if world:
            monkeypatch.setenv("WORLD_SIZE", world)
        with processes.distributed():
            assert processes.rank_and_world() == (0, 1) and processes.is_main()
            processes.barrier()
            assert processes.total([1.0, 2.0], torch.device("cpu")) == [1.0, 2.0]
            assert processes.from_main(torch.tensor(3)) == 3


def test_device(monkeypatch):
    assert processes.device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert processes.device() == torch.device("cuda", 3)
