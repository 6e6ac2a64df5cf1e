"""Measures of how something was said: breaks, terminal tones, F0, tempo, against another reading of the
same words.

    melody = prosody.Melody.of(reference, 22050)                       # F0, mel-cepstra, silences: all that
    is needed pair = prosody.compare(melody, prosody.Melody.of(hypothesis, 22050)) pair.log_f0_rmse,
    pair.gross_pitch_error, pair.break_score().f1

Times are in seconds, F0 in hertz, slopes in semitones a second. What is not defined (a pitch error where no
frame is voiced in both) is NaN. Words are `(start, end)` pairs in order; a word boundary is the place
between two of them.

A break has no definition that all share. Here it is a pause, a stretch of silence of at least `PAUSE`
seconds in the sound itself, whatever the text or an aligner says; word times only tell which boundary it
stands at. The figure that a perfect voice would reach is not 100 %: measure the reference, resynthesised by
the vocoder, in the same way, and put it beside (the ceiling).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from avspeech.media import pitch
from avspeech.synthesis import cepstra

# Seconds. Silent pauses of 0.2 s and more are commonly counted (Campione, Veronis, "A large-scale
# multilingual study of silent pause duration", Speech Prosody 2002); below, stops are taken for pauses.
PAUSE = 0.2
# Semitones a second. Heard as a movement from about 0.32 / T^2 on in running speech (Mertens, "The
# Prosogram", Speech Prosody 2004, after 't Hart 1981): 3.6 over a word of 0.3 s.
TONE = 4.0
TERMINAL = 0.4  # seconds before a pause that stand in for the last word where no words are known
SEARCH_HZ = (40.0, 800.0)  # for Harvest, as the field's log-F0 RMSE has it (ESPnet's evaluation)
MATCH = 0.2  # seconds two pauses may lie apart on the reference's clock, where no words are known
BAND = 4.0  # seconds the path may leave the straight line
GROSS = 0.2  # relative
HOP = cepstra.HOP_SECONDS
SILENT_DB = -80.0  # of full scale: a recording without anything louder is silent
# dB: how far the threshold of silence lies above the noise, and at most and least below the speech
ABOVE_NOISE, FARTHEST, NEAREST = 8.0, 38.0, 24.0
CLICK = 4  # frames of `frame_power` that a click of a sample or two fills


@dataclass(frozen=True)
class Silence:
    """A stretch without speech, in seconds."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        return self.end - self.start


def frame_power(samples: np.ndarray, sample_rate: int, seconds: float = 0.02) -> np.ndarray:
    """Power of short frames every 5 ms, each around its own mean.

    A constant offset of the samples, or a slow drift, has no power here: recordings with one and
    digital silence without one compare.

    Args:
        samples: `[N]`.
        sample_rate: in hertz.
        seconds: length of a frame.

    Returns:
        `[T]` float64, variances; frame t lies around the time t * HOP.
    """
    sound = np.asarray(samples, np.float64)
    sound = sound - (sound.mean() if len(sound) else 0.0)
    frames = pitch.frame_count(len(sound), sample_rate, HOP)
    sums, squares = (np.concatenate([[0.0], np.cumsum(x)]) for x in (sound, sound ** 2))
    center = np.round(np.arange(frames) * HOP * sample_rate).astype(int)
    half = round(seconds / 2 * sample_rate)
    first, last = (np.clip(center + side, 0, len(sound)) for side in (-half, half))
    count = np.maximum(last - first, 1)
    mean = (sums[last] - sums[first]) / count
    return np.maximum((squares[last] - squares[first]) / count - mean ** 2, 0.0)


def silent(samples: np.ndarray, sample_rate: int) -> bool:
    """Whether nothing in samples `[N]` is louder than -80 dB of full scale, an offset aside.

    The first and last 20 ms do not count: resampling rings where an offset begins and ends.
    """
    power = frame_power(samples, sample_rate)[4:-4]
    return not (power > 10 ** (SILENT_DB / 10)).any()


