"""Pictures and sounds within a page: data URIs."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np


def image_uri(image: bytes | Path | str | np.ndarray) -> str:
    """A picture as a data URI.

    Args:
        image: a file of PNG, JPEG or SVG, its bytes, or pixels `[H, W]` or `[H, W, 3]`, uint8.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(image, (str, Path)):
        image = Path(image).read_bytes()
    if isinstance(image, np.ndarray):
        import cv2

        if image.dtype != np.uint8:
            raise ValueError(f"expected a picture of uint8, got {image.dtype}")
        done, data = cv2.imencode(".png", image[..., ::-1] if image.ndim == 3 else image)
        if not done:
            raise ValueError(f"cannot encode a picture of shape {image.shape}")
        image = data.tobytes()
    if image.startswith(b"\x89PNG"):
        return uri(image, "image/png")
    if image.startswith(b"\xff\xd8"):
        return uri(image, "image/jpeg")
    if b"<svg" in image[:2000]:
        return uri(image, "image/svg+xml")
    raise ValueError("expected a PNG, JPEG or SVG picture")


def uri(data: bytes, kind: str) -> str:
    """Bytes of a media type, such as "image/png", as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
