"""Names for groups of spots, suggested by lists of marker genes."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...data.files import write_whole
from ...errors import StimputeError
from ...job import Job
from ...progress import Progress
from ...session.session import Session
from ...words import number
from ..answer import Answer
from ..groups import Groups
from ..message import SILENT, Message, error, good, warning
from ..panel import Panel
from ..table import Cell
from ..work import Work, WorkState

if TYPE_CHECKING:
    from ...analysis.annotation import Annotation, Call

EXPLAINED = (
    "Names each group by the list of marker genes that is highest in it. Where random genes would "
    "do as well, it says “unsure”."
)
FORMAT = (
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

LISTS, EXAMPLE_TITLE, WRITE = "Marker lists", "Save an example", "Write names"
EXAMPLE_FILE = "marker_lists.csv"
EXAMPLE_HELP = "Write lists for human blood to a .csv, as a pattern to fill in."
KINDS = ".csv, .tsv or .json"
"""Files that hold lists."""

REFERENCE = "Names from a reference"
"""Title of the part below: see `TransferPanel`."""

COLUMNS = (
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
"""Title and meaning of each column of the table."""


@dataclass(frozen=True)
class NamesState:
    """What the section shows.

    ``lists`` is the path as it was typed, ``no_lists`` why it cannot be changed; ``rows`` are those
    of the table; ``write_help`` says where names are written, ``no_writing`` why they cannot be.
    """

    lists: str
    no_lists: str
    work: WorkState
    has_answer: bool
    doubt: Message
    rows: tuple[tuple[Cell, ...], ...]
    write_help: str
    no_writing: str
    written: Message


class NamesPanel(Panel[NamesState]):
    """Suggests, lists and writes the names of groups."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session)
        self.groups = groups
        self.lists = ""
        self.written = SILENT
        self.work = Work(
            self,
            "names",
            "Suggest names",
            "Score every list in every group.",
            begin=self.suggest,
            missing=self._missing,
        )
        self.answer: Answer[Annotation] = Answer(
            self.work, lambda: (self.groups.stamp, self.lists.strip())
        )
        self.connections.add(groups.changed, self._check)
        self.connections.add(self.answer.changed, self._renew)
        self.follow(session.events.contents, session.events.adata, self.work.changed)
        self.refresh()

    # ---- actions -------------------------------------------------------------------------------

    def choose_lists(self, path: str) -> None:
        """Choose a file of marker genes; names by another file go away."""
        self.lists = path
        self._check()

    def suggest(self) -> Job[Annotation] | None:
        """Score every list in every group, in the background."""
        adata, column, path = self.session.adata, self.groups.column, self.lists.strip()
        if adata is None or self._missing():
            return None

        def naming() -> Generator[Progress, None, Annotation]:
            from ...analysis import annotation_steps, read_marker_lists

            yield Progress("annotate", 0, 1, message="Reading the lists")
            return (yield from annotation_steps(adata, column, read_marker_lists(path)))

        return self.answer.ask(naming(), "Suggesting names")

    def write(self) -> None:
        """Write type and subtype of every spot into obs, and colour by the type."""
        found = self.answer.value
        if found is None:
            return
        kind, subtype = self._targets()
        self.session.write_column(kind, found.labels("type"))
        self.session.write_column(subtype, found.labels("subtype"))
        self.session.display.column = kind
        self.written = good(
            f"Written to obs as “{kind}” and “{subtype}”; the canvas shows the types."
        )
        self.refresh()

    def save_example(self, path: str | os.PathLike[str]) -> None:
        """Write the example, and choose it."""
        try:
            place = write_whole(path, EXAMPLE.encode())
        except StimputeError as problem:
            self.work.say(error(problem))
            return
        self.choose_lists(str(place))
        self.work.say(good(f"Example saved to {place}."))

    # ---- within --------------------------------------------------------------------------------

    def _missing(self) -> str:
        no_lists = "" if self.lists.strip() else "Choose a file of marker genes first."
        return self.groups.missing() or no_lists

    def _targets(self) -> tuple[str, str]:
        """Columns that types and subtypes are written to."""
        kind, subtype = (f"{self.groups.prefix}_{level}" for level in ("type", "subtype"))
        if self.session.adata is None:
            return kind, subtype
        return self.session.column_for(kind), self.session.column_for(subtype)

    def _check(self) -> None:
        self.answer.check()
        self.refresh()

    def _renew(self) -> None:
        self.written = SILENT
        self.refresh()

    def _resolve(self) -> NamesState:
        adata, found, wait = self.session.adata, self.answer.value, self.work.why_wait()
        targets = self._targets()
        there = [target for target in targets if adata is not None and target in adata.obs]
        into = " and ".join(f"“{target}”" for target in targets)
        replaced = f" What is in {' and '.join(there)} is replaced." if there else ""
        return NamesState(
            lists=self.lists,
            no_lists="" if adata is None else wait,
            work=self.work.state,
            has_answer=found is not None,
            doubt=warning("" if found is None else "\n".join(found.notes)),
            rows=() if found is None else _rows(found),
            write_help=f"Write to obs as {into}.{replaced}",
            no_writing=wait,
            written=self.written,
        )


def _rows(found: Annotation) -> tuple[tuple[Cell, ...], ...]:
    calls = zip(found.groups, found.types, found.subtypes, strict=True)
    return tuple(_cells(group, kind, subtype) for group, kind, subtype in calls)


def _cells(group: str, kind: Call, subtype: Call | None) -> tuple[Cell, ...]:
    second = f", then {kind.runner_up}" if kind.runner_up else ""
    lead = f"Ahead by {number(kind.lead, 2)}; random genes: {number(kind.by_chance, 2)}."
    below = "–" if subtype is None else subtype.name
    why_below = "" if subtype is None else f"Best: {subtype.best}; ahead by {subtype.lead:.2f}."
    return (
        Cell(group),
        Cell(kind.name, help=f"Best: {kind.best}{second}."),
        Cell(below, help=why_below),
        Cell(number(kind.lead, 2), kind.lead, lead),
        Cell(f"{kind.n_found}/{kind.n_listed}", kind.n_found, f"of {kind.best}"),
    )
