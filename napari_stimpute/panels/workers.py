"""How many processes share a panel's work, and why only one can."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec

TITLE = "Workers"


@dataclass(frozen=True)
class WorkersChoice:
    """How many are chosen, of how many at most; ``why_not`` says why there is no choice, or ""."""

    n: int
    most: int
    help: str
    why_not: str


def workers_choice(n: int, part: str, most: int = sys.maxsize) -> WorkersChoice:
    """Offer workers on this machine.

    Parameters
    ----------
    n : chosen
    part : what each does at a time: "one method on one split"
    most : that can be of use; there are no more than cores, either
    """
    most = min(most, os.cpu_count() or 1)
    why_not = _why_not(most)
    about = (
        f"Processes that work at the same time, each on {part}: all takes less time, and "
        "each takes memory. What is found does not depend on them."
    )
    return WorkersChoice(min(n, most), most, why_not or about, why_not)


def _why_not(most: int) -> str:
    if most == 1:
        return "This machine has one core."
    if find_spec("distributed") is None:
        return "Not installed: pip install 'napari-stimpute[scale]'"
    return ""
