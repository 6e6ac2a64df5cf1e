"""WebVTT: what is written is read back, whatever the texts and names hold."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech.errors import InputError
from avspeech.report import caption_files, transcripts, webvtt

TEXT = st.text(st.characters(codec=None), max_size=30)  # halves of pairs of UTF-16 too


@given(st.lists(st.tuples(st.integers(0, 400_000_000), st.integers(0, 5_000_000), TEXT, TEXT), max_size=5))
@settings(max_examples=150, deadline=None)
def test_texts_and_names_of_any_content_come_back(tmp_path_factory, cues) -> None:
    path = tmp_path_factory.getbasetemp() / "any.vtt"
    lines = [webvtt.Line(a / 1000, (a + b) / 1000, text, speaker) for a, b, text, speaker in cues]
    webvtt.write(path, lines)
    expected = [(line.start, line.end, webvtt._plain(line.speaker) or None, webvtt._plain(line.text))
                for line in lines if webvtt._plain(line.text)]
    found = [(cue.start, cue.end, *spoken) for cue in webvtt.read(path) for spoken in cue.spoken()]
    assert found == expected


def test_voice_spans() -> None:
    cue = webvtt.Cue(0, 1, ("<v.loud Anna Lee>Good <b>day</b></v>", "<v R&amp;D>1 &lt; 2 <c>of", "it</c>"), 3)
    assert cue.spoken() == [("Anna Lee", "Good day"), ("R&D", "1 < 2 of it")]
    assert webvtt.Cue(0, 1, ("no", "<00:01.000>tag"), 3).spoken() == [(None, "no tag")]
    assert webvtt.Cue(0, 1, ("<v A>a</v> b <v A>c",), 3).spoken() == [("A", "a"), (None, "b"), ("A", "c")]


@pytest.mark.parametrize(("seconds", "shown"), [
    (0.0, "00:00:00.000"), (59.9996, "00:01:00.000"), (3661.5, "01:01:01.500"), (400_000.0, "111:06:40.000")])
def test_clock_carries(seconds: float, shown: str) -> None:
    assert webvtt.clock(seconds) == shown


@pytest.mark.parametrize(("text", "line"), [
    ("WEB\n", 1), ("WEBVTT\n\nhello\n", 3), ("WEBVTT\n\n00:01.000 --> 00:00.000\nx\n", 3),
    ("WEBVTT\n\n00:01 --> 00:02.000\nx\n", 3)])
def test_what_is_no_webvtt_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "a.vtt"
    path.write_text(text)
    with pytest.raises(InputError, match=f"a.vtt:{line}: "):
        webvtt.read(path)


ROLLING = ("WEBVTT\n\n00:00.000 --> 00:02.000\n \nhello<00:00:00.500><c> there</c>\n\n"
           "00:02.000 --> 00:02.010\nhello there\n \n\n"
           "00:02.010 --> 00:03.500\nhello there\ngood<00:00:03.000><c> day</c>\n")


def cues(*texts: str) -> str:
    return "WEBVTT\n" + "".join(f"\n00:0{k}.000 --> 00:0{k + 1}.000\n{text}\n"
                               for k, text in enumerate(texts))


@pytest.mark.parametrize(("text", "told"), [
    (ROLLING, "2 of 3 cues begin with the line"),
    (cues("a").replace("WEBVTT", "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000"), "X-TIME"),
    (cues("Anna: good day", "Ben: hello"), "2 of 2 texts"),
    (cues("- Good day.\n- Hello.", "- How?"), "2 of 2 texts")])
def test_what_words_or_speakers_are_not_is_told(tmp_path: Path, text: str, told: str) -> None:
    """Before, the words of such captions were scored twice, or as one speaker's, in silence."""
    (tmp_path / "a.vtt").write_text(text)
    with pytest.warns(UserWarning, match=told):
        transcripts.read(tmp_path / "a.vtt")
    (tmp_path / "b.vtt").write_text(cues("<v A>yes", "<v B>yes", "<v A>Note: good"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transcripts.read(tmp_path / "b.vtt")


SUBRIP = """1
00:00:00,500 --> 00:00:02,000 X1:10 X2:20
{\\an8}A <i>man</i>
speaks.

2
0:1:2.5 --> 00:01:04,25
Good morning.
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_subrip_is_read_by_its_name(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(("\ufeff" + SUBRIP.replace("\n", ends)).encode())
    cues = webvtt.read(path)
    assert [(cue.start, cue.end, cue.line, cue.spoken()) for cue in cues] == [
        (0.5, 2.0, 2, [(None, "A man speaks.")]), (62.5, 64.25, 7, [(None, "Good morning.")])]
    assert [s.text for s in transcripts.read(path).segments] == ["A man speaks.", "Good morning."]
    path.rename(tmp_path / "a.vtt")
    with pytest.raises(InputError, match=r"a.vtt:1: expected WEBVTT .*; this is SubRip: .*\.srt"):
        webvtt.read(tmp_path / "a.vtt")


@pytest.mark.parametrize(("text", "error"), [
    ("", "no time in it"), ("1\n00:00:05,000 --> 00:00:02,000\na\n", ":2: the cue ends before"),
    ("1\n-0:00:05,000 --> 00:00:02,000\na\n", ":2: '-0:00:05,000 .* is no time")])
def test_subrip_that_is_none(tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "a.srt").write_text(text)
    with pytest.raises(InputError, match=error):
        webvtt.read(tmp_path / "a.srt")


def test_cues_without_a_length_are_told(tmp_path: Path) -> None:
    for end, told in ((2000, ["1 of 2 cues end when they begin"]), (3000, [])):
        webvtt.write(tmp_path / "a.vtt", [webvtt.Line(0, 1, "a"), webvtt.Line(2, end / 1000, "b")])
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            webvtt.read(tmp_path / "a.vtt")
        assert len(found) == len(told) and all(t in str(w.message) for t, w in zip(told, found))


@pytest.mark.parametrize("suffix", [".ass", ".ttml", ".sbv"])
def test_other_captions_are_refused_with_a_way_out(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_text("x")
    for read in (transcripts.read, lambda path: caption_files.read(path, reference=False)):
        with pytest.raises(InputError, match="convert it to WebVTT or SubRip"):
            read(tmp_path / f"a{suffix}")
