"""How many molecules a second measurement shows, by what was counted and what was expected.

A blend weighs own counts by a curve with one parameter per gene. Real data bend differently: a
single molecule often says less, and many say more, than such a curve has it. So the ratio of hidden
to predicted molecules is taken where the own count and the expected count are about the same, over
all genes together, and predictions are multiplied by it (empirical Bayes without a prior's shape;
Robbins 1956). Where few molecules were hidden, the factor stays near 1.
"""

from __future__ import annotations

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


def cell_of(own: Array, expected: Array) -> NDArray[np.uint8]:
    """Place in the flattened table for own and expected counts of one shape."""
    place = np.zeros(own.shape, dtype=np.uint8)
    for count in _COUNTS:
        place += own >= count
    place *= SHAPE[1]
    for count in _EXPECTED:  # comparing with each is quicker than a search
        place += expected > count
    return place


def tallied(places: NDArray[np.uint8], values: NDArray[np.floating]) -> Wide:
    """Sum of values by their place in the flattened table."""
    table = np.bincount(places.ravel(), values.ravel(), minlength=SHAPE[0] * SHAPE[1])
    return np.asarray(table, dtype=np.float64)


def response(hidden: Wide, predicted: Wide) -> Array:
    """Factors on predictions, of `SHAPE`.

    Parameters
    ----------
    hidden, predicted : molecules by place in the table, as `tallied` from all entries
    """
    expected = predicted * (hidden.sum() / max(predicted.sum(), 1e-9))
    factors = (hidden + _PRIOR) / (expected + _PRIOR)
    return np.asarray(factors.reshape(SHAPE), dtype=np.float32)
