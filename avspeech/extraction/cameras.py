"""How late each of several cameras is: no two start in the same instant.

The sounds of two files tell it best: their cross-correlation, each frequency with the same weight
(C. Knapp, G. Carter, "The generalized correlation method for estimation of time delay", IEEE Trans.
ASSP 24, 1976). The pictures tell it too: how much a mouth moves from frame to frame looks alike
from all sides. They have the last word where both are clear, as a camera's pictures may be late
beside its own sound. Where neither is clear, nothing is changed, and the user is told.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avspeech.errors import InputError
from avspeech.extraction.views import motion_of
from avspeech.media import audio
from avspeech.media.mouths import MouthTrack

RATE = 8000  # Hz, of the sounds that are compared
PIECE, PIECES = 60.0, 5  # s of sound compared at a time, and how many pieces are tried
BAND = (100.0, 3800.0)  # Hz, of what is compared
REACH = 30.0  # s: the largest offset that is looked for in sounds
# s of the parts, and how many of them, by whose median an offset is made finer, and how far from
# it is looked: clocks that run at different speeds blur the peak of a longer part
PART, PARTS, NEAR = 10.0, 5, 0.2
# s of a recording from which on it is looked whether the offset stays, and by which it may grow
LONG, STAYS = 180.0, 0.02
UNEVEN = 0.25  # share of what it grows by, by which the middle may be elsewhere than half way
CLEAR = 10.0  # height of the peak of sounds over the deviation of all other values
FRAMES = 10  # the largest offset that is looked for in pictures
LEAST = 50  # frames that both cameras must see
SURE, STRONG, AHEAD = 5.0, 0.3, 0.1  # see `by_pictures`
APART = 1.5  # frames by which pictures must disagree with the sounds to be believed


@dataclass(frozen=True)
class Offset:
    """How late a camera is beside the first one.

    Attributes:
        late: seconds by which what happens is later on this file's clock; below 0 earlier.
        by: "sound" or "pictures", which told it; "given"; "reference" for the camera whose clock is
            the common one; "" where nothing told it, and `late` is 0.
        why: where nothing told it, the reason.
        drift: seconds by which `late`, which is that of the beginning, grows in a second.
        jumps: where it grows, but not evenly: (second, how late) at some places. That is not
            corrected.
    """

    late: float = 0.0
    by: str = ""
    why: str = ""
    drift: float = 0.0
    jumps: tuple[tuple[float, float], ...] = ()


def by_sound(reference: np.ndarray, other: np.ndarray, rate: int = RATE) -> float | None:
    """How much later a sound is in another recording of it.

    Args:
        reference: `[N]`.
        other: `[M]`, from the same second on.
        rate: of both, in Hz.

    Returns:
        Seconds, up to `REACH` either way; None where no offset stands out.
    """
    n = min(len(reference), len(other))
    if n < rate:
        return None
    values = _correlation(reference[:n], other[:n], rate, min(round(REACH * rate), n // 2))
    place = int(values.argmax())
    rest = np.abs(np.arange(len(values)) - place) > rate // 20  # echoes of the room
    if (values[place] <= 0 or values[place] < CLEAR * values[rest].std()
            or values[place] < 1.5 * values[rest].max()):
        return None
    late = place - len(values) // 2
    begin, part = max(0, -late), round(PART * rate)
    found = []
    for start in range(begin, min(n, n - late) - part + 1, part):
        one, two = reference[start: start + part], other[start + late: start + late + part]
        near = _correlation(one, two, rate, round(NEAR * rate))
        if near.max() > 0:
            found.append(late + int(near.argmax()) - len(near) // 2)
    return float(np.median(found[:PARTS] or [late])) / rate


def _correlation(one: np.ndarray, two: np.ndarray, rate: int, reach: int) -> np.ndarray:
    """The cross-correlation `[2 reach + 1]` of sounds of one length, each frequency with the same
    weight, where the second is up to `reach` samples early or late; zeros where one is silent."""
    n = len(one)
    size = 1 << (2 * n - 1).bit_length()
    ones, twos = (np.fft.rfft(x - x.mean(), size) for x in (one, two))
    cross = np.conj(ones) * twos
    hertz = np.arange(len(cross)) * (rate / size)
    power = np.abs(cross)
    # What one of them does not have tells nothing, and its phase is noise
    heard = (hertz >= BAND[0]) & (hertz <= BAND[1]) & (power > 1e-8 * power.max())
    if power.max() <= 0 or np.count_nonzero(heard) < 100:
        return np.zeros(2 * reach + 1)
    values = np.fft.irfft(np.where(heard, cross / np.maximum(power, 1e-30), 0), size)
    return np.concatenate([values[-reach:], values[: reach + 1]])


def by_pictures(pairs: Sequence[tuple[MouthTrack, MouthTrack]], around: float = 0.0
                ) -> float | None:
    """How much later mouths move in another camera's pictures.

    The correlation of two motions is turned into a normal deviate (Fisher's z) by the number of
    frames that are independent (Bartlett's formula). An offset is taken where this is at least
    `SURE`, the correlation at least `STRONG` and by `AHEAD` greater than at any offset more than
    two frames away.

    Args:
        pairs: tracks (of the first camera, of the other) of the same mouths, all at one frame rate.
        around: seconds about which it is looked for, up to `FRAMES` frames either way.

    Returns:
        Seconds, finer than a frame; None where no offset stands out.
    """
    if not pairs:
        return None
    fps = pairs[0][0].fps
    if any(track.fps != fps for pair in pairs for track in pair):
        return None
    middle = round(around * fps)
    motions = [(_plain(motion_of(one)), _plain(motion_of(two))) for one, two in pairs]
    lags = range(middle - FRAMES, middle + FRAMES + 1)
    table = [_alike(motions, lag) for lag in lags]
    values = np.array([value for value, _ in table])
    best = int(np.nanargmax(values)) if np.isfinite(values).any() else 0
    if best in (0, len(values) - 1) or not np.isfinite(values[best - 1: best + 2]).all():
        return None
    far = np.abs(np.arange(len(values)) - best) > 2
    top, count = values[best], table[best][1]
    sure = math.atanh(min(top, 0.9999)) * math.sqrt(max(count - 3, 0))
    if sure < SURE or top < STRONG or top - np.nanmax(values[far], initial=-1.0) < AHEAD:
        return None
    before, after = values[best - 1], values[best + 1]
    bend = before - 2 * top + after
    return float((lags[best] + (0.5 * (before - after) / bend if bend < 0 else 0.0)) / fps)


def _plain(motion: np.ndarray) -> np.ndarray:
    """Motion `[T]` whose rare great values do not decide alone."""
    return np.sqrt(motion)


def _alike(motions: Sequence[tuple[np.ndarray, np.ndarray]], lag: int) -> tuple[float, float]:
    """(correlation of motions where the second is so many frames late, independent frames); NaN
    where too few are seen."""
    ones, twos = [], []
    for one, two in motions:
        one, two = one[max(-lag, 0):], two[max(lag, 0):]
        n = min(len(one), len(two))
        one, two = one[:n], two[:n]
        known = np.isfinite(one) & np.isfinite(two)
        if np.count_nonzero(known) >= LEAST:
            ones.append(np.where(known, one - one[known].mean(), 0.0))
            twos.append(np.where(known, two - two[known].mean(), 0.0))
    if not ones:
        return math.nan, 0.0
    a, b = np.concatenate(ones), np.concatenate(twos)
    count = int(np.count_nonzero(a))
    power = float(np.sqrt(np.sum(a**2) * np.sum(b**2)))
    if power <= 0:
        return math.nan, 0.0
    slow = 1.0
    for k in range(1, 26):
        slow += 2 * (a[k:] @ a[:-k] / (a @ a)) * (b[k:] @ b[:-k] / (b @ b))
    return float(a @ b) / power, count / max(slow, 1.0)


def by_sounds(videos: Sequence[Path], reference: int) -> list[Offset]:
    """How late each file is, by its sound.

    Args:
        videos: the files.
        reference: number, from 0, of the one whose sound is taken.

    Returns:
        One for each file.

    Raises:
        InputError: the reference has no sound.
    """
    @functools.lru_cache(maxsize=PIECES)  # the reference is decoded once for all other files
    def first(number: int) -> np.ndarray:
        return _piece(videos[reference], number)

    found = []
    for number, path in enumerate(videos):
        if number == reference:
            found.append(Offset(0.0, "reference"))
        elif not has_sound(path):
            found.append(Offset(0.0, "", "it has no sound"))
        else:
            lags = enumerate(by_sound(one, two) for one, two in _pieces(first, path))
            told = next(((k, lag) for k, lag in lags if lag is not None), None)
            found.append(Offset(0.0, "", "their sounds do not tell") if told is None
                         else _growing(videos[reference], path, told[0] * PIECE, told[1]))
    return found


def _growing(reference: Path, path: Path, begin: float, late: float) -> Offset:
    """How late a file is that is `late` seconds at `begin`, and by how much that grows up to its
    end, of recordings that are long."""
    end = min(audio.duration(reference), audio.duration(path) - late) - PIECE
    if end - begin < LONG:
        return Offset(late, "sound")
    places = [(begin, late)]
    for second in ((begin + end) / 2, end):
        at = int(second)
        own = max(0, at + int(late))
        try:
            more = by_sound(audio.read(reference, RATE, at, PIECE, notes=[]),
                            audio.read(path, RATE, own, PIECE, notes=[]))
        except InputError:
            more = None
        if more is None:  # nothing tells that it grows
            return Offset(late, "sound")
        places.append((float(at), own - at + more))
    grown = places[2][1] - late
    if abs(grown) < STAYS and abs(places[1][1] - late) < STAYS:
        return Offset(late, "sound")
    if abs(places[1][1] - late - grown / 2) > max(STAYS, UNEVEN * abs(grown)):
        return Offset(late, "sound", jumps=tuple(places))
    drift = grown / (places[2][0] - begin)
    return Offset(late - drift * (begin + PIECE / 2), "sound", drift=drift)


def has_sound(path: Path) -> bool:
    """Whether a file has a track of sound."""
    with audio.open_container(path) as container:
        return bool(container.streams.audio)


def _piece(path: Path, number: int) -> np.ndarray:
    return audio.read(path, RATE, number * PIECE, PIECE, notes=[])


def _pieces(first: Callable[[int], np.ndarray], path: Path
            ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The same seconds of two sounds, of which `first` gives pieces of the one."""
    for number in range(PIECES):
        try:
            one, two = first(number), _piece(path, number)
        except InputError:  # a sound cannot be decoded; the pictures may tell
            return
        if min(len(one), len(two)) < RATE:
            return
        yield one, two


def settle(offsets: Sequence[Offset], reference: int,
           faces: Sequence[Mapping[int, MouthTrack]]) -> list[Offset]:
    """Adds what the pictures tell.

    Args:
        offsets: of `by_sounds`, or given.
        reference: as for `by_sounds`.
        faces: of each its tracks, by the number of the camera.

    Returns:
        One for each camera.
    """
    out = []
    for number, known in enumerate(offsets):
        if known.by == "given" or number == reference:
            out.append(known if known.by == "given" else Offset(0.0, "reference"))
            continue
        if known.drift or known.jumps:
            out.append(known)
            continue
        pairs = [(face[reference], face[number]) for face in faces
                 if reference in face and number in face]
        late = by_pictures(pairs, known.late)
        fps = pairs[0][0].fps if pairs else 25.0
        if late is not None and (not known.by or abs(late - known.late) * fps > APART):
            known = Offset(late, "pictures")
        elif not known.by:
            seen = "the mouths' motion does not tell" if pairs else "no face is seen by both"
            known = Offset(0.0, "", f"{known.why}, and {seen}" if known.why else seen)
        out.append(known)
    return out


def notes(videos: Sequence[Path | str], offsets: Sequence[Offset], reference: int,
          faces: Sequence[Mapping[int, MouthTrack]], fps: float) -> list[str]:
    """Lines for the user: what was corrected, and what could not be judged, of cameras that see any
    of the faces.

    Args:
        videos: their names.
        offsets: of `settle`.
        reference, faces: as for `settle`.
        fps: of the crops; less than half a frame is not corrected.
    """
    lines = []
    for number, (path, offset) in enumerate(zip(videos, offsets, strict=True)):
        used = any(number in face for face in faces)
        if number == reference or offset.by == "given" or not used:
            continue
        if not offset.by:
            lines.append(f"{path}: whether it runs together with {videos[reference]} could not be "
                         f"judged ({offset.why}); taken as it is")
        elif offset.jumps:
            places = ", ".join(f"{late * 1000:.0f} ms at {at:.0f} s" for at, late in offset.jumps)
            lines.append(f"{path}: how late it is beside {videos[reference]} changes in the middle "
                         f"({places}): one of them was interrupted; {offset.jumps[0][1] * 1000:.0f}"
                         " ms was taken for all; give parts that go together")
        elif offset.drift:
            way = "later" if offset.drift > 0 else "earlier"
            lines.append(f"{path}: its clock and that of {videos[reference]} run apart: it is "
                         f"{offset.late * 1000:.0f} ms late at the beginning by its sound, and "
                         f"each minute {abs(offset.drift) * 60_000:.2g} ms {way}; corrected")
        elif round(offset.late * fps):
            way = "behind" if offset.late > 0 else "ahead of"
            lines.append(f"{path}: {abs(offset.late) * 1000:.0f} ms {way} {videos[reference]} by "
                         f"{'its' if offset.by == 'sound' else 'the'} {offset.by}; corrected")
    return lines
