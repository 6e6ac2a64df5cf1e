"""Trains a small emotion model, without labels, on the frames of Whisper's lower layers:

    python tools/distil_whisper.py --whisper tiny.en --speech nEMO/samples LibriSpeech EmoGator \\
        -o distilled

--whisper: as in tools/begin_with_whisper.py. --layers: after how many of its layers the frames are
taken (2). --student: the name of a model with pooling (whisper-edge). --speech: folders of sound
files; every fiftieth file is kept apart to measure on. They should not be those of a test. --life:
share of the sounds that the student hears in noise, in rooms or through codecs (0). -o: the
folder for model.safetensors, for `systems.NAME.init` of recipes/ser, and for the trainer's state;
an interrupted run continues. A GPU is used where there is one.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avspeech.bench.upstreams.whisper import Encoder, Whisper
from avspeech.core import checkpoint, models, trainer
from avspeech.emotion.distillation import (
    Distilling,
    Sounds,
    as_floats,
    distillation_loss,
    distillation_score,
)
from avspeech.emotion.features import FeatureConfig, speech
from avspeech.emotion.logmel import SAMPLE_RATE
from avspeech.emotion.whisper_transformer import from_whisper
from avspeech.errors import InputError
from avspeech.media import audio

APART, EXAMPLES = 50, 300  # every fiftieth sound is kept apart; examples that fix the whitening


def sounds_of(folders: list[Path], workers: int) -> tuple[list[str], list[np.ndarray]]:
    """Names and samples [N] int16 of every sound below the folders, in order. Raises InputError."""
    files = [f for folder in folders for f in audio.sound_files(folder)]
    if len(files) < APART:
        raise InputError(f"{', '.join(map(str, folders))}: {len(files)} sound files, "
                         f"expected {APART} or more")

    def read(file: Path) -> np.ndarray:
        samples = speech(file, 0.0, None, FeatureConfig(), SAMPLE_RATE)
        return (samples * (32767 / max(float(np.abs(samples).max(initial=0)), 1e-3))).astype(
            np.int16
        )

    with ThreadPoolExecutor(max(workers, 1)) as pool:
        sounds = list(pool.map(read, files))
    kept = [(f.stem, s) for f, s in zip(files, sounds) if len(s) >= SAMPLE_RATE // 2]
    return [name for name, _ in kept], [sound for _, sound in kept]


def distil(whisper: Path, layers: int, student: str, folders: list[Path], out: Path,
           config: trainer.TrainConfig, life: float = 0.0) -> None:
    """Trains the student and writes `out`/model.safetensors.

    Args:
        whisper: folder of Whisper.
        layers: after how many of its layers the frames are taken.
        student: name of a model.
        folders: of sound files.
        out: folder to write to.
        config: of the trainer.
        life: share of the sounds that the student hears in noise, in rooms or through codecs,
            while the teacher hears them clean.

    Raises:
        InputError: a folder does not hold what it should.
    """
    encoder = Whisper(whisper).module
    assert isinstance(encoder, Encoder)
    names, sounds = sounds_of(folders, config.workers)
    print(
        f"{len(sounds)} sounds, {sum(map(len, sounds)) / SAMPLE_RATE / 3600:.1f} hours", flush=True
    )
    some = [torch.from_numpy(as_floats(s[: 10 * SAMPLE_RATE]))
            for s in sounds[:: -(-len(sounds) // EXAMPLES)]]
    teacher = from_whisper(encoder, some, layers)
    torch.manual_seed(config.seed)
    small: Any = models.build(student)
    distilling = Distilling(small, teacher, some).to(trainer.device())
    apart = [s[: 10 * SAMPLE_RATE] for s in sounds[::APART]]
    data = Sounds(*([x for i, x in enumerate(given) if i % APART] for given in (sounds, names)),
                  life=life)
    result = trainer.fit(distilling, distillation_loss, data, config, out / "train",
                         lambda _: distillation_score(distilling, apart))
    checkpoint.write_tensors(
        out / "model.safetensors",
        {
            name: value
            for name, value in small.state_dict().items()
            if not name.startswith(("head.", "pool."))
        },
    )
    print(
        f"{out / 'model.safetensors'}: {student} explains {100 * (result.best_score or 0):.1f} % "
        f"of the variance of layer {layers} on {len(apart)} sounds kept apart"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whisper", type=Path, required=True)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--student", default="whisper-edge")
    parser.add_argument("--speech", type=Path, nargs="+", required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--batch-seconds", type=float, default=128)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--life", type=float, default=0.0)
    parser.add_argument("--precision", choices=("fp32", "bf16", "auto"), default="fp32")
    args = parser.parse_args()
    try:
        distil(
            args.whisper,
            args.layers,
            args.student,
            args.speech,
            args.out,
            trainer.TrainConfig(
                max_steps=args.steps,
                batch_seconds=args.batch_seconds,
                lr=args.lr,
                warmup_steps=args.steps // 20,
                weight_decay=0.01,
                ema=0.999,
                workers=args.workers,
                validate_every=max(args.steps // 10, 1),
                checkpoint_every=max(args.steps // 10, 1),
                log_every=100,
                precision=args.precision,
            ),
            args.life,
        )
    except InputError as error:
        print(f"avspeech: error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
