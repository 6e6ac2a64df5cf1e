"""The loss' anchors, and batches that keep what they hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avspeech.core.models import build
from avspeech.data.manifest import Utterance, View
from avspeech.errors import InputError
from avspeech.extraction.augment import _blended
from avspeech.extraction.mixing import MixConfig, Pool, Studio
from avspeech.extraction.training import (
    AugmentConfig,
    DrawnMixtures,
    Separating,
    at_speed,
    center,
    collate,
    extraction_loss,
    in_other_voices,
    lips_loss,
    moved_sound,
    out_of_step,
    separation_loss,
    spectrum_errors,
    vary,
    with_cost,
)
from avspeech.media import audio, video

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
    solved = extraction_loss(target, target, target + noise)  # limited: it no longer pulls
    assert float(solved) == pytest.approx(-30, abs=0.01)


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


@pytest.mark.parametrize("config", [AugmentConfig(), AugmentConfig(turn=10, zoom=0.1)])
def test_vary_cuts_88_and_keeps_the_views_together(config: AugmentConfig) -> None:
    video = np.random.default_rng(0).integers(0, 256, (1, 1, 96, 96), np.uint8).repeat(2, 0)
    for seed in range(5):
        out = vary(np.random.default_rng(seed), video, config)
        assert out.shape == (2, 1, 88, 88) and out.dtype == np.uint8
        np.testing.assert_array_equal(out[0], out[1])
    np.testing.assert_array_equal(center(video), video[..., 4:92, 4:92])


def test_a_turn_of_nothing_is_a_plain_cut() -> None:
    video = np.random.default_rng(0).integers(0, 256, (1, 2, 96, 96), np.uint8)
    for seed in range(6):
        plain, turned = (vary(np.random.default_rng(seed), video, AugmentConfig(turn=t)) for t in (0, 1e-9))
        np.testing.assert_array_equal(plain, turned)


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.25])
def test_at_speed_keeps_sound_and_picture_together(speed: float) -> None:
    """A tone that sounds while the picture is bright still does, at another pitch and length."""
    frames, step = 50, 640
    bright = np.zeros(frames, bool)
    bright[20:30] = True
    tone = np.sin(2 * np.pi * 400 * np.arange(frames * step) / 16000) * bright.repeat(step)
    video = (200 * bright).astype(np.uint8)[None, :, None, None].repeat(88, 2).repeat(88, 3)
    made = at_speed({"mixture": tone.astype(np.float32), "target": tone.astype(np.float32), "video": video,
                     "mask": np.ones((1, frames), bool)}, speed)
    out = round(frames / speed)
    assert made["video"].shape == (1, out, 88, 88) and made["mask"].shape == (1, out)
    assert len(made["mixture"]) == out * step
    loud = np.sqrt(np.mean(made["mixture"].reshape(out, step) ** 2, 1)) > 0.5
    lit = made["video"][0, :, 0, 0] > 120
    assert (loud != lit).sum() <= 2
    spectrum = np.abs(np.fft.rfft(made["mixture"]))
    assert spectrum.argmax() * 16000 / (out * step) == pytest.approx(400 * frames / out, abs=5)


def test_at_speed_hides_frames_that_blend_with_hidden_ones() -> None:
    mask = np.ones((1, 40), bool)
    mask[0, 10:14] = False
    sound = np.ones(40 * 640 + 100, np.float32)
    made = at_speed({"mixture": sound, "target": sound, "video": np.full((1, 41, 88, 88), 9, np.uint8),
                     "mask": np.pad(mask, ((0, 0), (0, 1)))}, 0.8)
    hidden = ~made["mask"][0]
    assert made["mask"].shape == (1, 50) and 5 <= hidden.sum() <= 8 and not made["video"][0, hidden].any()


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_frame_at_its_own_place_is_itself_whatever_is_hidden_beside_it(kind: type) -> None:
    mask = np.array([[True, False, True, True, False]])
    video = (np.arange(5 * 4).reshape(1, 5, 2, 2) * mask[..., None, None]).astype(kind)
    again, shown = _blended(video, mask, np.arange(5.0))
    assert np.array_equal(again, video) and np.array_equal(shown, mask)


def bright_by_frame(views: int = 3, frames: int = 50) -> dict:
    """Each frame is 5 levels brighter than the one before."""
    video = np.broadcast_to((5 * np.arange(frames, dtype=np.uint8))[None, :, None, None],
                            (views, frames, 4, 4)).copy()
    return {"video": video, "mask": np.ones((views, frames), bool)}


def test_views_out_of_step_are_a_constant_time_apart() -> None:
    example, lags = bright_by_frame(), []
    for seed in range(30):
        made = out_of_step(np.random.default_rng(seed), example, AugmentConfig(apart=0.1))
        np.testing.assert_array_equal(made["video"][0], example["video"][0])
        assert made["mask"][0].all()
        for view in (1, 2):
            shown = made["mask"][view]
            late = made["video"][view, shown, 0, 0] / 5 - np.flatnonzero(shown)
            assert np.ptp(late) <= 0.2 and 47 <= shown.sum() <= 50  # a level is a fifth of a frame
            assert not made["video"][view, ~shown].any()
            lags.append(late.mean())
    assert max(np.abs(lags)) <= 2.6 and min(lags) < -1.5 and max(lags) > 1.5
    np.testing.assert_array_equal(example["video"], bright_by_frame()["video"])


def test_a_slow_view_keeps_each_picture_until_the_next() -> None:
    example = bright_by_frame(2)
    for seed in range(10):
        made = out_of_step(np.random.default_rng(seed), example, AugmentConfig(slow=1.0))
        frame = made["video"][1, :, 0, 0] / 5
        late = np.arange(50) - frame
        assert made["mask"].all() and late.min() >= -0.5 and late.max() <= 2.1
        assert 24 <= len(set(frame)) <= 50 and set(frame) <= set(range(50))


def test_hidden_frames_stay_hidden_out_of_step() -> None:
    example = bright_by_frame(2)
    example["mask"][1, 20:30] = False
    made = out_of_step(np.random.default_rng(4), example, AugmentConfig(apart=0.1))
    assert 9 <= np.count_nonzero(~made["mask"][1, 5:45]) <= 11


@pytest.mark.parametrize("late", [0, 3, -3, 10, -10, 25])
def test_moved_sound_begins_later_and_keeps_its_length(late: int) -> None:
    sound = np.arange(1, 11, dtype=np.float32)
    moved = moved_sound(sound, late)
    expected = [sound[i - late] if 0 <= i - late < 10 else 0 for i in range(10)]
    np.testing.assert_array_equal(moved, np.asarray(expected, np.float32))


def test_the_lips_error_is_least_where_the_lips_are_late_by() -> None:
    model = build("mvtf-small", **TINY, lags=3)
    told = torch.randn(1, 2, 40, 16, generator=torch.Generator().manual_seed(0))
    for late in range(-3, 4):
        wanted = torch.roll(told[:, 0], -late, 1)  # heard at t: what the lips show at t + late
        errors = spectrum_errors(model, told, wanted)
        assert errors.shape == (1, 7) and int(errors.argmin()) == late + 3


def test_what_the_lips_lose_by_an_offset_is_not_in_their_loss() -> None:
    """The loss of the lips is of their best offset, and of offsets alike of the smallest."""
    torch.manual_seed(0)
    model = build("mvtf-small", **TINY, lags=2).eval()
    mixture, video, mask = model.example_inputs(0.4)
    batch = {"mixture": mixture, "target": mixture, "video": video, "mask": mask,
             "matched": torch.tensor([True])}
    with torch.no_grad():
        errors = Separating(model, "lips").eval()(mixture, mixture, video, mask)[1]
        assert lips_loss(Separating(model, "lips").eval(), batch)[0] == with_cost(errors).min()
    alike = with_cost(torch.ones(1, 5))
    assert int(alike.argmin()) == 2 and alike[0, 2] == 1


@pytest.mark.parametrize("same", [True, False])
def test_other_voices_keep_what_is_said_when_and_how_loud(same: bool) -> None:
    """The target falls silent where it did, so does the rest; both keep their levels, and the mixture is
    their sum."""
    rng = np.random.default_rng(0)
    target, rest = rng.standard_normal((2, 32000)).astype(np.float32)
    target[16000:], rest[:12000] = 0, 0
    made = in_other_voices(rng, {"mixture": target + rest, "target": target, "video": 7}, (0.8, 2.0), same)
    other = made["mixture"] - made["target"]
    assert made["video"] == 7 and not np.allclose(made["target"], target)
    for new, old, quiet in ((made["target"], target, slice(18000, None)), (other, rest, slice(0, 10000))):
        assert np.sqrt(np.mean(new**2)) == pytest.approx(np.sqrt(np.mean(old**2)), rel=1e-3)
        assert np.abs(new[quiet]).max() < 0.05
    if same:
        assert not np.allclose(other, rest, atol=0.1)


def test_another_voice_leaves_a_silent_target_silent() -> None:
    rest = np.random.default_rng(0).standard_normal(16000).astype(np.float32)
    made = in_other_voices(np.random.default_rng(1), {"mixture": rest, "target": 0 * rest}, (1.5, 1.5), False)
    assert not made["target"].any() and made["mixture"].any()


def test_stray_lips_are_neither_the_targets_nor_the_interferers(tmp_path: Path) -> None:
    """Utterance i shows a picture of brightness 50 * i: which lips are shown can be read off it."""
    everyone = [Utterance(f"u{i}", f"u{i}.wav", 1.0, "s", text=f"text {i}",
                          views=(View("", "front", crops=f"u{i}.npz"),)) for i in range(4)]
    for i, u in enumerate(everyone):
        sound = np.random.default_rng(i).standard_normal(16000) / 9
        audio.write(tmp_path / u.audio, sound.astype(np.float32), 16000)
        video.write_crops(tmp_path / f"u{i}.npz", np.full((25, 96, 96), 50 * i, np.uint8), np.ones(25, bool))
    studio = Studio(everyone, {u.id: (tmp_path, tmp_path) for u in everyone})
    strays = set()
    for seed in range(12):
        own, other = (DrawnMixtures(Pool(everyone), studio, MixConfig({"same": 1.0}, occluded=0), 1.0,
                                    augment=AugmentConfig(stray=share)).item(2, seed) for share in (0.0, 1.0))
        np.testing.assert_array_equal(own["mixture"], other["mixture"])
        rest = own["mixture"] - own["target"]
        interferer = max((0, 1, 3), key=lambda i: abs(float(rest @ studio.sound(f"u{i}"))))
        assert own["video"][0, 0, 0, 0] == 100 and "matched" not in own
        if "matched" in other:
            shown = int(other["video"][0, 0, 0, 0]) // 50
            assert other["matched"] is False and shown not in (2, interferer)
            strays.add(shown)
        else:
            assert other["video"][0, 0, 0, 0] == 100
    assert strays == {0, 1, 3}


def test_stray_lips_teach_the_cue_nothing() -> None:
    model = build("mvtf-small", **TINY)
    mixture, video, mask = model.example_inputs(0.4)
    batch = {"mixture": mixture, "target": 0.5 * mixture, "video": video, "mask": mask}
    wrapped = Separating(model, "lips")
    assert lips_loss(wrapped, {**batch, "matched": torch.tensor([True])})[0] > 0
    assert lips_loss(wrapped, {**batch, "matched": torch.tensor([False])})[0] == 0


@pytest.mark.parametrize("wrong", [{"speed": 2}, {"voice": 1.5}, {"pitch": (2.0, 1.0)}])
def test_augment_config_is_checked(wrong: dict) -> None:
    with pytest.raises(InputError, match=f"{next(iter(wrong))}="):
        AugmentConfig(**wrong)


def test_a_step_of_training_lowers_the_loss() -> None:
    torch.manual_seed(0)
    model = build("mvtf-small", **TINY)
    wrapped = Separating(model)
    target, noise = torch.randn(2, 4000), torch.randn(2, 4000)
    target[1] = 0
    batch = {"mixture": target + noise, "target": target, "mask": torch.ones(2, 1, 7, dtype=torch.bool),
             "matched": torch.tensor([True, True]),
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
                                  {"mixture": mixture, "target": 0.5 * mixture, "video": video, "mask": mask,
                                   "matched": torch.tensor([True])})
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
    assert trained == {"cue", "sync", "guess", "gate"}
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


def test_a_part_at_rate_0_stays_as_it_is_while_the_rest_of_the_lips_learns() -> None:
    model = build("mvtf-small", **TINY, lips="lipnet")
    model.cue.lips.frontend.rate = 0
    before = {k: v.clone() for k, v in model.cue.lips.frontend.state_dict().items()}
    trained = Separating(model, "lips").train()
    assert not model.cue.lips.frontend[0][1].training and model.cue.lips.enter.training
    learns = {n.split(".")[2] for n, p in model.named_parameters() if p.requires_grad and "cue.lips" in n}
    assert learns == {"enter", "rnn"}
    trained(*(torch.randn(2, 4000) for _ in range(2)), torch.rand(2, 1, 7, 88, 88),
            torch.ones(2, 1, 7, dtype=torch.bool))[1].sum().backward()
    assert model.cue.lips.enter[1].weight.grad is not None
    assert all(torch.equal(v, before[k]) for k, v in model.cue.lips.frontend.state_dict().items())
