"""What every registered model promises, whatever it learns: the twelve points of the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData

from napari_stimpute.data.holdout import thin
from napari_stimpute.errors import GenesMismatch, MissingKey, NotCounts, NotFitted, UnsafeFile
from napari_stimpute.models import MODELS, model_class, model_info
from napari_stimpute.models.base import Model
from napari_stimpute.models.protocols import Clusters, Embeds, Imputes
from napari_stimpute.progress import StopEarly

from .conftest import Learned, learn, make_section, results

Make = Callable[..., Model]
Fitted = Callable[[str], Model]
LearnedOf = Callable[[str], Learned]
Stop = Callable[..., None]
Stopped = Callable[[str, Stop], Model]

RANDOM = {"gmm_vgae", "scziva", "scamzi", "scimta", "scdiffusion"}
"""Models whose numbers follow from the seed; the others have nothing random."""

MARGIN = {
    "gmm_vgae": 0.10,
    "scziva": 0.10,
    "scamzi": 0.10,
    "scimta": 0.10,
    "scdiffusion": 0.10,
    "mixture": 0.10,
    "neighbour_mean": 0.05,
    "pca": 0.10,
}
"""Share of the gene mean's deviance on hidden molecules that each claims to explain, at least."""


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for key in one:
        np.testing.assert_array_equal(one[key], other[key], err_msg=key)


# ---- 1, 2: settings and steps ------------------------------------------------------------------


def test_the_default_settings_are_valid_and_survive_json(name: str) -> None:
    config = model_info(name).config()
    again = type(config).checked(json.loads(json.dumps(config.model_dump())))
    assert again == config


def test_settings_typed_in_a_shell_become_the_same_settings(name: str) -> None:
    config = model_info(name).config()
    typed = {key: str(value) for key, value in config.model_dump().items()}
    assert type(config).checked(typed) == config


def test_steps_count_upwards_within_what_was_announced(name: str, learned: LearnedOf) -> None:
    seen = learned(name).steps
    steps = [p.step for p in seen if p.phase != "prepare"]
    assert steps[0] == 1
    assert all(p.step == 0 and p.message for p in seen if p.phase == "prepare")
    assert all(a <= b for a, b in pairwise(steps))  # a long step is reported more than once
    assert steps[-1] <= seen[-len(steps)].n_steps == seen[-1].n_steps
    assert all(p.phase for p in seen)
    assert all(np.isfinite(v) for p in seen for v in p.metrics.values())


@pytest.mark.parametrize("name", sorted(RANDOM))  # the others learn in one step
def test_the_first_step_is_reported_before_the_model_has_learned(
    name: str, stopped: Stopped, learned: LearnedOf, section: AnnData
) -> None:
    then = results(stopped(name, stop_by_closing), section)["embedding"]
    assert not np.array_equal(then, learned(name).found["embedding"])


def test_history_is_kept_with_finite_metrics(name: str, fitted: Fitted) -> None:
    history = fitted(name).history_
    assert history
    assert {"phase", "step"} < set(history[0])
    assert all(np.isfinite(v) for row in history for k, v in row.items() if k != "phase")


# ---- 3, 4, 10: randomness, the input and labels ------------------------------------------------


def test_the_same_seed_gives_the_same_numbers_without_labels_and_whatever_was_drawn_before(
    name: str, brief: Make, learned: LearnedOf, section: AnnData
) -> None:
    first = learned(name)
    torch.rand(1)
    np.random.random()  # noqa: NPY002
    section.obs = section.obs[[]]
    again = learn(brief(name), section)
    assert again.randomness[0] != first.randomness[0]
    assert_same(again.found, first.found)


def test_the_global_random_state_is_not_changed(name: str, learned: LearnedOf) -> None:
    before, after = learned(name).randomness
    assert before == after


def test_the_input_stays_as_it_is_byte_for_byte(name: str, learned: LearnedOf) -> None:
    before, after = learned(name).data
    assert before == after


