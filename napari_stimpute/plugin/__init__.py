"""The napari front end: a panel, layers and a reader, all views of one `Session` per viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import napari

    from ..session import Session

PLUGIN, PANEL = "napari-stimpute", "stimpute"

_SESSIONS: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def session_of(viewer: Any) -> Session:
    """The one session of a viewer, made when it is first asked for."""
    from ..session import Session

    key = unwrapped(viewer)
    if key not in _SESSIONS:
        _SESSIONS[key] = Session()
    return _SESSIONS[key]


def attach(viewer: Any, session: Session) -> None:
    """Make a viewer show this session; do it before its panel is opened."""
    _SESSIONS[unwrapped(viewer)] = session


def open_viewer(session: Session | None = None, *, show: bool = True) -> napari.Viewer:
    """Open napari with the panel, on a session that may be shared with a notebook or script."""
    import napari

    viewer = napari.Viewer(show=show, title="stimpute")
    if session is not None:
        attach(viewer, session)
    open_panel(viewer)
    return viewer


def open_panel(viewer: Any) -> Any:
    """Dock the panel, or find it where it is; returns the panel's widget."""
    _dock, panel = unwrapped(viewer).window.add_plugin_dock_widget(PLUGIN, PANEL)
    return panel


def unwrapped(viewer: Any) -> Any:
    """The viewer itself, where napari hands plugins a proxy (useless as a weak key)."""
    return getattr(viewer, "__wrapped__", viewer)
