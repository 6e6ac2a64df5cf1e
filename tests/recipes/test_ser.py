"""The recipe of emotion."""

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
import torch
from recipe_loading import ROOT, check_what_is_trained_again, recipe_module

from avspeech.core import models, pretrained
from avspeech.data import protocol
from avspeech.data.manifest import Utterance, write_manifest
from avspeech.errors import InputError
from avspeech.media import audio


def test_the_mini_emotion_recipe_runs_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From no data to tables and a model folder, with as few words and steps as will do; a cell that is
    finished is not done again."""
    pytest.importorskip("espeakng_loader")
    arguments = ["--config", str(ROOT / "egs/mini/ser/conf/train.yaml"), "--exp", str(tmp_path / "exp"),
                 "corpus.options={sentences: 1, workers: 1}", "corpus.incomplete=true", "features.speeds=[]",
                 "folds=[fold1, fold2]", "train={max_steps: 2, validate_every: 1}", "workers=1",
                 "model.config={mels: 16, dim: 8, layers: 1, heads: 2, inner: 8, dropout: 0}"]
    recipe = recipe_module("ser").recipe
    recipe.run(arguments)
    exp = tmp_path / "exp"
    page = (exp / "RESULTS.md").read_text(encoding="utf-8")
    assert "hrf against plain" in page and "chosen by the test speakers" in page and "Merged against" in page
    whole = protocol.get("mini_emotion")
    assert f"Speaker-independent, 2 of {len(whole.folds)} folds pooled" in page
    assert "Only these folds were run: fold1, fold2." in page and "nan" not in page
    tested = sum(len(fold.test) for fold in whole.folds[:2])
    assert f"clips of {tested} speakers are tested" in page
    row = next(line for line in page.splitlines() if line.startswith("| always '"))
    assert row.count("| none |") == 2 and "missing" not in row  # it has neither seeds nor an interval
    assert "| always '" in page and "| 20.0 |" in page  # of five classes, whatever most clips are
    assert "## Incomplete corpus" in page and whole.hash not in page
    cell = json.loads(next(exp.rglob("cell.json")).read_text(encoding="utf-8"))
    assert cell["protocol"] != whole.hash and cell["protocol"] in page
    assert "svg" in (exp / "report.html").read_text(encoding="utf-8")
    from avspeech.core import pretrained

    model, info = pretrained.load(exp / "models" / "hrf")
    assert cell["protocol"] in info.description and "uar, on 2 of" in str(info.metrics)
    assert info.task == "emotion" and len(info.labels) == 5 and model.config.hrf is None
    assert len(list(exp.rglob("cell.json"))) == 5  # two systems, two folds, and the one for release
    check_what_is_trained_again(recipe, arguments, exp, "cells/hrf/fold1-0/cell.json", monkeypatch)
    next(exp.rglob("hrf/fold1-0/cell.json")).unlink()  # a cell that was cut short
    recipe.run([*arguments, "--stage", "evaluate", "--stop-stage", "report", "--force"])
    page = (exp / "RESULTS.md").read_text(encoding="utf-8")
    assert "hrf/fold1-0" in page.split("## Missing")[1] and "hrf against plain: no complete seed" in page
    with pytest.raises(InputError, match="fold 'fold9'"):
        recipe.run([*arguments, "--stage", "train", "folds=[fold9]"])


def test_experiments_on_other_material_share_neither_features_nor_cells(tmp_path: Path) -> None:
    """Two corpora of the same names and lengths, in experiments of one folder; then a corpus whose sounds
    are replaced in their place."""
    from avspeech.data.corpora import ravdess
    from avspeech.emotion.features import Cache

    rng = np.random.default_rng(0)
    actors = {actor[-2:] for fold in ravdess.PROTOCOLS[0].folds for actor in fold.test[:2]}
    names = [name for name in ravdess.names() if name[3:11] == "01-01-01" and name[-2:] in actors]

    def corpus(folder: str) -> str:
        for name in names:
            sound = rng.uniform(-0.1, 0.1, 33_600).astype(np.float32)
            audio.write(tmp_path / folder / f"Actor_{name[-2:]}" / f"03-01-{name}.wav", sound)
        return str(tmp_path / folder)

    recipe = recipe_module("ser").recipe

    def run(exp: str, source: str, *more: str) -> tuple[str, list[dict]]:
        recipe.run(["--config", str(ROOT / "egs/ravdess/ser/conf/edge.yaml"), "--exp", str(tmp_path / exp),
                    f"corpus.source={source}", "corpus.incomplete=true", "features.speeds=[]",
                    "folds=[fold1]", "train={max_steps: 2, validate_every: 1}", "workers=1", "seeds=[0]",
                    "systems={plain: {}}", "release.systems=[]", "release.committee=false",
                    "model={name: conv_transformer, "
                    "config: {mels: 16, dim: 8, layers: 1, heads: 2, inner: 8}}",
                    "--stop-stage", "train", *more])
        cell = json.loads(next((tmp_path / exp).rglob("cell.json")).read_text(encoding="utf-8"))
        rows = (next((tmp_path / exp).rglob("test.jsonl"))).read_text(encoding="utf-8")
        return Cache(cell["cell"]["cache"]).digest, [json.loads(row) for row in rows.splitlines()]

    one, other = corpus("one"), corpus("other")
    first, second = run("first", one), run("second", other)
    assert first[0] != second[0] and first[1] != second[1]
    assert [row["id"] for row in first[1]] == [row["id"] for row in second[1]]
    assert run("first", one) == first  # its own material is still there
    assert corpus("one") == one
    assert run("first", one, "--force")[0] not in (first[0], second[0])
    assert run("first", one)[1] != first[1]


def test_a_guide_is_of_its_sounds_and_its_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of as many utterances of the same names."""
    from avspeech.bench import upstreams
    from avspeech.emotion.features import FeatureConfig
    from avspeech.emotion.guides import guide_key, read_guide

    recipe_module("ser")
    compute = importlib.import_module("guides").compute_guide
    rng, path, config = np.random.default_rng(0), tmp_path / "guide.npz", FeatureConfig()
    spoken = [Utterance("a", "a.wav", 1.0, "s")]

    def guide(again: bool) -> list[np.ndarray]:
        if again:
            audio.write(tmp_path / "a.wav", rng.uniform(-0.1, 0.1, 16_000).astype(np.float32))
        compute(path, "log-mel", 0, spoken, tmp_path, config)
        return read_guide(path)

    first, key = guide(True), guide_key(path)
    written = path.stat().st_mtime_ns
    assert np.array_equal(guide(False)[0], first[0]) and path.stat().st_mtime_ns == written
    second = guide(True)
    assert not np.allclose(second[0], first[0]) and guide_key(path) != key
    key, load = guide_key(path), upstreams.load

    def mended(name: str) -> Any:
        encoder = load(name)
        encoder._identity = "mended"
        return encoder

    monkeypatch.setattr(upstreams, "load", mended)
    guide(False)
    assert guide_key(path) not in ("", key)


