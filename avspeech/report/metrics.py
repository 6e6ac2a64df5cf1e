"""Measures of extracted speech and of decisions about speech; `intervals` has their confidence
intervals.

Signals are NumPy arrays [..., N] (N samples last, any leading dimensions; shapes broadcast). All
arithmetic is in float64 and the result has the leading shape [...]. Levels are in dB.

Conventions of all measures here:

- No mean is removed unless `zero_mean=True` is given. (Le Roux et al. define SI-SDR on zero-mean
  signals without subtracting; torchmetrics also defaults to not subtracting.)
- An undefined value is NaN, never a number that could enter a mean. This is the case for a
  reference that is silent (all samples 0), and for a scale-invariant measure of a silent estimate.
  `intervals.mean_and_spread` and `intervals.bootstrap_interval` refuse NaN.
- A perfect estimate gives +inf, and an estimate orthogonal to its reference gives -inf, up to
  rounding: float64 limits a "perfect" value to about 310 dB. No epsilon is added, so a quiet signal
  gives the same value as a loud one.
- A non-finite input sample raises ValueError, because it is an error of an earlier step and not a
  low score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def _signals(first: ArrayLike, second: ArrayLike, zero_mean: bool = False) -> tuple[Array, Array]:
    """Both signals as float64 [..., N], broadcast together. Raises ValueError for different or zero
    lengths, and for NaN or inf."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-1] or a.shape[-1] == 0:
        raise ValueError("expected two signals [..., N] of the same length, "
                         f"got shapes {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a signal holds NaN or infinite samples")
    if zero_mean:
        a, b = a - a.mean(-1, keepdims=True), b - b.mean(-1, keepdims=True)
    a, b = np.broadcast_arrays(a, b)
    return a, b


def _dot(a: Array, b: Array) -> Array:
    return np.einsum("...n,...n->...", a, b)


