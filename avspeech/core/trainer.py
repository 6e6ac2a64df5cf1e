"""The one training loop.

`fit` trains any model on any dataset that has lengths and pure items; a task supplies a loss
function and a validation function. Every random draw is a function of the configuration: batches
depend on (seed, epoch), items on (seed, epoch, index), and the global generators of Python, NumPy
and torch are seeded anew at each step from (seed, step, rank). So no generator state has to be
stored, the number of data workers changes nothing, and a run that was killed and resumed ends, on a
CPU, with the same bits as one that was not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import math
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from avspeech.core import bars, batching, checkpoint, processes, ranges, storage
from avspeech.core.batching import Batch, Dataset
from avspeech.core.hardware import bf16_units
from avspeech.core.processes import barrier, device, distributed, is_main
from avspeech.core.training_log import TrainingLog
from avspeech.errors import InputError

__all__ = ["Dataset", "FitResult", "NonFiniteLoss", "Stopped", "TrainConfig", "barrier", "device",
           "distributed", "fit", "is_main", "learning_rate"]

Weights = dict[str, torch.Tensor]
Loss = Callable[[nn.Module, Batch], "tuple[torch.Tensor, dict[str, float | torch.Tensor]]"]
Validate = Callable[[nn.Module], "dict[str, float]"]


@dataclass
class TrainConfig:
    """Settings of the training loop. Values out of range raise InputError."""

    # These change nothing of what is learned, so that a training goes on where they are others.
    FREE: ClassVar = ("workers", "checkpoint_every", "log_every", "keep")

    max_steps: int = 10_000  # updates in all
    batch_seconds: float = 32.0  # length of a padded batch, in seconds
    accumulate: int = 1  # batches in an update, times the processes under torchrun
    lr: float = 1e-3  # highest learning rate, reached after warmup_steps
    warmup_steps: int = 0  # updates over which the rate rises linearly
    # after warm-up; cosine ends at 0 at max_steps
    schedule: Literal["cosine", "constant"] = "cosine"
    weight_decay: float = 0.01  # of AdamW, for matrices only
    clip: float = 5.0  # highest norm of the gradient; 0: no limit
    # auto: bf16 where the device multiplies in it
    precision: Literal["fp32", "bf16", "auto"] = "fp32"
    # decay of a moving average of the weights, which is validated and kept; 0: none
    ema: float = 0.0
    seed: int = 0  # of all random draws
    workers: int = 0  # processes that load data
    validate_every: int = 1000  # steps
    checkpoint_every: int = 500  # steps
    log_every: int = 20  # steps
    keep: int = 2  # checkpoints kept

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "max_steps", "accumulate", "validate_every", "checkpoint_every",
                        "log_every", "keep")
        ranges.at_least(self, 0, "warmup_steps", "weight_decay", "clip", "seed", "workers")
        ranges.above(self, 0, "batch_seconds", "lr")
        ranges.below_one(self, "ema")
        for name, known in (("schedule", ("cosine", "constant")),
                            ("precision", ("fp32", "bf16", "auto"))):
            if getattr(self, name) not in known:
                raise InputError(f"{name}={getattr(self, name)}: expected {', '.join(known[:-1])} "
                                 f"or {known[-1]}")


@dataclass
class FitResult:
    """What `fit` did."""

    steps: int  # updates made
    best_step: int  # the step whose weights the model now holds
    best_score: float | None  # its score; None where nothing was validated
    # of `validate` there; on the main process only
    metrics: dict[str, float] = field(default_factory=dict)


class NonFiniteLoss(RuntimeError):
    """The loss or the gradient is not finite. Raised before the update.

    Attributes:
        ids: the utterances of the batches it came from.
    """

    def __init__(self, message: str, ids: Sequence[str]) -> None:
        super().__init__(message)
        self.ids = list(ids)


class Stopped(SystemExit):
    """A signal (SIGTERM, Ctrl-C) stopped training, and the state was saved. Exit code: 128 + the
    signal's number."""


