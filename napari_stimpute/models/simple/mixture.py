"""Mixture: the simple predictions alone, blended by weights that hidden molecules decide.

No paper: every part is a baseline (`models.simple.parts`), and the weights come from molecular
cross-validation (`models.simple.blend`). It trains no network, needs no GPU, and on most data is
hard to beat: a deep model deserves its time only where it adds to this. Coordinates are used if
there are some. Gives expected counts, no embedding.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import scipy.sparse as sp
import torch

from ... import keys
from ...background import in_steps
from ...data.counts import row_blocks
from ...data.graph import spatial_coordinates, spatial_graph
from ...data.holdout import thin
from ...data.sections import section_codes
from ...errors import InputError
from ...progress import Progress
from ..base import Model
from .blend import apply_blend, blend_blocks, fit_blend
from .parts import TISSUE, Parts
from .sample import judged_rows
from .weights import Blend

if TYPE_CHECKING:
    from anndata import AnnData

N_NEIGHBOURS = 6
"""Of a spot in the tissue."""

FEWEST = 30
"""Hidden molecules, of all genes together, below which next to nothing can be decided."""


class Mixture(Model):
    """Own count, gene mean, neighbours in expression and tissue, and components, blended.

    Of more than 50,000 spots, the weights are found on as many, drawn at random.
    """

    name: ClassVar[str] = "mixture"
    blend_: Blend

    def check(self, adata: AnnData) -> None:
        """As for every model; a section column has to be there."""
        super().check(adata)
        section_codes(adata, self.config.section_key)

    def _learn(
        self, adata: AnnData, counts: sp.csr_matrix, names: list[str]
    ) -> Generator[Progress, None, None]:
        kept, hidden = thin(counts, self.config.hidden_share, self.seed_)
        making = Progress("prepare", 0, 3, message="Making simple predictions")
        graph, at = self._graph(adata), judged_rows(adata.n_obs, self.seed_)
        parts = yield from in_steps(making, partial(Parts.of, kept, graph, self.seed_, at))
        hidden = hidden if at is None else hidden[at]
        self.blend_, self.var_names_ = Blend.even(parts.titles, len(names)), names
        weighing = Progress("parts", 1, 3, message="Weighing simple methods on hidden molecules")
        yield weighing
        self.blend_ = yield from in_steps(weighing, partial(fit_blend, parts, hidden))
        if hidden.sum() < FEWEST:
            self.notes_.append(
                f"Only {hidden.sum():.0f} molecules to weigh by: almost equal weights."
            )
        self.notes_.append(f"Blend, mean over genes: {describe(self.blend_)}.")
        yield Progress("done", 3, 3, {"genes": float(len(names))})

    def impute(self, adata: AnnData, genes: Sequence[str] | None = None) -> np.ndarray:
        """Expected counts at each spot's own depth, (n_obs, n_genes) float32."""
        return self.blended(self.parts(adata))[:, self._columns(genes)]

    def imputed_blocks(
        self, adata: AnnData, genes: Sequence[str] | None = None
    ) -> Iterator[np.ndarray]:
        """What `impute` gives, as consecutive blocks of spots."""
        whole = self.impute(adata, genes)
        yield from (whole[rows] for rows in row_blocks(whole.shape))

    def parts(self, adata: AnnData) -> Parts:
        """Simple predictions of the fitted genes."""
        return Parts.of(self._aligned_counts(adata), self._graph(adata), self.seed_)

    def blended(self, parts: Parts) -> np.ndarray:
        """Expected counts (n_rows, n_vars) from parts of the fitted genes that are there."""
        return apply_blend(parts, self.blend_)

    def unscaled_blocks(self, adata: AnnData) -> Iterator[tuple[slice, np.ndarray]]:
        """What `impute` gives before each gene's total is restored, by blocks of spots."""
        yield from blend_blocks(self.parts(adata), self.blend_)

    def _graph(self, adata: AnnData) -> sp.csr_matrix | None:
        graph = tissue_graph(adata, self.config.section_key)
        if self.is_fitted and graph is None and TISSUE in self.blend_.titles:
            raise InputError(
                expected="coordinates in obsm['spatial'], as the mixture was fitted with",
                found="none that can be used",
                remedy="Add them, or fit the mixture again.",
            )
        return graph

    def _state(self) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(array) for name, array in self.blend_.arrays().items()}

    def _restore(self, state: dict[str, torch.Tensor]) -> None:
        self.blend_ = Blend.of_arrays({name: tensor.numpy() for name, tensor in state.items()})


def tissue_graph(adata: AnnData, section_key: str = "") -> sp.csr_matrix | None:
    """Neighbours in the tissue, (n_obs, n_obs) 0/1; None without usable coordinates."""
    if keys.SPATIAL not in adata.obsm:
        return None
    try:
        places = spatial_coordinates(adata)
    except InputError:  # the data card says what is wrong with them
        return None
    codes = section_codes(adata, section_key)
    return spatial_graph(places, n_neighbours=N_NEIGHBOURS, sections=codes)


def describe(blend: Blend, most: int = 4) -> str:
    """Say the weights in words, the largest first: "62 % GMM-VGAE, 20 % own count"."""
    mean = blend.weights.mean(axis=0)
    order = [int(k) for k in np.argsort(-mean) if mean[k] >= 0.01]
    named = [f"{100 * mean[k]:.0f} % {blend.titles[k]}" for k in order[:most]]
    return ", ".join(named) + (" and others" if len(order) > most else "")
