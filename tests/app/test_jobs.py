"""The queue where jobs behave badly."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from avspeech.app import jobs as jobs_module
from avspeech.app.jobs import OVER, Job, Jobs
from avspeech.app.limits import Limits
from avspeech.app.worker import Desk
from avspeech.errors import InputError


def stubborn(request: dict[str, Any], desk: Desk) -> None:
    desk.progress("deaf", 1, 2, "")
    (desk.folder / "half.wav").write_bytes(b"x")
    time.sleep(60)


def defective(request: dict[str, Any], desk: Desk) -> None:
    raise ZeroDivisionError("of us")


def ending(request: dict[str, Any], desk: Desk) -> None:
    os._exit(3)


def bars(request: dict[str, Any], desk: Desk) -> int:
    """A pipeline's own bar, over more than the page takes."""
    from tqdm import tqdm

    return sum(1 for _ in tqdm(range(request["count"]), desc="faces", unit="frame"))


def bad(request: dict[str, Any], desk: Desk) -> None:
    import warnings

    warnings.warn(f"{request['files'][0]}: two tracks", stacklevel=1)
    raise InputError(f"{request['files'][0]}: no\nsound")


ROOMS = {"stubborn": stubborn, "defective": defective, "ending": ending, "bars": bars, "bad": bad}


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    made = Jobs(tmp_path_factory.mktemp("jobs"), Limits(minutes=1.0), ROOMS)
    yield made
    made.close()


def ended(queue: Jobs, kind: str, **request: Any) -> Job:
    job = added(queue, kind, **request)
    while job.state not in OVER:
        time.sleep(0.01)
    return job


def added(queue: Jobs, kind: str, **request: Any) -> Job:
    folder = queue.folder / str(time.monotonic_ns())
    folder.mkdir()
    job = Job(kind, request, folder, names={"/x/file.mp4": "My talk.mp4"})
    queue.add(job)
    return job


def test_one_that_does_not_stop_is_ended(queue: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "GRACE", 0.2)
    job = added(queue, "stubborn")
    while job.progress is None or not (job.folder / "half.wav").exists():
        time.sleep(0.01)
    assert job.progress == {"what": "deaf", "done": 1, "total": 2, "unit": ""}
    process = queue._process
    queue.cancel(job)
    while job.state not in OVER:
        time.sleep(0.01)
    assert job.state == "cancelled" and not process.is_alive() and not job.folder.exists()


def test_one_that_ends_its_process(queue: Jobs) -> None:
    job = ended(queue, "ending")
    assert job.state == "failed" and "code 3" in (job.line or "")


def test_a_defect_is_a_line(queue: Jobs) -> None:
    job = ended(queue, "defective")
    assert (job.state, job.line) == ("failed", "it cannot be processed (ZeroDivisionError)")


def test_the_users_names_stand_in_for_paths(queue: Jobs) -> None:
    job = ended(queue, "bad", files=["/x/file.mp4"])
    assert (job.state, job.line) == ("failed", "My talk.mp4: no sound")


def test_the_bars_of_pipelines_are_heard_and_bounded(queue: Jobs) -> None:
    done = ended(queue, "bars", count=100)
    assert (done.state, done.result) == ("done", 100)
    long = ended(queue, "bars", count=10_000)
    assert long.state == "failed" and "goes on for longer" in (long.line or "")
