"""scZiva, scAMZI and scIMTA from the shell, on cells of the sample: what lands in the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute import keys
from napari_stimpute.cli import main
from napari_stimpute.data.records import read_records

SAMPLE = Path(__file__).parents[2] / "sample_data" / "cells.h5ad"
MODELS = ("scziva", "scamzi", "scimta")
TINY = ("--preset", "tiny", "--n-clusters", "4", "--set", "epochs=6", "--quiet")


Written = Callable[..., ad.AnnData]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every fourth cell of the sample, and every other gene."""
    path = tmp_path_factory.mktemp("cells") / "cells.h5ad"
    ad.read_h5ad(SAMPLE)[::4, ::2].copy().write_h5ad(path)
    return path


@pytest.fixture
def written(cells: Path, tmp_path: Path) -> Written:
    """The file that a command writes of these cells."""

    def write(verb: str, model: str, *settings: str) -> ad.AnnData:
        out = tmp_path / f"{verb}_{model}.h5ad"
        assert main([verb, str(cells), str(out), "--model", model, *TINY, *settings]) == 0
        return ad.read_h5ad(out)

    return write


def check_clusters(adata: ad.AnnData, model: str) -> None:
    record = read_records(adata)[model]
    assert record.completed and record.config["n_clusters"] == 4
    assert (adata.n_obs, adata.n_vars) == (200, 150)
    assert np.isfinite(adata.obsm[keys.embedding(model)]).all()
    assert list(adata.obs[keys.cluster(model)].cat.categories) == ["1", "2", "3", "4"]
    probability = adata.obsm[keys.cluster_probability(model)]
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-5)
    assert adata.obs[keys.cluster_stability(model)].between(0, 1).all()


def check_networks(adata: ad.AnnData, model: str) -> None:
    held = keys.gene_graph(model) in adata.varp, keys.cell_graph(model) in adata.obsp
    assert held == ((model == "scimta",) * 2)
    assert (keys.community(model) in adata.var) == (model == "scimta")


@pytest.mark.parametrize("model", MODELS)
def test_cluster_writes_clusters_embedding_and_networks(model: str, written: Written) -> None:
    adata = written("cluster", model)
    check_clusters(adata, model)
    check_networks(adata, model)
    assert keys.imputed(model) not in adata.layers


@pytest.mark.parametrize("model", MODELS)
def test_impute_writes_expected_counts_beside_them(model: str, written: Written) -> None:
    adata = written("impute", model)
    check_clusters(adata, model)
    check_networks(adata, model)
    imputed = adata.layers[keys.imputed(model)]
    assert imputed.dtype == np.float32 and np.isfinite(imputed).all() and (imputed >= 0).all()
    assert keys.trust(model) in adata.var and keys.weights(model) in adata.varm


@pytest.mark.parametrize("model", MODELS)
def test_filling_keeps_what_was_counted_bit_for_bit(model: str, written: Written) -> None:
    settings = ("--mode", "fill", "--no-judge")
    adata = written("impute", model, *settings)
    imputed, counts = adata.layers[keys.imputed(model)], sp.csr_matrix(adata.X).toarray()
    assert np.array_equal(imputed[counts > 0], counts[counts > 0])
    filled = (imputed > 0)[counts == 0].mean()
    assert 0 < filled < 1


def test_batches_are_named_in_the_shell(written: Written) -> None:
    adata = written("cluster", "scimta", "--set", "batch_key=batch")
    assert read_records(adata)["scimta"].config["batch_key"] == "batch"
    check_clusters(adata, "scimta")


def test_a_batch_column_that_is_missing_is_said(
    cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["cluster", str(cells), str(tmp_path / "out.h5ad"), "--model", "scimta"]
    assert main([*argv, "--set", "batch_key=plate"]) == 1
    text = capsys.readouterr().err
    assert "a column 'plate' in obs that names the batches" in text
    assert "'cell_type', 'batch', 'condition'" in text
