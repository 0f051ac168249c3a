"""A small section, and a panel in a real napari viewer."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from anndata import AnnData
from qtpy.QtWidgets import QWidget

from napari_stimpute.plugin import attach, open_panel, view_of
from napari_stimpute.plugin.canvas.view import SpotsView
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.session.session import Session

from ..judged import give_runs
from ..panels.conftest import drawn, judged, pristine, section

__all__ = ["drawn", "judged", "pristine", "section"]


@pytest.fixture(scope="session", autouse=True)
def _garbage_is_sought_among_the_newest() -> Iterator[None]:
    """Spare napari, which a driver of Windows made so careful, the rest whenever a layer goes."""
    from napari._vispy import canvas

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canvas, "gc", SimpleNamespace(collect=partial(gc.collect, 0)))
        yield


@pytest.fixture
def session(section: AnnData) -> Iterator[Session]:
    """A session with the section open; what it runs has ended when the test ends."""
    found = Session()
    found.open(section)
    yield found
    _ended(found)


MakeViewer = Callable[..., Any]


@pytest.fixture
def make_viewer(qapp: Any) -> Iterator[MakeViewer]:
    """Viewers of their own, closed when the test ends.

    napari's fixture of that kind undoes what napari registers once in a process, so that no viewer
    could be made after it for a whole file.
    """
    from napari import Viewer

    made: list[Any] = []

    def make(*, show: bool = False) -> Any:
        made.append(Viewer(show=show))
        return made[-1]

    yield make
    for viewer in made:
        viewer.close()


@pytest.fixture(scope="session")
def _window(qapp: Any) -> Iterator[Any]:
    """One hidden viewer for all tests of a worker: making one takes most of a second."""
    from napari import Viewer

    made = Viewer(show=False)
    yield made
    made.close()


@pytest.fixture
def viewer(_window: Any) -> Iterator[Any]:
    """A hidden viewer with nothing in it and a session of its own; emptied when the test ends."""
    attach(_window, Session())
    callbacks = list(_window.mouse_drag_callbacks)
    yield _window
    _window.window.remove_dock_widget("all")
    _window.layers.clear()
    _window.canvas.grid.enabled = False
    _window.cursor.style = "standard"
    _window.reset_view()
    assert _window.mouse_drag_callbacks == callbacks  # a closed panel leaves nothing behind
    assert not _window.mouse_move_callbacks


@pytest.fixture
def view(viewer: Any) -> Iterator[SpotsView]:
    """The canvas of a hidden viewer, without a panel; no data are open."""
    made = view_of(viewer)
    yield made
    made.close()
    _ended(made.session)


@pytest.fixture
def canvas(view: SpotsView, section: AnnData) -> SpotsView:
    """The section on the canvas, with two runs "soft" and "flat"; the former's values are shown."""
    view.session.open(give_runs(section))
    view.session.display.source = "soft"
    return view


def _ended(session: Session) -> None:
    """Stop what a session runs."""
    if session.job is not None:
        session.job.cancel()
        session.job.wait(60)


@pytest.fixture
def panel(viewer: Any) -> Iterator[StimputePanel]:
    """The panel of a hidden viewer; what it runs has ended when the test ends.

    It is not docked: the style of a window that nobody sees takes longer than most tests.
    """
    holder = QWidget()
    found = StimputePanel(viewer)
    found.setParent(holder)
    yield found
    _ended(found.session)
    found.setParent(None)
    found.deleteLater()


@pytest.fixture
def opened(panel: StimputePanel, section: AnnData) -> StimputePanel:
    """The panel with the section open."""
    panel.session.open(section)
    return panel


@pytest.fixture
def docked(viewer: Any, section: AnnData) -> Iterator[StimputePanel]:
    """The panel in the dock of a hidden viewer, with the section open."""
    found = open_panel(viewer)
    found.session.open(section)
    yield found
    _ended(found.session)
