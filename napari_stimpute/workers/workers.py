"""Who does work that falls into parts, and what comes of a part."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..errors import UnknownName
from ..memory import free_memory

P = TypeVar("P")
R = TypeVar("R")

SLURM = "slurm"
"""Name of the cluster whose workers are jobs of SLURM."""


@dataclass(frozen=True)
class Workers:
    """Who does the work: this program, part after part, unless more is asked for.

    Parameters
    ----------
    n : processes of this machine, or jobs of SLURM
    cluster : "slurm", or the address of a Dask scheduler, whose own workers are used; "" for this
        machine

    Raises
    ------
    UnknownName : the cluster is neither
    """

    n: int = 1
    cluster: str = ""

    def __post_init__(self) -> None:
        if self.cluster and self.cluster != SLURM and ":" not in self.cluster:
            known = (SLURM, "tcp://HOST:8786")
            raise UnknownName.of("cluster, or the address of one", self.cluster, known)

    @property
    def are_apart(self) -> bool:
        """Whether the parts are done by other processes than this one."""
        return self.n > 1 or bool(self.cluster)

    @property
    def memory(self) -> int:
        """Bytes that each may take of what is free on this machine."""
        return free_memory() // self.n

    @property
    def n_cores(self) -> int:
        """Cores of this machine that each computes on."""
        return max(1, (os.cpu_count() or 1) // self.n)

    def at_most(self, n_parts: int) -> Workers:
        """No more of them than there are parts."""
        return Workers(max(1, min(self.n, n_parts)), self.cluster)


ALONE = Workers()
"""This program, part after part."""


@dataclass(frozen=True)
class Done(Generic[P, R]):
    """A part that is over: what it gave, or what went wrong."""

    part: P
    value: R | None = None
    error: BaseException | None = None
