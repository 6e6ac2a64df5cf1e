"""The mini corpus: synthetic speech and drawn mouths seen from seven cameras.

espeak-ng speaks (extra `tts`) and gives the time of each phone; `articulation.py` turns phones into
movements; `mouth.py` draws them as the cameras of MEAD would see them. The same seed gives the same
corpus. It serves to try every part of a recipe in minutes and to compare models that use different
cameras. Results on it say nothing about real faces.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import pools, sources, storage
from avspeech.data.corpora.made.articulation import Manner, movements
from avspeech.data.corpora.made.mouth import Face, Scene, camera, draw, shape
from avspeech.data.manifest import VIEW_ANGLES, Utterance, View, read_manifest, write_manifest
from avspeech.errors import InputError
from avspeech.media import audio, video
from avspeech.media.espeak import synthesise_apart

SAMPLE_RATE = 16000
FPS = 25.0
# Name of the view of a head that turns from one side to the other during speech; test set only
ROTATING = "rotating"
SWEEP = 60.0  # degrees to each side
LEAD = (0.25, 0.45)  # seconds of closed mouth before and after the speech

# (voice, sex, pitch): espeak-ng's accents with its speaker variants. The last four are for
# development and test.
VOICES = (("en-us+m1", "M", 40), ("en-gb-x-gbclan+f2", "F", 55), ("en-us+m3", "M", 30),
          ("en-us+f3", "F", 65), ("en-gb-x-rp+m7", "M", 50), ("en-us+f4", "F", 45),
          ("en-gb-scotland+m2", "M", 45),
          ("en-us+f1", "F", 75), ("en-us+m4", "M", 60), ("en-029+f5", "F", 50),
          ("en-gb-x-gbcwmd+m5", "M", 35), ("en-us+f2", "F", 60))

_WHO = ("my neighbour", "the baker", "our teacher", "a young sailor", "the old farmer",
        "her brother", "his aunt", "the painter", "a tall woman", "the driver", "our cook",
        "the mayor", "a small boy", "the fisherman", "my friend", "the singer", "a clever thief",
        "the captain", "your cousin", "the gardener")
_DID = ("bought", "washed", "painted", "found", "moved", "sold", "forgot", "opened", "watched",
        "dropped", "fixed", "carried", "borrowed", "weighed", "measured", "hid", "chose", "showed",
        "broke", "kept")
_WHAT = ("five blue boats", "the wooden box", "a pot of soup", "three warm shirts",
         "the broken wheel", "some fresh bread", "two heavy stones", "a map of the river",
         "the yellow book",
         "four green bottles", "a pair of shoes", "the copper bell", "six small fish",
         "the evening paper", "a bag of flour", "the garden chair", "every window",
         "a jar of honey", "the faded photo", "nine old coins")
_WHEN = ("this morning", "before lunch", "by the harbour", "near the school", "after the storm",
         "on Monday", "at four", "in the village", "without a word", "for my father", "last July",
         "with both hands", "again", "very slowly", "under the bridge", "behind the house",
         "on purpose", "above the shop", "in good time", "far too late")


# Of full scale, a step of 16 bits: exact silence within a word, as espeak-ng has it before a stop,
# is told as sound that is missing
HISS = 2**-15


@dataclass(frozen=True)
class _Job:
    """One utterance to generate."""

    out: Path
    speaker: int
    number: int
    seed: int
    views: tuple[str, ...]


def prepare(source: str | Path | None, out: str | Path, speakers: int = 12, utterances: int = 30,
            seed: int = 0, views: tuple[str, ...] | list[str] = tuple(VIEW_ANGLES),
            dev_speakers: int = 2, test_speakers: int = 2, rotating: bool = True,
            workers: int = 0) -> list[Path]:
    """Generates the corpus and writes train.jsonl, dev.jsonl and test.jsonl. A corpus that was
    generated before with the same options and code is kept.

    Args:
        source: not used; the corpus has none.
        out: folder of the corpus.
        speakers: number of speakers, up to 12.
        utterances: number of utterances of each speaker.
        seed: of all random draws.
        views: names of the cameras.
        dev_speakers: how many speakers are for development, before those for test.
        test_speakers: how many speakers are for test, at the end.
        rotating: film the test speakers also with a turning head.
        workers: processes; 0: one for each core.

    Returns:
        The paths of the three manifests.

    Raises:
        InputError: bad options, or espeak-ng is not installed.
    """
    from tqdm import tqdm

    out = Path(out)
    if (not dev_speakers + test_speakers < speakers <= len(VOICES)
        or min(dev_speakers, test_speakers, utterances) < 1):
        raise InputError(f"mini: speakers={speakers}, dev_speakers={dev_speakers}, "
                         f"test_speakers={test_speakers}, utterances={utterances}: expected at "
                         f"most {len(VOICES)} speakers, more than dev_speakers + test_speakers, "
                         "and at "
                         "least one of each")
    for view in views:
        if view not in VIEW_ANGLES:
            raise InputError(f"mini: no view '{view}'; known: {', '.join(VIEW_ANGLES)}")
    options = {"speakers": speakers, "utterances": utterances, "seed": seed, "views": list(views),
               "dev": dev_speakers, "test": test_speakers, "rotating": rotating,
               "code": sources.module_hash(__name__)}
    marker = out / "mini.json"
    paths = [out / f"{split}.jsonl" for split in ("train", "dev", "test")]
    if (marker.exists() and json.loads(marker.read_text(encoding="utf-8")) == options
        and all(p.exists() for p in paths)):
        return paths
    synthesise_apart("a", VOICES[0][0])  # fails before any process starts if espeak-ng is missing
    parts: dict[str, list[_Job]] = {"train": [], "dev": [], "test": []}
    chosen = [*range(speakers - dev_speakers - test_speakers),
              *range(len(VOICES) - dev_speakers - test_speakers, len(VOICES))]
    for place, speaker in enumerate(chosen):
        late = place - (speakers - dev_speakers - test_speakers)
        part = "train" if late < 0 else "dev" if late < dev_speakers else "test"
        filmed = (*views, *((ROTATING,) if rotating and part == "test" else ()))
        parts[part] += [_Job(out, speaker, number, seed, filmed) for number in range(utterances)]
    for folder in ("audio", "crops"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    jobs = [job for some in parts.values() for job in some]
    done = list(tqdm(_made(jobs, workers or os.cpu_count() or 1), "mini corpus", len(jobs),
                     unit="utterance"))
    start = 0
    for path, some in zip(paths, parts.values()):
        write_manifest(path, done[start: start + len(some)])
        start += len(some)
    contact_sheet(paths[-1], out / "contact_sheet.png")
    storage.write_atomically(marker, json.dumps(options).encode())
    return paths


def _made(jobs: list[_Job], workers: int) -> Iterator[Utterance]:
    """Unlike `layout.made`, one worker is a separate process too, because `_make` changes OpenCV's
    number of threads."""
    with pools.pool(workers) as pool:
        yield from pool.map(_make, jobs)


def sentence(rng: np.random.Generator) -> str:
    """A random sentence, one of 160,000.

    Args:
        rng: draws it.
    """
    return " ".join(str(rng.choice(part)) for part in (_WHO, _DID, _WHAT, _WHEN))


def _make(job: _Job) -> Utterance:
    """Generates the sound and the mouth crops of one utterance."""
    import cv2
    from scipy.signal import resample_poly

    cv2.setNumThreads(1)
    voice, sex, pitch = VOICES[job.speaker]
    looks = np.random.default_rng([job.seed, job.speaker])
    face = Face.random(looks, sex == "M")
    manner = Manner(*looks.uniform(0.85, 1.15, 4))
    rng = np.random.default_rng([job.seed, job.speaker, job.number])
    text = sentence(rng)
    speech = synthesise_apart(text, voice, int(rng.integers(150, 185)), pitch,
                              int(rng.integers(40, 70)))
    before, after = rng.uniform(*LEAD, 2)
    common = math.gcd(SAMPLE_RATE, speech.sample_rate)
    sound = resample_poly(speech.samples.astype(np.float64), SAMPLE_RATE // common,
                          speech.sample_rate // common)
    frames = int(np.ceil((before + len(sound) / SAMPLE_RATE + after) * FPS))
    samples = np.zeros(round(frames / FPS * SAMPLE_RATE), np.float32)
    first = round(before * SAMPLE_RATE)
    samples[first: first + len(sound)] = 0.5 * sound
    hiss = np.random.default_rng([job.seed, job.speaker, job.number, 1])
    samples += HISS * hiss.uniform(-1, 1, len(samples)).astype(np.float32)
    id = f"mini-{job.speaker:02}-{job.number:03}"
    audio.write(job.out / "audio" / f"{id}.wav", samples, SAMPLE_RATE)
    times = np.arange(frames) / FPS + 0.5 / FPS - before
    mouth = shape(movements(speech.phones, times, manner=manner, rng=rng), face)
    # A real head is never still: slow turns of a few degrees, the same for all cameras.
    head = np.stack([_drift(rng, frames, size) for size in (4.0, 3.0, 2.0)], 1)
    views = []
    for name in job.views:
        turned, (yaw, pitch_angle) = head, VIEW_ANGLES.get(name, (0.0, 0.0))
        if name == ROTATING:
            sweep = (SWEEP * np.sin(np.linspace(-np.pi / 2, np.pi / 2, frames))
                     * (1 if rng.random() < 0.5 else -1))
            turned = head + np.stack([sweep, 0 * sweep, 0 * sweep], 1)
        lamp = rng.normal((0.2, 0.5, 0.85), 0.12)
        scene = Scene(offset=(np.stack([_drift(rng, frames, 1.5) for _ in range(2)], 1)
                              + rng.uniform(-2, 2, 2)),
                      brightness=1 + 0.08 * rng.standard_normal() + _drift(rng, frames, 0.04),
                      background=float(rng.uniform(30, 110)),
                      light=(float(lamp[0]), float(lamp[1]), float(lamp[2])),
                      blur=float(rng.uniform(0.4, 1.0)), noise=float(rng.uniform(2, 5)),
                      seed=int(rng.integers(2**31)))
        crops = draw(mouth, face, camera(yaw, pitch_angle, turned), scene)
        path = f"crops/{id}.{name}.npz"
        video.write_crops(job.out / path, crops, np.ones(frames, bool))
        known = name in VIEW_ANGLES
        views.append(View("", name, yaw if known else None, pitch_angle if known else None,
                          crops=path))
    phones = [(p.start, p.end, p.name) for p in speech.phones]
    labels: dict[str, Any] = {"sex": sex}
    for key, spans in (("phones", phones), ("words", speech.words)):
        labels[key] = [[round(float(start + before), 3), round(float(end + before), 3), name]
                       for start, end, name in spans]
    return Utterance(id, f"audio/{id}.wav", len(samples) / SAMPLE_RATE, f"mini-{job.speaker:02}",
                     text=text, views=tuple(views), labels=labels)


def _drift(rng: np.random.Generator, frames: int, size: float) -> np.ndarray:
    """A slow random path [T] of standard deviation `size` that changes over about a second."""
    from scipy.ndimage import gaussian_filter1d

    path = gaussian_filter1d(rng.standard_normal(frames + 200), 12.0)[100: 100 + frames]
    return size * 6.5 * path  # 6.5: the filter divides the standard deviation by this


def contact_sheet(manifest: str | Path, path: str | Path, rows: int = 8) -> None:
    """Writes a picture of the first utterance of a manifest: rows are moments with different
    mouths, labeled with their phones; columns are the cameras.

    Args:
        manifest: of the corpus.
        path: the PNG file to write.
        rows: how many moments.
    """
    import cv2

    manifest = Path(manifest)
    utterance = read_manifest(manifest)[0]
    phones = utterance.labels["phones"]
    seen: dict[str, float] = {}
    for wanted in ("sil", "p", "b", "m", "f", "v", "u", "w", "O", "A", "a", "E", "i", "s", "S", "T",
                   "D", "r", "l"):
        for start, end, name in phones:
            same = name[:1] == wanted[:1] and (wanted == "sil") == (name == "sil")
            if same and name not in seen and len(seen) < rows:
                seen[name] = (start + end) / 2
    tile = 96
    names = [view.name for view in utterance.views]
    sheet = np.full(((tile + 2) * len(seen) + 20, (tile + 2) * len(names) + 40), 255, np.uint8)
    for column, view in enumerate(utterance.views):
        crops, _ = video.read_crops(manifest.parent / str(view.crops))
        left = 40 + column * (tile + 2)
        cv2.putText(sheet, view.name, (left + 4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, 0, 1,
                    cv2.LINE_AA)
        for row, (name, time) in enumerate(seen.items()):
            top = 20 + row * (tile + 2)
            sheet[top: top + tile, left: left + tile] = crops[min(int(time * FPS), len(crops) - 1)]
            if column == 0:
                cv2.putText(sheet, name, (4, top + 52), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 0, 1,
                            cv2.LINE_AA)
    if not cv2.imwrite(str(path), sheet):
        raise InputError(f"{path}: cannot be written")
