"""Clean speech made to sound as it does in life: a room, noise, another microphone, a telephone or
a codec.

    heard = as_in_life(np.random.default_rng(0), samples, 16000)

Emotion corpora are recorded close to a good microphone in a quiet room. `emotion/features.py` keeps
a few such copies of each training utterance, drawn once. Level and offset need no copies: models
hear neither (`logmel.leveled`).
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from avspeech.media import audio

SNR = (3.0, 35.0)  # dB of the speech above added noise
# Name -> rate, container, subtype and compression level of libsndfile. GSM 06.10 has 13 kbit/s,
# A-law 64 at 8 kHz, MP3 about 30, the two of Opus about 10 and 30.
CHANNELS: dict[str, tuple[int, str, str, float | None]] = {
    "gsm": (8000, "WAV", "GSM610", None), "alaw": (8000, "WAV", "ALAW", None),
    "mp3": (16_000, "MP3", "MPEG_LAYER_III", 0.5), "opus": (16_000, "OGG", "OPUS", 1.0),
    "opus-telephone": (8000, "OGG", "OPUS", None)}
_TINY = 1e-12


def as_in_life(rng: np.random.Generator, samples: np.ndarray, rate: int,
               snr: tuple[float, float] = SNR, coded: float = 0.4) -> np.ndarray:
    """A random chain of what happens to speech: room, noise and microphone with a probability of a
    half each, then one of `CHANNELS` or the band of a telephone. Nothing is shifted in time.

    Args:
        rng: draws everything.
        samples: [N] floats.
        rate: in hertz.
        snr: dB of the speech above the noise, drawn evenly from this range.
        coded: probability of a channel.

    Returns:
        [N] float32, at the level that it had.
    """
    power, x = _power(samples), samples
    if rng.random() < 0.5:
        x = in_a_room(rng, x, rate)
    if rng.random() < 0.5:
        x = with_noise(rng, x, float(rng.uniform(*snr)))
    if rng.random() < 0.5:
        x = through_microphone(rng, x, rate)
    if rng.random() < coded:
        name = str(rng.choice(["band", *CHANNELS]))
        x = telephone(x, rate) if name == "band" else through_channel(x, rate, name)
    return (x * np.sqrt(power / max(_power(x), _TINY))).astype(np.float32)


def in_a_room(rng: np.random.Generator, samples: np.ndarray, rate: int) -> np.ndarray:
    """Speech with the echo of a random room, at its own level.

    The echo is Polack's model (1988): white noise under an exponential decay, here to -60 dB after
    0.15 to 0.6 s, with the direct sound 0 to 12 dB above it.

    Args:
        rng: draws the room.
        samples: [N].
        rate: in hertz.

    Returns:
        [N] float32.
    """
    n, length = len(samples), rng.uniform(0.15, 0.6) * rate
    tail = rng.standard_normal(round(length)) * 10 ** (-3 * np.arange(round(length)) / length)
    tail *= 10 ** (-rng.uniform(0, 12) / 20) / np.linalg.norm(tail)
    tail[0] = 1.0
    size = _fast(n + len(tail))
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[:n]
    return (wet * np.sqrt(_power(samples) / max(_power(wet), _TINY))).astype(np.float32)


def with_noise(rng: np.random.Generator, samples: np.ndarray, snr: float) -> np.ndarray:
    """Speech with noise that falls by 0 to 6 dB an octave.

    Args:
        rng: draws the noise.
        samples: [N].
        snr: dB of the speech above the noise.

    Returns:
        [N] float32.
    """
    size = _fast(len(samples))
    noise: Any = np.fft.rfft(rng.standard_normal(size))
    slope = np.maximum(np.arange(len(noise)), 1) ** rng.uniform(0, 1)
    noise = np.fft.irfft(noise / slope, size)[:len(samples)]
    wanted = _power(samples) * 10 ** (-snr / 10)
    return (samples + noise * np.sqrt(wanted / max(_power(noise), _TINY))).astype(np.float32)


def _shaped(samples: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """[N] float32 with a gain at each frequency of a transform of `_fast(N)` samples."""
    size = _fast(len(samples))
    return np.fft.irfft(np.fft.rfft(samples, size) * gain, size)[:len(samples)].astype(np.float32)


def through_microphone(rng: np.random.Generator, samples: np.ndarray, rate: int) -> np.ndarray:
    """Speech through a smooth random filter: up to some 10 dB between bands, and less below a
    corner of 50 to 250 Hz.

    Args:
        rng: draws the filter.
        samples: [N].
        rate: in hertz.

    Returns:
        [N] float32.
    """
    hertz = np.fft.rfftfreq(_fast(len(samples)), 1 / rate)
    place = np.log1p(hertz / 300) / np.log1p(rate / 600)  # 0..1, about as the ear spaces them
    waves = np.cos(np.pi * np.arange(1, 5)[:, None] * place)
    gain = 10 ** ((rng.normal(0, 3, 4) @ waves) / 20)
    gain /= 1 + (rng.uniform(50, 250) / np.maximum(hertz, 1)) ** 4
    return _shaped(samples, gain)


def telephone(samples: np.ndarray, rate: int) -> np.ndarray:
    """Speech in the band of a telephone, 300 to 3400 Hz.

    Args:
        samples: [N].
        rate: in hertz.

    Returns:
        [N] float32.
    """
    hertz = np.fft.rfftfreq(_fast(len(samples)), 1 / rate)
    gain = 1 / (1 + (300 / np.maximum(hertz, 1)) ** 8) / (1 + (hertz / 3400) ** 40)
    return _shaped(samples, gain)


def through_channel(samples: np.ndarray, rate: int, name: str) -> np.ndarray:
    """Speech that was coded and decoded.

    Args:
        samples: [N]; peaks above full scale are scaled down first.
        rate: in hertz.
        name: in `CHANNELS`.

    Returns:
        float32 [N], at the same rate.
    """
    import soundfile

    own, container, subtype, level = CHANNELS[name]
    x = audio.resample(samples, rate, own)
    x = x / max(1.0, float(np.abs(x).max(initial=0)) * 1.05)
    file, more = io.BytesIO(), {} if level is None else {"compression_level": level}
    soundfile.write(file, x, own, format=container, subtype=subtype, **more)
    file.seek(0)
    decoded, decoded_rate = soundfile.read(file, dtype="float32")
    out = audio.resample(decoded, decoded_rate, rate)
    return np.pad(out, (0, max(0, len(samples) - len(out))))[:len(samples)].astype(np.float32)


def _power(samples: np.ndarray) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def _fast(length: int) -> int:
    """A power of two of at least that."""
    return 1 << max(length - 1, 1).bit_length()
