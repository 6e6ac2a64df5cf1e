"""Recognizes the emotion of WAV files by an exported model, with onnxruntime, NumPy and the
standard library only.

    avspeech export emotion-edge --to onnx -o emotion.onnx     # once, on any machine
    python recognise.py emotion.onnx voice.wav ...             # on the device
    python recognise.py emotion.onnx --raw < samples           # 16 kHz, 16 bit, mono

The model takes samples, because the log-mel front end is in the graph. The silence at both ends of
a WAV file is cut off, as in training; a long file is processed in windows of 6 s, one each second.
Raw samples give one answer a second, for the last 6 s.
"""

from __future__ import annotations

import argparse
import json
import sys
import wave
from collections.abc import Iterator

import numpy as np
import onnxruntime

WINDOW, HOP = 6.0, 1.0  # seconds
# A recording whose loudest block has less power is silent: 90 dB below full scale, rounded
SILENCE = 10**-9.05
AROUND = 25  # blocks whose mean is taken for the offset of the one in their middle
FLOOR = 10  # percentile of the power of the blocks that is taken as the noise of the room
ABOVE = 4.0  # dB; sound is at least this far above the noise
WITHIN = 15.0  # dB; a block this close to the loudest one is sound, whatever the noise


class Recogniser:
    """An exported model. `labels` and `sample_rate` come from its metadata."""

    def __init__(self, path: str, threads: int = 1):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        # Exact products of 8 bits also where the processor has no instruction for them
        options.add_session_config_entry("session.x64quantprecision", "1")
        self.session = onnxruntime.InferenceSession(path, options,
                                                    providers=["CPUExecutionProvider"])
        about = self.session.get_modelmeta().custom_metadata_map
        self.labels: list[str] = json.loads(about["labels"])
        self.sample_rate = int(about["sample_rate"])
        self.shortest = int(about["shortest"])
        # Threshold in dB below the loudest part, and blocks of 10 ms that are kept around the sound
        self.below = float(about.get("trim", 40))
        self.margin = round(100 * float(about.get("margin", 0.08)))

    def __call__(self, samples: np.ndarray) -> np.ndarray | None:
        """The posteriors of a recording.

        Args:
            samples: [N], float32 in -1..1.

        Returns:
            The probability of each label [K]; None for silence.
        """
        samples = self.trimmed(samples)
        if samples is None:
            return None
        samples = np.pad(samples, (0, max(0, self.shortest - len(samples))))
        return self.session.run(["posteriors"], {"audio": samples[None]})[0][0]

    def trimmed(self, samples: np.ndarray) -> np.ndarray | None:
        """The samples without the silence at both ends; None if they are all silent."""
        step = self.sample_rate // 100
        count = len(samples) // step
        if count < 5:
            return samples if samples.any() else None
        # Relative to the mean nearby, because an offset of the recorder is not sound.
        frames = samples[: count * step].astype(np.float64).reshape(count, step)
        sums = np.concatenate([[0.0], np.cumsum(frames.mean(1))])
        place = np.arange(count)
        side = np.minimum(AROUND // 2, np.minimum(place, count - 1 - place))
        mean = (sums[place + side + 1] - sums[place - side]) / (2 * side + 1)
        power = np.square(frames - mean[:, None]).mean(1)
        if power.max() < SILENCE:
            return None
        if not self.below:
            return samples
        power = np.convolve(power, np.full(5, 0.2), "same")
        loud = np.flatnonzero(power >= threshold(power, self.below))
        return samples[max(0, loud[0] - self.margin) * step: (loud[-1] + 1 + self.margin) * step]


def threshold(power: np.ndarray, below: float) -> float:
    """The power from which blocks [T] count as sound: `below` dB under the loudest block, or above
    the noise of the room."""
    loudest, noise = power.max(), np.percentile(power, FLOOR)
    wanted = max(loudest * 10 ** (-below / 10), noise * 10 ** (ABOVE / 10))
    return min(wanted, loudest * 10 ** (-min(below, WITHIN) / 10))


def read_wav(path: str, sample_rate: int) -> np.ndarray:
    """Reads a 16-bit WAV file of this sample rate as samples [N], float32. Channels are averaged,
    unless they cancel each other."""
    with open(path, "rb") as start:
        if start.read(4) != b"RIFF":
            raise ValueError(f"not a WAV file; ffmpeg -i IN -ar {sample_rate} -sample_fmt s16 "
                             "OUT.wav makes one")
    with wave.open(path) as file:
        if file.getsampwidth() != 2 or file.getframerate() != sample_rate:
            raise ValueError(f"{8 * file.getsampwidth()} bit at {file.getframerate()} Hz, "
                             "expected 16 "
                             f"bit at {sample_rate} Hz; ffmpeg -i IN -ar {sample_rate} "
                             "-sample_fmt s16 OUT.wav")
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        data = data.reshape(-1, file.getnchannels())
    if not len(data):
        raise ValueError("no samples in it")
    average, each = data.mean(1), data.var(0)
    if 10 * average.var() < each.mean():  # a channel is inverted: use the first loud one alone
        average = data[:, np.flatnonzero(each >= 0.8 * each.max())[0]]
    return (average / 32768).astype(np.float32)


def windows(samples: np.ndarray, rate: int) -> Iterator[tuple[float, np.ndarray]]:
    """(end in seconds, samples) of each window; the last one is moved back to full length."""
    length, hop = round(WINDOW * rate), round(HOP * rate)
    last = max(0, len(samples) - length)
    for start in sorted({*range(0, last, hop), last}):
        yield min(start + length, len(samples)) / rate, samples[start: start + length]


def live(recogniser: Recogniser) -> None:
    """Reads 16-bit samples from stdin and prints an answer for each hop."""
    rate = recogniser.sample_rate
    heard, seconds = np.zeros(0, np.float32), 0.0
    while data := sys.stdin.buffer.read(2 * round(HOP * rate)):
        new = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / 32768
        heard = np.concatenate([heard, new])[-round(WINDOW * rate):]
        seconds += len(new) / rate
        print(f"{seconds:8.1f} s  {said(recogniser, recogniser(heard))}", flush=True)


def said(recogniser: Recogniser, posteriors: np.ndarray | None) -> str:
    """The three most probable labels, as text."""
    if posteriors is None:
        return "silence"
    best = np.argsort(-posteriors)[:3]
    return ", ".join(f"{recogniser.labels[i]} {100 * posteriors[i]:.0f} %" for i in best)


def main() -> int:
    parser = argparse.ArgumentParser(description="The emotion of wav files by an exported model.")
    parser.add_argument("model", help="as `avspeech export` wrote it, .onnx")
    parser.add_argument("files", nargs="*", metavar="WAV", help="16 kHz, 16 bit")
    parser.add_argument("--raw", action="store_true",
                        help="samples from stdin: 16 kHz, 16 bit, mono")
    args = parser.parse_args()
    recogniser = Recogniser(args.model)
    if args.raw:
        live(recogniser)
    bad = 0
    for path in args.files:
        try:
            samples = read_wav(path, recogniser.sample_rate)
        except (OSError, EOFError, ValueError, wave.Error) as error:
            print(f"{path}: {error}", file=sys.stderr)
            bad += 1
            continue
        for end, part in windows(samples, recogniser.sample_rate):
            print(f"{path}  {end:8.2f} s  {said(recogniser, recogniser(part))}")
    return 2 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
