"""Figures that are drawn in the background, shown, and saved as they were drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, NamedTuple

from psygnal import Signal

from ..errors import StimputeError
from ..job import Job
from ..plots.saving import SCREEN_DPI, png_of, save_figure
from ..progress import Progress
from .message import Message, error, good
from .work import Work

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Drawn(NamedTuple):
    """What is shown (PNG), and how it is drawn again to be saved."""

    title: str
    picture: bytes
    draw: Callable[[], Figure]

    def save(self, path: str | os.PathLike[str]) -> Message:
        """Draw it again into a file, PNG, PDF or SVG by its name; how that went, in words."""
        try:
            return good(f"Saved to {save_figure(self.draw, path)}.")
        except StimputeError as problem:
            return error(problem)

    @property
    def file_name(self) -> str:
        """A name for the file."""
        return self.title.lower().replace(" ", "_").replace("/", "_")


class Figures:
    """Draws one figure at a time by a panel's work; `drawn` is emitted with each."""

    drawn = Signal(Drawn)

    def __init__(self, work: Work) -> None:
        self.work = work

    def draw(self, title: str, draw: Callable[[], Figure], ratio: float = 1.0) -> Job[Drawn] | None:
        """Draw a figure in a thread.

        Parameters
        ----------
        ratio : the screen's pixels for each of the toolkit's
        """
        return self.work.run(_drawing(title, draw, ratio), "Drawing a figure", self.drawn.emit)


def _drawing(
    title: str, draw: Callable[[], Figure], ratio: float
) -> Generator[Progress, None, Drawn]:
    yield Progress("draw", 0, 1, message="Drawing the figure")
    picture = png_of(draw(), SCREEN_DPI * ratio)
    yield Progress("draw", 1, 1, message="Drawing the figure")
    return Drawn(title, picture, draw)
