"""How many molecules a second measurement shows, by what was counted and what was expected.

A blend weighs own counts by a curve with one parameter per gene. Real data bend differently: a
single molecule often says less, and many say more, than such a curve has it. So the ratio of hidden
to predicted molecules is taken where the own count and the expected count are about the same, over
all genes together, and predictions are multiplied by it (empirical Bayes without a prior's shape;
Robbins 1956). Where few molecules were hidden, the factor stays near 1.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Wide = NDArray[np.float64]

_COUNTS = np.array([1, 2, 3, 4, 6, 9, 14, 22], dtype=np.float32)
_EXPECTED = np.geomspace(0.01, 100, 17).astype(np.float32)
SHAPE = (len(_COUNTS) + 1, len(_EXPECTED) + 1)

_PRIOR = 100.0
"""Hidden molecules that a factor of 1 counts for in each cell of the table."""


def no_response() -> Array:
    """Factors that change nothing, of `SHAPE`."""
    return np.ones(SHAPE, dtype=np.float32)


def cell_of(own: Array, expected: Array) -> NDArray[np.intp]:
    """Place in the flattened table for own and expected counts of one shape."""
    row = np.searchsorted(_COUNTS, own, side="right")
    return np.asarray(row * SHAPE[1] + np.searchsorted(_EXPECTED, expected), dtype=np.intp)


def response(
    cells: NDArray[np.intp], hidden: Wide, predicted: Iterable[tuple[Array, NDArray[np.intp]]]
) -> Array:
    """Factors on predictions, of `SHAPE`.

    Parameters
    ----------
    cells : (n,), place in the table of each entry with hidden molecules
    hidden : (n,), how many
    predicted : block by block, the count predicted for every entry, and its place in the table
    """
    n = SHAPE[0] * SHAPE[1]
    expected = np.zeros(n)
    for block, places in predicted:
        expected += np.bincount(places.ravel(), block.ravel(), minlength=n)
    found = np.bincount(cells, hidden, minlength=n)
    expected *= found.sum() / max(expected.sum(), 1e-9)
    factors = (found + _PRIOR) / (expected + _PRIOR)
    return np.asarray(factors.reshape(SHAPE), dtype=np.float32)
