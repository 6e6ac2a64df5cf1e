"""Runs the one file that `synthesis.export` writes, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import exporting


class Voice:
    """Runs an exported file by onnxruntime.

    Args:
        path: the file.
        threads: of the CPU.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        self.session = exporting.onnx_session(path, threads)
        meta = self.session.get_modelmeta().custom_metadata_map
        self.sample_rate, self.hop = int(meta["sample_rate"]), int(meta["hop"])
        self.temperature = float(meta["temperature"])
        self.channels = self.session.get_inputs()[-2].shape[2]

    def __call__(self, ids: Sequence[int], last: Sequence[int] | None = None, speaker: Any = 0,
                 slopes: Sequence[float] = (), rate: float = 1.0,
                 break_seconds: Sequence[float] | None = None, steps: int = 4,
                 temperature: float | None = None, seed: int = 0, noise: np.ndarray | None = None,
                 wave_noise: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Speaks one sentence.

        Args:
            ids: L symbols (`text.Script.ids`).
            last: L numbers of phrases (`phrasing.last_words`).
            speaker: a number, or a vector `[D]`.
            slopes: semitones over the last word of each phrase, NaN where not asked for.
            rate: 1.2 is 20 % faster.
            break_seconds: L lengths of breaks, NaN where not asked for.
            steps: of the flow.
            temperature: of the noise (default: the voice's own).
            seed: of the noise.
            noise: `[1, T, M]`, in place of drawn noise.
            wave_noise: `[1, T, hop]`, in place of drawn noise.

        Returns:
            {"audio": `[N]`, "durations": `[L]`, "mel": `[M, T]`, and "f0": `[T]` of some voices}.
        """
        rng, count = np.random.default_rng(seed), len(ids)
        noise = rng.standard_normal((1, 2048, self.channels)) if noise is None else noise
        wave_noise = rng.standard_normal((1, 2048, self.hop)) if wave_noise is None else wave_noise
        floats = {"slopes": [slopes if len(slopes) else [np.nan]],
                  "rate": np.full((1, count), rate),
                  "break_seconds": np.full((1, count), np.nan) if break_seconds is None
                  else [break_seconds],
                  "temperature": self.temperature if temperature is None else temperature,
                  "noise": noise, "wave_noise": wave_noise}
        vector = np.asarray(speaker)
        outputs = self.session.run(None, {
            "ids": np.asarray([ids], np.int64), "steps": np.asarray(steps, np.int64),
            "last": np.asarray([[0] * count if last is None else last], np.int64),
            "speaker": vector.reshape(1) if vector.ndim == 0
            else vector.reshape(1, -1).astype(np.float32),
            **{k: np.asarray(v, np.float32) for k, v in floats.items()}})
        names = [o.name for o in self.session.get_outputs()]
        return {name: value[0] for name, value in zip(names, outputs, strict=True)}
