"""Text in, speech out: whole, or phrase by phrase as it is made.

    voice = avspeech.load("prosodyfm-...")                        # or a folder that a recipe wrote
    speech = voice("I said <brk 0.4> no<rise>.", rate=1.1, steps=4, seed=0)
    speech.audio, speech.sample_rate, speech.words
    for piece in voice.stream(long_text): play(piece)             # float32 [n], one phrase after another

A sentence is planned as a whole (breaks, tones, durations), then sounded phrase by phrase: a phrase ends in
a break, both its neighbours sound that break, and the join lies in the middle of it. What is yielded is
final, and calling the voice gives exactly the pieces of its stream. Files: see
`avspeech.synthesis.files`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.errors import InputError

if TYPE_CHECKING:
    import torch

    from avspeech.core.pretrained import ModelInfo
    from avspeech.text import Script

FADE = 0.005  # seconds of cross-fade where two phrases join, and of fade at both ends of a sentence
JOIN = 0.08  # seconds a break has to last for phrases to be joined in it
LONGEST = 60  # words planned at a time; a sentence of more is cut, at a mark where there is one
RATES = (0.25, 4.0)
MOST_STEPS = 1000


@dataclass
class Timestamps:
    """When what was said, in seconds. words: {"word", "start", "end", "from", "to"}, from and to the
    characters of the text; phones: {"phone", "start", "end"}; breaks: {"start", "end", "after"}, after
    which word (-1: before the first)."""

    words: list[dict[str, Any]] = field(default_factory=list)
    phones: list[dict[str, Any]] = field(default_factory=list)
    breaks: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Timestamps, seconds: float, characters: int = 0) -> None:
        """Appends what begins `seconds` later, of a text that begins `characters` later."""
        after = len(self.words)
        for name in ("words", "phones", "breaks"):
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
    """audio: float32 `[N]` in -1..1; sample_rate in hertz; timestamps."""

    audio: np.ndarray
    sample_rate: int
    timestamps: Timestamps

    @property
    def words(self) -> list[dict[str, Any]]:
        return self.timestamps.words

    @property
    def duration(self) -> float:
        """In seconds."""
        return len(self.audio) / self.sample_rate

    def save(self, path: str | Path) -> None:
        """As wav, flac or ogg (`avspeech.media.audio.write`)."""
        from avspeech.media import audio

        audio.write(path, self.audio, self.sample_rate)


@dataclass(frozen=True)
class Manner:
    """How to say it. rate: 1.2 is 20 % faster; steps: of the flow; seed: another gives another take; voice:
    name, or number, in the voice's table (None: its first), or a speaker vector `[D]`; reference: (contours
    [1, Q, F], frames [1, Q]) of a recording whose phrase endings are taken (`Synthesizer.listen`);
    temperature: of the noise (None: the voice's own)."""

    rate: float = 1.0
    steps: int = 4
    seed: int = 0
    voice: Any = None
    reference: Any = None
    temperature: float | None = None


class Synthesizer:
    """Text to speech with a model of task "synthesis" (`avspeech.synthesis.prosodyfm`).

    phonemiser: of `avspeech.text`; that of the training, where not given. predict_breaks: whether the voice
    puts breaks of its own between those the text asks for. pronunciations: {"word": "W ER1 D"}, in ARPAbet.
    sentence_rest, paragraph_rest: seconds of silence behind a sentence and a paragraph (`text.analyse`).
    """

    def __init__(self, model: Any, info: ModelInfo, *, phonemiser: str | None = None, language: str = "en-us",
                 predict_breaks: bool = True, pronunciations: Mapping[str, str] | None = None,
                 sentence_rest: float | None = None, paragraph_rest: float | None = None) -> None:
        from avspeech.text import symbols

        if tuple(info.labels) != symbols.SYMBOLS[: len(info.labels)]:
            raise InputError("this voice was trained on other symbols than this version of avspeech has")
        self.model = model
        self.info = info
        self.phonemiser = str(phonemiser or info.frontend.get("phonemiser", "default"))
        self.language = language
        self.predict_breaks = predict_breaks
        self.pronunciations = dict(pronunciations or {})
        self.sentence_rest, self.paragraph_rest = sentence_rest, paragraph_rest
        self.sample_rate = int(model.vocoder.config.sample_rate)
        self.hop = int(model.vocoder.config.hop)

    @classmethod
    def from_pretrained(cls, name_or_folder: str | Path, device: str = "cpu", **options: Any) -> Synthesizer:
        """From a model's name or folder; `options` as for the class. Raises InputError where there is no such
        model, or it is for another task."""
        from avspeech.core import pretrained

        model, info = pretrained.load(name_or_folder, device=device)
        if info.task != "synthesis":
            raise InputError(f"{name_or_folder}: a model for {info.task}, expected one for synthesis")
        return cls(model, info, **options)

    @property
    def voices(self) -> tuple[str, ...]:
        """Names of the speakers it knows; none where it takes speaker vectors."""
        return tuple(self.model.config.speakers) if self.model.config.embeddings == "table" else ()

    def __call__(self, text: str, *, rate: float = 1.0, steps: int = 4, seed: int = 0, voice: Any = None,
                 reference: str | Path | np.ndarray | None = None,
                 temperature: float | None = None) -> Speech:
        """The whole text as sound; markup as in `avspeech.text.markup`. rate, steps, seed, voice: see
        `Manner`. reference: a recording (file, or samples at the voice's rate) whose phrase endings are
        taken, where the text asks for no tone. Raises InputError for bad markup, an empty text, an unknown
        voice, or values out of range."""
        manner = self.manner(rate, steps, seed, voice, reference, temperature)
        audio, stamps, done = [], Timestamps(), 0
        for piece, said in self.pieces(text, manner):
            stamps.add(said, done / self.sample_rate)
            audio.append(piece)
            done += len(piece)
        return Speech(np.concatenate(audio), self.sample_rate, stamps)

    def stream(self, text: str, *, rate: float = 1.0, steps: int = 4, seed: int = 0, voice: Any = None,
               reference: str | Path | np.ndarray | None = None,
               temperature: float | None = None) -> Iterator[np.ndarray]:
        """The same, as float32 `[n]` phrase by phrase: the first comes before the second is made. Memory
        does not grow with the sound. What is wrong with the text or the values is raised at the call,
        before anything is said."""
        manner = self.manner(rate, steps, seed, voice, reference, temperature)
        script = self.read(text)
        return (piece for piece, _ in self.say(script, manner))

    def manner(self, rate: float = 1.0, steps: int = 4, seed: int = 0, voice: Any = None,
               reference: str | Path | np.ndarray | None = None, temperature: float | None = None) -> Manner:
        """Checked values, and the reference listened to."""
        if not RATES[0] <= rate <= RATES[1]:
            raise InputError(f"rate {rate}: expected {RATES[0]} to {RATES[1]}; 1.2 is 20 % faster")
        if not (1 <= steps <= MOST_STEPS and steps == int(steps)):
            raise InputError(f"steps {steps}: expected a whole number from 1 to {MOST_STEPS}; 4 do")
        if temperature is not None and not 0 <= temperature <= 2:
            raise InputError(f"temperature {temperature}: expected 0 to 2")
        if seed != int(seed) or not 0 <= seed < 2 ** 63:
            raise InputError(f"seed {seed}: expected a whole number, 0 or more")
        heard = None if reference is None else self.listen(reference)
        return Manner(float(rate), int(steps), int(seed), self._speaker(voice), heard, temperature)

    def read(self, text: str) -> Script:
        """The text as a script, before the voice's own breaks. Raises InputError for bad markup, or no word
        in it."""
        from avspeech import text as reader

        script = reader.analyse(text, self.phonemiser, self.language, self.pronunciations,
                                sentence_rest=self.sentence_rest, paragraph_rest=self.paragraph_rest)
        if not script.words:
            raise InputError("the text has no word to say")
        return script

    def pieces(self, text: str, manner: Manner) -> Iterator[tuple[np.ndarray, Timestamps]]:
        """(sound, what is said in it and when, from its own start) phrase by phrase."""
        return self.say(self.read(text), manner)

    def listen(self, reference: str | Path | np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """How the phrases of a recording end: contours [1, Q, F] in semitones at the voice's frames, and
        their lengths [1, Q]. A phrase ends at a pause or at the end; of each the last 0.4 s are taken for
        its last word. Raises InputError where nothing voiced is found, or the voice knows no intonation."""
        import torch

        from avspeech.media import audio, pitch
        from avspeech.synthesis import intonation, prosody

        if not self.model.config.intonation:
            raise InputError("this voice was trained without intonation: it takes no reference")
        name = reference if isinstance(reference, (str, Path)) else "the reference"
        samples = (audio.read(reference, self.sample_rate) if isinstance(reference, (str, Path))
                   else np.asarray(reference, np.float32))
        if samples.ndim != 1 or not np.isfinite(samples).all():
            raise InputError(f"{name}: expected finite samples [N]")
        hop = self.hop / self.sample_rate
        hertz, voiced = pitch.f0(samples, self.sample_rate, hop, method=pitch.best_method())
        quiet = prosody.silences(samples, self.sample_rate, prosody.PAUSE)
        ends = [s.start for s in quiet if s.start > prosody.TERMINAL]
        if not quiet or quiet[-1].end < len(samples) / self.sample_rate - hop:
            ends.append(len(samples) / self.sample_rate)
        spans = [(round((end - prosody.TERMINAL) / hop), round(end / hop))
                 for end in ends if end > prosody.TERMINAL]
        found = [c for c in intonation.last_words(hertz, voiced, spans, hop) if len(c)]
        if not found:
            raise InputError(f"{name}: no voiced phrase ending in it; give 0.5 s of speech or more")
        contours = np.zeros((1, len(found), max(map(len, found))), np.float32)
        for row, piece in zip(contours[0], found, strict=True):
            row[: len(piece)] = piece
        return torch.from_numpy(contours), torch.tensor([[len(c) for c in found]])

    def _speaker(self, voice: Any) -> Any:
        """int64 [1] of the table, or float32 [1, D]."""
        import torch

        config = self.model.config
        if config.embeddings != "table":
            vector = None if voice is None or isinstance(voice, str) else np.asarray(voice, np.float32)
            if vector is None or vector.shape != (config.vector,) or not np.isfinite(vector).all():
                raise InputError(f"this voice has no names: give a speaker vector of {config.vector} values")
            return torch.from_numpy(vector)[None]
        names = self.voices
        if voice is None:
            return torch.zeros(1, dtype=torch.int64)
        if isinstance(voice, str) and voice in names:
            return torch.tensor([names.index(voice)])
        if str(voice).isdigit() and int(voice) < len(names):
            return torch.tensor([int(voice)])
        raise InputError(f"voice '{voice}' is not known; this model has: {', '.join(names)}")

    def say(self, script: Script, manner: Manner,
            goes_on: bool = False) -> Iterator[tuple[np.ndarray, Timestamps]]:
        """`pieces` of a script, with its rests between sentences. goes_on: more is said behind it, so
        that the last sentence has its rest too."""
        script, rest = script.with_rests(), 0  # rest: samples that go before the next piece
        for number in range(len(script.sentences)):
            for part in _short(script.sentence(number)):
                if part.words or part.breaks():
                    # Of the words, so that a sentence is said alike wherever it stands
                    seed = manner.seed ^ zlib.crc32(part.text.encode())
                    for piece, said in self._sentence(part, manner, seed):
                        yield _rested(piece, said, rest, self.sample_rate) if rest else (piece, said)
                        rest = 0
            rest += round(script.rest(number) * self.sample_rate)
        if rest and goes_on:
            yield np.zeros(rest, np.float32), Timestamps()

    def _sentence(self, script: Script, manner: Manner, seed: int) -> Iterator[tuple[np.ndarray, Timestamps]]:
        import torch

        from avspeech.synthesis.training import last_words, predicted_breaks

        model, breaks = self.model, self.model.config.breaks
        device = next(model.parameters()).device
        with torch.inference_mode():
            if breaks and self.predict_breaks and script.words:
                script = predicted_breaks(model, script)
            tokens = script.tokens()
            last, ends = last_words(script, breaks)
            words = script.words
            slopes = [w.tone.slope if (w := words[end]).tone is not None else np.nan for end in ends]
            asked = [np.nan if t.seconds is None else t.seconds for t in tokens]
            known, frames = model.plan(
                torch.tensor([script.ids()], device=device), speaker=manner.voice.to(device),
                last=torch.tensor([last], device=device),
                slopes=torch.tensor([slopes], dtype=torch.float32, device=device) if slopes else None,
                reference=None if manner.reference is None else tuple(x.to(device) for x in manner.reference),
                rate=torch.tensor([[manner.rate * t.rate for t in tokens]], device=device),
                break_seconds=torch.tensor([asked], dtype=torch.float32, device=device))
            if not int(frames.sum()):
                return
            durations = frames[0].cpu().numpy()
            generator = torch.Generator().manual_seed(seed)
            noise = torch.randn(1, int(durations.sum()), model.channels, generator=generator).to(device)
            sound = self._sound(known, durations, tokens, noise, manner, seed)
            yield from _timed(sound, tokens, durations, words, self.hop, self.sample_rate)

    def _sound(self, known: torch.Tensor, durations: np.ndarray, tokens: Any, noise: torch.Tensor,
               manner: Manner, seed: int) -> Iterator[np.ndarray]:
        """The phrases of a planned sentence, joined."""
        import torch

        shortest = JOIN * self.sample_rate / self.hop
        first = np.concatenate([[0], np.cumsum(durations)])
        cuts = [i for i, t in enumerate(tokens) if t.kind == "break" and durations[i] >= shortest
                and durations[:i].sum() > shortest and durations[i + 1:].sum() > shortest]
        fade = max(1, round(FADE * self.sample_rate))
        kept: np.ndarray | None = None  # of the break before, by the phrase that ended in it
        done = 0  # samples given out
        for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, len(tokens) - 1], strict=True)):
            stretch = slice(begin, end + 1)
            count = int(durations[stretch].sum())
            mel, f0 = self.model.decode(
                known[:, stretch], torch.from_numpy(durations[None, stretch]).to(known.device),
                steps=manner.steps, noise=noise[:, first[begin]: first[begin] + count],
                temperature=manner.temperature)
            sound = self._vocode(mel, f0, seed + number)
            offset = int(first[begin]) * self.hop  # of sound[0]
            if kept is not None:
                rise = _rise(fade)
                at = done - offset
                sound[at: at + fade] = rise * sound[at: at + fade] + (1 - rise) * kept
            else:
                sound[:fade] *= _rise(fade)[: len(sound)]
            stop = (len(sound) if end == len(tokens) - 1
                    else int((first[end] + first[end + 1]) / 2 * self.hop) - offset)
            if end == len(tokens) - 1:
                sound[-fade:] *= _rise(fade)[::-1][-len(sound):]
            kept = sound[stop: stop + fade].copy()
            piece = sound[done - offset: stop]
            done = offset + stop
            yield piece

    def _vocode(self, mel: torch.Tensor, f0: torch.Tensor | None, seed: int) -> np.ndarray:
        import torch

        vocoder, more = self.model.vocoder, {}
        if getattr(vocoder.config, "source", "none") == "harmonic":
            generator = torch.Generator().manual_seed(seed % 2 ** 63)
            more["noise"] = torch.randn(1, mel.shape[2] * self.hop, generator=generator).to(mel.device)
        sound = vocoder(mel, f0, **more)[0].float().cpu().numpy()
        if not np.isfinite(sound).all():
            raise FloatingPointError("the voice's output is not finite")
        return limited(sound)


