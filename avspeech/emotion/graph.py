"""Graphs over the frames of a window, with dense tensors: edges, Dice weights, convolutions,
learned edges.

Gao, Zhao, Zhang, "Adaptive Speech Emotion Representation Learning Based on Dynamic Graph", ICASSP
2024 (arXiv 2405.03956): A = A~ + phi A_Dice + I, H = sigma(D^-1/2 A D^-1/2 X W), then a layer that
learns its adjacency, with a structure loss. What the paper's abstract and summaries leave open is
an argument here.

A is [N, W, W], for N windows of W nodes; mask [N, W] bool, True where a node is a frame of the
utterance. The other nodes have no edges.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DEGREES = ("damped", "boosted", "plain")
LEARNERS = ("glcn", "lgrin", "none")


def line(nodes: int) -> Tensor:
    """[W, W]: each frame and the next, both ways."""
    ones = torch.ones(nodes - 1)
    return torch.diag(ones, 1) + torch.diag(ones, -1) if nodes > 1 else torch.zeros(1, 1)


def long_range(
    shape: tuple[int, ...],
    edges_a_node: float,
    generator: torch.Generator | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """Symmetric random edges between frames that are not neighbors; each pair is equally probable.

    Args:
        shape: [..., W, W].
        edges_a_node: edges that begin at a node, on average.
        generator: None for torch's own.
        device: of the result.

    Returns:
        [..., W, W] of zeros and ones.
    """
    nodes = shape[-1]
    pairs = (nodes - 1) * (nodes - 2) / 2
    chance = min(edges_a_node * nodes / pairs, 1.0) if pairs else 0.0
    drawn = torch.rand(shape, generator=generator, device=device) < chance
    upper = torch.triu(drawn.float(), 2)
    return upper + upper.transpose(-2, -1)


def own(adjacency: Tensor, mask: Tensor) -> Tensor:
    """The edges between nodes of the mask [N, W] alone: [W, W] or [N, W, W] -> [N, W, W]."""
    m = mask.to(adjacency.dtype)
    return adjacency * m.unsqueeze(-1) * m.unsqueeze(-2)


def dice(adjacency: Tensor, degree: str = "damped") -> Tensor:
    """Dice similarity of the neighborhoods of two nodes, their common neighbors weighted by a
    function f of degree:

        2 sum_{k in N(i) and N(j)} f(d_k) / (sum_{k in N(i)} f(d_k) + sum_{k in N(j)} f(d_k))

    degree: "damped", f(d) = 1 / d (A D^-1 A: a hub says little of whom it joins), "boosted", f(d) =
    d (A D A), "plain", 1. adjacency [..., W, W] of zeros and ones, symmetric, no self-loops ->
    [..., W, W] in 0..1, its diagonal 0 (I is added besides).
    """
    d = adjacency.sum(-1)
    f = {"damped": 1 / d.clamp_min(1), "boosted": d, "plain": torch.ones_like(d)}[degree]
    common = (adjacency * f.unsqueeze(-2)) @ adjacency
    around = (adjacency @ f.unsqueeze(-1)).squeeze(-1)
    both = around.unsqueeze(-1) + around.unsqueeze(-2)
    # An edge has the weight of at least the smallest f; without any, there is nothing in common
    # either.
    similar = 2 * common / both.clamp_min(1e-6)
    return similar * (
        1 - torch.eye(adjacency.shape[-1], dtype=similar.dtype, device=similar.device)
    )


def normalised(adjacency: Tensor) -> Tensor:
    """D^-1/2 A D^-1/2, zeros where a node has no edges."""
    scale = adjacency.sum(-1).clamp_min(1e-6).rsqrt()
    return adjacency * scale.unsqueeze(-1) * scale.unsqueeze(-2)


class LearnedGraph(nn.Module):
    """An adjacency that is learned, and its structure loss. nodes: W; dim: D of the features.

    "glcn": from the features, S_ij in proportion to A_ij exp(relu(w' |P x_i - P x_j|)), rows adding
    up to 1; loss sum_ij S_ij |P x_i - P x_j|^2 + gamma |S|_F^2: Jiang, Zhang, Lin, Tang, Luo,
    "Semi-Supervised Learning With Graph Learning-Convolutional Networks", CVPR 2019. P projects to
    `width` values.
    "lgrin": W x W values of its own that begin as the line graph, Shirian, Tripathi, Guha, "Dynamic
    Emotion Modeling With Learnable Graphs and Graph Inception Network", IEEE TMM 2022; loss |L -
    A|_F^2 (the mismatch with the prior) + gamma |L|_1 (sparsity).
    "none": the adjacency it is given; loss 0.
    Losses are means over an utterance's own nodes.
    """

    def __init__(
        self, nodes: int, dim: int, kind: str = "glcn", gamma: float = 0.1, width: int = 16
    ):
        super().__init__()
        self.kind, self.gamma = kind, gamma
        if kind == "glcn":
            self.project = nn.Linear(dim, width, bias=False)
            # Above 0, or the relu might let nothing through, nor ever learn to.
            self.weigh = nn.Parameter(2 / width * torch.rand(width))
        elif kind == "lgrin":
            self.edges = nn.Parameter(line(nodes) + 0.01)

    def forward(self, x: Tensor, adjacency: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """x [N, W, D], adjacency [N, W, W] with self-loops, mask [N, W] -> what to multiply
        features with [N, W, W], loss []."""
        number = mask.sum().clamp_min(1)
        if self.kind == "glcn":
            y = self.project(x)
            apart = y.unsqueeze(2) - y.unsqueeze(1)  # [N, W, W, width]
            weight = F.relu(apart.abs() @ self.weigh).exp() * adjacency
            share = weight / weight.sum(-1, keepdim=True).clamp_min(1e-6)
            loss = (share * apart.square().sum(-1)).sum() + self.gamma * share.square().sum()
            return share, loss / number
        if self.kind == "lgrin":
            edges = F.relu(self.edges + self.edges.T) / 2
            edges = own(
                edges * (1 - torch.eye(len(edges), dtype=edges.dtype, device=edges.device)), mask
            )
            loops = torch.diag_embed(mask.to(edges.dtype))
            prior = normalised(adjacency)
            loss = (edges - (prior - prior * loops)).square().sum() + self.gamma * edges.abs().sum()
            return normalised(edges + loops), loss / number
        return normalised(adjacency), x.new_zeros(())
