#!/usr/bin/env bash
# WHAT: Of a TTML file whose <div> or <body> begins later, pycaption gives all captions too early,
#   and ttconv drops those at the end.
# GUESS: times of a <p> count from the begin of the element around it: with <div begin="10s"> a <p>
#   from 1 to 2 s is shown from 11 to 12 s, and all captions are there.
# SEEN: three captions at 1, 11 and 21 s in a <div begin="10s">: pysubs2 1.8.1 has 11, 21 and 31 s.
#   pycaption 2.3.14 has 1, 11 and 21 s. ttconv 1.2.3 has 11 and 21 s and not the last, since it
#   ends a <div> without an 'end' where its last <p> ends, and forgets that this too counts from
#   10 s; a file with one caption becomes empty. With begin="0.5s" the last one is cut short by
#   0.5 s. <body begin="10s"> does the same. No warning.
# WHY IT MATTERS: broadcasters write the start of a program or of a part there. Speech cut by such
#   captions has the text of 10 s before, or the last lines of the program have no sound.
# SOURCE: W3C, TTML2, timing attributes (times count from those of the parent; a 'par' container
#   without an end ends with its last child); found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'pycaption==2.3.14' 'ttconv==1.2.3' \
    'pysubs2==1.8.1'
venv/bin/python -W ignore - <<'EOF'
import sys
import xml.etree.ElementTree as et
from importlib.metadata import version
import pycaption
import pysubs2
from ttconv.imsc import reader
from ttconv.srt import writer

PAGE = ("<?xml version='1.0' encoding='UTF-8'?><tt xmlns='http://www.w3.org/ns/ttml' xml:lang='en'>"
        "<body{}><div{}>{}</div></body></tt>")


def three(body, div, starts=(1, 11, 21)):
    """Begin and end of each caption in s, by the three readers."""
    lines = "".join(f"<p begin='{s}s' end='{s + 1}s'>Line {s}.</p>" for s in starts)
    page = PAGE.format(body, div, lines)
    captions = pycaption.DFXPReader().read(page)
    captions = captions.get_captions(captions.get_languages()[0])
    model = reader.to_model(et.ElementTree(et.fromstring(page)))
    text = writer.from_model(model)
    readers = {
        "pysubs2": pysubs2.SSAFile.from_string(page, format_="ttml"),
        "ttconv": pysubs2.SSAFile.from_string(text, format_="srt") if text else [],
    }
    times = {name: [(e.start / 1000, e.end / 1000) for e in events]
             for name, events in readers.items()}
    times["pycaption"] = [(c.start / 1e6, c.end / 1e6) for c in captions]
    return times


print({name: version(name) for name in ("pycaption", "ttconv", "pysubs2")})
print("expected: (11, 12), (21, 22), (31, 32)")
in_div = three("", " begin='10s'")
in_body = three(" begin='10s'", "")
print("seen, div:", in_div)
print("seen, body:", in_body)
closed = three("", " begin='10s' end='40s'")["ttconv"]
print("ttconv, with an end of the div:", closed)
half = three("", " begin='0.5s'")["ttconv"][-1]
print("expected for 0.5 s, last caption: (21.5, 22.5); ttconv:", half)
single = three("", " begin='10s'", (1,))["ttconv"]
print("expected of one caption: (11, 12); ttconv:", single)
late, early = [(s + 10.0, s + 11.0) for s in (1, 11, 21)], [(s + 0.0, s + 1.0) for s in (1, 11, 21)]
known = {"pysubs2": late, "ttconv": late[:2], "pycaption": early}
same = in_div == in_body == known and closed == late and half == (21.5, 22.0) and single == []
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
