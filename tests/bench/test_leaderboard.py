"""The files a sweep is read from; what is in them is data, and what is missing is missing."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from avspeech.bench import leaderboard, records, statistics
from avspeech.errors import InputError
from avspeech.report import report

EVIL = "<b onclick=x>'\"&</script>"
SKILL = {"weak": 0.2, "fair": 0.5, EVIL: 0.6, "good": 0.9}
Make = Callable[..., Path]


@pytest.fixture
def exp(make_experiment: Make) -> Path:
    return make_experiment(SKILL, tasks=("emotion", "gender", "age"), controls=True, cross=True,
                           gaps=[("gender", "fair", 2, 1)],
                           cls=lambda k: [EVIL, "a", "b", "=1+1", "e"][:k])


class Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_four_files_and_the_same_bytes_again(exp: Path) -> None:
    pytest.importorskip("jinja2")
    paths = leaderboard.write(exp, meta={"command": f"bench {EVIL}"}, samples=50)
    assert [p.name for p in paths] == ["RESULTS.md", "leaderboard.csv", "leaderboard.tex", "leaderboard.html"]
    before = [p.read_bytes() for p in paths]
    leaderboard.write(exp, meta={"command": f"bench {EVIL}"}, samples=50)
    assert [p.read_bytes() for p in paths] == before
    page_is_alone_and_escaped(paths[3].read_text(encoding="utf-8"))


def page_is_alone_and_escaped(page: str) -> None:
    parser = Parser()
    parser.feed(page)
    tags = [tag for tag, _ in parser.tags]
    assert tags.count("script") == 2 and "link" not in tags and "b" not in tags and "img" not in tags
    assert not [a for tag, found in parser.tags for a in found if a in ("src", "onclick", "onload")]
    assert all(str(found["href"]).startswith("#") for tag, found in parser.tags if tag == "a")
    assert "default-src 'none'" in page
    addresses = set(re.findall(r"https?://[^\"' )]*", page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name space, fetched by nobody
    assert "innerHTML" not in page and "fetch(" not in page and "eval(" not in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert EVIL in data["upstreams"] and data["planned"] - data["done"] == 4


def test_a_missing_score_is_missing_everywhere(exp: Path) -> None:
    board = leaderboard.Board.read(exp, samples=50)
    gap = board.score("gender", "one", "fair", "linear")
    assert gap is not None and leaderboard.text(gap) == "missing" and leaderboard.text(None) == "missing"
    assert board.done == board.planned - 4  # of both corpora, and of each on the other
    ranks = board.rankings["linear", ""]
    assert ranks.upstreams[0] == "good"
    assert ranks.left_out == ("gender (one) (no fair)", "gender (two) (no fair)")
    assert set(board.rankings["linear", "short"].tasks) == {"emotion (one)", "emotion (two)"}
    rows = list(csv.DictReader(board.csv().splitlines()))
    row = next(r for r in rows if (r["task"], r["corpus"], r["upstream"], r["control"], r["test_corpus"])
               == ("gender", "one", "fair", "", ""))
    assert row["value"] == row["uar"] == "" and row["missing"].startswith("fold 2, seed 1: InputError")
    assert len(rows) == len(board.scores) == 3 * 4 * 5
    data = board.data()
    assert next(s for s in data["scores"] if s["missing"])["task"] == "gender"
    assert not [p for p in data["pairs"] if p["task"] == "gender" and "fair" in (p["a"], p["b"])]


def test_latex_and_markdown(exp: Path) -> None:
    board = leaderboard.Board.read(exp, samples=50)
    text = board.latex()
    assert text.count(r" \\") == 2 + len(SKILL) and text.count(r"\textbf") == 6
    assert r"\& " not in text and r"\&" in text and text.count("{") == text.count("}")
    line = next(x for x in text.splitlines() if x.startswith("fair"))
    assert line.count("&") == 6 and line.count("--") == 2
    titles = [s.title for s in board.sections()]
    assert titles[1:4] == ["Scores, probe linear", "Ranks, probe linear",
                           "Control: labels of training shuffled"]
    assert titles[-1] == "Missing" and sum(t.startswith("Across corpora") for t in titles) == 12


def test_layer_weights_are_told(exp: Path) -> None:
    board = leaderboard.Board.read(exp, samples=50)
    told = [s for s in board.sections() if isinstance(s, report.Table) and s.title == "Layer weights"]
    want = sum(len(s.weights) > 1 and not s.control and not s.test_corpus for s in board.scores)
    assert want and [len(t.rows) for t in told] == [want]
    for table in told:
        assert all(abs(sum(map(float, row[-1].split(", "))) - 1) < 0.05 for row in table.rows)


def test_a_formula_is_text_in_a_spreadsheet() -> None:
    assert leaderboard._cell("=1+1") == "'=1+1" and leaderboard._cell(-0.5) == "-0.5"


def test_without_results(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run the sweep first"):
        leaderboard.write(tmp_path)


def test_nothing_there_at_all(make_experiment: Make) -> None:
    gaps = [("gender", "weak", fold, seed) for fold in range(3) for seed in range(2)]
    exp = make_experiment({"weak": 0.5}, tasks=("gender",), gaps=gaps)
    pytest.importorskip("jinja2")
    leaderboard.write(exp, samples=20)
    assert "| weak | missing |" in (exp / "RESULTS.md").read_text(encoding="utf-8")
    assert statistics.scores(exp)[0].metric == ""


SCRIPT = """<script>
const said = [], rows = () => [...document.querySelectorAll("#main tbody th")].map(x => x.textContent);
said.push(rows().length);
document.querySelectorAll("#main thead button")[0].click();
said.push(rows()[0]);
$("find").value = "GOOD"; $("find").dispatchEvent(new Event("input"));
said.push(rows().length);
$("find").value = ""; $("find").dispatchEvent(new Event("input"));
document.querySelectorAll("#terms input")[1].click();
said.push(document.querySelectorAll("#main thead th").length);
said.push(document.querySelectorAll("#cd svg, #pareto svg, #forest svg").length);
said.push(document.querySelectorAll("#main td.gap").length);
document.body.replaceChildren(JSON.stringify(said));
</script></body>"""


@pytest.mark.slow
def test_in_a_browser(exp: Path, tmp_path: Path) -> None:
    """The script runs without an error: it sorts, filters and draws."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium")
    page = leaderboard.write(exp, samples=50)[3]
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", SCRIPT), encoding="utf-8")
    done = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                           f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
                          capture_output=True, text=True, timeout=120, check=True)
    said = json.loads(re.search(r"<body>(\[.*?\])", done.stdout, re.S)[1])  # type: ignore[index]
    # 4 upstreams; by name "<b ..." is first; one is "good"; 4 columns and emotion's two when long is off
    assert said == [4, EVIL.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), 1, 6, 3, 0]


