import numpy as np
import pytest

from avspeech.data import protocol
from avspeech.data.corpora import layout
from avspeech.data.corpora.made import mini_emotion
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError
from avspeech.media import audio


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    pytest.importorskip("espeakng_loader")
    out = tmp_path_factory.mktemp("mini_emotion")
    return mini_emotion.prepare(None, out, sentences=1, workers=1)[0]


def test_it_is_whole_and_kept(corpus):
    utterances = read_manifest(corpus)
    assert len(utterances) == len(mini_emotion.VOICES) * len(mini_emotion.EMOTIONS) == 40
    assert len({u.text for u in utterances}) == 8
    assert layout.read_prepared(corpus.parent).root == str(corpus.parent.resolve())
    for u in utterances:
        assert audio.duration(corpus.parent / u.audio) == pytest.approx(u.duration, abs=1e-3)
        assert 0.8 < u.duration < 5
    stamp = corpus.stat().st_mtime_ns
    assert mini_emotion.prepare(None, corpus.parent, sentences=1) == [corpus]
    assert corpus.stat().st_mtime_ns == stamp


def test_it_is_the_same_again(corpus, tmp_path):
    """An utterance made alone, in another process, is the one made among others."""
    for u in read_manifest(corpus)[7:40:16]:
        speaker, emotion = int(u.speaker[-2:]), u.labels["emotion"]
        job = mini_emotion._Job(tmp_path, speaker, 0, u.text, emotion, 0)
        assert mini_emotion._make(job) == u
        assert (tmp_path / u.audio).read_bytes() == (corpus.parent / u.audio).read_bytes()


def test_protocol(corpus):
    p = protocol.get("mini_emotion")
    assert tuple(mini_emotion.EMOTIONS) == p.classes
    assert set(p.counts.values()) == {len(mini_emotion.VOICES) * mini_emotion.SENTENCES}
    splits = p.splits(read_manifest(corpus), corpus.parent, incomplete=True)
    assert [(len(s.train), len(s.dev), len(s.test)) for s in splits] == [(20, 10, 10)] * 4
    for split in splits:
        for part in (split.train, split.dev, split.test):
            assert {u.labels["sex"] for u in part} == {"male", "female"}


def test_emotions_sound_as_they_are_said_to(corpus):
    """Over voices, sadness is slower and softer than neutral speech, anger louder and brighter."""
    length, level, bright = {}, {}, {}
    for u in read_manifest(corpus):
        samples = audio.read(corpus.parent / u.audio).astype(np.float64)
        power = np.abs(np.fft.rfft(samples)) ** 2
        frequency = np.fft.rfftfreq(len(samples), 1 / 16000)
        mood = u.labels["emotion"]
        length.setdefault(mood, []).append(u.duration)
        level.setdefault(mood, []).append(10 * np.log10(np.mean(samples ** 2)))
        bright.setdefault(mood, []).append((power * frequency).sum() / power.sum())
    length, level, bright = ({m: np.mean(v) for m, v in d.items()} for d in (length, level, bright))
    assert length["sad"] > 1.15 * length["neutral"] > 1.15 * length["fearful"]
    assert level["sad"] + 4 < level["neutral"] < level["angry"] - 4
    assert bright["sad"] < bright["neutral"] < bright["angry"]


def test_options():
    with pytest.raises(InputError, match="sentences=0: expected 1 to 750"):
        mini_emotion.prepare(None, "nowhere", sentences=0)
    assert len({mini_emotion.sentence(n) for n in range(6000)}) == 6000


def test_level_and_tilt():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(16000)
    for level in (-6.0, 0.0, 6.0):
        shaped = mini_emotion.shaped(noise, level, 0.5, 0.3, rng)
        assert 20 * np.log10(np.sqrt(np.mean(shaped ** 2))) == pytest.approx(mini_emotion.LEVEL + level)
    spectrum = np.abs(np.fft.rfft(mini_emotion.shaped(noise, 0, 0.5, 0.0, rng))) ** 2
    assert spectrum[4000:].sum() > 3 * spectrum[:4000].sum()
