"""eGeMAPS (Eyben et al. 2016), by openSMILE.

Its license is for research, so no extra has it: the user installs it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from avspeech.bench.upstreams.base import Upstream
from avspeech.errors import InputError


class Egemaps(Upstream):
    """88 functionals (eGeMAPSv02) of the whole utterance: one vector, D = 88. What openSMILE cannot
    measure, as formants of silence, is 0."""

    family = "egemaps"
    hop, dim = 0, 88
    minimum = 16_000 // 10
    max_seconds = float("inf")

    def __init__(self, **options: Any) -> None:
        try:
            import opensmile
        except ImportError:
            raise InputError("egemaps: openSMILE is not installed; if its license (research, no "
                             "products) suits you: pip install opensmile") from None
        super().__init__(version=opensmile.__version__, **options)
        self.smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02,
                                     opensmile.FeatureLevel.Functionals)

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        # The package casts to 16 bits without a bound: 1.0 and more would come out negative.
        held = wave.clamp(-1.0, 32767 / 32768).cpu().numpy()
        rows = [self.smile.process_signal(x, self.sample_rate).to_numpy()[0] for x in held]
        numbers = torch.tensor(np.stack(rows)).float().nan_to_num(0.0, 0.0, 0.0)
        return numbers[None, :, None].to(self.device)
