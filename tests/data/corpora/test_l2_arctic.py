from collections import Counter

from avspeech.bench import folds, tasks
from avspeech.data import corpora
from avspeech.data.corpora import l2_arctic
from avspeech.data.manifest import read_manifest


def test_speakers():
    """Four of each first language, two women and two men."""
    assert set(Counter(l2_arctic.SPEAKERS.values()).values()) == {2} and len(l2_arctic.SPEAKERS) == 24


def test_prepare(tmp_path, sound):
    source = tmp_path / "in"
    for speaker in l2_arctic.SPEAKERS:
        for n in (1, 2):
            sound(source / speaker / "wav" / f"arctic_a000{n}.wav", n)
        (source / speaker / "transcript").mkdir()
        (source / speaker / "transcript" / "arctic_a0001.txt").write_text("Author of the trail\n")
    told = corpora.check("l2_arctic", source)
    assert told[-1] == "48 of 26,867 utterances" and len(told) == 2
    assert told[0].startswith("24 utterances without a transcript: ABA-arctic_a0002, ")
    utterances = read_manifest(corpora.prepare("l2_arctic", source, tmp_path / "out",
                                               incomplete=True)[0])
    assert utterances[0].id == "l2_arctic-ABA-arctic_a0001" and utterances[0].text == "Author of the trail"
    assert utterances[0].labels == {"accent": "arabic", "sex": "male", "sentence": "arctic_a0001"}
    found = folds.resolve(tasks.load("accent"), "l2_arctic", utterances)
    assert len(found.classes) == 6
    for fold in found.folds:  # one speaker of each
        assert sorted(found.targets[i] for i in fold.test) == [float(c) for c in range(6) for _
                                                               in "ab"]
