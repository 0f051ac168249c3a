"""What a zero may mean, against counts whose deeper measurement is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData

from napari_stimpute.data.holdout import thin
from napari_stimpute.data.records import TrustRecord
from napari_stimpute.data.results import Results, write_results
from napari_stimpute.errors import TooSmall
from napari_stimpute.nn.likelihoods import technical_zero_probability
from napari_stimpute.trust.calibration import Calibration, calibrate
from napari_stimpute.trust.zeros import (
    DEPTH_FACTOR,
    ZeroCalibration,
    ZeroMap,
    calibrate_zeros,
    zero_filling,
    zero_map,
)

from ..records import record_of

PLAIN = (0.0, 1.0, 0.0, 0.0)
SCATTER = Calibration([[1.0, 0.4, 0.05, 0.95]])


# ---- one probability ---------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [0.01, 0.1, 0.5, 2.0])
def test_probability_is_how_often_a_deeper_measurement_shows_a_molecule(mean: float) -> None:
    """Rates with this mean and variance 0.4 × mean, measured at the depth that is still to come."""
    rng = np.random.default_rng(0)
    rates = rng.gamma(mean / 0.4, 0.4, 200_000)
    shows = (rng.poisson((DEPTH_FACTOR - 1) * rates) > 0).mean()
    known = ZeroCalibration(PLAIN, SCATTER)
    found = known.probability(np.array([mean]), np.array([1.0]))
    assert found[0] == pytest.approx(shows, abs=0.004)  # error of 200,000 draws: 0.0011


def test_probability_agrees_with_the_negative_binomial_of_the_models() -> None:
    """A prior of mean μ and inverse dispersion θ, after a zero: mean μθ/(θ+μ), spread μ/(θ+μ)."""
    mu, theta = np.array([0.05, 0.4, 3.0]), 1.7
    model = technical_zero_probability(torch.tensor(mu), torch.tensor(theta), DEPTH_FACTOR)
    for m, expected in zip(mu, model.numpy(), strict=True):
        scatter = Calibration([[1.0, m / (theta + m), 0.05, 0.95]])
        known = ZeroCalibration(PLAIN, scatter)
        found = known.probability(np.array([m * theta / (theta + m)]), np.array([1.0]))
        assert found[0] == pytest.approx(float(expected), rel=1e-5)


def test_probability_rises_with_the_expected_count() -> None:
    known = ZeroCalibration((0.1, 0.8, 0.2, -0.1), SCATTER)
    mu = np.geomspace(1e-8, 1e4, 200)
    found = known.probability(mu, np.full(200, 0.01))
    assert (np.diff(found) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_a_spot_or_gene_without_molecules_hides_none() -> None:
    known = ZeroCalibration(PLAIN, SCATTER)
    assert known.probability(np.zeros(2), np.zeros(2)).tolist() == [0.0, 0.0]


# ---- learning ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def section() -> tuple[np.ndarray, sp.csr_matrix, sp.csr_matrix]:
    """Rates of 1,500 spots × 120 genes in three regions, a shallow measurement, and four more."""
    rng = np.random.default_rng(1)
    genes, depth = rng.lognormal(-1.5, 1.2, 120), rng.lognormal(0, 0.4, (1_500, 1))
    regions = rng.lognormal(0, 0.8, (3, 120))[np.arange(1_500) % 3]
    rates = depth * genes * regions * rng.gamma(2.0, 0.5, (1_500, 120))
    shallow, rest = (sp.csr_matrix(rng.poisson(f * rates).astype(np.float32)) for f in (1, 4))
    return rates, shallow, rest


def predicted(counts: sp.csr_matrix) -> np.ndarray:
    """A third own count, the rest the region's mean: too low at zeros, as blends tend to be."""
    dense = counts.toarray()
    depth = dense.sum(axis=1, keepdims=True)
    made = 0.33 * dense
    for region in range(3):
        rows = np.arange(len(dense)) % 3 == region
        made[rows] += 0.67 * depth[rows] * dense[rows].sum(axis=0) / dense[rows].sum()
    return made


