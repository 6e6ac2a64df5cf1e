"""What is said and how: sound with the times of its words, and the manner of saying it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.text import Token, Word
from avspeech.text.script import Point


@dataclass
class Timestamps:
    """When what was said, in seconds."""

    # Word, start, end; from, to: characters
    words: list[dict[str, Any]] = field(default_factory=list)
    phones: list[dict[str, Any]] = field(default_factory=list)  # phone, start, end
    # start, end, after: the index of the word before, -1 before the first
    breaks: list[dict[str, Any]] = field(default_factory=list)
    # name, start, end (the same): the places that the text names
    marks: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Timestamps, seconds: float, characters: int = 0) -> None:
        """Appends the times of a later piece.

        Args:
            other: times from the start of the piece.
            seconds: where the piece begins.
            characters: where its text begins.
        """
        after = len(self.words)
        for name in ("words", "phones", "breaks", "marks"):
            for entry in getattr(other, name):
                moved = dict(entry, start=round(entry["start"] + seconds, 4),
                             end=round(entry["end"] + seconds, 4))
                if name == "words":
                    moved |= {"from": entry["from"] + characters, "to": entry["to"] + characters}
                if name == "breaks":
                    moved["after"] = entry["after"] + after
                getattr(self, name).append(moved)


@dataclass
class Speech:
    """A text said."""

    audio: np.ndarray  # float32 [N] in -1..1
    sample_rate: int  # hertz
    timestamps: Timestamps

    @property
    def words(self) -> list[dict[str, Any]]:
        """The words and their times: see `Timestamps`."""
        return self.timestamps.words

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.audio) / self.sample_rate

    def save(self, path: str | Path) -> None:
        """Writes the sound as wav, flac or ogg (`avspeech.media.audio.write`)."""
        from avspeech.media import audio

        audio.write(path, self.audio, self.sample_rate)


@dataclass(frozen=True)
class Manner:
    """How to say a text; `Synthesizer.manner` makes one and checks it."""

    rate: float = 1.0  # 1.2 is 20 % faster
    steps: int = 4  # of the flow
    seed: int = 0  # another one gives another take
    # Int64 [1], a number in the voice's table, or float32 [1, D], a speaker vector
    voice: Any = None
    # (contours [1, Q, F], frames [1, Q]) of a recording whose phrase endings are taken
    # (`Synthesizer.listen`)
    reference: Any = None
    temperature: float | None = None  # of the noise; None: the voice's own
    # {index of a phrase's last word: its contour [F], semitones at the mel's frames}; a tone in the
    # text wins
    contours: Mapping[int, np.ndarray] | None = None


# Sound [n], and what is said in it and when, from its own start
Piece = tuple[np.ndarray, Timestamps]


@dataclass
class Rest:
    """The silence between one sentence and the next, as speech is made piece by piece."""

    due: float = 0.0  # seconds of silence wanted before what is said next
    there: float = 0.0  # seconds of silence that the sound ends with

    def before(self, pieces: Iterator[Piece], lead: float, sample_rate: int) -> Iterator[Piece]:
        """Puts the silence that is due before the first piece of a sentence.

        Args:
            pieces: of the sentence.
            lead: seconds of silence that it begins with.
            sample_rate: in hertz.
        """
        count = max(0, round((self.due - self.there - lead) * sample_rate))
        for piece, said in pieces:
            if count:
                piece = np.concatenate([np.zeros(count, np.float32), piece])
                later = Timestamps()
                later.add(said, count / sample_rate)
                said, count = later, 0
            yield piece, said


def timed(pieces: Iterator[np.ndarray], tokens: Sequence[Token], durations: np.ndarray,
          pauses: set[int], words: Sequence[Word], hop: int, rate: int,
          points: Sequence[Point] = ()) -> Iterator[Piece]:
    """Gives each piece of a sentence the words, phones, breaks and named places that begin in it.

    Args:
        pieces: the sentence's sound, piece by piece.
        tokens: of its script.
        durations: frames of each token.
        pauses: places of the tokens that are breaks.
        words: of its script.
        hop: samples of a frame.
        rate: samples a second.
        points: named places of the sentence; each is where the next phone or break behind it
            begins, or the end.
    """
    entries = _entries(tokens, durations * hop / rate, pauses, words, points)
    begin, place, said = 0.0, 0, 0
    total = float(durations.sum()) * hop / rate
    for piece in pieces:
        stop, stamps, before = begin + len(piece) / rate, Timestamps(), said
        reach = stop - 1e-9 if stop < total - 1e-6 else float("inf")
        while place < len(entries) and entries[place][1]["start"] < reach:
            kind, entry = entries[place]
            moved = dict(entry, start=round(entry["start"] - begin, 4),
                         end=round(entry["end"] - begin, 4))
            if kind == "breaks":
                moved["after"] -= before  # counted from the words of this piece
            said += kind == "words"
            getattr(stamps, kind).append(moved)
            place += 1
        yield piece, stamps
        begin = stop


def _entries(tokens: Sequence[Token], seconds: np.ndarray, pauses: set[int],
             words: Sequence[Word], points: Sequence[Point]
             ) -> list[tuple[str, dict[str, Any]]]:
    """(list of `Timestamps`, entry) in order of time."""
    ends = np.cumsum(seconds)
    starts = ends - seconds
    entries: list[tuple[str, dict[str, Any]]] = []
    current: dict[str, Any] = {}
    waiting = list(points)
    for i, token in enumerate(tokens):
        span = {"start": float(starts[i]), "end": float(ends[i])}
        sounds = token.kind in ("phone", "break") or i == len(tokens) - 1
        while waiting and sounds and (token.start >= waiting[0].start or i == len(tokens) - 1):
            at = span["start"]
            entries.append(("marks", {"name": waiting.pop(0).name, "start": at, "end": at}))
        if token.kind == "phone":
            word = words[token.word]
            if i == 0 or tokens[i - 1].kind != "phone" or tokens[i - 1].word != token.word:
                current = {"word": word.text, **span, "from": word.start, "to": word.end}
                entries.append(("words", current))
            current["end"] = span["end"]
            entries.append(("phones", {"phone": token.symbol, **span}))
        elif i in pauses and seconds[i] > 0:
            entries.append(("breaks", {**span, "after": token.word}))
    return entries
