"""What the header of a sound or video file of a corpus says, and whether all of it is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from avspeech.errors import InputError

CUT_OFF = 0.25  # seconds that a file may be shorter than its header tells


@dataclass(frozen=True)
class Media:
    """What the header of a media file says."""

    audio: float = 0.0  # time at which the sound ends, in seconds; 0.0: no sound
    video: float = 0.0  # time at which the pictures end, in seconds; 0.0: no pictures
    fps: float = 0.0  # frames a second
    width: int = 0  # pixels
    height: int = 0  # pixels


def media(path: Path) -> Media:
    """Reads the header of a sound or video file. If it gives no length, the packets are read. A
    stream in a format that FFmpeg does not know counts as absent.

    Args:
        path: the file.

    Returns:
        Its lengths and shape.

    Raises:
        InputError: the file cannot be read, or contains neither sound nor pictures that can be
            decoded.
    """
    from avspeech.media import audio

    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputError(f"{str(path).encode('utf-8', 'replace').decode()}: its name is not text "
                         "in UTF-8; rename it") from None
    if any(sign < " " for sign in str(path)):
        raise InputError(f"{str(path)!r}: a control character in its name; rename it")
    try:
        found = (Media(audio=round(audio.duration(path), 4))
                 if path.suffix.lower() in audio.SOUND_SUFFIXES
                 else _container(path))
    except InputError:
        raise
    except Exception as error:  # of a damaged file, from anywhere in the libraries that read it
        raise InputError(f"{path}: damaged, its length cannot be read ({error})") from None
    if found.audio <= 0 and found.video <= 0:
        raise InputError(f"{path}: neither sound nor pictures in it can be decoded")
    return found


def whole(path: Path) -> Media:
    """`media` of a file that has to be there to its end. Raises InputError where it ends before."""
    found = media(path)
    if cut := cut_off(path, found.audio):
        raise InputError(f"{path}: {cut}; copy it again")
    return found


def cut_off(path: Path, seconds: float) -> str:
    """How it is known that a file ends before its sound does; "" where it does not. Decoders say
    nothing of it, and a download that stopped is then a short clip.

    Args:
        path: a sound or video file.
        seconds: of sound that are there.
    """
    from avspeech.media import endings, recordings

    if told := endings.cut_off(path) or endings.mp4_cut_off(path):
        return told[0]
    promised = (endings.seconds_told(path, recordings.survey(path).rate)
                if path.suffix.lower() == ".mp3" else recordings.promised(path))
    if promised is None or seconds >= promised - max(CUT_OFF, 0.05 * promised):
        return ""
    return f"it ends at {seconds:.2f} s, and its header tells of {promised:.2f} s"


def _container(path: Path) -> Media:
    from avspeech.media import audio

    ends = {"audio": 0.0, "video": 0.0}
    shape: tuple[float, int, int] = (0.0, 0, 0)
    for kind in ends:
        # Opened for each: where the header gives no length (Matroska, WebM, FLV), finding the end
        # of one stream reads the file to its end.
        with audio.open_container(path) as container:
            stream = next((s for s in container.streams if s.type == kind and s.codec_context),
                          None)
            if stream is not None:
                ends[kind] = round(audio.stream_end(container, stream), 4)
            if stream is not None and kind == "video":
                shape = (float(stream.average_rate or 0), stream.width, stream.height)
    return Media(ends["audio"], ends["video"], *shape)
