"""Containers and their packets, by FFmpeg (PyAV): opening, times, seeking, and frames as arrays.

Sound and pictures of one file share its clock, whose zero is where the earliest stream of the
container begins.
"""

from __future__ import annotations

import math
import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media import chunks, endings, misread, sectors

# Formats without a time for every packet: after a seek the times of FFmpeg are a frame or more out,
# so they are decoded from the beginning instead.
UNSEEKABLE = {"mpeg", "mpegvideo", "m4v", "h264", "hevc", "aac", "mp3", "ac3"}
# Formats whose header tells how long each stream is; elsewhere FFmpeg estimates it.
TIMED = {"mov", "avi", "asf", "ogg", "mpeg", "mpegts", "caf", "w64", "gxf", "mxf"}
# Samples alone, as FFmpeg calls them: it knows them by the suffix (.ul, .al, .sw), and takes a rate
RAW = re.compile("alaw|mulaw|[fsu][0-9]+(be|le)?")
WITHOUT_HEADER = ("samples without a header, so that nothing tells their rate; if it is 8000, make "
                  "a WAV of it by ffmpeg -f {} -ar 8000 -i IN OUT.wav")
MIDDLE = 65536  # bytes in the middle of a file by which such samples are known
MOST_NOTHING = 100_000  # stretches of 64 KiB without a packet, one after another
# Formats that may count lengths from before the first stream: `told_end`
FROM_ZERO = {"asf", "mov"}
AT_ZERO = 0.1  # seconds behind the zero of the clock at which a stream begins there
DEFAULT = 0x0001  # how FFmpeg marks the stream that a player should choose
# And those that go with another one: commentary, descriptions for the blind, all but the voices
ASIDE = 0x0008 | 0x0100 | 0x0200 | 0x20000
ATTACHED_PICTURE = 0x0400  # and the cover of a sound file, a video stream of one picture
MANY = 8  # from this many planes on PyAV reads behind a frame's list of them
# How playlists and the like begin, which name other files or addresses instead of holding sound.
LISTS = (b"#EXTM3U", b"ffconcat", b"<", b"[playlist]", b"v=0", b"[InternetShortcut]")
CHECKED = {"flac", "tta", "wavpack", "ac3"}  # codecs whose packets hold a checksum
# Samples a second, and the kinds of frames in which nobody speaks (3GPP TS 26.101 and 26.201)
AMR = {"amrnb": (8000, (8, 9, 10, 11, 15)), "amrwb": (16000, (9, 15))}
# The last packet of GXF (SMPTE 360M), behind which FFmpeg tells of an error
END_OF_GXF = b"\0\0\0\0\1\xfb\0\0\0\x10\0\0\0\0\xe1\xe2"
# What is often found under the name of a sound file
OTHERS = (
    (b"version https://git-lfs", "it is a pointer of Git LFS; fetch the file by git lfs pull"),
    (b"PK\x03\x04", "it is a zip archive; unpack it"),
    (b"\x1f\x8b", "it is compressed by gzip; unpack it"),
    (b"Rar!", "it is a RAR archive; unpack it"),
    (b"7z\xbc\xaf", "it is a 7z archive; unpack it"),
    (b"%PDF", "it is a PDF"),
    (b"MThd", "it is MIDI, which holds notes and no sound"),
    (b"\0\x05\x16\x07", "it is what macOS writes beside a file, and holds no sound"),
    (b"\x93NUMPY", "it is an array of NumPy; write it as a WAV"),
    (b"\x89HDF", "it is HDF5; write the sound in it as a WAV"),
    (b"SQLite format 3", "it is a database, as projects of Audacity are; export the sound from it"),
    (b"bplist00", "it is a property list, as macOS writes in the place of a file that lies in "
                  "iCloud; download that"),
    (b"{", "it is a text, perhaps the answer of a server in place of the file"),
)
# How sound begins in base64: WAV, ID3, Ogg, FLAC, Matroska, and an address that holds it
BASE64 = (b"UklGR", b"SUQz", b"T2dnU", b"ZkxhQ", b"GkXfo", b"data:audio/", b"data:video/")
# And where something else stands before it
BEGINS = re.compile(rb"RIFF....(?:WAVE|AVI )|ID3[\x02-\x04]|OggS\x00\x02|\x1aE\xdf\xa3|"
                    rb"fLaC\x00\x00\x00\x22|....ftyp[ -~]{4}", re.DOTALL)
