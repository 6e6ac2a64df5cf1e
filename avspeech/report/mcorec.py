"""The layout and the scores of CHiME-9's task 1, MCoRec: several conversations in one room.

    scores = score(sessions("data-bin/dev", "system_1/dev"))
    print(scores.table())

A session of the corpus, and what a system writes for it (submission, or folder `output` beside):

    session_132/metadata.json                    {"spk_0": {"central": {"uem": {"start", "end"}}}}
    session_132/labels/speaker_to_cluster.json   {"spk_0": 0, "spk_1": 0, "spk_2": 1}
    session_132/labels/spk_0.vtt                 one for each speaker, times of central_video.mp4
    system_1/dev/session_132/speaker_to_cluster.json, spk_0.vtt, ...

The scores follow `script/evaluate.py` of the public baseline (github.com/MCoRec/mcorec_baseline,
commit 33f6f1c, July 2025), which was read and not copied:

- WER of a speaker: cues that begin before the session's `uem` start or end after its end are left
  out; Whisper's normalizer of English; without disfluencies; rounded to four digits.
- Conversation clustering F1: over pairs of speakers; 0 where no pair is right.
- Speaker clustering F1: the same over the pairs of one speaker.
- Joint error rate of a speaker: half the WER and half of 1 - its clustering F1. Each is averaged
  over all speakers of all sessions, the clustering F1 over sessions.

Its list of disfluencies (license CC BY-NC 4.0) is not part of avspeech. `DISFLUENCY` is our rule;
it covers 204 of the list's 215 words. For the challenge's own figures name the baseline's file
`src/tokenizer/norm_text.py`: the list is read from its text, and nothing of it is run.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avspeech.core import storage
from avspeech.core.strict_json import once
from avspeech.errors import InputError
from avspeech.report import transcript_scores, webvtt
from avspeech.report.transcript_scores import Errors, percent

CLUSTERS, METADATA, LABELS, OUTPUT = ("speaker_to_cluster.json", "metadata.json", "labels",
                                      "output")
# Hesitations, laughter and exclamations: one or two letters drawn out, and what is spelled by
# repeating ha, hu, hm.
DISFLUENCY = re.compile(
    r"a+h+m*|a+hw|aa+h*m+|h?u+h+m*|u+h*m+|mm+|m+h+m+|h+m+|hmm(hmm)+|o+h+[pnw]?|h+(a{2,}|o{2,}|u{2,})h*"
    r"|er|(h+[aueo]+h*){2,}|ha+h*|h[aei](h[aei])+h?|wo+w|whoa+|s*sh+|ye+a+h?|yay|yah|huh+|hh+|ss+"
    r"|(?P<letter>[a-z0-9])(?P=letter){2,}", re.ASCII)


@dataclass(frozen=True)
class Session:
    """The files of a session."""

    name: str
    labels: Path  # folder of the reference
    output: Path  # folder of the hypothesis
    metadata: Path | None = None  # metadata.json; None: all of the session counts


@dataclass(frozen=True)
class SpeakerScore:
    """The scores of one speaker."""

    wer: float
    clustering_f1: float
    errors: Errors

    @property
    def joint(self) -> float:
        """Joint ASR-clustering error rate."""
        return 0.5 * self.wer + 0.5 * (1 - self.clustering_f1)


@dataclass
class McorecScores:
    """What `score` found."""

    sessions: dict[str, dict[str, SpeakerScore]]
    clustering_f1: dict[str, float]  # of each session
    disfluencies: str  # where their list comes from
    missing: list[str] = field(default_factory=list)  # hypotheses that are not there, as lines

    def _mean(self, value: Callable[[SpeakerScore], float]) -> float:
        values = [value(speaker) for session in self.sessions.values()
                  for speaker in session.values()]
        return sum(values) / len(values)

    @property
    def wer(self) -> float:
        """Mean over all speakers."""
        return self._mean(lambda speaker: speaker.wer)

    @property
    def joint(self) -> float:
        """Mean over all speakers: the challenge's ranking."""
        return self._mean(lambda speaker: speaker.joint)

    @property
    def mean_f1(self) -> float:
        """Mean over sessions."""
        return sum(self.clustering_f1.values()) / len(self.clustering_f1)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        sessions = {name: {"clustering_f1": self.clustering_f1[name], "speakers": {
            speaker: {"wer": s.wer, "clustering_f1": s.clustering_f1, "joint": s.joint,
                      "errors": s.errors.as_dict()} for speaker, s in speakers.items()}}
            for name, speakers in self.sessions.items()}
        return {"joint": self.joint, "wer": self.wer, "clustering_f1": self.mean_f1,
                "sessions": sessions, "disfluencies": self.disfluencies, "missing": self.missing}

    def table(self) -> str:
        """For a terminal, in per cent."""
        lines = [f"{'%':<24}{'joint':>8}{'WER':>8}{'F1':>8}"]
        for name, speakers in self.sessions.items():
            n = len(speakers)
            lines.append(f"{name:<24}"
                         f"{percent(sum(s.joint for s in speakers.values()) / n):>8}"
                         f"{percent(sum(s.wer for s in speakers.values()) / n):>8}"
                         f"{percent(self.clustering_f1[name]):>8}")
            lines += [f"{'  ' + speaker:<24}{percent(s.joint):>8}{percent(s.wer):>8}"
                      f"{percent(s.clustering_f1):>8}" for speaker, s in speakers.items()]
        lines.append(f"{'mean':<24}{percent(self.joint):>8}{percent(self.wer):>8}"
                     f"{percent(self.mean_f1):>8}")
        lines.append(f"Disfluencies left out: {self.disfluencies}.")
        return "\n".join(lines)


