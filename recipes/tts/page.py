"""The page of results: tables, curves and sound."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import styled
from measuring import (
    CEILING,
    FAILED,
    PHRASED,
    RECORDINGS,
    SHOWN,
    TOLD,
    TRUTH,
    condition,
    correlation,
    file_of,
    rate_of,
)

from avspeech.media import audio
from avspeech.report import provenance, report
from avspeech.synthesis import gate, scoring


def control_svg(found: Mapping[str, Sequence[Sequence[float]]]) -> bytes:
    """A picture of asked against measured slopes and pauses, each sentence a point."""
    from avspeech.report.figures import scatter_svg

    panels = {}
    if found["slope"]:
        panels["slope over the last word (semitones)"] = found["slope"]
    if found["pause"]:
        panels["pause (seconds)"] = found["pause"]
    return scatter_svg(panels, "asked for", "measured")


def control_table(found: Mapping[str, Sequence[Sequence[float]]], system: str) -> report.Table:
    """A table of what was measured, by what was asked for."""
    rows: list[list[str]] = []
    for kind, unit in (("slope", "semitones"), ("pause", "s")):
        for asked in sorted({p[0] for p in found[kind]}, reverse=kind == "slope"):
            values = [p[1] for p in found[kind] if p[0] == asked and np.isfinite(p[1])]
            if values:
                rows.append([kind, f"{asked:+g} {unit}" if kind == "slope" else f"{asked:g} {unit}",
                             f"{np.mean(values):.2f} {unit}", f"{np.std(values):.2f}",
                             str(len(values))])
        if found[kind]:
            finite = sum(bool(np.isfinite(pair).all()) for pair in found[kind])
            rows.append([f"{kind}, correlation", "", f"{correlation(found[kind]):.2f}", "",
                         f"{finite} of {len(found[kind])} measured"])
    if found["break"]:
        off, on = np.mean(found["break"], axis=0)
        rows.append(["break taken out", "", f"{off:.2f} s", "", str(len(found["break"]))])
        rows.append(["break put in, length left open", "", f"{on:.2f} s", "",
                     str(len(found["break"]))])
    rows += styled.rows(found)
    return report.Table(["control", "asked for", "measured, mean", "deviation", "sentences"], rows,
                        f"Control of {system}", "")


def table(rows: Sequence[Mapping[str, Any]], systems: Sequence[str], named: Mapping[str, str],
          title: str,
          note: str) -> report.Table:
    """A table of systems by measures.

    Args:
        rows: of result files.
        systems: the rows of the table.
        named: {measure: heading}; measures that were not taken are left out.
        title, note: of the table.

    Returns:
        Means over seeds, with the deviation where there are several; of one seed the interval of
        95 % over the sentences.
    """
    known = {r["condition"] for r in rows}
    columns = [key for key in named if key in known]
    lines: list[list[str]] = []
    for system in systems:
        cells = []
        for key in columns:
            found = [r for r in rows if r["system"] == system and r["condition"] == key
                     and r["value"] is not None]
            digits = SHOWN.get(key.rpartition(": ")[2], 1)
            cells.append(_cell(found, digits) if found else "missing")
        lines.append([system, *cells])
    return report.Table(["system", *(named[key] for key in columns)], lines, title, note)


def _cell(rows: Sequence[Mapping[str, Any]], digits: int) -> str:
    """A measure of one system, a row a seed."""
    values = [row["value"] for row in rows]
    mean = f"{np.mean(values):.{digits}f}"
    if len(values) > 1:
        return f"{mean} ± {np.std(values, ddof=1):.{digits}f}"
    low, high = rows[0].get("low"), rows[0].get("high")  # None: one sentence, or no intervals
    known = low is not None and high is not None
    return mean + (f" ({low:.{digits}f} to {high:.{digits}f})" if known else "")


def pooled(files: Sequence[Path]) -> dict[str, dict[str, float]]:
    """{sentence: {measure: value}} of a system, over its seeds.

    Args:
        files: of scores, one a seed.

    Returns:
        The mean of each measure and count over the seeds, so that rates of summed counts are those
        of all seeds together; NaN where a seed has none.
    """
    seeds = [json.loads(file.read_text(encoding="utf-8"))["pairs"] for file in files]
    found: dict[str, dict[str, float]] = {}
    for name in set(seeds[0]).intersection(*seeds[1:]):
        rows = [seed[name] for seed in seeds]
        keys = set(rows[0]).intersection(*rows[1:])
        found[name] = {key: float(np.mean([np.nan if r[key] is None else r[key] for r in rows]))
                       for key in sorted(keys)}
    return found


def differences(exp: Path, systems: Sequence[str], seeds: Sequence[int], corpus: str,
                named: Mapping[str, str]) -> report.Table | None:
    """A table of how much higher each measure of the first system is than that of the others.

    Args:
        exp: the experiment.
        systems: rows of the table before, those that are told breaks and contours among them.
        seeds: that were trained.
        corpus: of the sentences; "" for those of the voices.
        named: {measure: heading}.

    Returns:
        Means over sentences and seeds with intervals of 95 % over the sentences (the same for both
        systems), None where there is one system.
    """
    lines = []
    for told in (False, True):
        first, *rest = [s for s in systems if s.endswith(TOLD) == told] or [""]
        for other in rest:
            pairs = [[file_of(exp, "scores", f"{s}-{seed}", corpus) for s in (other, first)]
                     for seed in seeds]
            pairs = [pair for pair in pairs if all(file.exists() for file in pair)]
            if pairs:
                then, now = (pooled([pair[k] for pair in pairs]) for k in (0, 1))
                rows = [(then[n], now[n]) for n in sorted(set(then) & set(now))]
                lines.append([f"{first} - {other}", str(len(pairs)),
                              *(_difference(measure, rows) for measure in named)])
    if not lines:
        return None
    return report.Table(["difference", "seeds", *named.values()], lines,
                        "Differences" + (f" on {corpus}" if corpus else ""),
                        "Means over the sentences and seeds, with intervals of 95 % over the "
                        "sentences, which are the same in both systems. An interval that holds 0 "
                        "does not separate them. The seeds' own spread is in the table before.")


def _difference(measure: str, rows: Sequence[tuple[Mapping[str, float], Mapping[str, float]]]
                ) -> str:
    """A cell of `differences`, of the sentences' (then, now)."""
    defined = rows and all(key in row for pair in rows for row in pair
                           for key in scoring.RATIOS.get(measure, (measure,)))
    found = gate.change(measure, rows) if defined else None
    if found is None:
        return "missing"
    scale, digits = 100 if scoring.MEASURES[measure][1] == "%" else 1, SHOWN[measure]
    mean, low, high = (f"{scale * x:+.{digits}f}" for x in found)
    return f"{mean} ({low} to {high})" if np.isfinite(found.low) else mean


