"""Text to speech: from recordings with their texts to a voice, its numbers, and a text read aloud.

    python recipes/tts/run.py --config egs/mini/tts/conf/train.yaml [--stage train] [train.lr=3e-4]

Experiments are systems x seeds: a system is a model with some parts on or off. All are trained on
the same data, alignments and steps, in `exp/<system>-<seed>/`, and share one vocoder. Nothing is
chosen by the test sentences: the development ones pick the weights and the threshold of breaks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from material import (
    ALL,
    SPLITS,
    groups,
    learned,
    left_out,
    rate_and_hop,
    spoken,
    tested,
    utterances_of,
)
from settings import Config, System

from avspeech.core import config, model_files, models, pretrained, runs, storage, trainer
from avspeech.core.recipe import Recipe
from avspeech.data import content, corpora
from avspeech.data.corpora import layout
from avspeech.errors import InputError, telling
from avspeech.report import provenance
from avspeech.synthesis.vocoding import Sounds

recipe = Recipe("tts", schema=Config, doc=__doc__)


@recipe.check
def check(cfg: Config, exp: Path) -> None:
    """Builds each system's model once."""
    for name, system in cfg.systems.items():
        with telling(f"model.config, systems.{name}.model"):
            models.build(cfg.model.name, **{**cfg.model.config, **system.model})


recipe.models(lambda cfg: {"model.init": cfg.model.init}, "vocoder", "train")


# --- data -----------------------------------------------------------------------------------------


@recipe.stage("prepare", uses=("data",),
              sources=lambda cfg, exp: [c.source for c in cfg.data.corpora.values() if c.source],
              outputs=lambda cfg, exp: [exp / "data" / n / "train.jsonl" for n in cfg.data.corpora])
def prepare(cfg: Config, exp: Path) -> None:
    """Write each corpus' manifests, and texts where a recognizer is to hear them."""
    from preparation import write_texts

    if cfg.data.corpora and not any(c.role == "voice" for c in cfg.data.corpora.values()):
        raise InputError("data.corpora: no corpus with role=voice, so nobody to learn to speak "
                         "from")
    corpora.prepare_all(cfg.data.corpora, exp / "data", "asterisk={}")
    for name, corpus in cfg.data.corpora.items():
        folder = exp / "data" / name
        if corpus.recogniser:
            splits = [s for s in SPLITS if corpus.role in (*spoken(s), "test")]
            write_texts([folder / f"{s}.jsonl" for s in splits], layout.root_of(folder),
                        corpus.recogniser,
                        folder / "heard.json")
    for line in left_out(cfg, exp):
        print(line)


def _made(cfg: Config, exp: Path, kind: str, suffix: str) -> list[Path]:
    """The files of a kind, of what is learned from and of what is measured on."""
    return [place / kind / f"{split}.{suffix}" for place in groups(cfg, exp)
            for split in ("train", "test")]


@recipe.stage("phones", uses=("data", "align"),
              inputs=lambda cfg, exp: [exp / "data" / n / "train.jsonl" for n in cfg.data.corpora],
              outputs=lambda cfg, exp: _made(cfg, exp, "phones", "json"))
def phones(cfg: Config, exp: Path) -> None:
    """Turn texts into words and phones."""
    from preparation import write_scripts

    for place, part in groups(cfg, exp).items():
        for split in SPLITS:
            write_scripts(utterances_of(part, exp, split, spoken(split))[0], cfg.align.phonemiser,
                          place / "phones" / f"{split}.json")


@recipe.stage("pitch", uses=("data", "pitch", "model"),
              inputs=lambda cfg, exp: [exp / "data" / n / "train.jsonl" for n in cfg.data.corpora],
              outputs=lambda cfg, exp: _made(cfg, exp, "pitch", "npz"))
def pitch_stage(cfg: Config, exp: Path) -> None:
    """Track F0 at the frames of the mel."""
    from preparation import write_pitch

    rate, hop = rate_and_hop(cfg)
    for place, part in groups(cfg, exp).items():
        for split in SPLITS:
            write_pitch(*utterances_of(part, exp, split, ALL), rate, hop,
                        place / "pitch" / f"{split}.npz",
                        method=cfg.pitch.method, low=cfg.pitch.low, high=cfg.pitch.high)


@recipe.stage("align", uses=("data", "align", "model"),
              inputs=lambda cfg, exp: _made(cfg, exp, "phones", "json"),
              outputs=lambda cfg, exp: _made(cfg, exp, "align", "json"))
