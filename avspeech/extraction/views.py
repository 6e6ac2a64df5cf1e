"""What cameras saw of one face, and which faces of several cameras are one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from avspeech.core import storage
from avspeech.errors import InputError
from avspeech.media.mouths import FPS, MODEL_CROP, STORED_CROP, MouthTrack, release

BLOCK = 1000  # frames read at a time from crops that may lie on a disk
LARGEST = 600.0  # s by which cameras may be apart
STEPS = 3  # frames by which cameras may be out of step where faces are matched and it is not known


def arrays_as_tracks(views: Any, present: Any, fps: float, face: int = 1,
                     late: Sequence[float] | None = None) -> list[MouthTrack]:
    """The tracks of one face from the arrays a user has.

    Args:
        views: see `Extractor.__call__`.
        present: see `Extractor.__call__`.
        fps: of the views, in frames per second.
        face: which face, counted from 1, where full pictures show several.
        late: see `Extractor.__call__`.

    Returns:
        One track for each view that shows the face.

    Raises:
        InputError: wrong shapes or types, or no such face.
    """
    named = _named(views, "views")
    masks: dict[str, Any] = dict.fromkeys(named)
    if present is not None:
        given = _named(present, "present")
        if len(named) == 1 and len(given) == 1:
            given = dict(zip(named, given.values(), strict=True))
        if set(given) != set(named):
            raise InputError(f"present: has {len(given)} masks, expected one for each of the "
                             f"{len(named)} views, in the same form")
        masks = {name: given[name] for name in named}
    found = [_tracks_of(name, array, masks[name], fps) for name, array in named.items()]
    if late is not None:
        for tracks, seconds in zip(found, lateness(late, len(found)), strict=True):
            for track in tracks:
                track.late, track.late_by = seconds, "given"
    faces = match_faces(found)
    if not 1 <= face <= len(faces):
        raise InputError(f"face={face}: the views show {len(faces)}; expected a number from 1 to "
                         f"{len(faces)}")
    return faces[face - 1]


def lateness(late: Sequence[float], count: int, reference: int = 0) -> list[float]:
    """How late cameras are beside one of them, as a user says.

    Args:
        late: seconds, one for each camera; only their differences count.
        count: of the cameras.
        reference: number, from 0, of the one whose clock is the common one.

    Returns:
        Seconds, one for each camera.

    Raises:
        InputError: another number of offsets, or one beyond `LARGEST`; an offset of a camera that
            is alone, which would change nothing.
    """
    if len(late) != count or not all(abs(x - late[reference]) <= LARGEST for x in late):
        raise InputError(f"late {', '.join(f'{x:g}' for x in late)}: expected {count} "
                         f"number{'s' * (count > 1)} of seconds, one for each view, "
                         f"at most {LARGEST:g} apart")
    if count == 1 and late[0]:
        raise InputError(f"late {', '.join(f'{x:g}' for x in late)}: how late several videos are "
                         "beside each other; expected two or more (lips of one that are up to "
                         "0.2 s out of step with its sound are found)")
    return [float(x - late[reference]) for x in late]


def _tracks_of(name: str, array: np.ndarray, mask: Any, fps: float) -> list[MouthTrack]:
    """The tracks of one view, an array of crops or of full pictures."""
    shape = array.shape
    if array.dtype != np.uint8:
        raise InputError(f"{name}: type {array.dtype}, expected uint8 pictures (0 to 255)")
    crops = len(shape) == 3 and shape[1] == shape[2] and shape[1] in (MODEL_CROP, STORED_CROP)
    if 0 in shape or not (crops or (len(shape) == 4 and shape[3] == 3)):
        raise InputError(f"{name}: shape {shape}, expected crops [T, 96, 96] or [T, 88, 88], or "
                         "pictures [T, H, W, 3]")
    if mask is not None and (mask.dtype != np.bool_ or mask.shape != shape[:1]):
        raise InputError(
            f"present for {name}: {mask.dtype} {mask.shape}, expected bool [{shape[0]}], "
            "one for each frame"
        )
    if crops:
        return [MouthTrack(array, np.ones(shape[0], bool) if mask is None else mask, fps=fps)]
    return _find(name, array, mask, fps)


def _named(value: Any, what: str) -> dict[str, np.ndarray]:
    """Arrays by name from an array, a stack of them, a list or a dict."""
    if isinstance(value, Mapping):
        arrays = {f"{what}[{name!r}]": _array(item) for name, item in value.items()}
    elif isinstance(value, (list, tuple)):
        arrays = {f"{what}[{number}]": _array(item) for number, item in enumerate(value)}
    else:
        array = _array(value)
        if what == "present":
            stacked = array.ndim == 2
        else:
            stacked = array.ndim == 4 and array.shape[-1] != 3
        arrays = (
            {f"{what}[{n}]": item for n, item in enumerate(array)} if stacked else {what: array}
        )
    if not arrays:
        raise InputError(f"{what}: empty, expected at least one")
    return {name.replace("present", "views"): array for name, array in arrays.items()}


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def match_faces(views: Sequence[Sequence[MouthTrack]]) -> list[list[MouthTrack]]:
    """The faces of the first view that shows any, each with its tracks in all views that show it.

    With one face in every view there is nothing to match. Otherwise tracks are assigned one to one
    so that the sum of three scores is greatest: how far the times at which the faces are seen agree
    (intersection over union, 0 to 1), the correlation of how much the mouths move from frame to
    frame (0 to 1; up to `STEPS` frames apart where it is not known how late a camera is), and, with
    a weight of 1/4, the order from left to right. Tracks that are never seen at the same time are
    not matched, and faces that only other cameras see are left out.

    Args:
        views: for each of the synchronized cameras the tracks of its faces.

    Returns:
        For each face its tracks, one from each camera that shows it.
    """
    showing = [list(tracks) for tracks in views if len(tracks)]
    if not showing:
        return []
    if all(len(tracks) == 1 for tracks in showing):
        return [[tracks[0] for tracks in showing]]
    faces = [[track] for track in showing[0]]
    traits = [_traits(track) for track in showing[0]]
    for tracks in showing[1:]:
        others = [_traits(track) for track in tracks]
        score = np.zeros((len(traits), len(others)))
        for row, one in enumerate(traits):
            score[row] = [_likeness(one, other) for other in others]
        place, other_place = _order(traits), _order(others)
        score += np.where(score > 0, 0.25 * (1 - np.abs(place[:, None] - other_place[None])), 0)
        for face, track in _pairs(score):
            if score[face, track] > 0:
                faces[face].append(tracks[track])
    return faces


def _pairs(score: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of rows and columns `[R, C]` of the greatest total score, as many as there can be.

    By shortest augmenting paths (R. Jonker, A. Volgenant, Computing 38, 1987).
    """
    if score.shape[0] > score.shape[1]:
        return sorted((row, column) for column, row in _pairs(score.T))
    rows, columns = score.shape
    cost = np.concatenate([np.zeros((rows, 1)), -score], 1)
    below, above = np.zeros(rows + 1), np.zeros(columns + 1)
    owner, came = np.zeros(columns + 1, int), np.zeros(columns + 1, int)  # rows count from 1
    for row in range(1, rows + 1):
        owner[0], column = row, 0
        least, used = np.full(columns + 1, np.inf), np.zeros(columns + 1, bool)
        while owner[column]:
            used[column] = True
            reduced = cost[owner[column] - 1] - below[owner[column]] - above
            better = ~used & (reduced < least)
            least[better], came[better] = reduced[better], column
            least_free = np.where(used, np.inf, least)
            column, step = int(least_free.argmin()), float(least_free.min())
            below[owner[used]] += step
            above[used] -= step
            least[~used] -= step
        while column:
            owner[column], column = owner[came[column]], came[column]
    return sorted((int(owner[c]) - 1, c - 1) for c in range(1, columns + 1) if owner[c])


