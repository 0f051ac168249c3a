"""Parts of a panel that can be folded away, and that grow with what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from .sight import bring_into_sight


class Fold(QWidget):
    """A title that opens and closes what stands below it; closed at first."""

    def __init__(self, title: str, inside: QWidget) -> None:
        super().__init__()
        self.title, self.inside = title, inside
        self.button = QPushButton()
        self.button.setCheckable(True)
        self.button.setStyleSheet("text-align: left;")
        self.button.toggled.connect(self.set_open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.button)
        layout.addWidget(inside)
        self.set_open(False)

    def set_open(self, is_open: bool) -> None:
        """Show or hide what is inside."""
        self.button.setChecked(is_open)
        self.inside.setVisible(is_open)
        self.set_title(self.title)

    def set_title(self, title: str) -> None:
        """Give it another title."""
        self.title = title
        self.button.setText(f"{'▾' if self.button.isChecked() else '▸'}  {title}")
        self.button.setAccessibleName(title)


def one_at_a_time(folds: Sequence[Fold]) -> None:
    """Open the first, and let opening one by hand close the others: a page is short of room."""

    def opened(fold: Fold, is_open: bool) -> None:
        if is_open:
            for other in folds:
                other.set_open(other is fold)
            QTimer.singleShot(0, partial(bring_into_sight, fold))

    for fold in folds:
        fold.button.clicked.connect(partial(opened, fold))
    folds[0].set_open(True)
