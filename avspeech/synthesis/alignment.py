"""Finds when each phone of a recording is spoken, and where its reader pauses, from the recordings
alone.

A flat start, as in classical recognizers: every phone is a row of states with a Gaussian each
(mel-cepstra and their slopes, normalized per speaker); even durations at first, then turns of
monotonic search (`align`) and estimation. No model of the phones is needed before, none is kept
after, and an hour takes a minute. Between any two words the search may put a pause, which costs
nothing where there is none: so it is the detector of phrase breaks too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.synthesis import align

STATES = 3  # of a phone; a frame each at least
CEPSTRA = 13
FLOOR_DB = -35.0  # below the mean power of a recording's bands, what counts as silence
PAUSE = "<pause>"
STRESS_MARKS = str.maketrans("", "", "ˈˌ")


@dataclass(frozen=True)
class Alignment:
    """An aligned recording, in frames; all of them add up to its length."""

    phones: tuple[int, ...]  # of each phone in order
    lead: int  # before the first word
    # After each word, 0 where there is none; the last is the silence at the end
    pauses: tuple[int, ...]


def features(samples: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
    """Features of a recording.

    Args:
        samples: `[N]`.
        sample_rate: in hertz.
        hop: samples between frames.

    Returns:
        `[ceil(N / hop), 3 * 13]` float32: mel-cepstra, their slopes, and the slopes of those.
    """
    import torch

    from avspeech.synthesis.vocoder import Spectrum, VocoderConfig, mel_bank

    n_fft = 1 << (int(0.025 * sample_rate) - 1).bit_length()
    config = VocoderConfig(sample_rate=sample_rate, n_fft=n_fft, window=n_fft, hop=hop, mels=30,
                           low=80.0,
                    high=min(7600.0, sample_rate / 2))
    size = Spectrum(n_fft, n_fft,
                    hop)(torch.from_numpy(np.asarray(samples, np.float32))[None]).abs()[0]
    bands = size @ mel_bank(config).T
    # Silence is alike wherever it is: made speech is quieter at its ends than in its pauses
    floor = 10 ** (FLOOR_DB / 20) * bands.square().mean().sqrt()
    log = torch.log(bands + floor + 1e-5).numpy()
    order = np.cos(np.pi / 30 * np.outer(np.arange(CEPSTRA), np.arange(30) + 0.5))
    static = log @ order.T / 5
    slopes = _slopes(static)
    return np.concatenate([static, slopes, _slopes(slopes)], 1).astype(np.float32)


def _slopes(x: np.ndarray) -> np.ndarray:
    padded = np.pad(x, ((2, 2), (0, 0)), mode="edge")
    return (2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10 * 2


def phone_name(symbol: str) -> str:
    """A phone without its stress."""
    return symbol.translate(STRESS_MARKS)


@dataclass(frozen=True)
class _Chain:
    """States of an utterance: their class, whether they may be passed over, the item (-1: lead;
    words' phones by number; pauses counted from -2 down) each belongs to."""

    states: np.ndarray
    optional: np.ndarray
    phone: np.ndarray
    pause: np.ndarray


def _chain(words: Sequence[Sequence[str]], number: dict[str, int]) -> _Chain:
    pause = number[PAUSE] * STATES
    states, optional, phone, after = [pause], [True], [-1], [0]
    count = 0
    for place, word in enumerate(words):
        for symbol in word:
            base = number[phone_name(symbol)] * STATES
            states += [base + i for i in range(STATES)]
            optional += [False] * STATES
            phone += [count] * STATES
            after += [-1] * STATES
            count += 1
        states.append(pause)
        optional.append(True)
        phone.append(-1)
        after.append(place + 1)
    return _Chain(np.array(states), np.array(optional), np.array(phone), np.array(after))


class Aligner:
    """Aligns the recordings it is fitted on, and others of the same speakers.

    Args:
        phones: names of all phones it will meet; their stress does not count.
    """

    def __init__(self, phones: Sequence[str]):
        names = sorted({PAUSE, *map(phone_name, phones)})
        self.number = {name: i for i, name in enumerate(names)}
        self.mean = np.zeros((len(self.number) * STATES, 0), np.float32)
        self.variance = self.mean

    def fit(self, words: Sequence[Sequence[Sequence[str]]], heard: Sequence[np.ndarray],
            turns: int = 12,
            progress: bool = True) -> float:
        """Fits the aligner.

        Args:
            words: of each utterance, each word's phones.
            heard: of each utterance, `features` at half of the voice's hop, normalized per speaker
                (`normalised`).
            turns: of search and estimation.
            progress: whether to show a bar.

        Returns:
            The mean log likelihood of a frame at the end.

        Raises:
            InputError: an utterance is too short for its text.
        """
        from tqdm import tqdm

        chains = [_chain(w, self.number) for w in words]
        paths = [_even(chain, x) for chain, x in zip(chains, heard)]
        score = 0.0
        for turn in tqdm(range(turns), "align", disable=not progress, mininterval=10):
            self._estimate(chains, heard, paths)
            paths, score = self._search(chains, heard, first=turn < 2)
        self._estimate(chains, heard, paths)
        return score

    def align(self, words: Sequence[Sequence[Sequence[str]]], heard: Sequence[np.ndarray],
              per_frame: int = 2,
              frames: Sequence[int] | None = None) -> list[Alignment]:
        """Aligns recordings.

        Args:
            words, heard: as for `fit`.
            per_frame: frames of `heard` in a frame of the result.
            frames: of each recording in the result (default: as many as are full).

        Raises:
            InputError: a phone is not known, or an utterance is too short for its text.
        """
        strange = {phone_name(p) for said in words for w in said for p in w} - set(self.number)
        if strange:
            raise InputError(f"phones {', '.join(sorted(strange))}: not in the recordings the "
                             "aligner was fitted on")
        chains = [_chain(w, self.number) for w in words]
        paths, _ = self._search(chains, heard)
        return [_count(chain, path, per_frame, len(x) // per_frame if frames is None else frames[i])
                for i, (chain, path, x) in enumerate(zip(chains, paths, heard))]

    def _estimate(self, chains: Sequence[_Chain], heard: Sequence[np.ndarray],
                  paths: Sequence[np.ndarray]) -> None:
        states = len(self.number) * STATES
        count = np.zeros(states)
        sums, squares = np.zeros((2, states, heard[0].shape[1]))
        for chain, path, x in zip(chains, paths, heard):  # one at a time: days of speech fit in
            there = path > 0
            labels, starts = chain.states[there], (np.cumsum(path) - path)[there]
            np.add.at(count, labels, path[there])
            np.add.at(sums, labels, np.add.reduceat(x.astype(np.float64), starts))
            np.add.at(squares, labels, np.add.reduceat(np.square(x, dtype=np.float64), starts))
        prior = 5.0  # frames of the whole that every state has seen: for phones that are rare
        weight = (count + prior)[:, None]
        mean, square = sums.sum(0) / count.sum(), squares.sum(0) / count.sum()
        self.mean = ((sums + prior * mean) / weight).astype(np.float32)
        self.variance = np.maximum((squares + prior * square) / weight - np.square(self.mean),
                                   0.05 * (square - np.square(mean))).astype(np.float32)

    def _scores(self, x: np.ndarray) -> np.ndarray:
        """[T, states] log likelihoods."""
        precision = 1 / self.variance
        constant = -0.5 * (np.log(self.variance).sum(1) + (np.square(self.mean) * precision).sum(1))
        return constant + x @ (self.mean * precision).T - 0.5 * np.square(x) @ precision.T

    def _search(self, chains: Sequence[_Chain], heard: Sequence[np.ndarray], first: bool = False,
                size: int = 32) -> tuple[list[np.ndarray], float]:
        order = sorted(range(len(heard)), key=lambda i: len(heard[i]))
        paths: list[Any] = [None] * len(heard)
        total = 0.0
        for start in range(0, len(order), size):
            group = order[start: start + size]
            lengths = np.array([len(chains[i].states) for i in group])
            frames = np.array([len(heard[i]) for i in group])
            scores = np.zeros((len(group), lengths.max(), frames.max()), np.float32)
            optional = np.zeros((len(group), lengths.max()), bool)
            for row, i in enumerate(group):
                scores[row, : lengths[row],
                       : frames[row]] = self._scores(heard[i])[:, chains[i].states].T
                optional[row, : lengths[row]] = chains[i].optional
            if first:  # near the diagonal, until the Gaussians know their phones
                scores += 50 * align.diagonal(lengths, frames, scores.shape[1], scores.shape[2],
                                              0.15)
            found = align.search(scores, lengths, frames, optional)
            for row, i in enumerate(group):
                paths[i] = found[row, : lengths[row]]
                labels = np.repeat(np.arange(lengths[row]), paths[i])
                total += float(scores[row, labels, np.arange(frames[row])].sum())
        return paths, total / max(1, sum(len(x) for x in heard))


def normalised(heard: Sequence[np.ndarray], speakers: Sequence[str]) -> list[np.ndarray]:
    """Features of utterances, less their speaker's mean, over their speaker's deviation.

    Args:
        heard: `[T, F]` of each utterance.
        speakers: of each utterance.
    """
    sums: dict[str, np.ndarray] = {}  # of each: frames, their sum, and the sum of their squares
    for x, speaker in zip(heard, speakers):
        wide = x.astype(np.float64)
        seen = np.stack([np.full(x.shape[1], len(x)), wide.sum(0), np.square(wide).sum(0)])
        sums[speaker] = sums.get(speaker, 0) + seen
    known = {}
    for speaker, (frames, total, square) in sums.items():
        mean = total / frames
        spread = np.sqrt(np.maximum(square / frames - np.square(mean), 0)) + 1e-3
        known[speaker] = mean.astype(np.float32), spread.astype(np.float32)
    return [(x - known[s][0]) / known[s][1] for x, s in zip(heard, speakers)]


def _even(chain: _Chain, x: np.ndarray) -> np.ndarray:
    """The first guess: silence at both ends where it is quiet, phones evenly between."""
    if len(x) < int((~chain.optional).sum()):
        raise InputError(f"{int((~chain.optional).sum())} states in {len(x)} frames; the text is "
                         "longer than the sound")
    loud = np.flatnonzero(x[:, 0] >= np.quantile(x[:, 0], 0.25))
    first, last = int(loud[0]), int(loud[-1]) + 1
    inner = np.flatnonzero(~chain.optional)
    if last - first < len(inner):
        first, last = 0, len(x)
    durations = np.zeros(len(chain.states), np.int64)
    edges = np.linspace(first, last, len(inner) + 1).round().astype(int)
    durations[inner] = np.diff(edges)
    durations[0], durations[-1] = first, len(x) - last
    return durations


def _count(chain: _Chain, path: np.ndarray, per_frame: int, frames: int) -> Alignment:
    """Durations of states in fine frames -> of phones and pauses in frames, every phone at least
    one."""
    phones = int(chain.phone.max()) + 1
    # One row of segments: lead, then phones with the pause after each word where it stands.
    keys: list[tuple[str, int]] = []
    fine: list[int] = []
    for place, duration in enumerate(path):
        phone, pause = int(chain.phone[place]), int(chain.pause[place])
        key = ("pause", pause) if phone < 0 else ("phone", phone)
        if keys and keys[-1] == key:
            fine[-1] += int(duration)
        else:
            keys.append(key)
            fine.append(int(duration))
    edges = np.rint(np.cumsum([0, *fine]) / per_frame).astype(int)
    edges[-1] = frames
    least = np.array([1 if kind == "phone" else 0 for kind, _ in keys])
    for i in range(len(least)):  # forward, then back from the end: every phone has a frame
        edges[i + 1] = max(edges[i + 1], edges[i] + least[i])
    edges[-1] = frames
    for i in range(len(least) - 1, -1, -1):
        edges[i] = min(edges[i], edges[i + 1] - least[i])
    if edges[0] < 0:
        raise InputError(f"{phones} phones in {frames} frames; the text is longer than the sound")
    counts = np.diff(edges)
    lead = int(counts[0])
    pauses = tuple(int(c) for (kind, _), c in zip(keys[1:], counts[1:]) if kind == "pause")
    return Alignment(tuple(int(c) for (kind, _), c in zip(keys, counts) if kind == "phone"), lead,
                     pauses)
