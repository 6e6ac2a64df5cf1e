"""Text in, speech out: whole, or phrase by phrase as it is made.

    voice = avspeech.load("prosodyfm-...")  # or a folder that a recipe wrote
    speech = voice("I said <brk 0.4> no<rise>.", rate=1.1, seed=0)
    speech.audio, speech.sample_rate, speech.words
    for piece in voice.stream(long_text):   # float32 [n], one phrase after another
        play(piece)

A sentence is planned as a whole (breaks, tones, durations), then sounded phrase by phrase: a phrase
ends in a break, both its neighbors sound that break, and the join lies in the middle of it. What is
yielded is final, and calling the voice gives exactly the pieces of its stream. Files: see
`avspeech.synthesis.files`.
"""

from __future__ import annotations

import dataclasses
import warnings
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.core import ranges
from avspeech.errors import InputError
from avspeech.synthesis import styles
from avspeech.synthesis.engine import Contours, Wish, engine_of
from avspeech.synthesis.phrasing import last_words, predicted_breaks
from avspeech.synthesis.script_parts import (
    padded_contours,
    short_parts,
    with_pauses,
    with_points,
)
from avspeech.synthesis.speech import Manner, Piece, Rest, Speech, Timestamps, timed

if TYPE_CHECKING:
    from avspeech.core.engine import Choice
    from avspeech.core.pretrained import ModelInfo
    from avspeech.synthesis.settings import VoiceConfig
    from avspeech.text import Script

__all__ = ["Manner", "Piece", "Speech", "Synthesizer", "Timestamps", "limited"]

FADE = 0.005  # seconds of cross-fade where two phrases join, and of fade at both ends of a sentence
JOIN = 0.08  # seconds a break has to last for phrases to be joined in it
RATES = (0.25, 4.0)
MOST_STEPS = 1000
DEAF = ("this voice does not follow the tones that are asked of last words (<rise>, <fall>, slope, "
        "a reference): what was measured does not go with what was asked; prosodyfm-asterisk does")


