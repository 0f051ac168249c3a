"""A run's curve while it is under way, and what it said at its end."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from ...panels.train import TrainPanel
from ..widgets.choice import MenuBox
from ..widgets.words import Words, shrinkable
from .curve import CurvePicture


class RunView(QWidget):
    """Draws the curve of the run that is under way, else of the last one, and how it ended."""

    def __init__(self, panel: TrainPanel) -> None:
        super().__init__()
        self.panel = panel
        self.status = QLabel("")
        self.status.setWordWrap(True)
        self.choice, self.picture = MenuBox(self._choose), CurvePicture(panel.curve)
        self.notes = Words("note")
        shrinkable(self.choice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.status, self.choice, self.picture, self.notes):
            layout.addWidget(widget)

    def draw(self) -> None:
        """Show what there is now; called a few times a second while a run is under way."""
        now, curve = self.panel.now, self.panel.curve
        has_curve = now.work.is_running or curve.n_points > 0
        self.status.setText(now.status)
        self.status.setVisible(bool(now.status))
        self.choice.draw(curve.metric)
        self.choice.setVisible(has_curve and len(curve.metric.entries) > 1)
        self.picture.setVisible(has_curve)
        self.picture.update()
        self.notes.draw(now.notes)

    def _choose(self, metric: str) -> None:
        self.panel.curve.choose(metric)
        self.draw()
