"""What the recipe measures and shows: result files, a voice extracted as a user would, the results
page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import model_files, pretrained, storage
from avspeech.extraction import training
from avspeech.extraction.looks import Looks
from avspeech.extraction.mixing import Mixture, Studio, read_mixtures
from avspeech.media import audio
from avspeech.report import intervals, metrics, provenance, report

WORTH = 0.6  # dB, by which the paper's fusion is ahead of projected addition
SPEAKERS = 5  # fewest of which intervals are taken
KINDS = {"two": "another speaker", "same": "the same speaker", "many": "2 or 3 voices",
         "partial": "partly overlapping", "noise": "with noise", "silent": "silent target"}


def measure(
    system: str,
    seed: int | None,
    model: Path,
    studio: Studio,
    listed: dict[str, Path],
    conditions: dict[str, tuple[tuple[str, ...], bool]],
    out: Path,
    code: str,
    note: bool = True,
    looks: Path | None = None,
) -> None:
    """Writes `out/<system>[-<seed>]-<corpus>.json`: a row for each condition and each mixture that
    has its views.

    A file of the same model, mixtures, conditions and code is kept.

    Args:
        system: its name.
        seed: of its training; None for a model from elsewhere.
        model: its folder.
        studio: reads the mixtures.
        listed: files of mixtures, by corpus.
        conditions: (views, shuffled), by name.
        out: folder of the results.
        code: a hash of the code that measures.
        note: put the numbers into the model's card.
        looks: folder where what the lip encoder's frozen part sees is kept; None: it looks anew.
    """
    network: Any = pretrained.load(model)[0]
    if looks is not None and network.config.fusion != "none":
        studio = Looks(studio, network.cue.lips, looks)
    for corpus, path in listed.items():
        result = out / f"{system}{'' if seed is None else f'-{seed}'}-{corpus}.json"
        meta = {"code": code, "model": _hash((model / model_files.WEIGHTS).read_bytes()),
                "mixtures": _hash(path.read_bytes()),
                "conditions": _hash(repr(sorted(conditions.items())).encode())}
        if result.exists() and meta.items() <= report.read_results(result)[1].items():
            continue
        mixtures = read_mixtures(path)
        rows: list[dict[str, Any]] = []
        for name, (views, shuffled) in conditions.items():
            fit = [m for m in mixtures if available(studio, m).issuperset(views)]
            if fit:
                rows += training.evaluate(
                    network, studio, fit, training.Condition(name, views, shuffled)
                )
        report.write_results(result, [{"system": system, "seed": seed, "corpus": corpus, **row}
                                      for row in rows], {**meta, "commit": provenance.commit()})
        if note:
            known = {**pretrained.read_info(model).metrics, **_card(corpus, rows, list(conditions))}
            pretrained.update(model, metrics=known)
        print(f"{result.stem}: {len(rows)} rows", flush=True)


def _card(corpus: str, rows: list[dict[str, Any]], conditions: list[str]) -> dict[str, float]:
    """Test numbers for a model's card: the mean of each condition, and of each kind of mixture."""
    numbers: dict[str, float] = {}
    for condition in conditions:
        for kind, name in KINDS.items():
            key = "attenuation" if kind == "silent" else "si_sdri"
            values = [r[key] for r in rows if r["condition"] == condition and r["kind"] == kind]
            if values:
                numbers[f"test {key}_db/{corpus}, {condition}, {name}"] = round(
                    float(np.mean(values)), 2
                )
    return numbers


def available(studio: Studio, mixture: Mixture) -> set[str]:
    """Names of the views of a mixture's target."""
    return {view.name for view in studio.utterances[mixture.target].views}


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def demonstrate(model: Path, studio: Studio, listed: dict[str, Path], out: Path) -> None:
    """Extracts a voice as a user would, for one test mixture of each corpus.

    In `out/<corpus>/` lie video files with the mixture's sound, the voice extracted from them, and
    the target.

    Args:
        model: its folder.
        studio: reads the mixtures.
        listed: files of mixtures, by corpus.
        out: folder of the results.
    """
    from avspeech.extraction.extractor import Extractor

    extractor = Extractor.from_pretrained(str(model))
    for corpus, path in listed.items():
        mixture = next(m for m in read_mixtures(path) if m.kind != "silent")
        folder = out / corpus
        folder.mkdir(parents=True, exist_ok=True)
        mixed, target = studio.voices(mixture)
        rate = studio.sample_rate
        gain = 0.9 / max(float(np.abs(mixed).max()), 0.9)
        audio.write(folder / "mixture.wav", mixed * gain, rate)
        audio.write(folder / "target.wav", target * gain, rate)
        known = available(studio, mixture)
        names = [n for n in ("front", "left_30", "right_60") if n in known] or list(mixture.views)[
            :1
        ]
        crops, shown = studio.lips(mixture, names)
        videos = []
        for name, pictures in zip(names, crops):
            videos.append(folder / f"{name}.mp4")
            write_mouth_video(videos[-1], pictures, folder / "mixture.wav")
        written = extractor.extract(videos, folder, mouth=True, progress=False)
        wav = next(p for p in written if p.suffix == ".wav")
        estimate = audio.read(wav, rate)[: len(target)]
        length = min(len(estimate), len(target))
        improved = float(
            metrics.si_sdr_improvement(estimate[:length], target[:length], mixed[:length])
        )
        storage.write_atomically(folder / "which.txt", f"{mixture.id}\t{improved:.2f}\n".encode())
        print(f"{corpus}: {', '.join(v.name for v in videos)} -> {wav}: SI-SDRi {improved:.1f} dB")


