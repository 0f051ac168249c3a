"""Communities and networks in an AnnData: written, read back, replaced, removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute import keys
from napari_stimpute.data.records import versions
from napari_stimpute.data.results import Networks, Results, write_results
from napari_stimpute.errors import InputError

from ..records import record_of

N_OBS, N_VARS = 12, 6


def section() -> ad.AnnData:
    return ad.AnnData(np.random.default_rng(0).poisson(1.0, (N_OBS, N_VARS)).astype(np.float32))


def network(n: int, seed: int = 0) -> sp.csr_matrix:
    """Symmetric, grades in (0, 1], zero diagonal."""
    upper = sp.triu(sp.random(n, n, 0.4, format="csr", dtype=np.float32, random_state=seed), 1)
    return sp.csr_matrix(upper + upper.T)


def results(key: str = "scimta", **changes: Any) -> Results:
    record = record_of(
        key,
        (N_OBS, N_VARS),
        model="scimta",
        title="scIMTA",
        versions=versions(),
        started="2025-01-31T12:00:00+00:00",
        fingerprint="f00",
    )
    parts = {
        "communities": np.array([1, 0, 0, -1, 0, 1]),
        "genes": network(N_VARS),
        "cells": network(N_OBS),
    }
    return Results(record, networks=Networks(**{**parts, **changes}))


def held(adata: ad.AnnData) -> set[str]:
    return {*adata.var, *adata.varp, *adata.obsp, *adata.uns.get(keys.UNS, {})}


def test_communities_are_categories_and_genes_in_none_are_missing() -> None:
    adata = section()
    write_results(adata, results())
    column = adata.var["scimta_community"]
    assert list(column.cat.categories) == ["1", "2"]
    assert list(column.cat.codes) == [1, 0, 0, -1, 0, 1]
    assert column.isna().sum() == 1


def test_no_gene_in_any_community_is_a_column_without_categories() -> None:
    adata = section()
    write_results(adata, results(communities=np.full(N_VARS, -1)))
    assert adata.var["scimta_community"].isna().all()


def test_networks_survive_a_file(tmp_path: Path) -> None:
    from napari_stimpute.data.readers.reading import read
    from napari_stimpute.data.save import write

    adata, found = section(), results()
    write_results(adata, found)
    back = read(write(adata, tmp_path / "a.h5ad"))
    assert found.networks is not None
    for kept, network in (
        (back.varp["scimta_gene_graph"], found.networks.genes),
        (back.obsp["scimta_cell_graph"], found.networks.cells),
    ):
        assert sp.issparse(kept) and kept.shape == network.shape
        assert (sp.csr_matrix(kept) != network).nnz == 0
    assert back.var["scimta_community"].equals(adata.var["scimta_community"])


def test_a_new_run_replaces_the_old_networks_and_only_its_own() -> None:
    adata = section()
    write_results(adata, results("other"))
    write_results(adata, results())
    adata.uns["scimta_community_colors"] = ["#000000", "#ffffff"]
    write_results(adata, results(communities=np.zeros(N_VARS, int), genes=network(N_VARS, 5)))
    assert list(adata.var["scimta_community"].cat.categories) == ["1"]
    assert (adata.varp["scimta_gene_graph"] != network(N_VARS, 5)).nnz == 0
    assert (adata.varp["other_gene_graph"] != network(N_VARS)).nnz == 0
    assert "scimta_community_colors" not in adata.uns


def test_a_run_without_networks_removes_those_of_the_one_before() -> None:
    adata = section()
    write_results(adata, results("other"))
    write_results(adata, results())
    write_results(adata, Results(results().record))
    names = {"other_community", "other_gene_graph", "other_cell_graph", "other", "scimta"}
    assert held(adata) == names


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"communities": np.zeros(5, int)}, r"the community of each gene \(6\).*\(5\)"),
        ({"genes": network(N_OBS)}, r"a network of the genes \(6 × 6\).*\(12 × 12\)"),
        ({"cells": network(N_VARS)}, r"a network of the spots \(12 × 12\).*\(6 × 6\)"),
    ],
)
def test_networks_that_do_not_fit_change_nothing(changes: dict[str, Any], words: str) -> None:
    adata = section()
    with pytest.raises(InputError, match=words):
        write_results(adata, results(**changes))
    assert held(adata) == set()
