"""ProsodyFM: a voice whose phrase breaks and terminal intonation can be asked for.

He, Chen, Zhang, Schuller, "ProsodyFM: Unsupervised Phrasing and Intonation Control for Intelligible Speech
Synthesis", AAAI 2025 (arXiv 2412.11795), on the backbone of Mehta et al., "Matcha-TTS", ICASSP 2024. With
`breaks` and `intonation` off this is the Matcha-like baseline. Choices where the paper is silent: a break
is a symbol with a duration like a phone; the fusion encoder is a few more rotary layers; the decoder is
told the fused symbols and the place within each, not the prior mean alone.

Added to the paper, with `intonation`: the flow makes the melody (F0) beside the mel, told the contours that
the last words' embeddings stand for (`nn.intonation.ContourDecoder`). After the flow a last word keeps the
mean of its melody and takes that contour, and the vocoder is given the result: what is asked reaches the
sound by construction.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.errors import InputError
from avspeech.synthesis import align, flow_matching, intonation
from avspeech.synthesis.rotary import RotaryEncoder
from avspeech.synthesis.unet import UNet
from avspeech.synthesis.vocoder import Vocoder
from avspeech.text import symbols as table


@dataclass(frozen=True)
class VoiceConfig:
    """What a voice is built of; the defaults are `prosodyfm-small`.

    symbols: how many of `avspeech.text.symbols.SYMBOLS` it knows. speakers: names in the order of the
    speaker table; embeddings: "table", or "vector", d-vectors of `vector` values from an encoder of the
    user's. breaks: pauses are symbols of their own (off: punctuation and word boundaries hold them).
    intonation: shapes on last words. width, layers, heads, hidden, kernel: of the text encoder; prenet:
    kernel of the three convolutions before it; fusion: layers after it. decoder, blocks, expansion,
    attention: of the U-Net. tokens, tone, tone_heads, reference: of the Terminal Intonation Encoder.
    mel_mean, mel_std: of the training data's log-mel; melody_mean, melody_std: of its melody, in semitones
    over 100 Hz. temperature: deviation of the flow's noise, unless another is asked for. break_threshold:
    probability from which the predictor's break is made. vocoder: fields of `Vocoder.Config` in which it
    differs; its mels and rates are those of the voice.
    """

    symbols: int = len(table.SYMBOLS)
    speakers: tuple[str, ...] = ("default",)
    embeddings: Literal["table", "vector"] = "table"
    vector: int = 192
    speaker_width: int = 64
    breaks: bool = True
    intonation: bool = True
    width: int = 160
    layers: int = 3
    heads: int = 2
    hidden: int = 320
    kernel: int = 3
    prenet: int = 3
    dropout: float = 0.1
    fusion: int = 1
    decoder: tuple[int, ...] = (160, 224)
    blocks: int = 2
    expansion: int = 2
    attention: bool = False
    duration: int = 128
    phrasing: int = 64
    tokens: int = 6
    tone: int = 64
    tone_heads: int = 4
    reference: int = 128
    mel_mean: float = -5.5
    mel_std: float = 2.0
    melody_mean: float = 6.0
    melody_std: float = 5.0
    break_threshold: float = 0.5
    temperature: float = 0.667
    vocoder: dict[str, Any] = field(default_factory=dict)


class DurationPredictor(nn.Module):
    """log(1 + frames) of each symbol, from what the fusion encoder says of it (no gradient goes back)."""

    def __init__(self, width: int, hidden: int, dropout: float = 0.2):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv1d(width, hidden, 3, padding=1),
                                    nn.Conv1d(hidden, hidden, 3, padding=1)])
        self.norms = nn.ModuleList([nn.LayerNorm(hidden), nn.LayerNorm(hidden)])
        self.dropout, self.out = nn.Dropout(dropout), nn.Linear(hidden, 1)

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        """[B, L, C], mask [B, L] bool -> [B, L]."""
        for conv, norm in zip(self.convs, self.norms):
            h = conv((h * mask.unsqueeze(-1)).transpose(1, 2)).transpose(1, 2)
            h = self.dropout(norm(F.gelu(h)))
        return self.out(h).squeeze(-1)


class BreakPredictor(nn.Module):
    """Where a reader pauses, from the text without its breaks: a small encoder of its own, trained on what
    the detector found in the recordings."""

    def __init__(self, symbols: int, width: int):
        super().__init__()
        self.embed = nn.Embedding(symbols, width)
        self.encoder = RotaryEncoder(2, width, 2, 2 * width, 5, 0.2)
        self.out = nn.Linear(width, 1)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids [B, L] without breaks, lengths [B] -> logits [B, L]: a break right after this symbol. Read them
        at word boundaries: at `<w>`, or the last mark between two words."""
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths.unsqueeze(1)
        return self.out(self.encoder(self.embed(ids), mask)).squeeze(-1)


