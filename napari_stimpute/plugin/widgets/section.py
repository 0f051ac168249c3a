"""What the sections of a tab look like: what they are for, controls, then an answer below them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...connections import Connections
from .plain import tip
from .sight import bring_into_sight
from .words import hint


class SectionBox(QWidget):
    """A sentence, then controls; an answer takes the sentence's room, and stands below them.

    Parameters
    ----------
    explained : what it is for, said until there is an answer
    """

    def __init__(self, explained: str) -> None:
        super().__init__()
        self.connections = Connections()
        self.page = QVBoxLayout(self)
        self.page.setContentsMargins(0, 4, 0, 8)
        self.page.setSpacing(8)
        self.explained = hint(explained)
        self.page.addWidget(self.explained)
        self.answer = QWidget()
        self.inner = QVBoxLayout(self.answer)
        self.inner.setContentsMargins(0, 0, 0, 0)
        self.inner.setSpacing(8)
        self.answer.hide()

    def show_answer(self, *, has_answer: bool) -> None:
        """Show the answer in place of the sentence, and scroll to one that has just come."""
        if has_answer and self.answer.isHidden():
            QTimer.singleShot(0, partial(bring_into_sight, self.answer))  # once it is laid out
        self.explained.setVisible(not has_answer)
        self.answer.setVisible(has_answer)


def enable(widgets: Sequence[QWidget], reason: str) -> None:
    """Let controls be used unless there is a reason why not, which their tooltip then says."""
    for widget in widgets:
        if not widget.property("help"):
            widget.setProperty("help", widget.toolTip())
        widget.setEnabled(not reason)
        widget.setToolTip(tip(reason or str(widget.property("help"))))
