"""The registry of models: name -> class, and name -> named configuration.

A new model needs one file, one line in `MODELS`, and optionally named configurations in `CONFIGS`.
Names in a model folder or on a command line are looked up here; no import path is ever read from a
file.
"""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avspeech.errors import InputError, hint

if TYPE_CHECKING:
    from torch import nn

MODELS = {
    "mvtf": "avspeech.extraction.mvtf:MVTF",
    "splitter": "avspeech.extraction.voices:VoiceSplitter",
    "prosodyfm": "avspeech.synthesis.prosodyfm:ProsodyFM",
    "vocoder": "avspeech.synthesis.vocoder:Vocoder",
    "conv_transformer": "avspeech.emotion.conv_transformer:ConvTransformer",
    "conformer": "avspeech.emotion.conformer:Conformer",
    "speechformer": "avspeech.emotion.speechformer:SpeechFormer",
    "dynamic_graph": "avspeech.emotion.dynamic_graph:DynamicGraph",
    "committee": "avspeech.emotion.committee:Committee",
    "whisper_transformer": "avspeech.emotion.whisper_transformer:WhisperTransformer",
}

# A model's task -> the class that `avspeech.load` returns. Its module also has `card_lines(name,
# info)`, what a model card says of the task: {"title": a sentence, "python": lines that follow
# `model = avspeech.load(...)`, "shell": commands}.
PIPELINES = {
    "extraction": "avspeech.extraction.extractor:Extractor",
    "separation": "avspeech.extraction.splitter:Splitter",
    "synthesis": "avspeech.synthesis.synthesizer:Synthesizer",
    "emotion": "avspeech.emotion.recognizer:EmotionRecognizer",
}

# name -> (model, the fields in which it differs from the model's default configuration)
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "mvtf-small": ("mvtf", dict(lags=8)),
    "mvtf-base": ("mvtf",
                  dict(n_fft=256, hop=128, lips="resnet", embed=128, patch=1, blocks=6, dim=48,
                       kernel=4, stride=4, hidden=192, guess=0)),
    "mvtf-paper": ("mvtf", dict(n_fft=128, hop=64, lips="resnet", embed=65, embed_causal=True,
                                symmetric=False, slots=3, planes=0, patch=1, blocks=6, dim=128,
                                kernel=1, stride=1, hidden=240, query=8, causal=True,
                                features="complex", guess=0, head="mapping")),
    "voices-small": ("splitter", {}),
    "conv-transformer-mcu": ("conv_transformer",
                             dict(mels=40, channels=8, factor=4, dim=48, layers=2, inner=144)),
    "conv-transformer-edge": ("conv_transformer", {}),
    "conv-transformer-phone": ("conv_transformer",
                               dict(channels=32, factor=4, dim=192, layers=5, inner=768)),
    "conformer-mcu": ("conformer", dict(mels=40, channels=8, factor=4, dim=48, layers=2, inner=96)),
    "conformer-edge": ("conformer", {}),
    "conformer-phone": ("conformer", dict(channels=32, factor=4, dim=160, layers=6, inner=320)),
    "speechformer-mcu": ("speechformer", dict(mels=40, dim=48, layers=(1, 1, 2, 2), heads=4)),
    "speechformer-edge": ("speechformer", {}),
    "speechformer-phone": ("speechformer", dict(dim=192)),
    "dynamic-graph": ("dynamic_graph", {}),
    "whisper-phone": ("whisper_transformer", {}),
    "whisper-edge": ("whisper_transformer", dict(dim=128, heads=4, layers=3, inner=256)),
    "prosodyfm-small": ("prosodyfm", {}),
    "prosodyfm-paper": ("prosodyfm", dict(
        embeddings="vector", vector=512, width=192, layers=6, heads=2, hidden=768, prenet=5,
        fusion=2, decoder=(256, 256, 256), expansion=4, attention=True, duration=256, phrasing=192,
        vocoder=dict(sample_rate=22_050, source="none", width=512, hidden=1536, layers=8))),
    "vocoder-small": ("vocoder", {}),
    "vocoder-vocos": ("vocoder",
                      dict(sample_rate=22_050, source="none", width=512, hidden=1536, layers=8)),
}


