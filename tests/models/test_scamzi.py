"""scAMZI: what its switches remove, when it draws at random, and its two stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData
from torch import Tensor

from napari_stimpute.models.scamzi import ScAMZI
from napari_stimpute.models.training import Split
from napari_stimpute.nn.attention import simam
from napari_stimpute.nn.optimise import minimise

Fitted = Callable[[str], ScAMZI]


def stepped(adata: AnnData, **settings: object) -> tuple[ScAMZI, dict[str, list[float]]]:
    """A model fitted step by step, and the layer's share at each step of each phase."""
    model = ScAMZI.preset("tiny", **settings)
    shares: dict[str, list[float]] = {}
    for progress in model.fit_steps(adata, seed=0, device="cpu"):
        if progress.phase != "prepare":
            layer = model.network_.zero_inflation
            share = 0.0 if layer is None else layer.share.item()
            shares.setdefault(progress.phase, []).append(share)
    return model, shares


def inputs(n: int, n_genes: int) -> Tensor:
    return torch.rand(n, n_genes, generator=torch.Generator().manual_seed(1)) * 3


def read_by(module: torch.nn.Module, work: Callable[[], object]) -> Tensor:
    """What a part of a network is given while it works."""
    found: list[Tensor] = []
    hook = module.register_forward_pre_hook(lambda _, given: found.append(given[0]))
    with torch.no_grad():
        work()
    hook.remove()
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("attention", [True, False])
def test_attention_is_on_the_standardised_values_or_nowhere(
    attention: bool, section: AnnData
) -> None:
    model = ScAMZI.preset("tiny", attention=attention, epochs=4).fit(section, device="cpu")
    network, x = model.network_, inputs(9, section.n_vars)
    plain = ((x - network.scale[0]) / network.scale[1]).clamp(-10, 10)
    assert not torch.allclose(simam(plain), plain)
    read = read_by(network.encoder, lambda: network.encode(x))
    torch.testing.assert_close(read, simam(plain) if attention else plain)


@pytest.mark.parametrize("zero_inflation", [True, False])
def test_the_layer_is_before_the_decoder_or_nowhere(zero_inflation: bool, section: AnnData) -> None:
    settings = {"zero_inflation": zero_inflation, "epochs": 4}
    network = ScAMZI.preset("tiny", **settings).fit(section, device="cpu").network_
    z = torch.randn(6, 10, generator=torch.Generator().manual_seed(0))

    def logit(seen: torch.Tensor) -> torch.Tensor:
        return network.dropout_offset + seen @ network.dropout_loadings

    with torch.no_grad():
        torch.testing.assert_close(network.decode(z)[1], logit(z))
        assert (network.zero_inflation is None) == (not zero_inflation)
        assert any("zero_inflation" in name for name in network.state_dict()) == zero_inflation
        if network.zero_inflation is not None:  # while it is at work, what is small is lost
            network.zero_inflation.anneal(0)
            kept = z * (1 - torch.exp(-(z.double() ** 2))).float()
            torch.testing.assert_close(network.decode(z)[1], logit(kept))


def test_fine_tuning_teaches_the_deep_decoder_and_leaves_the_embedding(section: AnnData) -> None:
    short, long = (
        ScAMZI.preset("tiny", finetune_epochs=n).fit(section, device="cpu") for n in (0, 6)
    )
    np.testing.assert_array_equal(short.embed(section), long.embed(section))
    assert not short.network_.deep_loadings.any()
    assert long.network_.deep_loadings.any()


def test_while_it_fades_the_layer_changes_what_is_expected(fitted: Fitted) -> None:
    network = fitted("scamzi").network_
    layer, z = (
        network.zero_inflation,
        torch.randn(6, 10, generator=torch.Generator().manual_seed(0)),
    )
    assert layer is not None
    before = layer.share.item()
    with torch.no_grad():
        plain = network.decode(z)[0]
        layer.share.fill_(1.0)
        dropped = network.decode(z)[0]
        layer.share.fill_(before)
    assert not torch.allclose(dropped, plain)


