"""Who said what, and when, from a video: captions and a transcript of all faces, in files.

    paths = transcribe(["meeting.mp4"], "out", Extractor.from_pretrained("mvtf-small"),
                       recognizers.named("base"))

    out/meeting_captions.json            speakers, segments, words with times, what was left out
    out/meeting_captions.vtt             captions with the speakers in voice tags
    out/meeting_captions.html, .mp4      a page that shows them in colors; the video beside it
    out/meeting/face1.vtt, ...           captions of each speaker
    out/meeting/speaker_to_cluster.json  who talks with whom; the layout of CHiME-9's MCoRec

The names are such that a video beside, or a reference `meeting.vtt`, is not replaced.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.core import storage
from avspeech.errors import InputError
from avspeech.extraction import files as extraction
from avspeech.extraction.extractor import Extractor
from avspeech.media import audio
from avspeech.media.decoding import open_container
from avspeech.media.mouths import MouthTrack
from avspeech.media.muxing import mux
from avspeech.media.pictures import picture_tracks
from avspeech.report import mcorec, transcripts
from avspeech.report.transcript_scores import speech
from avspeech.report.transcripts import Segment, Transcript, Word
from avspeech.transcribe import pages, stretches, voices
from avspeech.transcribe.clusters import conversations
from avspeech.transcribe.cues import cues
from avspeech.transcribe.recognizers import Heard, Recognizer

if TYPE_CHECKING:
    from avspeech.extraction.choice import Report

RATE, FPS = 16_000, 25.0  # of the sound and of the mouths where nothing is extracted
SHOWN_RATE = 48_000  # Hz, of the video beside the page
PIECE = 60.0  # seconds of sound read at a time
UNSURE = 0.1  # a segment of less mean trust is most likely the voice of somebody else
NAME = re.compile(r"\w[\w .-]{0,59}")


@dataclass
class Speaker:
    """A face and what was made of its voice."""

    id: str
    loudness: float  # of its speech, dB of full scale
    recognized: list[tuple[float, float]]  # seconds that the recognizer was given
    seconds: float  # of the video
    doubt: str | None = None  # of the extractor: see `extraction.choice.Report.doubt`
    words: int = 0
    left_out: list[Segment] = field(default_factory=list)  # of less trust than `UNSURE`

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "id": self.id, "loudness_db": round(self.loudness, 1) if self.recognized else None,
            "recognized": [[round(t, 3) for t in span] for span in self.recognized],
            "doubt": self.doubt, "left_out": [segment.as_dict() for segment in self.left_out]}

    def remark(self, floor: float) -> str:
        """What was recognized and what was not, for a terminal."""
        taken = sum(end - start for start, end in self.recognized)
        why = f"silence, or more than {floor:g} dB below the loudest voice"
        if not taken:
            return f"{self.id}: nothing recognized: {why}"
        lost = sum(_count(segment) for segment in self.left_out)
        return (f"{self.id}: {self.words} words in {taken:.1f} of {self.seconds:.1f} s"
                + (f"; the rest is {why}" if self.seconds - taken > 0.1 else "")
                + (f"; {lost} more are left out of the captions, as they are hardly this face's: "
                   "see left_out in the JSON" if lost else ""))


@dataclass
class Result:
    """What `transcribe` made."""

    transcript: Transcript
    speakers: list[Speaker]
    conversations: dict[str, int]
    paths: list[Path] = field(default_factory=list)  # the files, the most useful first


def transcribe(videos: Sequence[str | Path] | str | Path, out: str | Path,
               extractor: Extractor | None, recognizer: Recognizer, *,
               names: Sequence[str] | None = None, face: int | None = None,
               floor: float = stretches.FLOOR, piece: float = stretches.PIECE, page: bool = True,
               mouth: bool = False, track: int | None = None, progress: bool = True) -> Result:
    """Recognizes the voice of each face of a video and writes who said what.

    A warning says where it is doubtful that a voice is that of its face. Segments during which the
    mean trust is below `UNSURE` are in no caption, but in the speaker's `left_out`.

    Files of the names above are replaced, each only when it is complete. The voices stand in a
    folder beside them, `<stem>_captions_voices`, until all is written: where a recognizer fails, or
    the work is interrupted, the same call goes on from them (not those of an extractor that was
    given other settings or weights than a model folder's).

    Args:
        videos: one, or several synchronized views of the same faces.
        out: folder for the files.
        extractor: makes the voice of a face; None: each face is given the whole sound, for
            comparison.
        recognizer: see `recognizers`.
        names: of the speakers, largest face first; by default face1, face2, ...
        face: only this one, counted from 1.
        floor: dB below the loudest voice from which nothing is recognized.
        piece: seconds that are recognized at a time, at most.
        page: whether the page and the video beside it are written.
        mouth: the videos show nothing but the mouth.
        track: of sound, from 1.
        progress: whether to show progress bars.

    Returns:
        The transcript, its speakers and conversations, and the files.

    Raises:
        InputError: as `extraction.files.extract`, a recognizer that fails, or names that do not
            fit.
    """
    several = [videos] if isinstance(videos, (str, Path)) else videos
    paths, out = [Path(video) for video in several], Path(out)
    if not floor > 0:
        raise InputError(f"floor {floor:g} dB: expected more than 0 dB")
    if not 1 <= piece <= 600:
        raise InputError(f"piece {piece:g} s: expected 1 to 600 s")
    _check_names(names)
    if not paths:
        raise InputError("no video given; expected one, or several views of the same scene")
    stem = paths[0].stem
    with extraction.place(out, f"{stem}_captions"), storage.scratch_folder() as scratch:
        _check_folder(out / stem)
        folder = voices.folder_of(out, stem)
        identity = extractor.identity if extractor else "mixture"
        key = voices.key_of(paths, identity=identity, face=face, mouth=mouth, track=track)
        made = voices.kept(folder, key) if identity else None
        if made is not None:
            voices.tell_taken(folder)
            _check_number(names, len(made.wavs))
        else:
            if identity is None:  # nobody could tell what they were made of
                folder = scratch / folder.name
            made = voices.make(folder, key, _extraction(paths, extractor, names, face, mouth, track,
                                                        progress))
        try:
            result = _recognize(made, folder, recognizer, scratch, names, floor, piece, progress)
            about = {"videos": [path.name for path in paths], "recognizer": recognizer.name,
                     "extraction": bool(extractor), "floor_db": floor}
            _write(result, paths, out, about, made.boxes if page else None, track)
        except InputError as error:
            raise InputError(f"{error}; {voices.tell(folder)}" if identity else str(error)
                             ) from None
        except BaseException:
            if identity:
                warnings.warn(voices.tell(folder), stacklevel=2)
            raise
        voices.remove(folder)
    return result


def check_pictures(videos: Sequence[str | Path]) -> None:
    """Raises InputError where one of some videos is none, but a sound alone. What cannot be opened
    is for `transcribe` to tell."""
    for path in videos:
        with contextlib.suppress(InputError), open_container(path) as container:
            if picture_tracks(container):
                continue
            break
    else:
        return
    raise InputError(f"{path}: a sound without pictures, and speakers are known by their faces "
                     "here: give the video; what a sound alone says a recognizer writes down by "
                     "itself (faster-whisper, for example)")


def _extraction(paths: Sequence[Path], extractor: Extractor | None, names: Sequence[str] | None,
                face: int | None, mouth: bool, track: int | None, progress: bool
                ) -> Callable[[Path], voices.Voices]:
    """Looks for the faces of videos. Returns what writes their voices into a folder.

    Args:
        paths: the videos.
        extractor, names, face, mouth, track, progress: as for `transcribe`.

    Raises:
        InputError: there are more or fewer names than faces.
    """
    together, rate, fps = ((extractor.together, extractor.sample_rate, extractor.fps) if extractor
                           else (_unchanged, RATE, FPS))
    faces = extraction.find_faces(paths, fps, progress, mouth)
    shown = faces if face is None else faces[face - 1: face]
    _check_number(names, len(shown) or None)

    def called(number: int) -> str:
        return names[number - 1 if face is None else 0] if names else f"face{number}"

    def extract(aside: Path) -> voices.Voices:
        wavs = extraction.extract(together, rate, fps, paths, aside, face, progress, mouth, track,
                                  picture=False, faces=faces, called=called)
        known = extractor.reports if extractor else None
        reports: Sequence[Report | None] = known or [None] * len(wavs)
        return voices.Voices([wav.name for wav in wavs], _boxes(paths, shown),
                             [_trust(report) for report in reports],
                             [report.doubt() if report else None for report in reports])

    return extract


def _recognize(made: voices.Voices, folder: Path, recognizer: Recognizer, scratch: Path,
               names: Sequence[str] | None, floor: float, piece: float,
               progress: bool) -> Result:
    wavs = [folder / name for name in made.wavs]
    ids = list(names or [wav.stem.rpartition("_")[2] for wav in wavs])
    measured = [stretches.measure(wav) for wav in wavs]
    loudest = max(voice.loudness for voice in measured)
    speakers, segments = [], []
    for name, wav, voice, trust, doubt in zip(ids, wavs, measured, made.trust, made.doubts,
                                              strict=True):
        runs = stretches.sounding(voice, loudest, floor)
        spans = stretches.stretches(voice, runs, piece)
        speaker = Speaker(name, voice.loudness, spans, voice.seconds, doubt)
        if doubt is not None:
            warnings.warn(f"{name}: {doubt}", stacklevel=3)
        found = list(_recognized(wav, spans, recognizer, scratch, name if progress else None))
        said = [_trusted(cue, trust) for heard, start in found
                for cue in cues(_segment(name, heard, start, runs))]
        speaker.left_out = [s for s in said if s.confidence is not None and s.confidence < UNSURE]
        said = [s for s in said if s not in speaker.left_out]
        speaker.words = sum(map(_count, said))
        speakers.append(speaker)
        segments += said
    transcript = Transcript.of(segments, ids)
    return Result(transcript, speakers,
                  conversations({name: speech(transcript.by(name)) for name in ids}))


def _count(segment: Segment) -> int:
    return len(segment.text.split())


def _check_number(names: Sequence[str] | None, faces: int | None) -> None:
    if names is not None and faces is not None and len(names) != faces:
        shown = "1 face" if faces == 1 else f"{faces} faces"
        raise InputError(f"{len(names)} names for {shown}; give one for each face")


def _boxes(videos: Sequence[Path], shown: Sequence[Mapping[int, MouthTrack]]
           ) -> list[list[list[float]]]:
    """Where each face is; not known of several cameras."""
    if len(videos) > 1:
        return []
    numbers = [str(number) for number in range(len(shown))]
    found = pages.face_boxes(videos[0], numbers, [list(views.values()) for views in shown])
    return [found.get(number, []) for number in numbers]


def _trust(report: Report | None) -> tuple[list[float], list[float]] | None:
    if report is None or not report.seconds:
        return None
    return [float(t) for t in report.seconds], [float(p) for p in report.trust]


def _unchanged(read: Callable[[int, int], np.ndarray], length: int,
               _: Sequence[Sequence[MouthTrack]], wanted: Sequence[int]
               ) -> Iterator[list[np.ndarray]]:
    for start in range(0, length, round(PIECE * RATE)):
        yield [read(start, min(length, start + round(PIECE * RATE)))] * len(wanted)


def _check_names(names: Sequence[str] | None) -> None:
    for number, name in enumerate(names or [], 1):
        if not NAME.fullmatch(name) or name != name.strip():
            raise InputError(f"name {number}, '{name}': expected letters, digits, spaces, dots or "
                             "hyphens, 60 at most; it becomes the name of a file")
    if names is not None and len(set(names)) < len(names):
        raise InputError("two speakers have the same name; give each its own")


def _check_folder(folder: Path) -> None:
    """Refuses a folder that would be replaced and holds anything else than captions."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: is a file; the captions of each speaker go into a folder of "
                         "this name; choose another --out")
    others = sorted(p.name for p in folder.iterdir()
                    if p.suffix != ".vtt" and p.name != mcorec.CLUSTERS)
    if not others and any(folder.iterdir()) and not folder.with_name(
            f"{folder.name}_captions.json").is_file():
        others = ["captions of another making"]  # a reference, perhaps
    if others:
        raise InputError(f"{folder}: not replaced, because it holds '{others[0]}'; choose another "
                         "--out for the captions")


