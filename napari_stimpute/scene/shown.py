"""What is drawn of a gene or an obs column: values on a colour bar, or labels with a palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .colours import (
    Colours,
    colours_of_categories,
    colours_of_values,
    opacity_of,
    unpicked,
)

if TYPE_CHECKING:
    from ..session.session import Session


@dataclass(frozen=True, eq=False)
class Values:
    """A gene: one value per spot, (n_obs,), and how it is coloured."""

    values: NDArray[np.float32]
    limits: tuple[float, float]
    colormap: str
    title: str
    """Gene and source, for people."""
    unit: str = ""
    headline: str = ""
    """What the canvas says above the map; "" for the caption."""
    certainty: NDArray[np.float32] | None = None
    """How sure each value is, (n_obs,), 0–1: less sure is drawn more faintly; None for all sure."""
    picked: NDArray[np.bool_] | None = None
    """Who was picked by hand, (n_obs,): the others are drawn faintly; None where nobody was."""

    @property
    def n_missing(self) -> int:
        """Spots without a number: they are grey."""
        return int((~np.isfinite(self.values)).sum())

    @property
    def caption(self) -> str:
        """Gene, source and unit (unless the source says it already)."""
        has_unit = not self.unit or self.unit.lower() in self.title.lower()
        return self.title if has_unit else f"{self.title}, {self.unit}"


@dataclass(frozen=True, eq=False)
class Categories:
    """A column of labels: one code per spot (−1 for none), names and colours (hex)."""

    codes: NDArray[np.int_]
    names: list[str]
    palette: list[str]
    title: str
    headline: str = ""
    """What the canvas says above the map; "" for the caption."""
    picked: NDArray[np.bool_] | None = None
    """Who was picked by hand, as for values."""

    @property
    def caption(self) -> str:
        """Name of the column."""
        return self.title


Shown = Values | Categories


def holds_numbers(session: Session, column: str) -> bool:
    """Whether an obs column is drawn on a colour bar; labels otherwise."""
    return session.adata is not None and session.adata.obs[column].dtype.kind in "iuf"


def column_shown(session: Session, colormap: str, percentiles: tuple[float, float]) -> Shown:
    """What to draw of the session's column."""
    column = session.display.column
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


def colours_of(shown: Shown) -> Colours:
    """Colour of each spot, (n_obs, 4), 0–1: on the tissue and on every other map."""
    if isinstance(shown, Values):
        colours = colours_of_values(shown.values, shown.limits, shown.colormap)
        if shown.certainty is not None:
            colours[:, 3] = opacity_of(shown.certainty)
    else:
        colours = colours_of_categories(shown.codes, shown.palette)
    if shown.picked is not None:
        others = ~shown.picked
        colours[others] = unpicked(colours[others])
    return colours
