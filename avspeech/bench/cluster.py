"""Where jobs run: Dask processes on this machine, Slurm, a Dask scheduler, or this process.

    with workers(Cluster(kind="local")) as run:
        for request, answer in run(jobs.probe, requests):
            ...

A piece of work may kill its worker (memory, a fault in a library). Dask then blames every piece
that the worker had, and a piece that was finished there may become pending again, since its answer
is lost. A piece whose worker died is therefore only a suspect: suspects run again one at a time,
with nothing else on the cluster, and a piece has failed only if its worker dies then as well.
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
TRIES = 2  # deaths of a worker that ran a piece alone, after which the piece has failed


@contextmanager
def workers(cluster: Cluster) -> Iterator[Run]:
    """Yields `run(work, requests)`, which yields (request, answer) in the order of completion.

    A worker that dies is replaced, and its pieces run again.

    Args:
        cluster: where to run.

    Raises:
        InputError: Dask is not installed, or the cluster cannot be reached.
    """
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
    # A local cluster gives a worker up for good if it is away at this time after a death; on a busy
    # machine its restart takes longer than the default of 15 s, and in the end no worker is left
    with dask.config.set({"distributed.scheduler.allowed-failures": 0,
                          "distributed.deploy.lost-worker-timeout": "7 days",
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
        else:
            made = None
        try:
            try:
                client = Client(made if made is not None else cluster.kind, timeout="30s")
            except OSError as error:
                raise InputError(
                    f"cluster: {cluster.kind}: no scheduler answers there ({error})") from None
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

        suspects = []
        futures = {self.client.submit(work, request, pure=False): request for request in requests}
        for future in as_completed(list(futures)):
            request = futures.pop(future)
            try:
                # Not future.status, which may be pending again: this waits, and raises any failure
                answer = future.result()
            except Exception as error:
                if _own_error(error):
                    line = f"lost by the cluster ({type(error).__name__}: {error})"
                    answer = {"error": line[:300]}
                else:
                    suspects.append(request)
                    continue
            finally:
                future.release()
            yield request, answer
        for request in suspects:
            yield request, self._alone(work, request)

    def _alone(self, work: Work, request: Any) -> dict[str, Any]:
        """The answer of a piece that runs with nothing else on the cluster."""
        for _ in range(TRIES):
            future = self.client.submit(work, request, pure=False)
            try:
                return dict(future.result())
            except Exception as error:
                if _own_error(error):
                    return {"error": f"lost by the cluster ({type(error).__name__}: {error})"[:300]}
            finally:
                future.release()
        return {"error": f"its worker died each of the {TRIES} times that it ran alone; does it "
                         "need more memory than there is?"}


def _own_error(error: Exception) -> bool:
    """Whether the work raised this itself; otherwise it was lost with a worker or on the way."""
    from asyncio import CancelledError

    from distributed.client import FutureCancelledError
    from distributed.comm import CommClosedError
    from distributed.scheduler import KilledWorker

    lost = (KilledWorker, CancelledError, FutureCancelledError, CommClosedError, OSError)
    return not isinstance(error, lost)
