"""Thresholded low-rank reconstruction: real zeros stay, and what was seen stays."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.models.scimta import low_rank
from napari_stimpute.models.scimta.low_rank import ZeroRule, deciding_spots, zero_threshold


def keep_zeros(
    reconstruction: np.ndarray, observed: sp.csr_matrix, quantile: float = 0.001
) -> np.ndarray:
    """What the rule makes of the spots that it was taken from."""
    return ZeroRule.fit(reconstruction, observed, quantile).apply(reconstruction, observed)


def blocks(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Log expression of three types, each with its own genes, and the same with values missed."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((300, 30))
    for i in range(3):
        level, share = rng.uniform(1, 2, (100, 1)), rng.uniform(0.8, 1.2, (1, 10))
        truth[100 * i : 100 * i + 100, 10 * i : 10 * i + 10] = level * share
    return truth, truth * (rng.random(truth.shape) > 0.4)


def low_rank_of(values: np.ndarray, rank: int = 3) -> np.ndarray:
    u, s, v = np.linalg.svd(values, full_matrices=False)
    return (u[:, :rank] * s[:rank]) @ v[:rank]


def by_gene(reconstruction: np.ndarray, observed: np.ndarray, quantile: float) -> np.ndarray:
    """The published steps, one gene at a time."""
    out = np.zeros_like(reconstruction)
    for g in range(observed.shape[1]):
        x, seen = reconstruction[:, g].copy(), observed[observed[:, g] > 0, g]
        x[x <= abs(np.quantile(x, quantile))] = 0
        kept = x[x != 0]
        if len(kept) > 1 and len(seen) > 1 and kept.std() > 0 and seen.std() > 0:
            ratio = seen.std(ddof=1) / kept.std(ddof=1)
            x = np.where(x != 0, (x - kept.mean()) * ratio + seen.mean(), 0)
        x[x < 0] = 0
        out[:, g] = np.where((x == 0) & (observed[:, g] > 0), observed[:, g], x)
    return out


def test_zeros_of_a_block_matrix_stay_zero_and_missed_values_come_back() -> None:
    truth, observed = blocks()
    found = keep_zeros(low_rank_of(observed), sp.csr_matrix(observed))
    assert (found[truth == 0] == 0).all()
    missed = (truth > 0) & (observed == 0)
    assert (found[missed] > 0).mean() > 0.99
    error = np.abs(found - truth)[missed].mean()
    assert error < 0.5 * truth[missed].mean()


def test_equals_the_published_steps_gene_by_gene() -> None:
    rng = np.random.default_rng(0)
    _, observed = blocks()
    noisy = low_rank_of(observed) + rng.normal(0, 0.1, observed.shape)
    found = keep_zeros(noisy, sp.csr_matrix(observed), 0.01)
    assert (noisy < 0).any()
    np.testing.assert_allclose(found, by_gene(noisy, observed, 0.01), rtol=1e-4, atol=1e-5)


def test_threshold_is_the_size_of_a_low_quantile() -> None:
    values = np.array([[-2.0, 1.0], [-1.0, 2.0], [0.0, 3.0], [1.0, 4.0], [9.0, 5.0]])
    np.testing.assert_allclose(zero_threshold(values, 0.0), [2, 1])
    np.testing.assert_allclose(zero_threshold(values, 0.25), [1, 2])


def test_nothing_that_was_seen_becomes_zero() -> None:
    _, observed = blocks()
    hostile = np.random.default_rng(1).normal(-1, 1, observed.shape)
    found = keep_zeros(hostile, sp.csr_matrix(observed))
    assert (found[observed > 0] > 0).all()
    assert (found >= 0).all()
    assert np.isfinite(found).all()


def test_genes_without_a_scale_are_left_as_they_are() -> None:
    """Gene 0 is never seen, gene 1 once, gene 2 always alike, gene 3 is reconstructed alike."""
    observed = np.zeros((6, 4), np.float32)
    observed[2, 1], observed[:3, 2], observed[:4, 3] = 3, 2, [1, 2, 3, 4]
    reconstruction = np.array([[-1, -1, -1, -1]] * 3 + [[2, 4, 5, 2]] * 3, dtype=np.float64)
    reconstruction[5, :3] += 1
    rule = ZeroRule.fit(reconstruction, sp.csr_matrix(observed))
    np.testing.assert_array_equal(rule.factor, 1)
    np.testing.assert_array_equal(rule.offset, 0)
    found = rule.apply(reconstruction, sp.csr_matrix(observed))
    np.testing.assert_array_equal(found[3:, :3], reconstruction[3:, :3])
    assert found[2, 1] == 3


@pytest.mark.parametrize("size", [1, 70, 300])
def test_blocks_give_what_the_whole_gives(size: int) -> None:
    _, observed = blocks()
    reconstruction, counted = low_rank_of(observed), sp.csr_matrix(observed)
    rule = ZeroRule.fit(reconstruction, counted)
    parts = [
        rule.apply(reconstruction[i : i + size], counted[i : i + size]) for i in range(0, 300, size)
    ]
    np.testing.assert_array_equal(np.vstack(parts), keep_zeros(reconstruction, counted))


def test_a_sample_of_spots_decides_nearly_as_all_do() -> None:
    _, observed = blocks()
    reconstruction, some = low_rank_of(observed), np.arange(0, 300, 2)
    rule = ZeroRule.fit(reconstruction[some], sp.csr_matrix(observed[some]))
    found = rule.apply(reconstruction, sp.csr_matrix(observed))
    whole = keep_zeros(reconstruction, sp.csr_matrix(observed))
    assert ((found > 0) == (whole > 0)).mean() > 0.98


def test_up_to_20_000_spots_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    np.testing.assert_array_equal(deciding_spots(5, 0), np.arange(5))
    monkeypatch.setattr(low_rank, "MOST_DECIDING", 50)
    chosen = deciding_spots(1_000, 3)
    assert len(np.unique(chosen)) == 50
    np.testing.assert_array_equal(chosen, deciding_spots(1_000, 3))
    assert (chosen != deciding_spots(1_000, 4)).any()
