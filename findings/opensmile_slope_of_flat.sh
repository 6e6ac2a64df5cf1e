#!/usr/bin/env bash
# WHAT: The spectral slopes of openSMILE's eGeMAPS are no slopes: that of a flat spectrum is not 0,
#   and each of them rises when the recording gets quieter.
# GUESS: slope0-500 and slope500-1500 are the slope of a line through the spectrum in decibels: 0
#   for a single click, whose spectrum is flat, and the same at any gain, as alphaRatio is. (There
#   was a suspicion: the code of another package says that openSMILE counts one bin too few.)
# SEEN: opensmile 2.6.0, eGeMAPSv02: for a click of full scale slope0-500 is 0.043 dB/Hz and
#   slope500-1500 0.030; 60 dB below it they are 0.075 and 0.051, while alphaRatio is 4.0363 at all
#   levels. For white noise with an RMS of 0.1 the mean slopes of a file are 0.003 and 0.001; 40 dB
#   below 0.035 and 0.023. By a line through numpy's spectra of the same frames they are below 0.003
#   and the same at each gain. With the number of bins less one in two places of the formula for the
#   line, numpy gives openSMILE's numbers within 0.0005. Documented is a linear regression.
# WHY IT MATTERS: tilt is a mark of arousal and of effort of the voice: here it tells how far the
#   microphone was. 10 dB less gain adds 0.008 dB/Hz to slope0-500, which is 4 dB over the band, so
#   that corpora of unlike level, or files normalized and not, differ by their gain.
# SOURCE: found by a remark in the code of afx-audio, and by hand; the paper on GeMAPS (Eyben et
#   al., 2016): the slopes are by linear regression of the spectrum in two bands.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'pandas==2.3.3' \
    'opensmile==2.6.0'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import numpy as np
import opensmile

print("opensmile", version("opensmile"))
RATE, LENGTH, HOP = 16000, 320, 160
BANDS = ((0, 500), (500, 1500))


def smile(sound, names, level):
    extractor = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, level)
    return extractor.process_signal(sound, RATE)[names].to_numpy()


def line(sound, low, high, fewer):
    """Mean over frames of the slope of a line through the bins of a band, in dB/Hz."""
    frames = np.lib.stride_tricks.sliding_window_view(sound.astype(float), LENGTH)[::HOP]
    spectra = np.abs(np.fft.rfft(frames * np.hamming(LENGTH), 512)) ** 2
    hertz = np.fft.rfftfreq(512, 1 / RATE)
    inside = (hertz >= low) & (hertz <= high)
    f, y = hertz[inside], 10 * np.log10(spectra[:, inside])
    n = inside.sum() - fewer
    return float(np.mean((n * y @ f - f.sum() * y.sum(1)) / (n * (f @ f) - f.sum() ** 2)))


same = True
slopes = ["slope0-500_sma3", "slope500-1500_sma3", "alphaRatio_sma3"]
clicks = []
for gain in (1, 0.1, 0.01, 0.001):
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 0.99 * gain
    rows = smile(click, slopes, opensmile.FeatureLevel.LowLevelDescriptors)
    at = np.flatnonzero(rows[:, 2] > 4)[0]  # a frame whose neighbor has the click too
    clicks.append(rows[at])
    print(f"expected: a click, gain {gain}: 0 and 0; seen: {rows[at, 0]:.4f} and {rows[at, 1]:.4f}",
          f"dB/Hz, alphaRatio {rows[at, 2]:.4f}")
clicks = np.array(clicks)
same &= bool((clicks[:, :2] > 0.02).all() and (np.diff(clicks[:, :2], axis=0) > 0.005).all())
same &= np.ptp(clicks[:, 2]) < 1e-3

noise = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32)
names = ["slopeUV0-500_sma3nz_amean", "slopeUV500-1500_sma3nz_amean"]
means, lines, fewer = [], [], []
for gain in (1, 0.1, 0.01):
    means.append(smile(noise * np.float32(gain), names, opensmile.FeatureLevel.Functionals)[0])
    lines.append([line(noise * gain, *band, 0) for band in BANDS])
    fewer.append([line(noise * gain, *band, 1) for band in BANDS])
    print(f"expected: noise, gain {gain}: {np.round(lines[-1], 4)};",
          f"seen: {np.round(means[-1], 4)}; numpy with a bin less: {np.round(fewer[-1], 4)}")
means, lines, fewer = np.array(means), np.array(lines), np.array(fewer)
same &= bool(np.abs(lines).max() < 0.003 and np.ptp(lines, axis=0).max() < 1e-4)
same &= bool(np.abs(means - fewer).max() < 1e-3 and (np.diff(means, axis=0) > 0.008).all())
sys.exit(0 if same else "CHANGED: see the lines above")
END