def failures(rows: Sequence[Mapping[str, Any]]) -> str:
    """What to say of sentences that could not be measured; "" where there are none."""
    counts = [f"{row['system']}: {row['value']:.0f} of {row['n']}" for row in rows
              if row["condition"].rpartition(": ")[2] == FAILED]
    if not counts:
        return ""
    return (f" Sentences that failed ({'; '.join(counts)}) count as deleted words, missed breaks "
            "and wrong tones; the other measures leave them out.")


def _stranger(exp: Path, rows: Sequence[Mapping[str, Any]], systems: Sequence[str],
              seeds: Sequence[int], corpus: str, named: Mapping[str, str]) -> list[report.Section]:
    """The tables of a corpus that the voices are only measured on."""
    here = {condition(key, corpus): name for key, name in named.items() if key in PHRASED}
    found = [r for r in rows if r["condition"] in here]
    if not found:
        return []
    of_all = table(
        found, [RECORDINGS, *systems], here, f"Test sentences of {corpus}, said by the first voice",
        f"{max(r['n'] for r in found)} sentences that somebody else recorded, none of which "
        "was trained on. Breaks and tones are held against that person's; of the recordings "
        "themselves only what needs no other is measured."
        + failures([r for r in rows if r["condition"] == condition(FAILED, corpus)]))
    theirs = ["" if cell == "missing" else cell for cell in of_all.rows[0]]
    sections: list[report.Section] = [
        dataclasses.replace(of_all, rows=[theirs, *of_all.rows[1:]])]
    known = {key: named[key] for key in PHRASED if condition(key, corpus) in
             {r["condition"] for r in found}}
    if table_of := differences(exp, systems, seeds, corpus, known):
        sections.append(table_of)
    return sections


