"""Lip encoders: shapes, and what light and shade must not change."""

from __future__ import annotations

import pytest
import torch

from avspeech.extraction.lips import LipNetLips, ResNetLips, SmallLips, centered, standardized


@pytest.mark.parametrize("make", [lambda: SmallLips(8), lambda: LipNetLips(8), ResNetLips])
def test_an_embedding_a_frame(make) -> None:
    encoder = make().eval()
    crops = torch.randint(0, 256, (2, 3, 88, 88), dtype=torch.uint8)
    with torch.no_grad():
        assert encoder(crops, torch.ones(2, 3, dtype=torch.bool)).shape == (2, 3, encoder.channels)


def test_light_and_contrast_do_not_count() -> None:
    crops = torch.randint(0, 100, (1, 4, 88, 88)).float()
    mask = torch.ones(1, 4, dtype=torch.bool)
    torch.testing.assert_close(standardized(crops * 2 + 30, mask), standardized(crops, mask), atol=1e-4,
                               rtol=1e-4)


def test_hidden_frames_are_zero_and_change_nothing_else() -> None:
    crops = torch.randint(0, 256, (1, 4, 88, 88), dtype=torch.uint8)
    mask = torch.tensor([[True, False, True, True]])
    other = crops.clone()
    other[:, 1] = 255
    want = standardized(crops, mask)
    assert not want[:, 1].any()
    assert torch.equal(standardized(other, mask), want)


def test_how_a_mouth_looks_at_rest_goes_and_hidden_frames_do_not_count() -> None:
    x = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 6, dtype=torch.bool)
    mask[1, 2:4] = False
    want = centered(x, mask)
    torch.testing.assert_close((want * mask[..., None]).sum(1), torch.zeros(2, 5), atol=1e-5, rtol=0)
    torch.testing.assert_close(centered(x + torch.randn(2, 1, 5), mask), want)
    other = x.clone()
    other[1, 2:4] = 99
    torch.testing.assert_close(centered(other, mask)[mask], want[mask])
    assert torch.equal(centered(x, torch.zeros_like(mask)), x)  # nothing shown: nothing known, nothing breaks