class Synthesizer:
    """Text to speech with a model of task "synthesis" (`avspeech.synthesis.prosodyfm`).

    Args:
        model: the voice (`prosodyfm.ProsodyFM`), or the graphs of one.
        info: what its folder says of it.
        phonemiser: a phonemizer of `avspeech.text` (default: that of the training).
        language: for the phonemizer "espeak".
        predict_breaks: whether the voice puts breaks of its own between those that the text asks
            for.
        pronunciations: {"word": "W ER1 D"} in ARPAbet, which win over the phonemizer.
        sentence_rest, paragraph_rest: as for a call, where that gives none.

    Raises:
        InputError: the voice knows other symbols, or a pronunciation cannot be used.
    """

    def __init__(self, model: Any, info: ModelInfo, *, phonemiser: str | None = None,
                 language: str = "en-us", predict_breaks: bool = True,
                 pronunciations: Mapping[str, str] | None = None,
                 sentence_rest: float | None = None, paragraph_rest: float | None = None) -> None:
        from avspeech.text import symbols
        from avspeech.text.own import Own

        if tuple(info.labels) != symbols.SYMBOLS[: len(info.labels)]:
            raise InputError("this voice was trained on other symbols than this version of "
                             "avspeech has")
        self.model = model
        self.engine = engine_of(model, info)
        self.info = info
        self.phonemiser = str(phonemiser or info.frontend.get("phonemiser", "default"))
        self.language = language
        self.predict_breaks = predict_breaks
        Own(pronunciations or {})  # raises for one that no text can use
        self.pronunciations = dict(pronunciations or {})
        self.sentence_rest, self.paragraph_rest = sentence_rest, paragraph_rest
        self.sample_rate = int(self.engine.vocoder.sample_rate)
        self.hop = int(self.engine.vocoder.hop)

    @classmethod
    def from_pretrained(cls, name_or_folder: str | Path, device: str = "cpu",
                        engine: Choice = "auto", **options: Any) -> Synthesizer:
        """Loads a voice.

        Args:
            name_or_folder: a released name or a model folder.
            device: a torch device.
            engine: "auto", "onnx" or "torch": see `core.pretrained.open_model`.
            options: further arguments of the class.

        Raises:
            InputError: there is no such model, or it is for another task.
        """
        from avspeech.core import pretrained

        return cls(*pretrained.open_model(name_or_folder, device, engine, "synthesis"), **options)

    @property
    def config(self) -> VoiceConfig:
        """The settings of the voice."""
        return self.engine.config

    @property
    def voices(self) -> tuple[str, ...]:
        """Names of the speakers it knows; none where it takes speaker vectors."""
        return tuple(self.config.speakers) if self.config.embeddings == "table" else ()

    @property
    def speakers(self) -> tuple[str, ...]:
        """What <voice name="..."> may be: the names of `voices` and their numbers."""
        return (*self.voices, *map(str, range(len(self.voices))))

    def __call__(self, text: str, *, rate: float = 1.0, steps: int | None = None, seed: int = 0,
                 voice: Any = None,
                 reference: str | Path | np.ndarray | None = None, temperature: float | None = None,
                 sentence_rest: float | None = None, paragraph_rest: float | None = None) -> Speech:
        """Says a whole text.

        Args:
            text: what to say, with markup as in `avspeech.text.markup`.
            rate: speed, 0.25 to 4; 1.2 is 20 % faster.
            steps: of the flow's solver (default: the voice's own).
            seed: of the noise; another one gives another take.
            voice: speaker by name or number (default: the first), or a speaker vector `[D]`.
            reference: a recording (file, or samples `[N]` at the voice's rate) whose phrase endings
                are taken where the text asks for no tone.
            temperature: of the noise (default: the voice's own).
            sentence_rest: seconds of silence between two sentences (default: 0.4, or 0.5 after
                "…").
            paragraph_rest: seconds between two paragraphs (default: 0.8, or twice `sentence_rest`
                where that is more).

        Raises:
            InputError: bad markup, an empty text, an unknown voice, or values out of range.
        """
        manner = self.manner(rate, steps, seed, voice, reference, temperature)
        script = self.read(text, sentence_rest, paragraph_rest)
        if script.unread:
            warnings.warn(script.unread_line, stacklevel=2)
        return self.speech(script, manner)

    def speech(self, script: Script, manner: Manner) -> Speech:
        """Says a script (`read`, or `avspeech.text.analyse`) in a manner (`manner`) as a whole."""
        audio, stamps, done = [], Timestamps(), 0
        for piece, said in self.say(script, manner):
            stamps.add(said, done / self.sample_rate)
            audio.append(piece)
            done += len(piece)
        if not audio:
            raise InputError("the text has no word to say")
        return Speech(np.concatenate(audio), self.sample_rate, stamps)

    def stream(self, text: str, *, rate: float = 1.0, steps: int | None = None, seed: int = 0,
               voice: Any = None,
               reference: str | Path | np.ndarray | None = None, temperature: float | None = None,
               sentence_rest: float | None = None, paragraph_rest: float | None = None
               ) -> Iterator[np.ndarray]:
        """Says a text phrase by phrase: the first phrase comes before the second is made.

        Memory does not grow with the sound. The arguments are those of a call; what is wrong with
        them is raised at the call, before anything is said.

        Yields:
            float32 `[n]`.
        """
        manner = self.manner(rate, steps, seed, voice, reference, temperature)
        script = self.read(text, sentence_rest, paragraph_rest)
        if script.unread:
            warnings.warn(script.unread_line, stacklevel=2)
        return (piece for piece, _ in self.say(script, manner))

    def manner(self, rate: float = 1.0, steps: int | None = None, seed: int = 0, voice: Any = None,
               reference: str | Path | np.ndarray | None = None, temperature: float | None = None,
               contours: Mapping[int, np.ndarray] | None = None) -> Manner:
        """Checks how a text is to be said, and listens to the reference.

        Args:
            rate, steps, seed, voice, reference, temperature: as for a call.
            contours: {index of a phrase's last word in the script: its contour}, see `Manner`.

        Raises:
            InputError: a value is out of range, or the voice is not known.
        """
        if not ranges.within(rate, *RATES):
            raise InputError(f"rate {rate}: expected {RATES[0]} to {RATES[1]}; 1.2 is 20 % faster")
        own = self.config.steps
        steps = own if steps is None else steps
        if not ranges.within(steps, 1, MOST_STEPS, whole=True):
            raise InputError(f"steps {steps}: expected a whole number from 1 to {MOST_STEPS}; "
                             f"{own} do")
        if temperature is not None and not ranges.within(temperature, 0, 2):
            raise InputError(f"temperature {temperature}: expected 0 to 2")
        if not ranges.within(seed, 0, 2 ** 63 - 1, whole=True):
            raise InputError(f"seed {seed}: expected a whole number from 0 to 2^63 - 1")
        heard = None if reference is None else self.listen(reference)
        if heard is not None and not self.config.tones:
            warnings.warn(DEAF, stacklevel=2)
        return Manner(float(rate), int(steps), int(seed), self._speaker(voice), heard, temperature,
                      contours)

    def read(self, text: str, sentence_rest: float | None = None,
             paragraph_rest: float | None = None) -> Script:
        """The text as a script, before the voice's own breaks; the arguments as for a call.

        `Script.unread` is what has no reading and is left out.

        Raises:
            InputError: bad markup, or no word in it.
        """
        script = self.analyze(text, sentence_rest, paragraph_rest)
        if not script.words:
            unread = f"; {script.unread_line}" if script.unread else ""
            raise InputError(f"the text has no word to say{unread}")
        return script

    def analyze(self, text: str, sentence_rest: float | None = None,
                paragraph_rest: float | None = None) -> Script:
        """As `read`, also for a text without any word."""
        from avspeech import text as reader

        if sentence_rest is None:
            sentence_rest = self.sentence_rest
        if paragraph_rest is None:
            paragraph_rest = self.paragraph_rest
        # A voice that cannot end questions in a rise gets none but those that the text asks for
        script = reader.analyse(text, self.phonemiser, self.language, self.pronunciations,
                                questions_rise=self.config.tones,
                                sentence_rest=sentence_rest, paragraph_rest=paragraph_rest,
                                voices=self.speakers)
        if not self.config.tones and any(word.tone for word in script.words):
            warnings.warn(DEAF, stacklevel=2)
        if not self.config.intonation and any(
                item.style.pitch or item.style.contour for item in script.items):
            raise InputError("this voice was trained without intonation: its pitch cannot be moved "
                             "(<prosody pitch=...>, contour=..., <emphasis>)")
        return script

    def listen(self, reference: str | Path | np.ndarray) -> Contours:
        """Finds how the phrases of a recording end.

        A phrase ends at a pause or at the end; the last 0.4 s of each stand for its last word.

        Args:
            reference: a file, or samples `[N]` at the voice's rate.

        Returns:
            (contours [1, Q, F] in semitones at the voice's frames, their lengths [1, Q]).

        Raises:
            InputError: nothing voiced is found, or the voice knows no intonation.
        """
        from avspeech.media import audio, pitch
        from avspeech.synthesis import contours, prosody

        if not self.config.intonation:
            raise InputError("this voice was trained without intonation: it takes no reference")
        if isinstance(reference, (str, Path)):
            name, samples = reference, audio.read(reference, self.sample_rate)
        else:
            name, samples = "the reference", audio.mono(reference)
        hop = self.hop / self.sample_rate
        hertz, voiced = pitch.f0(samples, self.sample_rate, hop, method=pitch.best_method())
        quiet = prosody.silences(samples, self.sample_rate, prosody.PAUSE)
        ends = [s.start for s in quiet if s.start > prosody.TERMINAL]
        if not quiet or quiet[-1].end < len(samples) / self.sample_rate - hop:
            ends.append(len(samples) / self.sample_rate)
        spans = [(round((end - prosody.TERMINAL) / hop), round(end / hop))
                 for end in ends if end > prosody.TERMINAL]
        found = [c for c in contours.of_last_words(hertz, voiced, spans, hop) if len(c)]
        lines, frames = padded_contours(dict(enumerate(found)), range(len(found)))
        if lines is None:
            raise InputError(f"{name}: no voiced phrase ending in it; give 0.5 s of speech or more")
        return lines, np.array([frames])

    def _speaker(self, voice: Any) -> np.ndarray:
        """int64 [1] of the table, or float32 [1, D]."""
        config = self.config
        if config.embeddings != "table":
            named = voice is None or isinstance(voice, str)
            vector = None if named else np.asarray(voice, np.float32)
            if vector is None or vector.shape != (config.vector,) or not np.isfinite(vector).all():
                raise InputError("this voice has no names: give a speaker vector of "
                                 f"{config.vector} values")
            return vector[None]
        names = self.voices
        if voice is None:
            return np.zeros(1, np.int64)
        if str(voice) in self.speakers:
            return np.array([self.speakers.index(str(voice)) % len(names)])
        from avspeech.core import pretrained

        model = f"; {voice} is a model (--model {voice})" if voice in pretrained.names() else ""
        raise InputError(f"voice '{voice}' is not known; this model has: {', '.join(names)}{model}")

    def say(self, script: Script, manner: Manner, rest: Rest | None = None) -> Iterator[Piece]:
        """Says a script phrase by phrase.

        Args:
            script, manner: as for `speech`.
            rest: the silence that is due after what was said before; keeps what is due after this
                script.
        """
        rest = Rest() if rest is None else rest
        word = 0  # of the script, the first of the part
        parts = [part for number in range(len(script.sentences))
                 for part in short_parts(script.sentence(number))
                 if part.words or part.breaks()]
        for part in with_points(parts):
            # Of the words, so that a sentence is said alike wherever it stands
            seed = manner.seed ^ zlib.crc32(part.text.encode())
            voice = part.sentences[0].voice
            how = manner if voice is None else dataclasses.replace(manner,
                                                                   voice=self._speaker(voice))
            yield from self._sentence(part, how, seed, word, rest)
            word += len(part.words)

    def _sentence(self, script: Script, manner: Manner, seed: int, first: int,
                  rest: Rest) -> Iterator[Piece]:
        """The pieces of a sentence, the rest due before it in the first of them. first: the index
        of its first word in the whole script."""
        engine, breaks = self.engine, self.config.breaks
        script = script.with_rests()
        if breaks and self.predict_breaks and script.words:
            script = predicted_breaks(engine.break_probability, self.config.break_threshold, script)
        script, tokens, pauses, asked = with_pauses(script, breaks)
        # NaN, as predicted, stays NaN: `max` gives its first argument
        asked = [max(s - self.config.quiet, 0.0) if i in pauses else s for i, s in enumerate(asked)]
        last, ends = last_words(script, breaks)
        words = script.words
        tones = [words[end].tone for end in ends]
        slopes = [np.nan if tone is None else tone.slope for tone in tones]
        whole = [first + end for end in ends]  # by the words of the whole script
        contours, frames_of = padded_contours(manner.contours or {}, whole)
        wish = Wish(
            script.ids(), last, manner.voice, [manner.rate * t.rate for t in tokens], asked, slopes,
            None if contours is None else (contours, np.array([frames_of])), manner.reference)
        known, durations, wanted = engine.plan(wish)
        if not durations.sum():
            return
        noise = _noise(seed, int(durations.sum()), engine.channels)
        moved, factors = styles.shifts(tokens, durations), styles.gains(tokens, durations)
        sound = self._sound(known, durations, wanted, pauses, noise, manner, seed, moved, factors)
        pieces = timed(sound, tokens, durations, pauses, words, self.hop, self.sample_rate,
                       script.points)
        lead, tail = (int(durations[i]) * self.hop / self.sample_rate for i in (0, -1))
        yield from rest.before(pieces, lead, self.sample_rate)
        rest.due, rest.there = script.rest(0), tail

    def _sound(self, known: np.ndarray, durations: np.ndarray, asked: np.ndarray,
               pauses: set[int], noise: np.ndarray, manner: Manner, seed: int,
               moved: np.ndarray | None, factors: np.ndarray | None) -> Iterator[np.ndarray]:
        """The phrases of a planned sentence, joined in its long pauses. moved, factors: of
        `styles`, `[T]`."""
        shortest = JOIN * self.sample_rate / self.hop
        first = np.concatenate([[0], np.cumsum(durations)])
        cuts = [i for i in sorted(pauses) if durations[i] >= shortest
                and durations[:i].sum() > shortest and durations[i + 1:].sum() > shortest]
        fade = max(1, round(FADE * self.sample_rate))
        kept: np.ndarray | None = None  # of the break before, by the phrase that ended in it
        done = 0  # samples given out
        for number, (begin,
                     end) in enumerate(zip([0, *cuts], [*cuts, len(durations) - 1], strict=True)):
            stretch = slice(begin, end + 1)
            count = int(durations[stretch].sum())
            mel, f0 = self.engine.decode(known[:, stretch], durations[stretch], manner.steps,
                                         noise[first[begin]: first[begin] + count],
                                         manner.temperature, asked)
            here = slice(int(first[begin]), int(first[begin]) + count)
            if moved is not None and f0 is not None:
                v = self.engine.vocoder
                f0 = np.clip(f0 * np.exp2(moved[here] / 12), v.pitch_low, v.pitch_high)
            sound = self._vocode(mel, f0, seed + number)
            if factors is not None:
                sound = limited(sound * styles.at_samples(factors[here], self.hop)[: len(sound)])
            offset = int(first[begin]) * self.hop  # of sound[0]
            if kept is not None:
                rise = _rise(fade)
                at = done - offset
                sound[at: at + fade] = rise * sound[at: at + fade] + (1 - rise) * kept
            else:
                sound[:fade] *= _rise(fade)[: len(sound)]
            stop = (len(sound) if end == len(durations) - 1
                    else int((first[end] + first[end + 1]) / 2 * self.hop) - offset)
            if end == len(durations) - 1:
                sound[-fade:] *= _rise(fade)[::-1][-len(sound):]
            kept = sound[stop: stop + fade].copy()
            piece = sound[done - offset: stop]
            done = offset + stop
            yield piece

    def _vocode(self, mel: np.ndarray, f0: np.ndarray | None, seed: int) -> np.ndarray:
        # The first phrase has the numbers of the flow's noise again. There they are a frame's
        # bands, here successive samples, so none is heard near the frame that it helped to make
        sound = self.engine.sound(mel, f0, _noise(seed, mel.shape[1] * self.hop))
        if not np.isfinite(sound).all():
            raise FloatingPointError("the voice's output is not finite")
        return limited(sound)


