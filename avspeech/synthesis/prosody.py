"""Measures how something was said: breaks, terminal tones, F0, tempo, against another reading of
the words.

    melody = prosody.Melody.of(reference, 22050)     # F0, mel-cepstra, silences: all that is needed
    pair = prosody.compare(melody, prosody.Melody.of(hypothesis, 22050))
    pair.log_f0_rmse, pair.gross_pitch_error, pair.break_score().f1

Times are in seconds, F0 in hertz, slopes in semitones a second. What is not defined (a pitch error
where no frame is voiced in both) is NaN. Words are `(start, end)` pairs in order; a word boundary
is the place between two of them.

A break has no definition that all share. Here it is a pause, a stretch of silence of at least
`PAUSE` seconds in the sound itself, whatever the text or an aligner says; word times only say which
boundary it is at. The figure that a perfect voice would reach is not 100 %: measure the reference,
resynthesized by the vocoder, in the same way, and put it beside (the ceiling).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from avspeech.errors import InputError
from avspeech.media import pitch
from avspeech.media.levels import check_rate
from avspeech.synthesis import cepstra
from avspeech.synthesis.silence import Silence, boundary_pauses, frame_variance, silences, silent

__all__ = ["Breaks", "Comparison", "Melody", "Rate", "Silence", "boundary_pauses", "break_counts",
           "compare",
           "silences", "silent", "tone"]

# Seconds. Silent pauses of 0.2 s and more are commonly counted (Campione, Veronis, "A large-scale
# multilingual study of silent pause duration", Speech Prosody 2002); below, stops are taken for
# pauses.
PAUSE = 0.2
# Semitones a second. Heard as a movement from about 0.32 / T^2 on in running speech (Mertens, "The
# Prosogram", Speech Prosody 2004, after 't Hart 1981): 3.6 over a word of 0.3 s.
TONE = 4.0
# Seconds before a pause that are measured in place of the last word where none is known
TERMINAL = 0.4
SEARCH_HZ = (40.0, 800.0)  # for Harvest, as the field's log-F0 RMSE has it (ESPnet's evaluation)
MATCH = 0.2  # seconds two pauses may lie apart on the reference's clock, where no words are known
BAND = 4.0  # seconds that the path may leave the straight line; twice as many where it does
MOST = 2**29  # bytes for the steps of the path
GROSS = 0.2  # relative
HOP = cepstra.HOP_SECONDS


@dataclass(frozen=True)
class Breaks:
    """Counts of breaks; add them over utterances."""

    hits: int = 0  # in both
    inserted: int = 0  # in the hypothesis only
    missed: int = 0  # in the reference only

    def __add__(self, other: Breaks) -> Breaks:
        return Breaks(self.hits + other.hits, self.inserted + other.inserted,
                      self.missed + other.missed)

    @property
    def precision(self) -> float:
        """Share of the hypothesis' breaks that the reference has; NaN where there is none."""
        return self.hits / (self.hits + self.inserted) if self.hits + self.inserted else math.nan

    @property
    def recall(self) -> float:
        """Share of the reference's breaks that the hypothesis has; NaN where there is none."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else math.nan

    @property
    def f1(self) -> float:
        """2 hits / (2 hits + inserted + missed) (van Rijsbergen 1979); NaN where neither has a
        break.

        The figure of a corpus is that of the summed counts (He et al., "ProsodyFM", AAAI 2025,
        report it so per word boundary).
        """
        total = 2 * self.hits + self.inserted + self.missed
        return 2 * self.hits / total if total else math.nan


def break_counts(reference: Sequence[float] | np.ndarray, hypothesis: Sequence[float] | np.ndarray,
                 threshold: float = PAUSE) -> Breaks:
    """Counts breaks at word boundaries.

    Args:
        reference, hypothesis: pauses in seconds at the same boundaries, `[W - 1]` each.
        threshold: seconds from which a pause is a break.

    Raises:
        ValueError: the numbers of boundaries differ.
    """
    a, b = np.asarray(reference, float) >= threshold, np.asarray(hypothesis, float) >= threshold
    if a.shape != b.shape:
        raise ValueError(f"{len(a)} and {len(b)} word boundaries: the words should be the same")
    return Breaks(int((a & b).sum()), int((~a & b).sum()), int((a & ~b).sum()))


def tone(slope: float, threshold: float = TONE) -> str:
    """Names a terminal tone.

    Args:
        slope: in semitones a second.
        threshold: the slope from which it is a rise or a fall.

    Returns:
        "rise", "fall" or "level"; "" for NaN.
    """
    if math.isnan(slope):
        return ""
    return "rise" if slope > threshold else "fall" if slope < -threshold else "level"


@dataclass(frozen=True)
class Rate:
    """Speaking rate."""

    per_second: float  # units a second between the first and the last speech, pauses included
    unit: str  # "phones" or "energy peaks"


@dataclass
class Melody:
    """What is measured in one recording, every 5 ms."""

    hertz: np.ndarray  # F0 [T], 0 where unvoiced
    voiced: np.ndarray  # [T] bool
    cepstra: np.ndarray  # mel-cepstra [T, 35]
    silences: list[Silence]
    loudness: np.ndarray  # [T] dB
    duration: float  # seconds
    method: str  # how F0 was found
    words: list[tuple[float, float]] | None = None  # (start, end) in seconds, where known
    phones: int | None = None  # how many, where known
    hop: float = HOP  # seconds

    @classmethod
    def of(cls, samples: np.ndarray, sample_rate: int,
           words: Sequence[tuple[float, float]] | None = None,
           phones: int | None = None, method: str | None = None,
           search: tuple[float, float] | None = None) -> Melody:
        """Measures a recording.

        Args:
            samples: `[N]`.
            sample_rate: in hertz.
            words: (start, end) of its words in seconds, where known.
            phones: how many it has, where known.
            method: of `pitch.f0` (default: `pitch.best_method()`).
            search: range of F0 in hertz (default: 40 to 800 for "world", 60 to 500 otherwise).
        """
        sample_rate = check_rate(sample_rate)
        method = method or pitch.best_method()
        low, high = search or (SEARCH_HZ if method == "world" else (60.0, 500.0))
        high = min(high, 0.45 * sample_rate)
        hop = HOP
        hertz, voiced = pitch.f0(samples, sample_rate, hop, low, high, method)
        mel = cepstra.mel_cepstra(samples, sample_rate, hop_seconds=hop, pitch=(hertz, voiced))
        return cls(hertz, voiced, mel, silences(samples, sample_rate),
                   _loudness(samples, sample_rate), len(samples) / sample_rate, method,
                   list(words) if words is not None else None, phones)

    @property
    def span(self) -> tuple[float, float]:
        """(start, end) of the speech in seconds, without the silences at both ends."""
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
        return [s for s in self.silences if s.duration >= threshold and s.start > start
                and s.end < end]

    def slope(self, start: float, end: float) -> float:
        """Semitones a second over the voiced frames from start to end (seconds), which are not
        smoothed (`pitch.slope`); NaN where less than 30 ms are voiced."""
        if not self._enough(start, end):
            return math.nan
        return pitch.slope(pitch.semitones(self.hertz), self.hop, start, end, self.voiced)

    def _enough(self, start: float, end: float) -> bool:
        first, last = round(start / self.hop), round(end / self.hop) + 1
        return int(self.voiced[max(0, first): last].sum()) * self.hop >= 0.03

    def breaks(self, threshold: float = PAUSE) -> list[int] | list[Silence]:
        """The breaks: numbers of word boundaries where words are known, else pauses."""
        if not self.words:
            return self.pauses(threshold)
        return np.flatnonzero(boundary_pauses(self.words, self.silences) >= threshold).tolist()

    def terminal_slopes(self, threshold: float = PAUSE) -> list[float]:
        """Semitones a second over the last word of each phrase: before a break, and at the end.
        Where no words are known, over the last 0.4 s before it. NaN where too little is voiced."""
        if self.words:
            last = [*np.flatnonzero(boundary_pauses(self.words, self.silences) >= threshold), -1]
            return [self.slope(*self.words[k]) for k in last]
        ends = [*(pause.start for pause in self.pauses(threshold)), self.span[1]]
        return [self.slope(end - TERMINAL, end) for end in ends]

    def rate(self) -> Rate:
        """The speaking rate, by phones where their number is known, else by peaks of energy
        (`energy_peaks`), about one a syllable."""
        start, end = self.span
        unit, number = "phones", self.phones
        if number is None:
            unit, number = "energy peaks", self.energy_peaks()
        return Rate(number / (end - start) if end > start else math.nan, unit)

    def energy_peaks(self) -> int:
        """Counts syllable nuclei without a text: voiced peaks of intensity within 25 dB of the
        loudest and 2 dB above the dip before them (de Jong, Wempe, Behavior Research Methods 41,
        2009)."""
        from scipy.signal import find_peaks

        frames = min(len(self.loudness), len(self.voiced))
        level = pitch.smooth(self.loudness[:frames], self.hop, 0.1)
        at, _ = find_peaks(level, height=float(level.max()) - 25, prominence=2.0)
        return int(self.voiced[at].sum())


def _loudness(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    power = frame_variance(samples, sample_rate, 0.032)
    return 10 * np.log10(np.maximum(power, max(power.max(initial=0.0) * 1e-8, 1e-20)))


@dataclass
class Comparison:
    """A hypothesis against a reference.

    Errors are rates of 0 to 1, on the pairs of frames of the warping path (DTW on mel-cepstra, as
    ESPnet's evaluation and the papers after it have it).
    """

    reference: Melody
    hypothesis: Melody
    path: np.ndarray = field(repr=False)  # [P, 2] frames of the one and the other
    log_f0_rmse: float  # of ln F0 over frames voiced in both
    # Of the frames voiced in both: F0 more than 20 % off (Rabiner et al., IEEE Trans. ASSP 24,
    # 1976)
    gross_pitch_error: float
    # Of all frames: voiced in one only (Nakatani et al., Speech Comm. 50, 2008)
    voicing_error: float
    f0_frame_error: float  # of all frames: either of the two (Chu, Alwan, ICASSP 2009)
    mcd: float  # dB, `cepstra.distortion`, without the silences at both ends

    @property
    def by_words(self) -> bool:
        """Whether both have word times, of as many words; else breaks and tones go by energy and
        the path."""
        a, b = self.reference.words, self.hypothesis.words
        return a is not None and b is not None and len(a) == len(b)

    def break_score(self, threshold: float = PAUSE) -> Breaks:
        """Counts breaks per word boundary (`break_counts`), where words are known; otherwise
        pauses.

        Pauses of the hypothesis are brought to the reference's clock by the path; a hit lies within
        0.2 s of one of the reference, and none counts twice.

        Args:
            threshold: seconds from which a pause is a break.
        """
        if self.by_words:
            one, two = (boundary_pauses(m.words or [], m.silences)
                        for m in (self.reference, self.hypothesis))
            return break_counts(one, two, threshold)
        wanted, hits = list(self.reference.pauses(threshold)), 0
        found = [Silence(self.to_reference(s.start), self.to_reference(s.end))
                 for s in self.hypothesis.pauses(threshold)]
        total = len(wanted)
        for silence in found:
            near = [w for w in wanted if silence.start - MATCH <= w.end
                    and w.start <= silence.end + MATCH]
            if near:
                wanted.remove(min(near,
                                  key=lambda w: abs(w.start + w.end - silence.start - silence.end)))
                hits += 1
        return Breaks(hits, len(found) - hits, total - hits)

    def to_reference(self, seconds: float) -> float:
        """A time of the hypothesis on the reference's clock, by the path."""
        return float(np.interp(seconds / self.hypothesis.hop,
                               *_unique(self.path[:, 1], self.path[:, 0])))\
            * self.reference.hop

    def to_hypothesis(self, seconds: float) -> float:
        """A time of the reference on the hypothesis' clock, by the path."""
        return float(np.interp(seconds / self.reference.hop,
                               *_unique(self.path[:, 0], self.path[:, 1])))\
            * self.hypothesis.hop

    def terminal_slopes(self, threshold: float = PAUSE) -> list[tuple[float, float]]:
        """Slopes at the ends of the reference's phrases.

        Over the last word before a break, and the last of all; where no words are known, over the
        last 0.4 s before a pause.

        Args:
            threshold: seconds from which a pause is a break.

        Returns:
            (reference, hypothesis) in semitones a second; NaN where too little is voiced.
        """
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
        """Counts terminal tones that agree: rise, fall or level, by `tone`.

        Args:
            threshold: semitones a second from which a slope is a rise or a fall.
            pause: seconds from which a pause is a break.

        Returns:
            (tones that agree, tones that are defined in the reference). One that cannot be measured
            in the hypothesis disagrees.
        """
        pairs = [(tone(a, threshold), tone(b, threshold)) for a, b in self.terminal_slopes(pause)]
        known = [pair for pair in pairs if pair[0]]
        return sum(a == b for a, b in known), len(known)

    @property
    def rate_ratio(self) -> float:
        """The time of the reference's speech over that of the hypothesis, as both say the same
        words: above 1 the hypothesis is faster."""
        (a, b), (c, d) = self.reference.span, self.hypothesis.span
        return (b - a) / (d - c)


def _unique(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The path as a function: for each index of one side the mean index of the other."""
    keys, start = np.unique(x, return_index=True)
    return keys, np.add.reduceat(y.astype(float), start) / np.diff(np.append(start, len(x)))


def compare(reference: Melody, hypothesis: Melody) -> Comparison:
    """Compares two readings of the same words.

    They are aligned by DTW on their mel-cepstra (without the 0th) between the silences at both
    ends.

    Raises:
        ValueError: their F0 was found by different methods.
        InputError: they are so long, and run so far apart, that the path takes too much memory.
    """
    if reference.method != hypothesis.method:
        raise ValueError(f"F0 by {reference.method} and by {hypothesis.method}: measure both alike")
    (a0, a1), (b0, b1) = (_frames(m) for m in (reference, hypothesis))
    path = _path(reference.cepstra[a0:a1, 1:], hypothesis.cepstra[b0:b1, 1:], reference.hop)
    path += np.array([a0, b0])
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


def _path(a: np.ndarray, b: np.ndarray, hop: float) -> np.ndarray:
    """The warping path of mel-cepstra `[T, D]` and `[U, D]`, in a band that it does not reach the
    edges of: where it does, the cheapest one lies outside."""
    ratio = (len(a) - 1) / max(1, len(b) - 1)
    radius = round(BAND / hop)
    while True:
        if cepstra.dtw_bytes(len(a), len(b), radius) > MOST:
            raise InputError(
                f"readings of {len(a) * hop:.0f} and {len(b) * hop:.0f} s run apart by "
                f"{radius * hop / 2:.0f} s and more: aligning them takes too much memory; cut both "
                "into sentences")
        path = cepstra.dtw(a, b, radius)
        apart = np.abs(path[:, 0] - path[:, 1] * ratio).max()
        if apart < radius - 2 * (1 + ratio) or radius >= len(a):
            return path
        radius *= 2


def _frames(melody: Melody) -> tuple[int, int]:
    """First and last frame of speech, half-open, at least one."""
    frames = min(len(melody.cepstra), len(melody.hertz))
    start, end = (round(t / melody.hop) for t in melody.span)
    start = min(start, frames - 1)
    return start, max(start + 1, min(frames, end + 1))
