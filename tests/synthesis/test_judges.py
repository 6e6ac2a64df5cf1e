"""Plugs for other people's models: what is said where they are missing, and words counted."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from avspeech.errors import InputError
from avspeech.synthesis import judges


def test_word_errors() -> None:
    pytest.importorskip("jiwer")
    assert judges.word_errors("a b c".split(), "a x c d".split()) == (2, 3)
    assert judges.word_errors("a b".split(), "a b".split()) == (0, 2)


def test_a_folder_without_a_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=None))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no model.bin"):
        judges.Recogniser(tmp_path)


def test_a_recogniser_hears_at_its_own_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []

    class Model:
        def __init__(self, *args: object, **options: object) -> None:
            pass

        def transcribe(self, sound: np.ndarray, **options: object) -> tuple[list, None]:
            heard.append(len(sound))
            return [SimpleNamespace(text=" One "), SimpleNamespace(text="two.")], None

    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=Model))  # type: ignore[arg-type]
    (tmp_path / "model.bin").write_bytes(b"")
    assert judges.Recogniser(tmp_path)(np.zeros(8000, np.float32), 8000) == "One two."
    assert heard == [16000]


def test_missing_packages_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("faster_whisper", "jiwer"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="pip install faster-whisper"):
        judges.Recogniser("tiny.en")
    with pytest.raises(InputError, match="pip install jiwer"):
        judges.word_errors(["a"], ["b"])
    monkeypatch.setattr(judges.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install speechmos"):
        judges.opinion_judges()