def write_mouth_video(path: Path, crops: np.ndarray, sound: Path, side: int = 192) -> None:
    """Writes an mp4 of mouth crops at 25 frames a second, enlarged, with the sound of a file.

    Args:
        path: the mp4.
        crops: uint8 `[T, 96, 96]`.
        sound: a sound file.
        side: pixels of the picture.
    """
    import cv2

    from avspeech.media.muxing import mux, write_pictures

    pictures = np.stack(
        [cv2.resize(crop, (side, side), interpolation=cv2.INTER_CUBIC) for crop in crops]
    )
    silent = path.with_suffix(".mkv")
    write_pictures(silent, np.repeat(pictures[..., None], 3, axis=-1), 25.0)
    mux(silent, sound, path)
    silent.unlink()


def results_page(exp: Path, logs: dict[str, Path], systems: list[str], conditions: list[str],
                 seeds: list[int]) -> None:
    """Writes RESULTS.md and report.html from the result files, and prints the tables.

    Args:
        exp: folder of the experiment.
        logs: training logs, by name.
        systems: their order.
        conditions: their order.
        seeds: all that were trained.
    """
    rows, meta = report.read_results(exp / "results")
    corpora = list(dict.fromkeys(row["corpus"] for row in rows))
    meta = {"command": provenance.command(exp), "commit": meta.get("commit", "unknown")}
    title = f"Target speaker extraction: {', '.join(corpora)} ({provenance.config_name(exp)})"
    sections: list[report.Section] = []
    for corpus in corpora:
        sections += _tables(
            [r for r in rows if r["corpus"] == corpus], corpus, systems, conditions, seeds
        )
    for section in sections:
        if isinstance(section, report.Table):
            report.print_table(section)
    report.write_markdown(exp / "RESULTS.md", title, sections, meta)
    present = {name: log for name, log in logs.items() if log.exists()}
    if present:
        sections.append(report.training_curves(present))
    for corpus in corpora:
        sheet = exp / "data" / corpus / "contact_sheet.png"
        if sheet.exists():
            sections.append(report.Picture(sheet, f"{corpus}: the views",
                                           "Rows are instants, columns are cameras."))
        folder = exp / "extracted" / corpus
        if (folder / "which.txt").exists():
            name, improved = (folder / "which.txt").read_text().split("\t")
            sounds = {"mixture": folder / "mixture.wav", "target": folder / "target.wav",
                      "extracted": next(folder.glob("*_face1.wav"))}
            sections.append(report.audio_section(f"{corpus}: a voice extracted", {
                label: audio.read(path, 16000) for label, path in sounds.items()},
                caption=f"{name}, SI-SDRi {improved.strip()} dB."))
    report.write_html(exp / "report.html", title, sections, meta)
    print(f"report: {exp / 'report.html'}\ntables: {exp / 'RESULTS.md'}")


def _tables(rows: list[dict[str, Any]], corpus: str, systems: list[str], conditions: list[str],
            seeds: list[int]) -> list[report.Section]:
    """SI-SDRi by system and condition, and by kind of mixture; how far silent targets are turned
    down."""
    speaking = [r for r in rows if r["kind"] != "silent"]
    measured = {r["condition"] for r in rows}
    shown = [c for c in conditions if c in measured]
    expected = [(s, c) for s in systems for c in shown]
    mixture = np.mean([r["si_sdr"] - r["si_sdri"] for r in speaking])
    sections: list[report.Section] = [
        report.aggregate(_means(speaking, "si_sdri"), expected=expected, seeds=seeds).table(
            f"{corpus}: SI-SDRi (dB) by what is shown", 2, shown,
            f"Mean over {len({r['id'] for r in speaking})} test mixtures; the mixture itself: "
            f"SI-SDR {mixture:.2f} dB, SI-SDRi 0.")]
    if len(systems) > 1:
        sections.append(differences(speaking, corpus, systems, shown))
    percent = [{**r, "lips": 100 * r["lips"]} for r in speaking if "lips" in r]
    if percent:
        sections.append(report.aggregate(_means(percent, "lips"), value="lips", seeds=seeds).table(
            f"{corpus}: what the lips say (%) by what is shown", 1, shown,
            "Share of the variance of the target's log spectrum, each band's mean taken out, that "
            "the lips explain."))
        if len(systems) > 1:
            sections.append(differences(percent, corpus, systems, shown, "lips"))
    first = [r for r in speaking if r["condition"] == shown[0]]
    found = {r["kind"] for r in first}
    kinds = [k for k in KINDS if k in found]
    by_kind = [{**r, "condition": KINDS[r["kind"]]} for r in first]
    sections.append(
        report.aggregate(_means(by_kind, "si_sdri"), seeds=seeds).table(
            f"{corpus}: SI-SDRi (dB) by kind of mixture, views {shown[0]}",
            2,
            [KINDS[k] for k in kinds],
        )
    )
    silent = [r for r in rows if r["kind"] == "silent"]
    if silent:
        sections.append(report.aggregate(
            _means(silent, "attenuation"), value="attenuation", seeds=seeds).table(
            f"{corpus}: silent targets, output below the mixture (dB)", 1, shown))
    return sections


