"""VoxCeleb2: interviews of celebrities from YouTube, cut to their faces; 224x224 at 25 fps,
sound apart as .m4a.

J. S. Chung, A. Nagrani, A. Zisserman, "VoxCeleb2: Deep speaker recognition", Interspeech 2018,
arXiv:1806.05622. No transcripts. Heads turn as they like, so the views carry no angle.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance, View
from avspeech.errors import InputError

ABOUT = layout.About(
    name="VoxCeleb2",
    page="https://mm.kaist.ac.kr/datasets/voxceleb/",
    terms="on request by the form there; CC BY 4.0, while the videos remain their owners'",
    layout="dev/mp4 and test/mp4 with <id>/<video>/<nnnnn>.mp4, dev/aac and test/aac with .m4a, "
    "vox2_meta.csv "
           "(also mp4 and aac alone, as the archives of test unpack)",
)

SETS = ("dev", "test")
# Table 2 of the paper, which share no speaker.
SPEAKERS = {"dev": 5_994, "test": 118}
VIDEOS = {"dev": 145_569, "test": 4_911}
UTTERANCES = {"dev": 1_092_009, "test": 36_237}


@dataclass(frozen=True)
class Clip:
    """One utterance: set "dev" or "test" as published, speaker "id00012", video, number;
    audio None where absent."""

    set: str
    speaker: str
    video: str
    number: str
    path: Path
    audio: Path | None

    @property
    def name(self) -> str:
        return f"{self.set}/{self.speaker}/{self.video}/{self.number}"


def read_meta(path: Path) -> dict[str, tuple[str, str]]:
    """{"id00012": ("M", "dev")}: sex and set of each speaker in vox2_meta.csv,
    whose cells are padded with blanks.

    Raises InputError for a file without the columns "VoxCeleb2 ID", "Gender" and "Set".
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as lines:
            rows = [[cell.strip() for cell in row] for row in csv.reader(lines) if row]
    except (OSError, UnicodeDecodeError, csv.Error):
        raise InputError(f"{path}: cannot be read as text") from None
    header = rows[0] if rows else []
    try:
        at = [header.index(name) for name in ("VoxCeleb2 ID", "Gender", "Set")]
    except ValueError:
        raise InputError(f"{path}:1: expected columns 'VoxCeleb2 ID', 'Gender' and 'Set', "
                         f"got {layout.named(header)}"
                         ) from None
    meta = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) <= max(at):
            raise InputError(f"{path}:{number}: expected {len(header)} cells, got {len(row)}")
        meta[row[at[0]]] = (row[at[1]].upper(), row[at[2]])
    return meta


def _meta(source: Path) -> dict[str, tuple[str, str]]:
    path = source / "vox2_meta.csv"
    return read_meta(path) if path.is_file() else {}


def clips(source: str | Path) -> list[Clip]:
    """All clips there are, by set, speaker, video and number. Those of a bare `mp4` folder belong to
    the set that vox2_meta.csv gives their speaker, or to test. Raises InputError, saying where to
    get VoxCeleb2, for none."""
    source = Path(source)
    meta = _meta(source)
    found = []
    for place in (*(source / name for name in SETS), source):
        for speaker in layout.folders(place / "mp4"):
            if not re.fullmatch(r"id\d{5}", speaker.name):
                continue
            name = place.name if place != source else meta.get(speaker.name, ("", "test"))[1]
            for video in layout.folders(speaker):
                sounds = {p.stem: p
                          for p in layout.files(place / "aac" / speaker.name / video.name, ".m4a", ".wav")}
                found += [Clip(name, speaker.name, video.name, p.stem, p, sounds.get(p.stem))
                          for p in layout.files(video, ".mp4")]
    if not found:
        raise layout.absent(source, ABOUT)
    return found


def _counts(found: Sequence[Clip]) -> dict[str, tuple[int, int, int]]:
    """(speakers, videos, clips) of each set."""
    counts = {}
    for name in SETS:
        own = [c for c in found if c.set == name]
        counts[name] = (len({c.speaker for c in own}), len({(c.speaker, c.video) for c in own}), len(own))
    return counts


def summary(found: Sequence[Clip]) -> list[str]:
    """Counts against the published ones, a line a set."""
    return [f"{name}: {layout.counted(speakers, SPEAKERS[name], 'speakers')}, "
            f"{layout.counted(videos, VIDEOS[name], 'videos')}, "
            f"{layout.counted(n, UTTERANCES[name], 'utterances')}"
            for name, (speakers, videos, n) in _counts(found).items()]


