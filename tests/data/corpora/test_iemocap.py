import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.data import corpora, protocol
from avspeech.data.corpora import iemocap, layout
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

HEAD = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
MOODS = ("neu", "exc", "hap", "ang", "sad", "fru", "xxx")


def write_dialogue(root, session, name, moods, sound, number=0):
    """One dialogue, its turns by the two speakers in turn."""
    folder = root / f"Session{session}"
    lines, spoken = [HEAD], []
    for k, mood in enumerate(moods):
        turn = f"{name}_{'FM'[k % 2]}{k:03}"
        lines.append(f"[{6.2901 + k:.4f} - {8.2357 + k:.4f}]\t{turn}\t{mood}\t[2.5000, 3.0000, 2.0000]\n"
                     "C-E2:\tNeutral;\t()\nA-E3:\tval 3; act 2; dom  2;\t()\n\n")
        spoken.append(f"{turn} [{6.2901 + k:08.4f}-{8.2357 + k:08.4f}]: Excuse me.\n")
        sound(folder / "sentences" / "wav" / name / f"{turn}.wav", number + k)
    for kind, text in (("EmoEvaluation", lines), ("transcriptions", spoken)):
        (folder / "dialog" / kind).mkdir(parents=True, exist_ok=True)
        (folder / "dialog" / kind / f"{name}.txt").write_text("".join(text))
        (folder / "dialog" / kind / f"._{name}.txt").write_bytes(b"\0\5\26\7")  # as in the archive


@pytest.fixture
def corpus(tmp_path, sound):
    for session in range(1, 6):
        write_dialogue(tmp_path / "in", session, f"Ses0{session}F_impro01", MOODS, sound,
                       20 * session)
        write_dialogue(tmp_path / "in", session, f"Ses0{session}M_script01_1b", MOODS[:2], sound,
                       20 * session + 10)
    return tmp_path / "in"


def test_published_counts_agree():
    assert sum(iemocap.TURNS.values()) == 10_039 and sum(iemocap.FOUR.values()) == 5531
    assert sum(protocol.get("iemocap-5fold").counts.values()) == 5531


def test_labels(corpus, tmp_path, capsys):
    [path] = corpora.prepare("iemocap", corpus, tmp_path / "out", incomplete=True)
    utterances = {u.id: u for u in read_manifest(path)}
    assert "5 of 5 sessions, 45 of 10,039 turns, 35 of 5,531 of the four classes" in capsys.readouterr().out
    u = utterances["iemocap-Ses01F_impro01_M001"]
    assert u.audio == "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M001.wav"
    assert u.text == "Excuse me." and u.speaker == "iemocap-Ses01M"  # not the F after the session
    assert u.labels == {"emotion": "excited", "session": "1", "sex": "male",
                        "dialogue": "Ses01F_impro01",
                        "style": "improvised", "valence": 2.5, "arousal": 3.0, "dominance": 2.0}
    assert utterances["iemocap-Ses05M_script01_1b_F000"].labels["style"] == "scripted"
    assert len({u.speaker for u in utterances.values()}) == 10


def test_protocol(corpus, tmp_path):
    """Four classes, excited as happy; sessions tested, developed on and trained on stay apart."""
    utterances = read_manifest(corpora.prepare("iemocap", corpus, tmp_path / "out",
                                               incomplete=True)[0])
    p = protocol.get("iemocap-5fold")
    with pytest.raises(InputError, match="angry: 5 of 1,103 utterances, happy: 15 of 1,636"):
        p.splits(utterances, corpus)
    splits = p.splits(utterances, corpus, incomplete=True)
    assert [(len(s.train), len(s.dev), len(s.test)) for s in splits] == [(21, 7, 7)] * 5
    assert {p.category(u) for u in utterances} == {"angry", "happy", "neutral", "sad", None}
    assert {u.labels["session"] for u in splits[4].dev} == {"1"}


def test_missing_and_wrong(corpus, tmp_path):
    (corpus / "Session2/sentences/wav/Ses02F_impro01/Ses02F_impro01_F000.wav").unlink()
    (corpus / "Session3/dialog/transcriptions/Ses03F_impro01.txt").unlink()
    problems = "\n".join(corpora.check("iemocap", corpus))
    for expected in ("Session1 has 9 of 1,819 turns",
                     "1 dialogues without a transcription: Ses03F_impro01",
                     "1 turns without sound: Session2/sentences/wav/Ses02F_impro01/Ses02F_impro01_F000.wav"):
        assert expected in problems, expected
    with pytest.raises(InputError, match="IEMOCAP is not as published"):
        corpora.prepare("iemocap", corpus, tmp_path / "out")
    table = corpus / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    table.write_text(HEAD + "[6.29 - 8.23]\tSes01F_impro01_F000\tjoy\t[2.5, 2.5, 2.5]\n")
    with pytest.raises(InputError,
                       match=r"Ses01F_impro01.txt:3: expected '\[start - end\] turn emotion"):
        corpora.check("iemocap", corpus)


@given(st.text(alphabet="[]-., \tSes01F_impro023eu59\n", max_size=80))
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("e") / "a.txt"
    path.write_text(text)
    try:
        iemocap.read_evaluation(path)
    except InputError as error:
        assert str(path) in str(error)


def test_incomplete_is_written_down(corpus, tmp_path):
    corpora.prepare("iemocap", corpus, tmp_path / "out", incomplete=True)
    assert layout.read_prepared(tmp_path / "out").problems
