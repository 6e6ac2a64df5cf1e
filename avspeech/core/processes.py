"""One training in several processes, started by torchrun: ranks, collectives, and pool workers that
end with the process that started them.

    with processes.distributed():            # does nothing when started without torchrun
        model.to(processes.device())
        trainer.fit(model, ...)
        if processes.is_main():
            write(...)
"""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterator

import torch
import torch.distributed as dist


@contextlib.contextmanager
def distributed(timeout: float = 1800.0) -> Iterator[None]:
    """Joins the processes that torchrun started, by NCCL where there are GPUs, else by gloo.

    Args:
        timeout: seconds after which a process that waits for the others gives up. It must be longer
            than a validation takes.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1 or dist.is_initialized():
        yield
        return
    rank, limit = int(os.environ["RANK"]), datetime.timedelta(seconds=timeout)
    agent_serves = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    store = dist.TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), world,
                          is_master=rank == 0 and not agent_serves, timeout=limit)
    # The store outlives a restart, with the keys of the attempt before in it:
    # each attempt has names of its own.
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(device())
        backend = "nccl"
    dist.init_process_group(backend, store=dist.PrefixStore(f"avspeech/{attempt}", store),
                            rank=rank, world_size=world, timeout=limit)
    try:
        yield
    finally:
        dist.destroy_process_group()


def rank_and_world() -> tuple[int, int]:
    """This process's number and the number of processes: (0, 1) outside `distributed`."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def is_main() -> bool:
    """Whether this is the process that writes files and prints."""
    return rank_and_world()[0] == 0


def barrier() -> None:
    """Waits for the other processes, if there are any."""
    if dist.is_initialized():
        dist.barrier()


def device() -> torch.device:
    """The device of this process: the GPU of its local rank, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def total(values: list[float], on: torch.device) -> list[float]:
    """Sums over all processes.

    Args:
        values: of this process.
        on: device for the communication.

    Returns:
        The sum of each value, the same on every process.
    """
    if rank_and_world()[1] == 1:
        return values
    tensor = torch.tensor(values, dtype=torch.float64, device=on)
    dist.all_reduce(tensor)
    return tensor.tolist()


def from_main(tensor: torch.Tensor) -> torch.Tensor:
    """The main process's `tensor` on every process. The others pass one of the same shape, which is
    overwritten."""
    if rank_and_world()[1] > 1:
        dist.broadcast(tensor, 0)
    return tensor
