from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from avspeech.core import config, models, trainer
from avspeech.data import protocol
from avspeech.data.manifest import Utterance, write_manifest
from avspeech.emotion import cells, features, training
from avspeech.emotion import guides as guide_files
from avspeech.errors import InputError
from avspeech.media import audio

CLASSES = ("low", "high")


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six speakers say eight tones each, low or high; protocol "tones", two folds."""
    rng = np.random.default_rng(0)
    utterances = []
    for s in range(6):
        for i in range(8):
            kind, n = CLASSES[i % 2], 9600 + 800 * i
            pitch = (300 if kind == "low" else 1200) * (1 + 0.02 * s)
            sound = 0.1 * np.sin(2 * np.pi * pitch * np.arange(n) / 16000) + 0.002 * rng.standard_normal(n)
            audio.write(tmp_path / f"s{s}-{i}.wav", sound.astype(np.float32))
            utterances.append(Utterance(f"s{s}-{i}", f"s{s}-{i}.wav", n / 16000, f"s{s}",
                                        labels={"emotion": kind, "visit": f"{s}-{i % 4}"}))
    write_manifest(tmp_path / "all.jsonl", utterances)
    tones = protocol.Protocol(
        "tones", "tones", "emotion", "classification", CLASSES, {c: c for c in CLASSES}, "speaker",
        (protocol.Fold("fold1", ("s0",), ("s1",)), protocol.Fold("fold2", ("s2", "s3"), ("s4", "s5"))),
        {c: 24 for c in CLASSES})
    monkeypatch.setattr(protocol, "get", lambda name: tones)
    features.compute(tmp_path / "cache", utterances, tmp_path, features.FeatureConfig(speeds=(1.1,)),
                     features.MelConfig(mels=16))
    return tmp_path


def cell_of(corpus: Path, **differences: object) -> cells.Cell:
    small = {"mels": 16, "channels": 4, "dim": 8, "layers": 1, "heads": 2, "inner": 8, "dropout": 0.0}
    how = trainer.TrainConfig(max_steps=4, batch_seconds=8, validate_every=2, lr=1e-2)
    given = cells.Cell("plain", "fold1", 0, "tones", str(corpus / "all.jsonl"), str(corpus),
                       str(corpus / "cache"), config=small, train=how,
                       augment=training.AugmentConfig(band=2, span=4, shift=1))
    return dataclasses.replace(given, **differences)  # type: ignore[arg-type]


def items(corpus: Path, **augment: object) -> training.Crops:
    cache = features.Cache(corpus / "cache")
    utterances = [Utterance(name, "", 1.0, name) for name in cache.row]
    return training.Crops(cache, utterances, [0] * len(utterances),
                         training.AugmentConfig(**augment))  # type: ignore[arg-type]


def test_items_are_functions_of_their_seed_and_batches_need_no_padding(corpus: Path) -> None:
    data = items(corpus, band=2, span=4)
    a, b, c = data.item(3, 5), data.item(3, 5), data.item(3, 6)
    assert np.array_equal(a["x"], b["x"])
    assert a["x"].shape != c["x"].shape or not np.array_equal(a["x"], c["x"])
    batch = data.collate([data.item(i, 9) for i in (0, 4, 7)])
    shortest = min(len(data.item(i, 9)["x"]) for i in (0, 4, 7))
    assert 0.69 * shortest <= batch["x"].shape[1] <= shortest and torch.isfinite(batch["x"]).all()


def test_without_augmentation_an_item_is_the_utterance(corpus: Path) -> None:
    data = items(corpus, copies=False, crop=1.0, masks=0, shift=0, tilt=0.0)
    x = data.item(2, 0)["x"]
    assert np.array_equal(x, data.cache.frames("s0-2"))
    assert np.array_equal(data.collate([data.item(2, 0)])["x"][0].numpy(), x)


@pytest.mark.parametrize(("front", "floor"), [
    ({"mels": 80, "low": 0.0, "filters": "slaney"}, 1e-10), ({}, 1e-8)])
def test_noise_added_to_a_spectrum_is_that_of_noise_added_to_the_sound(
        front: dict[str, Any], floor: float) -> None:
    """White noise on a chirp: the same mean and spread of the logarithm in each band."""
    from avspeech.emotion.frames import LogMelConfig
    from avspeech.emotion.logmel import LogMel

    class Flat(np.random.Generator):
        def uniform(self, *_: object) -> float:  # type: ignore[override]
            return 0.0

    spectrum = LogMel(LogMelConfig(floor=floor, **front))
    rng = Flat(np.random.PCG64(0))
    t = np.arange(16000 * 20) / 16000
    sound = 0.3 * np.sin(2 * np.pi * (300 * t + 20 * t**2)) * (np.sin(2 * np.pi * 2 * t) > 0)
    noise = 0.01 * rng.standard_normal(len(t))

    def of(samples: np.ndarray) -> np.ndarray:
        return spectrum(torch.from_numpy(samples.astype(np.float32))[None])[0].numpy()

    clean, heard = of(sound), of(sound + noise)
    snr = 10 * np.log10(np.exp(clean).mean() / np.exp(of(noise)).mean())
    made = training.with_noise(rng, clean, float(snr))
    assert np.abs(made.mean(0) - heard.mean(0)).max() < 0.35
    assert np.abs(made.std(0) - heard.std(0)).max() < 0.35
    assert np.allclose(training.with_noise(rng, heard, 90.0), heard, atol=0.02)


class Constant(nn.Module):
    def __init__(self, logits: list[list[float]]):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(logits))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.logits[: len(x)], torch.tensor(2.0)


def test_the_loss_is_weighted_cross_entropy_plus_structure() -> None:
    plain = training.AugmentConfig(smoothing=0.0, mixup=0.0, balance=1.0)
    model = Constant([[1.0, 0.0], [0.0, 3.0]])
    batch = {"x": torch.zeros(2, 5, 3), "target": torch.tensor([0, 1])}
    loss, logs = training.Loss(2, [30, 10], plain, structure=0.25)(model, batch)
    weights = torch.tensor([0.5, 1.5])
    expected = nn.functional.cross_entropy(model.logits, batch["target"], reduction="none") * weights
    assert float(loss.detach()) == pytest.approx(float(expected.mean().detach()) + 0.5)
    assert float(logs["structure"]) == 2.0
    values = {**batch, "target": torch.tensor([0.0, 4.0])}
    value, _ = training.Loss(0, [1], plain, 0.0)(Constant([[1.0], [2.0]]), values)
    assert float(value.detach()) == pytest.approx(2.5)
    torch.manual_seed(0)
    mixed, _ = training.Loss(2, [1, 1], training.AugmentConfig(mixup=0.4))(model, batch)
    assert torch.isfinite(mixed)


def test_among_the_classes_of_a_corpus_the_others_are_neither_learned_nor_unlearned() -> None:
    """Corpus 0 has classes 0 and 1, corpus 1 has 1 and 2."""
    model = Constant([[1.0, 0.0, 4.0], [5.0, 3.0, 1.0]])
    batch = {"x": torch.zeros(2, 5, 3), "target": torch.tensor([0, 2]), "group": torch.tensor([0, 1])}
    counts = [[10, 10, 0], [0, 10, 10]]
    plain = dict(smoothing=0.1, balance=0.0)
    loss, _ = training.Loss(3, counts, training.AugmentConfig(among="corpus", **plain), 0.0)(  # type: ignore
        model, batch)
    pairs = torch.tensor([[1.0, 0.0], [1.0, 3.0]]).log_softmax(-1)  # target first; both share the smoothing
    assert float(loss.detach()) == pytest.approx(float(-(pairs * torch.tensor([0.95, 0.05])).sum(-1).mean()))
    loss.backward()
    grad = model.logits.grad
    assert grad is not None and grad[0, 2] == 0 and grad[1, 0] == 0
    assert grad[0, 0] < 0 < grad[0, 1] and grad[1, 2] < 0 < grad[1, 1]
    model.logits.grad = None
    whole, _ = training.Loss(3, counts, training.AugmentConfig(**plain), 0.0)(model, batch)  # type: ignore
    whole.backward()
    assert float(model.logits.grad[0, 2]) > 0  # type: ignore[index]


def test_what_a_teacher_says_is_learned() -> None:
    model = Constant([[1.0, 0.0], [0.0, 3.0]])
    said = torch.tensor([[0.2, 0.8], [0.6, 0.4]])
    batch = {"x": torch.zeros(2, 5, 3), "target": torch.tensor([0, 1]), "taught": said}
    only = training.AugmentConfig(taught=1.0)
    loss, _ = training.Loss(2, [1, 1], only, 0.0)(model, batch)
    expected = -(said * model.logits.log_softmax(-1)).sum(-1).mean()
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def test_answers_of_a_corpus_are_among_its_classes() -> None:
    def record(name: str, truth: int, said: list[float], corpus: str = "") -> dict[str, Any]:
        return {"id": name, "speaker": name, "unit": name, "truth": truth, "posteriors": said,
                **({"corpus": corpus} if corpus else {})}

    said = [0.3, 0.1, 0.6]
    rows = [record("a", 0, said, "x"), record("b", 1, said, "x"), record("c", 2, said, "y")]
    assert training.judge(rows).predicted.tolist() == [0, 0, 2]
    assert training.judge([record("a", 0, said), record("b", 1, said)]).predicted.tolist() == [2, 2]


@pytest.mark.parametrize("heat", [0.5, 1.0, 2.5])
def test_a_temperature_mends_what_is_too_sure(heat: float) -> None:
    """Answers drawn with the probabilities of logits, and told with logits `heat` times as large."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (6000, 3))
    true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    told = np.exp(heat * logits) / np.exp(heat * logits).sum(1, keepdims=True)
    records = [{"truth": int(rng.choice(3, p=p)), "posteriors": q} for p, q in zip(true, told)]
    assert training.temperature(records) == pytest.approx(heat, rel=0.06)