def results_page(exp: Path, systems: Sequence[str], seeds: Sequence[int], logs: Mapping[str, Path],
                 controls: str | None, sounds: Mapping[str, Path], shown: Sequence[str],
                 corpora: Sequence[str], others: Sequence[str]) -> None:
    """Writes RESULTS.md and report.html into `exp`, and prints the tables and the page's path.

    Args:
        exp: the experiment.
        systems, seeds: what was trained.
        logs: {name: log of a training}.
        controls: the system of the control experiment, if any.
        sounds: {name: folder of sentences} to listen to.
        shown: sentences to listen to.
        corpora: whose voices they are.
        others: corpora that they are only measured on.
    """
    rows, meta = report.read_results(exp / "results")
    meta = {"command": provenance.command(exp), "commit": meta.get("commit", "unknown"),
            "f0": meta.get("pitch", "unknown")}
    units = {key: scoring.MEASURES[key][1] for key in SHOWN}
    named = {key: scoring.MEASURES[key][0] + (f" ({unit})" if unit else "")
             for key, unit in units.items()}
    count = max((r["n"] for r in rows), default=0)
    everything = list(dict.fromkeys([CEILING, *systems]))
    sections: list[report.Section] = [table(
        rows, everything, named, "Test sentences against their recordings",
        f"{count} held-out sentences; seeds {', '.join(map(str, seeds))}. From the text alone but "
        "for rows that say 'reference', which are given the recording's breaks and last-word "
        "shapes. The first row is what the vocoder alone loses. Break F1: pauses at word "
        "boundaries, of the sentences together."
        + failures([r for r in rows if r["condition"] == FAILED]))]
    if any(r["condition"] in TRUTH for r in rows):
        sections.append(table(
            rows, everything, TRUTH, "The same against what the corpus was made to say",
            "The breaks and tones that the generator planned, not those that are heard in its "
            "recordings. From the text alone they cannot all be known: the same text is said in "
            "several ways."))
    taken = {r["condition"] for r in rows}
    known = {key: name for key, name in named.items() if key in taken}
    if own := differences(exp, systems, seeds, "", known):
        sections.insert(1, own)
    for corpus in others:
        sections += _stranger(exp, rows, systems, seeds, corpus, named)
    if controls and (exp / "control.json").exists():
        found = json.loads((exp / "control.json").read_text(encoding="utf-8"))
        sections.append(control_table(found, controls))
    for section in sections:
        if isinstance(section, report.Table):
            report.print_table(section)
    title = f"Text to speech: {', '.join(corpora)} ({provenance.config_name(exp)})"
    report.write_markdown(exp / "RESULTS.md", title, sections, meta)
    present = {name: log for name, log in logs.items() if log.exists()}
    if present:
        sections.append(report.training_curves(present))
    if controls and (exp / "control.json").exists():
        sections.append(report.Picture(control_svg(found), "Asked for, and measured in the sound"))
    for name in shown:
        tracks = {label: audio.read(path / f"{name}.wav", rate_of(path / f"{name}.wav"))
                  for label, path in sounds.items() if (path / f"{name}.wav").exists()}
        if tracks:
            rate = rate_of(next(path / f"{name}.wav" for path in sounds.values()))
            sections.append(report.audio_section(name, tracks, rate))
    report.write_html(exp / "report.html", title, sections, meta)
    print(f"report: {exp / 'report.html'}\ntables: {exp / 'RESULTS.md'}")
