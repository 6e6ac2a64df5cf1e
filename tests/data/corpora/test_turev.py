import pytest

from avspeech.data import corpora, protocol
from avspeech.data.corpora import turev
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, sound):
    """One word of each speaker and emotion."""
    for number, speaker in enumerate(turev.SPEAKERS):
        for k, (letters, emotion) in enumerate(turev.EMOTIONS.items()):
            name = f"{speaker}_{letters}_ogul1.wav"
            sound(tmp_path / "in" / "Sound Source" / emotion.title() / name, 4 * number + k)
    return tmp_path / "in"


def test_labels(corpus, tmp_path):
    [path] = corpora.prepare("turev", corpus, tmp_path / "out", incomplete=True)
    utterances = {u.id: u for u in read_manifest(path)}
    assert len(utterances) == 24
    assert sum(turev.CLIPS.values()) == sum(turev.SPEAKERS.values()) == 1735
    u = utterances["turev-1157_sk_ogul1"]
    assert u.labels == {"emotion": "calm", "statement": "ogul1"} and u.speaker == "turev-1157"
    splits = protocol.get("turev-loso").splits(list(utterances.values()), corpus, incomplete=True)
    assert [len(s.test) for s in splits] == [4] * 6


def test_missing_and_wrong(corpus, sound):
    sound(corpus / "Sound Source" / "Calm" / "1157_kz_acik.wav")
    problems = "\n".join(corpora.check("turev", corpus))
    assert "1157 has 4 of 150 clips" in problems and "happy: 6 of 357 clips" in problems
    assert "not named as TurEV-DB's: Sound Source/Calm/1157_kz_acik.wav" in problems
    with pytest.raises(InputError, match="TurEV-DB is not as published"):
        corpora.prepare("turev", corpus, corpus / "out")
