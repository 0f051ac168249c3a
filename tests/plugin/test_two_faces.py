"""One session in a window and in a notebook's panels: what is done in one is seen in the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QTimer

from napari_stimpute import Session, open_viewer
from napari_stimpute.errors import NoDisplay
from napari_stimpute.jupyter import panels
from napari_stimpute.plugin import attach, open_panel
from napari_stimpute.plugin.kernel import take_turns


@pytest.fixture
def window(viewer: Any, session: Session) -> Any:
    """The panel of a window that shows the session."""
    attach(viewer, session)
    return open_panel(viewer)


async def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.02)


def test_gene_colours_picks_and_runs_follow_both_ways(window: Any, session: Session) -> None:
    async def main() -> None:
        is_open = True
        turns = asyncio.create_task(take_turns(lambda: is_open))
        notebook = panels(session).genes
        canvas, genes = notebook.canvas.spots.widget, session.contents.genes

        window.genes.panel.choose_gene(genes[5])
        await until(lambda: notebook.gene.widget.value == genes[5])
        await until(lambda: genes[5] in canvas.names[0])
        notebook.gene.widget.value = genes[7]
        assert window.view.shown.title.startswith(genes[7])
        window.genes.panel.choose_colormap("magma")
        assert notebook.display.colormap.value == "magma"

        picked = np.arange(session.adata.n_obs) < 9
        before = canvas.order
        window.view.scene.picks.pick(picked)
        await until(lambda: canvas.order != before)
        assert notebook.canvas.picked.text.startswith("9 of")
        notebook.canvas.clear.widget.click()
        assert session.display.picked is None and not window.genes.picks.panel.now.picked

        session.train("pca", blend=False, judged=False)
        await until(lambda: "pca" in session.contents.runs and not session.is_busy)
        assert notebook.source.widget.value == "pca"
        assert window.genes.panel.now.source.chosen == "pca"
        is_open = False
        await turns

    asyncio.run(main())


def test_the_window_has_its_turns_while_the_loop_waits(qapp: Any) -> None:
    async def main() -> None:
        happened: list[int] = []
        QTimer.singleShot(30, lambda: happened.append(1))
        turns = asyncio.create_task(take_turns(lambda: not happened))
        await asyncio.wait_for(turns, 30)

    asyncio.run(main())


def test_without_a_display_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NoDisplay, match="panels of the notebook"):
        open_viewer(Session())
