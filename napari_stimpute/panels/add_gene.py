"""Offer to add the gene that is shown, where it was not modelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import StimputeError
from ..job import Job, JobState
from ..session.adding import ADD, add_genes_later
from ..session.session import Session
from .message import SILENT, Message, error, good
from .panel import Panel
from .work import Work, WorkState

ADD_GENE = "Add this gene"

_HELP = (
    "Blend it of simple predictions now, in the background, judged on hidden molecules like the "
    "other genes; from the next training on it is modelled, whatever genes are chosen."
)
_NOW = (
    "{gene} is not among the modelled genes: it has no imputed values. Added, it gets a blend of "
    "simple predictions now, judged like the others, and the next training learns it."
)
_LATER = "{gene} is not among the modelled genes. Added, it is learned by the next training."
_DONE_NOW = "{gene} was added; the next training learns it."
_DONE_LATER = "{gene} was added to the genes that are always modelled: train to impute it."


@dataclass(frozen=True)
class AddState:
    """Why the shown gene has no imputed values, and the button that adds it.

    ``message`` is silent where there is nothing to add; the button is there while ``is_offered``.
    """

    message: Message
    work: WorkState
    is_offered: bool


class AddPanel(Panel[AddState]):
    """Adds the gene that is shown to those that are modelled, and to the runs there are."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._gene = ""
        self.work = Work(
            self,
            ADD,
            ADD_GENE,
            _HELP,
            begin=self.add,
            cancel_help="Stop; the gene is not added.",
        )
        self.connections.add(self.work.ended, self._end)
        self.connections.add(session.display.changed, self._look)
        self.follow(self.work.changed, session.events.contents, session.events.adata)
        self.refresh()

    def add(self) -> Job[Any] | None:
        """Add the gene that is shown; what is wrong is said."""
        self._gene = self.session.display.gene
        self.work.say(SILENT)
        try:
            return add_genes_later(self.session, [self._gene])
        except StimputeError as problem:
            self.work.say(error(problem))
            return None

    def _end(self, job: Job[Any]) -> None:
        if job.state is JobState.DONE and not self.work.problem:
            done = _DONE_NOW if self.session.contents.whole else _DONE_LATER
            self.work.say(good(done.format(gene=self.session.contents.gene_title(self._gene))))

    def _look(self, names: frozenset[str]) -> None:
        if "gene" in names and not self.work.is_running:
            self.work.say(SILENT)  # it was about another gene
        self.refresh()

    def _resolve(self) -> AddState:
        session, gene = self.session, self.session.display.gene
        is_running = self.work.is_running
        lacks = bool(gene) and not session.contents.is_modelled(gene)
        said = _NOW if session.contents.whole else _LATER
        message = (
            Message(said.format(gene=session.contents.gene_title(gene)))
            if lacks and not is_running
            else SILENT
        )
        return AddState(message, self.work.state, lacks or is_running)
