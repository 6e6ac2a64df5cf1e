from collections import Counter

import pytest

from avspeech.data import corpora, protocol
from avspeech.data.corpora import crema_d, layout
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

ACTORS = ("1001", "1002", "1008")


@pytest.fixture
def corpus(tmp_path, sound):
    """Three actors in the published layout."""
    for number, name in enumerate(n for n in crema_d.names() if n[:4] in ACTORS):
        sound(tmp_path / "in" / "AudioWAV" / f"{name}.wav", number)
    (tmp_path / "in" / "VideoDemographics.csv").write_text(
        '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","Caucasian","Not Hispanic"\n'
        '1002,21,"Female","Caucasian","Not Hispanic"\n1008,61,"Female","Caucasian","Not Hispanic"\n')
    return tmp_path / "in"


def test_published_counts_agree():
    names = crema_d.names()
    assert len(names) == len(set(names)) == crema_d.CLIPS and len(crema_d.NEVER_MADE) == 20
    counts = Counter(crema_d.EMOTIONS[n.split("_")[2]] for n in names)
    assert counts == protocol.get("crema_d-5fold").counts
    assert Counter(n.split("_")[3] for n in names) == {"XX": 6077, "LO": 455, "MD": 455, "HI": 455}


def test_labels(corpus, tmp_path):
    [path] = corpora.prepare("crema_d", corpus, tmp_path / "out", incomplete=True)
    utterances = {u.id: u for u in read_manifest(path)}
    assert len(utterances) == 82 + 81 + 76  # the never made ones are not missed
    u = utterances["crema_d-1001_IEO_ANG_HI"]
    assert u.speaker == "crema_d-1001" and u.text == "It's eleven o'clock."
    assert u.labels == {"emotion": "anger", "intensity": "high", "statement": "IEO",
                        "sex": "male", "age": 51}
    problems = layout.read_prepared(tmp_path / "out").problems
    assert [p.split(":")[0] for p in problems] == ["88 actors missing"]


def test_a_clip_that_copies_name_otherwise_is_known(corpus, tmp_path, sound):
    """One clip lacks a letter of its name; it has no fault but that."""
    [(found, meant)] = crema_d.MISNAMED.items()
    assert meant in crema_d.names() and found not in crema_d.names()
    sound(corpus / "AudioWAV" / f"{found}.wav", 900)
    [path] = corpora.prepare("crema_d", corpus, tmp_path / "out", incomplete=True)
    [u] = [u for u in read_manifest(path) if u.id == f"crema_d-{meant}"]
    assert u.audio.endswith(f"{found}.wav") and u.labels["intensity"] == "unspecified"


def test_missing_and_wrong(corpus, tmp_path, sound):
    (corpus / "AudioWAV" / "1001_DFA_ANG_XX.wav").unlink()
    sound(corpus / "AudioWAV" / "1001_DFA_JOY_XX.wav")
    (corpus / "VideoDemographics.csv").unlink()
    problems = "\n".join(corpora.check("crema_d", corpus))
    for expected in ("1 clips missing, of 7,442: 1001_DFA_ANG_XX", "VideoDemographics.csv missing",
                     "1 files that are not of CREMA-D: AudioWAV/1001_DFA_JOY_XX.wav"):
        assert expected in problems, expected
    (corpus / "VideoDemographics.csv").write_text("ActorID,Name\n1001,A\n")
    with pytest.raises(InputError, match="expected columns ActorID, Age, Sex; got actorid, name"):
        corpora.prepare("crema_d", corpus, tmp_path / "out")


def test_pointers_of_git_lfs_are_no_sound(corpus):
    for path in (corpus / "AudioWAV").iterdir():
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    problems = "\n".join(corpora.check("crema_d", corpus))
    assert "239 files are pointers of Git LFS, not sound" in problems and "unusable" not in problems


def test_the_silent_recording_is_left_out_and_said(tmp_path, sound, capsys):
    for number, name in enumerate(n for n in crema_d.names() if n[:4] == "1076"):
        sound(tmp_path / "in" / "AudioWAV" / f"{name}.wav", number)
    [path] = corpora.prepare("crema_d", tmp_path / "in", tmp_path / "out", incomplete=True)
    ids = {u.id for u in read_manifest(path)}
    said = capsys.readouterr().out
    assert "crema_d-1076_MTI_SAD_XX" not in ids and len(ids) == 80
    assert "1076_MTI_SAD_XX left out: it was published without sound" in said
    assert "1076_MTI_NEU_XX: reported to be nearly silent; it is kept" in said
    assert not any("1076_MTI_SAD_XX" in p for p in layout.read_prepared(tmp_path / "out").problems)
    [path] = corpora.prepare("crema_d", tmp_path / "in", tmp_path / "all", incomplete=True,
                             silent=True)
    assert len(read_manifest(path)) == 81


def test_both_protocols_fit_what_they_are_made_of(tmp_path):
    from avspeech.data.manifest import Utterance

    made = [Utterance(f"crema_d-{n}", f"{n}.wav", 1.0, f"crema_d-{n[:4]}",
                      labels={"emotion": crema_d.EMOTIONS[n.split("_")[2]]}) for n
                      in crema_d.names()]
    heard = [u for u in made if u.id != f"crema_d-{crema_d.SILENT}"]
    assert protocol.get("crema_d-5fold").missing(made) == []
    assert protocol.get("crema_d-5fold-7441").missing(heard) == []
    assert len(protocol.get("crema_d-5fold-7441").splits(heard)) == 5
    with pytest.raises(InputError,
                       match="sad: 1,270 of 1,271.*prepare with silent=true, or take crema_d"):
        protocol.get("crema_d-5fold").splits(heard)
