"""How many words of two texts are substituted, deleted and inserted, also where words may only
match close in time.

    substitutions, deletions, insertions = counts("a b c".split(), "a x c d".split())

The table of edit distances is computed a column at a time, as bits of large integers: whether a
value is one more or one less than its neighbor (Myers, J. ACM 46, 1999; Hyyro, 2003). Where times
are given, words that do not overlap are no pair, and only the rows that a word can reach are
computed. Of several alignments with equally few errors that of `meeteval` and `kaldialign` is
counted, which, from the end, takes an insertion before a deletion, and a pair last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Times = tuple[np.ndarray, np.ndarray]  # starts and ends of words in seconds, `[n]` each


class _Column(NamedTuple):
    """Of a word of the hypothesis: values of the table below row `low`, one bit a row."""

    low: int
    high: int  # rows behind it count up by one
    at_low: int  # the value of row `low`
    more: int  # rows that are one more than the row before
    less: int  # and one less
    more_than_left: int  # rows that are one more than in the column before


def distance(reference: Sequence[str], hypothesis: Sequence[str],
             times: tuple[Times, Times] | None = None) -> int:
    """The fewest substitutions, deletions and insertions.

    Args:
        reference: n words.
        hypothesis: m words.
        times: of both; None: any two words may be a pair.
    """
    table = _Table(reference, hypothesis, times)
    column = table.first
    for j in range(len(hypothesis)):
        column = table.after(column, j)
    return (column.at_low + column.more.bit_count() - column.less.bit_count()
            + len(reference) - column.high)


def counts(reference: Sequence[str], hypothesis: Sequence[str],
           times: tuple[Times, Times] | None = None) -> tuple[int, int, int]:
    """Substitutions, deletions and insertions; arguments as of `distance`."""
    table = _Table(reference, hypothesis, times)
    i, j = len(reference), len(hypothesis)
    # Of the columns only every so many are kept; those between are made again on the way back
    step = max(1, math.isqrt(j))
    kept = [table.first]
    column = table.first
    for k in range(j):
        column = table.after(column, k)
        if (k + 1) % step == 0:
            kept.append(column)
    substitutions = deletions = insertions = 0
    columns: list[_Column] = []
    begin = j + 1
    while i and j:
        if j < begin or not columns:
            begin = (j - 1) // step * step + 1
            columns = []
            column = kept[(j - 1) // step]
            for k in range(begin - 1, j):
                columns.append(column := table.after(column, k))
        low, high, _, more, _, more_than_left = columns[j - begin]
        row = min(i, high) - low - 1  # rows behind `high` are like it
        if j > table.reach[i - 1] and (row < 0 or more_than_left >> row & 1):
            insertions += 1
            j -= 1
        elif j <= table.reach[i - 1] or i > high or more >> row & 1:
            deletions += 1
            i -= 1
        else:
            i, j = i - 1, j - 1
            substitutions += reference[i] != hypothesis[j]
    return substitutions, deletions + i, insertions + j


class _Table:
    """Makes the columns of the table of two texts one after the other."""

    def __init__(self, reference: Sequence[str], hypothesis: Sequence[str],
                 times: tuple[Times, Times] | None) -> None:
        n, m = len(reference), len(hypothesis)
        self.words, self.times = hypothesis, times if n and m else None
        places: dict[str, list[int]] = {word: [] for word in hypothesis}
        for i, word in enumerate(reference):
            if word in places:
                places[word].append(i)
        self.equal = {word: _bits(found, n) for word, found in places.items()}
        self.low, self.high = [0] * m, [n] * m
        # Words of the hypothesis up to which a row has deletions alone, see `_reach`
        self.reach = np.full(n, -1)
        if self.times is not None:
            (starts, ends), (hyp_starts, hyp_ends) = self.times
            # The first and the last word of the reference that may be a pair of each
            latest: np.ndarray = np.maximum.accumulate(ends)
            self.begin: np.ndarray = np.asarray(np.searchsorted(latest, hyp_starts, "right"))
            earliest: np.ndarray = np.minimum.accumulate(starts[::-1])[::-1]
            self.end: np.ndarray = np.asarray(np.searchsorted(earliest, hyp_ends, "left"))
            low = np.minimum.accumulate(self.begin[::-1])[::-1]
            high = np.maximum(np.maximum.accumulate(self.end), low)
            self.low, self.high = low.tolist(), high.tolist()
            self.reach = _reach(self.times)
        self.first = _Column(0, 0, 0, 0, 0, 0)

    def _may_pair(self, j: int) -> int:
        """Rows, from `low` on, whose word overlaps word j in time."""
        low, high = self.low[j], self.high[j]
        if self.times is None:
            return (1 << high - low) - 1
        (starts, ends), (hyp_starts, hyp_ends) = self.times
        first, last = int(self.begin[j]), int(self.end[j])
        if first >= last:
            return 0
        overlap = (starts[first:last] < hyp_ends[j]) & (ends[first:last] > hyp_starts[j])
        return int.from_bytes(np.packbits(overlap, bitorder="little").tobytes(), "little") << (
            first - low)

    def after(self, before: _Column, j: int) -> _Column:
        """The column of word j of the hypothesis."""
        low, high = self.low[j], self.high[j]
        whole = (1 << high - low) - 1
        # What has become reachable counts up; what no word reaches any more is summed up
        more = before.more | (1 << high - before.low) - (1 << before.high - before.low)
        less = before.less
        passed = (1 << low - before.low) - 1
        at_low = before.at_low + (more & passed).bit_count() - (less & passed).bit_count() + 1
        more >>= low - before.low
        less >>= low - before.low
        may = self._may_pair(j)
        equal = self.equal[self.words[j]] >> low & may
        same = ((equal & more) + more ^ more | equal | less) & whole  # as up and to the left
        fewer = more & same  # one less than to the left
        sure = (less | ~(same | more)) & whole  # one more than to the left
        # and so is, below one that is, a row that is two more than up and to the left
        two = more & ~(same | may)
        either = sure | two
        carried = either ^ sure ^ either + sure + 1  # bit k: row k - 1 is one more than to the left
        above = carried & whole
        return _Column(low, high, at_low,
                       (fewer << 1 | ~(same | above) | two & above) & whole, same & above,
                       carried >> 1)


def _bits(places: list[int], count: int) -> int:
    """A number with these bits."""
    if not places:
        return 0
    found: np.ndarray = np.zeros(count, np.uint8)
    found[places] = 1
    return int.from_bytes(np.packbits(found, bitorder="little").tobytes(), "little")


def _reach(times: tuple[Times, Times]) -> np.ndarray:
    """For each word of the reference, how many words of the hypothesis end before it begins.

    In the row of such a word `meeteval` takes deletions before insertions, where all times are in
    order and none is below zero; elsewhere it does not, which is -1.
    """
    (starts, _), (hyp_starts, hyp_ends) = times
    ordered = all(s[0] >= 0 and not np.any(np.diff(s) < 0) for s in (starts, hyp_starts))
    if not ordered:
        return np.full(len(starts), -1)
    return np.asarray(np.searchsorted(np.maximum.accumulate(hyp_ends), starts, "right"))
