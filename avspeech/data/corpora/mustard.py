"""MUStARD: utterances from four television comedies, half of them sarcastic.

S. Castro et al., "Towards Multimodal Sarcasm Detection (An _Obviously_ Perfect Paper)", ACL 2019.

A speaker is a character of a show. Parts that are named PERSON are of several people; within a show
they stay together.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, Scan, counts
from avspeech.data.labels import spells_nothing
from avspeech.errors import InputError

ABOUT = layout.About(
    name="MUStARD",
    page="https://github.com/soujanyaporia/MUStARD",
    terms="free to download; annotation under MIT, the clips are their makers'",
    layout="sarcasm_data.json and utterances_final/*.mp4",
)

CLIPS = {"yes": 345, "no": 345}  # the paper's section 3: 690 utterances, balanced


def scan(source: Path) -> Scan[Clip]:
    """The utterances of sarcasm_data.json. Labels: sarcasm, show, character. Raises InputError for
    another file."""
    path = next((p for p in (source / "sarcasm_data.json", source / "data" / "sarcasm_data.json")
                 if p.is_file()), None)
    if path is None:
        return Scan([], [])
    folder = next((f for f in (source / "utterances_final",
                               source / "data" / "videos" / "utterances_final")
                   if f.is_dir()), source / "utterances_final")
    rows = tables.read_json(path)
    try:
        unclear = [name for name, row in rows.items() if not isinstance(row["sarcasm"], bool)]
        if unclear:
            raise InputError(f"{path}: {unclear[0]}: sarcasm: expected true or false, got "
                             f"{str(rows[unclear[0]]['sarcasm'])[:40]!r}")
        nameless = [name for name, row in rows.items() if not isinstance(row["speaker"], str)
                    or spells_nothing(row["speaker"])]
        if nameless:
            raise InputError(f"{path}: {nameless[0]}: speaker: expected a name, got "
                             f"{str(rows[nameless[0]]['speaker'])[:40]!r}")
        clips = [Clip(name, folder / f"{name}.mp4", f"{row['show']}-{row['speaker']}",
                      {"sarcasm": "yes" if row["sarcasm"] else "no", "show": row["show"],
                       "character": row["speaker"]}, row["utterance"])
                 for name, row in sorted(rows.items())]
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: expected {{clip: {{utterance, speaker, show, sarcasm}}}}"
                         ) from None
    return Scan(clips, *counts(Counter(c.labels["sarcasm"] for c in clips), CLIPS, "utterances"))
