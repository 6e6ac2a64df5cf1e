"""Damaged sound and video files through every door of the toolkit, which should answer or refuse.

    python tools/fuzz.py --count 240 --doors emotion,check
    python tools/fuzz.py --doors emotion --only 17 --keep /tmp/seen    # one of them again

Makes small files of eleven formats, damages each in a way that its number decides (bits,
truncation, holes, headers, numbers such as times and lengths, parts that change places), and gives
them to the commands in child processes with a bound on time and memory. Counts tracebacks, hangs,
processes that end without a message, and errors that do not name the file; of the files only the
numbers are kept. The exit code is 1 where there are any.
"""

from __future__ import annotations

import argparse
import collections
import json
import queue
import subprocess
import sys
import tempfile
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np

FORMATS = {  # suffix: codec of the sound, its rate, codec of the pictures
    "wav": ("pcm_s16le", 16000, ""), "flac": ("flac", 16000, ""), "mp3": ("libmp3lame", 44100, ""),
    "opus": ("libopus", 48000, ""), "m4a": ("aac", 44100, ""), "mp4": ("aac", 44100, "mpeg4"),
    "mpg": ("mp2", 44100, "mpeg1video"), "mkv": ("libopus", 48000, "mpeg4"),
    "webm": ("libopus", 48000, "libvpx"), "avi": ("mp2", 44100, "mpeg4"),
    "flv": ("libmp3lame", 44100, "flv"),
}
DOORS = ("extract", "emotion", "speak", "score", "check", "bench")
SECONDS = 1.5
KINDS = ("bits", "truncated", "hole", "header", "number", "moved")
EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

