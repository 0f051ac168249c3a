"""Runs that kept their models in place of values: one gene of them at a time."""

from __future__ import annotations

from collections.abc import Generator
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import keys
from ..progress import Progress, drain

if TYPE_CHECKING:
    from anndata import AnnData

    from ..trust.gene_by_gene import GeneByGene

Array = NDArray[np.float32]

_MOST_RECENT = 16
"""Genes whose values are kept, 4 bytes a spot each."""


class KeptRuns:
    """What runs give that kept their models, gene after gene; any thread may ask."""

    def __init__(self, adata: AnnData) -> None:
        self.adata = adata
        self._sources: dict[str, tuple[Any, GeneByGene]] = {}
        self._values: dict[tuple[str, str], tuple[Any, Array]] = {}
        self._lock = Lock()

    @property
    def models(self) -> dict[str, Any]:
        """What was kept of each run, by its key."""
        return dict(self.adata.uns.get(keys.MODELS, {}))

    def find(self, gene: str, key: str) -> Array | None:
        """Values of a gene, (n_obs,), if they were computed a moment ago."""
        model, values = self._values.get((gene, key), (None, None))
        return values if model is self.models.get(key) else None

    def is_prepared(self, key: str) -> bool:
        """Whether a gene of a run takes no more than a moment."""
        return key in self._sources and self._sources[key][0] is self.models.get(key)

    def values(self, gene: str, key: str) -> Array:
        """Values of a gene, (n_obs,); see `steps`."""
        found = self.find(gene, key)
        return drain(self.steps(gene, key)) if found is None else found

    def steps(self, gene: str, key: str) -> Generator[Progress, None, Array]:
        """Compute the values of a gene, (n_obs,); the first of a run takes longer.

        Raises
        ------
        UnknownName : a gene that the run did not model
        others as `trust.gene_by_gene.kept_steps`
        """
        from ..trust.gene_by_gene import kept_steps  # torch: not before it is needed

        model = self.models.get(key)
        if not self.is_prepared(key):
            prepared = yield from kept_steps(self.adata, key)
            self._sources[key] = (model, prepared)
        yield Progress("compute", 0, 1, message=f"Computing {gene}")
        with self._lock:
            values = self._sources[key][1].expression(gene)
        values.flags.writeable = False
        recent = {**self._values, (gene, key): (model, values)}
        self._values = dict([*recent.items()][-_MOST_RECENT:])
        return values
