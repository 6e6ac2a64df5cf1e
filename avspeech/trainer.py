"""The one training loop.

`fit` trains any model on any dataset that has lengths and pure items; what is specific to a task comes in as a loss
function and a validation function. Every draw is a function of the configuration: batches of (seed, epoch), items of
(seed, epoch, index), and the global generators of Python, NumPy and torch are seeded anew at each step from (seed,
step, rank). So no generator's state needs to be stored, the number of data workers changes nothing, and a run that was
killed and resumed ends, on a CPU, with the same bits as one that was not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import itertools
import json
import math
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from avspeech import checkpoint
from avspeech.errors import InputError

Batch = dict[str, Any]
Loss = Callable[[nn.Module, Batch], "tuple[torch.Tensor, dict[str, float | torch.Tensor]]"]
Validate = Callable[[nn.Module], "dict[str, float]"]

# What may differ between the run that wrote a checkpoint and the one that resumes from it.
FREE_TO_CHANGE = {"max_steps", "workers", "validate_every", "checkpoint_every", "keep", "log_every"}


@dataclass
class TrainConfig:
    """How to train.

    max_steps: updates in all. batch_seconds: padded length of a batch, in seconds; one utterance longer than that is
    a batch of its own. accumulate: batches an update (times the processes under torchrun).
    lr: the highest rate, reached after warmup_steps; schedule: then "cosine" to 0 at max_steps, or "constant".
    weight_decay: AdamW's, for matrices only. clip: highest norm of the gradient, 0 for no limit.
    precision: "fp32", or "bf16" for autocast. ema: decay of an exponential moving average of the weights, which then is
    what is validated and kept; 0 for none. seed: of everything. workers: processes that load data.
    validate_every, checkpoint_every, log_every: in steps; keep: checkpoints kept.
    """

    max_steps: int = 10_000
    batch_seconds: float = 32.0
    lr: float = 1e-3
    weight_decay: float = 0.01
    warmup_steps: int = 0
    schedule: str = "cosine"
    clip: float = 5.0
    accumulate: int = 1
    precision: str = "fp32"
    ema: float = 0.0
    seed: int = 0
    workers: int = 0
    validate_every: int = 1000
    checkpoint_every: int = 500
    keep: int = 2
    log_every: int = 20

    def __post_init__(self) -> None:
        for name in ("max_steps", "accumulate", "validate_every", "checkpoint_every", "keep", "log_every"):
            if getattr(self, name) < 1:
                raise InputError(f"train.{name}: expected at least 1, got {getattr(self, name)}")
        for name in ("weight_decay", "warmup_steps", "clip", "seed", "workers"):
            if not getattr(self, name) >= 0:
                raise InputError(f"train.{name}: expected 0 or more, got {getattr(self, name)}")
        for name in ("batch_seconds", "lr"):
            if not getattr(self, name) > 0:
                raise InputError(f"train.{name}: expected more than 0, got {getattr(self, name)}")
        if not 0 <= self.ema < 1:
            raise InputError(f"train.ema: expected a decay from 0 to below 1, got {self.ema}")
        for name, known in (("schedule", ("cosine", "constant")), ("precision", ("fp32", "bf16"))):
            if getattr(self, name) not in known:
                raise InputError(f"train.{name}: expected one of {', '.join(known)}, got '{getattr(self, name)}'")


class Dataset(Protocol):
    """What `fit` draws from. `item` must be a pure function of its arguments: all its randomness comes from `seed`."""

    @property
    def lengths(self) -> Sequence[float]:
        """The length of each item, in seconds."""

    def item(self, index: int, seed: int) -> dict[str, Any]:
        """One training example."""

    def collate(self, items: list[dict[str, Any]]) -> Batch:
        """A batch of items: tensors, and "ids", the utterances' names."""


@dataclass
class FitResult:
    """What came out: updates made, the step whose weights the model now holds, its score (None where nothing was
    validated) and all that `validate` returned there."""

    steps: int
    best_step: int
    best_score: float | None
    metrics: dict[str, float] = field(default_factory=dict)


class NonFiniteLoss(RuntimeError):
    """The loss or the gradient is not finite. Raised before the update; `ids` are the utterances it came from."""

    def __init__(self, message: str, ids: Sequence[str]) -> None:
        super().__init__(message)
        self.ids = list(ids)


class Stopped(SystemExit):
    """Training was asked to stop (SIGTERM, Ctrl-C), saved its state and did. Exit code 128 + the signal's number."""


