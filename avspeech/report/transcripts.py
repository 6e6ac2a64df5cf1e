"""Who said what, and when: transcripts with speakers, and the files that hold them.

    transcript = read("meeting.json")  # of `avspeech transcribe`, or SegLST (CHiME, MeetEval)
    transcript = read("meeting.vtt")   # WebVTT; a voice tag names the speaker: <v Anna>Good day.
    transcript = read("meeting/")      # a folder with one .vtt a speaker, named after the speaker
    transcript = read("meeting.stm")   # NIST's segment time marks

The JSON of `avspeech transcribe`:

    {"format": "avspeech-transcript", "version": 1, "seconds": 61.2,
     "speakers": [{"id": "face1", ...}, ...],
     "segments": [{"speaker": "face1", "start": 0.52, "end": 1.9, "text": "Good morning.",
                   "confidence": 0.97,
                   "words": [{"word": "Good", "start": 0.52, "end": 0.8, "probability": 0.9}, ...]},
                  ...]}

All times are seconds on the clock of the video.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avspeech.core.listing import is_hidden
from avspeech.core.strict_json import once
from avspeech.errors import InputError
from avspeech.report import webvtt

FORMAT, VERSION = "avspeech-transcript", 1
LARGEST = 256 * 2**20  # bytes of a JSON file
LONGEST = 1e7  # seconds; a later time is no time of a recording
SUFFIXES = (".json", ".vtt", ".srt", ".stm")
# What stands in an STM file in place of a speaker where nobody speaks, and where nothing is scored
GAPS, UNSCORED = {"inter_segment_gap"}, {"excluded_region"}
RTTM = {"SPEAKER", "SPKR-INFO", "LEXEME", "NOSCORE", "SEGMENT"}  # how lines of RTTM begin

# How subtitles name a speaker, or mark a change of speakers, where there is no voice tag
_PREFIX = re.compile(r">>|[-\u2013\u2014] |[A-Z][\w.'\u2019 -]{0,30}: ")


@dataclass(frozen=True)
class Word:
    """A word and when it is said."""

    word: str
    start: float  # seconds
    end: float  # seconds
    probability: float | None = None  # of the recognizer, where it gives one


@dataclass(frozen=True)
class Segment:
    """What one speaker says in one go."""

    speaker: str
    start: float  # seconds
    end: float  # seconds
    text: str
    words: tuple[Word, ...] = ()  # empty where the times of words are not known
    # How sure it is that this is the speaker's voice, 0 to 1; None where that is not known
    confidence: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        words = []
        for word in self.words:
            record: dict[str, Any] = {"word": word.word, "start": word.start, "end": word.end}
            if word.probability is not None:
                record["probability"] = word.probability
            words.append(record)
        record = {"speaker": self.speaker, "start": self.start, "end": self.end, "text": self.text}
        if self.confidence is not None:
            record["confidence"] = self.confidence
        return {**record, "words": words} if words else record


@dataclass
class Transcript:
    """The segments of one recording, by start, and all its speakers, also those who are silent."""

    segments: list[Segment] = field(default_factory=list)
    speakers: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, segments: Iterable[Segment], speakers: Iterable[str] = ()) -> Transcript:
        """Segments in the order of their start; speakers in the order given, then by appearance."""
        ordered = sorted(segments, key=lambda s: (s.start, s.end, s.speaker))
        return cls(ordered, list(dict.fromkeys([*speakers, *(s.speaker for s in ordered)])))

    def by(self, speaker: str) -> list[Segment]:
        """The segments of one speaker."""
        return [segment for segment in self.segments if segment.speaker == speaker]

    def write_vtt(self, path: str | Path, speaker: str | None = None) -> None:
        """Writes WebVTT: of all speakers, with voice tags, or of one, without."""
        chosen = self.segments if speaker is None else self.by(speaker)
        named = speaker is None
        webvtt.write(path, [webvtt.Line(s.start, s.end, s.text, s.speaker if named else "")
                            for s in chosen])


def read(path: str | Path) -> Transcript:
    """Reads a transcript of one recording.

    Args:
        path: a file or folder, see above.

    Returns:
        The transcript. A WebVTT file without voice tags has one speaker, named after the file.

    Raises:
        InputError: it is none of these, or a line or key of it is not as the format has it.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in webvtt.SUFFIXES
                       and p.is_file() and not is_hidden(p.name))
        if not files:
            raise InputError(f"{path}: holds no .vtt or .srt file; expected one for each speaker")
        segments = [s for file in files for s in _vtt(file, alone=True)]
        return Transcript.of(segments, [file.stem for file in files])
    suffix = path.suffix.lower()
    if suffix in webvtt.SUFFIXES:
        return Transcript.of(_vtt(path, alone=False))
    if suffix == ".json":
        return _json(path)
    if suffix == ".stm":
        return Transcript.of(_stm(path))
    raise InputError(f"{path}: expected {', '.join(SUFFIXES)} or a folder with a .vtt or .srt "
                     f"for each speaker{webvtt.instead(path)}")


