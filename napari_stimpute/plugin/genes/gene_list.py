"""All modelled genes with their verdicts: sort, filter, walk through them, export."""

from __future__ import annotations

from qtpy.QtCore import QTimer
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.gene_list import VALUES, VALUES_HELP, GeneListPanel
from ..widgets.choice import MenuBox
from ..widgets.connections import is_alive
from ..widgets.plain import tip
from ..widgets.saving import ask_where
from ..widgets.table import TableView
from ..widgets.words import hint, row, shrinkable

_LOWEST = 220  # pixels of the table


class GeneListBox(QWidget):
    """Draws the list of one run's genes; choosing a row shows the gene."""

    def __init__(self, panel: GeneListPanel) -> None:
        super().__init__()
        self.panel = panel
        self.about, self.nothing = hint(""), hint("")
        self.text = QLineEdit()
        self.text.setPlaceholderText("Part of a name")
        self.text.setClearButtonEnabled(True)
        self.text.setToolTip("List only genes whose name holds this.")
        self.text.textChanged.connect(panel.search)
        self.elsewhere = QPushButton()
        self.elsewhere.setToolTip("Show its counts; adding it to the modelled genes is offered.")
        self.elsewhere.clicked.connect(lambda: panel.show_elsewhere())
        self.verdict = MenuBox(panel.choose_verdict)
        shrinkable(self.verdict)
        self.table = TableView(panel.table, panel.save)
        self.table.view.setMinimumHeight(_LOWEST)
        self.table.narrow()
        self.values = QPushButton(VALUES)
        self.values.clicked.connect(
            lambda: ask_where(self, VALUES.rstrip("…"), panel.values_name, panel.save_values)
        )
        self._lay_out()
        self.table.chosen.connect(panel.session.display.show_gene)
        self.table.model.modelReset.connect(self._mark)
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, self.table.connections, panel]
        self._draw()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.about)
        self.found = QWidget()
        inner = QVBoxLayout(self.found)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        inner.addLayout(row(self.text, self.verdict))
        inner.addWidget(self.table, 1)
        inner.addWidget(self.values)
        inner.addWidget(self.elsewhere)
        layout.addWidget(self.found, 1)
        layout.addWidget(self.nothing)
        layout.addStretch(0)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Bring the list up to date: it is not filled while nobody looks."""
        super().showEvent(event)
        self.panel.watch(is_watched=True)
        QTimer.singleShot(0, self._mark)  # once it is laid out, or it would not scroll there

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Leave the list as it is."""
        super().hideEvent(event)
        self.panel.watch(is_watched=False)

    def _draw(self) -> None:
        now = self.panel.now
        has_genes = not now.nothing
        for widget in (self.about, self.found):
            widget.setVisible(has_genes)
        self.nothing.setVisible(not has_genes)
        self.about.setText(f"{now.about} ↑ and ↓ show the next.")
        self.nothing.setText(now.nothing)
        self.verdict.draw(now.verdict)
        self.table.export.setEnabled(now.n_listed > 0)
        self.table.export.setToolTip(now.export_help)
        self.values.setEnabled(not now.no_values)
        self.values.setToolTip(tip(now.no_values or VALUES_HELP))
        self.table.words.draw(now.message)
        self.elsewhere.setText(f"Show {now.elsewhere}")
        self.elsewhere.setVisible(bool(now.elsewhere))
        self._mark()

    def _mark(self) -> None:
        """Mark the gene that is shown, if it is listed."""
        if is_alive(self) and self.isVisible():
            self.table.mark(self.panel.row)
