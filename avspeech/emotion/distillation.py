"""A small emotion model learns what the frames of a frozen larger one are, on any speech and without labels.

Feature distillation (Romero et al., "FitNets", ICLR 2015; of speech models: Chang et al., "DistilHuBERT",
ICASSP 2022): a linear layer on the frames that go into the small model's pooling says the larger one's,
whitened. So a model that is then trained on one emotional corpus has heard more voices than that has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avspeech.core.batching import Batch
from avspeech.emotion.cells import whitening
from avspeech.emotion.logmel import SAMPLE_RATE, LogMelModel
from avspeech.emotion.training import FromFeatures, frames_before_pooling

STEP = 320  # samples: sounds are cut and stretched to a multiple of it


def as_floats(sound: np.ndarray) -> np.ndarray:
    """Samples of 16 bits [N] as float32 in -1..1."""
    return sound.astype(np.float32) / 32768


class Sounds:
    """Training data (`batching.Dataset`): a random part, of `segment` seconds at most, of each sound [N]
    int16 at 16 kHz (an hour in 115 MB); a batch is cut to the length of its shortest."""

    def __init__(self, sounds: Sequence[np.ndarray], names: Sequence[str], segment: float = 2.5):
        self.sounds, self.names, self.most = sounds, names, round(segment * SAMPLE_RATE)
        self.lengths = [min(len(s), self.most) / SAMPLE_RATE for s in sounds]

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """id and audio [N] float32."""
        rng, sound = np.random.default_rng(seed), self.sounds[index]
        start = int(rng.integers(max(len(sound) - self.most, 0) + 1))
        return {"id": self.names[index], "audio": as_floats(sound[start: start + self.most])}

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """{ids, audio [B, N]}"""
        shortest = min(len(i["audio"]) for i in items) // STEP * STEP
        return {"ids": [i["id"] for i in items],
                "audio": torch.from_numpy(np.stack([i["audio"][:shortest] for i in items]))}


class Distilling(nn.Module):
    """teacher: frozen; student: learns, as `FromFeatures` does with guides. examples [N] at 16 kHz: speech
    that says what the teacher's frames are like: their `dims` largest principal components, each at unit
    variance, are what is learned. speed: share by which a batch in training is played faster or slower at
    most."""

    mean: Tensor
    components: Tensor

    def __init__(self, student: LogMelModel, teacher: LogMelModel, examples: Sequence[Tensor],
                 dims: int = 384, speed: float = 0.2):
        super().__init__()
        self.teacher, self.speed = teacher.eval().requires_grad_(False), speed
        with torch.no_grad():
            frames = torch.cat([frames_before_pooling(teacher, teacher.logmel(x[None]))[0]
                                for x in examples])
        mean, components = whitening(frames.cpu().numpy(), dims)
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("components", torch.from_numpy(components))
        self.student = FromFeatures(student, components.shape[1])

    def train(self, mode: bool = True) -> Distilling:
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, audio: Tensor) -> Tensor:
        """audio [B, N] -> the mean squared error, 1 for a student that always says the mean."""
        if self.training and self.speed:
            factor = 1 + self.speed * (2 * float(torch.rand(())) - 1)
            count = max(round(audio.shape[1] / factor / STEP), 1) * STEP
            audio = torch.fft.irfft(torch.fft.rfft(audio), count) * (count / audio.shape[1])
        with torch.no_grad():
            with torch.autocast(audio.device.type, enabled=False):
                heard, told = self.teacher.logmel(audio), self.student.model.logmel(audio)
            wanted = (frames_before_pooling(self.teacher, heard).float() - self.mean) @ self.components
        return self.student(told, None, wanted)[2]


def distillation_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """Loss of `Distilling`, for `trainer.fit`."""
    return model(batch["audio"]), {}


@torch.no_grad()
def distillation_score(model: Distilling, sounds: Sequence[np.ndarray]) -> dict[str, float]:
    """The share of the variance of the teacher's frames that the student tells ("score"), over sounds [N]
    int16."""
    on, errors = model.mean.device, []
    for sound in sounds:
        errors.append(float(model(torch.from_numpy(as_floats(sound))[None].to(on))))
    return {"score": 1 - float(np.mean(errors))}
