"""The model folder format. Training writes it, `avspeech.load` reads it, and releases ship in it.

    config.json         ModelInfo: task, model (a name in `avspeech.core.models`), its
                        configuration, licenses, measured values
    model.safetensors   the weights
    README.md           the model card, generated from config.json
    NAME.onnx           of released models and of `avspeech export --to runtime`: graphs without
                        weights, which run without torch (`core/engine.py`)
    SHA256SUMS          the sums of these files, checked at every load; `sha256sum -c` reads it too

Nothing else is needed to run a model, and no code in a folder is ever executed: the class is looked
up by name in the registry, weights are read from safetensors only, and graphs are data for
onnxruntime.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from avspeech.core import engine as runtime
from avspeech.core import hardware, models, storage
from avspeech.core.model_card import card
from avspeech.core.model_files import (
    CARD,
    CONFIG,
    GRAPH,
    LARGEST,
    SUMS,
    WEIGHTS,
    graph_names,
    graphs_of,
    verified,
)
from avspeech.core.model_info import DTYPES, ModelInfo, as_json, parse
from avspeech.errors import InputError, hint

if TYPE_CHECKING:
    import torch
    from torch import nn

RELEASED = Path(__file__).parents[1] / "released"
DEFAULTS = ("prosodyfm-hibari",)  # released models that are taken where several could be


@dataclass
class Release:
    """The part of a recipe's configuration that goes into the folders of the models it makes."""

    licence: str = "Apache-2.0"  # of the weights
    data: dict[str, str] = field(default_factory=dict)  # {corpus or other source: license}
    dtype: Literal["float32", "float16", "int8"] = "float32"  # how matrices are stored
    limits: list[str] = field(default_factory=list)  # for the model card, in Markdown

    def info(self, corpora: Iterable[str], init: str | None = None, **about: Any) -> ModelInfo:
        """The ModelInfo of a model that the recipe has made.

        Args:
            corpora: names of the training corpora; one without an entry in `data` has the license
                "not stated".
            init: the model whose weights training started from; its training data are listed too.
            about: the other fields of ModelInfo.
        """
        licences = {**dict.fromkeys(corpora, "not stated"), **self.data}
        inherited = read_info(init).training_data if init else []
        data = [{"name": name, "licence": licence} for name, licence in licences.items()]
        data += [entry for entry in inherited if entry["name"] not in licences]
        return ModelInfo(licence=self.licence, training_data=data, limits=self.limits,
                         dtype=self.dtype, **about)


# Endings of the names of stored tensors that are no parameters: those of norms, and a graph's edges
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "random")


def names() -> list[str]:
    """The names of the released models, which come with the package: those first that are taken
    where a task has several and none is named, the others by the alphabet."""
    found = [path.parent.name for path in RELEASED.glob(f"*/{CONFIG}")]
    return sorted(found, key=lambda name: (name not in DEFAULTS, name))


def find(name_or_folder: str | Path) -> Path:
    """The folder of a model.

    Args:
        name_or_folder: a released name, the path of a model folder, or a model on a hub,
            `hf:owner/name@revision` (see `core.hub`).

    Raises:
        InputError: it is none of these, or cannot be fetched.
    """
    if isinstance(name_or_folder, str) and name_or_folder.startswith("hf:"):
        from avspeech.core import hub

        return hub.fetch(name_or_folder)
    if isinstance(name_or_folder, str) and name_or_folder in names():
        return RELEASED / name_or_folder
    folder = Path(name_or_folder)
    if folder.is_dir():
        return folder
    if folder.exists():
        raise InputError(f"{folder}: is a file; a model is a folder with {CONFIG} and {WEIGHTS}")
    raise InputError(f"{name_or_folder}: neither a model folder nor a released model"
                     f"{hint(str(name_or_folder), names())}; "
                     f"released: {', '.join(names()) or 'none'}")


