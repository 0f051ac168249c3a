"""Bad input of the models of cells, as a person meets it who trains them in a session.

What may come in                      Test here
------------------------------------  -----------------------------------------------------------
too few cells for the clusters        test_too_few_cells_for_the_clusters
more clusters than cells              test_more_clusters_than_cells
a batch column that is missing        test_a_batch_column_that_is_missing
one batch only                        test_one_batch_only
a batch with one cell                 test_a_batch_with_one_cell
cells without a batch                 test_cells_without_a_batch
constant genes                        test_constant_genes
a cell without counts                 test_a_cell_without_counts
counts above a million                test_counts_above_a_million
not a number while training           test_not_a_number_while_training_...

All of them end in words or in finite results; nothing is lost. Details: models/test_scziva,
test_scamzi, test_scimta.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData

from napari_stimpute import Session, keys
from napari_stimpute.data.records import read_records
from napari_stimpute.errors import StimputeError
from napari_stimpute.models import model_class, model_info, scamzi, scziva
from napari_stimpute.models.base import Model
from napari_stimpute.models.scimta import training as scimta_training
from napari_stimpute.models.training import CountTraining

MODELS = ("scziva", "scamzi", "scimta")
TRAININGS: dict[str, type[CountTraining]] = {
    "scziva": scziva.Training,
    "scamzi": scamzi.Training,
    "scimta": scimta_training.Training,
}


BRIEF = {"epochs": 4, "finetune_epochs": 2, "cluster_epochs": 2, "decoder_epochs": 2}
"""Where it does not matter how much was learned."""


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    """Name of each model of cells in turn."""
    return str(request.param)


def make(n_obs: int = 60, n_vars: int = 40) -> AnnData:
    """Cells of two kinds, in two batches, without coordinates."""
    rng = np.random.default_rng(0)
    kind = np.arange(n_obs) % 2
    rate = np.exp(rng.normal(0.5, 0.7, (2, n_vars)))[kind]
    adata = AnnData(sp.csr_matrix(rng.poisson(rate).astype(np.float32)))
    adata.obs_names = [f"cell {i}" for i in range(n_obs)]
    adata.var_names = [f"gene {j}" for j in range(n_vars)]
    adata.obs["batch"] = ["one" if i % 3 else "two" for i in range(n_obs)]
    return adata


def trained(model: str, adata: AnnData, **settings: object) -> Session:
    """A session in which a tiny model was trained for a while, or said why it cannot be."""
    session, config = Session(), model_info(model).config
    session.open(adata)
    brief = {key: value for key, value in BRIEF.items() if key in config.model_fields}
    checked = config.checked({**config.PRESETS["tiny"], **brief, "n_clusters": 2, **settings})
    session.train(model, checked, judged=model == "scziva").wait(120)  # judging knows no models
    assert not session.is_busy
    return session


def refused(model: str, adata: AnnData, **settings: object) -> str:
    """What is said of a training that cannot be, before it begins or in its thread."""
    try:
        session = trained(model, adata, **settings)
    except StimputeError as error:
        return str(error)
    assert session.contents.runs == ()
    return session.problem


def check_finite(session: Session, model: str) -> AnnData:
    """The results, which are there and finite."""
    assert session.problem == "" and session.adata is not None
    adata = session.adata
    for array in (
        adata.layers[keys.imputed(model)],
        adata.obsm[keys.embedding(model)],
        adata.obsm[keys.cluster_probability(model)],
    ):
        assert np.isfinite(array).all()
    assert adata.obs[keys.cluster(model)].notna().all()
    return adata


# ---- clusters ----------------------------------------------------------------------------------


def test_too_few_cells_for_the_clusters(model: str) -> None:
    text = refused(model, make(7), n_clusters=4)
    assert text == (
        "Expected at least 2 cells for each of 4 clusters, but found 7 cells. Ask for fewer "
        "clusters, or 0 to let the data decide."
    )


def test_more_clusters_than_cells(model: str) -> None:
    text = refused(model, make(), n_clusters=61)
    assert "at most the number of cells (60), but found 61" in text
    assert "Ask for fewer clusters, or 0 to let the data decide." in text


@pytest.mark.parametrize("n_obs", [2, 3, 5])
def test_a_handful_of_cells_is_enough_if_the_data_decide(model: str, n_obs: int) -> None:
    check_finite(trained(model, make(n_obs), n_clusters=0), model)


# ---- batches -----------------------------------------------------------------------------------


def test_a_batch_column_that_is_missing() -> None:
    text = refused("scimta", make(), batch_key="plate")
    assert "a column 'plate' in obs that names the batches, but found columns ['batch']" in text
    assert "Choose one of them, or none if all cells are of one batch." in text


def test_one_batch_only() -> None:
    adata = make()
    adata.obs["batch"] = "one"
    found = check_finite(trained("scimta", adata, batch_key="batch"), "scimta")
    notes = read_records(found)["scimta"].notes
    assert "Only one batch in 'batch': there was nothing to merge." in notes


def test_a_batch_with_one_cell() -> None:
    adata = make()
    adata.obs["batch"] = ["three" if i == 7 else "one" for i in range(60)]
    check_finite(trained("scimta", adata, batch_key="batch"), "scimta")


def test_cells_without_a_batch() -> None:
    adata = make()
    adata.obs["batch"] = [None if i < 3 else b for i, b in enumerate(adata.obs["batch"])]
    text = refused("scimta", adata, batch_key="batch")
    assert "a batch for every cell in obs['batch'], but found none for 3 of 60 cells" in text
    assert "Fill them in" in text


# ---- counts ------------------------------------------------------------------------------------


def test_constant_genes(model: str) -> None:
    adata = make()
    counts = adata.X.toarray()
    counts[:, 3], counts[:, 5] = 4, 0
    adata.X = sp.csr_matrix(counts)
    imputed = check_finite(trained(model, adata), model).layers[keys.imputed(model)]
    np.testing.assert_array_equal(imputed[:, 5], 0)
    assert imputed[:, 3].mean() == pytest.approx(4, rel=0.05)


def test_only_constant_genes(model: str) -> None:
    adata = make()
    adata.X = sp.csr_matrix(np.full(adata.shape, 3, dtype=np.float32))
    imputed = check_finite(trained(model, adata), model).layers[keys.imputed(model)]
    np.testing.assert_allclose(imputed, 3, rtol=0.1)


def test_a_cell_without_counts(model: str) -> None:
    adata = make()
    counts = adata.X.toarray()
    counts[11] = 0
    adata.X = sp.csr_matrix(counts)
    session = trained(model, adata)
    found = check_finite(session, model)
    assert found.n_obs == 60  # kept, not dropped
    np.testing.assert_array_equal(found.layers[keys.imputed(model)][11], 0)
    assert session.card is not None
    assert any(
        "1 spot has no counts" in p or "1 cell has no counts" in p for p in session.card.problems
    )


@pytest.mark.parametrize("mode", ["denoise", "fill"])
def test_counts_above_a_million(model: str, mode: str) -> None:
    adata = make()
    counts = adata.X.toarray()
    counts[4, 9], counts[:, 12] = 3_000_001, 2_000_003
    adata.X = sp.csr_matrix(counts)
    imputed = check_finite(trained(model, adata, mode=mode), model).layers[keys.imputed(model)]
    if mode == "fill":
        assert np.array_equal(imputed[counts > 0], counts[counts > 0])
    assert imputed[:, 12].mean() == pytest.approx(2e6, rel=0.2)


# ---- not a number ------------------------------------------------------------------------------


def spoil(monkeypatch: pytest.MonkeyPatch, model: str, at_step: int) -> None:
    """Let the loss be no number from some step on."""
    training = TRAININGS[model]
    loss, steps = training.loss, [0]  # type: ignore[attr-defined]

    def spoiled(self: CountTraining) -> torch.Tensor:
        steps[0] += 1
        found: torch.Tensor = loss(self)
        return found * float("nan") if steps[0] >= at_step else found

    monkeypatch.setattr(training, "loss", spoiled)


def test_not_a_number_while_training_keeps_the_best_before_and_says_so(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, model, at_step=30)
    adata = check_finite(trained(model, make(), epochs=10), model)
    record = read_records(adata)[model]
    assert not record.completed
    text = next(n for n in record.notes if n.startswith("Training broke off."))
    assert "Expected a finite" in text and "but found nan in epoch 8" in text
    assert "Lower the learning rate. The best parameters before it were kept." in text
    assert len(set(adata.obs[keys.cluster(model)])) == 2


def test_not_a_number_from_the_first_step_is_an_error_in_words(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, model, at_step=1)
    text = refused(model, make())
    assert "Expected a finite" in text and "found nan in epoch 1" in text
    assert "Lower the learning rate." in text


def test_not_a_number_leaves_a_usable_model(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, model, at_step=30)
    adata, broken = make(), model_class(model).preset("tiny", n_clusters=2, epochs=10)
    with pytest.raises(StimputeError, match=r"finite (loss|gradient)"):
        broken.fit(adata, device="cpu")
    assert isinstance(broken, Model) and broken.is_fitted and not broken.completed_
    assert np.isfinite(broken.impute(adata)).all()  # type: ignore[attr-defined]
    assert np.isfinite(broken.embed(adata)).all()  # type: ignore[attr-defined]


def test_the_largest_step_size_ends_in_words_or_numbers(model: str) -> None:
    session = trained(model, make(), learning_rate=1.0)
    if session.contents.runs:
        check_finite(session, model)
    else:
        assert session.problem.startswith("Expected a finite")
