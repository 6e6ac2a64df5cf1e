"""Frames of a frozen encoder for each utterance, which small models learn beside their targets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from avspeech.core import sources, storage
from avspeech.core.model_files import WEIGHTS
from avspeech.data.manifest import Utterance, resolve
from avspeech.emotion import features
from avspeech.emotion.cells import CELL, load_cell
from avspeech.emotion.guides import guide_key, write_guide
from avspeech.emotion.training import FRAME_RATE, frames_before_pooling
from avspeech.errors import InputError

RATE = 12.5  # frames a second that are kept, each a mean: small models reduce 100 a second to that


def compute_guide(path: Path, upstream: str, layer: int, utterances: Sequence[Utterance],
                  root: Path, config: features.FeatureConfig) -> None:
    """Writes a guide (`emotion.guides.write_guide`); one of the same content is kept.

    The content is the sounds, the encoder (its weights and settings), the layer, the settings and
    the code.

    Args:
        path: the file to write.
        upstream: name or folder of the encoder, as `avspeech bench` takes it; or folder of a
            finished cell, the frames before whose pooling are taken.
        layer: which of its hidden states, from 0.
        utterances: whose frames are written, in this order.
        root: what the paths of their sounds are relative to.
        config: how silence around an utterance is cut, as for its features.

    Raises:
        InputError: there is no such encoder or layer, or a sound cannot be read.
    """
    from tqdm import tqdm

    from avspeech.bench import upstreams

    if (Path(upstream) / CELL).is_file():
        return _guide_of_cell(path, Path(upstream), utterances)
    encoder = upstreams.load(upstream)
    if not 0 <= layer < encoder.layers:
        raise InputError(f"guide.layer={layer}: {upstream} has layers 0 to {encoder.layers - 1}")
    wanted = features.key(utterances, root, config, encoder.identity, layer, RATE,
                          sources.code_hash(compute_guide))
    if guide_key(path) == wanted:
        return
    frames = []
    for u in tqdm(utterances, f"guide, {upstream}", unit="utterance"):
        file = resolve(root, u.audio)
        samples = features.speech(file, u.start, u.duration, config, encoder.sample_rate)
        with torch.no_grad():
            hidden = encoder.encode_long(torch.from_numpy(samples.copy()))[layer].numpy()
        count = max(1, round(len(samples) / encoder.sample_rate * RATE))
        parts = np.array_split(hidden, min(count, len(hidden)))
        frames.append(np.stack([part.mean(0) for part in parts]))
    write_guide(path, frames, wanted)


def _guide_of_cell(path: Path, folder: Path, utterances: Sequence[Utterance]) -> None:
    """The frames of a cell's model, of the features beside the guide."""
    cache = features.Cache(path.parent)
    weights = storage.content_hash(folder / WEIGHTS)
    wanted = "-".join([cache.digest, weights, str(RATE), sources.code_hash(_guide_of_cell)])
    if guide_key(path) == wanted:
        return
    model, _ = load_cell(folder)
    frames = []
    with torch.no_grad():
        for u in utterances:
            x = cache.frames(u.id)
            own = frames_before_pooling(model, torch.from_numpy(x)[None])[0].numpy()
            count = max(1, round(len(x) / FRAME_RATE * RATE))
            parts = np.array_split(own, min(count, len(own)))
            frames.append(np.stack([part.mean(0) for part in parts]))
    write_guide(path, frames, wanted)
