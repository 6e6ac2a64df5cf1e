"""The shape of the last word's pitch: what of a contour survives, what the encoder and Align Attention do."""

from __future__ import annotations

import numpy as np
import torch

from avspeech.synthesis import contours as arrays
from avspeech.synthesis import intonation as it


def hertz(semitones: np.ndarray) -> np.ndarray:
    return (100 * 2 ** (semitones / 12)).astype(np.float32)


def test_a_rise_is_a_rise_at_any_height_and_gaps_are_bridged() -> None:
    line = np.linspace(0, 6, 40)
    low, high = hertz(line), hertz(line + 9)
    low[18:22] = 0
    cut = [arrays.of_last_words(f, f > 0, [(5, 35)], 0.016)[0] for f in (low, high)]
    assert len(cut[0]) == 30
    assert np.allclose(cut[0], cut[1], atol=0.05) and abs(cut[0].mean()) < 1e-4
    assert np.allclose(np.diff(cut[0]), 6 / 39, atol=0.05)


def test_a_word_without_any_voice_has_no_contour() -> None:
    silent = np.zeros(40, np.float32)
    assert len(arrays.of_last_words(silent, silent > 0, [(5, 20)], 0.016)[0]) == 0


def test_a_straight_line() -> None:
    line = it.straight(torch.tensor([[6.0, -2.0]]), torch.tensor([[5, 3]]), 5)
    assert torch.allclose(line[0, 0], torch.tensor([-3.0, -1.5, 0.0, 1.5, 3.0]))
    assert torch.allclose(line[0, 1, :3], torch.tensor([1.0, 0.0, -1.0]))


def test_padding_changes_nothing_and_weights_add_up() -> None:
    torch.manual_seed(0)
    encoder = it.TerminalIntonationEncoder().eval()
    contour, frames = torch.randn(1, 2, 9), torch.tensor([[9, 5]])
    padded = torch.nn.functional.pad(contour, (0, 4), value=3.0)
    assert torch.allclose(encoder(contour, frames), encoder(padded, frames), atol=1e-6)
    weights = encoder.weights(contour, frames)
    assert weights.shape == (1, 2, 4, 6)
    assert torch.allclose(weights.sum(-1), torch.ones(1, 2, 4))


def test_a_drawn_contour_is_read_off_and_compared() -> None:
    points = torch.linspace(-2, 2, it.POINTS).expand(1, 1, -1)
    place = torch.tensor([[[0.0, 0.1, 0.5, 0.93, 1.0]]])
    assert torch.allclose(it.read_off(points.unsqueeze(2), place), 4 * place - 2, atol=1e-6)
    frames = torch.tensor([[20]])
    line = 4 * (torch.arange(20) + 0.5) / 20 + 7.0  # the same line at another height
    padded = torch.nn.functional.pad(line, (0, 6), value=9.0)[None, None]
    assert float(it.contour_loss(points, padded, frames)) < 1e-10
    assert float(it.contour_loss(points, -padded, frames)) > 0.1
    assert float(it.contour_loss(points, padded, torch.zeros_like(frames))) == 0


def test_contours_of_the_phrases_asked_for_alone() -> None:
    phrases = torch.tensor([0, 1, 1, 0, 2, 2, 2, 0, 3, 3, 0, 0.0])
    contours = torch.stack([torch.linspace(-3, 3, 12), phrases], -1)
    kept = it.only(contours[None], torch.tensor([[False, True]]))[0]
    assert torch.equal(kept[4:7], contours[4:7]) and not kept[:4].any() and not kept[7:].any()
    assert np.array_equal(arrays.only(contours.numpy(), np.array([False, True])), kept.numpy())
    assert not it.only(contours[None], torch.zeros(1, 0, dtype=torch.bool)).any()
    assert not arrays.only(contours.numpy(), np.zeros(0, bool)).any()


def test_invented_contours_rise_and_fall() -> None:
    torch.manual_seed(0)
    falls = it.straight(torch.full((200, 1), -4.0), torch.full((200, 1), 10), 10)
    made = it.invented(falls, torch.full((200, 1), 10))
    rise = made[:, 0, -1] - made[:, 0, 0]
    assert 0.3 < float((rise > 0).float().mean()) < 0.7 and float(rise.abs().max()) <= it.STEEPEST + 4


def test_drawing_learns_every_contour_it_is_shown() -> None:
    torch.manual_seed(0)
    encoder, draw = it.TerminalIntonationEncoder(), it.ContourDecoder()
    optimizer = torch.optim.AdamW([*encoder.parameters(), *draw.parameters()], 5e-3)
    frames = torch.full((16, 1), 8)
    for _ in range(40):
        lines = it.invented(torch.zeros(16, 1, 8), frames)
        loss = it.contour_loss(draw(encoder(lines, frames)), lines, frames)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    asked = it.straight(torch.tensor([[5.0], [-5.0]]), frames[:2], 8)
    drawn = draw(encoder(asked, frames[:2])).detach()
    assert float(drawn[0, 0, -1] - drawn[0, 0, 0]) > 3 and float(drawn[1, 0, -1] - drawn[1, 0, 0]) < -3


def test_the_aligner_reads_the_mean_of_the_last_words_symbols() -> None:
    torch.manual_seed(0)
    aligner, h = it.TextPitchAligner(8, 4), torch.randn(1, 5, 8)
    last = torch.tensor([[0, 1, 1, 0, 2]])
    found = aligner(h, last, torch.arange(1, 3))
    assert torch.allclose(found[0, 0], aligner.net(h[0, 1:3].mean(0)), atol=1e-6)
    assert torch.allclose(found[0, 1], aligner.net(h[0, 4]), atol=1e-6)


def test_align_attention_picks_the_nearest_reference_that_is_there() -> None:
    reference = torch.tensor([[[5.0, 0.0], [0.0, 5.0], [5.0, 0.1]]])
    there = torch.tensor([[True, True, False]])
    found = it.align_attention(torch.tensor([[[4.8, 0.2], [0.1, 4.9]]]), reference, there)
    assert torch.allclose(found[0], reference[0, :2], atol=1e-3)