REPLACED = b"\xef\xbf\xbd"  # what is put in the place of bytes that are no text in UTF-8
SCALES = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31, "flt": 1.0, "dbl": 1.0}


def check_exists(path: str | Path) -> bytes:
    """The first bytes of a file. Raises InputError where there is no file, nothing in it, or no
    permission to read it."""
    if not os.path.isfile(path):
        what = ("a folder; expected a file" if os.path.isdir(path) else
                "a pipe or a device, which is read only once; save it to a file first"
                if os.path.exists(path) else
                "no such file; addresses are not read: fetch it first"
                if re.match(r"[a-z][a-z0-9+]+:/", os.fspath(path), re.IGNORECASE) else
                "no such file; standard input is not read here: save it to a file first"
                if os.fspath(path) == "-" else "no such file")
        raise InputError(f"{path}: {what}")
    try:
        with open(path, "rb") as file:
            begin = file.read(64)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not begin:
        raise InputError(f"{path}: the file is empty (0 bytes)")
    return begin


def is_list(begin: bytes) -> bool:
    """Whether a file that begins so is a playlist: FFmpeg would open the files that it names."""
    return begin.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(LISTS)


def open_container(path: str | Path) -> Any:
    """Opens a file with FFmpeg. A playlist is refused, as it may name any other file.

    Args:
        path: the file. Its name may hold any character: it is never taken for an address.

    Returns:
        A PyAV container, to be closed by the caller.

    Raises:
        InputError: one line, for what is not a file that FFmpeg reads.
    """
    if is_list(check_exists(path)):
        raise InputError(f"{path}: a playlist, a page of the web or another text, not sound or "
                         "video; give the files that it names")
    try:
        import av
    except ImportError:
        raise InputError(
            f"{path}: reading it takes PyAV, which is not installed; pip install av") from None
    try:
        # "file:": a colon in a name would be read as the end of a protocol's name.
        options = {"ignore_length": "1"} if endings.without_length(path) else {}
        container = av.open(chunks.opened(path) or f"file:{os.fspath(path)}", options=options,
                            **lenient())
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = _known(path) or getattr(error, "strerror", None) or type(error).__name__
        raise InputError(
            f"{path}: not a sound or video file that FFmpeg can read ({reason})") from None
    name = container.format.name
    # FFmpeg takes what ends in .raw for one picture
    why = WITHOUT_HEADER.format(name) if RAW.fullmatch(name) else (
        _known(path) if name == "image2" else "")
    if why:
        container.close()
        raise InputError(f"{path}: {why}")
    return container


