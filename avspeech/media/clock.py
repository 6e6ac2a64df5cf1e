"""The times that a file gives its frames of sound, made one clock.

A time may be wrong: a flipped bit, two recordings joined as they are, a counter that began again.
So the running count of samples is the clock, and a departure from it is believed only where what
follows agrees with it, and where it makes sense for the length of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from avspeech.media.notes import LOST, Note

JITTER = 0.010  # seconds a time may differ from the running count without being looked at
# Seconds of sound that must keep to a new time before it is believed; less at the end of the file
LOOK = 10.0
# Seconds that a stream may go back by: what is there twice is cut. Further back is a new clock
OVERLAP = 0.1
DRIFT = 0.005  # seconds: a departure that grows by less from frame to frame comes of two clocks
LEAD_IN = 1.0  # seconds before the clock's zero that are cut off at the beginning
SLACK = 2.0  # seconds by which a file may be longer than its header says
LONGEST_GAP = 60.0  # seconds of silence believed where no header tells the file's length


def on_one_clock(frames: Iterable[tuple[int | None, np.ndarray]], rate: int, length: float | None,
                 notes: list[Note]) -> Iterator[int | np.ndarray]:
    """Frames of sound one after another, with the silence that lies between them.

    Args:
        frames: (index of the first sample on the file's clock, or None where the file gives no
            time; samples `[C, n]`) in the order of decoding.
        rate: samples a second.
        length: seconds of the file by its header, beyond which no sound is believed; None where it
            has none.
        notes: takes a sentence for each kind of time that was not believed.

    Yields:
        Samples `[C, n]` as they came, without those before zero or that were there twice; and, as a
        number of samples, the silence before what follows.
    """
    return _Clock(rate, length, notes).run(frames)


class _Clock:
    def __init__(self, rate: int, length: float | None, notes: list[Note]) -> None:
        self.rate, self.length, self.notes = rate, length, notes
        self.position = 0  # samples given out
        self.shift = 0  # samples by which the file's times are moved
        self.waiting: list[np.ndarray] = []  # frames whose time departs from the count
        self.waited = 0
        self.jump = 0  # by so many samples
        self.off = 0  # samples by which the last frame departed that was given out
        self.drifts = False  # what waits departs from the count bit by bit
        self.wrong = 0

    def run(self, frames: Iterable[tuple[int | None, np.ndarray]]) -> Iterator[int | np.ndarray]:
        jitter, look = JITTER * self.rate, LOOK * self.rate
        for at, sound in frames:
            count = sound.shape[-1]
            if not count:
                continue
            if at is None:
                off = self.jump if self.waiting else 0
            else:
                off = at + self.shift - self.position - self.waited
            if self.waiting and abs(off - self.jump) > jitter:
                if 0 < self.jump < off:  # two gaps after one another
                    off -= self.jump
                    yield from self._believe()
                else:  # back on the count, or anywhere: the times between were wrong
                    yield from self._ignore()
            if self.waiting or abs(off) > jitter:
                if not self.waiting:
                    self.jump = off
                    self.drifts = abs(off - self.off) < DRIFT * self.rate
                self.waiting.append(sound)
                self.waited += count
                if self.waited >= look:
                    yield from self._believe()
            else:
                self.off = off
                self.position += count
                yield sound
        if not self.position or len(self.waiting) > 1 and abs(self.jump) > 2 * jitter:
            yield from self._believe()
        else:
            yield from self._ignore()
        if self.wrong:
            self.notes.append(Note(f"{self.wrong} wrong times in its sound were ignored", LOST,
                                   fault=True))

    def _believable(self) -> bool:
        if self.length is None:
            return 0 < self.jump <= LONGEST_GAP * self.rate
        end = (self.position + self.jump + self.waited) / self.rate
        return 0 < self.jump and end <= self.length + SLACK

    def _believe(self) -> Iterator[int | np.ndarray]:
        """Gives out what waits, at its own time."""
        jump, cut = self.jump, 0
        self.off = 0
        if self.drifts and self.waiting:  # it is put right where that is heard least
            quiet = min(range(len(self.waiting)), key=lambda k: np.square(self.waiting[k]).mean())
            half = self.waiting[quiet].shape[-1] // 2
            for sound in (*self.waiting[:quiet], self.waiting[quiet][..., :half]):
                self.position += sound.shape[-1]
                yield sound
            self.waiting = [self.waiting[quiet][..., half:], *self.waiting[quiet + 1:]]
        if self._believable():
            self.position += jump
            if self.drifts and self.waiting:  # not a gap of the sound
                yield np.zeros_like(self.waiting[0], shape=(*self.waiting[0].shape[:-1], jump))
            else:
                yield jump
        elif jump < 0 and -jump <= (OVERLAP if self.position else LEAD_IN) * self.rate:
            cut = -jump
        elif self.waiting:
            self.shift -= jump
            self.notes.append(Note(
                f"its time jumps by {jump / self.rate:.2f} s at {self.position / self.rate:.2f} s; "
                "the sound goes on there without a gap", LOST, fault=True))
        yield from self._release(cut)

    def _ignore(self) -> Iterator[np.ndarray]:
        """Gives out what waits as if it had no time."""
        self.wrong += len(self.waiting) if abs(self.jump) > OVERLAP * self.rate else 0
        yield from self._release(0)

    def _release(self, cut: int) -> Iterator[np.ndarray]:
        waiting, self.waiting, self.waited, self.jump = self.waiting, [], 0, 0
        for sound in waiting:
            kept = sound[..., cut:]
            cut = max(0, cut - sound.shape[-1])
            if kept.shape[-1]:
                self.position += kept.shape[-1]
                yield kept
