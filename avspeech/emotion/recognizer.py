"""The emotion of a voice: sound or files in, a label, its probabilities and their course out.

    recognizer = EmotionRecognizer.from_pretrained("emotion-edge")
    emotion = recognizer(audio, sample_rate=16000)     # emotion.label, .posteriors, .track
    emotion = recognizer.file("interview.mp4")         # of any length, in bounded memory
    stream = recognizer.stream(sample_rate=48000)      # stream.push(chunk) -> [(seconds, posteriors), ...]

Choices. Sound is heard in windows; of each the silence at both ends is cut off, as it is in training
(`emotion/features.py`), and the model sees the rest. A sound no longer than a window is one call of the
model. The posteriors of a longer one are the mean of its windows' posteriors, each weighing as its speech:
the share of it that is less than 40 dB below the loudest of the sound. A mean of posteriors, not of their
logarithms, so that one window that is sure of itself cannot outvote all others; so too are utterances
judged together in `emotion/training.py`. Where nothing rises above -80 dB of full scale no model is asked:
all classes are equally likely, and a sound that is all of that kind has no label.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.emotion.features import trimming
from avspeech.emotion.logmel import HOP, SAMPLE_RATE, LogMelModel, frame_count
from avspeech.emotion.windows import Heard, Hearing
from avspeech.errors import InputError
from avspeech.media import audio as sound

if TYPE_CHECKING:
    from avspeech.core.pretrained import ModelInfo

WINDOW, EVERY = 6.0, 1.0  # seconds; an acted sentence is shorter than such a window
SHORTEST = 0.5  # seconds; less is answered with a note
LONGEST = 120  # seconds of a window
SILENCE = 80  # dB below full scale
SPEECH = 40  # dB below the loudest of the sound
BLOCK = 10 * SAMPLE_RATE  # samples of an array that are gone through at a time


@dataclass(frozen=True)
class Moment:
    """A window of the sound: start and end in seconds, label (None: silence), probability of each class,
    speech: the share of it that is speech."""

    start: float
    end: float
    label: str | None
    posteriors: dict[str, float]
    speech: float


@dataclass(frozen=True)
class Emotion:
    """label: the likeliest class, None where all is silence; posteriors: probability of each class; track:
    the same of each window; seconds: of the sound; speech: share of it that is speech; notes: what should be
    known about the answer."""

    label: str | None
    posteriors: dict[str, float]
    track: list[Moment]
    seconds: float
    speech: float
    notes: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class EmotionRecognizer:
    """Emotions by a model of task "emotion".

    model: a `nn.logmel.LogMelModel`. info: its labels name the model's outputs. window, hop: seconds of a
    window and from one to the next, a multiple of 10 ms. trim: silence at the ends of a window that is so
    many dB below its loudest part is cut off, as in training where it is not given; 0: nothing is.

    Raises InputError for a model of another kind, and for windows that cannot be.
    """

    def __init__(self, model: Any, info: ModelInfo, *, window: float = WINDOW, hop: float = EVERY,
                 trim: float | None = None):
        if not isinstance(model, LogMelModel) or len(info.labels) != model.config.classes:
            raise InputError(f"model '{info.model}': expected one that hears log-mel spectra, with a label "
                             f"for each of its outputs; it has {len(info.labels)} labels")
        self.model, self.info = model, info
        before = trimming(info.frontend)
        self.trim, self.margin = before.trim if trim is None else trim, before.margin
        self.labels: Sequence[str] = tuple(info.labels)
        self.window, self.hop = check_windows(window, hop)

    @classmethod
    def from_pretrained(cls, name_or_folder: str | Path, device: str = "cpu",
                        **options: Any) -> EmotionRecognizer:
        """From a model's name or folder; `options` as for the class.

        Raises InputError where there is no such model, or it is for another task.
        """
        from avspeech.core import pretrained

        model, info = pretrained.load(name_or_folder, device=device)
        if info.task != "emotion":
            raise InputError(f"{name_or_folder}: a model for {info.task}, expected one for emotion")
        return cls(model, info, **options)

    def __call__(self, audio: Any, sample_rate: int) -> Emotion:
        """The emotion of audio [N], or [C, N] or [N, C], whose channels are averaged; floats, full scale is
        1; sample_rate in Hz. Raises InputError for no samples, NaN, and wrong shapes and types."""
        samples = sound.resample(sound.mono(audio), check_rate(sample_rate), SAMPLE_RATE)
        return self._emotion(samples[i: i + BLOCK] for i in range(0, len(samples), BLOCK))

    def file(self, path: str | Path, progress: bool = False) -> Emotion:
        """The emotion of a sound or video file of any length and format, decoded piece by piece; what grows
        with it is the track, some 2 kB a window. progress: a bar on stderr. Raises InputError for a file that
        cannot be read or holds no sound."""
        damaged: list[float] = []
        emotion = self._emotion(_shown(path, _resampled(path, damaged), progress), str(path))
        if damaged:
            emotion.notes.append(f"{len(damaged)} damaged packets were heard as silence")
        return emotion

    def stream(self, sample_rate: int = SAMPLE_RATE, window: float | None = None,
               hop: float | None = None) -> EmotionStream:
        """For sound that comes bit by bit. window, hop: in seconds, by default the recognizer's."""
        return EmotionStream(self, sample_rate, *check_windows(window or self.window, hop or self.hop))

    def hearing(self, window: float, hop: float, shortest: float | None = None) -> Hearing:
        """The windows of a sound, with this model's spectrum. In seconds."""
        return Hearing(self._spectrum, self.model.config.mels, round(window * SAMPLE_RATE),
                       round(hop * SAMPLE_RATE), None if shortest is None else round(shortest * SAMPLE_RATE))

    def posteriors(self, heard: Heard) -> np.ndarray:
        """[K] float64 of a window."""
        import torch

        if _quiet(heard.samples).min() > SILENCE:
            return np.full(len(self.labels), 1 / len(self.labels))
        frames = heard.frames
        begin, end = sound.speech_bounds(heard.samples, SAMPLE_RATE, self.trim, self.margin)
        first = begin // HOP  # begin is a multiple of it
        frames = frames[first: first + frame_count(end - begin)]
        with torch.inference_mode():
            x = torch.from_numpy(frames).to(self._device)[None]
            out = self.model.classify(x)[0].double().softmax(0).cpu().numpy()
        if not np.isfinite(out).all():
            raise FloatingPointError("the model's output is not finite at "
                                     f"{heard.start / SAMPLE_RATE:.2f} s to {heard.end / SAMPLE_RATE:.2f} s")
        return out

    def named(self, posteriors: np.ndarray) -> dict[str, float]:
        """By label."""
        return dict(zip(self.labels, map(float, posteriors), strict=True))

    @property
    def _device(self) -> Any:
        return self.model.logmel.window.device

    def _spectrum(self, samples: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            return self.model.logmel(torch.from_numpy(samples).to(self._device)[None])[0].cpu().numpy()

    def _emotion(self, pieces: Iterable[np.ndarray], name: str = "audio") -> Emotion:
        hearing = self.hearing(self.window, self.hop)
        found: list[tuple[float, float, np.ndarray, np.ndarray]] = []

        def note(windows: Iterator[Heard]) -> None:
            for w in windows:
                found.append((w.start / SAMPLE_RATE, w.end / SAMPLE_RATE, self.posteriors(w),
                              _quiet(w.samples)))

        for piece in pieces:
            if not np.isfinite(piece).all():
                raise InputError(f"{name}: samples that are NaN or infinite after "
                                 f"{hearing.heard / SAMPLE_RATE:.1f} s; mend them first")
            note(hearing.push(piece))
        note(hearing.finish())
        if not found:
            raise InputError(f"{name}: no samples; expected sound")
        loudest = min(int(quiet.min()) for *_, quiet in found)
        limit = min(loudest + SPEECH, SILENCE)
        speech = np.array([np.mean(quiet <= limit) for *_, quiet in found])
        track = [Moment(start, end, self._label(p, share), self.named(p), float(share))
                 for (start, end, p, _), share in zip(found, speech, strict=True)]
        seconds = hearing.heard / SAMPLE_RATE
        notes = []
        if seconds < SHORTEST:
            notes.append(f"{seconds:.2f} s of sound: too little to tell an emotion by")
        if not speech.any():
            notes.append(f"silence: nothing above -{SILENCE} dB of full scale")
        mean = np.average([p for _, _, p, _ in found], axis=0, weights=speech if speech.any() else None)
        return Emotion(self._label(mean, speech.max()), self.named(mean), track, seconds,
                       float(speech.mean()), notes)

    def _label(self, posteriors: np.ndarray, speech: float) -> str | None:
        return self.labels[int(posteriors.argmax())] if speech > 0 else None


class EmotionStream:
    """Sound bit by bit in, posteriors out each hop: `EmotionRecognizer.stream`. Memory, and the time that a
    chunk takes, do not grow."""

    def __init__(self, recognizer: EmotionRecognizer, sample_rate: int, window: float, hop: float):
        self.recognizer = recognizer
        self._hearing = recognizer.hearing(window, hop, SHORTEST)
        self._resampler = _Resampler(check_rate(sample_rate))

    def push(self, chunk: Any) -> list[tuple[float, dict[str, float]]]:
        """(seconds, posteriors) for each hop that ends in `chunk`, floats [n] (or [C, n], [n, C]) of any
        length, 20 ms being usual: of the window that ends then, seconds after the stream's beginning; of all
        that was heard where that is less than a window, from half a second on. Raises InputError as the
        recognizer's call does, but for an empty chunk."""
        if np.size(chunk) == 0:
            return []
        samples = self._resampler(sound.mono(chunk))
        return [(w.end / SAMPLE_RATE, self.recognizer.named(self.recognizer.posteriors(w)))
                for w in self._hearing.push(samples)]


class _Resampler:
    """Pieces at `rate` -> pieces at 16 kHz."""

    def __init__(self, rate: int):
        self._stream: Any = None
        self._come = self._gone = 0
        self.rate = rate
        if rate != SAMPLE_RATE:
            import soxr

            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")

    def __call__(self, piece: np.ndarray, last: bool = False) -> np.ndarray:
        piece = np.ascontiguousarray(piece, np.float32)
        if self._stream is None:
            return piece
        self._come += len(piece)
        out = self._stream.resample_chunk(piece, last=last)
        if last:  # as many as `audio.resample` gives
            wanted = -(-self._come * SAMPLE_RATE // self.rate) - self._gone
            out = np.pad(out[:wanted], (0, max(0, wanted - len(out))))
        self._gone += len(out)
        return out


def check_windows(window: float, hop: float) -> tuple[float, float]:
    """Both, if they can be. Raises InputError, in one line, if not."""
    steps = hop * SAMPLE_RATE / HOP
    if not (SHORTEST <= window <= LONGEST and 1 <= round(steps, 6) and hop <= window
            and abs(steps - round(steps)) < 1e-6):
        raise InputError(f"window {window:g} s, hop {hop:g} s: expected a window of {SHORTEST} to {LONGEST} "
                         "s, and a hop no longer than it, a multiple of 0.01 s")
    return window, hop


def check_rate(sample_rate: float) -> int:
    """As int, if it is one. Raises InputError."""
    if not (sample_rate > 0 and sample_rate == int(sample_rate)):
        raise InputError(f"sample_rate={sample_rate}: expected a positive whole number of Hz")
    return int(sample_rate)


def _quiet(samples: np.ndarray) -> np.ndarray:
    """How far below full scale each 10 ms of a window are, in whole dB, 0..255, [n] uint8; a constant offset
    of the samples is no sound."""
    whole = max(1, len(samples) // HOP)
    blocks = samples[: whole * HOP].astype(np.float64) - samples.mean(dtype=np.float64)
    power = np.square(blocks).reshape(whole, -1).mean(1)
    return np.clip(np.round(-10 * np.log10(power + 1e-26)), 0, 255).astype(np.uint8)


def _resampled(path: str | Path, damaged: list[float]) -> Iterator[np.ndarray]:
    resampler = None
    for piece, rate in sound.blocks(path, damaged):
        resampler = resampler or _Resampler(rate)
        yield resampler(piece)
    if resampler is not None:
        yield resampler(np.zeros(0, np.float32), last=True)


def _shown(path: str | Path, pieces: Iterator[np.ndarray], progress: bool) -> Iterator[np.ndarray]:
    if not progress:
        yield from pieces
        return
    from tqdm import tqdm

    with tqdm(total=round(sound.duration(path)), desc=Path(path).name, unit="s", leave=False) as bar:
        done = 0
        for piece in pieces:
            yield piece
            done += len(piece)
            bar.update(done // SAMPLE_RATE - bar.n)