def test_each_corpus_counts_as_much_in_a_temperature() -> None:
    """However many clips it has: a temperature of two lies between those of each."""
    rng = np.random.default_rng(0)

    def records(corpus: str, heat: float, number: int) -> list[dict[str, Any]]:
        logits = rng.normal(0, 1.5, (number, 3))
        true, told = (np.exp(h * logits) / np.exp(h * logits).sum(1, keepdims=True) for h in (1.0, heat))
        return [{"truth": int(rng.choice(3, p=p)), "posteriors": q, "corpus": corpus}
                for p, q in zip(true, told)]

    few, many = records("a", 3.0, 600), records("b", 0.5, 6000)
    together = training.temperature(few + many)
    assert together == pytest.approx(training.temperature(few * 10 + many), rel=0.01)
    assert training.temperature(many) < together < training.temperature(few)


class Elsewhere(nn.Module):
    """On the meta device, which like a GPU takes no tensors of the CPU; its answers come from there."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, device="meta"))

    def forward(self, x: torch.Tensor, frames: torch.Tensor) -> tuple[torch.Tensor, None]:
        assert x.device == frames.device == self.weight.device
        return torch.zeros(len(x), 2), None


def test_predictions_are_made_where_the_model_is(corpus: Path) -> None:
    data = items(corpus)
    assert training.predict(Elsewhere(), data.cache, data.utterances).tolist() == [[0.5, 0.5]] * 48  # type: ignore


@pytest.mark.parametrize(("name", "fields"), [  # batch norm picks frames by their values: not there
    ("whisper_transformer", dict(heads=2)), ("speechformer", dict(layers=(1, 1, 1, 1), heads=2)),
    ("conv_transformer", dict(conv_norm="layer", heads=2)), ("conformer", dict(conv_norm="layer", heads=2))])
def test_a_step_is_made_where_the_model_is(name: str, fields: dict[str, Any]) -> None:
    model = training.FromFeatures(models.build(name, dim=16, inner=24, **fields), 8).to("meta")
    batch = {"x": torch.zeros(3, 80, model.model.config.mels, device="meta"),
             "target": torch.zeros(3, dtype=torch.long, device="meta"),
             "guide": torch.zeros(3, 80, 8, device="meta")}
    loss, _ = training.Loss(8, [1] * 8, training.AugmentConfig(mixup=0.2))(model, batch)
    loss.backward()
    assert loss.device.type == "meta"
    assert model(batch["x"], torch.tensor([80, 50, 9]).to("meta"))[0].device.type == "meta"


def test_a_cell_is_trained_on_the_device_of_the_process(corpus: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    class Told(Exception):
        pass

    def fit(network: nn.Module, *_: object, **__: object) -> None:
        raise Told({p.device.type for p in [*network.parameters(), *network.buffers()]})

    monkeypatch.setattr(trainer, "device", lambda: torch.device("meta"))
    monkeypatch.setattr(trainer, "fit", fit)
    with pytest.raises(Told, match="{'meta'}"):
        cells.train_cell(corpus / "exp", config.to_dict(cell_of(corpus)))


def test_units_are_judged_together() -> None:
    records = [{"unit": u, "speaker": "a", "truth": t, "posteriors": p} for u, t, p in (
        ("x", 1, [0.6, 0.4]), ("x", 1, [0.1, 0.9]), ("y", 0, [0.7, 0.3]))]
    judged = training.judge(records)
    assert judged.units == ["x", "y"] and judged.predicted.tolist() == [1, 0]
    assert training.measures(judged, 2) == {"uar": 100, "war": 100, "wf1": 100}
    assert set(training.measures(training.judge(records, False), 0)) == {"ccc", "mae"}


def test_a_cell_leaves_weights_and_predictions_and_is_not_done_twice(corpus: Path) -> None:
    cell, folder = cell_of(corpus, oracle=True), corpus / "exp" / "plain" / "fold1-0"
    record = cells.train_cell(folder, config.to_dict(cell))
    assert record["speakers"] == {"train": 4, "dev": 1, "test": 1} and record["steps"] == 4
    tested = training.read_records(folder / "test.jsonl")
    assert {r["speaker"] for r in tested} == {"s0"} and len(tested) == 8
    assert all(sum(r["posteriors"]) == pytest.approx(1, abs=1e-4) for r in tested)
    judged = training.measures(training.judge(training.read_records(folder / "oracle.jsonl")), 2)
    assert judged["uar"] >= record["test"] == training.measures(training.judge(tested), 2)["uar"]
    model, again = cells.load_cell(folder)
    cache = features.Cache(corpus / "cache")
    posteriors = training.predict(training.FromFeatures(model), cache,
                                 [Utterance(r["id"], "", 1.0, "s0") for r in tested])
    assert np.allclose(posteriors, [r["posteriors"] for r in tested], atol=1e-5) and again == record
    before = (folder / cells.CELL).stat().st_mtime_ns
    assert cells.train_cell(folder, config.to_dict(cell)) == record
    assert (folder / cells.CELL).stat().st_mtime_ns == before
    assert cells.finished(folder, dataclasses.replace(cell, seed=1)) is None
    (folder / cells.CELL).write_text("{")  # cut short
    assert cells.finished(folder, cell) is None
    assert cells.train_cell(folder, json.loads(json.dumps(config.to_dict(cell))))["test"] == record["test"]


def test_controls_have_the_plain_shape_and_the_training_compute(corpus: Path) -> None:
    small = cell_of(corpus).config
    wide = {**small, "hrf": {"ratio": 8, "depth": 2, "where": "ffn"}}
    tones = protocol.get("tones")
    plain, start = (cells.build(cell_of(corpus, config=c, init=i), tones)
                    for c, i in ((small, "random"), (wide, "expandnet")))
    one, other = ([(n, p.shape) for n, p in m.named_parameters()] for m in (plain, start))
    assert one == other
    assert all(p.requires_grad for p in start.parameters())
    widest = cells.build(cell_of(corpus, config=wide), tones)
    ratio = cells.training_macs(widest, 16) / cells.training_macs(plain, 16)
    record = cells.train_cell(corpus / "exp" / "matched", config.to_dict(cell_of(corpus, match=wide)))
    assert ratio > 1 and record["steps"] == round(4 * ratio)


def test_a_release_trains_on_all_but_the_development_speakers(corpus: Path) -> None:
    split = cells.split_of(protocol.get("tones"), cell_of(corpus, fold="all but fold2"))
    assert {u.speaker for u in split.train} == {"s0", "s1", "s2", "s3"} and not split.test
    with pytest.raises(InputError, match="fold9"):
        cells.split_of(protocol.get("tones"), cell_of(corpus, fold="fold9"))


def test_a_refit_learns_from_the_development_speakers_too(corpus: Path) -> None:
    given = cell_of(corpus, selection="refit")
    picked = cells.split_of(protocol.get("tones"), cell_of(corpus))
    split = cells.split_of(protocol.get("tones"), given)
    assert split.train == picked.train + picked.dev and not split.dev and split.test == picked.test
    whole = cells.split_of(protocol.get("tones"), cell_of(corpus, selection="refit", fold="all but fold2"))
    assert len({u.speaker for u in whole.train}) == 6 and not whole.dev and not whole.test
    record = cells.train_cell(corpus / "exp" / "refit", config.to_dict(given))
    assert record["dev"] is None and record["best_step"] == record["steps"] == given.train.max_steps
    assert record["test"] is not None and not (corpus / "exp" / "refit" / "dev.jsonl").exists()
    with pytest.raises(InputError, match="oracle"):
        cell_of(corpus, selection="refit", oracle=True)


def test_a_guide_is_learned_and_leaves_the_model_as_it_was(corpus: Path) -> None:
    cache = features.Cache(corpus / "cache")
    rng = np.random.default_rng(0)
    said = [rng.standard_normal((5 + k % 3, 6)) * [1, 1, 1, 1, 1, 100] for k in range(len(cache.row))]
    guide_files.write_guide(corpus / "cache" / "guide.npz", said)
    assert all(np.allclose(a, b, rtol=1e-3, atol=1e-3)
               for a, b in zip(guide_files.read_guide(corpus / "cache" / "guide.npz"), said, strict=True))
    cell = cell_of(corpus, guide=cells.Guide("guide.npz", dims=3))
    split = cells.split_of(protocol.get("tones"), cell)
    guides = cells.guides_of(cell, cache, split.train)
    assert guides is not None and [g.shape for g in guides] == [
        (len(said[cache.row[u.id]]), 3) for u in split.train]
    frames = np.concatenate(guides)
    assert np.allclose(frames.T @ frames / len(frames), np.eye(3), atol=1e-3)  # whitened
    record = cells.train_cell(corpus / "exp" / "guided", config.to_dict(cell))
    plain = cells.train_cell(corpus / "exp" / "plain", config.to_dict(cell_of(corpus)))
    assert record["parameters"] == plain["parameters"] and record["hash"] != plain["hash"]
    assert "guide" in (corpus / "exp" / "guided" / "train" / "log.jsonl").read_text()
    cells.load_cell(corpus / "exp" / "guided")
    with pytest.raises(InputError, match="no guide"):
        cells.guides_of(cell_of(corpus, guide=cells.Guide("none.npz")), cache, split.train)
    with pytest.raises(InputError, match="no pooling"):
        training.FromFeatures(nn.Linear(2, 2), 3)


def test_a_guide_goes_at_the_pace_of_the_copy_that_is_drawn(corpus: Path) -> None:
    cache = features.Cache(corpus / "cache")
    utterances = [Utterance(name, "", 1.0, name) for name in cache.row]
    guides = [np.linspace(0, 1, 6, dtype=np.float32)[:, None] for _ in utterances]
    data = training.Crops(cache, utterances, [0] * len(utterances), training.AugmentConfig(crop=0.5), guides)
    paces = set()
    for seed in range(8):
        item = data.item(3, seed)
        assert len(item["guide"]) == len(item["x"]) and (np.diff(item["guide"][:, 0]) >= 0).all()
        assert set(item["guide"][:, 0]) == set(guides[3][:, 0])
        paces.add(len(item["x"]))
    assert len(paces) == 2
    batch = data.collate([data.item(i, 9) for i in (0, 4)])
    assert batch["guide"].shape == (*batch["x"].shape[:2], 1)


def test_a_guided_model_that_says_what_the_guide_says_has_no_error(corpus: Path) -> None:
    model = cells.build(cell_of(corpus), protocol.get("tones")).eval()
    network, x = training.FromFeatures(model, 3), torch.randn(2, 64, 16)
    seen: list[torch.Tensor] = []
    hook = network.guide.register_forward_hook(lambda _, given, out: seen.append(out.detach()))
    network(x, None, torch.zeros(2, 64, 3))
    hook.remove()
    frames = seen[0].shape[1]
    told = seen[0].repeat_interleave(64 // frames, 1)
    assert frames < 64 and 64 % frames == 0
    with torch.no_grad():
        assert float(network(x, None, told)[2]) < 1e-10
        assert float(network(x, None, told + 2)[2]) == pytest.approx(4, rel=1e-4)


def test_choosing_by_the_test_set_is_never_worse_on_it(corpus: Path) -> None:
    scores = [cells.train_cell(corpus / "exp" / s, config.to_dict(cell_of(corpus, selection=s)))["test"]
              for s in ("dev", "test_oracle")]
    assert scores[0] <= scores[1]


def test_a_share_of_what_it_began_with_is_kept(corpus: Path, tmp_path: Path) -> None:
    cells.train_cell(tmp_path / "first", config.to_dict(cell_of(corpus)))
    begun = dataclasses.replace(cell_of(corpus), init=str(tmp_path / "first"))
    found = {}
    for share in (0.0, 0.25, 1.0):
        folder = tmp_path / str(share)
        cells.train_cell(folder, config.to_dict(dataclasses.replace(begun, keep=share)))
        found[share] = cells.load_cell(folder)[0].state_dict()
    before = cells.load_cell(tmp_path / "first")[0].state_dict()
    for key, value in before.items():
        if not value.is_floating_point():  # a counter
            continue
        assert torch.equal(found[1.0][key], value)
        assert torch.allclose(found[0.25][key], 0.75 * found[0.0][key] + 0.25 * value, atol=1e-6)
    assert not all(torch.equal(found[0.0][key], value) for key, value in before.items())
    with pytest.raises(InputError, match="keep"):
        cell_of(corpus, keep=0.5)  # of nothing
    with pytest.raises(InputError, match="keep needs all"):
        cells.build(dataclasses.replace(begun, keep=0.5, config={**begun.config, "layers": 2}),
                    protocol.get("tones"))