def _vtt(path: Path, alone: bool) -> list[Segment]:
    """The cues; `alone`: the file is one speaker's, whatever its voice tags say."""
    found = []
    named = prefixed = 0
    for cue in webvtt.read(path):
        for speaker, text in cue.spoken():
            name = path.stem if alone or speaker is None else speaker
            found.append(Segment(name, cue.start, cue.end, text))
            named += speaker is not None
            prefixed += _PREFIX.match(text) is not None
    if prefixed > max(1, len(found) / 4) and not named and not alone:
        warnings.warn(f"{path}: names before a colon or dashes begin {prefixed} of {len(found)} "
                      "texts; they are read as words of one speaker, as only voice tags, <v Anna>, "
                      "tell speakers", stacklevel=3)
    return found


def _stm(path: Path) -> list[Segment]:
    """Lines `session channel speaker start end [<labels>] words`; `;;` begins a comment.

    NIST's marks of alternatives and of time that is not scored are refused.
    """
    found, sessions = [], set()
    for number, line in enumerate(webvtt.lines_of(path), 1):
        if not line.strip() or line.lstrip().startswith(";;"):
            continue
        parts = line.split(maxsplit=5)
        if parts[0] in RTTM:
            raise InputError(f"{path}:{number}: a line of RTTM, which holds no words; expected "
                             "session, channel, speaker, start, end, words")
        try:
            start, end = _time(parts[3]), _time(parts[4])
        except IndexError:
            raise InputError(f"{path}:{number}: expected session, channel, speaker, start, end, "
                             "words") from None
        except ValueError as error:
            raise InputError(f"{path}:{number}: {error} (session, channel, speaker, start, end, "
                             "words)") from None
        if end < start:
            raise InputError(f"{path}:{number}: ends at {end:g} s, before it starts at {start:g} s")
        sessions.add(parts[0])
        text = re.sub(r"^<[^<>]*>\s*", "", parts[5].strip()) if len(parts) > 5 else ""
        # Read as words, both marks would be errors of whoever recognized all of it.
        if text.casefold() == "ignore_time_segment_in_scoring":
            raise InputError(f"{path}:{number}: {text} marks a time that is not scored, and all "
                             "is scored here; take the line out, and what is said then from the "
                             "other transcript")
        if re.search(r"\{[^{}]*/[^{}]*\}", text):
            raise InputError(f"{path}:{number}: {{ a / b }} are alternatives, and one text is "
                             "compared here; keep one of them")
        if parts[2] in GAPS:
            if text:
                raise InputError(f"{path}:{number}: {parts[2]} is no speaker and has words; take "
                                 "the line out")
            continue
        if parts[2] in UNSCORED:
            raise InputError(f"{path}:{number}: {parts[2]} is a time that is not scored, and all "
                             "is scored here; take the line out, and what is said then from the "
                             "other transcript")
        found.append(Segment(parts[2], start, end, text))
    if len(sessions) > 1:
        raise InputError(f"{path}: holds {len(sessions)} recordings; give one file for each")
    return found