def test_genes_are_standardised_by_the_counts_learned_from(section: AnnData) -> None:
    dense = section.X.toarray()
    dense[:, 7] = 0
    section.X = sp.csr_matrix(dense)
    model = ScAMZI.preset("tiny", epochs=1, finetune_epochs=1).fit(section, seed=3, device="cpu")
    kept = Split.of(section.X, model.config.hidden_share, 3).kept.toarray()
    totals = kept.sum(axis=1, keepdims=True)
    logged = np.log1p(kept / (totals / np.median(totals)))
    centre, unit = model.network_.scale.numpy()
    np.testing.assert_allclose(centre, logged.mean(axis=0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(unit, np.where(dense.any(0), logged.std(axis=0), 1), rtol=1e-3)


# ---- randomness --------------------------------------------------------------------------------


def test_noise_comes_in_training_only(section: AnnData) -> None:
    for noise in (0.0, 1.0):
        settings = {"noise": noise, "zero_inflation": False, "epochs": 2, "finetune_epochs": 1}
        network = ScAMZI.preset("tiny", **settings).fit(section, device="cpu").network_
        x, generator = inputs(9, section.n_vars), torch.Generator().manual_seed(0)
        with torch.no_grad():
            plain = network.eval().encode(x)[0]
            assert torch.equal(network.encode(x, generator)[0], plain)
            assert torch.equal(network.train().encode(x)[0], plain)
            assert torch.equal(network.encode(x, generator)[0], plain) == (noise == 0)


def test_results_are_the_same_every_time(fitted: Fitted, section: AnnData) -> None:
    model = fitted("scamzi")
    np.testing.assert_array_equal(model.embed(section), model.embed(section))
    np.testing.assert_array_equal(model.impute(section), model.impute(section))


# ---- two stages --------------------------------------------------------------------------------


def test_it_pretrains_and_then_fine_tunes_at_half_the_rate(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[tuple[str, float]] = []

    def seen(*given: Any, **named: Any) -> Any:
        rates.append((named["phase"], given[2].learning_rate))
        return minimise(*given, **named)

    monkeypatch.setattr("napari_stimpute.models.scamzi.minimise", seen)
    ScAMZI.preset("tiny", learning_rate=0.004).fit(section, device="cpu")
    assert rates == [("pretrain", 0.004), ("fine-tune", 0.002)]


@pytest.mark.parametrize("epochs", [5, 16])
def test_the_layer_fades_in_pretraining_and_is_gone_in_fine_tuning(
    epochs: int, section: AnnData
) -> None:
    model, shares = stepped(section, epochs=epochs)
    assert shares["pretrain"][0] == 1.0
    assert (np.diff(shares["pretrain"]) <= 0).all()
    assert set(shares["fine-tune"]) == {0.0}
    assert model.network_.zero_inflation is not None
    assert model.network_.zero_inflation.share.item() == 0


def test_pretraining_that_stops_early_leaves_nothing_of_the_layer(section: AnnData) -> None:
    # 501: the layer would be gone at step 1,202, in the middle of an epoch of four
    _, shares = stepped(section, epochs=501, learning_rate=0.05)
    assert len(shares["pretrain"]) < 1200 and shares["pretrain"][-1] > 0  # it did stop early
    assert set(shares["fine-tune"]) == {0.0}


def test_without_fine_tuning_there_is_one_stage(section: AnnData) -> None:
    model, shares = stepped(section, finetune_epochs=0)
    assert list(shares) == ["pretrain"] and model.completed_


# ---- what it gives -----------------------------------------------------------------------------


def test_the_bands_of_the_section_are_found(section: AnnData) -> None:
    from sklearn.metrics import adjusted_rand_score

    model = ScAMZI.preset("tiny", epochs=60, finetune_epochs=20).fit(section, device="cpu")
    found = model.cluster(section)
    assert len(set(found)) == 3
    assert adjusted_rand_score(section.obs["domain"], found) > 0.6


def test_the_number_of_clusters_is_estimated_if_none_is_given(section: AnnData) -> None:
    model = ScAMZI.preset("tiny", n_clusters=0).fit(section, device="cpu")
    text = " ".join(model.notes_)
    assert "by how often 30 clusterings put cells together" in text
    assert model.clusters_.n_clusters == len(set(model.cluster(section)))
