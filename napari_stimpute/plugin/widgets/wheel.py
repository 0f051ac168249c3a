"""Let the wheel scroll the panel, and never change a setting one only passes over."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QSlider, QWidget


def guard_wheel(parent: QWidget) -> None:
    """Make every control in `parent` ignore the wheel until it is clicked or tabbed into."""
    guard = _WheelGuard(parent)
    for kind in (QAbstractSpinBox, QComboBox, QSlider):
        for widget in parent.findChildren(kind):
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            widget.installEventFilter(guard)


class _WheelGuard(QObject):
    """Takes the wheel from controls that do not have the focus."""

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Pass the wheel on to the scroll area unless the control has the focus."""
        is_wheel = event is not None and event.type() == QEvent.Type.Wheel
        if is_wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            assert event is not None
            event.ignore()
            return True
        return super().eventFilter(watched, event)
