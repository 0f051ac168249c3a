"""What someone does at the window: choose from a menu, and wait until work is done."""

from __future__ import annotations

from typing import Protocol

from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QComboBox

from napari_stimpute import Session


class OfSession(Protocol):
    """A panel."""

    session: Session


def until_idle(qtbot: QtBot, panel: OfSession) -> None:
    """Wait for the session's work."""
    qtbot.waitUntil(lambda: not panel.session.is_busy, timeout=120_000)


def choose(combo: QComboBox, data: str) -> None:
    """Choose the entry that stands for something."""
    assert combo.findData(data) >= 0
    combo.setCurrentIndex(combo.findData(data))
    combo.activated.emit(combo.currentIndex())
