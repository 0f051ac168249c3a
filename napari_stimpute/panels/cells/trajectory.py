"""The order of spots from a chosen beginning, and how their groups are connected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...job import Job
from ...keys import COUNTS
from ...session.session import Session
from ..answer import Answer, began
from ..figures import Drawn, Figures
from ..groups import Groups, newest_first
from ..menu import Choice, Entry, Menu, entries
from ..message import SILENT, Message, good, warning
from ..panel import Panel
from ..work import Work, WorkState

if TYPE_CHECKING:
    from ...analysis.trajectory import Trajectory

EXPLAINED = (
    "Puts all in line by how far they are from a beginning, along paths from like to like. The "
    "beginning is yours to choose: data alone do not tell which end is first."
)
FIGURE = "Connections of groups"
FIGURE_HELP = "Picture of which groups are connected (PAGA), and when those of each come."
PICKED = "\n"
"""Stands for the picked spot among the names of groups; no name holds it."""


@dataclass(frozen=True)
class TrajectoryState:
    """What the section shows; ``no_figure`` says why none can be drawn."""

    run: Menu
    root: Menu
    work: WorkState
    has_answer: bool
    found: Message
    lost: Message
    no_figure: str


class TrajectoryPanel(Panel[TrajectoryState]):
    """Orders spots, colours them by their place, and draws the groups' connections."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session)
        self.groups = groups
        self.run = Choice("What tells who is alike: the counts, or what a run learned.")
        self.root = Choice("The group, or the picked one, that comes first.")
        self.found = SILENT
        self.work = Work(
            self,
            "trajectory",
            "Compute order",
            "Put all in line, and colour the canvas by it.",
            begin=self.compute,
            missing=self._missing,
        )
        self.answer: Answer[Trajectory] = Answer(self.work, self._about)
        self.figures = Figures(self.work)
        for signal in (groups.changed, session.events.contents):
            self.connections.add(signal, self._check)
        self.connections.add(session.display.changed, self._follow_picks)
        self.connections.add(self.answer.changed, self._write)
        self.follow(self.work.changed)
        self._check()

    # ---- actions -------------------------------------------------------------------------------

    def choose_run(self, name: str) -> None:
        """Choose what tells who is alike."""
        self.run.choose(name)
        self._check()

    def choose_root(self, name: str) -> None:
        """Choose the group, or `PICKED`, that comes first."""
        self.root.choose(name)
        self._check()

    def compute(self) -> Job[Trajectory] | None:
        """Order the spots in the background, and write their pseudotime."""
        from ...analysis import trajectory_steps

        adata = self.session.adata
        if adata is None or self._missing():
            return None
        steps = trajectory_steps(adata, self.run.name, self.groups.column, self.beginning)
        return self.answer.ask(steps, "Computing the order")

    def picture(self, ratio: float = 1.0) -> Job[Drawn] | None:
        """Draw the connections of the groups, and when their spots come."""
        from ...plots.trajectory import trajectory

        ordered = self.answer.value
        if ordered is None:
            return None
        codes, known, _colours = self.session.labels(self.groups.column)
        names = list(ordered.groups)
        place = np.array([names.index(n) if n in names else -1 for n in known] + [-1])
        colours = self.groups.colours(names)
        title = f"Trajectory by {self.groups.title}"
        return self.figures.draw(title, lambda: trajectory(ordered, place[codes], colours), ratio)

    # ---- within --------------------------------------------------------------------------------

    def _about(self) -> tuple[object, ...]:
        run = self.run.name
        return self.groups.stamp, run, began(self.session, run), self.beginning

    @property
    def beginning(self) -> str | int:
        """Name of a group, or place of the picked spot."""
        picked = self.session.display.picked
        if self.root.name == PICKED and picked is not None:
            return int(np.flatnonzero(picked)[0])
        return self.root.name

    def _missing(self) -> str:
        missing = self.groups.missing()
        if missing or self.root.name != PICKED:
            return missing
        picked, place = self.session.display.picked, self.session.place
        n = 0 if picked is None else int(picked.sum())
        several = f"Pick exactly one {place} on the canvas or the map; {n:,} are picked now."
        return "" if n == 1 else several

    def _write(self) -> None:
        """Write the order that was found into obs, and show it."""
        self.found = SILENT
        if self.answer.value is not None:
            column = self.session.column_for(f"{self.run.name}_pseudotime")
            self.session.write_column(column, self.answer.value.pseudotime)
            self.session.display.column = column
            self.found = good(
                f"Written to obs as “{column}”, from 0 at the beginning to 1; the canvas shows it."
            )
        self.refresh()

    def _follow_picks(self, names: frozenset[str]) -> None:
        if "picked" in names:
            self._check()

    def _check(self) -> None:
        self.run.offer(entries([*newest_first(self.session), ("Counts", COUNTS)]))
        groups, picked = self.groups.titled(), f"The picked {self.session.place}"
        self.root.offer([*groups, Entry(picked, PICKED)] if groups else [])
        self.answer.check()
        self.refresh()

    def _resolve(self) -> TrajectoryState:
        wait, ordered = self.work.why_wait(), self.answer.value
        why_not = wait or self.groups.missing()
        return TrajectoryState(
            run=self.run.menu(why_not),
            root=self.root.menu(why_not),
            work=self.work.state,
            has_answer=ordered is not None,
            found=self.found,
            lost=warning("" if ordered is None else "\n".join(ordered.notes)),
            no_figure=wait,
        )
