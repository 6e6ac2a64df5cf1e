import pytest

from avspeech.data import corpora, protocol
from avspeech.data.corpora import urdu
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, sound):
    """One clip of each speaker and emotion."""
    for number, speaker in enumerate(urdu.SPEAKERS):
        for k, (letter, emotion) in enumerate(urdu.EMOTIONS.items()):
            name = f"{speaker}_F{k + 1}_{letter}0{number}.wav"
            sound(tmp_path / "in" / emotion.title() / name, 4 * number + k)
    return tmp_path / "in"


def test_labels(corpus, tmp_path):
    [path] = corpora.prepare("urdu", corpus, tmp_path / "out", incomplete=True)
    utterances = {u.id: u for u in read_manifest(path)}
    assert len(utterances) == 4 * 29 and sum(urdu.CLIPS.values()) == 400
    u = utterances["urdu-SF1_F2_H00"]
    assert u.labels == {"emotion": "happy", "sex": "female"} and u.speaker == "urdu-SF1"
    splits = protocol.get("urdu-5fold").splits(list(utterances.values()), corpus, incomplete=True)
    assert sum(len(s.test) for s in splits) == 116


def test_missing_and_wrong(corpus, sound):
    (corpus / "Sad" / "SM1_F4_S011.wav").unlink()
    sound(corpus / "Sad" / "SM1_F1_A01.wav")
    problems = "\n".join(corpora.check("urdu", corpus))
    assert "sad: 28 of 100 clips" in problems
    assert "1 files that are not named as URDU's: Sad/SM1_F1_A01.wav" in problems
    with pytest.raises(InputError, match="URDU is not as published"):
        corpora.prepare("urdu", corpus, corpus / "out")
