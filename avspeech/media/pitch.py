"""Fundamental frequency (F0), and the contours made of it.

    hertz, voiced = pitch.f0(samples, 22050, hop_seconds=256 / 22050)
    line = pitch.contour(hertz, voiced, 256 / 22050)       # semitones, without gaps, smoothed
    pitch.slope(pitch.semitones(hertz), 256 / 22050, 1.2, 1.6, use=voiced)  # semitones a second

Frame k lies at k * hop_seconds; there are 1 + floor(duration / hop_seconds) of them, as many as a
centered STFT of the same hop has.

Methods: "world", WORLD's Harvest with StoneMask (pyworld, of the extra `tts`); "dio", WORLD's DIO
with StoneMask, several times as fast and a little less sure; "swift", SwiftF0 (a small
convolutional network in the package swift-f0, which the user installs); "autocorrelation", which
needs nothing else and is written out here.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media.levels import check_rate
from avspeech.media.stretches import Span, spans

METHODS = ("world", "dio", "swift", "autocorrelation")
QUIET_DB = 50.0  # a frame this far below the loudest is unvoiced, whatever a tracker finds in it
VIRTUAL_HZ = 8000.0  # the autocorrelation method works at about this bandwidth
VOICING = 0.45  # autocorrelation from which a frame counts as voiced (Boersma 1993)
# Where the power below FUNDAMENTAL hertz is less than this against that from 300 to 3400 Hz, the
# sound has the band of a telephone, without its fundamental. Full-band speech has -12 to -4 dB.
FUNDAMENTAL, MISSING_DB = 250.0, -25.0
SLOPE_FRAMES = 500  # most frames whose pairs are compared for a slope; of more every k-th
FRAMES = 20_000  # whose power is computed at a time
CANDIDATES = 6  # peaks kept per frame by the autocorrelation method


def check_method(name: str) -> None:
    """Raises InputError for a name that is not among `METHODS`."""
    if name not in METHODS:
        raise InputError(f"pitch method '{name}' is not known; known: {', '.join(METHODS)}")


def best_method() -> str:
    """ "world" where pyworld is installed, else "autocorrelation"; its user reports which."""
    try:
        import pyworld  # noqa: F401
    except ImportError:
        return "autocorrelation"
    return "world"


def frame_count(samples: int, sample_rate: int, hop_seconds: float) -> int:
    """Frames of a signal of that many samples."""
    return 1 + math.floor(samples / (sample_rate * hop_seconds) + 1e-6)


def f0(samples: np.ndarray, sample_rate: int, hop_seconds: float = 0.01, low: float = 60.0,
       high: float = 500.0, method: str = "world") -> tuple[np.ndarray, np.ndarray]:
    """F0 of one voice: (hertz `[T]` float32, 0 where unvoiced; voiced `[T]` bool).

    samples: `[N]` floats. sample_rate, low, high: in hertz; F0 outside low to high is not looked
    for. A frame more than 50 dB below the loudest is unvoiced.

    "world": Morise, "Harvest", Interspeech 2017; "dio": Morise et al., AES 35th Int. Conf., 2009;
    both refined by StoneMask, and unvoiced where the sound does not repeat at that period
    (autocorrelation below 0.45; Harvest alone calls breath voiced). "swift": Nieradzik, "SwiftF0",
    arXiv 2508.18440; it hears 46.875 to 2093.75 Hz. "autocorrelation": Boersma, IFA Proceedings 17,
    1993. Raises InputError for an unknown method or one whose package is not installed, ValueError
    for wrong shapes and numbers.

    Telephone speech (300 to 3400 Hz) holds no fundamental. WORLD's trackers look for it, so that
    where it is missing they are given the sound's envelope below 600 Hz too, which repeats with the
    same period. Measured against Harvest on the full band (clips of seven voices, filtered to 300
    to 3400 Hz): of the voiced frames "world" then keeps 0.77 (0.32 without it), 0.97 of them right
    to a semitone (0.78); "dio" 0.33, 0.98 right (0.27, 0.38); "autocorrelation" 0.92, 0.87 right,
    as it does without help, but calls 9 % of the unvoiced frames voiced, "world" 3 %.
    """
    samples = np.ascontiguousarray(samples, np.float64)
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise ValueError(f"expected finite samples [N], got shape {samples.shape}")
    sample_rate = check_rate(sample_rate)
    if not (hop_seconds > 0 and 0 < low < high < sample_rate / 2):
        raise ValueError(f"sample_rate {sample_rate}, hop_seconds {hop_seconds}, low {low}, high "
                         f"{high}: expected above 0, and low < high < half the sample rate")
    trackers: dict[str, Any] = {
        "world": functools.partial(_by_world, "harvest"), "swift": _swift,
        "dio": functools.partial(_by_world, "dio"), "autocorrelation": _autocorrelation}
    check_method(method)
    frames = frame_count(len(samples), sample_rate, hop_seconds)
    level = np.sqrt(frame_variance(samples, sample_rate, hop_seconds, 0.025))
    if not np.any(level > 0):
        return np.zeros(frames, np.float32), np.zeros(frames, bool)
    lacks = method in ("world", "dio") and lacks_fundamental(samples, sample_rate)
    hertz = np.zeros(frames, np.float32)
    # The autocorrelation takes little memory, and its path belongs together
    whole = [Span(0, frames, 0, slice(0, len(samples)))]
    for span in whole if method == "autocorrelation" else spans(len(samples), frames, sample_rate,
                                                                hop_seconds):
        part = samples[span.samples]
        part = _with_fundamental(part, sample_rate) if lacks else part
        found = trackers[method](part, sample_rate, hop_seconds, low, high)
        found = found[span.before: span.before + span.end - span.begin]
        hertz[span.begin: span.begin + len(found)] = found
    hertz[(hertz < low) | (hertz > high) | (level < level.max() * 10 ** (-QUIET_DB / 20))] = 0
    return hertz, hertz > 0


def own_range(hertz: Sequence[np.ndarray], low: float = 60.0,
              high: float = 500.0) -> tuple[float, float]:
    """(low, high) in hertz for a second search that knows the voice: 0.75 times the lower quartile
    of F0 to 1.5 times the upper one (Hirst, "The analysis by synthesis of speech melody", Journal
    of Speech Sciences 1, 2011). A tracker then has no octave below the voice to fall to.

    Args:
        hertz: `[T]` each: F0 of a first search in recordings of one voice, 0 where unvoiced.
        low, high: what the first search looked for; nothing outside it is given.

    Returns:
        (low, high) as given where nothing is voiced.
    """
    heard = np.concatenate([np.zeros(0), *(line[line > 0] for line in hertz)])
    if not len(heard):
        return low, high
    lower, upper = np.percentile(heard, (25, 75))
    return max(low, 0.75 * float(lower)), min(high, 1.5 * float(upper))


def interpolate(hertz: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """F0 `[T]` through unvoiced frames: linear in log F0, held level before the first and after the
    last voiced frame. All 0 where nothing is voiced. float32."""
    hertz, at = np.asarray(hertz, np.float64), np.flatnonzero(voiced)
    if not len(at):
        return np.zeros(len(hertz), np.float32)
    return np.exp(np.interp(np.arange(len(hertz)), at, np.log(hertz[at]))).astype(np.float32)


def smooth(line: np.ndarray, hop_seconds: float, seconds: float = 0.1) -> np.ndarray:
    """A contour `[T]` after a running median of 5 frames, against single jumps, and a Hann window.

    The window is of `seconds` in all, and normalized at the ends.
    """
    line = np.asarray(line, np.float64)
    if len(line) < 2:
        return line.astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(line, 2, mode="edge"), 5)
    line = np.median(windows, axis=1)
    half = int(round(seconds / hop_seconds / 2))
    if half > 0:
        # An odd mirror image keeps a straight line straight to its ends.
        half = min(half, len(line) - 1)
        before, after = 2 * line[0] - line[half:0:-1], 2 * line[-1] - line[-2: -half - 2: -1]
        window = np.hanning(2 * half + 3)[1:-1]
        line = np.convolve(np.concatenate([before, line, after]), window / window.sum(), "valid")
    return line.astype(np.float32)


def semitones(hertz: np.ndarray, reference: float = 100.0) -> np.ndarray:
    """12 log2(hertz / reference), float32; NaN where hertz is not above 0."""
    hertz = np.asarray(hertz, np.float64)
    safe = np.where(hertz > 0, hertz, 1.0)
    return np.where(hertz > 0, 12 * np.log2(safe / reference), np.nan).astype(np.float32)


def contour(hertz: np.ndarray, voiced: np.ndarray, hop_seconds: float, seconds: float = 0.1,
            reference: float = 100.0) -> np.ndarray:
    """The melody `[T]` in semitones re `reference` hertz: interpolated through unvoiced frames,
    then smoothed. NaN all through where nothing is voiced."""
    line = interpolate(hertz, voiced)
    if not line.any():
        return np.full(len(line), np.nan, np.float32)
    return smooth(semitones(line, reference), hop_seconds, seconds)


def slope(line: np.ndarray, hop_seconds: float, start: float = 0.0, end: float | None = None,
          use: np.ndarray | None = None) -> float:
    """Semitones a second: the median slope of all pairs of frames (Theil, 1950; Sen, 1968).

    A line that is not smoothed gives the slope of its own frames alone, and a quarter of them may
    be octave errors. A smoothed one leans towards what lies beside a short voiced part.

    Args:
        line: semitones `[T]`.
        hop_seconds: seconds between frames.
        start, end: seconds; the frames with start <= time <= end count (default: all).
        use: bool `[T]`, the frames that count (the voiced ones, say).

    Returns:
        NaN where fewer than 3 frames count.
    """
    line = np.asarray(line, np.float64)
    times = np.arange(len(line)) * hop_seconds
    take = np.isfinite(line) & (times >= start - 1e-9)
    if end is not None:
        take &= times <= end + 1e-9
    if use is not None:
        take &= np.asarray(use, bool)
    count = int(take.sum())
    if count < 3:
        return float("nan")
    every = -(-count // SLOPE_FRAMES)
    times, values = times[take][::every], line[take][::every]
    first, second = np.triu_indices(len(times), 1)
    return float(np.median((values[second] - values[first]) / (times[second] - times[first])))


def frame_variance(samples: np.ndarray, sample_rate: int, hop_seconds: float,
                   seconds: float) -> np.ndarray:
    """Variance of short frames: the power of each about its own mean, so that an offset, or a slow
    drift, has none.

    Args:
        samples: `[N]`.
        sample_rate: in hertz.
        hop_seconds: from one frame to the next.
        seconds: length of a frame.

    Returns:
        `[T]` float64; frame t lies around the time t * hop_seconds.
    """
    frames, half = frame_count(len(samples), sample_rate, hop_seconds), seconds / 2 * sample_rate
    power = np.empty(frames)
    offset = samples.mean(dtype=np.float64) if len(samples) else 0.0
    for begin in range(0, frames, FRAMES):
        at = np.arange(begin, min(frames, begin + FRAMES))
        center = np.round(at * hop_seconds * sample_rate).astype(int)
        first, last = (np.clip(center + side, 0, len(samples))
                       for side in (-max(1, round(half)), max(1, round(half))))
        sound = samples[first[0]: last[-1]].astype(np.float64) - offset
        sums, squares = (np.concatenate([[0.0], np.cumsum(x)]) for x in (sound, sound ** 2))
        count = np.maximum(last - first, 1)
        first, last = first - first[0], last - first[0]
        mean = (sums[last] - sums[first]) / count
        power[begin: begin + len(at)] = np.maximum(
            (squares[last] - squares[first]) / count - mean ** 2, 0.0)
    return power


def lacks_fundamental(samples: np.ndarray, sample_rate: int) -> bool:
    """Whether nothing is left below 250 Hz, as in telephone speech.

    Args:
        samples: `[N]` floats.
        sample_rate: in hertz.
    """
    if sample_rate < 2 * 3400:
        return False
    size = 1 << max(6, round(math.log2(sample_rate / 20)))
    power = np.zeros(size // 2 + 1)
    window = np.hanning(size)
    for begin in range(0, len(samples) - size + 1, size):
        piece = samples[begin: begin + size]
        power += np.abs(np.fft.rfft(window * (piece - piece.mean()))) ** 2
    hertz = np.fft.rfftfreq(size, 1 / sample_rate)
    low = power[(hertz > 60) & (hertz < FUNDAMENTAL)].sum()
    return bool(low < 10 ** (MISSING_DB / 10) * power[(hertz >= 300) & (hertz < 3400)].sum())


def _with_fundamental(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """The samples `[N]` plus their envelope of 40 to 600 Hz."""
    from scipy.signal import butter, sosfilt

    band = butter(2, (40.0, 600.0), "bandpass", fs=sample_rate, output="sos")
    envelope = sosfilt(band, np.abs(samples - samples.mean()))
    envelope = sosfilt(band, envelope[::-1])[::-1]  # both ways: without delay
    return samples + 3 * envelope


def _world() -> Any:
    try:
        import pyworld
    except ImportError:
        raise InputError("pitch by WORLD takes pyworld; pip install pyworld-prebuilt (in the extra "
                         "tts), or use the method 'autocorrelation'") from None
    return pyworld


def _by_world(name: str, samples: np.ndarray, sample_rate: int, hop: float, low: float,
              high: float) -> np.ndarray:
    """F0 by one of WORLD's trackers: "harvest" or "dio"."""
    world = _world()
    found, times = getattr(world, name)(samples, sample_rate, f0_floor=low, f0_ceil=high,
                                        frame_period=1000 * hop)
    found = world.stonemask(samples, found, times, sample_rate)
    return _periodic(samples, sample_rate, hop, low,
                     found[: frame_count(len(samples), sample_rate, hop)])