def fit(model: nn.Module, loss_fn: Loss, dataset: Dataset, config: TrainConfig, folder: str | Path,
        validate: Validate | None = None) -> FitResult:
    """Trains `model` in place, on the device it is on; it returns with the best weights, in eval mode.

    loss_fn(model, batch) -> (loss, logs): the loss is the mean over the batch's utterances. It calls `model` once, as
    a function, since under torchrun it is given a DistributedDataParallel. validate(model) -> metrics; "score" is
    maximised. Without `validate` the last weights count as the best.
    folder: gets `checkpoints/`, `best.safetensors`, `log.jsonl` and `tensorboard/`. Where it holds a checkpoint,
    training goes on from there; under torchrun every process must see the same folder.
    Raises InputError when the folder belongs to another configuration, model or dataset; NonFiniteLoss; Stopped.
    """
    folder, device = Path(folder), next(model.parameters()).device
    rank, world = _rank_and_world()
    with contextlib.ExitStack() as stack:
        if rank == 0:
            stack.enter_context(checkpoint.lock(folder))
        parameters = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW([
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0}], lr=config.lr)
        ema = _copy(model.state_dict()) if config.ema else None
        run = _Run(model, optimizer, ema, config, _digest(dataset.lengths), world)
        found = checkpoint.load_latest(folder / "checkpoints")
        if found:
            run.restore(found[1], str(folder))
        if len({*_reduce([run.step, -run.step], device, dist.ReduceOp.MAX), -run.step}) > 2:
            raise InputError(f"{folder}: processes see different checkpoints; use a folder that all machines share")

        log = stack.enter_context(_Log(folder, run.step)) if rank == 0 else None
        stop = stack.enter_context(_StopRequest())
        steps = range(run.step, config.max_steps)
        batches = _loader(dataset, run, config, rank, world, device)
        groups = _groups(dataset.lengths, config, run.epoch, run.cursor, world)
        wrapped = model if world == 1 else DistributedDataParallel(
            model, device_ids=[device.index] if device.type == "cuda" else None)
        bar = stack.enter_context(_bar(config.max_steps, run.step, rank))
        model.train()

        for step in steps:
            _seed_everything(config.seed, step, rank)
            for settings in optimizer.param_groups:
                settings["lr"] = learning_rate(step, config)
            group = next(groups)
            total, mine = sum(len(indices) for _, _, indices in group), group[rank::world]
            losses, logs, ids, bad = 0.0, [], [], []
            for number, (_, _, indices) in enumerate(mine, 1):
                batch = _to(next(batches), device)
                last = world == 1 or number == len(mine)
                with contextlib.nullcontext() if last else wrapped.no_sync():  # type: ignore[operator]
                    with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bf16"):
                        loss, extra = loss_fn(wrapped, batch)
                    # Weighted by utterances, so that any split over batches and processes has the same gradient;
                    # DDP divides by the number of processes.
                    (loss * (len(indices) / total * world)).backward()
                losses += loss.item() * len(indices) / total
                logs.append((len(indices), {name: float(value) for name, value in extra.items()}))
                ids += batch["ids"]
                if not math.isfinite(loss.item()):
                    bad += batch["ids"]
            norm = nn.utils.clip_grad_norm_(parameters, config.clip or math.inf).item()
            losses, failed, stopped = _reduce([losses, float(bool(bad) or not math.isfinite(norm)), float(bool(stop))],
                                              device)
            if failed:
                error = _non_finite(step, losses, norm, bad or ids)
                if log:
                    log.write({"step": step + 1, "event": "non-finite", "ids": error.ids})
                raise error
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            run.epoch, run.cursor, _ = group[-1]
            run.step = step + 1
            if ema is not None:
                _average(ema, model, min(config.ema, (1 + step) / (10 + step)))

            run.observe({"loss": losses, "grad_norm": norm, **_mean(logs)})
            bar.update()
            final = run.step == config.max_steps
            if log and (final or run.step % config.log_every == 0):
                means = run.take_means()
                bar.set_postfix({"loss": f"{means['loss']:.4g}"})
                log.write({"step": run.step, **means, "lr": learning_rate(step, config), "epoch": run.epoch})
            if rank == 0 and (final or run.step % config.validate_every == 0):
                metrics = _validate(model, ema, validate)
                if run.consider(metrics):
                    checkpoint.write_tensors(folder / "best.safetensors", run.best["model"])
                if log and metrics:
                    log.write({"step": run.step, "valid": metrics})
            if rank == 0 and (final or stopped or run.step % config.checkpoint_every == 0):
                checkpoint.save(folder / "checkpoints", run.step, run.state(), config.keep)
            if stopped and not final:
                bar.write(f"stopped at step {run.step} and saved; run again to go on", file=sys.stderr)
                raise Stopped(128 + (stop.signal or signal.SIGTERM))

        best = run.best
        if world > 1:
            best = _share(best, model, device)
        _load(model, best["model"])
        model.eval()
        return FitResult(run.step, best["step"], best["score"], best["metrics"])


