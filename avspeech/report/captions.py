"""SodaM: scores timed captions of videos against scenes with key points.

    scores = score(read(ref, reference=True), read(hyp, reference=False), judge=word_coverage)
    print(scores.table())
    scores.as_dict()

The measure of the TimeChat-Captioner paper (Omni Dense Captioning, 2026), in six steps: overlap of
each scene with each prediction; the order-preserving alignment of largest overlap; predictions
without a partner join a neighbor's; a judge says how many key points of a scene its group of
predictions states; precision over groups and recall over scenes; the same for the times alone.

Two modes. `as_released` follows the released scorer's functions, so that figures compare with it:

- One alignment is always made, also where nothing overlaps. Predictions stay in the order given.
- A prediction without a partner joins a neighbor's group, also where it overlaps nothing.
- A dimension or scene without key points counts 0; counts of a judge above the number of key
  points are not cut; a judge that fails counts 0 (here `failed` says how often).
- The mean IoU is over merged predictions.
- Not followed: its main loop gives every prediction the time of the last reference scene.

The default corrects these: partners overlap; a prediction that overlaps nothing stays out and
counts in the denominators of precision, of every dimension as well; scenes and predictions are
sorted by time; scenes without key points (of a dimension) are left out of its means, and so is a
video that has none of a dimension; counts are cut; a judge that fails raises InputError; the mean
IoU is over reference scenes.

Chosen here, where the description is open: the time scores are those of each video, averaged over
videos; a merged prediction or a scene is found at an IoU threshold if its best IoU with any
partner is above it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from avspeech.errors import InputError
from avspeech.report.caption_files import DIMENSIONS, Captions, Scene

Array = NDArray[np.float64]
# (text of a group, {dimension: its key points}) -> {dimension: how many of them the text states}
Judge = Callable[[str, Mapping[str, Sequence[str]]], Mapping[str, float]]
UNLIKE = 100.0  # times: ends of two sides that are so far apart are of two clocks or units
THRESHOLDS = (0.3, 0.5, 0.7, 0.9)  # IoU of the time score
TOTAL = "all"


class Measure(NamedTuple):
    """Precision, recall and their harmonic mean, 0 to 1."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, precision: float, recall: float) -> Measure:
        """With F1, which is 0 where both are 0."""
        total = precision + recall
        return cls(precision, recall, 2 * precision * recall / total if total else 0.0)


@dataclass
class VideoScore:
    """The scores of one video."""

    captions: dict[str, Measure]  # {"all" or dimension: measure}; without dimensions left out
    time: Measure  # averaged over `THRESHOLDS`
    mean_iou: float
    groups: dict[int, list[int]]  # {reference scene: its predictions}, by number after sorting
    outside: list[int]  # predictions that overlap nothing
    failed: int = 0  # scenes at which the judge failed (as_released only)


@dataclass
class Scores:
    """What `score` found."""

    videos: dict[str, VideoScore]
    mean: dict[str, Measure]  # {"all", a dimension, or "time": mean over videos}
    counts: dict[str, int]  # videos in each of these means
    mean_iou: float
    as_released: bool
    judge: str
    missing: list[str] = field(default_factory=list)  # videos without readable predictions: 0
    unpaired: list[str] = field(default_factory=list)  # predictions without a reference
    problems: dict[str, str] = field(default_factory=dict)  # {video or place: why it is unreadable}

    def as_dict(self) -> dict[str, Any]:
        """For JSON: every video and the means."""
        videos = {}
        for name, video in self.videos.items():
            record = {key: value._asdict() for key, value in video.captions.items()}
            groups = {str(scene): predictions for scene, predictions in video.groups.items()}
            videos[name] = {"sodam": record, "time": video.time._asdict(),
                            "mean_iou": video.mean_iou, "groups": groups,
                            "outside": video.outside, "failed": video.failed}
        means = {name: {**measure._asdict(), "videos": self.counts[name]}
                 for name, measure in self.mean.items()}
        return {"videos": videos, "mean": means, "mean_iou": self.mean_iou,
                "as_released": self.as_released, "judge": self.judge, "missing": self.missing,
                "unpaired": self.unpaired, "problems": self.problems}

    def table(self) -> str:
        """The means, in per cent, for a terminal."""
        lines = [f"{'%':<18}{'F1':>7}{'precision':>11}{'recall':>8}{'videos':>8}"]
        for name, measure in self.mean.items():
            title = {TOTAL: "SodaM", "time": "time"}.get(name, f"  {name}")
            p, r, f = (100 * value for value in measure)
            lines.append(f"{title:<18}{f:>7.1f}{p:>11.1f}{r:>8.1f}{self.counts[name]:>8}")
        lines.append(f"{'mean IoU':<18}{100 * self.mean_iou:>7.1f}")
        return "\n".join(lines)

    def remarks(self) -> list[str]:
        """How it was measured, and what is missing."""
        lines = [f"Judge: {self.judge}.", "Mode: as released." if self.as_released else
                 "Mode: corrected; figures do not compare with those of the released scorer "
                 "(--as-released)."]
        if self.missing:
            lines.append(f"{len(self.missing)} of {len(self.videos)} videos have no readable "
                         "prediction and count 0.")
        failed = sum(video.failed for video in self.videos.values())
        if failed:
            lines.append(f"The judge failed at {failed} scenes, which count 0.")
        return lines