def fit(model: nn.Module, loss_fn: Loss, dataset: Dataset, config: TrainConfig, folder: str | Path,
        validate: Validate | None = None, quiet: bool = False) -> FitResult:
    """Trains a model in place, on its device, and leaves it with the best weights, in eval mode.

    A module's `rate` attribute scales the learning rate of its direct parameters.

    Args:
        model: holds the initial weights.
        loss_fn: (model, batch) -> (loss, logs); the loss is a mean over the batch's utterances. It
            calls `model` once, as a function, and reads no attribute of it: under torchrun it
            receives a DistributedDataParallel around the model.
        dataset: see `batching.Dataset`.
        config: how to train.
        folder: receives `checkpoints/`, `best.safetensors`, `log.jsonl` and `tensorboard/`. Where
            it holds a checkpoint, training resumes from it. Under torchrun all processes must see
            the same folder.
        validate: model -> metrics, run on the main process; "score" is maximized. Without it the
            last weights are the best.
        quiet: no progress bar and no TensorBoard, for hundreds of small runs side by side.

    Returns:
        The steps made, and the step, score and metrics of the weights that the model now holds.

    Raises:
        InputError: the folder is of another configuration, model or dataset, or another process
            trains there.
        NonFiniteLoss: before the update; the last checkpoint stays.
        Stopped: on SIGTERM or Ctrl-C, after the state was saved.
    """
    folder, on = Path(folder), next(model.parameters()).device
    halved = config.precision == "bf16" or (config.precision == "auto" and multiplies_bf16(on))
    rank, world = processes.rank_and_world()
    with contextlib.ExitStack() as stack:
        if rank == 0:
            if not stack.enter_context(storage.lock(folder / ".lock", wait=False)):
                raise InputError(f"{folder}: another process is training there; wait for it or use "
                                 "another")
        run = _Run(model, config, dataset, world)
        run.resume(folder)
        batches = batching.loader(dataset, run.updates(), config.seed, rank, world, config.workers,
                                  on.type == "cuda")
        log = stack.enter_context(TrainingLog(folder, run.step, not quiet)) if rank == 0 else None
        bar = stack.enter_context(_bar(config.max_steps, run.step, show=rank == 0 and not quiet))
        stop = stack.enter_context(_StopRequest())
        gpu = [on] if on.type == "cuda" else None
        trained = model if world == 1 else DistributedDataParallel(model, gpu)
        model.train()

        for step, group in enumerate(run.updates(), run.step):
            _seed_everything(config.seed, step, rank)
            for settings in run.optimizer.param_groups:
                settings["lr"] = settings.get("rate", 1.0) * learning_rate(step, config)
            run.optimizer.zero_grad()

            loss_sum, ids, bad = run.accumulate(trained, loss_fn, batches, group, rank, halved)
            norm = float(nn.utils.clip_grad_norm_(run.parameters, config.clip or math.inf))
            failed = bool(bad) or not math.isfinite(norm)
            sums = processes.total([loss_sum, float(failed), float(bool(stop))], on)
            loss_sum, failures, stops = sums
            if failures:
                error = _non_finite(step, loss_sum, norm, bad or ids)
                if log:
                    log.write({"step": step + 1, "event": "non-finite", "ids": error.ids})
                raise error
            run.optimizer.step()
            run.advance(group)
            run.observe({"loss": loss_sum, "grad_norm": norm})
            bar.update()
            if log:  # the main process
                run.record(log, bar, folder, validate, bool(stops))
            if stops:
                if log:
                    bar.write(f"stopped at step {run.step} and saved; run again to go on",
                              file=sys.stderr)
                raise Stopped(128 + (stop.signal or signal.SIGTERM))

        return run.finish(validate)


