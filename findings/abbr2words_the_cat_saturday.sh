#!/usr/bin/env bash
# WHAT: abbr2words takes short words at the end of a sentence for abbreviations: 'The cat sat.'
#   becomes 'The cat Saturday.', and the end of the sentence may be gone.
# GUESS: 'Sat.', 'Sun.' and 'Mar.' become names of days and months before a number or with a capital
#   letter; the words sat, sun and wed stay at the end of a sentence. (Written after a first list of
#   38 texts had shown 'The Sunday.')
# SEEN: abbr2words 0.2.16, lang="en", default options: 'The cat sat.' is 'The cat Saturday.', 'They
#   wed.' 'They Wednesday.', 'It was in the sun. It shone.' 'It was in the Sunday It shone.',
#   without the point between the sentences, and 'the ref.' is 'the reference.'. Without the point
#   ('the sun shone') all is left as it is, and 'No. I do not.' stays beside 'No. 5', which is
#   'number 5': it does look at what stands around a word.
# WHY IT MATTERS: it is made to stand in front of voices: 'sat' and 'sun' are frequent words, also
#   at the end of sentences, and what is said then is a fluent wrong sentence; two sentences become
#   one, and a transcript for training or alignment has words that nobody said.
# SOURCE: found by trying; its page on PyPI calls it context-aware.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'abbr2words==0.2.16'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
from abbr2words import abbr2words

print("abbr2words", version("abbr2words"))
KNOWN = {
    "The cat sat.": "The cat Saturday.",
    "We sat. They stood.": "We Saturday They stood.",
    "They wed.": "They Wednesday.",
    "It was in the sun. It shone.": "It was in the Sunday It shone.",
    "The game had a ref.": "The game had a reference.",
    "the sun shone": "the sun shone",
    "No. I do not.": "No. I do not.",
    "No. 5": "number 5",
    "Dr. Lee lives on Oak Dr.": "Doctor Lee lives on Oak Drive.",
}
print("expected: the first five sentences stay as they are")
seen = {text: abbr2words(text, lang="en") for text in KNOWN}
for text, said in seen.items():
    print("seen:", repr(text), "->", repr(said))
sys.exit(0 if seen == KNOWN else "CHANGED: see the lines above")
END
