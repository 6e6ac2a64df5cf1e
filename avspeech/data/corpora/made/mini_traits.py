"""The mini corpus of traits: 48 synthetic voices, 12 clips of each, for the thirteen tasks of
`avspeech.bench`, made on the spot, the same for the same seed.

espeak-ng speaks (extra `tts`); what it cannot do is done to the sound. Each trait has a cause that
is known, stands in this file and can be heard in the sound (`Manner`); results on it say nothing
about people. A voice has a sex, an age, and a first language (labelled accent) or, where that is
English, a dialect, all crossed. It is recorded in three sessions of four clips, so that traits that
sound alike do not cover each other:

    feelings   emotion; arousal, valence, dominance (1 to 7) are drawn around what the emotion is known for
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

from avspeech.core import sources
from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.media.espeak import synthesise_apart

Array = NDArray[np.float64]
SAMPLE_RATE = 16000
VOICES, CLIPS = 48, 12
LEVEL = -27.0  # dB of full scale of a neutral clip

# First languages: espeak-ng's voice of that language reads the English text. Dialects: its English
# voices. On top, each has a setting of the vocal tract, as accents do (Laver 1980): a resonance
# (Hz, octaves, dB).
ACCENTS = {"german": ("de", (2600.0, 0.5, 7.0)), "italian": ("it", (1500.0, 0.5, 7.0)),
           "spanish": ("es", (700.0, 0.5, 7.0))}
DIALECTS = {"american": ("en-us", (1500.0, 0.5, 7.0)), "caribbean": ("en-029", (700.0, 0.5, 7.0)),
            "scottish": ("en-gb-scotland", (2600.0, 0.5, 7.0))}
VARIANTS = {"male": ("m1", "m3", "m4", "m7"), "female": ("f1", "f2", "f3", "f4")}
# years; each quarter of the voices has one of the bands
AGES = ((18, 33), (34, 48), (49, 63), (64, 80))

# (arousal, valence, dominance), 1 to 7: signs as in Russell and Mehrabian 1977, sizes chosen here.
EMOTIONS = {"angry": (6.0, 2.0, 6.0), "fearful": (5.5, 2.2, 2.0), "happy": (5.5, 6.0, 5.0),
            "sad": (2.0, 2.3, 2.5)}
SENTIMENTS = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
# murmur, antiformant, damping
NASAL = ((250.0, 0.6, 6.0), (1000.0, 0.7, -12.0), (3500.0, 0.8, -6.0))

_WHO = ("the baker", "my aunt", "our teacher", "the driver", "a neighbour", "his brother",
        "the old man", "her cousin", "a stranger", "the painter")
_DID = ("opened", "found", "forgot", "moved", "took", "sold", "saw", "kept", "brought", "dropped")
_WHAT = ("the door", "a letter", "two boxes", "the key", "my coat", "the paper", "a red lamp",
         "some bread", "the boat", "nine coins")


@dataclass(frozen=True)
class Manner:
    """How something is said. rate: natural logarithm of a factor; register, range: added to
    espeak-ng's pitch and pitch range (0..100); level: dB; tilt: -0.9..0.9, above 0 more energy high
    in the spectrum; tremor: depth of a 6 Hz swing of the level, 0..1; size: logarithm of the factor
    of all resonances (above 0: a shorter vocal tract, or a smile); glide: semitones the pitch rises
    over the clip; nasal: 0..1; breath: level of the noise in the voice, 0..1 of the voice; pauses,
    blocks, repetitions: how many."""

    rate: float = 0.0
    register: float = 0.0
    range: float = 0.0
    level: float = 0.0
    tilt: float = 0.0
    tremor: float = 0.0
    size: float = 0.0
    glide: float = 0.0
    nasal: float = 0.0
    breath: float = 0.0
    pauses: int = 0
    blocks: int = 0
    repetitions: int = 0

    def __add__(self, other: Manner) -> Manner:
        return Manner(*(a + b
                        for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other))))


# Standard deviations between clips of one voice that say the same.
SPREAD = Manner(0.06, 3.0, 8.0, 1.2, 0.08, 0.0, 0.01, 0.5)
# Of what a voice has of its own.
VOICE_SPREAD = Manner(0.06, 4.0, 5.0, 1.0, 0.06, 0.0, 0.015, 0.0)
# Slower, lower, flatter, nasal: Cheang and Pell 2008, Haiman 1998.
SARCASM = Manner(rate=-0.3, register=-8, range=-30, level=-2.0, nasal=0.6)
# Slow, flat, soft, with pauses: Cummins et al. 2015.
DEPRESSION = Manner(rate=-0.3, range=-30, level=-5.0, tilt=-0.35, pauses=1)
COLD = Manner(nasal=1.0, breath=0.1)
STUTTER = Manner(blocks=1, repetitions=2)


@dataclass(frozen=True)
class Voice:
    """One of the 48. origin: a first language or a dialect, `trait` says which."""

    number: int
    gender: str
    age: int
    trait: str
    origin: str
    variant: str
    own: Manner


@dataclass(frozen=True)
class Clip:
    """One clip to make."""

    voice: Voice
    number: int
    text: str
    seed: int
    manner: Manner
    labels: dict[str, Any] = field(default_factory=dict)


def voices(count: int = VOICES, seed: int = 0) -> list[Voice]:
    """Sex x (accent or dialect) are 12 combinations; each dozen of voices has each of them once,
    and each combination meets the four age bands and variants once, in an order drawn."""
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
    """A manner drawn around 0 with these standard deviations."""
    values = [s * float(z) if s else 0 for s, z in zip(dataclasses.astuple(spread),
                                                       rng.standard_normal(len(dataclasses.fields(spread))))]
    return Manner(*values)


def aged(age: float) -> Manner:
    """What years do: slower, more breath and tremor, darker, deeper (chosen here, all linear in the
    age)."""
    old = (age - 49) / 31  # -1 .. 1
    return Manner(rate=-0.1 * old, register=-4 * old, tilt=-0.15 * old, tremor=0.15 * (1 + old),
                  size=-0.04 * old, breath=0.15 * (1 + old))


def felt(arousal: float, valence: float, dominance: float) -> Manner:
    """What the three dimensions (1 to 7) do: arousal to rate and level, valence to pitch range,
    contour and smile, dominance to register, effort and steadiness. Directions as in Scherer 2003;
    sizes chosen here."""
    a, v, d = ((value - 4) / 3 for value in (arousal, valence, dominance))
    return Manner(rate=0.2 * a, level=6.0 * a, range=30 * v, glide=2.0 * v, size=0.06 * v,
                  register=-9 * d, tilt=0.4 * d, tremor=0.15 * (1 - d))


def meant(sentiment: str) -> Manner:
    """What an attitude does: a smile and a rising, brighter voice, or the contrary."""
    s = SENTIMENTS[sentiment]
    return Manner(size=0.06 * s, glide=2.0 * s, tilt=0.3 * s, register=4 * s)


def plan(count: int = VOICES, seed: int = 0) -> list[Clip]:
    """All clips of `count` voices. No two say the same sentence until all 1,000 have been said."""
    rng = np.random.default_rng([seed, 1])
    sentences = [s for _ in range(math.ceil(count * CLIPS / 1000)) for s in rng.permutation(1000)]
    clips = []
    for voice in voices(count, seed):
        said = [*_feelings(rng), *_attitudes(rng), *_health(voice, rng)]
        for number, (labels, manner) in enumerate(said):
            text = sentence(int(sentences[voice.number * CLIPS + number]))
            whole = voice.own + aged(voice.age) + manner + drawn(SPREAD, rng)
            known = {"gender": voice.gender, "age": voice.age, voice.trait: voice.origin, **labels}
            clips.append(Clip(voice, number, text, seed, whole, known))
    return clips


def _feelings(rng: np.random.Generator) -> Iterator[tuple[dict[str, Any], Manner]]:
    for emotion, centre in EMOTIONS.items():
        rated = [round(float(x), 2) for x in np.clip(centre + 0.7 * rng.standard_normal(3), 1, 7)]
        yield ({"session": "feelings", "emotion": emotion,
                **dict(zip(("arousal", "valence", "dominance"), rated))}, felt(*rated))


def _attitudes(rng: np.random.Generator) -> Iterator[tuple[dict[str, Any], Manner]]:
    """Sarcastic twice, in earnest twice; four of the six combinations."""
    moods = [m for _ in "ab" for m in rng.permutation(list(SENTIMENTS))[:2]]
    for sarcasm, sentiment in zip(("no", "no", "yes", "yes"), moods):
        yield ({"session": "attitude", "sentiment": str(sentiment), "sarcasm": sarcasm},
               meant(str(sentiment)) + (SARCASM if sarcasm == "yes" else Manner()))


def _health(voice: Voice, rng: np.random.Generator) -> Iterator[tuple[dict[str, Any], Manner]]:
    parity = int(rng.integers(2))
    for cold in (0, 1):
        for depressed in (0, 1):
            stutter = (cold + depressed + parity) % 2
            manner = sum((m
                          for on, m in zip((cold, depressed, stutter), (COLD, DEPRESSION, STUTTER))
                          if on),
                         Manner())
            yield ({"session": "health", **{name: ("no", "yes")[on] for name, on in (
                ("cold", cold), ("depression", depressed), ("stutter", stutter))}}, manner)


def sentence(number: int) -> str:
    """One of 1,000 sentences."""
    words = []
    for part in (_WHO, _DID, _WHAT):
        number, place = divmod(number, len(part))
        words.append(part[place])
    return " ".join(words)


def prepare(source: str | Path | None, out: str | Path, voices: int = VOICES, seed: int = 0,
            workers: int = 0) -> list[Path]:
    """Makes the corpus in `out` and writes all.jsonl; its path.

    source: None, there is none. voices: a multiple of 12. workers: processes, 0 for as many as
    there are cores. What is there already, of the same options, is kept. Labels: gender, age,
    accent or dialect, session, and those of the session. Raises InputError for bad options or where
    espeak-ng is not installed.
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
    synthesise_apart("a", "en-us")  # says what is missing before any process is started
    (out / "audio").mkdir(parents=True, exist_ok=True)
    clips = plan(voices, seed)
    jobs = [(out, clip) for clip in clips]
    made = list(tqdm(layout.made(_make, jobs, workers or os.cpu_count() or 1), "mini traits",
                     len(clips), unit="clip", disable=None))
    paths = layout.finish(out, {"all": made},
                          layout.Prepared("mini_traits", str(out.resolve()), "none",
                                          seed))
    marker.write_text(json.dumps(options), encoding="utf-8")
    return paths


