from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.data.holdout import Molecules, thin
from napari_stimpute.errors import InvalidSetting

COUNTS = sp.random(200, 50, 0.3, format="csr", random_state=0)
COUNTS.data = np.ceil(COUNTS.data * 40).astype(np.float32)


def test_kept_and_hidden_add_up_exactly() -> None:
    kept, hidden = thin(COUNTS, 0.3, seed=1)
    assert ((kept + hidden) != COUNTS).nnz == 0
    assert kept.data.min() >= 1
    assert hidden.data.min() >= 1


def test_the_hidden_share_is_the_one_asked_for() -> None:
    _, hidden = thin(COUNTS, 0.1, seed=1)
    n = COUNTS.sum()
    # four standard errors of a binomial share
    assert abs(hidden.sum() / n - 0.1) < 4 * np.sqrt(0.1 * 0.9 / n)


def test_each_entry_is_binomial() -> None:
    tens = sp.csr_matrix(np.full((2000, 1), 10, dtype=np.float32))
    _, hidden = thin(tens, 0.3, seed=0)
    spread = hidden.toarray().var()
    assert abs(spread - 10 * 0.3 * 0.7) < 0.3  # about four standard errors at 2,000 draws


def test_the_seed_decides() -> None:
    first, again, other = (thin(COUNTS, 0.2, seed)[1] for seed in (3, 3, 4))
    assert (first != again).nnz == 0
    assert (first != other).nnz > 0


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_share_outside_zero_to_one_is_refused(share: float) -> None:
    with pytest.raises(InvalidSetting, match="share to be between 0 and 1"):
        thin(COUNTS, share, seed=0)


# ---- what no choice of genes has seen ----------------------------------------------------------

CELLS, GENES = ([f"{kind}{i}" for i in range(n)] for kind, n in (("cell", 200), ("gene", 50)))


def molecules() -> Molecules:
    return Molecules.of(COUNTS, CELLS, GENES)


def test_half_of_the_molecules_are_unseen_and_half_are_seen() -> None:
    found, n = molecules(), COUNTS.sum()
    assert ((found.seen + found.unseen) != COUNTS).nnz == 0
    # four standard errors of a binomial share
    assert abs(found.unseen.sum() / n - 0.5) < 4 * np.sqrt(0.25 / n)


@pytest.mark.parametrize("n", [1, 10, 64, 150])
def test_each_molecule_has_a_coin_of_its_own(n: int) -> None:
    many = sp.csr_matrix(np.full((100, 200), n, dtype=np.float32))
    cells, genes = ([f"{kind}{i}" for i in range(k)] for kind, k in (("c", 100), ("g", 200)))
    heads = Molecules.of(many, cells, genes).unseen.toarray()
    assert abs(heads.var() / (n / 4) - 1) < 0.06  # six standard errors at 20,000 entries
    for axis in (0, 1):  # whole cells and whole genes are no luckier than chance allows
        means = heads.mean(axis=axis)
        assert abs(means.var() / (n / 4 / heads.shape[axis]) - 1) < 0.6


def test_the_coins_fall_alike_for_some_genes_and_in_another_order() -> None:
    whole = molecules().unseen
    rows, columns = np.arange(200)[::-2], np.array([7, 3, 40])
    part = Molecules.of(
        COUNTS[rows][:, columns].tocsr(), [CELLS[i] for i in rows], [GENES[i] for i in columns]
    )
    assert (part.unseen != whole[rows][:, columns]).nnz == 0


def test_what_is_hidden_was_never_seen_whatever_the_seed() -> None:
    found = molecules()
    for seed in range(5):
        left, hidden = found.hide(0.1, seed)
        assert ((left.counts + hidden) != COUNTS).nnz == 0
        assert ((left.unseen + hidden) != found.unseen).nnz == 0
        again, steering = left.hide(0.1, seed + 1)
        assert ((again.unseen + steering + hidden) != found.unseen).nnz == 0
        assert hidden.sum() / COUNTS.sum() == pytest.approx(0.1, abs=0.01)
        assert steering.sum() / left.counts.sum() == pytest.approx(0.1, abs=0.01)


def test_each_seed_hides_other_molecules() -> None:
    first, again, other = (molecules().hide(0.1, seed)[1] for seed in (3, 3, 4))
    assert (first != again).nnz == 0
    assert (first != other).nnz > 0
