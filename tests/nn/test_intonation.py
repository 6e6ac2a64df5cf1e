"""The shape of the last word's pitch: what of a contour survives, what the encoder and Align Attention do."""

from __future__ import annotations

import numpy as np
import torch

from avspeech.nn import intonation as it


def hertz(semitones: np.ndarray) -> np.ndarray:
    return (100 * 2 ** (semitones / 12)).astype(np.float32)


def test_a_rise_is_a_rise_at_any_height_and_gaps_are_bridged() -> None:
    line = np.linspace(0, 6, 40)
    low, high = hertz(line), hertz(line + 9)
    low[18:22] = 0
    cut = [it.last_words(f, f > 0, [(5, 35)], 0.016)[0] for f in (low, high)]
    assert len(cut[0]) == 30
    assert np.allclose(cut[0], cut[1], atol=0.05) and abs(cut[0].mean()) < 1e-4
    assert np.allclose(np.diff(cut[0]), 6 / 39, atol=0.05)


def test_a_word_without_any_voice_has_no_contour() -> None:
    silent = np.zeros(40, np.float32)
    assert len(it.last_words(silent, silent > 0, [(5, 20)], 0.016)[0]) == 0


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
    one = torch.eye(6)[None, :2]
    assert torch.allclose(encoder.mix(one), encoder.mix(one.unsqueeze(2).expand(-1, -1, 4, -1)))


def test_the_aligner_reads_the_mean_of_the_last_words_symbols() -> None:
    torch.manual_seed(0)
    aligner, h = it.TextPitchAligner(8, 4), torch.randn(1, 5, 8)
    last = torch.tensor([[0, 1, 1, 0, 2]])
    found = aligner(h, last, 2)
    assert torch.allclose(found[0, 0], aligner.net(h[0, 1:3].mean(0)), atol=1e-6)
    assert torch.allclose(found[0, 1], aligner.net(h[0, 4]), atol=1e-6)


def test_align_attention_picks_the_nearest_reference_that_is_there() -> None:
    reference = torch.tensor([[[5.0, 0.0], [0.0, 5.0], [5.0, 0.1]]])
    there = torch.tensor([[True, True, False]])
    found = it.align_attention(torch.tensor([[[4.8, 0.2], [0.1, 4.9]]]), reference, there)
    assert torch.allclose(found[0], reference[0, :2], atol=1e-3)
