"""IEMOCAP: five sessions of an actress and an actor, scripted plays and improvisations, cut into
turns.

C. Busso et al., "IEMOCAP: interactive emotional dyadic motion capture database", Language Resources
and Evaluation 42, 2008, doi:10.1007/s10579-008-9076-6.

dialog/EmoEvaluation/<dialogue>.txt gives for each turn "[start -
end]<tab>turn<tab>emotion<tab>[valence, activation, dominance]". Who speaks is the letter before the
turn's number, not the one after the session: in Ses01F_impro01_M003 the actor speaks.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, Scan
from avspeech.data.protocol import Fold, Protocol, identity
from avspeech.errors import InputError

ABOUT = layout.About(
    name="IEMOCAP",
    page="https://sail.usc.edu/iemocap/",
    terms="free for research, on a signed release form",
    layout="Session1..5 with dialog/EmoEvaluation/*.txt, dialog/transcriptions/*.txt and "
    "sentences/wav/<dialogue>/*.wav",
)

# Turns of each session with an emotion in EmoEvaluation: 10,039 in all, as the paper's section 5
# has it.
TURNS = {"1": 1819, "2": 1811, "3": 2136, "4": 2103, "5": 2170}
# Turns of the four classes of the usual protocol by session (excited within happy), 5,531 in all;
# agrees with the manifests of EmoBox.
FOUR = {"1": 1085, "2": 1023, "3": 1151, "4": 1031, "5": 1241}
EMOTIONS = {"neu": "neutral", "fru": "frustrated", "ang": "angry", "sad": "sad", "exc": "excited",
            "hap": "happy", "sur": "surprised", "fea": "fearful", "dis": "disgusted",
            "oth": "other", "xxx": "undecided"}

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_RATING = r"(\d+(?:\.\d+)?)"  # none is below 0, where -1 would stand for no answer
_TURN = re.compile(rf"\[{_NUMBER} - {_NUMBER}\]\s+(\S+)\s+(\w+)\s+"
                   rf"\[{_RATING}, {_RATING}, {_RATING}\]")
_NAME = re.compile(r"Ses0([1-5])[FM]_(?:impro|script)\w*_([FM])[A-Z]*\d+[a-z]?")
_SPOKEN = re.compile(r"(\S+) \[[\d.\- ]+\]: ?(.*)")


def read_evaluation(path: Path) -> list[tuple[str, str, float, float, float]]:
    """(turn, emotion, valence, activation, dominance) of each summary line of an EmoEvaluation
    file; the lines of single evaluators are skipped. Raises InputError for a summary line that
    is not one."""
    turns = []
    for number, line in enumerate(tables.lines(path, western=True), 1):
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
    """{turn: text} of a file of transcriptions; lines that are not of a turn are skipped."""
    matches = (_SPOKEN.fullmatch(line.strip()) for line in tables.lines(path, western=True))
    return {m.group(1): m.group(2).strip() for m in matches if m and _NAME.fullmatch(m.group(1))}


def scan(source: Path) -> Scan[Clip]:
    """All evaluated turns, by session and dialogue; a protocol chooses. Labels: emotion, session,
    sex, dialogue, style, valence, arousal, dominance (1..5). Raises InputError for an evaluation
    that cannot be read."""
    clips, unwritten = [], set()
    for session in TURNS:
        folder = source / f"Session{session}"
        for path in layout.files(folder / "dialog" / "EmoEvaluation", ".txt"):
            spoken = folder / "dialog" / "transcriptions" / path.name
            texts = read_transcription(spoken) if spoken.is_file() else {}
            evaluated = read_evaluation(path)
            if evaluated and not spoken.is_file():
                unwritten.add(path.stem)
            for name, emotion, valence, activation, dominance in evaluated:
                letter = name.rsplit("_", 1)[1][0]
                clips.append(Clip(name, folder / "sentences" / "wav" / path.stem / f"{name}.wav",
                                  f"Ses0{name[4]}{letter}", {
                    "emotion": EMOTIONS[emotion], "session": name[4],
                    "sex": "female" if letter == "F" else "male", "dialogue": path.stem,
                    "style": "improvised" if "_impro" in name else "scripted",
                    "valence": valence, "arousal": activation, "dominance": dominance},
                    texts.get(name)))
    have = Counter(c.labels["session"] for c in clips)
    problems = layout.grouped("sessions missing", [f"Session{s}" for s in TURNS if not have[s]])
    problems += layout.grouped("sessions with fewer or more evaluated turns than published", [
        f"Session{s} has {layout.counted(have[s], TURNS[s], 'turns')}" for s in TURNS
        if have[s] not in (0, TURNS[s])])
    problems += layout.grouped("dialogues without a transcription", sorted(unwritten))
    there = [c for c in clips if c.path.is_file()]
    usual = ("angry", "happy", "excited", "neutral", "sad")
    four = [c for c in there if c.labels["emotion"] in usual]
    found = [", ".join([layout.counted(len({c.labels["session"] for c in there}), len(TURNS),
                                       "sessions"),
                        layout.counted(len(there), sum(TURNS.values()), "turns"),
                        layout.counted(len(four), sum(FOUR.values()), "of the four classes")])]
    found += layout.grouped("turns without words in the transcription",
                            [c.id for c in clips if c.text is None])
    return Scan(clips, found, problems, noun="turns", varied=True)


# Four classes with excited as happy, one session tested, the next for development: both of its
# speakers, since two who talk to each other are on each other's recordings.
_CLASSES = ("angry", "happy", "neutral", "sad")
PROTOCOLS = (Protocol(
    name="iemocap-5fold", corpus="iemocap", label="emotion", kind="classification",
    classes=_CLASSES, mapping={**identity(_CLASSES), "excited": "happy"}, group="session",
    folds=tuple(Fold(f"session{n}", (f"{n}",), (f"{n % 5 + 1}",)) for n in range(1, 6)),
    counts={"angry": 1103, "happy": 1636, "neutral": 1708, "sad": 1084},
    source="the usual four classes, 5,531 utterances; development: the session that follows"),)
