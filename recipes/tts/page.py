"""The page of results: tables, curves and sound."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import styled
from measuring import CEILING, FAILED, HEARD, OTHERS, SHOWN, TRUTH, correlation, rate_of

from avspeech.media import audio
from avspeech.report import provenance, report
from avspeech.synthesis import scoring


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
        Means over seeds, with the deviation where there are several.
    """
    known = {r["condition"] for r in rows}
    columns = [key for key in named if key in known]
    lines: list[list[str]] = []
    for system in systems:
        cells = []
        for key in columns:
            values = [r["value"] for r in rows if r["system"] == system and r["condition"] == key
                      and r["value"] is not None]
            digits = SHOWN.get(key.removeprefix(f"{OTHERS} "), 1)
            cells.append("missing" if not values else f"{np.mean(values):.{digits}f}"
                         + (f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""))
        lines.append([system, *cells])
    return report.Table(["system", *(named[key] for key in columns)], lines, title, note)


def failures(rows: Sequence[Mapping[str, Any]]) -> str:
    """What to say of sentences that could not be measured; "" where there are none."""
    counts = [f"{row['system']}: {row['value']:.0f} of {row['n']}" for row in rows
              if row["condition"] == FAILED]
    if not counts:
        return ""
    return (f" Sentences that failed ({'; '.join(counts)}) count as deleted words, missed breaks "
            "and wrong tones; the other measures leave them out.")


def results_page(exp: Path, systems: Sequence[str], seeds: Sequence[int], logs: Mapping[str, Path],
                 controls: str | None, sounds: Mapping[str, Path], shown: Sequence[str],
                 corpora: Sequence[str]) -> None:
    """Writes RESULTS.md and report.html into `exp`, and prints the tables and the page's path.

    Args:
        exp: the experiment.
        systems, seeds: what was trained.
        logs: {name: log of a training}.
        controls: the system of the control experiment, if any.
        sounds: {name: folder of sentences} to listen to.
        shown: sentences to listen to.
        corpora: whose voices they are.
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
        + failures(rows))]
    if any(r["condition"] in TRUTH for r in rows):
        sections.append(table(
            rows, everything, TRUTH, "The same against what the corpus was made to say",
            "The breaks and tones that the generator planned, not those that are heard in its "
            "recordings. From the text alone they cannot all be known: the same text is said in "
            "several ways."))
    others = {f"{OTHERS} {key}": named[key] for key in HEARD}
    heard = [r for r in rows if r["condition"] in others]
    if heard:
        most, who = max(r["n"] for r in heard), {r["system"] for r in heard}
        sections.append(table(
            heard, [s for s in (OTHERS, *systems) if s in who], others,
            "Sentences of another kind, said by the first voice",
            f"{most} test sentences of the support corpora, from the text alone; no text of them "
            "was trained on. The first row is the recordings of those corpora."))
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