def align_stage(cfg: Config, exp: Path) -> None:
    """Find when each phone and pause is spoken, by monotonic search."""
    from preparation import write_alignments

    for place, part in groups(cfg, exp).items():
        parts = {s: utterances_of(part, exp, s, spoken(s)) for s in SPLITS}
        write_alignments(parts, place / "phones", rate_and_hop(cfg), cfg.align.turns,
                         place / "align")


@recipe.stage("breaks", uses=("align", "model"),
              inputs=lambda cfg, exp: _made(cfg, exp, "align", "json"),
              outputs=lambda cfg, exp: _made(cfg, exp, "breaks", "json"))
def breaks(cfg: Config, exp: Path) -> None:
    """Detect phrase breaks: pauses between words of at least the threshold."""
    from preparation import write_breaks

    rate, hop = rate_and_hop(cfg)
    for place in groups(cfg, exp):
        write_breaks(place, hop / rate, cfg.align.threshold)


@recipe.stage("words", uses=("align", "model"),
              inputs=lambda cfg, exp: [*_made(cfg, exp, "breaks", "json"),
                                       *_made(cfg, exp, "pitch", "npz")],
              outputs=lambda cfg, exp: _made(cfg, exp, "words", "json"))
def words(cfg: Config, exp: Path) -> None:
    """Cut the pitch of the last word of each phrase."""
    from preparation import write_words

    rate, hop = rate_and_hop(cfg)
    for place in groups(cfg, exp):
        write_words(place, hop / rate, cfg.align.edge)


# --- training -------------------------------------------------------------------------------------


def _runs(cfg: Config) -> Iterator[tuple[str, System, int]]:
    for seed in cfg.seeds:  # seed by seed, so that a table cut short has whole rows
        for name, system in cfg.systems.items():
            yield name, system, seed


def _first(cfg: Config, exp: Path) -> Path:
    """The folder of the first system and seed."""
    name, _, seed = next(_runs(cfg))
    return exp / f"{name}-{seed}"


def _info(cfg: Config, model: Any, name: str, metrics: dict[str, float], description: str
          ) -> pretrained.ModelInfo:
    from avspeech.text import symbols

    voc = model.vocoder.config if name == "prosodyfm" else model.config
    labels = list(symbols.SYMBOLS[: model.config.symbols]) if name == "prosodyfm" else []
    return cfg.release.info(
        learned(cfg).data.corpora, cfg.model.init,
        task="synthesis" if name == "prosodyfm" else "vocoder", model=name,
        config=config.to_dict(model.config), sample_rate=voc.sample_rate, fps=None,
        labels=labels, metrics=metrics, description=description,
        frontend={"phonemiser": cfg.align.phonemiser} if name == "prosodyfm" else {})


@recipe.stage("vocoder",
              uses=("data", "pitch", "model", "vocoder", "adversary", "pieces", "release"),
              inputs=lambda cfg, exp: [exp / "pitch" / "train.npz"],
              outputs=lambda cfg, exp: [exp / "vocoder" / "model"], distributed=True)
def vocoder_stage(cfg: Config, exp: Path) -> None:
    """Train the vocoder on the recordings."""
    import torch
    from learning import kept, learner
    from preparation import read_pitch

    from avspeech.synthesis import vocoding

    folder = exp / "vocoder"
    settings = {k: v for k, v in config.to_dict(learned(cfg)).items()
                if k in ("data", "pitch", "vocoder", "adversary", "pieces")}
    settings["model"] = dict(config.to_dict(cfg.model.config).get("vocoder", {}),
                             name=cfg.model.name,
                             **({"init": cfg.model.init} if cfg.model.init else {}))
    with trainer.distributed():
        if _done(cfg, exp, folder, vocoder_stage, settings, exp / "pitch" / "train.npz"):
            return
        torch.manual_seed(cfg.vocoder.seed)
        whole: Any = models.build(cfg.model.name, **cfg.model.config)
        if cfg.model.init:
            pretrained.begin(whole, cfg.model.init, "vocoder, and the voice around it")
        vocoder: Any = whole.vocoder.to(trainer.device())
        print(f"vocoder: {sum(p.numel() for p in vocoder.parameters()):,} parameters", flush=True)
        rate, hop = vocoder.config.sample_rate, vocoder.config.hop

        heard = {}
        for split in ("train", "dev"):
            utterances, roots = utterances_of(cfg, exp, split, ALL)
            sounds = Sounds(utterances, roots, rate)
            if utterances:
                f0 = read_pitch(exp / "pitch" / f"{split}.npz")
                heard[split] = vocoding.Segments(sounds, f0, hop, cfg.pieces)
        dev = heard.get("dev", heard["train"])

        def score(trained: Any) -> dict[str, float]:
            return vocoding.vocoder_score(trained, dev)

        result = trainer.fit(learner(vocoder, cfg.adversary), vocoding.vocoder_loss,
                             heard["train"], kept(cfg.vocoder, cfg.adversary), folder / "fit",
                             score)
        if trainer.is_main():
            info = _info(cfg, vocoder, "vocoder",
                         {k: round(v, 4) for k, v in result.metrics.items()},
                         "Log-mel to sound by the inverse STFT.")
            pretrained.save(folder / "model", vocoder, info)
        trainer.barrier()


