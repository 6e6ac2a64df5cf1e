"""The offset between lips and sound: moved by it, found by it."""

from __future__ import annotations

import pytest
import torch

from avspeech.extraction.sync import LipSync, moved, offsets


@pytest.mark.parametrize("late", [-3, -1, 0, 2, 3])
def test_moved_reads_later_and_repeats_the_edges(late: int) -> None:
    x = torch.arange(10.0)[None, :, None].expand(2, -1, 4)
    weights = torch.zeros(2, 7)
    weights[:, late + 3] = 1
    expected = (torch.arange(10.0) + late).clamp(0, 9)
    torch.testing.assert_close(moved(x, weights), expected[None, :, None].expand(2, -1, 4))
    assert offsets(x, 3).shape == (2, 7, 4, 10)


def test_no_lag_changes_nothing() -> None:
    x = torch.randn(2, 5, 3)
    assert torch.equal(moved(x, torch.ones(2, 1)), x)


def test_offsets_are_a_distribution_and_begin_near_none() -> None:
    torch.manual_seed(0)
    sync = LipSync(4, 6, 5)
    said = sync(torch.randn(3, 50, 4), torch.randn(3, 50, 6)).exp()
    torch.testing.assert_close(said.sum(1), torch.ones(3))
    still = sync(torch.zeros(1, 50, 4), torch.zeros(1, 50, 6)).exp()[0]
    assert int(still.argmax()) == 5


def test_it_learns_how_late_the_lips_are() -> None:
    torch.manual_seed(0)
    sync = LipSync(3, 3, 4, width=8)
    optimizer = torch.optim.Adam(sync.parameters(), 1e-2)

    def draw() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        sound, late = torch.randn(16, 60, 3), torch.randint(-4, 5, (16,))
        lips = torch.stack([torch.roll(s, int(k), 0) for s, k in zip(sound, late)])
        return sound + torch.randn_like(sound), lips, late + 4  # with another sound in it

    for _ in range(60):
        sound, lips, right = draw()
        loss = torch.nn.functional.nll_loss(sync(sound, lips), right)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    sound, lips, right = draw()
    assert (sync(sound, lips).argmax(1) == right).float().mean() > 0.8
