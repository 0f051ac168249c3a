"""A SpatialData store holds what was there, for its own library too, and replaces nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import spatialdata as sd

from napari_stimpute.cli import main
from napari_stimpute.data.layout import lay_out
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.data.save import write
from napari_stimpute.data.sections import find_sections
from napari_stimpute.errors import NotWritable

from ..overlaid import overlaid
from ..simulated import simulate_section


@pytest.fixture(scope="module")
def section() -> ad.AnnData:
    return simulate_section(n_rows=15, n_genes=100)


def test_what_was_written_is_read_again(section: ad.AnnData, tmp_path: Path) -> None:
    found = read(write(section, tmp_path / "a.zarr"))
    assert (found.X != section.X).nnz == 0
    assert list(found.obs_names) == list(section.obs_names)
    np.testing.assert_allclose(found.obsm["spatial"], section.obsm["spatial"])
    (ours,) = found.uns["spatial"].values()
    (theirs,) = section.uns["spatial"].values()
    np.testing.assert_array_equal(ours["images"]["hires"], theirs["images"]["hires"])
    scale = "tissue_hires_scalef"
    assert ours["scalefactors"][scale] == pytest.approx(theirs["scalefactors"][scale])
    assert list(found.obs["domain"]) == list(section.obs["domain"])


def test_its_own_library_finds_table_spots_and_image(section: ad.AnnData, tmp_path: Path) -> None:
    data = sd.read_zarr(write(section, tmp_path / "a.zarr"))
    assert list(data.tables) == ["table"] and len(data.images) == 1
    matched, table = sd.join_spatialelement_table(
        sdata=data, table_name="table", spatial_element_names=["spots"]
    )
    assert len(matched["spots"]) == table.n_obs == section.n_obs


def test_several_sections_stay_apart(section: ad.AnnData, tmp_path: Path) -> None:
    both = ad.concat(
        {"a": section, "b": section}, label="library_id", index_unique="-", uns_merge="first"
    )
    data = sd.read_zarr(write(both, tmp_path / "a.zarr"))
    assert sorted(data.shapes) == ["spots_a", "spots_b"]
    assert set(data.coordinate_systems) >= {"a", "b"}


def test_several_sections_come_back_with_their_images(tmp_path: Path) -> None:
    both = overlaid()
    found = read_found(write(both, tmp_path / "both.zarr"))
    assert "a section each" in next(q.words for q in found.questions if q.name == "coordinates")
    sections, layout = find_sections(found.adata), lay_out(found.adata)
    assert sections.names == ("B", "A")
    np.testing.assert_array_equal(sections.codes, find_sections(both).codes)
    np.testing.assert_allclose(found.adata.obsm["spatial"], both.obsm["spatial"])
    assert [int(image.pixels[0, 0, 0]) for image in layout.images] == [180, 220]


def test_cells_without_places_are_a_table_alone(tmp_path: Path) -> None:
    cells = ad.AnnData(np.random.default_rng(0).poisson(1.0, (30, 20)).astype(np.float32))
    data = sd.read_zarr(write(cells, tmp_path / "a.zarr"))
    assert not data.shapes and data.tables["table"].shape == (30, 20)


def test_a_spot_without_a_place_keeps_its_counts(section: ad.AnnData, tmp_path: Path) -> None:
    part = section[:30].copy()
    part.obsm["spatial"] = part.obsm["spatial"].astype(float)
    part.obsm["spatial"][3] = np.nan
    found = read(write(part, tmp_path / "a.zarr"))
    assert found.n_obs == 30 and np.isnan(found.obsm["spatial"][3]).all()


def test_names_that_a_store_forbids_are_made_ones_that_it_allows(
    section: ad.AnnData, tmp_path: Path
) -> None:
    named = section.copy()
    named.obs["cell type/fine"] = "A"
    named.layers["my layer"] = section.X.copy()
    found = read(write(named, tmp_path / "a.zarr"))
    assert "cell_type_fine" in found.obs and "my_layer" in found.layers


def test_nothing_is_replaced(section: ad.AnnData, tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "mine.txt").write_text("mine")
    with pytest.raises(NotWritable, match="something of that name"):
        write(section, tmp_path / "a.zarr")
    assert (tmp_path / "a.zarr" / "mine.txt").read_text() == "mine"


def test_what_a_store_cannot_hold_leaves_nothing(section: ad.AnnData, tmp_path: Path) -> None:
    odd = section.copy()
    odd.uns["odd"] = object()
    with pytest.raises(NotWritable, match="a store cannot hold"):
        write(odd, tmp_path / "a.zarr")
    assert list(tmp_path.iterdir()) == []


def test_convert_goes_both_ways(section: ad.AnnData, tmp_path: Path) -> None:
    section.write_h5ad(tmp_path / "a.h5ad")
    assert main(["convert", str(tmp_path / "a.h5ad"), str(tmp_path / "a.zarr")]) == 0
    assert main(["convert", str(tmp_path / "a.zarr"), str(tmp_path / "b.h5ad")]) == 0
    assert (ad.read_h5ad(tmp_path / "b.h5ad").X != section.X).nnz == 0


def test_convert_refuses_other_endings_before_it_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(tmp_path / "none.h5ad"), str(tmp_path / "a.txt")]) == 1
    assert "Give the output the ending .h5ad or .zarr." in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.zarr", "b.h5ad"])
def test_ctrl_c_that_comes_while_it_is_written_is_too_late(
    section: ad.AnnData,
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    section.write_h5ad(tmp_path / "a.h5ad")
    really_replace, pressed = os.replace, iter([True])

    def interrupted_replace(source: Path, target: Path) -> None:
        if Path(target).name == name and next(pressed, False):
            signal.raise_signal(signal.SIGINT)
        really_replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted_replace)
    assert main(["convert", str(tmp_path / "a.h5ad"), str(tmp_path / name)]) == 0
    assert next(pressed, None) is None
    assert "Wrote" in capsys.readouterr().out
    assert read(tmp_path / name).n_obs == section.n_obs
