"""Fits what `avspeech extract` puts out of its candidates to development mixtures.

    python tools/fit_choice.py VIDEOS [VIDEOS ...] --voices VOICES --splitter FOLDER [--half 1]

VIDEOS and VOICES are those of tools/people.py, whose mixtures of every kind are made; use people
and voices that nothing is measured on. The weights of the gate (`avspeech/extraction/gate.py`)
are fitted by gradient descent so that

- a target that speaks with others is heard well (mean of SI-SDR and SNR), and never worse than in
  the mixture, nor than in the lips' own estimate;
- a target that speaks alone is passed on at its level;
- what lies under a mouth that keeps still, or under a face that does not speak, is turned down.

They are written into the splitter's folder, from which `Extractor` takes them.

With --cross nothing is written. For each person of the first VIDEOS the weights are fitted on all
other people, those of further VIDEOS among them, and a table says what they make of that person's
mixtures. So people who choose the weights can be reported on, too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from people import FPS, KINDS, RATE, Case, cases, read_clips
from torch import Tensor

from avspeech.core import pretrained
from avspeech.errors import InputError
from avspeech.extraction.choice import assign, scores
from avspeech.extraction.engine import Engine, engine_of, splitter_of
from avspeech.extraction.evidence import Lateness, Window, examine
from avspeech.extraction.gate import CANDIDATES, FEATURES, allowed, features, held
from avspeech.extraction.steps import STEP, shares_of_voices, sums
from avspeech.media.mouths import MouthTrack

MARGIN = 0.5  # dB by which the output should be better than the mixture
ENOUGH = 22.0  # dB of a target alone, beyond which nothing is gained


@dataclass(frozen=True)
class Example:
    """A mixture as the gate sees it, a row for each step."""

    kind: str  # of `people.KINDS`
    person: str  # who is shown; of "other face": whose voice is heard
    features: np.ndarray  # [S, features]
    share: np.ndarray  # [S, K], of the voices
    seen: np.ndarray  # [S, 1], where the face is seen
    gram: np.ndarray  # [S, 2 K + 3, 2 K + 3]: lips, voices, guided voices, mixture, target


def window_of(engine: Engine, split: Callable[[np.ndarray], np.ndarray], case: Case) -> Window:
    """A whole mixture as one window."""
    frames = -(-len(case.mixture) * FPS // RATE)
    shown, mask = MouthTrack(case.clip.crops, case.clip.present).frames(0, frames, FPS)
    return examine(engine, split, 0, case.mixture, np.ascontiguousarray(case.mixture),
                   [(shown[None], mask[None])], [0], [Lateness()])


def example(window: Window, case: Case, hop: int) -> Example:
    """What the gate sees of a window.

    Args:
        window: of `window_of`.
        case: the mixture.
        hop: samples between frames of the fits.
    """
    step = round(STEP * RATE)
    nothing = np.zeros((1, len(window.voices)))
    _, heard = sums(window, nothing, step, hop)
    chances, _ = assign(scores(heard))
    share = shares_of_voices(chances)[:, 0]
    signals = np.concatenate([window.own, window.voices, window.guided[0], window.mixture[None],
                              case.target[None]]).astype(np.float64)
    parts = [signals[:, begin:begin + step] for begin in range(0, len(window.mixture), step)]
    gram = np.stack([part @ part.T for part in parts])
    seen = heard.seen / np.maximum(heard.frames[:, None], 1.0)
    return Example(case.kind, f"{case.clip.source}/{case.clip.person}",
                   features(heard, chances)[:, 0], share, seen,
                   gram / max(gram[:, -2, -2].sum(), 1e-9))


class Outcome:
    """What weights of the gate lead to, for many examples at once.

    Args:
        examples: one or more.
    """

    def __init__(self, examples: Sequence[Example]):
        def tensor(name: str) -> Tensor:
            return torch.tensor(np.concatenate([getattr(e, name) for e in examples])).float()

        self.features, self.share = tensor("features"), tensor("share")
        self.seen, self.gram = tensor("seen"), tensor("gram")
        self.allowed = torch.from_numpy(allowed(self.features.numpy())).float()
        self.held = torch.from_numpy(held(self.share.numpy())).float()
        counts = torch.tensor([len(e.features) for e in examples])
        self.which = torch.arange(len(examples)).repeat_interleave(counts)
        self.count = len(examples)
        kinds = np.array([e.kind for e in examples])
        self.kinds = {kind: torch.from_numpy(kinds == kind) for kind in KINDS}
        self.alone, self.silent, self.strange = (
            self.kinds[kind] for kind in ("alone", "silent", "other face"))
        self.mixed = ~(self.alone | self.silent | self.strange)
        self.own = self.measure(self._only(0))[0]
        self.mixture = self.measure(self._only(-2))[0]

    def _only(self, place: int) -> Tensor:
        weights = torch.zeros(len(self.gram), self.gram.shape[1])
        weights[:, place] = 1.0
        return weights[:, :-1]

    def weights(self, gate: Tensor) -> Tensor:
        """Of the candidates, [S, 2 K + 2], for a gate [features, 5]."""
        shares = torch.softmax(self.features @ gate, -1) * self.allowed
        shares = torch.lerp(self.held, shares / shares.sum(1, keepdim=True), self.seen)
        lips, voice, guided, mixture, _ = shares.split(1, -1)
        return torch.cat([lips, voice * self.share, guided * self.share, mixture], -1)

    def measure(self, weights: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """SI-SDR, SNR, gain and level against the mixture of each example, in dB; at most 30."""
        def total(values: Tensor) -> Tensor:
            return torch.zeros(self.count).index_add(0, self.which, values)

        inner = self.gram[:, :-1, :-1]
        energy = total(torch.einsum("si,sij,sj->s", weights, inner, weights))
        cross = total((weights * self.gram[:, :-1, -1]).sum(1))
        target = total(self.gram[:, -1, -1]).clamp_min(1e-6)
        heard = cross.square() / target
        si_sdr = 10 * torch.log10((heard + 1e-9) / (energy - heard).clamp_min(1e-7))
        error = energy - 2 * cross + target * 1.001
        snr = 10 * torch.log10(target / error.clamp_min(1e-9))
        gain = 20 * torch.log10((cross / target).clamp_min(1e-4))
        return si_sdr.clamp_max(30), snr, gain, 10 * torch.log10(energy + 1e-4)

    def loss(self, gate: Tensor) -> Tensor:
        """See the module."""
        si_sdr, snr, gain, level = self.measure(self.weights(gate))
        floor = torch.maximum(self.mixture + MARGIN, self.own - 0.3)
        harm = (floor - si_sdr).clamp_min(0)
        mixed = -0.6 * si_sdr - 0.4 * snr + 6 * harm + 0.1 * gain.abs()
        # A face whose lips do not move with its voice must not make silence of still mouths costly
        level_error = gain.abs().clamp_max(6)
        alone = -0.6 * si_sdr.clamp_max(ENOUGH) - 0.4 * snr.clamp_max(20) + 1.25 * level_error
        speaking = torch.where(self.alone, alone, mixed)[self.alone | self.mixed].mean()
        down = 0.2 * level[self.silent].mean() + 0.01 * level[self.strange].mean()
        return speaking + down + 1e-3 * gate[1:].square().sum()

    def lines(self, gate: Tensor) -> list[str]:
        """What is reached, for the terminal."""
        si_sdr, _, gain, level = self.measure(self.weights(gate))
        better, own = ((x - self.mixture)[self.mixed] for x in (si_sdr, self.own))
        share = (better > 0).float().mean()
        return [f"mixed: SI-SDRi {better.mean():.2f} dB, better in {share:.0%}, "
                f"worst {better.min():.1f}; the lips' own estimate {own.mean():.2f} dB",
                f"alone: SI-SDR {si_sdr[self.alone].mean():.1f} dB, "
                f"level {gain[self.alone].mean():.1f}",
                f"silent: kept {level[self.silent].mean():.1f} dB; other face: "
                f"{level[self.strange].mean():.1f}"]


def fit(outcome: Outcome, steps: int = 1000) -> Tensor:
    """The weights of the gate, `[features, candidates]`.

    Args:
        outcome: of at least one example of each kind.
        steps: of gradient descent.
    """
    gate = torch.zeros(len(FEATURES), len(CANDIDATES))
    gate[0, -1] = -2.0  # silence is rare
    gate.requires_grad_(True)
    optimizer = torch.optim.Adam([gate], 0.08)
    for _ in range(steps):
        optimizer.zero_grad()
        outcome.loss(gate).backward()
        optimizer.step()
    return gate.detach()


def crossed(examples: Sequence[Example], further: Sequence[Example]) -> list[str]:
    """A table of what weights make of people to whom they were not fitted, for the terminal.

    Args:
        examples: of three people or more.
        further: of others, who are in every fit.
    """
    values: dict[str, list[Tensor]] = {kind: [] for kind in KINDS}
    for person in sorted({e.person for e in examples}):
        outcome = Outcome([e for e in examples if e.person == person])
        gate = fit(Outcome([*(e for e in examples if e.person != person), *further]))
        measured = torch.stack([*outcome.measure(outcome.weights(gate)), outcome.mixture])
        for kind, which in outcome.kinds.items():
            values[kind].append(measured[:, which])
    lines = []
    for kind in ("another", "same"):
        si_sdr, _, _, _, mixture = torch.cat(values[kind], 1)
        better = si_sdr - mixture
        share = (better > 0).float().mean()
        lines.append(f"{kind}: SI-SDRi {better.mean():.2f} dB, better in {share:.0%} of "
                     f"{len(better)}, worst {better.min():.1f}")
    si_sdr, _, gain, _, _ = torch.cat(values["alone"], 1)
    lines.append(f"alone: SI-SDR {si_sdr.mean():.1f} dB (at most 30 each), "
                 f"level {gain.median():.1f} (median)")
    kept = {kind: torch.cat(values[kind], 1)[3] for kind in ("silent", "other face")}
    return [*lines, "kept of the mixture: " + ", ".join(
        f"{kind} {level.mean():.1f} dB" for kind, level in kept.items())]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+", help="as of tools/people.py")
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("--splitter", type=Path, required=True, help="model folder; is updated")
    parser.add_argument("--model", default="mvtf-small", help="name or folder (%(default)s)")
    parser.add_argument("--cache", type=Path, help="folder that keeps the crops")
    parser.add_argument("--half", type=int, choices=(0, 1, 2), default=0)
    parser.add_argument("--cross", action="store_true",
                        help="write nothing; judge each person by weights fitted to the others")
    args = parser.parse_args()
    engine = engine_of(pretrained.open_model(args.model)[0])
    splitter, info = pretrained.open_model(args.splitter)
    split = splitter_of(splitter)
    assert engine.transform is not None
    examples, first = [], 0
    for folder in args.videos:
        for case in cases(read_clips(folder, 8.0, args.cache, args.half), args.voices):
            window = window_of(engine, split, case)
            examples.append(example(window, case, engine.transform.hop))
        first = first or len(examples)
    if args.cross:
        print(*crossed(examples[:first], examples[first:]), sep="\n")
        return
    outcome = Outcome(examples)
    fitted = fit(outcome)
    print(*outcome.lines(fitted), sep="\n")
    gate = fitted.double().numpy().round(3)
    pretrained.update(args.splitter, frontend={**info.frontend, "gate": gate.tolist()})


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        print(f"fit_choice: error: {error}", file=sys.stderr)
        sys.exit(2)
