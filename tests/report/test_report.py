from __future__ import annotations

import base64
import io
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from avspeech.errors import InputError
from avspeech.report import figures, report

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

VOID = {"meta", "img", "br", "link", "hr", "input"}


def row(system, condition, seed, value, n=50):
    return {"system": system, "condition": condition, "seed": seed, "n": n, "si_sdri": value}


ROWS = [
    row("mixture", "front", None, 0.0), row("mixture", "left_60", None, 0.0),
    row("mvtf", "front", 0, 9.0), row("mvtf", "front", 1, 11.0), row("mvtf", "left_60", 0, 8.0),
    row("mvtf", "left_60", 1, None), row("blind", "front", 0, 1.0), row("blind", "front", 1, 2.0),
]


def test_results_round_trip_and_merge(tmp_path):
    meta = {"command": "run.sh", "commit": "abc", "config": {"lr": 1}}
    report.write_results(tmp_path / "results" / "a.json", [row("x", "front", 0, np.float32(1.5))], meta)
    meta["commit"] = "def"
    report.write_results(tmp_path / "results" / "b.json", [row("x", "front", 1, float("nan"))], meta)
    rows, merged = report.read_results(tmp_path)
    assert [r["si_sdri"] for r in rows] == [1.5, None]
    assert merged == {"command": "run.sh", "commit": "abc; def", "config": '{"lr": 1}'}
    assert report.read_results(tmp_path / "results" / "a.json")[0] == rows[:1]


@pytest.mark.parametrize("content", ["", "[]", '{"rows": 3}', '{"rows": [1]}'])
def test_a_file_that_is_no_result_is_named(tmp_path, content):
    (tmp_path / "odd.json").write_text(content)
    with pytest.raises(InputError, match="odd.json"):
        report.read_results(tmp_path)
    with pytest.raises(InputError, match="no result file"):
        report.read_results(tmp_path / "odd")


def test_aggregate_over_seeds():
    cells = report.aggregate(ROWS).cells
    assert cells["mvtf", "front"] == report.Cell(10.0, pytest.approx(math.sqrt(2)), 2, (), 50)
    assert cells["mixture", "front"].n == 1 and cells["mixture", "front"].missing == ()


def test_a_missing_seed_is_named_and_in_no_mean():
    summary = report.aggregate(ROWS)
    assert summary.cells["mvtf", "left_60"].mean == 8.0
    assert summary.cells["mvtf", "left_60"].missing == (1,)
    assert summary.missing() == ["mvtf / left_60: seed 1"]
    assert "(1/2)" in summary.table().rows[1][2]
    assert "seed 1" in summary.table().note


def test_what_had_nothing_to_measure_is_none_and_not_missing():
    rows = [{"system": s, "condition": "a", "seed": seed, "right": x}
            for s, values in {"one": ["none", "none"], "two": ["none", 4.0], "three": [None, "none"]}.items()
            for seed, x in enumerate(values)]
    summary = report.aggregate(rows, value="right")
    assert summary.missing() == ["three / a: seed 0"]
    assert [row[1] for row in summary.table(digits=1).rows] == ["none", "4.0", "missing"]


def test_expected_cells_that_never_came_are_missing():
    summary = report.aggregate(ROWS, expected=[("mvtf", "front"), ("fusion", "front")], seeds=[0, 1, 2])
    assert summary.cells["fusion", "front"].missing == (0, 1, 2)
    assert summary.cells["mvtf", "front"].missing == (2,)
    assert summary.table().rows[1] == ["fusion", report.GAP, ""]
    assert summary.names(0) == ["mvtf", "fusion", "mixture", "blind"]
    assert report.aggregate([], expected=[("a", "b")]).missing() == ["a / b: not there"]


def test_repeated_or_keyless_rows_are_refused():
    with pytest.raises(InputError, match="twice"):
        report.aggregate([*ROWS, ROWS[3]])
    with pytest.raises(InputError, match="'condition' is missing"):
        report.aggregate([{"system": "a", "seed": 0}])


def test_table_takes_any_number_of_keys_and_chosen_columns():
    summary = report.aggregate(ROWS, by=("system", "condition"))
    assert summary.table(columns=["left_60"]).header == ["system", "left_60"]
    only = report.aggregate([row("a", "x", 0, 1.0), row("b", "x", 0, 2.0)], by=("system",))
    assert (only.table().rows == [["a", "1.00"], ["b", "2.00"]]
            and only.table().header == ["system", "si_sdri"])


def sections(tmp_path):
    log = tmp_path / "log.jsonl"
    lines = [{"step": i, "loss": 1 / (i + 1)} for i in range(5)] + [{"step": 4, "valid": {"score": 2.0}}]
    lines += [{"step": 5, "event": "non-finite", "ids": ["u1"]}]
    log.write_text("\n".join(json.dumps(line) for line in lines) + '\n{"step": 6, "lo')
    summary = report.aggregate(ROWS)
    sound = np.sin(np.arange(8000) / 5)
    return [
        report.Text("One <script>alert(1)</script>.\n\nTwo | *stars*."),
        summary.table("SI-SDRi & more"),
        report.training_curves(log),
        report.Picture(np.zeros((4, 6, 3), np.uint8), "Sheet", 'a "caption"'),
        report.audio_section("Sounds", {"mixture": 2 * sound, "estimate": sound}, 16000,
                             {"estimate": "9 dB"}),
    ]


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href")]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def test_page_is_well_formed_needs_nothing_else_and_runs_no_script(tmp_path):
    report.write_html(tmp_path / "r.html", "A <b>title</b>", sections(tmp_path), {"command": "run.sh <x>"})
    text = (tmp_path / "r.html").read_text()
    page = Page(text)
    assert page.stack == [] and "script" not in page.tags and "b" not in page.tags
    assert all(re.match(r"data:(image|audio)/|#s\d", link) for link in page.links)
    assert page.tags.count("audio") == 2 and page.tags.count("img") == 4
    assert re.search("url\\(|@import|http",
                     re.sub(r'"data:[^"]*"', "", text).replace("http-equiv", "")) is None


