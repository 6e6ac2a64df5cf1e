from collections import Counter

import numpy as np
import pytest

from avspeech.bench import folds, tasks
from avspeech.data.corpora.made import mini_traits
from avspeech.data.corpora.made.mini_traits import Manner
from avspeech.data.manifest import Utterance, read_manifest
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report import metrics

TASKS = [name for name in tasks.names() if "mini_traits" in tasks.load(name).corpora]
SPECIFIC = {"feelings": ("emotion", "arousal", "valence", "dominance"), "attitude": ("sentiment", "sarcasm"),
            "health": ("cold", "depression", "stutter")}


def planned(count: int = 48) -> list[Utterance]:
    """What a manifest would hold, without the sound."""
    return [Utterance(f"{c.voice.number:02}-{c.number:02}", "a.wav", 1.0, f"mini_traits-{c.voice.number:02}",
                      text=c.text, labels=c.labels) for c in mini_traits.plan(count)]


def test_traits_are_crossed():
    """No pair of traits of a session, or of a voice, says much of each other but where it is meant to."""
    utterances = planned()
    assert len(utterances) == 576 == len({u.text for u in utterances})
    voice = {u.speaker: u.labels for u in utterances}.values()
    for trait in ("accent", "dialect"):
        table = Counter((v["gender"], v[trait]) for v in voice if trait in v)
        assert set(table.values()) == {4} and len(table) == 6
        for name in {v[trait] for v in voice if trait in v}:
            ages = sorted(v["age"] for v in voice if v.get(trait) == name)
            assert all(sum(low <= a <= high for a in ages) == 2 for low, high in mini_traits.AGES)
    for session, names in SPECIFIC.items():
        own = [u.labels for u in utterances if u.labels["session"] == session]
        assert len(own) == 192 and all(set(names) <= set(labels) for labels in own)
    health = Counter(tuple(u.labels[n] for n in SPECIFIC["health"]) for u in utterances
                     if u.labels["session"] == "health")
    assert len(health) == 8 and all(abs(n - 24) <= 12 for n in health.values())
    attitude = Counter((u.labels["sentiment"], u.labels["sarcasm"]) for u in utterances
                       if u.labels["session"] == "attitude")
    assert len(attitude) == 6 and min(attitude.values()) > 20


def test_every_task_has_folds():
    """All thirteen, with each class in every part of every fold."""
    assert len(TASKS) == 13
    for name in TASKS:
        found = folds.resolve(tasks.load(name), "mini_traits", planned())
        assert len(found.folds) == 4
        for fold in found.folds:
            for part in (fold.train, fold.dev, fold.test):
                kinds = {found.targets[i] for i in part}
                assert len(kinds) == len(found.classes) if found.classes else len(kinds) > 5


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The first voices' clips."""
    pytest.importorskip("espeakng_loader")
    out = tmp_path_factory.mktemp("mini_traits")
    (out / "audio").mkdir()
    chosen = [c for c in mini_traits.plan(12) if c.number in (0, 11)][:6]
    return out, chosen, [mini_traits._make((out, c)) for c in chosen]


def test_clips(corpus):
    out, chosen, made = corpus
    for u in made:
        assert audio.duration(out / u.audio) == pytest.approx(u.duration, abs=1e-3)
        assert 0.7 < u.duration < 4.5
        assert 1e-3 < np.abs(audio.read(out / u.audio)).max() <= 1
    before = (out / made[0].audio).read_bytes()
    assert mini_traits._make((out, chosen[0])) == made[0]
    assert (out / made[0].audio).read_bytes() == before


def test_prepared_once(tmp_path, monkeypatch):
    monkeypatch.setattr(mini_traits, "synthesise_apart", lambda *a: None)

    def silent(job):
        out, c = job
        return Utterance(f"{c.voice.number}-{c.number}", f"audio/{c.voice.number}.wav", 1.0, "s", text=c.text,
                         labels=c.labels)

    monkeypatch.setattr(mini_traits, "_make", silent)
    [path] = mini_traits.prepare(None, tmp_path, voices=12, workers=1)
    assert len(read_manifest(path)) == 144
    monkeypatch.setattr(mini_traits, "_make", None)
    assert mini_traits.prepare(None, tmp_path, voices=12, workers=1) == [path]
    with pytest.raises(InputError, match="voices=13: expected a multiple of 12"):
        mini_traits.prepare(None, tmp_path, voices=13)


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(16000 * seconds)) / 16000)


