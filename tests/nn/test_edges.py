"""The sampled edge loss against the dense loss of a variational graph autoencoder."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from napari_stimpute.nn.edges import (
    Pairs,
    edge_loss,
    pair_keys,
    sample_pairs,
    sample_zeros,
    sampled_regression,
)


def graph(generator: torch.Generator, n_nodes: int, density: float) -> Tensor:
    """Symmetric 0/1 adjacency with an empty diagonal, dense."""
    upper = (torch.rand(n_nodes, n_nodes, generator=generator) < density).float().triu(1)
    return upper + upper.T


def dense_loss(z: Tensor, adjacency: Tensor) -> Tensor:
    """norm · weighted cross-entropy over all pairs i ≠ j, as usually written."""
    others = ~torch.eye(len(z), dtype=torch.bool)
    logits, target = (z @ z.T)[others], adjacency[others]
    n_pairs, n_edges = target.numel(), target.sum()
    weight = (n_pairs - n_edges) / n_edges
    norm = n_pairs / (2 * (n_pairs - n_edges))
    return norm * binary_cross_entropy_with_logits(logits, target, pos_weight=weight)


def test_all_edges_and_non_edges_give_the_dense_loss(generator: torch.Generator) -> None:
    adjacency, z = graph(generator, 30, 0.2), torch.randn(30, 4, generator=generator)
    edges = adjacency.nonzero().T
    non_edges = (adjacency + torch.eye(30) == 0).nonzero().T
    ours = edge_loss(z, Pairs(edges, non_edges, density=0.0))
    torch.testing.assert_close(ours, dense_loss(z, adjacency))


def test_all_edges_and_all_pairs_give_the_dense_loss(generator: torch.Generator) -> None:
    adjacency, z = graph(generator, 30, 0.2), torch.randn(30, 4, generator=generator)
    edges, pairs = adjacency.nonzero().T, (torch.eye(30) == 0).nonzero().T
    ours = edge_loss(z, Pairs(edges, pairs, density=edges.shape[1] / pairs.shape[1]))
    torch.testing.assert_close(ours, dense_loss(z, adjacency))


def test_sampled_loss_and_gradient_converge_to_the_dense(generator: torch.Generator) -> None:
    adjacency = graph(generator, 40, 0.15)
    z = torch.randn(40, 3, generator=generator).requires_grad_()
    rows, columns = adjacency.nonzero(as_tuple=True)
    sampled = edge_loss(z, sample_pairs(rows, columns, 40, 400_000, generator))
    exact = dense_loss(z, adjacency)
    torch.testing.assert_close(sampled, exact, rtol=0.01, atol=0)  # 400,000 draws: error near 0.3 %
    ours, expected = (torch.autograd.grad(loss, [z])[0] for loss in (sampled, exact))
    assert (ours - expected).norm() < 0.03 * expected.norm()


def test_positives_are_edges_and_negatives_any_two_spots(generator: torch.Generator) -> None:
    adjacency = graph(generator, 12, 0.3)
    rows, columns = adjacency.nonzero(as_tuple=True)
    pairs = sample_pairs(rows, columns, 12, 20_000, generator)
    assert pairs.positives.shape == pairs.negatives.shape == (2, 20_000)
    assert (adjacency[pairs.positives[0], pairs.positives[1]] == 1).all()
    seen = torch.bincount(pairs.negatives[0] * 12 + pairs.negatives[1], minlength=144)
    seen = seen.reshape(12, 12)
    assert (seen.diagonal() == 0).all()
    others = seen[~torch.eye(12, dtype=torch.bool)].float()
    assert (others - 20_000 / 132).abs().max() < 5 * (20_000 / 132) ** 0.5  # 5 standard deviations


def test_200_000_spots_need_no_dense_matrix(generator: torch.Generator) -> None:
    """A dense float32 matrix of all pairs would take 160 GB."""
    n_nodes = 200_000
    ring = torch.arange(n_nodes)
    rows, columns = torch.cat([ring, ring.roll(1)]), torch.cat([ring.roll(1), ring])
    z = torch.randn(n_nodes, 8, generator=generator).requires_grad_()
    loss = edge_loss(z, sample_pairs(rows, columns, n_nodes, 20_000, generator))
    (gradient,) = torch.autograd.grad(loss, [z])
    assert gradient.shape == (n_nodes, 8)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("edges", "n_nodes"),
    [([], 1), ([], 2), ([], 5), ([(0, 1), (1, 0)], 2)],
    ids=["one spot", "two spots apart", "no edges", "complete graph"],
)
def test_degenerate_graphs_give_a_finite_loss(
    edges: list[tuple[int, int]], n_nodes: int, generator: torch.Generator
) -> None:
    ends = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    z = torch.randn(n_nodes, 3, generator=generator).requires_grad_()
    loss = edge_loss(z, sample_pairs(ends[0], ends[1], n_nodes, 50, generator))
    (gradient,) = torch.autograd.grad(loss, [z])
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()


def test_same_seed_same_pairs(generator: torch.Generator) -> None:
    rows, columns = graph(generator, 12, 0.3).nonzero(as_tuple=True)
    a, b = (sample_pairs(rows, columns, 12, 50, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(a.positives, b.positives)
    assert torch.equal(a.negatives, b.negatives)


def graded(generator: torch.Generator, n_nodes: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A graded graph, what is predicted for each pair, and which pairs are stored and which not."""
    adjacency = graph(generator, n_nodes, 0.15)
    weights = adjacency * torch.rand(n_nodes, n_nodes, generator=generator)
    predicted = torch.rand(n_nodes, n_nodes, generator=generator)
    return weights, predicted, adjacency.nonzero().T, (adjacency == 0).nonzero().T


