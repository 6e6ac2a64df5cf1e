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
        judges.Recognizer(tmp_path)


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
    assert judges.Recognizer(tmp_path)(np.zeros(8000, np.float32), 8000) == "One two."
    assert heard == [16000]


def test_missing_packages_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("faster_whisper", "jiwer"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="pip install faster-whisper"):
        judges.Recognizer("tiny.en")
    with pytest.raises(InputError, match="pip install jiwer"):
        judges.word_errors(["a"], ["b"])
    monkeypatch.setattr(judges.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install speechmos"):
        judges.opinion_judges()


def test_dnsmos_hears_every_part_at_one_level(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[np.ndarray] = []

    def run(sound: np.ndarray, rate: int) -> dict[str, float]:
        assert rate == 16000 and np.abs(sound).max() <= 1
        heard.append(sound)
        return {"ovrl_mos": float(len(heard))}

    monkeypatch.setitem(sys.modules, "speechmos",
                        SimpleNamespace(dnsmos=SimpleNamespace(run=run)))  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    for seconds, pieces in ((4.0, 1), (9.01, 1), (9.5, 2), (10.9, 3), (12.0, 4)):
        heard.clear()
        sound = (0.001 * rng.standard_normal(round(seconds * 16000)) + 0.02).astype(np.float32)
        assert judges._dnsmos(sound, 16000) == pytest.approx((pieces + 1) / 2)
        whole = judges.leveled(sound, 16000)
        assert len(heard) == pieces
        assert np.array_equal(heard[0], whole[: len(heard[0])])
        assert np.array_equal(heard[-1], whole[-len(heard[-1]):])
        if pieces > 1:
            assert {len(piece) for piece in heard} == {144160}
        assert 20 * np.log10(whole.std()) == pytest.approx(judges.LEVEL_DB, abs=0.5)


def test_the_level_is_that_of_the_speech() -> None:
    """Neither gain, an offset nor silence around changes what a judge hears of the speech."""
    rng = np.random.default_rng(0)
    speech = 0.1 * rng.standard_normal(16000)
    plain = judges.leveled(speech, 16000)
    for gain in (1e-3, 0.1, 3.0):
        assert np.allclose(judges.leveled(gain * speech + 0.05, 16000), plain, atol=1e-5)
    padded = judges.leveled(np.concatenate([np.zeros(48000), speech, np.zeros(48000)]), 16000)[48000:64000]
    assert np.abs(padded - plain).max() < 0.01
    assert not judges.leveled(np.full(16000, 0.3), 16000).any()


@pytest.mark.slow  # the package compiles for seconds
def test_the_judge_itself_ignores_gain() -> None:
    pytest.importorskip("speechmos")
    time = np.arange(16000 * 3) / 16000
    sound = 0.1 * np.sin(2 * np.pi * 150 * time) * (1 + np.sin(2 * np.pi * 3 * time))
    sound += 1e-3 * np.random.default_rng(0).standard_normal(len(time))
    one, two = (judges._dnsmos(gain * sound, 16000) for gain in (1.0, 0.01))
    assert one == pytest.approx(two, abs=0.01) and 1 <= one <= 5