@dataclass(frozen=True)
class _Traits:
    present: np.ndarray  # bool [T]
    motion: np.ndarray  # float [T], NaN where not known
    x: float  # mean horizontal place in the picture, pixels
    timed: bool  # how late it is is known


def motion_of(track: MouthTrack) -> np.ndarray:
    """How much a mouth moves from the frame before, in grey levels.

    Args:
        track: of the mouth.

    Returns:
        `[T]`, NaN where it is not known.
    """
    present = np.asarray(track.present)
    motion = np.full(len(present), np.nan)
    for first in range(1, len(present), BLOCK):
        block = np.array(track.crops[first - 1 : first + BLOCK], np.int16)
        release(track.crops)
        motion[first : first + BLOCK] = np.abs(np.diff(block, axis=0)).mean(axis=(1, 2))
    motion[~present] = np.nan
    motion[1:][~present[:-1]] = np.nan
    return motion


def _traits(track: MouthTrack) -> _Traits:
    length = max(0, round(track.common(len(track.present)) * track.fps))
    own = track.own(np.arange(length), track.fps)
    inside = (own >= 0) & (own < len(track.present))
    present, motion = np.zeros(length, bool), np.full(length, np.nan)
    present[inside] = np.asarray(track.present)[own[inside]]
    motion[inside] = motion_of(track)[own[inside]]
    x = float("nan")
    if track.boxes is not None and track.present.any():
        x = float(np.nanmean(track.boxes[track.present][:, [0, 2]]))
    return _Traits(present, motion, x, bool(track.late_by))


