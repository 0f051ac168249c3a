"""A model learns new cells without forgetting the old; what does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from anndata import AnnData

from napari_stimpute import ScDiffusion
from napari_stimpute.errors import GenesMismatch, MissingKey, TooSmall
from napari_stimpute.models.scdiffusion.finetune import FineTuned, finetune_steps
from napari_stimpute.progress import drain

from ...generating import cells, trained

NEW = "Type New"


def new_cells(n: int = 120) -> AnnData:
    """Cells of the same genes whose programs are mixed up: a type that nobody saw."""
    found = cells()[:n].copy()
    rng = np.random.default_rng(0)
    found.X = found.X[:, rng.permutation(found.n_vars)]
    found.obs["cell_type"] = NEW
    found.obs_names = [f"new {k}" for k in range(n)]
    return found


@pytest.fixture(scope="module")
def model() -> ScDiffusion:
    return trained()


@pytest.fixture(scope="module")
def tuned(model: ScDiffusion) -> FineTuned[ScDiffusion]:
    return drain(finetune_steps(model, new_cells(), n_steps=300))


def test_new_cells_are_learned_and_told(tuned: FineTuned[ScDiffusion]) -> None:
    assert tuned.after[0] < tuned.before[0]
    assert tuned.after[1] < 1.1 * tuned.before[1]
    text = " ".join(tuned.sentences)
    for words in ("100 of the model's 100 genes", "Frozen: the autoencoder", f"cell_type: {NEW}"):
        assert words in text
    assert "a gain" in text


def test_the_model_that_was_taught_stays_as_it_was(
    model: ScDiffusion, tuned: FineTuned[ScDiffusion]
) -> None:
    assert NEW not in model.table_.labels["cell_type"]
    fresh = trained()
    for name, weights in fresh.denoiser_.state_dict().items():
        assert torch.equal(weights, model.denoiser_.state_dict()[name])
    for name, weights in fresh.network_.state_dict().items():
        assert torch.equal(weights, tuned.model.network_.state_dict()[name])


def test_new_cells_can_be_asked_for_also_from_a_file(
    tuned: FineTuned[ScDiffusion], tmp_path: Path
) -> None:
    asked = {"cell_type": NEW, "condition": "control"}
    made = tuned.model.generate(100, asked, n_steps=8)
    again = ScDiffusion.load(tuned.model.save(tmp_path / "model")).generate(100, asked, n_steps=8)
    assert abs(made.X - again.X).nnz == 0
    new, old = (np.asarray(a.X.mean(axis=0)).ravel() for a in (new_cells(), cells()))
    mean = np.asarray(made.X.mean(axis=0)).ravel()
    assert np.corrcoef(mean, new)[0, 1] > np.corrcoef(mean, old)[0, 1]


def test_few_shared_genes_are_refused_unless_forced(model: ScDiffusion) -> None:
    few = new_cells()[:, :60].copy()
    with pytest.raises(GenesMismatch, match=r"60 of them \(60 %\)"):
        drain(finetune_steps(model, few))
    found = drain(finetune_steps(model, few, force=True, n_steps=20))
    assert "40 are missing" in found.sentences[0]
    assert found.model.var_names_ == model.var_names_
    few.var_names = [f"other {k}" for k in range(few.n_vars)]
    with pytest.raises(GenesMismatch, match="0 of them"):
        drain(finetune_steps(model, few, force=True))


def test_peaks_are_no_genes(model: ScDiffusion) -> None:
    peaks = new_cells()
    peaks.var_names = [f"chr1:{1000 * k + 100}-{1000 * k + 600}" for k in range(peaks.n_vars)]
    with pytest.raises(GenesMismatch, match="Expected genes, which the model was trained on"):
        drain(finetune_steps(model, peaks, force=True))


def test_too_few_cells_and_missing_columns_are_refused(model: ScDiffusion) -> None:
    with pytest.raises(TooSmall, match="at least 40 new cells"):
        drain(finetune_steps(model, new_cells(20)))
    bare = new_cells()
    del bare.obs["condition"]
    with pytest.raises(MissingKey, match="'condition'"):
        model.finetune(bare)
