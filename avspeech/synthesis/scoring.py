"""Two folders of recordings of the same sentences, measured against each other: what `avspeech score` does.

    scores = score("reference", "hypothesis", wer="tiny.en", mos=True)
    print(scores.table())
    scores.as_dict()                                             # every pair, the means, what had no partner

Files pair by their path under the folder without its suffix. Words (and a text, and phones) come from a
manifest, or from a `.json` beside the sound, as `avspeech speak --timestamps` writes; without words on both
sides breaks and tones go by the energy of the sound (`prosody.Comparison`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media import audio, pitch
from avspeech.report import metrics
from avspeech.synthesis import prosody

MEASURES = {  # name -> (heading, unit, what is better)
    "log_f0_rmse": ("log-F0 RMSE", "", "lower"), "gross_pitch_error": ("gross pitch error", "%", "lower"),
    "voicing_error": ("V/UV error", "%", "lower"), "f0_frame_error": ("F0 frame error", "%", "lower"),
    "mcd": ("MCD", "dB", "lower"), "break_f1": ("break F1", "%", "higher"),
    "tone_accuracy": ("terminal-tone accuracy", "%", "higher"), "rate_ratio": ("tempo / reference", "", "1"),
    "rate": ("speaking rate", "/s", ""), "wer": ("WER", "%", "lower"),
    "dnsmos": ("DNSMOS", "", "higher"), "distillmos": ("DistillMOS", "", "higher")}
# Of these a corpus's figure is that of its summed counts: (numerator, denominator) of each pair
RATIOS = {"break_f1": ("break_twice_hits", "break_total"), "tone_accuracy": ("tone_hits", "tone_total"),
          "wer": ("word_errors", "words")}
TOP_RATE = 24_000


@dataclass
class Notes:
    """What is known of one recording beside its sound. words: (start, end) in seconds."""

    text: str | None = None
    words: list[tuple[float, float]] | None = None
    phones: int | None = None


@dataclass
class Scores:
    """pairs: {name: {measure: value}}; summary: {measure: Interval} over the pairs, bootstrap of 95 %;
    counts: pairs each measure is defined for; settings: how it was measured; only_reference,
    only_hypothesis: unpaired names; unreadable: {file: why}."""

    pairs: dict[str, dict[str, float]]
    summary: dict[str, metrics.Interval]
    counts: dict[str, int]
    settings: dict[str, Any]
    only_reference: list[str] = field(default_factory=list)
    only_hypothesis: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; what is not defined is None."""
        def plain(value: float) -> float | None:
            return None if math.isnan(value) else round(float(value), 6)

        return {"summary": {k: {"mean": plain(v.mean), "low": plain(v.low), "high": plain(v.high),
                                "pairs": self.counts[k]} for k, v in self.summary.items()},
                "settings": self.settings, "only_reference": self.only_reference,
                "only_hypothesis": self.only_hypothesis, "unreadable": self.unreadable,
                "pairs": {name: {k: plain(v) for k, v in row.items()} for name, row in self.pairs.items()}}

    def table(self, ceiling: Scores | None = None) -> str:
        """For a terminal. ceiling: the same reference against its resynthesis, in a column beside."""
        rows = [("measure", "mean", "95 % interval", "pairs", *(["ceiling"] if ceiling else []))]
        for name, interval in self.summary.items():
            heading, unit, better = MEASURES[name]
            if name == "rate":
                unit = f"{self.settings['rate_unit']}/s"
            scale = 100 if unit == "%" else 1

            def show(value: float, scale: float = scale) -> str:
                if math.isnan(value):
                    return "-"
                return f"{value:.3g}" if scale == 1 else f"{scale * value:.1f}"

            arrow = {"lower": " ↓", "higher": " ↑"}.get(better, "")
            rows.append((heading + (f" ({unit})" if unit else "") + arrow,
                         show(interval.mean), f"{show(interval.low)} to {show(interval.high)}",
                         str(self.counts[name]),
                         *([show(ceiling.summary[name].mean) if name in ceiling.summary else "-"]
                           if ceiling else [])))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join("  ".join(c.ljust(w) if i == 0 else c.rjust(w)
                                   for i, (c, w) in enumerate(zip(row, widths, strict=True))) for row in rows)


