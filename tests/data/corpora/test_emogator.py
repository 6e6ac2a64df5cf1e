from collections import Counter

import pytest

from avspeech.data import corpora, protocol
from avspeech.data.corpora import emogator, layout
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, sound):
    """Two contributors in the published layout."""
    for number, name in enumerate(n for n in emogator.names() if int(n[:6]) < 3):
        sound(tmp_path / "in" / "data" / "mp3" / f"{name}.wav", number)
    return tmp_path / "in"


def test_published_counts_agree():
    names = emogator.names()
    assert len(names) == len(set(names)) == emogator.CLIPS == 32130
    counts = Counter(emogator.EMOTIONS[int(n[7:9]) - 1] for n in names)
    assert counts == protocol.get("emogator-5fold").counts and set(counts.values()) == {1071}


def test_labels(corpus, tmp_path):
    [path] = corpora.prepare("emogator", corpus, tmp_path / "out", incomplete=True)
    utterances = {u.id: u for u in read_manifest(path)}
    assert len(utterances) == 180
    u = utterances["emogator-000002-27-3"]
    assert u.speaker == "emogator-000002" and u.text is None
    assert u.labels == {"emotion": "surprise (negative)"}
    problems = layout.read_prepared(tmp_path / "out").problems
    assert [p.split(":")[0] for p in problems] == ["355 contributors missing"]


def test_missing_and_wrong(corpus, tmp_path, sound):
    (corpus / "data" / "mp3" / "000001-05-2.wav").unlink()
    sound(corpus / "data" / "mp3" / "000001-31-1.wav")
    problems = "\n".join(corpora.check("emogator", corpus))
    for expected in ("1 clips missing, of 32,130: 000001-05-2",
                     "1 files that are not of EmoGator: data/mp3/000001-31-1.wav"):
        assert expected in problems, expected
    with pytest.raises(InputError, match="contributors missing"):
        corpora.prepare("emogator", corpus, tmp_path / "out")
    with pytest.raises(InputError, match="github.com/fredbuhl/EmoGator"):
        corpora.check("emogator", tmp_path / "nowhere")
