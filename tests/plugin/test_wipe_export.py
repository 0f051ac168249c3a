from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.errors import NotWritable
from napari_stimpute.plots import Tissue, wipe_map
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.scene.figure import pair_figure, save_figure


@pytest.fixture
def wiped(panel: StimputePanel, judged: AnnData) -> StimputePanel:
    """A judged section, with the divider between its counts and the run "mine"."""
    panel.session.open(judged)
    panel.session.display.source = "mine"
    panel.genes.wipe.on.setChecked(True)
    return panel


def texts(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [found.get_text() for found in figure.findobj(Text) if found.get_text()]


def test_the_figure_names_both_halves_gene_unit_badge_and_scale(wiped: StimputePanel) -> None:
    view = wiped.view
    sentence = texts(pair_figure(view.scene, view.wipe.x, "reliable"))
    title = view.session.contents.record("mine").title
    for text in ("Counts", title, view.session.display.gene, "counts per spot", "reliable"):
        assert text in sentence
    assert any(text.endswith("µm") for text in sentence)


def test_the_figure_takes_each_spot_from_its_side() -> None:
    coordinates = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.0, 0.0]])
    left, right = np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 6.0, 7.0, 8.0])
    figure = wipe_map(
        Tissue(coordinates, 5.0), ("A", left), ("B", right), 15.0, limits=(0, 6), title="gene"
    )
    (drawn,) = figure.axes[0].collections
    by_place = dict(zip(drawn.get_offsets()[:, 0], drawn.get_array(), strict=True))
    assert by_place == {0.0: 1.0, 10.0: 2.0, 20.0: 7.0, 30.0: 8.0}
    assert drawn.get_clim() == (0, 6)


def test_export_writes_the_kind_of_file_that_the_name_says(
    wiped: StimputePanel, tmp_path: Path
) -> None:
    box = wiped.genes.wipe
    for kind, start in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
        written = box.export_to(str(tmp_path / f"wipe.{kind}"), badge="use with care")
        assert written is not None
        assert written.read_bytes().startswith(start)
        assert "Written to" in box.words.text()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".pdf", ".png", ".svg"]
    drawn = (tmp_path / "wipe.svg").read_text(encoding="utf-8")  # texts stay texts
    assert all(f">{text}<" in drawn for text in ("Counts", "Mine", "use with care"))


def test_an_export_that_cannot_be_written_says_why(wiped: StimputePanel, tmp_path: Path) -> None:
    box = wiped.genes.wipe
    assert box.export_to(str(tmp_path / "missing" / "wipe.png")) is None
    assert "Choose another folder" in box.words.text()
    with pytest.raises(NotWritable, match="name ends in"):
        save_figure(lambda: pair_figure(box.view.scene, 0.0), tmp_path / "wipe.bmp")
    assert list(tmp_path.iterdir()) == []
