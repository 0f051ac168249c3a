"""Figures that are drawn in the background, shown, and saved as they were drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from psygnal import Signal

from ..errors import StimputeError, in_words
from ..job import Job, JobState
from ..plots.saving import SCREEN_DPI, png_of, save_figure
from ..progress import Progress
from .message import SILENT, Message, error, good
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


def sharp_png(figure: Figure, pixels_per_inch: float) -> bytes:
    """A figure as PNG, with two pixels for each of a page, so that fine screens show it sharp."""
    return png_of(figure, 2 * pixels_per_inch)


def width_of(png: bytes) -> int:
    """Pixels across a PNG."""
    return int.from_bytes(png[16:20])  # its header names width and height first


class FigureFile:
    """Draws one figure at a time into a file, in a thread beside whatever else is at work.

    Parameters
    ----------
    done : what is said of a file that was written, before its name
    """

    changed = Signal()

    def __init__(self, done: str = "Saved to") -> None:
        self._done = done
        self._job: Job[Path] | None = None
        self.answer = SILENT

    @property
    def is_drawing(self) -> bool:
        """Whether a figure is being drawn."""
        return self._job is not None

    def save(
        self, gather: Callable[[], Callable[[], Figure]], path: str | os.PathLike[str]
    ) -> Job[Path] | None:
        """Draw and write a figure, PNG, PDF or SVG by its name; what is wrong is said.

        Parameters
        ----------
        gather : takes from the data what is to be drawn, at once; the figure is drawn in the thread
        """
        self.say(SILENT)
        try:
            draw = gather()
        except StimputeError as problem:
            self.say(error(problem))
            return None

        def drawing() -> Generator[Progress, None, Path]:
            yield Progress("draw", 0, 1, message="Drawing the figure")
            written = save_figure(draw, path)
            yield Progress("draw", 1, 1)
            return written

        self._job = job = Job(drawing(), "Saving the figure")
        job.finished.connect(self._finish, thread="current")
        self.changed.emit()
        return job.start()

    def say(self, answer: Message) -> None:
        """Say something in the place of the answer."""
        if answer != self.answer:
            self.answer = answer
            self.changed.emit()

    def _finish(self, state: JobState) -> None:
        job, self._job = self._job, None
        assert job is not None
        is_bad = state is JobState.FAILED
        self.answer = error(in_words(job.error)) if is_bad else good(f"{self._done} {job.result}.")
        self.changed.emit()
