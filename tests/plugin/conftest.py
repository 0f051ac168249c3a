"""A small section, and a panel in a real napari viewer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.data.simulate import simulate_section
from napari_stimpute.errors import TooSmall
from napari_stimpute.plugin import attach, open_panel
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.progress import Progress
from napari_stimpute.scene.maps import MapOf
from napari_stimpute.session.session import Session

from ..judged import judge


@pytest.fixture(scope="session")
def _section() -> AnnData:
    return simulate_section(seed=0, n_rows=16, n_genes=100)


@pytest.fixture
def section(_section: AnnData) -> AnnData:
    """About 150 spots on a tissue image, with 100 genes and known domains."""
    return _section.copy()


@pytest.fixture
def judged(section: AnnData) -> AnnData:
    """The section with a judged run "mine": see `judge`."""
    return judge(section)


@pytest.fixture(scope="module")
def _window(qapp: Any) -> Iterator[Any]:
    """One hidden viewer for all tests of a file: making one takes most of a second."""
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
def panel(viewer: Any) -> Iterator[StimputePanel]:
    """The panel in a hidden viewer; what it runs has ended when the test ends."""
    found = open_panel(viewer)
    yield found
    job = found.session.job
    if job is not None:
        job.cancel()
        job.wait(60)


@pytest.fixture
def opened(panel: StimputePanel, section: AnnData) -> StimputePanel:
    """The panel with the section open."""
    panel.session.open(section)
    return panel


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[MapOf]:
    """Which maps were drawn, by a quick drawing in place of UMAP, which has its own tests."""
    asked: list[MapOf] = []

    def steps(adata: AnnData, key: str, kind: str, seed: int = 0) -> Iterator[Progress]:
        asked.append(MapOf(key, kind))  # type: ignore[arg-type]
        yield Progress("space", 0, 1, message="Laying out the map")
        if adata.n_obs < 5:
            raise TooSmall(expected="five spots", found="fewer", remedy="Use more.")
        yield Progress("space", 1, 1)
        of_this_map = np.random.default_rng(sum(map(ord, key + kind)))
        return of_this_map.normal(size=(adata.n_obs, 2)).astype(np.float32)

    monkeypatch.setattr("napari_stimpute.analysis.spaces.space_steps", steps)
    return asked
