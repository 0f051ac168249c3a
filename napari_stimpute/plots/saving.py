"""Figures as bytes and as files: how fine they are, and that their text stays text."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.files import write_whole
from ..errors import NotWritable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf", "svg")

SCREEN_DPI, PAGE_DPI, FILE_DPI = 100, 110, 300
"""Pixels per inch of a figure in a window, on a page, and in a file of its own."""


def png_of(figure: Figure, dpi: float = PAGE_DPI) -> bytes:
    """Draw a figure as PNG."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    return drawn.getvalue()


def save_figure(draw: Callable[[], Figure], path: str | os.PathLike[str]) -> Path:
    """Draw and write a figure, as PNG, PDF or SVG by the end of the name; safe in a thread.

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
        # tight: whatever stands beside a short title is not cut off
        draw().savefig(drawn, format=kind, dpi=FILE_DPI, bbox_inches="tight", pad_inches=0.1)
    return write_whole(file, drawn.getvalue())
