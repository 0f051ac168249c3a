"""The two-dimensional maps of one session: which there are, and the one that is being drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QTimer

from .. import keys
from ..connections import Connections
from ..errors import StimputeError, in_words
from ..job import Job, JobState
from ..session.contents import COUNTS
from ..session.session import Session

if TYPE_CHECKING:
    from ..analysis.spaces import Kind

MAPPING = "Drawing the map"
"""Title of the job that draws a map."""

MOST_BY_ITSELF = 20_000
"""Spots up to which a map is drawn as soon as it is looked at: it then takes seconds."""

MOST_UMAP = 100_000
"""Spots up to which the canvas takes a UMAP for data without coordinates; above it a PCA."""

KINDS = (
    ("umap", "UMAP", "Neighbours stay neighbours: near means similar expression."),
    ("pca", "PCA", "The two directions of the largest differences; distances keep meaning."),
)

_EXPLAINED = {
    "umap": "near means similar expression; distances between islands mean little",
    "pca": "the two directions of the largest differences; what differs in others overlaps",
}


class Choice(NamedTuple):
    """Which map: of the counts or of a run, and of what kind."""

    key: str = COUNTS
    kind: Kind = "umap"


class Maps:
    """Finds, draws and keeps maps. `changed` is emitted when one begins, ends, or fails."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.drawing: Choice | None = None
        self.problem = ""
        """Why the last map could not be drawn, in words."""
        self._tried: set[Choice] = set()
        self._wanted: Choice | None = None
        self.connections = Connections()
        self.connections.add(session.events.adata, self._forget)
        self.connections.add(session.events.job, self._follow_job)

    def choices(self) -> list[tuple[str, str]]:
        """Key and name of all that a map can be drawn of."""
        return [(COUNTS, "Counts"), *self.session.contents.run_titles.items()]

    def title(self, choice: Choice) -> str:
        """What map it is: "UMAP of the counts"."""
        kind = next(title for kind, title, _ in KINDS if kind == choice.kind)
        names = dict(self.choices())
        of = "the counts" if choice.key == COUNTS else names.get(choice.key, choice.key)
        return f"{kind} of {of}"

    def explained(self, choice: Choice) -> str:
        """What may be read from the map, and what not."""
        return f"{self.title(choice)}: {_EXPLAINED[choice.kind]}."

    def find(self, choice: Choice) -> NDArray[np.float32] | None:
        """Places on a map, (n_obs, 2), x and y (up); None while it is not drawn."""
        adata = self.session.adata
        if adata is None or (places := adata.obsm.get(keys.space(*choice))) is None:
            return None
        found: NDArray[np.float32] = np.asarray(places, dtype=np.float32)[:, :2]
        return found if np.isfinite(found).all() else None

    def waits_for(self, choice: Choice) -> bool:
        """Whether a map is being drawn, or will be as soon as nothing else runs."""
        return choice in (self.drawing, self._wanted)

    def why_not(self) -> str:
        """Why no map can be drawn now, in words; "" where one can."""
        session = self.session
        if session.adata is None:
            return "Open data first."
        if session.is_busy and session.job is not None:
            return f"Wait: “{session.job.title}” is at work."
        return ""

    def draw(self, choice: Choice) -> Job[Any] | None:
        """Draw a map in a thread; what is wrong is said in `problem`."""
        from ..analysis.spaces import space_steps, write_space

        session, adata = self.session, self.session.adata
        self._tried.add(choice)
        self.problem = ""

        def take(places: NDArray[np.float32]) -> None:
            if session.adata is adata:
                write_space(adata, *choice, places)
                self._tried.discard(choice)
                session.look_again()

        try:
            self.drawing = choice
            return session.work_later(space_steps(adata, *choice), MAPPING, take)
        except StimputeError as error:
            self.drawing, self.problem = None, in_words(error)
            self.changed.emit()
            return None

    def draw_soon(self, choice: Choice, *, most: int = MOST_BY_ITSELF) -> None:
        """Draw a map once nothing else runs, unless it is there, was tried, or is of too many."""
        adata = self.session.adata
        if adata is None or adata.n_obs >= most or choice in self._tried:
            return
        if self.find(choice) is None:
            self._wanted = choice
            QTimer.singleShot(0, self._draw_wanted)

    def _draw_wanted(self) -> None:
        choice = self._wanted
        if choice is not None and not self.why_not():
            self._wanted = None
            if self.find(choice) is None and choice not in self._tried:
                self.draw(choice)

    def _follow_job(self) -> None:
        job, session = self.session.job, self.session
        if job is not None and job.title == MAPPING and not session.is_busy:
            self.drawing = None
            if job.state is JobState.FAILED:
                self.problem = in_words(job.error)
        if self._wanted is not None and not session.is_busy:
            QTimer.singleShot(0, self._draw_wanted)
        self.changed.emit()

    def _forget(self) -> None:
        self._tried, self._wanted, self.drawing, self.problem = set(), None, None, ""
