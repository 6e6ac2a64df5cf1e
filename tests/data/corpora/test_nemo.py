import pytest

from avspeech.data import corpora, protocol
from avspeech.data.corpora import layout, nemo
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

HEAD = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n"


@pytest.fixture
def corpus(tmp_path, sound):
    """One clip of each speaker and emotion; the speaker's name has blanks before it, as
    published."""
    lines = []
    for number, speaker in enumerate(nemo.CLIPS):
        for k, emotion in enumerate(nemo.EMOTIONS):
            name = f"{speaker}_{emotion}_{k + 1}.wav"
            sound(tmp_path / "in" / "samples" / name, 10 * number + k)
            lines.append(f'{name}\t{emotion}\tCzy to "on"?\tczy to on\t        {speaker}\tfemale\t27\n')
    (tmp_path / "in" / "data.tsv").write_text(HEAD + "".join(lines), encoding="utf-8")
    return tmp_path / "in"


def test_published_counts_agree():
    assert sum(nemo.CLIPS.values()) == 4481 == sum(protocol.get("nemo-loso").counts.values())


def test_labels(corpus, tmp_path):
    [path] = corpora.prepare("nemo", corpus, tmp_path / "out", incomplete=True)
    utterances = {u.id: u for u in read_manifest(path)}
    u = utterances["nemo-EB0_anger_1"]
    assert len(utterances) == 54 and u.text == 'Czy to "on"?' and u.speaker == "nemo-EB0"
    assert u.labels == {"emotion": "anger", "statement": "1", "sex": "female", "age": 27}
    splits = protocol.get("nemo-loso").splits(list(utterances.values()), corpus, incomplete=True)
    assert [(len(s.train), len(s.dev), len(s.test)) for s in splits] == [(36, 12, 6)] * 9
    assert layout.read_prepared(tmp_path / "out").found[0] == "9 of 9 speakers, 54 of 4,481 clips"


def test_missing_and_wrong(corpus, tmp_path, sound):
    (corpus / "samples" / "EB0_anger_1.wav").unlink()
    sound(corpus / "samples" / "XX0_anger_1.wav")
    problems = "\n".join(corpora.check("nemo", corpus))
    for expected in ("EB0 has 6 of 539 clips",
                     "1 clips missing that data.tsv lists: EB0_anger_1.wav",
                     "1 files that data.tsv does not list: XX0_anger_1.wav"):
        assert expected in problems, expected
    for line, what in (("a.wav\tjoy\tx\tx\tEB0\tfemale\t27\n", "emotion 'joy'"),
                       ("../a.wav\tanger\tx\tx\tEB0\tfemale\t27\n", "expected a .wav"),
                       ("a.wav\tanger\tx\n", "expected 7 cells"),
                       ("a.wav\tanger\tx\tx\t\tf\t27\n", "no 'speaker_id'")):
        (corpus / "data.tsv").write_text(HEAD + line)
        with pytest.raises(InputError, match=f"data.tsv:2: .*{what}"):
            corpora.prepare("nemo", corpus, tmp_path / "out")
