#!/usr/bin/env bash
# WHAT: pympi loses annotations between time slots that have no time when it converts ELAN to
#   TextGrid.
# GUESS: ELAN's time slots may have no time (words within an aligned phrase): they are spread
#   between their neighbors, as ELAN shows them, or an exception says so.
# SEEN: pympi-ling 1.71: get_annotation_data_for_tier() gives None as a time, and to_textgrid()
#   leaves out such annotations without a word: of two words none is left.
# WHY IT MATTERS: corpora of field recordings have whole tiers of this kind; the TextGrid looks
#   complete and has fewer words.
# SOURCE: the ELAN annotation format (TIME_VALUE is optional); found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'pympi-ling==1.71'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from pympi import Elan

print("pympi-ling", version("pympi-ling"))
print("expected: the words one and two, with times between 1 and 3 s, in the TextGrid")
annotation = ("<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID='{}' TIME_SLOT_REF1='{}' "
              "TIME_SLOT_REF2='{}'><ANNOTATION_VALUE>{}</ANNOTATION_VALUE>"
              "</ALIGNABLE_ANNOTATION></ANNOTATION>")
with open("a.eaf", "w") as file:
    file.write(
        "<?xml version='1.0' encoding='UTF-8'?><ANNOTATION_DOCUMENT AUTHOR='' "
        "DATE='2020-01-01T00:00:00+00:00' FORMAT='3.0' VERSION='3.0' "
        "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
        "xsi:noNamespaceSchemaLocation='http://www.mpi.nl/tools/elan/EAFv3.0.xsd'>"
        "<HEADER MEDIA_FILE='' TIME_UNITS='milliseconds'/><TIME_ORDER>"
        "<TIME_SLOT TIME_SLOT_ID='ts1' TIME_VALUE='1000'/><TIME_SLOT TIME_SLOT_ID='ts2'/>"
        "<TIME_SLOT TIME_SLOT_ID='ts3' TIME_VALUE='3000'/></TIME_ORDER>"
        "<TIER LINGUISTIC_TYPE_REF='w' TIER_ID='words'>"
        + annotation.format("a1", "ts1", "ts2", "one")
        + annotation.format("a2", "ts2", "ts3", "two")
        + "</TIER><LINGUISTIC_TYPE GRAPHIC_REFERENCES='false' LINGUISTIC_TYPE_ID='w' "
        "TIME_ALIGNABLE='true'/></ANNOTATION_DOCUMENT>")
elan = Elan.Eaf("a.eaf")
rows = elan.get_annotation_data_for_tier("words")
tiers = list(elan.to_textgrid().get_tiers())
words = [text for _, _, text in tiers[0].get_all_intervals() if text]
print("seen:", rows, "| words in the TextGrid:", words)
same = rows == [(1000, None, "one"), (None, 3000, "two")] and words == []
sys.exit(0 if same else "CHANGED: see the line above")
EOF
