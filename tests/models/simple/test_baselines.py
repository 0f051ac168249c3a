from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.errors import BadCoordinates, MissingKey, UnknownName
from napari_stimpute.models.simple.baselines import GeneMean, NeighbourMean, PCADenoiser

MakeSection = Callable[..., AnnData]


def by_hand(counts: list[list[float]], places: list[list[float]] | None = None) -> AnnData:
    adata = AnnData(sp.csr_matrix(np.array(counts, np.float32)))
    if places is not None:
        adata.obsm["spatial"] = np.array(places, float)
    return adata


def test_gene_mean_is_each_genes_share_of_all_molecules_times_depth() -> None:
    adata = by_hand([[1, 3], [0, 4], [2, 0]])
    share, depth = np.array([3, 7]) / 10, np.array([4, 4, 2])
    np.testing.assert_allclose(GeneMean().fit(adata).impute(adata), np.outer(depth, share))


def test_gene_mean_keeps_depths_and_gene_totals(section: AnnData) -> None:
    imputed, counts = GeneMean().fit(section).impute(section), section.X.toarray()
    for axis in (0, 1):
        np.testing.assert_allclose(imputed.sum(axis), counts.sum(axis), rtol=1e-4)


def test_neighbours_in_the_tissue_are_pooled_at_the_spots_own_depth() -> None:
    adata = by_hand([[4, 0], [0, 2], [9, 9], [1, 1]], [[0, 0], [1, 0], [10, 0], [10.5, 0]])
    model = NeighbourMean(neighbors="tissue", n_neighbors=2).fit(adata)
    expected = [[4 * 4 / 6, 4 * 2 / 6], [2 * 4 / 6, 2 * 2 / 6], [9, 9], [1, 1]]
    np.testing.assert_allclose(model.impute(adata), expected, rtol=1e-6)


def test_neighbours_in_expression_ignore_where_spots_lie(section: AnnData) -> None:
    model = NeighbourMean().fit(section)
    found = model.impute(section)
    del section.obsm["spatial"]
    np.testing.assert_array_equal(model.impute(section), found)


def test_neighbours_in_expression_follow_the_scattered_program(make_section: MakeSection) -> None:
    adata = make_section(bands=0, scattered=2.5)
    imputed = {
        n: NeighbourMean(neighbors=n, n_neighbors=10).fit(adata).impute(adata)
        for n in ("expression", "tissue")
    }
    truth = adata.layers["expected"]
    error = {n: np.square(found - truth).mean() for n, found in imputed.items()}
    assert error["expression"] < 0.5 * error["tissue"]


def test_more_neighbours_than_spots_are_all_spots() -> None:
    adata = by_hand([[4, 0], [0, 2]], [[0, 0], [1, 0]])
    found = NeighbourMean(neighbors="tissue", n_neighbors=50).fit(adata).impute(adata)
    np.testing.assert_allclose(found, [[16 / 6, 8 / 6], [8 / 6, 4 / 6]], rtol=1e-6)


def test_neighbours_in_the_tissue_need_coordinates(section: AnnData) -> None:
    section.obsm["spatial"][:] = 1.0
    with pytest.raises(BadCoordinates, match="all 120 spots in one"):
        NeighbourMean(neighbors="tissue").fit(section)
    del section.obsm["spatial"]
    with pytest.raises(MissingKey, match=r"obsm\['spatial'\]"):
        NeighbourMean(neighbors="tissue").fit(section)


def test_pca_denoiser_restores_gene_totals(section: AnnData) -> None:
    imputed = PCADenoiser(n_components=5).fit(section).impute(section)
    np.testing.assert_allclose(imputed.sum(0), np.asarray(section.X.sum(0)).ravel(), rtol=1e-4)


def test_pca_denoiser_gives_low_rank_data_back() -> None:
    rng = np.random.default_rng(0)
    profiles = rng.integers(1, 40, (2, 8)).astype(np.float32)
    kind = np.arange(30) % 2
    adata = by_hand((profiles[kind] * (1 + np.arange(30)[:, None] % 3)).tolist())
    found = PCADenoiser(n_components=1).fit(adata).impute(adata)
    np.testing.assert_allclose(found, adata.X.toarray(), rtol=1e-3)


def test_pca_denoiser_applied_to_new_spots_uses_what_it_learned(section: AnnData) -> None:
    model = PCADenoiser(n_components=5).fit(section)
    some = section[40:70].copy()
    np.testing.assert_allclose(model.impute(some), model.impute(section)[40:70], rtol=1e-4)


def test_a_gene_that_was_not_modelled_is_refused_by_name(section: AnnData) -> None:
    with pytest.raises(UnknownName, match=r"name of a modelled gene.*'gene 6O'.*'gene 6'"):
        GeneMean().fit(section).impute(section, genes=["gene 1", "gene 6O"])