def silences(samples: np.ndarray, sample_rate: int, shortest: float = 0.05) -> list[Silence]:
    """The silences of a recording, at both ends too.

    A frame of 20 ms is silent below a threshold between the noise and the speech of the recording: 8 dB
    above the noise, but 24 to 38 dB below the speech. The speech's level is the one that the louder half
    of the energy lies above; the noise is the 5th percentile of the levels between the first and the
    last loud frame, digital silence left out. So the threshold does not change with silence added at
    the ends, with an offset, or with the gain. A click, a sound of 1 or 2 ms alone in a silence, is
    silence.

    Args:
        samples: `[N]`.
        sample_rate: in hertz.
        shortest: of a silence, in seconds.
    """
    power = frame_power(samples, sample_rate)
    end = len(samples) / sample_rate
    if not power.any():
        return [Silence(0.0, end)] if end >= shortest else []
    level = 10 * np.log10(np.maximum(power, power.max() * 1e-12))
    falling = np.sort(level)[::-1]
    energy = np.cumsum(10 ** (falling / 10))
    speech = falling[np.searchsorted(energy, energy[-1] / 2)]
    loud = [run for run in _runs(level > speech - NEAREST) if run[1] - run[0] > CLICK]
    inner = level[loud[0][0]: loud[-1][1]] if loud else level
    heard = inner[inner > speech - 80]
    floor = np.percentile(heard if len(heard) else inner, 5)
    quiet = level < np.clip(floor + ABOVE_NOISE, speech - FARTHEST, speech - NEAREST)
    for first, last in _runs(~quiet):
        around = 2 * CLICK  # frames of silence on both sides
        if last - first <= CLICK and quiet[max(0, first - around): first].all() \
                and quiet[last: last + around].all():
            quiet[first:last] = True
    found = []
    for first, last in _runs(quiet):
        silence = Silence(max(0.0, (first - 0.5) * HOP), min(end, (last - 0.5) * HOP))
        if silence.duration >= shortest:
            found.append(silence)
    return found


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """[first, last) of the stretches of a mask `[T]` that are True."""
    edges = np.diff(np.concatenate([[0], mask.astype(int), [0]]))
    return list(zip(np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist(), strict=True))


def boundary_pauses(words: Sequence[tuple[float, float]], quiet: Sequence[Silence]) -> np.ndarray:
    """The pause in seconds at each of the `len(words) - 1` boundaries, `[W - 1]`; 0 where there is none.

    It is the longest silence that lies, for the larger part, between the middles of the two words: so word
    times need only be about right.
    """
    middles = [(start + end) / 2 for start, end in words]
    pauses = np.zeros(max(0, len(words) - 1))
    for silence in quiet:
        shared = [min(silence.end, b) - max(silence.start, a)
                  for a, b in zip(middles[:-1], middles[1:], strict=True)]
        if shared and max(shared) > silence.duration / 2:
            k = int(np.argmax(shared))
            pauses[k] = max(pauses[k], silence.duration)
    return pauses


@dataclass(frozen=True)
class Breaks:
    """Breaks counted: found in both, in the hypothesis only, in the reference only. Add them over
    utterances."""

    hits: int = 0
    inserted: int = 0
    missed: int = 0

    def __add__(self, other: Breaks) -> Breaks:
        return Breaks(self.hits + other.hits, self.inserted + other.inserted, self.missed + other.missed)

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.inserted) if self.hits + self.inserted else math.nan

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else math.nan

    @property
    def f1(self) -> float:
        """2 hits / (2 hits + inserted + missed) (van Rijsbergen 1979); NaN where neither has a break. Over
        a corpus: of the summed counts (He et al., "ProsodyFM", AAAI 2025, report it so per word
        boundary)."""
        total = 2 * self.hits + self.inserted + self.missed
        return 2 * self.hits / total if total else math.nan


