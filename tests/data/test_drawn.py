"""Some cells of a file stand for all: from all over it, and opening all takes as much longer."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.data.drawn import Drawn, drawn_steps
from napari_stimpute.data.readers.reading import read_found
from napari_stimpute.progress import drain

from ..simulated import simulate_section

Written = Callable[[ad.AnnData], Path]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """A file whose matrices are read in chunks of a few cells."""
    monkeypatch.setattr("napari_stimpute.data.readers.elements.CHUNK", 300)

    def write(adata: ad.AnnData) -> Path:
        adata.write_h5ad(tmp_path / "cells.h5ad")
        return tmp_path / "cells.h5ad"

    return write


@pytest.fixture
def section() -> ad.AnnData:
    section = simulate_section(seed=0, n_rows=16, n_genes=100)
    section.obs["place"] = np.arange(section.n_obs) / section.n_obs
    return section


def drawn_of(path: Path, n: int, genes: str = "") -> Drawn | None:
    """By a clock on which a step takes one second."""
    ticks = itertools.count()
    around = read_found(path, {"load": "genes"}).adata
    return drain(drawn_steps(around, n, genes, clock=lambda: float(next(ticks))))


def test_cells_from_all_over_the_file_hold_their_own_counts(
    section: ad.AnnData, written: Written
) -> None:
    drawn = drawn_of(written(section), 40)
    assert drawn is not None and drawn.n_obs == section.n_obs
    assert 40 <= drawn.adata.n_obs < section.n_obs
    places = drawn.adata.obs["place"].to_numpy()
    assert places.min() < 0.1 and places.max() > 0.9
    stored = sp.csr_matrix(section[drawn.adata.obs_names, drawn.adata.var_names].X)
    assert np.array_equal(drawn.adata.X.toarray(), stored.toarray())


def test_genes_are_chosen_as_they_would_be_of_all(section: ad.AnnData, written: Written) -> None:
    drawn = drawn_of(written(section), 60, "hvg:20")
    assert drawn is not None and drawn.adata.n_vars == 20


def test_opening_all_takes_longer_by_as_many_cells(section: ad.AnnData, written: Written) -> None:
    drawn = drawn_of(written(section), 40)
    assert drawn is not None
    assert drawn.opening == pytest.approx(section.n_obs / drawn.adata.n_obs)


def test_counts_by_gene_cannot_be_drawn_from(section: ad.AnnData, written: Written) -> None:
    section.X = sp.csc_matrix(section.X)
    assert drawn_of(written(section), 40) is None
