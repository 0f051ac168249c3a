"""Names that are HTML, in the panels of a notebook: shown as they are, never drawn as such."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from napari_stimpute.jupyter import panels
from napari_stimpute.jupyter.still import still_picture
from napari_stimpute.jupyter.widgets import markup
from napari_stimpute.panels.tabs import TABS

from ..judged import give_runs

EVIL = "<img src=x onerror=alert(1)><script>alert(2) & $x_$\n<b>x"


PARTS = "<img src=x|<script|<b>"


@pytest.fixture
def evil(section: AnnData) -> AnnData:
    """A section with two runs, whose genes, groups, columns and layers are called that."""
    adata = give_runs(section.copy())
    adata.var_names = [EVIL, f"{EVIL}2", *adata.var_names[2:]]
    kinds = np.array([f"{EVIL} one", f"{EVIL} two"])[np.arange(adata.n_obs) % 2]
    adata.obs[f"{EVIL} column"] = pd.Categorical(kinds)
    adata.layers[f"{EVIL} layer"] = adata.X.copy()
    return adata


def walked(root: widgets.Widget) -> Iterator[widgets.Widget]:
    yield root
    for child in getattr(root, "children", ()):
        yield from walked(child)


def drawn_as_html(root: widgets.Widget) -> list[str]:
    shown = [w.value for w in walked(root) if isinstance(w, widgets.HTML | widgets.HTMLMath)]
    named = [w.description for w in walked(root) if getattr(w, "description_allow_html", False)]
    return [text for text in (*shown, *named) if re.search(PARTS, text)]


def test_a_name_that_is_html_is_never_drawn_as_such(evil: AnnData, tmp_path: Path) -> None:
    file = tmp_path / "<b>x<img src=x>.h5ad"
    evil.write_h5ad(file)
    shown = panels(file)
    for tab in TABS:
        shown.show_tab(tab.name)
    for folds in (shown.statistics.folds, shown.cells.folds, shown.generate.folds):
        for place in range(len(folds.widget.children)):
            folds.section(place)
    shown.session.display.gene = EVIL
    assert drawn_as_html(shown) == []
    assert still_picture(shown.session)
    shown.genes.gene.widget.value = "<b>no gene</b>"
    assert "<b>no gene</b>" in shown.genes.words.text
    assert drawn_as_html(shown) == []


def test_html_is_made_in_one_place() -> None:
    folder = Path(markup.__file__).parents[1]
    made = re.compile(r"escape\(|<div|<span|<img|<table")
    makers = {path.name for path in folder.rglob("*.py") if made.search(path.read_text())}
    assert makers == {"markup.py"}


def test_an_error_is_a_sentence_in_the_panel_that_names_it_as_it_is(evil: AnnData) -> None:
    evil.obs_names = [EVIL, EVIL, *evil.obs_names[2:]]
    shown = panels(evil)
    assert shown.session.adata is None
    assert repr(EVIL) in shown.data.problem.text and drawn_as_html(shown) == []
