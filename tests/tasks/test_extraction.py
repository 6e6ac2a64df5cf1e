"""The loss' anchors, and batches that keep what they hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avspeech.models import build
from avspeech.tasks.extraction import Separating, augment, centre, collate, extraction_loss, separation_loss

TINY = dict(lips_width=4, embed=8, blocks=1, dim=8, hidden=6, heads=2, query=2, planes=2, bands=16, guess=8,
            guess_layers=2)


def signals() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(1, 4000), torch.randn(1, 4000)


def test_the_loss_knows_sign_and_level() -> None:
    """SI-SDR does not; the right output is below its negative and below any other gain."""
    target, noise = signals()
    estimate = target + 0.1 * noise
    right = extraction_loss(estimate, target, target + noise)
    for gain in (-1.0, -0.2, 0.2, 0.5, 2.0, 5.0):
        assert extraction_loss(gain * estimate, target, target + noise) > right + 1


def test_gradient_pulls_a_flipped_output_round() -> None:
    target, noise = signals()
    gain = torch.tensor(-0.2, requires_grad=True)
    extraction_loss(gain * (target + 0.1 * noise), target, target + noise).sum().backward()
    assert gain.grad < 0  # descent makes the gain larger


def test_a_silent_target_wants_silence() -> None:
    _, noise = signals()
    losses = [float(extraction_loss(g * noise, torch.zeros_like(noise), noise))
              for g in (1.0, 0.1, 0.01, 0.0)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == pytest.approx(0, abs=0.01) and losses[-1] == pytest.approx(-30, abs=0.01)


@pytest.mark.parametrize("estimate", [0.0, 1.0])
def test_the_loss_is_finite_at_the_extremes(estimate: float) -> None:
    target, _ = signals()
    x = (estimate * target).requires_grad_()
    loss = extraction_loss(x, target, target)
    loss.sum().backward()
    assert torch.isfinite(loss).all() and torch.isfinite(x.grad).all()


def test_collate_pads_and_masks() -> None:
    items = [{"id": str(n), "mixture": np.ones(n, np.float32), "target": np.ones(n, np.float32),
              "video": np.full((v, n // 10, 4, 4), 7, np.uint8), "mask": np.ones((v, n // 10), bool)}
             for n, v in ((30, 1), (50, 3))]
    batch = collate(items)
    assert (batch["ids"] == ["30", "50"] and batch["mixture"].shape == (2, 50)
            and batch["video"].shape == (2, 3, 5, 4, 4))
    assert not batch["mixture"][0, 30:].any() and batch["mask"][0].sum() == 3 and batch["mask"][1].all()


def test_augment_cuts_88_and_keeps_the_views_together() -> None:
    video = np.arange(96 * 96, dtype=np.uint16).reshape(1, 1, 96, 96).repeat(2, 0)
    for seed in range(5):
        out = augment(np.random.default_rng(seed), video)
        assert out.shape == (2, 1, 88, 88)
        np.testing.assert_array_equal(out[0], out[1])
    np.testing.assert_array_equal(centre(video), video[..., 4:92, 4:92])


def test_a_step_of_training_lowers_the_loss() -> None:
    torch.manual_seed(0)
    model = build("mvtf-small", **TINY)
    wrapped = Separating(model)
    target, noise = torch.randn(2, 4000), torch.randn(2, 4000)
    target[1] = 0
    batch = {"mixture": target + noise, "target": target, "mask": torch.ones(2, 1, 7, dtype=torch.bool),
             "video": torch.randint(0, 256, (2, 1, 7, 88, 88), dtype=torch.uint8)}
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    losses = []
    for _ in range(8):
        loss, logs = separation_loss(wrapped, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] and "lips" in logs


def test_bf16_has_a_finite_gradient() -> None:
    torch.manual_seed(0)
    model = build("mvtf-small", **TINY)
    mixture, video, mask = model.example_inputs(0.4, views=2)
    mask[:, 1] = False
    with torch.autocast("cpu", torch.bfloat16):
        loss, _ = separation_loss(Separating(model),
                                  {"mixture": mixture, "target": 0.5 * mixture, "video": video, "mask": mask})
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_no_view_at_all_still_gives_an_output() -> None:
    model = build("mvtf-small", **TINY).eval()
    mixture, video, mask = model.example_inputs(0.4, views=2)
    with torch.no_grad():
        assert torch.isfinite(model(mixture, video, ~mask)).all()


def test_lips_only_trains_the_cue_alone() -> None:
    model = build("mvtf-small", **TINY)
    Separating(model, "lips")
    trained = {n.split(".")[0] for n, p in model.named_parameters() if p.requires_grad}
    assert trained == {"cue"}
    Separating(model, "guess")
    trained = {n.split(".")[0] for n, p in model.named_parameters() if p.requires_grad}
    assert trained == {"cue", "guess", "gate"}
    assert not any(p.requires_grad for p in model.cue.lips.parameters())
    tuned = Separating(model, "guess", tune_lips=True).train()
    assert all(p.requires_grad for p in model.cue.lips.parameters()) and model.cue.lips.training
    assert {n.split(".")[0] for n, p in tuned.model.named_parameters() if p.requires_grad} == trained
    Separating(model)
    fixed = {n.split(".")[1] for n, p in model.named_parameters() if not p.requires_grad}
    assert fixed == {"lips"}
    alone = Separating(model, tune_lips=True, tune_guess=False).train()
    trained = {n.split(".")[0] for n, p in model.named_parameters() if p.requires_grad}
    assert trained == {"encode", "norm", "blocks", "decode"} and not alone.model.cue.lips.training
    before = {k: v.clone() for k, v in model.cue.lips.state_dict().items()}
    Separating(model).train()(*(torch.randn(2, 4000) for _ in range(2)), torch.rand(2, 1, 7, 88, 88),
                              torch.ones(2, 1, 7, dtype=torch.bool))
    assert all(torch.equal(v, before[k]) for k, v in model.cue.lips.state_dict().items())
