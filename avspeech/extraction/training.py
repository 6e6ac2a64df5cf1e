"""Target speaker extraction: batches of mixtures, the losses, and evaluation under named
conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avspeech.core.batching import Batch
from avspeech.extraction.augment import (
    AugmentConfig,
    at_speed,
    center,
    in_other_voices,
    moved_sound,
    out_of_step,
    vary,
)
from avspeech.extraction.mixing import (
    MixConfig,
    Mixture,
    Pool,
    Studio,
    draw,
)
from avspeech.extraction.mvtf import MVTF
from avspeech.extraction.sync import offsets
from avspeech.media.audio import SAMPLE_RATE
from avspeech.report import metrics


@dataclass(frozen=True)
class Condition:
    """How test mixtures are shown to a model."""

    name: str
    views: tuple[str, ...] = ()  # names of the views that are given; empty: all that a mixture has
    # with the video of another mixture's target: a control that must fail, as it proves that a
    # model looks
    shuffled: bool = False


class DrawnMixtures:
    """Training data: a new mixture for each target in each epoch (a `batching.Dataset`).

    Args:
        pool: what is mixed.
        studio: reads it; of `Looks`, the examples hold looks `[V, T, C]` in place of pictures.
        config: what is drawn.
        segment: seconds of a training example.
        views: how many views of a target are shown, drawn from those it has (all, if it has fewer).
        augment: how examples are varied.
    """

    def __init__(
        self,
        pool: Pool,
        studio: Studio,
        config: MixConfig,
        segment: float,
        views: int = 3,
        augment: AugmentConfig = AugmentConfig(),
    ):
        self.pool, self.studio, self.config, self.segment, self.views = (
            pool,
            studio,
            config,
            segment,
            views,
        )
        self.augment = augment
        self.lengths = [min(segment, u.duration) for u in pool.targets]

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """One example.

        Args:
            index: of the target in the pool.
            seed: of everything that is drawn.

        Returns:
            mixture and target `[N]`, video uint8 `[V, T, 88, 88]`, mask bool `[V, T]`; with
            "matched" False where the lips are not the target's.
        """
        rng = np.random.default_rng(seed)
        target = self.pool.targets[index]
        mixture = draw(rng, self.pool, target, self.config, target.id, self.segment)
        order = rng.permutation(len(mixture.views))[: self.views]
        views = [mixture.views[i] for i in order]
        example = load(self.studio, mixture, views)
        if self.augment.stray and rng.random() < self.augment.stray and mixture.kind != "silent":
            other = self.pool.same(rng, target)
            heard = [source.utterance for source in mixture.interferers]
            if other is not None and other.views and other.id not in heard:
                video, mask = self.studio.lips(replace(mixture, target=other.id), views)
                example |= {"video": video, "mask": mask, "matched": False}
        if self.augment.voice and rng.random() < self.augment.voice:
            example = in_other_voices(rng, example, self.augment.pitch, mixture.kind == "same")
        if example["video"].dtype == np.uint8:  # looks were varied when they were made
            example["video"] = vary(rng, example["video"], self.augment)
        if self.augment.apart or self.augment.slow:
            example = out_of_step(rng, example, self.augment)
        if self.augment.shift:
            late = round(rng.normal(0, self.augment.shift) * SAMPLE_RATE)
            example |= {key: moved_sound(example[key], late) for key in ("mixture", "target")}
        if not self.augment.speed:
            return example
        return at_speed(example, float(rng.uniform(1 - self.augment.speed, 1 + self.augment.speed)))

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """See `collate`."""
        return collate(items)


def load(studio: Studio, mixture: Mixture, views: Sequence[str]) -> dict[str, Any]:
    """A mixture as arrays.

    Args:
        studio: reads it.
        mixture: which.
        views: names of the views.

    Returns:
        id, mixture and target float32 `[N]`, video uint8 `[V, T, 96, 96]`, mask bool `[V, T]`.
    """
    mixed, target = studio.voices(mixture)
    video, mask = studio.lips(mixture, views)
    return {"id": mixture.id, "mixture": mixed, "target": target, "video": video, "mask": mask}


def collate(items: Sequence[dict[str, Any]]) -> Batch:
    """A batch of examples, padded to the longest and to the most views with silence and masked
    frames.

    Returns:
        ids, mixture and target `[B, N]`, video `[B, V, T, H, W]`, mask `[B, V, T]`, matched `[B]`.
    """
    def stacked(key: str) -> Tensor:
        arrays = [item[key] for item in items]
        shape = np.max([a.shape for a in arrays], axis=0)
        out = np.zeros((len(arrays), *shape), arrays[0].dtype)
        for row, array in zip(out, arrays):
            row[tuple(slice(n) for n in array.shape)] = array
        return torch.from_numpy(out)

    return {"ids": [item["id"] for item in items],
            "matched": torch.tensor([item.get("matched", True) for item in items]),
            **{key: stacked(key) for key in ("mixture", "target", "video", "mask")}}


def decibel(x: Tensor) -> Tensor:
    """10 log10."""
    return 10 * torch.log10(x)


def extraction_loss(
    estimate: Tensor, target: Tensor, mixture: Tensor, floor_db: float = -30.0
) -> Tensor:
    """Loss of an estimate in dB, lower is better.

    Where the target speaks: -(SI-SDR + SNR) / 2. SI-SDR alone is blind to sign and gain; the SNR is
    largest for the right sign at the true level. Where it is silent: the output's energy relative
    to the mixture's. All are limited, so that solved examples no longer pull.

    Args:
        estimate: `[B, N]`.
        target: `[B, N]`.
        mixture: `[B, N]`.
        floor_db: the limit.

    Returns:
        `[B]`.
    """
    limit = 10 ** (floor_db / 10)
    power = target.square().sum(-1)
    scale = (estimate * target).sum(-1, keepdim=True) / power.clamp_min(1e-8).unsqueeze(-1)
    projected = scale * target
    si_sdr = decibel((projected.square().sum(-1) + 1e-8) / (
        (estimate - projected).square().sum(-1) + limit * projected.square().sum(-1) + 1e-8))
    snr = decibel((power + 1e-8) / ((estimate - target).square().sum(-1) + limit * power + 1e-8))
    total = mixture.square().sum(-1) + 1e-8
    left = decibel(estimate.square().sum(-1) / total + limit)
    return torch.where(power > 1e-6 * total, -(si_sdr + snr) / 2, left)


def wanted_spectrum(model: MVTF, target: Tensor) -> Tensor:
    """What the lips should estimate: the log spectrum of the target at an RMS of 1.

    Args:
        model: defines the bands.
        target: `[B, N]`.

    Returns:
        `[B, T, bands]`.
    """
    return model.log_bands(target / target.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-4))


class Separating(nn.Module):
    """Wraps a model so that one forward gives all that the losses need (DDP needs that).

    Only what a part trains has a gradient. A module of the model with an attribute `rate` of 0 is
    never changed.

    Args:
        model: to be trained.
        part: "lips" (the cue alone; the estimate is the mixture), "guess" (with the full-band first
            guess) or "whole".
        tune_lips: the lip encoder learns in this part too; else it is trained in its own part only,
            as in the paper.
        tune_guess: the cue and the guess learn together with the blocks; else the blocks learn
            alone.
    """

    def __init__(
        self, model: MVTF, part: str = "whole", tune_lips: bool = False, tune_guess: bool = True
    ):
        super().__init__()
        alone = part == "whole" and not tune_guess
        self.model, self.part, self.fixed = model, part, part != "lips" and (alone or not tune_lips)

        def learns(name: str) -> bool:
            if part == "lips":
                return name.startswith("cue.")
            if name.startswith("cue.lips."):
                return not self.fixed
            return (
                not alone
                if name.startswith(("cue.", "sync.", "guess.", "gate"))
                else part == "whole"
            )

        self.still = [m for m in model.modules() if getattr(m, "rate", 1) == 0]
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(learns(name))
        for module in self.still:
            module.requires_grad_(False)

    def train(self, mode: bool = True) -> Separating:
        """As nn.Module's, but modules that are not trained stay in eval mode: their norms keep
        their statistics.
        """
        super().train(mode)
        if self.fixed and self.model.config.fusion != "none":
            self.model.cue.lips.eval()
        for module in self.still:
            module.eval()
        return self

    def forward(self, mixture: Tensor, target: Tensor, video: Tensor,
                mask: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Runs the model.

        Args:
            mixture: `[B, N]`.
            target: `[B, N]`.
            video: `[B, V, T, H, W]`.
            mask: `[B, V, T]`.

        Returns:
            (estimate `[B, N]`, squared error of the lips' log spectrum at each offset `[B, 2 * lags
            + 1]`, the model's log probability of each offset or None).
        """
        wanted = wanted_spectrum(self.model, target)
        lag = None
        if self.part == "lips":
            estimate, planes = mixture, self.model.cue(video, mask, wanted.shape[1])
        else:
            estimate, planes, lag = self.model.separate(
                mixture, video, mask, refine=self.part == "whole"
            )
        if not self.model.config.planes:  # the paper's u: no spectrum to guess
            return estimate, wanted.new_zeros(len(wanted), 1), None
        return estimate, spectrum_errors(self.model, planes, wanted), lag


