"""What is drawn of a gene or an obs column: values on a colour bar, or labels with a palette."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..keys import COUNTS, HYPOTHESIS
from ..session.edited import EDITED, TITLE, UNIT, EditedChange
from ..session.session import Session
from .colours import (
    DIVERGING,
    Colours,
    Ground,
    colours_of_categories,
    colours_of_values,
    faded,
    opacity_of,
    unpicked,
)


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
    without: str = "no number"
    """What is said of a spot without a value."""
    is_pale: bool = False
    """Whether some colours are as pale as a tissue, so that spots with a value get an outline."""
    in_sight: NDArray[np.bool_] | None = None
    """Which spots are of the section that is shown alone, (n_obs,); None where all are."""

    @property
    def n_missing(self) -> int:
        """Spots without a number: they are grey."""
        missing = ~np.isfinite(self.values)
        return int((missing if self.in_sight is None else missing & self.in_sight).sum())

    @property
    def missing(self) -> str:
        """What is said of spots without a number; "" where all have one."""
        return f"grey: {self.without} ({self.n_missing:,})" if self.n_missing else ""

    @property
    def fades(self) -> bool:
        """Whether some spots are drawn faintly."""
        return self.certainty is not None or self.picked is not None

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Shares of the colour bar, from left to right, and the number at each."""
        bottom, top = self.limits
        return tuple((share, f"{bottom + share * (top - bottom):.3g}") for share in (0.0, 0.5, 1.0))

    @property
    def caption(self) -> str:
        """Gene, source and unit (unless the source says it already)."""
        has_unit = not self.unit or self.unit.lower() in self.title.lower()
        return self.title if has_unit else f"{self.title}, {self.unit}"

    def of_several(self, place: str) -> str:
        """What a pixel shows where several lie in it, each called so: "spot" or "cell"."""
        return f"mean of the {place}s in each pixel"


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
    of: str = ""
    """What tells the groups: a column of obs, or "" for something that has no column."""
    hidden: frozenset[str] = frozenset()
    """Names of groups that are not drawn."""
    in_sight: NDArray[np.bool_] | None = None
    """Which spots are of the section that is shown alone, as for values."""

    @cached_property
    def counts(self) -> list[int]:
        """Spots of each category: those of a section that is shown alone."""
        codes = self.codes if self.in_sight is None else self.codes[self.in_sight]
        found = np.bincount(codes[codes >= 0], minlength=len(self.names))
        return [int(n) for n in found]

    @property
    def is_hidden(self) -> NDArray[np.bool_]:
        """Which spots are not drawn, (n_obs,)."""
        hidden = np.array([*(name in self.hidden for name in self.names), False])
        return hidden[self.codes]  # −1, for no category, is the last

    @property
    def fades(self) -> bool:
        """Whether some spots are drawn faintly."""
        return self.picked is not None

    @property
    def caption(self) -> str:
        """Name of the column."""
        return self.title

    def of_several(self, place: str) -> str:
        """What a pixel shows where several lie in it, as for values."""
        return f"what most {place}s in each pixel are"


Shown = Values | Categories


@dataclass(frozen=True)
class Style:
    """How spots are drawn, whatever is shown of them.

    ``diameter`` is in the unit of their places, ``outline`` a share of it; what is unsure, or was
    not picked, fades into the ``ground``.
    """

    diameter: float
    outline: float = 0.0
    ground: Ground = None


def drawable_source(session: Session, source: str) -> str:
    """The source itself, or counts where it does not have the shown gene, or not yet."""
    contents, edited = session.contents, session.display.edited
    if source == EDITED and (edited is None or session.display.gene not in edited):
        return COUNTS
    if source in contents.runs and not contents.has(session.display.gene, source):
        return COUNTS
    return source


def gene_shown(session: Session, source: str) -> Values:
    """The shown gene by a source that has it, on the scale of all in its unit."""
    display = session.display
    low, high = display.percentiles
    described = session.contents.source(source)
    return Values(
        session.expression(source=source),
        session.limits(source=source, low=low, high=high),
        display.colormap,
        f"{session.contents.gene_title(display.gene)} · {described.title}",
        described.unit,
        picked=display.picked,
    )


def change_shown(session: Session, edited: EditedChange) -> Values:
    """How an edit changed the shown gene, which it has: more in red, less in blue."""
    display = session.display
    gene, values = display.gene, edited.values(display.gene)
    called = session.contents.gene_title(gene)
    sizes = np.abs(values[edited.rows])
    top = float(np.percentile(sizes, display.percentiles[1])) or float(sizes.max()) or 1.0
    verdict = edited.verdict(gene) or "not changed"
    return Values(
        values,
        (-top, top),
        DIVERGING,
        f"{called} · {TITLE}, {HYPOTHESIS}",
        UNIT,
        f"{called} · {TITLE} · {verdict}\n{edited.judged.edit.request.asked}, {HYPOTHESIS}",
        picked=display.picked,
        without="not edited",
        is_pale=True,
    )


def column_shown(session: Session) -> Shown:
    """The session's column, as numbers or as labels."""
    display = session.display
    column, picked = display.column, display.picked
    title = session.contents.column_title(column)
    if session.contents.holds_numbers(column):
        values = session.numbers()
        limits = limits_of_numbers(values, display.percentiles)
        return Values(values, limits, display.colormap, title, picked=picked)
    codes, names, palette = session.labels()
    hidden = display.hidden.get(column, frozenset())
    return Categories(codes, names, palette, title, picked=picked, of=column, hidden=hidden)


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


def colours_of(shown: Shown, ground: Ground = None) -> Colours:
    """Colour of each spot, (n_obs, 4), 0–1: on the tissue and on every other map.

    Parameters
    ----------
    ground : what is unsure, or not picked, fades into; None for what lies below, whatever it is
    """
    if isinstance(shown, Values):
        colours = colours_of_values(shown.values, shown.limits, shown.colormap)
        if shown.certainty is not None:
            colours = faded(colours, opacity_of(shown.certainty), ground)
    else:
        colours = colours_of_categories(shown.codes, shown.palette)
    if shown.picked is not None:
        others = ~shown.picked
        if isinstance(shown, Values):
            others &= np.isfinite(shown.values)  # what has no value is faint already
        colours[others] = unpicked(colours[others], ground)
    if isinstance(shown, Categories) and shown.hidden:
        colours[shown.is_hidden] = 0
    return colours
