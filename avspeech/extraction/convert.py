"""Lip encoders that other projects trained, as the lip encoder of an extraction model.

    convert("lrw_resnet18.pth", "lrw-prelu", "start", licence="what its authors allow")

All are a 3-D convolution and a ResNet-18 (`ResNetLips`), with names as in the public code of each:

- `lrw-prelu`, `lrw-swish`, `lrw-relu`: "Lipreading using Temporal Convolutional Networks"
  (Martinez, Ma, Petridis & Pantic, ICASSP 2020): `frontend3D.` and `trunk.`, beside `tcn.` and
  `tcn_output.` of the words. Only PReLU has weights, so the name must say which of the other two
  functions the training had. With `lrw-swish`, swish also follows the 3-D convolution; in early
  revisions of that code ReLU followed it there, and such a checkpoint cannot be told apart.
- `av-hubert`: AV-HuBERT (Shi, Hsu, Lakhotia & Mohamed, ICLR 2022), with PReLU:
  `feature_extractor_video.resnet.`, in a fine-tuned model below `encoder.w2v_model.`. Its
  checkpoints also hold settings of fairseq, which are no tensors: save the state_dict by itself.
- `auto-avsr`: Auto-AVSR (Ma et al., ICASSP 2023), with swish: `frontend.`, or `encoder.frontend.`.

`module.` or `model.` before every name of a file is left out.

The result is a model folder whose other weights are random: a training begins with it
(`model.init=FOLDER model.config.lips=...` of recipes/tse). The public encoders saw crops as
(grey / 255 - 0.421) / 0.165; `ResNetLips` brings each sequence to mean 0 and variance 1 instead.
Given the same numbers both give the same features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from avspeech.core import models, pretrained
from avspeech.errors import InputError
from avspeech.extraction.lips import ResNetLips


@dataclass(frozen=True)
class Kind:
    """How a public project names its lip encoder.

    Attributes:
        source: the project, for the record.
        lips: the encoder here, a value of `MVTFConfig.lips`.
        prefixes: what the names of the encoder may begin with.
        others: beginnings of names of other parts, which are left out.
    """

    source: str
    lips: str
    prefixes: tuple[str, ...]
    others: tuple[str, ...]


_LRW = ("Lipreading using Temporal Convolutional Networks", ("",), ("tcn.", "tcn_output."))
_VIDEO = "feature_extractor_video."
_TUNED = "encoder.w2v_model."  # in front of every name of an AV-HuBERT that was fine-tuned
_HUBERT = ("feature_extractor_audio.", f"{_VIDEO}proj.", f"{_VIDEO}encoder.", "encoder.layers.",
           "encoder.pos_conv.", "encoder.layer_norm.", "layer_norm.", "post_extract_proj.",
           "final_proj.", "target_glu.", "mask_emb", "label_embs_concat")
_HUBERT_TUNED = tuple(_TUNED + part for part in _HUBERT)
KINDS = {
    "lrw-prelu": Kind(_LRW[0], "resnet-prelu", *_LRW[1:]),
    "lrw-swish": Kind(_LRW[0], "resnet-swish", *_LRW[1:]),
    "lrw-relu": Kind(_LRW[0], "resnet", *_LRW[1:]),
    "av-hubert": Kind("AV-HuBERT", "resnet-prelu",
                      (f"{_VIDEO}resnet.", f"{_TUNED}{_VIDEO}resnet."),
                      (*_HUBERT, *_HUBERT_TUNED, "encoder.proj.", "decoder.")),
    "auto-avsr": Kind("Auto-AVSR", "resnet-swish", ("frontend.", "encoder.frontend."),
                      ("encoder.embed.", "encoder.encoders.", "encoder.after_norm.",
                       "proj_encoder.", "aux_encoder.", "aux_frontend.", "proj_aux_encoder.",
                       "fusion.", "proj_decoder.", "decoder.", "ctc.")),
}
WRAPPERS = ("module.", "model.")
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def public_names(lips: ResNetLips) -> dict[str, str]:
    """Names of an encoder's tensors here, by their names in the public code."""
    names = {}
    for name in lips.state_dict():
        part, _, rest = name.partition(".")
        if part != "blocks":
            place = {"stem": 0, "norm": 1, "act": 2}[part]
            names[f"frontend3D.{place}.{rest}"] = name
            continue
        number, layer, rest = rest.split(".", 2)
        layer = {"norm1": "bn1", "norm2": "bn2", "act1": "relu1", "act2": "relu2",
                 "shortcut": "downsample"}.get(layer, layer)
        stage, block = divmod(int(number), 2)
        names[f"trunk.layer{stage + 1}.{block}.{layer}.{rest}"] = name
    return names