def break_counts(reference: Sequence[float] | np.ndarray, hypothesis: Sequence[float] | np.ndarray,
                 threshold: float = PAUSE) -> Breaks:
    """Of the pauses in seconds at the same word boundaries, `[W - 1]` each; a break is a pause of at least
    `threshold`. Raises ValueError for unlike numbers of boundaries."""
    a, b = np.asarray(reference, float) >= threshold, np.asarray(hypothesis, float) >= threshold
    if a.shape != b.shape:
        raise ValueError(f"{len(a)} and {len(b)} word boundaries: the words should be the same")
    return Breaks(int((a & b).sum()), int((~a & b).sum()), int((a & ~b).sum()))


def tone(slope: float, threshold: float = TONE) -> str:
    """"rise", "fall" or "level" of a slope in semitones a second: beyond +threshold, beyond -threshold,
    within; "" for NaN."""
    if math.isnan(slope):
        return ""
    return "rise" if slope > threshold else "fall" if slope < -threshold else "level"


@dataclass(frozen=True)
class Rate:
    """Speaking rate: `per_second` of the `unit` ("phones", "syllables", "energy peaks") over the time
    between the first and the last speech, pauses included; `articulation`: the same over speech alone."""

    per_second: float
    articulation: float
    unit: str


@dataclass
class Melody:
    """What is measured in one recording. F0 every 5 ms: hertz, voiced, and the smoothed contour in
    semitones (all `[T]`); mel-cepstra `[T, 35]`; silences; loudness in dB `[T]`. words: (start, end), where
    known; phones: how many, where known. method: how the F0 was found."""

    hertz: np.ndarray
    voiced: np.ndarray
    contour: np.ndarray
    cepstra: np.ndarray
    silences: list[Silence]
    loudness: np.ndarray
    duration: float
    method: str
    words: list[tuple[float, float]] | None = None
    phones: int | None = None
    hop: float = HOP

    @classmethod
    def of(cls, samples: np.ndarray, sample_rate: int, words: Sequence[tuple[float, float]] | None = None,
           phones: int | None = None, method: str | None = None,
           search: tuple[float, float] | None = None) -> Melody:
        """Measures samples `[N]`. method: of `pitch.f0` (default: `pitch.best_method()`); search: the range
        of F0 in hertz (default: 40 to 800 for "world", 60 to 500 else)."""
        method = method or pitch.best_method()
        low, high = search or (SEARCH_HZ if method == "world" else (60.0, 500.0))
        high = min(high, 0.45 * sample_rate)
        hop = HOP
        hertz, voiced = pitch.f0(samples, sample_rate, hop, low, high, method)
        mel = cepstra.mel_cepstra(samples, sample_rate, hop_seconds=hop, pitch=(hertz, voiced))
        return cls(hertz, voiced, pitch.contour(hertz, voiced, hop), mel, silences(samples, sample_rate),
                   _loudness(samples, sample_rate), len(samples) / sample_rate, method,
                   list(words) if words is not None else None, phones)

    @property
    def span(self) -> tuple[float, float]:
        """Where speech begins and ends: without the silences at both ends."""
        start, end = 0.0, self.duration
        for silence in self.silences:
            if silence.start <= 1e-9:
                start = silence.end
            if silence.end >= self.duration - 1e-9:
                end = silence.start
        return (start, end) if end > start else (0.0, self.duration)

    def pauses(self, threshold: float = PAUSE) -> list[Silence]:
        """The silences of at least `threshold` seconds within speech."""
        start, end = self.span
        return [s for s in self.silences if s.duration >= threshold and s.start > start and s.end < end]

    def slope(self, start: float, end: float) -> float:
        """Semitones a second of the smoothed contour over the voiced frames from start to end; NaN where
        too few (30 ms)."""
        if not self._enough(start, end):
            return math.nan
        return pitch.slope(self.contour, self.hop, start, end, self.voiced)

    def _enough(self, start: float, end: float) -> bool:
        first, last = round(start / self.hop), round(end / self.hop) + 1
        return int(self.voiced[max(0, first): last].sum()) * self.hop >= 0.03

    def rate(self) -> Rate:
        """By phones where their number is known, else by peaks of energy (`energy_peaks`), about one a
        syllable."""
        start, end = self.span
        silent = sum(s.duration for s in self.pauses())
        unit, number = "phones", self.phones
        if number is None:
            unit, number = "energy peaks", self.energy_peaks()
        if end - start <= 0 or end - start - silent <= 0:
            return Rate(math.nan, math.nan, unit)
        return Rate(number / (end - start), number / (end - start - silent), unit)

    def energy_peaks(self) -> int:
        """Syllable nuclei without a text: voiced peaks of intensity within 25 dB of the loudest that stand
        2 dB above the dip before them (de Jong, Wempe, Behavior Research Methods 41, 2009)."""
        from scipy.signal import find_peaks

        frames = min(len(self.loudness), len(self.voiced))
        level = pitch.smooth(self.loudness[:frames], self.hop, 0.1)
        at, _ = find_peaks(level, height=float(level.max()) - 25, prominence=2.0)
        return int(self.voiced[at].sum())


