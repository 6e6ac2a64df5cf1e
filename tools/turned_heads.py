"""Compares rendered views of mouths (`avspeech data views`) with heads that are really turned.

    python tools/turned_heads.py VIDEOS [--model mvtf-small] [-o result.json]

VIDEOS holds clips of one talking face each, in folders `source/person/clip` or `source/clip`, where
each clip of the latter is a person. Frames in which the head is turned by at least `--turned`
degrees (by the face mesh), to the side that has more of them, are "true". Frames of the same person
within `--front` degrees are "front"; the first half of them is rendered as the camera at the mean
angle of the true ones would see it: "rendered". The lip encoder's convolutions give features of
each frame. For each person who has enough frames of each kind the table shows

    distance    squared Frechet distance of rendered and of (other) front frames to the true ones,
                in the principal components that hold 95 % of the variance, and their ratio: below
                1, rendered frames are nearer to true ones than frontal frames are
    told apart  accuracy of a logistic regression that learned on all other people, and is asked
                for rendered or true, and for front or true (50 %: chance)

True frames may come from another clip, and with another expression, than those that were rendered,
so even a perfect rendering has some distance.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import pretrained, storage
from avspeech.errors import InputError
from avspeech.extraction.augment import center
from avspeech.extraction.lips import standardized
from avspeech.media import camera_views, video
from avspeech.semi import frechet

VIDEOS = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm"}
RUN = 5  # frames of one kind that must follow each other, as the encoder sees some around each
KINDS = ("front", "rendered", "true")


@dataclass(frozen=True)
class Person:
    """Features `[n, C]` of the frames of a person, by kind, and the true frames' mean angle."""

    name: str
    yaw: float
    features: dict[str, np.ndarray]


def runs(chosen: np.ndarray, least: int = RUN) -> np.ndarray:
    """Where `[T]` holds so many times or more in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(int), [0]])))
    out = np.zeros(len(chosen), bool)
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        out[first:stop] = stop - first >= least
    return out


def looked_at(model: Any, crops: np.ndarray, present: np.ndarray) -> np.ndarray:
    """What the lip encoder sees in each frame `[T, C]` of crops `[T, 96, 96]`."""
    import torch

    mask = torch.from_numpy(present)[None]
    with torch.inference_mode():
        shown = standardized(torch.from_numpy(center(crops))[None], mask)
        return np.concatenate([model.cue.lips.look(part)[0].numpy()
                               for part in shown.split(250, dim=1)])


def person(model: Any, name: str, clips: Sequence[Path], seconds: float, front: float,
           turned: float, least: int) -> Person | None:
    """The frames of one person, or None where there are too few of a kind."""
    tracks = [(path, found[0]) for path in clips
              if (found := video.mouth_tracks(path, duration=seconds))]
    if not tracks:
        return None
    yaws = [np.where(track.present, track.yaw, np.nan) for _, track in tracks]
    sides = [[runs(side * yaw >= turned) for yaw in yaws] for side in (1, -1)]
    true = max(sides, key=lambda masks: sum(mask.sum() for mask in masks))
    frontal = [runs(np.abs(yaw) <= front) for yaw in yaws]
    rest = sum(mask.sum() for mask in frontal) // 2
    if min(rest, sum(mask.sum() for mask in true)) < least:
        return None
    angle = float(np.mean(np.concatenate([yaw[mask] for yaw, mask in zip(yaws, true)])))
    features: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for (path, track), yaw, mask, shown in zip(tracks, yaws, frontal, true):
        seen = looked_at(model, track.crops, track.present)
        features["true"].append(seen[shown])
        drawn = np.zeros_like(mask)
        drawn[np.flatnonzero(mask)[:rest]] = True
        rest -= int(drawn.sum())
        features["front"].append(seen[mask & ~drawn])
        if drawn.any():
            camera = camera_views.Camera("turned", angle - float(np.mean(yaw[drawn])))
            last = (np.flatnonzero(drawn)[-1] + 1) / video.FPS
            made = camera_views.views(path, [camera], duration=last)["turned"]
            kept = drawn[: len(made.present)] & made.present
            features["rendered"].append(looked_at(model, made.crops, made.present)[kept])
    return Person(name, angle, {kind: np.concatenate(parts) for kind, parts in features.items()})


def people_of(folder: Path) -> dict[str, list[Path]]:
    """Clips by person."""
    found: dict[str, list[Path]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in VIDEOS):
        parts = path.relative_to(folder).parts
        found.setdefault(parts[1] if len(parts) > 2 else path.stem, []).append(path)
    return found


def reduced(people: Sequence[Person]) -> list[Person]:
    """Features in the principal components of all that hold 95 % of the variance."""
    whole = np.concatenate([f for p in people for f in p.features.values()])
    middle = whole.mean(0)
    values, vectors = np.linalg.eigh(np.cov((whole - middle).T))
    kept = int(np.searchsorted(np.cumsum(values[::-1]) / values.sum(), 0.95)) + 1
    basis = vectors[:, ::-1][:, :kept] / math.sqrt(values.sum())
    return [Person(p.name, p.yaw, {k: (f - middle) @ basis for k, f in p.features.items()})
            for p in people]


def told_apart(people: Sequence[Person], asked: int, kind: str) -> float:
    """Accuracy of a classifier, learned on all other people, for true or `kind` frames of one."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    def frames(chosen: Sequence[Person]) -> tuple[np.ndarray, np.ndarray]:
        rows, labels = [], []
        for p in chosen:
            n = min(len(p.features[kind]), len(p.features["true"]))
            for label, name in enumerate((kind, "true")):
                take = np.linspace(0, len(p.features[name]) - 1, n).round().astype(int)
                rows.append(p.features[name][take])
                labels += [label] * n
        return np.concatenate(rows), np.array(labels)

    x, y = frames([p for k, p in enumerate(people) if k != asked])
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(C=0.01, max_iter=1000).fit(scaler.transform(x), y)
    x, y = frames([people[asked]])
    return float(model.score(scaler.transform(x), y))


