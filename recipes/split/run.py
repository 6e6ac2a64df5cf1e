"""A separator that knows voices: from recordings of many speakers, without video, to a model.

    python recipes/split/run.py --config egs/librispeech/split/conf/train.yaml [--stage train]

Speakers are held out for development, which chooses the weights, and for the test, which chooses
nothing. Scenes are drawn on the fly (`avspeech/extraction/scenes.py`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avspeech.core import (
    checkpoint,
    config,
    model_files,
    models,
    pretrained,
    ranges,
    runs,
    storage,
    trainer,
)
from avspeech.core.recipe import Recipe
from avspeech.data import corpora
from avspeech.data.corpora import layout
from avspeech.data.manifest import read_manifest, resolve
from avspeech.errors import InputError, telling
from avspeech.extraction import scenes
from avspeech.extraction.scenes import SceneConfig

if TYPE_CHECKING:
    from avspeech.report import report

SPLITS = ("train", "dev", "test")
BEFORE = "before"  # in tables: the splitter that training began with
MEASURES = ("si_sdri", "si_sdr", "gain", "rest")
SEXES = ("one woman and one man", "both of one sex")


@dataclass
class Corpus:
    """A corpus of the experiment."""

    corpus: str | None = None  # name in the registry, where it differs from the entry's
    source: str | None = None  # the corpus as distributed; none for one that is generated
    most: int = 0  # clips of each speaker in each split at most; 0: all
    splits: tuple[str, ...] = SPLITS  # the splits whose clips are used
    options: dict[str, Any] = field(default_factory=dict)  # of the corpus' `prepare`

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "most")
        unknown = [split for split in self.splits if split not in SPLITS]
        if unknown or not self.splits:
            raise InputError(f"splits={list(self.splits)}: expected one or more of "
                             f"{', '.join(SPLITS)}")


@dataclass
class Data:
    """The voices."""

    corpora: dict[str, Corpus] = field(default_factory=dict)  # by a name of your own
    # changed copies of each voice of training: pitch and formants (`mixing.revoiced`)
    copies: int = 2
    pitch: tuple[float, float] = (0.75, 1.6)  # range of a copy's factor of the pitch
    seed: int = 0  # of the changes

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "copies", "seed")
        ranges.ascending(self, "pitch", lowest=0.25, highest=4)


@dataclass
class Model:
    """The model that is trained."""

    name: str = "voices-small"  # of a model or a named configuration
    init: str | None = None  # a splitter or an `mvtf`, whose weights are copied where they fit
    # share of the weights of `init`, a splitter, in the result: a mean of them and of those at the
    # end. After a short training it is often better than both (Wortsman et al., "Robust fine-tuning
    # of zero-shot models", CVPR 2022)
    keep: float = 0.0
    config: dict[str, Any] = field(default_factory=dict)  # differences from its settings

    def __post_init__(self) -> None:
        ranges.between(self, 0, 1, "keep")
        if self.keep and not self.init:
            raise InputError(f"keep={self.keep}: a share of the weights of what? Set model.init to "
                             "a splitter")


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

    def __post_init__(self) -> None:
        ranges.at_least(self, 0, "seed")
        ranges.above(self, 0.5, "segment")
        ranges.at_least(self, 1, "dev_count", "test_count")


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


@recipe.check
def check(cfg: Config, exp: Path) -> None:
    """Builds the model once."""
    with telling("model.config"):
        models.build(cfg.model.name, **cfg.model.config)


recipe.models(lambda cfg: {"model.init": cfg.model.init}, "train", "evaluate")


@recipe.stage("prepare", uses=("data",),
              sources=lambda cfg, exp: [c.source for c in cfg.data.corpora.values() if c.source],
              outputs=lambda cfg, exp: [exp / "data" / n for n in cfg.data.corpora])
def prepare(cfg: Config, exp: Path) -> None:
    """Write each corpus' manifests."""
    corpora.prepare_all(cfg.data.corpora, exp / "data",
                        "librispeech.source=/path/to/librispeech")


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
              ) -> list[dict[str, Any]]:
    """Rows of `scenes.evaluate` for scenes of each kind, with their kind and their condition: clean
    (the voices as recorded), or life (with the rooms, noise and microphones of training)."""
    # The length of what is measured does not depend on that of training
    life = dataclasses.replace(cfg.scenes, segment=cfg.measuring.segment, third=0.0)
    quiet = dataclasses.replace(life, partial=0.0, speed=0.0, room=0.0, noise=0.0, microphone=0.0)
    return [{"condition": place, "kind": kind, **row}
            for place, settings in (("clean", quiet), ("life", life)) for kind in scenes.KINDS
            for row in scenes.evaluate(model, pool, settings, kind, count,
                                       [*seed, place == "life"])]


