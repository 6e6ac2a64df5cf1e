"""Who talks with whom, from when they speak: people in one conversation take turns, people in two
talk at the same time.

As the baseline of CHiME-9's task 1 does it (MCoRec, github.com/MCoRec/mcorec_baseline, commit
33f6f1c, `src/cluster/conv_spks.py`; read, not copied): the score of two speakers is 1 - overlap /
(overlap + time that only one of them speaks), and speakers are joined by complete linkage as long
as every two of a group score above 0.7. A speaker who says nothing overlaps nobody, so joins the
group that comes first; two who say nothing score 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from avspeech.report.transcript_scores import joined

SCORE = 0.7  # of two speakers of one conversation, at least
Spans = Mapping[str, Sequence[tuple[float, float]]]


def overlap(first: Sequence[tuple[float, float]], second: Sequence[tuple[float, float]]) -> float:
    """Seconds that lie in both of two lists of spans, each of which may overlap itself."""
    total, i, j = 0.0, 0, 0
    a, b = joined(first), joined(second)
    while i < len(a) and j < len(b):
        total += max(0.0, min(a[i][1], b[j][1]) - max(a[i][0], b[j][0]))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return total


def conversation_scores(spans: Spans) -> np.ndarray:
    """How likely each two speakers are in one conversation; symmetric `[S, S]`, 0 to 1.

    Args:
        spans: {speaker: when they speak, seconds}.
    """
    names = list(spans)
    spoken = [sum(end - start for start, end in joined(spans[name])) for name in names]
    scores = np.eye(len(names))
    for i, first in enumerate(names):
        for j in range(i + 1, len(names)):
            both = overlap(spans[first], spans[names[j]])
            either = spoken[i] + spoken[j] - both
            scores[i, j] = scores[j, i] = 1 - both / either if either > 0 else 0.0
    return scores


def conversations(spans: Spans, score: float = SCORE) -> dict[str, int]:
    """The conversation of each speaker.

    Args:
        spans: {speaker: when they speak, seconds}.
        score: that every two speakers of one conversation exceed.

    Returns:
        {speaker: number of the conversation, from 0, in the order of `spans`}.
    """
    names = list(spans)
    if len(names) < 2:
        return dict.fromkeys(names, 0)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distances = np.clip(1 - conversation_scores(spans), 0.0, 1.0)
    # fcluster joins at the threshold too, the baseline only below it
    labels = fcluster(linkage(squareform(distances, checks=False), "complete"),
                      np.nextafter(1 - score, 0), "distance")
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels.tolist()))}
    return {name: numbers[label] for name, label in zip(names, labels.tolist())}
