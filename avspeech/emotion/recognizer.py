"""The emotion of a voice: sound or files in, a label, its probabilities and their course out.

    recognizer = EmotionRecognizer.from_pretrained("emotion-edge")
    emotion = recognizer(audio, sample_rate=16000)     # emotion.label, .posteriors, .track, .notes
    emotion = recognizer.file("interview.mp4")         # of any length, in bounded memory
    stream = recognizer.stream(sample_rate=48000)
    stream.push(chunk)                                 # [(seconds, posteriors), ...]

How an answer is made. The sound is cut into overlapping windows. Of each window the silence at both
ends is cut off, as in training (`emotion/features.py`), and the model hears the rest. A sound no
longer than a window is one call of the model. The posteriors of a longer one are the mean of its
windows' posteriors, each weighted by its share of speech: the time that is less than 40 dB below
the loudest part of the sound. It is a mean of posteriors, not of their logarithms, so that one very
sure window cannot outvote all others; utterances are judged together in the same way in
`emotion/training.py`. Levels are compared within the sound, and a constant offset is taken off, so
that neither changes an answer. Where nothing is louder than one step of a 16-bit recording, the
model is not run: all classes are equally likely, and a sound without any louder window has no
label.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.core import ranges
from avspeech.core.bars import bar
from avspeech.emotion.conditions import Conditions, levels
from avspeech.emotion.engine import engine_of
from avspeech.emotion.features import trimming, without_offset
from avspeech.emotion.frames import HOP, SAMPLE_RATE, frame_count
from avspeech.emotion.windows import Heard, Hearing
from avspeech.errors import InputError, telling
from avspeech.media import audio as sound
from avspeech.media.resampling import Resampler

if TYPE_CHECKING:
    from avspeech.core.engine import Choice
    from avspeech.core.pretrained import ModelInfo

WINDOW, EVERY = 6.0, 1.0  # seconds; an acted sentence is shorter than such a window
SHORTEST = 0.5  # seconds; the answer to a shorter sound has a note
LONGEST = 120  # seconds of a window, at most
SILENCE = 90  # dB below full scale: one step of 16 bits; dithered silence is 95 dB below
SPEECH = 40  # dB below the loudest part of the sound
TRUSTED = 0.05  # calibration error up to which probabilities are taken at their word
BLOCK = 10 * SAMPLE_RATE  # samples of an array that are processed at a time


@dataclass(frozen=True)
class Moment:
    """The answer for one window of a sound."""

    start: float  # seconds
    end: float  # seconds
    label: str | None  # the most probable class; None for silence
    posteriors: dict[str, float]  # probability of each class
    speech: float  # share of the window that is speech


@dataclass(frozen=True)
class Emotion:
    """The answer for a sound."""

    label: str | None  # the most probable class; None where all is silence
    posteriors: dict[str, float]  # probability of each class
    track: list[Moment]  # the same for each window
    seconds: float  # length of the sound
    speech: float  # share of it that is speech
    notes: list[str]  # what limits the answer: silence, damage, noise, a narrow band

    def as_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return asdict(self)


class EmotionRecognizer:
    """Emotions of voices, by a model for the task "emotion".

    Args:
        model: a `logmel.LogMelModel` in eval mode, or the graphs of one.
        info: its `ModelInfo`; the labels name the model's outputs.
        window: seconds of a window.
        hop: seconds from one window to the next, a multiple of 10 ms.
        trim: dB below the loudest part of a window; what is quieter at its ends is cut off. None:
            as in training; 0: nothing is cut.

    Raises:
        InputError: a model of another kind, or a value out of range.
    """

    def __init__(self, model: Any, info: ModelInfo, *, window: float = WINDOW, hop: float = EVERY,
                 trim: float | None = None):
        self.engine = engine_of(model, info)
        if len(info.labels) != self.engine.config.classes:
            raise InputError(
                f"model '{info.model}': expected one that hears log-mel spectra, with a "
                f"label for each of its outputs; it has {len(info.labels)} labels"
            )
        self.model, self.info = model, info
        cut = trimming(info.frontend if trim is None else {**info.frontend, "trim": trim})
        self.trim, self.margin = cut.trim, cut.margin
        self.labels: Sequence[str] = tuple(info.labels)
        self.window, self.hop = check_windows(window, hop)
        self.caution = caution(info.metrics)

    @classmethod
    def from_pretrained(cls, name_or_folder: str | Path, device: str = "cpu",
                        engine: Choice = "auto", **options: Any) -> EmotionRecognizer:
        """Loads a model.

        Args:
            name_or_folder: a released model, or a model folder.
            device: a torch device, e.g. "cuda".
            engine: "auto", "onnx" or "torch": see `core.pretrained.open_model`.
            options: window, hop and trim, as for the class.

        Raises:
            InputError: there is no such model, or it is for another task.
        """
        from avspeech.core import pretrained

        return cls(*pretrained.open_model(name_or_folder, device, engine, "emotion"), **options)

    def __call__(self, audio: Any, sample_rate: int) -> Emotion:
        """The emotion of a sound.

        Args:
            audio: floats [N], or [C, N] or [N, C], whose channels are averaged; full scale is 1.
            sample_rate: in hertz.

        Raises:
            InputError: no samples, NaN, or a wrong shape, type or rate.
        """
        rate = sound.check_rate(sample_rate)
        notes: list[str] = []
        samples = sound.resample(sound.mono(audio, notes), rate, SAMPLE_RATE)
        emotion = self._emotion(
            (samples[i : i + BLOCK] for i in range(0, len(samples), BLOCK)), [rate]
        )
        emotion.notes.extend(notes)
        return emotion

    def file(self, path: str | Path, progress: bool = False, track: int | None = None) -> Emotion:
        """The emotion of a sound or video file of any length and format, decoded piece by piece.

        Memory grows only with the track, by about 2 kB a window.

        Args:
            path: the file.
            progress: show a bar on stderr.
            track: which of the file's tracks of sound, from 1; None: see `media.audio.read`.

        Raises:
            InputError: the file cannot be read or holds no sound.
        """
        rates: list[int] = []
        notes: list[str] = []
        pieces = _shown(path, _resampled(path, rates, track, notes), progress)
        emotion = self._emotion(pieces, rates, str(path))
        emotion.notes.extend(notes)
        return emotion

    def stream(self, sample_rate: int = SAMPLE_RATE, window: float | None = None,
               hop: float | None = None) -> EmotionStream:
        """A stream for sound that arrives in chunks.

        Args:
            sample_rate: in hertz.
            window: in seconds; default: the recognizer's.
            hop: in seconds; default: the recognizer's.
        """
        window, hop = check_windows(self.window if window is None else window,
                                    self.hop if hop is None else hop)
        return EmotionStream(self, sample_rate, window, hop)

    def hearing(self, window: float, hop: float, shortest: float | None = None) -> Hearing:
        """Cuts sound into windows with this model's spectrum; all arguments in seconds
        (`Hearing`)."""
        least = None if shortest is None else round(shortest * SAMPLE_RATE)
        return Hearing(self.engine.spectrum, self.engine.config.mels, round(window * SAMPLE_RATE),
                       round(hop * SAMPLE_RATE), least)

    def posteriors(self, heard: Heard, below: np.ndarray | None = None) -> np.ndarray:
        """The probabilities of the classes in a window.

        Args:
            heard: the window.
            below: the `levels` of its samples, where they are known.

        Returns:
            [K] float64.

        Raises:
            InputError: the samples are so large that the answer is not finite.
        """
        below = levels(heard.samples) if below is None else below
        if below.min() > SILENCE:
            return np.full(len(self.labels), 1 / len(self.labels))
        begin, end = sound.speech_bounds(without_offset(heard.samples), SAMPLE_RATE, self.trim,
                                         self.margin)
        begin -= begin % HOP  # frames begin at multiples of it
        speech = heard.samples[begin:end]
        leveled = self.engine.leveled(speech)
        if np.array_equal(leveled, speech):
            first = begin // HOP
            frames = heard.frames[first: first + frame_count(end - begin)]
        else:
            frames = self.engine.spectrum(leveled)
        with np.errstate(invalid="ignore"):  # what is not finite is refused below
            logits = self.engine.logits(frames).astype(np.float64)
            powers = np.exp(logits - logits.max())
            out = powers / powers.sum()
        if not np.isfinite(out).all():
            raise InputError(
                f"{heard.start / SAMPLE_RATE:.2f} s to {heard.end / SAMPLE_RATE:.2f} s: "
                "the model's output is not finite; samples should be within -1..1"
            )
        return out

    def named(self, posteriors: np.ndarray) -> dict[str, float]:
        """Posteriors [K] as {label: probability}."""
        return dict(zip(self.labels, map(float, posteriors), strict=True))

    def _emotion(self, pieces: Iterable[np.ndarray], rates: Sequence[int],
                 name: str = "audio") -> Emotion:
        """The answer for pieces [n] at 16 kHz. rates: of the sound itself, filled while pieces are
        read."""
        hearing, conditions = self.hearing(self.window, self.hop), Conditions()
        found: list[tuple[float, float, np.ndarray, np.ndarray]] = []

        def note(windows: Iterator[Heard]) -> None:
            for w in windows:
                below = levels(w.samples)
                with telling(str(name)):
                    posteriors = self.posteriors(w, below)
                conditions.add(w.start, w.samples, below)
                found.append((w.start / SAMPLE_RATE, w.end / SAMPLE_RATE, posteriors, below))

        for piece in pieces:
            if not np.isfinite(piece).all():
                raise InputError(f"{name}: samples that are NaN or infinite after "
                                 f"{hearing.heard / SAMPLE_RATE:.1f} s; mend them first")
            note(hearing.push(piece))
        note(hearing.finish())
        if not found:
            raise InputError(f"{name}: no samples; expected sound")
        loudest = min(int(below.min()) for *_, below in found)
        limit = loudest + SPEECH if loudest <= SILENCE else -1
        speech = np.array([np.mean(below <= limit) for *_, below in found])
        track = []
        for (start, end, posteriors, _), share in zip(found, speech, strict=True):
            label = self._label(posteriors, share)
            track.append(Moment(start, end, label, self.named(posteriors), float(share)))
        seconds = hearing.heard / SAMPLE_RATE
        notes = []
        if seconds < SHORTEST:
            notes.append(f"{seconds:.2f} s of sound: too little to tell an emotion by")
        if speech.any():
            notes += conditions.notes(min(rates, default=SAMPLE_RATE))
        else:
            notes.append(f"silence: nothing above -{SILENCE} dB of full scale")
        if self.caution and speech.any():
            notes.append(self.caution)
        mean = np.average([p for _, _, p, _ in found], axis=0,
                          weights=speech if speech.any() else None)
        return Emotion(self._label(mean, speech.max()), self.named(mean), track, seconds,
                       float(speech.mean()), notes)

    def _label(self, posteriors: np.ndarray, speech: float) -> str | None:
        return self.labels[int(posteriors.argmax())] if speech > 0 else None


class EmotionStream:
    """Sound in chunks in, posteriors out at each hop (`EmotionRecognizer.stream`).

    Memory, and the time for a chunk, do not grow.
    """

    def __init__(self, recognizer: EmotionRecognizer, sample_rate: int, window: float, hop: float):
        self.recognizer = recognizer
        self._hearing = recognizer.hearing(window, hop, SHORTEST)
        self._resampler = Resampler(sound.check_rate(sample_rate), SAMPLE_RATE)
        self._finished = False

    def push(self, chunk: Any) -> list[tuple[float, dict[str, float]]]:
        """Hears the next chunk.

        Args:
            chunk: floats [n], [C, n] or [n, C] of any length, 20 ms being usual; may be empty.

        Returns:
            (seconds, posteriors) for each hop that ends in the chunk, of the window that ends
            there. `seconds` is counted from the beginning of the stream. While less than a window
            was heard, the window is all that was heard, from half a second on.

        Raises:
            InputError: a wrong shape or type, NaN, or a stream that was finished.
        """
        if self._finished:
            raise InputError("the stream was finished; begin another one with recognizer.stream()")
        if np.size(chunk) == 0:
            return []
        return self._answers(self._hearing.push(self._resampler(sound.mono(chunk))))

    def finish(self) -> list[tuple[float, dict[str, float]]]:
        """Ends the stream.

        Returns:
            The answers that were still due, as `push` gives them. The last one is of the window
            that ends with the last sample, also where less than half a second was heard; none where
            no sound came since the last answer.

        Raises:
            InputError: the stream was finished before.
        """
        if self._finished:
            raise InputError("the stream was finished; begin another one with recognizer.stream()")
        self._finished = True
        rest = self._hearing.push(self._resampler.finish())
        return self._answers(rest) + self._answers(self._hearing.finish())

    def _answers(self, windows: Iterator[Heard]) -> list[tuple[float, dict[str, float]]]:
        model = self.recognizer
        return [(w.end / SAMPLE_RATE, model.named(model.posteriors(w))) for w in windows]


def caution(metrics: Mapping[str, float]) -> str | None:
    """What to know of a model's probabilities.

    Args:
        metrics: of its card.

    Returns:
        A line where they were off by more than `TRUSTED` on a corpus that it was not trained on,
        as its calibration error says; None where they were not, or none was measured.
    """
    worst = max((v for k, v in metrics.items() if k.startswith("calibration error, ")), default=0.0)
    if worst <= TRUSTED:
        return None
    return (f"probabilities: off by {100 * worst:.0f} points on average on a corpus that the model "
            "was not trained on; they rank the labels")


def check_windows(window: float, hop: float) -> tuple[float, float]:
    """window and hop, in seconds. Raises InputError where they are out of range."""
    right = ranges.within(window, SHORTEST, LONGEST) and ranges.within(hop, 0.0, window)
    steps = hop * SAMPLE_RATE / HOP if right else 0.0
    if not (1 <= round(steps, 6) and abs(steps - round(steps)) < 1e-6):
        raise InputError(f"window {window} s, hop {hop} s: expected a window of {SHORTEST} to "
                         f"{LONGEST} s, and a hop no longer than it, a multiple of 0.01 s")
    return window, hop


def card_lines(name: str, info: ModelInfo) -> dict[str, Any]:
    """What a model card says of an emotion model (`core.model_card.card`).

    Args:
        name: of the model.
        info: its record.

    Returns:
        "title": a sentence that says what the model does; "python": lines of Python after
        `model = avspeech.load(...)`; "shell": commands.
    """
    call = f"emotion = model(audio, sample_rate={info.sample_rate})  # .label, .posteriors, .track"
    return {"title": "Tells the emotion of a voice",
            "python": [call],
            "shell": [f"avspeech emotion FILE --model {name}",
                      f"avspeech export {name} --to onnx -o {name}.onnx"]}


def _resampled(path: str | Path, rates: list[int], track: int | None,
               notes: list[str]) -> Iterator[np.ndarray]:
    """Pieces of a file at 16 kHz; the file's own rate is appended to `rates`."""
    resampler = None
    for piece, rate in sound.blocks(path, None, track, notes):
        if resampler is None:
            rates.append(rate)
            resampler = Resampler(rate, SAMPLE_RATE)
        yield resampler(piece)
    if resampler is not None:
        yield resampler.finish()


def _shown(path: str | Path, pieces: Iterator[np.ndarray], progress: bool) -> Iterator[np.ndarray]:
    if not progress:
        yield from pieces
        return
    seconds = sound.promised(path)
    total, name = None if seconds is None else round(seconds), Path(path).name
    with bar(total=total, desc=name, unit="s", leave=False) as shown:
        done = 0
        for piece in pieces:
            yield piece
            done += len(piece)
            shown.update(done // SAMPLE_RATE - shown.n)
