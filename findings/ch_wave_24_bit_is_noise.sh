#!/usr/bin/env bash
# WHAT: ch_wave of the Edinburgh Speech Tools reads WAV files of 24 and 32 bits and of A-law as
#   noise, and says nothing.
# GUESS: a WAV file that it knows is read as it is, and one that it does not know is refused, as it
#   refuses AIFF and AU files of the same 24 and 32 bits ("unsupported sample width"). (The noise
#   was seen while another question was tried, before this was written.)
# SEEN: speech-tools 2.5.0 (Debian 1:2.5.0-13), a tone of 440 Hz with an RMS of 0.212: of a WAV file
#   of 16 bits it comes back; of 24, of 32 bits and of A-law there are as many samples as there
#   should be, of noise with an RMS of 0.491, 0.409 and 0.819 and no correlation with the tone. The
#   exit code is 0, and there is no message. Mu-law and 8 bits are right; for floats it says
#   'unknown sample format', and still writes noise.
# WHY IT MATTERS: recorders of today write 24 bits, and A-law is telephone speech. The library is
#   that of Festival: the pitch marks, labels and units of a voice, or a resampled corpus, are made
#   of noise as loud as speech, of the right length and with an exit code of 0.
# SOURCE: the manual of ch_wave (it finds the type of a file by its header); found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Debian 12's packages; the machine's own list of packages and cache stay as they are.
mkdir -p lists/partial cache/archives/partial
debian=(apt-get -qq -o APT::Sandbox::User=root -o Dir::State::Lists="$work/lists"
    -o Dir::Cache="$work/cache")
"${debian[@]}" update
"${debian[@]}" download 'speech-tools=1:2.5.0-13' 'libestools2.5=1:2.5.0-13'
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export PATH="$work/root/usr/bin:$PATH" LD_LIBRARY_PATH="$work/root/usr/lib/$(uname -m)-linux-gnu"
ls ./*.deb
python3 - <<'END'
import math
import struct
import subprocess
import sys

RATE = 16000
sound = [0.3 * math.sin(2 * math.pi * 440 * n / RATE) for n in range(RATE)]


def decoded(code):
    """The sample of an A-law code, as G.711 has it."""
    code ^= 0x55
    segment, step = code >> 4 & 7, 2 * (code & 15) + 1
    value = step * 8 if segment == 0 else (step + 32) * 8 << segment - 1
    return (value if code & 128 else -value) / 32768


table = sorted((decoded(code), code) for code in range(256))


def encoded(sample):
    return min(table, key=lambda entry: abs(entry[0] - sample))[1]


def wav(name, kind, bits, samples):
    """A WAV file: kind 1 is PCM, kind 6 is A-law."""
    size = bits // 8
    data = b"".join((encoded(x) if kind == 6 else round(x * (1 << bits - 1))).to_bytes(
        size, "little", signed=kind == 1) for x in samples)
    header = struct.pack("<HHIIHH", kind, 1, RATE, RATE * size, size, bits)
    with open(name, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVE")
        file.write(b"fmt " + struct.pack("<I", 16) + header)
        file.write(b"data" + struct.pack("<I", len(data)) + data)


def likeness(one, other):
    """Correlation of two sounds, and the RMS of the second."""
    dot = sum(a * b for a, b in zip(one, other))
    power = [sum(a * a for a in each) for each in (one, other)]
    return dot / math.sqrt(power[0] * power[1]), math.sqrt(power[1] / len(other))


same = True
for what, kind, bits in (("16-bit", 1, 16), ("24-bit", 1, 24), ("32-bit", 1, 32), ("A-law", 6, 8)):
    wav("in.wav", kind, bits, sound)
    done = subprocess.run(["ch_wave", "in.wav", "-o", "out.raw", "-otype", "raw"],
                          capture_output=True, text=True, check=True)
    with open("out.raw", "rb") as file:
        data = file.read()
    samples = [value / 32768 for value in struct.unpack(f"<{len(data) // 2}h", data)]
    alike, level = likeness(sound, samples)
    print(f"expected: {what} WAV: {RATE} samples, correlation 1, RMS 0.212; seen: {len(samples)}",
          f"samples, correlation {alike:.3f}, RMS {level:.3f}, exit code {done.returncode},",
          f"message {done.stderr.strip()!r}")
    same &= len(samples) == RATE and not done.stderr.strip()
    same &= alike > 0.999 if what == "16-bit" else abs(alike) < 0.05 and level > 0.35
sys.exit(0 if same else "CHANGED: see the lines above")
END
