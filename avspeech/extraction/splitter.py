"""The voices of a mixture, without video: sound in, two voices out, at the input's own clock.

    splitter = avspeech.load("voices-small")
    first, second = splitter(samples, sample_rate=16000)

Which voice is whose it does not say: lips do (`Extractor`), or a listener.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.extraction.engine import splitter_of
from avspeech.extraction.windows import SHORTEST, Seam, Windows, stitch
from avspeech.media.audio import check_rate, mono, resample

if TYPE_CHECKING:
    import torch

    from avspeech.core.engine import Choice, Graphs
    from avspeech.core.pretrained import ModelInfo


class Splitter:
    """Splits mixtures with a model of task "separation".

    A long mixture is cut into windows; their voices are put in the order in which they fit those of
    the window before. A voice that is silent throughout the overlap of two windows may change
    places with the other behind it.

    Args:
        model: called as `model(mixture [B, N] float32) -> [B, 2, N]`, or the graph of one.
        info: its sample rate (Hz); see `avspeech.core.pretrained.ModelInfo`.
        windows: how long signals are cut.
    """

    def __init__(self, model: torch.nn.Module | Graphs, info: ModelInfo, *,
                 windows: Windows | None = None):
        self.model, self.info, self.windows = model, info, windows or Windows()

    @classmethod
    def from_pretrained(cls, name_or_folder: str | Path, device: str = "cpu",
                        engine: Choice = "auto") -> Splitter:
        """Loads a splitter.

        Args:
            name_or_folder: a released model's name, or a model folder.
            device: a torch device, e.g. "cuda".
            engine: "auto", "onnx" or "torch": see `core.pretrained.open_model`.

        Raises:
            InputError: there is no such model, or it is for another task.
        """
        from avspeech.core import pretrained

        return cls(*pretrained.open_model(name_or_folder, device, engine, "separation"))

    def __call__(self, audio: np.ndarray | torch.Tensor, *, sample_rate: int) -> np.ndarray:
        """Splits a mixture.

        Args:
            audio: float `[N]`, or `[C, N]` or `[N, C]`, whose channels are averaged; full scale is
                -1 to 1.
            sample_rate: of `audio`, in Hz. Nothing above half the model's own rate is in the
                output.

        Returns:
            float32 `[2, N]` at the sample rate of `audio`: the voices, in no particular order, each
            at the level that it has in the mixture. Where one person speaks, one is silent.

        Raises:
            InputError: a wrong shape or rate, or NaN.
        """
        samples = mono(audio)
        sample_rate, rate = check_rate(sample_rate), int(self.info.sample_rate)
        mixture = resample(samples, sample_rate, rate)
        split = splitter_of(self.model)
        pieces: list[tuple[int, np.ndarray]] = []
        for start, stop in self.windows.plan(len(mixture), rate):
            part = np.zeros(max(stop - start, round(SHORTEST * rate)), np.float32)
            part[: stop - start] = mixture[start:stop]
            voices = split(part)[:, : stop - start]
            if pieces:
                before, old = pieces[-1]
                common = old.shape[1] - (start - before)
                fit = old[:, -common:].astype(np.float64) @ voices[:, :common].T
                if fit[0, 1] + fit[1, 0] > fit[0, 0] + fit[1, 1]:
                    voices = voices[::-1]
            pieces.append((start, voices))
        fade, seams = max(1, round(self.windows.fade * rate)), list[Seam]()
        out = np.zeros((2, len(samples)), np.float32)
        for i in range(2):
            joined = [*stitch(((start, voices[i]) for start, voices in pieces), fade, seams)]
            voice = resample(np.concatenate(joined), rate, sample_rate)[: len(samples)]
            out[i, : len(voice)] = voice
        return out


def card_lines(name: str, info: ModelInfo) -> dict[str, Any]:
    """What a model card says of a splitter (see `core.models.PIPELINES`).

    Args:
        name: of the model.
        info: its record.
    """
    return {"title": "Splits a mixture into two voices without video",
            "python": [f"first, second = model(audio, sample_rate={info.sample_rate})"],
            "shell": [f"avspeech profile {name}"]}
