"""Read files and folders by napari's own menu, and by drag and drop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..data.readers import formats_of, samples_in
from ..data.readers.found import Undecided
from ..errors import StimputeError

if TYPE_CHECKING:
    from napari.types import LayerData


Reader = Callable[[Any], "list[LayerData]"]
T = TypeVar("T")

_TURN = 0.02
"""Seconds that a window waits before it is drawn again while a file is read."""


def get_reader(path: str | list[str]) -> Reader | None:
    """Return the reader for one file or folder that can be read, None for anything else."""
    if isinstance(path, list) and len(path) == 1:
        path = path[0]
    if not isinstance(path, str):
        return None
    place = Path(path)
    is_known = formats_of(place) or (place.is_dir() and len(samples_in(place)) > 1)
    return read_layers if is_known else None


def read_layers(path: str | list[str]) -> list[LayerData]:
    """Read a file into an image and a layer of spots, which the viewer's session then takes.

    What is wrong with a file is said by napari, and in the panel; there it is asked, too, what must
    be chosen first.
    """
    try:
        return layers_of(path[0] if isinstance(path, list) else path)
    except Undecided as undecided:
        if not _is_asked(undecided):
            raise
        return [(None,)]
    except StimputeError as error:
        _say_in_panel(str(error))
        raise


def layers_of(source: Any) -> list[LayerData]:
    """Layers of a path, an AnnData or what makes one, coloured by its most telling gene."""
    from ..data.opening import load
    from ..scene.places import tissue_places
    from ..scene.shown import Style, gene_shown
    from ..session.contents import prepared
    from ..session.session import Session
    from .canvas.spots import image_layers, paint, spots_layer, titles_layers
    from .canvas.units import read_units_soon, take_units

    read_units_soon()
    opened, contents = _meanwhile(lambda: prepared(load(source, asks=True)))
    take_units()
    session = Session()
    session.adopt(opened, contents)
    try:
        places = tissue_places(session)
    except StimputeError:  # no coordinates: the panel draws a map of what the spots express
        if not _is_handed_over(opened, contents):
            raise
        return [(None,)]
    spots = spots_layer(session, places, opened=opened)
    paint(spots, gene_shown(session, session.display.source), Style(places.diameter))
    _open_panel_soon()
    below = [*image_layers(session, places, opened), *titles_layers(session, places, opened)]
    return [layer.as_layer_data_tuple() for layer in (*below, spots)]


def _meanwhile(read: Callable[[], T]) -> T:
    """Read in a thread, while the window goes on being drawn; nobody can click meanwhile."""
    from qtpy.QtCore import QCoreApplication, QEventLoop, QThread

    from ..background import Background

    app = QCoreApplication.instance()
    if app is None or app.thread() is not QThread.currentThread():
        return read()  # no window waits for it
    reading = Background(read)
    while not reading.is_over(within=_TURN):
        app.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    return reading.value()


def _is_handed_over(opened: Any, contents: Any) -> bool:
    """Let the viewer's session take data for which there is no layer yet; not without a viewer."""
    import napari

    from . import session_of

    viewer = napari.current_viewer()
    if viewer is None:
        return False
    from .widgets.unsaved import ask_first

    session = session_of(viewer)
    ask_first(None, session, lambda: session.adopt(opened, contents))
    _open_panel_soon()
    return True


def _is_asked(undecided: Undecided) -> bool:
    """Ask in the panel what must be chosen; not without a viewer."""
    import napari

    from . import session_of

    viewer = napari.current_viewer()
    if viewer is None:
        return False
    session_of(viewer).undecided = undecided
    _open_panel_soon()
    return True


def _say_in_panel(words: str) -> None:
    import napari

    from ..session.session import OPEN
    from . import session_of

    viewer = napari.current_viewer()
    if viewer is not None:
        session_of(viewer).report(words, OPEN)
        _open_panel_soon()


def _open_panel_soon() -> None:
    """Open the panel beside what was dropped; without a window the layers come alone."""
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        return
    from qtpy.QtCore import QTimer

    from . import open_panel

    QTimer.singleShot(0, lambda: open_panel(viewer))