def _likeness(a: _Traits, b: _Traits) -> float:
    length = min(len(a.present), len(b.present))
    both = np.count_nonzero(a.present[:length] & b.present[:length])
    if not both:
        return 0.0
    agreement = both / (np.count_nonzero(a.present) + np.count_nonzero(b.present) - both)
    steps = 0 if a.timed and b.timed else STEPS
    alike = max(_correlation(a.motion[max(-k, 0):], b.motion[max(k, 0):])
                for k in range(-steps, steps + 1))
    return agreement + alike


def _correlation(one: np.ndarray, two: np.ndarray) -> float:
    """Correlation of two motions where both are known; 0 where it is below 0 or too short."""
    length = min(len(one), len(two))
    known = np.isfinite(one[:length]) & np.isfinite(two[:length])
    one, two = one[:length][known], two[:length][known]
    if len(one) < 25 or not (one.std() > 0 and two.std() > 0):
        return 0.0
    return max(0.0, float(np.corrcoef(one, two)[0, 1]))


def _order(traits: Iterable[_Traits]) -> np.ndarray:
    """Rank from left (0) to right (1)."""
    x = np.array([trait.x for trait in traits])
    return np.argsort(np.argsort(x)) / max(1, len(x) - 1)


def _find(name: str, pictures: np.ndarray, mask: np.ndarray | None, fps: float) -> list[MouthTrack]:
    """The tracks of the faces in pictures [T, H, W, 3], without the frames where `mask` is
    False."""
    from avspeech.media import video
    from avspeech.media.muxing import write_pictures

    with storage.scratch_folder() as folder:
        path = folder / "pictures.mkv"
        write_pictures(path, pictures, fps)
        tracks = video.mouth_tracks(path, fps=FPS)
    if not tracks:
        raise InputError(
            f"{name}: no face found in the pictures; give RGB frames that show the face, "
            "or mouth crops"
        )
    if mask is not None:
        for track in tracks:
            index = np.floor(np.arange(len(track.present)) * (fps / FPS) + 1e-6).astype(int)
            track.present[:] &= mask[np.minimum(index, len(mask) - 1)]
    return tracks
