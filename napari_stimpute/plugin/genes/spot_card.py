"""The spot under the mouse: its name, counts, imputed values, labels and what to expect again."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...connections import Connections
from ...scene.spot import second_measurement, spot_rows
from ..canvas.view import SpotsView
from ..widgets.words import Card, heading, hint, sentence


class SpotCard(QWidget):
    """Follows the mouse over the map."""

    def __init__(self, view: SpotsView) -> None:
        super().__init__()
        self.view, self._place = view, -1
        self.line, self.card = sentence(), Card()
        self.line.setToolTip(
            "Molecules counted, molecules expected, and the range in which a second measurement "
            "of the same would lie nine times in ten."
        )
        self.nothing = hint("Move the mouse over the picture.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (heading("Under the mouse"), self.line, self.card, self.nothing):
            layout.addWidget(widget)
        self.connections = Connections()
        self.connections.add(view.hovered, self._follow)
        self.connections.add(view.changed, self._draw_anew)
        self.connections.add(view.session.events.adata, lambda: self._follow(-1))
        self._follow(-1)

    def text(self) -> str:
        """All that is said of the spot."""
        return "\n".join([self.line.text(), self.card.text()])

    def _draw_anew(self) -> None:
        if self._place >= 0:
            self._follow(self._place)

    def _follow(self, place: int) -> None:
        scene, adata = self.view.scene, self.view.session.adata
        if adata is None or place >= adata.n_obs:
            place = -1
        self._place = place
        line = second_measurement(scene, place) if place >= 0 else ""
        rows = spot_rows(scene, place) if place >= 0 else []
        self.line.setText(line)
        self.line.setVisible(bool(line))
        self.card.fill(rows)
        self.card.setVisible(bool(rows))
        self.nothing.setVisible(not rows)
