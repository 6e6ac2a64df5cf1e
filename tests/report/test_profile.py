from __future__ import annotations

import functools
import json

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from avspeech.report import profile as profiles


class Call(nn.Module):
    """A module around a function of its children."""

    def __init__(self, function, **children):
        super().__init__()
        self.function = function
        for name, child in children.items():
            self.add_module(name, child)

    def forward(self, *inputs):
        return self.function(self, *inputs)


B, T, D, H = 2, 7, 6, 5


def lstm(layers=1, directions=1, gates=4):
    each = [D] + [H * directions] * (layers - 1)
    return B * T * directions * sum(gates * H * (width + H) for width in each)


CASES = {
    "linear": (nn.Linear(D, H), (B, T, D), B * T * D * H),
    "conv1d": (nn.Conv1d(D, H, 3, padding=1), (B, D, T), B * T * D * H * 3),
    "conv1d-grouped-strided": (nn.Conv1d(D, 2 * D, 4, stride=2, groups=D), (B, D, 10), B * 4 * 2 * D * 4),
    "conv2d": (nn.Conv2d(D, H, (3, 5)), (B, D, 9, 11), B * 7 * 7 * D * H * 15),
    "conv3d": (nn.Conv3d(1, H, (5, 7, 7), stride=(1, 2, 2), padding=(2, 3, 3)), (B, 1, 4, 8, 8),
               B * 64 * H * 245),
    "conv-transposed": (nn.ConvTranspose1d(D, H, 4, 2), (B, D, T), B * T * D * H * 4),
    "lstm": (nn.LSTM(D, H, batch_first=True), (B, T, D), lstm()),
    "lstm-bidirectional-3": (nn.LSTM(D, H, 3, bidirectional=True, batch_first=True), (B, T, D), lstm(3, 2)),
    "gru": (nn.GRU(D, H, 2, batch_first=True, bidirectional=True), (B, T, D), lstm(2, 2, gates=3)),
    "rnn": (nn.RNN(D, H, batch_first=True), (B, T, D), lstm(gates=1)),
    "attention": (Call(lambda m, x: m.a(x, x, x), a=nn.MultiheadAttention(D, 2, batch_first=True)), (B, T, D),
                  B * (4 * T * D * D + 2 * T * T * D)),
    "transformer": (nn.TransformerEncoderLayer(D, 2, 9, batch_first=True), (B, T, D),
                    B * (4 * T * D * D + 2 * T * T * D + 2 * T * D * 9)),
    "sdpa": (Call(lambda m, x: F.scaled_dot_product_attention(x, x, x)), (B, 3, T, D), B * 3 * 2 * T * T * D),
    "einsum": (Call(lambda m, x: torch.einsum("btd,bsd->bts", x, x)), (B, T, D), B * T * T * D),
    "vector": (Call(lambda m, x: x @ torch.ones(D)), (B, T, D), B * T * D),
    "bilinear": (Call(lambda m, x: m.b(x, x), b=nn.Bilinear(D, D, H)), (B, D), B * H * D * D),
}


@pytest.mark.parametrize("name", CASES)
def test_macs_equal_the_hand_count(name):
    module, shape, expected = CASES[name]
    module.eval()
    before = torch.backends.mha.get_fastpath_enabled()
    assert profiles.count_macs(module, torch.randn(shape))[0] == expected
    assert torch.backends.mha.get_fastpath_enabled() == before


def small() -> nn.Module:
    layers = [nn.Linear(4, 4) for _ in range(3)]

    def forward(m, x):
        for layer in m.blocks:
            x = layer(x)
        return m.lips(x) @ torch.ones(4, 2)

    return Call(forward, blocks=nn.ModuleList(layers), lips=nn.Linear(4, 4), unused=nn.Linear(9, 9))


def example(seconds: float):
    return (torch.zeros(int(10 * seconds), 4),)


def large() -> nn.Module:
    return Call(lambda m, x: torch.ones(30_000_000).sum() + x.sum())


def test_breakdown_adds_up_and_sees_through_a_module_list():
    total, parts = profiles.count_macs(small(), torch.zeros(5, 4))
    assert parts == {"blocks": 5 * 48, "lips": 5 * 16, "": 5 * 8}
    assert total == sum(parts.values())


def test_breakdown_goes_two_deep():
    deeper = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    inner = Call(lambda m, x: m.deeper(x) @ torch.ones(4, 3), deeper=deeper)
    total, parts = profiles.count_macs(Call(lambda m, x: m.cue(x), cue=inner), torch.zeros(5, 4))
    assert parts == {"cue.deeper": 5 * 32, "cue": 5 * 12}
    assert total == sum(parts.values())


def test_profile_of_a_module():
    model = small()
    model.lips.weight.requires_grad_(False)
    before = torch.get_num_threads()
    result = profiles.profile_model(model, seconds=2.0, inputs=example, repeats=3, name="small")
    assert model.training and torch.get_num_threads() == before
    assert result.parameters == 4 * 20 + 90 and result.trainable == result.parameters - 16
    assert result.size == 4 * result.parameters
    assert result.macs == 10 * (48 + 16 + 8)
    assert len(result.times) == 3 and result.p50 <= result.p90 and result.rtf == result.p50 / 2
    assert "unused" not in result.breakdown
    assert json.loads(json.dumps(result.to_dict()))["name"] == "small"


def test_memory_of_a_known_allocation():
    memory = profiles.measure_memory(lambda: torch.ones(25_000_000).sum())
    if memory is None:
        pytest.skip("this system does not tell")
    assert 95e6 < memory.forward < 130e6


@pytest.mark.slow
def test_memory_in_a_process_of_its_own():
    result = profiles.profile_model(functools.partial(large), seconds=1.0, inputs=example, repeats=1)
    if result.memory is None:
        pytest.skip("this system does not tell")
    assert result.separate and 118e6 < result.memory.forward < 150e6


def test_a_model_without_example_needs_inputs():
    with pytest.raises(TypeError, match="example_inputs"):
        profiles.profile_model(nn.Linear(2, 2))


def test_the_table_names_processor_and_units(capsys):
    profiles.print_profile(profiles.profile_model(small(), inputs=example, repeats=1))
    text = capsys.readouterr().out
    assert "real-time factor, 1 thread" in text and "processor" in text and "lips" in text
