"""Memberships and their sharpened target, against the formulas written out and scipy."""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import entropy, t
from torch import Tensor

from napari_stimpute.nn.dec import ClusterCentres, kl, target


def heads(generator: torch.Generator) -> tuple[ClusterCentres, Tensor]:
    module = ClusterCentres(4, 3)
    module.start(torch.randn(4, 3, generator=generator))
    return module, 2 * torch.randn(50, 3, generator=generator)


def test_memberships_follow_students_t(generator: torch.Generator) -> None:
    module, z = heads(generator)
    q = module.soft_assignment(z).detach()
    distance = np.linalg.norm(z.numpy()[:, None] - module.centres.detach().numpy(), axis=2)
    density = t.pdf(distance, df=1)
    np.testing.assert_allclose(q, density / density.sum(axis=1, keepdims=True), rtol=1e-5)
    torch.testing.assert_close(q.sum(dim=1), torch.ones(50))


def test_target_equals_the_formula_and_its_rows_sum_to_one(generator: torch.Generator) -> None:
    module, z = heads(generator)
    q = module.soft_assignment(z)
    p = target(q, q.sum(dim=0))
    weight = q.detach().numpy() ** 2 / q.detach().numpy().sum(axis=0)
    np.testing.assert_allclose(p, weight / weight.sum(axis=1, keepdims=True), rtol=1e-5)
    torch.testing.assert_close(p.sum(dim=1), torch.ones(50))
    assert not p.requires_grad


def test_target_is_sharper_where_clusters_are_of_one_size(generator: torch.Generator) -> None:
    q = torch.softmax(torch.randn(200, 4, generator=generator), dim=1)
    p = target(q, torch.ones(4))
    assert (entropy(p.numpy(), axis=1) < entropy(q.numpy(), axis=1)).all()
    assert torch.equal(p.argmax(dim=1), q.argmax(dim=1))


def test_target_gives_a_small_cluster_more_weight() -> None:
    q = torch.tensor([[0.5, 0.5]])
    torch.testing.assert_close(target(q, torch.tensor([30.0, 10.0])), torch.tensor([[0.25, 0.75]]))


def test_blocks_with_given_sums_give_the_target_of_the_whole(generator: torch.Generator) -> None:
    q = torch.softmax(torch.randn(30, 4, generator=generator), dim=1)
    sums = q[:13].sum(dim=0) + q[13:].sum(dim=0)
    parts = torch.cat([target(q[:13], sums), target(q[13:], sums)])
    torch.testing.assert_close(parts, target(q, q.sum(dim=0)))


def test_divergence_equals_scipy(generator: torch.Generator) -> None:
    p, q = (torch.softmax(torch.randn(40, 5, generator=generator), dim=1) for _ in range(2))
    np.testing.assert_allclose(kl(p, q), entropy(p.numpy(), q.numpy(), axis=1), rtol=1e-4)
    torch.testing.assert_close(kl(p, p), torch.zeros(40), atol=1e-6, rtol=0)


def test_divergence_is_finite_where_a_membership_is_zero() -> None:
    p = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    q = torch.tensor([[1.0, 0.0], [1.0, 0.0]], requires_grad=True)
    loss = kl(p, q)
    loss.sum().backward()
    assert loss[0] == 0
    assert torch.isfinite(loss).all()
    assert q.grad is not None
    assert torch.isfinite(q.grad).all()


def test_gradient_reaches_centres_and_points(generator: torch.Generator) -> None:
    module, z = heads(generator)
    z.requires_grad_()
    q = module.soft_assignment(z)
    kl(target(q, q.sum(dim=0)), q).mean().backward()
    assert module.centres.grad is not None
    assert z.grad is not None
    assert (module.centres.grad.norm(dim=1) > 0).all()
    assert z.grad.norm() > 0


def test_training_draws_points_and_centres_together(generator: torch.Generator) -> None:
    module, z = heads(generator)
    optimiser = torch.optim.Adam([z.requires_grad_(), *module.parameters()], lr=0.05)
    q = module.soft_assignment(z)
    p, before = target(q, q.sum(dim=0)), q.max(dim=1).values.mean()
    for _ in range(100):
        optimiser.zero_grad()
        kl(p, module.soft_assignment(z)).mean().backward()
        optimiser.step()
    assert module.soft_assignment(z).max(dim=1).values.mean() > before + 0.05


def test_a_cluster_that_nobody_belongs_to_stays_finite(generator: torch.Generator) -> None:
    module, z = heads(generator)
    with torch.no_grad():
        module.centres[2] = 1e12
    q = module.soft_assignment(z)
    p = target(q, q.sum(dim=0))
    loss = kl(p, q).mean()
    loss.backward()
    assert torch.isfinite(p).all()
    assert torch.isfinite(loss)
    assert module.centres.grad is not None
    assert torch.isfinite(module.centres.grad).all()


def test_a_cluster_of_nothing_at_all_stays_finite() -> None:
    q = torch.tensor([[0.7, 0.3, 0.0], [0.2, 0.8, 0.0]])
    p = target(q, q.sum(dim=0))
    assert torch.isfinite(p).all()
    assert (p[:, 2] < 1e-6).all()
