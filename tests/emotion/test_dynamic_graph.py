"""Dynamic graphs: windows, random edges, the baselines; what all emotion models share is in
test_emotion_models.py."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from avspeech.core.models import build
from avspeech.emotion.graph import line
from avspeech.errors import InputError

TINY: dict[str, Any] = dict(mels=20, channels=4, dim=16, layers=1, window=8, step=4)


def make(**fields: Any) -> Any:
    torch.manual_seed(0)
    return build("dynamic_graph", **{**TINY, **fields})


@pytest.mark.parametrize("factor", [2, 6])
def test_nodes_are_means_of_the_frames_of_an_encoder(factor: int) -> None:
    """Also where padding follows, and where the last node has fewer frames."""
    model = make(nodes="whisper", factor=factor, depth=1, heads=2, inner=8).eval()
    x, encode, n = torch.randn(2, 37, 20), model.encode, factor // 2
    nodes, count = encode(x[:, :29], None)
    frames = encode.norm(encode.encode(x[:, :29], None)[0])
    assert count is None
    expected = torch.stack([part.mean(1) for part in frames.split(n, 1)], 1)
    torch.testing.assert_close(nodes, expected, atol=1e-5, rtol=1e-4)
    x[:, 29:] = 0
    padded, counts = encode(x, torch.tensor([29, 29]))
    assert counts.tolist() == [nodes.shape[1]] * 2
    torch.testing.assert_close(padded[:, : nodes.shape[1]], nodes, atol=1e-5, rtol=1e-4)
    with pytest.raises(InputError, match="factor=3: expected an even number"):
        make(nodes="whisper", factor=3)


@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_windows_are_slices(step: int) -> None:
    model = make(step=step)
    x = torch.arange(1.0, 12.0)[None, :, None].expand(1, 11, 2)
    windows = model.windows(x)
    padded = torch.cat([x, torch.zeros(1, 20, 2)], 1)
    expected = torch.stack([padded[0, at : at + 8] for at in range(0, 11, step)])
    assert torch.equal(windows[0], expected)


def test_random_edges_are_fresh_in_training_and_frozen_in_evaluation() -> None:
    model, mask = make(), torch.ones(2, 8, dtype=torch.bool)
    model.train()
    assert not torch.equal(model.adjacency(mask), model.adjacency(mask))
    drawn = model.adjacency(mask)
    assert not torch.equal(drawn[0], drawn[1])
    model.eval()
    assert torch.equal(model.adjacency(mask), model.adjacency(mask))
    assert torch.equal(make().random, model.random) and "random" in model.state_dict()
    assert not torch.equal(make(seed=1).random, model.random)
    frozen = make(random_edges="frozen")
    assert torch.equal(frozen.train().adjacency(mask), frozen.eval().adjacency(mask))


@pytest.mark.parametrize("graph", ["line", "complete", "none"])
def test_baselines_are_static(graph: str) -> None:
    mask = torch.arange(8) < torch.tensor([[8], [3]])
    adjacency = make(graph=graph).train().adjacency(mask)
    whole = {"line": line(8) + torch.eye(8), "complete": torch.ones(8, 8), "none": torch.eye(8)}[graph]
    assert torch.equal(adjacency[0], whole)
    assert torch.equal(adjacency[1, :3, :3], whole[:3, :3]) and not adjacency[1, 3:].any()


def test_baselines_differ_from_it_by_the_learned_graph_alone() -> None:
    sizes = {sum(p.numel() for n, p in make(graph=graph).named_parameters() if not n.startswith("learned."))
             for graph in ("dynamic", "line", "complete", "none")}
    assert len(sizes) == 1
    assert not list(make(graph="line").learned.parameters())


def test_phi_and_dice_on() -> None:
    mask = torch.ones(1, 8, dtype=torch.bool)
    plain, edges, pairs = (make(random_edges="frozen", **f).adjacency(mask)[0] for f in (
        dict(phi=0.0), dict(dice_on="edges"), dict(dice_on="pairs")))
    assert torch.equal(plain, make().static + make().random + torch.eye(8))
    assert torch.equal(edges > 0, plain > 0) and (pairs > 0).sum() > (plain > 0).sum()
    assert ((pairs >= edges) & (edges >= plain)).all()


@pytest.mark.parametrize("learn", ["glcn", "lgrin", "none"])
def test_the_structure_loss(learn: str) -> None:
    model = make(learn=learn, temperature=2.0).eval()
    x, frames = torch.randn(3, 90, 20), torch.tensor([90, 40, 70])
    with torch.no_grad():
        logits, loss = model.structured(x, frames)
        torch.testing.assert_close(logits, model.classify(x, frames))
        assert loss.shape == () and (loss > 0) == (learn != "none")
        longer = torch.nn.functional.pad(x, (0, 0, 0, 60), value=9.0)
        torch.testing.assert_close(model.structured(longer, frames)[1], loss)
