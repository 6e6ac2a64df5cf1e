"""What the movement in pictures tells of how they were made, where their file does not say it.

Pictures of a slow camera may be stored several times in a row, as by a program that made 25 a
second of 10: then they stand still in between. And two fields of a picture that were taken at two
times make combs of what moves; what a camera takes at once and merely stores as fields has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Formats whose first plane is the brightness, and the bits of it that are too many for 8
DEPTHS = {**dict.fromkeys(("yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p",
                           "nv12", "gray"), 0),
          **dict.fromkeys(("yuv420p10le", "yuv422p10le", "p010le"), 2)}
FEW = 120  # rows and columns, about, of which changes are taken
WINDOW = 2.0  # seconds that are judged at a time
MOVES = 0.2  # levels of grey, mean over the picture: less is no movement
STILL = 0.2  # of the change at the usual movement of a window: less is the same picture again
# Share of the changes that follow another one at once: in a camera's own pictures most do
IN_A_ROW = 0.15
SLOWEST = 2.0  # changes a second: fewer are something that moves now and then, and no camera
# Levels of grey by which a place changes where something moves; so many such places tell. There
# lines differ from those beside them by so much of what they differ from those two further on: by
# half in a picture taken at once (0.51 to 0.55 measured), by as much in noise (up to 1.04), and by
# more in strong combs, the only ones that are known where no header marks them
MOVED, PLACES, AT_ONCE, COMBS = 10, 1000, 0.57, 1.2
MOST, LEAST = 0.7, 2  # share of the windows with movement; their number, at least


class Motion:
    """Gathers what pictures show, one after another."""

    def __init__(self) -> None:
        self._before: Any = None  # a few pixels of the last picture
        self._lines: Any = None  # and all lines of a few of its columns
        self._beside = self._further = self._places = 0  # sums where something moves
        self._window: list[float] = []  # changes since the beginning of the window
        self._begin = 0.0
        self._slow: list[float] = []  # pictures a second, of windows that stand still in between
        self._moving = 0

    def add(self, at: float, frame: Any) -> None:
        """Takes the next picture, a frame of PyAV that is shown from `at` seconds on."""
        rows = _brightness(frame)
        if rows is None:
            return
        lines = rows[:, :: max(1, rows.shape[1] // FEW)].astype(np.int16)
        few = lines[:: max(1, len(rows) // FEW)]
        if self._lines is not None and self._lines.shape == lines.shape:
            self._compare_lines(lines)
        self._lines = lines
        if self._before is None or self._before.shape != few.shape:
            self._before, self._window, self._begin = few, [], at
            return
        self._window.append(float(np.abs(few - self._before).mean()))
        self._before = few
        if at - self._begin >= WINDOW:
            self._judge(at - self._begin)
            self._window, self._begin = [], at

    def _compare_lines(self, lines: np.ndarray) -> None:
        moved = np.abs(lines - self._lines)[1:-1] > MOVED
        self._places += int(np.count_nonzero(moved))
        self._beside += int(np.abs(lines[1:-1] - lines[2:])[moved].sum())
        self._further += int(np.abs(lines[:-2] - lines[2:])[moved].sum())

    def fields(self, marked: bool) -> bool:
        """Whether pictures have combs.

        Args:
            marked: the file says that they are interlaced.
        """
        if self._places < PLACES or not self._further:
            return marked
        return self._beside > (AT_ONCE if marked else COMBS) * self._further

    def _judge(self, seconds: float) -> None:
        changes = np.array(self._window)
        # The median of the largest: a cut is larger than any movement
        usual = float(np.median(np.sort(changes)[-max(3, len(changes) // 10):]))
        if usual < MOVES:
            return
        self._moving += 1
        new = changes >= STILL * usual
        count = np.count_nonzero(new)
        if count >= SLOWEST * seconds and np.count_nonzero(new[1:] & new[:-1]) <= IN_A_ROW * count:
            self._slow.append(count / seconds)

    def slow(self) -> float | None:
        """Pictures a second of the camera, where each is shown several times; None elsewhere."""
        if self._moving < LEAST or len(self._slow) < MOST * self._moving:
            return None
        return float(np.median(self._slow))


def _brightness(frame: Any) -> np.ndarray | None:
    """`[H, W]` uint8; None of formats without such a plane."""
    over = DEPTHS.get(frame.format.name)
    if over is None:
        return None
    plane = frame.planes[0]
    if not over:
        return _rows(np.frombuffer(plane, np.uint8), frame, plane.line_size)
    wide = _rows(np.frombuffer(plane, np.uint16), frame, plane.line_size // 2)
    return (wide >> over).astype(np.uint8)


def _rows(values: np.ndarray, frame: Any, width: int) -> np.ndarray:
    return values[: frame.height * width].reshape(-1, width)[:, : frame.width]
