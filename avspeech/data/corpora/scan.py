"""Makes manifests of a corpus from its `Scan`.

A corpus file has `ABOUT` and `scan(source, ...) -> Scan`. From these, `corpora.prepare` and
`corpora.check` read each clip, count, report what is wrong or left out, split, and write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from avspeech.data.corpora import dealing, headers, layout
from avspeech.data.labels import is_nobody, missing
from avspeech.data.manifest import PART, Utterance
from avspeech.errors import InputError
from avspeech.media import audio, recordings

LOOKED_AT = 20  # sounds, to know the sample rate of a copy
MOST_FOLDERS = 50  # in which a corpus is looked for
T = TypeVar("T")
Parts = dict[str, list[Utterance]]


@dataclass(frozen=True)
class Clip:
    """One clip in one sound file. Only its length is still unknown. Where the file is there in
    another format than `path` says, `path` becomes that one (`layout.sound`)."""

    id: str  # without the name of the corpus
    path: Path
    speaker: str  # without the name of the corpus
    labels: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    start: float = 0.0  # seconds in the file
    end: float | None = None  # seconds in the file; None: the end of the file

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", layout.sound(self.path))


@dataclass(frozen=True)
class HeldOut:
    """What is held out of a corpus that is split here: options of `corpora.prepare`."""

    # "speaker" (no speaker is in two parts), "clip", or "auto": by speaker if there are three or
    # more. "": the corpus decides, and the option does not exist.
    split: str = "auto"
    seed: int = 0  # changes what is held out
    dev: float = dealing.DEV  # share (below 1) or count for development
    test: float = dealing.TEST  # share (below 1) or count for test

    def options(self) -> list[str]:
        """The names of the options that the corpus has."""
        return [*(["split"] if self.split else []), "seed", "dev", "test"]


@dataclass(frozen=True)
class Read:
    """The result of reading one clip."""

    utterances: Sequence[Utterance]
    # Problems of parts of it, as (kind, line). Lines of one kind are counted and the first ones
    # shown; all lines of kind "" are shown.
    problems: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Scan(Generic[T]):
    """The content of a corpus according to its tables and folders; its files may be missing."""

    clips: list[T]
    found: list[str]  # lines with counts, which are printed
    problems: list[str] = field(default_factory=list)  # how it differs from what was published
    # Reads one of `clips` if they are not `Clip`. Raises InputError for one that cannot be used.
    read: Callable[[T], Read] | None = None
    # Returns (utterances of train, dev and test, how they were split); None: one manifest, which a
    # protocol splits
    split: Callable[[list[Utterance]], tuple[Parts, str]] | None = None
    prefixes: tuple[str, str] = ("", "")  # of ids and of speakers; "": name of the corpus
    noun: str = "clips"
    labels: tuple[str, ...] = ()  # clips without these are counted; a split without is a problem
    optional: tuple[str, ...] = ()  # clips without these are counted
    timed: bool = False  # add the minutes of the usable clips to the first line of `found`
    shortest: float = 0.0  # seconds; a shorter clip was cut
    varied: bool = False  # lengths differ, so many clips of equal length mean that the copy was cut
    rate: int = 0  # Hz, as published; 0: not known


def counts(have: Mapping[str, int], published: Mapping[str, int],
           noun: str) -> tuple[list[str], list[str]]:
    """Compares counts with the published ones.

    Args:
        have: {part: count}.
        published: {part: count}.
        noun: what is counted.

    Returns:
        (one line with the total, one line for each part that differs).
    """
    whole = [layout.counted(sum(have.values()), sum(published.values()), noun)]
    return whole, [f"{name}: {layout.counted(have.get(name, 0), number, noun)}"
                   for name, number in published.items() if have.get(name, 0) != number]


def first(*places: Path) -> Path:
    """The first of several paths that exists; if none does, the first.

    Args:
        places: the paths.
    """
    return next((p for p in places if p.exists()), places[0])


def dealt(held: HeldOut, where: Mapping[str, str] | None = None
          ) -> Callable[[list[Utterance]], tuple[Parts, str]]:
    """A function for `Scan.split` that holds out speakers or clips.

    Args:
        held: how many.
        where: {utterance id: published part}. With "auto", the published train, dev and test parts
            are used if all three exist, without those speakers of train and dev who are in a
            later one.
    """
    def split(utterances: list[Utterance]) -> tuple[Parts, str]:
        parts: Parts = {name: [] for name in dealing.SPLITS}
        for name in parts:
            parts[name] = [u for u in utterances if (where or {}).get(u.id, "").startswith(name)]
        if held.split == "auto" and all(parts.values()):
            for name, before in (("dev", ("test",)), ("train", ("test", "dev"))):
                heard = {u.speaker for part in before for u in parts[part]}
                parts[name] = [u for u in parts[name] if u.speaker not in heard]
            return parts, "published"
        return dealing.split(utterances, held.split or "auto", held.seed, held.dev, held.test)

    return split


def _files(source: Path, scan: Scan[Any]) -> tuple[list[Any], list[str]]:
    """(clips whose file exists and is not empty, problems of the others)."""
    if scan.read is not None:
        return scan.clips, []
    there = [c for c in scan.clips if layout.is_file(c.path)]
    problems = layout.grouped(f"{scan.noun} without sound", [
        layout.below(c.path, source) for c in scan.clips if not layout.is_file(c.path)])
    paths = list(dict.fromkeys(c.path for c in there))
    stubs = layout.pointers(paths)
    problems += layout.empty(paths, source) + layout.unfetched(stubs, source)
    first: dict[str, Clip] = {}
    again = [c for c in there if first.setdefault(c.id, c) is not c]
    torn = {c.id for c in again if (c.labels, c.speaker, c.text or first[c.id].text) != (
        first[c.id].labels, first[c.id].speaker, first[c.id].text or c.text)}
    problems += layout.grouped(f"{scan.noun} that occur twice; the first is used",
                               [c.id for c in again if c.id not in torn])
    problems += layout.grouped(f"{scan.noun} that occur twice, with another label, text or "
                               "speaker; none is used", sorted(torn))
    names = {c.speaker for c in there}  # "" alone: a corpus of one voice
    nobody = {name for name in names if names != {""} and is_nobody(name, names)}
    problems += layout.grouped(f"{scan.noun} left out, whose speaker is not known", [
        f"{c.id} ('{c.speaker}')" for c in first.values() if c.speaker in nobody])
    return [c for c in first.values() if c.path not in stubs and c.id not in torn
            and c.speaker not in nobody], problems


def read(corpus: str, source: Path, scan: Scan[Any],
         workers: int) -> tuple[list[Utterance], list[str], list[str]]:
    """Reads the clips of a scan.

    Args:
        corpus: its name in the registry.
        source: its folder.
        scan: its content.
        workers: threads that open files.

    Returns:
        (utterances, problems of the scan and of its files, notes on what need not be mended).
    """
    clips, wrong = _files(source, scan)
    done, unusable = layout.gather(clips, scan.read or _reader(corpus, source, scan), corpus,
                                   workers)
    utterances = [replace(u, text=u.text if u.text and u.text.strip() else None, labels={
        name: value for name, value in u.labels.items() if name == PART or not missing(value)})
        for one in done for u in one.utterances]
    problems = scan.problems + wrong + layout.grouped(f"unusable {scan.noun}", unusable)
    twice = {i for i, n in Counter(u.id for u in utterances).items() if n > 1}
    problems += layout.grouped("utterances in two places, none is used", sorted(twice))
    utterances = [u for u in utterances if u.id not in twice]
    kinds: dict[str, list[str]] = {}
    for one in done:
        for kind, line in one.problems:
            kinds.setdefault(kind, []).append(line)
    problems += kinds.pop("", [])
    for kind, lines in kinds.items():
        problems += layout.grouped(kind, lines)
    problems += cut_short(utterances) if scan.varied else []
    notes = _resampled(utterances, source, scan.rate) + _lossy(utterances, scan.rate)
    return utterances, problems, notes


def cut_short(utterances: Sequence[Utterance], share: float = 0.2) -> list[str]:
    """One line if many clips are as long as the longest, to the millisecond: there are copies of
    corpora in which all clips were cut to one length.

    Args:
        utterances: of the corpus.
        share: of the clips above which this is a problem.

    Returns:
        The line in a list; [] if there is no problem or there are fewer than 20 clips.
    """
    longest = max((u.duration for u in utterances), default=0.0)
    equal = sum(abs(u.duration - longest) < 1e-3 for u in utterances)
    if len(utterances) < 20 or equal <= share * len(utterances):
        return []
    return [f"{equal:,} of {len(utterances):,} clips last exactly {longest:.2f} s, and none is "
            "longer: this copy was cut"]


def _lossy(utterances: Sequence[Utterance], published: int) -> list[str]:
    """A line where a corpus that was published without loss is there in formats with loss."""
    kinds = Counter(Path(u.audio).suffix.lower() for u in utterances)
    lossy = [kind for kind in kinds if kind in layout.SOUNDS[4:]]
    return [f"{sum(kinds[kind] for kind in lossy):,} sounds are {', '.join(lossy)}, whose coding "
            "changes them; published were .wav"] if published and lossy else []


def unwrapped(find: Callable[[Path], Scan[Any]], source: Path, depth: int = 3
              ) -> tuple[Path, Scan[Any]]:
    """(the folder of a corpus, its scan): `source`, or where nothing is found there the only folder
    below it in which something is, as archives unpack into folders of their own.

    Args:
        find: the `scan` of a corpus.
        source: folder.
        depth: how many folders down are looked at.

    Raises:
        InputError: there are several such folders, or as `find` does.
    """
    found = find(source)
    inner = [] if found.clips or not depth else layout.folders(source)[:MOST_FOLDERS]
    there = []
    for folder in inner:
        try:
            place, own = unwrapped(find, folder, depth - 1 if len(inner) == 1 else 0)
        except InputError:  # something of it, which cannot be read
            if len(inner) == 1:
                raise
            continue
        there += [(place, own)] if own.clips else []
    if len(there) > 1:
        names = [c.id for _, own in there for c in own.clips if isinstance(c, Clip)]
        parts = bool(names) and len(set(names)) == len(names)
        raise InputError(f"{source}: it is in {len(there)} folders of this one: "
                         f"{layout.named([place.name for place, _ in there])}; "
                         + ("each has clips of its own: put them in one, as published" if parts
                            else "give one of them"))
    return there[0] if there else (source, found)


def _resampled(utterances: Sequence[Utterance], source: Path, published: int) -> list[str]:
    """A line where a copy has less than the published rate, and than 16 kHz, which is what models
    hear. Every file of such a copy has, so a few are looked at."""
    if not published or not utterances:
        return []
    some = utterances[:: max(1, len(utterances) // LOOKED_AT)]
    rates = [recordings.survey(source / u.audio).rate for u in some]
    rate = int(np.median(rates))
    if rate >= min(published, audio.SAMPLE_RATE):
        return []
    return [f"its sound has {rate:,} Hz, published were {published:,}: this copy was resampled, "
            f"and lacks all above {rate // 2:,} Hz"]


def _reader(corpus: str, source: Path, scan: Scan[Clip]) -> Callable[[Clip], Read]:
    ids, speakers = (prefix or corpus for prefix in scan.prefixes)

    def work(clip: Clip) -> Read:
        where, seconds = layout.below(clip.path, source), headers.media(clip.path).audio
        end = seconds if clip.end is None else min(clip.end, seconds)
        if seconds <= 0:
            raise InputError(f"{where}: no sound in it that can be decoded")
        if cut := headers.cut_off(clip.path, seconds):
            if clip.end is None or clip.end > seconds:
                raise InputError(f"{where}: {cut}; copy it again")
        if end <= clip.start:
            raise InputError(f"{where}: ends before {clip.id} starts")
        if end - clip.start < scan.shortest:
            raise InputError(f"{where}: {end - clip.start:.2f} s of sound: cut short")
        return Read([Utterance(
            id=f"{ids}-{clip.id}", audio=where, duration=round(end - clip.start, 4),
            speaker=f"{speakers}-{clip.speaker}".removesuffix("-"), start=clip.start,
            text=clip.text, labels=clip.labels)])

    return work


def _unlabelled(utterances: Sequence[Utterance], scan: Scan[Any]) -> tuple[list[str], list[str]]:
    """(a line for each label that some utterances lack, a problem for each split in which all lack
    one)."""
    found, problems = [], []
    silent = sum(u.text is None for u in utterances)
    if 0 < silent < len(utterances):
        found.append(f"{silent:,} of {len(utterances):,} utterances have no text")
    for label in (*scan.labels, *scan.optional):
        without = [u for u in utterances if u.labels.get(label) is None]
        if without:
            found.append(f"{len(without):,} of {len(utterances):,} utterances have no label "
                         f"'{label}'")
        whole = Counter(str(u.labels.get("split", "")) for u in utterances)
        bare = Counter(str(u.labels.get("split", "")) for u in without)
        problems += [f"no utterance of the {part} split has the label '{label}'"
                     for part, size in whole.items()
                     if label in scan.labels and part in dealing.SPLITS and bare[part] == size]
    return found, problems


def _in_two_parts(utterances: Sequence[Utterance]) -> list[str]:
    """A line with the speakers whom published parts share, who are heard in training and in test;
    [] if there are none."""
    parts: dict[str, set[str]] = {}
    for u in utterances:
        if u.labels.get("split") in dealing.SPLITS:
            parts.setdefault(u.speaker, set()).add(u.labels["split"])
    return layout.grouped("speakers are in two parts", [
        f"{speaker} ({' and '.join(p for p in dealing.SPLITS if p in own)})"
        for speaker, own in parts.items() if len(own) > 1])


def prepare(corpus: str, about: layout.About | None, source: Path, out: str | Path, scan: Scan[Any],
            incomplete: bool, workers: int, seed: int = 0) -> list[Path]:
    """Writes the manifests of a scan.

    Args:
        corpus: its name in the registry.
        about: its `ABOUT`; None if its scan refuses an absent corpus.
        source: its folder.
        out: folder for the manifests.
        scan: its content.
        incomplete: accept a corpus that differs from what was published, where a protocol splits
            it.
        workers: threads that open files.
        seed: of the split.

    Returns:
        The paths of the manifests.

    Raises:
        InputError: the corpus is absent, or differs from what was published and `incomplete` is
            off.
    """
    if not scan.clips and about is not None:
        raise layout.absent(source, about)
    utterances, problems, notes = read(corpus, source, scan, workers)
    found, bare = _unlabelled(utterances, scan)
    found = scan.found + notes + found + _in_two_parts(utterances)
    if scan.timed:
        found[0] += f", {sum(u.duration for u in utterances) / 60:.1f} minutes"
    if scan.split is None and about is not None:
        return finish_whole(out, about, corpus, source, utterances, found, problems + bare,
                                   incomplete)
    parts, by = scan.split(utterances) if utterances and scan.split else ({}, "clip")
    left = len({u.id for u in utterances}) - sum(map(len, parts.values()))
    if utterances and left:
        found.append(f"{left:,} utterances left out: their speaker or recording is held out in "
                     "another part")
    return layout.finish(out, parts, layout.Prepared(corpus, str(source.resolve()), by, seed,
                                                     found=found, problems=problems))


def finish_whole(out: str | Path, about: layout.About, corpus: str, source: str | Path,
                 utterances: Sequence[Utterance], found: list[str], problems: list[str],
                 incomplete: bool = False) -> list[Path]:
    """Writes one manifest, `all.jsonl`, of a corpus that a protocol splits (`data.protocol`).

    A protocol counts every file, so a corpus with a file less would be another experiment: if there
    are problems, they are printed and nothing is written, unless `incomplete` is given.

    Args:
        out: folder for the manifest.
        about: of the corpus.
        corpus: its name in the registry.
        source: its folder.
        utterances: all of them.
        found: lines to print.
        problems: how the corpus differs from what was published.
        incomplete: accept problems.

    Raises:
        InputError: there are problems and `incomplete` is off.
    """
    if problems and not incomplete:
        for line in found:
            print(f"{corpus}: {line}")
        for line in problems:
            print(f"{corpus}: problem: {line}")
        raise InputError(f"{source}: {about.name} is not as published: {'; '.join(problems[:3])}"
                         + (f"; and {len(problems) - 3} problems more, printed above"
                            if len(problems) > 3 else "")
                         + ". Complete it, or use what there is with incomplete=true "
                         "(in a recipe: corpus.incomplete=true)")
    return layout.finish(out, {"all": list(utterances)}, layout.Prepared(
        corpus, str(Path(source).resolve()), "none", 0, found=found, problems=problems))


def check(corpus: str, about: layout.About, source: Path, scan: Scan[Any]) -> list[str]:
    """Finds what is missing or wrong. The files of a corpus that is split here are not opened,
    because there are many; preparing it opens them.

    Args:
        corpus: its name in the registry.
        about: its `ABOUT`.
        source: its folder.
        scan: its content.

    Returns:
        One line for each problem.

    Raises:
        InputError: the corpus is absent.
    """
    if not scan.clips:
        raise layout.absent(source, about)
    if scan.split is not None:
        return scan.problems + _files(source, scan)[1]
    utterances, problems, notes = read(corpus, source, scan, 4)
    return problems + _unlabelled(utterances, scan)[1] + notes
