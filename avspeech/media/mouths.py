"""The mouth of one face through a video, and the file in which its crops are kept."""

from __future__ import annotations

import math
import mmap
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from avspeech.core import storage
from avspeech.errors import InputError

FPS = 25.0
STORED_CROP = 96  # pixels: height and width of a crop as it is cut and stored
MODEL_CROP = 88  # pixels: the central part of it that models see


@dataclass
class MouthTrack:
    """One camera's view of one mouth, at a constant frame rate.

    Attributes:
        crops: uint8 `[T, 96, 96]` or `[T, 88, 88]` grey, zeros where the mouth is missing; a memory
            map for long videos.
        present: bool `[T]`: where the mouth is seen.
        boxes: float32 `[T, 4]`: x0, y0, x1, y1 of the face in pixels, NaN where it is missing; None
            where it is not known.
        yaw: float32 `[T]`: how far the head is turned, in degrees, above 0 to the picture's left,
            rough; NaN where the face is missing; None where it is not known.
        fps: frames per second.
        late: seconds by which what is seen comes later on this track's clock than on the common
            one, at the beginning of the latter.
        drift: seconds by which that grows in a second.
        late_by: what told that; see `extraction.cameras.Offset`.
    """

    crops: np.ndarray = field(repr=False)
    present: np.ndarray = field(repr=False)
    boxes: np.ndarray | None = field(default=None, repr=False)
    yaw: np.ndarray | None = field(default=None, repr=False)
    fps: float = FPS
    late: float = 0.0
    drift: float = 0.0
    late_by: str = ""

    def frames(self, first: int, last: int, fps: float) -> tuple[np.ndarray, np.ndarray]:
        """Frames of another clock, each the one that is shown at its time, where the track is late
        the one nearest to it.

        Args:
            first: first frame of that clock.
            last: one past its last frame.
            fps: its rate, in frames per second.

        Returns:
            (crops uint8 `[last - first, 88, 88]`, mask bool `[last - first]`). Outside the track,
            and where the mouth is missing, the mask is False and the crop is black.
        """
        index = self.own(np.arange(first, last), fps)
        mask = np.zeros(len(index), bool)
        inside = (index >= 0) & (index < len(self.present))
        mask[inside] = self.present[index[inside]]
        crops = np.zeros((len(index), MODEL_CROP, MODEL_CROP), np.uint8)
        if mask.any():
            wanted = index[mask]
            edge = (self.crops.shape[1] - MODEL_CROP) // 2
            part = slice(edge, edge + MODEL_CROP)
            # read in one piece: the crops may be mapped from a file
            span = np.array(self.crops[wanted[0]: wanted[-1] + 1])
            crops[mask] = span[wanted - wanted[0], part, part]
            release(self.crops)
        return crops, mask

    def own(self, frames: np.ndarray, fps: float) -> np.ndarray:
        """The frames of this track, not all of which it may have, at those of the common clock.

        Args:
            frames: numbers `[n]`.
            fps: of the common clock.
        """
        late = np.round((self.late + self.drift * frames / fps) * self.fps).astype(np.int64)
        shown: np.ndarray = np.floor(frames * (self.fps / fps) + 1e-6).astype(np.int64) + late
        return shown

    def common(self, frame: float) -> float:
        """The second on the common clock at which a frame of this track begins."""
        return float((frame - round(self.late * self.fps)) / self.fps / (1 + self.drift))

    def span(self) -> tuple[float, float] | None:
        """Seconds on the common clock from the first appearance to the end of the last one; None if
        never seen."""
        seen = np.flatnonzero(self.present)
        if not len(seen):
            return None
        return self.common(int(seen[0])), self.common(int(seen[-1]) + 1)


def release(array: np.ndarray) -> None:
    """Frees the memory of what has been read of a memory map; its file keeps the values."""
    base = array.base
    if (
        isinstance(base, mmap.mmap)
        and hasattr(base, "madvise")
        and getattr(array, "mode", "c") != "c"
    ):
        base.madvise(mmap.MADV_DONTNEED)


def write_crops(path: str | Path, crops: np.ndarray, present: np.ndarray,
                boxes: np.ndarray | None = None) -> None:
    """Writes mouth crops as an uncompressed .npz, which is whole or absent.

    Args:
        path: the file to write or replace.
        crops: uint8 `[T, 96, 96]`.
        present: bool `[T]`.
        boxes: float32 `[T, 4]`; by default NaN.

    Raises:
        InputError: other shapes or types, or a place that cannot be written to.
    """
    crops, present = np.asanyarray(crops), np.asarray(present, bool)
    boxes = np.full((len(crops), 4), np.nan) if boxes is None else np.asarray(boxes)
    if (crops.dtype != np.uint8 or crops.ndim != 3 or present.shape != crops.shape[:1]
            or boxes.shape != (len(crops), 4)):
        raise InputError(
            f"{path}: expected crops [T, H, W] uint8 with present [T] and boxes [T, 4], got "
            f"{crops.dtype} {crops.shape}, {present.shape}, {boxes.shape}"
        )
    with storage.writing(path) as aside, open(aside, "wb") as file:
        np.savez(file, crops=crops, present=present, boxes=boxes.astype(np.float32))


def read_crops(path: str | Path, start: float = 0.0, duration: float | None = None,
               fps: float = FPS) -> tuple[np.ndarray, np.ndarray]:
    """Reads a part of a file of `write_crops`, and only that part.

    Args:
        path: the file.
        start: of the part, in seconds.
        duration: of the part, in seconds; by default up to the end.
        fps: frames per second of the crops.

    Returns:
        (crops uint8 `[T, 96, 96]`, present bool `[T]`); fewer frames where the file ends before.

    Raises:
        InputError: the file is missing or damaged.
    """
    first = max(0, round(start * fps))
    last = None if duration is None else first + round(duration * fps)
    try:
        with zipfile.ZipFile(path) as archive:
            crops = _read_rows(archive, "crops", 3, first, last)
            present = _read_rows(archive, "present", 1, first, last)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise InputError(
            f"{path}: not a readable file of mouth crops ({error}); make it again"
        ) from None
    if len(crops) != len(present):
        raise InputError(
            f"{path}: {len(crops)} crops but {len(present)} marks of presence; make it again"
        )
    return crops, present.astype(bool)


def _read_rows(archive: zipfile.ZipFile, name: str, axes: int, first: int,
               last: int | None) -> np.ndarray:
    with archive.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        header = (np.lib.format.read_array_header_1_0 if version == (1, 0)
                  else np.lib.format.read_array_header_2_0)
        shape, fortran, dtype = header(file)
        if len(shape) != axes or fortran or dtype not in (np.uint8, np.bool_):
            raise ValueError(f"array '{name}' is {dtype} {shape}")
        row = math.prod(shape[1:])
        count = max(0, (shape[0] if last is None else min(last, shape[0])) - first)
        if count:
            file.seek(first * row, os.SEEK_CUR)
        data = file.read(count * row)
    if len(data) != count * row:
        raise ValueError(f"array '{name}' is cut short")
    return np.frombuffer(bytearray(data), dtype).reshape(count, *shape[1:])
