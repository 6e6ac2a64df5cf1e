"""Temporary files are gone at the end, and those of a killed app at the next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from avspeech.app import folders

CHILD = """
import os, signal, sys, tempfile
from avspeech.app.folders import work_folder
with work_folder() as folder:
    (folder / "voice.wav").write_bytes(b"x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def started(tmp_path: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, env={**os.environ, "TMPDIR": str(tmp_path)},
                               cwd=Path(__file__).resolve().parents[2])
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_app_left_goes_at_the_next_start(tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    running, kept = started(tmp_path)
    killed, left = started(tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    other = tmp_path / "avspeech-app-notes"
    other.mkdir()
    assert left.is_dir()
    with folders.work_folder() as folder:
        assert not left.exists() and (kept / "voice.wav").exists() and other.is_dir()
        assert folder.stat().st_mode & 0o077 == 0
    running.communicate("")
    assert list(tmp_path.iterdir()) == [other]


def test_links_are_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (tmp_path / "avspeech-app-1-abc").symlink_to(target)
    folders.sweep(tmp_path)
    assert target.is_dir() and list(target.iterdir()) == []
