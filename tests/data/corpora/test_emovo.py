import pytest

from avspeech.data import corpora, labels, protocol
from avspeech.data.corpora import emovo
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, sound):
    """One sentence of each actor and emotion."""
    for number, actor in enumerate(emovo.SPEAKERS):
        for k, letters in enumerate(emovo.EMOTIONS):
            sound(tmp_path / "in" / actor / f"{letters}-{actor}-b1.wav", 7 * number + k)
    return tmp_path / "in"


def test_labels(corpus, tmp_path):
    [path] = corpora.prepare("emovo", corpus, tmp_path / "out", incomplete=True)
    utterances = {u.id: u for u in read_manifest(path)}
    assert len(utterances) == 42 and sum(emovo.CLIPS.values()) == 588
    u = utterances["emovo-gio-f2-b1"]
    assert u.labels == {"emotion": "joy", "statement": "b1", "sex": "female"}
    assert u.speaker == "emovo-f2" and labels.canonical(u.labels["emotion"]) == "happiness"
    splits = protocol.get("emovo-loso").splits(list(utterances.values()), corpus, incomplete=True)
    assert [len(s.test) for s in splits] == [7] * 6
    assert all(len({u.speaker for u in (*s.test, *s.dev)}) == 2 for s in splits)


def test_missing_and_wrong(corpus, sound):
    sound(corpus / "f1" / "rab-m1-b1.wav", 99)
    for path in (corpus / "m3").iterdir():
        path.unlink()
    problems = "\n".join(corpora.check("emovo", corpus))
    assert "actors missing" in problems and "m3" in problems and "joy: 5 of 84 clips" in problems
    assert "not named as EMOVO's: f1/rab-m1-b1.wav" in problems
    with pytest.raises(InputError, match="EMOVO is not as published"):
        corpora.prepare("emovo", corpus, corpus / "out")
