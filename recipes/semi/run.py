"""Few labels and many utterances: multi-view pseudo-labels (Li et al., ICASSP 2025), compared with
all labels, with the few labels alone, and with self-training.

    python recipes/semi/run.py --config egs/mini/semi/conf/train.yaml
    python recipes/semi/run.py corpus.name=adress corpus.source=/path corpus.label=dementia \\
        corpus.protocol=official 'encoders={whisper-base: {}}' \\
        'language={kind: answers, path: labels.tsv}'

In each fold a share of the training labels of each class is kept; the seed decides which. The other
labels are hidden, and only used to count how many pseudo-labels are right. The development data
keep all labels. The acoustic vector of an utterance is the mean of the frames of its encoders,
standardized on the training part; the linguistic vector counts hashed letters of its transcript.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from avspeech.bench.plan import Encoder
from avspeech.core import ranges
from avspeech.core.recipe import Recipe
from avspeech.data import corpora
from avspeech.errors import InputError, telling
from avspeech.semi.pseudolabels import Training


@dataclass
class Corpus:
    """The corpus and its task."""

    name: str = "mini_emotion"  # name in the registry
    source: str | None = None  # the corpus as distributed; null for one that is generated
    options: dict[str, Any] = field(default_factory=dict)  # of the corpus's `prepare`
    incomplete: bool = False  # accept a corpus that differs from what was published
    label: str = "emotion"  # key of the labels
    protocol: str = "mini_emotion"  # name of a protocol, "speaker-Nfold" or "official"


@dataclass
class Language:
    """The source of the linguistic view."""

    # answers: a file; endpoint: a server; command: a program; simulated: the true class with
    # errors, to try the recipe
    kind: Literal["answers", "endpoint", "command", "simulated"] = "simulated"
    path: str = ""  # answers: the file
    address: str = ""  # endpoint: address of the server
    model: str = ""  # endpoint: name of the model
    key_variable: str = ""  # endpoint: environment variable that holds the key
    command: tuple[str, ...] = ()  # command: program and arguments
    wrong: float = 0.33  # simulated: share of random answers
    # {classes} and {text} are replaced
    prompt: str = ("This is the automatic transcript of what somebody said: {text}\nMend its "
                   "errors "
                   "silently. Which of these fits the speaker best: {classes}? Answer with that "
                   "word alone.")

    def __post_init__(self) -> None:
        ranges.between(self, 0, 1, "wrong")
        needed = {"answers": ("path",), "endpoint": ("address", "model"), "command": ("command",)}
        for key in needed.get(self.kind, ()):
            if not getattr(self, key):
                raise InputError(f"{key}: empty; kind={self.kind} needs it")


@dataclass
class Config:
    """All settings of the recipe."""

    corpus: Corpus = field(default_factory=Corpus)
    # Upstreams of the bench, for the acoustic view and the vectors
    encoders: dict[str, Encoder] = field(default_factory=dict)
    # Principal components of the frames (fitted on the training part) for the Fréchet distance; 0:
    # the frames themselves
    dims: int = 0
    language: Language = field(default_factory=Language)
    train: Training = field(default_factory=Training)
    share: float = 0.3  # of the training labels that are kept
    folds: tuple[str, ...] = ()  # names of the folds to run; empty: all
    seeds: tuple[int, ...] = (0, 1, 2)  # runs

    def __post_init__(self) -> None:
        ranges.above(self, 0, "share")
        ranges.below_one(self, "share")
        ranges.at_least(self, 0, "dims", "seeds")
        if not self.encoders:
            raise InputError("encoders: empty; name one, for example encoders.whisper-base={}")
        if not self.seeds:
            raise InputError("seeds: empty; at least one is needed")
        corpora.get(self.corpus.name)


recipe = Recipe("semi", schema=Config, doc=__doc__)


@recipe.check
def check(cfg: Config, exp: Path) -> None:
    """Looks for the protocol and its folds."""
    from avspeech.data import protocol

    if not re.fullmatch(r"speaker-\d+fold|official", cfg.corpus.protocol):
        known = [fold.name for fold in protocol.get(cfg.corpus.protocol).folds]
        for fold in cfg.folds:
            if fold not in known:
                raise InputError(f"folds: '{fold}': not in {cfg.corpus.protocol}; it has "
                                 f"{', '.join(known)}")


@recipe.needed("features")
def encoders(cfg: Config, exp: Path) -> None:
    """Looks for the encoders."""
    from avspeech.bench import upstreams

    for name, encoder in cfg.encoders.items():
        with telling(f"encoders.{name}"):
            upstreams.check(encoder.load or name, **encoder.options)


@recipe.stage("prepare", uses=("corpus",),
              sources=lambda cfg, exp: corpora.sources(cfg.corpus.name, cfg.corpus.source),
              outputs=lambda cfg, exp: [exp / "data" / "all.jsonl"])
def prepare(cfg: Config, exp: Path) -> None:
    """Write the corpus's manifest."""
    options = dict(cfg.corpus.options) | (
        {"incomplete": True} if cfg.corpus.incomplete and cfg.corpus.source else {})
    corpora.prepare(cfg.corpus.name, cfg.corpus.source, exp / "data", **options)


