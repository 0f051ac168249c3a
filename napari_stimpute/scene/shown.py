"""An obs column as colours: labels with their palette, numbers on the colour bar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..plugin.canvas.spots import Categories, Shown, Values
from ..session.session import Session


def holds_numbers(session: Session, column: str) -> bool:
    """Whether an obs column is drawn on a colour bar; labels otherwise."""
    return session.adata is not None and session.adata.obs[column].dtype.kind in "iuf"


def column_shown(session: Session, colormap: str, percentiles: tuple[float, float]) -> Shown:
    """What to draw of the session's column."""
    column = session.column
    if holds_numbers(session, column):
        values = session.numbers()
        return Values(values, limits_of_numbers(values, percentiles), colormap, column)
    codes, names, palette = session.labels()
    return Categories(codes, names, palette, column)


def limits_of_numbers(
    values: NDArray[np.float32], percentiles: tuple[float, float]
) -> tuple[float, float]:
    """Colour limits by percentile over the spots that have a number; never of zero width.

    The lowest number is the lower end at a percentile of 0: it need not be 0, as with counts.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return (0.0, 1.0)
    bottom, top = (float(x) for x in np.percentile(known, percentiles))
    if top <= bottom:
        bottom, top = float(known.min()), float(known.max())
    return (bottom, top) if top > bottom else (bottom, bottom + 1.0)
