"""What can be set in the recipe's YAML files and on its command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from avspeech.core import pretrained, trainer
from avspeech.errors import InputError


@dataclass
class Corpus:
    """corpus: name in the registry (the key, where not given); source: as distributed (none where it is
    made or fetched); role: a voice to learn, or others to learn pronouncing from, who are no voices of the
    result ("support"; those who are voices by another corpus are left out), or sound for the vocoder alone.
    recogniser: whose hearing is the text of utterances that come without (as `sentences.recogniser`; none:
    they are left out). options: of its `prepare`."""

    corpus: str | None = None
    source: str | None = None
    role: Literal["voice", "support", "vocoder"] = "voice"
    recogniser: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Data:
    """corpora: the first speaker of the first is the voice's default. longest: seconds of an utterance that
    is still used."""

    corpora: dict[str, Corpus] = field(default_factory=dict)
    longest: float = 17.0


@dataclass
class Pitch:
    """method: of `avspeech.media.pitch`; low, high: hertz."""

    method: str = "dio"
    low: float = 60.0
    high: float = 500.0


@dataclass
class Align:
    """turns of estimation; threshold: seconds from which a pause within a sentence is a phrase break; edge:
    seconds of silence kept at both ends. phonemiser: of `avspeech.text`."""

    turns: int = 12
    threshold: float = 0.1
    edge: float = 0.1
    phonemiser: str = "default"
    search: bool = False


@dataclass
class System:
    """model: differences from the experiment's model."""

    model: dict[str, Any] = field(default_factory=dict)


@dataclass
class Model:
    """name: of a model or a named configuration; config: differences from it. init: a model folder, or a
    released model's name, whose weights to begin with where name and shape agree."""

    name: str = "prosodyfm-small"
    config: dict[str, Any] = field(default_factory=dict)
    init: str | None = None


@dataclass
class Polish:
    """A voice's own vocoder, taught further by what the voice makes of the voices' recordings: renditions of
    each, with other noise (0: none, and the vocoder stays as its stage left it), begun at `start` on the way
    from noise to the recording (`synthesis.retold`; 1: its own mel). adversary: its weight; it leads away
    from the spectral distance, so that with it the last step is kept, not the one nearest to the development
    recordings. It wants a vocoder with `smooth`: another comes to read the pitch off the mel, and slopes
    asked of last words do not reach the sound."""

    renditions: int = 0
    start: float = 0.3
    adversary: float = 1.0
    fit: trainer.TrainConfig = field(default_factory=lambda: trainer.TrainConfig(
        max_steps=1000, batch_seconds=8, lr=5e-4, warmup_steps=30, weight_decay=0.0, ema=0.995))

    def __post_init__(self) -> None:
        if min(self.renditions, self.adversary) < 0 or not 0 <= self.start <= 1:
            raise InputError("polish: expected renditions and adversary of 0 or more, start in 0..1")


@dataclass
class Sentences:
    """What is measured: count of test sentences (0: all) of `shortest` words or more; steps of the flow;
    seed of the noise. recogniser: "tiny.en", "base" or a folder of a Whisper model for CTranslate2, for WER
    (none: left out); mos: opinion scores, where their packages are installed; pitch: method of the measures
    ("world" as the field has it; "dio" takes a twentieth of the time). controls: sentences of the control
    experiments; slopes in semitones over the last word; pauses in seconds; texts: read aloud. others: test
    sentences of the support corpora that the first voice says too, of another kind than its own; their
    recordings being others', for WER and opinion scores alone."""

    count: int = 50
    others: int = 0
    shortest: int = 3
    steps: int = 10
    seed: int = 0
    recogniser: str | None = None
    mos: bool = False
    pitch: str = "world"
    controls: int = 8
    slopes: tuple[float, ...] = (4.0, 2.0, 0.0, -2.0, -4.0)
    pauses: tuple[float, ...] = (0.1, 0.2, 0.4, 0.8)
    texts: tuple[str, ...] = ("I said <brk 0.4> no<rise>.", "You have three new messages.")


@dataclass
class Config:
    """vocoder, train, phrasing: of the vocoder, the voice, its predictor of breaks."""

    data: Data = field(default_factory=Data)
    pitch: Pitch = field(default_factory=Pitch)
    align: Align = field(default_factory=Align)
    model: Model = field(default_factory=Model)
    systems: dict[str, System] = field(default_factory=lambda: {"prosodyfm": System()})
    seeds: tuple[int, ...] = (0,)
    vocoder: trainer.TrainConfig = field(default_factory=lambda: trainer.TrainConfig(batch_seconds=16))
    train: trainer.TrainConfig = field(default_factory=trainer.TrainConfig)
    phrasing: trainer.TrainConfig = field(default_factory=lambda: trainer.TrainConfig(
        max_steps=300, batch_seconds=2000, lr=1e-3, warmup_steps=20, ema=0.95, validate_every=25))
    polish: Polish = field(default_factory=Polish)
    sentences: Sentences = field(default_factory=Sentences)
    release: pretrained.Release = field(default_factory=pretrained.Release)
