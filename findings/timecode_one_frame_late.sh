#!/usr/bin/env bash
# WHAT: The package timecode gives seconds one frame late, and differences and sums that are one
#   frame off.
# GUESS: 00:00:01:00 at 25 frames a second is 1.0 s, from 00:00:01:00 to 00:00:03:00 are 2 s
#   (00:00:02:00), and start_seconds=1.0 is 00:00:01:00.
# SEEN: timecode 1.5.1: float is 1.04, to_realtime() '00:00:01.040', the difference 00:00:01:24, the
#   sum of 1 s and 1 s 00:00:02:01, and start_seconds=1.0 is 00:00:00:24; at 24, 30 and 50 frames
#   likewise, always by one frame. That 00:00:00:00 counts as one frame is said in its readme; that
#   times in seconds follow from it is not.
# WHY IT MATTERS: sound cut by the timecodes of an edit list is 33 to 42 ms late to the picture, as
#   much as people notice in lip synchrony, and lengths of shots in timecode are a frame short.
#   What is written and read in seconds by this package alone agrees, so a test does not show it.
# SOURCE: found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'timecode==1.5.1'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from timecode import Timecode

print("timecode", version("timecode"))
print("expected at 25: 1.0 s, 00:00:02:00 from 1 to 3 s, 1 s + 1 s the same, 1.0 s as 00:00:01:00")
same = True
for rate in (24, 25, 30, 50):
    one, three = Timecode(rate, "00:00:01:00"), Timecode(rate, "00:00:03:00")
    seen = [round(one.float, 4), str(three - one), str(one + one),
            str(Timecode(rate, start_seconds=1.0))]
    print(f"seen at {rate}:", seen, one.to_realtime())
    last = f"{rate - 1:02d}"
    same = same and seen == [round(1 + 1 / rate, 4), f"00:00:01:{last}", "00:00:02:01",
                             f"00:00:00:{last}"]
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
