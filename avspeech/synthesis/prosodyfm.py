"""ProsodyFM: a voice whose phrase breaks and terminal intonation can be asked for.

He, Chen, Zhang, Schuller, "ProsodyFM: Unsupervised Phrasing and Intonation Control for Intelligible
Speech Synthesis", AAAI 2025 (arXiv 2412.11795), on the backbone of Mehta et al., "Matcha-TTS",
ICASSP 2024. With `breaks` and `intonation` off this is the Matcha-like baseline.

Choices where the paper is silent:

- A break is a symbol with a duration like a phone; marks and word boundaries stand in the sequence
  and take no time. Without breaks, marks and word boundaries hold the pauses.
- The fusion encoder is a few more rotary layers; the decoder sees the fused symbols and the place
  within each, not the prior mean alone.
- The break predictor is trained apart, on texts: it knows a few hundred texts by heart after some
  hundred steps, long before their sound is learned.
- The contour of a phrase's last word is taken around its mean, less one random offset of up to 6
  semitones. The reference encoder also reads its steps from frame to frame, and begins with weights
  large enough to tell shapes apart: with the usual ones all six tokens had the same weight, within
  2 %, for every slope from -8 to 8 semitones after 300 steps.
- No gradient goes from the aligner to the text encoder, see `ProsodyFM.intonation`.

Added to the paper, with `intonation`: contours are drawn, the flow makes the melody, and last words
get what was asked. In the paper the tokens learn from the flow matching loss alone, of which the
pitch of last words is a very small part; trained so, our sound did not follow the slopes asked for.
Here each embedding is also drawn as the contour it stands for (`intonation.ContourDecoder`), and
the flow makes the melody (F0) beside the mel from these contours. After the flow a last word keeps
the mean of its melody and takes the drawn contour, and the vocoder's pulses follow: what is asked
reaches the sound by construction. Numbers: egs/asterisk/README.md.

With `pulses` "mel" the pulses follow what the vocoder reads off the mel: with that F0 it learned
its filters, and where there is no voice it is another than the flow's melody, which runs on there.
Last words follow the melody and the drawn contour where somebody asks for it. Where the text alone
asks, the mel has that contour already, and pulses along the drawn one cost quality. Numbers:
egs/teacher/README.md.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.errors import InputError
from avspeech.synthesis import align, flow_matching, intonation, waves
from avspeech.synthesis.rotary import RotaryEncoder, masked, over_time
from avspeech.synthesis.settings import TYPICAL_FRAMES, VoiceConfig
from avspeech.synthesis.unet import UNet
from avspeech.synthesis.vocoder import Vocoder
from avspeech.text import symbols as table


class DurationPredictor(nn.Module):
    """log(1 + frames) of each symbol, from the fusion encoder (no gradient goes back)."""

    def __init__(self, width: int, hidden: int, dropout: float = 0.2):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv1d(width, hidden, 3, padding=1),
                                    nn.Conv1d(hidden, hidden, 3, padding=1)])
        self.norms = nn.ModuleList([nn.LayerNorm(hidden), nn.LayerNorm(hidden)])
        self.dropout, self.out = nn.Dropout(dropout), nn.Linear(hidden, 1)

    def forward(self, h: Tensor, mask: Tensor | None) -> Tensor:
        """log(1 + frames) `[B, L]` of `h [B, L, C]`; `mask [B, L]` bool, None: all of it."""
        for conv, norm in zip(self.convs, self.norms):
            h = over_time(conv, masked(h, mask))
            h = self.dropout(norm(F.gelu(h)))
        return self.out(h).squeeze(-1)


class BreakPredictor(nn.Module):
    """Predicts where a reader pauses, from the text without its breaks: a small encoder of its own,
    trained on what the detector found in the recordings."""

    def __init__(self, symbols: int, width: int):
        super().__init__()
        self.embed = nn.Embedding(symbols, width)
        self.encoder = RotaryEncoder(2, width, 2, 2 * width, 5, 0.2)
        self.out = nn.Linear(width, 1)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Logits of a break right after each symbol.

        Args:
            ids: `[B, L]`, without breaks.
            lengths: `[B]` symbols.

        Returns:
            `[B, L]`, to be read at word boundaries: at `<w>`, or the last mark between two words.
        """
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths.unsqueeze(1)
        return self.out(self.encoder(self.embed(ids), mask)).squeeze(-1)