# ---- 5: what comes out -------------------------------------------------------------------------


def test_results_have_their_shape_and_are_finite(
    name: str, learned: LearnedOf, section: AnnData
) -> None:
    n_obs, n_vars = section.shape
    assert n_obs != n_vars
    found = learned(name).found
    assert set(found) >= set(model_info(name).provides) - {"clusters"}
    assert found["imputed"].shape == (n_obs, n_vars)
    assert (found["imputed"] >= 0).all()
    for key in found.keys() - {"clusters"}:
        assert found[key].dtype == np.float32, key
        assert found[key].shape[0] == n_obs
        assert np.isfinite(found[key]).all(), key
    if "clusters" in found:
        assert found["clusters"].shape == (n_obs,)
        assert found["clusters"].dtype.kind == "i"
        assert found["clusters"].max() < found["probability"].shape[1]
        np.testing.assert_allclose(found["probability"].sum(axis=1), 1, atol=1e-5)


def test_what_a_model_says_it_gives_it_gives(name: str, fitted: Fitted) -> None:
    kinds = {"imputed": Imputes, "embedding": Embeds, "clusters": Clusters}
    given = {what for what, kind in kinds.items() if isinstance(fitted(name), kind)}
    assert given == set(MODELS[name].provides)


def test_chosen_genes_are_the_same_columns_in_the_order_asked_for(
    name: str, learned: LearnedOf, section: AnnData
) -> None:
    genes = ["gene 50", "gene 3", "gene 31"]
    some = learned(name).model.impute(section, genes=genes)  # type: ignore[attr-defined]
    whole = learned(name).found["imputed"]
    np.testing.assert_allclose(some, whole[:, [50, 3, 31]], rtol=1e-5)


# ---- 6: stopping -------------------------------------------------------------------------------


def stop_by_closing(model: Model, adata: AnnData, seed: int = 0) -> None:
    steps = model.fit_steps(adata, seed=seed, device="cpu")
    next(p for p in steps if p.step == 1)
    steps.close()


def stop_by_throwing(model: Model, adata: AnnData, seed: int = 0) -> None:
    steps = model.fit_steps(adata, seed=seed, device="cpu")
    next(p for p in steps if p.step == 1)
    with pytest.raises(StopEarly):
        steps.throw(StopEarly())


@pytest.fixture(scope="module")
def stopped(brief: Make) -> Callable[[str, Stop], Model]:
    """A model of a name, stopped after its first step; shared, so tests only look at it."""

    def made(name: str, stop: Stop) -> Model:
        model = brief(name)
        stop(model, make_section())
        return model

    return cache(made)


@pytest.mark.parametrize("stop", [stop_by_closing, stop_by_throwing])
def test_a_model_stopped_after_its_first_step_is_usable_and_marked_incomplete(
    name: str, stop: Stop, stopped: Stopped, section: AnnData, tmp_path: Path
) -> None:
    model = stopped(name, stop)
    assert not model.completed_
    found = results(model, section)
    assert all(np.isfinite(array).all() for array in found.values())
    again = type(model).load(model.save(tmp_path / "model"), device="cpu")
    assert not again.completed_
    assert_same(results(again, section), found)


@pytest.mark.parametrize("name", sorted(RANDOM))
def test_another_seed_gives_other_numbers(
    name: str, brief: Make, stopped: Stopped, section: AnnData
) -> None:
    one, other = stopped(name, stop_by_closing), brief(name)
    stop_by_closing(other, section, seed=1)
    assert [model.seed_ for model in (one, other)] == [0, 1]
    embeddings = [results(model, section)["embedding"] for model in (one, other)]
    assert not np.array_equal(*embeddings)


