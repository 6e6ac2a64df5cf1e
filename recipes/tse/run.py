"""Target speaker extraction: from a corpus to a model, its numbers, and a voice in a wav.

    python recipes/tse/run.py --config egs/mini/tse/conf/train.yaml [--stage train] [train.lr=3e-4]

An experiment trains each of its systems with each of its seeds: a system is a model with its way of
being shown views. Each has a folder of its own, `exp/<system>-<seed>/`, and what is finished is not
done again. The development mixtures choose the weights; the test set chooses nothing.
"""

from __future__ import annotations

import dataclasses
import glob
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from experiment import Config, System

from avspeech.core import (
    checkpoint,
    config,
    model_files,
    models,
    pools,
    pretrained,
    runs,
    sources,
    storage,
    trainer,
)
from avspeech.core.recipe import Recipe
from avspeech.data import content, corpora
from avspeech.data.corpora import layout
from avspeech.data.manifest import (
    VIEW_ANGLES,
    Utterance,
    View,
    read_manifest,
    write_manifest,
)
from avspeech.errors import InputError, telling
from avspeech.extraction import training
from avspeech.extraction.looks import Looks
from avspeech.extraction.mixing import (
    Pool,
    Studio,
    draw,
    proportions,
    read_mixtures,
    write_mixtures,
)

SPLITS = ("train", "dev", "test")
ROTATING = "rotating"  # the view of a camera that goes around the head


recipe = Recipe("tse", schema=Config, doc=__doc__)
BEFORE = "before"  # in tables: the model that training began with


@recipe.check
def check(cfg: Config, exp: Path) -> None:
    """Builds each system's model once, and looks at the names of views."""
    for name, system in cfg.systems.items():
        with telling(f"model.config, systems.{name}.model"):
            models.build(cfg.model.name, **{**cfg.model.config, **system.model})
    for name, corpus in cfg.data.corpora.items():
        unknown = sorted(set(corpus.synthetic) - {*VIEW_ANGLES, ROTATING})
        if unknown:
            raise InputError(f"data.corpora.{name}.synthetic: '{unknown[0]}' is no view; expected "
                             f"{', '.join(VIEW_ANGLES)}, {ROTATING}")


recipe.models(lambda cfg: {"model.init": cfg.model.init}, "train", "evaluate")


# --- data -----------------------------------------------------------------------------------------


@recipe.stage("prepare", uses=("data",),
              sources=lambda cfg, exp: [c.source for c in cfg.data.corpora.values() if c.source],
              outputs=lambda cfg, exp: [exp / "data" / n for n in cfg.data.corpora])
def prepare(cfg: Config, exp: Path) -> None:
    """Write each corpus' manifests."""
    corpora.prepare_all(cfg.data.corpora, exp / "data", "grid.source=/path/to/grid")


@recipe.stage("crops", uses=("data",),
              outputs=lambda cfg, exp: [exp / "data" / n / "ready" for n in cfg.data.corpora])
def crops(cfg: Config, exp: Path) -> None:
    """Find the faces, cut and cache the mouths."""
    from tqdm import tqdm

    code = sources.module_hash("avspeech.media.video")
    turned = sources.module_hash("avspeech.media.camera_views")
    for name, corpus in cfg.data.corpora.items():
        folder = exp / "data" / name
        root = layout.root_of(folder)
        (folder / "ready").mkdir(exist_ok=True)
        for split in SPLITS:
            if not (folder / f"{split}.jsonl").exists():
                # of an earlier run with other shares
                _ready(exp, name, split).unlink(missing_ok=True)
                continue
            utterances = read_manifest(folder / f"{split}.jsonl")
            jobs = [(root, folder, u, code) for u in utterances]
            if corpus.synthetic or any(v.crops is None for u in utterances for v in u.views):
                with pools.pool(cfg.data.workers, start=None) as pool:
                    done = list(tqdm(pool.map(_cropped, jobs), f"{name} {split}: mouths", len(jobs),
                                     unit="utterance"))
                    varied = corpus.vary_cameras and split == "train"
                    wanted = tuple(v for v in corpus.synthetic if v != ROTATING or split == "test")
                    more = [(root, folder, u, cropped, wanted, varied, turned)
                            for u, (cropped, _) in zip(utterances, done, strict=True)]
                    if corpus.synthetic:
                        rendered = pool.map(_rendered, more)
                        found = list(tqdm(rendered, f"{name} {split}: rendered views", len(more),
                                          unit="utterance"))
                        done = [(u, one + two) for (_, one), (u, two)
                                in zip(done, found, strict=True)]
                for _, problems in done:
                    for problem in problems:
                        print(f"{name}: left out: {problem}", file=sys.stderr)
                utterances = [u for u, _ in done]
                blind = sum(not u.views for u in utterances)
                if blind:
                    print(
                        f"{name} {split}: {blind} of {len(done)} utterances have no view that "
                        "shows the face; their voices interfere, but are no targets",
                        file=sys.stderr,
                    )
            write_manifest(_ready(exp, name, split), utterances)


