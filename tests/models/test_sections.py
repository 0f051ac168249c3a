"""Sections that nobody named: what is learned of one knows nothing of where the other lies."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.models import model_info
from napari_stimpute.models.simple.baselines import NeighbourMean
from napari_stimpute.models.simple.mixture import tissue_graph
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run

from ..overlaid import hexagonal, overlaid

N = len(hexagonal())


@pytest.fixture
def both() -> AnnData:
    return overlaid()


def test_the_mean_over_neighbours_is_that_of_the_section_alone(both: AnnData) -> None:
    one = both[:N].copy()
    model = NeighbourMean(neighbors="tissue", n_neighbors=7)
    found = model.fit(both).impute(both)[:N]
    np.testing.assert_allclose(found, model.fit(one).impute(one), rtol=1e-5)


def test_more_neighbours_than_a_section_has_are_all_of_it(both: AnnData) -> None:
    imputed = NeighbourMean(neighbors="tissue", n_neighbors=N + 10).fit(both).impute(both)
    share = np.asarray(both.X[:N].sum(axis=0)).ravel()
    np.testing.assert_allclose(imputed[0] / imputed[0].sum(), share / share.sum(), rtol=1e-4)


def test_the_graph_of_the_mixture_has_no_edge_across(both: AnnData) -> None:
    graph = tissue_graph(both)
    assert graph is not None and graph[:N, N:].nnz == 0
    assert (graph[:N, :N] != tissue_graph(both[:N].copy())).nnz == 0


@pytest.mark.parametrize("section_key", ["", "library_id"])
def test_a_run_says_what_sections_it_found(both: AnnData, section_key: str) -> None:
    config = model_info("mixture").config.checked({"section_key": section_key})
    run = Run(both, Request("mixture", config, device="cpu", judged=False))
    drain(run.steps())
    assert run.results is not None
    said = "2 sections, by obs['library_id']: no neighbours across two of them."
    assert (said in run.results.record.notes) == (not section_key)


def test_two_sections_in_one_run_are_imputed_as_each_with_a_column(both: AnnData) -> None:
    imputed = []
    for key in ("", "library_id"):
        config = model_info("mixture").config.checked({"section_key": key})
        run = Run(both, Request("mixture", config, device="cpu"))
        drain(run.steps())
        assert run.results is not None
        imputed.append(run.results.imputed)
    np.testing.assert_array_equal(*imputed)
