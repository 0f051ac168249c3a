"""The shown gene of runs that kept their models in place of values, computed in a thread."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from ..connections import Connections
from ..errors import in_words
from ..job import Job, JobState
from ..session.kept_runs import KeptRuns
from ..session.session import Session

Array = NDArray[np.float32]


class Computing:
    """Computes the shown gene of such runs in a thread; `changed` says that it begins or ends.

    A run is prepared once it is looked at; from then on its values of each gene that is shown are
    computed, so that a switch to them does not wait.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.job: Job[Array] | None = None
        """What is being computed; None between."""
        self._of: KeptRuns | None = None
        self._problems: dict[tuple[str, str], str] = {}
        self._beside: set[str] = set()
        self.connections = Connections()
        self.connections.add(session.display.changed, self.look)
        self.connections.add(session.events.contents, self._forget)

    def said_of(self, gene: str, key: str) -> str:
        """Why a run that kept its model has no values of a gene at hand, in words."""
        contents = self.session.contents
        title, problem = contents.gene_title(gene), self._problems.get((gene, key), "")
        if problem:
            return f"{title} could not be computed, and its counts are shown. {problem}"
        first = "" if contents.kept_runs.is_prepared(key) else " The first one takes longer."
        return f"{title} is being computed: its counts are shown meanwhile.{first}"

    def _forget(self) -> None:
        """Other data, or another run: what could not be computed may be now."""
        self._problems = {}
        if self.job is not None and self._of is not self._kept:
            self.job.cancel()
        self.look()

    @property
    def _kept(self) -> KeptRuns | None:
        contents = self.session.contents
        return None if contents.adata is None else contents.kept_runs

    def look(self) -> None:
        """Begin what is wanted; what is under way is waited for, and this done again."""
        if self._begin():
            self.changed.emit()

    def draw_beside(self, key: str) -> None:
        """Compute the genes of a run that is drawn, although another source is chosen.

        Nothing is emitted before the end: who draws asks for it.
        """
        if key not in self._beside and key in self.session.contents.kept:
            self._beside.add(key)
            self._begin()

    def _begin(self) -> bool:
        kept, wanted = self._kept, next(self._wanted(), None)
        if self.job is not None or kept is None or wanted is None:
            return False
        job = Job(kept.steps(*wanted), f"Computing {wanted[0]}")
        job.finished.connect(lambda state: self._take(job, wanted, state), thread="current")
        self.job, self._of = job.start(), kept
        return True

    def _wanted(self) -> Iterator[tuple[str, str]]:
        """Genes and runs: of the source that is shown first, then of those that are prepared."""
        contents, display, kept = self.session.contents, self.session.display, self._kept
        gene = display.gene
        if kept is None or not gene or display.column or not contents.is_modelled(gene):
            return
        for key in sorted(contents.kept, key=lambda key: key != display.source):
            is_seen = key == display.source or key in self._beside or kept.is_prepared(key)
            if is_seen and (gene, key) not in self._problems and kept.find(gene, key) is None:
                yield gene, key

    def _take(self, job: Job[Array], wanted: tuple[str, str], state: JobState) -> None:
        self.job = None
        if state is JobState.FAILED and self._of is self._kept:
            self._problems[wanted] = in_words(job.error)
        self.changed.emit()
        self.look()
