"""One map of the spots in napari: points up to 50,000, one picture above, and of bins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...scene.colours import (
    as_rgba,
    faded_table,
    table,
    unpicked,
)
from ...scene.places import Places
from ...scene.shown import Categories, Shown, Style, Values, colours_of
from .inks import Commonest, Faded, Mean
from .raster import Level, Raster

if TYPE_CHECKING:
    from napari.layers import Layer

    from ...session.session import Session

MOST_POINTS = 50_000
"""Above it, recolouring and drawing napari points is no longer quick (measured)."""

MARK = "stimpute"
"""Place in a layer's metadata that says that the layer is ours, and what it shows."""

_BAR = {"size": (14, 150), "font_size": 8.0, "position": "bottom_right"}
"""How napari's colour bar is drawn on the canvas."""

_TITLE = "#767676"
"""Colour of a section's name: 4.5 of contrast on black and on white."""

_EDGE = "#202020"
"""Colour of an outline: the brightest colours stay visible on white."""


_PALE_EDGE = 0.08
"""Share of a pale spot that is its outline, so that it is seen on a tissue that is pale too."""


@dataclass(frozen=True, eq=False)
class Mark:
    """What a layer of ours says of itself, in its metadata."""

    adata: Any
    role: str
    """"image", "titles", "spots", "second", "divider" or "waiting"."""
    opened: Any = None
    """What a file reader read, for the session to adopt."""
    contents: Any = None
    """The look at it that the reader had, with places and counts worked out."""
    raster: Raster | None = None
    placed: NDArray[np.bool_] | None = None
    """Which spots have a place, (n_obs,), where each is a point of its own."""
    section: int = -1
    """Code of the section that an image is of."""


def mark_of(layer: Layer) -> Mark | None:
    """What a layer says of itself; None if it is not ours."""
    mark = layer.metadata.get(MARK)
    return mark if isinstance(mark, Mark) else None


def image_layers(session: Session, places: Places, opened: Any = None) -> list[Layer]:
    """The tissue images of all sections, laid under the spots; those in sight are visible."""
    from napari.layers import Image

    if places.layout is None:
        return []
    found = session.contents.layout
    named = zip(found.images, found.image_codes, image_names(session), strict=True)
    return [
        Image(
            image.levels if image.pyramid else image.pixels,
            rgb=True,
            multiscale=image.pyramid is not None,
            scale=np.full(2, places.per_unit / image.sharpest),
            translate=np.multiply(image.corner[::-1], places.per_unit),
            units=units_of(places),
            opacity=session.display.image_opacity,
            name=name,
            visible=places.shows(code),
            metadata={MARK: Mark(session.adata, "image", opened, section=code)},
        )
        for image, code, name in named
    ]


def image_names(session: Session) -> list[str]:
    """What the layers of the tissue images are called."""
    images = session.contents.layout.images
    of_several = [f"Tissue image, {image.name}" for image in images]
    return of_several if len(images) > 1 else ["Tissue image"] * len(images)


def titles_layers(session: Session, places: Places, opened: Any = None) -> list[Layer]:
    """The names of several sections, each above its own; none for a single section."""
    from napari.layers import Points

    layout = places.layout
    if layout is None or len(layout.sections.names) < 2:
        return []
    layer = Points(
        layout.corners[:, ::-1] * places.per_unit,
        features=_titles(places),
        text={"string": "{title}", "anchor": "upper_left", "size": 10, "color": _TITLE},
        face_color="transparent",
        border_width=0,
        size=places.diameter,
        units=units_of(places),
        name="Section names",
        metadata={MARK: Mark(session.adata, "titles", opened)},
    )
    layer.editable = False
    return [layer]


def _titles(places: Places) -> dict[str, list[str]]:
    """What stands above each section: its name, or nothing."""
    if places.layout is None:
        return {}
    titles = places.layout.titles
    return {"title": [titles.get(code, "") for code in range(len(places.layout.sections.names))]}


def show_section(layer: Layer, places: Places | None) -> None:
    """Let a layer of ours show the section that is shown alone, or all of them."""
    mark = mark_of(layer)
    if mark is None or places is None or places.layout is None:
        return
    if mark.role == "image":
        layer.visible = places.shows(mark.section)
    elif mark.role == "titles":
        layer.features = _titles(places)
    elif mark.placed is not None:
        points, is_drawn = _drawn(places)
        layer.data = points
        layer.metadata[MARK] = replace(mark, placed=is_drawn)


def units_of(places: Places) -> tuple[str, str]:
    """What napari calls the unit of the places."""
    unit = "micrometer" if places.microns else "pixel"
    return unit, unit


def spots_layer(
    session: Session, places: Places, *, role: str = "spots", opened: Any = None
) -> Layer:
    """The spots where they lie, not coloured yet."""
    from napari.layers import Image, Points

    diameter = places.diameter
    name = layer_name(session, "" if role == "spots" else "imputed")
    contents = None if opened is None else session.contents
    mark = Mark(session.adata, role, opened, contents)
    if len(places.points) <= MOST_POINTS and not places.are_square:  # napari leaves gaps
        return _points(Points, places, name, mark)
    raster = Raster.of(places.tiles, diameter, are_square=places.are_square)
    mark = replace(mark, raster=raster)
    return Image(
        raster.levels(Mean(np.zeros(len(places.points))), diameter),
        multiscale=True,
        name=name,
        metadata={MARK: mark},
        scale=(raster.pixel, raster.pixel),
        translate=raster.corner,
        units=units_of(places),
        interpolation2d="nearest",
        contrast_limits=(0, 1),
    )


def layer_name(session: Session, which: str = "") -> str:
    """What a layer is called: "Spots", "Cells", or "Cells, imputed"."""
    return f"{session.place.capitalize()}s" + (f", {which}" if which else "")


