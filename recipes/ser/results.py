"""The results page: tables with intervals by speaker, each system against its baseline,
confusions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from calibration import calibrated_section
from folds import Cells, answers_of, folds_of, learned_by, protocol_of
from judging import judged_sections

from avspeech.data import protocol as protocols
from avspeech.data.manifest import read_manifest
from avspeech.emotion import cells, training
from avspeech.emotion.beginning import heard_before
from avspeech.report import intervals, metrics, provenance, report
from avspeech.report.figures import confusion_svg

NAMES = {"uar": "UAR %", "war": "WAR %", "wf1": "WF1 %", "ccc": "CCC", "mae": "MAE"}
SHOUT = (
    "THE TEST SET PICKED THE WEIGHTS (selection=test_oracle). Nothing on this page is a result; it "
    "shows what choosing by the test set pretends."
)
INCOMPLETE = (
    "The corpus is not all there (corpus.incomplete=true). The numbers cannot be compared "
    "with those of the whole corpus, and the hash of the protocol is another one. "
)


def results_page(done: Cells, exp: Path, pairs: Mapping[str, str], oracle: bool) -> None:
    """Writes RESULTS.md and report.html, and prints the tables.

    Args:
        done: the cells of the experiment.
        exp: its folder.
        pairs: {system: the system it is compared with}.
        oracle: whether the test speakers picked the weights; the page then says that it is no
            result.
    """
    wanted = protocol_of(done)
    rows, meta = report.read_results(exp / "results")
    systems = list(dict.fromkeys(cell.name for _, cell in done))
    answers = {name: answers_of(done, name, bool(wanted.classes)) for name in systems}
    deployed = json.loads((exp / "deployed.json").read_text(encoding="utf-8"))
    costs = {row["system"]: row for row in deployed}
    sections: list[report.Section] = [report.Text(SHOUT, "NO RESULT")] if oracle else []
    if wanted.gaps:
        sections.append(report.Text(INCOMPLETE + "; ".join(wanted.gaps) + ".", "Incomplete corpus"))
    sections += begun_with(done, wanted)
    sections += [
        _summary(rows, systems, answers, wanted, folds_of(done)),
        _costs(done, systems, costs),
    ]
    table, verdicts = _comparisons(answers, pairs, wanted)
    if verdicts:
        sections += [table, report.Text("\n\n".join(verdicts), "What the comparisons show")]
    sections += _by_fold(rows, systems, wanted) + _by_corpus(done, systems, wanted)
    sections += _inflation(rows, systems)
    sections += calibrated_section(exp) + judged_sections(exp / "judged")
    sections.append(_merging(costs))
    absent = [cell.label for folder, cell in done if cells.finished(folder, cell) is None]
    if absent:
        sections.append(report.Text(f"{len(absent)} cells were not trained and are in no number: "
                                    f"{', '.join(absent)}.", "Missing"))
    for section in sections:
        if isinstance(section, report.Table):
            report.print_table(section)
    meta = {"command": provenance.command(exp), "commit": meta.get("commit", provenance.commit()),
            "protocol": f"{wanted.title} {wanted.hash}"}
    title = f"{wanted.label.capitalize()}: {wanted.corpus} ({provenance.config_name(exp)})"
    report.write_markdown(exp / "RESULTS.md", title, sections, meta)
    for name in systems:
        found = answers[name]
        if found is not None and wanted.classes:
            counts = np.sum([metrics.confusion(found["truth"], column, len(wanted.classes))
                             for column in found["predicted"].T], axis=0)
            sections.append(
                report.Picture(
                    confusion_svg(counts, wanted.classes),
                    f"{name}: confusions",
                    "Rows are the true classes; shares of a row in percent.",
                )
            )
    logs = {cell.label: folder / "train" / "log.jsonl" for folder, cell in done
            if cell.seed == done[0][1].seed}
    logs = {label: path for label, path in logs.items() if path.exists()}
    if logs and len(logs) <= 12:
        sections.append(report.training_curves(logs))
    report.write_html(exp / "report.html", title, sections, meta)
    print(f"report: {exp / 'report.html'}\ntables: {exp / 'RESULTS.md'}")


def begun_with(done: Cells, wanted: protocols.Protocol) -> list[report.Section]:
    """What the models with which systems begin were trained on: its speakers may be those of the
    test."""
    run = folds_of(done)
    groups = {group for fold in wanted.folds if fold.name in run for group in fold.test}
    tested = {str(u.labels.get("corpus", wanted.corpus))
              for u in wanted.selected(read_manifest(done[0][1].manifest))
              if protocols.group_of(wanted, u) in groups}
    lines = []
    for init in dict.fromkeys(cell.init for _, cell in done):
        names = [entry["name"] for entry in heard_before(init)]
        shared = [name for name in names if name in tested]
        if names:
            lines.append(f"Training began with {init}, which was trained on {', '.join(names)}. "
                         + (f"The test is on {' and '.join(shared)}: its speakers were heard, and "
                            "the numbers are better than for new voices." if shared else
                            "Where sounds of the test are from one of these, their speakers were "
                            "heard, and the numbers are better than for new voices."))
    for line in lines:
        print(line)
    return [report.Text("\n\n".join(lines), "Heard before")] if lines else []


def _main(wanted: protocols.Protocol) -> Any:
    """The measure whose mean over seeds is compared: UAR in percent, or the CCC."""
    classes = len(wanted.classes)

    def score(truth: np.ndarray, predicted: np.ndarray) -> float:
        return float(np.mean([100 * metrics.uar(truth, column, classes) if classes
                              else metrics.ccc(truth, column) for column in predicted.T]))

    return score


def _summary(rows: list[dict[str, Any]], systems: list[str], answers: Mapping[str, Any],
             wanted: protocols.Protocol, folds: list[str]) -> report.Table:
    known = set().union(*rows)
    names = [n for n in NAMES if n in known] or ["uar"]
    body = []
    for system in systems:
        pooled = [r for r in rows if r["system"] == system and r["condition"] == "pooled"
                  and r.get(names[0]) is not None]
        cells_ = []
        for n in names:
            cells_.append(_spread([r[n] for r in pooled]))
        body.append(
            [
                system,
                cells_[0],
                _interval(answers[system], "predicted", wanted),
                *cells_[1:],
                str(len(pooled)),
            ]
        )
        for r in rows:
            if r["system"] == system and r["condition"] == "committee":
                cells_ = [_spread([r[n]]) for n in names]
                body.append([f"{system}, committee", cells_[0],
                             _interval(answers[system], "committee", wanted), *cells_[1:],
                             f"{r['members']} as one"])
    found = next((found for found in answers.values() if found is not None), None)
    counted = ""
    if found is not None:
        people = len(set(found["speakers"]))
        counted = f" {len(found['truth']):,} clips of {people:,} speakers are tested."
        if wanted.classes:
            there, every = len(set(found["truth"].tolist())), len(wanted.classes)
            counted = counted[:-1] + f", of {there}" + (
                f" of the {every}" if there < every else "") + " classes."
            body.append(_always_one(found["truth"], names, wanted))
    planned = len(wanted.folds)
    heading, partial = "all folds pooled", ""
    if len(folds) < planned:
        heading = f"{len(folds)} of {planned} folds pooled"
        partial = (
            f" Only these folds were run: {', '.join(folds)}. The other speakers are in no number."
        )
    return report.Table(
        ["system", NAMES[names[0]], "95 % by speaker", *(NAMES[n] for n in names[1:]), "seeds"],
        body,
        f"Speaker-independent, {heading}",
        "Mean ± standard deviation over seeds of the measure over all utterances, each answered by "
        "a model that did not learn from its speaker and was not picked by it. The interval is a "
        "bootstrap of whole "
        f"speakers. A committee answers by the mean posterior of all seeds.{counted}{partial}",
    )


def _always_one(truth: np.ndarray, names: list[str], wanted: protocols.Protocol) -> list[str]:
    """The row of what has learned nothing: always the label that most of the tested clips have."""
    most = int(np.bincount(truth).argmax())
    judged = training.Judged([], truth, np.full(len(truth), most), [])
    found = training.measures(judged, len(wanted.classes))
    first, *others = [_spread([found[n]]) for n in names]
    return [f"always '{wanted.classes[most]}'", first, "none", *others, "none"]


def _interval(found: Mapping[str, Any] | None, of: str, wanted: protocols.Protocol) -> str:
    """The interval of a system's answers `of` "predicted" or "committee"."""
    if found is None:
        return report.GAP
    low, high = intervals.cluster_bootstrap(
        _main(wanted), found["speakers"], found["truth"], found[of])[1:]
    return _range(low, high, ".1f" if wanted.classes else ".2f")


