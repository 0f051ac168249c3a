"""Controls of the wipe: on or off, what lies left and right, where the divider is, export."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ...connections import Connections
from ...errors import StimputeError
from ...scene.figure import pair_figure, save_figure
from ...scene.pair import LOG_REASON
from ...session.contents import LOG
from ..canvas.view import SpotsView
from ..widgets.connections import is_alive
from ..widgets.words import Words, labelled

KEYS = {"[": -0.02, "]": 0.02, "Control-[": -0.1, "Control-]": 0.1}
"""Keys on the canvas, and by how much of the tissue's width each moves the divider. Shift is of no
use here: napari does not pass it on for keys that are not letters."""

_STEPS = 1000
_HELP = (
    "Lay both over one another with a divider between: drag it on the map. [ and ] on the canvas "
    "move it by 2 %, with Ctrl (⌘ on a Mac) by 10 %."
)


class WipeBox(QWidget):
    """A checkbox, and what belongs to it while it is checked."""

    def __init__(self, view: SpotsView) -> None:
        super().__init__()
        self.view, self.wipe, self.pair = view, view.wipe, view.scene.pair
        self._make_controls()
        self._lay_out()
        self._connect()
        self._follow()

    # ---- actions -------------------------------------------------------------------------------

    def bind_keys(self, viewer: Any) -> None:
        """Let the keys of the canvas move the divider."""
        for key, share in KEYS.items():
            viewer.bind_key(key, self._stepping(share), overwrite=True)

    def export_to(self, path: str, badge: str = "") -> Path | None:
        """Write a figure of the wipe; None, and words beside the button, where that failed."""
        self.words.say("")
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            written = save_figure(lambda: pair_figure(self.view.scene, self.wipe.x, badge), path)
        except StimputeError as error:
            self.words.say(str(error), "error")
            return None
        finally:
            QApplication.restoreOverrideCursor()
        self.words.say(f"Written to {written}.", "good")
        return written

    def _stepping(self, share: float) -> Callable[[Any], None]:
        def step_divider(_viewer: Any) -> None:  # napari asks a key's function for its name
            if is_alive(self) and self.wipe.is_split:  # the key outlives a closed panel
                self.wipe.step(share)

        return step_divider

    # ---- controls ------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.on = QCheckBox("Wipe between raw and imputed")
        self.left, self.right = QComboBox(), QComboBox()
        self.left.setToolTip("What is shown to the left of the divider.")
        self.right.setToolTip("What is shown to the right of the divider.")
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

    def _connect(self) -> None:
        self.on.toggled.connect(self._set_on)
        self.left.activated.connect(self._choose)
        self.right.activated.connect(self._choose)
        self.slider.valueChanged.connect(lambda value: self.wipe.set_position(value / _STEPS))
        self.export_button.clicked.connect(lambda: self._ask_export())
        events = self.view.session.events
        self.connections = Connections()
        for event in (events.adata, events.contents, events.job):
            self.connections.add(event, self._follow)
        self.connections.add(self.view.changed, self._follow)
        self.connections.add(self.wipe.moved, self._follow_position)

    def _set_on(self, wanted: bool) -> None:
        self.words.say("")
        self.view.toggle("wipe", wanted)
        self._follow()

    def _choose(self, _index: int) -> None:
        self.pair.choose(str(self.left.currentData()), str(self.right.currentData()))

    def _ask_export(self) -> None:
        name = f"{self.view.session.display.gene}_wipe.png"
        path, _ = QFileDialog.getSaveFileName(
            self, "Export the wipe", name, "PNG (*.png);;PDF (*.pdf);;SVG (*.svg)"
        )
        if path:
            self.export_to(path if Path(path).suffix else f"{path}.png")

    # ---- following the view --------------------------------------------------------------------

    def _follow(self, _shown: object = None) -> None:
        session, wipe = self.view.session, self.wipe
        missing = "Open data first."
        if session.adata is not None:
            missing = (
                "" if session.contents.runs else "Train a model first: nothing is imputed yet."
            )
        self.on.setEnabled(not missing and not self.view.scene.no_map)
        self.on.setToolTip(missing or self.view.scene.no_map or _HELP)
        _quietly(self.on, partial(self.on.setChecked, wipe.is_on))
        self.more.setVisible(wipe.is_on)
        if wipe.is_on:
            self._fill()
            self._say_why()
        self._follow_position(wipe.position)

    def _follow_position(self, position: float) -> None:
        _quietly(self.slider, partial(self.slider.setValue, round(position * _STEPS)))

    def _fill(self) -> None:
        for combo, chosen in zip((self.left, self.right), self.pair.sources(), strict=True):
            combo.clear()
            for source in self.view.session.contents.sources:
                combo.addItem(source.title, source.name)
                if source.name == LOG:
                    _disable_last(combo, LOG_REASON)
            combo.setCurrentIndex(combo.findData(chosen))

    def _say_why(self) -> None:
        waits = self.wipe.waits
        for widget in (self.left, self.right, self.slider, self.export_button):
            widget.setEnabled(not waits)
        self.words.say(waits, "note")


def _quietly(widget: QWidget, change: Callable[[], None]) -> None:
    """Change a control without it saying so."""
    was = widget.blockSignals(True)
    change()
    widget.blockSignals(was)


def _disable_last(combo: QComboBox, reason: str) -> None:
    model: Any = combo.model()
    item = model.item(combo.count() - 1) if isinstance(model, QStandardItemModel) else None
    if item is not None:
        item.setEnabled(False)
        item.setToolTip(reason)
