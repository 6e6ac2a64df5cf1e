#!/usr/bin/env bash
# WHAT: dsp-audio-metrics averages the channels that BS.1770 sums: stereo is 3 LU too low, five
#   channels are 7 to 8.5, and sound "normalized to -14 LUFS" is that much louder.
# GUESS: a tone of 997 Hz and -23 dB in both channels is -23.0 LUFS, as EBU Tech 3341 has it, in one
#   of two channels -26.0, and in a surround channel 1.5 more. (Written for stereo, mono and the
#   surround channel.)
# SEEN: dsp-audio-metrics 0.1.1: -26.0 for both channels, -29.0 for one of the two, -26.0 for mono,
#   which is right; and -33.0 for a surround channel of five (-24.5 by the rule). After
#   normalize_loudness(..., -14) stereo is -11.0 by pyebur128 0.1.1, which gives -23.0, -26.0, -26.0
#   and -24.5 in the beginning. Its page and its docstrings name BS.1770-4 and input of
#   several channels, and no mean of them.
# WHY IT MATTERS: a podcast or a corpus normalized by it is 3 dB too loud, clips, and the files in
#   stereo are louder than those in mono beside them.
# SOURCE: ITU-R BS.1770-4, annex 1: the weighted sum over the channels; found beside other meters.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile \
    'numpy==2.2.6' 'scipy==1.17.1' 'dsp-audio-metrics==0.1.1' 'pyebur128==0.1.1'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import dsp_audio_metrics
import numpy as np
import pyebur128

RATE = 48000
print("dsp-audio-metrics", version("dsp-audio-metrics"), "pyebur128", version("pyebur128"))
tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 997 * np.arange(10 * RATE) / RATE)


def placed(*channels: int) -> np.ndarray:
    """The tone where a channel is 1, silence where it is 0."""
    return np.stack([tone * channel for channel in channels], axis=1)


def meter(sound: np.ndarray) -> float:
    state = pyebur128.R128State(sound.shape[1], RATE, pyebur128.MeasurementMode.MODE_I)
    state.add_frames(np.ascontiguousarray(sound).ravel(), len(sound))
    return float(pyebur128.get_loudness_global(state))


sounds = {"both channels": placed(1, 1), "left of two": placed(1, 0), "mono": placed(1),
          "a surround channel of five": placed(0, 0, 0, 1, 0)}
found = {}
for name, sound in sounds.items():
    found[name] = (float(dsp_audio_metrics.integrated_lufs(sound, RATE)), meter(sound))
    print(f"{name}: expected {found[name][1]:.2f} LUFS, seen {found[name][0]:.2f}")
louder = meter(np.asarray(dsp_audio_metrics.normalize_loudness(sounds["both channels"], RATE, -14)))
print(f"both channels normalized to -14 LUFS: expected -14, seen {louder:.2f}")
known = {"both channels": (-26, -23), "left of two": (-29, -26), "mono": (-26, -26),
         "a surround channel of five": (-33, -24.5)}
same = all(np.allclose(found[name], pair, atol=0.06) for name, pair in known.items())
sys.exit(0 if same and abs(louder + 11) < 0.06 else "CHANGED: see the lines above")
END
