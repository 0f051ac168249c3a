"""Differences between groups of spots, tested on counts; imputed values only after a question."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.differences import EXPLAINED, QUESTION, DifferencesPanel
from ..widgets.choice import MenuBox
from ..widgets.table import TableView
from ..widgets.words import Words, heading, hint, labelled, row
from ..widgets.work_box import WorkBox


class DifferencesBox(QWidget):
    """Draws a test of one group against others; a click in its table shows the gene."""

    def __init__(self, panel: DifferencesPanel) -> None:
        super().__init__()
        self.panel = panel
        self.column, self.group = MenuBox(panel.choose_column), MenuBox(panel.choose_group)
        self.against, self.values = MenuBox(panel.choose_against), MenuBox(panel.choose_values)
        self.work, self.table = WorkBox(panel.work), TableView(panel.table)
        self.summary, self.doubt = Words("note"), Words("warning")
        self.table.chosen.connect(panel.session.display.show_gene)
        self._make_question()
        self._lay_out()
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, self.table.connections, panel]
        self._draw()

    def _make_question(self) -> None:
        self.question = QWidget()
        asked = Words("warning")
        self.yes, self.no = QPushButton("Test imputed values"), QPushButton("Use the counts")
        self.yes.setToolTip("Go on, and read the table as a ranking. This is asked only once.")
        self.no.setToolTip("Go back to what was measured.")
        self.yes.clicked.connect(lambda: self.panel.accept())
        self.no.clicked.connect(lambda: self.panel.decline())
        layout = QVBoxLayout(self.question)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(asked)
        layout.addLayout(row(self.no, self.yes))
        asked.say(QUESTION)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(heading("Differences between groups"))
        layout.addWidget(hint(EXPLAINED))
        chosen = [("Groups by", self.column), ("Group", self.group)]
        chosen += [("Against", self.against), ("Values", self.values)]
        layout.addLayout(labelled(chosen, width=80))
        layout.addWidget(self.question)
        layout.addWidget(self.work)
        self.answer = QWidget()
        inner = QVBoxLayout(self.answer)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        for widget in (self.summary, self.doubt, self.table):
            inner.addWidget(widget)
        layout.addWidget(self.answer)

    def _draw(self) -> None:
        now = self.panel.now
        self.column.draw(now.column)
        self.group.draw(now.group)
        self.against.draw(now.against)
        self.values.draw(now.values)
        self.question.setVisible(now.is_asking)
        self.work.draw(now.work)
        self.answer.setVisible(now.has_answer)
        self.summary.draw(now.summary)
        self.doubt.draw(now.doubt)