def learning_rate(step: int, config: TrainConfig) -> float:
    """The learning rate of an update: linear warm-up, then constant, or half a cosine that ends at
    0.

    Args:
        step: number of the update, from 0.
        config: of the training.
    """
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    if config.schedule == "constant":
        return config.lr
    done = (step - config.warmup_steps) / max(1, config.max_steps - config.warmup_steps)
    return config.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def multiplies_bf16(device: torch.device) -> bool:
    """Whether bf16 is faster than fp32 on a device: NVIDIA GPUs since Ampere, CPUs with a bf16
    unit."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and bool(bf16_units())


class _Run:
    """All that changes during training, which is what a checkpoint holds."""

    def __init__(self, model: nn.Module, config: TrainConfig, dataset: Dataset, world: int) -> None:
        self.model, self.config, self.world = model, config, world
        self.on = next(model.parameters()).device
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        rates = {p: float(getattr(module, "rate", 1.0)) for module in model.modules()
                 for p in module.parameters(recurse=False) if p.requires_grad}
        self.optimizer = torch.optim.AdamW([
            {"params": [p for p in self.parameters
                        if rates[p] == rate and (p.ndim > 1) == matrices],
             "weight_decay": config.weight_decay if matrices else 0.0, "rate": rate}
            for rate in sorted(set(rates.values())) for matrices in (True, False)],
            lr=config.lr, fused=True)  # a quarter of the time of the default on a CPU
        self.ema = _copy(model.state_dict()) if config.ema else None
        self.step = self.epoch = self.used = 0  # updates made, and the place in the data
        # of the log's values since its last line: [sum, weight]
        self.sums: dict[str, list[float]] = {}
        self.best: dict[str, Any] = {"step": 0, "score": None, "metrics": {}, "model": {}}
        self.lengths = dataset.lengths
        lengths = np.asarray(self.lengths, dtype=np.float64)
        self.data = {"items": len(lengths), "sha256": hashlib.sha256(lengths.tobytes()).hexdigest()}

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {"step": self.step, "epoch": self.epoch, "used": self.used, "sums": self.sums,
                "best": self.best, "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "ema": self.ema, "config": dataclasses.asdict(self.config), "data": self.data,
                "world": self.world}

    def resume(self, folder: Path) -> None:
        """Restores the latest checkpoint of a folder, if it holds one, on every process."""
        if found := checkpoint.load_latest(folder / "checkpoints"):
            self.restore(found[1], folder)
        if int(processes.from_main(torch.tensor(self.step, device=self.on))) != self.step:
            raise InputError(f"{folder}: not the same on every machine; "
                             "training needs a folder that all share")

    def updates(self) -> Iterator[batching.Group]:
        """The batches of each update that is left, of all processes."""
        config = self.config
        return itertools.islice(
            batching.updates(self.lengths, config.batch_seconds, config.seed,
                             (self.epoch, self.used), self.world * config.accumulate),
            max(0, config.max_steps - self.step))

    def restore(self, state: dict[str, Any], folder: Path) -> None:
        """Takes over what a checkpoint holds. Raises InputError where it is of another
        configuration, of other data or of another model."""
        # With `max_steps` the rest of the schedule changes, and with `validate_every` what may be
        # the best step: a caller of `fit` may want that.
        may_differ = {*TrainConfig.FREE, "max_steps", "validate_every"}
        for name, now in dataclasses.asdict(self.config).items():
            then = state["config"].get(name)
            if name not in may_differ and then != now:
                raise InputError(f"{folder}: its checkpoint was trained with {name}={then}, "
                                 f"now {name}={now}; set it back to go on, or train into another "
                                 "folder")
        if state["data"] != self.data:
            then = state["data"]["items"]
            raise InputError(f"{folder}: its checkpoint was trained on other data ({then} items "
                             f"then, {self.data['items']} now); train into another folder")
        if state["world"] != self.world:
            checkpoint.log.warning("%s: was trained by %d processes and continues with %d, so with "
                                   "another number of batches in an update",
                                   folder, state["world"], self.world)
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError) as error:
            raise InputError(f"{folder}: its checkpoint is of another model "
                             f"({str(error).splitlines()[-1].strip()}); train into another folder"
                             ) from None
        for name, value in (self.ema or {}).items():
            value.copy_(state["ema"][name])
        self.step, self.epoch, self.used = state["step"], state["epoch"], state["used"]
        self.sums, self.best = state["sums"], state["best"]

    def accumulate(self, trained: nn.Module, loss_fn: Loss, batches: Iterator[Batch],
                   group: batching.Group, rank: int, halved: bool
                   ) -> tuple[float, list[str], list[str]]:
        """Adds up this process' part of the gradient of an update.

        Args:
            trained: the model, or a DistributedDataParallel around it.
            loss_fn: as in `fit`.
            batches: of this process, in the order of `group`.
            group: the batches of the update, of all processes.
            rank: of this process.
            halved: compute in bf16 where autocast does.

        Returns:
            This process' share of the loss, the utterances it was of, and those of batches whose
            loss is not finite.
        """
        utterances, mine = sum(len(indices) for _, _, indices in group), group[rank::self.world]
        total = 0.0
        ids: list[str] = []
        bad: list[str] = []
        for number, (_, _, indices) in enumerate(mine, 1):
            batch = _to(next(batches), self.on)
            share = len(indices) / utterances
            communicate = self.world == 1 or number == len(mine)
            context: Any = contextlib.nullcontext if communicate else trained.no_sync
            with context():
                with torch.autocast(self.on.type, torch.bfloat16, enabled=halved):
                    loss, extra = loss_fn(trained, batch)
                # By share of the utterances, so that any split of them over batches and
                # processes has the same gradient (DDP divides by the number of processes).
                (loss * share * self.world).backward()
            value = loss.item()
            total += value * share
            ids += batch["ids"]
            bad += [] if math.isfinite(value) else batch["ids"]
            self.observe({name: float(torch.as_tensor(x).detach()) for name, x in extra.items()
                          if name != "loss"}, len(indices))
        return total, ids, bad

    def advance(self, group: batching.Group) -> None:
        """Counts an update that was made from `group`, and updates the moving average."""
        self.step += 1
        self.epoch, self.used, _ = group[-1]
        # A short average at first, when the weights change most.
        decay = min(self.config.ema, self.step / (9 + self.step))
        if self.ema is not None:
            now = self.model.state_dict()
            moving = [name for name, value in now.items() if value.is_floating_point()]
            torch._foreach_lerp_([self.ema[name] for name in moving],
                                 [now[name] for name in moving], 1 - decay)
            for name in now.keys() - set(moving):
                self.ema[name].copy_(now[name])

    def observe(self, values: dict[str, float], weight: float = 1) -> None:
        """Adds values to the means of the log's next line."""
        for name, value in values.items():
            pair = self.sums.setdefault(name, [0.0, 0.0])
            pair[0] += value * weight
            pair[1] += weight

    def take_means(self) -> dict[str, float]:
        """The means of the values observed since the last call."""
        means = {name: value / weight for name, (value, weight) in sorted(self.sums.items())}
        self.sums = {}
        return means

    def record(self, log: TrainingLog, bar: Any, folder: Path, validate: Validate | None,
               stopping: bool) -> None:
        """Logs, validates and saves after an update, each as often as the configuration says, and
        all of it after the last one."""
        config, final = self.config, self.step == self.config.max_steps
        if final or self.step % config.log_every == 0:
            means = self.take_means()
            log.write({"step": self.step, **means, "lr": learning_rate(self.step - 1, config),
                       "epoch": self.epoch})
            bar.set_postfix(loss=f"{means['loss']:.4g}")
        if final or self.step % config.validate_every == 0:
            if metrics := self.validate(validate):
                log.write({"step": self.step, "valid": metrics})
            if self.best["step"] == self.step:
                checkpoint.write_tensors(folder / "best.safetensors", self.best["model"])
        if final or stopping or self.step % config.checkpoint_every == 0:
            checkpoint.save(folder / "checkpoints", self.step, self.state(), config.keep)

    def validate(self, validate: Validate | None) -> dict[str, float]:
        """The metrics of the present weights (of their moving average, if there is one), which are
        kept if they are the best."""
        weights, metrics = _copy(self.ema or self.model.state_dict()), {}
        if validate is not None:
            trained = _copy(self.model.state_dict())
            self.model.load_state_dict(weights)
            self.model.eval()
            with torch.no_grad():
                metrics = {name: float(value) for name, value in validate(self.model).items()}
            self.model.train()
            self.model.load_state_dict(trained)
            if "score" not in metrics:
                raise ValueError(f"validate() returned no 'score', only: {', '.join(metrics)}")
        score, best = metrics.get("score"), self.best["score"]
        if score is None or best is None or score > best or math.isnan(best):
            self.best = {"step": self.step, "score": score, "metrics": metrics, "model": weights}
        return metrics

    def finish(self, validate: Validate | None) -> FitResult:
        """Puts the best weights into the model, on every process."""
        # There was no validation if max_steps was lowered below the first one.
        if processes.is_main() and not self.best["model"]:
            self.validate(validate)
        if processes.is_main():
            self.model.load_state_dict(self.best["model"])
        weights = self.model.state_dict()
        for value in weights.values():
            processes.from_main(value)
        self.model.eval()
        score = self.best["score"]
        head = torch.tensor([self.best["step"], math.nan if score is None else score],
                            dtype=torch.float64, device=self.on)
        step, score = processes.from_main(head).tolist()
        return FitResult(self.step, int(step), None if math.isnan(score) else score,
                         self.best["metrics"])


