"""GMM-VGAE: that each fault of the authors' public code is gone, and what its text promises."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData, concat
from sklearn.metrics import adjusted_rand_score

from napari_stimpute.data.graph import spatial_graph
from napari_stimpute.data.propagation import hop_features, prune_edges
from napari_stimpute.errors import Diverged, InvalidSetting, MissingKey, NoDevice
from napari_stimpute.models.gmm_vgae import domains as gmm_vgae_domains
from napari_stimpute.models.gmm_vgae import training as gmm_vgae_training
from napari_stimpute.models.gmm_vgae.model import GMMVGAE
from napari_stimpute.progress import StopEarly, drain

MakeSection = Callable[..., AnnData]

LEARNED = {
    "epochs": 40,
    "mixture_epochs": 10,
    "n_latent": 40,
    "n_domains": 3,
    "smoothing": "own+neighbours",
}
"""Long enough to learn the small section; 40 latent dimensions, as in the public code."""


SHORT = {"epochs": 5, "mixture_epochs": 1}
"""Where it does not matter how much was learned."""


def fit(adata: AnnData, **settings: object) -> GMMVGAE:
    return GMMVGAE.preset("tiny", **(LEARNED | settings)).fit(adata, device="cpu")


@pytest.fixture(scope="module")
def model(make_section: MakeSection) -> GMMVGAE:
    """Fitted to the section; tests only ask it for results."""
    return fit(make_section())


def with_shuffled_genes(adata: AnnData, spots: np.ndarray) -> AnnData:
    """The same data, but for some spots whose counts are dealt to other genes; depths stay."""
    counts, rng = adata.X.toarray(), np.random.default_rng(0)
    counts[spots] = rng.permuted(counts[spots], axis=1)
    changed = adata.copy()
    changed.X = sp.csr_matrix(counts)
    return changed


def changed_rows(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.abs(one - other).max(axis=1) > 1e-4)


# ---- the faults of the public code -------------------------------------------------------------


def test_genes_are_decoded_not_the_adjacency(model: GMMVGAE, section: AnnData) -> None:
    imputed = model.impute(section)
    assert imputed.shape == section.shape
    truth = section.layers["expected"]
    correlation = [np.corrcoef(imputed[:, j], truth[:, j])[0, 1] for j in range(40)]
    assert np.median(correlation[:30]) > 0.9  # genes of the bands
    assert np.median(correlation[30:]) > 0.7  # genes of the scattered program


def test_imputed_values_are_nearer_to_the_truth_than_the_counts_are(
    model: GMMVGAE, section: AnnData
) -> None:
    truth = section.layers["expected"]
    error = np.square(model.impute(section) - truth).mean()
    assert error < 0.5 * np.square(section.X.toarray() - truth).mean()


@pytest.mark.parametrize("stretch", [1, 3])
def test_responsibilities_of_the_prior_are_not_uniform_and_find_the_domains(
    stretch: int, model: GMMVGAE, section: AnnData
) -> None:
    # stretched points have densities near e^-700: adding 0.01 to them makes all members alike
    gamma = _responsibilities(model, stretch * model.embed(section))
    assert gamma.shape == (section.n_obs, 3)
    assert np.median(gamma.max(axis=1)) > 0.95  # uniform would be 0.33
    assert len(np.unique(gamma.argmax(axis=1))) == 3
    assert adjusted_rand_score(section.obs["domain"], gamma.argmax(axis=1)) > 0.9


def test_the_domains_are_those_of_the_tissue(model: GMMVGAE, section: AnnData) -> None:
    assert adjusted_rand_score(section.obs["domain"], model.cluster(section)) > 0.9


class _NoLabels(pd.DataFrame):
    """An obs table whose labels must not be read."""

    @property
    def _constructor(self) -> type[_NoLabels]:
        return _NoLabels

    def __getitem__(self, key: object) -> object:
        if isinstance(key, str) and key in ("domain", "scattered"):
            raise AssertionError(f"the label {key!r} was read")
        return super().__getitem__(key)


def test_no_label_is_read(section: AnnData) -> None:
    found = fit(section, **SHORT).embed(section)
    section.obs = _NoLabels(section.obs)
    with pytest.raises(AssertionError, match="was read"):
        section.obs["domain"]
    again = fit(section, **SHORT)
    np.testing.assert_array_equal(again.embed(section), found)
    again.cluster(section)
    again.impute(section)


def test_a_device_that_is_not_there_is_refused_not_replaced(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(NoDevice, match=r"CUDA device.*none in this machine.*'auto' or 'cpu'"):
        GMMVGAE.preset("tiny").fit(section, device="cuda")


def test_the_network_lies_on_the_device_asked_for(model: GMMVGAE) -> None:
    assert model.device_ == "cpu"
    assert {p.device.type for p in model.network_.parameters()} == {"cpu"}


@pytest.mark.gpu
def test_a_gpu_is_used_when_asked_for_and_agrees_with_the_cpu(
    section: AnnData, model: GMMVGAE
) -> None:
    on_gpu = GMMVGAE.preset("tiny", **LEARNED).fit(section, device="cuda")
    assert {p.device.type for p in on_gpu.network_.parameters()} == {"cuda"}
    assert adjusted_rand_score(on_gpu.cluster(section), model.cluster(section)) > 0.9
    both = [m.impute(section).ravel() for m in (on_gpu, model)]
    assert np.corrcoef(*both)[0, 1] > 0.99


# ---- smoothing over the tissue -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("smoothing", "n_hops"), [("own+neighbours", 1), ("neighbours", 1), ("neighbours", 2)]
)
def test_a_spots_counts_reach_as_far_as_the_hops(
    smoothing: str, n_hops: int, section: AnnData
) -> None:
    fitted = fit(section, smoothing=smoothing, n_hops=n_hops, prune=False, **SHORT)
    spot = np.array([55])
    one, other = (fitted.embed(a) for a in (section, with_shuffled_genes(section, spot)))
    graph = spatial_graph(section.obsm["spatial"]) + sp.eye(section.n_obs)
    within = np.flatnonzero((graph**n_hops)[spot].toarray().ravel())
    np.testing.assert_array_equal(changed_rows(one, other), within)


def test_without_smoothing_a_spot_is_only_itself(section: AnnData) -> None:
    fitted = fit(section, smoothing="none", **SHORT)
    one, other = (fitted.embed(a) for a in (section, with_shuffled_genes(section, [55])))
    np.testing.assert_array_equal(changed_rows(one, other), [55])


DECIDED = {"smoothing": "auto", "hidden_share": 0.3, "mixture_epochs": 0, "epochs": 15}


def test_neighbours_are_used_where_tissue_is_layered_and_spots_are_shallow(
    make_section: MakeSection,
) -> None:
    layered = make_section(depth=40, bands=1.0, scattered=0)
    fitted = fit(layered, **DECIDED)
    assert fitted.smoothing_ != "none"
    assert "decided from the data" in fitted.notes_[0]


def test_neighbours_do_not_replace_a_spots_own_counts_where_places_mean_nothing(
    make_section: MakeSection,
) -> None:
    mixed = make_section(scattered=0)
    mixed.obsm["spatial"] = np.random.default_rng(0).permutation(mixed.obsm["spatial"])
    fitted = fit(mixed, **DECIDED)
    assert fitted.smoothing_ != "neighbours"


def test_pruned_edges_are_those_between_confident_members_of_different_domains(
    model: GMMVGAE, section: AnnData
) -> None:
    assert model.is_pruned_
    counts, graph = sp.csr_matrix(section.X), spatial_graph(section.obsm["spatial"])
    depth = np.asarray(counts.sum(axis=1)).ravel()
    scores = model.transform_.scores(counts, (depth / np.median(depth)).astype(np.float32))
    gamma = _responsibilities(model, _encoded(model, hop_features(scores, graph, 2)))
    labels, gamma = gamma.argmax(axis=1), np.sort(gamma, axis=1)
    confident = (gamma[:, -1] > 0.3) & (gamma[:, -1] - gamma[:, -2] > 0.15)
    pruned = prune_edges(graph, labels, confident)
    a, b = pruned.nonzero()
    assert 0 < pruned.nnz < graph.nnz
    assert not (confident[a] & confident[b] & (labels[a] != labels[b])).any()
    expected = _encoded(model, hop_features(scores, pruned, 2))
    np.testing.assert_allclose(model.embed(section), expected, rtol=1e-4, atol=1e-4)


def _encoded(model: GMMVGAE, features: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model.network_.encoder(torch.from_numpy(features))[0].numpy()


def _responsibilities(model: GMMVGAE, z: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model.network_.prior.log_responsibilities(torch.from_numpy(z)).exp().numpy()


# ---- several sections --------------------------------------------------------------------------


def two_sections(make_section: MakeSection) -> AnnData:
    """Two sections whose coordinates lie on top of one another, as they do in practice."""
    parts = {"A": make_section(seed=0), "B": make_section(seed=1)}
    return concat(parts, label="section", index_unique="-")


@pytest.mark.parametrize(
    ("section_key", "reaches"), [("section", False), ("", False), ("slide", True)]
)
def test_no_edge_joins_two_sections(
    section_key: str, reaches: bool, make_section: MakeSection
) -> None:
    both = two_sections(make_section)
    both.obs["slide"] = "one"
    fitted = fit(both, section_key=section_key, **SHORT)
    other = with_shuffled_genes(both, np.arange(120, 240))
    changed = changed_rows(fitted.embed(both), fitted.embed(other))
    assert (changed < 120).any() == reaches
    assert (changed >= 120).sum() > 100


def test_sections_share_one_embedding(make_section: MakeSection) -> None:
    both = two_sections(make_section)
    assert adjusted_rand_score(both.obs["section"], fit(both).cluster(both)) < 0.2


def test_an_unknown_section_column_is_refused_with_those_there_are(section: AnnData) -> None:
    with pytest.raises(MissingKey, match=r"column 'slide' in obs.*'domain', 'scattered'.*Choose"):
        fit(section, section_key="slide")


# ---- imputed values ----------------------------------------------------------------------------


@pytest.mark.parametrize("likelihood", ["negative binomial", "gaussian"])
def test_gene_totals_are_restored(likelihood: str, section: AnnData) -> None:
    fitted = fit(section, likelihood=likelihood, **SHORT)
    found = fitted.impute(section).sum(axis=0, dtype=np.float64)
    np.testing.assert_allclose(found, np.asarray(section.X.sum(axis=0)).ravel(), rtol=1e-5)


def test_imputed_values_are_at_each_spots_own_depth_also_in_new_data(
    model: GMMVGAE, section: AnnData
) -> None:
    deeper = section.copy()
    deeper.X = section.X * 2
    np.testing.assert_allclose(model.impute(deeper), 2 * model.impute(section), rtol=1e-4)
    depth, found = (np.asarray(m.sum(axis=1)).ravel() for m in (section.X, model.impute(section)))
    assert np.corrcoef(depth, found)[0, 1] > 0.95


def test_filling_keeps_what_was_observed_and_fills_only_likely_zeros(section: AnnData) -> None:
    filling = fit(section, mode="fill", fill_threshold=0.9, epochs=10)
    mean = fit(section, mode="denoise", epochs=10).impute(section)
    counts, filled = section.X.toarray(), filling.impute(section)
    seen = counts > 0
    np.testing.assert_array_equal(filled[seen], counts[seen])
    theta = filling.network_.log_dispersion.detach().exp().numpy()
    hides_a_molecule = 1 - (1 + 4 * mean / (theta + mean)) ** -theta  # at five times the depth
    assert (np.abs(hides_a_molecule - 0.9) > 1e-6).all()
    likely = hides_a_molecule > 0.9
    assert (likely & ~seen).any() and (~likely & ~seen).any()
    np.testing.assert_array_equal(filled[~seen & ~likely], 0)
    np.testing.assert_array_equal(filled[~seen & likely], mean[~seen & likely])


def test_the_gaussian_likelihood_learns_the_tissue_too(section: AnnData) -> None:
    fitted = fit(section, likelihood="gaussian")
    assert (fitted.impute(section) >= 0).all()
    assert adjusted_rand_score(section.obs["domain"], fitted.cluster(section)) > 0.9


# ---- domains -----------------------------------------------------------------------------------


def test_the_number_of_domains_is_found_from_the_data_and_shown(section: AnnData) -> None:
    fitted = fit(section, n_domains=0, epochs=10, mixture_epochs=2)
    fitted.fit(section, device="cpu")  # a second fit decides anew, and says it once
    (sentence,) = [note for note in fitted.notes_ if "BIC" in note]
    chosen = int(re.search(r"domains: (\d+)", sentence)[1])  # type: ignore[index]
    by_bic = int(re.search(r"would choose (\d+)", sentence)[1])  # type: ignore[index]
    shown = sentence[sentence.index("would choose") :]
    tried = {int(k): float(b.replace(",", "")) for k, b in re.findall(r"(\d+): (-?[\d,]+)", shown)}
    assert list(tried) == list(range(2, 16))
    assert tried[by_bic] == min(tried.values())
    assert fitted.cluster_probability(section).shape[1] == chosen


def test_domains_of_drawn_spots_are_given_to_all_and_it_is_noted(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gmm_vgae_domains, "MOST_FITTED", 60)
    fitted = fit(section)
    said = f"Mixtures were fitted to 60 of {section.n_obs} spots, drawn by chance."
    assert fitted.notes_.count(said) == 1
    assert adjusted_rand_score(section.obs["domain"], fitted.cluster(section)) > 0.9


def test_refinement_is_reported_with_the_share_it_changed(section: AnnData) -> None:
    fitted = fit(section, refine=True, n_domains=6, epochs=10, smoothing="none")
    refined = fitted.cluster(section)
    changed = (refined != fitted.cluster_probability(section).argmax(axis=1)).mean()
    assert 0 < changed < 0.5
    assert (
        f"Refinement by the nearest spots changed the domain of {100 * changed:.1f} % of them."
        in (fitted.notes_)
    )


def test_more_domains_than_spots_are_refused_in_words(section: AnnData) -> None:
    few = section[:10].copy()
    words = r"n_domains to be at most the number of spots \(10\), but found 11\. Ask for fewer"
    with pytest.raises(InvalidSetting, match=words) as caught:
        GMMVGAE(n_domains=11).fit(few)
    assert caught.value.field == "n_domains"


# ---- stopping and failing ----------------------------------------------------------------------


def test_a_stop_costs_no_further_step(section: AnnData) -> None:
    model = GMMVGAE.preset("tiny")
    steps = model.fit_steps(section, device="cpu")
    next(p for p in steps if p.step == 7)
    steps.close()
    assert model.history_[-1]["step"] <= 7
    assert not model.completed_


def test_a_stop_while_preparing_leaves_a_model_without_results(section: AnnData) -> None:
    model = GMMVGAE.preset("tiny")
    steps = model.fit_steps(section, device="cpu")
    assert next(steps).phase == "prepare"
    with pytest.raises(StopEarly):
        steps.throw(StopEarly())
    assert not model.is_fitted


def test_a_fit_that_diverges_says_so_and_leaves_the_best_so_far(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([1.0] * 40 + [float("nan")] * 40)
    monkeypatch.setattr(
        gmm_vgae_training, "edge_loss", lambda z, pairs: z.square().mean() * next(losses)
    )
    model = GMMVGAE.preset("tiny", smoothing="none", epochs=20)
    with pytest.raises(Diverged, match=r"finite (loss|gradient) in phase 'pretrain'.*Lower the"):
        drain(model.fit_steps(section, device="cpu"))
    assert not model.completed_
    assert np.isfinite(model.impute(section)).all()