def _range(low: float, high: float, form: str) -> str:
    if np.isfinite([low, high]).all():
        return f"{low:{form}} to {high:{form}}"
    return "none: one speaker"


def _spread(values: list[float]) -> str:
    values = [value for value in values if np.isfinite(value)]
    if not values:
        return report.GAP
    mean, std, n = intervals.mean_and_spread(values)
    digits = 1 if abs(mean) > 1.5 else 3
    return f"{mean:.{digits}f}" + (f" ± {std:.{digits}f}" if n > 1 else "")


def _costs(done: Cells, systems: list[str], costs: Mapping[str, dict[str, Any]]) -> report.Table:
    body, total = [], 0.0
    for system in systems:
        ended = [cells.finished(f, c) for f, c in done if c.name == system]
        records = [r for r in ended if r is not None]
        cost, seconds = costs.get(system, {}), sum(r["cpu_seconds"] for r in records)
        total += seconds
        if not records or "bytes" not in cost:
            body.append([system, *[None] * 6])
            continue
        steps = sorted({r["steps"] for r in records})
        body.append([system, f"{cost['trained parameters']:,}", f"{cost['deployed parameters']:,}",
                     f"{cost['bytes'] / 1000:.0f}", f"{cost['mmacs']:.2f}",
                     f"{steps[0]} x {cost['training mmacs']:.2f}", f"{seconds / len(records):.0f}"])
    return report.Table(
        [
            "system",
            "parameters trained",
            "deployed",
            "kB",
            "MMAC/s deployed",
            "steps x MMAC/s trained",
            "CPU s a cell",
        ],
        body,
        "What they cost",
        "MMAC/s: million multiply-accumulates for a second of audio; deployed: with the log-mel "
        "front end. "
        f"All cells together: {total / 3600:.2f} hours of one CPU core, shared with other work.",
    )


