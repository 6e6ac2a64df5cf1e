"""Training and checking a vocoder: segments of recordings, sound -> mel -> sound."""

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
from avspeech.synthesis.vocoder import FLOOR, SpectralLoss, Vocoder

TRUSTED = 0.05  # octaves by which the pitch read off a mel may miss and still drive the pulses in training


class Sounds:
    """The recordings of some utterances at one rate, read once and kept as 16-bit numbers.

    roots: folder that an utterance's path is relative to, by its id."""

    def __init__(self, utterances: Sequence[Utterance], roots: Mapping[str, Path], sample_rate: int):
        self.utterances, self.roots = {u.id: u for u in utterances}, dict(roots)
        self.sample_rate = sample_rate
        self._kept: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        """[N] float32. Raises InputError for a file that cannot be read."""
        if name not in self._kept:
            u = self.utterances[name]
            sound = audio.read(resolve(self.roots[name], u.audio), self.sample_rate, u.start, u.duration)
            self._kept[name] = np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16)
        return self._kept[name].astype(np.float32) / 32767


def pitch_at_frames(samples: np.ndarray, sample_rate: int, hop: int, method: str = "dio", low: float = 60.0,
                    high: float = 500.0) -> np.ndarray:
    """F0 [ceil(N / hop)] float32 in hertz, 0 where unvoiced, at the middle of each frame of a
    mel."""
    frames = -(-len(samples) // hop)
    if len(samples) <= hop:
        return np.zeros(frames, np.float32)
    hertz, _ = pitch.f0(samples[hop // 2:], sample_rate, hop / sample_rate, low, high, method)
    return np.pad(hertz[:frames], (0, max(0, frames - len(hertz))))


class Segments:
    """Random pieces of `seconds` with their F0, as many an epoch as fit into the recordings
    (`batching.Dataset`). f0: [T] by id, of `pitch_at_frames`, of those to learn from and maybe of
    others that `sounds` lacks. gain_db: loudness varies by up to this."""

    def __init__(self, sounds: Sounds, f0: Mapping[str, np.ndarray], hop: int, seconds: float = 1.0,
                 gain_db: float = 6.0):
        self.sounds, self.f0, self.hop, self.gain_db = sounds, f0, hop, gain_db
        self.frames = max(1, round(seconds * sounds.sample_rate / hop))
        self.names = [name for name, hertz in f0.items() if name in sounds.utterances
                      for _ in range(max(1, len(hertz) // self.frames))]
        self.lengths = [self.frames * hop / sounds.sample_rate] * len(self.names)

    def whole(self, name: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        """A sound [N], and the log-mel [T, M] it is to be made from (None: its own)."""
        return self.sounds[name], None

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """id, audio [T hop], f0 [T] (0: unvoiced), and mel [T, M] where it is not the sound's
        own."""
        rng = np.random.default_rng(seed)
        name = self.names[index]
        (sound, mel), hertz = self.whole(name, rng), self.f0[name]
        first = int(rng.integers(0, max(1, len(hertz) - self.frames)))
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
        """ids, audio [B, N], f0 [B, T], and mel [B, T, M] where items have it."""
        keys = [k for k in items[0] if k != "id"]
        return {"ids": [i["id"] for i in items],
                **{k: torch.from_numpy(np.stack([i[k] for i in items])).float() for k in keys}}


class Vocoding(nn.Module):
    """What is trained: sound and its F0 -> spectral distance of what comes back, and error of the
    pitch reader.

    The pulses follow the reader where it is right and the tracker where it is not, so that the
    filters learn from right harmonics from the first step and know the reader's small errors.

    adversary: weight of being told from real by an `Adversary`, which learns beside; 0: there is
    none."""

    def __init__(self, vocoder: Vocoder, adversary: float = 0.0):
        super().__init__()
        self.vocoder = vocoder
        self.distance = SpectralLoss(vocoder.config)
        self.weight, self.adversary = adversary, Adversary() if adversary else None

    def forward(self, audio: Tensor, f0: Tensor, mel: Tensor | None = None) -> dict[str, Tensor]:
        """audio [B, T hop], f0 [B, T] (0: unvoiced), mel [B, T, M] to make it from (None: its own)
        -> "distance", "pitch octaves" (error), "total" to be minimised, and with an adversary its
        terms."""
        made, error = self.again(audio, f0, None if mel is None else mel.transpose(1, 2))
        told = {"distance": self.distance(made, audio), "pitch octaves": error}
        total = told["distance"] + 2 * error
        if self.adversary is not None and self.training:
            fooled, matched, apart = self.adversary(made, audio)
            total = total + self.weight * (fooled + 2 * matched) + apart
            told |= {"fooled": fooled, "matched": matched, "told apart": apart}
        return {**told, "total": total}

    def again(self, audio: Tensor, f0: Tensor, mel: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The sound from its own mel, or from the one given [B, M, T] -> [B, T hop], pitch error in
        octaves."""
        if mel is None:
            with torch.no_grad():
                mel = self.vocoder.mel(audio)
        if self.vocoder.config.source == "none":
            return self.vocoder(mel), audio.new_zeros(())
        read = self.vocoder.f0(mel)
        voiced = f0 > 0
        off = torch.log2(read) - torch.log2(f0.clamp_min(self.vocoder.config.pitch_low))
        error = (off.abs() * voiced).sum() / voiced.sum().clamp_min(1)
        wrong = voiced & (off.abs() > TRUSTED)
        driving = torch.where(wrong, f0, read).detach().clamp(40.0, self.vocoder.config.pitch_high)
        return self.vocoder(mel, driving), error


def vocoder_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """Loss of `Vocoding`."""
    told = model(batch["audio"], batch["f0"], batch.get("mel"))
    return told.pop("total"), told


@torch.no_grad()
def vocoder_score(model: Vocoding, segments: Segments, count: int = 64) -> dict[str, float]:
    """On fixed segments: distance and pitch error; "score" is what `fit` maximises."""
    on = next(model.parameters()).device
    model.eval()
    total, error, n = 0.0, 0.0, 0
    count = min(count, len(segments.names))
    for start in range(0, count, 16):
        items = [segments.item(i * len(segments.names) // count, i)
                 for i in range(start, min(count, start + 16))]
        batch = {k: v.to(on) for k, v in segments.collate(items).items() if isinstance(v, Tensor)}
        torch.manual_seed(start)
        told = model(batch["audio"], batch["f0"], batch.get("mel"))
        total += float(told["distance"]) * len(items)
        error += float(told["pitch octaves"]) * len(items)
        n += len(items)
    return {"score": -(total + 2 * error) / n, "distance": total / n, "pitch octaves": error / n}
