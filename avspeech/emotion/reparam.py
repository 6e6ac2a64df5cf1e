"""Re-parameterised layers: wide in training, plain in use.

High-rank factorization (HRF) and its inverse, Zhang, Dong, Xu, Han, "Re-Parameterization of
Lightweight Transformer for On-Device Speech Emotion Recognition", IEEE IoT Journal 2025, arXiv
2411.09339: in training a linear layer is a product of linear layers, W = W_k ... W_2 W_1, with
nothing between them; for use they are merged into one, W = W_2 W_1, b = W_2 b_1 + b_2. The
Transformer's case of ExpandNets (Guo, Alvarez, Salzmann, NeurIPS 2020). What the sources leave
open: every factor has a bias; the factors' initial variances are such that their product begins
with the variance of a plain `nn.Linear`.

    layer = FactorisedLinear(96, 384, ratio=4, depth=2)
    light = to_deploy(model)  # of any module that has such layers, at any depth
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from avspeech.errors import InputError

PLACES = ("ffn", "attention", "all")
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}  # relative, of merged against unmerged
_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class FactorisedLinear(nn.Module):
    """A linear map [..., in] -> [..., out] as `depth` linear factors, nothing between them.

    The inner width is ratio * min(in, out) (rounded, at least 1), or `width` where that is given.
    """

    def __init__(self, in_features: int, out_features: int, ratio: float = 4.0, depth: int = 2,
                 width: int | None = None, bias: bool = True):
        super().__init__()
        inner = max(1, round(ratio * min(in_features, out_features))) if width is None else width
        if depth < 1 or inner < 1:
            raise InputError(f"factorization with depth {depth} and inner width {inner}: "
                             "both should be at least 1")
        self.in_features, self.out_features = in_features, out_features
        sizes = [in_features, *[inner] * (depth - 1), out_features]
        factors = [nn.Linear(a, b, bias) for a, b in zip(sizes, sizes[1:])]
        with torch.no_grad():
            for factor in factors[:-1]:
                # Variance 1 / fan_in, so that the inner values have the input's; nn.Linear draws a
                # third.
                bound = math.sqrt(3 / factor.in_features)
                factor.weight.uniform_(-bound, bound)
        self.factors = nn.ModuleList(factors)

    def forward(self, x: Tensor) -> Tensor:
        for factor in self.factors:
            x = factor(x)
        return x

    @torch.no_grad()
    def begin(self, weight: Tensor, bias: Tensor | None = None) -> None:
        """Sets the factors so that their product is a plain layer.

        The first and the last factor share its singular values. A larger inner width has random
        weights beyond them, which have no effect yet; a smaller one keeps the largest singular
        values.

        Args:
            weight: [out, in] of the plain layer.
            bias: [out], or None.
        """
        factors: list[Any] = list(self.factors)
        first, last = factors[0], factors[-1]
        if len(factors) == 1:
            first.weight.copy_(weight)
        else:
            left, values, right = torch.linalg.svd(weight.double(), full_matrices=False)
            kept = min(len(values), first.out_features)
            root = values[:kept].sqrt()
            first.weight[:kept] = (root[:, None] * right[:kept]).to(first.weight.dtype)
            last.weight.zero_()
            last.weight[:, :kept] = (left[:, :kept] * root).to(last.weight.dtype)
            for factor in factors[1:-1]:
                nn.init.eye_(factor.weight)
        for factor in factors:
            if factor.bias is not None:
                factor.bias.zero_()
        if bias is not None:
            last.bias.copy_(bias)

    def merge(self) -> nn.Linear:
        """The one linear layer it equals, multiplied out in float64 and cast once. Raises
        InputError for factors that are no longer what they were built as."""
        factors = _sound(self)
        first = factors[0]
        weight = first.weight.detach().double()
        bias = torch.zeros(len(weight), dtype=torch.float64, device=weight.device)
        biased = False
        for i, factor in enumerate(factors):
            w = factor.weight.detach().double()
            weight, bias = (w, bias) if i == 0 else (w @ weight, w @ bias)
            if factor.bias is not None:
                bias, biased = bias + factor.bias.detach().double(), True
        merged = nn.Linear(self.in_features, self.out_features, biased, device=first.weight.device,
                           dtype=torch.float64)
        with torch.no_grad():
            merged.weight.copy_(weight)
            if biased:
                merged.bias.copy_(bias)
        probe = _probe(self.in_features, first.weight.device)
        exact = copy.deepcopy(self).double()
        _assert_equal(exact(probe), merged(probe), "a factorized layer")
        merged.to(first.weight.dtype)
        if first.weight.dtype == torch.float32:
            _assert_equal(self(probe.float()), merged(probe.float()), "a factorized layer")
        for parameter in merged.parameters():
            parameter.requires_grad_(first.weight.requires_grad)
        return merged


def check_hrf(hrf: Mapping[str, Any] | None) -> None:
    """Raises InputError for a model setting `hrf` that cannot be built."""
    if hrf is None:
        return
    known = {"ratio", "depth", "where", "width"}
    if not isinstance(hrf, Mapping) or set(hrf) - known:
        raise InputError(f"model setting hrf={hrf}: expected null or a mapping with some of "
                         f"{', '.join(sorted(known))}")
    if hrf.get("where", "ffn") not in PLACES:
        raise InputError(
            f"model setting hrf.where='{hrf['where']}': expected one of {', '.join(PLACES)}"
        )
    for key in ("ratio", "depth", "width"):
        value = hrf.get(key, 1)
        whole = key == "ratio" or isinstance(value, int)
        if (value is not None or key != "width") and not (isinstance(value, (int, float)) and whole
                                                          and value > 0):
            raise InputError(f"model setting hrf.{key}={value!r}: expected a number above 0"
                             f"{'' if key == 'ratio' else ', whole'}")


def linear(
    in_features: int,
    out_features: int,
    hrf: Mapping[str, Any] | None = None,
    place: str = "other",
    bias: bool = True,
) -> nn.Linear | FactorisedLinear:
    """A linear layer of a model with the setting `hrf`: factorized where `hrf["where"]` is `place`
    or "all"."""
    if hrf is None or hrf.get("where", "ffn") not in (place, "all"):
        return nn.Linear(in_features, out_features, bias)
    return FactorisedLinear(in_features, out_features, hrf.get("ratio", 4.0), hrf.get("depth", 2),
                            hrf.get("width"), bias)


def to_deploy(
    model: nn.Module, inputs: Sequence[Any] | None = None, norms: bool = True
) -> nn.Module:
    """A merged copy of `model` in eval mode; the model itself is left as it was.

    Every `FactorisedLinear` becomes an `nn.Linear`. Every BatchNorm with running statistics that
    follows a Linear or Conv1d/2d/3d in an `nn.Sequential`, or precedes a Linear or unpadded Conv
    there, or follows one in a module that names both (`folds = (("conv", "norm"), ...)`, names of
    its children), becomes an `nn.Identity`. A model with a method `deployed_config()` gets its
    value as `.config`. Doing it twice changes nothing more.

    Equality is asserted: of every merged layer, and of the whole model on `inputs` (default:
    `model.example_inputs(1.0)` where it has that), in float64 within 1e-12 and in float32 within
    1e-5, relative to the norm of the output.

    norms: False leaves the norms as they are.

    Raises InputError for what cannot be merged: factors that are not plain linear layers (an
    activation, dropout or norm among them, a parametrized or quantized one), that have hooks or
    parameters shared with another module, a subclass with a forward of its own, a norm to fold that
    has no running statistics, values that are not float32 or float64.
    """
    owners: dict[int, set[str]] = {}
    for name, module in model.named_modules():
        for key, parameter in module.named_parameters(recurse=False):
            owners.setdefault(id(parameter), set()).add(f"{name}.{key}".lstrip("."))
    for name, module in model.named_modules():
        if isinstance(module, FactorisedLinear):
            _sound(module, name)
            mine = {
                f"{name}.factors.{key}".lstrip(".") for key, _ in module.factors.named_parameters()
            }
            others = sorted({o for p in module.parameters() for o in owners[id(p)]} - mine)
            if others:
                raise InputError(
                    f"'{name}' cannot be merged: it shares a parameter with '{others[0]}'"
                )
    light = _merged(copy.deepcopy(model).eval(), norms)
    about: Any = model
    if hasattr(model, "deployed_config"):
        light.config = (
            about.deployed_config() if norms else dataclasses.replace(about.config, hrf=None)
        )
    if inputs is None and hasattr(model, "example_inputs"):
        inputs = about.example_inputs(1.0)
    if inputs is not None:
        _compare(model, light, inputs, norms)
    return light


def expandnet_init(factorised: nn.Module) -> nn.Module:
    """ExpandNet initialisation: the plain model whose weights are the products of a new factorised
    model's, its norms as they are, in training mode. A control for HRF: the same start, a plain
    model's training."""
    return to_deploy(factorised, norms=False).train()


