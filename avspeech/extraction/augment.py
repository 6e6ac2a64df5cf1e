"""How training examples of extraction are varied: crops, voices, offsets and speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from avspeech.core import ranges
from avspeech.extraction.mixing import FPS, resampled, revoiced
from avspeech.media.audio import SAMPLE_RATE
from avspeech.media.mouths import MODEL_CROP


@dataclass(frozen=True)
class AugmentConfig:
    """How training examples are varied, beside a random place of the crop and its mirror image.

    All frames and views of an example are varied alike, but for `apart` and `slow`.
    """

    turn: float = 0.0  # degrees by which the mouth is turned at most
    zoom: float = 0.0  # share by which it is made larger or smaller at most
    shift: float = 0.0  # s: deviation of a normal shift of the sound against the picture
    speed: float = 0.0  # share by which sound and lips are played faster or slower at most
    voice: float = 0.0  # share of examples in another voice (`mixing.revoiced`)
    pitch: tuple[float, float] = (0.8, 2.4)  # range of that voice's factor of the pitch
    # share of examples that show the lips of another utterance of the target's speaker: the network
    # learns to notice, and to leave the mixture nearly as it is
    stray: float = 0.0
    apart: float = 0.0  # s by which each further view is early or late at most
    slow: float = 0.0  # share of further views at a lower frame rate, from 12 a second

    def __post_init__(self) -> None:
        ranges.between(self, 0, 45, "turn")
        ranges.between(self, 0, 0.5, "zoom", "speed", "apart")
        ranges.between(self, 0, 1, "shift", "voice", "stray", "slow")
        ranges.ascending(self, "pitch", lowest=0.25, highest=4)


def vary(rng: np.random.Generator, video: np.ndarray,
         config: AugmentConfig = AugmentConfig()) -> np.ndarray:
    """Crops at a random place, mirrored half of the time, turned and zoomed, all alike.

    What lies outside a crop repeats its edge.

    Args:
        rng: source of chance.
        video: uint8 `[V, T, 96, 96]`.
        config: how far.

    Returns:
        uint8 `[V, T, 88, 88]`.
    """
    y, x = rng.integers(0, video.shape[-1] - MODEL_CROP + 1, 2)
    mirrored = rng.random() < 0.5
    if not config.turn and not config.zoom:
        video = video[..., y: y + MODEL_CROP, x: x + MODEL_CROP]
        return video[..., ::-1] if mirrored else video
    import cv2

    angle, zoom = rng.uniform(-config.turn, config.turn), 1 + rng.uniform(-config.zoom, config.zoom)
    matrix = cv2.getRotationMatrix2D(((video.shape[-1] - 1) / 2,) * 2, angle, zoom)
    matrix[:, 2] -= x, y
    if mirrored:
        matrix[0] = [-matrix[0, 0], -matrix[0, 1], MODEL_CROP - 1 - matrix[0, 2]]
    frames = [
        cv2.warpAffine(frame, matrix, (MODEL_CROP, MODEL_CROP), borderMode=cv2.BORDER_REPLICATE)
        for frame in video.reshape(-1, *video.shape[-2:])
    ]
    return np.stack(frames).reshape(*video.shape[:2], MODEL_CROP, MODEL_CROP)


def other_voice(rng: np.random.Generator, pitch: tuple[float, float]) -> tuple[float, float]:
    """Draws the two factors of `mixing.revoiced`.

    Args:
        rng: source of chance.
        pitch: range of the factor of the fundamental frequency.

    Returns:
        (factor of the fundamental frequency, factor of the resonances).
    """
    height = float(np.exp(rng.uniform(*np.log(pitch))))
    # An octave goes with a vocal tract a seventh shorter or so, as between men and women
    return height, float(height**0.2 * np.exp(rng.uniform(-0.08, 0.08)))


def in_other_voices(rng: np.random.Generator, example: dict[str, Any], pitch: tuple[float, float],
                    same: bool) -> dict[str, Any]:
    """Changes the voices of an example.

    The target gets another voice, and so do the interferers where they are the same speaker. Else
    these keep theirs or get another by chance, so that traces of the change do not give the target
    away.

    Args:
        rng: source of chance.
        example: of `load`.
        pitch: range of the factor of the fundamental frequency.
        same: whether the interferers are the target's speaker.
    """
    mine = other_voice(rng, pitch)
    other = mine if same else other_voice(rng, pitch) if rng.random() < 0.5 else None
    target, rest = example["target"], example["mixture"] - example["target"]
    target = revoiced(target, *mine)
    return {
        **example,
        "target": target,
        "mixture": target + (revoiced(rest, *other) if other else rest),
    }


def moved_sound(samples: np.ndarray, late: int) -> np.ndarray:
    """Moves sound in time, with silence where there is none.

    Args:
        samples: `[N]`.
        late: samples by which it begins later; earlier below 0.

    Returns:
        `[N]`.
    """
    out = np.zeros_like(samples)
    count = max(len(samples) - abs(late), 0)
    out[max(late, 0):][:count] = samples[max(-late, 0):][:count]
    return out


def at_speed(example: dict[str, Any], speed: float) -> dict[str, Any]:
    """An example played faster or slower.

    Sound is resampled, so its pitch moves too. Each new frame is a blend of the two around it, and
    shown where both are. Whole frames are kept, so that sound and picture stay together; a part of
    a frame at the end is lost.

    Args:
        example: of `load`.
        speed: factor.
    """
    mask, video = example["mask"], example["video"]
    step = round(SAMPLE_RATE / FPS)
    frames = len(example["mixture"]) // step
    out = round(frames / speed)
    if out == frames or not frames or not out:
        return example
    place = ((np.arange(out) + 0.5) * frames / out - 0.5).clip(0, frames - 1)
    video, mask = _blended(video[:, :frames], mask[:, :frames], place)
    sounds = {
        key: resampled(example[key][: frames * step], out * step) for key in ("mixture", "target")
    }
    return {**example, **sounds, "video": video, "mask": mask}


def _blended(video: np.ndarray, mask: np.ndarray, place: np.ndarray
             ) -> tuple[np.ndarray, np.ndarray]:
    """Frames at places `[S]` between those of `[V, T, H, W]`, or looks `[V, T, C]`, and `[V, T]`:
    each a blend of the two around it, and shown where both are."""
    left = np.floor(place).astype(int)
    right = np.minimum(left + 1, video.shape[1] - 1)
    part = np.rint((place - left) * 256).astype(np.uint16)
    share = part.reshape(-1, *[1] * (video.ndim - 2))
    if video.dtype == np.uint8:  # twice as fast as floats
        blend = (video[:, left] * (256 - share) + video[:, right] * share + 128) >> 8
    else:
        blend = video[:, left] + (video[:, right] - video[:, left]) * (share / np.float32(256))
    # A frame without a share need not be shown
    shown = (mask[:, left] | (part == 256)) & (mask[:, right] | (part == 0))
    return blend.astype(video.dtype) * shown.reshape(*shown.shape, *share.shape[1:]), shown


def out_of_step(rng: np.random.Generator, example: dict[str, Any],
                config: AugmentConfig) -> dict[str, Any]:
    """Each view but the first early or late, and some at a lower frame rate, as cameras are.

    Frames that a view then does not have are not shown.

    Args:
        rng: source of chance.
        example: of `load`.
        config: how far (`apart`), and how many (`slow`).
    """
    video, mask = example["video"].copy(), example["mask"].copy()
    frames = mask.shape[1]
    for view in range(1, len(video)):
        place = np.arange(frames) + rng.uniform(-config.apart, config.apart) * FPS
        if rng.random() < config.slow:  # each picture stays until the next one comes
            step = FPS / rng.uniform(12.0, FPS)
            place = np.round(np.floor(place / step) * step)
        inside = (place >= 0) & (place <= frames - 1)
        video[view], mask[view] = 0, False
        if inside.any():
            one = slice(view, view + 1)
            video[one, inside], mask[one, inside] = _blended(
                example["video"][one], example["mask"][one], place[inside])
    return {**example, "video": video, "mask": mask}


def center(video: np.ndarray) -> np.ndarray:
    """The central 88 x 88 pixels of `[..., H, W]`."""
    y, x = (video.shape[-2] - MODEL_CROP) // 2, (video.shape[-1] - MODEL_CROP) // 2
    return video[..., y: y + MODEL_CROP, x: x + MODEL_CROP]