@pytest.mark.parametrize("name", sorted(RANDOM))  # the others learn in one step
def test_a_fit_that_breaks_off_leaves_no_mixture_of_two(
    name: str, fitted: Fitted, section: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    model = type(fitted(name)).load(fitted(name).save(tmp_path / "model"), device="cpu")
    assert model.is_fitted
    monkeypatch.setattr(torch.Tensor, "backward", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(section, seed=1, device="cpu")
    assert not model.is_fitted
    with pytest.raises(NotFitted):
        model.save("nowhere")


def test_a_fit_to_the_end_is_complete(name: str, fitted: Fitted) -> None:
    assert fitted(name).completed_


# ---- 7: keeping --------------------------------------------------------------------------------


def test_a_saved_model_gives_the_same_results_and_knows_its_past(
    name: str, learned: LearnedOf, section: AnnData, tmp_path: Path
) -> None:
    model = learned(name).model
    path = model.save(tmp_path / "deep" / "model")
    again = type(model).load(path, device="cpu")
    assert_same(results(again, section), learned(name).found)
    for kept in ("config", "var_names_", "seed_", "device_", "completed_", "notes_", "history_"):
        assert getattr(again, kept) == getattr(model, kept), kept
    assert sorted(p.name for p in path.iterdir()) == ["config.json", "record.json", "weights.pt"]
    assert [p.name for p in path.parent.iterdir()] == ["model"]


class _Trap:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return (exec, ("raise SystemExit('code ran')",))


def test_a_pickle_in_a_saved_model_is_refused_and_never_run(
    name: str, fitted: Fitted, tmp_path: Path
) -> None:
    path = fitted(name).save(tmp_path / "model")
    torch.save({"gene_share": _Trap()}, path / "weights.pt")
    with pytest.raises(UnsafeFile, match=r"pickle that could run code.*Do not open it"):
        type(fitted(name)).load(path)


# ---- 8: refusals in words ----------------------------------------------------------------------


def test_before_fit_nothing_is_given(name: str, brief: Make, section: AnnData) -> None:
    model = brief(name)
    with pytest.raises(NotFitted, match=r"Call fit\(adata\) first"):
        model.impute(section)  # type: ignore[attr-defined]
    with pytest.raises(NotFitted, match="or load a saved model"):
        model.save("nowhere")


def test_without_coordinates_a_model_of_tissue_refuses(
    name: str, brief: Make, section: AnnData
) -> None:
    del section.obsm["spatial"]
    if "spatial" not in MODELS[name].needs:
        brief(name).check(section)
        return
    with pytest.raises(MissingKey, match=r"coordinates in obsm\['spatial'\].*choose another model"):
        brief(name).fit(section)


def test_logged_data_are_refused(name: str, brief: Make, section: AnnData) -> None:
    section.X = section.X.log1p()
    del section.layers["expected"]
    with pytest.raises(NotCounts, match=r"look log-transformed.*Put the raw counts in X"):
        brief(name).fit(section)


# ---- 9: order and names ------------------------------------------------------------------------


def test_shuffled_cells_give_shuffled_results(
    name: str, learned: LearnedOf, section: AnnData
) -> None:
    order = np.random.default_rng(0).permutation(section.n_obs)
    found = learned(name).found
    shuffled = results(learned(name).model, section[order].copy())
    np.testing.assert_array_equal(shuffled.get("clusters"), _rows(found.get("clusters"), order))
    for key in found.keys() - {"clusters"}:
        # sums run in another order, so the last digits differ
        np.testing.assert_allclose(shuffled[key], found[key][order], rtol=1e-3, atol=1e-4)


def _rows(array: np.ndarray | None, order: np.ndarray) -> np.ndarray | None:
    return None if array is None else array[order]


def test_genes_in_another_order_and_beside_others_are_found_by_name(
    name: str, learned: LearnedOf, section: AnnData
) -> None:
    order = np.random.default_rng(0).permutation(section.n_vars)
    other = section[:, order].copy()
    more = AnnData(
        sp.hstack([sp.csr_matrix(np.ones((other.n_obs, 1), np.float32)), other.X], format="csr"),
        obs=other.obs,
        var=pd.DataFrame(index=["another gene", *other.var_names]),
        obsm=dict(other.obsm),
    )
    for adata in (other, more):
        assert_same(results(learned(name).model, adata), learned(name).found)


def test_missing_genes_are_named(name: str, fitted: Fitted, section: AnnData) -> None:
    with pytest.raises(
        GenesMismatch, match=r"60 genes.*without 2 of them.*'gene 7'.*fit the model"
    ):
        fitted(name).impute(section[:, ~section.var_names.isin(["gene 7", "gene 9"])].copy())  # type: ignore[attr-defined]


# ---- 11: zeros and next to nothing -------------------------------------------------------------


def test_a_spot_and_a_gene_without_counts_give_no_nan(
    name: str, brief: Make, section: AnnData
) -> None:
    counts = section.X.toarray()
    counts[5], counts[:, 9] = 0, 0
    section.X = sp.csr_matrix(counts)
    model = brief(name).fit(section, device="cpu")
    found = results(model, section)
    assert all(np.isfinite(array).all() for array in found.values())
    assert found["imputed"].shape == section.shape  # kept, not dropped
    np.testing.assert_array_equal(found["imputed"][:, 9], 0)
    assert all(np.isfinite(v) for row in model.history_ for k, v in row.items() if k != "phase")


def test_two_spots_and_two_genes_are_enough(name: str, brief: Make, section: AnnData) -> None:
    fields = model_info(name).config.model_fields
    settings = {f: n for f, n in (("n_domains", 2), ("n_clusters", 1)) if f in fields}
    few = section[:2, :2].copy()
    found = results(brief(name, **settings).fit(few, device="cpu"), few)
    assert all(np.isfinite(array).all() for array in found.values())


def test_counts_in_a_layer_called_raw_are_the_counts(
    name: str, brief: Make, learned: LearnedOf, section: AnnData
) -> None:
    layered = section.copy()
    layered.layers["raw"] = layered.X
    layered.X = sp.csr_matrix(np.log1p(layered.X.toarray()))
    found = results(brief(name).fit(layered, device="cpu"), layered)
    assert_same(found, learned(name).found)


# ---- 12: the purpose ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(MARGIN))
def test_hidden_molecules_are_predicted_better_than_by_the_gene_mean(
    name: str, tiny: Make, section: AnnData
) -> None:
    section.X, hidden = thin(sp.csr_matrix(section.X), 0.2, 0)
    depth = np.asarray(hidden.sum(axis=1), dtype=np.float64)
    baseline = depth * np.asarray(section.X.sum(axis=0)) / section.X.sum()
    brief = {"diffusion_steps": 20} if name == "scdiffusion" else {}  # which impute nothing
    imputed = tiny(name, **brief).fit(section, device="cpu").impute(section)  # type: ignore[attr-defined]
    predicted = depth * imputed / imputed.sum(axis=1, keepdims=True)
    explained = 1 - deviance(hidden, predicted) / deviance(hidden, baseline)
    assert explained > MARGIN[name]


def deviance(hidden: sp.csr_matrix, mean: np.ndarray) -> float:
    """Poisson deviance of counts from their expected values."""
    x, mu = hidden.toarray(), np.maximum(np.asarray(mean), 1e-9)
    terms = np.where(x > 0, x * np.log(np.maximum(x, 1e-9) / mu), 0) - (x - mu)
    return 2 * float(terms.sum())


def test_every_model_but_the_baseline_itself_claims_a_margin() -> None:
    assert set(MODELS) - set(MARGIN) == {"gene_mean"}


def test_names_titles_and_classes_belong_together(name: str) -> None:
    cls = model_class(name)
    assert cls.name == name
    assert cls.preset("default").title == MODELS[name].title