def score(reference: str | Path, hypothesis: str | Path, *, manifest: str | Path | None = None,
          wer: str | Path | None = None, mos: bool = False, method: str | None = None,
          pause: float = prosody.PAUSE, tone: float = prosody.TONE, progress: bool = False) -> Scores:
    """Measures every recording of `hypothesis` against its partner in `reference`.

    manifest: JSONL with the texts, and the words' times in the reference. wer: a recogniser
    (`judges.Recogniser`); the text is that of the notes, else what it hears in the reference. mos: opinion
    scores of the hypothesis (`judges.opinion_judges`). method: of `pitch.f0`. pause: seconds from which a
    pause is a break; tone: semitones a second from which a slope is a rise or fall. Sounds are compared at
    the lowest sample rate among them, at most 24 kHz. Raises InputError where there is nothing to score.
    """
    one, two = _recordings(Path(reference)), _recordings(Path(hypothesis))
    names = sorted(set(one) & set(two))
    if not names:
        raise InputError(f"{reference}, {hypothesis}: no two files of the same name to score "
                         f"({len(one)} and {len(two)} sounds)")
    if method is not None and method not in pitch.METHODS:
        raise InputError(f"pitch method '{method}' is not known; known: {', '.join(pitch.METHODS)}")
    method = method or pitch.best_method()
    noted = _manifest(Path(manifest)) if manifest is not None else {}
    judge = _judges(wer, mos)
    rate = min([TOP_RATE, *(_rate(p) for n in names for p in (one[n], two[n]))])
    scores = Scores({}, {}, {}, {"pitch": method, "sample_rate": rate, "pause_seconds": pause,
                                 "tone_semitones_per_second": tone, "wer_model": str(wer) if wer else None},
                    sorted(set(one) - set(two)), sorted(set(two) - set(one)))
    units, by_words, texts = set(), 0, set()
    from tqdm import tqdm

    for name in tqdm(names, desc="score", unit="pair", disable=not progress):
        try:
            told = noted.get(name) or noted.get(Path(name).name) or _beside(one[name])
            row, unit, words, text = _pair(one[name], two[name], told, _beside(two[name]), rate, method,
                                           pause, tone, judge)
        except InputError as error:
            scores.unreadable[name] = str(error)
            continue
        scores.pairs[name] = row
        units.add(unit)
        by_words += words
        texts.add(text)
    if not scores.pairs:
        raise InputError(f"nothing could be scored; the first: {next(iter(scores.unreadable.values()))}")
    scores.settings |= {"breaks_by": "words" if by_words == len(scores.pairs) else
                        "energy" if not by_words else f"words in {by_words} pairs, energy in the others",
                        "rate_unit": " or ".join(sorted(units)),
                        "wer_text": " or ".join(sorted(t for t in texts if t)) or None}
    _summarise(scores)
    return scores


def _judges(wer: str | Path | None, mos: bool) -> dict[str, Any]:
    if wer is None and not mos:
        return {}
    from avspeech.synthesis import judges

    return {**({"wer": judges.Recogniser(wer)} if wer is not None else {}),
            **(judges.opinion_judges() if mos else {})}


def _pair(reference: Path, hypothesis: Path, told: Notes, said: Notes, rate: int, method: str, pause: float,
          tone: float, judge: Mapping[str, Callable[..., Any]]) -> tuple[dict[str, float], str, bool, str]:
    a, b = (audio.read(path, rate) for path in (reference, hypothesis))
    for path, samples in ((reference, a), (hypothesis, b)):
        if len(samples) < 0.05 * rate or not np.any(samples):
            raise InputError(f"{path}: silent, or shorter than 0.05 s")
        if not np.isfinite(samples).all():
            raise InputError(f"{path}: NaN or infinite samples")
    pair = prosody.compare(prosody.Melody.of(a, rate, told.words, told.phones, method),
                           prosody.Melody.of(b, rate, said.words, said.phones, method))
    breaks, (hits, tones) = pair.break_score(pause), pair.tone_score(tone, pause)
    spoken = pair.hypothesis.rate()
    row = {"log_f0_rmse": pair.log_f0_rmse, "gross_pitch_error": pair.gross_pitch_error,
           "voicing_error": pair.voicing_error, "f0_frame_error": pair.f0_frame_error, "mcd": pair.mcd,
           "break_f1": breaks.f1, "break_twice_hits": 2 * breaks.hits,
           "break_total": 2 * breaks.hits + breaks.inserted + breaks.missed,
           "tone_accuracy": hits / tones if tones else math.nan, "tone_hits": hits, "tone_total": tones,
           "rate_ratio": pair.rate_ratio, "rate": spoken.per_second}
    whence = ""
    if "wer" in judge:
        from avspeech.synthesis.judges import word_errors

        whence = "notes" if told.text or said.text else "recogniser on the reference"
        text = told.text or said.text or judge["wer"](a, rate)
        errors, words = word_errors(plain_words(text), plain_words(judge["wer"](b, rate)))
        row |= {"wer": errors / words if words else math.nan, "word_errors": errors, "words": words}
    row |= {name: judge[name](b, rate) for name in judge if name != "wer"}
    return {k: float(v) for k, v in row.items()}, spoken.unit, pair.by_words, whence


def plain_words(text: str) -> list[str]:
    """Words for a word error rate: numbers said in words, markup and punctuation gone, lower case."""
    from avspeech.text import lexicon
    from avspeech.text.normalise import normalise

    text = re.sub(r"<[^<>]*>", " ", text.lower() if text.isupper() else text)
    words = [word for piece in normalise(text, lexicon.has) for word in getattr(piece, "words", ())]
    return [w for word in words for w in re.sub(r"[^\w' ]+", " ", word.lower().replace("’", "'")).split()]


