#!/usr/bin/env bash
# Text to speech on the Asterisk prompts, which it fetches, helped by speakers of LibriSpeech and by Kokoro:
#   bash tools/fetch_kokoro.sh DIR2
#   ./run.sh data.corpora.librispeech.source=DIR data.corpora.voices.source=DIR data.corpora.kokoro.source=DIR2   (--help lists the stages)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
python=$root/.venv/bin/python
if [ ! -x "$python" ]; then
    printf 'avspeech: error: nothing is set up yet; run this once: bash %q\n' "$root/tools/setup.sh" >&2
    exit 2
fi
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}  # threads that spin stall one another on a busy machine
exec "$python" "$root/recipes/tts/run.py" --config "$here/conf/train.yaml" "$@"
