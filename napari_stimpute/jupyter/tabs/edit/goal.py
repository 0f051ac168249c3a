"""A condition that edited cells are to have, and below it the label or number it is to be."""

from __future__ import annotations

from functools import partial

import ipywidgets as widgets

from ....panels.edit import EditPanel
from ....panels.edit_goal import Goal, GoalState
from ...widgets.controls import MenuBox, control, enable
from ...widgets.loop import Home
from ...widgets.words import show


class GoalBox:
    """Draws one of the conditions that are asked for.

    Parameters
    ----------
    title : of the condition
    """

    def __init__(self, panel: EditPanel, goal: Goal, title: str, home: Home) -> None:
        self.home = home
        self.column = MenuBox(title, partial(panel.choose, goal.column), home)
        self.target = MenuBox("To", partial(panel.choose, goal.target), home)
        self.number = control(widgets.FloatText, "To number")
        home.observe(self.number, lambda: panel.enter_number(goal, self.number.value))
        self.widget = widgets.VBox([self.column.widget, self.target.widget, self.number])

    def draw(self, now: GoalState) -> None:
        """Show what is asked for."""
        self.column.draw(now.column)
        self.target.draw(now.target)
        show(self.target.widget, bool(now.target.entries))
        show(self.number, now.is_number)
        with self.home.quiet():
            self.number.value = now.number
        self.number.tooltip = now.number_help
        enable(now.column.why_not, self.number)
