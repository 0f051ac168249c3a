"""A dock with a map of the cells by what they express, beside the tissue and coloured as it is."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtGui import QColor, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from qtpy.QtWidgets import (
    QDockWidget,
    QGridLayout,
    QMainWindow,
    QSizePolicy,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from ...connections import Connections
from ...panels.map import MapChoice
from ...scene.picks import HOW_HELP
from ...scene.shown import Shown, colours_of
from ...scene.spot import in_short
from .. import unwrapped, view_of
from ..widgets.closing import close_with
from ..widgets.connections import is_alive
from ..widgets.loop import deliver_events
from ..widgets.wheel import guard_wheel
from ..widgets.words import Elided, hint
from .choice import MapChoiceBox
from .pick_box import PickBox
from .scatter import Scatter

_SIDE_WIDTH = 280  # pixels of the controls where they stand beside the map
_WIDE = 1.35  # a dock that is so much wider than high has its controls beside the map
_ROOMY = 1700  # pixels of a window in which the map can stand beside tissue and panel
_WIDTH, _HEIGHT = 430, 380  # pixels, beside the tissue and below it
_SETTLED = 100  # milliseconds until a dock has found its place
_HELP = (
    f"Drag to draw around some: they light up on the tissue too. {HOW_HELP} The wheel zooms, the "
    "right button moves the map, a double click shows all of it."
)


class MapPanel(QWidget):
    """Map, menus, and what is picked; all of it follows the session of the viewer."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        viewer = unwrapped(napari_viewer)
        self.view = view_of(viewer)
        self.session, self.scene = self.view.session, self.view.scene
        self.panel = MapChoice(self.scene.maps)
        self.choice, self.scatter = MapChoiceBox(self.panel), Scatter()
        self.title, self.coloured = hint(""), Elided()
        self.picks = PickBox(self.view)
        self._places: NDArray[np.float32] | None = None
        self._lay_out()
        self._connect(viewer)
        deliver_events(self)
        self._follow_theme()
        self.panel.show_newest()
        self._follow()
        QTimer.singleShot(0, self._find_room)

    def sizeHint(self) -> QSize:
        """Room for a map that can be read."""
        return QSize(_WIDTH, _HEIGHT)

    # ---- controls ------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._controls = QWidget()
        controls = QVBoxLayout(self._controls)
        controls.setContentsMargins(0, 0, 0, 0)
        controls.setSpacing(4)
        for widget in (self.choice, self.title, self.coloured):
            controls.addWidget(widget)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(8, 8, 8, 8)
        self._grid.setSpacing(8)
        self._is_wide = False
        self._arrange()
        self.scatter.setAccessibleDescription(_HELP)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        guard_wheel(self)

    def _arrange(self) -> None:
        """Controls above the map and picks below it, or both beside it."""
        grid, parts = self._grid, (self._controls, self.scatter, self.picks)
        for part in parts:
            grid.removeWidget(part)
        if self._is_wide:
            grid.addWidget(self.scatter, 0, 0, 3, 1)
            grid.addWidget(self._controls, 0, 1)
            grid.addWidget(self.picks, 1, 1, Qt.AlignmentFlag.AlignTop)
        else:
            for place, part in enumerate(parts):
                grid.addWidget(part, place, 0)
        grid.setRowStretch(0, 0)
        grid.setRowStretch(1, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnMinimumWidth(1, _SIDE_WIDTH if self._is_wide else 0)

    def _connect(self, viewer: Any) -> None:
        self.connections = Connections()
        events = self.session.events
        self.connections.add(events.adata, self.panel.show_newest)
        self.connections.add(events.contents, self.panel.follow_runs)
        self.connections.add(events.contents, self._follow)
        self.connections.add(self.panel.changed, self._follow)
        self.connections.add(self.view.changed, self._recolour)
        self.connections.add(self.view.hovered, self.scatter.ring)
        self.connections.add(viewer.events.theme, self._follow_theme)
        self.connections.add(self.scatter.lassoed, self.scene.picks.pick)
        self.connections.add(self.scatter.hovered, self._name)
        for keys, act in (("Esc", self.scene.picks.clear), ("Ctrl+Z", self.scene.picks.undo)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
        parts = [self.connections, self.choice.connections, self.panel, *self.picks.parts]
        close_with(self, [*parts, self.view])

    # ---- following the session -----------------------------------------------------------------

    def _follow(self) -> None:
        """Draw the chosen map if there is one; else say why, and begin to draw a small one."""
        places = self.scene.maps.find(self.panel.wanted)
        if places is None and self.isVisible():
            self.panel.draw_soon()
        now = self.panel.now
        if places is None or self._places is None or not np.array_equal(places, self._places):
            self._places = places
            self.scatter.set_places(places)
        self.scatter.say(now.nothing)
        self.title.setText(now.explained)
        self.title.setVisible(now.is_there)
        self._recolour(self.view.shown)

    def _recolour(self, shown: Shown | None) -> None:
        shown = shown or self.scene.shown
        if shown is None or self._places is None:
            self.coloured.say("")
            return
        self.scatter.set_colours(colours_of(shown), shown.picked)
        self.coloured.say(f"Coloured as the canvas: {shown.headline or shown.caption}")

    def _name(self, place: int) -> None:
        """Say which spot is under the mouse, here and on the card in the panel."""
        self.view.hovered.emit(place)
        adata = self.session.adata
        if place < 0 or adata is None or self._places is None:
            QToolTip.hideText()
            return
        x, y = self.scatter.pixel_of(place)
        at = self.scatter.mapToGlobal(self.scatter.rect().topLeft())
        at.setX(at.x() + int(x) + 10)
        at.setY(at.y() + int(y) + 10)
        QToolTip.showText(at, in_short(self.scene, self.view.shown, place), self.scatter)

    def _follow_theme(self) -> None:
        from napari.utils.theme import get_theme

        viewer = self.view.viewer
        if viewer is None or not is_alive(self):
            return
        theme = get_theme(viewer.theme)
        self.scatter.ground = QColor(str(theme.canvas.as_hex(format="long")))
        self.scatter.update()

    # ---- the dock ------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent | None) -> None:
        """A map that is seen, and small, is drawn by itself."""
        super().showEvent(event)
        self._follow()

    def changeEvent(self, event: QEvent | None) -> None:
        """Take over the colours of another theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.StyleChange:
            self.scatter.update()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Controls above the map, or beside it where there is more width than height."""
        super().resizeEvent(event)
        is_wide = self.width() > _WIDE * self.height()
        if is_wide != self._is_wide:
            self._is_wide = is_wide
            self._arrange()

    def _find_room(self) -> None:
        """Stand between canvas and panel in a wide window, else below the canvas alone.

        Below napari's own docks as well, the window would have to grow: they are 480 pixels high.
        """
        dock, window = _ancestor(self, QDockWidget), self.window() if is_alive(self) else None
        if dock is None or not isinstance(window, QMainWindow):
            return
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        docks = window.findChildren(QDockWidget)
        beside = [
            d
            for d in docks
            if d is not dock and d.isVisible() and window.dockWidgetArea(d) == right
        ]
        if beside and window.width() < _ROOMY:
            window.setCorner(Qt.Corner.BottomLeftCorner, left)
            window.setCorner(Qt.Corner.BottomRightCorner, right)
            window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
            window.resizeDocks([dock], [_HEIGHT], Qt.Orientation.Vertical)
        elif beside:
            width = beside[0].width()
            window.splitDockWidget(dock, beside[0], Qt.Orientation.Horizontal)
            widths = partial(window.resizeDocks, [dock, beside[0]], [_WIDTH, width])
            QTimer.singleShot(0, partial(widths, Qt.Orientation.Horizontal))
        QTimer.singleShot(_SETTLED, self._fit_canvas)

    def _fit_canvas(self) -> None:
        """The canvas has become smaller: all of it is to be in sight."""
        if is_alive(self) and self.view.viewer is not None and self.view.layer is not None:
            self.view.viewer.reset_view()


def _ancestor(widget: QWidget, kind: type[QDockWidget]) -> QDockWidget | None:
    if not is_alive(widget):
        return None
    parent = widget.parent()
    while parent is not None and not isinstance(parent, kind):
        parent = parent.parent()
    return parent