def peak(sound: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))))) * 16000 / len(sound)


def test_warping_shifts_and_glides():
    faster = mini_traits.warped(tone(400), 1.25, 0.0)
    assert len(faster) == pytest.approx(16000 / 1.25, abs=2) and peak(faster) == pytest.approx(500, abs=2)
    rising = mini_traits.warped(tone(400), 1.0, 12.0)
    start, end = peak(rising[:1600]), peak(rising[-1600:])
    assert 1.7 < end / start < 2.0


def test_a_resonance_is_where_it_is_said_to_be():
    for hertz, gain in ((1000, 12.0), (4000, 0.0)):
        out = mini_traits.equalized(tone(hertz), [(1000.0, 0.3, 12.0)])
        assert 10 * np.log10(np.mean(out ** 2) / 0.5) == pytest.approx(gain, abs=0.1)


def test_interruptions_add_their_length():
    sound, rng = tone(200), np.random.default_rng(0)
    plain = mini_traits.interrupted(sound, [0, 8000], Manner(), rng)
    assert np.array_equal(plain, sound)
    blocked = mini_traits.interrupted(sound, [0, 8000], Manner(blocks=1), rng)
    assert 0.4 <= (len(blocked) - 16000) / 16000 <= 0.6
    repeated = mini_traits.interrupted(sound, [0, 8000], Manner(repetitions=2), rng)
    assert len(repeated) == 16000 + 2 * 3 * (1600 + 640)


def test_level_tremor_and_breath():
    rng = np.random.default_rng(0)
    for level in (-6.0, 4.0):
        out = mini_traits.voiced(tone(200), Manner(level=level, tilt=0.4, tremor=0.3, breath=0.2), rng)
        assert 20 * np.log10(np.sqrt(np.mean(out ** 2))) == pytest.approx(mini_traits.LEVEL + level)
    high = [np.abs(np.fft.rfft(mini_traits.voiced(tone(200), Manner(breath=b), rng)))[4000:].sum()
            for b in (0.0, 0.3)]
    assert high[1] > 10 * high[0]


def ridge(x: np.ndarray, y: np.ndarray, tested: np.ndarray) -> np.ndarray:
    mean, scale = x.mean(0), x.std(0) + 1e-6
    x, tested = (x - mean) / scale, (tested - mean) / scale
    return y.mean(0) + tested @ (x.T @ np.linalg.solve(x @ x.T + 100 * np.eye(len(x)), y - y.mean(0)))


@pytest.mark.slow
def test_each_task_can_be_learnt_and_shuffled_labels_cannot(tmp_path):
    """Over voices that were not heard, ridge regression on what log-mel bands do (mean, deviation, change)
    is above shuffled labels on every task, by a sixth of the scale at least."""
    import torch

    from avspeech.bench.upstreams.mel import mel_power

    pytest.importorskip("espeakng_loader")
    utterances = read_manifest(mini_traits.prepare(None, tmp_path)[0])
    features = {}
    for u in utterances:
        samples = torch.from_numpy(audio.read(tmp_path / u.audio))
        level = 10 * np.log10(mel_power(samples, 16000, 400, 160, 40, len(samples) // 160).numpy() + 1e-10)
        features[u.id] = np.concatenate([level.mean(0), level.std(0), np.abs(np.diff(level, axis=0)).mean(0)])
    for name in TASKS:
        found = folds.resolve(tasks.load(name), "mini_traits", utterances)
        x, y = np.array([features[i] for i in found.ids]), np.array(found.targets)
        scores = {}
        for kind in ("true", "shuffled"):
            truth, guessed = [], []
            for number, fold in enumerate(found.folds):
                train = np.array(fold.train + fold.dev)
                own = y[train] if kind == "true" else np.random.default_rng(number).permutation(y[train])
                wanted = np.eye(len(found.classes))[own.astype(int)] if found.classes else own[:, None]
                out = ridge(x[train], wanted, x[list(fold.test)])
                guessed += (out.argmax(1) if found.classes else out[:, 0]).tolist()
                truth += y[list(fold.test)].tolist()
            scores[kind] = (metrics.uar([int(t) for t in truth], guessed, len(found.classes))
                            if found.classes else metrics.ccc(truth, guessed))
        chance = 1 / len(found.classes) if found.classes else 0.0
        assert scores["true"] > scores["shuffled"] + 1 / 6, (name, scores)
        assert abs(scores["shuffled"] - chance) < 0.12, (name, scores)
