"""Measures how well a model hears people that you have videos of.

    python tools/people.py VIDEOS VOICES -o result.json --model mvtf-small --cache /tmp/people

VIDEOS holds clips of one talking face each, in folders `source/person/clip` or `source/clip`, where
each clip of the latter is a person; VOICES holds sound files, a speaker each, that interfere. Each
clip, cut to 8 s, becomes mixtures at 0 dB, the same for every model:

    another     with another voice, one of VOICES
    same        with another part of the same person's speech
    other face  as "another", but the face shown is that of somebody who is not heard
    alone       the target alone
    silent      another voice alone, under a face whose mouth keeps still: the third of a second of
                the clip in which the pictures change least, to and fro

It prints a table by source and writes every mixture's numbers as JSON. `better` is the share of
mixtures in which the output is nearer to the target than the mixture is, and `picked` the share in
which it is nearer to the target than to the other voice (both by SI-SDR). With --half 1 or 2 only
every second person of each source is measured: choose by one half, and report the other.

With --away 2 the face is not shown for 2 s in the middle of each clip of 6 s or more, and a line
says what is heard there. With --voice the model is given a recording too: another clip of the same
person; people with one clip are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import storage
from avspeech.errors import InputError
from avspeech.extraction.extractor import Extractor
from avspeech.extraction.mixing import speech_level
from avspeech.media import audio, video
from avspeech.report import metrics

RATE, FPS = 16000, 25
KINDS = ("another", "same", "other face", "alone", "silent")
STILL = 8  # frames that a still mouth repeats, to and fro
VIDEOS = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm"}


@dataclass(frozen=True)
class Clip:
    """A part of a video that shows one face."""

    source: str
    person: str
    name: str
    sound: np.ndarray  # float32 [N] at 16 kHz
    crops: np.ndarray  # uint8 [T, 96, 96]
    present: np.ndarray  # bool [T]


@dataclass(frozen=True)
class Case:
    """A mixture."""

    kind: str  # one of KINDS
    clip: Clip  # what is shown
    target: np.ndarray  # [N]; zeros where the face shown is not heard and nothing is the target
    other: np.ndarray  # [N]

    @property
    def mixture(self) -> np.ndarray:
        """[N]"""
        return self.target + self.other


def read_clips(folder: Path, seconds: float, cache: Path | None = None,
               half: int = 0) -> list[Clip]:
    """The clips of a folder, each cut into parts; the largest face of each.

    Args:
        folder: see the module.
        seconds: length of a part; a rest of at least 2 s is one too.
        cache: folder for the crops.
        half: 1 or 2: every second person of each source; 0: all.

    Raises:
        InputError: the folder has no videos.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in VIDEOS)
    if not paths:
        raise InputError(f"{folder}: holds no videos; expected source/person/clip or source/clip")
    people: dict[str, list[str]] = {}
    found: list[Clip] = []
    for path in paths:
        parts = path.relative_to(folder).parts
        source = parts[0] if len(parts) > 1 else folder.name
        person = parts[1] if len(parts) > 2 else path.stem
        known = people.setdefault(source, [])
        if person not in known:
            known.append(person)
        if half and known.index(person) % 2 != half - 1:
            continue
        sound = audio.read(path, RATE)
        kept = None if cache is None else cache / f"{source}-{person}-{path.stem}.npz"
        if kept is None or not kept.exists():
            tracks = video.mouth_tracks(path, fps=FPS)
            if not tracks:
                warnings.warn(f"{path}: no face found; left out", stacklevel=2)
                continue
            crops, present = np.array(tracks[0].crops), tracks[0].present
            if kept is not None:
                video.write_crops(kept, crops, present)
        else:
            crops, present = video.read_crops(kept)
        frames = round(seconds * FPS)
        for number, first in enumerate(range(0, len(present), frames)):
            shown, seen = crops[first:][:frames], present[first:][:frames]
            begin, length = first * RATE // FPS, len(shown) * RATE // FPS
            heard = sound[begin:][:length]
            if len(heard) < 2 * RATE or np.count_nonzero(seen) < 25:
                continue
            found.append(Clip(source, person, f"{path.stem}-{number}", heard, shown, seen))
    return found


