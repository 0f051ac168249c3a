"""The line that the mouse draws, on a photograph of the canvas laid over it.

The canvas stands still meanwhile, and is not drawn anew: the line follows the mouse however many
spots there are. A pane of glass would not do: Qt draws what lies below it anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QMainWindow, QWidget

LINE = QColor("#ffd23f")
"""Stands out from H&E, from black and, with its shadow, from white."""

SHADOW = QColor(20, 20, 20, 190)


class Outline(QWidget):
    """A closed line in pixels of the canvas; the mouse does not notice it."""

    def __init__(self, canvas: QOpenGLWidget) -> None:
        super().__init__(canvas)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.corners = QPolygonF()
        self._photograph = canvas.grabFramebuffer() if canvas.isVisible() else QImage()
        self.setGeometry(canvas.rect())
        self.show()

    def draw(self, pixels: NDArray[np.float64]) -> None:
        """Show a line through corners, (n, 2): y and x."""
        self.corners = QPolygonF([QPointF(x, y) for y, x in pixels])
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw it, with a shadow for light grounds."""
        painter = QPainter(self)
        painter.drawImage(self.rect(), self._photograph)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_outline(painter, self.corners)
        painter.end()


def draw_outline(painter: QPainter, corners: QPolygonF) -> None:
    """Draw a closed line that is seen on every ground."""
    for colour, width in ((SHADOW, 3.5), (LINE, 1.6)):
        painter.setPen(QPen(colour, width))
        painter.drawPolygon(corners)


def canvas_of(viewer: Any) -> QOpenGLWidget:
    """The widget in which napari draws a viewer's canvas."""
    window = viewer.window.main_menu.window()
    assert isinstance(window, QMainWindow)
    found = window.findChild(QOpenGLWidget)
    assert isinstance(found, QOpenGLWidget)
    return found


def pixels_of(viewer: Any, canvas: QWidget, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels of the canvas widget (n, 2; y and x) of places on the canvas (n, 2; y and x)."""
    camera = viewer.scene.camera
    middle = np.array([canvas.height(), canvas.width()]) / 2
    found: NDArray[np.float64] = (places - np.asarray(camera.center)[-2:]) * camera.zoom + middle
    return found
