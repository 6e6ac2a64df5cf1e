"""A small model learns the frames of a larger one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avspeech.core.models import build
from avspeech.emotion.distillation import STEP, Distilling, Sounds, distillation_loss, distillation_score
from avspeech.emotion.guides import whitening

TINY = dict(mels=16, dim=8, heads=2, layers=1, inner=12)


def sounds(count: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [(3000 * rng.standard_normal(4800 + 900 * i)).astype(np.int16) for i in range(count)]


def distilling() -> Distilling:
    torch.manual_seed(0)
    teacher, student = (build("whisper_transformer", **{**TINY, "dim": dim}) for dim in (8, 4))
    return Distilling(student, teacher, [torch.from_numpy(s / 32768).float() for s in sounds()], dims=5)


def test_whitened_frames_have_variance_one_and_no_correlation() -> None:
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((4000, 6)) @ rng.standard_normal((6, 6)) * [1, 1, 9, 1, 99, 1]
    mean, components = whitening(frames.astype(np.float32), 4)
    white = (frames - mean) @ components
    np.testing.assert_allclose(np.cov(white.T), np.eye(4), atol=0.02)
    assert np.abs(white.mean(0)).max() < 0.01


def test_batches_are_cut_to_the_shortest_and_parts_are_drawn() -> None:
    data = Sounds(sounds(), list("abcd"), segment=0.4)
    batch = data.collate([data.item(i, 7) for i in range(4)])
    assert batch["audio"].shape == (4, 4800 // STEP * STEP) and batch["ids"] == list("abcd")
    assert data.lengths == [0.3, 5700 / 16000, 0.4, 0.4]
    drawn = {float(data.item(3, seed)["audio"][0]) for seed in range(8)}
    assert len(drawn) > 1 and all(len(data.item(3, seed)["audio"]) == 6400 for seed in range(8))


def test_the_student_learns_and_the_teacher_stays() -> None:
    model, data = distilling(), Sounds(sounds(), list("abcd"))
    before = {k: v.clone() for k, v in model.teacher.state_dict().items()}
    model.train()
    assert not model.teacher.training and model.student.training
    batch = data.collate([data.item(i, 0) for i in range(4)])
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 1e-2)
    losses = []
    for _ in range(30):
        loss, _ = distillation_loss(model, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3])
    assert all(torch.equal(v, before[k]) for k, v in model.teacher.state_dict().items())


def test_one_who_says_the_mean_tells_nothing() -> None:
    model = distilling().eval()
    torch.nn.init.zeros_(model.student.guide.weight)
    torch.nn.init.zeros_(model.student.guide.bias)
    assert distillation_score(model, sounds())["score"] == pytest.approx(0, abs=0.2)