def judged_model(folder: Path, data: str) -> Path:
    from avspeech.core import models
    from avspeech.core.pretrained import ModelInfo

    torch.manual_seed(0)
    fields = dict(mels=16, dim=8, layers=1, heads=2, inner=8, classes=3)
    model = models.build("conv_transformer", **fields)
    return pretrained.save(folder, model.eval(), ModelInfo(
        task="emotion", model="conv_transformer", config=dataclasses.asdict(model.config), fps=None,
        labels=["angry", "calm", "sad"], training_data=[{"name": data, "licence": "none"}]))


def test_models_are_judged_on_what_they_were_not_trained_on(tmp_path: Path) -> None:
    recipe_module("ser")
    judging, rng = importlib.import_module("judging"), np.random.default_rng(0)
    for label in ("anger", "sadness", "boredom"):
        for k in range(3):
            audio.write(tmp_path / "sounds" / label / f"s{k}" / f"{k}.wav", 0.1 * rng.standard_normal(9000))
    model = str(judged_model(tmp_path / "model", "ravdess"))
    out, places = tmp_path / "judged", {"own_emotion": str(tmp_path / "sounds")}
    judging.judge_all(out, {"small": model}, ["ravdess"], places, ["own_emotion"], False)
    table, grid, picture = judging.judged_sections(out)
    assert table.rows[0][:4] == ["small", "own_emotion", "2: anger, sadness", "6"]
    assert grid.header[2:] == list(judging.CONDITIONS) and picture.image.startswith(b"<?xml")
    stamps = {p: p.stat().st_mtime_ns for p in out.rglob("*.jsonl")}
    judging.judge_all(out, {"small": model, "old": model}, ["ravdess"], places, ["own_emotion"], False,
                      {"small": "old"})
    gains = next(s for s in judging.judged_sections(out) if s.title.startswith("Gain"))
    assert [row[2:4] for row in gains.rows] == [[c, "+0.0"] for c in judging.CONDITIONS]
    assert all(p.stat().st_mtime_ns == stamp for p, stamp in stamps.items() if p.name != "all.jsonl")
    for trained, of in (("own_emotion", "x"), ("ravdess", "own_emotion")):
        other = str(judged_model(tmp_path / "other", of))
        with pytest.raises(InputError, match="trained on: own_emotion"):
            judging.judge_all(tmp_path / "no", {"other": other}, [trained], places, [], False)


