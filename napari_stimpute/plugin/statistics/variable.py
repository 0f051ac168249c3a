"""Variable genes before and after imputing: which stay, which come, which go."""

from __future__ import annotations

from functools import partial

from qtpy.QtWidgets import QPushButton, QSpinBox

from ...panels.genes import PAIR_HELP
from ...panels.variable import AUTOMATIC, EXPLAINED, MOST, N_HELP, VariablePanel
from ..canvas.view import SpotsView
from ..widgets.choice import MenuBox
from ..widgets.plain import Label
from ..widgets.section import SectionBox
from ..widgets.table import TableView
from ..widgets.words import labelled
from ..widgets.work_box import WorkBox


class VariableBox(SectionBox):
    """Draws both rankings; a click in their table shows the gene, on both maps if wished."""

    def __init__(self, panel: VariablePanel, view: SpotsView) -> None:
        super().__init__(EXPLAINED)
        self.panel, self.view = panel, view
        self.run, self.listed = MenuBox(panel.choose_run), MenuBox(panel.choose_listed)
        self.n = QSpinBox()
        self.n.setRange(0, MOST)
        self.n.setSingleStep(50)
        self.n.setSpecialValueText(AUTOMATIC)
        self.n.setToolTip(N_HELP)
        self.n.valueChanged.connect(panel.choose_n)
        self.work, self.table = WorkBox(panel.work), TableView(panel.table)
        self.table.export.hide()
        self.table.chosen.connect(panel.session.display.show_gene)
        self.summary, self.maps = Label(""), QPushButton("Show side by side")
        self.summary.setWordWrap(True)
        self.maps.setCheckable(True)
        self.maps.clicked.connect(partial(view.toggle, "side by side"))
        self._lay_out()
        self.connections.add(panel.changed, self._draw)
        self.connections.add(view.changed, self._follow_view)
        self.parts = [self.connections, self.table.connections, panel]
        self._draw()

    def _lay_out(self) -> None:
        self.page.addLayout(labelled([("Run", self.run), ("Genes", self.n)], width=80))
        self.page.addWidget(self.work)
        self.page.addWidget(self.summary)
        self.inner.addLayout(labelled([("Listed", self.listed)], width=80))
        self.inner.addWidget(self.maps)
        self.inner.addWidget(self.table)
        self.page.addWidget(self.answer)

    def _draw(self) -> None:
        now = self.panel.now
        self.run.draw(now.run)
        self.n.setValue(now.n)
        self.n.setEnabled(not now.run.why_not)
        self.work.draw(now.work)
        self.summary.setText(now.summary)
        self.summary.setVisible(bool(now.summary))
        self.show_answer(has_answer=now.has_answer)
        self.listed.draw(now.listed)
        self._follow_view()

    def _follow_view(self) -> None:
        """The canvas is laid out in another way, or can be no longer."""
        no_pair = self.view.scene.no_pair
        self.maps.setEnabled(not no_pair)
        self.maps.setToolTip(no_pair or PAIR_HELP)
        self.maps.setChecked(self.view.stage.is_grid)