def _merged(model: nn.Module, norms: bool) -> nn.Module:
    done: dict[int, nn.Module] = {}  # a module used in two places stays one
    uses = Counter(id(m) for _, m in model.named_modules(remove_duplicate=False))

    def visit(module: nn.Module) -> nn.Module:
        if id(module) not in done:
            if isinstance(module, FactorisedLinear):
                done[id(module)] = merged = module.merge().eval()
                uses[id(merged)] = uses[id(module)]
            else:
                done[id(module)] = module
                for name, child in _children(module).items():
                    setattr(module, name, visit(child))
                for first, second in _neighbours(module) if norms else []:
                    if all(uses[id(getattr(module, name))] == 1 for name in (first, second)):
                        _fold(module, first, second)
        return done[id(module)]

    return visit(model)


def _children(module: nn.Module) -> dict[str, Any]:
    """All children by name; `named_children` leaves out those that have a second name."""
    return {name: child for name, child in module._modules.items() if child is not None}


def _neighbours(module: nn.Module) -> list[tuple[str, str]]:
    """Names of children that run one after the other and nowhere else, the second or the first a
    norm to fold."""
    pairs = list(getattr(module, "folds", ()))
    children = _children(module)
    if isinstance(module, nn.Sequential):
        names = list(children)
        pairs += [(a, b) for a, b in zip(names, names[1:]) if isinstance(children[b], _NORMS)
                  and isinstance(children[a], (nn.Linear, *_CONVS))]
        taken = {b for _, b in pairs}
        for a, b in zip(names, names[1:]):
            before = isinstance(children[a], _NORMS) and a not in taken
            if before and (isinstance(children[b], nn.Linear)
                           or (isinstance(children[b], _CONVS) and not any(children[b].padding))):
                pairs.append((a, b))
    return [(a, b) for a, b in pairs if isinstance(children.get(a), _NORMS)
            or isinstance(children.get(b), _NORMS)]


