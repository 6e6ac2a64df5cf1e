"""Trains and checks a vocoder: pieces of recordings, from sound to mel and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avspeech.core.batching import Batch
from avspeech.data.manifest import Utterance, resolve
from avspeech.media import audio, pitch
from avspeech.synthesis.adversary import Adversary
from avspeech.synthesis.vocoder import FLOOR, SpectralLoss, Vocoder, turns_of

# Octaves by which the pitch read off a mel may miss and still drive the pulses in training
TRUSTED = 0.05


class Sounds:
    """The recordings of some utterances at one rate, read once and kept as 16-bit numbers.

    Args:
        utterances: of manifests.
        roots: {id: folder that the utterance's path is relative to}.
        sample_rate: in hertz.
    """

    def __init__(self, utterances: Sequence[Utterance], roots: Mapping[str, Path],
                 sample_rate: int):
        self.utterances, self.roots = {u.id: u for u in utterances}, dict(roots)
        self.sample_rate = sample_rate
        self._kept: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        """Samples `[N]` float32 of an utterance. Raises InputError for a file that cannot be
        read."""
        if name not in self._kept:
            self._kept[name] = self._read(name)
        return self._kept[name].astype(np.float32) / 32767

    def once(self, name: str) -> np.ndarray:
        """The same of a recording that is needed once: it is not kept, so days of speech fit."""
        return self._read(name).astype(np.float32) / 32767

    def _read(self, name: str) -> np.ndarray:
        u = self.utterances[name]
        sound = audio.read(resolve(self.roots[name], u.audio), self.sample_rate, u.start,
                           u.duration)
        return np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16)


def pitch_at_frames(samples: np.ndarray, sample_rate: int, hop: int, method: str = "dio",
                    low: float = 60.0,
                    high: float = 500.0) -> np.ndarray:
    """F0 at the middle of each frame of a mel.

    Args:
        samples: `[N]`.
        sample_rate: in hertz.
        hop: samples between frames.
        method, low, high: of `pitch.f0`.

    Returns:
        `[ceil(N / hop)]` float32 hertz, 0 where unvoiced.
    """
    frames = -(-len(samples) // hop)
    if len(samples) <= hop:
        return np.zeros(frames, np.float32)
    hertz, _ = pitch.f0(samples[hop // 2:], sample_rate, hop / sample_rate, low, high, method)
    return np.pad(hertz[:frames], (0, max(0, frames - len(hertz))))


class Segments:
    """Random pieces of recordings with their F0 (`batching.Dataset`); an epoch has as many as fit
    into them.

    Args:
        sounds: the recordings.
        f0: {id: `[T]` of `pitch_at_frames`} of those to learn from; others than `sounds` has are
            ignored.
        hop: samples between frames.
        seconds: length of a piece.
        gain_db: the loudness varies by up to this.
    """

    def __init__(self, sounds: Sounds, f0: Mapping[str, np.ndarray], hop: int, seconds: float = 1.0,
                 gain_db: float = 6.0):
        self.sounds, self.f0, self.hop, self.gain_db = sounds, f0, hop, gain_db
        self.frames = max(1, round(seconds * sounds.sample_rate / hop))
        self.names = [name for name, hertz in f0.items() if name in sounds.utterances
                      for _ in range(max(1, len(hertz) // self.frames))]
        self.lengths = [self.frames * hop / sounds.sample_rate] * len(self.names)

    def whole(self, name: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        """(a sound `[N]`, the log-mel `[T, M]` it is to be made from; None: its own)."""
        return self.sounds[name], None

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """One piece: id, audio `[T * hop]`, f0 `[T]` (0: unvoiced), and mel `[T, M]` where it is
        not the sound's own."""
        rng = np.random.default_rng(seed)
        name = self.names[index]
        (sound, mel), hertz = self.whole(name, rng), self.f0[name]
        first = int(rng.integers(max(0, len(hertz) - self.frames) + 1))
        piece = sound[first * self.hop: (first + self.frames) * self.hop]
        hertz = hertz[first: first + self.frames]
        more = self.frames - len(hertz)
        piece = np.pad(piece, (0, self.frames * self.hop - len(piece)))
        gain = 10 ** (rng.uniform(-self.gain_db, self.gain_db) / 20)
        gain = min(gain, 0.99 / max(float(np.abs(piece).max()), 1e-3))
        item = {"id": name, "audio": piece * np.float32(gain), "f0": np.pad(hertz, (0, more))}
        if mel is not None:
            louder = mel[first: first + self.frames].astype(np.float32) + np.float32(np.log(gain))
            item["mel"] = np.pad(louder, ((0, more), (0, 0)), constant_values=np.log(FLOOR))
        return item

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """A batch: ids, audio `[B, N]`, f0 `[B, T]`, and mel `[B, T, M]` where items have it."""
        batch: Batch = {"ids": [i["id"] for i in items]}
        for key in items[0]:
            if key != "id":
                batch[key] = torch.from_numpy(np.stack([i[key] for i in items])).float()
        return batch


class Vocoding(nn.Module):
    """Wraps a vocoder so that one forward returns all losses (DDP needs that).

    The pulses follow the pitch reader where it is right and the tracker where it is not, so that
    the filters learn from right harmonics from the first step and know the reader's small errors.
    Each pulse stands at a peak of the recording's fundamental. Otherwise spectra of short windows
    would compare moments that have nothing to do with each other, and the filters' phases would
    learn little.

    Args:
        vocoder: what is trained.
        adversary: weight of an `Adversary`'s verdict, which learns too; 0: there is none.
        halved: compute the adversary in bf16.
    """

    def __init__(self, vocoder: Vocoder, adversary: float = 0.0, halved: bool = False):
        super().__init__()
        self.vocoder = vocoder
        self.distance = SpectralLoss(vocoder.config)
        self.weight, self.adversary = adversary, Adversary() if adversary else None
        self.halved = halved

    def forward(self, audio: Tensor, f0: Tensor, mel: Tensor | None = None) -> dict[str, Tensor]:
        """The losses of some sounds.

        Args:
            audio: `[B, T * hop]`.
            f0: `[B, T]` hertz, 0 where unvoiced.
            mel: `[B, T, M]` to make the sounds from (default: their own).

        Returns:
            {"distance", "pitch octaves" (error), "total" to be minimized, and with an adversary its
            terms}.
        """
        made, error = self.again(audio, f0, None if mel is None else mel.transpose(1, 2))
        losses = {"distance": self.distance(made, audio), "pitch octaves": error}
        total = losses["distance"] + 2 * error
        if self.adversary is not None and self.training:
            with torch.autocast(audio.device.type, torch.bfloat16, enabled=self.halved):
                fooled, matched, apart = (x.float() for x in self.adversary(made, audio))
            total = total + self.weight * (fooled + 2 * matched) + apart
            losses |= {"fooled": fooled, "matched": matched, "told apart": apart}
        return {**losses, "total": total}

    def again(self, audio: Tensor, f0: Tensor, mel: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(sounds `[B, T * hop]` made again from their own mel or from the one given `[B, M, T]`,
        the pitch reader's error in octaves)."""
        c = self.vocoder.config
        if mel is None:
            with torch.no_grad():
                mel = self.vocoder.mel(audio)
        if c.source == "none":
            return self.vocoder(mel), audio.new_zeros(())
        read = self.vocoder.f0(mel)
        voiced = f0 > 0
        off = torch.log2(read) - torch.log2(f0.clamp_min(c.pitch_low))
        error = (off.abs() * voiced).sum() / voiced.sum().clamp_min(1)
        wrong = voiced & (off.abs() > TRUSTED)
        driving = torch.where(wrong, f0, read).detach().clamp(40.0, c.pitch_high)
        with torch.no_grad():
            turns = turns_of(audio, driving, c.hop, self.vocoder.analysis.window, c.sample_rate)
        return self.vocoder(mel, driving, turns=turns), error


def vocoder_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """(the total loss of `Vocoding`, its parts) of a batch of `Segments`."""
    losses = model(batch["audio"], batch["f0"], batch.get("mel"))
    return losses.pop("total"), losses


@torch.no_grad()
def vocoder_score(model: Vocoding, segments: Segments, count: int = 64) -> dict[str, float]:
    """Scores a vocoder on fixed pieces.

    Returns:
        {"distance", "pitch octaves" (error), "score": less their weighted sum, which `fit`
        maximizes}.
    """
    on = next(model.parameters()).device
    model.eval()
    total, error, n = 0.0, 0.0, 0
    count = min(count, len(segments.names))
    for start in range(0, count, 16):
        items = [segments.item(i * len(segments.names) // count, i)
                 for i in range(start, min(count, start + 16))]
        batch = {k: v.to(on) for k, v in segments.collate(items).items() if isinstance(v, Tensor)}
        torch.manual_seed(start)
        losses = model(batch["audio"], batch["f0"], batch.get("mel"))
        total += float(losses["distance"]) * len(items)
        error += float(losses["pitch octaves"]) * len(items)
        n += len(items)
    return {"score": -(total + 2 * error) / n, "distance": total / n, "pitch octaves": error / n}