def _done(cfg: Config, exp: Path, folder: Path, stage: Any, settings: dict[str, Any],
          *files: Path) -> bool:
    """Whether a model with these settings is there, made by this code of these recordings and
    files."""
    heard = []
    for split in ("train", "dev"):
        heard.append(content.digest(*utterances_of(cfg, exp, split, ALL)))
    made_of = {"code": recipe.code(stage, cfg), "data": " ".join(heard),
               "files": " ".join(storage.content_hash(f) for f in files),
               "begun with": pretrained.content(cfg.model.init or "") or ""}
    return runs.finished(folder, folder / "model" / model_files.SUMS, settings, made_of,
                         recipe.forced, config.free(cfg))


@recipe.stage("train",
              uses=("data", "pitch", "align", "model", "systems", "seeds", "train", "phrasing",
                    "polish", "release"),
              inputs=lambda cfg, exp: [exp / "words" / "train.json", exp / "words" / "test.json",
                                       exp / "pitch" / "train.npz"],
              outputs=lambda cfg, exp: [exp / f"{n}-{s}" / "model" for n, _, s in _runs(cfg)],
              distributed=True)
def train(cfg: Config, exp: Path) -> None:
    """Train each system with each seed, and put the vocoder into its folder."""
    from preparation import read_json, read_pitch

    with trainer.distributed():
        rate, _ = rate_and_hop(cfg)
        parts = {}
        for split in ("train", "dev"):
            utterances, roots = utterances_of(cfg, exp, split, spoken(split))
            parts[split] = (Sounds(utterances, roots, rate),
                            read_json(exp / "words" / f"{split}.json"),
                            read_pitch(exp / "pitch" / f"{split}.npz"))
        voices = list(dict.fromkeys(u.speaker for u in utterances_of(cfg, exp, "train")[0]))
        for name, system, seed in _runs(cfg):
            _train_one(cfg, exp, exp / f"{name}-{seed}", parts, voices, system, seed)


def _train_one(cfg: Config, exp: Path, folder: Path, parts: dict[str, Any], voices: list[str],
               system: System, seed: int) -> None:
    import torch
    from learning import aligned, learn_breaks, polish

    from avspeech.synthesis import training

    settings = {"system": config.to_dict(system), "seed": seed, **{
        k: v for k, v in config.to_dict(learned(cfg)).items()
        if k in ("data", "pitch", "align", "model", "train", "phrasing", "polish")}}
    if _done(cfg, exp, folder, train, settings, exp / "words" / "train.json",
             exp / "pitch" / "train.npz", exp / "vocoder" / "model" / model_files.SUMS):
        return
    # Voices first
    speakers = list(dict.fromkeys(u.speaker for u in parts["train"][0].utterances.values()))
    torch.manual_seed(seed)
    model: Any = models.build(cfg.model.name,
                              **{**cfg.model.config, "speakers": speakers, **system.model})
    data, dev = aligned(cfg, parts, model, speakers)
    model.config = dataclasses.replace(model.config, **data.statistics())
    if cfg.model.init:
        known = model.take_speakers(pretrained.begin(model, cfg.model.init, folder.name))
        print(f"{folder.name}: {known} of {len(speakers)} speakers are known", flush=True)
    model.to(trainer.device())
    sizes = {False: 0, True: 0}  # of the voice and of the vocoder
    for key, p in model.named_parameters():
        sizes[key.startswith("vocoder.")] += p.numel()
    print(f"{folder.name}: {sizes[False]:,} parameters, and {sizes[True]:,} of the vocoder",
          flush=True)

    metrics: dict[str, float] = {}
    if model.phrasing is not None:
        metrics = learn_breaks(cfg, folder, model, parts, seed)

    def score(trained: Any) -> dict[str, float]:
        return training.speaking_score(trained, dev)

    result = trainer.fit(training.Speaking(model, cfg.align.search), training.speaking_loss, data,
                         dataclasses.replace(cfg.train, seed=seed), folder / "fit", score)
    metrics |= result.metrics
    model.keep_speakers(len(voices))
    put_together(exp, model)
    if cfg.polish.renditions:
        metrics["vocoder distance"] = polish(cfg, folder, model, data.of(voices), dev.of(voices),
                                             seed)
    if trainer.is_main():
        metrics = {f"dev {k}": round(v, 4) for k, v in metrics.items()}
        pretrained.save(folder / "model", model,
                        _info(cfg, model, "prosodyfm", metrics, DESCRIPTION))
    trainer.barrier()


