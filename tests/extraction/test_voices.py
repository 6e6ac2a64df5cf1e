"""A splitter of voices: what its outputs and its loss must not depend on."""

from __future__ import annotations

import pytest
import torch

from avspeech.core.models import build
from avspeech.errors import InputError
from avspeech.extraction.voices import begin, splitting_loss

TINY = dict(blocks=1, dim=8, hidden=6, heads=2, query=2, guess=8, guess_layers=2)


@pytest.fixture(scope="module")
def tiny() -> torch.nn.Module:
    torch.manual_seed(0)
    return build("voices-small", **TINY).eval()


@pytest.mark.parametrize("seconds", [0.01, 0.5, 1.013])
def test_length_is_kept(tiny: torch.nn.Module, seconds: float) -> None:
    mixture, = tiny.example_inputs(seconds)
    with torch.no_grad():
        assert tiny(mixture).shape == (1, 2, mixture.shape[1])


def test_the_level_goes_through(tiny: torch.nn.Module) -> None:
    mixture, = tiny.example_inputs(1.0)
    with torch.no_grad():
        quiet, loud = tiny(mixture * 0.02), tiny(mixture * 3)
    torch.testing.assert_close(loud, quiet * 150, atol=1e-3, rtol=1e-3)
    assert loud.abs().max() > 0.1


def test_silence_stays_silence(tiny: torch.nn.Module) -> None:
    with torch.no_grad():
        assert tiny(torch.zeros(1, 9000)).abs().max() == 0


def test_mixtures_of_a_batch_do_not_touch_each_other(tiny: torch.nn.Module) -> None:
    mixture = torch.cat([tiny.example_inputs(1.0)[0], torch.randn(1, 16000) * 5])
    with torch.no_grad():
        both = tiny(mixture)
        for i in range(2):
            torch.testing.assert_close(both[i: i + 1], tiny(mixture[i: i + 1]), atol=1e-4, rtol=1e-3)


def test_settings_that_do_not_fit_are_refused() -> None:
    for setting in (dict(patch=7), dict(voices=1)):
        with pytest.raises(InputError, match=next(iter(setting))):
            build("voices-small", **{**TINY, **setting})


def test_a_training_can_begin_with_an_extractor(tiny: torch.nn.Module) -> None:
    """Its blocks and its first guess are taken, whose cue is left out."""
    torch.manual_seed(1)
    other = build("mvtf-small", **TINY, lips_width=4, embed=8)
    torch.manual_seed(2)
    new = build("voices-small", **TINY)
    count = begin(new, other)
    named = new.state_dict()
    left = [name for name in named if name.partition(".")[0] in ("decode",) or ".leave." in name]
    assert count == len(named) - len(left)
    for name, value in other.blocks.state_dict().items():
        assert torch.equal(new.blocks.state_dict()[name], value)
    bins = 3 * 513
    assert torch.equal(new.guess.enter.weight, other.guess.enter.weight[:, :bins])
    assert torch.equal(new.encode.weight[:, :3], other.encode.weight[:, :3])
    again = build("voices-small", **TINY)
    assert begin(again, new) == len(named)
    assert torch.equal(again.decode.weight, new.decode.weight)


def signals(seed: int = 0, batch: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    voices = torch.randn(batch, 2, 4000)
    return voices, voices.sum(1)


def test_the_loss_knows_no_order() -> None:
    voices, mixture = signals()
    estimates = voices + 0.3 * torch.randn_like(voices)
    loss = splitting_loss(estimates, voices, mixture)
    assert loss.shape == (3,)
    torch.testing.assert_close(splitting_loss(estimates.flip(1), voices, mixture), loss)
    torch.testing.assert_close(splitting_loss(estimates, voices.flip(1), mixture), loss)
    mixed = torch.stack([estimates[0], estimates[1].flip(0), estimates[2]])  # each by itself
    torch.testing.assert_close(splitting_loss(mixed, voices, mixture), loss)


def test_the_loss_falls_with_the_error_and_is_lowest_for_the_truth() -> None:
    voices, mixture = signals()
    noise = torch.randn_like(voices)
    losses = [splitting_loss(voices + share * noise, voices, mixture).mean() for share in (0, 0.1, 0.5, 2)]
    assert losses == sorted(losses) and losses[0] < -28
    assert splitting_loss(mixture[:, None].expand_as(voices) / 2, voices, mixture).mean() > losses[2]


def test_a_voice_alone_wants_silence_beside_it() -> None:
    voices, _ = signals()
    voices[:, 1] = 0
    mixture = voices.sum(1)
    leaks = [splitting_loss(torch.stack([voices[:, 0], share * voices[:, 0]], 1), voices, mixture).mean()
             for share in (0.0, 0.1, 1.0)]
    assert leaks == sorted(leaks) and leaks[0] < leaks[1] - 1 < leaks[2] - 2
    halves = voices[:, :1].expand_as(voices) / 2  # one voice in two outputs
    assert splitting_loss(halves, voices, mixture).mean() > leaks[0] + 8


def test_a_splitter_learns(tiny: torch.nn.Module) -> None:
    """Two tones that take turns at being the louder one: a few steps lower the loss of each scene."""
    torch.manual_seed(3)
    model = build("voices-small", **TINY)
    t = torch.arange(4000) / 16000
    voices = torch.stack([torch.sin(2 * torch.pi * 300 * t), torch.sin(2 * torch.pi * 2200 * t)])
    voices = voices.expand(2, 2, -1) * torch.tensor([[[1.0], [0.5]], [[0.5], [1.0]]])
    mixture = voices.sum(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(15):
        loss = splitting_loss(model(mixture), voices, mixture).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 2
