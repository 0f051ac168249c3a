"""What cells are asked for: a menu of labels or a line for a number by condition, and guidance."""

from __future__ import annotations

from functools import partial

import ipywidgets as widgets

from ....panels.generate import (
    GUIDANCE,
    GUIDANCE_HELP,
    MOST_GUIDANCE,
    NUMBER_HELP,
    Condition,
    GeneratePanel,
)
from ...widgets.controls import MenuBox, enable, named
from ...widgets.loop import Home
from ...widgets.words import heading


class ConditionsBox:
    """A control for each condition of the chosen model, and one for how strongly it is followed."""

    def __init__(self, panel: GeneratePanel, home: Home) -> None:
        self.panel, self.home = panel, home
        self.menus: dict[str, MenuBox] = {}
        self.lines: dict[str, widgets.Text] = {}
        self.strengths: dict[str, widgets.BoundedFloatText] = {}
        self._kinds: list[tuple[str, bool]] = []
        self.widget, self.guidance = widgets.VBox(), widgets.VBox()

    def draw(self, conditions: tuple[Condition, ...], no_options: str) -> None:
        """Show what is asked for."""
        kinds = [(condition.name, condition.menu is None) for condition in conditions]
        if kinds != self._kinds:
            self._kinds = kinds
            self._make(conditions)
        with self.home.quiet():
            for condition in conditions:
                self.strengths[condition.name].value = condition.guidance
                if condition.menu is not None:
                    self.menus[condition.name].draw(condition.menu)
                else:
                    self.lines[condition.name].value = condition.text
                    self.lines[condition.name].placeholder = condition.usual
        enable(no_options, *self.lines.values(), *self.strengths.values())

    def _make(self, conditions: tuple[Condition, ...]) -> None:
        names = {c.name: c.menu is None for c in conditions}
        panel, home = self.panel, self.home
        self.menus = {
            n: MenuBox("", partial(panel.choose_label, n), home)
            for n, line in names.items()
            if not line
        }
        self.lines = {n: self._line(n) for n, is_line in names.items() if is_line}
        self.strengths = {n: self._strength(n) for n in names}
        self.widget.children = [
            named(c.title, self.lines[c.name] if names[c.name] else self.menus[c.name].widget)
            for c in conditions
        ]
        strengths = [named(c.title, self.strengths[c.name]) for c in conditions]
        self.guidance.children = [heading(GUIDANCE), *strengths] if strengths else []

    def _line(self, name: str) -> widgets.Text:
        line = widgets.Text(tooltip=f"{name}: {NUMBER_HELP}")
        self.home.observe(line, lambda: self.panel.enter_number(name, line.value))
        return line

    def _strength(self, name: str) -> widgets.BoundedFloatText:
        box = widgets.BoundedFloatText(min=0, max=MOST_GUIDANCE, step=0.5)
        box.tooltip = f"{name}: {GUIDANCE_HELP}"
        self.home.observe(box, lambda: self.panel.choose_guidance(name, box.value))
        return box
