"""A separator that knows voices: from recordings of many speakers, without video, to a model.

    python recipes/split/run.py --config egs/librispeech/split/conf/train.yaml [--stage train]

Speakers are held out for development, which chooses the weights, and for the test, which chooses
nothing. Scenes are drawn on the fly (`avspeech/extraction/scenes.py`).
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avspeech.core import config, models, pretrained, runs, storage, trainer
from avspeech.core.recipe import Recipe
from avspeech.data import corpora
from avspeech.data.corpora import layout
from avspeech.data.manifest import read_manifest, resolve
from avspeech.errors import InputError
from avspeech.extraction import scenes
from avspeech.extraction.scenes import SceneConfig

SPLITS = ("train", "dev", "test")


@dataclass
class Corpus:
    """A corpus of the experiment."""

    corpus: str | None = None  # name in the registry, where it differs from the entry's
    source: str | None = None  # the corpus as distributed; none for one that is generated
    most: int = 0  # clips of each speaker in each split at most; 0: all
    splits: tuple[str, ...] = SPLITS  # the splits whose clips are used
    options: dict[str, Any] = field(default_factory=dict)  # of the corpus' `prepare`


@dataclass
class Data:
    """The voices."""

    corpora: dict[str, Corpus] = field(default_factory=dict)  # by a name of your own
    # changed copies of each voice of training: pitch and formants (`mixing.revoiced`)
    copies: int = 2
    pitch: tuple[float, float] = (0.75, 1.6)  # range of a copy's factor of the pitch
    seed: int = 0  # of the changes


@dataclass
class Model:
    """The model that is trained."""

    name: str = "voices-small"  # of a model or a named configuration
    init: str | None = None  # a splitter or an `mvtf`, whose weights are copied where they fit
    config: dict[str, Any] = field(default_factory=dict)  # differences from its settings


@dataclass
class Easy:
    """The first part of training: what parts two voices is learned from short and clean scenes,
    where it takes a fraction of the time that it takes in noise."""

    scenes: SceneConfig = field(default_factory=lambda: SceneConfig(
        kinds={"two": 0.9, "alone": 0.1}, segment=2.0, partial=0.1, room=0.0, noise=0.0, third=0.0,
        microphone=0.0))
    # max_steps=1 leaves it out
    train: trainer.TrainConfig = field(default_factory=lambda: trainer.TrainConfig(
        max_steps=1500, schedule="constant"))


@dataclass
class Measuring:
    """The development and test scenes."""

    seed: int = 1  # of the scenes
    segment: float = 6.0  # seconds of a scene
    dev_count: int = 24  # scenes of each kind, clean and as in life, for development
    test_count: int = 100  # for the test


@dataclass
class Config:
    """The experiment."""

    data: Data = field(default_factory=Data)
    easy: Easy = field(default_factory=Easy)
    scenes: SceneConfig = field(default_factory=SceneConfig)
    model: Model = field(default_factory=Model)
    train: trainer.TrainConfig = field(default_factory=trainer.TrainConfig)
    measuring: Measuring = field(default_factory=Measuring)
    release: pretrained.Release = field(default_factory=pretrained.Release)


recipe = Recipe("split", schema=Config, doc=__doc__)


@recipe.stage("prepare", uses=("data",),
              sources=lambda cfg, exp: [c.source for c in cfg.data.corpora.values() if c.source],
              outputs=lambda cfg, exp: [exp / "data" / n for n in cfg.data.corpora])
def prepare(cfg: Config, exp: Path) -> None:
    """Write each corpus' manifests."""
    if not cfg.data.corpora:
        raise InputError("data.corpora: empty; name a corpus, "
                         "for example data.corpora.librispeech.source=/path/to/librispeech")
    for name, corpus in cfg.data.corpora.items():
        corpora.prepare(corpus.corpus or name, corpus.source, exp / "data" / name, **corpus.options)


@recipe.stage("voices", uses=("data",),
              outputs=lambda cfg, exp: [exp / "voices" / f"{s}.npy" for s in SPLITS])
def voices(cfg: Config, exp: Path) -> None:
    """Decode the voices once, and make the changed copies of those to train on."""
    import numpy as np

    from avspeech.extraction.augment import other_voice
    from avspeech.extraction.mixing import revoiced
    from avspeech.media import audio

    rng = np.random.default_rng(cfg.data.seed)
    for split in SPLITS:
        clips: list[tuple[str, np.ndarray]] = []
        for name, corpus in cfg.data.corpora.items():
            path, count = exp / "data" / name / f"{split}.jsonl", dict[str, int]()
            if split not in corpus.splits or not path.exists():
                continue
            root = layout.root_of(exp / "data" / name)
            for u in read_manifest(path):
                count[u.speaker] = count.get(u.speaker, 0) + 1
                if corpus.most and count[u.speaker] > corpus.most:
                    continue
                sound = audio.read(resolve(root, u.audio), scenes.SAMPLE_RATE, u.start, u.duration)
                if sound.any():
                    clips.append((u.speaker, sound))
        made = []
        for number in range(cfg.data.copies if split == "train" else 0):
            change = {speaker: other_voice(rng, cfg.data.pitch) for speaker, _ in clips}
            made += [(f"{speaker}~{number + 1}", revoiced(sound, *change[speaker]))
                     for speaker, sound in clips]
        scenes.write_voices(exp / "voices" / split, clips + made)
        minutes = sum(len(sound) for _, sound in clips) / scenes.SAMPLE_RATE / 60
        print(f"{split}: {len({s for s, _ in clips})} speakers, {minutes:.1f} minutes")


