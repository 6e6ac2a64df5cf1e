"""Sound in pieces of any length in, overlapping windows with their log-mel spectrum out.

Each frame of the spectrum is computed once, and memory does not grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from avspeech.emotion.frames import HOP, WINDOW, frame_count

PIECE = 16_000  # samples whose spectrum is computed at a time, at most


@dataclass(frozen=True)
class Heard:
    """A window of a sound. The arrays are NumPy views, invalidated by the next push."""

    start: int  # first sample of the window, counted from the beginning of the sound
    end: int  # the sample after its last one
    samples: np.ndarray  # [N]
    frames: np.ndarray  # [T, M], their log-mel spectrum, as of the window alone


class Hearing:
    """Cuts sound into windows.

    Args:
        spectrum: samples [N] -> log-mel [T, M], of whole windows of 400 samples, one each 160.
        mels: number of bands, M.
        length: samples of a window.
        hop: samples from one window to the next, a multiple of 160, so that neighbors share frames.
        shortest: samples; while less than a window was heard, all that was heard is given as a
            window from this length on. None: only full windows.
    """

    def __init__(
        self,
        spectrum: Callable[[np.ndarray], np.ndarray],
        mels: int,
        length: int,
        hop: int,
        shortest: int | None = None,
    ):
        self.spectrum, self.length, self.hop = spectrum, length, hop
        early = 0 if shortest is None else max(0, length - max(shortest, WINDOW)) // hop
        self.due = length - early * hop  # where the next window ends
        self.heard = 0  # samples
        self._samples = _Tail(length, ())
        self._frames = _Tail(frame_count(length), (mels,))
        self._rest = np.zeros(0, np.float32)  # samples from the next frame's first on
        self._last = 0  # where the last window ended

    def push(self, samples: np.ndarray) -> Iterator[Heard]:
        """Yields the windows that end in the next samples [n] float32. All must be consumed before
        the next call."""
        while len(samples):
            piece, samples = np.split(samples, [min(self.due - self.heard, PIECE)])
            self._hear(piece)
            if self.heard == self.due:
                self.due += self.hop
                yield self._window(max(0, self.heard - self.length))

    def finish(self) -> Iterator[Heard]:
        """Yields the window that ends with the last sample, unless it was given already.

        It has full length, less up to 10 ms, as it begins where a frame does; a shorter sound is
        given whole. Nothing may be pushed afterwards.
        """
        if self.heard and self.heard != self._last:
            yield self._window(-(-max(0, self.heard - self.length) // HOP) * HOP)

    def _hear(self, piece: np.ndarray) -> None:
        self.heard += len(piece)
        self._samples.append(piece)
        rest = np.concatenate([self._rest, piece])
        if len(rest) >= WINDOW:
            count = frame_count(len(rest))
            self._frames.append(self.spectrum(rest[: (count - 1) * HOP + WINDOW]))
            rest = rest[count * HOP:]
        self._rest = rest

    def _window(self, start: int) -> Heard:
        self._last = self.heard
        samples = self._samples.last(self.heard - start)
        if len(samples) < WINDOW:
            return Heard(start, self.heard, samples, self.spectrum(samples))
        return Heard(start, self.heard, samples, self._frames.last(frame_count(len(samples))))


class _Tail:
    """The last `length` rows that were appended, in a buffer of twice the size, so that rows seldom
    move."""

    def __init__(self, length: int, shape: tuple[int, ...]):
        self.length, self.end = length, 0
        self.rows = np.zeros((2 * length, *shape), np.float32)

    def append(self, rows: np.ndarray) -> None:
        rows = rows[-self.length:]
        if self.end + len(rows) > len(self.rows):
            keep = self.length - len(rows)
            self.rows[:keep] = self.rows[self.end - keep: self.end].copy()
            self.end = keep
        self.rows[self.end: self.end + len(rows)] = rows
        self.end += len(rows)

    def last(self, count: int) -> np.ndarray:
        """The last rows, [count, ...]."""
        return self.rows[self.end - count: self.end]
