"""Lips choose among voices: which of the separated voices belongs to which face, how sure that is,
and what is put out for it.

What lips that a model has not learned say is too little for a mask, but enough to tell which of two
voices is theirs, the more surely the longer one looks. So a separator that knows voices
(`extraction/voices.py`) splits the mixture, and for each face:

1. Evidence (`evidence.fits`). With g the log spectrum that the lips guess and a that of a voice,
   [frames, bands], both without their mean over time, the fit of a frame is its part of

       e = <g', a'> / |g'||a'| + 0.3 <g0, a0> / |g0||a0| + <u, v> / |u||v|,

   where x0 is the mean over bands, x' = x - x0, and u, v are the embeddings of `sync.LipSync`,
   which were trained to find lips that are late. All are taken at one lag, the likeliest by how
   well the best of the voices fits at it so far and by how late lips are in other recordings. By it
   the lips' guess is moved, too, before the model makes its own estimate of it. The mean of e over
   frames lies between -2.3 and 2.3.
2. Choice (`assign`). In steps of half a second each face has one of the voices or none, and no two
   faces have the same one. A face that is away yields a voice that fits the lips of one that is
   seen (`yielding`), as after a cut from one speaker to another. A hidden Markov model adds up the
   evidence, exp(SLOPE (e + AGREE c - NONE)) for a voice against none, over the steps, with c the
   correlation of a voice with the estimate that the lips make by themselves, less its mean over
   the voices; faces keep their voice from a step to the next with probability STAY. So a choice
   builds up, is held while the face is away, and can be corrected. Voices keep their numbers from
   window to window by their correlation in the overlap. A voice that was surely that of a face is
   remembered by its mean spectrum (`evidence.timbre`), and evidence for a voice of later windows
   that sounds like it; a recording of the speaker does the same from the start.
3. Output (`gate.Gate`). A mean of five candidates: the estimate that the lips made by themselves
   (only where they fit as lips do that the model has learned), the voices weighted with their
   probabilities, the same under a cautious mask of the lips (`evidence.guided`), the mixture, and
   silence (only for mouths that keep still).
   The weights are a softmax of a linear function of the evidence, fitted so that the output is near
   the target on development mixtures. Where the evidence is weak the output goes toward the
   mixture. While the face is away the voice that it had goes on (`gate.held`). Before it is first
   seen and after it has gone for good that voice goes on too, as far as it is sure, and the rest is
   silence (`gate.carried`).
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from avspeech.extraction.gate import CANDIDATES, FEATURES, Gate, carried, features
from avspeech.extraction.steps import STEP, Sums, shares_of_voices, smoothed, sums

if TYPE_CHECKING:
    from avspeech.extraction.evidence import Window

# STFT frames by which lips may be late (below 0: early) against those of GRID's s1, how late they
# mostly are and the deviation of that, and how fast the evidence for a lag grows, in nats for each
# frame in which e is 1. With the best lags of 29 clips of people outside GRID, -16 to 1, median -6
LAGS = np.arange(-20, 9)
USUAL, SPREAD, GROWS = -6.5, 4.5, 0.1
ENVELOPE = 0.3  # weight of the evidence of loudness
LEAST = 0.15  # norms of log spectra are at least this for each number: silence fits nothing
SILENT = -0.5  # of the log scale: a voice below it in all bands is none
KNOWN = 1.0  # s of a window in which a face must be seen, or the window says nothing of it
SLOPE, NONE = 2.0, 0.25  # of the evidence of a step: see the module
# Weight of the correlation with the lips' own estimate. On 40 mixtures of a speaker of GRID whom
# the model has not learned, 90 % of the voices are picked right in place of 78; on 150 mixtures of
# 15 other people, whose lips make little by themselves, nothing changes (77 %)
AGREE = 0.4
STAY = 0.99  # probability that a face keeps its voice from one step to the next
# A voice of a window against what is known of the speaker's: nats a step for each unit of distance
# (`unlike`) below ALIKE, at most SURE. On halves of recordings of 180 speakers the distance is 0.15
# for the same and 0.36 for another (medians), and 97 % of pairs are told apart; from a recording to
# separated voices it is 0.25 and 0.32, and 87 % are.
TIMBRE, ALIKE, SURE = 2.0, 0.3, 0.3
ENROLLED = 0.9  # mean probability of a voice in a window from which on it is remembered
YIELDS = 2.0  # nats a step by which a face that is away yields a voice, at most
AWAY = 5.0  # s without a face after which its voice is no longer what is most likely
HORIZON = 30.0  # s of evidence that are kept behind
GUIDE, HINT = 1.2, 0.2  # how far a guided voice follows the lips' guess and their own estimate
SINGLE = -0.5  # of the feature: the other voice is 15 dB below, so there is nothing to choose
TRUSTED = 0.8  # below this probability a choice is called weak
TOGETHER = 8  # faces whose voices are chosen jointly; beyond that, each by itself


def unlike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance of timbres `[..., bands]`, the root of the mean square; NaN where one is silent."""
    return np.sqrt(np.square(a - b).mean(-1))


