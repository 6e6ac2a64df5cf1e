"""What may be meant otherwise in labels and speakers of a user's own sounds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from avspeech.data.corpora import dealing, layout
from avspeech.data.corpora.scan import Clip
from avspeech.data.labels import canonical, is_known, plain
from avspeech.errors import InputError

RATINGS = 10  # more classes than this that are numbers with fractions are ratings
SCALE = 5  # as many numbers, and nothing else, may be a scale of ratings
# Labels that are classes here, and elsewhere stand for none
DOUBTFUL = {"xxx", "oth", "other", "unknown", "unk", "-", "--", "undecided", "no agreement",
            "unlabeled", "unlabelled", "none given", "no label", "missing", "unclear",
            "unsure", "not sure", "unsorted", "ambiguous", "mixed", "various", "-9", "-99", "-999",
            "99", "999"}


def _number(label: str) -> str:
    """A label that is a number as `plain` has it; "" for another."""
    name = plain(label)
    return name if name.lstrip("-").replace(".", "", 1).isdigit() else ""


def one_label(clips: Sequence[Clip], source: Path) -> None:
    """Refuses what is no class.

    Args:
        clips: with the label "emotion".
        source: where they are from, for the error.

    Raises:
        InputError: a label is two of the others ("joy;rage"), a list of labels, or a rating.
    """
    labels = {clip.labels["emotion"] for clip in clips}
    alone = {canonical(label) for label in labels}
    for clip in clips:
        label = clip.labels["emotion"]
        parts = [part for part in re.split(r"[;|,+&/]", label) if part.strip()]
        names = {canonical(part) for part in parts}
        if re.fullmatch(r"\[.*\]|\{.*\}", label) or len(names) > 1 and not is_known(label) and (
                names <= alone or all(map(is_known, parts)) and not re.search(r"[+&/]", label)):
            raise InputError(f"{source}: {clip.path.name} has the label '{label[:40]}', which is "
                             "more than one; expected one for each sound: give one, or leave the "
                             "sound out")
    rated = [label for label in labels if "." in _number(label)]
    if rated and len(labels) > RATINGS:
        raise InputError(f"{source}: {len(labels):,} labels that are numbers with fractions "
                         f"({layout.named(sorted(rated), 3)}): ratings, and not classes; give each "
                         "range of them a name, as low and high")


def _rare(clips: Sequence[Clip]) -> list[str]:
    """A line with the classes of too few speakers for all three parts."""
    of: dict[str, set[str]] = {}
    for clip in clips:
        of.setdefault(clip.labels["emotion"], set()).add(clip.speaker)
    return layout.grouped("classes have fewer than three speakers, so that training, development "
                          "or test lacks them", [f"{name} ({len(own)})" for name, own in of.items()
                                                 if len(own) < len(dealing.SPLITS)])


def _confounds(clips: Sequence[Clip], known: set[str]) -> list[str]:
    """Lines on what a model may learn in place of labels: voices and formats that come with one
    label alone; and on speakers that are none."""
    by_speaker: dict[str, set[str]] = {}
    by_label: dict[str, set[str]] = {}
    for clip in clips:
        label = clip.labels["emotion"]
        by_speaker.setdefault(clip.speaker, set()).add(label)
        by_label.setdefault(label, set()).add(clip.path.suffix.lower())
    found = []
    if len(known) == len(clips) > 5:
        found.append("each sound has another speaker: where these are names of sounds, leave the "
                     "speakers out, or give those who speak")
    elif len(known) > 1 and all(len(by_speaker[name]) == 1 for name in known):
        found.append("each speaker has one label alone, so that a model may learn voices in place "
                     "of labels")
    kinds = [suffix for own in by_label.values() for suffix in own]
    if len(by_label) > 1 and len(set(kinds)) == len(kinds):
        found.append("each label has a format of its own, which a model may learn in place of it: "
                     + layout.named([f"{name} {', '.join(sorted(own))}"
                                     for name, own in by_label.items()]))
    return found


def _people_in_names(clips: Sequence[Clip]) -> list[str]:
    """A line where a part of the names of sounds is like a speaker: it has three values or more,
    and each comes with several labels, several times."""
    names = [re.findall(r"[^\W\d_]+|\d+", clip.path.stem) for clip in clips]
    for place in range(min(map(len, names), default=0)):
        of: dict[str, set[str]] = {}
        for clip, parts in zip(clips, names):
            of.setdefault(parts[place], set()).add(clip.labels["emotion"])
        if (len(of) > 2 and min(map(len, of.values())) > 1 and not any(map(is_known, of))
                and 2 * sum(map(len, of.values())) <= len(clips)):
            return [f"part {place + 1} of the names of sounds may be the speaker "
                    f"({layout.named(sorted(of), 3)}): where it is, give speakers, so that none is "
                    "in two parts"]
    return []


def _people_in_labels(labels: Counter[str]) -> list[str]:
    """A line where one emotion stands in several labels, beside something else ("OAF_angry")."""
    of: dict[str, list[str]] = {}
    for label in labels:
        words = plain(label).split()
        for one in {" ".join(words[1:]), " ".join(words[:-1])}:
            if is_known(one):
                of.setdefault(canonical(one), []).append(label)
    several = [name for own in of.values() if len(own) > 1 for name in own]
    return layout.grouped("labels have an emotion and something else; where that is the speaker, "
                          "give it as such", several) if len(several) == len(labels) else []


def _doubtful(labels: Counter[str]) -> list[str]:
    """A line with the labels that may be none: words for it, and numbers among words."""
    numbers = {name for name in labels if _number(name)}
    some = [name for name in labels if plain(name) in DOUBTFUL or name.strip() in DOUBTFUL
            or name in numbers and len(numbers) < len(labels) / 2]
    found = [f"labels that may stand for none, and are classes here: {layout.named(some, 6)}; "
             "leave out their rows or folders where they are none"] if some else []
    if len(numbers) == len(labels) >= SCALE:
        found.append(f"{len(labels):,} labels are numbers, and classes here; where they are "
                     "ratings, give each range of them a name, as low and high")
    if {plain(name) for name in labels} >= {"1", "true"}:
        found.append("'1' and 'true' are two classes here; where they are one, write them alike")
    return found


def doubts(clips: Sequence[Clip], known: set[str]) -> list[str]:
    """A line for each kind of doubt.

    Args:
        clips: with the label "emotion".
        known: speakers whose names were given.
    """
    labels = Counter(clip.labels["emotion"] for clip in clips)
    return [*_doubtful(labels), *_rare(clips), *_people_in_labels(labels),
            *_confounds(clips, known), *([] if known else _people_in_names(clips))]
