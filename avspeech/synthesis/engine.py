"""The two engines of a voice: torch, and the graphs of its folder. Arrays in and out.

An engine tells where a reader pauses, plans a sentence, decodes a stretch of it to a log-mel and
F0, and makes sound of these. Noise is an argument, so both give the same within `TOLERANCE`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from avspeech.core.engine import Graphs, keep
from avspeech.synthesis import contours as shapes
from avspeech.synthesis import waves
from avspeech.synthesis.settings import LOUDEST, TYPICAL_FRAMES, VocoderConfig, VoiceConfig

if TYPE_CHECKING:
    from avspeech.core.pretrained import ModelInfo
    from avspeech.synthesis.prosodyfm import ProsodyFM

# Of the log-mel, of F0 (relative), and of the sound of the same mel and F0 (relative to its loudest
# sample, if above 1)
TOLERANCE = 1e-3
# The same where products are of whole numbers: what torch computes with the same weights differs in
# single bands by up to 2 dB, on average by a tenth of that
ROUNDED = 0.5
# The graphs: breaks, what the text asks for, embeddings of contours, plan, condition, what a time
# of the flow does to the norms of its blocks, flow, F0 read off a mel, filters
BREAKS, TEXT, TONES, PLAN = "breaks", "text", "tones", "plan"
CONDITION, TIMES, VELOCITY = "condition", "times", "velocity"
PITCH, FILTERS = "pitch", "filters"

Contours = tuple[np.ndarray, np.ndarray]  # semitones [1, P, F], frames of each [1, P]


@dataclass
class Wish:
    """What is asked of a sentence of L symbols and P phrases.

    Attributes:
        ids: `[L]`, `Script.ids`.
        last: `[L]`, `phrasing.last_words`.
        speaker: int64 `[1]`, or float32 `[1, D]`.
        rate: `[L]`; 1.2 is 20 % faster.
        seconds: `[L]` that a symbol is to last; NaN: as predicted.
        slopes: `[P]` semitones over last words; NaN where not asked for.
        contours: of last words, 0 frames where not given; None: of none.
        reference: of another sentence, whose shapes are taken; None: of none.
    """

    ids: Sequence[int]
    last: Sequence[int]
    speaker: np.ndarray
    rate: Sequence[float]
    seconds: Sequence[float]
    slopes: Sequence[float] = ()
    contours: Contours | None = None
    reference: Contours | None = None


class Engine(Protocol):
    """What the synthesizer calls."""

    config: VoiceConfig
    vocoder: VocoderConfig
    channels: int  # values of a frame in the flow

    def break_probability(self, ids: Sequence[int]) -> np.ndarray:
        """The probability `[L]` of a break behind each symbol."""

    def plan(self, wish: Wish) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What is known of each symbol `[1, L, .]`, its frames int64 `[L]`, and the phrases whose
        contours are asked for here, not by the text alone, bool `[P]`."""

    def decode(self, known: np.ndarray, durations: np.ndarray, steps: int, noise: np.ndarray,
               temperature: float | None, asked: np.ndarray
               ) -> tuple[np.ndarray, np.ndarray | None]:
        """The log-mel `[M, T]` and F0 `[T]` (None: the vocoder reads it off the mel) of a stretch
        of a plan, from noise `[T, channels]`; asked: of the plan."""

    def sound(self, mel: np.ndarray, f0: np.ndarray | None, noise: np.ndarray) -> np.ndarray:
        """Sound `[T * hop]` of a log-mel and F0, with noise `[T * hop]`."""


