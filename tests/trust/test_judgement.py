"""Hidden molecules: what steers does not judge, and what judges does nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.data.holdout import HIDDEN_SHARE, Molecules
from napari_stimpute.errors import TooSmall
from napari_stimpute.models.simple.mixture import tissue_graph
from napari_stimpute.trust.judgement import Hidden, Judgement
from napari_stimpute.trust.judgement import hide as hide_molecules

from ..simulated import simulate_section


@pytest.fixture(scope="module")
def counts() -> sp.csr_matrix:
    return simulate_section(n_rows=18, n_genes=100, n_domains=3).X.astype(np.float32)


@pytest.fixture(scope="module")
def graph() -> sp.csr_matrix | None:
    return tissue_graph(simulate_section(n_rows=18, n_genes=100, n_domains=3))


def hide(counts: sp.csr_matrix, seed: int, *, judged: bool) -> Hidden:
    n_obs, n_vars = counts.shape
    molecules = Molecules.of(counts, map(str, range(n_obs)), map(str, range(n_vars)))
    return hide_molecules(molecules, seed, judged=judged)


def judged(
    counts: sp.csr_matrix, graph: sp.csr_matrix | None, prediction: np.ndarray, *, blends: bool
) -> Judgement:
    judgement = Judgement(hide(counts, 0, judged=True), graph, "Mine", 0, blends=blends)
    hidden = judgement.hidden
    judgement.weigh(prediction.copy(), judgement.parts(hidden.kept))
    judgement.judge(prediction.copy(), judgement.parts(hidden.rest))
    return judgement


def test_the_three_parts_make_up_all_counts(counts: sp.csr_matrix) -> None:
    hidden = hide(counts, 0, judged=True)
    assert hidden.judging is not None
    together = hidden.kept + hidden.steering + hidden.judging
    np.testing.assert_array_equal(together.toarray(), counts.toarray())
    np.testing.assert_array_equal((hidden.kept + hidden.steering).toarray(), hidden.rest.toarray())
    share = hidden.judging.sum() / counts.sum()
    assert share == pytest.approx(HIDDEN_SHARE, abs=0.01)
    assert hidden.steering.sum() / hidden.rest.sum() == pytest.approx(HIDDEN_SHARE, abs=0.01)


def test_nothing_is_hidden_for_a_judgement_that_is_not_wanted(counts: sp.csr_matrix) -> None:
    hidden = hide(counts, 0, judged=False)
    assert hidden.judging is None
    assert (hidden.rest != counts).nnz == 0


def test_the_judging_molecules_change_neither_weights_nor_intervals(
    counts: sp.csr_matrix, graph: sp.csr_matrix
) -> None:
    """With other judging molecules, everything but the verdict stays as it was."""
    prediction = np.asarray(counts.mean(axis=0)) * np.ones((counts.shape[0], 1), dtype=np.float32)
    first, second = (
        Judgement(hide(counts, 0, judged=True), graph, "Mine", 0, blends=True) for _ in range(2)
    )
    other = first.hidden.judging.copy()  # type: ignore[union-attr]
    other.data = other.data[::-1].copy()
    object.__setattr__(second.hidden, "judging", other)
    for judgement in (first, second):
        hidden = judgement.hidden
        judgement.weigh(prediction.astype(np.float32), judgement.parts(hidden.kept))
        judgement.judge(prediction.astype(np.float32), judgement.parts(hidden.rest))
    np.testing.assert_array_equal(first.blend.weights, second.blend.weights)  # type: ignore[union-attr]
    assert first.calibration == second.calibration
    assert first.baseline == second.baseline
    assert not np.array_equal(first.trust.gain, second.trust.gain)  # type: ignore[union-attr]


def test_the_record_says_what_the_model_adds(
    counts: sp.csr_matrix, graph: sp.csr_matrix | None
) -> None:
    nonsense = np.random.default_rng(0).gamma(1.0, size=counts.shape).astype(np.float32)
    record = judged(counts, graph, nonsense, blends=True).record()
    assert record.parts[0] == "Mine"
    assert record.gain is not None
    assert record.gain_model_alone is not None
    assert record.gain_without_model is not None
    assert record.gain_model_alone < 0 < record.gain_without_model
    assert record.gain == pytest.approx(record.gain_without_model, abs=0.01)
    assert sum(record.verdicts.values()) == counts.shape[1]


def test_without_blending_the_prediction_stays_and_is_judged_alone(
    counts: sp.csr_matrix, graph: sp.csr_matrix | None
) -> None:
    nonsense = np.random.default_rng(0).gamma(1.0, size=counts.shape).astype(np.float32)
    judgement = judged(counts, graph, nonsense, blends=False)
    halves = np.array_split(nonsense, 2)
    finished = [block for _, block in judgement.finish(halves, counts)]
    np.testing.assert_array_equal(np.concatenate(finished), nonsense)
    assert judgement.record().parts == []
    assert judgement.record().verdicts["reliable"] <= 0.02 * counts.shape[1]


def test_too_few_molecules_are_refused_in_words() -> None:
    few = sp.csr_matrix(np.eye(6, dtype=np.float32))
    with pytest.raises(TooSmall, match="molecules to hide"):
        hide(few, 0, judged=True)
