"""Log-mel features of a corpus, computed once and read from the disk as needed.

    cache = features.compute(folder, utterances, root, FeatureConfig(), mels)
    cache.frames("ravdess-01-...", copy=0)  # [T, M] float32; copy 0 is the utterance as it is

A cache holds the speech of each utterance, without the silence around it, and copies that training
may draw instead: at other speeds (and so pitches) and, if configured, as they might sound in life.
A training step then costs only the network. Values are stored as float16: of a log spectrum between
-19 and 5 that is an error of 0.01 at most.

A cache is keyed by what made it: the bytes of the sound files, the settings and the code of the
front end. Where any of these changes, it is computed again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import ranges, sources, storage
from avspeech.data.manifest import Utterance, resolve
from avspeech.emotion.frames import OFFSET
from avspeech.emotion.life import as_in_life
from avspeech.errors import InputError
from avspeech.media import audio

FORMAT = 3
INDEX, FRAMES = "index.json", "frames.npy"
SPEEDS = (0.85, 1.18)  # of copies as in life, lowest and highest; below 1 is slower and deeper


@dataclass(frozen=True)
class FeatureConfig:
    """What is kept of each utterance."""

    # dB below the loudest part; silence at both ends under that is cut (0: none)
    trim: float = 40.0
    margin: float = 0.08  # seconds of that silence that stay
    speeds: tuple[float, ...] = (0.9, 0.95, 1.05, 1.1)  # a copy at each; 0.9 is slower and deeper
    # number of further copies, each at a random speed and as it might sound in life
    # (`life.as_in_life`)
    life: int = 0
    snr: tuple[float, float] = (3.0, 35.0)  # dB of the speech above noise in these copies
    longest: float = 30.0  # seconds kept, from the middle

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "trim", "margin", "life")
        ranges.above(self, 0, "longest")
        ranges.between(self, 0.5, 2, "speeds")
        ranges.ascending(self, "snr")


def trimming(frontend: Mapping[str, Any]) -> FeatureConfig:
    """Reads how silence is cut off from a model's `ModelInfo.frontend`.

    Args:
        frontend: may hold "trim" (dB) and "margin" (seconds); others keep their default.

    Returns:
        A configuration with these two fields set.

    Raises:
        InputError: one of them is not a number of 0 or more.
    """
    given = {key: frontend.get(key, getattr(FeatureConfig, key)) for key in ("trim", "margin")}
    for key, value in given.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value < math.inf:
            raise InputError(f"{key}={value!r}: expected a number of 0 or more; where none is "
                             f"given, it is the model's frontend.{key}")
    return FeatureConfig(**given)


@dataclass(frozen=True)
class MelConfig:
    """The front end that makes a cache: fields of `logmel.LogMelConfig`."""

    mels: int = 64  # bands
    low: float = 50.0  # hertz, lower end of the first band
    high: float = 8000.0  # hertz, upper end of the last band
    floor: float = 1e-8  # added to the power before the logarithm
    filters: str = field(default="htk", repr=False)  # mel scale, "htk" or "slaney"
    quietest: float | None = field(default=None, repr=False)  # dB; see `logmel.leveled`
    loudest: float | None = field(default=None, repr=False)  # dB; see `logmel.leveled`

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that a cache's key is made of; those from `filters` on only where not
        default."""
        given = dataclasses.asdict(self)
        for key, value in (("filters", "htk"), ("quietest", None), ("loudest", None)):
            if given[key] == value:
                del given[key]
        return given

    @property
    def name(self) -> str:
        """A name for the cache's folder: "64", or "64-1a2b3c" where other fields are not
        default."""
        if dataclasses.replace(self, mels=64) == MelConfig():
            return str(self.mels)
        later = [f"{name}={value}" for name, value in self.fields.items()
                 if name in ("quietest", "loudest")]
        text = repr(self) + ("" if self.filters == "htk" else self.filters) + "".join(later)
        return f"{self.mels}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