def _comparisons(answers: Mapping[str, Any], pairs: Mapping[str, str],
                 wanted: protocols.Protocol) -> tuple[report.Table, list[str]]:
    score, unit = _main(wanted), " points of UAR" if wanted.classes else " of CCC"
    compared = {f"{name} against {base}": (answers[name], answers[base], "predicted")
                for name, base in pairs.items()}
    for name, found in answers.items():
        if found and found["predicted"].shape[1] > 1:
            compared[f"{name}, committee against its members"] = (found, found, "committee")
    body, verdicts = [], []
    for label, (one, other, which) in compared.items():
        if one is None or other is None:
            body.append([label, None, None, None])
            verdicts.append(f"{label}: no complete seed yet.")
            continue
        mine, theirs = one[which], other["predicted"]
        fewer, more = sorted((one["predicted"].shape[1], theirs.shape[1]))
        gain = intervals.cluster_bootstrap(
            lambda t, a, b: score(t, a) - score(t, b), one["speakers"], one["truth"], mine, theirs)
        by_seed = []
        for seed in range(fewer):
            own = mine[:, [min(seed, mine.shape[1] - 1)]]
            by_seed.append(score(one["truth"], own) - score(one["truth"], theirs[:, [seed]]))
        seeds = f"{fewer}" if fewer == more else f"{fewer} and {more}"
        interval = _range(gain.low, gain.high, "+.1f")
        body.append([label, f"{gain.mean:+.1f}", interval, ", ".join(f"{g:+.1f}" for g in by_seed)])
        if not np.isfinite([gain.low, gain.high]).all():
            verdicts.append(f"{label}: {gain.mean:+.1f}{unit}, which one speaker cannot judge.")
            continue
        verdict = ("helps" if gain.low > 0 else "hurts" if gain.high < 0
                   else "makes no difference that this shows")
        verdicts.append(f"{label}: {verdict}; {gain.mean:+.1f}{unit}, 95 % {interval} by speaker, "
                        f"{seeds} seed{'s' if more > 1 else ''}.")
    return report.Table(["comparison", "gain", "95 % by speaker", "seed by seed"], body,
                        "Each against its baseline, on the same utterances"), verdicts