def _rested(piece: np.ndarray, said: Timestamps, rest: int, rate: int) -> tuple[np.ndarray, Timestamps]:
    """A piece and its times with silence before it."""
    moved = Timestamps()
    moved.add(said, rest / rate)
    return np.concatenate([np.zeros(rest, np.float32), piece]), moved


def limited(sound: np.ndarray, knee: float = 0.9) -> np.ndarray:
    """Samples up to `knee` as they are, louder ones bent smoothly to stay below 1: sample by sample, so that
    a stream is as the whole."""
    size = np.abs(sound)
    bent = np.sign(sound) * (knee + (1 - knee) * np.tanh((size - knee) / (1 - knee)))
    return np.where(size > knee, bent, sound).astype(np.float32)


def _rise(samples: int) -> np.ndarray:
    return (np.arange(1, samples + 1, dtype=np.float32) - 0.5) / samples


def _timed(pieces: Iterator[np.ndarray], tokens: Any, durations: np.ndarray, words: Any, hop: int,
           rate: int) -> Iterator[tuple[np.ndarray, Timestamps]]:
    """Each piece with the words, phones and breaks that begin in it; times from its start."""
    ends = np.cumsum(durations) * hop / rate
    starts = ends - durations * hop / rate
    entries: list[tuple[str, dict[str, Any]]] = []
    for i, token in enumerate(tokens):
        span = {"start": float(starts[i]), "end": float(ends[i])}
        if token.kind == "phone":
            word = words[token.word]
            if i == 0 or tokens[i - 1].kind != "phone" or tokens[i - 1].word != token.word:
                entries.append(("words", {"word": word.text, **span, "from": word.start, "to": word.end}))
                current = entries[-1][1]
            current["end"] = span["end"]
            entries.append(("phones", {"phone": token.symbol, **span}))
        elif token.kind == "break" and durations[i] > 0:
            entries.append(("breaks", {**span, "after": token.word}))
    begun, place, said = 0.0, 0, 0
    for piece in pieces:
        stop, stamps, before = begun + len(piece) / rate, Timestamps(), said
        while place < len(entries) and entries[place][1]["start"] < stop - 1e-9:
            kind, entry = entries[place]
            moved = dict(entry, start=round(entry["start"] - begun, 4), end=round(entry["end"] - begun, 4))
            if kind == "breaks":
                moved["after"] -= before  # counted from the words of this piece
            said += kind == "words"
            getattr(stamps, kind).append(moved)
            place += 1
        yield piece, stamps
        begun = stop


def _short(script: Script) -> Iterator[Script]:
    """A sentence, cut where it has more than LONGEST words: behind the last mark or break of the second
    half, else between two words."""
    import dataclasses

    from avspeech.text import Word

    (sentence,) = script.sentences
    items = list(sentence.items)
    while sum(isinstance(i, Word) for i in items) > LONGEST:
        count, least, cut = 0, LONGEST // 2, 0
        for place, item in enumerate(items):
            if isinstance(item, Word):
                count += 1
                if count > LONGEST:
                    cut = cut or place
                    break
            elif count > least:
                cut = place + 1
        part, items = items[:cut], items[cut:]
        yield dataclasses.replace(script, sentences=(dataclasses.replace(sentence, items=tuple(part)),))
    if items:
        yield dataclasses.replace(script, sentences=(dataclasses.replace(sentence, items=tuple(items)),))