def _fold(module: nn.Module, first: str, second: str) -> None:
    one, two = getattr(module, first), getattr(module, second)
    after = isinstance(two, _NORMS)
    name, norm, layer = (second, two, one) if after else (first, one, two)
    if norm.running_mean is None or norm.running_var is None:
        raise InputError(f"'{name}' cannot be folded: the norm keeps no running statistics")
    if not isinstance(layer, (nn.Linear, *_CONVS)) or _hooked(norm) or _hooked(layer):
        raise InputError(
            f"'{name}' cannot be folded into a {type(layer).__name__}, or one of them has hooks"
        )
    width = layer.weight.shape[0] if after else layer.weight.shape[1] * getattr(layer, "groups", 1)
    if norm.num_features != width:
        raise InputError(f"'{name}' cannot be folded: it norms {norm.num_features} values, the "
                         f"layer beside it has {width}; they run along different axes")
    ones = torch.ones_like(norm.running_var, dtype=torch.float64)
    gain = (ones if norm.weight is None else norm.weight.detach().double()) * torch.rsqrt(
        norm.running_var.double() + norm.eps)
    shift = -norm.running_mean.double() * gain
    shift = shift if norm.bias is None else shift + norm.bias.detach().double()
    weight = layer.weight.detach().double()
    bias = weight.new_zeros(len(weight)) if layer.bias is None else layer.bias.detach().double()
    if after:
        weight, bias = weight * gain.view(-1, *[1] * (weight.ndim - 1)), bias * gain + shift
    else:
        groups = getattr(layer, "groups", 1)
        by_row = (x.view(groups, 1, -1).expand(groups, len(weight) // groups, -1).reshape(
            len(weight), -1, *[1] * (weight.ndim - 2)) for x in (gain, shift))
        gain, shift = by_row
        bias = bias + (weight * shift).flatten(1).sum(1)
        weight = weight * gain
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias = nn.Parameter(bias.to(layer.weight.dtype), layer.weight.requires_grad)
    setattr(module, name, nn.Identity())


