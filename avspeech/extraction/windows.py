"""Long signals in short windows, joined without an audible seam.

The model sees the signal in windows that overlap. Two windows are joined by a short cross-fade at
the place of their overlap where they differ least (usually a pause). Every join reports how far the
two windows were apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from avspeech.errors import InputError

SHORTEST = 0.5  # s; shorter input is padded, as normalization means little on less


@dataclass(frozen=True)
class Windows:
    """How a long signal is cut.

    A model that looks at less than 3/4 of `overlap` around each sample gives the same output in
    windows as in one piece. One that attends to all of its window gives a different output in each:
    the more overlap, the more likely there is a place where two windows agree.
    """

    length: float = 10.0  # s, of a window, at most
    overlap: float = 2.0  # s, of neighbors; at most half of `length`
    fade: float = 0.05  # s, of the cross-fade (raised cosine)

    def __post_init__(self) -> None:
        if not 0 < self.fade <= self.overlap <= self.length / 2:
            raise InputError(
                f"windows: fade {self.fade} s, overlap {self.overlap} s, length {self.length} s: "
                "expected 0 < fade <= overlap <= length / 2"
            )

    def plan(self, frames: int, fps: float) -> list[tuple[int, int]]:
        """Windows that cover a signal: as few as will do, and all of one length.

        Args:
            frames: length of the signal, in video frames.
            fps: frames per second.

        Returns:
            (first frame, one past the last) of each.
        """
        length = max(2, round(self.length * fps))
        overlap = min(length - 1, max(1, round(self.overlap * fps)))
        count = max(1, -((overlap - frames) // (length - overlap)))
        if count == 1:
            return [(0, frames)]
        length = -((-frames - (count - 1) * overlap) // count)
        starts = [(frames - length) * k // (count - 1) for k in range(count)]
        return [(start, start + length) for start in starts]


@dataclass(frozen=True)
class Seam:
    """A join of two windows."""

    sample: int  # its center
    difference: float  # RMS by which the windows differ in the cross-fade


def stitch(
    pieces: Iterable[tuple[int, np.ndarray]], fade: int, seams: list[Seam] | None = None
) -> Iterator[np.ndarray]:
    """Joins overlapping pieces.

    Args:
        pieces: (first sample, samples `[N]`), in order.
        fade: length of the cross-fade in samples (shortened where the overlap is shorter).
        seams: every join is appended to this list.

    Yields:
        The signal in consecutive blocks.
    """
    held = np.zeros(0, np.float32)
    begin = 0  # the sample at which `held` begins; everything before it has been given out
    for number, (start, piece) in enumerate(pieces):
        if number == 0:
            held, begin = piece, start
            continue
        low, high = max(start, begin), begin + len(held)
        if high <= low:
            raise ValueError(
                f"pieces must overlap: one ends at sample {high}, the next begins at {start}"
            )
        old = held[low - begin : high - begin].astype(np.float64)
        new = piece[low - start : high - start].astype(np.float64)
        width = min(fade, high - low)
        offset, difference = _quietest(old, new, width)
        rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(width) + 0.5) / width)
        blend = old[offset : offset + width] * (1 - rise) + new[offset : offset + width] * rise
        at = low + offset
        if seams is not None:
            seams.append(Seam(at + width // 2, difference))
        yield np.concatenate([held[: at - begin], blend.astype(np.float32)])
        begin = at + width
        held = piece[begin - start :]
    if len(held):
        yield held


def _quietest(old: np.ndarray, new: np.ndarray, width: int) -> tuple[int, float]:
    """Where a cross-fade of `width` samples does least harm: (offset, RMS of the difference there).

    An eighth of the overlap at either end is left out (a model is least reliable at its edges).
    Among places that are equal to -80 dB of the signal, the nearest to the center wins, so that
    each window keeps as much context as it can.
    """
    edge = min(len(old) // 8, (len(old) - width) // 2)
    steps = np.concatenate([[0.0], np.cumsum((old - new) ** 2)])
    energy = np.maximum(steps[width:] - steps[:-width], 0.0)  # of the difference, for each offset
    offsets = np.arange(edge, len(old) - width - edge + 1)
    energy = energy[offsets]
    level = float(np.mean(old**2) + np.mean(new**2)) / 2
    good = offsets[energy <= max(float(energy.min()), 1e-8 * level * width)]
    center = (len(old) - width) / 2
    offset = int(good[np.argmin(np.abs(good - center))])
    return offset, float(np.sqrt(energy[offset - edge] / width))


def disagreement_db(seams: Iterable[Seam], signal: np.ndarray | float) -> np.ndarray:
    """How far the windows were apart at each seam.

    Args:
        seams: joins.
        signal: samples, or their RMS.

    Returns:
        dB relative to the RMS of the signal, `[S]`.
    """
    rms = (
        float(signal)
        if np.ndim(signal) == 0
        else float(np.sqrt(np.mean(np.square(signal, dtype=np.float64))))
    )
    return np.array(
        [20 * np.log10(max(seam.difference, 1e-12) / max(rms, 1e-12)) for seam in seams]
    )