def _cropped(job: tuple[Path, Path, Utterance, str]) -> tuple[Utterance, list[str]]:
    """The utterance with the crops of its views cached, and what could not be used. A crops file is
    named by the content of its video, the stretch of it, and the code that made it."""
    from avspeech.media import video

    root, folder, utterance, code = job
    views, problems = [], []
    for view in utterance.views:
        if view.crops is not None:
            views.append(view)
            continue
        made_of = json.dumps([storage.content_hash(root / view.video), view.start, view.face,
                              utterance.duration, code])
        key = hashlib.sha256(made_of.encode()).hexdigest()[:16]
        crops = f"crops/{utterance.id}.{view.name}.{key}.npz"
        if not (folder / crops).exists():
            try:
                tracks = video.mouth_tracks(
                    root / view.video, start=view.start, duration=utterance.duration
                )
            except InputError as error:
                problems.append(str(error))
                continue
            if view.face >= len(tracks):
                problems.append(
                    f"{view.video}: no face {view.face} in {utterance.id}; {len(tracks)} found"
                )
                continue
            (folder / "crops").mkdir(exist_ok=True)
            for old in (folder / "crops").glob(
                f"{glob.escape(f'{utterance.id}.{view.name}.')}*.npz"
            ):
                old.unlink()  # of another video or another stretch of it
            track = tracks[view.face]
            video.write_crops(folder / crops, track.crops, track.present, track.boxes)
        # the crops begin with the utterance
        views.append(dataclasses.replace(view, crops=crops, start=0.0))
    return dataclasses.replace(utterance, views=tuple(views)), problems


def _rendered(job: tuple[Path, Path, Utterance, Utterance, tuple[str, ...], bool, str]
              ) -> tuple[Utterance, list[str]]:
    """The utterance with the views that are rendered from its front one, and what could not be. A
    crops file is named as by `_cropped`."""
    import numpy as np

    from avspeech.media import camera_views, video

    root, folder, utterance, cropped, names, varied, code = job
    front = next((v for v in utterance.views if v.name == "front" and v.video), None)
    known = {view.name for view in cropped.views}
    wanted = [name for name in names if name not in known]
    if front is None or "front" not in known or not wanted:
        return cropped, []
    made_of = json.dumps([storage.content_hash(root / front.video), front.start, front.face,
                          utterance.duration, varied, code])
    key = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    places = {name: f"crops/{utterance.id}.{name}.{key}.npz" for name in wanted}
    absent = [name for name in wanted if not (folder / places[name]).exists()]
    if absent:
        cameras = [camera_views.Camera(name, -60.0, until=60.0) if name == ROTATING
                   else camera_views.Camera(name, *VIEW_ANGLES[name]) for name in absent]
        if varied:
            seeds = [[*f"{utterance.id} {camera.name}".encode()] for camera in cameras]
            cameras = [camera.varied(np.random.default_rng(seed))
                       for camera, seed in zip(cameras, seeds, strict=True)]
        try:
            tracks = camera_views.views(root / front.video, cameras, number=front.face + 1,
                                        start=front.start, duration=utterance.duration)
        except InputError as error:
            return cropped, [str(error)]
        for name, track in tracks.items():
            for old in (folder / "crops").glob(f"{glob.escape(f'{utterance.id}.{name}.')}*.npz"):
                old.unlink()  # of another video or another stretch of it
            video.write_crops(folder / places[name], track.crops, track.present, track.boxes)
    views = []
    for name in wanted:
        yaw, pitch = VIEW_ANGLES.get(name, (None, None))
        views.append(View(front.video, name, yaw, pitch, crops=places[name]))
    return dataclasses.replace(cropped, views=(*cropped.views, *views)), []