def _sound(layer: FactorisedLinear, name: str = "a factorized layer") -> list[nn.Linear]:
    """The factors. Raises InputError where the layer is not just their product."""
    sound: list[nn.Linear] = []
    problem = ""
    if type(layer).forward is not FactorisedLinear.forward or "forward" in vars(layer):
        problem = f"{type(layer).__name__} has a forward of its own"
    elif _hooked(layer) or any(_hooked(factor) for factor in layer.factors):
        problem = "it has hooks, which may change what it computes"
    for i, factor in enumerate(layer.factors):
        if type(factor) is not nn.Linear:
            problem = problem or f"factor {i} is a {type(factor).__name__}, not a plain nn.Linear"
        elif factor.weight.dtype not in TOLERANCE:
            problem = problem or (
                f"its values are {factor.weight.dtype}; cast the model to float32 first, "
                "equality cannot be shown otherwise"
            )
        elif not all(torch.isfinite(p).all() for p in factor.parameters()):
            problem = problem or f"factor {i} holds NaN or infinity"
        else:
            sound.append(factor)
    if problem:
        raise InputError(f"'{name}' cannot be merged: {problem}")
    return sound


def _hooked(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _probe(width: int, device: torch.device) -> Tensor:
    make = torch.Generator().manual_seed(0)
    return torch.randn(32, width, dtype=torch.float64, generator=make).to(device)


def _assert_equal(expected: Tensor, got: Tensor, what: str) -> None:
    expected, got = expected.detach(), got.detach()
    tolerance = TOLERANCE[expected.dtype]
    difference = float(
        (got - expected).norm() / expected.norm().clamp_min(torch.finfo(expected.dtype).tiny)
    )
    if not difference < tolerance and not torch.equal(got, expected):
        raise AssertionError(f"{what}: merged differs from unmerged by {difference:.1e} "
                             f"({expected.dtype}), more than {tolerance:.0e}")


@torch.no_grad()
def _compare(model: nn.Module, light: nn.Module, inputs: Sequence[Any], norms: bool) -> None:
    """Asserts that both models give the same: as they are, and from double copies in float64."""
    plain = copy.deepcopy(model).eval()
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    inputs = [x.to(device) if isinstance(x, Tensor) else x for x in inputs]
    double = [x.double() if isinstance(x, Tensor) and x.is_floating_point() else x for x in inputs]
    exact = plain.double()
    for a, b in zip(
        _tensors(exact(*double)), _tensors(_merged(copy.deepcopy(exact), norms)(*double))
    ):
        _assert_equal(a, b, type(model).__name__)
    if any(p.dtype == torch.float32 for p in model.parameters()):
        as_is = copy.deepcopy(model).eval()
        for a, b in zip(_tensors(as_is(*inputs)), _tensors(light(*inputs))):
            _assert_equal(a, b, type(model).__name__)


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value] if value.is_floating_point() else []
    return [
        t for v in (value.values() if isinstance(value, Mapping) else value) for t in _tensors(v)
    ]
