"""The costs of a model on this machine: what `avspeech profile` prints.

Emotion models are profiled as a device gets them, merged (`reparam.to_deploy`), in torch and, where
it is installed, in onnxruntime, from an export to a temporary file.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

from avspeech.core import models, pretrained, storage
from avspeech.errors import InputError
from avspeech.report import onnx_profile, profile

if TYPE_CHECKING:
    from torch import nn

REPEATS, REPEATS_SMALL = 5, 30


def print_costs(model: str, seconds: float, threads: int = 1, repeats: int | None = None) -> None:
    """Prints a table of parameters, multiply-accumulates, time and memory.

    Args:
        model: a named configuration (with random weights), a released model, a model folder or an
            .onnx file.
        seconds: length of the audio.
        threads: of torch and onnxruntime.
        repeats: timed forwards; None: 30 of emotion models, 5 of others.

    Raises:
        InputError: it is none of these.
    """
    if model.endswith(".onnx"):
        profile.print_profile(None, onnx_profile.profile_onnx(model, seconds, threads,
                                                              repeats or REPEATS_SMALL))
        return
    trained, info = _known(model)
    small = info.task == "emotion"
    repeats = repeats or (REPEATS_SMALL if small else REPEATS)
    torch_costs = profile.profile_model(
        functools.partial(_built, model),
        seconds=seconds,
        threads=threads,
        repeats=repeats,
        name=model,
    )
    profile.print_profile(
        torch_costs, _in_onnxruntime(model, info, seconds, threads, repeats) if small else None
    )
    in_training = sum(p.numel() for p in trained.parameters())
    if in_training != torch_costs.parameters:
        print(f"As deployed; {in_training:,} parameters before merging.")


def _known(name: str) -> tuple[nn.Module, pretrained.ModelInfo]:
    from avspeech.emotion.logmel import LogMelModel

    if name not in models.CONFIGS and name not in models.MODELS:
        return pretrained.load(name)
    built = models.build(name)
    if not isinstance(built, LogMelModel):
        return built, pretrained.ModelInfo("", name)
    return built, pretrained.ModelInfo(
        "emotion", name, labels=[str(i) for i in range(built.config.classes)]
    )


def _built(name: str) -> nn.Module:
    from avspeech.emotion.reparam import to_deploy

    built, info = _known(name)
    return to_deploy(built) if info.task == "emotion" else built


def _in_onnxruntime(name: str, info: pretrained.ModelInfo, seconds: float, threads: int,
                    repeats: int) -> onnx_profile.OnnxProfile | None:
    from avspeech.emotion import export

    try:
        export.require("onnx")
    except InputError as error:
        print(f"not in onnxruntime: {error}", file=sys.stderr)
        return None
    with storage.scratch_folder() as folder:
        written = export.write(_built(name), info, "onnx", folder / "model.onnx")
        return onnx_profile.profile_onnx(written.path, seconds, threads, repeats, name)