@recipe.stage("mixtures", uses=("data", "mix"), outputs=lambda cfg, exp: [exp / "mixtures"])
def mixtures(cfg: Config, exp: Path) -> None:
    """List the development and test mixtures, seeded."""
    import numpy as np

    for number, split in enumerate(("dev", "test")):
        drawn: dict[str, list] = {}
        for name, corpus in cfg.data.corpora.items():
            if corpus.role != "target" or not _ready(exp, name, split).exists():
                continue
            if not any(u.views for u in read_manifest(_ready(exp, name, split))):
                print(f"{name}: no {split} utterance shows a face; none is listed", file=sys.stderr)
                (exp / "mixtures" / f"{split}-{name}.jsonl").unlink(missing_ok=True)
                continue
            pool, _ = _pool(cfg, exp, split, only=name)
            rng = np.random.default_rng([cfg.mix.seed, number])
            count = cfg.mix.dev_count if split == "dev" else cfg.mix.test_count
            order = [pool.targets[i % len(pool.targets)] for i in range(count)]
            drawn[name] = [draw(rng, pool, u, cfg.mix.test, f"{split}-{i:04}-{u.id}")
                           for i, u in enumerate(order)]
            write_mixtures(exp / "mixtures" / f"{split}-{name}.jsonl", drawn[name])
            print(f"{name} {split}: {proportions(drawn[name])}")
        if not drawn:
            raise InputError(f"no corpus of role 'target' has {split} utterances that show a "
                             "face; hold some out (data.corpora.<name>.options)")


def _ready(exp: Path, corpus: str, split: str) -> Path:
    """The manifest of what has mouths; absent where a corpus has nothing in this split."""
    return exp / "data" / corpus / "ready" / f"{split}.jsonl"


def _recordings(cfg: Config, exp: Path, splits: Sequence[str]
                ) -> tuple[list[Utterance], dict[str, Path]]:
    """The utterances of splits, and the folder that each one's audio is relative to."""
    found: list[Utterance] = []
    roots: dict[str, Path] = {}
    for name in cfg.data.corpora:
        for split in splits:
            path = _ready(exp, name, split)
            for u in read_manifest(path) if path.exists() else []:
                found.append(u)
                roots[u.id] = layout.root_of(exp / "data" / name)
    return found, roots


def _pool(cfg: Config, exp: Path, split: str, only: str | None = None) -> tuple[Pool, Studio]:
    """What may be mixed in a split, and the studio that reads it.
    only: the one corpus whose speakers are targets."""
    targets, others, everything, roots = [], [], [], {}
    for name, corpus in cfg.data.corpora.items():
        folder, path = exp / "data" / name, _ready(exp, name, split)
        utterances = read_manifest(path) if path.exists() else []
        root = layout.root_of(folder)
        roots.update({u.id: (root, folder) for u in utterances})
        everything += utterances
        if corpus.role == "interferer":
            others += utterances
        elif only in (None, name):
            targets += utterances * (corpus.repeat if split == "train" else 1)
    return Pool(targets, others), Studio(everything, roots)


# --- training -------------------------------------------------------------------------------------


def _runs(cfg: Config) -> Iterator[tuple[str, System, int]]:
    for seed in cfg.seeds:  # seed by seed, so that a table cut short has whole rows
        for name, system in cfg.systems.items():
            yield name, system, seed


@recipe.stage("train", uses=("data", "mix", "model", "systems", "seeds", "lips", "guess", "train",
                             "tune_lips", "tune_guess", "release"),
              outputs=lambda cfg, exp: [exp / f"{n}-{s}" / "model" for n, _, s in _runs(cfg)],
              distributed=True)
def train(cfg: Config, exp: Path) -> None:
    """Train each system with each seed: the lips, then with the first guess, then all of it."""
    with trainer.distributed():
        pool, studio = _pool(cfg, exp, "train")
        data_hash = content.digest(*_recordings(cfg, exp, ("train", "dev")))
        for name, system, seed in _runs(cfg):
            _train_one(cfg, exp, exp / f"{name}-{seed}", pool, studio, system, seed, data_hash)