def test_all_pairs_give_the_dense_squared_error(generator: torch.Generator) -> None:
    weights, predicted, edges, zeros = graded(generator, 30)
    every = torch.cartesian_prod(torch.arange(30), torch.arange(30)).T
    for pairs in (zeros, every):
        ours = sampled_regression(
            predicted[*edges],
            weights[*edges],
            predicted[*pairs],
            weights[*pairs] == 0,
            n_nodes=30,
            n_edges=edges.shape[1],
        )
        torch.testing.assert_close(ours, (weights - predicted).square().mean())


def test_mean_over_small_samples_is_the_dense_squared_error(generator: torch.Generator) -> None:
    weights, predicted, edges, _ = graded(generator, 30)
    stored = pair_keys(*edges, n_nodes=30)
    found = []
    for _ in range(4_000):
        some = edges[:, torch.randint(edges.shape[1], (5,), generator=generator)]
        pairs, is_zero = sample_zeros(stored, 30, 40, generator)
        found.append(
            sampled_regression(
                predicted[*some],
                weights[*some],
                predicted[*pairs],
                is_zero,
                n_nodes=30,
                n_edges=edges.shape[1],
            )
        )
    estimates, exact = torch.stack(found), (weights - predicted).square().mean()
    error = estimates.std() / len(found) ** 0.5
    assert error < 0.01 * exact
    assert (estimates.mean() - exact).abs() < 4 * error


def test_zeros_are_drawn_evenly_from_pairs_that_are_not_stored(generator: torch.Generator) -> None:
    adjacency = graph(generator, 12, 0.3)
    stored = pair_keys(*adjacency.nonzero(as_tuple=True), n_nodes=12)
    pairs, is_zero = sample_zeros(stored, 12, 20_000, generator)
    one, kept = torch.tensor(1.0), tuple(pairs[:, is_zero])
    seen = torch.zeros(12, 12).index_put_(kept, one, accumulate=True)
    assert (seen[adjacency > 0] == 0).all()
    assert (seen[adjacency == 0] - 20_000 / 144).abs().max() < 5 * (20_000 / 144) ** 0.5


@pytest.mark.parametrize("n_nodes", [1, 4])
def test_graded_graph_without_edges_gives_a_finite_loss(
    n_nodes: int, generator: torch.Generator
) -> None:
    nothing = torch.empty(0)
    pairs, is_zero = sample_zeros(torch.empty(0, dtype=torch.int64), n_nodes, 8, generator)
    assert pairs.shape == (2, 8)
    predicted, size = torch.full((8,), 0.5), {"n_nodes": n_nodes, "n_edges": 0}
    assert sampled_regression(nothing, nothing, predicted, is_zero, **size) == 0.25
    assert sampled_regression(nothing, nothing, nothing, nothing > 0, **size) == 0
