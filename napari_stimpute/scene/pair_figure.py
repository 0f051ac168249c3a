"""The wipe as a figure in a file, as it lies on the canvas."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.files import write_whole
from ..errors import NotWritable
from ..plots import wipe_map
from .figure import FORMATS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..plugin.canvas.view import SpotsView

_DPI = 300


def wipe_figure(view: SpotsView, *, badge: str = "") -> Figure:
    """Draw the two halves of the shown gene with their names, on the scale of the canvas.

    Parameters
    ----------
    badge : what may be believed of the gene, written small beside its name
    """
    wipe, places = view.wipe, view.places
    assert places is not None
    (left, right), (left_name, right_name) = wipe.halves(), wipe.names()
    return wipe_map(
        places.section(view.session),
        (left_name, left.values),
        (right_name, right.values),
        wipe.x,
        limits=left.limits,
        title=view.session.display.gene,
        badge=badge,
        colors=view.colormap,
    )


def save_wipe(view: SpotsView, path: str | os.PathLike[str], *, badge: str = "") -> Path:
    """Write the wipe as PNG, PDF or SVG, by the end of the name: whole or not at all.

    Raises
    ------
    NotWritable : another end of the name, or a place where nothing can be written
    """
    from matplotlib import rc_context

    file = Path(path).expanduser()
    kind = file.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise NotWritable(
            expected="a figure whose name ends in .png, .pdf or .svg",
            found=f"“{file.name}”",
            remedy="Choose one of these.",
        )
    drawn = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "pdf.fonttype": 42}):  # text stays text, to be edited
        wipe_figure(view, badge=badge).savefig(
            drawn, format=kind, dpi=_DPI, bbox_inches="tight", pad_inches=0.1
        )
    return write_whole(file, drawn.getvalue())