def limited(sound: np.ndarray, knee: float = 0.9) -> np.ndarray:
    """Limits samples sample by sample, so that a stream is as the whole.

    Args:
        sound: `[N]`.
        knee: samples up to this size stay as they are, louder ones are bent smoothly to stay below
            1.
    """
    size = np.abs(sound)
    if size.max(initial=0.0) <= knee:
        return sound.astype(np.float32, copy=False)
    bent = np.sign(sound) * (knee + (1 - knee) * np.tanh((size - knee) / (1 - knee)))
    return np.where(size > knee, bent, sound).astype(np.float32)


def _noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def _rise(samples: int) -> np.ndarray:
    return (np.arange(1, samples + 1, dtype=np.float32) - 0.5) / samples


def card_lines(name: str, info: ModelInfo) -> dict[str, Any]:
    """What a model card says of a voice (see `core.models.PIPELINES`).

    Args:
        name: of the model.
        info: its record.

    Returns:
        "title": a sentence that says what the model does; "python": lines of Python after
        `model = avspeech.load(...)`; "shell": commands.
    """
    call = 'speech = model("I said <brk 0.4> no<rise>.")  # .audio, .sample_rate, .words'
    return {"title": "Reads text aloud, with the breaks and the intonation that it is given",
            "python": [call],
            "shell": [f'avspeech speak "I said <brk 0.4> no<rise>." -o no.wav --model {name}',
                      f"avspeech export {name} --to onnx -o {name}.onnx"]}