def _train_one(cfg: Config, exp: Path, folder: Path, pool: Pool, studio: Studio, system: System,
               seed: int, data_hash: str) -> None:
    import torch

    settings = {"system": config.to_dict(system), "seed": seed, **{
        key: value for key, value in config.to_dict(cfg).items()
        if key in ("data", "mix", "model", "lips", "guess", "train", "tune_lips", "tune_guess")}}
    made_of = {"code": recipe.code(train, cfg), "data": data_hash,
               "begun with": pretrained.content(cfg.model.init or "") or ""}
    if runs.finished(folder, folder / "model" / model_files.SUMS, settings, made_of,
                     recipe.forced, config.free(cfg)):
        return
    torch.manual_seed(seed)
    model, before = _new_model(cfg, system, folder.name)
    _, dev_studio = _pool(cfg, exp, "dev")
    if cfg.model.looks and model.config.fusion != "none":
        lips, seen = model.cue.lips, exp / "looks"
        studio = Looks(studio, lips, seen, cfg.model.looks, cfg.mix.augment)
        dev_studio = Looks(dev_studio, lips, seen)
    data = training.DrawnMixtures(pool, studio, dataclasses.replace(
        cfg.mix.train, views=system.only), cfg.mix.segment, system.views, cfg.mix.augment)
    dev = _Development(cfg, exp, dev_studio, system)

    def fit(part: str, loss: Any, how: trainer.TrainConfig, validate: Any) -> trainer.FitResult:
        return trainer.fit(training.Separating(model, part, cfg.tune_lips, cfg.tune_guess), loss,
                           data, dataclasses.replace(how, seed=seed), folder / part, validate)

    if model.config.fusion != "none" and model.config.planes and cfg.lips.max_steps > 1:
        fit("lips", training.lips_loss, cfg.lips, dev.lips_score)
    if model.config.guess and cfg.guess.max_steps > 1:
        fit("guess", training.separation_loss, cfg.guess, dev.score)
    result = fit("whole", training.separation_loss, cfg.train, dev.score)
    if before is not None and cfg.model.keep:
        checkpoint.keep_share(model, before.state_dict(), cfg.model.keep)
        if trainer.is_main():
            result = dataclasses.replace(result, metrics=dev.score(training.Separating(model)))
    if trainer.is_main():
        metrics = {f"si_sdri_db/{k}": round(v, 2) for k, v in result.metrics.items()
                   if k in dev.listed}
        info = cfg.release.info(
            cfg.data.corpora, cfg.model.init, task="extraction", model="mvtf",
            config=dataclasses.asdict(model.config), sample_rate=model.config.sample_rate,
            fps=model.config.fps, metrics=metrics | {"best_step": float(result.best_step)},
            description="Target speaker extraction by the lips (MVTF), from one or more "
                        "synchronized views.")
        pretrained.save(folder / "model", model, info)
    trainer.barrier()


def _new_model(cfg: Config, system: System, label: str) -> tuple[Any, Any]:
    """The model of a system before its training, and the one whose weights it begins with (None:
    there is none).

    Args:
        cfg: the configuration.
        system: the system.
        label: the start of what is printed of it.

    Raises:
        InputError: `begun` is set for lips without such layers, or as `pretrained.begin`.
    """
    model: Any = models.build(cfg.model.name, **{**cfg.model.config, **system.model}).to(
        trainer.device())
    print(f"{label}: {sum(p.numel() for p in model.parameters()):,} parameters", flush=True)
    before = (pretrained.begin(model, cfg.model.init, label, cfg.model.copied)
              if cfg.model.init else None)
    if cfg.model.begun != 1 and model.config.fusion != "none":
        if not hasattr(model.cue.lips, "frontend"):
            raise InputError(f"model.begun={cfg.model.begun}: only lips='lipnet' has layers to "
                             f"begin with, not '{model.config.lips}'; leave it at 1")
        for module in model.cue.lips.frontend.modules():
            module.rate = cfg.model.begun
    return model, before


