"""Scores of transcripts with speakers: word error rates and diarization error.

    scores = score(read("reference.vtt"), read("meeting.json"))
    print(scores.table())

- cpWER: the words of each speaker are joined; speakers of both sides are paired so that the errors
  are fewest. A speaker without a partner counts with all words. (Watanabe et al., CHiME-6, 2020)
- tcpWER: the same, and words may only match where their times, widened by a collar on each side of
  the hypothesis, overlap. (von Neumann et al., MeetEval, 2023) Both are those of `meeteval`, to
  the word, and computed by `word_alignment`.
- WER of each speaker: of the pairs that cpWER makes, or of equal names.
- Diarization error rate: missed speech, false alarms and confusion of speakers over the reference's
  time of speech, where speakers are paired for the largest common time, overlapped speech counts
  for each of its speakers, and a collar around the reference's bounds is left out. (NIST, RT-09)
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np

from avspeech.core.listing import plain_name
from avspeech.errors import InputError
from avspeech.report.transcripts import Segment, Transcript
from avspeech.report.word_alignment import Times, counts, distance

UNLIKE = 100.0  # times as late as those of the other side: such times have another unit
COLLAR = 5.0  # seconds, of tcpWER, as MeetEval proposes for times of segments
Normalizer = Callable[[str], str]


@dataclass(frozen=True)
class Errors:
    """Word errors."""

    substitutions: int
    deletions: int
    insertions: int
    words: int  # of the reference

    @property
    def rate(self) -> float | None:
        """Errors over words; None without words."""
        wrong = self.substitutions + self.deletions + self.insertions
        return wrong / self.words if self.words else None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"rate": self.rate, "substitutions": self.substitutions, "deletions": self.deletions,
                "insertions": self.insertions, "words": self.words}


@dataclass(frozen=True)
class Diarization:
    """Diarization error in seconds of speech."""

    missed: float
    false_alarm: float
    confusion: float
    total: float  # of the reference: overlapped speech counts for each speaker
    pairs: dict[str, str]  # {speaker of the reference: of the hypothesis}

    @property
    def rate(self) -> float | None:
        """The error rate; None where the reference has no speech."""
        wrong = self.missed + self.false_alarm + self.confusion
        return wrong / self.total if self.total else None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"rate": self.rate, "missed": self.missed, "false_alarm": self.false_alarm,
                "confusion": self.confusion, "seconds": self.total, "pairs": self.pairs}


@dataclass
class TranscriptScores:
    """What `score` found."""

    cpwer: Errors
    tcpwer: Errors
    speakers: dict[str, Errors]  # of each speaker of the reference
    pairs: dict[str, str | None]  # {speaker of the reference: of the hypothesis}
    unpaired: list[str]  # speakers of the hypothesis without a partner
    diarization: Diarization
    settings: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"cpwer": self.cpwer.as_dict(), "tcpwer": self.tcpwer.as_dict(),
                "speakers": {name: {**errors.as_dict(), "hypothesis": self.pairs[name]}
                             for name, errors in self.speakers.items()},
                "unpaired": self.unpaired, "diarization": self.diarization.as_dict(),
                **self.settings}

    def table(self) -> str:
        """For a terminal, in per cent."""
        rows: list[tuple[str, ...]] = [("%", "error", "words", "sub", "del", "ins",
                                        "hypothesis")]
        for name, errors in (("cpWER", self.cpwer), ("tcpWER", self.tcpwer)):
            rows.append((name, *_cells(errors), ""))
        for name, errors in self.speakers.items():
            rows.append((f"WER {name}", *_cells(errors), self.pairs[name] or "-"))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) if i in (0, 6) else cell.rjust(width)
                           for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
                 for row in rows]
        found = self.diarization
        lines.append(f"Diarization error {percent(found.rate)}: missed {found.missed:.2f} s, false "
                     f"alarm {found.false_alarm:.2f} s, confusion {found.confusion:.2f} s of "
                     f"{found.total:.2f} s")
        if self.unpaired:
            lines.append(f"Without a partner in the reference: {', '.join(self.unpaired)}")
        return "\n".join(lines)


def percent(rate: float | None) -> str:
    """A rate in per cent for a terminal; "-" where there is none."""
    return "-" if rate is None else f"{100 * rate:.1f}"


def _cells(errors: Errors) -> tuple[str, ...]:
    return (percent(errors.rate), str(errors.words), str(errors.substitutions),
            str(errors.deletions), str(errors.insertions))


def plain(text: str) -> str:
    """Text in lower case, without punctuation except apostrophes within words; for any language."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    kept = "".join(c if c.isalnum() or unicodedata.category(c) in ("Mn", "Mc") or c == "'" else " "
                   for c in text)
    return " ".join(word for word in (w.strip("'") for w in kept.split()) if word)