def middle(clip: Clip, seconds: float) -> slice:
    """The samples of so many seconds in the middle of a clip, on whole frames."""
    first = round((len(clip.sound) / RATE - seconds) / 2 * FPS) * RATE // FPS
    return slice(first, first + round(seconds * FPS) * RATE // FPS)


def away(clip: Clip, seconds: float) -> Clip:
    """The clip without its face for so many seconds in the middle."""
    part, present = middle(clip, seconds), clip.present.copy()
    present[part.start * FPS // RATE: part.stop * FPS // RATE] = False
    return replace(clip, present=present)


def cases(clips: Sequence[Clip], voices: Path, seed: int = 0) -> Iterator[Case]:
    """The mixtures of clips, in an order that depends on nothing but the arguments.

    Args:
        clips: what is shown.
        voices: folder of sound files.
        seed: draws the other voices and the other faces.

    Raises:
        InputError: there are no voices, or fewer than two people.
    """
    files = audio.sound_files(voices)
    if not files:
        raise InputError(f"{voices}: holds no sound files")
    if len({(c.source, c.person) for c in clips}) < 2:
        raise InputError("the videos show fewer than two people; expected several")
    for number, clip in enumerate(clips):
        rng = np.random.default_rng([seed, number])
        own = [c for c in clips if (c.source, c.person) == (clip.source, clip.person)]
        voice = audio.read(files[rng.integers(len(files))], RATE)
        nothing = np.zeros_like(clip.sound)
        other = _fitted(voice, clip.sound)
        # Another clip of the person; with one alone, the same clip half its length later
        at = next(i for i, c in enumerate(own) if c is clip)
        again = own[(at + 1) % len(own)].sound if len(own) > 1 else np.roll(
            clip.sound, len(clip.sound) // 2)
        strange = [c for c in clips if (c.source, c.person) != (clip.source, clip.person)]
        face = strange[rng.integers(len(strange))]
        frames = len(clip.crops)
        turn = np.arange(frames) % len(face.crops)
        shown = replace(clip, crops=face.crops[turn], present=face.present[turn])
        seen = stillest(clip)
        back = max(len(seen) - 1, 1)
        still = seen[back - np.abs(np.arange(frames) % (2 * back) - back)]
        mute = replace(clip, crops=clip.crops[still], present=np.ones(frames, bool))
        yield Case("another", clip, clip.sound, other)
        yield Case("same", clip, clip.sound, _fitted(again, clip.sound))
        yield Case("other face", shown, clip.sound, other)
        yield Case("alone", clip, clip.sound, nothing)
        yield Case("silent", mute, nothing, other)


def stillest(clip: Clip) -> np.ndarray:
    """The frames, `STILL` in a row as far as the face is seen so long, that change least."""
    seen = np.flatnonzero(clip.present)
    change = np.abs(np.diff(clip.crops[seen].astype(np.int16), axis=0)).mean((1, 2), np.float64)
    change[np.diff(seen) > 1] = 256.0  # the face was away between them
    count = min(STILL, len(seen))
    total = np.convolve(change, np.ones(count - 1), "valid")
    return seen[int(total.argmin()):][:count]


def _fitted(voice: np.ndarray, target: np.ndarray) -> np.ndarray:
    """A voice at the length and the level of another."""
    voice = np.tile(voice, -(-len(target) // len(voice)))[: len(target)]
    return (voice * (speech_level(target) / speech_level(voice))).astype(np.float32)


def row(case: Case, voice: np.ndarray, part: slice | None = None) -> dict[str, Any]:
    """What is measured of an output.

    Args:
        case: the mixture.
        voice: the output `[N]`.
        part: samples whose SI-SDRi is told apart.
    """
    clip = case.clip
    known: dict[str, Any] = {"kind": case.kind, "source": clip.source, "person": clip.person,
                             "clip": clip.name}
    kept = -float(metrics.attenuation_db(voice, case.mixture)) if voice.any() else -120.0
    known["kept_db"] = max(kept, -120.0)  # of the mixture
    if case.target.any():
        # A silent output is no worse than no output at all: counted as noise at the level of speech
        sdr = float(metrics.si_sdr(voice, case.target)) if voice.any() else -60.0
        known["si_sdr_db"] = min(sdr, 60.0)
        if case.other.any():
            known["si_sdri_db"] = sdr - float(metrics.si_sdr(case.mixture, case.target))
            if part is not None:
                after, before = (
                    float(metrics.si_sdr(x[part], case.target[part])) if x[part].any() else -60.0
                    for x in (voice, case.mixture))
                known["away_si_sdri_db"] = after - before
            known["picked"] = bool(voice.any() and sdr > metrics.si_sdr(voice, case.other))
        elif voice.any():
            known["level_db"] = float(metrics.gain_error_db(voice, case.target))
    return known


def summary(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """A table by source: text of the cells, the first row its head.

    Args:
        rows: of `row`.
    """
    table: list[tuple[str, ...]] = [
        ("source", "clips", "another", "better", "picked", "same", "better", "picked",
         "alone SI-SDR", "level", "silent kept", "other face", "kept")]
    sources = sorted({r["source"] for r in rows})
    for source in (*sources, "all"):
        some = [r for r in rows if source in ("all", r["source"])]
        cells = [source, str(len({(r["source"], r["person"], r["clip"]) for r in some}))]
        for kind in ("another", "same"):
            gains, picked = _of(some, kind, "si_sdri_db"), _of(some, kind, "picked")
            cells += [_mean(gains), _share([gain > 0 for gain in gains]), _share(picked)]
        cells += [_mean(_of(some, kind, key)) for kind, key in (
            ("alone", "si_sdr_db"), ("alone", "level_db"), ("silent", "kept_db"),
            ("other face", "si_sdri_db"), ("other face", "kept_db"))]
        table.append(tuple(cells))
    return table


def _of(rows: Sequence[dict[str, Any]], kind: str, key: str) -> list[Any]:
    return [r[key] for r in rows if r["kind"] == kind and key in r]


def _mean(values: Sequence[float]) -> str:
    return f"{np.mean(values):.1f}" if values else "-"


def _share(values: Sequence[bool]) -> str:
    return f"{np.mean(values):.0%}" if values else "-"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, help="folder of source/person/clip or source/clip")
    parser.add_argument("voices", type=Path, help="folder of sound files of other speakers")
    parser.add_argument("-o", "--out", type=Path, required=True, help="JSON to write")
    parser.add_argument("--model", default="mvtf-small", help="name or folder (%(default)s)")
    parser.add_argument("--splitter", default="auto",
                        help="name or folder, or none (default: the released one)")
    parser.add_argument("--cache", type=Path, help="folder that keeps the crops")
    parser.add_argument("--seconds", type=float, default=8.0, help="of a mixture (%(default)s)")
    parser.add_argument("--half", type=int, choices=(0, 1, 2), default=0,
                        help="only every second person (default: all)")
    parser.add_argument("--away", type=float, default=0.0,
                        help="seconds in the middle in which the face is not shown")
    parser.add_argument("--voice", action="store_true", help="give a recording of the speaker too")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    splitter = None if args.splitter == "none" else args.splitter
    extractor = Extractor.from_pretrained(args.model, splitter=splitter)
    clips = read_clips(args.videos, args.seconds, args.cache, args.half)
    rows, enrolled = [], ""
    if args.away:
        clips = [away(c, args.away) for c in clips if len(c.sound) >= (args.away + 4) * RATE]
    for case in cases(clips, args.voices, args.seed):
        clip = case.clip
        if args.voice:
            others = [c.sound for c in clips if c is not clip and c.name != clip.name
                      and (c.source, c.person) == (clip.source, clip.person)]
            if not others:
                continue
            if enrolled != (name := f"{clip.source}/{clip.person}/{clip.name}"):
                extractor = Extractor.from_pretrained(args.model, splitter=splitter,
                                                      voice=others[0])
                enrolled = name
        voice = extractor(case.mixture, [case.clip.crops], sample_rate=RATE,
                          present=[case.clip.present])
        rows.append(row(case, voice, middle(clip, args.away) if args.away else None))
    about = {"model": str(args.model), "seed": args.seed, "seconds": args.seconds,
             "half": args.half, "away": args.away, "voice": args.voice}
    storage.write_atomically(args.out, json.dumps({**about, "rows": rows}, indent=1).encode())
    table = summary(rows)
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
    for kind in ("another", "same") if args.away else ():
        print(f"{kind}, while the face is away: "
              f"{_mean(_of(rows, kind, 'away_si_sdri_db'))} dB")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        print(f"people: error: {error}", file=sys.stderr)
        sys.exit(2)
