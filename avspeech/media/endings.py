"""Whether a sound file ends where its header, or its last page, says.

Decoders read what is there and do not say that more was announced, or that more follows than was
announced. A copy that stopped halfway, or two recordings joined as they are, is then a short
recording, with nothing to tell it from one.
"""

from __future__ import annotations

import mmap
import os
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from avspeech.media import avi, boxes, chunks, matroska, ogg, sectors, streams
from avspeech.media.notes import BYTES, CUT_OFF, LOST, SILENT, Note

# Bytes of sound from which on a header of 32 bits does not mean what it says
UNKNOWN = 2**31 - 2**16
COUNTED = 2**32  # bytes that the size in a header of WAV counts, and then from zero again
SIZE = 512  # bytes by which every header may be wrong
BLOCK = 2**20  # bytes that are looked through at once
# Bytes of sound by which a file may be shorter than its header tells, of a short one a fiftieth
PADDING, SHARE = 4096, 50
PLAIN = (1, 3, 0xFFFE)  # the kinds of samples in WAV whose size follows from their bits
ADDED = 3000  # samples that encoders of MP3 add at both ends, at most
SYNC = 65536  # bytes before the first frame of an MP3 file in which it is looked for
# Of what servers and programs write in the place of data, seven bytes or more
TEXTS = (b"</html>", b"</HTML>", b"<!DOCTYPE ", b"<!doctype ", b"<?xml version", b"HTTP/1.1 ",
         b"Traceback (most recent")
JOINED = ("another recording begins within it, at byte {:,} (they were joined as they are): {}; "
          "join them by ffmpeg -f concat")
AS_TEXT = ("it was transferred as a text: each line feed has a carriage return before it, which "
           "makes noise of it; transfer it anew, as binary data")
# How files begin of which FFmpeg reads the first alone where several are joined: FLV, TTA, VOC, WTV
FIRST_ALONE = (rb"FLV\x01[\x01\x04\x05]\0\0\0\x09\0\0\0\0", rb"TTA1[\1-\3]\0[\1-\x40]\0",
               rb"Creative Voice File\x1a", rb"\xb7\xd8\x00\x207I\xda\x11\xa6N\x00\x07")
# The first part of MXF (SMPTE ST 377-1)
MXF = b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02"
# How a FLAC file begins: whether titles follow its STREAMINFO, or sound
FLAC_RATES = dict(enumerate((88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000,
                             96000), 1))  # samples a second, by their number in a frame
