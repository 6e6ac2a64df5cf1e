"""Who is where: speakers in one part only, classes spread, labels that do not fit refused."""

from __future__ import annotations

import dataclasses
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.bench import folds as folding
from avspeech.bench import plan
from avspeech.bench.tasks import Binding, Task
from avspeech.data.labels import canonical
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError


def task(kind: str = "classification", **binding: object) -> Task:
    metrics = ("ccc",) if kind == "regression" else ("uar",)
    bound = Binding(**{"label": "x", "protocol": "speaker-4fold", **binding})  # type: ignore[arg-type]
    return Task("t", kind, "short", metrics, {"c": bound})  # type: ignore[arg-type]


def people(labels: list, each: int = 2) -> list[Utterance]:
    return [Utterance(f"u-{s:02}-{i}", "a.wav", 1.0, f"s{s:02}", labels={} if v is None else {"x": v})
            for s, v in enumerate(labels) for i in range(each)]


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=4, max_size=30).filter(
    lambda labels: len(set(labels)) > 1), st.integers(3, 6))
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
    ({"protocol": "official"}, ["a", "b"] * 2, "has split None"),
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


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_null_label_is_no_class(blank: str | None) -> None:
    """As where the key is absent: left out and counted."""
    utterances = [dataclasses.replace(u, labels={"x": blank}) if i < 3 else u
                  for i, u in enumerate(people(["a", "b", "a", "b", "a", "b"], each=4))]
    absent = [dataclasses.replace(u, labels={}) if i < 3 else u for i, u in enumerate(utterances)]
    found = folding.resolve(task(), "c", utterances)
    assert found.classes == ("a", "b") and found.unlabelled == 3
    assert found == folding.resolve(task(), "c", absent)


def test_an_id_that_occurs_twice() -> None:
    rows = people(["a", "b", "a", "b"])
    with pytest.raises(InputError, match="id 'u-00-0' occurs twice"):
        folding.resolve(task(), "c", [*rows, rows[0]])


# As the protocols of the published corpora have them
RAVDESS = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
EMODB = ["anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness"]
IEMOCAP = ["angry", "happy", "neutral", "sad"]
SIX = {"neutral", "happiness", "sadness", "anger", "fear", "disgust"}
FOUR = {"anger", "happiness", "neutral", "sadness"}


def corpus(name: str, classes: list[str]) -> folding.Folds:
    """Four speakers of each class, each of whom says every class once."""
    rows = [Utterance(f"{name}-{s}-{c}", "a.wav", 1.0, f"{name}-{s}", labels={"x": c})
            for s in range(4) for c in classes]
    spec = Task("emotion", "classification", "short", ("uar",), {name: Binding("x", "speaker-4fold")},
                cross=True)
    return folding.resolve(spec, name, rows)


@pytest.mark.parametrize(("one", "other", "names"), [
    (RAVDESS, EMODB, SIX), (EMODB, RAVDESS, SIX), (IEMOCAP, EMODB, FOUR), (EMODB, IEMOCAP, FOUR),
    (["Anger", "sad"], ["\u00c4rger", "Trauer"], {"anger", "sadness"})])
def test_classes_are_matched_by_name_and_not_by_spelling(one: list[str], other: list[str],
                                                         names: set[str]) -> None:
    a, b = corpus("a", one), corpus("b", other)
    both = folding.across(a, b)
    assert both is not None and set(both.classes) == names
    for fold in both.folds:
        assert {both.sources[i] for i in fold.train + fold.dev} == {"a"}
        assert len(fold.test) == 4 * len(names) and {both.sources[i] for i in fold.test} == {"b"}
    for i, (name, own) in enumerate(zip(both.ids, both.sources)):
        label = name.split("-")[2]
        assert canonical(label) == both.classes[int(both.targets[i])], own


