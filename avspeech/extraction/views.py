"""What cameras saw of one face, and which faces of several cameras are one person."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.errors import InputError

if TYPE_CHECKING:
    from avspeech.media.video import MouthTrack

MOUTH = 88  # pixels: the central part of a crop that models see
CROPS = (88, 96)
MODEL_FPS = 25.0  # of the tracks that avspeech.media.video finds
BLOCK = 1000  # frames read at a time from crops that may lie on a disk


def arrays_as_views(views: Any, present: Any, fps: float, face: int = 1) -> list[View]:
    """Views of one face from the arrays a user has: see `Extractor.__call__` for the forms.
    Raises InputError."""
    named = _named(views, "views")
    masks: dict[str, Any] = dict.fromkeys(named)
    if present is not None:
        given = _named(present, "present")
        if len(named) == 1 and len(given) == 1:
            given = dict(zip(named, given.values(), strict=True))
        if set(given) != set(named):
            raise InputError(
                f"present: has {len(given)} masks, expected one for each of the {len(named)} views, "
                "in the same form"
            )
        masks = {name: given[name] for name in named}
    tracks: list[list[MouthTrack | View]] = []
    for name, array in named.items():
        shape = array.shape
        if array.dtype != np.uint8:
            raise InputError(f"{name}: type {array.dtype}, expected uint8 pictures (0 to 255)")
        if 0 in shape or not (
            (len(shape) == 3 and shape[1] == shape[2] and shape[1] in CROPS)
            or (len(shape) == 4 and shape[3] == 3)
        ):
            raise InputError(
                f"{name}: shape {shape}, expected crops [T, 96, 96] or [T, 88, 88], or pictures [T, H, W, 3]"
            )
        mask = masks[name]
        if mask is not None and (mask.dtype != np.bool_ or mask.shape != shape[:1]):
            raise InputError(
                f"present for {name}: {mask.dtype} {mask.shape}, expected bool [{shape[0]}], "
                "one for each frame"
            )
        if len(shape) == 4:
            tracks.append(_find(name, array, mask, fps))
        else:
            tracks.append([View(array, np.ones(shape[0], bool) if mask is None else mask, fps)])
    faces = match_faces(tracks)
    if not 1 <= face <= len(faces):
        raise InputError(
            f"face={face}: the views show {len(faces)}; expected a number from 1 to {len(faces)}"
        )
    return [View(track.crops, track.present, getattr(track, "fps", fps)) for track in faces[face - 1]]


def _named(value: Any, what: str) -> dict[str, np.ndarray]:
    """Arrays by name from an array, a stack of them, a list or a dict."""
    if isinstance(value, Mapping):
        arrays = {f"{what}[{name!r}]": _array(item) for name, item in value.items()}
    elif isinstance(value, (list, tuple)):
        arrays = {f"{what}[{number}]": _array(item) for number, item in enumerate(value)}
    else:
        array = _array(value)
        stacked = array.ndim == (2 if what == "present" else 4) and (
            what == "present" or array.shape[-1] != 3
        )
        arrays = {f"{what}[{n}]": item for n, item in enumerate(array)} if stacked else {what: array}
    if not arrays:
        raise InputError(f"{what}: empty, expected at least one")
    return {name.replace("present", "views"): array for name, array in arrays.items()}


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def match_faces(views: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The faces of the first view that shows any, each with its tracks in all views that show it.

    views: for each synchronised camera its tracks (things with `crops`, `present` and,
    from pictures, `boxes`).

    With one face in every view there is nothing to match. Otherwise tracks are assigned one to one so that
    the sum of three likenesses is greatest: how far the times at which the faces are seen agree (intersection
    over union, 0..1), the correlation of how much the mouths move from frame to frame (0..1), and, with a
    weight of 1/4, the order from left to right. Tracks that are never seen at the same time are not matched,
    and faces that only other cameras see are left out.
    """
    showing = [list(tracks) for tracks in views if len(tracks)]
    if not showing:
        return []
    if all(len(tracks) == 1 for tracks in showing):
        return [[tracks[0] for tracks in showing]]
    faces = [[track] for track in showing[0]]
    traits = [_traits(track) for track in showing[0]]
    if len(showing) > 1:
        from scipy.optimize import linear_sum_assignment
    for tracks in showing[1:]:
        others = [_traits(track) for track in tracks]
        score = np.array([[_likeness(a, b) for b in others] for a in traits])
        place, other_place = _order(traits), _order(others)
        score += np.where(score > 0, 0.25 * (1 - np.abs(place[:, None] - other_place[None])), 0)
        for face, track in zip(*linear_sum_assignment(score, maximize=True), strict=True):
            if score[face, track] > 0:
                faces[face].append(tracks[track])
    return faces


@dataclass(frozen=True)
class _Traits:
    present: np.ndarray  # bool [T]
    motion: np.ndarray  # float [T], NaN where not known
    x: float  # mean horizontal place in the picture, pixels


def _traits(track: Any) -> _Traits:
    present = np.asarray(track.present)
    motion = np.full(len(present), np.nan)
    for first in range(1, len(present), BLOCK):
        block = np.array(track.crops[first - 1 : first + BLOCK], np.int16)
        release(track.crops)
        motion[first : first + BLOCK] = np.abs(np.diff(block, axis=0)).mean(axis=(1, 2))
    motion[~present] = np.nan
    motion[1:][~present[:-1]] = np.nan
    boxes = getattr(track, "boxes", None)
    x = float("nan") if boxes is None or not present.any() else float(np.nanmean(boxes[present][:, [0, 2]]))
    return _Traits(present, motion, x)


def _likeness(a: _Traits, b: _Traits) -> float:
    length = min(len(a.present), len(b.present))
    both = np.count_nonzero(a.present[:length] & b.present[:length])
    if not both:
        return 0.0
    agreement = both / (np.count_nonzero(a.present) + np.count_nonzero(b.present) - both)
    known = np.isfinite(a.motion[:length]) & np.isfinite(b.motion[:length])
    one, two = a.motion[:length][known], b.motion[:length][known]
    alike = 0.0
    if len(one) >= 25 and one.std() > 0 and two.std() > 0:
        alike = max(0.0, float(np.corrcoef(one, two)[0, 1]))
    return agreement + alike


def _order(traits: Iterable[_Traits]) -> np.ndarray:
    """Rank from left (0) to right (1)."""
    x = np.array([trait.x for trait in traits])
    return np.argsort(np.argsort(x)) / max(1, len(x) - 1)


def _find(name: str, pictures: np.ndarray, mask: np.ndarray | None, fps: float) -> list[Any]:
    """The tracks of the faces in pictures [T, H, W, 3], less the frames where `mask` is False."""
    import tempfile
    from pathlib import Path

    from avspeech.media import video
    from avspeech.media.muxing import write_pictures

    with tempfile.TemporaryDirectory(prefix="avspeech-") as folder:
        path = Path(folder) / "pictures.mkv"
        write_pictures(path, pictures, fps)
        found = video.mouth_tracks(path)
        tracks = [_Found(np.array(t.crops), np.array(t.present), np.array(t.boxes), MODEL_FPS) for t in found]
    if not tracks:
        raise InputError(
            f"{name}: no face found in the pictures; give RGB frames that show the face, or mouth crops"
        )
    if mask is not None:
        for track in tracks:
            index = np.floor(np.arange(len(track.present)) * (fps / MODEL_FPS) + 1e-6).astype(int)
            track.present[:] &= mask[np.minimum(index, len(mask) - 1)]
    return tracks