def _make(job: tuple[Path, Clip]) -> Utterance:
    """Speaks one clip."""
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
    sound = equalised(sound, [setting, *((f, w, manner.nasal * g) for f, w, g in NASAL)])
    sound = voiced(sound, manner, rng)
    before, after = (round(t * SAMPLE_RATE) for t in rng.uniform(0.05, 0.1, 2))
    samples = np.concatenate([np.zeros(before), sound, np.zeros(after)])
    samples += 10 ** (-65 / 20) * rng.standard_normal(len(samples))  # a room is never quite silent
    id = f"mini_traits-{voice.number:02}-{clip.number:02}"
    path = f"audio/{id}.wav"
    audio.write(out / path, np.clip(samples, -1, 1).astype(np.float32), SAMPLE_RATE)
    return Utterance(id, path, len(samples) / SAMPLE_RATE, f"mini_traits-{voice.number:02}",
                     text=clip.text, labels=clip.labels)


def interrupted(sound: Array, words: Sequence[int], manner: Manner,
                rng: np.random.Generator) -> Array:
    """`sound` [N] with pauses (0.2 to 0.35 s), blocks (0.4 to 0.6 s) and repetitions (three times
    the first 0.1 s) before words that start at these samples, drawn; the first word is as good as
    any other."""
    places = sorted(int(p) for p in words if p < len(sound) - SAMPLE_RATE // 10) or [0]
    inserted: list[tuple[int, Array]] = []
    for low, high, count in ((0.2, 0.35, manner.pauses), (0.4, 0.6, manner.blocks)):
        inserted += [(places[rng.integers(len(places))],
                      np.zeros(round(float(rng.uniform(low, high)) * SAMPLE_RATE)))
                     for _ in range(count)]
    for _ in range(manner.repetitions):
        start = places[rng.integers(len(places))]
        first = sound[start:start + SAMPLE_RATE // 10] * np.hanning(SAMPLE_RATE // 10
                                                                    + 1)[:-1] ** 0.3
        inserted.append((start, np.tile(np.concatenate([first, np.zeros(SAMPLE_RATE // 25)]), 3)))
    pieces, done = [], 0
    for start, piece in sorted(inserted, key=lambda item: item[0]):
        pieces += [sound[done:start], piece]
        done = start
    return np.concatenate([*pieces, sound[done:]])


def warped(sound: Array, size: float, glide: float) -> Array:
    """`sound` [N] played `size` times as fast, and with a pitch that rises `glide` semitones on the
    way."""
    speed = size * 2 ** (glide / 12 * np.linspace(-0.5, 0.5, len(sound)))
    at = np.concatenate([[0.0], np.cumsum(1 / speed)])[:-1]  # when each sample is played
    return np.interp(np.arange(0, at[-1]), at, sound)


def equalised(sound: Array, peaks: Sequence[tuple[float, float, float]]) -> Array:
    """`sound` [N] with peaks (Hz, octaves, dB) in its spectrum: Gaussians over the octaves, zero
    phase."""
    octaves = np.log2(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE).clip(20))
    gain = sum((db * np.exp(-0.5 * ((octaves - math.log2(f)) / width) ** 2)
                for f, width, db in peaks),
               np.zeros(len(octaves)))
    return np.asarray(np.fft.irfft(np.fft.rfft(sound) * 10 ** (gain / 20), len(sound)))


def voiced(sound: Array, manner: Manner, rng: np.random.Generator) -> Array:
    """`sound` [N] with the manner's tilt, tremor, breath and level."""
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
