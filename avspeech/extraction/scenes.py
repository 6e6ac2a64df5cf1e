"""Scenes of sound without pictures: voices in rooms, with noise, through a microphone.

`VoiceSplitter` learns from them. A scene is a pure function of a seed, so that a test set is a
list of seeds, and training draws new ones without end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avspeech.core import ranges
from avspeech.core.batching import Batch
from avspeech.data.manifest import read_jsonl, write_jsonl
from avspeech.errors import InputError
from avspeech.extraction.mixing import resampled, speech_level
from avspeech.extraction.voices import VoiceSplitter, splitting_loss
from avspeech.media.audio import SAMPLE_RATE
from avspeech.report import metrics

# "two": two speakers. "same": two parts of one speaker's recording. "alone": one speaker; the
# second voice is silent.
KINDS = ("two", "same", "alone")
EARLY = 0.05  # seconds of a room's response that belong to the voice that is wanted


@dataclass
class SceneConfig:
    """What is drawn, in which proportion."""

    kinds: dict[str, float] = field(
        default_factory=lambda: {"two": 0.65, "same": 0.2, "alone": 0.15}  # weights
    )
    segment: float = 4.0  # seconds of a scene
    gains: tuple[float, float] = (-5.0, 5.0)  # dB: range of the second voice's level over the first
    partial: float = 0.3  # chance that a voice begins late or ends early
    speed: float = 0.12  # share by which a voice is played faster or slower at most
    room: float = 0.6  # chance of reverberation
    decay: tuple[float, float] = (0.1, 0.7)  # seconds in which it falls by 60 dB
    direct: tuple[float, float] = (0.0, 15.0)  # dB: range of the direct sound over the rest
    noise: float = 0.5  # chance of noise: hiss, hum, babble, tones
    noise_db: tuple[float, float] = (-25.0, -3.0)  # dB: range of its level over the first voice's
    third: float = 0.08  # chance of a third, quieter voice, which counts as noise
    microphone: float = 0.6  # chance of a microphone's or a line's frequency response

    def __post_init__(self) -> None:
        ranges.weights(self, "kinds", KINDS, "scene")
        ranges.above(self, 0.5, "segment")
        ranges.between(self, 0, 1, "partial", "room", "noise", "third", "microphone")
        ranges.between(self, 0, 0.5, "speed")
        ranges.ascending(self, "gains", "direct", "noise_db")
        ranges.ascending(self, "decay", lowest=0)


class Voices:
    """Recordings of many speakers, as one file of 16 bit samples and a list of its pieces.

    Args:
        path: of `write_voices`, without its suffix.

    Raises:
        InputError: the files are missing or damaged, or hold fewer than two speakers.
    """

    def __init__(self, path: str | Path):
        path = Path(path)
        self.pieces: dict[str, list[tuple[int, int]]] = {}
        for where, row in read_jsonl(path.with_suffix(".jsonl")):
            if not isinstance(row, dict) or not {"speaker", "start", "count"} <= set(row):
                raise InputError(f"{where}: expected the keys speaker, start and count")
            self.pieces.setdefault(row["speaker"], []).append((row["start"], row["count"]))
        self.speakers = list(self.pieces)
        if len({person(name) for name in self.speakers}) < 2:
            raise InputError(f"{path}.jsonl: scenes need at least two speakers, "
                             f"got {len(self.speakers)}")
        try:
            self.samples = np.load(path.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}.npy: cannot be read ({error}); make it again") from None

    def piece(self, rng: np.random.Generator, speaker: str, samples: int,
              avoid: tuple[int, int] | None = None) -> tuple[np.ndarray, tuple[int, int]]:
        """A stretch of a speaker's recordings.

        Args:
            rng: source of chance.
            speaker: whose.
            samples: its length N.
            avoid: (first, end) of a stretch that it must not overlap, as far as that is possible.

        Returns:
            (float32, at most N samples; (first, end) of it).
        """
        best: tuple[int, tuple[int, int]] | None = None
        for _ in range(12):
            start, count = self.pieces[speaker][rng.integers(len(self.pieces[speaker]))]
            first = start + int(rng.integers(max(count - samples, 0) + 1))
            end = min(first + samples, start + count)
            common = max(0, min(end, avoid[1]) - max(first, avoid[0])) if avoid else 0
            if best is None or common < best[0]:
                best = common, (first, end)
            if not common:
                break
        assert best is not None
        first, end = best[1]
        return self.samples[first:end].astype(np.float32) / 32768, best[1]


def person(speaker: str) -> str:
    """The speaker whose recordings a changed voice ("libri-19~2") was made from."""
    return speaker.partition("~")[0]


def write_voices(path: str | Path, clips: Sequence[tuple[str, np.ndarray]]) -> None:
    """Writes recordings for `Voices`.

    Args:
        path: of the two files, without suffix.
        clips: (speaker, samples from -1 to 1).
    """
    from avspeech.core import storage

    path, place, rows = Path(path), 0, []
    for speaker, samples in clips:
        rows.append({"speaker": speaker, "start": place, "count": len(samples)})
        place += len(samples)
    whole = np.concatenate([np.clip(np.rint(x * 32767), -32768, 32767).astype(np.int16)
                            for _, x in clips]) if clips else np.zeros(0, np.int16)
    with storage.writing(path.with_suffix(".npy")) as aside, open(aside, "wb") as file:
        np.save(file, whole)
    write_jsonl(path.with_suffix(".jsonl"), rows)


def filtered(samples: np.ndarray, responses: Sequence[np.ndarray]) -> np.ndarray:
    """Convolution with several impulse responses, as long as the input.

    Args:
        samples: `[N]`.
        responses: R of them, `[M]` each; M may differ.

    Returns:
        float32 `[R, N]`.
    """
    from scipy import fft

    n = len(samples)
    size = fft.next_fast_len(n + max(map(len, responses)) - 1, real=True)
    spectrum = fft.rfft(samples.astype(np.float32), size)
    return np.stack([fft.irfft(spectrum * fft.rfft(r.astype(np.float32), size), size)[:n]
                     for r in responses])


def room(rng: np.random.Generator, decay: float, direct_db: float) -> np.ndarray:
    """A room's impulse response: the direct sound, and echoes that grow denser and fainter.

    Args:
        rng: source of chance.
        decay: seconds in which it falls by 60 dB.
        direct_db: level of the direct sound over the echoes.

    Returns:
        `[M]`; the direct sound is its first sample, 1.
    """
    t = np.arange(1, round(decay * SAMPLE_RATE)) / SAMPLE_RATE
    dense = np.minimum(0.005 + (t / 0.06) ** 2, 1.0)
    echoes = rng.standard_normal(len(t)) * (rng.random(len(t)) < dense) * np.exp(-6.9 * t / decay)
    echoes[: round(0.002 * SAMPLE_RATE)] = 0
    # Walls and air swallow high tones first
    echoes = np.convolve(echoes, [0.25, 0.5, 0.25], "same")
    echoes *= 10 ** (-direct_db / 20) / max(float(np.sqrt((echoes**2).sum())), 1e-9)
    return np.concatenate([[1.0], echoes])


def microphone(rng: np.random.Generator, samples: int) -> np.ndarray:
    """The frequency response of a microphone, a telephone or a loudspeaker.

    Args:
        rng: source of chance.
        samples: of the signals that pass it.

    Returns:
        `[samples // 2 + 1]`.
    """
    hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    places = np.log(np.array([50, 200, 500, 1200, 2500, 5000, 8000]))
    tilt = np.interp(np.log(np.maximum(hertz, 20)), places, rng.uniform(-6, 6, len(places)))
    low = np.exp(rng.uniform(*np.log([40, 300])))
    high = np.exp(rng.uniform(*np.log([2800, 9000])))
    order = 2 * rng.integers(2, 6)
    return 10 ** (tilt / 20) / np.sqrt((1 + (low / np.maximum(hertz, 1)) ** 4)
                                       * (1 + (hertz / high) ** order))


def noise(rng: np.random.Generator, voices: Voices, samples: int) -> np.ndarray:
    """Noise of RMS 1: hiss of any color that swells and fades, hum, babble of many, or tones.

    Args:
        rng: source of chance.
        voices: who babbles.
        samples: its length N.

    Returns:
        float32 `[N]`.
    """
    from scipy import fft

    kind = rng.choice(["hiss", "hum", "babble", "tones"], p=[0.5, 0.1, 0.2, 0.2])
    t = np.arange(samples) / SAMPLE_RATE
    spectrum = fft.rfft(rng.standard_normal(samples, dtype=np.float32))
    low = samples / SAMPLE_RATE * 20.0
    spectrum *= (np.maximum(np.arange(len(spectrum)), low) / low) ** -rng.uniform(0, 1.2)
    out = fft.irfft(spectrum, samples).astype(np.float64)
    if rng.random() < 0.5:
        knots = max(2, round(samples / SAMPLE_RATE * rng.uniform(0.5, 6)))
        out *= np.interp(t, np.linspace(0, t[-1], knots), np.exp(rng.normal(0, 0.8, knots)))
    out /= max(float(np.sqrt(np.mean(out**2))), 1e-9)
    if kind == "hum":
        base = rng.choice([50, 60, 100, 120]) * rng.uniform(0.99, 1.01)
        for k in range(1, 9):
            out += rng.exponential(1.0) / k * np.sin(2 * np.pi * (k * base * t + rng.random()))
    elif kind == "babble":
        out *= 0.1
        for _ in range(int(rng.integers(4, 9))):
            speaker = voices.speakers[rng.integers(len(voices.speakers))]
            voice, _ = voices.piece(rng, speaker, samples)
            out[: len(voice)] += voice / speech_level(voice) * 10 ** (rng.uniform(-6, 0) / 20)
    elif kind == "tones":
        out *= 0.05
        begin, key = 0, rng.uniform(55, 110)
        while begin < samples:
            length = round(SAMPLE_RATE * rng.uniform(0.15, 0.6))
            for step in rng.choice(24, int(rng.integers(1, 4)), replace=False):
                s = t[: min(2 * length, samples - begin)]
                pitch = key * 2 ** (int(step) / 12 + rng.integers(0, 3))
                fall = np.minimum(s / 0.01, 1) * np.exp(-s * rng.uniform(2, 10))
                for k in range(1, int(rng.integers(2, 7))):
                    if k * pitch < SAMPLE_RATE / 2:
                        out[begin: begin + len(s)] += (
                            fall / k * np.sin(2 * np.pi * (k * pitch * s + rng.random())))
            begin += length
    return (out / max(float(np.sqrt(np.mean(out**2))), 1e-9)).astype(np.float32)


def draw(rng: np.random.Generator, voices: Voices, config: SceneConfig,
         first: str | None = None, kind: str | None = None) -> dict[str, Any]:
    """Draws a scene.

    Args:
        rng: source of chance.
        voices: who speaks.
        config: what is drawn.
        first: the first speaker; drawn, if None.
        kind: of `KINDS`; drawn, if None.

    Returns:
        kind, speakers (the one or two whose voices are wanted), mixture float32 `[N]`, voices
        float32 `[2, N]`: each with the first 50 ms of the room's echoes, through the microphone, as
        it is in the mixture.
    """
    n = round(config.segment * SAMPLE_RATE)
    if kind is None:
        weights = np.array([config.kinds.get(k, 0.0) for k in KINDS])
        kind = KINDS[rng.choice(len(KINDS), p=weights / weights.sum())]
    first = first or voices.speakers[rng.integers(len(voices.speakers))]

    def other() -> str:
        while True:
            name = voices.speakers[rng.integers(len(voices.speakers))]
            if person(name) != person(first):
                return name

    speed = float(rng.uniform(1 - config.speed, 1 + config.speed))
    decay = float(rng.uniform(*config.decay)) if rng.random() < config.room else 0.0
    wanted = np.zeros((2, n), np.float32)
    voice, place = _said(rng, voices, config, first, speed)
    wanted[0], mixture = _heard(rng, config, voice, decay)
    mixture = mixture.copy()
    speakers = [first]
    if kind != "alone":
        # One person speaks in one voice, and so is played at one speed
        speakers.append(first if kind == "same" else other())
        voice, _ = (_said(rng, voices, config, first, speed, place) if kind == "same" else
                    _said(rng, voices, config, speakers[1],
                          float(rng.uniform(1 - config.speed, 1 + config.speed))))
        gain = np.float32(10 ** (rng.uniform(*config.gains) / 20))
        wanted[1], whole = _heard(rng, config, voice * gain, decay)
        mixture += whole
    if rng.random() < config.third and kind == "two":
        voice, _ = _said(rng, voices, config, other(), 1.0)
        gain = np.float32(10 ** (rng.uniform(-18, -8) / 20))
        mixture += _heard(rng, config, voice * gain, decay)[1]
    if rng.random() < config.noise:
        mixture += noise(rng, voices, n) * np.float32(10 ** (rng.uniform(*config.noise_db) / 20))
    if rng.random() < config.microphone:
        from scipy import fft

        response = microphone(rng, n)
        passed = fft.irfft(fft.rfft(np.stack([mixture, *wanted])) * response.astype(np.float32), n)
        mixture, wanted = passed[0], passed[1:]
    level = np.float32(0.1 / max(float(np.sqrt(np.mean(mixture**2))), 1e-6))
    return {"kind": kind, "speakers": speakers, "mixture": mixture * level,
            "voices": wanted * level}


def _said(rng: np.random.Generator, voices: Voices, config: SceneConfig, speaker: str, speed: float,
          avoid: tuple[int, int] | None = None) -> tuple[np.ndarray, tuple[int, int]]:
    """What one speaker says in a scene.

    Args:
        rng: source of chance.
        voices: of all speakers.
        config: of the scene.
        speaker: who speaks.
        speed: at which the recording is played.
        avoid: a place in the speaker's recordings that is taken already.

    Returns:
        float32 `[N]`, its speech at an RMS of 1; and its place in the speaker's recordings.
    """
    n = round(config.segment * SAMPLE_RATE)
    part, place = voices.piece(rng, speaker, round(n * speed / 800) * 800, avoid)
    if config.speed:
        # Fourier transforms of awkward lengths are slow
        part = part[: max(len(part) // 800, 1) * 800]
        part = resampled(part, min(max(round(len(part) / speed / 800), 1) * 800, n))
    part = part / speech_level(part)
    late = int(rng.integers(n - len(part) + 1))
    if rng.random() < config.partial:
        late = int(rng.uniform(-0.6, 0.6) * n)
    whole = np.zeros(n, np.float32)
    part = part[max(-late, 0):][: n - max(late, 0)]
    whole[max(late, 0): max(late, 0) + len(part)] = part
    return whole, place


def _heard(rng: np.random.Generator, config: SceneConfig, voice: np.ndarray, decay: float
           ) -> tuple[np.ndarray, np.ndarray]:
    """A voice in the room of a scene.

    Args:
        rng: source of chance.
        config: of the scene.
        voice: `[N]`.
        decay: of the room; 0: there is none.

    Returns:
        What is wanted of it and all of it, `[N]` each.
    """
    if not decay:
        return voice, voice
    response = room(rng, decay, float(rng.uniform(*config.direct)))
    early, whole = filtered(voice, [response[: round(EARLY * SAMPLE_RATE)], response])
    return early, whole


class DrawnScenes:
    """Training data: a new scene for each speaker in each epoch (a `batching.Dataset`).

    Args:
        voices: who speaks.
        config: what is drawn.
    """

    def __init__(self, voices: Voices, config: SceneConfig):
        self.voices, self.config = voices, config
        self.lengths = [config.segment] * len(voices.speakers)

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """One example: see `draw`.

        Args:
            index: of the first speaker.
            seed: of everything that is drawn.
        """
        speaker = self.voices.speakers[index]
        return {"id": speaker,
                **draw(np.random.default_rng(seed), self.voices, self.config, speaker)}

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """ids, mixture `[B, N]`, voices `[B, 2, N]`."""
        return {"ids": [item["id"] for item in items],
                **{key: torch.from_numpy(np.stack([item[key] for item in items]))
                   for key in ("mixture", "voices")}}


def training_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """Loss of a `VoiceSplitter` for the trainer.

    Args:
        model: the splitter.
        batch: of `DrawnScenes.collate`.
    """
    estimates = model(batch["mixture"])
    with torch.autocast(estimates.device.type, enabled=False):
        losses = splitting_loss(estimates.float(), batch["voices"], batch["mixture"])
    return losses.mean(), {}


@torch.no_grad()
def evaluate(model: VoiceSplitter, voices: Voices, config: SceneConfig, kind: str, count: int,
             seed: Sequence[int]) -> list[dict[str, Any]]:
    """Measures a splitter on scenes of one kind, with its outputs in the best order.

    Args:
        model: the splitter.
        voices: who speaks.
        config: of the scenes.
        kind: of `KINDS`.
        count: of the scenes.
        seed: of the scenes.

    Returns:
        A row for each scene, in dB. For two voices: si_sdri, their mean. For one: si_sdr, gain
        (0: the true level), and rest, how far the second output lies below the mixture. And
        speakers, whose they are.
    """
    model.eval()
    on = next(model.parameters()).device
    rows = []
    for number in range(count):
        rng = np.random.default_rng([*seed, KINDS.index(kind), number])
        scene = draw(rng, voices, config, kind=kind)
        mixture, wanted = scene["mixture"], scene["voices"]
        out = model(torch.from_numpy(mixture).unsqueeze(0).to(on))[0].float().cpu().numpy()
        if kind == "alone":
            out = sorted(out, key=lambda x: -float(np.dot(x, wanted[0])))
            rows.append({"speakers": scene["speakers"],
                         "si_sdr": float(metrics.si_sdr(out[0], wanted[0])),
                         "gain": float(metrics.gain_error_db(out[0], wanted[0])),
                         "rest": float(metrics.attenuation_db(out[1], mixture))})
            continue
        both = [np.mean([metrics.si_sdr_improvement(out[i], wanted[j], mixture)
                         for i, j in zip(order, (0, 1))]) for order in ((0, 1), (1, 0))]
        rows.append({"speakers": scene["speakers"], "si_sdri": float(max(both))})
    return rows
