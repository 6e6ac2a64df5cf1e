"""Trained cells become models for a device: factors and norms merged, answers compared, folders
written."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from folds import Cells, folds_of, learned_by, protocol_of
from torch import nn

from avspeech.core import config, model_files, models, pretrained, storage
from avspeech.data.protocol import Protocol
from avspeech.emotion import cells, training
from avspeech.emotion.beginning import heard_before
from avspeech.emotion.committee import Committee, committee
from avspeech.emotion.features import Cache
from avspeech.emotion.reparam import to_deploy
from avspeech.report import profile


def deploy_all(done: Cells, exp: Path, cards: Mapping[str, dict[str, Any]],
               frontend: dict[str, float]) -> None:
    """Writes `exp/deployed.json` and a model folder for each system, `exp/models/<system>`.

    `deployed.json` holds the costs of each system and, over the cells of its first seed, how far
    the merged model's logits are from those of the trained one on the test utterances. The folder
    holds the model of the cells trained for release (several become a committee), or else of the
    cell that did best on its development speakers.

    Args:
        done: the cells of an experiment.
        exp: its folder.
        cards: of each system, the fields of `run.Release`.
        frontend: trim and margin of the silence around speech, for the recognizer.
    """
    rows = []
    for name in dict.fromkeys(cell.name for _, cell in done):
        mine = [(f, c) for f, c in done if c.name == name and cells.finished(f, c) is not None]
        tested = [(f, c) for f, c in mine if not c.fold.startswith(cells.ALL_BUT)]
        if not mine:
            rows.append({"system": name})
            continue
        compared = [_compare(f) for f, c in tested if c.seed == tested[0][1].seed]
        released = [f for f, c in mine if c.fold.startswith(cells.ALL_BUT)]
        best = released or [
            max(
                (f for f, _ in mine),
                key=lambda f: json.loads((f / cells.CELL).read_text())["dev"] or 0.0,
            )
        ]
        row = _write(best, exp, name, protocol_of(done), folds_of(done), cards[name], frontend)
        for key in compared[0] if compared else {}:
            values = [c[key] for c in compared]
            row[key] = sum(values) if key == "answers changed" else max(values)
        rows.append(row | {"compared cells": len(compared)})
        print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    storage.write_atomically(exp / "deployed.json", (json.dumps(rows, indent=1) + "\n").encode())


def _compare(folder: Path) -> dict[str, Any]:
    """Relative difference of logits, trained against merged, in both precisions; answers that
    changed."""
    model, record = cells.load_cell(folder)
    cache = Cache(record["cell"]["cache"])
    names = [r["id"] for r in training.read_records(folder / "test.jsonl")]
    out: dict[str, Any] = {"answers changed": 0}
    for kind, dtype, some in (("float32", torch.float32, names[::4]),
                              ("float64", torch.float64, names[::16])):
        heavy, worst = model.to(dtype), 0.0
        merged = to_deploy(heavy)  # of that precision, as the product is rounded once
        with torch.no_grad():
            for name in some:
                x = torch.from_numpy(cache.frames(name)).to(dtype)[None]
                one, two = (training.FromFeatures(m)(x)[0] for m in (heavy, merged))
                worst = max(worst, float((one - two).norm() / one.norm()))
                out["answers changed"] += int(one.argmax()) != int(two.argmax())
        out[f"difference {kind}"] = worst
    return out


def _write(folders: Sequence[Path], exp: Path, name: str, wanted: Protocol, folds: Sequence[str],
           release: dict[str, Any], frontend: dict[str, float]) -> dict[str, Any]:
    """Writes the model folder of a cell, merged, or of several as a committee.

    Args:
        folders: of the cells.
        exp: the experiment folder.
        name: of the system.
        wanted: the protocol.
        folds: those that were run.
        release: what goes on the card, and `calibrated` and `quietest`.
        frontend: of `ModelInfo`.

    Returns:
        Its costs.
    """
    model, record = cells.load_cell(folders[0])
    light: Any = to_deploy(model)
    cell = record["cell"]
    registered = models.CONFIGS.get(cell["model"], (cell["model"], {}))[0]
    if len(folders) > 1:
        others: list[Any] = [to_deploy(cells.load_cell(folder)[0]) for folder in folders[1:]]
        light, registered = committee(registered, [light, *others]), "committee"
    heat = (_temperature(Path(release["calibrated"] or exp) / "cells" / name)
            if wanted.classes else None)
    changes = {"temperature": heat, "quietest": release["quietest"]}
    light = changed(light, {key: value for key, value in changes.items() if value is not None})
    before = {entry["name"]: entry["licence"] for entry in heard_before(cell["init"])}
    licences = {**before, wanted.corpus: release["data"], **release["also"]}
    info = pretrained.ModelInfo(
        task="emotion", model=registered, config=dataclasses.asdict(light.config),
        sample_rate=16_000, fps=None, frontend=frontend, labels=list(wanted.classes),
        dtype=release["dtype"], licence=release["licence"], limits=release["limits"],
        training_data=[{"name": corpus, "licence": terms} for corpus, terms in licences.items()
                       if terms],
        metrics={f"{record['measure']} of the {who}": round(record[part], 2) for part, who in (
            ("dev", "development speakers, who picked the weights"),
            ("test", "test speakers, who were not heard in training"))
            if record[part] is not None and (part == "dev" or len(folders) == 1)},
        description=_description(wanted, record, len(folders)))
    if cell["fold"].startswith(cells.ALL_BUT):
        pooled = _cross_validated(exp, name, "committee" if len(folders) > 1 else "pooled",
                                  len(folds), len(wanted.folds))
        if pooled:
            info.metrics |= pooled
            info.description += (" It was tested on no one: the numbers of the cross-validation "
                                 "are of models trained the same way on fewer speakers, each "
                                 "tested on speakers it never heard.")
    pretrained.save(exp / "models" / name, light, info)
    loaded = pretrained.load(exp / "models" / name)[0]
    audio = torch.from_numpy(
        np.random.default_rng(0).normal(0, 0.1, (1, 32_000)).astype(np.float32))
    with torch.no_grad():
        given, wrote = loaded(audio), light.float()(audio)
        assert torch.allclose(given, wrote, rtol=0, atol=0 if info.dtype == "float32" else 0.05), \
            "the folder gives another answer"
    return {"system": name, "trained parameters": len(folders) * _count(model),
            "deployed parameters": _count(light),
            "bytes": (exp / "models" / name / model_files.WEIGHTS).stat().st_size,
            "mmacs": profile.count_macs(light, audio)[0] / 2e6,
            "training mmacs": len(folders) * record["training_macs"] / 2e6}


def _description(wanted: Protocol, record: Mapping[str, Any], count: int) -> str:
    """Who a model was trained on, for its card.

    Args:
        wanted: the protocol.
        record: of its cell.
        count: of the models that answer together.
    """
    held, fold = record["speakers"], record["cell"]["fold"]
    part = fold if held["dev"] or held["test"] else "all of it"
    text = f"Protocol {wanted.title} ({wanted.hash}), {part}: trained on {held['train']} speakers, "
    text += (f"its weights picked by {held['dev']} others." if held["dev"]
             else "for a number of steps settled before.")
    if count > 1:
        text += f" {count} models, trained apart, answer by their mean posterior."
    return text


def _temperature(folder: Path) -> float | None:
    """The temperature that fits what the cells below a folder answered to the classes they learned;
    None where there is no such answer."""
    records = []
    for file in sorted(folder.glob("*/test.jsonl")):
        if (file.with_name(cells.CELL)).is_file():
            record = json.loads(file.with_name(cells.CELL).read_text(encoding="utf-8"))
            learned = learned_by(config.from_dict(cells.Cell, record["cell"], str(file)))
            records += [r for r in training.read_records(file) if r["truth"] in learned]
    return training.temperature(records) if records else None


def changed(model: Any, fields: dict[str, Any]) -> Any:
    """A copy of a model with other values of fields of its configuration that change no weight."""
    if isinstance(model, Committee):
        members = [changed(member, fields) for member in model.members]
        return committee(model.config.member, members)
    copy = type(model)(dataclasses.replace(model.config, **fields))
    copy.load_state_dict(model.state_dict())
    return copy.eval()


def _cross_validated(
    exp: Path, name: str, condition: str, folds: int, planned: int
) -> dict[str, float]:
    """Mean measures of a system over the test speakers of the folds that were run."""
    from avspeech.report import report

    how = "cross-validated" if folds == planned else f"on {folds} of {planned} folds"

    if not (exp / "results" / f"{name}.json").exists():
        return {}
    rows, _ = report.read_results(exp / "results" / f"{name}.json")
    rows = [r for r in rows if r["condition"] == condition]
    found = {}
    for key in ("uar", "war", "wf1", "ccc"):
        values: list[Any] = [r.get(key) for r in rows]
        if values and None not in values:
            found[f"{key}, {how}"] = round(float(np.mean(values)), 2)
    return found


def _count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
