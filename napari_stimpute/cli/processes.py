"""`--processes N`: the same command several times at once, whose processes train one network.

They find one another as those that ``torchrun`` starts do, which may start them as well. The first
one says, judges and writes; it alone is told of Ctrl-C. One that is killed ends the others, and the
command is begun again, once, from where training stood.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from ..models import model_info
from .options import positive, usage

Command = Callable[[argparse.Namespace], int]

LOST = 75
"""Exit code of a process that misses another: try again (EX_TEMPFAIL)."""

_WAIT, _GRACE = 0.05, 10.0
"""Seconds between two looks at the processes, and for the first to say that it misses another."""


def add_processes_option(group: argparse._ActionsContainer) -> None:
    """Offer to train by several processes."""
    group.add_argument(
        "--processes",
        default=1,
        type=positive,
        metavar="N",
        help="train one network by so many processes of this machine, each on a share of every "
        "step, on a core or a GPU of its own (%(default)s). Each holds all counts, in memory or, "
        "where they are too many, in a file of its own (TMPDIR). On several machines: torchrun "
        "--nproc-per-node N -m napari_stimpute …",
    )


def number() -> int:
    """Which of several processes this is, from 0; the first one says, judges and writes."""
    return int(os.environ.get("RANK", "0")) if _n_begun() > 1 else 0


def together(args: argparse.Namespace, argv: Sequence[str], command: Command) -> int:
    """Do a command: alone, in processes that are started for it, or as one of these."""
    n_begun = _n_begun()
    n_wanted = max(n_begun, getattr(args, "processes", 1))
    if n_wanted == 1:
        return command(args)
    _check(args, n_wanted)
    if n_begun == 1:
        return _in_processes(argv, n_wanted)
    from ..nn.ranks import joined

    if number():  # the first one is stopped, and tells the others
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with joined():
        return command(args)


def _n_begun() -> int:
    """How many processes were begun together, this one among them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _check(args: argparse.Namespace, n: int) -> None:
    """Refuse what several processes cannot do; wrong usage."""
    from .folder import is_folder

    parser = args.parser
    if not hasattr(args, "processes"):
        parser.error("several processes work together on impute, cluster and train alone")
    info = usage(args, lambda: model_info(args.model))
    if not info.config.PHASES:
        parser.error(f"{info.title} trains no network; leave out --processes")
    if is_folder(args.input):
        parser.error("--processes is about one file; for a folder of samples there is --workers")
    n_here = int(os.environ.get("LOCAL_WORLD_SIZE", n))
    most, what = _most(args.device)
    if n_here > most:
        parser.error(f"--processes takes at most {most}, as this machine has so many {what}")


def _most(device: str) -> tuple[int, str]:
    """How many processes have a GPU, or a core, of their own."""
    import torch

    n_gpus = torch.cuda.device_count() if device in ("auto", "cuda") else 0
    return (n_gpus, "GPUs") if n_gpus else (os.cpu_count() or 1, "cores")


@dataclass(frozen=True)
class _Process:
    """One of several, and what it says where something goes wrong; the first one says it itself."""

    running: subprocess.Popen[bytes]
    said: IO[bytes] | None

    @property
    def code(self) -> int | None:
        return self.running.poll()


def _in_processes(argv: Sequence[str], n: int) -> int:
    """Start them, and again if one was killed; the exit code of the first."""
    for is_again in (False, True):
        with _started(argv, n) as processes:
            code = _code(processes)
        if code != LOST:
            break
        goes_on = "" if is_again else " It is begun again, from where training stood."
        print(f"stimpute: One of {n} processes was killed.{goes_on}", file=sys.stderr, flush=True)
    return 1 if code == LOST else code


@contextmanager
def _started(argv: Sequence[str], n: int) -> Iterator[list[_Process]]:
    """So many processes, which end in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    n_threads = max(1, (os.cpu_count() or 1) // n)
    common = {"WORLD_SIZE": n, "LOCAL_WORLD_SIZE": n, "MASTER_PORT": port}
    processes = []
    for rank in range(n):
        own = {"RANK": rank, "LOCAL_RANK": rank, "OMP_NUM_THREADS": n_threads, **common}
        env = {"MASTER_ADDR": "127.0.0.1"} | {name: str(value) for name, value in own.items()}
        said = tempfile.TemporaryFile() if rank else None  # noqa: SIM115  closed below
        processes.append(
            _Process(
                subprocess.Popen(
                    [sys.executable, "-m", "napari_stimpute", *argv],
                    env=os.environ | env,
                    stdout=subprocess.DEVNULL if rank else None,
                    stderr=said,
                    start_new_session=True,  # Ctrl-C at the terminal is passed on, to the first
                ),
                said,
            )
        )
    try:
        with _passing_on(processes[0].running):
            yield processes
    finally:
        _end(processes)


@contextmanager
def _passing_on(first: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let the first process have the signals that this one gets."""
    held = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(n, lambda n, _frame: first.send_signal(n)) for n in held]
    try:
        yield
    finally:
        for n, handler in zip(held, before, strict=True):
            signal.signal(n, handler)


def _code(processes: Sequence[_Process]) -> int:
    """Wait for the first to end, or any to be killed or to fail; `LOST` where one was killed."""
    first, *others = processes
    while first.code is None and not any(other.code for other in others):
        time.sleep(_WAIT)
    until = time.monotonic() + _GRACE  # for the first, which misses another, or fails like it
    while first.code is None and time.monotonic() < until:
        time.sleep(_WAIT)
    if first.code == 0:
        return 0
    if any(process.code is not None and process.code < 0 for process in processes):
        return LOST
    if first.code not in (None, LOST):
        return first.code
    for other in others:
        if other.code not in (None, 0, LOST) and other.said is not None:
            other.said.seek(0)
            print(other.said.read().decode(errors="replace"), end="", file=sys.stderr, flush=True)
            return other.code
    return LOST


def _end(processes: Sequence[_Process]) -> None:
    """End what still runs: it has nothing to keep."""
    for process in processes:
        process.running.kill()
        process.running.wait()
        if process.said is not None:
            process.said.close()