def mend(exp: Path, name: str, change: Callable[[dict], dict]) -> None:
    records.write_lines(exp / name, [change(line) for line in records.lines(exp / name)])


def test_the_diagonal_is_on_the_classes_of_the_other_cells(make_experiment: Make) -> None:
    """A corpus' own score on more classes is not put beside the cells across corpora."""
    exp = make_experiment({"good": 0.9}, tasks=("emotion",), cross=True,
                          cls=lambda k: ["Anger", "sad", "happy", "calm"])
    one, other = (statistics.cross_corpus(statistics.scores(exp, samples=20)).popitem()[1] for _ in "ab")
    assert set(one) == {(a, b) for a in ("one", "two") for b in ("one", "two")} == set(other)

    def fewer(cell: dict) -> dict:  # across corpora, "calm" is not shared
        return cell | {"classes": ["anger", "sadness", "happiness"]} if cell["test_corpus"] else cell

    mend(exp, records.RESULTS, fewer)
    for path in (exp / "predictions").iterdir():
        mend(exp, f"predictions/{path.name}",
             lambda line: {**line, "truth": line["truth"] % 3, "predicted": line["predicted"] % 3})
    board = leaderboard.Board.read(exp, samples=20)
    table = statistics.cross_corpus(board.scores).popitem()[1]
    assert set(table) == {("one", "two"), ("two", "one")}
    section = next(s for s in board.sections() if s.title.startswith("Across corpora"))
    assert isinstance(section, report.Table)
    assert section.rows[0][1] == "missing" and section.rows[0][2].endswith(", 3 classes")
    assert "3 classes: anger, sadness, happiness." in section.note
    assert "Classes of one that are not in all corpora: calm." in section.note
    assert board.data()["cross"][0]["rows"][0][0] is None


def test_an_incomplete_corpus_is_in_the_heading(make_experiment: Make) -> None:
    pytest.importorskip("jinja2")
    exp = make_experiment({"good": 0.9}, tasks=("gender",))
    paths = leaderboard.write(exp, samples=20)
    assert "incomplete)" not in paths[0].read_text(encoding="utf-8")
    mend(exp, records.RESULTS, lambda cell: cell | {"gaps": ["male: 3 of 10 utterances"],
                                                    "protocol": "speaker-3fold (incomplete)"})
    records.write_lines(exp / records.NOTES, [{"note": "gender on one: incomplete"}])
    for path in leaderboard.write(exp, samples=20):
        text = path.read_text(encoding="utf-8")
        assert "incomplete" in text or path.suffix == ".tex"
    text = paths[0].read_text(encoding="utf-8")
    assert text.startswith("# ParaLBench (incomplete corpora)") and "gender (one, incomplete), UAR" in text
    assert "gender on one: incomplete" in text


def test_a_corpus_that_an_upstream_has_seen_is_marked_and_in_no_rank(make_experiment: Make) -> None:
    pytest.importorskip("jinja2")
    exp = make_experiment({"weak": 0.2, "good": 0.9}, tasks=("gender", "emotion"))
    mend(exp, records.RESULTS, lambda cell: cell | {
        "seen": (cell["task"], cell["upstream"]) == ("gender", "good")})
    board = leaderboard.Board.read(exp, samples=20)
    told = {(s.task, s.upstream): leaderboard.text(s) for s in board.scores}
    assert [place for place, text in told.items() if "*" in text] == [("gender", "good")]
    ranks = board.rankings["linear", ""]
    assert ranks.tasks == ("emotion (one)",) and ranks.left_out == ("gender (one) (no good)",)
    assert board._best(("gender", "one"), "linear") == "weak" != board._best(("emotion", "one"), "linear")
    for path in leaderboard.write(exp, samples=20):
        text = path.read_text(encoding="utf-8")
        assert "The upstream says that it was trained" in text or path.suffix in (".csv", ".tex")


def test_folds_run_of_folds_planned_and_no_nan(make_experiment: Make) -> None:
    pytest.importorskip("jinja2")
    gaps = [("gender", "weak", fold, seed) for fold in (1, 2) for seed in (0, 1)]
    exp = make_experiment({"weak": 0.5, "good": 0.9}, tasks=("gender",), gaps=gaps)
    for path in leaderboard.write(exp, samples=20):
        assert not re.search(r"\bnan\b", path.read_text(encoding="utf-8"), re.I)
    assert "1 of 3" in (exp / "RESULTS.md").read_text(encoding="utf-8")
    weak, good = sorted(statistics.scores(exp, samples=20), key=lambda s: s.folds)
    assert (weak.folds, weak.folds_planned, good.folds, good.folds_planned) == (1, 3, 3, 3)
