"""Pick spots within a line that was drawn by hand, and what was picked in words."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ..connections import Connections
from ..data.graph import has_place, spatial_coordinates
from ..keys import COUNTS
from ..session.session import Session
from ..spatial.regions import How as How
from ..spatial.regions import Stroke
from .places import Places

Mask = NDArray[np.bool_]

HOW_HELP = "Shift adds to what is picked, Alt takes away, Esc clears, Ctrl+Z goes back."

_MOST_BACK = 50


def how_of(modifiers: Collection[str]) -> How:
    """What the keys that are held down ("Shift", "Alt") mean for a pick."""
    if "Shift" in modifiers:
        return "add"
    return "remove" if "Alt" in modifiers else "new"


def within(points: NDArray[np.floating], outline: NDArray[np.floating]) -> Mask:
    """Which points lie within an outline, (n,) bool.

    Parameters
    ----------
    points : (n, 2)
    outline : (m, 2), corners in order; the last is joined to the first
    """
    from matplotlib.path import Path

    inside = np.zeros(len(points), dtype=bool)
    if len(outline) < 3:
        return inside
    low, high = outline.min(axis=0), outline.max(axis=0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    inside[near] = Path(outline).contains_points(points[near])
    return inside


class Picks:
    """Changes who is picked in a session, and can take it back."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.kept: set[str] = set()
        """Columns that picks were kept in: these, and no others, may be written anew."""
        self._before: list[tuple[Mask | None, tuple[Stroke, ...]]] = []
        self.connections = Connections()
        self.connections.add(session.events.adata, self._forget)

    def pick_within(self, places: Places, outline: NDArray[np.floating], how: How = "new") -> None:
        """Pick the spots within a line on a canvas, (m, 2), y (down) and x.

        Where the canvas shows the tissue, the line is kept with the pick. Spots of sections that
        are not in sight stay as they are.
        """
        inside = within(places.points, outline)
        stroke = None if places.map_title else self._stroke(places, outline, inside, how)
        self.pick(inside, how, places.in_sight, stroke)

    def pick(
        self,
        mask: Mask,
        how: How = "new",
        in_sight: Mask | None = None,
        stroke: Stroke | None = None,
    ) -> None:
        """Pick these spots, (n_obs,) bool: alone, in addition, or no longer.

        Parameters
        ----------
        in_sight : the spots that could be picked, (n_obs,) bool: others stay as they are; None
            for all
        stroke : the line around them; None where there was none on the tissue
        """
        display = self.session.display
        now, strokes = display.picked, display.strokes
        is_first = how == "new" or now is None
        if how == "new" and in_sight is not None and now is not None and now[~in_sight].any():
            mask, is_first = mask | (now & ~in_sight), False
        if how == "remove":
            mask = np.zeros_like(mask) if now is None else now & ~mask
        elif how == "add" and now is not None:
            mask = now | mask
        if stroke is None or not (is_first or strokes):
            strokes = ()  # not all of it was drawn
        else:
            strokes = (stroke,) if is_first else (*strokes, stroke)
        self._change(mask if mask.any() else None, strokes)

    def clear(self) -> None:
        """Pick none."""
        self._change(None)

    @property
    def can_undo(self) -> bool:
        """Whether there is a pick to take back."""
        return bool(self._before)

    def undo(self) -> None:
        """Back to who was picked before the last change."""
        if self._before:
            self.session.display.pick(*self._before.pop())

    def _change(self, mask: Mask | None, strokes: tuple[Stroke, ...] = ()) -> None:
        display = self.session.display
        if self.session.adata is None or (mask is None and display.picked is None):
            return
        self._before = [*self._before[1 - _MOST_BACK :], (display.picked, display.strokes)]
        display.pick(mask, strokes)

    def _stroke(
        self, places: Places, outline: NDArray[np.floating], inside: Mask, how: How
    ) -> Stroke:
        """A line in the coordinates of the file, for each section of which spots lie within."""
        layout, drawn = self.session.contents.layout, places.points[:, ::-1]
        points, sections = spatial_coordinates(self.session.contents.required), layout.sections
        is_placed, outlines = has_place(points) & np.isfinite(drawn).all(axis=1), {}
        for code in np.unique(sections.codes[inside]):
            here = np.flatnonzero(is_placed & (sections.codes == code))
            axis = int(np.argmax(np.ptp(drawn[here], axis=0)))
            first, last = here[[drawn[here, axis].argmin(), drawn[here, axis].argmax()]]
            width = drawn[last, axis] - drawn[first, axis]
            unit = (points[last, axis] - points[first, axis]) / width if width else 1.0
            name = sections.names[code] if len(sections.names) > 1 else ""
            outlines[name] = points[first] + (outline[:, ::-1] - drawn[first]) * unit
        return Stroke(how, outlines, places.section)

    def _forget(self) -> None:
        self._before, self.kept = [], set()


def picked_in_words(session: Session) -> str:
    """How many are picked, and how the shown gene differs: "312 of 4,271 cells picked"."""
    mask = session.display.picked
    if mask is None or session.adata is None:
        return ""
    place = session.place
    text = f"{int(mask.sum()):,} of {len(mask):,} {place}s picked{_of_section(session, mask)}."
    if not session.display.gene or mask.all():
        return text
    counts = session.expression(source=COUNTS)
    inside, outside = float(counts[mask].mean()), float(counts[~mask].mean())
    gene = session.contents.gene_title(session.display.gene)
    return (
        f"{text} {gene}: {inside:.3g} molecules per {place} inside, "
        f"{outside:.3g} outside, "
        "as counted."
    )


def _of_section(session: Session, mask: Mask) -> str:
    """How many of the picked spots are of the section that is shown alone; "" where all are."""
    name = session.display.section
    if not name:
        return ""
    sections = session.contents.layout.sections
    n_here = int(mask[sections.codes == sections.names.index(name)].sum())
    return f", {n_here:,} of them in {name}"