def content(name_or_folder: str) -> str | None:
    """The text of SHA256SUMS of a released model, a model folder or a model on a hub; None for
    anything else."""
    if name_or_folder.startswith("hf:"):
        folder = find(name_or_folder)
    else:
        folder = RELEASED / name_or_folder if name_or_folder in names() else Path(name_or_folder)
    try:
        return (folder / SUMS).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def save(folder: str | Path, model: nn.Module, info: ModelInfo) -> Path:
    """Writes a model folder, whole or not at all. An existing model folder is replaced.

    Args:
        folder: where to write.
        model: gives the weights; they are stored as `info.dtype`.
        info: the content of config.json.

    Returns:
        The folder.

    Raises:
        InputError: `folder` holds something that is not part of a model folder.
        ValueError: `info` does not describe `model`.
    """
    import torch

    from avspeech.core.checkpoint import tensor_bytes

    if info.dtype not in DTYPES:
        raise ValueError(f"dtype '{info.dtype}': expected one of {', '.join(DTYPES)}")
    problem = _mismatch(_build(info, str(folder)), model.state_dict())
    if problem:
        raise ValueError(f"info does not describe the model: {problem}")
    weights = {}
    for name, value in model.state_dict().items():
        value = value.detach().cpu()
        matrix = value.dtype == torch.float32 and value.ndim > 1
        if info.dtype == "float16" and matrix:
            half = value.half()
            # A matrix with values beyond the range of float16 stays in float32.
            value = half if torch.isfinite(half).all() else value
        if info.dtype == "int8" and matrix:
            peaks = value.flatten(1).abs().amax(1).clamp_min(1e-30)
            scale = peaks.view(-1, *[1] * (value.ndim - 1)) / 127
            value, weights[name + runtime.SCALE] = (value / scale).round().to(torch.int8), scale
        weights[name] = value
    return _write(Path(folder), tensor_bytes(weights), info)


def update(folder: str | Path, **changes: Any) -> ModelInfo:
    """Changes fields of a folder's config.json and writes the card again.

    Graphs are left out where `config` changes, as they may hold what it was.

    Args:
        folder: a model folder.
        changes: fields of ModelInfo, for example `metrics` once they are measured.

    Returns:
        The new ModelInfo.

    Raises:
        InputError: as `load`.
    """
    folder = Path(folder)
    files = verified(folder, [WEIGHTS, *graph_names(folder)])
    info = dataclasses.replace(parse(files[CONFIG], folder), **changes)
    _write(folder, files[WEIGHTS], info, None if "config" in changes else graphs_of(files))
    return info


def copy(source: str | Path, folder: str | Path) -> Path:
    """Copies a model folder, e.g. to release it as `released/NAME`; the card shows the new name.

    Args:
        source: a model folder or a released name.
        folder: the new folder; an existing model folder is replaced.

    Returns:
        The new folder.

    Raises:
        InputError: as `load`, or `folder` holds something that is not part of a model folder.
    """
    source = find(source)
    files = verified(source, [WEIGHTS, *graph_names(source)])
    return _write(Path(folder), files[WEIGHTS], parse(files[CONFIG], source), graphs_of(files))


def with_graphs(source: str | Path, folder: str | Path,
                make: Callable[[bytes], Mapping[str, bytes]]) -> Path:
    """Copies a model folder and puts graphs into the copy.

    Args:
        source: a model folder or a released name.
        folder: the new folder; an existing model folder is replaced.
        make: {name: graph} of the file of weights.

    Returns:
        The new folder.

    Raises:
        InputError: as `copy`.
    """
    source = find(source)
    files = verified(source, [WEIGHTS])
    graphs = {f"{name}{runtime.SUFFIX}": graph for name, graph in make(files[WEIGHTS]).items()}
    return _write(Path(folder), files[WEIGHTS], parse(files[CONFIG], source), graphs)


def read_info(name_or_folder: str | Path) -> ModelInfo:
    """The ModelInfo of a model, without building it.

    Args:
        name_or_folder: a released name, or the path of a model folder.

    Raises:
        InputError: there is no such model, or a file of it is missing, altered or invalid.
    """
    folder = find(name_or_folder)
    return parse(verified(folder)[CONFIG], folder)


