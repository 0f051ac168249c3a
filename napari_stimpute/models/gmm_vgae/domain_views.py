"""Views of the spots in which domains are looked for: the latent space and principal components.

The latent space of a variational model shrinks rare extremes that plain components keep, and the
usual log scale (10,000 counts per spot) weighs genes differently from the model's input. Which of
the views shows the domains of a section best is not known beforehand; hidden molecules decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from ...data.components import Components, principal_components
from ...data.counts import depth_of, log_normalise
from ...data.on_disk import rows_at
from .domains import drawn_spots

LATENT, INPUT, PER_10K = "the latent space", "the encoder's input", "log counts per 10,000"
_N_LATENT, _N_INPUT = 15, 20
_TARGET = 10_000.0


@dataclass(frozen=True)
class Views:
    """Fitted maps from spots to the views; all are linear.

    Attributes
    ----------
    per_10k : components of log(1 + counts per 10,000)
    latent : (n_latent, ≤ 15), from latent means to the leading components of the decoded log means
    """

    per_10k: Components
    latent: np.ndarray

    @classmethod
    def fit(cls, counts: sp.csr_matrix, seed: int) -> Views:
        """Fit what depends on the counts (n_obs, n_genes) alone."""
        parts = principal_components(_log_per_10k(counts), _N_INPUT, seed)
        return cls(parts, np.empty((0, 0), np.float32))

    def with_latent(self, z: np.ndarray, loadings: np.ndarray) -> Views:
        """Add the latent view, of means z (n, n_latent) decoded by loadings (n_latent, n_genes).

        Latent dimensions that the decoder hardly uses are left out: a mixture with a common
        covariance would give their noise the weight of the others.
        """
        covariance = np.atleast_2d(np.cov(z, rowvar=False))
        values, vectors = np.linalg.eigh(loadings @ loadings.T)
        root = vectors * np.sqrt(np.maximum(values, 0.0))  # (n_latent, n_latent), root rootᵀ = W Wᵀ
        directions = np.linalg.eigh(root.T @ covariance @ root)[1][:, ::-1]
        return replace(self, latent=(root @ directions[:, :_N_LATENT]).astype(np.float32))

    def of(self, counts: sp.csr_matrix, scores: np.ndarray, z: np.ndarray) -> dict[str, np.ndarray]:
        """All views of spots with these counts, encoder inputs and latent means, name → (n, d)."""
        return {
            LATENT: z @ self.latent,
            INPUT: scores[:, :_N_INPUT],
            PER_10K: self.per_10k_of(counts),
        }

    def per_10k_of(self, counts: sp.csr_matrix) -> np.ndarray:
        """The view that depends on counts (n_obs, n_genes) alone, (n_obs, ≤ 20)."""
        return self.per_10k.project(_log_per_10k(counts))

    def arrays(self) -> dict[str, np.ndarray]:
        """What to save."""
        parts = self.per_10k
        return {"latent": self.latent, "loadings": parts.loadings, "mean": parts.mean}

    @classmethod
    def of_arrays(cls, arrays: dict[str, np.ndarray]) -> Views:
        """Rebuild from what was saved."""
        parts = Components(np.empty(0), arrays["loadings"], arrays["mean"])
        return cls(parts, arrays["latent"])


class HalvedGenes:
    """Principal components of halves of the genes, which share none of four or more.

    Parameters
    ----------
    counts, size : (n_obs, n_genes) and size factors (n_obs,)
    seed : draws the spots that components are fitted to, where there are many
    """

    def __init__(self, counts: sp.csr_matrix, size: np.ndarray, seed: int) -> None:
        self._logged = (log_normalise(counts, size), _log_per_10k(counts))
        self._rows, self._n_genes = drawn_spots(counts.shape[0], seed), counts.shape[1]

    def views(self, seed: int) -> Iterator[np.ndarray]:
        """Both scales of both halves, (n_obs, d) each, as a seed divides the genes."""
        order = np.random.default_rng(seed).permutation(self._n_genes)
        half = max(2, self._n_genes // 2)
        for genes in (np.sort(order[:half]), np.sort(order[-half:])):
            for logged in self._logged:
                few = sp.csr_matrix(rows_at(logged, self._rows)[:, genes])
                parts = principal_components(few, _N_INPUT, seed)
                yield _spread(parts, genes, self._n_genes).project(logged)


def _spread(parts: Components, genes: np.ndarray, n_genes: int) -> Components:
    """The same components with a loading of 0 for every other gene."""
    loadings = np.zeros((len(parts.loadings), n_genes), np.float32)
    mean = np.zeros(n_genes, np.float32)
    loadings[:, genes], mean[genes] = parts.loadings, parts.mean
    return Components(parts.scores, loadings, mean)


def _log_per_10k(counts: sp.csr_matrix) -> sp.csr_matrix:
    depth = np.maximum(depth_of(counts).astype(np.float32), 1.0)
    return log_normalise(counts, (depth / _TARGET).astype(np.float32))
