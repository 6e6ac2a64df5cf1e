"""Released models get the temperature that fits answers to corpora that were left out of training;
their weights stay."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from deployment import changed
from folds import Cells, learned_by, protocol_of
from judging import judge_all

from avspeech.core import pretrained, storage
from avspeech.core.models import renew_graphs
from avspeech.data.labels import canonical
from avspeech.data.manifest import read_manifest
from avspeech.emotion import cells, training
from avspeech.emotion.features import Cache
from avspeech.errors import InputError
from avspeech.report import report

FILE = "calibrated.json"
# Fields of a configuration that change no weight, beside the temperature.
FIELDS = ("floor_db", "quietest", "loudest")


def calibrate_all(done: Cells, exp: Path, models: Mapping[str, str],
                  unheard: Mapping[str, Sequence[str]], changes: Mapping[str, dict[str, Any]],
                  source: str | None) -> None:
    """Writes `exp/models/<system>`: the released model of each system with a temperature that fits
    what was answered to corpora that were left out, and `exp/calibrated.json`, what it was.

    The answers are those of the system's cells to the corpora that these did not learn, and those
    of the released model itself to corpora that it did not learn.

    Args:
        done: the cells of an experiment.
        exp: its folder.
        models: {system: released model or folder}. A system that is not among the cells has only
            its released model's own answers.
        unheard: {system: corpora below `source` that its released model did not learn}.
        changes: {system: fields among `FIELDS` that the released model gets}; its cells answer
            with them too.
        source: folder of the corpora.

    Raises:
        InputError: a field that is not among `FIELDS`, no answers for a system, or a corpus that
            its model learned.
    """
    wanted, rows = protocol_of(done), []
    for name, model in models.items():
        new = changes.get(name, {})
        wrong = sorted(set(new) - set(FIELDS))
        if wrong:
            raise InputError(f"calibrate.changes.{name}: {wrong[0]}: expected one of "
                             f"{', '.join(FIELDS)}; other fields change weights")
        info = pretrained.read_info(model)
        records = []
        for folder, cell in done:
            tested = cell.name == name and not cell.fold.startswith(cells.ALL_BUT)
            if tested and cells.finished(folder, cell) is not None:
                records += _of_cell(folder, cell, new)
        if unheard.get(name):
            places = {c: str(Path(source or ".") / c) for c in unheard[name]}
            aside = exp / "unheard" / name
            aside.mkdir(parents=True, exist_ok=True)
            judge_all(aside, {name: model}, (), places, (), False)
            records += _of_model(aside, name, info, wanted.classes)
        if not records:
            raise InputError(f"calibrate.models.{name}: no cell of it was tested, and no corpus is "
                             f"named in calibrate.unheard.{name}")
        heat = training.temperature(records)
        old = float(info.config.get("temperature", 1.0))
        each = {c: training.temperature([r for r in records if r["corpus"] == c])
                for c in sorted({r["corpus"] for r in records})}
        rows.append({"system": name, "model": str(model), "before": old, "temperature": heat,
                     "corpora": each, "answers": len(records)})
        print(f"{name}: temperature {old:g} -> {heat:g} ("
              + ", ".join(f"{c} {t:g}" for c, t in each.items()) + ")", flush=True)
        place = pretrained.copy(model, exp / "models" / name)
        pretrained.update(place, config={**info.config, **new, "temperature": heat})
        renew_graphs(place, place)  # as the temperature is in them
    storage.write_atomically(exp / FILE, (json.dumps(rows, indent=1) + "\n").encode())


def _of_cell(folder: Path, cell: cells.Cell, new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records of a cell's test of classes that it learned, answered with the fields `new`."""
    learned, kept = learned_by(cell), training.read_records(folder / "test.jsonl")
    records = [r for r in kept if r["truth"] in learned]
    if not new:
        return records
    spoken = {u.id: u for u in read_manifest(cell.manifest)}
    model = training.FromFeatures(changed(cells.load_cell(folder)[0], dict(new)))
    said = training.predict(model, Cache(cell.cache), [spoken[r["id"]] for r in records])
    return [{**r, "posteriors": p.tolist()} for r, p in zip(records, said, strict=True)]


def _of_model(aside: Path, name: str, info: pretrained.ModelInfo,
              classes: Sequence[str]) -> list[dict[str, Any]]:
    """What a released model answered in `judge_all`, as records at a temperature of 1."""
    old, names = float(info.config.get("temperature", 1.0)), [canonical(c) for c in classes]
    out = []
    summary = json.loads((aside / "judged.json").read_text(encoding="utf-8"))
    for corpus, files in summary["files"].items():
        for r in training.read_records(aside / files["clean"][name]):
            if r["truth"] in names and r["truth"] in r["posteriors"]:
                said = np.array([r["posteriors"].get(c, 0.0) for c in names]).clip(1e-6) ** old
                out.append({"id": r["id"], "speaker": r["speaker"], "unit": r["id"],
                            "corpus": corpus, "truth": names.index(r["truth"]),
                            "posteriors": (said / said.sum()).tolist()})
    return out


def calibrated_section(exp: Path) -> list[report.Section]:
    """A table of what `calibrate_all` wrote; [] where it did not run."""
    if not (exp / FILE).is_file():
        return []
    rows = json.loads((exp / FILE).read_text(encoding="utf-8"))
    return [report.Table(
        ["system", "released model", "answers", "temperature before", "now",
         "of each corpus alone"],
        [[r["system"], r["model"], str(r["answers"]), f"{r['before']:g}", f"{r['temperature']:g}",
          ", ".join(f"{c} {t:g}" for c, t in r["corpora"].items())] for r in rows],
        "Temperatures",
        "Fitted on answers to corpora that were left out of training, each of which counts as much "
        "as another. The corpora below, on which the models are judged, are not among them.")]
