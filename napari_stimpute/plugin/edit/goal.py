"""A condition that edited cells are to have, and below it the label or number it is to be."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QDoubleSpinBox, QVBoxLayout, QWidget

from ...panels.edit import EditPanel
from ...panels.edit_goal import Goal, GoalState
from ..widgets.choice import MenuBox
from ..widgets.plain import tip
from ..widgets.words import labelled

_FAR = 1e9


class GoalBox(QWidget):
    """Draws one of the conditions that are asked for.

    Parameters
    ----------
    title : of the condition
    label : pixels of the labels
    """

    def __init__(self, panel: EditPanel, goal: Goal, title: str, *, label: int) -> None:
        super().__init__()
        self.column = MenuBox(partial(panel.choose, goal.column))
        self.target = MenuBox(partial(panel.choose, goal.target))
        self.number = QDoubleSpinBox()
        self.number.setRange(-_FAR, _FAR)
        self.number.setDecimals(3)
        self.number.setKeyboardTracking(False)
        self.number.valueChanged.connect(partial(panel.enter_number, goal))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._form = labelled(
            [(title, self.column), ("To", self.target), ("To number", self.number)], width=label
        )
        layout.addLayout(self._form)

    def draw(self, now: GoalState) -> None:
        """Show what is asked for."""
        self.column.draw(now.column)
        self.target.draw(now.target)
        self._form.setRowVisible(self.target, bool(now.target.entries))
        self._form.setRowVisible(self.number, now.is_number)
        with QSignalBlocker(self.number):
            self.number.setValue(now.number)
        self.number.setEnabled(not now.column.why_not)
        self.number.setToolTip(tip(now.number_help))
