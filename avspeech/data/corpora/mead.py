"""MEAD: actors say sentences in eight emotions at three levels, filmed by seven cameras at once.

K. Wang et al., "MEAD: A large-scale audio-visual dataset for emotional talking-face generation",
ECCV 2020, doi:10.1007/978-3-030-58589-1_42. It is the corpus of the multi-view extraction
experiments (neutral speech, 7 views).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import headers, layout
from avspeech.data.corpora.scan import HeldOut, Read, Scan, dealt
from avspeech.data.manifest import VIEW_ANGLES, Utterance, View
from avspeech.errors import InputError

ABOUT = layout.About(
    name="MEAD",
    page="https://wywu.github.io/projects/MEAD/MEAD.html",
    # Asked for in uniBruce/Mead, issue 23, without an answer.
    terms="links there, no agreement to sign; no license is stated, so take it for research only; "
    "unpack the .tar files",
    layout="<actor>/video/<view>/<emotion>/level_<n>/<nnn>.mp4 and "
    "<actor>/audio/<emotion>/level_<n>/<nnn>.m4a",
)

# 60 actors were recorded (the paper); 48 are in the release Part 0 (project page). Their
# names, as in use in the literature that trains on Part 0; of W017 only the view from below was
# uploaded (uniBruce/Mead, issue 9).
ACTORS = tuple("""
    M003 M005 M007 M009 M011 M012 M013 M019 M022 M023 M024 M025 M026 M027 M028 M029 M030 M031
    M032 M033 M034 M035 M037 M039 M040 M041 M042 W009 W011 W014 W015 W016 W017 W018 W019 W021
    W023 W024 W025 W026 W028 W029 W033 W035 W036 W037 W038 W040
