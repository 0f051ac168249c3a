"""The layer of imputed values that a run writes: made by blocks of rows, and never held if large.

The first time over all rows, the model's prediction is blended. Where that is done, or where only
zeros are to be filled, a second time brings each gene to its total, and fills.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from itertools import tee
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..config import WithThreshold
from ..data.blocks import aligned, kept_or_filled
from ..data.counts import row_blocks
from ..data.scratch import Scratch
from ..models.protocols import FillsByMode, FillsZeros, Imputes, IsBlend, expected_blocks
from ..models.simple.parts import restoring
from ..progress import Progress
from ..words import percent
from .judgement import Judgement
from .zeros import DEFAULT_THRESHOLD, zero_filling

if TYPE_CHECKING:
    from anndata import AnnData

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Layer:
    """Imputed values of a run.

    Attributes
    ----------
    values : (n_obs, n_vars), molecules at each spot's own depth: expected counts, or where zeros
        alone are filled what was counted, and expected counts at zeros that are likely technical
    probability : (n_obs, n_vars), how likely each filled zero is technical, nothing stored
        elsewhere; None if zeros are not filled, or the model has no say in it
    share_filled : of the zeros; None if zeros are not filled
    """

    values: Array
    probability: sp.csr_matrix | None = None
    share_filled: float | None = None


def layer_steps(
    model: Imputes,
    adata: AnnData,
    counts: sp.csr_matrix,
    judgement: Judgement | None,
    progress: Progress,
) -> Generator[Progress, None, Layer]:
    """Make the layer, block by block.

    Parameters
    ----------
    adata : what the model is applied to
    counts : (n_obs, n_vars), its counts
    judgement : what the blend was weighed by; None for the model's own values
    progress : the step that is reported, with the share that is done

    Raises
    ------
    NotWritable : there is no room for it
    """
    yield progress
    made, total = Scratch(counts.shape), np.zeros(counts.shape[1])
    for rows, block in _first(model, adata, counts, judgement):
        made[rows] = block
        total += block.sum(axis=0, dtype=np.float64)
        yield replace(progress, message=f"Imputing: {percent(rows.stop / counts.shape[0])}")
    fills = isinstance(model, FillsByMode) and model.config.mode == "fill"
    is_blended = judgement is not None and judgement.blend is not None
    scale = restoring(counts, total) if is_blended or isinstance(model, IsBlend) else None
    if scale is None and not fills:
        return Layer(made.whole())
    filling = _filling(model, adata, counts, judgement) if fills else _as_it_is
    n_filled, probabilities = -counts.nnz, list[sp.csr_matrix]()
    for rows in row_blocks(counts.shape):
        block = made[rows] if scale is None else made[rows] * scale
        block, probability = filling(rows, block)
        made[rows] = block
        n_filled += int(np.count_nonzero(block))
        probabilities += [] if probability is None else [probability]
        yield progress
    if not fills:
        return Layer(made.whole())
    values = made.whole()
    likely = sp.csr_matrix(sp.vstack(probabilities)) if probabilities else None
    return Layer(values, likely, n_filled / max(1, values.size - counts.nnz))


def _first(
    model: Imputes, adata: AnnData, counts: sp.csr_matrix, judgement: Judgement | None
) -> Iterator[tuple[slice, Array]]:
    """Blocks of the values, of a blend before each gene's total is restored."""
    if isinstance(model, IsBlend):
        return model.unscaled_blocks(adata)
    if judgement is None:
        return aligned(model.imputed_blocks(adata), counts.shape)
    return judgement.finish(expected_blocks(model, adata), counts)


Filling = Callable[[slice, Array], tuple[Array, sp.csr_matrix | None]]
"""From rows, and expected counts there (block, n_vars), which are overwritten: what is kept or
filled, and how likely each filled zero is technical, if the model says so."""


def _as_it_is(_rows: slice, block: Array) -> tuple[Array, None]:
    return block, None


def _filling(
    model: Imputes, adata: AnnData, counts: sp.csr_matrix, judgement: Judgement | None
) -> Filling:
    """What fills zeros; to be asked for one block of `row_blocks` after the other."""
    if not isinstance(model, FillsZeros):
        if judgement is None:  # the model has filled them
            return _as_it_is
        config = getattr(model, "config", None)
        least = config.fill_threshold if isinstance(config, WithThreshold) else DEFAULT_THRESHOLD
        by_counts = zero_filling(counts, judgement.zeros, least)
        return lambda rows, block: (by_counts(rows, block), None)
    first, second = tee(model.fill_blocks(adata))
    fills = aligned((fill for fill, _ in first), counts.shape)
    likely = aligned((probability for _, probability in second), counts.shape)

    def filled(rows: slice, block: Array) -> tuple[Array, sp.csr_matrix]:
        (_, fill), (_, probability) = next(fills), next(likely)
        if judgement is not None:
            block = kept_or_filled(block, counts[rows], fill)
        is_filled = (block > 0) & (counts[rows].toarray() == 0)
        return block, sp.csr_matrix(np.where(is_filled, probability, np.float32(0)))

    return filled