def spectrum_errors(model: MVTF, planes: Tensor, wanted: Tensor) -> Tensor:
    """Squared error of the lips' log spectrum at each offset.

    Args:
        model: its `lags` are used.
        planes: `[B, P, T, bands]`; the first one is the estimate.
        wanted: `[B, T, bands]`.

    Returns:
        `[B, 2 * lags + 1]`: as if the lips were late by -lags to lags STFT frames.
    """
    guesses = offsets(planes[:, 0], model.config.lags)
    return (guesses - wanted.transpose(1, 2).unsqueeze(1)).square().mean((2, 3))


def with_cost(errors: Tensor, cost: float = 2e-4) -> Tensor:
    """Errors with a cost of the offset added.

    The least of a row is the error at the best offset. Without the cost, where the lips' own clock
    begins would be undefined.

    Args:
        errors: `[B, 2 * lags + 1]`.
        cost: times the square of the offset.
    """
    lags = errors.shape[1] // 2
    return errors + cost * torch.arange(-lags, lags + 1, device=errors.device).square()


def lips_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float | Tensor]]:
    """Loss of `Separating(part="lips")`: the lips alone estimate the target's log spectrum, at
    their best offset.
    """
    _, guess, _ = model(batch["mixture"], batch["target"], batch["video"], batch["mask"])
    return (with_cost(guess).amin(1) * batch["matched"]).mean(), {}


