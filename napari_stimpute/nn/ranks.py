"""Several processes that train one network together, and what they tell one another.

Each has the same network and draws blocks of its own, a share of the spots of every step; gradients
are averaged, so that all take the same step. A process alone is told nothing, and waits for nobody.
The first one decides: it validates, stops, and keeps what was learned.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import ParamSpec, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..errors import ProcessLost
from ..progress import StopEarly

T = TypeVar("T")
P = ParamSpec("P")

_PATIENCE = timedelta(days=1)
"""One may prepare for hours while the others wait; who is killed is missed at once."""


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that were started together, as their environment says (``torchrun``).

    Where this one is alone, nothing is done.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    backend = "cpu:gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(_local_rank())
        backend += ",cuda:nccl"
    with _missing_others():
        dist.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


def n_ranks() -> int:
    """Processes that train together; 1 for one alone."""
    return dist.get_world_size() if _is_joined() else 1


def rank() -> int:
    """Number of this process among them, from 0."""
    return dist.get_rank() if _is_joined() else 0


def is_first() -> bool:
    """Whether this process decides, and keeps what was learned."""
    return rank() == 0


def own_device(device: str) -> str:
    """The device of this process, where each has one of its own: "cuda" is "cuda:1" for its 2nd."""
    return f"cuda:{_local_rank()}" if n_ranks() > 1 and device == "cuda" else device


def share(n: int) -> int:
    """How many of n this process takes, rounded up, so that all take as many."""
    return -(-n // n_ranks())


def alike(module: nn.Module) -> None:
    """Give all processes the parameters and buffers of the first."""
    if n_ranks() > 1:
        with _missing_others():
            for value in module.state_dict().values():
                dist.broadcast(value, 0)


def average(tensors: Sequence[Tensor]) -> None:
    """Replace floating-point tensors by their means over all processes, which hold alike ones."""
    if n_ranks() == 1:
        return
    flat = torch.cat([own.flatten() for own in tensors])
    with _missing_others():
        dist.all_reduce(flat)
    means = torch.split(flat / n_ranks(), [own.numel() for own in tensors])
    for own, mean in zip(tensors, means, strict=True):
        own.copy_(mean.view_as(own))


def added(values: Tensor) -> Tensor:
    """Sum of what all processes hold, in place."""
    if n_ranks() > 1:
        with _missing_others():
            dist.all_reduce(values)
    return values


def from_first(make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the first process makes, given to all; the others wait for it."""
    if n_ranks() == 1:
        return make(*args, **kwargs)
    made = [make(*args, **kwargs) if is_first() else None]
    with _missing_others():
        dist.broadcast_object_list(made, 0)
    found: T = made[0]  # type: ignore[assignment]
    return found


def gathered(value: T) -> list[T]:
    """What each process holds, by rank."""
    if n_ranks() == 1:
        return [value]
    found: list[T] = [value] * n_ranks()
    with _missing_others():
        dist.all_gather_object(found, value)
    return found


@contextmanager
def stopping_together() -> Iterator[None]:
    """Around a place where any process may be stopped: if one is, the others get `StopEarly`."""
    if n_ranks() == 1:
        yield
        return
    try:
        yield
    except BaseException:
        added(torch.ones(1))
        raise
    if added(torch.zeros(1)).item():
        raise StopEarly


def _is_joined() -> bool:
    return dist.is_available() and dist.is_initialized()


def _local_rank() -> int:
    return int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def _missing_others() -> Iterator[None]:
    """Say in words that another process has ended."""
    try:
        yield
    except RuntimeError as error:
        raise ProcessLost(
            expected=f"all {os.environ.get('WORLD_SIZE')} processes of this training to go on",
            found="that one has ended",
            remedy="The same command goes on from where training stood.",
        ) from error
