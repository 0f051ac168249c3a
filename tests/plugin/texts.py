"""Where the texts of widgets stand, and how well they can be read there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from qtpy.QtCore import QRect
from qtpy.QtGui import QImage
from qtpy.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QTabBar,
    QWidget,
)

from ..contrast import contrast

_EDGE = 4
"""Pixels of frame around a text, which are not looked at."""


def texts_of(widget: QWidget) -> Iterator[tuple[str, QRect]]:
    """Each text of a widget, and where it stands in it; without indicators and frames."""
    if isinstance(widget, QLabel):
        yield widget.text(), widget.rect()
    elif isinstance(widget, QCheckBox):
        option = QStyleOptionButton()
        widget.initStyleOption(option)
        part = QStyle.SubElement.SE_CheckBoxContents
        yield widget.text(), widget.style().subElementRect(part, option, widget)
    elif isinstance(widget, QAbstractButton):
        yield widget.text(), _inner(widget.rect())
    elif isinstance(widget, QComboBox):
        option = QStyleOptionComboBox()
        widget.initStyleOption(option)
        kind, part = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        yield widget.currentText(), widget.style().subControlRect(kind, option, part, widget)
    elif isinstance(widget, QLineEdit):
        yield widget.text() or widget.placeholderText(), _inner(widget.rect())
    elif isinstance(widget, QTabBar):
        for i in range(widget.count()):
            yield widget.tabText(i), _inner(widget.tabRect(i))


def contrast_within(picture: QImage, part: QRect) -> float:
    """Of the most frequent colour in a part of a picture with the farthest from it."""
    image = picture.copy(part.intersected(picture.rect()))
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    memory = image.constBits()
    memory.setsize(image.sizeInBytes())
    shape = (image.height(), image.bytesPerLine() // 4, 4)
    pixels = np.frombuffer(memory, np.uint8).reshape(shape)[:, : image.width(), 2::-1]
    colours, counts = np.unique(pixels.reshape(-1, 3) / 255, axis=0, return_counts=True)
    return contrast(colours[counts.argmax()], colours)


def _inner(place: QRect) -> QRect:
    return place.adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