def _summarise(scores: Scores) -> None:
    rows, nothing = list(scores.pairs.values()), metrics.Interval(math.nan, math.nan, math.nan)
    for name in MEASURES:
        if name not in rows[0]:
            continue
        values = np.array([row[name] for row in rows])
        if name in RATIOS:
            above, below = (np.array([row[key] for row in rows]) for key in RATIOS[name])
            scores.counts[name] = int((below > 0).sum())
            scores.summary[name] = (metrics.cluster_bootstrap(_ratio, range(len(rows)), above, below)
                                    if below.any() else nothing)
            continue
        values = values[~np.isnan(values)]
        scores.counts[name] = len(values)
        scores.summary[name] = metrics.bootstrap_interval(values) if len(values) else nothing


def _ratio(above: np.ndarray, below: np.ndarray) -> float:
    return float(above.sum() / below.sum()) if below.sum() else math.nan


def _recordings(folder: Path) -> dict[str, Path]:
    """{path under the folder without suffix: file} of the sounds in it."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected one of sound files")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in audio.SOUND_SUFFIXES | {".m4a", ".aac", ".wma", ".webm", ".mp4"}:
            name = path.relative_to(folder).with_suffix("").as_posix()
            if name in found:
                raise InputError(f"{path}: {found[name].name} has the same name; keep one of them")
            found[name] = path
    return found


def _rate(path: Path) -> int:
    import soundfile

    try:
        return int(soundfile.info(str(path)).samplerate)
    except soundfile.LibsndfileError:
        return TOP_RATE


def _beside(path: Path) -> Notes:
    """Notes from a `.json` of the same name: "text"; "words", a list of {"start", "end"} or [start, end,
    ...]; "phones", a list or a number. Nothing where there is none. Raises InputError for one that is not
    so."""
    note = path.with_suffix(".json")
    if not note.is_file():
        return Notes()
    try:
        record = json.loads(note.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{note}: not JSON ({error})") from None
    if not isinstance(record, dict):
        raise InputError(f"{note}: expected a JSON object with text, words or phones")
    return _notes(record, str(note))


def _notes(record: Mapping[str, Any], where: str) -> Notes:
    words, phones, text = record.get("words"), record.get("phones"), record.get("text")
    try:
        times = None if words is None else [
            (float(w["start"]), float(w["end"])) if isinstance(w, dict) else (float(w[0]), float(w[1]))
            for w in words]
        number = len(phones) if isinstance(phones, list) else int(phones) if phones is not None else None
    except (KeyError, IndexError, TypeError, ValueError):
        raise InputError(f"{where}: 'words' should be a list of objects with start and end in seconds, "
                         "'phones' a list or a number") from None
    if times is not None and any(b < a for a, b in times):
        raise InputError(f"{where}: a word ends before it starts")
    return Notes(text if isinstance(text, str) else None, times or None, number)


def _manifest(path: Path) -> dict[str, Notes]:
    """By utterance id, and by the stem of the sound."""
    from avspeech.data.manifest import read_manifest

    found: dict[str, Notes] = {}
    for utterance in read_manifest(path):
        notes = _notes({**utterance.labels, "text": utterance.text}, f"{path}, {utterance.id}")
        found[Path(utterance.audio).stem] = notes
        found[utterance.id] = notes
    return found


def print_scores(reference: Path, hypothesis: Path, *, ceiling: Path | None = None, as_json: bool = False,
                 progress: bool = True, options: Mapping[str, Any]) -> None:
    """`avspeech score`: a table (or JSON) on stdout; what had no partner on stderr."""
    import sys

    scores = score(reference, hypothesis, progress=progress, **options)
    top = score(reference, ceiling, progress=progress, **options) if ceiling is not None else None
    if as_json:
        record = {**scores.as_dict(), **({"ceiling": top.as_dict()["summary"]} if top else {})}
        print(json.dumps(record, indent=1))
    else:
        print(scores.table(top))
        s = scores.settings
        heard = f"; WER by {s['wer_model']}, text from {s['wer_text']}" if s["wer_model"] else ""
        print(f"\n{len(scores.pairs)} pairs at {s['sample_rate']} Hz; F0 by {s['pitch']}; breaks by "
              f"{s['breaks_by']}, from {s['pause_seconds']:g} s; tones from "
              f"{s['tone_semitones_per_second']:g} semitones/s{heard}")
    _name(sys.stderr, f"only in {reference}", scores.only_reference)
    _name(sys.stderr, f"only in {hypothesis}", scores.only_hypothesis)
    for name, why in scores.unreadable.items():
        print(f"not scored: {name}: {why}", file=sys.stderr)


def _name(stream: Any, heading: str, names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        print(f"{heading}: {', '.join(names[:20])}{more}", file=stream)
