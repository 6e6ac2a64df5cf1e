"""Where an upstream's files come from: a folder of the user, the hub's cache, or the hub.

Only configuration and safetensors are read. A pickled checkpoint is refused with the command that
converts it. Sizes that a configuration asks for are held against the weights that are there before
any memory is taken for them.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from avspeech.errors import InputError

PATTERNS = ["*.json", "*.safetensors"]
PICKLED = (".bin", ".pt", ".pth", ".ckpt")
LARGEST_CONFIGURATION = 4 * 2**20  # bytes
Module = TypeVar("Module", bound=nn.Module)


def config(path: Path) -> dict[str, Any]:
    """The content of a JSON object in a file.

    Raises:
        InputError: no such file, one of more than 4 MiB, or not a JSON object.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_CONFIGURATION:
            raise InputError(f"{path}: {size:,} bytes; a configuration has at most "
                             f"{LARGEST_CONFIGURATION:,}")
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; a model's folder holds it beside the weights") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: expected a JSON object")
    return found


def weight_files(folder: Path) -> list[Path]:
    """The safetensors of a folder: `model.safetensors`, or its shards.

    Raises:
        InputError: there are none; names the command that converts what is there instead.
    """
    files = sorted(folder.glob("*.safetensors"))
    main = folder / "model.safetensors"
    if files:
        return [main] if main in files else files
    pickled = sorted(p for p in folder.glob("*") if p.suffix in PICKLED) if folder.is_dir() else []
    if pickled:
        raise InputError(f"{pickled[0]}: not read, since reading a pickle may run what is in it; "
                         f"convert it once: {conversion(pickled[0])}")
    raise InputError(f"{folder}: no weights in it; expected {main.name}")


def conversion(path: Path) -> str:
    """The command that turns a pickled checkpoint into safetensors beside it."""
    return (f"cd {shlex.quote(str(path.parent))} && "
            "python -c \"import argparse, torch; from safetensors.torch import save_file; "
            "torch.serialization.add_safe_globals([argparse.Namespace]); "
            f"state = torch.load({path.name!r}, map_location='cpu', weights_only=True); "
            "state = state.get('model', state.get('state_dict', state)); "
            "save_file({k: v.clone().contiguous() for k, v in state.items() if hasattr(v, "
            "'clone')}, 'model.safetensors')\"")


def tensors(folder: Path) -> dict[str, Tensor]:
    """All weights of a folder, by name."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    found: dict[str, Tensor] = {}
    for file in weight_files(folder):
        try:
            found |= load_file(file)
        except (SafetensorError, OSError) as error:
            raise InputError(f"{file}: not a safetensors file ({error})") from None
    return found


def elements(folder: Path) -> tuple[int, int]:
    """(numbers in all weights of a folder, how many tensors they are), from the headers alone."""
    from safetensors import SafetensorError, safe_open

    numbers = tensors = 0
    for file in weight_files(folder):
        try:
            with safe_open(str(file), framework="pt") as weights:
                for name in weights.keys():
                    shape = weights.get_slice(name).get_shape()
                    numbers, tensors = numbers + torch.Size(shape).numel(), tensors + 1
        except (SafetensorError, OSError) as error:
            raise InputError(f"{file}: not a safetensors file ({error})") from None
    return numbers, tensors


def build(make: Callable[[], Module], weights: Mapping[str, Tensor], where: Path) -> Module:
    """A module with these weights. Nothing is allocated before every shape has been checked.

    Args:
        make: builds the module; called where tensors have a shape and no memory. The number of its
            layers has to be bounded by the caller.
        weights: by the names of the module's state; further ones are ignored.
        where: folder or file, for messages.

    Raises:
        InputError: sizes that cannot be, and as `fill`.
    """
    try:
        with torch.device("meta"):
            module = make()
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        line = " ".join(str(error).split())[:200]
        raise InputError(f"{where}: sizes that no model can have ({line})") from None
    fill(module, weights, where)
    return module


def fill(module: nn.Module, weights: Mapping[str, Tensor], where: Path) -> None:
    """Loads weights, converted to the types of the module, which ignores those it does not have.

    Raises:
        InputError: a weight is missing or has another shape.
    """
    state = module.state_dict()
    for name, value in state.items():
        if name not in weights:
            raise InputError(f"{where}: weight '{name}' is missing; is it a model of this kind?")
        if weights[name].shape != value.shape:
            raise InputError(f"{where}: weight '{name}' should be {list(value.shape)}, "
                             f"got {list(weights[name].shape)}")
    module.load_state_dict({name: weights[name].to(value.dtype) for name, value in state.items()},
                           assign=any(value.is_meta for value in state.values()))


def from_hub(name: str, hub: str, files: str) -> Path:
    """The folder of a hub repository: from the cache, else downloaded.

    Args:
        name: of the upstream, for messages.
        hub: the repository, "owner/name".
        files: what a folder of them should hold, for messages.

    Raises:
        InputError: neither can be had; says what to put where.
    """
    wanted = f"put its {files} into a folder and name it as {name}=FOLDER"
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        raise InputError(f"{name}: fetching {hub} takes huggingface_hub, which is not installed; "
                         f"pip install 'avspeech[bench]', or {wanted}") from None
    folder = None
    try:
        folder = Path(snapshot_download(hub, allow_patterns=PATTERNS, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError, OSError):
        pass  # not in the cache
    if folder is not None and any(folder.glob("*.safetensors")):
        return folder
    if os.environ.get("HF_HUB_OFFLINE", "") in ("", "0"):
        try:
            folder = Path(snapshot_download(hub, allow_patterns=PATTERNS, etag_timeout=10))
        except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
            raise InputError(f"{name}: {hub} is not in the cache and the hub cannot be reached "
                             f"({type(error).__name__}); {wanted}") from None
    else:
        raise InputError(f"{name}: {hub} is not in the cache, and HF_HUB_OFFLINE is set; {wanted}")
    if not any(folder.glob("*.safetensors")):
        raise InputError(f"{name}: {hub} offers no safetensors; download its checkpoint and "
                         f"convert it: {conversion(folder / 'pytorch_model.bin')}; then {wanted}")
    return folder
