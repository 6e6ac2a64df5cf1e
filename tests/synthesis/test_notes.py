"""Each sound gets the notes of its own utterance, or none."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from avspeech.data.manifest import Utterance, write_manifest
from avspeech.errors import InputError
from avspeech.synthesis import notes, scoring


def known(tmp_path: Path, paths: list[str]) -> dict[str, notes.Notes | None]:
    write_manifest(tmp_path / "all.jsonl", [
        Utterance(f"u{k}", path, 2.0, "s", text=path) for k, path in enumerate(paths)])
    return notes.of_manifest(tmp_path / "all.jsonl")


def test_one_name_in_the_folders_of_several_speakers(tmp_path: Path) -> None:
    paths = ["wav/s1/001.wav", "wav/s2/001.wav", "wav/s2/002.flac"]
    found = known(tmp_path, paths)
    for name, path in (("s1/001", paths[0]), ("wav/s2/001", paths[1]), ("002", paths[2]), ("x/u1", paths[1]),
                       ("other/wav/s1/001", paths[0])):
        assert (noted := notes.find(found, name)) is not None and noted.text == path
    assert notes.find(found, "s3/003") is None
    for name in ("001", "s3/001"):
        with pytest.raises(InputError, match="'001' is the name of several utterances"):
            notes.find(found, name)


def test_one_name_for_equal_notes(tmp_path: Path) -> None:
    write_manifest(tmp_path / "all.jsonl", [
        Utterance(f"u{k}", f"s{k}/001.wav", 2.0, "s", text="the same") for k in range(3)])
    noted = notes.find(notes.of_manifest(tmp_path / "all.jsonl"), "001")
    assert noted is not None and noted.text == "the same"


def test_accents_are_written_in_two_ways(tmp_path: Path) -> None:
    one, other = (unicodedata.normalize(form, "clé_ü") for form in ("NFC", "NFD"))
    assert one != other
    for written in (one, other):
        assert notes.find(known(tmp_path, [f"wav/{written}.wav"]), one) is not None
        (tmp_path / f"{written}.wav").touch()
        assert list(scoring._recordings(tmp_path)) == [one]
        (tmp_path / f"{written}.wav").unlink()