def read(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint; nothing in it is executed.

    Args:
        path: a file of torch.save or safetensors, which is told by its content. The tensors may lie
            under "model_state_dict", "state_dict" or "model".

    Raises:
        InputError: the file cannot be read so.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give the file of weights in it")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with open(path, "rb") as file:
        begin = file.read(9)
    if not begin:
        raise InputError(f"{path}: is empty; get it again")
    try:
        if begin[8:] == b"{":  # behind the length of its header
            from safetensors.torch import load_file

            return load_file(path)
        with open(path, "rb") as file:  # by its name torch would take it for safetensors too
            found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # the libraries share no class of errors
        raise InputError(f"{path}: cannot be read as tensors alone ({type(error).__name__}); "
                         "expected weights of torch.save or safetensors. If it holds settings too, "
                         "save its state_dict by itself where you trust the file") from None
    for key in ("model_state_dict", "state_dict", "model"):
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
            break
    if not isinstance(found, Mapping) or not found:
        kind = "none" if isinstance(found, Mapping) else type(found).__name__
        raise InputError(f"{path}: expected tensors by name, got {kind}")
    for name, value in found.items():
        if not isinstance(name, str):
            raise InputError(f"{path}: a tensor is called {name!r}; expected names as text")
        if not isinstance(value, Tensor):
            raise InputError(f"{path}: '{name}' is {type(value).__name__}, expected a tensor")
    return dict(found)


@torch.no_grad()
def put(tensors: Mapping[str, Tensor], kind: str, lips: ResNetLips,
        label: str = "checkpoint") -> int:
    """Copies a public encoder's weights into one of ours.

    Every other name must belong to a part that is known to be no lip encoder.

    Args:
        tensors: by public name.
        kind: a key of `KINDS`.
        lips: changed in place, only if all fits.
        label: the file, for messages.

    Returns:
        How many tensors of other parts were left out.

    Raises:
        InputError: names that are missing or unknown, tensors of another shape or kind, or not
            finite.
    """
    form, own = KINDS[kind], lips.state_dict()
    names = public_names(lips)
    for wrapper in WRAPPERS:
        if all(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): value for name, value in tensors.items()}
    present = [p for p in form.prefixes if f"{p}frontend3D.0.weight" in tensors]
    if len(present) != 1:
        wanted = " or ".join(f"{p}frontend3D.0.weight" for p in form.prefixes)
        raise InputError(f"{label}: --as {kind} expects one tensor '{wanted}'; the file has "
                         f"{_listed(sorted(tensors)) or 'none'}")
    prefix = present[0]
    optional = {name for name in names if name.endswith("num_batches_tracked")}
    missing = [prefix + n for n in names if prefix + n not in tensors and n not in optional]
    outside = [n for n in tensors if n.removeprefix(prefix) not in names]
    unknown = [n for n in outside if not n.startswith(form.others)]
    for what, listed in (("missing", missing), ("unknown", unknown)):
        if listed:
            raise InputError(f"{label}: does not fit --as {kind}: {len(listed)} names {what}: "
                             f"{_listed(listed)}")
    values = {}
    for public, name in names.items():
        if prefix + public not in tensors:
            continue
        value = tensors[prefix + public]
        if value.shape != own[name].shape:
            raise InputError(f"{label}: '{prefix}{public}' has shape {list(value.shape)}, expected "
                             f"{list(own[name].shape)}")
        if value.dtype not in FLOATS and public not in optional or value.is_meta or value.is_sparse:
            raise InputError(f"{label}: '{prefix}{public}' is no plain tensor of floats "
                             f"({value.dtype}, {value.layout}, {value.device})")
        if not bool(torch.isfinite(value).all()):
            raise InputError(f"{label}: '{prefix}{public}' is not finite")
        values[name] = value
    lips.load_state_dict(values, strict=False)
    return len(outside)


def _listed(names: list[str]) -> str:
    """The first six names."""
    return ", ".join(f"'{n}'" for n in names[:6]) + (", ..." if len(names) > 6 else "")


def convert(checkpoint: str | Path, kind: str, out: str | Path, licence: str,
            model: str = "mvtf-paper") -> tuple[Path, int]:
    """Writes a model folder that has the lip encoder of a public checkpoint; the rest is random.

    Args:
        checkpoint: the file; see `read`.
        kind: a key of `KINDS`.
        out: the folder.
        licence: what the authors allow, as text; it is kept in the folder.
        model: a named configuration of kind mvtf; its lips become those of the checkpoint.

    Returns:
        (the folder, how many tensors of other parts were left out).

    Raises:
        InputError: an unknown kind or model, no license, or a checkpoint that does not fit.
    """
    if kind not in KINDS:
        raise InputError(f"--as {kind}: expected one of {', '.join(KINDS)}")
    if not licence.strip():
        raise InputError("--licence: empty; say what the authors of the checkpoint allow")
    if models.CONFIGS.get(model, ("",))[0] != "mvtf":
        known = [name for name in models.CONFIGS if models.CONFIGS[name][0] == "mvtf"]
        raise InputError(f"--model {model}: expected one of {', '.join(known)}")
    form, tensors = KINDS[kind], read(checkpoint)
    torch.manual_seed(0)
    built: Any = models.build(model, lips=form.lips)
    lips: nn.Module = built.cue.lips
    assert isinstance(lips, ResNetLips)
    left_out = put(tensors, kind, lips, str(checkpoint))
    name = Path(checkpoint).name
    folder = pretrained.save(out, built, pretrained.ModelInfo(
        task="extraction", model="mvtf", config=dict(vars(built.config)),
        sample_rate=built.config.sample_rate, fps=built.config.fps, licence=licence,
        training_data=[{"name": f"lips of {form.source} ({name})", "licence": licence}],
        description=f"The lip encoder of {form.source}, converted from {name}; all other weights "
                    "are random: to begin training with."))
    return folder, left_out
