import os
import shutil

import pytest

from avspeech.data import corpora
from avspeech.data.corpora import layout
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def videos(tmp_path, clip):
    root = tmp_path / "videos"
    for number in range(4):
        clip(root / "ann" / f"day {number}.mp4", seconds=2.0)
    clip(root / "bob" / "long.mpg", seconds=9.0)
    return root


def everything(paths):
    return {u.id: u for p in paths for u in read_manifest(p)}


def test_pieces_are_equal_begin_on_a_frame_and_cover_the_video(videos, tmp_path, capsys):
    found = everything(corpora.prepare("own", videos, tmp_path / "out", seconds=4.0))
    assert "2 speakers, 5 videos, 0.3 minutes" in capsys.readouterr().out
    long = [found[f"own-bob-long-{k:04}"] for k in range(3)]
    assert [u.start for u in long] == [v.start for u in long for v in u.views]
    assert all(u.start * 25 == pytest.approx(round(u.start * 25)) for u in long)
    assert all(a.start + a.duration == pytest.approx(b.start, abs=1e-3) for a, b in zip(long,
                                                                                        long[1:]))
    durations = [u.duration for u in long]
    assert max(durations) - min(durations) <= 0.04 and max(durations) <= 4 and sum(durations) > 8
    whole = found["own-ann-day 0"]
    assert whole.speaker == "own-ann" and whole.audio == whole.views[0].video == "ann/day 0.mp4"


def test_nothing_need_be_held_out(videos, tmp_path):
    assert [p.name for p in corpora.prepare("own", videos, tmp_path / "out", dev=0,
                                            test=0)] == ["train.jsonl"]


def test_what_cannot_be_used_is_told(videos, tmp_path, clip):
    clip(videos / "bob" / "mute.mp4", sound=False)
    clip(videos / "bob" / "blink.mp4", seconds=1.0)
    clip(videos / "bob" / "long.mp4", seconds=2.0)
    (videos / "bob" / "empty.mp4").write_bytes(b"")
    problems = "\n".join(corpora.check("own", videos))
    for expected in ("3 unusable videos", "bob/mute.mp4: no sound", "bob/blink.mp4: 1.0",
                     "empty.mp4",
                     "1 videos left out, another has their name: bob/long.mpg"):
        assert expected in problems, expected
    found = everything(corpora.prepare("own", videos, tmp_path / "out"))
    assert found["own-bob-long"].audio == "bob/long.mp4" and len(found) == 5
    assert layout.read_prepared(tmp_path / "out").problems == corpora.check("own", videos)


def test_every_container_is_read_and_the_rest_is_counted(videos, tmp_path, clip):
    for suffix in (".mkv", ".webm", ".flv", ".ts", ".mts"):
        clip(videos / "cat" / f"clip{suffix[1:]}{suffix}", seconds=2.0)
    clip(videos / "cat" / "deeper" / "inside.mp4", seconds=2.0)
    clip(videos / "outside.mp4", seconds=2.0)
    (videos / "ann" / "notes.txt").write_text("x")
    (videos / "ann" / ".DS_Store").write_text("x")
    found = everything(corpora.prepare("own", videos, tmp_path / "out"))
    assert sum(u.speaker == "own-cat" for u in found.values()) == 5
    assert layout.read_prepared(tmp_path / "out").problems == [
        "3 files left out, which are no video by their name or not right in a speaker's folder: outside.mp4, "
        "ann/notes.txt, cat/deeper/inside.mp4"]


def test_a_name_that_is_not_utf8_is_left_out_and_named(videos, tmp_path, capsys):
    shutil.copyfile(videos / "ann" / "day 0.mp4", os.fsencode(videos / "ann") + b"/caf\xe9.mp4")
    (videos / "ann" / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    assert len(everything(corpora.prepare("own", videos, tmp_path / "out"))) == 5
    said = capsys.readouterr().out
    assert "1 unusable videos" in said and "ann/caf?.mp4: its name is not text in UTF-8; rename it" in said
    assert "1 files left out" in said and "ann/caf?.txt" in said


def test_no_videos(tmp_path):
    for source, reason in ((tmp_path / "none", "no such folder"), (tmp_path,
                                                                   "no video in its folders")):
        with pytest.raises(InputError, match=f"{reason}; expected a folder for each speaker"):
            corpora.prepare("own", source, tmp_path / "out")
    with pytest.raises(InputError, match="no source given"):
        corpora.prepare("own", None, tmp_path / "out")
    with pytest.raises(InputError, match=r"seconds=2\.0: expected 3\.0 or more"):
        corpora.prepare("own", tmp_path, tmp_path / "out", seconds=2.0)
    assert not (tmp_path / "out").exists()