class _Development:
    """Scores a model in training on the development mixtures.

    Attributes:
        listed: {corpus: its mixtures}.
    """

    def __init__(self, cfg: Config, exp: Path, studio: Any, system: System) -> None:
        self.studio = studio
        self.listed = {corpus: read_mixtures(path)
                       for corpus, path in _listed(cfg, exp, "dev").items()}
        self.shown = training.Condition("dev", system.only)

    def lips_score(self, trained: Any) -> dict[str, float]:
        """How well the lips alone tell the spectrum of the voice."""
        speaking = [m for ms in self.listed.values() for m in ms if m.kind != "silent"]
        return training.lips_score(trained.model,
                                   training.examples(self.studio, speaking, self.shown))

    def score(self, trained: Any) -> dict[str, float]:
        """Mean SI-SDRi of each corpus, "score" over all of them, and what each kind of mixture
        has."""
        means = {}
        for corpus, ms in self.listed.items():
            rows = training.evaluate(trained.model, self.studio, ms, self.shown,
                                     trained.part == "whole")
            for kind in dict.fromkeys(r["kind"] for r in rows):
                values = [r["attenuation" if kind == "silent" else "si_sdri"] for r in rows
                          if r["kind"] == kind]
                means[f"{corpus} {kind}"] = sum(values) / len(values)
            improved = [r["si_sdri"] for r in rows if "si_sdri" in r]
            means[corpus] = sum(improved) / max(len(improved), 1)
        return {"score": sum(means[c] for c in self.listed) / len(self.listed), **means}


def _listed(cfg: Config, exp: Path, split: str) -> dict[str, Path]:
    """The mixtures of each corpus that has targets in this split."""
    paths = {name: exp / "mixtures" / f"{split}-{name}.jsonl" for name in cfg.data.corpora}
    return {name: path for name, path in paths.items() if path.exists()
            and cfg.data.corpora[name].role == "target" and _ready(exp, name, split).exists()}


# --- measuring ------------------------------------------------------------------------------------


@recipe.stage("evaluate", outputs=lambda cfg, exp: [exp / "results"])
def evaluate(cfg: Config, exp: Path) -> None:
    """Measure each model, and the one that training began with, under each test condition."""
    from evaluation import available, measure

    _, studio = _pool(cfg, exp, "test")
    listed, out = _listed(cfg, exp, "test"), exp / "results"
    conditions = {k: (c.views, c.shuffled) for k, c in cfg.conditions.items()}
    code = recipe.code(evaluate, cfg)
    seen = [available(studio, m) for path in listed.values() for m in read_mixtures(path)]
    there = set().union(*seen)
    for condition, (views, _) in conditions.items():
        strange = sorted({*views} - there - {*VIEW_ANGLES, ROTATING})
        if strange:
            raise InputError(f"conditions.{condition}.views: no test mixture has '{strange[0]}'; "
                             f"there are {', '.join(sorted(there))}")
        if not any(names.issuperset(views) for names in seen):
            print(f"condition '{condition}' is left out: no test mixture has all of "
                  f"{', '.join(views)}", file=sys.stderr)
    for name, _, seed in _runs(cfg):
        measure(name, seed, exp / f"{name}-{seed}" / "model", studio, listed, conditions, out,
                code, looks=exp / "looks" if cfg.model.looks else None)
    if cfg.model.init and not cfg.model.copied:
        measure(BEFORE, None, pretrained.find(cfg.model.init), studio, listed, conditions, out,
                code, note=False)


@recipe.stage("extract", outputs=lambda cfg, exp: [exp / "extracted"])
def extract(cfg: Config, exp: Path) -> None:
    """Extract a speaker of a test mixture from video files to a wav, as a user would."""
    from evaluation import demonstrate

    name, _, seed = next(_runs(cfg))
    _, studio = _pool(cfg, exp, "test")
    demonstrate(
        exp / f"{name}-{seed}" / "model", studio, _listed(cfg, exp, "test"), exp / "extracted"
    )


@recipe.stage("report", outputs=lambda cfg, exp: [exp / "RESULTS.md", exp / "report.html"])
def write_report(cfg: Config, exp: Path) -> None:
    """Write RESULTS.md and one HTML page with tables, curves, pictures and sound."""
    from evaluation import results_page

    runs = list(_runs(cfg))
    parts = ("lips", "guess", "whole") if len(runs) == 1 else ("whole",)
    logs = {
        f"{n}-{s} {part}": exp / f"{n}-{s}" / part / "log.jsonl"
        for n, _, s in runs
        for part in parts
    }
    begun = [BEFORE] if any((exp / "results").glob(f"{BEFORE}-*.json")) else []
    results_page(exp, logs, [*cfg.systems, *begun], list(cfg.conditions), list(cfg.seeds))


if __name__ == "__main__":
    recipe.main()
