"""What trainings share: molecules that are hidden, how they judge, and blocks of spots."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData
from numpy.typing import NDArray
from torch import Tensor

from napari_stimpute.models.training import CountTraining, Split

Array = NDArray[np.float64]


@pytest.fixture
def split(section: AnnData) -> Split:
    return Split.of(sp.csr_matrix(section.X), 0.2, 3)


class Told(CountTraining):
    """A training whose network expects what it is told."""

    def __init__(self, split: Split, means: Array, batch_size: int = 32) -> None:
        super().__init__(split, batch_size=batch_size, seed=0, device="cpu")
        self.means = torch.from_numpy(means.astype(np.float32))

    def expected(self, index: Tensor) -> Tensor:
        return self.means[index]


def deviance(counts: Array, mean: Array) -> float:
    """Twice the Poisson log-likelihood ratio of counts to their expected values."""
    logs = np.log(np.where(counts > 0, counts, 1) / np.where(counts > 0, mean, 1))
    return 2 * float((counts * logs - (counts - mean)).sum())


def gene_mean(kept: Array) -> Array:
    return np.outer(kept.sum(axis=1), kept.sum(axis=0)) / kept.sum()


# ---- hiding ------------------------------------------------------------------------------------


def test_kept_and_hidden_molecules_are_all_there_are(split: Split, section: AnnData) -> None:
    assert (split.kept + split.hidden != section.X).nnz == 0
    share = split.hidden.sum() / section.X.sum()
    assert share == pytest.approx(0.2, abs=0.01)  # 36,000 molecules: five standard errors
    assert split.hidden.data.min() >= 1


def test_size_factors_are_those_of_the_kept_molecules(split: Split) -> None:
    totals = np.asarray(split.kept.sum(axis=1)).ravel()
    np.testing.assert_allclose(split.size, totals / np.median(totals), rtol=1e-6)


def test_a_decoder_starts_at_the_mean_per_unit_size_factor(split: Split) -> None:
    kept = split.kept.toarray().astype(np.float64)
    expected = np.log((kept.sum(axis=0) + 0.5) / split.size.sum())
    np.testing.assert_allclose(split.log_mean.numpy(), expected, rtol=1e-5)


def test_a_gene_without_molecules_starts_low_and_finite(section: AnnData) -> None:
    counts = section.X.toarray()
    counts[:, 4] = 0
    assert np.isfinite(Split.of(sp.csr_matrix(counts), 0.2, 0).log_mean[4].item())


# ---- judging -----------------------------------------------------------------------------------


def test_the_score_is_the_share_of_deviance_left(split: Split) -> None:
    kept, hidden = (m.toarray().astype(np.float64) for m in (split.kept, split.hidden))
    means = gene_mean(kept) * np.random.default_rng(0).gamma(20, 1 / 20, kept.shape)
    training = Told(split, means)
    score = training.validate()
    restored = means * (kept.sum(axis=0) / means.sum(axis=0)) * hidden.sum() / kept.sum()
    simple = gene_mean(kept) * hidden.sum() / kept.sum()
    # both expect as many molecules as were hidden, so only the logarithms are left
    expected = deviance(hidden, restored) / deviance(hidden, simple)
    assert score == pytest.approx(expected, rel=1e-5)
    gains = (hidden * np.log(restored / hidden.sum() * kept.sum())).sum(axis=1)
    np.testing.assert_allclose(training.spot_gains, gains, rtol=1e-5)


def test_gene_mean_times_depth_scores_one_and_the_truth_less(
    split: Split, section: AnnData
) -> None:
    kept = split.kept.toarray().astype(np.float64)
    assert Told(split, gene_mean(kept)).validate() == pytest.approx(1, abs=1e-5)
    assert Told(split, section.layers["expected"]).validate() < 0.7


def test_factors_on_genes_do_not_change_the_score(split: Split, section: AnnData) -> None:
    means = section.layers["expected"]
    factors = np.exp(np.random.default_rng(0).normal(0, 1, means.shape[1]))
    assert Told(split, means * factors).validate() == pytest.approx(
        Told(split, means).validate(), abs=1e-5
    )


def test_nothing_hidden_is_no_failure(section: AnnData) -> None:
    counts = sp.csr_matrix(section.X)
    none = Split(counts, counts * 0, np.ones(counts.shape[0], dtype=np.float32))
    none.hidden.eliminate_zeros()
    assert Told(none, section.layers["expected"]).validate() == 1.0


# ---- blocks ------------------------------------------------------------------------------------


def test_every_spot_is_taken_equally_often(split: Split, section: AnnData) -> None:
    training = Told(split, section.layers["expected"], batch_size=50)
    blocks = [training.next_block().index for _ in range(12)]  # 600 places for 120 spots
    assert {len(b) for b in blocks} == {50}
    assert set(np.bincount(torch.cat(blocks))) == {5}
    assert not torch.equal(torch.cat(blocks[:2]), torch.cat(blocks[2:4]))


@pytest.mark.parametrize("batch_size", [50, 500])
def test_a_block_has_the_kept_counts_of_its_spots(
    batch_size: int, split: Split, section: AnnData
) -> None:
    training = Told(split, section.layers["expected"], batch_size)
    for block in (training.next_block(), training.next_block()):
        rows, columns, values = block.entries
        dense = torch.zeros(len(block), section.n_vars)
        dense[rows, columns] = values
        assert torch.equal(dense, torch.from_numpy(split.kept.toarray()[block.index]))


def test_few_spots_are_one_block(split: Split, section: AnnData) -> None:
    training = Told(split, section.layers["expected"], batch_size=500)
    assert torch.equal(training.next_block().index, torch.arange(section.n_obs))
    assert training.steps_per_epoch == 4
