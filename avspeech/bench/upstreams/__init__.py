"""Upstreams: frozen encoders of speech behind one contract (`base.Upstream`).

    upstream = upstreams.load("whisper-base")             # by name: installed, cached, or on the hub
    upstream = upstreams.load("hubert-base=some/folder")  # by name, from a folder
    upstream = upstreams.load("some/folder")              # whose config.json says what it is
    upstream = upstreams.load("encoder.onnx")

A new one is a line in `UPSTREAMS`; a new kind is a class in a file of its own and a line in `FAMILIES`. The
lists are ours: the paper's own fourteen could not be had.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from pathlib import Path
from typing import Any, NamedTuple

from avspeech.bench.upstreams.base import TOLERANCE, Upstream
from avspeech.errors import InputError

__all__ = ["FAMILIES", "TOLERANCE", "UPSTREAMS", "Upstream", "load", "names"]

FAMILIES = {
    "selfsupervised": "avspeech.bench.upstreams.selfsupervised:SelfSupervised",
    "whisper": "avspeech.bench.upstreams.whisper:Whisper",
    "wav2vec": "avspeech.bench.upstreams.wav2vec:Wav2vec",
    "emotion2vec": "avspeech.bench.upstreams.emotion2vec:Emotion2vec",
    "ecapa": "avspeech.bench.upstreams.speaker:Ecapa",
    "torchaudio": "avspeech.bench.upstreams.torchaudio_models:TorchaudioModel",
    "onnx": "avspeech.bench.upstreams.onnx:Onnx",
    "log-mel": "avspeech.bench.upstreams.mel:LogMel",
    "egemaps": "avspeech.bench.upstreams.egemaps:Egemaps",
    "resemblyzer": "avspeech.bench.upstreams.speaker:Resemblyzer",
    "ecapa-random": "avspeech.bench.upstreams.speaker:RandomEcapa",
    "prosody": "avspeech.bench.upstreams.prosody:Prosody",
    "conv-random": "avspeech.bench.upstreams.prosody:RandomConvolutions",
}
SAFETENSORS = "config.json and model.safetensors"
TRANSFORMERS = "config.json, preprocessor_config.json and model.safetensors"


class Entry(NamedTuple):
    """family: a key of FAMILIES; hub: repository of the weights, "" where there is none to fetch; files:
    what a folder of them holds; neural: whether it is one of the trained networks (the others are
    baselines)."""

    family: str
    hub: str = ""
    files: str = ""
    neural: bool = True


UPSTREAMS = {
    "wav2vec": Entry("wav2vec", "", "fairseq's wav2vec_large.pt, converted into model.safetensors,"),
    "wav2vec2-base": Entry("selfsupervised", "facebook/wav2vec2-base", TRANSFORMERS),
    "wav2vec2-large": Entry("selfsupervised", "facebook/wav2vec2-large-lv60", TRANSFORMERS),
    "xls-r-300m": Entry("selfsupervised", "facebook/wav2vec2-xls-r-300m", TRANSFORMERS),
    "hubert-base": Entry("selfsupervised", "facebook/hubert-base-ls960", TRANSFORMERS),
    "hubert-large": Entry("selfsupervised", "facebook/hubert-large-ll60k", TRANSFORMERS),
    "wavlm-base-plus": Entry("selfsupervised", "microsoft/wavlm-base-plus", TRANSFORMERS),
    "wavlm-large": Entry("selfsupervised", "microsoft/wavlm-large", TRANSFORMERS),
    "data2vec-base": Entry("selfsupervised", "facebook/data2vec-audio-base", TRANSFORMERS),
    "unispeech-sat-base-plus": Entry("selfsupervised", "microsoft/unispeech-sat-base-plus", TRANSFORMERS),
    "whisper-base": Entry("whisper", "openai/whisper-base", SAFETENSORS),
    "whisper-large": Entry("whisper", "openai/whisper-large-v3", SAFETENSORS),
    "emotion2vec": Entry("emotion2vec", "emotion2vec/emotion2vec_base",
                         "emotion2vec_base.pt, converted into model.safetensors,"),
    "ecapa": Entry("ecapa", "speechbrain/spkrec-ecapa-voxceleb",
                   "embedding_model.ckpt, converted into model.safetensors,"),
    "log-mel": Entry("log-mel", neural=False),
    "egemaps": Entry("egemaps", neural=False),
    "resemblyzer": Entry("resemblyzer", neural=False),
    "ecapa-random": Entry("ecapa-random", neural=False),
    "prosody": Entry("prosody", neural=False),
    "conv-random": Entry("conv-random", neural=False),
}
# What a transformers folder says it is (config.json, `model_type`) -> family
MODEL_TYPES = {"whisper": "whisper", **dict.fromkeys(
    ("wav2vec2", "hubert", "wavlm", "data2vec-audio", "unispeech-sat"), "selfsupervised")}
# Found where certain packages are installed: load with no folder at all
PACKAGED = {"whisper-base"}


def names() -> list[str]:
    """The upstreams that have a name."""
    return list(UPSTREAMS)


def load(name_or_path: str | Path, **options: Any) -> Upstream:
    """An upstream by name, `NAME=PATH`, or a path (a transformers folder, or an ONNX file).

    options: device, max_seconds, overlap_seconds, and the family's own (its class says which). Raises
    InputError, in one line, for an unknown name or option, files that are missing or not whole, and where
    neither cache nor hub has the weights.
    """
    asked = str(name_or_path)
    name, _, place = asked.partition("=")
    path = Path(place) if place else None
    if name not in UPSTREAMS:
        if not place and Path(asked).exists():
            path = Path(asked)
            family = _family(path)
        elif name in FAMILIES and place:
            family = name
        else:
            close = difflib.get_close_matches(name, names(), 1)
            raise InputError(f"upstream '{asked}' is neither a name nor a path"
                             + (f" (did you mean '{close[0]}'?)" if close else "")
                             + f"; names: {', '.join(names())}; or FAMILY=PATH, of {', '.join(FAMILIES)}")
    else:
        family = UPSTREAMS[name].family
    if path is not None and not path.exists():
        raise InputError(f"{path}: no such file or folder, for upstream {name}")
    cls: Any = _family_class(family)
    positional = [p for p in inspect.signature(cls).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    takes_path = any(p.name == "path" for p in positional)
    if path is not None and not takes_path:
        raise InputError(f"{asked}: upstream {name} has no weights, and takes no path")
    if path is None and takes_path and not _is_packaged(name, family):
        path = _fetch(name)
    _check(cls, family, options)
    try:
        upstream = cls(path, **options) if takes_path else cls(**options)
    except (TypeError, ValueError) as error:
        raise error if isinstance(error, InputError) else InputError(f"upstream {asked}: {error}") from None
    upstream.name = name if name in UPSTREAMS else Path(asked).stem
    return upstream


def _family_class(family: str) -> type[Upstream]:
    module, _, attribute = FAMILIES[family].partition(":")
    return getattr(importlib.import_module(module), attribute)


def _family(path: Path) -> str:
    """Of what family a folder or file is."""
    from avspeech.bench.upstreams import folders

    if path.is_file() and path.suffix == ".onnx":
        return "onnx"
    if path.is_dir() and (path / "model.bin").is_file() and (path / "vocabulary.txt").is_file():
        return "whisper"
    config = folders.config(path / "config.json") if path.is_dir() else {}
    if "bundle" in config:
        return "torchaudio"
    found = config.get("model_type")
    if found not in MODEL_TYPES:
        raise InputError(f"{path}: not known what it is (model_type {found!r}); name its family, "
                         f"FAMILY={path}, of {', '.join(FAMILIES)}")
    return MODEL_TYPES[found]


def _is_packaged(name: str, family: str) -> bool:
    if family == "resemblyzer":
        return True
    if name in PACKAGED:
        from avspeech.bench.upstreams import whisper

        return bool(whisper.packaged())
    return False


def _fetch(name: str) -> Path:
    from avspeech.bench.upstreams import folders

    entry = UPSTREAMS.get(name)
    if entry is None or not entry.hub:
        files = entry.files if entry else SAFETENSORS
        raise InputError(f"{name}: its weights are on no hub; put {files} into a folder and name it "
                         f"{name}=FOLDER")
    return folders.from_hub(name, entry.hub, entry.files)


def _check(cls: type[Upstream], family: str, options: dict[str, Any]) -> None:
    known = {"device", "max_seconds", "overlap_seconds"}
    known |= {p.name for p in inspect.signature(cls).parameters.values()
              if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD) and p.name != "path"}
    for key in options:
        if key not in known:
            raise InputError(f"upstream family {family} has no option '{key}'; "
                             f"it has {', '.join(sorted(known))}")
