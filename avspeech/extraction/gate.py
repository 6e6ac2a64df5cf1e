"""The weights of the candidates of an output: the third part of `choice`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avspeech.errors import InputError
from avspeech.extraction.steps import Sums, shares_of_voices, smoothed

CANDIDATES = ("lips", "voice", "guided", "mixture", "silence")
FEATURES = ("one", "fit", "margin", "sure", "none", "own fit", "agreement", "own level",
            "single", "seen", "moves", "fit fit", "level level", "fit level", "fit single")
# Fits of lips between which the weight of their own estimate grows from 0; on mixtures of GRID's
# faces the fit is 0.9 to 1.5, on those of others 0.1 to 0.6
FAMILIAR = (0.6, 0.9)
# Movements of lips (the feature) between which the weight of silence grows from 0; speaking faces
# have 0.25 to 0.4, still mouths about -0.2
STILL = (0.1, -0.1)


def features(s: Sums, chances: np.ndarray) -> np.ndarray:
    """What the gate sees of each step and face: `FEATURES`, about -1 to 1.

    Args:
        s: of the steps.
        chances: `[S, F, K + 1]` of `assign`.

    Returns:
        `[S, F, len(FEATURES)]`.
    """
    wide = Sums(*(smoothed(x) for x in s))
    seen = np.maximum(wide.seen, 1.0)
    fits = wide.fits / seen[..., None]  # [S, F, K]
    share = shares_of_voices(chances)
    ordered = np.sort(fits, -1)
    energy = wide.voices[:, None]
    mean = (share**2 * energy).sum(-1)  # of the voices weighted by their chances
    agree = (share * wide.cross).sum(-1) / np.sqrt(np.maximum(mean * wide.own, 1e-12))
    level = np.log10(np.maximum(wide.own / np.maximum(wide.mixture[:, None], 1e-12), 1e-4)) / 4
    power = np.sort(wide.voices, -1)
    single = np.log10(np.maximum(power[:, -2] / np.maximum(power[:, -1], 1e-12), 1e-3)) / 3
    shape = fits.shape[:2]
    best = (share * fits).sum(-1)
    moves = np.log10(np.maximum(wide.moves / seen, 1e-4)) / 4 + 0.5  # 0 at a deviation of 0.1
    return np.stack([
        np.ones(shape), best, ordered[..., -1] - ordered[..., -2], chances[..., :-1].max(-1),
        chances[..., -1], wide.own_fits / seen, agree, level,
        np.broadcast_to(single[:, None], shape), wide.seen / np.maximum(wide.frames[:, None], 1.0),
        moves, best**2, level**2, best * level, best * single[:, None]], -1)


def allowed(x: np.ndarray) -> np.ndarray:
    """Factors of the candidates' weights, 0 to 1, that keep what may do harm to where it is known.

    The lips' own estimate is for lips that fit as those do that the model has learned; what strange
    lips make by themselves is worse than the mixture. Silence is for mouths that keep still.

    Args:
        x: `[..., len(FEATURES)]`.

    Returns:
        `[..., 5]`, by `CANDIDATES`.
    """
    factors = np.ones((*x.shape[:-1], len(CANDIDATES)))
    for candidate, feature, (none, full) in (("lips", "fit", FAMILIAR),
                                             ("silence", "moves", STILL)):
        at = (x[..., FEATURES.index(feature)] - none) / (full - none)
        factors[..., CANDIDATES.index(candidate)] = at.clip(0.0, 1.0)
    return factors


def held(share: np.ndarray) -> np.ndarray:
    """Weights of the candidates while a face is away: the voice that it had, as far as that is
    sure, and else the mixture.

    Args:
        share: `[..., K]` of `shares_of_voices`.

    Returns:
        `[..., 5]`, by `CANDIDATES`.
    """
    count = share.shape[-1]
    sure = ((count * share.max(-1) - 1) / (count - 1)).clip(0) ** 2
    none = np.zeros_like(sure)
    return np.stack([none, sure, none, 1 - sure, none], -1)


def carried(chances: np.ndarray) -> np.ndarray:
    """Weights of the candidates before a face is first seen and after it has gone for good: the
    voice that it has elsewhere, as far as that is sure, and else silence.

    Args:
        chances: `[..., K + 1]` of `assign`. The voice must be likelier than none: where other faces
            have the other voices, what is left need not be that of one that nobody sees.

    Returns:
        `[..., 5]`, by `CANDIDATES`.
    """
    out = held(shares_of_voices(chances))
    voice, mixture, silence = map(CANDIDATES.index, ("voice", "mixture", "silence"))
    out[..., voice] *= (1 - 2 * chances[..., -1]).clip(0) ** 2
    out[..., silence], out[..., mixture] = 1 - out[..., voice], 0.0
    return out


class Gate:
    """Weights of the candidates, a softmax of linear functions of the features.

    Args:
        weights: `[len(FEATURES), 5]`, as tools/fit_choice.py fits them; by default those fitted for
            the released splitter.

    Raises:
        InputError: weights of another form.
    """

    def __init__(self, weights: Sequence[Sequence[float]] | np.ndarray | None = None):
        self.weights = np.array(WEIGHTS if weights is None else weights, np.float64)
        if (self.weights.shape != (len(FEATURES), len(CANDIDATES))
                or not np.isfinite(self.weights).all()):
            raise InputError(
                f"gate: {self.weights.shape} numbers, expected {len(FEATURES)} rows of "
                f"{len(CANDIDATES)} finite ones; fit it with tools/fit_choice.py"
            )

    def __call__(self, x: np.ndarray, share: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Weights of the candidates; where the face is not seen, those of `held`.

        Args:
            x: `[..., len(FEATURES)]`.
            share: `[..., K]` of `shares_of_voices`.
            seen: `[...]`, the share of the step in which the face is seen.

        Returns:
            `[..., 5]`, by `CANDIDATES`; their sum is 1.
        """
        logits = x @ self.weights
        shares = np.exp(logits - logits.max(-1, keepdims=True))
        shares *= allowed(x)
        shares /= shares.sum(-1, keepdims=True)
        return np.asarray(held(share) + seen[..., None] * (shares - held(share)))


# Fitted by tools/fit_choice.py for mvtf-small and voices-small: a row for each of FEATURES, a
# column for each of CANDIDATES
WEIGHTS = (
    (-1.98, 0.28, -1.08, 0.26, 2.84),  # one
    (-1.19, 0.43, 1.42, -0.58, 0.56),  # fit
    (-0.12, 2.23, -0.45, -2.07, 0.34),  # margin
    (-2.05, 3.51, -1.12, -0.48, 0.66),  # sure
    (0.81, -1.07, -0.42, -0.28, 1.05),  # none
    (7.63, -6.44, -0.69, -4.90, 1.41),  # own fit
    (-6.19, 1.22, 1.55, 4.18, -0.02),  # agreement
    (2.73, -1.49, 1.80, -1.84, -1.28),  # own level
    (-0.41, 2.39, 1.26, -1.41, -1.88),  # single
    (-1.14, 0.34, -0.44, 0.13, 1.55),  # seen
    (3.70, -1.97, -0.31, -0.48, -0.98),  # moves
    (-0.12, 0.08, -0.72, 0.72, 0.10),  # fit fit
    (-1.01, 0.13, -0.62, 0.46, 1.03),  # level level
    (2.52, -1.92, -0.08, -0.01, -0.52),  # fit level
    (1.30, 1.65, 0.10, -2.43, -0.61),  # fit single
)
