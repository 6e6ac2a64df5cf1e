"""From phones to the movements of a mouth: viseme targets blended by dominance functions.

After Cohen & Massaro, "Modeling coarticulation in synthetic visual speech" (1993): each phone pulls
each parameter towards its target, with a strength that falls off on both sides of the phone; the
movement is the mean of the targets, weighted by these strengths. Neighbours therefore show in each
other, and the lips round before a rounded vowel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avspeech.media.espeak import Phone

# jaw 0..1 (open); upper, lower 0..1 (lips lifted off the teeth beyond what the jaw does); width -1
# (narrow)..1 (spread); protrusion 0..1; closure 0..1 (lips meet, whatever the jaw does); press 0..1
# (lips rolled in); tuck 0..1 (lower lip under the upper teeth); tongue 0..1 (tip raised);
# tongue_out 0..1 (tip between the teeth).
PARAMETERS = ("jaw", "upper", "lower", "width", "protrusion", "closure", "press", "tuck", "tongue",
              "tongue_out")

#                jaw  upper lower width protr close press tuck tongue out
_VOWELS = {
    "i": (0.22, 0.40, 0.40, 0.95, 0.00, 0.0, 0.0, 0.0, 0.30, 0.0),
    "I": (0.34, 0.30, 0.30, 0.50, 0.00, 0.0, 0.0, 0.0, 0.25, 0.0),
    "e": (0.42, 0.38, 0.40, 0.65, 0.00, 0.0, 0.0, 0.0, 0.20, 0.0),
    "E": (0.54, 0.38, 0.35, 0.42, 0.00, 0.0, 0.0, 0.0, 0.15, 0.0),
    "a": (0.82, 0.50, 0.30, 0.42, 0.00, 0.0, 0.0, 0.0, 0.05, 0.0),
    "A": (1.00, 0.38, 0.15, 0.00, 0.05, 0.0, 0.0, 0.0, 0.00, 0.0),
    "0": (0.82, 0.32, 0.15, -0.10, 0.40, 0.0, 0.0, 0.0, 0.00, 0.0),
    "O": (0.66, 0.28, 0.15, -0.35, 0.80, 0.0, 0.0, 0.0, 0.00, 0.0),
    "o": (0.48, 0.25, 0.12, -0.85, 0.90, 0.0, 0.0, 0.0, 0.00, 0.0),
    "V": (0.62, 0.30, 0.18, 0.10, 0.05, 0.0, 0.0, 0.0, 0.05, 0.0),
    "@": (0.36, 0.25, 0.20, 0.00, 0.12, 0.0, 0.0, 0.0, 0.15, 0.0),
    "3": (0.42, 0.35, 0.35, -0.10, 0.45, 0.0, 0.0, 0.0, 0.15, 0.0),
    "U": (0.32, 0.25, 0.18, -0.40, 0.60, 0.0, 0.0, 0.0, 0.05, 0.0),
    "u": (0.22, 0.20, 0.15, -0.85, 1.00, 0.0, 0.0, 0.0, 0.10, 0.0),
}
_CONSONANTS = {
    "p": (0.12, 0.00, 0.00, 0.00, 0.10, 1.0, 0.8, 0.0, 0.10, 0.0),
    "f": (0.16, 0.45, 0.00, 0.15, 0.00, 0.0, 0.0, 1.0, 0.10, 0.0),
    "T": (0.26, 0.30, 0.30, 0.15, 0.00, 0.0, 0.0, 0.0, 0.80, 1.0),
    "s": (0.06, 0.55, 0.60, 0.50, 0.00, 0.0, 0.0, 0.0, 0.40, 0.0),
    "S": (0.08, 0.65, 0.75, -0.10, 0.90, 0.0, 0.0, 0.0, 0.30, 0.0),
    "t": (0.18, 0.30, 0.30, 0.15, 0.00, 0.0, 0.0, 0.0, 1.00, 0.0),
    "l": (0.36, 0.30, 0.25, 0.10, 0.00, 0.0, 0.0, 0.0, 1.00, 0.2),
    "r": (0.22, 0.30, 0.30, -0.15, 0.60, 0.0, 0.0, 0.0, 0.40, 0.0),
    "w": (0.12, 0.10, 0.05, -1.00, 0.75, 0.2, 0.0, 0.0, 0.05, 0.0),
    "j": (0.16, 0.35, 0.35, 0.70, 0.00, 0.0, 0.0, 0.0, 0.40, 0.0),
    "k": (0.30, 0.25, 0.20, 0.05, 0.00, 0.0, 0.0, 0.0, 0.00, 0.0),
    "h": (0.40, 0.25, 0.20, 0.00, 0.00, 0.0, 0.0, 0.0, 0.05, 0.0),
    "sil": (0.00, 0.00, 0.00, 0.00, 0.05, 1.0, 0.1, 0.0, 0.20, 0.0),
}
_TARGETS = {**_VOWELS, **_CONSONANTS}
_SAME = {"b": "p", "m": "p", "v": "f", "D": "T", "z": "s", "Z": "S", "d": "t", "n": "t", "g": "k",
         "N": "k",
         "L": "l", "x": "k", "C": "j", "?": "h", "R": "r", "Q": "0", "&": "a", "H": "h", "W": "w",
         "y": "u", "Y": "u", "c": "k"}

# How strongly a phone insists: on jaw, lips (upper, lower, width, protrusion), closing (closure,
# press, tuck), tongue.
_STRENGTH = {"p": (1.0, 0.15, 12.0, 0.2), "f": (1.2, 0.8, 9.0, 0.3), "T": (1.0, 0.5, 1.5, 3.0),
             "s": (2.2, 1.3, 1.5, 1.0), "S": (2.2, 2.0, 1.5, 1.0), "t": (1.0, 0.3, 1.2, 3.0),
             "l": (0.6, 0.3, 1.2, 3.0), "r": (0.8, 1.2, 1.0, 1.0), "w": (1.2, 2.5, 1.5, 0.5),
             "j": (0.8, 0.8, 1.0, 1.0), "k": (0.35, 0.15, 0.8, 1.0), "h": (0.05, 0.05, 0.4, 0.2),
             "sil": (1.6, 1.2, 2.5, 0.6), "@": (0.5, 0.4, 0.8, 0.5)}
_GROUP = np.array([0, 1, 1, 1, 1, 2, 2, 2, 3, 3])
# Reach of a phone beyond its own half, in seconds: protrusion is planned furthest ahead, closing is
# quickest.
_REACH = np.array([0.020, 0.018, 0.018, 0.025, 0.040, 0.010, 0.015, 0.012, 0.015, 0.015])
_RATE = 200


@dataclass(frozen=True)
class Manner:
    """How a speaker articulates. jaw, width, protrusion: extent (1: the table's); reach: breadth of
    co-articulation (above 1: slower, more blended)."""

    jaw: float = 1.0
    width: float = 1.0
    protrusion: float = 1.0
    reach: float = 1.0


def viseme(name: str) -> tuple[str, ...]:
    """The targets a phone of espeak-ng passes through: one for a simple phone, two or three for a
    diphthong or an affricate; ("@",) for a vowel-like and unknown name."""
    if name == "sil" or name.startswith("_"):
        return ("sil",)
    if name in ("tS", "dZ"):
        return ("S",)
    keys = [_SAME.get(letter, letter) for letter in name.rstrip("-")]
    keys = [key for i, key in enumerate(keys) if key in _TARGETS
            and (i == 0 or key not in "0" or name[:1] == "0")]
    return tuple(key for i, key in enumerate(keys) if i == 0 or key != keys[i - 1])[:3] or ("@",)


def movements(phones: Sequence[Phone], times: np.ndarray, loudness: np.ndarray | None = None,
              manner: Manner = Manner(), rng: np.random.Generator | None = None) -> np.ndarray:
    """The mouth's parameters at `times` (seconds): float32 [T, P], P as in PARAMETERS.

    loudness: for each phone, its level in dB relative to the speaker's usual;
    a louder vowel opens the jaw further.
    rng: if given, every phone's targets vary a little, as they do from one time to the next.
    """
    # Before and after its speech the mouth is closed, whether the phones say so or not.
    phones = [Phone(phones[0].start - 1, phones[0].start, "sil"), *phones,
              Phone(phones[-1].end, phones[-1].end + 1, "sil")]
    loudness = None if loudness is None else np.concatenate([[0.0], loudness, [0.0]])
    targets, centres, halves, strengths = [], [], [], []
    for i, phone in enumerate(phones):
        parts = viseme(phone.name)
        length = (phone.end - phone.start) / len(parts)
        for k, part in enumerate(parts):
            target = np.array(_TARGETS[part])
            strength = np.array(_STRENGTH.get(part, (1.0, 1.0, 1.0, 0.6)))
            if part in _VOWELS:
                strength = strength * (1.3 if phone.stressed else 1.0)
                if loudness is not None:
                    target[0] *= np.clip(1.0 + 0.04 * loudness[i], 0.65, 1.3)
            if rng is not None and part != "sil":
                target[:5] *= 1.0 + 0.08 * rng.standard_normal(5)
            targets.append(target)
            centres.append(phone.start + (k + 0.5) * length)
            halves.append(0.5 * length)
            strengths.append(strength[_GROUP])
    target, strength = np.stack(targets), np.stack(strengths)
    first = min(float(times.min()), phones[0].start) - 0.1
    grid = np.arange(first, max(float(times.max()), phones[-1].end) + 0.1, 1.0 / _RATE)
    distance = np.abs(grid[:, None] - np.array(centres))[:, :, None]
    reach = 0.75 * np.array(halves)[:, None] + _REACH * manner.reach
    dominance = strength * np.exp(-np.minimum((distance / reach) ** 2,
                                              60.0)) + 1e-9 * np.exp(-distance)
    path = (dominance * target).sum(1) / dominance.sum(1)
    path = _smooth(path, 0.010 * manner.reach * _RATE)
    path *= np.array([manner.jaw, 1, 1, manner.width, manner.protrusion, 1, 1, 1, 1, 1])
    return np.stack([np.interp(times, grid, path[:, p]) for p in range(path.shape[1])],
                    1).astype(np.float32)


def _smooth(path: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian over time: lips have mass, and a shutter is open for a while."""
    half = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(path, ((half, half), (0, 0)), mode="edge")
    return np.stack([np.convolve(padded[:, p], kernel, mode="valid") for p in range(path.shape[1])],
                    1)
