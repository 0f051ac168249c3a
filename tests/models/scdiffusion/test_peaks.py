"""Peaks are known by their names, taken as open or closed, and come out as such."""

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute import ScDiffusion
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run

from ...generating import SMALL

N_CELLS, N_PEAKS = 200, 80
KINDS = ("one", "other")
SETTINGS = SMALL | {"condition": "kind"}


@pytest.fixture(scope="module")
def peaks() -> AnnData:
    """Two kinds of cells; both ends of a fragment are counted."""
    rng = np.random.default_rng(0)
    kind = rng.integers(2, size=N_CELLS)
    odds = np.exp(rng.normal(-1, 0.6, N_PEAKS) + np.outer(kind, rng.normal(0, 1.5, N_PEAKS)))
    is_open = rng.random(odds.shape) < odds / (1 + odds)
    found = AnnData(sp.csr_matrix(2.0 * is_open, dtype=np.float32))
    found.obs["kind"] = np.array(KINDS)[kind]
    found.obs_names = [f"cell {k}" for k in range(N_CELLS)]
    found.var_names = [f"chr1:{1000 * k + 1}-{1000 * k + 500}" for k in range(N_PEAKS)]
    return found


@pytest.fixture(scope="module")
def model(peaks: AnnData) -> ScDiffusion:
    return ScDiffusion(**SETTINGS).fit(peaks)


def test_imputed_values_are_probabilities(peaks: AnnData, model: ScDiffusion) -> None:
    chance = model.impute(peaks)
    assert chance.min() > 0 and chance.max() < 1.2
    is_open = peaks.X.toarray() > 0
    assert chance[is_open].mean() > chance[~is_open].mean() + 0.1
    np.testing.assert_allclose(chance.sum(axis=0), is_open.sum(axis=0), rtol=0.01)
    assert any("open or closed" in note for note in model.notes_)


def test_generated_peaks_are_open_or_closed(peaks: AnnData, model: ScDiffusion) -> None:
    made = model.generate(150, {"kind": "one"}, n_steps=8)
    assert set(made.X.data) == {1.0}
    share, *of_kind = (
        np.asarray((counts > 0).mean(axis=0)).ravel()
        for counts in (made.X, *(peaks.X[(peaks.obs["kind"] == k).to_numpy()] for k in KINDS))
    )
    one, other = (np.corrcoef(share, real)[0, 1] for real in of_kind)
    assert one > 0.75
    assert one > other + 0.2


def test_a_run_judges_by_what_is_open(peaks: AnnData) -> None:
    run = Run(peaks, Request("scdiffusion", ScDiffusion(**SETTINGS).config))
    drain(run.steps())
    assert run.results is not None and run.results.imputed is not None
    assert run.results.record.trust is not None
    n_open = (peaks.X > 0).sum()
    assert run.results.imputed.sum() == pytest.approx(n_open, rel=0.05)


def test_another_distribution_can_be_chosen(peaks: AnnData) -> None:
    model = ScDiffusion(**SETTINGS | {"likelihood": "poisson"}).fit(peaks)
    assert model.impute(peaks).sum() == pytest.approx(peaks.X.sum(), rel=0.01)
