"""What an edit of cells changed, to be drawn in place of counts: a hypothesis, no measurement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from ..keys import HYPOTHESIS

if TYPE_CHECKING:
    from ..editing import JudgedEdit

EDITED = "edited change"
"""Its name among the sources of values; no run has a key with a space."""

TITLE = "Change by the edit"
UNIT = "log value"
EXPLAINED = f"How the edit changed the gene in each edited cell: an {HYPOTHESIS}."


@dataclass(frozen=True, eq=False)
class EditedChange:
    """An edit, and the change of every gene in each cell of the open data.

    Parameters
    ----------
    judged : the edit, with its verdicts
    rows : (n_edited,), places of the edited cells in the data
    n_obs : cells in the data
    change : (n_edited, n_genes), log values after the edit minus those before
    """

    judged: JudgedEdit
    rows: NDArray[np.intp]
    n_obs: int
    change: sp.csc_matrix

    @classmethod
    def of(cls, judged: JudgedEdit, names: pd.Index) -> EditedChange:
        """An edit of cells of data with these names; meant for the thread that edited."""
        from ..models.scdiffusion.shifts import logged

        edit = judged.edit
        before, after = (logged(counts, edit.depth) for counts in (edit.before, edit.after))
        return cls(judged, names.get_indexer(edit.obs.index), len(names), (after - before).tocsc())

    def __contains__(self, gene: str) -> bool:
        return gene in self._places

    def values(self, gene: str) -> NDArray[np.float32]:
        """Change of a gene's log value in every cell, (n_obs,); NaN for one that was not edited."""
        found = np.full(self.n_obs, np.nan, dtype=np.float32)
        found[self.rows] = self.change[:, [self._places[gene]]].toarray().ravel()
        return found

    def verdict(self, gene: str) -> str:
        """Whether the change of a gene can be believed."""
        return str(self._verdicts.get(gene, ""))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {gene: place for place, gene in enumerate(self.judged.edit.genes)}

    @cached_property
    def _verdicts(self) -> dict[str, str]:
        verdicts = self.judged.table()["verdict"]
        return {str(gene): str(verdict) for gene, verdict in verdicts.items()}
