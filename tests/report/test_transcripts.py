"""Transcripts with speakers: the formats, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avspeech.errors import InputError
from avspeech.report import transcripts
from avspeech.report.transcripts import Segment, Transcript, Word

SAID = Transcript.of([Segment("Anna", 1.0, 2.0, "good day"), Segment("Ben", 0.5, 1.5, "hello there")],
                     ["Anna", "Ben"])


def test_every_format_gives_the_same(tmp_path: Path) -> None:
    SAID.write_vtt(tmp_path / "a.vtt")
    for name in SAID.speakers:
        SAID.write_vtt(tmp_path / "folder" / f"{name}.vtt", name)
    (tmp_path / "a.stm").write_text(";; a\nm 1 Ben 0.5 1.5 <o,f0> hello there\nm 1 Anna 1 2 good day\n")
    (tmp_path / "seglst.json").write_text(json.dumps([
        {"session_id": "m", "speaker": s.speaker, "start_time": str(s.start), "end_time": s.end,
         "words": s.text} for s in SAID.segments]))
    (tmp_path / "own.json").write_text(json.dumps({
        "format": "avspeech-transcript", "version": 1, "speakers": [{"id": "Anna"}, {"id": "Ben"}],
        "segments": [s.as_dict() for s in SAID.segments]}))
    for name in ("a.vtt", "folder", "a.stm", "seglst.json", "own.json"):
        read = transcripts.read(tmp_path / name)
        assert read.segments == SAID.segments, name
        assert sorted(read.speakers) == SAID.speakers


def test_words_and_silent_speakers_come_back(tmp_path: Path) -> None:
    segment = Segment("a", 0.0, 1.0, "x y", (Word("x", 0.0, 0.4, 0.5), Word("y", 0.5, 1.0)))
    (tmp_path / "a.json").write_text(json.dumps({
        "format": "avspeech-transcript", "version": 1, "speakers": [{"id": "b"}, {"id": "a"}],
        "segments": [segment.as_dict()]}))
    read = transcripts.read(tmp_path / "a.json")
    assert read.segments == [segment] and read.speakers == ["b", "a"]


def test_a_file_of_one_speaker_is_named_after_it(tmp_path: Path) -> None:
    (tmp_path / "spk_0.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\n<v Somebody>good day\n")
    assert transcripts.read(tmp_path).speakers == ["spk_0"]
    assert transcripts.read(tmp_path / "spk_0.vtt").speakers == ["Somebody"]


@pytest.mark.parametrize(("name", "content", "told"), [
    ("a.json", "{", "a.json:1"), ("a.json", "[" * 100_000, "nested"), ("a.json", "{}", "SegLST"),
    ("a.json", '{"format": "avspeech-transcript", "version": 2}', "version"),
    ("a.json", '{"format": "avspeech-transcript", "version": 1, "speakers": [1], "segments": []}', "id"),
    ("a.json", '[{"speaker": "a", "words": "x", "start_time": 2, "end_time": 1}]', "segment 1"),
    ("a.json", '[{"speaker": "a", "words": "x", "start_time": NaN, "end_time": 1}]', "segment 1"),
    ("a.json", '[{"speaker": [], "words": "x"}]', "segment 1"),
    ("a.json", '[{"session_id": "1", "speaker": "a"}, {"session_id": "2", "speaker": "a"}]', "2 recordings"),
    ("a.stm", "m 1 a 2 1 words\n", "a.stm:1: ends at 1 s, before"), ("a.stm", "m 1 a x 1\n", "a.stm:1"),
    ("a.stm", "m 1 a 0 1 x\nm 1 a 1 2 <o,,> IGNORE_TIME_SEGMENT_in_scoring\n", "a.stm:2"),
    ("a.stm", "m 1 a 0 1 so { um / uh } yes\n", "a.stm:1: { a"),
    ("a.stm", "m 1 a -1 1 x\n", "-1 is no time"), ("a.stm", "m 1 a 0,5 1 x\n", "0,5 is no time"),
    ("a.stm", "SPEAKER m 1 0.0 1.5 <NA> <NA> a <NA> <NA>\n", "a.stm:1: a line of RTTM"),
    ("a.stm", "m 1 a 0 1 x\nm 1 excluded_region 1 2 <o>\n", "a.stm:2: excluded_region"),
    ("a.stm", "m 1 inter_segment_gap 0 1 <o> words\n", "no speaker and has words"),
    ("a.json", '[{"speaker": "a", "speaker": "b", "words": "", "start_time": 0, "end_time": 1}]',
     "'speaker' is there twice"),
    ("a.json", '[{"speaker": "a", "words": "x", "start_time": "0,5", "end_time": 1}]', "0,5 is no"),
    ("a.stm", "m 1 a 0 1 x\nn 1 a 0 1 x\n", "2 recordings"), ("a.srt", "", "a.srt: no time"),
    ("a.vtt", "WEBVTT\n\nx\n", "a.vtt:3")])
def test_what_is_refused(tmp_path: Path, name: str, content: str, told: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError) as caught:
        transcripts.read(tmp_path / name)
    assert told in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_stm_file_of_any_system(tmp_path: Path, end: str) -> None:
    lines = ["\ufeff  ;; a remark", "m\t1\tBen\t.5\t1.5\t<o,f0>\thello there",
             "m 1 inter_segment_gap 1.5 1.6 <o>", "", "m 1 Anna 1. 2.000 good day", ""]
    (tmp_path / "a.stm").write_bytes(end.join(lines).encode())
    read = transcripts.read(tmp_path / "a.stm")
    assert read.segments == SAID.segments and sorted(read.speakers) == SAID.speakers


def test_an_empty_folder_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "b.json", tmp_path / "b.vtt", tmp_path / "b.stm"):
        with pytest.raises(InputError):
            transcripts.read(path)