def waiting_layer(session: Session) -> Layer:
    """Nothing at all: napari's welcome page would hide the words on an empty canvas."""
    from napari.layers import Points

    metadata = {MARK: Mark(session.adata, "waiting")}
    return Points(np.empty((0, 2)), name="No map yet", metadata=metadata)


def _points(kind: Any, places: Places, name: str, mark: Mark) -> Layer:
    points, is_drawn = _drawn(places)
    layer = kind(
        points,
        shown=is_drawn,
        size=places.diameter,
        units=units_of(places),
        border_width=0,
        border_color=_EDGE,
        face_color="gray",
        name=name,
        metadata={MARK: replace(mark, placed=is_drawn)},
    )
    layer.editable = False
    return layer


def _drawn(places: Places) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Points for napari, which takes no NaN, and which of them are drawn."""
    points = places.points
    is_drawn = ~np.isnan(points[:, 0])
    anywhere = points[np.argmax(is_drawn)] if is_drawn.any() else np.zeros(2)
    return np.where(is_drawn[:, None], points, anywhere), is_drawn


def paint(layer: Layer, shown: Shown, style: Style) -> None:
    """Colour and shape a layer of spots, with napari's own colour bar beside a gene."""
    mark = mark_of(layer)
    assert mark is not None
    if mark.raster is not None:
        _paint_picture(layer, shown, partial(mark.raster.levels, diameter=style.diameter))
    else:
        assert mark.placed is not None
        _paint_points(layer, shown, style, mark.placed)


def colour_bar_of(layer: Layer) -> Any:
    """The colour bar that napari draws on the canvas for a layer of spots."""
    return layer.colorbar if hasattr(layer, "colorbar") else layer.face_colorbar


def _paint_points(layer: Layer, shown: Shown, style: Style, placed: NDArray[np.bool_]) -> None:
    if isinstance(shown, Values):
        # The points get their colours directly (quick); these two steer the colour bar alone.
        layer.face_colormap = napari_colormap(shown.colormap)
        layer.face_contrast_limits = shown.limits
    seen = placed & ~shown.is_hidden if isinstance(shown, Categories) else placed
    if not np.array_equal(layer.shown, seen):
        layer.shown = seen
    # napari draws what is not shown too, where there are no slices: it has no colour, and no edge
    outline = np.where(seen, _outlines(shown, style), 0.0)
    colours = colours_of(shown, style.ground)
    colours[~seen] = 0
    events = layer.events
    with events.border_width.blocker(), events.size.blocker(), events.face_color.blocker():
        if not np.array_equal(layer.border_width, outline):
            layer.border_width = outline
        if layer.size[0] != style.diameter:
            layer.size = style.diameter
        layer.face_color = colours  # one redraw for all three
    _show_bar(layer, isinstance(shown, Values))


def _outlines(shown: Shown, style: Style) -> NDArray[np.float64]:
    """Width of each spot's outline, as a share of it; it would bring back what is to recede."""
    if isinstance(shown, Values) and shown.is_pale:
        stands_out = np.isfinite(shown.values)
        if shown.picked is not None:
            stands_out &= shown.picked
        return np.where(stands_out, _PALE_EDGE, 0.0)
    n_spots = len(shown.values if isinstance(shown, Values) else shown.codes)
    return np.full(n_spots, 0.0 if shown.fades else style.outline)


@lru_cache(maxsize=16)
def napari_colormap(name: str) -> Any:
    """The colours of values as napari takes them, for its colour bar."""
    from napari.utils.colormaps import Colormap

    return Colormap(table(name), name=f"stimpute {name}")


def _paint_picture(layer: Layer, shown: Shown, levels: Callable[..., list[Level]]) -> None:
    is_plain = (
        isinstance(shown, Values)
        and shown.certainty is None
        and shown.picked is None
        and not shown.n_missing
    )
    if isinstance(shown, Values) and is_plain:
        layer.colormap = napari_colormap(shown.colormap)
        layer.contrast_limits_range = shown.limits
        layer.contrast_limits = shown.limits
        layer.data = levels(Mean(shown.values))
    elif isinstance(shown, Values):
        _paint_steps(layer, levels(Faded(shown)), faded_table(shown.colormap))
    else:
        _paint_categories(layer, shown, levels)
    _show_bar(layer, is_plain)  # a bar cannot show values that fade; the panel's does


def _paint_categories(layer: Layer, shown: Categories, levels: Callable[..., list[Level]]) -> None:
    """Colours twice, as they are and faint, where some spots are picked."""
    colours = np.asarray([as_rgba(colour) for colour in shown.palette], dtype=np.float32)
    codes = shown.codes
    if shown.picked is not None:
        codes = np.where(shown.picked, codes, codes + len(colours))
        colours = np.concatenate([colours, unpicked(colours)])
    codes = np.where((shown.codes < 0) | shown.is_hidden, -1, codes)
    _paint_steps(layer, levels(Commonest(codes)), colours)


def _paint_steps(layer: Layer, picture: list[Level], colours: Any) -> None:
    """Colour by number: flat steps, one per colour."""
    from napari.utils.colormaps import Colormap

    limits = (-0.5, len(colours) - 0.5)
    layer.colormap = Colormap(colours, interpolation="zero", name="categories")
    layer.contrast_limits_range = limits
    layer.contrast_limits = limits
    layer.data = picture


def _show_bar(layer: Layer, visible: bool) -> None:
    bar = colour_bar_of(layer)
    for name, wanted in _BAR.items():
        if getattr(bar, name) != wanted:
            setattr(bar, name, wanted)
    if bar.visible != visible:
        bar.visible = visible
