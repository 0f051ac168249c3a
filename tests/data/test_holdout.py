from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.data.holdout import thin
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
