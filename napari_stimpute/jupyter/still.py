"""What is seen of a panel where no kernel draws it: a sentence, and a picture of what is open."""

from __future__ import annotations

from IPython.display import DisplayHandle, display

from ..connections import Connections
from ..panels.figures import sharp_png, width_of
from ..scene.figure import maps_figure
from ..scene.scene import Scene
from ..session.session import Session
from .widgets import markup
from .widgets.loop import Home
from .widgets.picture import FINE

_MOST_DRAWN, _SIZE = 200_000, 40
"""Spots up to which a picture is drawn, and pixels of it per inch of the figure."""


class Still:
    """An output of its own after a panel, which hides it while it lives; other data draw it anew.

    JupyterLab tries to draw a panel in any case, and then shows nothing else of the same output.

    Parameters
    ----------
    name : its class, for `markup.hidden`
    """

    def __init__(self, session: Session, home: Home, name: str) -> None:
        self.session, self._name = session, name
        self._shown: list[DisplayHandle] = []
        self._connections = Connections()
        for signal in (session.events.adata, session.events.contents):
            self._connections.add(signal, lambda: home.run_once(self._draw))

    def show(self) -> None:
        """Add it to what the running cell shows."""
        self._shown.append(display(self._bundle(), raw=True, display_id=True))

    def close(self) -> None:
        """Draw it no longer."""
        self._connections.close()
        self._shown.clear()

    def _draw(self) -> None:
        if self._shown:
            bundle = self._bundle()
            for handle in self._shown:
                handle.update(bundle, raw=True)

    def _bundle(self) -> dict[str, str]:
        png, about = still_picture(self.session), in_words(self.session)
        inner = markup.picture(png, about, width_of(png) / FINE) if png else ""
        return {"text/html": markup.still(self._name, about, inner)}


def in_words(session: Session) -> str:
    """What a panel is, and of what."""
    adata = session.adata
    opened = "no data"
    if adata is not None:
        opened = f"{adata.n_obs:,} {session.place}s × {adata.n_vars:,} genes"
    return f"Panels of napari-stimpute ({opened}): run this cell to use them."


def still_picture(session: Session) -> bytes:
    """PNG of what is shown now; b"" for nothing."""
    scene = Scene(session)
    try:
        places = scene.places
        if places is None or not session.display.gene or len(places.points) > _MOST_DRAWN:
            return b""
        return sharp_png(maps_figure(scene), _SIZE)
    finally:
        scene.close()
