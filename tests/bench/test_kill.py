"""Sweeps in processes of their own: over Dask, killed again and again, two at once. The results file is the
same.

    bash tools/test.sh -m slow tests/bench/test_kill.py
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avspeech import cli
from avspeech.data.manifest import Utterance, write_manifest
from avspeech.media import audio

pytest.importorskip("distributed")
KILLS = int(os.environ.get("AVSPEECH_KILLS", "20"))
TIMEOUT = 3600  # seconds; on a busy machine most of a short sweep is waiting for it to begin
SPEC = ("name: {0}\nkind: classification\nterm: short\nmetrics: [uar]\n"
        "corpora:\n  tones: {{label: {0}, protocol: speaker-3fold}}\n")


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A config of four tasks on tones, one upstream that needs nothing."""
    rng = np.random.default_rng(0)
    names = ("pitch", "level", "length", "nothing")
    rows = []
    for s in range(6):
        for i in range(20):
            pitch, level, seconds = rng.uniform(100, 600), rng.uniform(0.1, 0.9), rng.uniform(0.3, 0.6)
            wave = level * np.sin(2 * np.pi * pitch * np.arange(round(16000 * seconds)) / 16000)
            audio.write(tmp_path / "sound" / f"{s}-{i}.wav", wave.astype(np.float32), 16000)
            labels = {"pitch": "high" if pitch > 350 else "low", "level": "loud" if level > 0.5 else "soft",
                      "length": "long" if seconds > 0.45 else "short", "nothing": "ab"[int(rng.integers(2))]}
            rows.append(Utterance(f"{s}-{i}", f"sound/{s}-{i}.wav", seconds, f"s{s}", labels=labels))
    write_manifest(tmp_path / "all.jsonl", rows)
    (tmp_path / "specs").mkdir()
    for name in names:
        (tmp_path / "specs" / f"{name}.yaml").write_text(SPEC.format(name), encoding="utf-8")
    config = tmp_path / "sweep.yaml"
    config.write_text(
        f"corpora: {{tones: {{manifest: '{tmp_path}/all.jsonl'}}}}\nspecs: '{tmp_path}/specs'\n"
        f"tasks: [{', '.join(names)}]\nupstreams: {{log-mel: {{}}}}\nshuffled: [log-mel]\nseeds: [0, 1]\n"
        "probes: {linear: {epochs: 10}, mlp: {head: mlp, epochs: 10}}\n",
        encoding="utf-8")
    return config


def start(config: Path, exp: Path, *options: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "avspeech", "bench", "run", str(config), "--exp", str(exp), *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(config: Path, exp: Path, *options: str) -> bytes:
    process = start(config, exp, *options)
    _, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, errors
    return (exp / "results.jsonl").read_bytes()


def descendants(pid: int) -> Iterator[int]:
    """The processes under one, deepest last."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # gone meanwhile
        if parent == pid:
            yield int(entry.name)
            yield from descendants(int(entry.name))


def test_over_dask_as_without(sweep: Path, tmp_path: Path) -> None:
    few = ["tasks=[pitch]", "seeds=[0]", "probes={linear: {epochs: 2}, mlp: {epochs: 2}}"]
    for place, options in (("here", ["none"]), ("dask", ["local", "--workers", "1"])):
        run = ["bench", "run", str(sweep), "--exp", str(tmp_path / place), *few, "--cluster", *options]
        assert cli.main(run) == 0
    assert (tmp_path / "here/results.jsonl").read_bytes() == (tmp_path / "dask/results.jsonl").read_bytes()


@pytest.mark.slow
def test_killed_twenty_times(sweep: Path, tmp_path: Path) -> None:
    """SIGKILL of the driver and of workers, at random moments of a sweep; each time it is started again
    until it is done, and then from nothing."""
    exp, rng = tmp_path / "exp", random.Random(0)
    began = time.monotonic()
    expected = finish(sweep, tmp_path / "reference", "--workers", "2")
    whole = time.monotonic() - began
    kills = {"driver": 0, "worker": 0}
    finished = 0
    while sum(kills.values()) < KILLS:
        process = start(sweep, exp, "--workers", "2")
        time.sleep(rng.uniform(0.2, 1.0) * whole)
        if process.poll() is None:
            workers = list(descendants(process.pid))
            victim = "worker" if workers and sum(kills.values()) % 2 else "driver"
            os.kill(rng.choice(workers) if victim == "worker" else process.pid, signal.SIGKILL)
            kills[victim] += 1
        process.communicate(timeout=TIMEOUT)
        left = [w for w in descendants(process.pid) if Path(f"/proc/{w}").exists()]
        assert left == []
        if process.returncode == 0:
            assert (exp / "results.jsonl").read_bytes() == expected
            finished += 1
            shutil.rmtree(exp)
    assert finish(sweep, exp, "--workers", "2") == expected
    print(f"\n{kills}, {finished + 1} sweeps finished, each with the same {len(expected):,} bytes")


@pytest.mark.slow
def test_two_at_once(sweep: Path, tmp_path: Path) -> None:
    expected = finish(sweep, tmp_path / "reference", "--cluster", "none")
    exp = tmp_path / "exp"
    drivers = [start(sweep, exp, "--workers", "1") for _ in range(2)]
    for driver in drivers:
        _, errors = driver.communicate(timeout=TIMEOUT)
        assert driver.returncode == 0, errors
        assert (exp / "results.jsonl").read_bytes() == expected
    assert len(list((exp / "cells").glob("*.jsonl"))) == 16
