"""The two-dimensional maps of one session: which there are, and the one that is being drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from .. import keys
from ..connections import Connections
from ..errors import StimputeError, in_words
from ..job import Job, JobState
from ..keys import COUNTS
from ..session.session import Session

if TYPE_CHECKING:
    from ..analysis.spaces import Kind

MAPPING = "map"
"""Owner of the job that draws a map."""

MOST_BY_ITSELF = 20_000
"""Spots up to which a map is drawn as soon as it is looked at: it then takes seconds."""

MOST_UMAP = 100_000
"""Spots up to which the canvas takes a UMAP for data without coordinates; above it a PCA."""

KINDS: tuple[tuple[Kind, str, str], ...] = (
    ("umap", "UMAP", "Neighbours stay neighbours: near means similar expression."),
    ("pca", "PCA", "The two directions of the largest differences; distances keep meaning."),
)

_EXPLAINED = {
    "umap": "near means similar expression; distances between islands mean little",
    "pca": "the two directions of the largest differences; what differs in others overlaps",
}


class MapOf(NamedTuple):
    """Which map: of the counts or of a run, and of what kind."""

    key: str = COUNTS
    kind: Kind = "umap"


class Maps:
    """Finds, draws and keeps maps. `changed` is emitted when one begins, ends, or fails.

    `due` is emitted when a map is wanted and nothing else runs. A front end answers with
    `draw_wanted` once its event loop is free: whoever opened the data may begin other work first.
    """

    changed = Signal()
    due = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.drawing: MapOf | None = None
        self.problem = ""
        """Why the last map could not be drawn, in words."""
        self._tried: set[MapOf] = set()
        self._wanted: MapOf | None = None
        self.connections = Connections()
        self.connections.add(session.events.adata, self._forget)
        self.connections.add(session.events.job, self._follow_job)

    def choices(self) -> list[tuple[str, str]]:
        """Key and name of all that a map can be drawn of."""
        return [(COUNTS, "Counts"), *self.session.contents.run_titles.items()]

    def title(self, wanted: MapOf) -> str:
        """What map it is: "UMAP of the counts"."""
        kind = next(title for kind, title, _ in KINDS if kind == wanted.kind)
        names = dict(self.choices())
        of = "the counts" if wanted.key == COUNTS else names.get(wanted.key, wanted.key)
        return f"{kind} of {of}"

    def explained(self, wanted: MapOf) -> str:
        """What may be read from the map, and what not."""
        return f"{self.title(wanted)}: {_EXPLAINED[wanted.kind]}."

    def find(self, wanted: MapOf) -> NDArray[np.float32] | None:
        """Places on a map, (n_obs, 2), x and y (up); None while it is not drawn."""
        adata = self.session.adata
        if adata is None or (places := adata.obsm.get(keys.space(*wanted))) is None:
            return None
        found: NDArray[np.float32] = np.asarray(places, dtype=np.float32)[:, :2]
        return found if np.isfinite(found).all() else None

    def waits_for(self, wanted: MapOf) -> bool:
        """Whether a map is being drawn, or will be as soon as nothing else runs."""
        return wanted in (self.drawing, self._wanted)

    def why_not(self) -> str:
        """Why no map can be drawn now, in words; "" where one can."""
        return self.session.wait if self.session.adata is not None else "Open data first."

    def draw(self, wanted: MapOf) -> Job[Any] | None:
        """Draw a map in a thread; what is wrong is said in `problem`."""
        from ..analysis.spaces import space_steps, write_space

        session, adata = self.session, self.session.adata
        self._tried.add(wanted)
        self.problem = ""

        def take(places: NDArray[np.float32]) -> None:
            if session.adata is adata:
                write_space(adata, *wanted, places)
                self._tried.discard(wanted)
                session.look_again()

        try:
            self.drawing = wanted
            steps = space_steps(adata, *wanted)
            return session.work_later(steps, "Drawing the map", take, owner=MAPPING)
        except StimputeError as error:
            self.drawing, self.problem = None, in_words(error)
            self.changed.emit()
            return None

    def draw_soon(self, wanted: MapOf, *, most: int = MOST_BY_ITSELF) -> None:
        """Draw a map once nothing else runs, unless it is there, was tried, or is of too many."""
        adata = self.session.adata
        if adata is None or adata.n_obs >= most or wanted in self._tried:
            return
        if self.find(wanted) is None:
            self._wanted = wanted
            if not self.session.is_busy:
                self.due.emit()

    def draw_wanted(self) -> None:
        """Draw the map that is wanted, if that can begin now."""
        wanted = self._wanted
        if wanted is not None and not self.why_not():
            self._wanted = None
            if self.find(wanted) is None and wanted not in self._tried:
                self.draw(wanted)

    def _follow_job(self) -> None:
        job, session = self.session.job, self.session
        if job is not None and job.owner == MAPPING and not session.is_busy:
            self.drawing = None
            if job.state is JobState.FAILED:
                self.problem = in_words(job.error)
        if self._wanted is not None and not session.is_busy:
            self.due.emit()
        self.changed.emit()

    def _forget(self) -> None:
        self._tried, self._wanted, self.drawing, self.problem = set(), None, None, ""
