"""Networks' building blocks: shapes, symmetry, seeds."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from napari_stimpute.nn.layers import HopEncoder, dropout, linear, sample_latent


def encoder(n_hops: int, hidden: tuple[int, ...] = (16,), share: float = 0.0) -> HopEncoder:
    seed = torch.Generator().manual_seed(1)
    return HopEncoder(7, n_hops, hidden=hidden, n_latent=3, dropout=share, generator=seed)


@pytest.mark.parametrize("n_hops", [1, 3])
@pytest.mark.parametrize("hidden", [(16,), (16, 8)])
def test_encoder_gives_mean_and_log_variance(
    n_hops: int, hidden: tuple[int, ...], generator: torch.Generator
) -> None:
    mean, log_variance = encoder(n_hops, hidden)(torch.randn(5, n_hops, 7, generator=generator))
    assert mean.shape == log_variance.shape == (5, 3)


def test_encoder_follows_the_order_of_spots(generator: torch.Generator) -> None:
    model, x = encoder(2).eval(), torch.randn(20, 2, 7, generator=generator)
    order = torch.randperm(20, generator=generator)
    for shuffled, straight in zip(model(x[order]), model(x), strict=True):
        torch.testing.assert_close(shuffled, straight[order])


def test_encoder_sums_one_map_per_hop(generator: torch.Generator) -> None:
    model, x = encoder(3), torch.randn(4, 3, 7, generator=generator)
    first = model.hidden.linears[0]
    assert isinstance(first, torch.nn.Linear)
    by_hop = [x[:, hop] @ first.weight[:, 7 * hop : 7 * hop + 7].T for hop in range(3)]
    torch.testing.assert_close(first(x.flatten(1)), torch.stack(by_hop).sum(0) + first.bias)


def test_encoder_tells_hops_apart(generator: torch.Generator) -> None:
    model, x = encoder(2).eval(), torch.randn(4, 2, 7, generator=generator)
    assert not torch.allclose(model(x)[0], model(x.flip(1))[0])


def test_encoder_clamps_log_variance(generator: torch.Generator) -> None:
    model = encoder(1)
    model.log_variance.bias.data.copy_(torch.tensor([-99.0, 0.0, 99.0]))
    model.log_variance.weight.data.zero_()
    _, log_variance = model(torch.randn(2, 1, 7, generator=generator))
    assert log_variance.tolist() == [[-8.0, 0.0, 4.0]] * 2


def test_encoder_is_deterministic_in_evaluation(generator: torch.Generator) -> None:
    model, x = encoder(2, share=0.5).eval(), torch.randn(4, 2, 7, generator=generator)
    assert torch.equal(model(x, generator)[0], model(x, generator)[0])


def test_encoder_drops_values_in_training_by_its_generator(generator: torch.Generator) -> None:
    model, x = encoder(2, share=0.5), torch.randn(4, 2, 7, generator=generator)
    seeds = (5, 5, 6)
    same, again, other = (model(x, torch.Generator().manual_seed(s))[0] for s in seeds)
    assert torch.equal(same, again)
    assert not torch.equal(same, other)


def test_all_zero_spot_gives_finite_output_and_gradient() -> None:
    model = encoder(2)
    mean, log_variance = model(torch.zeros(3, 2, 7))
    (mean.square().sum() + log_variance.sum()).backward()
    assert torch.isfinite(mean).all()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


def test_same_seed_same_weights() -> None:
    a, b, c = (linear(9, 4, torch.Generator().manual_seed(s)).weight for s in (2, 2, 3))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_dropout_keeps_the_mean_and_drops_the_share(generator: torch.Generator) -> None:
    dropped = dropout(torch.ones(200_000), 0.3, generator)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.3, abs=0.005)
    assert dropped.mean().item() == pytest.approx(1, abs=0.01)
    assert dropped.max().item() == pytest.approx(1 / 0.7)


def test_latent_sample_has_the_mean_and_variance_given(generator: torch.Generator) -> None:
    shape = (200_000, 1)
    z = sample_latent(torch.full(shape, 2.0), torch.full(shape, -1.0), generator)
    assert z.mean().item() == pytest.approx(2, abs=0.01)
    assert z.var().log().item() == pytest.approx(-1, abs=0.02)


def test_latent_sample_passes_gradients(generator: torch.Generator) -> None:
    mean, log_variance = (torch.zeros(3, 2, requires_grad=True) for _ in range(2))
    gradients: tuple[Tensor, ...] = torch.autograd.grad(
        sample_latent(mean, log_variance, generator).sum(), [mean, log_variance]
    )
    assert torch.equal(gradients[0], torch.ones(3, 2))
    assert (gradients[1] != 0).all()
