"""A small emotion model learns the frames of a frozen larger one, on any speech and without labels.

Feature distillation (Romero et al., "FitNets", ICLR 2015; of speech models: Chang et al.,
"DistilHuBERT", ICASSP 2022): a linear layer on the frames that enter the small model's pooling
predicts the whitened frames of the larger one. A model that is then trained on one emotional corpus
has heard more voices than that corpus holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avspeech.core.batching import Batch
from avspeech.emotion.guides import whitening
from avspeech.emotion.life import as_in_life
from avspeech.emotion.logmel import SAMPLE_RATE, LogMelModel
from avspeech.emotion.training import FromFeatures, frames_before_pooling

STEP = 320  # samples: sounds are cut and stretched to a multiple of it


def as_floats(sound: np.ndarray) -> np.ndarray:
    """Samples of 16 bits [N] as float32 in -1..1."""
    return sound.astype(np.float32) / 32768


class Sounds:
    """Training data (`batching.Dataset`): a random part of each sound; a batch is cut to its
    shortest.

    Args:
        sounds: [N] int16 at 16 kHz (115 MB an hour).
        names: one a sound.
        segment: seconds of a part, at most.
        life: share of the parts that are also given as they might sound in life
            (`life.as_in_life`), for the student to hear.
    """

    def __init__(self, sounds: Sequence[np.ndarray], names: Sequence[str], segment: float = 2.5,
                 life: float = 0.0):
        self.sounds, self.names, self.most = sounds, names, round(segment * SAMPLE_RATE)
        self.life = life
        self.lengths = [min(len(s), self.most) / SAMPLE_RATE for s in sounds]

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """id, audio [N] float32, and heard [N], what the student hears."""
        rng, sound = np.random.default_rng(seed), self.sounds[index]
        start = int(rng.integers(max(len(sound) - self.most, 0) + 1))
        part = as_floats(sound[start: start + self.most])
        heard = (as_in_life(rng, part, SAMPLE_RATE, coded=0.2) if rng.random() < self.life
                 else part)
        return {"id": self.names[index], "audio": part, "heard": heard}

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """{ids, audio [B, N], heard [B, N]}"""
        shortest = min(len(i["audio"]) for i in items) // STEP * STEP
        cut: dict[str, Any] = {
            key: torch.from_numpy(np.stack([i[key][:shortest] for i in items]))
            for key in ("audio", "heard")}
        return {"ids": [i["id"] for i in items], **cut}


class Distilling(nn.Module):
    """A student that learns the whitened frames of a frozen teacher; `forward` gives the loss.

    Args:
        student: learns, as `FromFeatures` does with guides.
        teacher: frozen.
        examples: speech [N] at 16 kHz, whose frames fix the whitening.
        dims: number of principal components that are learned, each at unit variance.
        speed: in training a batch is played faster or slower by this share at most.
    """

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

    def forward(self, audio: Tensor, heard: Tensor | None = None) -> Tensor:
        """The error of the student.

        Args:
            audio: [B, N], what the teacher hears.
            heard: [B, N], what the student hears; None: the same.

        Returns:
            The mean squared error []; 1 for a student that always answers the mean.
        """
        both = [audio] if heard is None else [audio, heard]
        if self.training and self.speed:
            factor = 1 + self.speed * (2 * float(torch.rand(())) - 1)
            count = max(round(audio.shape[1] / factor / STEP), 1) * STEP
            both = [torch.fft.irfft(torch.fft.rfft(x), count) * (count / x.shape[1]) for x in both]
        with torch.no_grad():
            with torch.autocast(audio.device.type, enabled=False):
                theirs = self.teacher.logmel(both[0])
                own = self.student.model.logmel(both[-1])
            wanted = (
                frames_before_pooling(self.teacher, theirs).float() - self.mean
            ) @ self.components
        return self.student(own, None, wanted)[2]


def distillation_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """Loss of `Distilling`, for `trainer.fit`."""
    return model(batch["audio"], batch["heard"]), {}


@torch.no_grad()
def distillation_score(model: Distilling, sounds: Sequence[np.ndarray]) -> dict[str, float]:
    """{"score": the share of the variance of the teacher's frames that the student explains}, over
    sounds [N] int16."""
    on, errors = model.mean.device, []
    for sound in sounds:
        errors.append(float(model(torch.from_numpy(as_floats(sound))[None].to(on))))
    return {"score": 1 - float(np.mean(errors))}
