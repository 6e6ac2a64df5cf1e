"""Bounds on scores, for a job that must fail where a voice has become worse: `avspeech score
--baseline FILE --fail-below KEY=VALUE --fail-above KEY=VALUE`.

A key is a measure of `scoring.MEASURES`, "failed" (hypotheses that could not be measured), or,
beside a baseline, "change.MEASURE". Values are in the units of `--json`: rates are shares, not per
cent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core.strict_json import once
from avspeech.errors import InputError
from avspeech.report import intervals
from avspeech.synthesis.scoring import MEASURES, RATIOS, Scores, plain_number

CHANGE = "change."
FAILED = "failed"
# Settings that are found from the sounds, and the measures that do not compare where they differ;
# the others say how it was measured, and have to agree.
FOUND = {"breaks_by": ("break_f1", "tone_accuracy"), "rate_unit": ("rate",), "wer_text": ("wer",),
         "distillmos_short": (), "mos_missing": ()}


@dataclass(frozen=True)
class Bound:
    """One bound.

    Args:
        key: see the module.
        value: finite.
        least: whether the figure may not be below the value; else it may not be above it.
    """

    key: str
    value: float
    least: bool

    @classmethod
    def read(cls, text: str, least: bool) -> Bound:
        """A bound as written on the command line, "dnsmos=3.2".

        Args:
            text: KEY=VALUE.
            least: see the class.

        Raises:
            InputError: no such key, not a number, or a bound that only a better figure breaks.
        """
        option, other = "--fail-below", "--fail-above"
        option, other = (option, other) if least else (other, option)
        key, sign, number = text.partition("=")
        known = key == FAILED or key.removeprefix(CHANGE) in MEASURES
        if not sign or not known:
            raise InputError(f"{option} {text}: expected KEY=VALUE, with a key of "
                             f"{', '.join([*MEASURES, FAILED])}, or change. before a measure")
        measure = key.removeprefix(CHANGE)
        better = "lower" if key == FAILED else MEASURES[measure][2]
        if better == ("lower" if least else "higher"):
            raise InputError(f"{option} {text}: {better} is better for {measure}, so that this "
                             f"would stop what is good; use {other}")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"{option} {text}: expected a number behind '='")
        return cls(key, value, least)

    def broken_by(self, figure: float) -> bool:
        """Whether a figure breaks the bound; one that is not defined (NaN) does."""
        inside = figure >= self.value if self.least else figure <= self.value
        return not inside


@dataclass(frozen=True)
class Baseline:
    """Scores of an earlier run.

    Args:
        path: the file that they come from.
        pairs: `{name: {measure: value}}`, NaN where not defined.
        settings: how they were measured.
    """

    path: Path
    pairs: Mapping[str, Mapping[str, float]]
    settings: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Reads what `avspeech score --json` wrote.

        Raises:
            InputError: it is not such a file.
        """
        try:
            record = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=once)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: not JSON ({error}); expected what avspeech score --json "
                             "writes") from None
        pairs = record.get("pairs") if isinstance(record, dict) else None
        settings = record.get("settings") if isinstance(record, dict) else None
        if not isinstance(pairs, dict) or not isinstance(settings, dict):
            raise InputError(f"{path}: no 'pairs' and 'settings' in it; expected what avspeech "
                             "score --json writes")
        return cls(path, {name: _row(path, name, row) for name, row in pairs.items()}, settings)

    def changes(self, scores: Scores) -> dict[str, intervals.Interval]:
        """How much higher each measure is now, over the pairs that both runs have.

        Args:
            scores: of now.

        Returns:
            `{measure: interval of 95 % over the pairs}` for the measures of both runs; those that
            do not compare are left out, see `remarks`.

        Raises:
            InputError: the two were not measured in the same way, or share no pair.
        """
        for key in sorted(set(self.settings) | set(scores.settings)):
            then, now = self.settings.get(key), scores.settings.get(key)
            if key not in FOUND and then is not None and now is not None and then != now:
                raise InputError(f"{self.path}: measured with {key} {then}, now with {now}; "
                                 "measure both in the same way")
        both = sorted(set(self.pairs) & set(scores.pairs))
        if not both:
            raise InputError(f"{self.path}: none of its {len(self.pairs)} pairs is scored now")
        found = {}
        for name in MEASURES:
            if any(name in measures for measures in self._apart(scores).values()):
                continue
            keys = RATIOS.get(name, (name,))
            rows = [(self.pairs[n], scores.pairs[n]) for n in both
                    if all(key in row for row in (self.pairs[n], scores.pairs[n]) for key in keys)]
            found_change = change(name, rows)
            if found_change is not None:
                found[name] = found_change
        return found

    def _apart(self, scores: Scores) -> dict[str, tuple[str, ...]]:
        """{setting that is found and differs from that of now: the measures that hang on it}."""
        found = {}
        for key, measures in FOUND.items():
            then, now = (str(about.get(key)) for about in (self.settings, scores.settings))
            mixed = " in the others" in then and " in the others" in now  # in how many is no matter
            if measures and key in self.settings and then != now and not mixed:
                found[key] = measures
        return found

    def remarks(self, scores: Scores) -> list[str]:
        """Lines on what the changes are about."""
        gone = sorted(set(self.pairs) - set(scores.pairs))
        lines = [f"changes since {self.path} over the {len(self.pairs) - len(gone)} pairs of both "
                 f"runs (of {len(self.pairs)} then, {len(scores.pairs)} now)"]
        if gone:
            more = f" and {len(gone) - 20} more" if len(gone) > 20 else ""
            lines.append(f"in {self.path}, not scored now: {', '.join(gone[:20])}{more}")
        for key, measures in self._apart(scores).items():
            lines.append(f"no change of {', '.join(measures)}: {key} was {self.settings[key]}, now "
                         f"it is {scores.settings.get(key)}")
        return lines


