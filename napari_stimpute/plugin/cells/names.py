"""Names for groups of spots: suggested by lists of marker genes, or carried over (see below)."""

from __future__ import annotations

from qtpy.QtWidgets import QFileDialog, QLineEdit, QPushButton

from ...panels.cells.names import (
    COLUMNS,
    EXAMPLE_FILE,
    EXAMPLE_HELP,
    EXAMPLE_TITLE,
    EXPLAINED,
    FORMAT,
    KINDS,
    LISTS,
    REFERENCE,
    WRITE,
    NamesPanel,
)
from ...panels.cells.transfer import TransferPanel
from ..widgets.fact_table import FactTable
from ..widgets.saving import ask_where
from ..widgets.section import SectionBox, enable
from ..widgets.words import Words, heading, labelled, row, rule
from ..widgets.work_box import WorkBox
from .transfer import TransferBox


class NamesBox(SectionBox):
    """Draws suggested names; below, names from a reference."""

    def __init__(self, panel: NamesPanel, transfer: TransferPanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self.transfer = TransferBox(transfer)
        self.lists, self.browse = QLineEdit(), QPushButton("Open…")
        self.example, self.write = QPushButton(f"{EXAMPLE_TITLE}…"), QPushButton(WRITE)
        self.work = WorkBox(panel.work)
        self.doubt, self.written = Words("warning"), Words("good")
        self.table = FactTable("Suggested names", COLUMNS, stretched=1)
        self._make_controls()
        self._lay_out()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, panel, *self.transfer.parts]
        self._draw()

    @property
    def in_sight(self) -> NamesPanel | TransferPanel:
        """What the section is about now: a reference where that alone is open."""
        by_reference = self.transfer.panel.reference is not None and not self.panel.lists.strip()
        return self.transfer.panel if by_reference else self.panel

    def _make_controls(self) -> None:
        panel = self.panel
        self.lists.setPlaceholderText(KINDS)
        self.lists.setToolTip(FORMAT)
        self.lists.textChanged.connect(panel.choose_lists)
        self.browse.setToolTip(f"Choose a file. {FORMAT}")
        self.browse.clicked.connect(lambda: self._ask())
        self.example.setToolTip(EXAMPLE_HELP)
        self.example.clicked.connect(
            lambda: ask_where(self, EXAMPLE_TITLE, EXAMPLE_FILE, panel.save_example)
        )
        self.write.clicked.connect(lambda: panel.write())

    def _lay_out(self) -> None:
        self.page.addLayout(labelled([(LISTS, self.lists)], width=80))
        self.page.addLayout(row(self.browse, self.example))
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        for widget in (self.doubt, self.table, self.write, self.written):
            self.inner.addWidget(widget)
        self.page.addWidget(rule())
        self.page.addWidget(heading(REFERENCE))
        self.page.addWidget(self.transfer)

    def _ask(self) -> None:
        lists = "Marker lists (*.csv *.tsv *.json)"
        path, _ = QFileDialog.getOpenFileName(self, "Marker lists", "", lists)
        if path:
            self.panel.choose_lists(path)

    def _draw(self) -> None:
        now = self.panel.now
        if self.lists.text() != now.lists:
            self.lists.setText(now.lists)
        enable([self.lists, self.browse, self.example], now.no_lists)
        self.work.draw(now.work)
        self.show_answer(has_answer=now.has_answer)
        self.doubt.draw(now.doubt)
        self.table.draw(now.rows)
        self.write.setEnabled(not now.no_writing)
        self.write.setToolTip(now.no_writing or now.write_help)
        self.written.draw(now.written)
