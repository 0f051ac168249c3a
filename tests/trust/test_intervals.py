"""Intervals hold what they promise, on counts whose scatter is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData
from scipy.stats import kstest, nbinom

from napari_stimpute.data.records import TrustRecord
from napari_stimpute.data.results import Results, write_results
from napari_stimpute.errors import TooSmall
from napari_stimpute.trust.calibration import Calibration, Tally, calibrate
from napari_stimpute.trust.intervals import certainty, coverage, interval

from ..records import record_of

SHAPE = (1_200, 300)
SPREAD = 0.5


@pytest.fixture(scope="module")
def mean() -> np.ndarray:
    """Expected counts from 0.003 to 200, most of them below 1."""
    rng = np.random.default_rng(0)
    genes = rng.lognormal(-0.5, 1.5, SHAPE[1])
    return (genes * rng.lognormal(0, 0.4, SHAPE)).astype(np.float32)


def measured(mean: np.ndarray, share: float, seed: int, spread: float = SPREAD) -> sp.csr_matrix:
    """Counts at a share of the depth; true rates have this mean and variance mean × spread."""
    rng = np.random.default_rng(seed)
    return sp.csr_matrix(rng.poisson(share * rng.gamma(mean / spread, spread)).astype(np.float32))


# ---- learning ----------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_the_spread_is_recovered_at_any_depth_of_the_hidden_molecules(
    mean: np.ndarray, share: float
) -> None:
    """A tenth of the depth, 70,000 molecules, tells φ to about 9 %: 1 ÷ (√70,000 · 0.1 · φ)."""
    known = calibrate(mean, measured(mean, share, 1))
    found = known.spread(np.array([0.3, 1.0, 3.0, 10.0]))
    np.testing.assert_allclose(found, SPREAD, rtol=0.3 if share < 1 else 0.1)


def test_a_spread_that_rises_with_expression_is_followed(mean: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    true = 0.1 + 0.1 * mean
    counts = sp.csr_matrix(rng.poisson(rng.gamma(mean / true, true)))
    known = calibrate(mean, counts)
    expected = np.array([1.0, 4.0, 15.0])
    np.testing.assert_allclose(known.spread(expected), 0.1 + 0.1 * expected, rtol=0.25)


def test_places_of_a_second_measurement_are_uniform(mean: np.ndarray) -> None:
    """Randomised here with random numbers, with scipy's distribution, on the strongest entries."""
    known = calibrate(mean, measured(mean, 0.1, 3))
    again = measured(mean, 1.0, 4).toarray()
    strong = mean > 3
    y, mu = again[strong], mean[strong].astype(float)
    phi = known.spread(mu)
    begin, end = (nbinom.cdf(c, mu / phi, 1 / (1 + phi)) for c in (y - 1, y))
    places = begin + (end - begin) * np.random.default_rng(5).random(len(y))
    assert len(y) > 5_000
    assert kstest(places, "uniform").statistic < 0.02  # chance alone: 0.012 at 12,000


def test_nine_in_ten_counts_lie_in_their_interval_at_every_level(mean: np.ndarray) -> None:
    """Learned on a tenth of the molecules, tested on another tenth and on a second measurement."""
    known = calibrate(mean, measured(mean, 0.1, 6))
    for share in (0.1, 1.0):
        found = coverage(mean, measured(mean, share, 7), known)
        parts = [found.overall, *found.by_gene, *found.by_level]
        np.testing.assert_allclose(parts, 0.9, atol=0.005)  # of 120,000 entries: error 0.0009
        # so few entries hardly tell φ at a tenth of the depth; the prior lets it rise, here wrongly
        assert found.highest == pytest.approx(0.9, abs=0.045)


def test_coverage_tells_intervals_that_are_too_narrow(mean: np.ndarray) -> None:
    narrow = Calibration([[1.0, 0.01, 0.05, 0.95]])
    found = coverage(mean, measured(mean, 1.0, 8, spread=2.0), narrow)
    assert found.by_level[2] < 0.87
    assert found.highest < 0.75