def states(faces: int, voices: int) -> np.ndarray:
    """Everything that can be: the voice of each face, 0 for none, no voice twice. `[N, faces]`"""
    every = itertools.product(range(voices + 1), repeat=faces)
    return np.array([s for s in every if len(set(s) - {0}) == sum(v > 0 for v in s)], np.int64)


def assign(scores: np.ndarray, before: np.ndarray | None = None
           ) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the voices of faces, by the forward-backward recursion.

    Args:
        scores: log likelihood ratios `[S, F, K]` of "this face has that voice" against "none".
        before: probabilities of the states `[N]` in the step before the first one (`states`);
            without it all are equal.

    Returns:
        (probabilities `[S, F, K + 1]`, the last one that of none; filtered probabilities of the
        states after each step `[S, N]`).
    """
    steps, faces, voices = scores.shape
    every = states(faces, voices)
    same = (every[:, None] == every[None]).sum(-1)
    moves = STAY**same * (1 - STAY) ** (faces - same)
    moves /= moves.sum(1, keepdims=True)
    padded = np.concatenate([np.zeros((steps, faces, 1)), scores], 2)
    logs = np.stack([padded[:, f, every[:, f]] for f in range(faces)]).sum(0)  # [S, N]
    likely = np.exp(logs - logs.max(1, keepdims=True))
    forward, backward = np.empty_like(likely), np.ones_like(likely)
    last = np.full(len(every), 1 / len(every)) if before is None else before
    for i in range(steps):
        last = likely[i] * (last @ moves)
        forward[i] = last = last / last.sum()
    for i in range(steps - 2, -1, -1):
        following = moves @ (likely[i + 1] * backward[i + 1])
        backward[i] = following / following.sum()
    joint = forward * backward
    joint /= joint.sum(1, keepdims=True)
    chances = np.stack([
        np.stack([joint[:, every[:, f] == v].sum(1) for v in (*range(1, voices + 1), 0)], 1)
        for f in range(faces)], 1)
    return chances, forward


def crowds(scores: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Where more faces speak than there are voices, each judged as if it were the only one. A face
    that is not seen is none of them: of it nobody can tell, and its scores are 0.

    Args:
        scores: `[S, F, K]`, as for `assign`.
        seen: `[S, F]`, the share of a step in which a face is seen.

    Returns:
        bool `[S, F]`, True for the faces that speak.
    """
    steps, faces, voices = scores.shape
    if faces <= voices:
        return np.zeros((steps, faces), bool)
    none = [assign(scores[:, f:f + 1])[0][:, 0, -1] for f in range(faces)]
    speak = (np.stack(none, 1) < 0.5) & (seen >= 0.5)
    return speak & (speak.sum(1, keepdims=True) > voices)


