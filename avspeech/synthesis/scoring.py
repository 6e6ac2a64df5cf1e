"""Measures recordings of the same sentences against each other: what `avspeech score` does.

    scores = score("reference", "hypothesis", wer="tiny.en", mos=True)
    print(scores.table())
    scores.as_dict()                    # every pair, the means, failures, what had no partner

Files pair by their path under the folder without its suffix. Words (and a text, and phones) come
from a manifest, or from a `.json` beside the sound, as `avspeech speak --timestamps` writes;
without words on both sides breaks and tones go by the energy of the sound (`prosody.Comparison`).

A hypothesis that is silent, unreadable or missing is a failure and counts: all words of its
sentence are deleted, all breaks missed, all tones wrong. The other measures are not defined for it;
every measure says of how many pairs it is the mean.
"""

from __future__ import annotations

import importlib.util
import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core.listing import plain_name
from avspeech.errors import InputError
from avspeech.media import audio, pitch
from avspeech.report import intervals
from avspeech.synthesis import notes as noted
from avspeech.synthesis import prosody
from avspeech.synthesis.notes import Notes

MEASURES = {  # name -> (heading, unit, what is better)
    "log_f0_rmse": ("log-F0 RMSE", "", "lower"),
    "gross_pitch_error": ("gross pitch error", "%", "lower"),
    "voicing_error": ("V/UV error", "%", "lower"),
    "f0_frame_error": ("F0 frame error", "%", "lower"),
    "mcd": ("MCD", "dB", "lower"), "break_f1": ("break F1", "%", "higher"),
    "tone_accuracy": ("terminal-tone accuracy", "%", "higher"),
    "rate_ratio": ("tempo / reference", "", "1"),
    "rate": ("speaking rate", "/s", ""), "wer": ("WER", "%", "lower"),
    "dnsmos": ("DNSMOS", "", "higher"), "distillmos": ("DistillMOS", "", "higher")}
# The figure of a corpus is that of its summed counts: (numerator, denominator) of each pair
RATIOS = {"break_f1": ("break_twice_hits", "break_total"),
          "tone_accuracy": ("tone_hits", "tone_total"),
          "wer": ("word_errors", "words")}
LEAST_RATE, TOP_RATE = 8_000, 24_000  # hertz
SHORTEST = 0.05  # seconds
MORE_SUFFIXES = {".m4a", ".aac", ".wma", ".webm", ".mp4"}


