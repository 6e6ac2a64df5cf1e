"""TCD-TIMIT: 59 volunteers and three lipspeakers read sentences of TIMIT before two cameras, one
straight ahead and one at 30 degrees; 1920x1080, 48 kHz sound in the .mp4.

N. Harte, E. Gillen, "TCD-TIMIT: an audio-visual corpus of continuous speech", IEEE Transactions on
Multimedia 17(5), 2015, doi:10.1109/TMM.2015.2407694. The speaker-independent split of its authors
is of 56 volunteers: 17 are the test, and three whose English is not Irish are in neither part. The
layout is that of the label files (volunteers/01M/Clips/straightcam/sa1), which several public
programs read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import dealing, headers, layout, tables
from avspeech.data.corpora.scan import HeldOut, Parts, Read, Scan, dealt
from avspeech.data.manifest import VIEW_ANGLES, Utterance, View
from avspeech.errors import InputError

ABOUT = layout.About(
    name="TCD-TIMIT",
    page="https://sigmedia.tcd.ie",
    terms="for research, with an account that is asked for there; unpack each speaker's .zip",
    layout="volunteers/<speaker>/Clips/straightcam/<sentence>.mp4 and lipspeakers/Lipspkr<n>/..., "
    "with volunteer_labelfiles.mlf and lipspeaker_labelfiles.mlf for the phones",
)

GROUPS = {"volunteers": r"\d\d[MF]", "lipspeakers": r"Lipspkr[123]"}
CAMERAS = ("straightcam", "30degcam")
# Of the paper: 6,913 sentences in all
SENTENCES = {"volunteers": 98, "lipspeakers": 377}  # of a speaker
SPEAKERS = {"volunteers": 59, "lipspeakers": 3}
# Of the authors' split by speakers
TEST = frozenset("08F 09F 15F 18M 25M 28M 33F 34M 36F 41M 44F 45F 49F 54M 55F 56M 58F".split())
NEITHER = frozenset(("27M", "35M", "53M"))
UNITS_PER_SECOND = 10_000_000  # of times in label files of HTK
SILENCES = ("sil", "sp")


@dataclass(frozen=True)
class Film:
    """One clip: group "volunteers", speaker "01M", sentence "sx123"."""

    group: str
    speaker: str
    sentence: str
    path: Path

    @property
    def name(self) -> str:
        return f"{self.speaker}/{self.sentence}"


def read_labels(path: Path) -> dict[str, list[list]]:
    """Reads a label file of all clips (HTK's master label file).

    Args:
        path: the .mlf.

    Returns:
        {"01M/sa1": [[start, end, phone], ...]}, in seconds, without silences.

    Raises:
        InputError: a line is none of such a file, or a clip has two different lists.
    """
    found: dict[str, list[list]] = {}
    own: list[list] | None = None
    name = ""
    for number, line in enumerate(tables.lines(path), 1):
        where, text = f"{path}:{number}", line.strip()
        cells = text.split()
        if text.startswith('"'):
            parts = re.sub(r"\.[A-Za-z0-9]+$", "", text.strip('"').replace("\\", "/")).split("/")
            speaker = next((p for p in parts[:-1] if any(
                re.fullmatch(pattern, p, re.IGNORECASE) for pattern in GROUPS.values())), None)
            if speaker is None:
                raise InputError(f"{where}: expected a path such as "
                                 f"'.../volunteers/01M/Clips/straightcam/sa1.rec', got "
                                 f"'{text[:60]}'")
            name, own = f"{speaker}/{parts[-1].lower()}", []
        elif text == "." and own is not None:
            tables.put(found, name, own, where)
            own = None
        elif own is not None and len(cells) == 3 and cells[0].isdigit() and cells[1].isdigit():
            start, end = (int(cell) / UNITS_PER_SECOND for cell in cells[:2])
            if end < start or own and start < own[-1][1]:
                raise InputError(f"{where}: times run backwards")
            if cells[2] not in SILENCES:
                own.append([start, end, cells[2]])
        elif text and text != "#!MLF!#":
            raise InputError(f"{where}: expected 'start end phone', got '{text[:40]}'")
    return found


def films(source: Path, camera: str, strange: list[Path]) -> list[Film]:
    """All existing clips of a camera, by speaker and sentence; `strange` takes films of other
    names."""
    found = []
    for group, pattern in GROUPS.items():
        for folder in layout.folders(source / group):
            if not re.fullmatch(pattern, folder.name, re.IGNORECASE):
                continue
            place = next((p for p in (folder / "Clips" / camera, folder / camera) if p.is_dir()),
                         folder / "Clips" / camera)
            found += [Film(group, folder.name, p.stem.lower(), p) for p in layout.files(
                place, ".mp4", stem=r"s[aix]\d+", strange=strange)]
    return found


def _missing(source: Path, found: Sequence[Film]) -> list[str]:
    have = Counter((c.group, c.speaker) for c in found)
    problems = []
    for group, number in SPEAKERS.items():
        there = sum(own == group for own, _ in have)
        if there != number:
            problems.append(layout.counted(there, number, group))
    short = [f"{speaker} has {layout.counted(n, SENTENCES[group], 'clips')}"
             for (group, speaker), n in have.items() if n != SENTENCES[group]]
    problems += layout.grouped("speakers with another number of clips than published", short)
    packed = [layout.below(p, source) for group in GROUPS for folder in
              layout.folders(source / group) for place in (folder, folder / "Clips")
              for p in layout.files(place, ".zip") if not (place / p.stem).is_dir()]
    return problems + layout.grouped("archives not unpacked", packed)


def _utterance(film: Film, camera: str, source: Path, phones: dict[str, list[list]]) -> Read:
    media = headers.whole(film.path)
    if not (media.audio and media.video):
        raise InputError(f"{film.name}: {'no picture' if media.audio else 'no sound'}")
    where = layout.below(film.path, source)
    problems, labels = [], {}
    # Only the straight camera's clips have labels: the cameras were not started at one moment.
    own = phones.get(film.name) if camera == CAMERAS[0] else None
    if own and own[-1][1] > media.audio + 0.5:
        problems.append(("clips whose phones last longer than they do; the phones are left out",
                         film.name))
    elif own:
        labels["phones"] = own
    view = (View(where, "front", *VIEW_ANGLES["front"]) if camera == CAMERAS[0]
            else View(where, "side_30"))
    return Read([Utterance(
        id=f"tcd_timit-{film.speaker}-{film.sentence}", audio=where, duration=media.audio,
        speaker=f"tcd_timit-{film.speaker}", views=(view,), labels={
            **labels, "sentence": film.sentence, **({"sex": film.speaker[-1]} if
                                                    film.group == "volunteers" else {})})],
        problems)


def scan(source: Path, held: HeldOut = HeldOut(""), camera: str = "straightcam",
         lipspeakers: bool = False) -> Scan[Film]:
    """The existing clips: the published test speakers where they are there, some of the others for
    dev. Labels: sentence, sex, and phones where the label files are there.

    Args:
        source: the corpus.
        camera: "straightcam" or "30degcam", whose clips have sound of their own.
        lipspeakers: train on the three lipspeakers, too.
    """
    layout.chosen("camera", camera, CAMERAS)
    strange: list[Path] = []
    found = films(source, camera, strange)
    if not found:
        return Scan([], [])
    whole = ", ".join(
        layout.counted(len({c.speaker for c in found if c.group == group}), SPEAKERS[group], group)
        for group in GROUPS)
    clips = layout.counted(len(found), sum(SPEAKERS[g] * SENTENCES[g] for g in GROUPS), "clips")
    phones: dict[str, list[list]] = {}
    for path in layout.files(source, ".mlf", stem="(volunteer|lipspeaker)_labelfiles"):
        phones |= read_labels(path)
    taken = [c for c in found if c.speaker not in NEITHER
             and (c.group == "volunteers" or lipspeakers)]
    kept = {c.speaker for c in taken}
    left = Counter(c.speaker for c in found if c.speaker not in kept)
    told = [f"{whole}, {clips} of {camera}", *layout.grouped(
        "speakers left out, as of the published split", [
            f"{speaker} ({n:,} clips)" for speaker, n in left.items()], 6)]

    def split(utterances: list[Utterance]) -> tuple[Parts, str]:
        tested = {f"tcd_timit-{speaker}" for speaker in TEST}
        if not any(u.speaker in tested for u in utterances):
            return dealt(held)(utterances)
        pool = {u.speaker for u in utterances} - tested
        dev = dealing.pick(pool, held.seed, held.dev, 0) if pool else {}
        parts: Parts = {name: [] for name in dealing.SPLITS}
        for u in utterances:
            parts["test" if u.speaker in tested else dev[u.speaker]].append(u)
        return parts, "published"

    return Scan(taken, told,
                _missing(source, found) + layout.misnamed(strange, source, "TCD-TIMIT"),
                lambda film: _utterance(film, camera, source, phones), split)
