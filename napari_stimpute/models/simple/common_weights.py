"""Weights of a mixture of predictions that all genes share: those that hidden molecules want."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Wide = NDArray[np.float64]

_EVEN_PRIOR, _EVEN_SHARE = 10.0, 3e-4
"""Hidden molecules added for each part, so that no part is dropped by chance: this share of all,
but at least one and at most ten."""


def common_weights(values: Array, hidden: Wide) -> Wide:
    """The mixture of `values` (entries, K) that makes `hidden` (entries,) molecules likeliest."""
    from scipy.optimize import Bounds, LinearConstraint, minimize

    n_parts = values.shape[1]
    even = min(_EVEN_PRIOR, max(1.0, _EVEN_SHARE * float(hidden.sum())))
    total = hidden.sum() + n_parts * even
    wide = np.array(values, dtype=np.float64, order="C")  # once, not at each step
    by_part = np.ascontiguousarray(wide.T)

    def loss(w: Wide) -> float:
        likelihood = hidden @ np.log(wide @ w) + even * np.log(w).sum()
        return float(-likelihood / total)

    def slope(w: Wide) -> Wide:
        each: Wide = -(by_part @ (hidden / (wide @ w)) + even / w) / total
        return each

    whole = LinearConstraint(np.ones((1, n_parts)), 1.0, 1.0)
    found = minimize(
        loss,
        np.full(n_parts, 1 / n_parts),
        jac=slope,
        method="SLSQP",
        bounds=Bounds(np.full(n_parts, 1e-6), np.ones(n_parts)),
        constraints=whole,
        options={"maxiter": 200, "ftol": 1e-10},
    )
    weights = np.clip(found.x, 0, None)
    return np.asarray(weights / weights.sum(), dtype=np.float64)
