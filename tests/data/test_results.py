from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute import keys
from napari_stimpute.data.records import (
    RunRecord,
    check_run_key,
    fingerprint,
    read_records,
    records_in,
    versions,
)
from napari_stimpute.data.results import Results, check_outlived, write_results
from napari_stimpute.data.structure import named
from napari_stimpute.errors import (
    Diverged,
    GenesMismatch,
    InputError,
    InvalidSetting,
    NotReadable,
)


def section() -> ad.AnnData:
    return ad.AnnData(np.random.default_rng(0).poisson(1.0, (12, 5)).astype(np.float32))


def record(**changes: Any) -> RunRecord:
    values = {
        "key": "gmm_vgae",
        "model": "gmm_vgae",
        "title": "GMM-VGAE",
        "config": {"n_latent": 8},
        "seed": 3,
        "device": "cpu",
        "versions": versions(),
        "started": "2025-01-31T12:00:00+00:00",
        "seconds": 1.5,
        "completed": True,
        "n_obs": 12,
        "n_vars": 5,
        "fingerprint": "f00",
        "metrics": {"deviance": 0.25},
        "notes": ["2 spots have no counts."],
    }
    return RunRecord(**{**values, **changes})


def results(**changes: Any) -> Results:
    rng = np.random.default_rng(1)
    values = {
        "record": record(),
        "imputed": rng.random((12, 5)),
        "embedding": rng.random((12, 3)),
        "clusters": np.arange(12) % 3,
        "cluster_probability": rng.dirichlet(np.ones(3), 12),
    }
    return Results(**{**values, **changes})


def test_results_land_under_their_keys_as_float32() -> None:
    adata, found = section(), results()
    write_results(adata, found)
    assert adata.layers["gmm_vgae_imputed"].dtype == np.float32
    assert np.allclose(adata.layers["gmm_vgae_imputed"], found.imputed)
    assert np.allclose(adata.obsm["X_gmm_vgae"], found.embedding)
    assert np.allclose(adata.obsm["gmm_vgae_cluster_probability"], found.cluster_probability)
    assert list(adata.obs["gmm_vgae_cluster"].cat.categories) == ["1", "2", "3"]
    assert list(adata.obs["gmm_vgae_cluster"][:4]) == ["1", "2", "3", "1"]


def test_categories_are_in_order_of_number_and_without_empty_ones() -> None:
    adata = section()
    clusters = np.array([10, 0, 1, 10, 0, 1, 10, 0, 1, 1, 1, 1])
    write_results(adata, results(clusters=clusters, cluster_probability=np.ones((12, 11))))
    assert list(adata.obs["gmm_vgae_cluster"].cat.categories) == ["1", "2", "11"]
    assert list(adata.obs["gmm_vgae_cluster"][:3]) == ["11", "1", "2"]


def test_results_and_record_survive_a_file(tmp_path: Path) -> None:
    adata = section()
    write_results(adata, results())
    write_results(adata, results(record=record(key="gene_mean", metrics={"score": np.nan})))
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = ad.read_h5ad(tmp_path / "a.h5ad")
    records = read_records(back)
    assert list(records) == ["gene_mean", "gmm_vgae"] or list(records) == ["gmm_vgae", "gene_mean"]
    assert records["gmm_vgae"] == record()
    assert np.isnan(records["gene_mean"].metrics["score"])
    assert np.array_equal(back.layers["gmm_vgae_imputed"], adata.layers["gmm_vgae_imputed"])
    assert back.obs["gmm_vgae_cluster"].equals(adata.obs["gmm_vgae_cluster"])


def test_a_record_is_parsed_once_however_often_it_is_asked_for() -> None:
    adata = section()
    write_results(adata, results())
    assert read_records(adata)["gmm_vgae"] is read_records(adata)["gmm_vgae"]


def test_no_runs_are_no_records() -> None:
    assert read_records(section()) == {}


def test_a_damaged_record_is_said_with_the_way_out() -> None:
    adata = section()
    adata.uns["stimpute"] = {"gmm_vgae": "{"}
    with pytest.raises(NotReadable, match=r"del adata.uns\['stimpute'\]\['gmm_vgae'\]"):
        read_records(adata)


@pytest.mark.parametrize("name", ["imputed", "embedding", "cluster_probability"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite_are_never_written(name: str, value: float) -> None:
    adata = section()
    found = results()
    getattr(found, name)[4, 1] = value
    with pytest.raises(Diverged, match=f"finite {name.replace('_', ' ')} values of 'gmm_vgae'"):
        write_results(adata, found)
    assert_untouched(adata)


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"imputed": np.ones((12, 4))}, GenesMismatch, "12 spots × 5 genes.*array of 12 × 4"),
        ({"embedding": np.ones((11, 3))}, InputError, "the embedding of 12 spots.*11 × 3"),
        ({"embedding": np.ones(12)}, InputError, "the embedding of 12 spots"),
        ({"clusters": np.zeros(3, int)}, InputError, "the clusters of 12 spots"),
        ({"clusters": np.zeros(12)}, InputError, "clusters as whole numbers from 0"),
        ({"clusters": np.full(12, -1)}, InputError, "clusters as whole numbers from 0"),
        ({"cluster_probability": np.ones((12, 2))}, InputError, "a probability for every cluster"),
        ({"record": record(key="a/b")}, InvalidSetting, "key to be letters"),
    ],
)
def test_results_that_do_not_fit_change_nothing(
    changes: dict[str, Any], kind: type[Exception], words: str
) -> None:
    adata = section()
    with pytest.raises(kind, match=words):
        write_results(adata, results(**changes))
    assert_untouched(adata)


