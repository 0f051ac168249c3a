"""Spatial patterns before and after imputing, checked on tissue that has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd
from qtpy.QtWidgets import QComboBox, QPushButton, QVBoxLayout, QWidget

from ... import keys
from ...connections import Connections
from ...data.records import RunRecord
from ...errors import StimputeError
from ...job import Job, JobState
from ...session.session import Session
from ...words import duration, number
from ..widgets.old_table import Column, ResultTable
from ..widgets.words import Words, heading, hint, labelled, shrinkable
from ..widgets.work_view import WorkView

if TYPE_CHECKING:
    from ...spatial.result import SpatialResult

CHECKING = "Checking spatial patterns"

_EXPLAINED = (
    "Imputing makes neighbouring spots more alike, whether or not a gene has a pattern. So the "
    "same model is trained again on tissue whose spots have changed places, and with genes whose "
    "pattern was shuffled away: only what exceeds these is called spatial."
)
_MORAN = "Moran's I: how alike neighbouring spots are at one common depth. 1 very, 0 not at all."
_COLUMNS = (
    Column("morans_i_counts", "I, counts", f"{_MORAN} Of the counts.", number),
    Column("morans_i_imputed", "I, imputed", f"{_MORAN} Of the imputed values.", number),
    Column(
        "spatial",
        "Spatial",
        "By which values the gene is called spatial: by both, by counts alone, or only after "
        "imputing.",
        str,
        widest="only after",
    ),
)
_CALLED = {(True, True): "both", (True, False): "by counts", (False, True): "only after"}
_LISTED: dict[str, Callable[[pd.DataFrame], Any]] = {
    "All genes": lambda t: t["spatial"].notna(),
    "Spatial after imputing": lambda t: t["spatial_after_imputing"],
    "Only after imputing": lambda t: t["spatial"] == "only after",
    "Spatial by counts": lambda t: t["spatial_by_counts"],
}


class SpatialSection(QWidget):
    """Chooses a run, checks it, and lists its genes; a click shows the gene."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.results: dict[str, tuple[str, SpatialResult]] = {}
        """What was found for a run, by its key, with the time at which the run began."""
        self._shown: SpatialResult | None = None
        self._make_controls()
        self._lay_out()
        self.connections = Connections()
        self.connections.add(session.events.adata, self._forget)
        self.connections.add(session.events.contents, self._offer_runs)
        self.connections.add(session.events.job, self._follow_job)
        self._offer_runs()

    def check(self) -> Job[Any] | None:
        """Train the run's model three more times, in the background; what is wrong is said."""
        from ...run import pipeline_of
        from ...spatial.control import SpatialControl  # torch: not before it is needed

        session, key = self.session, self.key
        adata, record = session.adata, self._record()
        if adata is None or record is None:
            return None
        self.words.say("")
        section_key = str(record.config.get("section_key") or "")
        try:
            control = SpatialControl(
                adata,
                adata.layers[keys.imputed(key)],
                pipeline_of(record),
                seed=record.seed,
                sections=adata.obs[section_key] if section_key else None,
            )

            def take(found: SpatialResult) -> None:
                self.results[key] = (record.started, found)

            return session.work_later(control.steps(), CHECKING, take)
        except StimputeError as error:
            self.words.say(str(error), "error")
        return None

    @property
    def key(self) -> str:
        """The run that is chosen; "" if there is none."""
        return str(self.run.currentData() or "")

    @property
    def result(self) -> SpatialResult | None:
        """What was found for the chosen run, unless it was trained again since."""
        record = self._record()
        began, found = self.results.get(self.key, ("", None))
        return found if record is not None and record.started == began else None

    # ---- controls ------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.run = QComboBox()
        self.run.setToolTip("The run whose imputed values are checked.")
        self.run.activated.connect(lambda _index: self._show())
        self.button = QPushButton()
        self.button.clicked.connect(lambda: self._press())
        self.forecast, self.limits = hint(""), hint("")
        self.words, self.why_not, self.work = Words("error"), Words("note"), WorkView()
        self.found, self.control = Words("note"), Words("good")
        self.listed = QComboBox()
        self.listed.addItems(list(_LISTED))
        self.listed.setToolTip("Which genes the table lists.")
        self.listed.activated.connect(lambda _index: self._list())
        shrinkable(self.listed)
        self.table = ResultTable("Spatial genes", _COLUMNS)
        self.table.chosen.connect(self._show_gene)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(heading("Spatial patterns"))
        layout.addWidget(hint(_EXPLAINED))
        layout.addLayout(labelled([("Run", self.run)], width=80))
        for widget in (self.button, self.forecast, self.why_not, self.work, self.words):
            layout.addWidget(widget)
        self.answer = QWidget()
        inner = QVBoxLayout(self.answer)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(self.found)
        inner.addWidget(self.control)
        inner.addWidget(self.listed)
        inner.addWidget(self.table)
        inner.addWidget(self.limits)
        layout.addWidget(self.answer)

    def _press(self) -> None:
        if self._is_checking:
            self.session.cancel()
            self.work.draw()
            self._enable()
        else:
            self.check()

    def _show_gene(self, gene: str) -> None:
        self.session.display.column = ""
        self.session.display.gene = gene

    # ---- following the session -----------------------------------------------------------------

    @property
    def _is_checking(self) -> bool:
        job = self.session.job
        return self.session.is_busy and job is not None and job.title == CHECKING

    def _record(self) -> RunRecord | None:
        is_there = self.session.adata is not None and self.key in self.session.contents.runs
        return self.session.contents.record(self.key) if is_there else None

    def _forget(self) -> None:
        self.results.clear()
        self.words.say("")
        self._offer_runs()

    def _offer_runs(self) -> None:
        chosen = self.run.currentData()
        self.run.clear()
        for source in self.session.contents.sources:
            if source.name in self.session.contents.runs:
                self.run.addItem(source.title, source.name)
        self.run.setCurrentIndex(max(0, self.run.findData(chosen)))
        self._show()

    def _follow_job(self) -> None:
        job, watched = self.session.job, self.work.job
        if self._is_checking and job is not None and job is not watched:
            self.work.watch(job)
        if watched is not None and not self.session.is_busy:
            self.work.finish()
            if watched.state is JobState.CANCELLED:
                self.words.say("Cancelled: it needs all repeats, so nothing is kept.", "note")
            else:
                self.words.say(self.session.problem, "error")
        self._show()

    def _show(self) -> None:
        """Show what is known of the chosen run."""
        result = self.result
        self.answer.setVisible(result is not None)
        if result is not None and result is not self._shown:
            found, trust, *more = result.notes
            self.found.say(found)
            self.control.say(trust, "good" if result.imputed.is_trusted else "error")
            raw, imputed = number(result.raw.limit), number(result.imputed.limit)
            limits = f"Spatial: I above {raw} by counts, above {imputed} after imputing."
            self.limits.setText(" ".join([limits, *more]))
            self._list()
        self._shown = result
        self._enable()

    def _list(self) -> None:
        if self.result is None:
            return
        table = self.result.table
        pairs = zip(table["spatial_by_counts"], table["spatial_after_imputing"], strict=True)
        table["spatial"] = [_CALLED.get(pair, "–") for pair in pairs]
        self.table.show_table(table[_LISTED[self.listed.currentText()](table)])

    def _enable(self) -> None:
        job, record, checking = self.session.job, self._record(), self._is_checking
        reason = self._why_not()
        self.button.setText("Cancel" if checking else "Check against permuted tissue")
        if checking and job is not None and job.is_cancelling:
            self.button.setText("Cancelling…")
            reason = "It stops after this step."
        self.button.setEnabled(not reason)
        says = "Stop; nothing is kept." if checking else "Find out how much Moran's I proves here."
        self.button.setToolTip(reason or says)
        self.run.setEnabled(bool(self.session.contents.runs) and not self.session.is_busy)
        self.why_not.say("" if checking else reason)
        self.forecast.setVisible(record is not None and not reason and not checking)
        if record is not None:
            self.forecast.setText(_forecast(record))

    def _why_not(self) -> str:
        job, adata = self.session.job, self.session.adata
        if self._is_checking:
            return ""
        if self.session.is_busy and job is not None:
            return f"Wait: “{job.title}” is at work."
        if adata is None:
            return "Open data first."
        if keys.SPATIAL not in adata.obsm:
            return "These data have no coordinates, so nothing can be spatial."
        return "" if self.session.contents.runs else "Train a model first: nothing is imputed yet."


def _forecast(record: RunRecord) -> str:
    from ...spatial.control import N_REPEATS

    seconds = duration(N_REPEATS * record.seconds).replace(" ", "\u00a0")
    return f"Trains {record.title} three more times: about {seconds}. The viewer stays usable."
