"""Regions in files: what lies in them is picked and named; what is picked is written as one."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from .. import keys
from ..errors import StimputeError
from ..job import Job
from ..progress import Progress
from ..scene.scene import Scene
from ..spatial.geojson import read_regions, write_regions
from ..spatial.regions import (
    COLUMN,
    MICRONS,
    Assigned,
    Region,
    assign,
    drawn_regions,
    group_regions,
    in_unit,
)
from .menu import Choice, Entry, Menu
from .message import SILENT, Message, error, good
from .panel import Panel

T = TypeVar("T")

TITLE = "Regions in files"
READ, SAVE = "Read regions…", "Save regions…"
READ_HELP = (
    "From GeoJSON, as QuPath writes it, or a .csv of selections of Xenium Explorer: all inside are "
    "picked, and a new column names the region of each."
)
READABLE = "Regions (*.geojson *.json *.csv)"
UNIT_TITLE = "Units"

_OWNER = "regions"
_UNITS = (
    Entry("As in the data", "", "As places are in the data. QuPath counts pixels of the image."),
    Entry("In µm", MICRONS, "Micrometres, as in Xenium Explorer."),
)


@dataclass(frozen=True)
class RegionsState:
    """``no_reading`` and ``no_saving`` say why not, "" where they can be.

    ``save_help`` says what is written; ``unit`` is what the coordinates of a file are in, None
    where nothing is to be chosen.
    """

    no_reading: str
    no_saving: str
    save_help: str
    unit: Menu | None
    outcome: Message


class RegionsPanel(Panel[RegionsState]):
    """Reads and writes regions of the open data, in the background."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.session)
        self.scene = scene
        self._unit, self._outcome = Choice("What coordinates in files are in.", _UNITS), SILENT
        session = self.session
        self.connections.add(session.events.adata, lambda: self._say(SILENT))
        self.connections.add(session.events.problem, self._follow_problem)
        self.follow(scene.changed, session.display.changed, session.events.job)
        self.refresh()

    def choose_unit(self, name: str) -> None:
        """Say what coordinates in files are in."""
        self._unit.choose(name)
        self.refresh()

    def read(self, path: str | os.PathLike[str]) -> Job[Assigned] | None:
        """Pick what lies in the regions of a file, and write a column that names them."""
        session, contents, unit = self.session, self.session.contents, self._unit.name

        def steps() -> Generator[Progress, None, Assigned]:
            yield Progress("regions", 0, 1, message="Reading regions")
            found = read_regions(path)
            place = contents.place
            return assign(contents.required, contents.layout, found, unit=unit, place=place)

        def take(found: Assigned) -> None:
            column = keys.free(COLUMN, contents.required.obs.columns)
            session.write_column(column, found.column)
            with session.display.together():
                self.scene.picks.pick(found.is_inside)
                if column in session.contents.columns:  # not too many to be told apart
                    session.display.column = column
            self._say(good(" ".join([*found.notes, f"Picked, and named in “{column}”."])))

        return self._begin(steps(), "Reading regions", take)

    def save(self, path: str | os.PathLike[str]) -> Job[Path] | None:
        """Write what is picked as a region called as the file; else the groups of the column."""
        contents, unit = self.session.contents, self._unit.name
        try:
            find = self._wanted(Path(path).stem)
        except StimputeError as problem:
            self._say(error(problem))
            return None

        def steps() -> Generator[Progress, None, Path]:
            yield Progress("regions", 0, 1, message="Finding outlines")
            return write_regions(path, in_unit(find(), unit, contents.layout), unit)

        return self._begin(steps(), "Saving regions", lambda f: self._say(good(f"Saved to {f}.")))

    @property
    def file_name(self) -> str:
        """A name for the file."""
        return "picked.geojson" if not self._column else f"{self._column}.geojson"

    # ---- within --------------------------------------------------------------------------------

    @property
    def _column(self) -> str | None:
        """The column whose groups are written; None where it is what is picked."""
        display = self.session.display
        return None if display.picked is not None else display.column

    def _wanted(self, name: str) -> Callable[[], list[Region]]:
        """What outlines that which is picked now, as drawn where all of it was drawn; else groups.

        It is called in a thread, while others may be picked.
        """
        session, display = self.session, self.session.display
        adata, layout = session.contents.required, session.contents.layout
        if display.picked is None:
            codes, names, _colours = session.labels()
            return partial(group_regions, adata, layout, codes, names)
        if display.strokes:
            return partial(drawn_regions, display.strokes, name)
        return partial(group_regions, adata, layout, np.where(display.picked, 0, -1), [name])

    def _begin(
        self, steps: Generator[Progress, None, T], title: str, take: Callable[[T], None]
    ) -> Job[T] | None:
        self._say(SILENT)
        try:
            return self.session.work_later(steps, title, take, owner=_OWNER)
        except StimputeError as problem:
            self._say(error(problem))
            return None

    def _say(self, outcome: Message) -> None:
        self._outcome = outcome
        self.refresh()

    def _follow_problem(self) -> None:
        if self.session.at_fault == _OWNER and self.session.problem:
            self._say(error(self.session.problem))

    def _resolve(self) -> RegionsState:
        session, adata = self.session, self.session.adata
        missing = "Open data first." if adata is None else ""
        if adata is not None and not self.scene.has_tissue:
            missing = "These data have no places on a tissue."
        no_reading = session.wait or missing
        column, no_saving = self._column, no_reading
        help = "The outline of what is picked."
        if column is not None and adata is not None:
            help = f"The outline of each group of “{column}”."
            if column not in session.contents.columns:
                no_saving = no_saving or "Pick some first, or colour by a column of groups."
        has_unit = not missing and session.contents.layout.microns_per_unit not in (0.0, 1.0)
        menu = self._unit.menu() if has_unit else None
        return RegionsState(no_reading, no_saving, help, menu, self._outcome)