def _recognized(wav: Path, spans: Sequence[tuple[float, float]], recognizer: Recognizer,
                scratch: Path, title: str | None) -> Iterator[tuple[Heard, float]]:
    """What is heard in each span, and where the span begins (seconds)."""
    import soundfile
    from tqdm import tqdm

    place = scratch / "piece.wav"
    for start, end in tqdm(spans, desc=title, unit="piece", disable=title is None):
        with soundfile.SoundFile(os.fsencode(wav)) as file:
            rate = file.samplerate
            first = min(round(start * rate), len(file))
            file.seek(first)
            samples = file.read(round(end * rate) - first, dtype="float32")
        audio.write(place, audio.resample(samples, rate, RATE), RATE)
        for heard in recognizer(place, len(samples) / rate):
            yield heard, start


def _segment(speaker: str, heard: Heard, shift: float,
             runs: Sequence[tuple[float, float]]) -> Segment:
    """On the clock of the video, without the silence that the recognizer counted to it."""

    def place(start: float, end: float, of: Callable[..., tuple[float, float]]
              ) -> tuple[float, float]:
        start, end = of(start + shift, end + shift, runs)
        return round(start, 3), round(end, 3)

    words = tuple(Word(word, *place(start, end, stretches.spoken), chance)
                  for word, start, end, chance in heard.words)
    return Segment(speaker, *place(heard.start, heard.end, stretches.tight), heard.text, words)


