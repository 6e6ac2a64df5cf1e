"""The results of a sweep as files to read: RESULTS.md, and leaderboard.csv, .tex and .html.

The page is one file that needs nothing else and connects to no server; all text in it is data,
never markup. The same results give the same bytes. A score that lacks a planned cell is shown as
missing everywhere. The files name incomplete corpora, folds that did not run, and utterances that
were left out.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avspeech.bench import records, statistics
from avspeech.bench.statistics import Cost, Ranking, Score
from avspeech.core.storage import write_atomically
from avspeech.data.labels import canonical
from avspeech.report import report

PERCENT = {"uar", "war", "wf1"}
NAMES = {"uar": "UAR", "war": "WAR", "wf1": "WF1", "ccc": "CCC", "mae": "MAE"}
GAP = report.GAP
SEEN = "*"  # after a score of an upstream that was trained on the corpus that is tested
ABOUT_SEEN = (
    f"{SEEN} The upstream says that it was trained on the corpus that is tested, so it has heard "
    "these speakers, and may have learned these labels. Such a score is in no rank and is never "
    "the best of its column. Upstreams that do not say what they were trained on have no mark.")
LEFT_OUT = f"Left out, for a score that is missing or marked {SEEN}:"
ABOUT = (
    "A score is the metric on the test predictions of all folds pooled, averaged over seeds; its "
    "95 % interval, a bootstrap over speakers, is in brackets. A score that lacks a planned cell "
    "is missing, and is in no mean, rank or test.\n\nThe lists of tasks, corpora, upstreams and "
    "probes were chosen for this toolkit, since those of the paper ParaLBench were not available; "
    "its numbers are not comparable with these.")


def write(exp: str | Path, out: str | Path | None = None, title: str = "ParaLBench",
          meta: Mapping[str, str] | None = None, samples: int = 1000) -> list[Path]:
    """Writes the four files and returns their paths.

    Args:
        exp: the experiment folder.
        out: where to write (default: the experiment folder).
        title: of the pages; " (incomplete corpora)" is added where that is so.
        meta: lines for the head, such as {"command": "..."}.
        samples: of the bootstrap.

    Raises:
        InputError: there are no results.
    """
    board = Board.read(exp, samples)
    title += " (incomplete corpora)" if any(s.gaps for s in board.scores) else ""
    out = Path(exp if out is None else out)
    paths = [out / name for name in ("RESULTS.md", "leaderboard.csv", "leaderboard.tex",
                                     "leaderboard.html")]
    report.write_markdown(paths[0], title, board.sections(), meta)
    for path, text in zip(paths[1:], (board.csv(), board.latex(), board.html(title, meta or {}))):
        write_atomically(path, text.encode())
    return paths


@dataclasses.dataclass(frozen=True)
class Board:
    """Everything that the files show."""

    scores: list[Score]
    costs: dict[str, Cost]
    upstreams: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]  # (task, corpus), by the tasks' names
    probes: tuple[str, ...]
    rankings: dict[tuple[str, str], Ranking]  # by (probe, term); term "": all tasks
    done: int  # cells with a result
    planned: int  # cells
    notes: tuple[str, ...] = ()  # of notes.jsonl

    @classmethod
    def read(cls, exp: str | Path, samples: int = 1000) -> Board:
        results = records.read(exp)
        found = statistics.scores(exp, results, samples)
        plain = [s for s in found if not s.control and not s.test_corpus]
        # A task that could not be planned is a cell without upstream and probe
        upstreams = list(dict.fromkeys(s.upstream for s in plain if s.upstream))
        probes = tuple(dict.fromkeys(s.probe for s in plain if s.probe))
        rankings = {}
        for probe in probes:
            own = [s for s in plain if s.probe == probe]
            for term in ("", "short", "medium", "long"):
                rankings[probe, term] = _ranking(own, term, upstreams)
        best = rankings[probes[0], ""].upstreams if probes else ()
        upstreams.sort(key=lambda name: best.index(name) if name in best else len(best))
        planned = {records.key(r) for r in [*results.planned, *results.missing, *results.cells]}
        return cls(found, statistics.costs(results), tuple(upstreams),
                   tuple(sorted({(s.task, s.corpus) for s in plain})), probes, rankings,
                   len(results.cells), len(planned), tuple(str(r["note"]) for r in results.notes))

    def score(self, task: str, corpus: str, upstream: str, probe: str, control: str = "",
              test: str = "") -> Score | None:
        key = (task, corpus, upstream, probe, control, test)
        return next((s for s in self.scores if s.key == key), None)

    def metric(self, task: str, corpus: str) -> str:
        """The metric of a column; "" where it has no result."""
        own = (s.metric for s in self.scores if (s.task, s.corpus) == (task, corpus))
        return next(filter(None, own), "")

    def missing(self) -> list[tuple[Score, str]]:
        return [(s, line) for s in self.scores for line in s.missing]

    def about(self) -> list[str]:
        """Paragraphs on how the scores are to be read."""
        return [*ABOUT.split("\n\n"), *([ABOUT_SEEN] if any(s.seen for s in self.scores) else [])]

    # --- tables -----------------------------------------------------------------------------------

    def sections(self) -> list[report.Section]:
        """The sections of RESULTS.md."""
        gaps = self.missing()
        state = f"{self.done} of {self.planned} planned cells have results."
        out: list[report.Section] = [report.Text("\n\n".join([*self.about(), state]))]
        if self.notes:
            out.append(report.Table(["note"], [[note] for note in self.notes],
                                    "Left out, incomplete or not comparable"))
        for probe in self.probes:
            out.append(self._main(probe))
            out += self._ranks(probe)
        out += self._controls()
        out.append(self._protocols())
        out += self._layers()
        if self.costs:
            out.append(self._costs())
        out += self._cross()
        if gaps:
            rows = [[s.task, s.corpus, s.upstream + (f" ({s.control})" if s.control else ""), line]
                    for s, line in gaps]
            head = ["task", "corpus", "upstream", "cell and reason"]
            out.append(report.Table(head, rows, "Missing"))
        return out

    def _main(self, probe: str) -> report.Table:
        head = [self._heading(*column) for column in self.columns]
        rows = []
        for name in self.upstreams:
            cells = [text(self.score(*column, name, probe)) for column in self.columns]
            rows.append([name, *cells])
        return report.Table(["upstream", *head], rows, f"Scores, probe {probe}", "UAR in percent.")

    def _heading(self, task: str, corpus: str) -> str:
        metric = self.metric(task, corpus)
        own = [s for s in self.scores if (s.task, s.corpus, s.test_corpus) == (task, corpus, "")]
        incomplete = ", incomplete" if any(s.gaps for s in own) else ""
        return f"{task} ({corpus}{incomplete})" + f", {NAMES.get(metric, metric)}" * bool(metric)

    def _protocols(self) -> report.Table:
        """The table of the data that each task on a corpus was measured on."""
        rows = []
        for task, corpus in self.columns:
            own = [s for s in self.scores
                   if (s.task, s.corpus, s.test_corpus) == (task, corpus, "")]
            best = max(own, key=lambda s: (s.folds, len(s.protocol), s.utterances))
            classes = f"{len(best.classes)}: {', '.join(best.classes)}" if best.classes else ""
            fewest = min(s.folds for s in own)
            tested = f"{best.utterances:,}" if best.utterances else GAP
            rows.append([f"{task} ({corpus})", best.protocol or GAP, best.protocol_hash, classes,
                         f"{fewest} of {best.folds_planned}", tested, f"{best.unlabelled:,}"])
        head = ["task", "protocol", "hash", "classes", "folds run of planned", "utterances tested",
                "left out, no label"]
        return report.Table(head, rows, "Data",
                            "Folds: of the upstream, probe and control for which fewest have "
                            "results.")

    def _ranks(self, probe: str) -> list[report.Section]:
        ranks = self.rankings[probe, ""]
        if not ranks.tasks:
            return []
        notes = [f"Over {len(ranks.tasks)} of {len(self.columns)} tasks; 1 is best."]
        if math.isfinite(ranks.p):
            notes.append(f"Friedman: chi-square {ranks.statistic:.2f}, p {ranks.p:.2g}. Nemenyi: "
                         f"upstreams whose ranks are less than {ranks.critical_difference:.2f} "
                         f"apart do not differ at the {ranks.alpha:g} level.")
        if ranks.left_out:
            notes.append(f"{LEFT_OUT} {'; '.join(ranks.left_out)}.")
        rows = [[name, f"{rank:.2f}"] for name, rank in zip(ranks.upstreams, ranks.ranks)]
        return [report.Table(["upstream", "average rank"], rows, f"Ranks, probe {probe}",
                             "\n".join(notes))]

    def _controls(self) -> list[report.Section]:
        rows = [[s.upstream, f"{s.task} ({s.corpus})", s.probe, text(s),
                 _number(s.chance, s.metric),
                 text(self.score(s.task, s.corpus, s.upstream, s.probe))]
                for s in self.scores if s.control and not s.test_corpus]
        return [report.Table(["upstream", "task", "probe", "labels shuffled", "chance", "score"],
                             rows, "Control: labels of training shuffled")] if rows else []

    def _layers(self) -> list[report.Section]:
        rows = []
        for s in self.scores:
            if len(s.weights) > 1 and not s.control and not s.test_corpus:
                weights = ", ".join(f"{w:.2f}" for w in s.weights)
                rows.append([s.upstream, f"{s.task} ({s.corpus})", s.probe, weights])
        head = ["upstream", "task", "probe", "weights of the hidden states, from the input on"]
        return [report.Table(head, rows, "Layer weights",
                             "What the probe's softmax gives each, averaged over folds and seeds.")
                ] if rows else []

    def _costs(self) -> report.Table:
        rows = [[c.upstream, f"{c.parameters:,}", c.layers, c.dim, f"{c.frame_rate:g}",
                 _plain(c.seconds_per_hour), _plain(c.bytes_per_hour / 1e6)]
                for c in self.costs.values()]
        return report.Table(["upstream", "parameters", "layers", "dimensions", "frames a second",
                             "compute, s per hour of audio", "stored, MB per hour of audio"],
                            rows, "Cost",
                            "Compute as it was when the features were made, on whatever machine "
                            "that was.")

    def _cross(self) -> list[report.Section]:
        out: list[report.Section] = []
        for (task, upstream, probe), table in statistics.cross_corpus(self.scores).items():
            trained, tested = _sides(table)
            rows = []
            for one in trained:
                rows.append([one, *(_with_classes(table.get((one, other))) for other in tested)])
            out.append(report.Table([r"trained on \ tested on", *tested], rows,
                                    f"Across corpora: {task}, {upstream}, probe {probe}",
                                    self._shared(task, table)))
        return out

    def _shared(self, task: str, table: Mapping[tuple[str, str], Score]) -> str:
        """The classes of the cells of a matrix, and those of each corpus that are in no cell."""
        lines = []
        kinds = dict.fromkeys(tuple(map(canonical, s.classes)) for s in table.values() if s.classes)
        for classes in kinds:
            lines.append(f"{len(classes)} classes: {', '.join(classes)}.")
        shared = {name for classes in kinds for name in classes}
        for corpus in _sides(table)[0]:
            own = next((s.classes for s in self.scores if (s.task, s.corpus, s.test_corpus) ==
                        (task, corpus, "") and s.classes), ())
            rest = [name for name in own if canonical(name) not in shared]
            if rest:
                lines.append(f"Classes of {corpus} that are not in all corpora: {', '.join(rest)}.")
        return "\n".join(lines)

    def csv(self) -> str:
        """The text of leaderboard.csv: a line for each score."""
        costs = [f.name for f in dataclasses.fields(Cost) if f.name != "upstream"]
        measures = list(dict.fromkeys(name for s in self.scores for name in s.measures))
        own = ["task", "corpus", "test_corpus", "upstream", "probe", "control", "kind", "term",
               "metric", "value", "low", "high", "seed_std", "fold_mean", "fold_std", "chance",
               "folds", "folds_planned", "seeds", "utterances", "speakers", "unlabelled",
               "protocol", "protocol_hash", "seen"]
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*own, "classes", "gaps", *measures, *costs, "missing"])
        for s in self.scores:
            cost = self.costs.get(s.upstream)
            cells = [getattr(s, name) for name in own] + ["; ".join(s.classes), "; ".join(s.gaps)]
            cells += [s.measures.get(name, math.nan) for name in measures]
            cells += [getattr(cost, name) if cost else math.nan for name in costs]
            writer.writerow([*map(_cell, cells), _cell("; ".join(s.missing))])
        return file.getvalue()

    def latex(self) -> str:
        """A table (booktabs) for each probe: upstreams by tasks.

        The best score of each task is bold, and a missing score is a dash.
        """
        parts = []
        for probe in self.probes:
            best = {c: self._best(c, probe) for c in self.columns}
            head = [_tex(f"{task}") for task, _ in self.columns]
            below = [_tex(f"{corpus}, {NAMES.get(m := self.metric(task, corpus), m)}")
                     for task, corpus in self.columns]
            lines = [rf"% probe {_tex(probe)}", rf"\begin{{tabular}}{{l{'r' * len(head)}}}",
                     r"\toprule", " & ".join(["upstream", *head]) + r" \\",
                     " & ".join(["", *below]) + r" \\", r"\midrule"]
            for name in self.upstreams:
                cells = []
                for column in self.columns:
                    s = self.score(*column, name, probe)
                    value = "--" if s is None or math.isnan(s.value) else _number(s.value, s.metric)
                    value += SEEN if s is not None and s.seen else ""
                    cells.append(rf"\textbf{{{value}}}" if name == best[column] else value)
                lines.append(" & ".join([_tex(name), *cells]) + r" \\")
            parts.append("\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""]))
        return "\n".join(parts)

    def _best(self, column: tuple[str, str], probe: str) -> str:
        there = {name: s for name in self.upstreams
                 if (s := self.score(*column, name, probe)) is not None and math.isfinite(s.value)
                 and not s.seen}
        return max(there, key=lambda n: there[n].value * _sign(there[n].metric), default="")

    # --- the page ---------------------------------------------------------------------------------

    def html(self, title: str, meta: Mapping[str, str]) -> str:
        from jinja2 import Environment, PackageLoader, StrictUndefined

        page = Environment(loader=PackageLoader("avspeech.report"), autoescape=True,
                           undefined=StrictUndefined, trim_blocks=True,
                           lstrip_blocks=True).get_template("leaderboard.html")
        return page.render(
            title=title, meta=meta, data=_finite(self.data()),
            paragraphs=[*self.about(), *self.notes])

    def data(self) -> dict[str, Any]:
        """The data that the script of the page shows."""
        keep = [f.name for f in dataclasses.fields(Score)
                if f.name not in ("draws", "test_set", "by_seed")]
        scores = []
        for s in self.scores:
            scores.append({"chance": s.chance, **{name: getattr(s, name) for name in keep}})
        columns = []
        for task, corpus in self.columns:
            term = next((s.term for s in self.scores if s.task == task and s.term), "")
            columns.append({"task": task, "corpus": corpus, "metric": self.metric(task, corpus),
                            "term": term})
        return {
            "seen": SEEN, "left_out": LEFT_OUT,
            "names": NAMES, "percent": sorted(PERCENT), "lower": sorted(statistics.LOWER_IS_BETTER),
            "upstreams": self.upstreams, "probes": self.probes, "done": self.done,
            "planned": self.planned,
            "columns": columns, "scores": scores, "cross": self._matrices(),
            "costs": {name: dataclasses.asdict(cost) for name, cost in self.costs.items()},
            "rankings": [{"probe": probe, "term": term, **dataclasses.asdict(r)}
                         for (probe, term), r in self.rankings.items()],
            "pairs": [pair for probe in self.probes for column in self.columns
                      for pair in self._pairs(column, probe)]}

    def _matrices(self) -> list[dict[str, Any]]:
        """The tables across corpora, each cell a place in "scores", or None."""
        place = {s.key: i for i, s in enumerate(self.scores)}
        out = []
        for (task, upstream, probe), table in statistics.cross_corpus(self.scores).items():
            trained, tested = _sides(table)
            rows = []
            for one in trained:
                cells = [table.get((one, other)) for other in tested]
                rows.append([None if cell is None else place[cell.key] for cell in cells])
            out.append({"task": task, "upstream": upstream, "probe": probe, "trained": trained,
                        "tested": tested, "rows": rows})
        return out

    def _pairs(self, column: tuple[str, str], probe: str) -> list[dict[str, Any]]:
        """Every two upstreams that can be compared on a task, p corrected for their number."""
        there = [s for name in self.upstreams if (s := self.score(*column, name, probe)) is not None
                 and math.isfinite(s.value) and len(s.draws)]
        found = [(a, b, d) for i, a in enumerate(there) for b in there[i + 1:]
                 if a.test_set == b.test_set and (d := statistics.paired(a, b)) is not None]
        corrected = statistics.holm([d.p for _, _, d in found])
        return [{"task": column[0], "corpus": column[1], "probe": probe, "a": a.upstream,
                 "b": b.upstream, "value": d.value, "low": d.low, "high": d.high, "p": p}
                for (a, b, d), p in zip(found, corrected)]


def text(score: Score | None) -> str:
    """"61.2 [58.0, 64.1]", or "missing"."""
    if score is None or math.isnan(score.value):
        return GAP
    shown = [_number(x, score.metric) for x in (score.value, score.low, score.high)]
    mark = SEEN if score.seen else ""
    return shown[0] + mark + (f" [{shown[1]}, {shown[2]}]" if math.isfinite(score.low) else "")


def _sides(table: Mapping[tuple[str, str], Score]) -> tuple[list[str], list[str]]:
    """The corpora trained on and those tested on, each in the order of the rows and columns."""
    trained = dict.fromkeys(sorted(one for one, _ in table))
    return list(trained), list(dict.fromkeys(sorted(other for _, other in table)))


def _with_classes(score: Score | None) -> str:
    if score is None or not score.classes:
        return text(score)
    return f"{text(score)}, {len(score.classes)} classes"


def _ranking(scores: Sequence[Score], term: str, upstreams: Sequence[str]) -> Ranking:
    values: dict[str, dict[str, float]] = {}
    lower = []
    for s in scores:
        if not term or s.term == term:
            values.setdefault(f"{s.task} ({s.corpus})", {})[s.upstream] = (
                math.nan if s.seen else s.value)
            if s.metric in statistics.LOWER_IS_BETTER:
                lower.append(f"{s.task} ({s.corpus})")
    # an upstream that failed everywhere would leave no task to rank the others on
    known: set[str] = set()
    for row in values.values():
        known |= {u for u, value in row.items() if math.isfinite(value)}
    any_value = [u for u in upstreams if u in known]
    return statistics.ranking(values, any_value, lower_is_better=lower)


def _sign(metric: str) -> int:
    return -1 if metric in statistics.LOWER_IS_BETTER else 1


def _number(value: float, metric: str) -> str:
    if math.isnan(value):
        return ""
    return f"{100 * value:.1f}" if metric in PERCENT else f"{value:.3f}"


def _plain(value: float) -> str:
    return GAP if math.isnan(value) else f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _cell(value: Any) -> str:
    """A value for a CSV; what a spreadsheet would take for a formula is marked as text."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    shown = str(value)
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@") else shown


def _tex(text: str) -> str:
    table = {**{c: rf"\{c}" for c in "&%$#_{}"}, "\\": r"\textbackslash{}",
             "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return "".join(table.get(c, c) for c in " ".join(text.split()))


def _finite(value: Any) -> Any:
    """A value for JSON: numbers that are not finite become null, others have six digits."""
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
