import numpy as np
import pytest
import soundfile

from avspeech.data import corpora
from avspeech.data.corpora import layout, librispeech
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

SPEAKERS = """;ID  |SEX| SUBSET           |MINUTES| NAME
19   | F | train-clean-100  | 25.19 | A B
20   | M | dev-clean        | 8.0   | C
21   | F | test-clean       | 8.0   | D | E
"""


def write_chapter(root, part, speaker, chapter, count, said=None):
    folder = root / "LibriSpeech" / part / speaker / chapter
    folder.mkdir(parents=True)
    names = [f"{speaker}-{chapter}-{k:04d}" for k in range(said or count)]
    for name in names[:count]:
        soundfile.write(folder / f"{name}.flac", np.zeros(8000), 16000)
    (folder / f"{speaker}-{chapter}.trans.txt").write_text("".join(f"{n} HELLO {n[-1]}\n" for n
                                                                   in names))


@pytest.fixture
def corpus(tmp_path):
    root = tmp_path / "librispeech"
    write_chapter(root, "train-clean-100", "19", "198", 4)
    write_chapter(root, "dev-clean", "20", "5", 2)
    write_chapter(root, "test-clean", "21", "6", 2, said=3)
    (root / "LibriSpeech" / "SPEAKERS.TXT").write_text(SPEAKERS)
    (root / "one_per_speaker").mkdir()
    for n in range(4):
        soundfile.write(root / "one_per_speaker" / f"{30 + n}-1-0000.flac", np.zeros(4000), 16000)
    return root


def test_published_counts_agree():
    assert sum(librispeech.UTTERANCES.values()) == 292_367 and sum(librispeech.SPEAKERS.values()) == 2_484


def test_published_split(corpus, tmp_path):
    train, dev, test = (read_manifest(p) for p in corpora.prepare("librispeech", corpus,
                                                                  tmp_path / "out"))
    assert [len(p) for p in (train, dev, test)] == [4, 2, 2]
    assert train[0].id == "libri-19-198-0000" and train[0].text == "HELLO 0" and train[0].duration == 0.5
    assert train[0].labels == {"sex": "F"} and train[0].views == () and train[0].speaker == "libri-19"
    assert layout.read_prepared(tmp_path / "out").split == "published"


def test_one_per_speaker(corpus, tmp_path):
    paths = corpora.prepare("librispeech", corpus, tmp_path / "out", part="one_per_speaker")
    parts = [read_manifest(p) for p in paths]
    assert [len(p) for p in parts] == [2, 1,
                                       1] and layout.read_prepared(tmp_path / "out").split == "speaker"
    assert parts[0][0].audio.startswith("one_per_speaker/")
    with pytest.raises(InputError, match="part: 'train-clean-360'"):
        corpora.prepare("librispeech", corpus, tmp_path / "out", part="train-clean-360")


def test_check(corpus):
    problems = "\n".join(corpora.check("librispeech", corpus))
    for expected in ("4 parts missing: dev-other, test-other, train-clean-360, train-other-500",
                     "train-clean-100: 1 of 251 speakers, 4 of 28,539 utterances",
                     "1 utterances of test-clean in a transcript, not in its folder: 21-6-0002",
                     "4 speakers not in SPEAKERS.TXT: 30, 31"):
        assert expected in problems, expected


def test_damaged_and_absent(corpus, tmp_path):
    (corpus / "LibriSpeech/dev-clean/20/5/20-5-0001.flac").write_bytes(b"")
    corpora.prepare("librispeech", corpus, tmp_path / "out")
    assert any("unusable" in p and "20-5-0001" in p for p
               in layout.read_prepared(tmp_path / "out").problems)
    (corpus / "LibriSpeech/dev-clean/20/5/20-5.trans.txt").write_text("what\n")
    with pytest.raises(InputError, match=":1: expected '<speaker>"):
        corpora.check("librispeech", corpus)
    with pytest.raises(InputError, match="openslr.*CC BY"):
        corpora.check("librispeech", tmp_path / "out")


@pytest.mark.real
def test_real_one_per_speaker(real_data, tmp_path):
    if not (real_data / "librispeech" / "one_per_speaker").is_dir():
        pytest.skip("no one_per_speaker")
    paths = corpora.prepare("librispeech", real_data / "librispeech", tmp_path,
                            part="one_per_speaker")
    utterances = [u for p in paths for u in read_manifest(p)]
    assert len({u.speaker for u in utterances}) == len(utterances)
    assert {u.labels["sex"] for u in utterances} == {"M", "F"}


def test_one_reader(corpus, tmp_path):
    paths = corpora.prepare("librispeech", corpus, tmp_path / "out", part="train-clean-100",
                            speakers="19", dev=1,
                                test=1)
    parts = [read_manifest(p) for p in paths]
    assert [len(p) for p in parts] == [2, 1, 1] and parts[0][0].text.startswith("HELLO")
    with pytest.raises(InputError, match="speakers: '5' is not there"):
        corpora.prepare("librispeech", corpus, tmp_path / "out", speakers=["5"])