@dataclass
class Scores:
    """What `score` found."""

    pairs: dict[str, dict[str, float]]  # {name: {measure: value}}, NaN where not defined
    summary: dict[str, intervals.Interval]  # mean and bootstrap interval of 95 % over the pairs
    counts: dict[str, int]  # pairs for which each measure is defined
    settings: dict[str, Any]  # how it was measured
    only_reference: list[str] = field(default_factory=list)  # names without a hypothesis
    only_hypothesis: list[str] = field(default_factory=list)  # names without a reference
    unreadable: dict[str, str] = field(default_factory=dict)  # {name: why it was not scored}
    # {name: why the hypothesis counts as failed}
    failed: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The scores for JSON; what is not defined is None."""
        summary = {}
        for name, interval in self.summary.items():
            ends = {"mean": interval.mean, "low": interval.low, "high": interval.high}
            summary[name] = {**{key: plain_number(x) for key, x in ends.items()},
                             "pairs": self.counts[name]}
        pairs = {}
        for name, row in self.pairs.items():
            pairs[name] = {key: plain_number(value) for key, value in row.items()}
        return {"summary": summary, "settings": self.settings,
                "only_reference": self.only_reference,
                "only_hypothesis": self.only_hypothesis, "unreadable": self.unreadable,
                "failed": self.failed, "pairs": pairs}

    def table(self, ceiling: Scores | None = None,
              changes: Mapping[str, intervals.Interval] | None = None) -> str:
        """The means as lines for a terminal.

        Args:
            ceiling: scores of the same reference against its resynthesis, for a column beside.
            changes: since an earlier run (`gate.Baseline.changes`), likewise.
        """
        rows = [["measure", "mean", "95 % interval", "pairs"]]
        for name, interval in self.summary.items():
            heading, unit, better = MEASURES[name]
            if name == "rate":
                unit = f"{self.settings['rate_unit']}/s"
            arrow = {"lower": " ↓", "higher": " ↑"}.get(better, "")
            rows.append([heading + (f" ({unit})" if unit else "") + arrow,
                         _shown(interval.mean, unit),
                         f"{_shown(interval.low, unit)} to {_shown(interval.high, unit)}",
                         str(self.counts[name])])
        if ceiling:
            means = [ceiling.summary[n].mean if n in ceiling.summary else math.nan
                     for n in self.summary]
            units = [MEASURES[name][1] for name in self.summary]
            rows[0].append("ceiling")
            for row, mean, unit in zip(rows[1:], means, units, strict=True):
                row.append(_shown(mean, unit))
        if changes is not None:
            rows[0].append("change")
            for row, name in zip(rows[1:], self.summary, strict=True):
                row.append(_shown_change(changes.get(name), MEASURES[name][1]))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for row in rows:
            cells = [row[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            lines.append("  ".join(cells))
        return "\n".join(lines)

    def remarks(self) -> list[str]:
        """How it was measured and what has to be known to read the numbers, as lines for a
        terminal."""
        s = self.settings
        heard = f"; WER by {s['wer_model']}, text from {s['wer_text']}" if s["wer_model"] else ""
        lines = [f"{len(self.pairs)} pairs at {s['sample_rate']} Hz; F0 by {s['pitch']}; breaks by "
                 f"{s['breaks_by']}, from {s['pause_seconds']:g} s; tones from "
                 f"{s['tone_semitones_per_second']:g} semitones/s{heard}"]
        if self.failed:
            lines.append(f"{len(self.failed)} of {len(self.pairs)} hypotheses failed (silent, "
                         "unreadable or missing): their words are deleted, their breaks missed, "
                         "their tones wrong; the other measures leave them out")
        if "distillmos" in self.summary:
            lines.append("DistillMOS marks clips shorter than 7.7 s down: compare it between "
                         f"clips of the same lengths only; {s['distillmos_short']} of "
                         f"{self.counts['distillmos']} are shorter")
        if s.get("mos_missing"):
            lines.append(f"opinion scores not installed: {', '.join(s['mos_missing'])}")
        return lines

    def problems(self, reference: str | Path, hypothesis: str | Path) -> list[str]:
        """What was not or not wholly scored, as lines for a terminal.

        Args:
            reference, hypothesis: names of the two folders.
        """
        lines = []
        for folder, names in ((reference, self.only_reference), (hypothesis, self.only_hypothesis)):
            if names:
                more = f" and {len(names) - 20} more" if len(names) > 20 else ""
                lines.append(f"only in {folder}: {', '.join(names[:20])}{more}")
        lines += [f"failed: {name}: {why}" for name, why in self.failed.items()
                  if name not in self.only_reference]
        lines += [f"not scored: {name}: {why}" for name, why in self.unreadable.items()]
        return lines


def plain_number(value: float) -> float | None:
    """A number for JSON: None for NaN."""
    return None if math.isnan(value) else round(float(value), 6)


def _shown(value: float, unit: str) -> str:
    if math.isnan(value):
        return "-"
    return f"{100 * value:.1f}" if unit == "%" else f"{value:.3g}"


def _shown_change(change: intervals.Interval | None, unit: str) -> str:
    if change is None:
        return "-"
    factor, places = (100, 1) if unit == "%" else (1, 3)
    mean, low, high = (f"{factor * x:+.{places}f}" for x in change)
    return f"{mean} ({low} to {high})"


@dataclass
class _How:
    """How every pair is measured."""

    rate: int  # hertz
    method: str  # of `pitch.f0`
    pause: float  # seconds
    tone: float  # semitones a second
    judges: Mapping[str, Callable[..., Any]]  # "wer" and opinion scores, each of (samples, rate)


@dataclass
class _Found:
    """What one pair gave."""

    row: dict[str, float]
    unit: str = ""  # of the speaking rate
    by_words: bool = False
    text_from: str = ""
    short: bool = False  # for DistillMOS


class _Failed(Exception):
    """The hypothesis cannot be measured; the message says why."""


def score(reference: str | Path, hypothesis: str | Path, *, manifest: str | Path | None = None,
          wer: str | Path | None = None, mos: bool = False, method: str | None = None,
          pause: float = prosody.PAUSE, tone: float = prosody.TONE,
          progress: bool = False) -> Scores:
    """Measures every recording of a folder against its partner of the same name.

    Sounds are compared at the lowest sample rate among them, at most 24 kHz.

    Args:
        reference: a folder of recordings, of any format.
        hypothesis: a folder of recordings of the same sentences, under the same names.
        manifest: a JSONL with the texts, and the words' times in the reference.
        wer: a recognizer (`judges.Recognizer`) for the word error rate; the text is that of the
            notes, else what it hears in the reference.
        mos: whether to predict opinion scores of the hypothesis (`judges.opinion_judges`).
        method: how F0 is found (`pitch.f0`; default: `pitch.best_method`).
        pause: seconds from which a pause is a break.
        tone: semitones a second from which a slope is a rise or fall.
        progress: whether to show a bar.

    Returns:
        The scores. A hypothesis that is silent, unreadable or missing counts as a failure.

    Raises:
        InputError: there is nothing to score, or a sample rate is below that of telephones.
    """
    one, two = _recordings(Path(reference)), _recordings(Path(hypothesis))
    both = sorted(set(one) & set(two))
    if not both:
        raise InputError(f"{reference}, {hypothesis}: no two files of the same name to score "
                         f"({len(one)} and {len(two)} sounds)")
    if method is not None:
        pitch.check_method(method)
    known = noted.of_manifest(Path(manifest)) if manifest is not None else {}
    judges = _judges(wer, mos)
    rate = _common_rate([folder[name] for name in both for folder in (one, two)])
    how = _How(rate, method or pitch.best_method(), pause, tone, judges)
    settings = {"pitch": how.method, "sample_rate": rate, "pause_seconds": pause,
                "tone_semitones_per_second": tone, "wer_model": str(wer) if wer else None}
    scores = Scores({}, {}, {}, settings, sorted(set(one) - set(two)), sorted(set(two) - set(one)))
    found = []
    from tqdm import tqdm

    for name in tqdm(sorted(one), desc="score", unit="pair", disable=not progress):
        try:
            notes = noted.find(known, name) or noted.beside(one[name])
            said = noted.beside(two[name]) if name in two else Notes()
            pair = _pair(one[name], two.get(name), notes, said, how, scores.failed, name)
        except InputError as error:
            scores.unreadable[name] = str(error)
            continue
        scores.pairs[name] = pair.row
        found.append(pair)
    if not found:
        raise InputError("nothing could be scored; the first: "
                         f"{next(iter(scores.unreadable.values()))}")
    _settle(scores, found, how)
    _summarize(scores)
    return scores


def _settle(scores: Scores, found: list[_Found], how: _How) -> None:
    """Adds to the settings what only the pairs could show."""
    measured = [pair for pair in found if pair.unit]
    words = sum(pair.by_words for pair in measured)
    by = ("words" if words == len(measured) else "energy" if not words
          else f"words in {words} pairs, energy in the others")
    units = {pair.unit for pair in measured}
    texts = {pair.text_from for pair in found if pair.text_from}
    scores.settings |= {"breaks_by": by, "rate_unit": " or ".join(sorted(units)),
                        "wer_text": " or ".join(sorted(texts)) or None}
    if {"dnsmos", "distillmos"} & set(how.judges):
        from avspeech.synthesis import judges

        scores.settings |= {"dnsmos_level_db": judges.LEVEL_DB,
                            "distillmos_short": sum(pair.short for pair in measured),
                            "mos_missing": [n for n in judges.OPINIONS if n not in how.judges]}


def _judges(wer: str | Path | None, mos: bool) -> dict[str, Any]:
    if wer is None and not mos:
        return {}
    from avspeech.synthesis import judges

    return {**({"wer": judges.Recognizer(wer)} if wer is not None else {}),
            **(judges.opinion_judges() if mos else {})}


def _pair(reference: Path, hypothesis: Path | None, notes: Notes, said: Notes, how: _How,
          failed: dict[str, str], name: str) -> _Found:
    """Measures a pair; a hypothesis that cannot be measured is put into `failed`."""
    samples = _sound(reference, how.rate)
    melody = prosody.Melody.of(samples, how.rate, notes.words, notes.phones, how.method)
    try:
        if hypothesis is None:
            raise _Failed("there is no file of this name")
        try:
            heard = _sound(hypothesis, how.rate)
        except InputError as error:
            # Without it most formats cannot be read at all
            if importlib.util.find_spec("av") is None:
                raise
            raise _Failed(str(error)) from None
        found = _measured(melody,
                          prosody.Melody.of(heard, how.rate, said.words, said.phones, how.method),
                          how)
        found.row |= {key: how.judges[key](heard, how.rate) for key in how.judges if key != "wer"}
        found.short = len(heard) < DISTILLMOS_SECONDS * how.rate
    except _Failed as error:
        failed[name] = str(error)
        heard = None
        found = _missed(melody, how)
    if "wer" in how.judges:
        _count_words(found, notes.text or said.text, samples, heard, how)
    found.row = {key: float(value) for key, value in found.row.items()}
    return found


# Its window; shorter clips are padded with silence, and marked down
DISTILLMOS_SECONDS = 122_880 / 16_000


def _sound(path: Path, rate: int) -> np.ndarray:
    """Samples of a file. Raises InputError where they are silent, too few or not numbers."""
    samples = audio.read(path, rate)
    if not np.isfinite(samples).all():
        raise InputError(f"{path}: NaN or infinite samples")
    if len(samples) < SHORTEST * rate or prosody.silent(samples, rate):
        raise InputError(f"{path}: silent, or shorter than {SHORTEST} s")
    return samples


def _measured(reference: prosody.Melody, hypothesis: prosody.Melody, how: _How) -> _Found:
    pair = prosody.compare(reference, hypothesis)
    breaks, (hits, tones) = pair.break_score(how.pause), pair.tone_score(how.tone, how.pause)
    spoken = hypothesis.rate()
    row = {"log_f0_rmse": pair.log_f0_rmse, "gross_pitch_error": pair.gross_pitch_error,
           "voicing_error": pair.voicing_error, "f0_frame_error": pair.f0_frame_error,
           "mcd": pair.mcd,
           "break_f1": breaks.f1, "break_twice_hits": 2 * breaks.hits,
           "break_total": 2 * breaks.hits + breaks.inserted + breaks.missed,
           "tone_accuracy": hits / tones if tones else math.nan, "tone_hits": hits,
           "tone_total": tones,
           "rate_ratio": pair.rate_ratio, "rate": spoken.per_second}
    return _Found(row, spoken.unit, pair.by_words)


def _missed(reference: prosody.Melody, how: _How) -> _Found:
    """The row of a hypothesis that failed: the reference's breaks and tones, none of them there."""
    breaks = len(reference.breaks(how.pause))
    tones = sum(bool(prosody.tone(s, how.tone)) for s in reference.terminal_slopes(how.pause))
    row = dict.fromkeys(("log_f0_rmse", "gross_pitch_error", "voicing_error", "f0_frame_error",
                         "mcd",
                         "rate_ratio", "rate", *(key for key in how.judges if key != "wer")),
                        math.nan)
    row |= {"break_f1": 0.0 if breaks else math.nan, "break_twice_hits": 0, "break_total": breaks,
            "tone_accuracy": 0.0 if tones else math.nan, "tone_hits": 0, "tone_total": tones}
    return _Found(row)


