import itertools

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
    said = corpora.check("emodb", tmp_path)
    assert "70 of 70 clips last exactly 2.00 s, and none is longer: this copy was cut" in said


@pytest.fixture
def newer(corpus, sound):
    """Release 2.0: 281 clips more, on which fewer than 80 % agreed, and its tables."""
    rows, gold = ["file,emotion,emotion.confidence"], {"train": ["file,emotion"],
                                                       "test": ["file,emotion"]}
    old = sorted((corpus / "wav").glob("*.wav"))
    for path in old:
        mood = emodb.EMOTIONS[path.stem[5]]
        rows.append(f"wav/{path.name},{mood},0.{80 + len(rows) % 20}")
        part = "test" if path.stem[:2] in emodb.TEST_SPEAKERS else "train"
        gold[part].append(f"wav/{path.name},{mood}")
    names = (f"{s}{t}{e}{v}" for s in emodb.SPEAKERS for v in "efg" for t in emodb.TEXTS
             for e in emodb.EMOTIONS)
    for number, name in enumerate(itertools.islice(names, 281)):
        sound(corpus / "wav" / f"{name}.wav", 1000 + number)
        rows.append(f"wav/{name}.wav,{emodb.EMOTIONS[name[5]]},0.{10 + number % 70}")
    (corpus / "db.emotion.csv").write_text("\n".join(rows) + "\n")
    for part, lines in gold.items():
        (corpus / f"db.emotion.categories.{part}.gold_standard.csv").write_text("\n".join(lines)
                                                                                + "\n")
    return corpus


def test_release_2_has_a_protocol_and_the_535(newer, tmp_path, capsys):
    [path] = corpora.prepare("emodb", newer, tmp_path / "out")
    utterances = read_manifest(path)
    assert len(utterances) == 816 and layout.read_prepared(tmp_path / "out").problems == []
    said = capsys.readouterr().out
    assert "281 of them below 80% agreement: these have the label acted and not emotion" in said
    one = next(u for u in utterances if u.id == "emodb-03a01We")
    assert "emotion" not in one.labels and one.labels["acted"] == "anger" and one.labels["split"] == "train"
    assert one.labels["agreement"] < 0.8
    older = protocol.get("emodb-loso")
    assert len(older.selected(utterances)) == 535
    [split] = protocol.get("emodb-2.0").splits(utterances, newer)
    speakers = [{u.speaker[-2:] for u in part} for part in (split.train, split.dev, split.test)]
    assert speakers[1:] == [{"10", "13"}, {"12", "14", "15", "16"}] and len(speakers[0]) == 4
    with pytest.raises(InputError, match="utterances: 815 of 816 utterances"):
        protocol.get("emodb-2.0").splits(utterances[1:])


def test_release_2_without_its_tables_or_clips_is_told(newer, tmp_path):
    (newer / "wav" / "03a01We.wav").unlink()
    assert corpora.check("emodb", newer)[:2] == [
        "1 clips missing that db.emotion.csv lists: 03a01We", "release 2.0: 815 of 816 clips"]
    table = newer / "db.emotion.csv"
    whole = table.read_text()
    table.write_text(whole.replace("wav/03a01Wa.wav,anger", "wav/03a01Wa.wav,fear"))
    with pytest.raises(InputError, match="03a01Wa.wav: emotion 'fear' is not that of its name"):
        corpora.check("emodb", newer)
    table.unlink()
    with pytest.raises(InputError,
                       match="815 clips, more than the 535 of 2005: .* its db.emotion.csv"):
        corpora.prepare("emodb", newer, tmp_path / "out")


def test_names_in_capitals_and_paths_of_another_system(newer, tmp_path):
    whole = {c.id: c.labels for c in emodb.scan(newer).clips}
    for path in list((newer / "wav").iterdir()):
        path.rename(path.with_name(path.name.upper()))
    for table in newer.glob("*.csv"):
        table.write_text(table.read_text().replace("wav/", "C:\\emodb\\wav\\"))
    assert {c.id: c.labels for c in emodb.scan(newer).clips} == whole
