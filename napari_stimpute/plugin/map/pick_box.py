"""Pick spots by hand, see how they differ, and keep them as a column."""

from __future__ import annotations

from qtpy.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.message import Message
from ...panels.picks import CLEAR_HELP, KEEP_HELP, NAME, NAME_HELP, UNDO_HELP, PicksPanel
from ...scene.picks import HOW_HELP
from ..canvas.lasso import PICK_KEY
from ..canvas.view import SpotsView
from ..widgets.words import Words, hint, row, sentence

_PICK_HELP = (
    f"Drag on the canvas to draw around some; press {PICK_KEY} there to begin and to end. "
    f"{HOW_HELP}"
)
_NONE = (
    "None are picked. Draw around some on the map; on the canvas press "
    f"“Pick by hand ({PICK_KEY})” first."
)


class PickBox(QWidget):
    """A button that lets the mouse pick, what is picked in words, and a name to keep it under."""

    def __init__(self, view: SpotsView) -> None:
        super().__init__()
        self.view, self.panel = view, PicksPanel(view.scene.picks)
        self._make_controls()
        self._lay_out()
        self._connect()
        self._draw()

    def _set_picking(self, wanted: bool) -> None:
        if wanted:
            self.panel.say(Message(self.view.lasso.why_not()))
            self.view.lasso.start()
        else:
            self.view.lasso.stop()

    def _make_controls(self) -> None:
        self.pick_button = QPushButton(f"Pick by hand ({PICK_KEY})")
        self.pick_button.setCheckable(True)
        self.notes, self.nothing = sentence(), hint(_NONE)
        self.undo_button = QPushButton("Undo")
        self.undo_button.setToolTip(UNDO_HELP)
        self.clear_button = QPushButton("Clear")
        self.clear_button.setToolTip(CLEAR_HELP)
        self.name = QLineEdit(NAME)
        self.name.setAccessibleName("Name of the column")
        self.name.setToolTip(NAME_HELP)
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
        picks, panel = self.panel.picks, self.panel
        self.undo_button.clicked.connect(lambda: picks.undo())
        self.clear_button.clicked.connect(lambda: picks.clear())
        self.keep_button.clicked.connect(lambda: panel.keep(self.name.text()))
        self.name.returnPressed.connect(lambda: panel.keep(self.name.text()))
        self.name.textEdited.connect(lambda _text: panel.unsay())
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self.connections.add(self.view.changed, self._follow_canvas)
        self.connections.add(self.view.lasso.changed, self._follow_lasso)
        self.parts = [self.connections, panel]

    def _draw(self) -> None:
        now = self.panel.now
        self.notes.setText(now.picked)
        for widget in (self.notes, self.keeping):
            widget.setVisible(bool(now.picked))
        self.clear_button.setEnabled(bool(now.picked))
        self.undo_button.setEnabled(now.can_undo)
        self.keep_button.setEnabled(not now.no_keeping)
        self.keep_button.setToolTip(now.no_keeping or KEEP_HELP)
        self.words.draw(now.outcome)
        self._follow_canvas()

    def _follow_canvas(self) -> None:
        can_draw = self.view.layer is not None
        self.nothing.setVisible(not self.panel.now.picked and can_draw)
        self.pick_button.setEnabled(can_draw)
        self.pick_button.setToolTip(_PICK_HELP if can_draw else self.view.lasso.why_not())

    def _follow_lasso(self, is_on: bool) -> None:
        self.pick_button.setChecked(is_on)
        self.pick_button.setText("Stop picking" if is_on else f"Pick by hand ({PICK_KEY})")
