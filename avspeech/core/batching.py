"""Batches of utterances of similar length, and the order in which training uses them.

All of it is a function of the seed: an epoch's batches depend on (seed, epoch), an item on (seed,
epoch, index). So a position in training is two numbers, (epoch, batches of it used), for any number
of processes or data workers.
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
# The batches of one update: (epoch, position after this batch, indices)
Group = list[tuple[int, int, list[int]]]


class Dataset(Protocol):
    """What the trainer draws from."""

    @property
    def lengths(self) -> Sequence[float]:
        """The length of each item, in seconds."""

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """One training example, a pure function of its arguments: all randomness comes from
        `seed`."""

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """A batch of items: tensors, and "ids", the utterances' names."""


def bucket(lengths: Sequence[float], batch_seconds: float, seed: Sequence[int]) -> list[list[int]]:
    """One epoch: every index once, in batches of similar lengths, the batches shuffled.

    Lengths within about a tenth count as equal, and the bounds of these classes are drawn anew for
    each seed, so that the same utterances do not always share a batch.

    Args:
        lengths: of the items, in seconds.
        batch_seconds: a batch, padded to its longest item, is at most this long in all; an item
            that is longer is a batch of its own.
        seed: of this epoch.

    Returns:
        Lists of indices.
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
    """The batches of each update, without end.

    An update that begins at the end of an epoch takes its other batches from the next one, so that
    no utterance is left out.

    Args:
        lengths, batch_seconds: see `bucket`.
        seed: of the training.
        place: the position to start from, (epoch, batches of it used).
        size: batches in an update.

    Raises:
        InputError: there are no items.
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


def loader(dataset: Dataset, groups: Iterator[Group], seed: int, rank: int, world: int,
           workers: int, pin_memory: bool) -> Iterator[Batch]:
    """The collated batches of `groups` that are this process's share.

    Args:
        dataset: what the items come from.
        groups: of `updates`.
        seed: of the training.
        rank, world: this process's number, and the number of processes.
        workers: processes that load ahead of time; 0 loads in this one.
        pin_memory: for a GPU.
    """
    keys = ([(epoch, index) for index in indices] for group in groups
            for epoch, _, indices in group[rank::world])
    # A generator of its own, since a loader draws from the global one when it starts.
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
