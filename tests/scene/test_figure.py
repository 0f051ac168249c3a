"""Figures of a gene and of two halves of it, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.errors import InputError, NotWritable
from napari_stimpute.plots import Tissue, wipe_map
from napari_stimpute.plots.saving import save_figure
from napari_stimpute.scene.figure import gene_figure, maps_figure, pair_figure
from napari_stimpute.scene.scene import Scene
from napari_stimpute.scene.shown import Values
from napari_stimpute.session.contents import COUNTS, LOG
from napari_stimpute.session.session import Session
from napari_stimpute.trust.verdict import badge


@pytest.fixture
def scene(session: Session, judged: AnnData) -> Scene:
    """The values of the judged run "mine"."""
    session.open(judged)
    session.display.source = "mine"
    return Scene(session)


def texts(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [found.get_text() for found in figure.findobj(Text) if found.get_text()]


# ---- a gene ------------------------------------------------------------------------------------


def test_the_figure_of_a_gene_says_what_may_be_believed(scene: Scene) -> None:
    gene = scene.session.display.gene
    found = badge(scene.session.adata, "mine", gene)
    assert found is not None
    figure = gene_figure(scene)
    assert found.sentence in figure.caption
    assert found.blend in figure.caption
    written = " ".join(texts(figure.draw()))
    for words in (gene, found.verdict, "Counted", "Imputed", "counts per spot"):
        assert words in written


def test_both_maps_are_on_the_scale_of_the_canvas(scene: Scene) -> None:
    scene.session.display.percentiles = (10, 90)
    figure = gene_figure(scene)
    assert isinstance(scene.shown, Values)
    assert figure.limits == pytest.approx(scene.shown.limits)
    session = scene.session
    np.testing.assert_array_equal(figure.maps["Counted"], session.expression(source=COUNTS))
    np.testing.assert_array_equal(figure.maps["Imputed"], session.expression(source="mine"))


def test_without_a_run_the_counts_are_drawn_alone(opened: Session) -> None:
    figure = gene_figure(Scene(opened))
    assert list(figure.maps) == ["Counted"]
    assert "Not imputed" in figure.caption


def test_maps_show_counts_and_beside_them_the_chosen_run(scene: Scene) -> None:
    display = scene.session.display
    drawn = texts(maps_figure(scene))
    assert {display.gene, "Counts", "Imputed: Mine", "counts per spot"} <= set(drawn)
    display.source = LOG
    drawn = texts(maps_figure(scene))
    assert {"Log-normalised", "log"} <= set(drawn) and "Counts" not in drawn


def test_cells_are_drawn_on_their_map_and_nowhere_without_one(
    session: Session, judged: AnnData, drawn: list[object]
) -> None:
    del judged.obsm["spatial"], judged.uns["spatial"]
    session.open(judged)
    scene = Scene(session)
    with pytest.raises(InputError, match="spatial"):
        gene_figure(scene)
    session.adata.obsm[keys.space(COUNTS, "umap")] = np.random.default_rng(0).normal(size=(134, 2))
    session.look_again()
    assert scene.places is not None
    np.testing.assert_array_equal(
        gene_figure(scene).section.coordinates, scene.places.points[:, ::-1]
    )
    assert not drawn


# ---- two halves --------------------------------------------------------------------------------


def test_the_figure_of_halves_names_both_and_gene_unit_verdict_and_scale(scene: Scene) -> None:
    written = texts(pair_figure(scene, 0.0, "reliable"))
    for text in ("Counts", "Mine", scene.session.display.gene, "counts per spot", "reliable"):
        assert text in written
    assert any(text.endswith("µm") for text in written)
    assert scene.pair.badges() in texts(pair_figure(scene, 0.0))


def test_each_spot_is_taken_from_its_side() -> None:
    coordinates = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.0, 0.0]])
    left, right = np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 6.0, 7.0, 8.0])
    figure = wipe_map(
        Tissue(coordinates, 5.0), ("A", left), ("B", right), 15.0, limits=(0, 6), title="gene"
    )
    (points,) = figure.axes[0].collections
    by_place = dict(zip(points.get_offsets()[:, 0], points.get_array(), strict=True))
    assert by_place == {0.0: 1.0, 10.0: 2.0, 20.0: 7.0, 30.0: 8.0}
    assert points.get_clim() == (0, 6)


# ---- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("SVG", b"<?xml")]
)
def test_a_figure_is_written_as_its_name_says(
    scene: Scene, tmp_path: Path, ending: str, begins: bytes
) -> None:
    path = save_figure(lambda: pair_figure(scene, 0.0), tmp_path / f"pair.{ending}")
    assert path.read_bytes().startswith(begins)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_texts_of_a_drawing_stay_texts(scene: Scene, tmp_path: Path) -> None:
    path = save_figure(lambda: pair_figure(scene, 0.0, "use with care"), tmp_path / "pair.svg")
    written = path.read_text(encoding="utf-8")
    assert all(f">{text}<" in written for text in ("Counts", "Mine", "use with care"))


@pytest.mark.parametrize("name", ["gene.bmp", "gene", "no such folder/gene.png"])
def test_a_figure_that_cannot_be_written_is_explained(
    scene: Scene, tmp_path: Path, name: str
) -> None:
    with pytest.raises(NotWritable, match="Expected"):
        save_figure(gene_figure(scene).draw, tmp_path / name)
    assert not list(tmp_path.iterdir())