def _means(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Means of the measures over scenes of each kind and condition; of two speakers also by their
    sexes, where these are known."""
    groups: dict[str, list[float]] = {}
    for row in rows:
        name = f"{row['kind']}, {row['condition']}"
        names = [name] + ([f"{name}, {row['sexes']}"] if row.get("sexes") else [])
        for measure in MEASURES:
            value = row.get(measure)
            if value is not None and math.isfinite(value):
                for known in names:
                    groups.setdefault(f"{measure}/{known}", []).append(value)
    return {key: sum(values) / len(values) for key, values in groups.items()}


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
        if runs.finished(folder, folder / "model" / model_files.SUMS, settings, made_of,
                         recipe.forced, config.free(cfg)):
            return
        torch.manual_seed(cfg.train.seed)
        model: Any = models.build(cfg.model.name, **cfg.model.config).to(trainer.device())
        print(f"{sum(p.numel() for p in model.parameters()):,} parameters", flush=True)
        if cfg.model.init:
            begun = pretrained.load(cfg.model.init)[0]
            before = begun.state_dict()
            if cfg.model.keep and any(key not in before or before[key].shape != value.shape
                                      for key, value in model.state_dict().items()):
                raise InputError(f"model.keep={cfg.model.keep}: {cfg.model.init} has other weights "
                                 "than the model that is trained; expected a splitter of its shape")
            count = begin(model, begun)
            print(f"{count} of {len(model.state_dict())} tensors from {cfg.model.init}", flush=True)
        pool = scenes.Voices(exp / "voices" / "train")
        dev = scenes.Voices(exp / "voices" / "dev")

        def score(trained: Any) -> dict[str, float]:
            means = _means(_measured(trained, cfg, dev, cfg.measuring.dev_count,
                                     [cfg.measuring.seed, 0]))
            # Two parts of one voice come out in any order, so that they would choose by chance
            improved = [value for key, value in means.items() if key.startswith("si_sdri/two")]
            return {"score": sum(improved) / max(len(improved), 1), **means}

        if cfg.easy.train.max_steps > 1:
            trainer.fit(model, scenes.training_loss, scenes.DrawnScenes(pool, cfg.easy.scenes),
                        cfg.easy.train, folder / "easy")
        result = trainer.fit(model, scenes.training_loss, scenes.DrawnScenes(pool, cfg.scenes),
                             cfg.train, folder / "train", score)
        if trainer.is_main():
            if cfg.model.keep:
                checkpoint.keep_share(model, before, cfg.model.keep)
                result = dataclasses.replace(result, metrics=score(model))
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
              inputs=lambda cfg, exp: [exp / "splitter" / "model" / model_files.WEIGHTS],
              outputs=lambda cfg, exp: [exp / "results" / "splitter.json"])
def evaluate(cfg: Config, exp: Path) -> None:
    """Measure the model, and the one that training began with, on the test speakers."""
    from avspeech.report import provenance, report

    folder = exp / "splitter" / "model"
    measured = {"splitter": folder}
    if cfg.model.init and pretrained.read_info(cfg.model.init).task == "separation":
        measured[BEFORE] = pretrained.find(cfg.model.init)
    sexes = {u.speaker: u.labels.get("sex") for name in cfg.data.corpora
             if (path := exp / "data" / name / "test.jsonl").exists() for u in read_manifest(path)}
    pool = scenes.Voices(exp / "voices" / "test")
    for system, place in measured.items():
        rows = _measured(pretrained.load(place)[0], cfg, pool, cfg.measuring.test_count,
                         [cfg.measuring.seed, 1])
        for row in rows:
            theirs = {sexes.get(speaker) for speaker in row["speakers"]}
            if row["kind"] == "two" and None not in theirs:
                row["sexes"] = SEXES[len(theirs) == 1]
        report.write_results(exp / "results" / f"{system}.json",
                             [{"system": system, "seed": None, **row} for row in rows],
                             {"commit": provenance.commit()})
        if system != BEFORE:
            known = pretrained.read_info(folder).metrics
            pretrained.update(
                folder, metrics={k: v for k, v in known.items() if not k.startswith("test ")}
                | {f"test {k}": round(v, 2) for k, v in _means(rows).items()})


@recipe.stage("report", inputs=lambda cfg, exp: [exp / "results" / "splitter.json"],
              outputs=lambda cfg, exp: [exp / "RESULTS.md", exp / "report.html"])
def write_report(cfg: Config, exp: Path) -> None:
    """Write RESULTS.md and one HTML page with tables, curves and sound."""
    from avspeech.report import provenance, report

    rows, meta = report.read_results(exp / "results")
    systems = [s for s in (BEFORE, "splitter") if any(row["system"] == s for row in rows)]
    names = ", ".join(cfg.data.corpora)
    title = f"Two voices from one mixture: {names} ({provenance.config_name(exp)})"
    sections: list[report.Section] = [
        _two([r for r in rows if r["kind"] != "alone"], systems),
        _alone([r for r in rows if r["kind"] == "alone"], systems)]
    for section in sections:
        if isinstance(section, report.Table):
            report.print_table(section)
    meta = {"command": provenance.command(exp), "commit": meta.get("commit", "unknown")}
    report.write_markdown(exp / "RESULTS.md", title, sections, meta)
    logs = {part: exp / "splitter" / part / "log.jsonl" for part in ("easy", "train")}
    if present := {part: log for part, log in logs.items() if log.exists()}:
        sections.append(report.training_curves(present))
    sections.append(_heard(cfg, exp))
    report.write_html(exp / "report.html", title, sections, meta)
    print(f"report: {exp / 'report.html'}\ntables: {exp / 'RESULTS.md'}")


def _two(rows: Sequence[dict[str, Any]], systems: Sequence[str]) -> report.Table:
    """SI-SDRi of two voices, and the share of scenes whose outputs are better than the mixture."""
    from avspeech.report import report

    columns: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        name = {"two": "two speakers", "same": "one speaker's voice twice"}[row["kind"]]
        for shown in [name] + ([row["sexes"]] if row.get("sexes") else []):
            columns.setdefault(f"{shown}, {row['condition']}", []).append(row)
    body = []
    for system in systems:
        gains = {c: [r["si_sdri"] for r in some if r["system"] == system]
                 for c, some in columns.items()}
        body.append([system, *(f"{sum(g) / len(g):.2f} ({sum(x > 0 for x in g) / len(g):.0%})"
                               for g in gains.values())])
    counts = {sum(r["system"] == systems[-1] for r in some) for some in columns.values()}
    return report.Table(
        ["system", *columns], body, "SI-SDRi (dB) of the outputs in the better order",
        "In brackets the share of scenes in which the mean of both is better than the mixture. "
        f"Test speakers; {min(counts)} to {max(counts)} scenes a column. life: with rooms, noise "
        "and microphones.")


def _alone(rows: Sequence[dict[str, Any]], systems: Sequence[str]) -> report.Table:
    """What becomes of one voice."""
    from avspeech.report import report

    places = list(dict.fromkeys(row["condition"] for row in rows))
    body = []
    for system in systems:
        own = [r for r in rows if r["system"] == system]
        means = _means(own)
        body.append([system, *(f"{means.get(f'{m}/alone, {p}', math.nan):.1f}"
                               for p in places for m in MEASURES[1:])])
    return report.Table(
        ["system", *(f"{m}, {p}" for p in places
                     for m in ("SI-SDR", "level", "second output below"))],
        body, "One voice alone (dB)", "level: 0 is the true one.")


def _heard(cfg: Config, exp: Path) -> report.Audio:
    """A test scene and what the model makes of it."""
    import numpy as np
    import torch

    from avspeech.report import report

    life = dataclasses.replace(cfg.scenes, segment=cfg.measuring.segment, third=0.0)
    scene = scenes.draw(np.random.default_rng([cfg.measuring.seed, 1]),
                        scenes.Voices(exp / "voices" / "test"), life, kind="two")
    model = pretrained.load(exp / "splitter" / "model")[0]
    with torch.inference_mode():
        voices = model(torch.from_numpy(scene["mixture"])[None])[0].numpy()
    return report.audio_section("A scene of two test speakers", {
        "mixture": scene["mixture"], "one voice": voices[0], "the other": voices[1]})


if __name__ == "__main__":
    recipe.main()
