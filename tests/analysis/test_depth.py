"""Groups are made equally deep by leaving molecules out, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.analysis.depth import with_even_depth


@pytest.fixture
def counts() -> sp.csr_matrix:
    """100 shallow spots, then 300 deep ones."""
    depth = np.repeat([1.0, 4.0], [100, 300])
    rates = np.outer(depth, np.full(200, 1.5))
    return sp.csr_matrix(np.random.default_rng(0).poisson(rates).astype(np.float32))


IS_DEEP = np.repeat([False, True], [100, 300])


def test_depths_are_alike_afterwards(counts: sp.csr_matrix) -> None:
    even = with_even_depth(counts, IS_DEEP, np.random.default_rng(0))
    depth = np.asarray(even.sum(axis=1)).ravel()
    for share in (0.1, 0.5, 0.9):
        deep, shallow = (np.quantile(depth[side], share) for side in (IS_DEEP, ~IS_DEEP))
        assert deep == pytest.approx(shallow, rel=0.05)


def test_molecules_are_left_out_and_none_is_added(counts: sp.csr_matrix) -> None:
    before = counts.toarray()
    even = with_even_depth(counts, IS_DEEP, np.random.default_rng(0)).toarray()
    assert (even <= before).all() and (even == np.round(even)).all()
    np.testing.assert_array_equal(counts.toarray(), before)


def test_the_shallower_group_keeps_nearly_all(counts: sp.csr_matrix) -> None:
    even = with_even_depth(counts, IS_DEEP, np.random.default_rng(0))
    assert even[~IS_DEEP].sum() > 0.99 * counts[~IS_DEEP].sum()


def test_empty_spots_stay_empty(counts: sp.csr_matrix) -> None:
    some = counts.toarray()
    some[[0, 200]] = 0
    even = with_even_depth(sp.csr_matrix(some), IS_DEEP, np.random.default_rng(0))
    assert even[[0, 200]].sum() == 0
