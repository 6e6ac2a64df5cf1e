"""What the rooms of the page tell of a face."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from avspeech.app import rooms
from avspeech.media import audio


def test_a_warning_about_a_face_names_the_face_and_no_file_of_ours(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Extractor:
        def extract(self, paths: Any, out: Path, called: Any, **_: Any) -> list[Path]:
            warnings.warn(f"{called(12)}: the lips fit no voice", stacklevel=1)
            out.mkdir()
            audio.write(out / "file_face12.wav", np.zeros(1600, np.float32))
            return [out / "file_face12.wav"]

    desk: Any = SimpleNamespace(folder=tmp_path, limits=SimpleNamespace(views=4),
                                model=lambda _: Extractor())
    monkeypatch.setattr(rooms, "_files", lambda *_: [tmp_path / "file.mp4"])
    monkeypatch.setattr(rooms, "_found", lambda *_: [{}])
    with pytest.warns(UserWarning) as told:
        result = rooms.extract({"face": 12}, desk)
    assert [str(w.message) for w in told] == ["Face 12: the lips fit no voice"]
    assert [voice["face"] for voice in result["voices"]] == [12]
