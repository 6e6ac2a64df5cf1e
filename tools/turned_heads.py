"""Compares rendered views of mouths (`avspeech data views`) with heads that are really turned.

    python tools/turned_heads.py VIDEOS [--model mvtf-small] [-o result.json]

VIDEOS holds clips of one talking face each, in folders `source/clip`; a clip is a person. Frames in
which the head is turned by at least `--turned` degrees (by the face mesh) are "true". Frames of the
same clip in which it is within `--front` degrees are "front"; the first half of them, in time, is
rendered as the camera at the mean angle of the true ones would see it: "rendered". The lip encoder of
the model gives features of each frame. For each clip that has 25 frames of both, and for all of them,
the table shows

    distance    Frechet distance (squared) of rendered and of front to true, in the principal components
                that hold 95 % of the variance, and their ratio: below 1, rendered frames are nearer to
                true ones than frontal frames are
    told apart  accuracy of a logistic regression that learns on all other clips, and is asked for
                true or rendered (50 %: chance), and for true or front, of as many frames

The faces must differ between clips for the second to mean anything.
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
LEAST = 25  # frames
RUN = 7  # frames of one kind that must follow each other, as the encoder sees some around each
KINDS = ("front", "rendered", "true")


@dataclass(frozen=True)
class Person:
    """Features `[n, C]` of the frames of a clip, by kind, and the true frames' mean angle."""

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


def person(model: Any, path: Path, seconds: float, front: float, turned: float) -> Person | None:
    """The frames of one clip, or None where it has too few of a kind."""
    tracks = video.mouth_tracks(path, duration=seconds)
    if not tracks:
        return None
    track = tracks[0]
    yaw = np.where(track.present, track.yaw, np.nan)
    left, right = runs(yaw >= turned), runs(yaw <= -turned)
    true = left if left.sum() >= right.sum() else right
    frontal = runs(np.abs(yaw) <= front)
    half = np.zeros_like(frontal)
    half[np.flatnonzero(frontal)[: frontal.sum() // 2]] = True
    other = frontal & ~half
    if min(true.sum(), half.sum(), other.sum()) < LEAST:
        return None
    angle = float(np.mean(yaw[true]) - np.mean(yaw[half]))
    last = (np.flatnonzero(half)[-1] + 1) / video.FPS
    rendered = camera_views.views(path, [camera_views.Camera("turned", angle)],
                                  duration=last)["turned"]
    kept = half[: len(rendered.present)] & rendered.present
    seen = looked_at(model, track.crops, track.present)
    drawn = looked_at(model, rendered.crops, rendered.present)
    return Person(path.stem, float(np.mean(yaw[true])),
                  {"front": seen[other], "rendered": drawn[kept], "true": seen[true]})


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
        rows.append({"clip": p.name, "yaw": p.yaw, **{f"{kind} frames": len(f)
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
    parser.add_argument("--front", type=float, default=8.0, metavar="DEG")
    parser.add_argument("--turned", type=float, default=18.0, metavar="DEG")
    parser.add_argument("-o", "--out", type=Path, metavar="JSON")
    args = parser.parse_args(arguments)
    model: Any = pretrained.load(args.model)[0]
    people = []
    for path in sorted(p for p in args.videos.rglob("*") if p.suffix.lower() in VIDEOS):
        found = person(model, path, args.seconds, args.front, args.turned)
        print(f"{path.stem}: {'too few frames' if found is None else 'taken'}", file=sys.stderr)
        people += [found] if found else []
    if len(people) < 3:
        raise InputError(f"{args.videos}: {len(people)} clips have {LEAST} frontal frames twice and "
                         f"{LEAST} turned ones; expected 3 or more")
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