def overlaps(reference: Sequence[Scene], predicted: Sequence[Scene],
             threshold: float = 0.0) -> Array:
    """Intersection over union of each scene with each prediction.

    Args:
        reference: S scenes.
        predicted: K scenes.
        threshold: entries below it become 0.

    Returns:
        `[S, K]`; 0 where both have no length.
    """
    a = np.array([(s.start, s.end) for s in reference], np.float64).reshape(-1, 1, 2)
    b = np.array([(s.start, s.end) for s in predicted], np.float64).reshape(1, -1, 2)
    shared = np.maximum(0, np.minimum(a[..., 1], b[..., 1]) - np.maximum(a[..., 0], b[..., 0]))
    union = (a[..., 1] - a[..., 0]) + (b[..., 1] - b[..., 0]) - shared
    table = np.divide(shared, union, out=np.zeros_like(union), where=union > 0)
    return np.where(table < threshold, 0.0, table)


def align(table: Array, always: bool = False) -> list[tuple[int, int]]:
    """The order-preserving one-to-one alignment of largest total overlap.

    Ties are decided in this order: leave the reference, leave the prediction, match. The last
    scene that remains and the last prediction that remains cannot be left, so that one pair is
    always made; this is the reading of the rule that gives the released scorer's figures.

    Args:
        table: overlaps `[S, K]`, at least 0.
        always: whether pairs without overlap are kept.

    Returns:
        Pairs of a reference and a prediction, in order.
    """
    scenes, predictions = table.shape
    best = np.full((scenes + 1, predictions + 1), -1.0)  # -1: outside of the table
    before = np.zeros_like(best)
    for i in range(1, scenes + 1):
        reached = np.maximum(best[i - 1, 1:], before[i - 1, :-1] + table[i - 1])
        # To leave a prediction is to take over the value to the left: a running maximum
        best[i, 1:] = before[i, 1:] = np.maximum.accumulate(reached)
    pairs = []
    i, j = scenes, predictions
    while i and j:
        if best[i - 1, j] == best[i, j]:
            i -= 1
        elif best[i, j - 1] == best[i, j]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            if always or table[i, j] > 0:
                pairs.append((i, j))
    return pairs[::-1]


def group(table: Array, pairs: Sequence[tuple[int, int]],
          keep_all: bool = False) -> tuple[dict[int, list[int]], list[int]]:
    """The predictions of each aligned reference: its own, and those without a partner around it.

    Those before the first pair join the first aligned reference; those between two pairs join the
    earlier one; those behind the last join the last.

    Args:
        table: overlaps `[S, K]`.
        pairs: of `align`.
        keep_all: whether predictions that overlap nothing join as well.

    Returns:
        {reference: predictions in order}, and the predictions that stay out.
    """
    groups: dict[int, list[int]] = {reference: [] for reference, _ in pairs}
    partner = {prediction: reference for reference, prediction in pairs}
    outside = []
    current = pairs[0][0] if pairs else None
    for prediction in range(table.shape[1]):
        current = partner.get(prediction, current)
        if current is None or not (keep_all or (table[:, prediction] > 0).any()):
            outside.append(prediction)
        else:
            groups[current].append(prediction)
    return groups, outside


def score_video(reference: Sequence[Scene], predicted: Sequence[Scene], judge: Judge,
                as_released: bool = False, name: str = "") -> VideoScore:
    """The scores of one video.

    Args:
        reference: scenes with key points, at least one.
        predicted: scenes with texts.
        judge: says how many key points of each dimension a text states.
        as_released: the released scorer's rules, see above.
        name: of the video, for messages.

    Returns:
        The scores.

    Raises:
        InputError: the judge fails (without `as_released`), or gives what is not a count.
    """
    if not as_released:
        reference = sorted(reference, key=lambda scene: (scene.start, scene.end))
        predicted = sorted(predicted, key=lambda scene: (scene.start, scene.end))
    table = overlaps(reference, predicted)
    groups, outside = group(table, align(table, as_released), as_released)
    counts: dict[int, Mapping[str, float]] = {}
    failed = 0
    for scene, members in groups.items():
        points = reference[scene].points
        if not points:
            continue
        try:
            found = judge("\n".join(predicted[m].text for m in members), points)
            counts[scene] = _checked(found, points, as_released)
        except InputError as error:
            if not as_released:
                raise InputError(f"{name}: scene {scene + 1}: {error}") from None
            failed += 1
    captions = {}
    for dimension in (TOTAL, *DIMENSIONS):
        names = DIMENSIONS if dimension == TOTAL else (dimension,)
        number = [sum(len(s.points.get(n, ())) for n in names) for s in reference]
        scored = [i for i, n in enumerate(number) if n or as_released]
        if not scored:
            continue
        stated = {i: sum(counts.get(i, {}).get(n, 0) for n in names) for i in groups}
        total = math.fsum(stated[i] / number[i] for i in groups if number[i])
        of_groups = len(outside) + sum(i in groups for i in scored)
        captions[dimension] = Measure.of(total / of_groups if of_groups else 0.0,
                                         total / len(scored))
    time, mean_iou = _times(reference, predicted, [*groups.values(), *([m] for m in outside)],
                            as_released)
    return VideoScore(captions, time, mean_iou, groups, outside, failed)


