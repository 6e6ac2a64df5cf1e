"""The mini text-to-speech corpus: synthetic voices with exactly known phones, breaks and tones.

espeak-ng speaks each phrase (extra `tts`) and gives the time of each phone; phrases are joined by
silences of known length. espeak-ng's melody cannot be controlled word by word, so the pitch of each
phrase is replaced by WORLD (pyworld: analysis, another F0, synthesis): declination, a bump on each
stressed vowel, and over the last word a straight line in semitones, up, down or level, as its tone
label says. Tones and breaks depend on the text (questions rise, statements fall, commas pause), but
not completely, so that a reference recording contains information that the text does not. The same
seed gives the same corpus.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import sources, storage
from avspeech.data.corpora import dealing, layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.media.espeak import Speech, synthesise_apart
from avspeech.text.espeak import to_symbols
from avspeech.text.script import Tone

SAMPLE_RATE = 22050  # as espeak-ng gives it
LEAD = (0.1, 0.2)  # seconds of silence before and after
BREAK = (0.2, 0.8)  # seconds
SLOPE = (4.0, 8.0)  # semitones over the last word, of a rise or (negative) of a fall
LEVEL = 0.3  # the largest change in semitones over the last word of a level tone
DECLINATION, ACCENT, ACCENT_WIDTH = -2.0, 2.5, 0.07  # semitones a second; semitones; seconds
FRAME = 0.0075  # seconds, of WORLD; its default of 0.005 takes 1.5 times as long

# (voice, sex, pitch 0..100, words a minute): espeak-ng's accents with its speaker variants.
VOICES = (("en-us+m1", "male", 40, 160), ("en-us+f3", "female", 60, 165),
          ("en-us+m3", "male", 30, 150), ("en-us+f2", "female", 50, 172),
          ("en-us+m4", "male", 55, 178), ("en-us+f4", "female", 45, 155))

_WHO = ("the baker", "my aunt", "our teacher", "the driver", "a neighbor", "his brother",
        "the old man", "her cousin", "a stranger", "the painter", "the captain", "my friend",
        "the singer", "a tall woman", "the mayor")
_DID = (("opened", "open"), ("found", "find"), ("forgot", "forget"), ("moved", "move"),
        ("sold", "sell"), ("saw", "see"), ("kept", "keep"), ("dropped", "drop"),
        ("painted", "paint"),
        ("carried", "carry"), ("washed", "wash"), ("borrowed", "borrow"), ("showed", "show"),
        ("broke", "break"))
_WHAT = ("the door", "a letter", "two boxes", "the key", "my coat", "the paper", "a red lamp",
         "some bread", "the boat", "nine coins", "the wooden chair", "a yellow book",
         "the garden wheel", "three warm shirts",
         "a pot of soup", "the copper bell", "six small fish", "the broken window")
# Without pairs such as "in the", which espeak-ng speaks as one word with one time.
_WHEN = ("at noon", "last July", "by the road", "on Monday", "before lunch", "in heavy rain",
         "near the harbor", "after the storm", "this morning", "under the bridge",
         "behind the house", "outside the village")
_THEN = ("and nobody knew why", "but it was too late", "and then went home", "so we all laughed",
         "because it was cold", "and paid for it")
# Mark at the end of a phrase -> probabilities of rise, fall, level; "w": a question with "where"
_TONES = {"?": (0.85, 0.1, 0.05), "w": (0.15, 0.75, 0.1), ".": (0.05, 0.8, 0.15),
          ",": (0.35, 0.15, 0.5), "": (0.3, 0.2, 0.5)}
# probability of a break at a comma, and where one is possible without it
_BREAKS = {",": 0.85, "": 0.3}


@dataclass(frozen=True)
class Plan:
    """The text, breaks and tones of an utterance before it is spoken."""

    text: str
    groups: tuple[tuple[str, ...], ...]  # the words between two breaks
    tones: tuple[Tone, ...]  # of the last word of each group
    breaks: tuple[float, ...]  # seconds, between the groups


@dataclass(frozen=True)
class _Job:
    out: Path
    speaker: int
    number: int
    seed: int


def prepare(source: str | Path | None, out: str | Path, speakers: int = 6, utterances: int = 40,
            seed: int = 0, dev: int = 2, test: int = 4, workers: int = 0) -> list[Path]:
    """Generates the corpus and writes train.jsonl, dev.jsonl and test.jsonl. A corpus that was
    generated before with the same options and code is kept.

    The labels of an utterance are "sex"; "phones" and "words": [start, end, name], with phones of
    `text.symbols` and "sil"; "breaks": [start, end, index of the word before]; "tones": [index of
    the word, "rise" | "fall" | "level", semitones over the word, semitones a second]; and "markup":
    the text with its breaks and tones. Times are in seconds.

    Args:
        source: not used; the corpus has none.
        out: folder of the corpus.
        speakers: number of speakers, up to 6; each is in all three manifests.
        utterances: number of utterances of each speaker.
        seed: of all random draws.
        dev: utterances of each speaker for development, before those for test.
        test: utterances of each speaker for test, at the end. No text of dev or test is trained on.
        workers: processes; 0: one for each core.

    Returns:
        The paths of the three manifests.

    Raises:
        InputError: bad options, or the extra `tts` is not installed.
    """
    from tqdm import tqdm

    out = Path(out)
    if not 1 <= speakers <= len(VOICES) or min(dev, test) < 1 or utterances <= dev + test:
        raise InputError(f"mini_tts: speakers={speakers}, utterances={utterances}, dev={dev}, "
                         f"test={test}: expected at most {len(VOICES)} speakers, at least one of "
                         "each, and some utterances to train on")
    options = {"speakers": speakers, "utterances": utterances, "seed": seed, "dev": dev,
               "test": test, "code": sources.module_hash(__name__)}
    marker = out / "mini_tts.json"
    paths = [out / f"{name}.jsonl" for name in dealing.SPLITS]
    if (marker.exists() and json.loads(marker.read_text(encoding="utf-8")) == options
        and all(p.exists() for p in paths)):
        return paths
    _world()
    synthesise_apart("a", VOICES[0][0])  # fails before any process starts if espeak-ng is missing
    (out / "audio").mkdir(parents=True, exist_ok=True)
    jobs = [_Job(out, speaker, number, seed) for speaker in range(speakers)
            for number in range(utterances)]
    made = list(tqdm(layout.made(_make, jobs, workers or os.cpu_count() or 1), "mini tts",
                     len(jobs), unit="utterance", disable=None))
    parts: dict[str, list[Utterance]] = {name: [] for name in dealing.SPLITS}
    for job, utterance in zip(jobs, made):
        late = job.number - (utterances - dev - test)
        parts["train" if late < 0 else "dev" if late < dev else "test"].append(utterance)
    held = {u.text for name in ("dev", "test") for u in parts[name]}
    parts["train"] = [u for u in parts["train"] if u.text not in held]
    minutes = sum(u.duration for u in made) / 60
    record = layout.Prepared("mini_tts", str(out.resolve()), "text", seed,
                             found=[f"{minutes:.1f} minutes of {speakers} voices"])
    paths = layout.finish(out, parts, record)
    storage.write_atomically(marker, json.dumps(options).encode())
    return paths


def _world() -> Any:
    try:
        import pyworld
    except ImportError:
        raise InputError("mini_tts: needs pyworld to change the pitch of speech; "
                         "pip install 'avspeech[tts]'") from None
    return pyworld


def plan(rng: np.random.Generator) -> Plan:
    """A random sentence with its breaks and tones.

    Args:
        rng: draws it.
    """

    def one(options: tuple[Any, ...]) -> Any:
        return options[int(rng.integers(len(options)))]

    who, (did, do), what, when = one(_WHO), one(_DID), one(_WHAT), one(_WHEN)
    # Pieces with the mark after each; "" is a place where a break is possible.
    kind = rng.random()
    if kind < 0.25:
        pieces = [(f"did {who} {do} {what}", ""), (when, "?")]
    elif kind < 0.4:
        pieces = [(f"where did {who}", ""), (f"{do} {what}", "w")]
    elif kind < 0.55:
        pieces = [(f"{who} {did} {what}", ","), (one(_WHAT), ","), (f"and {one(_WHAT)}", ".")]
    elif kind < 0.7:
        pieces = [(when, ","), (f"{who} {did}", ""), (what, ".")]
    elif kind < 0.85:
        pieces = [(f"{who} {did} {what}", ","), (one(_THEN), ".")]
    else:
        pieces = [(f"{who} {did} {what}", ""), (when, ",") if rng.random() < 0.5 else (when, "."),
                  (one(_THEN), ".")]
        if pieces[1][1] == ".":
            pieces = pieces[:2]
    text, groups, tones, breaks = "", [], [], []
    words: list[str] = []
    for place, (piece, mark) in enumerate(pieces):
        last = place == len(pieces) - 1
        text += (" " if text else "") + piece + ("?" if mark == "w" else mark)
        words += piece.split()
        if last or rng.random() < _BREAKS[mark]:
            shape = ("rise", "fall", "level")[int(rng.choice(3, p=_TONES[mark]))]
            size = float(rng.uniform(*SLOPE))
            slope = {"rise": size, "fall": -size, "level": float(rng.uniform(-LEVEL, LEVEL))}[shape]
            groups.append(tuple(words))
            tones.append(Tone(shape, round(slope, 2)))
            words = []
            if not last:
                breaks.append(round(float(rng.uniform(*BREAK)), 2))
    return Plan(text[0].upper() + text[1:], tuple(groups), tuple(tones), tuple(breaks))


def markup(plan: Plan) -> str:
    """The text of a plan in the markup of `avspeech.text`, with its breaks and tones.

    Args:
        plan: the plan.
    """
    ends = np.cumsum([len(group) for group in plan.groups])
    tones = {int(end) - 1: tone for end, tone in zip(ends, plan.tones)}
    breaks = {int(end) - 1: seconds for end, seconds in zip(ends, plan.breaks)}
    parts = []
    for place, word in enumerate(plan.text.split()):
        bare = word.rstrip(",.?")
        tone = tones.get(place)
        tag = ""
        if tone is not None:
            slope = "" if tone.shape == "level" else f" slope={abs(tone.slope):g}"
            tag = f"<{tone.shape}{slope}>"
        after = f" <brk {breaks[place]:g}>" if place in breaks else ""
        parts.append(bare + tag + word[len(bare):] + after)
    return " ".join(parts)


def melody(times: np.ndarray, speech: Speech, tone: Tone, height: float) -> np.ndarray:
    """The F0 of one phrase: declination, a bump on each stressed vowel before the last word, and a
    straight line with the slope of the tone over the last word.

    Args:
        times: [T], in seconds.
        speech: the phrase as espeak-ng speaks it.
        tone: of the last word.
        height: level of the voice in Hz.

    Returns:
        Hz [T].
    """
    start, end = speech.words[0][0], speech.words[-1][1]
    last = speech.words[-1][0]
    line = 1.0 + DECLINATION * (np.clip(times, start, last) - start)
    for phone in speech.phones:
        if phone.stressed and phone.end <= last:
            line += ACCENT * np.exp(-0.5 * ((times - (phone.start + phone.end) / 2)
                                            / ACCENT_WIDTH) ** 2)
    line[times >= last] = 1.0 + DECLINATION * (last - start)  # no bump continues there
    line = line + tone.slope * np.clip((times - last) / (end - last), 0.0, 1.0)
    return height * 2.0 ** (line / 12.0)


def sung(speech: Speech, tone: Tone) -> np.ndarray:
    """The speech with the F0 of `melody` in place of its own, by WORLD.

    Args:
        speech: one phrase.
        tone: of its last word.

    Returns:
        Samples [N].
    """
    world = _world()
    samples = speech.samples.astype(np.float64)
    rough, times = world.dio(samples, speech.sample_rate, f0_floor=50.0, f0_ceil=500.0,
                             frame_period=1000 * FRAME)
    pitch = world.stonemask(samples, rough, times, speech.sample_rate)
    envelope = world.cheaptrick(samples, pitch, times, speech.sample_rate)
    noise = world.d4c(samples, pitch, times, speech.sample_rate)
    voiced = pitch > 0
    height = float(np.median(pitch[voiced])) if voiced.any() else 120.0
    wanted = np.where(voiced, melody(times, speech, tone, height), 0.0)
    made = world.synthesize(wanted, envelope, noise, speech.sample_rate, 1000 * FRAME)
    return np.pad(made, (0, max(0, len(samples) - len(made))))[: len(samples)]


def _trimmed(speech: Speech) -> Speech:
    """The speech without the silence at both ends."""
    spoken = [phone for phone in speech.phones if phone.name != "sil"]
    first, last = spoken[0].start, spoken[-1].end
    begin, end = round(first * speech.sample_rate), round(last * speech.sample_rate)
    shift = begin / speech.sample_rate
    phones = tuple(type(p)(max(0.0, p.start - shift), min(p.end, last) - shift, p.name, p.stressed)
                   for p in speech.phones if p.start < last and p.end > first)
    # A word starts at the nearest phone, because espeak-ng's events of words and phones are some
    # milliseconds apart.
    begins = np.array([phone.start for phone in spoken])
    starts = [float(begins[np.abs(begins - a).argmin()]) - shift
              for a, _, _ in speech.words if a < last]
    names = [word for _, _, word in speech.words]
    words = tuple(zip(starts, [*starts[1:], last - shift], names))
    return Speech(speech.samples[begin:end], speech.sample_rate, phones, words)


def _make(job: _Job) -> Utterance:
    """Generates the sound and labels of one utterance."""
    voice, sex, pitch, rate = VOICES[job.speaker]
    rng = np.random.default_rng([job.seed, job.speaker, job.number])
    wanted = plan(rng)
    speed = round(rate * float(rng.uniform(0.93, 1.07)))
    pieces = [np.zeros(round(float(rng.uniform(*LEAD)) * SAMPLE_RATE))]
    phones: list[list[Any]] = [[0.0, len(pieces[0]) / SAMPLE_RATE, "sil"]]
    words: list[list[Any]] = []
    breaks: list[list[Any]] = []
    tones: list[list[Any]] = []
    for place, (group, tone) in enumerate(zip(wanted.groups, wanted.tones)):
        speech = _trimmed(synthesise_apart(" ".join(group), voice, speed, pitch, 50, True))
        if len(speech.words) != len(group):
            raise InputError(f"mini_tts: espeak-ng speaks {len(speech.words)} words instead of "
                             f"'{' '.join(group)}'; another version of espeak-ng may be needed")
        at = sum(map(len, pieces)) / SAMPLE_RATE
        for phone in speech.phones:
            found = ["sil"] if phone.name == "sil" else to_symbols(phone.name)
            step = (phone.end - phone.start) / max(1, len(found))
            phones += [[at + phone.start + i * step, at + phone.start + (i + 1) * step, symbol]
                       for i, symbol in enumerate(found)]
        words += [[at + start, at + end, word.lower()] for start, end, word in speech.words]
        start, end, _ = speech.words[-1]
        tones.append([len(words) - 1, tone.shape, tone.slope,
                      round(tone.per_second(end - start), 2)])
        pieces.append(sung(speech, tone))
        gap = wanted.breaks[place] if place < len(wanted.breaks) else float(rng.uniform(*LEAD))
        at = sum(map(len, pieces)) / SAMPLE_RATE
        pieces.append(np.zeros(round(gap * SAMPLE_RATE)))
        phones.append([at, at + len(pieces[-1]) / SAMPLE_RATE, "sil"])
        if place < len(wanted.breaks):
            breaks.append([at, at + gap, len(words) - 1])
    samples = np.concatenate(pieces)
    samples = 0.6 * samples / max(1e-6, float(np.abs(samples).max()))
    samples += 10 ** (-70 / 20) * rng.standard_normal(len(samples))  # no room is silent
    id = f"mini_tts-{job.speaker:02}-{job.number:03}"
    path = f"audio/{id}.wav"
    audio.write(job.out / path, samples.astype(np.float32), SAMPLE_RATE)
    labels: dict[str, Any] = {"sex": sex, "markup": markup(wanted), "tones": tones}
    for name, spans in (("phones", phones), ("words", words), ("breaks", breaks)):
        labels[name] = [[round(start, 4), round(end, 4), what] for start, end, what in spans]
    return Utterance(id, path, len(samples) / SAMPLE_RATE, f"mini_tts-{job.speaker:02}",
                     text=wanted.text, labels=labels)
