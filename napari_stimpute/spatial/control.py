"""Which genes vary over the tissue, before and after imputing, judged by data without patterns.

Any imputer makes neighbours more alike, so a larger Moran's I proves nothing. Two controls set the
limit above which a gene is called spatial, each by the same pipeline as the result itself:

- *permuted tissue*: spots put in one another's places. What is then spatial, the imputer made from
  the places alone. A second permutation, which the limit has not seen, tells how often that fails.
- *genes without a pattern*: a tenth of the genes, their molecules dealt anew over the spots, among
  genes that stay as they are. What is then spatial was borrowed from other genes, which permuted
  tissue cannot show: there, no gene has a pattern to lend. Half of these genes set the limit, the
  other half test it. (With all genes dealt anew there would be nothing to borrow either.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from .. import keys
from ..data.counts import counts_of
from ..data.graph import Points, spatial_coordinates
from ..data.holdout import with_counts
from ..errors import TooSmall
from ..progress import Progress
from .moran import Autocorrelation, Numbers, Values, autocorrelation, neighbour_weights
from .permuted import permuted_coordinates, without_pattern
from .result import NOMINAL, Judged, Share, SpatialResult

if TYPE_CHECKING:
    from anndata import AnnData

Impute = Callable[["AnnData", int], Generator[Progress, None, NDArray[np.floating]]]
"""Trains on counts in X and coordinates with a seed; returns expected counts (n_obs, n_vars)."""

N_REPEATS = 3
"""How often the pipeline runs: two permuted tissues, and one with genes without a pattern."""

_MARGIN = 1.645 * 2**0.5
"""Standard errors by which that limit is raised: 19 of 20 other permutations stay below."""

_FEWEST_SPOTS, _FEWEST_GENES = 20, 10
_SHUFFLED_SHARE, _FEWEST_SHUFFLED = 0.1, 40


class SpatialControl:
    """Moran's I before and after imputing, with the pipeline repeated on data without patterns.

    Of each repeat only sums per gene are kept. A stop (`StopEarly`) ends it without a result: a
    limit that was not tested says nothing.

    Parameters
    ----------
    adata : counts of the modelled genes in X, coordinates in obsm; never changed
    imputed : (n_obs, n_vars), expected counts that the pipeline gave on these data
    impute : the same pipeline, for other data
    seed : of the permutations and of every repeat
    sections : (n_obs,) names or codes of tissue sections; None for one

    Raises
    ------
    MissingKey, BadCoordinates : no usable coordinates
    TooSmall : fewer than 20 spots or 10 genes
    """

    def __init__(
        self,
        adata: AnnData,
        imputed: NDArray[np.floating],
        impute: Impute,
        *,
        seed: int = 0,
        sections: ArrayLike | None = None,
    ) -> None:
        self.coords = spatial_coordinates(adata)
        if adata.n_obs < _FEWEST_SPOTS or adata.n_vars < _FEWEST_GENES:
            raise TooSmall(
                expected=f"at least {_FEWEST_SPOTS} spots and {_FEWEST_GENES} genes",
                found=f"{adata.n_obs:,} × {adata.n_vars:,}",
                remedy="From so few, chance cannot be told from pattern; model more genes.",
            )
        codes = np.zeros(adata.n_obs) if sections is None else np.asarray(sections)
        self.sections = np.asarray(pd.factorize(codes)[0], dtype=np.intp)
        self.adata, self.imputed, self.impute, self.seed = adata, imputed, impute, seed

    def steps(self) -> Generator[Progress, None, SpatialResult]:
        """Run the pipeline three times, and return what that found."""
        yield Progress("control", 0, 1, message="Measuring Moran's I")
        counts, generator = counts_of(self.adata, "X"), np.random.default_rng(self.seed)
        shuffled = _shuffled_genes(counts, generator)
        repeats = (
            ("spots in other places", counts, self._permuted(generator)),
            ("spots in other places again", counts, self._permuted(generator)),
            ("genes shuffled", without_pattern(counts, shuffled, generator), self.coords),
        )
        raw = [self._measure(counts, self.coords)]
        imputed = [self._measure(self.imputed, self.coords)]
        done = 0
        for k, (title, data, coords) in enumerate(repeats):
            name = f"Repeat {k + 1} of {N_REPEATS}, {title}"
            given = with_counts(self.adata, data)
            given.obsm[keys.SPATIAL] = coords
            steps = self.impute(given, self.seed)
            values, done = yield from _reported(steps, name, done, N_REPEATS - k)
            raw.append(self._measure(data, coords))
            imputed.append(self._measure(values, coords))
            del values  # as large as the data, and the next training needs the room
        yield Progress("control", done, done, message="Comparing")
        genes = tuple(str(gene) for gene in self.adata.var_names)
        return SpatialResult(genes, _judged(raw, shuffled), _judged(imputed, shuffled))

    def _permuted(self, generator: np.random.Generator) -> Points:
        return permuted_coordinates(self.coords, self.sections, generator)

    def _measure(self, values: Values, coords: Points) -> Autocorrelation:
        return autocorrelation(values, coords, neighbour_weights(coords, self.sections))


def _reported(
    steps: Generator[Progress, None, NDArray[np.floating]], name: str, done: int, n_left: int
) -> Generator[Progress, None, tuple[NDArray[np.floating], int]]:
    """Pass steps on under a name; a stop is not passed on, or half a training would be judged.

    Returns
    -------
    what the steps return, and how many steps are behind
    """
    n_steps = 0
    with closing(steps):
        while True:
            try:
                p = next(steps)
            except StopIteration as end:
                return end.value, done + n_steps
            n_steps = p.n_steps
            total = done + n_steps * n_left
            yield Progress("control", done + p.step, total, message=f"{name}: {p.title}")


def _judged(measured: list[Autocorrelation], shuffled: NDArray[np.intp]) -> Judged:
    """`measured`: as it is, on two permuted tissues, and with genes shuffled."""
    real, one, other, changed = measured
    setting, testing = changed.of(shuffled[::2]), changed.of(shuffled[1::2])
    limit_permuted = _limit_of_tissue(one)
    limit_shuffled = _limit_of_genes(setting.morans_i)
    limit = max(limit_permuted, limit_shuffled)
    return Judged(
        morans_i=real.morans_i,
        limit_permuted=limit_permuted,
        limit_shuffled=limit_shuffled,
        false_permuted=_share_above(other, limit, len(real.morans_i)),
        # half as many: the limit comes from equally few genes, and is as uncertain
        false_shuffled=_share_above(testing, limit, len(testing.morans_i) / 2),
        borrowed=float(np.mean(changed.of(shuffled).morans_i > limit_permuted)),
    )


def _limit_of_tissue(permuted: Autocorrelation) -> float:
    """What 95 % of genes stay below on one permuted tissue, raised to hold for others as well."""

    def quantile(values: Numbers) -> float:
        return float(np.quantile(values, 1 - NOMINAL))

    return max(0.0, quantile(permuted.morans_i) + _MARGIN * permuted.error(quantile))


def _limit_of_genes(shuffled: Numbers) -> float:
    """What another gene without a pattern stays below with a chance of 95 % (conformal quantile).

    On the same tissue, beside the same genes, so that chance in the tissue needs no margin. Of
    fewer than 19 genes it is the largest value.
    """
    n = len(shuffled)
    rank = min(n, math.ceil((n + 1) * (1 - NOMINAL)))
    return max(0.0, float(np.sort(shuffled)[rank - 1]))


def _share_above(without: Autocorrelation, limit: float, n_independent: float) -> Share:
    """Share of genes above a limit; its error is at least that of so many independent genes."""

    def share(values: Numbers) -> float:
        return float(np.mean(values > limit))

    value = share(without.morans_i)
    independent = float(np.sqrt(value * (1 - value) / n_independent))
    return Share(value, max(without.error(share), independent))


def _shuffled_genes(counts: sp.csr_matrix, generator: np.random.Generator) -> NDArray[np.intp]:
    """A tenth of the genes that have molecules, at least 40, at most half of them."""
    seen = np.flatnonzero(np.asarray(counts.sum(axis=0)).ravel() > 0)
    n = max(_FEWEST_SHUFFLED, round(_SHUFFLED_SHARE * len(seen)))
    return generator.permutation(seen)[: max(2, min(n, len(seen) // 2))]