def _loudness(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    power = frame_power(samples, sample_rate, 0.032)
    return 10 * np.log10(np.maximum(power, max(power.max(initial=0.0) * 1e-8, 1e-20)))


@dataclass
class Comparison:
    """A hypothesis against a reference. Errors are rates of 0 to 1, on the pairs of frames of the warping
    path.

    log_f0_rmse: of ln F0 over frames voiced in both, aligned by DTW on mel-cepstra (as ESPnet's evaluation
    scripts and the TTS papers after them have it). gross_pitch_error: of the frames voiced in both, those
    whose F0 is more than 20 % off (Rabiner et al., IEEE Trans. ASSP 24, 1976). voicing_error: of all
    frames, those voiced in one only (Nakatani et al., Speech Communication 50, 2008). f0_frame_error: of
    all frames, those with either (Chu, Alwan, ICASSP 2009). mcd: mel-cepstral distortion in dB
    (`cepstra.distortion`), silences at both ends left out.
    """

    reference: Melody
    hypothesis: Melody
    path: np.ndarray = field(repr=False)
    log_f0_rmse: float
    gross_pitch_error: float
    voicing_error: float
    f0_frame_error: float
    mcd: float

    @property
    def by_words(self) -> bool:
        """Whether both have word times, of as many words; else breaks and tones go by energy and the path."""
        a, b = self.reference.words, self.hypothesis.words
        return a is not None and b is not None and len(a) == len(b)

    def break_score(self, threshold: float = PAUSE) -> Breaks:
        """Breaks per word boundary (`break_counts`), where words are known; else pauses found by energy,
        those of the hypothesis brought to the reference's clock by the path: a hit lies within 0.2 s of one
        of the reference, and none counts twice."""
        if self.by_words:
            one, two = (boundary_pauses(m.words or [], m.silences) for m in (self.reference, self.hypothesis))
            return break_counts(one, two, threshold)
        wanted, hits = list(self.reference.pauses(threshold)), 0
        found = [Silence(self.to_reference(s.start), self.to_reference(s.end))
                 for s in self.hypothesis.pauses(threshold)]
        total = len(wanted)
        for silence in found:
            near = [w for w in wanted if silence.start - MATCH <= w.end and w.start <= silence.end + MATCH]
            if near:
                wanted.remove(min(near, key=lambda w: abs(w.start + w.end - silence.start - silence.end)))
                hits += 1
        return Breaks(hits, len(found) - hits, total - hits)

    def to_reference(self, seconds: float) -> float:
        """A time of the hypothesis on the reference's clock, by the path."""
        return float(np.interp(seconds / self.hypothesis.hop, *_unique(self.path[:, 1], self.path[:, 0])))\
            * self.reference.hop

    def to_hypothesis(self, seconds: float) -> float:
        """A time of the reference on the hypothesis' clock, by the path."""
        return float(np.interp(seconds / self.reference.hop, *_unique(self.path[:, 0], self.path[:, 1])))\
            * self.hypothesis.hop

    def terminal_slopes(self, threshold: float = PAUSE) -> list[tuple[float, float]]:
        """(reference, hypothesis) slope in semitones a second at the end of each of the reference's
        phrases: over the last word before a break, and the last of all; where no words are known, over the
        last 0.4 s before a pause of at least `threshold` seconds. NaN where too little is voiced."""
        one, two = self.reference, self.hypothesis
        if self.by_words and one.words and two.words:
            pauses = boundary_pauses(one.words, one.silences)
            last = [*np.flatnonzero(pauses >= threshold).tolist(), len(one.words) - 1]
            return [(one.slope(*one.words[k]), two.slope(*two.words[k])) for k in last]
        ends = [s.start for s in one.pauses(threshold)]
        slopes = []
        for end in ends:
            there = self.to_hypothesis(end)
            # The path may cross a pause of the hypothesis anywhere within it.
            there = next((s.start for s in two.silences if s.start <= there <= s.end), there)
            slopes.append((one.slope(end - TERMINAL, end), two.slope(there - TERMINAL, there)))
        end, there = one.span[1], two.span[1]
        return [*slopes, (one.slope(end - TERMINAL, end), two.slope(there - TERMINAL, there))]

    def tone_score(self, threshold: float = TONE, pause: float = PAUSE) -> tuple[int, int]:
        """(terminal tones that agree, all whose reference is defined): rise, fall or level by `tone`. One
        that cannot be measured in the hypothesis disagrees."""
        pairs = [(tone(a, threshold), tone(b, threshold)) for a, b in self.terminal_slopes(pause)]
        known = [pair for pair in pairs if pair[0]]
        return sum(a == b for a, b in known), len(known)

    @property
    def rate_ratio(self) -> float:
        """Speaking rate of the hypothesis over that of the reference, as both say the same: the time of the
        one's speech over the other's. Above 1 the hypothesis is faster."""
        (a, b), (c, d) = self.reference.span, self.hypothesis.span
        return (b - a) / (d - c)


def _unique(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The path as a function: for each index of one side the mean index of the other."""
    keys, start = np.unique(x, return_index=True)
    return keys, np.add.reduceat(y.astype(float), start) / np.diff(np.append(start, len(x)))


def compare(reference: Melody, hypothesis: Melody) -> Comparison:
    """Aligns two readings of the same words by DTW on their mel-cepstra (without the 0th) between the
    silences at both ends, and measures. Raises ValueError where their F0 was found by different methods."""
    if reference.method != hypothesis.method:
        raise ValueError(f"F0 by {reference.method} and by {hypothesis.method}: measure both alike")
    (a0, a1), (b0, b1) = (_frames(m) for m in (reference, hypothesis))
    path = cepstra.dtw(reference.cepstra[a0:a1, 1:], hypothesis.cepstra[b0:b1, 1:],
                       round(BAND / reference.hop)) + np.array([a0, b0])
    i, j = path.T
    both = reference.voiced[i] & hypothesis.voiced[j]
    unlike = reference.voiced[i] != hypothesis.voiced[j]
    f, g = reference.hertz[i][both].astype(float), hypothesis.hertz[j][both].astype(float)
    gross = np.abs(g / f - 1) > GROSS
    return Comparison(
        reference, hypothesis, path,
        log_f0_rmse=float(np.sqrt(np.mean(np.log(g / f) ** 2))) if both.any() else math.nan,
        gross_pitch_error=float(gross.mean()) if both.any() else math.nan,
        voicing_error=float(unlike.mean()),
        f0_frame_error=float((unlike.sum() + gross.sum()) / len(path)),
        mcd=cepstra.distortion(reference.cepstra, hypothesis.cepstra, path))


def _frames(melody: Melody) -> tuple[int, int]:
    """First and last frame of speech, half-open, at least one."""
    frames = min(len(melody.cepstra), len(melody.hertz))
    start, end = (round(t / melody.hop) for t in melody.span)
    start = min(start, frames - 1)
    return start, max(start + 1, min(frames, end + 1))
