"""What a frozen encoder says of each utterance: the mean over time of one of its layers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from avspeech import audio
from avspeech.data.features import FeatureConfig
from avspeech.data.manifest import Utterance, resolve
from avspeech.errors import InputError


def write_guide(path: Path, upstream: str, layer: int, utterances: Sequence[Utterance], root: Path,
                config: FeatureConfig) -> None:
    """Writes [n, D] float32, the utterances cut as for their features. A file of as many rows is kept. Raises
    InputError for an encoder that is not there, or has no such layer."""
    from tqdm import tqdm

    from avspeech.bench import upstreams

    if path.exists() and len(np.load(path, mmap_mode="r", allow_pickle=False)) == len(utterances):
        return
    encoder = upstreams.load(upstream)
    if not 0 <= layer < encoder.layers:
        raise InputError(f"guide.layer={layer}: {upstream} has layers 0 to {encoder.layers - 1}")
    rows = []
    for u in tqdm(utterances, f"guide, {upstream}", unit="utterance"):
        samples = audio.read(resolve(root, u.audio), encoder.sample_rate, u.start, u.duration)
        begin, end = audio.speech_bounds(samples, encoder.sample_rate, config.trim, config.margin)
        samples = samples[begin:end]
        with torch.no_grad():
            rows.append(encoder.encode_long(torch.from_numpy(samples.copy()))[layer].mean(0).numpy())
    aside = path.with_suffix(".part")
    with open(aside, "wb") as out:
        np.save(out, np.stack(rows).astype(np.float32), allow_pickle=False)
    os.replace(aside, path)
