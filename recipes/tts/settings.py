"""What can be set in the recipe's YAML files and on its command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from avspeech.core import pretrained, ranges, trainer
from avspeech.errors import InputError
from avspeech.media.pitch import check_method
from avspeech.text import phonemisers


@dataclass
class Corpus:
    """A corpus to learn from."""

    corpus: str | None = None  # its name in the registry (default: the key)
    source: str | None = None  # its folder as distributed; none where it is made or fetched
    # "voice": a voice to learn; "support": others to learn pronouncing from, who are no voices of
    # the result (speakers who are voices by another corpus are left out); "vocoder": sound for the
    # vocoder alone; "test": recordings of others, of which nothing is learned, whose test sentences
    # the first voice is measured on
    role: Literal["voice", "support", "vocoder", "test"] = "voice"
    # Whose hearing is the text of utterances that have none (as `sentences.recogniser`); none: they
    # are left out
    recogniser: str | None = None
    options: dict[str, Any] = field(default_factory=dict)  # of its `prepare`


@dataclass
class Data:
    """The recordings."""

    # The first speaker of the first is the default
    corpora: dict[str, Corpus] = field(default_factory=dict)
    longest: float = 17.0  # seconds of an utterance that is still used

    def __post_init__(self) -> None:
        ranges.above(self, 0, "longest")


@dataclass
class Pitch:
    """How F0 is tracked."""

    method: str = "dio"  # of `avspeech.media.pitch`
    low: float = 60.0  # hertz
    high: float = 500.0  # hertz

    def __post_init__(self) -> None:
        check_method(self.method)
        if not 0 < self.low < self.high:
            raise InputError(f"low={self.low:g}, high={self.high:g}: expected two frequencies "
                             "above 0, the lower one first")


@dataclass
class Align:
    """How texts are aligned with recordings."""

    turns: int = 12  # of search and estimation
    threshold: float = 0.1  # seconds from which a pause within a sentence is a phrase break
    edge: float = 0.1  # seconds of silence kept at both ends
    phonemiser: str = "default"  # a phonemizer of `avspeech.text`
    # Durations by monotonic search under the prior at every step, as in the paper
    search: bool = False

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "turns")
        ranges.above(self, 0, "threshold")
        ranges.at_least(self, 0, "edge")
        phonemisers.get(self.phonemiser)


@dataclass
class System:
    """One system of the experiment."""

    model: dict[str, Any] = field(default_factory=dict)  # differences from the experiment's model


@dataclass
class Model:
    """The model of all systems."""

    name: str = "prosodyfm-small"  # a model or a named configuration
    config: dict[str, Any] = field(default_factory=dict)  # differences from it
    # A model folder, or a released model's name, whose weights to begin with where name and shape
    # agree
    init: str | None = None


@dataclass
class Polish:
    """A voice's own vocoder, trained further on what the voice makes of the voices' recordings.

    An adversary leads away from the spectral distance, so with one the last step is kept, not the
    one nearest to the development recordings. The vocoder should have `smooth`: another one learns
    to read the pitch off the mel, and slopes asked of last words do not reach the sound.
    """

    # Of each recording, with other noise; 0: the vocoder stays as its stage left it
    renditions: int = 0
    # Where renditions begin on the way from noise to the recording (`training.retold`; 1: its own
    # mel)
    start: float = 0.3
    adversary: float = 1.0  # its weight
    fit: trainer.TrainConfig = field(default_factory=lambda: trainer.TrainConfig(
        max_steps=1000, batch_seconds=8, lr=5e-4, warmup_steps=30, weight_decay=0.0, ema=0.995))

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "renditions", "adversary")
        ranges.between(self, 0, 1, "start")


@dataclass
class Sentences:
    """What is said and measured."""

    count: int = 50  # test sentences (0: all)
    others: int = 20  # test sentences of each corpus whose role is "test" (0: all)
    shortest: int = 3  # words of a sentence that is measured
    steps: int = 10  # of the flow; a measured voice takes as many unless others are asked for
    seed: int = 0  # of the noise
    # "tiny.en", "base" or a folder of a Whisper model for CTranslate2, for WER (none: left out)
    recogniser: str | None = None
    mos: bool = False  # opinion scores, where their packages are installed
    # F0 of the measures, as the field has it; "dio" takes a twentieth of the time
    pitch: str = "world"
    controls: int = 8  # sentences of the control experiments
    slopes: tuple[float, ...] = (4.0, 2.0, 0.0, -2.0, -4.0)  # semitones over the last word
    pauses: tuple[float, ...] = (0.1, 0.2, 0.4, 0.8)  # seconds
    # Read aloud
    texts: tuple[str, ...] = ("I said <brk 0.4> no<rise>.", "You have three new messages.")

    def __post_init__(self) -> None:
        check_method(self.pitch)
        ranges.at_least(self, 0, "count", "others", "seed", "controls")
        ranges.at_least(self, 1, "shortest", "steps")
        ranges.above(self, 0, "pauses")


@dataclass
class Config:
    """The experiment."""

    data: Data = field(default_factory=Data)
    pitch: Pitch = field(default_factory=Pitch)
    align: Align = field(default_factory=Align)
    model: Model = field(default_factory=Model)
    systems: dict[str, System] = field(default_factory=lambda: {"prosodyfm": System()})
    seeds: tuple[int, ...] = (0,)  # each system is trained with each of them
    # The vocoder's training
    vocoder: trainer.TrainConfig = field(
        default_factory=lambda: trainer.TrainConfig(batch_seconds=16))
    # Weight of an adversary in it. It leads away from the spectral distance, so with one the
    # vocoder's last step is kept, not the one nearest to the development recordings; 0: none
    adversary: float = 0.0
    pieces: float = 1.0  # seconds of the pieces of recordings that the vocoder learns from
    train: trainer.TrainConfig = field(default_factory=trainer.TrainConfig)  # the voice's training
    # The training of the predictor of breaks
    phrasing: trainer.TrainConfig = field(default_factory=lambda: trainer.TrainConfig(
        max_steps=300, batch_seconds=2000, lr=1e-3, warmup_steps=20, ema=0.95, validate_every=25))
    polish: Polish = field(default_factory=Polish)
    sentences: Sentences = field(default_factory=Sentences)
    release: pretrained.Release = field(default_factory=pretrained.Release)

    def __post_init__(self) -> None:
        for key in ("systems", "seeds"):
            if not getattr(self, key):
                raise InputError(f"{key}: empty; at least one is needed")
        ranges.at_least(self, 0, "seeds", "adversary")
        ranges.above(self, 0, "pieces")
