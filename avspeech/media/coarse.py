"""Sound of 8 bits: whether its bytes are of another kind, and how coarse samples of any kind are.

A sample of 8 bits may be unsigned, signed, mu-law or A-law, and each can be read as each other
without an error: the wrong one is rough where the right one is smooth. And steps that are large
beside the sound make a noise of their own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from avspeech.media.misread import LEAST, MU, RIGHT, A, law, roughness

GLANCE = 256  # samples by which most sounds are known not to be of 8 bits
PIECES = 20  # rough pieces in which other readings are tried, at most
# A piece of at least this roughness is tried; the right reading is smoother by this factor
ROUGH, SMOOTHER = 0.2, 2.5
# dB from the sound down to the noise that its steps make (their square by 12): from there on it is
# told, and a fault
NOISY_DB, HARDLY_DB = 35.0, 15.0


def _sixteen(kind: str) -> Callable[[np.ndarray], np.ndarray]:
    return lambda code: np.ascontiguousarray(code[: len(code) // 2 * 2]).view(kind).astype(int)


UNSIGNED = "unsigned numbers of 8 bits"
# Bytes [n] -> what they stand for
READINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    UNSIGNED: lambda code: code.astype(int) - 128,
    "signed numbers of 8 bits": lambda code: code.view(np.int8).astype(int),
    MU: lambda code: law(MU)[code],
    A: lambda code: law(A)[code],
    "whole numbers of 16 bits": _sixteen("<i2"),
    "whole numbers of 16 bits, the highest byte first": _sixteen(">i2"),
}


def _bytes(steps: np.ndarray, coding: str) -> np.ndarray | None:
    """Samples `[n]` in steps of 16 bits as the bytes of a coding; None where they are none."""
    if coding == UNSIGNED:
        code = steps / 256 + 128
        return code.astype(np.uint8) if (code == np.round(code)).all() else None
    known = law(coding)
    order = np.argsort(known, kind="stable")
    places = np.searchsorted(known[order], steps).clip(0, 255)
    code = order[places]
    return code.astype(np.uint8) if (known[code] == steps).all() else None


class Coarse:
    """Gathers by pieces in which steps samples come, and what bytes of 8 bits may be instead."""

    def __init__(self) -> None:
        self._bits = 0  # of all samples in steps of 16 bits
        self._finer = False  # there are finer ones
        self._coding = ""  # of 8 bits, in which the last piece may be
        self._tried = 0
        self._found = dict.fromkeys(READINGS, 0)

    def add(self, samples: np.ndarray) -> None:
        """Takes `[C, n]` float64 more, in order."""
        if self._finer:
            return
        glance = samples[:, :GLANCE] * 2.0**15
        self._finer = bool((glance != np.round(glance)).any())
        if self._finer or self._bits & 1:  # there is no smaller step, and 8 bits have none like it
            return
        steps = samples * 2.0**15
        if (steps != np.round(steps)).any() or np.abs(steps).max() > 2**15:
            self._finer = True
            return
        self._bits |= int(np.bitwise_or.reduce(steps.astype(np.int64), axis=None))
        if self._tried < PIECES and steps.shape[1] >= LEAST and steps.max() < 2**15:
            self._try(steps)

    def _try(self, steps: np.ndarray) -> None:
        channels = len(steps)
        glance = steps[0, :GLANCE]
        coding = next((c for c in (UNSIGNED, MU, A) if _bytes(glance, c) is not None), None)
        if coding is None or (own := roughness(steps[0])) < ROUGH:
            return
        code = _bytes(steps.T.reshape(-1), coding)
        if code is None:
            return
        self._tried += 1
        # Mu-law has two bytes of zero; which of them was in the file is not known
        other = np.where(code == 0x7F, 0xFF, np.where(code == 0xFF, 0x7F, code))
        codes = code, other.astype(np.uint8)
        others = {name: min(roughness(read(c)[::channels]) for c in codes[:1 + (coding == MU)])
                  for name, read in READINGS.items()}
        best = min((name for name, rough in others.items() if rough), key=lambda n: others[n],
                   default=coding)
        if others[best] * SMOOTHER < own:
            self._found[best] += 1

    def note_reading(self) -> str | None:
        """A sentence for the user where the bytes are of another kind; None elsewhere."""
        name = max(self._found, key=lambda key: self._found[key])
        if self._found[name] <= RIGHT * self._tried:
            return None
        return (f"its samples are not what its header says: read as {name}, which was not done, "
                "they are a smooth sound, and as they are a rough one; make the file anew")

    def noise_db(self, power: float) -> float:
        """dB from a sound of this power (full scale 1) down to the noise that its steps make."""
        if self._finer or not self._bits or power <= 0:
            return np.inf
        step = (self._bits & -self._bits) / 2.0**15
        return float(10 * np.log10(12 * power / step**2))

    def note(self, power: float) -> str | None:
        """A sentence for the user where steps are large beside a sound of this power."""
        if (noise := self.noise_db(power)) >= NOISY_DB:
            return None
        below = f"{noise:.0f} dB below it" if noise >= 1 else "as loud as it is"
        return (f"its samples come in steps of 1/{2**15 // (self._bits & -self._bits):,} of full "
                f"scale, whose rounding makes a noise {below}: record it louder, or with more "
                "bits")
