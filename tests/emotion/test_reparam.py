"""HRF: merged equals unmerged or is refused; parameters, copies, norms that fold."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from avspeech.emotion.reparam import FactorisedLinear, _assert_equal, expandnet_init, linear, to_deploy
from avspeech.errors import InputError


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def shaken(model: Any) -> Any:
    """The model after some training: no weight, bias or statistic as it was."""
    torch.manual_seed(0)
    optimiser = torch.optim.Adam(model.parameters(), 0.05)
    for _ in range(3):
        optimiser.zero_grad()
        model(torch.randn(16, 6)).square().sum().backward()
        optimiser.step()
    return model


class Own(nn.Module):
    """A user's module."""

    def __init__(self, plain: bool = False) -> None:
        super().__init__()
        made = (lambda a, b: nn.Linear(a, b)) if plain else (lambda a, b: FactorisedLinear(a, b, depth=3))
        self.block = nn.ModuleDict({"enter": made(6, 8)})
        self.shared = made(8, 8)
        self.leave = nn.Sequential(nn.Tanh(), nn.Dropout(0.5), made(8, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.leave(self.shared(self.shared(self.block["enter"](x)).relu()))

    def example_inputs(self, seconds: float) -> tuple[Tensor]:
        return (torch.randn(3, 6),)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.sampled_from([0.5, 1, 2, 4, 8]),
       st.booleans())
def test_merged_is_unmerged(inner: int, out: int, depth: int, ratio: float, bias: bool) -> None:
    torch.manual_seed(inner)
    layer = FactorisedLinear(inner, out, ratio, depth, bias=bias)
    x = torch.randn(5, 3, inner, dtype=torch.float64)
    merged = layer.merge()
    assert count(merged) == inner * out + bias * out
    torch.testing.assert_close(merged(x.float()), layer(x.float()), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(layer.double().merge()(x), layer(x), rtol=1e-11, atol=1e-12)


def test_the_width() -> None:
    assert FactorisedLinear(256, 2048, 8).factors[0].out_features == 8 * 256
    assert FactorisedLinear(256, 64, 0.5, 3).factors[1].weight.shape == (32, 32)
    assert FactorisedLinear(256, 64, width=100).factors[0].out_features == 100
    for wrong in (dict(depth=0), dict(width=0)):
        with pytest.raises(InputError, match="at least 1"):
            FactorisedLinear(4, 4, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("depth", [2, 3])
def test_it_begins_like_a_plain_layer(depth: int) -> None:
    torch.manual_seed(0)
    plain, wide = nn.Linear(128, 256), FactorisedLinear(128, 256, 4, depth).merge()
    assert wide.weight.std().item() == pytest.approx(plain.weight.std().item(), rel=0.1)


def test_a_users_own_module() -> None:
    model = shaken(Own())
    model.train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    light = to_deploy(model)
    assert model.training and not light.training
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert isinstance(light.shared, nn.Linear) and count(light) == count(Own(plain=True))
    plain = Own(plain=True).eval()
    plain.load_state_dict(light.state_dict())
    x = torch.randn(4, 6)
    torch.testing.assert_close(plain(x), model.eval()(x))
    again = to_deploy(light)
    assert again is not light
    assert all(torch.equal(v, light.state_dict()[k]) for k, v in again.state_dict().items())
    light.shared.weight.data.zero_()
    assert again.shared.weight.any()


def test_expandnet_init_is_plain_and_trains() -> None:
    torch.manual_seed(0)
    model = Own()
    plain = expandnet_init(model)
    assert plain.training and not any(isinstance(m, FactorisedLinear) for m in plain.modules())
    assert all(p.requires_grad for p in plain.parameters())
    shaken(plain)
    normed = expandnet_init(nn.Sequential(FactorisedLinear(6, 4), nn.BatchNorm1d(4)))
    assert [type(m) for m in normed] == [nn.Linear, nn.BatchNorm1d]


class Swish(FactorisedLinear):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).relu()


def broken(kind: str) -> nn.Module:
    layer = FactorisedLinear(6, 6)
    model = nn.Sequential(layer)
    if kind == "activation":
        layer.factors.insert(1, nn.ReLU())
    elif kind == "dropout":
        layer.factors[1] = nn.Sequential(nn.Dropout(0.1), layer.factors[1])
    elif kind == "norm":
        layer.factors.append(nn.LayerNorm(6))
    elif kind == "hook":
        layer.factors[0].register_forward_hook(lambda *_: None)
    elif kind == "forward":
        model = nn.Sequential(Swish(6, 6))
    elif kind == "parametrised":
        parametrizations.weight_norm(layer.factors[0])
    elif kind == "tied":
        other = nn.Linear(6, 24)
        other.weight = layer.factors[0].weight
        model = nn.Sequential(layer, nn.Linear(6, 6), other)
    elif kind == "bfloat16":
        model = model.bfloat16()
    elif kind == "infinite":
        layer.factors[0].weight.data[0, 0] = float("inf")
    elif kind == "statistics":
        model = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6, track_running_stats=False))
    return model


def test_modules_under_two_names_are_merged_and_their_neighbors_are_those_that_run() -> None:
    layer, plain, relu, norm = FactorisedLinear(6, 6), nn.Linear(6, 6), nn.ReLU(), nn.BatchNorm1d(6)
    norm.running_mean, norm.running_var = torch.randn(6), torch.rand(6) + 0.5
    x = torch.randn(5, 6)
    for parts in ([layer, relu, layer], [layer, relu, plain, relu, norm], [plain, norm, plain, norm],
                  [layer, norm, relu, layer]):
        model = nn.Sequential(*parts).eval()
        light = to_deploy(model)
        torch.testing.assert_close(light(x), model(x), rtol=1e-4, atol=1e-5)
        assert not any(isinstance(m, FactorisedLinear) for m in light.modules())
        assert len({*light.children()}) == len({*parts})


