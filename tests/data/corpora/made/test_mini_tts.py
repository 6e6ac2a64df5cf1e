import numpy as np
import pytest

from avspeech import text
from avspeech.data import corpora
from avspeech.data.corpora import layout
from avspeech.data.corpora.made import mini_tts
from avspeech.data.manifest import read_manifest, resolve
from avspeech.errors import InputError
from avspeech.media import audio


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    pytest.importorskip("espeakng_loader")
    pytest.importorskip("pyworld")
    out = tmp_path_factory.mktemp("mini_tts")
    paths = corpora.prepare("mini_tts", None, out, speakers=1, utterances=4, dev=1, test=1, workers=1)
    return out, [u for p in paths for u in read_manifest(p)]


def test_plans_are_read_as_they_are_meant():
    shapes = set()
    for seed in range(60):
        plan = mini_tts.plan(np.random.default_rng(seed))
        script = text.analyse(mini_tts.markup(plan))
        words = [word.lower() for group in plan.groups for word in group]
        assert [w.text for w in script.words] == words == [w.text for w in text.analyse(plan.text).words]
        ends = np.cumsum([len(group) for group in plan.groups]) - 1
        assert script.breaks() == dict(zip(ends.tolist(), plan.breaks))
        for end, tone in zip(ends, plan.tones):
            assert script.words[end].tone.shape == tone.shape
            shapes.add(tone.shape)
    assert shapes == {"rise", "fall", "level"}


def test_labels_cover_the_sound(corpus):
    out, utterances = corpus
    assert len(utterances) == 4 and {u.speaker for u in utterances} == {"mini_tts-00"}
    for u in utterances:
        phones, words = u.labels["phones"], u.labels["words"]
        assert phones[0][0] == 0 and phones[-1][1] == pytest.approx(u.duration, abs=1e-3)
        assert all(a[1] == pytest.approx(b[0], abs=2e-3) for a, b in zip(phones, phones[1:]))
        assert all(name == "sil" or name in text.symbols.PHONES for _, _, name in phones)
        assert [w for _, _, w in words] == [w.text for w in text.analyse(u.text).words]
        starts = {round(p[0], 3) for p in phones}
        assert all(min(abs(start - s) for s in starts) < 3e-3 for start, _, _ in words)


def test_breaks_are_silent_and_words_are_not(corpus):
    out, utterances = corpus
    root = layout.read_prepared(out).root
    for u in utterances:
        samples = audio.read(resolve(root, u.audio), mini_tts.SAMPLE_RATE)

        def level(start, end, samples=samples):
            return float(np.sqrt(np.mean(samples[int(start * 22050): int(end * 22050)] ** 2)))

        for start, end, _ in u.labels["breaks"]:
            assert mini_tts.BREAK[0] <= round(end - start, 2) <= mini_tts.BREAK[1]
            assert level(start + 0.01, end - 0.01) < 1e-3
        assert all(level(start, end) > 5e-3 for start, end, _ in u.labels["words"])


def test_tones_go_where_the_label_says(corpus):
    pyworld = pytest.importorskip("pyworld")
    out, utterances = corpus
    root = layout.read_prepared(out).root
    said, heard = [], []
    for u in utterances:
        samples = audio.read(resolve(root, u.audio), mini_tts.SAMPLE_RATE).astype(np.float64)
        pitch, times = pyworld.dio(samples, mini_tts.SAMPLE_RATE, f0_floor=50.0, f0_ceil=600.0)
        for word, shape, slope, per_second in u.labels["tones"]:
            start, end, _ = u.labels["words"][word]
            inside = (times >= start) & (times <= end) & (pitch > 0)
            if inside.sum() >= 12:
                said.append(per_second)
                heard.append(np.polyfit(times[inside], 12 * np.log2(pitch[inside]), 1)[0])
            assert {"rise": slope > 3, "fall": slope < -3, "level": abs(slope) < 1}[shape]
            assert per_second == pytest.approx(slope / (end - start), abs=0.05)
    assert len(said) >= 4 and np.corrcoef(said, heard)[0, 1] > 0.8


def test_bad_options(tmp_path):
    with pytest.raises(InputError, match="mini_tts: speakers=9"):
        corpora.prepare("mini_tts", None, tmp_path, speakers=9)
