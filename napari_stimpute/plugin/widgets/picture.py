"""A picture as wide as the panel, sharp on fine screens."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QPixmap, QResizeEvent
from qtpy.QtWidgets import QSizePolicy

from .plain import Label


class Picture(Label):
    """Draws a PNG as wide as there is room, on white as on paper; takes none without one."""

    def __init__(self) -> None:
        super().__init__()
        self._png, self._pixels = b"", QPixmap()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setStyleSheet("background: white;")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hide()

    def draw(self, png: bytes) -> None:
        """Show another picture, b"" for none."""
        if png != self._png:
            self._png, self._pixels = png, QPixmap()
            self._pixels.loadFromData(png)
            self._fit()
        self.setVisible(bool(png))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fit it anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._pixels.isNull():
            return
        ratio = self.devicePixelRatioF()
        fitted = self._pixels.scaledToWidth(
            max(1, round(self.width() * ratio)), Qt.TransformationMode.SmoothTransformation
        )
        fitted.setDevicePixelRatio(ratio)
        self.setPixmap(fitted)
        self.setFixedHeight(round(fitted.height() / ratio))
