#!/usr/bin/env bash
# WHAT: transformers' Wav2Vec2FeatureExtractor makes a clip louder, the longer the clip beside it in
#   the batch is.
# GUESS: each clip is brought to zero mean and unit variance on its own samples: a clip of 1 s has
#   the same values alone and beside one of 10 s. (From memory of the code there was a suspicion
#   that the padding is counted.)
# SEEN: transformers 5.24.0, default settings: the standard deviation of a clip of 1 s is 1.00
#   alone or beside another of 1 s, 1.41 beside one of 2 s and 3.16 (10 dB more) beside one of
#   10 s: the padding counts as sound. With return_attention_mask=True it is 1.00 each time; the
#   default is False.
# WHY IT MATTERS: without a mask is what the documentation asks for with models whose convolutions
#   have a group norm, such as wav2vec2-base: features of emotion and words of a recognizer depend
#   on which clips are in the batch, and short clips are raised most. Use one clip at a time, clips
#   of one length, or ask for the mask and leave it out afterwards.
# SOURCE: github.com/huggingface/transformers/pull/10117 and the docstring tell of results that
#   differ a little by padding, in the convolutions; nothing is said of the level.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'transformers==5.24.0'
TRANSFORMERS_VERBOSITY=error venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import numpy as np
from transformers import Wav2Vec2FeatureExtractor

print("transformers", version("transformers"))
print("expected: the same level whatever is beside the clip")
draw = np.random.default_rng(0)
clip = (0.1 * draw.standard_normal(16000)).astype(np.float32)
seen = {}
for mask in (False, True):
    extract = Wav2Vec2FeatureExtractor(return_attention_mask=mask)
    for seconds in (1, 2, 10):
        other = (0.1 * draw.standard_normal(16000 * seconds)).astype(np.float32)
        batch = extract([clip, other], sampling_rate=16000, padding=True, return_tensors="np")
        values = batch["input_values"][0, :16000]
        seen[mask, seconds] = round(float(values.std()), 2)
default = Wav2Vec2FeatureExtractor().return_attention_mask
print("seen (mask, seconds beside): deviation", seen, "; default mask:", default)
same = list(seen.values()) == [1.0, 1.41, 3.16, 1.0, 1.0, 1.0] and default is False
sys.exit(0 if same else "CHANGED: see the line above")
EOF