def english() -> Normalizer:
    """Whisper's normalizer of English, of the package transformers: numbers as digits, "won't" as
    "will not", no "um". Without its list of British spellings.

    Raises:
        InputError: the package is not installed.
    """
    try:
        from transformers.models.whisper.english_normalizer import EnglishTextNormalizer
    except ImportError:
        raise InputError("--words english takes the package transformers; pip install "
                         "'avspeech[transcribe]'") from None
    return EnglishTextNormalizer({})


NORMALIZERS: Mapping[str, Callable[[], Normalizer]] = {
    "plain": lambda: plain, "english": english, "none": lambda: lambda text: text}


def score(reference: Transcript, hypothesis: Transcript, normalizer: str = "plain",
          collar: float = COLLAR, by_name: bool = False,
          der_collar: float = 0.0) -> TranscriptScores:
    """Scores a transcript of one recording.

    Args:
        reference: what was said.
        hypothesis: what was recognized.
        normalizer: of texts: "plain" (see `plain`), "english" (see `english`) or "none".
        collar: of tcpWER, in seconds.
        by_name: the WER of a speaker is that of the speaker of this name; by default that of the
            partner by cpWER. cpWER itself does not look at names.
        der_collar: seconds around each start and end in the reference that the diarization error
            leaves out (0.25 on each side in older evaluations).

    Returns:
        The scores.

    Raises:
        InputError: the reference has no words, or a collar or a normalizer is none.
    """
    if normalizer not in NORMALIZERS:
        raise InputError(f"normalizer '{normalizer}'; expected one of {', '.join(NORMALIZERS)}")
    if not (collar >= 0 and der_collar >= 0):
        raise InputError("a collar is a number of seconds, 0 or more")
    normal = NORMALIZERS[normalizer]()
    said, heard = _said(reference, normal), _said(hypothesis, normal, collar)
    if not any(words for words, _ in said.values()):
        raise InputError("the reference has no words")
    _doubt(reference, hypothesis)
    free = _errors(said, heard, timed=False)
    pairs: dict[str, str | None] = dict.fromkeys(reference.speakers)
    if by_name:
        named = {plain_name(name): name for name in hypothesis.speakers}
        pairs = {name: named.get(plain_name(name)) for name in pairs}
    else:
        pairs |= {a: b for a, b in free if a is not None}
    of_speakers = {}
    for name, partner in pairs.items():
        of_speakers[name] = free.get((name, partner)) or word_errors(
            said.get(name, NOTHING)[0], heard.get(partner, NOTHING)[0])
    taken = set(pairs.values())
    return TranscriptScores(
        _sum(free), _sum(_errors(said, heard, timed=True)), of_speakers, pairs,
        [name for name in hypothesis.speakers if name not in taken],
        diarization(_spans(reference), _spans(hypothesis), der_collar),
        {"normalizer": normalizer, "collar": collar, "der_collar": der_collar})


def _doubt(reference: Transcript, hypothesis: Transcript) -> None:
    """Warns where a side is hardly what it is taken for."""
    if not hypothesis.segments:
        warnings.warn("the hypothesis holds no segment: all words count as deleted", stacklevel=3)
        return
    ends = [max(s.end for s in side.segments) for side in (reference, hypothesis)]
    late, early = ("reference", "hypothesis") if ends[0] > ends[1] else ("hypothesis", "reference")
    if max(ends) > UNLIKE * min(ends) > 0:
        warnings.warn(f"the times of the {late} reach {max(ends):,.0f} s and those of the {early} "
                      f"{min(ends):g} s; seconds are expected: are they milliseconds?",
                      stacklevel=3)


Said = tuple[list[str], Times]  # words, and when they are said
NOTHING: Said = ([], (np.zeros(0), np.zeros(0)))
Pair = tuple[str | None, str | None]  # speakers of the reference and of the hypothesis


def _said(transcript: Transcript, normal: Normalizer,
          collar: float | None = None) -> dict[str | None, Said]:
    """What each speaker says who has a segment, with times of words as MeetEval has them: a
    segment's time is shared out by letters. With a collar, which goes with a hypothesis, a word is
    the middle of its time and the collar on each side."""
    words: dict[str, list[str]] = {}
    times: dict[str, list[np.ndarray]] = {}
    for segment in sorted(transcript.segments, key=lambda segment: segment.start):
        found = normal(segment.text).split()
        letters = np.cumsum([0, *map(len, found)])
        at = segment.start + (segment.end - segment.start) / max(1, letters[-1]) * letters
        if len(found) == 1:
            at[1] = segment.end  # without a rounding error
        words.setdefault(segment.speaker, []).extend(found)
        times.setdefault(segment.speaker, []).append(np.stack([at[:-1], at[1:]]))
    said: dict[str | None, Said] = {}
    for name, parts in times.items():
        starts, ends = np.concatenate(parts, axis=1)
        if collar is not None:
            middle = (ends + starts) / 2
            starts, ends = middle - collar, middle + collar
        said[name] = words[name], (starts, ends)
    return said


