"""Differences between groups of spots, tested on counts; imputed values only after a question."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...panels.differences import (
    ACCEPT,
    ACCEPT_HELP,
    DECLINE,
    DECLINE_HELP,
    EXPLAINED,
    QUESTION,
    DifferencesPanel,
)
from ..widgets.choice import MenuBox
from ..widgets.plain import Label
from ..widgets.section import SectionBox
from ..widgets.table import TableView
from ..widgets.words import Words, labelled, row, shrinkable
from ..widgets.work_box import WorkBox


class DifferencesBox(SectionBox):
    """Draws a test of one group against others; a click in its table shows the gene."""

    def __init__(self, panel: DifferencesPanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self.column, self.group = MenuBox(panel.choose_column), MenuBox(panel.choose_group)
        self.against, self.values = MenuBox(panel.choose_against), MenuBox(panel.choose_values)
        self.work, self.table = WorkBox(panel.work), TableView(panel.table)
        self.summary, self.doubt = Words("note"), Words("warning")
        self.table.chosen.connect(panel.session.display.show_gene)
        self._make_question()
        self._lay_out()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, self.table.connections, panel]
        self._draw()

    def _make_question(self) -> None:
        self.question = QWidget()
        asked = Words("warning")
        self.yes, self.no = QPushButton(ACCEPT), QPushButton(DECLINE)
        self.yes.setToolTip(ACCEPT_HELP)
        self.no.setToolTip(DECLINE_HELP)
        self.yes.clicked.connect(lambda: self.panel.accept())
        self.no.clicked.connect(lambda: self.panel.decline())
        layout = QVBoxLayout(self.question)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(asked)
        layout.addLayout(row(self.no, self.yes))
        asked.say(QUESTION)

    def _lay_out(self) -> None:
        sides = QWidget()
        sides.setLayout(beside := row(self.group, Label("against"), self.against))
        beside.setStretch(1, 0)
        for menu, name in ((self.group, "Group"), (self.against, "Against")):
            menu.setAccessibleName(name)
            shrinkable(menu)
            menu.setMinimumContentsLength(4)  # both stand on one line
        chosen = [("Groups by", self.column), ("Group", sides), ("Values", self.values)]
        self.page.addLayout(labelled(chosen, width=80))
        for widget in (self.question, self.work, self.answer):
            self.page.addWidget(widget)
        for widget in (self.summary, self.doubt, self.table):
            self.inner.addWidget(widget)

    def _draw(self) -> None:
        now = self.panel.now
        self.column.draw(now.column)
        self.group.draw(now.group)
        self.against.draw(now.against)
        self.values.draw(now.values)
        self.question.setVisible(now.is_asking)
        self.work.draw(now.work)
        self.show_answer(has_answer=now.has_answer)
        self.summary.draw(now.summary)
        self.doubt.draw(now.doubt)
