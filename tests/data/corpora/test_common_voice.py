import pytest

from avspeech.bench import folds, tasks
from avspeech.data import corpora
from avspeech.data.corpora import common_voice, layout
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


def test_prepare(tmp_path, sound):
    source = tmp_path / "en"
    number = 0
    for split in ("train", "dev", "test"):
        rows = ["client_id\tpath\tsentence_id\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tlocale"]
        for client in range(4):
            for _ in range(3):
                number += 1
                age = ("twenties", "", "fourties", "sixties")[client]
                sex = ("male_masculine", "female", "", "do_not_wish_to_say")[client]
                accent = ("United States English", "England English", "", "my own")[client]
                rows.append(f'{split}{client}\tcv_{number}.mp3\ts\tSay "{number}".\t2\t0\t{age}\t{sex}\t'
                            f"{accent}\ten")
                # A WAV under that name: what is inside counts
                sound(source / "clips" / f"cv_{number}.wav", number)
                (source / "clips" / f"cv_{number}.wav").rename(source / "clips" / f"cv_{number}.mp3")
        (source / f"{split}.tsv").write_text("\n".join(rows) + "\n")
    assert corpora.check("common_voice", source) == []
    utterances = read_manifest(corpora.prepare("common_voice", source, tmp_path / "out")[0])
    assert len(utterances) == 36
    assert utterances[0].labels == {"split": "train", "locale": "en", "age": 25,
                                    "age_band": "twenties",
                                    "sex": "male", "accent": "United States English"}
    assert utterances[0].text == 'Say "1".'
    for task, size, classes in (("gender", 6, ("female", "male")), ("age", 9, ()),
                                ("accent", 6, None)):
        found = folds.resolve(tasks.load(task), "common_voice", utterances)
        assert {len(p) for f in found.folds for p in (f.train, f.dev, f.test)} == {size}
        assert classes is None or found.classes == classes
    fewer = corpora.prepare("common_voice", source, tmp_path / "out2", limit=1)[0]
    assert len(read_manifest(fewer)) == 12
    (source / "dev.tsv").unlink()
    assert corpora.check("common_voice", source) == ["dev.tsv missing"]


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_a_separator_in_a_sentence_is_part_of_it(tmp_path, sound, separator):
    head = "client_id\tpath\tsentence\tage\tgender\n"
    for split in ("train", "dev", "test"):
        sound(tmp_path / "clips" / f"{split}.wav")
        (tmp_path / f"{split}.tsv").write_text(
            f"{head}{split}\t{split}.wav\tOne{separator}two\ttwenties\tfemale\n", encoding="utf-8")
    assert [c.text for c in common_voice.scan(tmp_path).clips] == [f"One{separator}two"] * 3
    assert len(read_manifest(corpora.prepare("common_voice", tmp_path, tmp_path / "out")[0])) == 3
    assert "3 of 3 utterances have no label 'accent'" in layout.read_prepared(tmp_path / "out").found
    (tmp_path / "dev.tsv").write_text(f"{head}dev\tdev.wav\tOne\n")
    with pytest.raises(InputError, match="dev.tsv:2: expected 5 cells .*, got 3; correct this row"):
        corpora.check("common_voice", tmp_path)


def test_a_sex_that_a_release_lost_is_told(tmp_path, sound, monkeypatch):
    """Release 6.0 has no clip of a man; a few clips may have none."""
    for split in ("train", "dev", "test"):
        sound(tmp_path / "clips" / f"{split}.wav")
        (tmp_path / f"{split}.tsv").write_text("client_id\tpath\tsentence\tage\tgender\n"
                                               f"{split}\t{split}.wav\tOne\tteen\tfemale\n")
    assert common_voice.scan(tmp_path).problems == []
    monkeypatch.setattr(common_voice, "ENOUGH", 3)
    found = common_voice.scan(tmp_path)
    assert any("no clip of sex 'male'" in line for line in found.problems)
    assert any("answers that are no label here: age 'teen' (3)" in line for line in found.found)


HEAD = "client_id\tpath\tsentence\tage\tgender\n"


def table(folder, split, rows):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{split}.tsv").write_text(HEAD + "".join("\t".join(row) + "\n" for row in rows))


@pytest.mark.parametrize("path", ["cv_{}.mp3", "cv_{}", "clips\\cv_{}.mp3", "clips/cv_{}.mp3",
                                  "/home/of/another/clips/cv_{}.mp3", "en_train_0/cv_{}.flac"])
@pytest.mark.parametrize("hub", [False, True])
def test_paths_of_copies_and_the_layout_of_the_hub(tmp_path, sound, path, hub):
    for n, split in enumerate(("train", "dev", "test")):
        place = tmp_path / (f"audio/en/{split}/en_{split}_0" if hub else "clips")
        sound(place / f"cv_{n}.wav", n)
        name = path.replace("mp3", "wav").replace("flac", "wav") if hub else path
        sound(place / f"cv_{n}.wav", n)
        row = [split, name.format(n) + (".wav" if hub and "." not in name else ""), "One", "", ""]
        table(tmp_path / "transcript/en" if hub else tmp_path, split, [row])
    [manifest] = corpora.prepare("common_voice", tmp_path, tmp_path / "out")
    assert [(u.id, u.labels["locale"] == "en") for u in read_manifest(manifest)] == [
        (f"common_voice-cv_{n}", hub) for n in range(3)]


@pytest.mark.parametrize("nobody", ["", "nan", "unknown"])
def test_a_client_who_is_nobody_is_no_speaker(tmp_path, sound, nobody):
    """Before, all of them were one speaker, and in training and test alike."""
    for split, client in (("train", nobody), ("dev", "b"), ("test", nobody)):
        for k in range(2):
            sound(tmp_path / "clips" / f"{split}{k}.wav", k)
        table(tmp_path, split, [[client, f"{split}0.wav", "One", "", ""],
                                [f"{split}-x", f"{split}1.wav", "", "", ""]])
    [manifest] = corpora.prepare("common_voice", tmp_path, tmp_path / "out", incomplete=True)
    speakers = [u.speaker for u in read_manifest(manifest)]
    assert len(speakers) == len(set(speakers)) == 4
    said = layout.read_prepared(tmp_path / "out")
    assert any("2 clips left out, whose speaker is not known" in line for line in said.problems)
    assert "3 of 4 utterances have no text" in said.found
