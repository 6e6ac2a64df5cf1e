"""What every emotion model must hold to: padding, order and company change nothing, merged equals
unmerged."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avspeech.core.models import CONFIGS, MODELS, build, model_class
from avspeech.emotion.frames import LogMelConfig
from avspeech.emotion.logmel import LogMelModel
from avspeech.emotion.reparam import FactorisedLinear, expandnet_init, to_deploy
from avspeech.errors import InputError

BANDS = {"mcu": 100_000, "edge": 500_000, "phone": 3_000_000}
HRF = dict(ratio=2, depth=2, where="all")
TINY: dict[str, dict[str, Any]] = {
    "conv_transformer": dict(mels=20, channels=4, factor=4, dim=16, layers=2, heads=2, inner=24),
    "conformer": dict(mels=20, channels=4, factor=4, dim=16, layers=2, heads=2, inner=24, kernel=3),
    "speechformer": dict(mels=20, dim=16, layers=(1, 1, 1, 1), heads=2, dropout=0.0),
    "dynamic_graph": dict(mels=20, channels=4, dim=16, layers=2, window=8, step=4),
    "whisper_transformer": dict(mels=20, dim=16, layers=2, heads=2, inner=24),
    "committee": dict(mels=20, members=2,
                      settings=dict(channels=4, factor=4, dim=16, layers=2, heads=2, inner=24)),
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("conv_transformer", {}),
    ("conv_transformer", dict(subsampling="1d", factor=8, conv_norm="layer", pooling="mean")),
    ("conv_transformer", dict(subsampling="patch", conv_layers=1, kernel=3, layers=1)),
    ("conv_transformer", dict(subsampling="patch", factor=8, conv_norm="layer", conv_layers=2, layers=1)),
    ("conv_transformer", dict(normalise="mean_std")),
    ("conv_transformer", dict(normalise="level", conv_norm="none")),
    ("conv_transformer", dict(normalise="stored")),
    ("conformer", {}),
    ("conformer", dict(subsampling="1d", factor=8, conv_norm="layer", pooling="mean")),
    ("speechformer", {}),
    ("speechformer", dict(layers=(1, 2), windows=(70,), merges=(40,), pooling="attention", inner=24)),
    ("whisper_transformer", {}),
    ("whisper_transformer", dict(normalise="mean", pooling="mean")),
    ("dynamic_graph", {}),
    ("dynamic_graph", dict(graph="line", nodes="stack", pooling="mean")),
    ("dynamic_graph", dict(graph="complete", readout="windows", step=8)),
    ("dynamic_graph", dict(graph="none", residual=False)),
    ("dynamic_graph", dict(learn="lgrin", degree="boosted", random_edges="frozen", dice_on="edges")),
    ("dynamic_graph", dict(learn="none", degree="plain", readout="windows")),
    ("committee", {}),
]
IDS = ["-".join([name, *(f"{key}={value}" for key, value in fields.items())]) for name, fields in VARIANTS]
EVERY = pytest.mark.parametrize(("name", "fields"), VARIANTS, ids=IDS)


@pytest.mark.parametrize("name", TINY)
def test_a_setting_of_the_front_end_means_the_same_in_every_model(name: str) -> None:
    """A model may choose another default, but no other kind of value where the front end reads it."""
    kinds = {field.name: field.type for field in dataclasses.fields(LogMelConfig)}
    for field in dataclasses.fields(model_class(name).Config):
        assert field.type == kinds.get(field.name, field.type), field.name


MADE: dict[str, nn.Module] = {}


def make(name: str, fields: dict[str, Any], **more: Any) -> Any:
    """A tiny model that has seen a few batches, in eval mode: no norm and no bias stands at its start."""
    key = f"{name} {fields} {more}"
    if key not in MADE:
        torch.manual_seed(0)
        MADE[key] = build(name, **{**TINY[name], "classes": 5, **fields, **more})
        steps(MADE[key])
    torch.manual_seed(1)
    return copy.deepcopy(MADE[key]).eval()


def steps(model: Any, number: int = 2) -> None:
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), 5e-3)
    audio = 0.1 * torch.randn(4, 8_000) * torch.rand(4, 1)
    for _ in range(number):
        optimiser.zero_grad()
        F.cross_entropy(model(audio, torch.tensor([8_000, 6_000, 7_000, 900])), torch.arange(4)).backward()
        optimiser.step()


def names() -> list[str]:
    return [name for name in MODELS if issubclass(model_class(name), LogMelModel)]


def test_all_models_are_here() -> None:
    assert set(names()) == set(TINY)


@EVERY
@pytest.mark.parametrize("content", [0.0, 3.0, float("nan")])
def test_padding_changes_nothing(name: str, fields: dict[str, Any], content: float) -> None:
    model = make(name, fields)
    lengths = [24_000, 9_001, 16_640, 400, 100]
    audio = [0.1 * torch.randn(n) for n in lengths]
    batch = torch.full((len(lengths), 25_000), content)
    for row, samples in zip(batch, audio):
        row[: len(samples)] = samples
    with torch.no_grad():
        together = model(batch, torch.tensor(lengths))
        for row, samples in zip(together, audio):
            torch.testing.assert_close(row, model(samples[None])[0], rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(row, model(samples[None], torch.tensor([len(samples)]))[0],
                                       rtol=1e-4, atol=1e-5)


@EVERY
def test_features_may_be_cached(name: str, fields: dict[str, Any]) -> None:
    """forward is classify of features, and features behind an utterance's own frames do not count."""
    model = make(name, fields)
    audio, lengths = 0.1 * torch.randn(2, 16_000), torch.tensor([16_000, 8_000])
    with torch.no_grad():
        x, frames = model.features(audio, lengths)
        assert x.shape == (2, 98, TINY[name]["mels"]) and frames.tolist() == [98, 48]
        expected = model(audio, lengths)
        torch.testing.assert_close(model.classify(x, frames), expected, rtol=1e-4, atol=1e-5)
        x[1, 48:] = 1e3
        torch.testing.assert_close(model.classify(x, frames), expected, rtol=1e-4, atol=1e-5)


