"""Upstreams: frozen encoders of speech behind one contract (`base.Upstream`).

    upstream = upstreams.load("whisper-base")             # by name: installed, cached, or on a hub
    upstream = upstreams.load("hubert-base=some/folder")  # by name, from a folder
    upstream = upstreams.load("some/folder")              # its config.json says what it is
    upstream = upstreams.load("encoder.onnx")

A new upstream is a line in `UPSTREAMS`; a new kind is a class in a file of its own and a line in
`FAMILIES`. Which upstreams are listed was chosen here: the list of the paper was not available.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any, NamedTuple

from avspeech.bench.upstreams.base import TOLERANCE, Upstream
from avspeech.errors import InputError, hint

__all__ = ["FAMILIES", "TOLERANCE", "UPSTREAMS", "Upstream", "load", "names"]

FAMILIES = {
    "selfsupervised": "avspeech.bench.upstreams.selfsupervised:SelfSupervised",
    "spectrogram": "avspeech.bench.upstreams.spectrogram:Spectrogram",
    "whisper": "avspeech.bench.upstreams.whisper:Whisper",
    "wav2vec": "avspeech.bench.upstreams.wav2vec:Wav2vec",
    "emotion2vec": "avspeech.bench.upstreams.emotion2vec:Emotion2vec",
    "ecapa": "avspeech.bench.upstreams.speaker:Ecapa",
    "torchaudio": "avspeech.bench.upstreams.torchaudio_models:TorchaudioModel",
    "emotion": "avspeech.bench.upstreams.emotion:Emotion",
    "onnx": "avspeech.bench.upstreams.onnx:Onnx",
    "log-mel": "avspeech.bench.upstreams.mel:LogMel",
    "egemaps": "avspeech.bench.upstreams.egemaps:Egemaps",
    "resemblyzer": "avspeech.bench.upstreams.speaker:Resemblyzer",
    "ecapa-random": "avspeech.bench.upstreams.speaker:RandomEcapa",
    "prosody": "avspeech.bench.upstreams.prosody:Prosody",
    "conv-random": "avspeech.bench.upstreams.prosody:RandomConvolutions",
}
SAFETENSORS = "config.json and model.safetensors"
TRANSFORMERS = ("config.json, preprocessor_config.json (or processor_config.json) and "
                "model.safetensors")


class Entry(NamedTuple):
    """An upstream that has a name."""

    family: str  # a key of FAMILIES
    hub: str = ""  # repository of the weights; "": there is none to fetch
    files: str = ""  # what a folder of the weights holds
    neural: bool = True  # one of the trained networks; the others are baselines


UPSTREAMS = {
    "wav2vec": Entry("wav2vec", "",
                     "fairseq's wav2vec_large.pt, converted into model.safetensors,"),
    "wav2vec2-base": Entry("selfsupervised", "facebook/wav2vec2-base", TRANSFORMERS),
    "wav2vec2-large": Entry("selfsupervised", "facebook/wav2vec2-large-lv60", TRANSFORMERS),
    "xls-r-300m": Entry("selfsupervised", "facebook/wav2vec2-xls-r-300m", TRANSFORMERS),
    "hubert-base": Entry("selfsupervised", "facebook/hubert-base-ls960", TRANSFORMERS),
    "hubert-large": Entry("selfsupervised", "facebook/hubert-large-ll60k", TRANSFORMERS),
    "wavlm-base-plus": Entry("selfsupervised", "microsoft/wavlm-base-plus", TRANSFORMERS),
    "wavlm-large": Entry("selfsupervised", "microsoft/wavlm-large", TRANSFORMERS),
    "data2vec-base": Entry("selfsupervised", "facebook/data2vec-audio-base", TRANSFORMERS),
    "unispeech-sat-base-plus": Entry("selfsupervised", "microsoft/unispeech-sat-base-plus",
                                     TRANSFORMERS),
    "whisper-base": Entry("whisper", "openai/whisper-base", SAFETENSORS),
    "whisper-tiny.en": Entry("whisper", "openai/whisper-tiny.en", SAFETENSORS),
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
    "emotion-edge": Entry("emotion", neural=False),
    "emotion-phone": Entry("emotion", neural=False),
}
# What a transformers folder says it is (config.json, `model_type`) -> family
MODEL_TYPES = {"whisper": "whisper", **dict.fromkeys(
    ("wav2vec2", "hubert", "wavlm", "data2vec-audio", "unispeech", "unispeech-sat",
     "wav2vec2-conformer", "sew", "moonshine"), "selfsupervised"), **dict.fromkeys(
    ("wav2vec2-bert", "audio-spectrogram-transformer", "parakeet_encoder", "parakeet_ctc",
     "parakeet_rnnt", "parakeet_tdt"), "spectrogram")}
LONGEST_MINIMUM = 60  # seconds; a model that needs more sound than this for one frame is refused


def names() -> list[str]:
    """The upstreams that have a name."""
    return list(UPSTREAMS)


def load(name_or_path: str | Path, **options: Any) -> Upstream:
    """An upstream by name, by `NAME=PATH` or `FAMILY=PATH`, or by path.

    Args:
        name_or_path: a path is a transformers folder, a CTranslate2 folder or an ONNX file.
        options: device, max_seconds, overlap_seconds, and the family's own (see its class).

    Raises:
        InputError: an unknown name or option, files that are missing, broken or do not fit each
            other, or weights that neither the cache nor the hub has.
    """
    if not isinstance(name_or_path, (str, Path)):
        raise InputError(f"upstream: expected a name or a path, got {type(name_or_path).__name__}; "
                         "an encoder of yours is an ONNX file, or a class as in CONTRIBUTING.md")
    asked = str(name_or_path)
    check(asked, **options)
    name, path, family = _place(asked)
    cls: Any = _family_class(family)
    parameters = inspect.signature(cls).parameters
    if path is None and "path" in parameters:
        if parameters["path"].default is inspect.Parameter.empty:
            path = _fetch(name)
    try:
        upstream = cls(path, **options) if path is not None else cls(**options)
        _check_sizes(upstream)
    except InputError:
        raise
    except Exception as error:  # files of strangers fail in whatever way torch or NumPy has
        line = " ".join(str(error).split())[:200]
        raise InputError(
            f"upstream {asked}: cannot be made of these files and options: {line}") from None
    upstream.name = name if name in UPSTREAMS else Path(asked).stem
    return upstream


def check(name_or_path: str, **options: Any) -> None:
    """Looks whether there is an upstream of a name or path, and loads nothing.

    Args:
        name_or_path: as for `load`.
        options: as for `load`.

    Raises:
        InputError: there is none, or it does not take a path or an option.
    """
    name, path, family = _place(name_or_path)
    if path is not None and not path.exists():
        raise InputError(f"{path}: no such file or folder, for upstream {name}")
    cls = _family_class(family)
    if path is not None and "path" not in inspect.signature(cls).parameters:
        raise InputError(f"{name_or_path}: upstream {name} has no weights, and takes no path")
    _check(cls, family, options)


def _place(asked: str) -> tuple[str, Path | None, str]:
    """The name, the path or None, and the family of the upstream that a user names."""
    name, _, place = asked.partition("=")
    if name in UPSTREAMS:
        return name, Path(place) if place else None, UPSTREAMS[name].family
    if not place and Path(asked).exists():
        return name, Path(asked), _family(Path(asked))
    if name in FAMILIES and place:
        return name, Path(place), name
    raise InputError(f"upstream '{asked}' is neither a name nor a path"
                     f"{hint(name, names())}; names: {', '.join(names())}; "
                     f"or FAMILY=PATH, of {', '.join(FAMILIES)}")


def _check_sizes(upstream: Upstream) -> None:
    """Refuses wrong sizes that come from a configuration and not from weights, such as strides."""
    seconds = min(upstream.max_seconds, LONGEST_MINIMUM)
    if not 1000 <= upstream.sample_rate <= 384_000:
        raise ValueError(f"sample rate {upstream.sample_rate}; expected 1,000 to 384,000 Hz")
    if upstream.hop < 0 or upstream.layers < 1 or upstream.dim < 1:
        raise ValueError(f"hop {upstream.hop}, {upstream.layers} layers of {upstream.dim}; "
                         "expected a hop of at least 0, and at least one layer and dimension")
    if not 1 <= upstream.minimum <= seconds * upstream.sample_rate:
        raise ValueError(f"a frame takes {upstream.minimum / upstream.sample_rate:.3g} s of sound; "
                         f"expected at most {seconds:g} s")


def _family_class(family: str) -> type[Upstream]:
    module, _, attribute = FAMILIES[family].partition(":")
    return getattr(importlib.import_module(module), attribute)


def _family(path: Path) -> str:
    """The family of a folder or file."""
    from avspeech.bench.upstreams import folders

    if path.is_file() and path.suffix == ".onnx":
        return "onnx"
    if path.is_file():
        raise InputError(f"{path}: no file that is read; expected a folder, or an ONNX file, which "
                         "torch.onnx.export makes of a module or of TorchScript")
    if path.is_dir() and (path / "model.bin").is_file() and (path / "vocabulary.txt").is_file():
        return "whisper"
    config = folders.config(path / "config.json") if path.is_dir() else {}
    if "bundle" in config:
        return "torchaudio"
    found = config.get("model_type")
    if not isinstance(found, str) or found not in MODEL_TYPES:
        raise InputError(f"{path}: cannot tell which family it is (model_type {found!r}); name it "
                         f"as FAMILY={path}, of {', '.join(FAMILIES)}")
    return MODEL_TYPES[found]


def _fetch(name: str) -> Path:
    from avspeech.bench.upstreams import folders
    from avspeech.core import packaged_whisper, pretrained

    entry = UPSTREAMS.get(name)
    if entry is not None and entry.family == "emotion":
        return pretrained.find(name)
    packaged = packaged_whisper.folder(name.removeprefix("whisper-"))
    if packaged is not None:
        return packaged
    if entry is None or not entry.hub:
        files = entry.files if entry else SAFETENSORS
        raise InputError(f"{name}: its weights are on no hub; put {files} into a folder and name "
                         f"it {name}=FOLDER")
    return folders.from_hub(name, entry.hub, entry.files)


def _check(cls: type[Upstream], family: str, options: dict[str, Any]) -> None:
    known = {"device", "max_seconds", "overlap_seconds"}
    known |= {p.name for p in inspect.signature(cls).parameters.values()
              if p.kind is not p.VAR_KEYWORD}
    known -= {"path"}
    for key in options:
        if key not in known:
            raise InputError(f"upstream family {family} has no option '{key}'; "
                             f"it has {', '.join(sorted(known))}")
