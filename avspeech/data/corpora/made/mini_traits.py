"""The mini corpus of traits, for the thirteen tasks of `avspeech.bench`: 48 synthetic voices with
12 clips each.

espeak-ng speaks (extra `tts`); what it cannot do is done by processing its sound. Each trait has a
known cause that is written in this file and audible in the sound (`Manner`). Results on it say
nothing about people. The same seed gives the same corpus. A voice has a sex, an age, and a first
language (labeled accent) or, if that is English, a dialect; all combinations occur. It is recorded
in three sessions of four clips, so that traits that sound alike do not mask each other:

    feelings   emotion; arousal, valence and dominance (1 to 7) are drawn around typical values
    attitude   sentiment x sarcasm
    health     cold x depression x stutter, half of the eight combinations for each voice
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avspeech.core import sources, storage
from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.media.espeak import synthesise_apart

Array = NDArray[np.float64]
SAMPLE_RATE = 16000
VOICES, CLIPS = 48, 12
LEVEL = -27.0  # level of a neutral clip, dB relative to full scale

# First languages: espeak-ng's voice of that language reads the English text. Dialects: espeak-ng's
# English voices. In addition each has a typical setting of the vocal tract, as real accents do
# (Laver 1980): a resonance (Hz, octaves, dB).
ACCENTS = {"german": ("de", (2600.0, 0.5, 7.0)), "italian": ("it", (1500.0, 0.5, 7.0)),
           "spanish": ("es", (700.0, 0.5, 7.0))}
DIALECTS = {"american": ("en-us", (1500.0, 0.5, 7.0)), "caribbean": ("en-029", (700.0, 0.5, 7.0)),
            "scottish": ("en-gb-scotland", (2600.0, 0.5, 7.0))}
VARIANTS = {"male": ("m1", "m3", "m4", "m7"), "female": ("f1", "f2", "f3", "f4")}
# Bands of ages in years; each holds a quarter of the voices
AGES = ((18, 33), (34, 48), (49, 63), (64, 80))

# (arousal, valence, dominance), 1 to 7: signs as in Russell and Mehrabian 1977, sizes chosen here.
EMOTIONS = {"angry": (6.0, 2.0, 6.0), "fearful": (5.5, 2.2, 2.0), "happy": (5.5, 6.0, 5.0),
            "sad": (2.0, 2.3, 2.5)}
SENTIMENTS = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
# Nasal sound: murmur, antiformant and damping as (Hz, octaves, dB)
NASAL = ((250.0, 0.6, 6.0), (1000.0, 0.7, -12.0), (3500.0, 0.8, -6.0))

_WHO = ("the baker", "my aunt", "our teacher", "the driver", "a neighbour", "his brother",
        "the old man", "her cousin", "a stranger", "the painter")
_DID = ("opened", "found", "forgot", "moved", "took", "sold", "saw", "kept", "brought", "dropped")
_WHAT = ("the door", "a letter", "two boxes", "the key", "my coat", "the paper", "a red lamp",
         "some bread", "the boat", "nine coins")


@dataclass(frozen=True)
class Manner:
    """How a clip is spoken."""

    rate: float = 0.0  # natural logarithm of the factor of the speaking rate
    register: float = 0.0  # added to espeak-ng's pitch (0..100)
    range: float = 0.0  # added to espeak-ng's pitch range (0..100)
    level: float = 0.0  # dB
    tilt: float = 0.0  # -0.9..0.9; above 0: more energy at high frequencies
    tremor: float = 0.0  # depth of a 6 Hz modulation of the level, 0..1
    # Logarithm of the factor of all resonances; above 0: a shorter vocal tract, or a smile
    size: float = 0.0
    glide: float = 0.0  # semitones that the pitch rises over the clip
    nasal: float = 0.0  # 0..1
    breath: float = 0.0  # level of the noise relative to the voice, 0..1
    pauses: int = 0  # number of pauses
    blocks: int = 0  # number of blocks (silent stops before a word)
    repetitions: int = 0  # number of repeated word beginnings

    def __add__(self, other: Manner) -> Manner:
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other))
        return Manner(*(a + b for a, b in pairs))


# Standard deviations between clips of one voice in the same manner
SPREAD = Manner(0.06, 3.0, 8.0, 1.2, 0.08, 0.0, 0.01, 0.5)
# Standard deviations between voices
VOICE_SPREAD = Manner(0.06, 4.0, 5.0, 1.0, 0.06, 0.0, 0.015, 0.0)
# Slower, lower, flatter, nasal: Cheang and Pell 2008, Haiman 1998.
SARCASM = Manner(rate=-0.3, register=-8, range=-30, level=-2.0, nasal=0.6)
# Slow, flat, soft, with pauses: Cummins et al. 2015.
DEPRESSION = Manner(rate=-0.3, range=-30, level=-5.0, tilt=-0.35, pauses=1)
COLD = Manner(nasal=1.0, breath=0.1)
STUTTER = Manner(blocks=1, repetitions=2)


@dataclass(frozen=True)
class Voice:
    """One of the voices."""

    number: int
    gender: str
    age: int  # years
    trait: str  # "accent" or "dialect"
    origin: str  # key of ACCENTS or DIALECTS
    variant: str  # speaker variant of espeak-ng
    own: Manner  # how this voice differs from the average


@dataclass(frozen=True)
class Clip:
    """One clip to generate."""

    voice: Voice
    number: int
    text: str
    seed: int
    manner: Manner
    labels: dict[str, Any] = field(default_factory=dict)


def voices(count: int = VOICES, seed: int = 0) -> list[Voice]:
    """The voices. Sex and accent or dialect make 12 combinations; every dozen of voices has each of
    them once. Each combination gets the four age bands and variants once, in random order.

    Args:
        count: number of voices.
        seed: of the random draws.
    """
    rng = np.random.default_rng([seed, 2])
    origins = [("accent", name) for name in ACCENTS] + [("dialect", name) for name in DIALECTS]
    bands = [[rng.permutation(4) for _ in range(12)] for _ in range(math.ceil(count / 48))]
    found = []
    for number in range(count):
        round_, cell = divmod(number, 12)
        gender = ("female", "male")[cell % 2]
        trait, origin = origins[cell // 2]
        low, high = AGES[bands[round_ // 4][cell][round_ % 4]]
        found.append(Voice(number, gender, int(rng.integers(low, high + 1)), trait, origin,
                           VARIANTS[gender][round_ % 4], drawn(VOICE_SPREAD, rng)))
    return found


def drawn(spread: Manner, rng: np.random.Generator) -> Manner:
    """A random manner around 0.

    Args:
        spread: standard deviation of each field.
        rng: draws it.
    """
    spreads = dataclasses.astuple(spread)
    normal = rng.standard_normal(len(spreads))
    return Manner(*(s * float(z) if s else 0 for s, z in zip(spreads, normal)))


def aged(age: float) -> Manner:
    """The effect of age: slower, more breath and tremor, darker, deeper. All are linear in the age;
    the sizes are chosen here.

    Args:
        age: years.
    """
    old = (age - 49) / 31  # -1 .. 1
    return Manner(rate=-0.1 * old, register=-4 * old, tilt=-0.15 * old, tremor=0.15 * (1 + old),
                  size=-0.04 * old, breath=0.15 * (1 + old))


def felt(arousal: float, valence: float, dominance: float) -> Manner:
    """The effect of the three emotional dimensions: arousal on rate and level, valence on pitch
    range, contour and smile, dominance on register, effort and steadiness. Directions as in Scherer
    2003; the sizes are chosen here.

    Args:
        arousal, valence, dominance: 1 to 7.
    """
    a, v, d = ((value - 4) / 3 for value in (arousal, valence, dominance))
    return Manner(rate=0.2 * a, level=6.0 * a, range=30 * v, glide=2.0 * v, size=0.06 * v,
                  register=-9 * d, tilt=0.4 * d, tremor=0.15 * (1 - d))


def meant(sentiment: str) -> Manner:
    """The effect of an attitude: a smile and a rising, brighter voice, or the opposite.

    Args:
        sentiment: a key of SENTIMENTS.
    """
    s = SENTIMENTS[sentiment]
    return Manner(size=0.06 * s, glide=2.0 * s, tilt=0.3 * s, register=4 * s)


def plan(count: int = VOICES, seed: int = 0) -> list[Clip]:
    """All clips. No two have the same sentence until all 1,000 sentences have been used.

    Args:
        count: number of voices.
        seed: of the random draws.
    """
    rng = np.random.default_rng([seed, 1])
    sentences = [s for _ in range(math.ceil(count * CLIPS / 1000)) for s in rng.permutation(1000)]
    clips = []
    for voice in voices(count, seed):
        sessions = [*_feelings(rng), *_attitudes(rng), *_health(voice, rng)]
        for number, (labels, manner) in enumerate(sessions):
            text = sentence(int(sentences[voice.number * CLIPS + number]))
            whole = voice.own + aged(voice.age) + manner + drawn(SPREAD, rng)
            known = {"gender": voice.gender, "age": voice.age, voice.trait: voice.origin, **labels}
            clips.append(Clip(voice, number, text, seed, whole, known))
    return clips


def _feelings(rng: np.random.Generator) -> Iterator[tuple[dict[str, Any], Manner]]:
    for emotion, center in EMOTIONS.items():
        rated = [round(float(x), 2) for x in np.clip(center + 0.7 * rng.standard_normal(3), 1, 7)]
        yield ({"session": "feelings", "emotion": emotion,
                **dict(zip(("arousal", "valence", "dominance"), rated))}, felt(*rated))


def _attitudes(rng: np.random.Generator) -> Iterator[tuple[dict[str, Any], Manner]]:
    """Two sarcastic and two sincere clips: four of the six combinations with a sentiment."""
    moods = [m for _ in "ab" for m in rng.permutation(list(SENTIMENTS))[:2]]
    for sarcasm, sentiment in zip(("no", "no", "yes", "yes"), moods):
        yield ({"session": "attitude", "sentiment": str(sentiment), "sarcasm": sarcasm},
               meant(str(sentiment)) + (SARCASM if sarcasm == "yes" else Manner()))


def _health(voice: Voice, rng: np.random.Generator) -> Iterator[tuple[dict[str, Any], Manner]]:
    parity = int(rng.integers(2))
    for cold in (0, 1):
        for depressed in (0, 1):
            stutter = (cold + depressed + parity) % 2
            labels: dict[str, Any] = {"session": "health"}
            manner = Manner()
            for name, on, effect in (("cold", cold, COLD), ("depression", depressed, DEPRESSION),
                                     ("stutter", stutter, STUTTER)):
                labels[name] = ("no", "yes")[on]
                manner = manner + effect if on else manner
            yield labels, manner


def sentence(number: int) -> str:
    """One of 1,000 sentences.

    Args:
        number: 0 to 999.
    """
    words = []
    for part in (_WHO, _DID, _WHAT):
        number, place = divmod(number, len(part))
        words.append(part[place])
    return " ".join(words)


def prepare(source: str | Path | None, out: str | Path, voices: int = VOICES, seed: int = 0,
            workers: int = 0) -> list[Path]:
    """Generates the corpus and writes all.jsonl, with the labels gender, age, accent or dialect,
    session, and those of the session. A corpus that was generated before with the same options and
    code is kept.

    Args:
        source: not used; the corpus has none.
        out: folder of the corpus.
        voices: number of voices, a multiple of 12.
        seed: of all random draws.
        workers: processes; 0: one for each core.

    Returns:
        The path of the manifest, in a list.

    Raises:
        InputError: bad options, or espeak-ng is not installed.
    """
    from tqdm import tqdm

    out = Path(out)
    if isinstance(voices, bool) or not isinstance(voices, int) or voices < 12 or voices % 12:
        raise InputError(f"mini_traits: voices={voices}: expected a multiple of 12")
    options = {"voices": voices, "seed": seed, "code": sources.module_hash(__name__)}
    marker, manifest = out / "mini_traits.json", out / "all.jsonl"
    if (manifest.exists() and marker.exists()
        and json.loads(marker.read_text(encoding="utf-8")) == options):
        return [manifest]
    synthesise_apart("a", "en-us")  # fails before any process starts if espeak-ng is missing
    (out / "audio").mkdir(parents=True, exist_ok=True)
    clips = plan(voices, seed)
    jobs = [(out, clip) for clip in clips]
    made = list(tqdm(layout.made(_make, jobs, workers or os.cpu_count() or 1), "mini traits",
                     len(clips), unit="clip", disable=None))
    record = layout.Prepared("mini_traits", str(out.resolve()), "none", seed)
    paths = layout.finish(out, {"all": made}, record)
    storage.write_atomically(marker, json.dumps(options).encode())
    return paths


def _make(job: tuple[Path, Clip]) -> Utterance:
    """Generates the sound of one clip."""
    from scipy.signal import resample_poly

    out, clip = job
    voice, manner = clip.voice, clip.manner
    rng = np.random.default_rng([clip.seed, 3, voice.number, clip.number])
    language, setting = (ACCENTS if voice.trait == "accent" else DIALECTS)[voice.origin]
    base = 40 if voice.gender == "male" else 55
    speech = synthesise_apart(clip.text, f"{language}+{voice.variant}",
                              int(np.clip(185 * math.exp(manner.rate - manner.size), 80, 400)),
                              int(np.clip(base + manner.register, 0, 99)),
                              int(np.clip(50 + manner.range, 0, 99)))
    common = math.gcd(SAMPLE_RATE, speech.sample_rate)
    sound = resample_poly(speech.samples.astype(np.float64), SAMPLE_RATE // common,
                          speech.sample_rate // common)
    starts = [round(start * SAMPLE_RATE) for start, _, _ in speech.words]
    sound = interrupted(sound, starts, manner, rng)
    sound = warped(sound, math.exp(manner.size), manner.glide)
    sound = equalized(sound, [setting, *((f, w, manner.nasal * g) for f, w, g in NASAL)])
    sound = voiced(sound, manner, rng)
    before, after = (round(t * SAMPLE_RATE) for t in rng.uniform(0.05, 0.1, 2))
    samples = np.concatenate([np.zeros(before), sound, np.zeros(after)])
    samples += 10 ** (-65 / 20) * rng.standard_normal(len(samples))  # no room is silent
    id = f"mini_traits-{voice.number:02}-{clip.number:02}"
    path = f"audio/{id}.wav"
    audio.write(out / path, np.clip(samples, -1, 1).astype(np.float32), SAMPLE_RATE)
    return Utterance(id, path, len(samples) / SAMPLE_RATE, f"mini_traits-{voice.number:02}",
                     text=clip.text, labels=clip.labels)


def interrupted(sound: Array, words: Sequence[int], manner: Manner,
                rng: np.random.Generator) -> Array:
    """Inserts pauses (0.2 to 0.35 s), blocks (0.4 to 0.6 s) and repetitions (three times the first
    0.1 s) before words that are drawn at random.

    Args:
        sound: [N] at SAMPLE_RATE.
        words: first sample of each word.
        manner: gives the numbers of pauses, blocks and repetitions.
        rng: draws the words and lengths.

    Returns:
        The longer sound.
    """
    places = sorted(int(p) for p in words if p < len(sound) - SAMPLE_RATE // 10) or [0]
    inserted: list[tuple[int, Array]] = []
    for low, high, count in ((0.2, 0.35, manner.pauses), (0.4, 0.6, manner.blocks)):
        for _ in range(count):
            place = places[rng.integers(len(places))]
            silence = np.zeros(round(float(rng.uniform(low, high)) * SAMPLE_RATE))
            inserted.append((place, silence))
    tenth = SAMPLE_RATE // 10
    for _ in range(manner.repetitions):
        start = places[rng.integers(len(places))]
        first = sound[start:start + tenth] * np.hanning(tenth + 1)[:-1] ** 0.3
        inserted.append((start, np.tile(np.concatenate([first, np.zeros(SAMPLE_RATE // 25)]), 3)))
    pieces, done = [], 0
    for start, piece in sorted(inserted, key=lambda item: item[0]):
        pieces += [sound[done:start], piece]
        done = start
    return np.concatenate([*pieces, sound[done:]])


def warped(sound: Array, size: float, glide: float) -> Array:
    """A sound played faster, with a rising pitch.

    Args:
        sound: [N].
        size: factor of the speed.
        glide: semitones that the pitch rises from start to end.

    Returns:
        The resampled sound, of another length.
    """
    speed = size * 2 ** (glide / 12 * np.linspace(-0.5, 0.5, len(sound)))
    at = np.concatenate([[0.0], np.cumsum(1 / speed)])[:-1]  # when each sample is played
    return np.interp(np.arange(0, at[-1]), at, sound)


def equalized(sound: Array, peaks: Sequence[tuple[float, float, float]]) -> Array:
    """A sound with peaks added to its spectrum: Gaussians over the octaves, with zero phase.

    Args:
        sound: [N] at SAMPLE_RATE.
        peaks: (center in Hz, width in octaves, gain in dB) of each.

    Returns:
        [N].
    """
    octaves = np.log2(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE).clip(20))
    gain = np.zeros(len(octaves))
    for center, width, db in peaks:
        gain += db * np.exp(-0.5 * ((octaves - math.log2(center)) / width) ** 2)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound) * 10 ** (gain / 20), len(sound)))


def voiced(sound: Array, manner: Manner, rng: np.random.Generator) -> Array:
    """A sound with the tilt, tremor, breath and level of a manner.

    Args:
        sound: [N] at SAMPLE_RATE.
        manner: gives the four values.
        rng: draws the noise and the phase of the tremor.

    Returns:
        [N].
    """
    tilt, breath = float(np.clip(manner.tilt, -0.9, 0.9)), max(manner.breath, 0.0)
    tilted = sound - tilt * np.concatenate([[0.0], sound[:-1]])
    times = np.arange(len(sound)) / SAMPLE_RATE
    tremor = float(np.clip(manner.tremor, 0, 0.9))
    tilted = tilted * (1 + tremor * np.sin(2 * np.pi * (6.0 * times + rng.random())))
    hull = np.sqrt(np.convolve(tilted ** 2, np.ones(320) / 320, mode="same").clip(0))
    noise = rng.standard_normal(len(sound))
    tilted = tilted + breath * hull * (noise - np.concatenate([[0.0], noise[:-1]])) / math.sqrt(2)
    rms = float(np.sqrt(np.mean(np.square(tilted)))) or 1.0
    return np.asarray(tilted * (10 ** ((LEVEL + manner.level) / 20) / rms))
