#!/usr/bin/env bash
# WHAT: PocketSphinx hears other words in the same recording the second time.
# GUESS: a decoder that gets the same recording twice as a whole (full_utt=True, between start_utt
#   and end_utt) gives the same words: normalization is by the utterance (the model's cmn=batch).
# SEEN: pocketsphinx 5.1.1 with the model in its wheel, synthetic speech: 'the weather was fine in
#   the morning' from a new decoder, 'and it was like in the morning' from the second time on. A
#   new decoder always gives the first; so does reinit_feat() before the second time: something of
#   the front end is kept from one utterance to the next.
# WHY IT MATTERS: one decoder for a whole corpus is the usual loop: the words and the error rate
#   of a file depend on what was decoded before it, and change with the order of the files, with
#   their number, or with how they are shared among workers.
# SOURCE: docstrings of start_utt and process_raw ("assume this is the entire utterance"); found
#   by decoding twice.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'soxr==1.0.0' \
    'espeakng-loader==0.2.4' 'pocketsphinx==5.1.1'
venv/bin/python - <<'EOF'
import ctypes
import sys
from importlib.metadata import version
import espeakng_loader
import numpy as np
import soxr
from pocketsphinx import Decoder


def speak(text):
    """(samples, rate) of a text, by espeak-ng."""
    library, parts = ctypes.CDLL(espeakng_loader.get_library_path()), []
    kind = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

    @kind
    def take(samples, count, _):
        if samples and count > 0:
            parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    rate = library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
    library.espeak_SetSynthCallback(take)
    library.espeak_SetVoiceByName(b"en-us")
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 0, 0, 1, None, None)
    return np.concatenate(parts).astype(np.float32) / 32768, rate


def decode(decoder):
    """The words of the recording."""
    decoder.start_utt()
    decoder.process_raw(recording, full_utt=True)
    decoder.end_utt()
    return decoder.hyp().hypstr


voice, rate = speak("The weather was fine in the morning, so we took the boat across the lake.")
voice = soxr.resample(voice, rate, 16000)
recording = (voice * 0.5 / np.abs(voice).max() * 32767).astype(np.int16).tobytes()
print("pocketsphinx", version("pocketsphinx"))
print("expected: the same words each time")
decoder, other = (Decoder(samprate=16000, loglevel="FATAL") for _ in range(2))
times = [decode(decoder) for _ in range(3)]
fresh = [decode(other)]
other.reinit_feat()
fresh.append(decode(other))
print("seen, one decoder, cmn", decoder.config["cmn"], times)
print("seen, another one, and after reinit_feat():", fresh)
same = decoder.config["cmn"] == "batch" and times[0] != times[1] == times[2]
same = same and fresh == [times[0], times[0]]
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
