"""Notice that a dock was closed: napari takes a panel out of its dock, and does not delete it."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QWidget


def close_with(panel: QWidget, parts: list[Any]) -> None:
    """Close all parts once, when a panel is taken out of its dock or deleted.

    Parameters
    ----------
    parts : the list itself is kept: what is added to it until then is closed too
    """
    panel.destroyed.connect(partial(_close, parts))
    panel.installEventFilter(_Watch(panel, parts))


class _Watch(QObject):
    def __init__(self, panel: QWidget, waiting: list[Any]) -> None:
        super().__init__(panel)
        self._waiting = waiting

    def eventFilter(self, panel: QObject | None, event: QEvent | None) -> bool:
        is_moved = event is not None and event.type() == QEvent.Type.ParentChange
        if is_moved and panel is not None and panel.parent() is None:
            _close(self._waiting)
        return False


def _close(waiting: list[Any], _gone: object = None) -> None:
    while waiting:
        waiting.pop(0).close()