class Cache:
    """Features of utterances, by id and copy.

    Args:
        folder: of a cache that `compute` made.

    Raises:
        InputError: the folder holds no cache, or one that is damaged.

    Attributes:
        digest: hash of all that made the cache: sounds, settings and code.
        copies: number of copies of each utterance, the utterance itself included.
        mels: number of bands, M.
        row: place of each utterance, by its id.
    """

    def __init__(self, folder: str | Path):
        try:
            index = _index(folder)
            self.all = np.load(Path(folder) / FRAMES, mmap_mode="r", allow_pickle=False)
            self.digest, ids, self.copies = index["hash"], index["ids"], index["copies"]
            lengths = np.asarray(index["lengths"], np.int64).reshape(len(ids), self.copies)
            if len(self.all) != lengths.sum():
                raise ValueError("cut short")
            if storage.content_hash(Path(folder) / FRAMES) != index["frames"]:
                raise ValueError(f"{FRAMES} was changed since, or is damaged")
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{folder}: not a cache of features ({error}); make it again by "
                             "--stage features --stop-stage features --force") from None
        self.mels = self.all.shape[1]
        self.row = {name: i for i, name in enumerate(ids)}
        self.lengths = lengths
        self.starts = np.concatenate([[0], np.cumsum(lengths.ravel())[:-1]]).reshape(lengths.shape)

    def count(self, utterance: str, copy: int = 0) -> int:
        """Number of frames of an utterance, by its id. Raises InputError for an unknown id."""
        return int(self.lengths[self._row(utterance), copy])

    def frames(self, utterance: str, copy: int = 0) -> np.ndarray:
        """Log-mel [T, M] float32 of an utterance, by its id. Raises InputError for an unknown
        id."""
        row = self._row(utterance)
        start = self.starts[row, copy]
        return np.asarray(self.all[start: start + self.lengths[row, copy]], np.float32)

    def _row(self, utterance: str) -> int:
        if utterance not in self.row:
            raise InputError(f"{utterance}: its features are not in the cache; "
                             "run the features stage again")
        return self.row[utterance]