def sessions(reference: str | Path, hypothesis: str | Path) -> list[Session]:
    """The sessions of a corpus and what a system wrote for them.

    Args:
        reference: a session's folder, its folder of labels, or a folder of sessions.
        hypothesis: for one session the folder with `speaker_to_cluster.json`; for several a folder
            with one such folder for each session, which may have a folder `output` in it.

    Raises:
        InputError: there is no session, or no hypothesis for one.
    """
    reference, hypothesis = Path(reference), Path(hypothesis)
    if (reference / CLUSTERS).is_file():
        beside = reference.parent / METADATA
        return [Session(reference.parent.name if reference.name == LABELS else reference.name,
                        reference, hypothesis, beside if beside.is_file() else None)]
    alone = (reference / LABELS).is_dir()
    folders = [reference] if alone else sorted(
        p for p in reference.glob("*") if (p / LABELS).is_dir())
    if not folders:
        raise InputError(f"{reference}: no session in it; expected {LABELS}/{CLUSTERS} in it or in "
                         "its folders")
    found = []
    for folder in folders:
        places = [hypothesis / folder.name, hypothesis / folder.name / OUTPUT]
        places = [hypothesis, hypothesis / OUTPUT, *places] if alone else places
        output = next((p for p in places if (p / CLUSTERS).is_file()), None)
        if output is None:
            raise InputError(f"{places[0]}: no {CLUSTERS} in it, nor in a folder {OUTPUT}; a "
                             "system writes one for each session")
        metadata = folder / METADATA
        found.append(Session(folder.name, folder / LABELS, output,
                             metadata if metadata.is_file() else None))
    return found


def score(wanted: Sequence[Session], disfluencies: str | Path | None = None) -> McorecScores:
    """The scores of the challenge.

    Args:
        wanted: see `sessions`.
        disfluencies: the baseline's `src/tokenizer/norm_text.py`, or a text with a word a line; by
            default our rule, `DISFLUENCY`.

    Returns:
        The scores. A speaker's .vtt that is missing counts as no words, and is listed.

    Raises:
        InputError: a file is missing or not as the layout has it, or a package.
    """
    normal = transcript_scores.english()
    if disfluencies is None:
        source = "by avspeech's rule, not the challenge's list (--disfluencies)"
    else:
        listed = read_disfluencies(disfluencies)
        source = f"{len(listed)} words of {disfluencies}"

    def words(path: Path, span: tuple[float, float]) -> list[str]:
        kept = []
        for cue in webvtt.read(path):
            if cue.start >= span[0] and cue.end <= span[1]:
                text = normal(" ".join(text for _, text in cue.spoken()))
                kept += [w for w in text.split() if not (
                    DISFLUENCY.fullmatch(w) if disfluencies is None else w.lower() in listed)]
        return kept

    result = McorecScores({}, {}, source)
    for session in wanted:
        truth, found = (read_clusters(folder / CLUSTERS)
                        for folder in (session.labels, session.output))
        spans = _spans(session.metadata, truth)
        absent = sorted(set(truth) - set(found))
        if absent:
            raise InputError(f"{session.output / CLUSTERS}: speaker '{absent[0]}' is missing; each "
                             "speaker of the session has one cluster")
        f1 = speaker_f1(truth, found)
        speakers = {}
        for name, span in spans.items():
            if name not in truth:
                raise InputError(f"{session.labels / CLUSTERS}: speaker '{name}' of {METADATA} is "
                                 "missing")
            file = session.output / f"{name}.vtt"
            heard = words(file, span) if file.is_file() else []
            if not file.is_file():
                result.missing.append(f"{file}: missing; counts as no words")
            said = words(session.labels / f"{name}.vtt", span)
            if not said:
                raise InputError(f"{session.labels / f'{name}.vtt'}: no words to score in it")
            errors = transcript_scores.word_errors(said, heard)
            speakers[name] = SpeakerScore(round(errors.rate or 0.0, 4), f1[name], errors)
        result.sessions[session.name] = speakers
        result.clustering_f1[session.name] = pair_f1(truth, found)
    return result


