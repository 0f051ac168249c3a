"""A cell that is run again shows a panel anew: the one that it showed before is closed."""

from __future__ import annotations

from typing import NamedTuple

from IPython import get_ipython


class CellRun(NamedTuple):
    """One run of one cell of a notebook; both "" where that is not known."""

    cell: str = ""
    run: str = ""

    def replaces(self, before: CellRun) -> bool:
        """Whether this is a later run of the same cell."""
        return bool(self.cell) and self.cell == before.cell and self.run != before.run


def running_cell() -> CellRun:
    """The cell that runs now, by what the front end says when it asks the kernel to run it."""
    shell = get_ipython()
    asked = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = str(asked.get("metadata", {}).get("cellId", ""))
    return CellRun(cell, str(asked["header"]["msg_id"])) if cell else CellRun()
