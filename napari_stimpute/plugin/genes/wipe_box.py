"""Controls of the wipe: on or off, what lies left and right, where the divider is, export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QCheckBox, QPushButton, QSlider, QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.genes import GenesPanel
from ..canvas.view import SpotsView
from ..widgets.choice import MenuBox
from ..widgets.connections import is_alive
from ..widgets.saving import ask_figure
from ..widgets.words import Words, labelled

KEYS = {"[": -0.02, "]": 0.02, "Control-[": -0.1, "Control-]": 0.1}
"""Keys on the canvas, and by how much of the tissue's width each moves the divider. Shift is of no
use here: napari does not pass it on for keys that are not letters."""

_STEPS = 1000
_HELP = (
    "Lay both over one another with a divider between: drag it on the canvas, or move it with [ "
    "and ] by 2 %, with Ctrl (⌘ on a Mac) by 10 %."
)


class WipeBox(QWidget):
    """A checkbox, and what belongs to it while it is checked."""

    def __init__(self, view: SpotsView, panel: GenesPanel) -> None:
        super().__init__()
        self.view, self.panel = view, panel
        self.wipe, self.pair = view.wipe, view.scene.pair
        self._make_controls()
        self._lay_out()
        self.on.toggled.connect(self._set_on)
        self.slider.valueChanged.connect(lambda value: self.wipe.set_position(value / _STEPS))
        self.export_button.clicked.connect(lambda: self._ask())
        self.connections = Connections()
        self.connections.add(self.wipe.moved, self._follow_position)

    def bind_keys(self, viewer: Any) -> None:
        """Let the keys of the canvas move the divider."""
        for key, share in KEYS.items():
            viewer.bind_key(key, self._stepping(share), overwrite=True)

    def draw(self) -> None:
        """Show whether there is a divider, and what lies beside it."""
        now = self.panel.now
        self.on.setEnabled(not now.no_pair)
        self.on.setToolTip(now.no_pair or _HELP)
        with QSignalBlocker(self.on):
            self.on.setChecked(self.wipe.is_on)
        self.more.setVisible(now.wipe is not None)
        self._follow_position(self.wipe.position)
        if now.wipe is not None:
            self.left.draw(now.wipe.left)
            self.right.draw(now.wipe.right)
            self.slider.setEnabled(not now.wipe.waits)
            self.export_button.setEnabled(not now.wipe.no_export)
            self.words.draw(now.wipe.message)

    def _make_controls(self) -> None:
        pair = self.pair
        self.on = QCheckBox("Wipe between raw and imputed")
        self.left = MenuBox(lambda left: pair.choose(left, pair.sources()[1]))
        self.right = MenuBox(lambda right: pair.choose(pair.sources()[0], right))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setSingleStep(_STEPS // 50)
        self.slider.setPageStep(_STEPS // 10)
        self.slider.setToolTip("Where the divider lies, from the left of the tissue to the right.")
        self.export_button = QPushButton("Export wipe…")
        self.export_button.setToolTip("Write a figure of both halves as PNG, PDF or SVG.")
        self.words = Words("note")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.more = QWidget()
        inner = QVBoxLayout(self.more)
        inner.setContentsMargins(22, 0, 0, 0)
        inner.setSpacing(6)
        rows = [("Left", self.left), ("Right", self.right), ("Divider", self.slider)]
        inner.addLayout(labelled(rows))
        inner.addWidget(self.export_button)
        inner.addWidget(self.words)
        layout.addWidget(self.on)
        layout.addWidget(self.more)

    def _set_on(self, wanted: bool) -> None:
        self.view.toggle("wipe", wanted)
        self.draw()

    def _stepping(self, share: float) -> Callable[[Any], None]:
        def step_divider(_viewer: Any) -> None:  # napari asks a key's function for its name
            if is_alive(self) and self.wipe.is_split:  # the key outlives a closed panel
                self.wipe.step(share)

        return step_divider

    def _ask(self) -> None:
        name = f"{self.panel.now.gene}_wipe.png"
        ask_figure(
            self, "Export the wipe", name, lambda path: self.panel.save_wipe(path, self.wipe.x)
        )

    def _follow_position(self, position: float) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(position * _STEPS))
