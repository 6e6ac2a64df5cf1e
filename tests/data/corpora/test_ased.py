import pytest

from avspeech.data import corpora, protocol
from avspeech.data.corpora import ased
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, sound):
    """One clip of each speaker and emotion; one of them with the wrong sex, one with a capital, as
    published."""
    for number, speaker in enumerate(ased.SPEAKERS):
        for k, (letter, folder) in enumerate(zip(ased.EMOTIONS, ased.FOLDERS)):
            sex = "01" if speaker == "09" and letter == "a" else "02"
            first = "S" if (letter, speaker) == ("s", "29") else letter
            sound(tmp_path / "in" / folder / f"{first}{k + 1}-03-01-{sex}-{speaker}.wav", 5 * number + k)
    return tmp_path / "in"


def test_labels(corpus, tmp_path):
    [path] = corpora.prepare("ased", corpus, tmp_path / "out", incomplete=True)
    utterances = {u.id: u for u in read_manifest(path)}
    assert len(utterances) == 325 and sum(ased.CLIPS.values()) == 2474
    assert utterances["ased-a5-03-01-01-09"].labels == {
        "emotion": "angry", "statement": "5-03", "repetition": 1, "sex": "male"}
    assert utterances["ased-s4-03-01-02-29"].speaker == "ased-29"
    splits = protocol.get("ased-5fold").splits(list(utterances.values()), corpus, incomplete=True)
    assert [len(s.test) for s in splits] == [65] * 5


def test_missing_and_wrong(corpus, sound):
    (corpus / "03Happy" / "h3-03-01-02-10.wav").unlink()
    sound(corpus / "01Neutral" / "a5-03-01-02-50.wav")
    problems = "\n".join(corpora.check("ased", corpus))
    assert "happy: 64 of 486 clips" in problems
    assert "1 files that are not named as ASED's: 01Neutral/a5-03-01-02-50.wav" in problems
    with pytest.raises(InputError, match="ASED is not as published"):
        corpora.prepare("ased", corpus, corpus / "out")
