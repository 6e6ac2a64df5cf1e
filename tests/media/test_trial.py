"""Rare decoders are tried in a child, whose end is one line for one file."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av")

from sounds import encode, murmur  # noqa: E402

from avspeech.errors import InputError  # noqa: E402
from avspeech.media import audio, trial  # noqa: E402


@pytest.fixture(autouse=True)
def fresh() -> None:
    trial._tried.cache_clear()


def counted(monkeypatch: pytest.MonkeyPatch, code: int | None = None) -> list[list[str]]:
    """The children that are started from now on; with `code` they are not, and end by it."""
    started, run = [], subprocess.run

    def fake(args: list[str], **options: Any) -> Any:
        started.append(args)
        return run(args, **options) if code is None else subprocess.CompletedProcess(args, code)

    monkeypatch.setattr(trial.subprocess, "run", fake)
    return started


def test_a_rare_codec_is_tried_once_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "a.tta", [murmur(0.5, 16000)], 16000, "tta")
    started = counted(monkeypatch)
    first = audio.read(path, 16000)
    assert len(first) == 8000 and (audio.read(path, 16000) == first).all()
    assert len(started) == 1
    # Another content of the same name is another file.
    os.utime(path, ns=(1, 1))
    audio.read(path, 16000)
    assert len(started) == 2


def test_a_child_that_ends_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "a.tta", [murmur(0.5, 16000)], 16000, "tta")
    counted(monkeypatch, -signal.SIGABRT)
    with pytest.raises(InputError, match=r"a\.tta: its sound \(tta\) cannot be decoded here: the "
                                         r"decoder ends by signal 6; convert it"):
        audio.read(path, 16000)


def test_a_child_that_hangs_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "a.tta", [murmur(0.5, 16000)], 16000, "tta")
    monkeypatch.setattr(trial, "LONGEST", 0.001)
    with pytest.raises(InputError, match="not done after"):
        audio.read(path, 16000)


def test_common_codecs_need_no_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = counted(monkeypatch)
    for name, codec in (("a.flac", "flac"), ("a.m4a", "aac"), ("a.wav", "pcm_s16le"),
                        ("a.mp3", "libmp3lame"), ("a.mkv", "libopus")):
        audio.read(encode(tmp_path / name, [murmur(0.5, 48000)], 48000, codec), 16000)
    assert started == []
    assert trial.is_common("aac", "LC") and not trial.is_common("aac", "xHE-AAC")
