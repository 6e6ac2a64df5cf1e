from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech.report import metrics

SEEDS = st.integers(0, 10_000)


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def orthogonal(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Two signals of energy 1 at right angles."""
    q, _ = np.linalg.qr(noise(seed, n, 2))
    return q[:, 0], q[:, 1]


@given(SEEDS, st.floats(-60, 60))
@settings(max_examples=25, deadline=None)
def test_known_ratio(seed, level):
    target, other = orthogonal(seed)
    estimate = target + 10 ** (-level / 20) * other
    assert metrics.si_sdr(estimate, target) == pytest.approx(level, abs=1e-6)
    assert metrics.snr(estimate, target) == pytest.approx(level, abs=1e-6)
    assert metrics.gain_error_db(estimate, target) == pytest.approx(0, abs=1e-9)


@given(SEEDS, st.floats(1e-200, 1e100), st.sampled_from([-1, 1]))
@settings(max_examples=25, deadline=None)
def test_si_sdr_ignores_gain_and_sign_while_the_others_do_not(seed, gain, sign):
    target, other = orthogonal(seed)
    estimate = target + 0.3 * other
    scaled = sign * gain * estimate
    ratio = float(metrics.si_sdr(estimate, target))
    assert metrics.si_sdr(scaled, target) == pytest.approx(ratio, abs=1e-6)
    assert metrics.si_sdr(estimate, gain * target) == pytest.approx(ratio, abs=1e-6)
    assert metrics.gain_error_db(scaled, target) == pytest.approx(20 * np.log10(gain), abs=1e-6)
    snr = float(metrics.snr(estimate, target))
    assert metrics.snr(gain * estimate, gain * target) == pytest.approx(snr, abs=1e-6)


def test_wrong_sign_costs_snr():
    target, _ = orthogonal(0)
    assert metrics.snr(-target, target) == pytest.approx(-20 * np.log10(2))
    assert metrics.snr(np.zeros_like(target), target) == pytest.approx(0)
    assert metrics.si_sdr(-target, target) > 200


@given(SEEDS, st.booleans())
@settings(max_examples=10, deadline=None)
def test_si_sdr_agrees_with_torchmetrics_and_fast_bss_eval(seed, zero_mean):
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.audio")
    fast_bss_eval = pytest.importorskip("fast_bss_eval")
    ref = noise(seed, 3, 500) + 0.4
    est = ref + 0.5 * noise(seed + 1, 3, 500)
    a, b = torch.from_numpy(est), torch.from_numpy(ref)
    theirs = functional.scale_invariant_signal_distortion_ratio(a, b, zero_mean=zero_mean).numpy()
    assert metrics.si_sdr(est, ref, zero_mean) == pytest.approx(theirs, abs=1e-6)
    loss = fast_bss_eval.si_sdr_loss(est[:, None], ref[:, None], zero_mean=zero_mean)
    assert metrics.si_sdr(est, ref, zero_mean) == pytest.approx(-np.asarray(loss)[:, 0], abs=1e-4)
    theirs = functional.signal_noise_ratio(a, b, zero_mean=zero_mean).numpy()
    assert metrics.snr(est, ref, zero_mean) == pytest.approx(theirs, abs=1e-6)


def test_edges_are_nan_or_infinite_never_a_number():
    target, other = orthogonal(1)
    silence = np.zeros_like(target)
    for measure in (metrics.si_sdr, metrics.snr, metrics.gain_error_db):
        assert np.isnan(measure(target, silence))
        assert np.isnan(measure(silence, silence))
    assert np.isnan(metrics.si_sdr(silence, target))
    assert metrics.snr(target, target) == np.inf
    assert metrics.gain_error_db(silence, target) == -np.inf
    assert np.isnan(metrics.attenuation_db(target, silence))
    assert metrics.attenuation_db(silence, target) == np.inf


@given(SEEDS, st.floats(-80, 20))
@settings(max_examples=10, deadline=None)
def test_attenuation_is_the_level_below_the_mixture(seed, level):
    mixture = noise(seed, 2, 300)
    assert metrics.attenuation_db(10 ** (-level / 20) * mixture, mixture) == pytest.approx(level, abs=1e-9)


def test_improvement_is_a_difference_and_the_mixture_improves_by_zero():
    target, other = orthogonal(2)
    mixture, estimate = target + other, target + 0.1 * other
    assert metrics.si_sdr_improvement(estimate, target, mixture) == pytest.approx(20)
    assert metrics.si_sdr_improvement(mixture, target, mixture) == 0


def test_zero_mean_ignores_an_offset():
    ref, est = noise(0, 400), noise(1, 400)
    centred = float(metrics.si_sdr(est, ref, zero_mean=True))
    assert metrics.si_sdr(est + 7, ref - 3, zero_mean=True) == pytest.approx(centred)


def test_shapes_broadcast_and_bad_ones_are_refused():
    assert metrics.si_sdr(noise(0, 4, 3, 50), noise(1, 3, 50)).shape == (4, 3)
    assert metrics.si_sdr(noise(0, 50), noise(1, 50)).shape == ()
    with pytest.raises(ValueError, match="same length"):
        metrics.si_sdr(np.zeros(4), np.zeros(5))
    with pytest.raises(ValueError, match="same length"):
        metrics.snr(np.zeros(0), np.zeros(0))
    with pytest.raises(ValueError, match="NaN"):
        metrics.si_sdr(np.array([np.nan, 1]), np.ones(2))


def test_pesq_and_stoi_fall_with_noise():
    pytest.importorskip("pesq")
    pytest.importorskip("pystoi")
    rate = 16000
    t = np.arange(2 * rate) / rate
    envelope = np.clip(np.sin(2 * np.pi * 3 * t), 0, None)
    speech = envelope * sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 20)) * 0.2
    little, much = speech + 0.002 * noise(0, len(t)), speech + 0.2 * noise(1, len(t))
    assert metrics.stoi(little, speech) > metrics.stoi(much, speech)
    assert metrics.pesq(little, speech) > metrics.pesq(much, speech)
    assert np.isnan(metrics.stoi(np.zeros_like(speech), speech))
    with pytest.raises(ValueError, match="16000"):
        metrics.pesq(speech, speech, 44100)


# --- decisions --------------------------------------------------------------------------------------------


def test_decisions_agree_with_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    truth, said = rng.integers(0, 5, 400), rng.integers(0, 6, 400)
    assert metrics.uar(truth, said, 6) == pytest.approx(
        sklearn.recall_score(truth, said, average="macro", labels=range(5)))
    assert metrics.war(truth, said, 6) == pytest.approx(sklearn.accuracy_score(truth, said))
    assert metrics.wf1(truth, said, 6) == pytest.approx(
        sklearn.f1_score(truth, said, average="weighted", zero_division=0))
    assert (metrics.confusion(truth, said, 6) == sklearn.confusion_matrix(truth, said, labels=range(6))).all()


def test_a_class_that_does_not_occur_has_no_recall():
    assert metrics.uar([0, 0, 1, 1], [0, 0, 1, 2], 8) == 0.75
    assert metrics.war([0, 0, 0, 1], [0, 0, 0, 0], 2) == 0.75 and metrics.uar([0, 0, 0, 1], [0] * 4, 2) == 0.5


@pytest.mark.parametrize("truth, said", [([0, 1], [0]), ([], []), ([0, 3], [0, 1]), ([0.5, 1.0], [0, 1])])
def test_classes_that_make_no_sense_are_refused(truth, said):
    with pytest.raises(ValueError):
        metrics.uar(truth, said, 3)


def test_ccc_is_correlation_that_punishes_scale_and_offset():
    x = np.random.default_rng(0).normal(size=200)
    assert metrics.ccc(x, x) == pytest.approx(1) and metrics.ccc(x, -x + 2 * x.mean()) == pytest.approx(-1)
    assert metrics.ccc(x, x + 1) == pytest.approx(2 * x.var() / (2 * x.var() + 1))
    assert metrics.ccc(x, 2 * x) < 0.9 and np.isnan(metrics.ccc([1.0, 1.0], [1.0, 1.0]))
    assert metrics.mae([1, 2], [2, 4]) == 1.5
    with pytest.raises(ValueError):
        metrics.ccc([1, float("nan")], [1, 2])


def test_probabilities_that_say_how_often_they_are_right_have_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    said = rng.uniform(0.3, 1, 20_000)
    error, bins = metrics.reliability(said, rng.random(20_000) < said)
    assert error < 0.015 and sum(n for *_, n in bins) == 20_000 and len(bins) == 7
    assert metrics.reliability([0.9] * 4, [1, 1, 0, 0])[0] == pytest.approx(0.4)
    assert metrics.reliability([1.0, 0.05], [1, 0])[0] == pytest.approx(0.025)
    assert metrics.reliability([1.0, 0.05], [0, 0])[0] == pytest.approx(0.525)  # a certainty counts too