class ProsodyFM(nn.Module):
    """Acoustic model (`synthesise`: symbols -> log-mel) and `vocoder` (log-mel -> sound), one model folder.

    The mel is that of `Vocoder.mel`: natural log, [B, M, T], frame t the sound of [t, t + 1) hops. The flow
    goes over `channels` a frame: the mel and, with intonation, the melody.
    """

    Config = VoiceConfig
    timed: Tensor
    optional: Tensor

    def __init__(self, config: VoiceConfig = VoiceConfig()):
        super().__init__()
        config = dataclasses.replace(config, speakers=tuple(config.speakers), decoder=tuple(config.decoder))
        self.config = c = config
        self.vocoder = Vocoder(Vocoder.Config(**c.vocoder))
        self.mels = self.vocoder.config.mels
        self.embed = nn.Embedding(c.symbols, c.width)
        self.prenet = nn.ModuleList(nn.Conv1d(c.width, c.width, c.prenet, padding=c.prenet // 2)
                                    for _ in range(3))
        self.prenorm = nn.ModuleList(nn.LayerNorm(c.width) for _ in range(3))
        self.encoder = RotaryEncoder(c.layers, c.width, c.heads, c.hidden, c.kernel, c.dropout)
        if c.embeddings == "table":
            self.speaker: nn.Module = nn.Embedding(len(c.speakers), c.speaker_width)
        else:
            self.speaker = nn.Linear(c.vector, c.speaker_width)
        if c.intonation:
            self.tones = intonation.TerminalIntonationEncoder(c.tokens, c.tone, c.tone_heads, c.reference)
            self.aligner = intonation.TextPitchAligner(c.width, c.tone)
            self.contours = intonation.ContourDecoder(c.tone)
        self.channels = self.mels + c.intonation
        joined = c.width + c.speaker_width + (c.tone if c.intonation else 0)
        self.join = nn.Linear(joined, c.width)
        self.fusion = RotaryEncoder(c.fusion, c.width, c.heads, c.hidden, c.kernel, c.dropout)
        self.prior = nn.Linear(c.width, self.channels)
        self.durations = DurationPredictor(c.width, c.duration)
        self.phrasing = BreakPredictor(c.symbols, c.phrasing) if c.breaks else None
        told = c.width + self.channels + 3 + 2 * c.intonation
        self.decoder = UNet(self.channels, told, c.decoder, c.blocks, c.expansion, 7, c.heads, c.attention)
        names = table.SYMBOLS[: c.symbols]
        silent = {table.PAD, *((table.WORD, *table.MARKS) if c.breaks else ())}
        # Symbols that take time; the others only stand between those that do.
        self.register_buffer("timed", torch.tensor([n not in silent for n in names]), persistent=False)
        free = {table.BREAK, table.START, table.END, table.WORD, *table.MARKS}
        self.register_buffer("optional", torch.tensor([n in free for n in names]), persistent=False)

    def keep_speakers(self, count: int) -> None:
        """Forgets all speakers of the table but the first `count`."""
        if isinstance(self.speaker, nn.Embedding) and count < len(self.config.speakers):
            kept = self.speaker.weight.detach()[:count].clone()
            self.speaker = nn.Embedding.from_pretrained(kept, freeze=False)
            self.config = dataclasses.replace(self.config, speakers=self.config.speakers[:count])

    @torch.no_grad()
    def take_speakers(self, other: nn.Module) -> int:
        """Copies the vectors of those speakers of the table that another voice's table has too; how many."""
        mine, theirs = self.speaker, getattr(other, "speaker", None)
        if not (isinstance(mine, nn.Embedding) and isinstance(theirs, nn.Embedding)
                and mine.embedding_dim == theirs.embedding_dim):
            return 0
        known: tuple[str, ...] = other.config.speakers  # type: ignore[union-attr, assignment]
        shared = [name for name in self.config.speakers if name in known]
        for name in shared:
            mine.weight[self.config.speakers.index(name)] = theirs.weight[known.index(name)]
        return len(shared)

    # --- what text, speaker and intonation make of a symbol -----------------------------------------------

    def encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        """ids [B, L], mask [B, L] bool -> h [B, L, C], of the text alone."""
        x = self.embed(ids)
        for conv, norm in zip(self.prenet, self.prenorm):
            y = conv((x * mask.unsqueeze(-1)).transpose(1, 2)).transpose(1, 2)
            x = x + F.dropout(F.gelu(norm(y)), self.config.dropout, self.training)
        return self.encoder(x, mask)

    def intonation(self, h: Tensor, last: Tensor, contours: Tensor, frames: Tensor,
                   weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Embeddings of each phrase: the one used [B, P, D] (that of its contour; where `frames` is 0, what
        the text asks for), and what the text asks for. weights [B, P, heads, tokens] or [B, P, tokens]:
        shapes by weight, in place of both where they add up to more than 0. No gradient goes back from what
        the text asks for: a few hundred last words are soon known by heart, at the cost of pronouncing."""
        asked = self.aligner(h.detach(), last, contours.shape[1])
        used = torch.where((frames > 0).unsqueeze(-1), self.tones(contours, frames), asked)
        if weights is not None:
            given = weights.flatten(2).sum(-1, keepdim=True) > 0
            used = torch.where(given, self.tones.mix(weights), used)
        return used, asked

    def fuse(self, h: Tensor, mask: Tensor, speaker: Tensor, tone: Tensor | None, last: Tensor) -> Tensor:
        """h [B, L, C], speaker [B] or [B, D], tone [B, P, D] -> [B, L, C]."""
        parts = [h, self.speaker(speaker).unsqueeze(1).expand(-1, h.shape[1], -1)]
        if tone is not None:
            none = tone.new_zeros(len(tone), 1, tone.shape[-1])
            parts.append(torch.cat([none, tone], 1).gather(
                1, last.unsqueeze(-1).expand(-1, -1, tone.shape[-1])))
        return self.fusion(self.join(torch.cat(parts, -1)), mask)

    def outline(self, fused: Tensor, tone: Tensor | None, last: Tensor, durations: Tensor) -> Tensor:
        """fused [B, L, C] -> with intonation [B, L, C + K + 3]: beside what is known of a symbol the drawn
        contour of its phrase's last word, which part of that word's time it has, start and length, and the
        phrase (0: it is in no last word). No gradient goes back to the contour."""
        if tone is None:
            return fused
        phrases = torch.arange(1, tone.shape[1] + 1, device=last.device)
        member = (last.unsqueeze(-1) == phrases).to(fused.dtype)
        time = member * durations.unsqueeze(-1)
        share = time / time.sum(1, keepdim=True).clamp_min(1)
        start = (share.cumsum(1) - share) * member
        points = member @ self.contours(tone).detach()
        columns = torch.stack([start.sum(-1), share.sum(-1), last.to(fused.dtype)], -1)
        return torch.cat([fused, points, columns], -1)

    def condition(self, known: Tensor, durations: Tensor, longest: int | None = None
                  ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """known [B, L, .] (`outline`), durations [B, L] -> condition [B, T, .], prior mean [B, T, channels],
        contours [B, T, 2] (semitones; the phrase whose last word it is, 0: none), mask [B, T] bool."""
        index, mask = align.expand(durations, longest)

        def spread(x: Tensor) -> Tensor:
            return x.gather(1, index.unsqueeze(-1).expand(-1, -1, x.shape[-1]))

        fused, drawn = known[..., : self.config.width], spread(known[..., self.config.width:])
        total = spread(durations.unsqueeze(-1).to(fused.dtype))
        first = spread((durations.cumsum(1) - durations).unsqueeze(-1).to(fused.dtype))
        frame = torch.arange(index.shape[1], device=index.device).reshape(1, -1, 1)
        done = (frame - first + 0.5) / total.clamp_min(1)
        mean = spread(self.prior(fused))
        told = [spread(fused), mean, done, 1 - done, torch.log1p(total) / 3]
        contours = torch.zeros_like(mean[..., :2])
        if self.config.intonation:
            start, share, phrase = drawn[..., -3], drawn[..., -2], drawn[..., -1] * mask
            inside = (phrase > 0).to(fused.dtype)
            contour = inside * intonation.read_off(drawn[..., :-3], start + done[..., 0] * share)
            told += [contour.unsqueeze(-1) / intonation.SCALE, inside.unsqueeze(-1)]
            contours = torch.stack([contour, phrase], -1)
        return torch.cat(told, -1) * mask.unsqueeze(-1), mean, contours, mask

    def normalise(self, mel: Tensor, melody: Tensor | None = None) -> Tensor:
        """Natural-log mel [B, T, M], with intonation also melody [B, T] in semitones over 100 Hz -> what the
        flow makes [B, T, channels]."""
        c = self.config
        x = (mel - c.mel_mean) / c.mel_std
        if not c.intonation or melody is None:
            return x
        return torch.cat([x, ((melody - c.melody_mean) / c.melody_std).unsqueeze(-1)], -1)

    def sounding(self, x: Tensor, contours: Tensor) -> tuple[Tensor, Tensor | None]:
        """The way back, last words with the contours that were asked of them: [B, T, channels], contours
        [B, T, 2] -> log-mel [B, M, T], F0 [B, T] in hertz (None without intonation: the vocoder reads it off
        the mel)."""
        c, v = self.config, self.vocoder.config
        mel = (x[..., : self.mels] * c.mel_std + c.mel_mean).transpose(1, 2)
        if not c.intonation:
            return mel, None
        melody = intonation.lay(x[..., -1] * c.melody_std + c.melody_mean, contours)
        return mel, (100 * torch.exp2(melody / 12)).clamp(v.pitch_low, v.pitch_high)

    # --- use ----------------------------------------------------------------------------------------------

    @torch.no_grad()
    def synthesise(self, ids: Tensor, lengths: Tensor | None = None, speaker: Tensor | None = None,
                   last: Tensor | None = None, contours: Tensor | None = None,
                   contour_frames: Tensor | None = None, weights: Tensor | None = None,
                   slopes: Tensor | None = None, reference: tuple[Tensor, Tensor] | None = None,
                   rate: float | Tensor = 1.0, break_seconds: Tensor | None = None, steps: int = 4,
                   solver: str = "euler", sway: float = -1.0, seed: int | None = None,
                   noise: Tensor | None = None, temperature: float | None = None
                   ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Symbols -> (log-mel [B, M, T], F0 [B, T] in hertz or None without intonation, frames of each symbol
        [B, L] int64).

        ids [B, L]: `Script.ids()`, breaks and all, padded with 0; lengths [B]: symbols (None: L of each).
        speaker: [B] int64 of the table (None: the first), or [B, D] float32 vectors. last [B, L] int64: 0,
        or 1 + the number of the phrase in whose last word the symbol is (None: no intonation asked for; use
        `last_words` of `avspeech.synthesis.phrasing` to make it from a script). How each phrase ends, in
        order of precedence, phrase by phrase: `weights` [B, P, tokens] of the learned shapes (0: not
        given); `slopes` [B, P] semitones from the start to the end of the last word, a straight line (NaN:
        not given); `contours` [B, P, F] semitones at mel frames, any height, with `contour_frames` [B, P] (0:
        not given); `reference` (contours [B, Q, F], frames [B, Q]) of another sentence, its shapes chosen
        by Align Attention; otherwise what the text asks for. rate: 1.2 is 20 % faster; one for all or [B,
        L]. break_seconds [B, L]: how long a symbol is to last, in seconds, for a break (NaN: as predicted,
        over the rate). steps, solver ("euler", "midpoint", "heun"), sway: of the flow (`nn.flow_matching`).
        seed: of the noise; noise [B, T', channels], T' at least T: instead of it. temperature: standard
        deviation of the noise (None: the voice's own). Raises InputError for ids out of the table.
        """
        known, durations = self.plan(ids, lengths, speaker, last, contours, contour_frames, weights, slopes,
                                     reference, rate, break_seconds)
        mel, f0 = self.decode(known, durations, steps, solver, sway, seed, noise, temperature)
        return mel, f0, durations

    @torch.no_grad()
    def plan(self, ids: Tensor, lengths: Tensor | None = None, speaker: Tensor | None = None,
             last: Tensor | None = None, contours: Tensor | None = None,
             contour_frames: Tensor | None = None, weights: Tensor | None = None,
             slopes: Tensor | None = None, reference: tuple[Tensor, Tensor] | None = None,
             rate: float | Tensor = 1.0, break_seconds: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The first half of `synthesise`: what is known of each symbol [B, L, .] (`outline`), and its frames
        [B, L] int64."""
        if ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < self.config.symbols:
            raise InputError(f"symbol {int(ids.max())}: the voice knows 0 to {self.config.symbols - 1}")
        batch, longest = ids.shape
        lengths = torch.full((batch,), longest, device=ids.device) if lengths is None else lengths
        mask = torch.arange(longest, device=ids.device) < lengths.unsqueeze(1)
        if speaker is None:
            if self.config.embeddings != "table":
                raise InputError("this voice has no table of speakers: give a speaker vector")
            speaker = torch.zeros(batch, dtype=torch.int64, device=ids.device)
        last = torch.zeros_like(ids) if last is None else last
        h = self.encode(ids, mask)
        tone = self._tone(h, last, contours, contour_frames, weights, slopes, reference) \
            if self.config.intonation else None
        fused = self.fuse(h, mask, speaker, tone, last)
        frames = torch.expm1(self.durations(fused, mask)) / rate
        timed = self.timed[ids] & mask
        wanted = frames.round().clamp_min(0)
        wanted = torch.where(self.optional[ids], wanted, wanted.clamp_min(1))
        if break_seconds is not None:
            given = break_seconds * (self.vocoder.config.sample_rate / self.vocoder.config.hop)
            wanted = torch.where(torch.isnan(given), wanted, given.nan_to_num().round())
        durations = torch.where(timed, wanted, torch.zeros_like(wanted)).long()
        return self.outline(fused, tone, last, durations), durations

    @torch.no_grad()
    def decode(self, known: Tensor, durations: Tensor, steps: int = 4, solver: str = "euler",
               sway: float = -1.0, seed: int | None = None, noise: Tensor | None = None,
               temperature: float | None = None) -> tuple[Tensor, Tensor | None]:
        """What `plan` gave, or any stretch of its symbols -> log-mel [B, M, T], F0 [B, T] (or None). The
        rest: see `synthesise`."""
        told, mean, contours, there = self.condition(known, durations)
        if noise is None:
            generator = None if seed is None else torch.Generator(known.device).manual_seed(seed)
            noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        hint = self.decoder.prepare(told)
        temperature = self.config.temperature if temperature is None else temperature
        x = flow_matching.integrate(lambda x, t: self.decoder(x, t, hint, there),
                                    noise[:, : mean.shape[1]] * temperature,
                                    flow_matching.schedule(steps, sway, mean.device), solver)
        return self.sounding(x, contours)

    def _tone(self, h: Tensor, last: Tensor, contours: Tensor | None, frames: Tensor | None,
              weights: Tensor | None, slopes: Tensor | None, reference: tuple[Tensor, Tensor] | None
              ) -> Tensor:
        sizes = [x.shape[1] for x in (contours, weights, slopes) if x is not None]
        phrases = max([int(last.max()), 1, *sizes])
        asked = self.aligner(h, last, phrases)
        tone = asked
        if reference is not None:
            tone = intonation.align_attention(asked, self.tones(*reference), reference[1] > 0)

        def put(tone: Tensor, at: Tensor, value: Tensor) -> Tensor:
            more = phrases - at.shape[1]
            return torch.where(F.pad(at, (0, more)).unsqueeze(-1), F.pad(value, (0, 0, 0, more)), tone)

        if contours is not None and frames is not None:
            there = torch.arange(contours.shape[-1], device=h.device) < frames.unsqueeze(-1)
            middle = (contours * there).sum(-1) / frames.clamp_min(1)
            tone = put(tone, frames > 0, self.tones(intonation.perturb(contours, middle), frames))
        if slopes is not None:
            typical = torch.full_like(slopes, TYPICAL_FRAMES).long()
            lines = intonation.straight(slopes.nan_to_num(), typical, TYPICAL_FRAMES)
            tone = put(tone, ~torch.isnan(slopes), self.tones(lines, typical))
        if weights is not None:
            tone = put(tone, weights.flatten(2).sum(-1) > 0, self.tones.mix(weights))
        return tone

    def break_probability(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """The built-in Phrase Break predictor: ids [B, L] of a script without breaks -> [B, L], the
        probability of a break behind each symbol, to be read at word boundaries. Raises InputError for a
        voice without."""
        if self.phrasing is None:
            raise InputError("this voice was trained without breaks")
        return self.phrasing(ids, lengths).sigmoid()

    def forward(self, ids: Tensor, lengths: Tensor | None = None, speaker: Tensor | None = None,
                last: Tensor | None = None, steps: int = 4) -> Tensor:
        """Symbols [B, L] -> sound [B, N]: `synthesise` with its defaults and the vocoder, seed 0."""
        mel, f0, _ = self.synthesise(ids, lengths, speaker, last, steps=steps, seed=0)
        return self.vocoder(mel, f0)

    @classmethod
    def example_inputs(cls, seconds: float = 2.0) -> tuple[Tensor]:
        """Random phones, 14 a second, for `avspeech profile` (how long they sound is the voice's to say)."""
        phones = [table.NUMBER[p] for p in table.SYMBOLS if p in table.PHONES][:60]
        return (torch.tensor(phones)[torch.randint(len(phones), (1, max(1, round(14 * seconds))))],)


TYPICAL_FRAMES = 24  # a last word of about 0.4 s, for a slope that comes without a contour
