import pytest

from avspeech.data import corpora
from avspeech.data.corpora import layout, mead
from avspeech.data.manifest import VIEW_ANGLES, read_manifest, resolve
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, clip):
    root = tmp_path / "MEAD"
    for actor in ("M003", "W009", "W011"):
        for emotion, level in (("neutral", 1), ("happy", 3)):
            leaf = f"{emotion}/level_{level}"
            for number in ("001", "002"):
                clip(root / actor / "audio" / leaf / f"{number}.m4a")
                for view in mead.VIEWS:
                    clip(root / actor / "video" / view / leaf / f"{number}.mp4", fps=30)
    return root


def everything(paths):
    return {u.id: u for path in paths for u in read_manifest(path)}


def test_published_counts():
    assert len(mead.ACTORS) == len(set(mead.ACTORS)) == 48 and mead.CLIPS_PER_VIEW == 670
    assert len(mead.EMOTIONS) == 8 and len(mead.VIEWS) == 7


def test_seven_views_of_a_sentence(corpus, tmp_path, capsys):
    utterances = everything(corpora.prepare("mead", corpus, tmp_path / "out"))
    assert len(utterances) == 12
    one = utterances["mead-W009-happy-3-002"]
    assert {v.name: (v.yaw, v.pitch) for v in one.views} == VIEW_ANGLES
    assert one.labels == {"emotion": "happy", "level": 3, "sex": "F"} and one.speaker == "mead-W009"
    assert one.audio.endswith("W009/audio/happy/level_3/002.m4a") and 0.9 < one.duration < 1.1
    root = layout.read_prepared(tmp_path / "out").root
    assert all(resolve(root, v.video).is_file() for v in one.views)
    assert "3 of 48 actors, 12 of 32,160 sentences, 84 views" in capsys.readouterr().out


def test_no_actor_in_two_splits_and_emotions_can_be_chosen(corpus, tmp_path):
    paths = corpora.prepare("mead", corpus, tmp_path / "out", emotions="neutral", views=["front",
                                                                                         "top"])
    parts = [read_manifest(p) for p in paths]
    assert [len({u.speaker for u in part}) for part in parts] == [1, 1, 1]
    assert {u.labels["emotion"] for part in parts for u in part} == {"neutral"}
    assert {v.name for part in parts for u in part for v in u.views} == {"front", "top"}
    with pytest.raises(InputError, match="emotions: 'joy'"):
        corpora.prepare("mead", corpus, tmp_path / "out", emotions=["joy"])


def test_missing_and_wrong_files(corpus, tmp_path, clip):
    leaf = "neutral/level_1/001.mp4"
    (corpus / "M003/video/top" / leaf).write_bytes(b"")
    clip(corpus / "M003/video/down" / leaf, seconds=2.0)  # another sentence under this number
    (corpus / "M003/video/left_30" / leaf).unlink()
    (corpus / "M003/audio/neutral/level_1/001.m4a").unlink()
    problems = "\n".join(corpora.check("mead", corpus))
    for expected in ("45 actors missing: M005",
                     "1 sentences without audio of their own: M003/neutral/level_1/001",
                     "1 files of 0 bytes: M003/video/top/neutral/level_1/001.mp4",
                     "M003/left_30 3 of 670 clips"):
        assert expected in problems, expected
    one = everything(corpora.prepare("mead", corpus, tmp_path / "out"))["mead-M003-neutral-1-001"]
    assert [v.name for v in one.views] == ["front", "left_60", "right_30", "right_60"]
    assert one.audio == "M003/video/front/neutral/level_1/001.mp4"  # the front camera's own sound
    told = "\n".join(layout.read_prepared(tmp_path / "out").problems)
    assert "down is 2.00 s" in told and "0 bytes" in told
    assert "mead-M003-neutral-1-001" not in everything(corpora.prepare("mead", corpus,
                                                                       tmp_path / "out",
                                                                       min_views=5))


def test_absent_and_not_unpacked(tmp_path):
    with pytest.raises(InputError, match="wywu.github.io.*for research only"):
        corpora.check("mead", tmp_path / "nowhere")
    (tmp_path / "M003").mkdir()
    (tmp_path / "M003" / "video.tar").write_bytes(b"x")
    with pytest.raises(InputError, match="not unpacked: M003/video.tar"):
        corpora.prepare("mead", tmp_path, tmp_path / "out")


@pytest.mark.parametrize("old, new", [("happy", "happiness"), ("level_3", "level3")])
def test_folders_of_other_names_are_told(corpus, old, new):
    for path in sorted((p for p in corpus.rglob(old)), key=lambda p: -len(p.parts)):
        path.rename(path.with_name(new))
    said = "\n".join(corpora.check("mead", corpus))
    assert "24 files that are not named as MEAD's, left out: M003/video/front/happ" in said and new in said
