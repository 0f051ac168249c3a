"""Changes called reliable go the right way in groups that nobody measured."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.trust.edited import EditTrust, LeftOutChanges, judge_changes
from napari_stimpute.trust.verdict import VERDICTS

N_GROUPS, N_GENES, NOISE = 6, 1500, 0.05
RELIABLE, DO_NOT_USE, CANNOT = (
    VERDICTS.index(v) for v in ("reliable", "do not use", "cannot be judged")
)


def make_changes(*, own: float, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """True changes and predictions of n groups: a quarter of the genes respond, partly alike.

    Parameters
    ----------
    own : how large the part of a response is that no other group tells of
    """
    rng = np.random.default_rng(seed)
    shared = np.where(rng.random(N_GENES) < 0.25, rng.normal(0, 0.6, N_GENES), 0.0)
    true = shared + own * rng.normal(0, 1, (n, N_GENES)) * (np.abs(shared) + 0.02)
    predicted = shared + rng.normal(0, 0.03, (n, N_GENES))
    return true, predicted


def left_out(
    true: np.ndarray, predicted: np.ndarray, *, simple: np.ndarray | None = None
) -> LeftOutChanges:
    rng = np.random.default_rng(9)
    measured = true + rng.normal(0, NOISE, true.shape)
    halves = true + rng.normal(0, 2 * NOISE, (2, *true.shape))
    noise = np.full(true.shape, NOISE**2)
    rival = np.zeros_like(true) if simple is None else simple
    rivals = {"no change": np.zeros_like(true), "nearest": rival}
    return LeftOutChanges(predicted, measured, noise, noise / 2, rivals, halves)


def judge_last(true: np.ndarray, predicted: np.ndarray) -> EditTrust:
    """All groups but the last were measured; the last is edited."""
    noise = np.full((1, N_GENES), NOISE**2 / 2)
    return judge_changes(left_out(true[:-1], predicted[:-1]), predicted[-1:], noise)


@pytest.mark.parametrize("own", [0.35, 0.5, 1.0])
def test_reliable_changes_have_the_right_direction(own: float) -> None:
    right: list[bool] = []
    for seed in range(6):
        true, predicted = make_changes(own=own, n=N_GROUPS + 1, seed=seed)
        reliable = judge_last(true, predicted).codes == RELIABLE
        right += (np.sign(true[-1]) == np.sign(predicted[-1]))[reliable].tolist()
    assert not right or np.mean(right) >= 0.95


def test_clear_responses_that_groups_share_are_reliable() -> None:
    true, predicted = make_changes(own=0.2, n=N_GROUPS + 1)
    trust = judge_last(true, predicted)
    strong = np.abs(true[-1]) > 0.5
    assert (trust.codes[strong] == RELIABLE).mean() > 0.8
    assert trust.counts["reliable"] == (trust.codes == RELIABLE).sum()


def test_predictions_that_miss_are_never_reliable() -> None:
    true, predicted = make_changes(own=0.2, n=N_GROUPS + 1)
    shuffled = np.random.default_rng(1).permuted(predicted, axis=1)
    trust = judge_last(true, shuffled)
    assert not (trust.codes == RELIABLE).any()


def test_wrong_directions_are_not_to_be_used() -> None:
    true, predicted = make_changes(own=0.1, n=N_GROUPS + 1)
    trust = judge_last(true, -predicted)
    clear = trust.n_clear > 2
    assert (trust.codes[clear] == DO_NOT_USE).mean() > 0.98


def test_a_gene_without_any_clear_change_cannot_be_judged() -> None:
    true, predicted = make_changes(own=0.0, n=N_GROUPS + 1)
    trust = judge_last(true, predicted)
    assert ((trust.codes == CANNOT) == (trust.n_clear == 0)).all()
    assert (trust.n_clear == 0).any()


def test_the_least_reliable_of_several_groups_counts() -> None:
    true, predicted = make_changes(own=0.2, n=N_GROUPS)
    noise = np.full((2, N_GENES), NOISE**2 / 2)
    both = np.vstack([predicted[0], np.zeros(N_GENES)])
    trust = judge_changes(left_out(true, predicted), both, noise)
    assert not (trust.codes == RELIABLE).any()


def test_where_a_simple_prediction_is_much_better_none_is_reliable() -> None:
    true, predicted = make_changes(own=0.8, n=N_GROUPS)
    noise = np.full((1, N_GENES), NOISE**2 / 2)
    trust = judge_changes(left_out(true, predicted, simple=true), predicted[:1], noise)
    behind = trust.simple - trust.explained > 0.2
    assert behind.any()
    assert not (trust.codes[behind] == RELIABLE).any()


def test_the_sentence_says_what_was_seen() -> None:
    true, predicted = make_changes(own=0.2, n=N_GROUPS + 1)
    trust = judge_last(true, predicted)
    place = int(np.flatnonzero(trust.codes == RELIABLE)[0])
    assert trust.sentence(place).startswith("Reliable: of 6 groups left out in turn, ")
    none = int(np.flatnonzero(trust.codes == CANNOT)[0])
    assert trust.sentence(none).startswith("Cannot be judged: none of 6 groups")
