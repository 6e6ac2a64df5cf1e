import json

import pytest

from avspeech.data import corpora, protocol
from avspeech.data.corpora import layout, m3ed
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, sound):
    """A series in each part, two dialogues each of every emotion."""
    root = tmp_path / "in"
    (root / "splitInfo").mkdir(parents=True)
    annotation, number = {}, 0
    for part in ("train", "val", "test"):
        series = f"series{part}"
        (root / "splitInfo" / f"movie_list_{part}.txt").write_text(f"{series}\n")
        annotation[series] = {}
        for k in (1, 2):
            said = {}
            for n, emotion in enumerate(m3ed.EMOTIONS):
                name, letter = f"{series}_{k}_{n + 1}", "AB"[n % 2]
                said[name] = {"StartTime": "00:00:01:05", "EndTime": "00:00:02:20", "Text": "你好",
                              "Speaker": letter,
                              "EmoAnnotation": {"EmoAnnotator1": emotion, "final_mul_emo": emotion,
                                                "final_main_emo": emotion}}
                number += 1
                sound(root / "modality_speech" / f"{letter}_{name}.wav", number)
            annotation[series][f"{series}_{k}"] = {
                "SpeakerInfo": {"A": {"Name": "梁致远", "Gender": "Male", "Age": "mid"},
                                "B": {"Name": "文慧"}},
                "Dialog": said}
    (root / "annotation.json").write_text(json.dumps(annotation, ensure_ascii=False),
                                          encoding="utf-8")
    return root


def test_published_counts_agree():
    p = protocol.get("m3ed")
    assert sum(m3ed.SERIES.values()) == 56 and sum(p.counts.values()) == m3ed.UTTERANCES
    assert set(p.classes) == set(m3ed.EMOTIONS.values())


def test_labels_and_parts(corpus, tmp_path):
    [path] = corpora.prepare("m3ed", corpus, tmp_path / "out", incomplete=True)
    utterances = {u.id: u for u in read_manifest(path)}
    u = utterances["m3ed-seriesval_1_1"]
    assert u.audio == "modality_speech/A_seriesval_1_1.wav" and u.text == "你好"
    assert u.speaker == "m3ed-seriesval-梁致远"
    assert u.labels == {"emotion": "happy", "split": "dev", "series": "seriesval",
                        "dialogue": "seriesval_1",
                        "sex": "male", "age": "mid"}
    [split] = protocol.get("m3ed").splits(list(utterances.values()), corpus, incomplete=True)
    assert [len(part) for part in (split.train, split.dev, split.test)] == [14, 14, 14]
    assert layout.read_prepared(tmp_path / "out").found == [
        "3 of 56 series, 6 of 990 dialogues, 42 of 24,449 utterances"]


def test_missing_and_wrong(corpus, tmp_path):
    (corpus / "modality_speech" / "A_seriestest_1_1.wav").unlink()
    problems = "\n".join(corpora.check("m3ed", corpus))
    for expected in ("annotation.json: 42 of 24,449 utterances", "train: 1 of 38 series",
                     "1 clips missing that annotation.json names: seriestest_1_1"):
        assert expected in problems, expected
    with pytest.raises(InputError, match="M3ED is not as published"):
        corpora.prepare("m3ed", corpus, tmp_path / "out")


@pytest.mark.parametrize("text, what", [
    ("{", "not JSON"), ("[]", "not as published"), ('{"seriesval": {"1": {}}}',
                                                    "not as published .KeyError"),
    ('{"other": {}}', "series 'other' is in none of"), ("{}", "nothing of M3ED in it")])
def test_other_annotations_are_refused(corpus, text, what):
    (corpus / "annotation.json").write_text(text)
    with pytest.raises(InputError, match=what):
        corpora.check("m3ed", corpus)


def test_a_series_in_two_parts_is_refused(corpus):
    (corpus / "splitInfo" / "movie_list_test.txt").write_text("seriestest\nseriestrain\n")
    with pytest.raises(InputError, match="series 'seriestrain' is also in the train part"):
        corpora.check("m3ed", corpus)
    (corpus / "splitInfo" / "movie_list_test.txt").unlink()
    with pytest.raises(InputError, match="movie_list_test.txt: missing"):
        corpora.check("m3ed", corpus)
