"""New cells: what they are to be, the button, and at once what they are worth."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtWidgets import QPushButton, QSpinBox, QVBoxLayout, QWidget

from ...panels.generate import (
    ADVANCED,
    EXPLAINED,
    FIGURE_HELP,
    LARGER,
    MOST_CELLS,
    MOST_SEED,
    MOST_STEPS,
    N_HELP,
    SAMPLER,
    SEED,
    SEED_HELP,
    STEPS,
    STEPS_HELP,
    GeneratePanel,
    N,
)
from ...panels.generators import HYPOTHESIS
from ...panels.realism import COLUMNS, TITLE
from ..widgets.choice import MenuBox
from ..widgets.fact_table import FactTable
from ..widgets.figure_window import FigureWindow
from ..widgets.fold import Fold
from ..widgets.picture import Picture
from ..widgets.section import SectionBox, enable
from ..widgets.words import Words, labelled
from ..widgets.work_box import WorkBox
from .conditions import WIDTH, ConditionsBox, GuidanceBox
from .made import MadeBox


class CellsBox(SectionBox):
    """Draws an order and what came of it."""

    def __init__(self, panel: GeneratePanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self.conditions, self.guidance = ConditionsBox(panel), GuidanceBox(panel.choose_guidance)
        self.about, self.work = Words("note"), WorkBox(panel.work)
        self._make_options()
        self._make_answer()
        self._lay_out()
        self.connections.add(panel.changed, self._draw)
        self.connections.add(panel.figures.drawn, self.figures.show_figure)
        self.parts = [self.connections, panel]
        self._draw()

    def _make_options(self) -> None:
        panel = self.panel
        self.n, self.steps, self.seed = QSpinBox(), QSpinBox(), QSpinBox()
        for spin, most, help_text in (
            (self.n, MOST_CELLS, N_HELP),
            (self.steps, MOST_STEPS, STEPS_HELP),
            (self.seed, MOST_SEED, SEED_HELP),
        ):
            spin.setRange(0 if spin is self.seed else 1, most)
            spin.setToolTip(help_text)
        self.n.setSingleStep(100)
        self.n.setGroupSeparatorShown(True)
        self.n.valueChanged.connect(lambda n: panel.set_options(replace(panel.options, n=n)))
        self.steps.valueChanged.connect(
            lambda n: panel.set_options(replace(panel.options, n_steps=n))
        )
        self.seed.valueChanged.connect(
            lambda seed: panel.set_options(replace(panel.options, seed=seed))
        )
        self.method = MenuBox(panel.choose_method)

    def _make_answer(self) -> None:
        panel = self.panel
        self.hypothesis, self.notes = Words("warning"), Words("note")
        self.verdict, self.doubts = Words("note"), Words("warning")
        self.hypothesis.say(HYPOTHESIS)
        self.table, self.picture = FactTable(TITLE, COLUMNS), Picture()
        self.picture.setAccessibleName(f"Real and generated cells. {HYPOTHESIS}")
        self.figures = FigureWindow(self)
        self.larger = QPushButton(LARGER)
        self.larger.setToolTip(FIGURE_HELP)
        self.made = MadeBox(panel.file, panel.save_to, panel.open_made, self.larger)
        self.larger.clicked.connect(lambda: panel.draw_figure(self.devicePixelRatioF()))

    def _lay_out(self) -> None:
        self.advanced = QWidget()
        inner = QVBoxLayout(self.advanced)
        inner.setContentsMargins(0, 0, 0, 0)
        rows = [(SAMPLER, self.method), (STEPS, self.steps), (SEED, self.seed)]
        inner.addLayout(labelled(rows, width=WIDTH))
        inner.addWidget(self.guidance)
        self.fold = Fold(ADVANCED, self.advanced)
        self.page.addWidget(self.conditions)
        self.page.addLayout(labelled([(N, self.n)], width=WIDTH))
        for widget in (self.about, self.work, self.fold, self.answer):
            self.page.addWidget(widget)
        words = (self.hypothesis, self.notes, self.verdict, self.doubts)
        for widget in (*words, self.table, self.picture, self.made):
            self.inner.addWidget(widget)

    def _draw(self) -> None:
        now = self.panel.now
        self.conditions.draw(now.conditions, now.no_options)
        self.guidance.draw(now.conditions)
        self.n.setValue(now.options.n)
        self.steps.setValue(now.options.n_steps)
        self.seed.setValue(now.options.seed)
        self.method.draw(now.method)
        enable([self.n, self.steps, self.seed, *self.guidance.controls.values()], now.no_options)
        self.about.draw(now.about)
        self.work.draw(now.work)
        self.show_answer(has_answer=now.has_answer)
        self.notes.draw(now.notes)
        self.verdict.draw(now.verdict)
        self.doubts.draw(now.doubts)
        self.table.draw(now.rows)
        self.table.setVisible(bool(now.rows))
        self.picture.draw(now.picture)
        self.made.draw(now.wait)
        self.larger.setVisible(bool(now.picture))
