"""Which groups of spots the sections of the tab "Cells" are about: one choice for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from psygnal import Signal
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from ... import keys
from ...connections import Connections
from ...errors import InputError
from ...session.session import COUNTS, Session
from ..widgets.words import Words, labelled

_HELP = "Column of obs that tells groups apart: clusters, types, conditions. All sections use it."
_NONE = (
    "No column names groups. Train a model that finds clusters, or add a column with 2 to 60 names "
    "to obs."
)


class Groups(QWidget):
    """A menu of columns. `changed` is emitted when the column, or what it holds, is another.

    The newest run's clusters, until someone chooses.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._stamp = 0
        self.combo, self.words = Choice(_HELP), Words("note")
        self.combo.activated.connect(lambda _index: self._tell())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(labelled([("Groups by", self.combo)], width=80))
        layout.addWidget(self.words)
        self.connections = Connections()
        for event in (session.events.adata, session.events.runs, session.events.n_written):
            self.connections.add(event, self.follow)
        self.connections.add(session.events.job, self._enable)
        self.follow()

    @property
    def column(self) -> str:
        """The chosen column of obs; "" if there is none."""
        return self.combo.name

    @property
    def stamp(self) -> int:
        """Tells what the column holds from anything else it held before."""
        return self._stamp

    @property
    def prefix(self) -> str:
        """What new columns about these groups are called by: the run's key for its clusters."""
        return safe_name(self.column.removesuffix(keys.cluster("")))

    def missing(self) -> str:
        """Why there are no groups, in words; "" where there are."""
        if self.session.adata is None:
            return "Open data first."
        return "" if self.column else _NONE

    def sizes(self) -> dict[str, int]:
        """Spots of each group, in the order of the column; groups without any are left out."""
        if not self.column:
            return {}
        codes, names, _colours = self.session.labels(self.column)
        sizes = np.bincount(codes[codes >= 0], minlength=len(names))
        return {name: int(n) for name, n in zip(names, sizes, strict=True) if n}

    def colours(self, groups: Iterable[str]) -> list[str]:
        """Colour (hex) of each named group, as on the canvas."""
        _codes, names, colours = self.session.labels(self.column)
        known = dict(zip(names, colours, strict=True))
        return [known[group] for group in groups]

    def follow(self) -> None:
        """Offer what there is."""
        columns = self.session.columns
        found = [keys.cluster(key) for _title, key in runs_of(self.session)]
        clusters = [column for column in found if column in columns]
        self.combo.offer([(column, column) for column in columns], next(iter(clusters), ""))
        self._enable()
        self.words.say("" if self.session.adata is None else self.missing())
        self._tell()

    def _enable(self) -> None:
        reason, job = self.missing(), self.session.job
        if self.session.is_busy and job is not None:
            reason = f"Wait: “{job.title}” is at work."
        self.combo.setEnabled(not reason)
        self.combo.setToolTip(reason or _HELP)

    def _tell(self) -> None:
        before, self._stamp = self._stamp, stamp_of(self.session, self.column)
        if self._stamp != before:
            self.changed.emit()


class Choice(QComboBox):
    """Offers entries anew whenever they change; the usual one is chosen until someone chooses."""

    def __init__(self, help_text: str) -> None:
        super().__init__()
        self._by_hand: object = None
        self.setToolTip(help_text)
        self.activated.connect(lambda _index: self._keep())

    def offer(self, entries: list[tuple[str, str]], usual: str = "") -> None:
        """Offer titles and names; without a usual one, the first is chosen."""
        self.clear()
        for title, name in entries:
            self.addItem(title, name)
        places = (self.findData(self._by_hand), self.findData(usual), 0)
        if entries:
            self.setCurrentIndex(next(place for place in places if place >= 0))

    @property
    def name(self) -> str:
        """The chosen entry's name; "" if there is none."""
        return str(self.currentData() or "")

    def forget(self) -> None:
        """What was chosen by hand counts no longer."""
        self._by_hand = None

    def _keep(self) -> None:
        self._by_hand = self.currentData()


def stamp_of(session: Session, column: str) -> int:
    """Tells what a column of obs holds from anything else; 0 if there is no such column."""
    if session.adata is None or column not in session.adata.obs:
        return 0
    codes, names, _colours = session.labels(column)
    return hash((column, tuple(names), codes.tobytes()))


def changed_meanwhile() -> InputError:
    """Error for an answer about what is no longer so."""
    return InputError(
        expected="groups, batches and runs as they were when this began",
        found="that they changed meanwhile",
        remedy="Nothing was kept: begin again.",
    )


def runs_of(session: Session) -> list[tuple[str, str]]:
    """Title and key of every run, newest first."""
    return [(title, key) for key, title in reversed(session.run_titles.items())]


def began(session: Session, key: str) -> str:
    """When a run began, to tell it from a later one with the same key; "" for the counts."""
    return session.record(key).started if key and key != COUNTS else ""


def safe_name(text: str) -> str:
    """A name that an .h5ad can hold: other signs become "_"."""
    return re.sub(r"[^A-Za-z0-9_.\-]+", "_", text).strip("_") or "groups"