def _ratio_db(signal: Array, noise: Array) -> Array:
    """10 log10(signal / noise) of two energies; 0/0 is NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(10 * np.log10(signal / noise))


def _unit(x: Array) -> tuple[Array, Array]:
    """(`x` scaled to a largest magnitude of 1, that magnitude [..., 1]). Silence stays 0. This
    keeps the energies of very quiet or very loud signals from underflow and overflow."""
    peak = np.abs(x).max(-1, keepdims=True)
    return x / np.where(peak > 0, peak, 1.0), peak


def si_sdr(estimate: ArrayLike, reference: ArrayLike, zero_mean: bool = False) -> Array:
    """Scale-invariant signal-to-distortion ratio (SI-SDR) in dB.

    The energy of the estimate's projection on the reference, relative to the energy of the rest of
    the estimate: Le Roux, Wisdom, Erdogan, Hershey, "SDR - half-baked or well done?", ICASSP 2019,
    eq. 5. It ignores the gain and also the sign of the estimate, so read it together with
    `gain_error_db`.

    Args:
        estimate: the extracted speech [..., N].
        reference: the true speech [..., N].
        zero_mean: subtract the mean of each signal first.

    Returns:
        dB [...]; NaN where the reference or the estimate is silent.
    """
    est, ref = _signals(estimate, reference, zero_mean)
    est, ref = _unit(est)[0], _unit(ref)[0]
    energy = _dot(ref, ref)
    with np.errstate(invalid="ignore", divide="ignore"):
        target = (_dot(est, ref) / energy)[..., None] * ref
    return _ratio_db(_dot(target, target), _dot(est - target, est - target))


def snr(estimate: ArrayLike, reference: ArrayLike, zero_mean: bool = False) -> Array:
    """Signal-to-noise ratio (SNR) in dB: `|reference|^2 / |estimate - reference|^2`.

    It depends on gain and sign: a silent estimate gives 0 dB. Some papers call it "SDR".

    Args:
        estimate: the extracted speech [..., N].
        reference: the true speech [..., N].
        zero_mean: subtract the mean of each signal first.

    Returns:
        dB [...]; NaN where the reference is silent.
    """
    est, ref = _signals(estimate, reference, zero_mean)
    ref, peak = _unit(ref)
    silent = peak[..., 0] == 0
    noise = est / np.where(peak > 0, peak, 1.0) - ref
    return np.where(silent, np.nan, _ratio_db(_dot(ref, ref), _dot(noise, noise)))


def si_sdr_improvement(
    estimate: ArrayLike, reference: ArrayLike, mixture: ArrayLike, zero_mean: bool = False
) -> Array:
    """SI-SDR improvement (SI-SDRi) in dB: SI-SDR of the estimate minus SI-SDR of the mixture.

    Args:
        estimate: the extracted speech [..., N].
        reference: the true speech [..., N].
        mixture: the unprocessed mixture [..., N].
        zero_mean: subtract the mean of each signal first.

    Returns:
        dB [...]; NaN as for `si_sdr`.
    """
    return si_sdr(estimate, reference, zero_mean) - si_sdr(mixture, reference, zero_mean)


def gain_error_db(estimate: ArrayLike, reference: ArrayLike, zero_mean: bool = False) -> Array:
    """Level of the estimate's projection on the reference, relative to the reference, in dB.

    `20 log10 |<estimate, reference> / <reference, reference>|`: 0 is the true level, -6 is half of
    it. It ignores the sign.

    Args:
        estimate: the extracted speech [..., N].
        reference: the true speech [..., N].
        zero_mean: subtract the mean of each signal first.

    Returns:
        dB [...]; NaN where the reference is silent, -inf where the estimate contains nothing of it.
    """
    est, ref = _signals(estimate, reference, zero_mean)
    ref, peak = _unit(ref)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(20 * np.log10(np.abs(_dot(est, ref)) / _dot(ref, ref) / peak[..., 0]))


def attenuation_db(estimate: ArrayLike, mixture: ArrayLike) -> Array:
    """How far the estimate lies below the mixture, in dB: `10 log10(|mixture|^2 / |estimate|^2)`.

    The measure for a silent target, where SI-SDR and SNR have no reference.

    Args:
        estimate: the extracted speech [..., N].
        mixture: the unprocessed mixture [..., N].

    Returns:
        dB [...], higher is better: +inf is silence, 0 is the unchanged mixture. NaN where the
        mixture is silent.
    """
    est, mix = _signals(estimate, mixture)
    mix, peak = _unit(mix)
    silent = peak[..., 0] == 0
    est = est / np.where(peak > 0, peak, 1.0)
    return np.where(silent, np.nan, _ratio_db(_dot(mix, mix), _dot(est, est)))


def pesq(estimate: ArrayLike, reference: ArrayLike, sample_rate: int = 16000) -> Array:
    """PESQ (MOS-LQO, about 1 to 4.6) by the package `pesq`.

    Args:
        estimate: the extracted speech [..., N].
        reference: the true speech [..., N].
        sample_rate: 16000 Hz for wide band (ITU-T P.862.2), 8000 Hz for narrow band (P.862.1).

    Returns:
        [...]; NaN where PESQ finds no utterance or a signal is silent.

    Raises:
        ValueError: another sample rate.
        ImportError: the package is not installed.
    """
    import pesq as package

    if sample_rate not in (8000, 16000):
        raise ValueError(f"PESQ is defined at 8000 and 16000 Hz, not {sample_rate}; resample first")

    def one(est: Array, ref: Array) -> float:
        try:
            return float(package.pesq(sample_rate, ref, est,
                                      "wb" if sample_rate == 16000 else "nb"))
        except package.NoUtterancesError:
            return float("nan")

    return _each(one, estimate, reference)


def stoi(
    estimate: ArrayLike, reference: ArrayLike, sample_rate: int = 16000, extended: bool = False
) -> Array:
    """STOI (Taal et al., IEEE TASLP 2011) or ESTOI (Jensen, Taal 2016) by the package `pystoi`.

    Args:
        estimate: the extracted speech [..., N].
        reference: the true speech [..., N].
        sample_rate: in Hz.
        extended: ESTOI.

    Returns:
        [...], about 0 to 1; NaN where a signal is silent.

    Raises:
        ImportError: the package is not installed.
    """
    import pystoi

    def one(est: Array, ref: Array) -> float:
        return float(pystoi.stoi(ref, est, sample_rate, extended=extended))

    return _each(one, estimate, reference)


def _each(measure: Callable[[Array, Array], float], estimate: ArrayLike,
          reference: ArrayLike) -> Array:
    est, ref = _signals(estimate, reference)
    pairs = zip(est.reshape(-1, est.shape[-1]), ref.reshape(-1, ref.shape[-1]), strict=True)
    values = [measure(e, r) if e.any() and r.any() else np.nan for e, r in pairs]
    return np.asarray(values, np.float64).reshape(est.shape[:-1])


# --- decisions: classes and values of utterances --------------------------------------------------


def confusion(truth: Sequence[int] | Array, predicted: Sequence[int] | Array,
              classes: int) -> Array:
    """Confusion matrix.

    Args:
        truth: true classes [n], 0 .. K - 1.
        predicted: predicted classes [n].
        classes: K.

    Returns:
        Counts [K, K]: rows are true classes, columns are predicted classes.

    Raises:
        ValueError: different or zero lengths, or a class outside 0 .. K - 1.
    """
    true, guess = np.asarray(truth), np.asarray(predicted)
    if true.shape != guess.shape or true.ndim != 1 or not len(true):
        raise ValueError("expected as many true as predicted classes, "
                         f"got shapes {true.shape}, {guess.shape}")
    for name, values in (("true", true), ("predicted", guess)):
        whole = np.issubdtype(values.dtype, np.integer)
        if not whole or values.min() < 0 or values.max() >= classes:
            raise ValueError(f"{name} classes should be whole numbers from 0 to {classes - 1}, "
                             f"got {values.min()} to {values.max()}")
    counts = np.bincount(true * classes + guess, minlength=classes**2)
    return counts.reshape(classes, classes).astype(float)


def uar(truth: Sequence[int] | Array, predicted: Sequence[int] | Array, classes: int) -> float:
    """Unweighted average recall (UAR), also called UA, macro recall or balanced accuracy.

    Args:
        truth: true classes [n], 0 .. K - 1.
        predicted: predicted classes [n].
        classes: K.

    Returns:
        0 to 1: the mean recall of the classes that occur in `truth`. A class that does not occur
        has no recall and is left out, as in scikit-learn's balanced accuracy: a test without the
        hardest class scores higher. So pages give the UAR of the answers of all folds together,
        and say so where a fold lacks a class.
    """
    table = confusion(truth, predicted, classes)
    counts = table.sum(1)
    there = counts > 0
    return float((np.diag(table)[there] / counts[there]).mean())


def reliability(confidence: Sequence[float] | Array, right: Sequence[float] | Array,
                bins: int = 10) -> tuple[float, list[tuple[float, float, int]]]:
    """How well probabilities say how often an answer is right.

    Args:
        confidence: probability of each answer [n], 0 to 1.
        right: 1 where the answer is correct, else 0 [n].
        bins: number of bins of equal width.

    Returns:
        The expected calibration error, 0 to 1 (Naeini et al. 2015: the mean over answers of the
        distance between the mean probability and the share of correct answers of their bin); and
        (mean probability, share correct, number of answers) of each bin that is not empty.
    """
    p, r = np.asarray(confidence, float), np.asarray(right, float)
    place = np.clip((p * bins).astype(int), 0, bins - 1)
    found = [(float(p[place == b].mean()), float(r[place == b].mean()), int((place == b).sum()))
             for b in range(bins) if (place == b).any()]
    return sum(n * abs(x - y) for x, y, n in found) / max(len(p), 1), found


def war(truth: Sequence[int] | Array, predicted: Sequence[int] | Array, classes: int) -> float:
    """Weighted average recall (WAR), also called WA or accuracy: the share of correct predictions.

    Args:
        truth: true classes [n], 0 .. K - 1.
        predicted: predicted classes [n].
        classes: K.

    Returns:
        0 to 1.
    """
    table = confusion(truth, predicted, classes)
    return float(np.trace(table) / table.sum())


def wf1(truth: Sequence[int] | Array, predicted: Sequence[int] | Array, classes: int) -> float:
    """Weighted F1: the F1 of each class, averaged with the counts of the classes in `truth`.

    Args:
        truth: true classes [n], 0 .. K - 1.
        predicted: predicted classes [n].
        classes: K.

    Returns:
        0 to 1.
    """
    table = confusion(truth, predicted, classes)
    counts, hits = table.sum(1), np.diag(table)
    f1 = 2 * hits / np.maximum(counts + table.sum(0), 1)  # 2TP / (2TP + FP + FN); 0 without cases
    return float((f1 * counts).sum() / counts.sum())


def _values(truth: Sequence[float] | Array,
            predicted: Sequence[float] | Array) -> tuple[Array, Array]:
    true, guess = np.asarray(truth, np.float64), np.asarray(predicted, np.float64)
    if true.shape != guess.shape or true.ndim != 1 or not len(true):
        raise ValueError("expected as many true as predicted values, "
                         f"got shapes {true.shape}, {guess.shape}")
    if not (np.isfinite(true).all() and np.isfinite(guess).all()):
        raise ValueError("a value is NaN or infinite")
    return true, guess


def ccc(truth: Sequence[float] | Array, predicted: Sequence[float] | Array) -> float:
    """Concordance correlation coefficient (Lin, Biometrics 1989), with population variances:
    2 cov / (var + var + (mean - mean)^2).

    Args:
        truth: true values [n].
        predicted: predicted values [n].

    Returns:
        -1 to 1; NaN where both are the same constant.
    """
    true, guess = _values(truth, predicted)
    spread = true.var() + guess.var() + (true.mean() - guess.mean()) ** 2
    shared = ((true - true.mean()) * (guess - guess.mean())).mean()
    return float(2 * shared / spread) if spread else float("nan")


def mae(truth: Sequence[float] | Array, predicted: Sequence[float] | Array) -> float:
    """Mean absolute error.

    Args:
        truth: true values [n].
        predicted: predicted values [n].
    """
    true, guess = _values(truth, predicted)
    return float(np.abs(true - guess).mean())
