import pytest

from avspeech.bench import folds, tasks
from avspeech.data import corpora
from avspeech.data.corpora import msp_podcast
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

HEAD = "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n"


@pytest.fixture
def corpus(tmp_path, sound):
    rows, source = [], tmp_path / "in"
    for number, part in enumerate(["Train"] * 16 + ["Development"] * 8 + ["Test1"] * 8
                                  + ["Test2"] * 3):
        name = f"MSP-PODCAST_{number:04}_0001"
        speaker = "Unknown" if number % 8 == 7 else f"{part}{number % 3}"
        ratings = f"{1 + number % 6}.5,{3 + number % 2}.2,4.{number % 3}"
        rows.append(f"{name}.wav,{'ASHUFDCN'[number % 8]},{ratings},{speaker},Female,{part}")
        sound(source / "Audios" / f"{name}.wav", number)
    (source / "Labels").mkdir()
    (source / "Labels" / "labels_consensus.csv").write_text(HEAD + "\n".join(rows) + "\n")
    return source


def test_sizes_of_releases():
    assert [size if isinstance(size, int) else sum(size.values())
            for size in msp_podcast.RELEASES.values()] == [104267, 151654, 207136, 264705]


def test_prepare_and_tasks(corpus, tmp_path):
    with pytest.raises(InputError, match="MSP-Podcast is not as published: 35 turns in the table"):
        corpora.prepare("msp_podcast", corpus, tmp_path / "out")
    utterances = read_manifest(corpora.prepare("msp_podcast", corpus, tmp_path / "out",
                                               incomplete=True)[0])
    assert len(utterances) == 32
    assert utterances[0].labels == {"emotion": "anger", "split": "train", "arousal": 1.5,
                                    "valence": 3.2,
                                    "dominance": 4.0, "sex": "female"}
    assert utterances[7].speaker == "msp_podcast-of-MSP-PODCAST_0007_0001"
    for name in ("emotion", "arousal", "valence", "dominance"):
        [fold] = folds.resolve(tasks.load(name), "msp_podcast", utterances).folds
        assert (len(fold.train), len(fold.dev), len(fold.test)) == (16, 8, 8)
    other = corpora.prepare("msp_podcast", corpus, tmp_path / "out2", test="Test2",
                            incomplete=True)[0]
    assert sum(u.labels["split"] == "test" for u in read_manifest(other)) == 3


def test_other_tables(corpus, tmp_path):
    with pytest.raises(InputError,
                       match="test=Test9: no such test part; there are Development, Test1"):
        corpora.prepare("msp_podcast", corpus, tmp_path / "out", test="Test9")
    table = corpus / "Labels" / "labels_consensus.csv"
    table.write_text(HEAD + "a.wav,A,high,1,1,1,Male,Train\nb.wav,A,2,1,1,1,Male,Test1\n")
    with pytest.raises(InputError, match="emoact: expected a number from 1 to 7, got 'high'"):
        corpora.check("msp_podcast", corpus)
    table.write_text("FileName,EmoClass\na.wav,A\n")
    with pytest.raises(InputError, match="expected a table with columns .*spkrid.* not there"):
        corpora.check("msp_podcast", corpus)


def test_labels_of_test3_are_withheld(tmp_path, sound):
    """As since release 1.11: the rows are there, without a rating."""
    rows, source = [], tmp_path / "in"
    for number, part in enumerate(["Train", "Development", "Test1", "Test3", "Test3"]):
        name = f"MSP-PODCAST_{number:04}_0001"
        rated = ",,," if part == "Test3" else "A,1.5,3.2,4.0"
        rows.append(f"{name}.wav,{rated},Unknown,Female,{part}")
        sound(source / "Audios" / f"{name}.wav", number)
    (source / "Labels").mkdir()
    (source / "Labels" / "labels_consensus.csv").write_text(HEAD + "\n".join(rows) + "\n")
    assert len(msp_podcast.scan(source).clips) == 3
    found = msp_podcast.scan(source, test="Test3")
    assert [c.labels for c in found.clips[2:]] == [{"split": "test", "sex": "female"}] * 2
    with pytest.raises(InputError, match="no utterance of the test split has the label 'emotion'"):
        corpora.prepare("msp_podcast", source, tmp_path / "out", test="Test3")
    (source / "Labels" / "labels_consensus.csv").write_text(HEAD + "a.wav,,,,,1,Male,Test1\n")
    with pytest.raises(InputError, match="a.wav: emotion '' is not known"):
        msp_podcast.scan(source)


@pytest.mark.parametrize("release", msp_podcast.RELEASES)
def test_the_release_is_named(release):
    size = msp_podcast.RELEASES[release]
    have = {"Train": size - 10, "Test1": 10} if isinstance(size, int) else size
    assert msp_podcast._release(have)[0][0].endswith(f"as release {release}")
    assert msp_podcast._release({"Train": 1})[1]


def test_releases_before_1_10(corpus, tmp_path):
    """Their table is labels_concensus.csv, and some call the development part Validation."""
    old, new = corpus / "Labels" / "labels_consensus.csv", corpus / "Labels" / "labels_concensus.csv"
    new.write_text(old.read_text().replace("Development", "Validation"))
    wanted = read_manifest(corpora.prepare("msp_podcast", corpus, tmp_path / "out", incomplete=True)[0])
    old.unlink()
    (corpus / "Audios").rename(corpus / "moved")
    (corpus / "Audios").mkdir()
    (corpus / "moved").rename(corpus / "Audios" / "Audio")
    again = read_manifest(corpora.prepare("msp_podcast", corpus, tmp_path / "again", incomplete=True)[0])
    assert [(u.id, u.labels) for u in again] == [(u.id, u.labels) for u in wanted]
    assert {u.labels["split"] for u in again} == {"train", "dev", "test"}
