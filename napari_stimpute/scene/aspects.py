"""What the canvas shows of an imputed gene: expected counts, how sure they are, or its zeros."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from ..session.edited import EDITED
from ..session.session import Session
from ..trust.intervals import calibration_of, certainty, interval
from ..trust.verdict import Badge, badge
from ..trust.zeros import ZeroMap, zero_map
from ..words import percent
from .computing import Computing
from .shown import Categories, Shown, Values

if TYPE_CHECKING:
    pass

__all__ = ["ZERO_COLOURS", "ZERO_NAMES", "Aspects", "Badge"]

T = TypeVar("T")
Interval = tuple[NDArray[np.float32], NDArray[np.float32]]

ZERO_NAMES = (
    "Molecule counted",
    "Likely technical zero",
    "Likely biological zero",
    "Unsure",
)
ZERO_COLOURS = ("#009e73", "#d55e00", "#0072b2", "#8a8a8a")
"""Of Okabe and Ito: the colour-blind tell them apart; grey is for what is not known."""


class Aspects:
    """What is known of the shown gene in a judged run, and how it is shown.

    Intervals and zeros are computed when first asked for, and kept until another gene is shown or
    the data change.
    """

    def __init__(self, session: Session, computing: Computing) -> None:
        self.session, self.computing = session, computing
        self._about: tuple[object, str] | None = None
        self._known: dict[tuple[str, str], Any] = {}

    # ---- what is known -------------------------------------------------------------------------

    def run_shown(self) -> str:
        """Key of the run whose values of the gene are shown; "" for counts, labels or nothing."""
        session = self.session
        is_run = session.adata is not None and session.display.source in session.contents.runs
        is_shown = (
            is_run
            and not session.display.column
            and session.contents.has(session.display.gene, session.display.source)
        )
        return session.display.source if is_shown else ""

    def badge(self, key: str) -> Badge | None:
        """What the shown gene was judged in a run; None if it was not."""
        return self._once(badge, key)

    def interval(self, key: str) -> Interval | None:
        """Lower and upper end for a second measurement of the shown gene, (n_obs,) each."""
        return self._once(interval, key, self._values(key))

    def zeros(self, key: str) -> ZeroMap | None:
        """What the zeros of the shown gene may mean."""
        return self._once(zero_map, key, self._values(key))

    def why_not(self) -> str:
        """Why there is nothing but the values to show, in words; "" where there is more."""
        session = self.session
        if session.adata is None:
            return "Open data first."
        if session.contents.no_run:
            return session.contents.no_run
        if session.display.column:
            return "A column is shown: colour by the gene to see more of it."
        if session.display.source == EDITED:
            return "The change by an edit is shown: choose an imputed result above."
        if session.display.source not in session.contents.runs:
            return "Counts are shown: choose an imputed result above."
        if not session.contents.is_modelled(session.display.gene):
            gene = session.contents.gene_title(session.display.gene)
            return f"{gene} is not among the modelled genes: its counts are shown."
        if not session.contents.has(session.display.gene, session.display.source):
            return self.computing.said_of(session.display.gene, session.display.source)
        if calibration_of(session.adata, session.display.source) is None:
            return f"{_NOT_JUDGED} Train again to see how sure it is."
        return ""

    def why_no_badge(self) -> str:
        """Why the shown values of the gene have no verdict, in words."""
        return _NOT_JUDGED if self.run_shown() else self.why_not()

    def shares_in_words(self) -> str:
        """How many zeros of the shown gene are of which kind."""
        found = self.zeros(self.run_shown()) if self.run_shown() else None
        if found is None:
            return ""
        n_zeros, place = int(np.isfinite(found.probability).sum()), self.session.place
        if n_zeros == 0:
            gene = self.session.contents.gene_title(self.session.display.gene)
            return f"{gene} was counted in every {place}: no zero to explain."
        technical, biological, unsure = found.shares(self.session.display.threshold)
        return (
            f"Of {n_zeros:,} {place}s with zero: {percent(technical)} likely technical, "
            f"{percent(biological)} likely biological, {percent(unsure)} unsure."
        )

    # ---- how it is drawn -----------------------------------------------------------------------

    def seen(self, expected: Values, key: str) -> Shown:
        """What to draw in place of (or with) the expected counts of a run."""
        display, run = self.session.display, self.session.contents.source(key).short_title
        gene, known = self.session.contents.gene_title(display.gene), self.badge(key)
        verdict = "" if known is None else f" · {known.verdict}"
        if display.aspect == "zeros" and (found := self.zeros(key)) is not None:
            title = f"{gene} · Zero map: {run}"
            names, colours = list(ZERO_NAMES), list(ZERO_COLOURS)
            codes = found.classes(display.threshold).astype(int) + 1
            headline = f"{title}{verdict}"
            hidden = display.hidden.get("", frozenset())
            picked = expected.picked
            return Categories(codes, names, colours, title, headline, picked, hidden=hidden)
        is_width = display.aspect == "uncertainty"
        ends = self.interval(key) if is_width or display.fades else None
        if ends is not None and is_width:
            return _width(expected, ends, f"{gene} · Uncertainty: {run}", verdict)
        faded = None if ends is None else certainty(*ends)
        return replace(expected, headline=f"{gene} · {run}{verdict}", certainty=faded)

    def _values(self, key: str) -> NDArray[np.float32] | None:
        """Values of the shown gene by a run, where they are at hand."""
        gene, contents = self.session.display.gene, self.session.contents
        return contents.expression(gene, key) if contents.has(gene, key) else None

    def _once(self, find: Callable[..., T | None], key: str, *known: object) -> T | None:
        adata, gene = self.session.adata, self.session.display.gene
        if adata is None or not gene:
            return None
        about = (ref(self.session.contents), gene)
        if about != self._about:
            self._about, self._known = about, {}
        place = (find.__name__, key)
        if place not in self._known:
            self._known[place] = find(adata, key, gene, *known)
        found: T | None = self._known[place]
        return found


def _width(expected: Values, ends: Interval, title: str, verdict: str) -> Values:
    width = ends[1] - ends[0]
    colours = "magma" if expected.colormap != "magma" else "viridis"  # never taken for expression
    limits = (0.0, max(1.0, float(np.percentile(width, 99))))
    headline = f"{title}{verdict}"
    return Values(width, limits, colours, title, _WIDTH, headline, picked=expected.picked)


_WIDTH = "width in molecules"
_NOT_JUDGED = "This result was not judged on hidden molecules."
