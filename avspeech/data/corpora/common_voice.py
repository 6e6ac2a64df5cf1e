"""Common Voice: sentences read by volunteers, some of whom gave their age, sex and accent.

R. Ardila et al., "Common Voice: A Massively-Multilingual Speech Corpus", LREC 2020.

One language of any release. The sizes differ between releases, so they are not checked. The
published parts share no client; each client counts as one speaker.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from avspeech.data.corpora import dealing, layout
from avspeech.data.corpora.scan import Clip, Scan
from avspeech.data.corpora.tables import columns, file_name
from avspeech.data.labels import canonical
from avspeech.media import audio

ABOUT = layout.About(
    name="Common Voice",
    page="https://commonvoice.mozilla.org/datasets",
    terms="CC0, by a form; do not try to tell who a speaker is",
    layout="one language: {train,dev,test}.tsv and clips/*.mp3 (on the hub transcript/en/*.tsv and "
           "audio/en/*/*/*.mp3)",
)

# The middle of each decade: an age is only known to within five years.
AGES = {"teens": 15, "twenties": 25, "thirties": 35, "fourties": 45, "forties": 45, "fifties": 55,
        "sixties": 65, "seventies": 75, "eighties": 85, "nineties": 95}
SEXES = ("male", "female")  # also male_masculine and female_feminine
ENOUGH = 100  # clips whose speaker said a sex, of which some should be of each


def _as_stored(source: Path) -> tuple[Path, dict[str, Path]]:
    """(the folder of the tables, {name: sound} where these lie elsewhere): the copies on the
    Hugging Face hub have transcript/LANGUAGE/*.tsv and audio/LANGUAGE, with archives to unpack."""
    tables = [f for f in layout.folders(source / "transcript") if (f / "train.tsv").is_file()]
    sounds = audio.sound_files(source / "audio" / tables[0].name) if len(tables) == 1 else []
    return (tables[0], {path.name: path for path in sounds}) if sounds else (source, {})


def scan(source: Path, limit: int = 0) -> Scan[Clip]:
    """The clips of the three parts. Labels: sex, age, age_band, accent, locale, split; what a
    speaker did not say is not there.

    Args:
        source: the folder of one language.
        limit: clips of a speaker at most, the first by name; 0: all.

    Raises:
        InputError: a table is invalid.
    """
    clips, found = [], []
    others: Counter[str] = Counter()
    source, sounds = _as_stored(source)
    for split in dealing.SPLITS:
        path = source / f"{split}.tsv"
        if not path.is_file():
            continue
        rows = columns(path, "client_id", "path", "sentence", "age", "gender", delimiter="\t")
        taken: Counter[str] = Counter()
        for row in sorted(rows, key=lambda r: r["path"]):
            taken[row["client_id"]] += 1
            if limit and taken[row["client_id"]] > limit:
                continue
            known: dict[str, Any] = {"split": split, "locale": row.get("locale") or source.name}
            if row["age"] in AGES:
                known |= {"age": AGES[row["age"]], "age_band": row["age"]}
            if canonical(row["gender"]) in SEXES:
                known["sex"] = canonical(row["gender"])
            others.update(f"{name} '{row[name]}'" for name, values in (("age", AGES),
                                                                       ("gender", SEXES))
                          if row[name] not in ("", *values) and canonical(row[name]) not in values)
            accent = row.get("accents") or row.get("accent")
            if accent:
                known["accent"] = accent
            name = file_name(row["path"])  # of some copies with folders
            name += "" if name.lower().endswith(layout.SOUNDS) else ".mp3"
            clips.append(Clip(Path(name).stem, sounds.get(name, source / "clips" / name),
                              row["client_id"][:32], known, row["sentence"]))
        found.append(f"{split}: {len(rows):,} clips of {len(taken):,} clients")
        over = sum(max(0, n - limit) for n in taken.values()) if limit else 0
        found += [f"{split}: {over:,} clips left out: limit={limit} of a client"] if over else []
    missing = [f"{s}.tsv missing" for s in dealing.SPLITS if not (source / f"{s}.tsv").is_file()]
    found += layout.grouped("answers that are no label here",
                            [f"{name} ({n:,})" for name, n in others.most_common()])
    sexes = [c.labels["sex"] for c in clips if "sex" in c.labels]
    lost = {"male", "female"} - set(sexes)
    if len(lost) == 1 and len(sexes) >= ENOUGH:
        missing.append(f"no clip of sex '{lost.pop()}': release 6.0 has lost it; get a later one")
    return Scan(clips, found, missing, optional=("sex", "age", "accent"))