FLAC = (b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22")


def notes(path: str | Path) -> list[Note]:
    """What `cut_off`, `left_over`, `ogg.lost_pages`, `matroska.damage`, `avi.damage`,
    `contradictions`, `texts`, `as_text` and `sectors.lost` say of a file."""
    kinds = ((cut_off, CUT_OFF), (left_over, ""), (ogg.lost_pages, SILENT),
             (matroska.damage, LOST), (avi.damage, LOST), (contradictions, ""), (texts, ""),
             (as_text, BYTES))
    found = [Note(text, about, fault=True) for say, about in kinds for text in say(path)]
    told, there = bytes_told(path) or (0, 0)
    with open(path, "rb") as file:  # of chunks, whose pauses of mu-law end within a sector
        if min(told, there) and chunks.layout_of(file.read(64)) is not None:
            begins = os.fstat(file.fileno()).st_size - there
            found += sectors.lost(path, begins, min(told, there))
    return found


def as_text(path: str | Path) -> list[str]:
    """A sentence where a file was transferred as a text.

    Args:
        path: a file that exists, of any format.
    """
    return [AS_TEXT] if sectors.line_feeds(path) else []


def cut_off(path: str | Path) -> list[str]:
    """A sentence where a file ends before its sound does by what it says of itself in bytes.

    Args:
        path: a file that exists; one of chunks (see `bytes_told`), AVI, MXF, Ogg, Matroska, or an
            MPEG transport or program stream. For what tells its length in time, see
            `seconds_told`.

    Returns:
        One sentence for the user, or none.
    """
    with open(path, "rb") as file:
        begin = file.read(4)
        if begin == b"OggS":
            return ogg.without_end(file)
        if begin == matroska.EBML:
            return matroska.cut_off(file)
        if within := streams.cut_off(file):
            return within
        whole, length = _whole(file), os.fstat(file.fileno()).st_size
    if length + PADDING < whole:
        return [f"it is cut off: of {whole:,} bytes {length:,} are there"]
    told, there = bytes_told(path) or (0, 0)
    if there + min(PADDING, max(SIZE, told // SHARE)) < told:
        return [f"it is cut off: of {told:,} bytes of its sound {there:,} are there"]
    return []


def _whole(file: BinaryIO) -> int:
    """The bytes that an AVI or MXF file has at least, by its header; 0 where it does not say."""
    file.seek(0)
    begin = file.read(64)
    if begin[:4] == b"RIFF" and begin[8:12] == b"AVI ":  # of a large one it is the first part
        size = int.from_bytes(begin[4:8], "little")
        return size + 8 if size < UNKNOWN else 0
    if begin.startswith(MXF) and len(begin) == 64 and begin[16] & 0x80:
        at = 17 + (begin[16] & 0x7F) + 24  # where its last part, an index, begins
        return int.from_bytes(begin[at: at + 8], "big") if at <= 56 else 0
    return 0


def mp4_cut_off(path: str | Path) -> list[str]:
    """A sentence where an MP4 file ends within one of its boxes. One whose index stands in front
    opens all the same, and tells the length of the whole.

    Args:
        path: a file that exists.
    """
    with open(path, "rb") as file:
        length = os.fstat(file.fileno()).st_size
        if file.read(8)[4:] != b"ftyp":
            return []
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for box in boxes.walk(data, 0, length):
                if length - box.at < 16 or not re.match(rb"[ -~]{4}", box.name):
                    break  # what stands there is no box
                if box.end > length:
                    return [f"it is cut off: of {box.end:,} bytes {length:,} are there"]
    return []


def left_over(path: str | Path) -> list[str]:
    """A sentence where more follows behind the sound of a file than its format has there.

    Args:
        path: a file that exists, of a format of `bytes_told`.
    """
    with open(path, "rb") as file:
        begin = file.read(8)
        if begin.startswith(b"fLaC"):
            return _flac_goes_on(file)
        if begin[4:] == b"ftyp":
            return _mp4_goes_on(file)
        if (again := _begins_again(file)) is not None:
            return [JOINED.format(again, "it was not read")]
    told, there = bytes_told(path) or (0, 0)
    more = _unread(path, told, there)
    if more <= PADDING:
        return []
    return [f"its header tells of {told:,} bytes of sound, but {more:,} others follow that belong "
            "to nothing (its recorder was killed, or recordings were joined as they are): they "
            "were not read"]


def bytes_told(path: str | Path) -> tuple[int, int] | None:
    """How much sound there is in a file by its header, and how much there is room for.

    Args:
        path: a file that exists. WAV (RF64 and RIFX too), AIFF, AU, W64, CAF and NIST are known.

    Returns:
        Bytes of sound that the header tells, and bytes from the beginning of the sound to the end
        of the file; None where the format is another, or its header does not tell.
    """
    with open(path, "rb") as file:
        begin = file.read(1024)
        size = 0
        if counted_anew(path):
            return None
        if begin[:4] == b".snd":
            begins, size = (int.from_bytes(begin[k: k + 4], "big") for k in (4, 8))
        elif begin[:8] == b"NIST_1A\n":
            begins, size = _nist(begin)
        if (layout := chunks.layout_of(begin)) is not None:
            begins, size = _sound_chunk(file, layout)
        # From 2 GiB on a number of 32 bits stands for "up to the end", as in what a pipe was given
        if size <= 0 or UNKNOWN <= size < 2**32 or size >= 2**62:
            return None
        return size, max(0, os.stat(path).st_size - begins)


def counted_anew(path: str | Path) -> bool:
    """Whether a WAV file holds more sound than its header can count, which begins again at zero
    behind 4 GiB, as many recorders write it: the sound goes on to the end of the file.

    Args:
        path: a file that exists.
    """
    if os.stat(path).st_size < COUNTED:
        return False
    with open(path, "rb") as file:
        if not re.match(rb"RIFF....WAVE", file.read(12), re.DOTALL):
            return False
        begins, told = _sound_chunk(file, chunks.RIFF)
        there = os.fstat(file.fileno()).st_size - begins
    # Titles may follow the sound
    return bool(begins) and there > COUNTED and told <= there % COUNTED <= told + COUNTED // 2**12


def without_length(path: str | Path) -> bool:
    """Whether the header of a WAV file does not tell how long it is, so that its sound goes on to
    the end of the file: `counted_anew`, or RF64 whose recorder was killed before it wrote the size.

    Args:
        path: a file that exists.
    """
    with open(path, "rb") as file:
        if re.match(rb"(RF64|BW64)....WAVE", begin := file.read(12), re.DOTALL):
            begins, told = _sound_chunk(file, chunks.layout_of(begin) or chunks.RIFF)
            return bool(begins) and told in (0, 2**32 - 1)
    return counted_anew(path)


def _unread(path: str | Path, told: int, there: int) -> int:
    """Bytes behind the sound of a file that are no chunks of its format, or more sound."""
    if not told:
        return 0
    with open(path, "rb") as file:
        begin = file.read(64)
        length = os.fstat(file.fileno()).st_size
        at = length - there + told
        layout = chunks.layout_of(begin)
        behind = False
        for chunk in chunks.walk(file, layout) if layout is not None else ():
            sound = chunk.name.startswith((layout.sound, begin[:4]) if layout else b"")
            if behind and (sound or not re.match(rb"[ -~]{4}", chunk.name)
                           or chunk.begin + chunk.size > length + 8):
                break  # no chunk, or sound once more
            behind = behind or sound
            at = chunk.begin + chunk.size if behind else at
        file.seek(min(at, length))
        rest = file.read(2**20)
    # Zeros up to a round size, and the titles that MP3 files have, are no sound
    empty = not rest.strip(b"\0") or rest.startswith((b"ID3", b"TAG", b"APETAGEX"))
    return 0 if empty else length - at


def _begins_again(file: BinaryIO) -> int | None:
    """Where a file of `FIRST_ALONE` begins once more; None where it does not, and of others."""
    file.seek(0)
    begin = file.read(32)
    again = next((pattern for pattern in FIRST_ALONE if re.match(pattern, begin)), None)
    if again is None:
        return None
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = re.compile(again).search(data, 1)
        return found.start() if found else None


def _mp4_goes_on(file: BinaryIO) -> list[str]:
    """A sentence where another recording follows in an MP4 file. A header that stands in front of
    each of its fragments, whose numbers go on, is none."""
    again, number = 0, -1
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for box in boxes.walk(data, 0, len(data)):
            again = box.at if box.name == b"ftyp" else again
            if again and box.name == b"moov":
                anew = b"mvex" not in data[box.at: min(box.end, box.at + 2**26)]
            else:
                head = data[box.at: box.at + 32]
                before, number = number, int.from_bytes(head[20:24], "big") if (
                    box.name == b"moof" and head[12:16] == b"mfhd") else number
                anew = bool(again) and box.name == b"moof" and number <= before
            if anew:
                return [JOINED.format(again, "it was not read, or not all of it")]
    return []


def _flac_goes_on(file: BinaryIO) -> list[str]:
    """A sentence where a FLAC file holds another one, or frames behind the length that it tells."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        told, begin = int.from_bytes(data[21:26], "big") & 2**36 - 1, _flac_sound(data)
        first = data[begin: begin + 4]
        kind = first[:2]
        if not told or data[:8] not in FLAC or kind not in (b"\xff\xf8", b"\xff\xf9"):
            return []
        goes_on = _find(file, FLAC, begin, len(data)) is not None
        tail = data[-6 * (int.from_bytes(data[15:18], "big") or SYNC) - 64:]
        block = int.from_bytes(data[10:12], "big") if kind == b"\xff\xf8" else 1
        beyond = set()  # two, as quiet samples look like the header of a frame now and then
        for found in re.finditer(re.escape(kind), tail):
            head = tail[found.start():][:16]
            if [byte & 15 for byte in head[2:4]] == [byte & 15 for byte in first[2:]]:
                number = _flac_number(head)
                beyond |= {number} if told <= number * block < told + 2**32 else set()
    if not goes_on and len(beyond) < 2:
        return []
    return [f"its header tells of {told:,} samples, but more follow (recordings were joined as "
            "they are, or its recorder was killed): they were read as well; a moment at each seam "
            "may be missing"]


def _find(file: BinaryIO, marks: Sequence[bytes], begin: int, end: int) -> int | None:
    """The first place of any of some bytes in a part of a file, of which little is held at once."""
    file.seek(begin)
    longest, at, rest = max(map(len, marks)), begin, b""
    while block := file.read(min(BLOCK, max(0, end - at))):
        data = rest + block
        if places := [k for k in map(data.find, marks) if k >= 0]:
            return at - len(rest) + min(places)
        at, rest = at + len(block), data[1 - longest:]
    return None


def _flac_sound(data: mmap.mmap) -> int:
    """Where the first frame of a FLAC file begins."""
    at, last = 4, False
    while not last and at + 4 <= len(data):
        last = data[at] >= 128
        at += 4 + int.from_bytes(data[at + 1: at + 4], "big")
    return at


def _flac_number(head: bytes) -> int:
    """The number of a frame (or of its first sample) by its header, -1 where it is none."""
    first = head[4] if len(head) > 4 else 255
    more = 0 if first < 128 else next((k for k in range(1, 7) if not first << k + 1 & 128), 7)
    size = 5 + more + {6: 1, 7: 2}.get(head[2] >> 4, 0) if len(head) > 4 else 99
    size += {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    if more == 7 or first >> 6 == 2 or len(head) <= size:
        return -1
    crc = 0
    for byte in head[:size]:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 7 * (crc >> 7)) & 255
    number = first & (127 if not more else 127 >> more + 1)
    for byte in head[5: 5 + more]:
        number = number << 6 | byte & 63
    return number if crc == head[size] else -1


def _nist(header: bytes) -> tuple[int, int]:
    """Where the samples of a NIST (SPHERE) file begin, and how many bytes they take."""
    found = dict(re.findall(rb"(?m)^(\w+) -i +(\d{1,12})", header))
    wanted = (b"sample_count", b"channel_count", b"sample_n_bytes")
    if b"embedded" in header or not all(name in found for name in wanted):
        return 0, 0
    count, channels, wide = (int(found[name]) for name in wanted)
    return int(header[8:16].split()[0]), count * channels * wide


def _sound_chunk(file: BinaryIO, layout: chunks.Layout) -> tuple[int, int]:
    """Where the samples of a file begin, and how many bytes of them its header tells; 0, 0 where
    no such chunk is found."""
    return next(((chunk.begin, chunk.size) for chunk in chunks.walk(file, layout)
                 if chunk.name.startswith(layout.sound)), (0, 0))


def contradictions(path: str | Path) -> list[str]:
    """A sentence where the numbers in the header of a WAV or FLAC file do not agree with each
    other.

    Args:
        path: a file that exists, of any format.
    """
    with open(path, "rb") as file:
        begin = file.read(4096)
        if begin.startswith(FLAC):
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                frame = data[(at := _flac_sound(data)): at + 3].ljust(3, b"\0")
            told = int.from_bytes(begin[18:21], "big") >> 4
            own = FLAC_RATES.get(frame[2] & 15, told) if frame[0] == 255 else told
            return [] if own == told else [
                f"its header tells of {told} samples a second, but its sound of {own}: it may play "
                "at a wrong speed"]
        if begin[:4] in (b"RIFF", b"RF64", b"BW64") and begin[8:12] == b"WAVE":
            sound = bytes_told(path)  # `left_over` says what lies behind it
            length = os.fstat(file.fileno()).st_size
            first = length - sound[1] if sound else 16
            again = _find(file, (b"WAVEfmt ",), first, first + sound[0] if sound else length)
            if again is not None:
                return [f"another header of WAV lies within it, at byte {again - 8:,} (recordings "
                        "were joined as they are, or saved twice): what is a header is heard as a "
                        "click, and what follows it may have another rate"]
    if begin[:4] not in (b"RIFF", b"RF64", b"BW64") or begin[8:12] != b"WAVE":
        return []
    headers = _formats(path)
    if not headers:
        return []
    if len(set(headers)) > 1:
        one, other = (f"{channels} channel{'s' * (channels != 1)} of {bits} bits, {rate} a second"
                      for _, channels, rate, _, _, bits in list(dict.fromkeys(headers))[:2])
        return [f"its header contradicts itself (it is there twice: {one}; {other}): the first was "
                "taken"]
    kind, channels, rate, speed, wide, bits = headers[0]
    if kind not in PLAIN or not channels * wide * bits:
        return []
    fits = {channels * ((bits + 7) // 8), channels * 4 if bits in (20, 24) else 0}
    if wide not in fits:
        return [f"its header contradicts itself ({channels} channels of {bits} bits, but {wide} "
                "bytes for a sample of all): it may be damaged, and what was read noise"]
    if speed and not speed % wide and speed != rate * wide:
        return [f"its header contradicts itself ({rate} samples a second, but {speed} bytes, which "
                f"are {speed // wide}): {rate} was taken"]
    return []


def _formats(path: str | Path) -> list[tuple[int, ...]]:
    """(kind, channels, samples a second, bytes a second, bytes of a sample of all, bits) of each
    "fmt " chunk of a WAV file."""
    found = []
    with open(path, "rb") as file:
        for chunk in chunks.walk(file, chunks.RIFF):
            if chunk.name == b"fmt " and chunk.size >= 16:
                file.seek(chunk.begin)
                found.append(struct.unpack("<HHIIHH", file.read(16).ljust(16, b"\0")))
    return found


def texts(path: str | Path) -> list[str]:
    """A sentence where a text lies within the sound of a file.

    Args:
        path: a file that exists, of any format; one of `bytes_told` is looked at.
    """
    told, there = bytes_told(path) or (0, 0)
    if not min(told, there):
        return []
    with open(path, "rb") as file:
        first = os.fstat(file.fileno()).st_size - there
        at = _find(file, TEXTS, first, first + told)
    return [] if at is None else [
        f"a text lies within its sound, at byte {at:,} (perhaps the answer of a server in the "
        "place of a part): it is heard as noise; fetch the file anew"]


def seconds_told(path: str | Path, rate: int) -> float | None:
    """How long an MP3 file is at least by the header that its encoder wrote into the first frame
    (Xing, Info or VBRI).

    Args:
        path: a file that exists.
        rate: its samples a second.

    Returns:
        Seconds, less the longest pauses that encoders add at both ends and decoders take off; None
        for other files and those without such a header.
    """
    with open(path, "rb") as file:
        data = file.read(SYNC)
        begin = 0
        while data[:3] == b"ID3" and len(data) >= 10:  # titles and a cover; several may follow
            begin += 10 + sum((byte & 127) << 7 * k for k, byte in enumerate(data[9:5:-1]))
            file.seek(begin)
            data = file.read(SYNC)
    frame = re.search(rb"\xff[\xe2-\xff]", data)
    if frame is None:
        return None
    data = data[frame.start(): frame.start() + 256]
    # A header of flags, whose lowest bit says that the number of frames follows; or a fixed one
    found = re.search(rb"(?s)(Xing|Info)...[\x01\x03\x05\x07\x09\x0b\x0d\x0f]|VBRI", data[4:64])
    if found is None:
        return None
    at = 4 + (found.start() + 14 if found.group() == b"VBRI" else found.end())
    frames = int.from_bytes(data[at: at + 4], "big")
    return max(0, frames * (1152 if data[1] & 8 else 576) - ADDED) / rate  # MPEG-1; MPEG-2, 2.5
