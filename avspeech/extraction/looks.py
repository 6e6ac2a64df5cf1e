"""What frozen convolutions of a lip encoder see of each clip and view, computed once and kept."""

from __future__ import annotations

import copy
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avspeech.core import arrays, sources, storage
from avspeech.errors import InputError
from avspeech.extraction.augment import AugmentConfig, center, vary
from avspeech.extraction.lips import standardized
from avspeech.extraction.mixing import Mixture, Studio


class Looks(Studio):
    """A studio that gives, in place of crops, what `look` of a lip encoder makes of them.

    It sees each clip once, as a whole; crops are standardized over the clip too. A training example
    is a part of a clip, so its looks differ a little from those of the part's own crops. Where a
    mouth keeps still, looks are played to and fro, not crops.

    Args:
        studio: reads sound and crops.
        lips: the encoder. Its `look` must have no weights that learn from here on.
        folder: of the kept files. Other weights, crops, code or settings have files of their own.
        variants: pictures of each clip, varied as `augment` says, all views alike; a mixture shows
            that of its seed. 0: one, the middle of the crops as it is.
        augment: how pictures are varied; what it says of sound and time is not used.
        keep: bytes of looks that are held in memory.

    Raises:
        InputError: `variants` is below 0.
    """

    dtype = np.float32

    def __init__(self, studio: Studio, lips: Any, folder: Path, variants: int = 0,
                 augment: AugmentConfig = AugmentConfig(), keep: int = 2**30):
        if variants < 0:
            raise InputError(f"looks={variants}: expected how many pictures of a clip, 0 or more")
        super().__init__(list(studio.utterances.values()), studio.roots, studio.sample_rate,
                         studio.keep)
        self._sounds = studio._sounds
        self._encoder, self.folder, self.variants, self.augment = (
            copy.deepcopy(lips).cpu().eval(), folder, variants, augment)
        with torch.inference_mode():
            self.frame = tuple(self._encoder.look(torch.zeros(1, 1, 88, 88)).shape[2:])
        digest = hashlib.sha256(json.dumps([
            [sources.module_hash(f"avspeech.extraction.{name}") for name in ("lips", "augment")],
            [augment.turn, augment.zoom] if variants else None]).encode())
        for name, value in self._encoder.state_dict().items():
            if not name.startswith(("enter.", "rnn.")):  # `over_time` has these
                digest.update(value.numpy().tobytes())
        self._made_of = digest.hexdigest()
        self._kept: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._room = keep

    def seen(self, mixture: Mixture, view: str) -> tuple[np.ndarray, np.ndarray]:
        """The looks of a view of a mixture's whole target.

        Args:
            mixture: which; its seed chooses the variant.
            view: name of the view.

        Returns:
            (looks float16 `[T, C]`, shown bool `[T]`).
        """
        u = self.utterances[mixture.target]
        v = u.view(view)
        variant = mixture.seed % self.variants if self.variants else 0
        made_of = json.dumps([u.id, view, v.crops, v.start, u.duration, variant, self._made_of])
        key = hashlib.sha256(made_of.encode()).hexdigest()[:24]
        if key in self._kept:
            return self._kept[key]
        path = self.folder / f"{key}.npz"
        if path.exists():
            kept = arrays.read(path, "looks", "shown")
            looks, shown = kept["looks"], kept["shown"]
        else:
            crops, shown = self.crops(u.id, view)
            rng = np.random.default_rng([variant, *u.id.encode()])
            crops = vary(rng, crops[None], self.augment) if self.variants else center(crops[None])
            mask = torch.from_numpy(shown)[None]
            with torch.inference_mode():
                picture = standardized(torch.from_numpy(np.ascontiguousarray(crops[0]))[None], mask)
                looks = self._encoder.look(picture)[0].numpy().astype(np.float16)
            file = io.BytesIO()
            np.savez(file, looks=looks, shown=shown)
            self.folder.mkdir(parents=True, exist_ok=True)
            storage.write_atomically(path, file.getvalue())
        if self._room >= looks.nbytes:
            self._kept[key] = looks, shown
            self._room -= looks.nbytes
        return looks, shown
