from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.data.components import principal_components


def matrix(n_obs: int = 40, n_vars: int = 25, seed: int = 0) -> sp.csr_matrix:
    rng = np.random.default_rng(seed)
    signal = 5 * rng.random((n_obs, 2)) @ rng.random((2, n_vars))
    return sp.csr_matrix(rng.poisson(signal).astype(np.float32))


@pytest.mark.parametrize("shape", [(40, 25), (25, 40)])
def test_components_equal_a_dense_singular_value_decomposition(shape: tuple[int, int]) -> None:
    values = matrix(*shape)
    dense = values.toarray().astype(np.float64)
    _, singular, axes = np.linalg.svd(dense - dense.mean(axis=0), full_matrices=False)
    found = principal_components(values, 5, seed=0)
    np.testing.assert_allclose(np.abs(np.sum(found.loadings * axes[:5], axis=1)), 1, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found.scores, axis=0), singular[:5], rtol=1e-4)


def test_scores_are_the_projection_of_the_same_rows() -> None:
    values = matrix()
    found = principal_components(values, 4, seed=0)
    np.testing.assert_array_equal(found.project(values), found.scores)
    np.testing.assert_allclose(found.project(values[7:9]), found.scores[7:9], atol=1e-5)
    np.testing.assert_allclose(found.scores.mean(axis=0), 0, atol=1e-4)
    assert found.scores.dtype == found.loadings.dtype == np.float32


def test_as_many_components_as_there_are() -> None:
    assert principal_components(matrix(6, 25), 50, seed=0).loadings.shape == (5, 25)
    assert principal_components(matrix(40, 3), 50, seed=0).loadings.shape == (2, 3)


@pytest.mark.parametrize("shape", [(2, 2), (5, 2), (2, 5)])
def test_the_smallest_matrices_have_one_component(shape: tuple[int, int]) -> None:
    found = principal_components(matrix(*shape), 10, seed=0)
    assert found.loadings.shape == (1, shape[1])
    assert np.isfinite(found.scores).all()


def test_rows_that_are_all_equal_have_scores_of_zero() -> None:
    values = sp.csr_matrix(np.tile(np.array([3.0, 0, 1], np.float32), (5, 1)))
    found = principal_components(values, 2, seed=0)
    np.testing.assert_array_equal(found.scores, 0)
    np.testing.assert_allclose(found.project(values), 0, atol=1e-6)


def test_the_seed_alone_decides_and_the_input_stays() -> None:
    values = matrix()
    before = values.copy()
    np.random.seed(1)  # noqa: NPY002
    one = principal_components(values, 3, seed=5)
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(principal_components(values, 3, seed=5).scores, one.scores)
    np.testing.assert_array_equal(values.toarray(), before.toarray())