def test_a_matrix_is_on_the_same_classes_in_every_cell() -> None:
    members = [corpus("ravdess", RAVDESS), corpus("emodb", EMODB), corpus("iemocap", IEMOCAP)]
    made = plan.Plan([], {}, {("emotion", f.corpus, ""): f for f in members}, {})
    plan._cross(made, "emotion")
    cells = {place: folds for place, folds in made.folds.items() if place[2]}
    # IEMOCAP's own result is on these classes already
    assert len(cells) == 8 and ("emotion", "iemocap", "iemocap") not in cells
    assert {frozenset(folds.classes) for folds in cells.values()} == {frozenset(FOUR)}
    assert len({folds.classes for folds in cells.values()}) == 1  # in one order
    within = cells["emotion", "ravdess", "ravdess"]
    assert [len(f.test) for f in within.folds] == [4] * 4 and set(within.groups) == set(members[0].groups)
    text = "\n".join(made.notes)
    assert "4 classes that all have: anger, happiness, neutral, sadness" in text
    assert "classes of ravdess that are not in all corpora: calm, disgust, fearful, surprised" in text
    assert "classes of emodb that are not in all corpora: boredom, disgust, fear" in text


def test_a_corpus_that_shares_nothing_is_left_out_and_named() -> None:
    members = [corpus("a", ["x1", "x2"]), corpus("b", EMODB), corpus("c", IEMOCAP)]
    made = plan.Plan([], {}, {("emotion", f.corpus, ""): f for f in members}, {})
    plan._cross(made, "emotion")
    assert {place[1] for place in made.folds if place[2]} == {"b", "c"}
    assert any("a is left out; it shares fewer than two classes" in note for note in made.notes)


def mini(speakers: int = 8, each: int = 8) -> list[Utterance]:
    names = ("angry", "fearful", "happy", "neutral", "sad")
    rows = []
    for s in range(speakers):
        for i in range(5 * each):
            rows.append(Utterance(f"m-{s}-{i:02}", f"{s}-{i}.wav", 1.0, f"mini_emotion-{s:02}",
                                  text=f"sentence {s} {i}", labels={"emotion": names[i % 5]}))
    return rows


def test_an_incomplete_corpus_leaves_its_trace() -> None:
    spec = Task("emotion", "classification", "short", ("uar",),
                {"mini_emotion": Binding("emotion", "mini_emotion")})
    whole = folding.resolve(spec, "mini_emotion", mini())
    assert whole.gaps == () and whole == folding.resolve(spec, "mini_emotion", mini(), incomplete=True)
    with pytest.raises(InputError, match="does not hold what the protocol counts"):
        folding.resolve(spec, "mini_emotion", mini()[1:])
    part = folding.resolve(spec, "mini_emotion", mini()[1:], incomplete=True)
    assert part.protocol == "mini_emotion (incomplete)" and part.protocol_hash != whole.protocol_hash
    assert any("angry" in line for line in part.gaps)
    assert any("incomplete, not comparable" in note for note in plan._notes(part))
    unknown = folding.resolve(task(), "c", people(["a", "b", "a", "b"]), incomplete=True)
    assert unknown.gaps and "states no counts" in unknown.gaps[0]
    sound = folding.resolve(task(), "c", people(["a", "b", "a", "b"]), incomplete=True, problems=[])
    assert sound.gaps == ()
    cut = folding.resolve(spec, "mini_emotion", mini(), incomplete=True, problems=["every clip was cut"])
    assert cut.gaps == ("every clip was cut",) and cut.protocol_hash != whole.protocol_hash


@given(st.lists(st.integers(1, 9), min_size=4, max_size=12), st.integers(1, 60), st.randoms())
def test_a_draw_is_even_by_speaker_and_of_the_ids_alone(each: list[int], most: int,
                                                        random: Random) -> None:
    utterances = [Utterance(f"u-{s}-{i}", "a.wav", 1.0, f"s{s}")
                  for s, n in enumerate(each) for i in range(n)]
    kept = plan.drawn(utterances, most)
    assert len(kept) == min(most, len(utterances))
    got = [sum(f"u-{s}-{i}" in kept for i in range(n)) for s, n in enumerate(each)]
    for mine, n in zip(got, each):  # who has fewer than another has given all, or is one behind
        assert mine == n or mine >= max(got) - 1
    random.shuffle(utterances)
    assert plan.drawn(utterances, most) == kept <= plan.drawn(utterances, most + 5)
    assert plan.drawn(utterances, 0) == {u.id for u in utterances}


