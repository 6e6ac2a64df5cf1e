"""A piece that kills its worker fails alone; its neighbors do not."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from avspeech.bench.cluster import workers
from avspeech.bench.plan import Cluster

pytest.importorskip("distributed")


def piece(request: dict[str, Any]) -> dict[str, Any]:
    time.sleep(request["seconds"])
    if request["kills"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"done": request["number"]}


def right(run: Any, killers: set[int], seconds: float = 0.02) -> bool:
    """Whether of 12 pieces just the killers have failed, and each was answered once."""
    requests = [{"number": i, "kills": i in killers, "seconds": seconds} for i in range(12)]
    answers = [(request["number"], answer) for request, answer in run(piece, requests)]
    failed = {number for number, answer in answers if "error" in answer}
    assert all("alone" in answer["error"] for _, answer in answers if "error" in answer)
    return sorted(number for number, _ in answers) == list(range(12)) and failed == killers


def test_only_the_guilty_piece_fails() -> None:
    with workers(Cluster(kind="local", workers=2)) as run:
        assert right(run, {5})


@pytest.mark.slow
def test_ten_times_of_ten() -> None:
    with workers(Cluster(kind="local", workers=2)) as run:
        found = [right(run, {i}, seconds) for i, seconds in zip(range(10), [0.0, 0.05] * 5)]
        found.append(right(run, {0, 6, 11}))
    assert found == [True] * 11
