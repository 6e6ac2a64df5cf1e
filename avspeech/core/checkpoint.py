"""Training state on disk: written atomically, verified on reading, without pickle.

A checkpoint is a folder `step-00001000/` with three files: `state.safetensors` (every tensor of the
state), `state.json` (everything else) and the marker `COMPLETE` with the SHA-256 of the other two,
which is written last. The folder is written under another name, flushed to the disk and renamed.
Older checkpoints are removed only after the new one has been read back and verified. So the process
may be killed at any point, even during a save: the newest checkpoint whose marker agrees with its
files is whole. A state is any nesting of dict, list, tuple, tensor, str, int, float, bool and None.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes
from torch import nn

from avspeech.core import storage
from avspeech.errors import InputError

log = logging.getLogger("avspeech")

TENSORS, REST, MARKER = "state.safetensors", "state.json", "COMPLETE"
_ASIDE = ".aside-"
_TAGS = ("$tensor", "$tuple", "$pairs")


class Corrupt(Exception):
    """A checkpoint that is incomplete or does not agree with its marker; the message says in
    what."""


def save(folder: str | Path, step: int, state: Mapping[str, Any], keep: int = 2) -> Path:
    """Writes a checkpoint and removes the older ones.

    Args:
        folder: the folder of all checkpoints of a training.
        step: number of the step that the state follows.
        state: what to store.
        keep: number of checkpoints to keep, at least 1.

    Returns:
        The folder of the new checkpoint.

    Raises:
        TypeError: the state holds a value of a type that cannot be stored.
        OSError: the disk refuses; the older checkpoints are unchanged.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    tensors: dict[str, torch.Tensor] = {}
    rest = json.dumps(_pack(dict(state), "", tensors)).encode()
    files = {TENSORS: tensor_bytes(tensors), REST: rest}

    aside, final = folder / f"{_ASIDE}{step}-{os.getpid()}", folder / f"step-{step:08d}"
    aside.mkdir()
    for name, data in files.items():
        storage.write_file(aside / name, data)
    storage.sync_folder(aside)
    if final.exists():  # always a broken one: its step is being trained again
        os.rename(final, folder / f"{_ASIDE}old-{step}-{os.getpid()}")
    os.rename(aside, final)
    storage.sync_folder(folder)
    marker = {"step": step,
              "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}}
    storage.write_atomically(final / MARKER, json.dumps(marker).encode())

    verify(final)
    complete = [path for path in _steps(folder) if (path / MARKER).exists()]
    for path in complete[max(1, keep) :]:
        _remove(path)
    _sweep(folder)
    return final


def load_latest(folder: str | Path) -> tuple[int, dict[str, Any]] | None:
    """The newest checkpoint that is whole.

    A truncated or altered checkpoint is skipped with a warning, and the one before it is used.

    Args:
        folder: the folder of all checkpoints of a training.

    Returns:
        (step, state), or None if no checkpoint was ever finished.

    Raises:
        InputError: there are finished checkpoints, but none can be read.
    """
    broken = []
    for path in _steps(Path(folder)):
        if not (path / MARKER).exists():
            continue  # the process was killed during this save; the checkpoint before is used
        try:
            return _step(path), load(path)
        except Corrupt as error:
            log.warning("%s: broken checkpoint (%s), falling back to the one before", path, error)
            broken.append(path)
    if broken:
        raise InputError(f"{folder}: no checkpoint can be read, {broken[0].name} and older are "
                         "broken; delete the folder to train from the start")
    return None


def load(path: str | Path) -> dict[str, Any]:
    """Reads one checkpoint folder.

    Args:
        path: the folder `step-...`.

    Returns:
        The state, with tensors on the CPU.

    Raises:
        Corrupt: the files do not agree with the marker.
    """
    files = verify(path)
    try:
        tensors = tensors_from_bytes(files[TENSORS])
        state: dict[str, Any] = _unpack(json.loads(files[REST]), tensors)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"cannot be decoded: {error}") from None
    return state


