"""GRID: 34 talkers read 1,000 six-word sentences each before a camera; 3 s clips, frontal, 360x288
at 25 fps.

M. Cooke, J. Barker, S. Cunningham, X. Shao, "An audio-visual corpus for speech perception and
automatic speech recognition", JASA 120(5), 2006, doi:10.1121/1.2229005.

A clip's name is its sentence: `bbaf2n` is "bin blue at f two now". Word times are in `.align`
files, in 1/25000 s (1000 units a video frame).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import headers, layout, tables
from avspeech.data.corpora.scan import HeldOut, Read, Scan, dealt, read
from avspeech.data.manifest import VIEW_ANGLES, Utterance, View
from avspeech.errors import InputError

ABOUT = layout.About(
    name="GRID",
    page="https://zenodo.org/records/3625687",
    terms="free to download, no agreement to sign; CC BY 4.0",
    layout="video/sN/*.mpg and alignments/sN/*.align (also sN/*.mpg, sN/video/mpg_6000/*.mpg, "
    "sN/align/*.align)",
)

# Counts of Cooke et al. (2006), section II, and of the archive: s21 was recorded without usable
# video.
SPEAKERS = tuple(f"s{n}" for n in range(1, 35))
WITHOUT_VIDEO = ("s21",)
SENTENCES_PER_SPEAKER = 1000
CLIPS_WITH_VIDEO = (len(SPEAKERS) - len(WITHOUT_VIDEO)) * SENTENCES_PER_SPEAKER  # 33,000

UNITS_PER_SECOND = 25_000
SHORTEST_SPEECH = 0.5  # seconds of the six words; below, times are in another unit
SHORTEST = 2.5  # seconds; a clip is 3 s (75 frames), so one below this has lost its end
PROBED = 20  # clips a speaker whose labels `check` holds against the sound
MAX_LAG = 0.15  # seconds; in sound labels the median of a speaker is within 0.05 s

# Table I of Cooke et al. (2006). The letter w is not used, its name having three syllables.
GRAMMAR: tuple[dict[str, str], ...] = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    {"z": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six",
     "7": "seven", "8": "eight", "9": "nine"},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)
SILENCES = ("sil", "sp")  # at the ends, and a short pause between words


@dataclass(frozen=True)
class Film:
    """One clip's files: speaker "s1", name "bbaf2n"; align is None where there is no such file."""

    speaker: str
    name: str
    video: Path
    align: Path | None


def sentence(name: str) -> list[str] | None:
    """The six words of a clip.

    Args:
        name: of the clip.

    Returns:
        The words, or None for a name outside the grammar.
    """
    if len(name) != len(GRAMMAR):
        return None
    if any(letter not in words for letter, words in zip(name, GRAMMAR)):
        return None
    return [words[letter] for letter, words in zip(name, GRAMMAR)]


def read_align(path: Path) -> list[list]:
    """Reads an .align file.

    Args:
        path: the file.

    Returns:
        [[start, end, word], ...] without silences, in seconds from the clip's first frame.

    Raises:
        InputError: a line is not "start end word", or times go backwards.
    """
    words: list[list] = []
    last = 0.0
    for number, line in enumerate(tables.lines(path), 1):
        match = re.fullmatch(r"\s*(\d+)\s+(\d+)\s+(\S+)\s*", line)
        if not match:
            if line.strip():
                raise InputError(f"{path}:{number}: expected 'start end word', got "
                                 f"'{line.strip()[:40]}'")
            continue
        start, end = (int(match.group(i)) / UNITS_PER_SECOND for i in (1, 2))
        if end < start or start < last:
            raise InputError(f"{path}:{number}: times run backwards")
        last = end
        if match.group(3) not in SILENCES:
            words.append([start, end, match.group(3).lower()])
    return words


def _videos(source: Path, speaker: str) -> dict[str, Path]:
    """A speaker's clips by name, from the first of the places where they may be; .mpg before
    .mp4."""
    for place in (source / "video" / speaker, source / speaker / "video" / "mpg_6000",
                  source / speaker):
        videos = {p.stem: p for suffix in (".mp4", ".mpg") for p in layout.files(place, suffix)}
        if videos:
            return videos
    return {}


def _align_folder(source: Path, speaker: str) -> Path:
    places = (source / "alignments" / speaker, source / speaker / "align")
    return next((p for p in places if p.is_dir()), places[0])


def films(source: Path) -> list[Film]:
    """All existing clips, by speaker and name; an .mpg is preferred to an .mp4 of the same
    name."""
    found = []
    for speaker in SPEAKERS:
        videos = _videos(source, speaker)
        folder = _align_folder(source, speaker)
        aligned = {p.stem: p for p in layout.files(folder, ".align")} if videos else {}
        found += [Film(speaker, name, videos[name], aligned.get(name)) for name in sorted(videos)]
    return found


def _missing(source: Path, found: Sequence[Film]) -> list[str]:
    problems = []
    by_speaker: dict[str, int] = {}
    for clip in found:
        by_speaker[clip.speaker] = by_speaker.get(clip.speaker, 0) + 1
    gone = [s for s in SPEAKERS if s not in by_speaker and s not in WITHOUT_VIDEO]
    problems += layout.grouped("speakers missing", gone)
    short = [f"{s} has {layout.counted(n, SENTENCES_PER_SPEAKER, 'clips')}"
             for s, n in by_speaker.items() if n != SENTENCES_PER_SPEAKER]
    if short:
        problems.append(layout.named(short))
    bare = [f"{c.speaker}/{c.name}" for c in found if c.align is None]
    problems += layout.grouped("clips without .align", bare)
    have = {(c.speaker, c.name) for c in found}
    orphans = []
    for s in by_speaker:
        aligned = layout.files(_align_folder(source, s), ".align")
        orphans += [f"{s}/{p.stem}" for p in aligned if (s, p.stem) not in have]
    problems += layout.grouped(".align files without a clip", orphans)
    return problems


