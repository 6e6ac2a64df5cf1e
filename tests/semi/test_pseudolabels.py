import numpy as np
import pytest
import torch

from avspeech.semi import pseudolabels
from avspeech.semi.pseudolabels import NONE, Bimodal, Data, Training

QUICK = Training(width=16, hidden=(16, 8), epochs=40, rate=1e-2, rounds=4)


def problem(n: int = 240, noise: float = 1.2) -> Data:
    """Three classes; each modality tells one of them from the other two."""
    rng = np.random.default_rng(0)
    targets = np.arange(n) % 3
    acoustic = rng.standard_normal((n, 6)) * noise + 3 * np.eye(6)[targets] * (targets != 2)[:, None]
    linguistic = rng.standard_normal((n, 4)) * noise + 3 * np.eye(4)[targets] * (targets != 1)[:, None]
    return Data(acoustic.astype(np.float32), linguistic.astype(np.float32), targets.astype(np.int64), 3)


PARTS = np.split(np.arange(240), [120, 180])


def test_the_nearest_class_by_frames():
    """Two encoders, of which one knows and one does not; classes differ in spread alone."""
    rng = np.random.default_rng(0)
    targets = [0, 1] * 20
    knowing = [rng.standard_normal((60, 5)) * (1 + t) for t in targets]
    blind = [rng.standard_normal((60, 3)) for _ in targets]
    for encoders in ([knowing], [knowing, blind]):
        found = pseudolabels.acoustic_view(encoders, range(8), targets[:8], range(8, 40), 2)
        assert np.mean(found == targets[8:]) > 0.9
    with pytest.raises(ValueError, match="class 2 has no labelled utterance"):
        pseudolabels.acoustic_view([knowing], range(8), targets[:8], range(8, 40), 3)


def test_linguistic_view():
    answers = {"a": "Sad.", "b": "sad, or angry"}
    found = pseudolabels.linguistic_view(lambda id, prompt, audio=None: answers.get(id), "abc", "???",
                                         ["angry", "sad"])
    assert found.tolist() == [1, NONE, NONE]


def test_the_gate_decides_between_the_two():
    """Wide open or shut, one modality alone is heard."""
    torch.manual_seed(0)
    model = Bimodal(4, 3, 2, QUICK)
    a, b, other_a, other_b = (torch.randn(5, n) for n in (4, 3, 4, 3))
    for bias, heard, unheard in ((50.0, (a, other_b), (other_a, b)), (-50.0, (other_a, b), (a, other_b))):
        torch.nn.init.zeros_(model.gate.weight)
        torch.nn.init.constant_(model.gate.bias, bias)
        assert torch.equal(model(a, b), model(*heard))
        assert not torch.equal(model(a, b), model(*unheard))


def test_it_is_better_than_its_labels_and_the_same_again():
    data, (train, dev, test) = problem(), PARTS
    labelled, unlabelled = pseudolabels.draw(data.targets, train, 0.1, 0)
    assert len(labelled) == 12 and not set(labelled) & set(unlabelled)
    assert np.bincount(data.targets[labelled]).tolist() == [4, 4, 4]
    rng = np.random.default_rng(1)
    views = [np.where(rng.random(len(unlabelled)) < 0.75, data.targets[unlabelled],
                      rng.integers(0, 3, len(unlabelled))) for _ in "ab"]
    truth = data.targets[test]
    alone = pseudolabels.supervised(data, labelled, dev, test, QUICK, 0)
    ours = pseudolabels.iterate(data, labelled, unlabelled, views[0], views[1], dev, test, QUICK, 0)
    again = pseudolabels.iterate(data, labelled, unlabelled, views[0], views[1], dev, test, QUICK, 0)
    assert np.mean(ours.predicted == truth) > np.mean(alone.predicted == truth)
    assert np.array_equal(ours.predicted, again.predicted) and ours.dev == again.dev
    assert ours.sure == int((views[0] == views[1]).sum()) and ours.right > 0.9 and len(ours.dev) <= 4


def test_truths_of_the_unlabelled_and_of_the_test_are_not_used():
    data, (train, dev, test) = problem(), PARTS
    labelled, unlabelled = pseudolabels.draw(data.targets, train, 0.2, 0)
    hidden = data.targets.copy()
    hidden[unlabelled] = hidden[test] = 0
    other = Data(data.acoustic, data.linguistic, hidden, 3)
    views = np.full(len(unlabelled), 1), np.full(len(unlabelled), NONE)
    results = []
    for d in (data, other):
        one = pseudolabels.iterate(d, labelled, unlabelled, *views, dev, test, QUICK, 3)
        two = pseudolabels.self_training(d, labelled, unlabelled, dev, test, QUICK, 3)
        results.append((one.predicted.tolist(), two.predicted.tolist(), one.dev, two.dev, one.taken,
                        two.taken))
        assert one.sure == 0  # nothing agrees with NONE
    assert results[0] == results[1]


def test_it_stops_where_nothing_is_gained():
    data, (train, dev, test) = problem(), PARTS
    labelled, unlabelled = pseudolabels.draw(data.targets, train, 0.5, 0)
    config = Training(width=8, hidden=(8, 8), epochs=1, rate=1e-9, rounds=40)
    dev_scores = pseudolabels.self_training(data, labelled, unlabelled, dev, test, config, 0).dev
    best = int(np.argmax(dev_scores))
    assert len(dev_scores) == best + 3 < 40


def test_settings_are_checked():
    for wrong in ({"rounds": 0}, {"drop": 1.0}, {"confidence": 0.0}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
            Training(**wrong)


def test_hashed_text():
    vectors = pseudolabels.hashed_text(["the boy", "The  boy", "rain", ""])
    assert np.array_equal(vectors[0], vectors[1]) and vectors[0] @ vectors[2] < 0.3
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 1], abs=1e-3)
