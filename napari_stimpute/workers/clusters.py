"""Dask behind a crew: a cluster of this machine, jobs of SLURM, or a cluster that runs already.

Processes of this machine end with this one, whatever ends it: they watch a pipe to it.
"""

from __future__ import annotations

import logging
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any, Generic, TypeVar, cast
from uuid import uuid4

import dask.config
import psutil  # type: ignore[import-untyped]
from distributed import Client, Future, KilledWorker, LocalCluster, get_worker
from distributed.deploy.cluster import Cluster
from distributed.diagnostics.plugin import WorkerPlugin

from ..errors import InputError, StimputeError
from .workers import SLURM, Done, Workers

P = TypeVar("P")
R = TypeVar("R")

_DEATHS = 3
"""Processes that die at one part before it is given up."""

_MEMORY_RULES = {
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
}
"""A process that takes more than its share ends; nothing is put on disk in place of memory."""

_PATIENCE = 5.0
"""Seconds that the end of a cluster is waited for."""

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What numeric libraries read as they are loaded."""

_JOB_CORES, _JOB_MEMORY = 4, "16GB"
"""What a job of SLURM asks for, where Dask's jobqueue.yaml does not say it."""

_UNSAID_TIME, _JOB_TIME = "00:30:00", "24:00:00"
"""How long a job may last by dask-jobqueue, where nobody says it, and by us."""


class Dask(Generic[P, R]):
    """A client, and the work that every worker has been given.

    Raises
    ------
    InputError : what a cluster needs is not installed
    StimputeError : it cannot be reached, or its workers lack this program
    """

    def __init__(self, workers: Workers, work: Callable[[P], R]) -> None:
        self._name = f"stimpute-{uuid4().hex}"
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said here
        with ExitStack() as started, _unheard_ctrl_c():
            started.enter_context(_main_left_out())
            cluster = _cluster(workers)
            if cluster is not None:
                started.callback(end, cluster)
            self._client = _client(workers.cluster if cluster is None else cluster)
            started.callback(self._client.close)
            self._give(work)
            started.callback(self._take_back)
            self._started = started.pop_all()

    def n_at_work(self) -> int:
        """How many workers there are now.

        Raises
        ------
        StimputeError : the cluster is gone
        """
        try:
            return len(self._client.nthreads())
        except OSError as error:
            raise _gone() from error

    def submit(self, part: P) -> Future[R]:
        """Have a part done."""
        return self._client.submit(_do, self._name, part, pure=False)

    def done(self, future: Future[R], part: P) -> Done[P, R]:
        """What came of a part that is over."""
        if future.status == "finished":
            return Done(part, future.result())
        if future.status != "error":
            raise _gone()
        error = future.exception()
        if isinstance(error, KilledWorker):
            return Done(part, error=_died(error))
        return Done(part, error=error)

    def close(self) -> None:
        """End the processes that were started; those of another cluster forget the work."""
        self._started.close()

    def _give(self, work: Callable[[P], R]) -> None:
        try:
            self._client.register_plugin(_Held(work), name=self._name)
        except ImportError as error:
            raise StimputeError(
                expected="workers that have napari-stimpute, in this version",
                found=str(error),
                remedy="Install it where they run, and start them anew.",
            ) from error

    def _take_back(self) -> None:
        with suppress(OSError, ValueError):  # a cluster that is gone
            self._client.unregister_worker_plugin(self._name)


