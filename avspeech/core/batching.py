"""Batches of utterances of like length, and the order in which training meets them.

All of it is a function of the seed: an epoch's batches of (seed, epoch), an item of (seed, epoch,
index). So a place in training is two numbers, (epoch, batches of it used), the same for any number of
processes or data workers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader

from avspeech.errors import InputError

Batch = dict[str, Any]
# The batches of one update: (epoch, place after this batch, indices)
Group = list[tuple[int, int, list[int]]]


class Dataset(Protocol):
    """What the trainer draws from."""

    @property
    def lengths(self) -> Sequence[float]:
        """The length of each item, in seconds."""

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """One training example: a pure function of its arguments, all its randomness from `seed`."""

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """A batch of items: tensors, and "ids", the utterances' names."""


def bucket(lengths: Sequence[float], batch_seconds: float, seed: Sequence[int]) -> list[list[int]]:
    """One epoch: every index once, in batches of like lengths, the batches shuffled.

    A batch, padded to its longest, is at most `batch_seconds` long in all; an item longer than that is a
    batch of its own. Lengths within about a tenth count as equal, and the bounds of what counts as equal are
    drawn anew for each seed, so that the same utterances do not always meet.
    """
    generator = np.random.default_rng(list(seed))
    order = generator.permutation(len(lengths))
    size = np.log(np.maximum(np.asarray(lengths, dtype=np.float64), 1e-3)) / math.log(1.1)
    order = order[np.argsort(np.floor(size + generator.random())[order], kind="stable")]
    batches: list[list[int]] = []
    longest = 0.0
    for index in order.tolist():
        longest = max(longest, lengths[index])
        if not batches or longest * (len(batches[-1]) + 1) > batch_seconds:
            batches.append([])
            longest = lengths[index]
        batches[-1].append(index)
    return [batches[i] for i in generator.permutation(len(batches))]


def updates(lengths: Sequence[float], batch_seconds: float, seed: int, place: tuple[int, int],
            size: int) -> Iterator[Group]:
    """The batches of each update, `size` of them, from `place` (epoch, batches of it used) on, without end.

    An update that begins at the end of an epoch takes its other batches from the next:
    no utterance is left out.
    """
    def batches() -> Iterator[tuple[int, int, list[int]]]:
        epoch, used = place
        while True:
            plan = bucket(lengths, batch_seconds, (seed, epoch))
            for number in range(used, len(plan)):
                yield epoch, number + 1, plan[number]
            epoch, used = epoch + 1, 0

    if not len(lengths):
        raise InputError("the training set has no utterances; is its manifest empty?")
    stream = batches()
    while True:
        yield list(itertools.islice(stream, size))


def loader(dataset: Dataset, groups: Iterator[Group], seed: int, rank: int, world: int, workers: int,
           pin_memory: bool) -> Iterator[Batch]:
    """The collated batches of `groups` that are this process's share,
    loaded by `workers` processes ahead of time."""
    keys = ([(epoch, index) for index in indices] for group in groups
            for epoch, _, indices in group[rank::world])
    # A generator of its own: a loader's first act is a draw, which must not come from the global one.
    return iter(DataLoader(_Items(dataset, seed), batch_sampler=keys,  # type: ignore[arg-type]
                           collate_fn=dataset.collate, num_workers=workers, pin_memory=pin_memory,
                           generator=torch.Generator()))


class _Items(torch.utils.data.Dataset):
    """Items by (epoch, index)."""

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self.dataset, self.seed = dataset, seed

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Any]:
        epoch, index = key
        seed = np.random.SeedSequence([self.seed, epoch, index]).generate_state(1)[0]
        return self.dataset.item(index, int(seed))
