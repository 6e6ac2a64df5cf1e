"""Voices from video files: a wav and an mp4 for each face, on the clock of the videos, in bounded
memory."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from avspeech.core import storage
from avspeech.core.bars import bar
from avspeech.errors import InputError
from avspeech.extraction import cameras
from avspeech.extraction.views import lateness, match_faces
from avspeech.media import audio, video
from avspeech.media.mouths import MouthTrack
from avspeech.media.muxing import mux
from avspeech.media.pictures import picture_stream, picture_tracks

if TYPE_CHECKING:
    from avspeech.core.engine import Choice
    from avspeech.extraction.choice import Report

SEEN = 1.0  # s; faces seen for less are left out, if any is seen longer: most of them are no faces
WRITTEN = (".mp4", ".json", ".vtt", ".html")  # suffixes of results, beside those of sound
PIECE = 60.0  # s of sound decoded at a time
SMALL = 40.0  # pixels that a face should be wide, at least
UNEQUAL = 0.5  # s by which the ends of sound and pictures of one file may differ

# (samples [start, stop) of the mixture, their number, views of each face, the faces wanted) -> the
# voices in blocks
Together = Callable[
    [Callable[[int, int], np.ndarray], int, Sequence[Sequence[MouthTrack]], Sequence[int]],
    Iterator[list[np.ndarray]],
]


def extract(
    together: Together,
    sample_rate: int,
    fps: float,
    videos: Sequence[Path],
    out: Path,
    face: int | None = None,
    progress: bool = True,
    mouth: bool = False,
    track: int | None = None,
    picture: bool = True,
    faces: Sequence[Mapping[int, MouthTrack]] | None = None,
    reports: Callable[[], Sequence[Report] | None] = lambda: None,
    records: bool = False,
    late: Sequence[float] | None = None,
    called: Callable[[int], str] | None = None,
) -> list[Path]:
    """Writes `<stem>_face<N>.wav` and `<stem>_face<N>.mp4` into a folder for each face.

    The wav (16 bit, mono) begins at the clock's zero of the videos and lasts as long as the sound
    or the pictures, whichever is longer; so does the mp4. Its pictures are copied where mp4 takes
    them as they are (H.264 or HEVC), else encoded. Files of these names are replaced, each only
    when it is complete. A warning says where it is doubtful that the voice is that of the face.

    Args:
        together: makes the voices: see `Extractor.together`.
        sample_rate: of the voices and of the mixture that `together` reads, in Hz.
        fps: of the mouth crops, in frames per second.
        videos: one camera, or several of the same scene. The sound is that of the first that has
            any; the picture of the mp4 and `<stem>` are the first one's.
        out: folder; made where it is missing.
        face: only this one, counted from 1, the largest and longest seen in the first video that
            shows any; by default all. `views.match_faces` finds the same face in the other videos.
        progress: whether to show progress bars.
        mouth: the videos show nothing but the mouth (`video.whole_picture`); no face is looked for.
        track: of the sound, from 1; by default the one that the file marks, or the first that
            sounds (`media.audio.read`). A warning says which of several was taken, and what
            was corrected: a constant offset, samples far beyond full scale, channels that cancel
            each other.
        picture: whether the mp4s are written; otherwise only the wavs are.
        faces: what `find_faces` found in these videos; by default they are looked for.
        reports: gives, when the voices are made, what was put out for each; None where that is not
            known.
        records: write the reports, as `<stem>_face<N>.json`.
        late: as for `find_faces`.
        called: what warnings call a face, by its number; by default the path of its wav.

    Returns:
        The files, in order.

    Raises:
        InputError: a file cannot be read, there is no sound, no face, or no such face, or the
            folder cannot be written to.
    """
    sound = with_sound(videos)
    keep_inputs(videos, out, videos[0].stem, face)
    with place(out, videos[0].stem):
        audio.notes_of(sound, track)  # looking for faces is slow: what is wrong is told before
        faces = faces or find_faces(videos, fps, progress, mouth, late)
        names = ", ".join(str(path) for path in videos)
        if face is not None and not 1 <= face <= len(faces):
            raise InputError(f"face {face}: {names} shows {len(faces)}; expected a number from 1 "
                             f"to {len(faces)}")
        numbers = range(1, len(faces) + 1) if face is None else [face]
        titles = [called(number) if called else str(out / f"{videos[0].stem}_face{number}.wav")
                  for number in numbers]
        for number, named in zip(numbers, titles, strict=True):
            if (width := _widest(faces[number - 1].values())) < SMALL:
                warnings.warn(f"{named}: its face is {width:.0f} pixels wide in the video: hardly "
                              "anything is seen of its lips; come nearer, or use a picture with "
                              "more pixels", stacklevel=2)

        pictures = max(view.common(len(view.present)) for views in faces
                       for view in views.values())
        with storage.scratch() as store:
            samples = _decode(sound, sample_rate, store, track)
            length = max(samples, round(pictures * sample_rate))
            _compare(sound, samples / sample_rate, fps, [
                len(views[number].present) for number, path in enumerate(videos)
                if path == sound for views in faces if number in views])

            def read(start: int, stop: int) -> np.ndarray:
                mixture = np.zeros(stop - start, np.float32)
                if start < samples:
                    store.seek(4 * start)
                    known = np.frombuffer(store.read(4 * (min(stop, samples) - start)), np.float32)
                    mixture[: len(known)] = known
                return mixture

            views = [list(face.values()) for face in faces]
            voices = together(read, length, views, [number - 1 for number in numbers])
            stems = [f"{videos[0].stem}_face{number}" for number in numbers]
            title = f"face{'s' * (len(stems) > 1)} {', '.join(map(str, numbers))}"
            seen = [_clocks(videos, faces[number - 1]) for number in numbers]
            return _write(voices, length, sample_rate, videos[0] if picture else None, out, stems,
                          titles, title if progress else None, reports, records, seen)


def extract_files(
    videos: Sequence[str | Path],
    out: str | Path,
    face: int | None = None,
    model: str | Path = "mvtf-small",
    progress: bool = True,
    device: str = "cpu",
    mouth: bool = False,
    track: int | None = None,
    records: bool = False,
    voice: str | Path | None = None,
    late: Sequence[float] | None = None,
) -> list[Path]:
    """`Extractor.from_pretrained(model).extract(videos, out, face)`: what `avspeech extract` does.

    Args:
        videos: one video, or several of the same scene.
        out: folder for the results.
        face: which face, counted from 1; by default all.
        model: a released model's name, or a model folder.
        progress: whether to show progress bars.
        device: a torch device.
        mouth: the videos show nothing but the mouth.
        track: of sound, from 1; by default the one that the file marks, or the first that sounds.
        records: write what was put out, and how sure it was, as `<stem>_face<N>.json`.
        voice: a recording of the speaker of `face`: see `Extractor`.
        late: seconds by which each video is late; by default estimated.

    Returns:
        The files written.
    """
    from importlib.util import find_spec

    from avspeech.extraction.engine import VIEWS
    from avspeech.extraction.extractor import Extractor

    if voice is not None and videos:
        keep_inputs([Path(voice)], Path(out), Path(videos[0]).stem, face)
    # Graphs take no more views
    engine: Choice = "torch" if len(videos) > VIEWS and find_spec("torch") else "auto"
    return Extractor.from_pretrained(model, device, engine, voice=voice).extract(
        videos, out, face=face, progress=progress, mouth=mouth, track=track, records=records,
        late=late)


def find_faces(videos: Sequence[Path], fps: float, progress: bool = True, mouth: bool = False,
               late: Sequence[float] | None = None) -> list[dict[int, MouthTrack]]:
    """The faces of several videos of one scene, in the order in which `extract` counts them.

    Args:
        videos, fps, progress, mouth: as for `extract`.
        late: seconds by which each video is late, so that what happens at one time is so much
            later on its own clock; only their differences count. By default they are estimated
            (`extraction.cameras`), and warnings say what was corrected and what could not be
            judged.

    Returns:
        For each face its tracks, by the number (from 0) of the video that shows it. All faces are
        in the first video that shows any. Their common clock is that of the first video with sound.

    Raises:
        InputError: a file cannot be read, no video shows a face, or another number of offsets.
    """
    if late is not None:
        lateness(late, len(videos))
    found = []
    for path in videos:
        if mouth:
            found.append([video.whole_picture(path, fps)])
        else:
            found.append(video.mouth_tracks(path, fps=fps, progress=progress))
    gc.collect()  # the face networks: their interpreters stand in circles
    found = [_long_enough(tracks, round(SEEN * fps)) for tracks in found]
    names = ", ".join(str(path) for path in videos)
    if not any(found):
        raise InputError(f"{names}: no face found; the mouth must be seen, and the face be some "
                         f"{SMALL:.0f} pixels wide or more" + _other_pictures(videos))
    for path, tracks in zip(videos, found, strict=True):
        if not tracks:
            warnings.warn(
                f"{path}: no face found in it; going on with the other videos", stacklevel=2
            )
    reference, offsets = _offsets(videos, late)
    _set(found, offsets)
    faces = [{number: track for number, tracks in enumerate(found) for track in tracks
              if any(track is view for view in views)} for views in match_faces(found)]
    if len(videos) > 1:
        offsets = cameras.settle(offsets, reference, faces)
        _set(found, offsets)
        for note in cameras.notes(videos, offsets, reference, faces, fps):
            warnings.warn(note, stacklevel=2)
    return faces


def _other_pictures(videos: Sequence[Path]) -> str:
    """What to say of videos with several tracks of pictures, of which only one was looked at."""
    for path in videos:
        with audio.open_container(path) as container:
            if len(tracks := picture_tracks(container)) > 1:
                taken = tracks.index(picture_stream(container, path)) + 1
                return (f"; of the {len(tracks)} tracks of pictures of {path.name} number {taken} "
                        "was taken: give a file with another one (ffmpeg -i IN -map 0:v:1 -map 0:a "
                        "-c copy OUT)")
    return ""


def _widest(views: Iterable[MouthTrack]) -> float:
    """Median width in pixels of a face in the view that shows it largest; infinite where no place
    is known."""
    widths = [float(np.nanmedian(t.boxes[:, 2] - t.boxes[:, 0])) for t in views
              if t.boxes is not None and np.isfinite(t.boxes).any()]
    return max(widths, default=np.inf)


def _offsets(videos: Sequence[Path], late: Sequence[float] | None
             ) -> tuple[int, list[cameras.Offset]]:
    """(number of the video whose clock is the common one, what is known before the pictures)."""
    sounding = next((n for n, path in enumerate(videos) if cameras.has_sound(path)), None)
    reference = sounding or 0
    if late is not None:
        given = lateness(late, len(videos), reference)
        return reference, [cameras.Offset(seconds, "given") for seconds in given]
    if len(videos) > 1 and sounding is not None:
        return reference, cameras.by_sounds(videos, reference)
    return reference, [cameras.Offset(0.0, "", "there is no sound") for _ in videos]


def _set(found: Sequence[Sequence[MouthTrack]], offsets: Sequence[cameras.Offset]) -> None:
    for tracks, offset in zip(found, offsets, strict=True):
        for track in tracks:
            track.late, track.late_by, track.drift = offset.late, offset.by, offset.drift


def _clocks(videos: Sequence[Path], views: Mapping[int, MouthTrack]) -> list[dict[str, Any]]:
    """For a report: how late each of several cameras is; nothing for one."""
    if len(videos) == 1:
        return []
    return [{"video": videos[number].name, "late": round(track.late, 3), "by": track.late_by,
             "drift_ppm": round(1e6 * track.drift, 1)} for number, track in views.items()]


def _long_enough(tracks: list[MouthTrack], frames: int) -> list[MouthTrack]:
    """The tracks that are seen for so many frames; all where none is."""
    return [t for t in tracks if np.count_nonzero(t.present) >= frames] or tracks


def with_sound(videos: Sequence[Path]) -> Path:
    """The first of several videos that has sound.

    Args:
        videos: all of them.

    Raises:
        InputError: there is no video, one has no pictures, or none has sound.
    """
    if not videos:
        raise InputError(
            "no video given; expected one, or several synchronized ones of the same scene"
        )
    sounding = []
    for path in videos:
        with audio.open_container(path) as container:
            if not container.streams.video:
                raise InputError(f"{path}: no video stream in it; give a video that shows the "
                                 "speaker's face")
            if container.streams.audio:
                sounding.append(path)
    if not sounding:
        names = ", ".join(str(path) for path in videos)
        raise InputError(f"{names}: no sound in it; one of the videos must have sound")
    return sounding[0]


def keep_inputs(paths: Sequence[Path], out: Path, stem: str, face: int | None = None) -> None:
    """Refuses inputs whose place a result would take.

    Args:
        paths: the inputs.
        out: folder of the results.
        stem: of their names.
        face: number of the only face; None: there may be any.

    Raises:
        InputError: one of the inputs would be replaced.
    """
    number = r"\d+" if face is None else str(face)
    for path in paths:
        if re.fullmatch(rf"{re.escape(stem)}_face{number}\.(wav|mp4|json)", path.name) and (
                os.path.realpath(path.parent) == os.path.realpath(out)):
            raise InputError(f"{path}: would be replaced by a result, which has this name; choose "
                             "another --out, or rename the file")


@contextlib.contextmanager
def place(out: Path, stem: str) -> Iterator[None]:
    """Makes a folder for results; it is removed again where the block fails and leaves it empty.

    Args:
        out: the folder; may be there.
        stem: of the names of the results.

    Raises:
        InputError: the results could not be written there: better before the work than after.
    """
    if out.suffix.lower() in (*audio.WRITE_FORMATS, *WRITTEN) and not out.is_dir():
        raise InputError(f"{out}: looks like a file; several files are written, so give a "
                         f"folder, such as {out.with_suffix('')}")
    with contextlib.ExitStack() as made:
        try:
            made.enter_context(storage.made_folder(out))
        except OSError as error:
            raise InputError(
                f"{out}: cannot make this folder ({error.strerror}); choose another"
            ) from None
        try:
            with tempfile.TemporaryFile(dir=out):
                pass
            longest = os.pathconf(out, "PC_NAME_MAX")
        except OSError as error:
            raise InputError(f"{out}: cannot write into this folder ({error.strerror}); choose "
                             "another") from None
        if len(os.fsencode(f"{stem}_face1.json")) > longest:
            raise InputError(
                f"{stem}: the names of the results would be too long for {out}; rename the video"
            )
        yield


def _compare(path: Path, sound: float, fps: float, pictures: Sequence[int]) -> None:
    """Warns where a file's sound and its pictures (frames, of any face) do not end together."""
    seconds = pictures[0] / fps if pictures else sound
    if abs(seconds - sound) <= UNEQUAL:
        return
    if pictures[0] == 1:
        warnings.warn(f"{path}: it holds one picture only: lips that do not move cannot tell who "
                      "speaks", stacklevel=3)
        return
    warnings.warn(f"{path}: its pictures end at {seconds:.1f} s and its sound at {sound:.1f} s: "
                  "one of them was cut off, or runs at a wrong rate", stacklevel=3)