class ProsodyFM(nn.Module):
    """Acoustic model (`plan` and `decode`: symbols to log-mel) and `vocoder` (log-mel to sound),
    one model folder.

    The mel is that of `Vocoder.mel`: natural log, `[B, M, T]`, frame t the sound of [t, t + 1)
    hops. The flow goes over `channels` values a frame: the mel and, with intonation, the melody.
    """

    Config = VoiceConfig
    timed: Tensor
    sharpening: Tensor
    optional: Tensor

    def __init__(self, config: VoiceConfig = VoiceConfig()):
        super().__init__()
        config = dataclasses.replace(config, speakers=tuple(config.speakers),
                                     decoder=tuple(config.decoder))
        self.config = c = config
        self.vocoder = Vocoder(Vocoder.Config(**c.vocoder))
        self.mels = self.vocoder.config.mels
        if c.pulses == "mel" and self.vocoder.config.source != "harmonic":
            raise InputError("voice setting pulses=mel: expected a vocoder with pulses (source="
                             "harmonic)")
        sharpening = torch.from_numpy(waves.sharpening(self.mels, c.sharpen))
        self.register_buffer("sharpening", sharpening, persistent=False)
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
            self.tones = intonation.TerminalIntonationEncoder(
                c.tokens, c.tone, c.tone_heads, c.reference)
            self.aligner = intonation.TextPitchAligner(c.width, c.tone)
            self.contours = intonation.ContourDecoder(c.tone)
        self.channels = self.mels + c.intonation
        joined = c.width + c.speaker_width + (c.tone if c.intonation else 0)
        self.join = nn.Linear(joined, c.width)
        self.fusion = RotaryEncoder(c.fusion, c.width, c.heads, c.hidden, c.kernel, c.dropout)
        self.prior = nn.Linear(c.width, self.channels)
        self.durations = DurationPredictor(c.width, c.duration)
        self.phrasing = BreakPredictor(c.symbols, c.phrasing) if c.breaks else None
        conditions = c.width + self.channels + 3 + 2 * c.intonation
        self.decoder = UNet(self.channels, conditions, c.decoder, c.blocks, c.expansion, 7, c.heads,
                            c.attention)
        names = table.SYMBOLS[: c.symbols]
        silent = {table.PAD, *((table.WORD, *table.MARKS) if c.breaks else ())}
        # Symbols that take time; the others only stand between those that do.
        self.register_buffer("timed", torch.tensor([n not in silent for n in names]),
                             persistent=False)
        free = {table.BREAK, table.START, table.END, table.WORD, *table.MARKS}
        self.register_buffer("optional", torch.tensor([n in free for n in names]), persistent=False)

    def keep_speakers(self, count: int) -> None:
        """Removes all speakers of the table but the first `count`."""
        if isinstance(self.speaker, nn.Embedding) and count < len(self.config.speakers):
            kept = self.speaker.weight.detach()[:count].clone()
            self.speaker = nn.Embedding.from_pretrained(kept, freeze=False)
            self.config = dataclasses.replace(self.config, speakers=self.config.speakers[:count])

    @torch.no_grad()
    def take_speakers(self, other: nn.Module) -> int:
        """Copies the vectors of the speakers that another voice's table has too; returns how
        many."""
        mine, theirs = self.speaker, getattr(other, "speaker", None)
        if not (isinstance(mine, nn.Embedding) and isinstance(theirs, nn.Embedding)
                and mine.embedding_dim == theirs.embedding_dim):
            return 0
        known: tuple[str, ...] = other.config.speakers  # type: ignore[union-attr, assignment]
        shared = [name for name in self.config.speakers if name in known]
        for name in shared:
            mine.weight[self.config.speakers.index(name)] = theirs.weight[known.index(name)]
        return len(shared)

    # --- what text, speaker and intonation make of a symbol -------------------------------------

    def encode(self, ids: Tensor, mask: Tensor | None) -> Tensor:
        """What the text alone makes of each symbol: `ids [B, L]`, `mask [B, L]` bool or None to
        `h [B, L, C]`."""
        x = self.embed(ids)
        for conv, norm in zip(self.prenet, self.prenorm):
            y = over_time(conv, masked(x, mask))
            x = x + F.dropout(F.gelu(norm(y)), self.config.dropout, self.training)
        return self.encoder(x, mask)

    def intonation(self, h: Tensor, last: Tensor, contours: Tensor, frames: Tensor
                   ) -> tuple[Tensor, Tensor]:
        """Embeddings of the intonation of each phrase.

        No gradient goes back from what the text asks for: a few hundred last words are soon known
        by heart, at the cost of pronouncing.

        Args:
            h: `[B, L, C]` of `encode`.
            last: `[B, L]`, 0 or 1 + the phrase in whose last word the symbol is.
            contours: `[B, P, F]` semitones.
            frames: `[B, P]` frames of each contour, 0 for none.

        Returns:
            (the embeddings used `[B, P, D]`: that of the contour where there is one, else what the
            text asks for; what the text asks for `[B, P, D]`).
        """
        asked = self.aligner(h.detach(), last, self._numbers(contours.shape[1]))
        return torch.where((frames > 0).unsqueeze(-1), self.tones(contours, frames), asked), asked

    def fuse(self, h: Tensor, mask: Tensor | None, speaker: Tensor, tone: Tensor | None,
             last: Tensor) -> Tensor:
        """Joins text, speaker and intonation: `h [B, L, C]`, `speaker [B]` or `[B, D]`, `tone [B,
        P, D]` to `[B, L, C]`."""
        parts = [h, self.speaker(speaker).unsqueeze(1).expand(-1, h.shape[1], -1)]
        if tone is not None:
            none = tone.new_zeros(len(tone), 1, tone.shape[-1])
            parts.append(torch.cat([none, tone], 1).gather(
                1, last.unsqueeze(-1).expand(-1, -1, tone.shape[-1])))
        return self.fusion(self.join(torch.cat(parts, -1)), mask)

    def outline(self, fused: Tensor, tone: Tensor | None, last: Tensor,
                durations: Tensor) -> Tensor:
        """Adds the contours of last words to what is known of each symbol.

        No gradient goes back to the contours.

        Args:
            fused: `[B, L, C]`.
            tone: `[B, P, D]`; None: `fused` is returned.
            last: `[B, L]`, see `intonation`.
            durations: `[B, L]` frames.

        Returns:
            `[B, L, C + K + 3]`: beside `fused` the drawn contour of the phrase's last word (K
            points), the start and length of the symbol's part of that word's time, and the phrase
            (0: in no last word).
        """
        if tone is None:
            return fused
        member = (last.unsqueeze(-1) == self._numbers(tone.shape[1])).to(fused.dtype)
        time = member * durations.unsqueeze(-1)
        share = time / time.sum(1, keepdim=True).clamp_min(1)
        start = (share.cumsum(1) - share) * member
        points = member @ self.contours(tone).detach()
        columns = torch.stack([start.sum(-1), share.sum(-1), last.to(fused.dtype)], -1)
        return torch.cat([fused, points, columns], -1)

    def condition(self, known: Tensor, durations: Tensor, longest: int | None = None
                  ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Spreads what is known of symbols over frames.

        Args:
            known: `[B, L, .]` of `outline`.
            durations: `[B, L]` frames.
            longest: T (default: that of the longest).

        Returns:
            (condition of the flow `[B, T, .]`; prior mean `[B, T, channels]`; contours `[B, T, 2]`:
            semitones, and the phrase whose last word it is, 0 for none; mask `[B, T]` bool).
        """
        index, mask = align.expand(durations, longest)

        def spread(x: Tensor) -> Tensor:
            return x.gather(1, index.unsqueeze(-1).expand(-1, -1, x.shape[-1]))

        known = known.float()  # under autocast 8 bits: too few to count frames with
        fused, drawn = known[..., : self.config.width], spread(known[..., self.config.width:])
        total = spread(durations.unsqueeze(-1).to(fused.dtype))
        first = spread((durations.cumsum(1) - durations).unsqueeze(-1).to(fused.dtype))
        frame = torch.arange(index.shape[1], device=index.device).reshape(1, -1, 1)
        done = (frame - first + 0.5) / total.clamp_min(1)
        mean = spread(self.prior(fused))
        parts = [spread(fused), mean, done, 1 - done, torch.log1p(total) / 3]
        contours = torch.zeros_like(mean[..., :2])
        if self.config.intonation:
            start, share, phrase = drawn[..., -3], drawn[..., -2], drawn[..., -1] * mask
            inside = (phrase > 0).to(fused.dtype)
            contour = inside * intonation.read_off(drawn[..., :-3], start + done[..., 0] * share)
            parts += [contour.unsqueeze(-1) / intonation.SCALE, inside.unsqueeze(-1)]
            contours = torch.stack([contour, phrase], -1)
        return torch.cat(parts, -1) * mask.unsqueeze(-1), mean, contours, mask

    def normalise(self, mel: Tensor, melody: Tensor | None = None) -> Tensor:
        """Scales a natural-log mel `[B, T, M]`, with intonation also a melody `[B, T]` in semitones
        over 100 Hz, to what the flow makes `[B, T, channels]`."""
        c = self.config
        x = (mel - c.mel_mean) / c.mel_std
        if not c.intonation or melody is None:
            return x
        return torch.cat([x, ((melody - c.melody_mean) / c.melody_std).unsqueeze(-1)], -1)

    def sounding(self, x: Tensor, contours: Tensor, asked: Tensor | None = None
                 ) -> tuple[Tensor, Tensor | None]:
        """Inverts `normalise`, sharpens the mel, and gives last words the contours that were asked
        of them.

        Args:
            x: `[B, T, channels]`.
            contours: `[B, T, 2]` of `condition`.
            asked: `[B, P]` bool, the phrases whose contours somebody asked for, not the text alone
                (default: all). Where pulses follow the mel the others keep what is read.

        Returns:
            (log-mel `[B, M, T]`; F0 `[B, T]` in hertz, None without intonation: the vocoder reads
            it off the mel).
        """
        c, v = self.config, self.vocoder.config
        made = x[..., : self.mels] * c.mel_std + c.mel_mean
        mel = (made @ self.sharpening if c.sharpen else made).transpose(1, 2)
        if not c.intonation:
            return mel, None
        laid = intonation.lay(x[..., -1] * c.melody_std + c.melody_mean, contours)
        if c.pulses == "mel":
            read = 12 * torch.log2(self.vocoder.f0(made.transpose(1, 2)) / 100)
            here = contours if asked is None else intonation.only(contours, asked)
            laid = torch.where(here[..., 1] > 0, laid, read)
        return mel, (100 * torch.exp2(laid / 12)).clamp(v.pitch_low, v.pitch_high)

    # --- use ------------------------------------------------------------------------------------

    @torch.no_grad()
    def plan(self, ids: Tensor, lengths: Tensor | None = None, speaker: Tensor | None = None,
             last: Tensor | None = None, contours: Tensor | None = None,
             contour_frames: Tensor | None = None, slopes: Tensor | None = None,
             reference: tuple[Tensor, Tensor] | None = None, rate: float | Tensor = 1.0,
             break_seconds: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """What is said when.

        How each phrase ends is taken, phrase by phrase, from the first of `slopes`, `contours` and
        `reference` that is given for it, otherwise from the text.

        Args:
            ids: `[B, L]` of `Script.ids`, breaks and all, padded with 0.
            lengths: `[B]` symbols (default: L of each).
            speaker: `[B]` int64 of the table (default: the first), or `[B, D]` float32 vectors.
            last: `[B, L]` int64: 0, or 1 + the number of the phrase in whose last word the symbol
                is; made by `phrasing.last_words` (default: no intonation is asked for).
            contours: `[B, P, F]` semitones at mel frames, at any height.
            contour_frames: `[B, P]`, 0 where no contour is given.
            slopes: `[B, P]` semitones from the start to the end of the last word, a straight line;
                NaN where not given.
            reference: (contours `[B, Q, F]`, frames `[B, Q]`) of another sentence, its shapes
                chosen by Align Attention.
            rate: 1.2 is 20 % faster; one for all, or `[B, L]`.
            break_seconds: `[B, L]` seconds that a symbol is to last, for a break; NaN: as
                predicted, over the rate.

        Returns:
            (what is known of each symbol `[B, L, .]`, see `outline`; its frames `[B, L]` int64; the
            phrases whose contours were asked for, see `sounding`).

        Raises:
            InputError: ids are out of the table.
        """
        if ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < self.config.symbols:
            raise InputError(f"symbol {int(ids.max())}: the voice knows 0 to "
                             f"{self.config.symbols - 1}")
        batch, longest = ids.shape
        lengths = torch.full((batch,), longest, device=ids.device) if lengths is None else lengths
        mask = torch.arange(longest, device=ids.device) < lengths.unsqueeze(1)
        if speaker is None:
            if self.config.embeddings != "table":
                raise InputError("this voice has no table of speakers: give a speaker vector")
            speaker = torch.zeros(batch, dtype=torch.int64, device=ids.device)
        last = torch.zeros_like(ids) if last is None else last
        h = self.encode(ids, mask)
        tone, asked = None, torch.zeros(batch, 0, dtype=torch.bool, device=ids.device)
        if self.config.intonation:
            tone, asked = self._tone(h, last, contours, contour_frames, slopes, reference)
        fused = self.fuse(h, mask, speaker, tone, last)
        free = torch.expm1(self.durations(fused, mask)) / rate
        durations = self.frames(free, ids, break_seconds) * mask
        return self.outline(fused, tone, last, durations), durations, asked

    def frames(self, free: Tensor, ids: Tensor, break_seconds: Tensor | None) -> Tensor:
        """Frames `[B, L]` int64 of symbols, from those predicted, `free [B, L]`, and `ids` and
        `break_seconds` of `plan`; in operations that export."""
        wanted = free.round().clamp_min(0)
        wanted = torch.where(self.optional[ids], wanted, wanted.clamp_min(1))
        if break_seconds is not None:
            given = break_seconds * (self.vocoder.config.sample_rate / self.vocoder.config.hop)
            absent = torch.isnan(given)
            wanted = torch.where(absent, wanted,
                                 torch.where(absent, torch.zeros_like(given), given).round())
        return torch.where(self.timed[ids], wanted, torch.zeros_like(wanted)).long()

    @torch.no_grad()
    def decode(self, known: Tensor, durations: Tensor, steps: int = 4, seed: int | None = None,
               noise: Tensor | None = None, temperature: float | None = None,
               asked: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Speaks what `plan` gave, or any stretch of its symbols.

        Args:
            known, durations, asked: of `plan`.
            steps: of the flow.
            seed: of the noise.
            noise: `[B, T', channels]`, T' at least T, in its place.
            temperature: standard deviation of the noise (default: the voice's own).

        Returns:
            (log-mel `[B, M, T]`; F0 `[B, T]` in hertz, None without intonation).
        """
        condition, mean, contours, there = self.condition(known, durations)
        if noise is None:
            generator = None if seed is None else torch.Generator(known.device).manual_seed(seed)
            noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        hint = self.decoder.prepare(condition)
        temperature = self.config.temperature if temperature is None else temperature
        x = flow_matching.integrate(lambda x, t: self.decoder(x, t, hint, there),
                                    noise[:, : mean.shape[1]] * temperature,
                                    flow_matching.schedule(steps, mean.device))
        return self.sounding(x, contours, asked)

    def _numbers(self, phrases: int) -> Tensor:
        return torch.arange(1, phrases + 1, device=self.embed.weight.device)

    def _tone(self, h: Tensor, last: Tensor, contours: Tensor | None, frames: Tensor | None,
              slopes: Tensor | None, reference: tuple[Tensor, Tensor] | None
              ) -> tuple[Tensor, Tensor]:
        """The intonation `[B, P, D]` of last words, and where `[B, P]` it was asked for."""
        sizes = [x.shape[1] for x in (contours, slopes) if x is not None]
        phrases = max([int(last.max()), 1, *sizes])
        tone = self.aligner(h, last, self._numbers(phrases))
        asked = torch.full(tone.shape[:2], reference is not None, device=h.device)
        if reference is not None:
            tone = intonation.align_attention(tone, self.tones(*reference), reference[1] > 0)

        def put(at: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
            more = phrases - at.shape[1]
            at = F.pad(at, (0, more))
            return torch.where(at.unsqueeze(-1), F.pad(value, (0, 0, 0, more)), tone), asked | at

        if contours is not None and frames is not None:
            there = torch.arange(contours.shape[-1], device=h.device) < frames.unsqueeze(-1)
            middle = (contours * there).sum(-1) / frames.clamp_min(1)
            tone, asked = put(frames > 0, self.tones(intonation.perturb(contours, middle), frames))
        if slopes is not None:
            typical = torch.full_like(slopes, TYPICAL_FRAMES).long()
            lines = intonation.straight(slopes.nan_to_num(), typical, TYPICAL_FRAMES)
            tone, asked = put(~torch.isnan(slopes), self.tones(lines, typical))
        return tone, asked

    def break_probability(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """The probability of a break behind each symbol, by the built-in predictor.

        Args:
            ids: `[B, L]` of scripts without breaks.
            lengths: `[B]` symbols.

        Returns:
            `[B, L]`, to be read at word boundaries (`phrasing.boundaries`).

        Raises:
            InputError: the voice was trained without breaks.
        """
        if self.phrasing is None:
            raise InputError("this voice was trained without breaks")
        return self.phrasing(ids, lengths).sigmoid()

    def forward(self, ids: Tensor, lengths: Tensor | None = None, speaker: Tensor | None = None,
                last: Tensor | None = None, steps: int = 4) -> Tensor:
        """Sound `[B, N]` of symbols `[B, L]`: `plan`, `decode` with seed 0, and the vocoder."""
        known, durations, asked = self.plan(ids, lengths, speaker, last)
        return self.vocoder(*self.decode(known, durations, steps, seed=0, asked=asked))

    @classmethod
    def example_inputs(cls, seconds: float = 2.0) -> tuple[Tensor]:
        """Random phones, 14 a second, for `avspeech profile`; the voice decides how long they
        last."""
        phones = [table.NUMBER[p] for p in table.SYMBOLS if p in table.PHONES][:60]
        return (torch.tensor(phones)[torch.randint(len(phones), (1, max(1, round(14 * seconds))))],)