class _Held(WorkerPlugin):  # type: ignore[misc]  # distributed leaves it untyped
    """The work, once on each worker, also on one that comes later."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work


def _do(name: str, part: P) -> Any:
    return cast("_Held", get_worker().plugins[name]).work(part)


# ---- clusters ----------------------------------------------------------------------------------


def _cluster(workers: Workers) -> Cluster | None:
    """Start one; None where there is one already."""
    if workers.cluster == SLURM:
        return slurm(workers.n)
    return None if workers.cluster else _of_this_machine(workers)


def _of_this_machine(workers: Workers) -> Cluster:
    import torch

    n_threads = str(min(workers.n_cores, torch.get_num_threads()))
    names = [f"distributed.nanny.pre-spawn-environ.{name}" for name in _THREADS]
    with dask.config.set(dict.fromkeys(names, n_threads)):
        return LocalCluster(
            n_workers=workers.n,
            threads_per_worker=1,
            memory_limit=workers.memory,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={"allowed_failures": _DEATHS - 1},
            config=_MEMORY_RULES,
        )


def slurm(n: int) -> Cluster:
    """Workers that are jobs of SLURM, one each: submitted, and again where they end too early.

    What a job asks for stands in Dask's ``jobqueue.yaml``, or in the variables that sbatch reads.

    Raises
    ------
    InputError : there is no SLURM here, or dask-jobqueue is not installed
    """
    if shutil.which("sbatch") is None:
        raise InputError(
            expected="SLURM, whose jobs are submitted by sbatch",
            found="no such program on this machine",
            remedy="Begin on a machine from which jobs are submitted, or leave --cluster out.",
        )
    try:
        with _ctrl_c_left_alone():
            from dask_jobqueue.slurm import SLURMCluster
    except ModuleNotFoundError as error:
        raise InputError(
            expected="dask-jobqueue, which submits jobs",
            found="that it is not installed",
            remedy="Install it: pip install 'napari-stimpute[scale]'.",
        ) from error
    said = dask.config.get("jobqueue.slurm")
    cores, memory = said["cores"] or _JOB_CORES, said["memory"] or _JOB_MEMORY
    walltime = _JOB_TIME if said["walltime"] == _UNSAID_TIME else said["walltime"]
    cluster: Cluster = SLURMCluster(
        cores=cores,
        memory=memory,
        walltime=walltime,
        processes=1,
        worker_extra_args=[*said["worker-extra-args"], "--nthreads", "1"],
        job_script_prologue=[*said["job-script-prologue"], *_threads(cores)],
        scheduler_options={"dashboard_address": None, "allowed_failures": _DEATHS - 1},
        silence_logs=logging.CRITICAL,
    )
    cluster.adapt(minimum_jobs=n, maximum_jobs=n)
    return cluster


def _threads(n: object) -> list[str]:
    prefix = "DASK_DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON__"
    return [f"export {prefix}{name}={n}" for name in _THREADS]


def _client(cluster: str | Cluster) -> Client:
    try:
        return Client(cluster)
    except (OSError, ValueError) as error:
        raise StimputeError(
            expected=f"a Dask scheduler at {cluster}",
            found=f"none that answers ({error})",
            remedy="Start one there (dask scheduler, and dask worker), or correct the address.",
        ) from error


def end(cluster: Cluster) -> None:
    """End a cluster and its processes at once: whoever computes on would be waited for."""
    for nanny in cluster.workers.values() if isinstance(cluster, LocalCluster) else ():
        nanny.auto_restart = False
        if nanny.process is not None and nanny.process.pid is not None:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(nanny.process.pid).kill()
    with suppress(TimeoutError):  # one that was just being started; it ends with this process
        cluster.close(timeout=_PATIENCE)


@contextmanager
def _main_left_out() -> Iterator[None]:
    """Let new processes, those that take the place of others too, not run this one's script again.

    They would, to have what it defines: a script without a main guard would open another window.
    """
    main = vars(sys.modules["__main__"])
    script = main.pop("__file__", None)
    try:
        yield
    finally:
        if script is not None:
            main["__file__"] = script


@contextmanager
def _unheard_ctrl_c() -> Iterator[None]:
    """Let what is started here not hear of a terminal's Ctrl-C, which every process there gets.

    A thread and a process begin with the signals blocked that their beginner blocks.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which unblocks them as it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _ctrl_c_left_alone() -> Iterator[None]:
    """Let what is imported in this thread set no signal handlers.

    dask-jobqueue 0.9 takes Ctrl-C for itself then, and cannot be imported but by the main thread.
    """
    here, set_handler = threading.current_thread(), signal.signal

    def unset_here(number: int, handler: Any) -> Any:
        if threading.current_thread() is here:
            return signal.getsignal(number)
        return set_handler(number, handler)

    signal.signal = unset_here  # type: ignore[assignment]
    try:
        yield
    finally:
        signal.signal = set_handler


# ---- in words ----------------------------------------------------------------------------------


def _gone() -> StimputeError:
    return StimputeError(
        expected="a cluster that stays until the work is done",
        found="that its scheduler is gone",
        remedy="What is finished is kept: start again once there is a cluster.",
    )


def _died(error: KilledWorker) -> StimputeError:
    return StimputeError(
        expected="a worker that lives to the end of this part",
        found=f"{error.allowed_failures + 1} that died at it, one after the other",
        remedy="Most often memory runs out: use fewer workers, or fewer genes.",
    )