@functools.lru_cache(maxsize=1)
def _swift_detector() -> Any:
    try:
        import swift_f0
    except ImportError:
        raise InputError("pitch by SwiftF0 takes its package; pip install swift-f0, or use method "
                         "'world' or 'autocorrelation'") from None
    return swift_f0.SwiftF0(threads=1, spin=False)


def _swift(samples: np.ndarray, sample_rate: int, hop: float, low: float,
           high: float) -> np.ndarray:
    found = _swift_detector().detect(samples.astype(np.float32), sample_rate, fmin=low, fmax=high)
    times, hertz = found.timestamps, found.pitch_hz
    voiced = (found.confidence >= 0.5) & (hertz > 0)  # calibrated so by its authors
    if not voiced.any() or len(times) < 2:
        return np.zeros(1)
    at = np.arange(frame_count(len(samples), sample_rate, hop)) * hop
    nearest = np.clip(np.searchsorted(times, at - (times[1] - times[0]) / 2), 0, len(times) - 1)
    line = np.exp(np.interp(at, times[voiced], np.log(hertz[voiced])))
    return np.where(voiced[nearest], line, 0.0)


def _autocorrelation(samples: np.ndarray, sample_rate: float, hop: float, low: float,
                     high: float) -> np.ndarray:
    """F0 by Boersma 1993.

    That is the autocorrelation of a windowed frame over that of the window, and the cheapest path
    through its peaks and "unvoiced". The costs are his (silence 0.03, voicing 0.45, octave 0.01,
    octave jump 0.35, voiced/unvoiced 0.14 each at steps of 10 ms), and so is the window, Hann of
    three periods of `low`.
    """
    pitch, strength, quiet = [], [], []
    for lags, loudness, rate in _lags(samples, sample_rate, hop, low):
        hertz, value = _peaks(lags, rate, low, high)
        pitch.append(hertz)
        strength.append(value)
        quiet.append(loudness)
    unvoiced = VOICING + np.maximum(0.0, 2 - np.concatenate(quiet) / (0.03 / (1 + VOICING)))
    return _path(np.concatenate(pitch), np.concatenate(strength), unvoiced, 0.01 / hop)


