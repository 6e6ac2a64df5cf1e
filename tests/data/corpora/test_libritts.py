import numpy as np
import pytest
import soundfile

from avspeech.data import corpora
from avspeech.data.corpora import layout, libritts
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path):
    base = tmp_path / "corpus" / "LibriTTS"
    for part, speaker in (("train-clean-100", "19"), ("train-clean-100", "26"), ("dev-clean", "84"),
                          ("test-clean", "61")):
        folder = base / part / speaker / "198"
        folder.mkdir(parents=True)
        for k in range(4):
            name = f"{speaker}_198_000010_{k:06d}"
            soundfile.write(folder / f"{name}.wav", np.full(12000, 0.1), 24000)
            (folder / f"{name}.normalized.txt").write_text(f"Mister {k} said,\n“no.”",
                                                           encoding="utf-8")
            (folder / f"{name}.original.txt").write_text(f"Mr. {k} said, “no.”", encoding="utf-8")
    (base / "speakers.tsv").write_text("READER\tGENDER\tSUBSET\tNAME\n"
                                       "19\tF\ttrain-clean-100\tA\n84\tM\tdev-clean\tB\n")
    return tmp_path / "corpus"


def test_published_counts_agree():
    assert sum(libritts.SPEAKERS.values()) == 2_456 and sum(libritts.UTTERANCES.values()) == 375_086


def test_published_split(corpus, tmp_path):
    parts = [read_manifest(p) for p in corpora.prepare("libritts", corpus, tmp_path / "out")]
    assert [len(p) for p in parts] == [8, 4, 4]
    assert layout.read_prepared(tmp_path / "out").split == "published"
    first = parts[0][0]
    assert first.id == "libritts-19_198_000010_000000" and first.speaker == "libri-19"
    assert first.text == "Mister 0 said, “no.”"
    assert first.labels == {"chapter": "198", "raw": "Mr. 0 said, “no.”", "sex": "female"}


def test_some_speakers_by_clip(corpus, tmp_path):
    paths = corpora.prepare("libritts", corpus, tmp_path / "out", part="train-clean-100",
                            speakers=["19"],
                            dev=1,
                            test=1)
    assert [len(read_manifest(p)) for p in paths] == [2, 1, 1]
    with pytest.raises(InputError, match="speakers: '7' is not there"):
        corpora.prepare("libritts", corpus, tmp_path / "out", speakers=["7"])
    with pytest.raises(InputError, match="part: 'all' is not there"):
        corpora.prepare("libritts", corpus, tmp_path / "out", part="all")


def test_check(corpus):
    (corpus / "LibriTTS" / "dev-clean" / "84" / "198" / "84_198_000010_000001.normalized.txt").unlink()
    said = "\n".join(corpora.check("libritts", corpus))
    for expected in ("4 parts missing: dev-other, test-other",
                     "1 of 39 speakers, 4 of 4,837 utterances",
                     "without .normalized.txt: 84_198_000010_000001"):
        assert expected in said


def test_a_speaker_of_two_published_parts_is_in_one(corpus, tmp_path):
    folder = corpus / "LibriTTS" / "test-clean" / "19" / "7"
    folder.mkdir(parents=True)
    soundfile.write(folder / "19_7_000010_000000.wav", np.full(12000, 0.2), 24000)
    (folder / "19_7_000010_000000.normalized.txt").write_text("Other words.")
    train, _, test = [read_manifest(p) for p in corpora.prepare("libritts", corpus, tmp_path / "out")]
    assert {u.speaker for u in train} == {"libri-26"} and len(test) == 5
    assert any("4 utterances left out: their speaker" in line
               for line in layout.read_prepared(tmp_path / "out").found)
