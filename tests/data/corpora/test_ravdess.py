import shutil
from collections import Counter
from pathlib import Path

import pytest

from avspeech import cli
from avspeech.data import corpora, protocol
from avspeech.data.corpora import layout, ravdess
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture(scope="module")
def whole(tmp_path_factory, sound) -> Path:
    """The whole corpus in its published layout, each take a few hundred samples."""
    root = tmp_path_factory.mktemp("ravdess")
    for number, name in enumerate(ravdess.names()):
        sound(root / "Audio_Speech_Actors_01-24" / f"Actor_{name[-2:]}" / f"03-01-{name}.wav",
              number)
    return root


@pytest.fixture
def actor(tmp_path, sound) -> Path:
    """One actor, right in the source folder, as FLAC."""
    for number, name in enumerate(n for n in ravdess.names() if n.endswith("-12")):
        sound(tmp_path / "in" / "Actor_12" / f"03-01-{name}.flac", number)
    return tmp_path / "in"


def test_published_counts_agree():
    names = ravdess.names()
    assert len(names) == len(set(names)) == ravdess.CLIPS == len(ravdess.ACTORS) * 60
    assert Counter(n[:2] for n in names) == {"01": 96, **{f"0{k}": 192 for k in range(2, 9)}}


def test_whole(whole, tmp_path, capsys):
    paths = corpora.prepare("ravdess", whole, tmp_path / "out")
    assert paths == [tmp_path / "out" / "all.jsonl"]
    assert "24 of 24 actors, 1,440 of 1,440 takes" in capsys.readouterr().out
    utterances = read_manifest(paths[0])
    prepared = layout.read_prepared(tmp_path / "out")
    assert prepared.problems == [] and prepared.counts == {"all": 1440} and prepared.split == "none"
    first = next(u for u in utterances if u.id == "ravdess-05-02-01-02-12")
    assert first.audio == "Audio_Speech_Actors_01-24/Actor_12/03-01-05-02-01-02-12.wav"
    assert first.speaker == "ravdess-12" and first.text == "Kids are talking by the door."
    assert first.labels == {"emotion": "angry", "intensity": "strong", "statement": "1",
                            "repetition": 2,
                            "sex": "female"}
    splits = protocol.get("ravdess-6fold").splits(utterances, root=whole)
    [resampled] = corpora.check("ravdess", whole)  # the sounds made here have 100 Hz
    assert [len(s.test) for s in splits] == [240] * 6 and resampled.endswith("above 50 Hz")


def test_a_take_counts_once(actor, tmp_path, capsys):
    """Its video with sound has the same sound; the silent video has none; songs are another
    corpus."""
    for modality, channel in (("01", "01"), ("02", "01"), ("03", "02")):
        video = actor / "Video" / "Actor_12" / f"{modality}-{channel}-05-01-01-01-12.mp4"
        video.parent.mkdir(parents=True, exist_ok=True)
        video.write_bytes(b"")
    copy = actor / "audio_speech_actors_01-24" / "Actor_12" / "03-01-05-01-01-01-12.flac"
    copy.parent.mkdir(parents=True)
    shutil.copyfile(actor / "Actor_12" / copy.name, copy)
    [path] = corpora.prepare("ravdess", actor, tmp_path / "out", incomplete=True)
    said = capsys.readouterr().out
    assert len(read_manifest(path)) == 60 and all(u.audio.endswith(".flac") for u
                                                  in read_manifest(path))
    assert "1 songs left out" in said and "2 files of takes that are there already, counted once" in said


def test_a_video_with_sound_will_do(tmp_path, clip):
    clip(tmp_path / "in" / "Actor_01" / "01-01-03-01-02-01-01.mp4", seconds=2.5)
    [path] = corpora.prepare("ravdess", tmp_path / "in", tmp_path / "out", incomplete=True)
    [only] = read_manifest(path)
    assert only.id == "ravdess-03-01-02-01-01" and only.audio.endswith(".mp4") and only.duration > 2.4


def test_missing_and_wrong_are_named_and_refused(actor, tmp_path, sound, capsys):
    (actor / "Actor_12" / "03-01-08-02-02-02-12.flac").unlink()
    sound(actor / "Actor_12" / "03-01-09-01-01-01-12.flac", 1)
    sound(actor / "Actor_11" / "03-01-02-01-01-01-12.flac", 2)
    (actor / "Actor_12" / "03-01-02-01-01-01-12.flac").write_bytes(b"")
    sound(actor / "Actor_12" / "03-01-03-01-01-01-12.flac", 3, seconds=0.5)
    problems = "\n".join(corpora.check("ravdess", actor))
    for expected in ("23 actors missing: 01, 02", "1 takes missing, of 1,440: 03-01-08-02-02-02-12",
                     "2 files that are not of RAVDESS, or not where they should be: "
                     "Actor_11/03-01-02-01-01-01-12.flac (actor 12 by its name), "
                     "Actor_12/03-01-09-01-01-01-12.flac",
                     "1 files of 0 bytes: Actor_12/03-01-02-01-01-01-12.flac", "2 unusable takes",
                     "cut short"):
        assert expected in problems, expected
    with pytest.raises(InputError, match="not as published: 23 actors missing.*incomplete=true"):
        corpora.prepare("ravdess", actor, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert cli.main(["data", "prepare", "ravdess", str(actor), str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert said.err.count("avspeech: error:") == 1 and "problem: 1 takes missing" in said.out
    arguments = ["data", "prepare", "ravdess", str(actor), str(tmp_path / "out"), "incomplete=true"]
    assert not cli.main(arguments) and len(read_manifest(tmp_path / "out" / "all.jsonl")) == 57


def test_a_copy_cut_to_one_length_is_told(tmp_path, sound):
    for name in ravdess.names()[:40]:
        sound(tmp_path / "Actor_01" / f"03-01-{name}.wav", 0)
    assert any("40 of 40 clips last exactly 3.00 s" in p for p in corpora.check("ravdess", tmp_path))


@pytest.mark.real
def test_real(real_data, tmp_path):
    if not (real_data / "ravdess").is_dir():
        pytest.skip("no ravdess")
    [path] = corpora.prepare("ravdess", real_data / "ravdess", tmp_path)
    utterances = read_manifest(path)
    assert len(utterances) == 1440 and 2.9 < min(u.duration for u in utterances)
    splits = protocol.get("ravdess-6fold").splits(utterances, root=real_data / "ravdess")
    assert {(len(s.train), len(s.dev), len(s.test)) for s in splits} == {(960, 240, 240)}