def _measured(model: Any, cfg: Config, pool: scenes.Voices, count: int, seed: Sequence[int]
              ) -> dict[str, float]:
    """Means over scenes of each kind, clean (the voices as recorded) and as in life (with the
    rooms, noise and microphones of training)."""
    # The length of what is measured does not depend on that of training
    life = dataclasses.replace(cfg.scenes, segment=cfg.measuring.segment, third=0.0)
    quiet = dataclasses.replace(life, partial=0.0, speed=0.0, room=0.0, noise=0.0, microphone=0.0)
    means = {}
    for place, settings in (("clean", quiet), ("life", life)):
        for kind in scenes.KINDS:
            rows = scenes.evaluate(model, pool, settings, kind, count,
                                   [*seed, place == "life"])
            for key in rows[0]:
                values = [row[key] for row in rows if math.isfinite(row[key])]
                means[f"{key}/{kind}, {place}"] = sum(values) / max(len(values), 1)
    return means


@recipe.stage("train", uses=("data", "easy", "scenes", "model", "train", "measuring", "release"),
              outputs=lambda cfg, exp: [exp / "splitter" / "model"], distributed=True)
def train(cfg: Config, exp: Path) -> None:
    """Train; what was interrupted goes on from its last checkpoint."""
    import torch

    from avspeech.extraction.voices import begin

    folder = exp / "splitter"
    settings = {key: value for key, value in config.to_dict(cfg).items()
                if key in ("data", "easy", "scenes", "model", "train", "measuring")}
    with trainer.distributed():
        made_of = {"code": recipe.code(train, cfg),
                   "begun with": pretrained.content(cfg.model.init or "") or "",
                   **{f"data of {split}": storage.file_hash(exp / "voices" / f"{split}.npy")
                      for split in ("train", "dev")}}
        if runs.finished(folder, folder / "model" / pretrained.SUMS, settings, made_of,
                         recipe.forced):
            return
        torch.manual_seed(cfg.train.seed)
        model: Any = models.build(cfg.model.name, **cfg.model.config).to(trainer.device())
        print(f"{sum(p.numel() for p in model.parameters()):,} parameters", flush=True)
        if cfg.model.init:
            count = begin(model, pretrained.load(cfg.model.init)[0])
            print(f"{count} of {len(model.state_dict())} tensors from {cfg.model.init}", flush=True)
        pool = scenes.Voices(exp / "voices" / "train")
        dev = scenes.Voices(exp / "voices" / "dev")

        def score(trained: Any) -> dict[str, float]:
            means = _measured(trained, cfg, dev, cfg.measuring.dev_count, [cfg.measuring.seed, 0])
            # Two parts of one voice come out in any order, so that they would choose by chance
            improved = [value for key, value in means.items() if key.startswith("si_sdri/two")]
            return {"score": sum(improved) / len(improved), **means}

        if cfg.easy.train.max_steps > 1:
            trainer.fit(model, scenes.training_loss, scenes.DrawnScenes(pool, cfg.easy.scenes),
                        cfg.easy.train, folder / "easy")
        result = trainer.fit(model, scenes.training_loss, scenes.DrawnScenes(pool, cfg.scenes),
                             cfg.train, folder / "train", score)
        if trainer.is_main():
            names = [c.corpus or name for name, c in cfg.data.corpora.items()]
            info = cfg.release.info(
                dict.fromkeys(names), cfg.model.init, task="separation", model="splitter",
                config=dataclasses.asdict(model.config), sample_rate=model.config.sample_rate,
                fps=None, metrics={f"dev {k}": round(v, 2) for k, v in result.metrics.items()
                                   if k != "score"} | {"best_step": float(result.best_step)},
                description="It learned from recordings of many speakers; whose voice is "
                            "whose it does not say.")
            pretrained.save(folder / "model", model, info)
        trainer.barrier()


@recipe.stage("evaluate", uses=("scenes", "measuring"),
              inputs=lambda cfg, exp: [exp / "splitter" / "model" / pretrained.WEIGHTS],
              outputs=lambda cfg, exp: [exp / "results.json"])
def evaluate(cfg: Config, exp: Path) -> None:
    """Measure the model on the test speakers, who chose nothing."""
    folder = exp / "splitter" / "model"
    model, info = pretrained.load(folder)
    means = _measured(model, cfg, scenes.Voices(exp / "voices" / "test"),
                      cfg.measuring.test_count, [cfg.measuring.seed, 1])
    for key, value in means.items():
        print(f"{key}: {value:.2f} dB")
    storage.write_atomically(exp / "results.json", (json.dumps(means, indent=1) + "\n").encode())
    metrics = {k: v for k, v in info.metrics.items() if not k.startswith("test ")}
    pretrained.update(folder, metrics=metrics | {
        f"test {k}": round(v, 2) for k, v in means.items()})


if __name__ == "__main__":
    recipe.main()
