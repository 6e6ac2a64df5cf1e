"""Where a voice speaks: what is worth a recognizer's time, in pieces.

Recognizers make up words where there are none ("Thank you for watching"), and an extracted voice
holds a faint rest of the others. So only what is loud enough is recognized: against the noise of
the voice itself (`media.trimming`), and against the loudest voice of the video.
"""

from __future__ import annotations

import bisect
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avspeech.media import levels, trimming

HOP = 0.01  # seconds of a frame
BELOW = 40.0  # dB under a voice's loudest frame: below it there is no speech
FLOOR = 30.0  # dB under the loudest voice's speech: below it is the rest of other voices
LOUD = 95  # percentile of the frames' power that stands for a voice's speech
GAP = 1.0  # seconds; shorter silence belongs to the speech around it
MARGIN = 0.25  # seconds kept before and after
SHORTEST = 0.15  # seconds of sound; less is a click
PIECE = 28.0  # seconds; Whisper's window is 30
BLOCK = 60  # seconds read at a time


@dataclass(frozen=True)
class Voice:
    """The power of a voice over time."""

    power: np.ndarray  # float64 [T], of frames of HOP, smoothed over 50 ms
    sample_rate: int  # of the file, in Hz
    seconds: float

    @property
    def loudness(self) -> float:
        """The power of its speech, dB of full scale."""
        if not len(self.power):
            return -np.inf
        return float(10 * np.log10(np.percentile(self.power, LOUD) + 1e-26))


def measure(wav: Path) -> Voice:
    """Reads a voice block by block.

    Args:
        wav: mono.
    """
    import soundfile

    with soundfile.SoundFile(os.fsencode(wav)) as file:
        hop = round(HOP * file.samplerate)
        power = [np.square(frames.astype(np.float64)).reshape(-1, hop).mean(1)
                 for frames in file.blocks(BLOCK * 100 * hop, dtype="float32")
                 for frames in [frames[: len(frames) // hop * hop]] if len(frames)]
        whole = np.concatenate(power) if power else np.zeros(0)
        smooth = np.convolve(whole, np.full(5, 0.2), "same") if len(whole) >= 5 else whole
        return Voice(smooth, file.samplerate, len(file) / file.samplerate)


def sounding(voice: Voice, loudest: float, floor: float = FLOOR) -> list[tuple[float, float]]:
    """Where a voice is loud enough.

    Args:
        voice: of `measure`.
        loudest: of all voices of the video, dB (`Voice.loudness`).
        floor: dB under it from which a frame counts.

    Returns:
        Spans in seconds, in order, that do not touch.
    """
    power = voice.power
    if not len(power) or not power.max() > 10 ** (levels.SILENCE_DB / 10):
        return []
    wanted = max(trimming.speech_threshold(power, BELOW), 10 ** ((loudest - floor) / 10))
    edges = np.flatnonzero(np.diff((power >= wanted).astype(np.int8), prepend=0, append=0))
    return [(a * HOP, b * HOP) for a, b in edges.reshape(-1, 2)]


def tight(start: float, end: float, runs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """A span without the silence at its ends; as it is where it holds nothing else.

    Recognizers let the first word begin with the sound.

    Args:
        start: seconds.
        end: seconds.
        runs: of `sounding`.
    """
    first = bisect.bisect_right(runs, start, key=lambda run: run[1])
    last = bisect.bisect_left(runs, end, key=lambda run: run[0]) - 1
    if first > last:
        return start, end
    return max(start, runs[first][0]), min(end, runs[last][1])


def spoken(start: float, end: float, runs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """A word's span as `tight` gives it; where `GAP` of silence parts it, the part with the most
    sound.

    Recognizers let a word begin before a long silence, or end behind it.

    Args:
        start: seconds.
        end: seconds.
        runs: of `sounding`.
    """
    start, end = tight(start, end, runs)
    first = bisect.bisect_right(runs, start, key=lambda run: run[1])
    last = bisect.bisect_left(runs, end, key=lambda run: run[0])
    inside = [(max(a, start), min(b, end)) for a, b in runs[first:last]]
    if not inside:
        return start, end
    longest = max(_groups(inside), key=lambda group: sum(b - a for a, b in group))
    return longest[0][0], longest[-1][1]


def _groups(runs: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Spans between which no silence of `GAP` lies."""
    groups: list[list[tuple[float, float]]] = []
    for run in runs:
        if groups and run[0] - groups[-1][-1][1] < GAP:
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def stretches(voice: Voice, runs: Sequence[tuple[float, float]],
              piece: float = PIECE) -> list[tuple[float, float]]:
    """What is recognized.

    Args:
        voice: of `measure`.
        runs: of `sounding`.
        piece: seconds; longer stretches are cut where they are softest, in the last third of the
            piece.

    Returns:
        Spans in seconds, in order, that do not overlap.
    """
    spans: list[tuple[float, float]] = []
    for group in _groups(runs):
        if sum(end - start for start, end in group) < SHORTEST:
            continue
        start, end = max(0.0, group[0][0] - MARGIN), min(voice.seconds, group[-1][1] + MARGIN)
        while end - start > piece:
            a, b = round((start + piece * 2 / 3) / HOP), round((start + piece) / HOP)
            cut = (a + int(np.argmin(voice.power[a:b]))) * HOP
            spans.append((start, cut))
            start = cut
        spans.append((start, end))
    return spans