def test_a_released_model_gets_the_temperature_of_corpora_that_it_did_not_learn(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its weights stay, its graphs are made anew, and what it learned is refused."""
    from avspeech.core.pretrained import read_info
    from avspeech.emotion import cells, training

    recipe_module("ser")
    calibration, rng = importlib.import_module("calibration"), np.random.default_rng(0)
    for label in ("anger", "sadness"):
        for k in range(4):
            audio.write(tmp_path / "own_emotion" / label / f"s{k}" / f"{k}.wav",
                        0.1 * rng.standard_normal(9000))
    model, exp = judged_model(tmp_path / "model", "ravdess"), tmp_path / "exp"
    spoken = Utterance("a", "a.wav", 1.0, "s", labels={"corpus": "ased", "emotion": "sad"})
    write_manifest(tmp_path / "all.jsonl", [spoken])
    renewed: list[Path] = []
    monkeypatch.setattr(calibration, "renew_graphs", lambda model, place: renewed.append(place))
    done = [(tmp_path / "cell", cells.Cell("other", "ased", 0, "many-left-out", str(tmp_path / "all.jsonl"),
                                           str(tmp_path), str(tmp_path)))]

    def run(**changes: Any) -> dict[str, Any]:
        calibration.calibrate_all(done, exp, {"small": str(model)}, {"small": ["own_emotion"]},
                                  {"small": changes}, str(tmp_path))
        return json.loads((exp / "calibrated.json").read_text())[0]

    row, new = run(floor_db=50.0), exp / "models" / "small"
    assert (new / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()
    config = read_info(new).config
    assert config["temperature"] == row["temperature"] != row["before"] == 1 and config["floor_db"] == 50
    records = calibration._of_model(exp / "unheard" / "small", "small", read_info(model),
                                    ["sad", "angry", "calm"])
    assert row["answers"] == 8
    assert training.temperature(records) == pytest.approx(row["temperature"], rel=0.01)
    assert renewed == [new]
    with pytest.raises(InputError, match="changes.small: dim: expected one of"):
        run(dim=4)
    model = judged_model(tmp_path / "learned", "own_emotion")
    with pytest.raises(InputError, match="trained on: own_emotion"):
        run()


def test_a_cell_answers_with_what_the_released_model_gets(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers are kept as they are where nothing changes, and else are those of its model so changed."""

    from avspeech.emotion import cells, training

    recipe_module("ser")
    calibration, make = importlib.import_module("calibration"), torch.Generator().manual_seed(0)
    spoken = [Utterance(x, f"{x}.wav", 1.0, "s") for x in "ab"]
    write_manifest(tmp_path / "all.jsonl", spoken)
    heard = {u.id: 5 * torch.randn(60, 16, generator=make).numpy() for u in spoken}
    cache = SimpleNamespace(frames=heard.__getitem__, count=lambda name: 60)
    torch.manual_seed(0)
    network = models.build("conv_transformer", mels=16, dim=8, layers=1, heads=2, inner=8, classes=2).eval()
    monkeypatch.setattr(calibration, "learned_by", lambda cell: {0})
    monkeypatch.setattr(calibration, "Cache", lambda folder: cache)
    monkeypatch.setattr(calibration.cells, "load_cell", lambda folder: (network, {}))
    cell = cells.Cell("x", "ased", 0, "many-left-out", str(tmp_path / "all.jsonl"), "", "")
    kept = [{"id": u.id, "truth": k, "posteriors": [0.5, 0.5]} for k, u in enumerate(spoken)]
    training.write_records(tmp_path / "test.jsonl", kept)
    assert calibration._of_cell(tmp_path, cell, {}) == kept[:1]  # nobody learned the class of the other
    found = calibration._of_cell(tmp_path, cell, {"floor_db": 20.0})[0]["posteriors"]
    changed = calibration.changed(network, {"floor_db": 20.0})
    with torch.no_grad():
        wanted, plain = (m.classify(torch.from_numpy(heard["a"])[None])[0].softmax(0).tolist()
                         for m in (changed, network))
    assert found == pytest.approx(wanted, abs=1e-5) and found != pytest.approx(plain, abs=1e-4)


def test_a_corpus_that_is_never_drawn_teaches_no_class(tmp_path: Path) -> None:
    """Beside CREMA-D, only RAVDESS has disgust: a cell without both has no answer to it."""
    from avspeech.data import protocol
    from avspeech.emotion import cells
    from avspeech.emotion.training import AugmentConfig

    recipe_module("ser")
    folds = importlib.import_module("folds")
    spoken = [Utterance(f"{c}-{e}", f"{c}-{e}.wav", 1.0, f"{c}-{s}", labels={"corpus": c, "emotion": e})
              for c, s, e in (("ravdess", "01", "disgust"), ("crema_d", "1001", "disgust"),
                              ("nemo", "AK0", "anger"), ("ased", "01", "sad"))]
    write_manifest(tmp_path / "all.jsonl", spoken)
    cell = cells.Cell("x", "ravdess", 0, "many-left-out", str(tmp_path / "all.jsonl"), "", "")
    classes = protocol.get("many-left-out").classes
    learned = {drawn: {classes[k] for k in folds.learned_by(dataclasses.replace(
        cell, augment=AugmentConfig(often={"crema_d": drawn})))} for drawn in (0, 1)}
    assert learned[1] - learned[0] == {"disgust"} and learned[0] == {"angry", "sad"}


def test_each_condition_is_what_it_says() -> None:
    recipe_module("ser")
    judging = importlib.import_module("judging")
    speech = (0.2 * np.random.default_rng(0).standard_normal(16000)).astype(np.float32)
    found = {c: judging.under(c, speech, 0) for c in judging.CONDITIONS}
    assert [rate for _, rate in found.values()] == [16000, 16000, 8000, 8000, 16000]
    noise = found["noise 20 dB"][0] - speech
    assert 10 * np.log10(np.mean(speech ** 2) / np.mean(noise ** 2)) == pytest.approx(20, abs=0.2)
    quiet = found["-40 dB"][0]
    assert 20 * np.log10(np.std(quiet) / np.std(speech)) == pytest.approx(-40, abs=0.1)
    assert len(np.unique(quiet)) < 600  # steps of 16 bits


def test_seeds_are_guided_and_make_a_committee(tmp_path: Path) -> None:
    """Each begins with its own seed's weights, learns from development speakers too, and has a say in it."""
    pytest.importorskip("espeakng_loader")
    shared = ["--config", str(ROOT / "egs/mini/ser/conf/train.yaml"), "seeds=[0, 1]", "workers=1",
              "corpus.options={sentences: 1, workers: 1}", "corpus.incomplete=true", "features.speeds=[]",
              "folds=[fold1]", "train={max_steps: 2, validate_every: 2}", "oracle=false",
              "model.config={mels: 16, dim: 8, layers: 1, heads: 2, inner: 8, dropout: 0}"]
    recipe = recipe_module("ser").recipe
    recipe.run([*shared, "--exp", str(tmp_path / "first"), "release.systems=[]", "--stop-stage", "train"])
    exp = tmp_path / "second"
    recipe.run([*shared, "--exp", str(exp), "selection=refit", "release.committee=true",
                "guide={upstream: log-mel, layer: 0, dims: 4}", "systems.hrf.guided=true",
                f"systems.hrf.init={tmp_path}/first/cells/hrf/fold1-{{seed}}"])
    from avspeech.core import pretrained

    model, info = pretrained.load(exp / "models" / "hrf")
    assert info.model == "committee" and model.config.members == 2 and "2 models" in info.description
    assert "uar, on 1 of" in str(info.metrics) and len(info.metrics) == 3  # none of development speakers
    page = (exp / "RESULTS.md").read_text(encoding="utf-8")
    assert "nan" not in page and "1 of" in page.split("## Speaker-independent")[1].splitlines()[0]
    assert "| hrf, committee |" in page and "2 as one" in page and "committee against its members" in page
    assert not list(exp.rglob("dev.jsonl")) and len(list(exp.rglob("cells/hrf/*/cell.json"))) == 4
    assert '"guide"' in next(exp.rglob("cells/hrf/fold1-0/train/log.jsonl")).read_text(encoding="utf-8")


@pytest.mark.slow
def test_emotion_cells_train_on_a_dask_cluster(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    distributed = pytest.importorskip("distributed")
    arguments = ["--config", str(ROOT / "egs/mini/ser/conf/train.yaml"), "--exp", str(tmp_path / "exp"),
                 "corpus.options={sentences: 1, workers: 1}", "corpus.incomplete=true", "features.speeds=[]",
                 "folds=[fold1]", "train={max_steps: 1, validate_every: 1}", "workers=1",
                 "release.systems=[]", "--stop-stage", "evaluate"]
    with distributed.LocalCluster(1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        recipe_module("ser").recipe.run([*arguments, f"scheduler={cluster.scheduler_address}"])
    assert len(list(tmp_path.rglob("cell.json"))) == 2


@pytest.mark.parametrize("fold, told", [("first", "The test is on ravdess: its speakers were heard"),
                                        ("second", "Where sounds of the test are from one of")])
def test_what_a_model_to_begin_with_has_heard_is_told_of_the_tested_folds(
        tmp_path: Path, fold: str, told: str) -> None:
    recipe_module("ser")
    results = importlib.import_module("results")
    write_manifest(tmp_path / "all.jsonl", [
        Utterance(corpus, "a.wav", 1.0, "s", labels={"emotion": "sad", "corpus": corpus})
        for corpus in ("ravdess", "urdu")])
    wanted = protocol.Protocol(
        name="both-left-out", corpus="both", label="emotion", kind="classification", classes=("sad",),
        mapping={"sad": "sad"}, group="corpus", source="",
        folds=(protocol.Fold("first", ("ravdess",), ()), protocol.Fold("second", ("urdu",), ())))
    cell = SimpleNamespace(init="emotion-edge", manifest=str(tmp_path / "all.jsonl"), fold=fold)
    [section] = results.begun_with([(tmp_path, cell)], wanted)
    assert "which was trained on ravdess" in section.body and told in section.body
    cell.init = "random"
    assert results.begun_with([(tmp_path, cell)], wanted) == []


@pytest.mark.parametrize("second, told", [((0, 1, 2), False), ((0, 2), True)])
def test_a_fold_that_lacks_a_class_is_told(tmp_path: Path, second: tuple[int, ...], told: bool,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """Its UAR is the mean of fewer recalls, and is not that of the other folds."""
    recipe_module("ser")
    folds, results = importlib.import_module("folds"), importlib.import_module("results")
    wanted = SimpleNamespace(classes=("a", "b", "c"), hash="0", folds=("one", "two"))
    for name, truths in (("one", (0, 1, 2)), ("two", second)):
        (tmp_path / name).mkdir()
        folds.training.write_records(tmp_path / name / "test.jsonl", [
            {"id": f"{name}{k}", "unit": f"{name}{k}", "speaker": name, "truth": k,
             "posteriors": [1.0, 0.0, 0.0]} for k in truths])
    cells = [(tmp_path / name, SimpleNamespace(name="plain", seed=0, fold=name)) for name in ("one", "two")]
    monkeypatch.setattr(folds, "protocol_of", lambda done: wanted)
    monkeypatch.setattr(folds.cells, "finished", lambda *a: {"dev": 0.0, "cpu_seconds": 0.0})
    folds.score_all(cells, tmp_path / "out")
    rows, _ = results.report.read_results(tmp_path / "out")
    [table] = results._by_fold(rows, ["plain"], wanted)
    assert ("not of all 3 in two (no b)." in table.note) == told
    pooled = results._summary(rows, ["plain"], {"plain": folds.answers_of(cells, "plain", True)}, wanted,
                              ["one", "two"])
    assert f"{3 + len(second)} clips of 2 speakers are tested, of 3 classes." in pooled.note
