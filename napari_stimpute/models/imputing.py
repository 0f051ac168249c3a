"""What models have in common that give expected counts, in blocks of rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from ..data.blocks import joined
from .base import Expecting, Model

if TYPE_CHECKING:
    from anndata import AnnData

Decoder = Callable[[np.ndarray], Iterator[np.ndarray]]
"""From columns (n_columns,) to blocks of expected counts, (block, n_columns) each."""


class ImputingModel(Model):
    """A model that gives expected counts, and by its setting ``mode`` fills zeros alone.

    It makes them in blocks of rows, which is how they are asked for where all of them together
    would be too much to hold.
    """

    def impute(self, adata: AnnData, genes: Sequence[str] | None = None) -> np.ndarray:
        """Expected counts at each spot's own depth, (n_obs, n_genes) float32.

        With ``mode="fill"`` observed counts are returned bit for bit, and only zeros that are
        likely technical carry a value: that to be expected, had the gene not been missed.
        """
        shape = (adata.n_obs, len(self._columns(genes)))
        return joined(self.imputed_blocks(adata, genes), shape)

    def expected(self, adata: AnnData, genes: Sequence[str] | None = None) -> np.ndarray:
        """Expected counts of every entry, whatever the mode, (n_obs, n_genes) float32.

        They are those at each spot's own depth.
        """
        shape = (adata.n_obs, len(self._columns(genes)))
        return joined(self.expected_blocks(adata, genes), shape)

    def imputed_blocks(
        self, adata: AnnData, genes: Sequence[str] | None = None
    ) -> Iterator[np.ndarray]:
        """What `impute` gives, as consecutive blocks of rows, (block, n_genes)."""
        if self.config.mode == "fill":
            yield from self._filled_blocks(adata, self._columns(genes))
        else:
            yield from self.expected_blocks(adata, genes)

    def expected_blocks(
        self, adata: AnnData, genes: Sequence[str] | None = None
    ) -> Iterator[np.ndarray]:
        """What `expected` gives, as consecutive blocks of rows, (block, n_genes)."""
        yield from self.expecting(adata)(genes)

    def expecting(self, adata: AnnData) -> Expecting:
        """What `expected_blocks` gives of one choice of genes after another, encoded once."""
        decode = self._decoder(adata, self._aligned_counts(adata))
        return lambda genes: decode(self._columns(genes))

    @abstractmethod
    def _decoder(self, adata: AnnData, counts: sp.csr_matrix) -> Decoder:
        """Encode all rows, and give what decodes columns of them."""

    @abstractmethod
    def _filled_blocks(self, adata: AnnData, columns: np.ndarray) -> Iterator[np.ndarray]:
        """What was counted, and at zeros that are likely technical another value."""
