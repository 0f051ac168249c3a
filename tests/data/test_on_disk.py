"""Counts on disk are those that were put there; what is made of them is as in memory."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.data import on_disk
from napari_stimpute.data.counts import depth_of, log_normalise, size_factors
from napari_stimpute.data.holdout import Molecules, thin
from napari_stimpute.data.on_disk import (
    Stack,
    by_column,
    is_on_disk,
    let_go,
    made_of,
    n_with,
    parts_of,
)


@pytest.fixture
def counts() -> sp.csr_matrix:
    drawn = np.random.default_rng(0).poisson(0.4, (300, 40)).astype(np.float32)
    drawn[17], drawn[:, 5] = 0, 0
    return sp.csr_matrix(drawn)


@pytest.fixture
def stored(counts: sp.csr_matrix, monkeypatch: pytest.MonkeyPatch) -> sp.csr_matrix:
    """The same on disk, where a part is small."""
    monkeypatch.setattr(on_disk, "PART", 500)
    stack = Stack(counts.shape[1], on_disk=False)
    stack.add(counts[:100])
    stack.move_to_disk()
    stack.add(counts[100:])
    return stack.matrix()


def same(one: sp.csr_matrix, other: sp.csr_matrix) -> bool:
    return one.shape == other.shape and (one != other).nnz == 0


def test_rows_come_back_as_they_were_put_there(
    counts: sp.csr_matrix, stored: sp.csr_matrix
) -> None:
    assert is_on_disk(stored) and not is_on_disk(counts)
    assert same(stored, counts)
    assert not is_on_disk(stored[20:40])
    let_go(stored)
    assert same(stored, counts)
    parts = list(parts_of(stored))
    assert len(parts) > 5
    assert same(sp.vstack([part for _rows, part in parts], format="csr"), counts)
    assert all(same(part, counts[rows]) for rows, part in parts)


def test_columns_come_back_too(counts: sp.csr_matrix, stored: sp.csr_matrix) -> None:
    found = by_column(stored)
    assert is_on_disk(found) and found.format == "csc"
    assert same(found, counts)
    assert found.has_sorted_indices
    np.testing.assert_array_equal(n_with(stored), counts.getnnz(axis=0))


def test_places_of_very_many_values_are_wide(
    counts: sp.csr_matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_disk, "MOST_NARROW", 100)
    stack = Stack(counts.shape[1], on_disk=True)
    stack.add(counts)
    assert same(stack.matrix(), counts)


def test_nothing_can_be_put_on_disk() -> None:
    stack = Stack(7, on_disk=True)
    stack.add(sp.csr_matrix((5, 7), dtype=np.float32))
    assert stack.matrix().shape == (5, 7)


def test_the_same_molecules_are_hidden_as_in_memory(
    counts: sp.csr_matrix, stored: sp.csr_matrix
) -> None:
    for found, expected in zip(thin(stored, 0.2, 3), thin(counts, 0.2, 3), strict=True):
        assert is_on_disk(found) and same(found, expected)
    names = [f"c{n}" for n in range(300)], [f"g{n}" for n in range(40)]
    found, hidden = Molecules.of(stored, *names).hide(0.1, 1)
    left, taken = Molecules.of(counts, *names).hide(0.1, 1)
    assert same(found.counts, left.counts) and same(found.unseen, left.unseen)
    assert is_on_disk(found.counts) and same(hidden, taken)


def test_log_values_are_those_of_memory(counts: sp.csr_matrix, stored: sp.csr_matrix) -> None:
    np.testing.assert_array_equal(depth_of(stored), depth_of(counts))
    found = log_normalise(stored, size_factors(stored))
    assert is_on_disk(found) and same(found, log_normalise(counts, size_factors(counts)))


def test_what_is_made_of_rows_in_memory_stays_there(counts: sp.csr_matrix) -> None:
    doubled = made_of(counts, lambda rows, part: sp.csr_matrix(part * 2))
    assert not is_on_disk(doubled) and same(doubled, sp.csr_matrix(counts * 2))