@EVERY
def test_the_order_of_a_batch_does_not_count(name: str, fields: dict[str, Any]) -> None:
    model = make(name, fields)
    audio, lengths = 0.1 * torch.randn(4, 16_000), torch.tensor([16_000, 8_000, 5_000, 12_000])
    order = torch.tensor([2, 0, 3, 1])
    with torch.no_grad():
        torch.testing.assert_close(model(audio[order], lengths[order]), model(audio, lengths)[order],
                                   rtol=1e-4, atol=1e-5)


@EVERY
@pytest.mark.parametrize("where", ["ffn", "attention", "all"])
def test_merged_is_unmerged_after_training(name: str, fields: dict[str, Any], where: str) -> None:
    model = make(name, fields, hrf=dict(HRF, where=where))
    if where != "attention" or name != "dynamic_graph":
        assert any(isinstance(m, FactorisedLinear) for m in model.modules())
    light = to_deploy(model)
    audio, lengths = 0.1 * torch.randn(3, 16_000), torch.tensor([16_000, 8_000, 300])
    with torch.no_grad():
        torch.testing.assert_close(light(audio, lengths), model(audio, lengths), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(to_deploy(model.double())(audio.double(), lengths),
                                   model(audio.double(), lengths), rtol=1e-11, atol=1e-12)


@EVERY
def test_deployed_is_the_plain_model(name: str, fields: dict[str, Any]) -> None:
    light = to_deploy(make(name, fields, hrf=HRF))
    assert not any(isinstance(m, (FactorisedLinear, nn.BatchNorm1d)) for m in light.modules())
    plain: Any = build(name, **dataclasses.asdict(light.config)).eval()
    plain.load_state_dict(light.state_dict())
    assert light.config.hrf is None
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in light.parameters())
    again = to_deploy(light)
    assert {k: v.tolist() for k, v in again.state_dict().items()} == {k: v.tolist()
                                                                      for k, v in light.state_dict().items()}
    audio = 0.1 * torch.randn(1, 8_000)
    with torch.no_grad():
        torch.testing.assert_close(plain(audio), light(audio), rtol=0, atol=0)


