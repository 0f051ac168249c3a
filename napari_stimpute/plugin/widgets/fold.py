"""A part of a panel that can be folded away, and that grows with what it holds."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget


class Fold(QWidget):
    """A title that opens and closes what stands below it; closed at first."""

    def __init__(self, title: str, inside: QWidget) -> None:
        super().__init__()
        self.title, self.inside = title, inside
        self.button = QPushButton()
        self.button.setCheckable(True)
        self.button.setStyleSheet("text-align: left;")
        self.button.setAccessibleName(title)
        self.button.toggled.connect(self.set_open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 0, 10, 0)
        layout.setSpacing(8)
        layout.addWidget(self.button)
        layout.addWidget(inside)
        self.set_open(False)

    def set_open(self, is_open: bool) -> None:
        """Show or hide what is inside."""
        self.button.setChecked(is_open)
        self.button.setText(f"{'▾' if is_open else '▸'}  {self.title}")
        self.inside.setVisible(is_open)
