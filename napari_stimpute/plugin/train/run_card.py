"""The card of a run: what it gave, what to do with it, and its curve among the details."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.run_card import BEST, BEST_HELP, DETAILS
from ...panels.train import TrainPanel
from ...panels.unsaved import SAVE_TITLE
from ..widgets.choice import MenuBox
from ..widgets.fold import Fold
from ..widgets.saving import ask_where
from ..widgets.words import Words, row, sentence, shrinkable
from .curve import CurvePicture


class RunCardBox(QWidget):
    """Draws the card of the run that is shown, or the curve of the one that is under way."""

    def __init__(self, panel: TrainPanel) -> None:
        super().__init__()
        self.panel = panel
        self.found, self.saved = Words("good"), Words("good")
        self.best, self.colour, self.save = QPushButton(BEST), QPushButton(), QPushButton("Save…")
        self.best.clicked.connect(lambda: panel.show_best())
        self.colour.clicked.connect(lambda: panel.show_groups())
        self.save.clicked.connect(
            lambda: ask_where(self, SAVE_TITLE, panel.saving.file_name, panel.saving.save_to)
        )
        self.text = sentence()
        self.choice, self.picture = MenuBox(self._choose), CurvePicture(panel.curve)
        shrinkable(self.choice)
        self._lay_out()
        self.connections = Connections()
        self.connections.add(panel.work.began, lambda: self.details.set_open(True))
        self.connections.add(panel.work.ended, lambda: self.details.set_open(False))
        self.connections.add(panel.saving.changed, self.draw)

    def _lay_out(self) -> None:
        inside, self.buttons = QWidget(), QWidget()
        inner = QVBoxLayout(inside)
        inner.setContentsMargins(0, 0, 0, 0)
        for widget in (self.choice, self.picture, self.text):
            inner.addWidget(widget)
        self.details = Fold(DETAILS, inside)
        self.buttons.setLayout(row(self.best, self.colour, self.save))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        parts: list[QWidget] = [self.found, self.buttons, self.saved, self.details]
        for part in parts:
            layout.addWidget(part)

    def draw(self) -> None:
        """Show what there is now; called a few times a second while a run is under way."""
        now, saving, curve = self.panel.now, self.panel.saving.now, self.panel.curve
        card, is_running = now.card, now.work.is_running
        found = now.ended.text or "\n".join(part for part in (card.found.text, card.groups) if part)
        self.found.say(found.replace(" %", "\u00a0%"), card.found.tone)  # no line ends before a %
        self.buttons.setVisible(bool(card.key))
        self.best.setEnabled(not card.no_best)
        self.best.setToolTip(card.no_best or BEST_HELP)
        self.colour.setText(card.colour)
        self.colour.setVisible(bool(card.colour))
        self.colour.setToolTip(card.groups)
        self.save.setVisible(bool(saving.unsaved))
        self.save.setEnabled(not saving.wait)
        self.save.setToolTip(saving.wait or saving.unsaved.text)
        self.saved.draw(saving.saved)
        self.text.setText(card.details.replace(" %", "\u00a0%"))
        self.text.setVisible(bool(card.details))
        has_curve = is_running or curve.n_points > 1
        self.choice.draw(curve.metric)
        self.choice.setVisible(has_curve and len(curve.metric.entries) > 1)
        self.picture.setVisible(has_curve)
        self.picture.update()
        self.details.setVisible(has_curve or bool(card.details))

    def _choose(self, metric: str) -> None:
        self.panel.curve.choose(metric)
        self.draw()
