#!/usr/bin/env bash
# WHAT: SpeechRecognition's record() cuts parts of a file in steps of 4096 samples, begin and
#   length rounded down; a part shorter than a step is empty.
# GUESS: record(source, offset=1.0, duration=1.0) gives the second from 1.0 to 2.0, to the sample
#   or to a few milliseconds.
# SEEN: SpeechRecognition 3.17.0 at 16 kHz: that call gives 0.768 s, beginning at 0.768 s; offset
#   0.1 and duration 0.2 gives no sample at all; at 8 kHz the same call gives 0.512 s.
# WHY IT MATTERS: it is the usual way to send one segment after another to a recognizer: up to a
#   fourth of a second of speech is missing at the end, words of the segment before are at the
#   beginning, and short answers come back empty, which counts as the recognizer's error.
# SOURCE: github.com/Uberi/speech_recognition/issues/409 (open since 2019) for the offset.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'SpeechRecognition==3.17.0'
venv/bin/python - <<'EOF'
import array
import sys
import wave
from importlib.metadata import version
import speech_recognition

print("SpeechRecognition", version("SpeechRecognition"))
print("expected: (offset, duration) as asked for: (1.0, 1.0), (0.1, 0.2), (1.0, 1.0)")


def part(rate, offset, duration):
    sound = array.array("h", (at // 4 for at in range(3 * rate)))  # its value tells the time
    with wave.open("a.wav", "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    with speech_recognition.AudioFile("a.wav") as source:
        found = speech_recognition.Recognizer().record(source, offset=offset, duration=duration)
    samples = array.array("h", found.get_raw_data())
    return samples[0] * 4 / rate if samples else None, len(samples) / rate


seen = [part(16000, 1.0, 1.0), part(16000, 0.1, 0.2), part(8000, 1.0, 1.0)]
print("seen (begin, length):", seen)
same = seen[0] == (0.768, 0.768) and seen[1] == (None, 0.0) and seen[2][1] == 0.512
sys.exit(0 if same else "CHANGED: see the line above")
EOF
