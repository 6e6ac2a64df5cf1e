"""What a model is and where it comes from: the content of the config.json of a model folder."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avspeech.core.model_files import CONFIG
from avspeech.errors import InputError

FORMAT = 1
DTYPES = ("float32", "float16", "int8")


@dataclass
class ModelInfo:
    """The content of config.json: what a model is and where it comes from."""

    task: str  # "extraction", "separation", "synthesis" or "emotion"
    model: str  # name in `avspeech.core.models.MODELS`
    config: dict[str, Any] = field(default_factory=dict)  # fields of the model's Config
    sample_rate: int = 16_000  # of the audio, in Hz
    fps: float | None = 25.0  # video frames a second; None: the model uses no video
    labels: list[str] = field(default_factory=list)  # names of the outputs, in order
    licence: str = ""  # of the weights
    training_data: list[dict[str, str]] = field(default_factory=list)  # [{"name", "licence"}, ...]
    metrics: dict[str, float] = field(default_factory=dict)  # {"si_sdri_db/grid two talkers": 9.1}
    description: str = ""  # for the card, in Markdown
    limits: list[str] = field(default_factory=list)  # for the card, in Markdown
    # How matrices are stored: "float32", "float16", or "int8" with a scale for each row. torch
    # computes in float32 in any case; a voice's graphs make products of int8 of whole numbers.
    dtype: str = "float32"
    # Steps before the model that the pipeline must repeat: {"trim": dB, "margin": seconds} of
    # silence that is cut off (emotion), {"phonemiser": name} (synthesis). Absent: the default.
    frontend: dict[str, Any] = field(default_factory=dict)


_TYPES: dict[str, Any] = {
    "task": str, "model": str, "config": dict, "sample_rate": int, "fps": (int, float, type(None)),
    "labels": list, "licence": str, "training_data": list, "metrics": dict, "description": str,
    "limits": list, "dtype": str, "frontend": dict}


def as_json(info: ModelInfo) -> bytes:
    """The content of config.json."""
    record = {"format": FORMAT, **dataclasses.asdict(info)}
    return json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n"


def parse(data: bytes, folder: Path) -> ModelInfo:
    """The ModelInfo of a config.json.

    Args:
        data: the content of the file.
        folder: that it lies in, for errors.

    Raises:
        InputError: it is not JSON, has another format, or has a key that is unknown, missing or of
            the wrong type.
    """
    where = folder / CONFIG
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        reason = error if isinstance(error, ValueError) else "nested too deeply"
        raise InputError(f"{where}: not JSON ({reason})") from None
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected a JSON object")
    if record.pop("format", None) != FORMAT:
        raise InputError(f"{where}: key 'format' should be {FORMAT}; "
                         "a newer avspeech may be needed")
    for key, value in record.items():
        if key not in _TYPES:
            raise InputError(f"{where}: unknown key '{key}'; known: format, {', '.join(_TYPES)}")
        if not isinstance(value, _TYPES[key]) or isinstance(value, bool):
            raise InputError(f"{where}: key '{key}' is of the wrong type, "
                             f"got {json.dumps(value)[:60]}")
    for key in ("task", "model"):
        if key not in record:
            raise InputError(f"{where}: key '{key}' is missing")
    info = ModelInfo(**record)
    if not all(isinstance(x, dict) and {"name", "licence"} == set(x) for x in info.training_data):
        raise InputError(f"{where}: key 'training_data' should be a list of objects "
                         "with name and licence")
    if not all(isinstance(x, (int, float)) and not isinstance(x, bool)
               for x in info.metrics.values()):
        raise InputError(f"{where}: key 'metrics' should hold numbers")
    if not info.sample_rate > 0 or (info.fps is not None and not info.fps > 0):
        raise InputError(f"{where}: sample_rate and fps should be above 0")
    return info
