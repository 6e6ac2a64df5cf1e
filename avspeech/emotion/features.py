"""Log-mel features of a corpus, computed once and read from the disk as needed.

    cache = features.compute(folder, utterances, root, FeatureConfig(), mels)
    cache.frames("ravdess-01-...", copy=0)  # [T, M] float32; copy 0 is the utterance as it is

A cache holds, of each utterance, the speech without the silence around it, and copies of it that training
may draw instead: other speeds (and so pitches), and, where asked for, noise and a room. A training step then
costs only the network. Values are kept as float16: of a log spectrum between -19 and 5 that is 0.01 at worst.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.data.manifest import Utterance, resolve
from avspeech.errors import InputError
from avspeech.media import audio

FORMAT = 1
INDEX, FRAMES = "index.json", "frames.npy"


@dataclass(frozen=True)
class FeatureConfig:
    """What is kept of each utterance.

    trim: silence around the speech that is more than so many dB below its loudest part is cut off, all but
    `margin` seconds (0: nothing is cut). speeds: a copy at each, 0.9 is slower and deeper; the first copy is
    always the utterance itself. noisy: so many copies more, in a room drawn by chance, with noise `snr` dB
    below the speech. longest: seconds kept, from the middle.
    """

    trim: float = 40.0
    margin: float = 0.08
    speeds: tuple[float, ...] = (0.9, 0.95, 1.05, 1.1)
    noisy: int = 0
    snr: tuple[float, float] = (8.0, 30.0)
    longest: float = 30.0

    def __post_init__(self) -> None:
        if self.trim < 0 or self.margin < 0 or self.noisy < 0 or not self.longest > 0:
            raise InputError("features: trim, margin and noisy should be 0 or more, longest above 0")
        if any(not 0.5 <= s <= 2 for s in self.speeds):
            raise InputError(f"features.speeds={list(self.speeds)}: expected values from 0.5 to 2")


def trimming(frontend: Mapping[str, Any]) -> FeatureConfig:
    """`trim` and `margin` of a model's `ModelInfo.frontend`. Raises InputError for what they cannot be."""
    given = {key: frontend.get(key, getattr(FeatureConfig, key)) for key in ("trim", "margin")}
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            raise InputError(f"the model's frontend.{key} should be a number of 0 or more, got {value!r}")
    return FeatureConfig(**given)


@dataclass(frozen=True)
class MelConfig:
    """The front end that made a cache: fields of `nn.logmel.LogMelConfig`."""

    mels: int = 64
    low: float = 50.0
    high: float = 8000.0
    floor: float = 1e-8
    filters: str = field(default="htk", repr=False)

    @property
    def fields(self) -> dict[str, Any]:
        """What a cache's hash is made of: the filters only where they are not the default, as when there
        were no others."""
        given = dataclasses.asdict(self)
        return {key: value for key, value in given.items() if key != "filters" or value != "htk"}

    @property
    def name(self) -> str:
        """Of a folder for it: "64", or "64-1a2b3c" where other fields are not at their default."""
        if dataclasses.replace(self, mels=64) == MelConfig():
            return str(self.mels)
        told = repr(self) + ("" if self.filters == "htk" else self.filters)
        return f"{self.mels}-{hashlib.sha256(told.encode()).hexdigest()[:6]}"


class Cache:
    """Features of utterances, by id and copy."""

    def __init__(self, folder: str | Path):
        """Opens a cache. Raises InputError for a folder that is none."""
        try:
            index = json.loads((Path(folder) / INDEX).read_text(encoding="utf-8"))
            self.all = np.load(Path(folder) / FRAMES, mmap_mode="r", allow_pickle=False)
            self.hash, ids, self.copies = index["hash"], index["ids"], index["copies"]
            lengths = np.asarray(index["lengths"], np.int64).reshape(len(ids), self.copies)
            if index["format"] != FORMAT or len(self.all) != lengths.sum():
                raise ValueError("of another format, or cut short")
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{folder}: not a cache of features ({error}); run the features stage") from None
        self.mels = self.all.shape[1]
        self.row = {name: i for i, name in enumerate(ids)}
        self.lengths = lengths
        self.starts = np.concatenate([[0], np.cumsum(lengths.ravel())[:-1]]).reshape(lengths.shape)

    def count(self, utterance: str, copy: int = 0) -> int:
        """Frames of an utterance, by id."""
        return int(self.lengths[self._row(utterance), copy])

    def frames(self, utterance: str, copy: int = 0) -> np.ndarray:
        """Log-mel [T, M] float32 of an utterance, by id. Raises InputError for an id that is not in it."""
        row = self._row(utterance)
        start = self.starts[row, copy]
        return np.asarray(self.all[start: start + self.lengths[row, copy]], np.float32)

    def _row(self, utterance: str) -> int:
        if utterance not in self.row:
            raise InputError(f"{utterance}: its features are not in the cache; run the features stage again")
        return self.row[utterance]


