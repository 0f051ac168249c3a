"""A button for a panel's long work, its progress, and what came of it."""

from __future__ import annotations

from qtpy.QtCore import QTimer
from qtpy.QtCore import Signal as QtSignal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from ...panels.work import Work, WorkState
from .plain import Label, tip
from .words import Words

REDRAW = 250
"""Milliseconds between two drawings of progress."""

_STEPS = 1000


class WorkBox(QWidget):
    """Draws a `Work`; pressing the button begins or cancels it.

    Parameters
    ----------
    below : what else stands below the button, and below why it cannot be pressed
    """

    def __init__(self, work: Work, *below: QWidget) -> None:
        super().__init__()
        self.work = work
        self.button, self.progress = QPushButton(), ProgressView(work)
        self.button.clicked.connect(lambda: work.press())
        self.why_not, self.words = Words("note"), Words("error")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.button, self.why_not, *below, self.progress, self.words):
            layout.addWidget(widget)

    def draw(self, state: WorkState) -> None:
        """Say on the button what pressing it would do, or why it cannot be pressed."""
        self.button.setText(state.button)
        self.button.setToolTip(tip(state.tooltip))
        self.button.setEnabled(state.is_enabled)
        self.why_not.draw(state.why_not)
        self.words.draw(state.outcome)
        self.progress.follow(is_running=state.is_running)


class ProgressView(QWidget):
    """A bar and a line: how far work is, and for how long; takes no room between.

    `looked` is emitted whenever it was drawn anew, a few times a second.
    """

    looked = QtSignal()

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work
        self.bar, self.status = QProgressBar(), Label("")
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

    def follow(self, *, is_running: bool) -> None:
        """Watch work that is under way, or stop watching."""
        if is_running:
            self.draw()
            self._timer.start()
        else:
            self._timer.stop()
        self.setVisible(is_running)

    def draw(self) -> None:
        """Show how far it is; called a few times a second."""
        share, text = self.work.progress()
        self.bar.setRange(0, 0 if share is None else _STEPS)
        if share is not None:
            self.bar.setValue(round(_STEPS * share))
        self.status.setText(text)
        self.looked.emit()
