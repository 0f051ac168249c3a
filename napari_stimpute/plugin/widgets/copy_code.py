"""Copy code: the lines that do what is set in the tab in sight, on the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QToolButton

from ...panels.code import COPY, COPY_HELP, code_of
from .words import Words

_SAID_FOR = 4000
"""Milliseconds for which it is said that lines were copied."""


class CopyCode(QToolButton):
    """A small button; ``words`` says what was copied, or why nothing was.

    Parameters
    ----------
    in_sight : the tab that is looked at
    """

    def __init__(self, in_sight: Callable[[], Any]) -> None:
        super().__init__()
        self._in_sight = in_sight
        self.setText("</>")
        self.setAutoRaise(True)
        self.setAccessibleName(COPY)
        self.setToolTip(f"{COPY}. {COPY_HELP}")
        self.words = Words("good")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._unsay)
        self.clicked.connect(lambda: self.copy())

    def copy(self) -> None:
        """Copy the lines of the section that is open in the tab in sight."""
        code = code_of(panel_of(self._in_sight()))
        clipboard = QGuiApplication.clipboard()
        if code.text and clipboard is not None:
            clipboard.setText(code.text)
        self.words.draw(code.said)
        self._soon.start(_SAID_FOR if code.text else 2 * _SAID_FOR)

    def _unsay(self) -> None:
        self.words.say("")


def panel_of(tab: Any) -> object:
    """The panel of a tab: of the section that is open in it, where it has sections."""
    folds = getattr(tab, "folds", ())
    if folds:
        opened = (fold for fold in folds if fold.button.isChecked())
        return panel_of(next(opened, folds[0]).inside)
    return getattr(tab, "in_sight", tab.panel)