def separation_loss(
    model: nn.Module,
    batch: Batch,
    lips_weight: float = 5.0,
    silent_weight: float = 0.3,
    lag_weight: float = 0.3,
    softness: float = 0.01,
) -> tuple[Tensor, dict[str, float | Tensor]]:
    """Loss of `Separating`.

    The sum of `extraction_loss`, the error of the lips' estimate at its best offset, and the cross
    entropy of the model's offset with softmax(-error / softness) of the lips' estimate.

    Args:
        model: a `Separating`.
        batch: of `collate`.
        lips_weight: of the lips' error.
        silent_weight: of silent targets, whose dB are cheap.
        lag_weight: of the cross entropy.
        softness: of its goal.
    """
    estimate, guess, lag = model(batch["mixture"], batch["target"], batch["video"], batch["mask"])
    with torch.autocast(estimate.device.type, enabled=False):
        loss = extraction_loss(estimate.float(), batch["target"], batch["mixture"])
    silent = batch["target"].abs().amax(-1) == 0
    guess = with_cost(guess)
    lips = (guess.amin(1) * batch["matched"]).mean()
    total = (loss * torch.where(silent, silent_weight, 1.0)).mean() + lips_weight * lips
    logs: dict[str, float | Tensor] = {"extraction": loss.mean(), "lips": lips}
    if lag is not None:
        right = torch.softmax(-guess.detach().float() / softness, 1)
        wrong = (right * (torch.log(right + 1e-9) - lag)).sum(1) * ~silent * batch["matched"]
        total, logs["lag"] = total + lag_weight * wrong.mean(), wrong.mean()
    return total, logs


