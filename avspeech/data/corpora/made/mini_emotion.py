"""The mini emotional corpus: eight synthetic voices say sentences in five emotions.

espeak-ng speaks (extra `tts`). An emotion is only prosody: speaking rate, register and range of the
pitch, level, and spectral tilt (vocal effort), each with a random spread. The voices differ in the
same properties, so no single property is enough to recognize an emotion. The same seed gives the
same corpus. It serves to try every part of a recipe in minutes. Results on it say nothing about
people.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avspeech.core import sources, storage
from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.data.protocol import Fold, Protocol, identity
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.media.espeak import synthesise_apart

SAMPLE_RATE = 16000
SENTENCES = 8  # for each voice, each said in every emotion
LEAD = (0.05, 0.2)  # seconds of silence before and after
LEVEL = -27.0  # level of a neutral utterance, dB relative to full scale

# (voice, sex, pitch, speaking rate in words a minute, level in dB): espeak-ng's voices with speaker
# variants.
VOICES = (("en-us+m1", "male", 38, 165, 0.0), ("en-us+f2", "female", 55, 160, -1.0),
          ("en-gb-x-rp+m7", "male", 48, 172, 1.5), ("en-us+f3", "female", 62, 170, 1.0),
          ("en-gb-scotland+m3", "male", 32, 158, -1.5),
          ("en-gb-x-gbclan+f4", "female", 46, 175, -0.5),
          ("en-us+m4", "male", 52, 178, 0.5), ("en-029+f1", "female", 66, 163, 0.0))


@dataclass(frozen=True)
class Prosody:
    """The effect of an emotion on a voice."""

    rate: float  # factor of the speaking rate
    register: float  # added to espeak-ng's pitch (0..100)
    range: float  # espeak-ng's pitch range (0..100)
    level: float  # dB
    tilt: float  # -0.9..0.9; above 0: more energy at high frequencies
    tremor: float = 0.0  # depth of a 6 Hz modulation of the level, 0..1


# Directions as in Scherer, "Vocal communication of emotion" (Speech Communication 40, 2003), Table
# 2; sizes chosen so that the classes overlap a little.
EMOTIONS: dict[str, Prosody] = {
    "angry": Prosody(1.15, 6, 70, 7.0, 0.55),
    "fearful": Prosody(1.28, 18, 30, 0.0, 0.15, 0.5),
    "happy": Prosody(1.10, 14, 90, 3.5, 0.3),
    "neutral": Prosody(1.00, 0, 45, 0.0, 0.0),
    "sad": Prosody(0.78, -8, 15, -6.0, -0.5),
}
# Standard deviations between utterances, in the same units; for the rate, of its logarithm.
SPREAD = Prosody(0.07, 4, 10, 1.5, 0.12)

_WHO = ("the baker", "my aunt", "our teacher", "the driver", "a neighbour", "his brother",
        "the old man", "her cousin", "a stranger", "the painter")
_DID = ("opened", "found", "forgot", "moved", "took", "sold", "saw", "kept", "brought", "dropped")
_WHAT = ("the door", "a letter", "two boxes", "the key", "my coat", "the paper", "a red lamp",
         "some bread", "the boat", "nine coins")
_WHEN = ("at noon", "again", "by the road", "on Monday", "before us", "in the rain")


@dataclass(frozen=True)
class _Job:
    """One utterance to generate."""

    out: Path
    speaker: int
    sentence: int
    text: str
    emotion: str
    seed: int


def prepare(source: str | Path | None, out: str | Path, sentences: int = SENTENCES, seed: int = 0,
            workers: int = 0) -> list[Path]:
    """Generates the corpus and writes all.jsonl, with the labels emotion, sex and sentence. A
    corpus that was generated before with the same options and code is kept.

    Args:
        source: not used; the corpus has none.
        out: folder of the corpus.
        sentences: number of sentences of each of the 8 voices, each said in all 5 emotions. No two
            voices share a sentence.
        seed: of all random draws.
        workers: processes; 0: one for each core.

    Returns:
        The path of the manifest, in a list.

    Raises:
        InputError: bad options, or espeak-ng is not installed.
    """
    from tqdm import tqdm

    out = Path(out)
    combinations = len(_WHO) * len(_DID) * len(_WHAT) * len(_WHEN)
    if not 1 <= sentences <= combinations // len(VOICES):
        raise InputError(f"mini_emotion: sentences={sentences}: expected 1 to "
                         f"{combinations // len(VOICES)}")
    options = {"sentences": sentences, "seed": seed, "code": sources.module_hash(__name__)}
    marker, manifest = out / "mini_emotion.json", out / "all.jsonl"
    if (manifest.exists() and marker.exists()
        and json.loads(marker.read_text(encoding="utf-8")) == options):
        return [manifest]
    synthesise_apart("a", VOICES[0][0])  # fails before any process starts if espeak-ng is missing
    (out / "audio").mkdir(parents=True, exist_ok=True)
    drawn = np.random.default_rng([seed, 1]).choice(combinations, len(VOICES) * sentences,
                                                    replace=False)
    jobs = [_Job(out, number // sentences, number % sentences, sentence(int(which)), emotion, seed)
            for number, which in enumerate(drawn) for emotion in EMOTIONS]
    made = list(tqdm(layout.made(_make, jobs, workers or os.cpu_count() or 1), "mini emotion",
                     len(jobs), unit="utterance", disable=None))
    record = layout.Prepared("mini_emotion", str(out.resolve()), "none", seed)
    paths = layout.finish(out, {"all": made}, record)
    storage.write_atomically(marker, json.dumps(options).encode())
    return paths


def sentence(number: int) -> str:
    """One of 6,000 sentences.

    Args:
        number: 0 to 5,999.
    """
    words = []
    for part in (_WHO, _DID, _WHAT, _WHEN):
        number, place = divmod(number, len(part))
        words.append(part[place])
    return " ".join(words)


def _make(job: _Job) -> Utterance:
    """Generates the sound of one utterance."""
    from scipy.signal import resample_poly

    voice, sex, pitch, rate, level = VOICES[job.speaker]
    mood = EMOTIONS[job.emotion]
    rng = np.random.default_rng([job.seed, job.speaker, job.sentence,
                                 list(EMOTIONS).index(job.emotion)])
    off = rng.standard_normal(5)
    speech = synthesise_apart(job.text, voice,
                              round(rate * mood.rate * float(np.exp(SPREAD.rate * off[0]))),
                              int(np.clip(pitch + mood.register + SPREAD.register * off[1], 0, 99)),
                              int(np.clip(mood.range + SPREAD.range * off[2], 0, 99)))
    common = math.gcd(SAMPLE_RATE, speech.sample_rate)
    sound = resample_poly(speech.samples.astype(np.float64), SAMPLE_RATE // common,
                          speech.sample_rate // common)
    tilt = float(np.clip(mood.tilt + SPREAD.tilt * off[3], -0.9, 0.9))
    sound = shaped(sound, level + mood.level + SPREAD.level * off[4], tilt, mood.tremor, rng)
    before, after = (round(t * SAMPLE_RATE) for t in rng.uniform(*LEAD, 2))
    samples = np.concatenate([np.zeros(before), sound, np.zeros(after)])
    samples += 10 ** (-65 / 20) * rng.standard_normal(len(samples))  # no room is silent
    id = f"mini_emotion-{job.speaker:02}-{job.sentence:03}-{job.emotion}"
    path = f"audio/{id}.wav"
    audio.write(job.out / path, np.clip(samples, -1, 1).astype(np.float32), SAMPLE_RATE)
    return Utterance(id, path, len(samples) / SAMPLE_RATE, f"mini_emotion-{job.speaker:02}",
                     text=job.text,
                     labels={"emotion": job.emotion, "sex": sex,
                             "sentence": f"{job.speaker}-{job.sentence}"})


def shaped(sound: np.ndarray, level: float, tilt: float, tremor: float,
           rng: np.random.Generator) -> np.ndarray:
    """A sound with a spectral tilt, a tremor and a level.

    Args:
        sound: [N] at SAMPLE_RATE.
        level: in dB relative to LEVEL.
        tilt: coefficient of a first-order filter, -0.9..0.9; above 0: more energy at high
            frequencies.
        tremor: depth of a 6 Hz modulation of the level, 0..1.
        rng: draws the phase of the tremor.

    Returns:
        [N].
    """
    tilted = sound - tilt * np.concatenate([[0.0], sound[:-1]])
    times = np.arange(len(sound)) / SAMPLE_RATE
    tilted = tilted * (1 + tremor * np.sin(2 * np.pi * (6.0 * times + rng.random())))
    rms = float(np.sqrt(np.mean(np.square(tilted)))) or 1.0
    return tilted * (10 ** ((LEVEL + level) / 20) / rms)


# Each fold tests a man and a woman; the next pair is for development.
_CLASSES = ("angry", "fearful", "happy", "neutral", "sad")
_PAIRS = [(f"mini_emotion-{n:02}", f"mini_emotion-{n + 1:02}") for n in range(0, 8, 2)]
PROTOCOLS = (Protocol(
    name="mini_emotion", corpus="mini_emotion", label="emotion", kind="classification",
    classes=_CLASSES, mapping=identity(_CLASSES), group="speaker", sentence="text",
    counts=dict.fromkeys(_CLASSES, 64),
    folds=tuple(Fold(f"fold{n + 1}", _PAIRS[n], _PAIRS[(n + 1) % 4]) for n in range(4)),
    source="generated here; no voice and no sentence is in two parts"),)
