"""CREMA-D: 91 actors say twelve sentences in six emotions, one of the sentences in three intensities.

H. Cao et al., "CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset", IEEE Transactions on Affective
Computing 5(4), 2014, doi:10.1109/TAFFC.2014.2336244.

The emotion is the one the actor was asked for, which is also in the file's name: 1001_DFA_ANG_XX is actor
1001, sentence DFA, anger, level not specified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

ABOUT = layout.About(
    name="CREMA-D",
    page="https://github.com/CheyneyComputerScience/CREMA-D",
    terms="free to download by Git LFS, a form asks who you are; Open Database License",
    layout="AudioWAV/*.wav and VideoDemographics.csv",
)

# Counts and codes: the README of the published repository; the twenty recordings that were never made are
# those its AudioWAV folder lacks.
ACTORS = tuple(str(n) for n in range(1001, 1092))
EMOTIONS = {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified"}
SENTENCES = {
    "IEO": "It's eleven o'clock.", "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.", "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.", "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.", "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.", "ITS": "I think I've seen this before.", "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
NEVER_MADE = frozenset({"1002_TIE_NEU_XX", "1076_ITS_NEU_XX"} | {
    f"{actor_sentence}_{emotion}_XX" for actor_sentence in ("1008_WSI", "1009_MTI", "1019_ITH")
    for emotion in EMOTIONS})
CLIPS = 7442


@dataclass(frozen=True)
class Clip:
    """One clip, by the four parts of its name."""

    actor: str
    sentence: str
    emotion: str
    level: str
    path: Path


def names() -> list[str]:
    """The names of all 7,442 clips. Sentence IEO has three levels of each emotion but neutral."""
    return [name for actor in ACTORS for sentence in SENTENCES for emotion in EMOTIONS
            for level in (("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",))
            if (name := f"{actor}_{sentence}_{emotion}_{level}") not in NEVER_MADE]


def read_actors(path: Path) -> dict[str, dict[str, Any]]:
    """{"1001": {"sex": "male", "age": 51}} of VideoDemographics.csv. Raises InputError for another table."""
    actors: dict[str, dict[str, Any]] = {}
    for row in layout.read_table(path):
        if not {"actorid", "age", "sex"} <= set(row) or not row["age"].isdigit():
            raise InputError(f"{path}: expected columns ActorID, Age, Sex; got {', '.join(row)}")
        actors[row["actorid"]] = {"sex": row["sex"].lower(), "age": int(row["age"])}
    return actors


def _scan(source: Path) -> tuple[list[Clip], list[str]]:
    folder = source / "AudioWAV" if (source / "AudioWAV").is_dir() else source
    known = set(names())
    found, wrong = [], []
    for path in layout.files(folder, ".wav", ".flac", ".mp3"):
        if path.stem in known:
            actor, sentence, emotion, level = path.stem.split("_")
            found.append(Clip(actor, sentence, emotion, level, path))
        else:
            wrong.append(layout.below(path, source))
    if not found:
        raise layout.absent(source, ABOUT)
    return found, wrong


def clips(source: str | Path) -> list[Clip]:
    """All clips there are, by name. Raises InputError, saying where to get CREMA-D, for none."""
    return _scan(Path(source))[0]


def summary(found: Sequence[Clip]) -> str:
    """Counts against the published ones."""
    return (layout.counted(len({c.actor for c in found}), len(ACTORS), "actors") + ", "
            + layout.counted(len(found), CLIPS, "clips"))


def _missing(source: Path, found: Sequence[Clip], wrong: Sequence[str]) -> list[str]:
    have, actors = {c.path.stem for c in found}, {c.actor for c in found}
    problems = layout.grouped("actors missing", [a for a in ACTORS if a not in actors])
    problems += layout.grouped(f"clips missing, of {CLIPS:,}",
                               [n for n in names() if n not in have and n[:4] in actors])
    problems += layout.grouped("files that are not of CREMA-D", wrong)
    if not (source / "VideoDemographics.csv").is_file():
        problems.append("VideoDemographics.csv missing: the actors' sex and age are not known")
    return problems + layout.empty((c.path for c in found), source)


def _read(source: Path, found: Sequence[Clip], workers: int) -> tuple[list[Utterance], list[str]]:
    stubs = layout.unfetched((c.path for c in found), source)
    if stubs:
        return [], stubs
    table = source / "VideoDemographics.csv"
    actors = read_actors(table) if table.is_file() else {}

    def work(clip: Clip) -> Utterance:
        return Utterance(
            id=f"crema_d-{clip.path.stem}", audio=layout.below(clip.path, source),
            duration=layout.media(clip.path).audio, speaker=f"crema_d-{clip.actor}",
            text=SENTENCES[clip.sentence],
            labels={"emotion": EMOTIONS[clip.emotion], "intensity": LEVELS[clip.level],
                    "statement": clip.sentence, **actors.get(clip.actor, {})})

    read, unusable = layout.gather(found, work, "CREMA-D", workers)
    return read, layout.grouped("unusable clips", unusable) + layout.cut_short(read)


def prepare(source: str | Path, out: str | Path, incomplete: bool = False, workers: int = 4) -> list[Path]:
    """Writes all.jsonl. Labels: emotion, intensity, statement, sex, age.

    incomplete: go on where clips are missing or wrong; workers: threads that open files. Raises InputError
    where CREMA-D is absent, and where it is not whole.
    """
    source = Path(source)
    found, wrong = _scan(source)
    utterances, unusable = _read(source, found, workers)
    return layout.finish_whole(out, ABOUT, "crema_d", source, utterances, [summary(found)],
                               _missing(source, found, wrong) + unusable, incomplete)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each: actors, clips, names, the table of actors, files that do not
    open or were not fetched. Raises InputError where CREMA-D is absent."""
    source = Path(source)
    found, wrong = _scan(source)
    return _missing(source, found, wrong) + _read(source, found, 4)[1]