def test_fewer_utterances_keep_their_folds() -> None:
    whole = folding.resolve(task(), "c", people(["a", "b"] * 4, each=6))
    kept = set(whole.ids[::3])
    part = folding.few(whole, kept)
    assert set(part.ids) == kept and part.protocol_hash != whole.protocol_hash
    assert part.gaps == ("16 of 48 utterances, drawn evenly by speaker (most)",)
    for one, other in zip(whole.folds, part.folds):
        for name in folding.PARTS:
            assert ({whole.ids[i] for i in getattr(one, name)} & kept
                    == {part.ids[i] for i in getattr(other, name)})
    for i in kept:
        assert part.targets[part.ids.index(i)] == whole.targets[whole.ids.index(i)]
    assert folding.few(whole, set(whole.ids)) is whole
    with pytest.raises(InputError, match="no utterance in"):
        folding.few(whole, set(whole.ids[:6]))


@pytest.mark.parametrize("labels", [[1, 2, 10], ["1", "2", "10"], [10.0, 2.0, 1.0]])
def test_numbers_of_an_ordinal_task_are_in_their_order(labels: list) -> None:
    """Before, 10 came before 2, so that errors of one step were of two."""
    found = folding.resolve(task("ordinal"), "c", people(labels * 2))
    assert found.classes == ("1", "2", "10")


def test_words_of_an_ordinal_task_have_no_order_of_their_own() -> None:
    """Before, they were sorted: high, low, medium."""
    with pytest.raises(InputError, match="classes of an ordinal task are needed, .* are high, low, medium"):
        folding.resolve(task("ordinal"), "c", people(["low", "medium", "high"] * 2))


def test_a_whole_number_is_one_class_however_it_is_written() -> None:
    found = folding.resolve(task(), "c", people([1, 1.0, 2.0, "2"] * 2))
    assert found.classes == ("1", "2") and not found.notes
    mapped = folding.resolve(task(mapping={"1": "low", "2": "high"}), "c", people([1.0, 2.0] * 2))
    assert mapped.classes == ("high", "low") and not mapped.unlabelled


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_one_value_is_nothing_to_tell_apart(kind: str) -> None:
    with pytest.raises(InputError, match="have x = 3; nothing to tell apart"):
        folding.resolve(task(kind), "c", people([3] * 6))


def test_what_may_be_meant_otherwise_is_told() -> None:
    rows = people(["Happy", "happy", "sad", "angry"] * 2)
    rows = [dataclasses.replace(u, speaker=u.speaker.replace("s07", "S7").replace("s06", "s7")) for u in rows]
    found = folding.resolve(task(), "c", rows)
    assert any("classes that may be one, in two spellings: Happy = happy" in note for note in found.notes)
    assert any("speakers that may be one, in two spellings: S7 = s7" in note for note in found.notes)
    stated = folding.resolve(task(classes=("happy", "sad")), "c", rows)
    assert any("values of 'x' are no class or off the limits: Happy (4), angry (4)" in n
               for n in stated.notes)
    bounded = folding.resolve(task("regression", limits=(1.0, 5.0)), "c", people([1, 2, 3, 99] * 2))
    assert any("off the limits: 99 (" in note for note in bounded.notes)


def test_a_class_that_is_two_others_is_told() -> None:
    words = ("glad", "sad", "glad;sad")
    rows = [Utterance(f"{s}-{k}", "a.wav", 1.0, f"s{s}", labels={"mood": words[k]})
            for s in range(6) for k in range(3)]
    task = Task("mood", "classification", "short", ("uar",), {"c": Binding("mood", "speaker-3fold")})
    notes = folding.resolve(task, "c", rows).notes
    assert any("classes that are several of the others: glad;sad" in note for note in notes)
