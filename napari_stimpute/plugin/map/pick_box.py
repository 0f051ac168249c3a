"""Pick spots by hand, see how they differ, and keep them as a column."""

from __future__ import annotations

from qtpy.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...errors import StimputeError
from ...scene.picks import HOW_HELP, picked_in_words
from ..canvas.lasso import PICK_KEY
from ..canvas.view import SpotsView
from ..widgets.words import Words, hint, row, sentence

_NAME = "picked"
_PICK_HELP = (
    f"Drag on the canvas to draw around some; press {PICK_KEY} there to begin and to end. "
    f"{HOW_HELP}"
)
_NONE = (
    "None are picked. Draw around some on the map of cells; on the canvas press "
    f"“Pick by hand ({PICK_KEY})” first."
)


class PickBox(QWidget):
    """A button that lets the mouse pick, what is picked in words, and a name to keep it under."""

    def __init__(self, view: SpotsView) -> None:
        super().__init__()
        self.view, self.session = view, view.session
        self._make_controls()
        self._lay_out()
        self._connect()
        self._follow()

    # ---- actions -------------------------------------------------------------------------------

    def keep(self) -> None:
        """Write who is picked into a column under the name in the box; the answer is said."""
        column, session = self.name.text().strip() or _NAME, self.session
        adata, kept = session.adata, self.view.scene.picks.kept
        if adata is not None and column in adata.obs.columns and column not in kept:
            self.words.say(f"There is a column “{column}” already: choose another name.", "error")
            return
        try:
            session.keep_picked(column)
        except StimputeError as error:
            self.words.say(str(error), "error")
            return
        kept.add(column)
        self.words.say(
            f"Kept as “{column}”: colour by it, or compare it with the others under Statistics.",
            "good",
        )

    def _set_picking(self, wanted: bool) -> None:
        if wanted:
            self.words.say(self.view.lasso.why_not(), "note")
            self.view.lasso.start()
        else:
            self.view.lasso.stop()

    # ---- controls ------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.pick_button = QPushButton(f"Pick by hand ({PICK_KEY})")
        self.pick_button.setCheckable(True)
        self.notes, self.nothing = sentence(), hint(_NONE)
        self.undo_button = QPushButton("Undo")
        self.undo_button.setToolTip("Back to who was picked before (Ctrl+Z).")
        self.clear_button = QPushButton("Clear")
        self.clear_button.setToolTip("Pick none (Esc).")
        self.name = QLineEdit(_NAME)
        self.name.setAccessibleName("Name of the column")
        self.name.setToolTip("Name of the column that will say who was picked.")
        self.keep_button = QPushButton("Keep")
        self.words = Words("good")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.first = row(self.pick_button, self.undo_button, self.clear_button)
        self.first.setStretch(0, 2)
        layout.addLayout(self.first)
        layout.addWidget(self.nothing)
        layout.addWidget(self.notes)
        self.keeping = QWidget()
        self.keeping.setLayout(row(self.name, self.keep_button))
        layout.addWidget(self.keeping)
        layout.addWidget(self.words)

    def _connect(self) -> None:
        self.pick_button.clicked.connect(self._set_picking)
        self.undo_button.clicked.connect(lambda: self.view.scene.picks.undo())
        self.clear_button.clicked.connect(lambda: self.view.scene.picks.clear())
        self.keep_button.clicked.connect(lambda: self.keep())
        self.name.returnPressed.connect(self.keep)
        self.name.textEdited.connect(lambda _text: self.words.say(""))
        self.connections = Connections()
        events = self.session.events
        self.connections.add(self.session.display.changed, self._unsay)
        self.connections.add(events.adata, self._forget)
        self.connections.add(self.view.changed, self._follow)
        self.connections.add(self.view.lasso.changed, self._follow_lasso)

    # ---- following the session -----------------------------------------------------------------

    def _forget(self) -> None:
        self.words.say("")
        self._follow()

    def _unsay(self, changed: frozenset[str]) -> None:
        if "picked" in changed:
            self.words.say("")

    def _follow(self) -> None:
        picked, can_draw = picked_in_words(self.session), self.view.layer is not None
        self.notes.setText(picked)
        for widget in (self.notes, self.keeping):
            widget.setVisible(bool(picked))
        self.nothing.setVisible(not picked and can_draw)
        self.clear_button.setEnabled(bool(picked))
        self.undo_button.setEnabled(self.view.scene.picks.can_undo)
        self.pick_button.setEnabled(can_draw)
        self.pick_button.setToolTip(_PICK_HELP if can_draw else self.view.lasso.why_not())
        self.keep_button.setToolTip("Write it into a new column of obs: “selected” and “other”.")

    def _follow_lasso(self, is_on: bool) -> None:
        self.pick_button.setChecked(is_on)
        self.pick_button.setText("Stop picking" if is_on else f"Pick by hand ({PICK_KEY})")
