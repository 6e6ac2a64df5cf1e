"""Trains the model that guesses pronunciations, avspeech/text/tables/g2p.xz, on the dictionary
beside it. It takes some minutes and prints the errors on held-out words.

    python tools/train_g2p.py [--order 7] [--least 2]

The model is a joint n-gram model (M. Bisani, H. Ney, "Joint-sequence models for grapheme-to-phoneme
conversion", Speech Communication 50, 2008). Each letter is aligned with zero to two phones by
expectation maximization of the best path. The pairs of a word are a sentence of an n-gram model
with modified Kneser-Ney smoothing (Chen, Goodman 1998). One word in 20 is held out
(`g2p.held_out`). Rare long n-grams are not stored.
"""

from __future__ import annotations

import argparse
import lzma
import math
import random
from collections import Counter, defaultdict

from tqdm import tqdm

from avspeech.text import g2p, lexicon

SKIP = 1e-7  # probability of a pair not seen yet


def align(word: str, phones: list[str],
          cost: dict[tuple[str, str], float]) -> list[tuple[str, str]] | None:
    """The cheapest pairs of letter and 0 to 2 phones; None where there are too many phones."""
    width = len(phones) + 1
    best = [[math.inf] * width for _ in range(len(word) + 1)]
    back = [[0] * width for _ in range(len(word) + 1)]
    best[0][0] = 0.0
    floor = -math.log(SKIP)
    chunks = [("", *phones[j: j + 1],
               *([f"{phones[j]} {phones[j + 1]}"] if j + 1 < len(phones) else []))
              for j in range(width)]
    for i, letter in enumerate(word):
        row, after = best[i], best[i + 1]
        middle = i * len(phones) // len(word)
        for j in range(max(0, middle - 4), min(width, middle + 5)):  # no word strays further
            here = row[j]
            if here == math.inf:
                continue
            for size, chunk in enumerate(chunks[j]):
                price = here + cost.get((letter, chunk), floor)
                if price < after[j + size]:
                    after[j + size], back[i + 1][j + size] = price, size
    if best[-1][-1] == math.inf:
        return None
    pairs, j = [], width - 1
    for i in range(len(word), 0, -1):
        size = back[i][j]
        pairs.append((word[i - 1], " ".join(phones[j - size: j])))
        j -= size
    return pairs[::-1]


def costs(pairs: Counter[tuple[str, str]]) -> dict[tuple[str, str], float]:
    total = sum(pairs.values())
    # A second phone is dearer, so that it is taken where a letter stands for two.
    return {pair: -math.log(count / total) + 0.5 * pair[1].count(" ")
            for pair, count in pairs.items()}


def first_costs(entries: list[tuple[str, list[str]]]) -> dict[tuple[str, str], float]:
    """From letters and phones at about the same place in their words."""
    pairs: Counter[tuple[str, str]] = Counter()
    for word, phones in entries:
        if abs(len(word) - len(phones)) <= 2:
            for i, letter in enumerate(word):
                for j in range(max(0, i - 1), min(len(phones), i + 2)):
                    pairs[letter, phones[j]] += 1
    table = costs(pairs)
    return table | {(letter, ""): 6.0 for letter in {pair[0] for pair in table}}


