import numpy as np
import pytest

from avspeech.data import corpora
from avspeech.data.corpora import debate
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError
from avspeech.report import metrics
from avspeech.semi.pseudolabels import hashed_text


@pytest.fixture
def corpus(tmp_path, sound):
    """60 sentences, two readings of each, by ten speakers."""
    rows = ["ID,Sentence,Label"]
    for n in range(120):
        rows.append(f"{n + 1},句子{n // 2}的长,{'cháng' if n % 2 else 'zhǎng'}")
        for speaker in range(1, 11):
            sound(tmp_path / "DEBATE_Audio" / f"speaker_{speaker}" / "polyphone"
                  / f"s{speaker}_p_id_{n + 1:03}.wav", n)
    (tmp_path / "Task_Proun.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def test_prepare_and_the_split(corpus, tmp_path):
    with pytest.raises(InputError, match="pronunciation: 1,200 of 2,000 clips"):
        corpora.prepare("debate", corpus, tmp_path / "out")
    utterances = read_manifest(corpora.prepare("debate", corpus, tmp_path / "out",
                                               incomplete=True)[0])
    assert len(utterances) == 1200
    u = next(u for u in utterances if u.id == "debate-s10_p_id_002")
    assert u.speaker == "debate-speaker_10" and u.labels["reading"] == "cháng" and u.text == "句子0的长"
    parts = {p: [u for u in utterances if u.labels["split"] == p] for p in ("train", "dev", "test")}
    for key in (lambda u: u.speaker, lambda u: u.labels["sentence"]):
        held = [{key(u) for u in part} for part in parts.values()]
        assert all(held) and not (held[0] & held[1] or held[0] & held[2] or held[1] & held[2])


@pytest.mark.parametrize("first", [0, 1])
def test_six_two_and_two_speakers(tmp_path, sound, first):
    """The publisher numbers them 0 to 9, and writes ids as in the names of files."""
    rows = ["id,sentence,meaning,pronunciation"]
    for n in range(60):
        rows.append(f"id_{n:03},句子{n // 2},{'grow' if n % 2 else 'long'},{'zhǎng' if n % 2 else 'cháng'}")
        for speaker in range(first, first + 10):
            sound(tmp_path / "DEBATE_Audio" / f"speaker_{speaker}" / "polyphone"
                  / f"s{speaker}_p_id_{n:03}.wav", n)
    (tmp_path / "Task_Proun.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    found = debate.scan(tmp_path)
    assert len(found.clips) == 600
    assert {c.labels["reading"] for c in found.clips} == {"zhǎng", "cháng"}
    parts = {part: {c.speaker for c in found.clips if c.labels["split"] == part}
             for part in ("train", "dev", "test")}
    names = [f"speaker_{n}" for n in range(first, first + 10)]
    assert parts == {"train": set(names[:6]), "dev": set(names[6:8]), "test": set(names[8:])}


def test_ids_and_readings_that_cannot_be(corpus):
    table = corpus / "Task_Proun.csv"
    for row, what in (("x_17y,a,b",
                       "csv:2: id: expected a number, or a name such as id_017, got 'x_17y'"),
                      ("1,a,b\nid_001,a,c", "csv:3: id 001 is given twice"),
                      ("1,a", "csv:2: expected 3 cells")):
        table.write_text(f"ID,Sentence,Label\n{row}\n")
        with pytest.raises(InputError, match=what):
            debate.scan(corpus)


def test_text_alone_is_at_chance(corpus, tmp_path):
    """What is written says nothing of which reading is meant, on sentences that were not learnt."""
    utterances = read_manifest(corpora.prepare("debate", corpus, tmp_path / "out",
                                               incomplete=True)[0])
    train, test = ([u for u in utterances if u.labels["split"] == p] for p in ("train", "test"))
    x, tested = (hashed_text([u.text for u in part]).astype(float) for part in (train, test))
    y = np.array([u.labels["which"] == "second" for u in train])
    weights = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ (y - y.mean()))
    truth = [int(u.labels["which"] == "second") for u in test]
    guessed = (tested @ weights + y.mean() > 0.5).astype(int).tolist()
    assert metrics.uar(truth, guessed, 2) == pytest.approx(0.5, abs=0.02)


def test_which_reading_is_first_is_drawn_by_sentence():
    readings = {2 * n + k: (f"s{n}", "ab"[k]) for n in range(200) for k in (0, 1)}
    names = debate.numbered(readings)
    assert all(names[2 * n] != names[2 * n + 1] for n in range(200))
    assert 70 < sum(names[2 * n] == "first" for n in range(200)) < 130
    assert debate.numbered({1: ("s", "a"), 2: ("t", "b")}) == {}


def test_other_tables(corpus):
    table = corpus / "Task_Proun.csv"
    table.write_text("ID,Sentence,Colour\n1,x,y\n")
    with pytest.raises(InputError, match="no column for reading; it has id, sentence, colour"):
        debate.scan(corpus)
    with pytest.raises(InputError,
                       match="task: 'tone' is not there; there are pronunciation, pause, stress"):
        debate.scan(corpus, "tone")
    assert sum(debate.CLIPS.values()) == 10010
    assert "zhǎng | cháng" in debate.prompt("长", ["zhǎng", "cháng"])


def test_rows_that_say_the_same_are_one_and_other_tables_are_not_chosen_between(corpus):
    table = corpus / "Task_Proun.csv"
    rows = table.read_text(encoding="utf-8")
    before = debate.scan(corpus).clips
    table.write_text(rows + rows.splitlines()[-1] + "\n", encoding="utf-8")
    (corpus / "Task_Proun (1).csv").write_text(rows, encoding="utf-8")
    assert debate.scan(corpus).clips == before
    (corpus / "Task_Proun (1).csv").write_text(rows.replace("zhǎng", "zhàng"), encoding="utf-8")
    with pytest.raises(InputError, match="Task_Proun.csv: says something else than Task_Proun \\(1\\).csv"):
        debate.scan(corpus)


@pytest.mark.parametrize("nothing", ["nan", "", "None"])
def test_no_reading_is_no_reading(corpus, nothing):
    table = corpus / "Task_Proun.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("zhǎng", nothing), encoding="utf-8")
    found = debate.scan(corpus).clips
    assert {c.labels["reading"] for c in found} == {"cháng"} and not any("which" in c.labels for c in found)


def test_a_speaker_who_is_not_there_is_named(corpus):
    (corpus / "DEBATE_Audio" / "speaker_10").rename(corpus / "gone")
    assert "1 speakers missing, counted from 0: speaker_0" in debate.scan(corpus).problems
