"""Parts of a script as a voice plans them, and their pauses and contours as it takes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from avspeech.text import Mark, Script, Token, Word

LONGEST = 60  # words planned at a time; a sentence of more is cut, at a mark where there is one


def short_parts(script: Script) -> Iterator[Script]:
    """Cuts a sentence of more than LONGEST words: behind the last mark or break of the second half
    of a part, else between two words.

    Args:
        script: of one sentence.

    Yields:
        Scripts of one sentence; only the last has the sentence's rest.
    """
    (sentence,) = script.sentences
    items = list(sentence.items)
    while sum(isinstance(i, Word) for i in items) > LONGEST:
        count, least, cut = 0, LONGEST // 2, 0
        for place, item in enumerate(items):
            if isinstance(item, Word):
                count += 1
                if count > LONGEST:
                    cut = cut or place
                    break
            elif count > least:
                cut = place + 1
        part, items = items[:cut], items[cut:]
        begin = dataclasses.replace(sentence, items=tuple(part), rest=0.0)
        yield dataclasses.replace(script, sentences=(begin,))
    if items:
        rest = dataclasses.replace(sentence, items=tuple(items))
        yield dataclasses.replace(script, sentences=(rest,))


def with_points(parts: Sequence[Script]) -> Iterator[Script]:
    """Gives each part of a script the named places that are heard in it.

    Args:
        parts: in order.

    Yields:
        The parts; a place belongs to the first part with a word or break behind it, else to the
        last part.
    """
    points = list(parts[0].points) if parts else []
    for number, part in enumerate(parts):
        final = number == len(parts) - 1
        end = max((item.start for item in part.items if not isinstance(item, Mark)), default=-1)
        count = len(points) if final else sum(point.start <= end for point in points)
        yield dataclasses.replace(part, points=tuple(points[:count]))
        points = points[count:]


def with_pauses(script: Script, breaks: bool
                ) -> tuple[Script, tuple[Token, ...], set[int], list[float]]:
    """Puts the pauses of a script where a voice has them: at breaks, or, without them, at marks and
    word boundaries.

    Args:
        script: of one sentence.
        breaks: whether the voice has breaks.

    Returns:
        (the script, its L tokens, the places of those that are pauses, L seconds that each token is
        to last,
        NaN: as predicted).
    """
    if breaks:
        tokens = script.tokens()
        pauses = {i for i, token in enumerate(tokens) if token.kind == "break"}
        return script, tokens, pauses, [np.nan if t.seconds is None else t.seconds for t in tokens]
    wanted = script.breaks()
    script = script.with_breaks({}, keep_asked=False)
    tokens = script.tokens()
    places = {t.word: i for i, t in enumerate(tokens) if t.kind in ("word", "mark")}
    asked = [np.nan] * len(tokens)
    pauses = set()
    for word, seconds in wanted.items():
        if seconds is not None and word in places:
            asked[places[word]] = seconds
            pauses.add(places[word])
    return script, tokens, pauses, asked


def padded_contours(given: Mapping[int, np.ndarray], ends: Sequence[int]
                    ) -> tuple[np.ndarray | None, list[int]]:
    """Packs contours for `ProsodyFM.plan`.

    Args:
        given: {word: its contour}.
        ends: the last words of P phrases.

    Returns:
        (`[1, P, F]`, P frames); (None, []) where none of these words has a contour.
    """
    found = [np.asarray(given.get(end, ()), np.float32) for end in ends]
    longest = max(map(len, found), default=0)
    if not longest:
        return None, []
    contours = np.zeros((1, len(found), longest), np.float32)
    for row, contour in zip(contours[0], found, strict=True):
        row[: len(contour)] = contour
    return contours, [len(contour) for contour in found]
