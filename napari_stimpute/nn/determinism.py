"""Deterministic algorithms: on a GPU, too, the same seed gives the same numbers.

There many sums are added up in the order in which threads come to it, and differ in their last
digits. On the processor they do not, on the same machine with as many threads.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TypeVar

import torch

from ..errors import InvalidSetting

Y = TypeVar("Y")
R = TypeVar("R")

_REFUSED = "does not have a deterministic implementation"


def deterministically(steps: Generator[Y, None, R]) -> Generator[Y, None, R]:
    """The same steps, by algorithms that give the same numbers every time; slower on a GPU.

    The setting is torch's, of the whole process; however the steps end, it is then as it was. On
    CUDA the work space of cuBLAS is fixed, unless the environment says how
    (``CUBLAS_WORKSPACE_CONFIG``): that counts for what has not been used before in this process.

    Raises
    ------
    InvalidSetting : a step has no such algorithm on its device
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    was_on = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        return (yield from steps)
    except RuntimeError as error:
        if _REFUSED not in str(error):
            raise
        raise InvalidSetting(
            field="deterministic",
            expected="a deterministic algorithm for every step",
            found=f"none on this device: {str(error).partition('.')[0]}",
            remedy="Compute on the CPU (device 'cpu'), or without it.",
        ) from error
    finally:
        torch.use_deterministic_algorithms(was_on, warn_only=only_warned)
