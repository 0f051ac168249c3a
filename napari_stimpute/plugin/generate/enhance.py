"""The open data made fuller: what is added, the button, and what it changed."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtWidgets import QDoubleSpinBox, QSpinBox

from ...panels.enhance import (
    COLUMN,
    DEEPEN,
    DENOISE,
    EXPLAINED,
    FACTOR,
    FACTOR_HELP,
    FACTORS,
    KIND,
    LABEL,
    MOST_CELLS,
    N_HELP,
    RAISE,
    TIME,
    TIME_HELP,
    TIMES,
    EnhancePanel,
    N,
)
from ...panels.generators import HYPOTHESIS
from ..widgets.choice import MenuBox
from ..widgets.section import SectionBox, enable
from ..widgets.words import Words, labelled
from ..widgets.work_box import WorkBox
from .conditions import WIDTH
from .made import MadeBox


class EnhanceBox(SectionBox):
    """Draws what is added to a copy of the open data."""

    def __init__(self, panel: EnhancePanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self.kind, self.column = MenuBox(panel.choose_kind), MenuBox(panel.choose_column)
        self.label, self.work = MenuBox(panel.choose_label), WorkBox(panel.work)
        self._make_amounts()
        self.hypothesis, self.said = Words("warning"), Words("note")
        self.hypothesis.say(HYPOTHESIS)
        self.made = MadeBox(panel.file, panel.save_to, panel.open_made)
        self._lay_out()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, panel]
        self._draw()

    def _make_amounts(self) -> None:
        panel = self.panel
        self.n, self.factor, self.time = QSpinBox(), QDoubleSpinBox(), QDoubleSpinBox()
        self.n.setRange(1, MOST_CELLS)
        self.n.setSingleStep(100)
        self.n.setGroupSeparatorShown(True)
        self.factor.setRange(*FACTORS)
        self.factor.setSingleStep(0.5)
        self.factor.setDecimals(1)
        self.time.setRange(*TIMES)
        self.time.setSingleStep(0.01)
        self.n.setToolTip(N_HELP)
        self.factor.setToolTip(FACTOR_HELP)
        self.time.setToolTip(TIME_HELP)
        self.n.valueChanged.connect(lambda n: panel.set_amounts(replace(panel.amounts, n=n)))
        self.factor.valueChanged.connect(
            lambda factor: panel.set_amounts(replace(panel.amounts, factor=factor))
        )
        self.time.valueChanged.connect(
            lambda time: panel.set_amounts(replace(panel.amounts, time=time))
        )

    def _lay_out(self) -> None:
        self.form = labelled(
            [
                (KIND, self.kind),
                (COLUMN, self.column),
                (LABEL, self.label),
                (N, self.n),
                (FACTOR, self.factor),
                (TIME, self.time),
            ],
            width=WIDTH,
        )
        self.page.addLayout(self.form)
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        for widget in (self.hypothesis, self.said, self.made):
            self.inner.addWidget(widget)

    def _draw(self) -> None:
        now = self.panel.now
        self.kind.draw(now.kind)
        self.column.draw(now.column)
        self.label.draw(now.label)
        self.n.setValue(now.amounts.n)
        self.factor.setValue(now.amounts.factor)
        self.time.setValue(now.amounts.time)
        for_kind = {
            self.column: RAISE,
            self.label: RAISE,
            self.n: RAISE,
            self.factor: DEEPEN,
            self.time: DENOISE,
        }
        for widget, kind in for_kind.items():
            self.form.setRowVisible(widget, kind == now.kind.chosen)
        enable([self.n, self.factor, self.time], now.no_options)
        self.work.draw(now.work)
        self.show_answer(has_answer=now.has_answer)
        self.said.draw(now.said)
        self.made.draw(now.wait)
