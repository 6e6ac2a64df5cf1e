"""Makes a video of two people who talk at once out of clips of GRID, and what they say.

    python tools/two_talkers.py --left bbaf2n.mpg --right swiz3n.mpg lrwp9a.mpg -o pair.mp4
    avspeech transcribe pair.mp4 -o heard
    avspeech score transcript pair.vtt heard/pair_captions.json --words english

Several clips of a side follow each other. The pictures stand side by side, the sounds are mixed at
the same level of speech (--snr: the left over the right, in dB). --late lets the right side begin
so many seconds later; until then its first picture stands still. The words are those of the .align
file beside a clip (or in --align DIR); without one those that the clip's name spells, with the time
of the whole clip. `<out>.vtt` has them with the speakers `left` and `right`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import numpy as np

from avspeech.data.corpora import grid
from avspeech.errors import InputError
from avspeech.extraction.mixing import speech_level
from avspeech.media import audio, video
from avspeech.media.muxing import mux, write_pictures
from avspeech.report.transcripts import Segment, Transcript, Word

RATE, FPS = 16000, 25


def side(name: str, clips: list[Path], align: Path | None,
         late: float) -> tuple[int, np.ndarray, list[Segment]]:
    """The number of pictures, the sound and the words of one person.

    Args:
        name: of the speaker.
        clips: that follow each other.
        align: folder of the .align files; by default each clip's own folder.
        late: seconds before the first one begins.

    Raises:
        InputError: a clip cannot be read, or its words are not known.
    """
    pictures, sounds = round(late * FPS), [np.zeros(round(late * RATE), np.float32)]
    segments = []
    for clip in clips:
        count, sound = sum(1 for _ in video.read_frames(clip)), audio.read(clip, RATE)
        start, seconds = pictures / FPS, count / FPS
        file = (align or clip.parent) / f"{clip.stem}.align"
        expected = grid.sentence(clip.stem)
        if file.is_file():
            words = [Word(w, start + a, start + b) for a, b, w in grid.read_align(file)]
            segments.append(Segment(name, words[0].start, words[-1].end,
                                    " ".join(word.word for word in words), tuple(words)))
        elif expected is not None:
            segments.append(Segment(name, start, start + seconds, " ".join(expected)))
        else:
            raise InputError(f"{clip}: no {file.name}, and its name is not a sentence of GRID")
        pictures += count
        whole = np.zeros(round(seconds * RATE), np.float32)
        whole[: len(sound)] = sound[: len(whole)]
        sounds.append(whole)
    return pictures, np.concatenate(sounds), segments


def shown(clips: list[Path], late: float) -> Iterator[np.ndarray]:
    """The pictures of a side, without end: the first one stands still until it begins, the last
    one after it."""
    picture: np.ndarray | None = None
    for clip in clips:
        for frame in video.read_frames(clip):
            if picture is None:
                yield from repeat(frame, round(late * FPS))
            elif frame.shape != picture.shape:
                raise InputError(f"{clip}: pictures of {frame.shape[1]}x{frame.shape[0]}, those "
                                 f"before it have {picture.shape[1]}x{picture.shape[0]}; give "
                                 "clips of one size")
            picture = frame
            yield frame
    assert picture is not None  # a video without a picture is an InputError
    yield from repeat(picture)


def _beside(one: np.ndarray, two: np.ndarray, clip: Path) -> np.ndarray:
    if len(one) != len(two):
        raise InputError(f"{clip}: pictures of {len(two)} lines beside {len(one)}; give clips of "
                         "one height")
    return np.hstack([one, two])


def make(left: list[Path], right: list[Path], out: Path, align: Path | None = None,
         snr: float = 0.0, late: float = 0.0) -> None:
    """Writes the video, and beside it a .vtt with what is said.

    Args:
        left: clips of the person on the left.
        right: clips of the person on the right.
        out: mp4 to write.
        align: folder of the .align files.
        snr: dB of the left voice over the right one, over speech.
        late: seconds before the right side begins.

    Raises:
        InputError: a clip cannot be read or is of another size, its words are not known, or late is
            below 0.
    """
    if not 0 <= late < 3600:
        raise InputError(f"--late {late:g}: expected seconds from 0 to an hour")
    sides = [side("left", left, align, 0.0), side("right", right, align, late)]
    longest = max(count for count, *_ in sides)
    # In step and one at a time: all pictures of ten minutes would be 20 GB
    together = zip(range(longest), shown(left, 0.0), shown(right, late))
    pictures = (_beside(one, two, right[0]) for _, one, two in together)
    mixture = np.zeros(round(longest / FPS * RATE), np.float32)
    gain = [1.0, speech_level(sides[0][1]) / speech_level(sides[1][1]) * 10 ** (-snr / 20)]
    for (_, sound, _), factor in zip(sides, gain):
        mixture[: len(sound)] += np.float32(factor) * sound
    mixture *= np.float32(0.9 / max(float(np.abs(mixture).max()), 0.9))
    with tempfile.TemporaryDirectory(prefix="avspeech-") as folder:
        write_pictures(Path(folder) / "pictures.mkv", pictures, FPS)
        audio.write(Path(folder) / "sound.wav", mixture, RATE)
        mux(Path(folder) / "pictures.mkv", Path(folder) / "sound.wav", out)
    Transcript.of([s for *_, segments in sides for s in segments]).write_vtt(
        out.with_suffix(".vtt"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--left", type=Path, nargs="+", required=True, help="clips of GRID")
    parser.add_argument("--right", type=Path, nargs="+", required=True, help="clips of GRID")
    parser.add_argument("-o", "--out", type=Path, required=True, help="mp4 to write")
    parser.add_argument("--align", type=Path, metavar="DIR", help="folder of the .align files")
    parser.add_argument("--snr", type=float, default=0.0,
                        help="dB of the left voice over the right one (default 0)")
    parser.add_argument("--late", type=float, default=0.0,
                        help="seconds before the right side begins (default 0)")
    args = parser.parse_args()
    try:
        make(args.left, args.right, args.out, args.align, args.snr, args.late)
    except InputError as error:
        print(f"two_talkers: error: {error}", file=sys.stderr)
        sys.exit(2)
