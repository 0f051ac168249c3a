"""A bar and a line for work that trains no model of its own: how far it is, and for how long."""

from __future__ import annotations

import time
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from ...job import Job
from ...words import duration
from .work_box import REDRAW


class WorkView(QWidget):
    """Watches one job at a time; takes no room between jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.job: Job[Any] | None = None
        self._started = 0.0
        self.bar, self.status = QProgressBar(), QLabel("")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.status.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        self._timer = QTimer(self)
        self._timer.setInterval(REDRAW)
        self._timer.timeout.connect(self.draw)
        self.hide()

    def watch(self, job: Job[Any]) -> None:
        """Follow a job from its start."""
        self.job, self._started = job, time.monotonic()
        self.bar.setRange(0, 0)
        self.status.setText("Starting…")
        self._timer.start()
        self.show()

    def draw(self) -> None:
        """Show how far it is; called a few times a second."""
        job = self.job
        if job is None or job.latest is None:
            return
        progress, left = job.latest, job.seconds_left
        if progress.n_steps and progress.step:
            self.bar.setRange(0, progress.n_steps)
            self.bar.setValue(progress.step)
        words = ["Cancelling…" if job.is_cancelling else progress.title]
        if left is not None and not job.is_cancelling and time.monotonic() - self._started > 1:
            words.append(f"about {duration(left)} left")
        self.status.setText(" · ".join(words))

    def finish(self) -> None:
        """The job has ended."""
        self.job = None
        self._timer.stop()
        self.hide()
