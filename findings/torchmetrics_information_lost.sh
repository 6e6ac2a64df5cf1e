#!/usr/bin/env bash
# WHAT: torchmetrics' word information lost, word information preserved and match error rate are
#   others than those of Morris et al. and jiwer where one word is added and another left out.
# GUESS: the three are those of jiwer for the same texts: WIP is C / N * C / P with C the number of
#   correct words, as the docstring of torchmetrics has it, WIL is 1 - WIP, and MER is S + D + I by
#   C + S + D + I. (There was a suspicion, from memory that it has no C and takes the longer length
#   less the edits in its place.)
# SEEN: torchmetrics 1.8.2 against jiwer 4.0.0: 'x a b' for 'a b c', with two of three words right,
#   has WIL 0.889 (0.556), WIP 0.111 (0.444), MER 0.667 (0.500). Over 200 random pairs of texts the
#   mean WIL is 0.43 in place of 0.32. Where words are only replaced, only added or only left out,
#   and in the word error rate, they agree. C by hand agrees with jiwer.
# WHY IT MATTERS: papers give WIL and MER beside the word error rate just because they count hits: a
#   recognizer that moves words about looks much worse here, and two papers cannot be compared.
# SOURCE: Morris, Maier and Green (2004); the docstring of torchmetrics' word_information_preserved;
#   found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
# The CPU build of torch by uv; where its index cannot be reached, what pip brings.
venv/bin/python -m pip install --quiet 'uv==0.13.9'
venv/bin/uv pip install --quiet --python venv/bin/python --torch-backend cpu \
    'torch==2.13.0' 2>/dev/null ||
    venv/bin/python -m pip install --quiet --no-compile 'torch==2.13.0'
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'torchmetrics==1.8.2' \
    'jiwer==4.0.0' 'rapidfuzz==3.14.6'
venv/bin/python -W ignore - <<'END'
import random
import sys
from importlib.metadata import version
import jiwer
import torchmetrics.functional.text as text

print({name: version(name) for name in ("torchmetrics", "jiwer", "torch")})


def by_hand(reference, hypothesis):
    """WIL, WIP and MER of the fewest edits with, among these, the most correct words."""
    ref, hyp = reference.split(), hypothesis.split()
    row = [(j, 0) for j in range(len(hyp) + 1)]  # edits, and correct words as a negative number
    for i, word in enumerate(ref, 1):
        last, row = row, [(i, 0)]
        for j, other in enumerate(hyp, 1):
            edits, hits = last[j - 1]
            pair = (edits, hits - 1) if word == other else (edits + 1, hits)
            row.append(min(pair, (last[j][0] + 1, last[j][1]), (row[-1][0] + 1, row[-1][1])))
    edits, hits = row[-1][0], -row[-1][1]
    kept = hits / len(ref) * hits / len(hyp)
    return 1 - kept, kept, edits / (edits + hits)


def both(reference, hypothesis):
    theirs = [float(measure(hypothesis, reference)) for measure in (
        text.word_information_lost, text.word_information_preserved, text.match_error_rate)]
    output = jiwer.process_words(reference, hypothesis)
    return theirs, [output.wil, output.wip, output.mer]


same = True
cases = {("a b c", "x a b"): (0.889, 0.111, 0.667), ("a b c d", "b c d e"): (0.75, 0.25, 0.5),
         ("a b c", "a x c"): (0.556, 0.444, 0.333), ("a b c", "a b c d"): (0.25, 0.75, 0.25)}
for (reference, hypothesis), known in cases.items():
    theirs, right = both(reference, hypothesis)
    hand = by_hand(reference, hypothesis)
    print(f"expected: {hypothesis!r} for {reference!r}: WIL, WIP, MER",
          *(f"{value:.3f}" for value in right), "(by hand", *(f"{value:.3f}" for value in hand),
          end=") ")
    print("seen:", *(f"{value:.3f}" for value in theirs))
    same &= all(abs(a - b) < 1e-6 for a, b in zip(right, hand))
    same &= all(abs(a - b) < 2e-3 for a, b in zip(theirs, known))
draw = random.Random(0)
sums = [0.0, 0.0]
for _ in range(200):
    reference = [draw.choice("abcdefghijklmnop") for _ in range(12)]
    hypothesis = [word for word in reference if draw.random() > 0.15]
    for _ in range(2):
        hypothesis.insert(draw.randrange(len(hypothesis) + 1), draw.choice("uvwxyz"))
    theirs, right = both(" ".join(reference), " ".join(hypothesis))
    sums = [sums[0] + theirs[0] / 200, sums[1] + right[0] / 200]
print(f"expected: mean WIL {sums[1]:.2f}; seen: {sums[0]:.2f}")
same &= sums[0] - sums[1] > 0.05
same &= abs(float(text.word_error_rate("x a b", "a b c")) - jiwer.wer("a b c", "x a b")) < 1e-6
sys.exit(0 if same else "CHANGED: see the lines above")
END
