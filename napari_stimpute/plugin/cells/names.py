"""Names for groups of spots: suggested by lists of marker genes, or carried over (see below)."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QLineEdit, QPushButton

from ...connections import Connections
from ...data.files import write_whole
from ...errors import StimputeError
from ...job import Job
from ...panels.groups import Groups
from ...progress import Progress
from ...session.session import Session
from ...words import number
from ..widgets.fact_table import Cell, FactTable
from ..widgets.old_work import Work
from ..widgets.words import Words, heading, labelled, row, rule
from .section import Section, enable
from .transfer import TransferSection

if TYPE_CHECKING:
    from ...analysis.annotation import Annotation, Call

NAMING = "Suggesting names"

_EXPLAINED = (
    "Names each group by the list of marker genes that is highest in it. Where random genes would "
    "do as well, it says “unsure”."
)
_FORMAT = (
    "A table (.csv or .tsv) with the columns type, subtype and gene, one row per gene; subtype may "
    'stay empty. Or a .json: {"T cell": ["CD3D", "CD3E"]}, or in two levels '
    '{"T cell": {"CD8 T cell": ["CD8A"]}}. Genes are named as in the data.'
)
EXAMPLE = """type,subtype,gene
T cell,,CD3D
T cell,,CD3E
T cell,,IL32
T cell,CD8 T cell,CD8A
T cell,CD8 T cell,CD8B
T cell,CD4 T cell,IL7R
T cell,CD4 T cell,LTB
B cell,,MS4A1
B cell,,CD79A
B cell,,CD79B
Natural killer cell,,GNLY
Natural killer cell,,NKG7
Natural killer cell,,PRF1
Monocyte,,LYZ
Monocyte,,LST1
Monocyte,CD14 monocyte,CD14
Monocyte,CD14 monocyte,S100A8
Monocyte,FCGR3A monocyte,FCGR3A
Monocyte,FCGR3A monocyte,MS4A7
Dendritic cell,,FCER1A
Dendritic cell,,CST3
Platelet,,PPBP
Platelet,,PF4
"""
"""Human blood, as a pattern for lists of one's own."""

_COLUMNS = (
    ("Group", "As in the chosen column."),
    ("Type", "The list that is highest in the group; “unsure” where random genes do as well."),
    ("Subtype", "The best list within that type; – where it has none."),
    (
        "Lead",
        "How far the best list is ahead of the second, in standard deviations of a gene. "
        "Beyond what random genes reach, the name is given.",
    ),
    ("Genes", "Genes of the best list that are in the data, of those listed."),
)


