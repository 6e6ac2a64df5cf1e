import numpy as np
import pytest
import soundfile

from avspeech.data import corpora
from avspeech.data.corpora import layout
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

INFO = """ID  AGE  GENDER  ACCENTS  REGION COMMENTS
p225  23  F    English    Southern  England
p226  22  M    English    Surrey
s5    24  F    British    Oxford
p315  18  M    American   New  England (No text and mic2 files)
"""


@pytest.fixture
def corpus(tmp_path):
    base = tmp_path / "vctk"
    for speaker in ("p225", "p226", "s5", "p315"):
        (base / "wav48_silence_trimmed" / speaker).mkdir(parents=True)
        (base / "txt" / speaker).mkdir(parents=True)
        for k in range(1, 7):
            for mic in ("mic1", "mic2"):
                soundfile.write(base / "wav48_silence_trimmed" / speaker / f"{speaker}_{k:03d}_{mic}.flac",
                                np.full(4800, 0.1), 48000)
            if speaker != "p315":
                text = base / "txt" / speaker / f"{speaker}_{k:03d}.txt"
                text.write_text(f"Please call {'abcdef'[k - 1]}.\n")
    (base / "speaker-info.txt").write_text(INFO)
    return base


def test_sentences_are_held_out_by_text(corpus, tmp_path):
    parts = [read_manifest(p) for p in corpora.prepare("vctk", corpus, tmp_path / "out", dev=1,
                                                       test=2)]
    assert [len(p) for p in parts] == [9, 3, 6]
    texts = [{u.text for u in part} for part in parts]
    assert not (texts[0] & texts[1] or texts[0] & texts[2])
    first = parts[0][0]
    assert first.speaker == "vctk-p225" and first.audio.endswith("_mic1.flac") and first.duration == 0.1
    assert first.labels == {"sex": "female", "age": 23, "accent": "English"}
    assert layout.read_prepared(tmp_path / "out").split == "text"


def test_speakers_held_out_and_the_other_microphone(corpus, tmp_path):
    paths = corpora.prepare("vctk", corpus, tmp_path / "out", split="speaker", microphone="mic2",
                            dev=1,
                            test=1)
    assert [len({u.speaker for u in read_manifest(p)}) for p in paths] == [1, 1, 1]
    with pytest.raises(InputError, match="microphone: expected mic1 or mic2"):
        corpora.prepare("vctk", corpus, tmp_path / "out", microphone="mic3")


def test_check(corpus):
    (corpus / "wav48_silence_trimmed" / "p226" / "p226_003_mic2.flac").unlink()
    (corpus / "txt" / "p225" / "p225_001.txt").unlink()
    said = "\n".join(corpora.check("vctk", corpus))
    assert "4 of 110 speakers, 17 of 44,455 utterances with text" in said
    assert "1 sounds without a text: p225_001" in said and "without one of mic2: p226_003" in said


def test_a_speaker_of_two_sexes_is_refused(corpus):
    """Before, the last line won."""
    (corpus / "speaker-info.txt").write_text(INFO + INFO.splitlines()[1] + "\n")
    assert len(corpora.check("vctk", corpus)) == 1
    (corpus / "speaker-info.txt").write_text(INFO + "p225  23  M    English    Southern  England\n")
    with pytest.raises(InputError, match="speaker-info.txt:6: 'p225' stands above already"):
        corpora.check("vctk", corpus)