def learning_rate(step: int, config: TrainConfig) -> float:
    """The rate of update `step` (from 0): linear warm-up, then constant or half a cosine down to 0."""
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    if config.schedule == "constant":
        return config.lr
    done = (step - config.warmup_steps) / max(1, config.max_steps - config.warmup_steps)
    return config.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def bucket(lengths: Sequence[float], batch_seconds: float, seed: Sequence[int]) -> list[list[int]]:
    """One epoch: every index once, in batches of like lengths whose padded size is at most `batch_seconds`, shuffled.

    Lengths within about a tenth count as equal, and where one bucket ends and the next begins is drawn anew for each
    seed, so that the same utterances do not always meet.
    """
    random_state = np.random.default_rng(list(seed))
    order = random_state.permutation(len(lengths))
    size = np.log(np.maximum(np.asarray(lengths, dtype=np.float64), 1e-3)) / math.log(1.1)
    order = order[np.argsort(np.floor(size + random_state.random())[order], kind="stable")]
    result: list[list[int]] = []
    longest = 0.0
    for index in order.tolist():
        longest = max(longest, lengths[index])
        if not result or longest * (len(result[-1]) + 1) > batch_seconds:
            result.append([])
            longest = lengths[index]
        result[-1].append(index)
    return [result[i] for i in random_state.permutation(len(result))]


# --- several processes -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def distributed(timeout: float = 1800.0) -> Iterator[None]:
    """Joins the processes that torchrun started: NCCL where there are GPUs, else gloo. Does nothing outside torchrun.

    timeout: seconds after which a process that waits for the others gives up; it must be longer than a validation.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1 or dist.is_initialized():
        yield
        return
    rank, limit = int(os.environ["RANK"]), datetime.timedelta(seconds=timeout)
    agent_serves = os.environ.get("TORCHELASTIC_USE_AGENT_STORE", "False") == "True"
    store = dist.TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), world,
                          is_master=rank == 0 and not agent_serves, timeout=limit)
    # After a restart the keys of the attempt before are still in the store: a name of its own for each attempt.
    prefix = f"avspeech/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"
    if torch.cuda.is_available():
        torch.cuda.set_device(device())
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", store=dist.PrefixStore(prefix, store),
                            rank=rank, world_size=world, timeout=limit)
    try:
        yield
    finally:
        dist.destroy_process_group()


def is_main() -> bool:
    """Whether this process is the one that writes files and speaks: rank 0, or the only one."""
    return _rank_and_world()[0] == 0


def barrier() -> None:
    """Waits for the other processes, if there are any."""
    if dist.is_initialized():
        dist.barrier()


def device() -> torch.device:
    """The device of this process: the GPU of its local rank, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def _rank_and_world() -> tuple[int, int]:
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def _reduce(values: list[float], device: torch.device, how: Any = dist.ReduceOp.SUM) -> list[float]:
    if _rank_and_world()[1] == 1:
        return values
    tensor = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(tensor, how)
    return tensor.tolist()


def _share(best: dict[str, Any], model: nn.Module, device: torch.device) -> dict[str, Any]:
    """Rank 0's best, on every rank (the metrics stay on rank 0)."""
    score = best["score"] if best["score"] is not None else math.nan
    head = torch.tensor([best["step"], score], dtype=torch.float64, device=device)
    dist.broadcast(head, 0)
    weights = {}
    for name, value in model.state_dict().items():
        weights[name] = best["model"].get(name, value).to(device).contiguous()
        dist.broadcast(weights[name], 0)
    step, score = head.tolist()
    return {"step": int(step), "score": None if math.isnan(score) else score, "model": weights,
            "metrics": best["metrics"]}


# --- the parts of the loop ----------------------------------------------------------------------------------------


