"""Pictures resized, warped and turned to grey: by OpenCV, and without it by NumPy.

A small installation has no OpenCV. NumPy gives the same within a grey level or two where a picture
has sharp edges (OpenCV rounds places to 1/32 pixel), in more time.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np


@functools.lru_cache(maxsize=1)
def opencv() -> Any:
    """OpenCV, or None where it is not installed."""
    try:
        import cv2
    except ImportError:
        return None
    return cv2


def resize(image: np.ndarray, size: tuple[int, int], area: bool = True) -> np.ndarray:
    """A picture of another size.

    Args:
        image: uint8 `[H, W]` or `[H, W, C]`.
        size: width and height.
        area: average the pixels (for a smaller picture); False: by straight lines.

    Returns:
        uint8.
    """
    cv2 = opencv()
    if cv2 is not None:
        way = cv2.INTER_AREA if area else cv2.INTER_LINEAR
        found: np.ndarray = cv2.resize(image, size, interpolation=way)
        return found
    rows, columns = (_weights(old, new, area and new < old)
                     for old, new in zip(image.shape[:2], size[::-1], strict=True))
    flat = rows @ image.reshape(len(image), -1).astype(np.float32)
    flat = flat.reshape(len(rows), image.shape[1], -1).transpose(1, 0, 2)
    out = (columns @ flat.reshape(image.shape[1], -1)).reshape(len(columns), len(rows), -1)
    return _rounded(out.transpose(1, 0, 2).reshape(*size[::-1], *image.shape[2:]))


@functools.lru_cache(maxsize=64)
def _weights(old: int, new: int, area: bool) -> np.ndarray:
    """`[new, old]`: what each new pixel takes of the old ones."""
    scale, at = old / new, np.arange(old)
    if area:
        left = np.arange(new)[:, None] * scale
        share = np.minimum(at + 1, left + scale) - np.maximum(at, left)
        return (np.maximum(share, 0) / scale).astype(np.float32)
    place = np.clip((np.arange(new)[:, None] + 0.5) * scale - 0.5, 0, old - 1)
    return np.maximum(1 - np.abs(place - at), 0).astype(np.float32)


def warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int],
         edges: bool = False) -> np.ndarray:
    """A picture under an affine map, read by straight lines between pixels.

    Args:
        image: uint8 `[H, W]` or `[H, W, C]`.
        matrix: `[2, 3]`, from its pixels to those of the result.
        size: width and height of the result.
        edges: repeat the edge beyond the picture; False: black there.

    Returns:
        uint8.
    """
    cv2 = opencv()
    if cv2 is not None:
        border = cv2.BORDER_REPLICATE if edges else cv2.BORDER_CONSTANT
        found: np.ndarray = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR,
                                           borderMode=border)
        return found
    back = inverted(matrix)
    x, y = np.arange(size[0])[None, :], np.arange(size[1])[:, None]
    sx, sy = (np.round((row[0] * x + row[1] * y + row[2]) * 32) / 32 for row in back)
    height, width = image.shape[:2]
    left, top = np.floor(sx).astype(np.int64), np.floor(sy).astype(np.int64)
    more = (1,) * (image.ndim - 2)
    fx, fy = ((s - f).astype(np.float32).reshape(*s.shape, *more)
              for s, f in ((sx, left), (sy, top)))

    def read(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        found = image[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
        if not edges:
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            found = found * inside.reshape(*inside.shape, *more)
        return found

    upper = read(top, left) * (1 - fx) + read(top, left + 1) * fx
    lower = read(top + 1, left) * (1 - fx) + read(top + 1, left + 1) * fx
    return _rounded(upper * (1 - fy) + lower * fy)


def inverted(matrix: np.ndarray) -> np.ndarray:
    """The map `[2, 3]` that undoes another."""
    turn = np.linalg.inv(matrix[:, :2])
    return np.column_stack([turn, -turn @ matrix[:, 2]])


def grey(image: np.ndarray) -> np.ndarray:
    """The brightness `[H, W]` of a picture uint8 `[H, W, 3]` RGB."""
    cv2 = opencv()
    if cv2 is not None:
        found: np.ndarray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return found
    parts = image.astype(np.int32) @ np.array([9798, 19235, 3735], np.int32)
    return ((parts + 16384) >> 15).astype(np.uint8)


def looked_up(levels: np.ndarray, table: np.ndarray) -> np.ndarray:
    """`table[levels]`, of uint8."""
    cv2 = opencv()
    found: np.ndarray = cv2.LUT(levels, table) if cv2 is not None else np.take(table, levels)
    return found


def lab(image: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a picture uint8 `[H, W, 3]` RGB, in 8 bits as OpenCV has it."""
    cv2 = opencv()
    if cv2 is not None:
        found: np.ndarray = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
        return found
    level = np.arange(256) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    rgb = linear.astype(np.float32)[image]
    xyz = rgb @ np.array([[0.412453 / 0.950456, 0.212671, 0.019334 / 1.088754],
                          [0.357580 / 0.950456, 0.715160, 0.119193 / 1.088754],
                          [0.180423 / 0.950456, 0.072169, 0.950227 / 1.088754]], np.float32)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    parts = [(116 * f[..., 1] - 16) * 2.55, 500 * (f[..., 0] - f[..., 1]) + 128,
             200 * (f[..., 1] - f[..., 2]) + 128]
    return _rounded(np.stack(parts, -1))


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