def verify(path: str | Path) -> dict[str, bytes]:
    """Reads the files of a checkpoint and compares them with its marker.

    Args:
        path: the folder `step-...`.

    Returns:
        {file name: content}.

    Raises:
        Corrupt: a file is missing or does not agree with the marker.
    """
    path = Path(path)
    try:
        sums = json.loads((path / MARKER).read_bytes())["sha256"]
        files = {name: (path / name).read_bytes() for name in (TENSORS, REST)}
        wrong = [name for name, data in files.items()
                 if hashlib.sha256(data).hexdigest() != sums[name]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"cannot be read: {error}") from None
    if wrong:
        raise Corrupt(f"{wrong[0]} does not match its SHA-256")
    return files


def write_tensors(path: str | Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Writes a safetensors file atomically.

    Args:
        path: the file to write or replace.
        tensors: by name. Tensors that share memory are stored once each.
    """
    storage.write_atomically(path, tensor_bytes(tensors))


def tensor_bytes(tensors: Mapping[str, torch.Tensor]) -> bytes:
    """Tensors as the content of a safetensors file. The same tensors give the same bytes."""
    return tensors_to_bytes(_own_memory(tensors))


def load_fitting(model: nn.Module, weights: Mapping[str, torch.Tensor]) -> tuple[int, int]:
    """Copies the weights of matching name and shape into a model.

    Args:
        model: receives the weights.
        weights: by name.

    Returns:
        (number of tensors copied, number of tensors of the model).
    """
    own = model.state_dict()
    fitting = {name: value for name, value in weights.items()
               if name in own and own[name].shape == value.shape}
    model.load_state_dict(fitting, strict=False)
    return len(fitting), len(own)


def keep_share(model: nn.Module, before: Mapping[str, torch.Tensor], share: float) -> None:
    """Moves a model's weights towards those that it began with, in place: less of what was learned
    before is forgotten (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).

    Args:
        model: after its training.
        before: weights by name; others than floats of the same shape are left out.
        share: of `before` in the result, 0 to 1.
    """
    for name, value in model.state_dict().items():
        if name in before and before[name].shape == value.shape and value.is_floating_point():
            value.lerp_(before[name].to(value.device), share)


def _pack(value: Any, name: str, tensors: dict[str, torch.Tensor]) -> Any:
    """`value` as JSON, its tensors moved to `tensors` under their path in the state."""
    if isinstance(value, torch.Tensor):
        while name in tensors:
            name += "'"
        tensors[name] = value.detach()
        return {"$tensor": name}
    if isinstance(value, Mapping):
        packed = [[key, _pack(item, f"{name}/{key}" if name else str(key), tensors)]
                  for key, item in value.items()]
        if all(isinstance(key, str) and key not in _TAGS for key in value):
            return dict(packed)
        # JSON would turn the integer keys of an optimizer's state into text
        return {"$pairs": packed}
    if isinstance(value, (list, tuple)):
        items = [_pack(item, f"{name}/{i}", tensors) for i, item in enumerate(value)]
        return {"$tuple": items} if isinstance(value, tuple) else items
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"state '{name}': a {type(value).__name__} cannot be stored in a checkpoint")


def _unpack(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if "$tensor" in value:
        return tensors[value["$tensor"]]
    if "$tuple" in value:
        return tuple(_unpack(item, tensors) for item in value["$tuple"])
    if "$pairs" in value:
        return {key: _unpack(item, tensors) for key, item in value["$pairs"]}
    return {key: _unpack(item, tensors) for key, item in value.items()}


def _own_memory(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """On the CPU, contiguous, and no two in the same memory (tied weights), as safetensors wants
    them."""
    seen: set[int] = set()
    result = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        where = tensor.untyped_storage().data_ptr()
        result[name] = tensor.clone() if where in seen else tensor
        seen.add(where)
    return result


def _step(path: Path) -> int:
    return int(path.name.removeprefix("step-"))


def _steps(folder: Path) -> list[Path]:
    """Checkpoint folders, complete or not, newest first."""
    paths = [path for path in folder.glob("step-*") if path.name.removeprefix("step-").isdigit()]
    return sorted(paths, key=_step, reverse=True)


def _sweep(folder: Path) -> None:
    """Removes what killed saves left: folders written aside, and checkpoints that never got their
    marker."""
    for path in [*folder.glob(_ASIDE + "*"),
                 *(p for p in _steps(folder) if not (p / MARKER).exists())]:
        shutil.rmtree(path)


def _remove(path: Path) -> None:
    """Removes a checkpoint, its marker first, so that a crash half-way leaves nothing that looks
    complete."""
    (path / MARKER).unlink()
    shutil.rmtree(path)
