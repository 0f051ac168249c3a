"""Choose a map, draw it if it is not there yet, and see how it comes on."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...scene.maps import KINDS, MAPPING, MOST_BY_ITSELF, MapOf, Maps
from ..widgets.words import Words, row, shrinkable
from ..widgets.work_view import WorkView

_KEY_HELP = "Of what the map is drawn: the counts, or what a model learned."


class MapChoice(QWidget):
    """Two menus and a button. `chosen` is emitted with a choice that someone made here."""

    chosen = Signal(object)

    def __init__(self, maps: Maps) -> None:
        super().__init__()
        self.maps, self.choice = maps, MapOf()
        self._make_controls()
        self._lay_out()
        self.key.activated.connect(self._choose)
        self.kind.activated.connect(self._choose)
        self.button.clicked.connect(lambda: self.maps.draw(self.choice))
        self.cancel.clicked.connect(lambda: self._cancel())
        self.connections = Connections()
        events = maps.session.events
        for event in (events.adata, events.contents, maps.changed):
            self.connections.add(event, self.follow)
        self.follow()

    def show_choice(self, choice: MapOf) -> None:
        """Take over a choice that was made elsewhere."""
        if choice != self.choice:
            self.choice = choice
            self.follow()

    def empty_words(self) -> str:
        """Why there is no map to see, and what to do."""
        maps, choice, session = self.maps, self.choice, self.maps.session
        if session.adata is None:
            return "Open data first: their cells are then laid out here by what they express."
        title = maps.title(choice)
        if maps.waits_for(choice):
            return f"The {title} is being drawn…"
        if maps.problem:
            return f"There is no {title}."
        if session.adata.n_obs >= MOST_BY_ITSELF:
            return (
                f"The {title} is not drawn yet. {session.adata.n_obs:,} {session.place}s take a "
                "while: press “Draw map” when it suits you."
            )
        return f"The {title} is not drawn yet: press “Draw map”."

    def follow(self) -> None:
        """Offer what there is, and say how the drawing comes on."""
        maps, session = self.maps, self.maps.session
        if self.choice.key not in dict(maps.choices()):
            self.choice = MapOf(kind=self.choice.kind)
        self._fill()
        is_there, drawing = maps.find(self.choice) is not None, maps.drawing is not None
        reason = maps.why_not()
        self.button.setVisible(not is_there and not drawing)
        self.button.setEnabled(not reason)
        self.button.setToolTip(reason or f"Draw the {maps.title(self.choice)} in the background.")
        self.cancel.setVisible(drawing)
        for combo in (self.key, self.kind):
            combo.setEnabled(session.adata is not None)
        self.words.say("" if is_there or drawing else maps.problem, "error")
        self._watch()

    def _make_controls(self) -> None:
        self.key, self.kind = QComboBox(), QComboBox()
        self.key.setToolTip(_KEY_HELP)
        self.key.setAccessibleName("Map of")
        self.kind.setAccessibleName("Kind of map")
        for kind, title, help_text in KINDS:
            self.kind.addItem(title, kind)
            place = self.kind.count() - 1
            self.kind.setItemData(place, help_text, Qt.ItemDataRole.ToolTipRole)
        for combo, letters in ((self.key, 6), (self.kind, 5)):
            shrinkable(combo)
            combo.setMinimumContentsLength(letters)
        self.button, self.cancel = QPushButton("Draw map"), QPushButton("Cancel")
        self.work, self.words = WorkView(), Words("error")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        first, second = row(self.key, self.kind), row(self.work, stretch=False)
        first.setStretch(0, 2)
        second.setStretch(0, 1)
        second.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(first)
        layout.addWidget(self.button)
        layout.addLayout(second)
        layout.addWidget(self.words)

    def _fill(self) -> None:
        self.key.clear()
        for key, title in self.maps.choices():
            self.key.addItem(title, key)
        self.key.setCurrentIndex(self.key.findData(self.choice.key))
        self.kind.setCurrentIndex(self.kind.findData(self.choice.kind))
        help_text = next(text for kind, _, text in KINDS if kind == self.choice.kind)
        self.kind.setToolTip(help_text)

    def _watch(self) -> None:
        job, session = self.maps.session.job, self.maps.session
        is_mapping = session.is_busy and job is not None and job.owner == MAPPING
        if is_mapping and job is not None and self.work.job is not job:
            self.work.watch(job)
            self.cancel.setEnabled(True)
            self.cancel.setToolTip("Stop drawing the map.")
        elif not is_mapping and self.work.job is not None:
            self.work.finish()

    def _cancel(self) -> None:
        self.maps.session.cancel()
        self.cancel.setEnabled(False)
        self.cancel.setToolTip("It stops after this step.")

    def _choose(self, _index: int) -> None:
        self.choice = MapOf(str(self.key.currentData()), self.kind.currentData())
        self.follow()
        self.chosen.emit(self.choice)