def test_points_correct_what_the_distribution_gets_wrong() -> None:
    """Counts that vary less than any negative binomial: without correction, 97 % are covered."""
    mean = np.full((300, 40), 20.0, dtype=np.float32)
    hidden, again = (
        sp.csr_matrix(np.random.default_rng(seed).binomial(40, 0.5, mean.shape)) for seed in (0, 1)
    )
    known = calibrate(mean, hidden)
    uncorrected = Calibration([[row[0], row[1], 0.05, 0.95] for row in known.levels])
    assert coverage(mean, again, uncorrected).overall > 0.96
    # 12,000 counts (error 0.003), drawn to the uncorrected points by 1,000 of 13,000
    assert coverage(mean, again, known).overall == pytest.approx(0.9, abs=0.02)


def test_coverage_is_what_drawing_places_gives(mean: np.ndarray) -> None:
    """Against scipy and random places, on the same counts."""
    known = calibrate(mean, measured(mean, 0.1, 9))
    again = measured(mean, 1.0, 10)
    y, mu = again.toarray(), mean.astype(float) * again.sum() / mean.sum(dtype=float)
    phi = known.spread(mean) * again.sum() / mean.sum(dtype=float)
    begin, end = (nbinom.cdf(c, mu / phi, 1 / (1 + phi)) for c in (y - 1, y))
    places = begin + (end - begin) * np.random.default_rng(11).random(SHAPE)
    low, high = known.points(mean)
    drawn = ((places >= low) & (places <= high)).mean()
    assert coverage(mean, again, known).overall == pytest.approx(drawn, abs=0.003)


