"""Fusion of the views' lip embeddings: tensor fusion (MVTF), and the baselines to compare it with.

Every fusion maps views `[B, V, T, D]` and a mask `[B, V, T]` (True where the view shows the mouth)
to `[B, T, D]`. The number of views V may differ from call to call. The result is 0 in a frame that
no view shows.
"""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor, nn


def pair_indices(views: int) -> tuple[list[int], list[int]]:
    """The pairs i < j of views; a single view is its own pair.

    Args:
        views: their number.

    Returns:
        (first of each pair, second of each pair).
    """
    if views == 1:
        return [0], [0]
    first, second = zip(*combinations(range(views), 2))
    return list(first), list(second)


def masked_mean(x: Tensor, weight: Tensor, dim: int) -> Tensor:
    """Mean with weights in {0, 1}.

    Args:
        x: any shape.
        weight: broadcastable to `x`.
        dim: axis of the mean.

    Returns:
        `x` without `dim`; 0 where all weights are 0.
    """
    weight = weight.to(x.dtype)
    return (x * weight).sum(dim) / weight.sum(dim).clamp_min(1.0)


class TensorFusion(nn.Module):
    """Multi-view tensor fusion (arXiv 2603.07696).

        h~_v = [h_v; 1]    P_ij = h~_i (outer) h~_j
        z_ij = W LayerNorm(vec P_ij) + b    u = mean over pairs

    The LayerNorm of an outer product needs no (D+1)^2-vector: with m and s the mean and the second
    moment of h~, mean(P_ij) = m_i m_j and mean(P_ij^2) = s_i s_j. With the affine part (g, c)
    folded into W,

        z_ij = (h~_i^T (W*g) h~_j - m_i m_j sum(W*g)) / std_ij + W c + b

    is a bilinear form.

    Args:
        dim: width D of the embeddings and of the result.
        symmetric: use (z_ij + z_ji) / 2, so that the order of the views does not matter.
        slots: None takes the pairs of the views that are shown. A number (3 in the paper) repeats
            the views in turn until there are that many, and takes the pairs of those. Both agree
            for one view and for V = slots.
    """

    def __init__(self, dim: int, symmetric: bool = False, slots: int | None = None):
        super().__init__()
        self.symmetric, self.slots = symmetric, slots
        self.norm = nn.LayerNorm((dim + 1) ** 2)
        self.project = nn.Linear((dim + 1) ** 2, dim)

    def forward(self, views: Tensor, mask: Tensor) -> Tensor:
        """Fuses views.

        Args:
            views: `[B, V, T, D]`.
            mask: bool `[B, V, T]`.

        Returns:
            `[B, T, D]`.
        """
        count = views.shape[1]
        if self.slots is not None:
            return self._slots(views, mask, self.slots)
        ones = views.new_ones(*views.shape[:-1], 1)
        h = torch.cat([views, ones], dim=-1)
        i, j = pair_indices(count)
        both = mask[:, i] & mask[:, j]  # [B, P, T]
        z = self._bilinear(h[:, i], h[:, j])
        if count == 1:
            return masked_mean(z, both.unsqueeze(-1), 1)
        # A frame with just one view shown: that view is its own pair, as if the others had never
        # been given.
        lone = mask & (mask.sum(1, keepdim=True) == 1)  # [B, V, T]
        own = (h * lone.unsqueeze(-1)).sum(1)
        u = masked_mean(z, both.unsqueeze(-1), 1)
        shown = lone.any(1).unsqueeze(-1)
        # An exported graph cannot branch on values: there both are computed.
        if not torch.compiler.is_compiling() and not bool(shown.any()):
            return u
        return torch.where(shown, self._bilinear(own, own), u)

    def _slots(self, views: Tensor, mask: Tensor, slots: int) -> Tensor:
        """Each frame's shown views, in order and repeated in turn, fill the slots."""
        shown = mask.sum(1)  # [B, T]
        # Shown views first, in their order. Not a stable sort, which ONNX does not have.
        count = views.shape[1]
        place = torch.arange(count, device=views.device)[:, None] + count * (~mask).long()
        order = place.topk(count, dim=1, largest=False).indices
        slot = (torch.arange(slots, device=views.device)[None, :, None]
                % shown.clamp_min(1)[:, None])  # [B, S, T]
        chosen = torch.gather(order, 1, slot)  # [B, S, T]
        h = torch.gather(views, 1, chosen.unsqueeze(-1).expand(-1, -1, -1, views.shape[-1]))
        h = torch.cat([h, h.new_ones(*h.shape[:-1], 1)], dim=-1)
        i, j = pair_indices(slots)
        return self._bilinear(h[:, i], h[:, j]).mean(1) * (shown > 0).unsqueeze(-1)

    def _bilinear(self, a: Tensor, b: Tensor) -> Tensor:
        """z for pairs a, b [..., D+1] -> [..., D]."""
        width = a.shape[-1]
        out = self.project.out_features
        weight = (self.project.weight * self.norm.weight.flatten()).view(out, width, width)
        bias = self.project.bias + self.project.weight @ self.norm.bias.flatten()
        if self.symmetric:
            weight = (weight + weight.transpose(1, 2)) / 2
        form = (a @ weight.permute(1, 0, 2).reshape(width, out * width)).view(
            *a.shape[:-1], out, width
        )
        form = (form @ b.unsqueeze(-1)).squeeze(-1)
        mean = a.mean(-1) * b.mean(-1)
        variance = a.square().mean(-1) * b.square().mean(-1) - mean.square()
        scale = torch.rsqrt(variance.clamp_min(0) + self.norm.eps)
        return (form - mean.unsqueeze(-1) * weight.sum((1, 2))) * scale.unsqueeze(-1) + bias


class ProjectedAddition(nn.Module):
    """Baseline: the mean over the shown views of W LayerNorm(h_v) + b.

    With one view it is a projection. The norm gives the result the scale that tensor fusion has;
    without it learning starts much later.

    Args:
        dim: width of the embeddings and of the result.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.project = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim))

    def forward(self, views: Tensor, mask: Tensor) -> Tensor:
        """As `TensorFusion.forward`."""
        return masked_mean(self.project(views), mask.unsqueeze(-1), 1)


class AttentionFusion(nn.Module):
    """Baseline: in each frame, softmax(w . tanh(A h_v)) weights W LayerNorm(h_v) + b of the shown
    views.

    Args:
        dim: width of the embeddings and of the result.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, 1))
        self.project = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim))

    def forward(self, views: Tensor, mask: Tensor) -> Tensor:
        """As `TensorFusion.forward`."""
        score = self.score(views).masked_fill(~mask.unsqueeze(-1), -1e4)
        weight = torch.softmax(score, dim=1) * mask.unsqueeze(-1)
        return (weight * self.project(views)).sum(1)

