import pytest

from avspeech.data import corpora, labels, protocol
from avspeech.data.corpora import baved
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, sound):
    """One word of each speaker and level."""
    for number, speaker in enumerate((*baved.SPEAKERS, "53")):
        for level in range(3):
            sound(tmp_path / "in" / "6" / f"{speaker}-f-21-6-{level}-{level}.wav", 3 * number + level)
    return tmp_path / "in"


def test_labels(corpus, tmp_path):
    [path] = corpora.prepare("baved", corpus, tmp_path / "out", incomplete=True)
    utterances = {u.id: u for u in read_manifest(path)}
    assert len(utterances) == 180 and sum(baved.CLIPS.values()) == 1935 and len(baved.SPEAKERS) == 59
    # 53 is another number of speaker 46
    assert utterances["baved-53-f-21-6-0-0"].speaker == "baved-46"
    u = utterances["baved-100-f-21-6-2-2"]
    assert u.labels == {"level": "high", "statement": "6", "age": 21, "sex": "female"}
    assert u.text == baved.WORDS[6] and u.speaker == "baved-100"
    splits = protocol.get("baved-5fold-59").splits(list(utterances.values()), corpus, incomplete=True)
    assert sorted(len(s.test) for s in splits) == [33, 36, 36, 36, 39]  # 12 speakers, one of them twice
    # How much emotion is no emotion: no level is a class of another corpus.
    assert {labels.canonical(level) for level in baved.LEVELS} == set(baved.LEVELS)


def test_missing_and_wrong(corpus, sound):
    sound(corpus / "0" / "52-m-21-0-1-9.wav")
    problems = "\n".join(corpora.check("baved", corpus))
    assert "low: 60 of 585 clips" in problems
    assert "1 files that are not named as BAVED's: 0/52-m-21-0-1-9.wav" in problems
    with pytest.raises(InputError, match="BAVED is not as published"):
        corpora.prepare("baved", corpus, corpus / "out")
