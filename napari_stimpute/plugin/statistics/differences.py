"""Differences between groups of spots, tested on counts; imputed values only after a question."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtWidgets import QComboBox, QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...errors import StimputeError
from ...job import Job, JobState
from ...panels.answer import began, changed_meanwhile, stamp_of
from ...session.contents import COUNTS
from ...session.session import Session
from ...words import number, percent
from ..widgets.old_table import Column, ResultTable
from ..widgets.words import Words, heading, hint, labelled, row
from ..widgets.work_view import WorkView

TESTING = "Testing groups"
REST = "rest"
SIGNIFICANT = 0.05

_EXPLAINED = (
    "Which genes have more molecules in one group than in another. Tested on the counts "
    "(Wilcoxon's rank-sum test at one common depth)."
)
_QUESTION = (
    "An imputed gene borrows the differences of other genes, so that genes which do not differ "
    "come out with tiny p-values. Test the counts, or take the table as a ranking and no more."
)


def p_value(p: float) -> str:
    """0.012, or 3.1e−08 where that is short of three decimals."""
    if p < 1e-300:
        return "< 1e−300"
    return number(p) if p >= 0.001 else f"{p:.1e}".replace("-", "−")


DIFFERENCE = (
    Column(
        "log2_fold_change",
        "log₂ fold",
        "How often the molecules double from the others to the group; below 0, fewer.",
        partial(number, decimals=2),
    ),
    Column(
        "p_adjusted",
        "Adj. p",
        "p adjusted for testing many genes at once.",
        p_value,
        widest="8.8e−188",
    ),
    Column("share_group", "Group", "Share of the group in which the gene was counted.", percent),
)
"""Columns on one gene in a group and in others."""

_OTHERS = Column(
    "share_reference", "Others", "Share of the others in which it was counted.", percent
)


class GroupsSection(QWidget):
    """Chooses two groups, tests, and lists the genes; a click shows the gene."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.result: pd.DataFrame | None = None
        self._about = ("", COUNTS, 0, "")
        self.accepted = False
        """Whether someone has agreed to test imputed values, once for as long as this is open."""
        self._make_controls()
        self._lay_out()
        self.connections = Connections()
        self.connections.add(session.events.adata, self._forget)
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(session.events.job, self._follow_job)
        self._follow()

    def test(self) -> Job[Any] | None:
        """Test what is chosen, in the background; what is wrong is said."""
        from ...analysis import differential_steps

        adata, source = self.session.adata, str(self.values.currentData())
        if adata is None or self.group.currentIndex() < 0:
            return None
        if source != COUNTS and not self.accepted:
            self.question.show()
            return None
        self.words.say("")
        chosen = (self.column.currentText(), str(self.group.currentData()))
        against = str(self.reference.currentData())
        steps = differential_steps(
            adata, *chosen, reference=against, source=source, accept_imputed=self.accepted
        )
        about = self._stamp(chosen[0], source)

        def take(found: pd.DataFrame) -> None:
            if about != self._stamp(chosen[0], source):
                raise changed_meanwhile()
            self._about = about
            self._show(found, chosen, against, source)

        try:
            return self.session.work_later(steps, TESTING, take)
        except StimputeError as error:
            self.words.say(str(error), "error")
        return None

    def accept(self) -> None:
        """Agree to test imputed values; it is not asked again."""
        self.accepted = True
        self.question.hide()
        self.test()

    def decline(self) -> None:
        """Go back to the counts."""
        self.question.hide()
        self.values.setCurrentIndex(0)

    # ---- controls ------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.column, self.group = QComboBox(), QComboBox()
        self.reference, self.values = QComboBox(), QComboBox()
        self.column.setToolTip("Column that tells the groups apart: domains, types, conditions.")
        self.group.setToolTip("The group whose genes are looked for.")
        self.reference.setToolTip("What it is compared with.")
        self.values.setToolTip("What is tested. Counts are what was measured.")
        self.column.activated.connect(lambda _index: self._offer_groups())
        for combo in (self.group, self.reference):
            combo.activated.connect(lambda _index: self._enable())
        self.values.activated.connect(lambda _index: self.question.hide())
        self.button = QPushButton()
        self.button.clicked.connect(lambda: self._press())
        self.words, self.why_not, self.work = Words("error"), Words("note"), WorkView()
        self.summary, self.doubt = Words("note"), Words("warning")
        self._make_question()
        self.table = ResultTable("Differences between groups", (*DIFFERENCE, _OTHERS))
        self.table.chosen.connect(self._show_gene)

    def _make_question(self) -> None:
        self.question = QWidget()
        asked = Words("warning")
        self.yes, self.no = QPushButton("Test imputed values"), QPushButton("Use the counts")
        self.yes.setToolTip("Go on, and read the table as a ranking. This is asked only once.")
        self.no.setToolTip("Go back to what was measured.")
        self.yes.clicked.connect(lambda: self.accept())
        self.no.clicked.connect(lambda: self.decline())
        layout = QVBoxLayout(self.question)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(asked)
        layout.addLayout(row(self.no, self.yes))
        asked.say(_QUESTION)
        self.question.hide()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(heading("Differences between groups"))
        layout.addWidget(hint(_EXPLAINED))
        chosen = [("Groups by", self.column), ("Group", self.group)]
        chosen += [("Against", self.reference), ("Values", self.values)]
        layout.addLayout(labelled(chosen, width=80))
        for widget in (self.question, self.button, self.why_not, self.work, self.words):
            layout.addWidget(widget)
        self.answer = QWidget()
        inner = QVBoxLayout(self.answer)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        for widget in (self.summary, self.doubt, self.table):
            inner.addWidget(widget)
        layout.addWidget(self.answer)
        self.answer.hide()

    def _press(self) -> None:
        if self._is_testing:
            self.session.cancel()
            self._enable()
        else:
            self.test()

    def _show(
        self, table: pd.DataFrame, chosen: tuple[str, str], against: str, source: str
    ) -> None:
        from ...analysis import caution

        adata, (column, group) = self.session.adata, chosen
        assert adata is not None
        self.result = table
        n = int((table["p_adjusted"] < SIGNIFICANT).sum())
        others = f"all other {self.session.place}s" if against == REST else against
        by = "the counts" if source == COUNTS else "imputed values"
        self.summary.say(
            f"{n:,} of {len(table):,} genes differ between {group} and {others} (adjusted p below "
            f"{SIGNIFICANT}), tested on {by}."
        )
        doubts = caution(adata, column, group, reference=against, source=source)
        self.doubt.say("\n".join(doubts))
        self.table.show_table(table)
        self.answer.show()

    def _show_gene(self, gene: str) -> None:
        self.session.display.column = ""
        self.session.display.gene = gene

    # ---- following the session -----------------------------------------------------------------

    @property
    def _is_testing(self) -> bool:
        job = self.session.job
        return self.session.is_busy and job is not None and job.title == TESTING

    def _forget(self) -> None:
        self.result = None
        self.answer.hide()
        self.question.hide()
        self.words.say("")
        self._follow()

    def _stamp(self, column: str, source: str) -> tuple[str, str, int, str]:
        """What is tested, and what tells it from anything else that they hold later."""
        return column, source, stamp_of(self.session, column), began(self.session, source)

    def _follow(self) -> None:
        if self.result is not None and self._about != self._stamp(*self._about[:2]):
            self.result = None
            self.answer.hide()
        _refill(self.column, [(name, name) for name in self.session.contents.columns])
        runs = [s for s in self.session.contents.sources if s.name in self.session.contents.runs]
        _refill(self.values, [("Counts", COUNTS), *((f"⚠ {s.title}", s.name) for s in runs)])
        self._offer_groups()

    def _offer_groups(self) -> None:
        groups: list[tuple[str, str]] = []
        column = self.column.currentText()
        if self.session.adata is not None and column:
            codes, names, _colours = self.session.labels(column)
            sizes = np.bincount(codes[codes >= 0], minlength=len(names))
            place = self.session.place
            groups = [(f"{n} ({s:,} {place}s)", n) for n, s in zip(names, sizes, strict=True) if s]
        _refill(self.group, groups)
        _refill(self.reference, [("all others", REST), *groups])
        self._enable()

    def _follow_job(self) -> None:
        job, watched = self.session.job, self.work.job
        if self._is_testing and job is not None and job is not watched:
            self.work.watch(job)
        if watched is not None and not self.session.is_busy:
            self.work.finish()
            cancelled = "Cancelled." if watched.state is JobState.CANCELLED else ""
            self.words.say(self.session.problem or cancelled, "note" if cancelled else "error")
        self._follow()

    def _enable(self) -> None:
        job, testing, reason = self.session.job, self._is_testing, self._why_not()
        self.button.setText("Cancel" if testing else "Test")
        if testing and job is not None and job.is_cancelling:
            self.button.setText("Cancelling…")
            reason = "It stops after this step."
        self.button.setEnabled(not reason)
        self.button.setToolTip(reason or ("Stop." if testing else "Test every modelled gene."))
        self.why_not.say("" if testing else reason)
        for combo in (self.column, self.group, self.reference, self.values):
            combo.setEnabled(self.column.count() > 0 and not self.session.is_busy)

    def _why_not(self) -> str:
        job = self.session.job
        if self._is_testing:
            return ""
        if self.session.is_busy and job is not None:
            return f"Wait: “{job.title}” is at work."
        if self.session.adata is None:
            return "Open data first."
        if not self.column.count():
            return "No column names groups. Train a model that finds some, or add one to obs."
        if self.group.currentData() == self.reference.currentData():
            return "Choose two different groups."
        return ""


def _refill(combo: QComboBox, entries: list[tuple[str, str]]) -> None:
    """Offer other entries, and keep what was chosen where it is still there."""
    chosen = combo.currentData()
    combo.clear()
    for title, name in entries:
        combo.addItem(title, name)
    if entries:
        combo.setCurrentIndex(max(0, combo.findData(chosen)))
