"""What a frozen encoder says of each utterance, from moment to moment: one of its layers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from avspeech.data.manifest import Utterance, resolve
from avspeech.emotion.cells import read_guide, write_guide
from avspeech.emotion.features import FeatureConfig, speech
from avspeech.errors import InputError

RATE = 12.5  # frames a second that are kept, each the mean over its time: what small models make of 100


def compute_guide(path: Path, upstream: str, layer: int, utterances: Sequence[Utterance], root: Path,
                  config: FeatureConfig) -> None:
    """Writes a guide (`tasks.cells.write_guide`), the utterances cut as for their features. A file of as many
    utterances is kept. Raises InputError for an encoder that is not there, or has no such layer."""
    from tqdm import tqdm

    from avspeech.bench import upstreams

    if path.exists() and len(read_guide(path)) == len(utterances):
        return
    encoder = upstreams.load(upstream)
    if not 0 <= layer < encoder.layers:
        raise InputError(f"guide.layer={layer}: {upstream} has layers 0 to {encoder.layers - 1}")
    frames = []
    for u in tqdm(utterances, f"guide, {upstream}", unit="utterance"):
        samples = speech(resolve(root, u.audio), u.start, u.duration, config, encoder.sample_rate)
        with torch.no_grad():
            hidden = encoder.encode_long(torch.from_numpy(samples.copy()))[layer].numpy()
        count = max(1, round(len(samples) / encoder.sample_rate * RATE))
        frames.append(np.stack([part.mean(0) for part in np.array_split(hidden, min(count, len(hidden)))]))
    write_guide(path, frames)
