"""scZiva: zeros that are filled and zeros that stay, their probability, and the spread."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData

from napari_stimpute.data.holdout import thin
from napari_stimpute.errors import InvalidSetting
from napari_stimpute.models.base import Model
from napari_stimpute.models.scziva import ScZiva

LIKELIHOODS = ("zinb", "nb")
MakeSection = Callable[..., AnnData]


@pytest.fixture(scope="module")
def of(make_section: MakeSection) -> Callable[[str], ScZiva]:
    """A model of a likelihood, fitted to the section; shared, so tests copy before they change."""
    return cache(
        lambda likelihood: ScZiva.preset("tiny", likelihood=likelihood).fit(
            make_section(), seed=0, device="cpu"
        )
    )


@pytest.fixture(params=LIKELIHOODS)
def model(request: pytest.FixtureRequest, of: Callable[[str], ScZiva], tmp_path: Path) -> ScZiva:
    """A fitted model of each likelihood, which a test may change."""
    return ScZiva.load(of(request.param).save(tmp_path / "model"), device="cpu")


def filling(model: ScZiva, threshold: float) -> ScZiva:
    changes = {"mode": "fill", "fill_threshold": threshold}
    model.config = model.config.model_copy(update=changes)
    return model


def counts_in(adata: AnnData) -> np.ndarray:
    return np.asarray(adata.X.toarray())


def not_lost(model: ScZiva, adata: AnnData) -> np.ndarray:
    """Counts to be expected of each gene had it not been lost, by hand."""
    totals = counts_in(adata).sum(axis=1, keepdims=True)
    with torch.no_grad():
        log_mean = model.network_.decode(torch.from_numpy(model.embed(adata)))[0]
    mean = log_mean.exp().numpy() * totals / model.median_depth_ * model.gene_scale_
    return np.asarray(mean)


# ---- filling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_counts_stay_bit_for_bit_and_zeros_above_the_threshold_are_filled(
    model: ScZiva, threshold: float, section: AnnData
) -> None:
    mean, counts = not_lost(model, section), counts_in(section)
    probability = model.dropout_probability(section)
    filled = filling(model, threshold).impute(section)
    assert np.array_equal(filled[counts > 0], counts[counts > 0])
    above = np.nan_to_num(probability) > threshold
    np.testing.assert_allclose(filled[above], mean[above], rtol=1e-4)
    np.testing.assert_array_equal(filled[~above & (counts == 0)], 0)
    np.testing.assert_array_equal(model.fills(section) & (counts == 0), above)


def test_threshold_0_fills_every_zero_and_1_none(model: ScZiva, section: AnnData) -> None:
    counts, mean = counts_in(section), not_lost(model, section)
    assert (counts == 0).any()
    assert np.array_equal(filling(model, 1.0).impute(section), counts)
    every = filling(model, 0.0).impute(section)
    np.testing.assert_allclose(every, np.where(counts > 0, counts, mean), rtol=1e-4)
    model.config = model.config.model_copy(update={"mode": "denoise"})
    lost = model.network_.decoder.dropout_offset is not None
    assert (every[counts == 0] > model.impute(section)[counts == 0]).all() == lost


def test_chosen_genes_are_filled_alike(model: ScZiva, section: AnnData) -> None:
    filling(model, 0.5)
    some = model.impute(section, genes=["gene 40", "gene 2"])
    whole = model.impute(section)[:, [40, 2]]
    np.testing.assert_allclose(some, whole, rtol=1e-5)


# ---- how likely a zero is technical ------------------------------------------------------------


def test_it_is_said_of_zeros_only(model: ScZiva, section: AnnData) -> None:
    probability, counts = model.dropout_probability(section), counts_in(section)
    np.testing.assert_array_equal(np.isnan(probability), counts > 0)
    assert probability.dtype == np.float32
    known = probability[counts == 0]
    assert known.min() >= 0 and known.max() <= 1
    some = model.dropout_probability(section, genes=["gene 9"])
    np.testing.assert_allclose(some[:, 0], probability[:, 9], rtol=1e-5)


def test_zeros_that_hid_a_molecule_are_found(make_section: MakeSection) -> None:
    """Nine tenths of the molecules are hidden; which zeros had some before?"""
    deep = make_section(depth=2000.0)
    kept, hidden = thin(sp.csr_matrix(deep.X), 0.9, 0)
    deep.X = kept
    for likelihood in LIKELIHOODS:
        model = ScZiva.preset("tiny", likelihood=likelihood, epochs=60).fit(deep, device="cpu")
        probability = model.dropout_probability(deep)
        zero = ~np.isnan(probability)
        hid, p = hidden.toarray()[zero] > 0, probability[zero]
        share = (p[hid][:, None] > p[~hid][None, :]).mean()  # area under the ROC curve
        assert share > 0.7


def test_without_zero_inflation_nothing_is_lost_but_for_depth(of: Callable[[str], ScZiva]) -> None:
    z = torch.zeros(1, 8)
    assert of("nb").network_.decode(z)[1] is None
    log_mean, logit = of("zinb").network_.decode(z)
    assert logit is not None and logit.shape == log_mean.shape


# ---- spread ------------------------------------------------------------------------------------


def test_spread_is_never_negative_and_the_same_every_time(model: ScZiva, section: AnnData) -> None:
    spread = model.spread(section)
    assert spread.shape == section.shape and spread.dtype == np.float32
    assert np.isfinite(spread).all() and (spread >= 0).all() and spread.max() > 0
    np.testing.assert_array_equal(model.spread(section), spread)


def test_a_latent_point_without_variance_has_no_spread(model: ScZiva, section: AnnData) -> None:
    with torch.no_grad():
        model.network_.encoder.log_variance.weight.zero_()
        model.network_.encoder.log_variance.bias.fill_(-100)  # clamped to −8: sd of 0.02
    certain = model.spread(section)
    with torch.no_grad():
        model.network_.encoder.log_variance.bias.fill_(0)
    uncertain = model.spread(section)
    assert certain.mean() < 0.1 * uncertain.mean()
    with torch.no_grad():
        model.network_.decoder.loadings.zero_()
        if model.network_.decoder.hidden_loadings is not None:
            model.network_.decoder.hidden_loadings.zero_()
        if model.network_.decoder.dropout_loadings is not None:
            model.network_.decoder.dropout_loadings.zero_()
    assert model.spread(section).max() == pytest.approx(0, abs=1e-4)  # nothing depends on it


def test_spread_is_that_of_latent_points_drawn_by_hand(model: ScZiva, section: AnnData) -> None:
    counts = counts_in(section)
    totals = counts.sum(axis=1, keepdims=True)
    depth = totals / model.median_depth_
    logged = torch.from_numpy(np.log1p(counts / depth).astype(np.float32))
    rng = np.random.default_rng(0)
    with torch.no_grad():
        mean, log_variance = model.network_.encode(logged)
        deviation = np.exp(0.5 * log_variance.numpy())
        noise = rng.normal(0, 1, (400, *mean.shape)).astype(np.float32)
        drawn = [model.network_.level(mean + torch.from_numpy(e * deviation)) for e in noise]
    expected = torch.stack(drawn).numpy().std(axis=0) * depth * model.gene_scale_
    found = model.spread(section, n_samples=400)
    ratio = found / expected  # each has a standard error of about 8 %, more where tails are long
    assert np.median(ratio) == pytest.approx(1, abs=0.03)
    assert (np.abs(ratio - 1) < 0.25).mean() > 0.9


def test_one_draw_has_no_spread(model: ScZiva, section: AnnData) -> None:
    with pytest.raises(InvalidSetting, match="n_samples to be at least 2, but found 1"):
        model.spread(section, n_samples=1)


# ---- imputing ----------------------------------------------------------------------------------


def test_gene_totals_are_restored(model: ScZiva, section: AnnData) -> None:
    imputed, counts = model.impute(section), counts_in(section)
    np.testing.assert_allclose(imputed.sum(axis=0), counts.sum(axis=0), rtol=1e-3)


@pytest.mark.parametrize("ordering", ["data", "none"])
def test_other_orders_of_genes_work(ordering: str, section: AnnData, tmp_path: Path) -> None:
    model = ScZiva.preset("tiny", ordering=ordering).fit(section, device="cpu")
    assert (model.network_.encoder.windows is None) == (ordering == "none")
    np.testing.assert_array_equal(model.network_.order, np.arange(section.n_vars))
    again: Model = ScZiva.load(model.save(tmp_path / "model"), device="cpu")
    assert isinstance(again, ScZiva)
    np.testing.assert_array_equal(again.impute(section), model.impute(section))
    np.testing.assert_array_equal(again.spread(section), model.spread(section))


def test_genes_are_read_in_the_order_of_co_expression(
    of: Callable[[str], ScZiva], section: AnnData
) -> None:
    order = of("zinb").network_.order.numpy()
    assert sorted(order) == list(range(section.n_vars))
    # genes 0–29 mark three bands, ten each: most lie beside one of their own
    program = np.where(order < 30, order // 10, -1)
    beside = program[1:][(program[1:] >= 0)] == program[:-1][(program[1:] >= 0)]
    assert beside.mean() > 0.8