def _by_fold(rows: list[dict[str, Any]], systems: list[str],
             wanted: protocols.Protocol) -> list[report.Section]:
    value = "uar" if wanted.classes else "ccc"
    kept = [r for r in rows if r["condition"] not in ("pooled", "committee")]
    folds = list(dict.fromkeys(r["condition"] for r in kept))
    if not kept:
        return []
    summary = report.aggregate(kept, value=value, expected=[(s, f) for s in systems for f in folds])
    lacking = dict.fromkeys(f"{r['condition']} (no {r['absent']})" for r in kept if r.get("absent"))
    note = ("UAR is the mean recall of the classes that a fold tests, not of all "
            f"{len(wanted.classes)} in {', '.join(lacking)}." if lacking else "")
    return [summary.table(f"{NAMES[value]} by fold", 1, folds, note)]


def _by_corpus(done: Cells, systems: list[str],
               wanted: protocols.Protocol) -> list[report.Section]:
    """The answers to the tested corpora, where a protocol is of several."""
    body: list[list[str]] = []
    learned = {cell.fold: learned_by(cell) for _, cell in done}
    for system in systems:
        found: dict[str, dict[int, list[Any]]] = {}
        for folder, cell in done:
            if cell.name == system and (folder / "test.jsonl").exists() \
                    and cells.finished(folder, cell) is not None:
                for r in training.read_records(folder / "test.jsonl"):
                    if "corpus" in r and r["truth"] in learned[cell.fold]:
                        found.setdefault(r["corpus"], {}).setdefault(cell.seed, []).append(r)
        uars = []
        for corpus, seeds in found.items():
            judged = [training.judge(records) for records in seeds.values()]
            if len({len(j.units) for j in judged}) > 1:
                continue  # a seed whose folds are not all trained
            truth, classes = judged[0].truth, sorted(set(judged[0].truth.tolist()))
            interval = intervals.cluster_bootstrap(_main(wanted), judged[0].speakers, truth,
                                                   np.stack([j.predicted for j in judged], 1))
            names = ", ".join(wanted.classes[k] for k in classes)
            uars.append(interval.mean)
            body.append([system, corpus, f"{len(classes)}: {names}", str(len(truth)),
                         f"{interval.mean:.1f}", _range(interval.low, interval.high, ".1f")])
        if len(uars) > 1:
            body.append([system, "mean of these", "", "", f"{np.mean(uars):.1f}", ""])
    if not body:
        return []
    return [report.Table(
        ["system", "tested corpus", "choice among", "utterances", "UAR %", "95 % by speaker"], body,
        "By tested corpus", "Each answer is the most probable of the classes that the tested "
        "corpus and those of the training share.")]


def _inflation(rows: list[dict[str, Any]], systems: list[str]) -> list[report.Section]:
    body = []
    for system in systems:
        both = [r for r in rows if r["system"] == system and r.get("oracle_uar") is not None]
        if both:
            honest = float(np.mean([r["uar"] for r in both]))
            chosen = float(np.mean([r["oracle_uar"] for r in both]))
            body.append(
                [
                    system,
                    f"{honest:.1f}",
                    f"{chosen:.1f}",
                    f"{chosen - honest:+.1f}",
                    str(len(both)),
                ]
            )
    if not body:
        return []
    header = [
        "system",
        "chosen by development speakers",
        "chosen by the test speakers",
        "inflation",
        "seeds",
    ]
    return [
        report.Table(
            header,
            body,
            "What choosing the epoch by the test set pretends (UAR %)",
            "The column of the test speakers is no result: the same training runs, at each "
            "fold's validation that happens to suit its test speakers best.",
        )
    ]


def _merging(costs: Mapping[str, dict[str, Any]]) -> report.Table:
    body = [[name, str(c["compared cells"]), f"{c['difference float32']:.1e}",
             f"{c['difference float64']:.1e}", str(c["answers changed"])]
            for name, c in costs.items() if "difference float32" in c]
    return report.Table(
        ["system", "cells", "float32", "float64", "answers changed"],
        body,
        "Merged against trained, on trained weights",
        "Largest relative difference of the logits over every fourth test utterance of the "
        "first seed (float64: every sixteenth).",
    )
