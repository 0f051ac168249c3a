"""Gene programs: against scikit-learn's factorisation, and what each step promises."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.decomposition import NMF

from napari_stimpute.data.on_disk import Stack, is_on_disk
from napari_stimpute.models.simple import nmf
from napari_stimpute.models.simple.nmf import N_PROGRAMS, fit_profiles, weights_of


@pytest.fixture(scope="module")
def counts() -> sp.csr_matrix:
    rng = np.random.default_rng(0)
    rates = rng.gamma(0.3, size=(200, 4)) @ rng.gamma(0.3, size=(4, 60))
    return sp.csr_matrix(rng.poisson(3 * rates).astype(np.float32))


def divergence(counts: sp.csr_matrix, weights: np.ndarray, profiles: np.ndarray) -> float:
    """Kullback-Leibler, nats, from dense matrices."""
    x, mu = counts.toarray().astype(float), weights.astype(float) @ profiles.astype(float)
    mu = np.maximum(mu, 1e-12)
    return float((x * np.log(np.where(x > 0, x, 1) / mu) - x + mu).sum())


def test_more_rounds_never_fit_worse(counts: sp.csr_matrix) -> None:
    found = []
    for rounds in range(0, 30, 3):
        profiles = fit_profiles(counts, 0, rounds=rounds)
        found.append(divergence(counts, weights_of(counts, profiles, rounds=100), profiles))
    assert (np.diff(found) <= 1e-4 * found[0]).all()
    assert found[-1] < 0.8 * found[0]


def test_weights_never_get_worse(counts: sp.csr_matrix) -> None:
    profiles = fit_profiles(counts, 0)
    found = [divergence(counts, weights_of(counts, profiles, rounds=n), profiles) for n in range(9)]
    assert (np.diff(found) < 0).all()


def test_divergence_is_that_of_scikit_learn(counts: sp.csr_matrix) -> None:
    """Both begin by chance and find different optima, about as deep."""
    profiles = fit_profiles(counts, 0, rounds=400)
    found = divergence(counts, weights_of(counts, profiles, rounds=400), profiles)
    other = NMF(
        N_PROGRAMS, init="random", solver="mu", beta_loss="kullback-leibler", max_iter=400, tol=0.0,
        random_state=0,
    )  # fmt: skip
    weights = other.fit_transform(counts)
    assert found == pytest.approx(divergence(counts, weights, other.components_), rel=0.05)


def test_each_spot_keeps_its_molecules_and_profiles_sum_to_one(counts: sp.csr_matrix) -> None:
    profiles = fit_profiles(counts, 0)
    depth = counts.toarray().sum(axis=1)
    np.testing.assert_allclose(profiles.sum(axis=1), 1, rtol=1e-4)
    np.testing.assert_allclose(weights_of(counts, profiles).sum(axis=1), depth, rtol=1e-4)


def test_a_seed_gives_the_same_numbers_and_another_others(counts: sp.csr_matrix) -> None:
    np.testing.assert_array_equal(fit_profiles(counts, 3), fit_profiles(counts, 3))
    assert not np.array_equal(fit_profiles(counts, 3), fit_profiles(counts, 4))


def test_a_sample_of_many_spots_teaches_the_profiles(
    counts: sp.csr_matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nmf, "MOST_FITTED", 50)
    rows = np.sort(np.random.default_rng(0).permutation(200)[:50])
    rest = np.setdiff1d(np.arange(200), rows)
    times = np.ones(200, dtype=np.float32)
    times[rest] = 2  # spots that were not drawn teach nothing
    doubled = sp.csr_matrix(sp.diags(times) @ counts)
    found = fit_profiles(doubled, 0)
    np.testing.assert_allclose(found, fit_profiles(counts, 0), rtol=1e-3, atol=1e-6)


def test_counts_on_disk_give_what_those_in_memory_give(counts: sp.csr_matrix) -> None:
    stack = Stack(60, on_disk=True)
    stack.add(counts)
    stored = stack.matrix()
    assert is_on_disk(stored)
    profiles = fit_profiles(counts, 0)
    np.testing.assert_allclose(fit_profiles(stored, 0), profiles, rtol=1e-5)
    np.testing.assert_allclose(weights_of(stored, profiles), weights_of(counts, profiles))


def test_memory_stays_below_that_of_all_values() -> None:
    rng = np.random.default_rng(0)
    where = rng.integers(20_000, size=200_000), rng.integers(2_000, size=200_000)
    many = sp.csr_matrix((np.ones(200_000, np.float32), where), (20_000, 2_000))
    profiles = fit_profiles(many[:100], 0, rounds=1)
    tracemalloc.start()
    weights_of(many, profiles, rounds=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.25 * 4 * 20_000 * 2_000