def _trusted(segment: Segment, trust: Sequence[Sequence[float]] | None) -> Segment:
    """With the mean trust of the extractor over the segment, where it says how sure it is."""
    if trust is None:
        return segment
    seconds, sure = trust
    begins, ends = np.array(seconds), np.append(seconds[1:], np.inf)
    begins[0] = 0.0
    # A segment without length still lies in one step
    during = np.minimum(ends, segment.end + 1e-3) - np.maximum(begins, segment.start)
    mean = np.average(sure, weights=during.clip(0))
    return replace(segment, confidence=round(float(mean), 2))


def _write(result: Result, videos: Sequence[Path], out: Path, about: dict[str, Any],
           boxes: list[list[list[float]]] | None, track: int | None) -> None:
    stem = videos[0].stem
    transcript = result.transcript
    record = {"format": transcripts.FORMAT, "version": transcripts.VERSION, **about,
              "seconds": round(result.speakers[0].seconds, 3),
              "speakers": [speaker.as_dict() for speaker in result.speakers],
              "conversations": result.conversations,
              "segments": [segment.as_dict() for segment in transcript.segments]}
    files = [out / f"{stem}_captions.vtt", out / f"{stem}_captions.json"]
    transcript.write_vtt(files[0])
    storage.write_atomically(files[1], json.dumps(record, indent=1,
                                                  ensure_ascii=True).encode() + b"\n")
    # The folder as a whole: a speaker of an earlier run would be scored as one of this one.
    with storage.writing_folder(out / stem) as folder:
        for name in transcript.speakers:
            files.append(out / stem / f"{name}.vtt")
            transcript.write_vtt(folder / f"{name}.vtt", name)
        files.append(out / stem / mcorec.CLUSTERS)
        mcorec.write_clusters(folder / mcorec.CLUSTERS, result.conversations)
    if boxes is not None:
        shown = out / f"{stem}.mp4"
        if not (shown.exists() and shown.samefile(videos[0])):
            shown = out / f"{stem}_captions.mp4"
            _show(videos[0], extraction.with_sound(videos), shown, track)
        files.insert(0, out / f"{stem}_captions.html")
        pages.write(files[0], stem, shown.name, transcript, result.conversations,
                    dict(zip(transcript.speakers, boxes, strict=False)))
    result.paths = files


def _show(video: Path, sounding: Path, shown: Path, track: int | None) -> None:
    """An mp4 that a browser plays."""
    with storage.writing(shown) as aside, storage.scratch_folder() as scratch:
        wav = scratch / "sound.wav"
        with audio.sound_writer(wav, SHOWN_RATE) as add:
            number = 0
            while True:
                part = audio.read(sounding, SHOWN_RATE, number * PIECE, PIECE, track, notes=[])
                add(np.clip(part, -1.0, 1.0))
                number += 1
                if len(part) < round(PIECE * SHOWN_RATE):
                    break
        with storage.naming(aside):
            mux(video, wav, aside)
