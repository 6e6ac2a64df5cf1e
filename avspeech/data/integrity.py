"""Checks the files of a manifest: each is decoded from start to end, in bounded memory."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core.bars import bar
from avspeech.data.content import Heard
from avspeech.data.corpora import layout
from avspeech.data.labels import one_person
from avspeech.data.manifest import TIMED, Utterance, View, read_manifest, resolve
from avspeech.errors import InputError
from avspeech.media import audio, endings, recordings, video
from avspeech.media.face import make_finder
from avspeech.media.face_tracks import SURE
from avspeech.media.heads import region_of_face
from avspeech.media.notes import CUT_OFF, EARLY, LOST, SILENT
from avspeech.media.pictures import SLOW

TOLERANCE = 0.1  # seconds by which a file may be shorter than its header or the manifest says
APART = 0.2  # seconds by which the lengths of sound and pictures of an utterance may differ
SILENCE = 1e-4  # peak below which sound is silent: -80 dB relative to full scale
STEP = 0.1  # seconds; peaks of a sound file are kept for steps of this length
LOOK_EVERY = 0.4  # seconds between the pictures in which a face is searched
MOVES = 5.0  # levels of 255 by which 8 x 8 pixels change where a face speaks; less is of the coding
# Grain changes all cells alike. Their standard deviation over LOOKS pictures or more is told from
# that of a face by the largest one: it is below GRAIN, or below STRONG and ALIKE times the median
LOOKS, GRAIN, STRONG, ALIKE = 8, 2.2, 6.0, 2.5


@dataclass(frozen=True)
class Problem:
    """One problem of a file."""

    utterance: str  # its id
    file: str  # as the manifest names it
    what: str  # what is wrong

    def __str__(self) -> str:
        return f"{self.utterance}: {self.file}: {self.what}"


@dataclass
class _Sound:
    """The result of decoding a sound file."""

    seconds: float = 0.0
    rate: int = 0
    peaks: np.ndarray = field(default_factory=lambda: np.zeros(0))  # of each STEP
    faults: list[str] = field(default_factory=list)
    content: str = ""  # a hash of its samples; "" where it is silent


@dataclass
class _Pictures:
    """The result of decoding a video file."""

    seconds: float = 0.0
    fps: float = 0.0
    face: bool | None = None  # whether one was found; None: not searched
    faults: list[str] = field(default_factory=list)


def check_manifest(path: str | Path, root: str | Path | None = None, sample_rate: int | None = None,
                   fps: float | None = None, faces: bool = True,
                   progress: bool = False) -> list[Problem]:
    """Finds all problems of the files of a manifest.

    Args:
        path: the manifest.
        root: the folder that its paths are relative to; None: the corpus that corpus.json beside
            the manifest names, or without that file the manifest's own folder.
        sample_rate: that every sound should have, in Hz; None: any.
        fps: that every video should have, in frames a second; None: any.
        faces: look for a face in videos that have no cached crops.
        progress: show a progress bar.

    Returns:
        The problems in the order of the manifest; an empty list if there are none.

    Raises:
        InputError: the manifest is invalid, the corpus is not where it was prepared, or a rate is
            not above 0.
    """
    if sample_rate is not None:
        audio.check_rate(sample_rate, "--sample-rate")
    if fps is not None and not 0 < fps < math.inf:
        raise InputError(f"--fps {fps}: expected a number above 0")
    cache = Path(path).parent if root is None else Path(root)
    root = layout.root_of(cache) if root is None else Path(root)
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; it is the root of {path}; give the folder by "
                         "--root, or prepare the corpus again")
    utterances = read_manifest(path)
    checker = _Checker(root, cache, sample_rate, fps, faces)
    left = Counter(file for u in utterances for file in _files(u))
    problems: list[Problem] = []
    for utterance in bar(utterances, desc="check", unit="utterance", disable=not progress):
        problems += checker.utterance(utterance)
        files = _files(utterance)
        left.subtract(files)
        checker.forget(file for file in files if not left[file])
    return problems


def _files(u: Utterance) -> list[str]:
    """Those that an utterance names, of sound and of pictures."""
    return [u.audio, *(view.video for view in u.views if view.video)]


class _Checker:
    """Decodes each file once, however many utterances it holds."""

    def __init__(self, root: Path, cache: Path, sample_rate: int | None, fps: float | None,
                 faces: bool) -> None:
        self.root, self.cache = root, cache  # folders of sound and videos, and of crops
        self.sample_rate, self.fps, self.faces = sample_rate, fps, faces
        self._sounds: dict[str, _Sound] = {}
        self._videos: dict[tuple[str, bool], _Pictures] = {}
        self._finder: Any = None
        self._heard: dict[bytes, Utterance] = {}  # by a hash of what is heard
        self._people: dict[str, str] = {}  # a spelling of each speaker's name

    def forget(self, files: Iterable[str]) -> None:
        """Frees what is known of files that no further utterance names."""
        for file in files:
            self._sounds.pop(file, None)
            for look in (True, False):
                self._videos.pop((file, look), None)

    def utterance(self, u: Utterance) -> Iterator[Problem]:
        sound = self._sounds.get(u.audio)
        if sound is None:
            sound = self._sounds[u.audio] = self._guard(u.audio, _Sound(), self._hear)
        for what in sound.faults + ([] if not sound.seconds else _sound_faults(u, sound)):
            yield Problem(u.id, u.audio, what)
        place = f"{sound.content} {u.start:.2f} {u.start + u.duration:.2f}".encode()
        place = hashlib.sha256(place).digest()[:12]
        twin = self._heard.setdefault(place, u) if sound.content else u
        for what in _other_names(u, twin):
            yield Problem(u.id, u.audio, what)
        name = self._people.setdefault(one_person(u.speaker), u.speaker)
        if name != u.speaker and u.speaker not in self._people:
            self._people[u.speaker] = name  # told once
            yield Problem(u.id, f"speaker '{u.speaker}'", f"is '{name}' elsewhere; one person "
                          "under two names may be in training and test: write them alike")
        for name in TIMED:
            end = max(map(_end, u.labels[name]), default=0.0) if name in u.labels else 0.0
            if end > u.duration + APART:
                yield Problem(u.id, f"label '{name}'", f"its times end at {end:g} s and the "
                              f"utterance after {u.duration:g} s; they should be seconds from the "
                              "utterance's first sample")
        for view in u.views:
            yield from self._view(u, view, sound)

    def _view(self, u: Utterance, view: View, sound: _Sound) -> Iterator[Problem]:
        if view.crops is None and not view.video:
            yield Problem(u.id, f"view '{view.name}'", "neither a video nor crops are given")
        if view.video:
            look = self.faces and view.crops is None
            seen = self._videos.get((view.video, look))
            if seen is None:
                seen = self._videos[view.video, look] = self._guard(
                    view.video, _Pictures(), lambda file, out: self._see(file, out, look))
            faults = list(seen.faults)
            if seen.seconds:
                faults += [] if seen.face in (True, None) else ["no face in any of its pictures"]
                faults += _length_faults(u, view, sound, seen.seconds)
            for what in faults:
                yield Problem(u.id, view.video, what)
        if view.crops is not None:
            try:
                faults = _crop_faults(u, view, sound, resolve(self.cache, view.crops))
            except InputError as error:
                faults = [_short(error)]
            for what in faults:
                yield Problem(u.id, view.crops, what)

    def _guard(self, path: str, out: Any, scan: Callable[[Path, Any], None]) -> Any:
        try:
            scan(resolve(self.root, path), out)
        except InputError as error:
            out.faults.append(_short(error))
            out.seconds = 0.0
        return out

    def _hear(self, file: Path, out: _Sound) -> None:
        damaged: list[float] = []
        peaks: list[float] = []
        rest = np.zeros(0, np.float32)
        heard = Heard()
        bad = count = 0
        first_bad = 0.0
        for block, rate in audio.blocks(file, damaged):
            wrong = np.flatnonzero(~np.isfinite(block))
            if len(wrong):
                first_bad = first_bad if bad else (count + int(wrong[0])) / rate
                bad += len(wrong)
            out.rate, count = rate, count + len(block)
            rest = np.concatenate([rest, np.nan_to_num(block, posinf=0.0, neginf=0.0)])
            grain = max(1, round(STEP * rate))
            heard.add(block)
            whole = len(rest) // grain * grain
            peaks += _swing(rest[:whole].reshape(-1, grain)).tolist()
            rest = rest[whole:]
        out.peaks = np.concatenate([peaks, _swing(rest[None])]) if len(rest) else np.array(peaks)
        out.seconds = count / out.rate if out.rate else 0.0
        if not out.seconds:
            out.faults.append("contains no sound")
            return
        out.content = heard.name(out.rate)
        if bad:
            out.faults.append(f"{bad} samples are NaN or infinite, the first at {first_bad:.2f} s")
        if self.sample_rate and out.rate != self.sample_rate:
            out.faults.append(f"its sample rate is {out.rate} Hz, expected {self.sample_rate}")
        stated = audio.promised(file) or endings.seconds_told(file, out.rate) or 0.0
        told, there = endings.bytes_told(file) or (0, 0)
        if there < told:
            stated = out.seconds * told / max(1, there)
        faults = _decode_faults(out.seconds, stated, damaged)
        out.faults += faults
        # What decoding has shown is not told twice
        out.faults += [f"truncated: {fault}" if fault.about == CUT_OFF else fault
                       for fault in recordings.survey(file).faults
                       if not faults or fault.about not in (CUT_OFF, EARLY, LOST, SILENT)]

    def _see(self, file: Path, out: _Pictures, look: bool) -> None:
        damaged: list[float] = []
        next_look, first, last, count = 0.0, 0.0, 0.0, 0
        out.face = False if look else None
        change = _Change()
        for since, until, shown in video.pictures(file, damaged=damaged):
            first = since if not count else first
            count, last, out.seconds = count + 1, since, until
            if since < next_look or (change.moves and out.face is not False):
                continue
            next_look = since + LOOK_EVERY
            picture = shown.array()
            out.face = out.face if out.face is not False else self._face(picture)
            change.add(_cells(picture))
        if not count:
            raise InputError(f"{file}: no picture could be decoded; "
                             "the file is damaged or truncated")
        out.fps = (count - 1) / (last - first) if count > 1 else 0.0
        if self.fps and count > 1 and abs(out.fps - self.fps) > 0.005 * self.fps:
            out.faults.append(f"its frame rate is {out.fps:.2f} frames a second, "
                              f"expected {self.fps:g}")
        elif count > 2 and out.fps < SLOW:
            out.faults.append(f"its frame rate is {out.fps:.3g} pictures a second, too few to read "
                              "lips; 25 are usual")
        out.faults += _decode_faults(out.seconds, video.duration(file), damaged)
        if change.still:
            out.faults.append(("it holds one picture only" if count == 1 else "its picture never "
                               "changes") + ": lips that do not move cannot tell who speaks")

    def _face(self, picture: np.ndarray) -> bool:
        self._finder = self._finder or make_finder()
        return any(f.score >= SURE or self._finder.pose(picture, region_of_face(f)) is not None
                   for f in self._finder.detect(picture))


class _Change:
    """Whether pictures, which come as their `_cells`, show more than one that stands still."""

    def __init__(self) -> None:
        self.moves = False  # so far
        self._changed = False  # by MOVES or more
        self._count = 0
        self._first = self._sum = self._squares = np.zeros(0)

    def add(self, cells: np.ndarray) -> None:
        """Takes one more."""
        if self.moves:
            return
        if not self._count:
            self._first, self._sum, self._squares = cells, 0 * cells, 0 * cells
        if cells.shape != self._first.shape:
            self.moves = True
            return
        off = cells - self._first
        self._count += 1
        self._sum, self._squares = self._sum + off, self._squares + off**2
        if np.abs(off).max() < MOVES and self._count < LOOKS:
            return
        power = self._squares / self._count - (self._sum / self._count) ** 2
        spread = np.sqrt(np.maximum(0.0, power))
        largest = float(spread.max())
        grain = largest < GRAIN or largest < min(STRONG, ALIKE * float(np.median(spread)))
        self.moves = not grain if self._count >= LOOKS else largest >= 2 * STRONG
        self._changed = True

    @property
    def still(self) -> bool:
        """Whether they show only one; of a few pictures by what they change at all."""
        return not self.moves and not (self._changed and self._count < LOOKS)


def _end(item: Any) -> float:
    """Where a stretch of a timed label ends, in seconds."""
    return float(item["end"] if isinstance(item, dict) else item[1])


def _other_names(u: Utterance, twin: Utterance) -> list[str]:
    """What is said otherwise of an utterance than of another one with the same sound."""
    names = [("speaker", u.speaker, twin.speaker), ("text", u.text, twin.text)] + [
        (f"label '{name}'", u.labels[name], value) for name, value in twin.labels.items()
        if name in u.labels and name not in TIMED]
    return [f"has the same sound as {twin.id}, with another {name}: {one}, there {other}"
            for name, one, other in names if one != other and None not in (one, other)]


def _cells(picture: np.ndarray) -> np.ndarray:
    """Means of the cells of 8 x 8 pixels of a picture `[H, W, 3]`, all of it in one if small."""
    height, width = (max(1, n // 8) for n in picture.shape[:2])
    cut = picture[: height * 8, : width * 8].mean(axis=2)
    return cut.reshape(height, len(cut) // height, width, -1).mean(axis=(1, 3))


def _swing(samples: np.ndarray) -> np.ndarray:
    """Half the distance `[T]` from the lowest to the highest of samples `[T, n]`: a constant offset
    is no sound."""
    return (samples.max(axis=1) - samples.min(axis=1)) / 2


def _short(error: InputError) -> str:
    """The message of an InputError without the path at its start, because a Problem names the
    file."""
    text = str(error)
    return text.split(": ", 1)[1] if ": " in text else text


def _decode_faults(seconds: float, stated: float, damaged: list[float]) -> list[str]:
    faults = []
    if seconds < stated - TOLERANCE:
        faults.append(f"truncated: {seconds:.2f} s could be decoded, "
                      f"its header says {stated:.2f} s")
    if damaged:
        at = "" if math.isnan(damaged[0]) else f", the first at {damaged[0]:.2f} s"
        faults.append(f"damaged: {len(damaged)} of its packets do not decode{at}")
    return faults


def _sound_faults(u: Utterance, sound: _Sound) -> list[str]:
    end = u.start + u.duration
    if sound.seconds < end - TOLERANCE:
        return [f"truncated: it ends at {sound.seconds:.2f} s, the manifest says the utterance "
                f"ends at {end:.2f} s"]
    part = sound.peaks[int(u.start / STEP): math.ceil(end / STEP)]
    return ["silent"] if not len(part) or part.max() < SILENCE else []


def _length_faults(u: Utterance, view: View, sound: _Sound, seconds: float) -> list[str]:
    """Problems of the length of a view whose pictures end at `seconds`. Sound or pictures that
    continue after the utterance in a longer file are not a problem."""
    left = seconds - view.start
    if left < u.duration - APART:
        return [f"audio and video lengths differ: {u.duration:.2f} s of sound, "
                f"{max(0.0, left):.2f} s of pictures"]
    whole = u.start == 0 and view.start == 0 and abs(sound.seconds - u.duration) < TOLERANCE
    if whole and seconds > sound.seconds + APART:
        return [f"audio and video lengths differ: {sound.seconds:.2f} s of sound, "
                f"{seconds:.2f} s of pictures"]
    return []


def _crop_faults(u: Utterance, view: View, sound: _Sound, file: Path) -> list[str]:
    if not file.is_file() or not file.stat().st_size:
        return ["the file is empty (0 bytes)" if file.is_file() else "no such file"]
    crops, at, any_present = 0, 0.0, False
    while True:  # a minute at a time
        part, present = video.read_crops(file, start=at, duration=60.0)
        if not len(part):
            break
        times = at + np.arange(len(part)) / video.FPS
        inside = (times >= view.start - 0.02) & (times < view.start + u.duration)
        any_present |= bool(present[inside].any())
        crops, at = crops + len(part), at + 60.0
    if not crops:
        return ["contains no crop"]
    faults = [] if any_present else ["no face in any of the utterance's frames"]
    return faults + _length_faults(u, view, sound, crops / video.FPS)