def _row(path: Path, name: str, row: Any) -> dict[str, float]:
    if not isinstance(row, dict):
        raise InputError(f"{path}: pair '{name}': expected an object of numbers")
    out = {}
    for key, value in row.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise InputError(f"{path}: pair '{name}': {key} is {value!r}; expected a number "
                             "or null")
        try:
            out[key] = math.nan if value is None else float(value)
        except OverflowError:
            out[key] = math.inf
        if math.isinf(out[key]):
            raise InputError(f"{path}: pair '{name}': {key} is infinite; expected a number or null")
    return out


def change(name: str, rows: Sequence[tuple[Mapping[str, float], Mapping[str, float]]],
           ) -> intervals.Interval | None:
    """How much higher a measure is in the second than in the first of two runs.

    Args:
        name: of `scoring.MEASURES`.
        rows: (then, now) of each sentence, `{measure: value}` as in `Scores.pairs`.

    Returns:
        The interval of 95 % over the sentences; None where it is not defined.
    """
    if name in RATIOS:
        top, bottom = RATIOS[name]
        columns = [np.array([row[k][key] for row in rows])
                   for k in (0, 1) for key in (top, bottom)]
        if not rows or not columns[1].any() or not columns[3].any():
            return None
        return intervals.cluster_bootstrap(_ratio_change, range(len(rows)), *columns)
    values = np.array([now[name] - then[name] for then, now in rows])
    values = values[~np.isnan(values)]
    return intervals.bootstrap_interval(values) if len(values) else None


def _ratio_change(top: np.ndarray, bottom: np.ndarray, new_top: np.ndarray,
                  new_bottom: np.ndarray) -> float:
    if not bottom.sum() or not new_bottom.sum():
        return math.nan
    return float(new_top.sum() / new_bottom.sum() - top.sum() / bottom.sum())


def as_dict(changes: Mapping[str, intervals.Interval]) -> dict[str, dict[str, float | None]]:
    """Changes for JSON; what is not defined is None."""
    found = {}
    for name, interval in changes.items():
        ends = {"mean": interval.mean, "low": interval.low, "high": interval.high}
        found[name] = {key: plain_number(value) for key, value in ends.items()}
    return found


def check(bounds: Sequence[Bound], measured: Mapping[str, bool]) -> None:
    """Refuses bounds on what is not going to be measured, before any time is spent.

    Args:
        bounds: what has to hold.
        measured: whether an option is given, by its name.

    Raises:
        InputError: names the option that is missing.
    """
    needed = {"wer": "--wer", "dnsmos": "--mos", "distillmos": "--mos"}
    for bound in bounds:
        name = bound.key.removeprefix(CHANGE)
        options = [needed[name]] if name in needed else []
        options += ["--baseline"] if bound.key.startswith(CHANGE) else []
        for option in options:
            if not measured[option]:
                raise InputError(f"a bound on {bound.key} needs {option}")


def broken(bounds: Sequence[Bound], scores: Scores,
           changes: Mapping[str, intervals.Interval] | None) -> list[str]:
    """The bounds that are broken, as lines for a terminal.

    Args:
        bounds: what has to hold.
        scores: of now.
        changes: since the baseline; None without one.

    Raises:
        InputError: a bound on what was not measured.
    """
    lines = []
    for bound in bounds:
        if bound.key == FAILED:
            figure = float(len(scores.failed))
        elif bound.key.startswith(CHANGE):
            figure = _figure(bound.key, changes or {}, bound.key.removeprefix(CHANGE))
        else:
            figure = _figure(bound.key, scores.summary, bound.key)
        if bound.broken_by(figure):
            shown = "not defined" if math.isnan(figure) else f"{figure:.4g}"
            side = "at least" if bound.least else "at most"
            lines.append(f"{bound.key} is {shown}; expected {side} {bound.value:g}")
    return lines


def _figure(key: str, found: Mapping[str, intervals.Interval], name: str) -> float:
    if name not in found:
        raise InputError(f"a bound on {key}: it could not be measured, so that nothing is known of "
                         "it; the lines above say how it was measured")
    return found[name].mean
