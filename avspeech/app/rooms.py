"""What each room of the page does: requests in, results as JSON values and files out.

A request names files that were given to the page (as paths of the server), and values that the
server has not looked at yet. A result's files are names in the job's folder, without a folder.
"""

from __future__ import annotations

import queue
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.app.limits import check_file, check_length, check_text
from avspeech.app.worker import Desk
from avspeech.errors import InputError
from avspeech.extraction.files import with_sound

EXTRACTION = "mvtf-small"
BARS = 800  # of a drawn waveform
PIECE = 30.0  # seconds of sound that are read at a time
PICTURES = 6  # that show the faces, at most
WIDEST = 1280  # pixels of such a picture
PITCH_HOP = 0.01  # seconds
LISTENING_HOP = 0.5  # seconds between two answers to a microphone
SILENT = 15.0  # seconds without any sound of a microphone, after which it counts as gone


def faces(request: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """Finds the faces of videos.

    Args:
        request: "files": paths of synchronized videos; "mouth": whether they show nothing but a
            mouth.
        desk: of the job.

    Returns:
        "faces": number, seconds seen, first and last second, picture and box of each; "pictures":
        file, time, width, height of each, and the boxes in it; "mixture": the sound as it is.
    """
    paths = _files(request, desk, desk.limits.views)
    found = _found(paths, bool(request.get("mouth")), desk)
    desk.progress("drawing the faces", 0, None, "")
    pictures = _pictures(paths, found, desk)
    shown = []
    for number, views in enumerate(found, 1):
        track = views[min(views)]
        span = track.span() or (0.0, 0.0)
        where = [(p, box) for p, picture in enumerate(pictures) for box in picture["boxes"]
                 if box["face"] == number]
        shown.append({"number": number, "views": len(views), "first": round(span[0], 2),
                      "last": round(span[1], 2),
                      "seen": round(float(np.mean(track.present)), 3),
                      "picture": where[0][0] if where else None,
                      "box": where[0][1] if where else None})
    return {"faces": shown, "pictures": pictures, "mixture": _mixture(paths, desk)}


def extract(request: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """Extracts voices.

    Args:
        request: as for `faces`; "face": which one, or None for all.
        desk: of the job.

    Returns:
        "voices": the face, the files, the bars of the waveform and the seconds of each.
    """
    paths = _files(request, desk, desk.limits.views)
    face = request.get("face")
    if face is not None and type(face) is not int:
        raise InputError("the face should be a number, or none for all")
    mouth = bool(request.get("mouth"))
    found = _found(paths, mouth, desk)
    extractor = desk.model(EXTRACTION)
    out = desk.folder / "voices"
    written = extractor.extract(paths, out, face=face, mouth=mouth, faces=found,
                                called=lambda number: f"Face {number}")
    voices: dict[int, dict[str, Any]] = {}
    for path in written:
        named = re.search(r"_face(\d+)$", path.stem)
        number = int(named[1]) if named else 0
        voice = voices.setdefault(number, {"face": number, "files": []})
        moved = path.replace(desk.folder / path.name)
        voice["files"].append({"file": moved.name, "kind": moved.suffix[1:],
                               "name": f"_face{number}{moved.suffix}"})
        if moved.suffix == ".wav":
            voice |= _bars(moved)
    return {"voices": list(voices.values())}


def speak(request: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """Says a text.

    Args:
        request: "text", "model", "voice" (a name, or None), "rate", "steps", "seed".
        desk: of the job.

    Returns:
        "sound": file, bars and seconds; "words": text, start, end, from, to and tone of each;
        "pitch": hertz each 10 ms, 0 where there is none; "unread".
    """
    from avspeech.media import audio, pitch
    from avspeech.synthesis.synthesizer import Timestamps

    text = str(request.get("text", ""))
    check_text(text, desk.limits)
    name = _model(request, "synthesis")
    voice = desk.model(name)
    rate, steps = _number(request, "rate", 1.0), _number(request, "steps", voice.config.steps)
    seed = _number(request, "seed", 0)
    if steps > 64:
        raise InputError(f"steps {steps:g}: this page takes 1 to 64; {voice.config.steps} do")
    manner = voice.manner(rate=rate, steps=int(steps) if steps == int(steps) else steps,
                          seed=int(seed), voice=request.get("voice"))
    desk.progress("reading the text", 0, None, "")
    script = voice.read(text)
    stamps, pieces, done = Timestamps(), [], 0
    total = len(script.words)
    for piece, said in voice.say(script, manner):
        stamps.add(said, done / voice.sample_rate)
        pieces.append(piece)
        done += len(piece)
        desk.progress("speaking", len(stamps.words), total, "words")
    if not pieces:
        raise InputError("the text has no word to say")
    samples = np.concatenate(pieces)
    path = desk.folder / "speech.wav"
    audio.write(path, np.clip(samples, -1, 1), voice.sample_rate)
    desk.progress("drawing the melody", 0, None, "")
    hertz, voiced = pitch.f0(samples, voice.sample_rate, PITCH_HOP, method=pitch.best_method())
    line = np.where(voiced, hertz, 0.0)
    tones = {(w.start, w.end): w.tone.slope for w in script.words if w.tone is not None}
    words = [{**w, "tone": tones.get((w["from"], w["to"]))} for w in stamps.words]
    return {"sound": {"file": path.name, "name": ".wav", **_bars(path)}, "words": words,
            "pitch": [round(float(h), 1) for h in line],
            "hop": PITCH_HOP, "unread": script.unread_line}


def emotion(request: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """The emotion of a file.

    Args:
        request: "files": one path of sound or video; "model".
        desk: of the job.

    Returns:
        The fields of `Emotion`, "labels", and "sound": file, bars and seconds.
    """
    paths = _files(request, desk, 1)
    recognizer = desk.model(_model(request, "emotion"))
    answer = recognizer.file(paths[0], progress=True)
    return {**_rounded(answer.as_dict()), "labels": list(recognizer.labels),
            "sound": _listenable(paths[0], desk)}


def microphone(request: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """The emotion of sound as it comes.

    The sound arrives in `desk.inbox`, float32 in pieces; the answers are sent as they are known.

    Args:
        request: "rate": hertz; "model".
        desk: of the job.

    Returns:
        "labels", "track": end and posteriors of each window, "seconds".
    """
    rate = _number(request, "rate", 48000)
    if not (8000 <= rate <= 192_000 and rate == int(rate)):
        raise InputError(f"a microphone of {rate:g} Hz: expected 8000 to 192000")
    recognizer = desk.model(_model(request, "emotion"))
    stream = recognizer.stream(sample_rate=int(rate), hop=LISTENING_HOP)
    heard, track = 0.0, []
    desk.send(("answers", []))  # ready
    for samples in _pushed(desk):
        heard += len(samples) / rate
        if heard > 60 * desk.limits.minutes:
            break
        track += _sent(stream.push(samples), samples, desk)
        desk.progress("listening", round(heard, 1), None, "s")
    track += _sent(stream.finish(), np.zeros(1, np.float32), desk)
    return {"labels": list(recognizer.labels), "track": track, "seconds": round(heard, 2)}


ROOMS = {"faces": faces, "extract": extract, "speak": speak, "emotion": emotion,
         "microphone": microphone}


def _pushed(desk: Desk) -> Iterator[np.ndarray]:
    """The sound of a microphone, float32 [n], until its end."""
    waited = 0.0
    while True:
        desk.check()
        try:
            data = desk.inbox.get(timeout=0.2)
        except queue.Empty:
            waited += 0.2
            if waited >= SILENT:
                return
            continue
        waited = 0.0
        if data is None:
            return
        samples = np.frombuffer(data[: len(data) // 4 * 4], "<f4")
        yield np.clip(np.nan_to_num(samples), -1.0, 1.0)


def _sent(answers: list[tuple[float, dict[str, float]]], samples: np.ndarray,
          desk: Desk) -> list[dict[str, Any]]:
    entries = [{"end": round(seconds, 2), "posteriors": _rounded(posteriors)}
               for seconds, posteriors in answers]
    level = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    desk.send(("answers", [{**entry, "level": round(level, 4)} for entry in entries]))
    return entries


def _files(request: dict[str, Any], desk: Desk, most: int) -> list[Path]:
    """The files of a request, looked at."""
    paths = [Path(path) for path in request.get("files", [])]
    if not 1 <= len(paths) <= most:
        raise InputError(f"{len(paths)} files: expected one"
                         + (f", or up to {most} synchronized views" if most > 1 else ""))
    for number, path in enumerate(paths):
        desk.progress("looking at the file", number, len(paths), "files")
        check_file(path, desk.limits)
    return paths


def _found(paths: list[Path], mouth: bool, desk: Desk) -> Any:
    """The faces of videos, looked for once as long as the same videos are asked for."""
    key = (tuple(paths), mouth)
    if desk.kept[0] != key:
        extractor = desk.model(EXTRACTION)
        with_sound(paths)
        desk.kept = (None, None)
        desk.kept = (key, extractor.faces(paths, mouth=mouth))
    return desk.kept[1]


def _pictures(paths: Sequence[Path], found: Any, desk: Desk) -> list[dict[str, Any]]:
    """Pictures of the first video that shows faces, so few that all faces are in one of them."""
    from avspeech.media import video

    source = min(found[0])
    tracks = [views[source] for views in found]
    length = min(len(track.present) for track in tracks)
    fps = tracks[0].fps
    present = np.stack([track.present[:length] for track in tracks])
    sizes = np.stack([_widths(track, length) for track in tracks])
    left = set(range(len(tracks)))
    frames: list[int] = []
    while left and len(frames) < PICTURES:
        rows = sorted(left)
        # Most of the faces that are not shown yet, then most of all, then the largest.
        value = present[rows].sum(0) * 1e6 + present.sum(0) * 1e3 + np.where(present, sizes,
                                                                             0).sum(0) / 1e3
        best = int(value.argmax())
        if not present[rows, best].any():
            break
        frames.append(best)
        left -= set(np.flatnonzero(present[:, best]))
    out: list[dict[str, Any]] = []
    for number, frame in enumerate(sorted(frames)):
        desk.check()
        picture = next(iter(video.read_frames(paths[source], fps, frame / fps, 1 / fps)), None)
        if picture is None:
            continue
        height, width = picture.shape[:2]
        boxes = []
        for face, track in enumerate(tracks, 1):
            if track.present[frame] and track.boxes is not None:
                x0, y0, x1, y1 = (float(v) for v in track.boxes[frame])
                boxes.append({"face": face, "x": round(x0 / width, 4), "y": round(y0 / height, 4),
                              "width": round((x1 - x0) / width, 4),
                              "height": round((y1 - y0) / height, 4)})
        path = desk.folder / f"picture{number}.jpg"
        _write_picture(path, picture)
        out.append({"file": path.name, "time": round(frame / fps, 2), "width": width,
                    "height": height, "boxes": boxes})
    return out


def _widths(track: Any, length: int) -> np.ndarray:
    if track.boxes is None:
        return np.zeros(length)
    return np.nan_to_num(track.boxes[:length, 2] - track.boxes[:length, 0])


def _write_picture(path: Path, picture: np.ndarray) -> None:
    """A picture `[H, W, 3]` as JPEG, no wider than WIDEST."""
    import av

    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    scale = min(1.0, WIDEST / frame.width)
    codec: Any = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height = (max(2, round(n * scale)) for n in (frame.width, frame.height))
    codec.pix_fmt, codec.time_base = "yuvj420p", Fraction(1, 25)
    codec.qmin = codec.qmax = 3
    frame = frame.reformat(codec.width, codec.height, "yuvj420p")
    path.write_bytes(b"".join(bytes(packet) for packet in [*codec.encode(frame),
                                                           *codec.encode(None)]))


def _mixture(paths: list[Path], desk: Desk) -> dict[str, Any]:
    return _listenable(with_sound(paths), desk)


def _listenable(path: Path, desk: Desk) -> dict[str, Any]:
    """The sound of a file as a wav, which every browser plays: file, bars and seconds."""
    from avspeech.media import audio

    out = desk.folder / "sound.wav"
    start = 0.0
    with audio.writing(out, audio.SAMPLE_RATE) as add:
        while True:
            desk.progress("reading the sound", 0, None, "")
            piece = audio.read(path, audio.SAMPLE_RATE, start, PIECE, notes=[])
            add(np.clip(np.nan_to_num(piece), -1.0, 1.0))
            start += len(piece) / audio.SAMPLE_RATE
            if len(piece) < round(PIECE * audio.SAMPLE_RATE):
                break
            check_length(path, start, desk.limits)
    return {"file": out.name, "name": "_sound.wav", **_bars(out)}


def _bars(path: Path) -> dict[str, Any]:
    """A sound file's loudest sample in each of BARS parts, 0 to 100, and its length."""
    import soundfile

    with soundfile.SoundFile(path) as file:
        size = max(1, -(-file.frames // BARS))
        bars = [int(np.ceil(100 * min(1.0, float(np.abs(block).max()))))
                for block in file.blocks(size, dtype="float32") if len(block)]
        return {"bars": bars, "seconds": round(file.frames / file.samplerate, 3)}


def _model(request: dict[str, Any], task: str) -> str:
    from avspeech.core import pretrained

    known = [name for name in pretrained.names() if pretrained.read_info(name).task == task]
    name = request.get("model") or next(iter(known), None)
    if name not in known:
        raise InputError(f"model '{name}': this page has {', '.join(known) or 'none'}")
    return name


def _number(request: dict[str, Any], key: str, default: float) -> float:
    value = request.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise InputError(f"{key}: expected a number")
    return value


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return round(value, 4) if isinstance(value, float) else value
