"""Buttons below what a model made: keep it in a file, or open it."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...panels.made import OPEN_HELP, SAVE_HELP, MadeFile
from ..widgets.saving import ask_where
from ..widgets.section import enable
from ..widgets.unsaved import ask_first
from ..widgets.words import Words, row


class MadeBox(QWidget):
    """Save…, Open, and how saving went.

    Parameters
    ----------
    save : called with the place of a file
    open_made : opens it, once what would be lost has been asked about
    more : further buttons beside them
    """

    def __init__(
        self,
        file: MadeFile,
        save: Callable[[str], object],
        open_made: Callable[[], object],
        *more: QPushButton,
    ) -> None:
        super().__init__()
        self.save, self.open = QPushButton("Save…"), QPushButton("Open")
        self.buttons = (self.save, self.open, *more)
        self.save.setToolTip(SAVE_HELP)
        self.open.setToolTip(OPEN_HELP)
        self.save.clicked.connect(lambda: ask_where(self, "Save cells", file.name, save))
        self.open.clicked.connect(lambda: ask_first(self, file.work.session, open_made))
        self.saved = Words("good")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row(*self.buttons))
        layout.addWidget(self.saved)
        self._file = file

    def draw(self, wait: str) -> None:
        """Say why nothing can be done now, and how saving went."""
        enable(self.buttons, wait)
        self.saved.draw(self._file.saved)
