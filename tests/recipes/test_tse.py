"""The recipe of extraction."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from recipe_loading import ROOT, check_what_is_trained_again, recipe_module
from safetensors.torch import load_file

from avspeech.data.manifest import Utterance, write_manifest
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report.report import read_results


def test_the_mini_recipe_runs_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From no data to a voice in a wav and a page, with a model and a corpus as small as they come."""
    pytest.importorskip("espeakng_loader")
    mini = ("data.corpora.mini.options={speakers: 4, utterances: 2, dev_speakers: 1, test_speakers: 1, "
            "views: [front, left_60], rotating: false, workers: 1}")
    model = ("model.config={lips_width: 4, embed: 8, blocks: 1, dim: 8, hidden: 8, heads: 2, query: 2, "
             "guess: 8, guess_layers: 1}")
    steps = [f"{part}={{max_steps: 2, batch_seconds: 4, validate_every: 2}}"
             for part in ("lips", "guess", "train")]
    arguments = ["--config", str(ROOT / "egs/mini/tse/conf/train.yaml"), "--exp", str(tmp_path / "exp"), mini,
                 model, *steps, "mix.test_count=4", "mix.dev_count=3", "mix.segment=1.0",
                 "mix.test.kinds={silent: 0}"]
    recipe = recipe_module("tse").recipe
    recipe.run(arguments)
    exp = tmp_path / "exp"
    wav = next((exp / "extracted" / "mini").glob("*_face1.wav"))
    assert audio.duration(wav) == pytest.approx(audio.duration(exp / "extracted" / "mini" / "mixture.wav"),
                                                abs=0.1)
    page = (exp / "report.html").read_text(encoding="utf-8")
    assert "SI-SDRi" in page and "data:audio" in page and "left 60" in page
    assert "shuffled video" in (exp / "RESULTS.md").read_text(encoding="utf-8")
    check_what_is_trained_again(recipe, arguments, exp, "mvtf-0/model/model.safetensors", monkeypatch)
    with pytest.raises(InputError, match="other settings"):
        recipe.run([*arguments, "--stage", "train", "--stop-stage", "train", "train.lr=0.5"])
    recipe.run(arguments)
    again = [*arguments, "--exp", str(tmp_path / "again"), "--stop-stage", "train",
             f"model.init={exp}/mvtf-0/model"]
    with pytest.raises(InputError, match=r"model.keep=1.5"):
        recipe.run([*again, "model.keep=1.5"])
    recipe.run([*again, "model.keep=1.0"])
    before, after = (load_file(folder / "mvtf-0" / "model" / "model.safetensors")
                     for folder in (exp, tmp_path / "again"))
    assert not [key for key in before  # but for counters of batches
                if before[key].is_floating_point() and not torch.equal(before[key], after[key])]
    card = (exp / "mvtf-0" / "model" / "README.md").read_bytes()
    recipe.run([*again, "model.keep=1.0", "--stage", "evaluate", "--stop-stage", "evaluate"])
    kept, begun = (read_results(tmp_path / "again" / "results" / f"{name}.json")[0]
                   for name in ("mvtf-0-mini", "before-mini"))
    assert [row["si_sdri"] for row in kept] == [row["si_sdri"] for row in begun]
    assert card == (exp / "mvtf-0" / "model" / "README.md").read_bytes()


def test_an_utterance_without_a_face_interferes_and_stops_nothing(tmp_path: Path) -> None:
    from avspeech.data.manifest import Utterance, View

    tse = recipe_module("tse")
    seen = Utterance("seen", "a.wav", 2.0, "ann", views=(View("a.mp4", crops="a.npz"),))
    blind = Utterance("blind", "b.wav", 2.0, "ann")
    for name, utterances in (("own", [seen, blind]), ("mini", [blind])):
        for split in ("dev", "test"):
            write_manifest(tmp_path / "data" / name / "ready" / f"{split}.jsonl", utterances)
            write_manifest(tmp_path / "data" / name / f"{split}.jsonl", utterances)
    experiment = importlib.import_module("experiment")
    corpora = {"own": experiment.Corpus(source="x"), "mini": experiment.Corpus()}
    cfg = tse.Config(data=experiment.Data(corpora))
    (tmp_path / "mixtures").mkdir()
    (tmp_path / "mixtures" / "dev-mini.jsonl").write_text("of an earlier run")
    tse.mixtures(cfg, tmp_path)
    listed = tse._listed(cfg, tmp_path, "dev")
    assert list(listed) == ["own"]
    records = [json.loads(line) for line in listed["own"].read_text().splitlines()]
    assert len(records) == 40
    assert all(r["target"] == "seen" and r["interferers"][0]["utterance"] == "blind" for r in records)


