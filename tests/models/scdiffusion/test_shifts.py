"""Changes of one group are predicted from those of others, with the noise of all in mind."""

import numpy as np
import pytest

from napari_stimpute.models.scdiffusion.shifts import (
    Groups,
    Profile,
    Tuned,
    denoising_change,
    explained,
    kriged_change,
    mean_change,
    nearest_change,
    similarity,
)

N_GENES = 300


def make_groups(
    *, seed: int = 0, noise: float = 0.05, thin: float = 0.05
) -> tuple[Groups, np.ndarray]:
    """Six groups along a line; the change goes along with the place. The last is the target."""
    rng = np.random.default_rng(seed)
    axis, first, second = rng.normal(size=(3, N_GENES))
    before, after = {}, {}
    truth = np.zeros(N_GENES)
    for k in range(6):
        mean = 3 + k * axis
        change = first * np.cos(k / 4) + second * np.sin(k / 4)
        sd = thin if k == 5 else noise
        before[f"g{k}"] = Profile(mean + rng.normal(0, sd, N_GENES), np.full(N_GENES, sd**2))
        if k == 5:
            truth = change
        else:
            moved = mean + change + rng.normal(0, noise, N_GENES)
            after[f"g{k}"] = Profile(moved, np.full(N_GENES, noise**2))
    return Groups(before, after), truth


KNOWN = [f"g{k}" for k in range(5)]


def test_distances_are_rid_of_sampling_noise() -> None:
    exact, _ = make_groups(noise=1e-6, thin=1e-6)
    noisy, _ = make_groups(noise=0.5, thin=0.5)
    assert noisy.distance("g0", "g2") == pytest.approx(exact.distance("g0", "g2"), rel=0.1)


def test_the_nearest_group_lends_its_change() -> None:
    groups, _ = make_groups()
    np.testing.assert_array_equal(nearest_change(groups, "g5", KNOWN), groups.change("g4"))


def test_near_groups_weigh_more() -> None:
    groups, _ = make_groups()
    weights = similarity(groups, "g5", KNOWN, 400.0)
    assert weights.sum() == pytest.approx(1)
    assert (np.diff(weights) > 0).all()


def test_kriging_is_the_textbooks_gaussian_posterior() -> None:
    """Gene by gene, with the covariance written out as one matrix of known groups and target."""
    groups, _ = make_groups()
    length, shared, gene = 400.0, 0.3, 7
    change = np.array([groups.change(g) for g in KNOWN])
    noise = np.array([groups.noise(g) for g in KNOWN])
    size = max((change**2 - noise).mean(axis=0)[gene], 0) / (1 + shared) + 1e-6
    every = [*KNOWN, "g5"]
    covariance = size * (groups.alike(every, every, length) + shared)
    seen = covariance[:5, :5] + np.diag(noise[:, gene])
    expected = covariance[5, :5] @ np.linalg.inv(seen) @ change[:, gene]
    found = kriged_change(groups, "g5", KNOWN, length, shared)[gene]
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_known_change_without_noise_is_returned() -> None:
    groups, _ = make_groups(noise=1e-5, thin=1e-5)
    found = kriged_change(groups, "g2", KNOWN, 100.0, 0.3)
    assert explained(groups.change("g2"), found) > 0.999


def test_kriging_predicts_better_than_nearest_and_mean() -> None:
    groups, truth = make_groups(noise=0.4)
    tuned = Tuned.on(groups, KNOWN)
    kriged = kriged_change(groups, "g5", KNOWN, tuned.length, tuned.shared)
    scores = [explained(truth, f(groups, "g5", KNOWN)) for f in (nearest_change, mean_change)]
    assert explained(truth, kriged) > max(scores)


def test_noise_alone_predicts_nothing() -> None:
    rng = np.random.default_rng(0)
    flat = {g: Profile(np.full(N_GENES, 1.0), np.full(N_GENES, 0.04)) for g in [*KNOWN, "g5"]}
    after = {
        g: Profile(1.0 + rng.normal(0, np.sqrt(0.08), N_GENES), np.full(N_GENES, 0.04))
        for g in KNOWN
    }
    groups = Groups(flat, after)
    kriged = kriged_change(groups, "g5", KNOWN, 200.0, 1.0)
    assert np.square(kriged).mean() < 0.25 * np.square(groups.change("g0")).mean()


def test_a_noisy_mean_is_drawn_to_its_neighbours() -> None:
    groups, _ = make_groups(noise=0.05, thin=1.0)
    exact, _ = make_groups(noise=0.05, thin=1e-9)
    seen, true = groups.before["g5"].mean, exact.before["g5"].mean
    better = seen + denoising_change(groups, "g5", KNOWN, 400.0)
    assert np.square(better - true).mean() < np.square(seen - true).mean()


def test_one_known_group_needs_no_tuning() -> None:
    groups, _ = make_groups()
    assert Tuned.on(groups, ["g4"]).length > 0


def test_explained_is_one_for_the_truth_and_zero_for_nothing() -> None:
    change = np.array([1.0, -2.0, 0.5])
    assert explained(change, change) == 1
    assert explained(change, np.zeros(3)) == 0
    assert explained(np.zeros(3), np.zeros(3)) == 0