def model_class(name: str) -> type[nn.Module]:
    """The class of a registered model.

    Args:
        name: a key of `MODELS`.

    Raises:
        InputError: the name is not in `MODELS`; close matches are named.
    """
    if name not in MODELS:
        raise InputError(f"model '{name}' is not known{hint(name, MODELS)}; known: "
                         f"{', '.join(sorted(MODELS))}")
    module, _, attribute = MODELS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def pipeline_class(task: str) -> Any:
    """The class that `avspeech.load` returns for a task.

    Args:
        task: a key of `PIPELINES`.
    """
    module, _, attribute = PIPELINES[task].partition(":")
    return getattr(importlib.import_module(module), attribute)


def runtime_modules(task: str) -> tuple[Any, Any]:
    """The modules of a wing that write graphs (`graphs`, `parity`) and that run them (`TOLERANCE`).

    Args:
        task: of a model.

    Raises:
        InputError: the task has no pipeline.
    """
    if task not in PIPELINES:
        raise InputError(f"a model for {task} has no pipeline and no graphs")
    package = PIPELINES[task].rpartition(".")[0]
    runtime, engine = (importlib.import_module(f"{package}.{name}")
                       for name in ("runtime", "engine"))
    return runtime, engine


def renew_graphs(model: str | Path, place: Path) -> tuple[float, float]:
    """Writes a copy of a model folder whose graphs are made anew, and compares them with torch.

    Args:
        model: a released name or a model folder.
        place: the copy, which may be the folder itself.

    Returns:
        The greatest difference from torch, and what is allowed.

    Raises:
        InputError: the task has no pipeline, or as `pretrained.load`.
        AssertionError: the difference is larger.
    """
    from avspeech.core import pretrained
    from avspeech.core.engine import tolerance

    network, info = pretrained.load(model)
    runtime, engine = runtime_modules(info.task)
    pretrained.with_graphs(model, place, lambda content: runtime.graphs(network, content))
    graphs = pretrained.open_model(place, engine="onnx")[0]
    worst, allowed = max(runtime.parity(network, graphs, info).values()), tolerance(engine, graphs)
    if not worst <= allowed:
        raise AssertionError(f"{place}: the graphs differ from torch by {worst:.1e}, more than "
                             f"{allowed:.0e}")
    return worst, allowed


def card_lines(task: str, name: str, info: Any) -> dict[str, Any]:
    """What the wing of a task says on a model card: see `PIPELINES`. A task without a pipeline (a
    vocoder alone) has only a title."""
    if task not in PIPELINES:
        return {"title": f"Task: {task}", "python": [], "shell": []}
    module = importlib.import_module(PIPELINES[task].partition(":")[0])
    return module.card_lines(name, info)


def build(name: str, **differences: Any) -> nn.Module:
    """A new model with random weights.

    Args:
        name: a key of `MODELS` or of `CONFIGS`.
        differences: fields of the model's Config to set; they override the named configuration.

    Raises:
        InputError: unknown name or field, with close matches, or values of which no model can be
            built.
    """
    base, fields = CONFIGS.get(name, (name, {}))
    if base not in MODELS:
        known = {**MODELS, **CONFIGS}
        raise InputError(f"model '{name}' is not known{hint(name, known)}; known: "
                         f"{', '.join(sorted(known))}")
    cls: Any = model_class(base)
    known_fields = [f.name for f in dataclasses.fields(cls.Config)]
    for key in differences:
        if key not in known_fields:
            raise InputError(f"model '{base}' has no setting '{key}'{hint(key, known_fields)}; "
                             f"it has: {', '.join(known_fields)}")
    try:
        settings = cls.Config(**{**fields, **differences})
    except InputError as error:  # a value out of its range
        raise InputError(f"model setting {error}") from None
    except TypeError as error:
        raise InputError(f"model '{name}': settings cannot be read ({error})") from None
    try:
        return cls(settings)
    except InputError:
        raise
    except Exception as error:  # layers fail at wrong sizes in whatever way torch has
        reason = " ".join(str(error).split())[:200] or "no reason given"
        raise InputError(f"model '{name}': cannot be built of its settings "
                         f"({type(error).__name__}: {reason})") from error