class NamesSection(Section):
    """Suggests, lists and writes names; below, carries names over from a reference."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session, groups, _EXPLAINED)
        self.result: Annotation | None = None
        self.transfer = TransferSection(session, groups)
        self._make_controls()
        self._lay_out()
        self.connections.add(groups.changed, self._follow_groups)
        self.connections.add(session.events.adata, self._forget)
        self._enable()

    @property
    def parts(self) -> list[Connections]:
        """What is to be closed with the panel."""
        return [*super().parts, *self.transfer.parts]

    @property
    def about(self) -> tuple[object, ...]:
        """Groups, and the file of lists."""
        return self.groups.stamp, self.path.text().strip()

    def suggest(self) -> Job[Any] | None:
        """Score every list in every group, in the background."""
        adata, column, path = self.ready, self.groups.column, self.path.text().strip()
        if adata is None:
            return None

        def naming() -> Generator[Progress, None, Annotation]:
            from ...analysis import annotation_steps, read_marker_lists

            yield Progress("annotate", 0, 1, message="Reading the lists")
            return (yield from annotation_steps(adata, column, read_marker_lists(path)))

        return self.ask(naming(), NAMING, self._take)

    def write(self) -> None:
        """Write type and subtype of every spot into obs, and colour by the type."""
        if self.result is None:
            return
        kind, subtype = self._targets()
        labels = self.result.labels("type"), self.result.labels("subtype")
        self.session.write_column(kind, labels[0])
        self.session.write_column(subtype, labels[1])
        self.session.display.column = kind
        self.written.say(
            f"Written to obs as “{kind}” and “{subtype}”; the canvas shows the types.", "good"
        )
        self._enable()

    def save_example(self, path: str | Path) -> None:
        """Write the example, and choose it."""
        try:
            place = write_whole(path, EXAMPLE.encode())
            self.path.setText(str(place))
            self.work.words.say(f"Example saved to {place}.", "good")
        except StimputeError as error:
            self.work.words.say(str(error), "error")

    def _make_controls(self) -> None:
        self.path, self.browse = QLineEdit(), QPushButton("Open…")
        self.path.setPlaceholderText(".csv, .tsv or .json")
        self.path.setToolTip(_FORMAT)
        self.path.textChanged.connect(lambda _text: self._follow_groups())
        self.browse.setToolTip(f"Choose a file. {_FORMAT}")
        self.browse.clicked.connect(lambda: self._ask())
        self.example = QPushButton("Save an example…")
        self.example.setToolTip("Write lists for human blood to a .csv, as a pattern to fill in.")
        self.example.clicked.connect(lambda: self._ask_example())
        self.work = Work(
            self.session,
            "Suggest names",
            "Score every list in every group.",
            begin=self.suggest,
            missing=self._missing,
            changed=self._enable,
        )
        self.doubt, self.written = Words("warning"), Words("good")
        self.table = FactTable("Suggested names", _COLUMNS, stretched=1)
        self.write_button = QPushButton("Write names")
        self.write_button.clicked.connect(lambda: self.write())

    def _lay_out(self) -> None:
        self.page.addLayout(labelled([("Marker lists", self.path)], width=80))
        self.page.addLayout(row(self.browse, self.example))
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        for widget in (self.doubt, self.table, self.write_button, self.written):
            self.inner.addWidget(widget)
        self.page.addWidget(rule())
        self.page.addWidget(heading("Names from a reference"))
        self.page.addWidget(self.transfer)

    def _take(self, annotation: Annotation) -> None:
        self.result = annotation
        calls = zip(annotation.groups, annotation.types, annotation.subtypes, strict=True)
        self.table.fill([_cells(group, kind, subtype) for group, kind, subtype in calls])
        self.doubt.say("\n".join(annotation.notes))
        self.written.say("")
        self.answer.show()
        self._enable()

    def _targets(self) -> tuple[str, str]:
        kind, subtype = (f"{self.groups.prefix}_{level}" for level in ("type", "subtype"))
        if self.session.adata is None:
            return kind, subtype
        return self.session.column_for(kind), self.session.column_for(subtype)

    def _ask(self) -> None:
        lists = "Marker lists (*.csv *.tsv *.json)"
        path, _ = QFileDialog.getOpenFileName(self, "Marker lists", "", lists)
        if path:
            self.path.setText(path)

    def _ask_example(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Save an example", "marker_lists.csv", "Table (*.csv)"
        )
        if path:
            self.save_example(path if path.endswith(".csv") else f"{path}.csv")

    def _missing(self) -> str:
        no_lists = "" if self.path.text().strip() else "Choose a file of marker genes first."
        return self.groups.missing() or no_lists

    def _follow_groups(self) -> None:
        if self.is_outdated:
            self._forget()
        self._enable()

    def _forget(self) -> None:
        self.result = None
        self.answer.hide()
        self._enable()

    def _enable(self) -> None:
        self.work.enable()
        wait = self.work.why_wait()
        enable([self.path, self.browse], wait if self.session.adata is not None else "")
        self.write_button.setEnabled(not wait)
        adata = self.session.adata
        there = [t for t in self._targets() if adata is not None and t in adata.obs]
        into = " and ".join(f"“{target}”" for target in self._targets())
        replaced = f" What is in {' and '.join(there)} is replaced." if there else ""
        self.write_button.setToolTip(wait or f"Write to obs as {into}.{replaced}")


def _cells(group: str, kind: Call, subtype: Call | None) -> list[Cell]:
    found = f"{kind.n_found}/{kind.n_listed}"
    second = f", then {kind.runner_up}" if kind.runner_up else ""
    why = f"Best: {kind.best}{second}."
    lead = f"Ahead by {number(kind.lead, 2)}; random genes: {number(kind.by_chance, 2)}."
    below = "–" if subtype is None else subtype.name
    why_below = "" if subtype is None else f"Best: {subtype.best}; ahead by {subtype.lead:.2f}."
    return [
        Cell(group),
        Cell(kind.name, help=why),
        Cell(below, help=why_below),
        Cell(number(kind.lead, 2), kind.lead, lead),
        Cell(found, kind.n_found, f"of {kind.best}"),
    ]
