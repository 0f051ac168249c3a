"""The panel of a notebook: the tabs of the window, made when they are looked at, or alone."""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pytest
from anndata import AnnData
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from IPython.utils.capture import capture_output
from matplotlib.image import imread

from napari_stimpute import jupyter
from napari_stimpute.jupyter import panels
from napari_stimpute.panels.data import EMPTY
from napari_stimpute.panels.tabs import TABS
from napari_stimpute.session.session import Session

from ..simulated import simulate_section
from ..test_import_is_light import top_level_modules_after


def test_it_has_the_tabs_of_the_window_in_their_order(session: Session) -> None:
    assert panels(session).tabs.titles == tuple(tab.title for tab in TABS)


def test_a_tab_is_made_when_it_is_first_looked_at(session: Session) -> None:
    shown = panels(session)
    assert [bool(place.children) for place in shown.tabs.children] == [True] + [False] * 7
    shown.tabs.selected_index = 2
    assert shown.tabs.children[2].children == (shown.train.widget,)
    shown.show_tab("genes")
    assert shown.tabs.selected_index == 1 and shown.page.in_sight == "genes"


def test_work_is_marked_on_its_tab(session: Session, tmp_path: Path) -> None:
    shown = panels(session)
    job = session.save_later(tmp_path / "out.h5ad")
    assert shown.tabs.titles[0] == "Data …"
    job.wait(60)
    assert shown.tabs.titles[0] == "Data"


@pytest.mark.parametrize("name", [tab.name for tab in TABS])
def test_every_tab_stands_alone_in_a_cell(session: Session, name: str) -> None:
    shown = getattr(jupyter, name)(session)
    assert shown.session is session
    assert shown.children[-2:] == (shown.tab(name).widget, shown.code.widget)


def test_nothing_heavy_is_imported_before_it_is_shown() -> None:
    loaded = top_level_modules_after("from napari_stimpute.jupyter import panels")
    assert not loaded & {"torch", "squidpy", "anndata", "ipywidgets"}
    loaded = top_level_modules_after("from napari_stimpute.jupyter import panels; panels()")
    assert not loaded & {"torch", "squidpy", "qtpy", "napari", "PyQt6"}


# ---- what cannot be opened -----------------------------------------------------------------------


def test_without_data_it_says_what_to_do(tmp_path: Path) -> None:
    shown = panels()
    assert shown.data.empty.text == EMPTY and not shown.data.problem.text


def test_a_bad_file_is_a_sentence_and_another_can_be_opened(
    section: AnnData, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.h5ad", tmp_path / "good.h5ad"
    bad.write_text("no such thing")
    section.write_h5ad(good)
    shown = panels(bad)
    assert "bad.h5ad" in shown.data.problem.text and shown.tabs.titles[0] == "Data !"
    shown.data.path.value = str(good)
    shown.data.open.widget.click()
    assert shown.session.job is not None
    shown.session.job.wait(60)
    assert shown.session.adata is not None and not shown.data.problem.text


def test_a_tab_alone_is_below_the_tab_data_while_nothing_is_open(tmp_path: Path) -> None:
    shown = jupyter.train(tmp_path / "none.h5ad")
    assert "none.h5ad" in shown.data.problem.text
    assert shown.children[-3:-1] == (shown.data.widget, shown.train.widget)


def test_a_notebook_that_is_read_without_a_kernel_has_a_picture_and_a_sentence(
    session: Session,
) -> None:
    panel, still = outputs_of(panels(session))
    assert set(panel) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    base64 = re.findall('src="data:image/png;base64,([^"]+)"', still["text/html"])
    picture = imread(BytesIO(b64decode(base64[0])))
    assert picture.std() > 0.05  # something is drawn
    assert f"{session.adata.n_obs:,} spots" in still["text/html"]


def test_without_data_the_sentence_stands_alone() -> None:
    _panel, still = outputs_of(panels())
    assert "no data" in still["text/html"] and "<img" not in still["text/html"]


def test_what_is_read_without_a_kernel_is_hidden_while_the_panel_lives(session: Session) -> None:
    shown, other = panels(session), panels(session)
    (name,) = re.findall('class="(stimpute-still-[^"]+)"', outputs_of(shown)[1]["text/html"])
    assert f".{name} {{ display: none; }}" in shown.children[0].value
    assert name not in other.children[0].value


def test_what_is_read_without_a_kernel_is_of_the_data_that_were_opened_last(
    session: Session,
) -> None:
    other = simulate_section(n_rows=16, n_genes=100)

    async def cells() -> list[dict[str, str]]:
        shown = panels(session)
        with capture_output() as said:
            display(shown)
            session.open(other)
            await asyncio.sleep(0)
        return [output.data for output in said.outputs]

    InteractiveShell.instance()
    *_first, still = asyncio.run(cells())
    InteractiveShell.clear_instance()
    assert f"{other.n_obs:,} spots" in still["text/html"] and "<img" in still["text/html"]


def outputs_of(shown: object) -> list[dict[str, str]]:
    """What a cell that ends in this shows."""
    InteractiveShell.instance()
    try:
        with capture_output() as said:
            display(shown)
    finally:
        InteractiveShell.clear_instance()
    return [output.data for output in said.outputs]
