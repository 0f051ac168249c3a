"""Variable genes before and after imputing: ranked as scanpy ranks them, never without chance."""

from __future__ import annotations

import numpy as np
import pytest
import scanpy as sc
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.analysis import VariableGenes, variable_genes
from napari_stimpute.data.simulate import TRUE_RATE
from napari_stimpute.errors import TooSmall, UnknownName

from ..simulated import simulate_section


@pytest.fixture(scope="module")
def imputed() -> AnnData:
    """A section whose imputed layer is the known truth."""
    adata = simulate_section(n_rows=20, n_genes=200)
    adata.layers[keys.imputed("run")] = adata.layers[TRUE_RATE]
    return adata


def test_ranks_are_those_of_scanpy(imputed: AnnData) -> None:
    table = sc.pp.highly_variable_genes(
        imputed, flavor="seurat_v3", n_top_genes=30, inplace=False, subset=False
    )
    expected = set(imputed.var_names[table["highly_variable"]])
    assert set(variable_genes(imputed, "run", 30).before) == expected


def test_imputed_layer_is_ranked_and_not_raw(imputed: AnnData) -> None:
    adata = imputed.copy()
    adata.raw = adata  # what scanpy would take by default
    flat = adata.layers[keys.imputed("run")].mean(axis=0, keepdims=True)
    depth = adata.X.sum(axis=1) / adata.X.sum(axis=1).mean()
    noise = np.random.default_rng(0).gamma(200.0, 1 / 200.0, adata.shape)
    loud = np.ones((1, adata.n_vars))
    loud[0, 17] = 5.0
    swing = np.where(np.arange(adata.n_obs)[:, None] % 2, loud, 1 / loud)
    adata.layers[keys.imputed("run")] = np.asarray(depth) * flat * noise * swing
    assert variable_genes(adata, "run", 5).after[0] == adata.var_names[17]


def test_the_most_variable_comes_first(imputed: AnnData) -> None:
    longer = variable_genes(imputed, "run", 30)
    shorter = variable_genes(imputed, "run", 10)
    assert longer.before[:10] == shorter.before
    assert longer.after[:10] == shorter.after


def test_input_is_unchanged(imputed: AnnData) -> None:
    before = imputed.copy()
    variable_genes(imputed, "run")
    assert list(imputed.var) == list(before.var)
    assert (imputed.X != before.X).nnz == 0


def test_of_few_genes_only_a_quarter_counts_as_variable(imputed: AnnData) -> None:
    found = variable_genes(imputed, "run")
    assert len(found.before) == len(found.after) == 50
    assert found.by_chance == pytest.approx(50 * 50 / 200)


def test_overlap_is_never_told_without_chance() -> None:
    found = VariableGenes(("a", "b", "c", "d"), ("d", "x", "a", "y"), 8)
    assert found.shared == ("a", "d")
    assert (found.overlap, found.share, found.by_chance) == (2, 0.5, 2.0)
    assert "2 (50 %)" in found.note and "two random lists would share 2.0" in found.note


def test_small_data_are_ranked_too(imputed: AnnData) -> None:
    few = imputed[:25, :30].copy()
    found = variable_genes(few, "run")
    assert len(found.before) == len(found.after) == 7


def test_genes_without_molecules_are_never_variable(imputed: AnnData) -> None:
    adata = imputed.copy()
    counts = adata.X.tolil()
    counts[:, :20] = 0
    adata.X = sp.csr_matrix(counts)
    adata.layers[keys.imputed("run")][:, :20] = 0
    found = variable_genes(adata, "run")
    assert not {*found.before, *found.after} & set(adata.var_names[:20])


def test_too_few_spots_are_refused_in_words(imputed: AnnData) -> None:
    with pytest.raises(TooSmall, match=r"2 (spots|cells) and"):
        variable_genes(imputed[:2].copy(), "run")


def test_unknown_run_lists_those_there_are(imputed: AnnData) -> None:
    with pytest.raises(UnknownName, match="'run'"):
        variable_genes(imputed, "gmm_vgae")