def _count_words(found: _Found, text: str | None, reference: np.ndarray,
                 hypothesis: np.ndarray | None,
                 how: _How) -> None:
    from avspeech.synthesis.judges import word_errors

    listen = how.judges["wer"]
    found.text_from = "notes" if text else "recognizer on the reference"
    wanted = plain_words(text or listen(reference, how.rate))
    heard = [] if hypothesis is None else plain_words(listen(hypothesis, how.rate))
    errors, words = word_errors(wanted, heard)
    found.row |= {"wer": errors / words if words else math.nan, "word_errors": errors,
                  "words": words}


def plain_words(text: str) -> list[str]:
    """The words of a text for a word error rate.

    Args:
        text: as written or as recognized, markup allowed.

    Returns:
        Words in lower case, numbers said in words, without markup and punctuation.
    """
    from avspeech.text import lexicon
    from avspeech.text.normalise import normalise

    text = re.sub(r"<[^<>]*>", " ", text.lower() if text.isupper() else text)
    words: list[str] = []
    for piece in normalise(text, lexicon.has):
        for word in getattr(piece, "words", ()):
            words += re.sub(r"[^\w' ]+", " ", word.lower().replace("’", "'")).split()
    return words


def _summarize(scores: Scores) -> None:
    rows, nothing = list(scores.pairs.values()), intervals.Interval(math.nan, math.nan, math.nan)
    for name in MEASURES:
        if name not in rows[0]:
            continue
        values = np.array([row[name] for row in rows])
        if name in RATIOS:
            top, bottom = RATIOS[name]
            above = np.array([row[top] for row in rows])
            below = np.array([row[bottom] for row in rows])
            scores.counts[name] = int((below > 0).sum())
            scores.summary[name] = nothing
            if below.any():
                scores.summary[name] = intervals.cluster_bootstrap(
                    _ratio, range(len(rows)), above, below)
            continue
        values = values[~np.isnan(values)]
        scores.counts[name] = len(values)
        scores.summary[name] = intervals.bootstrap_interval(values) if len(values) else nothing


