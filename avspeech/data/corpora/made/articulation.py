"""Mouth movements from phones: viseme targets blended by dominance functions.

After Cohen & Massaro, "Modeling coarticulation in synthetic visual speech" (1993): each phone pulls
each parameter towards its target, with a strength that decreases on both sides of the phone. The
movement is the mean of the targets, weighted by these strengths. So each phone influences its
neighbors; for example, the lips round before a rounded vowel starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avspeech.media.espeak import Phone

# Ranges:
# jaw          0..1, 1 is open
# upper, lower 0..1, the lip is lifted off the teeth, in addition to the effect of the jaw
# width        -1..1, narrow to spread
# protrusion   0..1
# closure      0..1, the lips meet, whatever the jaw does
# press        0..1, the lips are rolled in
# tuck         0..1, the lower lip is under the upper teeth
# tongue       0..1, the tip is raised
# tongue_out   0..1, the tip is between the teeth
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
         "N": "k", "L": "l", "x": "k", "C": "j", "?": "h", "R": "r", "Q": "0", "&": "a", "H": "h",
         "W": "w", "y": "u", "Y": "u", "c": "k"}

# Strength of a phone for four groups of parameters: jaw; lips (upper, lower, width, protrusion);
# closing (closure, press, tuck); tongue.
_STRENGTH = {"p": (1.0, 0.15, 12.0, 0.2), "f": (1.2, 0.8, 9.0, 0.3), "T": (1.0, 0.5, 1.5, 3.0),
             "s": (2.2, 1.3, 1.5, 1.0), "S": (2.2, 2.0, 1.5, 1.0), "t": (1.0, 0.3, 1.2, 3.0),
             "l": (0.6, 0.3, 1.2, 3.0), "r": (0.8, 1.2, 1.0, 1.0), "w": (1.2, 2.5, 1.5, 0.5),
             "j": (0.8, 0.8, 1.0, 1.0), "k": (0.35, 0.15, 0.8, 1.0), "h": (0.05, 0.05, 0.4, 0.2),
             "sil": (1.6, 1.2, 2.5, 0.6), "@": (0.5, 0.4, 0.8, 0.5)}
_GROUP = np.array([0, 1, 1, 1, 1, 2, 2, 2, 3, 3])
# How far a phone acts beyond its own half, in seconds, for each parameter. Protrusion starts
# earliest, closing is the fastest movement.
_REACH = np.array([0.020, 0.018, 0.018, 0.025, 0.040, 0.010, 0.015, 0.012, 0.015, 0.015])
_RATE = 200  # samples a second of the path before it is interpolated


@dataclass(frozen=True)
class Manner:
    """How a speaker articulates."""

    jaw: float = 1.0  # factor of the opening
    width: float = 1.0  # factor of spreading and narrowing
    protrusion: float = 1.0  # factor of the protrusion
    reach: float = 1.0  # breadth of coarticulation; above 1: slower and more blended


def viseme(name: str) -> tuple[str, ...]:
    """The visemes that a phone passes through.

    Args:
        name: phone of espeak-ng.

    Returns:
        Keys of the table of targets: one for a simple phone, two or three for a diphthong or an
        affricate, ("@",) for an unknown name.
    """
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
    """The parameters of the mouth over time.

    Args:
        phones: in order, times in seconds.
        times: [T], in seconds.
        loudness: level of each phone in dB relative to the speaker's usual level; a louder vowel
            opens the jaw further. None: the usual level.
        manner: how the speaker articulates.
        rng: varies the targets of every phone a little, as real repetitions do; None: no variation.

    Returns:
        float32 [T, P], in the order of PARAMETERS.
    """
    # The mouth is closed before and after the speech, also if the phones do not start with silence.
    phones = [Phone(phones[0].start - 1, phones[0].start, "sil"), *phones,
              Phone(phones[-1].end, phones[-1].end + 1, "sil")]
    loudness = None if loudness is None else np.concatenate([[0.0], loudness, [0.0]])
    targets, centers, halves, strengths = [], [], [], []
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
            centers.append(phone.start + (k + 0.5) * length)
            halves.append(0.5 * length)
            strengths.append(strength[_GROUP])
    target, strength = np.stack(targets), np.stack(strengths)
    first = min(float(times.min()), phones[0].start) - 0.1
    grid = np.arange(first, max(float(times.max()), phones[-1].end) + 0.1, 1.0 / _RATE)
    distance = np.abs(grid[:, None] - np.array(centers))[:, :, None]
    reach = 0.75 * np.array(halves)[:, None] + _REACH * manner.reach
    dominance = strength * np.exp(-np.minimum((distance / reach) ** 2, 60.0))
    dominance += 1e-9 * np.exp(-distance)  # never 0 in a long gap between phones
    path = (dominance * target).sum(1) / dominance.sum(1)
    path = _smooth(path, 0.010 * manner.reach * _RATE)
    path *= np.array([manner.jaw, 1, 1, manner.width, manner.protrusion, 1, 1, 1, 1, 1])
    columns = [np.interp(times, grid, path[:, p]) for p in range(path.shape[1])]
    return np.stack(columns, 1).astype(np.float32)


def _smooth(path: np.ndarray, sigma: float) -> np.ndarray:
    """Smooths the path [T, P] over time with a Gaussian, because lips have mass and the shutter of
    a camera is open for a while."""
    half = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(path, ((half, half), (0, 0)), mode="edge")
    columns = [np.convolve(padded[:, p], kernel, mode="valid") for p in range(path.shape[1])]
    return np.stack(columns, 1)
