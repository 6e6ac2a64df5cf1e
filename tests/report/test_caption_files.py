"""Timed captions from JSON and WebVTT: what is read, and errors by file and line."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.errors import InputError
from avspeech.report.caption_files import Scene, read, seconds

RECORD = {"clip_path": "Movie/7/1_4s_64s.mp4", "duration": 60, "scenes": [
    {"timestamp": "00:00-00:15", "key_points": {
        "events": ["A man waves."], "visual_background": ["A red door", " "], "camera": []}},
    {"timestamp": [15, 20.5], "key_points": {"Shot editing style": ["A cut"]}}]}


@pytest.mark.parametrize(("value", "expected"), [
    ([1, 2.5], (1, 2.5)), ("00:05-01:12", (5, 72)), ("5-12.5", (5, 12.5)),
    ("75:10-75:20", (4510, 4520)),
    ("1:02:03 – 1:02:09.5", (3723, 3729.5)), (["00:05", "00:07"], (5, 7)), ("[0 - 3]", (0, 3)),
    ([4, 4], (4, 4)), ("00:59-1:00:00", (59, 3600))])
def test_times(value, expected):
    assert seconds(value) == expected


@pytest.mark.parametrize("value", [
    "00:05", "00:05-00:61", "1:60:00-2:00:00", "5-4", [1], [1, 2, 3], [-1, 2], [0, float("inf")],
    [float("nan"), 1], [True, 2], [0, 10**400], "0-" + "9" * 5000, "٣-٤", "",
    None, "a-b", "1-2-3", {}, "-1-2", [None, 1]])
def test_what_is_no_time(value):
    with pytest.raises(ValueError, match="is no time|ends before"):
        seconds(value)


@given(st.integers(0, 360000), st.integers(0, 360000))
def test_times_as_written(start, length):
    end = start + length
    clock = [f"{t // 3600}:{t // 60 % 60:02}:{t % 60:02}" for t in (start, end)]
    short = [f"{t // 60:02}:{t % 60:02}" for t in (start, end)]
    for parts in (clock, short, [str(start), str(end)]):
        assert seconds("-".join(parts)) == (start, end)


def test_a_reference(tmp_path):
    flat = {"id": "x", "segments": [{"start": 0, "end": 3, "caption": "told",
                                     "speech_points": ["Hi"], "detailed_events": ["a", "b"]}]}
    expected = {
        "Movie/7/1_4s_64s": [
            Scene(0, 15, "A man waves.\nA red door\n ",
                  {"events": ("A man waves.",), "background": ("A red door",)}),
            Scene(15, 20.5, "A cut", {"style": ("A cut",)})],
        "x": [Scene(0, 3, "told\nHi\na\nb", {"speech": ("Hi",), "events": ("a", "b")})]}
    lines = "\n".join(json.dumps(r) for r in (RECORD, flat))
    # JSON lines by either suffix, a list, and with a byte-order mark
    for name, text in (("a.jsonl", lines), ("a.json", lines + "\n"), ("b.json", "\ufeff" + lines),
                       ("c.json", json.dumps([RECORD, flat], indent=2))):
        (tmp_path / name).write_text(text, encoding="utf-8")
        found = read(tmp_path / name, reference=True)
        assert (found.videos, found.problems) == (expected, {}), name
    (tmp_path / "one.json").write_text(json.dumps(RECORD, indent=1))
    assert list(read(tmp_path / "one.json", reference=True).videos) == ["Movie/7/1_4s_64s"]


def test_predictions(tmp_path):
    scene = {"timestamp": "00:00-00:15", "segment_detail_caption": "A man", "camera": ["still"]}
    raw = json.dumps([scene])
    path = tmp_path / "p.jsonl"
    given = [{"prediction": raw}, {"prediction": f"```json\n{raw}\n```"}, {"prediction": [scene]},
             {"prediction": "?", "prediction_json": [scene]},
             {"prediction_json": None, "prediction": raw},
             {"scenes": [scene]}, {"prediction": json.dumps(scene)}]
    none = [{"prediction": None}, {"prediction": ""}, {"prediction": "[]"}]
    records = [{"video": f"v{n}", **record} for n, record in enumerate([*given, *none])]
    path.write_text("\n".join(json.dumps(r) for r in records))
    found = read(path, reference=False)
    assert not found.problems
    for n in range(len(given)):
        assert found.videos[f"v{n}"] == [Scene(0, 15, "A man\nstill")]
    assert all(found.videos[f"v{n}"] == [] for n in range(len(given), len(records)))
    # The benchmark's file of results repeats the reference's fields: these are no predictions
    path.write_text(json.dumps(RECORD | {"prediction": raw}))
    assert read(path, False).videos["Movie/7/1_4s_64s"][0].text == "A man\nstill"
    assert len(read(path, True).videos["Movie/7/1_4s_64s"]) == 2


@pytest.mark.parametrize(("line", "message"), [
    ("{", "no JSON"), ('{"id": NaN}', "NaN is no JSON"), ("[]", "expected a JSON object"),
    ('{"scenes": []}', "the video has no name"),
    ('{"id": "x"}', "0 keys hold a list of objects"),
    ('{"id": "x", "a": [{}], "b": [{}]}', "2 keys hold"),
    ('{"id": "x", "scenes": [{"key_points": {}}]}', "scene 1: it has no time"),
    ('{"id": "x", "scenes": [{"time": "3-2"}]}', "scene 1: '3-2' ends before"),
    ('{"id": "x", "scenes": [{"time": "1-2", "key_points": {"hue": ["a"]}}]}', "'hue' names none"),
    ('{"id": "x", "scenes": [{"time": "1-2", "key_points": {"camera_style": []}}]}', "or two"),
    ('{"id": "x", "scenes": [{"time": "1-2", "key_points": {"camera": "a"}}]}', "a list of texts"),
    ('{"id": "x", "scenes": [{"time": "1-2", "key_points": {"edit": ["a"], "style": ["b"]}}]}',
     "two keys name the dimension style"),
    ('{"id": "x", "scenes": [{"time": "1-2", "key_points": ["a"]}]}', "should be an object"),
    ('{"id": "x", "scenes": [{"time": "1-2"}]}', "no key points"),
    ('{"id": "x", "scenes": [3]}', "scene 1: expected a JSON object"),
    (json.dumps({**RECORD, "clip_path": "Movie/7/1_4s_64s.mkv"}), "comes twice"),
    (json.dumps({"id": "a\nb", "scenes": []}), "the name of a video has a line break"),
    ("[" * 100_000, "nested too deep")])
def test_a_bad_line_is_named_and_the_others_are_read(line, message, tmp_path):
    path = tmp_path / "r.jsonl"
    good = json.dumps(RECORD)
    path.write_text(f"{good}\n\n{line}\n{json.dumps(RECORD | {'clip_path': 'b'})}\n")
    found = read(path, reference=True)
    assert list(found.videos) == ["Movie/7/1_4s_64s", "b"]
    (problem,) = found.problems.values()
    assert problem.startswith(f"{path}:3: ") and message in problem and "\n" not in problem


@pytest.mark.parametrize("prediction", ['"no JSON"', "3", '"3"', '[{"timestamp": "00:09-00:05"}]'])
def test_a_bad_prediction_is_named(prediction, tmp_path):
    (tmp_path / "p.json").write_text(f'[\n {{"id": "a", "prediction": []}},\n'
                                     f' {{"id": "b", "prediction": {prediction}}}]')
    found = read(tmp_path / "p.json", reference=False)
    assert found.videos == {"a": []} and found.problems["b"].startswith(f"{tmp_path}/p.json:3: b: ")
    (tmp_path / "p.json").write_text('{"id": "a"}')
    assert "expected 'prediction'" in read(tmp_path / "p.json", False).problems["a"]


@pytest.mark.parametrize(("name", "data", "message"), [
    ("a.json", b'[\n{"id": 1},\n?]', "a.json:3: no JSON"), ("a.json", b"", "a.json:1: no JSON"),
    ("a.jsonl", b"\n", "holds no video"),
    ("a.json", b"\xff\xfe", "no UTF-8"), ("a.txt", b"", "expected .json"),
    ("a.vtt", b"", "a.vtt:1: expected WEBVTT"), ("a.vtt", b"WEBVTTX\n", ":1: expected WEBVTT"),
    ("a.vtt", b"WEBVTT\n\n0:01.000 --> 00:02.000\nx", ":3: '0:01.000 --> 00:02.000' is no time"),
    ("a.vtt", b"WEBVTT\n\n00:01,000 --> 00:02,000\nx", ":3: "),
    ("a.vtt", b"WEBVTT\r\n\r\nname\r\n00:61.000 --> 01:02.000\r\nx", ":4: "),
    ("a.vtt", b"WEBVTT\n\n00:03.000 --> 00:02.000\nx", ":3: the cue ends before"),
    ("a.vtt", b"WEBVTT\n\nlost\n", ":3: expected a time"),
    ("a.vtt", b"WEBVTT\n\none\ntwo\n00:01.000 --> 00:02.000\n", ":4: expected a time"),
    ("a.vtt", b"WEBVTT\n\nNOTE\n00:01.000 --> 00:02.000\n", "not allowed in a comment"),
    ("a.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\n", "no text")])
def test_a_file_that_cannot_be_read(name, data, message, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        read(tmp_path / name, reference=True)
    assert message in str(caught.value) and "\n" not in str(caught.value)


VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

NOTE two lines
of a comment

1
00:01.000 --> 00:02.500 align:start position:10%
Tom &amp; I: 1 &lt; 2, a < b and c > d
<i>It</i> is <00:01.500><c.yellow>late</c>
00:03.000 --> 01:00:04.000
Camera: a slow pan
<v Bob>Camera: action!
Go on.</v>
She leaves.
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_webvtt(newline, tmp_path):
    path = tmp_path / "a.vtt"
    path.write_bytes(("\ufeff" + VTT).replace("\n", newline).encode())
    found = read(path, reference=True)
    assert found.unnamed and found.videos == {"a": [
        Scene(1, 2.5, "Tom & I: 1 < 2, a < b and c > d\nIt is late",
              {"events": ("Tom & I: 1 < 2, a < b and c > d", "It is late")}),
        Scene(3, 3604, "Camera: a slow pan\nCamera: action!\nGo on.\nShe leaves.",
              {"camera": ("a slow pan",), "speech": ("Camera: action!", "Go on."),
               "events": ("She leaves.",)})]}
    assert [s.points for s in read(path, reference=False).videos["a"]] == [{}, {}]


def test_a_folder(tmp_path):
    (tmp_path / "deep").mkdir()
    with pytest.raises(InputError, match="holds no .vtt or .srt file"):
        read(tmp_path, reference=False)
    (tmp_path / "deep" / "a.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nx")
    (tmp_path / "b.VTT").write_text("nothing")
    found = read(tmp_path, reference=False)
    assert found.videos == {"deep/a": [Scene(1, 2, "x")]} and not found.unnamed
    assert found.problems["b"].startswith(f"{tmp_path}/b.VTT:1: ")


def test_a_key_that_is_there_twice_is_told_and_lines_end_as_on_any_system(tmp_path):
    line = json.dumps({"id": "x", "scenes": [{"time": "0-1", "text": "a"}]})
    other = line.replace('"x"', '"y"').replace('"text": "a"', '"text": "a", "text": "b"')
    for end in ("\n", "\r\n", "\r"):
        (tmp_path / "a.jsonl").write_bytes(f"{line}{end}{other}{end}".encode())
        found = read(tmp_path / "a.jsonl", reference=False)
        assert list(found.videos) == ["x"]
        assert "a.jsonl:2: " in found.problems[f"{tmp_path}/a.jsonl:2"]
        assert "the key 'text' is there twice" in found.problems[f"{tmp_path}/a.jsonl:2"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_with_accents_pair_in_both_forms(form, tmp_path):
    name = unicodedata.normalize(form, "clé_ü")
    (tmp_path / f"{name}.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nA door opens.\n")
    (tmp_path / "all.json").write_text(json.dumps([{"video": f"{name}.mp4", "scenes": []}]))
    for path in (tmp_path, tmp_path / "all.json"):
        assert list(read(path, False).videos) == ["clé_ü"]
