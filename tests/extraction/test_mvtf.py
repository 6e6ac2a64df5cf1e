"""MVTF: the paper's size, and what an extractor must not depend on."""

from __future__ import annotations

import pytest
import torch

from avspeech.core.models import CONFIGS, build
from avspeech.errors import InputError
from avspeech.extraction import mvtf
from avspeech.extraction.mvtf import MVTFConfig

TINY = dict(lips_width=4, embed=8, blocks=1, dim=8, hidden=6, heads=2, query=2, planes=2, bands=16, guess=8,
            guess_layers=2)


@pytest.fixture(scope="module")
def tiny() -> torch.nn.Module:
    torch.manual_seed(0)
    return build("mvtf-small", **TINY).eval()


def size(module: torch.nn.Module) -> int:
    """Parameters without those of norm layers, as the paper counts."""
    norms = (torch.nn.LayerNorm,)
    left_out = {id(p) for m in module.modules() if isinstance(m, norms) or type(m).__name__ == "BandNorm"
                for p in m.parameters()}
    return sum(p.numel() for p in module.parameters() if id(p) not in left_out)


def test_the_paper_configuration_has_the_paper_size() -> None:
    """7.24 M without the fusion, 7.56 M with it, norms left out of both (the lip encoder,
    pretrained, is in neither).

    Counted so, ours with projection, LSTM and fusion is 7.553 M; its first 7.24 M are the separator with the
    projection 512 -> 65, so that the LSTM(65) and W are what the paper's fusion adds.
    """
    model = build("mvtf-paper")
    lips, fusion = size(model.cue.lips), size(model.cue.fusion)
    assert size(model) - lips == pytest.approx(7.56e6, abs=0.01e6)
    assert size(model) - lips - fusion - size(model.cue.rnn) == pytest.approx(7.24e6, abs=0.006e6)
    assert fusion == 66 * 66 * 65 + 65


@pytest.mark.parametrize("name", sorted(name for name in CONFIGS if CONFIGS[name][0] == "mvtf"))
def test_named_configurations_exist(name: str) -> None:
    MVTFConfig(**CONFIGS[name][1])


def test_small_is_small() -> None:
    assert sum(p.numel() + 4 * len(p) if p.ndim > 1 else 4 * p.numel()
               for p in build("mvtf-small").parameters()) < 8e6  # bytes in int8, with a scale a row


@pytest.mark.parametrize("seconds", [0.01, 0.5, 1.013])
def test_length_is_kept(tiny: torch.nn.Module, seconds: float) -> None:
    mixture, video, mask = tiny.example_inputs(seconds, views=2)
    with torch.no_grad():
        assert tiny(mixture, video, mask).shape == mixture.shape


def test_the_level_goes_through(tiny: torch.nn.Module) -> None:
    mixture, video, mask = tiny.example_inputs(0.5)
    with torch.no_grad():
        torch.testing.assert_close(tiny(mixture * 100, video, mask), tiny(mixture, video, mask) * 100,
                                   rtol=1e-3, atol=1e-2)
        assert not tiny(mixture * 0, video, mask).any()


def test_order_of_views_does_not_count(tiny: torch.nn.Module) -> None:
    mixture, video, mask = tiny.example_inputs(0.5, views=3)
    with torch.no_grad():
        torch.testing.assert_close(tiny(mixture, video[:, [2, 0, 1]], mask), tiny(mixture, video, mask),
                                   rtol=1e-3, atol=1e-4)


def test_a_view_that_is_not_shown_is_as_if_not_given(tiny: torch.nn.Module) -> None:
    mixture, video, mask = tiny.example_inputs(0.5, views=3)
    mask[:, 1] = False
    with torch.no_grad():
        torch.testing.assert_close(tiny(mixture, video, mask),
                                   tiny(mixture, video[:, [0, 2]], mask[:, [0, 2]]), rtol=1e-3, atol=1e-4)


def test_the_other_samples_of_a_batch_do_not_count(tiny: torch.nn.Module) -> None:
    mixture, video, mask = tiny.example_inputs(0.5, views=2)
    other = torch.cat([mixture, mixture.flip(1)]), torch.cat([video, video.flip(2)]), torch.cat([mask, ~mask])
    with torch.no_grad():
        torch.testing.assert_close(tiny(*other)[:1], tiny(mixture, video, mask), rtol=1e-3, atol=1e-4)


def test_an_audio_blind_model_is_blind() -> None:
    torch.manual_seed(0)
    model = build("mvtf-small", **TINY, fusion="none").eval()
    mixture, video, mask = model.example_inputs(0.5)
    with torch.no_grad():
        assert torch.equal(model(mixture, video, mask), model(mixture, video.flip(2), ~mask))
    assert not any("lips" in name for name, _ in model.named_parameters())


@pytest.mark.parametrize("fusion", ["tensor", "add", "attention", "none"])
@pytest.mark.parametrize("head", ["mask", "mapping"])
def test_every_weight_is_trained(fusion: str, head: str) -> None:
    torch.manual_seed(0)
    model = build("mvtf-small", **{**TINY, "fusion": fusion, "head": head, "guess": 8 * (head == "mask")})
    model(*model.example_inputs(0.5, views=2)).square().sum().backward()
    # Query and key biases are invisible to a softmax only in part; all else must have a gradient.
    assert [n for n, p in model.named_parameters() if p.grad is None] == []


def test_one_set_of_weights_fits_another_rate(tiny: torch.nn.Module) -> None:
    """Planes over mel bands and norms without frequencies: the weights load at 8 kHz and n_fft 256."""
    other = build("mvtf-small", **{**TINY, "sample_rate": 8000, "n_fft": 256, "hop": 128, "guess": 0}).eval()
    other.load_state_dict({k: v for k, v in tiny.state_dict().items()
                           if not k.startswith(("guess", "encode"))}, False)
    mixture, video, mask = other.example_inputs(0.5)
    with torch.no_grad():
        assert other(mixture, video, mask).shape == mixture.shape


@pytest.mark.parametrize("setting, text",
                         [({"fusion": "sum"}, "fusion"), ({"lips": "big"}, "lips"), ({"head": "x"}, "head"),
                          ({"planes": 0}, "planes"), ({"patch": 3}, "patch"), ({"colour": 1}, "colour")])
def test_a_bad_setting_is_named(setting: dict, text: str) -> None:
    with pytest.raises(InputError, match=text):
        build("mvtf-small", **setting)


def test_an_unknown_model_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match="mvtf-small"):
        build("mvtf-smal")


@pytest.mark.parametrize("stride", [1, 2, 8])
def test_upsampling_is_a_transposed_convolution(stride: int) -> None:
    torch.manual_seed(0)
    layer = torch.nn.ConvTranspose2d(5, 2, (3, 2 * stride + 1), (1, stride), (1, stride))
    x = torch.randn(2, 5, 7, 9)
    torch.testing.assert_close(mvtf.upsampled(x, layer), layer(x))
