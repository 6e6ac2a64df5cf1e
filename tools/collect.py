"""Joins the RESULTS.md of several experiments to one, in the given order.

    python tools/collect.py egs/ravdess/ser/exp/{edge,controls} -o egs/ravdess/ser/RESULTS.md \\
        --title RAVDESS
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from avspeech.core import storage


def collected(texts: list[str], title: str) -> str:
    """The pages under one title, with their headings one level lower."""
    pages = [re.sub(r"^(#+ )", r"#\1", text.strip(), flags=re.MULTILINE) for text in texts]
    return "\n\n".join([f"# {title}", *pages]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="+", type=Path, help="folders that hold a RESULTS.md")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--title", default="Results")
    args = parser.parse_args()
    pages = [folder / "RESULTS.md" for folder in args.experiments]
    absent = [str(page) for page in pages if not page.exists()]
    if absent:
        print(f"avspeech: error: {absent[0]} does not exist; run its report stage", file=sys.stderr)
        sys.exit(2)
    text = collected([page.read_text(encoding="utf-8") for page in pages], args.title)
    storage.write_atomically(args.out, text.encode())


if __name__ == "__main__":
    main()
