"""Ask where a file is to be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

_KINDS = {".csv": "Table (*.csv)", ".html": "Web page (*.html)", ".h5ad": "AnnData (*.h5ad)"}


def ask_where(parent: QWidget, title: str, name: str, save: Callable[[str], object]) -> None:
    """Ask for a place, and call back with it; the ending of the proposed name is added if missing.

    Parameters
    ----------
    title : of the window that asks
    name : that is proposed
    """
    ending = Path(name).suffix
    path, _ = QFileDialog.getSaveFileName(parent, title, name, _KINDS[ending])
    if path:
        save(path if path.endswith(ending) else path + ending)