def digest(folder: str | Path) -> str:
    """The `Cache.digest` of a folder, without opening the features; "" where there is no cache."""
    path = Path(folder) / INDEX
    try:
        stat = path.stat()
        return _digest(str(path), stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@functools.lru_cache(maxsize=64)
def _digest(path: str, *stat: int) -> str:
    return str(_index(Path(path).parent)["hash"])


def _index(folder: str | Path) -> dict[str, Any]:
    index = json.loads((Path(folder) / INDEX).read_text(encoding="utf-8"))
    if index["format"] != FORMAT:
        raise ValueError("of another format")
    return index


def key(utterances: Sequence[Utterance], root: str | Path, config: FeatureConfig,
        *others: Any) -> str:
    """The hash of all that decides the features of utterances.

    Args:
        utterances: their ids, their parts of sound files and the bytes of these files count.
        root: what the paths of the files are relative to; it does not count, nor do the paths.
        config: what is kept of each utterance.
        others: further settings, as JSON values.

    Returns:
        16 hexadecimal digits.

    Raises:
        InputError: a file is not there.
    """
    parts = []
    for u in utterances:
        try:
            parts.append([u.id, storage.content_hash(resolve(root, u.audio)), u.start, u.duration])
        except OSError as error:
            raise InputError(f"{resolve(root, u.audio)}: cannot be read ({error.strerror}); "
                             "prepare the corpus again") from None
    content = [FORMAT, sources.module_hash(__name__), dataclasses.asdict(config), parts, *others]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def compute(folder: str | Path, utterances: Sequence[Utterance], root: str | Path,
            config: FeatureConfig = FeatureConfig(), mel: MelConfig = MelConfig(),
            workers: int = 1) -> Cache:
    """Opens the cache of some utterances, or makes it where there is none of the same content.

    Args:
        folder: of the cache; one of other content is replaced.
        utterances: whose sounds it holds.
        root: what the paths of their sounds are relative to.
        config: what is kept of each utterance.
        mel: the front end.
        workers: number of processes.

    Returns:
        The cache.

    Raises:
        InputError: a sound cannot be read, or the folder cannot be written to.
    """
    folder = Path(folder)
    with storage.lock(folder / ".lock"):
        storage.sweep(folder)
        wanted = key(utterances, root, config, mel.fields)
        if digest(folder) == wanted:
            with contextlib.suppress(InputError):  # damaged: it is made again
                return Cache(folder)
        done = _features(utterances, root, config, mel, workers)
        (folder / INDEX).unlink(missing_ok=True)
        with storage.writing(folder / FRAMES) as aside:
            np.save(aside, np.concatenate([x for copies in done for x in copies]),
                    allow_pickle=False)
        lengths = [list(map(len, copies)) for copies in done]
        index = {"format": FORMAT, "hash": wanted, "ids": [u.id for u in utterances],
                 "frames": storage.file_hash(folder / FRAMES),
                 "copies": len(lengths[0]), "lengths": lengths}
        storage.write_atomically(folder / INDEX, json.dumps(index).encode())
        return Cache(folder)


def _features(utterances: Sequence[Utterance], root: str | Path, config: FeatureConfig,
              mel: MelConfig, workers: int) -> list[list[np.ndarray]]:
    """[T, M] float16 of each utterance and its copies."""
    from tqdm import tqdm

    jobs = [(str(resolve(root, u.audio)), u.start, u.duration, config, mel, i)
            for i, u in enumerate(utterances)]
    label = f"features, {mel.mels} bands"
    if workers <= 1:
        return [_copies(job) for job in tqdm(jobs, label, unit="utterance")]
    from avspeech.core import pools

    with pools.pool(workers) as pool:
        return list(tqdm(pool.map(_copies, jobs, chunksize=8), label, len(jobs), unit="utterance"))


def without_offset(samples: np.ndarray) -> np.ndarray:
    """Takes a constant offset off samples [N] float32; what is below `OFFSET` stays, bit for
    bit."""
    if not len(samples):
        return samples
    mean = samples.mean(dtype=np.float64)
    if abs(mean) <= OFFSET * samples.std(dtype=np.float64):
        return samples
    return (samples - mean).astype(np.float32)


def speech(path: str | Path, start: float, duration: float | None, config: FeatureConfig,
           rate: int) -> np.ndarray:
    """An utterance without the silence around it and without a constant offset.

    Args:
        path: sound or video file.
        start: where the utterance begins, in seconds.
        duration: in seconds; None for all that there is.
        config: what is kept of it: trim, margin and longest.
        rate: of the result, in hertz.

    Returns:
        [N] float32.

    Raises:
        InputError: the file cannot be read.
    """
    samples = without_offset(audio.read(path, rate, start, duration))
    begin, end = audio.speech_bounds(samples, rate, config.trim, config.margin)
    samples = samples[begin:end]
    excess = len(samples) - round(config.longest * rate)
    return samples[excess // 2:][: len(samples) - excess] if excess > 0 else samples


def _copies(job: tuple[str, float, float, FeatureConfig, MelConfig, int]) -> list[np.ndarray]:
    """[T, M] float16 of an utterance and each of its copies."""
    import torch

    from avspeech.emotion.logmel import leveled

    torch.set_num_threads(1)
    path, start, duration, config, mel, seed = job
    rate = audio.SAMPLE_RATE
    samples = speech(path, start, duration, config, rate)
    sounds = [samples]
    for speed in config.speeds:
        sounds.append(audio.resample(samples, round(rate * speed), rate))
    rng = np.random.default_rng([seed, 7])
    for _ in range(config.life):
        x = audio.resample(samples, round(rate * rng.uniform(*SPEEDS)), rate)
        sounds.append(as_in_life(rng, x, rate, config.snr))
    front = _front_end(mel)
    out = []
    with torch.no_grad():
        for x in sounds:
            one = torch.from_numpy(np.ascontiguousarray(x, np.float32))[None]
            out.append(front(leveled(one, None, mel.quietest, mel.loudest))[0].half().numpy())
    return out


@functools.lru_cache(maxsize=1)
def _front_end(mel: MelConfig) -> Any:
    """Built once a process: it takes as long as an utterance."""
    from avspeech.emotion.logmel import LogMel, LogMelConfig

    return LogMel(LogMelConfig(**dataclasses.asdict(mel)))