def _json(path: Path) -> Transcript:
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path}: more than {LARGEST:,} bytes; too large for a transcript")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        record = json.loads(webvtt.text_of(path), object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: no JSON ({error.msg})") from None
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    except RecursionError:
        raise InputError(f"{path}: the JSON is nested too deep") from None
    if isinstance(record, list):
        return _seglst(path, record)
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise InputError(f"{path}: expected the JSON of avspeech transcribe, or SegLST (a list)")
    if record.get("version") != VERSION:
        raise InputError(f"{path}: key 'version' should be {VERSION}; a newer avspeech may be "
                         "needed")
    items = record.get("segments")
    speakers = record.get("speakers")
    if not isinstance(items, list) or not isinstance(speakers, list):
        raise InputError(f"{path}: keys 'speakers' and 'segments' should be lists")
    names = [s.get("id") if isinstance(s, dict) else None for s in speakers]
    if not all(isinstance(name, str) and name for name in names):
        raise InputError(f"{path}: each of 'speakers' should be an object with an 'id'")
    return Transcript.of([_segment(path, number, item, "text", "start", "end")
                          for number, item in enumerate(items, 1)], [str(n) for n in names])


def _seglst(path: Path, items: list[Any]) -> Transcript:
    sessions = {item.get("session_id") for item in items if isinstance(item, dict)
                if isinstance(item.get("session_id"), (str, type(None)))}
    if len(sessions) > 1:
        raise InputError(f"{path}: holds {len(sessions)} recordings; give one file for each")
    return Transcript.of([_segment(path, number, item, "words", "start_time", "end_time")
                          for number, item in enumerate(items, 1)])


def _segment(path: Path, number: int, item: Any, text: str, start: str, end: str) -> Segment:
    where = f"{path}: segment {number}"
    if not isinstance(item, dict):
        raise InputError(f"{where}: expected an object")
    speaker = item.get("speaker")
    if isinstance(speaker, int) and not isinstance(speaker, bool):
        speaker = str(speaker)
    if not isinstance(speaker, str) or not speaker or not isinstance(item.get(text), str):
        raise InputError(f"{where}: expected texts under 'speaker' and '{text}'")
    try:
        first, last = _time(item.get(start)), _time(item.get(end))
        if last < first:
            raise ValueError("it ends before it starts")
        words = item.get("words") if text == "text" else None
        return Segment(speaker, first, last, item[text],
                       tuple(_word(word) for word in words) if isinstance(words, list) else (),
                       _share(item.get("confidence")))
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None


def _word(item: Any) -> Word:
    if not isinstance(item, dict) or not isinstance(item.get("word"), str):
        raise ValueError("each of 'words' should be an object with 'word', 'start' and 'end'")
    start, end = _time(item.get("start")), _time(item.get("end"))
    if end < start:
        raise ValueError(f"the word '{item['word'][:40]}' ends before it starts")
    return Word(item["word"], start, end, _share(item.get("probability")))


def _share(value: Any) -> float | None:
    """A number; None for anything else."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if good else None


def _time(value: Any) -> float:
    """Seconds; SegLST has them also as texts. Raises ValueError for what is no time."""
    number = value
    if isinstance(value, str):
        number = float(value) if re.fullmatch(r"(\d{1,9}(\.\d{0,12})?|\.\d{1,12})", value) else -1
    good = isinstance(number, (int, float)) and not isinstance(number, bool)
    if not (good and 0 <= number <= LONGEST):
        raise ValueError(f"{str(value)[:40]} is no time; expected seconds, such as 12.5")
    return float(number)
