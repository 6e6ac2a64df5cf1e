import pytest

from avspeech.data import corpora, protocol
from avspeech.data.corpora import emodb, layout
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, sound):
    """As many clips of each speaker as published, in wav/, though not those emotions."""
    number = 0
    for speaker, count in emodb.CLIPS.items():
        kinds = [f"{text}{emotion}{version}" for version in "abc" for text in emodb.TEXTS
                 for emotion in emodb.EMOTIONS]
        for kind in kinds[:count]:
            number += 1
            sound(tmp_path / "in" / "wav" / f"{speaker}{kind}.wav", number)
    return tmp_path / "in"


def test_published_counts_agree():
    assert sum(emodb.CLIPS.values()) == 535 == sum(protocol.get("emodb-loso").counts.values())
    assert set(emodb.CLIPS) == set(emodb.SPEAKERS) and len(emodb.TEXTS) == 10


def test_whole(corpus, tmp_path):
    [path] = corpora.prepare("emodb", corpus, tmp_path / "out")
    utterances = {u.id: u for u in read_manifest(path)}
    assert len(utterances) == 535 and layout.read_prepared(tmp_path / "out").problems == []
    u = utterances["emodb-03a01Fa"]
    assert u.audio == "wav/03a01Fa.wav" and u.speaker == "emodb-03" and u.text.startswith("Der Lappen")
    assert u.labels == {"emotion": "happiness", "statement": "a01", "sex": "male", "age": 31}
    splits = protocol.get("emodb-loso").splits(list(utterances.values()), corpus, incomplete=True)
    assert [len(s.test) for s in splits] == list(emodb.CLIPS.values())
    for split in splits:
        assert {u.labels["sex"] for u in split.dev} == {"male", "female"}


def test_missing_and_wrong(corpus, tmp_path, sound):
    (corpus / "wav" / "09a01Wa.wav").unlink()
    sound(corpus / "wav" / "99a01Wa.wav")
    sound(corpus / "wav" / "10a01Wa.wav", 1, seconds=0.3)
    for path in (corpus / "wav").glob("16*"):
        path.unlink()
    problems = "\n".join(corpora.check("emodb", corpus))
    for expected in ("1 speakers missing: 16", "09 has 42 of 43 clips",
                     "1 files that are not named as EmoDB's: wav/99a01Wa.wav",
                     "1 unusable clips: wav/10a01Wa.wav: 0.31 s"):
        assert expected in problems, expected
    with pytest.raises(InputError, match="EmoDB is not as published: 1 speakers missing: 16"):
        corpora.prepare("emodb", corpus, tmp_path / "out")
    assert len(read_manifest(corpora.prepare("emodb", corpus, tmp_path / "out",
                                             incomplete=True)[0])) == 535 - 71 - 2


def test_the_copy_cut_to_two_seconds_is_told(tmp_path, sound):
    for text in emodb.TEXTS:
        for emotion in emodb.EMOTIONS:
            sound(tmp_path / f"03{text}{emotion}a.wav", 0, seconds=2.0)
    assert "70 of 70 clips last just 2.00 s, and none longer: a copy that was cut" in corpora.check("emodb", tmp_path)
