"""Parts of the emotion models: batch norm over frames that count, pooling, subsampling."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from avspeech.emotion.attention import (
    DepthwiseConv,
    FrameBatchNorm,
    HalvingConv,
    Pooling,
    Subsampling,
    halved,
)
from avspeech.emotion.logmel import frame_mask, masked_mean
from avspeech.emotion.reparam import to_deploy
from avspeech.errors import InputError


def test_batch_norm_sees_only_the_frames_that_count() -> None:
    torch.manual_seed(0)
    x, frames = torch.randn(3, 7, 4), torch.tensor([7, 3, 1])
    mask = frame_mask(frames, 7)
    assert mask is not None
    norm, plain = FrameBatchNorm(4, momentum=1.0), nn.BatchNorm1d(4, momentum=1.0)
    expected = plain(x[mask])
    x[~mask] = float("inf")
    torch.testing.assert_close(norm(x, mask)[mask], expected)
    torch.testing.assert_close(norm.running_mean, plain.running_mean)
    torch.testing.assert_close(norm.eval()(x[:1], None)[0], (x[0] - norm.running_mean)
                               / (norm.running_var + norm.eps).sqrt())


@pytest.mark.parametrize("kind", ["mean", "attention"])
def test_pooling_of_one_frame_and_of_many_alike(kind: str) -> None:
    pool = Pooling(8, kind, 2)
    x = torch.randn(1, 1, 8)
    torch.testing.assert_close(pool(x)[:, :8], x[:, 0])
    torch.testing.assert_close(pool(x.expand(1, 5, 8)), pool(x))


def test_masked_mean() -> None:
    x = torch.tensor([[[1.0], [3.0], [float("nan")]], [[2.0], [4.0], [6.0]]])
    mask = frame_mask(torch.tensor([2, 3]), 3)
    assert masked_mean(x, mask).flatten().tolist() == [2.0, 4.0]
    assert masked_mean(x[1:], None).item() == 4.0


@pytest.mark.parametrize("kind", ["1d", "2d"])
@pytest.mark.parametrize("factor", [4, 8])
@pytest.mark.parametrize("length", [1, 2, 7, 64, 65])
def test_subsampled_lengths(kind: str, factor: int, length: int) -> None:
    x, frames = Subsampling(10, 6, kind, 2, factor)(torch.randn(2, length, 10), torch.tensor([length, 1]))
    assert x.shape == (2, -(-length // factor), 6)
    assert frames is not None and frames.tolist() == [-(-length // factor), 1]
    assert halved(None) is None


@pytest.mark.parametrize("planes", [False, True])
def test_a_folded_norm_is_the_norm(planes: bool) -> None:
    torch.manual_seed(0)
    layer = HalvingConv(3, 5, planes=planes)
    x = torch.randn(2, 9, 4, 3) if planes else torch.randn(2, 9, 3)
    for _ in range(3):
        layer(x, None)
    light = to_deploy(layer)
    assert isinstance(light.norm, nn.Identity)
    frames = torch.tensor([9, 4])
    mask = frame_mask((frames + 1) // 2, 5)
    torch.testing.assert_close(light(x, frames)[0][mask], layer.eval()(x, frames)[0][mask])


@pytest.mark.parametrize(("length", "kernel"), [(1, 9), (4, 9), (37, 7), (100, 1)])
def test_a_depthwise_convolution_is_one_over_time(length: int, kernel: int) -> None:
    torch.manual_seed(0)
    fast, plain = DepthwiseConv(12, kernel), nn.Conv1d(12, 12, kernel, padding=kernel // 2, groups=12)
    plain.load_state_dict(fast.state_dict())
    x = torch.randn(3, length, 12, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    one, other = fast(x), plain(y.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)
    one.square().sum().backward()
    other.square().sum().backward()
    torch.testing.assert_close(x.grad, y.grad, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(fast.weight.grad, plain.weight.grad, atol=1e-4, rtol=1e-4)
    with pytest.raises(InputError, match="odd"):
        DepthwiseConv(12, 4)
