"""Which groups of spots a tab is about: one choice of a column for all its sections."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .. import keys
from ..session.session import Session
from ..words import counted
from .answer import stamp_of
from .menu import Choice, Entry, Menu, entries
from .message import SILENT, Message
from .panel import Panel

_HELP = "Column of obs that tells groups apart: clusters, types, conditions. All sections use it."
NO_GROUPS = (
    "No column names groups. Train a model that finds clusters, or add a column with 2 to 60 names "
    "to obs."
)


@dataclass(frozen=True)
class GroupsState:
    """The menu of columns, why there are none, and what tells this choice from any other."""

    menu: Menu
    nothing: Message
    stamp: int


class Groups(Panel[GroupsState]):
    """A menu of columns: the newest run's clusters, until someone chooses."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.choice = Choice(_HELP)
        self.follow(session.events.contents, session.events.adata, session.events.job)
        self.refresh()

    def choose(self, column: str) -> None:
        """Choose a column of obs."""
        self.choice.choose(column)
        self.refresh()

    @property
    def column(self) -> str:
        """The chosen column of obs; "" if there is none."""
        return self.choice.name

    @property
    def title(self) -> str:
        """What people read in place of the column's name."""
        return self.session.contents.column_title(self.column)

    @property
    def stamp(self) -> int:
        """Tells what the column holds from anything else it held before."""
        return self.now.stamp

    @property
    def prefix(self) -> str:
        """What new columns about these groups are called by: the run's key for its clusters."""
        return safe_name(self.column.removesuffix(keys.cluster("")))

    def missing(self) -> str:
        """Why there are no groups, in words; "" where there are."""
        if self.session.adata is None:
            return "Open data first."
        return "" if self.column else NO_GROUPS

    def sizes(self) -> dict[str, int]:
        """Spots of each group, in the order of the column; groups without any are left out."""
        return sizes_of(self.session, self.column)

    def titled(self) -> list[Entry]:
        """Every group with its size, to choose from."""
        return titled_groups(self.session, self.column)

    def colours(self, groups: Iterable[str]) -> list[str]:
        """Colour (hex) of each named group, as on the canvas."""
        _codes, names, colours = self.session.labels(self.column)
        known = dict(zip(names, colours, strict=True))
        return [known[group] for group in groups]

    def _resolve(self) -> GroupsState:
        session, columns = self.session, self.session.contents.columns
        newest = [keys.cluster(key) for _title, key in newest_first(session)]
        clusters = [column for column in newest if column in columns]
        self.choice.offer(column_entries(session), next(iter(clusters), ""))
        missing = self.missing()
        return GroupsState(
            self.choice.menu(session.wait or missing),
            SILENT if session.adata is None else Message(missing),
            stamp_of(session, self.column),
        )


def column_entries(session: Session) -> list[Entry]:
    """Every column of labels, under a title that people read."""
    contents = session.contents
    return entries((contents.column_title(column), column) for column in contents.columns)


def sizes_of(session: Session, column: str) -> dict[str, int]:
    """Spots of each group of a column, in its order; groups without any are left out."""
    if session.adata is None or not column:
        return {}
    codes, names, _colours = session.labels(column)
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    return {name: int(n) for name, n in zip(names, sizes, strict=True) if n}


def titled_groups(session: Session, column: str) -> list[Entry]:
    """Every group of a column with its size, to choose from."""
    place = session.place
    sizes = sizes_of(session, column)
    return [Entry(f"{group} ({counted(n, place)})", group) for group, n in sizes.items()]


def newest_first(session: Session) -> list[tuple[str, str]]:
    """Title and key of every run, newest first."""
    return [(title, key) for key, title in reversed(session.contents.run_titles.items())]


def imputed_runs(session: Session) -> list[Entry]:
    """Every run with imputed values of all genes, to choose from, oldest first."""
    contents = session.contents
    return entries((contents.source(key).title, key) for key in contents.whole)


def safe_name(text: str) -> str:
    """A name that an .h5ad can hold: other signs become "_"."""
    return re.sub(r"[^A-Za-z0-9_.\-]+", "_", text).strip("_") or "groups"
