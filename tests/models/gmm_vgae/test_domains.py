from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import multivariate_normal
from sklearn.metrics import adjusted_rand_score

from napari_stimpute.errors import TooSmall
from napari_stimpute.models.gmm_vgae.domains import (
    Domains,
    TiedMixture,
    fewest_domains,
    fit_mixture,
    fitted_in_words,
    numbers_to_try,
    refine_domains,
    try_number,
)


def blobs(k: int = 4, n: int = 200, d: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around k centres that lie well apart, and which centre each belongs to."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % k
    return (10 * np.eye(k, d)[label] + rng.normal(size=(n, d))).astype(np.float32), label


def test_probabilities_equal_those_of_the_normal_densities() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 3))
    covariance = root @ root.T + np.eye(3)
    weights, means, z = np.array([0.2, 0.5, 0.3]), rng.normal(size=(3, 3)), rng.normal(size=(9, 3))
    density = [multivariate_normal(m, covariance).pdf(z) for m in means]
    expected = weights * np.array(density).T
    expected /= expected.sum(axis=1, keepdims=True)
    found = TiedMixture(weights, means, np.linalg.inv(covariance)).probabilities(z)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_probabilities_do_not_underflow_far_away_in_many_dimensions() -> None:
    mixture = TiedMixture(np.array([0.5, 0.5]), np.eye(2, 40) * 50, np.eye(40))
    found = mixture.probabilities(np.full((1, 40), 1e3) + np.eye(1, 40))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(), 1)
    assert found.argmax() == 0


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_planted_groups_are_found_whatever_the_scale(scale: float) -> None:
    z, label = blobs()
    mixture = fit_mixture(scale * z, 4, seed=0)
    assert adjusted_rand_score(label, mixture.probabilities(scale * z).argmax(axis=1)) == 1
    np.testing.assert_allclose(mixture.weights.sum(), 1)


def test_the_mixture_depends_on_the_seed_alone() -> None:
    z, _ = blobs(k=3)
    np.random.seed(1)  # noqa: NPY002
    one = fit_mixture(z, 5, seed=3)
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(one.means, fit_mixture(z, 5, seed=3).means)


def test_a_mixture_of_drawn_spots_divides_all_of_them() -> None:
    z, label = blobs(n=30_000, d=4)
    drawn = fit_mixture(z, 4, seed=3, n_starts=1)
    assert adjusted_rand_score(label, drawn.probabilities(z).argmax(axis=1)) == 1
    others = fit_mixture(z, 4, seed=4, n_starts=1)
    means = [m.means[m.means.argmax(axis=0)] for m in (drawn, others)]
    assert not np.allclose(*means, atol=1e-6)  # of other spots
    np.testing.assert_allclose(*means, atol=0.1)  # four errors of a mean of 5,000 spots
    (said,) = fitted_in_words(30_000)
    assert said == "Mixtures were fitted to 20,000 of 30,000 spots, drawn by chance."


def test_up_to_20_000_spots_a_mixture_is_fitted_to_all() -> None:
    z, _ = blobs(n=20_000, d=4)
    means = [fit_mixture(z, 4, seed, n_starts=1).means for seed in (3, 4)]
    np.testing.assert_allclose(*[m[m.argmax(axis=0)] for m in means], atol=1e-6)
    assert fitted_in_words(20_000) == []


def test_more_components_than_points_are_refused() -> None:
    with pytest.raises(TooSmall, match=r"as many spots as domains \(5\), but found 4 spots\. Ask"):
        fit_mixture(np.zeros((4, 2)), 5, seed=0)


def molecules_of(labels: np.ndarray, seed: int) -> sp.csr_matrix:
    """Counts whose genes follow the labels, one block of genes per label."""
    k = int(labels.max()) + 1
    rate = np.full((k, 5 * k), 0.2)
    for label in range(k):
        rate[label, 5 * label : 5 * label + 5] = 3.0
    return sp.csr_matrix(np.random.default_rng(seed).poisson(rate[labels]).astype(np.float32))


@pytest.mark.parametrize("k", [2, 4, 5])
def test_the_number_of_planted_groups_is_found_from_hidden_molecules(k: int) -> None:
    z, labels = blobs(k)
    fits = {n: try_number(z, n, seed=0) for n in numbers_to_try(len(z))}
    found, text = fewest_domains(fits, z, molecules_of(labels, 0), molecules_of(labels, 1))
    assert found == k
    assert text.startswith(f"Number of domains: {k}, the fewest")
    assert "BIC, smaller is better, would choose" in text
    assert all(f"{n}: " in text for n in range(2, 16))


@pytest.mark.parametrize("n", [2, 3])
def test_very_few_points_have_a_number_of_domains_too(n: int) -> None:
    z, labels = blobs(n=n)
    counts = molecules_of(labels, 0)
    fits = {k: try_number(z, k, seed=0) for k in numbers_to_try(n)}
    found, _ = fewest_domains(fits, z, counts, counts)
    assert 1 <= found < n


def test_points_in_one_place_give_a_mixture() -> None:
    found = fit_mixture(np.ones((20, 3)), 1, seed=0).probabilities(np.ones((20, 3)))
    np.testing.assert_array_equal(found, 1)


def line(labels: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Spots in a row, one unit apart, and their labels."""
    return np.array(labels), np.column_stack([np.arange(len(labels)), np.zeros(len(labels))])


def test_a_lonely_label_becomes_that_of_its_neighbours() -> None:
    labels, places = line([0, 0, 0, 1, 0, 0, 0])
    refined = refine_domains(labels, places, np.zeros(7, int), 3)
    np.testing.assert_array_equal(refined, np.zeros(7))
    np.testing.assert_array_equal(labels, [0, 0, 0, 1, 0, 0, 0])


def test_a_straight_border_stays_where_it_is() -> None:
    labels, places = line([0, 0, 0, 2, 2, 2])
    np.testing.assert_array_equal(refine_domains(labels, places, np.zeros(6, int), 3), labels)


def test_a_spot_keeps_its_label_where_labels_tie() -> None:
    labels, places = line([1, 0])
    np.testing.assert_array_equal(refine_domains(labels, places, np.zeros(2, int), 2), labels)


def test_neighbours_of_another_section_have_no_vote() -> None:
    labels, places = line([0, 1, 0, 1, 0, 1, 0, 1])
    sections = labels.copy()
    np.testing.assert_array_equal(refine_domains(labels, places, sections, 3), labels)


@pytest.mark.parametrize("hops", [-1, 10**9])
def test_more_smoothing_than_anybody_chose_is_no_saved_result(hops: int) -> None:
    with pytest.raises(ValueError, match="steps of smoothing"):
        Domains.of_arrays({"hops": np.array(hops)})