class TorchEngine:
    """A model in eval mode, on its own device."""

    def __init__(self, model: ProsodyFM) -> None:
        self.model, self.config, self.vocoder = model, model.config, model.vocoder.config
        self.channels = model.channels

    def _tensor(self, value: Any, dtype: Any = None) -> Any:
        import torch

        tensor = torch.from_numpy(np.ascontiguousarray(np.asarray(value, dtype)))
        return tensor.to(next(self.model.parameters()).device)

    def break_probability(self, ids: Sequence[int]) -> np.ndarray:
        """See `Engine`."""
        import torch

        with torch.inference_mode():
            found = self.model.break_probability(self._tensor([ids], np.int64),
                                                 self._tensor([len(ids)], np.int64))
            return np.asarray(found[0].cpu())

    def plan(self, wish: Wish) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See `Engine`."""
        import torch

        more: dict[str, Any] = {}
        if wish.contours is not None:
            more = {"contours": self._tensor(wish.contours[0]),
                    "contour_frames": self._tensor(wish.contours[1])}
        if wish.reference is not None:
            more["reference"] = tuple(map(self._tensor, wish.reference))
        if len(wish.slopes):
            more["slopes"] = self._tensor([wish.slopes], np.float32)
        with torch.inference_mode():
            known, durations, asked = self.model.plan(
                self._tensor([wish.ids], np.int64), speaker=self._tensor(wish.speaker),
                last=self._tensor([wish.last], np.int64),
                rate=self._tensor([wish.rate], np.float32),
                break_seconds=self._tensor([wish.seconds], np.float32), **more)
            return (np.asarray(known.cpu()), np.asarray(durations[0].cpu()),
                    np.asarray(asked[0].cpu()))

    def decode(self, known: np.ndarray, durations: np.ndarray, steps: int, noise: np.ndarray,
               temperature: float | None, asked: np.ndarray
               ) -> tuple[np.ndarray, np.ndarray | None]:
        """See `Engine`."""
        import torch

        with torch.inference_mode():
            mel, f0 = self.model.decode(self._tensor(known), self._tensor(durations[None]),
                                        steps=steps, noise=self._tensor(noise[None]),
                                        temperature=temperature, asked=self._tensor(asked[None]))
            return np.asarray(mel[0].cpu()), None if f0 is None else np.asarray(f0[0].cpu())

    def sound(self, mel: np.ndarray, f0: np.ndarray | None, noise: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        import torch

        harmonic = self.vocoder.source == "harmonic"
        with torch.inference_mode():
            given = None if f0 is None else self._tensor(f0[None])
            more = {"noise": self._tensor(noise[None])} if harmonic else {}
            return np.asarray(self.model.vocoder(self._tensor(mel[None]), given,
                                                 **more)[0].float().cpu())


class GraphEngine:
    """The graphs of a voice's folder."""

    def __init__(self, graphs: Graphs, info: ModelInfo) -> None:
        given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value
                                 for key, value in info.config.items()}
        self.config = VoiceConfig(**given)
        self.vocoder = VocoderConfig(**self.config.vocoder)
        self.channels = self.vocoder.mels + self.config.intonation
        self.graphs = graphs
        keep()
        self._norms: dict[float, np.ndarray] = {}  # of TIMES, by the time of the flow
        self.sharpening = waves.sharpening(self.vocoder.mels, self.config.sharpen)

    def break_probability(self, ids: Sequence[int]) -> np.ndarray:
        """See `Engine`."""
        return self.graphs(BREAKS, ids=np.asarray([ids], np.int64))[0][0]

    def plan(self, wish: Wish) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See `Engine`."""
        ids, last = np.asarray([wish.ids], np.int64), np.asarray([wish.last], np.int64)
        sizes = [len(wish.slopes)] + ([] if wish.contours is None else [wish.contours[0].shape[1]])
        phrases = np.arange(1, max([int(last.max()), 1, *sizes]) + 1)
        text = self.graphs(TEXT, ids=ids, last=last, phrases=phrases)
        tone = text[1][0] if self.config.intonation else np.zeros(0, np.float32)
        asked = np.full(len(tone), wish.reference is not None)
        if self.config.intonation:
            if wish.reference is not None:
                lines, frames = wish.reference
                tone = shapes.nearest(tone, self._tones(lines[0], frames[0]), frames[0] > 0)
            if wish.contours is not None:
                lines, frames = wish.contours[0][0], wish.contours[1][0]
                found = self._tones(shapes.centered(lines, frames), frames)
                given = np.flatnonzero(frames)
                tone[given], asked[given] = found[given], True
            slopes = np.asarray(wish.slopes, np.float32)
            given = np.flatnonzero(~np.isnan(slopes))
            if len(given):
                lines = shapes.straight(np.nan_to_num(slopes), TYPICAL_FRAMES)
                found = self._tones(lines, np.full(len(slopes), TYPICAL_FRAMES))
                tone[given], asked[given] = found[given], True
        known, durations = self.graphs(
            PLAN, h=text[0], ids=ids, last=last, speaker=wish.speaker, tone=tone[None],
            rate=np.asarray([wish.rate], np.float32),
            break_seconds=np.asarray([wish.seconds], np.float32))
        return known, durations[0], asked

    def _tones(self, lines: np.ndarray, frames: np.ndarray) -> np.ndarray:
        """Embeddings `[P, D]` of contours `[P, F]`."""
        return self.graphs(TONES, contours=np.asarray(lines, np.float32)[None],
                           frames=np.asarray(frames, np.int64)[None])[0][0]

    def decode(self, known: np.ndarray, durations: np.ndarray, steps: int, noise: np.ndarray,
               temperature: float | None, asked: np.ndarray
               ) -> tuple[np.ndarray, np.ndarray | None]:
        """See `Engine`."""
        c = self.config
        symbols = np.repeat(np.arange(len(durations)), durations)  # of each frame
        hint, contours = self.graphs(CONDITION, known=known, durations=durations[None],
                                     symbols=symbols)
        x = noise[None, : len(symbols)] * np.float32(
            c.temperature if temperature is None else temperature)
        even = np.arange(steps + 1) / steps
        times = 1 - np.cos(even * (math.pi / 2))  # as `flow_matching.schedule`
        for now, then in zip(times, times[1:], strict=False):
            if now not in self._norms:
                self._norms[now] = self.graphs(TIMES, t=np.asarray([now], np.float32))[0]
            velocity = self.graphs(VELOCITY, x=x, norms=self._norms[now], hint=hint)[0]
            velocity *= np.float32(then - now)
            x += velocity
        x = x[0]
        made = x[:, : self.vocoder.mels] * c.mel_std + c.mel_mean
        mel = np.ascontiguousarray((made @ self.sharpening if c.sharpen else made).T)
        if not c.intonation:
            return mel, None
        laid = shapes.lay(x[:, -1] * c.melody_std + c.melody_mean, contours[0])
        if c.pulses == "mel":
            hertz = self.graphs(PITCH, mel=np.ascontiguousarray(made.T)[None])[0][0]
            here = shapes.only(contours[0], asked)[:, 1] > 0
            laid = np.where(here, laid, 12 * np.log2(hertz / 100))
        f0 = np.clip(100 * np.exp2(laid / 12), self.vocoder.pitch_low, self.vocoder.pitch_high)
        return mel, f0.astype(np.float32)

    def sound(self, mel: np.ndarray, f0: np.ndarray | None, noise: np.ndarray) -> np.ndarray:
        """See `Engine`."""
        c = self.vocoder
        more = {} if f0 is None else {"f0": f0[None]}
        y, *found = (x[0] for x in self.graphs(FILTERS, mel=mel[None], **more))
        bins = c.n_fft // 2 + 1
        most = np.float32(LOUDEST)
        if c.source != "harmonic":
            def plain(here: slice) -> np.ndarray:
                size = np.exp(np.minimum(y[here, :bins], most))
                return waves.polar(size, y[here, bins:])

            return waves.inverse(plain, len(y), c)
        outline, hertz = found[:2]
        train = waves.pulse_train(hertz, c.hop, c.sample_rate)
        if c.gates:
            loud = np.exp(waves.stretched(found[2], c.hop // c.gates))
            train, noise = train * loud[0], noise * loud[1]
        pulses, grains = waves.framed(train, c), waves.framed(noise, c)
        # The graph has taken it off its sizes
        most -= np.float32(math.log(waves.noise_level(c.n_fft, c.window)))

        def voiced(here: slice) -> np.ndarray:
            size, hiss = (np.exp(np.minimum(part + outline[here], most))
                          for part in (y[here, :bins], y[here, 2 * bins:]))
            voice, breath = waves.spectrum(pulses[here], c), waves.spectrum(grains[here], c)
            voice *= waves.polar(size, y[here, bins: 2 * bins])
            breath *= hiss
            voice += breath
            return voice

        return waves.inverse(voiced, len(y), c)


def engine_of(model: Any, info: ModelInfo) -> Engine:
    """The engine of what `pretrained.open_model` gives."""
    return GraphEngine(model, info) if isinstance(model, Graphs) else TorchEngine(model)
