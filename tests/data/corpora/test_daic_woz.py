import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.data import corpora, protocol
from avspeech.data.corpora import daic_woz
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

HEAD = "start_time\tstop_time\tspeaker\tvalue\n"
TURNS = (HEAD
         + "0.5\t1.5\tEllie\thi i'm ellie\n2.0\t4.0\tParticipant\tgood\n4.5\t5.5\tParticipant\tand you\n"
         "6.0\t7.0\tEllie\tokay\n9.0\t9.4\tParticipant\tmm\n10.0\t11.0\tParticipant\t<sync>\n\n"
         "12.0\t32.0\tParticipant\ta long story\n")
LABELS = "Participant_ID,PHQ8_Binary,PHQ8_Score,Gender,PHQ8_NoInterest\n"


def write(root, number, sound, turns=TURNS, seconds=40.0):
    sound(root / f"{number}_P" / f"{number}_AUDIO.wav", number, seconds)
    (root / f"{number}_P" / f"{number}_TRANSCRIPT.csv").write_text(turns)


@pytest.fixture
def corpus(tmp_path, sound):
    root = tmp_path / "in"
    for number in (300, 301, 302, 303, 304, 305):
        write(root, number, sound)
    for name, a, b in (("train", 300, 301), ("dev", 302, 303)):
        (root / f"{name}_split_Depression_AVEC2017.csv").write_text(
            f"{LABELS}{a},0,3,1,0\n{b},1,12,0,2\n")
    (root / "full_test_split.csv").write_text("Participant_ID,PHQ_Binary,PHQ_Score,Gender\n"
                                              "304,0,9,1\n305,1,20,0\n")
    return root


def test_published_counts_agree():
    assert len(daic_woz.NUMBERS) == 189 == sum(daic_woz.PARTICIPANTS.values())
    assert sum(protocol.get("daic_woz").counts.values()) == 189


def test_segments_and_labels(corpus, tmp_path):
    [path] = corpora.prepare("daic_woz", corpus, tmp_path / "out", incomplete=True)
    utterances = read_manifest(path)
    own = [u for u in utterances if u.speaker == "daic_woz-301"]
    assert [(u.start, u.duration, u.text) for u in own] == [
        (2.0, 3.5, "good and you"), (12.0, 10.0, "a long story"), (22.0, 10.0, "a long story")]
    assert own[0].id == "daic_woz-301-000" and own[0].audio == "301_P/301_AUDIO.wav"
    assert own[0].labels == {"split": "train", "participant": "301", "phq8": 12, "depressed": "yes",
                             "sex": "female"}


def test_participants_are_what_is_counted(corpus, tmp_path):
    utterances = read_manifest(corpora.prepare("daic_woz", corpus, tmp_path / "out",
                                               incomplete=True)[0])
    p = protocol.get("daic_woz")
    assert p.missing(utterances) == ["no: 3 of 133 participants", "yes: 3 of 56 participants"]
    [split] = p.splits(utterances, corpus, incomplete=True)
    assert {u.labels["participant"] for u in split.test} == {"304", "305"}
    [split] = protocol.get("daic_woz-phq8").splits(utterances, corpus, incomplete=True)
    assert {protocol.get("daic_woz-phq8").target(u) for u in split.dev} == {3.0, 12.0}


def test_known_faults_are_set_right(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD
                    + "1\t2\tParticipant\ta\n396\t400\tParticipant\tb\n440\t441\tParticipant\tc\n")
    assert [w for *_, w in daic_woz.read_transcript(path, "373")] == ["a", "c"]
    assert daic_woz.read_transcript(path, "321")[0][:2] == pytest.approx((4.8379167, 5.8379167))
    assert len(daic_woz.read_transcript(path, "300")) == 3