def compute(folder: str | Path, utterances: Sequence[Utterance], root: str | Path,
            config: FeatureConfig = FeatureConfig(), mel: MelConfig = MelConfig(), workers: int = 1) -> Cache:
    """The cache of `utterances` (their audio below `root`) in `folder`: opened where it is there already and
    of the same, else made, in `workers` processes. Raises InputError for audio that cannot be read."""
    from tqdm import tqdm

    folder = Path(folder)
    content = [FORMAT, dataclasses.asdict(config), mel.fields,
               [[u.id, u.audio, u.start, u.duration] for u in utterances]]
    wanted = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    if (folder / INDEX).exists():
        there = Cache(folder)
        if there.hash == wanted:
            return there
    jobs = [(str(resolve(root, u.audio)), u.start, u.duration, config, mel, i)
            for i, u in enumerate(utterances)]
    label = f"features, {mel.mels} bands"
    if workers > 1:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            done = list(tqdm(pool.map(_copies, jobs, chunksize=8), label, len(jobs), unit="utterance"))
    else:
        done = [_copies(job) for job in tqdm(jobs, label, unit="utterance")]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / INDEX).unlink(missing_ok=True)
    lengths = [[len(x) for x in copies] for copies in done]
    np.save(folder / FRAMES, np.concatenate([x for copies in done for x in copies]), allow_pickle=False)
    index = {"format": FORMAT, "hash": wanted, "ids": [u.id for u in utterances], "copies": len(lengths[0]),
             "lengths": lengths}
    aside = folder / (INDEX + ".part")
    aside.write_text(json.dumps(index), encoding="utf-8")
    os.replace(aside, folder / INDEX)
    return Cache(folder)


def speech(path: str | Path, start: float, duration: float | None, config: FeatureConfig,
           rate: int) -> np.ndarray:
    """[N] float32 at `rate`: an utterance without the silence around it, at most `config.longest` of it.
    duration: in seconds, None for all that there is."""
    samples = audio.read(path, rate, start, duration)
    begin, end = audio.speech_bounds(samples, rate, config.trim, config.margin)
    samples = samples[begin:end]
    excess = len(samples) - round(config.longest * rate)
    return samples[excess // 2:][: len(samples) - excess] if excess > 0 else samples


def _copies(job: tuple[str, float, float, FeatureConfig, MelConfig, int]) -> list[np.ndarray]:
    """[T, M] float16 of an utterance and each of its copies."""
    import torch

    torch.set_num_threads(1)
    path, start, duration, config, mel, seed = job
    rate = audio.SAMPLE_RATE
    samples = speech(path, start, duration, config, rate)
    sounds = [samples, *(audio.resample(samples, round(rate * speed), rate) for speed in config.speeds)]
    rng = np.random.default_rng([seed, 7])
    sounds += [in_a_room(rng, samples, rate, float(rng.uniform(*config.snr))) for _ in range(config.noisy)]
    front = _front_end(mel)
    with torch.no_grad():
        return [front(torch.from_numpy(np.ascontiguousarray(x, np.float32))[None])[0].half().numpy()
                for x in sounds]


@functools.lru_cache(maxsize=1)
def _front_end(mel: MelConfig) -> Any:
    """Built once a process: it takes as long as an utterance."""
    from avspeech.emotion.logmel import LogMel, LogMelConfig

    return LogMel(LogMelConfig(**dataclasses.asdict(mel)))


def in_a_room(rng: np.random.Generator, samples: np.ndarray, rate: int, snr: float) -> np.ndarray:
    """samples [N] in a room drawn by chance (Polack's model, 1988: white noise under an exponential decay,
    here -60 dB after 0.15 to 0.6 s, the direct sound 0 to 12 dB above it), with noise of a chance slope (0 to
    -6 dB an octave) `snr` dB below. The level of the speech stays."""
    n, length = len(samples), rng.uniform(0.15, 0.6) * rate
    tail = rng.standard_normal(round(length)) * 10 ** (-3 * np.arange(round(length)) / length)
    tail *= 10 ** (-rng.uniform(0, 12) / 20) / np.linalg.norm(tail)
    tail[0] = 1.0
    size = 1 << (n + len(tail)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[:n]
    noise: Any = np.fft.rfft(rng.standard_normal(size))
    noise = np.fft.irfft(noise / np.maximum(np.arange(len(noise)), 1) ** rng.uniform(0, 1), size)[:n]
    power = float(np.mean(np.square(samples)))
    wet *= np.sqrt(power / max(float(np.mean(np.square(wet))), 1e-12))
    noise *= np.sqrt(power * 10 ** (-snr / 10) / max(float(np.mean(np.square(noise))), 1e-12))
    return (wet + noise).astype(np.float32)