""".split())
VIEWS = tuple(VIEW_ANGLES)
EMOTIONS = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
LEVELS = (1, 2, 3)  # neutral has level 1 only

# Sentences of an actor in an emotion at a level (supplement of the paper): 40 neutral, 30 of
# each other. Numbers are missing here and there as published (uniBruce/Mead, issue 12), so a
# shortfall is reported and not refused.
SENTENCES_NEUTRAL = 40
SENTENCES = 30
CLIPS_PER_VIEW = SENTENCES_NEUTRAL + (len(EMOTIONS) - 1) * len(LEVELS) * SENTENCES  # 670 an actor

# Seconds by which a view may be longer or shorter than the sound and still be of the same sentence
MAX_APART = 0.5


@dataclass(frozen=True)
class Sentence:
    """One sentence: actor "M003", emotion, level 1..3, number "001"; views by name;
    audio None where there is none."""

    actor: str
    emotion: str
    level: int
    number: str
    views: dict[str, Path]
    audio: Path | None

    @property
    def name(self) -> str:
        return f"{self.actor}/{self.emotion}/level_{self.level}/{self.number}"


def _leaves(folder: Path, strange: list[Path] | None,
            *suffixes: str) -> dict[tuple[str, int, str], Path]:
    """Files of `folder`/<emotion>/level_<n>/ by (emotion, level, number)."""
    found = {}
    for emotion in layout.folders(folder):
        for level in layout.folders(emotion):
            match = re.fullmatch(r"level_([1-3])", level.name)
            if emotion.name in EMOTIONS and match:
                found.update({(emotion.name, int(match.group(1)), p.stem): p
                              for p in layout.files(level, *suffixes, stem=r"\d{3}",
                                                    strange=strange)})
            elif strange is not None and layout.files(level, *suffixes):
                strange.append(level)
    return found


def sentences(source: Path, strange: list[Path] | None = None) -> list[Sentence]:
    """All sentences of which there is a view, by actor; `strange` takes files and folders of other
    names.
    Raises InputError where they are still packed."""
    found = []
    for folder in layout.folders(source):
        if not re.fullmatch(r"[MW]\d{3}", folder.name):
            continue
        views = {view: _leaves(folder / "video" / view, strange, ".mp4") for view in VIEWS}
        audio = _leaves(folder / "audio", strange, ".m4a", ".wav")
        for key in sorted({key for files in views.values() for key in files}):
            there = {view: files[key] for view, files in views.items() if key in files}
            found.append(Sentence(folder.name, *key, there, audio.get(key)))
    packed = [layout.below(p, source) for folder in layout.folders(source)
              for p in layout.files(folder, ".tar")]
    if packed and not found:
        raise InputError(f"{source}: not unpacked: {layout.named(packed)}; "
                         "unpack each in its actor's folder")
    return found


def _missing(source: Path, found: Sequence[Sentence]) -> list[str]:
    per_view: dict[str, dict[str, int]] = {}
    for clip in found:
        counts = per_view.setdefault(clip.actor, dict.fromkeys(VIEWS, 0))
        for view in clip.views:
            counts[view] += 1
    problems = layout.grouped("actors missing", [a for a in ACTORS if a not in per_view])
    problems += layout.grouped("actors not in Part 0", [a for a in per_view if a not in ACTORS])
    problems += layout.grouped("views missing", [f"{a}/{v}" for a, views in per_view.items()
                                                 for v, n in views.items() if n == 0])
    problems += layout.grouped("views with fewer sentences than published", [
        f"{a}/{v} {layout.counted(n, CLIPS_PER_VIEW, 'clips')}" for a, views in per_view.items()
        for v, n in views.items() if 0 < n < CLIPS_PER_VIEW])
    problems += layout.grouped("sentences without audio of their own",
                               [c.name for c in found if c.audio is None])
    files = [p for c in found for p in (*c.views.values(), c.audio) if p is not None]
    return problems + layout.empty(files, source)


def _utterance(clip: Sentence, source: Path, min_views: int) -> Read:
    """The utterance and the views of it that were left out. Raises InputError for a sentence of no
    use."""
    problems, lengths, sounds = [], {}, {}
    for view, path in clip.views.items():
        try:
            media = headers.whole(path)
            lengths[view], sounds[view] = media.video, media.audio
        except InputError as error:
            problems.append(("views left out", str(error)))
    audio, duration = clip.audio, 0.0
    if audio is not None:
        try:
            duration = headers.whole(audio).audio
        except InputError as error:
            problems.append(("views left out", str(error)))
    if not duration:  # the cameras' own sound: the first view that has any
        audible = [v for v in lengths if sounds[v] > 0]
        if not audible:
            raise InputError(f"{clip.name}: no sound that can be read")
        audio, duration = clip.views[audible[0]], sounds[audible[0]]
    for view in list(lengths):
        if abs(lengths[view] - duration) > MAX_APART:
            problems.append(("views left out", f"{clip.name}: {view} is {lengths[view]:.2f} s, "
                             f"the sound {duration:.2f} s; left out"))
            del lengths[view]
    if len(lengths) < min_views:
        raise InputError(f"{clip.name}: {len(lengths)} usable views, {min_views} wanted")
    assert audio is not None
    views = tuple(View(layout.below(clip.views[v], source), v, *VIEW_ANGLES[v]) for v in lengths)
    return Read([Utterance(
        id=f"mead-{clip.actor}-{clip.emotion}-{clip.level}-{clip.number}",
        audio=layout.below(audio, source), duration=duration, speaker=f"mead-{clip.actor}",
        views=views, labels={"emotion": clip.emotion, "level": clip.level, "sex": "F"
                             if clip.actor[0] == "W" else "M"})],
        problems)


def scan(source: Path, held: HeldOut = HeldOut(), emotions: str | Sequence[str] | None = None,
         views: str | Sequence[str] | None = None, min_views: int = 1) -> Scan[Sentence]:
    """The existing sentences; an utterance has every view there is of it. Labels: emotion, level
    (1..3), sex.

    Args:
        source: the corpus.
        emotions: only these; default: all.
        views: only these; default: all.
        min_views: sentences with fewer are left out.
    """
    strange: list[Path] = []
    found = sentences(source, strange)
    if not found:
        return Scan([], [])
    whole = ", ".join([layout.counted(len({c.actor for c in found}), len(ACTORS), "actors"),
                       layout.counted(len(found), len(ACTORS) * CLIPS_PER_VIEW, "sentences"),
                       f"{sum(len(c.views) for c in found):,} views of them"])
    kept_views = layout.chosen("views", views, VIEWS)
    kept = layout.chosen("emotions", emotions, EMOTIONS)
    taken = []
    for one in found:
        if one.emotion in kept:
            own = {view: one.views[view] for view in kept_views if view in one.views}
            taken.append(dataclasses.replace(one, views=own))
    return Scan(taken, [whole], _missing(source, found) + layout.misnamed(strange, source, "MEAD"),
                lambda one: _utterance(one, source, min_views), dealt(held), noun="sentences")