@pytest.mark.parametrize("first", [True, False])
def test_a_shared_parameter_is_refused_wherever_it_is_named_first(first: bool) -> None:
    layer, other = FactorisedLinear(6, 6, 1.0), nn.Linear(6, 6)
    layer.factors[0].weight = other.weight
    with pytest.raises(InputError, match="shares a parameter"):
        to_deploy(nn.ModuleList([layer, other] if first else [other, layer]))


@pytest.mark.parametrize(("kind", "text"), [
    ("activation", "ReLU"), ("dropout", "Sequential"), ("norm", "LayerNorm"), ("hook", "hooks"),
    ("forward", "forward of its own"), ("parametrised", "Parametrized"), ("tied", "shares"),
    ("bfloat16", "float32"), ("infinite", "infinity"), ("statistics", "running statistics")])
def test_what_cannot_be_merged_is_refused(kind: str, text: str) -> None:
    with pytest.raises(InputError, match=text):
        to_deploy(broken(kind), [torch.randn(2, 6)])


def test_a_difference_is_not_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge that were wrong by a hundredth is an error, not a print."""
    right = FactorisedLinear.merge

    def wrong(self: FactorisedLinear) -> nn.Linear:
        merged = right(self)
        merged.weight.data.mul_(1.01)
        return merged

    monkeypatch.setattr(FactorisedLinear, "merge", wrong)
    with pytest.raises(AssertionError, match="differs"):
        to_deploy(Own())
    with pytest.raises(AssertionError):
        _assert_equal(torch.ones(2), torch.tensor([1.0, float("nan")]), "x")


@pytest.mark.parametrize("layers", [
    lambda: (FactorisedLinear(6, 5), nn.BatchNorm1d(5), nn.ReLU()),
    lambda: (nn.Linear(6, 5, bias=False), nn.BatchNorm1d(5, affine=False), nn.Linear(5, 3)),
    lambda: (nn.BatchNorm1d(6), nn.Linear(6, 3)),
    lambda: (nn.Unflatten(1, (2, 3)), nn.Conv1d(2, 4, 3, padding=1, groups=2), nn.BatchNorm1d(4)),
    lambda: (nn.Unflatten(1, (2, 3)), nn.BatchNorm1d(2), nn.Conv1d(2, 4, 2, groups=2)),
    lambda: (nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 4, 2), nn.BatchNorm2d(4), nn.Flatten()),
])
def test_norms_are_folded(layers: Any) -> None:
    torch.manual_seed(0)
    model = shaken(nn.Sequential(*layers()))
    light = to_deploy(model, [torch.randn(3, 6)])
    assert not any("Norm" in type(m).__name__ for m in light.modules())
    x = torch.randn(7, 6)
    torch.testing.assert_close(light(x), model.eval()(x), rtol=1e-4, atol=1e-5)


def test_a_norm_before_a_padded_convolution_stays() -> None:
    """The padding stands behind the norm: no one convolution does both."""
    model = shaken(nn.Sequential(nn.Unflatten(1, (2, 3)), nn.BatchNorm1d(2), nn.Conv1d(2, 4, 3, padding=1)))
    assert isinstance(to_deploy(model, [torch.randn(3, 6)])[1], nn.BatchNorm1d)


@pytest.mark.parametrize("layers", [
    (nn.Linear(6, 5), nn.BatchNorm1d(4)), (nn.BatchNorm1d(4), nn.Linear(6, 5))])
def test_a_norm_along_another_axis_is_refused(layers: Any) -> None:
    model = nn.Sequential(nn.Unflatten(1, (4, 6)), *layers)
    model(torch.randn(3, 24))
    with pytest.raises(InputError, match="different axes"):
        to_deploy(model)


@pytest.mark.parametrize("where", ["ffn", "attention", "all"])
def test_where(where: str) -> None:
    wide = {place: isinstance(linear(4, 4, {"where": where}, place), FactorisedLinear)
            for place in ("ffn", "attention", "other")}
    assert wide == {place: where in (place, "all") for place in wide}
    assert isinstance(linear(4, 4, None, "ffn"), nn.Linear)


@pytest.mark.parametrize("sizes, ratio, depth",
                         [((6, 9), 2, 2), ((9, 6), 1, 3), ((5, 5), 4, 1), ((7, 4), 3, 4)])
def test_factors_may_begin_as_a_plain_layer(sizes: tuple[int, int], ratio: float, depth: int) -> None:
    torch.manual_seed(0)
    plain, layer = nn.Linear(*sizes), FactorisedLinear(*sizes, ratio=ratio, depth=depth)
    layer.begin(plain.weight, plain.bias)
    x = torch.randn(8, sizes[0])
    torch.testing.assert_close(layer(x), plain(x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(layer.merge()(x), plain(x), atol=1e-5, rtol=1e-5)


def test_narrow_factors_begin_with_the_largest_singular_values() -> None:
    torch.manual_seed(0)
    plain, layer = nn.Linear(8, 8, bias=False), FactorisedLinear(8, 8, width=3, bias=False)
    layer.begin(plain.weight)
    left = torch.linalg.svdvals(plain.weight - layer.merge().weight)
    torch.testing.assert_close(left[:5], torch.linalg.svdvals(plain.weight)[3:], atol=1e-5, rtol=1e-4)
