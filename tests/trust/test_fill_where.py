"""Zeros that a model itself says are to be filled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.data.blocks import kept_or_filled
from napari_stimpute.data.records import read_records
from napari_stimpute.data.results import write_results
from napari_stimpute.data.simulate import simulate_cells
from napari_stimpute.models import model_info
from napari_stimpute.models.protocols import FillsZeros
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run


def test_counts_stay_bit_for_bit_and_only_chosen_zeros_are_filled() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.7, (50, 20)).astype(np.float32)
    expected, chosen = rng.random((50, 20)).astype(np.float32) + 0.01, rng.random((50, 20)) < 0.5
    filled = kept_or_filled(expected.copy(), sp.csr_matrix(counts), chosen)
    assert filled[counts > 0].tobytes() == counts[counts > 0].tobytes()
    wanted = np.where(counts > 0, counts, np.where(chosen, expected, 0))
    np.testing.assert_array_equal(filled, wanted)


def ran(adata: AnnData, **how: object) -> Run:
    config = model_info("scziva").config
    tiny = config.checked({**config.PRESETS["tiny"], "epochs": 8, "mode": "fill"})
    run = Run(adata, Request("scziva", tiny, device="cpu", **how))  # type: ignore[arg-type]
    drain(run.steps())
    return run


def test_a_blend_is_filled_where_the_model_says_so() -> None:
    adata = simulate_cells(n_cells=150, n_genes=100)
    run = ran(adata)
    assert isinstance(run.model, FillsZeros)
    assert run.results is not None and run.results.imputed is not None
    imputed, counts = run.results.imputed, adata.X.toarray()
    assert imputed[counts > 0].tobytes() == counts[counts > 0].tobytes()
    zero, chosen = counts == 0, run.model.fills(adata)
    assert not imputed[zero & ~chosen].any()
    assert (imputed[zero & chosen] > 0).mean() > 0.99
    assert 0 < chosen[zero].mean() < 1
    probability = run.results.fill_probability
    assert probability is not None
    is_filled = (imputed > 0) & zero
    wanted = np.where(is_filled, run.model.dropout_probability(adata), 0)
    np.testing.assert_array_equal(probability.toarray(), wanted)
    assert probability.data.min() > 0.5  # the threshold
    share = 100 * is_filled[zero].mean()
    assert f"Filled {share:.1f} % of the zeros." in run.results.record.notes


def test_without_a_blend_the_models_own_values_are_filled_in() -> None:
    adata = simulate_cells(n_cells=150, n_genes=100)
    run = ran(adata, blend=False, judged=False)
    assert run.results is not None
    np.testing.assert_array_equal(run.results.imputed, run.model.impute(adata))  # type: ignore[attr-defined]
    write_results(adata, run.results)
    assert read_records(adata)["scziva"].config["mode"] == "fill"
    assert adata.layers["scziva_fill_probability"].nnz > 0
    write_results(adata, replace(run.results, fill_probability=None))
    assert "scziva_fill_probability" not in adata.layers