def on_device(batches: Iterable[Batch], model: nn.Module) -> Iterable[Batch]:
    """Batches, with their tensors on the model's device."""
    device = next(model.parameters()).device
    for batch in batches:
        yield {
            key: value.to(device) if isinstance(value, Tensor) else value
            for key, value in batch.items()
        }


@torch.no_grad()
def lips_score(model: MVTF, examples: Iterable[Batch]) -> dict[str, float]:
    """Share of the variance of the targets' log spectra that the lips explain, at their best
    offset.

    Args:
        model: an MVTF.
        examples: batches.

    Returns:
        {"score": share}.
    """
    model.eval()
    wrong = total = 0.0
    for batch in on_device(examples, model):
        wanted = wanted_spectrum(model, batch["target"])
        planes = model.cue(batch["video"], batch["mask"], wanted.shape[1])
        wrong += float((spectrum_errors(model, planes, wanted).amin(1) * wanted[0].numel()).sum())
        total += float((wanted - wanted.mean((0, 1))).square().sum())
    return {"score": 1 - wrong / max(total, 1e-9)}


def examples(studio: Studio, mixtures: Sequence[Mixture],
             condition: Condition = Condition("as listed")) -> Iterable[Batch]:
    """Batches of one, of listed mixtures.

    Args:
        studio: reads them.
        mixtures: which.
        condition: how they are shown.
    """
    for i, mixture in enumerate(mixtures):
        views = condition.views or mixture.views
        shown = replace(mixture, views=tuple(condition.views)) if condition.views else mixture
        example = load(studio, shown, views)
        if condition.shuffled:
            other = next(m for m in [*mixtures[i + 1:], *mixtures] if m.target != mixture.target)
            video, mask = studio.lips(
                replace(other, views=tuple(views), kind=mixture.kind, occlusions=()), views
            )
            frames = example["mask"].shape[1]
            take = np.arange(frames) % video.shape[1]
            example["video"], example["mask"] = video[:, take], mask[:, take]
        if example["video"].dtype == np.uint8:
            example["video"] = center(example["video"])
        yield collate([example])


@torch.no_grad()
def evaluate(
    model: MVTF,
    studio: Studio,
    mixtures: Sequence[Mixture],
    condition: Condition = Condition("as listed"),
    refine: bool = True,
) -> list[dict[str, Any]]:
    """Measures a model on listed mixtures.

    Args:
        model: an MVTF.
        studio: reads the mixtures.
        mixtures: which.
        condition: how they are shown.
        refine: see `MVTF.separate`.

    Returns:
        A row for each mixture: id, kind, speaker, condition, and in dB si_sdri, si_sdr, snr and
        gain; for silent targets attenuation (how far the output lies below the mixture) instead.
        "lips": share of the variance of the target's log spectrum, each band's mean taken out, that
        the lips explain at their best offset; not where a model does not guess it.
    """
    model.eval()
    rows = []
    for mixture, batch in zip(mixtures, on_device(examples(studio, mixtures, condition), model)):
        separated = model.separate(batch["mixture"], batch["video"], batch["mask"], refine)
        estimate = separated.estimate[0].cpu().numpy()
        mixed, target = batch["mixture"][0].cpu().numpy(), batch["target"][0].cpu().numpy()
        row: dict[str, Any] = {"id": mixture.id, "kind": mixture.kind, "condition": condition.name,
                               "speaker": studio.utterances[mixture.target].speaker}
        if mixture.kind == "silent":
            row["attenuation"] = float(metrics.attenuation_db(estimate, mixed))
        else:
            row.update(si_sdri=float(metrics.si_sdr_improvement(estimate, target, mixed)),
                       si_sdr=float(metrics.si_sdr(estimate, target)),
                       snr=float(metrics.snr(estimate, target)),
                       gain=float(metrics.gain_error_db(estimate, target)))
            if model.config.planes and model.config.fusion != "none":
                wanted = wanted_spectrum(model, batch["target"])
                wrong = spectrum_errors(model, separated.planes, wanted).amin()
                about = (wanted - wanted.mean(1, keepdim=True)).square().mean()
                row["lips"] = 1 - float(wrong / about.clamp_min(1e-9))
        rows.append(row)
    return rows
