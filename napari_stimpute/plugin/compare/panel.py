"""Compare methods on hidden molecules: choose them, start, watch, cancel, and keep a report."""

from __future__ import annotations

from functools import partial

from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ...connections import Connections
from ...panels.compare import (
    EXPLAINED,
    GENES_HELP,
    GENES_TITLE,
    KINDS,
    NO_GENES,
    REPORT_TITLE,
    SPLITS,
    SPLITS_HELP,
    SPLITS_TITLE,
    ComparePanel,
    Offered,
)
from ...panels.workers import TITLE as WORKERS
from ..widgets.fold import Fold
from ..widgets.forecast import ForecastView
from ..widgets.plain import Label
from ..widgets.saving import ask_where
from ..widgets.words import Words, heading, hint, labelled
from ..widgets.work_box import WorkBox
from .scores import ScoresView


class CompareBox(QWidget):
    """Draws what can be compared, and what was found."""

    def __init__(self, panel: ComparePanel) -> None:
        super().__init__()
        self.panel = panel
        self._listed_names: list[str] = []
        self.forecast = ForecastView(panel.forecast)
        self.work, self.view = WorkBox(panel.work, self.forecast), ScoresView(panel.sort)
        self.status, self.saved = Label(""), Words("good")
        self.status.setWordWrap(True)
        self.report = QPushButton(f"{REPORT_TITLE}…")
        self.report.clicked.connect(
            lambda: ask_where(self, REPORT_TITLE, panel.file_name, panel.save_report)
        )
        self._make_choice()
        self._lay_out()
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self.connections.add(panel.work.began, lambda: self.methods.set_open(False))
        self.connections.add(self.view.dots.chosen, panel.session.display.show_gene)
        self.parts = [self.connections, self.forecast.connections, panel]
        self._draw()

    def _make_choice(self) -> None:
        self.boxes: dict[str, QCheckBox] = {}
        self.reasons: dict[str, QLabel] = {}
        for method in self.panel.now.methods:
            box = QCheckBox(method.title)
            box.clicked.connect(partial(self._tick, method.name))
            self.boxes[method.name], self.reasons[method.name] = box, hint("")
        self.splits, self.workers, self.genes = QSpinBox(), QSpinBox(), QLineEdit()
        self.splits.setRange(*SPLITS)
        self.splits.setToolTip(SPLITS_HELP)
        self.splits.valueChanged.connect(self.panel.choose_splits)
        self.workers.setRange(1, self.panel.now.workers.most)
        self.workers.valueChanged.connect(self.panel.choose_workers)
        self.genes.setPlaceholderText(NO_GENES)
        self.genes.setToolTip(GENES_HELP)
        self.genes.textChanged.connect(self.panel.draw_genes)

    def _tick(self, name: str, wanted: bool) -> None:
        self.panel.tick(name, wanted=wanted)

    def _lay_out(self) -> None:
        """The button first; the methods give their room to the scores once it was pressed."""
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        self.explained = hint(EXPLAINED)
        self.choice = QWidget()
        inner = QVBoxLayout(self.choice)
        inner.setContentsMargins(0, 0, 0, 0)
        self._grids: dict[str, QGridLayout] = {}
        for kind, title in KINDS.items():
            inner.addWidget(heading(title))
            inner.addLayout(self._listed(kind))
        inner.addSpacing(4)
        rows = [(SPLITS_TITLE, self.splits), (GENES_TITLE, self.genes), (WORKERS, self.workers)]
        inner.addLayout(labelled(rows))
        self.methods = Fold("", self.choice)
        self.methods.set_open(True)
        parts: list[QWidget] = [self.explained, self.work, self.methods, self.status, self.view]
        for widget in (*parts, self.report, self.saved):
            layout.addWidget(widget)
        layout.addStretch(1)

    def _listed(self, kind: str) -> QGridLayout:
        """A place for the methods of a kind, each with the reason below that keeps it out."""
        grid = self._grids[kind] = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(3)
        grid.setColumnMinimumWidth(0, 22)
        grid.setColumnStretch(1, 1)
        return grid

    def _order(self, methods: tuple[Offered, ...]) -> None:
        """List the methods as they fit the open data."""
        names = [method.name for method in methods]
        if names == self._listed_names:
            return
        self._listed_names = names
        for row, method in enumerate(methods):
            grid = self._grids[method.kind]
            grid.addWidget(self.boxes[method.name], 2 * row, 0, 1, 2)
            grid.addWidget(self.reasons[method.name], 2 * row + 1, 1)

    def _draw(self) -> None:
        now = self.panel.now
        self._order(now.methods)
        for method in now.methods:
            box, reason = self.boxes[method.name], self.reasons[method.name]
            box.setEnabled(not method.why_not)
            box.setText(method.title)
            box.setChecked(method.is_ticked)
            box.setToolTip(method.help)
            reason.setText(method.why_not)
            reason.setVisible(bool(method.why_not))
        self.splits.setValue(now.n_splits)
        self.workers.setValue(now.workers.n)
        self.workers.setEnabled(not now.workers.why_not)
        self.workers.setToolTip(now.workers.help)
        if self.genes.text() != now.genes:  # setting it anew would move the cursor
            self.genes.setText(now.genes)
        self.choice.setEnabled(not now.wait)
        self.methods.set_title(now.chosen)
        self.explained.setVisible(not now.scores.rows)
        self.work.draw(now.work)
        self.status.setText(now.status)
        self.status.setVisible(bool(now.status))
        self.view.draw(now.scores, now.order, falls=now.falls)
        self.report.setVisible(now.has_report)
        self.report.setEnabled(not now.no_report)
        self.report.setToolTip(now.report_help)
        self.saved.draw(now.saved)
