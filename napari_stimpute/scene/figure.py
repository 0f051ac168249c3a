"""Figures of a gene, and of two halves of it, in a file: whole or not at all."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..keys import COUNTS, LOG
from ..plots import Tissue, gene_maps, wipe_map
from .places import tissue_places
from .shown import drawable_source

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from .scene import Scene


_LETTERS, _LINE = 15, 0.15  # letters of a caption per inch, and inches of a line of it


@dataclass(frozen=True, eq=False)
class GeneFigure:
    """A gene as counted and as imputed, on one scale, with what may be believed of it."""

    section: Tissue
    maps: dict[str, NDArray[np.float32]]
    limits: tuple[float, float]
    title: str
    caption: str

    def draw(self) -> Figure:
        """The figure, with its caption below the maps."""
        figure = gene_maps(self.section, self.maps, limits=self.limits, title=self.title)
        width, height = figure.get_size_inches()
        lines = textwrap.wrap(self.caption, int(width * _LETTERS))
        if lines:
            figure.set_size_inches(width, height + _LINE * (len(lines) + 1))
            figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=8)
        return figure


def gene_figure(scene: Scene) -> GeneFigure:
    """Gather what a figure of the shown gene needs, from the thread that owns the session.

    Raises
    ------
    InputError : no data, or neither coordinates nor a map to draw on
    """
    session, contents = scene.session, scene.session.contents
    gene, source = session.display.gene, session.display.source
    key = source if source in contents.runs else next(reversed(contents.runs), "")
    if key and not contents.has(gene, key):
        key = ""
    maps = {"Counted": session.expression(gene, COUNTS)}
    called = contents.gene_title(gene)
    title, caption = called, "Not imputed: molecules as counted."
    if key:
        maps["Imputed"] = session.expression(gene, key)
        badge, run = scene.aspects.badge(key), contents.record(key).title
        title = f"{called} · {run}" + (f" · {badge.verdict}" if badge is not None else "")
        caption = "The imputed values were not judged on hidden molecules."
        if badge is not None:
            caption = f"{badge.sentence} Imputed: {badge.blend or 'the model alone'}."
    low, high = session.display.percentiles
    limits = session.limits(gene, COUNTS, low=low, high=high)
    places = scene.places or tissue_places(session)
    return GeneFigure(places.tissue(session), maps, limits, title, caption)


def maps_figure(scene: Scene) -> Figure:
    """Draw the shown gene as counted, and beside it what a chosen run says: on one scale.

    Raises
    ------
    InputError : no data, or neither coordinates nor a map to draw on
    """
    session, contents = scene.session, scene.session.contents
    display, places = session.display, scene.places or tissue_places(session)
    source = drawable_source(session, display.source)
    drawn = (COUNTS, source) if source in contents.runs else (source,)
    low, high = display.percentiles
    return gene_maps(
        places.tissue(session),
        {contents.source(name).title: session.expression(source=name) for name in drawn},
        limits=session.limits(source=source, low=low, high=high),
        title=contents.gene_title(display.gene),
        unit="log" if source == LOG else f"counts per {session.place}",
    )


def pair_figure(scene: Scene, divider: float, badge: str = "") -> Figure:
    """Draw the two halves of the shown gene with their names, on the scale of the canvas.

    Parameters
    ----------
    divider : x between them, in the unit of the scene's places
    badge : what may be believed of the gene, written small beside its name; "" for what is known

    Raises
    ------
    InputError : no data, or neither coordinates nor a map to draw on
    """
    session, pair = scene.session, scene.pair
    (left, right), (left_name, right_name) = pair.halves(), pair.names()
    places = scene.places or tissue_places(session)
    return wipe_map(
        places.tissue(session),
        (left_name, left.values),
        (right_name, right.values),
        divider / places.per_unit,
        limits=left.limits,
        title=session.contents.gene_title(session.display.gene),
        badge=badge or pair.badges(),
        colors=session.display.colormap,
    )
