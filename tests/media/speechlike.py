"""Something like speech for the tests of this folder."""

from __future__ import annotations

import numpy as np

RATE = 16000


def said(seed: int = 0, quiet: float = 1.0, floor: float = 1e-5) -> np.ndarray:
    """A second of something like speech: bursts of noise, with `quiet` seconds of near silence around it."""
    rng = np.random.default_rng(seed)
    n = RATE
    speech = 0.1 * rng.standard_normal(n) * (0.15 + np.abs(np.sin(np.arange(n) / 1500)))
    lead = round(quiet * RATE)
    sound = np.concatenate([np.zeros(lead), speech, np.zeros(lead)])
    return (sound + floor * rng.standard_normal(len(sound))).astype(np.float32)