def _known(path: str | Path) -> str:
    """What a file is that is no sound; empty where that is not known."""
    with open(path, "rb") as file:
        begin = file.read(1024)
        if begin[4:8] == b"ftyp":
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                if data.find(b"moov") < 0:
                    return ("it has no index, as its recording or its copy was not finished; "
                            "programs such as untrunc may mend it")
        if not begin.strip(b"\0"):
            return "it holds zeros"
        file.seek(os.fstat(file.fileno()).st_size // 8 * 4)
        middle = file.read(MIDDLE)
    if what := next((what for mark, what in OTHERS if begin.startswith(mark)), ""):
        return what
    if begin.startswith(BASE64):
        return "it is base64, a text; decode it (base64 -d IN > OUT)"
    if len(REPLACED) * middle.count(REPLACED) > len(middle) / 8:
        return ("it was read or written as a text in UTF-8, which has destroyed it; fetch it anew, "
                "as bytes")
    if not middle.isascii() and sectors.line_feeds(path):
        return endings.AS_TEXT
    if (behind := BEGINS.search(begin)) is not None and behind.start():
        return (f"its sound begins at byte {behind.start()}, behind something else, perhaps the "
                f"head of an answer or of a form; cut that off (tail -c +{behind.start() + 1} IN > "
                "OUT)")
    kind = misread.headerless(middle)
    return f"perhaps {WITHOUT_HEADER.format(kind)}" if kind else ""


def lenient() -> dict[str, Any]:
    """Arguments with which `av.open` takes titles that are no UTF-8. PyAV has no such argument
    from 19 on."""
    import av

    return {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}


def container_zero(container: Any) -> float:
    """The zero of the clock, in seconds of the container: where its earliest stream begins."""
    if container.start_time is not None:
        return container.start_time / 1e6
    starts = [float(s.start_time * s.time_base) for s in container.streams
              if s.start_time is not None]
    return min(starts, default=0.0)


def seek(container: Any, seconds: float) -> bool:
    """Goes to the last key frame before `seconds` on the clock; False: the format has no seek."""
    import av

    if container.format.name in UNSEEKABLE:
        return False
    try:
        container.seek(int((container_zero(container) + seconds) * 1e6))
    except (av.FFmpegError, OverflowError):
        return False
    return True


def packets_of(container: Any, streams: Any, broken: list[str] | None = None) -> Iterator[Any]:
    """The packets of streams up to where the container ends or cannot be read further.

    Bytes between them that are none (blocks that a disk lost, room that a camera set aside) are
    passed over, and so are packets of a stream that appears after the file was opened.

    Args:
        container: from `open_container`.
        streams: one of its streams, or several.
        broken: as for `decode_packets`.

    Raises:
        InputError: they are encrypted.
    """
    import av

    packets = container.demux(streams)
    nothing = 0
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (IndexError, BlockingIOError):  # a stream that PyAV does not know; bytes of nothing
            packets = container.demux(streams)
            nothing += 1
            if nothing <= MOST_NOTHING:
                continue
            if broken is not None:
                broken.append("there is nothing but gaps")
            return
        except av.FFmpegError as error:  # the container breaks off here
            if broken is not None and not _ends(container):
                broken.append(error.strerror or type(error).__name__)
            return
        if hasattr(packet, "has_sidedata") and packet.has_sidedata("encryption_info"):
            what = "sound" if packet.stream.type == "audio" else "pictures"
            raise InputError(f"{container.name.removeprefix('file:')}: its track of {what} is "
                             "encrypted (protected against copying); give a copy that is not")
        nothing = 0
        yield packet


def _ends(container: Any) -> bool:
    """Whether a container whose end FFmpeg takes for an error is whole."""
    if container.format.name != "gxf":
        return False
    with open(container.name.removeprefix("file:"), "rb") as file:
        file.seek(-min(len(END_OF_GXF), file.seek(0, os.SEEK_END)), os.SEEK_END)
        return file.read() == END_OF_GXF


def decode_packets(container: Any, stream: Any, damaged: list[float] | None = None,
                   broken: list[str] | None = None) -> Iterator[Any]:
    """The frames of a stream, in the order in which the decoder gives them.

    Packets that do not decode are passed over. Those of AMR in which nobody speaks are silence.

    Args:
        container: from `open_container`.
        stream: one of its streams.
        damaged: takes the times of packets that do not decode, in seconds on the clock; NaN where
            unknown.
        broken: takes FFmpeg's reason where the container cannot be read up to its end.

    Raises:
        InputError: they are encrypted.
    """
    import av

    marked = stream.codec_context is not None and stream.codec_context.name in AMR
    for packet in packets_of(container, stream, broken):
        # Zeros are taken for frames of AMR, which are no speech and not as long as those lost
        if marked and damaged is not None and packet.size and not any(bytes(packet)):
            damaged.append(_seconds(container, packet))
        try:
            yield from packet.decode()
        except (av.FFmpegError, IndexError):
            if (pause := _pause(stream, packet)) is not None:
                yield pause
            elif damaged is not None and packet.size:
                damaged.append(_seconds(container, packet))


def _seconds(container: Any, packet: Any) -> float:
    """The time of a packet on the clock; NaN where it has none."""
    at = packet.pts if packet.pts is not None else packet.dts
    return float(at * packet.time_base) - container_zero(container) if at is not None else math.nan


def _pause(stream: Any, packet: Any) -> Any:
    """Silence in the place of a frame of AMR in which nobody speaks: telephones send nothing then,
    or what the noise sounds like, which FFmpeg does not decode. None for what is damaged."""
    name = stream.codec_context.name
    if name not in AMR or not packet.size or bytes(packet)[0] >> 3 & 15 not in AMR[name][1]:
        return None
    import av

    rate = AMR[name][0]
    frame = av.AudioFrame(format="fltp", layout="mono", samples=rate // 50)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    frame.sample_rate, frame.pts, frame.time_base = rate, packet.pts, packet.time_base
    return frame


def stream_end(container: Any, stream: Any) -> float:
    """Seconds on the clock at which a stream ends.

    That is what the header says, or else follows from the times of its packets, for which the file
    is opened once more. `container` stays where it is.
    """
    zero = container_zero(container)
    formats = set(container.format.name.split(","))
    if stream.duration and formats & TIMED:
        return told_end(container, stream)
    end = 0.0
    with open_container(container.name.removeprefix("file:")) as again:
        for packet in packets_of(again, again.streams[stream.index]):
            if packet.pts is not None:
                last = (packet.pts + (packet.duration or 0)) * packet.time_base
                end = max(end, float(last) - zero)
    return end


def told_end(container: Any, stream: Any) -> float:
    """Seconds on the clock at which a stream ends by its duration in the header.

    A duration is counted from where the stream begins. ASF, and MP4 with nothing in front of all
    its streams, count it from a zero before that; as nothing tells which, it is the earlier end.
    """
    zero, length = container_zero(container), float(stream.duration * stream.time_base)
    late = float((stream.start_time or 0) * stream.time_base) - zero
    early = FROM_ZERO & {*container.format.name.split(",")} and 0 < zero < length and late < AT_ZERO
    return length - zero if early else late + length


def sound_tracks(container: Any) -> list[Any]:
    """The streams of sound of a container, in its own order."""
    return list(container.streams.audio)


def can_decode(stream: Any) -> bool:
    """Whether this FFmpeg has a decoder for a stream."""
    return getattr(stream, "codec_context", None) is not None


def prepare_sound(stream: Any) -> None:
    """Makes a stream of sound safe to decode. Call it before the first packet is decoded.

    Where a file lists the places of its channels one by one, PyAV frees that list twice and the
    process ends. Which loudspeaker a channel belongs to is of no use here, so that only their
    number is kept. Where packets hold a checksum, those that do not agree with it are refused: what
    is decoded of them is noise at full scale, or silence.
    """
    context = stream.codec_context
    if context.name in CHECKED:
        context.options = {"err_detect": "crccheck+explode"}
    count = context.channels
    if count:
        context.layout = {1: "mono", 2: "stereo"}.get(count, f"{count} channels")


class FrameReader:
    """Turns decoded frames of sound into arrays."""

    def __init__(self) -> None:
        self._convert: Any = None
        self._kind: Any = None

    def __call__(self, frame: Any) -> np.ndarray:
        """A PyAV frame as `[C, n]` float32, full scale 1."""
        name, channels = frame.format.name, frame.layout.nb_channels
        kind = name.removesuffix("p")
        planar = frame.format.is_planar
        if kind not in SCALES or (planar and channels >= MANY):
            import av

            key = (name, frame.layout.name, frame.sample_rate)
            if self._kind != key:
                self._convert, self._kind = av.AudioResampler(format="flt"), key
            frame.pts = None
            parts = [self._plain(f, "flt", False, channels) for f in self._convert.resample(frame)]
            return np.concatenate(parts, axis=1) if parts else np.zeros((channels, 0), np.float32)
        return self._plain(frame, kind, planar, channels)

    @staticmethod
    def _plain(frame: Any, kind: str, planar: bool, channels: int) -> np.ndarray:
        array = frame.to_ndarray()
        if not planar:
            array = array.reshape(-1, channels).T
        if kind in ("flt", "dbl"):
            return array.astype(np.float32)
        values = array.astype(np.float32 if kind != "s32" else np.float64)
        if kind == "u8":
            values -= 128
        return (values / SCALES[kind]).astype(np.float32)