def test_sounds_of_a_section_share_one_gain(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    report.write_html(tmp_path / "r.html", "t", sections(tmp_path))
    found = re.findall(r'data:audio/flac;base64,([^"]+)', (tmp_path / "r.html").read_text())
    loud, quiet = (soundfile.read(io.BytesIO(base64.b64decode(f)))[0] for f in found)
    assert np.abs(loud).max() == pytest.approx(0.999, abs=1e-3)
    assert loud == pytest.approx(2 * quiet, abs=1e-3)
    with pytest.raises(ValueError, match="estimate"):
        report.write_html(tmp_path / "r.html", "t",
                          [report.audio_section("", {"estimate": np.array([np.nan])})])


def test_the_same_results_give_the_same_bytes(tmp_path):
    for name in "ab":
        report.write_html(tmp_path / f"{name}.html", "t", sections(tmp_path))
        report.write_markdown(tmp_path / f"{name}.md", "t", sections(tmp_path))
    for kind in ("html", "md"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_markdown_has_meta_tables_and_what_is_missing(tmp_path):
    report.write_markdown(tmp_path / "R.md", "Title", sections(tmp_path),
                          {"command": "a `b`", "commit": "abc"})
    text = (tmp_path / "R.md").read_text()
    assert "- command: `` a `b` ``" in text and "- commit: `abc`" in text
    assert "| system | front | left_60 |" in text and "10.00 ± 1.41" in text
    assert "mvtf / left_60: seed 1" in text
    assert "\\<script\\>" in text and "Two \\| \\*stars\\*" in text
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {4}


def test_columns_of_numbers_stand_to_the_right():
    table = report.Table(["a", "b", "c"], [["1", "-2.5", "x"], ["2", None, "y"]])
    assert report._is_text(table) == [True, False, True]


def test_print_table(capsys):
    report.print_table(report.Table(["a [x]", "b"], [["[red]r", None]], "Title", "A note"))
    text = capsys.readouterr().out
    assert "[red]r" in text and report.GAP in text and "A note" in text and "a [x]" in text


def test_a_table_too_wide_for_the_terminal_is_turned(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    report.print_table(report.Table(["system", *(f"column{i}" for i in range(9))],
                                    [["mvtf", *range(100, 109)]]))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    assert any("column8" in line and "108" in line for line in lines)


def test_bad_pictures_and_logs_are_refused(tmp_path):
    for picture in (b"nothing", np.zeros((2, 2), np.float32)):
        with pytest.raises(ValueError):
            report.write_html(tmp_path / "r.html", "t", [report.Picture(picture)])
    (tmp_path / "log.jsonl").write_text('{"step": 1}\n')
    with pytest.raises(InputError, match="log.jsonl"):
        report.training_curves(tmp_path / "log.jsonl")


def test_spectrogram_shows_a_tone_at_its_frequency():
    from avspeech.report import figures

    rate, tone = 16000, 3000
    power = figures._power_db(np.sin(2 * np.pi * tone * np.arange(rate) / rate), rate)
    assert abs(power[len(power) // 2].argmax() * rate / 512 - tone) < 40
    assert figures.spectrogram_png(np.zeros(100), rate).startswith(b"\x89PNG")


def test_confusions_are_shares_of_the_true_class():
    from avspeech.report import figures

    picture = figures.confusion_svg(np.array([[3.0, 1.0], [0.0, 0.0]]), ["calm", "sad"])
    assert picture.startswith(b"<?xml") and picture == figures.confusion_svg(
        np.array([[6.0, 2.0], [0.0, 0.0]]), ["calm", "sad"])


def test_many_curves_of_training_are_told_apart(tmp_path: Path) -> None:
    logs = {}
    for number in range(10):
        logs[f"run {number}"] = log = tmp_path / f"{number}.jsonl"
        log.write_text("".join(json.dumps({"step": step, "loss": 1.0 / step}) + "\n" for step in (1, 2, 3)))
    picture = figures.training_svg(logs).decode()
    looks = re.findall(r'style="fill: none; (stroke[^"]*stroke-width: 1.4[^"]*)"', picture)
    assert len(looks) == 20 and len(set(looks)) == 10  # each once as a curve and once beside its name


def test_only_cells_of_tables_which_scroll_are_kept_from_breaking() -> None:
    """A long link in one line made the page wider than a phone's window."""
    folder = Path(report.__file__).parent / "templates"
    for name in ("report.html", "leaderboard.css"):
        rules = re.findall(r"([^{}\n]+)\{([^{}]*)\}", (folder / name).read_text(encoding="utf-8"))
        kept = [where.strip() for where, how in rules if "nowrap" in how]
        assert len(rules) > 10 and kept == ["th, td"]
