"""Spots that simple methods are weighed by and genes judged on: all, or of very many a part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_JUDGED = 50_000
"""Spots or cells; more would say the same, and take longer."""

Rows = NDArray[np.intp]


def judged_rows(n_obs: int, seed: int) -> Rows | None:
    """Rows to weigh by and judge on, sorted, drawn at random; None for all, up to 50,000."""
    if n_obs <= MOST_JUDGED:
        return None
    drawn = np.random.default_rng(seed).choice(n_obs, MOST_JUDGED, replace=False)
    return np.sort(drawn).astype(np.intp)


def sample_in_words(n_obs: int, place: str, done: str) -> list[str]:
    """Say it where not all were looked at.

    Parameters
    ----------
    place : what a row is, "spot" or "cell"
    done : what was done on them, "Weighed and judged"
    """
    if n_obs <= MOST_JUDGED:
        return []
    return [f"{done} on {MOST_JUDGED:,} of {n_obs:,} {place}s, drawn at random."]