def claimed(scores: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """How surely a voice is that of a face that is seen, by its lips alone.

    Args:
        scores: `[S, F, K]`, as for `assign`.
        seen: `[S, F]`, the share of a step in which a face is seen.

    Returns:
        Probabilities `[S, K]`; 0 where no face is away, and nobody needs to know.
    """
    shown = seen >= 0.5
    if not (shown.any(1) & ~shown.all(1)).any():
        return np.zeros((len(scores), scores.shape[2]))
    alone = [assign(scores[:, f:f + 1])[0][:, 0, :-1] for f in range(scores.shape[1])]
    return (np.stack(alone, 1) * shown[..., None]).max(1)


def yielding(scores: np.ndarray, seen: np.ndarray, claims: np.ndarray) -> np.ndarray:
    """Scores in which faces that are away yield a voice that a face which is seen surely has: what
    was their voice when they were last seen is, after a cut to another speaker, mostly that one's.

    Args:
        scores, seen: as for `claimed`.
        claims: `[S, K]` of `claimed`.

    Returns:
        `[S, F, K]`.
    """
    yields = np.log(((1 - claims) / (1 - TRUSTED)).clip(np.exp(-YIELDS), 1.0))
    return np.where(seen[..., None] < 0.5, scores + yields[:, None], scores)


def follow(before: np.ndarray, voices: np.ndarray) -> list[int]:
    """The order in which voices of a window continue those of the window before.

    Args:
        before: `[K, N]`, the voices in the overlap, as the window before has them.
        voices: `[K, N]`, as the new window has them.

    Returns:
        Index j in place i: the new window's voice j continues voice i.
    """
    alike = np.abs(before.astype(np.float64) @ voices.T.astype(np.float64))
    orders = list(itertools.permutations(range(len(voices))))
    gains = [sum(alike[i, j] for i, j in enumerate(order)) for order in orders]
    return list(orders[int(np.argmax(gains))])


@dataclass
class Report:
    """What was put out for a face, and why; one number for each half second.

    Attributes:
        seconds: where each begins.
        trust: probability that the likeliest voice is that of the face; where only one is heard,
            that the face speaks.
        speaks: probability that the face has one of the voices at all.
        shares: weights of the candidates of the output, by `CANDIDATES`.
        crowded: whether this face and others speak that are more than there are voices.
        seen: the share of the half second in which the face is seen.
        rest: how long the last half second is, in seconds; the sound may end within it.
    """

    seconds: list[float] = field(default_factory=list)
    trust: list[float] = field(default_factory=list)
    speaks: list[float] = field(default_factory=list)
    shares: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in CANDIDATES})
    crowded: list[bool] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    rest: float = STEP

    def record(self) -> dict[str, Any]:
        """As JSON: {"seconds", "trust", "speaks", "shares", "crowded", "seen"}, lists of numbers
        with two decimals, and of true or false."""
        shares = {name: _rounded(values) for name, values in self.shares.items()}
        return {"seconds": self.seconds, "trust": _rounded(self.trust),
                "speaks": _rounded(self.speaks), "shares": shares, "crowded": self.crowded,
                "seen": _rounded(self.seen)}

    def doubt(self) -> str | None:
        """A line for the user where, for a tenth of the time in which the face is seen or more, the
        choice is weak or more faces speak than there are voices, where the face does not seem to
        speak, where next to nothing is put out, or where for a tenth of the whole a voice is put
        out that nobody is seen to speak; else None."""
        if not self.seconds:
            return None
        # The last of them may be a rest of a few samples: it counts by its length
        lasting = np.full(len(self.seconds), STEP)
        lasting[-1] = min(STEP, max(self.rest, 1e-6))

        unseen = np.array(self.seen or np.ones(len(lasting))) < 0.5
        watched = np.ones(len(lasting), bool) if unseen.all() else ~unseen

        def part(of: np.ndarray, time: np.ndarray | None = None) -> float:
            return float(lasting[of].sum() / (lasting if time is None else lasting[time]).sum())

        def told(of: np.ndarray) -> str:
            seconds, whole = (round(2 * x.sum()) / 2 for x in (lasting[of], lasting))
            return f"for {seconds:g} of {whole:g} s"

        silent = np.array(self.shares["silence"] or np.zeros(len(lasting))) > 0.5
        crowded = np.array(self.crowded or np.zeros(len(lasting)), bool)
        doubts = []
        if part(crowded, watched) >= 0.1:
            doubts.append(f"{told(crowded)} more faces speak than voices are separated; the output "
                          "has others in it too there")
        weak = (np.array(self.trust) < TRUSTED) & ~silent & ~unseen & ~crowded
        if not doubts and np.mean(np.array(self.speaks)[watched]) < 0.1:
            return "the lips fit no voice that is heard; the output is " + (
                "nearly silent" if part(silent & watched, watched) > 0.5 else
                "close to the mixture") + " where the face is seen" * bool(0 < part(unseen) < 1)
        if not doubts and part(silent) > 0.9:
            if part(unseen) <= 0.5:
                return "the mouth seems to keep still; the output is nearly silent"
            doubts.append(f"{told(unseen)} the face is not seen; the output is nearly silent there")
        if part(weak, watched) >= 0.1:
            doubts.append(f"{told(weak)} the lips do not tell for sure which voice is theirs; the "
                          "output is close to the mixture there")
        if part(unseen & ~silent) >= 0.1:
            doubts.append(f"{told(unseen & ~silent)} the face is not seen; the output there is the "
                          "voice that seems to be its own")
        return "; ".join(doubts) or None


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in values]


