"""Find settings: a search in the background, its scores as dots, and the settings behind each."""

from __future__ import annotations

from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ...connections import Connections
from ...panels.tune import (
    EXPLAINED,
    KEEP_HELP,
    KEEP_IN,
    LEGEND,
    NOWHERE,
    TITLE,
    TRIALS,
    TRIALS_HELP,
    USE,
    TunePanel,
)
from ...panels.workers import TITLE as WORKERS
from ..widgets.fold import Fold
from ..widgets.wheel import guard_wheel
from ..widgets.words import Words, hint, labelled, sentence
from ..widgets.work_box import WorkBox
from .tune_dots import TuneDots


class TuneSection(QWidget):
    """Draws one search at a time; folded away at first."""

    def __init__(self, panel: TunePanel) -> None:
        super().__init__()
        self.panel = panel
        self._make_controls()
        self._lay_out()
        guard_wheel(self)
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self._draw()

    def _make_controls(self) -> None:
        panel = self.panel
        self.n_trials, self.workers = QSpinBox(), QSpinBox()
        self.workers.setRange(1, panel.now.workers.most)
        self.n_trials.setRange(*TRIALS)
        self.n_trials.setToolTip(TRIALS_HELP)
        self.study, self.browse = QLineEdit(), QPushButton("…")
        self.study.setPlaceholderText(NOWHERE)
        self.study.setToolTip(KEEP_HELP)
        self.browse.setFixedWidth(30)
        self.browse.setToolTip("Choose a file: a new one, or one to go on with.")
        self.browse.setAccessibleName("Choose a file for the search")
        self.searched, self.work, self.status = hint(""), WorkBox(panel.work), hint("")
        self.verdict, self.dots, self.about_trial = Words("note"), TuneDots(panel), sentence()
        self.use, self.used = QPushButton(USE), Words("good")
        self.n_trials.valueChanged.connect(panel.set_n_trials)
        self.workers.valueChanged.connect(panel.choose_workers)
        self.study.textEdited.connect(panel.keep_in)
        self.browse.clicked.connect(lambda: self._ask_study())
        self.use.clicked.connect(lambda: panel.use())

    def _lay_out(self) -> None:
        inside, place, self.answer = QWidget(), QWidget(), QWidget()
        inner, beside = QVBoxLayout(inside), QHBoxLayout(place)
        inner.setContentsMargins(0, 4, 0, 0)
        inner.setSpacing(8)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.study, 1)
        beside.addWidget(self.browse)
        inner.addWidget(hint(EXPLAINED))
        inner.addWidget(self.searched)
        numbers = [("Trials", self.n_trials), (WORKERS, self.workers)]
        inner.addLayout(labelled([*numbers, (KEEP_IN, place)]))
        self.study.setAccessibleName(KEEP_IN)
        for part in (self.work, self.status, self.answer):
            inner.addWidget(part)
        answer = QVBoxLayout(self.answer)
        answer.setContentsMargins(0, 0, 0, 0)
        answer.setSpacing(8)
        for part in (self.verdict, self.dots, hint(LEGEND), self.about_trial, self.use, self.used):
            answer.addWidget(part)
        self.fold = Fold(TITLE, inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.fold)

    def _draw(self) -> None:
        now = self.panel.now
        self.searched.setText(now.searched)
        self.searched.setVisible(bool(now.searched))
        self.n_trials.setValue(now.n_trials)
        if self.study.text() != now.study:
            self.study.setText(now.study)
        for control in (self.n_trials, self.study, self.browse):
            control.setEnabled(now.is_free)
        self.workers.setValue(now.workers.n)
        self.workers.setEnabled(now.is_free and not now.workers.why_not)
        self.workers.setToolTip(now.workers.help)
        self.work.draw(now.work)
        self.status.setText(now.status)
        self.status.setVisible(bool(now.status))
        self.answer.setVisible(bool(now.dots))
        self.verdict.draw(now.verdict)
        self.dots.update()
        self.about_trial.setText(now.about_trial)
        self.about_trial.setVisible(bool(now.about_trial))
        self.use.setEnabled(now.can_use)
        self.use.setToolTip(now.use_help)
        self.used.draw(now.used)

    def _ask_study(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self,
            "Keep the search in",
            "search.log",
            "Search (*.log)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if path:
            self.panel.keep_in(path)