def _checked(found: Mapping[str, float], points: Mapping[str, Sequence[str]],
             as_released: bool) -> dict[str, float]:
    counts = {}
    for dimension, texts in points.items():
        count = found.get(dimension)
        if not isinstance(count, (int, float)) or not (math.isfinite(count) and count >= 0):
            raise InputError(f"the judge gave {count!r} for {dimension}; expected a count")
        counts[dimension] = count if as_released else min(count, len(texts))
    return counts


def _times(reference: Sequence[Scene], predicted: Sequence[Scene], groups: Sequence[Sequence[int]],
           as_released: bool) -> tuple[Measure, float]:
    """The time score, and the mean IoU."""
    if not groups:
        return Measure(0.0, 0.0, 0.0), 0.0
    hulls = [Scene(min(predicted[m].start for m in members), max(predicted[m].end for m in members))
             for members in groups]
    table = overlaps(reference, hulls)
    of_hulls, of_scenes = table.max(0), table.max(1)
    precision = float(np.mean([(of_hulls > t).mean() for t in THRESHOLDS]))
    recall = float(np.mean([(of_scenes > t).mean() for t in THRESHOLDS]))
    return Measure.of(precision, recall), float((of_hulls if as_released else of_scenes).mean())


def _doubt(reference: Mapping[str, Sequence[Scene]],
           predicted: Mapping[str, Sequence[Scene]]) -> None:
    """Warns of videos whose predictions are hardly on the clock of the reference."""
    strange = []
    for name in reference.keys() & predicted.keys():
        sides = reference[name], predicted[name]
        if not all(sides):
            continue
        (first, end), (other_first, other_end) = (
            (min(s.start for s in side), max(s.end for s in side)) for side in sides)
        apart = min(end, other_end) <= max(first, other_first)
        if apart or max(end, other_end) > UNLIKE * min(end, other_end):
            strange.append((name, f"{first:g} to {end:g} s, its predictions from {other_first:g} "
                                  f"to {other_end:g} s"))
    if strange:
        name, spans = min(strange)
        warnings.warn(f"{len(strange)} of {len(reference)} videos have predictions at other times "
                      f"than the reference; scenes of '{name}' lie from {spans}: is it another "
                      "clock, or are they milliseconds?", stacklevel=3)


def score(reference: Captions, predicted: Captions, judge: Judge, judge_name: str,
          as_released: bool = False, progress: bool = False) -> Scores:
    """The scores of a corpus: means over videos.

    Videos pair by name, and whatever their names where there is one on each side and either is a
    WebVTT file. A reference whose prediction is missing or unreadable counts 0. An unreadable
    reference is not scored.

    Args:
        reference: of `caption_files.read(..., reference=True)`.
        predicted: of `caption_files.read(..., reference=False)`.
        judge: says how many key points a text states.
        judge_name: for the remarks.
        as_released: the released scorer's rules, see above.
        progress: show a bar on stderr.

    Returns:
        The scores, and what was missing or unreadable.

    Raises:
        InputError: no video can be scored, or the judge fails.
    """
    from tqdm import tqdm

    predictions = predicted.videos
    if (len(reference.videos) == 1 and len(predictions) == 1
            and (reference.unnamed or predicted.unnamed)):
        predictions = dict(zip(reference.videos, predictions.values()))
    problems = {**{f"reference {key}": why for key, why in reference.problems.items()},
                **{f"prediction {key}": why for key, why in predicted.problems.items()}}
    if not reference.videos:
        raise InputError(next(iter(reference.problems.values()), "there is no reference"))
    if not predictions.keys() & reference.videos.keys() and predictions:
        raise InputError(f"no prediction has the name of a reference, such as "
                         f"'{next(iter(reference.videos))}'; found '{next(iter(predictions))}'")
    _doubt(reference.videos, predictions)
    videos = {}
    for name in tqdm(reference.videos, "captions", unit="video", disable=not progress or None):
        videos[name] = score_video(reference.videos[name], predictions.get(name, []), judge,
                                   as_released, name)
    mean, counts = {}, {}
    for key in (TOTAL, *DIMENSIONS, "time"):
        found = [v.time if key == "time" else v.captions[key] for v in videos.values()
                 if key == "time" or key in v.captions]
        if found:
            mean[key] = Measure(*(float(np.mean(column)) for column in zip(*found)))
            counts[key] = len(found)
    return Scores(videos, mean, counts, float(np.mean([v.mean_iou for v in videos.values()])),
                  as_released, judge_name,
                  [name for name in videos if not predictions.get(name)],
                  sorted(predictions.keys() - reference.videos.keys()), problems)
