"""A window beside a notebook: both take their turns on the loop of the notebook's kernel."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from qtpy.QtWidgets import QApplication

INTERVAL = 0.02
"""Seconds between two turns of the window."""

_TURNS: set[asyncio.Task[None]] = set()


def share_kernel(is_open: Callable[[], bool]) -> None:
    """Run a window on the kernel's own loop, where there is a kernel; else leave it alone.

    IPython's way (``%gui qt``) holds that loop while it waits for the next cell: what the window
    changes would reach the panels of a notebook only then.

    Parameters
    ----------
    is_open : whether the window still is; then its turns go on
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:
        return
    assert shell is not None
    shell.enable_gui()  # napari has asked for Qt's loop when its window was made
    turns = asyncio.get_running_loop().create_task(take_turns(is_open))
    _TURNS.add(turns)
    turns.add_done_callback(_TURNS.discard)


async def take_turns(is_open: Callable[[], bool]) -> None:
    """Let Qt do what it has to do, again and again, as long as a window is open."""
    while is_open():
        QApplication.processEvents()
        await asyncio.sleep(INTERVAL)
