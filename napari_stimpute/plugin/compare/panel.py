"""Compare methods on hidden molecules: choose them, start, watch, cancel, and keep a report."""

from __future__ import annotations

import time
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ... import keys
from ...compare.methods import Kind, Method, methods
from ...connections import Connections
from ...errors import StimputeError
from ...job import Job, JobState
from ...progress import Progress
from ...session.session import Session
from ...words import duration
from ..widgets.words import Words, heading, hint, labelled
from .scores import CompareView

if TYPE_CHECKING:
    from ...compare.comparison import Comparison

COMPARING, WRITING = "Comparing methods", "Writing the report"
"""Titles of the jobs whose progress and errors belong on this panel."""

_EXPLAINED = (
    "A tenth of the molecules is hidden; every method predicts them from the rest, and is scored. "
    "Models run with their default settings."
)
_KINDS: dict[Kind, str] = {
    "simple": "Simple methods",
    "model": "Models",
    "tool": "Other tools",
}
_REDRAW = 500  # milliseconds between two looks at what was scored


class ComparePanel(QWidget):
    """One comparison at a time, on the open data."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.comparison: Comparison | None = None
        self._asked: list[str] = []
        self._n_shown, self._started, self._saving_to = 0, 0.0, ""
        self._make_choice()
        self._make_run()
        self._lay_out()
        self.connections = Connections()
        self.connections.add(session.events.adata, self._forget)
        for event in (session.events.job, session.events.adata, session.events.problem):
            self.connections.add(event, self._follow)
        self.connections.add(self.view.dots.chosen, self._show_gene)
        self._follow()

    # ---- actions -------------------------------------------------------------------------------

    @property
    def chosen(self) -> list[str]:
        """Names of the methods that are ticked and can run."""
        return [name for name, box in self.boxes.items() if box.isChecked()]

    def compare(self) -> Job[Any] | None:
        """Start what is chosen here; whatever is wrong is said beside it."""
        adata, names, seeds = self.session.adata, self.chosen, range(self.splits.value())
        show = [gene.strip() for gene in self.show_genes.text().split(",") if gene.strip()]
        assert adata is not None

        def comparing() -> Generator[Progress, None, None]:
            yield Progress("prepare", 0, 1)
            from ...compare.contenders import comparison_of  # torch: not before it is needed

            self.comparison = comparison_of(adata, names, seeds=seeds, show=show)
            yield from self.comparison.steps()

        self._forget()
        self._started = time.monotonic()
        return self._start(comparing(), COMPARING)

    def save_report(self, path: str | Path) -> Job[Any] | None:
        """Write the report in the background; the answer appears beside the button."""
        comparison, adata, source = self.comparison, self.session.adata, self.session.path
        assert comparison is not None and adata is not None

        def writing() -> Generator[Progress, None, None]:
            yield Progress("write", 0, 1, message="Drawing and writing the report")
            from ...compare.page import page_of

            page_of(comparison, adata, source).write(path)
            yield Progress("write", 1, 1)

        self._saving_to = str(path)
        self.saved.say("")
        return self._start(writing(), WRITING)

    def _start(self, steps: Generator[Progress, None, None], title: str) -> Job[Any] | None:
        try:
            return self.session.work_later(steps, title)
        except StimputeError as error:
            self.words.say(str(error), "error")
            return None

    def _press(self) -> None:
        if self._is_at_work:
            self.session.cancel()
            self._look()
            self._enable()
        else:
            self.words.say("")
            self.compare()

    def _ask_report(self) -> None:
        name = Path(self.session.path).stem if self.session.path else "section"
        path, _ = QFileDialog.getSaveFileName(
            self, "Save report", f"{name}_comparison.html", "Web page (*.html)"
        )
        if path:
            self.save_report(path if path.endswith(".html") else f"{path}.html")

    def _show_gene(self, gene: str) -> None:
        if self.session.adata is not None:
            self.session.display.column = ""
            self.session.display.gene = gene

    # ---- controls ------------------------------------------------------------------------------

    def _make_choice(self) -> None:
        self.boxes: dict[str, QCheckBox] = {}
        self._unwanted: set[str] = set()
        self.reasons: dict[str, QLabel] = {}
        for name, method in methods().items():
            box = QCheckBox(method.title)
            box.clicked.connect(partial(self._want, name))
            self.boxes[name], self.reasons[name] = box, hint("")
        self.splits = QSpinBox()
        self.splits.setRange(1, 50)
        self.splits.setValue(3)
        self.splits.setToolTip(
            "How often molecules are hidden anew; more splits tell chance from difference, and "
            "take as many times as long."
        )
        self.show_genes = QLineEdit()
        self.show_genes.setPlaceholderText("Three, chosen from the counts")
        self.show_genes.setToolTip(
            "Genes that the report draws under each method; names with commas."
        )

    def _want(self, name: str, wanted: bool) -> None:
        (self._unwanted.discard if wanted else self._unwanted.add)(name)
        self._enable()

    def _make_run(self) -> None:
        self.button = QPushButton("Compare")
        self.button.clicked.connect(lambda: self._press())
        self.why_not, self.words, self.saved = Words("note"), Words("error"), Words("good")
        self.bar, self.status = QProgressBar(), QLabel("")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.status.setWordWrap(True)
        self.view = CompareView()
        self.report_button = QPushButton("Save report…")
        self.report_button.clicked.connect(lambda: self._ask_report())
        self._timer = QTimer(self)
        self._timer.setInterval(_REDRAW)
        self._timer.timeout.connect(self._look)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(hint(_EXPLAINED))
        self.choice = QWidget()
        inner = QVBoxLayout(self.choice)
        inner.setContentsMargins(0, 0, 0, 0)
        for kind, title in _KINDS.items():
            inner.addWidget(heading(title))
            inner.addLayout(self._listed(kind))
        rows = [("Splits", self.splits), ("Genes to draw", self.show_genes)]
        inner.addSpacing(4)
        inner.addLayout(labelled(rows))
        layout.addWidget(self.choice)
        below = (self.button, self.why_not, self.words, self.bar, self.status, self.view)
        for widget in (*below, self.report_button, self.saved):
            layout.addWidget(widget)
        layout.addStretch(1)

    def _listed(self, kind: Kind) -> QGridLayout:
        """The methods of a kind, each with the reason below that keeps it out."""
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(3)
        grid.setColumnMinimumWidth(0, 22)
        grid.setColumnStretch(1, 1)
        for name, method in methods().items():
            if method.kind == kind:
                grid.addWidget(self.boxes[name], grid.rowCount(), 0, 1, 2)
                grid.addWidget(self.reasons[name], grid.rowCount(), 1)
        return grid

    # ---- following the session -----------------------------------------------------------------

    @property
    def _is_at_work(self) -> bool:
        job = self.session.job
        return self.session.is_busy and job is not None and job.title == COMPARING

    def _follow(self) -> None:
        job = self.session.job
        if self._is_at_work:
            self._timer.start()
        elif job is not None and not self.session.is_busy and self._timer.isActive():
            self._timer.stop()
            self._end(job)
        if job is not None and job.title == WRITING and not self.session.is_busy:
            if job.state is JobState.DONE and self._saving_to:
                self.saved.say(f"Saved to {self._saving_to}.", "good")
            elif self.session.problem:
                self.saved.say(self.session.problem, "error")
            self._saving_to = ""
        self._enable()

    def _look(self) -> None:
        """Show how far it is, and what was scored since."""
        job, found = self.session.job, self.comparison
        if job is None:
            return
        progress = job.latest
        if progress is not None and progress.step:
            self.bar.setRange(0, progress.n_steps)
            self.bar.setValue(progress.step)
        self.status.setText(_status(job, found, time.monotonic() - self._started))
        self.status.show()
        if found is not None and len(found.scores) != self._n_shown:
            self._n_shown = len(found.scores)
            self.view.show_it(found, ended=False)

    def _end(self, job: Job[Any]) -> None:
        took = duration(time.monotonic() - self._started)
        found = self.comparison
        if job.state is JobState.FAILED:
            self.words.say(self.session.problem, "error")
            self.status.setText("")
        elif found is None or not (found.scores or found.failures):
            self.status.setText(f"Cancelled after {took}; nothing was scored yet.")
        else:
            word = "Done" if found.is_complete else "Cancelled"
            self.status.setText(f"{word} after {took}.")
            self.view.show_it(found, ended=True)

    def _forget(self) -> None:
        """Results of other data, or of another choice, are shown no longer."""
        self.comparison, self._n_shown = None, 0
        self.view.clear()
        self.saved.say("")
        self.status.setText("")

    def _enable(self) -> None:
        busy, at_work, job = self.session.is_busy, self._is_at_work, self.session.job
        self._mark_methods()
        reason = "" if at_work else self._why_not()
        self.button.setText("Cancel" if at_work else "Compare")
        if at_work and job is not None and job.is_cancelling:
            self.button.setText("Cancelling…")
            reason = "The running method is being stopped."
        self.button.setEnabled(not reason)
        help_text = "Stop, and keep what was scored." if at_work else "Start in the background."
        self.button.setToolTip(reason or help_text)
        self.why_not.say("" if at_work else reason)
        self.choice.setEnabled(not busy)
        self.bar.setVisible(at_work)
        self.status.setVisible(bool(self.status.text()))
        has_scores = self.comparison is not None and bool(self.comparison.scores)
        self.report_button.setVisible(has_scores and not at_work)
        self.report_button.setEnabled(not busy)
        self.report_button.setToolTip(
            reason if busy else "One page with table, figures, maps, and how it was measured."
        )

    def _mark_methods(self) -> None:
        adata = self.session.adata
        has_tissue = adata is None or keys.SPATIAL in adata.obsm
        for name, method in methods().items():
            reason = method.why_not(has_tissue)
            self.boxes[name].setEnabled(not reason)
            self.boxes[name].setChecked(not reason and name not in self._unwanted)
            self.boxes[name].setToolTip(reason or method.about)
            self.reasons[name].setText(_short(method, reason))
            self.reasons[name].setVisible(bool(reason))

    def _why_not(self) -> str:
        """Why a comparison cannot start now, in words; "" when it can."""
        job = self.session.job
        if self.session.is_busy and job is not None:
            return f"Wait: “{job.title}” is at work."
        if self.session.adata is None:
            return "Open data first."
        return "" if self.chosen else "Tick a method to compare."


def _short(method: Method, reason: str) -> str:
    """A reason without the name that stands above it."""
    rest = reason.removeprefix(f"{method.title} ").removeprefix("is ")
    return rest[:1].upper() + rest[1:]


def _status(job: Job[Any], comparison: Comparison | None, seconds: float) -> str:
    if job.is_cancelling:
        return "Cancelling: the running method is being stopped…"
    if comparison is None or not comparison.current:
        return "Starting…"
    left = job.seconds_left
    until = f" · {duration(left)} left" if left is not None and seconds > 2 else ""
    return f"{comparison.current}{until}"
