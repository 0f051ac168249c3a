"""One ranking for all groups gives each what scipy gives it alone."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from napari_stimpute.analysis import contrast
from napari_stimpute.analysis.contrast import contrast_steps, log2_fold_changes, means, membership


def finished(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    """60 spots × 8 genes with many ties; the last gene is constant, the one before never seen."""
    x = np.log1p(np.random.default_rng(0).poisson(0.8, (60, 8))).astype(np.float32)
    x[:20, 0] += 1
    x[:, 6], x[:, 7] = 0, 0.5
    return x


of_spot = np.repeat([0, 1, 2, -1], [20, 15, 18, 7])
"""Group of each spot; the last seven are in none."""


@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix, sp.csc_matrix])
def test_wilcoxon_is_that_of_scipy_in_every_group(values, form) -> None:
    found = finished(contrast_steps(form(values), of_spot, "wilcoxon"))
    for group in range(3):
        here = of_spot == group
        for gene in range(6):
            x = values[:, gene].astype(float)
            expected = stats.mannwhitneyu(
                x[here], x[~here], use_continuity=False, method="asymptotic"
            )
            assert found.p[group, gene] == pytest.approx(expected.pvalue, rel=1e-9)
            higher = expected.statistic > here.sum() * (~here).sum() / 2
            assert (found.score[group, gene] > 0) == higher


def test_t_test_is_that_of_welch_in_every_group(values) -> None:
    found = finished(contrast_steps(sp.csr_matrix(values), of_spot, "t-test"))
    for group in range(3):
        here = of_spot == group
        x = values[:, :6].astype(float)
        expected = stats.ttest_ind(x[here], x[~here], equal_var=False)
        np.testing.assert_allclose(found.p[group, :6], expected.pvalue, rtol=1e-6)
        np.testing.assert_allclose(found.score[group, :6], expected.statistic, rtol=1e-6)


@pytest.mark.parametrize("method", ["wilcoxon", "t-test"])
def test_constant_genes_differ_in_no_group(values, method) -> None:
    found = finished(contrast_steps(sp.csr_matrix(values), of_spot, method))
    assert (found.p[:, 6:] == 1).all() and (found.score[:, 6:] == 0).all()


def test_blocks_of_genes_do_not_change_it(values, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = finished(contrast_steps(values, of_spot, "wilcoxon"))
    monkeypatch.setattr(contrast, "BLOCK", 3 * len(values))
    steps = list(contrast_steps(values, of_spot, "wilcoxon"))
    assert len(steps) == 4
    np.testing.assert_array_equal(finished(contrast_steps(values, of_spot, "wilcoxon")).p, whole.p)


def test_means_are_of_the_group_and_of_all_others(values) -> None:
    inside, others = means(sp.csr_matrix(values), membership(of_spot))
    for group in range(3):
        here = of_spot == group
        np.testing.assert_allclose(inside[group], values[here].mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(others[group], values[~here].mean(axis=0), rtol=1e-5)


def test_a_gene_that_one_group_alone_has_changes_finitely() -> None:
    values = np.zeros((8, 1), np.float32)
    values[:3] = np.log1p(4)
    change = log2_fold_changes(sp.csr_matrix(values), membership(np.repeat([0, 1], [3, 5])))
    added = 0.5 / 3
    assert change[0, 0] == pytest.approx(np.log2((4 + added) / added), rel=1e-5)
    assert change[1, 0] == pytest.approx(-change[0, 0])