def _missing(source: Path, found: Sequence[Clip]) -> list[str]:
    counts = _counts(found)
    problems = layout.grouped("sets missing", [name for name in SETS if not counts[name][2]])
    problems += [line for name, line in zip(SETS, summary(found))
                 if counts[name][2] and counts[name] != (SPEAKERS[name], VIDEOS[name], UTTERANCES[name])]
    meta = _meta(source)
    if not meta:
        problems.append("vox2_meta.csv missing: the speakers' sex is not known")
    else:
        have = {c.speaker for c in found}
        problems += layout.grouped("speakers missing", sorted(s for s, (_, name) in meta.items()
                                                              if s not in have and name in SETS
                                                              and counts[name][2]))
        problems += layout.grouped("speakers not in vox2_meta.csv", sorted(have - set(meta)))
        problems += layout.grouped("speakers in the wrong set", sorted({
            f"{c.set}/{c.speaker}" for c in found if c.speaker in meta and meta[c.speaker][1] != c.set}))
    problems += layout.grouped("clips without .m4a", [c.name for c in found if c.audio is None])
    return problems + layout.empty((p for c in found for p in (c.path, c.audio) if p is not None), source)


def _utterance(clip: Clip, source: Path, sex: str | None) -> Utterance:
    media = layout.media(clip.path)
    duration = layout.media(clip.audio).audio if clip.audio else media.audio
    if not (duration and media.video):
        raise InputError(f"{clip.name}: "
                         f"{'no picture' if duration else 'no sound, neither .m4a nor in the .mp4'}")
    return Utterance(
        id=f"vox2-{clip.speaker}-{clip.video}-{clip.number}",
        audio=layout.below(clip.audio or clip.path, source), duration=duration,
        speaker=f"vox2-{clip.speaker}", views=(View(layout.below(clip.path, source), "face"),),
        labels={"sex": sex} if sex in ("M", "F") else {})


def prepare(source: str | Path, out: str | Path, seed: int = 0, dev: float = layout.DEV,
            test: float = layout.TEST, min_seconds: float = 0.0, max_per_speaker: int | None = None,
            workers: int = 4) -> list[Path]:
    """Writes train, dev and test manifests. The published test set is `test`; the published "dev" set is what
    there is to train on, and `dev` is some speakers of it.

    dev: share or count of speakers held out; test: the same, used only where the published test set is not
    there; min_seconds: shorter clips are left out; max_per_speaker: clips taken of each, drawn with the seed;
    workers: threads that open files. Labels: sex. Raises InputError where VoxCeleb2 is absent.
    """
    source = Path(source)
    found = clips(source)
    counts, missing, meta = summary(found), _missing(source, found), _meta(source)
    if max_per_speaker is not None:
        found = layout.some(found, lambda c: c.speaker, lambda c: c.name, max_per_speaker, seed)

    def work(clip: Clip) -> tuple[str, Utterance]:
        return clip.set, _utterance(clip, source, meta.get(clip.speaker, (None, ""))[0])

    read, unusable = layout.gather(found, work, "VoxCeleb2", workers)
    read = [(name, utterance) for name, utterance in read if utterance.duration >= min_seconds]
    sets = {name: [utterance for own, utterance in read if own == name] for name in SETS}
    by = "published"
    if sets["dev"] and sets["test"]:
        where = layout.pick((u.speaker for u in sets["dev"]), seed, dev, 0)
        parts = {"train": [u for u in sets["dev"] if where[u.speaker] == "train"],
                 "dev": [u for u in sets["dev"] if where[u.speaker] == "dev"], "test": sets["test"]}
    elif read:
        parts, by = layout.split([utterance for _, utterance in read], "auto", seed, dev, test)
    else:
        parts = {}
    problems = missing + layout.grouped("unusable clips", unusable)
    return layout.finish(out, parts,
                         layout.Prepared("voxceleb2", str(source.resolve()), by, seed, found=counts,
                                         problems=problems))


def check(source: str | Path) -> list[str]:
    """What is missing, a line each: sets, counts, speakers, sound; files of 0 bytes.
    Opens no file (`prepare` does).

    Raises InputError where VoxCeleb2 is absent.
    """
    source = Path(source)
    return _missing(source, clips(source))