def _errors(said: Mapping[str | None, Said], heard: Mapping[str | None, Said],
            timed: bool) -> dict[Pair, Errors]:
    """The errors of each pair of speakers, paired so that they are fewest in all; who is left
    without a partner is paired with None."""
    from scipy.optimize import linear_sum_assignment

    size = max(len(said), len(heard))
    names: list[list[str | None]] = [[*side, *[None] * (size - len(side))]
                                     for side in (said, heard)]

    def texts(a: str | None, b: str | None) -> tuple[list[str], list[str], Any]:
        (x, when_x), (y, when_y) = said.get(a, NOTHING), heard.get(b, NOTHING)
        return x, y, (when_x, when_y) if timed else None

    costs = [[distance(*texts(a, b)) for b in names[1]] for a in names[0]]
    chosen = zip(*linear_sum_assignment(np.array(costs, int).reshape(size, size)))
    errors = {}
    for i, j in chosen:
        a, b = names[0][i], names[1][j]
        errors[a, b] = Errors(*counts(*texts(a, b)), len(texts(a, b)[0]))
    return errors


def _sum(errors: Mapping[Pair, Errors]) -> Errors:
    return Errors(*(sum(parts) for parts in zip(*map(astuple, errors.values()))))


def word_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> Errors:
    """Word errors.

    Args:
        reference: words.
        hypothesis: words.
    """
    return Errors(*counts(reference, hypothesis), len(reference))


Spans = Mapping[str, Sequence[tuple[float, float]]]


def _spans(transcript: Transcript) -> dict[str, list[tuple[float, float]]]:
    """When each speaker speaks: times of words where they are known, else of segments."""
    return {name: speech(transcript.by(name)) for name in transcript.speakers}


def speech(segments: Sequence[Segment], gap: float = 0.5) -> list[tuple[float, float]]:
    """When the speaker of these segments speaks.

    Args:
        segments: of one speaker.
        gap: seconds; words that are closer than this belong together.

    Returns:
        Spans in seconds, in order, that do not touch.
    """
    spans: list[tuple[float, float]] = []
    for segment in segments:
        known = [(word.start, word.end) for word in segment.words]
        for start, end in sorted(known) or [(segment.start, segment.end)]:
            if known and spans and start - spans[-1][1] < gap and spans[-1][1] >= segment.start:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
    return joined(spans)


def joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans in order, those that touch or overlap made one, empty ones left out."""
    result: list[tuple[float, float]] = []
    for start, end in sorted(span for span in spans if span[1] > span[0]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def diarization(reference: Spans, hypothesis: Spans, collar: float = 0.0) -> Diarization:
    """The diarization error of spans of speech.

    Args:
        reference: {speaker: spans in seconds}.
        hypothesis: likewise.
        collar: seconds on each side of a start or end in the reference that are left out.

    Returns:
        The errors.
    """
    from scipy.optimize import linear_sum_assignment

    sides = [{name: joined(spans) for name, spans in side.items()}
             for side in (reference, hypothesis)]
    edges = {edge for spans in sides[0].values() for span in spans for edge in span}
    left_out = joined([(edge - collar, edge + collar) for edge in edges]) if collar else []
    cuts = np.array(sorted(edges | {edge for side in (sides[1], {"": left_out})
                                    for spans in side.values() for span in spans for edge in span}))
    if len(cuts) < 2:
        return Diarization(0.0, 0.0, 0.0, 0.0, {})
    middle, length = (cuts[1:] + cuts[:-1]) / 2, np.diff(cuts)
    length = np.where(_active(left_out, middle), 0.0, length)
    a, b = (np.array([_active(spans, middle) for spans in side.values()], bool)
            .reshape(len(side), len(middle)) for side in sides)
    common = (a * length) @ b.T.astype(float)  # [speakers of the reference, of the hypothesis]
    rows, columns = linear_sum_assignment(-common)
    chosen = [(i, j) for i, j in zip(rows, columns) if common[i, j] > 0]
    right = sum((a[i] & b[j]).astype(int) for i, j in chosen) if chosen else np.zeros(len(middle))
    in_a, in_b = a.sum(0), b.sum(0)
    names = [list(side) for side in sides]
    return Diarization(
        float(np.maximum(0, in_a - in_b) @ length), float(np.maximum(0, in_b - in_a) @ length),
        float((np.minimum(in_a, in_b) - right) @ length), float(in_a @ length),
        {names[0][i]: names[1][j] for i, j in chosen})


def _active(spans: Sequence[tuple[float, float]], at: np.ndarray) -> np.ndarray:
    """Whether each time of `[T]` is within one of the spans, which are in order; bool `[T]`."""
    starts, ends = (np.array([span[i] for span in spans]) for i in (0, 1))
    index = np.searchsorted(starts, at, "right") - 1
    return (index >= 0) & (at < np.append(ends, -np.inf)[index])
