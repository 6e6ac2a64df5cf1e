"""Where a training begins: the weights of another model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from avspeech.core import checkpoint, pretrained
from avspeech.core.model_files import WEIGHTS
from avspeech.emotion.reparam import FactorisedLinear
from avspeech.errors import InputError

INITS = ("random", "expandnet")  # that are no model


def weights_file(folder: str, key: str = "init") -> Path:
    """The weights of a released model, or of a folder. Raises InputError where there are none."""
    path = (pretrained.RELEASED if folder in pretrained.names() else Path()) / folder / WEIGHTS
    if not path.is_file():
        either = f"neither {' nor '.join(INITS)}, and " if key == "init" else ""
        raise InputError(f"{key}={folder}: {either}no folder with {WEIGHTS}")
    return path


def heard_before(init: str) -> list[dict[str, str]]:
    """What the model `init` was trained on, a name and a license each; [] where it does not say, as
    a cell of an experiment."""
    try:
        folder = None if init in INITS else weights_file(init).parent
        return pretrained.read_info(folder).training_data if folder else []
    except InputError:
        return []


def begun_with(model: nn.Module, folder: str, rate: float, whole: bool = False) -> nn.Module:
    """Copies the weights in `folder` that fit into `model`, all of them if `whole`; `rate`
    multiplies their learning rate. The weights of a plain layer are split into the factors of a
    factorized one."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = weights_file(folder)
    try:
        theirs = load_file(path)
    except SafetensorError as error:
        raise InputError(f"{path}: not a safetensors file ({error})") from None
    place: Any = getattr(model, "begins", "")
    if not any(key.startswith(place) for key in theirs):
        theirs = {place + key: value for key, value in theirs.items()}
    for name, module in model.named_modules():
        plain = theirs.get(f"{name}.weight")
        if isinstance(module, FactorisedLinear) and plain is not None \
                and plain.shape == (module.out_features, module.in_features):
            module.begin(plain, theirs.get(f"{name}.bias"))
            theirs |= {f"{name}.{key}": value for key, value in module.state_dict().items()}
    begun, own = checkpoint.load_fitting(model, theirs)
    if whole and begun < own:
        raise InputError(f"{path}: {begun} of the model's {own} tensors are in it; keep needs all, "
                         "as a mean with weights that were drawn is of no use")
    if begun < own / 2:
        raise InputError(f"{path}: {begun} of the model's {own} tensors are in it; "
                         "was it trained with another configuration?")
    for name, module in model.named_modules():
        own_ones = {
            f"{name}.{key}".lstrip("."): p.shape
            for key, p in module.named_parameters(recurse=False)
        }
        if own_ones and all(
            key in theirs and theirs[key].shape == shape for key, shape in own_ones.items()
        ):
            module.rate = rate  # type: ignore[assignment]
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(rate > 0)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InputError(f"begun={rate:g}: all weights of the model are in {path} and stay as they "
                         "are, so that nothing is left to learn; expected more than 0")
    return model
