"""Let genes be modelled that were not chosen: at once, from simple predictions, in a thread."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.extend import AddedGenes, not_modelled
from ..errors import MissingKey
from ..job import Job
from ..words import counted
from .session import Session

ADD = "add"
"""Owner of the job."""


def add_genes_later(session: Session, genes: Sequence[str]) -> Job[dict[str, AddedGenes]]:
    """Predict genes for the runs there are; from now on they are modelled, whatever is chosen.

    Their values in these runs are blends of simple predictions, judged like the others; the next
    training learns them. An error lands in the session's ``problem``.

    Raises
    ------
    MissingKey : no data are open
    UnknownName : the data do not hold one of them
    Busy : something else runs
    """
    from ..trust.added import added_steps  # torch: not before it is needed

    adata = session.adata
    if adata is None:
        raise MissingKey(expected="open data", found="none", remedy="Open a file first.")
    new = not_modelled(adata, genes)
    title = f"Adding {new[0] if len(new) == 1 else counted(len(new), 'gene')}"
    return session.work_later(
        added_steps(adata, new), title, lambda added: session.hold(new, added), owner=ADD
    )
