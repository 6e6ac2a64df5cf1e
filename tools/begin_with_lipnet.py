"""Writes a model folder for recipes/tse to start from: an `mvtf-small` with a trained LipNet's
convolutions in its lip encoder; all other weights are random.

    python tools/begin_with_lipnet.py --lipnet unseen-weights178.h5 -o start

--lipnet names weights that Keras wrote, such as those of github.com/rizkiarm/LipNet (MIT, (c) 2017
Muhammad Rizki A.R.M.), evaluation/models/unseen-weights178.h5. By its README it was trained on GRID
without speakers 1, 2, 20 and 22, on which it was tested. Its recurrent layers are not used. Do not
take "overlapped", which has seen speaker 1. Needs h5py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avspeech.core import models, pretrained
from avspeech.errors import InputError
from avspeech.extraction.lips import LipNetLips

# Mean and deviation of the gray of GRID's mouth crops, of 1: LipNet saw levels, ours sees
# standardized crops.
GRAY = (0.57, 0.095)
PARTS = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")


def read(path: Path) -> dict[str, np.ndarray]:
    """The convolutions' and their norms' arrays, by "conv1/kernel" and so on.

    Raises:
        InputError: h5py is missing, or the file is not HDF5.
    """
    try:
        import h5py
    except ImportError:
        raise InputError("reading Keras weights needs h5py: pip install h5py") from None
    found: dict[str, np.ndarray] = {}

    def note(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found["/".join(name.split(":")[0].split("/")[-2:])] = np.array(item)

    try:
        with h5py.File(path) as file:
            file.visititems(note)
    except OSError as error:
        raise InputError(f"{path}: not an HDF5 file that can be read ({error})") from None
    return found


@torch.no_grad()
def put(arrays: Mapping[str, np.ndarray], lips: LipNetLips) -> None:
    """Copies LipNet's convolutions into a lip encoder.

    Keras' kernels are [time, width, height, in, out]. One gray channel replaces all three colors,
    and the levels of `GRAY` are folded into the first kernel and norm.

    Args:
        arrays: of `read`.
        lips: changed in place.

    Raises:
        InputError: arrays are missing or have another shape.
    """
    for number, stage in enumerate(lips.frontend, 1):
        conv, norm = stage[0], stage[1]
        names = [f"{'conv' if part in PARTS[:2] else 'batc'}{number}/{part}" for part in PARTS]
        out, inside, time, height, width = conv.weight.shape
        colors = 3 if number == 1 else 1
        for name in names:
            if name not in arrays:
                raise InputError(f"LipNet's weights: no '{name}'; "
                                 f"found {', '.join(sorted(arrays)) or 'none'}")
            expected = (time, width, height, inside * colors, out) if name == names[0] else (out,)
            if arrays[name].shape != expected:
                raise InputError(f"LipNet's weights: '{name}' has shape {arrays[name].shape}, not "
                                 f"{expected}")
        kernel, bias, gamma, beta, mean, variance = (torch.from_numpy(arrays[name]).float()
                                                     for name in names)
        kernel, mean = kernel.permute(4, 3, 0, 2, 1), mean - bias
        if number == 1:
            kernel = kernel.sum(1, keepdim=True)
            mean, kernel = mean - GRAY[0] * kernel.sum((1, 2, 3, 4)), kernel * GRAY[1]
        for own, theirs in ((conv.weight, kernel), (norm.weight, gamma), (norm.bias, beta),
                            (norm.running_mean, mean), (norm.running_var, variance)):
            own.copy_(theirs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lipnet", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    try:
        torch.manual_seed(0)
        model: Any = models.build("mvtf-small")
        put(read(args.lipnet), model.cue.lips)
        pretrained.save(args.out, model, pretrained.ModelInfo(
            task="extraction", model="mvtf", config=vars(model.config), sample_rate=16_000,
            fps=25.0,
            licence="MIT",
            description="LipNet's convolutions, the rest random: to begin training with."))
    except InputError as error:
        print(f"avspeech: error: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"{args.out}: mvtf-small with LipNet's convolutions")


if __name__ == "__main__":
    main()