def _utterance(clip: Film, source: Path) -> Read:
    """The utterance of a clip and what is wrong with its labels. Raises InputError for a clip of no
    use."""
    where = f"{clip.speaker}/{clip.name}"
    expected = sentence(clip.name)
    if expected is None:
        raise InputError(f"{where}: the name is not a sentence of the grammar")
    media = headers.whole(clip.video)
    if not (media.audio and media.video):
        raise InputError(f"{where}: {'no picture' if media.audio else 'no sound'} in "
                         f"{clip.video.name}")
    if min(media.audio, media.video) < SHORTEST:
        raise InputError(f"{where}: {media.audio:.2f} s of sound, {media.video:.2f} s of picture, "
                         "not 3 s: cut short")
    problems, labels = [], {}
    if clip.align is not None:
        try:
            words = read_align(clip.align)
            if [w for *_, w in words] != expected:
                problems.append(f"{where}: .align says '{' '.join(w for *_, w in words)}', "
                                f"the name '{' '.join(expected)}'; its word times are left out")
            elif (words[-1][1] - words[0][0] < SHORTEST_SPEECH
                  or words[-1][1] > media.audio + 0.1):
                problems.append(f"{where}: words from {words[0][0]:.3g} to {words[-1][1]:.3g} s, "
                                f"the clip lasts {media.audio:.2f} s; its word times are left out")
            else:
                labels["words"] = words
        except InputError as error:
            problems.append(str(error))
    if abs(media.fps - 25.0) > 0.1:
        problems.append(f"{where}: {media.fps:.3g} frames a second, not 25")
    path = layout.below(clip.video, source)
    yaw, pitch = VIEW_ANGLES["front"]
    utterance = Utterance(
        id=f"grid-{clip.speaker}-{clip.name}", audio=path, duration=media.audio,
        speaker=f"grid-{clip.speaker}", text=" ".join(expected),
        views=(View(path, "front", yaw, pitch),), labels=labels)
    return Read([utterance], [("clips that are not as their labels or as published", line)
                              for line in problems])


def scan(source: Path, held: HeldOut = HeldOut(),
         speakers: str | Sequence[str] | None = None) -> Scan[Film]:
    """The existing clips, be it one speaker of 34. Labels: words, [start, end, word] each.

    Args:
        source: the corpus.
        speakers: only these ("s1", ...); default: all.
    """
    found = films(source)
    if not found:
        return Scan([], [])
    whole = (layout.counted(len({c.speaker for c in found}), len(SPEAKERS) - len(WITHOUT_VIDEO),
                            "speakers with video")
             + ", " + layout.counted(len(found), CLIPS_WITH_VIDEO, "clips"))
    problems = _missing(source, found)
    wanted = layout.chosen("speakers", speakers, list(dict.fromkeys(c.speaker for c in found)))
    return Scan([c for c in found if c.speaker in wanted], [whole], problems,
                lambda film: _utterance(film, source), dealt(held))


def label_lag(clip: Film) -> float | None:
    """By how many seconds the sound of a clip comes after its labels: where the energy in steps of
    10 ms correlates best with "a word is spoken", within +-0.6 s. One clip gives a rough estimate;
    use the median of several.

    Args:
        clip: the clip.

    Returns:
        Seconds, or None without labels or sound.
    """
    import numpy as np

    from avspeech.media import audio
    from avspeech.media.trimming import frame_power

    if clip.align is None:
        return None
    try:
        words, sound = read_align(clip.align), audio.read(clip.video, 16000)
    except InputError:
        return None
    steps = len(sound) // 160
    if not words or steps < 200:
        return None
    power = frame_power(sound, 160)
    energy = np.log(power + 1e-7 * max(float(power.max()), 1e-12))
    spoken = np.zeros(steps)
    for start, end, _ in words:
        spoken[int(start * 100):int(end * 100)] = 1.0
    energy, spoken = energy - energy.mean(), spoken - spoken.mean()
    return max(range(-60, 61), key=lambda lag: float(np.dot(np.roll(spoken, lag), energy))) / 100


def _shifted(found: Sequence[Film]) -> list[str]:
    """Speakers whose labels are early or late as a whole; there are copies of GRID with shifted
    labels.
    """
    problems = []
    for speaker in dict.fromkeys(c.speaker for c in found):
        own = [c for c in found if c.speaker == speaker]
        lags = [label_lag(c) for c in own[::max(1, len(own) // PROBED)]]
        known = sorted(lag for lag in lags if lag is not None)
        if len(known) >= 5 and abs(known[len(known) // 2]) > MAX_LAG:
            problems.append(f"{speaker}: labels are {-known[len(known) // 2]:+.2f} s off the sound "
                            f"(median of {len(known)} clips)")
    return problems


def check(source: str | Path) -> list[str]:
    """Finds what is missing or wrong: counts, names, labels that do not fit, files that do not
    open. Opens every clip, and compares the labels of some clips of each speaker with the sound.

    Args:
        source: the corpus.

    Returns:
        One line for each problem.

    Raises:
        InputError: GRID is absent.
    """
    found = scan(Path(source))
    if not found.clips:
        raise layout.absent(source, ABOUT)
    return read("grid", Path(source), found, 1)[1] + _shifted(found.clips)
