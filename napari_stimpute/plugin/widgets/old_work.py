"""A button that begins long work, and the same button stops it: what it does and found is said."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...errors import StimputeError
from ...job import Job, JobState
from ...progress import Progress
from ...session.session import Session
from .words import Words
from .work_view import WorkView

T = TypeVar("T")

DRAWING = "Drawing a figure"
"""Title of the job that draws what a window will show."""


class Work(QWidget):
    """One section's long work: begin, watch, cancel, and why it cannot begin.

    Parameters
    ----------
    title : of the button while nothing runs
    help_text : what the button does
    begin : called when it is pressed
    missing : why it cannot begin, in words; "" where it can
    changed : called after everything the session says, to enable other controls
    """

    def __init__(
        self,
        session: Session,
        title: str,
        help_text: str,
        *,
        begin: Callable[[], object],
        missing: Callable[[], str],
        changed: Callable[[], None],
    ) -> None:
        super().__init__()
        self.session, self.title, self.help_text = session, title, help_text
        self._begin, self.missing, self._changed = begin, missing, changed
        self.job: Job[Any] | None = None
        self._is_taken = False
        self.button, self.view = QPushButton(title), WorkView()
        self.button.clicked.connect(lambda: self._press())
        self.why_not, self.words = Words("note"), Words("error")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.button, self.why_not, self.view, self.words):
            layout.addWidget(widget)
        self.connections = Connections()
        self.connections.add(session.events.job, self._follow)

    @property
    def is_at_work(self) -> bool:
        """Whether something runs that was begun here."""
        return self.job is not None and self.session.is_busy

    def run(
        self, steps: Generator[Progress, None, T], title: str, take: Callable[[T], None]
    ) -> Job[Any] | None:
        """Begin work in a thread; `take` gets what it returns, unless it was cancelled before."""
        self.words.say("")
        self._is_taken = False

        def taking(found: T) -> None:
            self._is_taken = True
            take(found)

        try:
            job = self.job = self.session.work_later(steps, title, taking)
        except StimputeError as error:
            self.words.say(str(error), "error")
            return None
        self.view.watch(job)
        self._follow()
        return job

    def why_wait(self) -> str:
        """What else is at work, or that no data are open; "" if neither."""
        job = self.session.job
        if self.session.is_busy and job is not None:
            return f"Wait: “{job.title}” is at work."
        return "" if self.session.adata is not None else "Open data first."

    def enable(self) -> None:
        """Say on the button what pressing it would do, or why it cannot be pressed."""
        at_work, job = self.is_at_work, self.job
        reason = "" if at_work else self.why_wait() or self.missing()
        self.why_not.say(reason)
        self.button.setText("Cancel" if at_work else self.title)
        if at_work and job is not None and job.is_cancelling:
            self.button.setText("Cancelling…")
            reason = "It stops after this step."
        self.button.setEnabled(not reason)
        self.button.setToolTip(reason or ("Stop; nothing is kept." if at_work else self.help_text))

    def _press(self) -> None:
        if self.is_at_work:
            self.session.cancel()
            self.view.draw()
            self.enable()
        else:
            self._begin()

    def _follow(self) -> None:
        job = self.job
        if job is not None and not self.session.is_busy:
            self.job = None
            self.view.finish()
            if job.state is JobState.CANCELLED and not self._is_taken:
                self.words.say("Cancelled: nothing was kept.", "note")
            elif self.session.problem:
                self.words.say(self.session.problem, "error")
        self.enable()
        self._changed()
