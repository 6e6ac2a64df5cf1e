"""SEP-28k: clips of three seconds from podcasts about stuttering, each judged by three.

C. Lea et al., "SEP-28k: A Dataset for Stuttering Event Detection From Podcasts With People Who
Stutter", ICASSP 2021.

A clip is dysfluent if at least two of the three judges noted a prolongation, a block, or a repeated
sound or word. It is fluent if at least two judges noted no stuttered words. Other clips, and those
that two judges marked as music, silence or of poor quality, have no label. (Interjections alone do
not make a clip dysfluent, because everybody uses them.) The speakers are not published, and hosts
occur in many episodes, so a show counts as one speaker.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan, first
from avspeech.data.corpora.tables import columns, number

ABOUT = layout.About(
    name="SEP-28k",
    page="https://github.com/apple/ml-stuttering-events-dataset",
    terms="annotation under CC BY-NC 4.0; the podcasts are fetched from their makers by its "
          "scripts",
    layout="SEP-28k_labels.csv and clips/<Show>/<EpId>/<Show>_<EpId>_<ClipId>.wav",
)

CLIPS = 28177  # the paper's abstract
KINDS = {"prolongation": "prolongation", "block": "block", "soundrep": "sound repetition",
         "wordrep": "word repetition"}
_SPOILT = ("music", "nospeech", "pooraudioquality")


def judged(votes: dict[str, float]) -> dict[str, Any]:
    """The labels for these votes: {} where the clip has none."""
    if any(votes[name] >= 2 for name in _SPOILT):
        return {}
    kinds = [kind for name, kind in KINDS.items() if votes[name] >= 2]
    if kinds:
        return {"stutter": "yes", "kinds": ", ".join(kinds)}
    return {"stutter": "no"} if votes["nostutteredwords"] >= 2 else {}


def scan(source: Path) -> Scan[Clip]:
    """The clips of the table. Labels: stutter, kinds, show, episode. Raises InputError for another
    one."""
    path = source / "SEP-28k_labels.csv"
    if not path.is_file():
        return Scan([], [])
    rows = columns(path, "show", "epid", "clipid", "nostutteredwords", *KINDS, *_SPOILT)
    # The second: a copy that many use
    folder = first(source / "clips" / "stuttering-clips" / "clips", source / "clips")
    clips = []
    for row in rows:
        name = f"{row['show']}_{row['epid']}_{row['clipid']}"
        nested = folder / row["show"] / row["epid"] / f"{name}.wav"
        flat = folder / f"{name}.wav"
        votes = {n: number(row, n, path, 0, 3) for n in ("nostutteredwords", *KINDS, *_SPOILT)}
        clips.append(Clip(name, flat if layout.sound(flat).is_file() else nested, row["show"],
                          {"show": row["show"], "episode": f"{row['show']}-{row['epid']}",
                           **judged(votes)}))
    kinds = Counter(c.labels.get("stutter", "not labelled") for c in clips)
    whole = layout.counted(len(clips), CLIPS, "clips")
    return Scan(clips, [whole, ", ".join(f"{kinds[k]:,} {k}" for k in sorted(kinds))],
                       [whole] if len(clips) != CLIPS else [])
