"""A button that saves raw and imputed maps of the shown gene as one figure."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog, QPushButton

from ...errors import StimputeError, in_words
from ...job import Job, JobState
from ...progress import Progress
from ...scene.figure import gene_figure, save_figure
from ...session.session import Session
from ..canvas.view import SpotsView
from ..widgets.connections import is_alive
from ..widgets.words import Words

_HELP = (
    "Save the shown gene, counted and imputed, on one scale with its verdict: PNG, PDF or SVG. "
    "What is drawn does not depend on the zoom of the canvas."
)
_FILTER = "PNG picture (*.png);;PDF (*.pdf);;SVG (*.svg)"


class FigureButton(QPushButton):
    """Asks where to, and draws in the background; the answer appears in `words`."""

    def __init__(self, session: Session, view: SpotsView) -> None:
        super().__init__("Save figure…")
        self.session, self.view, self.words = session, view, Words("good")
        self._job: Job[Any] | None = None
        self._path = ""
        self.clicked.connect(lambda: self._ask())
        self.follow()

    def save_to(self, path: str | Path) -> Job[Any] | None:
        """Draw and write the figure in a thread."""
        self.words.say("")
        try:
            figure = gene_figure(self.view.scene)
        except StimputeError as error:
            self.words.say(str(error), "error")
            return None

        def drawing() -> Generator[Progress, None, None]:
            yield Progress("draw", 0, 1, message="Drawing the figure")
            self._path = str(save_figure(figure.draw, path))
            yield Progress("draw", 1, 1)

        self._job = Job(drawing(), "Saving the figure")
        self._job.finished.connect(self._finish, thread="current")
        self.follow()
        return self._job.start()

    def follow(self) -> None:
        """Say whether there is anything to draw."""
        session, drawing = self.session, self._job is not None
        reason = "Open data first." if session.adata is None or not session.display.gene else ""
        reason = reason or self.view.scene.no_map or ("It is being drawn." if drawing else "")
        self.setEnabled(not reason)
        self.setToolTip(reason or _HELP)

    def _ask(self) -> None:
        path, chosen = QFileDialog.getSaveFileName(
            self, "Save figure", f"{self.session.display.gene}.png", _FILTER
        )
        if path:
            ending = chosen.rpartition("*")[2].rstrip(")")
            self.save_to(path if Path(path).suffix else path + ending)

    def _finish(self, state: JobState) -> None:
        job, self._job = self._job, None
        if not is_alive(self):
            return
        self.follow()
        if state is JobState.FAILED and job is not None:
            self.words.say(in_words(job.error), "error")
        else:
            self.words.say(f"Saved to {self._path}.", "good")