class _Run:
    """All that a checkpoint holds."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, ema: dict[str, torch.Tensor] | None,
                 config: TrainConfig, data: str, world: int) -> None:
        self.model, self.optimizer, self.ema, self.config, self.data, self.world = \
            model, optimizer, ema, config, data, world
        self.step = self.epoch = self.cursor = 0
        self.sums: dict[str, list[float]] = {}
        self.best: dict[str, Any] = {"step": 0, "score": None, "metrics": {}, "model": {}}

    def state(self) -> dict[str, Any]:
        return {"step": self.step, "epoch": self.epoch, "cursor": self.cursor, "sums": self.sums, "best": self.best,
                "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "ema": self.ema,
                "config": dataclasses.asdict(self.config), "data": self.data, "world": self.world}

    def restore(self, state: dict[str, Any], where: str) -> None:
        for name, now in dataclasses.asdict(self.config).items():
            then = state["config"].get(name)
            if name not in FREE_TO_CHANGE and then != now:
                raise InputError(f"{where}: was trained with train.{name}={then}, now {now}; "
                                 "use another folder, or the old value to go on")
        if state["data"] != self.data:
            raise InputError(f"{where}: was trained on other data ({state['data'].split()[0]} items then, "
                             f"{self.data.split()[0]} now); use another folder")
        if state["world"] * self.config.accumulate != self.world * self.config.accumulate:
            checkpoint.log.warning("%s: was trained by %d processes, goes on with %d: an update now sees another "
                                   "number of batches", where, state["world"], self.world)
        try:
            _load(self.model, state["model"])
        except RuntimeError as error:
            raise InputError(f"{where}: holds another model ({str(error).splitlines()[-1].strip()}); "
                             "use another folder") from None
        self.optimizer.load_state_dict(state["optimizer"])
        if self.ema is not None:
            for name, value in self.ema.items():
                value.copy_(state["ema"][name])
        self.step, self.epoch, self.cursor = state["step"], state["epoch"], state["cursor"]
        self.sums, self.best = state["sums"], state["best"]

    def observe(self, values: dict[str, float]) -> None:
        """Adds a step's values to the running sums between two lines of the log."""
        for name, value in values.items():
            pair = self.sums.setdefault(name, [0.0, 0])
            pair[0] += value
            pair[1] += 1

    def take_means(self) -> dict[str, float]:
        means = {name: total / count for name, (total, count) in self.sums.items()}
        self.sums = {}
        return means

    def consider(self, metrics: dict[str, float]) -> bool:
        """Keeps the weights that were just validated if none scored higher. Without metrics the last are kept."""
        score, best = metrics.get("score"), self.best["score"]
        better = score is None or best is None or score > best or math.isnan(best)
        if better:
            weights = self.ema if self.ema is not None else self.model.state_dict()
            self.best = {"step": self.step, "score": score, "metrics": metrics, "model": _copy(weights)}
        return better


class _Items(torch.utils.data.Dataset):
    """Items by (epoch, index)."""

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self.dataset, self.seed = dataset, seed

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Any]:
        epoch, index = key
        return self.dataset.item(index, int(np.random.SeedSequence([self.seed, epoch, index]).generate_state(1)[0]))


def _groups(lengths: Sequence[float], config: TrainConfig, epoch: int, cursor: int,
            world: int) -> Iterator[list[tuple[int, int, list[int]]]]:
    """The batches of each update from a position on, as (epoch, position after the batch, indices), without end.

    An update that begins at the end of an epoch takes its other batches from the next: nothing is left out, and the
    position means the same to any number of processes."""
    def endless() -> Iterator[tuple[int, int, list[int]]]:
        first = cursor
        for number in itertools.count(epoch):
            plan = bucket(lengths, config.batch_seconds, (config.seed, number))
            for i in range(first, len(plan)):
                yield number, i + 1, plan[i]
            first = 0

    stream = endless()
    while True:
        yield list(itertools.islice(stream, world * config.accumulate))


def _loader(dataset: Dataset, run: _Run, config: TrainConfig, rank: int, world: int,
            device: torch.device) -> Iterator[Batch]:
    """This process's share of the batches of the steps that are left."""
    if not len(dataset.lengths):
        raise InputError("training set: no utterances; is the manifest empty?")
    groups = itertools.islice(_groups(dataset.lengths, config, run.epoch, run.cursor, world),
                              config.max_steps - run.step)
    keys = ([(epoch, index) for index in indices] for group in groups for epoch, _, indices in group[rank::world])
    # A generator of its own: a loader's first act is a draw, which must not come from the global one.
    return iter(DataLoader(_Items(dataset, config.seed), batch_sampler=keys,  # type: ignore[arg-type]
                           collate_fn=dataset.collate, num_workers=config.workers, generator=torch.Generator(),
                           pin_memory=device.type == "cuda"))


