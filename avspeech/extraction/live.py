"""The voice of a face while it speaks: sound and pictures go in, the voice comes out a fixed time
later.

The model is not causal, so it runs again and again over the last seconds, and of each run a short
part near the end is given out, where the model has seen a little of what follows.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.core import ranges
from avspeech.errors import InputError
from avspeech.extraction.windows import SHORTEST
from avspeech.media.mouths import MODEL_CROP, STORED_CROP

if TYPE_CHECKING:
    from avspeech.extraction.extractor import Extractor
    from avspeech.media.live_faces import LiveMouth

PAST = 3.0  # s of a run of the model, by default
# The share of the latency that one run gives out; the rest is what it sees of what follows. The
# more it gives out, the fewer runs there are.
GIVEN = 0.7
FADE = 0.01  # s: cross-fade from one run to the next
LEAST = 0.06  # s of latency: a frame, and a little of what follows
REMEMBERED = 10.0  # s of pictures from which the lighting is known


class Stream:
    """Extraction of one face from sound and pictures that come bit by bit: see `Extractor.stream`.

    Sample n of the voice has been given out once samples up to n + `delay` and the pictures of that
    time have been pushed. In how many pieces they come changes nothing in the voice.

    Args:
        extractor: with the model.
        latency: seconds from what is heard to the voice.
        past: seconds that each run of the model hears and sees.
        fps: of the pictures that are pushed, in frames per second.
        face: which face, counted from 1, where full pictures show several.

    Attributes:
        latency: as above, rounded to whole samples.
        delay: the same in samples.
        sample_rate: of the sound that goes in and of the voice, in Hz.

    Raises:
        InputError: values out of range.
    """

    def __init__(self, extractor: Extractor, latency: float, past: float = PAST,
                 fps: float = 25.0, face: int = 1) -> None:
        from avspeech.extraction.evidence import Lateness

        if not ranges.within(latency, LEAST, 10):
            raise InputError(f"latency={latency}: expected {LEAST} to 10 seconds")
        if not ranges.within(past, 2 * latency, 60):
            raise InputError(f"past={past}: expected {2 * latency} to 60 seconds")
        if not (np.isfinite(fps) and fps > 0):
            raise InputError(f"fps={fps}: expected a positive number of frames per second")
        if face < 1:
            raise InputError(f"face={face}: expected a number from 1 on")
        self.extractor = extractor
        self.sample_rate = extractor.sample_rate
        self.fps, self.face = fps, face
        self.delay = round(latency * self.sample_rate)
        self.latency = self.delay / self.sample_rate
        frame = self.sample_rate / extractor.fps
        self._hop = round(max(1, round(GIVEN * self.delay / frame)) * frame)
        self._ahead = self.delay - self._hop
        self._length = round(past * self.sample_rate)
        self._least = round(SHORTEST * extractor.fps)  # frames; shorter runs are padded
        self._fade = min(round(FADE * self.sample_rate), self._ahead, self._hop)
        self._sound = _Kept(np.zeros(0, np.float32))
        self._crops = _Kept(np.zeros((0, MODEL_CROP, MODEL_CROP), np.uint8))
        self._mask = _Kept(np.zeros(0, bool))
        self._pushed = 0  # frames, at their own rate
        self._faces: LiveMouth | None = None
        self._looks = None if extractor.engine.around is None else _Looks(extractor)
        self._late = Lateness()
        self._heard = 0  # samples by which it was told
        self._done = 0  # samples of the voice that are made
        self._tail = np.zeros(0, np.float32)  # what the last run says of the samples that follow
        self._made = _Kept(np.zeros(0, np.float32))
        self._over = False

    def push(self, samples: Any = None, frames: Any = None, present: Any = None) -> np.ndarray:
        """Takes what has been heard and seen since the last call.

        Sound and pictures may come in pieces of any size, also each by itself. The voice waits for
        that of both which lags behind; push frames with `present` False where there is no picture.

        Args:
            samples: float `[N]` at `sample_rate`, full scale -1 to 1.
            frames: mouth crops uint8 `[T, 96, 96]` or `[T, 88, 88]`, or full pictures uint8
                `[T, H, W, 3]` RGB, in which the face is followed. Frame k of the stream is shown
                from k / fps seconds on.
            present: bool `[T]`: where the face is seen; by default always, or where it is found.

        Returns:
            The next samples of the voice, float32 `[M]`: all up to `delay` before the end of what
            has been pushed.

        Raises:
            InputError: wrong shapes or types, NaN, or a stream that is finished.
        """
        if self._over:
            raise InputError("this stream is finished; make a new one")
        if samples is not None:
            self._hear(np.asarray(samples))
        if frames is not None:
            self.take(np.asarray(frames), present)
        known = min(self._sound.stop, self._sample(self._mask.stop))
        while self._done + self._hop + self._ahead <= known:
            self._run(self._done + self._hop, self._done + self._hop + self._ahead)
        return self._give(known - self.delay)

    def finish(self) -> np.ndarray:
        """Ends the stream.

        Returns:
            The rest of the voice, which then is as long as the sound. Frames that are missing at
            the end count as the face being out of sight.
        """
        if self._over:
            return np.zeros(0, np.float32)
        self._over = True
        end = self._sound.stop
        missing = self._frames(end) - self._mask.stop
        if missing > 0:
            self._crops.add(np.zeros((missing, MODEL_CROP, MODEL_CROP), np.uint8))
            self._mask.add(np.zeros(missing, bool))
        while self._done < end:
            stop = min(self._done + self._hop + self._ahead, end)
            self._run(end if stop == end else self._done + self._hop, stop)
        return self._give(end)

    def _sample(self, frame: int) -> int:
        return round(frame * self.sample_rate / self.extractor.fps)

    def _frames(self, sample: int) -> int:
        """The number of frames that begin before a sample."""
        return -int(-sample * self.extractor.fps // self.sample_rate)

    def _hear(self, samples: np.ndarray) -> None:
        if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
            raise InputError(f"samples: {samples.dtype} {samples.shape}, expected floats [N]")
        if not np.isfinite(samples).all():
            raise InputError("samples: NaN or infinite values in them")
        self._sound.add(samples.astype(np.float32))

    def take(self, frames: np.ndarray, present: Any = None) -> None:
        """Takes frames as `push` does; what they make ready comes with the next call of it."""
        sides = (MODEL_CROP, STORED_CROP)
        crops = frames.ndim == 3 and frames.shape[1] == frames.shape[2] and frames.shape[1] in sides
        if frames.dtype != np.uint8 or not (crops or (frames.ndim == 4 and frames.shape[3] == 3)):
            raise InputError(f"frames: {frames.dtype} {frames.shape}, expected uint8 crops "
                             "[T, 96, 96] or [T, 88, 88], or pictures [T, H, W, 3]")
        mask = np.ones(len(frames), bool) if present is None else np.asarray(present)
        if mask.dtype != np.bool_ or mask.shape != frames.shape[:1]:
            raise InputError(f"present: {mask.dtype} {mask.shape}, expected bool [{len(frames)}]")
        first, self._pushed = self._pushed, self._pushed + len(frames)
        picked: list[int] = []  # the frames that the model sees, on its own clock
        while (index := self._index(self._mask.stop + len(picked))) < self._pushed:
            picked.append(index - first)
        if not crops:
            frames, found = self._follow(frames)
            mask = mask & found
        edge = (frames.shape[1] - MODEL_CROP) // 2
        part = slice(edge, edge + MODEL_CROP)
        self._crops.add(np.where(mask[picked, None, None], frames[picked][:, part, part], 0))
        self._mask.add(mask[picked])

    def _index(self, frame: int) -> int:
        """Which of the pushed frames is shown at a frame of the model's clock."""
        return math.floor(frame * self.fps / self.extractor.fps + 1e-6)

    def _follow(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Crops `[T, 96, 96]` of full pictures, and where the face was found `[T]`."""
        if self._faces is None:
            from avspeech.media.live_faces import LiveMouth

            self._faces = LiveMouth(self.fps, self.face)
        cut = [self._faces.push(picture) for picture in pictures]
        black = np.zeros((STORED_CROP, STORED_CROP), np.uint8)
        crops = [black if one is None else one for one in cut]
        return np.array(crops, np.uint8).reshape(-1, STORED_CROP, STORED_CROP), np.array(
            [one is not None for one in cut], bool)

    def _run(self, end: int, stop: int) -> None:
        """Makes the voice up to sample `end` from what is heard and seen before sample `stop`."""
        from avspeech.extraction.evidence import estimate

        first, last = max(0, self._frames(stop - self._length)), self._frames(stop)
        start, begin = self._sample(first), self._done
        mixture, mask = self._sound.part(start, stop), self._mask.part(first, last)
        video: Any = self._crops.part(first, last)
        if self._looks is not None:
            video = self._looks.part(self._crops, self._mask, first, last)
        unseen = self.extractor.when_unseen == "silence" and not mask.any()
        if unseen or not np.any(mixture):
            voice = np.zeros(len(mixture), np.float32)
        else:
            voice = estimate(
                self.extractor.engine, _padded(mixture, self._sample(self._least)),
                _padded(video, self._least)[None], _padded(mask, self._least)[None], self._late,
                stop - max(self._heard, start))
            self._heard = stop
            if not np.isfinite(voice).all():
                raise FloatingPointError(
                    f"the model's output is not finite at {start / self.sample_rate:.2f} s to "
                    f"{stop / self.sample_rate:.2f} s")
        piece = voice[begin - start: end + self._fade - start]
        width = min(len(self._tail), len(piece))
        if width:
            rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(width, dtype=np.float32) + 0.5) / width)
            piece[:width] = self._tail[:width] * (1 - rise) + piece[:width] * rise
        self._made.add(piece[: end - begin])
        self._tail = piece[end - begin:].copy()
        self._done = end
        needed = max(0, self._frames(end - self._length))  # in the next run, or the last one
        self._sound.forget(self._sample(needed))
        if self._looks is not None:
            self._looks.forget(needed)
            needed = min(needed, last - 2 * self._looks.around)
        self._crops.forget(needed)
        self._mask.forget(needed)

    def _give(self, stop: int) -> np.ndarray:
        voice = self._made.part(self._made.start, max(self._made.start, stop))
        self._made.forget(self._made.start + len(voice))
        return voice


def _padded(array: np.ndarray, least: int) -> np.ndarray:
    """An array with zeros behind it up to `least` rows."""
    missing = max(0, least - len(array))
    return np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1))


class _Kept:
    """The last part of an array that grows: rows from `start` to `stop` of all that were added."""

    def __init__(self, empty: np.ndarray) -> None:
        self.start, self._rows = 0, empty

    @property
    def stop(self) -> int:
        return self.start + len(self._rows)

    def add(self, rows: np.ndarray) -> None:
        self._rows = np.concatenate([self._rows, rows])

    def part(self, first: int, last: int) -> np.ndarray:
        return self._rows[first - self.start: last - self.start].copy()

    def forget(self, first: int) -> None:
        if first > self.start:
            self._rows = self._rows[first - self.start:].copy()
            self.start = first

    def cut(self, stop: int) -> None:
        self._rows = self._rows[: stop - self.start]


class _Looks:
    """What the model's lip encoder gives of each frame, computed once and not in every run.

    The last frames are looked at again when those behind them are known.
    """

    def __init__(self, extractor: Extractor) -> None:
        self.engine, self.around = extractor.engine, int(extractor.engine.around or 0)
        self.light: deque[tuple[float, float]] = deque(
            maxlen=round(REMEMBERED * extractor.fps))  # mean and mean square of each shown frame
        self.lit = 0  # frames whose light is known
        self.kept: _Kept | None = None  # [T, C] of frames that are done with

    def part(self, crops: _Kept, mask: _Kept, first: int, last: int) -> np.ndarray:
        """The looks `[last - first, C]` of frames, of which `last` never goes back."""
        shown, pictures = mask.part(self.lit, last), crops.part(self.lit, last)
        for picture in pictures[shown].astype(np.float32):
            self.light.append((float(picture.mean()), float(np.square(picture).mean())))
        self.lit = last
        done = 0 if self.kept is None else self.kept.stop
        begin = max(0, done - self.around)
        mean, square = np.mean(self.light, axis=0) if self.light else (0.0, 1.0)
        x = (crops.part(begin, last) - mean) / math.sqrt(square - mean**2 + 1e-3)
        x = (x * mask.part(begin, last)[:, None, None]).astype(np.float32)
        new = self.engine.look(x)[done - begin:]
        if self.kept is None:
            self.kept = _Kept(new[:0])
        self.kept.add(new)
        looks = self.kept.part(first, last)
        self.kept.cut(max(done, last - self.around))  # what follows the rest is not known yet
        return looks

    def forget(self, first: int) -> None:
        """Frames before `first` are not asked for any more."""
        if self.kept is not None:
            self.kept.forget(min(first, self.kept.stop))