def table(people: Sequence[Person]) -> list[dict[str, Any]]:
    """A row for each person."""
    rows = []
    for k, p in enumerate(people):
        fits = {kind: frechet.fit(f) for kind, f in p.features.items()}
        near, far = (frechet.distance(fits[kind], fits["true"]) for kind in ("rendered", "front"))
        rows.append({"person": p.name, "yaw": p.yaw, **{f"{kind} frames": len(f)
                                                      for kind, f in p.features.items()},
                     "rendered to true": near, "front to true": far, "ratio": near / far,
                     "rendered or true": told_apart(people, k, "rendered"),
                     "front or true": told_apart(people, k, "front")})
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the comparison."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path)
    parser.add_argument("--model", default="mvtf-small", help="name or folder")
    parser.add_argument("--seconds", type=float, default=30.0, help="used of each clip")
    parser.add_argument("--front", type=float, default=10.0, metavar="DEG")
    parser.add_argument("--turned", type=float, default=15.0, metavar="DEG")
    parser.add_argument("--least", type=int, default=15, help="frames of each kind")
    parser.add_argument("-o", "--out", type=Path, metavar="JSON")
    args = parser.parse_args(arguments)
    model: Any = pretrained.load(args.model)[0]
    people = []
    for name, clips in people_of(args.videos).items():
        found = person(model, name, clips, args.seconds, args.front, args.turned, args.least)
        print(f"{name}: {'too few frames' if found is None else 'taken'}", file=sys.stderr)
        people += [found] if found else []
    if len(people) < 3:
        raise InputError(f"{args.videos}: {len(people)} people have {args.least} turned frames and "
                         "twice as many frontal ones; expected 3 or more")
    rows = table(reduced(people))
    for row in rows:
        print("  ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}"
                        for k, v in row.items()))
    for key in ("ratio", "rendered or true", "front or true"):
        print(f"{key}: mean {np.mean([row[key] for row in rows]):.3f}, "
              f"median {np.median([row[key] for row in rows]):.3f}")
    if args.out:
        storage.write_atomically(args.out, json.dumps(rows, indent=1).encode())


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"{Path(__file__).name}: {error}")
