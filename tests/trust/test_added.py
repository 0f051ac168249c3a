"""Genes that a run did not model: simple predictions, judged as honestly as its own."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute import keys
from napari_stimpute.data.extend import extend, learned_by
from napari_stimpute.data.genes import asked_for, working_adata
from napari_stimpute.data.records import read_records
from napari_stimpute.data.results import write_results
from napari_stimpute.models import model_info
from napari_stimpute.run import Request, Run
from napari_stimpute.trust.added import added_steps
from napari_stimpute.trust.verdict import VERDICTS, badge, trust_table

T = TypeVar("T")

N_PATTERNED, N_FLAT = 60, 20


def to_the_end(steps: Generator[object, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def working() -> ad.AnnData:
    """Genes p0… differ between two halves of 200 cells, f0… do not; of each the first 10 and 0."""
    rng = np.random.default_rng(0)
    rate = np.full((200, N_PATTERNED + N_FLAT), 2.0)
    rate[:100, :N_PATTERNED:2] = rate[100:, 1:N_PATTERNED:2] = 8.0
    adata = ad.AnnData(sp.csr_matrix(rng.poisson(rate).astype(np.float32)))
    adata.var_names = [f"p{i}" for i in range(N_PATTERNED)] + [f"f{i}" for i in range(N_FLAT)]
    adata.obs_names = [f"c{i}" for i in range(200)]
    adata.layers["counts"], adata.layers["logged"] = adata.X.copy(), adata.X.log1p()
    adata.var["is_known"], adata.varm["loadings"] = True, np.ones((adata.n_vars, 2))
    work, _ = working_adata(adata, also=())
    few = [name for name in work.var_names if name.startswith("p")][10:]
    whole, work = work, work[:, few].copy()
    work.raw = whole
    return work


def with_run(
    adata: ad.AnnData, model: str, *, judged: bool = True, **changes: object
) -> ad.AnnData:
    adata = adata.copy()
    config = model_info(model).config
    settings = config.checked({**config.PRESETS.get("tiny", {}), **changes})
    run = Run(adata, Request(model, settings, judged=judged))
    to_the_end(run.steps())
    assert run.results is not None
    write_results(adata, run.results)
    return adata


NEW = [f"f{i}" for i in range(N_FLAT)] + ["p0", "p1"]


def test_added_genes_are_judged_as_honestly_as_the_others(working: ad.AnnData) -> None:
    adata = with_run(working, "mixture")
    before = adata.copy()
    extend(adata, NEW, to_the_end(added_steps(adata, NEW)))
    table = trust_table(adata, "mixture")
    assert table is not None
    verdicts = table["verdict"]
    assert set(verdicts[["p0", "p1"]]) == {"reliable"}
    assert not (verdicts[[name for name in NEW if name.startswith("f")]] == "reliable").any()
    assert np.isfinite(adata.layers["mixture_imputed"]).all()
    of_run = adata[:, before.var_names]
    np.testing.assert_array_equal(
        of_run.layers["mixture_imputed"], before.layers["mixture_imputed"]
    )
    assert verdicts[before.var_names].equals(trust_table(before, "mixture")["verdict"])  # type: ignore[index]


def test_what_was_added_is_said_to_be_of_simple_parts(working: ad.AnnData) -> None:
    adata = with_run(working, "scziva")
    extend(adata, ["p0"], to_the_end(added_steps(adata, ["p0"])))
    record, found = read_records(adata)["scziva"], badge(adata, "scziva", "p0")
    assert list(record.added) == ["p0"] and asked_for(adata) == ["p0"]
    assert "not by scZiva, but blended of simple predictions alone" in record.notes[-1]
    assert found is not None and found.is_added
    assert found.blend.startswith("Added later, of simple predictions alone: ")
    assert dict(found.weights)["scZiva"] == 0 and sum(dict(found.weights).values()) > 0.99
    assert trust_table(adata, "scziva").loc["p0", "model_weight"] == 0  # type: ignore[union-attr]
    assert record.trust is not None and sum(record.trust.verdicts.values()) == adata.n_vars
    assert list(record.trust.verdicts) == list(VERDICTS)


def test_a_run_that_fills_zeros_leaves_the_counts_of_added_genes(working: ad.AnnData) -> None:
    adata = with_run(working, "scziva", mode="fill")
    extend(adata, ["p0"], to_the_end(added_steps(adata, ["p0"])))
    counts, values = adata[:, "p0"].X.toarray(), adata[:, "p0"].layers["scziva_imputed"]
    np.testing.assert_array_equal(values[counts > 0], counts[counts > 0])
    filled = np.asarray(adata[:, "p0"].layers["scziva_fill_probability"].todense())
    assert ((filled > 0) == ((counts == 0) & (values > 0))).all()


def test_where_nothing_is_judged_nothing_added_is(working: ad.AnnData) -> None:
    adata = with_run(working, "pca", judged=False)
    extend(adata, ["p0"], to_the_end(added_steps(adata, ["p0"])))
    assert keys.trust("pca") not in adata.var and "p0" in adata.var_names
    assert badge(adata, "pca", "p0") is None


def test_a_run_blended_of_other_simple_methods_says_no_shares(working: ad.AnnData) -> None:
    adata = with_run(working, "mixture")
    adata.obsm["spatial"] = np.random.default_rng(0).random((200, 2))
    extend(adata, ["p0"], to_the_end(added_steps(adata, ["p0"])))
    found = badge(adata, "mixture", "p0")
    assert found is not None and found.blend == "Added later, of simple predictions alone"
    assert found.verdict == "reliable" and found.baseline in found.sentence


def test_all_that_lies_beside_the_genes_goes_with_them(working: ad.AnnData) -> None:
    adata = with_run(working, "gene_mean")
    is_same, raw = adata, adata.raw.X.copy()
    notes = extend(adata, ["p0"], to_the_end(added_steps(adata, ["p0"])))
    assert adata is is_same and adata.n_vars == N_PATTERNED - 9
    assert (adata.X != adata.raw[:, adata.var_names].X).nnz == 0
    assert (adata.layers["counts"] != adata.X).nnz == 0
    assert "logged" not in adata.layers and adata.obsm["logged"].shape[1] == N_PATTERNED - 10
    assert "'logged' to obsm['logged']" in notes[0]
    assert adata.var["is_known"].dtype == bool and adata.var["is_known"].all()
    assert np.isnan(adata[:, "p0"].varm["loadings"]).all()
    assert (raw != adata.raw.X).nnz == 0


def test_what_a_pipeline_makes_again_is_without_added_genes(working: ad.AnnData) -> None:
    adata = with_run(working, "gene_mean")
    assert learned_by(read_records(adata)["gene_mean"], adata) is adata
    before = list(adata.var_names)
    extend(adata, ["p0"], to_the_end(added_steps(adata, ["p0"])))
    assert list(learned_by(read_records(adata)["gene_mean"], adata).var_names) == before


def test_without_runs_genes_are_only_made_ready(working: ad.AnnData) -> None:
    adata = working.copy()
    extend(adata, ["p0"], to_the_end(added_steps(adata, ["p0"])))
    assert "p0" in adata.var_names and keys.UNS not in adata.uns
    assert adata.uns[keys.GENE_CHOICE].endswith("modelled in any case (1): p0.")
