"""The losses of scIMTA: of graphs from sampled pairs, and of clusters from targets held fixed."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData
from torch import Tensor

from napari_stimpute.models.scimta.sides import Side
from napari_stimpute.models.scimta.training import Edges, Training
from napari_stimpute.models.scimta_config import ScIMTAConfig
from napari_stimpute.models.training import Split

CPU = torch.device("cpu")


def graph(n: int = 40) -> sp.csr_matrix:
    upper = sp.triu(sp.random(n, n, 0.15, format="csr", dtype=np.float32, random_state=1), 1)
    return sp.csr_matrix(upper + upper.T)


class Nothing(torch.nn.Module):
    """A decoder that sees no edge anywhere."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return first.new_zeros(len(first))


class Everywhere(torch.nn.Module):
    """A decoder that sees the same grade everywhere."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return first.new_full((len(first),), 0.3)


def mean_loss(edges: Edges, decoder: torch.nn.Module, n: int = 400) -> float:
    generator, z = torch.Generator().manual_seed(0), torch.zeros(edges.n_nodes, 2)
    drawn = [edges.loss(lambda i: z[i], decoder, generator).item() for _ in range(n)]  # type: ignore[arg-type]
    return float(np.mean(drawn))


def test_seeing_no_edge_costs_one() -> None:
    assert mean_loss(Edges(graph(), CPU), Nothing()) == pytest.approx(1, abs=0.01)


def test_sampled_pairs_cost_on_average_what_all_pairs_cost() -> None:
    dense = graph().toarray()
    expected = ((dense - 0.3) ** 2).mean() / (dense**2).mean()
    assert mean_loss(Edges(graph(), CPU), Everywhere()) == pytest.approx(expected, rel=0.01)


def test_a_graph_without_edges_costs_nothing() -> None:
    empty = Edges(sp.csr_matrix((5, 5), dtype=np.float32), CPU)
    assert mean_loss(empty, Everywhere(), 1) == 0


@pytest.fixture
def training(section: AnnData) -> Training:
    rng = np.random.default_rng(0)
    split = Split.of(sp.csr_matrix(section.X), 0.1, 0)
    cells, genes = (
        Side(rng.normal(0, 1, (n, 3, 5)).astype(np.float32), graph(n)) for n in section.shape
    )
    config = ScIMTAConfig(n_latent=4, n_hidden=8, batch_size=32)
    batch = (np.arange(section.n_obs) % 2).astype(np.int64)
    return Training(split, cells, genes, batch, config, seed=0, device="cpu")


def test_what_is_expected_is_of_each_cells_own_batch(training: Training) -> None:
    index = torch.arange(6)
    with torch.no_grad():
        before = training.expected(index)
        training.network.decoder.batch_offset[1] += 1.0
        ratio = training.expected(index) / before
    expected = np.where(np.arange(6) % 2 == 1, np.e, 1.0)
    np.testing.assert_allclose(ratio.numpy(), np.tile(expected[:, None], 60), rtol=1e-4)


def test_every_part_of_the_network_learns_from_the_cluster_loss(training: Training) -> None:
    for side in (training.network.cells, training.network.genes):
        side.centres.centres = torch.nn.Parameter(torch.eye(4)[:2])
    training.network.train()
    training.cluster_loss().backward()
    still = [n for n, p in training.network.named_parameters() if p.grad is None]
    assert not [n for n in still if "centres" in n or "encoder" in n or "graph" in n]
    for side in (training.network.cells, training.network.genes):
        gradient = side.centres.centres.grad
        assert gradient is not None and torch.isfinite(gradient).all() and gradient.abs().sum() > 0


@pytest.mark.parametrize("part", ["graph_weight", "communities"])
def test_a_part_that_is_off_leaves_the_genes_alone(part: str, training: Training) -> None:
    training.config = training.config.model_copy(
        update={part: 0.0 if part == "graph_weight" else False}
    )
    training.network.train()
    training.loss().backward()
    assert all(p.grad is None for p in training.network.genes.parameters())


def test_sizes_of_groups_are_those_of_all_cells(training: Training) -> None:
    training.network.cells.centres.centres = torch.nn.Parameter(torch.eye(4)[:3])
    z = training.latent()
    distance = ((z[:, None] - np.eye(4)[:3]) ** 2).sum(axis=2)
    q = 1 / (1 + distance)
    q /= q.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        training.group_sizes(torch.from_numpy(z), 0).numpy(), q.sum(axis=0), rtol=1e-4
    )
