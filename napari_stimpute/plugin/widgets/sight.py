"""Scroll a page to what has just appeared on it."""

from __future__ import annotations

from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QScrollArea, QWidget

from .connections import is_alive


def bring_into_sight(widget: QWidget) -> None:
    """Scroll the page around a widget so that all of it is seen, or as much as has room."""
    if not is_alive(widget) or not widget.isVisible():
        return
    place = widget.parentWidget()
    while place is not None and not isinstance(place, QScrollArea):
        place = place.parentWidget()
    if place is None or (page := place.widget()) is None:
        return
    bar, view = place.verticalScrollBar(), place.viewport()
    assert bar is not None and view is not None
    top = widget.mapTo(page, QPoint(0, 0)).y()
    bar.setValue(min(top, max(bar.value(), top + widget.height() - view.height())))