def _decode(path: Path, sample_rate: int, store: IO[bytes], track: int | None) -> int:
    """Appends the sound as raw float32 to `store`; returns the number of samples."""
    for note in audio.notes_of(path, track):
        warnings.warn(f"{path}: {note}", stacklevel=3)
    samples, number = 0, 0
    wanted = round(PIECE * sample_rate)
    while True:
        piece = audio.read(path, sample_rate, number * PIECE, PIECE, track, notes=[], centered=True)
        if not np.isfinite(piece).all():
            raise InputError(f"{path}: the sound holds NaN or infinite samples; repair it first")
        store.write(piece.astype(np.float32).tobytes())
        store.flush()  # a full disk is found out here
        samples += len(piece)
        number += 1
        if len(piece) < wanted:
            return samples


def _write(voices: Iterator[list[np.ndarray]], length: int, sample_rate: int, picture: Path | None,
           out: Path, stems: Sequence[str], titles: Sequence[str], title: str | None,
           reports: Callable[[], Sequence[Report] | None], records: bool,
           clocks: Sequence[list[dict[str, Any]]]) -> list[Path]:
    """The wav and mp4 (none without `picture`) of all faces, written aside and put in place
    together, and their reports."""
    wavs, mp4s = ([out / f"{stem}.{kind}" for stem in stems] for kind in ("wav", "mp4"))
    clipped, done = [0] * len(stems), 0
    mp4s = mp4s if picture else []
    for path in (*wavs, *mp4s):
        storage.sweep_beside(path)
    with contextlib.ExitStack() as places:
        new_mp4s = [places.enter_context(storage.writing(path)) for path in mp4s]
        new_wavs = [places.enter_context(storage.writing(path)) for path in wavs]
        with contextlib.ExitStack() as sounds, bar(
                total=round(length / sample_rate), desc=title, unit="s",
                disable=title is None) as shown:
            adds = [sounds.enter_context(audio.sound_writer(path, sample_rate))
                    for path in new_wavs]
            for blocks in voices:
                for i, (add, block) in enumerate(zip(adds, blocks, strict=True)):
                    clipped[i] += int(np.count_nonzero(np.abs(block) > 1.0))
                    add(np.clip(block, -1.0, 1.0))
                done += len(blocks[0])
                shown.update(round(done / sample_rate) - shown.n)
        for new_mp4, new_wav in zip(new_mp4s, new_wavs, strict=False):
            assert picture is not None
            with storage.naming(new_mp4):
                mux(picture, new_wav, new_mp4)
    for named, beyond in zip(titles, clipped, strict=True):
        if beyond:
            warnings.warn(f"{named}: {beyond} samples beyond full scale were clipped", stacklevel=2)
    written, known = [], reports()
    for i, wav in enumerate(wavs):
        written += [wav, *mp4s[i:i + 1]]
        if known is None:
            continue
        report = known[i]
        doubt = report.doubt()
        if doubt is not None:
            warnings.warn(f"{titles[i]}: {doubt}", stacklevel=2)
        if records:
            written.append(wav.with_suffix(".json"))
            record = {**report.record(), **({"cameras": clocks[i]} if clocks[i] else {})}
            storage.write_atomically(written[-1], json.dumps(record, indent=1).encode())
    return written
