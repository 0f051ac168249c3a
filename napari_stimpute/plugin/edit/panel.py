"""Ask for an edit of cells, see what changed and whether to believe it, and keep the cells."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QPushButton,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ...panels.edit import (
    CLEAR,
    CLEAR_HELP,
    EXPLAINED,
    HOW_DONE,
    SAVE_TITLE,
    SHOWN,
    SHOWN_HELP,
    EditPanel,
    EditState,
)
from ...panels.edit_form import ADVANCED, GENES, MOST, MOST_SEED, SEED_HELP, STRENGTH_HELP
from ...panels.generators import SET_UP, SET_UP_HELP
from ...panels.menu import Choice
from ..widgets.choice import MenuBox
from ..widgets.fold import Fold
from ..widgets.plain import Label, tip
from ..widgets.saving import ask_where
from ..widgets.section import SectionBox
from ..widgets.table import TableView
from ..widgets.words import Card, Words, hint, labelled, row, sentence, shrinkable
from ..widgets.work_box import WorkBox
from .goal import GoalBox
from .wishes import WishesBox

_LABEL = 80  # pixels of the labels
_STEPS = 20  # of the slider in a strength of 1


class EditBox(SectionBox):
    """Draws what is asked of cells, and what came of it; a click in the table shows a change."""

    def __init__(self, panel: EditPanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self._facts: tuple[tuple[str, str], ...] = ()
        self._make_form()
        self._make_answer()
        self._lay_out()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, self.table.connections, panel]
        self._draw()

    # ---- controls ------------------------------------------------------------------------------

    def _make_form(self) -> None:
        panel, form = self.panel, self.panel.form
        self.run, self.cells = self._menu(form.run), self._menu(form.cells)
        self.group, self.what = self._menu(form.group), self._menu(form.what)
        titles = zip(form.goals, ("Condition", "And"), strict=True)
        self.goals = [GoalBox(panel, goal, title, label=_LABEL) for goal, title in titles]
        self.method, self.groups = self._menu(form.method), self._menu(form.groups)
        self.wishes = WishesBox(panel, label=_LABEL)
        self.strength, self.how_strong = QSlider(Qt.Orientation.Horizontal), Label("")
        self.strength.setRange(0, round(MOST * _STEPS))
        self.strength.setPageStep(_STEPS // 4)
        self.strength.setTickInterval(_STEPS)
        self.strength.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.strength.setToolTip(STRENGTH_HELP)
        self.strength.valueChanged.connect(lambda step: panel.set_strength(step / _STEPS))
        self.seed = QSpinBox()
        self.seed.setRange(0, MOST_SEED)
        self.seed.setToolTip(SEED_HELP)
        self.seed.valueChanged.connect(panel.set_seed)
        self.cost = hint("")
        self.set_up = QPushButton(SET_UP)
        self.set_up.setToolTip(SET_UP_HELP)
        self.set_up.clicked.connect(lambda: panel.set_up())
        self.work = WorkBox(panel.work, self.set_up, self.cost)

    def _menu(self, choice: Choice) -> MenuBox:
        return MenuBox(partial(self.panel.choose, choice))

    def _make_answer(self) -> None:
        panel = self.panel
        self.asked, self.doubt = Words("note"), Words("warning")
        self.facts, self.gene = Card(), Words("note")
        self.shown = QCheckBox(SHOWN)
        self.shown.setToolTip(SHOWN_HELP)
        self.shown.clicked.connect(panel.show_change)
        self.listed, self.table = MenuBox(panel.choose_listed), TableView(panel.table)
        self.table.narrow()
        shrinkable(self.listed)
        self.listed.setAccessibleName("Listed genes")
        self.table.chosen.connect(panel.show_gene)
        self.how = sentence()
        self.how_done = Fold(HOW_DONE, self.how)
        self.save, self.clear = QPushButton(panel.saving.title), QPushButton(CLEAR)
        self.save.clicked.connect(lambda: ask_where(self, SAVE_TITLE, panel.file_name, panel.save))
        self.clear.setToolTip(CLEAR_HELP)
        self.clear.clicked.connect(lambda: panel.clear())
        self.saved = Words("good")

    def _lay_out(self) -> None:
        self.page.setContentsMargins(9, 9, 9, 9)
        self.controls = QWidget()
        inner = QVBoxLayout(self.controls)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        self.group_row = _rows(("Group", self.group))
        strength = QWidget()
        strength.setLayout(beside := row(self.strength, self.how_strong))
        beside.setStretch(1, 0)
        self.how_strong.setMinimumWidth(self.how_strong.fontMetrics().horizontalAdvance("0.000"))
        advanced = _rows(("Method", self.method), ("Groups", self.groups), ("Seed", self.seed))
        self.advanced = Fold(ADVANCED, advanced)
        for part in (
            _rows(("Model", self.run), ("Cells", self.cells)),
            self.group_row,
            _rows(("Ask for", self.what)),
            *self.goals,
            self.wishes,
            _rows(("Strength", strength)),
            self.advanced,
        ):
            inner.addWidget(part)
        self.strength.setAccessibleName("Strength")
        for widget in (self.controls, self.work, self.answer):
            self.page.addWidget(widget)
        for widget in (self.asked, self.facts, self.doubt, self.shown, self.listed, self.table):
            self.inner.addWidget(widget)
        for widget in (self.gene, self.how_done):
            self.inner.addWidget(widget)
        self.inner.addLayout(row(self.save, self.clear))
        self.inner.addWidget(self.saved)
        self.page.addStretch(1)

    # ---- drawing -------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent | None) -> None:
        """Look what an edit would take, while someone looks."""
        super().showEvent(event)
        self.panel.watch(is_watched=True)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Look no longer."""
        super().hideEvent(event)
        self.panel.watch(is_watched=False)

    def _draw(self) -> None:
        now = self.panel.now
        self.controls.setVisible(now.is_ready)
        self.set_up.setVisible(now.has_no_model)
        self._draw_form(now)
        self.work.draw(now.work)
        self.cost.setText(now.cost)
        self.cost.setVisible(bool(now.cost))
        self.show_answer(has_answer=now.has_answer)
        self._draw_answer(now)

    def _draw_form(self, now: EditState) -> None:
        form, is_genes = now.form, now.form.what.chosen == GENES
        for box, menu in (
            (self.run, form.run),
            (self.cells, form.cells),
            (self.group, form.group),
            (self.what, form.what),
            (self.method, form.method),
            (self.groups, form.groups),
        ):
            box.draw(menu)
        self.group_row.setVisible(bool(form.group.entries))
        for goal, state in zip(self.goals, form.goals, strict=True):
            goal.draw(state)
            goal.setVisible(not is_genes and bool(state.column.entries))
        self.wishes.setVisible(is_genes)
        self.wishes.draw(form)
        can_enter = not form.run.why_not
        for widget in (self.wishes, self.strength, self.seed):
            widget.setEnabled(can_enter)
        with QSignalBlocker(self.strength), QSignalBlocker(self.seed):
            self.strength.setValue(round(form.strength * _STEPS))
            self.seed.setValue(form.seed)
        self.how_strong.setText(f"{form.strength:.2f}")

    def _draw_answer(self, now: EditState) -> None:
        self.asked.draw(now.asked)
        if now.facts != self._facts:
            self._facts = now.facts
            self.facts.fill(now.facts)
        self.doubt.draw(now.doubt)
        self.shown.setChecked(now.is_shown)
        self.listed.draw(now.listed)
        self._mark()
        self.gene.draw(now.gene)
        self.how.setText(now.how)
        self.save.setEnabled(now.saving.is_enabled)
        self.save.setToolTip(tip(now.saving.tooltip))
        self.saved.draw(now.saving.outcome)

    def _mark(self) -> None:
        """Mark the gene whose change is shown, if another one is than before."""
        gene = self.panel.session.display.gene if self.panel.now.is_shown else ""
        place = self.panel.table.row_of(gene)
        if self.table.view.currentIndex().row() != place or not gene:
            self.table.mark(place)


def _rows(*named: tuple[str, QWidget]) -> QWidget:
    """Controls with their labels, as one widget that can be hidden."""
    holder = QWidget()
    holder.setLayout(labelled(named, width=_LABEL))
    return holder