def assert_untouched(adata: ad.AnnData) -> None:
    assert not named(adata, "layers")
    assert not list(adata.obsm)
    assert not list(adata.obs)
    assert not adata.uns


def test_a_new_run_replaces_all_of_the_old_one_and_nothing_else() -> None:
    adata = section()
    write_results(adata, results(record=record(key="other")))
    write_results(adata, results(cluster_stability=np.full(12, 0.5)))
    assert (adata.obs["gmm_vgae_cluster_stability"] == 0.5).all()
    adata.uns["gmm_vgae_cluster_colors"] = ["#000000"] * 3
    made = ("pseudotime", "pseudotime_2", "community_1_activity")
    for column in (*(f"gmm_vgae_{name}" for name in made), "other_pseudotime"):
        adata.obs[column] = 0.5
    write_results(adata, results(clusters=None, cluster_probability=None, record=record(seed=9)))
    assert "gmm_vgae_cluster" not in adata.obs
    assert "gmm_vgae_cluster_probability" not in adata.obsm
    assert "gmm_vgae_cluster_colors" not in adata.uns
    assert set(adata.obs) == {"other_cluster", "other_pseudotime"}
    assert "gmm_vgae_imputed" in adata.layers
    assert {k: r.seed for k, r in read_records(adata).items()} == {"other": 3, "gmm_vgae": 9}


def test_a_run_that_was_not_completed_does_not_replace_a_finished_one() -> None:
    finished, stopped = record(completed=True), record(completed=False)
    with pytest.raises(InputError, match=r"as “gmm_vgae” is, but found one that was not complete"):
        check_outlived([stopped, finished], stopped)
    with pytest.raises(InputError, match="Choose another file"):
        check_outlived([finished], stopped, "Choose another file.")
    check_outlived([finished], finished)
    check_outlived([stopped], stopped)
    check_outlived([], stopped)


def test_records_are_read_from_a_file_without_the_rest(tmp_path: Path) -> None:
    adata, file = section(), tmp_path / "a.h5ad"
    for completed in (False, True):
        written = write_results(adata, results(record=record(completed=completed)))
        adata.write_h5ad(file)
        assert records_in(file) == {"gmm_vgae": written}
        assert written.completed is completed
    with h5py.File(file, "r+") as content:  # from elsewhere: a group where a text should be
        content.create_group(f"uns/{keys.UNS}/other")
        content[f"uns/{keys.UNS}/damaged"] = "{"
    assert records_in(file) == {"gmm_vgae": written}
    file.write_bytes(file.read_bytes()[:3000])  # broken off: not a result, and no traceback
    assert records_in(file) == {}
    assert records_in(tmp_path / "nothing.h5ad") == {}


def test_what_is_not_ours_is_moved_aside_and_said() -> None:
    adata = section()
    theirs = np.arange(24.0).reshape(12, 2)
    adata.obsm["X_gmm_vgae"] = theirs
    adata.obs["gmm_vgae_cluster"] = "theirs"
    adata.obs["gmm_vgae_pseudotime"] = 0.5
    for seed in (3, 4):  # the second replaces the first, which is ours
        written = write_results(adata, results(record=record(seed=seed)))
        np.testing.assert_array_equal(adata.obsm["X_gmm_vgae_before_stimpute"], theirs)
        assert set(adata.obs["gmm_vgae_cluster_before_stimpute"]) == {"theirs"}
        assert adata.obsm["X_gmm_vgae"].shape != theirs.shape
        sentence = (
            "What obsm['X_gmm_vgae'] held before is kept in obsm['X_gmm_vgae_before_stimpute']."
        )
        assert (sentence in written.notes) == (seed == 3)
        assert ("gmm_vgae_pseudotime" in adata.obs) == (seed == 3)
        assert read_records(adata)["gmm_vgae"] == written
    assert list(adata.obsm) == [k for k in adata.obsm if not k.endswith("_2")]


@pytest.mark.parametrize("key", ["counts", "log", "scimta_umap", "mine_pca"])
def test_a_key_that_means_something_else_is_refused(key: str) -> None:
    with pytest.raises(InvalidSetting, match="key to be a name that stands for nothing else"):
        check_run_key(key)
    for fine in ("pca", "umap", "log_2", "scimta"):
        check_run_key(fine)


def test_versions_are_those_installed() -> None:
    found = versions()
    assert found["numpy"] == np.__version__
    assert found["napari-stimpute"] == version("napari-stimpute")
    assert {"torch", "scipy", "anndata"} <= set(found)


def test_equal_counts_have_equal_fingerprints_however_they_are_indexed() -> None:
    counts = sp.csr_matrix(section().X)
    wide = counts.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    assert fingerprint(wide) == fingerprint(counts)
    assert fingerprint(counts.astype(np.int32)) == fingerprint(counts)


def test_any_change_changes_the_fingerprint() -> None:
    counts = sp.csr_matrix(section().X)
    changed, moved = counts.copy(), counts.tocoo()
    changed.data[0] += 1
    wider = sp.csr_matrix((counts.data, counts.indices, counts.indptr), shape=(12, 6))
    moved = sp.csr_matrix((moved.data, (moved.row[::-1], moved.col)), shape=(12, 5))
    assert len({fingerprint(c) for c in (counts, changed, wider, moved)}) == 4
