"""What a text's script is to a voice: phrases and their last words, and the voice's own breaks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from avspeech.text import Script


def last_words(script: Script, breaks: bool = True) -> tuple[list[int], list[int]]:
    """Finds the last word of each phrase.

    Args:
        script: L tokens, P phrases.
        breaks: whether phrases end at breaks and tones alone, not at every mark (see
            `Script.phrases`).

    Returns:
        (`[L]`: 0, or 1 + the number of the phrase in whose last word the token is; `[P]`: that
        word).
    """
    ends = [phrase.last for phrase in script.phrases(marks=not breaks)]
    number = {word: i for i, word in enumerate(ends, 1)}
    return [number.get(t.word, 0) if t.kind == "phone" else 0 for t in script.tokens()], ends


def boundaries(script: Script) -> dict[int, int]:
    """Where `ProsodyFM.break_probability` is to be read.

    Args:
        script: one without breaks.

    Returns:
        {word: place of the last token between it and the next word}.
    """
    found = {}
    for place, token in enumerate(script.tokens()):
        if token.kind in ("word", "mark"):
            found[token.word] = place
    last = len(script.words) - 1
    return {word: place for word, place in found.items() if 0 <= word < last}


def predicted_breaks(probability: Callable[[list[int]], np.ndarray], threshold: float,
                     script: Script) -> Script:
    """Puts breaks where a voice's own predictor wants them.

    Args:
        probability: ids `[L]` of a script without breaks to the probability `[L]` of a break behind
            each.
        threshold: probability from which a break is made.
        script: the text; breaks that it asks for stay.
    """
    if len(script.words) < 2:
        return script
    plain = script.with_breaks({}, keep_asked=False)
    found = probability(plain.ids())
    return script.with_breaks({word: None for word, place in boundaries(plain).items()
                               if float(found[place]) >= threshold})
