"""What is added to data stands apart, leaves what was measured, and is told."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute import ScDiffusion, keys
from napari_stimpute.errors import GenesMismatch, InvalidSetting, UnknownName
from napari_stimpute.models.scdiffusion.enhance import deepen_steps, denoise_steps, raise_steps
from napari_stimpute.progress import drain

from ...generating import cells, trained


@pytest.fixture(scope="module")
def model() -> ScDiffusion:
    return trained()


def test_a_rare_type_is_raised_to_a_number(model: ScDiffusion) -> None:
    data = cells().copy()
    data.layers["other"] = data.X.copy()
    n_real = int((data.obs["cell_type"] == "Type E").sum())
    found = drain(raise_steps(model, data, "cell_type", "Type E", n_real + 30))
    both = found.adata
    is_made = both.obs[keys.SYNTHETIC].to_numpy(bool)
    assert (both.obs["cell_type"] == "Type E").sum() == n_real + 30
    assert is_made.sum() == 30
    assert abs(both[~is_made].X - data.X).nnz == 0
    assert list(both.obs_names[~is_made]) == list(data.obs_names)
    assert set(both.obs["condition"][is_made]) <= {"control", "stimulated"}
    assert json.loads(both.uns[keys.SYNTHETIC])[0]["how"] == "generated"
    assert f"Added 30 generated cells of Type E, to {n_real} that were there" in found.sentences[0]
    assert "layer other" in found.sentences[1]


def test_raising_twice_names_cells_anew(model: ScDiffusion) -> None:
    once = drain(raise_steps(model, cells(), "cell_type", "Type E", 40)).adata
    twice = drain(raise_steps(model, once, "cell_type", "Type E", 50)).adata
    assert twice.obs_names.is_unique
    is_made = twice.obs[keys.SYNTHETIC].to_numpy(bool)
    assert is_made.sum() == once.obs[keys.SYNTHETIC].sum() + 10
    assert len(json.loads(twice.uns[keys.SYNTHETIC])) == 2
    assert len(np.unique(twice.X[is_made].toarray(), axis=0)) == is_made.sum()


def test_only_what_is_missing_is_raised(model: ScDiffusion) -> None:
    with pytest.raises(InvalidSetting, match="that are there"):
        drain(raise_steps(model, cells(), "cell_type", "Type A", 3))
    with pytest.raises(UnknownName, match="was seen in training"):
        drain(raise_steps(model, cells(), "cell_type", "Type Z", 500))
    with pytest.raises(UnknownName, match="condition with labels"):
        drain(raise_steps(model, cells(), "batch", "1", 500))


def test_denoising_writes_expected_counts_beside(model: ScDiffusion) -> None:
    found = drain(denoise_steps(model, cells()))
    layer = found.adata.layers[keys.denoised("scdiffusion")]
    assert abs(found.adata.X - cells().X).nnz == 0
    np.testing.assert_allclose(layer.sum(), cells().X.sum(), rtol=0.1)
    imputed = model.expected(cells())
    assert np.corrcoef(layer.ravel(), imputed.ravel())[0, 1] > 0.95
    assert "Imputed values" in found.sentences[-1]
    with pytest.raises(InvalidSetting, match="above 0 to"):
        drain(denoise_steps(model, cells(), time=0.5))


def test_deeper_counts_hold_the_measured_ones(model: ScDiffusion) -> None:
    found = drain(deepen_steps(model, cells(), 2.0))
    deeper = found.adata.layers[keys.deeper("scdiffusion")]
    assert (deeper - cells().X).min() >= 0
    assert deeper.sum() / cells().X.sum() == pytest.approx(2.0, abs=0.15)
    again = drain(deepen_steps(model, cells(), 2.0)).adata.layers[keys.deeper("scdiffusion")]
    assert abs(deeper - again).nnz == 0
    with pytest.raises(InvalidSetting, match="above 1 to 10"):
        drain(deepen_steps(model, cells(), 1.0))


def test_data_of_other_genes_are_refused(model: ScDiffusion) -> None:
    few = cells()[:, :90].copy()
    with pytest.raises(GenesMismatch, match="data without 10 of them"):
        drain(denoise_steps(model, few))


def test_genes_that_are_not_modelled_are_left_out_and_told(model: ScDiffusion) -> None:
    names = [*cells().var_names, "another"]
    more = AnnData(sp.hstack([cells().X, cells().X[:, :1]], format="csr"), obs=cells().obs.copy())
    more.var_names = names
    found = drain(denoise_steps(model, more))
    assert found.adata.n_vars == cells().n_vars
    assert found.sentences[0] == "1 genes that are not modelled are left out."