def parameters(name_or_folder: str | Path) -> int:
    """The number of a model's parameters, read from the header of its weights.

    Other stored tensors, such as the counters of a norm, are recognized by their names alone.

    Args:
        name_or_folder: a released name, or the path of a model folder.

    Raises:
        InputError: as `read_info`, or the weights are no safetensors file.
    """
    path = find(name_or_folder) / WEIGHTS
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > LARGEST:
                raise ValueError("a header of more than 16 MiB")
            header = json.loads(file.read(size))
        header.pop("__metadata__", None)
        shapes = {name: about["shape"] for name, about in header.items()}
        return sum(math.prod(shape) for name, shape in shapes.items()
                   if not name.endswith((runtime.SCALE, *_BUFFERS)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not a safetensors file ({error})") from None


def open_model(name_or_folder: str | Path, device: str | torch.device = "cpu",
               engine: runtime.Choice = "auto", task: str | None = None) -> tuple[Any, ModelInfo]:
    """Opens a model for use: what a pipeline is made of.

    Args:
        name_or_folder: a released name, or the path of a model folder.
        device: for torch.
        engine: "torch", "onnx" (the graphs of the folder, on the CPU), or "auto": the graphs, where
            the folder has any, the device is the CPU and onnxruntime is installed; else torch.
        task: the task that the model has to be for; None: any.

    Returns:
        The graphs or, as of `load`, the model; and its ModelInfo.

    Raises:
        InputError: as `load`; or the model is for another task, graphs are asked for and the folder
            has none, or torch is needed and not installed.
    """
    if engine not in runtime.CHOICES:
        raise InputError(f"engine '{engine}': expected one of {', '.join(runtime.CHOICES)}")
    folder = find(name_or_folder)
    graphs = graph_names(folder)
    if engine == "auto":
        runs = str(device) == "cpu" and importlib.util.find_spec("onnxruntime") is not None
        engine = "onnx" if graphs and runs else "torch"
    if engine == "onnx":
        if not graphs or str(device) != "cpu":
            raise InputError(f"{name_or_folder}: "
                             + ("graphs run on the CPU alone" if graphs else "holds no graphs; "
                                "avspeech export --to runtime makes a folder that does"))
        files = verified(folder, graphs)
        parts = {name.removesuffix(runtime.SUFFIX): files[name] for name in graphs}
        opened: tuple[Any, ModelInfo] = (runtime.Graphs(folder, parts, folder / WEIGHTS),
                                         parse(files[CONFIG], folder))
    elif importlib.util.find_spec("torch") is None:
        other = "pip install onnxruntime" if str(device) == "cpu" else "take the device cpu"
        raise InputError(f"{name_or_folder}: needs torch to run, which is not installed; "
                         f"pip install torch{f', or {other}' if graphs else ''}")
    else:
        opened = load(folder if isinstance(name_or_folder, Path) else name_or_folder, device)
    if task not in (None, opened[1].task):
        raise InputError(f"{name_or_folder}: a model for {opened[1].task}, expected one for {task}"
                         f": {', '.join(n for n in names() if read_info(n).task == task)}")
    return opened


def load(name_or_folder: str | Path,
         device: str | torch.device = "cpu") -> tuple[nn.Module, ModelInfo]:
    """Loads a model.

    Args:
        name_or_folder: a released name, the path of a model folder, or `hf:owner/name@revision`.
        device: where to put it.

    Returns:
        The model in eval mode and float32, and its ModelInfo.

    Raises:
        InputError: there is no such model, a file of it is missing or altered, its model or a key
            is unknown, or the weights do not fit the configuration.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as tensors_from_bytes

    from avspeech.core import bounds

    folder = find(name_or_folder)
    files = verified(folder, [WEIGHTS])
    info = parse(files[CONFIG], folder)
    try:
        weights = _scaled(tensors_from_bytes(files[WEIGHTS]))
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise InputError(f"{folder / WEIGHTS}: not a safetensors file ({error})") from None
    released = folder.resolve().parent == RELEASED.resolve()
    # A released model is our own, and the check costs a second: its first operation imports torch's
    # compiler.
    with nullcontext() if released else bounds.building(str(folder / CONFIG), weights):
        model = models.build(info.model, **info.config)
    problem = _mismatch(model, weights)
    if problem:
        raise InputError(f"{folder / WEIGHTS}: does not fit {CONFIG}: {problem}")
    model.load_state_dict(weights)  # copies, and so turns float16 into the model's float32
    return model.to(hardware.usable(device)).eval(), info


def begin(model: nn.Module, name_or_folder: str | Path, label: str,
          parts: Sequence[str] = ()) -> nn.Module:
    """Copies weights of matching name and shape from another model, and prints how many match.

    Args:
        model: the model that receives the weights.
        name_or_folder: the other model: a released name, or the path of a model folder.
        label: the start of the printed line and the name of `model` in an error.
        parts: only weights of these modules ("cue.lips.frontend"); empty: all.

    Returns:
        The other model.

    Raises:
        InputError: as `load`, or no weight matches.
    """
    from avspeech.core.checkpoint import load_fitting

    other = load(name_or_folder)[0]
    weights = {name: value for name, value in other.state_dict().items()
               if not parts or any(f"{name}.".startswith(f"{part}.") for part in parts)}
    copied, own = load_fitting(model, weights)
    if not copied:
        among = f" in {', '.join(parts)}" if parts else ""
        raise InputError(f"{name_or_folder}: none of its tensors{among} has the name and shape of "
                         f"one of {label}; start from a model of the same kind and configuration")
    print(f"{label}: {copied} of {own} tensors from {name_or_folder}", flush=True)
    return other


def _write(folder: Path, weights: bytes, info: ModelInfo,
           graphs: Mapping[str, bytes] | None = None) -> Path:
    if folder.exists():
        own = {CONFIG, WEIGHTS, CARD, SUMS}
        others = sorted(path.name for path in folder.iterdir()
                        if path.name not in own and not GRAPH.fullmatch(path.name))
        if others:
            raise InputError(f"{folder}: not replaced, because it holds '{others[0]}', "
                             "which is not part of a model folder; choose another folder")
    files = {CONFIG: as_json(info), WEIGHTS: weights,
             CARD: card(_shown(folder), info).encode(), **(graphs or {})}
    parse(files[CONFIG], folder)  # raises before anything is written that could not be read back
    files[SUMS] = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n"
                          for name, data in files.items()).encode()

    with storage.writing_folder(folder) as aside:
        for name, data in files.items():
            storage.write_file(aside / name, data)
    return folder


def _shown(folder: Path) -> str:
    """What a card calls a model: a released name, or a path for the reader to fill in."""
    folder = folder.resolve()
    return folder.name if folder.parent == RELEASED.resolve() else f"path/to/{folder.name}"


def _build(info: ModelInfo, where: str) -> nn.Module:
    try:
        return models.build(info.model, **info.config)
    except (InputError, TypeError, ValueError) as error:
        raise InputError(f"{where}: {error}") from None


def _scaled(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of a file, with int8 weights multiplied by their scales. A weight without a scale
    that fits stays as it is."""
    for name, value in list(weights.items()):
        scale = weights.get(name + runtime.SCALE)
        if scale is not None and scale.shape == (*value.shape[:1], *[1] * (value.ndim - 1)):
            weights[name] = value * weights.pop(name + runtime.SCALE)
    return weights


def _mismatch(model: nn.Module, weights: Mapping[str, torch.Tensor]) -> str:
    """How the weights do not fit the model, in words; "" if they fit."""
    expected = model.state_dict()
    for name, value in expected.items():
        if name not in weights:
            return f"'{name}' is missing"
        if weights[name].shape != value.shape:
            return f"'{name}' should be {list(value.shape)}, got {list(weights[name].shape)}"
        if weights[name].is_floating_point() != value.is_floating_point():
            return f"'{name}' should be {value.dtype}, got {weights[name].dtype}"
    extra = sorted(set(weights) - set(expected))
    return f"'{extra[0]}' is not a weight of this model" if extra else ""
