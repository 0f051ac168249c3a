from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from napari_stimpute.data.card import card_of
from napari_stimpute.data.counts import Held, held_steps, read_counts
from napari_stimpute.data.genes import working_adata
from napari_stimpute.data.opening import load
from napari_stimpute.errors import DuplicateNames, NotCounts, UnknownName
from napari_stimpute.progress import Progress
from napari_stimpute.session.session import Session

from ..simulated import simulate_section


@pytest.fixture
def logged() -> ad.AnnData:
    """A section whose X is logged, with its counts in the layer "umi"."""
    adata = simulate_section(n_rows=15, n_genes=100)
    adata.layers["umi"] = adata.X.copy()
    adata.X = adata.X.log1p()
    return adata


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often all values of a place were looked through, by the place."""
    found: Counter[str] = Counter()

    def counted(matrix: Any, where: str) -> Generator[Progress, None, Held]:
        found[where] += 1
        return held_steps(matrix, where)

    monkeypatch.setattr("napari_stimpute.data.counts.held_steps", counted)
    return found


@pytest.mark.parametrize("genes", ["", "hvg:20"])
def test_opening_looks_through_the_values_once(scans: Counter[str], genes: str) -> None:
    Session().open(simulate_section(n_rows=15, n_genes=100), genes=genes)
    assert scans == {"X": 1}


@pytest.mark.parametrize("place", ["", "umi"])
def test_opening_looks_through_each_place_once(
    scans: Counter[str], logged: ad.AnnData, place: str
) -> None:
    opened = load(logged, genes="hvg:20", counts=place)
    assert scans == {"X": 1, "layer 'umi'": 1}
    assert opened.card.counts_where == "umi"
    assert any("X is not used" in problem for problem in opened.card.problems)


def test_opening_gives_what_card_and_working_data_give_by_themselves(
    logged: ad.AnnData, tmp_path: Path
) -> None:
    logged.write_h5ad(tmp_path / "a.h5ad")
    opened = load(tmp_path / "a.h5ad", genes="hvg:20")
    work, notes = working_adata(logged, "hvg:20")
    (read_as, *rows), expected = opened.card.rows, card_of(logged, read_counts(logged), work)
    assert read_as == ("Read as", "AnnData")
    assert (tuple(rows), opened.card.problems) == (expected.rows, expected.problems)
    assert opened.notes == tuple(notes)
    assert opened.path == str(tmp_path / "a.h5ad")
    assert opened.adata.var_names.equals(work.var_names)
    assert (opened.adata.X != work.X).nnz == 0


def test_the_gene_to_show_first_varies_most_for_its_mean() -> None:
    adata = simulate_section(n_rows=15, n_genes=100)
    adata.X = adata.X.toarray()
    adata.X[:, 7] = np.where(np.arange(adata.n_obs) % 2, 0, 500)
    assert load(adata).gene == adata.var_names[7]


def test_what_cannot_be_opened_is_refused_as_by_its_parts(logged: ad.AnnData) -> None:
    with pytest.raises(UnknownName, match="'cuonts'"):
        load(logged, counts="cuonts")
    with pytest.raises(NotCounts, match="in X"):
        load(logged, counts="X")
    logged.var_names = ["Sox2", *logged.var_names[1:-1], "Sox2"]
    with pytest.raises(DuplicateNames, match="'Sox2'"):
        load(logged)


def test_peaks_are_noted_where_no_card_is_shown() -> None:
    adata = simulate_section(n_rows=15, n_genes=100)
    assert not any("chromatin" in note for note in load(adata).notes)
    adata.var_names = [f"chr1:{i}00-{i}50" for i in range(1, 101)]
    opened = load(adata)
    note = next(note for note in opened.notes if "chromatin accessibility" in note)
    assert note in opened.card.problems


def test_coordinates_under_the_name_of_an_embedding_are_found_and_said() -> None:
    adata = simulate_section(n_rows=15, n_genes=100)
    places = adata.obsm["X_spatial"] = adata.obsm.pop("spatial")
    opened = load(adata)
    assert "spatial" not in adata.obsm
    np.testing.assert_array_equal(opened.adata.obsm["spatial"], places)
    assert dict(opened.card.rows)["Technology"].startswith("10x Visium")
    assert any("obsm['X_spatial'] are used" in note for note in opened.notes)
