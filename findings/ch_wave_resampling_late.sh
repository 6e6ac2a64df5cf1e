#!/usr/bin/env bash
# WHAT: ch_wave -F of the Edinburgh Speech Tools resamples with a shift that depends on the two
#   rates, from 20 ms early to 56 ms late, and makes everything 1.94 dB quieter.
# GUESS: -F gives the same sound at another rate: a click at 1 s stays there within a sample or two,
#   a tone keeps its amplitude, or the manual names a delay. (Written after a first run on clicks,
#   whose times were not measured well yet.)
# SEEN: speech-tools 2.5.0 (Debian 1:2.5.0-13), center of energy of a click at 1 s: from 8 to 16 kHz
#   it is 15.1 ms late, from 8 to 48 kHz 55.6 ms, from 16 to 22.05 kHz 4.4 ms; from 44.1 to 16 kHz
#   it is 1.9 ms early, from 44.1 to 8 kHz 17.8 ms, from 48 to 8 kHz 20.3 ms. Halving the rate is
#   within 0.03 ms. A tone of 500 Hz has 0.8 of its amplitude each time. Exit code 0, no message.
# WHY IT MATTERS: labels, pitch marks and forced alignments of the original no longer fit: 56 ms are
#   more than most phones have. Files of different rates that are all brought to 16 kHz are shifted
#   against each other, and no other tool makes them quieter.
# SOURCE: the manual of ch_wave ("Output sample rate in Hz. If this is different from the input
#   sample rate, resampling will occur"); found by trying.
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
import wave


def resampled(samples, rate, to):
    """What ch_wave makes of 16-bit samples at another rate."""
    with wave.open("in.wav", "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(struct.pack(f"<{len(samples)}h", *(round(x * 32768) for x in samples)))
    subprocess.run(["ch_wave", "-F", str(to), "in.wav", "-o", "out.wav", "-otype", "riff"],
                   check=True)
    with wave.open("out.wav") as file:
        if file.getframerate() != to:
            sys.exit("CHANGED: another rate came out")
        data = file.readframes(file.getnframes())
    return [value / 32768 for value in struct.unpack(f"<{len(data) // 2}h", data)]


def center(samples, rate):
    """The center of energy in seconds."""
    return sum(n * x * x for n, x in enumerate(samples)) / sum(x * x for x in samples) / rate


def rms(samples):
    return math.sqrt(sum(x * x for x in samples) / len(samples))


KNOWN = {(8000, 16000): 15.13, (8000, 48000): 55.62, (16000, 8000): -0.03, (16000, 22050): 4.44,
         (16000, 48000): 12.64, (44100, 8000): -17.76, (44100, 16000): -1.89, (48000, 8000): -20.26}
same = True
for (rate, to), late in KNOWN.items():
    times = [n / rate for n in range(2 * rate)]
    click = [0.5 * math.exp(-((t - 1) / 0.004) ** 2) * math.cos(1000 * math.pi * (t - 1))
             for t in times]
    tone = [0.5 * math.sin(1000 * math.pi * t) for t in times]
    shift = 1000 * (center(resampled(click, rate, to), to) - center(click, rate))
    level = 20 * math.log10(rms(resampled(tone, rate, to)[to // 2:to]) / rms(tone))
    print(f"expected: {rate} to {to} Hz: 0 ms, 0 dB; seen: {shift:+.2f} ms, {level:.2f} dB")
    same &= abs(shift - late) < 0.1 and abs(level + 1.94) < 0.05
sys.exit(0 if same else "CHANGED: see the lines above")
END
