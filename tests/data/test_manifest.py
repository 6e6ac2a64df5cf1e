"""Manifests as other programs write them, and what has no place in one."""

from __future__ import annotations

import cProfile
import gc
import json
import pstats
from pathlib import Path

import pytest

from avspeech.data.manifest import (
    Utterance,
    read_manifest,
    resolve,
    utterance_from_dict,
    write_manifest,
)
from avspeech.errors import InputError

RECORD = {"id": "a", "audio": "a.wav", "duration": 1.0, "speaker": "s"}


def test_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(RECORD).encode() + b"\r\n")
    assert read_manifest(tmp_path / "m.jsonl") == [Utterance("a", "a.wav", 1.0, "s")]


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_a_line_end_ends_an_utterance(tmp_path: Path, separator: str) -> None:
    made = [Utterance("a", "a.wav", 1.0, "s", text=f"well{separator}now"), Utterance("b", "b.wav",
                                                                                     1.0, "s")]
    write_manifest(tmp_path / "m.jsonl", made)
    assert read_manifest(tmp_path / "m.jsonl") == made


@pytest.mark.parametrize("label", [None, "", "  ", float("nan")])
def test_a_null_label_is_one_that_is_not_there(label: object) -> None:
    """As a class of its own it would be one called "None" or "nan"."""
    found = utterance_from_dict({**RECORD, "labels": {"emotion": label, "sex": "female"}})
    assert found.labels == {"sex": "female"}


@pytest.mark.parametrize("label", ["None", "nan", "NULL", "N/A", " na "])
def test_a_text_that_spells_nothing_is_no_class(label: str) -> None:
    """Where all that has no label becomes a class, it is learned and tested as one."""
    with pytest.raises(InputError, match=f"line 3: label 'emotion' is the text '{label.strip()}'.*leave"):
        utterance_from_dict({**RECORD, "labels": {"emotion": label}}, "line 3")
    kept = utterance_from_dict({**RECORD, "text": label, "labels": {"split": label}})
    assert kept.labels == {"split": label}  # a part that is out of all


@pytest.mark.parametrize("name", ["nan", "None", " null "])
def test_those_whose_name_is_not_known_are_not_one_speaker(name: str) -> None:
    with pytest.raises(InputError, match=f"line 3: the speaker '{name.strip()}', who would"):
        utterance_from_dict({**RECORD, "speaker": name}, "line 3")
    assert utterance_from_dict({**RECORD, "speaker": "NA"}).speaker == "NA"  # initials


def test_what_no_program_can_hold_is_one_line(tmp_path: Path) -> None:
    for content in ("[" * 100_000, '{"id": ' * 50_000, '{"duration": ' + "9" * 10_000 + "}"):
        (tmp_path / "m.jsonl").write_text(content + "\n")
        with pytest.raises(InputError, match="m.jsonl:1: "):
            read_manifest(tmp_path / "m.jsonl")


@pytest.mark.parametrize("change", [
    {"duration": 0}, {"duration": "NaN"}, {"duration": "Infinity"}, {"start": -1}, {"start": "NaN"},
    {"start": "Infinity"}, {"views": [{"video": "v.mp4", "start": "NaN"}]}])
def test_times_are_numbers(tmp_path: Path, change: dict) -> None:
    text = json.dumps({**RECORD, **change}).replace('"NaN"', "NaN").replace('"Infinity"',
                                                                            "Infinity")
    (tmp_path / "m.jsonl").write_text(text + "\n")
    with pytest.raises(InputError, match="m.jsonl:1: .*seconds"):
        read_manifest(tmp_path / "m.jsonl")


@pytest.mark.parametrize("name", ["", "  "])
def test_an_utterance_has_a_name(name: str) -> None:
    with pytest.raises(InputError, match="line 3: an empty id"):
        utterance_from_dict({"id": name, "audio": "a.wav", "duration": 1.0, "speaker": "s"}, "line 3")


def test_a_key_that_is_there_twice_is_named(tmp_path: Path) -> None:
    """Of two values of one key JSON readers keep the last."""
    line = json.dumps(RECORD)
    (tmp_path / "m.jsonl").write_text(line[:-1] + ', "speaker": "t"}\n')
    with pytest.raises(InputError, match=r"m.jsonl:1: .*'speaker' is there twice"):
        read_manifest(tmp_path / "m.jsonl")


