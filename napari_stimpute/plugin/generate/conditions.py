"""What cells are asked for: a menu of labels or a line for a number by condition, and guidance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from qtpy.QtWidgets import QDoubleSpinBox, QLineEdit, QVBoxLayout, QWidget

from ...panels.generate import (
    GUIDANCE,
    GUIDANCE_HELP,
    MOST_GUIDANCE,
    NUMBER_HELP,
    Condition,
    GeneratePanel,
)
from ..widgets.choice import MenuBox
from ..widgets.plain import tip
from ..widgets.wheel import guard_wheel
from ..widgets.words import clear, heading, labelled

WIDTH = 90
"""Pixels of the labels of this tab, so that they stand in line."""


class ConditionsBox(QWidget):
    """A control for each condition of the chosen model."""

    def __init__(self, panel: GeneratePanel) -> None:
        super().__init__()
        self.panel = panel
        self.controls: dict[str, MenuBox | QLineEdit] = {}
        self._kinds: list[tuple[str, bool]] = []
        _make_page(self)

    def draw(self, conditions: tuple[Condition, ...], no_options: str) -> None:
        """Show what is asked for."""
        kinds = [(condition.name, condition.menu is None) for condition in conditions]
        if kinds != self._kinds:
            self._kinds = kinds
            self.controls = {name: self._control(name, is_number=n) for name, n in kinds}
            _fill(self, [(c.title, self.controls[c.name]) for c in conditions])
        self.setVisible(bool(kinds))
        for condition in conditions:
            control = self.controls[condition.name]
            if isinstance(control, QLineEdit):
                control.setPlaceholderText(condition.usual)
                control.setEnabled(not no_options)
                if control.text() != condition.text:  # setting it anew would move the cursor
                    control.setText(condition.text)
            elif condition.menu is not None:
                control.draw(condition.menu)

    def _control(self, name: str, *, is_number: bool) -> MenuBox | QLineEdit:
        if not is_number:
            return MenuBox(partial(self.panel.choose_label, name))
        line = QLineEdit()
        line.setToolTip(tip(f"{name}: {NUMBER_HELP}"))
        line.textEdited.connect(partial(self.panel.enter_number, name))
        return line


class GuidanceBox(QWidget):
    """A number for each condition: how strongly it is followed."""

    def __init__(self, choose: Callable[[str, float], object]) -> None:
        super().__init__()
        self._choose = choose
        self.controls: dict[str, QDoubleSpinBox] = {}
        _make_page(self)

    def draw(self, conditions: tuple[Condition, ...]) -> None:
        """Show how strongly each is followed."""
        names = [condition.name for condition in conditions]
        if names != list(self.controls):
            self.controls = {name: self._control(name) for name in names}
            _fill(self, [(c.title, self.controls[c.name]) for c in conditions], GUIDANCE)
        self.setVisible(bool(names))
        for condition in conditions:
            self.controls[condition.name].setValue(condition.guidance)

    def _control(self, name: str) -> QDoubleSpinBox:
        spin = QDoubleSpinBox()
        spin.setRange(0, MOST_GUIDANCE)
        spin.setSingleStep(0.5)
        spin.setDecimals(1)
        spin.setToolTip(tip(f"{name}: {GUIDANCE_HELP}"))
        spin.valueChanged.connect(partial(self._choose, name))
        return spin


def _make_page(holder: QWidget) -> None:
    page = QVBoxLayout(holder)
    page.setContentsMargins(0, 0, 0, 0)


def _fill(holder: QWidget, rows: Sequence[tuple[str, QWidget]], title: str = "") -> None:
    """Other controls with their titles, in place of those before."""
    page = holder.layout()
    assert isinstance(page, QVBoxLayout)
    clear(page)
    if title:
        page.addWidget(heading(title))
    page.addLayout(labelled(rows, width=WIDTH))
    guard_wheel(holder)
