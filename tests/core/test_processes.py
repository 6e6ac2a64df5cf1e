"""Alone; what several processes do together is tried in test_trainer.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
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


POOL = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from avspeech.core import processes

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=processes.end_with_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 60).result()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc who runs")
def test_a_pools_workers_end_with_who_started_them(tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL, encoding="utf-8")
    driver = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    worker = int(driver.stdout.readline())
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    for _ in range(100):
        if not _runs(worker):
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker goes on")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
