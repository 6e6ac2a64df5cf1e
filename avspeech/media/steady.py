"""Channels that hold no speech but something steady: hum, hiss, a carrier, a time code.

A camera or a recorder often has something else than a microphone on one of its channels: the time
code by which films are cut (a loud rattle), a cable without a microphone that hums, a radio that
receives nothing. Averaged with a voice it is a noise as loud as the voice. Its power never changes,
as that of a voice always does.
"""

from __future__ import annotations

import numpy as np

from avspeech.media.stretches import Stretches

FRAME = 0.05  # seconds whose power is taken
SAMPLES = 1024  # of a frame where the rate is not known
LEAST = 60  # frames, of fewer nothing is said
LOWEST, STEP, BINS = -100.0, 0.25, 640  # dB of full scale: of the histograms of power
# dB between the quiet and the loud tenth of the frames of a steady channel, at most; and of one
# with a voice, at least
STEADY_DB, VOICE_DB = 2.5, 15.0
# Frames that are BURST_DB louder than usual: with more of them somebody may have spoken
BURST_DB, BURSTS = 6.0, 4
# dB: a steady channel counts from so far above the pauses of the voice on, and below its loud parts
ABOVE_PAUSES_DB, BELOW_VOICE_DB = 6.0, 30.0


class Steady:
    """Gathers by pieces how the power of each channel changes.

    Args:
        channels: how many.
        rate: samples a second; 0 where it is not known.
    """

    def __init__(self, channels: int, rate: int = 0) -> None:
        self._frames = Stretches(channels, max(16, round(FRAME * rate)) if rate else SAMPLES)
        self._counts = np.zeros((channels, BINS), np.int64)

    def add(self, samples: np.ndarray) -> None:
        """Takes `[C, n]` float64 more, in order."""
        decibels = 10 * np.log10(self._frames.add(samples).var(axis=2).T + 1e-20)
        places = ((decibels - LOWEST) / STEP).astype(int).clip(0, BINS - 1)
        for counts, row in zip(self._counts, places, strict=True):
            counts += np.bincount(row, minlength=BINS)

    @property
    def all(self) -> bool:
        """Whether no channel has anything else."""
        if int(self._counts[0].sum()) < LEAST:
            return False
        for counts in self._counts:
            low, usual, high = (_level(counts, share) for share in (0.1, 0.5, 0.9))
            bursts = counts[round((usual + BURST_DB - LOWEST) / STEP):].sum()
            if high - low > STEADY_DB or bursts > BURSTS:
                return False
        return True

    def channels(self) -> dict[int, float]:
        """The steady channels that would be heard beside the voice of another one, each with its
        level in dB of full scale."""
        total = int(self._counts[0].sum())
        if len(self._counts) < 2 or total < LEAST:
            return {}
        levels = np.array([[_level(counts, share) for share in (0.1, 0.5, 0.9)]
                           for counts in self._counts])
        voices = [k for k, (low, _, high) in enumerate(levels) if high - low >= VOICE_DB]
        if not voices:
            return {}
        pauses, loud = levels[voices, 0].min(), levels[voices, 2].max()
        found = {}
        for k, (low, usual, high) in enumerate(levels):
            bursts = self._counts[k, round((usual + BURST_DB - LOWEST) / STEP):].sum()
            heard = usual >= max(pauses + ABOVE_PAUSES_DB, loud - BELOW_VOICE_DB)
            if high - low <= STEADY_DB and bursts <= BURSTS and heard:
                found[k] = float(usual)
        return found


def _level(counts: np.ndarray, share: float) -> float:
    """The level in dB below which a share of the frames lies."""
    sums = np.cumsum(counts)
    return LOWEST + STEP * float(np.searchsorted(sums, share * sums[-1]))
