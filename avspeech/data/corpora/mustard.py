"""MUStARD: utterances from four television comedies, half of them sarcastic.

S. Castro et al., "Towards Multimodal Sarcasm Detection (An _Obviously_ Perfect Paper)", ACL 2019.

A speaker is a character of a show. Parts that are named PERSON are of several people; within a show they stay
together.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout, tabled
from avspeech.errors import InputError

ABOUT = layout.About(
    name="MUStARD",
    page="https://github.com/soujanyaporia/MUStARD",
    terms="free to download; annotation under MIT, the clips are their makers'",
    layout="sarcasm_data.json and utterances_final/*.mp4",
)

CLIPS = {"yes": 345, "no": 345}  # the paper's section 3: 690 utterances, balanced


def scan(source: str | Path) -> tabled.Scan:
    """The utterances of sarcasm_data.json. Raises InputError for another file."""
    source = Path(source)
    path = next((p for p in (source / "sarcasm_data.json", source / "data" / "sarcasm_data.json")
                 if p.is_file()), None)
    if path is None:
        return tabled.Scan([], [])
    folder = next((f for f in (source / "utterances_final", source / "data" / "videos" / "utterances_final")
                   if f.is_dir()), source / "utterances_final")
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        clips = [tabled.Clip(name, folder / f"{name}.mp4", f"{row['show']}-{row['speaker']}",
                             {"sarcasm": "yes" if row["sarcasm"] else "no", "show": row["show"],
                              "character": row["speaker"]}, row["utterance"])
                 for name, row in sorted(rows.items())]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: expected {{clip: {{utterance, speaker, show, sarcasm}}}}") from None
    return tabled.Scan(clips, *tabled.counts(Counter(c.labels["sarcasm"] for c in clips), CLIPS,
                                             "utterances"))


def prepare(source: str | Path, out: str | Path, incomplete: bool = False,
            workers: int = 4) -> list[Path]:
    """Writes all.jsonl. Labels: sarcasm, show, character.

    incomplete: go on where clips are missing or wrong; workers: threads that open files. Raises InputError
    where MUStARD is absent, and where it is not whole.
    """
    return tabled.prepare("mustard", ABOUT, source, out, scan(source), incomplete, workers)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each. Raises InputError where MUStARD is absent."""
    return tabled.check("mustard", ABOUT, source, scan(source))