DESCRIPTION = ("Text to speech with phrase breaks and terminal intonation (ProsodyFM), and its "
               "vocoder.")


def put_together(exp: Path, model: Any) -> None:
    """Loads the trained vocoder into a voice. Raises InputError where it is not trained yet."""
    if not (exp / "vocoder" / "model" / model_files.SUMS).exists():
        raise InputError(f"{exp / 'vocoder'}: no vocoder yet; run --stage vocoder --stop-stage "
                         "vocoder, then the same command again (the training is kept)")
    model.vocoder.load_state_dict(pretrained.load(exp / "vocoder" / "model")[0].state_dict())


# --- measuring ------------------------------------------------------------------------------------


@recipe.stage("evaluate", outputs=lambda cfg, exp: [exp / "results"])
def evaluate(cfg: Config, exp: Path) -> None:
    """Say the test sentences with each system, and measure them against the recordings."""
    from measuring import CEILING, RECORDINGS, measure, reference

    vocoder: Any = pretrained.load(exp / "vocoder" / "model")[0]
    how = {"wer": cfg.sentences.recogniser, "mos": cfg.sentences.mos, "pitch": cfg.sentences.pitch,
           "meta": {"commit": provenance.commit()}, "code": recipe.code(evaluate, cfg)}
    tests = _tests(cfg, exp)
    for test in tests:
        reference(test, vocoder)
        label = RECORDINGS if test.corpus else CEILING
        measure(label, None, test, label, **how)
    for name, _, seed in _runs(cfg):
        _measure_voice(cfg, exp, name, seed, tests, how)
    name, seed = _controlled(cfg)
    if name:
        _measure_control(cfg, exp, exp / f"{name}-{seed}" / "model", tests[0].records,
                         tests[0].names)


def _tests(cfg: Config, exp: Path) -> list[Any]:
    """The sentences that are measured (`measuring.Test`): those of the voices first, then those of
    each corpus that voices are only measured on."""
    from measuring import Test

    found = []
    for place, part in groups(cfg, exp).items():
        corpus = "" if place == exp else place.name
        count = cfg.sentences.others if corpus else cfg.sentences.count
        found.append(Test(*tested(part, exp, place, count), exp, corpus))
    return found


def _measure_voice(cfg: Config, exp: Path, name: str, seed: int, tests: Sequence[Any],
                   how: dict[str, Any]) -> None:
    """Says the test sentences with one system, measures them, and puts the numbers on its card.

    Args:
        cfg: the configuration.
        exp: the experiment folder.
        name, seed: of the system.
        tests: of `_tests`.
        how: further arguments of `measure`.
    """
    from measuring import TOLD, card_metrics, fit_quiet, measure, speak, update_card
    from preparation import read_json

    from avspeech.synthesis.synthesizer import Synthesizer

    steps = cfg.sentences.steps
    place = exp / f"{name}-{seed}" / "model"
    if pretrained.read_info(place).config["breaks"]:
        waiting = read_json(exp / "words" / "dev.json")
        quiet = fit_quiet(place, waiting, steps, cfg.sentences.seed)
        print(f"{name} seed {seed}: pauses are heard {quiet:g} s longer than asked, on "
              "development sentences, and are made so much shorter", flush=True)
    model, info = pretrained.load(place)
    free, exact = (Synthesizer(model, info, predict_breaks=predicts) for predicts in (True, False))
    kinds = [(name, False), (name + TOLD, True)]
    shaped = free.model.config.breaks or free.model.config.intonation
    for test in tests:
        for label, given in kinds if shaped else kinds[:1]:
            speak(exact if given else free, test.records, test.names,
                  test.speakers(free.voices[0]), steps, cfg.sentences.seed,
                  test.said / f"{label}-{seed}", given)
            measure(label, seed, test, f"{label}-{seed}", **how)
    update_card(place, card_metrics(exp / "results" / f"{name}-{seed}.json", name, seed), steps)
    print(f"{name} seed {seed}: measured", flush=True)


