"""VoxCeleb2: interviews of celebrities from YouTube, cut to their faces; 224x224 at 25 fps,
sound apart as .m4a.

J. S. Chung, A. Nagrani, A. Zisserman, "VoxCeleb2: Deep speaker recognition", Interspeech 2018,
arXiv:1806.05622. No transcripts. Heads turn as they like, so the views carry no angle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import dealing, headers, layout, tables
from avspeech.data.corpora.scan import HeldOut, Parts, Read, Scan, dealt
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
class Track:
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
    """{"id00012": ("M", "dev")}: sex and set of each speaker in vox2_meta.csv.

    Raises InputError for a file without the columns "VoxCeleb2 ID", "Gender" and "Set".
    """
    by_tabs = any("\t" in line for line in tables.lines(path, western=True)[:1])  # copies differ
    rows = tables.read_table(path, "\t" if by_tabs else ",")
    if not rows or not {"voxceleb2 id", "gender", "set"} <= set(rows[0]):
        raise InputError(f"{path}:1: expected columns 'VoxCeleb2 ID', 'Gender' and 'Set', and a "
                         "speaker "
                         f"a line; got {layout.named(rows[0]) if rows else 'no speaker'}")
    found: dict[str, tuple[str, str]] = {}
    for row in rows:
        tables.put(found, row["voxceleb2 id"], (row["gender"].upper(), row["set"]), str(path))
    return found


def _meta(source: Path) -> dict[str, tuple[str, str]]:
    path = source / "vox2_meta.csv"
    return read_meta(path) if path.is_file() else {}


def tracks(source: Path, strange: list[Path] | None = None) -> list[Track]:
    """All existing tracks, by set, speaker, video and number. Those of a bare `mp4` folder belong
    to the set that vox2_meta.csv gives their speaker, or to test. `strange` takes the films of
    other names."""
    meta = _meta(source)
    found = []
    for place in (*(source / name for name in SETS), source):
        for speaker in layout.folders(place / "mp4"):
            if not re.fullmatch(r"id\d{5}", speaker.name):
                continue
            name = place.name if place != source else meta.get(speaker.name, ("", "test"))[1]
            for video in layout.folders(speaker):
                sounds = {p.stem: p
                          for p in layout.files(place / "aac" / speaker.name / video.name, ".m4a",
                                                ".wav")}
                found += [Track(name, speaker.name, video.name, p.stem, p, sounds.get(p.stem))
                          for p in layout.files(video, ".mp4", stem=r"\d{5}", strange=strange)]
    return found


def _counts(found: Sequence[Track]) -> dict[str, tuple[int, int, int]]:
    """(speakers, videos, clips) of each set."""
    counts = {}
    for name in SETS:
        own = [c for c in found if c.set == name]
        counts[name] = (len({c.speaker for c in own}), len({(c.speaker, c.video) for c in own}),
                        len(own))
    return counts


def summary(found: Sequence[Track]) -> list[str]:
    """Counts against the published ones, a line a set."""
    return [f"{name}: {layout.counted(speakers, SPEAKERS[name], 'speakers')}, "
            f"{layout.counted(videos, VIDEOS[name], 'videos')}, "
            f"{layout.counted(n, UTTERANCES[name], 'utterances')}"
            for name, (speakers, videos, n) in _counts(found).items()]


def _missing(source: Path, found: Sequence[Track]) -> list[str]:
    counts = _counts(found)
    problems = layout.grouped("sets missing", [name for name in SETS if not counts[name][2]])
    for name, line in zip(SETS, summary(found)):
        published = SPEAKERS[name], VIDEOS[name], UTTERANCES[name]
        problems += [line] if counts[name][2] and counts[name] != published else []
    meta = _meta(source)
    if not meta:
        problems.append("vox2_meta.csv missing: the speakers' sex is not known")
    else:
        have = {c.speaker for c in found}
        gone = [s for s, (_, name) in meta.items()
                if s not in have and name in SETS and counts[name][2]]
        problems += layout.grouped("speakers missing", sorted(gone))
        problems += layout.grouped("speakers not in vox2_meta.csv", sorted(have - set(meta)))
        problems += layout.grouped("speakers in the wrong set", sorted({
            f"{c.set}/{c.speaker}" for c in found if c.speaker in meta
            and meta[c.speaker][1] != c.set}))
    problems += layout.grouped("clips without .m4a", [c.name for c in found if c.audio is None])
    return problems + layout.empty((p for c in found for p in (c.path, c.audio) if p is not None),
                                   source)


def _utterance(track: Track, source: Path, sex: str | None, min_seconds: float) -> Read:
    media = headers.whole(track.path)
    duration = headers.whole(track.audio).audio if track.audio else media.audio
    if not (duration and media.video):
        what = "no pictures" if duration else "no sound, neither .m4a nor in the .mp4"
        raise InputError(f"{track.name}: {what}")
    if duration < min_seconds:
        return Read([], [(f"clips left out, shorter than {min_seconds:g} s", track.name)])
    return Read([Utterance(
        id=_id(track), audio=layout.below(track.audio or track.path, source), duration=duration,
        speaker=f"vox2-{track.speaker}", views=(View(layout.below(track.path, source), "face"),),
        labels={"sex": sex} if sex in ("M", "F") else {})])


def _id(track: Track) -> str:
    return f"vox2-{track.speaker}-{track.video}-{track.number}"


def scan(source: Path, held: HeldOut = HeldOut(""), min_seconds: float = 0.0,
         max_per_speaker: int | None = None) -> Scan[Track]:
    """The existing tracks. The published test set is `test`; the published "dev" set is what there
    is to train on, and `dev` is some speakers of it. Labels: sex.

    Args:
        source: the corpus.
        min_seconds: shorter clips are left out.
        max_per_speaker: clips taken of each speaker; default: all.
    """
    strange: list[Path] = []
    found = tracks(source, strange)
    if not found:
        return Scan([], [])
    meta, counts = _meta(source), summary(found)
    taken = found if max_per_speaker is None else dealing.some(
        found, lambda c: c.speaker, lambda c: c.name, max_per_speaker, held.seed)
    if len(taken) < len(found):
        counts.append(f"{len(found) - len(taken):,} clips left out: "
                      f"max_per_speaker={max_per_speaker}")
    where = {_id(c): c.set for c in taken}

    def split(utterances: list[Utterance]) -> tuple[Parts, str]:
        sets = {name: [u for u in utterances if where[u.id] == name] for name in SETS}
        if not (sets["dev"] and sets["test"]):
            return dealt(held)(utterances)
        heard = {u.speaker for u in sets["test"]}
        sets["dev"] = [u for u in sets["dev"] if u.speaker not in heard]
        part = dealing.pick((u.speaker for u in sets["dev"]), held.seed, held.dev, 0)
        return {"train": [u for u in sets["dev"] if part[u.speaker] == "train"],
                "dev": [u for u in sets["dev"] if part[u.speaker] == "dev"],
                "test": sets["test"]}, "published"

    def read(track: Track) -> Read:
        return _utterance(track, source, meta.get(track.speaker, (None, ""))[0], min_seconds)

    problems = _missing(source, found) + layout.misnamed(strange, source, "VoxCeleb2")
    return Scan(taken, counts, problems, read, split, optional=("sex",))
