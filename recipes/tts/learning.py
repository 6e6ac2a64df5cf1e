"""Parts of the training of a voice."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from settings import Config

from avspeech.core import models, trainer
from avspeech.synthesis import training, vocoding


def aligned(cfg: Config, parts: Mapping[str, Any], model: Any, speakers: Sequence[str]
            ) -> tuple[training.Aligned, training.Aligned]:
    """The utterances that a voice learns, and those that it is checked on.

    Args:
        cfg: the configuration.
        parts: {split: (sounds, records, F0)}.
        model: the voice.
        speakers: its speakers, in the order of their numbers.
    """
    frame = model.vocoder.config.hop / model.vocoder.config.sample_rate
    analyser: Any = models.build("vocoder", **cfg.model.config.get("vocoder", {}))

    def of(split: str) -> training.Aligned:
        sounds, records, f0 = parts[split]
        return training.Aligned(records, sounds, f0, analyser.mel, speakers, frame,
                                model.config.breaks)

    return of("train"), of("dev" if parts["dev"][1] else "train")


def learn_breaks(cfg: Config, folder: Path, model: Any, parts: Mapping[str, Any], seed: int
                 ) -> dict[str, float]:
    """Trains where a voice breaks, and sets from which probability on it does.

    This is done apart from the voice: a few hundred texts are known by heart long before their
    sound.

    Args:
        cfg: the configuration.
        folder: of the voice's training.
        model: the voice.
        parts: {split: (sounds, records, F0)}.
        seed: of the training.

    Returns:
        Measures of the development texts.
    """
    texts = {s: training.Phrases(parts[s][1]) for s in ("train", "dev")}
    heard = texts["dev"] if texts["dev"].rows else texts["train"]
    found = trainer.fit(model.phrasing, training.phrasing_loss, texts["train"],
                        dataclasses.replace(cfg.phrasing, seed=seed), folder / "phrasing",
                        lambda predictor: training.phrasing_score(predictor, heard)).metrics
    threshold = found.pop("break_threshold")
    model.config = dataclasses.replace(model.config, break_threshold=threshold)
    return {k: v for k, v in found.items() if k != "score"}


def learner(vocoder: Any, adversary: float) -> vocoding.Vocoding:
    """A vocoder with its losses.

    Args:
        vocoder: the model.
        adversary: weight of an adversary; 0: there is none.
    """
    halved = bool(adversary) and trainer.multiplies_bf16(trainer.device())
    return vocoding.Vocoding(vocoder, adversary, halved)


def kept(how: trainer.TrainConfig, adversary: float) -> trainer.TrainConfig:
    """The settings of a vocoder's training; with an adversary they keep the last step."""
    return dataclasses.replace(how, validate_every=how.max_steps) if adversary else how


def polish(cfg: Config, folder: Path, model: Any, data: Any, dev: Any, seed: int) -> float:
    """Trains the vocoder of a voice on that voice's renditions.

    Args:
        cfg: the configuration.
        folder: of the voice's training.
        model: the voice.
        data, dev: utterances to render, for training and for checks.
        seed: of the training.

    Returns:
        The vocoder's distance on development renditions.
    """
    how = kept(dataclasses.replace(cfg.polish.fit, seed=seed), cfg.polish.adversary)
    start = cfg.polish.start
    heard = training.Renditions(model, data, cfg.polish.renditions, start, seed=seed)
    checked = training.Renditions(model, dev, 1, start, seed=seed)
    learned = learner(model.vocoder.requires_grad_(True), cfg.polish.adversary)

    def score(trained: Any) -> dict[str, float]:
        return vocoding.vocoder_score(trained, checked)

    result = trainer.fit(learned, vocoding.vocoder_loss, heard, how, folder / "polish", score)
    return result.metrics["distance"]
