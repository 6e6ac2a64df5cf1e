"""Who is where: speakers in one part only, classes spread, labels that do not fit refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.bench import folds as folding
from avspeech.bench.tasks import Binding, Task
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError


def task(kind: str = "classification", **binding: object) -> Task:
    metrics = ("ccc",) if kind == "regression" else ("uar",)
    bound = Binding(**{"label": "x", "protocol": "speaker-4fold", **binding})  # type: ignore[arg-type]
    return Task("t", kind, "short", metrics, {"c": bound})  # type: ignore[arg-type]


def people(labels: list, each: int = 2) -> list[Utterance]:
    return [Utterance(f"u-{s:02}-{i}", "a.wav", 1.0, f"s{s:02}", labels={} if v is None else {"x": v})
            for s, v in enumerate(labels) for i in range(each)]


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=4, max_size=30), st.integers(3, 6))
def test_speaker_folds(labels: list[str], count: int) -> None:
    utterances = people(labels)
    found = folding.resolve(task(protocol=f"speaker-{count}fold"), "c", utterances)
    assert len(found.folds) == min(count, len(labels))
    tested = [i for f in found.folds for i in f.test]
    assert sorted(tested) == list(range(len(utterances)))
    for fold in found.folds:
        assert sorted(fold.train + fold.dev + fold.test) == list(range(len(utterances)))
        parts = [{found.groups[i] for i in part} for part in (fold.train, fold.dev, fold.test)]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    for number in range(len(found.classes)):  # dealt evenly
        each = [sum(found.targets[i] == number for i in f.test) for f in found.folds]
        assert max(each) - min(each) <= 4
    assert folding.resolve(task(protocol=f"speaker-{count}fold"), "c", utterances[::-1]) == found


def test_a_number_is_dealt_by_its_mean_and_kept_within_limits() -> None:
    found = folding.resolve(task("regression", limits=(0, 100)), "c", people([1, 2, 3, 4, 5, 6, 7, 999]))
    assert found.classes == () and found.unlabelled == 2
    assert set(found.targets) == set(range(1, 8))


def test_mapping_and_missing_labels_leave_out() -> None:
    binding = {"mapping": {"F": "female", "M": "male"}, "protocol": "speaker-3fold"}
    found = folding.resolve(task(**binding), "c", people(["F", "M", "F", "M", "?", None]))
    assert found.classes == ("female", "male") and len(found.ids) == 8 and found.unlabelled == 4


def test_published_protocols_are_used() -> None:
    emotions = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
    utterances = [Utterance(f"r-{a:02}-{e}-{i}", f"{a}{e}{i}.wav", 1.0, f"ravdess-{a:02}",
                            labels={"emotion": e, "statement": "1"})
                  for a in range(1, 25) for e in emotions for i in range(4 if e == "neutral" else 8)]
    found = folding.resolve(task(label="emotion", protocol="ravdess-6fold"), "c", utterances)
    assert found.classes == tuple(emotions) and len(found.folds) == 6
    tested = {found.groups[i] for i in found.folds[0].test}
    assert tested == {f"ravdess-{a}" for a in ("01", "11", "20", "21")}


def test_official() -> None:
    utterances = [Utterance(f"u{i}", "a.wav", 1.0, f"s{i}", labels={"x": "ab"[i % 2], "split": split})
                  for i, split in enumerate(["train", "train", "dev", "dev", "test", "test"])]
    fold, = folding.resolve(task(protocol="official"), "c", utterances).folds
    assert (fold.train, fold.dev, fold.test) == ((0, 1), (2, 3), (4, 5))
    shared = [Utterance(u.id, u.audio, 1.0, "one", labels=u.labels) for u in utterances]
    with pytest.raises(InputError, match="fold official has speaker one in train and dev"):
        folding.resolve(task(protocol="official"), "c", shared)


@pytest.mark.parametrize(("binding", "labels", "message"), [
    ({}, ["a", "b"], "2 speakers in 4 folds"),
    ({}, [None, None], "none of 4 utterances has a label 'x'"),
    ({"protocol": "nonsense"}, ["a"] * 4, "protocol 'nonsense': not known"),
    ({"protocol": "official"}, ["a"] * 4, "has split None"),
    ({"mapping": {"a": "A"}, "classes": ("B",)}, ["a"] * 4, "no class"),
])
def test_what_does_not_fit_is_told(binding: dict, labels: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        folding.resolve(task(**binding), "c", people(labels))


def test_text_where_a_number_is_expected() -> None:
    with pytest.raises(InputError, match="a number is expected"):
        folding.resolve(task("regression"), "c", people(["old"] * 4))


def test_across_corpora_only_shared_classes_count() -> None:
    one = folding.resolve(task(), "c", people(["a", "b", "c", "a", "b", "c", "a", "b"]))
    other = folding.resolve(task(), "c", people(["b", "a", "d", "b", "a", "d"]))
    both = folding.across(one, other)
    assert both is not None and both.classes == ("a", "b")
    for fold in both.folds:
        assert {both.targets[i] for i in fold.test} == {0.0, 1.0}
        assert len(fold.test) == 8 and not set(fold.test) & set(fold.train + fold.dev)
    assert folding.across(one, folding.resolve(task(), "c", people(["d", "e", "d", "e"]))) is None
