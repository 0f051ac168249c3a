"""What is seen of a run: bar, step and time left, loss curve, and notes when it is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from .. import keys
from ..job import Job, JobState
from ..plots import loss_curve
from ..progress import Progress
from ..words import duration
from .widgets.picture import Picture
from .widgets.words import Words, faint

if TYPE_CHECKING:
    from ..data.records import RunRecord


REDRAW = 0.5
"""Seconds between two drawings of the curve."""


class RunView:
    """Follows one job at a time."""

    def __init__(self) -> None:
        self.bar = widgets.FloatProgress(max=1.0)
        self.bar.layout.width, self.bar.layout.height = "100%", "10px"
        self.status = widgets.HTML()
        self.curve = Picture()
        self.notes = Words("note")
        parts = [self.bar, self.status, self.curve.widget, self.notes.widget]
        self.widget = widgets.VBox(parts, layout=widgets.Layout(width="100%"))
        self.rows: list[dict[str, Any]] = []
        """Losses and what was measured with them, one row per report, as in `history_`."""
        self.text = ""
        self._started = self._drawn = 0.0
        self._show("")

    def begin(self) -> None:
        """Start afresh."""
        self.rows, self._started, self._drawn = [], time.monotonic(), 0.0
        self.curve.hide()
        self.notes.say("")
        self.bar.value, self.bar.bar_style = 0.0, ""
        self._show("Starting…")

    def take(self, job: Job[Any], progress: Progress) -> None:
        """Show a step of the job."""
        self.bar.value = progress.step / max(1, progress.n_steps)
        self._show(_status(job, progress, time.monotonic() - self._started))
        if "loss" in progress.metrics:
            self.rows.append({"phase": progress.phase, "step": progress.step, **progress.metrics})
        if time.monotonic() - self._drawn >= REDRAW:
            self._draw_curve()

    def end(self, job: Job[Any], record: RunRecord | None) -> None:
        """Show how the job ended, and what its record says."""
        self._draw_curve()
        failed = job.state is JobState.FAILED
        word = "Cancelled" if job.state is JobState.CANCELLED else "Done"
        self._show("" if failed else f"{word} after {duration(time.monotonic() - self._started)}.")
        self.bar.bar_style = "danger" if failed else "success"
        if record is not None:
            self.bar.bar_style = "success" if record.completed else "warning"
            self.notes.say(*_notes(record), tone="note" if record.completed else "warning")

    def _show(self, text: str) -> None:
        self.text = text
        self.status.value = faint(text)
        self.bar.layout.display = None if text else "none"

    def _draw_curve(self) -> None:
        if len(self.rows) < 2:
            return
        self.curve.show(loss_curve(self.rows))
        self._drawn = time.monotonic()


def _status(job: Job[Any], progress: Progress, seconds: float) -> str:
    if job.is_cancelling:
        return "Cancelling: finishing with the best so far…"
    left = job.seconds_left
    words = [progress.title]
    words.append(f"step {progress.step:,} of {progress.n_steps:,}")
    words += [f"{name} {value:.4g}" for name, value in progress.metrics.items()]
    if left is not None and seconds > 1:
        words.append(f"{duration(left)} left")
    return " · ".join(words)


def _notes(record: RunRecord) -> list[str]:
    incomplete = "Cancelled: the best so far is kept, marked incomplete."
    where = f"Imputed counts are in layers['{keys.imputed(record.key)}']."
    return [*([] if record.completed else [incomplete]), where, *record.notes]
