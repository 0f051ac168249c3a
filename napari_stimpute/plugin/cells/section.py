"""What the sections of the tab Cells look like: controls, then an answer below them."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...connections import Connections
from ..widgets.words import hint


class SectionBox(QWidget):
    """A sentence, then controls; its answer appears below them.

    Parameters
    ----------
    explained : what it is for
    """

    def __init__(self, explained: str) -> None:
        super().__init__()
        self.connections = Connections()
        self.page = QVBoxLayout(self)
        self.page.setContentsMargins(0, 4, 0, 8)
        self.page.setSpacing(8)
        self.page.addWidget(hint(explained))
        self.answer = QWidget()
        self.inner = QVBoxLayout(self.answer)
        self.inner.setContentsMargins(0, 0, 0, 0)
        self.inner.setSpacing(8)
        self.answer.hide()


def enable(widgets: Sequence[QWidget], reason: str) -> None:
    """Let controls be used unless there is a reason why not, which their tooltip then says."""
    for widget in widgets:
        if not widget.property("help"):
            widget.setProperty("help", widget.toolTip())
        widget.setEnabled(not reason)
        widget.setToolTip(reason or str(widget.property("help")))
