"""Protocols: the same hash for the same folds, counts that are checked, and every kind of leak
refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.data import corpora, protocol
from avspeech.data.manifest import Utterance
from avspeech.data.protocol import Fold, Protocol
from avspeech.errors import InputError

# A protocol is what numbers are held against: a change of any of these is another experiment, with
# another name.
HASHES = {
    "ravdess-6fold": "e92672e424a6", "iemocap-5fold": "913dcfadcc14", "emodb-loso": "aaae2a5cd916",
    "crema_d-5fold": "cf6da400e34e", "m3ed": "4c596dc709d1", "daic_woz": "7fc10d31fc2a",
    "daic_woz-phq8": "83ea533f64d4", "nemo-loso": "089fdf7636e2", "mini_emotion": "a080b0abf9bc",
    "emogator-5fold": "369beed1396f", "crema_d-5fold-7441": "351c8f44fd24",
    "emodb-2.0": "e981cc436573", "ased-5fold": "a5abb5fb73b9", "urdu-5fold": "31b6fa284225",
    "turev-loso": "26b8a29bac00", "emovo-loso": "205cba74786e", "baved-5fold-59": "e1250cd941b6",
    "many-left-out": "2a66fcc2fefe", "many-6fold": "5ba44be9195d", "own_emotion-held-out": "060006411584",
}
# The folds of EmoBox, by actor.
EMOBOX = ("01 11 20 21", "04 10 12 14", "08 09 19 23", "03 05 07 24", "02 15 16 18", "06 13 17 22")


def small(**changes: object) -> Protocol:
    """Three speakers, two classes, each speaker tested once."""
    fields = dict(name="small", corpus="none", label="emotion", kind="classification",
                  classes=("sad", "happy"), mapping={"sad": "sad", "happy": "happy",
                                                     "excited": "happy"},
                  group="speaker",
                  folds=(Fold("1", ("a",), ("b",)), Fold("2", ("b",), ("c",)), Fold("3", ("c",),
                                                                                    ("a",))),
                  counts={"sad": 3, "happy": 3})
    return Protocol(**{**fields, **changes})  # type: ignore[arg-type]


def utterances() -> list[Utterance]:
    """One sad and one excited utterance of each speaker, and one that the protocol leaves out."""
    made = [Utterance(f"{who}-{mood}", f"{who}-{mood}.wav", 1.0, who, text=f"{who} says {mood}",
                      labels={"emotion": mood})
            for who in "abc" for mood in ("sad", "excited", "bored")]
    return made + [Utterance("none", "none.wav", 1.0, "a")]


def test_hashes_stand() -> None:
    assert {p.name: p.hash for p in protocol.known().values()} == HASHES


@pytest.mark.parametrize("change", [
    {"classes": ("happy", "sad")}, {"mapping": {"sad": "sad"}}, {"group": "session"},
    {"counts": {}}, {"folds": (Fold("1", ("a",), ("c",)),)}, {"unit": "speaker"},
    {"sentence": "text"}, {"kind": "ordinal"}])
def test_the_hash_covers_what_decides(change: dict) -> None:
    assert small(**change).hash != small().hash
    assert dataclasses.replace(small(), source="another sentence").hash == small().hash


@pytest.mark.parametrize("p", [p for p in protocol.known().values()
                               if p.folds != protocol.FROM_WHAT_IS_THERE], ids=lambda p: p.name)
def test_protocols_are_sound(p: Protocol) -> None:
    """Every group is tested at most once, never with itself as development; its corpus is there."""
    assert p.corpus in corpora.CORPORA and p.name == protocol.get(p.name).name
    tested = [group for fold in p.folds for group in fold.test]
    assert len(tested) == len(set(tested)) and len({f.name for f in p.folds}) == len(p.folds)
    for fold in p.folds:
        assert fold.test and fold.dev and not set(fold.test) & set(fold.dev)
        if p.group != "split":
            assert set(tested) - set(fold.test) - set(fold.dev), "nobody left to train on"
            assert set(fold.dev) <= set(tested)
    assert set(p.mapping.values()) == set(p.classes)
    assert set(p.counts) in (set(p.classes or ("utterances",)), {"utterances"})


def test_only_the_corpus_of_a_protocol_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    real, read = corpora.get, []
    monkeypatch.setattr(corpora, "get", lambda name: read.append(name) or real(name))
    assert protocol.get("emodb-2.0").corpus == "emodb" and read == ["emodb"]
    monkeypatch.setattr(protocol, "known", lambda: {})
    for name in ("os", "os-path", "emodb2", "", "-"):
        with pytest.raises(InputError, match="not known"):
            protocol.get(name)


def test_folds_of_ravdess() -> None:
    folds = protocol.get("ravdess-6fold").folds
    assert [" ".join(a[-2:] for a in fold.test) for fold in folds] == list(EMOBOX)
    for fold in folds:
        assert sorted(int(a[-2:]) % 2 for a in fold.dev) == [0, 0, 1, 1]  # two women, two men


def test_published_totals() -> None:
    totals = {p.name: sum(p.counts.values()) for p in protocol.known().values()}
    assert totals["iemocap-5fold"] == 5531 and totals["emodb-loso"] == 535 and totals["crema_d-5fold"] == 7442
    assert totals["m3ed"] == 24449 and totals["nemo-loso"] == 4481 and totals["daic_woz"] == 189
    assert totals["emogator-5fold"] == 32130
    assert totals["crema_d-5fold-7441"] == 7441 and totals["emodb-2.0"] == 816


def test_splits() -> None:
    splits = small().splits(utterances())
    assert [s.name for s in splits] == ["1", "2", "3"]
    assert [[u.id for u in part] for part in (splits[0].train, splits[0].dev, splits[0].test)] == [
        ["c-sad", "c-excited"], ["b-sad", "b-excited"], ["a-sad", "a-excited"]]
    assert [small().target(u) for u in splits[0].test] == [0, 1]
    with pytest.raises(InputError, match="none: label emotion is None, which small leaves out"):
        small().target(utterances()[-1])


def test_counts_are_checked() -> None:
    some = [u for u in utterances() if u.id != "b-sad"]
    with pytest.raises(InputError,
                       match="sad: 2 of 3 utterances.*prepare none from the whole corpus"):
        small().splits(some)
    assert len(small().splits(some, incomplete=True)) == 3
    none_of_c = [u for u in utterances() if u.speaker != "c"]
    assert "1 speakers without an utterance: c" in small().missing(none_of_c)
    with pytest.raises(InputError, match="1: train would be empty"):
        small().splits(none_of_c, incomplete=True)


def test_part_of_a_corpus_is_another_protocol() -> None:
    """incomplete=true: the same name, but a hash of its own, and what is missing is said."""
    whole, some = utterances(), [u for u in utterances() if u.id != "b-sad"]
    other = [u for u in utterances() if u.id != "a-sad"]
    assert small().as_found(whole) == small() and small().title == "small"
    found = small().as_found(some)
    assert found.name == "small" and found.title == "small, incomplete (sad: 2 of 3 utterances)"
    assert len({p.hash for p in (small(), found, small().as_found(other))}) == 3
    assert found.hash == small().as_found(some[::-1]).hash
    assert [s.name for s in found.splits(some, incomplete=True)] == ["1", "2", "3"]
    more = [*whole, Utterance("d-sad", "d.wav", 1.0, "a", labels={"emotion": "sad"})]
    assert small().as_found(more).hash != small().hash  # more than the protocol counts is another corpus too


def test_speakers_are_dealt_without_a_protocol_of_their_own() -> None:
    """As many speakers of each class in each fold; who falls where hangs on the speakers alone."""
    made = [Utterance(f"{s}-{k}", f"{s}-{k}.wav", 1.0, f"s{s}", labels={"mood": "ab"[s % 2]})
            for s in range(12) for k in range(3)]
    p = protocol.speakers_nfold("none", "mood", 3, made)
    assert (p.name, p.classes, p.counts) == ("speaker-3fold", ("a", "b"), {"a": 18, "b": 18})
    for split in p.splits(made):
        assert [len(part) for part in (split.train, split.dev, split.test)] == [12, 12, 12]
        assert sum(u.labels["mood"] == "a" for u in split.test) == 6
    assert protocol.speakers_nfold("none", "mood", 3, made[::-1]).hash == p.hash
    assert len(protocol.speakers_nfold("none", "mood", 50, made).folds) == 12
    with pytest.raises(InputError, match="2 speakers in 3 folds; .*at least 3 of both"):
        protocol.speakers_nfold("none", "mood", 3, made[:6])
    with pytest.raises(InputError, match="none of 36 utterances has a label 'age'"):
        protocol.speakers_nfold("none", "age", 3, made)


def test_units_are_counted_and_kept_together() -> None:
    p = small(unit="who", counts={"sad": 2})
    made = [dataclasses.replace(u, labels={**u.labels, "who": "anna" if u.speaker == "a"
                                           else "ben"})
            for u in utterances() if u.labels.get("emotion") == "sad"]
    assert p.missing(made) == []
    with pytest.raises(InputError, match="leak: 1 units of train are in dev: ben"):
        p.splits(made)


def test_regression() -> None:
    p = small(kind="regression", classes=(), mapping={}, label="score", counts={"utterances": 3})
    made = [Utterance(f"u{k}", f"{k}.wav", 1.0, who, labels={"score": 2 * k}) for k, who
            in enumerate("abc")]
    assert [p.target(u) for s in p.splits(made) for u in s.test] == [0.0, 2.0, 4.0]


def refused(made: list[Utterance], what: str, root: Path | None = None, **changes: object) -> None:
    with pytest.raises(InputError, match=what) as error:
        small(**{"counts": {}, **changes}).splits(made, root)
    assert "\n" not in str(error.value)


def test_an_id_that_stands_twice_is_refused() -> None:
    made = utterances()
    made.append(dataclasses.replace(made[0], speaker="b"))
    refused(made, "1 ids occur twice: a-sad")


def test_a_speaker_in_two_parts_is_refused() -> None:
    """By session the folds are apart, but somebody spoke in two sessions."""
    made = [dataclasses.replace(u, labels={**u.labels, "session": u.speaker}) for u
            in utterances()[:-1]]
    assert small(group="session").splits(made)
    made[0] = dataclasses.replace(made[0], speaker="c")
    refused(made, "1: leak: 1 speakers of train are in test: c", group="session")


def test_a_group_that_no_fold_names_is_refused() -> None:
    made = utterances()
    made[0] = dataclasses.replace(made[0], speaker="d")
    refused(made, "1 speakers are in no fold: d; expected a, b, c")
    refused(utterances(), "a-sad: no label 'session', by which small splits", group="session")
    refused(utterances(), "in both test and development: 1 .a.", folds=(Fold("1", ("a",),
                                                                          ("a", "b")),))


def test_a_sentence_of_the_test_is_refused_where_the_protocol_says_so() -> None:
    made = utterances()
    made[0] = dataclasses.replace(made[0], text="C  says SAD")
    assert small().splits(made)
    refused(made, "1: leak: 1 sentences of train are in test: c says sad", sentence="text")
    made[0] = dataclasses.replace(made[0], text=None)
    assert small(sentence="text").splits(made)


def test_twin_files_are_refused(tmp_path: Path) -> None:
    """The same content under two names; another content of the same size is no twin."""
    for number, u in enumerate(utterances()):
        (tmp_path / u.audio).write_bytes(bytes([number]) * 100)
    assert len(small().splits(utterances(), tmp_path)) == 3
    (tmp_path / "c-sad.wav").write_bytes((tmp_path / "a-excited.wav").read_bytes())
    refused(utterances(), "1: leak: 1 recordings of train are in test: c-sad = a-excited", tmp_path)
    assert small().splits(utterances())  # not looked at without the folder
    (tmp_path / "c-sad.wav").unlink()
    refused(utterances(), "c-sad.wav: cannot be read", tmp_path)


def test_parts_of_one_file_may_stand_apart_but_not_overlap() -> None:
    made = [dataclasses.replace(u, audio="all.wav", start=float(k)) for k, u
            in enumerate(utterances())]
    assert small().splits(made)
    made[3] = dataclasses.replace(made[3], start=1.5)  # of b, over a's second
    refused(made,
            "recordings of dev are in test: b-sad = a-sad|recordings of dev are in test: b-sad = a-exc")


@given(st.lists(st.tuples(st.sampled_from("xy"), st.integers(0, 20), st.integers(1, 5)),
                max_size=12))
def test_recordings_name_overlaps(spans: list[tuple[str, int, int]]) -> None:
    """Two utterances share a name if they overlap, and only within one file."""
    made = [Utterance(f"u{k}", f, float(d), "s", start=float(s)) for k, (f, s, d)
            in enumerate(spans)]
    names = protocol.recordings(made)
    for a in made:
        for b in made:
            overlap = a.audio == b.audio and a.start < b.start + b.duration and b.start < a.start + a.duration
            if overlap:
                assert names[a.id] == names[b.id]
            if a.audio != b.audio:
                assert names[a.id] != names[b.id]


def test_an_unknown_name() -> None:
    with pytest.raises(InputError, match="protocol 'ravdess': not known; known: .*ravdess-6fold"):
        protocol.get("ravdess")