def _spans(metadata: Path | None, truth: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """{speaker: start and end of what is scored}, in seconds."""
    if metadata is None:
        return dict.fromkeys(truth, (0.0, float("inf")))
    spans = {}
    for name, record in _object(metadata).items():
        try:
            uem = record["central"]["uem"]
            start, end = float(uem["start"]), float(uem["end"])
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{metadata}: speaker '{name}': expected numbers under central.uem."
                             "start and central.uem.end") from None
        spans[name] = (start, end)
    return spans


def _object(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(webvtt.text_of(path), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: no JSON ({error})") from None
    if not isinstance(record, dict):
        raise InputError(f"{path}: expected a JSON object with the speakers as keys")
    return record


def read_clusters(path: str | Path) -> dict[str, int]:
    """Reads `speaker_to_cluster.json`: {speaker: whole number of the conversation}."""
    clusters = _object(Path(path))
    for name, number in clusters.items():
        if not isinstance(number, int) or isinstance(number, bool):
            raise InputError(f"{path}: speaker '{name}': expected a whole number, got "
                             f"{json.dumps(number)[:40]}")
    return clusters


def write_clusters(path: str | Path, clusters: Mapping[str, int]) -> None:
    """Writes `speaker_to_cluster.json`."""
    storage.write_atomically(path, json.dumps(dict(clusters), indent=4).encode() + b"\n")


def pair_f1(truth: Mapping[str, int], found: Mapping[str, int]) -> float:
    """F1 of "these two are in one conversation" over pairs of the speakers of `truth`."""
    return _f1(itertools.combinations(truth, 2), truth, found)


def speaker_f1(truth: Mapping[str, int], found: Mapping[str, int]) -> dict[str, float]:
    """The same over the pairs of each speaker, rounded to four digits."""
    return {name: round(_f1(((name, other) for other in truth if other != name), truth, found), 4)
            for name in truth}


def _f1(pairs: Any, truth: Mapping[str, int], found: Mapping[str, int]) -> float:
    same = [(truth[a] == truth[b], found[a] == found[b]) for a, b in pairs]
    right = sum(t and f for t, f in same)
    return 2 * right / (sum(t for t, _ in same) + sum(f for _, f in same)) if right else 0.0


def read_disfluencies(path: str | Path) -> frozenset[str]:
    """The words of a text with a word a line, or those that the assignment to `list_disfluencies`
    in a Python file spells out. The file is parsed and never run.

    Raises:
        InputError: it cannot be read, or has no such list.
    """
    path = Path(path)
    text = webvtt.text_of(path)
    if path.suffix != ".py":
        return frozenset(word.lower() for word in text.split())
    try:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
                    and node.targets[0].id == "list_disfluencies"):
                value = node.value
                if isinstance(value, ast.Call) and value.args:
                    value = value.args[0]
                words = ast.literal_eval(value)
                if not isinstance(words, (list, set, tuple)):
                    raise ValueError("expected a list of words")
                return frozenset(str(word).lower() for word in words)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise InputError(f"{path}: its list of disfluencies cannot be read ({error})") from None
    raise InputError(f"{path}: no list_disfluencies in it; expected the baseline's "
                     "src/tokenizer/norm_text.py, or a text with a word a line")
