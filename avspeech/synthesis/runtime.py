"""The graphs of a model folder, by which `synthesis.engine` runs it without torch: making them,
and comparing them with torch."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.core import pretrained
from avspeech.core.engine import Graphs
from avspeech.core.graphs import exported, whole_lstms
from avspeech.synthesis import engine, intonation, prosodyfm
from avspeech.synthesis.rotary import ConvBlock, over_time
from avspeech.synthesis.unet import UNet
from avspeech.synthesis.vocoder import Vocoder
from avspeech.text import symbols

# Graphs whose products with weights stored in 8 bits are made of whole numbers: those that take
# time. The others stay exact, so durations do not depend on it
WHOLE = {engine.VELOCITY, engine.FILTERS}


class Hint(nn.Module):
    """`ProsodyFM.condition` of one sentence, prepared for the decoder.

    What the decoder makes of the condition is linear, so all but the place within a symbol and the
    contour is made once for each symbol and not for each of its frames.

    A call takes known `[1, L, .]`, durations `[1, L]` and the symbol of each frame `[T]`, and gives
    hint `[1, T, .]` and contours `[1, T, 2]`.
    """

    def __init__(self, model: prosodyfm.ProsodyFM):
        super().__init__()
        self.model = model

    def forward(self, known: Tensor, durations: Tensor, symbols: Tensor) -> tuple[Tensor, Tensor]:
        m = self.model
        total = durations.unsqueeze(-1).to(known.dtype)
        fused, drawn = known[..., : m.config.width], known[..., m.config.width:]
        none, one = torch.zeros_like(total), torch.ones_like(total)
        # As `ProsodyFM.condition` has them, with 0 of the symbol done
        parts = [fused, m.prior(fused), none, one, torch.log1p(total) / 3]
        weight: Any = m.decoder.hint.weight
        done, undone = (m.config.width + m.channels + i for i in (0, 1))
        if m.config.intonation:
            parts += [none, (drawn[..., -1:] > 0).to(known.dtype)]
        first = total.cumsum(1) - total
        spread = torch.cat([m.decoder.prepare(torch.cat(parts, -1)), first, total, drawn],
                           -1)[:, symbols]
        hint, first, total, drawn = spread.tensor_split(
            [weight.shape[0], weight.shape[0] + 1, weight.shape[0] + 2], -1)
        frame = torch.arange(symbols.shape[0]).reshape(1, -1, 1)
        share = (frame - first + 0.5) / total.clamp_min(1)
        hint = hint + share * (weight[:, done] - weight[:, undone])
        if not m.config.intonation:
            return hint, torch.zeros_like(hint[..., :2])
        start, part, phrase = drawn[..., -3:].unbind(-1)
        contour = intonation.read_off(drawn[..., :-3], start + share[..., 0] * part)
        contour = contour * (phrase > 0)
        hint = hint + contour.unsqueeze(-1) / intonation.SCALE * weight[:, -2]
        return hint, torch.stack([contour, phrase], -1)


class Times(nn.Module):
    """What times of the flow do to the norms of its blocks: t `[1]` to the factors and terms of
    one block after another, `[.]`."""

    def __init__(self, decoder: UNet):
        super().__init__()
        self.decoder = decoder

    def forward(self, t: Tensor) -> Tensor:
        moment = self.decoder.moment(t)[0]
        found = []
        for block in in_order(self.decoder):
            scale, shift = block.modulate(moment).chunk(2, -1)
            found += [1 + scale, shift]
        return torch.cat(found, -1)


def in_order(decoder: UNet) -> list[Any]:
    """The blocks of a U-Net in the order in which they are called."""
    return [block for row in (*decoder.down, decoder.bottom, *reversed(decoder.up))
            for block in row]  # type: ignore[union-attr, attr-defined]


class Velocity(nn.Module):
    """`UNet.forward` of one sentence: x and hint `[1, T, .]` and norms of `Times` to `[1, T, .]`.

    It has no mask: what lies beyond the last frame is 0 for convolutions anyway.
    """

    def __init__(self, decoder: UNet):
        super().__init__()
        self.decoder = decoder

    def forward(self, x: Tensor, norms: Tensor, hint: Tensor) -> Tensor:
        decoder = self.decoder
        each = [block.depthwise.in_channels for block in in_order(decoder) for _ in (0, 1)]
        rest = iter(norms.split(each))

        def through(block: Any, x: Tensor, mask: Tensor | None) -> Tensor:
            inner = over_time(block.depthwise, x)
            factor = next(rest)
            return block.after(x, F.layer_norm(inner, inner.shape[-1:], factor, next(rest),
                                               block.norm.eps))

        return decoder.walk(x, hint, None, through)


class Text(nn.Module):
    """What the text makes of each symbol, and of the intonation of each phrase.

    A call takes ids and last `[1, L]` and the numbers of the phrases `[P]`, from 1, and gives h
    `[1, L, C]` and, with intonation, embeddings `[1, P, D]`.
    """

    def __init__(self, model: prosodyfm.ProsodyFM):
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, last: Tensor, phrases: Tensor) -> tuple[Tensor, ...]:
        h = self.model.encode(ids, None)
        if not self.model.config.intonation:
            return (h,)
        return h, self.model.aligner(h, last, phrases)


class Plans(nn.Module):
    """The rest of `ProsodyFM.plan`, from what `Text` gives and the embeddings that are taken."""

    def __init__(self, model: prosodyfm.ProsodyFM):
        super().__init__()
        self.model = model

    def forward(self, h: Tensor, ids: Tensor, last: Tensor, speaker: Tensor, tone: Tensor,
                rate: Tensor, break_seconds: Tensor) -> tuple[Tensor, Tensor]:
        m = self.model
        given = tone if m.config.intonation else None
        fused = m.fuse(h, None, speaker, given, last)
        durations = m.frames(torch.expm1(m.durations(fused, None)) / rate, ids, break_seconds)
        return m.outline(fused, given, last, durations), durations


class Breaks(nn.Module):
    """`ProsodyFM.break_probability` of one sentence: ids `[1, L]` to `[1, L]`."""

    def __init__(self, model: prosodyfm.ProsodyFM):
        super().__init__()
        self.phrasing = model.phrasing

    def forward(self, ids: Tensor) -> Tensor:
        p: Any = self.phrasing
        found: Tensor = p.out(p.encoder(p.embed(ids), None)).squeeze(-1).sigmoid()
        return found


class Pitch(nn.Module):
    """`Vocoder.f0`: a log-mel `[1, M, T]` to hertz `[1, T]`."""

    def __init__(self, vocoder: Vocoder):
        super().__init__()
        self.vocoder = vocoder

    def forward(self, mel: Tensor) -> Tensor:
        return self.vocoder.f0(mel)


class Filters(nn.Module):
    """The network of a vocoder, without its sources and transforms.

    A call takes a log-mel `[1, M, T]` and, with intonation, F0 `[1, T]`. It gives what the head
    does: log size and angle `[1, T, 2 * bins]`. Of a harmonic vocoder the log size of the noise
    stands behind them, the noise of the transform is taken off the sizes, and it gives also the
    outline `[1, T, bins]` that both want added, F0, and with gates their logs `[1, 2, T * gates]`.
    """

    def __init__(self, vocoder: Vocoder):
        super().__init__()
        self.vocoder = vocoder
        if vocoder.config.source == "harmonic":
            with torch.no_grad():
                for part in vocoder.head.bias.chunk(3)[::2]:
                    part.sub_(math.log(vocoder.analysis.noise_level))

    def forward(self, mel: Tensor, f0: Tensor | None = None) -> tuple[Tensor, ...]:
        v: Vocoder = self.vocoder
        f0, smoothed, inner = v.backbone(mel, f0)
        y = v.head(inner)
        if f0 is None:
            return (y,)
        found = [y, smoothed @ v.envelope, f0]
        if v.config.gates:
            logs = v.gate(inner).unflatten(-1, (2, v.config.gates)).transpose(1, 2).flatten(2)
            found.append(logs.clamp(-5, 3))
        return tuple(found)


class PitchedFilters(Filters):
    """The same where F0 is given."""

    def forward(self, mel: Tensor, f0: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        return super().forward(mel, f0)


class FreeFilters(Filters):
    """The same where it is read off the mel."""

    def forward(self, mel: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        return super().forward(mel)


def merged(module: nn.Module) -> Any:
    """A copy of a module whose blocks have their scale in the weights of their last map."""
    module = copy.deepcopy(module)
    with torch.no_grad():
        for block in module.modules():
            if isinstance(block, ConvBlock):
                block.down.weight.mul_(block.scale.unsqueeze(-1))
                block.down.bias.mul_(block.scale)
                del block.scale
                block.register_buffer("scale", torch.ones(()))
    return module


def graphs(model: prosodyfm.ProsodyFM, content: bytes) -> dict[str, bytes]:
    """The graphs that `synthesis.engine` runs.

    Args:
        model: in eval mode.
        content: of its file of weights.
    """
    c, v = model.config, model.vocoder.config
    dim = torch.export.Dim
    symbols_, phrases, frames = dim("symbols", min=2), dim("phrases", min=2), dim("frames", min=2)
    ids = torch.full((1, 9), 3)
    speaker = (torch.zeros(1, dtype=torch.int64) if c.embeddings == "table"
               else torch.zeros(1, c.vector))
    with torch.no_grad():
        text = Text(model)(ids, torch.zeros_like(ids), torch.arange(1, 4))
        known = model.plan(ids, speaker=speaker)[0]
    tone = text[1] if c.intonation else torch.zeros(1, 3, 1)
    count, row = 23, {1: symbols_}
    hint, x = torch.zeros(1, count, c.decoder[0]), torch.randn(1, count, model.channels)
    spread, some = torch.arange(count) % 9, torch.full((1, 9), 3)
    decoder, moment = merged(model.decoder), torch.zeros(1)
    with torch.no_grad():
        norms = Times(decoder)(moment)
    parts: dict[str, tuple[nn.Module, Any, Any, list[str]]] = {
        engine.TEXT: (Text(model), (ids, torch.zeros_like(ids), torch.arange(1, 4)),
                      (row, row, {0: phrases}), ["h", *(["tone"] if c.intonation else [])]),
        engine.PLAN: (Plans(model), (text[0], ids, torch.zeros_like(ids), speaker, tone,
                                     torch.ones(1, 9), torch.full((1, 9), torch.nan)),
                      (row, row, row, None, {1: phrases} if c.intonation else None, row, row),
                      ["known", "durations"]),
        engine.CONDITION: (Hint(model), (known, some, spread), (row, row, {0: frames}),
                           ["hint", "contours"]),
        engine.TIMES: (Times(decoder), (moment,), (None,), ["norms"]),
        engine.VELOCITY: (Velocity(decoder), (x, norms, hint), ({1: frames}, None, {1: frames}),
                          ["velocity"])}
    harmonic = v.source == "harmonic"
    pitched = harmonic and c.intonation
    mel = torch.randn(1, v.mels, count) - 5
    outputs = ["head", *(["outline", "hertz"] if harmonic else []),
               *(["gates"] if harmonic and v.gates else [])]
    vocoder = merged(model.vocoder)
    parts[engine.FILTERS] = (
        (PitchedFilters if pitched else FreeFilters)(vocoder),
        (mel, torch.full((1, count), 150.0)) if pitched else (mel,),
        ({2: frames}, {1: frames}) if pitched else ({2: frames},), outputs)
    if pitched and c.pulses == "mel":
        parts[engine.PITCH] = Pitch(vocoder), (mel,), ({2: frames},), ["hertz"]
    if c.breaks:
        parts[engine.BREAKS] = Breaks(model), (ids,), (row,), ["probability"]
    if c.intonation:
        tones: Any = whole_lstms(copy.deepcopy(model.tones))
        lines = torch.zeros(1, 3, 24)
        parts[engine.TONES] = (tones, (lines, torch.full((1, 3), 24)),
                               ({1: phrases, 2: dim("longest", min=2)}, {1: phrases}), ["tone"])
    return {name: exported(*part, content, name in WHOLE) for name, part in parts.items()}


def parity(model: prosodyfm.ProsodyFM, graphs: Graphs,
           info: pretrained.ModelInfo) -> dict[str, float]:
    """Compares the two engines of a voice, on sentences of several lengths.

    Returns:
        {what was compared: greatest difference of the log-mel, of F0, and of the sound of the same
        mel and F0, as for `engine.TOLERANCE`; infinite where the durations differ}.
    """
    one: engine.Engine = engine.TorchEngine(model)
    two: engine.Engine = engine.GraphEngine(graphs, info)
    c, rng = model.config, np.random.default_rng(0)
    phones = [i for i, s in enumerate(symbols.SYMBOLS[: c.symbols]) if s in symbols.PHONES]
    found = {}
    for steps, length in ((1, 2), (4, 9), (4, 30), (10, 17), (2, 90)):
        ids = rng.choice(phones, length).tolist()
        last = np.zeros(length, int)
        last[length // 2: length // 2 + 2], last[-3:] = 1, 2
        seconds = np.full(length, np.nan)
        seconds[length // 3] = 0.25
        speaker = np.zeros(1, np.int64) if c.embeddings == "table" else np.ones(
            (1, c.vector), np.float32)
        lines = rng.standard_normal((1, 2, 31)).astype(np.float32)
        given = lines, np.array([[31, 0 if steps == 1 else 12]])
        wish = engine.Wish(ids, last.tolist(), speaker, [1.1] * length, seconds.tolist(),
                           [np.nan, 4.0], given if c.intonation and steps != 10 else None,
                           given if c.intonation and steps == 10 else None)
        plans = [e.plan(wish) for e in (one, two)]
        what = f"{length} symbols, {steps} steps"
        if any(a.tolist() != b.tolist() for a, b in zip(plans[0][1:], plans[1][1:], strict=True)):
            found[what] = math.inf
            continue
        known, durations, asked = plans[0]
        total = int(durations.sum())
        noise = rng.standard_normal((total, model.channels), np.float32)
        (mel, f0), (mel_2, f0_2) = (e.decode(p[0], durations, steps, noise, None, asked)
                                    for e, p in zip((one, two), plans, strict=True))
        differences = [np.abs(mel_2 - mel).max()]
        if f0 is not None and f0_2 is not None:
            differences.append(np.abs(f0_2 / f0 - 1).max())
        hiss = rng.standard_normal(total * two.vocoder.hop, np.float32)
        sounds = [e.sound(mel, f0, hiss) for e in (one, two)]
        differences.append(np.abs(sounds[1] - sounds[0]).max() / max(1.0, np.abs(sounds[0]).max()))
        if c.breaks:
            differences.append(np.abs(one.break_probability(ids)
                                      - two.break_probability(ids)).max())
        found[what] = float(max(differences))
    return found
