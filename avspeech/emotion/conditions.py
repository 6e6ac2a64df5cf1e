"""What about a recording differs from those that emotion models are trained and tested on: a narrow
band as of a telephone, background noise. Found from the sound itself, in bounded memory."""

from __future__ import annotations

import numpy as np

from avspeech.emotion.frames import HOP, SAMPLE_RATE

NARROW = (
    38  # dB; power above 4 kHz is at most 31 dB below that of the voice in clean speech at 16 kHz
)
# dB from loud to quiet: 32 or more in clean read speech, at most 29 with white noise at 20 dB
NOISY = 30
ENOUGH = 2.0  # seconds from which on the share of pauses says something about noise
_FRAME = 512  # samples of a spectrum
_VOICE, _ABOVE = (300, 3400), (4300, 8000)  # hertz
_UNHEARD = 100  # dB below full scale; digital silence is no background


def levels(samples: np.ndarray) -> np.ndarray:
    """How far below full scale each 10 ms of samples [N] are, without their mean.

    Returns:
        [N // 160] uint8, at least one value: whole dB, at most 255.
    """
    whole = max(1, len(samples) // HOP)
    blocks = samples[: whole * HOP].astype(np.float64) - samples.mean(dtype=np.float64)
    power = np.square(blocks).reshape(whole, -1).mean(1)
    return np.clip(np.round(-10 * np.log10(power + 1e-26)), 0, 255).astype(np.uint8)


class Conditions:
    """Collects what is needed for `notes` from overlapping windows of a sound at 16 kHz."""

    def __init__(self) -> None:
        self.end = 0  # samples that were counted
        self._counts = np.zeros(256, np.int64)  # of 10 ms, by dB below full scale
        self._voice = self._above = 0.0  # mean power in two bands, summed over frames

    def add(self, start: int, samples: np.ndarray, below: np.ndarray) -> None:
        """Counts what is new in a window.

        Args:
            start: of the window, in samples.
            samples: [N] of the window.
            below: their `levels`.
        """
        new = max(0, self.end - start)
        self._counts += np.bincount(below[-(-new // HOP):], minlength=256)
        frames = samples[new:]
        frames = frames[: len(frames) // _FRAME * _FRAME].reshape(-1, _FRAME)
        power = np.square(np.abs(np.fft.rfft(frames * np.hanning(_FRAME)))).sum(0)
        hertz = np.fft.rfftfreq(_FRAME, 1 / SAMPLE_RATE)
        voice, above = ((hertz > low) & (hertz < high) for low, high in (_VOICE, _ABOVE))
        self._voice += float(power[voice].mean())
        self._above += float(power[above].mean())
        self.end = start + len(samples)

    def notes(self, rate: int) -> list[str]:
        """Lines about the sound.

        Args:
            rate: of the recording itself, in hertz.

        Returns:
            A line for a narrow band and one for noise, where they apply.
        """
        lines = []
        if rate < SAMPLE_RATE:
            lines.append(
                f"sampled at {rate} Hz, without high frequencies: answers are less often right; "
                "the model's card says how often (avspeech models info)"
            )
        elif self._above < self._voice * 10 ** (-NARROW / 10):
            lines.append(
                "hardly any sound above 4 kHz (a telephone?): answers are less often right; "
                "the model's card says how often (avspeech models info)"
            )
        heard = np.repeat(np.arange(_UNHEARD), self._counts[:_UNHEARD])
        if len(heard) * HOP >= ENOUGH * SAMPLE_RATE:
            loud, quiet = np.percentile(heard, [5, 90])
            if quiet - loud < NOISY:
                lines.append(f"noisy: the quietest tenth is only {quiet - loud:.0f} dB below the "
                             "loudest; answers are less often right in noise")
        return lines