def differences(rows: list[dict[str, Any]], corpus: str, systems: list[str],
                conditions: list[str], value: str = "si_sdri") -> report.Table:
    """How far the first system is ahead of the others, and how many seeds would show `WORTH` dB.

    Differences are of the same mixture and the same seed. Their intervals are by speaker (Efron's
    bootstrap over speakers, or over mixtures where there are fewer than `SPEAKERS`). The spread is
    the standard deviation, over the seeds that there are, of the difference in the first condition,
    and the number of seeds that of a paired t test with a power of 80 % at 5 % at that spread.

    Args:
        rows: of all systems, with `value`.
        corpus: its name.
        systems: their order.
        conditions: their order.
        value: what is compared: "si_sdri" in dB, or "lips" in %, without a number of seeds.
    """
    values = {(r["system"], r["seed"], r["condition"], r["id"]): r for r in rows}
    first, decibels = systems[0], value == "si_sdri"
    lines: list[list[Any]] = []
    unit = "speaker" if len({r["speaker"] for r in rows}) >= SPEAKERS else "id"
    for other in systems[1:]:
        cells: list[str] = []
        by_seed: dict[Any, list[float]] = {}
        for condition in conditions:
            groups: dict[str, list[float]] = {}
            for (system, seed, shown, id), row in values.items():
                mine = values.get((first, seed, shown, id))
                if system == other and shown == condition and mine is not None:
                    ahead = mine[value] - row[value]
                    groups.setdefault(row[unit], []).append(ahead)
                    if condition == conditions[0]:
                        by_seed.setdefault(seed, []).append(ahead)
            cells.append(_interval(groups))
        means = [float(np.mean(v)) for v in by_seed.values()]
        spread = float(np.std(means, ddof=1)) if len(means) > 1 else None
        needed = [seeds_needed(spread) if spread is not None else None] if decibels else []
        if any(cells):
            lines.append([other, *cells, "" if spread is None else f"{spread:.2f}", *needed])
    by = "speaker" if unit == "speaker" else "mixture"
    note = (f"Mean of the differences, and 95 % interval by {by}. Spread: standard deviation of "
            f"the difference in the first condition from seed to seed.")
    if decibels:
        note += (f" Last column: seeds at which a paired t test would find {WORTH:g} dB there, "
                 "4 times in 5.")
    what = "dB" if decibels else "%, what the lips say"
    return report.Table(
        ["system", *conditions, "spread", *(["seeds needed"] if decibels else [])], lines,
        f"{corpus}: how far {first} is ahead ({what})", note)


def _interval(groups: Mapping[str, list[float]]) -> str:
    """Mean of all, and its 95 % interval over resampled groups."""
    if not groups:
        return ""
    found = intervals.bootstrap_interval([x for group in groups.values() for x in group],
                                         [name for name, group in groups.items() for _ in group])
    if len(groups) < 3:
        return f"{found.mean:.2f}"
    return f"{found.mean:.2f} ({found.low:.2f} to {found.high:.2f})"


def seeds_needed(deviation: float, worth: float = WORTH, power: float = 0.8) -> int | None:
    """Seeds at which a two-sided paired t test at 5 % finds a difference.

    Args:
        deviation: of the difference from seed to seed, in dB.
        worth: the difference, in dB.
        power: share of experiments in which it is found.

    Returns:
        Their number; None above 1000.
    """
    from scipy.stats import nct, t

    for seeds in range(2, 1001):
        edge = t.ppf(0.975, seeds - 1)
        if deviation == 0 or nct.sf(edge, seeds - 1, worth / deviation * seeds**0.5) >= power:
            return seeds
    return None


def _means(rows: list[dict[str, Any]], value: str) -> list[dict[str, Any]]:
    """A row for each system, seed and condition: the mean of `value`."""
    groups: dict[tuple, list[float]] = {}
    for row in rows:
        groups.setdefault((row["system"], row["seed"], row["condition"]), []).append(row[value])
    return [{"system": s, "seed": seed, "condition": c, value: float(np.mean(v)), "n": len(v)}
            for (s, seed, c), v in groups.items()]
