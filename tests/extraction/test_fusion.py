"""The fusion against the equations it is defined by."""

from __future__ import annotations

import itertools

import pytest
import torch

from avspeech.extraction.fusion import AttentionFusion, ProjectedAddition, TensorFusion, pair_indices

B, T, D = 2, 3, 6


def literal(fusion: TensorFusion, h: torch.Tensor, pairs: list[tuple[int, int]]) -> torch.Tensor:
    """u of the equations, written out: outer products, LayerNorm of vectors, W.
    h [B, V, T, D] -> [B, T, D]."""
    one = torch.cat([h, torch.ones_like(h[..., :1])], -1)
    def z(i: int, j: int) -> torch.Tensor:
        outer = one[:, i].unsqueeze(-1) * one[:, j].unsqueeze(-2)
        return fusion.project(fusion.norm(outer.flatten(-2)))
    if fusion.symmetric:
        return torch.stack([(z(i, j) + z(j, i)) / 2 for i, j in pairs]).mean(0)
    return torch.stack([z(i, j) for i, j in pairs]).mean(0)


def random_fusion(**options) -> TensorFusion:
    torch.manual_seed(0)
    fusion = TensorFusion(D, **options).double()
    for parameter in fusion.parameters():
        torch.nn.init.normal_(parameter)
    return fusion


def random_views(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(count)
    return torch.randn(B, count, T, D, dtype=torch.double), torch.ones(B, count, T, dtype=torch.bool)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("views", [1, 2, 3, 5])
def test_the_folded_form_is_the_equation(views: int, symmetric: bool) -> None:
    # The outer products of a pair swapped are each other's transpose,
    # and their norms differ in the affine part alone.
    fusion = random_fusion(symmetric=symmetric)
    h, mask = random_views(views)
    pairs = list(zip(*pair_indices(views)))
    torch.testing.assert_close(fusion(h, mask), literal(fusion, h, pairs), rtol=1e-9, atol=1e-9)


def test_slots_repeat_the_views() -> None:
    """The paper's three slots: views a, b fill them as a, b, a; one view fills all."""
    fusion, (h, mask) = random_fusion(slots=3), random_views(2)
    torch.testing.assert_close(fusion(h, mask), literal(fusion, h, [(0, 1), (0, 0), (1, 0)]))


def test_slots_agree_with_pairs_for_one_and_three_views_but_not_for_two() -> None:
    slots, pairs = random_fusion(slots=3), random_fusion()
    for views, agree in ((1, True), (3, True), (2, False)):
        h, mask = random_views(views)
        assert torch.allclose(slots(h, mask), pairs(h, mask)) is agree


@pytest.mark.parametrize("fusion", [random_fusion(symmetric=True), ProjectedAddition(D).double(),
                                    AttentionFusion(D).double()])
def test_permuting_views_permutes_nothing(fusion: torch.nn.Module) -> None:
    h, mask = random_views(3)
    mask = torch.rand(mask.shape, generator=torch.Generator().manual_seed(1)) > 0.3
    want = fusion(h, mask)
    for order in itertools.permutations(range(3)):
        torch.testing.assert_close(fusion(h[:, list(order)], mask[:, list(order)]), want)


def test_the_paper_form_depends_on_the_order() -> None:
    h, mask = random_views(2)
    fusion = random_fusion()
    assert not torch.allclose(fusion(h, mask), fusion(h.flip(1), mask))


@pytest.mark.parametrize("options", [{}, {"symmetric": True}, {"slots": 3}])
def test_a_masked_view_is_as_if_it_were_not_there(options: dict) -> None:
    fusion = random_fusion(**options)
    h, mask = random_views(4)
    for shown in ([2], [1, 3], [0, 2, 3]):
        some = torch.zeros_like(mask)
        some[:, shown] = True
        torch.testing.assert_close(fusion(h, some), fusion(h[:, shown], mask[:, shown]))


def test_masks_apply_per_sample_and_frame() -> None:
    fusion, (h, mask) = random_fusion(), random_views(3)
    mask[0, 1, 0] = False
    mask[1, :2, 2] = False
    u = fusion(h, mask)
    torch.testing.assert_close(u[0, 0], fusion(h[:1, [0, 2]], mask[:1, [0, 2]])[0, 0])
    torch.testing.assert_close(u[1, 2], fusion(h[1:, [2]], mask[1:, [2]])[0, 2])
    torch.testing.assert_close(u[0, 1], fusion(h[:1], torch.ones_like(mask[:1]))[0, 1])


@pytest.mark.parametrize("fusion", [TensorFusion(D), TensorFusion(D, slots=3), ProjectedAddition(D),
                                    AttentionFusion(D)])
def test_no_view_gives_zero(fusion: torch.nn.Module) -> None:
    u = fusion(torch.randn(B, 2, T, D), torch.zeros(B, 2, T, dtype=torch.bool))
    assert torch.equal(u, torch.zeros(B, T, D))


def test_what_is_masked_does_not_matter() -> None:
    fusion = random_fusion()
    h, mask = random_views(2)
    mask[:, 1] = False
    want = fusion(h, mask)
    h[:, 1] = 1e6
    torch.testing.assert_close(fusion(h, mask), want)
