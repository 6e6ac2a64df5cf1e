"""Deals speakers or clips to training, development and test, where no parts were published."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

SPLITS = ("train", "dev", "test")
DEV, TEST = 0.085, 0.115  # default shares of speakers or clips that are held out

T = TypeVar("T")


def _rank(seed: int, key: str) -> str:
    # A hash instead of a shuffle, so that the split of a clip does not depend on the other clips.
    return hashlib.sha256(f"{seed}/{key}".encode()).hexdigest()


def _held_out(size: float, total: int, name: str) -> int:
    if isinstance(size, bool) or not isinstance(size, (int, float)) or size < 0:
        raise InputError(f"{name}: expected a share below 1 or a whole count, got {size!r}")
    if size >= 1 and size != int(size):
        raise InputError(f"{name}: expected a share below 1 or a whole count, got {size!r}")
    return int(size) if size >= 1 else max(1, round(size * total)) if size else 0


def pick(keys: Iterable[str], seed: int = 0, dev: float = DEV,
         test: float = TEST) -> dict[str, str]:
    """Assigns keys to splits by a hash.

    Args:
        keys: speakers or clips.
        seed: changes the assignment.
        dev: how many to hold out for development, as a share (below 1) or a count; 0: none.
        test: the same for test.

    Returns:
        {key: "train", "dev" or "test"}.

    Raises:
        InputError: nothing would be left to train on.
    """
    ranked = sorted(set(keys), key=lambda key: _rank(seed, key))
    n_dev, n_test = _held_out(dev, len(ranked), "dev"), _held_out(test, len(ranked), "test")
    if n_dev + n_test >= len(ranked):
        raise InputError(f"{len(ranked)} cannot be split into {n_dev} dev, {n_test} test and some "
                         "to train on; give more data, or smaller values of dev= and test=")
    return {key: "test" if i < n_test else "dev" if i < n_test + n_dev else "train"
            for i, key in enumerate(ranked)}


def some(items: Sequence[T], group: Callable[[T], str], key: Callable[[T], str], limit: int,
         seed: int = 0) -> list[T]:
    """Selects at most `limit` items of each group.

    Args:
        items: the items.
        group: gives the group of an item.
        key: gives the name of an item, which decides whether it is drawn.
        limit: items of a group, at least 1.
        seed: of the draw.

    Returns:
        The selected items, in their old order.
    """
    if limit < 1:
        raise InputError(f"at least 1 of each must be taken, not {limit}")
    taken: dict[str, int] = {}
    kept = set()
    for number in sorted(range(len(items)), key=lambda n: _rank(seed, key(items[n]))):
        name = group(items[number])
        if taken.get(name, 0) < limit:
            taken[name] = taken.get(name, 0) + 1
            kept.add(number)
    return [item for number, item in enumerate(items) if number in kept]


def split_by(utterances: Sequence[Utterance], key: Callable[[Utterance], str], seed: int = 0,
             dev: float = DEV, test: float = TEST) -> dict[str, list[Utterance]]:
    """Splits utterances, all of one key to one part: {"train", "dev", "test": utterances}.

    Args:
        utterances: of the corpus.
        key: gives that of an utterance, such as its speaker or its text.
        seed, dev, test: as `pick`.
    """
    where = pick(map(key, utterances), seed, dev, test)
    parts: dict[str, list[Utterance]] = {name: [] for name in SPLITS}
    for utterance in utterances:
        parts[where[key(utterance)]].append(utterance)
    return parts


def split(utterances: Sequence[Utterance], by: str = "auto", seed: int = 0, dev: float = DEV,
          test: float = TEST) -> tuple[dict[str, list[Utterance]], str]:
    """Splits utterances. The same seed and files give the same split.

    Args:
        utterances: of the corpus.
        by: "speaker" (no speaker is in two splits), "clip", or "auto": by speaker if there are
            three or more speakers.
        seed: changes the assignment.
        dev: how many speakers or clips to hold out, as a share (below 1) or a count.
        test: the same for test.

    Returns:
        ({"train", "dev", "test": utterances}, "speaker" or "clip").
    """
    if by not in ("auto", "speaker", "clip"):
        raise InputError(f"split: expected auto, speaker or clip, got '{by}'")
    speakers = {u.speaker for u in utterances}
    by = ("speaker" if len(speakers) >= 3 else "clip") if by == "auto" else by
    return split_by(utterances, lambda u: u.speaker if by == "speaker" else u.id, seed, dev,
                    test), by
