"""Cells that a model never sees, so that what it generates can be held against them."""

from __future__ import annotations

import numpy as np

FEWEST = 40
"""Cells kept apart below which nothing could be told, so that none are."""

_MOST, _ENOUGH, _LARGEST_SHARE = 3000, 200, 0.3
_FEWEST_LEARNED = 2


def n_apart(n_obs: int, share: float) -> int:
    """How many of the cells are kept apart: the share, but at least 200 if these are few of them.

    Never more than 30 %, nor more than 3,000; none where that would be fewer than 40.

    Parameters
    ----------
    n_obs : cells
    share : as wished; 0 keeps none
    """
    if share == 0:
        return 0
    at_least = min(_ENOUGH, int(_LARGEST_SHARE * n_obs))
    found = min(_MOST, max(round(share * n_obs), at_least))
    return found if found >= FEWEST else 0


def apart(n_obs: int, n: int, labels: np.ndarray, seed: int) -> np.ndarray:
    """Which cells are kept apart, (n_obs,) bool: random ones, but none of a label that would miss.

    Parameters
    ----------
    n : how many
    labels : (n_obs, n_labels), codes; −1 for none
    seed : of the drawing
    """
    found = np.zeros(n_obs, dtype=bool)
    found[np.random.default_rng(seed).permutation(n_obs)[:n]] = True
    for column in labels.T:
        for code in np.unique(column[found]):
            here = column == code
            if code >= 0 and np.count_nonzero(here & ~found) < _FEWEST_LEARNED:
                found[here] = False
    return found
