"""Limits for what strangers' files may ask for, so that a small file cannot fill the memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.modules import module as modules
from torch.overrides import TorchFunctionMode

from avspeech.errors import InputError, telling

SPARE = 2**23  # elements of a tensor that is no weight, such as a filter bank
TOTAL = 2**26  # elements of all of them
TIMES = 8  # tensors that may be made for each weight, as initialization takes some
MODULES = 8  # layers for each tensor in the file, as some layers have no weights
# They make no tensor, and are most of what building a model calls: attributes and shapes, and what
# fills a tensor in its place.
NOTHING_MADE = frozenset({
    "__get__", "dim", "size", "numel", "is_contiguous", "_set_grad_enabled", "requires_grad_",
    "zero_", "fill_", "uniform_", "normal_", "zeros_", "ones_", "kaiming_uniform_",
    "kaiming_normal_", "xavier_uniform_", "xavier_normal_", "trunc_normal_"})


class TooLarge(InputError):
    """A configuration that asks for more than its file of weights holds."""


class _Counting(TorchFunctionMode):
    """Refuses tensors before they are made: each operation is first tried without memory, on the
    device "meta", which knows shapes only."""

    def __init__(self, elements: int) -> None:
        super().__init__()
        self.weights, self.left = elements, TIMES * elements + TOTAL

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        kwargs = dict(kwargs or {})
        if getattr(func, "__name__", "") not in NOTHING_MADE:
            self._count(func, args, kwargs)
        return func(*args, **kwargs)

    def _count(self, func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> None:
        less = {key: value for key, value in kwargs.items() if key not in ("generator", "out")}
        sizes: list[int] = []
        # What makes tensors takes a device, the rest does not.
        for more in ({"device": "meta"}, {}):
            given: list[torch.Tensor] = []  # kept, as the id of a freed one may be given again
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    made = func(*_without_memory(args, given),
                                **{**_without_memory(less, given), **more})
            except (TypeError, ValueError, RuntimeError, NotImplementedError, AttributeError):
                continue  # no such argument, or its values are looked at
            known = {id(x) for x in given}
            sizes = [x.numel() for x in _tensors(made) if x.is_meta and id(x) not in known]
            break
        if max(sizes, default=0) > self.weights + SPARE:
            raise TooLarge(f"asks for a tensor of {max(sizes):,} elements, and the weights beside "
                           f"it are {self.weights:,}")
        self.left -= sum(sizes)
        if self.left < 0:
            raise TooLarge(f"asks for a larger model than the {self.weights:,} weights beside it")


def _without_memory(value: Any, given: list[torch.Tensor]) -> Any:
    """A value with its tensors on the device "meta", which `given` receives."""
    if isinstance(value, torch.Tensor):
        kept = torch.empty_strided(value.size(), value.stride(), dtype=value.dtype, device="meta")
        given.append(kept)
        return kept
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_without_memory(item, given) for item in value)
    if isinstance(value, dict):
        return {key: _without_memory(item, given) for key, item in value.items()}
    return value


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


@contextmanager
def building(where: str, weights: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """Bounds the model that is built in this block by the weights that it is built for.

    Args:
        where: the file that says what to build, for messages.
        weights: what is going to be loaded into the model.

    Raises:
        InputError: the model would be larger than its weights, or cannot be built: strangers'
            values may be of any kind.
    """
    elements = sum(value.numel() for value in weights.values())
    layers = MODULES * (len(weights) + 32)

    def count(*_: Any) -> None:
        nonlocal layers
        layers -= 1
        if layers < 0:
            raise TooLarge(f"asks for more layers than the {len(weights)} weights beside it have")

    hook = modules.register_module_module_registration_hook(count)
    with telling(where):
        try:
            with _Counting(elements):
                yield
        except InputError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:200] or "no reason given"
            raise InputError(f"no model can be built of its settings ({type(error).__name__}: "
                             f"{reason})") from None
        finally:
            hook.remove()
