"""The sparse likelihood of counts and its gradient, beside the dense one.

python tests/benchmarks/bench_losses.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from napari_stimpute.nn.likelihoods import nb_log_prob, nb_negative_log_likelihood

CELLS, GENES, DENSITY = 512, 3000, 0.1


def seconds(call: Callable[[], object]) -> float:
    """Shortest of five calls."""
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return min(times)


def main() -> None:
    """Print the times of both, and their ratio."""
    generator = torch.Generator().manual_seed(0)
    shape = (CELLS, GENES)
    x = torch.randint(1, 9, shape, generator=generator).float()
    x = x * (torch.rand(shape, generator=generator) < DENSITY)
    log_mu = torch.randn(shape, generator=generator).requires_grad_()
    theta = (1 + torch.rand(GENES, generator=generator)).requires_grad_()
    rows, columns = x.nonzero(as_tuple=True)
    values = x[rows, columns]

    def sparse() -> object:
        loss = nb_negative_log_likelihood(rows, columns, values, log_mu, theta).sum()
        return torch.autograd.grad(loss, [log_mu, theta])

    def dense() -> object:
        loss = -nb_log_prob(x, log_mu.exp(), theta).sum()
        return torch.autograd.grad(loss, [log_mu, theta])

    quick, slow = seconds(sparse), seconds(dense)
    print(f"{CELLS} cells × {GENES:,} genes, {100 * DENSITY:.0f} % with counts, with gradient")
    print(f"dense {1000 * slow:.0f} ms, sparse {1000 * quick:.0f} ms: {slow / quick:.1f} × quicker")


if __name__ == "__main__":
    main()
