"""Cells are told from real ones where they differ, and not where they do not."""

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.errors import TooSmall
from napari_stimpute.trust.generated import WORDS, Realism, realism

N_GENES = 60
LEVEL = np.exp(np.random.default_rng(9).normal(0, 1, N_GENES))
LABEL = np.random.default_rng(8).normal(0, 0.8, (2, N_GENES))


def cells(
    n: int, seed: int, *, depth: float = 200.0, sharp: float = 1.0
) -> tuple[sp.csr_matrix, np.ndarray]:
    """Counts of two labels; `sharp` exaggerates what is peculiar to them."""
    rng = np.random.default_rng(seed)
    label = rng.integers(2, size=n)
    rate = LEVEL * np.exp(sharp * LABEL[label])
    size = rng.lognormal(0, 0.2, (n, 1)) * depth
    counts = rng.poisson(rate / rate.sum(1, keepdims=True) * size)
    return sp.csr_matrix(counts.astype(np.float32)), np.array(["a", "b"])[label]


@pytest.fixture(scope="module")
def floor() -> Realism:
    (real, names), (other, others), (seen, _) = cells(400, 0), cells(400, 1), cells(400, 2)
    return realism(real, other, seen, (names, others))


def test_real_cells_cannot_be_told_from_real_ones(floor: Realism) -> None:
    assert floor.forest == pytest.approx(0.5, abs=0.08)
    assert abs(floor.mmd) < 0.005
    assert min(floor.mean, floor.variance, floor.zeros, floor.correlation) > 0.9
    assert floor.spread == pytest.approx(0, abs=0.1)
    assert [floor.depth, floor.copying, floor.slope] == pytest.approx([1, 1, 1], abs=0.1)


def test_mean_profiles_without_scatter_are_told_at_once(floor: Realism) -> None:
    real, names = cells(400, 0)
    flat = sp.csr_matrix(np.vstack([real[names == name].mean(axis=0) for name in names]))
    found = realism(real, flat, cells(400, 2)[0], (names, names))
    assert found.forest > 0.9
    assert found.zeros < floor.zeros
    assert found.spread < -1


def test_copies_of_training_cells_are_found(floor: Realism) -> None:
    real, names = cells(400, 0)
    seen, others = cells(400, 2)
    assert realism(real, seen, seen, (names, others)).copying < 0.1


def test_other_depth_and_exaggeration_show(floor: Realism) -> None:
    (real, names), (seen, _) = cells(400, 0), cells(400, 2)
    deeper, others = cells(400, 3, depth=300)
    assert realism(real, deeper, seen, (names, others)).depth == pytest.approx(1.5, abs=0.1)
    sharper, others = cells(400, 3, sharp=1.5)
    found = realism(real, sharper, seen, (names, others))
    assert found.slope > 1.2
    assert found.mmd > floor.mmd + 0.01


def test_without_labels_there_is_no_slope() -> None:
    found = realism(cells(100, 0)[0], cells(100, 1)[0], cells(100, 2)[0])
    assert np.isnan(found.slope)
    assert set(vars(found)) == set(WORDS)


def test_too_few_cells_are_refused() -> None:
    with pytest.raises(TooSmall, match="at least 40"):
        realism(cells(20, 0)[0], cells(100, 1)[0], cells(100, 2)[0])
