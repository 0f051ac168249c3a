"""A run while it is under way, and what it said at its end: bar, time left, curve, notes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from ...job import Job, JobState
from ...session.session import Session
from ...words import duration
from ..widgets.words import Words, shrinkable
from .curve import Curve

if TYPE_CHECKING:
    from ...models.base import Model

REDRAW = 250
"""Milliseconds between two drawings."""

_sentence_ELSEWHERE = "Judged on"
"""How the note begins that the panel says in words of its own."""


class RunView(QWidget):
    """Watches one job at a time."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._job: Job[Any] | None = None
        self._started = 0.0
        self._models: dict[str, Model] = {}
        self.bar, self.status = QProgressBar(), QLabel("")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.status.setWordWrap(True)
        self.curve, self.notes = Curve(), Words("note")
        self.choice: Any = ComboBox(choices=[], tooltip="Which number is drawn over the steps.")
        self.choice.changed.connect(self._choose)
        shrinkable(self.choice.native)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.bar, self.status, self.choice.native, self.curve, self.notes):
            layout.addWidget(widget)
        self._timer = QTimer(self)
        self._timer.setInterval(REDRAW)
        self._timer.timeout.connect(self.draw)
        self._show_parts()

    @property
    def job(self) -> Job[Any] | None:
        """The job that is watched; None between runs."""
        return self._job

    def watch(self, job: Job[Any]) -> None:
        """Follow a job from its start."""
        self._job, self._started = job, time.monotonic()
        self._models = dict(self.session.models)
        self.curve.clear()
        self.choice.choices = []
        self.notes.say("")
        self.bar.setRange(0, 0)
        self.status.setText("Starting…")
        job.progressed.connect(self.curve.add, thread="current")
        self._timer.start()
        self._show_parts()

    def draw(self) -> None:
        """Show how far it is; called a few times a second."""
        job = self._job
        if job is None:
            return
        progress = job.latest
        if progress is not None and progress.n_steps and progress.step:
            self.bar.setRange(0, progress.n_steps)
            self.bar.setValue(progress.step)
        self.status.setText(_status(job, time.monotonic() - self._started))
        self._draw_curve()

    def finish(self) -> None:
        """Say how it ended."""
        job, self._job = self._job, None
        self._timer.stop()
        if job is not None:
            self.status.setText(_outcome(job, time.monotonic() - self._started))
            self._show_notes(job)
        self._draw_curve()
        self._show_parts()

    def _show_notes(self, job: Job[Any]) -> None:
        models = self.session.models
        new = [key for key in models if models[key] is not self._models.get(key)]
        if new:
            record = self.session.contents.record(new[-1])
            kept = [] if record.completed else ["The best so far is kept, marked incomplete."]
            notes = [note for note in record.notes if not note.startswith(_sentence_ELSEWHERE)]
            self.notes.say("\n".join([*kept, *notes]))
        elif job.state is JobState.CANCELLED:
            self.notes.say("Nothing had been learned yet, so nothing is kept.")

    def _draw_curve(self) -> None:
        if list(self.choice.choices) != self.curve.metrics:
            self.choice.choices = self.curve.metrics
        self.choice.native.setVisible(self._has_curve and len(self.curve.metrics) > 1)
        self.curve.update()

    def _choose(self, metric: str | None) -> None:
        self.curve.drawn = metric or self.curve.drawn
        self.curve.update()

    @property
    def _has_curve(self) -> bool:
        return self._job is not None or self.curve.n_points > 0

    def _show_parts(self) -> None:
        self.bar.setVisible(self._job is not None)
        self.status.setVisible(bool(self.status.text()))
        self.curve.setVisible(self._has_curve)
        self.choice.native.setVisible(self._has_curve and len(self.curve.metrics) > 1)


def _status(job: Job[Any], seconds: float) -> str:
    progress, left = job.latest, job.seconds_left
    if progress is None:
        return "Starting…"
    if job.is_cancelling:
        return "Cancelling: finishing with the best so far…"
    words = [progress.title]
    words.append(f"step {progress.step:,} of {progress.n_steps:,}")
    if left is not None and seconds > 1:
        words.append(f"{duration(left)} left")
    return " · ".join(words)


def _outcome(job: Job[Any], seconds: float) -> str:
    if job.state is JobState.FAILED:
        return ""
    word = "Cancelled" if job.state is JobState.CANCELLED else "Done"
    return f"{word} after {duration(seconds)}."
