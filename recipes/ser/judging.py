"""Models judged on corpora that none of them was trained on, clean and as they might sound in
life."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import model_files, pretrained, sources, storage
from avspeech.data import corpora
from avspeech.data.corpora import layout
from avspeech.data.labels import canonical
from avspeech.data.manifest import Utterance, read_manifest, resolve
from avspeech.emotion.life import through_channel
from avspeech.emotion.recognizer import EmotionRecognizer
from avspeech.emotion.training import read_records, write_records
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report import intervals, metrics, report
from avspeech.report.figures import scatter_svg

RATE = 16_000
CONDITIONS = ("clean", "noise 20 dB", "8 kHz", "GSM", "-40 dB")


def under(condition: str, samples: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """Speech under a condition.

    Args:
        condition: one of `CONDITIONS`.
        samples: [N] at 16 kHz.
        seed: of the noise.

    Returns:
        Samples and their rate.
    """
    if condition == "noise 20 dB":
        noise = np.random.default_rng(seed).standard_normal(len(samples))
        noise *= np.sqrt(np.mean(np.square(samples, dtype=np.float64)) * 10 ** (-20 / 10))
        return (samples + noise).astype(np.float32), RATE
    if condition == "8 kHz":
        return audio.resample(samples, RATE, 8000), 8000
    if condition == "GSM":
        return audio.resample(through_channel(samples, RATE, "gsm"), RATE, 8000), 8000
    if condition == "-40 dB":
        quiet = np.round(samples * 0.01 * 32768) / 32768  # as 16 bits hold it
        return quiet.astype(np.float32), RATE
    return samples, RATE


def judge_all(out: Path, models: Mapping[str, str], trained_on: Sequence[str],
              places: Mapping[str, str], grid: Sequence[str], incomplete: bool,
              before: Mapping[str, str] = {}) -> None:
    """Writes `out/judged.json`: the answers of each model to each clip under each condition.

    Args:
        out: folder.
        models: {name: released model or model folder}.
        trained_on: names of the experiment's own corpora, which may not be judged on.
        places: {corpus: its folder}; each clip's label is `emotion`.
        grid: the corpora that are judged under all conditions; the others are clean only.
        incomplete: accept a corpus that is not as published.
        before: {model: another of them that it may replace}.

    Raises:
        InputError: a corpus was trained on, is not there, or shares less than two classes with a
            model.
    """
    from tqdm import tqdm

    both = [name for name in places if name in trained_on]
    both += [f"{name} (by {m})" for m, folder in models.items() for name in places
             if name in {entry["name"] for entry in pretrained.read_info(folder).training_data}]
    if both:
        raise InputError(f"judge.corpora: trained on: {layout.named(both)}; judge on others")
    recognizers = {n: EmotionRecognizer.from_pretrained(m) for n, m in models.items()}
    files: dict[str, dict[str, dict[str, str]]] = {}
    for name, place in places.items():
        corpora.prepare(name, place, out / name, incomplete=incomplete)
        utterances, root = read_manifest(out / name / "all.jsonl"), layout.root_of(out / name)
        for condition in CONDITIONS if name in grid else CONDITIONS[:1]:
            made = {n: out / name / f"{n}-{condition.replace(' ', '-')}-"
                       f"{_key(models[n], utterances, root)}.jsonl" for n in models}
            files.setdefault(name, {})[condition] = {
                n: file.relative_to(out).as_posix() for n, file in made.items()}
            todo = {n: recognizers[n] for n, file in made.items() if not file.exists()}
            records: dict[str, list[dict[str, Any]]] = {n: [] for n in todo}
            for k, u in enumerate(tqdm(utterances if todo else [], f"{name}, {condition}")):
                for n, record in _answers(todo, u, root, condition, k):
                    records[n].append(record)
            for n, rows in records.items():
                write_records(made[n], rows)
    summary = {"files": files, "before": dict(before),
               "problems": {n: corpora.check(n, place) for n, place in places.items()}}
    storage.write_atomically(out / "judged.json", (json.dumps(summary, indent=1) + "\n").encode())


def _key(model: str, utterances: Sequence[Utterance], root: Path) -> str:
    """Of all that answers depend on: the model, not the numbers on its card; the sounds; the
    code."""
    info = pretrained.read_info(model)
    parts = [storage.content_hash(pretrained.find(model) / model_files.WEIGHTS), info.model,
             info.config, info.labels, info.frontend, sources.code_hash(_answers),
             [[u.id, u.start, u.duration, u.labels.get("emotion"),
               storage.content_hash(resolve(root, u.audio))] for u in utterances]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]


def _answers(recognizers: Mapping[str, Any], u: Utterance, root: Path, condition: str,
             seed: int) -> list[tuple[str, dict[str, Any]]]:
    samples = audio.read(resolve(root, u.audio), RATE, u.start, u.duration)
    samples, rate = under(condition, samples, seed)
    rows = []
    for name, recognizer in recognizers.items():
        said = {canonical(k): round(v, 6) for k, v in recognizer(samples, rate).posteriors.items()}
        rows.append((name, {"id": u.id, "speaker": u.speaker,
                            "truth": canonical(u.labels.get("emotion")), "posteriors": said}))
    return rows


def _among_shared(records: Sequence[Mapping[str, Any]]
                  ) -> tuple[list[str], list[Mapping[str, Any]], np.ndarray, np.ndarray]:
    """The classes that a corpus and a model share, the records of these, and their truth [n] and
    posteriors [n, K], which add up to 1."""
    classes = sorted({r["truth"] for r in records} & set(records[0]["posteriors"]))
    if len(classes) < 2:
        raise InputError(f"judge: {len(classes)} classes are shared; expected two or more")
    kept = [r for r in records if r["truth"] in classes]
    p = np.array([[r["posteriors"][c] for c in classes] for r in kept], float)
    truth = np.array([classes.index(r["truth"]) for r in kept])
    return classes, kept, truth, p / p.sum(1, keepdims=True).clip(1e-9)


def gained(new: Sequence[Mapping[str, Any]],
           old: Sequence[Mapping[str, Any]]) -> intervals.Interval:
    """The UAR in percent of a model above that of another on the same clips, with an interval of 95
    % by speaker.

    Raises:
        InputError: the two do not share the same classes with the corpus.
    """
    classes, kept, truth, p = _among_shared(new)
    others, _, _, q = _among_shared(old)
    if classes != others:
        raise InputError(f"judge.before: one model chooses among {', '.join(classes)}, the other "
                         f"among {', '.join(others)}; compare models of the same classes")

    def score(t: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
        return 100 * (metrics.uar(t, a, len(classes)) - metrics.uar(t, b, len(classes)))

    return intervals.cluster_bootstrap(score, [r["speaker"] for r in kept], truth, p.argmax(1),
                                       q.argmax(1))


def measured(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The measures of a model on a corpus, among the classes that both have.

    Returns:
        classes (names), n, uar in percent with low and high (95 % by speaker), ece (0 to 1, of the
        posteriors among these classes) and bins of `metrics.reliability`.
    """
    classes, kept, truth, p = _among_shared(records)
    said = p.argmax(1)

    def score(t: np.ndarray, a: np.ndarray) -> float:
        return 100 * metrics.uar(t, a, len(classes))

    interval = intervals.cluster_bootstrap(score, [r["speaker"] for r in kept], truth, said)
    ece, bins = metrics.reliability(p.max(1), said == truth)
    return {"classes": classes, "n": len(kept), "uar": score(truth, said), "low": interval.low,
            "high": interval.high, "ece": ece, "bins": bins}