def _ratio(above: np.ndarray, below: np.ndarray) -> float:
    return float(above.sum() / below.sum()) if below.sum() else math.nan


def _recordings(folder: Path) -> dict[str, Path]:
    """{path under the folder without suffix: file} of the sounds in it."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "no such folder"
        raise InputError(f"{folder}: {what}; expected a folder of sound files")
    found: dict[str, Path] = {}
    for path in audio.sound_files(folder, MORE_SUFFIXES):
        name = plain_name(path.relative_to(folder).with_suffix("").as_posix())
        if name in found:
            raise InputError(f"{path}: {found[name].name} has the same name; keep one of them")
        found[name] = path
    return found


def _common_rate(paths: list[Path]) -> int:
    """The lowest sample rate of some files, and at most `TOP_RATE`. Raises InputError where it is
    below `LEAST_RATE`: one such file would spoil the scores of all others."""
    rates = {path: _rate(path) for path in paths}
    lowest = min(rates, key=lambda path: rates[path])
    rate = min(TOP_RATE, rates[lowest])
    if rate < LEAST_RATE:
        raise InputError(f"{lowest}: {rate:,} samples a second; expected {LEAST_RATE:,} or more, "
                         "as all sounds are compared at the lowest rate among them; leave it out")
    if 2 * sum(min(TOP_RATE, r) == rate for r in rates.values()) < len(rates):
        warnings.warn(f"{lowest}: the lowest sample rate of all; every pair is compared at "
                      f"{rate:,} Hz", stacklevel=3)
    return rate


def _rate(path: Path) -> int:
    import soundfile

    try:
        return audio.check_rate(soundfile.info(str(path)).samplerate)
    except (soundfile.LibsndfileError, InputError):
        pass
    try:
        with audio.open_container(path) as container:
            rates = [s.rate for s in audio.sound_tracks(container) if audio.can_decode(s)]
            return audio.check_rate(rates[0]) if rates else TOP_RATE
    except InputError:  # it is named as its pair is measured
        return TOP_RATE

