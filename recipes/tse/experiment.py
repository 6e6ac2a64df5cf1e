"""The settings of an experiment of target speaker extraction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from avspeech.core import pretrained, ranges, trainer
from avspeech.errors import InputError
from avspeech.extraction import training
from avspeech.extraction.mixing import MixConfig


@dataclass
class Corpus:
    """A corpus of the experiment."""

    source: str | None = None  # the corpus as distributed; none for mini
    # its speakers are extracted, or only interfere
    role: Literal["target", "interferer"] = "target"
    repeat: int = 1  # times an epoch that each utterance is a target
    # further views that are rendered from the front one, by their names in
    # `data.manifest.VIEW_ANGLES`: left_30, right_60, top, ...; and, to test with, "rotating": the
    # camera goes from 60 degrees at one side to 60 at the other
    synthetic: tuple[str, ...] = ()
    # the cameras of training's rendered views differ a little from clip to clip
    # (`camera_views.Camera.varied`)
    vary_cameras: bool = True
    options: dict[str, Any] = field(default_factory=dict)  # of the corpus' `prepare`

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "repeat")


@dataclass
class Data:
    """The corpora."""

    corpora: dict[str, Corpus] = field(default_factory=dict)  # by name in the registry
    workers: int = 2  # processes that make crops

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "workers")


@dataclass
class Mixing:
    """What is mixed."""

    train: MixConfig = field(default_factory=MixConfig)  # what training draws
    augment: training.AugmentConfig = field(default_factory=training.AugmentConfig)  # and varies
    # what is listed once, for development and test
    test: MixConfig = field(default_factory=lambda: MixConfig(occluded=0.0, missing=0.0))
    dev_count: int = 40  # development mixtures for each corpus
    test_count: int = 100  # test mixtures for each corpus
    segment: float = 2.0  # seconds of a training example
    seed: int = 1  # of what is listed

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "dev_count", "test_count")
        ranges.at_least(self, 0, "seed")
        ranges.above(self, 0, "segment")


@dataclass
class System:
    """A system to compare, as differences from the experiment's model."""

    model: dict[str, Any] = field(default_factory=dict)  # differences of the model's settings
    views: int = 3  # views of each training example
    only: tuple[str, ...] = ()  # names of the views it may see in training; empty: all

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "views")


@dataclass
class Model:
    """The model that is trained."""

    name: str = "mvtf-small"  # of a model or a named configuration
    # a model folder or a released model's name, whose weights of the same name and shape are copied
    init: str | None = None
    # only weights of these modules are copied, say cue.lips.frontend; empty: all
    copied: tuple[str, ...] = ()
    # learning-rate multiplier of the lip encoder's copied `frontend`; 0 freezes it, which saves its
    # backward pass
    begun: float = 1.0
    # with begun=0: pictures of each clip and view, varied as mix.augment says, that the frontend
    # sees once; what it makes of them is kept in `exp/looks`, and a step costs a fraction. 0: it
    # sees each example anew
    looks: int = 0
    # share of the weights of `init` in the result, a mean of them and of those at the end: less of
    # what was learned before is forgotten (Wortsman et al., "Robust fine-tuning of zero-shot
    # models", CVPR 2022)
    keep: float = 0.0
    config: dict[str, Any] = field(default_factory=dict)  # differences from its settings

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "begun", "looks")
        ranges.between(self, 0, 1, "keep")
        if self.keep and (not self.init or self.copied):
            raise InputError(f"keep={self.keep}: a share of the weights of what? Set model.init to "
                             "a model, and leave model.copied empty")
        if self.copied and not self.init:
            raise InputError(f"copied={', '.join(self.copied)}: copied from what? Set "
                             "model.init to a model")
        if self.looks and self.begun:
            raise InputError(f"looks={self.looks}: expected model.begun=0 beside it: only what a "
                             "frozen frontend sees can be kept")


@dataclass
class Shown:
    """A test condition."""

    views: tuple[str, ...] = ()  # that are given; empty: all that a mixture has
    shuffled: bool = False  # with another utterance's video


@dataclass
class Config:
    """The experiment."""

    data: Data = field(default_factory=Data)
    mix: Mixing = field(default_factory=Mixing)
    model: Model = field(default_factory=Model)
    systems: dict[str, System] = field(default_factory=lambda: {"mvtf": System()})
    seeds: tuple[int, ...] = (0,)  # each system is trained with each of them
    # the three parts of training; max_steps=1 skips lips or guess
    lips: trainer.TrainConfig = field(default_factory=lambda: trainer.TrainConfig(max_steps=2000))
    guess: trainer.TrainConfig = field(default_factory=lambda: trainer.TrainConfig(max_steps=5000))
    train: trainer.TrainConfig = field(default_factory=trainer.TrainConfig)
    # the lip encoder learns after its own part too, at twice the cost of a step; the
    # paper's does not
    tune_lips: bool = False
    # cue and first guess learn with the blocks; else the blocks learn alone
    tune_guess: bool = True
    conditions: dict[str, Shown] = field(default_factory=lambda: {"as listed": Shown()})
    release: pretrained.Release = field(default_factory=pretrained.Release)

    def __post_init__(self) -> None:
        for key in ("systems", "seeds", "conditions"):
            if not getattr(self, key):
                raise InputError(f"{key}: empty; at least one is needed")
        ranges.at_least(self, 0, "seeds")