def learned(counts: sp.csr_matrix) -> ZeroCalibration:
    kept, hidden = thin(counts, 0.1, seed=2)
    mean = predicted(kept)
    return ZeroCalibration(tuple(calibrate_zeros(kept, mean, hidden)), calibrate(mean, hidden))


def average(counts: sp.csr_matrix) -> np.ndarray:
    dense = counts.toarray()
    return dense.sum(axis=1, keepdims=True) * dense.sum(axis=0) / dense.sum()


def test_probabilities_are_calibrated_on_deeper_counts(section) -> None:
    """Of the zeros with a probability near p, a share of p shows a molecule."""
    _, shallow, rest = section
    known = learned(shallow)
    zeros = shallow.toarray() == 0
    found = known.probability(predicted(shallow), average(shallow))[zeros]
    shows = rest.toarray()[zeros] > 0
    bins = (found * 5).astype(int)
    for i in range(5):
        assert (bins == i).sum() > 1_000
        # 5,000 hidden molecules at zeros: the correction is known to a few per cent
        assert shows[bins == i].mean() == pytest.approx(found[bins == i].mean(), abs=0.05)


def test_without_correction_the_same_zeros_are_underrated(section) -> None:
    _, shallow, rest = section
    known = learned(shallow)
    plain = ZeroCalibration(PLAIN, known.scatter)
    zeros = shallow.toarray() == 0
    shows = (rest.toarray()[zeros] > 0).mean()
    made, mean = predicted(shallow)[zeros], average(shallow)[zeros]
    assert plain.probability(made, mean).mean() < shows - 0.05
    assert known.probability(made, mean).mean() == pytest.approx(shows, abs=0.02)


def test_correction_predicts_what_is_hidden_at_zeros(section) -> None:
    """Against the rates themselves, at a spot that showed none."""
    rates, shallow, _ = section
    zeros = shallow.toarray() == 0
    expected = learned(shallow).expected(predicted(shallow), average(shallow))[zeros]
    assert expected.sum() == pytest.approx(rates[zeros].sum(), rel=0.05)
    by_rank = np.array_split(np.argsort(expected), 5)
    for part in by_rank[1:]:
        assert expected[part].sum() == pytest.approx(rates[zeros][part].sum(), rel=0.2)


def test_nothing_hidden_leaves_the_expected_count_as_it_is(section) -> None:
    _, shallow, _ = section
    nothing = sp.csr_matrix(shallow.shape)
    found = calibrate_zeros(shallow, predicted(shallow), nothing)
    assert found == pytest.approx(PLAIN, abs=1e-6)


def test_no_kept_molecules_are_refused_in_words() -> None:
    nothing = sp.csr_matrix((4, 3))
    with pytest.raises(TooSmall, match="counted molecules"):
        calibrate_zeros(nothing, np.ones((4, 3)), nothing)


def test_no_zero_and_no_expectation_are_no_trouble() -> None:
    full = sp.csr_matrix(np.ones((4, 3), dtype=np.float32))
    assert calibrate_zeros(full, np.ones((4, 3)), full) == pytest.approx(PLAIN)
    empty = full.tolil()
    empty[:, 0], empty[2, :] = 0, 0
    kept = empty.tocsr()
    found = calibrate_zeros(kept, np.zeros((4, 3)), full)
    assert np.isfinite(found).all()


def filled_by(
    expected: np.ndarray, counts: sp.csr_matrix, known: ZeroCalibration, threshold: float
) -> np.ndarray:
    """Filled in blocks of 100 spots."""
    filling, blocks = zero_filling(counts, known, threshold), range(0, len(expected), 100)
    rows = [slice(start, start + 100) for start in blocks]
    return np.concatenate([filling(part, expected[part].copy()) for part in rows])


