"""Deliver the events of worker threads on Qt's loop."""

from __future__ import annotations

from psygnal import emit_queued
from qtpy.QtCore import QObject, QTimer

INTERVAL = 30
"""Milliseconds between two deliveries."""


def deliver_events(owner: QObject) -> QTimer:
    """Run what other threads queued for this one, for as long as `owner` lives."""
    timer = QTimer(owner)
    timer.timeout.connect(_deliver)
    timer.start(INTERVAL)
    return timer


def _deliver() -> None:
    emit_queued()
