"""ProsodyFM: sizes, what it must be indifferent to, that controls reach the sound."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from avspeech import text
from avspeech.core import models
from avspeech.errors import InputError
from avspeech.synthesis import intonation
from avspeech.synthesis.phrasing import last_words
from avspeech.synthesis.prosodyfm import ProsodyFM
from avspeech.text import symbols

TINY = dict(width=16, layers=1, hidden=24, decoder=(16, 16), blocks=1, duration=16, speaker_width=4,
            phrasing=8, tone=8, reference=8, vocoder=dict(width=16, hidden=24, layers=1, pitch_width=8))


def build(**differences: object) -> ProsodyFM:
    torch.manual_seed(0)
    model = models.build("prosodyfm", **{**TINY, **differences})
    torch.nn.init.normal_(model.decoder.leave[1].weight)
    model.durations.out.bias.data.fill_(1.5)
    return model.eval()  # type: ignore[return-value]


@pytest.fixture(scope="module")
def model() -> ProsodyFM:
    return build()


def example(source: str = "I said <brk> no. You did?") -> tuple[torch.Tensor, torch.Tensor, text.Script]:
    script = text.analyse(source)
    return torch.tensor([script.ids()]), torch.tensor([last_words(script)[0]]), script


def said(model: ProsodyFM, ids: torch.Tensor, lengths: torch.Tensor | None = None,
         noise: torch.Tensor | None = None, seed: int | None = None, **wish: Any
         ) -> tuple[torch.Tensor, Any, torch.Tensor]:
    known, frames, asked = model.plan(ids, lengths, **wish)
    return (*model.decode(known, frames, noise=noise, seed=seed, asked=asked), frames)


def test_sizes() -> None:
    small, paper = models.build("prosodyfm-small"), models.build("prosodyfm-paper", vocoder=TINY["vocoder"])
    assert sum(p.numel() for p in small.parameters()) <= 6e6
    acoustic = sum(p.numel() for n, p in paper.named_parameters() if not n.startswith("vocoder."))
    assert 17e6 < acoustic < 20e6  # Matcha-TTS: 18.2 M


def test_padding_changes_nothing(model: ProsodyFM) -> None:
    ids, last, _ = example()
    noise = torch.randn(1, 400, 81)
    mel, f0, frames = said(model, ids, last=last, noise=noise)
    wide = torch.nn.functional.pad(ids, (0, 5))
    lengths = torch.tensor([ids.shape[1]])
    last = torch.nn.functional.pad(last, (0, 5))
    again, same, more = said(model, wide, lengths, last=last, noise=noise)
    assert torch.equal(frames, more[:, : ids.shape[1]]) and int(more[:, ids.shape[1]:].sum()) == 0
    assert torch.allclose(mel, again, atol=1e-4) and torch.allclose(f0, same, rtol=1e-4)
    assert f0.shape == (1, int(frames.sum()))
    assert mel.shape == (1, 80, int(frames.sum()))


def test_a_batch_says_what_each_says_alone(model: ProsodyFM) -> None:
    one, two = torch.tensor([text.analyse("no.").ids()]), torch.tensor([text.analyse("I said so.").ids()])
    both = torch.zeros(2, two.shape[1], dtype=torch.int64)
    both[0, : one.shape[1]], both[1] = one[0], two[0]
    noise = torch.randn(2, 400, 81)
    lengths = torch.tensor([one.shape[1], two.shape[1]])
    mel, _, frames = said(model, both, lengths, noise=noise)
    alone, _, few = said(model, one, noise=noise[:1])
    assert torch.equal(frames[0, : one.shape[1]], few[0])
    assert torch.allclose(mel[0, :, : int(few.sum())], alone[0], atol=1e-4)


def test_a_seed_repeats_and_another_differs(model: ProsodyFM) -> None:
    ids, last, _ = example()
    a, b, c = (said(model, ids, last=last, seed=s)[0] for s in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_a_larger_rate_is_faster(model: ProsodyFM) -> None:
    ids, *_ = example()
    slow, fast = (int(said(model, ids, rate=r)[2].sum()) for r in (0.8, 1.6))
    assert slow / fast == pytest.approx(2, rel=0.2)


def test_breaks_last_as_long_as_asked_and_marks_take_no_time(model: ProsodyFM) -> None:
    ids, _, script = example("I said <brk 0.48> no, you did.")
    seconds = torch.tensor([[math.nan if t.seconds is None else t.seconds for t in script.tokens()]])
    frames = said(model, ids, break_seconds=seconds)[2][0].tolist()
    kinds = [t.kind for t in script.tokens()]
    assert frames[kinds.index("break")] == 30
    assert all(f == 0 for f, k in zip(frames, kinds) if k in ("mark", "word"))
    assert all(f >= 1 for f, k in zip(frames, kinds) if k == "phone")


def test_without_breaks_marks_can_take_time() -> None:
    plain = build(breaks=False, intonation=False)
    assert plain.timed[symbols.NUMBER[","]] and plain.timed[symbols.NUMBER["<w>"]]
    ids, *_ = example("no, you did.")
    assert said(plain, ids)[0].shape[0] == 1
    with pytest.raises(InputError, match="without breaks"):
        plain.break_probability(ids, torch.tensor([ids.shape[1]]))
    assert not any(n.startswith(("tones", "aligner", "phrasing")) for n, _ in plain.named_parameters())


def test_controls_reach_the_mel_and_only_where_they_are_asked(model: ProsodyFM) -> None:
    ids, last, _ = example()
    phrases = int(last.max())
    free, *_ = said(model, ids, last=last, seed=0)
    nothing = torch.full((1, phrases), math.nan)
    assert torch.equal(free, said(model, ids, last=last, slopes=nothing, seed=0)[0])
    asked = nothing.clone()
    asked[0, -1] = 6.0
    # Durations may differ, so compare what the fused symbols say
    mask = torch.ones_like(ids, dtype=torch.bool)
    h = model.encode(ids, mask)
    tones = [model._tone(h, last, None, None, s, None)[0] for s in (nothing, asked)]
    assert torch.equal(tones[0][0, :-1], tones[1][0, :-1])
    assert not torch.equal(tones[0][0, -1], tones[1][0, -1])
    contour = torch.linspace(-3, 3, 24)[None, None]
    heights = [model._tone(h, last, contour + c, torch.tensor([[24]]), None, None)[0] for c in (0, 40)]
    assert torch.allclose(heights[0], heights[1], atol=1e-4)
    lines = model._tone(h, last, None, None, torch.tensor([[6.0]]), None)[0]
    assert torch.allclose(lines[0, 0], heights[0][0, 0], atol=1e-4)


def test_contours_are_laid_on_the_words_they_were_asked_of(model: ProsodyFM) -> None:
    last = torch.tensor([[0, 1, 1, 0, 2, 0]])
    durations = torch.tensor([[3, 4, 6, 2, 8, 1]])
    tone = torch.randn(1, 2, 8)
    known = model.outline(torch.randn(1, 6, 16), tone, last, durations)
    _, mean, contours, mask = model.condition(known, durations)
    points = model.contours(tone)[0]
    places = (torch.arange(10) + 0.5) / 10, (torch.arange(8) + 0.5) / 8
    wanted = [intonation.read_off(points[i, None], place) for i, place in enumerate(places)]
    assert torch.allclose(contours[0, 3:13, 0], wanted[0], atol=1e-5)
    assert torch.allclose(contours[0, 15:23, 0], wanted[1], atol=1e-5)
    elsewhere = [0, 1, 2, 13, 14, 23]
    assert not contours[0, elsewhere].any()
    part = model.condition(known[:, 2:5], durations[:, 2:5])[2]  # a stretch by itself, as in a stream
    assert torch.allclose(part, contours[:, 7:23], atol=1e-6)
    assert mean.shape == (1, 24, model.channels) and mask.all()
    mel, melody = torch.randn(1, 24, 80), torch.rand(1, 24) * 6 + 6
    again, f0 = model.sounding(model.normalise(mel, melody), contours)
    assert torch.allclose(again.transpose(1, 2), mel, atol=1e-5)
    heard = 12 * torch.log2(f0 / 100)
    assert torch.allclose(heard[0, elsewhere], melody[0, elsewhere], atol=1e-4)
    for stretch, shape in ((slice(3, 13), wanted[0]), (slice(15, 23), wanted[1])):
        assert torch.allclose(heard[0, stretch].mean(), melody[0, stretch].mean(), atol=1e-4)
        assert torch.allclose(heard[0, stretch].diff(), shape.diff(), atol=1e-4)


def test_pulses_follow_the_mel_but_for_what_is_asked_of_last_words(model: ProsodyFM) -> None:
    read = build(pulses="mel")
    x, contours = torch.randn(1, 24, 81), torch.zeros(1, 24, 2)
    contours[:, 5:15] = torch.stack([torch.linspace(-3, 3, 10), torch.ones(10)], -1)
    mel, f0 = read.sounding(x, contours)
    assert torch.allclose(mel, model.sounding(x, contours)[0])
    plain = read.vocoder.f0(mel)
    assert torch.allclose(f0[:, :5], plain[:, :5]) and torch.allclose(f0[:, 15:], plain[:, 15:])
    assert torch.allclose(f0[:, 5:15], model.sounding(x, contours)[1][:, 5:15])
    nobody = read.sounding(x, contours, torch.zeros(1, 1, dtype=torch.bool))[1]
    assert torch.allclose(nobody, plain)
    with pytest.raises(InputError, match="vocoder with pulses"):
        build(pulses="mel", vocoder={**TINY["vocoder"], "source": "none"})  # type: ignore[dict-item]


def test_sharpening_keeps_what_is_flat_and_spreads_the_rest(model: ProsodyFM) -> None:
    sharp, contours = build(sharpen=0.5), torch.zeros(1, 24, 2)
    x = torch.randn(1, 24, 81)
    mel, same = (voice.sounding(x, contours)[0] for voice in (sharp, model))
    for band in (0, 40, 79):
        near = same[:, max(0, band - 4): band + 5].mean(1)
        assert torch.allclose(mel[:, band] - near, 1.5 * (same[:, band] - near), atol=1e-4)
    x[..., :80] = x[..., :1]  # all bands alike
    assert torch.allclose(sharp.sounding(x, contours)[0], model.sounding(x, contours)[0], atol=1e-4)


def test_frames_and_hertz_are_counted_in_full_under_autocast(model: ProsodyFM) -> None:
    durations = torch.full((1, 90), 7)  # more frames than bfloat16 can tell apart
    known = torch.zeros(1, 90, model.plan(torch.full((1, 90), 30))[0].shape[-1])
    exact = model.condition(known, durations)[0]
    with torch.autocast("cpu", torch.bfloat16):
        found = model.condition(known.bfloat16(), durations)[0]
        hertz = model.vocoder.f0(torch.randn(1, model.mels, 9))
    done = model.config.width + model.channels  # the place within a symbol
    assert torch.allclose(found[..., done], exact[..., done], atol=1e-3)
    assert hertz.dtype == torch.float32


def test_a_reference_of_other_phrases_is_aligned(model: ProsodyFM) -> None:
    ids, last, _ = example()
    reference = torch.randn(1, 4, 20), torch.tensor([[20, 12, 0, 7]])
    assert said(model, ids, last=last, reference=reference, seed=0)[0].isfinite().all()


def test_speakers_by_table_and_by_vector() -> None:
    ids, *_ = example()
    table = build(speakers=("a", "b"))
    a, b = (said(table, ids, speaker=torch.tensor([i]), seed=0)[0] for i in (0, 1))
    assert a.shape != b.shape or not torch.equal(a, b)
    vectors = build(embeddings="vector", vector=12)
    assert said(vectors, ids, speaker=torch.randn(1, 12))[0].isfinite().all()
    with pytest.raises(InputError, match="speaker vector"):
        said(vectors, ids)


def test_speakers_are_known_by_name() -> None:
    old, new = build(speakers=("a", "b")), build(speakers=("c", "b", "a"))
    torch.nn.init.normal_(new.speaker.weight)
    kept = new.speaker.weight[0].clone()
    assert new.take_speakers(old) == 2
    assert torch.equal(new.speaker.weight, torch.stack([kept, old.speaker.weight[1], old.speaker.weight[0]]))
    assert new.take_speakers(build(embeddings="vector")) == 0
    assert new.take_speakers(old.vocoder) == 0


def test_a_symbol_out_of_the_table_is_named(model: ProsodyFM) -> None:
    with pytest.raises(InputError, match="knows 0 to"):
        said(model, torch.tensor([[1, 9999, 2]]))


def test_sound_out(model: ProsodyFM) -> None:
    ids, *_ = example()
    mel, *_ = said(model, ids, seed=0)
    assert model(ids).shape == (1, mel.shape[2] * 256)