def scores(s: Sums) -> np.ndarray:
    """Log likelihood ratios `[S, F, K]` of a voice against none."""
    seen, frames = s.seen[..., None], np.maximum(s.frames[:, None, None], 1.0)
    cross, own, voices = (smoothed(x) for x in (s.cross, s.own, s.voices))
    agree = cross / np.sqrt(np.maximum(own[..., None] * voices[:, None], 1e-12))
    agree -= agree.mean(-1, keepdims=True)  # it tells which voice, not whether there is one
    return (SLOPE * (s.fits + (AGREE * agree - NONE) * seen) + s.voice) / frames


class Chooser:
    """Decides what is put out of each window, once the window behind it is known too.

    Args:
        faces: their number.
        sample_rate: in Hz.
        hop: samples between frames of the fits.
        gate: of the output.
        recorded: timbres of faces whose voice is known from a recording.
        spans: of each face the samples [start, stop) within which it is seen, a margin included;
            outside of them, and while it is away for long, only a voice that is surely its own is
            put out. None where that does not matter. By default so for all.
    """

    def __init__(self, faces: int, sample_rate: int, hop: int, gate: Gate | None = None,
                 recorded: dict[int, np.ndarray] | None = None,
                 spans: Sequence[tuple[int, int] | None] | None = None):
        self.step, self.hop = round(STEP * sample_rate), hop
        self.spans = spans or [None] * faces
        self.sample_rate = sample_rate
        self.gate = gate or Gate()
        self.reports = [Report() for _ in range(faces)]
        # faces that are chosen together
        self.groups = [list(range(faces))] if faces <= TOGETHER else [[f] for f in range(faces)]
        self.first = 0  # step of the first row of `sums`
        self.sums: Sums | None = None
        self.before: list[np.ndarray | None] = [None] * len(self.groups)
        self.reported = 0  # steps
        self.recorded = recorded or {}
        self.known: list[np.ndarray | None] = [self.recorded.get(f) for f in range(faces)]
        self.heard = np.zeros(faces)  # windows behind each of `known`

    def __call__(self, windows: Iterable[Window]) -> Iterator[tuple[int, np.ndarray]]:
        """Yields (first sample, output `[F, N]`) for each window, in order."""
        held: deque[Window] = deque()
        for window in windows:
            self._note(window)
            held.append(window)
            if len(held) == 2:
                yield self._decide(held.popleft(), held[0])
        if held:
            yield self._decide(held.popleft(), None)

    def _note(self, window: Window) -> None:
        """Adds what a window says to the sums."""
        voice = np.zeros((len(window.own), len(window.voices)))
        for f, known in enumerate(self.known):
            if known is not None:
                near = ALIKE - unlike(known, window.timbres)
                voice[f] = np.nan_to_num(TIMBRE * near).clip(-SURE, SURE)
        first, new = sums(window, voice, self.step, self.hop)
        if self.sums is None:
            self.first, self.sums = first, new
            return
        missing = first + len(new.frames) - self.first - len(self.sums.frames)
        grown = Sums(*(np.concatenate([x, np.zeros((max(missing, 0), *x.shape[1:]))])
                        for x in self.sums))
        at = first - self.first
        for whole, part in zip(grown, new, strict=True):
            whole[at:at + len(part)] += part
        self.sums = grown

    def _decide(self, window: Window, following: Window | None) -> tuple[int, np.ndarray]:
        assert self.sums is not None
        s = self.sums
        likely = scores(s)
        seen = s.seen / np.maximum(s.frames[:, None], 1.0)
        claims = claimed(likely, seen)
        offered = yielding(likely, seen, claims)
        chances = np.zeros((*likely.shape[:2], likely.shape[2] + 1))
        filtered = []
        for group, before in zip(self.groups, self.before, strict=True):
            chances[:, group], forward = assign(offered[:, group], before)
            filtered.append(forward)
        x = features(s, chances)
        shares = self.gate(x, shares_of_voices(chances), seen)  # [S, F, 5]
        others = (seen < 0.5) & (claims.max(1) > TRUSTED)[:, None] & (chances[..., -1] > 0.5)
        beyond = np.maximum(self._beyond(seen), others & [span is not None for span in self.spans])
        shares += beyond[..., None] * (carried(chances) - shares)
        begin = window.start // self.step - self.first
        count = -(-(window.start + len(window.mixture)) // self.step) - window.start // self.step
        weights = self._weights(shares, chances)[begin:begin + count]
        out = self._mixed(window, weights, self.first + begin)
        stop = None if following is None else following.start // self.step
        self._report(chances, shares, seen, x[..., FEATURES.index("single")] < SINGLE,
                     crowds(likely, seen), stop)
        if following is None:
            end = window.start + len(window.mixture)
            for report in self.reports:
                report.rest = (end - (end - 1) // self.step * self.step) / self.sample_rate
        self._enroll(window, chances[begin:][: len(weights)])
        if following is not None:
            # What is behind the horizon is kept as the state of the recursion alone
            keep = max(following.start // self.step - round(HORIZON / STEP), self.first)
            gone = keep - self.first
            if gone:
                self.before = [forward[gone - 1] for forward in filtered]
                self.first, self.sums = keep, Sums(*(values[gone:] for values in s))
        return window.start, out

    def _beyond(self, seen: np.ndarray) -> np.ndarray:
        """The share of each kept step that lies outside a face's span, or in the middle of a long
        absence. Shares in which it is seen `[S, F]` -> `[S, F]`."""
        begin = (self.first + np.arange(len(seen))) * self.step
        out = np.zeros(seen.shape)
        for f, span in enumerate(self.spans):
            if span is None:
                continue
            within = np.minimum(begin + self.step, span[1]) - np.maximum(begin, span[0])
            out[:, f] = 1 - within.clip(0) / self.step
            edges = np.flatnonzero(np.diff(np.pad((seen[:, f] <= 0).astype(np.int8), 1)))
            for first, last in edges.reshape(-1, 2):
                if last - first >= AWAY / STEP:  # a voice may end and begin unseen: a step of each
                    out[first + (first > 0): last - (last < len(seen)), f] = 1
        return out

    def _enroll(self, window: Window, chances: np.ndarray) -> None:
        """Remembers the voices that were surely those of faces that were seen."""
        for f in range(len(window.own)):
            sure = chances[:, f, :-1].mean(0)
            k = int(sure.argmax())
            if (f in self.recorded or sure[k] < ENROLLED or window.seen[f].mean() < 0.5
                    or np.isnan(window.timbres[k]).any()):
                continue
            known, self.heard[f] = self.known[f], self.heard[f] + 1
            self.known[f] = window.timbres[k] if known is None else (
                known + (window.timbres[k] - known) / self.heard[f])

    def _weights(self, shares: np.ndarray, chances: np.ndarray) -> np.ndarray:
        """Weights `[S, F, 1 + 2 K + 1]` of lips, voices, guided voices and mixture."""
        share = shares_of_voices(chances)
        return np.concatenate([shares[..., :1], shares[..., 1:2] * share, shares[..., 2:3] * share,
                               shares[..., 3:4]], -1)

    def _mixed(self, window: Window, weights: np.ndarray, first: int) -> np.ndarray:
        """The output `[F, N]`: weights between the centers of steps are interpolated."""
        length = len(window.mixture)
        at = (window.start + np.arange(length) + 0.5) / self.step - first - 0.5
        steps = np.arange(len(weights))
        out = np.zeros((len(window.own), length), np.float32)
        for f in range(len(out)):
            parts = [window.own[f], *window.voices, *window.guided[f], window.mixture]
            for part, weight in zip(parts, weights[:, f].T, strict=True):
                out[f] += np.interp(at, steps, weight).astype(np.float32) * part
        return out

    def _report(self, chances: np.ndarray, shares: np.ndarray, seen: np.ndarray,
                single: np.ndarray, crowded: np.ndarray, stop: int | None) -> None:
        """Notes the steps up to `stop` that have not been noted yet; `single` where only one voice
        is heard."""
        rows = range(self.reported - self.first,
                     len(chances) if stop is None else stop - self.first)
        for row in rows:
            for f, report in enumerate(self.reports):
                report.seconds.append((self.first + row) * STEP)
                speaks = float(1 - chances[row, f, -1])
                report.speaks.append(speaks)
                report.trust.append(speaks if single[row, f] else float(chances[row, f, :-1].max()))
                for i, name in enumerate(CANDIDATES):
                    report.shares[name].append(float(shares[row, f, i]))
                report.crowded.append(bool(crowded[row, f]))
                report.seen.append(float(seen[row, f]))
        self.reported += max(len(rows), 0)
