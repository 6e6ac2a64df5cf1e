import pytest

from avspeech.data.corpora import headers
from avspeech.errors import InputError


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".flv", ".ts", ".mts", ".mp4", ".mpg"])
def test_media_without_a_length_in_the_header(tmp_path, clip, suffix):
    found = headers.media(clip(tmp_path / f"a{suffix}", seconds=2.0))
    assert found.audio == pytest.approx(2, abs=0.1) and found.video == pytest.approx(2, abs=0.1)
    assert (found.width, found.height) == (64, 48) and found.fps == pytest.approx(25, abs=0.1)


def test_media_of_an_unknown_codec(tmp_path, clip):
    """A stream that FFmpeg has no name for counts as absent; the other one is still read."""
    whole = clip(tmp_path / "a.mkv").read_bytes()
    picture, voice = whole.replace(b"V_MPEG4", b"V_XPEG4"), whole.replace(b"A_AAC", b"A_QQC")
    for name, content, audio, video in (("v", picture, 1, 0), ("s", voice, 0, 1)):
        (tmp_path / f"{name}.mkv").write_bytes(content)
        found = headers.media(tmp_path / f"{name}.mkv")
        assert found.audio == pytest.approx(audio, abs=0.1) and found.video == pytest.approx(video,
                                                                                             abs=0.1)
    (tmp_path / "n.mkv").write_bytes(picture.replace(b"A_AAC", b"A_QQC"))
    with pytest.raises(InputError,
                       match="n.mkv: neither sound nor pictures in it can be decoded"):
        headers.media(tmp_path / "n.mkv")


def test_a_fault_of_a_library_is_one_line(tmp_path, clip, monkeypatch):
    """As of a transport stream with one flipped bit: IndexError, from within the demuxer."""
    monkeypatch.setattr("avspeech.media.audio.stream_end", lambda *a: [][1])
    with pytest.raises(InputError, match="a.ts: damaged, its length cannot be read .list index out of range"):
        headers.media(clip(tmp_path / "a.ts"))


def test_media_tells_what_is_there(tmp_path, clip):
    both = headers.media(clip(tmp_path / "a.mp4", fps=30))
    assert both.fps == 30 and (both.width, both.height) == (64, 48)
    assert both.audio == pytest.approx(1, abs=0.1) and both.video == pytest.approx(1, abs=0.05)
    assert headers.media(clip(tmp_path / "b.mp4", sound=False)).audio == 0
    assert headers.media(clip(tmp_path / "c.m4a")).video == 0
    for content in (b"", b"no film" * 50):
        (tmp_path / "d.mp4").write_bytes(content)
        with pytest.raises(InputError, match="d.mp4"):
            headers.media(tmp_path / "d.mp4")
