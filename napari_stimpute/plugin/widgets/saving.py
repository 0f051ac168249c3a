"""Ask where a file, or a figure, is to be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from ...panels.saving import figure_path, with_ending

_KINDS = {
    "": "",
    ".csv": "Table (*.csv)",
    ".html": "Web page (*.html)",
    ".geojson": "GeoJSON, as QuPath reads it (*.geojson)",
    ".h5ad": "AnnData (*.h5ad);;SpatialData, a new store (*.zarr)",
}
_FIGURES = "PNG picture (*.png);;PDF (*.pdf);;SVG (*.svg)"


def ask_where(parent: QWidget | None, title: str, name: str, save: Callable[[str], object]) -> None:
    """Ask for a place, and call back with it; the ending of the proposed name is added if missing.

    Parameters
    ----------
    title : of the window that asks
    name : that is proposed; one without an ending is that of a folder
    """
    ending = Path(name).suffix
    path, _ = QFileDialog.getSaveFileName(parent, title, name, _KINDS[ending])
    if path:
        save(with_ending(path, name))


def ask_figure(parent: QWidget, title: str, name: str, save: Callable[[str], object]) -> None:
    """Ask for the place of a figure, and call back with it; a missing ending is that of the kind.

    Parameters
    ----------
    title : of the window that asks
    name : that is proposed
    """
    path, kind = QFileDialog.getSaveFileName(parent, title, name, _FIGURES)
    if path:
        save(figure_path(path, kind.rpartition("*")[2].rstrip(")")))
