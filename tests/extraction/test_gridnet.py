"""TF-GridNet blocks: shapes at any length, what may see what, and the unfold of the paper."""

from __future__ import annotations

import pytest
import torch

from avspeech.extraction import gridnet
from avspeech.extraction.gridnet import BandNorm, FullBandAttention, GridNetBlock, PathRNN


@pytest.mark.parametrize("kernel, stride", [(1, 1), (4, 4), (4, 2), (3, 1)])
@pytest.mark.parametrize("length", [1, 3, 4, 9])
def test_a_path_keeps_the_shape(kernel: int, stride: int, length: int) -> None:
    x = torch.randn(2, length, 6)
    assert PathRNN(6, kernel, stride, 5)(x).shape == x.shape


def test_no_overlap_is_the_transposed_convolution() -> None:
    """Where I = J the linear map is the transposed convolution with the same weights."""
    torch.manual_seed(0)
    path = PathRNN(3, 4, 4, 5).double()
    general = PathRNN(3, 4, 4, 5).double()
    general.load_state_dict(path.state_dict())
    fold = torch.nn.ConvTranspose1d(10, 3, 4, 4).double()
    with torch.no_grad():
        fold.weight.copy_(path.fold.weight.view(4, 3, 10).permute(2, 1, 0))
        fold.bias.zero_()
        path.fold.bias.zero_()
    general.fold = fold
    # The unfold of a general path orders its channels by frame too, so that the LSTM's weights mean the same.
    x = torch.randn(2, 11, 3, dtype=torch.double)
    torch.testing.assert_close(general(x), path(x))


def test_a_causal_block_without_attention_does_not_look_ahead() -> None:
    torch.manual_seed(0)
    block = GridNetBlock(8, 1, 1, 6, 2, 2, causal=True).eval()
    block.attention = torch.nn.Identity()
    x = torch.randn(1, 6, 5, 8)
    later = x.clone()
    later[:, 4:] += 1
    torch.testing.assert_close(block(later)[:, :4], block(x)[:, :4])


def test_attention_is_the_written_out_one() -> None:
    torch.manual_seed(0)
    heads, query, dim = 2, 3, 8
    attention = FullBandAttention(dim, heads, query)
    torch.nn.init.normal_(attention.slopes)
    x = torch.randn(1, 4, 5, dim)
    slope = attention.slopes.repeat_interleave(torch.tensor(attention.widths))
    y = attention.project(x)
    y = torch.where(y >= 0, y, slope * y)
    outs = []
    for head in range(heads):
        q = attention.norms[0](y[..., head * query:][..., :query]).flatten(2)
        k = attention.norms[1](y[..., (heads + head) * query:][..., :query]).flatten(2)
        v = attention.norms[2](y[..., 2 * heads * query + head * dim // heads:][..., :dim // heads])
        weight = torch.softmax(q @ k.transpose(1, 2) / (5 * query) ** 0.5, -1)
        outs.append((weight @ v.flatten(2)).view(v.shape))
    want = x + attention.norm(attention.prelu(attention.out(torch.cat(outs, -1))))
    torch.testing.assert_close(attention(x), want)


def test_no_weight_belongs_to_a_frequency() -> None:
    torch.manual_seed(0)
    block = GridNetBlock(8, 2, 2, 6, 2, 2)
    for bins in (5, 17, 65):
        assert block(torch.randn(1, 3, bins, 8)).shape == (1, 3, bins, 8)


def test_band_norm_has_unit_statistics() -> None:
    y = BandNorm(4)(torch.randn(2, 3, 9, 4) * 7 + 3)
    torch.testing.assert_close(y.mean((-2, -1)), torch.zeros(2, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.var((-2, -1), correction=0), torch.ones(2, 3), atol=1e-3, rtol=0)


def test_attention_without_gradients_is_that_of_torch() -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(2, 3, 9, 4), torch.randn(2, 3, 9, 4), torch.randn(2, 3, 9, 7)
    with torch.inference_mode():
        torch.testing.assert_close(
            gridnet.attention(q, k, v), torch.nn.functional.scaled_dot_product_attention(q, k, v))
