"""SimAM against the numbers of its formula, and against a plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from napari_stimpute.nn.attention import LAMBDA, simam


def weight_of(distance: float) -> float:
    """Weight that a value gets which lies so far from the mean of a cell of variance 1.

    The other values balance it: two of them lie so far apart that mean 0 and variance 1 come out.
    """
    n = 100
    rest = -distance / (n - 1)  # everybody else, so that the mean is 0
    spare = (n - 1) - distance**2 - (n - 1) * rest**2  # of the sum of squares
    x = np.full(n, rest)
    x[0] = distance
    x[1:3] += math.sqrt(spare / 2) * np.array([1, -1])
    assert x.mean() == pytest.approx(0, abs=1e-12) and x.var(ddof=1) == pytest.approx(1)
    x = x + 7  # the mean does not matter to the weight
    return float(simam(torch.tensor(x)[None])[0, 0] / x[0])


@pytest.mark.parametrize(
    ("distance", "weight"), [(0, 0.6225), (1, 0.6792), (2, 0.8176), (3, 0.9399), (5, 0.9988)]
)
def test_weights_at_variance_one(distance: float, weight: float) -> None:
    assert weight_of(distance) == pytest.approx(weight, abs=5e-5)


def test_it_equals_a_loop_over_cells_and_genes(generator: torch.Generator) -> None:
    x = torch.randn(7, 23, generator=generator) * 3 + 1
    expected = np.empty(x.shape)
    for i, cell in enumerate(x.double().numpy()):
        variance = sum((t - cell.mean()) ** 2 for t in cell) / (len(cell) - 1)
        for j, t in enumerate(cell):
            squared = (t - cell.mean()) ** 2
            energy = 4 * (variance + LAMBDA) / (squared + 2 * variance + 2 * LAMBDA)
            expected[i, j] = t / (1 + math.exp(-1 / energy))
    np.testing.assert_allclose(simam(x).numpy(), expected, rtol=1e-5)


def test_a_cell_does_not_depend_on_the_others(generator: torch.Generator) -> None:
    x = torch.randn(5, 9, generator=generator)
    torch.testing.assert_close(simam(x)[2:3], simam(x[2:3]))


@pytest.mark.parametrize("shape", [(3, 1), (2, 6)])
def test_a_constant_cell_is_finite_and_weighed_as_its_mean(shape: tuple[int, int]) -> None:
    x = torch.full(shape, 4.0, requires_grad=True)
    out = simam(x)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    np.testing.assert_allclose(out.detach().numpy(), 4 / (1 + math.exp(-0.5)), rtol=1e-6)
    assert torch.isfinite(gradient).all()
