"""Makes a hard case for `avspeech extract` out of a clip: mixes another voice into a video's sound.

    python tools/mix_video.py clip.mpg other.wav -o mixed.mp4 --snr 0 --late 1.5

Writes the mixed video, and beside it `<stem>_target.wav`, the clip's own voice at its level in the
mixture. --late puts that many seconds of black picture and of the other voice alone before the
clip, for a face that appears late.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import chain, repeat
from pathlib import Path

import numpy as np

from avspeech.errors import InputError
from avspeech.extraction.mixing import speech_level
from avspeech.media import audio, video
from avspeech.media.muxing import mux, write_pictures

RATE = 16000


def mix(clip: Path, voice: Path, out: Path, snr: float = 0.0, late: float = 0.0) -> None:
    """Writes the mixed video and, beside it, the clip's own voice.

    Args:
        clip: video with the target's face and voice.
        voice: sound file with another voice.
        out: mp4 to write.
        snr: dB of the clip's voice over the other one, RMS over speech.
        late: seconds of black picture, and of the other voice alone, before the clip.

    Raises:
        InputError: a file cannot be read, or late is below 0.
    """
    if not 0 <= late < 3600:
        raise InputError(f"--late {late:g}: expected seconds from 0 to an hour")
    target = audio.read(clip, RATE)
    lead = round(late * RATE)
    length = lead + len(target)
    other = audio.read(voice, RATE, 0.0, length / RATE)
    other = np.tile(other, -(-length // max(len(other), 1)))[:length]
    other *= speech_level(target) / speech_level(other) * 10 ** (-snr / 20)
    target = np.concatenate([np.zeros(lead, np.float32), target])
    gain = np.float32(0.9 / max(float(np.abs(target + other).max()), 0.9))
    pictures = video.read_frames(clip)
    first = next(pictures)
    pictures = chain(repeat(np.zeros_like(first), round(late * 25)), [first], pictures)
    with tempfile.TemporaryDirectory(prefix="avspeech-") as folder:
        write_pictures(Path(folder) / "pictures.mkv", pictures, 25.0)
        audio.write(Path(folder) / "sound.wav", gain * (target + other), RATE)
        mux(Path(folder) / "pictures.mkv", Path(folder) / "sound.wav", out)
    audio.write(out.with_name(out.stem + "_target.wav"), gain * target, RATE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, help="video with the target's face and voice")
    parser.add_argument("voice", type=Path,
                        help="sound file with another voice, repeated if it is shorter")
    parser.add_argument("-o", "--out", type=Path, required=True, help="mp4 to write")
    parser.add_argument("--snr", type=float, default=0.0,
                        help="dB of the target over the other voice (default 0)")
    parser.add_argument("--late", type=float, default=0.0,
                        help="seconds before the face appears (default 0)")
    args = parser.parse_args()
    try:
        mix(args.clip, args.voice, args.out, args.snr, args.late)
    except InputError as error:
        print(f"mix_video: error: {error}", file=sys.stderr)
        sys.exit(2)