def _periodic(samples: np.ndarray, sample_rate: float, hop: float, low: float,
              hertz: np.ndarray) -> np.ndarray:
    """`hertz` `[T]` with 0 where the autocorrelation at that period is below VOICING. Harvest calls
    some 70 % of read speech voiced, breath and fricatives with it; DIO less."""
    kept, done = np.zeros(len(hertz)), 0
    for lags, _, rate in _lags(samples, sample_rate, hop, low):
        part = hertz[done: done + len(lags)]
        at = np.where(part > 0, rate / np.maximum(part, 1e-9), 0.0)
        first = np.minimum(at.astype(int), lags.shape[1] - 2)
        rows = np.arange(len(part))
        # The peak lies between two lags or beside them: the higher, not their mean.
        value = np.maximum(lags[rows, first], lags[rows, first + 1])
        kept[done: done + len(part)] = np.where(value >= VOICING, part, 0.0)
        done += len(lags)
    return kept


def _lags(samples: np.ndarray, sample_rate: float, hop: float,
          low: float) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """(autocorrelation `[T, L]` over that of the window, loudness `[T]` of 0 to 1, its sample rate)
    for 1000 frames after another."""
    step = max(1, math.floor(sample_rate / (2 * VIRTUAL_HZ)))
    frames = frame_count(len(samples), round(sample_rate), hop)
    if step > 1:
        from scipy.signal import resample_poly

        samples, sample_rate = resample_poly(samples, 1, step), sample_rate / step
    width = 2 * (math.ceil(3 * sample_rate / low) // 2)
    size = 1 << math.ceil(math.log2(1.5 * width))
    window = np.hanning(width + 1)[:-1]
    shape = _correlate(window[None], size)[0]
    shape /= shape[0]
    longest = min(math.ceil(sample_rate / low) + 2, width - 2)
    padded = np.pad(samples, width)
    peak = np.abs(samples - np.median(samples)).max() or 1.0  # an offset is no loudness
    for begin in range(0, frames, 1000):
        many = np.arange(begin, min(frames, begin + 1000))
        at = np.round(many * hop * sample_rate).astype(int)
        first = np.minimum(at, len(samples)) + width // 2
        piece = padded[first[:, None] + np.arange(width)]
        piece = piece - piece.mean(1, keepdims=True)
        lags = _correlate(piece * window, size)[:, : longest + 1]
        lags = lags / np.maximum(lags[:, :1], 1e-12 * peak ** 2) / shape[: longest + 1]
        yield lags, np.abs(piece).max(1) / peak, sample_rate


def _correlate(frames: np.ndarray, size: int) -> np.ndarray:
    """Autocorrelation `[T, size]` of frames `[T, W]`."""
    return np.fft.irfft(np.abs(np.fft.rfft(frames, size)) ** 2, size)


def _peaks(lags: np.ndarray, sample_rate: float, low: float,
           high: float) -> tuple[np.ndarray, np.ndarray]:
    """The strongest peaks of autocorrelations `[T, L]`, by a parabola through three lags.

    Returns hertz, and strength less the octave cost, `[T, CANDIDATES]` each; 0 and -inf where there
    are fewer peaks.
    """
    left, middle, right = lags[:, :-2], lags[:, 1:-1], lags[:, 2:]
    bend = left - 2 * middle + right
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(bend < 0, (left - right) / (2 * bend), 0.0)
    height = middle - 0.25 * (left - right) * shift
    hertz = sample_rate / (np.arange(1, lags.shape[1] - 1) + shift)
    is_peak = (middle > left) & (middle >= right) & (hertz >= low) & (hertz <= high) & (height > 0)
    # Above 1 the parabola overshoots: mirrored, as in the paper.
    height = np.where(height > 1, 1 / np.maximum(height, 1e-9), height)
    strength = np.where(is_peak, height - 0.01 * np.log2(low / np.maximum(hertz, 1e-9)), -np.inf)
    best = np.argsort(-strength, axis=1)[:, :CANDIDATES]
    pitch, strength = np.take_along_axis(hertz, best, 1), np.take_along_axis(strength, best, 1)
    missing = CANDIDATES - pitch.shape[1]
    if missing > 0:
        pitch = np.pad(pitch, ((0, 0), (0, missing)))
        strength = np.pad(strength, ((0, 0), (0, missing)), constant_values=-np.inf)
    return np.where(np.isfinite(strength), pitch, 0.0), strength


def _path(pitch: np.ndarray, strength: np.ndarray, unvoiced: np.ndarray, step: float) -> np.ndarray:
    """The path `[T]` in hertz (0: unvoiced) of the largest total strength less costs of jumps."""
    frames = len(pitch)
    score = np.concatenate([np.where(np.isfinite(strength), strength, -1e9), unvoiced[:, None]], 1)
    octaves = np.log2(np.where(pitch > 0, pitch, 1.0))
    back = np.zeros((frames, score.shape[1]), np.int16)
    total = score[0]
    jump = np.full((score.shape[1],) * 2, 0.14 * step)
    jump[-1, -1] = 0.0
    for t in range(1, frames):
        jump[:-1, :-1] = 0.35 * step * np.abs(octaves[t - 1][:, None] - octaves[t][None])
        all_ways = total[:, None] - jump
        back[t] = all_ways.argmax(0)
        total = all_ways.max(0) + score[t]
    chosen = np.empty(frames, int)
    chosen[-1] = total.argmax()
    for t in range(frames - 1, 0, -1):
        chosen[t - 1] = back[t, chosen[t]]
    hertz = np.concatenate([pitch, np.zeros((frames, 1))], 1)
    return hertz[np.arange(frames), chosen]