@EVERY
@pytest.mark.parametrize("hrf", [None, HRF])
def test_every_weight_is_trained(name: str, fields: dict[str, Any], hrf: dict | None) -> None:
    torch.manual_seed(0)
    model: Any = build(name, **{**TINY[name], **fields, "hrf": hrf}).train()
    model(0.1 * torch.randn(3, 30_000), torch.tensor([30_000, 6_000, 20_000])).square().sum().backward()
    # The bias of keys shifts all logits of a softmax alike.
    silent = [n for n, p in model.named_parameters() if (p.grad is None or not p.grad.any())
              and not ("key" in n and n.endswith("bias"))]
    assert silent == []


@EVERY
def test_a_gradient_stays_finite_on_silence(name: str, fields: dict[str, Any]) -> None:
    model = make(name, fields).train()
    model(torch.zeros(2, 8_000), torch.tensor([8_000, 100])).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", list(TINY))
def test_expandnet_init_is_the_plain_model(name: str) -> None:
    plain = expandnet_init(build(name, **{**TINY[name], "hrf": HRF}))
    fields = {**TINY[name], "hrf": None}
    assert {k: v.shape for k, v in plain.state_dict().items()} == {
        k: v.shape for k, v in build(name, **fields).state_dict().items()}
    assert plain.config == build(name, **fields).config


def emotion_configs() -> list[str]:
    return [name for name in CONFIGS if CONFIGS[name][0] in TINY]


@pytest.mark.parametrize("name", emotion_configs())
def test_named_configurations_keep_their_size(name: str) -> None:
    model: Any = build(name, hrf=dict(ratio=4, depth=2, where="ffn"))
    light = to_deploy(model)
    deployed = sum(p.numel() for p in light.parameters())
    assert deployed < sum(p.numel() for p in model.parameters())
    assert deployed <= BANDS.get(name.rpartition("-")[2], 500_000)
    assert light(*light.example_inputs(1.0)).shape == (1, 8)


@pytest.mark.parametrize("name", list(TINY))
@pytest.mark.parametrize(("fields", "text"), [
    (dict(hrf={"rank": 2}), "hrf"), (dict(hrf={"where": "head"}), "where"),
    (dict(hrf={"depth": 1.5}), "depth"), (dict(hrf={"ratio": 0}), "ratio"),
    (dict(normalise="x"), "normalise"), (dict(filters="x"), "filters"),
    (dict(sample_rate=8000), "sample_rate"), (dict(classes=0), "classes"), (dict(mels=0), "mels"),
    (dict(dropout=1.0), "dropout"),
])
def test_a_bad_setting_is_named(name: str, fields: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        build(name, **{**TINY[name], **fields})


@pytest.mark.parametrize(("name", "fields"), [
    *(("conv_transformer", {key: value}) for key, value in (("heads", 3), ("pooling", "max"), ("factor", 2),
                                                            ("subsampling", "3d"), ("conv_norm", "group"))),
    *(("conformer", {key: value}) for key, value in (("kernel", 4), ("heads", 3), ("conv_norm", "group"))),
    *(("speechformer", {key: value}) for key, value in (("layers", (1, 1)), ("windows", (50, 60, 2000)),
                                                        ("merges", (50, 75, 1000)), ("heads", 3))),
    *(("whisper_transformer", {key: value}) for key, value in (("heads", 3), ("pooling", "max"),
                                                               ("dim", 15))),
    *(("dynamic_graph", {key: value}) for key, value in (
        ("graph", "ring"), ("degree", "squared"), ("learn", "all"), ("step", 3), ("window", 0),
        ("phi", -1.0), ("random_edges", "some"), ("dice_on", "nodes"), ("readout", "last"),
        ("nodes", "mel"), ("factor", 0))),
])
def test_a_bad_setting_of_one_model_is_named(name: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(fields))):
        build(name, **{**TINY[name], **fields})


def test_stored_statistics_are_kept() -> None:
    model: Any = build("conv_transformer", **TINY["conv_transformer"], normalise="stored")
    model.set_statistics(torch.full((20,), -9.0), torch.full((20,), 3.0))
    x: Tensor = model.normalise(torch.full((1, 4, 20), -3.0), None)
    assert torch.equal(x, torch.full_like(x, 2.0))
    assert {"mean", "std"} <= set(model.state_dict())
    with pytest.raises(ValueError, match="stores no"):
        build("conv_transformer", **TINY["conv_transformer"]).set_statistics(x[0, 0], x[0, 0])
