"""The zero-inflation layer: its probability, its randomness, its fading."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_stimpute.nn.zero_inflation import ZeroInflationLayer, keep_logit


def at(progress: float, *, training: bool = True) -> ZeroInflationLayer:
    layer = ZeroInflationLayer().train(training)
    layer.anneal(progress)
    return layer


@pytest.mark.parametrize("h", [1e-4, 1e-3, 0.1, 0.5, 1.0, 2.0, 3.0])
def test_keep_logit_is_that_of_the_probability_to_be_kept(h: float) -> None:
    kept = torch.sigmoid(keep_logit(torch.tensor(h * h))).item()
    assert kept == pytest.approx(-np.expm1(-(h * h)), rel=2e-5)


def test_without_a_share_it_is_the_identity_bit_for_bit(generator: torch.Generator) -> None:
    h = torch.randn(40, 8, generator=generator)
    for training in (True, False):
        assert torch.equal(at(1, training=training)(h, generator), h)


def test_in_use_it_is_deterministic_and_keeps_by_probability(generator: torch.Generator) -> None:
    layer, h = at(0, training=False), torch.randn(40, 8, generator=generator)
    expected = h.double() * (1 - torch.exp(-(h.double() ** 2)))
    torch.testing.assert_close(layer(h, generator), expected.float())
    assert torch.equal(layer(h, generator), layer(h))


def test_in_training_it_drops_at_random_and_most_what_is_small(generator: torch.Generator) -> None:
    layer = at(0)
    small, large = torch.full((20_000,), 0.2), torch.full((20_000,), 2.0)
    assert not torch.equal(layer(small, generator), layer(small, generator))
    kept = [(layer(h, generator) / h).mean().item() for h in (small, large)]
    assert kept[0] < 0.1 and kept[1] > 0.9


def test_without_a_generator_training_draws_nothing(generator: torch.Generator) -> None:
    layer, h = at(0), torch.randn(5, 3, generator=generator)
    assert torch.equal(layer(h), layer(h))


def test_annealing_goes_from_all_at_work_to_none_of_it() -> None:
    begin, end = at(0), at(1)
    assert (begin.temperature.item(), begin.share.item()) == (1.0, 1.0)
    assert (end.temperature.item(), end.share.item()) == (0.5, 0.0)


def test_annealing_falls_all_the_way_and_never_below_its_end() -> None:
    layers = [at(p) for p in np.linspace(-0.5, 2, 26)]
    for falling in ([x.temperature.item() for x in layers], [x.share.item() for x in layers]):
        assert (np.diff(falling) <= 0).all()
    assert min(x.temperature.item() for x in layers) == 0.5
    assert {x.share.item() for x in layers[15:]} == {0.0}


def test_temperature_and_share_are_kept_with_the_weights() -> None:
    again = ZeroInflationLayer()
    again.load_state_dict(at(0.4).state_dict())
    assert again.temperature == at(0.4).temperature and again.share == at(0.4).share


@pytest.mark.parametrize("value", [0.0, 1e-30, -1e-6, 20.0, 1e4])
@pytest.mark.parametrize("training", [True, False])
def test_any_value_and_its_gradient_are_finite(
    value: float, training: bool, generator: torch.Generator
) -> None:
    h = torch.full((3, 4), value, requires_grad=True)
    out = at(0, training=training)(h, generator)
    (gradient,) = torch.autograd.grad(out.sum(), h)
    assert torch.isfinite(out).all() and torch.isfinite(gradient).all()