def test_blocks_of_spots_change_nothing(mean: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    class Made:
        """Rows that exist only when asked for."""

        def __getitem__(self, rows: slice) -> np.ndarray:
            return mean[rows]

    hidden = measured(mean, 0.1, 12)
    whole = calibrate(mean, hidden)
    monkeypatch.setattr("napari_stimpute.data.counts.ROW_BLOCK", 7 * SHAPE[1])
    in_blocks = calibrate(Made(), hidden)
    np.testing.assert_allclose(in_blocks.levels, whole.levels, rtol=1e-6)


# ---- little to learn from ----------------------------------------------------------------------


def test_few_molecules_leave_the_usual_scatter(mean: np.ndarray) -> None:
    hidden = measured(mean[:5, :8], 0.2, 13)
    assert 0 < hidden.sum() < 100
    levels = np.array(calibrate(mean[:5, :8], hidden).levels)
    assert ((levels[:, 1] > 0.02) & (levels[:, 1] < 2)).all()
    np.testing.assert_allclose(levels[:, 2:], [[0.05, 0.95]] * len(levels), atol=0.01)


def test_genes_without_molecules_or_expectation_have_finite_intervals(mean: np.ndarray) -> None:
    part = mean[:, :20].copy()
    hidden = measured(part, 0.1, 14).tolil()
    hidden[:, 3] = 0
    part[:, 4], hidden[:, 4] = 0, 0
    known = calibrate(part, hidden.tocsr())
    assert np.isfinite(known.levels).all()
    lower, upper = known.interval(part[:, [3, 4]].ravel())
    assert np.isfinite(upper).all()
    assert (lower <= upper).all()
    assert not upper[1::2].any()  # nothing expected, nothing seen
    found = coverage(part, hidden.tocsr(), known)
    assert np.isfinite([found.overall, *found.by_gene, *found.by_level, found.highest]).all()


def test_one_gene_in_one_level_is_enough() -> None:
    mean = np.full((200, 1), 2.0)
    known = calibrate(mean, measured(mean, 1.0, 15))
    assert len(known.levels) == 1  # all expected counts are the same
    assert coverage(mean, measured(mean, 1.0, 16), known).by_gene == pytest.approx((0.9,), abs=0.05)


def test_levels_cover_where_molecules_are_expected(mean: np.ndarray) -> None:
    tally = Tally.of(mean, measured(mean, 0.1, 17))
    low, *_, high = np.exp(tally.centres())
    values = np.sort(mean.ravel())
    below = np.cumsum(values) / values.sum()
    at = np.interp([low, high], values, below)
    np.testing.assert_allclose(at, [0.01, 0.995], atol=0.005)  # a bin is 6 % wide


def test_an_empty_hold_out_is_refused_in_words(mean: np.ndarray) -> None:
    nothing = sp.csr_matrix(SHAPE)
    with pytest.raises(TooSmall, match="0 hidden"):
        calibrate(mean, nothing)
    with pytest.raises(TooSmall, match="0 expected"):
        calibrate(0 * mean, measured(mean, 0.1, 18))
    with pytest.raises(TooSmall, match="0 hidden"):
        coverage(mean, nothing, Calibration([[1.0, 0.2, 0.05, 0.95]]))


# ---- showing -----------------------------------------------------------------------------------


def test_ends_are_those_counts_at_which_the_distribution_reaches_its_points() -> None:
    """By adding up scipy's probabilities; expected counts are rounded, so a few lie one off."""
    mu = np.random.default_rng(0).lognormal(0, 1.5, 2_000)
    lower, upper = Calibration([[1.0, 0.7, 0.04, 0.97]]).interval(mu)
    sums = np.cumsum(nbinom.pmf(np.arange(2_000)[:, None], mu / 0.7, 1 / 1.7), axis=0)
    for end, point in ((lower, 0.04), (upper, 0.97)):
        exact = (sums < point).sum(axis=0)
        assert np.abs(end - exact).max() <= 1
        assert (end == exact).mean() > 0.99


def test_an_interval_is_interpolated_between_levels() -> None:
    known = Calibration([[1.0, 0.1, 0.04, 0.95], [100.0, 0.4, 0.06, 0.95]])
    expected = np.array([0.01, 1, 10, 100, 1e4])
    np.testing.assert_allclose(known.spread(expected), [0.1, 0.1, 0.2, 0.4, 0.4])
    np.testing.assert_allclose(known.points(expected)[0], [0.04, 0.04, 0.05, 0.06, 0.06])


def test_certainty_is_one_for_a_single_count_and_zero_for_the_whole_reach() -> None:
    lower, upper = np.array([0.0, 0, 4, 0]), np.array([0.0, 1, 16, 16])
    np.testing.assert_allclose(certainty(lower, upper), [1, 0.75, 0.5, 0])


def test_certainty_of_a_gene_that_is_nowhere_expected_is_one() -> None:
    np.testing.assert_array_equal(certainty(np.zeros(3), np.zeros(3)), [1, 1, 1])


LEVELS = [[1.0, 0.3, 0.05, 0.95]]


def written(levels: list[list[float]], *, judged: bool = True) -> AnnData:
    """Six spots, three genes and the run "mine"."""
    imputed = np.arange(18, dtype=np.float32).reshape(6, 3)
    adata = AnnData(sp.csr_matrix(np.round(imputed)))
    trust = TrustRecord(baseline="", parts=[], share_hidden=0.1, interval_levels=levels)
    record = record_of("mine", (6, 3), model="mixture", trust=trust if judged else None)
    write_results(adata, Results(record, imputed=imputed))
    return adata


def test_the_interval_of_a_gene_is_read_from_what_a_run_wrote() -> None:
    adata = written(LEVELS)
    found = interval(adata, "mine", "2")
    assert found is not None
    expected = Calibration(LEVELS).interval(adata.layers["mine_imputed"][:, 2])
    np.testing.assert_array_equal(found, expected)
    assert found[0].dtype == np.float32
    assert (found[0] <= found[1]).all()


@pytest.mark.parametrize(
    ("adata", "key", "gene"),
    [
        (written(LEVELS), "other", "2"),
        (written(LEVELS), "mine", "ABC"),
        (written([]), "mine", "2"),
        (written(LEVELS, judged=False), "mine", "2"),
    ],
    ids=["no run", "no gene", "not calibrated", "not judged"],
)
def test_there_is_no_interval_without_what_it_needs(adata: AnnData, key: str, gene: str) -> None:
    assert interval(adata, key, gene) is None
