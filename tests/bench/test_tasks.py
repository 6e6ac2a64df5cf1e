"""The task files: thirteen of them, each complete and bound to a corpus that is generated."""

from __future__ import annotations

from pathlib import Path

import pytest

from avspeech.bench import tasks
from avspeech.errors import InputError

THIRTEEN = {"emotion", "arousal", "valence", "dominance", "sentiment", "sarcasm", "cold", "stutter",
            "depression", "gender", "age", "accent", "dialect"}


def test_the_thirteen() -> None:
    assert set(tasks.names()) == THIRTEEN
    terms = {tasks.load(name).term for name in tasks.names()}
    assert terms == {"short", "medium", "long"}


@pytest.mark.parametrize("name", sorted(THIRTEEN))
def test_each_is_complete(name: str) -> None:
    task = tasks.load(name)
    assert task.about.endswith(".")
    assert "mini_traits" in task.corpora


@pytest.mark.parametrize(("text", "message"), [
    ("name: t", "is missing"),
    ("name: u\nkind: regression\nterm: long\nmetrics: [mae]\ncorpora: {c: {label: a, protocol: official}}",
     "it should be that of the file"),
    ("name: t\nkind: regression\nterm: long\nmetrics: [uar]\ncorpora: {c: {label: a, protocol: official}}",
     "metrics of a regression task"),
    ("name: t\nkind: regression\nterm: long\nmetrics: [mae]\ncorpora: {}", "at least one corpus"),
    *((f"name: t\nkind: {kind}\nterm: long\nmetrics: [{metrics}]\n{rest}corpora: {{c: {{label: a, "
       f"protocol: official{binding}}}}}", message) for kind, metrics, rest, binding, message in [
        ("classification", "uar, uar", "", "", "a metric is given twice"),
        ("classification", "kappa", "", "", "among uar, war, wf1, not kappa"),
        ("classification", "uar", "classes: [a, b, a]\n", "", "two or more, each once"),
        ("classification", "uar", "", ", classes: [a]", "corpora.c: classes should be two or more"),
        ("classification", "uar", "", ", limits: [1, 5]", "limits are for regression"),
        ("classification", "uar", "classes: [a, b]\n", ", mapping: {x: a, y: c}", "mapping gives 'c'"),
        ("regression", "ccc", "classes: [a, b]\n", "", "has numbers, no classes"),
        ("regression", "ccc", "", ", mapping: {low: a}", "has numbers, no mapping"),
        ("regression", "ccc", "", ", limits: [5, 1]", "the lower and the higher, got 5 and 1"),
        ("ordinal", "uar", "", ", mapping: {a: low, b: high}", "ordinal task are needed, from low to high")]),
    ("name: t\nkind: guess\nterm: long\nmetrics: [mae]\ncorpora: {}", "'kind' should be"),
])
def test_a_bad_file_is_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        tasks.load("t", tmp_path)


def test_an_unknown_task() -> None:
    with pytest.raises(InputError, match="task 'mood': not known; known: accent, age"):
        tasks.load("mood")
