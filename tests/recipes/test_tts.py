"""The recipe of synthesis."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from recipe_loading import ROOT, check_what_is_trained_again, recipe_module

from avspeech import text as text_module
from avspeech.core import pretrained
from avspeech.data.manifest import read_manifest, write_manifest
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report.report import read_results

SMALL = ("model.config={width: 16, layers: 1, hidden: 16, decoder: [16, 16], blocks: 1, duration: 8, "
         "speaker_width: 4, phrasing: 8, vocoder: {width: 8, hidden: 16, layers: 1, pitch_width: 8}}")


def test_the_mini_speech_recipe_runs_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From no data to a text read aloud and a page, with a voice and a corpus as small as they come."""
    for package in ("espeakng_loader", "pyworld"):
        pytest.importorskip(package)
    arguments = ["--config", str(ROOT / "egs/mini/tts/conf/train.yaml"), "--exp", str(tmp_path / "exp"),
                 "data.corpora.mini_tts.options={speakers: 1, utterances: 5, dev: 1, test: 1, workers: 1}",
                 SMALL, "align.turns=3", "vocoder={max_steps: 2, batch_seconds: 2, validate_every: 2}",
                 "polish={renditions: 1, fit: {max_steps: 1, batch_seconds: 2}}",
                 "train={max_steps: 2, batch_seconds: 4, validate_every: 2}",
                 "sentences={count: 1, shortest: 1, controls: 1, steps: 1, slopes: [4.0], pauses: [0.4]}",
                 "systems.matcha.model.intonation=false"]
    recipe = recipe_module("tts").recipe
    recipe.run(arguments)
    exp = tmp_path / "exp"
    assert audio.duration(exp / "spoken" / "0.wav") > 0.4  # the break that the text asks for, at least
    results = (exp / "RESULTS.md").read_text(encoding="utf-8")
    assert "matcha" in results and "prosodyfm + reference" in results and "pause" in results
    assert "what the corpus was made to say" in results
    assert "data:audio" in (exp / "report.html").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="other settings"):
        recipe.run([*arguments, "--stage", "train", "--stop-stage", "train", "train.lr=0.5"])
    check_what_is_trained_again(recipe, arguments, exp, "matcha-0/model/model.safetensors", monkeypatch)


