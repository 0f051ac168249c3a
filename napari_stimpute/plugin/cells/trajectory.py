"""The order of spots from a chosen beginning, and how their groups are connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QPushButton

from ...job import Job
from ...panels.answer import began
from ...panels.groups import Groups
from ...panels.groups import newest_first as runs_of
from ...session.contents import COUNTS
from ...session.session import Session
from ..widgets.old_choice import Choice
from ..widgets.old_work import Work
from ..widgets.words import Words, labelled
from .section import Section, enable

if TYPE_CHECKING:
    from ...analysis.trajectory import Trajectory

ORDERING = "Computing the order"

_EXPLAINED = (
    "Puts all in line by how far they are from a beginning, along paths from like to like. The "
    "beginning is yours to choose: data alone do not tell which end is first."
)
_SPOT = "\n"
"""Stands for the picked spot among the names of groups; no name holds it."""


class TrajectorySection(Section):
    """Orders spots, colours the canvas by their place, and draws the groups' connections."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session, groups, _EXPLAINED)
        self.result: Trajectory | None = None
        self._make_controls()
        self._lay_out()
        self.connections.add(groups.changed, self._follow)
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(session.events.adata, self._forget)
        self.connections.add(session.display.changed, self._follow)
        self._follow()

    @property
    def about(self) -> tuple[object, ...]:
        """Groups, the run that tells which spots are alike, and where the order begins."""
        run = self.run.name
        return self.groups.stamp, run, began(self.session, run), self._root()

    def compute(self) -> Job[Any] | None:
        """Order the spots in the background, and write their pseudotime."""
        from ...analysis import trajectory_steps

        adata, key = self.ready, self.run.name
        if adata is None:
            return None
        steps = trajectory_steps(adata, key, self.groups.column, self._root())
        return self.ask(steps, ORDERING, lambda found: self._take(key, found))

    def picture(self) -> Job[Any] | None:
        """Draw the connections of the groups, and when their spots come."""
        from ...plots.trajectory import trajectory

        ordered = self.result
        if ordered is None:
            return None
        codes, known, _colours = self.session.labels(self.groups.column)
        names = list(ordered.groups)
        place = np.array([names.index(n) if n in names else -1 for n in known] + [-1])
        colours = self.groups.colours(names)
        title = f"Trajectory by {self.groups.column}"
        return self.draw(title, lambda: trajectory(ordered, place[codes], colours))

    def _root(self) -> str | int:
        root = self.root.name
        picked = self.session.display.picked
        if root == _SPOT and picked is not None:
            return int(np.flatnonzero(picked)[0])
        return root

    def _make_controls(self) -> None:
        self.run = Choice("What tells who is alike: the counts, or what a run learned.")
        self.root = Choice("The group, or the picked one, that comes first.")
        self.run.activated.connect(lambda _index: self._follow())
        self.root.activated.connect(lambda _index: self._follow())
        self.work = Work(
            self.session,
            "Compute order",
            "Put all in line, and colour the canvas by it.",
            begin=self.compute,
            missing=self._missing,
            changed=self._enable,
        )
        self.found, self.lost = Words("good"), Words("warning")
        self.figure = QPushButton("Connections of groups")
        self.figure.setToolTip(
            "Picture of which groups are connected (PAGA), and when those of each come."
        )
        self.figure.clicked.connect(lambda: self.picture())

    def _lay_out(self) -> None:
        self.page.addLayout(
            labelled([("Alike by", self.run), ("Begins with", self.root)], width=80)
        )
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        for widget in (self.found, self.lost, self.figure):
            self.inner.addWidget(widget)

    def _take(self, key: str, trajectory: Trajectory) -> None:
        self.result = trajectory
        column = self.session.column_for(f"{key}_pseudotime")
        self.session.write_column(column, trajectory.pseudotime)
        self.session.display.column = column
        self.found.say(
            f"Written to obs as “{column}”, from 0 at the beginning to 1; the canvas shows it.",
            "good",
        )
        self.lost.say("\n".join(trajectory.notes))
        self.answer.show()
        self._enable()

    def _missing(self) -> str:
        if missing := self.groups.missing():
            return missing
        if self.root.name == _SPOT:
            picked = self.session.display.picked
            n = 0 if picked is None else int(picked.sum())
            if n != 1:
                place = self.session.place
                return f"Pick exactly one {place} on the canvas or the map; {n:,} are picked now."
        return ""

    def _follow(self) -> None:
        runs = runs_of(self.session)
        self.run.offer([*runs, ("Counts", COUNTS)])
        place = self.session.place
        named = [(f"{n} ({size:,} {place}s)", n) for n, size in self.groups.sizes().items()]
        self.root.offer([*named, (f"The picked {place}", _SPOT)] if named else [])
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
        enable([self.run, self.root], wait or self.groups.missing())
        enable([self.figure], wait)