def test_blocks_of_spots_change_nothing(section, monkeypatch: pytest.MonkeyPatch) -> None:
    _, shallow, _ = section
    whole = learned(shallow)
    made = filled_by(predicted(shallow).astype(np.float32), shallow, whole, 0.6)
    monkeypatch.setattr("napari_stimpute.data.counts.ROW_BLOCK", 7 * shallow.shape[1])
    assert learned(shallow).coefficients == pytest.approx(whole.coefficients, rel=1e-6)
    again = filled_by(predicted(shallow).astype(np.float32), shallow, whole, 0.6)
    np.testing.assert_array_equal(made, again)


# ---- filling -----------------------------------------------------------------------------------


def test_filling_keeps_counts_bit_for_bit_and_fills_likely_zeros_alone(section) -> None:
    _, shallow, _ = section
    known, made = learned(shallow), predicted(shallow).astype(np.float32)
    counts = shallow.toarray()
    likely = (known.probability(made, average(shallow)) >= np.float32(0.6)) & (counts == 0)
    filled = filled_by(made.copy(), shallow, known, 0.6)
    assert filled[counts > 0].tobytes() == counts[counts > 0].tobytes()
    np.testing.assert_array_equal(filled[likely], made[likely])
    assert not filled[(counts == 0) & ~likely].any()
    assert 0.02 < likely.mean() < 0.5


def test_a_threshold_of_zero_fills_all_and_of_one_hardly_any(section) -> None:
    _, shallow, _ = section
    known, made = learned(shallow), predicted(shallow).astype(np.float32)
    all_filled = filled_by(made.copy(), shallow, known, 0.0)
    np.testing.assert_array_equal(all_filled[shallow.toarray() == 0], made[shallow.toarray() == 0])
    none = filled_by(made.copy(), shallow, known, 1.0)
    assert (none > 0).sum() <= shallow.nnz * 1.01


# ---- the map of a gene -------------------------------------------------------------------------


def test_classes_and_shares_of_a_gene() -> None:
    found = ZeroMap(np.array([np.nan, 0.9, 0.7, 0.5, 0.3, 0.1], dtype=np.float32))
    assert found.classes(0.7).tolist() == [-1, 0, 0, 2, 1, 1]
    assert found.shares(0.7) == pytest.approx((0.4, 0.4, 0.2))
    assert found.classes(0.5).tolist() == [-1, 0, 0, 0, 1, 1]


def test_a_gene_that_was_counted_everywhere_has_no_shares() -> None:
    assert ZeroMap(np.full(3, np.nan, dtype=np.float32)).shares() == (0, 0, 0)


def written(counts: sp.csr_matrix, known: ZeroCalibration | None) -> AnnData:
    adata = AnnData(counts.copy())
    trust = (
        None
        if known is None
        else TrustRecord(
            baseline="",
            parts=[],
            share_hidden=0.1,
            interval_levels=known.scatter.levels,
            zero_levels=[list(known.coefficients)],
        )
    )
    record = record_of("mine", adata.shape, model="mixture", trust=trust)
    write_results(adata, Results(record, imputed=predicted(counts).astype(np.float32)))
    return adata


@pytest.mark.parametrize("dense", [False, True])
def test_the_map_of_a_gene_is_read_from_what_a_run_wrote(section, dense: bool) -> None:
    _, shallow, _ = section
    known = learned(shallow)
    adata = written(shallow, known)
    if dense:
        adata.X = shallow.toarray()
    found = zero_map(adata, "mine", "7")
    assert found is not None
    counted = shallow[:, [7]].toarray().ravel() > 0
    np.testing.assert_array_equal(np.isnan(found.probability), counted)
    expected = known.probability(predicted(shallow).astype(np.float32), average(shallow))[:, 7]
    np.testing.assert_allclose(found.probability[~counted], expected[~counted], rtol=1e-4)
    assert found.probability.dtype == np.float32
    assert sum(found.shares()) == pytest.approx(1)


def test_there_is_no_map_without_what_it_needs(section) -> None:
    _, shallow, _ = section
    adata = written(shallow, learned(shallow))
    assert zero_map(adata, "other", "7") is None
    assert zero_map(adata, "mine", "ABC") is None
    assert zero_map(written(shallow, None), "mine", "7") is None
