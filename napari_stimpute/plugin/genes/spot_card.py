"""The spot under the mouse: its name, counts, imputed values, labels and what to expect again."""

from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...connections import Connections
from ...session.contents import COUNTS
from ...session.session import Session
from ...words import percent
from ..canvas.view import SpotsView
from ..widgets.words import Card, heading, hint, sentence

_MOST_COLUMNS = 4


class SpotCard(QWidget):
    """Follows the mouse over the map."""

    def __init__(self, session: Session, view: SpotsView) -> None:
        super().__init__()
        self.session, self.view, self._place = session, view, -1
        self._columns: list[str] = []
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
        self.connections.add(view.changed, lambda _shown: self._follow(self._place))
        self.connections.add(session.events.adata, self._leave)
        for event in (session.events.adata, session.events.contents, session.events.job):
            self.connections.add(event, self._find_columns)
        self._leave()

    def text(self) -> str:
        """All that is said of the spot."""
        return "\n".join([self.line.text(), self.card.text()])

    def rows(self, place: int) -> list[tuple[str, str]]:
        """What is known of one spot: name, counts, imputed by each run, labels."""
        session = self.session
        if session.adata is None:
            return []
        rows = [("Spot", str(session.adata.obs_names[place]))]
        listed = {COUNTS, session.display.source} if self._again(place) else set()
        if session.display.gene:
            for source in session.contents.sources:
                is_drawable = self.view.drawable_source(source.name) == source.name
                if is_drawable and source.name not in listed:
                    value = session.expression(source=source.name)[place]
                    rows.append((source.title, f"{value:.4g}"))
        rows += self._zero(place)
        for column in [session.display.column] if session.display.column else self._columns:
            rows.append((column, str(session.adata.obs[column].iloc[place])))
        return rows

    def _find_columns(self) -> None:
        """Once, and not whenever the mouse moves: it takes a while with many spots."""
        self._columns = self.session.contents.columns[:_MOST_COLUMNS]

    def _leave(self) -> None:
        self._find_columns()
        self._follow(-1)

    def _follow(self, place: int) -> None:
        self._place = place
        line, rows = (self._again(place), self.rows(place)) if place >= 0 else ("", [])
        self.line.setText(line)
        self.line.setVisible(bool(line))
        self.card.fill(rows)
        self.card.setVisible(bool(rows))
        self.nothing.setVisible(not rows)

    def _again(self, place: int) -> str:
        """Raw, imputed, and what a second measurement would give, for a judged run."""
        key = self.view.aspects.run_shown()
        ends = self.view.aspects.interval(key) if key else None
        if ends is None:
            return ""
        raw = self.session.expression(source=COUNTS)[place]
        imputed = self.session.expression(source=key)[place]
        low, high = int(ends[0][place]), int(ends[1][place])
        again = f"{low:,}" if low == high else f"{low:,}–{high:,}"
        about = f"{imputed:,.0f}" if imputed >= 10 else f"{imputed:.2g}"
        return f"raw {raw:,.0f} · imputed {about} · a second measurement: {again}"

    def _zero(self, place: int) -> list[tuple[str, str]]:
        """What a zero means, while the zero map is shown."""
        aspects = self.view.aspects
        key = aspects.run_shown()
        found = aspects.zeros(key) if key and aspects.chosen == "zeros" else None
        if found is None or not np.isfinite(found.probability[place]):
            return []
        chance = percent(float(found.probability[place]))
        return [("Zero", f"hides a molecule with a probability of {chance}")]