@pytest.mark.parametrize(("excess", "quiet"), [(0.06, 0.0), (0.06, 0.06), (0.03, 0.06), (-0.02, 0.0)])
def test_pauses_are_made_shorter_by_what_is_heard_too_much(excess: float, quiet: float, tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that end and begin quietly, in a voice that already makes pauses shorter by `quiet`."""
    recipe_module("tts")
    measuring = importlib.import_module("measuring")
    rate, written = 16000, {}

    class Fake:
        config = SimpleNamespace(quiet=quiet)
        model = info = None

        def __init__(self, *args: Any, **options: Any) -> None: ...

        def manner(self, **options: Any) -> None: ...

        def speech(self, script: Any, manner: None) -> SimpleNamespace:
            (pause,) = script.breaks().values()
            silent = pause - quiet + excess
            tone = 0.3 * np.sin(np.arange(rate // 2) * 0.1)
            words = [{"start": 0.0, "end": 0.5}, {"start": 0.5 + silent, "end": 1.0 + silent}]
            return SimpleNamespace(audio=np.concatenate([tone, np.zeros(round(silent * rate)), tone]),
                                   sample_rate=rate, words=words)

    monkeypatch.setattr(Fake, "from_pretrained", Fake, raising=False)
    monkeypatch.setattr(measuring, "Synthesizer", Fake)
    monkeypatch.setattr(measuring.pretrained, "read_info", lambda folder: SimpleNamespace(config={}))
    monkeypatch.setattr(measuring.pretrained, "update", lambda folder, config: written.update(config))
    records = {text: {"script": text_module.analyse(text).as_dict()} for text in ("Two words.", "One.")}
    assert measuring.fit_quiet(tmp_path, records, 1, 0) == pytest.approx(max(0.0, excess), abs=0.02)
    assert written == {"quiet": pytest.approx(max(0.0, excess), abs=0.02)}
    assert measuring.fit_quiet(tmp_path, {"One.": records["One."]}, 1, 0) == quiet


def test_others_are_learned_from_and_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus of role "support" without texts: heard once, learned from, no voice of the result."""
    from avspeech.synthesis import judges

    for package in ("espeakng_loader", "pyworld"):
        pytest.importorskip(package)
    recipe = recipe_module("tts").recipe
    options = "{speakers: %d, utterances: 3, dev: 1, test: 1, workers: 1}"
    arguments = ["--config", str(ROOT / "egs/mini/tts/conf/train.yaml"), "--exp", str(tmp_path / "exp"),
                 "data.corpora.mini_tts.options=" + options % 1,
                 "data.corpora.others={corpus: mini_tts, role: support, recogniser: tiny, options: %s}"
                 % (options % 2), "align={turns: 2, phonemiser: default}", "systems={prosodyfm: {}}",
                 "model.config={width: 8, layers: 1, hidden: 8, decoder: [8, 8], blocks: 1, duration: 8, "
                 "speaker_width: 4, phrasing: 8, vocoder: {width: 8, hidden: 16, layers: 1, pitch_width: 8}}",
                 "vocoder={max_steps: 1, batch_seconds: 2}", "train={max_steps: 1, batch_seconds: 4}",
                 "phrasing.max_steps=1"]
    recipe.run([*arguments, "--stop-stage", "prepare"])
    manifest = tmp_path / "exp/data/others/train.jsonl"
    untold = [dataclasses.replace(u, text=None) for u in read_manifest(manifest)]
    write_manifest(manifest, untold)
    heard = []

    class Fake:
        def __init__(self, model: str) -> None:
            assert model == "tiny"

        def __call__(self, samples: np.ndarray, sample_rate: int) -> str:
            heard.append(len(samples) / sample_rate)
            return "The captain moved two boxes."

    monkeypatch.setattr(judges, "Recognizer", Fake)
    write_texts = importlib.import_module("preparation").write_texts
    for _ in range(2):
        write_texts([manifest], tmp_path / "exp/data/others", "tiny", manifest.with_name("heard.json"))
    assert len(heard) == 2 and heard == pytest.approx([u.duration for u in untold], abs=0.01)
    assert {u.text for u in read_manifest(manifest)} == {"The captain moved two boxes."}
    recipe.run([*arguments, "--stage", "phones", "--stop-stage", "train"])
    scripts = json.loads((tmp_path / "exp/phones/train.json").read_text(encoding="utf-8"))
    assert len(scripts) == 2  # one voice's and one other's: the voice itself is not its own support
    model, _ = pretrained.load(tmp_path / "exp/prosodyfm-0/model")
    assert len(model.config.speakers) == 1 and model.speaker.weight.shape == (1, 4)


def test_a_corpus_is_measured_on_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus of role "test": nothing is learned from it, its sentences are said and measured."""
    for package in ("espeakng_loader", "pyworld"):
        pytest.importorskip(package)
    recipe = recipe_module("tts").recipe
    options = "{speakers: %d, utterances: 5, dev: 1, test: %d, workers: 1}"
    exp = tmp_path / "exp"
    arguments = ["--config", str(ROOT / "egs/mini/tts/conf/train.yaml"), "--exp", str(exp),
                 "data.corpora.mini_tts.options=" + options % (1, 1), SMALL,
                 "align={turns: 2, phonemiser: default}", "systems={prosodyfm: {}, "
                 "matcha: {model: {breaks: false, intonation: false}}}",
                 "vocoder={max_steps: 1, batch_seconds: 2}", "train={max_steps: 1, batch_seconds: 4}",
                 "phrasing.max_steps=1", "polish.renditions=0"]
    recipe.run([*arguments, "--stop-stage", "train"])
    log = exp / "prosodyfm-0/fit/log.jsonl"
    made = log.stat().st_mtime_ns
    arguments += ["data.corpora.stranger={corpus: mini_tts, role: test, options: "
                  + options % (2, 2) + "}",
                  "sentences={count: 1, others: 2, pitch: dio, controls: 1, slopes: [4.0], "
                  "pauses: [0.4], steps: 1, shortest: 1}"]
    recipe.run(arguments)
    assert log.stat().st_mtime_ns == made  # it does not belong to what the voice learned
    info = pretrained.read_info(exp / "prosodyfm-0/model")
    assert [data["name"] for data in info.training_data] == ["mini_tts"]
    rows, _ = read_results(exp / "results")
    of = {key: {r["system"] for r in rows if r["condition"] == f"stranger: {key}"}
          for key in ("tone_accuracy", "mcd")}
    assert of["tone_accuracy"] == {"prosodyfm", "prosodyfm + reference", "matcha"}
    assert not of["mcd"]  # the voices differ
    page = (exp / "RESULTS.md").read_text(encoding="utf-8")
    assert "Differences on stranger" in page and "prosodyfm - matcha" in page
    scores = json.loads((exp / "scores/prosodyfm-0 on stranger.json").read_text(encoding="utf-8"))
    assert set(scores["pairs"]) < set(json.loads((exp / "measured/stranger/words/test.json").read_text()))
