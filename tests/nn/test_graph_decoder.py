"""Grades of edges from latent points."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_stimpute.nn.edges import GraphDecoder


@pytest.fixture
def decoder(generator: torch.Generator) -> GraphDecoder:
    """A decoder whose weight is not symmetric by itself."""
    made = GraphDecoder(4, generator)
    with torch.no_grad():
        made.weight.copy_(torch.randn(made.weight.shape, generator=generator))
    return made


def test_grades_are_the_sigmoid_of_a_bilinear_form(
    decoder: GraphDecoder, generator: torch.Generator
) -> None:
    a, b = torch.randn(2, 30, 4, generator=generator)
    with torch.no_grad():
        found = decoder(a, b).numpy()
        maps = decoder.hidden.weight.numpy(), decoder.hidden.bias.numpy()
        h, k = (p.numpy() @ maps[0].T + maps[1] for p in (a, b))
        weight = (decoder.weight + decoder.weight.T).numpy() / 2
    logits = np.einsum("ij,jk,ik->i", h, weight, k) + decoder.bias.item()
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), rtol=1e-4, atol=1e-6)


def test_an_edge_is_the_same_in_both_directions(
    decoder: GraphDecoder, generator: torch.Generator
) -> None:
    a, b = torch.randn(2, 30, 4, generator=generator)
    torch.testing.assert_close(decoder(a, b), decoder(b, a))


def test_it_starts_with_few_edges(generator: torch.Generator) -> None:
    z = torch.zeros(5, 4)
    grades = GraphDecoder(4, generator)(z, z)
    assert grades.tolist() == pytest.approx([1 / (1 + np.exp(3))] * 5)


def test_it_learns_a_graph_that_inner_products_cannot_show(generator: torch.Generator) -> None:
    """Points of opposite sign are joined: a negative weight is needed."""
    made = GraphDecoder(1, generator)
    z = torch.tensor([[1.0], [1.0], [-1.0], [-1.0]])
    rows, columns = (
        p.flatten() for p in torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    )
    wanted = (z[rows] * z[columns] < 0).float().squeeze(1)
    optimiser = torch.optim.Adam(made.parameters(), lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        loss = (made(z[rows], z[columns]) - wanted).square().mean()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.01
