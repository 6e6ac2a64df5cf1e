"""Common Voice: sentences read by volunteers, some of whom said how old they are, of what sex, and with what
accent they speak.

R. Ardila et al., "Common Voice: A Massively-Multilingual Speech Corpus", LREC 2020.

One language of any release; sizes differ by release, so none is asked for. The published parts share no
client, which stands for a speaker.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout, tabled

ABOUT = layout.About(
    name="Common Voice",
    page="https://commonvoice.mozilla.org/datasets",
    terms="CC0, by a form; do not try to tell who a speaker is",
    layout="one language: {train,dev,test}.tsv and clips/*.mp3",
)

# The middle of each decade: an age is only known to within five years.
AGES = {"teens": 15, "twenties": 25, "thirties": 35, "fourties": 45, "forties": 45, "fifties": 55,
        "sixties": 65, "seventies": 75, "eighties": 85, "nineties": 95}
SEXES = {"male": "male", "female": "female", "male_masculine": "male", "female_feminine": "female"}


def scan(source: str | Path, limit: int = 0) -> tabled.Scan:
    """The clips of the three parts. Raises InputError for another table."""
    source = Path(source)
    clips, found = [], []
    for split in layout.SPLITS:
        path = source / f"{split}.tsv"
        if not path.is_file():
            continue
        rows = tabled.columns(path, "client_id", "path", "sentence", "age", "gender", delimiter="\t")
        taken: Counter[str] = Counter()
        for row in sorted(rows, key=lambda r: r["path"]):
            taken[row["client_id"]] += 1
            if limit and taken[row["client_id"]] > limit:
                continue
            known: dict[str, Any] = {"split": split, "locale": row.get("locale") or source.name}
            if row["age"] in AGES:
                known |= {"age": AGES[row["age"]], "age_band": row["age"]}
            if row["gender"] in SEXES:
                known["sex"] = SEXES[row["gender"]]
            accent = row.get("accents") or row.get("accent")
            if accent:
                known["accent"] = accent
            name = row["path"] if row["path"].endswith((".mp3", ".wav")) else f"{row['path']}.mp3"
            clips.append(tabled.Clip(Path(name).stem, source / "clips" / name, row["client_id"][:32], known,
                                     row["sentence"]))
        found.append(f"{split}: {len(rows):,} clips of {len(taken):,} clients")
    missing = [f"{s}.tsv missing" for s in layout.SPLITS if not (source / f"{s}.tsv").is_file()]
    return tabled.Scan(clips, found, missing)


def prepare(source: str | Path, out: str | Path, limit: int = 0, incomplete: bool = False,
            workers: int = 4) -> list[Path]:
    """Writes all.jsonl. Labels: sex, age, age_band, accent, locale, split; what a speaker did not say is
    not there.

    limit: clips of a speaker at most, the first by name, 0 for all. incomplete: go on where clips are
    missing or wrong; workers: threads that open files. Raises InputError
    where Common Voice is absent, and where it is not whole.
    """
    return tabled.prepare("common_voice", ABOUT, source, out, scan(source, limit), incomplete, workers)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each. Raises InputError where Common Voice is absent."""
    return tabled.check("common_voice", ABOUT, source, scan(source))