def kneser_ney(sentences: list[str], order: int, least: int) -> dict[str, tuple[float, float]]:
    """{n-gram of characters: (log10 probability, log10 back-off weight)}, interpolated, lower
    orders from continuations. Above order 2, n-grams seen fewer than `least` times are left out of
    the result (their mass stays with the back-off)."""
    raw: list[Counter[str]] = [Counter() for _ in range(order + 1)]
    for sentence in sentences:
        line = g2p.START + sentence + g2p.END
        for n in range(1, order + 1):
            for i in range(len(line) - n + 1):
                raw[n][line[i: i + n]] += 1
    # Continuation counts for the lower orders, but for n-grams at the beginning of a word.
    use: list[Counter[str]] = [Counter() for _ in range(order + 1)]
    use[order] = raw[order]
    for n in range(order - 1, 0, -1):
        for gram in raw[n + 1]:
            use[n][gram[1:]] += 1
        for gram, count in raw[n].items():
            if gram[0] == g2p.START:
                use[n][gram] = count
    del use[1][g2p.START]
    result: dict[str, tuple[float, float]] = {}
    probability: dict[str, float] = {}
    vocabulary = len(use[1])
    for n in range(1, order + 1):
        seen = Counter(count for count in use[n].values() if count <= 4)
        y = seen[1] / max(1, seen[1] + 2 * seen[2])
        discount = [0.0] + [max(0.0, k - (k + 1) * y * seen[k + 1] / max(1, seen[k]))
                            for k in (1, 2, 3)]
        kept = {g: c for g, c in use[n].items() if n <= 2 or raw[n][g] >= least}
        total: defaultdict[str, float] = defaultdict(float)
        freed: defaultdict[str, float] = defaultdict(float)
        for gram, count in use[n].items():
            total[gram[:-1]] += count
            freed[gram[:-1]] += discount[min(count, 3)] if gram in kept else count
        current: dict[str, float] = {}
        for gram, count in kept.items():
            context = gram[:-1]
            lower = probability[gram[1:]] if n > 1 else 1.0 / vocabulary
            current[gram] = ((count - discount[min(count, 3)])
                             + freed[context] * lower) / total[context]
        # The back-off weight of a context: what its kept successors leave, over what they have one
        # order down.
        taken: defaultdict[str, float] = defaultdict(float)
        below: defaultdict[str, float] = defaultdict(float)
        for gram in current:
            taken[gram[:-1]] += current[gram]
            below[gram[:-1]] += probability.get(gram[1:], 0.0) if n > 1 else 0.0
        if n > 1:
            for context in taken:
                if context in result:
                    weight = max(1e-6, 1.0 - taken[context]) / max(1e-6, 1.0 - below[context])
                    result[context] = (result[context][0], math.log10(weight))
                elif context == g2p.START:
                    weight = max(1e-6, 1.0 - taken[context]) / max(1e-6, 1.0 - below[context])
                    result[context] = (-9.0, math.log10(weight))
        for gram, value in current.items():
            result[gram] = (math.log10(max(value, 1e-9)), 0.0)
        probability.update(current)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--order", type=int, default=7)
    parser.add_argument("--least", type=int, default=2)
    parser.add_argument("--rarest", type=int, default=4, help="pairs seen fewer times are left out")
    parser.add_argument("--score", type=int, default=2000, help="held-out words to score on")
    options = parser.parse_args()
    table = {word: phones.split() for word, phones in lexicon.table().items() if word.isalpha()
             and len(word) > 1}
    entries = [(word, phones) for word, phones in table.items() if not g2p.held_out(word)]
    some = random.Random(0).sample(entries, min(8000, len(entries)))
    cost = first_costs(some)
    for turn in range(3):
        found = (align(word, phones, cost) for word, phones in tqdm(some, f"align {turn + 1}"))
        cost = costs(Counter(pair for pairs in found if pairs for pair in pairs))
    aligned = [pairs for word, phones in tqdm(entries, "align")
               if (pairs := align(word, phones, cost))]
    counts = Counter(pair for pairs in aligned for pair in pairs)
    units = [pair for pair, count in counts.most_common() if count >= options.rarest]
    code = {pair: chr(g2p.FIRST + number) for number, pair in enumerate(units)}
    sentences = ["".join(code[p] for p in pairs) for pairs in aligned
                 if all(p in code for p in pairs)]
    print(f"{len(sentences):,} of {len(entries):,} words in {len(units)} pairs")
    grams = kneser_ney(sentences, options.order, options.least)
    print("n-grams by length:", dict(sorted(Counter(map(len, grams)).items())))
    lines = [" ".join(f"{letter}:{phones.replace(' ', '+')}" for letter, phones in units)]
    lines += [gram + g2p.pack(*grams[gram]) for gram in sorted(grams)]
    g2p.TABLE.write_bytes(lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{g2p.TABLE}: {len(grams):,} n-grams, {g2p.TABLE.stat().st_size:,} bytes")
    g2p.model.cache_clear()
    held = sorted(word for word in table if g2p.held_out(word))
    chosen = random.Random(0).sample(held, min(options.score, len(held)))
    print(g2p.errors({word: " ".join(table[word]) for word in tqdm(chosen, "score")}))


if __name__ == "__main__":
    main()
