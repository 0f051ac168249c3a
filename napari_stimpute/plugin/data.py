"""Open data, see in words what was found, choose genes, save."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..connections import Connections
from ..errors import StimputeError, in_words
from ..job import Job, JobState
from ..progress import Progress
from ..session.session import Session
from .widgets.connections import is_alive
from .widgets.words import Card, Words, heading, hint, labelled, row, rule

OPENING, SAVING = "Opening", "Saving"
"""Titles of the jobs whose errors belong beside the buttons of this panel."""

_GENES = (
    ("Automatic", "", "All genes up to 5,000, otherwise the 3,000 most variable ones."),
    ("All genes", "all", "Every gene of the file is modelled; slow and large above 10,000."),
    ("1,000 most variable", "hvg:1000", "Ranked on the counts (seurat_v3)."),
    ("3,000 most variable", "hvg:3000", "Ranked on the counts (seurat_v3)."),
    ("5,000 most variable", "hvg:5000", "Ranked on the counts (seurat_v3)."),
    ("Names from a file…", "file", "A text file with one gene per line."),
)
_COUNTS_HELP = "Where the raw counts are: whole numbers, neither logged nor scaled."
_COUNTS_CHOSEN = "These data came from no file: where their counts are was chosen when they came."
_EMPTY = (
    "Nothing is open yet. Open an .h5ad file, drop one on the canvas, or begin with the sample: "
    "a simulated tissue section with an image."
)


class DataPanel(QWidget):
    """What is open, in words; and the way in and out."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._saving_to = ""
        self._making: Job[Any] | None = None
        self._made: list[Any] = []
        self._make_controls()
        self._lay_out()
        self.connections = Connections()
        for event in (session.events.adata, session.events.job, session.events.contents):
            self.connections.add(event, self._follow)
        self.connections.add(session.events.contents, self._name_apply)
        self.connections.add(session.events.problem, self._follow_problem)
        self._follow()
        self._follow_problem()

    # ---- actions -------------------------------------------------------------------------------

    def open(self, source: Any) -> Job[Any] | None:
        """Open a file or an AnnData in the background; words appear here if it cannot be."""
        return self._start(source, genes="", counts="")

    def open_sample(self) -> Job[Any]:
        """Make the simulated section in the background, and open it."""
        self.words.say("")
        self._made = made = list[Any]()

        def making() -> Generator[Progress, None, None]:
            from .sample import section

            yield Progress("simulate", 0, 1)
            made.append(section())
            yield Progress("simulate", 1, 1)

        self._making = Job(making(), OPENING)
        self._making.finished.connect(self._open_made, thread="current")
        self.busy.show()
        return self._making.start()

    def _open_made(self) -> None:
        if not is_alive(self):
            return
        if self._made:
            self.open(self._made.pop())
        elif self._making is not None:
            self.words.say(in_words(self._making.error))

    def apply(self) -> Job[Any] | None:
        """Open the same data again, with the genes and the counts chosen here."""
        session = self.session
        if not session.path:  # the working data hold the counts of all genes in raw
            return self._start(session.adata, genes=self.chosen_genes(), counts="raw")
        counts = str(self.counts.currentData() or "")
        return self._start(session.path, genes=self.chosen_genes(), counts=counts)

    def chosen_genes(self) -> str:
        """The choice of genes, as `load` understands it."""
        spec = str(self.genes.currentData())
        return self.gene_file.text().strip() if spec == "file" else spec

    def save_to(self, path: str | Path) -> Job[Any] | None:
        """Save data and results in the background; the answer appears beside the button."""
        self._saving_to = str(path)
        self.saved.say("")
        try:
            return self.session.save_later(path)
        except StimputeError as error:
            self.saved.say(str(error), "error")
            return None

    def save_model_to(self, path: str | Path) -> None:
        """Save the model of the last run; the answer appears beside the button."""
        try:
            place = self.session.save_model(self._last_model(), path)
            self.saved.say(f"Model saved to {place}.", "good")
        except StimputeError as error:
            self.saved.say(str(error), "error")

    def _last_model(self) -> str:
        models = self.session.models
        return (
            self.session.display.source
            if self.session.display.source in models
            else next(reversed(models), "")
        )

    def _start(self, source: Any, *, genes: str, counts: str) -> Job[Any] | None:
        self.words.say("")
        self.saved.say("")
        try:
            return self.session.open_later(source, genes=genes, counts=counts)
        except StimputeError as error:
            self.words.say(str(error), "error")
            self._follow()
            return None

    def _ask_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Open data", "", "AnnData (*.h5ad);;All files (*)"
        )
        if path:
            self.open(path)

    def _ask_save(self) -> None:
        name = Path(self.session.path).stem if self.session.path else "section"
        path, _ = QFileDialog.getSaveFileName(
            self, "Save data and results", f"{name}_imputed.h5ad", "AnnData (*.h5ad)"
        )
        if path:
            self.save_to(path if path.endswith(".h5ad") else f"{path}.h5ad")

    def _ask_save_model(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save model", f"{self._last_model()}_model")
        if path:
            self.save_model_to(path)

    def _ask_gene_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Genes to model", "", "Text (*.txt *.csv *.tsv);;All files (*)"
        )
        if path:
            self.gene_file.setText(path)

    # ---- controls ------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.open_button = _button("Open .h5ad…", "Open an AnnData file.", self._ask_open)
        self.sample_button = _button(
            "Open sample", "Open a simulated tissue section with an image.", self.open_sample
        )
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setFixedHeight(6)
        self.words, self.saved = Words("error"), Words("good")
        self.card, self.empty = Card(), hint(_EMPTY)
        self.notes = hint("")
        self.genes = QComboBox()
        for title, spec, help_text in _GENES:
            self.genes.addItem(title, spec)
            self.genes.setItemData(self.genes.count() - 1, help_text, Qt.ItemDataRole.ToolTipRole)
        self.genes.setToolTip("Genes that models learn and impute; all others stay in raw.")
        self.gene_file = QLineEdit()
        self.gene_file.setPlaceholderText("Path of the file")
        self.browse = _button("Browse…", "Choose the file.", self._ask_gene_file)
        self.genes.currentIndexChanged.connect(self._show_gene_file)
        self.counts = QComboBox()
        self.counts.setToolTip(_COUNTS_HELP)
        self.apply_button = _button("Apply", "Open the data again with this choice.", self.apply)
        self.save_button = _button(
            "Save as .h5ad…",
            "Write data and results to a new file; the opened one stays as it is.",
            self._ask_save,
        )

        self.model_button = _button(
            "Save model…",
            "Write the trained model as a folder, to be used again.",
            self._ask_save_model,
        )

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addLayout(row(self.open_button, self.sample_button))
        self._found = heading("What was found")
        for widget in (self.busy, self.words, self.empty, self._found, self.card, self.notes):
            layout.addWidget(widget)
        self._choice = QWidget()
        inner = QVBoxLayout(self._choice)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(rule())
        inner.addWidget(heading("What is modelled"))
        inner.addLayout(labelled([("Genes", self.genes), ("Counts in", self.counts)]))
        inner.addLayout(row(self.gene_file, self.browse))
        inner.addWidget(self.apply_button)
        inner.addWidget(rule())
        inner.addWidget(heading("Keep"))
        inner.addLayout(row(self.save_button, self.model_button))
        inner.addWidget(self.saved)
        layout.addWidget(self._choice)
        layout.addStretch(1)
        self._show_gene_file()

    def _show_gene_file(self) -> None:
        is_file = self.genes.currentData() == "file"
        self.gene_file.setVisible(is_file)
        self.browse.setVisible(is_file)

    # ---- following the session -----------------------------------------------------------------

    def _follow(self) -> None:
        session = self.session
        is_open, busy, job = session.adata is not None, session.is_busy, session.job
        self.empty.setVisible(not is_open)
        for widget in (self._found, self.card, self.notes, self._choice):
            widget.setVisible(is_open)
        self.busy.setVisible(busy and job is not None and job.title in (OPENING, SAVING))
        if is_open:
            self._fill()
        reason = f"Wait: “{job.title}” is at work." if busy and job is not None else ""
        for button in (self.open_button, self.sample_button, self.apply_button, self.save_button):
            button.setEnabled(not busy)
            button.setToolTip(reason or str(button.property("help")))
        reason = reason or ("" if session.models else "Train a model first.")
        self.model_button.setEnabled(not reason)
        self.model_button.setToolTip(reason or str(self.model_button.property("help")))
        self._follow_job()

    def _fill(self) -> None:
        session = self.session
        if session.card is not None:
            source = Path(session.path).name if session.path else "not from a file"
            self.card.fill([("File", source), *session.card.rows], session.card.problems)
        self.notes.setText(" ".join(session.notes))
        self._name_apply()
        self._fill_counts()

    def _name_apply(self) -> None:
        drops = self.session.has_results
        self.apply_button.setText("Apply, and drop results" if drops else "Apply")

    def _fill_counts(self) -> None:
        """Offer the places of the file, which the data that are worked on have no more."""
        session = self.session
        self.counts.clear()
        self.counts.addItem("Found automatically", "")
        if session.path and session.card is not None:
            for place in session.card.places:
                if not place.endswith(("_imputed", "_fill_probability")):
                    self.counts.addItem(place, place)
            self.counts.setCurrentIndex(max(0, self.counts.findData(session.card.counts_where)))
        self.counts.setEnabled(bool(session.path))
        self.counts.setToolTip(_COUNTS_HELP if session.path else _COUNTS_CHOSEN)

    def _follow_job(self) -> None:
        job = self.session.job
        if job is None or self.session.is_busy:
            return
        if job.title == SAVING and job.state is JobState.DONE and self._saving_to:
            self.saved.say(f"Saved to {self._saving_to}.", "good")
            self._saving_to = ""
        self._follow_problem()

    def _follow_problem(self) -> None:
        job, problem = self.session.job, self.session.problem
        title = job.title if job is not None else ""
        if title == SAVING:
            if problem:
                self.saved.say(problem, "error")
        elif title in ("", OPENING):
            self.words.say(problem, "error")


def _button(text: str, help_text: str, pressed: Any) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(help_text)
    button.setProperty("help", help_text)
    button.clicked.connect(lambda: pressed())
    return button
