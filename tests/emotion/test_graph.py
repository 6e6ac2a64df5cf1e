"""Graphs over frames: the formulas against loops that spell them out."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from avspeech.emotion.graph import LearnedGraph, dice, line, long_range, normalised, own


def random_graph(nodes: int, seed: int) -> torch.Tensor:
    make = torch.Generator().manual_seed(seed)
    return (line(nodes) + long_range((nodes, nodes), 1.5, make)).clamp_max(1)


@given(st.integers(1, 9), st.integers(0, 99), st.sampled_from(["damped", "boosted", "plain"]))
def test_dice_is_its_formula(nodes: int, seed: int, degree: str) -> None:
    graph = random_graph(nodes, seed)
    around = [[k for k in range(nodes) if graph[i, k]] for i in range(nodes)]
    weigh = {"damped": lambda k: 1 / len(around[k]), "boosted": lambda k: len(around[k]),
             "plain": lambda k: 1}
    weight, expected = weigh[degree], torch.zeros(nodes, nodes)
    for i in range(nodes):
        for j in range(nodes):
            both = sum(map(weight, around[i])) + sum(map(weight, around[j]))
            common = sum(weight(k) for k in around[i] if k in around[j])
            expected[i, j] = 2 * common / both if i != j and both else 0.0
    torch.testing.assert_close(dice(graph, degree), expected)


def test_hubs_count_less_or_more() -> None:
    """0 and 1 meet at a hub (2) alone; 6 and 7 at a node (8) that knows nobody else."""
    graph = torch.zeros(11, 11)
    for i, j in [(0, 2), (1, 2), (3, 2), (4, 2), (5, 2), (6, 8), (7, 8), (0, 9), (1, 10), (6, 9), (7, 10)]:
        graph[i, j] = graph[j, i] = 1
    ratio = {kind: (dice(graph, kind)[0, 1] / dice(graph, kind)[6, 7]).item()
             for kind in ("damped", "boosted", "plain")}
    assert ratio["damped"] < 1 < ratio["boosted"] and ratio["plain"] == pytest.approx(1)


@given(st.integers(1, 8), st.integers(0, 99))
def test_normalised_is_its_formula(nodes: int, seed: int) -> None:
    adjacency = random_graph(nodes, seed) + torch.eye(nodes)
    adjacency = adjacency + 0.5 * dice(random_graph(nodes, seed))
    rows = adjacency.tolist()
    expected = [[rows[i][j] / (sum(rows[i]) * sum(rows[j])) ** 0.5 for j in range(nodes)]
                for i in range(nodes)]
    torch.testing.assert_close(normalised(adjacency), torch.tensor(expected))


def test_long_range_edges() -> None:
    make = torch.Generator().manual_seed(0)
    edges = long_range((400, 20, 20), 1.5, make)
    assert torch.equal(edges, edges.transpose(1, 2)) and set(edges.unique().tolist()) == {0.0, 1.0}
    assert not (edges * (line(20) + torch.eye(20))).any()
    assert (edges.sum((1, 2)) / 2 / 20).mean().item() == pytest.approx(1.5, rel=0.05)
    assert torch.equal(edges, long_range((400, 20, 20), 1.5, torch.Generator().manual_seed(0)))
    assert not torch.equal(edges[0], edges[1])
    for nodes in (1, 2):
        assert not long_range((nodes, nodes), 5.0).any()
    assert long_range((3, 3), 5.0).sum() == 2


def test_line_and_own() -> None:
    assert line(1).tolist() == [[0.0]]
    assert line(3).tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    mask = torch.tensor([[True, True, False]])
    assert own(line(3), mask).tolist() == [[[0, 1, 0], [1, 0, 0], [0, 0, 0]]]


@pytest.mark.parametrize("kind", ["glcn", "lgrin"])
def test_the_learned_graph_and_its_loss(kind: str) -> None:
    torch.manual_seed(0)
    nodes, count = 6, [6, 4]
    learner = LearnedGraph(nodes, 5, kind, gamma=0.3, width=3)
    if kind == "lgrin":
        learner.edges.data.add_(torch.randn(nodes, nodes))
    x = torch.randn(2, nodes, 5)
    mask = torch.arange(nodes) < torch.tensor(count)[:, None]
    adjacency = own(random_graph(nodes, 1), mask) + torch.diag_embed(mask.float())
    share, loss = learner(x, adjacency, mask)
    expected = 0.0
    for n in range(2):
        if kind == "glcn":
            y = learner.project(x[n])
            for i in range(count[n]):
                row = [adjacency[n, i, j] * (learner.weigh @ (y[i] - y[j]).abs()).relu().exp()
                       for j in range(nodes)]
                for j in range(nodes):
                    s = row[j] / sum(row)
                    torch.testing.assert_close(share[n, i, j], s)
                    expected += s * (y[i] - y[j]).square().sum() + 0.3 * s.square()
        else:
            prior = normalised(adjacency)[n]
            edges = torch.zeros(nodes, nodes)
            for i in range(count[n]):
                for j in range(count[n]):
                    if i != j:
                        edges[i, j] = (learner.edges[i, j] + learner.edges[j, i]).relu() / 2
                        expected += (edges[i, j] - prior[i, j]).square() + 0.3 * edges[i, j]
            torch.testing.assert_close(share[n], normalised(edges + torch.diag(mask[n].float())))
    torch.testing.assert_close(loss, torch.as_tensor(expected) / sum(count))
    assert not share[1, 4:].any() and not share[1, :, 4:].any()
    loss.backward()
    assert all(p.grad is not None and p.grad.any() for p in learner.parameters())


def test_no_learner_gives_back_what_it_got() -> None:
    adjacency = random_graph(5, 0)[None] + torch.eye(5)
    everything = torch.ones(1, 5, dtype=torch.bool)
    share, loss = LearnedGraph(5, 4, "none")(torch.randn(1, 5, 4), adjacency, everything)
    assert torch.equal(share, normalised(adjacency)) and loss == 0