def test_mouth_crops_are_made_anew_where_the_stretch_or_the_video_is_another(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from avspeech.data.manifest import View
    from avspeech.media import mouths, video

    made: list[tuple[float, float]] = []

    def tracks(path: Path, start: float, duration: float) -> list[mouths.MouthTrack]:
        made.append((start, duration))
        frames = round(25 * duration)
        return [mouths.MouthTrack(np.full((frames, 96, 96), len(made), np.uint8), np.ones(frames, bool),
                                  np.zeros((frames, 4), np.float32), np.zeros(frames, np.float32), 25.0)]

    monkeypatch.setattr(video, "mouth_tracks", tracks)
    cropped = recipe_module("tse")._cropped
    (tmp_path / "a.mp4").write_bytes(b"one")

    def shade(start: float, duration: float, code: str = "v1") -> int:
        utterance = Utterance("u", "a.mp4", duration, "ann", start=start,
                              views=(View("a.mp4", start=start),))
        found, problems = cropped((tmp_path, tmp_path, utterance, code))
        assert not problems and len(list((tmp_path / "crops").iterdir())) == 1  # the old ones go
        (view,) = found.views
        crops, *_ = video.read_crops(tmp_path / str(view.crops))
        assert len(crops) == round(25 * duration) and view.start == 0
        return int(crops.max())

    assert [shade(3.0, 1.0), shade(3.0, 1.0), shade(4.5, 1.0), shade(4.5, 2.0)] == [1, 1, 2, 3]
    (tmp_path / "a.mp4").write_bytes(b"two")  # replaced under its name
    assert [shade(4.5, 2.0), shade(4.5, 2.0), shade(4.5, 2.0, "v2")] == [4, 4, 5]


def test_rendered_views_join_the_front_one_and_training_varies_their_cameras(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from avspeech.data.manifest import View
    from avspeech.media import camera_views, mouths

    asked: list[dict[str, camera_views.Camera]] = []

    def views(path: Path, cameras: list, number: int, start: float, duration: float) -> dict:
        asked.append({camera.name: camera for camera in cameras})
        frames = round(25 * duration)
        return {c.name: mouths.MouthTrack(np.full((frames, 96, 96), 9, np.uint8), np.ones(frames, bool))
                for c in cameras}

    monkeypatch.setattr(camera_views, "views", views)
    rendered = recipe_module("tse")._rendered
    (tmp_path / "a.mp4").write_bytes(b"one")
    (tmp_path / "crops").mkdir()
    front = View("a.mp4", crops="crops/u.front.npz")
    utterance = Utterance("u", "a.mp4", 1.0, "ann", views=(View("a.mp4"),))
    cropped = Utterance("u", "a.mp4", 1.0, "ann", views=(front,))

    def names(varied: bool, wanted: tuple[str, ...] = ("left_60", "top")) -> list[str]:
        found, problems = rendered((tmp_path, tmp_path, utterance, cropped, wanted, varied, "v1"))
        assert not problems and all((tmp_path / str(v.crops)).exists() for v in found.views[1:])
        return [view.name for view in found.views]

    assert names(False) == ["front", "left_60", "top"]
    assert asked.pop() == {"left_60": camera_views.Camera("left_60", 60.0),
                           "top": camera_views.Camera("top", 0.0, 30.0)}
    names(False)
    assert not asked  # they are there
    names(True)
    varied = asked.pop()
    assert 0 < abs(varied["left_60"].yaw - 60) <= 5 and varied["left_60"].distance != 8.0
    assert names(False, ("front",)) == ["front"] and not asked
    assert names(False, ("rotating",)) == ["front", "rotating"]
    assert asked.pop()["rotating"] == camera_views.Camera("rotating", -60.0, until=60.0)


@pytest.mark.parametrize("wrong", [{"looks": 2}, {"looks": -1, "begun": 0}, {"copied": ("cue",)},
                                   {"init": "a", "copied": ("cue",), "keep": 0.5}])
def test_what_an_extractor_begins_with_is_checked(wrong: dict[str, Any]) -> None:
    recipe_module("tse")
    model = importlib.import_module("experiment").Model
    assert model(init="a", copied=("cue.lips.frontend",), begun=0, looks=2).looks == 2
    with pytest.raises(InputError, match=r"(looks|copied|keep)=.*: "):
        model(**wrong)


def compared(spread: float, speakers: int = 8) -> list[dict[str, Any]]:
    """Rows of two systems: the first is 0.6 dB ahead, in each seed by `spread` more or less, and by 1 dB
    more or less from speaker to speaker."""
    rows = []
    for seed, luck in enumerate([-spread, 0.0, spread]):
        for number in range(4 * speakers):
            speaker = number % speakers
            hard = 5 + np.sin(number)
            ahead = 0.6 + luck + (1 if speaker % 2 else -1)
            row = {"seed": seed, "condition": "front", "id": f"m{number}", "speaker": f"s{speaker}"}
            rows += [{**row, "system": "ours", "si_sdri": hard + ahead},
                     {**row, "system": "other", "si_sdri": hard}]
    return rows


def test_the_table_says_how_far_ahead_and_how_many_seeds_would_show_it() -> None:
    recipe_module("tse")
    import evaluation

    tables = {}
    for spread in (0.1, 0.5):
        table = evaluation.differences(compared(spread), "c", ["ours", "other", "before"], ["front"])
        assert [row[0] for row in table.rows] == ["other"]  # nothing is known of the third
        tables[spread] = table.rows[0]
    mean, low, high = (float(x.strip("()")) for x in tables[0.5][1].replace(" to", "").split())
    assert mean == 0.6 and low < 0.3 and high > 0.9  # 8 speakers, and each a decibel off
    assert [tables[spread][2] for spread in (0.1, 0.5)] == ["0.10", "0.50"]
    assert tables[0.1][3] < tables[0.5][3]
    assert "by speaker" in table.note
    lips = [{**r, "lips": r["si_sdri"]} for r in compared(0.1)]
    said = evaluation.differences(lips, "c", ["ours", "other"], ["front"], "lips")
    assert said.header[-1] == "spread" and said.rows[0][1:] == tables[0.1][1:3]
    few = evaluation.differences(compared(0.1, speakers=2), "c", ["ours", "other"], ["front"])
    assert "by mixture" in few.note


@pytest.mark.parametrize("deviation", [0.05, 0.3, 0.8])
def test_so_many_seeds_find_the_difference_four_times_in_five(deviation: float) -> None:
    from scipy.stats import ttest_1samp

    recipe_module("tse")
    import evaluation

    rng = np.random.default_rng(0)
    seeds = evaluation.seeds_needed(deviation)
    for count, enough in ((seeds, True), (max(2, seeds * 2 // 3), False)):
        drawn = rng.normal(evaluation.WORTH, deviation, (4000, count))
        found = (ttest_1samp(drawn, 0, axis=1).pvalue < 0.05).mean()
        assert found >= 0.78 if enough else found < 0.78 or count == seeds


def test_results_of_other_code_are_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were kept, and the stage called finished."""
    recipe_module("tse")
    import evaluation

    from avspeech.extraction.mixing import Mixture, write_mixtures

    write_mixtures(tmp_path / "test.jsonl", [Mixture("m", "two", "u", 1.0)])
    (tmp_path / "model.safetensors").write_bytes(b"")
    asked = []
    monkeypatch.setattr(evaluation.pretrained, "load", lambda place: (None, None))
    monkeypatch.setattr(evaluation, "available", lambda *a: {"front"})
    monkeypatch.setattr(evaluation.training, "evaluate",
                        lambda *a: asked.append(1) or [{"id": "m", "condition": "c"}])
    for code in ("one", "one", "two"):
        evaluation.measure("s", 0, tmp_path, None, {"grid": tmp_path / "test.jsonl"}, {"c": ((), False)},
                           tmp_path / "out", code, note=False)
    assert len(asked) == 2