def write_on_card(out: Path, model: str, folder: Path) -> None:
    """Writes what `judge_all` found about a model on its card.

    Args:
        out: where `judge_all` wrote.
        model: its name there.
        folder: of the model.
    """
    summary = json.loads((out / "judged.json").read_text(encoding="utf-8"))
    values: dict[str, float] = {}
    for name, kept in summary["files"].items():
        for condition, files in kept.items():
            found = measured(read_records(out / files[model]))
            what = f"{name} left out, choice of {len(found['classes'])}"
            if condition == CONDITIONS[0]:
                values[f"uar, {what}"] = round(found["uar"], 1)
                values[f"calibration error, {what}"] = round(found["ece"], 3)
            else:
                values[f"uar, {what}, {condition}"] = round(found["uar"], 1)
    old = pretrained.read_info(folder).metrics
    kept_ones = {k: v for k, v in old.items() if " left out, choice of " not in k}
    pretrained.update(folder, metrics={**kept_ones, **values})


def judged_sections(out: Path) -> list[report.Section]:
    """The tables and the plot of what `judge_all` wrote; [] where it did not run."""
    if not (out / "judged.json").is_file():
        return []
    summary = json.loads((out / "judged.json").read_text(encoding="utf-8"))
    body, panels, grids, gains = [], {}, [], []
    for name, kept in summary["files"].items():
        for model in kept[CONDITIONS[0]]:
            found = measured(read_records(out / kept[CONDITIONS[0]][model]))
            body.append([model, name, f"{len(found['classes'])}: {', '.join(found['classes'])}",
                         str(found["n"]), f"{found['uar']:.1f}",
                         f"{found['low']:.1f} to {found['high']:.1f}", f"{found['ece']:.3f}"])
            panels[f"{model}, {name}"] = [(x, y) for x, y, _ in found["bins"]]
            if len(kept) > 1:
                row = [measured(read_records(out / kept[c][model]))["uar"] for c in CONDITIONS]
                grids.append([model, name, f"{row[0]:.1f}",
                              *(f"{v:.1f} ({v - row[0]:+.1f})" for v in row[1:])])
        for model, other in summary["before"].items():
            pairs = [(c, *(read_records(out / files[m]) for m in (model, other)))
                     for c, files in kept.items()]
            gains += [[model, name, condition, f"{found.mean:+.1f}",
                       f"{found.low:+.1f} to {found.high:+.1f}"]
                      for condition, new, old in pairs for found in [gained(new, old)]]
    note = "; ".join(f"{n}: {layout.named(p, 3)}" for n, p in summary["problems"].items() if p)
    sections: list[report.Section] = [report.Table(
        ["model", "corpus", "choice among", "clips", "UAR %", "95 % by speaker", "ECE"], body,
        "Corpora that no model was trained on",
        "Each answer is the most probable of the classes that the corpus and the model share. ECE: "
        "expected calibration error of its probability among them, ten bins."
        + (f" Not as published: {note}." if note else ""))]
    if grids:
        sections.append(report.Table(["model", "corpus", *CONDITIONS], grids,
                                     "The same under other conditions (UAR %)",
                                     "In brackets the difference to clean sound."))
    if gains:
        sections.append(report.Table(
            ["model", "corpus", "condition", "gain", "95 % by speaker"], gains,
            "Gain over the model before (UAR, percentage points)",
            "Before: " + ", ".join(f"{a} was {b}" for a, b in summary["before"].items()) + "."))
    for corpus in summary["files"]:
        shown = {k: v for k, v in panels.items() if k.endswith(f", {corpus}")}
        sections.append(report.Picture(
            scatter_svg(shown, "probability", "share correct"), f"Calibration on {corpus}",
            "Each point is the answers of a tenth of the range of probability; on the dotted line "
            "probabilities say how often answers are right."))
    return sections
