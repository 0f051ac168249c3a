"""Maps of spots: of what a run learned, the same for the same seed, and like lies by like."""

from __future__ import annotations

import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData
from sklearn.decomposition import PCA

from napari_stimpute import keys
from napari_stimpute.analysis import space_steps, spaces, write_space
from napari_stimpute.analysis.spaces import neighbour_steps
from napari_stimpute.data.simulate import TRUE_RATE
from napari_stimpute.errors import InputError, TooSmall, UnknownName
from napari_stimpute.progress import Progress

from ..simulated import simulate_section


def finished(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def spots() -> AnnData:
    """Two clouds far apart in the embedding of a run; another run has imputed genes alone."""
    adata = simulate_section(seed=0, n_rows=20, n_genes=100)[:100].copy()
    generator = np.random.default_rng(0)
    places = generator.normal(size=(adata.n_obs, 5))
    adata.obs["far"] = np.arange(adata.n_obs) % 2
    places[:, 0] += 20 * adata.obs["far"]
    adata.obsm[keys.embedding("run")] = places.astype(np.float32)
    adata.layers[keys.imputed("flat")] = adata.layers[TRUE_RATE].astype(np.float32)
    return adata


def test_components_are_those_of_the_embedding(spots: AnnData) -> None:
    places = finished(space_steps(spots, "run", "pca"))
    expected = PCA(2).fit_transform(spots.obsm[keys.embedding("run")])
    assert places.dtype == np.float32
    for axis in range(2):
        assert abs(np.corrcoef(places[:, axis], expected[:, axis])[0, 1]) > 0.9999


def test_clouds_stay_apart_in_a_umap(spots: AnnData) -> None:
    places = finished(space_steps(spots, "run", "umap"))
    far = spots.obs["far"].to_numpy(dtype=bool)
    centres = places[far].mean(axis=0), places[~far].mean(axis=0)
    nearer = np.linalg.norm(places - centres[0], axis=1) < np.linalg.norm(
        places - centres[1], axis=1
    )
    np.testing.assert_array_equal(nearer, far)


@pytest.mark.parametrize("kind", ["umap", "pca"])
@pytest.mark.parametrize("key", ["run", "flat", "counts"])
def test_the_same_seed_gives_the_same_places(spots: AnnData, key: str, kind: str) -> None:
    first, second = (finished(space_steps(spots, key, kind, seed=3)) for _ in range(2))
    assert first.shape == (spots.n_obs, 2) and np.isfinite(first).all()
    np.testing.assert_array_equal(first, second)


def test_a_run_without_embedding_is_laid_out_by_its_imputed_genes(spots: AnnData) -> None:
    places = finished(space_steps(spots, "flat", "pca"))
    rate = spots.layers[TRUE_RATE]
    depth = rate.sum(axis=1) / np.median(rate.sum(axis=1))
    expected = PCA(1).fit_transform(np.log1p(rate / depth[:, None]))
    assert abs(np.corrcoef(places[:, 0], expected[:, 0])[0, 1]) > 0.999


def test_a_map_can_be_stopped_between_its_parts(spots: AnnData) -> None:
    steps = space_steps(spots, "counts", "umap")
    assert [next(steps).message for _ in range(3)] == [
        "Finding components",
        "Finding neighbours",
        "Laying out the map",
    ]
    steps.close()


@pytest.mark.parametrize(("n", "kind"), [(2, "pca"), (4, "umap")])
def test_as_few_spots_as_allowed_are_laid_out(spots: AnnData, n: int, kind: str) -> None:
    for key in ("run", "flat", "counts"):
        places = finished(space_steps(spots[:n].copy(), key, kind))
        assert places.shape == (n, 2) and np.isfinite(places).all()


@pytest.mark.parametrize(("n", "kind"), [(1, "pca"), (2, "umap")])
def test_fewer_spots_are_refused_in_words(spots: AnnData, n: int, kind: str) -> None:
    with pytest.raises(TooSmall, match="at least"):
        finished(space_steps(spots[:n].copy(), "run", kind))


@pytest.mark.parametrize("kind", ["umap", "pca"])
def test_spots_that_are_all_alike_are_laid_out(kind: str) -> None:
    adata = AnnData(np.ones((30, 4), np.float32))
    adata.obsm[keys.embedding("run")] = np.zeros((30, 3), np.float32)
    for key in ("run", "counts"):
        assert np.isfinite(finished(space_steps(adata, key, kind))).all()


def test_one_dimension_is_laid_out_on_a_line(spots: AnnData) -> None:
    adata = spots.copy()
    adata.obsm[keys.embedding("run")] = adata.obsm[keys.embedding("run")][:, :1]
    assert (finished(space_steps(adata, "run", "pca"))[:, 1] == 0).all()


def test_spots_without_molecules_are_laid_out(spots: AnnData) -> None:
    adata = spots.copy()
    adata.X = adata.X.toarray()
    adata.X[:5] = 0
    assert np.isfinite(finished(space_steps(adata, "counts", "umap"))).all()


def test_unknown_runs_and_kinds_are_refused(spots: AnnData) -> None:
    with pytest.raises(UnknownName, match="'counts', 'flat'"):
        finished(space_steps(spots, "no such", "pca"))
    with pytest.raises(UnknownName, match="'umap', 'pca'"):
        finished(space_steps(spots, "run", "tsne"))


def test_places_are_kept_under_the_runs_key(spots: AnnData) -> None:
    adata = spots.copy()
    write_space(adata, "run", "pca", np.ones((adata.n_obs, 2)))
    assert adata.obsm["X_run_pca"].dtype == np.float32
    with pytest.raises(InputError, match="3 × 2"):
        write_space(adata, "run", "pca", np.ones((3, 2)))


def test_neighbours_found_in_blocks_are_those_of_scanpy(
    spots: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = spots.obsm[keys.embedding("run")]
    now = Progress("space", 1, 3)
    expected = AnnData(places)
    sc.pp.neighbors(expected, n_neighbors=15, use_rep="X")
    monkeypatch.setattr(spaces, "BLOCK", 30)
    found = finished(neighbour_steps(places, 0, now)).obsp["connectivities"]
    assert len(list(neighbour_steps(places, 0, now))) == 4
    np.testing.assert_allclose(
        found.toarray(), expected.obsp["connectivities"].toarray(), atol=1e-4
    )


def test_twins_are_neighbours_and_not_themselves() -> None:
    twins = np.repeat(np.random.default_rng(0).normal(size=(3, 2)), 25, axis=0)
    data = finished(neighbour_steps(twins.astype(np.float32), 0, Progress("space", 1, 3)))
    assert data.obsp["connectivities"].diagonal().sum() == 0
    assert np.isfinite(data.obsp["connectivities"].data).all()