class _Log:
    """`log.jsonl`, one JSON object a line, and TensorBoard where it is installed; cut back to `step` to begin with."""

    def __init__(self, folder: Path, step: int) -> None:
        self.path, self.start, self.board = folder / "log.jsonl", time.monotonic(), None
        kept = []
        if self.path.exists():
            for line in self.path.read_bytes().splitlines():
                with contextlib.suppress(ValueError):  # the last line may have been cut by a crash
                    if json.loads(line)["step"] <= step:
                        kept.append(line + b"\n")
        checkpoint.write_atomically(self.path, b"".join(kept))
        self.file = open(self.path, "a", encoding="utf-8")
        with contextlib.suppress(ImportError):
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        if self.board:
            self.board.close()

    def write(self, record: dict[str, Any]) -> None:
        self.file.write(json.dumps({**record, "seconds": round(time.monotonic() - self.start, 3)}) + "\n")
        self.file.flush()
        if self.board:
            values = {"valid": record["valid"]} if "valid" in record else {"train": record}
            for part, entries in values.items():
                for name, value in entries.items():
                    if name != "step" and isinstance(value, (int, float)):
                        self.board.add_scalar(f"{part}/{name}", value, record["step"])


class _StopRequest:
    """True once SIGTERM or SIGINT came; a second one takes its usual effect at once."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self.before: dict[int, Any] = {}

    def __enter__(self) -> _StopRequest:
        if threading.current_thread() is threading.main_thread():
            self.before = {number: signal.signal(number, self._request) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.before = {}

    def _request(self, number: int, _: object) -> None:
        self.signal = number
        self.__exit__()

    def __bool__(self) -> bool:
        return self.signal is not None


def _validate(model: nn.Module, ema: dict[str, torch.Tensor] | None, validate: Validate | None) -> dict[str, float]:
    if validate is None:
        return {}
    trained = _copy(model.state_dict()) if ema is not None else None
    if ema is not None:
        _load(model, ema)
    model.eval()
    with torch.no_grad():
        metrics = {name: float(value) for name, value in validate(model).items()}
    model.train()
    if trained is not None:
        _load(model, trained)
    if "score" not in metrics:
        raise ValueError(f"validate() returned no 'score', only {', '.join(metrics) or 'nothing'}")
    return metrics


def _non_finite(step: int, loss: float, norm: float, ids: list[str]) -> NonFiniteLoss:
    names = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
    return NonFiniteLoss(f"step {step + 1}: loss {loss:.4g}, gradient norm {norm:.4g}, from utterances {names}; "
                         "the weights were not updated and the last checkpoint stands", ids)


def _average(ema: dict[str, torch.Tensor], model: nn.Module, decay: float) -> None:
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            ema[name].lerp_(value, 1 - decay)
        else:
            ema[name].copy_(value)


def _mean(logs: list[tuple[int, dict[str, float]]]) -> dict[str, float]:
    """Means over this process's batches of the step, weighted by their number of utterances."""
    names = {name for _, values in logs for name in values}
    return {name: sum(n * values[name] for n, values in logs if name in values)
            / sum(n for n, values in logs if name in values) for name in sorted(names)}


def _seed_everything(*seed: int) -> None:
    words = np.random.SeedSequence(list(seed)).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(words[1])
    torch.manual_seed(int(words[2]))


def _to(batch: Batch, device: torch.device) -> Batch:
    return {name: value.to(device, non_blocking=True) if isinstance(value, torch.Tensor) else value
            for name, value in batch.items()}


def _copy(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in state.items()}


def _load(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    model.load_state_dict(state)


def _digest(lengths: Sequence[float]) -> str:
    """Number and hash of the lengths: enough to tell another dataset from this one."""
    return f"{len(lengths)} {hashlib.sha256(np.asarray(lengths, dtype=np.float64).tobytes()).hexdigest()[:16]}"


def _bar(total: int, done: int, rank: int) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, initial=done, desc="train", unit="step", disable=rank != 0,
                mininterval=0.2 if sys.stderr.isatty() else 30.0)
