"""Where jobs run: processes of Dask on this machine, a Slurm cluster, a Dask scheduler somewhere, or here.

    with workers(Cluster(kind="local")) as run:
        for request, answer in run(jobs.probe, requests): ...
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from avspeech.bench.plan import Cluster
from avspeech.errors import InputError

Work = Callable[[Any], dict[str, Any]]
Answered = tuple[Any, dict[str, Any]]
Run = Callable[[Work, Sequence[Any]], Iterator[Answered]]
DEATHS = 3  # workers that may die on a piece before it counts as failed


@contextmanager
def workers(cluster: Cluster) -> Iterator[Run]:
    """Yields `run(work, requests)`, which yields (request, answer) as they are done. A worker that is
    killed is replaced and its piece done again. Raises InputError where Dask, or the cluster, is not to be
    had."""
    if cluster.kind == "none":
        yield _here
        return
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise InputError("cluster: Dask is not installed; pip install avspeech[bench], "
                         "or run in this process with cluster.kind=none") from None
    count = cluster.workers or max(1, len(os.sched_getaffinity(0)) // max(1, cluster.threads))
    environment = {name: str(cluster.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    environment |= {"OMP_WAIT_POLICY": "passive"}
    with dask.config.set({"distributed.scheduler.allowed-failures": DEATHS,
                          "distributed.comm.timeouts.connect": "60s"}):
        if cluster.kind == "local":
            made: Any = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None,
                                     memory_limit=0, silence_logs=logging.CRITICAL, env=environment)
        elif cluster.kind == "slurm":
            try:
                from dask_jobqueue import SLURMCluster
            except ImportError:
                raise InputError("cluster: dask-jobqueue is not installed; "
                                 "pip install dask-jobqueue") from None
            made = SLURMCluster(**{"cores": 1, "processes": 1, "memory": "8GB", **cluster.slurm})
            made.scale(jobs=count)
        elif "://" in cluster.kind:
            made = None
        else:
            raise InputError(f"cluster: '{cluster.kind}' is not local, slurm, none, or an address "
                             "(tcp://...)")
        try:
            try:
                client = Client(made if made is not None else cluster.kind, timeout="30s")
            except OSError as error:
                raise InputError(f"cluster: {cluster.kind}: no scheduler answers there ({error})") from None
            with client:
                yield _Remote(client)
        finally:
            if made is not None:
                made.close()


def _here(work: Work, requests: Sequence[Any]) -> Iterator[Answered]:
    for request in requests:
        yield request, work(request)


class _Remote:
    def __init__(self, client: Any) -> None:
        self.client = client

    def __call__(self, work: Work, requests: Sequence[Any]) -> Iterator[Answered]:
        from distributed import as_completed

        futures = {self.client.submit(work, request, pure=False): request for request in requests}
        for future in as_completed(list(futures)):
            request = futures.pop(future)
            if future.status == "finished":
                yield request, future.result()
            else:
                reason = type(future.exception()).__name__
                text = f"lost by the cluster ({reason})"
                if reason == "KilledWorker":
                    text = f"{DEATHS + 1} workers died on it; is there memory enough?"
                yield request, {"error": text}
            future.release()