def test_missing_and_wrong(corpus, tmp_path, sound):
    (corpus / "300_P" / "300_AUDIO.wav").unlink()
    write(corpus, 301, sound, seconds=20.0)
    (corpus / "dev_split_Depression_AVEC2017.csv").write_text(f"{LABELS}302,0,12,1,0\n303,1,12,0,2\n")
    (corpus / "full_test_split.csv").unlink()
    problems = "\n".join(corpora.check("daic_woz", corpus))
    for expected in ("full_test_split.csv or test_split_Depression_AVEC2017.csv missing",
                     "185 participants in none of the tables: 304, 305",
                     "1 files missing: 300_P/300_AUDIO.wav",
                     "1 participants whose label does not go with their score (10 is depressed): 302",
                     "1 unusable interviews: 301: the transcript runs to 32.0 s, the sound to 20."):
        assert expected in problems, expected
    with pytest.raises(InputError, match="DAIC-WOZ is not as published"):
        corpora.prepare("daic_woz", corpus, tmp_path / "out")
    (corpus / "full_test_split.csv").write_text("Participant_ID,PHQ_Binary,PHQ_Score\n300,0,1\n")
    with pytest.raises(InputError, match="participant 300 is also in the train part"):
        corpora.check("daic_woz", corpus)
    (corpus / "full_test_split.csv").write_text("name,label\nx,1\n")
    with pytest.raises(InputError,
                       match="full_test_split.csv:2: expected Participant_ID, PHQ8_Binary"):
        corpora.check("daic_woz", corpus)
    with pytest.raises(InputError, match="shortest=9, longest=10"):
        corpora.prepare("daic_woz", corpus, tmp_path / "out", shortest=9, longest=10)


@given(st.lists(st.tuples(st.floats(0.1, 30), st.floats(0.05, 40)), max_size=20))
def test_segments_hold_the_speech_and_no_more(steps):
    """Segments are in order, apart, within the limits, and cover every turn that is long enough."""
    turns, at = [], 0.0
    for pause, length in steps:
        turns.append((at + pause, at + pause + length, "w"))
        at += pause + length
    cut = daic_woz.segments(turns, 1.0, 15.0)
    assert all(1.0 <= end - start <= 15.0 + 1e-9 for start, end, _ in cut)
    assert all(a[1] <= b[0] + 1e-9 for a, b in zip(cut, cut[1:]))
    for start, end, _ in turns:
        if end - start >= 1.0:
            covered = sum(min(end, e) - max(start, s) for s, e, _ in cut if s < end and e > start)
            assert covered == pytest.approx(end - start)


@pytest.mark.parametrize("inner", ["data", "300_P/300_P", ""])
def test_interviews_where_archives_put_them(corpus, tmp_path, inner):
    """Beside their tables, in a folder of their own name twice, and all in one folder."""
    whole = read_manifest(corpora.prepare("daic_woz", corpus, tmp_path / "out", incomplete=True)[0])
    place = tmp_path / "other"
    if inner == "data":
        place.mkdir()
        corpus.rename(place / "data")
    else:
        corpus.rename(place)
        for home in [f for f in place.iterdir() if f.is_dir() and f.name.endswith("_P")]:
            for path in list(home.iterdir()):
                goal = place / (f"{home.name}/{home.name}" if inner else "") / path.name
                goal.parent.mkdir(exist_ok=True)
                path.rename(goal)
    again = read_manifest(corpora.prepare("daic_woz", place, tmp_path / "again", incomplete=True)[0])
    assert [(u.id, u.start, u.labels) for u in again] == [(u.id, u.start, u.labels) for u in whole]


def test_a_score_off_its_scale_is_refused(tmp_path):
    rows = ["Participant_ID,PHQ8_Binary,PHQ8_Score,Gender", "300,1,24,1", "301,1,99,0"]
    (tmp_path / "train.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(InputError, match=r"train.csv:3: expected .*PHQ8_Score \(0 to 24\)"):
        daic_woz.read_split(tmp_path / "train.csv")