# Runs one door on the files whose paths come on stdin, and answers each with a line of JSON.
CHILD = """
import contextlib, io, json, os, resource, sys, time, traceback
door, folder, memory = sys.argv[1], sys.argv[2], int(sys.argv[3])
import torch
torch.set_num_threads(1)
resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
from avspeech import cli
from avspeech.errors import InputError

def go(path, name):
    if door == "emotion":
        return cli.main(["emotion", path, "--json", "--quiet"])
    if door == "extract":
        return cli.main(["extract", path, "-o", folder, "--quiet", "--mouth"])
    if door == "speak":
        return cli.main(["speak", "No.", "--reference", path, "-o", folder + "/said.wav",
                         "--quiet"])
    if door == "score":
        return cli.main(["score", folder + "/clean", os.path.dirname(path), "--quiet"])
    if door == "bench":
        from avspeech.bench.jobs import read_sound
        try:
            read_sound(path, 0.0, 1.5, 16000)
        except InputError as error:
            print(error, file=sys.stderr)
            return 2
        return 0
    from avspeech.data.manifest import Utterance, View, write_manifest
    path = os.path.relpath(path, folder)
    views = [View(video=path)] if name.endswith(tuple("mp4 mpg mkv webm avi flv".split())) else []
    write_manifest(folder + "/m.jsonl", [Utterance(id=name, audio=path, speaker="a", duration=1.5,
                                                      views=views)])
    return cli.main(["data", "check", folder + "/m.jsonl", "--root", folder])

for line in sys.stdin:
    path = line.rstrip("\\n")
    name, said, began = os.path.basename(path), io.StringIO(), time.monotonic()
    fault = code = None
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = go(path, name)
        except BaseException as error:
            fault = "".join(traceback.format_exception(error))[-1500:]
    text = said.getvalue()
    print(json.dumps({"code": code, "fault": fault, "named": name.split(".")[0] in text,
                      "text": text[-300:],
                      "seconds": time.monotonic() - began}), file=sys.__stdout__, flush=True)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=220, help="files (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first one")
    parser.add_argument("--only", type=int, metavar="N", help="this one alone")
    parser.add_argument("--doors", default="emotion,check", help=f"of {', '.join(DOORS)}")
    parser.add_argument("--seconds", type=float, default=30.0,
                        help="a file may take (default: %(default)s)")
    parser.add_argument("--memory", type=float, default=3.0, metavar="GB", help="of a child's data")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the damaged files there")
    args = parser.parse_args()
    doors = args.doors.split(",")
    if not set(doors) <= set(DOORS):
        parser.error(f"--doors should be of {', '.join(DOORS)}")
    numbers = [args.only] if args.only is not None else range(args.first, args.first + args.count)
    bad = 0
    with tempfile.TemporaryDirectory(prefix="avspeech-fuzz-") as made:
        seeds = {suffix: seed(Path(made) / f"seed.{suffix}").read_bytes() for suffix in FORMATS}
        base = args.keep or Path(made)
        for door in doors:
            memory = int(args.memory * 2**30)
            bad += through(door, list(numbers), seeds, base / door, args.seconds, memory)
    return 1 if bad else 0


def seed(path: Path) -> Path:
    """Writes a sound, with pictures where the format has any, of SECONDS."""
    import av

    codec, rate, pictures = FORMATS[path.suffix[1:]]
    rng = np.random.default_rng(0)
    n = round(SECONDS * rate)
    # A falling voice, in syllables
    phase = np.cumsum(140 - 40 * np.arange(n) / n) * 2 * np.pi / rate
    voice_like = sum(np.sin(k * phase) / k for k in range(1, 20))
    syllables = np.abs(np.sin(np.arange(n) * 9 / rate)) ** 0.5
    sound = (0.1 * voice_like + rng.normal(0, 0.01, n)) * syllables
    with av.open(str(path), "w") as target:
        voice = target.add_stream(codec, rate=rate)
        voice.layout = "mono"
        film = None
        if pictures:
            film = target.add_stream(pictures, rate=25)
            film.width, film.height, film.pix_fmt = 96, 64, "yuv420p"
        voice.codec_context.open()
        frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="flt",
                                           layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        fifo = av.AudioFifo()
        for part in av.AudioResampler(voice.codec_context.format, "mono", rate).resample(frame):
            fifo.write(part)
        done = shown = 0
        while fifo.samples:
            part = fifo.read(min(voice.codec_context.frame_size or 1024, fifo.samples))
            part.pts, part.time_base, done = done, Fraction(1, rate), done + part.samples
            target.mux(voice.encode(part))
            while film is not None and shown / 25 < done / rate:
                picture = rng.integers(0, 255, (64, 96, 3)).astype(np.uint8)
                image = av.VideoFrame.from_ndarray(picture, format="rgb24")
                image.pts, image.time_base, shown = shown, Fraction(1, 25), shown + 1
                target.mux(film.encode(image))
        target.mux(voice.encode(None))
        if film is not None:
            target.mux(film.encode(None))
    return path


def damage(data: bytes, number: int) -> tuple[str, bytes]:
    """(kind of damage, the bytes) that a number decides."""
    rng = np.random.default_rng([20, number])
    out = bytearray(data)
    kind = KINDS[int(rng.integers(len(KINDS)))]
    size = len(out)
    if kind == "bits":
        for at in rng.integers(0, size, int(rng.choice([1, 1, 4, 30]))):
            out[at] ^= 1 << int(rng.integers(8))
    elif kind == "truncated":
        out = out[: int(rng.integers(1, size))]
    elif kind == "hole":
        at, length = int(rng.integers(size)), int(rng.integers(1, size // 4))
        out[at: at + length] = bytes(min(length, size - at))
    elif kind == "header":
        for at in rng.integers(0, min(size, 400), int(rng.integers(1, 8))):
            out[at] = int(rng.integers(256))
    elif kind == "number":
        for at in rng.integers(0, max(1, size - 8), int(rng.integers(1, 4))):
            width, order = int(rng.choice([2, 4, 8])), str(rng.choice(["little", "big"]))
            value = int(rng.choice(EXTREMES)) & (256**width - 1)
            out[at: at + width] = value.to_bytes(width, order)  # type: ignore[arg-type]
    else:
        a, b, length = (int(x) for x in rng.integers(1, max(2, size // 2), 3))
        out = out[:a] + out[a + b // 4:] + out[a: a + length // 4]
    return kind, bytes(out)


class Child:
    """A process that runs a door, and is started anew when it hangs or ends."""

    def __init__(self, door: str, folder: Path, memory: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, door, str(folder), str(memory)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")
        self.answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                self.answers.put(line)
        self.answers.put("")

    def ask(self, path: Path, seconds: float) -> dict[str, object] | str:
        """What the door made of a file; "hang" or "crash" where it made nothing."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{path}\n")
            self.process.stdin.flush()
            line = self.answers.get(timeout=seconds)
        except queue.Empty:
            return "hang"
        except OSError:
            return "crash"
        return json.loads(line) if line else "crash"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def through(door: str, numbers: list[int], seeds: dict[str, bytes], folder: Path, seconds: float,
            memory: int) -> int:
    """Gives the files of these numbers to a door; prints the counts, returns the number of
    faults."""
    (folder / "clean").mkdir(parents=True, exist_ok=True)
    counts: collections.Counter[str] = collections.Counter()
    faults: dict[str, list[str]] = collections.defaultdict(list)
    child: Child | None = None
    slowest = 0.0
    if door == "score":  # it looks for sound only
        pictures = ("mpg", "mkv", "avi", "flv")
        numbers = [n for n in numbers if list(FORMATS)[n % len(FORMATS)] not in pictures]
    for number in numbers:
        suffix = list(FORMATS)[number % len(FORMATS)]
        kind, data = damage(seeds[suffix], number)
        place = folder / f"n{number}"
        place.mkdir(exist_ok=True)
        path = place / f"damaged{number}.{suffix}"
        path.write_bytes(data)
        (folder / "clean" / f"damaged{number}.{suffix}").write_bytes(seeds[suffix])
        fresh = child is None
        child = child or Child(door, folder, memory)
        said = child.ask(path, seconds + 60 * fresh)
        (folder / "clean" / path.name).unlink()
        what = f"{number} ({suffix}, {kind})"
        if isinstance(said, str):
            faults[said].append(what)
            child.stop()
            child = None
            continue
        slowest = max(slowest, float(str(said["seconds"])))
        counts[f"exit code {said['code']}" if said["fault"] is None else "traceback"] += 1
        if said["fault"] is not None:
            last = str(said["fault"]).strip().splitlines()[-1]
            faults["traceback"].append(f"{what}: {last[:150]}")
        elif said["code"] != 0 and not said["named"]:
            faults["not named"].append(f"{what}: {str(said['text']).strip()[-150:]}")
        if "MemoryError" in str(said["text"]):
            faults["memory"].append(what)
    if child is not None:
        child.stop()
    each = ", ".join(f"{n} {k}" for k, n in sorted(counts.items()))
    print(f"{door}: {len(numbers)} files, " + each
          + "".join(f", {len(v)} {k}" for k, v in sorted(faults.items()) if k not in counts)
          + f"; slowest {slowest:.1f} s", flush=True)
    for fault, which in sorted(faults.items()):
        for one in which:
            print(f"  {fault}: {one}")
    return sum(len(which) for which in faults.values())


if __name__ == "__main__":
    sys.exit(main())