def _sounds(cfg: Config, exp: Path) -> list[Path]:
    """What the frames are made of: the manifest, its sound files, and the files of encoders by
    path."""
    from avspeech.data.corpora import layout
    from avspeech.data.manifest import read_manifest, resolve

    manifest = exp / "data" / "all.jsonl"
    root = layout.read_prepared(exp / "data").root
    found = [manifest, *dict.fromkeys(resolve(root, u.audio) for u in read_manifest(manifest))]
    for name, encoder in cfg.encoders.items():
        place = Path((encoder.load or name).rpartition("=")[2])
        found += [place] if place.exists() else []
        found += sorted(place.parent.glob("*.data")) if place.is_file() else []
    return found


def _answers(cfg: Config) -> list[Path]:
    """The file of answers of the linguistic view, where it is one."""
    return [Path(cfg.language.path)] if cfg.language.kind == "answers" else []


@recipe.stage("features", uses=("corpus", "encoders"), inputs=_sounds,
              outputs=lambda cfg, exp: [exp / "frames" / f"{name}.npz" for name in cfg.encoders])
def features(cfg: Config, exp: Path) -> None:
    """Run each encoder on each utterance; store the frames averaged over its layers."""
    from views import write_frames

    for name, encoder in cfg.encoders.items():
        write_frames(exp / "frames" / f"{name}.npz", encoder.load or name, encoder.options, exp
                     / "data")


@recipe.stage("evaluate",
              inputs=lambda cfg, exp: [exp / "data" / "all.jsonl", *_answers(cfg),
                                       *(exp / "frames" / f"{name}.npz" for name in cfg.encoders)],
              outputs=lambda cfg, exp: [exp / "results" / "semi.json"])
def evaluate(cfg: Config, exp: Path) -> None:
    """Train the four systems on each fold and seed; write their results on the test speakers."""
    from views import evaluate_all

    evaluate_all(cfg, exp)


@recipe.stage("report", inputs=lambda cfg, exp: [exp / "results" / "semi.json"],
              outputs=lambda cfg, exp: [exp / "RESULTS.md", exp / "report.html"])
def report(cfg: Config, exp: Path) -> None:
    """Write the table."""
    from avspeech.report import report as pages

    rows, meta = pages.read_results(exp / "results")
    uar = pages.aggregate(rows, value="uar")
    labels = pages.aggregate([r for r in rows if r["system"] in ("self-training", "multi-view")],
                             value="right")
    note = f"UAR (%) on the test part. Few: {cfg.share:.0%} of the training labels."
    if cfg.language.kind == "simulated":
        note += (" The linguistic view is simulated: the truth, at random for a share of "
                 f"{cfg.language.wrong:g}.")
    if lacking := dict.fromkeys(f"{r['condition']} (no {r['absent']})" for r in rows
                                if r.get("absent")):
        note += (" UAR is the mean recall of the classes that a fold tests, not of all in "
                 f"{', '.join(lacking)}.")
    sections = [uar.table("Four ways to use the labels", 1, note=note),
                labels.table("Pseudo-labels of the best round that are right (%)", 1,
                             note="none: no pseudo-label was taken in that round.")]
    for section in sections:
        pages.print_table(section)
    pages.write_markdown(exp / "RESULTS.md", f"Few labels: {cfg.corpus.label} of {cfg.corpus.name}",
                         sections, meta)
    pages.write_html(exp / "report.html", f"Few labels: {cfg.corpus.label} of {cfg.corpus.name}",
                     sections, meta)


if __name__ == "__main__":
    recipe.main()