@pytest.mark.parametrize("change, match", [
    ({"labels": {"emotion": ["sad", "angry"]}}, "label 'emotion' should be a word or a number"),
    ({"labels": {"emotion": {"sad": 0.4}}}, "label 'emotion'"), ({"labels": {"words": "no"}}, None),
    ({"labels": {"emotion": []}}, "label 'emotion'"), ({"labels": {"valence": 0.5, "breaks": []}}, None),
    ({"labels": {"words": [[0.1, 0.4, "no"], {"start": 0.5, "end": 0.5}]}}, None),
    ({"labels": {"words": [[0, 0.4, "no"], [0.5, 0.4, "yes"]]}}, "label 'words', item 2: .*end not before"),
    ({"labels": {"phones": [[-0.1, 0.4, "n"]]}}, "item 1"), ({"labels": {"phones": ["n"]}}, "item 1"),
    ({"id": "a\nb"}, "key 'id': a control"), ({"audio": "a.wav\0"}, "key 'audio': a control"),
    ({"speaker": ""}, "empty speaker"), ({"speaker": " "}, "empty speaker"),
    ({"views": [{"video": "v.mp4", "face": -1}]}, "face below 0"), ({"duration": 10**400}, "seconds")])
def test_labels_are_words_and_everybody_has_a_name(tmp_path: Path, change: dict, match: str | None) -> None:
    (tmp_path / "m.jsonl").write_text(json.dumps({**RECORD, **change}) + "\n")
    if match is None:
        assert read_manifest(tmp_path / "m.jsonl")[0].labels == change["labels"]
        return
    with pytest.raises(InputError, match=f"m.jsonl:1: .*{match}"):
        read_manifest(tmp_path / "m.jsonl")


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file can have"):
        resolve(tmp_path, "a.wav\0")


def test_a_folder_is_told_with_the_manifests_in_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder; expected a file of JSON lines$"):
        read_manifest(tmp_path)
    (tmp_path / "all.jsonl").write_text("")
    with pytest.raises(InputError, match=f"such as {tmp_path}/all.jsonl$"):
        read_manifest(tmp_path)


def test_na_is_no_speaker_beside_names(tmp_path: Path) -> None:
    """R and pandas write NA where a speaker is not known."""
    for others, fine in ((["JS", "BK"], True), ([], True), (["anna", "bob"], False)):
        lines = [json.dumps({**RECORD, "id": name, "speaker": name}) for name in ["NA", *others]]
        (tmp_path / "m.jsonl").write_text("\n".join(lines) + "\n")
        if fine:
            assert len(read_manifest(tmp_path / "m.jsonl")) == len(lines)
        else:
            with pytest.raises(InputError, match="m.jsonl: the speaker 'NA', who would be in training"):
                read_manifest(tmp_path / "m.jsonl")


def test_a_row_takes_few_calls_and_the_collector_does_not_run(tmp_path: Path) -> None:
    """Tables of a million rows are read: with 160 calls a row it took a minute."""
    rows = [{**RECORD, "id": str(k), "text": "one two", "labels": {"emotion": "sad", "sex": "F"}}
            for k in range(3000)]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    runs: list[str] = []
    watch = lambda phase, _: runs.append(phase)  # noqa: E731
    gc.collect()
    gc.callbacks.append(watch)
    try:
        profile = cProfile.Profile()
        assert len(profile.runcall(read_manifest, tmp_path / "m.jsonl")) == 3000
    finally:
        gc.callbacks.remove(watch)
    assert pstats.Stats(profile).total_calls < 100 * 3000  # type: ignore[attr-defined]
    assert len(runs) <= 2 and gc.isenabled()


def test_the_first_of_two_errors_does_not_leave_the_collector_off(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="m.jsonl:1: key 'id' is missing"):
        read_manifest(tmp_path / "m.jsonl")
    assert gc.isenabled()


def test_utterances_of_the_same_labels_share_them_and_a_number_keeps_its_type(tmp_path: Path) -> None:
    """A million dicts of two labels take 180 MB."""
    labels = [{"mood": "sad", "age": 1}, {"mood": "sad", "age": 1.0}, {"mood": "sad", "age": 1}, {},
              {"age": 1, "words": [[0, 0.5, "no"]]}]
    rows = [{**RECORD, "id": str(k), "labels": one} for k, one in enumerate(labels)]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = [u.labels for u in read_manifest(tmp_path / "m.jsonl")]
    assert found == labels and [type(one.get("age")) for one in found[:3]] == [int, float, int]
    assert found[0] is found[2]
