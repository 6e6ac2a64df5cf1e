"""IEMOCAP: five sessions of an actress and an actor, scripted plays and improvisations, cut into turns.

C. Busso et al., "IEMOCAP: interactive emotional dyadic motion capture database", Language Resources and
Evaluation 42, 2008, doi:10.1007/s10579-008-9076-6.

dialog/EmoEvaluation/<dialogue>.txt gives for each turn "[start - end]<tab>turn<tab>emotion<tab>[valence,
activation, dominance]". Who speaks is the letter before the turn's number, not the one after the session: in
Ses01F_impro01_M003 the actor speaks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

ABOUT = layout.About(
    name="IEMOCAP",
    page="https://sail.usc.edu/iemocap/",
    terms="free for research, on a signed release form",
    layout="Session1..5 with dialog/EmoEvaluation/*.txt, dialog/transcriptions/*.txt and "
    "sentences/wav/<dialogue>/*.wav",
)

# Turns of each session with an emotion in EmoEvaluation: 10,039 in all, as the paper's section 5 has it.
TURNS = {"1": 1819, "2": 1811, "3": 2136, "4": 2103, "5": 2170}
# Turns of the four classes of the usual protocol by session (excited within happy), 5,531 in all; agrees with
# the manifests of EmoBox.
FOUR = {"1": 1085, "2": 1023, "3": 1151, "4": 1031, "5": 1241}
EMOTIONS = {"neu": "neutral", "fru": "frustrated", "ang": "angry", "sad": "sad", "exc": "excited",
            "hap": "happy", "sur": "surprised", "fea": "fearful", "dis": "disgusted", "oth": "other",
            "xxx": "undecided"}

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_TURN = re.compile(rf"\[{_NUMBER} - {_NUMBER}\]\s+(\S+)\s+(\w+)\s+\[{_NUMBER}, {_NUMBER}, {_NUMBER}\]")
_NAME = re.compile(r"Ses0([1-5])[FM]_(?:impro|script)\w*_([FM])[A-Z]*\d+[a-z]?")
_SPOKEN = re.compile(r"(\S+) \[[\d.\- ]+\]: ?(.*)")


@dataclass(frozen=True)
class Turn:
    """One evaluated turn. emotion: three letters, as published; valence, activation, dominance: means of the
    evaluators, 1..5; text: None where there is no transcript."""

    name: str
    emotion: str
    valence: float
    activation: float
    dominance: float
    text: str | None
    path: Path

    @property
    def session(self) -> str:
        return self.name[4]

    @property
    def sex(self) -> str:
        return "female" if self.name.rsplit("_", 1)[1][0] == "F" else "male"


def read_evaluation(path: Path) -> list[tuple[str, str, float, float, float]]:
    """(turn, emotion, valence, activation, dominance) of each summary line of an EmoEvaluation file; the
    lines of single evaluators are passed over. Raises InputError for a summary line that is not one."""
    turns = []
    for number, line in enumerate(_lines(path), 1):
        if not line.startswith("["):
            continue
        match = _TURN.fullmatch(line.strip())
        if not match and "turn_name" in line.lower():
            continue  # the heading: [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]
        if not match or not _NAME.fullmatch(match.group(3)) or match.group(4) not in EMOTIONS:
            raise InputError(f"{path}:{number}: expected '[start - end] turn emotion [v, a, d]', "
                             f"got '{line.strip()[:60]}'")
        turns.append((match.group(3), match.group(4), float(match.group(5)), float(match.group(6)),
                      float(match.group(7))))
    return turns


def read_transcription(path: Path) -> dict[str, str]:
    """{turn: text} of a file of transcriptions; lines that are not of a turn are passed over."""
    matches = (_SPOKEN.fullmatch(line.strip()) for line in _lines(path))
    return {m.group(1): m.group(2).strip() for m in matches if m and _NAME.fullmatch(m.group(1))}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def turns(source: str | Path) -> list[Turn]:
    """All evaluated turns, by session and dialogue, whether or not their sound is there. Raises InputError,
    saying where to get IEMOCAP, for none, and for an evaluation that cannot be read."""
    source = Path(source)
    found = []
    for session in TURNS:
        folder = source / f"Session{session}"
        for path in layout.files(folder / "dialog" / "EmoEvaluation", ".txt"):
            spoken = folder / "dialog" / "transcriptions" / path.name
            texts = read_transcription(spoken) if spoken.is_file() else {}
            sounds = folder / "sentences" / "wav" / path.stem
            found += [Turn(name, emotion, valence, activation, dominance, texts.get(name),
                           sounds / f"{name}.wav")
                      for name, emotion, valence, activation, dominance in read_evaluation(path)]
    if not found:
        raise layout.absent(source, ABOUT)
    return found


def summary(found: Sequence[Turn]) -> str:
    """Counts against the published ones."""
    there = [t for t in found if t.path.is_file()]
    four = [t for t in there if t.emotion in ("ang", "hap", "exc", "neu", "sad")]
    return ", ".join([layout.counted(len({t.session for t in there}), len(TURNS), "sessions"),
                      layout.counted(len(there), sum(TURNS.values()), "turns"),
                      layout.counted(len(four), sum(FOUR.values()), "of the four classes")])


def _missing(source: Path, found: Sequence[Turn]) -> list[str]:
    have = {s: sum(t.session == s for t in found) for s in TURNS}
    problems = layout.grouped("sessions missing", [f"Session{s}" for s in TURNS if not have[s]])
    problems += layout.grouped("sessions with fewer or more evaluated turns than published", [
        f"Session{s} has {layout.counted(have[s], TURNS[s], 'turns')}" for s in TURNS
        if have[s] not in (0, TURNS[s])])
    problems += layout.grouped("turns without sound",
                               [layout.below(t.path, source) for t in found if not t.path.is_file()])
    written = {folder.parent: {p.stem for p in layout.files(folder, ".txt")}
               for folder in (source / f"Session{s}" / "dialog" / "transcriptions" for s in TURNS)}
    problems += layout.grouped("dialogues without a transcription", sorted(
        {t.path.parent.name for t in found
         if t.path.parent.name not in written[source / f"Session{t.session}" / "dialog"]}))
    problems += layout.grouped("turns evaluated twice",
                               [name for name, n in Counter(t.name for t in found).items() if n > 1])
    return problems + layout.empty((t.path for t in found if t.path.is_file()), source)


def _read(source: Path, found: Sequence[Turn], workers: int) -> tuple[list[Utterance], list[str]]:
    def work(turn: Turn) -> Utterance:
        letter = turn.name.rsplit("_", 1)[1][0]
        return Utterance(
            id=f"iemocap-{turn.name}", audio=layout.below(turn.path, source),
            duration=layout.media(turn.path).audio, speaker=f"iemocap-Ses0{turn.session}{letter}",
            text=turn.text,
            labels={"emotion": EMOTIONS[turn.emotion], "session": turn.session, "sex": turn.sex,
                    "dialogue": turn.path.parent.name,
                    "style": "improvised" if "_impro" in turn.name else "scripted",
                    "valence": turn.valence, "arousal": turn.activation, "dominance": turn.dominance})

    there = list({t.name: t for t in found if t.path.is_file()}.values())
    read, unusable = layout.gather(there, work, "IEMOCAP", workers)
    return read, layout.grouped("unusable turns", unusable) + layout.cut_short(read)


def prepare(source: str | Path, out: str | Path, incomplete: bool = False, workers: int = 4) -> list[Path]:
    """Writes all.jsonl: every evaluated turn; a protocol chooses. Labels: emotion, session, sex, dialogue,
    style, valence, arousal, dominance (1..5).

    incomplete: go on where turns are missing or wrong; workers: threads that open files. Raises InputError
    where IEMOCAP is absent, and where it is not whole.
    """
    source = Path(source)
    found = turns(source)
    utterances, unusable = _read(source, found, workers)
    notes = [summary(found), *layout.grouped("turns without words in the transcription",
                                             [t.name for t in found if t.text is None])]
    return layout.finish_whole(out, ABOUT, "iemocap", source, utterances, notes,
                               _missing(source, found) + unusable, incomplete)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each: sessions, turns, sound, transcripts, files that do not open.
    Raises InputError where IEMOCAP is absent."""
    source = Path(source)
    found = turns(source)
    return _missing(source, found) + _read(source, found, 4)[1]