class _StopRequest:
    """True once SIGTERM or SIGINT came. The same signal a second time has its usual effect at
    once."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self.before: dict[int, Any] = {}

    def __enter__(self) -> _StopRequest:
        if threading.current_thread() is threading.main_thread():
            self.before = {number: signal.signal(number, self._request)
                           for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        if self.signal is not None and kind is None:  # it came after the last step
            signal.raise_signal(self.signal)

    def _request(self, number: int, _: object) -> None:
        # torchrun passes Ctrl-C on as SIGTERM, so only the same signal counts as a second request.
        if self.signal == number:
            signal.signal(number, self.before[number])
            signal.raise_signal(number)
        self.signal = number

    def __bool__(self) -> bool:
        return self.signal is not None


def _non_finite(step: int, loss: float, norm: float, ids: list[str]) -> NonFiniteLoss:
    names = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
    return NonFiniteLoss(f"step {step + 1}: loss {loss:.4g}, gradient norm {norm:.4g}, from "
                         f"utterances {names}; the update was not made, and the last checkpoint is "
                         "kept", ids)


def _seed_everything(*seed: int) -> None:
    words = np.random.SeedSequence(seed).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(words[1])
    torch.manual_seed(int(words[2]))


def _to(batch: Batch, on: torch.device) -> Batch:
    return {name: value.to(on, non_blocking=True) if isinstance(value, torch.Tensor) else value
            for name, value in batch.items()}


def _copy(state: Weights) -> Weights:
    return {name: value.detach().clone() for name, value in state.items()}


def _bar(total: int, done: int, show: bool) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, initial=done, desc="train", unit="step", disable=not show,
                mininterval=0.2 if sys.stderr.isatty() else float(bars.EVERY))
