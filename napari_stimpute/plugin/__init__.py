"""The napari front end: a panel, layers and a reader, all views of one `Session` per viewer."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..errors import NoDisplay

if TYPE_CHECKING:
    import napari

    from ..session.session import Session
    from .canvas.view import SpotsView

PLUGIN, PANEL, MAP = "napari-stimpute", "stimpute", "Map"

_SESSIONS: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()
_VIEWS: WeakKeyDictionary[Any, SpotsView] = WeakKeyDictionary()


def session_of(viewer: Any) -> Session:
    """The one session of a viewer, made when it is first asked for."""
    from ..session.session import Session

    key = unwrapped(viewer)
    if key not in _SESSIONS:
        _SESSIONS[key] = Session()
    return _SESSIONS[key]


def view_of(viewer: Any) -> SpotsView:
    """What draws the session in a viewer: one for all docks, each of which has to close it."""
    from .canvas.view import SpotsView

    key = unwrapped(viewer)
    if key not in _VIEWS or _VIEWS[key].n_docks < 1:
        _VIEWS[key] = SpotsView(key, session_of(key))
    _VIEWS[key].n_docks += 1
    return _VIEWS[key]


def attach(viewer: Any, session: Session) -> None:
    """Make a viewer show this session; do it before its panel is opened."""
    _SESSIONS[unwrapped(viewer)] = session


def has_display() -> bool:
    """Whether a window can be opened for someone to see."""
    return sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def open_viewer(session: Session | None = None, *, show: bool = True) -> napari.Viewer:
    """Open napari with the panel, on a session that may be shared with a notebook or script.

    Gene, source, colours, picks and runs follow one another both ways.

    Raises
    ------
    NoDisplay : there is no display to open a window on, as on a server
    """
    if show and not has_display():
        raise NoDisplay(
            expected="a display to open the window on",
            found="none (neither DISPLAY nor WAYLAND_DISPLAY is set)",
            remedy="Stay with the panels of the notebook: they show the same session.",
        )
    import napari

    from .kernel import share_kernel
    from .widgets.connections import is_alive

    viewer = napari.Viewer(show=show, title="stimpute")
    if session is not None:
        attach(viewer, session)
    panel = open_panel(viewer)
    share_kernel(lambda: is_alive(panel))
    return viewer


def open_panel(viewer: Any) -> Any:
    """Dock the panel, or find it where it is; returns the panel's widget."""
    _dock, panel = unwrapped(viewer).window.add_plugin_dock_widget(PLUGIN, PANEL)
    return panel


def open_map(viewer: Any) -> Any:
    """Dock the map, or find it where it is; returns its widget."""
    _dock, found = unwrapped(viewer).window.add_plugin_dock_widget(PLUGIN, MAP)
    return found


def unwrapped(viewer: Any) -> Any:
    """The viewer itself, where napari hands plugins a proxy (useless as a weak key)."""
    return getattr(viewer, "__wrapped__", viewer)