def _measure_control(cfg: Config, exp: Path, place: Path, records: dict[str, Any],
                     names: list[str]) -> None:
    """Measures how far a voice does what it is asked for, with the longest test sentences of at
    most 14 words.

    Args:
        cfg: the configuration.
        exp: the experiment folder.
        place: the folder of the voice.
        records: of the test sentences.
        names: of the test sentences.
    """
    from measuring import control, tell_tones
    from preparation import write_json

    from avspeech.synthesis.synthesizer import Synthesizer

    asked = cfg.sentences
    some = sorted(names, key=lambda n: -len(records[n]["words"]))
    some = [n for n in some if len(records[n]["words"]) <= 14][: asked.controls] or some[:1]
    found = control(Synthesizer.from_pretrained(place), records, some, asked.slopes, asked.pauses,
                    asked.steps, asked.seed, asked.pitch, exp / "control")
    write_json(exp / "control.json", found)
    if found["slope"]:
        tell_tones(place, found["slope"])


def _controlled(cfg: Config) -> tuple[str, int]:
    """(system, seed) of the control experiment: the first with intonation or breaks, of the first
    seed."""
    base = models.CONFIGS.get(cfg.model.name, ("", {}))[1]
    for name, system in cfg.systems.items():
        fields = {**base, **cfg.model.config, **system.model}
        if fields.get("intonation", True) or fields.get("breaks", True):
            return name, cfg.seeds[0]
    return "", 0


@recipe.stage("synthesise", uses=("systems", "seeds", "sentences", "model"),
              inputs=lambda cfg, exp: [_first(cfg, exp) / "model"],
              outputs=lambda cfg, exp: [exp / "spoken"])
def synthesise(cfg: Config, exp: Path) -> None:
    """Read texts aloud with the first system, markup and all."""
    from measuring import word_times, write_said

    from avspeech.synthesis.synthesizer import Synthesizer

    name, _, seed = next(_runs(cfg))
    voice = Synthesizer.from_pretrained(exp / f"{name}-{seed}" / "model")
    (exp / "spoken").mkdir(exist_ok=True)
    for number, source in enumerate(cfg.sentences.texts):
        said = voice(source, steps=cfg.sentences.steps, seed=cfg.sentences.seed)
        write_said(exp / "spoken" / f"{number}", said.audio, said.sample_rate,
                   {"text": source, "words": word_times(said)})
        print(f"{exp / 'spoken' / f'{number}.wav'}: {source}")


@recipe.stage("report", outputs=lambda cfg, exp: [exp / "RESULTS.md", exp / "report.html"])
def write_report(cfg: Config, exp: Path) -> None:
    """Write RESULTS.md and one HTML page with tables, curves and sound."""
    from measuring import CEILING, RECORDINGS, TOLD
    from page import results_page

    runs = list(_runs(cfg))
    logs = {"vocoder": exp / "vocoder" / "fit" / "log.jsonl",
            **{f"{n}-{s}": exp / f"{n}-{s}" / "fit" / "log.jsonl" for n, _, s in runs},
            **{f"{n}-{s}, polished": exp / f"{n}-{s}" / "polish" / "log.jsonl" for n, _, s in runs}}
    systems = []
    for label in (label for name in cfg.systems for label in (name, name + TOLD)):
        if any((exp / "results" / f"{label}-{s}.json").exists() for s in cfg.seeds):
            systems.append(label)
    sounds = {"recording": exp / "said" / RECORDINGS, "resynthesized": exp / "said" / CEILING,
              **{label: exp / "said" / f"{label}-{cfg.seeds[0]}" for label in systems}}
    corpora_of = {role: [n for n, c in cfg.data.corpora.items() if c.role == role]
                  for role in ("voice", "test")}
    shown = tested(learned(cfg), exp, exp, cfg.sentences.count)[2][:4]
    results_page(exp, systems, list(cfg.seeds), logs, _controlled(cfg)[0] or None, sounds,
                 shown, corpora_of["voice"], corpora_of["test"])


if __name__ == "__main__":
    recipe.main()
