"""A folder of samples opened as sections of one: what is taken, and what is left out and said."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from napari_stimpute.data.layout import lay_out
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.data.sections import find_sections
from napari_stimpute.errors import NotReadable, UnknownName

from ...formats import some_barcodes, some_counts, write_visium
from ...overlaid import hexagonal, library, section


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files, of which the second lacks two genes and has its counts in a layer."""
    first, second = (section(seed, hexagonal()) for seed in (0, 1))
    for colour, part, name in ((180, first, "x"), (220, second, "y")):
        part.uns["spatial"] = {name: library(hexagonal(), colour)}
    second = second[:, 2:].copy()
    second.layers["counts"], second.X = second.X, np.log1p(second.X.toarray())
    first.write_h5ad(tmp_path / "first.h5ad")
    second.write_h5ad(tmp_path / "second.h5ad")
    return tmp_path


def test_samples_are_sections_each_with_its_image(folder: Path) -> None:
    found = read_found(folder, {"sample": "all"})
    assert found.adata.shape == (128, 28) and find_sections(found.adata).names == (
        "first",
        "second",
    )
    layout = lay_out(found.adata)
    assert [int(image.pixels[0, 0, 0]) for image in layout.images] == [180, 220]
    one = ad.read_h5ad(folder / "second.h5ad")
    np.testing.assert_array_equal(found.adata.X[64:].toarray(), one.layers["counts"].toarray())
    said = " ".join(found.notes)
    assert "2 genes of first are not in every sample, and left out." in said
    assert "other layers, maps and results are not" in said


def test_output_folders_are_joined_too(tmp_path: Path) -> None:
    for name in ("A1", "B1"):
        write_visium(tmp_path / name, some_counts(), some_barcodes())
    adata = read(tmp_path, sample="all")
    assert find_sections(adata).names == ("A1", "B1") and adata.obs_names.is_unique


def test_samples_without_a_gene_in_common_are_refused(folder: Path) -> None:
    other = section(2, hexagonal())
    other.var_names = [f"ENSG{i}" for i in range(other.n_vars)]
    other.write_h5ad(folder / "third.h5ad")
    with pytest.raises(NotReadable, match="none that is in all of them"):
        read(folder, sample="all")


def test_an_answer_that_would_do_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(UnknownName, match="'sections'"):
        read(folder, sample="all", sections="library_id")
