"""The voices of the faces in video files: a wav and an mp4 each, on the clock of the videos,
in bounded memory."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from avspeech.errors import InputError
from avspeech.extraction.views import View, match_faces
from avspeech.media import audio, video
from avspeech.media.muxing import mux

if TYPE_CHECKING:
    from avspeech.extraction.extractor import Extractor

SEEN = 1.0  # s; a face seen for less counts only where none is seen for longer: most such are no faces
PIECE = 60.0  # s of sound decoded at a time


def extract(
    extractor: Extractor, videos: Sequence[Path], out: Path, face: int | None = None, progress: bool = True,
    mouth: bool = False, track: int | None = None,
) -> list[Path]:
    """Writes `<stem>_face<N>.wav` and `<stem>_face<N>.mp4` into `out` for each face; returns their paths.

    videos: one camera, or several synchronised ones whose clocks begin together. The sound is that of the
        first that has any, the picture of the mp4 and `<stem>` are those of the first.
    face: only this one, counted from 1, the largest and longest seen in the first video that shows any; by
        default all. The same face is found in the other videos as `views.match_faces` says.
    mouth: the videos show nothing but the mouth (`video.whole_picture`); no face is looked for.
    track: which of the tracks of sound, from 1; by default the one that the file marks, or the first that
        sounds (`media.audio.read`). Which one was taken of several is warned of, and what was mended (a
        constant offset is taken off; samples far beyond full scale; channels that cancel each other).
    The wav (16 bit, mono, at the model's sample rate) begins at the clock's zero of the videos and lasts as
    long as the sound or the pictures, whichever is longer; so does the mp4 (pictures copied if H.264 or HEVC,
    else encoded). Files of these names are replaced, each only when it is complete.

    Raises InputError for files that cannot be read, where there is no sound, no face, or no such face.
    """
    if not videos:
        raise InputError("no video given; expected one, or several synchronised ones of the same scene")
    sound = _with_sound(videos)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: cannot make this folder ({error.strerror}); choose another") from None

    found = [[video.whole_picture(path, extractor.fps)] if mouth
             else video.mouth_tracks(path, fps=extractor.fps, progress=progress) for path in videos]
    names = ", ".join(str(path) for path in videos)
    if not any(found):
        raise InputError(
            f"{names}: no face found; the mouth must be seen, and the face be some 40 pixels wide or more"
        )
    seen = round(SEEN * extractor.fps)
    found = [
        [track for track in tracks if np.count_nonzero(track.present) >= seen] or tracks for tracks in found
    ]
    for path, tracks in zip(videos, found, strict=True):
        if not tracks:
            warnings.warn(f"{path}: no face found in it; going on with the other videos", stacklevel=2)
    faces = match_faces(found)
    if face is not None and not 1 <= face <= len(faces):
        raise InputError(f"face {face}: {names} shows {len(faces)}; expected a number from 1 to {len(faces)}")
    numbers = range(1, len(faces) + 1) if face is None else [face]

    pictures = max(len(tracks[0].present) for tracks in found if tracks) / extractor.fps
    written: list[Path] = []
    with tempfile.TemporaryFile(prefix="avspeech-") as store:
        samples = _decode(sound, extractor.sample_rate, store, track)
        length = max(samples, round(pictures * extractor.sample_rate))

        def read(start: int, stop: int) -> np.ndarray:
            mixture = np.zeros(stop - start, np.float32)
            if start < samples:
                store.seek(4 * start)
                known = np.frombuffer(store.read(4 * (min(stop, samples) - start)), np.float32)
                mixture[: len(known)] = known
            return mixture

        for number in numbers:
            views = [View(track.crops, track.present, extractor.fps) for track in faces[number - 1]]
            title = f"face {number}" if progress else None
            written += _write(
                extractor, read, length, views, videos[0], out / f"{videos[0].stem}_face{number}", title
            )
    return written


def _with_sound(videos: Sequence[Path]) -> Path:
    sounding = []
    for path in videos:
        with audio.open_container(path) as container:
            if not container.streams.video:
                raise InputError(f"{path}: no video stream in it; give a video that shows the speaker's face")
            if container.streams.audio:
                sounding.append(path)
    if not sounding:
        raise InputError(
            f"{', '.join(str(path) for path in videos)}: no sound in it; one of the videos must have sound"
        )
    return sounding[0]


def _decode(path: Path, sample_rate: int, store: IO[bytes], track: int | None) -> int:
    """Appends the sound as raw float32 to `store`; returns the number of samples."""
    for note in audio.notes_of(path, track):
        warnings.warn(f"{path}: {note}", stacklevel=3)
    samples, number = 0, 0
    wanted = round(PIECE * sample_rate)
    while True:
        piece = audio.read(path, sample_rate, number * PIECE, PIECE, track, notes=[], centered=True)
        if not np.isfinite(piece).all():
            raise InputError(f"{path}: the sound holds NaN or infinite samples; mend it first")
        store.write(piece.astype(np.float32).tobytes())
        samples += len(piece)
        number += 1
        if len(piece) < wanted:
            return samples


def _write(
    extractor: Extractor,
    read: Callable[[int, int], np.ndarray],
    length: int,
    views: list[View],
    picture: Path,
    stem: Path,
    title: str | None,
) -> list[Path]:
    """One face's wav and mp4, written aside and put in place together."""
    import soundfile
    from tqdm import tqdm

    paths = [stem.with_name(stem.name + suffix) for suffix in (".wav", ".mp4")]
    aside = [path.with_name(f".{path.name}.{os.getpid()}.part") for path in paths]
    clipped = 0
    rate = extractor.sample_rate
    try:
        with (
            soundfile.SoundFile(str(aside[0]), "w", rate, 1, "PCM_16", format="WAV") as file,
            tqdm(total=round(length / rate), desc=title, unit="s", disable=title is None) as bar,
        ):
            done = 0
            for block in extractor.blocks(read, length, views):
                clipped += int(np.count_nonzero(np.abs(block) > 1.0))
                file.write(np.clip(block, -1.0, 1.0))
                done += len(block)
                bar.update(round(done / rate) - bar.n)
        mux(picture, aside[0], aside[1])
        for path, part in zip(paths, aside, strict=True):
            os.replace(part, path)
    finally:
        for part in aside:
            part.unlink(missing_ok=True)
    if clipped:
        warnings.warn(f"{paths[0]}: {clipped} samples beyond full scale were clipped", stacklevel=2)
    return paths
